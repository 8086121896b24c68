//! The cases that the staff work on.

use super::SHOWN;
use crate::staff::permit;
use crate::{App, Problem};
use everline_core::ids::RawId;
use everline_core::staff::Permission;
use everline_core::support::CaseState;
use everline_store::tables::case::{self, Case};
use everline_store::{Stop, Tx, Work};

/// The cases in a state, those that waited longest first; for staff.
///
/// # Errors
/// [`Problem::NotAllowed`]
pub async fn queue(app: &App, by: RawId, state: CaseState) -> Result<Vec<Case>, Problem> {
    Ok(app.store.read(Queue { by, state }).await?)
}

struct Queue {
    by: RawId,
    state: CaseState,
}
impl Work for Queue {
    const NAME: &'static str = "case_queue";
    type Out = Vec<Case>;
    type Refusal = Problem;
    async fn run(&self, tx: &mut Tx) -> Result<Vec<Case>, Stop<Problem>> {
        permit(tx, self.by, Permission::SeeCustomer).await?;
        Ok(case::queue(tx, self.state, SHOWN).await?)
    }
}
