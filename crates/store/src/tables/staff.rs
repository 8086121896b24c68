//! Members of the staff: who they are, how they sign in, and what happened to that.

use super::credential::Passkey;
use crate::{FromRow, Query, Result, Row, Tx, args};
use everline_core::ids::RawId;
use everline_core::staff::StaffNews;
use everline_core::time::SystemTime;
use std::collections::{BTreeMap, BTreeSet};

crate::queries! { ALL;
    GET = "SELECT name, role FROM staff WHERE id = $1 AND active = 1";
    SIGNS = "SELECT COALESCE(login, name) FROM staff WHERE id = $1";
    ADD = "INSERT INTO staff (id, name, role) VALUES ($1, $2, $3)";
    ADD_WITH_LOGIN = "INSERT INTO staff (id, name, role, login, active, link_hash, link_expires_at) VALUES ($1, $2, $3, $4, 1, $5, $6)";
    BY_LOGIN = "SELECT id, name, role, login, password_hash, active FROM staff WHERE login = $1";
    BY_LINK_LOCK = "SELECT id, name, role, login, password_hash, active FROM staff WHERE link_hash = $1 AND link_expires_at > $2 FOR UPDATE";
    BY_LINK = "SELECT id, name, role, login, password_hash, active FROM staff WHERE link_hash = $1 AND link_expires_at > $2";
    LIST = "SELECT id, name, role, login, password_hash, active FROM staff ORDER BY login, id";
    LINK = "UPDATE staff SET password_hash = NULL, active = 1, link_hash = $2, link_expires_at = $3 WHERE id = $1";
    PASSWORD = "UPDATE staff SET password_hash = $2, link_hash = NULL, link_expires_at = NULL WHERE id = $1";
    ROLE = "UPDATE staff SET role = $2 WHERE id = $1";
    DISABLE = "UPDATE staff SET active = 0, password_hash = NULL, link_hash = NULL, link_expires_at = NULL WHERE id = $1";
    FACTORS_LOCK = "SELECT login, totp, totp_step, (SELECT COUNT(*) FROM staff_passkey k WHERE k.staff_id = s.id), \
        (SELECT COUNT(*) FROM staff_recovery_code c WHERE c.staff_id = s.id) FROM staff s WHERE s.id = $1 AND s.active = 1 FOR UPDATE";
    FACTORS = "SELECT login, totp, totp_step, (SELECT COUNT(*) FROM staff_passkey k WHERE k.staff_id = s.id), \
        (SELECT COUNT(*) FROM staff_recovery_code c WHERE c.staff_id = s.id) FROM staff s WHERE s.id = $1 AND s.active = 1";
    TOTP_SET = "UPDATE staff SET totp = $2, totp_step = $3 WHERE id = $1";
    TOTP_USED = "UPDATE staff SET totp_step = $2 WHERE id = $1 AND active = 1 AND totp IS NOT NULL AND (totp_step IS NULL OR totp_step < $2)";
    PASSKEYS = "SELECT id, credential_id, key, name, added_at, used_at FROM staff_passkey WHERE staff_id = $1 ORDER BY id";
    PASSKEY_ADD = "INSERT INTO staff_passkey (staff_id, id, credential_id, key, name, added_at) VALUES ($1, $2, $3, $4, $5, $6)";
    PASSKEY_USED = "UPDATE staff_passkey SET key = $3, used_at = $4 WHERE staff_id = $1 AND id = $2";
    PASSKEY_REMOVE = "DELETE FROM staff_passkey WHERE staff_id = $1 AND id = $2";
    PASSKEYS_REMOVE = "DELETE FROM staff_passkey WHERE staff_id = $1";
    CODE_ADD = "INSERT INTO staff_recovery_code (staff_id, code_hash) VALUES ($1, $2)";
    CODE_USED = "DELETE FROM staff_recovery_code WHERE staff_id = $1 AND code_hash = $2";
    CODES_REMOVE = "DELETE FROM staff_recovery_code WHERE staff_id = $1";
    EVENT_ADD = "INSERT INTO staff_event (id, staff_id, kind, device, network, at) VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT (id) DO NOTHING";
    EVENTS = "SELECT kind, device, network, at FROM staff_event WHERE staff_id = $1 ORDER BY id DESC LIMIT $2";
}

