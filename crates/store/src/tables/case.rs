//! Cases that are written in, their entries and their files.

use super::columns::Columns;
use crate::{FromRow, Query, Result, Row, Tx, Value, args};
use everline_core::attachment::FileKind;
use everline_core::effects::CaseReason;
use everline_core::ids::{AttemptId, CaseId, CustomerId, LineId, OrderId, RawId};
use everline_core::support::{CaseFor, CaseState, CaseStep, EntryKind, Priority, Side, due, number};
use everline_core::time::BusinessTime;

macro_rules! columns {
    () => {
        "c.customer_id, c.id, c.for_whom, c.reason, c.subject, c.order_id, c.line_id, c.attempt_id, c.step, c.side, c.state, c.version, \
         c.opened_at, c.changed_at, c.solved_at, c.priority, c.owner_id, c.due_at, c.changed_by, c.changed_how, c.merged_into, c.follows, \
         c.cause, c.cause_id"
    };
}

/// The order of a case is looked up for its line where that is not known.
macro_rules! add {
    () => {
        "INSERT INTO support_case (customer_id, id, for_whom, reason, subject, order_id, line_id, attempt_id, step, side, state, version, \
         opened_at, changed_at, solved_at, priority, owner_id, due_at, changed_by, changed_how, merged_into, follows, cause, cause_id, number) \
         VALUES ($1, $2, $3, $4, $5, $6, COALESCE($7, (SELECT o.line_id FROM orders o WHERE o.customer_id = $1 AND o.id = $6)), $8, $9, $10, \
         $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21, $22, $23, $24, $25)"
    };
}

/// Cases that are not solved, by when they are due, from a key on; those that only have the papers of a correction stand with it,
/// and here where they are asked for.
macro_rules! queue {
    ($lead:literal) => {
        concat!(
            "SELECT ",
            columns!(),
            " FROM support_case c WHERE c.solved_at IS NULL",
            $lead,
            " AND (c.due_at, c.customer_id, c.id) > ($1, $2, $3) AND c.due_at < $4 AND ($5 = '' OR c.state = $5) \
             AND ($6 = '' OR c.priority = $6) AND (c.reason = $7 OR ($7 = '' AND c.reason <> 'papers')) ORDER BY c.due_at, c.customer_id, c.id LIMIT $8"
        )
    };
}

/// How many there are, of at most so many.
macro_rules! count {
    ($which:literal) => {
        concat!("SELECT COUNT(*) FROM (SELECT 1 FROM support_case c WHERE c.solved_at IS NULL", $which, ") n")
    };
}

