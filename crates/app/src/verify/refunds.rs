//! Refunds of one order: each has its postings, from where its money was; together they are what the order's state says, and
//! what staff asked for. Pure: rows in, findings out.

use super::Collected;
use super::judge::{Gathered, order_row, refund_row};
use super::read::{RefundRow, RequestRow};
use everline_core::effects::CaseReason;
use everline_core::ids::AttemptId;
use everline_core::ledger::Template;
use everline_core::offering::OfferingKind;
use everline_core::order::OrderState;
use everline_core::payment::Method;
use everline_core::refund::{REFUNDS_MAX, RefundReason, RefundState, refund_id};
use everline_core::refund_request::{Decided, RequestState};
use everline_core::time::BusinessTime;

/// What went back of the price of a plan or pack.
#[derive(Default)]
pub(super) struct Returned {
    /// Before it was earned.
    pub(super) deferred: i64,
    /// After it was earned.
    pub(super) earned: i64,
}

/// What went back of what was delivered.
pub(super) fn returned(order: &Gathered) -> Returned {
    let mut back = Returned::default();
    for money in &order.money {
        match money.template {
            Template::RefundStartedFromDeferred | Template::DeferredToCredit | Template::DeferredToPromo => {
                back.deferred = back.deferred.saturating_add(money.amount);
            }
            Template::RefundStartedFromEarned | Template::EarnedToCredit | Template::EarnedToPromo => {
                back.earned = back.earned.saturating_add(money.amount);
            }
            _ => {}
        }
    }
    back
}

/// Where the money of a refund was, by the postings that may have started it.
fn sources(reason: RefundReason, method: Method, kind: OfferingKind) -> &'static [Template] {
    use Template as T;
    match (reason.after_delivery(), method, kind) {
        (true, _, OfferingKind::TopUp) => &[T::RefundStartedFromCredit],
        (true, Method::PaidCredit, _) => &[T::DeferredToCredit, T::EarnedToCredit],
        (true, Method::PromoCredit, _) => &[T::DeferredToPromo, T::EarnedToPromo],
        (true, ..) => &[T::RefundStartedFromDeferred, T::RefundStartedFromEarned],
        (false, Method::PaidCredit, _) => &[T::CreditReturned],
        // What came by bank and an order did not need is credit, as if it had been before.
        (false, Method::BankTransfer, _) if reason == RefundReason::NotNeeded => &[T::CreditReturned],
        (false, Method::PromoCredit, _) => &[T::PromoReturned],
        (false, ..) if reason == RefundReason::NetworkRefused => &[T::RefundStartedFromOrder],
        (false, ..) => &[T::RefundStartedFromSuspense],
    }
}

/// Every posting by which a refund may start.
const STARTS: [Template; 11] = [
    Template::RefundStartedFromOrder,
    Template::RefundStartedFromSuspense,
    Template::RefundStartedFromDeferred,
    Template::RefundStartedFromEarned,
    Template::RefundStartedFromCredit,
    Template::CreditReturned,
    Template::PromoReturned,
    Template::DeferredToCredit,
    Template::DeferredToPromo,
    Template::EarnedToCredit,
    Template::EarnedToPromo,
];

pub(super) fn judge_refund(refund: &RefundRow, order: &Gathered, kind: OfferingKind, out: &mut Collected) {
    let name = || refund_row(refund);
    let words = (RefundReason::from_word(&refund.reason), RefundState::from_word(&refund.state));
    let (Some(reason), Some(state)) = words else {
        out.found("stored_word", name(), format!("reason {:?}, state {:?}", refund.reason, refund.state));
        return;
    };
    let Some(attempt) = order.attempts.iter().find(|attempt| attempt.id == refund.attempt) else {
        out.found("refund_of_attempt", name(), format!("the order has no attempt {}", refund.attempt));
        return;
    };
    let of_attempt = order.refunds.iter().filter(|other| other.attempt == attempt.id).count();
    if !numbered(refund, attempt.id, of_attempt) || refund.out_request_no != refund.id.to_string() {
        out.found("refund_of_attempt", name(), "its numbers do not follow from its attempt");
    }
    if refund.currency != attempt.currency {
        out.found("currency", name(), format!("in {}, its attempt in {}", refund.currency, attempt.currency));
    }
    let settled = match reason {
        RefundReason::NotNeeded => "returned",
        RefundReason::Late | RefundReason::Undeliverable | RefundReason::Surplus => "refund",
        _ => "order",
    };
    if attempt.settlement.as_deref() != Some(settled) {
        let detail = format!("{}, of an attempt settled as {:?}", refund.reason, attempt.settlement);
        out.found("refund_of_attempt", name(), detail);
    }
    if let Some(method) = Method::from_word(&attempt.method) {
        posted(refund, order, (reason, state, method), kind, out);
    }
    if refund.settled_at.is_some() == (state == RefundState::InFlight) {
        out.found("refund_settled", name(), format!("{} at {:?}", refund.state, refund.settled_at));
    }
    if state == RefundState::Failed && !order.has_case(CaseReason::RefundFailed) {
        out.found("refund_is_moving", name(), "refused by the provider, and no case");
    }
}

/// Whether a refund is one of the first `count` of its attempt.
fn numbered(refund: &RefundRow, attempt: AttemptId, count: usize) -> bool {
    let count = u8::try_from(count).unwrap_or(REFUNDS_MAX).min(REFUNDS_MAX);
    (0..count).any(|n| refund_id(attempt, n) == refund.id)
}

