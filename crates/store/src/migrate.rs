//! Numbered migrations, one text for both engines.

use crate::engine::error::{Error, Result, Stop};
use crate::engine::tx::Tx;
use crate::engine::work::Work;
use crate::engine::{Engine, Store};
use crate::{args, queries};

/// One step of the schema.
///
/// A line of the text that ends in `-- sqlite` is for SQLite only, one that ends in `-- postgres` for PostgreSQL only.
/// The text must not begin or end a transaction.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Migration {
    /// Its number; numbers ascend.
    pub version: i64,
    /// A short name, kept in the database beside the number.
    pub name: &'static str,
    /// The statements.
    pub text: &'static str,
}

queries! { ALL;
    APPLIED = "SELECT version, name FROM schema_version ORDER BY version";
    APPLY = "INSERT INTO schema_version (version, name) VALUES ($1, $2)";
}

/// Creates the table of what was applied; alone, so that a new database has it before the first migration.
const CREATE: &str = "CREATE TABLE IF NOT EXISTS schema_version (version BIGINT PRIMARY KEY, name TEXT NOT NULL)";

/// One node migrates at a time; the others wait here for their turn, and find the work done. Migrations may take long,
/// and so may the wait.
const LOCK: &str = "SET LOCAL statement_timeout = 0; SELECT pg_advisory_xact_lock(7236833166229501)";

/// Brings the schema to the last of `migrations`.
///
/// Each runs in one transaction together with the row that says so: killed at any point, the next call finishes. Safe
/// to call on several nodes at once, and again when there is nothing to do.
///
/// # Errors
/// [`Error::SchemaNewer`] if the database was migrated by a newer program, [`Error::SchemaDiffers`] if a number stands
/// for another migration there, [`Error::Configuration`] if the numbers do not ascend.
pub async fn migrate(store: &Store, migrations: &[Migration]) -> Result<()> {
    if !migrations.is_sorted_by(|a, b| a.version < b.version) {
        return Err(Error::Configuration("migration numbers do not ascend".to_owned()));
    }
    let applied = store.transact(Applied).await?;
    check(&applied, migrations)?;
    for migration in migrations.iter().filter(|m| applied.iter().all(|(version, _)| *version != m.version)) {
        store.transact(Apply(*migration)).await?;
    }
    Ok(())
}

/// Which of `migrations` are missing, without applying any.
///
/// # Errors
/// As [`migrate`].
pub async fn pending(store: &Store, migrations: &[Migration]) -> Result<Vec<&'static str>> {
    let applied = store.transact(Applied).await?;
    check(&applied, migrations)?;
    let missing = migrations.iter().filter(|m| applied.iter().all(|(version, _)| *version != m.version));
    Ok(missing.map(|m| m.name).collect())
}

/// The versions that were applied, read beside whoever writes.
///
/// # Errors
/// Whatever reading can meet; a store that was never migrated has no table of versions.
pub async fn applied(store: &Store) -> Result<Vec<i64>> {
    Ok(store.read(Versions).await?)
}

/// Compares what is applied with what is known.
fn check(applied: &[(i64, String)], migrations: &[Migration]) -> Result<()> {
    let known = migrations.last().map_or(0, |m| m.version);
    for (version, name) in applied {
        match migrations.iter().find(|m| m.version == *version) {
            Some(m) if m.name == name => {}
            None if *version > known => {
                let found = applied.last().map_or(*version, |(version, _)| *version);
                return Err(Error::SchemaNewer { found, known });
            }
            _ => return Err(Error::SchemaDiffers { version: *version }),
        }
    }
    Ok(())
}

async fn prepare(tx: &mut Tx) -> Result<Vec<(i64, String)>> {
    if tx.engine() == Engine::Postgres {
        tx.script(LOCK).await?;
    }
    tx.script(CREATE).await?;
    tx.all(&APPLIED, args![]).await
}

/// What is applied.
struct Applied;

impl Work for Applied {
    const NAME: &'static str = "migrate.applied";
    type Out = Vec<(i64, String)>;
    type Refusal = std::convert::Infallible;

    async fn run(&self, tx: &mut Tx) -> Result<Self::Out, Stop<Self::Refusal>> {
        Ok(prepare(tx).await?)
    }
}

struct Versions;

impl Work for Versions {
    const NAME: &'static str = "migrate.versions";
    type Out = Vec<i64>;
    type Refusal = std::convert::Infallible;

    async fn run(&self, tx: &mut Tx) -> Result<Self::Out, Stop<Self::Refusal>> {
        let applied: Vec<(i64, String)> = tx.all(&APPLIED, args![]).await?;
        Ok(applied.into_iter().map(|(version, _)| version).collect())
    }
}

/// Applies one migration, unless another node did.
struct Apply(Migration);

impl Work for Apply {
    const NAME: &'static str = "migrate.apply";
    type Out = ();
    type Refusal = std::convert::Infallible;

    async fn run(&self, tx: &mut Tx) -> Result<(), Stop<Self::Refusal>> {
        let Migration { version, name, text } = self.0;
        if prepare(tx).await?.iter().all(|(applied, _)| *applied != version) {
            tx.script(&text_for(tx.engine(), text)).await?;
            tx.put(&APPLY, args![version, name]);
        }
        Ok(())
    }
}

/// The lines that are for `engine`.
fn text_for(engine: Engine, text: &str) -> String {
    let other = match engine {
        Engine::Sqlite => "-- postgres",
        Engine::Postgres => "-- sqlite",
    };
    text.lines().filter(|line| !line.trim_end().ends_with(other)).flat_map(|line| [line, "\n"]).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_of_the_other_engine_are_cut() {
        let text = "CREATE TABLE a (b BIGINT);\nx -- sqlite\ny -- postgres  \nz -- both";
        assert_eq!(text_for(Engine::Sqlite, text), "CREATE TABLE a (b BIGINT);\nx -- sqlite\nz -- both\n");
        assert_eq!(text_for(Engine::Postgres, text), "CREATE TABLE a (b BIGINT);\ny -- postgres  \nz -- both\n");
    }

    #[test]
    fn what_is_applied_is_compared_with_what_is_known() {
        let m = |version, name| Migration { version, name, text: "" };
        let check = |applied: &[(i64, &str)], known: &[Migration]| {
            let applied: Vec<_> = applied.iter().map(|(v, n)| (*v, (*n).to_owned())).collect();
            check(&applied, known)
        };
        let known = [m(1, "a"), m(3, "b")];
        assert_eq!(check(&[], &known), Ok(()));
        assert_eq!(check(&[(1, "a"), (3, "b")], &known), Ok(()));
        assert_eq!(check(&[(1, "a"), (4, "c"), (5, "d")], &known), Err(Error::SchemaNewer { found: 5, known: 3 }));
        assert_eq!(check(&[(1, "x")], &known), Err(Error::SchemaDiffers { version: 1 }));
        assert_eq!(check(&[(2, "a")], &known), Err(Error::SchemaDiffers { version: 2 }));
    }
}
