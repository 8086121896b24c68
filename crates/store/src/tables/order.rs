//! Orders.

use super::columns::Columns;
use crate::{FromRow, Query, Result, Row, Tx, args};
use everline_core::ids::{CustomerId, LineId, OrderId};
use everline_core::money::Money;
use everline_core::offering::OfferingRef;
use everline_core::order::Order;

macro_rules! columns {
    () => {
        "o.customer_id, o.id, o.line_id, o.number, o.offering_code, o.offering_version, o.currency, o.price, o.funds, o.state, o.placed_by, \
         o.terms_version, o.placed_at, o.expires_at, o.paid_at, o.delivered_at, o.in_effect_at, o.closed_at, o.starts_at, o.ends_at"
    };
}
pub(crate) use columns;

crate::queries! { ALL;
    GET = concat!("SELECT ", columns!(), " FROM orders o WHERE o.customer_id = $1 AND o.id = $2");
    LOCK = concat!("SELECT ", columns!(), " FROM orders o WHERE o.customer_id = $1 AND o.id = $2 FOR UPDATE");
    OF_CUSTOMER = concat!("SELECT ", columns!(), " FROM orders o WHERE o.customer_id = $1 ORDER BY o.id DESC LIMIT $2");
    OF_LINE = concat!("SELECT ", columns!(), " FROM orders o WHERE o.customer_id = $1 AND o.line_id = $2 ORDER BY o.id DESC LIMIT $3");
    IN_EFFECT = concat!("SELECT ", columns!(), " FROM orders o WHERE o.customer_id = $1 AND o.line_id = $2 AND o.offering_code = $3 \
        AND o.state = 'in_effect' ORDER BY o.id LIMIT $4");
    WAITING = concat!("SELECT ", columns!(), " FROM orders o WHERE o.customer_id = $1 AND o.line_id = $2 \
        AND o.state IN ('delivered', 'queued', 'starts_on_first_use') ORDER BY o.id FOR UPDATE");
    ADD = "INSERT INTO orders (customer_id, id, line_id, number, offering_code, offering_version, currency, price, funds, state, placed_by, \
        terms_version, placed_at, expires_at, paid_at, delivered_at, in_effect_at, closed_at, starts_at, ends_at) \
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20)";
    pub SAVE = "UPDATE orders SET funds = $3, state = $4, paid_at = $5, delivered_at = $6, in_effect_at = $7, closed_at = $8, starts_at = $9, \
        ends_at = $10 WHERE customer_id = $1 AND id = $2";
    UNDERWAY = "SELECT COUNT(*) FROM orders WHERE customer_id = $1 AND line_id = $2 AND (state IN ('paid', 'delivered') OR (state = 'awaiting_payment' AND funds > 0))";
    TAKEN = "SELECT COUNT(*) FROM orders WHERE customer_id = $1 AND line_id = $2 AND offering_code = $3 \
        AND state NOT IN ('closed', 'refunding', 'refunded')";
    EXTEND = "UPDATE orders SET expires_at = $3 WHERE customer_id = $1 AND id = $2";
    PAGE = concat!("SELECT ", columns!(), " FROM orders o WHERE (o.customer_id, o.id) > ($1, $2) ORDER BY o.customer_id, o.id LIMIT $3");
}

/// Reads the columns of an order.
pub(crate) fn order(c: &mut Columns<'_, '_>) -> Result<Order> {
    let (customer, id, line, number) = (c.next()?, c.next()?, c.next()?, c.next()?);
    let offering = OfferingRef { code: c.next()?, version: c.next()? };
    let currency = c.next()?;
    Ok(Order {
        id,
        customer,
        line,
        number,
        offering,
        price: Money::from_micros(c.next()?, currency),
        funds: c.next()?,
        state: c.next()?,
        placed_by: c.next()?,
        terms_version: c.next()?,
        placed_at: c.next()?,
        expires_at: c.next()?,
        paid_at: c.next()?,
        delivered_at: c.next()?,
        in_effect_at: c.next()?,
        closed_at: c.next()?,
        starts_at: c.next()?,
        ends_at: c.next()?,
    })
}

