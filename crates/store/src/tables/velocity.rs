//! How many orders and payments somebody began in an hour or a day, for all nodes together.

use crate::{Result, Tx, args};
use everline_core::time::SystemTime;

crate::queries! { ALL;
    COUNT = "SELECT count FROM velocity_count WHERE name = $1";
    ADD = "INSERT INTO velocity_count (name, count, ends_at) VALUES ($1, 1, $2) \
        ON CONFLICT (name) DO UPDATE SET count = velocity_count.count + 1";
}

/// What was counted under a name.
pub async fn count(tx: &mut Tx, name: &[u8]) -> Result<i64> {
    Ok(tx.maybe::<(i64,)>(&COUNT, args![name.to_vec()]).await?.map_or(0, |row| row.0))
}
/// Counts one more, with whatever else the transaction writes.
pub fn add(tx: &mut Tx, name: &[u8], ends_at: SystemTime) {
    tx.put(&ADD, args![name.to_vec(), ends_at]);
}
