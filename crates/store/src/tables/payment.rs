//! Attempts and refunds.

use super::columns::Columns;
use crate::{FromRow, Query, Result, Row, Tx, args};
use everline_core::ids::{AttemptId, CustomerId, LineId, OrderId, RefundId};
use everline_core::money::Money;
use everline_core::payment::Attempt;
use everline_core::refund::Refund;
use everline_core::time::BusinessTime;

macro_rules! columns {
    () => {
        "t.customer_id, t.id, t.order_id, t.method, t.out_trade_no, t.currency, t.amount, t.state, t.reference, t.pay_url, t.pay_url_until, \
         t.trade_no, t.received, t.settlement, t.created_at, t.expires_at, t.paid_at"
    };
}
pub(crate) use columns;
macro_rules! refund_columns {
    () => {
        "r.customer_id, r.id, r.attempt_id, r.order_id, r.out_request_no, r.currency, r.amount, r.reason, r.state, r.started_at, r.settled_at"
    };
}

/// The orders of a customer from one key to another.
macro_rules! of_orders {
    () => {
        " WHERE o.customer_id = $1 AND (o.placed_at, o.id) >= ($2, $3) AND (o.placed_at, o.id) <= ($4, $5)"
    };
}
macro_rules! attempts_of_orders {
    () => {
        concat!(
            "SELECT ",
            columns!(),
            " FROM orders o JOIN attempt t ON t.customer_id = o.customer_id AND t.order_id = o.id",
            of_orders!()
        )
    };
}
macro_rules! refunds_of_orders {
    () => {
        concat!(
            "SELECT ",
            refund_columns!(),
            " FROM orders o JOIN refund r ON r.customer_id = o.customer_id AND r.order_id = o.id",
            of_orders!()
        )
    };
}

crate::queries! { ALL;
    GET = concat!("SELECT ", columns!(), " FROM attempt t WHERE t.customer_id = $1 AND t.id = $2");
    LOCK = concat!("SELECT ", columns!(), " FROM attempt t WHERE t.customer_id = $1 AND t.id = $2 FOR UPDATE");
    OF_ORDER = concat!("SELECT ", columns!(), " FROM attempt t WHERE t.customer_id = $1 AND t.order_id = $2 ORDER BY t.id");
    OF_ORDERS = concat!(attempts_of_orders!(), " ORDER BY t.id");
    OF_ORDERS_OF_LINE = concat!(attempts_of_orders!(), " AND o.line_id = $6 ORDER BY t.id");
    REFUNDS_OF_ORDERS = concat!(refunds_of_orders!(), " ORDER BY r.started_at, r.id");
    REFUNDS_OF_ORDERS_OF_LINE = concat!(refunds_of_orders!(), " AND o.line_id = $6 ORDER BY r.started_at, r.id");
    ADD = "INSERT INTO attempt (customer_id, id, order_id, method, out_trade_no, currency, amount, state, reference, pay_url, pay_url_until, trade_no, \
        received, settlement, created_at, expires_at, paid_at) \
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17)";
    pub SAVE = "UPDATE attempt SET state = $3, reference = $4, pay_url = $5, pay_url_until = $6, trade_no = $7, received = $8, \
        settlement = $9, paid_at = $10 WHERE customer_id = $1 AND id = $2";
    PAGE = concat!("SELECT ", columns!(), " FROM attempt t WHERE (t.customer_id, t.id) > ($1, $2) ORDER BY t.customer_id, t.id LIMIT $3");
    OPEN_PAGE = "SELECT customer_id, id FROM attempt WHERE (customer_id, id) > ($1, $2) AND settlement IS NULL \
        AND state IN ('created', 'pending', 'unknown') ORDER BY customer_id, id LIMIT $3";
    REFUND_LOCK = concat!("SELECT ", refund_columns!(), " FROM refund r WHERE r.customer_id = $1 AND r.id = $2 FOR UPDATE");
    REFUND_GET = concat!("SELECT ", refund_columns!(), " FROM refund r WHERE r.customer_id = $1 AND r.id = $2");
    REFUNDS_OF_ORDER = concat!("SELECT ", refund_columns!(), " FROM refund r WHERE r.customer_id = $1 AND r.order_id = $2 ORDER BY r.started_at, r.id");
    REFUND_ADD = "INSERT INTO refund (customer_id, id, attempt_id, order_id, out_request_no, currency, amount, reason, state, started_at, settled_at) \
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11) \
        ON CONFLICT (customer_id, id) DO UPDATE SET state = excluded.state, settled_at = excluded.settled_at";
    REFUND_BY_NUMBER = concat!("SELECT ", refund_columns!(), " FROM refund r WHERE r.out_request_no = $1 ORDER BY r.customer_id, r.id LIMIT 1");
    REFUND_PAGE = concat!("SELECT ", refund_columns!(), " FROM refund r WHERE (r.customer_id, r.id) > ($1, $2) ORDER BY r.customer_id, r.id LIMIT $3");
}

