//! Cases: a customer, or a guest about their order, asks; staff answer; both write until it is solved.
//!
//! What is known where it is opened (order, attempt, line, step) comes along, with whose turn it was. An owner reads their own
//! cases and those of the system in which staff wrote to them; a guest reads the one about their order, and the line's owner
//! does not. Whoever calls is asked by a member of the staff, who opens the case; the system opens one for each cause that
//! needs people, and no second one.

mod act;
mod call;
mod causes;
mod merge;
mod open;
pub mod prepared;
mod queue;
mod read;
mod write;

pub use act::{Act, act, act_once};
pub use call::{NewCall, open_for_caller, open_for_item};
pub(crate) use causes::{Failed, came_back, open_about, over};
pub use causes::{look_after, run_forever};
pub use merge::merge;
pub use open::open;
pub(crate) use open::{Open, opening};
pub use queue::{COUNTED, Counts, Due, Listed, Waiting, Wanted, counts, queue, waiting};
pub use read::{cases, file, for_guest, for_owner, for_staff};
pub use write::{solved, write};

use crate::audit;
use crate::staff::permit;
use crate::{App, Problem};
use everline_core::attachment::{FILE_MAX, FILES_MAX, FileKind, safe_name};
use everline_core::audit::AuditAction;
use everline_core::effects::CaseReason;
use everline_core::ids::{CaseId, CustomerId, LineId, OrderId, RawId};
use everline_core::staff::Permission;
use everline_core::support::{CaseFor, CaseState, CaseStep, NotTaken, TEXT_MAX, due, readable};
use everline_core::time::BusinessTime;
use everline_store::tables::case::{self, Case, Entry, FileInfo};
use everline_store::tables::customer;
use everline_store::tables::prepared::Prepared;
use everline_store::{Stop, Tx};

/// Cases that a list shows.
const SHOWN: i64 = 200;

/// What a case is about, as far as it is known where it is opened.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct About {
    /// The order.
    pub order: Option<OrderId>,
    /// The line; of an order, the order's.
    pub line: Option<LineId>,
    /// Where its asker was: one of our words for pages.
    pub step: Option<&'static str>,
}

/// A file as it was sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sent {
    /// What its sender calls it.
    pub name: String,
    /// What is in it.
    pub content: Vec<u8>,
}

/// A file that is taken.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Taken {
    id: RawId,
    name: String,
    kind: FileKind,
    content: Vec<u8>,
}

/// A case to open. The id is chosen with the page, so that sending it twice opens one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewCase {
    /// Its id.
    pub id: CaseId,
    /// For its owner or a guest.
    pub for_whom: CaseFor,
    /// What it is about.
    pub about: About,
    /// In a few words.
    pub subject: String,
    /// The words.
    pub text: String,
    /// Files.
    pub files: Vec<Sent>,
    /// An older case of the same asker, solved long ago, that it goes on from.
    pub follows: Option<CaseId>,
}

/// A case with all that its reader may see.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CaseView {
    /// The case.
    pub case: Case,
    /// What was written, oldest first; notes for staff alone. Staff are named for staff.
    pub entries: Vec<(Entry, Option<String>)>,
    /// The files.
    pub files: Vec<FileInfo>,
    /// The number of its order.
    pub order_number: Option<String>,
    /// What its line is called.
    pub line: Option<everline_core::line::Line>,
    /// What the staff see besides.
    pub desk: Option<AtDesk>,
}

/// What the staff see of a case besides.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct AtDesk {
    /// Who works on it.
    pub owner: Option<String>,
    /// Who of the staff changed it last.
    pub changed_by: Option<String>,
    /// To whom it can be handed on.
    pub colleagues: Vec<(RawId, String)>,
    /// Into which it could go: other cases of the customer that are not solved.
    pub others: Vec<Case>,
    /// Answers that are prepared, in each of their languages.
    pub prepared: Vec<Prepared>,
    /// The language in which the customer reads.
    pub language: String,
}

fn invalid(field: &'static str, rule: &'static str) -> Problem {
    Problem::Invalid { field, rule }
}
fn text_of(text: &str) -> Result<String, Problem> {
    readable(text, TEXT_MAX).ok_or(invalid("text", "1-to-4000"))
}
/// What of the files is taken; nothing if one of them is not.
fn take(app: &App, files: Vec<Sent>) -> Result<Vec<Taken>, Problem> {
    if files.len() > FILES_MAX {
        return Err(invalid("files", "too-many"));
    }
    let take = |Sent { name, content }: Sent| {
        if content.len() > FILE_MAX {
            return Err(invalid("files", "too-large"));
        }
        let kind = FileKind::of(&content).ok_or(invalid("files", "kind"))?;
        Ok(Taken { id: app.clock.id(), name: safe_name(&name, kind), kind, content })
    };
    files.into_iter().map(take).collect()
}

/// Who reads or writes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reader {
    /// The customer.
    Owner,
    /// Whoever has the secret link of this order.
    Guest(OrderId),
    /// A member of the staff.
    Staff(RawId),
}

impl Reader {
    /// The case, if it is for this reader.
    async fn may(self, tx: &mut Tx, found: Option<Case>) -> Result<Case, Stop<Problem>> {
        if let Reader::Staff(by) = self {
            permit(tx, by, Permission::SeeCustomer).await?;
            // Documents are few people's business.
            if found.as_ref().is_some_and(|case| case.reason == CaseReason::Papers.word()) {
                permit(tx, by, Permission::DecideIdentity).await?;
            }
        }
        let theirs = |case: &Case| match self {
            Reader::Owner => case.for_whom == CaseFor::Owner,
            Reader::Guest(order) => case.for_whom == CaseFor::Guest && case.order == Some(order),
            Reader::Staff(_) => true,
        };
        found.filter(theirs).ok_or(Stop::Refused(Problem::NotFound("case")))
    }
}

fn seen(action: AuditAction, by: RawId, (customer, id): (CustomerId, CaseId)) -> audit::Act {
    audit::Act::by(by, action, ("case", id)).of(customer)
}

/// A case locked, if it is for this reader.
async fn locked(tx: &mut Tx, customer: CustomerId, id: CaseId, reader: Reader) -> Result<Case, Stop<Problem>> {
    customer::lock_account(tx, customer).await?;
    let found = case::lock(tx, customer, id).await?;
    reader.may(tx, found).await
}
fn refused(why: NotTaken) -> Stop<Problem> {
    Stop::Refused(why.into())
}
/// As [`locked`]; of a case that went into another, that one.
async fn goes_on(tx: &mut Tx, customer: CustomerId, id: CaseId, reader: Reader) -> Result<Case, Stop<Problem>> {
    let case = locked(tx, customer, id, reader).await?;
    match case.merged_into {
        Some(into) => locked(tx, customer, into, reader).await,
        None => Ok(case),
    }
}
/// The case in a state, changed now by a member of the staff or somebody else. Another state has another time by which it is
/// due.
fn changed(case: Case, state: CaseState, (by, how): (Option<RawId>, CaseStep), at: BusinessTime) -> Case {
    let stays = state == case.state;
    let solved_at = match state {
        CaseState::Solved if stays => case.solved_at,
        CaseState::Solved => Some(at),
        _ => None,
    };
    let due_at = if stays || state == CaseState::Solved { case.due_at } else { due(case.priority, state, at) };
    let version = case.version.saturating_add(1);
    Case { state, solved_at, due_at, version, changed_at: at, changed_by: by, changed_how: how, ..case }
}
