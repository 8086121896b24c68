//! The stock: Sims, activation codes and batches fit each other, the lines and the directory; and what is sealed opens.

use super::read::{BatchRow, CodeRow, OfBatch, SimRow};
use super::{Collected, Context, sql};
use crate::import::activation_codes::{ActivationCode, FIELD, code_hash, row_hash};
use crate::import::sims::{place, puk_hash, registration_hash};
use crate::import::{KEY_SETTING, key_name, masked};
use crate::secrets::Secrets;
use everline_core::identifiers::{Iccid, Imsi, Msisdn};
use everline_core::ids::RawId;
use everline_core::line::LineState;
use everline_store::tables::catalog;
use everline_store::tables::sim::{SECRETS, SimKind, SimState};
use everline_store::tables::stock::{BatchKind, BatchState};
use everline_store::{Result, Tx, args};
use std::collections::BTreeMap;

/// How many rows name each batch.
#[derive(Default)]
struct Counts(BTreeMap<(&'static str, String), u64>);
impl Counts {
    fn add(&mut self, kind: BatchKind, batch: Option<&String>) {
        if let Some(batch) = batch {
            *self.0.entry((kind.word(), batch.clone())).or_default() += 1;
        }
    }
}

pub(super) async fn check(tx: &mut Tx, context: &Context<'_>, out: &mut Collected) -> Result<()> {
    let keys = keys(tx, context, out).await?;
    let mut counts = Counts::default();
    let mut after = String::new();
    loop {
        let page: Vec<SimRow> = tx.all(&sql::SIMS, args![after.as_str(), context.limits.page_rows]).await?;
        let Some(last) = page.last() else { break };
        after.clone_from(&last.iccid);
        out.checked("Sims", page.len());
        for row in page {
            counts.add(BatchKind::Sims, row.batch.as_ref().map(|(name, _)| name));
            counts.add(BatchKind::Lines, row.line_batch.as_ref().map(|(name, _)| name));
            sim(&row, keys, out);
        }
    }
    let mut after = String::new();
    loop {
        let page: Vec<CodeRow> = tx.all(&sql::CODES, args![after.as_str(), context.limits.page_rows]).await?;
        let Some(last) = page.last() else { break };
        after.clone_from(&last.iccid);
        out.checked("activation codes", page.len());
        for row in page {
            counts.add(BatchKind::ActivationCodes, Some(&row.batch));
            code(&row, keys, out);
        }
    }
    batches(tx, context, &counts, out).await?;
    holds(tx, out).await
}

/// A batch and what sets it aside name each other.
async fn holds(tx: &mut Tx, out: &mut Collected) -> Result<()> {
    for (batch,) in tx.all::<(String,)>(&sql::BATCHES_HELD, args![]).await? {
        out.found(
            "batch_hold",
            format!("import_batch(sims, {batch:?})"),
            "set aside by nothing that is there and open",
        );
    }
    for (hold,) in tx.all::<(RawId,)>(&sql::HOLDS_ALONE, args![]).await? {
        out.found("batch_hold", format!("stock_hold({hold})"), "open, and its batch is not set aside by it");
    }
    Ok(())
}

/// The keys, if they are given and are those that the store's secrets are sealed with.
async fn keys<'a>(tx: &mut Tx, context: &Context<'a>, out: &mut Collected) -> Result<Option<&'a Secrets>> {
    let Some(keys) = context.secrets else { return Ok(None) };
    let sealed_with = catalog::setting(tx, KEY_SETTING).await?;
    if sealed_with.is_some_and(|name| name != key_name(keys)) {
        out.found("sealed", format!("setting({KEY_SETTING})"), "the store's secrets are sealed with another key");
        return Ok(None);
    }
    Ok(Some(keys))
}

