//! A line, an order and an attempt to vary; and effects as text, one line each.

use everline_core::brand::{Brand, FamilyRules, Localized};
use everline_core::charging::{Allowance, Bucket, Period, Service, Session, Window};
use everline_core::effects::{Effects, Job};
use everline_core::identifiers::Msisdn;
use everline_core::ids::{AttemptId, CustomerId, LineId, OrderId, RawId, SessionId};
use everline_core::ledger::{Balances, Cause, Posting, Template};
use everline_core::line::{DeviceKind, Line, LineState, NetworkKind};
use everline_core::money::{Currency, Money};
use everline_core::number_plan::NumberPlan;
use everline_core::offering::{
    Eligibility, Family, Included, Offering, OfferingKind, OfferingRef, RefundRule, SaleState, StartPolicy, Unit,
    UsedUp,
};
use everline_core::order::{Order, OrderState, PlacedBy};
use everline_core::payment::{Attempt, AttemptState, Evidence, Method, Provider};
use everline_core::renewal::Facts;
use everline_core::time::{BusinessTime, HOUR_US, Now, SystemTime, Validity, Zone};
use std::collections::BTreeMap;

pub fn zone() -> Zone {
    Zone::named("Asia/Shanghai").unwrap()
}
/// `03-10 12:00` of 2026 in Shanghai.
pub fn at(text: &str) -> BusinessTime {
    let (date, time) = text.split_once(' ').unwrap();
    let days = |month: u16| (1..month).map(|m| [31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31][usize::from(m) - 1]);
    let (month, day) = date.split_once('-').unwrap();
    let (hour, minute) = time.split_once(':').unwrap();
    let days: i64 = days(month.parse().unwrap()).sum::<i64>() + day.parse::<i64>().unwrap() - 1;
    let minutes = hour.parse::<i64>().unwrap() * 60 + minute.parse::<i64>().unwrap();
    // 2026-01-01 00:00 in Shanghai.
    BusinessTime::from_us(1_767_196_800_000_000 + days * 24 * HOUR_US + minutes * 60_000_000)
}
/// The inverse of [`at`].
pub fn shown(at: BusinessTime) -> String {
    zone().local(at).strftime("%m-%d %H:%M").to_string()
}
pub fn now(text: &str) -> Now {
    Now { business: at(text), system: SystemTime::from_us(at(text).us()) }
}
pub fn cny(text: &str) -> Money {
    Money::parse(text, Currency::CNY).unwrap()
}
pub fn raw(n: u8) -> RawId {
    RawId::new_v7(u64::from(n), [n; 10])
}

pub fn brand() -> Brand {
    Brand {
        name: Localized::default(),
        legal_name: Localized::default(),
        credit_code: String::new(),
        time_zone: "Asia/Shanghai".into(),
        currency: Currency::CNY,
        calling_code: "86".into(),
        numbers: NumberPlan::default(),
        hotline: String::new(),
        hotline_hours: Localized::default(),
        hotline_open: Vec::new(),
        terms_version: "t1".into(),
        order_minutes: 30,
        regions: std::collections::BTreeMap::new(),
        queued_plans_max: 2,
        companions_max: 2,
        retention: everline_core::retention::Retention::default(),
        bank: None,
        refunds: everline_core::refund_request::RefundLimits::default(),
        credit: everline_core::credit_change::CreditLimits::default(),
        velocity: everline_core::velocity::Velocity::default(),
        reminders: everline_core::reminder::Reminders::default(),
        identity: everline_core::identity::IdentityRules::default(),
        families: BTreeMap::from([(Family::Phone, FamilyRules { grace_days: 3, ..FamilyRules::default() })]),
    }
}
/// A monthly plan of 10 units for 39.00.
pub fn month() -> Offering {
    Offering {
        reference: OfferingRef { code: "month".into(), version: 1 },
        sale: SaleState::Published,
        kind: OfferingKind::Plan,
        name: Localized::default(),
        summary: Localized::default(),
        price: cny("39"),
        renewal_price: cny("39"),
        included: vec![Included { unit: Unit::Octets, amount: 10 }],
        validity: Some(Validity::Months(1)),
        start: StartPolicy::Immediate,
        families: vec![Family::Phone],
        upstream_code: None,
        used_up: UsedUp::Stop,
        refund: RefundRule::NotAfterDelivery,
        roaming: Localized::default(),
        with_esim: false,
        countries: Vec::new(),
        eligibility: Eligibility::default(),
    }
}
pub fn pack() -> Offering {
    let reference = OfferingRef { code: "pack".into(), version: 1 };
    Offering { reference, kind: OfferingKind::Pack, validity: Some(Validity::Days(7)), ..month() }
}
pub fn topup() -> Offering {
    let reference = OfferingRef { code: "topup".into(), version: 1 };
    Offering { reference, kind: OfferingKind::TopUp, validity: None, included: Vec::new(), ..month() }
}
pub fn first_use() -> Offering {
    let reference = OfferingRef { code: "trip".into(), version: 1 };
    Offering { reference, start: StartPolicy::FirstUse { within_days: 180 }, ..month() }
}

