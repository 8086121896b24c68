//! What happens when a renewal is paid: the decisions, as pure functions.
//!
//! [`on_evidence`] decides what a provider's verified evidence means for an attempt, its order, its line and the ledger;
//! [`on_upstream_answer`] and [`on_acknowledged`] take the order on to *in effect*. `everline_app::payment_confirmed`
//! carries the decisions out.

use crate::brand::Brand;
use crate::charging::{Allowance, Service};
use crate::credit;
use crate::effects::{CaseOpened, CaseReason, Effects, Job, MessageKind, NetworkAction, Receipt};
use crate::ids::{JobId, SessionId};
use crate::ledger::{Balances, Cause, LedgerRefusal, Posting, Template};
use crate::lifecycle::{self, Because};
use crate::line::{Line, NetworkKind};
use crate::money::Money;
use crate::offering::{Offering, OfferingKind};
use crate::order::{Order, OrderState, PlacedBy};
use crate::payment::{Attempt, AttemptState, Evidence, Method, Settlement};
use crate::quote::{Placement, Taker, deliverable, period, place, sellable};
use crate::refund::{NoOtherWay, OtherWay, Refund, RefundReason, RefundState, refund_id};
use crate::time::{Now, Zone};

/// What is known, read under lock, when evidence arrives.
#[derive(Debug, Clone, PartialEq)]
pub struct Facts {
    /// The customer's balances.
    pub balances: Balances,
    /// The order's line.
    pub line: Line,
    /// The attempt's order.
    pub order: Order,
    /// The attempt that the evidence names.
    pub attempt: Attempt,
    /// The order's other attempts whose money is in it: credit that was set aside before.
    pub others: Vec<Attempt>,
    /// What the line may use.
    pub allowance: Allowance,
    /// What was ordered.
    pub offering: Offering,
}

/// What evidence meant.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Outcome {
    /// It was known: nothing to do.
    AlreadyKnown,
    /// The order is delivered, and in effect, queued or waiting for its first use.
    Fulfilled,
    /// The order is delivered; the network must acknowledge.
    AwaitingNetwork,
    /// The order is paid; the upstream network must confirm.
    AwaitingUpstream,
    /// Part of the price is there.
    PartlyPaid,
    /// The order could not take the money; it goes back.
    Refunding(RefundReason),
    /// The money is not what was asked; it waits for a person.
    Suspended,
    /// The order could not use the money, which came by bank: it is the customer's credit.
    Credited,
    /// The evidence contradicts what is known; nothing was posted, a person must look.
    Contradiction,
}

/// What verified evidence means.
///
/// Checked in this order: another provider's · known already · contradicts what is known · another amount · the order is open and deliverable,
/// or open and not (it goes back) · the order is closed and still sellable, or closed for good (late) · the order is paid
/// (surplus).
pub fn on_evidence(
    facts: &Facts,
    evidence: &Evidence,
    brand: &Brand,
    zone: &Zone,
    now: Now,
) -> Result<(Outcome, Effects), LedgerRefusal> {
    let Facts { order, attempt, .. } = facts;
    if attempt.method.provider() != Some(evidence.provider) {
        return Ok((Outcome::Contradiction, case(order, CaseReason::ConflictingEvidence)));
    }
    if attempt.state == AttemptState::Paid {
        let same = attempt.trade_no.as_deref() == Some(evidence.trade_no.as_str())
            && Money::from_micros(attempt.received, attempt.amount.currency()) == evidence.amount;
        let known = (Outcome::AlreadyKnown, Effects::default());
        return Ok(if same { known } else { (Outcome::Contradiction, case(order, CaseReason::ConflictingEvidence)) });
    }
    if evidence.amount.currency() != attempt.amount.currency() || evidence.amount.micros() <= 0 {
        return Ok((Outcome::Contradiction, case(order, CaseReason::AmountMismatch)));
    }
    if evidence.amount != attempt.amount {
        let mut effects = brought(facts, evidence, Settlement::Suspense, now)?;
        effects.cases = case(order, CaseReason::AmountMismatch).cases;
        return Ok((Outcome::Suspended, effects));
    }
    match order.state {
        OrderState::AwaitingPayment => {
            match deliverable(&facts.line, &facts.allowance, &facts.offering, now.business) {
                true => take(facts, brought(facts, evidence, Settlement::Order, now)?, zone, now),
                false => give_back(facts, evidence, RefundReason::Undeliverable, now),
            }
        }
        OrderState::Closed => {
            // The rest of a price whose other part was credit does not pay the order any more: the credit went back.
            let whole = order.funds.saturating_add(evidence.amount.micros()) >= order.price.micros();
            // Nobody waits for an automatic renewal that was given up: the line was renewed otherwise, or it is switched off.
            let wanted = whole && order.placed_by != PlacedBy::AutoRenew;
            let taker = Taker::uncounted(&facts.line, &facts.allowance);
            match sellable(&taker, &facts.offering, brand, now.business) {
                Ok(()) if wanted => take(facts, brought(facts, evidence, Settlement::Order, now)?, zone, now),
                _ => give_back(facts, evidence, RefundReason::Late, now),
            }
        }
        _ => give_back(facts, evidence, RefundReason::Surplus, now),
    }
}

