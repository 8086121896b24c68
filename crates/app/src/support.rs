//! Cases: a customer, or a guest about their order, asks; staff answer; both write until it is solved.
//!
//! What is known where it is opened (order, attempt, line, step) comes along, with whose turn it was. An owner reads their own
//! cases and those of the system in which staff wrote to them; a guest reads the one about their order, and the line's owner
//! does not.

use crate::account_news::happened;
use crate::audit::{self, Stamp};
use crate::staff::{permit, see};
use crate::{App, Problem};
use everline_core::account::AccountNews;
use everline_core::attachment::{FILE_MAX, FILES_MAX, FILES_OF_CASE_MAX, FileKind, OCTETS_OF_CUSTOMER_MAX, safe_name};
use everline_core::audit::AuditAction;
use everline_core::effects::CaseReason;
use everline_core::ids::{AttemptId, CaseId, CustomerId, LineId, OrderId, RawId};
use everline_core::payment::AttemptState;
use everline_core::staff::Permission;
use everline_core::support::{
    CaseFor, CaseState, ENTRIES_MAX, EntryKind, NotTaken, OPEN_MAX, SUBJECT_MAX, Side, TEXT_MAX, asker_wrote, readable,
    set,
};
use everline_core::time::{BusinessTime, Now};
use everline_store::tables::case::{self, Case, Entry, FileInfo};
use everline_store::tables::{customer, line, order, payment, staff, support};
use everline_store::{Stop, Tx, Work};

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

/// Opens a case, or finds the one that was opened under this id.
///
/// # Errors
/// [`Problem::Invalid`] names the field; [`Problem::NotFound`] if order or line are not the customer's;
/// [`Problem::NotTaken`] if there are too many open ones.
pub async fn open(app: &App, customer: CustomerId, new: NewCase) -> Result<CaseId, Problem> {
    let subject = readable(&new.subject, SUBJECT_MAX).filter(|subject| !subject.contains('\n'));
    let subject = subject.ok_or(invalid("subject", "1-to-100"))?;
    let (text, files) = (text_of(&new.text)?, take(app, new.files)?);
    let NewCase { id, for_whom, about, .. } = new;
    let written = Written { entry: app.clock.id(), text, files, now: app.clock.now() };
    Ok(app.store.transact(Open { customer, id, for_whom, about, subject, written }).await?)
}

/// The cases of an owner, those that changed last first.
pub async fn cases(app: &App, customer: CustomerId) -> Result<Vec<Case>, Problem> {
    Ok(app.store.read(OfOwner { customer }).await?)
}
/// A case as its owner reads it.
///
/// # Errors
/// [`Problem::NotFound`] if it is not for this customer to read.
pub async fn for_owner(app: &App, customer: CustomerId, id: CaseId) -> Result<CaseView, Problem> {
    Ok(app.store.read(Read { customer, id, reader: Reader::Owner }).await?)
}
/// The case of a guest about their order, if they opened one.
pub async fn for_guest(app: &App, customer: CustomerId, order: OrderId) -> Result<Option<CaseView>, Problem> {
    match app.store.read(FindOfGuest { customer, order }).await? {
        Some(id) => Ok(Some(app.store.read(Read { customer, id, reader: Reader::Guest(order) }).await?)),
        None => Ok(None),
    }
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
        }
        let theirs = |case: &Case| match self {
            Reader::Owner => case.for_whom == CaseFor::Owner,
            Reader::Guest(order) => case.for_whom == CaseFor::Guest && case.order == Some(order),
            Reader::Staff(_) => true,
        };
        found.filter(theirs).ok_or(Stop::Refused(Problem::NotFound("case")))
    }
}

