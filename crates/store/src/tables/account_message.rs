//! Messages that are about an account and about no line: what was told by which way, and what became of it.

use super::columns::Columns;
use crate::{FromRow, Query, Result, Row, Tx, args};
use everline_core::ids::{CustomerId, MessageId, RawId};
use everline_core::message::{Channel, Fate, Reason};
use everline_core::time::SystemTime;

crate::queries! { ALL;
    LOCK = "SELECT fate, reason FROM account_message WHERE id = $1 AND customer_id = $2 FOR UPDATE";
    ADD = "INSERT INTO account_message (id, customer_id, template, channel, fate, sent_at, fate_at) VALUES ($1, $2, $3, $4, 'unknown', $5, $5)";
    AGAIN = "UPDATE account_message SET fate = 'unknown', reason = NULL, fate_at = $3 WHERE id = $1 AND customer_id = $2";
    // Whoever handed it over says so while nobody knows more of it.
    HANDED = "UPDATE account_message SET fate = $3, reason = $4, fate_at = $5 WHERE id = $1 AND customer_id = $2 AND fate = 'unknown'";
    // What arrived stays so.
    REPORTED = "UPDATE account_message SET fate = $3, reason = $4, fate_at = $5 WHERE id = $1 AND customer_id = $2 AND fate <> 'delivered'";
    BEFORE = "SELECT id, template, channel, fate, reason, sent_at FROM account_message \
        WHERE customer_id = $1 AND (sent_at, id) < ($2, $3) ORDER BY sent_at DESC, id DESC LIMIT $4";
    BY_FATE = "SELECT channel, fate, COUNT(*) FROM account_message GROUP BY channel, fate";
    NEWEST = "SELECT id, channel, fate FROM account_message WHERE id >= $1 ORDER BY id DESC LIMIT $2";
}

/// A message about an account.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AccountMessage {
    /// Its id, which stays the same however often it is tried.
    pub id: MessageId,
    /// The name of its template.
    pub template: String,
    /// By which way.
    pub channel: Channel,
    /// What became of it.
    pub fate: Fate,
    /// A code for why it failed.
    pub reason: Option<Reason>,
    /// When it was begun.
    pub sent_at: SystemTime,
}
impl FromRow for AccountMessage {
    fn from_row(row: &Row<'_>) -> Result<Self> {
        let mut c = Columns::new(row);
        let (id, template, channel, fate) = (c.next()?, c.next()?, c.next()?, c.next()?);
        let reason = c.next::<Option<String>>()?.map(|code| Reason::of(&code));
        Ok(AccountMessage { id, template, channel, fate, reason, sent_at: c.next()? })
    }
}

/// Locks a message; how far it is, and why, if it was begun.
pub async fn lock(tx: &mut Tx, customer: CustomerId, id: MessageId) -> Result<Option<(Fate, Option<Reason>)>> {
    let found = tx.maybe::<(Fate, Option<String>)>(&LOCK, args![id, customer]).await?;
    Ok(found.map(|(fate, reason)| (fate, reason.map(|code| Reason::of(&code)))))
}
/// A message is being handed over for the first time: from here on it may have been.
pub fn add(tx: &mut Tx, (customer, id): (CustomerId, MessageId), template: &str, channel: Channel, at: SystemTime) {
    tx.put(&ADD, args![id, customer, template, channel, at]);
}
/// A locked message is being handed over again.
pub fn again(tx: &mut Tx, (customer, id): (CustomerId, MessageId), at: SystemTime) {
    tx.put(&AGAIN, args![id, customer, at]);
}
/// What became of handing one over.
pub fn handed(
    tx: &mut Tx,
    (customer, id): (CustomerId, MessageId),
    fate: Fate,
    reason: Option<&Reason>,
    at: SystemTime,
) {
    tx.put(&HANDED, args![id, customer, fate, reason.map(Reason::as_str), at]);
}
/// Its provider reports, if there is such a message.
pub fn reported(
    tx: &mut Tx,
    (customer, id): (CustomerId, MessageId),
    fate: Fate,
    reason: Option<&Reason>,
    at: SystemTime,
) {
    tx.put(&REPORTED, args![id, customer, fate, reason.map(Reason::as_str), at]);
}
/// What was told about an account before a key, newest first.
#[must_use]
pub fn before(customer: CustomerId, (at, id): (SystemTime, MessageId), limit: i64) -> Query<AccountMessage> {
    Query::new(&BEFORE, args![customer, at, id, limit])
}

/// All of them by way and fate. Reads the whole table.
pub async fn by_fate(tx: &mut Tx) -> Result<Vec<(Channel, Fate, i64)>> {
    tx.all(&BY_FATE, args![]).await
}
/// The newest whose causes are not before an instant that an id stands for, newest first: the cause's time stands in a
/// message's id.
pub async fn newest(tx: &mut Tx, from: RawId, limit: i64) -> Result<Vec<(MessageId, Channel, Fate)>> {
    tx.all(&NEWEST, args![from, limit]).await
}
