//! What is for sale, and from when: publishing and retiring versions, now or at a time of the business clock. Whatever
//! publishes a version retires the one before it in the same transaction. Orders are not touched: what was ordered keeps its
//! price and terms, and an order that was being placed in that moment stands in the version that it was placed in.

use crate::audit::{Act as Entry, Stamp};
use crate::catalog_draft::{Shown, as_shown, begin};
use crate::set_up::HOUSE;
use crate::{App, Problem};
use everline_core::audit::{Actor, AuditAction};
use everline_core::catalog::{self, Done, Happened, Happening, Version, first_due};
use everline_core::ids::RawId;
use everline_core::offering::OfferingRef;
use everline_core::time::{BusinessTime, Now, Zone};
use everline_store::tables::catalog_desk;
use everline_store::tables::timer::{self, TimerKind};
use everline_store::{LostCommit, Stop, Tx, Work};
use std::collections::BTreeSet;

/// The timer of everything that is planned: one row of the house's, due with the first of it.
pub(crate) const CATALOG_TIMER: RawId = RawId::from_bytes(*b"everline catalog");

/// What is done with a version.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Act {
    /// It goes on sale now.
    Publish,
    /// It is retired now.
    Retire,
    /// It goes on sale, or is retired, or both, at a time.
    Plan {
        /// When it goes on sale.
        publish_at: Option<BusinessTime>,
        /// When it is retired.
        retire_at: Option<BusinessTime>,
    },
    /// What is planned is taken back.
    Unplan,
}

/// Does something with a version, as a page showed it.
///
/// # Errors
/// [`Problem::NotAllowed`]; [`Problem::NotFound`]; [`Problem::Stale`] if it changed since it was shown;
/// [`Problem::CatalogRefuses`] if it does not fit the version.
pub async fn act(app: &App, shown: Shown, act: Act, by: RawId) -> Result<(), Problem> {
    let (stamp, zone, now) = (Stamp::new(app)?, app.zone.clone(), app.clock.now());
    Ok(app.store.transact(Acts { shown, act, by, stamp, zone, now }).await?)
}

/// Lets the first thing that is planned happen; nothing if it is not due any more.
pub(crate) async fn due(app: &App, due_at: BusinessTime) -> Result<(), Problem> {
    let (stamp, zone, now) = (Stamp::new(app)?, app.zone.clone(), app.clock.now());
    Ok(app.store.transact(Due { due_at, stamp, zone, now }).await?)
}

/// How the log names a version.
pub(crate) fn subject(reference: &OfferingRef) -> (&'static str, &OfferingRef) {
    ("offering", reference)
}

/// Sets the timer to what is planned next, when these versions change in this transaction. The catalog is locked.
pub(crate) async fn set_timer(tx: &mut Tx, changed: &[Version]) -> Result<(), Stop<Problem>> {
    let planned = catalog_desk::planned(tx).await?;
    let others = planned.into_iter().filter(|(found, _)| changed.iter().all(|one| one.reference() != found));
    let next = others.map(|(_, due)| due).chain(changed.iter().filter_map(Version::next_due)).min();
    match next {
        Some(due) => timer::set(tx, CATALOG_TIMER, HOUSE, TimerKind::Catalog, due),
        None => timer::remove(tx, CATALOG_TIMER, HOUSE),
    }
    Ok(())
}

/// Writes versions that change together.
async fn save(tx: &mut Tx, changed: &[Version]) -> Result<(), Stop<Problem>> {
    set_timer(tx, changed).await?;
    for version in changed {
        catalog_desk::save(tx, version)?;
    }
    Ok(())
}

/// What the log tells of versions that change: the first is what it is about, the others it replaces.
fn told(entry: Entry, changed: &[Version]) -> Entry {
    let replaced: Vec<String> = changed.iter().skip(1).map(|version| version.reference().to_string()).collect();
    if replaced.is_empty() { entry } else { entry.with("retired", replaced.join(" ")) }
}

