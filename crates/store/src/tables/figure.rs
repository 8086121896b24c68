//! Figures: what was counted of each day; the reads that counting needs, page by page along keys that there are; and whose turn
//! it is to count.
//!
//! Numbers of orders begin with their day, and ids of reminders with the end that they are about: a day is a range of either.

use super::columns::{Columns, undecodable};
use crate::{FromRow, Result, Row, Tx, args};
use everline_core::calendar::Day;
use everline_core::figures::{AttemptFacts, Came, Counted, OrderFacts};
use everline_core::ids::{CustomerId, LineId, RawId};
use everline_core::offering::OfferingRef;
use everline_core::time::{BusinessTime, SystemTime};

crate::queries! { ALL;
    SAVE = "INSERT INTO figure (kind, day, counted_at, took_us, body) VALUES ($1, $2, $3, $4, $5) ON CONFLICT (kind, day) DO UPDATE \
        SET counted_at = excluded.counted_at, took_us = excluded.took_us, body = excluded.body";
    SPAN = "SELECT day, counted_at, took_us, body FROM figure WHERE kind = $1 AND day >= $2 AND day <= $3 ORDER BY day";
    COUNTED = "SELECT day, counted_at, took_us FROM figure WHERE kind = $1 AND day >= $2 ORDER BY day";
    LAST = "SELECT day, counted_at, took_us, body FROM figure WHERE kind = $1 ORDER BY day DESC LIMIT 1";
    REMOVE = "DELETE FROM figure WHERE kind = $1 AND day < $2";
    TAKE_TURN = "UPDATE turn SET run = run + 1, until_at = $3 WHERE name = $1 AND (until_at <= $2 OR until_at > $4)";
    KEEP_TURN = "UPDATE turn SET until_at = $3 WHERE name = $1 AND run = $2";
    TURN = "SELECT run FROM turn WHERE name = $1";
    TURN_LOCK = "SELECT run FROM turn WHERE name = $1 FOR UPDATE";
    ORDERS_OF_DAY = "SELECT d.name, o.state, o.placed_by, o.paid_at, o.delivered_at, o.in_effect_at, o.starts_at \
        FROM directory d JOIN orders o ON o.customer_id = d.customer_id AND o.id = d.subject_id \
        WHERE d.kind = 'order_number' AND d.name > $1 AND d.name < $2 ORDER BY d.name LIMIT $3";
    ATTEMPTS_OF_ORDERS = "SELECT d.name, a.id, a.method, a.state, a.settlement \
        FROM directory d JOIN attempt a ON a.customer_id = d.customer_id AND a.order_id = d.subject_id \
        WHERE d.kind = 'order_number' AND d.name > $1 AND d.name <= $2";
    REMINDERS_OF_DAY = "SELECT r.id, r.customer_id, r.cause, \
        (SELECT MAX(CASE m.fate WHEN 'delivered' THEN 2 WHEN 'accepted' THEN 1 ELSE 0 END) FROM message m \
            WHERE m.customer_id = r.customer_id AND m.line_id = r.line_id AND m.cause_id = r.id) \
        FROM reminder r WHERE (r.id, r.customer_id) > ($1, $2) AND r.id < $3 ORDER BY r.id, r.customer_id LIMIT $4";
    BOUGHT_AFTER = "SELECT r.id, r.customer_id, o.offering_code, o.offering_version \
        FROM reminder r JOIN orders o ON o.customer_id = r.customer_id AND o.line_id = r.line_id \
        WHERE (r.id, r.customer_id) > ($1, $2) AND (r.id, r.customer_id) <= ($3, $4) AND r.cause = 'expiry' \
        AND o.placed_at >= r.at AND o.placed_at < r.at + $5 AND o.delivered_at IS NOT NULL AND o.placed_by <> 'moved_in' \
        AND o.state NOT IN ('refunding', 'refunded')";
    LINES = "SELECT customer_id, id, state, service_until FROM line WHERE (customer_id, id) > ($1, $2) ORDER BY customer_id, id LIMIT $3";
}