/// The attempt as paid by a provider's evidence, and its money posted.
fn brought(facts: &Facts, evidence: &Evidence, to: Settlement, now: Now) -> Result<Effects, LedgerRefusal> {
    let template = if to == Settlement::Order { Template::Paid } else { Template::PaidToSuspense };
    let amount = evidence.amount.micros();
    let posting = Posting::new(template, Cause::Attempt(facts.attempt.id), facts.order.id, amount, now.business);
    let attempt = Attempt {
        state: AttemptState::Paid,
        trade_no: Some(evidence.trade_no.clone()),
        received: amount,
        settlement: Some(to),
        paid_at: Some(now.system),
        ..facts.attempt.clone()
    };
    let mut effects = Effects { attempts: vec![attempt], ..Effects::default() };
    if facts.attempt.method == Method::CardKept {
        effects.jobs.push(Job::KeepMethod { customer: facts.order.customer, attempt: facts.attempt.id });
    }
    post(&mut effects, facts.balances, posting)?;
    Ok(effects)
}

/// The money that `effects` bring goes into the order; when it reaches the price, the order is paid and delivered as far as
/// we can. What credit had set aside beyond the price is credit again.
pub(crate) fn take(
    facts: &Facts,
    mut effects: Effects,
    zone: &Zone,
    now: Now,
) -> Result<(Outcome, Effects), LedgerRefusal> {
    let mut order = facts.order.clone();
    let brought = effects.attempts.iter().fold(0i64, |sum, attempt| sum.saturating_add(attempt.into_order()));
    order.funds = order.funds.saturating_add(brought);
    if order.funds < order.price.micros() {
        effects.orders.push(order);
        return Ok((Outcome::PartlyPaid, effects));
    }
    let surplus = order.funds.saturating_sub(order.price.micros());
    credit::take_back(&mut effects, facts, &mut order, surplus, now)?;
    order.paid_at = Some(now.business);
    order.closed_at = None;
    effects.receipt = Some(Receipt::of(&order, now.business));
    let upstream = facts.line.network == NetworkKind::Upstream && facts.offering.kind != OfferingKind::TopUp;
    if upstream {
        order.state = OrderState::Paid;
        effects.jobs.push(Job::ActivateUpstream { customer: order.customer, order: order.id });
        effects.jobs.push(message(&order, MessageKind::PaidNotInEffect));
        effects.orders.push(order);
        return Ok((Outcome::AwaitingUpstream, effects));
    }
    let outcome = deliver(&mut effects, order, facts, zone, now)?;
    Ok((outcome, effects))
}

