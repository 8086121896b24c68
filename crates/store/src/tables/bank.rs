//! Lines of the operator's bank statements, and what became of them; and refunds that people made from the bank account.

use super::columns::Columns;
use crate::{FromRow, Result, Row, Tx, args};
use everline_core::ids::{AttemptId, CustomerId, RefundId};
use everline_core::money::Money;
use everline_core::time::BusinessTime;

macro_rules! columns {
    () => {
        "bank_id, booked_on, currency, amount, payer, remark, state, customer_id, attempt_id"
    };
}

crate::queries! { ALL;
    ADD = "INSERT INTO bank_line (bank_id, booked_on, currency, amount, payer, remark, state, imported_at) \
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8) ON CONFLICT (bank_id) DO NOTHING";
    GET = concat!("SELECT ", columns!(), " FROM bank_line WHERE bank_id = $1");
    MATCH = "UPDATE bank_line SET state = 'matched', customer_id = $2, attempt_id = $3, matched_by = $4 WHERE bank_id = $1 AND state = 'unmatched'";
    UNMATCHED = concat!("SELECT ", columns!(), " FROM bank_line WHERE state = 'unmatched' AND bank_id > $1 ORDER BY bank_id LIMIT $2");
    REFUND_ADD = "INSERT INTO bank_refund (customer_id, refund_id, bank_id, noted_at, noted_by) VALUES ($1, $2, $3, $4, $5)";
    REFUND_BY_BANK_ID = "SELECT refund_id FROM bank_refund WHERE customer_id = $1 AND bank_id = $2";
    REFUND_GET = "SELECT bank_id FROM bank_refund WHERE customer_id = $1 AND refund_id = $2";
}

/// One line of a statement.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BankLine {
    /// The bank's own id of it.
    pub bank_id: String,
    /// The day on which the bank booked it, as its statement says: `2026-11-22`.
    pub booked_on: String,
    /// How much came; below zero if it went.
    pub amount: Money,
    /// Who sent it, as the bank says.
    pub payer: String,
    /// What the payer wrote.
    pub remark: String,
    /// `unmatched`, `matched` or `outgoing`.
    pub state: String,
    /// The attempt that it became.
    pub became: Option<(CustomerId, AttemptId)>,
}
impl FromRow for BankLine {
    fn from_row(row: &Row<'_>) -> Result<Self> {
        let mut c = Columns::new(row);
        let (bank_id, booked_on, currency) = (c.next()?, c.next()?, c.next()?);
        let amount = Money::from_micros(c.next()?, currency);
        let (payer, remark, state) = (c.next()?, c.next()?, c.next()?);
        let (customer, attempt): (Option<CustomerId>, Option<AttemptId>) = (c.next()?, c.next()?);
        Ok(BankLine { bank_id, booked_on, amount, payer, remark, state, became: customer.zip(attempt) })
    }
}

/// Keeps a line; one that is known stays as it is. What is stored then.
pub async fn keep(tx: &mut Tx, line: &BankLine, at: BusinessTime) -> Result<BankLine> {
    let BankLine { bank_id, booked_on, amount, payer, remark, state, .. } = line;
    let values = args![bank_id, booked_on, amount.currency(), amount.micros(), payer, remark, state, at];
    tx.exec(&ADD, values).await?;
    tx.one("bank line", &GET, args![bank_id]).await
}
/// A line by the bank's id.
pub async fn get(tx: &mut Tx, bank_id: &str) -> Result<Option<BankLine>> {
    tx.maybe(&GET, args![bank_id]).await
}
/// Says what a line became; `by` is the login of who said so, absent for its reference. False if it became something before.
pub async fn matched(
    tx: &mut Tx,
    bank_id: &str,
    (customer, attempt): (CustomerId, AttemptId),
    by: Option<&str>,
) -> Result<bool> {
    tx.exec_one(&MATCH, args![bank_id, customer, attempt, by]).await
}
/// The next lines that became nothing yet.
pub async fn unmatched(tx: &mut Tx, after: &str, limit: i64) -> Result<Vec<BankLine>> {
    tx.all(&UNMATCHED, args![after, limit]).await
}
/// Keeps that a refund was made from the bank account.
pub fn add_refund(
    tx: &mut Tx,
    (customer, refund): (CustomerId, RefundId),
    bank_id: &str,
    (at, by): (BusinessTime, &str),
) {
    tx.put(&REFUND_ADD, args![customer, refund, bank_id, at, by]);
}
/// Which refund of a customer a bank's id names already.
pub async fn refund_by_bank_id(tx: &mut Tx, customer: CustomerId, bank_id: &str) -> Result<Option<RefundId>> {
    Ok(tx.maybe::<(RefundId,)>(&REFUND_BY_BANK_ID, args![customer, bank_id]).await?.map(|row| row.0))
}
/// The bank's id of a refund that was made from the bank account.
pub async fn refund(tx: &mut Tx, customer: CustomerId, refund: RefundId) -> Result<Option<String>> {
    Ok(tx.maybe::<(String,)>(&REFUND_GET, args![customer, refund]).await?.map(|row| row.0))
}