pub fn line(state: LineState) -> Line {
    Line {
        id: LineId(raw(2)),
        customer: CustomerId(raw(1)),
        version: 0,
        msisdn: Msisdn::parse("13800000001").unwrap(),
        name: String::new(),
        device: DeviceKind::Phone,
        family: Family::Phone,
        network: NetworkKind::BuiltIn,
        state,
        state_since: at("01-01 00:00"),
        service_until: None,
        guest_renewal: true,
        main_balance_consent: false,
    }
}
/// A bought plan that runs between two times, with 10 units and 39.00 to earn.
pub fn plan(n: u8, from: &str, to: &str) -> Period {
    Period {
        order: OrderId(raw(n)),
        offering: month().reference,
        kind: OfferingKind::Plan,
        window: Window::Fixed { starts_at: at(from), ends_at: at(to) },
        anchor_day: None,
        deferred: 39_000_000,
        recognised: 0,
        recognitions: 0,
        buckets: vec![Bucket { unit: Unit::Octets, granted: 10, used: 0 }],
    }
}
/// A bought plan that begins with its first use.
pub fn waiting_for_use(n: u8, begins_by: &str) -> Period {
    let window = Window::FirstUse { begins_by: at(begins_by), validity: Validity::Months(1) };
    Period { window, offering: first_use().reference, ..plan(n, "01-01 00:00", "01-02 00:00") }
}
pub fn session(n: u8, service: Service) -> Session {
    let (id, notify_url) = (SessionId(raw(n)), "http://radio".to_owned());
    Session { id, imsi: format!("46011000000{n:04}"), notify_url, service, sequence: 0, restoring_for: None }
}
pub fn allowance(periods: Vec<Period>, sessions: Vec<Session>) -> Allowance {
    Allowance { periods, sessions, trial: None }
}
/// Order number `n` of the line, in a state, placed at 11:30 on 10 March.
pub fn order(n: u8, offering: &Offering, state: OrderState) -> Order {
    Order {
        id: OrderId(raw(n)),
        customer: CustomerId(raw(1)),
        line: LineId(raw(2)),
        number: "n".into(),
        offering: offering.reference.clone(),
        price: offering.price,
        funds: 0,
        state,
        placed_by: PlacedBy::Owner,
        terms_version: "t1".into(),
        placed_at: at("03-10 11:30"),
        expires_at: at("03-10 12:00"),
        paid_at: None,
        delivered_at: None,
        in_effect_at: None,
        closed_at: None,
        starts_at: None,
        ends_at: None,
    }
}
pub fn attempt(order: &Order) -> Attempt {
    Attempt {
        id: AttemptId(raw(50)),
        customer: order.customer,
        order: order.id,
        method: Method::AlipayQr,
        out_trade_no: "otn".into(),
        amount: order.price,
        state: AttemptState::Pending,
        reference: None,
        pay_url: None,
        pay_url_until: None,
        trade_no: None,
        received: 0,
        settlement: None,
        created_at: SystemTime::from_us(0),
        expires_at: SystemTime::from_us(1),
        paid_at: None,
    }
}
pub fn evidence() -> Evidence {
    Evidence { provider: Provider::Alipay, out_trade_no: "otn".into(), trade_no: "T1".into(), amount: cny("39") }
}
/// An open order for a monthly plan on an active line whose plan ended just now: the plan begins at once.
pub fn facts(offering: Offering) -> Facts {
    let order = order(10, &offering, OrderState::AwaitingPayment);
    let (attempt, line) = (attempt(&order), line(LineState::Active));
    let others = Vec::new();
    Facts { balances: Balances::default(), line, order, attempt, others, allowance: Allowance::default(), offering }
}
/// Balances after the given postings of an amount.
pub fn balances(postings: &[(Template, i64)]) -> Balances {
    postings.iter().fold(Balances::default(), |balances, (template, amount)| {
        let order = OrderId(raw(99));
        balances.after(&Posting::new(*template, Cause::Order(order), order, *amount, at("01-01 00:00"))).unwrap()
    })
}

/// Effects as text, one line each, in a fixed order.
pub fn told(effects: &Effects) -> String {
    let mut lines: Vec<String> = Vec::new();
    let decimal = |micros: i64| Money::from_micros(micros, Currency::CNY).decimal();
    for posting in &effects.postings {
        lines.push(format!("{} {}", posting.template.word(), decimal(posting.amount)));
    }
    for attempt in &effects.attempts {
        let settlement = attempt.settlement.map_or("nothing", |settlement| settlement.word());
        lines.push(format!("attempt {} {} to {settlement}", attempt.state.word(), decimal(attempt.received)));
    }
    for order in &effects.orders {
        let day = |at: Option<BusinessTime>| at.map_or("?".to_owned(), shown);
        let time = match (order.starts_at, order.ends_at) {
            (None, None) => String::new(),
            (from, to) => format!(" {} to {}", day(from), day(to)),
        };
        lines.push(format!("order {} {}{time}", order.id.bytes()[15], order.state.word()));
    }
    if let Some(line) = &effects.line {
        let until = line.service_until.map_or("nothing".to_owned(), shown);
        lines.push(format!("line {} until {until}", line.state.word()));
    }
    for session in effects.allowance.iter().flat_map(|allowance| &allowance.sessions) {
        lines.push(format!("session {} {:?}", session.id.bytes()[15], session.service));
    }
    lines.extend(effects.receipt.map(|_| "receipt".to_owned()));
    for refund in &effects.refunds {
        lines.push(format!("refund {} {} {}", refund.reason.word(), refund.state.word(), refund.amount.decimal()));
    }
    lines.extend(effects.cases.iter().map(|case| format!("case {}", case.reason.word())));
    for job in &effects.jobs {
        lines.push(match job {
            Job::SendMessage { kind, .. } => format!("tell {}", kind.word()),
            Job::TellNetwork { session, action, .. } => format!("network {action:?} {}", session.bytes()[15]),
            other => format!("job {}", other.word()),
        });
    }
    lines.join("\n")
}

/// Compares text with an indented expectation.
pub fn same(found: &str, expected: &str) {
    let expected: Vec<&str> = expected.lines().map(str::trim).filter(|line| !line.is_empty()).collect();
    let found: Vec<&str> = found.lines().collect();
    assert_eq!(found, expected);
}
