//! Disputes.

use super::columns::Columns;
use crate::{FromRow, Result, Row, Tx, args};
use everline_core::dispute::Dispute;
use everline_core::ids::{CustomerId, DisputeId, OrderId};
use everline_core::money::Money;

macro_rules! columns {
    () => {
        "customer_id, id, attempt_id, order_id, reference, reason, currency, amount, state, frozen_credit, frozen_deferred, from_refunds, opened_at, due_by_at, closed_at"
    };
}

crate::queries! { ALL;
    LOCK = concat!("SELECT ", columns!(), " FROM dispute WHERE customer_id = $1 AND id = $2 FOR UPDATE");
    OF_ORDER = concat!("SELECT ", columns!(), " FROM dispute WHERE customer_id = $1 AND order_id = $2 ORDER BY id");
    SAVE = concat!("INSERT INTO dispute (", columns!(), ") VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15) \
        ON CONFLICT (customer_id, id) DO UPDATE SET state = excluded.state, frozen_credit = excluded.frozen_credit, \
        frozen_deferred = excluded.frozen_deferred, from_refunds = excluded.from_refunds, due_by_at = excluded.due_by_at, closed_at = excluded.closed_at");
    OPEN = "SELECT o.number, d.reason, d.due_by_at FROM dispute d JOIN orders o ON o.customer_id = d.customer_id AND o.id = d.order_id \
        WHERE d.state IN ('inquiry', 'open') ORDER BY d.due_by_at LIMIT $1";
}

struct DisputeRow(Dispute);
impl FromRow for DisputeRow {
    fn from_row(row: &Row<'_>) -> Result<Self> {
        let mut c = Columns::new(row);
        let (customer, id, attempt, order) = (c.next()?, c.next()?, c.next()?, c.next()?);
        let (reference, reason, currency) = (c.next()?, c.next()?, c.next()?);
        Ok(DisputeRow(Dispute {
            id,
            customer,
            attempt,
            order,
            reference,
            reason,
            amount: Money::from_micros(c.next()?, currency),
            state: c.next()?,
            frozen_credit: c.next()?,
            frozen_deferred: c.next()?,
            from_refunds: c.next()?,
            opened_at: c.next()?,
            due_by: c.next()?,
            closed_at: c.next()?,
        }))
    }
}

/// Locks and reads a dispute.
pub async fn lock(tx: &mut Tx, customer: CustomerId, id: DisputeId) -> Result<Option<Dispute>> {
    Ok(tx.maybe::<DisputeRow>(&LOCK, args![customer, id]).await?.map(|row| row.0))
}
/// The disputes of an order.
pub async fn of_order(tx: &mut Tx, customer: CustomerId, order: OrderId) -> Result<Vec<Dispute>> {
    Ok(tx.all::<DisputeRow>(&OF_ORDER, args![customer, order]).await?.into_iter().map(|row| row.0).collect())
}
/// Writes a dispute, new or moved on.
pub fn save(tx: &mut Tx, d: &Dispute) {
    tx.put(
        &SAVE,
        args![
            d.customer,
            d.id,
            d.attempt,
            d.order,
            d.reference.as_str(),
            d.reason.as_str(),
            d.amount.currency(),
            d.amount.micros(),
            d.state,
            d.frozen_credit,
            d.frozen_deferred,
            d.from_refunds,
            d.opened_at,
            d.due_by,
            d.closed_at
        ],
    );
}
/// Disputes that are not over, the one whose evidence is due first at the top: the order's number, the reason, and until
/// when evidence can be given.
pub async fn open(tx: &mut Tx, limit: i64) -> Result<Vec<(String, String, Option<everline_core::time::SystemTime>)>> {
    tx.all(&OPEN, args![limit]).await
}
