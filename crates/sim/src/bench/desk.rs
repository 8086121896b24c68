//! What the desk's box and timelines cost in a large store, beside a read by primary key of the same store in the same run.
//!
//! Each is the whole use case as a page calls it: for a timeline also the entry in the audit log that says who looked. The
//! commit does not wait for the disk here: what that costs is measured with renewals. Lines are drawn at random from all; the
//! timelines are also those of a few lines that were renewed very often. All are taken in turns, several rounds each, so that
//! what disturbs the machine disturbs all of them.

use crate::Failure;
use crate::ground::{Ground, Wanted};
use crate::mass::multiply;
use crate::quick;
use crate::random::Random;
use crate::stopwatch::Stopwatch;
use crate::world::{Provider, app, set_up};
use everline_app::desk_search::find;
use everline_app::jobs::number_receipts;
use everline_app::secrets::Secrets;
use everline_app::staff;
use everline_app::timeline::{Key, Kind, Wanted as Part, timeline};
use everline_app::{App, Problem};
use everline_core::audit::Actor;
use everline_core::effects::{CaseReason, Receipt};
use everline_core::esim_device::{Basis, DeviceCheck};
use everline_core::identifiers::Eid;
use everline_core::identity::china;
use everline_core::ids::{CaseId, CustomerId, LineId, RawId, TransferId};
use everline_core::line::Line;
use everline_core::order::Order;
use everline_core::staff::Role;
use everline_core::support::number;
use everline_core::time::Now;
use everline_store::tables::{case, customer, device_check, identity, ledger, line, order, payment, receipt, sim};
use everline_store::{SqliteOptions, Stop, Synchronous, Tx, Work};
use everline_testing::Fsync;
use serde::Serialize;
use std::collections::BTreeMap;
use std::sync::Arc;

/// What to measure.
#[derive(Debug, Clone)]
pub struct Options {
    /// On which store.
    pub wanted: Wanted,
    /// Lines in the store.
    pub lines: u64,
    /// Rows of the ledger, at least.
    pub transfers: u64,
    /// Calls of each kind in each round.
    pub calls: u64,
    /// Rounds.
    pub rounds: u64,
}

/// One kind of call, as JSON.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Figure {
    /// `desk`.
    pub name: &'static str,
    /// On which store.
    pub store: &'static str,
    /// Lines in it.
    pub lines: u64,
    /// Rows of its ledger.
    pub transfers: u64,
    /// What was called.
    pub call: &'static str,
    /// The median of a call, in microseconds.
    pub p50_us: u64,
    /// The 99th percentile.
    pub p99_us: u64,
    /// Thousandths of the 99th percentile of a read by primary key.
    pub p99_to_key_permille: u64,
}

/// What a search or a page may take at most, in thousandths of the 99th percentile of a read by primary key.
pub const LIMIT_PERMILLE: u64 = 20_000;
/// The read by primary key.
const KEY: &str = "primary key";
/// Calls of each kind.
const CALLS: [&str; 19] = [
    KEY,
    "number",
    "number's beginning",
    "last six",
    "name",
    "name's beginning",
    "order",
    "payment",
    "payment's beginning",
    "ICCID",
    "IMSI",
    "EID",
    "receipt",
    "case",
    "document",
    "customer's timeline",
    "line's timeline",
    "page of a long timeline",
    "money in a long timeline",
];
/// Lines that are looked for.
const DRAWN: usize = 2_000;
/// Lines that are renewed very often.
const OFTEN: usize = 20;
/// How often.
const TIMES: usize = 400;
/// So many pages of their timelines are looked at.
const PAGES: usize = 30;

/// Somebody to look for.
struct Known {
    customer: CustomerId,
    line: Line,
    name: String,
    order: Order,
    out_trade_no: String,
    iccid: String,
    imsi: String,
    eid: String,
    /// The number of its passport.
    document: String,
    case: String,
    receipt: String,
}

