//! How an order is shown: where it is, who is waited for, what one can do, and whose side it is on.

use crate::portal::device_form::device_words;
use crate::portal::line_shown::number;
use crate::portal::offering_shown::{Term, contents};
use crate::portal::pay::{MethodShown, credit_shown, method_shown, provider_key};
use crate::portal::qr::{Qr, qr};
use crate::portal::refund::asks;
use crate::show::Show;
use crate::texts::Arg;
use aws_lc_rs::digest::{SHA256, digest};
use everline_app::order_page::OrderView;
use everline_app::secrets::hex;
use everline_core::line::NetworkKind;
use everline_core::money::Money;
use everline_core::offering::OfferingKind;
use everline_core::order::OrderState;
use everline_core::payment::{Attempt, AttemptState, Method, Settlement, Way};
use everline_core::refund::{Refund, RefundReason, RefundState};
use everline_core::time::{BusinessTime, Now, SECOND_US};

/// For whom an order is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Audience {
    /// The line's owner.
    Owner,
    /// Whoever has the secret link: learns nothing of what the line had before.
    Guest,
}

/// An order as the templates show it.
pub(crate) struct OrderShown {
    /// The address of the page, without a slash at its end.
    pub(crate) base: String,
    /// `wait`, `soon`, `fine` or `stopped`.
    pub(crate) tone: &'static str,
    pub(crate) headline: String,
    pub(crate) lead: Vec<String>,
    pub(crate) steps: Vec<Step>,
    pub(crate) pay: Option<PayShown>,
    /// This page in another browser, where this one opens no payment application.
    pub(crate) elsewhere: Option<Elsewhere>,
    /// Ways to pay, beside the one that is open.
    pub(crate) methods: Vec<MethodShown>,
    /// Whether a card among them can be remembered.
    pub(crate) remembers: bool,
    /// Whether one is open.
    pub(crate) other_way: bool,
    /// Where to transfer to, while a transfer is waited for.
    pub(crate) transfer: Vec<Term>,
    /// Whether a voucher can pay it.
    pub(crate) takes_voucher: bool,
    /// What the provider said when it was asked just now.
    pub(crate) asked: Option<String>,
    pub(crate) can_ask: bool,
    pub(crate) can_ask_network: bool,
    pub(crate) again: Option<String>,
    pub(crate) receipt: Option<String>,
    /// Where the eSIM that was bought is loaded.
    pub(crate) esim: Option<String>,
    /// Where the money can be asked back.
    pub(crate) refund: Option<String>,
    pub(crate) facts: Vec<Term>,
    /// Whose turn it is.
    pub(crate) side: String,
    /// Where changes are told, while there can be any.
    pub(crate) live: Option<String>,
    pub(crate) name: String,
    pub(crate) price: String,
}

/// A station of an order.
pub(crate) struct Step {
    pub(crate) label: String,
    pub(crate) when: String,
    /// `done`, `now` or `todo`.
    pub(crate) state: &'static str,
}

/// The same page in another browser.
pub(crate) struct Elsewhere {
    pub(crate) title: String,
    pub(crate) how: String,
    pub(crate) link: String,
    /// Whether one can pay here as well.
    pub(crate) beside: bool,
}

/// Where an order is shown.
pub(crate) struct Here {
    /// The ways to pay that are offered there.
    pub(crate) ways: Vec<Method>,
    /// What WeChat's browser is handed to pay the open attempt, in the browser of the person for whom it was begun.
    pub(crate) handed: Option<String>,
}

/// How to pay, now.
pub(crate) struct PayShown {
    /// What WeChat's browser is handed.
    pub(crate) handed: Option<String>,
    /// A code to scan, and what it is.
    pub(crate) qr: Option<(Qr, String)>,
    /// A link to open, and what it is called.
    pub(crate) link: Option<(String, String)>,
    /// Seconds left, where they are few.
    pub(crate) left_s: Option<i64>,
    pub(crate) until: String,
}

/// An order's number in groups people can read to each other: `20261122 4733 8880 2939`.
pub(crate) fn order_number(number: &str) -> String {
    match (number.get(..8), number.get(8..12), number.get(12..16), number.get(16..)) {
        (Some(day), Some(a), Some(b), Some(c)) if number.len() == 20 => format!("{day} {a} {b} {c}"),
        _ => number.to_owned(),
    }
}

