//! Days and months of a brand's calendar, as histories and statements count them.

use crate::time::{BusinessTime, Zone};
use jiff::civil::Date;
use jiff::{Span, ToSpan};
use std::fmt;
use std::str::FromStr;

/// A calendar day, counted from 1970-01-01.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Day(i64);

const EPOCH: Date = Date::constant(1970, 1, 1);

impl Day {
    /// The day of an instant in a zone.
    #[must_use]
    pub fn of(zone: &Zone, at: BusinessTime) -> Self {
        Self::from_date(zone.date(at))
    }
    /// A date's.
    #[must_use]
    pub fn from_date(date: Date) -> Self {
        Self(EPOCH.until(date).map_or(0, |span| i64::from(span.get_days())))
    }
    /// From its stored number.
    #[must_use]
    pub const fn from_number(number: i64) -> Self {
        Self(number)
    }
    /// Days since 1970-01-01.
    #[must_use]
    pub const fn number(self) -> i64 {
        self.0
    }
    /// The day so many days later.
    #[must_use]
    pub const fn plus(self, days: i64) -> Self {
        Self(self.0.saturating_add(days))
    }
    /// The date; the first day there is for a number that no calendar has.
    #[must_use]
    pub fn date(self) -> Date {
        Span::new().try_days(self.0).ok().and_then(|days| EPOCH.checked_add(days).ok()).unwrap_or(EPOCH)
    }
}
impl fmt::Display for Day {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.date().fmt(f)
    }
}

/// A calendar month, written `2026-11`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Month(Date);

/// A text that is no month.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a month: written like 2026-11")]
pub struct NotAMonth;

impl Month {
    /// The month of an instant in a zone.
    #[must_use]
    pub fn of(zone: &Zone, at: BusinessTime) -> Self {
        Self(zone.date(at).first_of_month())
    }
    /// Its first day.
    #[must_use]
    pub fn first(self) -> Day {
        Day::from_date(self.0)
    }
    /// Its last day.
    #[must_use]
    pub fn last(self) -> Day {
        Day::from_date(self.0.last_of_month())
    }
    /// The first instant, and the first after it, in a zone.
    #[must_use]
    pub fn bounds(self, zone: &Zone) -> (BusinessTime, BusinessTime) {
        let start = |month: Self| zone.bounds_us(month.0).map_or(i64::MAX, |(start, _)| start);
        (BusinessTime::from_us(start(self)), BusinessTime::from_us(start(self.next())))
    }
    /// The month after it; itself at the end of the calendar.
    #[must_use]
    pub fn next(self) -> Self {
        self.0.checked_add(1.month()).map_or(self, Self)
    }
    /// The month before it; itself at the beginning of the calendar.
    #[must_use]
    pub fn previous(self) -> Self {
        self.0.checked_sub(1.month()).map_or(self, Self)
    }
    /// Year and number of the month.
    #[must_use]
    pub fn parts(self) -> (i16, i8) {
        (self.0.year(), self.0.month())
    }
}
impl fmt::Display for Month {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:04}-{:02}", self.0.year(), self.0.month())
    }
}
impl FromStr for Month {
    type Err = NotAMonth;
    /// Years from 1970 to 9998: what a page may ask for.
    fn from_str(text: &str) -> Result<Self, NotAMonth> {
        let (year, month) = text.split_once('-').filter(|(y, m)| (y.len(), m.len()) == (4, 2)).ok_or(NotAMonth)?;
        let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
        let year = Some(year).filter(|year| digits(year)).and_then(|year| year.parse().ok()).ok_or(NotAMonth)?;
        let month = Some(month).filter(|month| digits(month)).and_then(|month| month.parse().ok()).ok_or(NotAMonth)?;
        let first = Date::new(year, month, 1).map_err(|_| NotAMonth)?;
        if (1970..=9998).contains(&year) { Ok(Self(first)) } else { Err(NotAMonth) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_are_those_of_the_zone() {
        let (shanghai, utc) = (Zone::named("Asia/Shanghai").unwrap(), Zone::utc());
        let at = BusinessTime::from_rfc3339("2026-11-22T23:30:00Z").unwrap();
        assert_eq!(Day::of(&utc, at).to_string(), "2026-11-22");
        assert_eq!(Day::of(&shanghai, at), Day::of(&utc, at).plus(1));
        assert_eq!(Day::of(&utc, BusinessTime::from_us(0)).number(), 0);
        assert_eq!(Day::from_number(i64::MAX).to_string(), "1970-01-01");
    }

    #[test]
    fn months_are_read_bounded_and_followed() {
        let zone = Zone::named("Asia/Shanghai").unwrap();
        let month: Month = "2028-02".parse().unwrap();
        assert_eq!((month.first().to_string(), month.last().to_string()), ("2028-02-01".into(), "2028-02-29".into()));
        let (from, to) = month.bounds(&zone);
        assert_eq!(zone.rfc3339(from), "2028-02-01T00:00:00+08:00");
        assert_eq!(zone.rfc3339(to), "2028-03-01T00:00:00+08:00");
        assert_eq!(Month::of(&zone, from), month);
        let december: Month = "2026-12".parse().unwrap();
        assert_eq!((december.next().to_string(), december.next().previous()), ("2027-01".to_owned(), december));
        for text in ["", "2026", "2026-13", "2026-00", "26-01", "2026-1", "+026-01", "1969-12", "9999-01", "2026-11-01"]
        {
            assert_eq!(text.parse::<Month>(), Err(NotAMonth), "{text}");
        }
    }
}