/// Measures, telling people how far it is.
///
/// # Errors
/// Whatever keeps it from measuring; [`Failure::Broken`] if something is not found.
pub async fn desk(options: &Options) -> Result<Vec<Figure>, Failure> {
    let ground = Ground::new(&options.wanted, Fsync::Off).await?;
    let trust = Provider::new()?;
    let unsynced = SqliteOptions { synchronous: Synchronous::Off, ..SqliteOptions::default() };
    let mut app = app(ground.place.open_with(unsynced).await?, trust.trust())?;
    Arc::make_mut(&mut app.brand).identity.documents = china();
    set_up(&app).await?;
    let (all, transfers) = fill(&app, options).await?;
    println!("{} lines, {transfers} rows of the ledger", options.lines.max(1));
    let agent = agent(&app).await?;
    let often = all.get(..OFTEN).unwrap_or_default();
    let mut drawn = all.clone();
    let mut random = Random::new(2);
    random.shuffle(&mut drawn);
    drawn.truncate(DRAWN);
    let place_of = all.iter().enumerate().map(|(place, (customer, _))| (*customer, place)).collect();
    let known: Vec<Known> = app.store.transact(Know { lines: drawn, place_of, at: app.clock.now() }).await?;
    ground.settle().await?;
    let desk = Desk { app: &app, agent, known: &known, pages: pages(&app, agent, often).await? };
    let mut taken: BTreeMap<&'static str, Vec<u64>> = BTreeMap::new();
    for round in 0..options.rounds + 1 {
        for call in CALLS {
            let mut latencies = Vec::new();
            for _ in 0..options.calls {
                latencies.push(desk.call(call, &mut random).await?);
            }
            // The first round warms caches.
            if round > 0 {
                taken.entry(call).or_default().extend(latencies);
            }
        }
        // The log of who looked was empty when its statements were planned: the server plans them anew once it has seen it.
        if round == 0 {
            ground.settle().await?;
        }
    }
    app.store.close().await;
    let quantile = |of: &mut Vec<u64>, permille| super::report::quantile(of, permille);
    let key = taken.get_mut(KEY).map_or(1, |of| quantile(of, 990)).max(1);
    let mut figures = Vec::new();
    for call in CALLS {
        let Some(of) = taken.get_mut(call) else { continue };
        let (p50_us, p99_us) = (quantile(of, 500), quantile(of, 990));
        let p99_to_key_permille = p99_us * 1_000 / key;
        println!("{call}: p50 {p50_us} µs, p99 {p99_us} µs, {p99_to_key_permille} ‰ of a read by primary key");
        let (store, lines) = (options.wanted.store.word(), options.lines);
        figures.push(Figure { name: "desk", store, lines, transfers, call, p50_us, p99_us, p99_to_key_permille });
    }
    Ok(figures)
}

/// Lines that are really made; the others are copies of them under other ids ([`crate::mass`]).
const MADE: u64 = 10_000;

/// Lines with a plan, a few of them renewed very often, and the others until the ledger has its rows; how many it has then.
async fn fill(app: &App, options: &Options) -> Result<(Vec<(CustomerId, LineId)>, u64), Failure> {
    let copies = u32::try_from(options.lines / MADE).unwrap_or(u32::MAX).saturating_sub(1);
    let all = quick::make_lines(app, options.lines.min(MADE)).await?;
    let (at, secrets) = (app.clock.now(), app.secrets.clone());
    app.store.transact(Identify { lines: all.clone(), at, secrets }).await?;
    let often = all.get(..OFTEN).unwrap_or_default();
    let before = app.store.read(Count).await?;
    for _ in 0..TIMES {
        quick::renew(app, often).await?;
    }
    let now = app.store.read(Count).await?;
    // Each of these renewals is of the same pack, and posts the same.
    let renewed = u64::try_from(often.len() * TIMES).unwrap_or(u64::MAX);
    let each = (now - before).checked_div(renewed).filter(|each| *each > 0);
    let each = each.ok_or_else(|| Failure::Broken("a renewal posts nothing".to_owned()))?;
    let wanted = options.transfers / (u64::from(copies) + 1);
    let mut missing = wanted.saturating_sub(now).div_ceil(each);
    while missing > 0 {
        let most = all.len().min(usize::try_from(missing).unwrap_or(usize::MAX));
        quick::renew(app, all.get(..most).unwrap_or_default()).await?;
        missing -= u64::try_from(most).unwrap_or(missing);
    }
    while number_receipts(app).await? > 0 {}
    multiply(app, options.wanted.store, copies).await?;
    let transfers = app.store.read(Count).await?;
    Ok((all, transfers))
}