/// What is counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Orders, by the day in their number.
    Orders,
    /// Reminders of ends, by the day of the end.
    Reminders,
    /// All lines, as they are on a day.
    Lines,
}
impl Kind {
    /// All of them.
    pub const ALL: [Kind; 3] = [Kind::Orders, Kind::Reminders, Kind::Lines];
    const fn word(self) -> &'static str {
        match self {
            Kind::Orders => "orders",
            Kind::Reminders => "reminders",
            Kind::Lines => "lines",
        }
    }
}

/// The figures of a day, as they are stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Figure {
    /// Of which day, and when they were counted.
    pub counted: Counted,
    /// The sums, as JSON.
    pub body: String,
}
struct CountedRow(Counted);
impl FromRow for CountedRow {
    fn from_row(row: &Row<'_>) -> Result<Self> {
        let (day, at, took_us) = (Day::from_number(row.get(0)?), row.get(1)?, row.get(2)?);
        Ok(CountedRow(Counted { day, at, took_us }))
    }
}
impl FromRow for Figure {
    fn from_row(row: &Row<'_>) -> Result<Self> {
        Ok(Figure { counted: CountedRow::from_row(row)?.0, body: row.get(3)? })
    }
}

/// Writes down what was counted of a day; what was counted before goes.
pub fn save(tx: &mut Tx, kind: Kind, figure: &Figure) {
    let Counted { day, at, took_us } = figure.counted;
    tx.put(&SAVE, args![kind.word(), day.number(), at, took_us, figure.body.as_str()]);
}
/// The figures of days from one to another, both included, in order. Days that were not counted are missing.
pub async fn span(tx: &mut Tx, kind: Kind, from: Day, to: Day) -> Result<Vec<Figure>> {
    tx.all(&SPAN, args![kind.word(), from.number(), to.number()]).await
}
/// Which days since one were counted, and when.
pub async fn counted(tx: &mut Tx, kind: Kind, from: Day) -> Result<Vec<Counted>> {
    let rows: Vec<CountedRow> = tx.all(&COUNTED, args![kind.word(), from.number()]).await?;
    Ok(rows.into_iter().map(|row| row.0).collect())
}
/// The figures of the newest day.
pub async fn last(tx: &mut Tx, kind: Kind) -> Result<Option<Figure>> {
    tx.maybe(&LAST, args![kind.word()]).await
}
/// Forgets the figures of days before one.
pub fn remove_before(tx: &mut Tx, kind: Kind, day: Day) {
    tx.put(&REMOVE, args![kind.word(), day.number()]);
}

/// Takes the turn to count until an instant, unless somebody has it; its number is needed to keep it. A turn that would end
/// later than `never_after` is one of a clock that was wrong.
pub async fn take_turn(
    tx: &mut Tx,
    now: SystemTime,
    until: SystemTime,
    never_after: SystemTime,
) -> Result<Option<i64>> {
    if !tx.exec_one(&TAKE_TURN, args!["figures", now, until, never_after]).await? {
        return Ok(None);
    }
    Ok(Some(tx.one::<(i64,)>("turn", &TURN, args!["figures"]).await?.0))
}
/// Keeps the turn until another instant; false if somebody else has it by now.
pub async fn keep_turn(tx: &mut Tx, run: i64, until: SystemTime) -> Result<bool> {
    tx.exec_one(&KEEP_TURN, args!["figures", run, until]).await
}
/// Puts those who send test messages in a row.
pub async fn lock_tests(tx: &mut Tx) -> Result<()> {
    tx.one::<(i64,)>("turn", &TURN_LOCK, args!["test_message"]).await.map(|_| ())
}

