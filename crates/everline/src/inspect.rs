//! Commands that look at a store, also while a server has it open: then they read beside it.

use crate::audit;
use crate::config::{self, StoreConfig};
use everline_app::clock::Clock;
use everline_app::secrets::Secrets;
use everline_app::{Problem, set_up, timers, verify};
use everline_core::brand::Brand;
use everline_core::charging::{Allowance, Window};
use everline_core::ids::LineId;
use everline_core::line::Line;
use everline_core::number_plan::NumberOf;
use everline_core::time::{BusinessTime, Zone};
use everline_store::migrate::applied;
use everline_store::tables::line_event::Changed;
use everline_store::tables::{MIGRATIONS, allowance, directory, line, line_event, timer};
use everline_store::{Error as StoreError, PostgresOptions, SqliteOptions, Stop, Store, Tx, Work};
use std::error::Error;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;

/// Where the store is.
#[derive(clap::Args)]
#[group(required = true, multiple = false)]
pub(crate) struct Place {
    /// The SQLite file
    #[arg(long)]
    sqlite: Option<PathBuf>,
    /// The PostgreSQL connection string
    #[arg(long)]
    postgres: Option<String>,
    /// The configuration that names the store
    #[arg(long)]
    config: Option<PathBuf>,
}

/// Opens a store to look at it.
pub(crate) async fn open(place: Place) -> Result<(Store, Brand), Box<dyn Error>> {
    let store = match (place.sqlite, place.postgres, place.config) {
        (Some(path), ..) => open_file(&path, SqliteOptions::default()).await?,
        (None, Some(config), _) => Store::open_postgres(&config, PostgresOptions::default()).await?,
        (None, None, Some(file)) => {
            let StoreConfig { place, sqlite, postgres, .. } = config::load(&file)?.store;
            match place {
                config::Place::Sqlite(path) => open_file(&path, sqlite).await?,
                config::Place::Postgres(config) => Store::open_postgres(config.reveal(), postgres).await?,
            }
        }
        (None, None, None) => return Err("name a store: --sqlite FILE, --postgres CONNECTION or --config FILE".into()),
    };
    let applied = applied(&store).await.map_err(|_| "the store has no schema: it was never set up")?;
    let missing: Vec<&str> =
        MIGRATIONS.iter().filter(|known| !applied.contains(&known.version)).map(|known| known.name).collect();
    if !missing.is_empty() {
        return Err(
            format!("the store lacks the migrations {}: run `everline migrate` first", missing.join(", ")).into()
        );
    }
    let brand = set_up::brand(&store).await?.ok_or("the store holds no brand: it was never set up")?;
    Ok((store, brand))
}

/// Opens a SQLite file to look at it; one that is being served is read beside the server.
pub(crate) async fn open_file(path: &Path, options: SqliteOptions) -> Result<Store, Box<dyn Error>> {
    if !path.exists() {
        return Err(format!("there is no file {}", path.display()).into());
    }
    match Store::open_sqlite(path, options.clone()).await {
        Err(StoreError::InUse) => {
            eprintln!("{} is being served: reading beside the server, as of now", path.display());
            Ok(Store::observe_sqlite(path, options).await?)
        }
        opened => Ok(opened?),
    }
}

/// Checks a store; success only if nothing was found. With a configuration also what is sealed with its key, with a noted end
/// of the audit log also that it is part of the log.
pub(crate) async fn verify(place: Place, audit_head: Option<String>) -> Result<ExitCode, Box<dyn Error>> {
    let audit_head = audit_head.map(|text| audit::noted(&text)).transpose()?;
    let key = place.config.as_deref().map(config::load).transpose()?;
    let key = key.map(|config| config::master_key(&config.master_key)).transpose()?;
    let (store, brand) = open(place).await?;
    let clock = Clock::machine();
    clock.set_business_offset_us(timers::stored_offset_us(&store).await?);
    let (zone, now) = (brand.zone()?, clock.now());
    let known = verify::Known { secrets: key.map(|key| Arc::new(Secrets::new(&key))), audit_head };
    let report = verify::verify_known(&store, &brand, &zone, now, known).await?;
    println!("{report}");
    store.close().await;
    Ok(if report.findings.is_empty() { ExitCode::SUCCESS } else { ExitCode::from(1) })
}

/// Prints a line with everything its allowance holds.
pub(crate) async fn show_line(place: Place, msisdn: String) -> Result<ExitCode, Box<dyn Error>> {
    let (store, brand) = open(place).await?;
    let msisdn = brand.number(&msisdn, NumberOf::Line)?.as_str().to_owned();
    let found = store.read(FindLine { msisdn }).await.map_err(Problem::from)?;
    let Some(found) = found else { return Err("no line has this number".into()) };
    print(&found, &brand.zone()?);
    store.close().await;
    Ok(ExitCode::SUCCESS)
}

struct FindLine {
    msisdn: String,
}
impl Work for FindLine {
    const NAME: &'static str = "show_line";
    type Out = Option<Found>;
    type Refusal = Problem;
    async fn run(&self, tx: &mut Tx) -> Result<Self::Out, Stop<Problem>> {
        let Some((customer, id)) = directory::find(tx, directory::Name::Msisdn, &self.msisdn).await? else {
            return Ok(None);
        };
        let Some(line) = line::get(tx, customer, LineId(id)).await? else { return Ok(None) };
        let allowance = allowance::get(tx, customer, line.id).await?;
        let due = timer::get(tx, line.id.0).await?;
        let changes = line_event::of_line(tx, customer, line.id, 20).await?;
        Ok(Some(Found { line, allowance, due, changes }))
    }
}

/// A line with what belongs to it.
struct Found {
    line: Line,
    allowance: Allowance,
    due: Option<BusinessTime>,
    /// The newest changes of its state, newest first.
    changes: Vec<Changed>,
}

fn print(found: &Found, zone: &Zone) {
    let Found { line, allowance, due, changes } = found;
    let at = |time: BusinessTime| zone.local(time).datetime().to_string();
    let maybe = |time: Option<BusinessTime>| time.map_or_else(|| "–".to_owned(), at);
    println!("line {}  {}  {}", line.id, line.msisdn.as_str(), line.name);
    println!("  customer       {}", line.customer);
    println!("  state          {} since {}", line.state.word(), at(line.state_since));
    println!("  service until  {}", maybe(line.service_until));
    println!("  next due       {}", maybe(*due));
    for period in &allowance.periods {
        let window = match period.window {
            Window::Fixed { starts_at, ends_at } => format!("{} to {}", at(starts_at), at(ends_at)),
            Window::FirstUse { begins_by, .. } => format!("from first use, at the latest {}", at(begins_by)),
        };
        println!("  {:?} {}  {window}  order {}", period.kind, period.offering, period.order);
        println!("    earned {} of {} millionths", period.recognised, period.deferred);
        for bucket in &period.buckets {
            println!("    {:?}: {} of {} left", bucket.unit, bucket.left(), bucket.granted);
        }
    }
    for session in &allowance.sessions {
        println!("  session {}  {:?}  reports up to {}", session.id, session.service, session.sequence);
    }
    for change in changes {
        let who = change.commanded_by.as_ref().map(|by| format!(" by {by}")).unwrap_or_default();
        let why = change.reason.as_ref().map(|reason| format!(": {reason}")).unwrap_or_default();
        println!("  {}  {}, {}{who}{why}", at(change.at), change.state, change.cause);
    }
}
