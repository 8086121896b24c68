//! Usage: rows that are only added, and beside them what a line used on each day of the brand's calendar, kept in the same
//! transaction: a page reads a few rows of days, however often a device reports.

use crate::{Result, Tx, args};
use everline_core::calendar::Day;
use everline_core::charging::Used;
use everline_core::ids::{CustomerId, LineId, RawId};
use everline_core::offering::Unit;
use everline_core::time::BusinessTime;

crate::queries! { ALL;
    USAGE_ADD = "INSERT INTO usage (id, customer_id, line_id, unit, charged, overrun, used_at) VALUES ($1, $2, $3, $4, $5, $6, $7)";
    USAGE_OF_LINE = "SELECT unit, charged, used_at FROM usage WHERE customer_id = $1 AND line_id = $2 ORDER BY id DESC LIMIT $3";
    FIRST_DAY = "SELECT MIN(day) FROM usage_day WHERE customer_id = $1 AND line_id = $2";
    DAY_ADD = "INSERT INTO usage_day (customer_id, line_id, day, unit, charged, overrun) VALUES ($1, $2, $3, $4, $5, $6) \
        ON CONFLICT (customer_id, line_id, day, unit) DO UPDATE \
        SET charged = usage_day.charged + excluded.charged, overrun = usage_day.overrun + excluded.overrun";
    DAYS_OF_LINE = "SELECT u.line_id, u.day, u.unit, u.charged, u.overrun FROM usage_day u \
        WHERE u.customer_id = $1 AND u.line_id = $2 AND u.day BETWEEN $3 AND $4 ORDER BY u.day, u.unit";
    DAYS_OF_CUSTOMER = "SELECT u.line_id, u.day, u.unit, u.charged, u.overrun FROM line l \
        JOIN usage_day u ON u.line_id = l.id AND u.customer_id = l.customer_id AND u.day BETWEEN $2 AND $3 \
        WHERE l.customer_id = $1 ORDER BY l.id, u.day, u.unit LIMIT $4";
}

/// What a line used of a unit on a day: what its plans paid for, and what went beyond.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct UsageDay {
    /// The line.
    pub line: LineId,
    /// The day.
    pub day: Day,
    /// What is counted.
    pub unit: Unit,
    /// Taken from buckets.
    pub charged: i64,
    /// What no bucket could take.
    pub overrun: i64,
}

type DayRow = (LineId, i64, Unit, i64, i64);
pub(super) fn day((line, day, unit, charged, overrun): DayRow) -> UsageDay {
    UsageDay { line, day: Day::from_number(day), unit, charged, overrun }
}
fn days(rows: Vec<DayRow>) -> Vec<UsageDay> {
    rows.into_iter().map(day).collect()
}

/// The newest usage of a line, newest first: unit, what was charged, when. There is no index for it: for rare work only.
pub async fn of_line(
    tx: &mut Tx,
    customer: CustomerId,
    line: LineId,
    limit: i64,
) -> Result<Vec<(String, i64, BusinessTime)>> {
    tx.all(&USAGE_OF_LINE, args![customer, line, limit]).await
}
/// What a line used from a day to another, both included; by day.
pub async fn days_of_line(
    tx: &mut Tx,
    customer: CustomerId,
    line: LineId,
    (from, to): (Day, Day),
) -> Result<Vec<UsageDay>> {
    tx.all(&DAYS_OF_LINE, args![customer, line, from.number(), to.number()]).await.map(days)
}
/// The first day on which a line used anything, of those that are kept.
pub async fn first_day(tx: &mut Tx, customer: CustomerId, line: LineId) -> Result<Option<Day>> {
    let (day,): (Option<i64>,) = tx.one("first day", &FIRST_DAY, args![customer, line]).await?;
    Ok(day.map(Day::from_number))
}
/// What the lines of a customer used from a day to another, both included; by line and day, the first `limit` rows.
pub async fn days_of_customer(
    tx: &mut Tx,
    customer: CustomerId,
    (from, to): (Day, Day),
    limit: i64,
) -> Result<Vec<UsageDay>> {
    tx.all(&DAYS_OF_CUSTOMER, args![customer, from.number(), to.number(), limit]).await.map(days)
}

/// Records one usage report, and adds it to its day.
pub fn add_usage(
    tx: &mut Tx,
    id: RawId,
    (customer, line): (CustomerId, LineId),
    unit: Unit,
    used: &Used,
    (at, day): (BusinessTime, Day),
) {
    tx.put(&USAGE_ADD, args![id, customer, line, unit, used.charged, used.overrun, at]);
    tx.put(&DAY_ADD, args![customer, line, day.number(), unit, used.charged, used.overrun]);
}
