//! Migrations: from nothing, again, newer, other, killed half way, two nodes at once.

use crate::works::{count, error, work};
use everline_store::{
    Error, Migration, PostgresOptions, Result, SqliteOptions, Stop, Store, Tx, Work, args, migrate, queries,
};
use everline_testing::{SqliteFile, cluster, each_store, postgres_database};
use std::convert::Infallible;

const ONE: Migration = Migration {
    version: 1,
    name: "items",
    text: "CREATE TABLE item (id BYTEA PRIMARY KEY, n BIGINT NOT NULL, note TEXT);
           INSERT INTO item VALUES ('\\x01', 1, 'postgres'); -- postgres
           INSERT INTO item VALUES (x'01', 1, 'sqlite'); -- sqlite",
};
const TWO: Migration = Migration {
    version: 20,
    name: "notes",
    text: "ALTER TABLE item ADD COLUMN extra BIGINT; CREATE TABLE note (id BIGINT PRIMARY KEY);",
};

queries! { ALL;
    VERSIONS = "SELECT version, name FROM schema_version ORDER BY version";
    NOTE = "SELECT note FROM item";
    NOTES = "SELECT count(*) FROM note";
}
work! { Versions {} -> Vec<(i64, String)>, |this, tx| tx.all(&VERSIONS, args![]).await? }
work! { Note {} -> String, |this, tx| tx.one::<(String,)>("item", &NOTE, args![]).await?.0 }
work! { Notes {} -> i64, |this, tx| tx.one::<(i64,)>("note", &NOTES, args![]).await?.0 }

async fn versions(store: &Store) -> Vec<i64> {
    store.read(Versions {}).await.unwrap().into_iter().map(|(version, _)| version).collect()
}

#[tokio::test]
async fn from_nothing_again_and_onwards() {
    each_store(async |store| {
        migrate(&store, &[ONE]).await.unwrap();
        assert_eq!(store.read(Note {}).await.unwrap(), format!("{:?}", store.engine()).to_lowercase());
        migrate(&store, &[ONE]).await.unwrap();
        assert_eq!(versions(&store).await, [1]);
        migrate(&store, &[ONE, TWO]).await.unwrap();
        migrate(&store, &[ONE, TWO]).await.unwrap();
        assert_eq!(versions(&store).await, [1, 20]);
        assert_eq!((count(&store).await, store.read(Notes {}).await.unwrap()), (1, 0));
        assert_eq!(ALL.len(), 3);
    })
    .await;
}

#[tokio::test]
async fn a_newer_or_another_schema_is_refused() {
    each_store(async |store| {
        migrate(&store, &[ONE, TWO]).await.unwrap();
        assert_eq!(migrate(&store, &[ONE]).await, Err(Error::SchemaNewer { found: 20, known: 1 }));
        let other = Migration { name: "other", ..ONE };
        assert_eq!(migrate(&store, &[other, TWO]).await, Err(Error::SchemaDiffers { version: 1 }));
        assert!(matches!(migrate(&store, &[TWO, ONE]).await, Err(Error::Configuration(_))));
    })
    .await;
}

