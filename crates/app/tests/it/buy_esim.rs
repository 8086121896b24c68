//! Buying an eSIM on both stores: the profile is there for whoever pays, and back in stock for whoever does not.

use crate::world::loading::{lines_out, load_codes, load_sims};
use crate::world::stock::YUAN;
use crate::world::{Kit, World, on_both};
use everline_app::buy_esim::{NewEsim, line_of, order_esim, quote_esim, shelf};
use everline_app::esim::activation_code;
use everline_app::identity::say;
use everline_app::order_page::order_page;
use everline_app::sessions::{Principal, open_session, session};
use everline_app::{Problem, device, own_line, ownership, privacy};
use everline_core::esim_device::{Basis, DeviceCheck, check};
use everline_core::identifiers::{Imsi, Msisdn};
use everline_core::identity::{IdentityRules, Typed, china};
use everline_core::ids::{CustomerId, OrderId};
use everline_core::ledger::LedgerAccount;
use everline_core::lifecycle::{LifecycleRefusal, NoHandOver};
use everline_core::line::LineState;
use everline_core::offering::OfferingRef;
use everline_core::order::{Order, OrderState};
use everline_core::payment::Method;
use everline_core::quote::{NotSellable, Placement};
use everline_core::time::{HOUR_US, MINUTE_US};
use futures_util::future::join_all;
use std::ops::Range;
use std::sync::Arc;

/// Profiles with numbers and codes.
async fn stock(world: &World, numbers: Range<u32>) {
    let batch = numbers.start;
    let row = |n: u32| format!("8986049900000000{n:04},46011900000{n:04},1710000{n:04},esim,p{batch}\n");
    let sims: String = numbers.clone().map(row).collect();
    load_sims(world, format!("iccid,imsi,msisdn,kind,batch\n{sims}")).await.unwrap();
    let code = |n: u32| format!("8986049900000000{n:04},LPA:1$rsp.example.com$M-{n},p{batch}\n");
    let codes: String = numbers.map(code).collect();
    load_codes(world, &format!("iccid,activation_code,batch\n{codes}")).await.unwrap();
}
fn trip() -> OfferingRef {
    OfferingRef { code: "trip".to_owned(), version: 1 }
}
fn risk() -> DeviceCheck {
    check("", None, "", true).unwrap()
}
fn new(world: &World, customer: CustomerId) -> NewEsim {
    let (order, terms_version) = (OrderId(world.app.clock.id()), world.app.brand.terms_version.clone());
    NewEsim { order, customer, offering: trip(), terms_version, check: risk(), from: None }
}
async fn orders(world: &World, customer: CustomerId) -> Result<Order, Problem> {
    order_esim(&world.app, new(world, customer)).await
}
fn kit(order: &Order, n: u32) -> Kit {
    Kit {
        customer: order.customer,
        line: order.line,
        msisdn: Msisdn::parse(&format!("1710000{n:04}")).unwrap(),
        imsi: Imsi::parse(&format!("46011900000{n:04}")).unwrap(),
    }
}
/// How many Sims are in a state.
async fn sims(world: &World, state: &str) -> u64 {
    let count = "UPDATE sim SET state = state WHERE state = $1";
    world.sql(count, vec![state.into()]).await
}