crate::queries! { ALL;
    ADD = add!();
    ADD_ONCE = concat!(add!(), " ON CONFLICT (customer_id, id) DO NOTHING");
    SAVE = "UPDATE support_case SET for_whom = $3, state = $4, version = $5, changed_at = $6, solved_at = $7, priority = $8, owner_id = $9, \
        due_at = $10, changed_by = $11, changed_how = $12, merged_into = $13, number = $14 WHERE customer_id = $1 AND id = $2";
    GET = concat!("SELECT ", columns!(), " FROM support_case c WHERE c.customer_id = $1 AND c.id = $2");
    LOCK = concat!("SELECT ", columns!(), " FROM support_case c WHERE c.customer_id = $1 AND c.id = $2 FOR UPDATE");
    OF_OWNER = concat!("SELECT ", columns!(), " FROM support_case c WHERE c.customer_id = $1 AND c.for_whom = 'owner' AND c.merged_into IS NULL \
        ORDER BY c.changed_at DESC, c.id DESC LIMIT $2");
    OF_GUEST = concat!("SELECT ", columns!(), " FROM support_case c WHERE c.customer_id = $1 AND c.order_id = $2 AND c.for_whom = 'guest' \
        AND c.merged_into IS NULL ORDER BY c.opened_at DESC LIMIT 1");
    OTHERS = concat!("SELECT ", columns!(), " FROM support_case c WHERE c.customer_id = $1 AND c.id <> $2 AND c.solved_at IS NULL \
        ORDER BY c.opened_at DESC, c.id DESC LIMIT $3");
    QUEUE = queue!("");
    QUEUE_OF_STATE = queue!(" AND c.state = $9");
    QUEUE_OF_OWNER = queue!(" AND c.owner_id = $9");
    QUEUE_OF_NOBODY = queue!(" AND c.owner_id IS NULL");
    QUEUE_OF_REASON = queue!(" AND c.reason = $9");
    QUEUE_OF_PRIORITY = queue!(" AND c.priority = $9");
    SOLVED = concat!("SELECT ", columns!(), " FROM support_case c WHERE c.solved_at IS NOT NULL AND (c.solved_at, c.customer_id, c.id) < ($1, $2, $3) \
        AND (CAST($4 AS BYTEA) IS NULL OR c.owner_id = $4) AND ($5 = '' OR c.priority = $5) \
        AND (c.reason = $6 OR ($6 = '' AND c.reason <> 'papers')) ORDER BY c.solved_at DESC, c.customer_id DESC, c.id DESC LIMIT $7");
    COUNT_OF_OWNER = count!(" AND c.owner_id = $1 AND c.reason <> 'papers' LIMIT $2");
    COUNT_OF_NOBODY = count!(" AND c.owner_id IS NULL AND c.reason <> 'papers' LIMIT $1");
    COUNT_OVER = count!(" AND c.due_at < $1 AND c.reason <> 'papers' LIMIT $2");
    COUNT_OF_REASON = count!(" AND c.reason = $1 LIMIT $2");
    OF_CAUSE = "SELECT customer_id, id FROM support_case WHERE cause_id = $1";
    OF_NUMBER = "SELECT customer_id, id FROM support_case WHERE number = $1 ORDER BY customer_id, id LIMIT $2";
    REPOINT = "UPDATE support_case SET merged_into = $3 WHERE customer_id = $1 AND merged_into = $2";
    MOVE_ENTRIES = "UPDATE case_entry SET case_id = $3 WHERE customer_id = $1 AND case_id = $2";
    MOVE_FILES = "UPDATE case_attachment SET case_id = $3 WHERE customer_id = $1 AND case_id = $2";
    OPEN_COUNT = "SELECT COUNT(*) FROM support_case WHERE customer_id = $1 AND for_whom = 'owner' AND reason = 'asked' AND state <> 'solved'";
    ENTRY_ADD = "INSERT INTO case_entry (id, customer_id, case_id, kind, staff_id, text, at) VALUES ($1, $2, $3, $4, $5, $6, $7)";
    ENTRY = "SELECT case_id, id, kind, staff_id, text, at FROM case_entry WHERE id = $2 AND customer_id = $1";
    ENTRIES = "SELECT id, kind, staff_id, text, at FROM case_entry WHERE customer_id = $1 AND case_id = $2 ORDER BY id";
    FILE_ADD = "INSERT INTO case_attachment (id, customer_id, case_id, entry_id, name, kind, octets, content, at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)";
    FILES = "SELECT id, entry_id, name, kind, octets FROM case_attachment WHERE customer_id = $1 AND case_id = $2 ORDER BY id";
    FILE = "SELECT name, kind, content FROM case_attachment WHERE id = $3 AND customer_id = $1 AND case_id = $2";
    FILE_OCTETS = "SELECT CAST(COALESCE(SUM(octets), 0) AS BIGINT) FROM case_attachment WHERE customer_id = $1";
}

