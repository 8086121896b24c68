//! Sims for the stock: cards and profiles with their secrets, sealed.

use super::header::{Cells, Column};
use super::mentions::Mentions;
use super::run::{Fate, Kind, Numbered, run};
use super::{Fault, ImportError, Importer, Listener, Options, Summary, cell};
use crate::secrets::{NotSealedHere, Secrets};
use everline_core::brand::Brand;
use everline_core::identifiers::{Iccid, Imsi, Msisdn};
use everline_core::number_plan::NumberOf;
use everline_store::tables::sim::{self, Held, SECRETS, SimKind, SimState, StockSim};
use everline_store::tables::stock::BatchKind;
use everline_store::{Error, Tx};
use std::collections::HashMap;
use std::io::{Read, Seek};
use std::sync::Arc;

const COLUMNS: &[Column] = &[
    Column { name: "iccid", also: &["卡号", "iccid号", "iccid卡号", "sim卡号"], required: true },
    Column { name: "imsi", also: &["imsi号", "国际移动用户识别码"], required: true },
    Column {
        name: "msisdn",
        also: &["number", "号码", "手机号", "手机号码", "电话号码", "物联网号码"],
        required: false,
    },
    Column { name: "kind", also: &["sim_kind", "类型", "卡类型"], required: false },
    Column { name: "pin1", also: &["pin", "pin码", "pin1码"], required: false },
    Column { name: "puk1", also: &["puk", "puk码", "puk1码"], required: false },
    Column { name: "pin2", also: &["pin2码"], required: false },
    Column { name: "puk2", also: &["puk2码"], required: false },
    Column { name: "registration_code", also: &["注册码", "登记码", "激活密码"], required: false },
    Column { name: "batch", also: &["批次", "批次号"], required: false },
];
/// The first of the secret columns.
const FIRST_SECRET: usize = 4;
const BATCH: usize = 9;

const KINDS: &[(&str, SimKind)] = &[
    ("physical", SimKind::Physical),
    ("esim", SimKind::Esim),
    ("card", SimKind::Physical),
    ("实体卡", SimKind::Physical),
    ("物理卡", SimKind::Physical),
    ("e_sim", SimKind::Esim),
    ("电子卡", SimKind::Esim),
];

/// One row: what it leaves empty it says nothing about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SimRow {
    /// The card or profile number.
    pub iccid: Iccid,
    /// The subscriber identity.
    pub imsi: Imsi,
    /// The number it bears.
    pub msisdn: Option<Msisdn>,
    /// Card or profile; a card if nothing is said.
    pub kind: Option<SimKind>,
    secrets: [Option<Secret>; 5],
}

/// A text that no debug output shows.
#[derive(Clone, PartialEq, Eq)]
struct Secret(String);
impl std::fmt::Debug for Secret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("secret")
    }
}

/// Where a secret of a Sim is sealed for.
pub(crate) fn place(iccid: &str, column: &str) -> String {
    format!("{iccid}/{column}")
}

/// Reads a row.
///
/// # Errors
/// Every fault of it.
pub fn read(cells: &Cells<'_>, brand: &Brand) -> Result<SimRow, Vec<Fault>> {
    let mut faults = Vec::new();
    let iccid = needed(cells, 0, cell::iccid, &mut faults);
    let imsi = needed(cells, 1, cell::imsi, &mut faults);
    let mut keep = |fault: Fault| faults.push(fault);
    let number = |value| cell::msisdn("msisdn", value, brand, NumberOf::Line);
    let msisdn = cells.get(2).map(number).transpose().map_err(&mut keep).ok().flatten();
    let kind = cells.get(3).map(|value| cell::word("kind", value, KINDS)).transpose().map_err(&mut keep).ok().flatten();
    let mut secrets = [const { None }; 5];
    for ((column, field), secret) in (FIRST_SECRET..).zip(SECRETS).zip(&mut secrets) {
        let Some(value) = cells.get(column) else { continue };
        let read = match field {
            "pin1" | "pin2" => cell::digits(field, value, (4, 8)),
            "puk1" | "puk2" => cell::digits(field, value, (8, 8)),
            _ => cell::code(field, value),
        };
        *secret = read.map(Secret).map_err(&mut keep).ok();
    }
    match (iccid, imsi) {
        (Some(iccid), Some(imsi)) if faults.is_empty() => Ok(SimRow { iccid, imsi, msisdn, kind, secrets }),
        _ => Err(faults),
    }
}

