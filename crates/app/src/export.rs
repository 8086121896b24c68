//! Taking out what imports take in, in the same shape: what is exported, imported into an empty store and exported again
//! is the same bytes.
//!
//! Files are UTF-8 with a byte order mark, which spreadsheets need to read Chinese; cells that a spreadsheet could take for
//! a formula carry a `'` before them (see [`import::text::inert`](crate::import::text::inert)). Secrets leave only when
//! asked for. Rows come in the order of card numbers, read page by page: a store that changes meanwhile is exported as each
//! page found it.

use crate::Problem;
use crate::import::lines::Offerings;
use crate::import::lines::columns::{COLUMNS as LINE_COLUMNS, DEVICES, FAMILIES, NETWORKS, OWNER_KINDS};
use crate::import::offerings::to_text;
use crate::import::sims::place;
use crate::import::text::inert;
use crate::import::{ImportError, Importer};
use everline_core::customer::CustomerKind;
use everline_core::time::BusinessTime;
use everline_store::tables::sim::{self, SECRETS, StockSim};
use everline_store::tables::stock::{self, CodeOut, Record};
use everline_store::{Stop, Tx, Work};
use std::io::Write;

const PAGE: i64 = 1_000;

/// One file being written.
struct Sheet<'a> {
    out: &'a mut (dyn Write + Send),
    row: String,
    first: bool,
}
impl<'a> Sheet<'a> {
    fn new(out: &'a mut (dyn Write + Send), columns: &[&str]) -> Result<Self, ImportError> {
        let mut sheet = Self { out, row: "\u{feff}".to_owned(), first: true };
        columns.iter().for_each(|column| sheet.cell(column));
        sheet.end()?;
        Ok(sheet)
    }
    fn cell(&mut self, value: &str) {
        if !std::mem::take(&mut self.first) {
            self.row.push(',');
        }
        inert(value, ',', &mut self.row);
    }
    fn end(&mut self) -> Result<(), ImportError> {
        self.row.push('\n');
        self.out.write_all(self.row.as_bytes())?;
        self.row.clear();
        self.first = true;
        Ok(())
    }
}

/// Every Sim in stock and in use, but for those being loaded and those that rest. How many.
///
/// # Errors
/// [`ImportError::Key`] if secrets are asked for and do not open.
pub async fn sims(importer: &Importer, out: &mut (dyn Write + Send), with_secrets: bool) -> Result<u64, ImportError> {
    let mut columns = vec!["iccid", "imsi", "msisdn", "kind"];
    if with_secrets {
        columns.extend(SECRETS);
    }
    columns.push("batch");
    let mut sheet = Sheet::new(out, &columns)?;
    let (mut after, mut count) = (String::new(), 0);
    loop {
        let page = importer.store.read(SimPage(after)).await?;
        let Some((last, _)) = page.last() else { break };
        after = last.iccid.clone();
        for (sim, named) in page {
            for value in
                [&sim.iccid, &sim.imsi, sim.msisdn.as_ref().unwrap_or(&String::new()), sim.kind.word()] as [&str; 4]
            {
                sheet.cell(value);
            }
            for (column, sealed) in SECRETS.iter().zip(&sim.sealed).filter(|_| with_secrets) {
                let open = |sealed| importer.secrets.open(&place(&sim.iccid, column), sealed);
                sheet.cell(&sealed.as_deref().map(open).transpose()?.unwrap_or_default());
            }
            sheet.cell(sim.batch.as_deref().filter(|_| named).unwrap_or_default());
            sheet.end()?;
            count += 1;
        }
    }
    Ok(count)
}

/// Every activation code of a complete batch. How many. They are secrets as a whole: the caller asks before.
///
/// # Errors
/// [`ImportError::Key`] if they do not open.
pub async fn activation_codes(importer: &Importer, out: &mut (dyn Write + Send)) -> Result<u64, ImportError> {
    let mut sheet = Sheet::new(out, &["iccid", "activation_code", "batch"])?;
    let (mut after, mut count) = (String::new(), 0);
    loop {
        let page = importer.store.read(CodePage(after)).await?;
        let Some((last, ..)) = page.last() else { break };
        after = last.clone();
        for (iccid, sealed, batch, named) in page {
            sheet.cell(&iccid);
            sheet.cell(&importer.secrets.open(&place(&iccid, "activation_code"), &sealed)?);
            sheet.cell(if named { &batch } else { "" });
            sheet.end()?;
            count += 1;
        }
    }
    Ok(count)
}

