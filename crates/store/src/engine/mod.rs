//! The executor: runs a [`Work`] on SQLite or on PostgreSQL.

pub(crate) mod error;
pub(crate) mod postgres;
pub(crate) mod query;
pub(crate) mod row;
pub(crate) mod sql;
pub(crate) mod sqlite;
pub(crate) mod tx;
pub(crate) mod value;
pub(crate) mod watch;
pub(crate) mod work;

use error::{Result, Stop};
use postgres::{Postgres, PostgresOptions};
use sqlite::{Sqlite, SqliteOptions};
use std::path::Path;
use std::sync::Arc;
use watch::{Ended, Outcome, Watch};
use work::Work;

/// Which database runs a store.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Engine {
    /// One file, one process.
    Sqlite,
    /// A server, any number of processes.
    Postgres,
}

/// A database: everything that is durable about one brand. Cloning gives another handle to the same one.
#[derive(Clone)]
pub struct Store(Inner, Option<Arc<Watch>>);

#[derive(Clone)]
enum Inner {
    Sqlite(Arc<Sqlite>),
    Postgres(Arc<Postgres>),
}

impl Store {
    /// Opens or creates the SQLite file at `path`. One store has it at a time; `<path>.lock` beside it sees to that.
    ///
    /// # Errors
    /// [`Error::InUse`](crate::Error::InUse) if another one has it, and whatever opening a file can meet.
    pub async fn open_sqlite(path: impl AsRef<Path>, options: SqliteOptions) -> Result<Self> {
        let path = path.as_ref().to_owned();
        let opened = tokio::task::spawn_blocking(move || Sqlite::open(&path, &options)).await;
        Ok(Self(Inner::Sqlite(Arc::new(opened.unwrap_or(Err(crate::Error::Unavailable))?)), None))
    }

    /// Opens the SQLite file at `path` for reading only, although another process may have it: each read sees one committed
    /// snapshot. Writes answer [`Error::ReadOnly`](crate::Error::ReadOnly).
    ///
    /// # Errors
    /// Whatever opening a file can meet; a file that does not exist is not created.
    pub async fn observe_sqlite(path: impl AsRef<Path>, options: SqliteOptions) -> Result<Self> {
        let path = path.as_ref().to_owned();
        let opened = tokio::task::spawn_blocking(move || Sqlite::observe(&path, &options)).await;
        Ok(Self(Inner::Sqlite(Arc::new(opened.unwrap_or(Err(crate::Error::Unavailable))?)), None))
    }

    /// Connects to the PostgreSQL database that `config` names (`host=/run/postgresql user=… dbname=…`, or a URL). The
    /// connection is not encrypted: use a unix socket or a trusted network.
    ///
    /// # Errors
    /// [`Error::Configuration`](crate::Error::Configuration) if the string is not understood or the server would lose
    /// commits in a crash, [`Error::Unavailable`](crate::Error::Unavailable) if it does not answer.
    pub async fn open_postgres(config: &str, options: PostgresOptions) -> Result<Self> {
        Ok(Self(Inner::Postgres(Arc::new(Postgres::open(config, options).await?)), None))
    }

    /// The same store, whose Works are told to `watch` when they end. Handles that were cloned before tell nobody.
    #[must_use]
    pub fn watched(self, watch: Watch) -> Self {
        Self(self.0, Some(Arc::new(watch)))
    }

    fn watch<T, R>(&self, work: &'static str, began_us: Option<i64>, result: &Result<T, Stop<R>>) {
        if let (Some(watch), Some(began_us)) = (&self.1, began_us) {
            let took_us = (watch.now_us)().saturating_sub(began_us).max(0);
            (watch.ended)(Ended { work, outcome: Outcome::of(result), took_us });
        }
    }

    /// Which engine it is, for the few places that differ.
    #[must_use]
    pub fn engine(&self) -> Engine {
        match self.0 {
            Inner::Sqlite(_) => Engine::Sqlite,
            Inner::Postgres(_) => Engine::Postgres,
        }
    }

    /// Runs `work` and commits it. Once called and polled, it goes on even if the caller drops this future.
    ///
    /// # Errors
    /// [`Stop::Refused`] with the Work's refusal, [`Stop::Store`] if the store failed. Nothing was committed then,
    /// except perhaps after [`Error::CommitUnknown`](crate::Error::CommitUnknown).
    pub async fn transact<W: Work>(&self, work: W) -> Result<W::Out, Stop<W::Refusal>> {
        let began_us = self.1.as_ref().map(|watch| (watch.now_us)());
        let result = match &self.0 {
            Inner::Sqlite(store) => store.transact(work).await,
            Inner::Postgres(store) => store.transact(work).await,
        };
        self.watch(W::NAME, began_us, &result);
        result
    }

    /// Runs `work`, which only reads, on one snapshot.
    ///
    /// # Errors
    /// As [`transact`](Self::transact); [`Error::ReadOnly`](crate::Error::ReadOnly) if the Work writes or locks.
    pub async fn read<W: Work>(&self, work: W) -> Result<W::Out, Stop<W::Refusal>> {
        let began_us = self.1.as_ref().map(|watch| (watch.now_us)());
        let result = match &self.0 {
            Inner::Sqlite(store) => store.read(work).await,
            Inner::Postgres(store) => store.read(work).await,
        };
        self.watch(W::NAME, began_us, &result);
        result
    }

    /// Takes no more Works, waits for those under way, and lets go of the database. Later calls on any clone answer
    /// [`Error::Closed`](crate::Error::Closed).
    pub async fn close(&self) {
        match &self.0 {
            Inner::Sqlite(store) => {
                let store = store.clone();
                let _ = tokio::task::spawn_blocking(move || store.close()).await;
            }
            Inner::Postgres(store) => store.close().await,
        }
    }
}
