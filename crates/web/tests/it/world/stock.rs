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

pub fn brand() -> Brand {
    let families = [(Family::Phone, 3), (Family::Watch, 0), (Family::Router, 1), (Family::Iot, 2), (Family::Travel, 0)];
    Brand {
        name: Localized::zh_en("青禾通信", "Qinghe Mobile"),
        legal_name: Localized::zh_en("青禾通信科技有限公司", "Qinghe Mobile Technology Co., Ltd."),
        credit_code: "91310000MA1K000000".to_owned(),
        time_zone: "Asia/Shanghai".to_owned(),
        currency: Currency::CNY,
        calling_code: "86".to_owned(),
        numbers: NumberPlan::default(),
        hotline: "400-800-1234".to_owned(),
        hotline_hours: Localized::zh_en("每天 8:00–22:00", "daily 8:00–22:00"),
        hotline_open: vec!["mon-sun 08:00-22:00".parse().unwrap()],
        terms_version: "2026-10".to_owned(),
        order_minutes: 15,
        queued_plans_max: 12,
        companions_max: 2,
        retention: everline_core::retention::Retention::default(),
        refunds: everline_core::refund_request::RefundLimits::default(),
        credit: everline_core::credit_change::CreditLimits::default(),
        velocity: everline_core::velocity::Velocity::default(),
        reminders: everline_core::reminder::Reminders::default(),
        regions: BTreeMap::from([("CN-SH".to_owned(), Localized::zh_en("上海", "Shanghai"))]),
        identity: everline_core::identity::IdentityRules {
            documents: everline_core::identity::china(),
            ..everline_core::identity::IdentityRules::default()
        },
        bank: Some(BankAccount {
            holder: "青禾通信科技有限公司".to_owned(),
            bank: "青禾银行".to_owned(),
            number: "3500 1234".to_owned(),
            days: 7,
        }),
        families: BTreeMap::from(
            families.map(|(family, grace_days)| (family, FamilyRules { grace_days, ..FamilyRules::default() })),
        ),
    }
}

type Row = (
    &'static str,
    OfferingKind,
    &'static [Family],
    [&'static str; 2],
    &'static str,
    &'static [(Unit, i64)],
    Option<Validity>,
);

const MB: i64 = 1_000_000;
const GB: i64 = 1_000 * MB;
const MONTH: Option<Validity> = Some(Validity::Months(1));

const ROWS: &[Row] = &[
    (
        "phone-39",
        OfferingKind::Plan,
        &[Family::Phone],
        ["青禾 39 元套餐", "Qinghe 39"],
        "39",
        &[(Unit::Octets, 40 * GB), (Unit::Seconds, 18_000), (Unit::Messages, 50)],
        MONTH,
    ),
    (
        "phone-19",
        OfferingKind::Plan,
        &[Family::Phone],
        ["青禾 19 元套餐", "Qinghe 19"],
        "19",
        &[(Unit::Octets, 10 * GB), (Unit::Seconds, 6_000)],
        MONTH,
    ),
    (
        "watch-month",
        OfferingKind::Plan,
        &[Family::Watch],
        ["手表畅联月包", "Watch monthly"],
        "9.90",
        &[(Unit::Octets, 500 * MB), (Unit::Seconds, 1_800)],
        MONTH,
    ),
    (
        "watch-year",
        OfferingKind::Plan,
        &[Family::Watch],
        ["手表年包", "Watch yearly"],
        "99",
        &[(Unit::Octets, 6 * GB), (Unit::Seconds, 21_600)],
        Some(Validity::Months(12)),
    ),
    (
        "iot-month",
        OfferingKind::Plan,
        &[Family::Iot],
        ["物联网 30 MB 月包", "IoT 30 MB monthly"],
        "2",
        &[(Unit::Octets, 30 * MB)],
        MONTH,
    ),
    (
        "router-month",
        OfferingKind::Plan,
        &[Family::Router],
        ["随身 WiFi 100 GB 月包", "Router 100 GB monthly"],
        "59",
        &[(Unit::Octets, 100 * GB)],
        MONTH,
    ),
    (
        "thailand",
        OfferingKind::Plan,
        &[Family::Travel],
        ["泰国 10 GB · 7 天", "Thailand 10 GB · 7 days"],
        "39",
        &[(Unit::Octets, 10 * GB)],
        Some(Validity::Days(7)),
    ),
    (
        "data-1g",
        OfferingKind::Pack,
        &[Family::Phone, Family::Watch, Family::Router],
        ["1 GB 流量加油包", "1 GB data pack"],
        "5",
        &[(Unit::Octets, GB)],
        Some(Validity::Days(7)),
    ),
    (
        "top-up-30",
        OfferingKind::TopUp,
        &[Family::Phone, Family::Watch, Family::Router, Family::Iot],
        ["话费充值 30 元", "Top up ¥30"],
        "30",
        &[],
        None,
    ),
];

pub fn offerings() -> Vec<Offering> {
    ROWS.iter().map(offering).collect()
}

fn offering((code, kind, families, [zh, en], price, included, validity): &Row) -> Offering {
    let price = Money::parse(price, Currency::CNY).unwrap();
    let first_use = *code == "thailand";
    Offering {
        reference: OfferingRef { code: (*code).to_owned(), version: 1 },
        sale: SaleState::Published,
        kind: *kind,
        name: Localized::zh_en(zh, en),
        summary: Localized::zh_en("立即可用，用多少一目了然", "Ready at once, and easy to follow"),
        price,
        renewal_price: price,
        included: included.iter().map(|(unit, amount)| Included { unit: *unit, amount: *amount }).collect(),
        validity: *validity,
        start: if first_use { StartPolicy::FirstUse { within_days: 180 } } else { StartPolicy::Immediate },
        families: families.to_vec(),
        upstream_code: None,
        used_up: if *kind == OfferingKind::TopUp { UsedUp::NotApplicable } else { UsedUp::Stop },
        refund: if *kind == OfferingKind::Plan {
            RefundRule::UnusedWithin { days: 7 }
        } else {
            RefundRule::NotAfterDelivery
        },
        roaming: Localized::zh_en("仅限中国内地使用", "In mainland China only"),
        with_esim: first_use,
        countries: if first_use { vec![Country::parse("TH").unwrap()] } else { Vec::new() },
        eligibility: Eligibility::default(),
    }
}
