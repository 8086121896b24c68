//! Cases that the system opens for what needs people: jobs that gave up or fail again and again, messages that reach nobody,
//! and orders that are paid and not in effect for too long. (What a payment or a dispute needs people for is decided with it,
//! in core.) The id of each follows from its cause, so that one cause has one case.

use super::changed;
use crate::set_up::HOUSE;
use crate::{App, Problem};
use everline_core::effects::{CaseOpened, CaseReason, Job};
use everline_core::ids::{CaseId, CustomerId, JobId, LineId, OrderId, RawId};
use everline_core::order::OrderState;
use everline_core::support::{CaseState, CaseStep, PAID_NOT_IN_EFFECT_US};
use everline_core::time::BusinessTime;
use everline_store::tables::case::{self, Case};
use everline_store::tables::{order, support};
use everline_store::{Stop, Tx, Work};
use std::time::Duration;

/// How often it is looked for orders that wait too long.
const EVERY: Duration = Duration::from_secs(60);
/// Orders that are looked at at once.
const AT_ONCE: i64 = 100;

/// A job that failed, as its case will have it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Failed {
    customer: CustomerId,
    id: CaseId,
    reason: CaseReason,
    order: Option<OrderId>,
    line: Option<LineId>,
    cause: &'static str,
    job: JobId,
}

impl Failed {
    /// Of a job. All messages that do not reach one customer are one case.
    pub(crate) fn of(job: &Job) -> Self {
        let (customer, id) = (job.customer(), job.id());
        let (case, reason) = if job.tells() {
            (customer.0.derive(0x74, 0), CaseReason::MessageFailed)
        } else {
            (id.0.derive(0x75, 0), CaseReason::JobFailed)
        };
        let (order, line) = match *job {
            Job::ActivateUpstream { order, .. } => (Some(order), None),
            Job::AutoRenew { order, line, .. } => (Some(order), Some(line)),
            Job::TellNetwork { line, .. } | Job::SendMessage { line, .. } | Job::TellBeside { line, .. } => {
                (None, Some(line))
            }
            _ => (None, None),
        };
        Self { customer, id: CaseId(case), reason, order, line, cause: job.word(), job: id }
    }
    /// Of one that cannot be read.
    pub(crate) fn unread(job: JobId) -> Self {
        let (customer, id) = (HOUSE, CaseId(job.0.derive(0x75, 0)));
        let (reason, cause) = (CaseReason::JobFailed, "unread");
        Self { customer, id, reason, order: None, line: None, cause, job }
    }
    /// Opens its case, or opens it again if it was solved.
    pub(crate) async fn open(&self, tx: &mut Tx, at: BusinessTime) -> Result<(), Stop<Problem>> {
        match case::lock(tx, self.customer, self.id).await? {
            None => case::add_once(
                tx,
                &Case {
                    order: self.order,
                    line: self.line,
                    cause: Some(self.cause.to_owned()),
                    cause_id: Some(self.job.0),
                    ..Case::opened(self.customer, self.id, self.reason, at)
                },
            ),
            Some(case) => reopen(tx, case, at).await?,
        }
        Ok(())
    }
}

/// Opens a case about an order, or opens it again if it was solved and something new happened.
pub(crate) async fn open_about(
    tx: &mut Tx,
    opened: &CaseOpened,
    at: BusinessTime,
) -> Result<(), everline_store::Error> {
    match case::lock(tx, opened.customer, support::case_about(opened.order, opened.reason)).await? {
        None => support::open_case(tx, opened, at),
        Some(case) if opened.reason.happens_anew() => reopen(tx, case, at).await?,
        Some(_) => {}
    }
    Ok(())
}

/// Opens a locked case again if it was solved; of one that went into another, that one.
async fn reopen(tx: &mut Tx, case: Case, at: BusinessTime) -> Result<(), everline_store::Error> {
    let mut case = case;
    // What it went into was open and in no other then; it may have gone into another since.
    while let Some(into) = case.merged_into {
        let Some(other) = case::lock(tx, case.customer, into).await? else { return Ok(()) };
        case = other;
    }
    if case.state == CaseState::Solved {
        case::save(tx, &changed(case, CaseState::Reopened, (None, CaseStep::CameBack), at));
    }
    Ok(())
}