#[tokio::test]
async fn what_is_paid_for_is_there_begins_with_its_first_use_and_is_loaded_by_its_owner() {
    on_both(async |world: World| {
        assert!(!shelf(&world.app).await.unwrap().in_stock);
        let buyer = world.person().await;
        assert_eq!(orders(&world, buyer).await.map(|_| ()), Err(Problem::SoldOut));
        stock(&world, 0..2).await;
        let found = shelf(&world.app).await.unwrap();
        assert_eq!((found.in_stock, found.offerings.len()), (true, 1));
        let (_, quote) = quote_esim(&world.app, trip()).await.unwrap();
        assert!(matches!(quote.placement, Placement::FirstUse { .. }));
        let month = OfferingRef { code: "month".to_owned(), version: 1 };
        let none = quote_esim(&world.app, month).await.map(|_| ());
        assert_eq!(none, Err(Problem::NotSellable(NotSellable::NotOnSale)), "not sold with an eSIM");

        let whole = "89049032123451234512345678901235";
        let eid = check("", None, whole, false).unwrap();
        let asked = NewEsim { check: eid, ..new(&world, buyer) };
        let order = order_esim(&world.app, asked.clone()).await.unwrap();
        // Sent twice, ordered once.
        assert_eq!(order_esim(&world.app, asked).await.unwrap(), order);
        assert_eq!((order.line, sims(&world, "in_use").await), (line_of(order.id), 1));
        let kit = kit(&order, 0);
        assert!(matches!(world.line_now(&kit).await.state, LineState::Reserved { .. }));
        world.sound().await;
        // It is nobody's to give away, and moves out with nobody.
        let taker = world.person().await;
        let taker = everline_app::profile::profile(&world.app, taker).await.unwrap().contact.unwrap();
        let signed_in = open_session(&world.app, Principal::Customer(buyer)).await.unwrap();
        let giver = session(&world.app, &signed_in.token).await.unwrap().unwrap();
        let gives = ownership::offer(&world.app, &giver, order.line, taker.as_str()).await;
        assert_eq!(gives, Err(Problem::NotHandedOver(NoHandOver::State(LifecycleRefusal::InStock))));
        assert!(!lines_out(&world).await.contains(kit.msisdn.as_str()));
        // Nobody buys anything else for it, the network does not serve it, and nobody sees its code.
        let more = world.order(&kit, "trip").await;
        assert_eq!(more.map(|_| ()), Err(Problem::NotSellable(NotSellable::LineState)));
        assert!(!device::attach(&world.app, kit.imsi.as_str(), "").await.unwrap().online);
        let signed_in = open_session(&world.app, Principal::Customer(buyer)).await.unwrap();
        let owner = session(&world.app, &signed_in.token).await.unwrap().unwrap();
        let code = async || activation_code(&world.app, &owner, order.line).await.map(|code| code.as_str().to_owned());
        assert_eq!(code().await, Err(Problem::NotFound("profile")));

        let attempt = world.start(&order, Method::AlipayQr).await.unwrap();
        world.pays(&attempt).await;
        world.settle().await;
        assert_eq!(code().await.as_deref(), Ok("LPA:1$rsp.example.com$M-0"));
        let page = order_page(&world.app, buyer, order.id).await.unwrap();
        assert_eq!(page.order.state, OrderState::StartsOnFirstUse);
        let kept = page.device.unwrap();
        assert_eq!((kept.basis, kept.eid.unwrap().as_str()), (Basis::Eid, whole));
        assert_eq!(world.line_now(&kit).await.state, LineState::Active);
        world.skip_days(3).await;
        let granted = world.attach(&kit).await;
        assert!(granted.online);
        world.report(granted.session, 1, 1_000).await;
        let used = world.order_now(&order).await;
        assert_eq!((used.state, used.starts_at), (OrderState::InEffect, Some(world.app.clock.now().business)));
        // What was said of the device is theirs: handed out, and forgotten with them.
        let out = privacy::export(&world.app.store, buyer, &world.app.zone).await.unwrap().to_string();
        assert!(out.contains(whole));
        world.sound().await;
    })
    .await;
}

#[tokio::test]
async fn an_order_that_is_sent_twice_at_the_limit_of_lines_is_one_order() {
    on_both(async |mut world: World| {
        let mut brand = (*world.app.brand).clone();
        brand.identity =
            IdentityRules { documents: china(), required: true, lines_per_document: 1, guardian_below: 14 };
        world.app.brand = Arc::new(brand);
        stock(&world, 0..2).await;
        let buyer = world.person().await;
        let signed_in = open_session(&world.app, Principal::Customer(buyer)).await.unwrap();
        let who = session(&world.app, &signed_in.token).await.unwrap().unwrap();
        world.sql("UPDATE customer SET identity = 'none' WHERE customer_id = $1", vec![buyer.into()]).await;
        let typed = Typed { name: "张三", kind: "cn_id", number: "11010519491231002X", born: "" };
        say(&world.app, &who, typed, true, "", None).await.unwrap();
        let asked = new(&world, buyer);
        let order = order_esim(&world.app, asked.clone()).await.unwrap();
        assert_eq!(order_esim(&world.app, asked).await.unwrap(), order, "it is the line that there may be");
        assert_eq!(orders(&world, buyer).await.map(|_| ()), Err(Problem::TooManyLines));
        assert_eq!(sims(&world, "in_use").await, 1);
        world.sound().await;
    })
    .await;
}