/// An order of a day: its number, and what counts.
pub struct OrderOfDay(pub String, pub OrderFacts);
impl FromRow for OrderOfDay {
    fn from_row(row: &Row<'_>) -> Result<Self> {
        let mut c = Columns::new(row);
        let number = c.next()?;
        let (state, placed_by, paid_at) = (c.next()?, c.next()?, c.next()?);
        let (delivered_at, in_effect_at, starts_at) = (c.next()?, c.next()?, c.next()?);
        Ok(OrderOfDay(number, OrderFacts { state, placed_by, paid_at, delivered_at, in_effect_at, starts_at }))
    }
}
/// Orders whose numbers are after one and before another, in order.
pub async fn orders(tx: &mut Tx, after: &str, before: &str, limit: i64) -> Result<Vec<OrderOfDay>> {
    tx.all(&ORDERS_OF_DAY, args![after, before, limit]).await
}

/// An attempt of such an order: the order's number, the attempt's id, and what counts.
pub struct AttemptOfDay(pub String, pub RawId, pub AttemptFacts);
impl FromRow for AttemptOfDay {
    fn from_row(row: &Row<'_>) -> Result<Self> {
        let mut c = Columns::new(row);
        let (number, id) = (c.next()?, c.next()?);
        let (method, state, settlement) = (c.next()?, c.next()?, c.next()?);
        Ok(AttemptOfDay(number, id, AttemptFacts { method, state, settlement }))
    }
}
/// The attempts of orders whose numbers are after one and up to another.
pub async fn attempts(tx: &mut Tx, after: &str, up_to: &str) -> Result<Vec<AttemptOfDay>> {
    tx.all(&ATTEMPTS_OF_ORDERS, args![after, up_to]).await
}

/// A reminder: its key, whether it is one of an end, and how far it came.
pub struct ReminderOfDay {
    /// Its key.
    pub key: ReminderKey,
    /// Whether it is about the end of a plan.
    pub of_end: bool,
    /// How far it came.
    pub came: Came,
}
impl FromRow for ReminderOfDay {
    fn from_row(row: &Row<'_>) -> Result<Self> {
        let mut c = Columns::new(row);
        let (key, cause) = ((c.next()?, c.next()?), c.next::<String>()?);
        let came = match c.next::<Option<i64>>()? {
            None | Some(0) => Came::NotKnown,
            Some(1) => Came::Taken,
            Some(2) => Came::Delivered,
            Some(_) => return Err(undecodable::<Came>("fate", "another number")),
        };
        Ok(ReminderOfDay { key, of_end: cause == "expiry", came })
    }
}
/// The key of a reminder.
pub type ReminderKey = (RawId, CustomerId);
/// Reminders after a key whose ids are before another, in order.
pub async fn reminders(tx: &mut Tx, after: ReminderKey, before: RawId, limit: i64) -> Result<Vec<ReminderOfDay>> {
    tx.all(&REMINDERS_OF_DAY, args![after.0, after.1, before, limit]).await
}

struct BoughtRow(ReminderKey, OfferingRef);
impl FromRow for BoughtRow {
    fn from_row(row: &Row<'_>) -> Result<Self> {
        let mut c = Columns::new(row);
        Ok(Self((c.next()?, c.next()?), OfferingRef { code: c.next()?, version: c.next()? }))
    }
}
/// What was ordered for the lines of reminders of ends, after a key and up to another, within `within_us` after each; was
/// delivered, and not given back.
pub async fn bought_after(
    tx: &mut Tx,
    (after, last): (ReminderKey, ReminderKey),
    within_us: i64,
) -> Result<Vec<(ReminderKey, OfferingRef)>> {
    let rows = tx.all::<BoughtRow>(&BOUGHT_AFTER, args![after.0, after.1, last.0, last.1, within_us]).await?;
    Ok(rows.into_iter().map(|BoughtRow(key, offering)| (key, offering)).collect())
}

/// A line: its key, its stored state, and when its last plan ends.
pub type LineNow = (CustomerId, LineId, String, Option<BusinessTime>);
/// Lines after a key, in order.
pub async fn lines(tx: &mut Tx, after: (CustomerId, LineId), limit: i64) -> Result<Vec<LineNow>> {
    tx.all(&LINES, args![after.0, after.1, limit]).await
}
