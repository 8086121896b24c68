//! Being let in by people, where no code can arrive and nothing else signs in: somebody who can be reached at another number
//! asks; the account's contact is told at once and can stop it, by a link or by signing in; after two days an operator
//! decides, having found out by other means who it is.
//!
//! Whether there is such an account is not said: asking looks the same for every number.

use crate::account_news::happened;
use crate::audit::{Act, Stamp};
use crate::first::{First, HowMany, one_more};
use crate::jobs::Done;
use crate::secrets::Secrets;
use crate::sessions::CUSTOMER;
use crate::sign_in::{TypedCode, given_up, request_code};
use crate::staff::{permit, see_each};
use crate::steps::{self, Waits};
use crate::{App, Problem, pair_link};
use everline_core::account::{
    AccountNews, RECOVERIES_MAX, RECOVERY_HOLD_US, RecoveryState, RecoveryStep, recovery as step_of,
};
use everline_core::audit::AuditAction;
use everline_core::customer::Customer;
use everline_core::effects::Job;
use everline_core::identifiers::Msisdn;
use everline_core::ids::{CustomerId, RawId};
use everline_core::message::Address;
use everline_core::number_plan::NumberOf;
use everline_core::staff::Permission;
use everline_core::time::{Now, SystemTime};
use everline_store::tables::recovery::{self, Recovery};
use everline_store::tables::{credential, customer, directory, job, login};
use everline_store::{LostCommit, Stop, Tx, Work};
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// Most characters of what an asker or a member of staff says.
pub const WORDS_MAX: usize = 500;
/// How many requests the desk shows.
const SHOWN: usize = 50;

/// What waits for the code to the asker's number.
#[derive(Serialize, Deserialize)]
struct Wish {
    of: String,
    reason: String,
}

fn words(text: &str, field: &'static str) -> Result<String, Problem> {
    let text = text.trim();
    let plain = |c: char| !c.is_control() || c == '\n' || c == '\r';
    if text.is_empty() || text.chars().count() > WORDS_MAX || !text.chars().all(plain) {
        return Err(Problem::Invalid { field, rule: "1-to-500" });
    }
    Ok(text.to_owned())
}

/// Sends a code to the number at which the asker can be reached: the request for it, and the secret of the step that waits.
///
/// # Errors
/// [`Problem::Invalid`] names the field.
pub async fn begin(
    app: &App,
    of: &str,
    contact: &str,
    reason: &str,
    language: &str,
) -> Result<(RawId, String), Problem> {
    let of = app.brand.number(of, NumberOf::Person);
    let of = of.map_err(|_| Problem::Invalid { field: "of", rule: "not-a-number" })?;
    let wish = Wish { of: of.as_str().to_owned(), reason: words(reason, "reason")? };
    let state = serde_json::to_string(&wish).map_err(|_| Problem::Internal("a wish has no JSON".to_owned()))?;
    let request = request_code(app, contact, language).await?;
    Ok((request, steps::begin(app, Waits::Recovery, None, state).await?))
}

/// Asks, with the code that arrived. The answer is the same whether there is such an account or not.
pub async fn ask(app: &App, request: RawId, code: &str, step: &str) -> Result<(), Problem> {
    let code = TypedCode::new(app, request, code)?;
    let wish = steps::look(app, Waits::Recovery, step).await?.ok_or(Problem::CodeGone)?;
    let wish: Wish = serde_json::from_str(&wish.state).map_err(|_| Problem::CodeGone)?;
    let (id, now) = (app.clock.id(), app.clock.now());
    app.store.transact(Ask { code, wish, id, now }).await??;
    app.wake.notify_one();
    Ok(())
}

/// What keeps links that stop a request apart from others.
const STOPS: &str = "recovery stop";

fn stops(app: &App, token: &str) -> Option<(CustomerId, RawId)> {
    pair_link::read(&app.secrets, STOPS, token)
}

/// Where the request is that a link stops; `None` if the link is not ours.
pub async fn to_stop(app: &App, token: &str) -> Result<Option<RecoveryState>, Problem> {
    let Some((customer, id)) = stops(app, token) else { return Ok(None) };
    Ok(app.store.read(Find { customer, id }).await?.map(|found| found.state))
}

/// Stops a request by its link. A second time changes nothing.
///
/// # Errors
/// [`Problem::NotFound`] if the link is not ours; [`Problem::NotRecovered`] if the request is over.
pub async fn stop(app: &App, token: &str) -> Result<(), Problem> {
    let (customer, id) = stops(app, token).ok_or(Problem::NotFound("request"))?;
    let now = app.clock.now().system;
    Ok(app.store.transact(Move { customer, id, step: RecoveryStep::Stop, now }).await?)
}

