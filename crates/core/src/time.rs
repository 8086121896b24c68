//! The two clocks, and validity in the brand's time zone.
//!
//! Business time decides validity, lifecycle and due dates, and can be moved in the sandbox. System time decides leases,
//! timeouts and signature skew. They are different types so that one is never used for the other.

use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan, Zoned};
use serde::{Deserialize, Serialize};

/// Microseconds in one second.
pub const SECOND_US: i64 = 1_000_000;
/// Microseconds in one minute.
pub const MINUTE_US: i64 = 60 * SECOND_US;
/// Microseconds in one hour.
pub const HOUR_US: i64 = 60 * MINUTE_US;
/// Microseconds in 24 hours (not a calendar day: those come from [`Validity`]).
pub const DAY_US: i64 = 24 * HOUR_US;

macro_rules! clock {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(i64);

        impl $name {
            /// From microseconds since 1970-01-01T00:00:00Z.
            #[must_use]
            pub const fn from_us(us: i64) -> Self {
                Self(us)
            }
            /// Microseconds since 1970-01-01T00:00:00Z.
            #[must_use]
            pub const fn us(self) -> i64 {
                self.0
            }
            /// This instant moved by `us` microseconds; stays at the end of the range instead of wrapping.
            #[must_use]
            pub const fn plus_us(self, us: i64) -> Self {
                Self(self.0.saturating_add(us))
            }
            /// Microseconds from `earlier` to this instant; negative when it is later.
            #[must_use]
            pub const fn since_us(self, earlier: Self) -> i64 {
                self.0.saturating_sub(earlier.0)
            }
        }
    };
}
clock! {
    /// An instant of business time: validity, lifecycle, due dates.
    BusinessTime
}
clock! {
    /// An instant of system time: leases, timeouts, retries, signatures, rate limits.
    SystemTime
}

/// Both clocks, read once at the edge and handed through.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Now {
    /// Business time of this request.
    pub business: BusinessTime,
    /// System time of this request.
    pub system: SystemTime,
}

/// The time zone in which a brand counts days and months.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Zone(TimeZone);

/// A time zone name that is not in the IANA database.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("unknown time zone {0:?}: use an IANA name such as Asia/Shanghai")]
pub struct UnknownZone(pub String);

impl Zone {
    /// A zone by its IANA name, for example `Asia/Shanghai`.
    pub fn named(name: &str) -> Result<Self, UnknownZone> {
        TimeZone::get(name).map(Self).map_err(|_| UnknownZone(name.to_owned()))
    }
    /// Coordinated universal time.
    #[must_use]
    pub fn utc() -> Self {
        Self(TimeZone::UTC)
    }
    /// The wall-clock reading of `at` in this zone.
    #[must_use]
    pub fn local(&self, at: BusinessTime) -> Zoned {
        Timestamp::from_microsecond(at.us()).unwrap_or(Timestamp::MAX).to_zoned(self.0.clone())
    }
    /// The calendar day of `at` in this zone.
    #[must_use]
    pub fn date(&self, at: BusinessTime) -> Date {
        self.local(at).date()
    }
    /// Whole calendar days from the day of `from` to the day of `to`; 0 on the same day, negative when past.
    #[must_use]
    pub fn days_between(&self, from: BusinessTime, to: BusinessTime) -> i64 {
        self.date(from).until(self.date(to)).map_or(0, |span| i64::from(span.get_days()))
    }
    /// The first instant of the calendar month after the one `at` lies in.
    #[must_use]
    pub fn next_month_start(&self, at: BusinessTime) -> BusinessTime {
        let next = self.date(at).first_of_month().checked_add(1.month());
        next.and_then(|day| day.to_zoned(self.0.clone())).map_or(at, |start| instant(&start))
    }
    /// The start of the calendar month that `at` is in.
    #[must_use]
    pub fn month_start(&self, at: BusinessTime) -> BusinessTime {
        self.date(at).first_of_month().to_zoned(self.0.clone()).map_or(at, |start| instant(&start))
    }
}

impl Zone {
    /// The first instant after a calendar day written `2026-12-31` or `2026/12/31`; `None` if it is no day.
    #[must_use]
    pub fn end_of_day(&self, day: &str) -> Option<BusinessTime> {
        let mut parts = day.split(['-', '/']);
        let (year, month, date) = (parts.next()?, parts.next()?, parts.next()?);
        let day = Date::new(year.parse().ok()?, month.parse().ok()?, date.parse().ok()?).ok()?;
        let whole = parts.next().is_none() && year.len() == 4;
        let next = day.tomorrow().ok().filter(|_| whole)?.to_zoned(self.0.clone()).ok()?;
        Some(instant(&next))
    }
    /// An instant in this zone's clock time with its offset, for example `2027-01-01T00:00:00+08:00` (RFC 3339).
    #[must_use]
    pub fn rfc3339(&self, at: BusinessTime) -> String {
        self.local(at).strftime("%Y-%m-%dT%H:%M:%S%.f%:z").to_string()
    }
}

impl Zone {
    /// A zone that is always so many hours ahead of UTC.
    #[must_use]
    pub fn ahead_of_utc(hours: i8) -> Self {
        Self(TimeZone::fixed(jiff::tz::Offset::constant(hours)))
    }
    /// The first instant of a calendar day and the first after it, in microseconds since 1970-01-01T00:00:00Z; `None` at the
    /// ends of the calendar.
    #[must_use]
    pub fn bounds_us(&self, day: Date) -> Option<(i64, i64)> {
        let start = |day: Date| Some(day.to_zoned(self.0.clone()).ok()?.timestamp().as_microsecond());
        Some((start(day)?, start(day.tomorrow().ok()?)?))
    }
}

