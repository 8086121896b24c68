//! What imports and exports keep and read beside the Sims: batches, activation codes, owners by the operator's key, and
//! lines as they move in and out.

use super::columns::Columns;
use super::sim::{by_index, json};
use super::{allowance, directory, line};
use crate::{Cell, Column, Engine, FromRow, Result, Row, Sql, Tx, Value, args};
use everline_core::charging::Allowance;
use everline_core::customer::CustomerKind;
use everline_core::ids::{CustomerId, RawId};
use everline_core::line::Line;
use everline_core::time::BusinessTime;

macro_rules! record {
    () => {
        concat!("SELECT s.iccid, s.imsi, s.line_batch, b.named, c.owner_key, c.kind, c.name, c.contact, c.language, w.body, ", line::columns!(),
            " FROM sim s JOIN line l ON l.customer_id = s.customer_id AND l.id = s.line_id \
            JOIN customer c ON c.customer_id = l.customer_id JOIN allowance w ON w.customer_id = l.customer_id AND w.id = l.id \
            LEFT JOIN import_batch b ON b.kind = 'lines' AND b.name = s.line_batch ")
    };
}

crate::queries! { ALL;
    BATCH = "SELECT state, loaded FROM import_batch WHERE kind = $1 AND name = $2";
    BATCH_BEGIN = "INSERT INTO import_batch (kind, name, named, state, loaded, began_at, completed_at) VALUES ($1, $2, $3, 'loading', 0, $4, NULL) \
        ON CONFLICT (kind, name) DO NOTHING";
    BATCH_TURN = "UPDATE import_batch SET state = $4, loaded = $5, completed_at = $6 WHERE kind = $1 AND name = $2 AND state = $3";
    BATCH_DROP = "DELETE FROM import_batch WHERE kind = $1 AND name = $2 AND state = 'loading'";

    CODE = "SELECT a.iccid, a.batch, b.state, a.code_hash, a.source_hash FROM activation_code a \
        LEFT JOIN import_batch b ON b.kind = 'activation_codes' AND b.name = a.batch WHERE a.iccid = $1";
    CODE_BY_HASH = "SELECT a.iccid, a.batch, b.state, a.code_hash, a.source_hash FROM activation_code a \
        LEFT JOIN import_batch b ON b.kind = 'activation_codes' AND b.name = a.batch WHERE a.code_hash = $1";
    CODE_SEALED = "SELECT a.code FROM activation_code a JOIN import_batch b ON b.kind = 'activation_codes' AND b.name = a.batch \
        WHERE a.iccid = $1 AND b.state = 'complete'";
    CODE_ADD = "INSERT INTO activation_code (iccid, batch, code, code_hash, source_hash) VALUES ($1, $2, $3, $4, $5) ON CONFLICT DO NOTHING";
    CODE_PAGE = "SELECT a.iccid, a.code, a.batch, b.named FROM activation_code a \
        JOIN import_batch b ON b.kind = 'activation_codes' AND b.name = a.batch \
        WHERE a.iccid > $1 AND b.state = 'complete' ORDER BY a.iccid LIMIT $2";
    CODE_PAGE_END = "SELECT MAX(p.iccid) FROM (SELECT iccid FROM activation_code WHERE iccid > $1 ORDER BY iccid LIMIT $2) p";
    CODE_DROP = "DELETE FROM activation_code WHERE iccid > $1 AND iccid <= $2 AND batch = $3";

    SET_OWNER_KEY = "UPDATE customer SET owner_key = $2 WHERE customer_id = $1";
    RECORD = concat!(record!(), "WHERE s.iccid = $1");
    RECORDS = concat!(record!(), "WHERE s.iccid > $1 AND s.state = 'in_use' AND s.role = 'primary' \
        AND l.state NOT IN ('stock', 'reserved', 'terminated', 'handed_over', 'quarantined', 'closed') ORDER BY s.iccid LIMIT $2");
}

