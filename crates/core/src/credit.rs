//! Credit as a way to pay: what the ledger holds for the customer already, paid or promotional.
//!
//! Credit that pays a part of an order is set aside in the order's funds, not reserved beside them: it cannot be spent
//! twice, and the ledger says where it is. An order that closes unpaid, is paid without it, or is refused by the network
//! gives it back. Each source is an attempt of its own, paid the moment it is made.

use crate::effects::Effects;
use crate::ids::AttemptId;
use crate::ledger::{Balances, Cause, LedgerAccount, LedgerRefusal, Posting, Template};
use crate::money::Money;
use crate::order::{Order, OrderState};
use crate::payment::{Attempt, AttemptState, Method, Settlement};
use crate::refund::{Refund, RefundReason, RefundState, refund_id};
use crate::renewal::{Facts, Outcome, post, take};
use crate::time::{Now, Zone};

/// Where credit is held, and the postings by which it goes into an order and comes back; `None` for a provider's method.
const fn source(method: Method) -> Option<(LedgerAccount, Template, Template)> {
    match method {
        Method::PaidCredit => Some((LedgerAccount::PaidCredit, Template::CreditSpent, Template::CreditReturned)),
        Method::PromoCredit => Some((LedgerAccount::PromoCredit, Template::PromoSpent, Template::PromoReturned)),
        _ => None,
    }
}

/// The posting by which what an attempt put into an order becomes credit again, where it does: what came to the bank account
/// does not go back by itself.
const fn returns(method: Method) -> Option<Template> {
    match (source(method), method) {
        (Some((_, _, returned)), _) => Some(returned),
        (None, Method::BankTransfer) => Some(Template::CreditReturned),
        (None, _) => None,
    }
}

/// How much of an order's price the account's credit can pay by a method.
#[must_use]
pub fn available(balances: &Balances, order: &Order, method: Method) -> Money {
    let missing = order.price.micros().saturating_sub(order.funds).max(0);
    let held = source(method).map_or(0, |(account, ..)| balances.get(account));
    Money::from_micros(missing.min(held), order.price.currency())
}

/// An attempt that pays `amount` of an order with credit; made and paid in one step.
#[must_use]
pub fn attempt(id: AttemptId, order: &Order, method: Method, amount: Money, now: Now) -> Attempt {
    Attempt {
        id,
        customer: order.customer,
        order: order.id,
        method,
        out_trade_no: id.to_string(),
        amount,
        state: AttemptState::Created,
        reference: None,
        pay_url: None,
        pay_url_until: None,
        trade_no: None,
        received: 0,
        settlement: None,
        created_at: now.system,
        expires_at: now.system,
        paid_at: None,
    }
}

/// Puts credit into the open order of `facts`, whose attempt it is; an order whose price is reached is paid, as by a
/// provider's evidence.
///
/// # Errors
/// [`LedgerRefusal::BelowZero`] if the account does not hold that much; [`LedgerRefusal::NotPositive`] for nothing.
pub fn on_credit(facts: &Facts, zone: &Zone, now: Now) -> Result<(Outcome, Effects), LedgerRefusal> {
    let (order, attempt) = (&facts.order, &facts.attempt);
    let Some((_, spent, _)) = source(attempt.method) else { return Err(LedgerRefusal::NotPositive) };
    let amount = attempt.amount.micros();
    let mut effects = Effects::default();
    post(
        &mut effects,
        facts.balances,
        Posting::new(spent, Cause::Attempt(attempt.id), order.id, amount, now.business),
    )?;
    effects.attempts.push(Attempt {
        state: AttemptState::Paid,
        received: amount,
        settlement: Some(Settlement::Order),
        paid_at: Some(now.system),
        ..attempt.clone()
    });
    take(facts, effects, zone, now)
}

/// The time to pay an order is over: it closes, and the credit set aside for it is credit again. Its attempts are closed at
/// their providers and watched until nothing can come. `None` if it is not open, or may still be paid.
pub fn on_unpaid(
    order: &Order,
    attempts: &[Attempt],
    balances: Balances,
    now: Now,
) -> Result<Option<Effects>, LedgerRefusal> {
    if order.state != OrderState::AwaitingPayment || order.expires_at > now.business {
        return Ok(None);
    }
    let mut closed = Order { state: OrderState::Closed, closed_at: Some(now.business), ..order.clone() };
    let mut effects = Effects::default();
    for attempt in attempts.iter().filter(|attempt| set_aside(attempt)) {
        hand_back(&mut effects, balances, attempt, &mut closed, now)?;
    }
    effects.orders.push(closed);
    Ok(Some(effects))
}

/// Takes `surplus` out of a paid order again: credit that was set aside after its provider was asked for the whole. The
/// newest goes first; whoever asks for the rest asks for what is missing then, so that whole attempts make up the surplus.
pub(crate) fn take_back(
    effects: &mut Effects,
    facts: &Facts,
    order: &mut Order,
    mut surplus: i64,
    now: Now,
) -> Result<(), LedgerRefusal> {
    let mut newest: Vec<&Attempt> = facts.others.iter().filter(|attempt| set_aside(attempt)).collect();
    newest.sort_by_key(|attempt| std::cmp::Reverse(attempt.id));
    for attempt in newest {
        if attempt.into_order() <= surplus {
            surplus = surplus.saturating_sub(attempt.into_order());
            hand_back(effects, facts.balances, attempt, order, now)?;
        }
    }
    Ok(())
}

fn set_aside(attempt: &Attempt) -> bool {
    returns(attempt.method).is_some() && attempt.settlement == Some(Settlement::Order)
}

fn hand_back(
    effects: &mut Effects,
    balances: Balances,
    attempt: &Attempt,
    order: &mut Order,
    now: Now,
) -> Result<(), LedgerRefusal> {
    refund(effects, balances, attempt, RefundReason::NotNeeded, now)?;
    order.funds = order.funds.saturating_sub(attempt.into_order());
    effects.attempts.push(Attempt { settlement: Some(Settlement::Returned), ..attempt.clone() });
    Ok(())
}

/// What an attempt by credit brought is credit again, at once.
pub(crate) fn refund(
    effects: &mut Effects,
    balances: Balances,
    attempt: &Attempt,
    reason: RefundReason,
    now: Now,
) -> Result<(), LedgerRefusal> {
    let Some(returned) = returns(attempt.method) else { return Err(LedgerRefusal::NotPositive) };
    let amount = attempt.into_order();
    let id = refund_id(attempt.id, 0);
    let balances = effects.balances.unwrap_or(balances);
    let posting = Posting::new(returned, Cause::Refund(id), attempt.order, amount, now.business);
    post(effects, balances, posting)?;
    effects.refunds.push(Refund {
        id,
        customer: attempt.customer,
        attempt: attempt.id,
        order: attempt.order,
        out_request_no: id.to_string(),
        amount: Money::from_micros(amount, attempt.amount.currency()),
        reason,
        state: RefundState::Done,
        started_at: now.business,
        settled_at: Some(now.system),
    });
    Ok(())
}