struct OrderRow(Order);
impl FromRow for OrderRow {
    fn from_row(row: &Row<'_>) -> Result<Self> {
        order(&mut Columns::new(row)).map(OrderRow)
    }
}
fn orders(rows: Vec<OrderRow>) -> Vec<Order> {
    rows.into_iter().map(|row| row.0).collect()
}

/// An order, if there is one.
#[must_use]
pub fn by_id(customer: CustomerId, id: OrderId) -> Query<Order> {
    Query::<OrderRow>::new(&GET, args![customer, id]).map(|row| row.0)
}
/// Reads an order.
pub async fn get(tx: &mut Tx, customer: CustomerId, id: OrderId) -> Result<Option<Order>> {
    Ok(tx.maybe::<OrderRow>(&GET, args![customer, id]).await?.map(|row| row.0))
}
/// Locks and reads an order.
pub async fn lock(tx: &mut Tx, customer: CustomerId, id: OrderId) -> Result<Order> {
    tx.one::<OrderRow>("order", &LOCK, args![customer, id]).await.map(|row| row.0)
}
/// The newest orders of a customer.
pub async fn of_customer(tx: &mut Tx, customer: CustomerId, limit: i64) -> Result<Vec<Order>> {
    tx.all(&OF_CUSTOMER, args![customer, limit]).await.map(orders)
}
/// The newest orders of a line.
pub async fn of_line(tx: &mut Tx, customer: CustomerId, line: LineId, limit: i64) -> Result<Vec<Order>> {
    tx.all(&OF_LINE, args![customer, line, limit]).await.map(orders)
}
/// How many orders of a line for an offering, in any version, are open or paid and did not go back.
pub async fn taken(tx: &mut Tx, customer: CustomerId, line: LineId, code: &str) -> Result<i64> {
    Ok(tx.one::<(i64,)>("count", &TAKEN, args![customer, line, code]).await?.0)
}
/// The oldest orders of a line for an offering that are in effect.
pub async fn in_effect(
    tx: &mut Tx,
    customer: CustomerId,
    line: LineId,
    offering: &str,
    limit: i64,
) -> Result<Vec<Order>> {
    tx.all(&IN_EFFECT, args![customer, line, offering, limit]).await.map(orders)
}
/// Locks and reads the orders of a line that are delivered and not in effect yet.
pub async fn waiting(tx: &mut Tx, customer: CustomerId, line: LineId) -> Result<Vec<Order>> {
    tx.all(&WAITING, args![customer, line]).await.map(orders)
}
/// Adds an order.
pub fn add(tx: &mut Tx, o: &Order) {
    tx.put(
        &ADD,
        args![
            o.customer,
            o.id,
            o.line,
            o.number.as_str(),
            o.offering.code.as_str(),
            i64::from(o.offering.version),
            o.price.currency(),
            o.price.micros(),
            o.funds,
            o.state,
            o.placed_by,
            o.terms_version.as_str(),
            o.placed_at,
            o.expires_at,
            o.paid_at,
            o.delivered_at,
            o.in_effect_at,
            o.closed_at,
            o.starts_at,
            o.ends_at
        ],
    );
}
/// Gives a locked order more time to be paid.
pub fn extend(tx: &mut Tx, o: &Order) {
    tx.put(&EXTEND, args![o.customer, o.id, o.expires_at]);
}
/// Saves a locked order.
pub fn save(tx: &mut Tx, o: &Order) {
    tx.put(
        &SAVE,
        args![
            o.customer,
            o.id,
            o.funds,
            o.state,
            o.paid_at,
            o.delivered_at,
            o.in_effect_at,
            o.closed_at,
            o.starts_at,
            o.ends_at
        ],
    );
}
/// Whether something of a line is paid, in part or whole, and not in effect.
pub async fn underway(tx: &mut Tx, customer: CustomerId, line: LineId) -> Result<bool> {
    Ok(tx.one::<(i64,)>("orders", &UNDERWAY, args![customer, line]).await?.0 > 0)
}
/// The next orders after a key, for `verify`.
pub async fn page(tx: &mut Tx, after: (CustomerId, OrderId), limit: i64) -> Result<Vec<Order>> {
    tx.all(&PAGE, args![after.0, after.1, limit]).await.map(orders)
}
