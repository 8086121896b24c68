//! Receipts and their numbers. A receipt has its id at once; one numberer per brand gives gap-free numbers in batches.

use crate::{Result, Tx, args};
use everline_core::effects::Receipt;
use everline_core::ids::{CustomerId, OrderId, ReceiptId};
use everline_core::time::BusinessTime;

crate::queries! { ALL;
    ADD = "INSERT INTO receipt (id, customer_id, order_id, issued_at) VALUES ($1, $2, $3, $4)";
    ADD_UNNUMBERED = "INSERT INTO receipt_unnumbered (id, customer_id) VALUES ($1, $2)";
    GET = "SELECT issued_at FROM receipt WHERE id = $1 AND customer_id = $2";
    NUMBER = "SELECT number FROM receipt_number WHERE receipt_id = $1";
    COUNTER_LOCK = "SELECT value FROM setting WHERE name = 'receipt_number' FOR UPDATE";
    COUNTER_SET = "UPDATE setting SET value = $1 WHERE name = 'receipt_number'";
    UNNUMBERED = "SELECT id, customer_id FROM receipt_unnumbered ORDER BY id LIMIT $1";
    NUMBER_ADD = "INSERT INTO receipt_number (number, receipt_id, customer_id) VALUES ($1, $2, $3)";
    UNNUMBERED_REMOVE = "DELETE FROM receipt_unnumbered WHERE id = $1";
    PAGE = "SELECT id, customer_id, order_id, issued_at FROM receipt WHERE (id, customer_id) > ($1, $2) ORDER BY id, customer_id LIMIT $3";
    NUMBER_PAGE = "SELECT number, receipt_id FROM receipt_number WHERE number > $1 ORDER BY number LIMIT $2";
    IS_UNNUMBERED = "SELECT customer_id FROM receipt_unnumbered WHERE id = $1";
}

/// Issues a receipt and queues it for its number.
pub fn add(tx: &mut Tx, customer: CustomerId, receipt: &Receipt) {
    tx.put(&ADD, args![receipt.id, customer, receipt.order, receipt.issued_at]);
    tx.put(&ADD_UNNUMBERED, args![receipt.id, customer]);
}
/// When a receipt was issued, and its number if it has one.
pub async fn get(tx: &mut Tx, customer: CustomerId, id: ReceiptId) -> Result<Option<(BusinessTime, Option<i64>)>> {
    let Some((issued_at,)) = tx.maybe::<(BusinessTime,)>(&GET, args![id, customer]).await? else { return Ok(None) };
    let number = tx.maybe::<(i64,)>(&NUMBER, args![id]).await?;
    Ok(Some((issued_at, number.map(|row| row.0))))
}
/// Gives the next numbers to receipts that have none; how many were given. The counter's row is locked, so that two nodes
/// cannot give one number twice.
pub async fn number_batch(tx: &mut Tx, limit: i64) -> Result<usize> {
    let counter: (String,) = tx.one("receipt counter", &COUNTER_LOCK, args![]).await?;
    let mut number: i64 = counter.0.parse().unwrap_or(0);
    let batch: Vec<(ReceiptId, CustomerId)> = tx.all(&UNNUMBERED, args![limit]).await?;
    for (receipt, customer) in &batch {
        number += 1;
        tx.put(&NUMBER_ADD, args![number, *receipt, *customer]);
        tx.put(&UNNUMBERED_REMOVE, args![*receipt]);
    }
    if !batch.is_empty() {
        tx.put(&COUNTER_SET, args![number.to_string()]);
    }
    Ok(batch.len())
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
