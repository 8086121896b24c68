//! The device interface of the built-in network: sessions open, report what they used, and end.
//!
//! Its callers are network elements, known by a secret; what a device may do is answered from the line's allowance.

use crate::provision::Acknowledged;
use crate::reminders::look_now;
use crate::save::carry_out;
use crate::{App, Problem};
use everline_core::calendar::Day;
use everline_core::charging::{Service, Session};
use everline_core::effects::{Effects, Job, MessageKind};
use everline_core::identifiers::Imsi;
use everline_core::ids::{CustomerId, LineId, RawId, SessionId};
use everline_core::lifecycle::{self, Because, instant_cause};
use everline_core::line::{Line, LineState};
use everline_core::offering::Unit;
use everline_core::order::{Order, OrderState};
use everline_core::reminder::{DataNow, crosses_step};
use everline_core::renewal::on_attached;
use everline_core::time::{BusinessTime, Now, Zone};
use everline_store::tables::{allowance, directory, line, order, usage};
use everline_store::{Stop, Tx, Work};

/// Most sessions a line may have open.
const SESSIONS_MAX: usize = 8;

/// What a session may do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Granted {
    /// The session.
    pub session: SessionId,
    /// Whether it has full service; otherwise it is redirected to the renewal page.
    pub online: bool,
    /// Octets that are left.
    pub octets_left: i64,
}

/// A device attaches.
pub async fn attach(app: &App, imsi: &str, notify_url: &str) -> Result<Granted, Problem> {
    let imsi = Imsi::parse(imsi).map_err(|_| Problem::Invalid { field: "imsi", rule: "not-an-imsi" })?;
    if notify_url.len() > 200 {
        return Err(Problem::Invalid { field: "notify_url", rule: "too-long" });
    }
    let session = SessionId(app.clock.id());
    let work =
        Attach { imsi, notify_url: notify_url.to_owned(), session, zone: app.zone.clone(), now: app.clock.now() };
    Ok(app.store.transact(work).await?)
}

/// A session reports octets it used since its last report. A report that came before changes nothing.
pub async fn report(app: &App, session: SessionId, sequence: u64, octets: i64) -> Result<Granted, Problem> {
    if octets < 0 {
        return Err(Problem::Invalid { field: "used_octets", rule: "negative" });
    }
    let (customer, line) = find(app, session).await?;
    let (zone, now, usage) = (app.zone.clone(), app.clock.now(), app.clock.id());
    let granted = app.store.transact(Report { customer, line, session, sequence, octets, usage, zone, now }).await?;
    app.wake.notify_one();
    Ok(granted)
}

/// A session ends; one that was cut off holds nothing up any more.
pub async fn detach(app: &App, session: SessionId) -> Result<(), Problem> {
    let (customer, line) = find(app, session).await?;
    let (zone, now) = (app.zone.clone(), app.clock.now());
    app.store.transact(Acknowledged { customer, line, session, ended: true, zone, now }).await?;
    app.wake.notify_one();
    Ok(())
}

async fn find(app: &App, session: SessionId) -> Result<(CustomerId, LineId), Problem> {
    Ok(app.store.read(FindSession { session }).await?)
}

/// Grace keeps the service of a line whose plan ended; what is used then is recorded as overrun.
fn may_be_online(line: &Line, octets_left: i64) -> bool {
    matches!(line.state, LineState::Grace { .. }) || (line.state.in_service() && octets_left > 0)
}

/// Has whoever is concerned told that a device is cut off although its plan runs, with the link to renew: a browser that is
/// redirected shows nothing under HTTPS. Once for the same data.
fn tell_cut_off(effects: &mut Effects, line: &Line, cycle: BusinessTime) {
    let (customer, line, cause) = (line.customer, line.id, instant_cause(line.id, cycle));
    effects.jobs.push(Job::SendMessage {
        customer,
        line,
        order: None,
        kind: MessageKind::DataUsedUp,
        cause,
        after: None,
    });
}

