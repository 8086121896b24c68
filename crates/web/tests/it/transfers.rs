//! Bank transfers on pages: for organisations, with account, amount and reference; for nobody else.

use crate::world::World;
use crate::world::browser::{Browser, Page};
use axum::http::StatusCode;
use everline_app::bank_statement::{Fate, StatementLine, take_line};
use everline_app::home::home;
use everline_app::sign_in::Principal;
use everline_core::ids::CustomerId;
use everline_core::money::{Currency, Money};

async fn tracker(world: &World) -> String {
    let home = home(&world.app, world.people.shunda).await.unwrap();
    format!("/lines/{}/renew", home.lines[0].line.id)
}
async fn place(browser: &mut Browser, path: &str, offering: &str) -> Page {
    let form = browser.get(&format!("{path}?offering={offering}")).await;
    let fields = [
        ("offering", offering),
        ("ticket", &form.field("ticket")),
        ("terms", &form.field("terms")),
        ("method", "bank_transfer"),
    ];
    browser.submit(&form, path, &fields).await
}
async fn comes(world: &World, bank_id: &str, amount: &str, remark: &str) -> Fate {
    let line = StatementLine {
        bank_id: bank_id.to_owned(),
        booked_on: "2026-11-22".to_owned(),
        amount: Money::parse(amount, Currency::CNY).unwrap(),
        payer: "顺达冷链".to_owned(),
        remark: remark.to_owned(),
    };
    world.app.clock.pass_us(1_000);
    let fate = take_line(&world.app, &line, false).await.unwrap();
    world.settle().await;
    fate
}
async fn as_customer(world: &World, customer: CustomerId) -> Browser {
    Browser::of(world, Principal::Customer(customer)).await
}

#[tokio::test]
async fn an_organisation_transfers_in_two_parts() {
    let world = World::new().await;
    let mut fleet = as_customer(&world, world.people.shunda).await;
    let path = tracker(&world).await;
    fleet.get(&path).await.says(&["对公转账"]);
    let placed = place(&mut fleet, &path, "iot-month@1").await;
    assert_eq!(placed.status, StatusCode::SEE_OTHER, "{}", placed.text);
    let order = placed.location().to_owned();
    let page = fleet.get(&order).await;
    page.says(&["青禾通信科技有限公司", "青禾银行", "3500 1234", "付款编号", "11月29日 18:30"]);
    page.hides(&["我已付款", "data-left"]);
    let reference =
        page.text.split("付款编号（写在附言里）</dt><dd>").nth(1).unwrap().split('<').next().unwrap().to_owned();
    assert_eq!(reference.len(), 14, "{reference}");
    comes(&world, "B1", "1", &format!("车队 {reference}")).await;
    fleet.get(&order).await.says(&["已到账转账", "¥1.00", &reference]);
    comes(&world, "B2", "100", &reference).await;
    fleet.get(&order).await.says(&["这个订单用不到，已存入您的账户余额"]).hides(&["付款编号"]);
    fleet.get(&format!("{order}/receipt")).await.says(&["对公转账", "¥1.00"]);
}

#[tokio::test]
async fn a_person_and_a_guest_are_offered_none() {
    let world = World::new().await;
    let mut owner = as_customer(&world, world.people.linfang).await;
    let path = format!("/lines/{}/renew", world.people.watch);
    owner.get(&path).await.hides(&["对公转账"]);
    let placed = place(&mut owner, &path, "watch-month@1").await;
    let page = owner.get(placed.location()).await;
    page.hides(&["付款编号", "对公转账"]);
    let forced = owner.submit(&page, &format!("{}/pay", placed.location()), &[("method", "bank_transfer")]).await;
    assert_eq!(forced.status, StatusCode::UNPROCESSABLE_ENTITY);
    // An organisation's line, renewed by somebody who knows its number.
    let home = home(&world.app, world.people.shunda).await.unwrap();
    let number = home.lines[0].line.msisdn.as_str().to_owned();
    let mut guest = Browser::new(&world.router);
    let start = guest.get("/renew").await;
    let found = guest.submit(&start, "/renew", &[("number", &number)]).await;
    guest.get(found.location()).await.hides(&["对公转账"]);
}
