//! How many rows a second `import sims` loads, judged, sealed and durable, beside what the database takes of the same rows
//! without a question: COPY on PostgreSQL, a prepared insert in groups of the same size on SQLite. Both write into a table
//! with the same columns and indexes, one after the other.

use super::load::Spent;
use super::pgbench::programs;
use super::report::{Figure, Measured, Rate};
use super::{load_average, per_second};
use crate::Failure;
use crate::ground::{Ground, Wanted};
use crate::stopwatch::Stopwatch;
use crate::world::{Place, Provider, app, set_up};
use everline_app::App;
use everline_app::import::{self, Contents, Importer, Listener, Options as ImportOptions, Progress, RowFault, Step};
use everline_store::SqliteOptions;
use everline_testing::Fsync;
use rusqlite::types::Value;
use rusqlite::{Connection, params_from_iter};
use std::fs::File;
use std::io::{BufWriter, Write as _};
use std::path::Path;
use std::process::{Command, Stdio};

/// What to measure.
#[derive(Debug, Clone)]
pub struct Options {
    /// On which store.
    pub wanted: Wanted,
    /// Rows of the file.
    pub rows: u64,
}

/// Rows in one transaction, of the import and of the plain insert.
const GROUP: usize = 500;
/// Rows held in memory between reading and inserting them plainly.
const AT_ONCE: usize = 20_000;

/// Measures, telling people how far it is; the figure comes back.
///
/// # Errors
/// Whatever keeps it from measuring; [`Failure::Broken`] if not every row is there, or the same file again changes anything.
pub async fn import(options: &Options) -> Result<Figure, Failure> {
    let ground = Ground::new(&options.wanted, Fsync::On).await?;
    let (place, folder) = (&ground.place, ground.folder());
    let file = folder.join("sims.csv");
    write_file(&file, options.rows).map_err(Failure::io("the file of rows"))?;
    let app = app(place.open().await?, Provider::new()?.trust())?;
    set_up(&app).await?;
    let load_before = load_average();
    let (ours, spent) = load(&app, &file, options.rows, (options.rows, 0)).await?;
    let (again, _) = load(&app, &file, options.rows, (0, options.rows)).await?;
    app.store.close().await;
    let (name, base) = match place {
        Place::Sqlite(store) => ("insert", insert(store, &folder.join("plain.sqlite"))?),
        Place::Postgres(config) => ("copy", copy(config, &folder.join("rows"))?),
    };
    println!(
        "{} rows: import {}/s, the same file again {}/s, {name} {}/s; load average {load_before} before, {} after; most memory {} MiB",
        options.rows,
        per_second(ours),
        per_second(again),
        per_second(base),
        load_average(),
        memory_most_kib() / 1_024
    );
    let of = Measured { concurrency: 1, peak: ours, cpu_us: spent.cpu_us, p99_us: 0 };
    Ok(Figure::new("import sims", options.wanted.store.word(), of, name, base))
}

/// Cards with every secret, as an operator gets them from the maker.
fn write_file(file: &Path, rows: u64) -> std::io::Result<()> {
    let mut out = BufWriter::new(File::create(file)?);
    out.write_all(b"iccid,imsi,msisdn,kind,pin1,puk1,pin2,puk2,registration_code,batch\n")?;
    for n in 0..rows {
        let (pin, puk) = (n * 7_919 % 10_000, n * 7_919_003 % 100_000_000);
        writeln!(
            out,
            "8986042{n:012}7,46004{n:010},1440{n:09},physical,{pin:04},{puk:08},{pin:04},{:08},R{n:09},bench",
            99_999_999 - puk
        )?;
    }
    out.flush()
}

/// Rows that were loaded, in the time from the first.
async fn load(app: &App, file: &Path, rows: u64, expected: (u64, u64)) -> Result<(Rate, Spent), Failure> {
    let importer = Importer {
        store: app.store.clone(),
        brand: app.brand.clone(),
        zone: app.zone.clone(),
        clock: app.clock.clone(),
        secrets: app.secrets.clone(),
    };
    let mut reader = File::open(file).map_err(Failure::io("the file of rows"))?;
    let mut steps = Steps { clock: Stopwatch::start(), checked_us: 0 };
    let before = Spent::now()?;
    let options = ImportOptions { rows_per_work: GROUP, ..ImportOptions::default() };
    let summary = import::load(&importer, Contents::Sims, (&mut reader, "sims.csv"), options, &mut steps).await;
    let summary = summary.map_err(|error| Failure::unusable("the import", &error))?;
    let us = steps.clock.us();
    println!("checking {} ms, loading {} ms", steps.checked_us / 1_000, us.saturating_sub(steps.checked_us) / 1_000);
    if (summary.added, summary.already_there) != expected {
        return Err(Failure::Broken(format!("{} added and {} there of {rows}", summary.added, summary.already_there)));
    }
    Ok((Rate { count: rows, us }, Spent::now()?.since(before)))
}

