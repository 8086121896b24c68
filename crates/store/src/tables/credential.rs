//! How customers sign in beside codes: passwords, passkeys, second factors; and what happened to their accounts.

use super::columns::{Columns, undecodable};
use crate::{FromRow, Result, Row, Tx, args};
use everline_core::account::{AccountNews, CodeNumber};
use everline_core::identifiers::Msisdn;
use everline_core::ids::{CustomerId, LineId, RawId};
use everline_core::line::{LineState, SuspendCause};
use everline_core::message::Address;
use everline_core::time::{BusinessTime, SystemTime};

crate::queries! { ALL;
    GET = "SELECT password_hash, password_set_at, second_factor FROM credential WHERE customer_id = $1";
    SAVE = "INSERT INTO credential (customer_id, password_hash, password_set_at, second_factor) VALUES ($1, $2, $3, $4) \
        ON CONFLICT (customer_id) DO UPDATE SET password_hash = $2, password_set_at = $3, second_factor = $4";
    REMOVE = "DELETE FROM credential WHERE customer_id = $1";
    PASSKEYS = "SELECT id, credential_id, key, name, added_at, used_at FROM passkey WHERE customer_id = $1 ORDER BY id";
    PASSKEY_ADD = "INSERT INTO passkey (customer_id, id, credential_id, key, name, added_at) VALUES ($1, $2, $3, $4, $5, $6)";
    PASSKEY_USED = "UPDATE passkey SET key = $3, used_at = $4 WHERE customer_id = $1 AND id = $2";
    PASSKEY_REMOVE = "DELETE FROM passkey WHERE customer_id = $1 AND id = $2";
    PASSKEYS_REMOVE = "DELETE FROM passkey WHERE customer_id = $1";
    EVENT_ADD = "INSERT INTO account_event (id, customer_id, kind, device, former, at) VALUES ($1, $2, $3, $4, $5, $6) \
        ON CONFLICT (id, customer_id) DO NOTHING";
    EVENT_GET = "SELECT id, kind, device, former, at FROM account_event WHERE id = $1 AND customer_id = $2";
    EVENT_TOLD = "UPDATE account_event SET told_at = $3 WHERE id = $1 AND customer_id = $2 AND told_at IS NULL";
    EVENTS_OF = "SELECT id, kind, device, former, at FROM account_event WHERE customer_id = $1 ORDER BY id DESC LIMIT $2";
    CODE_NUMBER = "SELECT l.sim_replaced_at, l.state, l.state_since FROM directory d JOIN line l ON l.customer_id = d.customer_id AND l.id = d.subject_id \
        WHERE d.kind = 'msisdn' AND d.name = $1";
    HOLD_GOES_ALONG = "UPDATE line SET sim_replaced_at = (SELECT f.sim_replaced_at FROM line f WHERE f.customer_id = $3 AND f.id = $4) \
        WHERE customer_id = $1 AND id = $2";
    SIM_REPLACED = "UPDATE line SET sim_replaced_at = $3 WHERE customer_id = $1 AND id = $2";
    SET_CONTACT = "UPDATE customer SET contact = $2, name = CASE WHEN name = $3 THEN $4 ELSE name END WHERE customer_id = $1";
}

/// How a customer signs in beside codes.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Credential {
    /// The password's hash in PHC form.
    pub password_hash: Option<String>,
    /// When it was set.
    pub password_set_at: Option<SystemTime>,
    /// Whether a second factor is asked for.
    pub second_factor: bool,
}
impl FromRow for Credential {
    fn from_row(row: &Row<'_>) -> Result<Self> {
        let (password_hash, password_set_at, second_factor) = FromRow::from_row(row)?;
        Ok(Credential { password_hash, password_set_at, second_factor })
    }
}

/// A passkey as stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Passkey {
    /// Our id of it.
    pub id: RawId,
    /// The authenticator's.
    pub credential_id: Vec<u8>,
    /// The public half, as its library writes it.
    pub key: String,
    /// What its owner calls it.
    pub name: String,
    /// When it was added.
    pub added_at: SystemTime,
    /// When it was last used.
    pub used_at: Option<SystemTime>,
}
impl FromRow for Passkey {
    fn from_row(row: &Row<'_>) -> Result<Self> {
        let (id, credential_id, key, name, added_at, used_at) = FromRow::from_row(row)?;
        Ok(Passkey { id, credential_id, key, name, added_at, used_at })
    }
}

/// Something that happened to an account.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AccountEvent {
    /// Its id.
    pub id: RawId,
    /// What.
    pub kind: AccountNews,
    /// Words for the device it came from.
    pub device: String,
    /// The contact number before it was changed, or the mailbox.
    pub former: Option<Address>,
    /// When.
    pub at: BusinessTime,
}
impl FromRow for AccountEvent {
    fn from_row(row: &Row<'_>) -> Result<Self> {
        let mut c = Columns::new(row);
        let (id, kind, device, former) = (c.next()?, c.next()?, c.next()?, c.next::<Option<String>>()?);
        let former = former.map(|text| Address::number_or_mailbox(&text)).transpose();
        let former = former.map_err(|_| undecodable::<Address>("former", "text that is no address"))?;
        Ok(AccountEvent { id, kind, device, former, at: c.next()? })
    }
}

