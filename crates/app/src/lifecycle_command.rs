//! What people do to a line: hand it over, report it lost, bar it, keep its number, give it up. What staff does is kept with
//! the change of the line's state: who, and why.

use crate::audit::{Act, Stamp};
use crate::on_behalf::proved;
use crate::save::{carry_out, give_up_names, lock, lock_for_rest};
use crate::staff::{active_member, permit, permitted};
use crate::{App, Problem, timers};
use everline_core::account::Change;
use everline_core::audit::{Actor, AuditAction};
use everline_core::brand::Brand;
use everline_core::identifiers::Msisdn;
use everline_core::ids::{CustomerId, LineId, RawId};
use everline_core::lifecycle::{self, LifecycleCommand, LifecycleRefusal, Situation};
use everline_core::line::Line;
use everline_core::number_plan::NumberOf;
use everline_core::staff::Permission;
use everline_core::time::{BusinessTime, Now, Zone};
use everline_store::tables::{directory, line_event, staff, timer};
use everline_store::{Stop, Tx, Work};
use std::sync::Arc;

/// Carries out a command; the line as it is then, or why it was refused. Who may command what is the caller's to decide. What
/// fell due on the line before happens first.
///
/// # Errors
/// [`Problem::NotFound`] if the customer has no such line.
pub async fn lifecycle_command(
    app: &App,
    customer: CustomerId,
    line: LineId,
    asked: LifecycleCommand,
) -> Result<Result<Line, LifecycleRefusal>, Problem> {
    carry(app, (customer, line), asked, None).await
}

/// Carries out what a staff member commands about the line with a number; that and the reason are kept with the change.
///
/// # Errors
/// [`Problem::NotFound`] if no line has this number, [`Problem::Invalid`] if it is none, if the reason is not 1 to 200
/// characters of text, or if no active member has this login who may act on lines.
pub async fn command_by_staff(
    app: &App,
    number: &str,
    asked: LifecycleCommand,
    (login, reason): (&str, &str),
) -> Result<Result<Line, LifecycleRefusal>, Problem> {
    let invalid = |field, rule| Problem::Invalid { field, rule };
    let number = app.brand.number(number, NumberOf::Line).map_err(|_| invalid("number", "not-a-number"))?;
    let reason = read_reason(reason)?;
    let by = active_member(app, login, Permission::ActOnLine).await?;
    let subject = app.store.read(FindLine { number }).await?;
    let note = Note { by: By::CommandLine(by), reason, seen: None, stamp: Stamp::new(app)? };
    carry(app, subject, asked, Some(Arc::new(note))).await
}

/// What a page showed of a line's state: its word, and since when it was in it.
pub type Seen = (String, BusinessTime);

/// Carries out what a member of the staff commands at the desk about a line as they saw it.
///
/// # Errors
/// [`Problem::NotAllowed`]; [`Problem::NotFound`] if the customer has no such line; [`Problem::Invalid`]: `reason`;
/// [`Problem::NotCommanded`]; [`Problem::Stale`] if the line came into another state since.
pub async fn command_at_desk(
    app: &App,
    by: RawId,
    subject: (CustomerId, LineId),
    (asked, seen): (LifecycleCommand, Seen),
    reason: &str,
) -> Result<Line, Problem> {
    permitted(app, by, Permission::ActOnLine).await?;
    let reason = read_reason(reason)?;
    let note = Note { by: By::Staff(by), reason, seen: Some(seen), stamp: Stamp::new(app)? };
    carry(app, subject, asked, Some(Arc::new(note))).await?.map_err(Problem::NotCommanded)
}

/// A reason that can be kept.
pub(crate) fn read_reason(reason: &str) -> Result<String, Problem> {
    let reason = reason.trim();
    if !(1..=REASON_CHARS_MAX).contains(&reason.chars().count()) || reason.chars().any(char::is_control) {
        return Err(Problem::Invalid { field: "reason", rule: "1 to 200 characters of text" });
    }
    Ok(reason.to_owned())
}

const REASON_CHARS_MAX: usize = 200;

