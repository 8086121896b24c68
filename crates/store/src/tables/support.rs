//! Cases that the system opens (what is written in a case is in `case`), and staff members.

use crate::{FromRow, Result, Row, Tx, args};
use everline_core::effects::CaseOpened;
use everline_core::ids::{CaseId, CustomerId, OrderId, RawId};
use everline_core::time::{BusinessTime, SystemTime};

crate::queries! { ALL;
    CASE_ADD = "INSERT INTO support_case (customer_id, id, order_id, reason, state, opened_at, changed_at) VALUES ($1, $2, $3, $4, 'open', $5, $5) \
        ON CONFLICT (customer_id, id) DO NOTHING";
    CASES_OF_CUSTOMER = "SELECT id, order_id, reason, state, opened_at FROM support_case \
        WHERE customer_id = $1 AND reason <> 'asked' AND state <> 'solved' ORDER BY id DESC LIMIT $2";
    STAFF_GET = "SELECT name, role FROM staff WHERE id = $1 AND active = 1";
    STAFF_SIGNS = "SELECT COALESCE(login, name) FROM staff WHERE id = $1";
    STAFF_ADD = "INSERT INTO staff (id, name, role) VALUES ($1, $2, $3)";
    STAFF_ADD_WITH_LOGIN = "INSERT INTO staff (id, name, role, login, active, link_hash, link_expires_at) VALUES ($1, $2, $3, $4, 1, $5, $6)";
    STAFF_BY_LOGIN = "SELECT id, name, role, login, password_hash, active FROM staff WHERE login = $1";
    STAFF_BY_LINK_LOCK = "SELECT id, name, role, login, password_hash, active FROM staff WHERE link_hash = $1 AND link_expires_at > $2 FOR UPDATE";
    STAFF_BY_LINK = "SELECT id, name, role, login, password_hash, active FROM staff WHERE link_hash = $1 AND link_expires_at > $2";
    STAFF_LIST = "SELECT id, name, role, login, password_hash, active FROM staff ORDER BY login, id";
    STAFF_LINK = "UPDATE staff SET password_hash = NULL, active = 1, link_hash = $2, link_expires_at = $3 WHERE id = $1";
    STAFF_PASSWORD = "UPDATE staff SET password_hash = $2, link_hash = NULL, link_expires_at = NULL WHERE id = $1";
    STAFF_DISABLE = "UPDATE staff SET active = 0, password_hash = NULL, link_hash = NULL, link_expires_at = NULL WHERE id = $1";
    PAID_NOT_IN_EFFECT = "SELECT customer_id, id FROM orders WHERE state IN ('paid', 'delivered') ORDER BY paid_at LIMIT $1";
}

/// A case as a list shows it: id, order, reason, state, opened at.
pub type CaseRow = (CaseId, Option<OrderId>, String, String, BusinessTime);

/// Opens a case; the same reason about the same order is one case.
pub fn open_case(tx: &mut Tx, case: &CaseOpened, at: BusinessTime) {
    let id = CaseId(case.order.0.derive(0x72, case.reason as u8));
    tx.put(&CASE_ADD, args![case.customer, id, case.order, case.reason.word(), at]);
}
/// The newest cases of a customer that the system opened and nobody solved.
pub async fn cases_of(tx: &mut Tx, customer: CustomerId, limit: i64) -> Result<Vec<CaseRow>> {
    tx.all(&CASES_OF_CUSTOMER, args![customer, limit]).await
}
/// An active staff member's name and role.
pub async fn staff(tx: &mut Tx, id: RawId) -> Result<Option<(String, String)>> {
    tx.maybe(&STAFF_GET, args![id]).await
}
/// How a member is named beside what they noted: by login; those from before logins existed by name.
pub async fn signature(tx: &mut Tx, id: RawId) -> Result<String> {
    Ok(tx.one::<(String,)>("staff", &STAFF_SIGNS, args![id]).await?.0)
}
/// Adds a staff member.
pub fn add_staff(tx: &mut Tx, id: RawId, name: &str, role: &str) {
    tx.put(&STAFF_ADD, args![id, name, role]);
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
pub fn add_staff_with_login(
    tx: &mut Tx,
    (id, name, role, login): (RawId, &str, &str, &str),
    link_hash: &[u8],
    link_expires_at: SystemTime,
) {
    tx.put(&STAFF_ADD_WITH_LOGIN, args![id, name, role, login, link_hash.to_vec(), link_expires_at]);
}
/// A staff member by login.
pub async fn staff_by_login(tx: &mut Tx, login: &str) -> Result<Option<StaffRow>> {
    tx.maybe(&STAFF_BY_LOGIN, args![login]).await
}
/// The staff member whose link this is, while it works.
pub async fn staff_by_link(tx: &mut Tx, link_hash: &[u8], now: SystemTime) -> Result<Option<StaffRow>> {
    tx.maybe(&STAFF_BY_LINK, args![link_hash.to_vec(), now]).await
}
/// [`staff_by_link`], locked.
pub async fn lock_staff_by_link(tx: &mut Tx, link_hash: &[u8], now: SystemTime) -> Result<Option<StaffRow>> {
    tx.maybe(&STAFF_BY_LINK_LOCK, args![link_hash.to_vec(), now]).await
}
/// All staff members.
pub async fn staff_list(tx: &mut Tx) -> Result<Vec<StaffRow>> {
    tx.all(&STAFF_LIST, args![]).await
}
/// Gives a member a new link; the password they had stops to work.
pub fn set_staff_link(tx: &mut Tx, id: RawId, link_hash: &[u8], link_expires_at: SystemTime) {
    tx.put(&STAFF_LINK, args![id, link_hash.to_vec(), link_expires_at]);
}
/// Sets a member's password; the link is used up.
pub fn set_staff_password(tx: &mut Tx, id: RawId, password_hash: &str) {
    tx.put(&STAFF_PASSWORD, args![id, password_hash]);
}
/// Lets a member sign in no more.
pub fn disable_staff(tx: &mut Tx, id: RawId) {
    tx.put(&STAFF_DISABLE, args![id]);
}
/// Orders that are paid and not in effect, oldest first.
pub async fn paid_not_in_effect(tx: &mut Tx, limit: i64) -> Result<Vec<(CustomerId, OrderId)>> {
    tx.all(&PAID_NOT_IN_EFFECT, args![limit]).await
}