impl Zone {
    /// The minute of the day that a clock shows at `at`, from 0.
    #[must_use]
    pub fn minute_of_day(&self, at: BusinessTime) -> u16 {
        let local = self.local(at);
        u16::try_from(i32::from(local.hour()) * 60 + i32::from(local.minute())).unwrap_or(0)
    }
    /// When a clock shows so many minutes of a day; where the clock is put forward over it, that much later. `None` if no day
    /// has so many.
    #[must_use]
    pub fn at_minute(&self, day: Date, minute: u16) -> Option<BusinessTime> {
        let (hour, minute) = (i8::try_from(minute / 60).ok()?, i8::try_from(minute % 60).ok()?);
        let time = jiff::civil::Time::new(hour, minute, 0, 0).ok()?;
        day.to_datetime(time).to_zoned(self.0.clone()).ok().map(|at| instant(&at))
    }
}

impl BusinessTime {
    /// An instant written with date, time and offset (RFC 3339); `None` if it is not.
    #[must_use]
    pub fn from_rfc3339(text: &str) -> Option<Self> {
        text.parse::<Timestamp>().ok().map(|at| Self::from_us(at.as_microsecond()))
    }
}

fn instant(zoned: &Zoned) -> BusinessTime {
    BusinessTime::from_us(zoned.timestamp().as_microsecond())
}

/// How long an offering lasts once it starts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Validity {
    /// So many calendar days, to the same wall-clock time.
    Days(u16),
    /// So many calendar months, to the same day and wall-clock time; a missing day becomes the month's last.
    Months(u16),
    /// To the end of the local calendar month in which it starts.
    MonthEnd,
}

impl Validity {
    /// When a period that starts at `start` ends (exclusive).
    ///
    /// `anchor_day` is the day of the month on which the line's chain of monthly plans began: a chain begun on the 31st
    /// ends on 28 February and then on 31 March again, instead of drifting to the 28th for ever.
    #[must_use]
    pub fn end(self, start: BusinessTime, anchor_day: Option<i8>, zone: &Zone) -> BusinessTime {
        let local = zone.local(start);
        let end = match self {
            Validity::Days(days) => local.checked_add(i64::from(days).days()),
            Validity::Months(months) => local.checked_add(i64::from(months).months()).and_then(|end| {
                let day = anchor_day.unwrap_or(local.day()).clamp(1, end.date().days_in_month());
                end.with().day(day).build()
            }),
            Validity::MonthEnd => return zone.next_month_start(start),
        };
        end.map_or(start, |end| instant(&end))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> BusinessTime {
        let zone = TimeZone::get("Asia/Shanghai").unwrap();
        instant(&text.parse::<jiff::civil::DateTime>().unwrap().to_zoned(zone).unwrap())
    }

    fn check(validity: Validity, start: &str, anchor: Option<i8>, end: &str) {
        let zone = Zone::named("Asia/Shanghai").unwrap();
        assert_eq!(validity.end(at(start), anchor, &zone), at(end), "{validity:?} from {start} anchored at {anchor:?}");
    }

    #[test]
    fn validity_counts_in_the_brands_calendar() {
        check(Validity::Days(7), "2026-11-22T18:30", None, "2026-11-29T18:30");
        check(Validity::Months(1), "2026-01-31T23:59", None, "2026-02-28T23:59");
        check(Validity::Months(1), "2028-01-31T10:00", None, "2028-02-29T10:00");
        check(Validity::Months(12), "2028-02-29T10:00", None, "2029-02-28T10:00");
        check(Validity::Months(1), "2026-02-28T10:00", Some(31), "2026-03-31T10:00");
        check(Validity::Months(1), "2026-03-31T10:00", Some(31), "2026-04-30T10:00");
        check(Validity::MonthEnd, "2026-12-31T23:59", None, "2027-01-01T00:00");
        check(Validity::MonthEnd, "2026-12-01T00:00", None, "2027-01-01T00:00");
    }

    #[test]
    fn days_and_instants_are_read_and_written() {
        let zone = Zone::named("Asia/Shanghai").unwrap();
        for day in ["2026-12-31", "2026/12/31"] {
            assert_eq!(zone.end_of_day(day), Some(at("2027-01-01T00:00")));
        }
        assert_eq!(zone.rfc3339(at("2027-01-01T00:00")), "2027-01-01T00:00:00+08:00");
        assert_eq!(zone.rfc3339(BusinessTime::from_us(1_500_000)), "1970-01-01T08:00:01.5+08:00");
        assert_eq!(BusinessTime::from_rfc3339("2027-01-01T00:00:00+08:00"), Some(at("2027-01-01T00:00")));
        for text in ["", "2026-02-30", "26-12-31", "2026-12", "2026-12-31-1", "46387"] {
            assert_eq!(zone.end_of_day(text), None, "{text}");
            assert_eq!(BusinessTime::from_rfc3339(text), None, "{text}");
        }
    }

    #[test]
    fn days_between_are_calendar_days() {
        let zone = Zone::named("Asia/Shanghai").unwrap();
        assert_eq!(zone.days_between(at("2026-11-22T23:59"), at("2026-11-23T00:01")), 1);
        assert_eq!(zone.days_between(at("2026-11-22T00:01"), at("2026-11-22T23:59")), 0);
        assert_eq!(zone.days_between(at("2026-11-22T00:01"), at("2026-11-20T23:59")), -2);
    }
}
