//! What the API's bodies look like.

use everline_app::home::{Advice, Home, LineView, PlanView};
use everline_app::order_page::{OrderView, ReceiptView};
use everline_core::charging::Window;
use everline_core::money::Money as Amount;
use everline_core::offering::{Offering, OfferingKind, RefundRule, StartPolicy, Unit, UsedUp};
use everline_core::order::{Order, PlacedBy};
use everline_core::payment::{Attempt, Way};
use everline_core::quote::{Change, Placement, Quote as CoreQuote};
use everline_core::receipt::Payee;
use everline_core::time::{BusinessTime, SystemTime, Validity, Zone};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use utoipa::ToSchema;

/// An amount: decimal text, so that nothing is lost, and its currency.
#[derive(Serialize, ToSchema)]
pub(crate) struct Money {
    #[schema(example = "9.90")]
    amount: String,
    /// ISO 4217.
    #[schema(example = "CNY")]
    currency: String,
}
impl From<Amount> for Money {
    fn from(amount: Amount) -> Self {
        Self { amount: amount.decimal(), currency: amount.currency().code().to_owned() }
    }
}

/// An instant in RFC 3339, in UTC.
pub(crate) fn time(at: BusinessTime) -> String {
    Zone::utc().local(at).timestamp().to_string()
}
fn system_time(at: SystemTime) -> String {
    time(BusinessTime::from_us(at.us()))
}

/// A problem document (RFC 9457).
#[derive(Serialize, ToSchema)]
#[allow(dead_code, reason = "describes what the guard writes")]
pub(crate) struct ProblemDocument {
    /// Stable; names what is wrong and leads to its description.
    #[serde(rename = "type")]
    #[schema(example = "/api#problem-not-found")]
    kind: String,
    title: String,
    status: u16,
    detail: String,
    /// The field or header that is to blame.
    field: Option<String>,
    /// A stable word for the rule that it breaks.
    rule: Option<String>,
}

/// Asks for a one-time code.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct CodeRequest {
    #[schema(example = "13800138000")]
    pub(crate) phone: String,
}
/// The request to be named when signing in. The answer is the same for every number.
#[derive(Serialize, ToSchema)]
pub(crate) struct CodeSent {
    pub(crate) request_id: String,
}
/// Signs in with a one-time code.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct SignIn {
    pub(crate) request_id: String,
    #[schema(example = "123456")]
    pub(crate) code: String,
}
/// Signs in with a number and its password.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct PasswordSignIn {
    #[schema(example = "13800138000")]
    pub(crate) phone: String,
    pub(crate) password: String,
}
/// The bearer token of further requests.
#[derive(Serialize, ToSchema)]
pub(crate) struct SignedIn {
    pub(crate) token: String,
    /// Always `Bearer`.
    pub(crate) token_type: &'static str,
}

/// The customer's first page.
#[derive(Serialize, ToSchema)]
pub(crate) struct HomeBody {
    name: String,
    paid_credit: Money,
    promo_credit: Money,
    lines: Vec<LineBody>,
}
impl From<&Home> for HomeBody {
    fn from(home: &Home) -> Self {
        Self {
            name: home.customer.name.clone(),
            paid_credit: home.paid_credit.into(),
            promo_credit: home.promo_credit.into(),
            lines: home.lines.iter().map(LineBody::from).collect(),
        }
    }
}

/// The customer's lines.
#[derive(Serialize, ToSchema)]
pub(crate) struct Lines {
    pub(crate) lines: Vec<LineBody>,
}

