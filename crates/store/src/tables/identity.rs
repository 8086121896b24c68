//! Who customers are, corrections of it, and what they agreed to.

use super::columns::Columns;
use crate::{FromRow, Query, Result, Row, Tx, args};
use everline_core::customer::Identity;
use everline_core::identity::{ConsentKind, CorrectionState, Field};
use everline_core::ids::{CustomerId, LineId, RawId};
use everline_core::time::{BusinessTime, SystemTime};

macro_rules! correction_columns {
    () => {
        "customer_id, id, field, document_kind, sealed, document_hash, reason, state, asked_at"
    };
}

crate::queries! { ALL;
    GET = "SELECT document_kind, sealed, document_hash, said_at, settled_by FROM identity WHERE customer_id = $1";
    SAVE = "INSERT INTO identity (customer_id, document_kind, sealed, document_hash, said_at, settled_at, settled_by) \
        VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT (customer_id) DO UPDATE SET document_kind = $2, sealed = $3, document_hash = $4, \
        said_at = $5, settled_at = $6, settled_by = $7";
    SETTLE = "UPDATE identity SET settled_at = $2, settled_by = $3 WHERE customer_id = $1";
    SET_STATE = "UPDATE customer SET identity = $2 WHERE customer_id = $1";
    SET_NAME = "UPDATE customer SET name = $2 WHERE customer_id = $1";
    QUEUE = "SELECT i.customer_id FROM identity i JOIN customer c ON c.customer_id = i.customer_id \
        WHERE i.settled_at IS NULL AND c.identity = 'format_checked' AND i.customer_id > $1 ORDER BY i.customer_id LIMIT $2";
    OF_DOCUMENT = "SELECT customer_id FROM identity WHERE document_hash = $1 ORDER BY customer_id LIMIT $2";
    LINES_OF = "SELECT id FROM line WHERE customer_id = $1 AND state NOT IN ('handed_over', 'terminated', 'quarantined', 'closed') ORDER BY id LIMIT $2";
    CORRECTION_ADD = "INSERT INTO identity_correction (customer_id, id, field, document_kind, sealed, document_hash, reason, state, asked_at) \
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)";
    CORRECTION_GET = concat!("SELECT ", correction_columns!(), " FROM identity_correction WHERE customer_id = $1 AND id = $2");
    CORRECTION_OPEN = concat!("SELECT ", correction_columns!(), " FROM identity_correction WHERE customer_id = $1 AND state IN ('checking', 'waiting')");
    CORRECTION_LAST = concat!("SELECT ", correction_columns!(), ", settled_at, note FROM identity_correction WHERE customer_id = $1 ORDER BY id DESC LIMIT 1");
    CORRECTION_SETTLE = "UPDATE identity_correction SET state = $3, settled_at = $4, settled_by = $5, note = $6 WHERE customer_id = $1 AND id = $2";
    CORRECTIONS = concat!("SELECT ", correction_columns!(), " FROM identity_correction WHERE state = 'waiting' ORDER BY asked_at LIMIT $1");
    CONSENT_ADD = "INSERT INTO consent (id, customer_id, kind, version, given, at) VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT (id, customer_id) DO NOTHING";
}

/// What a customer said, as stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stored {
    /// The document's kind.
    pub kind: String,
    /// Name, number and birthday, sealed.
    pub sealed: Vec<u8>,
    /// The keyed hash of kind and number.
    pub hash: [u8; 16],
    /// When it was said.
    pub said_at: SystemTime,
    /// Who proved or refused it.
    pub settled_by: Option<String>,
}
impl FromRow for Stored {
    fn from_row(row: &Row<'_>) -> Result<Self> {
        let (kind, sealed, hash, said_at, settled_by) = FromRow::from_row(row)?;
        Ok(Stored { kind, sealed, hash, said_at, settled_by })
    }
}

/// A correction, as stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Correction {
    /// Whose.
    pub customer: CustomerId,
    /// Its id.
    pub id: RawId,
    /// What it corrects.
    pub field: Field,
    /// The kind of document it names.
    pub kind: String,
    /// All of it as it is to be, sealed.
    pub sealed: Vec<u8>,
    /// The keyed hash of kind and number.
    pub hash: [u8; 16],
    /// Why, in the customer's words.
    pub reason: Option<String>,
    /// Where it is.
    pub state: CorrectionState,
    /// When it was asked for.
    pub asked_at: SystemTime,
}
fn correction(c: &mut Columns<'_, '_>) -> Result<Correction> {
    let (customer, id, field, kind, sealed) = (c.next()?, c.next()?, c.next()?, c.next()?, c.next()?);
    let (hash, reason, state, asked_at) = (c.next()?, c.next()?, c.next()?, c.next()?);
    Ok(Correction { customer, id, field, kind, sealed, hash, reason, state, asked_at })
}
impl FromRow for Correction {
    fn from_row(row: &Row<'_>) -> Result<Self> {
        correction(&mut Columns::new(row))
    }
}
/// A correction, when it was settled, and what staff said to it.
struct Last(Correction, Option<SystemTime>, Option<String>);
impl FromRow for Last {
    fn from_row(row: &Row<'_>) -> Result<Self> {
        let mut c = Columns::new(row);
        Ok(Last(correction(&mut c)?, c.next()?, c.next()?))
    }
}

