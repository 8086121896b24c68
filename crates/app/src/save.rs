//! Carries out what core decided: every row, transfer and job of one decision, in the caller's transaction.

use everline_core::effects::Effects;
use everline_core::ids::{CustomerId, LineId};
use everline_core::lifecycle;
use everline_core::time::{Now, Zone};
use everline_store::tables::{
    allowance, customer, directory, job, ledger, line, order, payment, receipt, support, timer,
};
use everline_store::{Error, Tx};

/// Writes the effects of a decision about one customer's line. Every row it changes was locked by the caller.
pub(crate) fn carry_out(
    tx: &mut Tx,
    owner: (CustomerId, LineId),
    effects: &Effects,
    zone: &Zone,
    now: Now,
) -> Result<(), Error> {
    let (customer_id, line_id) = owner;
    if let Some(balances) = &effects.balances {
        customer::save_account(tx, customer_id, balances);
    }
    for posting in &effects.postings {
        ledger::post(tx, customer_id, posting);
    }
    if let Some(attempt) = &effects.attempt {
        payment::save(tx, attempt);
        if let Some(trade_no) = &attempt.trade_no {
            directory::add_if_new(tx, directory::Name::TradeNo, trade_no, customer_id, attempt.id.0);
        }
    }
    for changed in &effects.orders {
        order::save(tx, changed);
        if changed.paid_at.is_some() || changed.closed_at.is_some() {
            timer::set_unless_due(tx, changed.id.0, customer_id, timer::TimerKind::Order, None, now.business);
        }
    }
    if let (Some(changed), Some(allowance)) = (&effects.line, &effects.allowance) {
        line::save(tx, changed);
        self::allowance::save(tx, customer_id, line_id, allowance);
        let due = lifecycle::next_due(changed, allowance, now.business, zone);
        timer::set_unless_due(tx, line_id.0, customer_id, timer::TimerKind::Line, due, now.business);
    }
    if let Some(receipt) = &effects.receipt {
        self::receipt::add(tx, customer_id, receipt);
    }
    for refund in &effects.refunds {
        payment::save_refund(tx, refund);
    }
    for case in &effects.cases {
        support::open_case(tx, case, now.business);
    }
    for queued in &effects.jobs {
        if let Some(session) = queued.ordered_by() {
            // What waits to be told about this session again is told or dropped now: nothing new may wait behind it.
            job::awake_session(tx, session, now.system);
        }
        job::add(tx, customer_id, queued, now.system, now.system)?;
    }
    Ok(())
}
