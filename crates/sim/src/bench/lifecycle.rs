//! How fast very many lines pass a month end, and that each of their transitions happens once, however often the process is
//! killed on the way.
//!
//! Every line has a paid plan of thirty days. Business time is set to after its grace; a child runs every timer that is due
//! by then, late, and is killed (`SIGKILL`) and started again. At the end the changes of state, the postings and the earned
//! money are counted: each line came into grace and was suspended once, and earned its price in exactly its parts.

use crate::ground::{Ground, Wanted};
use crate::random::Random;
use crate::stopwatch::Stopwatch;
use crate::world::{PRICE, Place, Provider, VALIDITY, app, set_up};
use crate::{Failure, quick};
use everline_app::{Problem, timers, verify};
use everline_core::time::{BusinessTime, DAY_US, Zone};
use everline_store::tables::line_event;
use everline_store::{Sql, Stop, Tx, Work, args};
use everline_testing::Fsync;
use serde::Serialize;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::time::Duration;

/// What to measure.
#[derive(Debug, Clone)]
pub struct Options {
    /// On which store.
    pub wanted: Wanted,
    /// Lines in the store.
    pub lines: u64,
    /// How often the process is killed.
    pub kills: u64,
    /// Decides when.
    pub seed: u64,
    /// Whether the whole store is verified at the end.
    pub verify: bool,
    /// The program whose `lifecycle-child` runs.
    pub program: PathBuf,
}

/// The result, as JSON.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Figure {
    /// `lifecycle`.
    pub name: &'static str,
    /// On which store.
    pub store: &'static str,
    /// Lines in the store.
    pub lines: u64,
    /// How often the process was killed while it worked.
    pub kills: u64,
    /// Timers that had to run: month starts, ends of plans, ends of grace.
    pub transitions: u64,
    /// Seconds in which the process lived, its starts included.
    pub seconds: u64,
    /// Lines that were through with everything, a second.
    pub lines_per_second: u64,
    /// Timers a second.
    pub transitions_per_second: u64,
}

/// Days after which the plan and the three days of grace are over.
const AHEAD_US: i64 = 34 * DAY_US;

/// Measures, telling people how far it is.
///
/// # Errors
/// Whatever keeps it from measuring; [`Failure::Broken`] if a transition happened twice, or not at all.
pub async fn lifecycle(options: &Options) -> Result<Figure, Failure> {
    let ground = Ground::new(&options.wanted, Fsync::On).await?;
    let place = &ground.place;
    let trust = Provider::new()?;
    let prepared = app(place.open().await?, trust.trust())?;
    set_up(&prepared).await?;
    let from = prepared.clock.now().business;
    quick::make_lines(&prepared, options.lines).await?;
    let until = prepared.clock.now().business;
    prepared.store.close().await;
    println!("{} lines whose plan ends in 30 days", options.lines);
    let parts = parts(&prepared.zone, from);
    if parts != self::parts(&prepared.zone, until) {
        return Err(Failure::Unusable("a month began while the lines were made: try again".to_owned()));
    }

    let transitions = options.lines * (parts + 1);
    let (us, kills) = run(options, place, transitions)?;
    let after = app(place.open().await?, trust.trust())?;
    after.clock.set_business_offset_us(AHEAD_US);
    audit(&after, options, parts).await?;
    after.store.close().await;
    let a_second = |count: u64| count.saturating_mul(1_000_000) / us.max(1);
    Ok(Figure {
        name: "lifecycle",
        store: options.wanted.store.word(),
        lines: options.lines,
        kills,
        transitions,
        seconds: us / 1_000_000,
        lines_per_second: a_second(options.lines),
        transitions_per_second: a_second(transitions),
    })
}

/// In how many parts a plan that begins then earns its price: one at each month start, and the rest at its end.
fn parts(zone: &Zone, begins: BusinessTime) -> u64 {
    let (end, mut at, mut parts) = (VALIDITY.end(begins, None, zone), begins, 1);
    while zone.next_month_start(at) < end {
        at = zone.next_month_start(at);
        parts += 1;
    }
    parts
}

