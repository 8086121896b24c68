//! The catalogue: a TOML file with one `[[offering]]` for each version.
//!
//! ```toml
//! [[offering]]
//! code = "watch-month"
//! version = 1                    # may be left out: then a changed content becomes the next version
//! sale = "published"             # draft, published, retired
//! kind = "plan"                  # plan, pack, top_up
//! price = "9.90"
//! renewal_price = "9.90"
//! currency = "CNY"
//! families = ["watch"]           # phone, watch, router, iot, travel
//! start = "immediate"            # or { first_use = { within_days = 180 } }
//! validity = { months = 1 }      # or { days = 7 }, "month_end"; absent for a top-up
//! used_up = "stop"               # or "not_applicable"
//! refund = "not_after_delivery"  # or { unused_within = { days = 7 } }
//! upstream_code = "W-M"          # where another operator's network delivers it
//! eligibility = { per_line_max = 1, new_lines_only = true } # absent: any line of the families, any number of times
//!
//! [[offering.included]]
//! unit = "octets"                # or seconds, messages
//! amount = 500000000
//!
//! [offering.name]
//! en = "Watch monthly"
//! zh-CN = "手表畅联月包"
//! ```
//!
//! `[offering.summary]` and `[offering.roaming]` are texts like `name`. The same content again changes nothing. A version
//! never changes its content, only whether it is for sale: changed content needs a higher version, or none, and then
//! becomes one. A new version that is published takes the place of the published ones before it that the file does not
//! name: those are retired.

use super::{FileFault, ImportError, Importer};
use crate::Problem;
use everline_core::brand::{Brand, Localized};
use everline_core::catalog::{Wrong, wrong};
use everline_core::country::Country;
use everline_core::money::Money;
use everline_core::offering::{
    Eligibility, Family, Included, Offering, OfferingKind, OfferingRef, RefundRule, SaleState, StartPolicy, UsedUp,
};
use everline_core::time::Validity;
use everline_store::tables::{catalog, catalog_desk};
use everline_store::{Stop, Tx, Work};
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;
use std::fmt;
use std::sync::Arc;

/// A catalogue file.
#[derive(Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
struct Catalogue {
    #[serde(default)]
    offering: Vec<Entry>,
}

/// One version of one offering, as it stands in a file. Tables come last, as TOML wants them.
#[derive(Debug, Clone, PartialEq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
struct Entry {
    code: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    version: Option<u32>,
    sale: SaleState,
    kind: OfferingKind,
    price: String,
    renewal_price: String,
    currency: String,
    families: Vec<Family>,
    /// Whether it is sold with a new line, whose profile comes from the stock.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    with_esim: bool,
    /// Where it works, by ISO 3166-1 codes.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    countries: Vec<Country>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    upstream_code: Option<String>,
    used_up: UsedUp,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    validity: Option<Validity>,
    start: StartPolicy,
    refund: RefundRule,
    /// Which lines may take it, beside its families.
    #[serde(default, skip_serializing_if = "Eligibility::is_open")]
    eligibility: Eligibility,
    #[serde(default)]
    included: Vec<Included>,
    name: Localized,
    #[serde(default)]
    summary: Localized,
    #[serde(default)]
    roaming: Localized,
}

impl Entry {
    fn of(offering: &Offering) -> Self {
        let o = offering.clone();
        Self {
            code: o.reference.code,
            version: Some(o.reference.version),
            sale: o.sale,
            kind: o.kind,
            price: o.price.decimal(),
            renewal_price: o.renewal_price.decimal(),
            currency: o.price.currency().code().to_owned(),
            families: o.families,
            with_esim: o.with_esim,
            countries: o.countries,
            upstream_code: o.upstream_code,
            used_up: o.used_up,
            validity: o.validity,
            start: o.start,
            refund: o.refund,
            eligibility: o.eligibility,
            included: o.included,
            name: o.name,
            summary: o.summary,
            roaming: o.roaming,
        }
    }

    fn check(&self, brand: &Brand) -> Result<(), Wrong> {
        if self.version == Some(0) {
            return Err(("version", "counted from 1"));
        }
        if self.currency != brand.currency.code() {
            return Err(("currency", "the brand's"));
        }
        let offering = self.clone().offering(1, brand)?;
        wrong(&offering).into_iter().next().map_or(Ok(()), Err)
    }

    fn offering(self, version: u32, brand: &Brand) -> Result<Offering, Wrong> {
        let amount = |field, text: &str| {
            let money =
                Money::parse(text, brand.currency).ok().filter(|money| money.micros() > 0 && money.to_minor().is_ok());
            money.ok_or((field, "a decimal number above 0, in whole minor units"))
        };
        let (price, renewal_price) = (amount("price", &self.price)?, amount("renewal_price", &self.renewal_price)?);
        Ok(Offering {
            reference: OfferingRef { code: self.code, version },
            sale: self.sale,
            kind: self.kind,
            name: self.name,
            summary: self.summary,
            price,
            renewal_price,
            included: self.included,
            validity: self.validity,
            start: self.start,
            families: self.families,
            with_esim: self.with_esim,
            countries: self.countries,
            upstream_code: self.upstream_code,
            used_up: self.used_up,
            refund: self.refund,
            roaming: self.roaming,
            eligibility: self.eligibility,
        })
    }
}

