//! Keeping a bill: each line once, and what a later bill says otherwise.

use crate::{App, Problem};
use everline_core::ids::{BillLineId, RawId};
use everline_core::payment::Provider;
use everline_core::reconciliation::{BillDay, BillLine, Item, ItemKind, ItemState, LineKind};
use everline_core::time::{MINUTE_US, SystemTime};
use everline_store::tables::reconciliation::{self as table, StoredLine};
use everline_store::{Stop, Tx, Work};
use futures_util::stream::{StreamExt as _, TryStreamExt as _, iter};
use std::collections::{HashMap, HashSet};

/// Lines in one transaction.
const BATCH: usize = 1_000;
/// Transactions at once.
const AT_ONCE: usize = 4;

/// Keeps the lines of a bill; where they begin. Lines that are kept already stay as they are.
///
/// # Errors
/// What the store says.
pub async fn read_bill(
    app: &App,
    provider: Provider,
    day: BillDay,
    lines: Vec<BillLine>,
) -> Result<BillLineId, Problem> {
    let now = app.clock.now().system;
    let first_line = app.store.transact(Begin { provider, day, now }).await?;
    let mut known = kept(app, (provider, day), first_line).await?;
    let before = known.len();
    let mut seen = HashSet::new();
    let (mut new, mut doubled, mut notes) = (Vec::new(), Vec::new(), Vec::new());
    for line in lines {
        let name = (line.kind, line.number.clone());
        if !seen.insert(name.clone()) {
            doubled.push(name);
            continue;
        }
        match known.remove(&name) {
            None => new.push((after(app, first_line), line)),
            Some(stored) if differs(&stored.line, &line) => {
                let was = stored.line.amount.micros();
                notes.push(item(ItemKind::LineChanged, (provider, day), &stored, &line, Some(was), now));
            }
            Some(_) => {}
        }
    }
    for gone in known.into_values() {
        let mut item = item(ItemKind::LineGone, (provider, day), &gone, &gone.line, None, now);
        (item.ours, item.theirs) = (item.theirs, None);
        notes.push(item);
    }
    let expected = i64::try_from(before.saturating_add(new.len())).unwrap_or(i64::MAX);
    let batches = new.chunks(BATCH).map(|chunk| app.store.transact(Keep { provider, day, lines: chunk.to_vec() }));
    let batches: Vec<_> = batches.collect();
    iter(batches).buffer_unordered(AT_ONCE).try_collect::<Vec<()>>().await?;
    for chunk in doubled.chunks(BATCH) {
        app.store.transact(Doubled { provider, day, names: chunk.to_vec(), now }).await?;
    }
    for chunk in notes.chunks(BATCH) {
        app.store.transact(super::settle::Enqueue { items: chunk.to_vec() }).await?;
    }
    let many = new.len() >= BATCH;
    if app.store.transact(AllRead { provider, day, many, now }).await? < expected {
        // The bill of another day has the others already.
        let kept = kept(app, (provider, day), first_line).await?;
        let elsewhere: Vec<_> =
            new.into_iter().map(|(_, line)| (line.kind, line.number)).filter(|name| !kept.contains_key(name)).collect();
        for chunk in elsewhere.chunks(BATCH) {
            app.store.transact(Doubled { provider, day, names: chunk.to_vec(), now }).await?;
        }
    }
    Ok(first_line)
}

/// An id that comes after the first of its bill, whichever node's clock made that one.
fn after(app: &App, first_line: BillLineId) -> BillLineId {
    let id = app.clock.id();
    if id > first_line.0 {
        return BillLineId(id);
    }
    let ([_, _, _, _, _, _, random @ ..], [t0, t1, t2, t3, t4, t5, ..]) = (id.bytes(), first_line.bytes());
    BillLineId(RawId::new_v7(u64::from_be_bytes([0, 0, t0, t1, t2, t3, t4, t5]), random))
}

fn differs(a: &BillLine, b: &BillLine) -> bool {
    let of = |line: &BillLine| {
        (line.amount, line.fee, line.out_trade_no.clone(), line.request_no.clone(), line.trade_no.clone())
    };
    of(a) != of(b)
}

