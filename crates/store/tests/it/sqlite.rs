//! What is SQLite's own: one process, group commit, full disks, failed commits, checkpoints.

use crate::works::*;
use everline_store::{Error, Result, SqliteOptions, Stop, Store, Tx, Work, args};
use everline_testing::SqliteFile;
use std::convert::Infallible;
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Command, Stdio};

async fn open(options: SqliteOptions) -> (SqliteFile, Store) {
    let file = SqliteFile::new();
    let store = file.open(options).await;
    with_schema(&store).await;
    (file, store)
}

/// This test binary again, to run the one test `name`, which finds the file in its environment; `limits` are shell
/// commands that go before.
pub fn child(name: &str, file: &Path, limits: &str) -> Command {
    let mut command = Command::new("sh");
    command.args(["-c", &format!("{limits}\nexec \"$0\" \"$@\"")]).arg(std::env::current_exe().unwrap());
    command.args(["--exact", name, "--ignored", "--nocapture", "--test-threads=1"]).env("EVERLINE_TEST_FILE", file);
    command.stdin(Stdio::piped()).stdout(Stdio::piped());
    command
}

#[tokio::test]
async fn a_second_store_is_refused_until_the_first_closes() {
    let (file, store) = open(SqliteOptions::default()).await;
    let again = || Store::open_sqlite(file.path(), SqliteOptions::default());
    assert_eq!(again().await.err(), Some(Error::InUse));
    store.transact(Add { n: 1 }).await.unwrap();
    store.close().await;
    let second = again().await.unwrap();
    assert_eq!(count(&second).await, 1);
    // Not closed, only dropped: the same.
    drop((store, second));
    assert_eq!(count(&again().await.unwrap()).await, 1);
}

#[tokio::test]
#[ignore = "run by another test, in a process of its own"]
async fn child_that_keeps_the_file() {
    let path = std::env::var("EVERLINE_TEST_FILE").unwrap();
    let store = Store::open_sqlite(path, SqliteOptions::default()).await.unwrap();
    with_schema(&store).await;
    store.transact(Add { n: 1 }).await.unwrap();
    println!("\nopen");
    std::io::stdin().lines().next();
}

