//! The brand and what it sells.

use everline_core::brand::{BankAccount, Brand, FamilyRules, Localized};
use everline_core::country::Country;
use everline_core::money::{Currency, Money};
use everline_core::number_plan::NumberPlan;
use everline_core::offering::{
    Eligibility, Family, Included, Offering, OfferingKind, OfferingRef, RefundRule, SaleState, StartPolicy, Unit,
    UsedUp,
};
use everline_core::time::Validity;
use std::collections::BTreeMap;

/// Octets of what the offerings include.
pub const GB: i64 = 1_000_000_000;
/// A currency unit, in millionths.
pub const YUAN: i64 = 1_000_000;

/// A brand whose phones have three days of grace and whose watches and trackers have none; its travel lines have a rule for
/// every age.
pub fn brand() -> Brand {
    Brand {
        name: Localized::zh_en("长线", "Longline"),
        legal_name: Localized::zh_en("长线通信有限公司", "Longline Ltd"),
        credit_code: "91310000TEST000001".to_owned(),
        time_zone: "Asia/Shanghai".to_owned(),
        currency: Currency::CNY,
        calling_code: "86".to_owned(),
        numbers: NumberPlan::default(),
        hotline: "10099".to_owned(),
        hotline_hours: Localized::zh_en("每天 8 点到 22 点", "8 to 22 every day"),
        hotline_open: Vec::new(),
        terms_version: "2026-01".to_owned(),
        order_minutes: 30,
        queued_plans_max: 3,
        companions_max: 2,
        retention: everline_core::retention::Retention::default(),
        bank: Some(BankAccount {
            holder: "青禾通信".to_owned(),
            bank: "青禾银行".to_owned(),
            number: "35001234".to_owned(),
            days: 7,
        }),
        refunds: everline_core::refund_request::RefundLimits::default(),
        credit: everline_core::credit_change::CreditLimits::default(),
        velocity: everline_core::velocity::Velocity::NONE,
        reminders: everline_core::reminder::Reminders::NONE,
        regions: BTreeMap::from([("CN-SH".to_owned(), Localized::zh_en("上海", "Shanghai"))]),
        identity: everline_core::identity::IdentityRules {
            documents: everline_core::identity::china(),
            ..everline_core::identity::IdentityRules::default()
        },
        families: BTreeMap::from([
            (Family::Phone, FamilyRules { grace_days: 3, ..FamilyRules::default() }),
            (Family::Travel, whole_life()),
        ]),
    }
}

/// Rules for every age.
pub fn whole_life() -> FamilyRules {
    FamilyRules {
        grace_days: 2,
        test_days: Some(10),
        test_octets: 500_000_000,
        silent_days: Some(20),
        suspended_days: Some(30),
        keep_number_days: Some(90),
        terminated_days: Some(5),
        quarantine_days: Some(60),
    }
}

/// An offering with the usual rules; what is special about it is changed by the caller.
pub fn offering(code: &str, kind: OfferingKind, price: &str, octets: i64, validity: Option<Validity>) -> Offering {
    let price = Money::parse(price, Currency::CNY).unwrap();
    let data = Included { unit: Unit::Octets, amount: octets };
    Offering {
        reference: OfferingRef { code: code.to_owned(), version: 1 },
        sale: SaleState::Published,
        kind,
        name: Localized::zh_en(code, code),
        summary: Localized::default(),
        price,
        renewal_price: price,
        included: if octets > 0 { vec![data] } else { Vec::new() },
        validity,
        start: StartPolicy::Immediate,
        families: vec![Family::Phone, Family::Watch, Family::Iot, Family::Travel],
        upstream_code: None,
        used_up: UsedUp::Stop,
        refund: RefundRule::NotAfterDelivery,
        roaming: Localized::default(),
        with_esim: false,
        countries: Vec::new(),
        eligibility: Eligibility::default(),
    }
}

/// `month` (a calendar month, 10 GB, 39.00), `days` (30 days, 1 GB, 9.90), `pack` (7 days, 1 GB, 5.00), `trip` (7 days
/// from the first use within 180, 2 GB, 29.00), `topup` (50.00), `short` (5 days, 1 GB, 6.00: for retiring).
pub fn offerings() -> Vec<Offering> {
    use OfferingKind::{Pack, Plan, TopUp};
    let mut trip = offering("trip", Plan, "29", 2 * GB, Some(Validity::Days(7)));
    trip.start = StartPolicy::FirstUse { within_days: 180 };
    trip.families = vec![Family::Travel, Family::Phone, Family::Watch, Family::Iot];
    (trip.with_esim, trip.countries) = (true, vec![Country::parse("TH").unwrap()]);
    let mut month = offering("month", Plan, "39", 10 * GB, Some(Validity::Months(1)));
    month.upstream_code = Some("UP-M".to_owned());
    month.included.push(Included { unit: Unit::Seconds, amount: 6_000 });
    vec![
        month,
        offering("days", Plan, "9.9", GB, Some(Validity::Days(30))),
        offering("pack", Pack, "5", GB, Some(Validity::Days(7))),
        trip,
        offering("topup", TopUp, "50", 0, None),
        offering("short", Plan, "6", GB, Some(Validity::Days(5))),
    ]
}
