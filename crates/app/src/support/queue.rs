//! The cases that the staff work on: a page of them, as it is asked for; and how much waits.

use crate::staff::{StaffMember, permit, see_queue};
use crate::{App, Problem};
use everline_core::effects::CaseReason;
use everline_core::ids::{CaseId, CustomerId, RawId};
use everline_core::staff::Permission;
use everline_core::time::{BusinessTime, Zone};
use everline_store::tables::case::{self, Case, Owner, Place, Which};
use everline_store::tables::{staff, support};
use everline_store::{Stop, Tx, Work};
use std::collections::BTreeMap;
use std::collections::btree_map::Entry;

/// Cases on a page.
const PAGE: usize = 50;
/// So many are counted at most, and one more, which says that there are more.
pub const COUNTED: i64 = 100;

/// By when cases are due.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Due {
    /// They were.
    Over,
    /// Later today.
    Today,
}

/// Which cases are asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Wanted {
    /// What they have in common.
    pub which: Which,
    /// By when they are due.
    pub due: Option<Due>,
    /// Those that are solved, the newest first; else those that are not, those due first at the top.
    pub solved: bool,
    /// Behind this one.
    pub after: Option<Place>,
}

/// A page of cases.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Listed {
    /// The cases, each with who works on it.
    pub cases: Vec<(Case, Option<String>)>,
    /// Where the next page begins, if there is one.
    pub next: Option<Place>,
}

/// How many cases that are not solved there are of each view, of at most [`COUNTED`] and one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Counts {
    /// Of whoever asks.
    pub mine: i64,
    /// Nobody's.
    pub nobodys: i64,
    /// Due by now.
    pub over: i64,
    /// About disputes.
    pub disputed: i64,
    /// About orders that are paid and not in effect.
    pub paid_not_in_effect: i64,
}

/// Orders that are paid and not in effect.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Waiting {
    /// How many, of at most [`COUNTED`] and one.
    pub count: i64,
    /// When the oldest was paid.
    pub oldest: Option<BusinessTime>,
}

/// A page of cases, as the staff see them.
///
/// # Errors
/// [`Problem::NotAllowed`]
pub async fn queue(app: &App, by: RawId, wanted: Wanted) -> Result<Listed, Problem> {
    let (zone, now) = (app.zone.clone(), app.clock.now().business);
    let all = app.store.read(Queue { by, wanted, zone, now }).await?;
    see_queue(app, by, Permission::SeeCustomer, ("cases", all.cases.len())).await?;
    Ok(all)
}
/// How much there is of each view.
///
/// # Errors
/// [`Problem::NotAllowed`]
pub async fn counts(app: &App, by: RawId) -> Result<Counts, Problem> {
    Ok(app.store.read(Count { by, now: app.clock.now().business }).await?)
}
/// How many orders are paid and not in effect, and since when the oldest.
///
/// # Errors
/// [`Problem::NotAllowed`]
pub async fn waiting(app: &App, by: RawId) -> Result<Waiting, Problem> {
    Ok(app.store.read(CountWaiting { by }).await?)
}

struct Queue {
    by: RawId,
    wanted: Wanted,
    zone: Zone,
    now: BusinessTime,
}

const NOBODYS: CustomerId = CustomerId(RawId::from_bytes([0; 16]));
const FIRST: CaseId = CaseId(RawId::from_bytes([0; 16]));
const ALL: RawId = RawId::from_bytes([0xff; 16]);

impl Queue {
    /// One case more than a page has.
    const LIMIT: i64 = 51;

    async fn waiting(&self, tx: &mut Tx) -> Result<Vec<Case>, Stop<Problem>> {
        let ever = BusinessTime::from_us(i64::MIN);
        let end_of_day = || {
            let bounds = self.zone.bounds_us(self.zone.date(self.now));
            bounds.map_or(self.now, |(_, end)| BusinessTime::from_us(end))
        };
        let (from, before) = match self.wanted.due {
            None => (ever, BusinessTime::from_us(i64::MAX)),
            Some(Due::Over) => (ever, self.now),
            Some(Due::Today) => (self.now, end_of_day()),
        };
        let from = (from, NOBODYS, FIRST);
        let after = self.wanted.after.map_or(from, |after| after.max(from));
        Ok(case::queue(tx, self.wanted.which, after, before, Self::LIMIT).await?)
    }
    async fn solved(&self, tx: &mut Tx) -> Result<Vec<Case>, Stop<Problem>> {
        let Which { owner, priority, reason, .. } = self.wanted.which;
        let member = if let Owner::Member(id) = owner { Some(id) } else { None };
        let last = (BusinessTime::from_us(i64::MAX), CustomerId(ALL), CaseId(ALL));
        let before = self.wanted.after.unwrap_or(last);
        Ok(case::solved(tx, (member, priority, reason), before, Self::LIMIT).await?)
    }
}
impl Work for Queue {
    const NAME: &'static str = "case_queue";
    type Out = Listed;
    type Refusal = Problem;
    async fn run(&self, tx: &mut Tx) -> Result<Listed, Stop<Problem>> {
        permit(tx, self.by, Permission::SeeCustomer).await?;
        if self.wanted.which.reason == Some(CaseReason::Papers) {
            permit(tx, self.by, Permission::DecideIdentity).await?;
        }
        let mut found = if self.wanted.solved { self.solved(tx).await? } else { self.waiting(tx).await? };
        let more = found.len() > PAGE;
        found.truncate(PAGE);
        let place = |case: &Case| (case.solved_at.unwrap_or(case.due_at), case.customer, case.id);
        let next = found.last().map(place).filter(|_| more);
        let (mut names, mut cases) = (BTreeMap::new(), Vec::new());
        for case in found {
            let owner = match case.owner {
                Some(id) => {
                    if let Entry::Vacant(unknown) = names.entry(id) {
                        unknown.insert(staff::signature(tx, id).await?);
                    }
                    names.get(&id).cloned()
                }
                None => None,
            };
            cases.push((case, owner));
        }
        Ok(Listed { cases, next })
    }
}

struct Count {
    by: RawId,
    now: BusinessTime,
}
impl Work for Count {
    const NAME: &'static str = "count_cases";
    type Out = Counts;
    type Refusal = Problem;
    async fn run(&self, tx: &mut Tx) -> Result<Counts, Stop<Problem>> {
        let StaffMember { id, .. } = permit(tx, self.by, Permission::SeeCustomer).await?;
        let max = COUNTED + 1;
        Ok(Counts {
            mine: case::count_of_owner(tx, id, max).await?,
            nobodys: case::count_of_nobody(tx, max).await?,
            over: case::count_over(tx, self.now, max).await?,
            disputed: case::count_of_reason(tx, CaseReason::Disputed, max).await?,
            paid_not_in_effect: case::count_of_reason(tx, CaseReason::PaidNotInEffect, max).await?,
        })
    }
}

struct CountWaiting {
    by: RawId,
}
impl Work for CountWaiting {
    const NAME: &'static str = "count_paid_not_in_effect";
    type Out = Waiting;
    type Refusal = Problem;
    async fn run(&self, tx: &mut Tx) -> Result<Waiting, Stop<Problem>> {
        permit(tx, self.by, Permission::SeeCustomer).await?;
        let (count, oldest) = support::waiting(tx, COUNTED + 1).await?;
        Ok(Waiting { count, oldest })
    }
}
