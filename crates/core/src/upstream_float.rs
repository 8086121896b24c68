//! What another operator holds of our money, paid ahead: as it reports it itself, and how long that lasts. What its
//! activations cost is its affair; we only look at how the balance falls.

use crate::calendar::Day;
use crate::money::Money;
use crate::time::SystemTime;

/// The last report, and from when on there is too little.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UpstreamFloat {
    /// What is left, and when that was said. Below zero where the operator gives credit.
    pub reported: Option<(Money, SystemTime)>,
    /// Less than this is too little, in millionths of the reported currency. At least 1.
    pub least: Option<i64>,
    /// Since when there is too little.
    pub low_since: Option<SystemTime>,
    /// How often `least` was set.
    pub version: i64,
}

impl UpstreamFloat {
    /// After another report. A threshold holds in the currency that it was set in: it goes with that.
    #[must_use]
    pub fn report(self, left: Money, now: SystemTime) -> Self {
        let same = self.reported.is_none_or(|(before, _)| before.currency() == left.currency());
        Self { reported: Some((left, now)), least: self.least.filter(|_| same), ..self }.judged(now)
    }
    /// With another threshold.
    #[must_use]
    pub fn set_least(self, least: Option<i64>, now: SystemTime) -> Self {
        Self { least, version: self.version.saturating_add(1), ..self }.judged(now)
    }
    /// Low is told once: since when it is stays, until there is enough again.
    fn judged(self, now: SystemTime) -> Self {
        let low = self.reported.zip(self.least).is_some_and(|((left, _), least)| left.micros() < least);
        Self { low_since: low.then(|| self.low_since.unwrap_or(now)), ..self }
    }
    /// How many whole days it lasts if every day uses up so much; `None` if nothing is used up or was reported.
    #[must_use]
    pub fn lasts_days(&self, used_a_day: i64) -> Option<i64> {
        let (left, _) = self.reported?;
        (used_a_day > 0).then(|| left.micros().max(0) / used_a_day)
    }
}

/// What a day uses up, from what was left at the end of days, the oldest first: between days on which more was left than
/// before, somebody paid in, and how much was used is not known, so they are left out. `None` if nothing is known.
#[must_use]
pub fn used_a_day(days: &[(Day, Money)]) -> Option<i64> {
    let (mut used, mut length) = (0_i64, 0_i64);
    for pair in days.windows(2) {
        let [(from, before), (to, after)] = pair else { continue };
        let fell = before.micros().saturating_sub(after.micros());
        if before.currency() == after.currency() && fell >= 0 {
            used = used.saturating_add(fell);
            length = length.saturating_add(to.number().saturating_sub(from.number()));
        }
    }
    (length > 0).then(|| used / length)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::money::{Currency, UNIT};

    fn cny(units: i64) -> Money {
        Money::from_micros(units * UNIT, Currency::CNY)
    }
    fn none() -> UpstreamFloat {
        UpstreamFloat { reported: None, least: None, low_since: None, version: 0 }
    }
    fn usd(units: i64) -> Money {
        Money::from_micros(units * UNIT, Currency::try_from("USD".to_owned()).unwrap())
    }

    #[test]
    fn low_is_since_the_first_report_that_says_so_until_there_is_enough() {
        let at = SystemTime::from_us;
        let set = none().report(cny(100), at(1)).set_least(Some(50 * UNIT), at(2));
        assert_eq!((set.low_since, set.version), (None, 1));
        let low = set.report(cny(49), at(3));
        assert_eq!(low.low_since, Some(at(3)));
        let still = low.report(cny(-1), at(4));
        assert_eq!(still.low_since, Some(at(3)), "told once");
        assert_eq!(still.clone().report(cny(50), at(5)).low_since, None, "as much as was asked for is enough");
        assert_eq!(still.clone().set_least(None, at(5)).low_since, None);
        let other = still.report(usd(1), at(6));
        assert_eq!((other.least, other.low_since), (None, None), "yuan are no dollars");
        assert_eq!(none().set_least(Some(1), at(1)).low_since, None, "nothing is known");
    }

    #[test]
    fn what_is_used_up_is_how_it_falls() {
        let day = |number, left| (Day::from_number(number), left);
        assert_eq!(used_a_day(&[]), None);
        assert_eq!(used_a_day(&[day(1, cny(10))]), None);
        let falls = [day(1, cny(100)), day(2, cny(90)), day(4, cny(60))];
        assert_eq!(used_a_day(&falls), Some(40 * UNIT / 3));
        let paid_in = [day(1, cny(100)), day(2, cny(90)), day(3, cny(500)), day(4, cny(480))];
        assert_eq!(used_a_day(&paid_in), Some(15 * UNIT), "the day somebody paid in says nothing");
        assert_eq!(used_a_day(&[day(1, cny(10)), day(2, usd(5))]), None);
        let float = none().report(cny(95), SystemTime::from_us(1));
        assert_eq!((float.lasts_days(10 * UNIT), float.lasts_days(0)), (Some(9), None));
        assert_eq!(none().lasts_days(1), None);
        assert_eq!(float.report(cny(-5), SystemTime::from_us(2)).lasts_days(UNIT), Some(0));
    }
}
