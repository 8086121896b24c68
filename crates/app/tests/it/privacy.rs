//! One customer's data, handed out and erased; records whose time is over.
use crate::world::{World, on_both};
use everline_app::privacy::{NotErasable, erase, export};
use everline_app::retention::enforce;
use everline_core::ids::{CustomerId, RawId};
use everline_core::offering::Family;
use everline_core::retention::Retention;
use everline_core::time::DAY_US;
use everline_store::tables::directory::Name;
use everline_store::tables::{directory, privacy};

#[tokio::test]
async fn a_customer_gets_everything_and_nothing_of_others() {
    on_both(async |world: World| {
        let (mine, other) = (world.line(Family::Watch).await, world.line(Family::Watch).await);
        world.buys(&mine, "days").await;
        world.buys(&other, "days").await;
        let all = export(&world.app.store, mine.customer, &world.app.zone).await.unwrap();
        let text = all.to_string();
        let records = |table: &str| all["records"][table].as_array().unwrap().len();
        for table in ["customer", "account", "line", "allowance", "sim", "orders", "attempt", "receipt"] {
            assert_eq!(records(table), 1, "{table}");
        }
        assert!(records("transfer") >= 2);
        let line = world.line_now(&mine).await;
        assert_eq!(all["records"]["line"][0]["msisdn"], line.msisdn.as_str());
        assert!(all["records"]["allowance"][0]["body"]["periods"][0].is_object(), "{text}");
        assert!(all["records"]["orders"][0]["paid_at"].as_str().unwrap().starts_with("20"));
        assert!(!text.contains(world.line_now(&other).await.msisdn.as_str()));
    })
    .await;
}

#[tokio::test]
async fn erasure_waits_for_what_is_alive_and_leaves_the_books() {
    on_both(async |world: World| {
        let kit = world.line(Family::Watch).await;
        world.buys(&kit, "days").await;
        let now = || world.app.clock.now().business;
        assert_eq!(erase(&world.app.store, kit.customer, now()).await, Err(NotErasable::Lines(1)));
        let unknown = CustomerId(RawId::from_bytes([9; 16]));
        assert_eq!(erase(&world.app.store, unknown, now()).await, Err(NotErasable::Unknown));
        let over = "UPDATE line SET state = 'handed_over', state_until = NULL WHERE customer_id = $1";
        world.sql(over, vec![kit.customer.into()]).await;
        let order = "UPDATE orders SET state = 'refunding' WHERE customer_id = $1";
        world.sql(order, vec![kit.customer.into()]).await;
        assert_eq!(erase(&world.app.store, kit.customer, now()).await, Err(NotErasable::Orders(1)));
        world.sql("UPDATE orders SET state = 'in_effect' WHERE customer_id = $1", vec![kit.customer.into()]).await;
        world.sql("UPDATE account SET paid_credit = 5 WHERE customer_id = $1", vec![kit.customer.into()]).await;
        assert_eq!(erase(&world.app.store, kit.customer, now()).await, Err(NotErasable::Money(5)));
        world.sql("UPDATE account SET paid_credit = 0 WHERE customer_id = $1", vec![kit.customer.into()]).await;

        let before = export(&world.app.store, kit.customer, &world.app.zone).await.unwrap();
        let contact = before["records"]["customer"][0]["contact"].as_str().unwrap().to_owned();
        for _ in 0..2 {
            assert_eq!(erase(&world.app.store, kit.customer, now()).await, Ok(()));
        }
        let after = export(&world.app.store, kit.customer, &world.app.zone).await.unwrap();
        let customer = &after["records"]["customer"][0];
        assert_eq!((customer["name"].as_str(), customer["contact"].as_str()), (Some(""), None));
        assert!(customer["restricted_at"].is_string());
        assert_eq!(after["records"]["line"][0]["name"], "");
        for books in ["orders", "attempt", "receipt", "transfer"] {
            assert_eq!(after["records"][books], before["records"][books], "{books}");
        }
        let found = world
            .look(move |tx| {
                let contact = contact.clone();
                Box::pin(async move { directory::find(tx, Name::Login, &contact).await })
            })
            .await;
        assert_eq!(found, None);
        let customer = kit.customer;
        let at = world.look(move |tx| Box::pin(privacy::restricted_at(tx, customer))).await;
        assert!(at.0.is_some());
    })
    .await;
}

#[tokio::test]
async fn records_go_when_their_time_is_over_and_not_before() {
    on_both(async |world: World| {
        let kit = world.line(Family::Watch).await;
        world.buys(&kit, "days").await;
        let now = world.app.clock.now().system;
        let counts = [("notice", "SELECT 1 FROM notice"), ("message", "SELECT 1 FROM message")];
        let rules = Retention::default();
        let nothing = enforce(&world.app.store, &rules, now).await.unwrap();
        assert!(nothing.values().all(|removed| *removed == 0), "{nothing:?}");
        let removed = enforce(&world.app.store, &rules, now.plus_us(401 * DAY_US)).await.unwrap();
        for (table, _) in counts {
            assert!(removed[table] > 0, "{table}: {removed:?}");
        }
        let again = enforce(&world.app.store, &rules, now.plus_us(401 * DAY_US)).await.unwrap();
        assert!(again.values().all(|removed| *removed == 0), "{again:?}");
        world.sound().await;
    })
    .await;
}
