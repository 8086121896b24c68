//! Disputes of an order: each is of a payment that came, posted exactly as its state says, and has a case.

use super::Collected;
use super::judge::Gathered;
use everline_core::dispute::DisputeState;
use everline_core::effects::CaseReason;
use everline_core::ids::{AttemptId, CustomerId, DisputeId, OrderId};
use everline_core::ledger::Template;
use everline_core::time::BusinessTime;
use everline_store::{FromRow, Result, Row};

/// A dispute, words as they are stored.
pub(super) struct DisputeRow {
    pub(super) customer: CustomerId,
    pub(super) id: DisputeId,
    attempt: AttemptId,
    pub(super) order: OrderId,
    currency: String,
    amount: i64,
    state: String,
    frozen_credit: i64,
    frozen_deferred: i64,
    from_refunds: i64,
    closed_at: Option<BusinessTime>,
}
impl FromRow for DisputeRow {
    fn from_row(row: &Row<'_>) -> Result<Self> {
        Ok(DisputeRow {
            customer: row.get(0)?,
            id: row.get(1)?,
            attempt: row.get(2)?,
            order: row.get(3)?,
            currency: row.get(4)?,
            amount: row.get(5)?,
            state: row.get(6)?,
            frozen_credit: row.get(7)?,
            frozen_deferred: row.get(8)?,
            from_refunds: row.get(9)?,
            closed_at: row.get(10)?,
        })
    }
}

pub(super) fn dispute_row(row: &DisputeRow) -> String {
    format!("dispute({}, {})", row.customer, row.id)
}

pub(super) fn judge(row: &DisputeRow, order: &Gathered, out: &mut Collected) {
    let name = || dispute_row(row);
    let Some(state) = DisputeState::from_word(&row.state) else {
        return out.found("stored_word", name(), format!("state {:?}", row.state));
    };
    let attempt = order.attempts.iter().find(|attempt| attempt.id == row.attempt && attempt.state == "paid");
    if attempt.is_none_or(|attempt| attempt.currency != row.currency) {
        out.found("dispute_of_attempt", name(), format!("the order has no paid attempt {}", row.attempt));
    }
    let posted = matches!(state, DisputeState::Open | DisputeState::Won | DisputeState::Lost);
    let (won, lost) = (state == DisputeState::Won, state == DisputeState::Lost);
    let frozen = row.frozen_credit.saturating_add(row.frozen_deferred);
    let good = frozen.saturating_add(row.from_refunds);
    // What makes good the loss from refunds is money of this attempt that did not go back.
    let refunds = order.refunds.iter().filter(|refund| refund.attempt == row.attempt && refund.state == "failed");
    let waits = refunds.fold(0i64, |sum, refund| sum.saturating_add(refund.amount));
    let of_attempt = order.disputes.iter().filter(|dispute| dispute.attempt == row.attempt);
    let used = of_attempt.fold(0i64, |sum, dispute| sum.saturating_add(dispute.from_refunds));
    if good > row.amount
        || (row.from_refunds > 0 && used > waits)
        || (row.from_refunds > 0 && !lost)
        || (frozen > 0 && !posted)
        || row.closed_at.is_some() != state.over()
    {
        let detail = format!("{}, {frozen} frozen of {}, closed at {:?}", row.state, row.amount, row.closed_at);
        out.found("dispute_state", name(), detail);
    }
    for (template, there, amount) in [
        (Template::DisputeOpened, posted, row.amount),
        (Template::DisputeFrozenCredit, posted, row.frozen_credit),
        (Template::DisputeFrozenDeferred, posted, row.frozen_deferred),
        (Template::DisputeWon, won, row.amount),
        (Template::DisputeUnfrozenCredit, won, row.frozen_credit),
        (Template::DisputeLost, lost, good),
        (Template::DisputeWrittenOff, lost, row.amount.saturating_sub(good)),
    ] {
        let expected = if there && amount != 0 { vec![amount] } else { vec![] };
        let found = order.amounts(template, row.id.0);
        if found != expected {
            let detail = format!("{}, {} of {found:?}, {expected:?} expected", row.state, template.word());
            out.found("dispute_posted", name(), detail);
        }
    }
    // Back to a plan that still runs, or earned with one that ended.
    let back = [Template::DisputeUnfrozenDeferred, Template::DisputeWonEarned];
    let back: Vec<i64> = back.iter().flat_map(|template| order.amounts(*template, row.id.0)).collect();
    let expected = if won && row.frozen_deferred != 0 { vec![row.frozen_deferred] } else { vec![] };
    if back != expected {
        let detail = format!("{}, {back:?} earns again, {expected:?} expected", row.state);
        out.found("dispute_posted", name(), detail);
    }
    if !order.has_case(CaseReason::Disputed) {
        out.found("dispute_has_case", name(), "no case");
    }
}

/// What of an order's revenue is frozen, or went to the bank: nothing of it is earned.
pub(super) fn withheld(order: &Gathered) -> i64 {
    let sum = |template| {
        let mine = order.money.iter().filter(|money| money.template == template);
        mine.fold(0i64, |sum, money| sum.saturating_add(money.amount))
    };
    sum(Template::DisputeFrozenDeferred).saturating_sub(sum(Template::DisputeUnfrozenDeferred))
}
