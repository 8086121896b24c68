//! What was ordered for a line, newest first, with what it was called when it was sold; and the states it was in.

use crate::{App, Problem};
use everline_core::ids::{CustomerId, LineId};
use everline_core::offering::{Offering, OfferingKind};
use everline_core::order::{Order, OrderState};
use everline_store::tables::line_event::Changed;
use everline_store::tables::{catalog, line, line_event, order};
use everline_store::{Stop, Tx, Work};

/// The newest orders of a line.
pub async fn line_history(app: &App, customer: CustomerId, line: LineId) -> Result<Vec<(Order, Offering)>, Problem> {
    app.store.read(ReadHistory { customer, line }).await.map_err(Problem::from)
}

/// The code of the plan that was paid for last: what a renewal offers first.
#[must_use]
pub fn last_plan(history: &[(Order, Offering)]) -> Option<&str> {
    let paid =
        |order: &Order| order.paid_at.is_some() && !matches!(order.state, OrderState::Refunding | OrderState::Refunded);
    let plan = history.iter().find(|(order, offering)| offering.kind == OfferingKind::Plan && paid(order));
    plan.map(|(_, offering)| offering.reference.code.as_str())
}

/// The newest changes of a line's state, newest first.
pub async fn line_events(app: &App, customer: CustomerId, line: LineId) -> Result<Vec<Changed>, Problem> {
    app.store.read(ReadEvents { customer, line }).await.map_err(Problem::from)
}

struct ReadEvents {
    customer: CustomerId,
    line: LineId,
}
impl Work for ReadEvents {
    const NAME: &'static str = "line_events";
    type Out = Vec<Changed>;
    type Refusal = Problem;
    async fn run(&self, tx: &mut Tx) -> Result<Self::Out, Stop<Problem>> {
        line::get(tx, self.customer, self.line).await?.ok_or(Stop::Refused(Problem::NotFound("line")))?;
        Ok(line_event::of_line(tx, self.customer, self.line, 100).await?)
    }
}

struct ReadHistory {
    customer: CustomerId,
    line: LineId,
}
impl Work for ReadHistory {
    const NAME: &'static str = "line_history";
    type Out = Vec<(Order, Offering)>;
    type Refusal = Problem;
    async fn run(&self, tx: &mut Tx) -> Result<Self::Out, Stop<Problem>> {
        line::get(tx, self.customer, self.line).await?.ok_or(Stop::Refused(Problem::NotFound("line")))?;
        let mut history = Vec::new();
        for order in order::of_line(tx, self.customer, self.line, 20).await? {
            let offering = catalog::offering(tx, &order.offering).await?;
            history.push((order, offering));
        }
        Ok(history)
    }
}