/// A case as stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Case {
    /// Whose rows it is about.
    pub customer: CustomerId,
    /// Its id.
    pub id: CaseId,
    /// Who reads it beside the staff.
    pub for_whom: CaseFor,
    /// Why it was opened: the word of a [`CaseReason`](everline_core::effects::CaseReason).
    pub reason: String,
    /// What it is about, in its asker's words.
    pub subject: String,
    /// The order it is about.
    pub order: Option<OrderId>,
    /// The line it is about.
    pub line: Option<LineId>,
    /// The attempt it is about.
    pub attempt: Option<AttemptId>,
    /// Where its asker was: a word of a page.
    pub step: Option<String>,
    /// Whose turn it was.
    pub side: Option<Side>,
    /// Where it is.
    pub state: CaseState,
    /// Counts changes.
    pub version: i64,
    /// When it was opened.
    pub opened_at: BusinessTime,
    /// When it was last written in, or its state changed.
    pub changed_at: BusinessTime,
    /// When it was solved, if it is.
    pub solved_at: Option<BusinessTime>,
    /// How much depends on it.
    pub priority: Priority,
    /// Which member of the staff works on it.
    pub owner: Option<RawId>,
    /// By when it is to be worked on; without meaning once it is solved.
    pub due_at: BusinessTime,
    /// Which member of the staff changed it last; nobody of them if its asker or the system did.
    pub changed_by: Option<RawId>,
    /// What was done last.
    pub changed_how: CaseStep,
    /// The case into which it went.
    pub merged_into: Option<CaseId>,
    /// The older case, solved long ago, that it goes on from.
    pub follows: Option<CaseId>,
    /// What opened it, if the system did: the word of a job, or `item`.
    pub cause: Option<String>,
    /// Which job or item.
    pub cause_id: Option<RawId>,
}
impl Case {
    /// A case that is opened now, with what follows from its reason.
    #[must_use]
    pub fn opened(customer: CustomerId, id: CaseId, reason: CaseReason, at: BusinessTime) -> Self {
        let (state, priority) = (CaseState::Open, Priority::of(reason));
        Case {
            customer,
            id,
            for_whom: CaseFor::Staff,
            reason: reason.word().to_owned(),
            subject: String::new(),
            order: None,
            line: None,
            attempt: None,
            step: None,
            side: None,
            state,
            version: 0,
            opened_at: at,
            changed_at: at,
            solved_at: None,
            priority,
            owner: None,
            due_at: due(priority, state, at),
            changed_by: None,
            changed_how: CaseStep::Opened,
            merged_into: None,
            follows: None,
            cause: None,
            cause_id: None,
        }
    }
}
impl FromRow for Case {
    fn from_row(row: &Row<'_>) -> Result<Self> {
        let mut c = Columns::new(row);
        Ok(Case {
            customer: c.next()?,
            id: c.next()?,
            for_whom: c.next()?,
            reason: c.next()?,
            subject: c.next()?,
            order: c.next()?,
            line: c.next()?,
            attempt: c.next()?,
            step: c.next()?,
            side: c.next()?,
            state: c.next()?,
            version: c.next()?,
            opened_at: c.next()?,
            changed_at: c.next()?,
            solved_at: c.next()?,
            priority: c.next()?,
            owner: c.next()?,
            due_at: c.next()?,
            changed_by: c.next()?,
            changed_how: c.next()?,
            merged_into: c.next()?,
            follows: c.next()?,
            cause: c.next()?,
            cause_id: c.next()?,
        })
    }
}

/// Something written in a case.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// Its id.
    pub id: RawId,
    /// By whom, and for whom.
    pub kind: EntryKind,
    /// Which member of the staff.
    pub staff: Option<RawId>,
    /// The words.
    pub text: String,
    /// When.
    pub at: BusinessTime,
}
impl FromRow for Entry {
    fn from_row(row: &Row<'_>) -> Result<Self> {
        let (id, kind, staff, text, at) = FromRow::from_row(row)?;
        Ok(Entry { id, kind, staff, text, at })
    }
}

/// An entry with the case that it is in.
struct Filed(CaseId, Entry);
impl FromRow for Filed {
    fn from_row(row: &Row<'_>) -> Result<Self> {
        let (case, id, kind, staff, text, at) = FromRow::from_row(row)?;
        Ok(Filed(case, Entry { id, kind, staff, text, at }))
    }
}

/// A file, without its content.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FileInfo {
    /// Its id.
    pub id: RawId,
    /// The entry that it was sent with.
    pub entry: RawId,
    /// What it is called.
    pub name: String,
    /// What it is.
    pub kind: FileKind,
    /// How large it is.
    pub octets: i64,
}
impl FromRow for FileInfo {
    fn from_row(row: &Row<'_>) -> Result<Self> {
        let (id, entry, name, kind, octets) = FromRow::from_row(row)?;
        Ok(FileInfo { id, entry, name, kind, octets })
    }
}

fn columns_of(c: &Case) -> Vec<Value> {
    let (reason, subject, step) = (c.reason.as_str(), c.subject.as_str(), c.step.as_deref());
    args![
        c.customer,
        c.id,
        c.for_whom,
        reason,
        subject,
        c.order,
        c.line,
        c.attempt,
        step,
        c.side,
        c.state,
        c.version,
        c.opened_at,
        c.changed_at,
        c.solved_at,
        c.priority,
        c.owner,
        c.due_at,
        c.changed_by,
        c.changed_how,
        c.merged_into,
        c.follows,
        c.cause.as_deref(),
        c.cause_id,
        number(c.id)
    ]
}

