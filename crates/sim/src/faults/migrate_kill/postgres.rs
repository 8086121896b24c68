//! Upgrades of a PostgreSQL database.

use super::{Contents, DONE, Options, Summary, fill, migrate_to_first, verified};
use crate::Failure;
use crate::random::Random;
use crate::stopwatch::Stopwatch;
use crate::world::{Place, Provider, app};
use everline_testing::{Cluster, Fsync};
use std::io::{BufRead as _, BufReader};
use std::process::{Command, Stdio};
use std::time::Duration;
use tokio_postgres::{Client, NoTls};

pub(super) async fn run(options: &Options) -> Result<Summary, Failure> {
    let cluster =
        Cluster::start(Fsync::Off).ok_or_else(|| Failure::Unusable("no PostgreSQL is installed".to_owned()))?;
    let (keeper, old) = (cluster.database().await, cluster.database().await);
    let provider = Provider::new()?;
    make_old(&old, &provider, options.lines).await?;
    let keeper = connect(&keeper).await?;
    let databases = Databases { keeper, config: old };

    let undisturbed = databases.copy("undisturbed").await?;
    let took_us = migrate(options, &undisturbed, None)?.took_us;
    verified(&Place::Postgres(undisturbed.clone()), &provider).await?;
    let expected = contents(&undisturbed).await?;
    let mut summary = Summary {
        store: options.store.word(),
        rounds: options.rounds,
        rows: u64::try_from(expected.rows.len()).unwrap_or(u64::MAX),
        hash: expected.hash(),
        usual: format!("{} ms", took_us / 1000),
        seed: options.seed,
        ..Summary::default()
    };
    let mut random = Random::new(options.seed);
    for round in 1..=options.rounds {
        let database = databases.copy("upgraded").await?;
        for _ in 0..=random.below(3) {
            let ended = migrate(options, &database, Some(random.below(took_us)))?;
            summary.kills += 1;
            summary.before_end += u64::from(!ended.done);
        }
        if !migrate(options, &database, None)?.done {
            return Err(Failure::Broken(format!("upgrade {round} cannot be finished")));
        }
        contents(&database).await?.must_equal(&expected, round)?;
        databases.drop("upgraded").await?;
    }
    Ok(summary)
}

#[expect(clippy::needless_pass_by_value, reason = "the shape `map_err` wants")]
fn failed(error: tokio_postgres::Error) -> Failure {
    Failure::unusable("PostgreSQL", &error)
}

async fn connect(config: &str) -> Result<Client, Failure> {
    let (client, connection) = tokio_postgres::connect(config, NoTls).await.map_err(failed)?;
    tokio::spawn(connection);
    Ok(client)
}

/// Copies of one database.
struct Databases {
    keeper: Client,
    /// Of the one that is copied.
    config: String,
}

impl Databases {
    async fn copy(&self, name: &str) -> Result<String, Failure> {
        let (place, from) = self.config.rsplit_once('=').ok_or_else(|| Failure::Unusable("no database".to_owned()))?;
        let text = format!("CREATE DATABASE {name} TEMPLATE {from}");
        self.keeper.batch_execute(&text).await.map_err(failed)?;
        Ok(format!("{place}={name}"))
    }

    async fn drop(&self, name: &str) -> Result<(), Failure> {
        self.keeper.batch_execute(&format!("DROP DATABASE {name} WITH (FORCE)")).await.map_err(failed)
    }
}

