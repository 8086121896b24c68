//! Lines of a running business that moves in: customers, lines, Sims and the plans that run.
//!
//! What moves in is what a line is and until when it is paid. Money, receipts and used allowances stay in the old books: a
//! plan that moves in is an order placed by `moved_in`, with its whole allowance, in effect and without money. Where the
//! stock knows the Sim the line takes it, secrets and all: load the Sims first.

mod around;
pub(crate) mod columns;
mod fate;
mod make;
mod row;

use around::Around;
use columns::COLUMNS;

use super::header::{Cells, Column};
use super::mentions::{Mentions, meaning};
use super::run::{Fate, Kind, Numbered};
use super::sims::Found;
use super::{Fault, ImportError, Importer, cell};
use crate::Problem;
use crate::clock::Clock;
use crate::secrets::{NotSealedHere, Secrets};
use everline_core::brand::Brand;
use everline_core::identifiers::{Iccid, Imsi, Msisdn};
use everline_core::ids::{CustomerId, LineId, OrderId};
use everline_core::line::{DeviceKind, NetworkKind};
use everline_core::offering::{Family, Offering, OfferingRef};
use everline_core::time::{BusinessTime, Zone};
use everline_store::tables::catalog;
use everline_store::tables::directory::Name;
use everline_store::tables::sim::{self, SimKind, StockSim};
use everline_store::tables::stock::{self, BatchKind};
use everline_store::{Error, Stop, Tx, Work};
use std::collections::HashMap;
use std::sync::Arc;

/// An owner as a row names them.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
struct Owner {
    key: String,
    organisation: bool,
    name: String,
    contact: Option<Msisdn>,
}

/// One row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LineRow {
    iccid: Iccid,
    imsi: Imsi,
    number: Msisdn,
    /// Nobody yet, if absent: the line is unclaimed.
    owner: Option<Owner>,
    language: Option<String>,
    device_name: Option<String>,
    device: Option<DeviceKind>,
    family: Family,
    network: NetworkKind,
    plan: Option<OfferingRef>,
    plan_ends: Option<BusinessTime>,
}

/// A row with the ids of what it makes.
pub(super) struct LineReady {
    row: LineRow,
    hash: [u8; 16],
    batch: Arc<str>,
    line: LineId,
    customer: CustomerId,
    order: OrderId,
}

pub(super) struct Lines {
    brand: Arc<Brand>,
    zone: Zone,
    clock: Arc<Clock>,
    secrets: Arc<Secrets>,
    offerings: HashMap<OfferingRef, Offering>,
    latest: HashMap<String, u32>,
    now: BusinessTime,
}

impl Lines {
    fn offering(&self, row: &LineRow) -> Option<&Offering> {
        row.plan.as_ref().and_then(|plan| self.offerings.get(plan))
    }
}

impl Kind for Lines {
    const KIND: BatchKind = BatchKind::Lines;
    const COLUMNS: &'static [Column] = COLUMNS;
    const BATCH: usize = 14;
    const APPLIES: bool = true;
    type Row = LineRow;
    type Ready = LineReady;