/// What a case was opened for was decided: it is solved, unless it is already or went into another.
pub(crate) async fn over(
    tx: &mut Tx,
    (customer, id): (CustomerId, CaseId),
    by: Option<RawId>,
    at: BusinessTime,
) -> Result<(), Stop<Problem>> {
    if let Some(case) = case::lock(tx, customer, id).await?
        && case.state != CaseState::Solved
        && case.merged_into.is_none()
    {
        case::save(tx, &changed(case, CaseState::Solved, (by, CaseStep::CauseOver), at));
    }
    Ok(())
}

/// What a case about an order was opened for is there again: it is opened again if it was solved.
pub(crate) async fn came_back(
    tx: &mut Tx,
    (customer, order): (CustomerId, OrderId),
    reason: CaseReason,
    at: BusinessTime,
) -> Result<(), Stop<Problem>> {
    if let Some(case) = case::lock(tx, customer, support::case_about(order, reason)).await? {
        reopen(tx, case, at).await?;
    }
    Ok(())
}

/// Looks from time to time for orders that wait too long.
pub async fn run_forever(app: App) {
    loop {
        if let Err(problem) = look_after(&app).await {
            tracing::error!(%problem, "orders that wait too long could not be looked at");
        }
        tokio::time::sleep(EVERY).await;
    }
}

/// Opens a case about each order that is paid and not in effect for too long, and solves those whose orders are on their way
/// no more and that nobody touched; how many of both.
pub async fn look_after(app: &App) -> Result<usize, Problem> {
    let at = app.clock.now().business;
    let before = at.plus_us(-PAID_NOT_IN_EFFECT_US);
    let (late, over) = app.store.read(Find { before }).await?;
    for (customer, order) in &late {
        app.store.transact(OpenLate { customer: *customer, order: *order, at }).await?;
    }
    for (customer, id) in &over {
        app.store.transact(CauseIsOver { customer: *customer, id: *id, at }).await?;
    }
    Ok(late.len().saturating_add(over.len()))
}

struct Find {
    before: BusinessTime,
}
impl Work for Find {
    const NAME: &'static str = "find_late_orders";
    type Out = (Vec<(CustomerId, OrderId)>, Vec<(CustomerId, CaseId)>);
    type Refusal = Problem;
    async fn run(&self, tx: &mut Tx) -> Result<Self::Out, Stop<Problem>> {
        Ok((support::without_case(tx, self.before, AT_ONCE).await?, support::cause_over(tx, AT_ONCE).await?))
    }
}

/// Whether an order is paid and not in effect.
const fn waits(state: OrderState) -> bool {
    matches!(state, OrderState::Paid | OrderState::Delivered)
}

struct OpenLate {
    customer: CustomerId,
    order: OrderId,
    at: BusinessTime,
}
impl Work for OpenLate {
    const NAME: &'static str = "open_case_of_late_order";
    type Out = ();
    type Refusal = Problem;
    async fn run(&self, tx: &mut Tx) -> Result<(), Stop<Problem>> {
        let order = order::lock(tx, self.customer, self.order).await?;
        if waits(order.state) {
            let (customer, reason) = (self.customer, CaseReason::PaidNotInEffect);
            support::open_case(tx, &CaseOpened { customer, order: order.id, reason }, self.at);
        }
        Ok(())
    }
}

struct CauseIsOver {
    customer: CustomerId,
    id: CaseId,
    at: BusinessTime,
}
impl Work for CauseIsOver {
    const NAME: &'static str = "cause_of_case_is_over";
    type Out = ();
    type Refusal = Problem;
    async fn run(&self, tx: &mut Tx) -> Result<(), Stop<Problem>> {
        let Some(case) = case::lock(tx, self.customer, self.id).await? else { return Ok(()) };
        // Whatever somebody did in it, they go on.
        if case.version == 0 && case.solved_at.is_none() {
            case::save(tx, &changed(case, CaseState::Solved, (None, CaseStep::CauseOver), self.at));
        }
        Ok(())
    }
}