/// Adds a case.
pub fn add(tx: &mut Tx, c: &Case) {
    tx.put(&ADD, columns_of(c));
}
/// Adds a case, unless there is one of its id.
pub fn add_once(tx: &mut Tx, c: &Case) {
    tx.put(&ADD_ONCE, columns_of(c));
}
/// Saves a locked case.
pub fn save(tx: &mut Tx, c: &Case) {
    let args = args![
        c.customer,
        c.id,
        c.for_whom,
        c.state,
        c.version,
        c.changed_at,
        c.solved_at,
        c.priority,
        c.owner,
        c.due_at,
        c.changed_by,
        c.changed_how,
        c.merged_into,
        number(c.id)
    ];
    tx.put(&SAVE, args);
}
/// Moves all that is written in a case, and its files, into another of the same customer; what went into the one before goes
/// along.
pub fn move_into(tx: &mut Tx, customer: CustomerId, from: CaseId, into: CaseId) {
    for sql in [&MOVE_ENTRIES, &MOVE_FILES, &REPOINT] {
        tx.put(sql, args![customer, from, into]);
    }
}
/// Reads a case.
pub async fn get(tx: &mut Tx, customer: CustomerId, id: CaseId) -> Result<Option<Case>> {
    tx.maybe(&GET, args![customer, id]).await
}
/// Locks and reads a case.
pub async fn lock(tx: &mut Tx, customer: CustomerId, id: CaseId) -> Result<Option<Case>> {
    tx.maybe(&LOCK, args![customer, id]).await
}
/// The cases that an owner reads, those that changed last first.
pub async fn of_owner(tx: &mut Tx, customer: CustomerId, limit: i64) -> Result<Vec<Case>> {
    tx.all(&OF_OWNER, args![customer, limit]).await
}
/// The case of a guest about an order.
pub async fn of_guest(tx: &mut Tx, customer: CustomerId, order: OrderId) -> Result<Option<Case>> {
    tx.maybe(&OF_GUEST, args![customer, order]).await
}
/// Other cases of a customer that are not solved, the newest first.
pub async fn others(tx: &mut Tx, customer: CustomerId, id: CaseId, limit: i64) -> Result<Vec<Case>> {
    tx.all(&OTHERS, args![customer, id, limit]).await
}

/// The place of a case in a list: when it is due, or was solved; whose it is; its id.
pub type Place = (BusinessTime, CustomerId, CaseId);

/// By whom cases are looked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Owner {
    /// Whoever.
    #[default]
    Any,
    /// Nobody.
    Nobody,
    /// A member of the staff.
    Member(RawId),
}

/// Which cases that are not solved.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Which {
    /// In one state alone.
    pub state: Option<CaseState>,
    /// Worked on by whom.
    pub owner: Owner,
    /// Of one priority alone.
    pub priority: Option<Priority>,
    /// For one reason alone.
    pub reason: Option<CaseReason>,
}

