//! One case of a customer goes into another: what is written in it, and its files, stand there from then on, and whoever asked
//! in it reads on there. Nothing undoes it.

use super::{Reader, changed, locked, refused, seen};
use crate::audit::Stamp;
use crate::staff::permit;
use crate::{App, Problem};
use everline_core::audit::AuditAction;
use everline_core::effects::CaseReason;
use everline_core::ids::{CaseId, CustomerId, RawId};
use everline_core::staff::Permission;
use everline_core::support::{CaseState, CaseStep, Half, NotTaken, merged};
use everline_core::time::BusinessTime;
use everline_store::tables::case::{self, Case};
use everline_store::{Stop, Tx, Work};

/// Lets a case go into another of the same customer, both in the version that was shown.
///
/// # Errors
/// [`Problem::NotTaken`] if somebody changed one of them, if the other is solved, or if whoever reads the one must not read
/// the other; [`Problem::NotFound`].
pub async fn merge(
    app: &App,
    (customer, id): (CustomerId, CaseId),
    (by, version): (RawId, i64),
    into: (CaseId, i64),
) -> Result<(), Problem> {
    let (stamp, at) = (Stamp::new(app)?, app.clock.now().business);
    Ok(app.store.transact(Merge { customer, id, by, version, into, stamp, at }).await?)
}

struct Merge {
    customer: CustomerId,
    id: CaseId,
    by: RawId,
    version: i64,
    into: (CaseId, i64),
    stamp: Stamp,
    at: BusinessTime,
}

const fn half(case: &Case) -> Half {
    Half { for_whom: case.for_whom, order: case.order, state: case.state, merged: case.merged_into.is_some() }
}

impl Work for Merge {
    const NAME: &'static str = "merge_cases";
    type Out = ();
    type Refusal = Problem;
    async fn run(&self, tx: &mut Tx) -> Result<(), Stop<Problem>> {
        let (customer, (into, into_version)) = (self.customer, self.into);
        permit(tx, self.by, Permission::WorkCases).await?;
        if self.id == into {
            return Err(Stop::Refused(Problem::NotFound("case")));
        }
        // The account is locked first, so that two merges of a customer's wait for each other.
        let from = locked(tx, customer, self.id, Reader::Staff(self.by)).await?;
        let target = locked(tx, customer, into, Reader::Staff(self.by)).await?;
        if from.merged_into == Some(into) && from.changed_by == Some(self.by) && from.version == self.version + 1 {
            return Ok(()); // run again after a lost answer
        }
        if from.version != self.version {
            return Err(refused(NotTaken::Stale));
        }
        if target.version != into_version {
            return Err(refused(NotTaken::OtherStale));
        }
        let papers = CaseReason::Papers.word();
        if from.reason == papers || target.reason == papers {
            return Err(refused(NotTaken::OtherReader));
        }
        let for_whom = merged(half(&from), half(&target)).map_err(refused)?;
        let told = seen(AuditAction::CaseMerged, self.by, (customer, self.id)).at(from.line.or(target.line));
        case::move_into(tx, customer, self.id, into);
        let (by, priority) = (Some(self.by), from.priority.max(target.priority));
        let state = target.state;
        let due_at = if from.state == CaseState::Solved { target.due_at } else { target.due_at.min(from.due_at) };
        let target = Case { for_whom, priority, due_at, ..changed(target, state, (by, CaseStep::TookIn), self.at) };
        case::save(tx, &target);
        let from = changed(from, CaseState::Solved, (by, CaseStep::Merged), self.at);
        case::save(tx, &Case { merged_into: Some(into), ..from });
        self.stamp.append(tx, told.with("into", into.to_string())).await
    }
}
