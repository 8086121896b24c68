//! Help: pages, search without scripts, the context of the page before, and the hotline with its hours.

use crate::world::World;
use crate::world::browser::Browser;
use axum::http::StatusCode;
use everline_app::sign_in::Principal;
use everline_core::time::HOUR_US;

#[tokio::test]
async fn help_is_searched_in_both_languages_and_shows_what_was_typed_as_text() {
    let world = World::new().await;
    let mut visitor = Browser::new(&world.router);
    visitor.get("/help").await.says(&["name=\"q\"", "怎样续费", "/help/apn", "400-800-1234", "/sign-in?next="]);
    visitor.get("/help?q=%E9%80%80%E6%AC%BE").await.says(&["搜索结果", "/help/refunds"]);
    visitor.get("/help?q=refund&lang=en").await.says(&["What we found", "/help/refunds"]);
    let strange = visitor.get("/help?q=%22%3E%3Cxyzzyq%3E&about=%3Cb%3E").await;
    strange.says(&["Nothing fits these words"]).hides(&["<xyzzyq>", "<b>"]);
    visitor.get("/help/password").await.says(&["Forgotten password", "href=\"/recover\""]);
    assert_eq!(visitor.get("/help/nothing").await.status, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn a_page_opens_help_with_what_it_is_about() {
    let world = World::new().await;
    let (order, _) = world.checkout(world.people.linfang, world.people.watch, "watch-month").await;
    let mut owner = Browser::of(&world, Principal::Customer(world.people.linfang)).await;
    let page = owner.get(&format!("/orders/{}", order.id)).await;
    let link = format!("/help?about=paid-not-in-effect&#38;order={}", order.id);
    page.says(&[&link, "400-800-1234"]);
    let help = owner.get(&link.replace("&#38;", "&")).await;
    help.says(&["已付款，尚未生效", &format!("/cases/new?order={}", order.id)]);
    Browser::new(&world.router).get("/sign-in").await.says(&["/help?about=password"]);
    // Secrets in addresses stay there.
    let guest = Browser::new(&world.router).get(&format!("/o/{}", "c0ffee".repeat(11))).await;
    guest.hides(&["order=c0ffee"]);
}

#[tokio::test]
async fn every_page_says_whether_the_hotline_is_answered() {
    let world = World::new().await;
    let mut visitor = Browser::new(&world.router);
    visitor.get("/").await.says(&["每天 8:00–22:00", "接听中，至 22:00"]);
    world.app.clock.pass_us(4 * HOUR_US);
    visitor.get("/nothing").await.says(&["明天 08:00 开始接听"]);
    world.app.clock.pass_us(6 * HOUR_US);
    visitor.get("/?lang=en").await.says(&["opens today 08:00"]);
}
