//! Jobs: work for later. A row is leased by moving its `due_at`, deleted when done, and kept as *dead* when it gave up.

use super::columns::undecodable;
use crate::{FromRow, Result, Row, Tx, args};
use everline_core::effects::Job;
use everline_core::ids::{CustomerId, JobId, SessionId};
use everline_core::time::SystemTime;

macro_rules! stuck {
    () => {
        "id, payload, state, runs, failures, queued_at, due_at, leased_until, last_error"
    };
}

crate::queries! { ALL;
    ADD = "INSERT INTO job (id, customer_id, ordered_by, payload, state, queued_at, due_at, runs) VALUES ($1, $2, $3, $4, 'ready', $5, $6, 0) \
        ON CONFLICT (id) DO NOTHING";
    DUE = "SELECT id, payload, runs, failures FROM job j WHERE state = 'ready' AND due_at <= $1 \
        AND NOT EXISTS (SELECT 1 FROM job e WHERE e.ordered_by = j.ordered_by AND (e.queued_at, e.id) < (j.queued_at, j.id) AND e.state = 'ready') \
        ORDER BY due_at LIMIT $2 FOR UPDATE SKIP LOCKED";
    LEASE = "UPDATE job SET due_at = $2, leased_until = $2, runs = runs + 1 WHERE id = $1";
    DONE = "DELETE FROM job WHERE id = $1 AND runs = $2";
    RELEASE = "UPDATE job SET due_at = $3, leased_until = NULL WHERE id = $1 AND runs = $2 AND state = 'ready'";
    LATER = "UPDATE job SET due_at = $3, last_error = $4, failures = $5 * (failures + 1), leased_until = NULL WHERE id = $1 AND runs = $2";
    DEAD = "UPDATE job SET state = 'dead', last_error = $3, leased_until = NULL WHERE id = $1 AND runs = $2";
    GAVE_UP = concat!("SELECT ", stuck!(), " FROM job WHERE state = 'dead' AND id > $1 ORDER BY id LIMIT $2");
    FAILING = concat!("SELECT ", stuck!(), " FROM job WHERE state = 'ready' AND failures >= 12 AND id > $1 ORDER BY id LIMIT $2");
    ONE = concat!("SELECT ", stuck!(), " FROM job WHERE id = $1");
    WAITING = "SELECT SUBSTR(payload, 9, 8), queued_at, due_at FROM job WHERE state = 'ready' AND due_at >= $1 ORDER BY due_at LIMIT $2";
    RETRY = "UPDATE job SET state = 'ready', due_at = $3 WHERE id = $1 AND runs = $2 AND (leased_until IS NULL OR leased_until <= $3)";
    GIVE_UP = "DELETE FROM job WHERE id = $1 AND runs = $2 AND (leased_until IS NULL OR leased_until <= $3)";
    AWAKE = "UPDATE job SET due_at = $2 WHERE id = $1 AND due_at > $2";
    HURRY = "UPDATE job SET due_at = $2 WHERE id = $1 AND due_at > $2 AND (leased_until IS NULL OR leased_until <= $2)";
    HURRY_SESSION = "UPDATE job SET due_at = $2 WHERE ordered_by = $1 AND state = 'ready' AND due_at > $2 \
        AND (leased_until IS NULL OR leased_until <= $2)";
    AWAKE_ALL = "UPDATE job SET due_at = $1 WHERE state = 'ready' AND due_at > $1";
    AWAKE_SESSION = "UPDATE job SET due_at = $2 WHERE ordered_by = $1 AND state = 'ready' AND due_at > $2";
    AGAIN = "INSERT INTO job (id, customer_id, ordered_by, payload, state, queued_at, due_at, runs) VALUES ($1, $2, $3, $4, 'ready', $5, $5, 1) \
        ON CONFLICT (id) DO UPDATE SET state = 'ready', due_at = $5 \
        WHERE (job.state = 'dead' OR job.due_at > $5) AND (job.leased_until IS NULL OR job.leased_until <= $5)";
    AGAIN_SESSION = "UPDATE job SET state = 'ready', due_at = $2 WHERE ordered_by = $1 AND (state = 'dead' OR due_at > $2) \
        AND (leased_until IS NULL OR leased_until <= $2)";
    HELD = "SELECT id, payload, runs, failures FROM job WHERE id = $1";
    TAKE = "UPDATE job SET due_at = $3, leased_until = $3, runs = runs + 1 WHERE id = $1 AND runs = $2 AND state = 'ready' \
        AND ordered_by IS NULL AND (leased_until IS NULL OR leased_until <= $4)";
    OF_SESSION = "SELECT payload FROM job WHERE ordered_by = $1 AND state = 'ready' ORDER BY queued_at, id";
    NEXT_DUE = "SELECT MIN(due_at) FROM job WHERE state = 'ready'";
    LIST = "SELECT id, payload, runs, state, due_at, last_error FROM job ORDER BY due_at LIMIT $1";
    EXISTS = "SELECT state FROM job WHERE id = $1";
    PAGE = "SELECT id, payload, state FROM job WHERE id > $1 ORDER BY id LIMIT $2";
}

