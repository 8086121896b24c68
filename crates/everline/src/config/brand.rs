//! The section about the brand: what customers read, and the rules lines live by.

use super::read::Table;
use super::services::base_url;
use everline_core::brand::{BankAccount, Brand, FamilyRules, Localized};
use everline_core::credit_change::CreditLimits;
use everline_core::money::{Currency, Money};
use everline_core::number_plan::NumberPlan;
use everline_core::offering::Family;
use everline_core::refund_request::RefundLimits;
use everline_core::reminder::{Quiet, Reminders};
use everline_core::retention::Retention;
use everline_core::time::Zone;
use everline_core::velocity::Velocity;
use std::collections::BTreeMap;

const FAMILIES: [(&str, Family); 5] = [
    ("phone", Family::Phone),
    ("watch", Family::Watch),
    ("router", Family::Router),
    ("iot", Family::Iot),
    ("travel", Family::Travel),
];
/// The languages of texts, as keys.
const TAGS: [&str; 2] = ["zh-CN", "en"];

/// The brand, its links, and the text of its terms.
pub(super) type BrandSection = (Brand, Vec<(Localized, String)>, Option<Localized>);

pub(super) fn brand(table: &Table<'_>) -> Option<BrandSection> {
    let name = localized(table, "name", "what customers know you by");
    let legal_name = localized(table, "legal_name", "the payee on receipts");
    let credit_code = table.required("credit_code", "the payee's organisation credit code").map(str::to_owned);
    let zone = |name: &str| match Zone::named(name) {
        Ok(_) => Ok(name.to_owned()),
        Err(_) => Err(format!("{name:?} is no IANA time zone, like Asia/Shanghai")),
    };
    let time_zone = table.required_parsed("time_zone", "like Asia/Shanghai", zone);
    let currency = table.required_parsed("currency", "like CNY", str::parse::<Currency>);
    let calling_code = table.required_parsed("calling_code", "like 86", |code| {
        let fits = (1..=3).contains(&code.len()) && code.bytes().all(|byte| byte.is_ascii_digit());
        if fits { Ok(code.to_owned()) } else { Err(format!("{code:?} is no country calling code, like 86")) }
    });
    let numbers = table.within("numbers", |numbers| NumberPlan {
        subscriber: numbers.list("subscriber", str::parse),
        iot: numbers.list("iot", str::parse),
    });
    let hotline = table.required("hotline", "the number people call").map(str::to_owned);
    let hotline_hours = localized(table, "hotline_hours", "when somebody answers");
    let hotline_open = table.list("hotline_open", str::parse);
    let terms_version = table.required("terms_version", "like 2026-10").map(str::to_owned);
    let order_minutes = table.number("order_minutes", 2..=1_440, 15);
    let queued_plans_max = table.number("queued_plans_max", 0..=120, 12);
    let companions_max = table.number("companions_max", 0..=8, 2);
    let families = table.within("families", |families| {
        let rules = FAMILIES.map(|(key, family)| {
            let rules = families.within(key, |table| table.is_there().then(|| rules(table)));
            (family, rules)
        });
        rules.into_iter().filter_map(|(family, rules)| Some((family, rules?))).collect::<BTreeMap<_, _>>()
    });
    let retention = table.within("retention", retention);
    let refunds = table.within("refunds", |refunds| refund_limits(refunds, currency));
    let credit = table.within("credit", |credit| credit_limits(credit, currency));
    let velocity = table.within("velocity", velocity);
    let reminders = table.within("reminders", reminders);
    let regions = table.tables("regions", |region| {
        let key = region.required("key", "like CN-SH").map(str::to_owned);
        Some((key?, localized(region, "name", "what it is called")?))
    });
    let regions = regions.into_iter().collect();
    let links = table.tables("links", |link| {
        let (name, url) =
            (localized(link, "name", "what the page is called"), link.required_parsed("url", "where", base_url));
        Some((name?, url?))
    });
    let terms = terms(table);
    let brand = Brand {
        name: name?,
        legal_name: legal_name?,
        credit_code: credit_code?,
        time_zone: time_zone?,
        currency: currency?,
        calling_code: calling_code?,
        numbers,
        hotline: hotline?,
        hotline_hours: hotline_hours?,
        hotline_open,
        terms_version: terms_version?,
        order_minutes: u16::try_from(order_minutes).unwrap_or(15),
        queued_plans_max: u8::try_from(queued_plans_max).unwrap_or(12),
        companions_max: u8::try_from(companions_max).unwrap_or(2),
        families,
        retention,
        refunds,
        credit,
        velocity,
        reminders: reminders?,
        regions,
        identity: everline_core::identity::IdentityRules::default(),
        bank: None,
    };
    Some((brand, links, terms))
}

/// The account that organisations transfer to.
pub(super) fn bank(table: &Table<'_>) -> Option<BankAccount> {
    let text = |key, what| table.required(key, what).map(str::to_owned);
    let holder = text("holder", "whose account it is, as the bank writes it");
    let bank = text("bank", "the bank and its branch");
    let number = text("number", "the account's number");
    let days = u16::try_from(table.number("days", 1..=60, 7)).unwrap_or(7);
    Some(BankAccount { holder: holder?, bank: bank?, number: number?, days })
}

/// A text in the languages of the program; one of them is enough.
pub(super) fn localized(table: &Table<'_>, key: &'static str, what: &str) -> Option<Localized> {
    if !table.has(key) {
        table.missing(key, what);
    }
    table.within(key, |texts| {
        if !texts.is_there() {
            return None;
        }
        let found = TAGS.map(|tag| texts.text(tag).map(|text| (tag.to_owned(), text.to_owned())));
        let found: BTreeMap<String, String> = found.into_iter().flatten().collect();
        if found.values().all(|text| text.trim().is_empty()) {
            table.wrong(key, format_args!("empty: {what}"));
            return None;
        }
        Some(Localized(found))
    })
}