#[tokio::test]
async fn a_migration_that_fails_leaves_nothing_behind() {
    each_store(async |store| {
        let broken =
            Migration { text: "CREATE TABLE note (id BIGINT PRIMARY KEY); INSERT INTO nowhere VALUES (1);", ..TWO };
        assert!(matches!(migrate(&store, &[ONE, broken]).await, Err(Error::Database(_))));
        assert_eq!(versions(&store).await, [1]);
        assert!(matches!(error(store.read(Notes {}).await), Error::Database(_)));
        migrate(&store, &[ONE, TWO]).await.unwrap();
        assert_eq!(versions(&store).await, [1, 20]);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_nodes_at_once() {
    let Some(config) = postgres_database().await else { return };
    let nodes: Vec<_> = (0..6)
        .map(|_| {
            let config = config.clone();
            tokio::spawn(async move {
                let options = PostgresOptions { writers: 2, readers: 1, ..PostgresOptions::default() };
                let store = Store::open_postgres(&config, options).await.unwrap();
                migrate(&store, &[ONE, TWO]).await.unwrap();
                assert_eq!(versions(&store).await, [1, 20]);
            })
        })
        .collect();
    for node in nodes {
        node.await.unwrap();
    }
}

/// Never comes to its end.
const ENDLESS: Migration = Migration {
    version: 20,
    name: "notes",
    text: "CREATE TABLE note (id BIGINT PRIMARY KEY);
           INSERT INTO note SELECT generate_series(1, 1000000000); -- postgres
           WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) INSERT INTO note SELECT i FROM n; -- sqlite",
};

/// Run by the next test in a process of its own, which is killed.
#[tokio::test]
#[ignore = "run by another test, in a process of its own"]
async fn child_that_migrates_for_ever() {
    let path = std::env::var("EVERLINE_TEST_FILE").unwrap();
    let options = SqliteOptions { cache_kib: 64, ..SqliteOptions::default() };
    let store = Store::open_sqlite(path, options).await.unwrap();
    migrate(&store, &[ONE, ENDLESS]).await.unwrap();
}

#[tokio::test]
async fn killed_half_way_the_next_start_finishes_sqlite() {
    let file = SqliteFile::new();
    let mut child = crate::sqlite::child("migrations::child_that_migrates_for_ever", &file.path(), "").spawn().unwrap();
    // The endless migration spills into the write-ahead log: then the child is in the middle of it.
    let log = file.dir().join("store.sqlite-wal");
    while std::fs::metadata(&log).map_or(0, |m| m.len()) < 8 << 20 {
        assert!(child.try_wait().unwrap().is_none(), "the child ended by itself");
        std::thread::yield_now();
    }
    child.kill().unwrap();
    child.wait().unwrap();
    let store = file.open(SqliteOptions::default()).await;
    assert_eq!(versions(&store).await, [1]);
    migrate(&store, &[ONE, TWO]).await.unwrap();
    assert_eq!((versions(&store).await, store.read(Notes {}).await.unwrap()), (vec![1, 20], 0));
}

#[test]
fn killed_half_way_the_next_start_finishes_postgres() {
    let Some(cluster) = cluster() else { return };
    let here = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let node = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
    let config = here.block_on(cluster.database());
    let store = node.block_on(Store::open_postgres(&config, PostgresOptions::default())).unwrap();
    let task = node.spawn(async move { migrate(&store, &[ONE, ENDLESS]).await });
    here.block_on(async {
        let store = Store::open_postgres(&config, PostgresOptions::default()).await.unwrap();
        queries! { WATCH; RUNNING = "SELECT CAST(pid AS BIGINT) FROM pg_stat_activity WHERE query LIKE 'CREATE TABLE note%' AND state = 'active'"; }
        work! { Running {} -> Option<(i64,)>, |this, tx| tx.maybe(&RUNNING, args![]).await? }
        while store.read(Running {}).await.unwrap().is_none() {
            assert!(!task.is_finished());
            tokio::task::yield_now().await;
        }
        // The node is gone, with all its tasks and connections; then so is the statement it left running.
        node.shutdown_background();
        queries! { KILL; TERMINATE = "SELECT pg_terminate_backend(CAST($1 AS BIGINT)::INTEGER)"; }
        work! { Terminate { pid: i64 } -> (), |this, tx| { tx.all::<(bool,)>(&TERMINATE, args![this.pid]).await?; } }
        while let Some((pid,)) = store.read(Running {}).await.unwrap() {
            store.transact(Terminate { pid }).await.unwrap();
        }
        assert_eq!((WATCH.len(), KILL.len()), (1, 1));
        assert_eq!(versions(&store).await, [1]);
        migrate(&store, &[ONE, TWO]).await.unwrap();
        assert_eq!((versions(&store).await, store.read(Notes {}).await.unwrap()), (vec![1, 20], 0));
    });
}