struct Attach {
    imsi: Imsi,
    notify_url: String,
    session: SessionId,
    zone: Zone,
    now: Now,
}
impl Work for Attach {
    const NAME: &'static str = "attach";
    type Out = Granted;
    type Refusal = Problem;
    async fn run(&self, tx: &mut Tx) -> Result<Granted, Stop<Problem>> {
        let found = directory::find(tx, directory::Name::Imsi, self.imsi.as_str()).await?;
        let (customer, id) = found.ok_or(Stop::Refused(Problem::NotFound("subscriber")))?;
        let line = line::lock(tx, customer, LineId(id)).await?;
        if line.state.over() {
            return Err(Stop::Refused(Problem::NotFound("subscriber")));
        }
        let waiting = order::waiting(tx, customer, line.id).await?;
        let mut allowance = allowance::lock(tx, customer, line.id).await?;
        let octets_left = allowance.left(Unit::Octets, self.now.business);
        let online = may_be_online(&line, octets_left);
        if allowance.session_mut(self.session).is_none() {
            // The device opens a new session: the one it had has ended, and holds no order up any more.
            for ended in allowance.sessions.extract_if(.., |session| session.imsi == self.imsi.as_str()) {
                directory::remove(tx, directory::Name::Session, &ended.id.to_string());
            }
            if allowance.sessions.len() >= SESSIONS_MAX {
                return Err(Stop::Refused(Problem::TooMany { retry_after_s: 60 }));
            }
            allowance.sessions.push(Session {
                id: self.session,
                imsi: self.imsi.as_str().to_owned(),
                notify_url: self.notify_url.clone(),
                service: if online { Service::Full } else { Service::Redirected },
                sequence: 0,
                restoring_for: None,
            });
            directory::add(tx, directory::Name::Session, &self.session.to_string(), customer, line.id.0);
            let data =
                DataNow::of(&allowance, self.now.business).filter(|_| !online && line.state == LineState::Active);
            let mut effects = on_attached(&line, allowance, &waiting, self.now);
            if let Some(data) = data {
                tell_cut_off(&mut effects, &line, data.cycle);
            }
            carry_out(tx, (customer, line.id), &effects, &self.zone, self.now).await?;
        }
        Ok(Granted { session: self.session, online, octets_left })
    }
}

struct Report {
    customer: CustomerId,
    line: LineId,
    session: SessionId,
    sequence: u64,
    octets: i64,
    usage: RawId,
    zone: Zone,
    now: Now,
}
impl Work for Report {
    const NAME: &'static str = "report_usage";
    type Out = Granted;
    type Refusal = Problem;
    async fn run(&self, tx: &mut Tx) -> Result<Granted, Stop<Problem>> {
        let (customer, line_id, at) = (self.customer, self.line, self.now.business);
        let mut line = line::lock(tx, customer, line_id).await?;
        let waiting = order::waiting(tx, customer, line_id).await?;
        let mut allowance = allowance::lock(tx, customer, line_id).await?;
        let session = allowance.session_mut(self.session).ok_or(Stop::Refused(Problem::NotFound("session")))?;
        let mut effects = Effects::default();
        if self.sequence > session.sequence {
            session.sequence = self.sequence;
            let before = DataNow::of(&allowance, at);
            let used = allowance.use_up(Unit::Octets, self.octets, at, &self.zone);
            if crosses_step(before, DataNow::of(&allowance, at)) {
                look_now(tx, customer, line_id, at);
            }
            let day = Day::of(&self.zone, at);
            usage::add_usage(tx, self.usage, (customer, line_id), Unit::Octets, &used, (at, day));
            if !used.begun.is_empty() {
                // What a session that is cut off still reports begins the plan, and brings no line back.
                let serves = line.state.in_service();
                let state = if serves { line.state.with_running_plan() } else { line.state };
                lifecycle::change(&mut effects, &mut line, state, Because::FirstUse, at);
                line.service_until = allowance.service_until();
                effects.orders = waiting
                    .into_iter()
                    .filter(|order| used.begun.contains(&order.id))
                    .map(|order| begin(order, &allowance, self.now))
                    .collect();
            }
        }
        let octets_left = allowance.left(Unit::Octets, at);
        let online = may_be_online(&line, octets_left);
        if let Some(session) =
            allowance.session_mut(self.session).filter(|session| !online && session.service == Service::Full)
        {
            session.service = Service::Redirected; // told in the answer to this very report
            if line.state == LineState::Active {
                tell_cut_off(&mut effects, &line, DataNow::of(&allowance, at).map_or(at, |data| data.cycle));
            }
        }
        effects.line = Some(line);
        effects.allowance = Some(allowance);
        carry_out(tx, (customer, line_id), &effects, &self.zone, self.now).await?;
        Ok(Granted { session: self.session, online, octets_left })
    }
}

/// A first-use order whose plan the use began is in effect: the use proves it.
fn begin(order: Order, allowance: &everline_core::charging::Allowance, now: Now) -> Order {
    let period = allowance.periods.iter().find(|period| period.order == order.id);
    Order {
        state: OrderState::InEffect,
        in_effect_at: Some(now.business),
        starts_at: Some(now.business),
        ends_at: period.and_then(everline_core::charging::Period::ends_at),
        ..order
    }
}

struct FindSession {
    session: SessionId,
}
impl Work for FindSession {
    const NAME: &'static str = "find_device_session";
    type Out = (CustomerId, LineId);
    type Refusal = Problem;
    async fn run(&self, tx: &mut Tx) -> Result<Self::Out, Stop<Problem>> {
        let found = directory::find(tx, directory::Name::Session, &self.session.to_string()).await?;
        let (customer, line) = found.ok_or(Stop::Refused(Problem::NotFound("session")))?;
        Ok((customer, LineId(line)))
    }
}
