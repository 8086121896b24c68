//! Crash rounds: acknowledged means durable, and once.
//!
//! A parent process makes lines whose payments wait, and signs the provider's notices. A child opens the store and takes
//! notices as the server does. The parent keeps many under way, notes every acknowledgement it reads, and kills the child
//! with `SIGKILL` at moments drawn from a seed: while it opens the store, between two messages, right after an
//! acknowledgement. The next child must hold every acknowledged renewal exactly once; then it is sent everything that was
//! not acknowledged, new notices, and repetitions of acknowledged ones. At the end every row of the store is counted.
//!
//! With [`Target::Power`] the disk is watched, and with each kill the power goes: what was not synced is lost, in part or
//! whole (see [`everline_shim`]).
//!
//! With a child that acknowledges before it has taken a notice ([`Options::early`]) the same rounds find lost renewals: that is
//! how they are known to be able to.

mod book;
mod child;
mod driver;
pub(crate) mod look;
mod moment;
pub(crate) mod process;
pub(crate) mod protocol;

pub use child::serve;

use crate::Failure;
use crate::faults::shim::Shim;
use crate::ground::{Ground, Wanted};
use crate::lines;
use crate::world::{Kind, Place, Provider, set_up};
use book::Fate;
use driver::{Cuts, Driver};
use everline_app::Problem;
use everline_app::verify::verify;
use everline_core::time::SECOND_US;
use everline_store::{Error, Synchronous};
use everline_testing::Fsync;
use look::LookAtAll;
use process::Setting;
use protocol::Seen;
use std::fmt;
use std::path::PathBuf;

/// What is killed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum Target {
    /// The process that takes notices.
    Client,
    /// The PostgreSQL server.
    Server,
    /// The process, together with the power of its disk.
    #[value(skip)]
    Power,
}

/// What to run.
#[derive(Debug, Clone)]
pub struct Options {
    /// On which store.
    pub wanted: Wanted,
    /// How many kills.
    pub rounds: u64,
    /// Notices under way at once, at least 10.
    pub in_flight: usize,
    /// What is killed.
    pub kill: Target,
    /// Whether a SQLite child waits for its disk. If it does not, a power cut must be seen to lose something.
    pub synchronous: Synchronous,
    /// Whether the child acknowledges a notice before it has taken it, which must be seen to lose something.
    pub early: bool,
    /// Decides moments and notices.
    pub seed: u64,
    /// The program whose `crash-child` is killed: this one.
    pub program: PathBuf,
}

/// What was done; everything held, or there is none.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Summary {
    store: Kind,
    rounds: u64,
    acknowledged: u64,
    resent: u64,
    repeated: u64,
    restarts: usize,
    restart_us: u64,
    restart_us_max: u64,
    cuts: Option<Cuts>,
    seed: u64,
}

impl fmt::Display for Summary {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { rounds, acknowledged, resent, repeated, restarts, seed, .. } = self;
        let (middle, longest) = (self.restart_us / 1_000, self.restart_us_max / 1_000);
        let what = if self.cuts.is_some() { "power-cut" } else { "crash" };
        write!(
            f,
            "{what} {}: {rounds} rounds, {acknowledged} acknowledged, {resent} resent, {repeated} repeated, none lost, none \
             doubled, restart median {middle} ms, longest {longest} ms ({restarts} restarts), seed {seed}",
            self.store.word()
        )?;
        if let Some(Cuts { losing, sectors, sectors_lost, names_lost }) = self.cuts {
            write!(
                f,
                "; {losing} cuts took something: {sectors_lost} of {sectors} sectors that were not synced, {names_lost} \
                 names"
            )?;
        }
        Ok(())
    }
}

/// Orders of each line.
const ORDERS: u32 = 3;

/// Runs the rounds.
///
/// # Errors
/// [`Failure::Broken`] if an acknowledged renewal is lost or there twice, or if the store contradicts itself.
pub async fn run(options: &Options) -> Result<Summary, Failure> {
    if options.in_flight < 10 || options.rounds == 0 {
        return Err(Failure::Unusable("at least 10 notices in flight and one round".to_owned()));
    }
    let ground = Ground::new(&options.wanted, Fsync::Off).await?;
    let shim = match (options.kill, options.wanted.store) {
        (Target::Power, Kind::Sqlite) => Some(Shim::new(&options.program, ground.folder())?),
        (Target::Power, Kind::Postgres) => {
            return Err(Failure::Unusable("only the disk of SQLite is watched".to_owned()));
        }
        _ => None,
    };
    let mut stage = Stage::new(options, ground.place.clone(), shim).await?;
    match (options.kill, ground.cluster()) {
        (Target::Client, _) => stage.client_rounds(options.rounds).await?,
        (Target::Power, _) => {
            let done = stage.client_rounds(options.rounds).await;
            done.map_err(|failure| lost(failure, &stage.driver.cuts))?;
        }
        (Target::Server, Some(cluster)) => {
            stage
                .refill(8 * ORDERS as usize * options.in_flight * usize::try_from(options.rounds).unwrap_or(1))
                .await?;
            stage.driver.server_rounds(options.rounds, || cluster.crash())?;
        }
        (Target::Server, None) => return Err(Failure::Unusable("only a server of our own can be killed".to_owned())),
    }
    stage.audit().await?;
    let Driver { book, restarts_us, .. } = &stage.driver;
    Ok(Summary {
        store: options.wanted.store,
        rounds: options.rounds,
        acknowledged: book.counts.acknowledged,
        resent: book.counts.resent,
        repeated: book.counts.repeated,
        restarts: restarts_us.len(),
        restart_us: stage.driver.restart_us(),
        restart_us_max: restarts_us.iter().copied().max().unwrap_or(0),
        cuts: (options.kill == Target::Power).then_some(stage.driver.cuts),
        seed: options.seed,
    })
}