/// The key of an order's state in a few words.
pub(crate) const fn headline(state: OrderState) -> &'static str {
    match state {
        OrderState::AwaitingPayment => "order-awaiting-payment",
        OrderState::Closed => "order-closed",
        OrderState::Paid => "order-paid",
        OrderState::Delivered => "order-delivered",
        OrderState::Queued => "order-queued",
        OrderState::StartsOnFirstUse => "order-starts-on-first-use",
        OrderState::InEffect => "order-in-effect",
        OrderState::Refunding => "order-refunding",
        OrderState::Refunded => "order-refunded",
    }
}

/// What tells one appearance of an order from the next: everything that its page shows and that can change by itself.
pub(crate) fn version(view: &OrderView) -> String {
    let attempts: Vec<_> = view.attempts.iter().map(|a| (a.id, a.state, a.pay_url.is_some(), a.settlement)).collect();
    let refunds: Vec<_> = view.refunds.iter().map(|refund| (refund.id, refund.state)).collect();
    let receipt = view.receipt.as_ref().map(|receipt| receipt.number);
    let text = format!("{:?}{attempts:?}{refunds:?}{:?}{receipt:?}", view.order.state, view.cases);
    hex(digest(&SHA256, text.as_bytes()).as_ref()).chars().take(16).collect()
}

/// Whether nothing more happens to it by itself that its page must tell at once.
fn settled(view: &OrderView) -> bool {
    let unsettled_refund = view.refunds.iter().any(|refund| refund.state == RefundState::InFlight);
    let final_state = matches!(
        view.order.state,
        OrderState::Closed
            | OrderState::InEffect
            | OrderState::Queued
            | OrderState::StartsOnFirstUse
            | OrderState::Refunded
    );
    final_state && !unsettled_refund && view.receipt.as_ref().is_none_or(|receipt| receipt.number.is_some())
}

fn in_suspense(view: &OrderView) -> bool {
    view.attempts.iter().any(|attempt| attempt.settlement == Some(Settlement::Suspense))
}

/// The attempt that can be paid now, or whose fate is not known: the newest one that is open and asks for what is missing. One
/// that asks for more, because a part was paid meanwhile, is being closed; a reference for a transfer serves for any amount.
pub(crate) fn open_attempt(view: &OrderView, now: Now) -> Option<&Attempt> {
    let missing = view.order.price.micros().saturating_sub(view.order.funds);
    let asks = |attempt: &Attempt| attempt.amount.micros() == missing || attempt.method == Method::BankTransfer;
    let open = |attempt: &&Attempt| attempt.state.open() && attempt.expires_at > now.system && asks(attempt);
    view.attempts.iter().rfind(open)
}

/// Everything about an order.
pub(crate) fn shown(
    show: &Show,
    view: &OrderView,
    audience: Audience,
    base: String,
    here: Here,
    now: Now,
) -> OrderShown {
    let state = view.order.state;
    let payable = state == OrderState::AwaitingPayment && view.order.expires_at > now.business;
    // Money came that is not what was asked: a person looks at it, and nobody is asked to pay again meanwhile.
    let payable = payable && !in_suspense(view);
    let open = open_attempt(view, now).filter(|_| payable);
    let Here { ways, handed } = here;
    let pay = open.and_then(|attempt| pay_shown(show, attempt, handed, now));
    let silent = open.is_some_and(|attempt| attempt.state == AttemptState::Unknown);
    // Its place to pay cannot be opened any more, or not here: the same way is offered again.
    let shut = open.filter(|attempt| attempt.state == AttemptState::Pending && pay.is_none());
    let shut = shut.filter(|attempt| attempt.method.way() != Way::AtOnce);
    let (tone, mut lead) = lead(show, view, audience, (payable, open.filter(|_| shut.is_none()), silent));
    let only_there = shut.filter(|shut| shut.method.way() == Way::InWechat && !ways.contains(&shut.method));
    lead.extend(only_there.map(|_| show.lang.get("order-lead-only-in-wechat")));
    let methods = ways.iter().filter(|way| payable && open.is_none_or(|open| shut.is_some() || open.method != **way));
    let mut methods: Vec<MethodShown> = methods.map(|method| method_shown(show, *method)).collect();
    // Guests add; what the owner holds is the owner's to spend. More credit is bought with money.
    let spends = payable && audience == Audience::Owner && view.offering.kind != OfferingKind::TopUp;
    let credit = view.credit.filter(|credit| spends && credit.micros() > 0);
    methods.extend(credit.map(|credit| credit_shown(show, credit)));
    let again = match (state, audience) {
        (OrderState::Closed, _) | (OrderState::Refunded, _) => Some(()),
        (OrderState::AwaitingPayment, _) if !payable && !in_suspense(view) => Some(()),
        _ => None,
    };
    let again = again.map(|()| match audience {
        Audience::Owner if view.device.is_some() => format!("/esim/buy?offering={}", view.offering.reference),
        Audience::Owner => format!("/lines/{}/renew?offering={}", view.line.id, view.offering.reference),
        Audience::Guest => "/renew".to_owned(),
    });
    OrderShown {
        tone,
        headline: show.lang.get(headline_for(view, audience)),
        lead,
        steps: steps(show, view, audience),
        pay,
        elsewhere: None,
        methods,
        remembers: false,
        asked: None,
        other_way: open.is_some(),
        transfer: Vec::new(),
        takes_voucher: payable && view.offering.kind != OfferingKind::TopUp,
        can_ask: state == OrderState::AwaitingPayment
            && !in_suspense(view)
            && view.attempts.last().is_some_and(|attempt| attempt.method != Method::BankTransfer),
        can_ask_network: state.paid_not_in_effect(),
        again,
        receipt: view.receipt.as_ref().map(|_| format!("{base}/receipt")),
        esim: (audience == Audience::Owner && view.device.is_some() && state.delivered())
            .then(|| format!("/lines/{}/esim", view.line.id)),
        refund: asks(view, audience).then(|| format!("{base}/refund")),
        facts: facts(show, view, audience),
        side: with_provider(show, view, side(view, silent)),
        live: (!settled(view)).then(|| format!("{base}/events?v={}", version(view))),
        name: view.offering.name.get(show.lang.tag()).to_owned(),
        price: show.money(view.order.price),
        base,
    }
}

