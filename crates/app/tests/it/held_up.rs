//! What must not be held up: a month start by a report that comes first, other lines and jobs by one that fails.
use crate::world::stock::GB;
use crate::world::{World, on_both};
use everline_app::Problem;
use everline_core::ledger::LedgerAccount;
use everline_core::line::Line;
use everline_core::offering::Family;
use everline_core::time::{BusinessTime, HOUR_US, SECOND_US};
use everline_store::tables::{self, timer::TimerKind};
use everline_store::{PostgresOptions, Sql, Stop, Tx, Work};
use everline_testing::postgres_store;

#[tokio::test]
async fn a_month_start_is_earned_although_a_device_reports_before_the_timer_runs() {
    on_both(async |world: World| {
        let kit = world.line(Family::Phone).await;
        world.buys(&kit, "month").await;
        let session = world.attach(&kit).await.session;
        world.skip_days(21).await; // 31 March, noon
        world.app.clock.set_business_offset_us(world.app.clock.business_offset_us() + 12 * HOUR_US + SECOND_US);
        world.report(session, 1, GB).await;
        world.pass(SECOND_US).await;
        assert_ne!(world.balance(kit.customer, LedgerAccount::Revenue).await, 0);
    })
    .await;
}

#[tokio::test]
async fn one_bad_line_does_not_stop_the_others() {
    on_both(async |world: World| {
        let (bad, good) = (world.line(Family::Watch).await, world.line(Family::Watch).await);
        world.buys(&bad, "days").await;
        world.buys(&good, "days").await;
        world.sql("UPDATE account SET deferred_revenue = 0 WHERE customer_id = $1", vec![bad.customer.into()]).await;
        world.app.clock.set_business_offset_us(31 * 24 * HOUR_US);
        let _ = everline_app::timers::run_due(&world.app, world.app.clock.now()).await;
        assert!(!world.line_now(&good).await.state.in_service());
    })
    .await;
}

#[tokio::test]
async fn one_bad_job_does_not_stop_the_others() {
    on_both(async |world: World| {
        let kit = world.line(Family::Watch).await;
        let (_, attempt) = world.checkout(&kit, "days").await;
        let bad = "INSERT INTO job (id, customer_id, payload, state, queued_at, due_at, runs) \
            VALUES ($1, $1, '{\"job\":\"new_kind\"}', 'ready', 0, 0, 0)";
        world.sql(bad, vec![kit.customer.into()]).await;
        world.pays(&attempt).await;
        assert!(everline_app::jobs::run_due(&world.app).await.is_ok());
    })
    .await;
}

/// Moves a line's timer, holding the line for half a second.
struct MovesTimer {
    line: Line,
    to: BusinessTime,
}
static SLEEP: Sql = Sql::new("SELECT CAST(1 AS BIGINT) FROM pg_sleep(0.5)");
impl Work for MovesTimer {
    const NAME: &'static str = "moves_timer";
    type Out = ();
    type Refusal = Problem;
    async fn run(&self, tx: &mut Tx) -> Result<(), Stop<Problem>> {
        let Line { customer, id, .. } = self.line;
        tables::line::lock(tx, customer, id).await?;
        tx.one::<(i64,)>("sleep", &SLEEP, vec![]).await?;
        tables::timer::set(tx, id.0, customer, TimerKind::Line, self.to);
        Ok(())
    }
}
struct ReadsDue(String);
impl Work for ReadsDue {
    const NAME: &'static str = "reads_due";
    type Out = Option<BusinessTime>;
    type Refusal = Problem;
    async fn run(&self, tx: &mut Tx) -> Result<Self::Out, Stop<Problem>> {
        let locked = tables::renewal::lock_by_trade(tx, &self.0).await?;
        Ok(locked.and_then(|locked| locked.due_at))
    }
}

/// On PostgreSQL only: on SQLite one Work runs after the other.
#[tokio::test]
async fn a_payment_that_waited_for_the_line_sees_when_it_is_due_now() {
    let Some(store) = postgres_store(PostgresOptions::default()).await else { return };
    let world = World::over(store, 1).await;
    let kit = world.line(Family::Watch).await;
    world.buys(&kit, "days").await;
    let (_, attempt) = world.checkout(&kit, "days").await;
    let to = world.app.clock.now().business;
    let line = world.line_now(&kit).await;
    let waits = async {
        tokio::time::sleep(std::time::Duration::from_millis(150)).await; // so that it surely comes second
        world.app.store.transact(ReadsDue(attempt.out_trade_no)).await
    };
    let (moved, seen) = tokio::join!(world.app.store.transact(MovesTimer { line, to }), waits);
    assert_eq!((moved, seen), (Ok(()), Ok(Some(to))));
    world.app.store.close().await;
}