/// One line.
#[derive(Serialize, ToSchema)]
pub(crate) struct LineBody {
    id: String,
    msisdn: String,
    name: String,
    /// `active`, `grace`, `suspended` …
    state: &'static str,
    /// Whether to renew now, and why: `fine`, `ends_soon`, `used_up`, `grace`, `cut_off`, `waits_for_first_use`,
    /// `reserved` (for an order that is not paid), `nothing_yet`, `out_of_service`.
    advice: &'static str,
    renew_now: bool,
    /// End of the last plan, queued ones included.
    #[serde(skip_serializing_if = "Option::is_none")]
    service_until: Option<String>,
    left: Vec<LeftBody>,
    #[serde(skip_serializing_if = "Option::is_none")]
    current: Option<PlanBody>,
    queued: Vec<PlanBody>,
    packs: Vec<PlanBody>,
}
impl From<&LineView> for LineBody {
    fn from(view: &LineView) -> Self {
        let plans = |plans: &[PlanView]| plans.iter().map(PlanBody::from).collect();
        let left = |left: &everline_app::home::Left| LeftBody {
            unit: unit(left.unit),
            left: left.left,
            granted: left.granted,
        };
        Self {
            id: view.line.id.to_string(),
            msisdn: view.line.msisdn.as_str().to_owned(),
            name: view.line.name.clone(),
            state: view.line.state.word(),
            advice: advice(view.advice),
            renew_now: view.advice.renew_now(),
            service_until: view.line.service_until.map(time),
            left: view.left.iter().map(left).collect(),
            current: view.current.as_ref().map(PlanBody::from),
            queued: plans(&view.queued),
            packs: plans(&view.packs),
        }
    }
}

/// What is left of a unit: octets, seconds or messages.
#[derive(Serialize, ToSchema)]
pub(crate) struct LeftBody {
    unit: &'static str,
    left: i64,
    granted: i64,
}

/// A bought plan or pack.
#[derive(Serialize, ToSchema)]
pub(crate) struct PlanBody {
    /// `code@version`.
    offering: String,
    name: BTreeMap<String, String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    starts_at: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    ends_at: Option<String>,
    /// When one that starts on first use begins by itself.
    #[serde(skip_serializing_if = "Option::is_none")]
    begins_by: Option<String>,
}
impl From<&PlanView> for PlanBody {
    fn from(plan: &PlanView) -> Self {
        let (starts_at, ends_at, begins_by) = match plan.window {
            Window::Fixed { starts_at, ends_at } => (Some(time(starts_at)), Some(time(ends_at)), None),
            Window::FirstUse { begins_by, .. } => (None, None, Some(time(begins_by))),
        };
        let offering = &plan.offering;
        Self { offering: offering.reference.to_string(), name: offering.name.0.clone(), starts_at, ends_at, begins_by }
    }
}

/// What can be bought for a line.
#[derive(Serialize, ToSchema)]
pub(crate) struct Offerings {
    pub(crate) offerings: Vec<OfferingBody>,
}

/// An offering.
#[derive(Serialize, ToSchema)]
pub(crate) struct OfferingBody {
    /// `code@version`.
    #[schema(example = "watch-month@1")]
    id: String,
    /// `plan`, `pack` or `top_up`.
    kind: &'static str,
    name: BTreeMap<String, String>,
    summary: BTreeMap<String, String>,
    price: Money,
    renewal_price: Money,
    included: Vec<IncludedBody>,
    #[serde(skip_serializing_if = "Option::is_none")]
    validity: Option<ValidityBody>,
    /// Days within which one that starts on first use begins by itself.
    #[serde(skip_serializing_if = "Option::is_none")]
    first_use_within_days: Option<u16>,
    roaming: BTreeMap<String, String>,
    sellable: bool,
    /// Why it cannot be bought now.
    #[serde(skip_serializing_if = "Option::is_none")]
    not_sellable: Option<&'static str>,
}

/// An amount of octets, seconds or messages.
#[derive(Serialize, ToSchema)]
pub(crate) struct IncludedBody {
    unit: &'static str,
    amount: i64,
}