/// A job under lease.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Leased {
    /// Its id.
    pub id: JobId,
    /// What to do, as stored; see [`Leased::job`].
    payload: String,
    /// Which run this is, from 1; also the lease: whoever holds an older one can settle nothing.
    pub run: i64,
    /// How often in a row it failed before.
    pub failures: i64,
}
impl FromRow for Leased {
    fn from_row(row: &Row<'_>) -> Result<Self> {
        let (id, payload, runs, failures) = FromRow::from_row(row)?;
        Ok(Leased { id, payload, run: i64::saturating_add(runs, 1), failures })
    }
}
impl Leased {
    /// What to do; an error for a job of a kind this release does not know. Only that one is held up by it.
    pub fn job(&self) -> Result<Job> {
        decode(&self.payload)
    }
}

/// A job as a list shows it.
#[derive(Debug, Clone, PartialEq)]
pub struct Listed {
    /// Its id.
    pub id: JobId,
    /// What to do.
    pub job: Job,
    /// How often it ran.
    pub runs: i64,
    /// Whether it gave up.
    pub dead: bool,
    /// When it is due next.
    pub due_at: SystemTime,
    /// What went wrong last; never personal data.
    pub last_error: Option<String>,
}
impl FromRow for Listed {
    fn from_row(row: &Row<'_>) -> Result<Self> {
        Ok(Listed {
            id: row.get(0)?,
            job: decode(&row.get::<String>(1)?)?,
            runs: row.get(2)?,
            dead: row.get::<String>(3)? == "dead",
            due_at: row.get(4)?,
            last_error: row.get(5)?,
        })
    }
}

fn decode(payload: &str) -> Result<Job> {
    serde_json::from_str(payload).map_err(|_| undecodable::<Job>("payload", "text that is no job"))
}

