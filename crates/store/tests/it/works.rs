//! A schema of one table, and small Works on it.

use everline_store::{Error, LostCommit, Migration, Result, Stop, Store, Tx, Work, args, migrate, queries};
use std::convert::Infallible;
use std::pin::Pin;
use std::sync::mpsc;
use std::sync::{Arc, Mutex};
use std::task::Poll;

pub const SCHEMA: &[Migration] = &[Migration {
    version: 1,
    name: "item",
    text: "CREATE TABLE item (id BYTEA PRIMARY KEY, n BIGINT NOT NULL, note TEXT);
           CREATE TABLE part (item_id BYTEA NOT NULL REFERENCES item(id) DEFERRABLE INITIALLY DEFERRED, n BIGINT);",
}];

queries! { ALL;
    pub ADD = "INSERT INTO item (id, n, note) VALUES ($1, $2, $3)";
    pub SET = "UPDATE item SET n = $2 WHERE id = $1";
    pub SET_ALL = "UPDATE item SET n = $1";
    pub SET_IF = "UPDATE item SET n = $3 WHERE id = $1 AND n = $2";
    pub GET = "SELECT n FROM item WHERE id = $1";
    pub GET_ALL = "SELECT id, n, note FROM item ORDER BY n";
    pub LOCK = "SELECT n FROM item WHERE id = $1 FOR UPDATE";
    pub COUNT = "SELECT count(*) FROM item";
    pub CLEAR = "DELETE FROM item";
    pub ADD_PART = "INSERT INTO part (item_id, n) VALUES ($1, 1)";
}

pub fn id(n: u64) -> [u8; 16] {
    let mut id = [7; 16];
    id[8..].copy_from_slice(&n.to_be_bytes());
    id
}

pub async fn with_schema(store: &Store) {
    migrate(store, SCHEMA).await.unwrap();
}

macro_rules! work {
    ($name:ident { $($field:ident : $ty:ty),* } -> $out:ty, |$this:ident, $tx:ident| $body:expr) => {
        #[derive(Clone)]
        pub struct $name { $(pub $field: $ty),* }
        impl Work for $name {
            const NAME: &'static str = stringify!($name);
            type Out = $out;
            type Refusal = Infallible;
            async fn run(&self, $tx: &mut Tx) -> Result<$out, Stop<Infallible>> {
                let $this = self;
                let _ = $this;
                Ok($body)
            }
        }
    };
}
pub(crate) use work;

work! { Add { n: u64 } -> (), |this, tx| tx.put(&ADD, args![id(this.n), 0, "x"]) }
work! { AddNow { n: u64 } -> u64, |this, tx| tx.exec(&ADD, args![id(this.n), 0, "x"]).await? }
work! { Get { n: u64 } -> i64, |this, tx| tx.one::<(i64,)>("item", &GET, args![id(this.n)]).await?.0 }
work! { Count {} -> i64, |this, tx| tx.one::<(i64,)>("count", &COUNT, args![]).await?.0 }
work! { Clear {} -> u64, |this, tx| tx.exec(&CLEAR, args![]).await? }
work! { Increment { n: u64 } -> i64, |this, tx| {
    let (n,): (i64,) = tx.one("item", &LOCK, args![id(this.n)]).await?;
    tx.put(&SET, args![id(this.n), n + 1]);
    n + 1
} }

/// Counts item 0 up, once for each key: a second run returns what the first one stored.
#[derive(Clone)]
pub struct Once {
    pub key: u64,
}

impl Work for Once {
    const NAME: &'static str = "Once";
    type Out = i64;
    type Refusal = Infallible;
    async fn run(&self, tx: &mut Tx) -> Result<i64, Stop<Infallible>> {
        let (n,): (i64,) = tx.one("item", &LOCK, args![id(0)]).await?;
        if let Some((stored,)) = tx.maybe(&GET, args![id(self.key)]).await? {
            return Ok(stored);
        }
        tx.put(&SET, args![id(0), n + 1]);
        tx.put(&ADD, args![id(self.key), n + 1, "once"]);
        Ok(n + 1)
    }
}

/// The same without a lock on a root row: it can only collide with its own first run.
#[derive(Clone)]
pub struct OnceUnlocked {
    pub key: u64,
}

impl Work for OnceUnlocked {
    const NAME: &'static str = "OnceUnlocked";
    type Out = bool;
    type Refusal = Infallible;
    async fn run(&self, tx: &mut Tx) -> Result<bool, Stop<Infallible>> {
        if tx.maybe::<(i64,)>(&GET, args![id(self.key)]).await?.is_some() {
            return Ok(true);
        }
        tx.put(&ADD, args![id(self.key), 1, "once"]);
        Ok(false)
    }
}

/// Not able to tell whether it ran before.
pub struct Reported {
    pub key: u64,
}

impl Work for Reported {
    const NAME: &'static str = "Reported";
    type Out = ();
    type Refusal = Infallible;
    const ON_LOST_COMMIT: LostCommit = LostCommit::Report;
    async fn run(&self, tx: &mut Tx) -> Result<(), Stop<Infallible>> {
        tx.put(&ADD, args![id(self.key), 1, "reported"]);
        Ok(())
    }
}

/// A Work that stands still, without waiting: it blocks its thread until it is let go.
pub struct Block {
    pub add: Option<u64>,
    running: mpsc::SyncSender<()>,
    go: Arc<Mutex<mpsc::Receiver<()>>>,
}

/// The other end of a [`Block`].
pub struct Gate {
    running: mpsc::Receiver<()>,
    go: mpsc::SyncSender<()>,
}

impl Block {
    pub fn new(add: Option<u64>) -> (Self, Gate) {
        let (running, wait_running) = mpsc::sync_channel(8);
        let (go, wait_go) = mpsc::sync_channel(8);
        (Self { add, running, go: Arc::new(Mutex::new(wait_go)) }, Gate { running: wait_running, go })
    }
}

impl Gate {
    /// Returns when the Work runs. Blocks: the test needs more than one thread.
    pub fn wait(&self) {
        self.running.recv().unwrap();
    }

    pub fn open(&self) {
        self.go.send(()).unwrap();
    }
}

impl Work for Block {
    const NAME: &'static str = "Block";
    type Out = (i64, i64);
    type Refusal = Infallible;
    async fn run(&self, tx: &mut Tx) -> Result<(i64, i64), Stop<Infallible>> {
        let (before,): (i64,) = tx.one("count", &COUNT, args![]).await?;
        if let Some(n) = self.add {
            tx.exec(&ADD, args![id(n), 0, "blocked"]).await?;
        }
        // In place: a runtime moves its other tasks away from this thread.
        tokio::task::block_in_place(|| {
            self.running.send(()).unwrap();
            self.go.lock().unwrap().recv().unwrap();
        });
        let (after,): (i64,) = tx.one("count", &COUNT, args![]).await?;
        Ok((before, after))
    }
}

pub async fn count(store: &Store) -> i64 {
    store.read(Count {}).await.unwrap()
}

/// The store's error of a Work that must not have succeeded.
pub fn error<T: std::fmt::Debug, R: std::fmt::Debug>(outcome: Result<T, Stop<R>>) -> Error {
    match outcome {
        Err(Stop::Store(error)) => error,
        other => panic!("expected a store error, got {other:?}"),
    }
}

/// Polls `call` once.
pub async fn poll_now<F: Future>(call: &mut Pin<Box<F>>) -> Poll<F::Output> {
    std::future::poll_fn(|cx| Poll::Ready(call.as_mut().poll(cx))).await
}