/// Its asker writes. What was solved is open again.
///
/// # Errors
/// [`Problem::Invalid`] names the field; [`Problem::NotTaken`] if it is over or full.
pub async fn write(
    app: &App,
    (customer, id): (CustomerId, CaseId),
    reader: Reader,
    text: &str,
    files: Vec<Sent>,
) -> Result<(), Problem> {
    let (text, files) = (text_of(text)?, take(app, files)?);
    let written = Written { entry: app.clock.id(), text, files, now: app.clock.now() };
    Ok(app.store.transact(AskerWrites { customer, id, reader, written }).await?)
}
/// Its asker says that it is solved.
///
/// # Errors
/// [`Problem::NotTaken`] if it is already.
pub async fn solved(app: &App, (customer, id): (CustomerId, CaseId), reader: Reader) -> Result<(), Problem> {
    let now = app.clock.now().business;
    Ok(app.store.transact(AskerSolves { customer, id, reader, now }).await?)
}
/// A file of a case: name, kind and content.
///
/// # Errors
/// [`Problem::NotFound`] unless case and file are for this reader.
pub async fn file(
    app: &App,
    (customer, id): (CustomerId, CaseId),
    file: RawId,
    reader: Reader,
) -> Result<(String, FileKind, Vec<u8>), Problem> {
    let found = app.store.read(ReadFile { customer, id, file, reader }).await?;
    if let Reader::Staff(by) = reader {
        let act = seen(AuditAction::CaseFileSeen, by, (customer, id)).with("file", file.to_string());
        see(app, by, Permission::SeeCustomer, act).await?;
    }
    Ok(found)
}

/// The cases in a state, those that waited longest first; for staff.
///
/// # Errors
/// [`Problem::NotAllowed`]
pub async fn queue(app: &App, by: RawId, state: CaseState) -> Result<Vec<Case>, Problem> {
    Ok(app.store.read(Queue { by, state }).await?)
}
/// A case as staff read it.
///
/// # Errors
/// [`Problem::NotAllowed`]
pub async fn for_staff(app: &App, by: RawId, customer: CustomerId, id: CaseId) -> Result<CaseView, Problem> {
    let view = app.store.read(Read { customer, id, reader: Reader::Staff(by) }).await?;
    see(app, by, Permission::SeeCustomer, seen(AuditAction::CaseSeen, by, (customer, id))).await?;
    Ok(view)
}

fn seen(action: AuditAction, by: RawId, (customer, id): (CustomerId, CaseId)) -> audit::Act {
    audit::Act::by(by, action, ("case", id)).of(customer)
}

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

/// What somebody wrote.
struct Written {
    entry: RawId,
    text: String,
    files: Vec<Taken>,
    now: Now,
}
impl Written {
    async fn put(&self, tx: &mut Tx, (customer, id): (CustomerId, CaseId)) -> Result<(), Stop<Problem>> {
        let Written { entry, text, files, now } = self;
        let there = case::files(tx, customer, id).await?.len();
        let count = i64::try_from(there.saturating_add(files.len())).unwrap_or(i64::MAX);
        if !files.is_empty() && count > FILES_OF_CASE_MAX {
            return Err(Stop::Refused(invalid("files", "too-many-of-case")));
        }
        let octets = |taken: &Taken| i64::try_from(taken.content.len()).unwrap_or(i64::MAX);
        let more: i64 = files.iter().map(octets).fold(0, i64::saturating_add);
        if more > 0 && case::file_octets(tx, customer).await?.saturating_add(more) > OCTETS_OF_CUSTOMER_MAX {
            return Err(Stop::Refused(invalid("files", "too-much")));
        }
        let (text, at) = (text.clone(), now.business);
        case::add_entry(tx, customer, id, &Entry { id: *entry, kind: EntryKind::Asker, staff: None, text, at });
        for taken in files {
            let (name, octets) = (taken.name.clone(), octets(taken));
            let info = FileInfo { id: taken.id, entry: *entry, name, kind: taken.kind, octets };
            case::add_file(tx, (customer, id), &info, taken.content.clone(), at);
        }
        Ok(())
    }
}