/// When checking ended.
struct Steps {
    clock: Stopwatch,
    checked_us: u64,
}
impl Listener for Steps {
    fn progress(&mut self, progress: Progress) {
        if progress.step == Step::Checking {
            self.checked_us = self.clock.us();
        }
    }
    fn refused(&mut self, fault: &RowFault) -> std::io::Result<()> {
        Err(std::io::Error::other(format!("line {}: {}", fault.line, fault.fault.reason)))
    }
}

/// The same rows into a new file with the same table, by prepared inserts; only those are timed.
fn insert(store: &Path, plain: &Path) -> Result<Rate, Failure> {
    let from = Connection::open(store)?;
    let to = Connection::open(plain)?;
    let options = SqliteOptions::default();
    to.execute_batch(&format!(
        "PRAGMA page_size = {}; PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA cache_size = -{};
         PRAGMA temp_store = MEMORY; PRAGMA mmap_size = 0; PRAGMA wal_autocheckpoint = {};",
        options.page_size, options.cache_kib, options.wal_pages
    ))?;
    let mut tables = from.prepare("SELECT sql FROM sqlite_master WHERE tbl_name = 'sim' AND sql IS NOT NULL")?;
    let texts = tables.query_map([], |row| row.get::<_, String>(0))?;
    for text in texts {
        to.execute_batch(&text?)?;
    }
    let mut select = from.prepare("SELECT * FROM sim")?;
    let columns = select.column_count();
    let places: Vec<String> = (1..=columns).map(|n| format!("?{n}")).collect();
    let mut insert = to.prepare(&format!("INSERT INTO sim VALUES ({})", places.join(", ")))?;
    let (mut rows, mut rate) = (select.query([])?, Rate { count: 0, us: 0 });
    loop {
        let mut held: Vec<Vec<Value>> = Vec::with_capacity(AT_ONCE);
        while held.len() < AT_ONCE
            && let Some(row) = rows.next()?
        {
            held.push((0..columns).map(|column| row.get(column)).collect::<Result<_, _>>()?);
        }
        if held.is_empty() {
            return Ok(rate);
        }
        let clock = Stopwatch::start();
        for group in held.chunks(GROUP) {
            to.execute_batch("BEGIN IMMEDIATE")?;
            for row in group {
                insert.execute(params_from_iter(row))?;
                rate.count += 1;
            }
            to.execute_batch("COMMIT")?;
        }
        rate.us += clock.us();
    }
}

/// The same rows into a new table with the same columns and indexes, by COPY; only that is timed.
fn copy(config: &str, file: &Path) -> Result<Rate, Failure> {
    let quoted = file.display().to_string().replace('\'', "''");
    let psql = |text: &str| -> Result<String, Failure> {
        let mut psql = Command::new(programs()?.join("psql"));
        psql.args(["--quiet", "--no-psqlrc", "--tuples-only", "--no-align", "--set=ON_ERROR_STOP=1", "--command"]);
        let out = psql.arg(text).arg(config).stdin(Stdio::null()).output().map_err(Failure::io("psql"))?;
        let told = String::from_utf8_lossy(&out.stdout).trim().to_owned();
        if out.status.success() { Ok(told) } else { Err(Failure::Unusable(format!("psql cannot {text}"))) }
    };
    psql("CREATE TABLE plain (LIKE sim INCLUDING ALL)")?;
    psql(&format!("\\copy sim TO '{quoted}'"))?;
    let clock = Stopwatch::start();
    psql(&format!("\\copy plain FROM '{quoted}'"))?;
    let us = clock.us();
    let count = psql("SELECT COUNT(*) FROM plain")?;
    Ok(Rate { count: count.parse().map_err(|error| Failure::unusable("a count", &error))?, us })
}

/// The most memory that this process ever held.
fn memory_most_kib() -> u64 {
    let text = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = text.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    line.and_then(|line| line.split_whitespace().next()?.parse().ok()).unwrap_or(0)
}
