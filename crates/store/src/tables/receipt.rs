//! Receipts and their numbers, and whom they named as the payee. A receipt has its id at once; one numberer per brand gives
//! gap-free numbers in batches, and writes down which card served the line then.

use super::columns::undecodable;
use crate::{Result, Tx, args};
use everline_core::brand::Localized;
use everline_core::effects::Receipt;
use everline_core::identifiers::Iccid;
use everline_core::ids::{CustomerId, OrderId, ReceiptId};
use everline_core::receipt::Payee;
use everline_core::time::BusinessTime;

crate::queries! { ALL;
    ADD = "INSERT INTO receipt (id, customer_id, order_id, issued_at) VALUES ($1, $2, $3, $4)";
    ADD_UNNUMBERED = "INSERT INTO receipt_unnumbered (id, customer_id) VALUES ($1, $2)";
    GET = "SELECT issued_at FROM receipt WHERE id = $1 AND customer_id = $2";
    OF_ID = "SELECT customer_id, order_id FROM receipt WHERE id = $1";
    NUMBER = "SELECT number, iccid FROM receipt_number WHERE receipt_id = $1";
    COUNTER_LOCK = "SELECT value FROM setting WHERE name = 'receipt_number' FOR UPDATE";
    COUNTER_SET = "UPDATE setting SET value = $1 WHERE name = 'receipt_number'";
    UNNUMBERED = "SELECT u.id, u.customer_id, s.iccid FROM receipt_unnumbered u \
        LEFT JOIN receipt r ON r.id = u.id AND r.customer_id = u.customer_id \
        LEFT JOIN orders o ON o.customer_id = r.customer_id AND o.id = r.order_id \
        LEFT JOIN sim s ON s.line_id = o.line_id AND s.role = 'primary' \
        ORDER BY u.id LIMIT $1";
    NUMBER_ADD = "INSERT INTO receipt_number (number, receipt_id, customer_id, iccid) VALUES ($1, $2, $3, $4)";
    UNNUMBERED_REMOVE = "DELETE FROM receipt_unnumbered WHERE id = $1";
    PAGE = "SELECT id, customer_id, order_id, issued_at FROM receipt WHERE (id, customer_id) > ($1, $2) ORDER BY id, customer_id LIMIT $3";
    NUMBER_PAGE = "SELECT number, receipt_id FROM receipt_number WHERE number > $1 ORDER BY number LIMIT $2";
    IS_UNNUMBERED = "SELECT customer_id FROM receipt_unnumbered WHERE id = $1";
    PAYEE_ADD = "INSERT INTO former_payee (until_at, legal_name, credit_code) VALUES ($1, $2, $3) ON CONFLICT (until_at) DO NOTHING";
    PAYEE_AT = "SELECT legal_name, credit_code FROM former_payee WHERE until_at > $1 ORDER BY until_at LIMIT 1";
}

/// A receipt as it is stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stored {
    /// When it was issued.
    pub issued_at: BusinessTime,
    /// Its number, once it has one.
    pub number: Option<i64>,
    /// The card that served the line when it was numbered, masked.
    pub iccid: Option<String>,
}

/// Issues a receipt and queues it for its number.
pub fn add(tx: &mut Tx, customer: CustomerId, receipt: &Receipt) {
    tx.put(&ADD, args![receipt.id, customer, receipt.order, receipt.issued_at]);
    tx.put(&ADD_UNNUMBERED, args![receipt.id, customer]);
}
/// A receipt, and its number if it has one.
pub async fn get(tx: &mut Tx, customer: CustomerId, id: ReceiptId) -> Result<Option<Stored>> {
    let Some((issued_at,)) = tx.maybe::<(BusinessTime,)>(&GET, args![id, customer]).await? else { return Ok(None) };
    let numbered: Option<(i64, Option<String>)> = tx.maybe(&NUMBER, args![id]).await?;
    let (number, iccid) = numbered.map_or((None, None), |(number, iccid)| (Some(number), iccid));
    Ok(Some(Stored { issued_at, number, iccid }))
}
/// Whose a receipt is, and of which order.
pub async fn of_id(tx: &mut Tx, id: ReceiptId) -> Result<Option<(CustomerId, OrderId)>> {
    tx.maybe(&OF_ID, args![id]).await
}
/// Gives the next numbers to receipts that have none; how many were given. The counter's row is locked, so that two nodes
/// cannot give one number twice.
pub async fn number_batch(tx: &mut Tx, limit: i64) -> Result<usize> {
    let counter: (String,) = tx.one("receipt counter", &COUNTER_LOCK, args![]).await?;
    let mut number: i64 = counter.0.parse().unwrap_or(0);
    let mut batch: Vec<(ReceiptId, CustomerId, Option<Iccid>)> = tx.all(&UNNUMBERED, args![limit]).await?;
    // A line has one primary Sim; were there two, its receipt would still get one number.
    batch.dedup_by_key(|row| row.0);
    for (receipt, customer, iccid) in &batch {
        number += 1;
        tx.put(&NUMBER_ADD, args![number, *receipt, *customer, iccid.as_ref().map(Iccid::masked)]);
        tx.put(&UNNUMBERED_REMOVE, args![*receipt]);
    }
    if !batch.is_empty() {
        tx.put(&COUNTER_SET, args![number.to_string()]);
    }
    Ok(batch.len())
}
/// Keeps whom receipts named until now.
pub fn add_former_payee(tx: &mut Tx, until: BusinessTime, payee: &Payee) {
    let legal_name = serde_json::to_string(&payee.legal_name).unwrap_or_default(); // texts by language cannot fail
    tx.put(&PAYEE_ADD, args![until, legal_name, payee.credit_code.as_str()]);
}
/// Whom a receipt issued at this time named, if the brand was called otherwise then.
pub async fn former_payee(tx: &mut Tx, issued_at: BusinessTime) -> Result<Option<Payee>> {
    let found: Option<(String, String)> = tx.maybe(&PAYEE_AT, args![issued_at]).await?;
    found
        .map(|(legal_name, credit_code)| {
            let legal_name: Localized =
                serde_json::from_str(&legal_name).map_err(|_| undecodable::<Localized>("legal_name", "text"))?;
            Ok(Payee { legal_name, credit_code })
        })
        .transpose()
}
/// The next receipts after a key, for `verify`.
pub async fn page(
    tx: &mut Tx,
    after: (ReceiptId, CustomerId),
    limit: i64,
) -> Result<Vec<(ReceiptId, CustomerId, OrderId, BusinessTime)>> {
    tx.all(&PAGE, args![after.0, after.1, limit]).await
}
/// The next numbers, for `verify`.
pub async fn number_page(tx: &mut Tx, after: i64, limit: i64) -> Result<Vec<(i64, ReceiptId)>> {
    tx.all(&NUMBER_PAGE, args![after, limit]).await
}
/// Whether a receipt waits for its number, for `verify`.
pub async fn waits_for_number(tx: &mut Tx, id: ReceiptId) -> Result<bool> {
    Ok(tx.maybe::<(CustomerId,)>(&IS_UNNUMBERED, args![id]).await?.is_some())
}
