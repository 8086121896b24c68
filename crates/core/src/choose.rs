//! Choosing among offerings: what kind of thing each is, which of them somebody looks for, and what each costs by the day
//! and by the gigabyte, so that two can be compared.

use crate::money::Money;
use crate::offering::{Offering, OfferingKind, Unit};
use crate::time::Validity;
use crate::words::words;

/// Octets of a gigabyte (SI).
pub const GIGABYTE: i64 = 1_000_000_000;
/// Days that a calendar month is counted as where prices and usage are compared.
pub const MONTH_DAYS: i64 = 30;

/// What an offering is, as people look for it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Sort {
    /// Data alone.
    Data,
    /// Voice alone.
    Voice,
    /// Short messages alone.
    Sms,
    /// More than one of them.
    Combined,
    /// Money for the account.
    TopUp,
}

words!(Sort { Data = "data", Voice = "voice", Sms = "sms", Combined = "combined", TopUp = "top-up" });

/// What an offering is.
#[must_use]
pub fn sort_of(offering: &Offering) -> Sort {
    match (offering.kind, offering.included.as_slice()) {
        (OfferingKind::TopUp, _) => Sort::TopUp,
        (_, [one]) => match one.unit {
            Unit::Octets => Sort::Data,
            Unit::Seconds => Sort::Voice,
            Unit::Messages => Sort::Sms,
        },
        _ => Sort::Combined,
    }
}

/// How long an offering lasts, as people look for it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Lasts {
    /// Up to a week.
    Week,
    /// More than a week, up to a month.
    Month,
    /// Longer.
    Longer,
}

words!(Lasts { Week = "week", Month = "month", Longer = "longer" });

/// The days that a validity is counted as: a month as [`MONTH_DAYS`], and so what runs to the end of one.
#[must_use]
pub fn days(validity: Validity) -> i64 {
    match validity {
        Validity::Days(days) => i64::from(days).max(1),
        Validity::Months(months) => i64::from(months).max(1).saturating_mul(MONTH_DAYS),
        Validity::MonthEnd => MONTH_DAYS,
    }
}

/// How long an offering lasts; `None` for money.
#[must_use]
pub fn lasts(offering: &Offering) -> Option<Lasts> {
    offering.validity.map(|validity| match days(validity) {
        ..=7 => Lasts::Week,
        8..=31 => Lasts::Month,
        _ => Lasts::Longer,
    })
}

/// What somebody looks for; what is `None` is all the same to them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Wanted {
    /// What it is.
    pub sort: Option<Sort>,
    /// How long it lasts.
    pub lasts: Option<Lasts>,
    /// What it may cost, in millionths.
    pub price_max: Option<i64>,
}

impl Wanted {
    /// Whether an offering is looked for.
    #[must_use]
    pub fn fits(&self, offering: &Offering) -> bool {
        self.sort.is_none_or(|sort| sort == sort_of(offering))
            && self.lasts.is_none_or(|wanted| lasts(offering) == Some(wanted))
            && self.price_max.is_none_or(|max| offering.price.micros() <= max)
    }
}

/// What an offering costs by the day, rounded up to the smallest coin; `None` for money.
#[must_use]
pub fn per_day(offering: &Offering) -> Option<Money> {
    let days = days(offering.validity?);
    round_up(i128::from(offering.price.micros()), i128::from(days), offering.price)
}

/// What a gigabyte of the data in it costs if the rest of it is thought to be free, rounded up to the smallest coin; `None`
/// without data.
#[must_use]
pub fn per_gigabyte(offering: &Offering) -> Option<Money> {
    let data = offering.included.iter().find(|included| included.unit == Unit::Octets && included.amount > 0)?;
    let price = i128::from(offering.price.micros()).saturating_mul(i128::from(GIGABYTE));
    round_up(price, i128::from(data.amount), offering.price)
}

