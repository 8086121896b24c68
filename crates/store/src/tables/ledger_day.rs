//! Days of the books: up to when they are closed, the sums of each, and the transfers that count in one.

use super::columns::Columns;
use crate::{Engine, FromRow, Result, Row, Tx, args};
use everline_core::calendar::Day;
use everline_core::day_close::{AccountDay, ClosedDay, MethodSum, TemplateSum};
use everline_core::ids::{CustomerId, TransferId};
use everline_core::ledger::{Leg, Template};
use everline_core::payment::Method;
use everline_core::time::BusinessTime;

crate::queries! { ALL;
    HORIZON = "SELECT open_from FROM ledger_horizon WHERE id = 'one'";
    HORIZON_LOCK = "SELECT open_from FROM ledger_horizon WHERE id = 'one' FOR UPDATE";
    HORIZON_SET = "UPDATE ledger_horizon SET open_from = $1 WHERE id = 'one'";
    FIRST = "SELECT MIN(booked_at) FROM transfer WHERE template = $1 AND booked_at IS NOT NULL";

    DAY_ADD = "INSERT INTO ledger_day (day, began_at, ended_at, transfers, closed_at) VALUES ($1, $2, $3, $4, $5) ON CONFLICT (day) DO NOTHING";
    TEMPLATE_ADD = "INSERT INTO ledger_day_template (day, template, debit, credit, transfers, amount) VALUES ($1, $2, $3, $4, $5, $6)";
    ACCOUNT_ADD = "INSERT INTO ledger_day_account (day, account, debits, credits, closing) VALUES ($1, $2, $3, $4, $5)";
    METHOD_ADD = "INSERT INTO ledger_day_method (day, template, method, transfers, amount) VALUES ($1, $2, $3, $4, $5)";

    DAY = "SELECT day, began_at, ended_at, transfers, closed_at FROM ledger_day WHERE day = $1";
    LAST = "SELECT day, began_at, ended_at, transfers, closed_at FROM ledger_day ORDER BY day DESC LIMIT 1";
    BEFORE = "SELECT day, began_at, ended_at, transfers, closed_at FROM ledger_day WHERE day < $1 ORDER BY day DESC LIMIT $2";
    TEMPLATES = "SELECT template, debit, credit, transfers, amount FROM ledger_day_template WHERE day = $1 ORDER BY template, debit, credit";
    ACCOUNTS = "SELECT account, debits, credits, closing FROM ledger_day_account WHERE day = $1 ORDER BY account";
    METHODS = "SELECT template, method, transfers, amount FROM ledger_day_method WHERE day = $1 ORDER BY template, method";

    BOOKED = "SELECT t.id, t.customer_id, t.template, o.number, t.amount, t.posted_at, t.booked_at FROM transfer t \
        LEFT JOIN orders o ON o.customer_id = t.customer_id AND o.id = t.order_id \
        WHERE t.template = $1 AND (t.booked_at, t.id) > ($2, $3) AND t.booked_at < $4 ORDER BY t.booked_at, t.id LIMIT $5";
}
crate::queries! { SUMS;
    SUM = "SELECT COUNT(*), CAST(COALESCE(SUM(amount), 0) AS BIGINT) FROM transfer \
        WHERE template = $1 AND booked_at >= $2 AND booked_at < $3 AND debit = $4 AND credit = $5";
    SUM_OF_ATTEMPTS = "SELECT a.method, COUNT(*), CAST(SUM(t.amount) AS BIGINT) FROM transfer t \
        JOIN attempt a ON a.customer_id = t.customer_id AND a.id = t.cause_id \
        WHERE t.template = $1 AND t.booked_at >= $2 AND t.booked_at < $3 GROUP BY a.method";
    SUM_OF_REFUNDS = "SELECT a.method, COUNT(*), CAST(SUM(t.amount) AS BIGINT) FROM transfer t \
        JOIN refund r ON r.customer_id = t.customer_id AND r.id = t.cause_id \
        JOIN attempt a ON a.customer_id = r.customer_id AND a.id = r.attempt_id \
        WHERE t.template = $1 AND t.booked_at >= $2 AND t.booked_at < $3 GROUP BY a.method";
    SUSPENSE = "SELECT m.customer_id, o.number, \
        CAST(SUM(CASE WHEN m.credit = 6 THEN m.amount ELSE -m.amount END) AS BIGINT), MIN(CASE WHEN m.credit = 6 THEN m.posted_at END) \
        FROM account a CROSS JOIN transfer m LEFT JOIN orders o ON o.customer_id = m.customer_id AND o.id = m.order_id \
        WHERE a.suspense <> 0 AND m.customer_id = a.customer_id AND (m.debit = 6 OR m.credit = 6) GROUP BY m.customer_id, m.order_id, o.number \
        HAVING SUM(CASE WHEN m.credit = 6 THEN m.amount ELSE -m.amount END) <> 0 ORDER BY 4 LIMIT $1";
}

