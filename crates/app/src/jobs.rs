//! The runner of jobs: leases what is due, runs it outside any transaction, settles it by compare-and-set.

use crate::provision::{Telling, activate_upstream, tell_network};
use crate::support::Failed;
use crate::{App, Problem};
use crate::{
    account_news, auto_renew_try, close_payment, dispute, hand_over, identity, ownership, query_payment,
    reconciliation, recovery, refund_payment, saved_methods, send_message,
};
use everline_core::effects::Job;
use everline_core::ids::JobId;
use everline_core::time::{BusinessTime, MINUTE_US, SECOND_US, SystemTime};
use everline_store::tables::job::{self, Leased, Taken};
use everline_store::{Error, Stop, Tx, Work};
use futures_util::future::join_all;
use std::collections::HashMap;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;
use tokio::task::JoinSet;

/// How long a job may run before another node takes it over, unless a [`Runner`] says otherwise.
pub const LEASE_US: i64 = 2 * MINUTE_US;
/// A job that fails so often in a row, for more than an hour, is a case. It goes on.
const FAILS_MAX: i64 = 24;
/// Most jobs in flight at once.
const BATCH: i64 = 64;

/// How a run of a job ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Done {
    /// There is nothing more to do.
    Finished,
    /// It must run again.
    Again {
        /// When.
        at: SystemTime,
        /// Why, for people; never personal data.
        why: &'static str,
        /// Whether something went wrong, or what it waits for only did not come.
        failed: bool,
    },
    /// It gave up; people see it.
    GaveUp(&'static str),
}

impl Done {
    /// Again after 1, 2, 4 … seconds, at most 5 minutes: it never gives up, because money or service waits for it.
    pub(crate) fn retry(app: &App, run: i64, why: &'static str) -> Self {
        let doublings = u32::try_from(run.clamp(1, 20) - 1).unwrap_or(0);
        let wait = SECOND_US.saturating_mul(1 << doublings).min(5 * MINUTE_US);
        Done::Again { at: app.clock.now().system.plus_us(wait), why, failed: true }
    }
}

/// Runs what is due, once; how many jobs ran.
pub async fn run_due(app: &App) -> Result<usize, Problem> {
    let leased = lease(app, LEASE_US, BATCH).await?;
    let count = leased.len();
    join_all(leased.into_iter().map(|leased| run_one(app, leased))).await;
    Ok(count)
}

async fn lease(app: &App, lease_us: i64, limit: i64) -> Result<Vec<Leased>, Problem> {
    let now = app.clock.now().system;
    Ok(app.store.transact(Lease { now, until: now.plus_us(lease_us), limit }).await?)
}

/// How a process runs jobs.
#[derive(Debug, Clone)]
pub struct Runner {
    /// How long a job may run before another node takes it over: longer than the slowest provider may take.
    pub lease_us: i64,
    /// How long jobs that run may go on once the runner is told to stop.
    pub stop_within: Duration,
    /// Where the runner leaves word that it is alive.
    pub pulse: Arc<Pulse>,
}
impl Default for Runner {
    fn default() -> Self {
        Self { lease_us: LEASE_US, stop_within: Duration::from_secs(20), pulse: Arc::default() }
    }
}

/// When a runner last asked for work and got an answer.
#[derive(Debug, Default)]
pub struct Pulse(AtomicI64);
impl Pulse {
    /// The instant; the epoch if there was none.
    #[must_use]
    pub fn last(&self) -> SystemTime {
        SystemTime::from_us(self.0.load(Ordering::Acquire))
    }
    /// Leaves word.
    pub fn beat(&self, now: SystemTime) {
        self.0.store(now.us(), Ordering::Release);
    }
}

/// Runs jobs until the process ends: see [`run_until`].
pub async fn run_forever(app: App) {
    run_until(app, Runner::default(), std::future::pending()).await;
}

/// Runs jobs until `stop`: at once when woken, else at most half a second late. A job that waits for its provider holds up
/// no other. Then it takes no more, lets those that run end, and gives back the leases of those that do not end in time.
pub async fn run_until(app: App, runner: Runner, stop: impl Future<Output = ()>) {
    let mut stop = pin!(stop);
    let mut running = Running::default();
    loop {
        let free = BATCH.saturating_sub(running.count());
        match lease(&app, runner.lease_us, free).await {
            Ok(leased) => {
                runner.pulse.beat(app.clock.now().system);
                leased.into_iter().for_each(|leased| running.start(&app, leased));
            }
            Err(problem) => tracing::error!(%problem, "jobs cannot be leased"),
        }
        let pause = tokio::time::sleep(Duration::from_millis(500));
        tokio::select! {
            () = app.wake.notified() => {}
            () = pause => {}
            () = running.one_ends() => {}
            () = &mut stop => break,
        }
        while running.count() >= BATCH {
            tokio::select! {
                () = running.one_ends() => {}
                () = &mut stop => return running.stop(&app, runner.stop_within).await,
            }
        }
    }
    running.stop(&app, runner.stop_within).await;
}

