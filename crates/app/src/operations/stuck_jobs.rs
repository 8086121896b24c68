//! Jobs that people are to look at: those that gave up, and those that failed so often that somebody should know. They go on
//! trying by themselves; people can have one run at once, and give up one for which nobody's money or service waits.
//!
//! Never shows what a job carries, only its kind, whose it is, and the named cause of its last failure.

use crate::audit::{Act, Stamp};
use crate::set_up::HOUSE;
use crate::staff::permit;
use crate::vitals::kind;
use crate::{App, Problem};
use everline_core::audit::AuditAction;
use everline_core::effects::Job;
use everline_core::ids::{CustomerId, JobId, MessageId, OrderId, RawId};
use everline_core::message::{Fact, Fate};
use everline_core::staff::Permission;
use everline_core::time::SystemTime;
use everline_store::tables::job::{self, Stuck};
use everline_store::tables::{message, order, payment};
use everline_store::{LostCommit, Stop, Tx, Work};
use std::collections::BTreeMap;

/// How many jobs a page shows of those that gave up, and of those that fail.
const SHOWN: i64 = 50;
/// How many waiting jobs are counted by kind.
const COUNTED: i64 = 10_000;
/// How many jobs of a kind are made due at once.
const AT_ONCE: usize = 100;
/// Jobs of one read.
const PAGE: i64 = 200;

/// A job that people are to look at.
#[derive(Debug, Clone, PartialEq)]
pub struct StuckJob {
    /// Its id.
    pub id: JobId,
    /// Its kind; `None` if this release does not know it.
    pub kind: Option<&'static str>,
    /// Whose it is, if it is a customer's.
    pub customer: Option<CustomerId>,
    /// The number of the order that it is about.
    pub order: Option<String>,
    /// Whether it gave up.
    pub dead: bool,
    /// Whether somebody runs it now.
    pub running: bool,
    /// How often it ran; a command names it, so that it does not meet another run.
    pub runs: i64,
    /// How often it failed.
    pub failures: i64,
    /// When it was queued.
    pub queued_at: SystemTime,
    /// When it is tried next.
    pub next: SystemTime,
    /// The named cause of its last failure.
    pub why: Option<String>,
    /// Whether it may be given up.
    pub may_be_given_up: bool,
}

/// Jobs of one kind that wait.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Backlog {
    /// The kind.
    pub kind: &'static str,
    /// How many.
    pub waiting: i64,
    /// Of those: how many are due.
    pub due: i64,
    /// When the oldest was queued.
    pub oldest: SystemTime,
}

/// What the page of jobs shows.
#[derive(Debug, Clone, PartialEq)]
pub struct JobsView {
    /// Those to look at, those that gave up first.
    pub stuck: Vec<StuckJob>,
    /// Whether there are more.
    pub more: bool,
    /// What waits, by kind.
    pub backlog: Vec<Backlog>,
    /// Whether more waits than was counted.
    pub uncounted: bool,
}

/// What is stuck, and what waits.
///
/// # Errors
/// [`Problem::NotAllowed`]
pub async fn jobs_view(app: &App, by: RawId) -> Result<JobsView, Problem> {
    Ok(app.store.read(Look { by, now: app.clock.now().system }).await?)
}

/// Makes a job due at once that ran so often.
///
/// # Errors
/// [`Problem::NotAllowed`]; [`Problem::Stale`] if it ran since, is being run, or ended.
pub async fn retry_job(app: &App, by: RawId, which: (JobId, i64)) -> Result<(), Problem> {
    let (stamp, now) = (Stamp::new(app)?, app.clock.now().system);
    app.store.transact(Retry { by, which, stamp, now }).await?;
    app.wake.notify_one();
    Ok(())
}

/// Makes the stuck jobs of a kind due at once, a hundred at most; how many. Those that are being run are left alone.
///
/// # Errors
/// [`Problem::NotAllowed`]; [`Problem::NotFound`] if there is no such kind.
pub async fn retry_kind(app: &App, by: RawId, kind: &str) -> Result<usize, Problem> {
    let kind = Job::WORDS.into_iter().find(|word| *word == kind).ok_or(Problem::NotFound("kind of job"));
    let (stamp, now) = (Stamp::new(app)?, app.clock.now().system);
    // Looked for outside of the transaction: there may be very many of other kinds.
    let stuck = match &kind {
        Ok(kind) => app.store.read(StuckOf { by, kind, now }).await?,
        Err(_) => Vec::new(),
    };
    let count = app.store.transact(RetryKind { by, kind, stuck, stamp, now }).await?;
    app.wake.notify_one();
    Ok(count)
}