/// How long something lasts: so many days or months, or to the end of the month.
#[derive(Serialize, ToSchema)]
pub(crate) struct ValidityBody {
    #[serde(skip_serializing_if = "Option::is_none")]
    days: Option<u16>,
    #[serde(skip_serializing_if = "Option::is_none")]
    months: Option<u16>,
    #[serde(skip_serializing_if = "Option::is_none")]
    month_end: Option<bool>,
}
impl From<Validity> for ValidityBody {
    fn from(validity: Validity) -> Self {
        let none = Self { days: None, months: None, month_end: None };
        match validity {
            Validity::Days(days) => Self { days: Some(days), ..none },
            Validity::Months(months) => Self { months: Some(months), ..none },
            Validity::MonthEnd => Self { month_end: Some(true), ..none },
        }
    }
}

impl OfferingBody {
    pub(crate) fn new(offering: &Offering, not_sellable: Option<&'static str>) -> Self {
        let included = offering.included.iter();
        Self {
            id: offering.reference.to_string(),
            kind: match offering.kind {
                OfferingKind::Plan => "plan",
                OfferingKind::Pack => "pack",
                OfferingKind::TopUp => "top_up",
            },
            name: offering.name.0.clone(),
            summary: offering.summary.0.clone(),
            price: offering.price.into(),
            renewal_price: offering.renewal_price.into(),
            included: included.map(|one| IncludedBody { unit: unit(one.unit), amount: one.amount }).collect(),
            validity: offering.validity.map(ValidityBody::from),
            first_use_within_days: match offering.start {
                StartPolicy::FirstUse { within_days } => Some(within_days),
                StartPolicy::Immediate => None,
            },
            roaming: offering.roaming.0.clone(),
            sellable: not_sellable.is_none(),
            not_sellable,
        }
    }
}

/// Asks what an offering would mean for a line.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct QuoteRequest {
    /// `code@version`.
    #[schema(example = "watch-month@1")]
    pub(crate) offering: String,
}

/// What is told before paying.
#[derive(Serialize, ToSchema)]
pub(crate) struct QuoteBody {
    offering: String,
    price: Money,
    /// `now`, `after`, `first_use` or `credit`.
    placement: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    starts_at: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    ends_at: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    begins_by: Option<String>,
    /// `begins`, `extends`, `follows`, `adds` or `adds_money`.
    change: &'static str,
    /// The offering that runs until then.
    #[serde(skip_serializing_if = "Option::is_none")]
    follows: Option<String>,
    renewal_price: Money,
    /// `stop` or `not_applicable`.
    used_up: &'static str,
    /// Days in which an unused purchase is returned in full; 0: not after delivery.
    refund_unused_within_days: u16,
    /// To be accepted with the order.
    terms_version: String,
}
impl From<&CoreQuote> for QuoteBody {
    fn from(quote: &CoreQuote) -> Self {
        let (starts_at, ends_at) = quote.placement.bounds();
        let (placement, begins_by) = match quote.placement {
            Placement::Now { .. } => ("now", None),
            Placement::After { .. } => ("after", None),
            Placement::FirstUse { begins_by, .. } => ("first_use", Some(time(begins_by))),
            Placement::Credit => ("credit", None),
        };
        let (change, follows) = match &quote.change {
            Change::Begins => ("begins", None),
            Change::Extends => ("extends", None),
            Change::Follows(before) => ("follows", Some(before.to_string())),
            Change::Adds => ("adds", None),
            Change::AddsMoney => ("adds_money", None),
        };
        Self {
            offering: quote.offering.to_string(),
            price: quote.price.into(),
            placement,
            starts_at: starts_at.map(time),
            ends_at: ends_at.map(time),
            begins_by,
            change,
            follows,
            renewal_price: quote.renewal_price.into(),
            used_up: match quote.used_up {
                UsedUp::Stop => "stop",
                UsedUp::NotApplicable => "not_applicable",
            },
            refund_unused_within_days: match quote.refund {
                RefundRule::UnusedWithin { days } => days,
                RefundRule::NotAfterDelivery => 0,
            },
            terms_version: quote.terms_version.clone(),
        }
    }
}

/// Orders an offering. Nothing is taken before it is paid.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct OrderRequest {
    /// `code@version`.
    #[schema(example = "watch-month@1")]
    pub(crate) offering: String,
    /// The version of the terms that the customer accepted.
    pub(crate) terms_version: String,
}