/// What becomes of an offering.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Change {
    /// A version that was not there.
    Added(OfferingRef),
    /// The content differs from the newest version: this one was made of it.
    BecameVersion(OfferingRef),
    /// It is there, as the file says.
    AlreadyThere(OfferingRef),
    /// Only whether it is for sale changed.
    Sale(OfferingRef, SaleState),
    /// A newer version took its place.
    Retired(OfferingRef),
}
impl fmt::Display for Change {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Change::Added(offering) => write!(f, "{offering}: added"),
            Change::BecameVersion(offering) => write!(f, "{offering}: changed, and added as a new version"),
            Change::AlreadyThere(offering) => write!(f, "{offering}: already there"),
            Change::Sale(offering, sale) => write!(f, "{offering}: now {}", sale_word(*sale)),
            Change::Retired(offering) => write!(f, "{offering}: retired, a newer version is for sale"),
        }
    }
}
const fn sale_word(sale: SaleState) -> &'static str {
    match sale {
        SaleState::Draft => "a draft",
        SaleState::Published => "published",
        SaleState::Retired => "retired",
    }
}

/// Loads a catalogue: all of it or nothing.
///
/// # Errors
/// [`ImportError::File`] names the offering, the field and the rule it breaks.
pub async fn import(importer: &Importer, text: &str, dry_run: bool) -> Result<Vec<Change>, ImportError> {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let catalogue: Catalogue = toml::from_str(text).map_err(|error| FileFault::Catalogue(error.to_string()))?;
    for (entry, number) in catalogue.offering.iter().zip(1u32..) {
        entry.check(&importer.brand).map_err(|wrong| fault(&entry.code, number, wrong))?;
    }
    let work = Load { entries: catalogue.offering, brand: importer.brand.clone(), dry_run };
    let done = if dry_run { importer.store.read(work).await } else { importer.store.transact(work).await };
    match done {
        Ok(changes) => Ok(changes),
        Err(Stop::Refused(fault)) => Err(fault.into()),
        Err(Stop::Store(error)) => Err(Problem::from(error).into()),
    }
}

fn fault(code: &str, number: u32, (field, rule): Wrong) -> FileFault {
    FileFault::Catalogue(format!("offering {number} ({code:?}): {field}: {rule}"))
}

struct Load {
    entries: Vec<Entry>,
    brand: Arc<Brand>,
    dry_run: bool,
}
impl Work for Load {
    const NAME: &'static str = "import_offerings";
    type Out = Vec<Change>;
    type Refusal = FileFault;
    async fn run(&self, tx: &mut Tx) -> Result<Vec<Change>, Stop<FileFault>> {
        if !self.dry_run {
            catalog_desk::lock(tx).await?;
        }
        let mut all = catalog::all(tx).await?;
        let before: Vec<OfferingRef> = all.iter().map(|offering| offering.reference.clone()).collect();
        let (mut changes, mut named, mut written) = (Vec::new(), BTreeSet::new(), Vec::new());
        for (entry, number) in self.entries.iter().zip(1u32..) {
            let stop = |wrong| Stop::Refused(fault(&entry.code, number, wrong));
            let (change, offering) = decide(entry, &all, &self.brand).map_err(stop)?;
            if !named.insert(offering.reference.clone()) {
                return Err(stop(("version", "the file has this version already")));
            }
            if !matches!(change, Change::AlreadyThere(_)) {
                all.retain(|known| known.reference != offering.reference);
                all.push(offering.clone());
                written.push(offering);
            }
            changes.push(change);
        }
        for new in &written.clone() {
            let replaced = all.iter_mut().filter(|old| {
                let (old, new_one) = (&old.reference, &new.reference);
                old.code == new_one.code
                    && old.version < new_one.version
                    && before.contains(old)
                    && !named.contains(old)
            });
            let added = !before.contains(&new.reference) && new.sale == SaleState::Published;
            for old in replaced.filter(|old| added && old.sale == SaleState::Published) {
                old.sale = SaleState::Retired;
                changes.push(Change::Retired(old.reference.clone()));
                written.push(old.clone());
            }
        }
        if !self.dry_run {
            for offering in &written {
                catalog::set_offering(tx, offering)?;
            }
        }
        Ok(changes)
    }
}

/// What an entry means beside what is there.
fn decide(entry: &Entry, all: &[Offering], brand: &Brand) -> Result<(Change, Offering), Wrong> {
    let of_code = |known: &&Offering| known.reference.code == entry.code;
    let latest = all.iter().filter(of_code).max_by_key(|known| known.reference.version);
    let newest = latest.map_or(0, |latest| latest.reference.version);
    let existing = match entry.version {
        Some(version) => all.iter().filter(of_code).find(|known| known.reference.version == version),
        None => latest,
    };
    let version = entry.version.or(existing.map(|existing| existing.reference.version)).unwrap_or(1);
    let offering = entry.clone().offering(version, brand)?;
    let Some(existing) = existing else {
        return Ok((Change::Added(offering.reference.clone()), offering));
    };
    if *existing == offering {
        return Ok((Change::AlreadyThere(offering.reference.clone()), offering));
    }
    if (Offering { sale: offering.sale, ..existing.clone() }) == offering {
        return Ok((Change::Sale(offering.reference.clone(), offering.sale), offering));
    }
    if entry.version.is_some() {
        return Err((
            "version",
            "this version is there with other content, and a version never changes: give the new content a higher version, or leave the version out",
        ));
    }
    let next = newest.checked_add(1).ok_or(("version", "no version is left"))?;
    let offering = Offering { reference: OfferingRef { code: entry.code.clone(), version: next }, ..offering };
    Ok((Change::BecameVersion(offering.reference.clone()), offering))
}

/// The catalogue as a file: every version, in the order of code and version.
///
/// # Errors
/// [`FileFault::Catalogue`] if an offering has no such form.
pub(crate) fn to_text(offerings: &[Offering]) -> Result<String, FileFault> {
    let catalogue = Catalogue { offering: offerings.iter().map(Entry::of).collect() };
    toml::to_string(&catalogue).map_err(|error| FileFault::Catalogue(error.to_string()))
}