/// An item about a line.
pub(super) fn item(
    kind: ItemKind,
    (provider, day): (Provider, BillDay),
    stored: &StoredLine,
    says: &BillLine,
    ours: Option<i64>,
    now: SystemTime,
) -> Item {
    Item {
        id: kind.of_line(stored.id),
        provider,
        day,
        kind,
        about: says.kind,
        out_trade_no: says.out_trade_no.clone(),
        request_no: says.request_no.clone(),
        number: Some(says.number.clone()),
        ours,
        theirs: Some(says.amount.micros()),
        currency: says.amount.currency(),
        opened_at: now,
        state: ItemState::Open,
    }
}

async fn kept(
    app: &App,
    (provider, day): (Provider, BillDay),
    first_line: BillLineId,
) -> Result<HashMap<(LineKind, String), StoredLine>, Problem> {
    let (mut all, mut after) = (HashMap::new(), first_line);
    loop {
        let page = app.store.read(Kept { provider, day, after }).await?;
        let Some(last) = page.last() else { return Ok(all) };
        after = last.id;
        all.extend(page.into_iter().map(|stored| ((stored.line.kind, stored.line.number.clone()), stored)));
    }
}

struct Begin {
    provider: Provider,
    day: BillDay,
    now: SystemTime,
}
impl Work for Begin {
    const NAME: &'static str = "begin_bill";
    type Out = BillLineId;
    type Refusal = Problem;
    async fn run(&self, tx: &mut Tx) -> Result<BillLineId, Stop<Problem>> {
        // A minute before now, so that another node's lines come after it too.
        let ms = u64::try_from(self.now.plus_us(-MINUTE_US).us() / 1_000).unwrap_or(0);
        let first = BillLineId(RawId::new_v7(ms, [0; 10]));
        table::begin_bill(tx, self.provider, self.day, first, self.now);
        let bill = table::bill(tx, self.provider, self.day).await?;
        Ok(bill.ok_or(Stop::Refused(Problem::NotFound("bill")))?.first_line)
    }
}

struct Kept {
    provider: Provider,
    day: BillDay,
    after: BillLineId,
}
impl Work for Kept {
    const NAME: &'static str = "lines_of_a_bill";
    type Out = Vec<StoredLine>;
    type Refusal = Problem;
    async fn run(&self, tx: &mut Tx) -> Result<Self::Out, Stop<Problem>> {
        Ok(table::lines_of_day(tx, self.after, self.provider, self.day, 4_000).await?)
    }
}

struct Keep {
    provider: Provider,
    day: BillDay,
    lines: Vec<(BillLineId, BillLine)>,
}
impl Work for Keep {
    const NAME: &'static str = "keep_lines";
    type Out = ();
    type Refusal = Problem;
    async fn run(&self, tx: &mut Tx) -> Result<(), Stop<Problem>> {
        for (id, line) in &self.lines {
            table::add_line(tx, *id, self.provider, self.day, line);
        }
        Ok(())
    }
}

struct Doubled {
    provider: Provider,
    day: BillDay,
    names: Vec<(LineKind, String)>,
    now: SystemTime,
}
impl Work for Doubled {
    const NAME: &'static str = "doubled_lines";
    type Out = ();
    type Refusal = Problem;
    async fn run(&self, tx: &mut Tx) -> Result<(), Stop<Problem>> {
        for (kind, number) in &self.names {
            if let Some(stored) = table::line(tx, self.provider, *kind, number).await? {
                let ours = Some(stored.line.amount.micros());
                let of = (self.provider, self.day);
                table::add_item(tx, &item(ItemKind::Doubled, of, &stored, &stored.line, ours, self.now));
            }
        }
        Ok(())
    }
}

struct AllRead {
    provider: Provider,
    day: BillDay,
    /// Whether many lines are new.
    many: bool,
    now: SystemTime,
}
impl Work for AllRead {
    const NAME: &'static str = "bill_is_read";
    /// How many lines are kept of it.
    type Out = i64;
    type Refusal = Problem;
    async fn run(&self, tx: &mut Tx) -> Result<i64, Stop<Problem>> {
        table::bill_is_read(tx, self.provider, self.day, self.now);
        if self.many {
            table::many_lines_came(tx).await?;
        }
        Ok(table::bill(tx, self.provider, self.day).await?.map_or(0, |bill| bill.lines))
    }
}