/// The bucket is committed and *delivered* posted. In effect at once unless a session is cut off: then the network is
/// told, and the order waits for its acknowledgement.
fn deliver(
    effects: &mut Effects,
    mut order: Order,
    facts: &Facts,
    zone: &Zone,
    now: Now,
) -> Result<Outcome, LedgerRefusal> {
    let (mut line, mut allowance) = (facts.line.clone(), facts.allowance.clone());
    let placement = place(&allowance, &facts.offering, zone, now.business);
    let template = if placement == Placement::Credit { Template::ToppedUp } else { Template::Delivered };
    let balances = effects.balances.unwrap_or(facts.balances);
    post(
        effects,
        balances,
        Posting::new(template, Cause::Order(order.id), order.id, order.price.micros(), now.business),
    )?;

    allowance.periods.extend(period(order.id, order.price, &allowance, &facts.offering, zone, now.business));
    (order.starts_at, order.ends_at) = placement.bounds();
    order.delivered_at = Some(now.business);
    line.service_until = allowance.service_until().or(line.service_until);
    let serves = facts.offering.kind == OfferingKind::Plan && allowance.has_service(now.business);
    let state = if serves { line.state.with_running_plan() } else { line.state };
    let comes_back = state.in_service() && !line.state.in_service();
    lifecycle::change(effects, &mut line, state, Because::Paid, now.business);
    order.state = match placement {
        Placement::After { .. } => OrderState::Queued,
        Placement::FirstUse { .. } => OrderState::StartsOnFirstUse,
        Placement::Now { .. } | Placement::Credit => OrderState::InEffect,
    };
    // What starts on first use can only start once the device is let in; it waits for the use, not for the network.
    let begins = matches!(placement, Placement::Now { .. });
    if (begins || comes_back || matches!(placement, Placement::FirstUse { .. })) && line.state.in_service() {
        for session in allowance.restore_sessions(Some(order.id)) {
            if begins {
                order.state = OrderState::Delivered;
            }
            effects.jobs.push(Job::TellNetwork {
                customer: line.customer,
                line: line.id,
                session,
                action: NetworkAction::Reauthorize,
                cause: JobId(order.id.0),
            });
        }
    }
    if order.state == OrderState::InEffect {
        order.in_effect_at = Some(now.business);
    }
    let waiting = order.state == OrderState::Delivered;
    let kind = if waiting { MessageKind::PaidNotInEffect } else { MessageKind::RenewalInEffect };
    effects.jobs.push(message(&order, kind));
    effects.orders.push(order);
    if line.state.at_rest() {
        // Confirmed by the upstream network only after the number began to rest: as if it had been there before.
        let (orders, balances) = (effects.orders.clone(), effects.balances.unwrap_or(facts.balances));
        lifecycle::rest(effects, &mut line, &mut allowance, balances, &orders, now.business)?;
    }
    effects.line = Some(line);
    effects.allowance = Some(allowance);
    Ok(if waiting { Outcome::AwaitingNetwork } else { Outcome::Fulfilled })
}

/// The order cannot take the money: it goes to suspense and from there back to the payer.
fn give_back(
    facts: &Facts,
    evidence: &Evidence,
    reason: RefundReason,
    now: Now,
) -> Result<(Outcome, Effects), LedgerRefusal> {
    let mut effects = brought(facts, evidence, Settlement::Refund, now)?;
    start_refund(&mut effects, facts.balances, &facts.order, &facts.attempt, evidence.amount, reason, now)?;
    effects.jobs.push(refund_message(&facts.order, &facts.attempt, MessageKind::RefundStarted));
    Ok((Outcome::Refunding(reason), effects))
}

fn start_refund(
    effects: &mut Effects,
    balances: Balances,
    order: &Order,
    attempt: &Attempt,
    amount: Money,
    reason: RefundReason,
    now: Now,
) -> Result<(), LedgerRefusal> {
    let id = refund_id(attempt.id, 0);
    let template = match reason {
        RefundReason::NetworkRefused => Template::RefundStartedFromOrder,
        _ => Template::RefundStartedFromSuspense,
    };
    let posting = Posting::new(template, Cause::Refund(id), order.id, amount.micros(), now.business);
    post(effects, effects.balances.unwrap_or(balances), posting)?;
    effects.jobs.push(Job::Refund { customer: order.customer, refund: id });
    effects.refunds.push(Refund {
        id,
        customer: order.customer,
        attempt: attempt.id,
        order: order.id,
        out_request_no: id.to_string(),
        amount,
        reason,
        state: RefundState::InFlight,
        started_at: now.business,
        settled_at: None,
    });
    Ok(())
}

/// What the upstream network says of an activation we asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum UpstreamAnswer {
    /// It works there: confirmed by query or at once.
    Completed,
    /// It refused, for good.
    Refused,
}