/// Cases that are not solved, due before an instant, from a place on; those due first at the top. The narrowest of what is
/// asked for leads, by its index; the rest is looked at row by row.
pub async fn queue(tx: &mut Tx, which: Which, after: Place, before: BusinessTime, limit: i64) -> Result<Vec<Case>> {
    let Which { state, owner, priority, reason } = which;
    let (state, priority) = (state.map_or("", CaseState::word), priority.map_or("", Priority::word));
    let reason = reason.map_or("", CaseReason::word);
    let mut args = args![after.0, after.1, after.2, before, state, priority, reason, limit];
    let (sql, lead): (_, Option<Value>) = match owner {
        Owner::Member(id) => (&QUEUE_OF_OWNER, Some(id.into())),
        _ if !reason.is_empty() && owner == Owner::Any => (&QUEUE_OF_REASON, Some(reason.into())),
        Owner::Nobody => (&QUEUE_OF_NOBODY, None),
        Owner::Any if !priority.is_empty() => (&QUEUE_OF_PRIORITY, Some(priority.into())),
        Owner::Any if !state.is_empty() => (&QUEUE_OF_STATE, Some(state.into())),
        Owner::Any => (&QUEUE, None),
    };
    args.extend(lead);
    tx.all(sql, args).await
}
/// Cases that are solved, the newest first, before a place; of a member of the staff, a priority or a reason alone.
pub async fn solved(
    tx: &mut Tx,
    (member, priority, reason): (Option<RawId>, Option<Priority>, Option<CaseReason>),
    before: Place,
    limit: i64,
) -> Result<Vec<Case>> {
    let (priority, reason) = (priority.map_or("", Priority::word), reason.map_or("", CaseReason::word));
    tx.all(&SOLVED, args![before.0, before.1, before.2, member, priority, reason, limit]).await
}
/// How many cases that are not solved a member of the staff has, of at most so many.
pub async fn count_of_owner(tx: &mut Tx, owner: RawId, max: i64) -> Result<i64> {
    Ok(tx.one::<(i64,)>("support_case", &COUNT_OF_OWNER, args![owner, max]).await?.0)
}
/// How many nobody has.
pub async fn count_of_nobody(tx: &mut Tx, max: i64) -> Result<i64> {
    Ok(tx.one::<(i64,)>("support_case", &COUNT_OF_NOBODY, args![max]).await?.0)
}
/// How many were due before an instant.
pub async fn count_over(tx: &mut Tx, now: BusinessTime, max: i64) -> Result<i64> {
    Ok(tx.one::<(i64,)>("support_case", &COUNT_OVER, args![now, max]).await?.0)
}
/// How many were opened for a reason.
pub async fn count_of_reason(tx: &mut Tx, reason: CaseReason, max: i64) -> Result<i64> {
    Ok(tx.one::<(i64,)>("support_case", &COUNT_OF_REASON, args![reason.word(), max]).await?.0)
}
/// The case that a job or an item opened.
pub async fn of_cause(tx: &mut Tx, cause: RawId) -> Result<Option<(CustomerId, CaseId)>> {
    tx.maybe(&OF_CAUSE, args![cause]).await
}
/// The cases of a number that people read to each other.
#[must_use]
pub fn of_number(number: i64, limit: i64) -> Query<(CustomerId, CaseId)> {
    Query::new(&OF_NUMBER, args![number, limit])
}
/// How many cases an owner opened that are not solved.
pub async fn open_count(tx: &mut Tx, customer: CustomerId) -> Result<i64> {
    Ok(tx.one::<(i64,)>("support_case", &OPEN_COUNT, args![customer]).await?.0)
}
/// Writes an entry.
pub fn add_entry(tx: &mut Tx, customer: CustomerId, case: CaseId, e: &Entry) {
    tx.put(&ENTRY_ADD, args![e.id, customer, case, e.kind, e.staff, e.text.as_str(), e.at]);
}
/// An entry, with its case.
pub async fn entry(tx: &mut Tx, customer: CustomerId, id: RawId) -> Result<Option<(CaseId, Entry)>> {
    tx.maybe::<Filed>(&ENTRY, args![customer, id]).await.map(|found| found.map(|Filed(case, entry)| (case, entry)))
}
/// The entries of a case, oldest first.
pub async fn entries(tx: &mut Tx, customer: CustomerId, case: CaseId) -> Result<Vec<Entry>> {
    let mut entries: Vec<Entry> = tx.all(&ENTRIES, args![customer, case]).await?;
    // An id is as old as the page from which its entry was sent.
    entries.sort_by_key(|entry| (entry.at, entry.id));
    Ok(entries)
}
/// Adds a file.
pub fn add_file(
    tx: &mut Tx,
    (customer, case): (CustomerId, CaseId),
    info: &FileInfo,
    content: Vec<u8>,
    at: BusinessTime,
) {
    let FileInfo { id, entry, name, kind, octets } = info;
    tx.put(&FILE_ADD, args![*id, customer, case, *entry, name.as_str(), *kind, *octets, content, at]);
}
/// The files of a case.
pub async fn files(tx: &mut Tx, customer: CustomerId, case: CaseId) -> Result<Vec<FileInfo>> {
    tx.all(&FILES, args![customer, case]).await
}
/// A file of a case: name, kind, content.
pub async fn file(
    tx: &mut Tx,
    customer: CustomerId,
    case: CaseId,
    id: RawId,
) -> Result<Option<(String, FileKind, Vec<u8>)>> {
    tx.maybe(&FILE, args![customer, case, id]).await
}
/// How many octets a customer's files have together.
pub async fn file_octets(tx: &mut Tx, customer: CustomerId) -> Result<i64> {
    Ok(tx.one::<(i64,)>("case_attachment", &FILE_OCTETS, args![customer]).await?.0)
}
