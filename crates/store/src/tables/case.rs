//! Cases that are written in, their entries and their files.

use super::columns::Columns;
use crate::{FromRow, Result, Row, Tx, args};
use everline_core::attachment::FileKind;
use everline_core::ids::{AttemptId, CaseId, CustomerId, LineId, OrderId, RawId};
use everline_core::support::{CaseFor, CaseState, EntryKind, Side};
use everline_core::time::BusinessTime;

macro_rules! columns {
    () => {
        "c.customer_id, c.id, c.for_whom, c.reason, c.subject, c.order_id, c.line_id, c.attempt_id, c.step, c.side, c.state, c.version, \
         c.opened_at, c.changed_at, c.solved_at"
    };
}

crate::queries! { ALL;
    ADD = "INSERT INTO support_case (customer_id, id, for_whom, reason, subject, order_id, line_id, attempt_id, step, side, state, version, \
        opened_at, changed_at, solved_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15)";
    SAVE = "UPDATE support_case SET for_whom = $3, state = $4, version = $5, changed_at = $6, solved_at = $7 WHERE customer_id = $1 AND id = $2";
    GET = concat!("SELECT ", columns!(), " FROM support_case c WHERE c.customer_id = $1 AND c.id = $2");
    LOCK = concat!("SELECT ", columns!(), " FROM support_case c WHERE c.customer_id = $1 AND c.id = $2 FOR UPDATE");
    OF_OWNER = concat!("SELECT ", columns!(), " FROM support_case c WHERE c.customer_id = $1 AND c.for_whom = 'owner' \
        ORDER BY c.changed_at DESC, c.id DESC LIMIT $2");
    OF_GUEST = concat!("SELECT ", columns!(), " FROM support_case c WHERE c.customer_id = $1 AND c.order_id = $2 AND c.for_whom = 'guest' LIMIT 1");
    QUEUE = concat!("SELECT ", columns!(), " FROM support_case c WHERE c.state = $1 ORDER BY c.changed_at LIMIT $2");
    OPEN_COUNT = "SELECT COUNT(*) FROM support_case WHERE customer_id = $1 AND for_whom = 'owner' AND reason = 'asked' AND state <> 'solved'";
    ENTRY_ADD = "INSERT INTO case_entry (id, customer_id, case_id, kind, staff_id, text, at) VALUES ($1, $2, $3, $4, $5, $6, $7)";
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

/// Adds a case.
pub fn add(tx: &mut Tx, c: &Case) {
    let (reason, subject, step) = (c.reason.as_str(), c.subject.as_str(), c.step.as_deref());
    tx.put(
        &ADD,
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
            c.solved_at
        ],
    );
}
/// Saves a locked case.
pub fn save(tx: &mut Tx, c: &Case) {
    tx.put(&SAVE, args![c.customer, c.id, c.for_whom, c.state, c.version, c.changed_at, c.solved_at]);
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
/// The cases in a state, those that waited longest first.
pub async fn queue(tx: &mut Tx, state: CaseState, limit: i64) -> Result<Vec<Case>> {
    tx.all(&QUEUE, args![state, limit]).await
}
/// How many cases an owner opened that are not solved.
pub async fn open_count(tx: &mut Tx, customer: CustomerId) -> Result<i64> {
    Ok(tx.one::<(i64,)>("support_case", &OPEN_COUNT, args![customer]).await?.0)
}
/// Writes an entry.
pub fn add_entry(tx: &mut Tx, customer: CustomerId, case: CaseId, e: &Entry) {
    tx.put(&ENTRY_ADD, args![e.id, customer, case, e.kind, e.staff, e.text.as_str(), e.at]);
}
/// The entries of a case, oldest first.
pub async fn entries(tx: &mut Tx, customer: CustomerId, case: CaseId) -> Result<Vec<Entry>> {
    tx.all(&ENTRIES, args![customer, case]).await
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
