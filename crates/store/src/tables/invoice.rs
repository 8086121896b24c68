//! Requests for invoices.

use super::columns::{Columns, undecodable};
use crate::{FromRow, Result, Row, Tx, args};
use everline_core::ids::{CustomerId, OrderId, RawId};
use everline_core::invoice::{Buyer, Email, InvoiceRequest, InvoiceState, Issue, Settled, TaxNumber};
use everline_core::time::BusinessTime;

macro_rules! columns {
    () => {
        "i.customer_id, i.order_id, i.buyer, i.title, i.tax_number, i.email, i.state, i.asked_at, i.settled_at, i.settled_by, i.number, i.link, i.reason"
    };
}

crate::queries! { ALL;
    GET = concat!("SELECT ", columns!(), " FROM invoice_request i WHERE i.customer_id = $1 AND i.order_id = $2");
    LOCK = concat!("SELECT ", columns!(), " FROM invoice_request i WHERE i.customer_id = $1 AND i.order_id = $2 FOR UPDATE");
    SAVE = "INSERT INTO invoice_request (customer_id, order_id, buyer, title, tax_number, email, state, asked_at, settled_at, settled_by, \
        number, link, reason) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13) \
        ON CONFLICT (customer_id, order_id) DO UPDATE SET buyer = excluded.buyer, title = excluded.title, tax_number = excluded.tax_number, \
        email = excluded.email, state = excluded.state, asked_at = excluded.asked_at, settled_at = excluded.settled_at, \
        settled_by = excluded.settled_by, number = excluded.number, link = excluded.link, reason = excluded.reason";
    WAITING = "SELECT o.number, i.asked_at FROM invoice_request i \
        JOIN orders o ON o.customer_id = i.customer_id AND o.id = i.order_id WHERE i.state = 'requested' ORDER BY i.asked_at LIMIT $1";
    WAITING_OF = "SELECT COUNT(*) FROM invoice_request WHERE customer_id = $1 AND state = 'requested'";
    FORGET_REFUSED = "DELETE FROM invoice_request WHERE customer_id = $1 AND state = 'refused' \
        AND order_id IN (SELECT id FROM orders WHERE customer_id = $1 AND placed_by = 'owner')";
    FORGET_BUYERS = "UPDATE invoice_request SET buyer = 'person', title = '', tax_number = NULL, link = NULL WHERE customer_id = $1 \
        AND order_id IN (SELECT id FROM orders WHERE customer_id = $1 AND placed_by = 'owner')";
}

struct InvoiceRow(InvoiceRequest);
impl FromRow for InvoiceRow {
    fn from_row(row: &Row<'_>) -> Result<Self> {
        let mut c = Columns::new(row);
        let (customer, order, buyer, title) = (c.next()?, c.next()?, c.next::<String>()?, c.next()?);
        let (tax_number, email): (Option<String>, Option<String>) = (c.next()?, c.next()?);
        let (state, asked_at): (String, BusinessTime) = (c.next()?, c.next()?);
        let (at, by): (Option<BusinessTime>, Option<RawId>) = (c.next()?, c.next()?);
        let (number, link, reason): (Option<String>, Option<String>, Option<String>) =
            (c.next()?, c.next()?, c.next()?);
        let buyer = match (buyer.as_str(), tax_number) {
            ("person", None) => Buyer::Person,
            ("organisation", Some(number)) => Buyer::Organisation(TaxNumber::stored(number)),
            _ => return Err(undecodable::<Buyer>("buyer", "another word, or a number too many or too few")),
        };
        let settled = at.zip(by).map(|(at, by)| Settled { at, by });
        let state = match (state.as_str(), email, settled, number, reason) {
            ("requested", Some(email), None, None, None) => InvoiceState::Requested { email: Email::stored(email) },
            ("issued", None, Some(settled), Some(number), None) => {
                InvoiceState::Issued(settled, Issue { number, link })
            }
            ("refused", None, Some(settled), None, Some(reason)) => InvoiceState::Refused(settled, reason),
            _ => return Err(undecodable::<InvoiceState>("state", "another word, or columns of another state")),
        };
        Ok(InvoiceRow(InvoiceRequest { customer, order, buyer, title, asked_at, state }))
    }
}

/// The request of an order.
pub async fn get(tx: &mut Tx, customer: CustomerId, order: OrderId) -> Result<Option<InvoiceRequest>> {
    Ok(tx.maybe::<InvoiceRow>(&GET, args![customer, order]).await?.map(|row| row.0))
}
/// Locks and reads the request of an order.
pub async fn lock(tx: &mut Tx, customer: CustomerId, order: OrderId) -> Result<Option<InvoiceRequest>> {
    Ok(tx.maybe::<InvoiceRow>(&LOCK, args![customer, order]).await?.map(|row| row.0))
}
/// Writes a request, new or changed; its order, or the request itself, is locked.
pub fn save(tx: &mut Tx, request: &InvoiceRequest) {
    let (state, email, settled, issue, reason) = match &request.state {
        InvoiceState::Requested { email } => ("requested", Some(email.as_str()), None, None, None),
        InvoiceState::Issued(settled, issue) => ("issued", None, Some(settled), Some(issue), None),
        InvoiceState::Refused(settled, reason) => ("refused", None, Some(settled), None, Some(reason.as_str())),
    };
    tx.put(
        &SAVE,
        args![
            request.customer,
            request.order,
            request.buyer.word(),
            request.title.as_str(),
            request.buyer.tax_number(),
            email,
            state,
            request.asked_at,
            settled.map(|settled| settled.at),
            settled.map(|settled| settled.by),
            issue.map(|issue| issue.number.as_str()),
            issue.and_then(|issue| issue.link.as_deref()),
            reason
        ],
    );
}
/// Requests that wait for staff, oldest first: the order's number, and since when.
pub async fn waiting(tx: &mut Tx, limit: i64) -> Result<Vec<(String, BusinessTime)>> {
    tx.all(&WAITING, args![limit]).await
}
/// How many requests of a customer wait for staff.
pub async fn waiting_of(tx: &mut Tx, customer: CustomerId) -> Result<i64> {
    let (count,): (i64,) = tx.one("invoice count", &WAITING_OF, args![customer]).await?;
    Ok(count)
}
/// Removes what a customer's own requests say about the customer: refused ones whole; of an invoice that was made, its number
/// stays with the books. None may be waiting.
pub fn forget(tx: &mut Tx, customer: CustomerId) {
    tx.put(&FORGET_REFUSED, args![customer]);
    tx.put(&FORGET_BUYERS, args![customer]);
}
