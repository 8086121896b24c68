//! Reference rows: settings and offerings.

use super::columns::undecodable;
use crate::{FromRow, Query, Result, Row, Tx, args};
use everline_core::offering::{Offering, OfferingRef};

crate::queries! { ALL;
    SETTING_GET = "SELECT value FROM setting WHERE name = $1";
    SETTING_SET = "INSERT INTO setting (name, value) VALUES ($1, $2) ON CONFLICT (name) DO UPDATE SET value = excluded.value";
    OFFERING_GET = "SELECT body FROM offering WHERE code = $1 AND version = $2";
    OFFERING_LATEST_SOLD = "SELECT body FROM offering WHERE code = $1 AND sale <> 'draft' ORDER BY version DESC LIMIT 1";
    OFFERING_LATEST_ON_SALE = "SELECT body FROM offering WHERE code = $1 AND sale = 'published' ORDER BY version DESC LIMIT 1";
    OFFERINGS_ON_SALE = "SELECT body FROM offering WHERE sale = 'published' ORDER BY code, version";
    OFFERINGS = "SELECT body FROM offering ORDER BY code, version";
    OFFERING_SET = "INSERT INTO offering (code, version, sale, body) VALUES ($1, $2, $3, $4) ON CONFLICT (code, version) DO UPDATE \
        SET sale = excluded.sale, body = excluded.body, revision = offering.revision + 1, publish_at = NULL, retire_at = NULL, planned_by = NULL";
}

/// Reads an offering's stored body.
pub(crate) fn decode(body: &str) -> Result<Offering> {
    serde_json::from_str(body).map_err(|_| undecodable::<Offering>("body", "text that is no offering"))
}

struct OfferingRow(Offering);
impl FromRow for OfferingRow {
    fn from_row(row: &Row<'_>) -> Result<Self> {
        decode(&row.get::<String>(0)?).map(OfferingRow)
    }
}

/// A setting by name.
pub async fn setting(tx: &mut Tx, name: &str) -> Result<Option<String>> {
    Ok(tx.maybe::<(String,)>(&SETTING_GET, args![name]).await?.map(|row| row.0))
}
/// Writes a setting.
pub fn set_setting(tx: &mut Tx, name: &str, value: &str) {
    tx.put(&SETTING_SET, args![name, value]);
}
/// One version of an offering.
pub async fn offering(tx: &mut Tx, reference: &OfferingRef) -> Result<Offering> {
    let row: OfferingRow =
        tx.one("offering", &OFFERING_GET, args![reference.code.as_str(), i64::from(reference.version)]).await?;
    Ok(row.0)
}
/// One version of an offering, if there is one.
#[must_use]
pub fn by_reference(reference: &OfferingRef) -> Query<Offering> {
    let args = args![reference.code.as_str(), i64::from(reference.version)];
    Query::<OfferingRow>::new(&OFFERING_GET, args).map(|row| row.0)
}
/// The newest version of an offering that is or was for sale.
pub async fn latest_sold(tx: &mut Tx, code: &str) -> Result<Option<Offering>> {
    Ok(tx.maybe::<OfferingRow>(&OFFERING_LATEST_SOLD, args![code]).await?.map(|row| row.0))
}
/// The newest version of an offering that is for sale.
pub async fn latest_on_sale(tx: &mut Tx, code: &str) -> Result<Option<Offering>> {
    Ok(tx.maybe::<OfferingRow>(&OFFERING_LATEST_ON_SALE, args![code]).await?.map(|row| row.0))
}
/// All versions that are for sale.
pub async fn on_sale(tx: &mut Tx) -> Result<Vec<Offering>> {
    Ok(tx.all::<OfferingRow>(&OFFERINGS_ON_SALE, args![]).await?.into_iter().map(|row| row.0).collect())
}
/// All versions of all offerings.
pub async fn all(tx: &mut Tx) -> Result<Vec<Offering>> {
    Ok(tx.all::<OfferingRow>(&OFFERINGS, args![]).await?.into_iter().map(|row| row.0).collect())
}
/// Writes an offering version as a file or a set-up has it: what was planned with it is no longer.
pub fn set_offering(tx: &mut Tx, offering: &Offering) -> Result<()> {
    let body =
        serde_json::to_string(offering).map_err(|_| undecodable::<Offering>("body", "an offering that has no JSON"))?;
    let reference = &offering.reference;
    tx.put(&OFFERING_SET, args![reference.code.as_str(), i64::from(reference.version), offering.sale, body]);
    Ok(())
}
