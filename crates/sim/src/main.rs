//! The `everline-sim` program.

use clap::{Args, Parser, Subcommand};
use everline_sim::Failure;
use everline_sim::bench::{self, lifecycle};
use everline_sim::crash::{self, Target};
use everline_sim::faults::{clock, commit_cut, failing_io, migrate_kill};
use everline_sim::ground::Wanted;
use everline_sim::world::{Kind, Place};
use everline_store::{SqliteOptions, Synchronous};
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
        #[command(flatten)]
        wanted: Wanted,
        /// How many kills
        #[arg(long, default_value_t = 100)]
        rounds: u64,
        /// Notices under way at once, at least 10
        #[arg(long, default_value_t = 16)]
        in_flight: usize,
        /// What is killed
        #[arg(long, value_enum, default_value = "client")]
        kill: Target,
        /// Acknowledge notices before they are taken, which must end in a loss that is seen
        #[arg(long)]
        acknowledge_early: bool,
        /// Decides when to kill and what to send
        #[arg(long, default_value_t = 1)]
        seed: u64,
    },
    /// Cut the power with each kill: what SQLite did not sync is lost; every acknowledged renewal must survive, once
    PowerCut {
        /// How many cuts
        #[arg(long, default_value_t = 100)]
        rounds: u64,
        /// Notices under way at once, at least 10
        #[arg(long, default_value_t = 16)]
        in_flight: usize,
        /// Whether commits wait for the disk; `off` must end in a loss that is seen
        #[arg(long, value_enum, default_value = "full")]
        synchronous: Durability,
        /// Decides when to cut and what is lost
        #[arg(long, default_value_t = 1)]
        seed: u64,
    },
    /// Let every n-th write and fsync of SQLite fail, once and for good, and the disk be full for a while
    Faults {
        /// Renewals sent to each child: about fourteen writes and fsyncs each
        #[arg(long, default_value_t = 150)]
        renewals: u64,
        /// Only every so manieth of the writes and fsyncs fails
        #[arg(long, default_value_t = 1)]
        stride: u64,
        /// The same for the fsyncs alone, in a sweep of their own
        #[arg(long, default_value_t = 1)]
        sync_stride: u64,
        /// Which one is the first, and what a power cut afterwards loses
        #[arg(long, default_value_t = 1)]
        seed: u64,
    },
    /// Cut the connection to PostgreSQL around a COMMIT, mostly between it and its answer
    CommitCut {
        /// How many cuts
        #[arg(long, default_value_t = 100)]
        rounds: u64,
        /// Decides where each cut is
        #[arg(long, default_value_t = 1)]
        seed: u64,
    },
    /// Kill an upgrade in the middle, again and again; it must end in the rows of one that nobody disturbed
    MigrateKill {
        /// On which store
        #[arg(long, value_enum)]
        store: Kind,
        /// How many upgrades
        #[arg(long, default_value_t = 100)]
        rounds: u64,
        /// Lines in the store
        #[arg(long, default_value_t = 2_000)]
        lines: u64,
        /// Decides when to kill, and what a power cut loses
        #[arg(long, default_value_t = 1)]
        seed: u64,
    },
    /// Let the wall clock jump by a day and ten years, around 29 February and ends of months
    Clock {
        /// Whose preload library moves the clock
        #[arg(long, value_enum, default_value = "ours")]
        library: clock::Library,
    },
    /// Measure throughput and latency beside baselines of the same minute; the last lines are JSON
    #[command(subcommand)]
    Bench(Bench),
    /// The process that lets lines grow older and is killed
    #[command(hide = true)]
    LifecycleChild(Location),
    /// The process whose clock jumps
    #[command(hide = true)]
    ClockChild(Location),
    /// The process that migrates and is killed
    #[command(hide = true)]
    MigrateChild(Location),
    /// The process that is killed
    #[command(hide = true)]
    CrashChild {
        #[command(flatten)]
        location: Location,
        #[command(flatten)]
        tuning: Tuning,
        /// Acknowledge notices before they are taken
        #[arg(long)]
        acknowledge_early: bool,
    },
}

