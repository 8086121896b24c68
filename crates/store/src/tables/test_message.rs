//! Test messages that the staff sent. What a provider reports of one stands under its reference, as of any message that is
//! nobody's.

use super::columns::Columns;
use crate::{FromRow, Result, Row, Tx, args};
use everline_core::ids::{MessageId, RawId};
use everline_core::message::{Channel, Fate, Reason, Reported};
use everline_core::time::SystemTime;

crate::queries! { ALL;
    ADD = "INSERT INTO test_message (id, staff_id, channel, template, language, masked, address_hash, fate, sent_at, fate_at) \
        VALUES ($1, $2, $3, $4, $5, $6, $7, 'unknown', $8, $8)";
    EXISTS = "SELECT sent_at FROM test_message WHERE id = $1";
    SETTLE = "UPDATE test_message SET fate = $2, reason = $3, reference = $4, fate_at = $5 WHERE id = $1 AND fate = 'unknown'";
    NEWEST = "SELECT t.id, t.staff_id, t.channel, t.template, t.language, t.masked, t.address_hash, t.fate, t.reason, t.sent_at, t.fate_at, \
        r.reported, r.reason FROM test_message t LEFT JOIN message_reference r ON r.name = t.reference WHERE t.id >= $1 ORDER BY t.id DESC LIMIT $2";
}

/// A test message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TestMessage {
    /// Its id.
    pub id: MessageId,
    /// Who sent it.
    pub staff: RawId,
    /// The way.
    pub channel: Channel,
    /// The template's name.
    pub template: String,
    /// BCP 47.
    pub language: String,
    /// Enough of the address to know it again.
    pub masked: String,
    /// A keyed hash of it.
    pub address_hash: Vec<u8>,
    /// How far it is; what its provider reported included.
    pub fate: Fate,
    /// Why it failed.
    pub reason: Option<Reason>,
    /// When it was sent.
    pub sent_at: SystemTime,
    /// When its provider answered.
    pub fate_at: SystemTime,
}
impl FromRow for TestMessage {
    fn from_row(row: &Row<'_>) -> Result<Self> {
        let mut c = Columns::new(row);
        let (id, staff, channel, template, language) = (c.next()?, c.next()?, c.next()?, c.next()?, c.next()?);
        let (masked, address_hash, fate) = (c.next()?, c.next()?, c.next()?);
        let reason: Option<String> = c.next()?;
        let (sent_at, fate_at) = (c.next()?, c.next()?);
        let (reported, why): (Option<Reported>, Option<String>) = (c.next()?, c.next()?);
        let (fate, reason) = match reported {
            Some(Reported::Delivered) => (Fate::Delivered, None),
            Some(Reported::Failed) => (Fate::Failed, why),
            None => (fate, reason),
        };
        let reason = reason.map(|code| Reason::of(&code));
        Ok(TestMessage { id, staff, channel, template, language, masked, address_hash, fate, reason, sent_at, fate_at })
    }
}

/// Writes down one that is about to be sent: nobody knows yet what becomes of it.
pub fn add(tx: &mut Tx, new: &TestMessage) {
    let TestMessage { id, staff, channel, sent_at, .. } = *new;
    let (template, language, masked) = (new.template.as_str(), new.language.as_str(), new.masked.as_str());
    tx.put(&ADD, args![id, staff, channel, template, language, masked, new.address_hash.clone(), sent_at]);
}
/// Whether one with this id was sent.
pub async fn exists(tx: &mut Tx, id: MessageId) -> Result<bool> {
    Ok(tx.maybe::<(SystemTime,)>(&EXISTS, args![id]).await?.is_some())
}
/// Writes down what its provider answered, once.
pub async fn settle(
    tx: &mut Tx,
    id: MessageId,
    (fate, reason): (Fate, Option<&Reason>),
    reference: Option<&str>,
    at: SystemTime,
) -> Result<bool> {
    tx.exec_one(&SETTLE, args![id, fate, reason.map(Reason::as_str), reference, at]).await
}
/// Those whose ids are not before one, newest first.
pub async fn newest(tx: &mut Tx, from: RawId, limit: i64) -> Result<Vec<TestMessage>> {
    tx.all(&NEWEST, args![from, limit]).await
}
