//! Idempotency keys: each is bound to its request and to what it made.

use crate::{Result, Tx, args};
use everline_core::time::SystemTime;

crate::queries! { ALL;
    ADD = "INSERT INTO idempotency (scope, request_hash, made, created_at) VALUES ($1, $2, $3, $4) ON CONFLICT (scope) DO NOTHING";
    GET = "SELECT request_hash, made FROM idempotency WHERE scope = $1";
}

/// Binds a key unless it is bound; the request's hash it is bound to, and what that made.
pub async fn bind(
    tx: &mut Tx,
    scope: &str,
    request_hash: &[u8],
    made: &str,
    at: SystemTime,
) -> Result<(Vec<u8>, String)> {
    tx.exec(&ADD, args![scope, request_hash.to_vec(), made, at]).await?;
    tx.one("idempotency key", &GET, args![scope]).await
}
