//! Throw-away stores for tests, on both engines.
//!
//! PostgreSQL: each test process starts a cluster of its own from the newest `/usr/lib/postgresql/*/bin` (or
//! `EVERLINE_POSTGRES_BIN`), on a unix socket in a short temporary folder, and gives each test a fresh database. The
//! files come from a template that is made once per machine and version under the temporary folder. A small shell
//! script stands between the test process and the server: it waits on a pipe, and when the test process ends, however
//! it ends, it stops that one server by its process id and removes the folder. Nothing else on the machine is touched.
//! Root runs the server as `nobody`, because PostgreSQL refuses root.
//!
//! Where no PostgreSQL is installed, tests print `skipped: …` and pass, unless `EVERLINE_REQUIRE_POSTGRES=1`.
//!
//! This crate panics when it cannot do what a test asks: it is for tests only.
#![allow(clippy::expect_used, clippy::panic, reason = "a test that cannot be set up has to fail")]

mod cluster;
mod proxy;

pub use cluster::{Cluster, Fsync};
pub use proxy::{Cut, Held, Proxy};

use everline_store::{PostgresOptions, SqliteOptions, Store};
use std::path::{Path, PathBuf};
use std::sync::OnceLock;
use tempfile::TempDir;

/// A SQLite file in a folder of its own, removed when this is dropped.
pub struct SqliteFile {
    dir: TempDir,
}

impl SqliteFile {
    /// A folder for a file that does not exist yet.
    #[must_use]
    pub fn new() -> Self {
        Self { dir: tempfile::Builder::new().prefix("everline-").tempdir().expect("a temporary folder") }
    }

    /// Where the file is, or will be.
    #[must_use]
    pub fn path(&self) -> PathBuf {
        self.dir.path().join("store.sqlite")
    }

    /// The folder.
    #[must_use]
    pub fn dir(&self) -> &Path {
        self.dir.path()
    }

    /// Opens it.
    pub async fn open(&self, options: SqliteOptions) -> Store {
        Store::open_sqlite(self.path(), options).await.expect("the SQLite file opens")
    }
}

impl Default for SqliteFile {
    fn default() -> Self {
        Self::new()
    }
}

/// The cluster of this process: started at the first call, without fsync (a test that kills the *machine* is not
/// possible; one that kills the server loses nothing without it). `None` if there is no PostgreSQL.
///
/// For figures about durable commits start one of your own: [`Cluster::start`] with [`Fsync::On`].
pub fn cluster() -> Option<&'static Cluster> {
    static CLUSTER: OnceLock<Option<Cluster>> = OnceLock::new();
    let cluster = CLUSTER.get_or_init(|| Cluster::start(Fsync::Off)).as_ref();
    if cluster.is_none() {
        assert!(std::env::var("EVERLINE_REQUIRE_POSTGRES").as_deref() != Ok("1"), "PostgreSQL is required");
        println!("skipped: no PostgreSQL installed");
    }
    cluster
}

/// The connection string of a new, empty database, or `None` if there is no PostgreSQL.
pub async fn postgres_database() -> Option<String> {
    let cluster = cluster()?;
    Some(cluster.database().await)
}

/// A store on a new, empty PostgreSQL database, or `None` if there is no PostgreSQL.
pub async fn postgres_store(options: PostgresOptions) -> Option<Store> {
    let config = postgres_database().await?;
    Some(Store::open_postgres(&config, options).await.expect("the database opens"))
}

/// Runs `test` on an empty SQLite store and then, if there is one, on an empty PostgreSQL store.
pub async fn each_store(test: impl AsyncFn(Store)) {
    each_store_with(SqliteOptions::default(), PostgresOptions::default(), test).await;
}

/// [`each_store`] with options.
pub async fn each_store_with(sqlite: SqliteOptions, postgres: PostgresOptions, test: impl AsyncFn(Store)) {
    println!("on SQLite");
    let file = SqliteFile::new();
    let store = file.open(sqlite).await;
    test(store.clone()).await;
    store.close().await;
    if let Some(store) = postgres_store(postgres).await {
        println!("on PostgreSQL");
        test(store.clone()).await;
        store.close().await;
    }
}
