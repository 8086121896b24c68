//! Requests to be let in by people.

use super::columns::Columns;
use crate::{FromRow, Result, Row, Tx, args};
use everline_core::account::RecoveryState;
use everline_core::identifiers::Msisdn;
use everline_core::ids::{CustomerId, RawId};
use everline_core::time::SystemTime;

macro_rules! recovery_columns {
    () => {
        "customer_id, id, contact, reason, state, asked_at, due_at"
    };
}

crate::queries! { ALL;
    ADD = "INSERT INTO recovery_request (customer_id, id, contact, reason, state, asked_at, due_at) VALUES ($1, $2, $3, $4, $5, $6, $7)";
    GET = concat!("SELECT ", recovery_columns!(), " FROM recovery_request WHERE customer_id = $1 AND id = $2");
    OPEN_OF = concat!("SELECT ", recovery_columns!(), " FROM recovery_request WHERE customer_id = $1 AND state IN ('waiting', 'ready') ORDER BY id");
    QUEUE = concat!("SELECT ", recovery_columns!(), " FROM recovery_request WHERE state IN ('waiting', 'ready') ORDER BY due_at LIMIT $1");
    SETTLE = "UPDATE recovery_request SET state = $3, settled_at = $4, settled_by = $5, note = $6 WHERE customer_id = $1 AND id = $2";
    STOP_ALL = "UPDATE recovery_request SET state = 'stopped', settled_at = $2 WHERE customer_id = $1 AND state IN ('waiting', 'ready')";
}

/// A request as stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Recovery {
    /// Whose account it is about.
    pub customer: CustomerId,
    /// Its id.
    pub id: RawId,
    /// Where its asker can be reached; proved by a code.
    pub contact: Msisdn,
    /// Why no code arrives, in the asker's words.
    pub reason: Option<String>,
    /// Where it is.
    pub state: RecoveryState,
    /// When it was asked for.
    pub asked_at: SystemTime,
    /// From when staff may decide.
    pub due_at: SystemTime,
}
impl FromRow for Recovery {
    fn from_row(row: &Row<'_>) -> Result<Self> {
        let mut c = Columns::new(row);
        Ok(Recovery {
            customer: c.next()?,
            id: c.next()?,
            contact: c.next()?,
            reason: c.next()?,
            state: c.next()?,
            asked_at: c.next()?,
            due_at: c.next()?,
        })
    }
}

/// Adds a request.
pub fn add(tx: &mut Tx, r: &Recovery) {
    let (contact, reason) = (r.contact.as_str(), r.reason.clone());
    tx.put(&ADD, args![r.customer, r.id, contact, reason, r.state, r.asked_at, r.due_at]);
}
/// A request.
pub async fn get(tx: &mut Tx, customer: CustomerId, id: RawId) -> Result<Option<Recovery>> {
    tx.maybe(&GET, args![customer, id]).await
}
/// The requests about an account that are open, oldest first.
pub async fn open_of(tx: &mut Tx, customer: CustomerId) -> Result<Vec<Recovery>> {
    tx.all(&OPEN_OF, args![customer]).await
}
/// The open requests of all accounts, those that are due first.
pub async fn queue(tx: &mut Tx, limit: i64) -> Result<Vec<Recovery>> {
    tx.all(&QUEUE, args![limit]).await
}
/// A request came into another state; by whom and why, where staff decided.
pub fn settle(tx: &mut Tx, recovery: &Recovery, at: Option<SystemTime>, by: Option<(RawId, &str)>) {
    let Recovery { customer, id, state, .. } = recovery;
    let (by, note) = (by.map(|by| by.0), by.map(|by| by.1.to_owned()));
    tx.put(&SETTLE, args![*customer, *id, *state, at, by, note]);
}
/// Stops what is open about an account: its owner signed in.
pub fn stop_all(tx: &mut Tx, customer: CustomerId, at: SystemTime) {
    tx.put(&STOP_ALL, args![customer, at]);
}
