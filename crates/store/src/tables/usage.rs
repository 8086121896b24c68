//! Usage: rows that are only added.

use crate::{Result, Tx, args};
use everline_core::charging::Used;
use everline_core::ids::{CustomerId, LineId, RawId};
use everline_core::offering::Unit;
use everline_core::time::BusinessTime;

crate::queries! { ALL;
    USAGE_ADD = "INSERT INTO usage (id, customer_id, line_id, unit, charged, overrun, used_at) VALUES ($1, $2, $3, $4, $5, $6, $7)";
    USAGE_OF_LINE = "SELECT unit, charged, used_at FROM usage WHERE customer_id = $1 AND line_id = $2 ORDER BY id DESC LIMIT $3";
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

/// Records one usage report.
pub fn add_usage(
    tx: &mut Tx,
    id: RawId,
    customer: CustomerId,
    line: LineId,
    unit: Unit,
    used: &Used,
    at: BusinessTime,
) {
    tx.put(&USAGE_ADD, args![id, customer, line, unit, used.charged, used.overrun, at]);
}
