//! An upgrade is killed in the middle, again and again, and done in the end: the schema and every row must be those of an
//! upgrade that nobody disturbed.
//!
//! A store of today is filled by the use cases; its rows are copied into the schema of the first migration. From there a
//! child migrates to the newest. On SQLite it is killed at a write or fsync drawn from the seed, and the power of its disk
//! goes too; every fourth round begins without a file, so that the making of it is cut short as well. On PostgreSQL it is
//! killed at a moment of the time that the whole takes.

mod postgres;
mod sqlite;

use crate::Failure;
use crate::lines;
use crate::world::{Kind, Place, Provider, app, set_up, take_notice};
use everline_app::App;
use everline_app::verify::verify;
use everline_core::time::SECOND_US;
use everline_store::tables::MIGRATIONS;
use everline_store::{Migration, SqliteOptions, Store, migrate};
use std::fmt;
use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::path::PathBuf;

/// What to run.
#[derive(Debug, Clone)]
pub struct Options {
    /// On which store.
    pub store: Kind,
    /// How many upgrades, each killed once or more.
    pub rounds: u64,
    /// Lines in the store.
    pub lines: u64,
    /// Decides when to kill, and what a power cut loses.
    pub seed: u64,
    /// The program whose `migrate-child` is killed: this one.
    pub program: PathBuf,
}

/// What was done; everything held, or there is none.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Summary {
    store: &'static str,
    rounds: u64,
    kills: u64,
    /// Kills that came before the child was done.
    before_end: u64,
    rows: u64,
    hash: u64,
    /// Of an upgrade that nobody disturbs.
    usual: String,
    seed: u64,
}

impl fmt::Display for Summary {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { store, rounds, kills, before_end, rows, hash, usual, seed } = self;
        let (from, to) = (first().map_or(0, |m| m.version), MIGRATIONS.last().map_or(0, |m| m.version));
        write!(
            f,
            "migrate-kill {store}: {rounds} upgrades from version {from} to {to} ({usual}), {kills} kills, {before_end} of them \
             in the middle; {rows} rows and the schema equal to an undisturbed upgrade (hash {hash:016x}), verify clean, seed \
             {seed}"
        )
    }
}

/// Runs the rounds.
///
/// # Errors
/// [`Failure::Broken`] if an upgrade that was killed cannot be finished or ends in other rows.
pub async fn run(options: &Options) -> Result<Summary, Failure> {
    if options.rounds == 0 {
        return Err(Failure::Unusable("at least one round".to_owned()));
    }
    match options.store {
        Kind::Sqlite => sqlite::run(options).await,
        Kind::Postgres => postgres::run(options).await,
    }
}

/// The child: migrates the store there to the newest version, and says so.
///
/// # Errors
/// Whatever opening and migrating meets.
pub async fn child(place: &Place) -> Result<(), Failure> {
    // Few pages in memory, so that a large migration is on the disk in parts before it commits.
    let options = SqliteOptions { cache_kib: 64, ..SqliteOptions::default() };
    let store = place.open_with(options).await?;
    migrate(&store, MIGRATIONS).await?;
    println!("{DONE}");
    store.close().await;
    Ok(())
}

/// What a child says when everything is applied.
const DONE: &str = "migrated";

fn first() -> Option<&'static Migration> {
    MIGRATIONS.first()
}

/// Brings an empty store to the first version.
async fn migrate_to_first(store: &Store) -> Result<(), Failure> {
    Ok(migrate(store, MIGRATIONS.get(..1).unwrap_or_default()).await?)
}

/// Fills a store of today: lines with an order each, half of them paid.
async fn fill(app: &App, provider: &Provider, count: u64) -> Result<(), Failure> {
    set_up(app).await?;
    let made = lines::make(app, 0, count.max(2), 1).await?;
    let paid_at_s = app.clock.now().system.us() / SECOND_US;
    for awaiting in made.iter().step_by(2) {
        let notice = provider.notice(&awaiting.out_trade_no, awaiting.amount, paid_at_s)?;
        take_notice(app, &notice).await.map_err(|problem| Failure::unusable("a payment", &problem))?;
    }
    Ok(())
}

/// Everything a store holds: its schema and its rows, as sorted text.
struct Contents {
    schema: Vec<String>,
    rows: Vec<String>,
}

impl Contents {
    fn new(mut schema: Vec<String>, mut rows: Vec<String>) -> Self {
        schema.sort_unstable();
        rows.sort_unstable();
        Self { schema, rows }
    }

    fn hash(&self) -> u64 {
        let mut hasher = DefaultHasher::new();
        self.schema.hash(&mut hasher);
        self.rows.hash(&mut hasher);
        hasher.finish()
    }

    /// Compares with an undisturbed upgrade.
    fn must_equal(&self, undisturbed: &Contents, round: u64) -> Result<(), Failure> {
        if self.schema != undisturbed.schema {
            let ours = self.schema.iter().find(|text| !undisturbed.schema.contains(text));
            let theirs = undisturbed.schema.iter().find(|text| !self.schema.contains(text));
            let text = format!("upgrade {round}: another schema: {ours:?} where there should be {theirs:?}");
            return Err(Failure::Broken(text));
        }
        if self.rows != undisturbed.rows {
            let (found, expected) = (self.rows.len(), undisturbed.rows.len());
            return Err(Failure::Broken(format!("upgrade {round}: other rows: {found}, not the {expected} expected")));
        }
        Ok(())
    }
}

async fn verified(place: &Place, provider: &Provider) -> Result<(), Failure> {
    let app = app(place.open().await?, provider.trust())?;
    let report = verify(&app.store, &app.brand, &app.zone, app.clock.now()).await?;
    app.store.close().await;
    if report.clean() { Ok(()) } else { Err(Failure::Broken(format!("verify after an upgrade: {report}"))) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn contents_differ_by_any_row_and_any_table() {
        let of = |schema: &[&str], rows: &[&str]| {
            let text = |all: &[&str]| all.iter().map(ToString::to_string).collect();
            Contents::new(text(schema), text(rows))
        };
        let one = of(&["a", "b"], &["1", "2"]);
        assert!(of(&["b", "a"], &["2", "1"]).must_equal(&one, 1).is_ok());
        assert_eq!(of(&["b", "a"], &["2", "1"]).hash(), one.hash());
        for other in [of(&["a"], &["1", "2"]), of(&["a", "b"], &["1"]), of(&["a", "b"], &["1", "3"])] {
            assert!(matches!(other.must_equal(&one, 1), Err(Failure::Broken(_))));
            assert_ne!(other.hash(), one.hash());
        }
    }
}
