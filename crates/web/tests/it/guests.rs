//! Guests: they learn nothing that follows from what a line has.

use crate::world::browser::{Browser, Client, Page};
use crate::world::{CLOSED_NUMBER, WATCH_IMSI, WATCH_NUMBER, World};
use axum::http::StatusCode;
use everline_app::sign_in::Principal;
use everline_core::time::DAY_US;
use std::sync::Arc;

async fn look_up(browser: &mut Browser, number: &str) -> Page {
    let page = browser.get("/renew").await;
    browser.submit(&page, "/renew", &[("number", number)]).await
}

async fn order(browser: &mut Browser, link: &str, code: &str) -> Page {
    let page = browser.get(&format!("{link}?offering={code}@1")).await;
    let (ticket, offering) = (page.field("ticket"), format!("{code}@1"));
    let fields = [("ticket", ticket.as_str()), ("offering", &offering), ("terms", "2026-10"), ("method", "alipay_qr")];
    browser.submit(&page, link, &fields).await
}

#[tokio::test]
async fn unknown_and_switched_off_numbers_get_one_answer() {
    let world = World::new().await;
    let mut browser = Browser::new(&world.router);
    let (unknown, closed) = (look_up(&mut browser, "13012345678").await, look_up(&mut browser, CLOSED_NUMBER).await);
    assert_eq!(unknown.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert_eq!(unknown.status, closed.status);
    assert_eq!(unknown.text.replace("13012345678", CLOSED_NUMBER), closed.text, "and the typed number is kept");
    look_up(&mut browser, "abc").await.says(&["这不像一个号码", "value=\"abc\""]);
}

#[tokio::test]
async fn numbers_are_understood_as_people_write_them_and_others_are_no_numbers() {
    let mut world = World::new().await;
    let mut brand = (*world.app.brand).clone();
    brand.numbers.subscriber = vec!["1xxxxxxxxxx".parse().unwrap()];
    brand.numbers.iot = vec!["1xxxxxxxxxxxx".parse().unwrap()];
    world.app.brand = Arc::new(brand);
    let router = world.router_with(|config| config.secure_cookies = false);
    let mut browser = Browser::new(&router);
    for written in [WATCH_NUMBER, "+86 172 8000 1234", "0086-17280001234", "8617280001234"] {
        assert_eq!(look_up(&mut browser, written).await.status, StatusCode::SEE_OTHER, "{written}");
    }
    assert_eq!(look_up(&mut browser, "1440012000001").await.status, StatusCode::SEE_OTHER, "a thing has a line too");
    for other in ["1728000123", "172800012345", "27280001234", "+44 7700 900123"] {
        look_up(&mut browser, other).await.says(&["这不像一个号码"]);
    }
    // Messages go to people alone.
    let mut client = Client::new(&router, None);
    let asked = client.post("/api/v1/sign-in/code", r#"{"phone": "+86 13800138001"}"#).await;
    assert_eq!(asked.status, StatusCode::ACCEPTED, "{}", asked.text);
    let thing = client.post("/api/v1/sign-in/code", r#"{"phone": "1440012000001"}"#).await;
    assert_eq!((thing.status, thing.json()["rule"].as_str()), (StatusCode::UNPROCESSABLE_ENTITY, Some("not-a-number")));
}

#[tokio::test]
async fn a_guest_sees_offerings_and_prices_and_no_state() {
    let world = World::new().await;
    let mut browser = Browser::new(&world.router);
    let found = look_up(&mut browser, &format!(" {WATCH_NUMBER} ")).await;
    assert_eq!(found.status, StatusCode::SEE_OTHER);
    let link = found.location().to_owned();
    assert!(!link.contains(WATCH_NUMBER), "the number is in no address");

    let before = browser.get(&link).await;
    before.says(&[
        "172\u{a0}8000\u{a0}1234",
        "手表畅联月包",
        "手表年包",
        "1 GB 流量加油包",
        "立即开始，或在号码现有套餐结束时开始",
    ]);
    before.hides(&["朵朵", "林芳", "停机", "需要先有正在使用的套餐", "12月"]);

    // The same page after the owner renewed: what the line has changes nothing.
    let (_, attempt) = world.checkout(world.people.linfang, world.people.watch, "watch-month").await;
    world.pays(&attempt).await;
    let after = browser.get(&link).await;
    let without_ticket = |page: &Page| page.text.replace(&page.field("ticket"), "");
    assert_eq!(without_ticket(&before), without_ticket(&after));

    world.pass(DAY_US + 1).await;
    assert_eq!(browser.get(&link).await.status, StatusCode::NOT_FOUND, "a link works for a day");
    assert_eq!(browser.get("/renew/AAAA").await.status, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn a_guests_order_has_a_secret_page_that_tells_nothing_of_the_owner() {
    let world = World::new().await;
    // The owner has a plan, so the guest's waits behind it; the guest is not told.
    let (_, attempt) = world.checkout(world.people.linfang, world.people.watch, "watch-month").await;
    world.pays(&attempt).await;
    let mut browser = Browser::new(&world.router);
    let link = look_up(&mut browser, WATCH_NUMBER).await.location().to_owned();
    let placed = order(&mut browser, &link, "watch-month").await;
    assert_eq!(placed.status, StatusCode::SEE_OTHER, "{}", placed.text);
    let path = placed.location().to_owned();
    assert!(path.starts_with("/o/") && path.len() == 3 + 64);
    browser.get(&path).await.says(&["等待付款", "付款二维码", "172****1234"]).hides(&[WATCH_NUMBER, "朵朵"]);

    let out_trade_no = world.outside.started.lock().unwrap().last().unwrap().out_trade_no.clone();
    world.outside.pay(&out_trade_no);
    let page = browser.get(&path).await;
    browser.submit(&page, &format!("{path}/ask"), &[]).await;
    world.settle().await;
    let done = browser.get(&path).await;
    done.says(&["已付款，办理成功"]).hides(&["排队", "到时自动开始", "2027年1月22日", "12月22日", "朵朵"]);
    let receipt = browser.get(&format!("{path}/receipt")).await;
    receipt.says(&["按号码续费的付款人", "172****1234", "¥9.90"]);
    receipt.hides(&["138****8001", "12月22日", "2027年1月22日", "到时自动开始", "朵朵", WATCH_NUMBER]);

    let mut owner = Browser::of(&world, Principal::Customer(world.people.linfang)).await;
    owner.get(&format!("/lines/{}", world.people.watch)).await.says(&["已付款，到时自动开始"]).hides(&[&path]);
    let mut stranger = Browser::new(&world.router);
    assert_eq!(stranger.get(&format!("/o/{}", "0".repeat(64))).await.status, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn a_refusal_does_not_say_why() {
    let world = World::new().await;
    let mut browser = Browser::new(&world.router);
    let link = look_up(&mut browser, WATCH_NUMBER).await.location().to_owned();
    let refused = order(&mut browser, &link, "data-1g").await;
    assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY);
    refused.says(&["这个商品现在不能为这个号码购买"]).hides(&["需要先有", "停机"]);
}

#[tokio::test]
async fn a_device_that_is_cut_off_leads_to_the_guests_page_of_its_line() {
    let world = World::new().await;
    let session = world.attach(WATCH_IMSI).await.session;
    let mut browser = Browser::new(&world.router);
    let led = browser.get(&format!("/d/{session}")).await;
    assert_eq!(led.status, StatusCode::SEE_OTHER);
    let link = led.location().to_owned();
    browser.get(&link).await.says(&["172\u{a0}8000\u{a0}1234"]).hides(&["朵朵"]);
    let nobody = browser.get("/d/00000000000070008000000000000000").await;
    assert_eq!(nobody.status, StatusCode::NOT_FOUND);
    nobody.says(&["这个号码不能在这里续费"]);
}

#[tokio::test]
async fn lookups_are_limited_per_address() {
    let world = World::new().await;
    let mut browser = Browser::new(&world.router);
    for _ in 0..30 {
        assert_eq!(look_up(&mut browser, "13012345678").await.status, StatusCode::UNPROCESSABLE_ENTITY);
    }
    let refused = look_up(&mut browser, "13012345678").await;
    assert_eq!(refused.status, StatusCode::TOO_MANY_REQUESTS);
    assert!(refused.headers.contains_key("retry-after"));
    refused.says(&["操作太频繁"]);
}

#[tokio::test]
async fn a_guest_comes_back_to_an_order_that_was_left_and_nobody_else_does() {
    let world = World::new().await;
    let mut browser = Browser::new(&world.router);
    let link = look_up(&mut browser, WATCH_NUMBER).await.location().to_owned();
    let path = order(&mut browser, &link, "watch-month").await.location().to_owned();
    assert!(path.starts_with("/o/"), "{path}");
    let begins = ["/", "/renew", link.as_str()];
    for page in begins {
        let shown = browser.get(page).await;
        shown.says(&[&format!("href=\"{path}\""), "手表畅联月包", "继续办理"]);
        assert_eq!(shown.headers["cache-control"], "no-store");
        Browser::new(&world.router).get(page).await.hides(&["/o/", "继续办理"]);
    }
    // A cookie with a secret of nobody's says nothing.
    let mut wrong = Browser::new(&world.router);
    wrong.cookies.insert("everline_demo_order".to_owned(), "0".repeat(64));
    wrong.get("/renew").await.hides(&["/o/", "继续办理"]);

    let out_trade_no = world.outside.started.lock().unwrap().last().unwrap().out_trade_no.clone();
    world.outside.pay(&out_trade_no);
    let page = browser.get(&path).await;
    browser.submit(&page, &format!("{path}/ask"), &[]).await;
    world.settle().await;
    browser.get(&path).await.says(&["已付款，办理成功"]);
    for page in begins {
        browser.get(page).await.hides(&[&path, "继续办理"]);
    }
    // One that is not paid in time is left for good.
    let late = order(&mut browser, &link, "watch-month").await.location().to_owned();
    assert_ne!(late, path);
    browser.get("/renew").await.says(&[&late]);
    world.pass(DAY_US / 2).await;
    browser.get("/renew").await.hides(&[&late, "继续办理"]);
}
