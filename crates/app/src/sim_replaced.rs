//! The Sim of a line was replaced, by whoever replaces Sims: noted, and told to its owner. For a day a code to its number
//! changes nothing about the account: a thief who talked a shop into a new Sim gets no further than to see and renew.

use crate::account_news::happened;
use crate::audit::{Act, Stamp};
use crate::lifecycle_command::FindLine;
use crate::staff::active_member;
use crate::{App, Problem};
use everline_core::account::AccountNews;
use everline_core::audit::{Actor, AuditAction};
use everline_core::ids::{CustomerId, LineId, RawId};
use everline_core::number_plan::NumberOf;
use everline_core::staff::Permission;
use everline_core::time::Now;
use everline_store::tables::{credential, customer, line};
use everline_store::{Stop, Tx, Work};

/// Notes what a staff member says about the line with a number.
///
/// # Errors
/// [`Problem::NotFound`] if no line has this number; [`Problem::Invalid`] if it is none, or no active member has this login.
pub async fn sim_replaced_by_staff(app: &App, number: &str, login: &str) -> Result<(), Problem> {
    let number = app.brand.number(number, NumberOf::Line);
    let number = number.map_err(|_| Problem::Invalid { field: "number", rule: "not-a-number" })?;
    let by = active_member(app, login, Permission::ActOnLine).await?;
    let (customer, line) = app.store.read(FindLine { number }).await?;
    replaced(app, (customer, line), Some((by, Stamp::new(app)?))).await
}

/// Notes that the Sim of a line was replaced just now.
///
/// # Errors
/// [`Problem::NotFound`] if the customer has no such line.
pub async fn sim_replaced(app: &App, customer: CustomerId, line: LineId) -> Result<(), Problem> {
    replaced(app, (customer, line), None).await
}

async fn replaced(
    app: &App,
    (customer, line): (CustomerId, LineId),
    by: Option<(String, Stamp)>,
) -> Result<(), Problem> {
    let event = app.clock.id();
    app.store.transact(SimReplaced { customer, line, by, event, now: app.clock.now() }).await?;
    app.wake.notify_one();
    Ok(())
}

struct SimReplaced {
    customer: CustomerId,
    line: LineId,
    by: Option<(String, Stamp)>,
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
        note_replaced(tx, (self.customer, self.line), self.event, self.now)?;
        let Some((by, stamp)) = &self.by else { return Ok(()) };
        let act = Act::new(Actor::CommandLine, AuditAction::SimReplaced, ("line", self.line)).of(self.customer);
        stamp.append(tx, act.with("named", by.as_str())).await
    }
}

/// Notes it in a transaction that holds the account's lock, and has the owner told.
pub(crate) fn note_replaced(
    tx: &mut Tx,
    (customer, line): (CustomerId, LineId),
    event: RawId,
    now: Now,
) -> Result<(), Stop<Problem>> {
    credential::sim_replaced(tx, customer, line.0, now.system);
    happened(tx, customer, (event, AccountNews::SimReplaced), ("", None), now)
}