#[tokio::test]
async fn a_profile_that_nobody_paid_for_goes_back_and_late_money_finds_it_or_goes_back_too() {
    on_both(async |world: World| {
        stock(&world, 0..1).await;
        let (first, second) = (world.person().await, world.person().await);
        let order = orders(&world, first).await.unwrap();
        assert_eq!(orders(&world, second).await.map(|_| ()), Err(Problem::SoldOut));
        let attempt = world.start(&order, Method::AlipayQr).await.unwrap();
        // The time to pay is over: money that comes a little later is still for something.
        world.pass(i64::from(world.app.brand.order_minutes) * MINUTE_US + MINUTE_US).await;
        assert_eq!(world.order_now(&order).await.state, OrderState::Closed);
        assert_eq!(sims(&world, "in_use").await, 1);
        world.sound().await;
        world.pays(&attempt).await;
        world.settle().await;
        assert_eq!(world.order_now(&order).await.state, OrderState::StartsOnFirstUse);
        world.sound().await;

        stock(&world, 1..2).await;
        let order = orders(&world, second).await.unwrap();
        let attempt = world.start(&order, Method::AlipayQr).await.unwrap();
        let lines = async |customer| everline_app::home::home(&world.app, customer).await.unwrap().lines.len();
        assert_eq!(lines(second).await, 1);
        world.pass(i64::from(world.app.brand.order_minutes) * MINUTE_US + HOUR_US).await;
        assert_eq!((sims(&world, "in_stock").await, lines(second).await), (1, 0));
        assert!(!world.messenger.told("").contains(&"terminated"));
        world.sound().await;
        // Money that comes now finds no line: it goes back. Whoever comes next has the profile.
        world.pays(&attempt).await;
        world.settle().await;
        world.pass(HOUR_US).await;
        let third = world.person().await;
        let order = orders(&world, third).await.unwrap();
        assert_eq!(world.line_now(&kit(&order, 1)).await.msisdn.as_str(), "17100000001");
        for account in [LedgerAccount::PaidCredit, LedgerAccount::Suspense, LedgerAccount::OrderFunds] {
            assert_eq!(world.balance(second, account).await, 0, "{account:?}");
        }
        assert_eq!(world.balance(second, LedgerAccount::PspReceivable).await, 0, "all of it went back");
        world.sound().await;
    })
    .await;
}

#[tokio::test]
async fn of_many_who_want_the_last_profiles_each_gets_one_or_is_told() {
    on_both(async |world: World| {
        stock(&world, 0..5).await;
        let mut buyers = Vec::new();
        for _ in 0..12 {
            buyers.push(world.person().await);
        }
        let got = join_all(buyers.iter().map(|buyer| orders(&world, *buyer))).await;
        let orders_placed: Vec<&Order> = got.iter().filter_map(|result| result.as_ref().ok()).collect();
        let told = got.iter().filter(|result| **result == Err(Problem::SoldOut)).count();
        assert_eq!((orders_placed.len(), told), (5, 7), "{got:?}");
        let mut lines: Vec<_> = orders_placed.iter().map(|order| order.line).collect();
        lines.sort_unstable();
        lines.dedup();
        assert_eq!((lines.len(), sims(&world, "in_use").await), (5, 5));
        world.sound().await;
    })
    .await;
}

#[tokio::test]
async fn nobody_empties_the_stock_without_paying() {
    on_both(async |world: World| {
        stock(&world, 0..9).await;
        let buyer = world.person().await;
        for _ in 0..3 {
            orders(&world, buyer).await.unwrap();
        }
        let fourth = orders(&world, buyer).await.map(|_| ());
        assert!(matches!(fourth, Err(Problem::TooMany { retry_after_s: 3_600.. })), "{fourth:?}");
        // One that is given up is free at once.
        let line = everline_app::home::home(&world.app, buyer).await.unwrap().lines[0].line.id;
        let signed_in = open_session(&world.app, Principal::Customer(buyer)).await.unwrap();
        let owner = session(&world.app, &signed_in.token).await.unwrap().unwrap();
        own_line::give_up(&world.app, &owner, line).await.unwrap();
        assert_eq!(sims(&world, "in_stock").await, 7);
        orders(&world, buyer).await.unwrap();
        world.sound().await;
    })
    .await;
}

#[tokio::test]
async fn a_profile_that_was_in_use_is_given_out_no_more_and_its_number_is_free() {
    on_both(async |world: World| {
        stock(&world, 0..1).await;
        let buyer = world.person().await;
        let order = orders(&world, buyer).await.unwrap();
        let attempt = world.start(&order, Method::AlipayQr).await.unwrap();
        world.pays(&attempt).await;
        world.settle().await;
        let signed_in = open_session(&world.app, Principal::Customer(buyer)).await.unwrap();
        let owner = session(&world.app, &signed_in.token).await.unwrap().unwrap();
        own_line::give_up(&world.app, &owner, order.line).await.unwrap();
        world.skip_days(200).await;
        assert_eq!((sims(&world, "retired").await, sims(&world, "in_stock").await), (1, 0));
        assert!(world.balance(buyer, LedgerAccount::DeferredRevenue).await < YUAN, "its time is over");
        // Another profile may bear the number.
        let again = "8986049900000009999,460119000009999,17100000000,esim,q\n";
        let (summary, faults) = load_sims(&world, format!("iccid,imsi,msisdn,kind,batch\n{again}")).await.unwrap();
        assert_eq!(faults, vec![], "{summary:?}");
        world.sound().await;
    })
    .await;
}