#[derive(Subcommand)]
enum Bench {
    /// The desk's box and timelines, beside a read by primary key
    Desk {
        #[command(flatten)]
        wanted: Wanted,
        /// Lines in the store
        #[arg(long, default_value_t = 1_000_000)]
        lines: u64,
        /// Rows of the ledger, at least
        #[arg(long, default_value_t = 10_000_000)]
        transfers: u64,
        /// Calls of each kind in each round
        #[arg(long, default_value_t = 300)]
        calls: u64,
        /// Rounds
        #[arg(long, default_value_t = 10)]
        rounds: u64,
    },
    /// Rows of `import sims`, beside a bare COPY or a bare insert of the same rows
    Import {
        #[command(flatten)]
        wanted: Wanted,
        /// Rows of the file
        #[arg(long, default_value_t = 1_000_000)]
        rows: u64,
    },
    /// Payment notices verified and kept, beside the verification alone; and receipts as PDF files
    Payments {
        #[command(flatten)]
        wanted: Wanted,
        /// Lines in the store
        #[arg(long, default_value_t = 100_000)]
        lines: u64,
        /// Seconds of each run
        #[arg(long, default_value_t = 10)]
        seconds: u64,
        /// Notices under way at once
        #[arg(long, value_delimiter = ',', default_value = "1,8,64")]
        concurrency: Vec<usize>,
        /// Threads that make receipts at once
        #[arg(long, value_delimiter = ',', default_value = "1,2")]
        receipt_threads: Vec<usize>,
        /// Verify the whole store at the end
        #[arg(long)]
        verify: bool,
    },
    /// Receipts as PDF files, beside the signatures of as many
    Receipts {
        /// Seconds of each run
        #[arg(long, default_value_t = 10)]
        seconds: u64,
        /// Threads that make files at once
        #[arg(long, value_delimiter = ',', default_value = "1,2")]
        concurrency: Vec<usize>,
    },
    /// Pages a second as customers see them, beside a page that needs no store; in a small store and in a large one
    Web {
        #[command(flatten)]
        wanted: Wanted,
        /// Lines in the store, one run for each
        #[arg(long, value_delimiter = ',', default_value = "1000,1000000")]
        lines: Vec<u64>,
        /// Seconds of each page in each round
        #[arg(long, default_value_t = 3)]
        seconds: u64,
        /// Rounds
        #[arg(long, default_value_t = 4)]
        rounds: u64,
        /// Callers at once
        #[arg(long, default_value_t = 8)]
        concurrency: usize,
    },
    /// The reconciliation of a day with one line in a hundred spoilt, beside parsing the bill alone
    Reconcile {
        #[command(flatten)]
        wanted: Wanted,
        /// Lines of the bill
        #[arg(long, default_value_t = 100_000)]
        lines: u64,
        /// Give every line a fee, which is posted
        #[arg(long)]
        fees: bool,
        /// Verify the whole store at the end
        #[arg(long)]
        verify: bool,
    },
    /// Lines through a month end, killed again and again; each transition must happen once
    Lifecycle {
        #[command(flatten)]
        wanted: Wanted,
        /// Lines in the store
        #[arg(long, default_value_t = 1_000_000)]
        lines: u64,
        /// How many kills
        #[arg(long, default_value_t = 20)]
        kills: u64,
        /// Decides when to kill
        #[arg(long, default_value_t = 1)]
        seed: u64,
        /// Verify the whole store at the end
        #[arg(long)]
        verify: bool,
    },
    /// Paid notices to renewals in effect, durable, signatures verified
    Renewals {
        #[command(flatten)]
        wanted: Wanted,
        /// Lines in the store
        #[arg(long, default_value_t = 100_000)]
        lines: u64,
        /// Seconds of each run
        #[arg(long, default_value_t = 10)]
        seconds: u64,
        /// Notices under way at once
        #[arg(long, value_delimiter = ',', default_value = "1,8,64")]
        concurrency: Vec<usize>,
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

impl Location {
    fn place(self) -> Result<Place, Failure> {
        let place = self.sqlite.map(Place::Sqlite).or_else(|| self.postgres.map(Place::Postgres));
        place.ok_or_else(|| Failure::Unusable("no store".to_owned()))
    }
}

/// How a SQLite child runs.
#[derive(Args)]
struct Tuning {
    /// Whether commits wait for the disk
    #[arg(long, value_enum, default_value = "full")]
    synchronous: Durability,
    /// Changed rows after which a background checkpoint starts
    #[arg(long)]
    checkpoint_rows: Option<u64>,
    /// Pages in the log at which the writer checkpoints itself
    #[arg(long)]
    wal_pages: Option<u32>,
}

impl Tuning {
    fn options(&self) -> SqliteOptions {
        let usual = SqliteOptions::default();
        SqliteOptions {
            synchronous: self.synchronous.into(),
            checkpoint_rows: self.checkpoint_rows.unwrap_or(usual.checkpoint_rows),
            wal_pages: self.wal_pages.unwrap_or(usual.wal_pages),
            ..usual
        }
    }
}

/// Whether commits wait for the disk.
#[derive(Clone, Copy, clap::ValueEnum)]
enum Durability {
    Full,
    Off,
}

impl From<Durability> for Synchronous {
    fn from(sync: Durability) -> Self {
        match sync {
            Durability::Full => Synchronous::Full,
            Durability::Off => Synchronous::Off,
        }
    }
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
        Command::Crash { wanted, rounds, in_flight, kill, acknowledge_early: early, seed } => {
            let (program, synchronous) = (program()?, Synchronous::Full);
            let options = crash::Options { wanted, rounds, in_flight, kill, synchronous, early, seed, program };
            println!("{}", crash::run(&options).await?);
            Ok(())
        }
        Command::PowerCut { rounds, in_flight, synchronous, seed } => {
            // Only its disk can be watched.
            let wanted = Wanted::sqlite();
            let (kill, synchronous, early, program) = (Target::Power, synchronous.into(), false, program()?);
            let options = crash::Options { wanted, rounds, in_flight, kill, synchronous, early, seed, program };
            println!("{}", crash::run(&options).await?);
            Ok(())
        }
        Command::Bench(Bench::Receipts { seconds, concurrency }) => {
            for figure in bench::receipts::receipts(&bench::receipts::Options { seconds, concurrency })? {
                println!("{}", serde_json::to_string(&figure).map_err(|error| Failure::Unusable(error.to_string()))?);
            }
            Ok(())
        }
        Command::Bench(Bench::Payments { wanted, lines, seconds, concurrency, receipt_threads, verify }) => {
            let options = bench::payments::Options { wanted, lines, seconds, concurrency, receipt_threads, verify };
            for figure in bench::payments::payments(&options).await? {
                println!("{}", serde_json::to_string(&figure).map_err(|error| Failure::Unusable(error.to_string()))?);
            }
            Ok(())
        }
        Command::Bench(Bench::Web { wanted, lines, seconds, rounds, concurrency }) => {
            let options = bench::web::Options { wanted, lines, seconds, rounds, concurrency };
            let figures = bench::web::web(&options).await?;
            for figure in &figures {
                println!("{}", serde_json::to_string(figure).map_err(|error| Failure::Unusable(error.to_string()))?);
            }
            let dear = bench::web::too_dear(&figures);
            if dear.is_empty() { Ok(()) } else { Err(Failure::Broken(format!("above its limit: {}", dear.join(", ")))) }
        }
        Command::Bench(Bench::Desk { wanted, lines, transfers, calls, rounds }) => {
            let options = bench::desk::Options { wanted, lines, transfers, calls, rounds };
            let figures = bench::desk::desk(&options).await?;
            for figure in &figures {
                println!("{}", serde_json::to_string(figure).map_err(|error| Failure::Unusable(error.to_string()))?);
            }
            let slow = figures.iter().filter(|figure| figure.p99_to_key_permille > bench::desk::LIMIT_PERMILLE);
            let slow: Vec<&str> = slow.map(|figure| figure.call).collect();
            if slow.is_empty() { Ok(()) } else { Err(Failure::Broken(format!("above its limit: {}", slow.join(", ")))) }
        }
        Command::Bench(Bench::Import { wanted, rows }) => {
            let figure = bench::import::import(&bench::import::Options { wanted, rows }).await?;
            println!("{}", serde_json::to_string(&figure).map_err(|error| Failure::Unusable(error.to_string()))?);
            Ok(())
        }
        Command::Bench(Bench::Reconcile { wanted, lines, fees, verify }) => {
            let options = bench::reconcile::Options { wanted, lines, fees, verify };
            let figure = bench::reconcile::reconcile(&options).await?;
            println!("{}", serde_json::to_string(&figure).map_err(|error| Failure::Unusable(error.to_string()))?);
            Ok(())
        }
        Command::Bench(Bench::Lifecycle { wanted, lines, kills, seed, verify }) => {
            let options = lifecycle::Options { wanted, lines, kills, seed, verify, program: program()? };
            let figure = lifecycle::lifecycle(&options).await?;
            println!("{}", serde_json::to_string(&figure).map_err(|error| Failure::Unusable(error.to_string()))?);
            Ok(())
        }
        Command::LifecycleChild(location) => lifecycle::child(&location.place()?).await,
        Command::Bench(Bench::Renewals { wanted, lines, seconds, concurrency, page_size, cache_kib, verify }) => {
            let options = bench::Options { wanted, lines, seconds, concurrency, page_size, cache_kib, verify };
            for figure in bench::renewals(&options).await? {
                let line = serde_json::to_string(&figure).map_err(|error| Failure::Unusable(error.to_string()))?;
                println!("{line}");
            }
            Ok(())
        }
        Command::Faults { renewals, stride, sync_stride, seed } => {
            let options = failing_io::Options { renewals, stride, sync_stride, seed, program: program()? };
            println!("{}", failing_io::run(&options).await?);
            Ok(())
        }
        Command::CommitCut { rounds, seed } => {
            println!("{}", commit_cut::run(&commit_cut::Options { rounds, seed }).await?);
            Ok(())
        }
        Command::MigrateKill { store, rounds, lines, seed } => {
            let options = migrate_kill::Options { store, rounds, lines, seed, program: program()? };
            println!("{}", migrate_kill::run(&options).await?);
            Ok(())
        }
        Command::MigrateChild(location) => migrate_kill::child(&location.place()?).await,
        Command::Clock { library } => {
            println!("{}", clock::run(&program()?, library).await?);
            Ok(())
        }
        Command::ClockChild(location) => clock::child(&location.place()?).await,
        Command::CrashChild { location, tuning, acknowledge_early } => {
            crash::serve(&location.place()?, tuning.options(), acknowledge_early).await
        }
    }
}

/// This program, to run its children.
fn program() -> Result<PathBuf, Failure> {
    std::env::current_exe().map_err(|error| Failure::Unusable(error.to_string()))
}