/// A refund's money left from where it was, all of it, and what its provider said was posted.
fn posted(
    refund: &RefundRow,
    order: &Gathered,
    (reason, state, method): (RefundReason, RefundState, Method),
    kind: OfferingKind,
    out: &mut Collected,
) {
    let mut wrong = |detail: String| out.found("refund_posted", refund_row(refund), detail);
    let sources = sources(reason, method, kind);
    let mut started = 0i64;
    for template in STARTS {
        let amounts = order.amounts(template, refund.id.0);
        let allowed = usize::from(sources.contains(&template));
        if amounts.len() > allowed {
            wrong(format!("{} of {}, {} of {amounts:?}", refund.state, refund.amount, template.word()));
        }
        started = amounts.iter().fold(started, |sum, amount| sum.saturating_add(*amount));
    }
    if started != refund.amount {
        wrong(format!("{} of {}, started with {started}", refund.state, refund.amount));
    }
    let by_bank = method == Method::BankTransfer;
    let credited = by_bank && reason == RefundReason::NotNeeded;
    let credit = credited || matches!(method, Method::PaidCredit | Method::PromoCredit);
    if credit && state != RefundState::Done {
        wrong(format!("{}, of credit, which is back at once", refund.state));
    }
    // Refused at once, or done and come back; and settled another way after that.
    let came_back = !order.amounts(Template::RefundBounced, refund.id.0).is_empty();
    let failed = !credit && !matches!(state, RefundState::InFlight | RefundState::Done);
    let done = !credit && (state == RefundState::Done || (failed && came_back));
    for (template, expected) in [
        (Template::RefundDone, done && !by_bank),
        (Template::RefundDoneByBank, done && by_bank),
        (Template::RefundFailed, failed && !came_back),
        (Template::RefundBounced, failed && came_back),
        (Template::RefundCredited, state == RefundState::Credited),
        (Template::RefundPaidOut, state == RefundState::PaidOut),
        (Template::RefundMadeGood, state == RefundState::MadeGood),
    ] {
        let amounts = order.amounts(template, refund.id.0);
        if amounts != if expected { vec![refund.amount] } else { vec![] } {
            wrong(format!("{} of {}, {} of {amounts:?}", refund.state, refund.amount, template.word()));
        }
    }
}

/// The order's state says what became of its price; and what went back by staff is what staff asked for.
pub(super) fn requests(order: &Gathered, state: OrderState, kind: OfferingKind, out: &mut Collected) {
    let reason = |refund: &&RefundRow| RefundReason::from_word(&refund.reason);
    let of_price = |refund: &&RefundRow| reason(refund).is_some_and(RefundReason::of_price);
    let price: Vec<&RefundRow> = order.refunds.iter().filter(of_price).collect();
    let settled = |refund: &&&RefundRow| RefundState::from_word(&refund.state).is_some_and(RefundState::settled);
    let done = price.iter().filter(settled).count();
    let refused = price.iter().any(|refund| reason(refund) == Some(RefundReason::NetworkRefused));
    let by_owner =
        |refund: &&RefundRow| matches!(reason(refund), Some(RefundReason::ByRule | RefundReason::WrongNumber));
    let given_up = price.iter().any(by_owner);
    let fits = match state {
        OrderState::Refunding => done < price.len(),
        OrderState::Refunded => done == price.len() && done > 0,
        // Staff may let somebody keep what was bought; whoever asks for the money back gives it up.
        _ => !refused && (price.is_empty() || state.delivered()) && !(given_up && kind != OfferingKind::TopUp),
    };
    let back = price.iter().fold(0i64, |sum, refund| sum.saturating_add(refund.amount));
    if !fits || back > order.row.price {
        let detail = format!(
            "{} with {back} of {} back, {done} of {} refunds done",
            order.row.state,
            order.row.price,
            price.len()
        );
        out.found("order_refunds", order_row(&order.row), detail);
    }
    let mut asked = 0i64;
    for request in &order.requests {
        if request_state(request, order, out).is_some_and(RequestState::carried_out) {
            asked = asked.saturating_add(request.amount);
        }
    }
    let by_staff = order.refunds.iter().filter(|refund| reason(refund) == Some(RefundReason::ByStaff));
    let by_staff = by_staff.fold(0i64, |sum, refund| sum.saturating_add(refund.amount));
    if asked != by_staff {
        let detail = format!("staff gave back {by_staff}, and asked for {asked}");
        out.found("refund_of_request", order_row(&order.row), detail);
    }
}

pub(super) fn request_row(request: &RequestRow) -> String {
    format!("refund_request({}, {})", request.customer, request.id)
}

/// Where a request is, if its row makes sense: whoever approved is not who asked.
fn request_state(request: &RequestRow, order: &Gathered, out: &mut Collected) -> Option<RequestState> {
    let mut wrong = |invariant, detail: String| out.found(invariant, request_row(request), detail);
    let half = request.decided_by.is_some() != request.decided_at.is_some();
    let decided = request.decided_by.zip(request.decided_at).map(|(by, at)| Decided { by, at });
    let Some(state) = RequestState::from_word(&request.state, decided).filter(|_| !half) else {
        wrong(
            "refund_request",
            format!("{:?}, decided by {:?} at {:?}", request.state, request.decided_by, request.decided_at),
        );
        return None;
    };
    if let RequestState::Approved(decided) = state
        && decided.by == request.asked_by
    {
        wrong("refund_request", "approved by who asked".to_owned());
    }
    if request.currency != order.row.currency || request.amount > order.row.price {
        let detail = format!("{} {} of {} {}", request.amount, request.currency, order.row.price, order.row.currency);
        wrong("refund_request", detail);
    }
    let before = |at: Option<BusinessTime>| at.is_none_or(|at| request.asked_at < at);
    if before(order.row.paid_at) || state.decided().is_some_and(|decided| decided.at < request.asked_at) {
        wrong("refund_request", "its times are not in order".to_owned());
    }
    Some(state)
}
