//! Refunds that staff asked for.

use super::columns::{Columns, undecodable};
use crate::{FromRow, Result, Row, Tx, args};
use everline_core::ids::{CustomerId, OrderId, RawId};
use everline_core::money::Money;
use everline_core::refund_request::{Decided, RefundRequest, RequestState};
use everline_core::time::BusinessTime;

macro_rules! columns {
    () => {
        "q.customer_id, q.id, q.order_id, q.asked_by, q.asked_at, q.currency, q.amount, q.keeps, q.reason, q.state, q.decided_by, q.decided_at"
    };
}

crate::queries! { ALL;
    OF_ORDER = concat!("SELECT ", columns!(), " FROM refund_request q WHERE q.customer_id = $1 AND q.order_id = $2 ORDER BY q.asked_at, q.id");
    GET = concat!("SELECT ", columns!(), " FROM refund_request q WHERE q.customer_id = $1 AND q.id = $2");
    ADD = "INSERT INTO refund_request (customer_id, id, order_id, asked_by, asked_at, currency, amount, keeps, reason, state, decided_by, decided_at) \
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)";
    DECIDE = "UPDATE refund_request SET state = $3, decided_by = $4, decided_at = $5 WHERE customer_id = $1 AND id = $2 AND state = 'requested'";
    WAITING = "SELECT o.number, q.asked_at, q.amount, q.currency, q.asked_by FROM refund_request q \
        JOIN orders o ON o.customer_id = q.customer_id AND o.id = q.order_id WHERE q.state = 'requested' ORDER BY q.asked_at LIMIT $1";
}

struct RequestRow(RefundRequest);
impl FromRow for RequestRow {
    fn from_row(row: &Row<'_>) -> Result<Self> {
        let mut c = Columns::new(row);
        let (customer, id, order, asked_by, asked_at) = (c.next()?, c.next()?, c.next()?, c.next()?, c.next()?);
        let currency = c.next()?;
        let (amount, keeps, reason) = (Money::from_micros(c.next()?, currency), c.next()?, c.next()?);
        let state: String = c.next()?;
        let (by, at): (Option<RawId>, Option<BusinessTime>) = (c.next()?, c.next()?);
        let state = RequestState::from_word(&state, by.zip(at).map(|(by, at)| Decided { by, at }));
        let state =
            state.ok_or_else(|| undecodable::<RequestState>("state", "another word, or columns of another state"))?;
        Ok(RequestRow(RefundRequest { id, customer, order, asked_by, asked_at, amount, keeps, reason, state }))
    }
}

/// The requests about an order, oldest first.
pub async fn of_order(tx: &mut Tx, customer: CustomerId, order: OrderId) -> Result<Vec<RefundRequest>> {
    Ok(tx.all::<RequestRow>(&OF_ORDER, args![customer, order]).await?.into_iter().map(|row| row.0).collect())
}
/// One request.
pub async fn get(tx: &mut Tx, customer: CustomerId, id: RawId) -> Result<Option<RefundRequest>> {
    Ok(tx.maybe::<RequestRow>(&GET, args![customer, id]).await?.map(|row| row.0))
}
/// Adds a request.
pub fn add(tx: &mut Tx, q: &RefundRequest) {
    let decided = q.state.decided();
    tx.put(
        &ADD,
        args![
            q.customer,
            q.id,
            q.order,
            q.asked_by,
            q.asked_at,
            q.amount.currency(),
            q.amount.micros(),
            q.keeps,
            q.reason.as_deref(),
            q.state.word(),
            decided.map(|decided| decided.by),
            decided.map(|decided| decided.at)
        ],
    );
}
/// Writes the decision of a request that waits. False if it was decided meanwhile.
pub async fn decide(tx: &mut Tx, q: &RefundRequest) -> Result<bool> {
    let decided = q.state.decided();
    let (by, at) = (decided.map(|decided| decided.by), decided.map(|decided| decided.at));
    tx.exec_one(&DECIDE, args![q.customer, q.id, q.state.word(), by, at]).await
}

/// A request that waits for a second person.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Waiting {
    /// The order's number.
    pub order: String,
    /// Since when.
    pub asked_at: BusinessTime,
    /// How much.
    pub amount: Money,
    /// Who asked.
    pub asked_by: RawId,
}
impl FromRow for Waiting {
    fn from_row(row: &Row<'_>) -> Result<Self> {
        let mut c = Columns::new(row);
        let (order, asked_at, micros) = (c.next()?, c.next()?, c.next()?);
        Ok(Waiting { order, asked_at, amount: Money::from_micros(micros, c.next()?), asked_by: c.next()? })
    }
}
/// Requests that wait for a second person, oldest first.
pub async fn waiting(tx: &mut Tx, limit: i64) -> Result<Vec<Waiting>> {
    tx.all(&WAITING, args![limit]).await
}
