//! Changes of lines' states: rows that are only added.

use crate::{Result, Tx, args};
use everline_core::ids::{CustomerId, LineId};
use everline_core::lifecycle::LineEvent;
use everline_core::time::BusinessTime;

crate::queries! { ALL;
    ADD = "INSERT INTO line_event (id, customer_id, line_id, state, cause, at) VALUES ($1, $2, $3, $4, $5, $6) \
        ON CONFLICT (id, customer_id) DO NOTHING";
    OF_LINE = "SELECT state, cause, at FROM line_event WHERE customer_id = $1 AND line_id = $2 ORDER BY id DESC LIMIT $3";
    COUNTS = "SELECT state, COUNT(*) FROM line_event GROUP BY state ORDER BY state";
}

/// Adds a change; one that is there already stays as it is.
pub fn add(tx: &mut Tx, customer: CustomerId, event: &LineEvent) {
    let LineEvent { id, line, state, because, at } = event;
    tx.put(&ADD, args![*id, customer, *line, state.word(), because.word(), *at]);
}
/// The newest changes of a line: the state's word, why, when.
pub async fn of_line(
    tx: &mut Tx,
    customer: CustomerId,
    line: LineId,
    limit: i64,
) -> Result<Vec<(String, String, BusinessTime)>> {
    tx.all(&OF_LINE, args![customer, line, limit]).await
}
/// How many changes led into each state, over all lines.
pub async fn counts(tx: &mut Tx) -> Result<Vec<(String, i64)>> {
    tx.all(&COUNTS, args![]).await
}
