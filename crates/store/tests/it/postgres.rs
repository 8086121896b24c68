//! What is PostgreSQL's own: deadlocks, lost connections, lost answers to a COMMIT, crashes of the server.

use crate::works::*;
use everline_store::{Error, PostgresOptions, Result, Stop, Store, Tx, Work, args, queries};
use everline_testing::{Cluster, Cut, Fsync, Proxy, cluster, postgres_store};
use std::convert::Infallible;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering::SeqCst};

queries! { ALL;
    PID = "SELECT CAST(pg_backend_pid() AS BIGINT)";
    TERMINATE = "SELECT pg_terminate_backend(CAST($1 AS BIGINT)::INTEGER)";
    NO_SLEEP = "SELECT CAST(pg_sleep(1000) AS TEXT)";
    SLOW = "CREATE FUNCTION slow() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN PERFORM pg_sleep(0.3); RETURN NULL; END'";
    SLOW_COMMIT = "CREATE CONSTRAINT TRIGGER slow AFTER INSERT ON item DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION slow()";
    CHANGE = "ALTER TABLE item ALTER COLUMN note TYPE VARCHAR(77)";
}

async fn open() -> Option<Store> {
    let store = postgres_store(PostgresOptions::default()).await?;
    with_schema(&store).await;
    Some(store)
}

/// Through a proxy.
async fn open_proxied() -> Option<(Proxy, Store)> {
    let cluster = cluster()?;
    let config = cluster.database().await;
    let proxy = Proxy::start(cluster);
    let store = Store::open_postgres(&proxy.through(&config), PostgresOptions::default()).await.unwrap();
    with_schema(&store).await;
    store.transact(Add { n: 0 }).await.unwrap();
    Some((proxy, store))
}

/// Locks two rows in its own order, with a meeting between them in the first run.
struct Crosses {
    first: u64,
    then: u64,
    meeting: Arc<std::sync::Barrier>,
    runs: Arc<AtomicU32>,
    met: std::sync::atomic::AtomicBool,
}

