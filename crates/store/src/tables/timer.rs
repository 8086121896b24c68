//! Timers: one row per subject, due at the next instant of business time at which something happens to it by itself.

use crate::{Cell, Column, Result, Tx, Value, args};
use everline_core::ids::{CustomerId, RawId};
use everline_core::time::BusinessTime;

/// What a timer is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TimerKind {
    /// A line: plans begin, earn and end; grace ends.
    Line,
    /// An order: the time to pay it ends.
    Order,
    /// The renewal of a line by itself: notice, debit, reminders.
    AutoRenew,
    /// The reminders of a line.
    Reminder,
    /// What is planned with the catalog: one timer of the house's.
    Catalog,
}
impl Column for TimerKind {
    fn column(cell: Cell<'_>) -> Option<Self> {
        match cell {
            Cell::Text("line") => Some(TimerKind::Line),
            Cell::Text("order") => Some(TimerKind::Order),
            Cell::Text("auto_renew") => Some(TimerKind::AutoRenew),
            Cell::Text("reminder") => Some(TimerKind::Reminder),
            Cell::Text("catalog") => Some(TimerKind::Catalog),
            _ => None,
        }
    }
}
impl From<TimerKind> for Value {
    fn from(kind: TimerKind) -> Value {
        Value::from(match kind {
            TimerKind::Line => "line",
            TimerKind::Order => "order",
            TimerKind::AutoRenew => "auto_renew",
            TimerKind::Reminder => "reminder",
            TimerKind::Catalog => "catalog",
        })
    }
}

crate::queries! { ALL;
    SET = "INSERT INTO timer (id, customer_id, kind, due_at) VALUES ($1, $2, $3, $4) ON CONFLICT (id) DO UPDATE SET due_at = excluded.due_at WHERE timer.customer_id = excluded.customer_id";
    SET_UNLESS_DUE = "INSERT INTO timer (id, customer_id, kind, due_at) VALUES ($1, $2, $3, $4) ON CONFLICT (id) DO UPDATE \
        SET due_at = excluded.due_at WHERE timer.customer_id = excluded.customer_id AND timer.due_at > $5";
    WAKE = "UPDATE timer SET due_at = $3 WHERE id = $1 AND customer_id = $2 AND due_at > $3";
    REMOVE = "DELETE FROM timer WHERE id = $1 AND customer_id = $2";
    CLEAR_UNLESS_DUE = "DELETE FROM timer WHERE id = $1 AND customer_id = $2 AND due_at > $3";
    GET = "SELECT due_at FROM timer WHERE id = $1";
    DUE = "SELECT id, customer_id, kind, due_at FROM timer WHERE due_at <= $1 ORDER BY due_at, id LIMIT $2";
    NEXT = "SELECT MIN(due_at) FROM timer";
}

/// A due timer: subject, customer, kind, due at.
pub type Due = (RawId, CustomerId, TimerKind, BusinessTime);

/// Sets the timer of a new subject.
pub fn set(tx: &mut Tx, subject: RawId, customer: CustomerId, kind: TimerKind, due_at: BusinessTime) {
    tx.put(&SET, args![subject, customer, kind, due_at]);
}
/// Moves or clears a subject's timer after a change at `now`. One that is due already stays: what it stands for has not
/// happened yet, and must.
pub fn set_unless_due(
    tx: &mut Tx,
    subject: RawId,
    customer: CustomerId,
    kind: TimerKind,
    due_at: Option<BusinessTime>,
    now: BusinessTime,
) {
    match due_at {
        Some(due_at) => tx.put(&SET_UNLESS_DUE, args![subject, customer, kind, due_at, now]),
        None => tx.put(&CLEAR_UNLESS_DUE, args![subject, customer, now]),
    }
}
/// Makes a subject's timer due at `now`, if it has one that is not due yet: what it waits for may have changed.
pub fn wake(tx: &mut Tx, subject: RawId, customer: CustomerId, now: BusinessTime) {
    tx.put(&WAKE, args![subject, customer, now]);
}
/// Removes a timer whose instant is happening in this transaction.
pub fn remove(tx: &mut Tx, subject: RawId, customer: CustomerId) {
    tx.put(&REMOVE, args![subject, customer]);
}
/// When a subject's timer is due.
pub async fn get(tx: &mut Tx, subject: RawId) -> Result<Option<BusinessTime>> {
    Ok(tx.maybe::<(BusinessTime,)>(&GET, args![subject]).await?.map(|row| row.0))
}
/// Timers due at `now`, in due order.
pub async fn due(tx: &mut Tx, now: BusinessTime, limit: i64) -> Result<Vec<Due>> {
    tx.all(&DUE, args![now, limit]).await
}
/// When the next timer is due.
pub async fn next(tx: &mut Tx) -> Result<Option<BusinessTime>> {
    Ok(tx.one::<(Option<BusinessTime>,)>("timer", &NEXT, args![]).await?.0)
}