/// An active staff member's name and role.
pub async fn active(tx: &mut Tx, id: RawId) -> Result<Option<(String, String)>> {
    tx.maybe(&GET, args![id]).await
}
/// How a member is named beside what they noted: by login; those from before logins existed by name.
pub async fn signature(tx: &mut Tx, id: RawId) -> Result<String> {
    Ok(tx.one::<(String,)>("staff", &SIGNS, args![id]).await?.0)
}
/// The same of several, by id.
pub async fn signatures(tx: &mut Tx, ids: impl IntoIterator<Item = RawId>) -> Result<BTreeMap<RawId, String>> {
    let mut found = BTreeMap::new();
    for id in ids.into_iter().collect::<BTreeSet<_>>() {
        found.insert(id, signature(tx, id).await?);
    }
    Ok(found)
}
/// Adds a staff member.
pub fn add(tx: &mut Tx, id: RawId, name: &str, role: &str) {
    tx.put(&ADD, args![id, name, role]);
}
/// A staff member who can have a login, as stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StaffRow {
    /// Their id.
    pub id: RawId,
    /// The name colleagues see.
    pub name: String,
    /// What they may do.
    pub role: String,
    /// What they sign in with; members from before logins existed have none.
    pub login: Option<String>,
    /// The password's hash in PHC form, once it is set.
    pub password_hash: Option<String>,
    /// Whether they may sign in.
    pub active: bool,
}
impl FromRow for StaffRow {
    fn from_row(row: &Row<'_>) -> Result<Self> {
        let (id, name, role, login, password_hash, active) = FromRow::from_row(row)?;
        Ok(StaffRow { id, name, role, login, password_hash, active })
    }
}

/// Adds a staff member with a login and a link that sets the password.
pub fn add_with_login(
    tx: &mut Tx,
    (id, name, role, login): (RawId, &str, &str, &str),
    link_hash: &[u8],
    link_expires_at: SystemTime,
) {
    tx.put(&ADD_WITH_LOGIN, args![id, name, role, login, link_hash.to_vec(), link_expires_at]);
}
/// A staff member by login.
pub async fn by_login(tx: &mut Tx, login: &str) -> Result<Option<StaffRow>> {
    tx.maybe(&BY_LOGIN, args![login]).await
}
/// The staff member whose link this is, while it works.
pub async fn by_link(tx: &mut Tx, link_hash: &[u8], now: SystemTime) -> Result<Option<StaffRow>> {
    tx.maybe(&BY_LINK, args![link_hash.to_vec(), now]).await
}
/// [`by_link`], locked.
pub async fn lock_by_link(tx: &mut Tx, link_hash: &[u8], now: SystemTime) -> Result<Option<StaffRow>> {
    tx.maybe(&BY_LINK_LOCK, args![link_hash.to_vec(), now]).await
}
/// All staff members.
pub async fn list(tx: &mut Tx) -> Result<Vec<StaffRow>> {
    tx.all(&LIST, args![]).await
}
/// Gives a member a new link; the password they had stops to work.
pub fn set_link(tx: &mut Tx, id: RawId, link_hash: &[u8], link_expires_at: SystemTime) {
    tx.put(&LINK, args![id, link_hash.to_vec(), link_expires_at]);
}
/// Sets a member's password; the link is used up.
pub fn set_password(tx: &mut Tx, id: RawId, password_hash: &str) {
    tx.put(&PASSWORD, args![id, password_hash]);
}
/// Lets a member sign in no more.
pub fn disable(tx: &mut Tx, id: RawId) {
    tx.put(&DISABLE, args![id]);
}
/// Gives a member another role.
pub fn set_role(tx: &mut Tx, id: RawId, role: &str) {
    tx.put(&ROLE, args![id, role]);
}

/// The second factors of an active member.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Factors {
    /// What they sign in with.
    pub login: Option<String>,
    /// The secret of their code generator, sealed.
    pub totp: Option<Vec<u8>>,
    /// The last step that a code of it was used of.
    pub totp_step: Option<i64>,
    /// How many passkeys they have.
    pub passkeys: i64,
    /// How many recovery codes are left.
    pub codes: i64,
}
impl Factors {
    /// Whether there is a second factor.
    #[must_use]
    pub const fn any(&self) -> bool {
        self.totp.is_some() || self.passkeys > 0
    }
}
impl FromRow for Factors {
    fn from_row(row: &Row<'_>) -> Result<Self> {
        let (login, totp, totp_step, passkeys, codes) = FromRow::from_row(row)?;
        Ok(Factors { login, totp, totp_step, passkeys, codes })
    }
}