/// A request's time is over: staff may decide.
pub(crate) async fn hold_over(app: &App, customer: CustomerId, id: RawId) -> Result<Done, Problem> {
    let now = app.clock.now().system;
    match app.store.transact(Move { customer, id, step: RecoveryStep::HoldOver, now }).await.map_err(Problem::from) {
        // Stopped or refused meanwhile, or its customer was erased.
        Ok(()) | Err(Problem::NotRecovered(_) | Problem::NotFound(_)) => Ok(Done::Finished),
        Err(problem) => Err(problem),
    }
}

/// A request that is open, for the desk.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OpenRecovery {
    /// The request.
    pub request: Recovery,
    /// Whose account it is about.
    pub customer: Customer,
}

/// The open requests, those that are due first. That each was looked at is written down before it is shown.
///
/// # Errors
/// [`Problem::NotAllowed`]
pub async fn open_recoveries(app: &App, by: RawId) -> Result<First<OpenRecovery>, Problem> {
    let all = app.store.read(Queue { by }).await?;
    let seen = all
        .rows
        .iter()
        .map(|open| Act::by(by, AuditAction::RecoverySeen, ("recovery", open.request.id)).of(open.request.customer));
    see_each(app, by, Permission::SeeRecoveries, seen.collect()).await?;
    Ok(all)
}

/// How many wait.
///
/// # Errors
/// [`Problem::NotAllowed`]
pub async fn waiting(app: &App, by: RawId) -> Result<HowMany, Problem> {
    Ok(app.store.read(Queue { by }).await?.how_many())
}

/// Somebody of the staff decides about a request: completing it makes the asker's number the contact number, and ends password,
/// passkeys, second factor and sessions.
///
/// # Errors
/// [`Problem::NotAllowed`]; [`Problem::NotRecovered`]; [`Problem::Invalid`] without a
/// note, or if the number is another account's by now.
pub async fn decide(
    app: &App,
    (customer, id): (CustomerId, RawId),
    complete: bool,
    note: &str,
    by: RawId,
) -> Result<(), Problem> {
    let (note, event) = (words(note, "note")?, app.clock.id());
    let (stamp, now) = (Stamp::new(app)?, app.clock.now());
    app.store.transact(Decide { customer, id, complete, note, by, event, stamp, now }).await?;
    app.wake.notify_one();
    Ok(())
}

struct Ask {
    code: TypedCode,
    wish: Wish,
    id: RawId,
    now: Now,
}
impl Work for Ask {
    const NAME: &'static str = "ask_recovery";
    // A second run would find the code used.
    const ON_LOST_COMMIT: LostCommit = LostCommit::Report;
    type Out = Result<(), Problem>;
    type Refusal = Problem;
    async fn run(&self, tx: &mut Tx) -> Result<Self::Out, Stop<Problem>> {
        let contact = match self.code.used(tx, self.now.system).await? {
            Ok(contact) => Msisdn::parse(&contact).map_err(|_| Stop::Refused(Problem::CodeGone))?,
            Err(problem) => return Ok(Err(problem)),
        };
        let found = directory::find(tx, directory::Name::Login, &self.wish.of).await?;
        // Whoever gets codes at the account's own number signs in with one.
        let Some((customer, _)) = found.filter(|_| contact.as_str() != self.wish.of) else { return Ok(Ok(())) };
        customer::lock_account(tx, customer).await?;
        if recovery::open_of(tx, customer).await?.len() >= RECOVERIES_MAX {
            return Ok(Ok(()));
        }
        let due_at = self.now.system.plus_us(RECOVERY_HOLD_US);
        let reason = Some(self.wish.reason.clone());
        let (id, state) = (self.id, RecoveryState::Waiting);
        recovery::add(tx, &Recovery { customer, id, contact, reason, state, asked_at: self.now.system, due_at });
        job::add(tx, customer, &Job::RecoveryDue { customer, request: id }, self.now.system, due_at)?;
        happened(tx, customer, (id, AccountNews::RecoveryAsked), ("", None), self.now)?;
        Ok(Ok(()))
    }
}

struct Find {
    customer: CustomerId,
    id: RawId,
}
impl Work for Find {
    const NAME: &'static str = "find_recovery";
    type Out = Option<Recovery>;
    type Refusal = Problem;
    async fn run(&self, tx: &mut Tx) -> Result<Self::Out, Stop<Problem>> {
        Ok(recovery::get(tx, self.customer, self.id).await?)
    }
}

