//! The Sim of a line was replaced, by whoever replaces Sims: noted, and told to its owner. For a day a code to its number
//! changes nothing about the account: a thief who talked a shop into a new Sim gets no further than to see and renew.

use crate::account_news::happened;
use crate::{App, Problem};
use everline_core::account::AccountNews;
use everline_core::ids::{CustomerId, LineId, RawId};
use everline_core::time::Now;
use everline_store::tables::{credential, customer, line};
use everline_store::{Stop, Tx, Work};

/// Notes that the Sim of a line was replaced just now.
///
/// # Errors
/// [`Problem::NotFound`] if the customer has no such line.
pub async fn sim_replaced(app: &App, customer: CustomerId, line: LineId) -> Result<(), Problem> {
    let event = app.clock.id();
    app.store.transact(SimReplaced { customer, line, event, now: app.clock.now() }).await?;
    app.wake.notify_one();
    Ok(())
}

struct SimReplaced {
    customer: CustomerId,
    line: LineId,
    event: RawId,
    now: Now,
}
impl Work for SimReplaced {
    const NAME: &'static str = "sim_replaced";
    type Out = ();
    type Refusal = Problem;
    async fn run(&self, tx: &mut Tx) -> Result<(), Stop<Problem>> {
        customer::lock_account(tx, self.customer).await?;
        if line::get(tx, self.customer, self.line).await?.is_none() {
            return Err(Stop::Refused(Problem::NotFound("line")));
        }
        credential::sim_replaced(tx, self.customer, self.line.0, self.now.system);
        happened(tx, self.customer, (self.event, AccountNews::SimReplaced), ("", None), self.now)
    }
}
