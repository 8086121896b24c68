//! What time does to a line: its plans begin, earn and end; it passes through grace to suspended.

use crate::brand::Brand;
use crate::charging::{Allowance, Recognition};
use crate::effects::{CaseOpened, CaseReason, Effects, Job, MessageKind, NetworkAction};
use crate::ids::{JobId, LineId};
use crate::ledger::{Balances, Cause, LedgerRefusal, Posting, Template};
use crate::line::{Line, LineState, SuspendCause};
use crate::order::{Order, OrderState};
use crate::time::{BusinessTime, Now, Validity, Zone};

/// The next instant at which time changes the line, if any; the line's timer is due then.
#[must_use]
pub fn next_due(line: &Line, allowance: &Allowance, after: BusinessTime, zone: &Zone) -> Option<BusinessTime> {
    let grace = match line.state {
        LineState::Grace { until } => Some(until),
        _ => None,
    };
    [allowance.next_due(after, zone), grace].into_iter().flatten().min()
}

/// The line at one due instant: everything that happens by itself at `due`, however late this runs.
///
/// `waiting` are the line's orders that are queued or start on first use; those that begin here are in effect (the network
/// is told of a session that is still cut off).
pub fn on_due(
    line: &Line,
    allowance: &Allowance,
    balances: Balances,
    waiting: &[Order],
    brand: &Brand,
    zone: &Zone,
    due: BusinessTime,
) -> Result<Effects, LedgerRefusal> {
    let mut effects = Effects::default();
    let (mut line, mut allowance) = (line.clone(), allowance.clone());
    let passed = allowance.advance(due.plus_us(-1), due, zone);
    recognise(&mut effects, balances, &passed.recognitions)?;
    line.service_until = allowance.service_until().or(line.service_until);

    let cause = instant_cause(line.id, due);
    let state = state_at(&line, &allowance, brand, zone, due);
    if state != line.state {
        (line.state, line.state_since) = (state, due);
        let (customer, id) = (line.customer, line.id);
        let told = match state {
            LineState::Grace { .. } => Some(MessageKind::GraceBegan),
            LineState::Suspended(_) => Some(MessageKind::Suspended),
            _ => None,
        };
        effects.jobs.extend(told.map(|kind| Job::SendMessage { customer, line: id, order: None, kind, cause }));
    }
    let begun = waiting.iter().filter(|order| passed.begun.contains(&order.id));
    let mut begun: Vec<Order> = begun.cloned().collect();
    settle_sessions(&mut effects, &line, &mut allowance, &mut begun, cause, due);
    // Paid for, over, and never acknowledged by the network: nothing will bring it into effect any more.
    let stranded = |order: &&Order| {
        order.state == OrderState::Delivered && (passed.ended.contains(&order.id) || !line.state.in_service())
    };
    effects.cases = (waiting.iter().filter(stranded))
        .map(|order| CaseOpened { customer: order.customer, order: order.id, reason: CaseReason::JobFailed })
        .collect();
    effects.orders = begun;
    effects.line = Some(line);
    effects.allowance = Some(allowance);
    Ok(effects)
}

/// Where a line stands at `due`, from its plans and the brand's rules.
fn state_at(line: &Line, allowance: &Allowance, brand: &Brand, zone: &Zone, due: BusinessTime) -> LineState {
    if allowance.has_service(due) {
        return line.state.with_running_plan();
    }
    match line.state {
        LineState::Active => match brand.rules(line.family).grace_days {
            0 => LineState::Suspended(SuspendCause::NotRenewed),
            days => LineState::Grace { until: Validity::Days(days).end(due, None, zone) },
        },
        LineState::Grace { until } if until <= due => LineState::Suspended(SuspendCause::NotRenewed),
        other => other,
    }
}

/// Posts revenue that became earned.
pub fn recognise(effects: &mut Effects, balances: Balances, earned: &[Recognition]) -> Result<(), LedgerRefusal> {
    for earned in earned {
        let cause = Cause::Recognition(earned.order, earned.number);
        let posting = Posting::new(Template::PackRecognised, cause, earned.order, earned.amount, earned.at);
        effects.balances = Some(effects.balances.unwrap_or(balances).after(&posting)?);
        effects.postings.push(posting);
    }
    Ok(())
}

/// Sessions follow the line: cut off when it has no service, restored when a plan begins. An order that begins while a
/// session is cut off is delivered, and in effect once the network acknowledged.
fn settle_sessions(
    effects: &mut Effects,
    line: &Line,
    allowance: &mut Allowance,
    begun: &mut [Order],
    cause: JobId,
    due: BusinessTime,
) {
    let (customer, id) = (line.customer, line.id);
    let mut tell = |session, action| effects.jobs.push(Job::TellNetwork { customer, line: id, session, action, cause });
    if !line.state.in_service() {
        allowance.redirect_sessions().into_iter().for_each(|session| tell(session, NetworkAction::Redirect));
    }
    let restored = match begun.first().filter(|_| line.state.in_service()) {
        Some(order) => allowance.restore_sessions(order.id),
        None => Vec::new(),
    };
    let waits = !restored.is_empty();
    restored.into_iter().for_each(|session| tell(session, NetworkAction::Reauthorize));
    for order in begun {
        order.starts_at = Some(order.starts_at.unwrap_or(due));
        let period = allowance.periods.iter().find(|period| period.order == order.id);
        order.ends_at = period.and_then(|period| period.ends_at()).or(order.ends_at);
        if waits {
            order.state = OrderState::Delivered;
        } else {
            (order.state, order.in_effect_at) = (OrderState::InEffect, Some(due));
        }
    }
}

/// Names what happens to a line at one instant, for the ids of its jobs.
#[must_use]
pub fn instant_cause(line: LineId, due: BusinessTime) -> JobId {
    let mut bytes = line.0.bytes();
    let ms = due.us().unsigned_abs() / 1_000;
    for (byte, time) in bytes.iter_mut().zip(ms.to_be_bytes().into_iter().skip(2)) {
        *byte = time;
    }
    JobId(crate::ids::RawId::from_bytes(bytes))
}

/// An order that was not paid in time. Its attempts are closed at the provider and watched until nothing can come.
#[must_use]
pub fn on_order_expired(order: &Order, now: Now) -> Option<Order> {
    let expired = order.state == OrderState::AwaitingPayment && order.expires_at <= now.business;
    expired.then(|| Order { state: OrderState::Closed, closed_at: Some(now.business), ..order.clone() })
}
