//! The whole life of a line: what time does to it, what people do to it, and what would become of it.
//!
//! stock (→ reserved) → test → silent → active → grace → suspended → number kept → terminated → quarantined → stock. [`stages`] says how
//! long each lasts, [`on_due`] what one instant does, [`command`] what one command does, [`take_back`] what it means that a
//! plan's money goes back, [`what_if`] repeats `on_due` without writing. All of them end in [`settle`], so that a state has the same effects however it was entered:
//!
//! - **Service.** Out of service, every session is redirected and the network told; back in service, restored.
//! - **Charges.** Plans that run keep running and earn as before, also while the line is lost, barred, kept or terminated:
//!   what was sold is time. While a line is terminated, what its plans have not earned stays deferred and can be paid out.
//!   When the number begins to rest that time is over: all of it is earned there (PACK_RECOGNISED), and plans that were
//!   queued or waited for their first use begin and end at that instant.

mod command;
mod hand_over;
mod stages;
mod take_back;
mod what_if;

pub use command::{HandOver, LifecycleCommand, LifecycleRefusal, command};
pub use hand_over::{Along, Given, NoHandOver, give, orders_of, take};
pub use stages::{begin, without_plan};
pub use take_back::{Past, take_back};
pub use what_if::{Step, what_if};

use crate::brand::Brand;
use crate::charging::{Allowance, Recognition};
use crate::effects::{CaseOpened, CaseReason, Effects, Job, MessageKind, NetworkAction};
use crate::ids::{JobId, LineId, OrderId, RawId};
use crate::ledger::{Balances, Cause, LedgerRefusal, Posting, Template};
use crate::line::{Line, LineState, SuspendCause};
use crate::offering::Unit;
use crate::order::{Order, OrderState};
use crate::time::{BusinessTime, Zone};
use stages::Stages;

/// A line as it is, with everything that time and commands work on.
#[derive(Debug, Clone, PartialEq)]
pub struct Situation {
    /// The line.
    pub line: Line,
    /// What it may use.
    pub allowance: Allowance,
    /// Its customer's balances.
    pub balances: Balances,
    /// Its orders that are delivered, queued or start on first use, and of a line that begins to rest those of all its
    /// plans and packs; more do no harm.
    pub orders: Vec<Order>,
}

/// Why a line came into a state.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Because {
    /// Time passed.
    Time,
    /// Something was paid for.
    Paid,
    /// The first use began its plan.
    FirstUse,
    /// Its plan was taken back, and the money returned.
    Refunded,
    /// It went on under another owner.
    HandedOver,
    /// Somebody commanded it.
    Command(LifecycleCommand),
}
impl Because {
    /// The stable word for it.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Because::Time => "time",
            Because::Paid => "paid",
            Because::FirstUse => "first_use",
            Because::Refunded => "refunded",
            Because::HandedOver => "handed_over",
            Because::Command(command) => command.word(),
        }
    }
}

/// One change of a line's state, as people are shown it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LineEvent {
    /// Follows from the line, the instant and the line's version: time first, and the same change is the same event.
    pub id: RawId,
    /// The line.
    pub line: LineId,
    /// The state it came into.
    pub state: LineState,
    /// Why.
    pub because: Because,
    /// When.
    pub at: BusinessTime,
}

/// Brings a line into a state and says so; nothing happens to one that is in it. Of two who act at once the second may have read
/// its clock first, or a slower one: a state never begins before the one that it follows.
pub fn change(effects: &mut Effects, line: &mut Line, state: LineState, because: Because, at: BusinessTime) {
    if state == line.state {
        return;
    }
    let at = at.max(line.state_since);
    (line.state, line.state_since) = (state, at);
    let id = event_id(line, at);
    effects.events.push(LineEvent { id, line: line.id, state, because, at });
}

/// RFC 9562 §6.2: twelve bits of a counter after the time, here of the line's version, then the line's own randomness.
fn event_id(line: &Line, at: BusinessTime) -> RawId {
    let [_, _, _, _, _, _, _, _, random @ ..] = line.id.bytes();
    let [_, _, _, _, _, _, high, low] = line.version.to_be_bytes();
    let [a, b, c, d, e, f, g, h] = random;
    RawId::new_v7(at.us().unsigned_abs() / 1_000, [high, low, a, b, c, d, e, f, g, h])
}

