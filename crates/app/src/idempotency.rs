//! One order per idempotency key: the key is bound to its request and to an order id before anything is placed, so that a
//! repetition, at any time and on any node, places the same order or is refused.

use crate::secrets::hex;
use crate::{App, Problem};
use everline_core::ids::OrderId;
use everline_core::time::SystemTime;
use everline_store::tables::idempotency;
use everline_store::{Stop, Tx, Work};

/// The order id that belongs to a key: a new one at the first call, the same one ever after.
///
/// `scope` names who asks for what (principal, route, key) and is kept as a keyed hash; `request` is the request's body.
///
/// # Errors
/// [`Problem::ExistsDifferently`] when the key came with another request before.
pub async fn order_for_key(app: &App, scope: &str, request: &[u8]) -> Result<OrderId, Problem> {
    let hash = |text: &str| app.secrets.token_hash(&format!("idempotency:{text}"));
    let work = BindKey {
        scope: hex(&hash(scope)),
        request_hash: hash(&hex(request)),
        order: OrderId(app.clock.id()),
        now: app.clock.now().system,
    };
    app.store.transact(work).await.map_err(Problem::from)
}

struct BindKey {
    scope: String,
    request_hash: Vec<u8>,
    order: OrderId,
    now: SystemTime,
}
impl Work for BindKey {
    const NAME: &'static str = "bind_idempotency_key";
    type Out = OrderId;
    type Refusal = Problem;
    async fn run(&self, tx: &mut Tx) -> Result<OrderId, Stop<Problem>> {
        let new = self.order.to_string();
        let (hash, order) = idempotency::bind(tx, &self.scope, &self.request_hash, &new, self.now).await?;
        if hash != self.request_hash {
            return Err(Stop::Refused(Problem::ExistsDifferently("order")));
        }
        order.parse().map_err(|_| Stop::Refused(Problem::Internal("a stored order id is damaged".to_owned())))
    }
}
