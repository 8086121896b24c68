//! Writing what will be sold: new offerings, new versions, changes of drafts; and what a version costs upstream. What was
//! for sale once never changes its content.

use crate::audit::{Act, Stamp};
use crate::catalog_desk::gone;
use crate::catalog_sale::{set_timer, subject};
use crate::staff::permit;
use crate::{App, Problem};
use everline_core::audit::AuditAction;
use everline_core::brand::{Brand, Localized};
use everline_core::catalog::{CODE_MAX, Version, Wrong, edit as edited, next_version, wrong};
use everline_core::ids::RawId;
use everline_core::offering::{Offering, OfferingRef, SaleState};
use everline_core::staff::Permission;
use everline_store::tables::catalog_desk;
use everline_store::{LostCommit, Stop, Tx, Work};

/// The longest name of an offering, in characters.
pub const NAME_MAX: usize = 60;
/// The longest summary, and the longest words about roaming, in characters.
pub const TEXT_MAX: usize = 200;
/// The highest price and cost, in millionths.
pub const PRICE_MAX: i64 = 10_000_000 * everline_core::money::UNIT;

/// What is written: an offering's content, and what one costs upstream.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Content {
    /// The content. Version and state are ours to say, and of another version than the first the code too.
    pub offering: Offering,
    /// What one costs upstream, in millionths of the price's currency, if known.
    pub upstream_cost: Option<i64>,
}

impl Content {
    /// What cannot be used of it, field by field.
    #[must_use]
    pub fn wrong(&self, brand: &Brand) -> Vec<Wrong> {
        let o = &self.offering;
        let short = |text: &Localized, max: usize| {
            text.0.values().all(|text| text.chars().count() <= max && !text.chars().any(char::is_control))
        };
        let priced = |micros: i64| (0..=PRICE_MAX).contains(&micros);
        let upstream =
            |code: &String| (1..=CODE_MAX).contains(&code.len()) && code.bytes().all(|byte| byte.is_ascii_graphic());
        let desk = [
            (short(&o.name, NAME_MAX), "name", "too long"),
            (short(&o.summary, TEXT_MAX), "summary", "too long"),
            (short(&o.roaming, TEXT_MAX), "roaming", "too long"),
            (o.price.currency() == brand.currency && priced(o.price.micros()), "price", "too much"),
            (
                o.renewal_price.currency() == brand.currency && priced(o.renewal_price.micros()),
                "renewal_price",
                "too much",
            ),
            (o.upstream_code.iter().all(upstream), "upstream_code", "1 to 64 letters, digits and signs"),
            (self.upstream_cost.is_none_or(priced), "upstream_cost", "an amount"),
        ];
        let mut all = wrong(o);
        for (holds, field, rule) in desk {
            if !holds && all.iter().all(|(known, _)| *known != field) {
                all.push((field, rule));
            }
        }
        all
    }
    fn is_of(&self, version: &Version) -> bool {
        let Version { offering, upstream_cost, .. } = version;
        let (reference, sale) = (offering.reference.clone(), offering.sale);
        *offering == Offering { reference, sale, ..self.offering.clone() } && *upstream_cost == self.upstream_cost
    }
}

/// A version as a page showed it: which, and how often it had changed.
pub type Shown = (OfferingRef, i64);

/// Writes the first version of a new offering, as a draft. Sent twice, it is written once.
///
/// # Errors
/// [`Problem::NotAllowed`]; [`Problem::Invalid`] names the field: a code that is there is *taken*.
pub async fn create(app: &App, content: Content, by: RawId) -> Result<OfferingRef, Problem> {
    write(app, Change::Create, content, by).await
}

/// Writes the next version of an offering, as a draft; `newest` is the one that the page was filled from.
///
/// # Errors
/// [`Problem::NotAllowed`]; [`Problem::Invalid`]; [`Problem::Stale`] if there is a newer version by now;
/// [`Problem::CatalogRefuses`] while another is being written; [`Problem::NotFound`].
pub async fn next(app: &App, newest: OfferingRef, content: Content, by: RawId) -> Result<OfferingRef, Problem> {
    write(app, Change::Next(newest), content, by).await
}