/// What the upstream network's final answer means. An order that no longer waits for it takes no notice.
pub fn on_upstream_answer(
    facts: &Facts,
    answer: UpstreamAnswer,
    zone: &Zone,
    now: Now,
) -> Result<Effects, LedgerRefusal> {
    let mut effects = Effects::default();
    if facts.order.state != OrderState::Paid {
        return Ok(effects);
    }
    match answer {
        UpstreamAnswer::Completed => {
            deliver(&mut effects, facts.order.clone(), facts, zone, now)?;
        }
        UpstreamAnswer::Refused => {
            let mut order = Order { state: OrderState::Refunded, closed_at: Some(now.business), ..facts.order.clone() };
            for attempt in std::iter::once(&facts.attempt).chain(&facts.others) {
                if attempt.method.provider().is_none() {
                    credit::refund(&mut effects, facts.balances, attempt, RefundReason::NetworkRefused, now)?;
                    continue;
                }
                let amount = Money::from_micros(attempt.into_order(), attempt.amount.currency());
                start_refund(&mut effects, facts.balances, &order, attempt, amount, RefundReason::NetworkRefused, now)?;
                (order.state, order.closed_at) = (OrderState::Refunding, None);
            }
            let kind = match order.state {
                OrderState::Refunding => MessageKind::RefundStarted,
                _ => MessageKind::RefundDone,
            };
            effects.jobs.push(refund_message(&order, &facts.attempt, kind));
            effects.orders.push(order);
        }
    }
    Ok(effects)
}

/// The network acknowledged a session, or the session ended: when none is cut off any more, the line's delivered orders
/// are in effect.
#[must_use]
pub fn on_acknowledged(
    line: &Line,
    allowance: &Allowance,
    waiting: &[Order],
    session: SessionId,
    ended: bool,
    now: Now,
) -> Effects {
    let mut allowance = allowance.clone();
    let Some(found) = allowance.session_mut(session) else {
        return settle_waiting(Effects::default(), &allowance, waiting, now);
    };
    if !ended && found.service != Service::Restoring {
        return Effects::default(); // cut off again since: this acknowledgement is about the past
    }
    found.service = Service::Full;
    found.restoring_for = None;
    if ended {
        allowance.sessions.retain(|other| other.id != session);
    }
    let mut effects = settle_waiting(Effects::default(), &allowance, waiting, now);
    effects.line = Some(line.clone());
    effects.allowance = Some(allowance);
    effects
}

/// A device opened a session (in `allowance` already). Served in full, it needs no acknowledgement: what waited for its old
/// session is in effect.
#[must_use]
pub fn on_attached(line: &Line, allowance: Allowance, waiting: &[Order], now: Now) -> Effects {
    let mut effects = settle_waiting(Effects::default(), &allowance, waiting, now);
    effects.line = Some(line.clone());
    effects.allowance = Some(allowance);
    effects
}

fn settle_waiting(mut effects: Effects, allowance: &Allowance, waiting: &[Order], now: Now) -> Effects {
    // A session that was cut off since for another reason (its data is used up) holds nothing up.
    if allowance.sessions.iter().any(|session| session.service == Service::Restoring) {
        return effects;
    }
    for order in waiting.iter().filter(|order| order.state == OrderState::Delivered) {
        effects.jobs.push(message(order, MessageKind::RenewalInEffect));
        let in_effect_at = Some(now.business);
        effects.orders.push(Order { state: OrderState::InEffect, in_effect_at, ..order.clone() });
    }
    effects
}

pub(crate) fn post(effects: &mut Effects, balances: Balances, posting: Posting) -> Result<(), LedgerRefusal> {
    effects.balances = Some(effects.balances.unwrap_or(balances).after(&posting)?);
    effects.postings.push(posting);
    Ok(())
}

fn case(order: &Order, reason: CaseReason) -> Effects {
    Effects { cases: vec![CaseOpened { customer: order.customer, order: order.id, reason }], ..Effects::default() }
}

fn message(order: &Order, kind: MessageKind) -> Job {
    let (customer, line) = (order.customer, order.line);
    Job::SendMessage { customer, line, order: Some(order.id), kind, cause: JobId(order.id.0), after: None }
}

fn refund_message(order: &Order, attempt: &Attempt, kind: MessageKind) -> Job {
    let (customer, line) = (order.customer, order.line);
    Job::SendMessage { customer, line, order: Some(order.id), kind, cause: JobId(attempt.id.0), after: None }
}

