//! Giving back the price of an order that was delivered, or a part of it.
//!
//! The money comes from where it is: of a plan or pack from what time has not earned, then from what it has; of a top-up from
//! paid credit. What was bought is taken back, or stays with its owner; of what is taken back, what is not returned is earned
//! at once. Whether it may go back at all, [`crate::refund_rule`] or a person said.

use crate::brand::Brand;
use crate::charging::{Period, Recognition};
use crate::effects::{Effects, MessageKind};
use crate::ledger::{Cause, LedgerRefusal, Posting, Template};
use crate::lifecycle::{self, Past, Situation};
use crate::line::NetworkKind;
use crate::money::Money;
use crate::offering::OfferingKind;
use crate::order::{Order, OrderState};
use crate::payment::{Attempt, Method};
use crate::refund::{Refund, RefundReason, RefundState, refund_id};
use crate::refund_rule::{NoRefund, Part, Standing, at_most, by_rule, open, parts, wrong_number};
use crate::renewal::{Facts, post, refund_told};
use crate::time::{Now, Zone};

/// What is to go back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ask {
    /// What the offering's rule allows.
    ByRule,
    /// All of it: it was bought for the wrong number.
    WrongNumber,
    /// What staff decided, whatever the rule says.
    ByStaff {
        /// How much, in millionths; `None` is all that is left.
        amount: Option<i64>,
        /// Whether what was bought stays with its owner.
        keeps: bool,
    },
}

impl Ask {
    /// The reason that refunds of it have.
    #[must_use]
    pub const fn reason(self) -> RefundReason {
        match self {
            Ask::ByRule => RefundReason::ByRule,
            Ask::WrongNumber => RefundReason::WrongNumber,
            Ask::ByStaff { .. } => RefundReason::ByStaff,
        }
    }
}

/// What is known, read under lock, when a refund is asked for.
#[derive(Debug, Clone, PartialEq)]
pub struct RefundFacts {
    /// The order with its attempts, line, allowance and balances.
    pub paid: Facts,
    /// All refunds of the order.
    pub refunds: Vec<Refund>,
    /// The line's other orders that are delivered and not in effect.
    pub waiting: Vec<Order>,
    /// What the line's present does not tell.
    pub past: Past,
    /// Whether a bank has taken the order's money back, or decides about it.
    pub disputed: bool,
}

impl RefundFacts {
    /// The order's attempts.
    #[must_use]
    pub fn attempts(&self) -> Vec<Attempt> {
        std::iter::once(&self.paid.attempt).chain(&self.paid.others).cloned().collect()
    }
}

/// How much goes back to which attempts, and whether what was bought is taken back.
fn decide(of: &Standing<'_>, ask: Ask, now: Now) -> Result<(Vec<Part>, bool), NoRefund> {
    match ask {
        Ask::ByRule => by_rule(of, now.business).map(|found| (found.parts, true)),
        Ask::WrongNumber => wrong_number(of, now.business).map(|found| (found.parts, true)),
        Ask::ByStaff { amount, keeps } => {
            let most = at_most(of)?;
            let amount = amount.unwrap_or(most);
            if amount <= 0 || amount > most {
                return Err(NoRefund::TooMuch);
            }
            // Another operator's network takes nothing back from us.
            if !keeps && of.offering.kind != OfferingKind::TopUp && of.line.network == NetworkKind::Upstream {
                return Err(NoRefund::OtherNetwork);
            }
            Ok((parts(of, amount)?, !keeps))
        }
    }
}

/// Gives money of a delivered order back. What was due on the line before now must have happened.
///
/// # Errors
/// The outer one if the ledger does not hold what it should; the inner one says why nothing goes back.
pub fn refund(
    facts: &RefundFacts,
    ask: Ask,
    brand: &Brand,
    zone: &Zone,
    now: Now,
) -> Result<Result<Effects, NoRefund>, LedgerRefusal> {
    let (paid, attempts) = (&facts.paid, facts.attempts());
    let of = Standing {
        order: &paid.order,
        line: &paid.line,
        offering: &paid.offering,
        allowance: &paid.allowance,
        balances: &paid.balances,
        attempts: &attempts,
        refunds: &facts.refunds,
        disputed: facts.disputed,
    };
    let (parts, takes) = match decide(&of, ask, now) {
        Ok(decided) => decided,
        Err(refusal) => return Ok(Err(refusal)),
    };
    let mut allowance = paid.allowance.clone();
    let period = allowance.take_out(paid.order.id);
    let mut effects = Effects::default();
    if let Some(period) = period.as_ref().filter(|_| takes) {
        let is = Situation {
            line: paid.line.clone(),
            allowance: allowance.clone(),
            balances: paid.balances,
            orders: facts.waiting.clone(),
        };
        effects = lifecycle::take_back(&is, period, &facts.past, (brand, zone), now.business)?;
    }
    let earned = give_back(&mut effects, facts, &parts, period.as_ref(), ask.reason(), now)?;
    let given: i64 = parts.iter().map(|part| part.amount).sum();
    match period {
        Some(period) if takes => earn_rest(&mut effects, paid, &period, given.saturating_sub(earned), now)?,
        Some(period) => {
            // It goes on, for a lower price. Its place among the others stays.
            let mut allowance = paid.allowance.clone();
            for kept in allowance.periods.iter_mut().filter(|kept| kept.order == period.order) {
                kept.deferred = kept.deferred.saturating_sub(given);
                kept.recognised = kept.recognised.saturating_sub(earned);
            }
            (effects.line, effects.allowance) = (Some(paid.line.clone()), Some(allowance));
        }
        None => {}
    }
    let whole = open(&of).is_ok_and(|(left, _)| left == given);
    if takes && (paid.offering.kind != OfferingKind::TopUp || whole) {
        effects.orders.push(taken(facts, &effects, now));
    }
    Ok(Ok(effects))
}

