//! Allowances: one row per balance owner, its body written and read by core alone.

use super::columns::undecodable;
use crate::{Error, FromRow, Query, Result, Row, Tx, args};
use everline_core::charging::Allowance;
use everline_core::ids::{CustomerId, LineId};

crate::queries! { ALL;
    LOCK = "SELECT body FROM allowance WHERE customer_id = $1 AND id = $2 FOR UPDATE";
    GET = "SELECT body FROM allowance WHERE customer_id = $1 AND id = $2";
    OF_CUSTOMER = "SELECT id, body FROM allowance WHERE customer_id = $1 ORDER BY id";
    ADD = "INSERT INTO allowance (customer_id, id, version, body) VALUES ($1, $2, 0, $3)";
    SAVE = "UPDATE allowance SET version = version + 1, body = $3 WHERE customer_id = $1 AND id = $2";
    PAGE = "SELECT customer_id, id, body FROM allowance WHERE (customer_id, id) > ($1, $2) ORDER BY customer_id, id LIMIT $3";
}

/// Reads a stored body.
pub(crate) fn decode(body: &[u8]) -> Result<Allowance> {
    Allowance::from_body(body).map_err(|_| undecodable::<Allowance>("body", "bytes that are no allowance"))
}

struct BodyRow(Allowance);
impl FromRow for BodyRow {
    fn from_row(row: &Row<'_>) -> Result<Self> {
        decode(&row.get::<Vec<u8>>(0)?).map(BodyRow)
    }
}

struct LineRow(LineId, Allowance);
impl FromRow for LineRow {
    fn from_row(row: &Row<'_>) -> Result<Self> {
        Ok(LineRow(row.get(0)?, decode(&row.get::<Vec<u8>>(1)?)?))
    }
}

/// Locks and reads the allowance of a line.
pub async fn lock(tx: &mut Tx, customer: CustomerId, line: LineId) -> Result<Allowance> {
    tx.one::<BodyRow>("allowance", &LOCK, args![customer, line]).await.map(|row| row.0)
}
/// Reads the allowance of a line.
pub async fn get(tx: &mut Tx, customer: CustomerId, line: LineId) -> Result<Allowance> {
    tx.one::<BodyRow>("allowance", &GET, args![customer, line]).await.map(|row| row.0)
}
/// All allowances of a customer.
#[must_use]
pub fn of_customer(customer: CustomerId) -> Query<(LineId, Allowance)> {
    Query::<LineRow>::new(&OF_CUSTOMER, args![customer]).map(|row| (row.0, row.1))
}
/// Adds the allowance of a new line.
pub fn add(tx: &mut Tx, customer: CustomerId, line: LineId, allowance: &Allowance) {
    tx.put(&ADD, args![customer, line, allowance.to_body()]);
}
/// Saves a locked allowance.
pub fn save(tx: &mut Tx, customer: CustomerId, line: LineId, allowance: &Allowance) {
    tx.put(&SAVE, args![customer, line, allowance.to_body()]);
}
/// A stored row whose body may be damaged, for `verify`.
pub type Stored = (CustomerId, LineId, Vec<u8>);

/// The next rows after a key, for `verify`.
pub async fn page(tx: &mut Tx, after: (CustomerId, LineId), limit: i64) -> Result<Vec<Stored>, Error> {
    tx.all(&PAGE, args![after.0, after.1, limit]).await
}
