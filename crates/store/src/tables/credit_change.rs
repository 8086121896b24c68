//! Credit that staff gave or corrected.

use super::columns::{Columns, undecodable};
use crate::{FromRow, Result, Row, Tx, args};
use everline_core::credit_change::CreditChange;
use everline_core::ids::{CustomerId, RawId};
use everline_core::money::Money;
use everline_core::refund_request::{Decided, RequestState};
use everline_core::time::BusinessTime;

macro_rules! columns {
    () => {
        "customer_id, id, kind, currency, amount, reason, asked_by, asked_at, state, decided_by, decided_at"
    };
}

crate::queries! { ALL;
    GET = concat!("SELECT ", columns!(), " FROM credit_change WHERE customer_id = $1 AND id = $2");
    NEWEST = concat!("SELECT ", columns!(), " FROM credit_change WHERE customer_id = $1 ORDER BY asked_at DESC, id DESC LIMIT $2");
    WAITING = concat!("SELECT ", columns!(), " FROM credit_change WHERE state = 'requested' ORDER BY asked_at LIMIT $1");
    ADD = concat!("INSERT INTO credit_change (", columns!(), ") VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)");
    DECIDE = "UPDATE credit_change SET state = $3, decided_by = $4, decided_at = $5 WHERE customer_id = $1 AND id = $2 AND state = 'requested'";
}

struct ChangeRow(CreditChange);
impl FromRow for ChangeRow {
    fn from_row(row: &Row<'_>) -> Result<Self> {
        let mut c = Columns::new(row);
        let (customer, id, kind, currency) = (c.next()?, c.next()?, c.next()?, c.next()?);
        let (amount, reason) = (Money::from_micros(c.next()?, currency), c.next()?);
        let (asked_by, asked_at) = (c.next()?, c.next()?);
        let state: String = c.next()?;
        let (by, at): (Option<RawId>, Option<BusinessTime>) = (c.next()?, c.next()?);
        let state = RequestState::from_word(&state, by.zip(at).map(|(by, at)| Decided { by, at }));
        let state =
            state.ok_or_else(|| undecodable::<RequestState>("state", "another word, or columns of another state"))?;
        Ok(ChangeRow(CreditChange { id, customer, kind, amount, reason, asked_by, asked_at, state }))
    }
}

/// One change.
pub async fn get(tx: &mut Tx, customer: CustomerId, id: RawId) -> Result<Option<CreditChange>> {
    Ok(tx.maybe::<ChangeRow>(&GET, args![customer, id]).await?.map(|row| row.0))
}
/// The newest changes of a customer's credit.
pub async fn newest(tx: &mut Tx, customer: CustomerId, limit: i64) -> Result<Vec<CreditChange>> {
    Ok(tx.all::<ChangeRow>(&NEWEST, args![customer, limit]).await?.into_iter().map(|row| row.0).collect())
}
/// Changes that wait for a second person, oldest first.
pub async fn waiting(tx: &mut Tx, limit: i64) -> Result<Vec<CreditChange>> {
    Ok(tx.all::<ChangeRow>(&WAITING, args![limit]).await?.into_iter().map(|row| row.0).collect())
}
/// Adds a change.
pub fn add(tx: &mut Tx, q: &CreditChange) {
    let decided = q.state.decided();
    tx.put(
        &ADD,
        args![
            q.customer,
            q.id,
            q.kind,
            q.amount.currency(),
            q.amount.micros(),
            q.reason.as_deref(),
            q.asked_by,
            q.asked_at,
            q.state.word(),
            decided.map(|decided| decided.by),
            decided.map(|decided| decided.at)
        ],
    );
}
/// Writes the decision about a change that waits. False if it was decided meanwhile.
pub async fn decide(tx: &mut Tx, q: &CreditChange) -> Result<bool> {
    let decided = q.state.decided();
    let (by, at) = (decided.map(|decided| decided.by), decided.map(|decided| decided.at));
    tx.exec_one(&DECIDE, args![q.customer, q.id, q.state.word(), by, at]).await
}