/// A text that names the provider of the newest attempt.
pub(crate) fn with_provider(show: &Show, view: &OrderView, key: &str) -> String {
    let provider = view.attempts.last().and_then(|attempt| attempt.method.provider());
    let name = show.lang.get(provider_key(provider));
    show.lang.with(key, &[("provider", Arg::Text(&name))])
}

fn pay_shown(show: &Show, attempt: &Attempt, handed: Option<String>, now: Now) -> Option<PayShown> {
    let opens = attempt.pay_url_until.is_none_or(|until| until > now.system);
    let url = attempt.pay_url.as_deref().filter(|_| attempt.state == AttemptState::Pending && opens)?;
    if attempt.method.way() == Way::InWechat && handed.is_none() {
        return None;
    }
    let left_us = attempt.expires_at.since_us(now.system);
    // A link is opened in the browser: only an address may stand there.
    let link = || url.starts_with("https://") || url.starts_with("http://");
    let provider = show.lang.get(provider_key(attempt.method.provider()));
    let named = |key| show.lang.with(key, &[("provider", Arg::Text(&provider))]);
    let way = attempt.method.way();
    Some(PayShown {
        handed: handed.filter(|_| way == Way::InWechat),
        qr: if way == Way::Scan { qr(url).map(|qr| (qr, named("order-qr"))) } else { None },
        link: (!matches!(way, Way::Scan | Way::InWechat) && link())
            .then(|| (url.to_owned(), named("order-open-provider"))),
        left_s: (attempt.method != Method::BankTransfer).then_some(left_us / SECOND_US),
        until: match attempt.method {
            Method::BankTransfer => show.moment(now.business.plus_us(left_us)),
            _ => show.time(now.business.plus_us(left_us)),
        },
    })
}

/// A guest is not told whether what was bought waits behind a plan.
fn headline_for(view: &OrderView, audience: Audience) -> &'static str {
    match (audience, view.order.state) {
        (Audience::Guest, OrderState::Queued | OrderState::StartsOnFirstUse | OrderState::InEffect) => "order-done",
        (_, OrderState::AwaitingPayment) if in_suspense(view) => "order-checking",
        (_, OrderState::InEffect) if view.offering.kind == OfferingKind::TopUp => "order-credited",
        (_, state) => headline(state),
    }
}

