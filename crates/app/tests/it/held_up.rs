//! What must not be held up: a month start by a report that comes first, other lines and jobs by one that fails.
use crate::world::stock::GB;
use crate::world::{World, on_both};
use everline_core::ledger::LedgerAccount;
use everline_core::offering::Family;
use everline_core::time::{HOUR_US, SECOND_US};

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
