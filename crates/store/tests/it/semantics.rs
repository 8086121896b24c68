//! What holds on both engines.

use crate::works::*;
use everline_store::{
    Cell, Column, Ended, Error, FromRow, Outcome, PostgresOptions, Query, Result, Row, SqliteOptions, Stop, Store, Tx,
    Watch, Work, args, queries,
};
use everline_testing::{each_store, each_store_with};
use std::convert::Infallible;
use std::sync::Arc;

async fn each(test: impl AsyncFn(Store)) {
    each_store(async |store| {
        with_schema(&store).await;
        test(store).await;
    })
    .await;
}

#[tokio::test]
async fn every_statement_prepares() {
    queries! { PREPARE; EXPLAIN = "EXPLAIN SELECT n FROM item WHERE id = $1 FOR UPDATE"; }
    work! { Prepare { n: usize } -> (), |this, tx| {
        // A wrong number of parameters is told only after a statement was prepared.
        let error = tx.exec(ALL[this.n].1, vec![everline_store::Value::Null; 9]).await.unwrap_err();
        assert!(matches!(error, Error::Parameter { .. }), "{}: {error}", ALL[this.n].0);
    } }
    assert!(EXPLAIN.text().contains("FOR UPDATE") && PREPARE.len() == 1);
    each(async |store| {
        for n in 0..ALL.len() {
            assert!(matches!(error(store.transact(Prepare { n }).await), Error::Parameter { .. }));
        }
    })
    .await;
}

#[tokio::test]
async fn what_is_committed_is_read() {
    each(async |store| {
        store.transact(Add { n: 1 }).await.unwrap();
        assert_eq!(store.transact(AddNow { n: 2 }).await.unwrap(), 1);
        assert_eq!(store.transact(Increment { n: 2 }).await.unwrap(), 1);
        assert_eq!((count(&store).await, store.read(Get { n: 2 }).await.unwrap()), (2, 1));
        assert_eq!(error(store.read(Get { n: 3 }).await), Error::NotFound { what: "item" });
    })
    .await;
}

#[tokio::test]
async fn what_is_asked_together_is_answered_apart() {
    queries! { TOGETHER;
        NUMBER = "SELECT n FROM item WHERE id = $1";
        TEXT = "SELECT id, n FROM item WHERE n >= $1 ORDER BY n";
        LOCKED = "SELECT n FROM item WHERE id = $1 FOR UPDATE";
        NONSENSE = "SELECT id FROM item WHERE n >= $1";
    }
    work! { Several {} -> (Vec<i64>, Vec<Vec<i64>>, Vec<Vec<Vec<i64>>>, usize), |this, tx| {
        let number = |n: u64| Query::<(i64,)>::new(&NUMBER, args![id(n)]).map(|row| row.0);
        let all = Query::<([u8; 16], i64)>::new(&TEXT, args![1]).map(|row| row.1);
        let many = (1..4).map(number).collect::<Vec<_>>();
        let nested = vec![vec![number(2)], Vec::new(), vec![number(9), number(1)]];
        let (all, (many, nested)) = tx.together((all, (many, nested))).await?;
        let none = tx.together(Vec::<Query<i64>>::new()).await?.len();
        (all, many, nested, none)
    } }
    work! { Written {} -> Vec<Vec<i64>>, |this, tx| {
        let number = |n: u64| Query::<(i64,)>::new(&NUMBER, args![id(n)]).map(|row| row.0);
        tx.put(&SET, args![id(2), 7]);
        let locked = Query::<(i64,)>::new(&LOCKED, args![id(2)]).map(|row| row.0);
        tx.together(vec![locked, number(1)]).await?
    } }
    work! { Wrong {} -> bool, |this, tx| {
        let nonsense = Query::<(i64,)>::new(&NONSENSE, args![1]).map(|row| row.0);
        let error = tx.together((nonsense, Query::<(i64,)>::new(&NUMBER, args![id(1)]))).await.map(|_| ());
        // The first error ends it.
        let after = tx.all::<(i64,)>(&NUMBER, args![id(1)]).await;
        matches!(error, Err(Error::Decode { .. })) && after == Err(Error::Poisoned)
    } }
    work! { Locks {} -> (), |this, tx| {
        let first = Query::<(i64,)>::new(&NUMBER, args![id(1)]);
        tx.together((first, Query::<(i64,)>::new(&LOCKED, args![id(1)]))).await?;
    } }
    assert_eq!(TOGETHER.len(), 4);
    each(async |store| {
        for n in 1..4 {
            store.transact(AddNow { n }).await.unwrap();
            store.transact(Increment { n }).await.unwrap();
        }
        let (all, many, nested, none) = store.read(Several {}).await.unwrap();
        assert_eq!((all.len(), many, none), (3, vec![vec![all[0]]; 3], 0));
        assert_eq!(nested, [vec![vec![all[0]]], vec![], vec![vec![], vec![all[0]]]]);
        assert_eq!(store.transact(Written {}).await.unwrap(), [vec![7], vec![all[0]]], "what was put is there");
        assert!(matches!(error(store.read(Wrong {}).await), Error::Decode { .. }));
        assert_eq!(error(store.read(Locks {}).await), Error::ReadOnly);
    })
    .await;
}

