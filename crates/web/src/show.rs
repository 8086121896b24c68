//! How amounts, sizes and times are shown, by language. Whole numbers only; what is rounded is rounded down, so that
//! nobody is promised more than there is.

use crate::texts::Lang;
use everline_core::money::Money;
use everline_core::offering::{Included, Unit, octets_text};
use everline_core::time::{BusinessTime, HOUR_US, MINUTE_US, Validity, Zone};

/// Shows things in one language and time zone, seen from one instant.
#[derive(Clone)]
pub(crate) struct Show {
    pub(crate) lang: Lang,
    pub(crate) zone: Zone,
    pub(crate) now: BusinessTime,
}

impl Show {
    /// `¥1,234.50`: [`Money::signed`].
    pub(crate) fn money(&self, amount: Money) -> String {
        amount.signed()
    }
    /// `1.5 GB`, in SI units (IEC 80000-13); one decimal, rounded down.
    pub(crate) fn octets(&self, octets: i64) -> String {
        octets_text(octets)
    }
    /// An amount of some unit: `1.5 GB`, `30 分钟`, `10 messages`.
    pub(crate) fn amount(&self, unit: Unit, amount: i64) -> String {
        match unit {
            Unit::Octets => self.octets(amount),
            Unit::Seconds => self.lang.with("format-minutes", &[("minutes", (amount / 60).into())]),
            Unit::Messages => self.lang.with("format-messages", &[("messages", amount.into())]),
        }
    }
    /// What a unit is called.
    pub(crate) fn unit(&self, unit: Unit) -> String {
        self.lang.get(match unit {
            Unit::Octets => "format-unit-data",
            Unit::Seconds => "format-unit-voice",
            Unit::Messages => "format-unit-messages",
        })
    }
    /// What an offering includes: `1 GB · 30 minutes`; empty for money.
    pub(crate) fn included(&self, included: &[Included]) -> String {
        let parts: Vec<String> = included.iter().map(|one| unbroken(&self.amount(one.unit, one.amount))).collect();
        parts.join(" · ")
    }
    /// `3 天`.
    pub(crate) fn days(&self, days: i64) -> String {
        self.lang.with("format-days", &[("days", days.into())])
    }
    /// How long something lasts.
    pub(crate) fn validity(&self, validity: Validity) -> String {
        match validity {
            Validity::Days(days) => self.days(i64::from(days)),
            Validity::Months(months) => self.lang.with("format-months", &[("months", i64::from(months).into())]),
            Validity::MonthEnd => self.lang.get("format-month-end"),
        }
    }
    /// The calendar day, with its year if that is not this one.
    pub(crate) fn day(&self, at: BusinessTime) -> String {
        let (date, today) = (self.zone.date(at), self.zone.date(self.now));
        let (year, month, day) = (i64::from(date.year()), i64::from(date.month()), i64::from(date.day()));
        let args = [("year", year.into()), ("month", month.into()), ("day", day.into())];
        if date.year() == today.year() {
            self.lang.with("format-day", &args)
        } else {
            self.lang.with("format-day-of-year", &args)
        }
    }
    /// Day and time; today and tomorrow by their names.
    pub(crate) fn moment(&self, at: BusinessTime) -> String {
        let day = match self.zone.days_between(self.now, at) {
            0 => self.lang.get("format-today"),
            1 => self.lang.get("format-tomorrow"),
            -1 => self.lang.get("format-yesterday"),
            _ => self.day(at),
        };
        self.lang.with("format-moment", &[("day", (&day).into()), ("time", (&self.time(at)).into())])
    }
    /// Day, year and time in full: for receipts, which are read years later.
    pub(crate) fn moment_in_full(&self, at: BusinessTime) -> String {
        let date = self.zone.date(at);
        let (year, month, day) = (i64::from(date.year()), i64::from(date.month()), i64::from(date.day()));
        let args = [("year", year.into()), ("month", month.into()), ("day", day.into())];
        let day = self.lang.with("format-day-of-year", &args);
        self.lang.with("format-moment", &[("day", (&day).into()), ("time", (&self.time(at)).into())])
    }
    /// `18:05`.
    pub(crate) fn time(&self, at: BusinessTime) -> String {
        let local = self.zone.local(at);
        format!("{:02}:{:02}", local.hour(), local.minute())
    }
    /// How long ago something was, in its largest unit.
    pub(crate) fn age(&self, since: BusinessTime) -> String {
        let us = self.now.since_us(since).max(0);
        let days = self.zone.days_between(since, self.now);
        match us {
            us if us < MINUTE_US => self.lang.get("format-age-moment"),
            us if us < HOUR_US => self.lang.with("format-minutes", &[("minutes", (us / MINUTE_US).into())]),
            us if us < 48 * HOUR_US => self.lang.with("format-hours", &[("hours", (us / HOUR_US).into())]),
            _ => self.days(days),
        }
    }
}

/// A text that stays on one line: spaces that do not break.
pub(crate) fn unbroken(text: &str) -> String {
    text.replace(' ', "\u{a0}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use everline_core::time::DAY_US;

    fn show(lang: Lang) -> Show {
        // 2026-11-22T10:30:00Z, 18:30 in Shanghai.
        let now = BusinessTime::from_us(1_795_343_400_000_000);
        Show { lang, zone: Zone::named("Asia/Shanghai").unwrap(), now }
    }

    #[test]
    fn sizes_are_rounded_down() {
        let octets = |octets| show(Lang::En).octets(octets);
        assert_eq!(octets(0), "0 B");
        assert_eq!(octets(1_599), "1.5 kB");
        assert_eq!(octets(999_999_999), "999.9 MB");
        assert_eq!(octets(1_500_000_000), "1.5 GB");
        assert_eq!(octets(2_000_000_000), "2 GB");
        assert_eq!(octets(-5), "0 B");
    }

    #[test]
    fn times_are_shown_in_the_brands_zone() {
        let (zh, en) = (show(Lang::ZhCn), show(Lang::En));
        assert_eq!(zh.moment(zh.now), "今天 18:30");
        assert_eq!(en.moment(en.now.plus_us(DAY_US)), "tomorrow 18:30");
        assert_eq!(zh.moment(zh.now.plus_us(7 * DAY_US)), "11月29日 18:30");
        assert_eq!(en.day(en.now.plus_us(60 * DAY_US)), "21 Jan 2027");
        assert_eq!(zh.moment_in_full(zh.now), "2026年11月22日 18:30");
        assert_eq!(en.age(en.now.plus_us(-90 * MINUTE_US)), "1 hour");
        assert_eq!(en.age(en.now.plus_us(-3 * DAY_US)), "3 days");
    }

    #[test]
    fn what_is_included_is_listed() {
        let included =
            [Included { unit: Unit::Octets, amount: 1_000_000_000 }, Included { unit: Unit::Seconds, amount: 1_800 }];
        assert_eq!(show(Lang::ZhCn).included(&included), "1\u{a0}GB · 30\u{a0}分钟");
        assert_eq!(show(Lang::En).included(&included), "1\u{a0}GB · 30\u{a0}minutes");
    }
}
