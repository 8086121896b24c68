//! Every page in every state, with an outside that does what it is told: `cargo run -p everline-web --example gallery`,
//! then open the address it prints. For people who change templates, and for `tests/browser/pages.mjs`.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, missing_docs)]

#[path = "../tests/it/world/mod.rs"]
mod world;

use everline_app::ports::NetworkReply;
use everline_app::start_payment::{Payer, start_payment};
use everline_app::{home, payment_confirmed};
use everline_core::payment::Provider;
use everline_core::time::{MINUTE_US, SECOND_US};
use everline_store::SqliteOptions;
use everline_testing::SqliteFile;
use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;
use tokio::net::TcpListener;
use world::World;
use world::outside::Mood;

#[tokio::main]
async fn main() {
    let port = std::env::args().nth(1).and_then(|port| port.parse().ok()).unwrap_or(7999);
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, port)).await.unwrap();
    // By name: browsers make passkeys for no number.
    let url = format!("http://localhost:{}", listener.local_addr().unwrap().port());
    let file = SqliteFile::new();
    let world = World::over(file.open(SqliteOptions::default()).await, &url).await;
    orders_in_every_state(&world).await;
    let clock = world.app.clock.clone();
    tokio::spawn(async move {
        loop {
            tokio::time::sleep(Duration::from_secs(1)).await;
            clock.pass_us(SECOND_US);
        }
    });
    println!("{url}");
    let service = world.router.clone().into_make_service_with_connect_info::<SocketAddr>();
    axum::serve(listener, service).await.unwrap();
}

async fn orders_in_every_state(world: &World) {
    let people = world.people;
    let phone = (people.linfang, people.phone);
    // Closed: nobody paid.
    world.checkout(phone.0, phone.1, "phone-19").await;
    world.pass(16 * MINUTE_US).await;
    // Queued, and a pack and money in effect.
    for code in ["phone-39", "data-1g", "top-up-30"] {
        let (_, attempt) = world.checkout(phone.0, phone.1, code).await;
        world.pays(&attempt).await;
    }
    // Another amount than asked.
    let (_, attempt) = world.checkout(phone.0, phone.1, "phone-39").await;
    let notice = String::from_utf8(world.outside.pay(&attempt.out_trade_no)).unwrap().replace("39.00", "38.00");
    payment_confirmed::payment_notice(&world.app, Provider::Alipay, &[], notice.as_bytes()).await.unwrap();
    // Paid twice.
    let (order, first) = world.checkout(phone.0, phone.1, "data-1g").await;
    world.app.clock.pass_us(SECOND_US);
    let method = everline_core::payment::Method::AlipayWap;
    let second = start_payment(&world.app, phone.0, order.id, method, Payer::default());
    let second = second.await.unwrap();
    world.pays(&first).await;
    world.pays(&second).await;
    // Silent and refusing providers.
    for mood in [Mood::Silent, Mood::Refuses] {
        world.outside.set(mood);
        refused_checkout(world, phone.0, phone.1, "phone-19").await;
    }
    world.outside.set(Mood::Fine);
    // Waiting for payment.
    world.checkout(phone.0, phone.1, "phone-19").await;
    // The partner network: refused, then submitted for 40 minutes.
    for reply in [NetworkReply::Refused, NetworkReply::Submitted] {
        world.outside.set_network(Some(reply));
        let (_, attempt) = world.checkout(people.wangqiang, people.router, "router-month").await;
        world.pays(&attempt).await;
    }
    // Delivered, and the device does not answer.
    world.outside.set_network(Some(NetworkReply::Unknown));
    let home = home::home(&world.app, people.shunda).await.unwrap();
    world.attach("460110000000005").await;
    let tracker = home.lines.iter().find(|view| view.line.name.contains("001")).unwrap().line.id;
    let (_, attempt) = world.checkout(people.shunda, tracker, "iot-month").await;
    world.pays(&attempt).await;
    world.attach(world::WATCH_IMSI).await;
}

async fn refused_checkout(
    world: &World,
    customer: everline_core::ids::CustomerId,
    line: everline_core::ids::LineId,
    code: &str,
) {
    let new = everline_app::place_order::NewOrder {
        id: everline_core::ids::OrderId(world.app.clock.id()),
        customer,
        line,
        offering: everline_core::offering::OfferingRef { code: code.to_owned(), version: 1 },
        terms_version: world.app.brand.terms_version.clone(),
        placed_by: everline_core::order::PlacedBy::Owner,
        token: None,
        from: None,
    };
    let order = everline_app::place_order::place_order(&world.app, new).await.unwrap();
    let method = everline_core::payment::Method::AlipayQr;
    let started = start_payment(&world.app, customer, order.id, method, Payer::default());
    assert!(started.await.is_err());
    world.app.clock.pass_us(SECOND_US);
}