/// Many names at once need an array, which each engine has its own way for.
static CODES_POSTGRES: Sql = Sql::new(
    "SELECT a.iccid, a.batch, b.state, a.code_hash, a.source_hash FROM activation_code a \
     LEFT JOIN import_batch b ON b.kind = 'activation_codes' AND b.name = a.batch WHERE a.iccid = ANY($1) \
     UNION ALL SELECT a.iccid, a.batch, b.state, a.code_hash, a.source_hash FROM activation_code a \
     LEFT JOIN import_batch b ON b.kind = 'activation_codes' AND b.name = a.batch WHERE a.code_hash = ANY($2)",
);
static CODES_ADD_POSTGRES: Sql = Sql::new(
    "INSERT INTO activation_code (iccid, batch, code, code_hash, source_hash) \
     SELECT t.a, t.b, t.c, t.d, t.e FROM unnest($1::TEXT[], $2::TEXT[], $3::BYTEA[], $4::BYTEA[], $5::BYTEA[]) AS t(a, b, c, d, e) ON CONFLICT DO NOTHING",
);
static NAMES_SQLITE: Sql = Sql::new(
    "SELECT d.name, d.customer_id, d.subject_id FROM json_each($2) j CROSS JOIN directory d ON d.kind = $1 AND d.name = j.value",
);
static NAMES_POSTGRES: Sql =
    Sql::new("SELECT d.name, d.customer_id, d.subject_id FROM directory d WHERE d.kind = $1 AND d.name = ANY($2)");
static OWNERS_SQLITE: Sql = Sql::new(
    "SELECT d.name, d.customer_id, c.kind, c.name, c.contact FROM json_each($1) j CROSS JOIN directory d ON d.kind = 'owner' AND d.name = j.value \
     JOIN customer c ON c.customer_id = d.customer_id",
);
static OWNERS_POSTGRES: Sql = Sql::new(
    "SELECT d.name, d.customer_id, c.kind, c.name, c.contact FROM directory d JOIN customer c ON c.customer_id = d.customer_id \
     WHERE d.kind = 'owner' AND d.name = ANY($1)",
);