/// Reads the columns of an attempt.
pub(crate) fn attempt(c: &mut Columns<'_, '_>) -> Result<Attempt> {
    let (customer, id, order, method, out_trade_no, currency) =
        (c.next()?, c.next()?, c.next()?, c.next()?, c.next()?, c.next()?);
    Ok(Attempt {
        id,
        customer,
        order,
        method,
        out_trade_no,
        amount: Money::from_micros(c.next()?, currency),
        state: c.next()?,
        reference: c.next()?,
        pay_url: c.next()?,
        pay_url_until: c.next()?,
        trade_no: c.next()?,
        received: c.next()?,
        settlement: c.next()?,
        created_at: c.next()?,
        expires_at: c.next()?,
        paid_at: c.next()?,
    })
}

struct AttemptRow(Attempt);
impl FromRow for AttemptRow {
    fn from_row(row: &Row<'_>) -> Result<Self> {
        attempt(&mut Columns::new(row)).map(AttemptRow)
    }
}
struct RefundRow(Refund);
impl FromRow for RefundRow {
    fn from_row(row: &Row<'_>) -> Result<Self> {
        let mut c = Columns::new(row);
        let (customer, id, attempt, order, out_request_no, currency) =
            (c.next()?, c.next()?, c.next()?, c.next()?, c.next()?, c.next()?);
        Ok(RefundRow(Refund {
            id,
            customer,
            attempt,
            order,
            out_request_no,
            amount: Money::from_micros(c.next()?, currency),
            reason: c.next()?,
            state: c.next()?,
            started_at: c.next()?,
            settled_at: c.next()?,
        }))
    }
}

