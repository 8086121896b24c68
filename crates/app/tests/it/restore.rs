//! A store that was put back from a backup finds the money that came since.
use crate::world::{World, quick};
use everline_app::restore::{Asked, ask_again};
use everline_core::ledger::LedgerAccount;
use everline_core::offering::Family;
use everline_core::order::OrderState;
use everline_store::Store;
use everline_store::backup;
use everline_testing as testing;
use everline_testing::SqliteFile;

#[tokio::test]
async fn money_that_came_after_the_backup_is_found() {
    let file = SqliteFile::new();
    let world = World::over(file.open(quick()).await, 1).await;
    let kit = world.line(Family::Watch).await;
    let (order, attempt) = world.checkout(&kit, "days").await;
    let folder = file.dir().join("saved");
    backup::back_up(&file.path(), &folder, 0, |_, _| {}).unwrap();
    world.pays(&attempt).await;
    world.settle().await;
    assert_eq!(world.order_now(&order).await.state, OrderState::InEffect);

    // The file is lost; the provider still has the payment.
    let to = file.dir().join("restored.sqlite");
    backup::restore(&folder, &to).unwrap();
    let store = Store::open_sqlite(&to, quick()).await.unwrap();
    world.app.store.close().await;
    let mut world = world;
    world.app.store = store;
    assert_eq!(world.order_now(&order).await.state, OrderState::AwaitingPayment);
    let asked = ask_again(&world.app.store, world.app.clock.now()).await.unwrap();
    assert_eq!(asked.attempts, 1);
    world.settle().await;
    assert_eq!(world.order_now(&order).await.state, OrderState::InEffect);
    assert_eq!(world.balance(kit.customer, LedgerAccount::PspReceivable).await, attempt.amount.micros());
    world.sound().await;
}

#[tokio::test]
async fn everything_under_way_is_asked_at_once() {
    testing::each_store_with(quick(), everline_store::PostgresOptions::default(), async |store| {
        let world = World::over(store, 1).await;
        let kit = world.line(Family::Watch).await;
        let (order, attempt) = world.checkout(&kit, "days").await;
        world.provider.pay(&attempt.out_trade_no); // its notice was lost with the disk
        world.sql("DELETE FROM job", vec![]).await;
        let asked = ask_again(&world.app.store, world.app.clock.now()).await.unwrap();
        assert_eq!(asked, Asked { attempts: 1, awoken: 0 });
        world.settle().await;
        assert_eq!(world.order_now(&order).await.state, OrderState::InEffect);
        let again = ask_again(&world.app.store, world.app.clock.now()).await.unwrap();
        assert_eq!(again.attempts, 0);
        world.sound().await;
        world.app.store.close().await;
    })
    .await;
}
