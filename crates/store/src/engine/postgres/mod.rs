//! PostgreSQL: two pools, READ COMMITTED with row locks, and the runs that deadlocks and lost connections make
//! necessary.

pub(crate) mod merge;
mod pipeline;
pub(crate) mod tx;

use crate::engine::error::{self, Error, Result, Stop};
use crate::engine::tx::{Driver, Tx};
use crate::engine::work::{self, LostCommit, Work};
use deadpool_postgres::{Manager, ManagerConfig, Object, Pool, PoolError, RecyclingMethod, Runtime, Timeouts};
use merge::Merger;
use std::hash::BuildHasher;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, TryAcquireError, oneshot};
use tokio_postgres::NoTls;
use tx::PgTx;

/// Sizes and limits for PostgreSQL.
#[derive(Debug, Clone)]
pub struct PostgresOptions {
    /// Connections for [`transact`](crate::Store::transact). More are not faster: 64 were far slower than 8.
    pub writers: usize,
    /// Connections for [`read`](crate::Store::read).
    pub readers: usize,
    /// Works that may wait or run, each for writing and for reading; more are answered [`Error::Busy`].
    pub queue: usize,
    /// The server cancels a statement after this, lock waits included.
    pub statement_timeout_ms: u32,
    /// How long a Work waits for a free connection before [`Error::Busy`].
    pub wait_ms_max: u64,
    /// For how long lost connections are tried again before [`Error::Unavailable`].
    pub reconnect_ms_max: u64,
    /// Runs of one Work that deadlocks.
    pub runs_max: u32,
}

impl Default for PostgresOptions {
    fn default() -> Self {
        Self {
            writers: 4 * std::thread::available_parallelism().map_or(2, usize::from),
            readers: 4,
            queue: 4096,
            statement_timeout_ms: 30_000,
            wait_ms_max: 10_000,
            reconnect_ms_max: 5_000,
            runs_max: 12,
        }
    }
}

const BEGIN: &str = "BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE";
const BEGIN_READ: &str = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY";

/// Connections, and who may use them.
struct Lane {
    pool: Pool,
    begin: &'static str,
    admitted: Arc<Semaphore>,
    merger: Arc<Merger>,
}

impl Lane {
    fn admit(&self) -> Result<OwnedSemaphorePermit> {
        self.admitted.clone().try_acquire_owned().map_err(|e| match e {
            TryAcquireError::NoPermits => Error::Busy,
            TryAcquireError::Closed => Error::Closed,
        })
    }

    async fn connection(&self) -> Result<Object> {
        self.pool.get().await.map_err(|e| match e {
            PoolError::Backend(e) => error::postgres(e),
            PoolError::Timeout(deadpool_postgres::TimeoutType::Wait) => Error::Busy,
            PoolError::Timeout(_) => Error::Unavailable,
            PoolError::Closed => Error::Closed,
            PoolError::NoRuntimeSpecified | PoolError::PostCreateHook(_) => Error::Database("pool".to_owned()),
        })
    }

    async fn begin(&self, read_only: bool) -> Result<Tx> {
        let conn = self.connection().await?;
        Ok(Tx::new(Driver::Postgres(PgTx::new(conn, self.begin, self.merger.clone())), read_only))
    }
}

/// A PostgreSQL database.
pub(crate) struct Postgres {
    writers: Lane,
    readers: Lane,
    options: PostgresOptions,
}

impl Postgres {
    pub(crate) async fn open(config: &str, options: PostgresOptions) -> Result<Self> {
        let mut config: tokio_postgres::Config =
            config.parse().map_err(|e: tokio_postgres::Error| Error::Configuration(e.to_string()))?;
        limit(&mut config, &options);
        let lane = |size: usize, begin| -> Result<Lane> {
            let manager =
                Manager::from_config(config.clone(), NoTls, ManagerConfig { recycling_method: RecyclingMethod::Fast });
            let connect = Some(Duration::from_millis(options.reconnect_ms_max.max(1)));
            let timeouts =
                Timeouts { wait: Some(Duration::from_millis(options.wait_ms_max)), create: connect, recycle: connect };
            let pool = Pool::builder(manager).max_size(size.max(1)).runtime(Runtime::Tokio1).timeouts(timeouts).build();
            let pool = pool.map_err(|e| Error::Configuration(e.to_string()))?;
            Ok(Lane { pool, begin, admitted: Arc::new(Semaphore::new(options.queue.max(1))), merger: Arc::default() })
        };
        let this =
            Self { writers: lane(options.writers, BEGIN)?, readers: lane(options.readers, BEGIN_READ)?, options };
        this.check_settings().await?;
        Ok(this)
    }

    /// Refuses a server on which an acknowledged commit may be lost in a crash.
    async fn check_settings(&self) -> Result<()> {
        let mut pace = Pace::new(&self.options);
        let conn = loop {
            match self.writers.connection().await {
                Err(Error::Unavailable) if pace.again(&Error::Unavailable).await => {}
                done => break done?,
            }
        };
        let row = conn.query_one("SELECT current_setting('synchronous_commit')", &[]).await.map_err(error::postgres)?;
        match row.try_get::<_, &str>(0) {
            Ok("off") => Err(Error::Configuration("synchronous_commit is off: commits could be lost".to_owned())),
            _ => Ok(()),
        }
    }

    /// The Work runs in a task of its own, so that it ends even if the caller does not wait for it.
    pub(crate) async fn transact<W: Work>(self: &Arc<Self>, work: W) -> Result<W::Out, Stop<W::Refusal>> {
        let permit = self.writers.admit()?;
        let (reply, answer) = oneshot::channel();
        let this = self.clone();
        tokio::spawn(async move {
            let out = this.run(&work).await;
            drop(permit);
            let _ = reply.send(out);
        });
        answer.await.unwrap_or(Err(Stop::Store(Error::CommitUnknown)))
    }

