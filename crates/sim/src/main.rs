//! The `everline-sim` program.

use clap::{Args, Parser, Subcommand};
use everline_sim::Failure;
use everline_sim::bench;
use everline_sim::crash::{self, Target};
use everline_sim::world::{Kind, Place};
use std::path::PathBuf;
use std::process::ExitCode;

/// Runs Everline under load and under fire
#[derive(Parser)]
#[command(name = "everline-sim", version)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Kill the process that takes payment notices, again and again; every acknowledged renewal must survive, once
    Crash {
        /// On which store
        #[arg(long, value_enum)]
        store: Kind,
        /// How many kills
        #[arg(long, default_value_t = 100)]
        rounds: u64,
        /// Notices under way at once, at least 10
        #[arg(long, default_value_t = 16)]
        in_flight: usize,
        /// An empty PostgreSQL database; without it, a throw-away server is started
        #[arg(long)]
        postgres: Option<String>,
        /// What is killed
        #[arg(long, value_enum, default_value = "client")]
        kill: Target,
        /// Decides when to kill and what to send
        #[arg(long, default_value_t = 1)]
        seed: u64,
    },
    /// Measure throughput and latency beside baselines of the same minute; the last lines are JSON
    #[command(subcommand)]
    Bench(Bench),
    /// The process that is killed
    #[command(hide = true)]
    CrashChild(Location),
}

#[derive(Subcommand)]
enum Bench {
    /// Paid notices to renewals in effect, durable, signatures verified
    Renewals {
        /// On which store
        #[arg(long, value_enum)]
        store: Kind,
        /// Lines in the store
        #[arg(long, default_value_t = 100_000)]
        lines: u64,
        /// Seconds of each run
        #[arg(long, default_value_t = 10)]
        seconds: u64,
        /// Notices under way at once
        #[arg(long, value_delimiter = ',', default_value = "1,8,64")]
        concurrency: Vec<usize>,
        /// An empty PostgreSQL database; without it, a throw-away server is started
        #[arg(long)]
        postgres: Option<String>,
        /// A folder on the disk to measure
        #[arg(long)]
        data: Option<PathBuf>,
        /// Bytes per page of a SQLite file
        #[arg(long)]
        page_size: Option<u32>,
        /// Page cache of each SQLite connection, in KiB
        #[arg(long)]
        cache_kib: Option<u32>,
        /// Verify the whole store at the end
        #[arg(long)]
        verify: bool,
    },
}

#[derive(Args)]
#[group(required = true, multiple = false)]
struct Location {
    /// The SQLite file
    #[arg(long)]
    sqlite: Option<PathBuf>,
    /// The PostgreSQL connection string
    #[arg(long)]
    postgres: Option<String>,
}

fn main() -> ExitCode {
    let runtime = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => {
            eprintln!("everline-sim: {error}");
            return ExitCode::from(2);
        }
    };
    let ended = runtime.block_on(run(Cli::parse().command));
    // What still runs is of no interest any more.
    runtime.shutdown_background();
    match ended {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            eprintln!("everline-sim: {failure}");
            ExitCode::from(if matches!(failure, Failure::Broken(_)) { 1 } else { 2 })
        }
    }
}

async fn run(command: Command) -> Result<(), Failure> {
    match command {
        Command::Crash { store, rounds, in_flight, postgres, kill, seed } => {
            let program = std::env::current_exe().map_err(|error| Failure::Unusable(error.to_string()))?;
            let options = crash::Options { store, postgres, rounds, in_flight, kill, seed, program };
            println!("{}", crash::run(&options).await?);
            Ok(())
        }
        Command::Bench(Bench::Renewals {
            store,
            lines,
            seconds,
            concurrency,
            postgres,
            data,
            page_size,
            cache_kib,
            verify,
        }) => {
            let options =
                bench::Options { store, postgres, data, lines, seconds, concurrency, page_size, cache_kib, verify };
            for figure in bench::renewals(&options).await? {
                let line = serde_json::to_string(&figure).map_err(|error| Failure::Unusable(error.to_string()))?;
                println!("{line}");
            }
            Ok(())
        }
        Command::CrashChild(Location { sqlite, postgres }) => {
            let place = sqlite.map(Place::Sqlite).or_else(|| postgres.map(Place::Postgres));
            let place = place.ok_or_else(|| Failure::Unusable("no store".to_owned()))?;
            crash::serve(&place).await
        }
    }
}
