//! Changes of lines' states: rows that are only added.

use crate::{FromRow, Result, Row, Tx, args};
use everline_core::ids::{CustomerId, LineId};
use everline_core::lifecycle::LineEvent;
use everline_core::time::BusinessTime;

crate::queries! { ALL;
    ADD = "INSERT INTO line_event (id, customer_id, line_id, state, cause, at) VALUES ($1, $2, $3, $4, $5, $6) \
        ON CONFLICT (id, customer_id) DO NOTHING";
    NOTE = "UPDATE line_event SET commanded_by = $3, reason = $4 WHERE id = $1 AND customer_id = $2";
    OF_LINE = "SELECT state, cause, at, commanded_by, reason FROM line_event WHERE customer_id = $1 AND line_id = $2 ORDER BY id DESC LIMIT $3";
    COUNTS = "SELECT state, COUNT(*) FROM line_event GROUP BY state ORDER BY state";
}

/// Adds a change; one that is there already stays as it is.
pub fn add(tx: &mut Tx, customer: CustomerId, event: &LineEvent) {
    let LineEvent { id, line, state, because, at } = event;
    tx.put(&ADD, args![*id, customer, *line, state.word(), because.word(), *at]);
}
/// A change as it is stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Changed {
    /// The word of the state that the line came into.
    pub state: String,
    /// The word for why.
    pub cause: String,
    /// When.
    pub at: BusinessTime,
    /// The login of the staff member who commanded it.
    pub commanded_by: Option<String>,
    /// Why they did, in their words.
    pub reason: Option<String>,
}
impl FromRow for Changed {
    fn from_row(row: &Row<'_>) -> Result<Self> {
        let (state, cause, at, commanded_by, reason) = FromRow::from_row(row)?;
        Ok(Changed { state, cause, at, commanded_by, reason })
    }
}

/// Says who commanded a change that was added in this transaction, and why.
pub fn note(tx: &mut Tx, customer: CustomerId, event: &LineEvent, commanded_by: &str, reason: &str) {
    tx.put(&NOTE, args![event.id, customer, commanded_by, reason]);
}
/// The newest changes of a line.
pub async fn of_line(tx: &mut Tx, customer: CustomerId, line: LineId, limit: i64) -> Result<Vec<Changed>> {
    tx.all(&OF_LINE, args![customer, line, limit]).await
}
/// How many changes led into each state, over all lines.
pub async fn counts(tx: &mut Tx) -> Result<Vec<(String, i64)>> {
    tx.all(&COUNTS, args![]).await
}