/// Starts the refunds of the parts; how much of them had been earned.
fn give_back(
    effects: &mut Effects,
    facts: &RefundFacts,
    parts: &[Part],
    period: Option<&Period>,
    reason: RefundReason,
    now: Now,
) -> Result<i64, LedgerRefusal> {
    let (paid, order) = (&facts.paid, &facts.paid.order);
    let mut deferred = period.map_or(0, |period| period.deferred.saturating_sub(period.recognised));
    let mut earned = 0i64;
    for part in parts {
        let id = refund_id(part.attempt, part.number);
        let from_deferred = part.amount.min(deferred);
        let from_earned = part.amount.saturating_sub(from_deferred);
        let sources = match paid.offering.kind {
            OfferingKind::TopUp => [(Template::RefundStartedFromCredit, part.amount), (Template::EarnedToCredit, 0)],
            OfferingKind::Plan | OfferingKind::Pack => {
                deferred = deferred.saturating_sub(from_deferred);
                earned = earned.saturating_add(from_earned);
                let (unearned, early) = templates(part.method);
                [(unearned, from_deferred), (early, from_earned)]
            }
        };
        for (template, amount) in sources.into_iter().filter(|(_, amount)| *amount > 0) {
            let posting = Posting::new(template, Cause::Refund(id), order.id, amount, now.business);
            post(effects, paid.balances, posting)?;
        }
        let at_once = part.method.provider().is_none();
        let refund = Refund {
            id,
            customer: order.customer,
            attempt: part.attempt,
            order: order.id,
            out_request_no: id.to_string(),
            amount: Money::from_micros(part.amount, order.price.currency()),
            reason,
            state: if at_once { RefundState::Done } else { RefundState::InFlight },
            started_at: now.business,
            settled_at: at_once.then_some(now.system),
        };
        if !at_once {
            effects.jobs.push(crate::effects::Job::Refund { customer: order.customer, refund: id });
        }
        let kind = if at_once { MessageKind::RefundDone } else { MessageKind::RefundStarted };
        effects.jobs.push(refund_told(order, &refund, kind));
        effects.refunds.push(refund);
    }
    Ok(earned)
}

/// By which postings the price of a plan or pack goes back to a method: what is not earned, and what is.
const fn templates(method: Method) -> (Template, Template) {
    match method {
        Method::PaidCredit => (Template::DeferredToCredit, Template::EarnedToCredit),
        Method::PromoCredit => (Template::DeferredToPromo, Template::EarnedToPromo),
        _ => (Template::RefundStartedFromDeferred, Template::RefundStartedFromEarned),
    }
}

/// What of a plan or pack that is taken back is neither earned nor returned, is earned now.
fn earn_rest(
    effects: &mut Effects,
    paid: &Facts,
    period: &Period,
    from_deferred: i64,
    now: Now,
) -> Result<(), LedgerRefusal> {
    let amount = period.deferred.saturating_sub(period.recognised).saturating_sub(from_deferred);
    if amount <= 0 {
        return Ok(());
    }
    let rest = Recognition { order: period.order, number: period.recognitions, amount, at: now.business };
    lifecycle::recognise(effects, paid.balances, &[rest])
}

/// The order of which everything is taken back: its money is on its way, or was credit and is there.
fn taken(facts: &RefundFacts, effects: &Effects, now: Now) -> Order {
    let order = &facts.paid.order;
    let open = |refund: &Refund| refund.reason.of_price() && !refund.state.settled();
    let open = facts.refunds.iter().chain(&effects.refunds).any(open);
    let (state, closed_at) = match open {
        true => (OrderState::Refunding, None),
        false => (OrderState::Refunded, Some(now.business)),
    };
    let begun = order.starts_at.filter(|start| *start <= now.business);
    let ends_at = begun.and(order.ends_at).map(|end| end.min(now.business));
    Order { state, closed_at, starts_at: begun, ends_at, ..order.clone() }
}