struct DayRow(ClosedDay);
impl FromRow for DayRow {
    fn from_row(row: &Row<'_>) -> Result<Self> {
        let mut c = Columns::new(row);
        Ok(Self(ClosedDay {
            day: Day::from_number(c.next()?),
            began_at: c.next()?,
            ended_at: c.next()?,
            transfers: c.next()?,
            closed_at: c.next()?,
        }))
    }
}

struct TemplateRow(TemplateSum);
impl FromRow for TemplateRow {
    fn from_row(row: &Row<'_>) -> Result<Self> {
        let mut c = Columns::new(row);
        let (template, debit, credit) = (c.next()?, c.next()?, c.next()?);
        Ok(Self(TemplateSum { template, leg: Leg { debit, credit }, transfers: c.next()?, amount: c.next()? }))
    }
}

struct AccountRow(AccountDay);
impl FromRow for AccountRow {
    fn from_row(row: &Row<'_>) -> Result<Self> {
        let mut c = Columns::new(row);
        Ok(Self(AccountDay { account: c.next()?, debits: c.next()?, credits: c.next()?, closing: c.next()? }))
    }
}

struct MethodRow(MethodSum);
impl FromRow for MethodRow {
    fn from_row(row: &Row<'_>) -> Result<Self> {
        let mut c = Columns::new(row);
        Ok(Self(MethodSum { template: c.next()?, method: c.next()?, transfers: c.next()?, amount: c.next()? }))
    }
}

/// A transfer as a day's list shows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Booked {
    /// Its id.
    pub id: TransferId,
    /// In whose books.
    pub customer: CustomerId,
    /// Which posting it is part of.
    pub template: Template,
    /// The number of the order it belongs to.
    pub order: Option<String>,
    /// Millionths.
    pub amount: i64,
    /// When it was posted.
    pub posted_at: BusinessTime,
    /// When it counts.
    pub booked_at: BusinessTime,
}
impl FromRow for Booked {
    fn from_row(row: &Row<'_>) -> Result<Self> {
        let mut c = Columns::new(row);
        Ok(Self {
            id: c.next()?,
            customer: c.next()?,
            template: c.next()?,
            order: c.next()?,
            amount: c.next()?,
            posted_at: c.next()?,
            booked_at: c.next()?,
        })
    }
}

/// What stands in suspense for one order, or for none.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InSuspense {
    /// In whose books.
    pub customer: CustomerId,
    /// The number of the order.
    pub order: Option<String>,
    /// Millionths.
    pub amount: i64,
    /// When money first came there for it.
    pub since: BusinessTime,
}
impl FromRow for InSuspense {
    fn from_row(row: &Row<'_>) -> Result<Self> {
        let mut c = Columns::new(row);
        let (customer, order, amount) = (c.next()?, c.next()?, c.next()?);
        // Less than nothing came there before it left: only where the books are wrong.
        let since = c.next::<Option<BusinessTime>>()?.unwrap_or(BusinessTime::from_us(0));
        Ok(Self { customer, order, amount, since })
    }
}

/// From when on days are open.
pub async fn horizon(tx: &mut Tx) -> Result<BusinessTime> {
    Ok(tx.one::<(BusinessTime,)>("ledger horizon", &HORIZON, args![]).await?.0)
}
/// Keeps everybody else from writing transfers, until this transaction ends; then from when on days are open. Whoever wrote one
/// before has committed by now, and whoever writes one afterwards sees what this transaction sets. Nobody waits long: the
/// transaction that calls this sets the horizon and ends, and gives up where it would have to wait.
pub async fn lock_horizon(tx: &mut Tx) -> Result<BusinessTime> {
    if tx.engine() == Engine::Postgres {
        tx.script("SET LOCAL lock_timeout = '2s'; LOCK TABLE transfer IN SHARE MODE").await?;
    }
    Ok(tx.one::<(BusinessTime,)>("ledger horizon", &HORIZON_LOCK, args![]).await?.0)
}
/// Closes everything before an instant.
pub fn set_horizon(tx: &mut Tx, open_from: BusinessTime) {
    tx.put(&HORIZON_SET, args![open_from]);
}
/// When the first transfer of all counts.
pub async fn first(tx: &mut Tx) -> Result<Option<BusinessTime>> {
    let mut first: Option<BusinessTime> = None;
    for template in Template::ALL {
        let found = tx.one::<(Option<BusinessTime>,)>("first transfer", &FIRST, args![template]).await?.0;
        first = first.into_iter().chain(found).min();
    }
    Ok(first)
}