/// A value that must be there.
pub(super) fn needed<T>(
    cells: &Cells<'_>,
    column: usize,
    read: fn(&'static str, &str) -> Result<T, Fault>,
    faults: &mut Vec<Fault>,
) -> Option<T> {
    let field = if column == 0 { "iccid" } else { "imsi" };
    let value = cells.get(column).ok_or_else(|| Fault::new(field, "empty", "every line needs one"));
    value.and_then(|value| read(field, value)).map_err(|fault| faults.push(fault)).ok()
}

struct Sims {
    brand: Arc<Brand>,
    secrets: Arc<Secrets>,
}

impl Sims {
    fn hash(&self, row: &SimRow) -> [u8; 16] {
        let secret = |at: usize| row.secrets.get(at).and_then(Option::as_ref).map_or("", |secret| secret.0.as_str());
        let msisdn = row.msisdn.as_ref().map_or("", Msisdn::as_str);
        let kind = row.kind.map_or("", SimKind::word);
        let parts = [
            row.iccid.as_str(),
            row.imsi.as_str(),
            msisdn,
            kind,
            secret(0),
            secret(1),
            secret(2),
            secret(3),
            secret(4),
        ];
        self.secrets.name("row of sims", &parts)
    }

    /// What of a row is not as the stock has it; a row that says nothing of something agrees with it.
    async fn differs(&self, tx: &mut Tx, row: &SimRow, held: &Held) -> Result<Option<&'static str>, Error> {
        if held.imsi != row.imsi.as_str() {
            return Ok(Some("imsi"));
        }
        if row.msisdn.as_ref().is_some_and(|number| held.msisdn.as_deref() != Some(number.as_str())) {
            return Ok(Some("msisdn"));
        }
        if row.kind.is_some_and(|kind| kind != held.kind) {
            return Ok(Some("kind"));
        }
        if row.secrets.iter().all(Option::is_none) {
            return Ok(None);
        }
        let Some(stock) = sim::stock_of(tx, row.iccid.as_str()).await? else { return Ok(None) };
        let pairs = SECRETS.iter().zip(&row.secrets).zip(&stock.sealed);
        for ((column, secret), sealed) in pairs {
            let Some(Secret(secret)) = secret else { continue };
            // The same secret in the same place is sealed to the same bytes.
            let mine = self.secrets.seal(&place(row.iccid.as_str(), column), secret).ok();
            if mine.is_none() || mine != *sealed {
                return Ok(Some(column));
            }
        }
        Ok(None)
    }

    async fn fate(&self, tx: &mut Tx, row: &Numbered<SimRow>, found: &Found<'_>) -> Result<Fate, Error> {
        let Numbered { row, batch, .. } = row;
        let taken = |field, by: &Held, what: &str| {
            let reason = format!("is that of the Sim {}{what}", by.iccid.masked());
            Fate::Refused(Fault::new(
                field,
                reason,
                "one of the two is wrong: correct the row, or the Sim that is there",
            ))
        };
        let Some(held) = found.iccid.get(row.iccid.as_str()) else {
            if let Some(other) = found.imsi.get(row.imsi.as_str()) {
                return Ok(taken("imsi", other, ", which is there already"));
            }
            let number = row.msisdn.as_ref().and_then(|number| found.msisdn.get(number.as_str()));
            return Ok(number.map_or(Fate::New, |other| taken("msisdn", other, ", which is there already")));
        };
        if held.source_hash != Some(self.hash(row))
            && let Some(field) = self.differs(tx, row, held).await?
        {
            let reason = format!("the Sim {} is there already, with another {field}", row.iccid.masked());
            return Ok(Fate::Refused(Fault::new(field, reason, "correct the row, or take it out of the file")));
        }
        Ok(match &held.batch {
            Some((name, false)) if **name != **batch => {
                let reason = format!("the Sim {} is in batch {name:?}, which is not complete", row.iccid.masked());
                Fate::Refused(Fault::new("iccid", reason, "run the import of that batch again first"))
            }
            _ if held.state == SimState::Quarantined => {
                let reason = format!("the Sim {} rests after its last line", row.iccid.masked());
                Fate::Refused(Fault::new("iccid", reason, "wait until it is given back to the stock"))
            }
            held => Fate::Same { here: held.as_ref().is_some_and(|(name, _)| **name == **batch) },
        })
    }
}

/// Sims by each of their names.
pub(super) struct Found<'a> {
    pub(super) iccid: HashMap<&'a str, &'a Held>,
    pub(super) imsi: HashMap<&'a str, &'a Held>,
    pub(super) msisdn: HashMap<&'a str, &'a Held>,
}
impl<'a> Found<'a> {
    pub(super) fn of(held: &'a [Held]) -> Self {
        let number = |sim: &'a Held| sim.msisdn.as_deref().map(|number| (number, sim));
        Self {
            iccid: held.iter().map(|sim| (sim.iccid.as_str(), sim)).collect(),
            imsi: held.iter().map(|sim| (sim.imsi.as_str(), sim)).collect(),
            msisdn: held.iter().filter_map(number).collect(),
        }
    }
}

