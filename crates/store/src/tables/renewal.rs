//! The read of a renewal: everything that a decision about an order changes, locked in one statement, and then what it only
//! reads.
//!
//! Locks are taken in the order account, line, order, attempt, allowance, which is the order of the joined tables. The
//! line's timer changes only under the line's lock but is not locked itself: a second statement reads it, because one that
//! waited for a lock still sees unlocked rows as they were before it waited.

use super::columns::Columns;
use super::{allowance, catalog, customer, line, order, payment};
use crate::{FromRow, Result, Row, Tx, args};
use everline_core::charging::Allowance;
use everline_core::ids::{CustomerId, OrderId};
use everline_core::ledger::Balances;
use everline_core::line::Line;
use everline_core::order::Order;
use everline_core::payment::{Attempt, Settlement};
use everline_core::renewal::Facts;
use everline_core::time::BusinessTime;

macro_rules! columns {
    () => {
        concat!(
            "SELECT ",
            customer::balance_columns!("a."),
            ", ",
            line::columns!(),
            ", ",
            order::columns!(),
            ", ",
            payment::columns!(),
            ", w.body "
        )
    };
}

crate::queries! { ALL;
    LOCK_BY_TRADE = concat!(columns!(),
        "FROM directory d JOIN account a ON a.customer_id = d.customer_id \
         JOIN attempt t ON t.customer_id = d.customer_id AND t.id = d.subject_id \
         JOIN orders o ON o.customer_id = t.customer_id AND o.id = t.order_id \
         JOIN line l ON l.customer_id = o.customer_id AND l.id = o.line_id \
         JOIN allowance w ON w.customer_id = l.customer_id AND w.id = l.id \
         WHERE d.kind = 'out_trade_no' AND d.name = $1 FOR UPDATE OF a, l, o, t, w");
    LOCK_BY_ORDER = concat!(columns!(),
        "FROM account a JOIN orders o ON o.customer_id = a.customer_id \
         JOIN line l ON l.customer_id = o.customer_id AND l.id = o.line_id \
         JOIN attempt t ON t.customer_id = o.customer_id AND t.order_id = o.id AND t.settlement = 'order' \
         JOIN allowance w ON w.customer_id = l.customer_id AND w.id = l.id \
         WHERE a.customer_id = $1 AND o.id = $2 FOR UPDATE OF a, l, o, t, w");
    LOCK_OPEN = concat!(
        "SELECT ", customer::balance_columns!("a."), ", ",
        line::columns!(), ", ", order::columns!(), ", w.body ",
        "FROM account a JOIN orders o ON o.customer_id = a.customer_id \
         JOIN line l ON l.customer_id = o.customer_id AND l.id = o.line_id \
         JOIN allowance w ON w.customer_id = l.customer_id AND w.id = l.id \
         WHERE a.customer_id = $1 AND o.id = $2 FOR UPDATE OF a, l, o, w");
    OFFERING_AND_DUE = "SELECT o.body, i.due_at FROM offering o LEFT JOIN timer i ON i.id = $3 WHERE o.code = $1 AND o.version = $2";
}

struct FactsRow {
    balances: Balances,
    line: Line,
    order: Order,
    attempt: Attempt,
    allowance: Allowance,
}
impl FromRow for FactsRow {
    fn from_row(row: &Row<'_>) -> Result<Self> {
        let mut c = Columns::new(row);
        Ok(FactsRow {
            balances: customer::balances(&mut c)?,
            line: line::line(&mut c)?,
            order: order::order(&mut c)?,
            attempt: payment::attempt(&mut c)?,
            allowance: allowance::decode(&c.next::<Vec<u8>>()?)?,
        })
    }
}

/// What was read, and when the line's timer is due: what is due before now must happen before anything else does.
#[derive(Debug, Clone, PartialEq)]
pub struct Locked {
    /// Everything the decision needs.
    pub facts: Facts,
    /// When time next changes the line.
    pub due_at: Option<BusinessTime>,
}

async fn with_offering(tx: &mut Tx, row: FactsRow) -> Result<Locked> {
    let FactsRow { balances, line, order, attempt, allowance } = row;
    let args = args![order.offering.code.as_str(), i64::from(order.offering.version), line.id];
    let (body, due_at) = tx.one::<(String, Option<BusinessTime>)>("offering", &OFFERING_AND_DUE, args).await?;
    let offering = catalog::decode(&body)?;
    let mut others = Vec::new();
    if order.funds > 0 {
        // They change under the order's lock only.
        let attempts = payment::of_order(tx, order.customer, order.id).await?;
        let in_order = |other: &Attempt| other.settlement == Some(Settlement::Order) && other.id != attempt.id;
        others.extend(attempts.into_iter().filter(in_order));
    }
    Ok(Locked { facts: Facts { balances, line, order, attempt, others, allowance, offering }, due_at })
}

/// An order with everything that paying it changes, before there is an attempt to pay it.
struct OpenRow {
    balances: Balances,
    line: Line,
    order: Order,
    allowance: Allowance,
}
impl FromRow for OpenRow {
    fn from_row(row: &Row<'_>) -> Result<Self> {
        let mut c = Columns::new(row);
        Ok(OpenRow {
            balances: customer::balances(&mut c)?,
            line: line::line(&mut c)?,
            order: order::order(&mut c)?,
            allowance: allowance::decode(&c.next::<Vec<u8>>()?)?,
        })
    }
}

/// Locks and reads everything about an order that is to be paid by the attempt that `attempt` makes of the balances and
/// the order; `None` if there is no such order.
pub async fn lock_to_pay(
    tx: &mut Tx,
    customer: CustomerId,
    id: OrderId,
    attempt: impl FnOnce(&Balances, &Order) -> Attempt,
) -> Result<Option<Locked>> {
    let Some(OpenRow { balances, line, order, allowance }) = tx.maybe(&LOCK_OPEN, args![customer, id]).await? else {
        return Ok(None);
    };
    let attempt = attempt(&balances, &order);
    with_offering(tx, FactsRow { balances, line, order, attempt, allowance }).await.map(Some)
}

/// Locks and reads everything about the attempt that has this number at its provider; `None` if no attempt of ours has.
pub async fn lock_by_trade(tx: &mut Tx, out_trade_no: &str) -> Result<Option<Locked>> {
    match tx.maybe::<FactsRow>(&LOCK_BY_TRADE, args![out_trade_no]).await? {
        Some(row) => with_offering(tx, row).await.map(Some),
        None => Ok(None),
    }
}
/// Locks and reads everything about a paid order, with the (first) attempt that paid it.
pub async fn lock_by_order(tx: &mut Tx, customer: CustomerId, id: OrderId) -> Result<Option<Locked>> {
    match tx.all::<FactsRow>(&LOCK_BY_ORDER, args![customer, id]).await?.into_iter().next() {
        Some(row) => with_offering(tx, row).await.map(Some),
        None => Ok(None),
    }
}
