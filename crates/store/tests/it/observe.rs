//! Reading a file that another process has.

use crate::sqlite::child;
use crate::works::*;
use everline_store::{Error, SqliteOptions, Stop, Store};
use everline_testing::SqliteFile;
use std::io::{BufRead, BufReader};

#[tokio::test]
async fn whoever_has_the_file_another_may_look() {
    let file = SqliteFile::new();
    let mut process = child("sqlite::child_that_keeps_the_file", &file.path(), "").spawn().unwrap();
    let lines = BufReader::new(process.stdout.take().unwrap()).lines();
    assert!(lines.map_while(Result::ok).any(|line| line == "open"));
    let observer = Store::observe_sqlite(file.path(), SqliteOptions::default()).await.unwrap();
    assert_eq!(count(&observer).await, 1);
    assert_eq!(observer.transact(Add { n: 2 }).await, Err(Stop::Store(Error::ReadOnly)));
    process.kill().unwrap();
    process.wait().unwrap();
    assert_eq!(count(&observer).await, 1, "it may go on looking");
    observer.close().await;
    assert_eq!(observer.transact(Add { n: 2 }).await, Err(Stop::Store(Error::ReadOnly)));
    let store = Store::open_sqlite(file.path(), SqliteOptions::default()).await.unwrap();
    store.transact(Add { n: 3 }).await.unwrap();
    assert_eq!(count(&store).await, 2);
}

#[tokio::test]
async fn an_observer_sees_what_was_committed_since() {
    let file = SqliteFile::new();
    let store = file.open(SqliteOptions::default()).await;
    with_schema(&store).await;
    let observer = Store::observe_sqlite(file.path(), SqliteOptions::default()).await.unwrap();
    for (n, rows) in [(1, 1), (2, 2), (3, 3)] {
        store.transact(Add { n }).await.unwrap();
        assert_eq!(count(&observer).await, rows);
    }
    store.close().await;
    assert_eq!(count(&observer).await, 3);
}

#[tokio::test]
async fn what_is_not_there_is_not_made() {
    let file = SqliteFile::new();
    assert!(Store::observe_sqlite(file.path(), SqliteOptions::default()).await.is_err());
    assert!(!file.path().exists());
}
