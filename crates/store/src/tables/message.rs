//! Messages and their fates, what providers call and report of them, and where customers are told beside their number.

use super::columns::{Columns, undecodable};
use crate::{FromRow, Result, Row, Tx, args};
use everline_core::effects::MessageKind;
use everline_core::ids::{CustomerId, JobId, LineId, MessageId, RawId};
use everline_core::message::{Address, Beside, Channel, ContactPoint, Fate, Message, Reason, Reported};
use everline_core::time::SystemTime;

macro_rules! columns {
    () => {
        "id, customer_id, line_id, order_id, kind, cause_id, channel, fate, reason, passed_on, sent_at, fate_at, beside, contact_id"
    };
}

crate::queries! { ALL;
    LOCK = concat!("SELECT ", columns!(), " FROM message WHERE id = $1 AND customer_id = $2 FOR UPDATE");
    ADD = concat!("INSERT INTO message (", columns!(), ") VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)");
    SAVE = "UPDATE message SET fate = $3, reason = $4, passed_on = $5, fate_at = $6 WHERE id = $1 AND customer_id = $2";
    OF_LINE = "SELECT kind, channel, fate, sent_at FROM message WHERE customer_id = $1 AND line_id = $2 ORDER BY id DESC LIMIT $3";
    // By their ids: the first way's, those of the ways after it, and those beside the owner.
    OF_IDS = "SELECT channel, fate, beside FROM message WHERE customer_id = $1 AND id IN ($2, $3, $4, $5)";
    BY_FATE = "SELECT channel, fate, COUNT(*) FROM message GROUP BY channel, fate";
    NEWEST = "SELECT id, channel, fate FROM message WHERE id >= $1 ORDER BY id DESC LIMIT $2";
    // A name that a provider gives out again belongs to the newer message, without what was reported of the older.
    REFER = "INSERT INTO message_reference (name, customer_id, message_id, at) VALUES ($1, $2, $3, $4) \
        ON CONFLICT (name) DO UPDATE SET customer_id = excluded.customer_id, message_id = excluded.message_id, at = excluded.at, \
        reported = CASE WHEN message_reference.message_id IS NULL OR message_reference.message_id = excluded.message_id \
            THEN message_reference.reported ELSE NULL END";
    // What arrived stays so.
    REPORT = "INSERT INTO message_reference (name, reported, reason, at) VALUES ($1, $2, $3, $4) \
        ON CONFLICT (name) DO UPDATE SET \
        reason = CASE WHEN message_reference.reported = 'delivered' THEN message_reference.reason ELSE excluded.reason END, \
        reported = CASE WHEN message_reference.reported = 'delivered' THEN message_reference.reported ELSE excluded.reported END";
    REFERENCE = "SELECT customer_id, message_id, reported, reason FROM message_reference WHERE name = $1";
    CONTACTS = "SELECT customer_id, id, channel, address, device, added_at FROM contact_point WHERE customer_id = $1 ORDER BY id";
    CONTACT_ADD = "INSERT INTO contact_point (customer_id, id, channel, address, device, added_at) VALUES ($1, $2, $3, $4, $5, $6) \
        ON CONFLICT (customer_id, channel, address) DO NOTHING";
    CONTACT_REMOVE = "DELETE FROM contact_point WHERE customer_id = $1 AND channel = $2 AND address = $3";
}

/// Whom a message went to beside the owner, as it is stored.
fn beside(word: Option<&str>, contact: Option<RawId>) -> Result<Option<Beside>> {
    match (word, contact) {
        (None, None) => Ok(None),
        (Some("number"), None) => Ok(Some(Beside::Number)),
        (Some("contact"), Some(id)) => Ok(Some(Beside::Contact(id))),
        _ => Err(undecodable::<Beside>("beside", "another word, or the contact of another word")),
    }
}

struct MessageRow(Message);
impl FromRow for MessageRow {
    fn from_row(row: &Row<'_>) -> Result<Self> {
        let mut c = Columns::new(row);
        let id: MessageId = c.next()?;
        let (customer, line, order, kind) = (c.next()?, c.next()?, c.next()?, c.next()?);
        // The release before kept no cause, and no fate.
        let cause = c.next::<Option<JobId>>()?.unwrap_or(JobId(id.0));
        let (channel, fate) = (c.next()?, c.next()?);
        let reason = c.next::<Option<String>>()?.map(|code| Reason::of(&code));
        let passed_on = c.next::<i64>()? != 0;
        let sent_at = c.next()?;
        let fate_at = c.next::<Option<SystemTime>>()?.unwrap_or(sent_at);
        let word: Option<String> = c.next()?;
        let beside = beside(word.as_deref(), c.next()?)?;
        Ok(MessageRow(Message {
            id,
            customer,
            line,
            order,
            kind,
            cause,
            channel,
            fate,
            reason,
            passed_on,
            beside,
            sent_at,
            fate_at,
        }))
    }
}

