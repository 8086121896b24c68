//! One concrete transaction over both engines.

use crate::engine::Engine;
use crate::engine::error::{self, Error, Result};
use crate::engine::postgres::tx::PgTx;
use crate::engine::query::{Asked, Query, Together};
use crate::engine::row::{FromRow, Row, Source, each_sqlite};
use crate::engine::sql::Sql;
use crate::engine::value::Value;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

/// A statement with its parameters.
pub(crate) type Write = (&'static Sql, Vec<Value>);

/// A transaction, as a [`Work`](crate::Work) sees it.
///
/// The first error ends it: every later call answers [`Error::Poisoned`], and the Work's outcome is replaced by that
/// first error, whatever the Work makes of it. ([`Error::NotFound`] is an answer, not an error of the database, and
/// ends nothing.)
pub struct Tx {
    pub(crate) driver: Driver,
    /// Writes that have not left yet.
    pub(crate) pending: Vec<Write>,
    /// The first error.
    pub(crate) failed: Option<Error>,
    /// A call to the database is under way. Still set at the next call, it says that a call was abandoned half way.
    under_way: bool,
    /// Set whenever a call of ours has to wait: anything else that waits is refused.
    pub(crate) waits: Arc<AtomicBool>,
    read_only: bool,
}

pub(crate) enum Driver {
    Sqlite(rusqlite::Connection),
    Postgres(PgTx),
}

impl Tx {
    pub(crate) fn new(driver: Driver, read_only: bool) -> Self {
        let waits = match &driver {
            Driver::Sqlite(_) => Arc::default(),
            Driver::Postgres(tx) => tx.waits.clone(),
        };
        Self { driver, pending: Vec::new(), failed: None, under_way: false, waits, read_only }
    }

    /// Which engine runs it, for the few statements that differ.
    #[must_use]
    pub fn engine(&self) -> Engine {
        match self.driver {
            Driver::Sqlite(_) => Engine::Sqlite,
            Driver::Postgres(_) => Engine::Postgres,
        }
    }

    /// A write whose row count nobody needs; its error fails the Work. It leaves with the next call or with the COMMIT
    /// (in one round trip on PostgreSQL), in order. A compare-and-set is never `put`: see [`exec_one`](Self::exec_one).
    pub fn put(&mut self, sql: &'static Sql, args: Vec<Value>) {
        if self.read_only {
            self.failed.get_or_insert(Error::ReadOnly);
        }
        self.pending.push((sql, args));
    }

    /// A write whose row count matters; returns the number of rows it changed.
    ///
    /// # Errors
    /// What the database says to it, or to an earlier [`put`](Self::put).
    pub async fn exec(&mut self, sql: &'static Sql, args: Vec<Value>) -> Result<u64> {
        self.put(sql, args);
        Ok(self.send().await?.pop().unwrap_or(0))
    }

    /// A compare-and-set: whether the one row it names was changed.
    ///
    /// # Errors
    /// [`Error::TooManyRows`] if it changed more than one row; otherwise as [`exec`](Self::exec).
    pub async fn exec_one(&mut self, sql: &'static Sql, args: Vec<Value>) -> Result<bool> {
        match self.exec(sql, args).await? {
            0 => Ok(false),
            1 => Ok(true),
            rows => self.fail(Error::TooManyRows { rows }),
        }
    }

    /// All rows of a query.
    ///
    /// # Errors
    /// What the database says to it, or to an earlier [`put`](Self::put); [`Error::Decode`].
    pub async fn all<T: FromRow + Send>(&mut self, sql: &'static Sql, args: Vec<Value>) -> Result<Vec<T>> {
        self.together(Query::new(sql, args)).await
    }

    /// The rows of several queries, in one round trip on PostgreSQL: for pages that are made of many answers. In a Work that
    /// writes, each of them sees what was committed when it ran, as if they were asked one after the other.
    ///
    /// # Errors
    /// As [`all`](Self::all); the first error of any of them.
    pub async fn together<Q: Together>(&mut self, mut queries: Q) -> Result<Q::Out> {
        self.answer(queries.asked()).await?;
        Ok(queries.rows())
    }

    /// The one row of a query, if there is one.
    ///
    /// # Errors
    /// [`Error::TooManyRows`] if there are more; otherwise as [`all`](Self::all).
    pub async fn maybe<T: FromRow + Send>(&mut self, sql: &'static Sql, args: Vec<Value>) -> Result<Option<T>> {
        let mut rows = self.all(sql, args).await?;
        match rows.len() {
            0 | 1 => Ok(rows.pop()),
            more => self.fail(Error::TooManyRows { rows: more.try_into().unwrap_or(u64::MAX) }),
        }
    }

    /// The one row of a query; `what` is the word for it if it is missing.
    ///
    /// # Errors
    /// [`Error::NotFound`], which does not end the transaction; otherwise as [`maybe`](Self::maybe).
    pub async fn one<T: FromRow + Send>(
        &mut self,
        what: &'static str,
        sql: &'static Sql,
        args: Vec<Value>,
    ) -> Result<T> {
        self.maybe(sql, args).await?.ok_or(Error::NotFound { what })
    }

    /// Sends what was [`put`](Self::put), to see its errors now.
    ///
    /// # Errors
    /// What the database says to it.
    pub async fn flush(&mut self) -> Result<()> {
        self.send().await.map(drop)
    }

    /// The first error, once the Work has ended.
    pub(crate) fn verdict(&mut self) -> Option<Error> {
        if self.under_way {
            self.failed.get_or_insert(Error::Poisoned);
        }
        self.failed.clone()
    }

    /// The statements `text`, one after the other, without parameters: for migrations.
    pub(crate) async fn script(&mut self, text: &str) -> Result<()> {
        self.enter()?;
        let done = match &mut self.driver {
            Driver::Sqlite(c) => c.execute_batch(text).map_err(error::sqlite),
            Driver::Postgres(tx) => tx.script(text).await,
        };
        self.leave(done)
    }

    /// Erased, so that the way of a query is compiled once and not for every type of rows.
    async fn answer(&mut self, mut asked: Vec<&mut dyn Asked>) -> Result<()> {
        if self.read_only && asked.iter().any(|one| one.sql().locks()) {
            return self.fail(Error::ReadOnly);
        }
        if !self.pending.is_empty() {
            self.send().await?;
        }
        self.enter()?;
        let done = match &mut self.driver {
            Driver::Sqlite(c) => asked.iter_mut().try_for_each(|one| query_sqlite(c, &mut **one)),
            Driver::Postgres(tx) => query_postgres(tx, &mut asked).await,
        };
        self.leave(done)
    }

    async fn send(&mut self) -> Result<Vec<u64>> {
        self.enter()?;
        let batch = std::mem::take(&mut self.pending);
        let done = match &mut self.driver {
            Driver::Sqlite(c) => execute_sqlite(c, &batch),
            Driver::Postgres(tx) => tx.send(&batch).await,
        };
        self.leave(done)
    }

    fn enter(&mut self) -> Result<()> {
        if self.failed.is_some() || self.under_way {
            return Err(Error::Poisoned);
        }
        self.under_way = true;
        Ok(())
    }

    fn leave<T>(&mut self, done: Result<T>) -> Result<T> {
        self.under_way = false;
        if let Err(error) = &done {
            self.failed.get_or_insert_with(|| error.clone());
        }
        done
    }

    fn fail<T>(&mut self, error: Error) -> Result<T> {
        self.failed.get_or_insert_with(|| error.clone());
        Err(error)
    }

    /// Ready for the next Work (SQLite keeps one `Tx` per connection).
    pub(crate) fn reset(&mut self) {
        self.pending.clear();
        self.failed = None;
        self.under_way = false;
    }

    /// SQLite: sends what was put; never waits.
    pub(crate) fn flush_sqlite(&mut self) -> Result<()> {
        if let Driver::Sqlite(c) = &self.driver {
            let done = execute_sqlite(c, &std::mem::take(&mut self.pending)).map(drop);
            return self.leave(done);
        }
        Ok(())
    }
}

fn query_sqlite(c: &rusqlite::Connection, asked: &mut dyn Asked) -> Result<()> {
    let mut statement = c.prepare_cached(asked.sql().sqlite_text()).map_err(error::sqlite)?;
    let mut rows = statement.query(rusqlite::params_from_iter(asked.args())).map_err(error::sqlite)?;
    each_sqlite(&mut rows, &mut |row| asked.row(row))
}

async fn query_postgres(tx: &mut PgTx, asked: &mut [&mut dyn Asked]) -> Result<()> {
    let queries: Vec<_> = asked.iter().map(|one| (one.sql(), one.args())).collect();
    let answers = tx.query(&queries).await?;
    for (one, rows) in asked.iter_mut().zip(answers) {
        rows.iter().try_for_each(|row| one.row(&Row(Source::Postgres(row))))?;
    }
    Ok(())
}

fn execute_sqlite(c: &rusqlite::Connection, batch: &[Write]) -> Result<Vec<u64>> {
    let one = |(sql, args): &Write| {
        let mut statement = c.prepare_cached(sql.sqlite_text()).map_err(error::sqlite)?;
        let rows = statement.execute(rusqlite::params_from_iter(args)).map_err(error::sqlite)?;
        Ok(rows.try_into().unwrap_or(u64::MAX))
    };
    batch.iter().map(one).collect()
}