macro_rules! words {
    ($($(#[$doc:meta])* $type:ident { $($(#[$of:meta])* $variant:ident = $word:literal),+ $(,)? })+) => {$(
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub enum $type { $($(#[$of])* $variant),+ }
        impl $type {
            /// The stable word for it.
            #[must_use]
            pub const fn word(self) -> &'static str {
                match self { $($type::$variant => $word),+ }
            }
            /// What a stored word means.
            #[must_use]
            pub fn from_word(word: &str) -> Option<Self> {
                match word { $($word => Some($type::$variant),)+ _ => None }
            }
        }
        impl Column for $type {
            fn column(cell: Cell<'_>) -> Option<Self> {
                match cell { $(Cell::Text($word) => Some($type::$variant),)+ _ => None }
            }
        }
        impl From<$type> for Value {
            fn from(value: $type) -> Value {
                Value::from(value.word())
            }
        }
    )+};
}
words! {
    /// What a batch holds.
    BatchKind {
        /// Sims.
        Sims = "sims",
        /// Activation codes.
        ActivationCodes = "activation_codes",
        /// Lines of a business that moves in.
        Lines = "lines",
    }
    /// How far a batch is.
    BatchState {
        /// Its rows are being written; nothing of it can be used, and all of it can be taken back.
        Loading = "loading",
        /// Every row has its place; what it stands for is being made. Nothing is taken back any more.
        Applying = "applying",
        /// All of it is there.
        Complete = "complete",
    }
}

/// How far a batch is, and how many rows it has.
pub async fn batch(tx: &mut Tx, kind: BatchKind, name: &str) -> Result<Option<(BatchState, i64)>> {
    tx.maybe(&BATCH, args![kind, name]).await
}
/// Begins a batch unless it has begun. `named` tells a name that the operator gave from one made of the file's.
pub fn begin_batch(tx: &mut Tx, kind: BatchKind, name: &str, named: bool, at: BusinessTime) {
    tx.put(&BATCH_BEGIN, args![kind, name, named, at]);
}
/// Takes a batch on. False if it is not where it was thought to be.
pub async fn turn_batch(
    tx: &mut Tx,
    (kind, name): (BatchKind, &str),
    (from, to): (BatchState, BatchState),
    loaded: i64,
    at: BusinessTime,
) -> Result<bool> {
    let completed = (to == BatchState::Complete).then_some(at);
    tx.exec_one(&BATCH_TURN, args![kind, name, from, to, loaded, completed]).await
}
/// Forgets a batch whose rows are taken back.
pub fn drop_batch(tx: &mut Tx, kind: BatchKind, name: &str) {
    tx.put(&BATCH_DROP, args![kind, name]);
}

/// An activation code as an import meets it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HeldCode {
    /// Its profile.
    pub iccid: String,
    /// The batch that brought it, and whether that is complete.
    pub batch: (String, bool),
    /// Keyed hash of the code.
    pub code_hash: [u8; 16],
    /// Keyed hash of the row that brought it.
    pub source_hash: [u8; 16],
}
impl FromRow for HeldCode {
    fn from_row(row: &Row<'_>) -> Result<Self> {
        let mut c = Columns::new(row);
        let (iccid, batch, state): (_, _, Option<String>) = (c.next()?, c.next()?, c.next()?);
        let complete = state.as_deref() == Some("complete");
        Ok(HeldCode { iccid, batch: (batch, complete), code_hash: c.next()?, source_hash: c.next()? })
    }
}
/// An activation code to be kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewCode {
    /// Its profile.
    pub iccid: String,
    /// The batch that brings it.
    pub batch: String,
    /// The code, sealed.
    pub sealed: Vec<u8>,
    /// Keyed hash of the code.
    pub code_hash: [u8; 16],
    /// Keyed hash of the row.
    pub source_hash: [u8; 16],
}

/// Every activation code of one of these profiles or with one of these hashes; one that is found by both comes twice.
pub async fn find_codes(tx: &mut Tx, iccids: Vec<String>, hashes: Vec<[u8; 16]>) -> Result<Vec<HeldCode>> {
    if tx.engine() == Engine::Postgres {
        by_index(tx).await?;
        return tx.all(&CODES_POSTGRES, args![iccids, hashes]).await;
    }
    let mut found = Vec::new();
    for iccid in iccids {
        found.extend(tx.all(&CODE, args![iccid]).await?);
    }
    for hash in hashes {
        found.extend(tx.all(&CODE_BY_HASH, args![hash]).await?);
    }
    Ok(found)
}
/// Adds activation codes; those whose profile or code is taken are left out. How many were added.
pub async fn add_codes(tx: &mut Tx, codes: &[NewCode]) -> Result<u64> {
    if tx.engine() == Engine::Postgres {
        let texts = |of: fn(&NewCode) -> &str| Value::Texts(codes.iter().map(|code| of(code).to_owned()).collect());
        let blobs = |of: fn(&NewCode) -> &[u8]| Value::Blobs(codes.iter().map(|code| of(code).to_vec()).collect());
        let args = vec![
            texts(|c| &c.iccid),
            texts(|c| &c.batch),
            blobs(|c| &c.sealed),
            blobs(|c| &c.code_hash),
            blobs(|c| &c.source_hash),
        ];
        return tx.exec(&CODES_ADD_POSTGRES, args).await;
    }
    let mut added = 0;
    for c in codes {
        let args = args![c.iccid.as_str(), c.batch.as_str(), c.sealed.clone(), c.code_hash, c.source_hash];
        added += tx.exec(&CODE_ADD, args).await?;
    }
    Ok(added)
}
/// The sealed activation code of a profile, of a complete batch.
pub async fn sealed_code(tx: &mut Tx, iccid: &str) -> Result<Option<Vec<u8>>> {
    Ok(tx.maybe::<(Vec<u8>,)>(&CODE_SEALED, args![iccid]).await?.map(|row| row.0))
}
/// An activation code as it leaves: profile, sealed code, batch, and whether the operator named that.
pub type CodeOut = (String, Vec<u8>, String, bool);
/// The next activation codes after a profile, of complete batches.
pub async fn code_page(tx: &mut Tx, after: &str, limit: i64) -> Result<Vec<CodeOut>> {
    tx.all(&CODE_PAGE, args![after, limit]).await
}
/// The last of the next so many profiles with a code: bounds a step of [`undo_codes`].
pub async fn code_page_end(tx: &mut Tx, after: &str, limit: i64) -> Result<Option<String>> {
    Ok(tx.one::<(Option<String>,)>("page", &CODE_PAGE_END, args![after, limit]).await?.0)
}
/// Removes what a batch brought, between two profiles.
pub fn undo_codes(tx: &mut Tx, (after, to): (&str, &str), batch: &str) {
    tx.put(&CODE_DROP, args![after, to, batch]);
}

/// Where names of a kind lead: name, customer, subject. Names that lead nowhere are left out.
pub async fn names(tx: &mut Tx, kind: directory::Name, names: Vec<String>) -> Result<Vec<(String, CustomerId, RawId)>> {
    match tx.engine() {
        Engine::Sqlite => tx.all(&NAMES_SQLITE, args![kind, json(&names)]).await,
        Engine::Postgres => {
            by_index(tx).await?;
            tx.all(&NAMES_POSTGRES, args![kind, names]).await
        }
    }
}
/// An owner who is here: the operator's key, customer, kind, name, contact.
pub type Owner = (String, CustomerId, CustomerKind, String, Option<String>);
/// The owners with one of these keys.
pub async fn owners(tx: &mut Tx, keys: Vec<String>) -> Result<Vec<Owner>> {
    match tx.engine() {
        Engine::Sqlite => tx.all(&OWNERS_SQLITE, args![json(&keys)]).await,
        Engine::Postgres => {
            by_index(tx).await?;
            tx.all(&OWNERS_POSTGRES, args![keys]).await
        }
    }
}
/// Gives a new customer the operator's key.
pub fn set_owner_key(tx: &mut Tx, customer: CustomerId, key: &str) {
    tx.put(&SET_OWNER_KEY, args![customer, key]);
    directory::add(tx, directory::Name::Owner, key, customer, customer.0);
}

/// A line with its Sim and its owner, as it moves in and out.
#[derive(Debug, Clone, PartialEq)]
pub struct Record {
    /// The primary Sim's number.
    pub iccid: String,
    /// Its subscriber identity.
    pub imsi: String,
    /// The batch it came with, and whether the operator named that.
    pub batch: Option<(String, bool)>,
    /// The operator's key for the owner.
    pub owner_key: Option<String>,
    /// What the owner is.
    pub owner_kind: CustomerKind,
    /// The owner's name.
    pub owner_name: String,
    /// The owner's login number.
    pub owner_contact: Option<String>,
    /// The owner's language.
    pub language: String,
    /// What the line may use.
    pub allowance: Allowance,
    /// The line.
    pub line: Line,
}
impl FromRow for Record {
    fn from_row(row: &Row<'_>) -> Result<Self> {
        let mut c = Columns::new(row);
        let (iccid, imsi) = (c.next()?, c.next()?);
        let (batch, named): (Option<String>, Option<bool>) = (c.next()?, c.next()?);
        Ok(Record {
            iccid,
            imsi,
            batch: batch.map(|name| (name, named == Some(true))),
            owner_key: c.next()?,
            owner_kind: c.next()?,
            owner_name: c.next()?,
            owner_contact: c.next()?,
            language: c.next()?,
            allowance: allowance::decode(&c.next::<Vec<u8>>()?)?,
            line: line::line(&mut c)?,
        })
    }
}
/// The line that a Sim serves.
pub async fn record(tx: &mut Tx, iccid: &str) -> Result<Option<Record>> {
    tx.maybe(&RECORD, args![iccid]).await
}
/// The next lines after a Sim, but for those that are over.
pub async fn records(tx: &mut Tx, after: &str, limit: i64) -> Result<Vec<Record>> {
    tx.all(&RECORDS, args![after, limit]).await
}