/// The catalogue, every version. How many.
///
/// # Errors
/// [`ImportError`]
pub async fn offerings(importer: &Importer, out: &mut (dyn Write + Send)) -> Result<u64, ImportError> {
    let all = importer.store.read(Offerings).await?;
    out.write_all(to_text(&all)?.as_bytes())?;
    Ok(u64::try_from(all.len()).unwrap_or(u64::MAX))
}

/// Every line that is in somebody's hands or waits to be claimed, with the plan that runs. Queued plans, packs, allowances
/// used and money are not in it: a backup is what keeps those. How many.
///
/// # Errors
/// [`ImportError`]
pub async fn lines(importer: &Importer, out: &mut (dyn Write + Send)) -> Result<u64, ImportError> {
    let names: Vec<&str> = LINE_COLUMNS.iter().map(|column| column.name).collect();
    let mut sheet = Sheet::new(out, &names)?;
    let now = importer.clock.now().business;
    let (mut after, mut count) = (String::new(), 0);
    loop {
        let page = importer.store.read(LinePage(after)).await?;
        let Some(last) = page.last() else { break };
        after = last.iccid.clone();
        for record in &page {
            line(importer, &mut sheet, record, now);
            sheet.end()?;
            count += 1;
        }
    }
    Ok(count)
}

fn word<T: PartialEq>(words: &[(&'static str, T)], of: &T) -> &'static str {
    words.iter().find(|(_, value)| value == of).map_or("", |(word, _)| word)
}

fn line(importer: &Importer, sheet: &mut Sheet<'_>, record: &Record, now: BusinessTime) {
    let line = &record.line;
    let owned = record.owner_kind != CustomerKind::Anonymous;
    let key = record.owner_key.clone().unwrap_or_else(|| line.customer.to_string());
    let current = record.allowance.current_plan(now);
    let ends = match current {
        Some(period) => period.ends_at(),
        None => line.service_until.filter(|until| *until <= now),
    };
    let batch = record.batch.as_ref().filter(|(_, named)| *named).map_or("", |(name, _)| name);
    let if_owned = |text: &str| if owned { text.to_owned() } else { String::new() };
    let cells = [
        record.iccid.clone(),
        record.imsi.clone(),
        line.msisdn.as_str().to_owned(),
        if_owned(&key),
        if_owned(word(OWNER_KINDS, &record.owner_kind)),
        if_owned(&record.owner_name),
        if_owned(record.owner_contact.as_deref().unwrap_or_default()),
        record.language.clone(),
        line.name.clone(),
        word(DEVICES, &line.device).to_owned(),
        word(FAMILIES, &line.family).to_owned(),
        word(NETWORKS, &line.network).to_owned(),
        current.map(|period| period.offering.to_string()).unwrap_or_default(),
        ends.map(|ends| importer.zone.rfc3339(ends)).unwrap_or_default(),
        batch.to_owned(),
    ];
    cells.iter().for_each(|cell| sheet.cell(cell));
}

struct SimPage(String);
impl Work for SimPage {
    const NAME: &'static str = "export_sims";
    type Out = Vec<(StockSim, bool)>;
    type Refusal = Problem;
    async fn run(&self, tx: &mut Tx) -> Result<Self::Out, Stop<Problem>> {
        Ok(sim::stock_page(tx, &self.0, PAGE).await?)
    }
}
struct CodePage(String);
impl Work for CodePage {
    const NAME: &'static str = "export_activation_codes";
    type Out = Vec<CodeOut>;
    type Refusal = Problem;
    async fn run(&self, tx: &mut Tx) -> Result<Self::Out, Stop<Problem>> {
        Ok(stock::code_page(tx, &self.0, PAGE).await?)
    }
}
struct LinePage(String);
impl Work for LinePage {
    const NAME: &'static str = "export_lines";
    type Out = Vec<Record>;
    type Refusal = Problem;
    async fn run(&self, tx: &mut Tx) -> Result<Self::Out, Stop<Problem>> {
        Ok(stock::records(tx, &self.0, PAGE).await?)
    }
}