/// The next instant at which time changes the line, if any; the line's timer is due then.
#[must_use]
pub fn next_due(line: &Line, allowance: &Allowance, after: BusinessTime, zone: &Zone) -> Option<BusinessTime> {
    let reminder = line.state.reminds_at(line.state_since).filter(|at| *at > after);
    [allowance.next_due(after, zone), line.state.until(), reminder].into_iter().flatten().min()
}

/// The line at one due instant: everything that happens by itself at `due`, however late this runs.
///
/// Orders that begin here are in effect (the network is told of a session that is still cut off).
///
/// # Errors
/// If the ledger refuses what would be earned.
pub fn on_due(is: &Situation, brand: &Brand, zone: &Zone, due: BusinessTime) -> Result<Effects, LedgerRefusal> {
    let mut effects = Effects::default();
    let (was, mut line, mut allowance) = (is.line.state, is.line.clone(), is.allowance.clone());
    let passed = allowance.advance(due.plus_us(-1), due, zone);
    recognise(&mut effects, is.balances, &passed.recognitions)?;
    line.service_until = allowance.service_until().or(line.service_until);

    let state = Stages::of(brand, line.family, zone).at(was, &allowance, due);
    change(&mut effects, &mut line, state, Because::Time, due);
    tell(&mut effects, was, &line, Because::Time, due);
    let begins = |order: &&Order| {
        passed.begun.contains(&order.id) && matches!(order.state, OrderState::Queued | OrderState::StartsOnFirstUse)
    };
    effects.orders = is.orders.iter().filter(begins).cloned().collect();
    let waits = settle_sessions(&mut effects, was, &line, &mut allowance, due);
    for order in &mut effects.orders {
        order.starts_at = Some(order.starts_at.unwrap_or(due));
        let period = allowance.periods.iter().find(|period| period.order == order.id);
        order.ends_at = period.and_then(|period| period.ends_at()).or(order.ends_at);
        if waits {
            order.state = OrderState::Delivered;
        } else {
            (order.state, order.in_effect_at) = (OrderState::InEffect, Some(due));
        }
    }
    settle(&mut effects, is, (line, allowance), &passed.ended, due)?;
    Ok(effects)
}

/// Tells the owner of the state that a line came into, and, in one that did not change, that its number ends soon. What was
/// paid for and began is told with its order.
fn tell(effects: &mut Effects, was: LineState, line: &Line, because: Because, at: BusinessTime) {
    let lifted = matches!(
        because,
        Because::Command(LifecycleCommand::LiftLost | LifecycleCommand::LiftBar | LifecycleCommand::BringBack)
    );
    let kind = match line.state {
        same if same == was => (was.reminds_at(line.state_since) == Some(at)).then_some(MessageKind::NumberEnds),
        LineState::Suspended(SuspendCause::NotRenewed { .. }) => Some(MessageKind::Suspended),
        LineState::Suspended(SuspendCause::Lost) => Some(MessageKind::ReportedLost),
        LineState::Suspended(SuspendCause::Barred) => Some(MessageKind::Barred),
        LineState::NumberKept { .. } => Some(MessageKind::NumberKept),
        // Whoever did not pay for a profile never had a line.
        state if state.over() => {
            (!was.over() && !matches!(was, LineState::Reserved { .. })).then_some(MessageKind::Terminated)
        }
        _ if lifted => Some(MessageKind::ServiceRestored),
        LineState::Grace { .. } => Some(MessageKind::GraceBegan),
        _ => None,
    };
    let (customer, id, cause) = (line.customer, line.id, instant_cause(line.id, at));
    effects.jobs.extend(kind.map(|kind| Job::SendMessage {
        customer,
        line: id,
        order: None,
        kind,
        cause,
        after: None,
    }));
}

