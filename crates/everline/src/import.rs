//! Loading stock, activation codes, the catalogue and lines from files, and writing them to files.

use crate::config::{self, Secret, StoreConfig};
use crate::inspect;
use everline_app::clock::Clock;
use everline_app::export;
use everline_app::import::text::inert;
use everline_app::import::{
    self, Contents, Importer, Listener, Options, Outcome, Progress, RowFault, Step, Summary, offerings,
};
use everline_app::secrets::Secrets;
use everline_app::{set_up, timers};
use everline_store::migrate::applied;
use everline_store::tables::MIGRATIONS;
use everline_store::{PostgresOptions, SqliteOptions, Store};
use indicatif::{ProgressBar, ProgressStyle};
use std::error::Error;
use std::fs::{File, OpenOptions};
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;

/// What can be loaded.
#[derive(clap::Subcommand)]
pub(crate) enum ImportCommand {
    /// Cards and profiles for the stock, with their secrets (CSV)
    Sims(FromFile),
    /// Activation codes of eSIM profiles (CSV)
    ActivationCodes(FromFile),
    /// The catalogue (TOML)
    Offerings(FromFile),
    /// Customers, lines and running plans of a business that moves in (CSV); load Sims and offerings first
    Lines(FromFile),
    /// Lines of the bank's statement (CSV): transfers are matched by the reference in their remark; works beside a server
    Statement(crate::statement::FromBank),
}

/// What can be written.
#[derive(clap::Subcommand)]
pub(crate) enum ExportCommand {
    /// Cards and profiles
    Sims(ToFile),
    /// Activation codes: secrets as a whole, so only --with-secrets
    ActivationCodes(ToFile),
    /// The catalogue
    Offerings(ToFile),
    /// Customers, lines and running plans
    Lines(ToFile),
}

/// A file to read.
#[derive(clap::Args)]
pub(crate) struct FromFile {
    #[command(flatten)]
    target: Target,
    /// The file; refused rows are written beside it, to FILE.errors.csv
    file: PathBuf,
    /// Judge everything and write nothing to the store
    #[arg(long)]
    dry_run: bool,
}

/// A file to write.
#[derive(clap::Args)]
pub(crate) struct ToFile {
    #[command(flatten)]
    target: Target,
    /// A file that does not exist yet
    file: PathBuf,
    /// Write PINs, PUKs, registration codes and activation codes in the clear
    #[arg(long)]
    with_secrets: bool,
}

/// Which store, and the key that seals its secrets.
#[derive(clap::Args)]
#[group(required = true, multiple = true)]
pub(crate) struct Target {
    /// The configuration, which names both
    #[arg(long, conflicts_with_all = ["sqlite", "postgres", "key"])]
    config: Option<PathBuf>,
    /// The SQLite file
    #[arg(long, conflicts_with = "postgres", requires = "key")]
    sqlite: Option<PathBuf>,
    /// The PostgreSQL connection string
    #[arg(long, requires = "key")]
    postgres: Option<String>,
    /// A file with the master key: 64 hexadecimal digits
    #[arg(long)]
    key: Option<PathBuf>,
}

/// Opens the store: to write, or only to look, which also works beside a server that has it.
async fn open(target: Target, looks: bool) -> Result<Importer, Box<dyn Error>> {
    let Target { config, sqlite, postgres, key } = target;
    let (store, key) = match (config, sqlite, postgres, key) {
        (Some(file), ..) => {
            let config = config::load(&file)?;
            let StoreConfig { place, sqlite, postgres, .. } = config.store;
            let store = match place {
                config::Place::Sqlite(path) => open_file(&path, sqlite, looks).await?,
                config::Place::Postgres(server) => Store::open_postgres(server.reveal(), postgres).await?,
            };
            (store, config.master_key)
        }
        (None, Some(path), _, Some(key)) => {
            (open_file(&path, SqliteOptions::default(), looks).await?, Secret::from_file(&key)?)
        }
        (None, None, Some(server), Some(key)) => {
            (Store::open_postgres(&server, PostgresOptions::default()).await?, Secret::from_file(&key)?)
        }
        _ => {
            return Err("name a store: --config FILE, or --sqlite FILE or --postgres CONNECTION with --key FILE".into());
        }
    };
    let key = config::master_key(&key)?;
    let there = applied(&store).await.map_err(|_| "the store has no schema: it was never set up")?;
    if let Some(missing) = MIGRATIONS.iter().find(|known| !there.contains(&known.version)) {
        return Err(format!("the store lacks the migration {}: run `everline migrate` first", missing.name).into());
    }
    let brand = set_up::brand(&store).await?.ok_or("the store holds no brand: it was never set up")?;
    let clock = Clock::machine();
    clock.set_business_offset_us(timers::stored_offset_us(&store).await?);
    Ok(Importer {
        zone: brand.zone()?,
        brand: Arc::new(brand),
        clock: Arc::new(clock),
        secrets: Arc::new(Secrets::new(&key)),
        store,
    })
}

