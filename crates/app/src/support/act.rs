//! What the staff do with a case. Each acts on the version that their page showed: of two who do something at once, the second
//! reads what the first did.

use super::write::Written;
use super::{Reader, Sent, changed, invalid, locked, refused, seen, take, text_of};
use crate::account_news::happened;
use crate::audit::{self, Stamp};
use crate::staff::{StaffMember, active, permit};
use crate::{App, Problem};
use everline_core::account::AccountNews;
use everline_core::audit::AuditAction;
use everline_core::effects::CaseReason;
use everline_core::ids::{CaseId, CustomerId, RawId};
use everline_core::staff::Permission;
use everline_core::support::{CaseFor, CaseState, CaseStep, EntryKind, NotTaken, Priority, due, prepared, set};
use everline_core::time::Now;
use everline_store::tables::case::{self, Case};
use everline_store::{Stop, Tx, Work};

/// What a member of the staff does with a case.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Act {
    /// Answers, with files, and says whom the case waits for then. Whoever answers a case that nobody has, has it.
    Answer(String, CaseState, Vec<Sent>),
    /// Notes something for colleagues.
    Note(String),
    /// Sets the state.
    Set(CaseState),
    /// Takes it, also from a colleague.
    Take,
    /// Hands it on to a colleague.
    HandOn(RawId),
    /// Lets it go: nobody has it.
    LetGo,
    /// Gives it a priority; it is due as if it had come with it now.
    Prioritize(Priority),
}

/// A member of the staff works on a case that was shown to them in this version.
///
/// # Errors
/// [`Problem::NotTaken`] if somebody changed it meanwhile; [`Problem::Invalid`] names the field.
pub async fn act(app: &App, ids: (CustomerId, CaseId), (by, version): (RawId, i64), act: Act) -> Result<(), Problem> {
    act_once(app, ids, (by, version), app.clock.id(), act).await
}

/// [`act`], with the id of what may be written: chosen with the page, so that sending it twice writes once.
///
/// # Errors
/// As [`act`]; [`Problem::ExistsDifferently`] if something else was written under this id.
pub async fn act_once(
    app: &App,
    (customer, id): (CustomerId, CaseId),
    (by, version): (RawId, i64),
    entry: RawId,
    act: Act,
) -> Result<(), Problem> {
    let (act, text, files) = match act {
        Act::Answer(text, then, files) => {
            let text = text_of(&text)?;
            if prepared::unfilled(&text) {
                return Err(invalid("text", "unfilled"));
            }
            (Act::Answer(String::new(), then, Vec::new()), text, take(app, files)?)
        }
        Act::Note(text) => (Act::Note(String::new()), text_of(&text)?, Vec::new()),
        other => (other, String::new(), Vec::new()),
    };
    let kind = if matches!(act, Act::Note(_)) { EntryKind::Note } else { EntryKind::Answer };
    let written = Written { entry, kind, staff: Some(by), text, files, now: app.clock.now() };
    app.store.transact(StaffActs { customer, id, by, version, act, written, stamp: Stamp::new(app)? }).await?;
    app.wake.notify_one();
    Ok(())
}

struct StaffActs {
    customer: CustomerId,
    id: CaseId,
    by: RawId,
    version: i64,
    act: Act,
    /// What is written, if something is.
    written: Written,
    stamp: Stamp,
}
impl Work for StaffActs {
    const NAME: &'static str = "act_on_case";
    type Out = ();
    type Refusal = Problem;
    async fn run(&self, tx: &mut Tx) -> Result<(), Stop<Problem>> {
        permit(tx, self.by, Permission::WorkCases).await?;
        let case = locked(tx, self.customer, self.id, Reader::Staff(self.by)).await?;
        let stale = case.version != self.version;
        if self.writes() {
            match self.written.is_there(tx, (self.customer, self.id)).await {
                Ok(true) => return Ok(()),
                // Something else was written from the same page, which has not been looked at since.
                Err(Stop::Refused(_)) if stale => {}
                there => _ = there?,
            }
        }
        if stale {
            // Run again after a lost answer, or somebody else did something: the page tells which.
            return Err(refused(NotTaken::Stale));
        }
        if case.merged_into.is_some() {
            return Err(refused(NotTaken::Merged));
        }
        if self.writes() {
            self.written.put(tx, (self.customer, self.id)).await?;
        }
        let (case, act) = self.done(tx, case).await?;
        case::save(tx, &case);
        self.stamp.append(tx, act.at(case.line)).await
    }
}

