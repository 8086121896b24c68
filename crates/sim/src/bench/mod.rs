//! How many paid notices become renewals in effect, and how soon, beside what the disk and the database can do by
//! themselves in the same minute.
//!
//! A notice is signed before the clock runs; its verification, the whole transaction and the durable commit are inside
//! (`payment_notice`). The store holds a line with a running plan (data, voice, messages) for each of very many customers;
//! each notice pays a pack for one of them, drawn at random, which takes effect at once. First as many senders as asked
//! send as fast as they can: the peak. Then notices arrive at half that rate at fixed times, and the latency of each
//! counts from when it was due.
//!
//! Baselines: an append and an `fdatasync` for each renewal; SQLite with a script that writes the same rows in groups of
//! the same size ([`script`]); PostgreSQL with `pgbench` and a renewal of seven statements ([`pgbench`]), the better figure
//! of 8 and 64 clients.

pub mod desk;
mod disk;
pub mod import;
pub mod lifecycle;
mod load;
pub mod payments;
mod pgbench;
pub mod receipts;
pub mod reconcile;
pub mod report;
mod script;
pub mod web;

use crate::Failure;
use crate::ground::{Ground, Wanted};
use crate::lines::Awaiting;
use crate::quick;
use crate::random::Random;
use crate::world::{Kind, Place, Provider, app, set_up};
use everline_app::App;
use everline_core::ids::{CustomerId, LineId};
use everline_core::time::SECOND_US;
use everline_store::SqliteOptions;
use everline_testing::Fsync;
use load::Spent;
use pgbench::Pgbench;
use report::{Figure, Measured, Rate, quantile};
use script::Script;
use std::path::PathBuf;
use std::sync::Arc;

/// What to measure.
#[derive(Debug, Clone)]
pub struct Options {
    /// On which store.
    pub wanted: Wanted,
    /// Lines in the store.
    pub lines: u64,
    /// Seconds of each run.
    pub seconds: u64,
    /// Notices under way at once, one peak for each.
    pub concurrency: Vec<usize>,
    /// Bytes per page of a SQLite file; the store's own default without it.
    pub page_size: Option<u32>,
    /// Page cache of each SQLite connection, in KiB; the store's own default without it.
    pub cache_kib: Option<u32>,
    /// Whether the whole store is verified at the end.
    pub verify: bool,
}

/// More notices a second than any store here can take: so many are made ready for a run.
const NOTICES_PER_SECOND_MAX: u64 = 30_000;
/// The same for one sender.
const NOTICES_PER_SECOND_MAX_ALONE: u64 = 6_000;

/// Measures, telling people how far it is; the figures come back.
///
/// # Errors
/// Whatever keeps it from measuring; [`Failure::Broken`] if a figure counts what is not in effect.
pub async fn renewals(options: &Options) -> Result<Vec<Figure>, Failure> {
    let ground = Ground::new(&options.wanted, Fsync::On).await?;
    let mut bench = Bench::prepare(options, &ground).await?;
    let mut figures = Vec::new();
    for concurrency in &options.concurrency {
        figures.extend(bench.measure(*concurrency).await?);
    }
    bench.audit(options.verify).await?;
    Ok(figures)
}

fn sqlite_options(options: &Options) -> SqliteOptions {
    let default = SqliteOptions::default();
    SqliteOptions {
        page_size: options.page_size.unwrap_or(default.page_size),
        cache_kib: options.cache_kib.unwrap_or(default.cache_kib),
        ..default
    }
}

/// A store full of lines, and what it is compared with.
struct Bench {
    store: Kind,
    app: App,
    signing: Signing,
    seconds: u64,
    folder: PathBuf,
    baseline: Baseline,
    /// Notices that were acknowledged.
    taken: u64,
}

/// What the database can do by itself.
enum Baseline {
    Script(Script, Vec<Awaiting>),
    Pgbench(Pgbench),
}

impl Bench {
    async fn prepare(options: &Options, ground: &Ground) -> Result<Self, Failure> {
        let (place, folder) = (&ground.place, ground.folder());
        let provider = Arc::new(Provider::new()?);
        let sqlite = sqlite_options(options);
        let mut app = app(place.open_with(sqlite.clone()).await?, provider.trust())?;
        set_up(&app).await?;
        let mut lines = quick::make_lines(&app, options.lines).await?;
        let mut random = Random::new(1);
        random.shuffle(&mut lines);
        println!("{} lines with a running plan", lines.len());
        let baseline = match place {
            Place::Sqlite(file) => {
                let waiting = quick::make_orders(&app, &lines).await?;
                app.store.close().await;
                let copy = folder.join("script.sqlite");
                std::fs::copy(file, &copy).map_err(Failure::io("a copy of the store"))?;
                app.store = place.open_with(sqlite.clone()).await?;
                Baseline::Script(Script::open(&copy, &sqlite)?, waiting)
            }
            Place::Postgres(config) => Baseline::Pgbench(Pgbench::prepare(config, options.lines)?),
        };
        Ok(Self {
            store: options.wanted.store,
            app,
            signing: Signing { provider, lines, random },
            seconds: options.seconds,
            folder: folder.to_owned(),
            baseline,
            taken: 0,
        })
    }