struct Refuses {
    swallow: bool,
}
impl Work for Refuses {
    const NAME: &'static str = "Refuses";
    type Out = ();
    type Refusal = &'static str;
    async fn run(&self, tx: &mut Tx) -> Result<(), Stop<&'static str>> {
        tx.put(&ADD, args![id(5), 1, "x"]);
        tx.exec(&ADD, args![id(6), 1, "x"]).await?;
        if self.swallow {
            tx.put(&ADD, args![id(6), 1, "x"]);
            assert!(matches!(tx.flush().await, Err(Error::Conflict { .. })));
        }
        Err(Stop::Refused("exists already"))
    }
}

#[tokio::test]
async fn a_refusal_rolls_back_and_is_handed_out() {
    each(async |store| {
        for swallow in [false, true] {
            assert_eq!(store.transact(Refuses { swallow }).await, Err(Stop::Refused("exists already")));
        }
        assert_eq!(count(&store).await, 0);
    })
    .await;
}

#[derive(Clone, Copy)]
enum Swallow {
    Exec,
    Flush,
    Query,
    TooMany,
    Decode,
}
struct Swallows(Swallow);
queries! { BAD; MISSING_TABLE = "SELECT n FROM missing"; BAD_CAST = "SELECT CAST('x' AS BYTEA) AS odd FROM item"; }

impl Work for Swallows {
    const NAME: &'static str = "Swallows";
    type Out = ();
    type Refusal = Infallible;
    async fn run(&self, tx: &mut Tx) -> Result<(), Stop<Infallible>> {
        tx.exec(&ADD, args![id(10), 1, "x"]).await?;
        tx.exec(&ADD, args![id(11), 2, "x"]).await?;
        let swallowed = match self.0 {
            Swallow::Exec => tx.exec(&ADD, args![id(10), 1, "x"]).await.is_err(),
            Swallow::Flush => {
                tx.put(&ADD, args![id(10), 1, "x"]);
                tx.flush().await.is_err()
            }
            Swallow::Query => tx.all::<(i64,)>(&MISSING_TABLE, args![]).await.is_err(),
            Swallow::TooMany => tx.exec_one(&SET_ALL, args![3]).await.is_err(),
            Swallow::Decode => tx.all::<(String,)>(&GET, args![id(10)]).await.is_err(),
        };
        assert!(swallowed);
        assert_eq!(tx.exec(&ADD, args![id(12), 1, "x"]).await, Err(Error::Poisoned));
        assert_eq!(tx.all::<(i64,)>(&COUNT, args![]).await, Err(Error::Poisoned));
        tx.put(&ADD, args![id(13), 1, "x"]);
        Ok(())
    }
}

#[tokio::test]
async fn a_swallowed_error_is_not_acknowledged() {
    each(async |store| {
        let conflict = |e: &Error| matches!(e, Error::Conflict { constraint: Some(_) });
        assert!(conflict(&error(store.transact(Swallows(Swallow::Exec)).await)));
        assert!(conflict(&error(store.transact(Swallows(Swallow::Flush)).await)));
        assert!(matches!(error(store.transact(Swallows(Swallow::Query)).await), Error::Database(_)));
        assert_eq!(error(store.transact(Swallows(Swallow::TooMany)).await), Error::TooManyRows { rows: 2 });
        assert!(matches!(error(store.transact(Swallows(Swallow::Decode)).await), Error::Decode { .. }));
        assert_eq!(count(&store).await, 0);
        store.transact(Add { n: 10 }).await.unwrap();
    })
    .await;
    assert_eq!(BAD.len(), 2);
    assert!(BAD_CAST.text().contains("odd"));
}