impl StaffActs {
    const fn writes(&self) -> bool {
        matches!(self.act, Act::Answer(..) | Act::Note(_))
    }
    fn now(&self) -> Now {
        self.written.now
    }
    fn told(&self, action: AuditAction) -> audit::Act {
        seen(action, self.by, (self.customer, self.id))
    }
    /// The case in a state, changed by this member.
    fn step(&self, case: Case, state: CaseState, how: CaseStep) -> Case {
        changed(case, state, (Some(self.by), how), self.now().business)
    }
    /// The case as it becomes, and what is written down of it.
    async fn done(&self, tx: &mut Tx, case: Case) -> Result<(Case, audit::Act), Stop<Problem>> {
        let state = case.state;
        Ok(match &self.act {
            Act::Answer(_, then, _) => self.answered(tx, case, *then)?,
            Act::Note(_) => {
                (self.step(case, state, CaseStep::Noted), self.told(AuditAction::CaseNoted).with("state", state.word()))
            }
            Act::Set(to) => {
                let to = set(state, *to).map_err(refused)?;
                let told = self.told(AuditAction::CaseSet).with("state", to.word());
                (self.step(case, to, CaseStep::StateSet), told)
            }
            Act::Take => {
                self.owned(case.owner == Some(self.by))?;
                let case = Case { owner: Some(self.by), ..self.step(case, state, CaseStep::Taken) };
                (case, self.told(AuditAction::CaseTaken))
            }
            Act::HandOn(to) => {
                self.owned(case.owner == Some(*to))?;
                let papers = case.reason == CaseReason::Papers.word();
                let may = |member: &StaffMember| {
                    member.may(Permission::WorkCases) && (!papers || member.may(Permission::DecideIdentity))
                };
                let colleague = active(tx, *to).await.ok().filter(may);
                colleague.ok_or(Stop::Refused(invalid("to", "no member who works on cases")))?;
                let case = Case { owner: Some(*to), ..self.step(case, state, CaseStep::HandedOn) };
                (case, self.told(AuditAction::CaseHandedOn).with("to", to.to_string()))
            }
            Act::LetGo => {
                self.owned(case.owner.is_none())?;
                let case = Case { owner: None, ..self.step(case, state, CaseStep::LetGo) };
                (case, self.told(AuditAction::CaseLetGo))
            }
            Act::Prioritize(priority) => {
                self.owned(case.priority == *priority)?;
                let due_at = due(*priority, state, self.now().business);
                let case = Case { priority: *priority, due_at, ..self.step(case, state, CaseStep::PrioritySet) };
                (case, self.told(AuditAction::CasePrioritySet).with("priority", priority.word()))
            }
        })
    }
    /// Refuses what is so already.
    fn owned(&self, already: bool) -> Result<(), Stop<Problem>> {
        if already { Err(refused(NotTaken::Already)) } else { Ok(()) }
    }
    fn answered(&self, tx: &mut Tx, case: Case, then: CaseState) -> Result<(Case, audit::Act), Stop<Problem>> {
        let state = set(case.state, then).unwrap_or(case.state);
        // A case of the system's in which somebody writes to its customer is theirs to read from then on.
        let for_whom = if case.for_whom == CaseFor::Staff { CaseFor::Owner } else { case.for_whom };
        if for_whom == CaseFor::Owner {
            let news = (self.written.entry, AccountNews::CaseAnswered);
            happened(tx, self.customer, news, ("", None), self.now())?;
        }
        let owner = case.owner.or(Some(self.by));
        let told = self.told(AuditAction::CaseAnswered).with("state", state.word());
        Ok((Case { for_whom, owner, ..self.step(case, state, CaseStep::Answered) }, told))
    }
}
