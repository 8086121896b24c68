//! The demo's brand and what it sells.

use everline_core::brand::{BankAccount, Brand, FamilyRules, Localized};
use everline_core::country::Country;
use everline_core::money::{Currency, Money, UNIT};
use everline_core::number_plan::NumberPlan;
use everline_core::offering::{
    Eligibility, Family, Included, Offering, OfferingKind, OfferingRef, RefundRule, SaleState, StartPolicy, Unit,
    UsedUp,
};
use everline_core::time::Validity;
use std::collections::BTreeMap;

const MB: i64 = 1_000_000;
const GB: i64 = 1_000 * MB;
const MINUTE_S: i64 = 60;

/// 青禾通信.
pub(super) fn brand() -> Brand {
    let rules = |grace_days| FamilyRules {
        grace_days,
        test_days: Some(90),
        test_octets: 50_000_000,
        silent_days: Some(180),
        suspended_days: Some(30),
        keep_number_days: Some(60),
        terminated_days: Some(30),
        quarantine_days: Some(90),
    };
    Brand {
        name: Localized::zh_en("青禾通信", "Qinghe Mobile"),
        legal_name: Localized::zh_en("青禾通信科技有限公司", "Qinghe Mobile Technology Co., Ltd."),
        credit_code: "91310000MA1K000000".to_owned(),
        time_zone: "Asia/Shanghai".to_owned(),
        currency: Currency::CNY,
        calling_code: "86".to_owned(),
        numbers: NumberPlan {
            subscriber: "1xxxxxxxxxx".parse().into_iter().collect(),
            iot: "1xxxxxxxxxxxx".parse().into_iter().collect(),
        },
        hotline: "400-800-1234".to_owned(),
        hotline_hours: Localized::zh_en("每天 8:00–22:00", "daily 8:00–22:00"),
        hotline_open: "mon-sun 08:00-22:00".parse().into_iter().collect(),
        terms_version: "2026-10".to_owned(),
        order_minutes: 15,
        queued_plans_max: 12,
        companions_max: 2,
        retention: everline_core::retention::Retention::default(),
        bank: Some(BankAccount {
            holder: "青禾通信科技有限公司".to_owned(),
            bank: "青禾银行福州分行".to_owned(),
            number: "3500 0000 1234 5678 901".to_owned(),
            days: 7,
        }),
        refunds: everline_core::refund_request::RefundLimits::default(),
        credit: everline_core::credit_change::CreditLimits::default(),
        velocity: everline_core::velocity::Velocity::default(),
        reminders: everline_core::reminder::Reminders::default(),
        regions: regions(),
        identity: everline_core::identity::IdentityRules {
            documents: everline_core::identity::china(),
            ..everline_core::identity::IdentityRules::default()
        },
        families: BTreeMap::from([
            (Family::Phone, rules(3)),
            (Family::Watch, rules(0)),
            (Family::Router, rules(1)),
            (Family::Iot, rules(2)),
            (Family::Travel, rules(0)),
        ]),
    }
}

/// The provinces of China and what stands beside them (ISO 3166-2:CN).
fn regions() -> BTreeMap<String, Localized> {
    let of = |(key, zh, en): &(&str, &str, &str)| (format!("CN-{key}"), Localized::zh_en(zh, en));
    REGIONS.iter().map(of).collect()
}

const REGIONS: &[(&str, &str, &str)] = &[
    ("AH", "安徽", "Anhui"),
    ("BJ", "北京", "Beijing"),
    ("CQ", "重庆", "Chongqing"),
    ("FJ", "福建", "Fujian"),
    ("GD", "广东", "Guangdong"),
    ("GS", "甘肃", "Gansu"),
    ("GX", "广西", "Guangxi"),
    ("GZ", "贵州", "Guizhou"),
    ("HA", "河南", "Henan"),
    ("HB", "湖北", "Hubei"),
    ("HE", "河北", "Hebei"),
    ("HI", "海南", "Hainan"),
    ("HL", "黑龙江", "Heilongjiang"),
    ("HN", "湖南", "Hunan"),
    ("JL", "吉林", "Jilin"),
    ("JS", "江苏", "Jiangsu"),
    ("JX", "江西", "Jiangxi"),
    ("LN", "辽宁", "Liaoning"),
    ("NM", "内蒙古", "Inner Mongolia"),
    ("NX", "宁夏", "Ningxia"),
    ("QH", "青海", "Qinghai"),
    ("SC", "四川", "Sichuan"),
    ("SD", "山东", "Shandong"),
    ("SH", "上海", "Shanghai"),
    ("SN", "陕西", "Shaanxi"),
    ("SX", "山西", "Shanxi"),
    ("TJ", "天津", "Tianjin"),
    ("XJ", "新疆", "Xinjiang"),
    ("XZ", "西藏", "Tibet"),
    ("YN", "云南", "Yunnan"),
    ("ZJ", "浙江", "Zhejiang"),
];