#[tokio::test]
async fn a_taken_key_is_a_conflict_also_with_the_commit() {
    each(async |store| {
        store.transact(Add { n: 1 }).await.unwrap();
        let Error::Conflict { constraint: Some(name) } = error(store.transact(Add { n: 1 }).await) else { panic!() };
        assert!(name.contains("item"), "{name}");
        assert!(matches!(error(store.transact(AddNow { n: 1 }).await), Error::Conflict { .. }));
        work! { NoNumber {} -> (), |this, tx| tx.put(&ADD, args![id(2), None::<i64>, "secret"]) }
        let told = error(store.transact(NoNumber {}).await);
        assert!(matches!(told, Error::Constraint { .. }) && !format!("{told:?} {told}").contains("secret"), "{told:?}");
        assert_eq!(count(&store).await, 1);
    })
    .await;
}

work! { Panics { quiet: bool } -> (), |this, tx| {
    tx.exec(&ADD, args![id(20), 1, "x"]).await?;
    tx.put(&ADD, args![id(21), 1, "x"]);
    assert!(this.quiet, "on purpose");
} }

#[tokio::test]
async fn a_panic_is_caught_and_rolled_back() {
    each(async |store| {
        assert_eq!(error(store.transact(Panics { quiet: false }).await), Error::Panicked { work: "Panics" });
        assert_eq!(count(&store).await, 0);
        store.transact(Add { n: 20 }).await.unwrap();
    })
    .await;
}

work! { Waits {} -> (), |this, tx| {
    tx.exec(&ADD, args![id(22), 1, "x"]).await?;
    tokio::task::yield_now().await;
} }
work! { WaitsFirst {} -> (), |this, tx| {
    std::future::pending::<()>().await;
    tx.put(&ADD, args![id(22), 1, "x"]);
} }

#[tokio::test]
async fn awaiting_anything_else_is_refused() {
    each(async |store| {
        assert_eq!(error(store.transact(Waits {}).await), Error::AwaitedOther { work: "Waits" });
        assert_eq!(error(store.transact(WaitsFirst {}).await), Error::AwaitedOther { work: "WaitsFirst" });
        assert_eq!(count(&store).await, 0);
        store.transact(Add { n: 22 }).await.unwrap();
    })
    .await;
}

#[tokio::test]
async fn a_commit_happens_without_its_caller() {
    each(async |store| {
        for n in 0..20 {
            let mut call = Box::pin(store.transact(Add { n }));
            let _ = poll_now(&mut call).await;
            drop(call);
        }
        while count(&store).await < 20 {
            tokio::task::yield_now().await;
        }
    })
    .await;
}

struct Negative(#[expect(dead_code, reason = "only decoded")] i64);
impl Column for Negative {
    fn column(cell: Cell<'_>) -> Option<Self> {
        i64::column(cell).filter(|n| *n < 0).map(Negative)
    }
}
struct Everything {
    id: [u8; 16],
    n: i64,
    note: Option<String>,
}
impl FromRow for Everything {
    fn from_row(row: &Row<'_>) -> Result<Self> {
        Ok(Self { id: row.get(0)?, n: row.get(1)?, note: row.get(2)? })
    }
}

struct Reads<T>(std::marker::PhantomData<fn() -> T>);
impl<T: FromRow + Send + 'static> Work for Reads<T> {
    const NAME: &'static str = "Reads";
    type Out = Vec<T>;
    type Refusal = Infallible;
    async fn run(&self, tx: &mut Tx) -> Result<Vec<T>, Stop<Infallible>> {
        Ok(tx.all(&GET_ALL, args![]).await?)
    }
}

async fn decode<T: FromRow + Send + 'static>(store: &Store) -> (String, &'static str) {
    match store.read(Reads::<T>(std::marker::PhantomData)).await {
        Err(Stop::Store(Error::Decode { column, found, .. })) => (column, found),
        Err(other) => panic!("{other:?}"),
        Ok(_) => panic!("decoded"),
    }
}

#[tokio::test]
async fn a_wrong_type_is_an_error_that_names_the_column() {
    each(async |store| {
        work! { AddNull {} -> (), |this, tx| tx.put(&ADD, args![id(1), 7, None::<String>]) }
        store.transact(AddNull {}).await.unwrap();
        assert_eq!(decode::<(String,)>(&store).await, ("id".to_owned(), "blob"));
        assert_eq!(decode::<([u8; 15],)>(&store).await, ("id".to_owned(), "blob"));
        assert_eq!(decode::<([u8; 16], Vec<u8>)>(&store).await, ("n".to_owned(), "int"));
        assert_eq!(decode::<([u8; 16], bool)>(&store).await, ("n".to_owned(), "int"));
        assert_eq!(decode::<([u8; 16], Negative)>(&store).await, ("n".to_owned(), "int"));
        assert_eq!(decode::<([u8; 16], i64, String)>(&store).await, ("note".to_owned(), "null"));
        assert_eq!(decode::<([u8; 16], i64, Option<i64>, i64)>(&store).await, ("3".to_owned(), "no such column"));
        let row = store.read(Reads::<Everything>(std::marker::PhantomData)).await.unwrap().pop().unwrap();
        assert_eq!((row.id, row.n, row.note), (id(1), 7, None));
    })
    .await;
}