/// A member who may look at customers.
async fn agent(app: &App) -> Result<RawId, Failure> {
    staff::add(app, Actor::System, "agent", "Agent", Role::Agent.word()).await?;
    let listed = staff::list(app).await?.into_iter().find(|member| member.login == "agent");
    Ok(listed.ok_or_else(|| Failure::Broken("no member".to_owned()))?.id)
}

/// Where the later pages of some customers' timelines begin.
async fn pages(app: &App, by: RawId, of: &[(CustomerId, LineId)]) -> Result<Vec<(CustomerId, Key)>, Failure> {
    let mut pages = Vec::new();
    for (customer, _) in of {
        let mut before = None;
        for _ in 0..PAGES {
            let part = Part { customer: *customer, line: None, kind: None, before };
            before = timeline(app, by, part).await?.next;
            pages.extend(before.map(|key| (*customer, key)));
        }
    }
    Ok(pages)
}

/// Calls as a member makes them.
struct Desk<'a> {
    app: &'a App,
    agent: RawId,
    known: &'a [Known],
    /// Later pages of long timelines.
    pages: Vec<(CustomerId, Key)>,
}

impl Desk<'_> {
    /// Calls once for somebody drawn at random; how many microseconds it took.
    async fn call(&self, call: &'static str, random: &mut Random) -> Result<u64, Failure> {
        let known = draw(self.known, random)?;
        let number = known.line.msisdn.as_str();
        let part = |text: &str, from: usize, to: usize| text.get(from..to).unwrap_or(text).to_owned();
        match call {
            KEY => {
                let work = ByKey { customer: known.customer };
                let clock = Stopwatch::start();
                self.app.store.read(work).await?;
                Ok(clock.us())
            }
            "number" => self.find(number.to_owned()).await,
            "number's beginning" => self.find(part(number, 0, number.len() - 3)).await,
            "last six" => self.find(part(number, number.len() - 6, number.len())).await,
            "name" => self.find(known.name.clone()).await,
            "name's beginning" => self.find(known.name.chars().take(4).collect()).await,
            "order" => self.find(known.order.number.clone()).await,
            "payment" => self.find(known.out_trade_no.clone()).await,
            "payment's beginning" => self.find(part(&known.out_trade_no, 0, known.out_trade_no.len() - 6)).await,
            "ICCID" => self.find(known.iccid.clone()).await,
            "IMSI" => self.find(known.imsi.clone()).await,
            "EID" => self.find(known.eid.clone()).await,
            "receipt" => self.find(known.receipt.clone()).await,
            "case" => self.find(known.case.clone()).await,
            "document" => self.find(known.document.clone()).await,
            "customer's timeline" => self.look(known.customer, None, None, None).await,
            "line's timeline" => self.look(known.customer, Some(known.line.id), None, None).await,
            "page of a long timeline" => {
                let (customer, before) = *draw(&self.pages, random)?;
                self.look(customer, None, None, Some(before)).await
            }
            _ => {
                let (customer, before) = *draw(&self.pages, random)?;
                self.look(customer, None, Some(Kind::Money), Some(before)).await
            }
        }
    }

    async fn find(&self, typed: String) -> Result<u64, Failure> {
        let clock = Stopwatch::start();
        let finds = find(self.app, self.agent, &typed).await?;
        let us = clock.us();
        if finds.found.is_empty() {
            return Err(Failure::Broken(format!("nothing is found by {typed:?}")));
        }
        Ok(us)
    }

    async fn look(
        &self,
        customer: CustomerId,
        line: Option<LineId>,
        kind: Option<Kind>,
        before: Option<Key>,
    ) -> Result<u64, Failure> {
        let clock = Stopwatch::start();
        timeline(self.app, self.agent, Part { customer, line, kind, before }).await?;
        Ok(clock.us())
    }
}

fn draw<'a, T>(of: &'a [T], random: &mut Random) -> Result<&'a T, Failure> {
    let place = usize::try_from(random.below(u64::try_from(of.len()).unwrap_or(1))).unwrap_or(0);
    of.get(place).ok_or_else(|| Failure::Broken("nobody to look for".to_owned()))
}

/// One row by its key.
struct ByKey {
    customer: CustomerId,
}
impl Work for ByKey {
    const NAME: &'static str = "sim_by_key";
    type Out = ();
    type Refusal = Problem;
    async fn run(&self, tx: &mut Tx) -> Result<(), Stop<Problem>> {
        customer::get(tx, self.customer).await?;
        Ok(())
    }
}

