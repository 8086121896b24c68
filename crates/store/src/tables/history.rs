//! What a customer looks back on: orders in the order in which they were placed, and what moved the account's money. Pages are
//! read by key, so that a later one costs no more than the first.

use super::columns::Columns;
use super::order::{columns as order_columns, order};
use crate::{FromRow, Query, Result, Row, Tx, args};
use everline_core::ids::{CustomerId, LineId, OrderId, TransferId};
use everline_core::ledger::{LedgerAccount, Template};
use everline_core::order::Order;
use everline_core::statement::Pots;
use everline_core::time::BusinessTime;

/// The transfers that move a customer's money, as the index over them says it.
macro_rules! moves_money {
    () => {
        "(t.debit IN (2, 3, 4, 6, 7) OR t.credit IN (2, 3, 4, 6, 7))"
    };
}

pub(crate) use moves_money;

crate::queries! { ALL;
    ORDERS = concat!("SELECT ", order_columns!(), " FROM orders o WHERE o.customer_id = $1 AND o.placed_at >= $2 \
        AND (o.placed_at, o.id) < ($3, $4) ORDER BY o.placed_at DESC, o.id DESC LIMIT $5");
    ORDERS_OF_LINE = concat!("SELECT ", order_columns!(), " FROM orders o WHERE o.customer_id = $1 AND o.line_id = $2 AND o.placed_at >= $3 \
        AND (o.placed_at, o.id) < ($4, $5) ORDER BY o.placed_at DESC, o.id DESC LIMIT $6");
    MOVES = concat!("SELECT t.id, t.template, t.order_id, o.number, t.debit, t.credit, t.amount, t.posted_at FROM transfer t \
        LEFT JOIN orders o ON o.customer_id = t.customer_id AND o.id = t.order_id \
        WHERE t.customer_id = $1 AND (t.posted_at, t.id) > ($2, $3) AND t.posted_at < $4 AND ", moves_money!(), " ORDER BY t.posted_at, t.id LIMIT $5");
    MOVED_SINCE = concat!("SELECT CAST(COALESCE(SUM(CASE WHEN t.credit = 2 THEN t.amount WHEN t.debit = 2 THEN -t.amount ELSE 0 END), 0) AS BIGINT), \
        CAST(COALESCE(SUM(CASE WHEN t.credit = 3 THEN t.amount WHEN t.debit = 3 THEN -t.amount ELSE 0 END), 0) AS BIGINT), \
        CAST(COALESCE(SUM(CASE WHEN t.credit IN (4, 6, 7) THEN t.amount ELSE 0 END - CASE WHEN t.debit IN (4, 6, 7) THEN t.amount ELSE 0 END), 0) AS BIGINT) \
        FROM transfer t WHERE t.customer_id = $1 AND t.posted_at >= $2 AND ", moves_money!());
}

struct OrderRow(Order);
impl FromRow for OrderRow {
    fn from_row(row: &Row<'_>) -> Result<Self> {
        order(&mut Columns::new(row)).map(OrderRow)
    }
}

/// The orders of a customer, or of one line, that were placed from an instant on and before a key; newest first.
#[must_use]
pub fn orders(
    customer: CustomerId,
    line: Option<LineId>,
    (from, before): (BusinessTime, (BusinessTime, OrderId)),
    limit: i64,
) -> Query<Order> {
    let rows: Query<OrderRow> = match line {
        None => Query::new(&ORDERS, args![customer, from, before.0, before.1, limit]),
        Some(line) => Query::new(&ORDERS_OF_LINE, args![customer, line, from, before.0, before.1, limit]),
    };
    rows.map(|row| row.0)
}

/// One transfer that moved a customer's money.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Moved {
    /// The transfer.
    pub id: TransferId,
    /// Which posting it is of.
    pub template: Template,
    /// The order it belongs to, with its number.
    pub order: Option<(OrderId, String)>,
    /// What it did.
    pub pots: Pots,
    /// When.
    pub at: BusinessTime,
}
impl FromRow for Moved {
    fn from_row(row: &Row<'_>) -> Result<Self> {
        let mut c = Columns::new(row);
        let (id, template) = (c.next()?, c.next()?);
        let (order, number): (Option<OrderId>, Option<String>) = (c.next()?, c.next()?);
        let (debit, credit): (LedgerAccount, LedgerAccount) = (c.next()?, c.next()?);
        Ok(Moved { id, template, order: order.zip(number), pots: Pots::moved(debit, credit, c.next()?), at: c.next()? })
    }
}

/// What moved a customer's money after a key and before an instant, oldest first.
pub async fn moves(
    tx: &mut Tx,
    customer: CustomerId,
    after: (BusinessTime, TransferId),
    before: BusinessTime,
    limit: i64,
) -> Result<Vec<Moved>> {
    tx.all(&MOVES, args![customer, after.0, after.1, before, limit]).await
}
/// The sum of what moved a customer's money since an instant.
pub async fn moved_since(tx: &mut Tx, customer: CustomerId, since: BusinessTime) -> Result<Pots> {
    let (paid, promo, held) = tx.one("transfer", &MOVED_SINCE, args![customer, since]).await?;
    Ok(Pots { paid, promo, held })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The numbers in the statements, in the index and in core are the same accounts.
    #[test]
    fn the_index_and_the_statements_name_the_accounts_that_are_the_customers() {
        let codes: Vec<String> = LedgerAccount::ALL
            .into_iter()
            .filter(|account| Pots::hold(*account))
            .map(|account| account.code().to_string())
            .collect();
        let list = format!("({})", codes.join(", "));
        let index = super::super::MIGRATIONS.iter().find(|migration| migration.name == "cases").unwrap().text;
        assert!(index.contains(&format!("WHERE debit IN {list} OR credit IN {list}")), "{list}");
        assert!(moves_money!().contains(&format!("t.debit IN {list} OR t.credit IN {list}")), "{list}");
        assert_eq!((LedgerAccount::PaidCredit.code(), LedgerAccount::PromoCredit.code()), (2, 3));
    }
}
