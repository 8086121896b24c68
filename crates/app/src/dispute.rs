//! A payer asks the bank for the money back: what the provider says of it is taken in one transaction, with the notice that
//! brought it, before the notice is acknowledged. Told twice, late or out of order it ends in the same rows.

use crate::first::{First, one_more};
use crate::jobs::Done;
use crate::save::carry_out;
use crate::set_up::HOUSE;
use crate::staff::{permit, see_queue};
use crate::support::came_back;
use crate::{App, Problem, timers};
use everline_core::dispute::{DisputeSaid, on_said};
use everline_core::effects::{CaseReason, Job};
use everline_core::ids::{AttemptId, DisputeId, RawId};
use everline_core::payment::Provider;
use everline_core::staff::Permission;
use everline_core::time::{Now, SystemTime, Zone};
use everline_store::tables::notice::Notice;
use everline_store::tables::renewal::{self, Locked};
use everline_store::tables::{directory, dispute, job, notice, payment};
use everline_store::{Stop, Tx, Work};

/// How often a dispute is looked at whose payment is not known: some days, for as long as a provider repeats its notices.
const LOOKS_MAX: i64 = 1_000;

/// Takes what a provider says of a dispute. It may be told before its payment is; then a job looks again, and the notice is
/// kept as unmatched until one is found. Another system may share the account, so none may ever be.
pub(crate) async fn take_dispute(
    app: &App,
    provider: Provider,
    said: DisputeSaid,
    notice: Notice,
) -> Result<(), Problem> {
    match take(app, provider, &said, Some(&notice)).await {
        Err(Problem::NotFound(_)) => {
            tracing::warn!("a dispute names no payment of ours yet; its notice is kept as unmatched");
            let (dispute, now) = (dispute_id(app, provider, &said), app.clock.now());
            let later = Job::TakeDispute { customer: HOUSE, dispute, provider, said: Box::new(said) };
            Ok(app.store.transact(KeepForLater { notice, later, now }).await?)
        }
        other => other,
    }
}

/// Looks again for the payment of a dispute.
pub(crate) async fn take_later(app: &App, provider: Provider, said: &DisputeSaid, run: i64) -> Result<Done, Problem> {
    match take(app, provider, said, None).await {
        Err(Problem::NotFound(_)) if run < LOOKS_MAX => Ok(Done::retry(app, run, "its payment is not known yet")),
        Err(Problem::NotFound(_)) => Ok(Done::Finished),
        Err(problem) => Err(problem),
        Ok(()) => Ok(Done::Finished),
    }
}

async fn take(app: &App, provider: Provider, said: &DisputeSaid, notice: Option<&Notice>) -> Result<(), Problem> {
    let (now, id) = (app.clock.now(), dispute_id(app, provider, said));
    let work = || {
        let (said, notice, zone) = (said.clone(), notice.cloned(), app.zone.clone());
        Said { provider, said, id, notice, zone, now }
    };
    timers::in_due_order(app, now, work).await?;
    app.wake.notify_one();
    Ok(())
}

/// Keeps a notice whose payment is not known, and looks for it later.
struct KeepForLater {
    notice: Notice,
    later: Job,
    now: Now,
}
impl Work for KeepForLater {
    const NAME: &'static str = "keep_dispute_for_later";
    type Out = ();
    type Refusal = Problem;
    async fn run(&self, tx: &mut Tx) -> Result<(), Stop<Problem>> {
        let Job::TakeDispute { said, .. } = &self.later else { return Ok(()) };
        notice::keep_unmatched(tx, &self.notice, &said.trade_no);
        job::add(tx, HOUSE, &self.later, self.now.system, self.now.system)?;
        Ok(())
    }
}