/// What being in a state means, whoever or whatever brought the line there from where it is. Completes the effects.
fn settle(
    effects: &mut Effects,
    is: &Situation,
    (mut line, mut allowance): (Line, Allowance),
    ended: &[OrderId],
    at: BusinessTime,
) -> Result<(), LedgerRefusal> {
    // Paid for, over, and never acknowledged by the network: nothing will bring it into effect any more.
    let stranded = |order: &&Order| {
        order.state == OrderState::Delivered && (ended.contains(&order.id) || !line.state.in_service())
    };
    effects.cases.extend((is.orders.iter().filter(stranded)).map(|order| CaseOpened {
        customer: order.customer,
        order: order.id,
        reason: CaseReason::JobFailed,
    }));
    if line.state.at_rest() && !is.line.state.at_rest() {
        rest(effects, &mut line, &mut allowance, is.balances, &is.orders, at)?;
    }
    if line.state == LineState::Closed {
        allowance.sessions.clear();
    }
    effects.line = Some(line);
    effects.allowance = Some(allowance);
    Ok(())
}

/// The number rests: what was bought ends here, and is earned here.
pub(crate) fn rest(
    effects: &mut Effects,
    line: &mut Line,
    allowance: &mut Allowance,
    balances: Balances,
    orders: &[Order],
    at: BusinessTime,
) -> Result<(), LedgerRefusal> {
    for period in std::mem::take(&mut allowance.periods) {
        let amount = period.deferred.saturating_sub(period.recognised);
        if amount > 0 {
            recognise(
                effects,
                balances,
                &[Recognition { order: period.order, number: period.recognitions, amount, at }],
            )?;
        }
        let place = effects.orders.iter().position(|order| order.id == period.order);
        let order = place.map(|place| effects.orders.remove(place));
        let Some(mut order) = order.or_else(|| orders.iter().find(|order| order.id == period.order).cloned()) else {
            continue;
        };
        if matches!(order.state, OrderState::Queued | OrderState::StartsOnFirstUse) {
            (order.state, order.in_effect_at) = (OrderState::InEffect, Some(at));
        }
        order.starts_at = Some(order.starts_at.map_or(at, |start| start.min(at)));
        order.ends_at = Some(at);
        effects.orders.push(order);
    }
    line.service_until = line.service_until.map(|until| until.min(at));
    Ok(())
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

/// Sessions follow the line: cut off when it has no service any more, restored when a plan begins or the line comes back.
/// Whether the network must acknowledge before the orders in `effects` are in effect.
fn settle_sessions(
    effects: &mut Effects,
    was: LineState,
    line: &Line,
    allowance: &mut Allowance,
    at: BusinessTime,
) -> bool {
    let (customer, id, cause) = (line.customer, line.id, instant_cause(line.id, at));
    let tested = matches!(was, LineState::Test { .. }) && line.state != was;
    if tested {
        allowance.trial = None;
    }
    let serves = line.state.in_service();
    let mut tell = |session, action| effects.jobs.push(Job::TellNetwork { customer, line: id, session, action, cause });
    if !serves || (tested && allowance.left(Unit::Octets, at) == 0) {
        allowance.redirect_sessions().into_iter().for_each(|session| tell(session, NetworkAction::Redirect));
    }
    let comes_back = serves && !was.in_service();
    let lets_in = matches!(line.state, LineState::Grace { .. }) || allowance.left(Unit::Octets, at) > 0;
    let begun = effects.orders.first().map(|order| order.id).filter(|_| serves);
    if begun.is_none() && !(comes_back && lets_in) {
        return false;
    }
    let restored = allowance.restore_sessions(begun.or_else(|| allowance.current_plan(at).map(|plan| plan.order)));
    let waits = begun.is_some() && !restored.is_empty();
    let tell = |session| Job::TellNetwork { customer, line: id, session, action: NetworkAction::Reauthorize, cause };
    effects.jobs.extend(restored.into_iter().map(tell));
    waits
}

/// Names what happens to a line at one instant, for the ids of its jobs.
#[must_use]
pub fn instant_cause(line: LineId, due: BusinessTime) -> JobId {
    let mut bytes = line.0.bytes();
    let ms = due.us().unsigned_abs() / 1_000;
    for (byte, time) in bytes.iter_mut().zip(ms.to_be_bytes().into_iter().skip(2)) {
        *byte = time;
    }
    JobId(RawId::from_bytes(bytes))
}