fn lead(
    show: &Show,
    view: &OrderView,
    audience: Audience,
    (payable, open, silent): (bool, Option<&Attempt>, bool),
) -> (&'static str, Vec<String>) {
    let lang = show.lang;
    let say = |key: &str| lang.get(key);
    let at = |key: &str, at: Option<BusinessTime>| {
        let when = at.map(|at| show.moment(at)).unwrap_or_default();
        lang.with(key, &[("when", Arg::Text(&when))])
    };
    let (tone, mut lead) = match view.order.state {
        OrderState::AwaitingPayment if in_suspense(view) => ("wait", vec![say("order-lead-suspense")]),
        OrderState::AwaitingPayment if !payable => ("stopped", vec![say("order-lead-too-late")]),
        OrderState::AwaitingPayment if silent => {
            ("wait", vec![with_provider(show, view, "order-lead-silent"), say("order-lead-silent-safe")])
        }
        OrderState::AwaitingPayment => match open.map(|attempt| attempt.method.way()) {
            Some(Way::Scan) => ("wait", vec![with_provider(show, view, "order-lead-scan")]),
            Some(Way::Transfer) => ("wait", vec![say("transfer-lead")]),
            Some(Way::AtOnce) => ("wait", vec![say("order-lead-debit")]),
            Some(_) => ("wait", vec![with_provider(show, view, "order-lead-open")]),
            None if view.attempts.last().is_some_and(|attempt| attempt.method == Method::SavedCard) => {
                ("wait", vec![say("order-lead-auto-renew")])
            }
            None if view.attempts.iter().any(|a| a.state == AttemptState::Failed) => {
                ("wait", vec![with_provider(show, view, "order-lead-refused")])
            }
            None => ("wait", vec![say("order-lead-choose")]),
        },
        OrderState::Closed => ("stopped", vec![say("order-lead-closed")]),
        OrderState::Paid => ("wait", vec![say("order-lead-paid"), say("order-lead-paid-promise")]),
        OrderState::Delivered => (
            "wait",
            vec![say("order-lead-delivered"), say("order-lead-delivered-device"), say("order-lead-paid-promise")],
        ),
        OrderState::Queued | OrderState::StartsOnFirstUse | OrderState::InEffect if audience == Audience::Guest => {
            ("fine", vec![say("order-lead-done-guest")])
        }
        OrderState::Queued => ("fine", vec![at("order-lead-queued", view.order.starts_at)]),
        OrderState::StartsOnFirstUse => ("fine", vec![say("order-lead-first-use")]),
        OrderState::InEffect if view.offering.kind == OfferingKind::TopUp => ("fine", vec![say("order-lead-credited")]),
        OrderState::InEffect => ("fine", vec![at("order-lead-in-effect", view.order.ends_at)]),
        OrderState::Refunding if view.order.delivered_at.is_some() => ("wait", vec![say("order-lead-returning")]),
        OrderState::Refunding => ("wait", vec![say("order-lead-refunding")]),
        OrderState::Refunded => ("stopped", vec![say("order-lead-refunded")]),
    };
    if in_suspense(view) && view.order.state != OrderState::AwaitingPayment {
        lead.push(say("order-lead-suspense"));
    } else if !in_suspense(view) && !view.cases.is_empty() {
        lead.push(say("order-lead-case"));
    }
    let credited: i64 = view.attempts.iter().filter(|a| a.method == Method::BankTransfer).map(beyond).sum();
    if credited > 0 {
        let amount = show.money(Money::from_micros(credited, view.order.price.currency()));
        lead.push(lang.with("transfer-credited", &[("amount", Arg::Text(&amount))]));
    }
    lead.extend(view.refunds.iter().filter_map(|refund| {
        let amount = show.money(refund.amount);
        let key = match (refund.reason, refund.state) {
            (_, RefundState::Credited) => "order-refund-credited",
            (_, RefundState::PaidOut) => "order-refund-paid-out",
            (_, RefundState::MadeGood) => "order-refund-made-good",
            (_, RefundState::Failed) => "order-refund-failed",
            (RefundReason::NetworkRefused, _) => return None, // the order's own state tells it
            (RefundReason::Late, RefundState::Done) => "order-refund-late-done",
            (RefundReason::Late, _) => "order-refund-late",
            (RefundReason::Undeliverable, RefundState::Done) => "order-refund-undeliverable-done",
            (RefundReason::Undeliverable, _) => "order-refund-undeliverable",
            (RefundReason::NotNeeded, _) => "order-refund-not-needed",
            (RefundReason::Surplus, RefundState::Done) => "order-refund-surplus-done",
            (RefundReason::Surplus, _) => "order-refund-surplus",
            (_, RefundState::InFlight) => "order-refund-returning",
            (_, RefundState::Done) if from_credit(view, refund) => "order-refund-credited",
            (_, RefundState::Done) => "order-refund-returned",
        };
        Some(lang.with(key, &[("amount", Arg::Text(&amount))]))
    }));
    (tone, lead)
}

fn from_credit(view: &OrderView, refund: &Refund) -> bool {
    let attempt = view.attempts.iter().find(|attempt| attempt.id == refund.attempt);
    attempt.is_some_and(|attempt| attempt.method.provider().is_none())
}

/// What came by transfer beyond what the order used, and became credit.
fn beyond(attempt: &Attempt) -> i64 {
    match attempt.settlement {
        Some(Settlement::Credited) => attempt.received,
        _ => attempt.received.saturating_sub(attempt.into_order()),
    }
}