#[tokio::test]
async fn values_come_back_as_they_went() {
    each(async |store| {
        work! { Store3 {} -> (), |this, tx| {
            tx.put(&ADD, args![vec![0u8, 1, 255], i64::MIN, ""]);
            tx.put(&ADD, args![Vec::<u8>::new(), i64::MAX, "续费 ✓ '\"; --"]);
            tx.put(&ADD, args![[9u8; 32], 0, None::<&str>]);
        } }
        store.transact(Store3 {}).await.unwrap();
        let rows: Vec<(Vec<u8>, i64, Option<String>)> = store.read(Reads(std::marker::PhantomData)).await.unwrap();
        let expected = vec![
            (vec![0, 1, 255], i64::MIN, Some(String::new())),
            (vec![9; 32], 0, None),
            (vec![], i64::MAX, Some("续费 ✓ '\"; --".to_owned())),
        ];
        assert_eq!(rows, expected);
    })
    .await;
}

#[tokio::test]
async fn a_bad_parameter_commits_nothing_of_its_work() {
    each(async |store| {
        work! { TooFew {} -> (), |this, tx| {
            tx.put(&ADD, args![id(1), 1, "x"]);
            tx.put(&ADD, args![id(2), 1]);
            tx.put(&ADD, args![id(3), 1, "x"]);
        } }
        assert!(matches!(error(store.transact(TooFew {}).await), Error::Parameter { .. }));
        work! { WrongKind {} -> (), |this, tx| {
            tx.put(&ADD, args![id(1), 1, "x"]);
            tx.put(&ADD, args![id(2), vec![1i64], "x"]);
            tx.put(&ADD, args![id(3), 1, "x"]);
        } }
        assert!(matches!(error(store.transact(WrongKind {}).await), Error::Parameter { .. }));
        work! { WithNul {} -> (), |this, tx| {
            tx.put(&ADD, args![id(1), 1, "x"]);
            tx.put(&ADD, args![id(2), 1, "x\0y"]);
        } }
        assert!(matches!(error(store.transact(WithNul {}).await), Error::Parameter { .. }));
        assert_eq!(count(&store).await, 0);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn concurrent_increments_of_one_row_all_count() {
    each(async |store| {
        store.transact(Add { n: 1 }).await.unwrap();
        let tasks: Vec<_> = (0..200)
            .map(|_| store.clone())
            .map(|s| tokio::spawn(async move { s.transact(Increment { n: 1 }).await.unwrap() }))
            .collect();
        let mut seen = Vec::new();
        for task in tasks {
            seen.push(task.await.unwrap());
        }
        seen.sort_unstable();
        assert_eq!(seen, (1..=200).collect::<Vec<_>>());
        assert_eq!(store.read(Get { n: 1 }).await.unwrap(), 200);
    })
    .await;
}

#[tokio::test]
async fn compare_and_set_tells_whether_it_did() {
    each(async |store| {
        store.transact(Add { n: 1 }).await.unwrap();
        work! { SetIf { from: i64, to: i64 } -> bool, |this, tx| tx.exec_one(&SET_IF, args![id(1), this.from, this.to]).await? }
        assert!(store.transact(SetIf { from: 0, to: 1 }).await.unwrap());
        assert!(!store.transact(SetIf { from: 0, to: 2 }).await.unwrap());
        assert_eq!(store.read(Get { n: 1 }).await.unwrap(), 1);
    })
    .await;
}

#[tokio::test]
async fn one_and_maybe_count_their_rows() {
    each(async |store| {
        store.transact(Add { n: 1 }).await.unwrap();
        store.transact(Add { n: 2 }).await.unwrap();
        work! { Many {} -> (), |this, tx| { tx.maybe::<([u8; 16],)>(&GET_ALL, args![]).await?; } }
        assert_eq!(error(store.read(Many {}).await), Error::TooManyRows { rows: 2 });
        work! { Missing {} -> i64, |this, tx| {
            assert_eq!(tx.one::<(i64,)>("item", &GET, args![id(3)]).await, Err(Error::NotFound { what: "item" }));
            tx.one::<(i64,)>("count", &COUNT, args![]).await?.0
        } }
        assert_eq!(store.read(Missing {}).await.unwrap(), 2, "a missing row does not end the transaction");
    })
    .await;
}

#[tokio::test]
async fn a_read_neither_writes_nor_locks() {
    each(async |store| {
        work! { Locks {} -> (), |this, tx| { tx.all::<(i64,)>(&LOCK, args![id(1)]).await?; } }
        assert_eq!(error(store.read(Add { n: 1 }).await), Error::ReadOnly);
        assert_eq!(error(store.read(AddNow { n: 1 }).await), Error::ReadOnly);
        assert_eq!(error(store.read(Locks {}).await), Error::ReadOnly);
        queries! { RETURNING; ADD_RETURNING = "INSERT INTO item (id, n) VALUES ($1, 1) RETURNING n"; }
        work! { Returns {} -> (), |this, tx| { tx.all::<(i64,)>(&ADD_RETURNING, args![id(1)]).await?; } }
        assert_eq!(error(store.read(Returns {}).await), Error::ReadOnly);
        assert_eq!(RETURNING.len(), 1);
        assert_eq!(count(&store).await, 0);
        store.transact(Returns {}).await.unwrap();
        assert_eq!(count(&store).await, 1);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_read_sees_one_snapshot() {
    each(async |store| {
        let (block, gate) = Block::new(None);
        let reader = tokio::spawn({
            let store = store.clone();
            async move { store.read(block).await }
        });
        tokio::task::block_in_place(|| gate.wait());
        store.transact(Add { n: 1 }).await.unwrap();
        assert_eq!(count(&store).await, 1);
        gate.open();
        assert_eq!(reader.await.unwrap().unwrap(), (0, 0));
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn too_much_at_once_is_refused_not_queued_for_ever() {
    let sqlite = SqliteOptions { queue: 1, ..SqliteOptions::default() };
    // On PostgreSQL the running Work counts too.
    let postgres = PostgresOptions { queue: 2, ..PostgresOptions::default() };
    each_store_with(sqlite, postgres, async |store| {
        with_schema(&store).await;
        let (block, gate) = Block::new(Some(1));
        let blocked = tokio::spawn({
            let store = store.clone();
            async move { store.transact(block).await }
        });
        tokio::task::block_in_place(|| gate.wait());
        let (again, second_gate) = Block::new(Some(2));
        let mut second = Box::pin(store.transact(again));
        assert!(poll_now(&mut second).await.is_pending(), "one may wait");
        assert_eq!(error(store.transact(Count {}).await), Error::Busy);
        gate.open();
        second_gate.open();
        blocked.await.unwrap().unwrap();
        second.await.unwrap();
        assert_eq!(store.transact(Count {}).await.unwrap(), 2);
    })
    .await;
}

#[tokio::test]
async fn a_closed_store_finishes_what_it_has_and_takes_no_more() {
    each(async |store| {
        let mut calls: Vec<_> = (0..50).map(|n| Box::pin(store.transact(Add { n }))).collect();
        let mut answers = Vec::new();
        for call in &mut calls {
            answers.push(poll_now(call).await);
        }
        store.close().await;
        for (call, answer) in calls.into_iter().zip(answers) {
            match answer {
                std::task::Poll::Ready(answer) => answer.unwrap(),
                std::task::Poll::Pending => call.await.unwrap(),
            }
        }
        assert_eq!(error(store.transact(Add { n: 99 }).await), Error::Closed);
        assert_eq!(error(store.read(Count {}).await), Error::Closed);
        store.close().await;
    })
    .await;
}

#[tokio::test]
async fn whoever_watches_is_told_how_works_end() {
    each(async |store| {
        let (told, now) = (Arc::new(std::sync::Mutex::new(Vec::new())), std::sync::atomic::AtomicI64::new(0));
        let book = told.clone();
        let watch = Watch {
            now_us: Box::new(move || now.fetch_add(5, std::sync::atomic::Ordering::Relaxed)),
            ended: Box::new(move |ended| book.lock().unwrap().push(ended)),
        };
        let watched = store.clone().watched(watch);
        watched.transact(Add { n: 1 }).await.unwrap();
        watched.transact(Add { n: 1 }).await.unwrap_err();
        watched.read(Count {}).await.unwrap();
        store.read(Count {}).await.unwrap();
        let told: Vec<_> = told.lock().unwrap().iter().map(|ended: &Ended| (ended.outcome, ended.took_us)).collect();
        assert_eq!(told, [(Outcome::Done, 5), (Outcome::Failed, 5), (Outcome::Done, 5)]);
    })
    .await;
}