    fn read(&self, cells: &Cells<'_>) -> Result<LineRow, Vec<Fault>> {
        self.row(cells)
    }
    fn mention(&self, row: &LineRow, out: &mut Mentions) {
        out.once("iccid", row.iccid.as_str());
        out.once("imsi", row.imsi.as_str());
        out.once("number", row.number.as_str());
        if let Some(owner) = &row.owner {
            out.agreed("owner", &owner.key, meaning(&(owner, &row.language)));
            if let Some(contact) = &owner.contact {
                out.agreed("owner_contact", contact.as_str(), meaning(&owner.key));
            }
        }
        if cell::rounded(&row.iccid) {
            out.rounded();
        }
    }
    fn prepare(&self, row: &Numbered<LineRow>) -> Result<LineReady, NotSealedHere> {
        Ok(LineReady {
            hash: self.hash(&row.row),
            row: row.row.clone(),
            batch: row.batch.clone(),
            line: LineId(self.clock.id()),
            customer: CustomerId(self.clock.id()),
            order: OrderId(self.clock.id()),
        })
    }
    async fn judge(&self, tx: &mut Tx, rows: &[Numbered<LineRow>]) -> Result<Vec<Fate>, Error> {
        let all = |of: fn(&LineRow) -> Option<&str>| {
            let mut all: Vec<String> = rows.iter().filter_map(|row| of(&row.row)).map(str::to_owned).collect();
            all.sort_unstable();
            all.dedup();
            all
        };
        let (iccids, imsis) = (all(|row| Some(row.iccid.as_str())), all(|row| Some(row.imsi.as_str())));
        let numbers = all(|row| Some(row.number.as_str()));
        let keys = all(|row| row.owner.as_ref().map(|owner| owner.key.as_str()));
        let contacts = all(|row| row.owner.as_ref().and_then(|owner| owner.contact.as_ref()).map(Msisdn::as_str));
        let held = sim::find_many(tx, iccids, imsis, numbers.clone()).await?;
        let around = Around {
            sims: Found::of(&held),
            numbers: stock::names(tx, Name::Msisdn, numbers).await?.into_iter().map(|name| name.0).collect(),
            owners: stock::owners(tx, keys).await?.into_iter().map(|owner| (owner.0.clone(), owner)).collect(),
            contacts: stock::names(tx, Name::Login, contacts).await?.into_iter().map(|name| (name.0, name.1)).collect(),
        };
        let mut fates = Vec::with_capacity(rows.len());
        for row in rows {
            fates.push(self.fate(tx, row, &around).await?);
        }
        Ok(fates)
    }
    /// Holds a Sim for every row, one of the stock or a new one.
    async fn write(&self, tx: &mut Tx, ready: &[LineReady]) -> Result<bool, Error> {
        let iccids = ready.iter().map(|ready| ready.row.iccid.as_str().to_owned()).collect();
        let held = sim::find_many(tx, iccids, Vec::new(), Vec::new()).await?;
        let found = Found::of(&held).iccid;
        let (mut new, mut sure) = (Vec::new(), true);
        for LineReady { row, hash, batch, .. } in ready {
            match found.get(row.iccid.as_str()) {
                None => new.push(StockSim {
                    iccid: row.iccid.as_str().to_owned(),
                    imsi: row.imsi.as_str().to_owned(),
                    msisdn: Some(row.number.as_str().to_owned()),
                    kind: SimKind::Physical,
                    batch: None,
                    line_batch: Some(batch.to_string()),
                    source_hash: None,
                    line_hash: Some(*hash),
                    sealed: [const { None }; 5],
                    puk_hash: None,
                    registration_hash: None,
                }),
                Some(held) if held.free() && held.imsi == row.imsi.as_str() => sim::hold(tx, &row.iccid, batch, *hash),
                Some(_) => sure = false,
            }
        }
        let added = sim::add_stock(tx, &new).await?;
        Ok(sure && usize::try_from(added) == Ok(new.len()))
    }
    async fn apply(&self, tx: &mut Tx, ready: &[LineReady]) -> Result<(), Error> {
        self.make_all(tx, ready).await
    }
    async fn undo_end(tx: &mut Tx, after: &str, rows: i64) -> Result<Option<String>, Error> {
        sim::page_end(tx, after, rows).await
    }
    fn undo(tx: &mut Tx, between: (&str, &str), batch: &str) {
        sim::undo_held(tx, between, batch);
    }
}

/// Lines, by the catalogue and the rules of the moment.
pub(super) async fn kind(importer: &Importer) -> Result<Lines, ImportError> {
    let offerings = importer.store.read(Offerings).await?;
    let mut latest = HashMap::new();
    for offering in &offerings {
        let version = latest.entry(offering.reference.code.clone()).or_insert(0);
        *version = offering.reference.version.max(*version);
    }
    Ok(Lines {
        brand: importer.brand.clone(),
        zone: importer.zone.clone(),
        clock: importer.clock.clone(),
        secrets: importer.secrets.clone(),
        offerings: offerings.into_iter().map(|offering| (offering.reference.clone(), offering)).collect(),
        latest,
        now: importer.clock.now().business,
    })
}

/// Every version of every offering.
pub(crate) struct Offerings;
impl Work for Offerings {
    const NAME: &'static str = "import_offerings_read";
    type Out = Vec<Offering>;
    type Refusal = Problem;
    async fn run(&self, tx: &mut Tx) -> Result<Self::Out, Stop<Problem>> {
        Ok(catalog::all(tx).await?)
    }
}
