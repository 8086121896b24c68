//! Receipts: numbered, signed, and checked again later.

use crate::world::outside::Fate;
use crate::world::{Kit, World, on_both, stock};
use everline_app::order_page::order_page;
use everline_app::receipt::{Signed, check_receipt, signed};
use everline_app::secrets::Secrets;
use everline_app::{App, Problem, set_up};
use everline_core::brand::Localized;
use everline_core::offering::Family;
use everline_core::order::Order;
use everline_core::payment::Method;
use everline_core::receipt::{Change, Outcome, Reader};
use everline_core::refund::RefundState;
use std::sync::Arc;

async fn receipt(app: &App, order: &Order, reader: Reader) -> Option<Signed> {
    let view = order_page(app, order.customer, order.id).await.unwrap();
    signed(app, &view, reader).unwrap()
}

async fn bought(world: &World) -> (Kit, Order) {
    let kit = world.line(Family::Watch).await;
    let order = world.buys(&kit, "days").await;
    (kit, order)
}

#[tokio::test]
async fn a_receipt_is_signed_once_it_has_its_number_and_is_found_genuine() {
    on_both(async |world: World| {
        let kit = world.line(Family::Watch).await;
        let (order, attempt) = world.checkout(&kit, "days").await;
        assert_eq!(receipt(&world.app, &order, Reader::Owner).await, None, "not paid");
        world.pays(&attempt).await;
        world.jobs().await;
        assert_eq!(receipt(&world.app, &order, Reader::Owner).await, None, "no number");
        world.settle().await;
        let written = receipt(&world.app, &order, Reader::Owner).await.unwrap();
        assert_eq!(Some(written.clone()), receipt(&world.app, &order, Reader::Owner).await, "the same again");
        let facts = &written.facts;
        assert_eq!((facts.number, facts.order.as_str()), (1, order.number.as_str()));
        assert_eq!(
            (facts.msisdn.as_str(), facts.iccid.as_deref()),
            (kit.msisdn.masked().as_str(), Some("898****0002"))
        );
        assert_eq!(facts.payee, world.app.brand.payee());
        assert_eq!((facts.payments.len(), &facts.payments[0].out_trade_no), (1, &attempt.out_trade_no));
        assert_eq!(written.course.outcome, Outcome::InEffect);

        let checked = check_receipt(&world.app, &written.token).await.unwrap();
        assert_eq!(checked.signed, written);
        assert_eq!(checked.changes(), []);
    })
    .await;
}

#[tokio::test]
async fn what_happened_since_is_told_and_the_receipt_stays_genuine() {
    on_both(async |world: World| {
        // Cut off, renewed, and the network has not acknowledged; paid twice a little later.
        let kit = world.line(Family::Watch).await;
        world.attach(&kit).await;
        world.radio.always("apply", Fate::Silent);
        let order = world.order(&kit, "days").await.unwrap();
        let first = world.start(&order, Method::AlipayQr).await.unwrap();
        let second = world.start(&order, Method::AlipayWap).await.unwrap();
        world.pays(&first).await;
        world.settle().await;
        let early = receipt(&world.app, &order, Reader::Owner).await.unwrap();
        let guests = receipt(&world.app, &order, Reader::Guest).await.unwrap();
        assert_eq!((early.course.outcome, early.course.in_effect), (Outcome::Delivered, None));

        world.radio.always("apply", Fate::Works);
        world.pass(60_000_000).await;
        world.pays(&second).await;
        world.settle().await;
        let late = receipt(&world.app, &order, Reader::Owner).await.unwrap();
        assert_eq!(late.facts, early.facts, "the surplus did not pay it");
        assert_ne!(late.token, early.token);
        let changes = check_receipt(&world.app, &early.token).await.unwrap().changes();
        assert!(matches!(
            changes[..],
            [Change::Outcome(Outcome::InEffect), Change::InEffect(_), Change::Returned(back)] if back.state == RefundState::Done
        ), "{changes:?}");
        assert_eq!(check_receipt(&world.app, &late.token).await.unwrap().changes(), []);
        let changes = check_receipt(&world.app, &guests.token).await.unwrap().changes();
        assert!(
            matches!(changes[..], [Change::Outcome(Outcome::Done), Change::Returned(_)]),
            "a guest is told no times: {changes:?}"
        );
        assert_eq!(guests.facts.iccid, None);
    })
    .await;
}

