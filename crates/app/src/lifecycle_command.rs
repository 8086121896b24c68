//! What people do to a line: hand it over, report it lost, bar it, keep its number, give it up.

use crate::save::{carry_out, give_up_names, lock, lock_for_rest};
use crate::{App, Problem, timers};
use everline_core::brand::Brand;
use everline_core::ids::{CustomerId, LineId};
use everline_core::lifecycle::{self, LifecycleCommand, LifecycleRefusal, Situation};
use everline_core::line::Line;
use everline_core::time::{Now, Zone};
use everline_store::tables::timer;
use everline_store::{Stop, Tx, Work};
use std::sync::Arc;

/// Carries out a command; the line as it is then, or why it was refused. Who may command what is the caller's to decide. What
/// fell due on the line before happens first.
///
/// # Errors
/// [`Problem::NotFound`] if the customer has no such line.
pub async fn lifecycle_command(
    app: &App,
    customer: CustomerId,
    line: LineId,
    asked: LifecycleCommand,
) -> Result<Result<Line, LifecycleRefusal>, Problem> {
    let now = app.clock.now();
    let done = loop {
        let (brand, zone) = (app.brand.clone(), app.zone.clone());
        match app.store.transact(Command { customer, line, asked, brand, zone, now }).await.map_err(Problem::from) {
            Err(Problem::DueFirst { customer, line, due_at }) => {
                timers::line_due(app, customer, line, due_at, now).await?;
            }
            other => break other?,
        }
    };
    app.wake.notify_one();
    Ok(done)
}

struct Command {
    customer: CustomerId,
    line: LineId,
    asked: LifecycleCommand,
    brand: Arc<Brand>,
    zone: Zone,
    now: Now,
}
impl Work for Command {
    const NAME: &'static str = "lifecycle_command";
    type Out = Result<Line, LifecycleRefusal>;
    type Refusal = Problem;
    async fn run(&self, tx: &mut Tx) -> Result<Self::Out, Stop<Problem>> {
        let (customer, line) = (self.customer, self.line);
        let mut is = lock(tx, customer, line).await?;
        if let Some(due_at) = timer::get(tx, line.0).await?.filter(|due_at| *due_at <= self.now.business) {
            return Err(Stop::Refused(Problem::DueFirst { customer, line, due_at }));
        }
        let decide = |is: &Situation| {
            let decided = lifecycle::command(is, self.asked, &self.brand, &self.zone, self.now.business);
            decided.map_err(|refusal| Stop::Refused(Problem::from(refusal)))
        };
        let mut effects = match decide(&is)? {
            Ok(effects) => effects,
            Err(refusal) => return Ok(Err(refusal)),
        };
        if lock_for_rest(tx, &mut is, &effects).await? {
            effects = decide(&is)?.unwrap_or(effects);
        }
        carry_out(tx, (customer, line), &effects, &self.zone, self.now)?;
        give_up_names(tx, &is, &effects).await?;
        Ok(Ok(effects.line.unwrap_or(is.line)))
    }
}