/// The jobs that a runner has under way, with their leases.
#[derive(Default)]
struct Running {
    tasks: JoinSet<()>,
    leases: HashMap<tokio::task::Id, (JobId, i64)>,
}
impl Running {
    fn count(&self) -> i64 {
        i64::try_from(self.tasks.len()).unwrap_or(i64::MAX)
    }
    fn start(&mut self, app: &App, leased: Leased) {
        let (app, lease) = (app.clone(), (leased.id, leased.run));
        let task = self.tasks.spawn(async move {
            run_one(&app, leased).await;
        });
        self.leases.insert(task.id(), lease);
    }
    /// Waits for one to end; for ever if there is none.
    async fn one_ends(&mut self) {
        match self.tasks.join_next_with_id().await {
            Some(Ok((id, ()))) => self.leases.remove(&id),
            Some(Err(error)) => self.leases.remove(&error.id()),
            None => std::future::pending().await,
        };
    }
    async fn stop(mut self, app: &App, within: Duration) {
        let all = async {
            while !self.tasks.is_empty() {
                self.one_ends().await;
            }
        };
        if tokio::time::timeout(within, all).await.is_ok() {
            return;
        }
        self.tasks.abort_all();
        tracing::warn!(jobs = self.leases.len(), "jobs did not end in time; their leases are given back");
        let now = app.clock.now().system;
        for (id, run) in self.leases.into_values() {
            if let Err(problem) = app.store.transact(Release { id, run, now }).await {
                tracing::warn!(job = %id, error = ?problem, "a lease could not be given back; it will run out");
            }
        }
    }
}

async fn run_one(app: &App, leased: Leased) -> Done {
    let (id, run, failures) = (leased.id, leased.run, leased.failures);
    let (ended, failed) = match leased.job() {
        Ok(job) => match run_job(app, id, &job, run).await {
            Ok(done @ Done::GaveUp(_)) => (done, Some(Failed::of(&job))),
            Ok(done) => (done, None),
            Err(problem) => {
                tracing::warn!(job = job.word(), %problem, "a job failed and will run again");
                let often = (failures + 1 >= FAILS_MAX).then(|| Failed::of(&job));
                (Done::retry(app, run, problem.word()), often)
            }
        },
        Err(error) => {
            tracing::error!(job = %id, %error, "a job cannot be read");
            (Done::GaveUp("it cannot be read"), Some(Failed::unread(id)))
        }
    };
    let at = app.clock.now().business;
    if let Err(problem) = app.store.transact(Settle { id, run, ended, failed, at }).await {
        tracing::warn!(job = %id, error = ?problem, "a job could not be settled; its lease will run out");
    }
    ended
}

/// What running one job at once came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Ran {
    /// It ran, and ended so.
    Ended(Done),
    /// Somebody runs it at this moment.
    Running,
    /// There is none.
    Gone,
}

/// Runs one job now, unless somebody does: under a lease, as the runner would. Not for jobs whose order matters.
pub(crate) async fn run_now(app: &App, id: JobId) -> Result<Ran, Problem> {
    let now = app.clock.now().system;
    Ok(match app.store.transact(Take { id, now, until: now.plus_us(LEASE_US) }).await? {
        Taken::Leased(leased) => Ran::Ended(run_one(app, leased).await),
        Taken::Running => Ran::Running,
        Taken::Gone => Ran::Gone,
    })
}

struct Take {
    id: JobId,
    now: SystemTime,
    until: SystemTime,
}
impl Work for Take {
    const NAME: &'static str = "take_job";
    // Run again after a lost answer it finds the job taken: the lease runs out, and the runner has it.
    type Out = Taken;
    type Refusal = Problem;
    async fn run(&self, tx: &mut Tx) -> Result<Taken, Stop<Problem>> {
        Ok(job::take(tx, self.id, self.now, self.until).await?)
    }
}

