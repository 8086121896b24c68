//! What becomes of a line if nobody pays until then: core's own transitions, computed ahead and written nowhere.

use crate::{App, Problem};
use everline_core::brand::Brand;
use everline_core::ids::{CustomerId, LineId, OrderId};
use everline_core::lifecycle::{self, Situation, Step};
use everline_core::line::Line;
use everline_core::offering::OfferingRef;
use everline_core::time::{BusinessTime, DAY_US, Zone};
use everline_store::tables::{allowance, customer, line, order, timer};
use everline_store::{Stop, Store, Tx, Work};
use std::collections::BTreeMap;
use std::sync::Arc;

/// How far ahead is computed.
const AHEAD_US_MAX: i64 = 10 * 366 * DAY_US;

/// A line as it is, and what becomes of it.
#[derive(Debug, Clone, PartialEq)]
pub struct WhatIf {
    /// The line.
    pub line: Line,
    /// Every instant at which something happens by itself, in order.
    pub steps: Vec<Step>,
    /// What the orders in the steps bought.
    pub offerings: BTreeMap<OrderId, OfferingRef>,
}

/// What becomes of a line up to `until`, at most ten years ahead, if nobody does anything.
///
/// # Errors
/// [`Problem::NotFound`] if the customer has no such line, [`Problem::Invalid`] if `until` is past or too far.
pub async fn what_if(app: &App, customer: CustomerId, line: LineId, until: BusinessTime) -> Result<WhatIf, Problem> {
    let now = app.clock.now().business;
    what_if_in(&app.store, (customer, line), (app.brand.clone(), app.zone.clone()), now, until).await
}

/// [`what_if`] on a store that no application runs on.
///
/// # Errors
/// As [`what_if`].
pub async fn what_if_in(
    store: &Store,
    (customer, line): (CustomerId, LineId),
    (brand, zone): (Arc<Brand>, Zone),
    now: BusinessTime,
    until: BusinessTime,
) -> Result<WhatIf, Problem> {
    if !(0..=AHEAD_US_MAX).contains(&until.since_us(now)) {
        return Err(Problem::Invalid { field: "until", rule: "from now to ten years ahead" });
    }
    Ok(store.read(Ahead { customer, line, brand, zone, now, until }).await?)
}

struct Ahead {
    customer: CustomerId,
    line: LineId,
    brand: Arc<Brand>,
    zone: Zone,
    now: BusinessTime,
    until: BusinessTime,
}
impl Work for Ahead {
    const NAME: &'static str = "what_if";
    type Out = WhatIf;
    type Refusal = Problem;
    async fn run(&self, tx: &mut Tx) -> Result<WhatIf, Stop<Problem>> {
        let line = line::get(tx, self.customer, self.line).await?.ok_or(Stop::Refused(Problem::NotFound("line")))?;
        let allowance = allowance::get(tx, self.customer, self.line).await?;
        let balances = customer::account(tx, self.customer).await?;
        let mut orders = Vec::new();
        for period in &allowance.periods {
            orders.extend(order::get(tx, self.customer, period.order).await?);
        }
        let offerings = allowance.periods.iter().map(|period| (period.order, period.offering.clone())).collect();
        // What is due already and has not happened comes first.
        let due = timer::get(tx, self.line.0).await?.filter(|due| *due <= self.now);
        let from = due.map_or(self.now, |due| due.plus_us(-1));
        let is = Situation { line: line.clone(), allowance, balances, orders };
        let steps = lifecycle::what_if(is, &self.brand, &self.zone, from, self.until);
        let steps = steps.map_err(|refusal| Stop::Refused(refusal.into()))?;
        Ok(WhatIf { line, steps, offerings })
    }
}