/// Gives a job up that ran so often: it never runs again. A message that was surely not handed over is told as failed.
///
/// # Errors
/// [`Problem::NotAllowed`]; [`Problem::Stale`] as [`retry_job`]; [`Problem::Invalid`]: `job`, if money or service waits for it;
/// `reason`, if there is none.
pub async fn give_up_job(app: &App, by: RawId, which: (JobId, i64), reason: &str) -> Result<(), Problem> {
    let reason = reason.trim().to_owned();
    let fits = (1..=REASON_BYTES_MAX).contains(&reason.len()) && !reason.chars().any(char::is_control);
    let (stamp, now) = (Stamp::new(app)?, app.clock.now().system);
    Ok(app.store.transact(GiveUp { by, which, reason: fits.then_some(reason), stamp, now }).await?)
}
const REASON_BYTES_MAX: usize = 500;

struct Look {
    by: RawId,
    now: SystemTime,
}
impl Work for Look {
    const NAME: &'static str = "stuck_jobs";
    type Out = JobsView;
    type Refusal = Problem;
    async fn run(&self, tx: &mut Tx) -> Result<JobsView, Stop<Problem>> {
        permit(tx, self.by, Permission::SeeOperations).await?;
        let limit = SHOWN + 1;
        let (gave_up, failing) = (job::gave_up(tx, FIRST, limit).await?, job::failing(tx, FIRST, limit).await?);
        let shown = usize::try_from(SHOWN).unwrap_or(usize::MAX);
        let more = gave_up.len() > shown || failing.len() > shown;
        let mut stuck = Vec::new();
        for found in gave_up.into_iter().take(shown).chain(failing.into_iter().take(shown)) {
            stuck.push(self.shown(tx, found).await?);
        }
        let waiting = job::waiting(tx, COUNTED).await?;
        let uncounted = i64::try_from(waiting.len()).unwrap_or(i64::MAX) >= COUNTED;
        let mut backlog: BTreeMap<&'static str, Backlog> = BTreeMap::new();
        for (letters, queued_at, due_at) in waiting {
            let kind = kind(&letters);
            let sum = backlog.entry(kind).or_insert(Backlog { kind, waiting: 0, due: 0, oldest: queued_at });
            sum.waiting += 1;
            sum.due += i64::from(due_at <= self.now);
            sum.oldest = sum.oldest.min(queued_at);
        }
        Ok(JobsView { stuck, more, backlog: backlog.into_values().collect(), uncounted })
    }
}

const FIRST: JobId = JobId(RawId::from_bytes([0; 16]));

impl Look {
    async fn shown(&self, tx: &mut Tx, found: Stuck) -> Result<StuckJob, Stop<Problem>> {
        let about = found.job.as_ref().map(Job::about);
        let order = match (&found.job, about) {
            (Some(job), Some((customer, order, _))) => number(tx, job, customer, order).await?,
            _ => None,
        };
        Ok(StuckJob {
            id: found.id,
            kind: found.job.as_ref().map(Job::word),
            customer: about.map(|(customer, ..)| customer).filter(|customer| *customer != HOUSE),
            order,
            dead: found.dead,
            running: running(&found, self.now),
            runs: found.runs,
            failures: found.failures,
            queued_at: found.queued_at,
            next: found.due_at,
            why: found.last_error,
            may_be_given_up: found.job.is_some_and(|job| job.may_be_given_up()),
        })
    }
}

fn running(found: &Stuck, now: SystemTime) -> bool {
    !found.dead && found.leased_until.is_some_and(|until| until > now)
}

/// The number of the order that a job is about, also by way of a payment or refund.
async fn number(
    tx: &mut Tx,
    job: &Job,
    customer: CustomerId,
    order: Option<OrderId>,
) -> Result<Option<String>, Stop<Problem>> {
    let order = match *job {
        Job::QueryPayment { attempt, .. } | Job::ClosePayment { attempt, .. } | Job::KeepMethod { attempt, .. } => {
            payment::get(tx, customer, attempt).await?.map(|attempt| attempt.order)
        }
        // A refund that is not there is a job's whose rows were removed.
        Job::Refund { refund, .. } => match payment::refund(tx, customer, refund).await {
            Ok(refund) => Some(refund.order),
            Err(everline_store::Error::NotFound { .. }) => None,
            Err(error) => return Err(error.into()),
        },
        _ => order,
    };
    let Some(order) = order else { return Ok(None) };
    Ok(order::get(tx, customer, order).await?.map(|order| order.number))
}

/// The job that was shown; stale if it is otherwise by now.
async fn shown(tx: &mut Tx, (id, runs): (JobId, i64), now: SystemTime) -> Result<Stuck, Stop<Problem>> {
    let found = job::one(tx, id).await?.filter(|found| found.runs == runs && !running(found, now));
    found.ok_or(Stop::Refused(Problem::Stale))
}

/// What the log tells of a job.
fn told(found: &Stuck, (by, action): (RawId, AuditAction)) -> Act {
    let kind = found.job.as_ref().map_or("unknown", Job::word);
    let act = Act::by(by, action, ("job", found.id)).with("kind", kind).with("runs", found.runs);
    match found.job.as_ref().map(|job| job.about().0).filter(|customer| *customer != HOUSE) {
        Some(customer) => act.of(customer),
        None => act,
    }
}