/// Runs children until one is through, killing the first so many; the microseconds they lived, and how many were killed.
fn run(options: &Options, place: &Place, transitions: u64) -> Result<(u64, u64), Failure> {
    let (mut random, mut us, mut kills) = (Random::new(options.seed), 0, 0);
    // Spread over a run at a thousand a second; a run that is faster has fewer of them.
    let longest_ms = (transitions / options.kills.max(1)).clamp(100, 20_000);
    loop {
        let clock = Stopwatch::start();
        let mut child = Command::new(&options.program);
        child.arg("lifecycle-child");
        match place {
            Place::Sqlite(file) => child.arg("--sqlite").arg(file),
            Place::Postgres(config) => child.arg("--postgres").arg(config),
        };
        let mut child = child.stdin(Stdio::null()).spawn().map_err(Failure::io("child"))?;
        if kills < options.kills {
            std::thread::sleep(Duration::from_millis(50 + random.below(longest_ms)));
            if child.try_wait().map_err(Failure::io("wait"))?.is_none() {
                child.kill().map_err(Failure::io("kill"))?;
                kills += 1;
            }
        }
        let ended = child.wait().map_err(Failure::io("wait"))?;
        us += clock.us();
        match ended.code() {
            Some(0) => return Ok((us, kills)),
            Some(code) => return Err(Failure::Broken(format!("the child ended with {code}"))),
            None => {} // killed
        }
    }
}

/// The process that is killed: runs every timer that is due once business time is ahead.
///
/// # Errors
/// Whatever the store meets; [`Failure::Broken`] if something that is due cannot run.
pub async fn child(place: &Place) -> Result<(), Failure> {
    let app = app(place.open().await?, Provider::new()?.trust())?;
    app.clock.set_business_offset_us(AHEAD_US);
    let now = app.clock.now();
    timers::run_due(&app, now).await?;
    let left = app.store.read(Next).await?.filter(|due| *due <= now.business);
    app.store.close().await;
    match left {
        Some(_) => Err(Failure::Broken("a timer cannot run".to_owned())),
        None => Ok(()),
    }
}

struct Next;
impl Work for Next {
    const NAME: &'static str = "sim_next_timer";
    type Out = Option<BusinessTime>;
    type Refusal = Problem;
    async fn run(&self, tx: &mut Tx) -> Result<Self::Out, Stop<Problem>> {
        Ok(everline_store::tables::timer::next(tx).await?)
    }
}

static EARNED: Sql = Sql::new(
    "SELECT COUNT(*), CAST(COALESCE(SUM(amount), 0) AS BIGINT) FROM transfer WHERE template = 'PACK_RECOGNISED'",
);

/// How often lines came into each state; how many recognitions there are, and their sum.
struct Counts;
impl Work for Counts {
    const NAME: &'static str = "sim_transitions";
    type Out = (Vec<(String, i64)>, (i64, i64));
    type Refusal = Problem;
    async fn run(&self, tx: &mut Tx) -> Result<Self::Out, Stop<Problem>> {
        Ok((line_event::counts(tx).await?, tx.one("transfers", &EARNED, args![]).await?))
    }
}

/// Each transition happened once.
async fn audit(app: &everline_app::App, options: &Options, parts: u64) -> Result<(), Failure> {
    let (states, earned) = app.store.read(Counts).await?;
    let lines = i64::try_from(options.lines).unwrap_or(i64::MAX);
    let parts = i64::try_from(parts).unwrap_or(i64::MAX);
    let expected: Vec<(String, i64)> =
        ["active", "grace", "suspended"].into_iter().map(|word| (word.to_owned(), lines)).collect();
    if states != expected {
        return Err(Failure::Broken(format!("lines came into their states {states:?} times, not {expected:?}")));
    }
    let expected = (lines * parts, lines.saturating_mul(PRICE.micros()));
    if earned != expected {
        return Err(Failure::Broken(format!("recognitions and their sum are {earned:?}, not {expected:?}")));
    }
    if options.verify {
        let report = verify::verify(&app.store, &app.brand, &app.zone, app.clock.now()).await?;
        if !report.clean() {
            return Err(Failure::Broken(format!("verify: {report}")));
        }
    }
    Ok(())
}