struct Open {
    customer: CustomerId,
    id: CaseId,
    for_whom: CaseFor,
    about: About,
    subject: String,
    written: Written,
}
impl Work for Open {
    const NAME: &'static str = "open_case";
    type Out = CaseId;
    type Refusal = Problem;
    async fn run(&self, tx: &mut Tx) -> Result<CaseId, Stop<Problem>> {
        let customer = self.customer;
        // What counts together is counted under the account's lock.
        customer::lock_account(tx, customer).await?;
        if let Some(there) = case::get(tx, customer, self.id).await? {
            return if there.for_whom == self.for_whom {
                Ok(there.id)
            } else {
                Err(Stop::Refused(Problem::ExistsDifferently("id")))
            };
        }
        match (self.for_whom, self.about.order) {
            (CaseFor::Owner, _) => {
                let open = usize::try_from(case::open_count(tx, customer).await?).unwrap_or(usize::MAX);
                if open >= OPEN_MAX {
                    return Err(Stop::Refused(NotTaken::TooManyOpen.into()));
                }
            }
            // One case an order: they go on writing in it.
            (CaseFor::Guest, Some(order)) => {
                if case::of_guest(tx, customer, order).await?.is_some() {
                    return Err(Stop::Refused(NotTaken::TooManyOpen.into()));
                }
            }
            (CaseFor::Guest, None) | (CaseFor::Staff, _) => return Err(Stop::Refused(Problem::NotAllowed)),
        }
        let (line, attempt, side) = self.context(tx).await?;
        let at = self.written.now.business;
        case::add(
            tx,
            &Case {
                customer,
                id: self.id,
                for_whom: self.for_whom,
                reason: CaseReason::Asked.word().to_owned(),
                subject: self.subject.clone(),
                order: self.about.order,
                line,
                attempt,
                step: self.about.step.map(str::to_owned),
                side,
                state: CaseState::Open,
                version: 0,
                opened_at: at,
                changed_at: at,
                solved_at: None,
            },
        );
        self.written.put(tx, (customer, self.id)).await?;
        Ok(self.id)
    }
}
impl Open {
    /// What else is known: line, newest attempt, whose turn it is.
    async fn context(&self, tx: &mut Tx) -> Result<(Option<LineId>, Option<AttemptId>, Option<Side>), Stop<Problem>> {
        let customer = self.customer;
        let of_order = match self.about.order {
            Some(id) => Some(order::get(tx, customer, id).await?.ok_or(Stop::Refused(Problem::NotFound("order")))?),
            None => None,
        };
        let Some(id) = of_order.as_ref().map(|order| order.line).or(self.about.line) else {
            return Ok((None, None, None));
        };
        let line = line::get(tx, customer, id).await?.ok_or(Stop::Refused(Problem::NotFound("line")))?;
        let Some(order) = of_order else { return Ok((Some(line.id), None, None)) };
        let attempts = payment::of_order(tx, customer, order.id).await?;
        let newest = attempts.last();
        let silent = newest.is_some_and(|attempt| attempt.state == AttemptState::Unknown);
        let cases = support::cases_of(tx, customer, SHOWN).await?;
        let looked_at = cases.iter().any(|case| case.1 == Some(order.id));
        let side = Side::of(order.state, line.network, silent, looked_at);
        Ok((Some(line.id), newest.map(|attempt| attempt.id), side))
    }
}

struct OfOwner {
    customer: CustomerId,
}
impl Work for OfOwner {
    const NAME: &'static str = "cases_of_owner";
    type Out = Vec<Case>;
    type Refusal = Problem;
    async fn run(&self, tx: &mut Tx) -> Result<Vec<Case>, Stop<Problem>> {
        Ok(case::of_owner(tx, self.customer, SHOWN).await?)
    }
}

struct FindOfGuest {
    customer: CustomerId,
    order: OrderId,
}
impl Work for FindOfGuest {
    const NAME: &'static str = "case_of_guest";
    type Out = Option<CaseId>;
    type Refusal = Problem;
    async fn run(&self, tx: &mut Tx) -> Result<Option<CaseId>, Stop<Problem>> {
        Ok(case::of_guest(tx, self.customer, self.order).await?.map(|case| case.id))
    }
}

