//! What the staff do with a case.

use super::{Reader, changed, locked, refused, seen, text_of};
use crate::account_news::happened;
use crate::audit::Stamp;
use crate::staff::permit;
use crate::{App, Problem};
use everline_core::account::AccountNews;
use everline_core::audit::AuditAction;
use everline_core::ids::{CaseId, CustomerId, RawId};
use everline_core::staff::Permission;
use everline_core::support::{CaseFor, CaseState, EntryKind, NotTaken, set};
use everline_core::time::Now;
use everline_store::tables::case::{self, Case, Entry};
use everline_store::{Stop, Tx, Work};

/// What a member of the staff does with a case.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Act {
    /// Answers, and says whom the case waits for then.
    Answer(String, CaseState),
    /// Notes something for colleagues.
    Note(String),
    /// Sets the state.
    Set(CaseState),
}

/// A member of the staff works on a case that was shown to them in this version.
///
/// # Errors
/// [`Problem::NotTaken`] if somebody changed it meanwhile; [`Problem::Invalid`] names the field.
pub async fn act(
    app: &App,
    (customer, id): (CustomerId, CaseId),
    (by, version): (RawId, i64),
    act: Act,
) -> Result<(), Problem> {
    let act = match act {
        Act::Answer(text, then) => Act::Answer(text_of(&text)?, then),
        Act::Note(text) => Act::Note(text_of(&text)?),
        Act::Set(state) => Act::Set(state),
    };
    let (entry, stamp, now) = (app.clock.id(), Stamp::new(app)?, app.clock.now());
    app.store.transact(StaffActs { customer, id, by, version, act, entry, stamp, now }).await?;
    app.wake.notify_one();
    Ok(())
}

struct StaffActs {
    customer: CustomerId,
    id: CaseId,
    by: RawId,
    version: i64,
    act: Act,
    entry: RawId,
    stamp: Stamp,
    now: Now,
}
impl Work for StaffActs {
    const NAME: &'static str = "act_on_case";
    type Out = ();
    type Refusal = Problem;
    async fn run(&self, tx: &mut Tx) -> Result<(), Stop<Problem>> {
        let (customer, at) = (self.customer, self.now.business);
        permit(tx, self.by, Permission::WorkCases).await?;
        let case = locked(tx, customer, self.id, Reader::Staff(self.by)).await?;
        let entries = case::entries(tx, customer, self.id).await?;
        if entries.iter().any(|entry| entry.id == self.entry) {
            return Ok(()); // run again after a lost answer
        }
        if case.version != self.version {
            return Err(refused(NotTaken::Stale));
        }
        let entry = |kind, text: &String| Entry { id: self.entry, kind, staff: Some(self.by), text: text.clone(), at };
        let state = match &self.act {
            Act::Answer(text, then) => {
                case::add_entry(tx, customer, self.id, &entry(EntryKind::Answer, text));
                set(case.state, *then).unwrap_or(case.state)
            }
            Act::Note(text) => {
                case::add_entry(tx, customer, self.id, &entry(EntryKind::Note, text));
                case.state
            }
            Act::Set(state) => set(case.state, *state).map_err(refused)?,
        };
        let answered = matches!(self.act, Act::Answer(..));
        // A case of the system's in which somebody writes to its customer is theirs to read from then on.
        let for_whom = if answered && case.for_whom == CaseFor::Staff { CaseFor::Owner } else { case.for_whom };
        if answered && for_whom == CaseFor::Owner {
            happened(tx, customer, (self.entry, AccountNews::CaseAnswered), ("", None), self.now)?;
        }
        let solved_at = if state == case.state { case.solved_at } else { None };
        let case = Case { for_whom, ..changed(case, state, at) };
        case::save(tx, &Case { solved_at: case.solved_at.map(|at| solved_at.unwrap_or(at)), ..case });
        let action = match &self.act {
            Act::Answer(..) => AuditAction::CaseAnswered,
            Act::Note(_) => AuditAction::CaseNoted,
            Act::Set(_) => AuditAction::CaseSet,
        };
        let told = seen(action, self.by, (customer, self.id)).with("state", state.word());
        self.stamp.append(tx, told).await
    }
}
