//! What of an order can go back, and why, or why not: the offering's own rule, and the product's about wrong numbers.
//!
//! The same computation says it on the order's page and decides the refund. It looks at what was delivered: what the order
//! could not take goes back by itself ([`crate::renewal`]).
//!
//! - A plan or a pack goes back whole while nothing of it was used.
//! - A top-up goes back as far as paid credit is left: credit has no marks, what the account holds counts as the newest.
//! - Money goes to the methods it came by, first what providers brought, oldest first, then paid credit, then promotional
//!   credit: what people paid comes back before what they were given. Promotional credit never pays out.

use crate::charging::Allowance;
use crate::ids::AttemptId;
use crate::ledger::{Balances, LedgerAccount};
use crate::line::{Line, NetworkKind};
use crate::money::Money;
use crate::offering::{Offering, OfferingKind, RefundRule};
use crate::order::{Order, OrderState, PlacedBy};
use crate::payment::{Attempt, Method, Settlement};
use crate::refund::{REFUNDS_MAX, Refund};
use crate::time::{BusinessTime, DAY_US, HOUR_US};

/// For how long after it was paid an order for a wrong number is reversed, whatever the offering's rule says.
pub const WRONG_NUMBER_US: i64 = 24 * HOUR_US;

/// An order with everything that a refund depends on.
#[derive(Debug, Clone, Copy)]
pub struct Standing<'a> {
    /// The order.
    pub order: &'a Order,
    /// Its line.
    pub line: &'a Line,
    /// What was bought.
    pub offering: &'a Offering,
    /// What the line may use, and what it used.
    pub allowance: &'a Allowance,
    /// The customer's balances.
    pub balances: &'a Balances,
    /// The order's attempts; those whose money is in it count.
    pub attempts: &'a [Attempt],
    /// The order's refunds.
    pub refunds: &'a [Refund],
    /// Whether a bank has taken the order's money back, or decides about it.
    pub disputed: bool,
}

/// Why nothing, or not so much, goes back.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, thiserror::Error)]
pub enum NoRefund {
    /// It is not paid.
    #[error("the order is not paid")]
    NotPaid,
    /// The network was asked and has not answered: what it did is not known.
    #[error("the network has not answered yet")]
    Underway,
    /// Its money went back, or is on its way.
    #[error("the money went back already")]
    BackAlready,
    /// The offering is not returned once it is delivered.
    #[error("the offering is not returned after delivery")]
    NotAfterDelivery,
    /// The time for it is over.
    #[error("the time to return it is over")]
    TooLate,
    /// Some of it was used, or all of it was spent.
    #[error("it was used")]
    Used,
    /// It ended.
    #[error("it has ended")]
    Ended,
    /// Another operator's network serves the line: what was used is not known here, nor can it be taken back.
    #[error("another network serves the line")]
    OtherNetwork,
    /// More is asked for than can go back.
    #[error("more than can go back")]
    TooMuch,
    /// It was refunded in as many parts as can be.
    #[error("too many refunds")]
    TooMany,
    /// The payer's bank took the money back, or decides about it: it would go back twice.
    #[error("the payment is disputed")]
    Disputed,
}

impl NoRefund {
    /// All of them.
    pub const ALL: [NoRefund; 11] = [
        NoRefund::NotPaid,
        NoRefund::Underway,
        NoRefund::BackAlready,
        NoRefund::NotAfterDelivery,
        NoRefund::TooLate,
        NoRefund::Used,
        NoRefund::Ended,
        NoRefund::OtherNetwork,
        NoRefund::TooMuch,
        NoRefund::TooMany,
        NoRefund::Disputed,
    ];
    /// The stable word for it.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            NoRefund::NotPaid => "not-paid",
            NoRefund::Underway => "underway",
            NoRefund::BackAlready => "back-already",
            NoRefund::NotAfterDelivery => "not-after-delivery",
            NoRefund::TooLate => "too-late",
            NoRefund::Used => "used",
            NoRefund::Ended => "ended",
            NoRefund::OtherNetwork => "other-network",
            NoRefund::TooMuch => "too-much",
            NoRefund::TooMany => "too-many",
            NoRefund::Disputed => "disputed",
        }
    }
}

/// What can go back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refundable {
    /// How much.
    pub amount: Money,
    /// Until when it can be asked for.
    pub until: BusinessTime,
    /// To which methods, in order.
    pub parts: Vec<Part>,
}

/// The part of a refund that goes back by one attempt.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Part {
    /// The attempt.
    pub attempt: AttemptId,
    /// Its method.
    pub method: Method,
    /// How much, in millionths.
    pub amount: i64,
    /// The place of the refund among the attempt's.
    pub number: u8,
}

impl RefundRule {
    /// Until when something that was paid at `paid_at` can be returned; `None` if never.
    #[must_use]
    pub const fn until(self, paid_at: BusinessTime) -> Option<BusinessTime> {
        match self {
            RefundRule::UnusedWithin { days } => Some(paid_at.plus_us(days as i64 * DAY_US)),
            RefundRule::NotAfterDelivery => None,
        }
    }
}

/// What goes back by the offering's rule.
///
/// Checked in this order: paid and delivered · something left · the rule · its time · used.
///
/// # Errors
/// [`NoRefund`]
pub fn by_rule(of: &Standing<'_>, now: BusinessTime) -> Result<Refundable, NoRefund> {
    let (left, paid_at) = open(of)?;
    let until = of.offering.refund.until(paid_at).ok_or(NoRefund::NotAfterDelivery)?;
    if now >= until {
        return Err(NoRefund::TooLate);
    }
    unused(of, left)?;
    refundable(of, there(of, left), until)
}

