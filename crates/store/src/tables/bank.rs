//! Lines of the operator's bank statements, and what became of them; and refunds that people made from the bank account.

use super::columns::Columns;
use crate::{FromRow, Result, Row, Tx, args};
use everline_core::ids::{AttemptId, BillLineId, CustomerId, RefundId};
use everline_core::money::{Currency, Money};
use everline_core::time::{BusinessTime, SystemTime};

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
    ARRIVED = "UPDATE bank_line SET state = 'payout', bill_line_id = $2 WHERE bank_id = $1 AND state = 'unmatched'";
    PAYOUTS_OF = "SELECT b.id FROM bill_line b LEFT JOIN bank_line k ON k.bill_line_id = b.id \
        WHERE b.kind = 'payout' AND b.amount = $1 AND b.currency = $2 AND b.at >= $3 AND b.at < $4 AND k.bank_id IS NULL ORDER BY b.id LIMIT 2";
    PAYOUTS_MISSING = "SELECT b.provider, b.day, b.number, b.currency, b.amount FROM bill_line b LEFT JOIN bank_line k ON k.bill_line_id = b.id \
        WHERE b.kind = 'payout' AND b.amount > 0 AND k.bank_id IS NULL ORDER BY b.at LIMIT $1";
    REFUND_ADD = "INSERT INTO bank_refund (customer_id, refund_id, bank_id, noted_at, noted_by) VALUES ($1, $2, $3, $4, $5)";
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
    /// `unmatched`, `matched`, `payout` or `outgoing`.
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
/// Says that a line is the arrival of a provider's payout. False if it became something before.
pub async fn arrived(tx: &mut Tx, bank_id: &str, payout: BillLineId) -> Result<bool> {
    tx.exec_one(&ARRIVED, args![bank_id, payout]).await
}
/// Payouts of an amount, told of in a time, that did not arrive yet: at most two.
pub async fn payouts_of(tx: &mut Tx, amount: Money, from: SystemTime, until: SystemTime) -> Result<Vec<BillLineId>> {
    let found = tx.all::<(BillLineId,)>(&PAYOUTS_OF, args![amount.micros(), amount.currency(), from, until]).await?;
    Ok(found.into_iter().map(|row| row.0).collect())
}
/// The oldest payouts that no statement has: provider, day of the bill, number, currency and millionths.
pub async fn payouts_missing(tx: &mut Tx, limit: i64) -> Result<Vec<(String, String, String, Currency, i64)>> {
    tx.all(&PAYOUTS_MISSING, args![limit]).await
}
/// The next lines that became nothing yet.
pub async fn unmatched(tx: &mut Tx, after: &str, limit: i64) -> Result<Vec<BankLine>> {
    tx.all(&UNMATCHED, args![after, limit]).await
}
/// Keeps that a refund was made from the bank account; the directory leads from the bank's id to it.
pub fn add_refund(
    tx: &mut Tx,
    (customer, refund): (CustomerId, RefundId),
    bank_id: &str,
    (at, by): (BusinessTime, &str),
) {
    tx.put(&REFUND_ADD, args![customer, refund, bank_id, at, by]);
}
/// The bank's id of a refund that was made from the bank account.
pub async fn refund(tx: &mut Tx, customer: CustomerId, refund: RefundId) -> Result<Option<String>> {
    Ok(tx.maybe::<(String,)>(&REFUND_GET, args![customer, refund]).await?.map(|row| row.0))
}
