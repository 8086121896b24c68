//! A payer asks the bank for the money back: what the provider says of it is taken in one transaction, with the notice that
//! brought it, before the notice is acknowledged. Told twice, late or out of order it ends in the same rows.

use crate::save::carry_out;
use crate::{App, Problem, timers};
use everline_core::dispute::{DisputeSaid, on_said};
use everline_core::ids::{AttemptId, DisputeId, RawId};
use everline_core::payment::Provider;
use everline_core::time::{Now, SystemTime, Zone};
use everline_store::tables::notice::Notice;
use everline_store::tables::renewal::{self, Locked};
use everline_store::tables::{directory, dispute, notice, payment};
use everline_store::{Stop, Tx, Work};

/// Takes what a provider says of a dispute.
///
/// # Errors
/// [`Problem::NotFound`] if the payment is none of ours.
pub(crate) async fn take_dispute(
    app: &App,
    provider: Provider,
    said: DisputeSaid,
    notice: Notice,
) -> Result<(), Problem> {
    let (now, id) = (app.clock.now(), dispute_id(app, provider, &said));
    let work = || {
        let (said, notice, zone) = (said.clone(), notice.clone(), app.zone.clone());
        Said { provider, said, id, notice, zone, now }
    };
    timers::in_due_order(app, now, work).await?;
    app.wake.notify_one();
    Ok(())
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
    notice: Notice,
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
        notice::keep(tx, &self.notice);
        let disputes = dispute::of_order(tx, customer, facts.order.id).await?;
        let of_order = (refunds.as_slice(), disputes.as_slice());
        let decided = on_said(known.as_ref(), self.id, &facts, of_order, &self.said, self.now);
        let effects = decided.map_err(|refusal| Stop::Refused(refusal.into()))?;
        carry_out(tx, (customer, facts.line.id), &effects, &self.zone, self.now)?;
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

/// Disputes that are not over, the one whose evidence is due first at the top.
pub async fn open_disputes(app: &App) -> Result<Vec<OpenDispute>, Problem> {
    Ok(app.store.read(ReadOpen).await?)
}
struct ReadOpen;
impl Work for ReadOpen {
    const NAME: &'static str = "open_disputes";
    type Out = Vec<OpenDispute>;
    type Refusal = Problem;
    async fn run(&self, tx: &mut Tx) -> Result<Self::Out, Stop<Problem>> {
        let open = dispute::open(tx, 100).await?;
        Ok(open.into_iter().map(|(order, reason, due_by)| OpenDispute { order, reason, due_by }).collect())
    }
}