fn sim(row: &SimRow, keys: Option<&Secrets>, out: &mut Collected) {
    let name = || format!("sim({})", masked(&row.iccid));
    let (state, kind) = (SimState::from_word(&row.state), SimKind::from_word(&row.kind));
    let (Some(state), Some(_)) = (state, kind) else {
        out.found("stored_word", name(), format!("state {:?}, kind {:?}", row.state, row.kind));
        return;
    };
    let well_formed = Iccid::parse(&row.iccid).is_ok_and(|iccid| iccid.as_str() == row.iccid)
        && Imsi::parse(&row.imsi).is_ok_and(|imsi| imsi.as_str() == row.imsi)
        && row.msisdn.as_ref().is_none_or(|text| Msisdn::parse(text).is_ok_and(|number| number.as_str() == text));
    if !well_formed {
        out.found("identifier", name(), "its ICCID, IMSI or number is none");
    }
    match state {
        SimState::InStock | SimState::Retired => in_stock(row, &name, out),
        SimState::Quarantined if row.hold.is_some() => in_stock(row, &name, out),
        SimState::InUse | SimState::Quarantined => serving(row, state, &name, out),
    }
    match row.hold {
        Some((hold, false)) => out.found("sim_hold", name(), format!("set aside by {hold}, which is not there")),
        Some(_) if state != SimState::Quarantined => {
            out.found("sim_hold", name(), format!("set aside, and {}", row.state))
        }
        _ => {}
    }
    let there = |batch: &OfBatch| batch.as_ref().is_none_or(|(_, state)| state.is_some());
    if !there(&row.batch) || !there(&row.line_batch) {
        out.found("sim_of_batch", name(), "of a batch that is not there");
    }
    let [_, puk1, .., registration_code] = &row.sealed;
    let hashed = [
        (row.batch.is_some(), &row.source_hash),
        (row.line_batch.is_some(), &row.line_hash),
        (puk1.is_some(), &row.puk_hash),
        (registration_code.is_some(), &row.registration_hash),
    ];
    if hashed.iter().any(|(there, hash)| hash.as_ref().map(Vec::len) != there.then_some(16)) {
        out.found("hash", name(), "a hash without what it is of, or the other way round");
    }
    if let Some(keys) = keys {
        opens(row, keys, &name, out);
    }
}

/// Whether a batch is in a state.
fn is(batch: &OfBatch, state: BatchState) -> bool {
    batch.as_ref().is_some_and(|(_, found)| *found == Some(Some(state)))
}

/// Nobody has it: no line, no name that leads to one, and no batch that says it was taken.
fn in_stock(row: &SimRow, name: &impl Fn() -> String, out: &mut Collected) {
    if row.line.is_some() || row.role.is_some() {
        out.found("sim_state", name(), format!("{}, with a line", row.state));
    }
    if row.named.iter().any(Option::is_some) {
        out.found("directory", name(), format!("{}, and its ICCID, IMSI or number leads to a line", row.state));
    }
    if row.state == "in_stock" && is(&row.line_batch, BatchState::Complete) {
        out.found("sim_of_batch", name(), "in stock, held for a batch of lines that is complete");
    }
}

/// It serves a line, or rests with one.
fn serving(row: &SimRow, state: SimState, name: &impl Fn() -> String, out: &mut Collected) {
    let Some((customer, line)) = row.line else {
        out.found("sim_of_line", name(), format!("{}, without a line", row.state));
        return;
    };
    let primary = match row.role.as_deref() {
        Some("primary") => true,
        Some("companion") => false,
        role => return out.found("stored_word", name(), format!("role {role:?}")),
    };
    // A companion bears no number of its own.
    let leads = Some((customer, line));
    if row.named != [leads, leads, leads.filter(|_| primary)] {
        out.found("directory", name(), "its ICCID, IMSI or number does not lead to its line");
    }
    let Some((line_state, number)) = &row.served else {
        out.found("sim_of_line", name(), format!("no line {line} of {customer}"));
        return;
    };
    if row.msisdn.as_ref() != Some(number).filter(|_| primary) {
        out.found("sim_of_line", name(), format!("line {line} has another number"));
    }
    if row.primaries > 1 {
        out.found("sim_of_line", name(), format!("one of {} that serve line {line}", row.primaries));
    }
    // It rests exactly while its line does.
    let rests = LineState::from_word(line_state, None).is_some_and(LineState::at_rest);
    if rests != (state == SimState::Quarantined) {
        out.found("sim_state", name(), format!("{}, and line {line} is {line_state}", row.state));
    }
    if is(&row.batch, BatchState::Loading) {
        out.found("sim_of_batch", name(), "in use, of a batch that is not complete");
    }
    if is(&row.line_batch, BatchState::Loading) {
        out.found("sim_of_batch", name(), "in use, of a batch whose lines were not made yet");
    }
}