/// What one leg of a template moved from an instant to another: how many transfers, and how much.
pub async fn sum(
    tx: &mut Tx,
    (template, leg): (Template, Leg),
    (from, to): (BusinessTime, BusinessTime),
) -> Result<(i64, i64)> {
    tx.one("sum of transfers", &SUM, args![template, from, to, leg.debit, leg.credit]).await
}
/// The same by method of payment, of a template that attempts cause, or refunds.
pub async fn sum_by_method(
    tx: &mut Tx,
    template: Template,
    of_refunds: bool,
    (from, to): (BusinessTime, BusinessTime),
) -> Result<Vec<(Method, i64, i64)>> {
    let sql = if of_refunds { &SUM_OF_REFUNDS } else { &SUM_OF_ATTEMPTS };
    tx.all(sql, args![template, from, to]).await
}

/// Writes a day down; false if it is there.
pub async fn add_day(tx: &mut Tx, day: &ClosedDay) -> Result<bool> {
    let ClosedDay { day, began_at, ended_at, transfers, closed_at } = *day;
    tx.exec_one(&DAY_ADD, args![day.number(), began_at, ended_at, transfers, closed_at]).await
}
/// Writes the sums of a day down.
pub fn add_sums(tx: &mut Tx, day: Day, sums: (&[TemplateSum], &[AccountDay], &[MethodSum])) {
    for sum in sums.0 {
        let TemplateSum { template, leg, transfers, amount } = *sum;
        tx.put(&TEMPLATE_ADD, args![day.number(), template, leg.debit, leg.credit, transfers, amount]);
    }
    for one in sums.1 {
        let AccountDay { account, debits, credits, closing } = *one;
        tx.put(&ACCOUNT_ADD, args![day.number(), account, debits, credits, closing]);
    }
    for sum in sums.2 {
        let MethodSum { template, method, transfers, amount } = *sum;
        tx.put(&METHOD_ADD, args![day.number(), template, method, transfers, amount]);
    }
}

/// A day.
pub async fn day(tx: &mut Tx, day: Day) -> Result<Option<ClosedDay>> {
    Ok(tx.maybe::<DayRow>(&DAY, args![day.number()]).await?.map(|row| row.0))
}
/// The last day whose sums are there.
pub async fn last(tx: &mut Tx) -> Result<Option<ClosedDay>> {
    Ok(tx.maybe::<DayRow>(&LAST, args![]).await?.map(|row| row.0))
}
/// The days before one, newest first.
pub async fn before(tx: &mut Tx, day: Day, limit: i64) -> Result<Vec<ClosedDay>> {
    Ok(tx.all::<DayRow>(&BEFORE, args![day.number(), limit]).await?.into_iter().map(|row| row.0).collect())
}
/// What each template moved on a day.
pub async fn templates(tx: &mut Tx, day: Day) -> Result<Vec<TemplateSum>> {
    Ok(tx.all::<TemplateRow>(&TEMPLATES, args![day.number()]).await?.into_iter().map(|row| row.0).collect())
}
/// What moved each ledger account on a day, and what stood there at its end.
pub async fn accounts(tx: &mut Tx, day: Day) -> Result<Vec<AccountDay>> {
    Ok(tx.all::<AccountRow>(&ACCOUNTS, args![day.number()]).await?.into_iter().map(|row| row.0).collect())
}
/// What each method brought and took back on a day.
pub async fn methods(tx: &mut Tx, day: Day) -> Result<Vec<MethodSum>> {
    Ok(tx.all::<MethodRow>(&METHODS, args![day.number()]).await?.into_iter().map(|row| row.0).collect())
}

/// The next transfers of a template after a key and before an instant.
pub async fn booked(
    tx: &mut Tx,
    template: Template,
    after: (BusinessTime, TransferId),
    to: BusinessTime,
    limit: i64,
) -> Result<Vec<Booked>> {
    tx.all(&BOOKED, args![template, after.0, after.1, to, limit]).await
}
/// What stands in suspense, the oldest first. Reads what moved suspense of the accounts that have some, and nothing else.
pub async fn suspense(tx: &mut Tx, limit: i64) -> Result<Vec<InSuspense>> {
    tx.all(&SUSPENSE, args![limit]).await
}