#[tokio::test]
async fn whatever_is_not_ours_gets_one_answer() {
    on_both(async |world: World| {
        let (_, order) = bought(&world).await;
        let (_, other) = bought(&world).await;
        let token = receipt(&world.app, &order, Reader::Owner).await.unwrap().token;
        let others = receipt(&world.app, &other, Reader::Owner).await.unwrap().token;
        let not_genuine = async |token: &str| {
            assert_eq!(check_receipt(&world.app, token).await, Err(Problem::NotGenuine), "{token}");
        };
        for place in 0..token.len() {
            let mut changed: Vec<u8> = token.clone().into_bytes();
            changed[place] = if changed[place] == b'A' { b'B' } else { b'A' };
            not_genuine(&String::from_utf8(changed).unwrap()).await;
        }
        for token in ["", "A", "AQ", &token[..token.len() - 1], &format!("{token}A"), &format!("{token}=")] {
            not_genuine(token).await;
        }
        // The signature of one under the name of another.
        let mixed = format!("{}{}", &token[..28], &others[28..]);
        not_genuine(&mixed).await;
        assert!(check_receipt(&world.app, &token).await.is_ok());
        // The books say otherwise than the paper.
        world.sql("UPDATE orders SET price = price + 10000 WHERE id = $1", vec![order.id.into()]).await;
        not_genuine(&token).await;
    })
    .await;
}

#[tokio::test]
async fn receipts_outlive_the_key_and_the_name_of_the_brand() {
    on_both(async |world: World| {
        let (kit, order) = bought(&world).await;
        let before = receipt(&world.app, &order, Reader::Owner).await.unwrap();

        world.pass(1_000_000).await;
        let mut brand = stock::brand();
        brand.legal_name = Localized::zh_en("新线通信有限公司", "Newline Ltd");
        let at = world.app.clock.now().business;
        let set_up = set_up::SetUp { brand: brand.clone(), offerings: Vec::new(), staff: Vec::new(), at };
        for _ in 0..2 {
            world.app.store.transact(set_up.clone()).await.unwrap();
        }
        let mut app = world.app.clone();
        app.brand = Arc::new(brand);
        assert_eq!(check_receipt(&app, &before.token).await.unwrap().signed.facts.payee, stock::brand().payee());
        let mut new = world.clone();
        new.app = app;
        let renewed = new.buys(&kit, "days").await;
        let after = receipt(&new.app, &renewed, Reader::Owner).await.unwrap();
        assert_eq!(after.facts.payee.legal_name.get("en"), "Newline Ltd");

        let mut app = new.app.clone();
        app.secrets = Arc::new(Secrets::new(&[9; 32]));
        assert_eq!(check_receipt(&app, &after.token).await, Err(Problem::NotGenuine), "an unknown key");
        app.secrets = Arc::new(Secrets::new(&[9; 32]).knowing(new.app.secrets.receipt_key()));
        assert_eq!(check_receipt(&app, &after.token).await.unwrap().signed.facts, after.facts);
        assert_ne!(receipt(&app, &renewed, Reader::Owner).await.unwrap().key, after.key);
        new.sound().await;
    })
    .await;
}

#[tokio::test]
async fn another_card_later_changes_no_receipt() {
    on_both(async |world: World| {
        let (kit, order) = bought(&world).await;
        let before = receipt(&world.app, &order, Reader::Owner).await.unwrap();
        let changed =
            world.sql("UPDATE sim SET line_id = NULL, role = NULL WHERE line_id = $1", vec![kit.line.into()]).await;
        assert_eq!(changed, 1);
        assert_eq!(receipt(&world.app, &order, Reader::Owner).await, Some(before.clone()));
        assert!(check_receipt(&world.app, &before.token).await.is_ok());
    })
    .await;
}
