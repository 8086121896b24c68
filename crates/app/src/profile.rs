//! Who a customer is, to itself; and the language it wants to be told things in.

use crate::{App, Problem};
use everline_core::customer::Customer;
use everline_core::ids::CustomerId;
use everline_store::tables::customer;
use everline_store::{Stop, Tx, Work};

/// A customer, for itself and for staff.
pub async fn profile(app: &App, customer: CustomerId) -> Result<Customer, Problem> {
    app.store.read(ReadProfile { customer }).await.map_err(Problem::from)
}

/// Remembers the language in which a customer gets messages (BCP 47).
pub async fn set_language(app: &App, customer: CustomerId, language: &str) -> Result<(), Problem> {
    app.store.transact(SetLanguage { customer, language: language.to_owned() }).await.map_err(Problem::from)
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

struct SetLanguage {
    customer: CustomerId,
    language: String,
}
impl Work for SetLanguage {
    const NAME: &'static str = "set_language";
    type Out = ();
    type Refusal = Problem;
    async fn run(&self, tx: &mut Tx) -> Result<(), Stop<Problem>> {
        customer::set_language(tx, self.customer, &self.language);
        Ok(())
    }
}