/// Starts a payment.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct PaymentRequest {
    /// `alipay_qr`, `alipay_wap`, `alipay_page`, `wechat_qr`, `wechat_h5`, `card`, `card_kept` (a card that is remembered for
    /// renewals; not for guests), `bank_transfer` for organisations (the `out_trade_no` is the reference), or `credit`: what
    /// the account holds, as far as it goes.
    #[schema(example = "alipay_qr")]
    pub(crate) method: String,
}

/// One order.
#[derive(Serialize, ToSchema)]
pub(crate) struct OrderBody {
    id: String,
    number: String,
    line: String,
    offering: String,
    price: Money,
    /// `awaiting_payment`, `closed`, `paid`, `delivered`, `queued`, `starts_on_first_use`, `in_effect`, `refunding` or
    /// `refunded`. *Paid* and *delivered* are paid and not in effect yet.
    state: &'static str,
    /// `owner`, `guest`, `moved_in` (the line came from another system with it) or `auto_renew`.
    placed_by: &'static str,
    terms_version: String,
    placed_at: String,
    /// Until when it can be paid.
    expires_at: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    paid_at: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    delivered_at: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    in_effect_at: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    closed_at: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    starts_at: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    ends_at: Option<String>,
    payments: Vec<PaymentBody>,
    refunds: Vec<RefundBody>,
    /// Whether support looks at it.
    case_open: bool,
}
impl OrderBody {
    pub(crate) fn new(order: &Order, view: Option<&OrderView>) -> Self {
        let refund = |refund: &everline_core::refund::Refund| RefundBody {
            amount: refund.amount.into(),
            reason: refund.reason.word(),
            state: refund.state.word(),
            started_at: time(refund.started_at),
        };
        Self {
            id: order.id.to_string(),
            number: order.number.clone(),
            line: order.line.to_string(),
            offering: order.offering.to_string(),
            price: order.price.into(),
            state: order.state.word(),
            placed_by: match order.placed_by {
                PlacedBy::Owner => "owner",
                PlacedBy::Guest => "guest",
                PlacedBy::MovedIn => "moved_in",
                PlacedBy::AutoRenew => "auto_renew",
            },
            terms_version: order.terms_version.clone(),
            placed_at: time(order.placed_at),
            expires_at: time(order.expires_at),
            paid_at: order.paid_at.map(time),
            delivered_at: order.delivered_at.map(time),
            in_effect_at: order.in_effect_at.map(time),
            closed_at: order.closed_at.map(time),
            starts_at: order.starts_at.map(time),
            ends_at: order.ends_at.map(time),
            payments: view.map(|view| view.attempts.iter().map(PaymentBody::from).collect()).unwrap_or_default(),
            refunds: view.map(|view| view.refunds.iter().map(refund).collect()).unwrap_or_default(),
            case_open: view.is_some_and(|view| !view.cases.is_empty()),
        }
    }
}

/// One try to pay an order.
#[derive(Serialize, ToSchema)]
pub(crate) struct PaymentBody {
    id: String,
    /// As it was asked for; `wechat_jsapi` was started on the order's page inside WeChat, and can be nowhere else.
    method: &'static str,
    /// `created`, `pending`, `unknown`, `failed`, `closed` or `paid`.
    state: &'static str,
    amount: Money,
    out_trade_no: String,
    /// What the customer opens, or scans as a QR code.
    #[serde(skip_serializing_if = "Option::is_none")]
    pay_url: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    trade_no: Option<String>,
    expires_at: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    paid_at: Option<String>,
}
impl From<&Attempt> for PaymentBody {
    fn from(attempt: &Attempt) -> Self {
        Self {
            id: attempt.id.to_string(),
            method: attempt.method.word(),
            state: attempt.state.word(),
            amount: attempt.amount.into(),
            out_trade_no: attempt.out_trade_no.clone(),
            // A transfer is made nowhere but at the payer's bank, and what pays inside WeChat is no address.
            pay_url: attempt.pay_url.clone().filter(|_| !matches!(attempt.method.way(), Way::Transfer | Way::InWechat)),
            trade_no: attempt.trade_no.clone(),
            expires_at: system_time(attempt.expires_at),
            paid_at: attempt.paid_at.map(system_time),
        }
    }
}