/// Its secrets open, and are found again by their hashes.
fn opens(row: &SimRow, keys: &Secrets, name: &impl Fn() -> String, out: &mut Collected) {
    let mut secrets = [const { None }; SECRETS.len()];
    for ((opened, sealed), column) in secrets.iter_mut().zip(&row.sealed).zip(SECRETS) {
        let Some(sealed) = sealed else { continue };
        match keys.open(&place(&row.iccid, column), sealed) {
            Ok(secret) => *opened = Some(secret),
            Err(_) => out.found("sealed", name(), format!("its {column} does not open")),
        }
    }
    let [_, puk1, _, _, code] = secrets;
    let Ok(iccid) = Iccid::parse(&row.iccid) else { return };
    let puk = puk1.map(|puk| puk_hash(keys, &iccid, &puk).to_vec());
    if puk.is_some() && puk != row.puk_hash {
        out.found("hash", name(), "its puk1 is not the one that is found by");
    }
    let registration = code.map(|code| registration_hash(keys, &code).to_vec());
    if registration.is_some() && registration != row.registration_hash {
        out.found("hash", name(), "its registration code is not the one that is found by");
    }
}

/// A code of a profile that the stock does not know is sound: an eSIM shop may hold nothing else.
fn code(row: &CodeRow, keys: Option<&Secrets>, out: &mut Collected) {
    let name = || format!("activation_code({})", masked(&row.iccid));
    let iccid = Iccid::parse(&row.iccid).ok().filter(|iccid| iccid.as_str() == row.iccid);
    if iccid.is_none() {
        out.found("identifier", name(), "its ICCID is none");
    }
    if row.batch_state.is_none() {
        out.found("code_of_batch", name(), "of a batch that is not there");
    }
    if row.code_hash.len() != 16 || row.source_hash.len() != 16 {
        out.found("hash", name(), "a hash of another length");
    }
    let (Some(keys), Some(iccid)) = (keys, iccid) else { return };
    let opened = keys.open(&place(iccid.as_str(), FIELD), &row.sealed).ok();
    let Some(opened) = opened.and_then(|text| ActivationCode::parse(&text, false).ok()) else {
        out.found("sealed", name(), "its code does not open, or is none");
        return;
    };
    if row.code_hash != code_hash(keys, &opened) || row.source_hash != row_hash(keys, &iccid, &opened) {
        out.found("hash", name(), "its code is not the one that is found by");
    }
}

async fn batches(tx: &mut Tx, context: &Context<'_>, counts: &Counts, out: &mut Collected) -> Result<()> {
    let mut after = (String::new(), String::new());
    loop {
        let args = args![after.0.as_str(), after.1.as_str(), context.limits.page_rows];
        let page: Vec<BatchRow> = tx.all(&sql::BATCHES, args).await?;
        let Some(last) = page.last() else { return Ok(()) };
        after = (last.kind.clone(), last.name.clone());
        out.checked("batches", page.len());
        for row in page {
            batch(&row, counts, out);
        }
    }
}

fn batch(row: &BatchRow, counts: &Counts, out: &mut Collected) {
    let name = || format!("import_batch({}, {:?})", row.kind, row.name);
    let kind = BatchKind::from_word(&row.kind);
    let (Some(kind), Some(state), 0..=1) = (kind, BatchState::from_word(&row.state), row.named) else {
        out.found("stored_word", name(), format!("state {:?}, named {}", row.state, row.named));
        return;
    };
    let complete = state == BatchState::Complete;
    let times = row.completed_at.map_or(!complete, |at| complete && at >= row.began_at);
    if !times {
        let detail = format!("{}, began at {:?}, complete at {:?}", row.state, row.began_at, row.completed_at);
        out.found("batch_state", name(), detail);
    }
    if state == BatchState::Applying && kind != BatchKind::Lines {
        out.found("batch_state", name(), "only lines are made after they are loaded");
    }
    let rows = counts.0.get(&(kind.word(), row.name.clone())).copied().unwrap_or(0);
    let loaded = u64::try_from(row.loaded).unwrap_or(u64::MAX);
    let fits = match (state, kind) {
        (BatchState::Loading, _) => loaded == 0,
        // A Sim whose number was given back forgets which batch of lines took it.
        (BatchState::Complete, BatchKind::Lines) => rows <= loaded,
        _ => rows == loaded,
    };
    if !fits {
        out.found("batch_rows", name(), format!("{}, {} loaded, {rows} there", row.state, row.loaded));
    }
    if !complete {
        out.note("open_batch", name(), "not complete: run its import again");
    }
}
