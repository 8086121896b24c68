//! Who a customer is, to itself and to staff.

use crate::{App, Problem};
use everline_core::customer::Customer;
use everline_core::ids::CustomerId;
use everline_store::tables::customer;
use everline_store::{Stop, Tx, Work};

/// A customer, for itself and for staff.
pub async fn profile(app: &App, customer: CustomerId) -> Result<Customer, Problem> {
    app.store.read(ReadProfile { customer }).await.map_err(Problem::from)
}

struct ReadProfile {
    customer: CustomerId,
}
impl Work for ReadProfile {
    const NAME: &'static str = "profile";
    type Out = Customer;
    type Refusal = Problem;
    async fn run(&self, tx: &mut Tx) -> Result<Customer, Stop<Problem>> {
        Ok(customer::get(tx, self.customer).await?)
    }
}
