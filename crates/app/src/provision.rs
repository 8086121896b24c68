//! From delivered to *in effect*: the network is told, and must say so itself.

use crate::jobs::Done;
use crate::ports::{NetworkChange, NetworkReply, NetworkWhat};
use crate::save::carry_out;
use crate::{App, Problem, timers};
use everline_core::charging::Service;
use everline_core::effects::NetworkAction;
use everline_core::identifiers::Msisdn;
use everline_core::ids::{CustomerId, JobId, LineId, OrderId, SessionId};
use everline_core::order::OrderState;
use everline_core::renewal::{UpstreamAnswer, on_acknowledged, on_upstream_answer};
use everline_core::time::{Now, Zone};
use everline_store::tables::renewal::Locked;
use everline_store::tables::{allowance, catalog, directory, line, order, renewal, sim};
use everline_store::{Stop, Tx, Work};

/// What the built-in network is to do with a session.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Telling {
    pub(crate) job: JobId,
    pub(crate) customer: CustomerId,
    pub(crate) line: LineId,
    pub(crate) session: SessionId,
    pub(crate) action: NetworkAction,
    pub(crate) run: i64,
}

/// Tells the built-in network about a session. Its acknowledgement takes the line's delivered orders into effect.
pub(crate) async fn tell_network(app: &App, telling: Telling) -> Result<Done, Problem> {
    let Telling { customer, line, session, action, run, .. } = telling;
    let Some((msisdn, notify_url)) = app.store.read(StillWanted { telling }).await? else { return Ok(Done::Finished) };
    let what = NetworkWhat::Session { session, notify_url, action };
    let change = NetworkChange { request_id: telling.job.to_string(), repeated: run > 1, msisdn, what };
    let ended = match app.ports.built_in.apply(&change).await {
        NetworkReply::Done => false,
        NetworkReply::Gone => true,
        NetworkReply::Submitted | NetworkReply::Refused | NetworkReply::Unknown => {
            return Ok(Done::retry(app, run, "the network has not acknowledged"));
        }
    };
    let (zone, now) = (app.zone.clone(), app.clock.now());
    app.store.transact(Acknowledged { customer, line, session, ended, zone, now }).await?;
    app.wake.notify_one();
    Ok(Done::Finished)
}

/// Whether the session still has to be told this; its number and address if so.
struct StillWanted {
    telling: Telling,
}
impl Work for StillWanted {
    const NAME: &'static str = "still_wanted";
    type Out = Option<(Msisdn, String)>;
    type Refusal = Problem;
    async fn run(&self, tx: &mut Tx) -> Result<Self::Out, Stop<Problem>> {
        let Telling { customer, line, session, action, .. } = self.telling;
        let allowance = allowance::get(tx, customer, line).await?;
        let wanted = match action {
            NetworkAction::Reauthorize => Service::Restoring,
            NetworkAction::Redirect => Service::Redirected,
        };
        let found = allowance.sessions.into_iter().find(|found| found.id == session && found.service == wanted);
        let line = line::get(tx, customer, line).await?;
        Ok(found.zip(line).map(|(session, line)| (line.msisdn, session.notify_url)))
    }
}

/// The network acknowledged a session, or the session ended.
pub(crate) struct Acknowledged {
    pub(crate) customer: CustomerId,
    pub(crate) line: LineId,
    pub(crate) session: SessionId,
    pub(crate) ended: bool,
    pub(crate) zone: Zone,
    pub(crate) now: Now,
}
impl Work for Acknowledged {
    const NAME: &'static str = "network_acknowledged";
    type Out = ();
    type Refusal = Problem;
    async fn run(&self, tx: &mut Tx) -> Result<(), Stop<Problem>> {
        let line = line::lock(tx, self.customer, self.line).await?;
        let waiting = order::waiting(tx, self.customer, self.line).await?;
        let allowance = allowance::lock(tx, self.customer, self.line).await?;
        let effects = on_acknowledged(&line, &allowance, &waiting, self.session, self.ended, self.now);
        if self.ended {
            let name = self.session.to_string();
            directory::remove_of(tx, directory::Name::Session, &name, self.customer, self.line.0);
        }
        carry_out(tx, (self.customer, self.line), &effects, &self.zone, self.now).await?;
        Ok(())
    }
}

/// Why an activation is asked about again that its network has and did not confirm.
pub(crate) const SUBMITTED: &str = "submitted, not confirmed";

/// Asks the upstream network to activate an order, or how far it is: always under the order's own number.
pub(crate) async fn activate_upstream(app: &App, customer: CustomerId, id: OrderId, run: i64) -> Result<Done, Problem> {
    let Some((msisdn, what)) = app.store.read(ToActivate { customer, order: id }).await? else {
        return Ok(Done::Finished);
    };
    let change = NetworkChange { request_id: id.to_string(), repeated: run > 1, msisdn, what };
    let answer = match app.ports.upstream.apply(&change).await {
        NetworkReply::Done => UpstreamAnswer::Completed,
        NetworkReply::Refused => UpstreamAnswer::Refused,
        NetworkReply::Submitted => return Ok(Done::retry(app, run, SUBMITTED)),
        NetworkReply::Gone | NetworkReply::Unknown => return Ok(Done::retry(app, run, "the network gave no answer")),
    };
    let (zone, now) = (app.zone.clone(), app.clock.now());
    let work = || UpstreamAnswered { customer, order: id, answer, zone: zone.clone(), now };
    timers::in_due_order(app, now, work).await?;
    app.wake.notify_one();
    Ok(Done::Finished)
}

struct ToActivate {
    customer: CustomerId,
    order: OrderId,
}
impl Work for ToActivate {
    const NAME: &'static str = "to_activate";
    type Out = Option<(Msisdn, NetworkWhat)>;
    type Refusal = Problem;
    async fn run(&self, tx: &mut Tx) -> Result<Self::Out, Stop<Problem>> {
        let Some(order) = order::get(tx, self.customer, self.order).await? else { return Ok(None) };
        if order.state != OrderState::Paid {
            return Ok(None);
        }
        let offering = catalog::offering(tx, &order.offering).await?;
        let line = line::get(tx, self.customer, order.line).await?;
        let iccid = sim::primary_of(tx, order.line).await?.ok_or(Stop::Refused(Problem::NotFound("sim")))?;
        let plan_code = offering.upstream_code.unwrap_or(offering.reference.code);
        Ok(line.map(|line| (line.msisdn, NetworkWhat::Activate { iccid, plan_code })))
    }
}

struct UpstreamAnswered {
    customer: CustomerId,
    order: OrderId,
    answer: UpstreamAnswer,
    zone: Zone,
    now: Now,
}
impl Work for UpstreamAnswered {
    const NAME: &'static str = "upstream_answered";
    type Out = ();
    type Refusal = Problem;
    async fn run(&self, tx: &mut Tx) -> Result<(), Stop<Problem>> {
        let facts = renewal::lock_by_order(tx, self.customer, self.order).await?;
        let Locked { facts, due_at } = facts.ok_or(Stop::Refused(Problem::NotFound("order")))?;
        if let Some(due_at) = due_at.filter(|due_at| *due_at <= self.now.business) {
            let (customer, line) = (facts.line.customer, facts.line.id);
            return Err(Stop::Refused(Problem::DueFirst { customer, line, due_at }));
        }
        let effects = on_upstream_answer(&facts, self.answer, &self.zone, self.now);
        let effects = effects.map_err(|refusal| Stop::Refused(refusal.into()))?;
        carry_out(tx, (facts.line.customer, facts.line.id), &effects, &self.zone, self.now).await?;
        Ok(())
    }
}