/// Something that happened to how a member signs in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StaffEvent {
    /// What.
    pub kind: StaffNews,
    /// Words for the device it came from.
    pub device: String,
    /// The network it came from: an address without its last part.
    pub network: String,
    /// When.
    pub at: SystemTime,
}
impl FromRow for StaffEvent {
    fn from_row(row: &Row<'_>) -> Result<Self> {
        let (kind, device, network, at) = FromRow::from_row(row)?;
        Ok(StaffEvent { kind, device, network, at })
    }
}

/// The second factors of a member, if they are active.
pub async fn factors(tx: &mut Tx, id: RawId) -> Result<Option<Factors>> {
    tx.maybe(&FACTORS, args![id]).await
}
/// [`factors`], locked.
pub async fn lock_factors(tx: &mut Tx, id: RawId) -> Result<Option<Factors>> {
    tx.maybe(&FACTORS_LOCK, args![id]).await
}
/// Sets a member's code generator, of which a step was used; nothing takes it away.
pub fn set_totp(tx: &mut Tx, id: RawId, totp: Option<(Vec<u8>, i64)>) {
    let (sealed, step) = totp.unzip();
    tx.put(&TOTP_SET, args![id, sealed, step]);
}
/// A step of a member's code generator is used; whether it was not before.
pub async fn totp_used(tx: &mut Tx, id: RawId, step: i64) -> Result<bool> {
    tx.exec_one(&TOTP_USED, args![id, step]).await
}
/// A member's passkeys, oldest first.
pub async fn passkeys(tx: &mut Tx, id: RawId) -> Result<Vec<Passkey>> {
    tx.all(&PASSKEYS, args![id]).await
}
/// Adds a passkey.
pub fn add_passkey(tx: &mut Tx, id: RawId, key: &Passkey) {
    let Passkey { id: key_id, credential_id, key, name, added_at, .. } = key;
    tx.put(&PASSKEY_ADD, args![id, *key_id, credential_id.clone(), key.as_str(), name.as_str(), *added_at]);
}
/// A passkey was used: its counter may have moved.
pub fn passkey_used(tx: &mut Tx, id: RawId, passkey: RawId, key: &str, at: SystemTime) {
    tx.put(&PASSKEY_USED, args![id, passkey, key, at]);
}
/// Removes a passkey.
pub fn remove_passkey(tx: &mut Tx, id: RawId, passkey: RawId) {
    tx.put(&PASSKEY_REMOVE, args![id, passkey]);
}
/// Takes every second factor away.
pub fn remove_factors(tx: &mut Tx, id: RawId) {
    set_totp(tx, id, None);
    tx.put(&PASSKEYS_REMOVE, args![id]);
    tx.put(&CODES_REMOVE, args![id]);
}
/// Other recovery codes, by their hashes.
pub fn set_codes(tx: &mut Tx, id: RawId, hashes: &[Vec<u8>]) {
    tx.put(&CODES_REMOVE, args![id]);
    hashes.iter().for_each(|hash| tx.put(&CODE_ADD, args![id, hash.clone()]));
}
/// A recovery code is used up; whether it was there.
pub async fn code_used(tx: &mut Tx, id: RawId, hash: &[u8]) -> Result<bool> {
    tx.exec_one(&CODE_USED, args![id, hash.to_vec()]).await
}
/// Writes down what happened; the same event twice is one.
pub fn add_event(tx: &mut Tx, id: RawId, staff: RawId, event: &StaffEvent) {
    let StaffEvent { kind, device, network, at } = event;
    tx.put(&EVENT_ADD, args![id, staff, *kind, device.as_str(), network.as_str(), *at]);
}
/// [`events`], to be asked with others.
#[must_use]
pub fn events_of(staff: RawId, limit: i64) -> Query<StaffEvent> {
    Query::new(&EVENTS, args![staff, limit])
}
/// What happened last, newest first.
pub async fn events(tx: &mut Tx, staff: RawId, limit: i64) -> Result<Vec<StaffEvent>> {
    tx.all(&EVENTS, args![staff, limit]).await
}