/// What a provider's final word on a refund means. `refunds` are all of the order's. A refund that was done and is refused
/// now has bounced: the provider could not give the money to its payer, and holds it for us again. What is refused makes good
/// the loss of a lost dispute of its payment, if `lost` is left of that: its payer has the money from the bank.
pub fn on_refund_answer(
    balances: Balances,
    order: &Order,
    (refund, method): (&Refund, Method),
    (refunds, lost): (&[Refund], i64),
    done: bool,
    now: Now,
) -> Result<Effects, LedgerRefusal> {
    let mut effects = Effects::default();
    let (template, mut state) = match (refund.state, done) {
        (RefundState::InFlight, true) => (method.refunded(), RefundState::Done),
        (RefundState::InFlight, false) => (Template::RefundFailed, RefundState::Failed),
        (RefundState::Done, false) => (Template::RefundBounced, RefundState::Failed),
        _ => return Ok(effects),
    };
    let amount = refund.amount.micros();
    post(&mut effects, balances, Posting::new(template, Cause::Refund(refund.id), order.id, amount, now.business))?;
    let mut kind = match template {
        Template::RefundDone => Some(MessageKind::RefundDone),
        Template::RefundBounced => Some(MessageKind::RefundBounced),
        _ => None,
    };
    if !done && amount <= lost {
        let posting = Posting::new(Template::RefundMadeGood, Cause::Refund(refund.id), order.id, amount, now.business);
        post(&mut effects, balances, posting)?;
        (state, kind) = (RefundState::MadeGood, None);
    }
    effects.refunds.push(Refund { state, settled_at: Some(now.system), ..refund.clone() });
    if state == RefundState::Failed {
        effects.cases = case(order, CaseReason::RefundFailed).cases;
    }
    effects.jobs.extend(kind.map(|kind| refund_told(order, refund, kind)));
    effects.orders.extend(after_refund(order, (refund, state), refunds, now));
    Ok(effects)
}

/// What people do with money that its provider refused to give back. `refunds` are all of the order's; `disputed` says whether
/// so much of its payment is disputed or lost that its payer would have the money twice.
///
/// # Errors
/// [`NoOtherWay`], or the ledger's, inside.
pub fn on_other_way(
    balances: Balances,
    order: &Order,
    refund: &Refund,
    (refunds, disputed): (&[Refund], bool),
    way: OtherWay,
    now: Now,
) -> Result<Result<Effects, NoOtherWay>, LedgerRefusal> {
    if refund.state != RefundState::Failed {
        return Ok(Err(NoOtherWay::NotWaiting));
    }
    if disputed {
        return Ok(Err(NoOtherWay::Disputed));
    }
    let (template, state) = match way {
        OtherWay::Credit if order.placed_by == PlacedBy::Guest => return Ok(Err(NoOtherWay::NotTheirAccount)),
        OtherWay::Credit => (Template::RefundCredited, way.state()),
        OtherWay::Bank => (Template::RefundPaidOut, way.state()),
    };
    let mut effects = Effects::default();
    let amount = refund.amount.micros();
    post(&mut effects, balances, Posting::new(template, Cause::Refund(refund.id), order.id, amount, now.business))?;
    effects.refunds.push(Refund { state, settled_at: Some(now.system), ..refund.clone() });
    effects.jobs.push(refund_told(order, refund, MessageKind::RefundOtherWay));
    effects.orders.extend(after_refund(order, (refund, state), refunds, now));
    Ok(Ok(effects))
}

/// The order after a refund moved: it is refunded when all of what goes back of its price is there.
fn after_refund(order: &Order, (refund, state): (&Refund, RefundState), refunds: &[Refund], now: Now) -> Option<Order> {
    let open = |other: &Refund| other.id != refund.id && other.reason.of_price() && !other.state.settled();
    match order.state {
        OrderState::Refunding if state.settled() && !refunds.iter().any(open) => {
            Some(Order { state: OrderState::Refunded, closed_at: Some(now.business), ..order.clone() })
        }
        OrderState::Refunded if !state.settled() && refund.reason.of_price() => {
            Some(Order { state: OrderState::Refunding, closed_at: None, ..order.clone() })
        }
        _ => None,
    }
}

/// Tells the owner of one refund.
pub(crate) fn refund_told(order: &Order, refund: &Refund, kind: MessageKind) -> Job {
    let (customer, line) = (order.customer, order.line);
    Job::SendMessage { customer, line, order: Some(order.id), kind, cause: refund.told_as(kind), after: None }
}