    /// One peak, and half of it, with baselines in between.
    async fn measure(&mut self, concurrency: usize) -> Result<Vec<Figure>, Failure> {
        let most = notices_max(concurrency).saturating_mul(self.seconds);
        let notices = self.signing.notices(&self.app, most).await?;
        let load_before = load_average();
        let fdatasync = disk::fdatasync(&self.folder, self.seconds.div_ceil(5))?;
        let base = self.baseline(concurrency)?;
        let peak = load::closed(&self.app, notices, concurrency, self.seconds).await?;
        self.taken += peak.rate.count;
        let half = per_second(peak.rate) / 2;
        let notices = self.signing.notices(&self.app, half.saturating_mul(self.seconds)).await?;
        let mut steady = load::open(&self.app, notices, half).await?;
        self.taken += steady.rate.count;
        let of = Measured {
            concurrency,
            peak: peak.rate,
            cpu_us: peak.cpu_us,
            p99_us: quantile(&mut steady.latencies_us, 990),
        };
        let (mut latencies, p50_us) = (peak.latencies_us, quantile(&mut steady.latencies_us, 500));
        let spent = Spent { cpu_us: peak.cpu_us, bytes: peak.bytes, server_us: peak.server_us };
        println!(
            "{concurrency} at once: peak {}/s (p50 {} µs, p99 {} µs), {}; at half of it p50 {p50_us} µs, p99 {} µs; \
             fdatasync {}/s; load average {load_before} before, {} after",
            per_second(of.peak),
            quantile(&mut latencies, 500),
            quantile(&mut latencies, 990),
            each(spent, of.peak),
            of.p99_us,
            per_second(fdatasync),
            load_average()
        );
        let figure = |name, rate| Figure::new("renewals", self.store.word(), of, name, rate);
        Ok(match &self.baseline {
            Baseline::Script(..) => vec![figure("fdatasync", fdatasync), figure("script", base)],
            Baseline::Pgbench(_) => vec![figure("fdatasync", fdatasync), figure("pgbench", base)],
        })
    }

    fn baseline(&mut self, concurrency: usize) -> Result<Rate, Failure> {
        match &mut self.baseline {
            Baseline::Script(script, targets) => {
                let before = Spent::now()?;
                let rate = script.run(targets, concurrency, self.seconds.div_ceil(3))?;
                println!("script: {}/s, {}", per_second(rate), each(Spent::now()?.since(before), rate));
                Ok(rate)
            }
            Baseline::Pgbench(pgbench) => {
                let seconds = self.seconds.div_ceil(2);
                let (few, many) = (pgbench.run(8, seconds)?, pgbench.run(64, seconds)?);
                println!("pgbench: {}/s with 8 clients, {}/s with 64", per_second(few), per_second(many));
                Ok(if per_second(few) >= per_second(many) { few } else { many })
            }
        }
    }

    async fn audit(&self, verify: bool) -> Result<(), Failure> {
        audit(&self.app, self.signing.lines.len(), self.taken, verify).await
    }
}

/// So many notices a second are made ready for a run of so many senders.
const fn notices_max(concurrency: usize) -> u64 {
    if concurrency == 1 { NOTICES_PER_SECOND_MAX_ALONE } else { NOTICES_PER_SECOND_MAX }
}

/// Lines with a running plan, and who signs the notices of what they buy.
struct Signing {
    provider: Arc<Provider>,
    lines: Vec<(CustomerId, LineId)>,
    random: Random,
}

impl Signing {
    /// Places orders for lines drawn at random, at most one for each, and signs the notices that pay them.
    async fn notices(&mut self, app: &App, most: u64) -> Result<Vec<Vec<u8>>, Failure> {
        self.random.shuffle(&mut self.lines);
        let count = usize::try_from(most).unwrap_or(usize::MAX).min(self.lines.len());
        let orders = quick::make_orders(app, self.lines.get(..count).unwrap_or_default()).await?;
        let paid_at_s = app.clock.now().system.us() / SECOND_US;
        let mut signing = Vec::new();
        for part in orders.chunks(orders.len().div_ceil(4).max(1)) {
            let (part, provider) = (part.to_vec(), self.provider.clone());
            signing.push(tokio::task::spawn_blocking(move || {
                let sign = |order: &Awaiting| provider.notice(&order.out_trade_no, order.amount, paid_at_s);
                part.iter().map(sign).collect::<Result<Vec<_>, _>>()
            }));
        }
        let mut notices = Vec::with_capacity(orders.len());
        for part in signing {
            notices.extend(part.await.map_err(|error| Failure::unusable("signing", &error))??);
        }
        Ok(notices)
    }
}

/// Counts the orders that are in effect: the first plan of every line, and one for each notice; closes the store.
async fn audit(app: &App, lines: usize, taken: u64, verify: bool) -> Result<(), Failure> {
    let expected = taken.saturating_add(u64::try_from(lines).unwrap_or(0));
    let in_effect = app.store.read(quick::InEffect).await?;
    if in_effect != expected {
        return Err(Failure::Broken(format!("{expected} orders should be in effect, and {in_effect} are")));
    }
    if verify {
        let report = everline_app::verify::verify(&app.store, &app.brand, &app.zone, app.clock.now()).await?;
        if !report.clean() {
            return Err(Failure::Broken(format!("verify: {report}")));
        }
    }
    app.store.close().await;
    Ok(())
}

/// What one of so many used.
fn each(spent: Spent, rate: Rate) -> String {
    let count = rate.count.max(1);
    let server = match spent.server_us / count {
        0 => String::new(),
        us => format!(", {us} µs of the server's,"),
    };
    format!(
        "{} µs of processor time{server} and {} KiB written each",
        spent.cpu_us / count,
        spent.bytes / count / 1_024
    )
}

fn per_second(rate: Rate) -> u64 {
    rate.count.saturating_mul(1_000_000) / rate.us.max(1)
}

/// How busy the machine is: the mean number of tasks that would run, over the last minute.
fn load_average() -> String {
    let text = std::fs::read_to_string("/proc/loadavg").unwrap_or_default();
    text.split(' ').next().unwrap_or_default().to_owned()
}
