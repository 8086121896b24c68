//! What it means for a line that something bought for it is taken back.

use super::stages::Stages;
use super::{Because, Situation, change, instant_cause, settle, settle_sessions, tell};
use crate::brand::Brand;
use crate::charging::{Period, Service};
use crate::effects::{CaseOpened, CaseReason, Effects, Job, NetworkAction};
use crate::ledger::LedgerRefusal;
use crate::line::LineState;
use crate::offering::{OfferingKind, OfferingRef, Unit};
use crate::order::{Order, OrderState};
use crate::time::{BusinessTime, Validity, Zone};
use std::collections::BTreeMap;

/// What a line's present does not tell.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Past {
    /// How long the offerings last whose plans wait on the line.
    pub lasts: BTreeMap<OfferingRef, Validity>,
    /// When the last plan ended that is not taken back, if there was one.
    pub ended: Option<BusinessTime>,
}

/// The line at `at`, when `taken` is in its allowance no more. A plan that waited behind it begins at once, if it ran, or
/// moves up. Where no plan is left, the line is what it would be without the one that was taken back: counted from the end of
/// the plan before it, so that buying and giving back prolongs nothing.
///
/// `is` is without `taken` and its order. What was due before `at` must have happened.
///
/// # Errors
/// If the ledger refuses what would be earned.
pub fn take_back(
    is: &Situation,
    taken: &Period,
    past: &Past,
    (brand, zone): (&Brand, &Zone),
    at: BusinessTime,
) -> Result<Effects, LedgerRefusal> {
    let mut effects = Effects::default();
    let (was, mut line, mut allowance) = (is.line.state, is.line.clone(), is.allowance.clone());
    let mut moved = Vec::new();
    if taken.kind == OfferingKind::Plan {
        moved = allowance.close_gap(at, zone, |offering| past.lasts.get(offering).copied());
        line.service_until = allowance.service_until().or(past.ended);
    }
    if was == LineState::Active && !allowance.has_service(at) {
        let state = Stages::of(brand, line.family, zone).without_plan(past.ended, at);
        change(&mut effects, &mut line, state, Because::Refunded, at);
        tell(&mut effects, was, &line, Because::Refunded, at);
    }
    // First those that begin, which the sessions follow; then those that still wait.
    let order = |id| is.orders.iter().find(|order| order.id == id).cloned();
    let moved = moved.into_iter().filter_map(order).map(|order| {
        let period = allowance.periods.iter().find(|period| period.order == order.id);
        let (starts_at, ends_at) = (period.and_then(Period::starts_at), period.and_then(Period::ends_at));
        Order { starts_at, ends_at, ..order }
    });
    let (begun, waiting): (Vec<Order>, Vec<Order>) =
        moved.partition(|order| order.starts_at.is_some_and(|start| start <= at));
    effects.orders = begun;
    let waits = settle_sessions(&mut effects, was, &line, &mut allowance, at);
    for order in &mut effects.orders {
        (order.state, order.in_effect_at) = match waits {
            true => (OrderState::Delivered, None),
            false => (OrderState::InEffect, Some(at)),
        };
    }
    let begins = !effects.orders.is_empty();
    effects.orders.extend(waiting);
    let lets_in = matches!(line.state, LineState::Grace { .. }) || allowance.left(Unit::Octets, at) > 0;
    if !begins && !lets_in {
        let (customer, id, cause) = (line.customer, line.id, instant_cause(line.id, at));
        let tell = |session| Job::TellNetwork { customer, line: id, session, action: NetworkAction::Redirect, cause };
        effects.jobs.extend(allowance.redirect_sessions().into_iter().map(tell));
    }
    // What waited for a session that is cut off now has nothing left that brings it into effect.
    let restoring = allowance.sessions.iter().any(|session| session.service == Service::Restoring);
    if line.state.in_service() && !restoring {
        let stranded = is.orders.iter().filter(|order| order.state == OrderState::Delivered);
        let reason = CaseReason::JobFailed;
        effects.cases.extend(stranded.map(|order| CaseOpened { customer: order.customer, order: order.id, reason }));
    }
    settle(&mut effects, is, (line, allowance), &[], at)?;
    Ok(effects)
}