async fn run_job(app: &App, id: JobId, job: &Job, run: i64) -> Result<Done, Problem> {
    match *job {
        Job::TellNetwork { customer, line, session, action, .. } => {
            tell_network(app, Telling { job: id, customer, line, session, action, run }).await
        }
        Job::ActivateUpstream { customer, order } => activate_upstream(app, customer, order, run).await,
        Job::QueryPayment { customer, attempt } => query_payment::query_payment(app, customer, attempt, run).await,
        Job::ClosePayment { customer, attempt } => close_payment::close_payment(app, customer, attempt, run).await,
        Job::Refund { customer, refund } => refund_payment::refund_payment(app, customer, refund, run).await,
        Job::SendMessage { customer, line, order, kind, cause, after } => {
            let to_send =
                send_message::ToSend { job: id, customer, line, order, kind, cause, after, beside: None, run };
            send_message::send_message(app, to_send).await
        }
        Job::TellBeside { customer, line, to, kind, cause } => {
            let (order, after, beside) = (None, None, Some(to));
            let to_send = send_message::ToSend { job: id, customer, line, order, kind, cause, after, beside, run };
            send_message::send_message(app, to_send).await
        }
        Job::MessageUnreported { customer, message } => send_message::unreported(app, customer, message).await,
        Job::TellAccount { customer, event, former } => {
            account_news::tell(app, (customer, event), former, id, run).await
        }
        Job::RecoveryDue { customer, request } => recovery::hold_over(app, customer, request).await,
        Job::TakeOver { customer, line } => hand_over::arrive(app, customer, line).await.map(|()| Done::Finished),
        Job::VerifyIdentity { customer, correction, .. } => identity::verify(app, customer, correction, run).await,
        Job::TellOffer { customer, offer } => ownership::tell(app, (customer, offer), id, run).await,
        Job::Reconcile { provider, day, .. } => reconciliation::run(app, provider, day).await,
        Job::AutoRenew { customer, line, order } => auto_renew_try::try_methods(app, customer, line, order, run).await,
        Job::KeepMethod { customer, attempt } => saved_methods::keep(app, customer, attempt, run).await,
        Job::ForgetMethod { customer, method } => saved_methods::forget(app, customer, method, run).await,
        Job::TakeDispute { provider, ref said, .. } => dispute::take_later(app, provider, said, run).await,
    }
}

struct Lease {
    now: SystemTime,
    until: SystemTime,
    limit: i64,
}
impl Work for Lease {
    const NAME: &'static str = "lease_jobs";
    type Out = Vec<Leased>;
    type Refusal = Problem;
    async fn run(&self, tx: &mut Tx) -> Result<Self::Out, Stop<Problem>> {
        Ok(job::lease(tx, self.now, self.until, self.limit).await?)
    }
}

struct Settle {
    id: JobId,
    run: i64,
    ended: Done,
    /// The case to open about it.
    failed: Option<Failed>,
    at: BusinessTime,
}
impl Work for Settle {
    const NAME: &'static str = "settle_job";
    type Out = bool;
    type Refusal = Problem;
    async fn run(&self, tx: &mut Tx) -> Result<bool, Stop<Problem>> {
        let settled: Result<bool, Error> = match self.ended {
            Done::Finished => job::done(tx, self.id, self.run).await,
            Done::Again { at, why, failed } => job::later(tx, (self.id, self.run), at, why, failed).await,
            Done::GaveUp(why) => job::dead(tx, self.id, self.run, why).await,
        };
        let settled = settled?;
        // Whoever lost the lease says nothing.
        if let Some(failed) = self.failed.filter(|_| settled) {
            failed.open(tx, self.at).await?;
        }
        Ok(settled)
    }
}

struct Release {
    id: JobId,
    run: i64,
    now: SystemTime,
}
impl Work for Release {
    const NAME: &'static str = "release_job";
    type Out = bool;
    type Refusal = Problem;
    async fn run(&self, tx: &mut Tx) -> Result<bool, Stop<Problem>> {
        Ok(job::release(tx, self.id, self.run, self.now).await?)
    }
}

/// Numbers receipts that have none; how many were numbered.
pub async fn number_receipts(app: &App) -> Result<usize, Problem> {
    Ok(app.store.transact(NumberReceipts).await?)
}
struct NumberReceipts;
impl Work for NumberReceipts {
    const NAME: &'static str = "number_receipts";
    type Out = usize;
    type Refusal = Problem;
    async fn run(&self, tx: &mut Tx) -> Result<usize, Stop<Problem>> {
        Ok(everline_store::tables::receipt::number_batch(tx, 500).await?)
    }
}