/// One row of the demo's price list.
struct Row {
    code: &'static str,
    kind: OfferingKind,
    families: &'static [Family],
    zh: (&'static str, &'static str),
    en: (&'static str, &'static str),
    price_fen: i64,
    included: &'static [(Unit, i64)],
    validity: Option<Validity>,
    /// Where it works, if it is sold with an eSIM; empty for one at home.
    esim: Option<&'static [&'static str]>,
}

use Family::{Iot, Phone, Router, Travel, Watch};
use OfferingKind::{Pack, Plan, TopUp};
use Unit::{Messages, Octets, Seconds};

const MONTH: Option<Validity> = Some(Validity::Months(1));

const ROWS: &[Row] = &[
    Row {
        code: "watch-month",
        kind: Plan,
        families: &[Watch],
        zh: ("手表畅联月包", "500 MB 流量 + 30 分钟通话，适合儿童手表定位和通话"),
        en: ("Watch monthly", "500 MB and 30 minutes, made for a child's watch"),
        price_fen: 990,
        included: &[(Octets, 500 * MB), (Seconds, 30 * MINUTE_S)],
        validity: MONTH,
        esim: None,
    },
    Row {
        code: "watch-year",
        kind: Plan,
        families: &[Watch],
        zh: ("手表年包", "一次办好一年：6 GB 流量 + 360 分钟通话"),
        en: ("Watch yearly", "A year in one go: 6 GB and 360 minutes"),
        price_fen: 9900,
        included: &[(Octets, 6 * GB), (Seconds, 360 * MINUTE_S)],
        validity: Some(Validity::Months(12)),
        esim: None,
    },
    Row {
        code: "iot-30m-month",
        kind: Plan,
        families: &[Iot],
        zh: ("物联网 30 MB 月包", "定位、抄表、监测设备，每月 30 MB"),
        en: ("IoT 30 MB monthly", "Trackers, meters and sensors, 30 MB a month"),
        price_fen: 200,
        included: &[(Octets, 30 * MB)],
        validity: MONTH,
        esim: None,
    },
    Row {
        code: "iot-360m-year",
        kind: Plan,
        families: &[Iot],
        zh: ("物联网 360 MB 年包", "一年 360 MB，省去每月续费"),
        en: ("IoT 360 MB yearly", "360 MB for a year, one renewal instead of twelve"),
        price_fen: 1980,
        included: &[(Octets, 360 * MB)],
        validity: Some(Validity::Months(12)),
        esim: None,
    },
    Row {
        code: "phone-19",
        kind: Plan,
        families: &[Phone],
        zh: ("青禾 19 元套餐", "10 GB 流量 + 100 分钟通话"),
        en: ("Qinghe 19", "10 GB and 100 minutes"),
        price_fen: 1900,
        included: &[(Octets, 10 * GB), (Seconds, 100 * MINUTE_S)],
        validity: MONTH,
        esim: None,
    },
    Row {
        code: "phone-39",
        kind: Plan,
        families: &[Phone],
        zh: ("青禾 39 元套餐", "40 GB 流量 + 300 分钟通话 + 50 条短信"),
        en: ("Qinghe 39", "40 GB, 300 minutes and 50 messages"),
        price_fen: 3900,
        included: &[(Octets, 40 * GB), (Seconds, 300 * MINUTE_S), (Messages, 50)],
        validity: MONTH,
        esim: None,
    },
    Row {
        code: "phone-month-end",
        kind: Plan,
        families: &[Phone],
        zh: ("月底体验套餐", "5 GB 流量 + 50 分钟，用到本月底"),
        en: ("To month end", "5 GB and 50 minutes to the end of the month"),
        price_fen: 900,
        included: &[(Octets, 5 * GB), (Seconds, 50 * MINUTE_S)],
        validity: Some(Validity::MonthEnd),
        esim: None,
    },
    Row {
        code: "router-100g",
        kind: Plan,
        families: &[Router],
        zh: ("随身 WiFi 100 GB 月包", "家庭备用宽带、随身 WiFi，每月 100 GB"),
        en: ("Router 100 GB monthly", "Back-up broadband and hotspots, 100 GB a month"),
        price_fen: 5900,
        included: &[(Octets, 100 * GB)],
        validity: MONTH,
        esim: None,
    },
    Row {
        code: "data-1g-7d",
        kind: Pack,
        families: &[Phone, Watch, Router],
        zh: ("1 GB 流量加油包", "7 天内有效，立即可用"),
        en: ("1 GB data pack", "Use it at once, for 7 days"),
        price_fen: 500,
        included: &[(Octets, GB)],
        validity: Some(Validity::Days(7)),
        esim: None,
    },
    Row {
        code: "voice-60m",
        kind: Pack,
        families: &[Phone, Watch],
        zh: ("60 分钟通话包", "30 天内有效"),
        en: ("60 minute voice pack", "For 30 days"),
        price_fen: 600,
        included: &[(Seconds, 60 * MINUTE_S)],
        validity: Some(Validity::Days(30)),
        esim: None,
    },
    Row {
        code: "sms-50",
        kind: Pack,
        families: &[Phone, Watch, Iot],
        zh: ("50 条短信包", "30 天内有效"),
        en: ("50 message pack", "For 30 days"),
        price_fen: 300,
        included: &[(Messages, 50)],
        validity: Some(Validity::Days(30)),
        esim: None,
    },
    Row {
        code: "thailand-10g-7d",
        kind: Plan,
        families: &[Travel],
        zh: ("泰国 10 GB · 7 天", "首次使用时开始计时，180 天内有效"),
        en: ("Thailand 10 GB · 7 days", "The clock starts with the first use, within 180 days"),
        price_fen: 3900,
        included: &[(Octets, 10 * GB)],
        validity: Some(Validity::Days(7)),
        esim: Some(&["TH"]),
    },
    Row {
        code: "japan-korea-5g-7d",
        kind: Plan,
        families: &[Travel],
        zh: ("日本、韩国 5 GB · 7 天", "首次使用时开始计时，180 天内有效"),
        en: ("Japan and Korea 5 GB · 7 days", "The clock starts with the first use, within 180 days"),
        price_fen: 4500,
        included: &[(Octets, 5 * GB)],
        validity: Some(Validity::Days(7)),
        esim: Some(&["JP", "KR"]),
    },
    Row {
        code: "europe-10g-30d",
        kind: Plan,
        families: &[Travel],
        zh: ("欧洲 10 GB · 30 天", "首次使用时开始计时，180 天内有效"),
        en: ("Europe 10 GB · 30 days", "The clock starts with the first use, within 180 days"),
        price_fen: 12800,
        included: &[(Octets, 10 * GB)],
        validity: Some(Validity::Days(30)),
        esim: Some(&["AT", "BE", "CH", "CZ", "DE", "ES", "FR", "GB", "GR", "IT", "NL", "PT"]),
    },
    Row {
        code: "esim-29",
        kind: Plan,
        families: &[Phone],
        zh: ("青禾 eSIM 29 元套餐", "20 GB 流量 + 100 分钟通话，在线开通新号码"),
        en: ("Qinghe eSIM 29", "20 GB and 100 minutes, with a new number at once"),
        price_fen: 2900,
        included: &[(Octets, 20 * GB), (Seconds, 100 * MINUTE_S)],
        validity: MONTH,
        esim: Some(&[]),
    },
    Row {
        code: "top-up-30",
        kind: TopUp,
        families: &[Phone, Watch, Router, Iot, Travel],
        zh: ("话费充值 30 元", "存入账户余额，不会过期"),
        en: ("Top up ¥30", "Added to your balance; it does not expire"),
        price_fen: 3000,
        included: &[],
        validity: None,
        esim: None,
    },
    Row {
        code: "top-up-100",
        kind: TopUp,
        families: &[Phone, Watch, Router, Iot, Travel],
        zh: ("话费充值 100 元", "存入账户余额，不会过期"),
        en: ("Top up ¥100", "Added to your balance; it does not expire"),
        price_fen: 10000,
        included: &[],
        validity: None,
        esim: None,
    },
];

