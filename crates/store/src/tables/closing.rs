//! Accounts that their owners close.

use super::columns::Columns;
use crate::{FromRow, Result, Row, Tx, args};
use everline_core::closing::ClosingState;
use everline_core::ids::{CustomerId, RawId};
use everline_core::time::SystemTime;

macro_rules! closing_columns {
    () => {
        "customer_id, id, sealed, state, paid_out, lapsed, bank_id, asked_at, taken_by"
    };
}

crate::queries! { ALL;
    ADD = "INSERT INTO closing_request (customer_id, id, sealed, state, paid_out, lapsed, asked_at) VALUES ($1, $2, $3, $4, 0, 0, $5)";
    GET = concat!("SELECT ", closing_columns!(), " FROM closing_request WHERE customer_id = $1 AND id = $2");
    OPEN_OF = concat!("SELECT ", closing_columns!(), " FROM closing_request WHERE customer_id = $1 AND state IN ('asked', 'sending', 'paid_out')");
    QUEUE = concat!("SELECT ", closing_columns!(), " FROM closing_request WHERE state IN ('asked', 'sending', 'paid_out') ORDER BY asked_at LIMIT $1");
    TAKE = "UPDATE closing_request SET state = $3, paid_out = $4, taken_at = $5, taken_by = $6 WHERE customer_id = $1 AND id = $2";
    SETTLE = "UPDATE closing_request SET state = $3, paid_out = $4, lapsed = $5, bank_id = $6, settled_at = $7, settled_by = $8 \
        WHERE customer_id = $1 AND id = $2";
    END = "UPDATE closing_request SET state = $3, sealed = NULL WHERE customer_id = $1 AND id = $2";
}

/// A closing as stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Closing {
    /// Whose account.
    pub customer: CustomerId,
    /// Its id.
    pub id: RawId,
    /// Where the money goes, sealed; gone when it is over.
    pub sealed: Option<Vec<u8>>,
    /// Where it is.
    pub state: ClosingState,
    /// Paid credit that was set aside and went out, in millionths.
    pub paid_out: i64,
    /// Promotional credit that lapsed, in millionths.
    pub lapsed: i64,
    /// The bank's id of the payment.
    pub bank_id: Option<String>,
    /// When it was asked for.
    pub asked_at: SystemTime,
    /// Who sends the money, by login.
    pub taken_by: Option<String>,
}
impl FromRow for Closing {
    fn from_row(row: &Row<'_>) -> Result<Self> {
        let mut c = Columns::new(row);
        Ok(Closing {
            customer: c.next()?,
            id: c.next()?,
            sealed: c.next()?,
            state: c.next()?,
            paid_out: c.next()?,
            lapsed: c.next()?,
            bank_id: c.next()?,
            asked_at: c.next()?,
            taken_by: c.next()?,
        })
    }
}

/// An owner asks for it.
pub fn add(tx: &mut Tx, closing: &Closing) {
    let Closing { customer, id, state, asked_at, .. } = *closing;
    tx.put(&ADD, args![customer, id, closing.sealed.clone(), state, asked_at]);
}
/// A closing.
pub async fn get(tx: &mut Tx, customer: CustomerId, id: RawId) -> Result<Option<Closing>> {
    tx.maybe(&GET, args![customer, id]).await
}
/// The open closing of an account.
pub async fn open_of(tx: &mut Tx, customer: CustomerId) -> Result<Option<Closing>> {
    tx.maybe(&OPEN_OF, args![customer]).await
}
/// The open closings, oldest first.
pub async fn queue(tx: &mut Tx, limit: i64) -> Result<Vec<Closing>> {
    tx.all(&QUEUE, args![limit]).await
}
/// Somebody takes it upon them to send the money, which is set aside.
pub fn take(tx: &mut Tx, closing: &Closing, at: SystemTime) {
    let Closing { customer, id, state, paid_out, .. } = *closing;
    tx.put(&TAKE, args![customer, id, state, paid_out, at, closing.taken_by.clone()]);
}
/// Staff paid it out.
pub fn settle(tx: &mut Tx, closing: &Closing, at: SystemTime, by: &str) {
    let Closing { customer, id, state, paid_out, lapsed, .. } = *closing;
    tx.put(&SETTLE, args![customer, id, state, paid_out, lapsed, closing.bank_id.clone(), at, by]);
}
/// It is over, and where the money went is forgotten.
pub fn end(tx: &mut Tx, customer: CustomerId, id: RawId, state: ClosingState) {
    tx.put(&END, args![customer, id, state]);
}