/// A store at the first version, with the rows of one of today, which is made in a schema of its own beside it.
async fn make_old(config: &str, provider: &Provider, lines: u64) -> Result<(), Failure> {
    let client = connect(config).await?;
    client.batch_execute("CREATE SCHEMA today").await.map_err(failed)?;
    let today = Place::Postgres(format!("{config} options='-c search_path=today'"));
    let app = app(today.open().await?, provider.trust())?;
    fill(&app, provider, lines).await?;
    app.store.close().await;
    let store = Place::Postgres(config.to_owned()).open().await?;
    migrate_to_first(&store).await?;
    store.close().await;
    let tables = strings(&client, "SELECT tablename FROM pg_tables WHERE schemaname = 'public' ORDER BY 1").await?;
    for table in tables.iter().filter(|table| *table != "schema_version") {
        // A later migration adds columns at the end, or renames one in its place.
        let (before, after) = (columns(&client, "public", table).await?, columns(&client, "today", table).await?);
        let Some(after) = after.get(..before.len()) else {
            return Err(Failure::Unusable(format!("{table} has lost columns: the rows of today do not fit")));
        };
        let (before, after) = (before.join(", "), after.join(", "));
        let text = format!("INSERT INTO public.{table} ({before}) SELECT {after} FROM today.{table}");
        client.batch_execute(&text).await.map_err(failed)?;
    }
    client.batch_execute("DROP SCHEMA today CASCADE").await.map_err(failed)?;
    // A database that somebody is connected to cannot be copied.
    let others = "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE datname = current_database() AND \
                  pid <> pg_backend_pid()";
    client.batch_execute(others).await.map_err(failed)
}

async fn columns(client: &Client, schema: &str, table: &str) -> Result<Vec<String>, Failure> {
    let text = format!(
        "SELECT column_name::text FROM information_schema.columns WHERE table_schema = '{schema}' AND table_name = '{table}' \
         ORDER BY ordinal_position"
    );
    strings(client, &text).await
}

async fn strings(client: &Client, text: &str) -> Result<Vec<String>, Failure> {
    let rows = client.query(text, &[]).await.map_err(failed)?;
    rows.iter().map(|row| row.try_get::<_, String>(0).map_err(failed)).collect()
}

/// The schema and the rows.
async fn contents(config: &str) -> Result<Contents, Failure> {
    let client = connect(config).await?;
    let schema = [
        "SELECT format('%s.%s %s %s %s %s', table_name, column_name, ordinal_position, data_type, is_nullable, column_default) \
         FROM information_schema.columns WHERE table_schema = 'public'",
        "SELECT indexdef FROM pg_indexes WHERE schemaname = 'public'",
        "SELECT conrelid::regclass || ' ' || pg_get_constraintdef(oid) FROM pg_constraint \
         WHERE connamespace = 'public'::regnamespace",
    ];
    let mut texts = Vec::new();
    for text in schema {
        texts.extend(strings(&client, text).await?);
    }
    let mut rows = Vec::new();
    for table in strings(&client, "SELECT tablename::text FROM pg_tables WHERE schemaname = 'public'").await? {
        rows.extend(strings(&client, &format!("SELECT '{table}: ' || t::text FROM {table} t")).await?);
    }
    Ok(Contents::new(texts, rows))
}

/// How an upgrade ended.
struct Ended {
    done: bool,
    took_us: u64,
}

/// Migrates in a process of its own, which is killed after some microseconds, or not.
fn migrate(options: &Options, config: &str, kill_after_us: Option<u64>) -> Result<Ended, Failure> {
    let clock = Stopwatch::start();
    let mut command = Command::new(&options.program);
    command.arg("migrate-child").arg("--postgres").arg(config).stdout(Stdio::piped());
    let mut child = command.spawn().map_err(Failure::io("child"))?;
    if let Some(us) = kill_after_us {
        // No message marks this moment: it lies inside of one step of the child.
        std::thread::sleep(Duration::from_micros(us));
        child.kill().map_err(Failure::io("kill"))?;
    }
    let mut said = String::new();
    if let Some(out) = child.stdout.take() {
        BufReader::new(out).read_line(&mut said).map_err(Failure::io("the child"))?;
    }
    let took_us = clock.us();
    child.wait().map_err(Failure::io("wait"))?;
    Ok(Ended { done: said.trim_end() == DONE, took_us })
}