fn rules(table: &Table<'_>) -> FamilyRules {
    let days = |key| table.maybe_number(key, 0..=3_650).and_then(|days| u16::try_from(days).ok());
    FamilyRules {
        grace_days: days("grace_days").unwrap_or(0),
        test_days: days("test_days"),
        test_octets: table.number("test_octets", 0..=i64::MAX, 0).unsigned_abs(),
        silent_days: days("silent_days"),
        suspended_days: days("suspended_days"),
        keep_number_days: days("keep_number_days"),
        terminated_days: days("terminated_days"),
        quarantine_days: days("quarantine_days"),
    }
}

fn retention(table: &Table<'_>) -> Retention {
    let usual = Retention::default();
    let days =
        |key, least, usual: u16| u16::try_from(table.number(key, least..=36_500, i64::from(usual))).unwrap_or(usual);
    Retention {
        login_code_days: days("login_code_days", 0, usual.login_code_days),
        account_event_days: days("account_event_days", 0, usual.account_event_days),
        login_session_days: days("login_session_days", 0, usual.login_session_days),
        idempotency_key_days: days("idempotency_key_days", 30, usual.idempotency_key_days),
        notice_days: days("notice_days", 0, usual.notice_days),
        message_days: days("message_days", 0, usual.message_days),
        usage_days: days("usage_days", 0, usual.usage_days),
        case_days: days("case_days", 0, usual.case_days),
        refused_invoice_days: days("refused_invoice_days", 0, usual.refused_invoice_days),
        velocity_count_days: days("velocity_count_days", 0, usual.velocity_count_days),
        contribution_days: days("contribution_days", 0, usual.contribution_days),
    }
}

/// An amount of the brand's currency, in millionths.
fn amount(text: &str, currency: Option<Currency>) -> Result<i64, String> {
    match currency.map(|currency| Money::parse(text, currency)) {
        Some(Ok(amount)) if amount.micros() >= 0 => Ok(amount.micros()),
        _ => Err(format!("{text:?} is no amount, like \"100.00\"")),
    }
}

fn refund_limits(table: &Table<'_>, currency: Option<Currency>) -> RefundLimits {
    let alone_max = table.parsed("alone_max", |text| amount(text, currency));
    RefundLimits { alone_max: alone_max.unwrap_or(RefundLimits::default().alone_max) }
}

fn credit_limits(table: &Table<'_>, currency: Option<Currency>) -> CreditLimits {
    let usual = CreditLimits::default();
    let most = |key, usual| table.parsed(key, |text| amount(text, currency)).unwrap_or(usual);
    CreditLimits {
        member_day: most("goodwill_member_day", usual.member_day),
        customer_day: most("goodwill_customer_day", usual.customer_day),
        alone_day: most("adjust_alone_day", usual.alone_day),
    }
}

fn velocity(table: &Table<'_>) -> Velocity {
    let usual = Velocity::default();
    let most = |key, usual: u32| u32::try_from(table.number(key, 0..=1_000_000, i64::from(usual))).unwrap_or(usual);
    Velocity {
        payer_per_hour: most("payer_per_hour", usual.payer_per_hour),
        payer_per_day: most("payer_per_day", usual.payer_per_day),
        line_per_hour: most("line_per_hour", usual.line_per_hour),
        line_per_day: most("line_per_day", usual.line_per_day),
        address_per_hour: most("address_per_hour", usual.address_per_hour),
        address_per_day: most("address_per_day", usual.address_per_day),
        card_per_hour: most("card_per_hour", usual.card_per_hour),
        card_per_day: most("card_per_day", usual.card_per_day),
    }
}

/// Of what owners are reminded who choose nothing else.
fn reminders(table: &Table<'_>) -> Option<Reminders> {
    let usual = Reminders::default();
    let numbers = |text: &str| Reminders::split(text).ok_or_else(|| format!("{text:?} is no list, like \"7 3 0\""));
    let days = table.parsed("days", numbers).unwrap_or(usual.days);
    let percents = table.parsed("percents", numbers).unwrap_or(usual.percents);
    let quiet = |text: &str| {
        let times = text.split_once('-').and_then(|(from, until)| Quiet::minute(from).zip(Quiet::minute(until)));
        match (text, times) {
            ("none", _) => Ok(None),
            (_, Some((from, until))) => Ok(Some(Quiet { from, until })),
            _ => Err(format!("{text:?} are no hours, like \"21:00-09:00\" or \"none\"")),
        }
    };
    let quiet = table.parsed("quiet", quiet).unwrap_or(usual.quiet);
    let forecast = table.word("forecast", &[("yes", true), ("no", false)]).unwrap_or(true);
    let checked = Reminders { days, percents, forecast, quiet }.checked();
    checked.map_err(|why| table.wrong("days", format_args!("days, percents and quiet: {why}"))).ok()
}

/// The terms, from files of plain text.
fn terms(table: &Table<'_>) -> Option<Localized> {
    table.within("terms_files", |files| {
        let texts = TAGS.map(|tag| {
            let path = files.path(tag)?;
            match std::fs::read_to_string(&path) {
                Ok(text) => Some((tag.to_owned(), text)),
                Err(error) => {
                    files.wrong(tag, format_args!("cannot read {}: {error}", path.display()));
                    None
                }
            }
        });
        let texts: BTreeMap<String, String> = texts.into_iter().flatten().collect();
        (!texts.is_empty()).then_some(Localized(texts))
    })
}