/// `micros` ÷ `by`, rounded up to the smallest coin of a price's currency.
pub(crate) fn round_up(micros: i128, by: i128, price: Money) -> Option<Money> {
    let currency = price.currency();
    let coin = 10_i128.pow(6_u32.saturating_sub(u32::from(currency.minor_digits())));
    let whole = by.checked_mul(coin).filter(|whole| *whole > 0)?;
    let coins = micros.checked_add(whole - 1)? / whole;
    Some(Money::from_micros(i64::try_from(coins.checked_mul(coin)?).ok()?, currency))
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use crate::brand::Localized;
    use crate::money::Currency;
    use crate::offering::{Family, Included, OfferingRef, RefundRule, SaleState, StartPolicy, UsedUp};

    pub(crate) fn offering(code: &str, price: &str, included: &[(Unit, i64)], validity: Option<Validity>) -> Offering {
        let price = Money::parse(price, Currency::CNY).unwrap();
        Offering {
            reference: OfferingRef { code: code.to_owned(), version: 1 },
            sale: SaleState::Published,
            kind: if validity.is_some() { OfferingKind::Plan } else { OfferingKind::TopUp },
            name: Localized::default(),
            summary: Localized::default(),
            price,
            renewal_price: price,
            included: included.iter().map(|(unit, amount)| Included { unit: *unit, amount: *amount }).collect(),
            validity,
            start: StartPolicy::Immediate,
            families: vec![Family::Phone],
            upstream_code: None,
            used_up: UsedUp::Stop,
            refund: RefundRule::NotAfterDelivery,
            roaming: Localized::default(),
            with_esim: false,
            countries: Vec::new(),
            eligibility: crate::offering::Eligibility::default(),
        }
    }

    #[test]
    fn offerings_are_sorted_as_people_look_for_them() {
        let month = Some(Validity::Months(1));
        let data = offering("data", "30", &[(Unit::Octets, GIGABYTE)], Some(Validity::Days(7)));
        let voice = offering("voice", "10", &[(Unit::Seconds, 60)], month);
        let both = offering("both", "40", &[(Unit::Octets, GIGABYTE), (Unit::Messages, 5)], Some(Validity::Months(3)));
        let money = offering("money", "50", &[], None);
        for (offering, sort, long) in [
            (&data, Sort::Data, Some(Lasts::Week)),
            (&voice, Sort::Voice, Some(Lasts::Month)),
            (&both, Sort::Combined, Some(Lasts::Longer)),
            (&money, Sort::TopUp, None),
        ] {
            assert_eq!((sort_of(offering), lasts(offering)), (sort, long), "{}", offering.reference);
        }
        let wanted = Wanted { sort: Some(Sort::Data), lasts: Some(Lasts::Week), price_max: Some(30_000_000) };
        assert!(wanted.fits(&data) && Wanted::default().fits(&money));
        assert!(!Wanted { price_max: Some(29_999_999), ..wanted }.fits(&data));
        assert!(!Wanted { lasts: Some(Lasts::Month), ..wanted }.fits(&data));
        assert!(!wanted.fits(&both) && !Wanted { sort: None, price_max: None, ..wanted }.fits(&money));
    }

    #[test]
    fn prices_by_the_day_and_the_gigabyte_are_rounded_up() {
        let micros = |money: Option<Money>| money.map(Money::micros);
        let data = offering("data", "39", &[(Unit::Octets, 7 * GIGABYTE)], Some(Validity::Months(1)));
        assert_eq!(micros(per_day(&data)), Some(1_300_000));
        assert_eq!(micros(per_gigabyte(&data)), Some(5_580_000), "39 / 7 = 5.571…");
        let small = offering("small", "2", &[(Unit::Octets, 30_000_000)], Some(Validity::Days(7)));
        assert_eq!(micros(per_day(&small)), Some(290_000), "2 / 7 = 0.2857…");
        assert_eq!(micros(per_gigabyte(&small)), Some(66_670_000));
        let both = offering("both", "9", &[(Unit::Octets, GIGABYTE), (Unit::Seconds, 1)], Some(Validity::MonthEnd));
        assert_eq!(micros(per_gigabyte(&both)), Some(9_000_000), "as if voice were free");
        assert_eq!(micros(per_day(&offering("money", "50", &[], None))), None);
        let huge = offering("huge", "9000000000000", &[(Unit::Octets, 1)], Some(Validity::Days(1)));
        assert_eq!(micros(per_gigabyte(&huge)), None, "more than there is money");
    }
}