struct Acts {
    shown: Shown,
    act: Act,
    by: RawId,
    stamp: Stamp,
    zone: Zone,
    now: Now,
}
impl Acts {
    async fn decide(&self, tx: &mut Tx, version: &Version) -> Result<(AuditAction, Vec<Version>), Stop<Problem>> {
        let done = Done { at: self.now.business, by: Some(self.by) };
        let all = catalog_desk::of_code(tx, &version.reference().code).await?;
        let one = |version| vec![version];
        let (action, changed) = match self.act {
            Act::Publish => (AuditAction::CatalogPublished, catalog::publish(&all, version, done)),
            Act::Retire => (AuditAction::CatalogRetired, catalog::retire(version, done).map(one)),
            Act::Plan { publish_at, retire_at } => {
                let planned = catalog::plan(&all, version, (publish_at, retire_at), done);
                (AuditAction::CatalogPlanned, planned.map(one))
            }
            Act::Unplan => (AuditAction::CatalogUnplanned, catalog::unplan(version).map(one)),
        };
        Ok((action, changed.map_err(|why| Stop::Refused(Problem::CatalogRefuses(why)))?))
    }
}
impl Work for Acts {
    const NAME: &'static str = "act_on_offering";
    const ON_LOST_COMMIT: LostCommit = LostCommit::Report;
    type Out = ();
    type Refusal = Problem;
    async fn run(&self, tx: &mut Tx) -> Result<(), Stop<Problem>> {
        begin(tx, self.by).await?;
        let version = as_shown(tx, &self.shown).await?;
        let (action, changed) = self.decide(tx, &version).await?;
        save(tx, &changed).await?;
        let mut entry = told(Entry::by(self.by, action, subject(version.reference())), &changed);
        if let Act::Plan { publish_at, retire_at } = self.act {
            for (name, at) in [("publish_at", publish_at), ("retire_at", retire_at)] {
                if let Some(at) = at {
                    entry = entry.with(name, self.zone.rfc3339(at));
                }
            }
        }
        self.stamp.append(tx, entry).await
    }
}

/// One thing that was planned.
struct Due {
    due_at: BusinessTime,
    stamp: Stamp,
    zone: Zone,
    now: Now,
}
impl Work for Due {
    const NAME: &'static str = "catalog_due";
    type Out = ();
    type Refusal = Problem;
    async fn run(&self, tx: &mut Tx) -> Result<(), Stop<Problem>> {
        catalog_desk::lock(tx).await?;
        if timer::get(tx, CATALOG_TIMER).await? != Some(self.due_at) {
            return Ok(()); // it ran, or something else is planned by now
        }
        let codes: BTreeSet<String> =
            catalog_desk::planned(tx).await?.into_iter().map(|(found, _)| found.code).collect();
        let mut all = Vec::new();
        for code in codes {
            all.extend(catalog_desk::of_code(tx, &code).await?);
        }
        // What is late counts from its own time; only what comes first happens now, and the timer comes again for the rest.
        let Some(Happened { at, what }) = first_due(&all, self.now.business) else { return set_timer(tx, &[]).await };
        let changed = what.changed();
        save(tx, changed).await?;
        let Some(first) = changed.first() else { return Ok(()) };
        let entry = |action| Entry::new(Actor::System, action, subject(first.reference()));
        let entry = match &what {
            Happening::Published(_) => entry(AuditAction::CatalogPublished),
            Happening::Retired(_) => entry(AuditAction::CatalogRetired),
            Happening::Dropped(_, why) => entry(AuditAction::CatalogUnplanned).with("why", why.word()),
        };
        let planner = all.iter().find(|one| one.reference() == first.reference()).and_then(|one| one.planned_by);
        let mut entry = told(entry, changed).with("due", self.zone.rfc3339(at));
        if let Some(planner) = planner {
            entry = entry.with("planned_by", planner.to_string());
        }
        self.stamp.append(tx, entry).await
    }
}