/// How a customer signs in; nothing beside codes if nothing was set.
pub async fn get(tx: &mut Tx, customer: CustomerId) -> Result<Credential> {
    Ok(tx.maybe(&GET, args![customer]).await?.unwrap_or_default())
}
/// Saves it.
pub fn save(tx: &mut Tx, customer: CustomerId, credential: &Credential) {
    let Credential { password_hash, password_set_at, second_factor } = credential;
    tx.put(&SAVE, args![customer, password_hash.clone(), *password_set_at, i64::from(*second_factor)]);
}
/// Removes password, second factor and passkeys.
pub fn remove(tx: &mut Tx, customer: CustomerId) {
    tx.put(&REMOVE, args![customer]);
    tx.put(&PASSKEYS_REMOVE, args![customer]);
}
/// A customer's passkeys, oldest first.
pub async fn passkeys(tx: &mut Tx, customer: CustomerId) -> Result<Vec<Passkey>> {
    tx.all(&PASSKEYS, args![customer]).await
}
/// Adds a passkey; one whose credential the customer has already fails the transaction.
pub fn add_passkey(tx: &mut Tx, customer: CustomerId, passkey: &Passkey) {
    let Passkey { id, credential_id, key, name, added_at, .. } = passkey;
    tx.put(&PASSKEY_ADD, args![customer, *id, credential_id.clone(), key.as_str(), name.as_str(), *added_at]);
}
/// A passkey was used: its counter may have moved.
pub fn passkey_used(tx: &mut Tx, customer: CustomerId, id: RawId, key: &str, at: SystemTime) {
    tx.put(&PASSKEY_USED, args![customer, id, key, at]);
}
/// Removes a passkey.
pub fn remove_passkey(tx: &mut Tx, customer: CustomerId, id: RawId) {
    tx.put(&PASSKEY_REMOVE, args![customer, id]);
}
/// Writes down what happened; the same event twice is one.
pub fn add_event(tx: &mut Tx, customer: CustomerId, event: &AccountEvent) {
    let former = event.former.as_ref().map(Address::to_string);
    tx.put(&EVENT_ADD, args![event.id, customer, event.kind, event.device.as_str(), former, event.at]);
}
/// What happened, by its id.
pub async fn event(tx: &mut Tx, customer: CustomerId, id: RawId) -> Result<Option<AccountEvent>> {
    tx.maybe(&EVENT_GET, args![id, customer]).await
}
/// Its owner was told.
pub fn event_told(tx: &mut Tx, customer: CustomerId, id: RawId, at: SystemTime) {
    tx.put(&EVENT_TOLD, args![id, customer, at]);
}
/// What happened last, newest first.
pub async fn events_of(tx: &mut Tx, customer: CustomerId, limit: i64) -> Result<Vec<AccountEvent>> {
    tx.all(&EVENTS_OF, args![customer, limit]).await
}
/// What is known of a number that codes go to; nothing where it is no line of ours.
pub async fn code_number(tx: &mut Tx, number: Option<&Msisdn>) -> Result<CodeNumber> {
    let Some(number) = number else { return Ok(CodeNumber::default()) };
    let found: Option<(Option<SystemTime>, String, BusinessTime)> =
        tx.maybe(&CODE_NUMBER, args![number.as_str()]).await?;
    let Some((sim_replaced_at, state, since)) = found else { return Ok(CodeNumber::default()) };
    let lost = state == LineState::Suspended(SuspendCause::Lost).word();
    Ok(CodeNumber { sim_replaced_at, lost_since: lost.then_some(since) })
}
/// A line's new record knows when its Sim was replaced before.
pub fn hold_goes_along(tx: &mut Tx, (customer, line): (CustomerId, LineId), former: (CustomerId, LineId)) {
    tx.put(&HOLD_GOES_ALONG, args![customer, line, former.0, former.1]);
}
/// The Sim of a line was replaced.
pub fn sim_replaced(tx: &mut Tx, customer: CustomerId, line: RawId, at: SystemTime) {
    tx.put(&SIM_REPLACED, args![customer, line, at]);
}
/// Another number for messages and codes than the former one. Where the former one, masked, stood for a name, the new one does.
pub fn set_contact(tx: &mut Tx, customer: CustomerId, former: Option<&Msisdn>, contact: &Msisdn) {
    let (stood, stands) = (former.map(Msisdn::masked), contact.masked());
    tx.put(&SET_CONTACT, args![customer, contact.as_str(), stood, stands]);
}
