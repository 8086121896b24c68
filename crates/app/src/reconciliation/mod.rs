//! The reconciliation of a day: a provider's bill against our books.
//!
//! 1. Every day after 10:30 of the provider's time [`schedule`] queues one job for each provider and day. The job asks for the
//!    bill until it is there.
//! 2. [`read_bill`] keeps its lines, each once by provider, kind and number: the same bill twice is the same lines. A later
//!    bill that says something else of a line, or has it no more, goes to the queue.
//! 3. [`compare`] puts every line beside our books, and [`settle`] carries out what that means: evidence of a payment we did
//!    not hear of goes the way of all evidence ([`crate::payment_confirmed`]), fees and payouts are posted, the rest goes to
//!    the queue ([`queue`]).
//! 4. [`ours_only`] looks for what our books have and no bill has, once every bill that could hold it is there.
//!
//! Everything may run again: ids of postings and items follow from the lines, attempts and refunds that they are about. Each
//! bill is read once more two days later.

mod compare;
mod ours_only;
pub mod queue;
mod read_bill;
mod settle;

pub(crate) use ours_only::is_missing;
pub use read_bill::read_bill;
pub(crate) use settle::{JUDGED, owner};

use crate::jobs::Done;
use crate::ports::{BillAnswer, DayOfBill};
use crate::set_up::HOUSE;
use crate::{App, Problem};
use everline_core::effects::Job;
use everline_core::payment::Provider;
use everline_core::reconciliation::{BillDay, LineKind, has_bills, zone_of};
use everline_core::time::{DAY_US, HOUR_US, MINUTE_US, Now, SystemTime};
use everline_store::tables::reconciliation::{self as table, BillRow};
use everline_store::tables::{catalog, job};
use everline_store::{Stop, Tx, Work};
use std::time::Duration;

/// How long a bill is asked for again and again.
const ASKED_FOR_US: i64 = 14 * DAY_US;
/// When a bill is read once more, after the end of its day.
const READ_AGAIN_AFTER_US: i64 = 2 * DAY_US + 11 * HOUR_US;
/// Most days that are made up for after a time out of service.
const DAYS_MAX: usize = 31;

/// What became of a day.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reconciled {
    /// The provider has not made its bill yet.
    NotYet,
    /// The provider gave no answer that can be believed.
    Unknown,
    /// It is compared.
    Done(Summary),
}

/// A day that is compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Summary {
    /// Lines of the bill.
    pub lines: usize,
    /// Of those that were new or in the queue: how many agree now.
    pub agreed: usize,
    /// Payments that we had not heard of.
    pub evidence: usize,
    /// Items about this day that wait for people.
    pub open: i64,
    /// How long it took to ask for the bill and read it, in microseconds.
    pub asked_us: i64,
    /// To keep its lines.
    pub kept_us: i64,
    /// To compare them with our books.
    pub compared_us: i64,
    /// To carry out what that means, and to look for what no bill has.
    pub settled_us: i64,
}

/// Asks for a provider's bill of a day and compares it with our books.
///
/// # Errors
/// [`Problem::NotFound`] if the brand has no account with the provider; what the store says.
pub async fn reconcile(app: &App, provider: Provider, day: BillDay) -> Result<Reconciled, Problem> {
    let port = app.ports.payments.of(provider).filter(|_| has_bills(provider));
    let port = port.ok_or(Problem::NotFound("provider"))?;
    let zone = zone_of(provider, &app.zone);
    let (from, until) = day.bounds(&zone);
    let mut watch = Watch::start(app);
    if app.clock.now().system < until {
        return Ok(Reconciled::NotYet);
    }
    let (lines, made) = match port.bill(&DayOfBill { day, from, until }).await {
        // Once there were lines, no bill does not mean that they are gone.
        BillAnswer::NotYet if app.store.read(Bill { provider, day }).await?.is_some_and(|bill| bill.lines > 0) => {
            return Ok(Reconciled::NotYet);
        }
        BillAnswer::NotYet => (Vec::new(), false),
        BillAnswer::Unknown => return Ok(Reconciled::Unknown),
        BillAnswer::Bill(lines) => (lines, true),
    };
    // Of a day on which nothing happened some providers make no bill, which is believed after a while, and never while our
    // books have payments of that day. A bill without payments may be one of payouts alone, whose other half is late.
    if !lines.iter().any(|line| line.kind == LineKind::Payment) {
        let believed = day.believed_empty(app.clock.now().system, &zone);
        let ours = ours_only::any(app, provider, (from, until)).await?;
        if !(made && !ours || believed && (made || !ours)) {
            return Ok(Reconciled::NotYet);
        }
    }
    let mut summary = Summary { lines: lines.len(), asked_us: watch.lap(), ..Summary::default() };
    let first_line = read_bill(app, provider, day, lines).await?;
    summary.kept_us = watch.lap();
    let compared = compare::compare(app, (provider, day), first_line).await?;
    summary.compared_us = watch.lap();
    (summary.agreed, summary.evidence) = settle::settle(app, (provider, day), compared).await?;
    ours_only::find(app, (provider, day), (from, until)).await?;
    app.store.transact(Matched { provider, day, now: app.clock.now().system }).await?;
    summary.open = app.store.read(OpenCount { provider, day }).await?;
    summary.settled_us = watch.lap();
    app.wake.notify_one();
    Ok(Reconciled::Done(summary))
}

