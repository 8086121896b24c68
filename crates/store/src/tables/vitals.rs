//! Counts for whoever watches the process. Nothing here is about a person.

use crate::{Result, Tx, args};
use everline_core::time::{BusinessTime, SystemTime};

crate::queries! { ALL;
    JOBS = "SELECT SUBSTR(payload, 9, 8), state, COUNT(*), MIN(queued_at), MIN(due_at) FROM job GROUP BY SUBSTR(payload, 9, 8), state";
    TIMERS_OVERDUE = "SELECT COUNT(*), MIN(due_at) FROM timer WHERE due_at < $1";
    ON_THEIR_WAY = "SELECT COUNT(*), MIN(paid_at) FROM orders WHERE state IN ('paid', 'delivered')";
    ATTEMPTS_BY_STATE = "SELECT state, COUNT(*) FROM attempt GROUP BY state";
    ORDERS_BY_STATE = "SELECT state, COUNT(*) FROM orders GROUP BY state";
}

/// Jobs of one kind and state: the first letters of the kind, `ready` or `dead`, how many, the oldest by when it was
/// queued, and the first that is due.
pub type JobCount = (String, String, i64, SystemTime, SystemTime);

/// Jobs by kind and state.
pub async fn jobs(tx: &mut Tx) -> Result<Vec<JobCount>> {
    tx.all(&JOBS, args![]).await
}
/// How many timers are due before an instant, and the first of them.
pub async fn timers_overdue(tx: &mut Tx, before: BusinessTime) -> Result<(i64, Option<BusinessTime>)> {
    tx.one("timers", &TIMERS_OVERDUE, args![before]).await
}
/// How many orders are paid and not in effect, and since when the oldest is paid.
pub async fn on_their_way(tx: &mut Tx) -> Result<(i64, Option<BusinessTime>)> {
    tx.one("orders", &ON_THEIR_WAY, args![]).await
}
/// All attempts by state. Reads the whole table.
pub async fn attempts_by_state(tx: &mut Tx) -> Result<Vec<(String, i64)>> {
    tx.all(&ATTEMPTS_BY_STATE, args![]).await
}
/// All orders by state. Reads the whole table.
pub async fn orders_by_state(tx: &mut Tx) -> Result<Vec<(String, i64)>> {
    tx.all(&ORDERS_BY_STATE, args![]).await
}
