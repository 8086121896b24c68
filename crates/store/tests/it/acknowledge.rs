//! Nothing is acknowledged before it is durable.

use crate::works::{Add, Block, count, poll_now, with_schema};
use everline_store::{PostgresOptions, SqliteOptions, Store};
use everline_testing::{Proxy, SqliteFile, cluster};

/// The first Work of a group is done, the second one still runs: the first one's caller knows nothing yet.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sqlite_answers_a_group_only_after_its_commit() {
    let file = SqliteFile::new();
    let store = file.open(SqliteOptions::default()).await;
    with_schema(&store).await;
    // Keeps the writer busy until the group is complete in the queue.
    let (first, first_gate) = Block::new(None);
    let mut first = Box::pin(store.transact(first));
    assert!(poll_now(&mut first).await.is_pending());
    first_gate.wait();
    let mut early = Box::pin(store.transact(Add { n: 1 }));
    assert!(poll_now(&mut early).await.is_pending());
    let (second, second_gate) = Block::new(Some(2));
    let mut second = Box::pin(store.transact(second));
    assert!(poll_now(&mut second).await.is_pending());
    first_gate.open();
    second_gate.wait();
    // `early` has run by now, as the second one runs behind it.
    assert!(poll_now(&mut early).await.is_pending());
    assert_eq!(count(&store).await, 0);
    second_gate.open();
    early.await.unwrap();
    assert_eq!(count(&store).await, 2);
    assert_eq!(second.await.unwrap(), (1, 2));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn postgres_answers_only_after_its_commit() {
    let Some(cluster) = cluster() else { return };
    let config = cluster.database().await;
    let proxy = Proxy::start(cluster);
    let store = Store::open_postgres(&proxy.through(&config), PostgresOptions::default()).await.unwrap();
    with_schema(&store).await;
    let mut held = proxy.hold();
    let call = tokio::spawn({
        let store = store.clone();
        async move { store.transact(Add { n: 1 }).await }
    });
    held.arrived().await;
    // Whatever a caller could hear now, it would have to hear from this side of the COMMIT.
    for _ in 0..100 {
        tokio::task::yield_now().await;
        assert_eq!(count(&store).await, 0);
        assert!(!call.is_finished());
    }
    held.release();
    call.await.unwrap().unwrap();
    assert_eq!(count(&store).await, 1);
}