/// What can go back at most, whatever the rule says: what is left of the price, and of credit no more than is there.
///
/// # Errors
/// As [`open`].
pub fn at_most(of: &Standing<'_>) -> Result<i64, NoRefund> {
    let (left, _) = open(of)?;
    Ok(there(of, left))
}

/// How much of it is there: what was bought with credit since cannot go back as money.
fn there(of: &Standing<'_>, left: i64) -> i64 {
    match of.offering.kind {
        OfferingKind::TopUp => left.min(of.balances.get(LedgerAccount::PaidCredit)),
        OfferingKind::Plan | OfferingKind::Pack => left,
    }
}

/// What goes back of an order that was bought for the wrong number: all of it, within a day, if nothing was used.
///
/// # Errors
/// [`NoRefund`]; [`NoRefund::Used`] is for people to look at.
pub fn wrong_number(of: &Standing<'_>, now: BusinessTime) -> Result<Refundable, NoRefund> {
    let (left, paid_at) = open(of)?;
    let until = paid_at.plus_us(WRONG_NUMBER_US);
    if now >= until {
        return Err(NoRefund::TooLate);
    }
    unused(of, left)?;
    if of.offering.kind == OfferingKind::TopUp && of.balances.get(LedgerAccount::PaidCredit) < left {
        return Err(NoRefund::Used);
    }
    refundable(of, left, until)
}

fn refundable(of: &Standing<'_>, amount: i64, until: BusinessTime) -> Result<Refundable, NoRefund> {
    let parts = parts(of, amount)?;
    Ok(Refundable { amount: Money::from_micros(amount, of.order.price.currency()), until, parts })
}

/// What is left of the price of a delivered order, and when it was paid.
///
/// # Errors
/// [`NoRefund`] if it is not delivered, or nothing is left.
pub fn open(of: &Standing<'_>) -> Result<(i64, BusinessTime), NoRefund> {
    match of.order.state {
        OrderState::AwaitingPayment | OrderState::Closed => return Err(NoRefund::NotPaid),
        OrderState::Paid => return Err(NoRefund::Underway),
        OrderState::Refunding | OrderState::Refunded => return Err(NoRefund::BackAlready),
        OrderState::Delivered | OrderState::Queued | OrderState::StartsOnFirstUse | OrderState::InEffect => {}
    }
    if of.disputed {
        return Err(NoRefund::Disputed);
    }
    let paid_at = of.order.paid_at.filter(|_| of.order.placed_by != PlacedBy::MovedIn).ok_or(NoRefund::NotPaid)?;
    match left(of) {
        left if left > 0 => Ok((left, paid_at)),
        _ => Err(NoRefund::BackAlready),
    }
}

fn left(of: &Standing<'_>) -> i64 {
    left_of_price(of.order, of.refunds)
}

/// What is left of an order's price, in millionths. What a provider refused to give back is not: it waits in suspense.
pub(crate) fn left_of_price(order: &Order, refunds: &[Refund]) -> i64 {
    let back = refunds.iter().filter(|refund| refund.reason.of_price());
    back.fold(order.price.micros(), |left, refund| left.saturating_sub(refund.amount.micros())).max(0)
}

fn unused(of: &Standing<'_>, left: i64) -> Result<(), NoRefund> {
    match of.offering.kind {
        OfferingKind::TopUp if of.balances.get(LedgerAccount::PaidCredit).min(left) <= 0 => Err(NoRefund::Used),
        OfferingKind::TopUp => Ok(()),
        _ if of.line.network == NetworkKind::Upstream => Err(NoRefund::OtherNetwork),
        OfferingKind::Plan | OfferingKind::Pack => {
            let period = of.allowance.periods.iter().find(|period| period.order == of.order.id);
            match period.map(|period| period.used()) {
                Some(false) => Ok(()),
                Some(true) => Err(NoRefund::Used),
                None => Err(NoRefund::Ended),
            }
        }
    }
}

/// To which attempts an amount goes back: what providers brought first, oldest first, then paid, then promotional credit.
///
/// # Errors
/// [`NoRefund::TooMuch`] if they did not bring so much, or it went back.
pub fn parts(of: &Standing<'_>, mut amount: i64) -> Result<Vec<Part>, NoRefund> {
    let rank = |attempt: &&Attempt| match attempt.method {
        Method::PromoCredit => 2,
        Method::PaidCredit => 1,
        _ => 0,
    };
    let mut attempts: Vec<&Attempt> =
        of.attempts.iter().filter(|attempt| attempt.settlement == Some(Settlement::Order)).collect();
    attempts.sort_by_key(|attempt| (rank(attempt), attempt.id));
    let mut parts = Vec::new();
    for attempt in attempts.into_iter() {
        let before = of.refunds.iter().filter(|refund| refund.attempt == attempt.id);
        let (count, back) = before.fold((0u8, 0i64), |(count, back), refund| {
            (count.saturating_add(1), back.saturating_add(refund.amount.micros()))
        });
        let part = attempt.into_order().saturating_sub(back).min(amount);
        if part <= 0 {
            continue;
        }
        if count >= REFUNDS_MAX {
            return Err(NoRefund::TooMany);
        }
        amount = amount.saturating_sub(part);
        parts.push(Part { attempt: attempt.id, method: attempt.method, amount: part, number: count });
    }
    if amount > 0 { Err(NoRefund::TooMuch) } else { Ok(parts) }
}
