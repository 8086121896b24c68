//! What providers told us, as it arrived.

use crate::{Result, Tx, Value, args};
use everline_core::time::SystemTime;

crate::queries! { ALL;
    ADD = "INSERT INTO notice (provider, name, received_at, state, body) VALUES ($1, $2, $3, $4, $5) ON CONFLICT (provider, name) DO NOTHING";
    ADD_UNMATCHED = "INSERT INTO notice (provider, name, received_at, state, body, out_trade_no) VALUES ($1, $2, $3, 'unmatched', $4, $5) \
        ON CONFLICT (provider, name) DO NOTHING";
    RESOLVE = "UPDATE notice SET state = 'resolved' WHERE provider = $1 AND out_trade_no = $2 AND state = 'unmatched'";
    COUNT = "SELECT COUNT(*) FROM notice WHERE provider = $1 AND state = $2";
}

/// A verified notice.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Notice {
    /// Who sent it.
    pub provider: &'static str,
    /// The provider's id of it; the same at every retry.
    pub name: String,
    /// When it first arrived.
    pub received_at: SystemTime,
    /// What became of it: `processed`, `refused`, `unmatched`, or `resolved` once it was known whose it was.
    pub state: &'static str,
    /// The bytes, as they came.
    pub body: String,
}

/// Keeps a notice; a repetition is known already.
pub fn keep(tx: &mut Tx, notice: &Notice) {
    tx.put(&ADD, args_of(notice));
}
fn args_of(notice: &Notice) -> Vec<Value> {
    args![notice.provider, notice.name.as_str(), notice.received_at, notice.state, notice.body.as_str()]
}
/// Keeps a notice; whether it came for the first time.
pub async fn keep_once(tx: &mut Tx, notice: &Notice) -> Result<bool> {
    tx.exec_one(&ADD, args_of(notice)).await
}
/// Keeps a notice of a payment that is nobody's of ours, with our number in it, by which a bill finds it; of a dispute, with the
/// provider's number of its payment.
pub fn keep_unmatched(tx: &mut Tx, notice: &Notice, out_trade_no: &str) {
    tx.put(
        &ADD_UNMATCHED,
        args![notice.provider, notice.name.as_str(), notice.received_at, notice.body.as_str(), out_trade_no],
    );
}
/// It is known now whose the payment of an unmatched notice was, by the number it was kept under.
pub fn resolve(tx: &mut Tx, provider: &str, out_trade_no: &str) {
    tx.put(&RESOLVE, args![provider, out_trade_no]);
}
/// How many notices of a provider are in a state.
pub async fn count(tx: &mut Tx, provider: &str, state: &str) -> Result<i64> {
    Ok(tx.one::<(i64,)>("notice", &COUNT, args![provider, state]).await?.0)
}
