//! Timers: what business time does to lines and orders, computed at `due_at` however late it runs, in due order.

use crate::save::carry_out;
use crate::{App, Problem, jobs};
use everline_core::brand::Brand;
use everline_core::effects::{Effects, Job};
use everline_core::ids::{CustomerId, LineId, OrderId};
use everline_core::lifecycle::{on_due, on_order_expired};
use everline_core::payment::AttemptState;
use everline_core::time::{BusinessTime, DAY_US, Now, Zone};
use everline_store::tables::timer::{Due, TimerKind};
use everline_store::tables::{allowance, catalog, customer, job, line, order, payment, timer};
use everline_store::{Stop, Store, Tx, Work};
use std::collections::BTreeSet;
use std::sync::Arc;

/// The name of the setting that keeps how far business time is ahead.
pub const OFFSET_SETTING: &str = "business_offset_us";
const BATCH: i64 = 200;

/// Runs every timer that is due at `now`, in due order; how many ran. One that fails is logged, left for the next round,
/// and keeps no other from running.
pub async fn run_due(app: &App, now: Now) -> Result<usize, Problem> {
    let (mut count, mut failed) = (0, BTreeSet::new());
    loop {
        let limit = BATCH.saturating_add(i64::try_from(failed.len()).unwrap_or(BATCH));
        let due = app.store.read(DueTimers { now: now.business, limit }).await?;
        let due: Vec<Due> = due.into_iter().filter(|due| !failed.contains(&due.0)).collect();
        if due.is_empty() {
            return Ok(count);
        }
        for (subject, customer, kind, due_at) in due {
            let ran = match kind {
                TimerKind::Line => line_due(app, customer, LineId(subject), due_at, now).await,
                TimerKind::Order => order_due(app, customer, OrderId(subject), due_at, now).await,
            };
            match ran {
                Ok(()) => count += 1,
                Err(problem) => {
                    tracing::error!(subject = %subject, %problem, "a timer cannot run");
                    failed.insert(subject);
                }
            }
        }
        app.wake.notify_one();
    }
}

async fn order_due(
    app: &App,
    customer: CustomerId,
    order: OrderId,
    due_at: BusinessTime,
    now: Now,
) -> Result<(), Problem> {
    Ok(app.store.transact(OrderDue { customer, order, due_at, zone: app.zone.clone(), now }).await?)
}

/// Lets one due instant of a line happen.
pub(crate) async fn line_due(
    app: &App,
    customer: CustomerId,
    line: LineId,
    due_at: BusinessTime,
    now: Now,
) -> Result<(), Problem> {
    let (brand, zone) = (app.brand.clone(), app.zone.clone());
    Ok(app.store.transact(LineDue { customer, line, due_at, brand, zone, now }).await?)
}

/// Runs timers and numbers receipts until the store is closed.
pub async fn run_forever(app: App) {
    loop {
        tokio::time::sleep(std::time::Duration::from_millis(500)).await;
        let result = match run_due(&app, app.clock.now()).await {
            Ok(_) => jobs::number_receipts(&app).await,
            Err(problem) => Err(problem),
        };
        if let Err(problem) = result {
            tracing::error!(%problem, "timers cannot run");
        }
    }
}

/// Moves business time forward, event by event: whatever falls due on the way happens at its own time, and the jobs it
/// queues run before time goes on. How many timers ran.
pub async fn advance_business_time(app: &App, by_us: i64) -> Result<usize, Problem> {
    if !(0..=400 * DAY_US).contains(&by_us) {
        return Err(Problem::Invalid { field: "advance_us", rule: "0 to 400 days" });
    }
    let start = app.clock.now();
    let target = app.clock.business_offset_us().saturating_add(by_us);
    let goal = start.business.plus_us(by_us);
    let mut count = 0;
    while let Some(due) = app.store.read(NextTimer).await?.filter(|due| *due <= goal) {
        let now = app.clock.now();
        app.clock.set_business_offset_us((due.us() - now.system.us()).max(app.clock.business_offset_us()));
        count += run_due(app, app.clock.now()).await?;
        while jobs::run_due(app).await? > 0 {}
    }
    app.clock.set_business_offset_us(target);
    app.store.transact(KeepOffset { offset_us: target }).await?;
    Ok(count)
}

/// Reads how far business time was ahead when the store was last used.
pub async fn restore_business_time(app: &App) -> Result<(), Problem> {
    app.clock.set_business_offset_us(stored_offset_us(&app.store).await?);
    Ok(())
}