/// Changes a draft.
///
/// # Errors
/// [`Problem::NotAllowed`]; [`Problem::Invalid`]; [`Problem::Stale`] if it changed since it was shown;
/// [`Problem::CatalogRefuses`] if it is no draft any more; [`Problem::NotFound`].
pub async fn edit(app: &App, shown: Shown, content: Content, by: RawId) -> Result<OfferingRef, Problem> {
    write(app, Change::Edit(shown), content, by).await
}

async fn write(app: &App, change: Change, content: Content, by: RawId) -> Result<OfferingRef, Problem> {
    if let Some((field, rule)) = content.wrong(&app.brand).into_iter().next() {
        // Whoever may not write is not told what is wrong with it.
        crate::staff::permitted(app, by, Permission::PublishCatalog).await?;
        return Err(Problem::Invalid { field, rule });
    }
    Ok(app.store.transact(Write { change, content, by, stamp: Stamp::new(app)? }).await?)
}

/// Throws a draft away, with what is planned with it.
///
/// # Errors
/// [`Problem::NotAllowed`]; [`Problem::NotFound`]; [`Problem::Stale`]; [`Problem::CatalogRefuses`] if it is no draft.
pub async fn discard(app: &App, shown: Shown, by: RawId) -> Result<(), Problem> {
    Ok(app.store.transact(Discard { shown, by, stamp: Stamp::new(app)? }).await?)
}

/// Notes what one costs upstream, of a version in any state: it is no term of a customer's.
///
/// # Errors
/// [`Problem::NotAllowed`]; [`Problem::NotFound`]; [`Problem::Stale`]; [`Problem::Invalid`]: `upstream_cost`.
pub async fn note_cost(app: &App, shown: Shown, cost: Option<i64>, by: RawId) -> Result<(), Problem> {
    Ok(app.store.transact(NoteCost { shown, cost, by, stamp: Stamp::new(app)? }).await?)
}

enum Change {
    Create,
    Next(OfferingRef),
    Edit(Shown),
}

/// Locks the catalog for a member who may change it.
pub(crate) async fn begin(tx: &mut Tx, by: RawId) -> Result<(), Stop<Problem>> {
    catalog_desk::lock(tx).await?;
    permit(tx, by, Permission::PublishCatalog).await.map(|_| ())
}

/// The version, as the page showed it.
pub(crate) async fn as_shown(tx: &mut Tx, (reference, revision): &Shown) -> Result<Version, Stop<Problem>> {
    let version = catalog_desk::get(tx, reference).await?.ok_or_else(gone)?;
    if version.revision == *revision { Ok(version) } else { Err(Stop::Refused(Problem::Stale)) }
}

struct Write {
    change: Change,
    content: Content,
    by: RawId,
    stamp: Stamp,
}
impl Work for Write {
    const NAME: &'static str = "write_offering";
    type Out = OfferingRef;
    type Refusal = Problem;
    async fn run(&self, tx: &mut Tx) -> Result<OfferingRef, Stop<Problem>> {
        begin(tx, self.by).await?;
        let (found, action) = match &self.change {
            Change::Create => (self.create(tx).await?, AuditAction::CatalogDrafted),
            Change::Next(newest) => (self.next(tx, newest).await?, AuditAction::CatalogDrafted),
            Change::Edit(shown) => (self.edit(tx, shown).await?, AuditAction::CatalogEdited),
        };
        let version = match found {
            Written::Before(reference) => return Ok(reference),
            Written::Now(version) => *version,
        };
        catalog_desk::save(tx, &version)?;
        let act = Act::by(self.by, action, subject(version.reference())).with("revision", version.revision);
        self.stamp.append(tx, act).await?;
        Ok(version.reference().clone())
    }
}

/// What is to be written, or what stands there because the form was sent before.
enum Written {
    Now(Box<Version>),
    Before(OfferingRef),
}