impl Kind for Sims {
    const KIND: BatchKind = BatchKind::Sims;
    const COLUMNS: &'static [Column] = COLUMNS;
    const BATCH: usize = BATCH;
    const APPLIES: bool = false;
    type Row = SimRow;
    type Ready = StockSim;

    fn read(&self, cells: &Cells<'_>) -> Result<SimRow, Vec<Fault>> {
        read(cells, &self.brand)
    }
    fn mention(&self, row: &SimRow, out: &mut Mentions) {
        out.once("iccid", row.iccid.as_str());
        out.once("imsi", row.imsi.as_str());
        if let Some(number) = &row.msisdn {
            out.once("msisdn", number.as_str());
        }
        if cell::rounded(&row.iccid) {
            out.rounded();
        }
    }
    fn prepare(&self, row: &Numbered<SimRow>) -> Result<StockSim, NotSealedHere> {
        let (source_hash, batch, row) = (self.hash(&row.row), row.batch.to_string(), &row.row);
        let iccid = row.iccid.as_str();
        let mut sealed = [const { None }; 5];
        for ((to, column), secret) in sealed.iter_mut().zip(SECRETS).zip(&row.secrets) {
            let secret = secret.as_ref().map(|Secret(secret)| self.secrets.seal(&place(iccid, column), secret));
            *to = secret.transpose()?;
        }
        let [_, puk1, _, _, code] = &row.secrets;
        Ok(StockSim {
            iccid: iccid.to_owned(),
            imsi: row.imsi.as_str().to_owned(),
            msisdn: row.msisdn.as_ref().map(|number| number.as_str().to_owned()),
            kind: row.kind.unwrap_or(SimKind::Physical),
            batch: Some(batch),
            line_batch: None,
            source_hash: Some(source_hash),
            line_hash: None,
            sealed,
            puk_hash: puk1.as_ref().map(|Secret(puk)| puk_hash(&self.secrets, &row.iccid, puk)),
            registration_hash: code.as_ref().map(|Secret(code)| registration_hash(&self.secrets, code)),
        })
    }
    async fn judge(&self, tx: &mut Tx, rows: &[Numbered<SimRow>]) -> Result<Vec<Fate>, Error> {
        let all = |of: fn(&SimRow) -> Option<&str>| {
            rows.iter().filter_map(|row| of(&row.row)).map(str::to_owned).collect::<Vec<_>>()
        };
        let iccids = all(|row| Some(row.iccid.as_str()));
        let (imsis, numbers) = (all(|row| Some(row.imsi.as_str())), all(|row| row.msisdn.as_ref().map(Msisdn::as_str)));
        let held = sim::find_many(tx, iccids, imsis, numbers).await?;
        let found = Found::of(&held);
        let mut fates = Vec::with_capacity(rows.len());
        for row in rows {
            fates.push(self.fate(tx, row, &found).await?);
        }
        Ok(fates)
    }
    async fn write(&self, tx: &mut Tx, ready: &[StockSim]) -> Result<bool, Error> {
        Ok(usize::try_from(sim::add_stock(tx, ready).await?) == Ok(ready.len()))
    }
    async fn apply(&self, _: &mut Tx, _: &[StockSim]) -> Result<(), Error> {
        Ok(())
    }
    async fn undo_end(tx: &mut Tx, after: &str, rows: i64) -> Result<Option<String>, Error> {
        sim::page_end(tx, after, rows).await
    }
    fn undo(tx: &mut Tx, between: (&str, &str), batch: &str) {
        sim::undo_stock(tx, between, batch);
    }
}

/// The keyed hash by which the holder of a card is known: ICCID and first PUK.
#[must_use]
pub fn puk_hash(secrets: &Secrets, iccid: &Iccid, puk1: &str) -> [u8; 16] {
    secrets.name("puk", &[iccid.as_str(), puk1])
}
/// The keyed hash by which a registration code is found; capital and small letters are one.
#[must_use]
pub fn registration_hash(secrets: &Secrets, code: &str) -> [u8; 16] {
    secrets.name("registration code", &[&code.to_ascii_uppercase()])
}

/// Loads Sims into the stock. `name` is the file's, for rows without a batch.
///
/// # Errors
/// [`ImportError`]; refused rows are told to the listener and are no error.
pub async fn import(
    importer: &Importer,
    (reader, name): (&mut (impl Read + Seek + Send), &str),
    options: Options,
    listener: &mut dyn Listener,
) -> Result<Summary, ImportError> {
    let kind = Sims { brand: importer.brand.clone(), secrets: importer.secrets.clone() };
    run(importer, kind, (reader, name), options, listener).await
}