/// Money on its way back, or back.
#[derive(Serialize, ToSchema)]
pub(crate) struct RefundBody {
    amount: Money,
    /// `late`, `undeliverable`, `surplus`, `network_refused` or `not_needed`: the order could not take the money. `by_rule`,
    /// `wrong_number` or `by_staff`: it was delivered, and goes back.
    reason: &'static str,
    /// `in_flight`, `done` or `failed`.
    state: &'static str,
    started_at: String,
}

/// The proof of an order.
#[derive(Serialize, ToSchema)]
pub(crate) struct ReceiptBody {
    /// Gap-free; follows within seconds.
    #[serde(skip_serializing_if = "Option::is_none")]
    number: Option<i64>,
    issued_at: String,
    amount: Money,
    /// The amount in Chinese financial numerals, for renminbi.
    #[serde(skip_serializing_if = "Option::is_none")]
    amount_in_words: Option<String>,
    payee: BTreeMap<String, String>,
    credit_code: String,
    /// The number, masked.
    msisdn: String,
    /// The card that served the line when the receipt was numbered, masked.
    #[serde(skip_serializing_if = "Option::is_none")]
    iccid: Option<String>,
    order: OrderBody,
    postings: Vec<PostingBody>,
    /// Where it is as a PDF file, once it has a number.
    #[serde(skip_serializing_if = "Option::is_none")]
    pdf: Option<String>,
    /// Where anybody can check it, once it has a number.
    #[serde(skip_serializing_if = "Option::is_none")]
    check: Option<String>,
}

/// A movement of money behind a receipt.
#[derive(Serialize, ToSchema)]
pub(crate) struct PostingBody {
    /// `PAID`, `DELIVERED` …
    template: String,
    amount: Money,
    posted_at: String,
}
impl ReceiptBody {
    pub(crate) fn new(view: &OrderView, receipt: &ReceiptView, payee: Payee, check: Option<String>) -> Self {
        let currency = view.order.price.currency();
        let postings = receipt.postings.iter().map(|transfer| PostingBody {
            template: transfer.template.clone(),
            amount: Amount::from_micros(transfer.amount, currency).into(),
            posted_at: time(transfer.posted_at),
        });
        Self {
            number: receipt.number,
            issued_at: time(receipt.issued_at),
            amount: view.order.price.into(),
            amount_in_words: crate::chinese_amount(view.order.price),
            payee: payee.legal_name.0,
            credit_code: payee.credit_code,
            msisdn: view.line.msisdn.masked(),
            iccid: receipt.iccid.clone(),
            pdf: receipt.number.map(|_| format!("/api/v1/orders/{}/receipt.pdf", view.order.id)),
            check,
            order: OrderBody::new(&view.order, Some(view)),
            postings: postings.collect(),
        }
    }
}

const fn unit(unit: Unit) -> &'static str {
    match unit {
        Unit::Octets => "octets",
        Unit::Seconds => "seconds",
        Unit::Messages => "messages",
    }
}

const fn advice(advice: Advice) -> &'static str {
    match advice {
        Advice::CutOff { .. } => "cut_off",
        Advice::Grace { .. } => "grace",
        Advice::UsedUp => "used_up",
        Advice::EndsSoon { .. } => "ends_soon",
        Advice::RenewsItself { .. } => "renews_itself",
        Advice::RunsOut { .. } => "runs_out",
        Advice::Fine { .. } => "fine",
        Advice::WaitsForFirstUse { .. } => "waits_for_first_use",
        Advice::Reserved { .. } => "reserved",
        Advice::NothingYet => "nothing_yet",
        Advice::OutOfService => "out_of_service",
    }
}