struct Retry {
    by: RawId,
    which: (JobId, i64),
    stamp: Stamp,
    now: SystemTime,
}
impl Work for Retry {
    const NAME: &'static str = "retry_job";
    const ON_LOST_COMMIT: LostCommit = LostCommit::Report;
    type Out = ();
    type Refusal = Problem;
    async fn run(&self, tx: &mut Tx) -> Result<(), Stop<Problem>> {
        permit(tx, self.by, Permission::Operate).await?;
        let found = shown(tx, self.which, self.now).await?;
        // Whoever takes it between the look and this is seen here.
        if !job::retry(tx, found.id, found.runs, self.now).await? {
            return Err(Stop::Refused(Problem::Stale));
        }
        self.stamp.append(tx, told(&found, (self.by, AuditAction::JobRetried))).await
    }
}

struct RetryKind {
    by: RawId,
    kind: Result<&'static str, Problem>,
    /// What was stuck a moment ago: each is retried if it still is.
    stuck: Vec<(JobId, i64)>,
    stamp: Stamp,
    now: SystemTime,
}
impl Work for RetryKind {
    const NAME: &'static str = "retry_jobs";
    const ON_LOST_COMMIT: LostCommit = LostCommit::Report;
    type Out = usize;
    type Refusal = Problem;
    async fn run(&self, tx: &mut Tx) -> Result<usize, Stop<Problem>> {
        permit(tx, self.by, Permission::Operate).await?;
        let kind = self.kind.clone().map_err(Stop::Refused)?;
        let mut count = 0;
        for (id, runs) in &self.stuck {
            count += usize::from(job::retry(tx, *id, *runs, self.now).await?);
        }
        if count > 0 {
            let act = Act::by(self.by, AuditAction::JobsRetried, ("job_kind", kind)).with("count", count);
            self.stamp.append(tx, act).await?;
        }
        Ok(count)
    }
}

/// The first stuck jobs of a kind that nobody runs, each with how often it ran.
struct StuckOf {
    by: RawId,
    kind: &'static str,
    now: SystemTime,
}
impl Work for StuckOf {
    const NAME: &'static str = "stuck_jobs_of_a_kind";
    type Out = Vec<(JobId, i64)>;
    type Refusal = Problem;
    async fn run(&self, tx: &mut Tx) -> Result<Self::Out, Stop<Problem>> {
        permit(tx, self.by, Permission::Operate).await?;
        let found = stuck_of(tx, self.kind, self.now).await?;
        Ok(found.into_iter().map(|found| (found.id, found.runs)).collect())
    }
}

async fn stuck_of(tx: &mut Tx, kind: &str, now: SystemTime) -> Result<Vec<Stuck>, Stop<Problem>> {
    let mut all = Vec::new();
    for dead in [true, false] {
        let mut after = FIRST;
        loop {
            let page = if dead { job::gave_up(tx, after, PAGE).await? } else { job::failing(tx, after, PAGE).await? };
            let Some(last) = page.last() else { break };
            after = last.id;
            let of_kind = |found: &Stuck| found.job.as_ref().is_some_and(|job| job.word() == kind);
            all.extend(page.into_iter().filter(|found| of_kind(found) && !running(found, now)));
            if all.len() >= AT_ONCE {
                all.truncate(AT_ONCE);
                return Ok(all);
            }
        }
    }
    Ok(all)
}

struct GiveUp {
    by: RawId,
    which: (JobId, i64),
    reason: Option<String>,
    stamp: Stamp,
    now: SystemTime,
}
impl Work for GiveUp {
    const NAME: &'static str = "give_up_job";
    const ON_LOST_COMMIT: LostCommit = LostCommit::Report;
    type Out = ();
    type Refusal = Problem;
    async fn run(&self, tx: &mut Tx) -> Result<(), Stop<Problem>> {
        permit(tx, self.by, Permission::Operate).await?;
        let reason = self.reason.as_ref().ok_or(Stop::Refused(Problem::Invalid { field: "reason", rule: "needed" }))?;
        let found = shown(tx, self.which, self.now).await?;
        if !found.job.as_ref().is_some_and(Job::may_be_given_up) {
            let rule = "money or service waits for it";
            return Err(Stop::Refused(Problem::Invalid { field: "job", rule }));
        }
        if let Some(Job::SendMessage { customer, .. } | Job::TellBeside { customer, .. }) = found.job
            && let Some(begun) = message::lock(tx, customer, MessageId(found.id.0)).await?
            && begun.fate == Fate::Queued
        {
            message::save(tx, &begun.on(Fact::Obsolete, self.now).0);
        }
        if !job::give_up(tx, found.id, found.runs, self.now).await? {
            return Err(Stop::Refused(Problem::Stale));
        }
        self.stamp.append(tx, told(&found, (self.by, AuditAction::JobGivenUp)).because(reason)).await
    }
}
