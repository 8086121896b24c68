//! Times on the wire: `yyyy-MM-dd HH:mm:ss` in UTC+8, without a zone.

use crate::Error;

const OFFSET_S: i64 = 8 * 3600;
const DAY_S: i64 = 86_400;

/// Writes a unix time in seconds as `yyyy-MM-dd HH:mm:ss` in UTC+8, the form of `timestamp` and `time_expire`.
#[must_use]
pub fn format_time(unix_s: i64) -> String {
    let local_s = unix_s.saturating_add(OFFSET_S);
    let (year, month, day) = civil_from_days(local_s.div_euclid(DAY_S));
    let s = local_s.rem_euclid(DAY_S);
    format!("{year:04}-{month:02}-{day:02} {:02}:{:02}:{:02}", s / 3600, s / 60 % 60, s % 60)
}

/// Writes the day of a unix time in seconds as `yyyy-MM-dd` in UTC+8, the form of `bill_date`.
#[must_use]
pub fn format_date(unix_s: i64) -> String {
    let (year, month, day) = civil_from_days(unix_s.saturating_add(OFFSET_S).div_euclid(DAY_S));
    format!("{year:04}-{month:02}-{day:02}")
}

/// Reads `yyyy-MM-dd HH:mm:ss` in UTC+8 as unix seconds. A fraction of one to three digits (`gmt_refund` has one) is
/// dropped.
///
/// # Errors
/// [`Error::Time`] for any other form and for dates and times that do not exist.
pub fn parse_time(text: &str) -> Result<i64, Error> {
    let (whole, fraction) = match text.split_once('.') {
        Some((whole, fraction)) => (whole, Some(fraction)),
        None => (text, None),
    };
    if fraction.is_some_and(|f| !(1..=3).contains(&f.len()) || !f.bytes().all(|b| b.is_ascii_digit())) {
        return Err(Error::Time);
    }
    let number = |range: std::ops::Range<usize>| -> Result<i64, Error> {
        let digits = whole.get(range).ok_or(Error::Time)?;
        if !digits.bytes().all(|b| b.is_ascii_digit()) {
            return Err(Error::Time);
        }
        digits.parse().map_err(|_| Error::Time)
    };
    let days = days_from_civil(number(0..4)?, number(5..7)?, number(8..10)?);
    let (hour, minute, second) = (number(11..13)?, number(14..16)?, number(17..19)?);
    let unix_s = days * DAY_S + hour * 3600 + minute * 60 + second - OFFSET_S;
    // Writing it again settles separators, length, ranges and leap days at once.
    if format_time(unix_s) == whole { Ok(unix_s) } else { Err(Error::Time) }
}

/// Year, month and day of a day counted from 1970-01-01, in the proleptic Gregorian calendar.
fn civil_from_days(days: i64) -> (i64, i64, i64) {
    // Years are counted from March so that the leap day is the last of its year; 400 years are 146,097 days.
    let shifted = days + 719_468;
    let era = shifted.div_euclid(146_097);
    let day_of_era = shifted.rem_euclid(146_097);
    let year_of_era = (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let shifted_month = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * shifted_month + 2) / 5 + 1;
    let month = if shifted_month < 10 { shifted_month + 3 } else { shifted_month - 9 };
    (year_of_era + era * 400 + i64::from(month <= 2), month, day)
}

/// The inverse of [`civil_from_days`]; for a date that does not exist, some other day.
fn days_from_civil(year: i64, month: i64, day: i64) -> i64 {
    let shifted_year = year - i64::from(month <= 2);
    let era = shifted_year.div_euclid(400);
    let year_of_era = shifted_year.rem_euclid(400);
    let shifted_month = (month + 9) % 12;
    let day_of_year = (153 * shifted_month + 2) / 5 + day - 1;
    era * 146_097 + year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year - 719_468
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn writes_and_reads_beijing_time() {
        for (unix_s, text) in [
            (0, "1970-01-01 08:00:00"),
            (-28_801, "1969-12-31 23:59:59"),
            (951_782_400, "2000-02-29 08:00:00"),
            (1_709_164_799, "2024-02-29 07:59:59"),
            (1_767_196_799, "2025-12-31 23:59:59"),
            (1_767_196_800, "2026-01-01 00:00:00"),
            (4_107_542_399, "2100-03-01 07:59:59"),
        ] {
            assert_eq!(format_time(unix_s), text);
            assert_eq!(text.split(' ').next(), Some(format_date(unix_s).as_str()));
            assert_eq!(parse_time(text), Ok(unix_s), "{text}");
        }
        assert_eq!(parse_time("2015-11-27 15:45:57.320"), parse_time("2015-11-27 15:45:57"));
    }

    #[test]
    fn every_day_of_a_century_reads_back() {
        for day in 0..36_525 {
            let unix_s = day * DAY_S + 12_345;
            assert_eq!(parse_time(&format_time(unix_s)), Ok(unix_s));
        }
    }

    #[test]
    fn refuses_what_is_no_time() {
        for text in [
            "",
            "2026-01-01",
            "2026-01-01T00:00:00",
            "2026-02-29 00:00:00",
            "2026-13-01 00:00:00",
            "2026-00-01 00:00:00",
            "2026-01-32 00:00:00",
            "2026-01-01 24:00:00",
            "2026-01-01 00:60:00",
            "2026-01-01 00:00:60",
            "2026-01-01 00:00:00 ",
            "2026-01-01 00:00:00.",
            "2026-01-01 00:00:00.1234",
            "+026-01-01 00:00:00",
            "2026-1-01 00:00:000",
            "２０２６-01-01 00:00:00",
        ] {
            assert_eq!(parse_time(text), Err(Error::Time), "{text:?}");
        }
    }

    #[test]
    fn extremes_do_not_overflow() {
        assert!(!format_time(i64::MAX).is_empty());
        assert!(!format_time(i64::MIN).is_empty());
    }
}
