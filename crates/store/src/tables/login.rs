//! One-time codes and signed-in browsers. Only hashes are stored.

use crate::{FromRow, Result, Row, Tx, args};
use everline_core::ids::RawId;
use everline_core::time::SystemTime;

crate::queries! { ALL;
    CODE_ADD = "INSERT INTO login_code (id, contact, code_hash, tries, used, created_at, expires_at) VALUES ($1, $2, $3, 0, 0, $4, $5)";
    CODE_LOCK = "SELECT contact, code_hash, tries, used, expires_at FROM login_code WHERE id = $1 FOR UPDATE";
    CODE_TRIED = "UPDATE login_code SET tries = tries + 1, used = $2 WHERE id = $1";
    CODES_SINCE = "SELECT COUNT(*) FROM login_code WHERE contact = $1 AND created_at > $2";
    SESSION_ADD = "INSERT INTO login_session (token_hash, principal, principal_id, csrf, created_at, expires_at) VALUES ($1, $2, $3, $4, $5, $6)";
    SESSION_GET = "SELECT principal, principal_id, csrf, expires_at FROM login_session WHERE token_hash = $1";
    SESSIONS_REMOVE = "DELETE FROM login_session WHERE principal = $1 AND principal_id = $2";
    SESSION_REMOVE = "DELETE FROM login_session WHERE token_hash = $1";
}

/// A one-time code as stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Code {
    /// Whom it proves.
    pub contact: String,
    /// Keyed hash of the digits.
    pub code_hash: Vec<u8>,
    /// How often it was tried.
    pub tries: i64,
    /// Whether it was used.
    pub used: bool,
    /// When it stops to work.
    pub expires_at: SystemTime,
}
impl FromRow for Code {
    fn from_row(row: &Row<'_>) -> Result<Self> {
        let (contact, code_hash, tries, used, expires_at) = FromRow::from_row(row)?;
        Ok(Code { contact, code_hash, tries, used, expires_at })
    }
}

/// A signed-in browser as stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LoginSession {
    /// `customer` or `staff`.
    pub principal: String,
    /// Which one.
    pub id: RawId,
    /// The secret that unsafe requests repeat.
    pub csrf: Vec<u8>,
    /// When it ends.
    pub expires_at: SystemTime,
}
impl FromRow for LoginSession {
    fn from_row(row: &Row<'_>) -> Result<Self> {
        let (principal, id, csrf, expires_at) = FromRow::from_row(row)?;
        Ok(LoginSession { principal, id, csrf, expires_at })
    }
}

/// Adds a code.
pub fn add_code(tx: &mut Tx, id: RawId, code: &Code, created_at: SystemTime) {
    tx.put(&CODE_ADD, args![id, code.contact.as_str(), code.code_hash.clone(), created_at, code.expires_at]);
}
/// Locks and reads a code.
pub async fn lock_code(tx: &mut Tx, id: RawId) -> Result<Option<Code>> {
    tx.maybe(&CODE_LOCK, args![id]).await
}
/// Counts a try, and whether it was the right one.
pub fn tried(tx: &mut Tx, id: RawId, used: bool) {
    tx.put(&CODE_TRIED, args![id, i64::from(used)]);
}
/// How many codes were sent to a contact since an instant.
pub async fn codes_since(tx: &mut Tx, contact: &str, since: SystemTime) -> Result<i64> {
    Ok(tx.one::<(i64,)>("code count", &CODES_SINCE, args![contact, since]).await?.0)
}
/// Adds a signed-in browser.
pub fn add_session(tx: &mut Tx, token_hash: &[u8], session: &LoginSession, created_at: SystemTime) {
    let principal = session.principal.as_str();
    tx.put(
        &SESSION_ADD,
        args![token_hash.to_vec(), principal, session.id, session.csrf.clone(), created_at, session.expires_at],
    );
}
/// A signed-in browser by the hash of its token.
pub async fn session(tx: &mut Tx, token_hash: &[u8]) -> Result<Option<LoginSession>> {
    tx.maybe(&SESSION_GET, args![token_hash.to_vec()]).await
}
/// Signs a browser out.
pub fn remove_session(tx: &mut Tx, token_hash: &[u8]) {
    tx.put(&SESSION_REMOVE, args![token_hash.to_vec()]);
}
/// Signs somebody out everywhere. Reads all sessions: for the rare cases.
pub fn remove_sessions(tx: &mut Tx, principal: &str, id: RawId) {
    tx.put(&SESSIONS_REMOVE, args![principal, id]);
}
