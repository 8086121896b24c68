//! Where a run has its store: a folder of its own, and the server behind it where none was named.

use crate::Failure;
use crate::world::{Kind, Place};
use everline_testing::{Cluster, Fsync};
use std::path::{Path, PathBuf};
use std::time::Duration;
use tempfile::TempDir;

/// Which store a run is to have.
#[derive(Debug, Clone, clap::Args)]
pub struct Wanted {
    /// On which store
    #[arg(long, value_enum)]
    pub store: Kind,
    /// An empty PostgreSQL database; without it, a throw-away server is started
    #[arg(long)]
    pub postgres: Option<String>,
    /// A folder on the disk to use; without it, one under the temporary folder
    #[arg(long)]
    pub data: Option<PathBuf>,
}

impl Wanted {
    /// SQLite, under the temporary folder.
    #[must_use]
    pub const fn sqlite() -> Self {
        Self { store: Kind::Sqlite, postgres: None, data: None }
    }
}

/// The place of a store, and what has to live as long as it.
pub struct Ground {
    /// The store's place.
    pub place: Place,
    folder: TempDir,
    cluster: Option<Cluster>,
}

impl Ground {
    /// Makes the folder, and starts a server if one is needed; `fsync` says whether that waits for the disk.
    ///
    /// # Errors
    /// [`Failure::Unusable`] if PostgreSQL is wanted and not installed.
    pub async fn new(wanted: &Wanted, fsync: Fsync) -> Result<Self, Failure> {
        let folder = match &wanted.data {
            Some(data) => tempfile::tempdir_in(data),
            None => tempfile::tempdir(),
        };
        let folder = folder.map_err(Failure::io("a folder"))?;
        let mut cluster = None;
        let place = match (wanted.store, &wanted.postgres) {
            (Kind::Sqlite, _) => Place::Sqlite(folder.path().join("store.sqlite")),
            (Kind::Postgres, Some(config)) => Place::Postgres(config.clone()),
            (Kind::Postgres, None) => {
                let started = Cluster::start(fsync);
                let started = started.ok_or_else(|| Failure::Unusable("no PostgreSQL is installed".to_owned()))?;
                Place::Postgres(cluster.insert(started).database().await)
            }
        };
        Ok(Self { place, folder, cluster })
    }

    /// Does what a server does by itself in the hours after very many rows came at once, before anything is measured: statistics,
    /// what a first reader of a row would write, and everything from the logs into the files.
    ///
    /// # Errors
    /// [`Failure::Unusable`] if the server cannot be reached.
    pub async fn settle(&self) -> Result<(), Failure> {
        let config = match &self.place {
            Place::Postgres(config) => config,
            Place::Sqlite(path) => return emptied(path),
        };
        let unusable = |error: tokio_postgres::Error| Failure::Unusable(error.to_string());
        let (client, connection) = tokio_postgres::connect(config, tokio_postgres::NoTls).await.map_err(unusable)?;
        let served = tokio::spawn(connection);
        for statement in ["VACUUM ANALYZE", "CHECKPOINT"] {
            client.batch_execute(statement).await.map_err(unusable)?;
        }
        drop(client);
        served.abort();
        Ok(())
    }

    /// The folder.
    #[must_use]
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// The server, if it is of our own.
    #[must_use]
    pub const fn cluster(&self) -> Option<&Cluster> {
        self.cluster.as_ref()
    }
}

/// Moves SQLite's log into its file, and has the kernel write what it holds back.
fn emptied(path: &Path) -> Result<(), Failure> {
    let unusable = |error: rusqlite::Error| Failure::Unusable(error.to_string());
    let c = rusqlite::Connection::open(path).map_err(unusable)?;
    c.busy_timeout(Duration::from_secs(120)).map_err(unusable)?;
    let busy: i64 = c.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |row| row.get(0)).map_err(unusable)?;
    if busy != 0 {
        return Err(Failure::Unusable("the log cannot be emptied".to_owned()));
    }
    std::process::Command::new("sync").status().map_err(Failure::io("sync"))?;
    Ok(())
}