/// The id follows from the provider's name for the dispute and when it was made, so that it is one however often it is told.
fn dispute_id(app: &App, provider: Provider, said: &DisputeSaid) -> DisputeId {
    let hash = app.secrets.token_hash(&format!("dispute:{}:{}", provider.word(), said.reference));
    let random = hash.first_chunk().copied().unwrap_or_default();
    DisputeId(RawId::new_v7(said.made_at.us().unsigned_abs() / 1_000, random))
}

struct Said {
    provider: Provider,
    said: DisputeSaid,
    id: DisputeId,
    /// The notice that brought it; absent if it is kept already.
    notice: Option<Notice>,
    zone: Zone,
    now: Now,
}
impl Work for Said {
    const NAME: &'static str = "dispute_said";
    type Out = ();
    type Refusal = Problem;
    async fn run(&self, tx: &mut Tx) -> Result<(), Stop<Problem>> {
        let none = || Stop::Refused(Problem::NotFound("attempt"));
        let name = directory::Name::TradeNo(self.provider);
        let (customer, attempt) = directory::find(tx, name, &self.said.trade_no).await?.ok_or_else(none)?;
        let attempt = payment::get(tx, customer, AttemptId(attempt)).await?.ok_or_else(none)?;
        let locked = renewal::lock_by_trade(tx, &attempt.out_trade_no).await?;
        let Locked { facts, due_at } = locked.ok_or_else(none)?;
        if let Some(due_at) = due_at.filter(|due_at| *due_at <= self.now.business) {
            let (customer, line) = (facts.line.customer, facts.line.id);
            return Err(Stop::Refused(Problem::DueFirst { customer, line, due_at }));
        }
        let known = dispute::lock(tx, customer, self.id).await?;
        let refunds = payment::refunds_of_order(tx, customer, facts.order.id).await?;
        match &self.notice {
            Some(notice) => notice::keep(tx, notice),
            None => notice::resolve(tx, self.provider.word(), &self.said.trade_no),
        }
        let disputes = dispute::of_order(tx, customer, facts.order.id).await?;
        let of_order = (refunds.as_slice(), disputes.as_slice());
        let decided = on_said(known.as_ref(), self.id, &facts, of_order, &self.said, self.now);
        let effects = decided.map_err(|refusal| Stop::Refused(refusal.into()))?;
        let disputed = effects.cases.iter().any(|case| case.reason == CaseReason::Disputed);
        if disputed && !self.said.state.over() {
            // The order was in dispute before, and somebody solved that.
            came_back(tx, (customer, facts.order.id), CaseReason::Disputed, self.now.business).await?;
        }
        carry_out(tx, (customer, facts.line.id), &effects, &self.zone, self.now).await?;
        Ok(())
    }
}

/// A dispute that is not over, for the desk's queue.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OpenDispute {
    /// The number of its order.
    pub order: String,
    /// The payer's reason, as the bank gave it.
    pub reason: String,
    /// Until when evidence can be given.
    pub due_by: Option<SystemTime>,
}

/// How many the desk shows.
const SHOWN: usize = 100;

/// Disputes that are not over, the one whose evidence is due first at the top.
///
/// # Errors
/// [`Problem::NotAllowed`]
pub async fn open_disputes(app: &App, by: RawId) -> Result<First<OpenDispute>, Problem> {
    let all = app.store.read(ReadOpen { by }).await?;
    see_queue(app, by, Permission::SeeCustomer, ("disputes", all.rows.len())).await?;
    Ok(all)
}
struct ReadOpen {
    by: RawId,
}
impl Work for ReadOpen {
    const NAME: &'static str = "open_disputes";
    type Out = First<OpenDispute>;
    type Refusal = Problem;
    async fn run(&self, tx: &mut Tx) -> Result<Self::Out, Stop<Problem>> {
        permit(tx, self.by, Permission::SeeCustomer).await?;
        let open = dispute::open(tx, one_more(SHOWN)).await?;
        let open = open.into_iter().map(|(order, reason, due_by)| OpenDispute { order, reason, due_by });
        Ok(First::of(open.collect(), SHOWN))
    }
}