/// Who the customers are. What is sealed of it is never opened here.
struct Identify {
    lines: Vec<(CustomerId, LineId)>,
    at: Now,
    secrets: Arc<Secrets>,
}
impl Work for Identify {
    const NAME: &'static str = "sim_identify";
    type Out = ();
    type Refusal = Problem;
    async fn run(&self, tx: &mut Tx) -> Result<(), Stop<Problem>> {
        for (place, (customer, _)) in self.lines.iter().enumerate() {
            let hash = self.secrets.name("document", &["passport", &passport(place)]);
            let kind = "passport".to_owned();
            let said = identity::Stored { kind, sealed: vec![0; 64], hash, said_at: self.at.system, settled_by: None };
            identity::save(tx, *customer, &said, Some(self.at.system));
        }
        Ok(())
    }
}

/// The number of the passport of the customer at a place.
fn passport(place: usize) -> String {
    format!("P{place:08}")
}

/// Names under which lines can be looked for; cases and devices are given to those that are looked for alone.
struct Know {
    lines: Vec<(CustomerId, LineId)>,
    /// At which place each customer was made.
    place_of: BTreeMap<CustomerId, usize>,
    at: Now,
}
impl Work for Know {
    const NAME: &'static str = "sim_know";
    type Out = Vec<Known>;
    type Refusal = Problem;
    async fn run(&self, tx: &mut Tx) -> Result<Vec<Known>, Stop<Problem>> {
        let mut all = Vec::new();
        for (place, (customer, id)) in self.lines.iter().enumerate() {
            let customer = *customer;
            let name = customer::get(tx, customer).await?.name;
            let line = line::get(tx, customer, *id).await?;
            let order = order::of_line(tx, customer, *id, 1).await?.pop();
            let (Some(line), Some(order)) = (line, order) else { continue };
            let attempts = payment::of_order(tx, customer, order.id).await?;
            let Some(out_trade_no) = attempts.first().map(|attempt| attempt.out_trade_no.clone()) else { continue };
            let bought = Receipt::of(&order, order.placed_at);
            let receipt = receipt::get(tx, customer, bought.id).await?.and_then(|receipt| receipt.number);
            let Some(receipt) = receipt.map(|number| format!("{number:06}")) else { continue };
            let Some(iccid) = sim::primary_of(tx, line.id).await? else { continue };
            let tail = line.msisdn.as_str().get(3..).unwrap_or_default();
            let imsi = format!("46011{tail}");
            let case = CaseId(order.id.0.derive(0x63, 0));
            case::add(tx, &case::Case::opened(customer, case, CaseReason::Asked, self.at.business));
            let document = passport(self.place_of.get(&customer).copied().unwrap_or_default());
            let eid = eid(place).ok_or_else(|| Stop::Refused(Problem::Internal("a malformed EID".to_owned())))?;
            let check = DeviceCheck { basis: Basis::Eid, model: None, sold: None, eid: Some(eid.clone()) };
            device_check::add(tx, (customer, order.id.0), (line.id, &iccid), &check, self.at.system);
            let (eid, case) = (eid.as_str().to_owned(), number(case).to_string());
            let iccid = iccid.as_str().to_owned();
            all.push(Known { customer, line, name, order, out_trade_no, iccid, imsi, eid, document, case, receipt });
        }
        Ok(all)
    }
}

/// The EID of the device at a place: 32 digits, of which the last two are its check.
fn eid(place: usize) -> Option<Eid> {
    (0..97).find_map(|check| Eid::parse(&format!("8904903212345123451{place:011}{check:02}")).ok())
}

/// Rows of the ledger.
struct Count;
impl Work for Count {
    const NAME: &'static str = "sim_count";
    type Out = u64;
    type Refusal = Problem;
    async fn run(&self, tx: &mut Tx) -> Result<u64, Stop<Problem>> {
        let first = RawId::from_bytes([0; 16]);
        let (mut after, mut count) = ((TransferId(first), CustomerId(first)), 0);
        loop {
            let page = ledger::page(tx, after, 5_000).await?;
            let Some(last) = page.last() else { return Ok(count) };
            count += u64::try_from(page.len()).unwrap_or(0);
            after = (last.id, last.customer);
        }
    }
}