/// How far business time is ahead in a store.
pub async fn stored_offset_us(store: &Store) -> Result<i64, Problem> {
    Ok(store.read(StoredOffset).await?)
}

/// One due instant of a line.
struct LineDue {
    customer: CustomerId,
    line: LineId,
    due_at: BusinessTime,
    brand: Arc<Brand>,
    zone: Zone,
    now: Now,
}
impl Work for LineDue {
    const NAME: &'static str = "line_due";
    type Out = ();
    type Refusal = Problem;
    async fn run(&self, tx: &mut Tx) -> Result<(), Stop<Problem>> {
        let balances = customer::lock_account(tx, self.customer).await?;
        let line = line::lock(tx, self.customer, self.line).await?;
        let waiting = order::waiting(tx, self.customer, self.line).await?;
        let allowance = allowance::lock(tx, self.customer, self.line).await?;
        if timer::get(tx, self.line.0).await? != Some(self.due_at) {
            return Ok(()); // it ran, or the line changed since
        }
        let effects = on_due(&line, &allowance, balances, &waiting, &self.brand, &self.zone, self.due_at);
        let effects = effects.map_err(|refusal| Stop::Refused(refusal.into()))?;
        timer::remove(tx, self.line.0, self.customer);
        // The next instant is counted from this one, so that a late run misses none.
        let then = Now { business: self.due_at, system: self.now.system };
        carry_out(tx, (self.customer, self.line), &effects, &self.zone, then)?;
        Ok(())
    }
}

/// The time to pay an order is over.
struct OrderDue {
    customer: CustomerId,
    order: OrderId,
    due_at: BusinessTime,
    zone: Zone,
    now: Now,
}
impl Work for OrderDue {
    const NAME: &'static str = "order_due";
    type Out = ();
    type Refusal = Problem;
    async fn run(&self, tx: &mut Tx) -> Result<(), Stop<Problem>> {
        let order = order::lock(tx, self.customer, self.order).await?;
        let then = Now { business: self.due_at, system: self.now.system };
        timer::remove(tx, self.order.0, self.customer);
        let Some(closed) = on_order_expired(&order, then) else { return Ok(()) };
        let attempts = payment::of_order(tx, self.customer, self.order).await?;
        let open = |state| matches!(state, AttemptState::Created | AttemptState::Pending | AttemptState::Unknown);
        for attempt in attempts.iter().filter(|attempt| open(attempt.state)) {
            let close = Job::ClosePayment { customer: self.customer, attempt: attempt.id };
            job::add(tx, self.customer, &close, self.now.system, self.now.system)?;
        }
        let effects = Effects { orders: vec![closed], ..Effects::default() };
        carry_out(tx, (self.customer, order.line), &effects, &self.zone, self.now)?;
        Ok(())
    }
}

struct DueTimers {
    now: BusinessTime,
    limit: i64,
}
impl Work for DueTimers {
    const NAME: &'static str = "due_timers";
    type Out = Vec<Due>;
    type Refusal = Problem;
    async fn run(&self, tx: &mut Tx) -> Result<Self::Out, Stop<Problem>> {
        Ok(timer::due(tx, self.now, self.limit).await?)
    }
}
struct NextTimer;
impl Work for NextTimer {
    const NAME: &'static str = "next_timer";
    type Out = Option<BusinessTime>;
    type Refusal = Problem;
    async fn run(&self, tx: &mut Tx) -> Result<Self::Out, Stop<Problem>> {
        Ok(timer::next(tx).await?)
    }
}
struct KeepOffset {
    offset_us: i64,
}
impl Work for KeepOffset {
    const NAME: &'static str = "keep_business_offset";
    type Out = ();
    type Refusal = Problem;
    async fn run(&self, tx: &mut Tx) -> Result<(), Stop<Problem>> {
        catalog::set_setting(tx, OFFSET_SETTING, &self.offset_us.to_string());
        Ok(())
    }
}
struct StoredOffset;
impl Work for StoredOffset {
    const NAME: &'static str = "stored_business_offset";
    type Out = i64;
    type Refusal = Problem;
    async fn run(&self, tx: &mut Tx) -> Result<i64, Stop<Problem>> {
        let stored = catalog::setting(tx, OFFSET_SETTING).await?;
        Ok(stored.and_then(|text| text.parse().ok()).unwrap_or(0))
    }
}
