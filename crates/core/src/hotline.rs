//! When people answer the hotline: hours by weekday in the brand's zone, and what that means now.

use crate::time::{BusinessTime, Zone};
use serde::{Deserialize, Serialize};
use std::fmt;
use std::str::FromStr;

/// Hours of some days of the week, written `mon-fri 09:00-20:00` or `sun 10:00-24:00`. Hours do not go over midnight.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct OpenHours {
    /// First and last weekday; Monday is 0.
    days: (u8, u8),
    /// Minutes since midnight: from the first, until before the second.
    minutes: (u16, u16),
}

/// A text that is no hours.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is not like \"mon-fri 09:00-20:00\"")]
pub struct NotHours(String);

const DAYS: [&str; 7] = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"];
const MIDNIGHT: u16 = 24 * 60;

impl FromStr for OpenHours {
    type Err = NotHours;
    fn from_str(text: &str) -> Result<Self, NotHours> {
        let day = |word: &str| DAYS.iter().position(|day| *day == word).and_then(|day| u8::try_from(day).ok());
        let minute = |text: &str| {
            let (hour, minute) = text.split_once(':').filter(|(hour, minute)| hour.len() == 2 && minute.len() == 2)?;
            let (hour, minute): (u16, u16) = (hour.parse().ok()?, minute.parse().ok()?);
            let all = hour * 60 + minute;
            (minute < 60 && all <= MIDNIGHT).then_some(all)
        };
        let read = || {
            let (days, hours) = text.split_once(' ')?;
            let (first, last) = days.split_once('-').unwrap_or((days, days));
            let (from, until) = hours.split_once('-')?;
            let hours = Self { days: (day(first)?, day(last)?), minutes: (minute(from)?, minute(until)?) };
            (hours.days.0 <= hours.days.1 && hours.minutes.0 < hours.minutes.1).then_some(hours)
        };
        read().ok_or_else(|| NotHours(text.to_owned()))
    }
}
impl TryFrom<String> for OpenHours {
    type Error = NotHours;
    fn try_from(text: String) -> Result<Self, NotHours> {
        text.parse()
    }
}
impl fmt::Display for OpenHours {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let day = |day: u8| DAYS.get(usize::from(day)).copied().unwrap_or_default();
        let Self { days: (first, last), minutes: (from, until) } = *self;
        f.write_str(day(first))?;
        if first != last {
            write!(f, "-{}", day(last))?;
        }
        write!(f, " {:02}:{:02}-{:02}:{:02}", from / 60, from % 60, until / 60, until % 60)
    }
}
impl From<OpenHours> for String {
    fn from(hours: OpenHours) -> Self {
        hours.to_string()
    }
}

/// Whether somebody answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Hotline {
    /// Now, until this minute of today.
    Open {
        /// Minutes since midnight; 1440 is midnight.
        until: u16,
    },
    /// Not now.
    Opens {
        /// In how many days; 0 is today.
        days: u8,
        /// On which weekday; Monday is 0.
        weekday: u8,
        /// From which minute of it.
        from: u16,
    },
}

/// Whether somebody answers now, or when next; `None` where no hours are known.
#[must_use]
pub fn hotline(hours: &[OpenHours], zone: &Zone, now: BusinessTime) -> Option<Hotline> {
    let local = zone.local(now);
    let today = u8::try_from(local.weekday().to_monday_zero_offset()).unwrap_or(0);
    let minute = u16::try_from(i32::from(local.hour()) * 60 + i32::from(local.minute())).unwrap_or(0);
    let of = |day: u8| hours.iter().filter(move |hours| (hours.days.0..=hours.days.1).contains(&day));
    // Hours that meet are one.
    let mut until = minute;
    while let Some(longer) = of(today).find(|hours| hours.minutes.0 <= until && until < hours.minutes.1) {
        until = longer.minutes.1;
    }
    if until > minute {
        return Some(Hotline::Open { until });
    }
    (0..=7).find_map(|days| {
        let weekday = (today + days) % 7;
        let from = of(weekday).map(|hours| hours.minutes.0).filter(|from| days > 0 || *from > minute).min()?;
        Some(Hotline::Opens { days, weekday, from })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> BusinessTime {
        BusinessTime::from_rfc3339(&format!("{text}:00+08:00")).unwrap()
    }

    #[test]
    fn hours_are_read_and_written() {
        for text in ["mon-fri 09:00-20:00", "sun 00:00-24:00"] {
            assert_eq!(text.parse::<OpenHours>().unwrap().to_string(), text);
        }
        for text in [
            "",
            "mon",
            "mon 9:00-20:00",
            "fri-mon 09:00-20:00",
            "mon 20:00-09:00",
            "mon 09:00-24:01",
            "mon 09:60-10:00",
            "day 09:00-10:00",
        ] {
            assert!(text.parse::<OpenHours>().is_err(), "{text}");
        }
    }

    #[test]
    fn the_hotline_is_open_until_or_opens_at() {
        let zone = Zone::named("Asia/Shanghai").unwrap();
        let hours: Vec<OpenHours> = ["mon-fri 09:00-12:00", "mon-fri 12:00-20:00", "sat 10:00-16:00"]
            .map(|text| text.parse().unwrap())
            .to_vec();
        let check = |now: &str, expected| assert_eq!(hotline(&hours, &zone, at(now)), Some(expected), "{now}");
        // 2026-11-27 is a Friday.
        check("2026-11-27T08:59", Hotline::Opens { days: 0, weekday: 4, from: 540 });
        check("2026-11-27T09:00", Hotline::Open { until: 1_200 });
        check("2026-11-27T20:00", Hotline::Opens { days: 1, weekday: 5, from: 600 });
        check("2026-11-28T16:00", Hotline::Opens { days: 2, weekday: 0, from: 540 });
        let weekly: Vec<OpenHours> = vec!["mon 09:00-10:00".parse().unwrap()];
        let next = hotline(&weekly, &zone, at("2026-11-30T10:00"));
        assert_eq!(next, Some(Hotline::Opens { days: 7, weekday: 0, from: 540 }));
        assert_eq!(hotline(&[], &zone, at("2026-11-30T10:00")), None);
        let always: Vec<OpenHours> = vec!["mon-sun 00:00-24:00".parse().unwrap()];
        assert_eq!(hotline(&always, &zone, at("2026-11-30T23:59")), Some(Hotline::Open { until: 1_440 }));
    }
}
