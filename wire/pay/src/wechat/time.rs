//! Times on the wire: RFC 3339, written with `+08:00`.

use crate::{
    Error,
    time::{format_time, parse_time},
};

/// Writes a unix time in seconds as RFC 3339 in UTC+8: `2026-01-01T00:00:00+08:00`.
#[must_use]
pub fn format_rfc3339(unix_s: i64) -> String {
    format!("{}+08:00", format_time(unix_s).replace(' ', "T"))
}

/// Reads RFC 3339 (section 5.6) with any offset as unix seconds. A fraction of one to three digits is dropped.
///
/// # Errors
/// [`Error::Time`] for any other form and for dates and times that do not exist.
pub fn parse_rfc3339(text: &str) -> Result<i64, Error> {
    let (local, offset_s) = match text.strip_suffix('Z') {
        Some(local) => (local, 0),
        None => {
            let at = text.len().checked_sub(6).ok_or(Error::Time)?;
            let (local, offset) = text.split_at_checked(at).ok_or(Error::Time)?;
            (local, parse_offset(offset)?)
        }
    };
    let (date, time) = local.split_once('T').ok_or(Error::Time)?;
    // That reader takes the time for UTC+8.
    Ok(parse_time(&format!("{date} {time}"))? + 8 * 3600 - offset_s)
}

/// `+hh:mm` or `-hh:mm` in seconds.
fn parse_offset(text: &str) -> Result<i64, Error> {
    let (sign, digits) = match text.split_at_checked(1) {
        Some(("+", digits)) => (1, digits),
        Some(("-", digits)) => (-1, digits),
        _ => return Err(Error::Time),
    };
    let (hours, minutes) = digits.split_once(':').ok_or(Error::Time)?;
    let number = |text: &str, below: i64| -> Result<i64, Error> {
        if text.len() != 2 || !text.bytes().all(|b| b.is_ascii_digit()) {
            return Err(Error::Time);
        }
        text.parse().ok().filter(|n| *n < below).ok_or(Error::Time)
    };
    Ok(sign * (number(hours, 24)? * 3600 + number(minutes, 60)? * 60))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn writes_beijing_time_that_reads_back() {
        for (unix_s, text) in [
            (0, "1970-01-01T08:00:00+08:00"),
            (1_528_425_296, "2018-06-08T10:34:56+08:00"),
            (1_767_196_800, "2026-01-01T00:00:00+08:00"),
        ] {
            assert_eq!(format_rfc3339(unix_s), text);
            assert_eq!(parse_rfc3339(text), Ok(unix_s), "{text}");
        }
    }

    #[test]
    fn reads_every_offset() {
        for text in [
            "2018-06-08T02:34:56Z",
            "2018-06-08T02:34:56+00:00",
            "2018-06-08T02:34:56-00:00",
            "2018-06-07T20:34:56-06:00",
            "2018-06-08T08:04:56+05:30",
            "2018-06-08T10:34:56.789+08:00",
        ] {
            assert_eq!(parse_rfc3339(text), Ok(1_528_425_296), "{text}");
        }
    }

    #[test]
    fn refuses_what_is_no_time() {
        for text in [
            "",
            "Z",
            "+08:00",
            "2018-06-08 10:34:56+08:00",
            "2018-06-08T10:34:56",
            "2018-06-08T10:34:56+0800",
            "2018-06-08T10:34:56+8:00",
            "2018-06-08T10:34:56+08:00 ",
            "2018-06-08T10:34:56+24:00",
            "2018-06-08T10:34:56+08:60",
            "2018-06-08T10:34:56 08:00",
            "2018-06-08T10:34:56++8:00",
            "2018-06-08T25:34:56+08:00",
            "2018-02-30T10:34:56+08:00",
            "2018-06-08T10:34:56.+08:00",
            "2018-06-08T10:34+08:00",
            "2018-06-08T10:34:56流00",
        ] {
            assert_eq!(parse_rfc3339(text), Err(Error::Time), "{text:?}");
        }
    }
}