#[tokio::test]
async fn a_second_process_is_refused_until_the_first_is_killed() {
    let file = SqliteFile::new();
    let mut process = child("sqlite::child_that_keeps_the_file", &file.path(), "").spawn().unwrap();
    let lines = BufReader::new(process.stdout.take().unwrap()).lines();
    assert!(lines.map_while(Result::ok).any(|line| line == "open"));
    assert_eq!(Store::open_sqlite(file.path(), SqliteOptions::default()).await.err(), Some(Error::InUse));
    process.kill().unwrap();
    process.wait().unwrap();
    assert_eq!(count(&file.open(SqliteOptions::default()).await).await, 1, "acknowledged before the kill");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_last_handle_may_go_on_the_writers_own_thread() {
    struct Holds(Block, #[expect(dead_code, reason = "only held")] Store);
    impl Work for Holds {
        const NAME: &'static str = "Holds";
        type Out = ();
        type Refusal = Infallible;
        async fn run(&self, tx: &mut Tx) -> Result<(), Stop<Infallible>> {
            self.0.run(tx).await.map(drop)
        }
    }
    let (file, store) = open(SqliteOptions::default()).await;
    let (block, gate) = Block::new(None);
    let mut call = Box::pin(store.transact(Holds(block, store.clone())));
    assert!(poll_now(&mut call).await.is_pending());
    gate.wait();
    drop(call);
    drop(store);
    gate.open();
    let again = loop {
        match Store::open_sqlite(file.path(), SqliteOptions::default()).await {
            Err(Error::InUse) => tokio::task::yield_now().await,
            other => break other.unwrap(),
        }
    };
    assert_eq!(count(&again).await, 0);
}

work! { Fill { from: u64, bytes: usize } -> (), |this, tx| tx.put(&ADD, args![id(this.from), 1, "x".repeat(this.bytes)]) }

/// A disk with little room: the Work that does not fit fails, and the ones beside it in the group, rolled back with it
/// by SQLite, run again and commit.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_full_disk_fails_what_does_not_fit_and_nothing_else() {
    let (_file, store) = open(SqliteOptions { pages_max: Some(64), ..SqliteOptions::default() }).await;
    let (block, gate) = Block::new(Some(1000));
    let mut blocked = Box::pin(store.transact(block));
    assert!(poll_now(&mut blocked).await.is_pending());
    gate.wait();
    let mut group: Vec<_> =
        (0..10).map(|n| Box::pin(store.transact(Fill { from: n, bytes: if n == 7 { 1 << 20 } else { 10 } }))).collect();
    for call in &mut group {
        assert!(poll_now(call).await.is_pending());
    }
    // Once more for the second run of the whole group.
    gate.open();
    gate.open();
    for (n, call) in group.into_iter().enumerate() {
        let outcome = call.await;
        if n == 7 { assert_eq!(error(outcome), Error::DiskFull) } else { outcome.unwrap() }
    }
    blocked.await.unwrap();
    assert_eq!(count(&store).await, 10);
    // Full to the last page: reads go on, writes are refused, and once there is room they work again.
    let mut n = 100;
    while store.transact(Fill { from: n, bytes: 3000 }).await.is_ok() {
        n += 1;
    }
    assert_eq!(error(store.transact(Fill { from: n, bytes: 3000 }).await), Error::DiskFull);
    assert_eq!(count(&store).await, 10 + i64::try_from(n - 100).unwrap());
    assert!(store.transact(Clear {}).await.unwrap() > 10);
    store.transact(Fill { from: 1, bytes: 3000 }).await.unwrap();
    assert_eq!(count(&store).await, 1);
}

/// On a disk of 6 MiB, with a file beside the store that can make room.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "run by another test, in a process of its own"]
async fn child_that_fills_a_real_disk() {
    let path = std::env::var("EVERLINE_TEST_FILE").unwrap();
    let ballast = Path::new(&path).with_file_name("ballast");
    std::fs::write(&ballast, vec![1; 1 << 20]).unwrap();
    let store =
        Store::open_sqlite(&path, SqliteOptions { checkpoint_rows: 50, ..SqliteOptions::default() }).await.unwrap();
    with_schema(&store).await;
    let next = std::sync::Arc::new(std::sync::atomic::AtomicU64::new(0));
    // Eight callers until each has been refused three times.
    let fill = || {
        let callers: Vec<_> = (0..8)
            .map(|_| {
                let (store, next) = (store.clone(), next.clone());
                tokio::spawn(async move {
                    let (mut acknowledged, mut refused) = (0i64, 0);
                    while refused < 3 {
                        let from = next.fetch_add(1, std::sync::atomic::Ordering::SeqCst);
                        match store.transact(Fill { from, bytes: 2000 }).await {
                            Ok(()) => acknowledged += 1,
                            Err(Stop::Store(Error::DiskFull)) => refused += 1,
                            Err(other) => panic!("{other:?}"),
                        }
                    }
                    acknowledged
                })
            })
            .collect();
        async {
            let mut acknowledged = 0;
            for caller in callers {
                acknowledged += caller.await.unwrap();
            }
            acknowledged
        }
    };
    let first = fill().await;
    assert!(first > 100);
    assert_eq!(count(&store).await, first, "reads go on, and see exactly what was acknowledged");
    std::fs::remove_file(ballast).unwrap();
    let second = fill().await;
    assert!(second > 20, "room again, but only {second} more");
    assert_eq!(count(&store).await, first + second);
    store.close().await;
    println!("\nfilled {}", first + second);
}

#[tokio::test]
async fn a_disk_that_is_really_full() {
    let file = SqliteFile::new();
    let limits = format!(
        "exec unshare --user --map-root-user --mount sh -c 'mount -t tmpfs -o size=6m none {0} || exit 99\nexec \"$0\" \"$@\"' \"$0\" \"$@\"",
        file.dir().display()
    );
    let output = child("sqlite::child_that_fills_a_real_disk", &file.path(), &limits).output().unwrap();
    let told = String::from_utf8_lossy(&output.stdout);
    let complaint = String::from_utf8_lossy(&output.stderr);
    if output.status.code() == Some(99) || complaint.starts_with("unshare:") {
        println!("skipped: no private mounts here");
        return;
    }
    assert!(output.status.success() && told.contains("\nfilled "), "{told}{complaint}");
}

/// A constraint that is looked at only by the COMMIT fails the one Work, not the group.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_deferred_constraint_fails_only_its_own_work() {
    let (_file, store) = open(SqliteOptions::default()).await;
    work! { Orphan {} -> (), |this, tx| tx.put(&ADD_PART, args![id(77)]) }
    let (block, gate) = Block::new(None);
    let mut blocked = Box::pin(store.transact(block));
    assert!(poll_now(&mut blocked).await.is_pending());
    gate.wait();
    let (mut good, mut bad) = (Box::pin(store.transact(Add { n: 1 })), Box::pin(store.transact(Orphan {})));
    assert!(poll_now(&mut good).await.is_pending() && poll_now(&mut bad).await.is_pending());
    gate.open();
    gate.open();
    blocked.await.unwrap();
    good.await.unwrap();
    assert!(matches!(error(bad.await), Error::Constraint { .. }));
    assert_eq!(count(&store).await, 1);
}

