//! "I have paid": the customer asks us to ask the provider.

use crate::close_payment::AskNow;
use crate::query_payment::query_payment;
use crate::{App, Problem};
use everline_core::ids::{CustomerId, OrderId};
use everline_core::payment::AttemptState;
use everline_store::tables::payment;
use everline_store::{Stop, Tx, Work};

/// Asks about every attempt of an order that is not paid, now. What is learned is in the order afterwards.
pub async fn ask_provider(app: &App, customer: CustomerId, order: OrderId) -> Result<(), Problem> {
    for attempt in app.store.read(OpenAttempts { customer, order }).await? {
        if query_payment(app, customer, attempt, 0).await.is_err() {
            app.store.transact(AskNow { customer, attempt, now: app.clock.now() }).await?;
            app.wake.notify_one();
        }
    }
    Ok(())
}

struct OpenAttempts {
    customer: CustomerId,
    order: OrderId,
}
impl Work for OpenAttempts {
    const NAME: &'static str = "open_attempts";
    type Out = Vec<everline_core::ids::AttemptId>;
    type Refusal = Problem;
    async fn run(&self, tx: &mut Tx) -> Result<Self::Out, Stop<Problem>> {
        let attempts = payment::of_order(tx, self.customer, self.order).await?;
        Ok(attempts.iter().filter(|attempt| attempt.state != AttemptState::Paid).map(|attempt| attempt.id).collect())
    }
}
