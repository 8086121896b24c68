//! Timers: what business time does to lines and orders, computed at `due_at` however late it runs, in due order. They
//! wait while the machine's clock is in doubt ([`crate::clock`]).

use crate::clock::JUMP_US;
use crate::close_payment::ask_to_close;
use crate::save::{carry_out, give_up_names, lock, lock_for_rest};
use crate::{App, Problem, auto_renew, catalog_sale, jobs, reminders};
use everline_core::brand::Brand;
use everline_core::credit::on_unpaid;
use everline_core::ids::{CustomerId, LineId, OrderId};
use everline_core::ledger::Balances;
use everline_core::lifecycle::{Situation, on_due};
use everline_core::order::Order;
use everline_core::time::{BusinessTime, DAY_US, MINUTE_US, Now, SystemTime, Zone};
use everline_store::tables::timer::{Due, TimerKind};
use everline_store::tables::{catalog, customer, order, payment, timer};
use everline_store::{Stop, Store, Tx, Work};
use futures_util::stream::{StreamExt as _, iter};
use std::collections::BTreeSet;
use std::sync::Arc;

/// The name of the setting that keeps how far business time is ahead.
pub const OFFSET_SETTING: &str = "business_offset_us";
/// The name of the setting that keeps the system time at which a node last believed its clock.
pub const SEEN_SETTING: &str = "time_seen_us";
/// The name of the setting that keeps the system time that people last accepted.
pub const ACCEPTED_SETTING: &str = "time_accepted_us";
/// How often [`SEEN_SETTING`] is written.
const SEEN_EVERY_US: i64 = MINUTE_US;
const BATCH: i64 = 200;
/// Timers that run at once. Each is about another line or order: what is due of one subject runs one after the other.
const AT_ONCE: usize = 32;