async fn open_file(path: &Path, options: SqliteOptions, looks: bool) -> Result<Store, Box<dyn Error>> {
    if looks {
        return inspect::open_file(path, options).await;
    }
    if !path.exists() {
        return Err(format!("there is no file {}", path.display()).into());
    }
    match Store::open_sqlite(path, options).await {
        Err(everline_store::Error::InUse) => {
            Err(format!("{} is being served: stop the server for the import, or use PostgreSQL", path.display()).into())
        }
        opened => Ok(opened?),
    }
}

/// Loads a file. Success only if no row is refused.
pub(crate) async fn run_import(command: ImportCommand) -> Result<ExitCode, Box<dyn Error>> {
    let (contents, from) = match command {
        ImportCommand::Statement(from) => return crate::statement::import(from).await,
        ImportCommand::Offerings(from) => return import_offerings(from).await,
        ImportCommand::Sims(from) => (Contents::Sims, from),
        ImportCommand::ActivationCodes(from) => (Contents::ActivationCodes, from),
        ImportCommand::Lines(from) => (Contents::Lines, from),
    };
    let (path, dry_run) = (from.file.clone(), from.dry_run);
    let mut file = File::open(&path).map_err(|error| format!("{}: {error}", path.display()))?;
    let name = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    let mut told = Told::new(&path, file.metadata()?.len());
    let options = Options { dry_run, ..Options::default() };
    let importer = open(from.target, dry_run).await?;
    let done = import::load(&importer, contents, (&mut file, &name), options, &mut told).await;
    importer.store.close().await;
    told.end()?;
    let summary = done?;
    report(&summary, dry_run, &told);
    Ok(if summary.refused == 0 { ExitCode::SUCCESS } else { ExitCode::from(1) })
}

async fn import_offerings(from: FromFile) -> Result<ExitCode, Box<dyn Error>> {
    let text = std::fs::read_to_string(&from.file).map_err(|error| format!("{}: {error}", from.file.display()))?;
    let importer = open(from.target, from.dry_run).await?;
    let changes = offerings::import(&importer, &text, from.dry_run).await;
    importer.store.close().await;
    changes?.iter().for_each(|change| println!("{change}"));
    if from.dry_run {
        println!("nothing was written: this was a dry run");
    }
    Ok(ExitCode::SUCCESS)
}

fn report(summary: &Summary, dry_run: bool, told: &Told) {
    let Summary { rows, added, already_there, refused, held_back, batches, warnings } = summary;
    let would = if dry_run { "would be added" } else { "added" };
    println!(
        "{rows} rows: {added} {would}, {already_there} already there, {refused} refused, {held_back} held back with them"
    );
    for batch in batches.iter().filter(|batch| !matches!(batch.outcome, Outcome::AlreadyThere)).take(SHOWN) {
        let outcome = match batch.outcome {
            Outcome::Complete => "complete",
            Outcome::AlreadyThere => "already there",
            Outcome::Refused => "refused: a row of it is, so nothing of it was added",
            Outcome::WouldLoad => "would be loaded",
            Outcome::HalfWay => "half way: run the import again with the file with which it began",
        };
        println!("  batch {:?}, {} rows: {outcome}", batch.name, batch.rows);
    }
    warnings.iter().for_each(|warning| println!("look at this: {warning}"));
    if told.faults > 0 {
        println!("{} faults in {}", told.faults, told.errors.display());
    }
}

/// Faults and batches shown; the file has all.
const SHOWN: usize = 20;