/// Microseconds from one step to the next.
struct Watch<'a>(&'a App, SystemTime);
impl<'a> Watch<'a> {
    fn start(app: &'a App) -> Self {
        Self(app, app.clock.now().system)
    }
    fn lap(&mut self) -> i64 {
        let now = self.0.clock.now().system;
        let lap = now.since_us(self.1);
        self.1 = now;
        lap
    }
}

/// One run of the job of a day.
pub(crate) async fn run(app: &App, provider: Provider, day: BillDay) -> Result<Done, Problem> {
    let (_, until) = day.bounds(&zone_of(provider, &app.zone));
    let again_at = until.plus_us(READ_AGAIN_AFTER_US);
    let outcome = match reconcile(app, provider, day).await {
        Err(Problem::NotFound("provider")) => return Ok(Done::GaveUp("no account with this provider any more")),
        other => other?,
    };
    let now = app.clock.now().system;
    let why = match outcome {
        Reconciled::Done(summary) => {
            tracing::info!(provider = provider.word(), %day, ?summary, "a day is reconciled");
            let again = Done::Again { at: again_at, why: "read once more, in case the bill changes", failed: false };
            return Ok(if now < again_at { again } else { Done::Finished });
        }
        Reconciled::NotYet => "the bill is not there yet",
        Reconciled::Unknown => "the provider gave no bill that can be believed",
    };
    let compared = app.store.read(Bill { provider, day }).await?.is_some_and(|bill| bill.state == "matched");
    if compared && now.since_us(again_at) > DAY_US {
        return Ok(Done::Finished);
    }
    if now.since_us(until) > ASKED_FOR_US {
        return Ok(Done::GaveUp("no bill came for two weeks"));
    }
    let wait = if now.since_us(until) < DAY_US { 10 * MINUTE_US } else { HOUR_US };
    Ok(Done::Again { at: now.plus_us(wait), why, failed: false })
}

/// Queues the days whose bills can be asked for; how many.
pub async fn schedule(app: &App) -> Result<usize, Problem> {
    // A clock that jumped would ask for bills of days that did not come.
    if app.clock.doubt().is_some() {
        return Ok(0);
    }
    let (mut count, now) = (0, app.clock.now());
    for provider in app.ports.payments.providers().filter(|provider| has_bills(*provider)) {
        let ready = BillDay::ready(now.system, &zone_of(provider, &app.zone));
        count += app.store.transact(Schedule { provider, ready, now }).await?;
    }
    if count > 0 {
        app.wake.notify_one();
    }
    Ok(count)
}

/// Queues what can be asked for, every minute, until the store is closed.
pub async fn run_forever(app: App) {
    loop {
        if let Err(problem) = schedule(&app).await {
            tracing::error!(%problem, "the reconciliation of yesterday cannot be queued");
        }
        tokio::time::sleep(Duration::from_secs(60)).await;
    }
}

const fn setting_of(provider: Provider) -> &'static str {
    match provider {
        Provider::Alipay => "reconciled_alipay",
        Provider::Wechat => "reconciled_wechat",
        Provider::Stripe => "reconciled_stripe",
        // It has statements, which people bring; nobody is asked.
        Provider::Bank => "reconciled_bank",
    }
}

struct Schedule {
    provider: Provider,
    ready: BillDay,
    now: Now,
}
impl Work for Schedule {
    const NAME: &'static str = "schedule_reconciliation";
    type Out = usize;
    type Refusal = Problem;
    async fn run(&self, tx: &mut Tx) -> Result<usize, Stop<Problem>> {
        let setting = setting_of(self.provider);
        let last: Option<BillDay> = catalog::setting(tx, setting).await?.and_then(|text| text.parse().ok());
        let days: Vec<BillDay> = std::iter::successors(Some(self.ready), |day| Some(day.before()))
            .take_while(|day| last.map_or(*day == self.ready, |last| *day > last))
            .take(DAYS_MAX)
            .collect();
        for day in &days {
            let job = Job::Reconcile { customer: HOUSE, provider: self.provider, day: *day };
            job::add(tx, HOUSE, &job, self.now.system, self.now.system)?;
        }
        if !days.is_empty() {
            catalog::set_setting(tx, setting, &self.ready.to_string());
        }
        Ok(days.len())
    }
}

struct Matched {
    provider: Provider,
    day: BillDay,
    now: SystemTime,
}
impl Work for Matched {
    const NAME: &'static str = "bill_is_matched";
    type Out = ();
    type Refusal = Problem;
    async fn run(&self, tx: &mut Tx) -> Result<(), Stop<Problem>> {
        table::bill_is_matched(tx, self.provider, self.day, self.now);
        Ok(())
    }
}

struct Bill {
    provider: Provider,
    day: BillDay,
}
impl Work for Bill {
    const NAME: &'static str = "bill_of_a_day";
    type Out = Option<BillRow>;
    type Refusal = Problem;
    async fn run(&self, tx: &mut Tx) -> Result<Self::Out, Stop<Problem>> {
        Ok(table::bill(tx, self.provider, self.day).await?)
    }
}

struct OpenCount {
    provider: Provider,
    day: BillDay,
}
impl Work for OpenCount {
    const NAME: &'static str = "open_items_of_a_day";
    type Out = i64;
    type Refusal = Problem;
    async fn run(&self, tx: &mut Tx) -> Result<i64, Stop<Problem>> {
        Ok(table::open_count(tx, self.provider, self.day).await?)
    }
}