impl Write {
    fn draft_of_mine(&self, found: &Version) -> bool {
        found.offering.sale == SaleState::Draft && self.content.is_of(found)
    }
    async fn create(&self, tx: &mut Tx) -> Result<Written, Stop<Problem>> {
        let reference = OfferingRef { code: self.content.offering.reference.code.clone(), version: 1 };
        let all = catalog_desk::of_code(tx, &reference.code).await?;
        match all.as_slice() {
            [] => {}
            [found] if *found.reference() == reference && self.draft_of_mine(found) => {
                return Ok(Written::Before(reference));
            }
            _ => return Err(Stop::Refused(Problem::Invalid { field: "code", rule: "taken" })),
        }
        let offering = Offering { reference, ..self.content.offering.clone() };
        Ok(Written::Now(Box::new(Version::draft(offering, self.content.upstream_cost))))
    }
    async fn next(&self, tx: &mut Tx, newest: &OfferingRef) -> Result<Written, Stop<Problem>> {
        let all = catalog_desk::of_code(tx, &newest.code).await?;
        let last = all.last().ok_or_else(gone)?;
        if last.reference().version == newest.version.saturating_add(1) && self.draft_of_mine(last) {
            return Ok(Written::Before(last.reference().clone()));
        }
        if last.reference() != newest {
            return Err(Stop::Refused(Problem::Stale));
        }
        let content = Offering { reference: newest.clone(), ..self.content.offering.clone() };
        let next = next_version(&all, content, self.content.upstream_cost);
        Ok(Written::Now(Box::new(next.map_err(|why| Stop::Refused(Problem::CatalogRefuses(why)))?)))
    }
    async fn edit(&self, tx: &mut Tx, shown: &Shown) -> Result<Written, Stop<Problem>> {
        let found = catalog_desk::get(tx, &shown.0).await?.ok_or_else(gone)?;
        if self.draft_of_mine(&found) {
            return Ok(Written::Before(shown.0.clone()));
        }
        let Content { offering, upstream_cost } = self.content.clone();
        let changed = edited(&found, offering, upstream_cost);
        let changed = changed.map_err(|why| Stop::Refused(Problem::CatalogRefuses(why)))?;
        if found.revision != shown.1 {
            return Err(Stop::Refused(Problem::Stale));
        }
        Ok(Written::Now(Box::new(changed)))
    }
}

struct Discard {
    shown: Shown,
    by: RawId,
    stamp: Stamp,
}
impl Work for Discard {
    const NAME: &'static str = "discard_offering";
    const ON_LOST_COMMIT: LostCommit = LostCommit::Report;
    type Out = ();
    type Refusal = Problem;
    async fn run(&self, tx: &mut Tx) -> Result<(), Stop<Problem>> {
        begin(tx, self.by).await?;
        let version = as_shown(tx, &self.shown).await?;
        if version.offering.sale != SaleState::Draft {
            return Err(Stop::Refused(Problem::CatalogRefuses(everline_core::catalog::NotDone::NotADraft)));
        }
        let nothing = Version { publish_at: None, retire_at: None, ..version.clone() };
        set_timer(tx, &[nothing]).await?;
        catalog_desk::discard(tx, version.reference());
        let act = Act::by(self.by, AuditAction::CatalogDiscarded, subject(version.reference()));
        self.stamp.append(tx, act).await
    }
}

struct NoteCost {
    shown: Shown,
    cost: Option<i64>,
    by: RawId,
    stamp: Stamp,
}
impl Work for NoteCost {
    const NAME: &'static str = "note_upstream_cost";
    const ON_LOST_COMMIT: LostCommit = LostCommit::Report;
    type Out = ();
    type Refusal = Problem;
    async fn run(&self, tx: &mut Tx) -> Result<(), Stop<Problem>> {
        begin(tx, self.by).await?;
        if self.cost.is_some_and(|cost| !(0..=PRICE_MAX).contains(&cost)) {
            return Err(Stop::Refused(Problem::Invalid { field: "upstream_cost", rule: "an amount" }));
        }
        let version = as_shown(tx, &self.shown).await?;
        let revision = version.revision.saturating_add(1);
        catalog_desk::save(tx, &Version { upstream_cost: self.cost, revision, ..version.clone() })?;
        let act = Act::by(self.by, AuditAction::CatalogCostNoted, subject(version.reference()));
        let known = |cost: Option<i64>| cost.map_or(serde_json::Value::Null, serde_json::Value::from);
        let act = act.with("from", known(version.upstream_cost)).with("to", known(self.cost));
        self.stamp.append(tx, act).await
    }
}