/// Shows progress on a terminal, and writes refused rows beside the file.
struct Told {
    bar: ProgressBar,
    step: Option<Step>,
    errors: PathBuf,
    out: Option<BufWriter<File>>,
    faults: usize,
}
impl Told {
    fn new(path: &Path, bytes: u64) -> Self {
        let mut errors = path.as_os_str().to_owned();
        errors.push(".errors.csv");
        // Draws nothing where standard error is no terminal.
        let bar = ProgressBar::new(bytes);
        let style = ProgressStyle::with_template("{msg:9} {bar:30} {percent:>3} % {elapsed} {eta}");
        bar.set_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()));
        Self { bar, step: None, errors: errors.into(), out: None, faults: 0 }
    }
    fn end(&mut self) -> io::Result<()> {
        self.bar.finish_and_clear();
        match &mut self.out {
            Some(out) => out.flush(),
            // What an earlier run wrote there is not true any more.
            None if self.errors.exists() => std::fs::remove_file(&self.errors),
            None => Ok(()),
        }
    }
}
impl Listener for Told {
    fn progress(&mut self, progress: Progress) {
        if self.step != Some(progress.step) {
            self.step = Some(progress.step);
            self.bar.reset();
            self.bar.set_message(match progress.step {
                Step::Checking => "checking",
                Step::Loading => "loading",
                Step::Applying => "making",
            });
        }
        self.bar.set_position(progress.bytes);
    }
    fn refused(&mut self, refused: &RowFault) -> io::Result<()> {
        let RowFault { line, batch, fault } = refused;
        self.faults += 1;
        if self.faults <= SHOWN {
            self.bar.suspend(|| eprintln!("line {line}, {}: {}; {}", fault.field, fault.reason, fault.remedy));
        }
        let out = match &mut self.out {
            Some(out) => out,
            None => {
                let mut out = BufWriter::new(File::create(&self.errors)?);
                out.write_all("\u{feff}line,batch,field,reason,remedy\n".as_bytes())?;
                self.out.insert(out)
            }
        };
        let mut row = line.to_string();
        for cell in [batch.as_deref().unwrap_or_default(), fault.field, &fault.reason, &fault.remedy] {
            row.push(',');
            inert(cell, ',', &mut row);
        }
        row.push('\n');
        out.write_all(row.as_bytes())
    }
}

/// Writes a file that does not exist yet, for its owner alone.
pub(crate) async fn run_export(command: ExportCommand) -> Result<ExitCode, Box<dyn Error>> {
    let what = match &command {
        ExportCommand::Sims(_) => What::Sims,
        ExportCommand::ActivationCodes(_) => What::ActivationCodes,
        ExportCommand::Offerings(_) => What::Offerings,
        ExportCommand::Lines(_) => What::Lines,
    };
    let (ExportCommand::Sims(to)
    | ExportCommand::ActivationCodes(to)
    | ExportCommand::Offerings(to)
    | ExportCommand::Lines(to)) = command;
    if matches!(what, What::ActivationCodes) && !to.with_secrets {
        return Err("whoever reads an activation code can take the profile: say --with-secrets".into());
    }
    let (importer, path) = (open(to.target, true).await?, to.file);
    let file = private(&path).map_err(|error| format!("{}: {error}", path.display()))?;
    let mut out = BufWriter::new(file);
    let written = match what {
        What::Sims => export::sims(&importer, &mut out, to.with_secrets).await,
        What::ActivationCodes => export::activation_codes(&importer, &mut out).await,
        What::Offerings => export::offerings(&importer, &mut out).await,
        What::Lines => export::lines(&importer, &mut out).await,
    };
    importer.store.close().await;
    let rows = match written {
        Ok(rows) => rows,
        Err(error) => {
            // Half a file looks like a whole one.
            let _ = std::fs::remove_file(&path);
            return Err(error.into());
        }
    };
    out.into_inner().map_err(io::IntoInnerError::into_error)?.sync_all()?;
    println!("{rows} rows in {}", path.display());
    Ok(ExitCode::SUCCESS)
}

enum What {
    Sims,
    ActivationCodes,
    Offerings,
    Lines,
}

/// A new file that its owner alone reads.
pub(crate) fn private(path: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)
}