/// Queues a job, due at `due_at`; one that is queued already stays as it is.
pub fn add(tx: &mut Tx, customer: CustomerId, job: &Job, now: SystemTime, due_at: SystemTime) -> Result<()> {
    let payload = serde_json::to_string(job).map_err(|_| undecodable::<Job>("payload", "a job that has no JSON"))?;
    tx.put(&ADD, args![job.id(), customer, job.ordered_by(), payload, now, due_at]);
    Ok(())
}
/// Takes due jobs under lease until `lease_until`: whoever does not settle one by then leaves it to the next.
pub async fn lease(tx: &mut Tx, now: SystemTime, lease_until: SystemTime, limit: i64) -> Result<Vec<Leased>> {
    let due: Vec<Leased> = tx.all(&DUE, args![now, limit]).await?;
    for leased in &due {
        tx.put(&LEASE, args![leased.id, lease_until]);
    }
    Ok(due)
}
/// The job is done. False if the lease was lost meanwhile.
pub async fn done(tx: &mut Tx, id: JobId, run: i64) -> Result<bool> {
    tx.exec_one(&DONE, args![id, run]).await
}
/// The job runs again at `due_at`: because it failed, or because what it waits for did not come.
pub async fn later(
    tx: &mut Tx,
    (id, run): (JobId, i64),
    due_at: SystemTime,
    error: &str,
    failed: bool,
) -> Result<bool> {
    tx.exec_one(&LATER, args![id, run, due_at, error, i64::from(failed)]).await
}
/// Gives a lease back: the job is due at once for whoever comes next.
pub async fn release(tx: &mut Tx, id: JobId, run: i64, now: SystemTime) -> Result<bool> {
    tx.exec_one(&RELEASE, args![id, run, now]).await
}
/// The job gave up; people see it.
pub async fn dead(tx: &mut Tx, id: JobId, run: i64, error: &str) -> Result<bool> {
    tx.exec_one(&DEAD, args![id, run, error]).await
}
/// Makes a waiting job due at once, because what it waits for may have come; one that runs just now runs again.
pub fn awake(tx: &mut Tx, id: JobId, now: SystemTime) {
    tx.put(&AWAKE, args![id, now]);
}
/// The same because somebody cannot wait: a job that runs just now is left alone, so that nobody outside is asked twice at once.
pub fn hurry(tx: &mut Tx, id: JobId, now: SystemTime) {
    tx.put(&HURRY, args![id, now]);
}
/// The same of everything that waits to be told about a session.
pub fn hurry_session(tx: &mut Tx, session: SessionId, now: SystemTime) {
    tx.put(&HURRY_SESSION, args![session, now]);
}
/// Makes every waiting job due at once; how many waited.
pub async fn awake_all(tx: &mut Tx, now: SystemTime) -> Result<u64> {
    tx.exec(&AWAKE_ALL, args![now]).await
}
/// Makes everything that waits to be told about a session due at once.
pub fn awake_session(tx: &mut Tx, session: SessionId, now: SystemTime) {
    tx.put(&AWAKE_SESSION, args![session, now]);
}
/// Makes a job due at once if nobody runs it: one that waits, that gave up, or that is not there and may have run before. Whether
/// it is due because of that.
pub async fn again(tx: &mut Tx, customer: CustomerId, job: &Job, now: SystemTime) -> Result<bool> {
    let payload = serde_json::to_string(job).map_err(|_| undecodable::<Job>("payload", "a job that has no JSON"))?;
    tx.exec_one(&AGAIN, args![job.id(), customer, job.ordered_by(), payload, now]).await
}
/// The same of everything that is to be told about a session; how much of it is due because of that.
pub async fn again_session(tx: &mut Tx, session: SessionId, now: SystemTime) -> Result<u64> {
    tx.exec(&AGAIN_SESSION, args![session, now]).await
}
/// What taking one job under lease came to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Taken {
    /// It is leased to whoever asked.
    Leased(Leased),
    /// Somebody has it.
    Running,
    /// There is none.
    Gone,
}
/// Takes one job under lease until `lease_until`, unless somebody has it. Never one whose place in an order matters.
pub async fn take(tx: &mut Tx, id: JobId, now: SystemTime, lease_until: SystemTime) -> Result<Taken> {
    let Some(leased) = tx.maybe::<Leased>(&HELD, args![id]).await? else { return Ok(Taken::Gone) };
    let taken = tx.exec_one(&TAKE, args![id, leased.run.saturating_sub(1), lease_until, now]).await?;
    Ok(if taken { Taken::Leased(leased) } else { Taken::Running })
}
/// What waits to be told about a session, in order; without what this release cannot read.
pub async fn of_session(tx: &mut Tx, session: SessionId) -> Result<Vec<Job>> {
    let waiting = tx.all::<(String,)>(&OF_SESSION, args![session]).await?;
    Ok(waiting.iter().filter_map(|(payload,)| decode(payload).ok()).collect())
}
/// When the next job is due.
pub async fn next_due(tx: &mut Tx) -> Result<Option<SystemTime>> {
    Ok(tx.one::<(Option<SystemTime>,)>("job", &NEXT_DUE, args![]).await?.0)
}
/// Jobs that wait or gave up, soonest first.
pub async fn list(tx: &mut Tx, limit: i64) -> Result<Vec<Listed>> {
    tx.all(&LIST, args![limit]).await
}
/// Whether a job waits; `Some(false)` when it gave up.
pub async fn state(tx: &mut Tx, id: JobId) -> Result<Option<bool>> {
    Ok(tx.maybe::<(String,)>(&EXISTS, args![id]).await?.map(|row| row.0 == "ready"))
}
/// The next jobs after an id (raw payload and state), for `verify`.
pub async fn page(tx: &mut Tx, after: JobId, limit: i64) -> Result<Vec<(JobId, String, String)>> {
    tx.all(&PAGE, args![after, limit]).await
}

