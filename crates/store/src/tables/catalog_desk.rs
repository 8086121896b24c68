//! The catalog as its makers see it: every version of every offering, with what is planned. Changed under one lock.

use super::catalog::decode;
use super::columns::{Columns, undecodable};
use crate::{FromRow, Result, Row, Tx, args};
use everline_core::catalog::{Done, Version};
use everline_core::offering::{Offering, OfferingRef};
use everline_core::time::BusinessTime;

macro_rules! columns {
    () => {
        "v.body, v.revision, v.upstream_cost, v.publish_at, v.retire_at, v.planned_by, v.published_at, v.published_by, v.retired_at, v.retired_by"
    };
}

crate::queries! { ALL;
    LOCK = "SELECT value FROM setting WHERE name = 'catalog' FOR UPDATE";
    GET = concat!("SELECT ", columns!(), " FROM offering v WHERE v.code = $1 AND v.version = $2");
    OF_CODE = concat!("SELECT ", columns!(), " FROM offering v WHERE v.code = $1 ORDER BY v.version");
    EVERY = concat!("SELECT ", columns!(), " FROM offering v ORDER BY v.code, v.version");
    PLANNED = "SELECT v.code, v.version, v.publish_at, v.retire_at FROM offering v WHERE v.publish_at IS NOT NULL OR v.retire_at IS NOT NULL ORDER BY v.code, v.version";
    SAVE = "INSERT INTO offering (code, version, sale, body, revision, upstream_cost, publish_at, retire_at, planned_by, published_at, published_by, \
        retired_at, retired_by) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13) ON CONFLICT (code, version) DO UPDATE SET \
        sale = excluded.sale, body = excluded.body, revision = excluded.revision, upstream_cost = excluded.upstream_cost, \
        publish_at = excluded.publish_at, retire_at = excluded.retire_at, planned_by = excluded.planned_by, published_at = excluded.published_at, \
        published_by = excluded.published_by, retired_at = excluded.retired_at, retired_by = excluded.retired_by";
    DISCARD = "DELETE FROM offering WHERE code = $1 AND version = $2 AND sale = 'draft'";
}

struct VersionRow(Version);
impl FromRow for VersionRow {
    fn from_row(row: &Row<'_>) -> Result<Self> {
        let mut c = Columns::new(row);
        let body: String = c.next()?;
        let (revision, upstream_cost, publish_at, retire_at, planned_by) =
            (c.next()?, c.next()?, c.next()?, c.next()?, c.next()?);
        let (published_at, published_by, retired_at, retired_by) =
            (c.next::<Option<_>>()?, c.next()?, c.next::<Option<_>>()?, c.next()?);
        Ok(VersionRow(Version {
            offering: decode(&body)?,
            revision,
            upstream_cost,
            publish_at,
            retire_at,
            planned_by,
            published: published_at.map(|at| Done { at, by: published_by }),
            retired: retired_at.map(|at| Done { at, by: retired_by }),
        }))
    }
}
fn versions(rows: Vec<VersionRow>) -> Vec<Version> {
    rows.into_iter().map(|row| row.0).collect()
}

/// Locks the catalog against everybody who would change it too. Nobody waits here to read it.
pub async fn lock(tx: &mut Tx) -> Result<()> {
    tx.one::<(String,)>("setting", &LOCK, args![]).await.map(|_| ())
}
/// A version.
pub async fn get(tx: &mut Tx, reference: &OfferingRef) -> Result<Option<Version>> {
    let args = args![reference.code.as_str(), i64::from(reference.version)];
    Ok(tx.maybe::<VersionRow>(&GET, args).await?.map(|row| row.0))
}
/// The versions of an offering, oldest first.
pub async fn of_code(tx: &mut Tx, code: &str) -> Result<Vec<Version>> {
    Ok(versions(tx.all(&OF_CODE, args![code]).await?))
}
/// Every version, by code and version.
pub async fn every(tx: &mut Tx) -> Result<Vec<Version>> {
    Ok(versions(tx.all(&EVERY, args![]).await?))
}
/// The versions with which something is planned, and when each is due next.
pub async fn planned(tx: &mut Tx) -> Result<Vec<(OfferingRef, BusinessTime)>> {
    let rows: Vec<(String, u32, Option<BusinessTime>, Option<BusinessTime>)> = tx.all(&PLANNED, args![]).await?;
    let due = |(code, version, publish_at, retire_at)| {
        Some((OfferingRef { code, version }, [publish_at, retire_at].into_iter().flatten().min()?))
    };
    Ok(rows.into_iter().filter_map(due).collect())
}
/// Writes a version. The catalog is locked.
pub fn save(tx: &mut Tx, version: &Version) -> Result<()> {
    let Version { offering, revision, upstream_cost, publish_at, retire_at, planned_by, published, retired } = version;
    let body =
        serde_json::to_string(offering).map_err(|_| undecodable::<Offering>("body", "an offering that has no JSON"))?;
    let reference = &offering.reference;
    let at = |done: &Option<Done>| done.map(|done| done.at);
    let by = |done: &Option<Done>| done.and_then(|done| done.by);
    tx.put(
        &SAVE,
        args![
            reference.code.as_str(),
            i64::from(reference.version),
            offering.sale,
            body,
            *revision,
            *upstream_cost,
            *publish_at,
            *retire_at,
            *planned_by,
            at(published),
            by(published),
            at(retired),
            by(retired)
        ],
    );
    Ok(())
}
/// Throws a draft away. The catalog is locked.
pub fn discard(tx: &mut Tx, reference: &OfferingRef) {
    tx.put(&DISCARD, args![reference.code.as_str(), i64::from(reference.version)]);
}
