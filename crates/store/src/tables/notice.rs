//! What providers told us, as it arrived.

use crate::{Result, Tx, args};
use everline_core::time::SystemTime;

crate::queries! { ALL;
    ADD = "INSERT INTO notice (provider, name, received_at, state, body) VALUES ($1, $2, $3, $4, $5) ON CONFLICT (provider, name) DO NOTHING";
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
    /// What became of it: `processed` or `refused`.
    pub state: &'static str,
    /// The bytes, as they came.
    pub body: String,
}

/// Keeps a notice; a repetition is known already.
pub fn keep(tx: &mut Tx, notice: &Notice) {
    tx.put(&ADD, args![notice.provider, notice.name.as_str(), notice.received_at, notice.state, notice.body.as_str()]);
}
/// How many notices of a provider are in a state.
pub async fn count(tx: &mut Tx, provider: &str, state: &str) -> Result<i64> {
    Ok(tx.one::<(i64,)>("notice", &COUNT, args![provider, state]).await?.0)
}