/// A job that people are to look at: one that gave up, or failed often.
#[derive(Debug, Clone, PartialEq)]
pub struct Stuck {
    /// Its id.
    pub id: JobId,
    /// What to do; `None` if this release cannot read it.
    pub job: Option<Job>,
    /// Whether it gave up.
    pub dead: bool,
    /// How often it ran.
    pub runs: i64,
    /// How often in a row it failed.
    pub failures: i64,
    /// When it was queued.
    pub queued_at: SystemTime,
    /// When it is due next.
    pub due_at: SystemTime,
    /// Until when somebody runs it, as far as is known.
    pub leased_until: Option<SystemTime>,
    /// What went wrong last; never personal data.
    pub last_error: Option<String>,
}
impl FromRow for Stuck {
    fn from_row(row: &Row<'_>) -> Result<Self> {
        Ok(Stuck {
            id: row.get(0)?,
            job: decode(&row.get::<String>(1)?).ok(),
            dead: row.get::<String>(2)? == "dead",
            runs: row.get(3)?,
            failures: row.get(4)?,
            queued_at: row.get(5)?,
            due_at: row.get(6)?,
            leased_until: row.get(7)?,
            last_error: row.get(8)?,
        })
    }
}

/// Jobs that gave up, after an id, in order.
pub async fn gave_up(tx: &mut Tx, after: JobId, limit: i64) -> Result<Vec<Stuck>> {
    tx.all(&GAVE_UP, args![after, limit]).await
}
/// Jobs that failed [`Job::FAILURES_MAX`] times and go on trying, after an id, in order.
pub async fn failing(tx: &mut Tx, after: JobId, limit: i64) -> Result<Vec<Stuck>> {
    tx.all(&FAILING, args![after, limit]).await
}
/// One job.
pub async fn one(tx: &mut Tx, id: JobId) -> Result<Option<Stuck>> {
    tx.maybe(&ONE, args![id]).await
}
/// The first jobs that wait, soonest first: the first letters of the kind, when each was queued, and when it is due.
pub async fn waiting(tx: &mut Tx, limit: i64) -> Result<Vec<(String, SystemTime, SystemTime)>> {
    tx.all(&WAITING, args![i64::MIN, limit]).await
}
/// Makes a job due at once that ran so often and is not being run; also one that gave up. False if it went on meanwhile.
pub async fn retry(tx: &mut Tx, id: JobId, runs: i64, now: SystemTime) -> Result<bool> {
    tx.exec_one(&RETRY, args![id, runs, now]).await
}
/// Removes a job that ran so often and is not being run. False if it went on meanwhile.
pub async fn give_up(tx: &mut Tx, id: JobId, runs: i64, now: SystemTime) -> Result<bool> {
    tx.exec_one(&GIVE_UP, args![id, runs, now]).await
}
