//! What a customer has begun and not seen the end of: orders to be paid, paid and not in effect, or being refunded.

use crate::{App, Problem};
use everline_core::ids::CustomerId;
use everline_core::order::{Order, OrderState};
use everline_core::time::BusinessTime;
use everline_store::tables::order;
use everline_store::{Stop, Tx, Work};

/// The newest orders looked at.
const LOOKED_AT: i64 = 50;

/// The customer's open orders, newest first. One that nobody paid in time is not open.
pub async fn open_orders(app: &App, customer: CustomerId) -> Result<Vec<Order>, Problem> {
    app.store.read(ReadOpen { customer, now: app.clock.now().business }).await.map_err(Problem::from)
}

fn open(order: &Order, now: BusinessTime) -> bool {
    match order.state {
        OrderState::AwaitingPayment => order.expires_at > now,
        OrderState::Refunding => true,
        state => state.paid_not_in_effect(),
    }
}

struct ReadOpen {
    customer: CustomerId,
    now: BusinessTime,
}
impl Work for ReadOpen {
    const NAME: &'static str = "open_orders";
    type Out = Vec<Order>;
    type Refusal = Problem;
    async fn run(&self, tx: &mut Tx) -> Result<Vec<Order>, Stop<Problem>> {
        let mut orders = order::of_customer(tx, self.customer, LOOKED_AT).await?;
        orders.retain(|order| open(order, self.now));
        Ok(orders)
    }
}