/// An attempt, if there is one.
#[must_use]
pub fn by_id(customer: CustomerId, id: AttemptId) -> Query<Attempt> {
    Query::<AttemptRow>::new(&GET, args![customer, id]).map(|row| row.0)
}
/// Reads an attempt.
pub async fn get(tx: &mut Tx, customer: CustomerId, id: AttemptId) -> Result<Option<Attempt>> {
    Ok(tx.maybe::<AttemptRow>(&GET, args![customer, id]).await?.map(|row| row.0))
}
/// Locks and reads an attempt.
pub async fn lock(tx: &mut Tx, customer: CustomerId, id: AttemptId) -> Result<Attempt> {
    tx.one::<AttemptRow>("attempt", &LOCK, args![customer, id]).await.map(|row| row.0)
}
/// The attempts of an order, oldest first.
pub async fn of_order(tx: &mut Tx, customer: CustomerId, order: OrderId) -> Result<Vec<Attempt>> {
    Ok(tx.all::<AttemptRow>(&OF_ORDER, args![customer, order]).await?.into_iter().map(|row| row.0).collect())
}
/// The place of an order among those of its customer.
type Place = (BusinessTime, OrderId);
/// The attempts, and the refunds, of all orders of a customer, or of one line, from one place to another; of each order in the
/// order of [`of_order`] and [`refunds_of_order`].
#[must_use]
pub fn of_orders(
    customer: CustomerId,
    line: Option<LineId>,
    (first, last): (Place, Place),
) -> (Query<Attempt>, Query<Refund>) {
    let mut args = args![customer, first.0, first.1, last.0, last.1];
    let (attempts, refunds) = match line {
        None => (&OF_ORDERS, &REFUNDS_OF_ORDERS),
        Some(line) => {
            args.push(line.into());
            (&OF_ORDERS_OF_LINE, &REFUNDS_OF_ORDERS_OF_LINE)
        }
    };
    let attempts = Query::<AttemptRow>::new(attempts, args.clone()).map(|row| row.0);
    (attempts, Query::<RefundRow>::new(refunds, args).map(|row| row.0))
}
/// Adds an attempt.
pub fn add(tx: &mut Tx, t: &Attempt) {
    tx.put(
        &ADD,
        args![
            t.customer,
            t.id,
            t.order,
            t.method,
            t.out_trade_no.as_str(),
            t.amount.currency(),
            t.amount.micros(),
            t.state,
            t.reference.as_deref(),
            t.pay_url.as_deref(),
            t.pay_url_until,
            t.trade_no.as_deref(),
            t.received,
            t.settlement,
            t.created_at,
            t.expires_at,
            t.paid_at
        ],
    );
}
/// Saves a locked attempt.
pub fn save(tx: &mut Tx, t: &Attempt) {
    tx.put(
        &SAVE,
        args![
            t.customer,
            t.id,
            t.state,
            t.reference.as_deref(),
            t.pay_url.as_deref(),
            t.pay_url_until,
            t.trade_no.as_deref(),
            t.received,
            t.settlement,
            t.paid_at
        ],
    );
}
/// The next attempts after a key, for `verify`.
pub async fn page(tx: &mut Tx, after: (CustomerId, AttemptId), limit: i64) -> Result<Vec<Attempt>> {
    Ok(tx.all::<AttemptRow>(&PAGE, args![after.0, after.1, limit]).await?.into_iter().map(|row| row.0).collect())
}
/// Locks and reads a refund.
pub async fn lock_refund(tx: &mut Tx, customer: CustomerId, id: RefundId) -> Result<Refund> {
    tx.one::<RefundRow>("refund", &REFUND_LOCK, args![customer, id]).await.map(|row| row.0)
}
/// Reads a refund.
pub async fn refund(tx: &mut Tx, customer: CustomerId, id: RefundId) -> Result<Refund> {
    tx.one::<RefundRow>("refund", &REFUND_GET, args![customer, id]).await.map(|row| row.0)
}
/// A refund, if there is one.
#[must_use]
pub fn refund_of(customer: CustomerId, id: RefundId) -> Query<Refund> {
    Query::<RefundRow>::new(&REFUND_GET, args![customer, id]).map(|row| row.0)
}
/// The refund that has this number at its provider, whosever it is.
#[must_use]
pub fn refund_by_number(out_request_no: &str) -> Query<Refund> {
    Query::<RefundRow>::new(&REFUND_BY_NUMBER, args![out_request_no]).map(|row| row.0)
}
/// The refunds of an order, in the order in which they were decided.
pub async fn refunds_of_order(tx: &mut Tx, customer: CustomerId, order: OrderId) -> Result<Vec<Refund>> {
    Ok(tx.all::<RefundRow>(&REFUNDS_OF_ORDER, args![customer, order]).await?.into_iter().map(|row| row.0).collect())
}
/// Writes a refund, new or settled.
pub fn save_refund(tx: &mut Tx, r: &Refund) {
    tx.put(
        &REFUND_ADD,
        args![
            r.customer,
            r.id,
            r.attempt,
            r.order,
            r.out_request_no.as_str(),
            r.amount.currency(),
            r.amount.micros(),
            r.reason,
            r.state,
            r.started_at,
            r.settled_at
        ],
    );
}
/// The next refunds after a key, for `verify`.
pub async fn refund_page(tx: &mut Tx, after: (CustomerId, RefundId), limit: i64) -> Result<Vec<Refund>> {
    Ok(tx.all::<RefundRow>(&REFUND_PAGE, args![after.0, after.1, limit]).await?.into_iter().map(|row| row.0).collect())
}
/// The next attempts after a key that money may still come for. Reads the whole table: for rare work such as a restore.
pub async fn open_page(
    tx: &mut Tx,
    after: (CustomerId, AttemptId),
    limit: i64,
) -> Result<Vec<(CustomerId, AttemptId)>> {
    tx.all(&OPEN_PAGE, args![after.0, after.1, limit]).await
}
