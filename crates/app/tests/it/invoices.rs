//! Invoices: asked for, made, refused, and forgotten with their customer.

use crate::world::{World, on_both};
use everline_app::Problem;
use everline_app::invoice::{ask_invoice, invoice, settle_invoice, waiting_invoices};
use everline_app::privacy::{NotErasable, erase, export};
use everline_app::retention::enforce;
use everline_core::invoice::{InvoiceState, Issue, NoInvoice, Particulars, Settlement};
use everline_core::money::Currency;
use everline_core::offering::Family;
use everline_core::order::{Order, PlacedBy};
use everline_core::retention::Retention;
use everline_core::time::{DAY_US, SystemTime};

fn wanted(title: &str) -> Particulars {
    Particulars::read("organisation", title, "91350100M000100Y43", "a@example.cn", Currency::CNY).unwrap()
}
fn made(number: &str) -> Settlement {
    Settlement::Issue(Issue::read(number, "").unwrap())
}
async fn waiting(world: &World) -> Vec<String> {
    waiting_invoices(&world.app, world.member("agent").await)
        .await
        .unwrap()
        .rows
        .into_iter()
        .map(|waiting| waiting.order)
        .collect()
}

#[tokio::test]
async fn a_request_waits_for_staff_and_is_settled_once() {
    on_both(async |world: World| {
        let kit = world.line(Family::Watch).await;
        let (unpaid, _) = world.checkout(&kit, "days").await;
        let ask = async |order: &Order, title: &str| {
            ask_invoice(&world.app, order.customer, order.id, wanted(title)).await.map(|request| request.title)
        };
        assert_eq!(ask(&unpaid, "顺达").await, Err(Problem::NoInvoice(NoInvoice::NotPaid)));
        let order = world.buys(&kit, "days").await;
        assert_eq!(invoice(&world.app, order.customer, order.id).await, Ok(None));
        for _ in 0..2 {
            assert_eq!(ask(&order, "顺达").await.as_deref(), Ok("顺达"));
        }
        assert_eq!(ask(&order, "顺风").await, Err(Problem::NoInvoice(NoInvoice::AskedOtherwise)));
        assert_eq!(waiting(&world).await, [order.number.as_str()]);
        world.sound().await;

        let settle =
            async |with| settle_invoice(&world.app, &order.number, (with, None), world.member("finance").await).await;
        settle(Settlement::Refuse("名称不符".to_owned())).await.unwrap();
        assert_eq!(waiting(&world).await, Vec::<String>::new());
        assert_eq!(settle(made("1")).await, Err(Problem::NoInvoice(NoInvoice::NotWaiting)));
        assert_eq!(ask(&order, "顺达冷链").await.as_deref(), Ok("顺达冷链"), "asked again, corrected");
        for _ in 0..2 {
            let request = settle(made("1")).await.unwrap();
            assert!(matches!(request.state, InvoiceState::Issued(_, issue) if issue.number == "1"));
        }
        assert_eq!(settle(made("2")).await, Err(Problem::NoInvoice(NoInvoice::NotWaiting)));
        assert_eq!(ask(&order, "顺达冷链").await, Err(Problem::NoInvoice(NoInvoice::IssuedAlready)));
        let nothing =
            settle_invoice(&world.app, &unpaid.number, (made("3"), None), world.member("finance").await).await;
        assert_eq!(nothing, Err(Problem::NotFound("invoice")));
        assert_eq!(
            settle_invoice(&world.app, "0", (made("3"), None), world.member("finance").await).await,
            Err(Problem::NotFound("order"))
        );
        world.sound().await;
    })
    .await;
}

#[tokio::test]
async fn a_customers_requests_are_handed_out_and_forgotten_and_a_guests_are_the_guests() {
    on_both(async |world: World| {
        let kit = world.line(Family::Watch).await;
        let (own, refused) = (world.buys(&kit, "days").await, world.buys(&kit, "days").await);
        let id = everline_core::ids::OrderId(world.app.clock.id());
        let new = everline_app::place_order::NewOrder {
            placed_by: PlacedBy::Guest,
            token: Some("c0ffee".repeat(8)),
            ..world.new_order(&kit, "days", id)
        };
        let guests = everline_app::place_order::place_order(&world.app, new).await.unwrap();
        let attempt = world.start(&guests, everline_core::payment::Method::AlipayQr).await.unwrap();
        world.pays(&attempt).await;
        world.settle().await;
        for (order, title) in [(&own, "林芳的公司"), (&refused, "林芳的店"), (&guests, "付款人的公司")] {
            ask_invoice(&world.app, order.customer, order.id, wanted(title)).await.unwrap();
        }
        let exported = async || export(&world.app.store, kit.customer, &world.app.zone).await.unwrap();
        let all = exported().await.to_string();
        assert!(all.contains("林芳的公司") && all.contains("a@example.cn") && !all.contains("付款人的公司"), "{all}");

        let now = world.app.clock.now();
        let over = "UPDATE line SET state = 'handed_over', state_until = NULL WHERE customer_id = $1";
        world.sql(over, vec![kit.customer.into()]).await;
        let erased = async || erase(&world.app.store, kit.customer, now.business).await;
        assert_eq!(erased().await, Err(NotErasable::Invoices(3)));
        for order in [&own, &guests] {
            settle_invoice(&world.app, &order.number, (made("1"), None), world.member("finance").await).await.unwrap();
        }
        settle_invoice(
            &world.app,
            &refused.number,
            (Settlement::Refuse("名称不符".to_owned()), None),
            world.member("finance").await,
        )
        .await
        .unwrap();
        assert!(!exported().await.to_string().contains("a@example.cn"), "the address is forgotten once it is settled");
        erased().await.unwrap();
        let kept = exported().await;
        let kept = kept["records"]["invoice_request"].as_array().unwrap();
        assert_eq!((kept.len(), &kept[0]["title"], &kept[0]["number"]), (1, &"".into(), &"1".into()));
        let theirs = invoice(&world.app, guests.customer, guests.id).await.unwrap().unwrap();
        assert_eq!(theirs.title, "付款人的公司");
    })
    .await;
}

#[tokio::test]
async fn refused_requests_go_when_their_time_is_over() {
    on_both(async |world: World| {
        let kit = world.line(Family::Watch).await;
        let (waits, refused) = (world.buys(&kit, "days").await, world.buys(&kit, "days").await);
        for order in [&waits, &refused] {
            ask_invoice(&world.app, order.customer, order.id, wanted("顺达")).await.unwrap();
        }
        let with = Settlement::Refuse("名称不符".to_owned());
        settle_invoice(&world.app, &refused.number, (with, None), world.member("finance").await).await.unwrap();
        let at = |days: i64| SystemTime::from_us(world.app.clock.now().business.us()).plus_us(days * DAY_US);
        let removed =
            async |days| enforce(&world.app.store, &Retention::default(), at(days)).await.unwrap()["refused_invoice"];
        assert_eq!((removed(399).await, removed(401).await, removed(401).await), (0, 1, 0));
        assert_eq!(invoice(&world.app, refused.customer, refused.id).await, Ok(None));
        assert!(invoice(&world.app, waits.customer, waits.id).await.unwrap().is_some());
    })
    .await;
}