struct Read {
    customer: CustomerId,
    id: CaseId,
    reader: Reader,
}
impl Work for Read {
    const NAME: &'static str = "read_case";
    type Out = CaseView;
    type Refusal = Problem;
    async fn run(&self, tx: &mut Tx) -> Result<CaseView, Stop<Problem>> {
        let (customer, staff) = (self.customer, matches!(self.reader, Reader::Staff(_)));
        let found = case::get(tx, customer, self.id).await?;
        let case = self.reader.may(tx, found).await?;
        let mut entries = Vec::new();
        for mut entry in case::entries(tx, customer, case.id).await? {
            if !staff && entry.kind == EntryKind::Note {
                continue;
            }
            let by = match entry.staff.take_if(|_| !staff) {
                Some(_) => None,
                None => match entry.staff {
                    Some(by) => Some(staff::signature(tx, by).await?),
                    None => None,
                },
            };
            entries.push((entry, by));
        }
        let files = case::files(tx, customer, case.id).await?;
        let order_number = match case.order {
            Some(id) => order::get(tx, customer, id).await?.map(|order| order.number),
            None => None,
        };
        let line = match case.line {
            Some(id) => line::get(tx, customer, id).await?,
            None => None,
        };
        Ok(CaseView { case, entries, files, order_number, line })
    }
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
/// The case in another state, changed now.
fn changed(case: Case, state: CaseState, at: BusinessTime) -> Case {
    let solved_at = (state == CaseState::Solved).then_some(at);
    Case { state, solved_at, version: case.version.saturating_add(1), changed_at: at, ..case }
}

struct AskerWrites {
    customer: CustomerId,
    id: CaseId,
    reader: Reader,
    written: Written,
}
impl Work for AskerWrites {
    const NAME: &'static str = "write_in_case";
    type Out = ();
    type Refusal = Problem;
    async fn run(&self, tx: &mut Tx) -> Result<(), Stop<Problem>> {
        let (case, at) = (locked(tx, self.customer, self.id, self.reader).await?, self.written.now.business);
        let entries = case::entries(tx, self.customer, self.id).await?;
        if entries.iter().any(|entry| entry.id == self.written.entry) {
            return Ok(()); // run again after a lost answer
        }
        if entries.iter().filter(|entry| entry.kind == EntryKind::Asker).count() >= ENTRIES_MAX {
            return Err(refused(NotTaken::Full));
        }
        let state = asker_wrote(case.state, case.solved_at, at).map_err(refused)?;
        self.written.put(tx, (self.customer, self.id)).await?;
        case::save(tx, &changed(case, state, at));
        Ok(())
    }
}

struct AskerSolves {
    customer: CustomerId,
    id: CaseId,
    reader: Reader,
    now: BusinessTime,
}
impl Work for AskerSolves {
    const NAME: &'static str = "solve_case";
    type Out = ();
    type Refusal = Problem;
    async fn run(&self, tx: &mut Tx) -> Result<(), Stop<Problem>> {
        let case = locked(tx, self.customer, self.id, self.reader).await?;
        if case.state != CaseState::Solved {
            case::save(tx, &changed(case, CaseState::Solved, self.now));
        }
        Ok(())
    }
}

struct ReadFile {
    customer: CustomerId,
    id: CaseId,
    file: RawId,
    reader: Reader,
}
impl Work for ReadFile {
    const NAME: &'static str = "read_case_file";
    type Out = (String, FileKind, Vec<u8>);
    type Refusal = Problem;
    async fn run(&self, tx: &mut Tx) -> Result<Self::Out, Stop<Problem>> {
        let found = case::get(tx, self.customer, self.id).await?;
        self.reader.may(tx, found).await?;
        case::file(tx, self.customer, self.id, self.file).await?.ok_or(Stop::Refused(Problem::NotFound("file")))
    }
}

struct Queue {
    by: RawId,
    state: CaseState,
}
impl Work for Queue {
    const NAME: &'static str = "case_queue";
    type Out = Vec<Case>;
    type Refusal = Problem;
    async fn run(&self, tx: &mut Tx) -> Result<Vec<Case>, Stop<Problem>> {
        permit(tx, self.by, Permission::SeeCustomer).await?;
        Ok(case::queue(tx, self.state, SHOWN).await?)
    }
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