/// Who commanded it, and why.
struct Note {
    by: By,
    reason: String,
    seen: Option<Seen>,
    stamp: Stamp,
}
/// By which way: named by whoever has the machine, or at the desk.
enum By {
    CommandLine(String),
    Staff(RawId),
}
impl Note {
    /// Who may and does: their login. Refuses what was seen of a line that is otherwise by now.
    async fn signature(
        &self,
        tx: &mut Tx,
        line: &Line,
        (asked, now): (LifecycleCommand, Now),
    ) -> Result<String, Stop<Problem>> {
        if self.seen.as_ref().is_some_and(|(state, since)| (line.state.word(), line.state_since) != (state, *since)) {
            return Err(Stop::Refused(Problem::Stale));
        }
        match &self.by {
            By::CommandLine(login) => Ok(login.clone()),
            By::Staff(id) => {
                permit(tx, *id, Permission::ActOnLine).await?;
                if asked == LifecycleCommand::LiftLost {
                    // Whoever says that they found it may have found it.
                    proved(tx, *id, line.customer, Change::Access, now).await?;
                }
                Ok(staff::signature(tx, *id).await?)
            }
        }
    }
    fn act(&self, login: &str, asked: LifecycleCommand, line: LineId) -> Act {
        let actor = match self.by {
            By::CommandLine(_) => Actor::CommandLine,
            By::Staff(id) => Actor::Staff(id),
        };
        let act = Act::new(actor, AuditAction::LineCommanded, ("line", line)).with("command", asked.word());
        let act = if actor == Actor::CommandLine { act.with("named", login) } else { act };
        act.because(&self.reason)
    }
}

async fn carry(
    app: &App,
    (customer, line): (CustomerId, LineId),
    asked: LifecycleCommand,
    note: Option<Arc<Note>>,
) -> Result<Result<Line, LifecycleRefusal>, Problem> {
    let now = app.clock.now();
    let work = || {
        let (brand, zone, note) = (app.brand.clone(), app.zone.clone(), note.clone());
        Command { customer, line, asked, note, brand, zone, now }
    };
    let done = timers::in_due_order(app, now, work).await?;
    app.wake.notify_one();
    Ok(done)
}

/// The line that has a number.
pub(crate) struct FindLine {
    pub(crate) number: Msisdn,
}
impl Work for FindLine {
    const NAME: &'static str = "find_line";
    type Out = (CustomerId, LineId);
    type Refusal = Problem;
    async fn run(&self, tx: &mut Tx) -> Result<Self::Out, Stop<Problem>> {
        let found = directory::find(tx, directory::Name::Msisdn, self.number.as_str()).await?;
        let (customer, line) = found.ok_or(Stop::Refused(Problem::NotFound("line")))?;
        Ok((customer, LineId(line)))
    }
}

struct Command {
    customer: CustomerId,
    line: LineId,
    asked: LifecycleCommand,
    note: Option<Arc<Note>>,
    brand: Arc<Brand>,
    zone: Zone,
    now: Now,
}
impl Work for Command {
    const NAME: &'static str = "lifecycle_command";
    type Out = Result<Line, LifecycleRefusal>;
    type Refusal = Problem;
    async fn run(&self, tx: &mut Tx) -> Result<Self::Out, Stop<Problem>> {
        let (customer, line) = (self.customer, self.line);
        let mut is = lock(tx, customer, line).await?;
        let login = match &self.note {
            Some(note) => note.signature(tx, &is.line, (self.asked, self.now)).await?,
            None => String::new(),
        };
        if let Some(due_at) = timer::get(tx, line.0).await?.filter(|due_at| *due_at <= self.now.business) {
            return Err(Stop::Refused(Problem::DueFirst { customer, line, due_at }));
        }
        let decide = |is: &Situation| {
            let decided = lifecycle::command(is, self.asked, &self.brand, &self.zone, self.now.business);
            decided.map_err(|refusal| Stop::Refused(Problem::from(refusal)))
        };
        let mut effects = match decide(&is)? {
            Ok(effects) => effects,
            Err(refusal) => return Ok(Err(refusal)),
        };
        if lock_for_rest(tx, &mut is, &effects).await? {
            effects = decide(&is)?.unwrap_or(effects);
        }
        carry_out(tx, (customer, line), &effects, &self.zone, self.now).await?;
        for (event, note) in effects.events.iter().zip(self.note.iter().cycle()) {
            line_event::note(tx, customer, event, &login, &note.reason);
        }
        give_up_names(tx, &is, &effects).await?;
        if let Some(note) = &self.note {
            note.stamp.append(tx, note.act(&login, self.asked, line).of(customer)).await?;
        }
        Ok(Ok(effects.line.unwrap_or(is.line)))
    }
}
