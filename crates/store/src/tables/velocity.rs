//! How many orders and payments somebody began in an hour or a day, for all nodes together.

use crate::{Result, Tx, args};
use everline_core::time::SystemTime;

crate::queries! { ALL;
    COUNT = "SELECT count FROM velocity_count WHERE name = $1";
    ADD = "INSERT INTO velocity_count (name, count, ends_at) VALUES ($1, 1, $2) \
        ON CONFLICT (name) DO UPDATE SET count = velocity_count.count + 1";
    ADD_WITHIN = "INSERT INTO velocity_count (name, count, ends_at) VALUES ($1, $2, $3) \
        ON CONFLICT (name) DO UPDATE SET count = velocity_count.count + $2 WHERE velocity_count.count + $2 <= $4";
}

/// What was counted under a name.
pub async fn count(tx: &mut Tx, name: &[u8]) -> Result<i64> {
    Ok(tx.maybe::<(i64,)>(&COUNT, args![name.to_vec()]).await?.map_or(0, |row| row.0))
}
/// Counts so many more if there are at most `most` then; whether there are. Whoever counts under the same name waits.
pub async fn add_within(tx: &mut Tx, name: &[u8], more: i64, ends_at: SystemTime, most: i64) -> Result<bool> {
    Ok(more <= most && tx.exec_one(&ADD_WITHIN, args![name.to_vec(), more, ends_at, most]).await?)
}
/// Counts one more, with whatever else the transaction writes.
pub fn add(tx: &mut Tx, name: &[u8], ends_at: SystemTime) {
    tx.put(&ADD, args![name.to_vec(), ends_at]);
}