fn steps(show: &Show, view: &OrderView, audience: Audience) -> Vec<Step> {
    let order = &view.order;
    let when = |at: Option<BusinessTime>| at.map(|at| show.moment(at)).unwrap_or_default();
    let step = |key: &str, at: Option<BusinessTime>, state| Step { label: show.lang.get(key), when: when(at), state };
    let mut steps = vec![step("order-step-placed", Some(order.placed_at), "done")];
    match order.state {
        OrderState::Closed => steps.push(step("order-step-closed", order.closed_at, "now")),
        OrderState::AwaitingPayment => {
            let key = if in_suspense(view) { "order-step-checking" } else { "order-step-paying" };
            steps.push(step(key, None, "now"));
            steps.push(step("order-step-in-effect", None, "todo"));
        }
        OrderState::Refunding | OrderState::Refunded => {
            steps.push(step("order-step-paid", order.paid_at, "done"));
            let done = order.state == OrderState::Refunded;
            let key = if done { "order-step-refunded" } else { "order-step-refunding" };
            steps.push(step(key, order.closed_at, if done { "done" } else { "now" }));
        }
        OrderState::Paid | OrderState::Delivered => {
            steps.push(step("order-step-paid", order.paid_at, "done"));
            steps.push(step("order-step-waiting", None, "now"));
        }
        OrderState::Queued | OrderState::StartsOnFirstUse | OrderState::InEffect => {
            steps.push(step("order-step-paid", order.paid_at, "done"));
            let (key, at) = match (audience, order.state) {
                (Audience::Guest, _) => ("order-step-done", order.delivered_at),
                (_, OrderState::Queued) => ("order-step-queued", order.delivered_at),
                (_, OrderState::StartsOnFirstUse) => ("order-step-first-use", order.delivered_at),
                _ => ("order-step-in-effect", order.in_effect_at),
            };
            steps.push(step(key, at, "done"));
        }
    }
    steps
}

fn facts(show: &Show, view: &OrderView, audience: Audience) -> Vec<Term> {
    let lang = show.lang;
    let term = |key, value: String| Term { label: lang.get(key), value };
    let order = &view.order;
    let line = match audience {
        Audience::Owner if view.line.name.is_empty() => number(&view.line.msisdn),
        Audience::Owner => format!("{} · {}", view.line.name, number(&view.line.msisdn)),
        Audience::Guest => view.line.msisdn.masked(),
    };
    let in_order = |a: &&Attempt| a.method == Method::BankTransfer && a.settlement == Some(Settlement::Order);
    let transferred: i64 = view.attempts.iter().filter(in_order).map(Attempt::into_order).sum();
    let currency = order.price.currency();
    let came = (order.state == OrderState::AwaitingPayment && transferred > 0)
        .then(|| show.money(Money::from_micros(transferred, currency)));
    let set_aside = Some(Money::from_micros(order.funds.saturating_sub(transferred), currency))
        .filter(|funds| order.state == OrderState::AwaitingPayment && funds.micros() > 0);
    let mut facts = vec![
        term("order-fact-line", line),
        term("order-fact-set-aside", set_aside.map(|funds| show.money(funds)).unwrap_or_default()),
        term("transfer-came", came.unwrap_or_default()),
        term("order-fact-contents", contents(show, &view.offering)),
        term("order-fact-number", order_number(&order.number)),
    ];
    if audience == Audience::Owner {
        facts.extend(view.device.as_ref().map(|check| term("esim-device", device_words(lang, check))));
        facts.extend(order.starts_at.map(|at| term("order-fact-starts", show.moment(at))));
        facts.extend(order.ends_at.map(|at| term("order-fact-ends", show.moment(at))));
    }
    facts.retain(|fact| !fact.value.is_empty());
    facts
}

/// Whose turn it is, for "something wrong?".
fn side(view: &OrderView, silent: bool) -> &'static str {
    match view.order.state {
        state if !view.cases.is_empty() && !state.delivered() => "order-side-us",
        OrderState::AwaitingPayment if silent => "order-side-provider",
        OrderState::AwaitingPayment | OrderState::Closed => "order-side-you",
        OrderState::Paid => "order-side-partner",
        OrderState::Delivered if view.line.network == NetworkKind::BuiltIn => "order-side-us",
        OrderState::Delivered => "order-side-partner",
        OrderState::Refunding => "order-side-provider",
        OrderState::Queued | OrderState::StartsOnFirstUse | OrderState::InEffect | OrderState::Refunded => {
            "order-side-nobody"
        }
    }
}