/// A store that cannot be used any more has lost what it held: if the database itself says so, in its own words, and a cut
/// took something from it. Whatever else ended the rounds is no loss.
fn lost(failure: Failure, cuts: &Cuts) -> Failure {
    let said = match &failure {
        Failure::Damaged(said) => said.clone(),
        Failure::Store(error @ (Error::Database(_) | Error::Io { .. })) => error.to_string(),
        Failure::Problem(Problem::Internal(said)) if said.starts_with("database: ") => said.clone(),
        _ => return failure,
    };
    if cuts.losing == 0 {
        return failure;
    }
    Failure::Broken(format!("LOST: after {} cuts that took something SQLite says: {said}", cuts.losing))
}

/// What else a child is told.
fn words(options: &Options) -> Vec<&'static str> {
    let mut words = Vec::new();
    if options.synchronous == Synchronous::Off {
        words.extend(["--synchronous", "off"]);
    }
    if options.kill == Target::Power {
        // So that the cuts meet checkpoints too, in the background and by the writer.
        words.extend(["--checkpoint-rows", "200", "--wal-pages", "300"]);
    }
    if options.early {
        words.push("--acknowledge-early");
    }
    words
}

/// A store with its provider, and the rounds on it.
struct Stage {
    place: Place,
    provider: Provider,
    driver: Driver,
    lines: u64,
}

impl Stage {
    async fn new(options: &Options, place: Place, shim: Option<Shim>) -> Result<Self, Failure> {
        let provider = Provider::new()?;
        let app = crate::world::app(place.open().await?, provider.trust())?;
        set_up(&app).await?;
        app.store.close().await;
        let setting = Setting {
            program: options.program.clone(),
            place: place.clone(),
            trust: provider.trust().clone(),
            words: words(options),
            shim,
        };
        Ok(Self { place, provider, driver: Driver::new(setting, options.in_flight, options.seed), lines: 0 })
    }

    async fn client_rounds(&mut self, rounds: u64) -> Result<(), Failure> {
        for _ in 0..rounds {
            if self.driver.book.unsent() < self.driver.needed() {
                self.refill(4 * self.driver.needed()).await?;
            }
            self.driver.round()?;
        }
        self.driver.last()
    }

    /// Makes more lines whose payments wait, while no child has the store.
    async fn refill(&mut self, renewals: usize) -> Result<(), Failure> {
        let app = crate::world::app(self.place.open().await?, self.provider.trust())?;
        let count = u64::try_from(renewals).unwrap_or(u64::MAX).div_ceil(u64::from(ORDERS));
        let made = lines::make(&app, self.lines, count, ORDERS).await?;
        self.lines += count + count % 2;
        let paid_at_s = app.clock.now().system.us() / SECOND_US;
        for awaiting in made {
            let notice = self.provider.notice(&awaiting.out_trade_no, awaiting.amount, paid_at_s)?;
            let notice = String::from_utf8(notice).map_err(|error| Failure::unusable("a notice", &error))?;
            self.driver.book.add(awaiting, notice);
        }
        app.store.close().await;
        self.driver.opened();
        Ok(())
    }

    /// Counts every row: what was sent is there exactly once, of the rest nothing is; and lets `verify` look.
    async fn audit(&self) -> Result<(), Failure> {
        let app = crate::world::app(self.place.open().await?, self.provider.trust())?;
        let mut seen = app.store.read(LookAtAll).await?;
        for entry in self.driver.book.entries() {
            let seen = seen.remove(&entry.awaiting.order).unwrap_or_default();
            let expected = if entry.fate == Fate::Unsent { Seen::NOTHING } else { Seen::ONCE };
            if seen != expected {
                let (order, out_trade_no, fate) = (entry.awaiting.order, &entry.awaiting.out_trade_no, entry.fate);
                let text =
                    format!("the renewal paid as {out_trade_no} (order {order}, {fate:?}): the store holds {seen}");
                return Err(Failure::Broken(text));
            }
        }
        if let Some((order, seen)) = seen.into_iter().next() {
            return Err(Failure::Broken(format!("nobody placed order {order}, and the store holds {seen}")));
        }
        let report = verify(&app.store, &app.brand, &app.zone, app.clock.now()).await?;
        app.store.close().await;
        if report.clean() { Ok(()) } else { Err(Failure::Broken(format!("verify: {report}"))) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_the_database_says_after_a_cut_is_a_loss() {
        let cut = Cuts { losing: 3, ..Cuts::default() };
        let said = "database: sqlite 11: database disk image is malformed";
        let damaged = || Failure::Damaged(said.to_owned());
        for loss in [
            damaged(),
            Failure::Store(Error::Database("sqlite 11: database disk image is malformed".to_owned())),
            Failure::Store(Error::Io { code: 522 }),
            Failure::Problem(Problem::Internal(said.to_owned())),
        ] {
            let text = loss.to_string();
            let told = lost(loss, &cut).to_string();
            assert!(told.starts_with("BROKEN: LOST: after 3 cuts that took something SQLite says: "), "{text}: {told}");
        }
        for other in [
            Failure::Unusable("the child ended by itself".to_owned()),
            Failure::Store(Error::InUse),
            Failure::Store(Error::Busy),
            Failure::Problem(Problem::Unavailable),
            Failure::Problem(Problem::Internal("a template failed".to_owned())),
            Failure::Io { what: "child", source: std::io::Error::other("gone") },
        ] {
            let text = other.to_string();
            assert_eq!(lost(other, &cut).to_string(), text, "no loss");
        }
        assert_eq!(lost(damaged(), &Cuts::default()).to_string(), damaged().to_string(), "nothing was taken");
    }
}