/// The demo's offerings, all on sale.
pub(super) fn offerings() -> Vec<Offering> {
    ROWS.iter().map(offering).collect()
}

fn offering(row: &Row) -> Offering {
    let price = Money::from_micros(row.price_fen * (UNIT / 100), Currency::CNY);
    let travel = row.families == [Travel];
    Offering {
        reference: OfferingRef { code: row.code.to_owned(), version: 1 },
        sale: SaleState::Published,
        kind: row.kind,
        name: Localized::zh_en(row.zh.0, row.en.0),
        summary: Localized::zh_en(row.zh.1, row.en.1),
        price,
        renewal_price: price,
        included: row.included.iter().map(|(unit, amount)| Included { unit: *unit, amount: *amount }).collect(),
        validity: row.validity,
        start: if travel { StartPolicy::FirstUse { within_days: 180 } } else { StartPolicy::Immediate },
        families: row.families.to_vec(),
        upstream_code: travel.then(|| row.code.to_uppercase()),
        used_up: if row.kind == TopUp { UsedUp::NotApplicable } else { UsedUp::Stop },
        refund: if row.kind == TopUp { RefundRule::NotAfterDelivery } else { RefundRule::UnusedWithin { days: 7 } },
        roaming: match travel {
            true => Localized::zh_en("仅在所列国家和地区使用", "Works in the countries named only"),
            false => Localized::zh_en("仅限中国内地使用，不含国际漫游", "Mainland China only, no roaming"),
        },
        with_esim: row.esim.is_some(),
        countries: row.esim.unwrap_or_default().iter().filter_map(|code| Country::parse(code).ok()).collect(),
        eligibility: Eligibility::default(),
    }
}