/// What a customer said last.
pub async fn get(tx: &mut Tx, customer: CustomerId) -> Result<Option<Stored>> {
    tx.maybe(&GET, args![customer]).await
}
/// What a customer says, and who proved it if somebody did.
pub fn save(tx: &mut Tx, customer: CustomerId, said: &Stored, settled_at: Option<SystemTime>) {
    let Stored { kind, sealed, hash, said_at, settled_by } = said.clone();
    tx.put(&SAVE, args![customer, kind, sealed, hash, said_at, settled_at, settled_by]);
}
/// Somebody proved or refused it.
pub fn settle(tx: &mut Tx, customer: CustomerId, at: SystemTime, by: &str) {
    tx.put(&SETTLE, args![customer, at, by]);
}
/// How far a customer's identity is proved.
pub fn set_state(tx: &mut Tx, customer: CustomerId, state: Identity) {
    tx.put(&SET_STATE, args![customer, state]);
}
/// What a customer is called.
pub fn set_name(tx: &mut Tx, customer: CustomerId, name: &str) {
    tx.put(&SET_NAME, args![customer, name]);
}
/// Customers after one whose documents nobody could prove yet.
pub async fn queue(tx: &mut Tx, after: CustomerId, limit: i64) -> Result<Vec<CustomerId>> {
    Ok(tx.all::<(CustomerId,)>(&QUEUE, args![after, limit]).await?.into_iter().map(|row| row.0).collect())
}
/// The customers with a document.
#[must_use]
pub fn of_document(hash: [u8; 16], limit: i64) -> Query<CustomerId> {
    Query::<(CustomerId,)>::new(&OF_DOCUMENT, args![hash, limit]).map(|row| row.0)
}
/// How many lines of a customer are not over, up to a limit.
pub async fn lines_of(tx: &mut Tx, customer: CustomerId, limit: i64) -> Result<usize> {
    Ok(tx.all::<(LineId,)>(&LINES_OF, args![customer, limit]).await?.len())
}
/// Adds a correction.
pub fn add_correction(tx: &mut Tx, correction: &Correction) {
    let Correction { customer, id, field, kind, sealed, hash, reason, state, asked_at } = correction.clone();
    tx.put(&CORRECTION_ADD, args![customer, id, field, kind, sealed, hash, reason, state, asked_at]);
}
/// A correction.
pub async fn get_correction(tx: &mut Tx, customer: CustomerId, id: RawId) -> Result<Option<Correction>> {
    tx.maybe(&CORRECTION_GET, args![customer, id]).await
}
/// The open correction of a customer.
pub async fn open_correction(tx: &mut Tx, customer: CustomerId) -> Result<Option<Correction>> {
    tx.maybe(&CORRECTION_OPEN, args![customer]).await
}
/// The newest correction of a customer, when it was settled, and what staff said.
pub async fn last_correction(
    tx: &mut Tx,
    customer: CustomerId,
) -> Result<Option<(Correction, Option<SystemTime>, Option<String>)>> {
    Ok(tx.maybe::<Last>(&CORRECTION_LAST, args![customer]).await?.map(|last| (last.0, last.1, last.2)))
}
/// A correction came into another state; when it ended, by whom and with which words.
pub fn settle_correction(
    tx: &mut Tx,
    (customer, id): (CustomerId, RawId),
    state: CorrectionState,
    at: Option<SystemTime>,
    by: Option<(&str, Option<&str>)>,
) {
    let (name, note) = (by.map(|by| by.0), by.and_then(|by| by.1));
    tx.put(&CORRECTION_SETTLE, args![customer, id, state, at, name, note]);
}
/// Corrections that wait for people, oldest first.
pub async fn corrections(tx: &mut Tx, limit: i64) -> Result<Vec<Correction>> {
    tx.all(&CORRECTIONS, args![limit]).await
}
/// A customer agrees to something, or takes it back.
pub fn add_consent(
    tx: &mut Tx,
    (customer, id): (CustomerId, RawId),
    (kind, version): (ConsentKind, &str),
    given: bool,
    at: BusinessTime,
) {
    tx.put(&CONSENT_ADD, args![id, customer, kind, version, i64::from(given), at]);
}
