//! A payer who comes back from a provider's page. Providers are given one address for every attempt, with our number of it and
//! nothing else: the secret link of a guest's order stays between the guest and us.

use crate::{App, Problem};
use everline_core::ids::{AttemptId, CustomerId, OrderId};
use everline_store::tables::{directory, payment};
use everline_store::{Stop, Tx, Work};

/// The order that an attempt pays, by our number of the attempt, if there is one. Whether the caller may see it is the
/// caller's to decide.
///
/// # Errors
/// [`Problem`] if the store cannot be read.
pub async fn order_of_attempt(app: &App, out_trade_no: &str) -> Result<Option<(CustomerId, OrderId)>, Problem> {
    if out_trade_no.len() > 64 {
        return Ok(None);
    }
    Ok(app.store.read(Find { out_trade_no: out_trade_no.to_owned() }).await?)
}

struct Find {
    out_trade_no: String,
}
impl Work for Find {
    const NAME: &'static str = "order_of_attempt";
    type Out = Option<(CustomerId, OrderId)>;
    type Refusal = Problem;
    async fn run(&self, tx: &mut Tx) -> Result<Self::Out, Stop<Problem>> {
        let found = directory::find(tx, directory::Name::OutTradeNo, &self.out_trade_no).await?;
        let Some((customer, attempt)) = found else { return Ok(None) };
        let attempt = payment::get(tx, customer, AttemptId(attempt)).await?;
        Ok(attempt.map(|attempt| (customer, attempt.order)))
    }
}