/// A request under its account's lock.
async fn locked(tx: &mut Tx, customer: CustomerId, id: RawId) -> Result<Recovery, Stop<Problem>> {
    customer::lock_account(tx, customer).await?;
    recovery::get(tx, customer, id).await?.ok_or(Stop::Refused(Problem::NotFound("request")))
}

struct Move {
    customer: CustomerId,
    id: RawId,
    step: RecoveryStep,
    now: SystemTime,
}
impl Work for Move {
    const NAME: &'static str = "move_recovery";
    type Out = ();
    type Refusal = Problem;
    async fn run(&self, tx: &mut Tx) -> Result<(), Stop<Problem>> {
        let found = locked(tx, self.customer, self.id).await?;
        let state = step_of(found.state, self.step).map_err(|why| Stop::Refused(Problem::NotRecovered(why)))?;
        if state != found.state {
            let at = (state != RecoveryState::Ready).then_some(self.now);
            recovery::settle(tx, &Recovery { state, ..found }, at, None);
        }
        Ok(())
    }
}

struct Queue {
    by: RawId,
}
impl Work for Queue {
    const NAME: &'static str = "open_recoveries";
    type Out = First<OpenRecovery>;
    type Refusal = Problem;
    async fn run(&self, tx: &mut Tx) -> Result<Self::Out, Stop<Problem>> {
        permit(tx, self.by, Permission::SeeRecoveries).await?;
        let mut all = Vec::new();
        for request in recovery::queue(tx, one_more(SHOWN)).await? {
            let customer = customer::get(tx, request.customer).await?;
            all.push(OpenRecovery { request, customer });
        }
        Ok(First::of(all, SHOWN))
    }
}

struct Decide {
    customer: CustomerId,
    id: RawId,
    complete: bool,
    note: String,
    by: RawId,
    event: RawId,
    stamp: Stamp,
    now: Now,
}
impl Work for Decide {
    const NAME: &'static str = "decide_recovery";
    type Out = ();
    type Refusal = Problem;
    async fn run(&self, tx: &mut Tx) -> Result<(), Stop<Problem>> {
        permit(tx, self.by, Permission::DecideRecovery).await?;
        let found = locked(tx, self.customer, self.id).await?;
        let step = if self.complete { RecoveryStep::Complete } else { RecoveryStep::Refuse };
        let state = step_of(found.state, step).map_err(|why| Stop::Refused(Problem::NotRecovered(why)))?;
        if state == found.state {
            return Ok(()); // run again after a lost answer
        }
        let (id, at) = (self.customer, Some(self.now.system));
        if self.complete {
            let owner = customer::get(tx, id).await?;
            let known = directory::find(tx, directory::Name::Login, found.contact.as_str()).await?;
            if known.is_some() || given_up(tx, found.contact.as_str()).await? {
                return Err(Stop::Refused(Problem::Invalid { field: "contact", rule: "taken" }));
            }
            if let Some(former) = &owner.contact {
                directory::remove_of(tx, directory::Name::Login, former.as_str(), id, id.0);
            }
            directory::add(tx, directory::Name::Login, found.contact.as_str(), id, id.0);
            credential::set_contact(tx, id, owner.contact.as_ref(), &found.contact);
            credential::remove(tx, id);
            login::remove_sessions(tx, CUSTOMER, id.0);
            recovery::stop_all(tx, id, self.now.system);
            happened(tx, id, (self.event, AccountNews::RecoveryDone), ("", owner.contact.map(Address::Sms)), self.now)?;
        }
        recovery::settle(tx, &Recovery { state, ..found }, at, Some((self.by, &self.note)));
        let action = if self.complete { AuditAction::RecoveryCompleted } else { AuditAction::RecoveryRefused };
        let act = Act::by(self.by, action, ("recovery", self.id)).of(id);
        self.stamp.append(tx, act.because(&self.note)).await
    }
}

/// The secrets that a message about a request needs, and when it is due.
pub(crate) struct StopLink(pub(crate) Arc<Secrets>);
impl StopLink {
    /// The path that stops a request, and from when it cannot be relied on to.
    pub(crate) async fn of(
        &self,
        tx: &mut Tx,
        customer: CustomerId,
        id: RawId,
    ) -> Result<Option<(String, SystemTime)>, Stop<Problem>> {
        let found = recovery::get(tx, customer, id).await?;
        Ok(found
            .map(|found| (format!("/recover/stop/{}", pair_link::token(&self.0, STOPS, customer, id)), found.due_at)))
    }
}
