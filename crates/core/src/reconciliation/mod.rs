//! Reconciliation: a provider's bill of a day against our books. Every line of a bill agrees with what we have, is evidence
//! of a payment that we did not hear of, or goes to the queue, where people decide.
//!
//! The day is the provider's. What stands near midnight may be in the bill of the day before or after, so that something of
//! ours is missing only when every bill that could hold it is there.

mod bill;
mod item;

pub use bill::{BillDay, BillLine, LineKind, LineState, NotADay, has_bills, margin_us, zone_of};
pub use item::{Action, Closed, Item, ItemKind, ItemState, NotClosed, REASON_CHARS_MAX, sure_reason};

use crate::ids::{BillLineId, CustomerId, OrderId};
use crate::ledger::{Cause, Posting, Template};
use crate::money::Currency;
use crate::payment::{AttemptState, Provider};
use crate::refund::RefundState;
use crate::time::BusinessTime;

/// What our books say about the payment that a line names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OurAttempt {
    /// Whose it is.
    pub customer: CustomerId,
    /// Its order.
    pub order: OrderId,
    /// Whom we asked to take the money.
    pub provider: Option<Provider>,
    /// Where it is.
    pub state: AttemptState,
    /// The provider's number, with the evidence.
    pub trade_no: Option<String>,
    /// What the evidence brought, in millionths.
    pub received: i64,
}

/// What our books say about the refund that a line names.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct OurRefund {
    /// Where it is.
    pub state: RefundState,
    /// How much, in millionths.
    pub amount: i64,
}

/// What our books say about a line.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Ours {
    /// The payment.
    pub attempt: Option<OurAttempt>,
    /// The refund; of lines about refunds only.
    pub refund: Option<OurRefund>,
}

/// What a line means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// Both sides say the same.
    Agreed,
    /// The provider took money for an attempt that we do not know as paid: evidence, to be taken like any other.
    Evidence,
    /// People must look.
    Queue(ItemKind),
}

/// Compares a line with our books.
#[must_use]
pub fn judge(line: &BillLine, ours: &Ours, provider: Provider, currency: Currency) -> Verdict {
    if line.amount.currency() != currency {
        return Verdict::Queue(ItemKind::NotUnderstood);
    }
    let attempt = ours.attempt.as_ref().filter(|attempt| attempt.provider == Some(provider));
    match line.kind {
        LineKind::Fee | LineKind::Payout => Verdict::Agreed,
        LineKind::Other => Verdict::Queue(ItemKind::NotUnderstood),
        LineKind::Payment => match attempt {
            None => Verdict::Queue(ItemKind::TheirsOnly),
            Some(attempt) if attempt.state != AttemptState::Paid => Verdict::Evidence,
            Some(attempt) if attempt.trade_no.as_deref() != Some(line.number.as_str()) => {
                Verdict::Queue(ItemKind::NumberDiffers)
            }
            Some(attempt) if attempt.received != line.amount.micros() => Verdict::Queue(ItemKind::AmountDiffers),
            Some(_) => Verdict::Agreed,
        },
        LineKind::Refund => match ours.refund.filter(|_| attempt.is_some()) {
            None => Verdict::Queue(ItemKind::TheirsOnly),
            Some(refund) if refund.state != RefundState::Done => Verdict::Queue(ItemKind::StateDiffers),
            Some(refund) if refund.amount != line.amount.micros() => Verdict::Queue(ItemKind::AmountDiffers),
            Some(_) => Verdict::Agreed,
        },
    }
}

/// What a line that is settled moves in the books: its fee, or the payout that it is. In the books of the payment's customer;
/// of the house where there is none.
#[must_use]
pub fn posting_of(id: BillLineId, line: &BillLine, at: BusinessTime) -> Option<Posting> {
    let (template, amount) = match line.kind {
        LineKind::Payout if line.amount.micros() > 0 => (Template::Payout, line.amount.micros()),
        LineKind::Payout => (Template::PayoutReturned, line.amount.micros().saturating_neg()),
        _ if line.fee > 0 => (Template::PspFee, line.fee),
        _ => (Template::FeeReturned, line.fee.saturating_neg()),
    };
    (amount > 0).then(|| Posting::new(template, Cause::BillLine(id), None, amount, at))
}

#[cfg(test)]
mod tests;