    async fn run<W: Work>(&self, work: &W) -> Result<W::Out, Stop<W::Refusal>> {
        let (mut pace, mut lost) = (Pace::new(&self.options), false);
        loop {
            let error = match self.run_once(work).await {
                Err(Stop::Store(error)) => error,
                done => return done,
            };
            if error == Error::CommitUnknown {
                lost = true;
            }
            let again = match &error {
                Error::CommitUnknown => W::ON_LOST_COMMIT == LostCommit::RunAgain,
                Error::Retry | Error::Unavailable => true,
                // The lost commit was still going on when the next run looked for what it stored.
                Error::Conflict { .. } => lost,
                _ => false,
            };
            if !again || !pace.again(&error).await {
                let told = if lost && !matches!(error, Error::NotFound { .. }) { Error::CommitUnknown } else { error };
                return Err(Stop::Store(told));
            }
        }
    }

    async fn run_once<W: Work>(&self, work: &W) -> Result<W::Out, Stop<W::Refusal>> {
        let mut tx = self.writers.begin(false).await?;
        let out = work::attempt(work, &mut tx).await;
        let ended = end(&mut tx, out.is_ok()).await;
        out.and_then(|out| ended.map(|()| out).map_err(Stop::Store))
    }

    pub(crate) async fn read<W: Work>(self: &Arc<Self>, work: W) -> Result<W::Out, Stop<W::Refusal>> {
        let permit = self.readers.admit()?;
        let (reply, answer) = oneshot::channel();
        let this = self.clone();
        tokio::spawn(async move {
            let mut pace = Pace::new(&this.options);
            loop {
                let (out, tx) = match this.readers.begin(true).await {
                    Ok(mut tx) => (work::attempt(&work, &mut tx).await, Some(tx)),
                    Err(error) => (Err(Stop::Store(error)), None),
                };
                if let Err(Stop::Store(error @ (Error::Retry | Error::Unavailable))) = &out
                    && pace.again(error).await
                {
                    continue;
                }
                let _ = reply.send(out);
                if let Some(mut tx) = tx {
                    let _ = end(&mut tx, false).await;
                }
                break drop(permit);
            }
        });
        answer.await.unwrap_or(Err(Stop::Store(Error::Unavailable)))
    }

    /// Takes no more Works, waits for those under way, and closes the connections.
    pub(crate) async fn close(&self) {
        for lane in [&self.writers, &self.readers] {
            let all = u32::try_from(self.options.queue.max(1)).unwrap_or(u32::MAX);
            if let Ok(permits) = lane.admitted.acquire_many(all).await {
                permits.forget();
            }
            lane.admitted.close();
            lane.pool.close();
        }
    }
}

/// Sets the limits that keep a stuck node, server or network from holding locks or callers for ever; and that a statement is
/// planned once: planning one with many tables costs more than running it, and whether the server plans it anew each time
/// would hang on its statistics of the day. Ours look rows up by keys, whatever their parameters.
fn limit(config: &mut tokio_postgres::Config, options: &PostgresOptions) {
    let timeout_ms = options.statement_timeout_ms;
    // Last, so that it wins over what the operator's string says.
    let set = format!(
        "{} -c statement_timeout={timeout_ms} -c idle_in_transaction_session_timeout={timeout_ms} \
         -c plan_cache_mode=force_generic_plan -c jit=off",
        config.get_options().unwrap_or_default()
    );
    config.options(set.trim());
    config.keepalives_idle(Duration::from_secs(30)).keepalives_interval(Duration::from_secs(10)).keepalives_retries(3);
    config.tcp_user_timeout(Duration::from_secs(60));
    if config.get_application_name().is_none() {
        config.application_name("everline");
    }
}

/// Commits, or rolls back.
async fn end(tx: &mut Tx, commit: bool) -> Result<()> {
    let batch = std::mem::take(&mut tx.pending);
    let Driver::Postgres(pg) = &mut tx.driver else { return Err(Error::Poisoned) };
    let mut done = Ok(());
    if commit {
        done = pg.commit(&batch).await;
    }
    if !commit || done.is_err() {
        pg.rollback().await;
    }
    done
}

/// When to run a Work again, and when to give up.
struct Pace<'a> {
    options: &'a PostgresOptions,
    runs: u32,
    reconnects: u32,
    slept_ms: u64,
}

impl<'a> Pace<'a> {
    fn new(options: &'a PostgresOptions) -> Self {
        Self { options, runs: 1, reconnects: 0, slept_ms: 0 }
    }

    /// Waits a little and says whether to run again after `error`.
    async fn again(&mut self, error: &Error) -> bool {
        if matches!(error, Error::Retry | Error::Conflict { .. }) {
            self.runs += 1;
            let pause_us = jittered(200 << self.runs.min(9));
            tokio::time::sleep(Duration::from_micros(pause_us)).await;
            return self.runs <= self.options.runs_max;
        }
        // A pooled connection may have died long ago: the first new one is tried at once.
        let pause_ms = if self.reconnects == 0 { 0 } else { jittered(10 << self.reconnects.min(5)) };
        self.reconnects += 1;
        self.slept_ms += pause_ms;
        tokio::time::sleep(Duration::from_millis(pause_ms)).await;
        self.slept_ms <= self.options.reconnect_ms_max
    }
}

/// Between half and the whole of `pause`, so that those who collided do not collide again.
fn jittered(pause: u64) -> u64 {
    let random = std::hash::RandomState::new().hash_one(pause);
    pause / 2 + random % (pause / 2 + 1)
}
