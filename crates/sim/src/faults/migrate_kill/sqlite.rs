//! Upgrades of a SQLite file.

use super::{Contents, DONE, Options, Summary, fill, migrate_to_first, verified};
use crate::Failure;
use crate::faults::shim::Shim;
use crate::random::Random;
use crate::world::{Kind, Place, Provider, app};
use everline_shim::faults::{Calls, Fault, Instead};
use everline_shim::rewind::Rewound;
use everline_testing::SqliteFile;
use rusqlite::Connection;
use std::path::Path;
use std::process::{Command, Output};

pub(super) async fn run(options: &Options) -> Result<Summary, Failure> {
    let (provider, old) = (Provider::new()?, SqliteFile::new());
    make_old(&old, &provider, options.lines).await?;
    let (from_old, calls) = undisturbed(options, Some(&old))?;
    let (from_nothing, calls_from_nothing) = undisturbed(options, None)?;
    verified(&Place::Sqlite(from_old.path()), &provider).await?;
    let (expected, expected_from_nothing) = (contents(&from_old.path())?, contents(&from_nothing.path())?);
    let mut summary = Summary {
        store: options.store.word(),
        rounds: options.rounds,
        rows: u64::try_from(expected.rows.len()).unwrap_or(u64::MAX),
        hash: expected.hash(),
        usual: format!("{calls} writes and fsyncs; {calls_from_nothing} from nothing"),
        seed: options.seed,
        ..Summary::default()
    };
    let mut random = Random::new(options.seed);
    for round in 1..=options.rounds {
        let (from, calls, expected) = match round % 4 {
            0 => (None, calls_from_nothing, &expected_from_nothing),
            _ => (Some(&old), calls, &expected),
        };
        let scene = Scene::new(options, from)?;
        for _ in 0..=random.below(3) {
            // A tenth of the kills come too late.
            let nth = 1 + random.below(calls + calls / 10);
            let fault = Fault { instead: Instead::Kill, on: false, calls: Calls::All, nth };
            let (output, _) = scene.migrate(Some(fault), &mut random)?;
            summary.kills += 1;
            summary.before_end += u64::from(!done(&output));
            if done(&output) {
                // It said so: neither the kill nor the power cut may take it back.
                contents(&scene.file.path())?.must_equal(expected, round)?;
            } else if output.status.code().is_some() {
                return Err(complaint(round, &output));
            }
        }
        let (output, _) = scene.migrate(None, &mut random)?;
        if !done(&output) {
            return Err(complaint(round, &output));
        }
        contents(&scene.file.path())?.must_equal(expected, round)?;
    }
    Ok(summary)
}

/// A store at the first version, with the rows of one of today.
async fn make_old(old: &SqliteFile, provider: &Provider, lines: u64) -> Result<(), Failure> {
    let new = SqliteFile::new();
    let app = app(Place::Sqlite(new.path()).open().await?, provider.trust())?;
    fill(&app, provider, lines).await?;
    app.store.close().await;
    let store = Place::Sqlite(old.path()).open().await?;
    migrate_to_first(&store).await?;
    store.close().await;
    let c = Connection::open(old.path())?;
    c.execute("ATTACH ? AS new", [new.path().to_string_lossy()])?;
    for table in tables(&c)?.iter().filter(|table| *table != "schema_version") {
        // A later migration adds columns at the end, or renames one in its place.
        let (before, after) = (columns(&c, "main", table)?, columns(&c, "new", table)?);
        let Some(after) = after.get(..before.len()) else {
            return Err(Failure::Unusable(format!("{table} has lost columns: the rows of today do not fit")));
        };
        let (before, after) = (before.join(", "), after.join(", "));
        c.execute_batch(&format!("INSERT INTO main.{table} ({before}) SELECT {after} FROM new.{table}"))?;
    }
    Ok(())
}

fn tables(c: &Connection) -> Result<Vec<String>, Failure> {
    let names = "SELECT name FROM main.sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite_%' ORDER BY name";
    Ok(c.prepare(names)?.query_map([], |row| row.get(0))?.collect::<Result<_, _>>()?)
}

fn columns(c: &Connection, schema: &str, table: &str) -> Result<Vec<String>, Failure> {
    let mut all = c.prepare("SELECT name FROM pragma_table_info(?1, ?2) ORDER BY cid")?;
    Ok(all.query_map([table, schema], |row| row.get(0))?.collect::<Result<_, _>>()?)
}

/// The schema and the rows of a file that nobody has open.
fn contents(path: &Path) -> Result<Contents, Failure> {
    let c = Connection::open(path)?;
    let mut schema = Vec::new();
    let mut texts = c.prepare("SELECT coalesce(sql, name) FROM sqlite_schema")?;
    for text in texts.query_map([], |row| row.get::<_, String>(0))? {
        schema.push(text?);
    }
    let mut rows = Vec::new();
    for table in tables(&c)? {
        let mut all = c.prepare(&format!("SELECT * FROM {table}"))?;
        let columns = all.column_count();
        let mut found = all.query([])?;
        while let Some(row) = found.next()? {
            let cells: Result<Vec<String>, rusqlite::Error> =
                (0..columns).map(|at| row.get_ref(at).map(|cell| format!("{cell:?}"))).collect();
            rows.push(format!("{table}: {}", cells?.join(" ")));
        }
    }
    Ok(Contents::new(schema, rows))
}

/// A copy on a watched disk.
struct Scene<'a> {
    options: &'a Options,
    file: SqliteFile,
}

impl<'a> Scene<'a> {
    fn new(options: &'a Options, from: Option<&SqliteFile>) -> Result<Self, Failure> {
        let file = SqliteFile::new();
        if let Some(from) = from {
            std::fs::copy(from.path(), file.path()).map_err(Failure::io("a copy of the store"))?;
        }
        Ok(Self { options, file })
    }

    /// Migrates in a process of its own, which may be killed; then the power goes.
    fn migrate(&self, fault: Option<Fault>, random: &mut Random) -> Result<(Output, Rewound), Failure> {
        let mut shim = Shim::new(&self.options.program, self.file.dir())?.fast();
        if let Some(fault) = fault {
            shim = shim.failing(fault);
        }
        let mut command = Command::new(&self.options.program);
        command.arg("migrate-child").arg("--sqlite").arg(self.file.path());
        shim.apply(&mut command);
        let output = command.output().map_err(Failure::io("child"))?;
        let rewound = shim.cut(random)?;
        Ok((output, rewound))
    }
}

/// An upgrade that nobody disturbs, and how many writes and fsyncs it takes.
fn undisturbed(options: &Options, from: Option<&SqliteFile>) -> Result<(SqliteFile, u64), Failure> {
    let scene = Scene::new(options, from)?;
    let (output, rewound) = scene.migrate(None, &mut Random::new(options.seed))?;
    debug_assert_eq!(options.store, Kind::Sqlite);
    if done(&output) { Ok((scene.file, rewound.calls)) } else { Err(complaint(0, &output)) }
}

fn done(output: &Output) -> bool {
    output.stdout.starts_with(DONE.as_bytes())
}

fn complaint(round: u64, output: &Output) -> Failure {
    let (status, text) = (output.status, String::from_utf8_lossy(&output.stderr));
    Failure::Broken(format!("upgrade {round} cannot be finished: {status}: {}", text.trim_end()))
}
