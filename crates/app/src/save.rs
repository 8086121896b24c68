//! Carries out what core decided: every row, transfer and job of one decision, in the caller's transaction.

use crate::reminders;
use crate::support::open_about;
use everline_core::auto_renew::AutoRenew;
use everline_core::effects::Effects;
use everline_core::ids::{CustomerId, LineId};
use everline_core::lifecycle::{self, Situation};
use everline_core::line::LineState;
use everline_core::time::{Now, Zone};
use everline_store::tables::{
    allowance, customer, directory, dispute, job, ledger, line, line_event, order, payment, receipt, reminder, sim,
    timer,
};
use everline_store::{Error, Tx};

/// Locks a line with everything that its life works on; of its orders those that are delivered and not in effect.
pub(crate) async fn lock(tx: &mut Tx, customer: CustomerId, line: LineId) -> Result<Situation, Error> {
    let balances = customer::lock_account(tx, customer).await?;
    let line = line::lock(tx, customer, line).await?;
    let orders = order::waiting(tx, customer, line.id).await?;
    let allowance = allowance::lock(tx, customer, line.id).await?;
    Ok(Situation { line, allowance, balances, orders })
}

/// Locks what a decision turned out to need: when the number begins to rest, the orders of all plans and packs end. Whether
/// there were any more; the decision must then be made again.
pub(crate) async fn lock_for_rest(tx: &mut Tx, is: &mut Situation, effects: &Effects) -> Result<bool, Error> {
    let rests = effects.line.as_ref().is_some_and(|line| line.state.at_rest()) && !is.line.state.at_rest();
    if !rests {
        return Ok(false);
    }
    let known = is.orders.len();
    for period in &is.allowance.periods {
        if is.orders.iter().all(|order| order.id != period.order) {
            is.orders.push(order::lock(tx, is.line.customer, period.order).await?);
        }
    }
    Ok(is.orders.len() > known)
}

/// Gives up the names of a line that ends: at termination its number is no login any more; when the number begins to rest its
/// Sims rest with it; when it is given back nothing leads to the line, its cards return to stock, and profiles, which a device may hold, are given out no more.
pub(crate) async fn give_up_names(tx: &mut Tx, before: &Situation, effects: &Effects) -> Result<(), Error> {
    let Some(after) = &effects.line else { return Ok(()) };
    let (was, line) = (before.line.state, &before.line);
    if after.state.over() && !was.over() {
        directory::remove(tx, directory::Name::Login, line.msisdn.as_str());
        // Whoever took care of it has nothing to be told any more.
        reminder::remove_contacts(tx, line.customer, line.id);
    }
    if matches!(after.state, LineState::Quarantined { .. }) && after.state != was {
        sim::quarantine(tx, line.id);
    }
    if after.state == LineState::Closed && after.state != was {
        for (iccid, imsi) in sim::numbers_of(tx, line.id).await? {
            directory::remove_of(tx, directory::Name::Iccid, &iccid, line.customer, line.id.0);
            directory::remove_of(tx, directory::Name::Imsi, &imsi, line.customer, line.id.0);
        }
        for session in &before.allowance.sessions {
            directory::remove_of(tx, directory::Name::Session, &session.id.to_string(), line.customer, line.id.0);
        }
        directory::remove_of(tx, directory::Name::Msisdn, line.msisdn.as_str(), line.customer, line.id.0);
        // The code of a profile that was only reserved was shown to nobody.
        if !matches!(was, LineState::Reserved { .. }) {
            sim::retire_profiles(tx, line.id);
        }
        sim::release(tx, line.id);
    }
    Ok(())
}

/// Writes the effects of a decision about one customer's line. Every row it changes was locked by the caller.
pub(crate) async fn carry_out(
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
    for attempt in &effects.attempts {
        payment::save(tx, attempt);
        if let (Some(trade_no), Some(provider)) = (&attempt.trade_no, attempt.method.provider()) {
            directory::add_if_new(tx, directory::Name::TradeNo(provider), trade_no, customer_id, attempt.id.0);
        }
    }
    for changed in &effects.orders {
        order::save(tx, changed);
        if changed.paid_at.is_some() || changed.closed_at.is_some() {
            timer::set_unless_due(tx, changed.id.0, customer_id, timer::TimerKind::Order, None, now.business);
        }
    }
    for event in &effects.events {
        line_event::add(tx, customer_id, event);
    }
    if let (Some(changed), Some(allowance)) = (&effects.line, &effects.allowance) {
        line::save(tx, changed);
        self::allowance::save(tx, customer_id, line_id, allowance);
        let due = lifecycle::next_due(changed, allowance, now.business, zone);
        timer::set_unless_due(tx, line_id.0, customer_id, timer::TimerKind::Line, due, now.business);
        let more = !(effects.orders.is_empty() && effects.events.is_empty() && effects.postings.is_empty());
        if more && changed.state == LineState::Active {
            // Not after mere usage: that looks at reminders only when it crosses a step.
            reminders::look_later(tx, customer_id, line_id, zone, now.business);
        }
        if !effects.orders.is_empty() {
            // What was bought or began may move the end of the line's last plan, which its renewal by itself waits for.
            timer::wake(tx, AutoRenew::id_of(line_id), customer_id, now.business);
        }
    }
    if let Some(receipt) = &effects.receipt {
        self::receipt::add(tx, customer_id, receipt);
    }
    for refund in &effects.refunds {
        payment::save_refund(tx, refund);
    }
    for changed in &effects.disputes {
        dispute::save(tx, changed);
    }
    for case in &effects.cases {
        open_about(tx, case, now.business).await?;
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