impl Work for Crosses {
    const NAME: &'static str = "Crosses";
    type Out = ();
    type Refusal = Infallible;
    async fn run(&self, tx: &mut Tx) -> Result<(), Stop<Infallible>> {
        self.runs.fetch_add(1, SeqCst);
        let (a,): (i64,) = tx.one("item", &LOCK, args![id(self.first)]).await?;
        if !self.met.swap(true, SeqCst) {
            tokio::task::block_in_place(|| self.meeting.wait());
        }
        let (b,): (i64,) = tx.one("item", &LOCK, args![id(self.then)]).await?;
        tx.put(&SET, args![id(self.first), a + 1]);
        tx.put(&SET, args![id(self.then), b + 1]);
        Ok(())
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_deadlock_is_run_again() {
    let Some(store) = open().await else { return };
    store.transact(Add { n: 1 }).await.unwrap();
    store.transact(Add { n: 2 }).await.unwrap();
    let (meeting, runs) = (Arc::new(std::sync::Barrier::new(2)), Arc::new(AtomicU32::new(0)));
    let cross = |first, then| {
        let (store, met) = (store.clone(), false.into());
        let work = Crosses { first, then, meeting: meeting.clone(), runs: runs.clone(), met };
        tokio::spawn(async move { store.transact(work).await })
    };
    let (a, b) = (cross(1, 2), cross(2, 1));
    a.await.unwrap().unwrap();
    b.await.unwrap().unwrap();
    assert!(runs.load(SeqCst) >= 3, "there was no deadlock");
    assert_eq!((store.read(Get { n: 1 }).await.unwrap(), store.read(Get { n: 2 }).await.unwrap()), (2, 2));
}

#[tokio::test]
async fn a_lost_answer_to_a_commit_is_run_again_exactly_once() {
    let Some((proxy, store)) = open_proxied().await else { return };
    let mut expected = 0;
    for key in 1..=60 {
        proxy.cut([Cut::BeforeCommit, Cut::WithCommit, Cut::AfterCommit][(key % 3) as usize]);
        expected += 1;
        assert_eq!(store.transact(Once { key }).await.unwrap(), expected);
        assert_eq!(proxy.open_orders(), 0, "nothing was cut");
    }
    assert_eq!(store.read(Get { n: 0 }).await.unwrap(), 60);
    assert_eq!(count(&store).await, 61);
    // The first run may still be on its way when the second one looks: a conflict with itself is not an answer.
    for key in 100..160 {
        proxy.cut(Cut::WithCommit);
        store.transact(OnceUnlocked { key }).await.unwrap();
    }
    assert_eq!(count(&store).await, 121);
}

#[tokio::test]
async fn a_lost_answer_is_reported_where_a_second_run_could_do_harm() {
    let Some((proxy, store)) = open_proxied().await else { return };
    for (key, cut, there) in [(1, Cut::BeforeCommit, 0), (2, Cut::AfterCommit, 1)] {
        proxy.cut(cut);
        let before = count(&store).await;
        assert_eq!(error(store.transact(Reported { key }).await), Error::CommitUnknown);
        assert_eq!(count(&store).await - before, there);
    }
    store.transact(Reported { key: 3 }).await.unwrap();
}

/// The first run's COMMIT takes its time; the second run finds nothing, and then collides with the first.
#[tokio::test]
async fn a_conflict_with_its_own_lost_run_is_not_an_answer() {
    let Some((proxy, store)) = open_proxied().await else { return };
    work! { SlowCommits {} -> (), |this, tx| {
        tx.exec(&SLOW, args![]).await?;
        tx.exec(&SLOW_COMMIT, args![]).await?;
    } }
    store.transact(SlowCommits {}).await.unwrap();
    for key in 1..=3 {
        proxy.cut(Cut::WithCommit);
        assert!(store.transact(OnceUnlocked { key }).await.unwrap(), "found by the third run");
    }
    assert_eq!(count(&store).await, 4);
    assert!(matches!(error(store.transact(Add { n: 1 }).await), Error::Conflict { .. }), "somebody else's is one");
}

#[tokio::test]
async fn when_nobody_can_tell_in_time_that_is_the_answer() {
    let Some(cluster) = cluster() else { return };
    let config = cluster.database().await;
    let setup = Store::open_postgres(&config, PostgresOptions::default()).await.unwrap();
    with_schema(&setup).await;
    setup.transact(Add { n: 0 }).await.unwrap();
    let proxy = Proxy::start(cluster);
    let options = PostgresOptions { reconnect_ms_max: 1000, ..PostgresOptions::default() };
    let store = Store::open_postgres(&proxy.through(&config), options).await.unwrap();
    let mut held = proxy.hold();
    let call = tokio::spawn({
        let store = store.clone();
        async move { store.transact(Once { key: 1 }).await }
    });
    held.arrived().await;
    drop(proxy);
    held.cut();
    assert_eq!(error(call.await.unwrap()), Error::CommitUnknown);
    // Nothing was sent for this one.
    assert_eq!(error(store.transact(Add { n: 5 }).await), Error::Unavailable);
    assert_eq!(count(&setup).await, 1);
}

/// Loses its connection in the first run.
struct Cutoff {
    runs: AtomicU32,
    pid: std::sync::Mutex<std::sync::mpsc::Sender<i64>>,
    go: std::sync::Mutex<std::sync::mpsc::Receiver<()>>,
}

impl Work for Cutoff {
    const NAME: &'static str = "Cutoff";
    type Out = ();
    type Refusal = Infallible;
    async fn run(&self, tx: &mut Tx) -> Result<(), Stop<Infallible>> {
        tx.exec(&ADD, args![id(1), 1, "x"]).await?;
        let (pid,): (i64,) = tx.one("pid", &PID, args![]).await?;
        if self.runs.fetch_add(1, SeqCst) == 0 {
            self.pid.lock().unwrap().send(pid).unwrap();
            tokio::task::block_in_place(|| self.go.lock().unwrap().recv().unwrap());
        }
        tx.exec(&ADD, args![id(2), 1, "x"]).await?;
        Ok(())
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_connection_lost_in_the_middle_is_replaced() {
    let Some(store) = open().await else { return };
    work! { Terminate { pid: i64 } -> (), |this, tx| { tx.all::<(bool,)>(&TERMINATE, args![this.pid]).await?; } }
    let (pid, pids) = std::sync::mpsc::channel();
    let (go, gone) = std::sync::mpsc::channel();
    let work = Cutoff { runs: AtomicU32::new(0), pid: pid.into(), go: gone.into() };
    let call = tokio::spawn({
        let store = store.clone();
        async move { store.transact(work).await }
    });
    let pid = tokio::task::block_in_place(|| pids.recv().unwrap());
    store.transact(Terminate { pid }).await.unwrap();
    go.send(()).unwrap();
    call.await.unwrap().unwrap();
    assert_eq!(count(&store).await, 2);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_that_crashes_under_load_loses_nothing_and_doubles_nothing() {
    let Some(cluster) = Cluster::start(Fsync::Off) else { return };
    let config = cluster.database().await;
    let options = PostgresOptions { reconnect_ms_max: 60_000, ..PostgresOptions::default() };
    let store = Store::open_postgres(&config, options).await.unwrap();
    with_schema(&store).await;
    store.transact(Add { n: 0 }).await.unwrap();
    let (key, done) = (Arc::new(AtomicU64::new(0)), Arc::new(AtomicU64::new(0)));
    let stop = Arc::new(std::sync::atomic::AtomicBool::new(false));
    let tasks: Vec<_> = (0..8)
        .map(|_| {
            let (store, key, done, stop) = (store.clone(), key.clone(), done.clone(), stop.clone());
            tokio::spawn(async move {
                while !stop.load(SeqCst) {
                    let key = key.fetch_add(1, SeqCst) + 1;
                    store.transact(Once { key }).await.unwrap();
                    done.fetch_add(1, SeqCst);
                }
            })
        })
        .collect();
    for _ in 0..3 {
        let before = done.load(SeqCst);
        while done.load(SeqCst) < before + 50 {
            tokio::task::yield_now().await;
        }
        tokio::task::block_in_place(|| cluster.crash());
    }
    stop.store(true, SeqCst);
    for task in tasks {
        task.await.unwrap();
    }
    let done = i64::try_from(done.load(SeqCst)).unwrap();
    assert_eq!((store.read(Get { n: 0 }).await.unwrap(), count(&store).await), (done, done + 1));
}

/// Starts a call to the database and does not wait for its answer, which is an error.
struct Abandons;

impl Work for Abandons {
    const NAME: &'static str = "Abandons";
    type Out = ();
    type Refusal = Infallible;
    async fn run(&self, tx: &mut Tx) -> Result<(), Stop<Infallible>> {
        tx.exec(&ADD, args![id(1), 1, "x"]).await?;
        let mut call = Box::pin(tx.exec(&ADD, args![id(1), 1, "x"]));
        assert!(poll_now(&mut call).await.is_pending());
        Ok(())
    }
}

/// Otherwise its COMMIT would silently become a ROLLBACK, and be acknowledged.
#[tokio::test]
async fn an_abandoned_call_is_not_acknowledged() {
    let Some(store) = open().await else { return };
    assert_eq!(error(store.transact(Abandons).await), Error::Poisoned);
    assert_eq!(count(&store).await, 0);
    for n in 0..20 {
        store.transact(Add { n }).await.unwrap();
    }
}

#[tokio::test]
async fn a_long_statement_is_cut_off() {
    let options = PostgresOptions { statement_timeout_ms: 500, ..PostgresOptions::default() };
    let Some(store) = postgres_store(options).await else { return };
    work! { Sleeps {} -> (), |this, tx| { tx.all::<(String,)>(&NO_SLEEP, args![]).await?; } }
    assert_eq!(error(store.transact(Sleeps {}).await), Error::Timeout);
    assert_eq!(error(store.read(Sleeps {}).await), Error::Timeout);
}

#[tokio::test]
async fn a_statement_survives_a_migration_by_another_node() {
    let Some(store) = open().await else { return };
    work! { Change {} -> (), |this, tx| { tx.exec(&CHANGE, args![]).await?; } }
    work! { Notes {} -> usize, |this, tx| tx.all::<([u8; 16], i64, String)>(&GET_ALL, args![]).await?.len() }
    store.transact(Add { n: 1 }).await.unwrap();
    for _ in 0..16 {
        assert_eq!(store.read(Notes {}).await.unwrap(), 1);
        assert_eq!(store.transact(Notes {}).await.unwrap(), 1);
    }
    store.transact(Change {}).await.unwrap();
    for _ in 0..16 {
        assert_eq!(store.read(Notes {}).await.unwrap(), 1);
        assert_eq!(store.transact(Notes {}).await.unwrap(), 1);
    }
}

#[tokio::test]
async fn a_server_that_may_lose_commits_is_refused() {
    let Some(cluster) = cluster() else { return };
    let config = format!("{} options='-c synchronous_commit=off'", cluster.database().await);
    let refused = Store::open_postgres(&config, PostgresOptions::default()).await.err();
    assert!(matches!(refused, Some(Error::Configuration(_))), "{refused:?}");
    let missing = "host=/nonexistent user=nobody";
    let options = PostgresOptions { reconnect_ms_max: 100, ..PostgresOptions::default() };
    assert_eq!(Store::open_postgres(missing, options).await.err(), Some(Error::Unavailable));
    assert_eq!(ALL.len(), 6);
}