/// Commits until writing fails, then looks around. Prints what it was told.
#[tokio::test]
#[ignore = "run by another test, in a process of its own"]
async fn child_that_runs_into_a_failing_write() {
    let path = std::env::var("EVERLINE_TEST_FILE").unwrap();
    let store = Store::open_sqlite(path, SqliteOptions::default()).await.unwrap();
    with_schema(&store).await;
    let mut acknowledged = 0;
    let failure = loop {
        match store.transact(Fill { from: acknowledged, bytes: 2000 }).await {
            Ok(()) => acknowledged += 1,
            Err(stop) => break Error::from(stop),
        }
    };
    assert_eq!(failure, Error::CommitUnknown);
    // From now on nothing is acknowledged; reads go on.
    assert_eq!(error(store.transact(Clear {}).await), Error::Unavailable);
    assert_eq!(error(store.transact(Count {}).await), Error::Unavailable);
    assert_eq!(count(&store).await, i64::try_from(acknowledged).unwrap());
    store.close().await;
    println!("\nacknowledged {acknowledged}");
}

#[tokio::test]
async fn a_failed_commit_stops_acknowledgements() {
    let file = SqliteFile::new();
    // Beyond 1 MiB, a write into any file fails, as on a broken disk.
    let limits = "trap '' XFSZ; ulimit -f 1024";
    let output = child("sqlite::child_that_runs_into_a_failing_write", &file.path(), limits).output().unwrap();
    let told = String::from_utf8_lossy(&output.stdout).into_owned();
    let acknowledged = told.lines().find_map(|line| line.strip_prefix("acknowledged "));
    let acknowledged: i64 =
        acknowledged.unwrap_or_else(|| panic!("{told}{}", String::from_utf8_lossy(&output.stderr))).parse().unwrap();
    assert!(output.status.success() && acknowledged > 10, "{told}");
    // The one whose commit failed may be there or not; nothing that was acknowledged is missing.
    let store = file.open(SqliteOptions::default()).await;
    let found = count(&store).await;
    assert!((acknowledged..=acknowledged + 1).contains(&found), "{acknowledged} acknowledged, {found} found");
    store.transact(Fill { from: 99_999, bytes: 2000 }).await.unwrap();
}

/// The size of the log after 6,400 Works without a pause. Closing leaves one file.
async fn log_after_load(options: SqliteOptions) -> u64 {
    let (file, store) = open(options).await;
    let tasks: Vec<_> = (0..16u64)
        .map(|t| {
            let store = store.clone();
            tokio::spawn(async move {
                for n in 0..400 {
                    store.transact(Fill { from: t * 1000 + n, bytes: 2500 }).await.unwrap();
                }
            })
        })
        .collect();
    for task in tasks {
        task.await.unwrap();
    }
    assert_eq!(count(&store).await, 6400);
    let log = file.dir().join("store.sqlite-wal");
    let size = std::fs::metadata(&log).unwrap().len();
    store.close().await;
    assert!(!log.exists(), "closing leaves one file");
    size
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_log_starts_again_under_load() {
    let never = SqliteOptions { checkpoint_rows: u64::MAX, wal_pages: 1 << 20, ..SqliteOptions::default() };
    let often = SqliteOptions { checkpoint_rows: 100, wal_pages: 500, ..SqliteOptions::default() };
    let valve = SqliteOptions { wal_pages: 500, ..never.clone() };
    let unbounded = log_after_load(never).await;
    for options in [often, valve] {
        let bounded = log_after_load(options).await;
        assert!(bounded * 2 < unbounded, "{bounded} bytes with checkpoints, {unbounded} without");
    }
}
