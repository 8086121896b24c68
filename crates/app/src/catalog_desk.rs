//! The catalog at the desk: every version of what is sold, and what its makers know of it.

use crate::staff::permit;
use crate::{App, Problem};
use everline_core::catalog::Version;
use everline_core::ids::RawId;
use everline_core::offering::{OfferingRef, SaleState};
use everline_core::staff::Permission;
use everline_store::tables::{catalog_desk, staff};
use everline_store::{Stop, Tx, Work};
use std::collections::BTreeMap;
use std::collections::btree_map::Entry;

/// The whole catalog.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CatalogView {
    /// Every version, by code and version.
    pub versions: Vec<Version>,
    /// Whether whoever looks may change it.
    pub may_publish: bool,
}

/// One version, beside the others of its offering.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VersionView {
    /// The version.
    pub version: Version,
    /// All versions of its offering, oldest first, itself too.
    pub all: Vec<Version>,
    /// How the members are called who published, planned or retired it.
    pub members: BTreeMap<RawId, String>,
    /// Whether whoever looks may change it.
    pub may_publish: bool,
}

impl VersionView {
    /// The version that it replaces, or replaced: the newest before it that was ever for sale.
    #[must_use]
    pub fn replaces(&self) -> Option<&Version> {
        let before = self.all.iter().filter(|one| one.reference().version < self.version.reference().version);
        before.filter(|one| one.offering.sale != SaleState::Draft).max_by_key(|one| one.reference().version)
    }
    /// The newest version there is, from which the next one is written.
    #[must_use]
    pub fn newest(&self) -> &Version {
        self.all.iter().max_by_key(|one| one.reference().version).unwrap_or(&self.version)
    }
    /// The version that is being written or waits for its time.
    #[must_use]
    pub fn draft(&self) -> Option<&Version> {
        self.all.iter().find(|one| one.offering.sale == SaleState::Draft)
    }
}

/// The catalog.
///
/// # Errors
/// [`Problem::NotAllowed`]
pub async fn catalog(app: &App, by: RawId) -> Result<CatalogView, Problem> {
    Ok(app.store.read(Every { by }).await?)
}

/// One version.
///
/// # Errors
/// [`Problem::NotAllowed`]; [`Problem::NotFound`]
pub async fn version(app: &App, reference: OfferingRef, by: RawId) -> Result<VersionView, Problem> {
    Ok(app.store.read(One { reference, by }).await?)
}

struct Every {
    by: RawId,
}
impl Work for Every {
    const NAME: &'static str = "desk_catalog";
    type Out = CatalogView;
    type Refusal = Problem;
    async fn run(&self, tx: &mut Tx) -> Result<CatalogView, Stop<Problem>> {
        let member = permit(tx, self.by, Permission::SeeCatalog).await?;
        let versions = catalog_desk::every(tx).await?;
        Ok(CatalogView { versions, may_publish: member.may(Permission::PublishCatalog) })
    }
}

struct One {
    reference: OfferingRef,
    by: RawId,
}
impl Work for One {
    const NAME: &'static str = "desk_offering";
    type Out = VersionView;
    type Refusal = Problem;
    async fn run(&self, tx: &mut Tx) -> Result<VersionView, Stop<Problem>> {
        let member = permit(tx, self.by, Permission::SeeCatalog).await?;
        let all = catalog_desk::of_code(tx, &self.reference.code).await?;
        let version = all.iter().find(|one| *one.reference() == self.reference).cloned().ok_or_else(gone)?;
        let done = [version.published, version.retired].into_iter().flatten().filter_map(|done| done.by);
        let mut members = BTreeMap::new();
        for id in done.chain(version.planned_by) {
            if let Entry::Vacant(unknown) = members.entry(id) {
                unknown.insert(staff::signature(tx, id).await?);
            }
        }
        Ok(VersionView { version, all, members, may_publish: member.may(Permission::PublishCatalog) })
    }
}

pub(crate) fn gone() -> Stop<Problem> {
    Stop::Refused(Problem::NotFound("offering"))
}
