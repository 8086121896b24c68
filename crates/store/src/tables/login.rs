//! One-time codes, signed-in browsers, and steps of signing in. Only hashes are stored.

use super::columns::Columns;
use crate::{FromRow, Result, Row, Tx, args};
use everline_core::account::Proof;
use everline_core::ids::RawId;
use everline_core::time::SystemTime;

crate::queries! { ALL;
    CODE_ADD = "INSERT INTO login_code (id, contact, code_hash, tries, used, created_at, expires_at) VALUES ($1, $2, $3, 0, 0, $4, $5)";
    CODE_LOCK = "SELECT contact, code_hash, tries, used, expires_at FROM login_code WHERE id = $1 FOR UPDATE";
    CODE_TRIED = "UPDATE login_code SET tries = tries + 1, used = $2 WHERE id = $1";
    CODES_SINCE = "SELECT COUNT(*) FROM login_code WHERE contact = $1 AND created_at > $2";
    SESSION_ADD = "INSERT INTO login_session (token_hash, principal, principal_id, csrf, created_at, expires_at, device, proved_by, proved_at) \
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)";
    SESSION_GET = "SELECT token_hash, principal, principal_id, csrf, created_at, expires_at, device, proved_by, proved_at FROM login_session WHERE token_hash = $1";
    SESSION_LOCK = "SELECT token_hash, principal, principal_id, csrf, created_at, expires_at, device, proved_by, proved_at FROM login_session \
        WHERE token_hash = $1 FOR UPDATE";
    SESSIONS_OF = "SELECT token_hash, principal, principal_id, csrf, created_at, expires_at, device, proved_by, proved_at FROM login_session \
        WHERE principal = $1 AND principal_id = $2 AND expires_at > $3 ORDER BY created_at DESC, token_hash";
    SESSIONS_REMOVE = "DELETE FROM login_session WHERE principal = $1 AND principal_id = $2";
    SESSIONS_REMOVE_OTHERS = "DELETE FROM login_session WHERE principal = $1 AND principal_id = $2 AND token_hash <> $3";
    SESSION_REMOVE = "DELETE FROM login_session WHERE token_hash = $1";
    STEP_ADD = "INSERT INTO login_step (token_hash, kind, principal_id, state, expires_at) VALUES ($1, $2, $3, $4, $5) ON CONFLICT (token_hash) DO NOTHING";
    STEP_GET = "SELECT kind, principal_id, state, expires_at FROM login_step WHERE token_hash = $1";
    STEP_LOCK = "SELECT kind, principal_id, state, expires_at FROM login_step WHERE token_hash = $1 FOR UPDATE";
    STEP_REMOVE = "DELETE FROM login_step WHERE token_hash = $1";
    STEPS_REMOVE = "DELETE FROM login_step WHERE principal_id = $1";
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
    /// The hash of its token.
    pub token_hash: Vec<u8>,
    /// `customer` or `staff`.
    pub principal: String,
    /// Which one.
    pub id: RawId,
    /// The secret that unsafe requests repeat.
    pub csrf: Vec<u8>,
    /// When it began; its token may be younger.
    pub created_at: SystemTime,
    /// When it ends.
    pub expires_at: SystemTime,
    /// Words for the device: browser and system.
    pub device: String,
    /// How its owner was last proved.
    pub proved_by: Proof,
    /// When.
    pub proved_at: SystemTime,
}
impl FromRow for LoginSession {
    fn from_row(row: &Row<'_>) -> Result<Self> {
        let mut c = Columns::new(row);
        Ok(LoginSession {
            token_hash: c.next()?,
            principal: c.next()?,
            id: c.next()?,
            csrf: c.next()?,
            created_at: c.next()?,
            expires_at: c.next()?,
            device: c.next()?,
            proved_by: c.next()?,
            proved_at: c.next()?,
        })
    }
}

/// A step that waits for the next one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Step {
    /// Which step.
    pub kind: String,
    /// Whose it is, where that is known.
    pub principal_id: Option<RawId>,
    /// What the next step needs.
    pub state: String,
    /// Until when it waits.
    pub expires_at: SystemTime,
}
impl FromRow for Step {
    fn from_row(row: &Row<'_>) -> Result<Self> {
        let (kind, principal_id, state, expires_at) = FromRow::from_row(row)?;
        Ok(Step { kind, principal_id, state, expires_at })
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
pub fn add_session(tx: &mut Tx, session: &LoginSession) {
    let s = session;
    let (token_hash, csrf) = (s.token_hash.clone(), s.csrf.clone());
    let (principal, device) = (s.principal.as_str(), s.device.as_str());
    tx.put(
        &SESSION_ADD,
        args![token_hash, principal, s.id, csrf, s.created_at, s.expires_at, device, s.proved_by, s.proved_at],
    );
}
/// A signed-in browser by the hash of its token.
pub async fn session(tx: &mut Tx, token_hash: &[u8]) -> Result<Option<LoginSession>> {
    tx.maybe(&SESSION_GET, args![token_hash.to_vec()]).await
}
/// [`session`], locked.
pub async fn lock_session(tx: &mut Tx, token_hash: &[u8]) -> Result<Option<LoginSession>> {
    tx.maybe(&SESSION_LOCK, args![token_hash.to_vec()]).await
}
/// Where somebody is signed in, newest first.
pub async fn sessions_of(tx: &mut Tx, principal: &str, id: RawId, now: SystemTime) -> Result<Vec<LoginSession>> {
    tx.all(&SESSIONS_OF, args![principal, id, now]).await
}
/// Signs a browser out.
pub fn remove_session(tx: &mut Tx, token_hash: &[u8]) {
    tx.put(&SESSION_REMOVE, args![token_hash.to_vec()]);
}
/// Signs somebody out everywhere.
pub fn remove_sessions(tx: &mut Tx, principal: &str, id: RawId) {
    tx.put(&SESSIONS_REMOVE, args![principal, id]);
    tx.put(&STEPS_REMOVE, args![id]);
}
/// Signs somebody out everywhere but in one browser.
pub fn remove_other_sessions(tx: &mut Tx, principal: &str, id: RawId, but: &[u8]) {
    tx.put(&SESSIONS_REMOVE_OTHERS, args![principal, id, but.to_vec()]);
    tx.put(&STEPS_REMOVE, args![id]);
}
/// Adds a step.
pub fn add_step(tx: &mut Tx, token_hash: &[u8], step: &Step) {
    let (kind, state) = (step.kind.as_str(), step.state.as_str());
    tx.put(&STEP_ADD, args![token_hash.to_vec(), kind, step.principal_id, state, step.expires_at]);
}
/// A step by the hash of its secret.
pub async fn step(tx: &mut Tx, token_hash: &[u8]) -> Result<Option<Step>> {
    tx.maybe(&STEP_GET, args![token_hash.to_vec()]).await
}
/// [`step`], locked.
pub async fn lock_step(tx: &mut Tx, token_hash: &[u8]) -> Result<Option<Step>> {
    tx.maybe(&STEP_LOCK, args![token_hash.to_vec()]).await
}
/// A step is over.
pub fn remove_step(tx: &mut Tx, token_hash: &[u8]) {
    tx.put(&STEP_REMOVE, args![token_hash.to_vec()]);
}