/// Runs every timer that is due at `now`, in due order for each line and order; how many ran. One that fails is logged,
/// left for the next round, and keeps no other from running. None runs while the machine's clock is in doubt.
pub async fn run_due(app: &App, now: Now) -> Result<usize, Problem> {
    let (mut count, mut failed) = (0, BTreeSet::new());
    if app.clock.doubt().is_some() {
        return Ok(0);
    }
    loop {
        let limit = BATCH.saturating_add(i64::try_from(failed.len()).unwrap_or(BATCH));
        let due = app.store.read(DueTimers { now: now.business, limit }).await?;
        let mut due: Vec<Due> = due.into_iter().filter(|due| !failed.contains(&due.0)).collect();
        if due.is_empty() {
            return Ok(count);
        }
        // What is sold changes before those who buy by themselves look at it.
        for (subject, _, _, due_at) in due.extract_if(.., |due| due.2 == TimerKind::Catalog) {
            match catalog_sale::due(app, due_at).await {
                Ok(()) => count += 1,
                Err(problem) => {
                    tracing::error!(%problem, "the catalog cannot change by itself");
                    failed.insert(subject);
                }
            }
        }
        let run = |(subject, customer, kind, due_at): Due| async move {
            let ran = match kind {
                TimerKind::Line => line_due(app, customer, LineId(subject), due_at, now).await,
                TimerKind::Order => order_due(app, customer, OrderId(subject), due_at, now).await,
                TimerKind::AutoRenew => auto_renew::due(app, subject, customer, due_at).await,
                TimerKind::Reminder => reminders::due(app, subject, customer, due_at).await,
                TimerKind::Catalog => Ok(()),
            };
            (subject, ran)
        };
        let mut running = iter(due.into_iter().map(run)).buffered(AT_ONCE);
        while let Some((subject, ran)) = running.next().await {
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

/// Runs a work; what is due before it on its line happens first, one instant after the other.
pub(crate) async fn in_due_order<W: Work<Refusal = Problem>>(
    app: &App,
    now: Now,
    work: impl Fn() -> W,
) -> Result<W::Out, Problem> {
    loop {
        match app.store.transact(work()).await.map_err(Problem::from) {
            Err(Problem::DueFirst { customer, line, due_at }) => line_due(app, customer, line, due_at, now).await?,
            done => return done,
        }
    }
}

/// Runs timers and numbers receipts until the store is closed.
pub async fn run_forever(app: App) {
    let mut seen = None;
    loop {
        tokio::time::sleep(std::time::Duration::from_millis(500)).await;
        if let Err(problem) = round(&app, &mut seen).await {
            tracing::error!(%problem, "timers cannot run");
        }
    }
}

async fn round(app: &App, seen: &mut Option<SystemTime>) -> Result<(), Problem> {
    watch_time(app, seen).await?;
    run_due(app, app.clock.now()).await?;
    jobs::number_receipts(app).await?;
    Ok(())
}

/// Keeps the time at which this node believes its clock, once a minute; in doubt, looks whether people accepted the time.
/// `seen` is when it was kept last.
pub async fn watch_time(app: &App, seen: &mut Option<SystemTime>) -> Result<(), Problem> {
    let now = app.clock.now().system;
    let Some(doubt) = app.clock.doubt() else {
        if seen.is_none_or(|seen| now.since_us(seen) >= SEEN_EVERY_US || now < seen) {
            app.store.transact(KeepSetting { name: SEEN_SETTING, value: now.us() }).await?;
            *seen = Some(now);
        }
        return Ok(());
    };
    // Accepted here or on another node, when the clocks said what ours says.
    let accepted = app.store.read(StoredSetting { name: ACCEPTED_SETTING }).await?.map(SystemTime::from_us);
    let says_ours = |accepted: SystemTime| (0..=JUMP_US).contains(&now.since_us(accepted));
    if accepted.is_some_and(|accepted| accepted >= doubt.since && says_ours(accepted)) {
        app.clock.accept();
        tracing::warn!("the new time was accepted: timers run");
    }
    Ok(())
}

/// People say that the machine's clock is right: this node believes it at once, the others and those that start later when
/// they see it in the store.
pub async fn accept_time(app: &App) -> Result<SystemTime, Problem> {
    let now = app.clock.accept();
    for name in [SEEN_SETTING, ACCEPTED_SETTING] {
        app.store.transact(KeepSetting { name, value: now.us() }).await?;
    }
    tracing::warn!("the time was accepted: timers run");
    Ok(now)
}

/// Moves business time forward, event by event: whatever falls due on the way happens at its own time, and the jobs it
/// queues run before time goes on. How many timers ran.
pub async fn advance_business_time(app: &App, by_us: i64) -> Result<usize, Problem> {
    if !(0..=400 * DAY_US).contains(&by_us) {
        return Err(Problem::Invalid { field: "advance_us", rule: "0 to 400 days" });
    }
    if app.clock.doubt().is_some() {
        return Err(Problem::Invalid { field: "advance_us", rule: "the machine's clock is in doubt" });
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
    app.store.transact(KeepSetting { name: OFFSET_SETTING, value: target }).await?;
    Ok(count)
}

/// Reads how far business time was ahead when the store was last used, and when that was: a clock that is more than an hour
/// behind it, or more than a day ahead, is doubted.
pub async fn restore_business_time(app: &App) -> Result<(), Problem> {
    app.clock.set_business_offset_us(stored_offset_us(&app.store).await?);
    let seen = app.store.read(StoredSetting { name: SEEN_SETTING }).await?.map(SystemTime::from_us);
    let now = app.clock.now().system;
    if let Some(seen) = seen.filter(|seen| !(-JUMP_US..=DAY_US).contains(&now.since_us(*seen))) {
        app.clock.doubt_since(seen);
    }
    Ok(())
}

/// How far business time is ahead in a store.
pub async fn stored_offset_us(store: &Store) -> Result<i64, Problem> {
    Ok(store.read(StoredSetting { name: OFFSET_SETTING }).await?.unwrap_or(0))
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
        let mut is = lock(tx, self.customer, self.line).await?;
        if timer::get(tx, self.line.0).await? != Some(self.due_at) {
            return Ok(()); // it ran, or the line changed since
        }
        let decide = |is: &Situation| {
            on_due(is, &self.brand, &self.zone, self.due_at).map_err(|refusal| Stop::Refused(Problem::from(refusal)))
        };
        let mut effects = decide(&is)?;
        if lock_for_rest(tx, &mut is, &effects).await? {
            effects = decide(&is)?;
        }
        timer::remove(tx, self.line.0, self.customer);
        // The next instant is counted from this one, so that a late run misses none.
        let then = Now { business: self.due_at, system: self.now.system };
        carry_out(tx, (self.customer, self.line), &effects, &self.zone, then).await?;
        give_up_names(tx, &is, &effects).await?;
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
        let balances = customer::lock_account(tx, self.customer).await?;
        let order = order::lock(tx, self.customer, self.order).await?;
        if timer::get(tx, self.order.0).await? != Some(self.due_at) {
            return Ok(()); // it ran, or the order got more time since
        }
        let then = Now { business: self.due_at, system: self.now.system };
        timer::remove(tx, self.order.0, self.customer);
        close(tx, &order, balances, then, &self.zone, self.now).await
    }
}

/// Closes an order that nobody paid, before its time is over: credit that was set aside for it comes back, and its attempts
/// are closed at their providers. Nothing happens to one that is not open. The account is locked.
pub(crate) async fn close_order(
    tx: &mut Tx,
    customer: CustomerId,
    order: OrderId,
    zone: &Zone,
    now: Now,
) -> Result<(), Stop<Problem>> {
    let balances = customer::lock_account(tx, customer).await?;
    let order = order::lock(tx, customer, order).await?;
    close(tx, &Order { expires_at: now.business, ..order }, balances, now, zone, now).await
}

async fn close(
    tx: &mut Tx,
    order: &Order,
    balances: Balances,
    then: Now,
    zone: &Zone,
    now: Now,
) -> Result<(), Stop<Problem>> {
    let attempts = payment::of_order(tx, order.customer, order.id).await?;
    let closed = on_unpaid(order, &attempts, balances, then);
    let Some(effects) = closed.map_err(|refusal| Stop::Refused(refusal.into()))? else { return Ok(()) };
    ask_to_close(tx, order.customer, attempts.iter().filter(|attempt| attempt.state.open()), now)?;
    carry_out(tx, (order.customer, order.line), &effects, zone, now).await?;
    Ok(())
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
struct KeepSetting {
    name: &'static str,
    value: i64,
}
impl Work for KeepSetting {
    const NAME: &'static str = "keep_time_setting";
    type Out = ();
    type Refusal = Problem;
    async fn run(&self, tx: &mut Tx) -> Result<(), Stop<Problem>> {
        catalog::set_setting(tx, self.name, &self.value.to_string());
        Ok(())
    }
}
struct StoredSetting {
    name: &'static str,
}
impl Work for StoredSetting {
    const NAME: &'static str = "stored_time_setting";
    type Out = Option<i64>;
    type Refusal = Problem;
    async fn run(&self, tx: &mut Tx) -> Result<Self::Out, Stop<Problem>> {
        let stored = catalog::setting(tx, self.name).await?;
        Ok(stored.and_then(|text| text.parse().ok()))
    }
}