/// Locks and reads a message, if there is one.
pub async fn lock(tx: &mut Tx, customer: CustomerId, id: MessageId) -> Result<Option<Message>> {
    Ok(tx.maybe::<MessageRow>(&LOCK, args![id, customer]).await?.map(|row| row.0))
}
/// Adds a message.
pub fn add(tx: &mut Tx, message: &Message) {
    let Message { id, customer, line, order, kind, cause, channel, fate, passed_on, sent_at, fate_at, .. } = *message;
    let reason = message.reason.as_ref().map(Reason::as_str);
    let passed_on = i64::from(passed_on);
    let (beside, contact) = match message.beside {
        None => (None, None),
        Some(Beside::Number) => (Some("number"), None),
        Some(Beside::Contact(id)) => (Some("contact"), Some(id)),
    };
    tx.put(
        &ADD,
        args![
            id, customer, line, order, kind, cause, channel, fate, reason, passed_on, sent_at, fate_at, beside, contact
        ],
    );
}
/// Saves how far a locked message is.
pub fn save(tx: &mut Tx, message: &Message) {
    let reason = message.reason.as_ref().map(Reason::as_str);
    let passed_on = i64::from(message.passed_on);
    tx.put(&SAVE, args![message.id, message.customer, message.fate, reason, passed_on, message.fate_at]);
}
/// A message as a list shows it: what it said, how, how far it is, and when it was begun.
pub type Told = (MessageKind, Channel, Fate, SystemTime);
/// The newest messages about a line, newest first. There is no index for it: for rare work only.
pub async fn of_line(tx: &mut Tx, customer: CustomerId, line: LineId, limit: i64) -> Result<Vec<Told>> {
    tx.all(&OF_LINE, args![customer, line, limit]).await
}
/// How far messages are that are known by their ids: the way, and whom it went to beside the owner. The ids may be fewer, or
/// of messages that are not there.
pub async fn fates(tx: &mut Tx, customer: CustomerId, ids: &[MessageId]) -> Result<Vec<(Channel, Fate, bool)>> {
    let mut found: Vec<Fated> = Vec::new();
    for four in ids.chunks(4) {
        let id = |place: usize| four.get(place).or(four.first()).copied();
        found.extend(tx.all::<Fated>(&OF_IDS, args![customer, id(0), id(1), id(2), id(3)]).await?);
    }
    found.sort_by_key(|fated| (fated.2, fated.0));
    Ok(found.into_iter().map(|Fated(channel, fate, beside)| (channel, fate, beside)).collect())
}
struct Fated(Channel, Fate, bool);
impl FromRow for Fated {
    fn from_row(row: &Row<'_>) -> Result<Self> {
        let mut c = Columns::new(row);
        let (channel, fate) = (c.next()?, c.next()?);
        Ok(Fated(channel, fate, c.next::<Option<String>>()?.is_some()))
    }
}
/// All messages by way and fate. Reads the whole table.
pub async fn by_fate(tx: &mut Tx) -> Result<Vec<(Channel, Fate, i64)>> {
    tx.all(&BY_FATE, args![]).await
}

/// The newest messages whose causes are not before an instant that an id stands for, newest first: the cause's time stands in a
/// message's id.
pub async fn newest(tx: &mut Tx, from: RawId, limit: i64) -> Result<Vec<(MessageId, Channel, Fate)>> {
    tx.all(&NEWEST, args![from, limit]).await
}

/// What is known under a provider's name for a message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reference {
    /// The message, once its provider answered.
    pub message: Option<(CustomerId, MessageId)>,
    /// What was reported of it, and why.
    pub reported: Option<(Reported, Option<Reason>)>,
}
impl FromRow for Reference {
    fn from_row(row: &Row<'_>) -> Result<Self> {
        let mut c = Columns::new(row);
        let (customer, message): (Option<CustomerId>, Option<MessageId>) = (c.next()?, c.next()?);
        let reported: Option<Reported> = c.next()?;
        let reason = c.next::<Option<String>>()?.map(|code| Reason::of(&code));
        Ok(Reference { message: customer.zip(message), reported: reported.map(|reported| (reported, reason)) })
    }
}

/// Writes down what a provider calls a message, and reads what it reported of it before. The name is locked from here on: a
/// report about it comes before or after.
pub async fn refer(tx: &mut Tx, name: &str, customer: CustomerId, id: MessageId, at: SystemTime) -> Result<Reference> {
    tx.put(&REFER, args![name, customer, id, at]);
    tx.one("message reference", &REFERENCE, args![name]).await
}
/// Writes down what a provider reports, and reads of which message. The name is locked as by [`refer`].
pub async fn report(
    tx: &mut Tx,
    name: &str,
    reported: Reported,
    reason: Option<&Reason>,
    at: SystemTime,
) -> Result<Reference> {
    tx.put(&REPORT, args![name, reported, reason.map(Reason::as_str), at]);
    tx.one("message reference", &REFERENCE, args![name]).await
}

struct ContactRow(ContactPoint);
impl FromRow for ContactRow {
    fn from_row(row: &Row<'_>) -> Result<Self> {
        let mut c = Columns::new(row);
        let (customer, id, channel, address) = (c.next()?, c.next()?, c.next()?, c.next::<String>()?);
        let address = Address::parse(channel, &address);
        let address = address.map_err(|_| undecodable::<Address>("address", "text that is no address"))?;
        let (device, added_at) = (c.next()?, c.next()?);
        Ok(ContactRow(ContactPoint { id, customer, address, device, added_at }))
    }
}
/// Where a customer is told beside the number to sign in with, oldest first.
pub async fn contacts(tx: &mut Tx, customer: CustomerId) -> Result<Vec<ContactPoint>> {
    Ok(tx.all::<ContactRow>(&CONTACTS, args![customer]).await?.into_iter().map(|row| row.0).collect())
}
/// Adds an address; one that is there already stays as it is.
pub fn add_contact(tx: &mut Tx, contact: &ContactPoint) {
    let ContactPoint { id, customer, address, device, added_at } = contact;
    tx.put(&CONTACT_ADD, args![*customer, *id, address.channel(), address.to_string(), device.as_str(), *added_at]);
}
/// Removes an address.
pub fn remove_contact(tx: &mut Tx, customer: CustomerId, address: &Address) {
    tx.put(&CONTACT_REMOVE, args![customer, address.channel(), address.to_string()]);
}
