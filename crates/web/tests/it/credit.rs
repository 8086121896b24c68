//! The account's credit on pages and in the API: the owner's to spend, nobody else's.

use crate::world::browser::{Browser, Client};
use crate::world::{WATCH_NUMBER, World};
use axum::http::StatusCode;
use everline_app::sign_in::Principal;
use serde_json::json;

/// 林芳 puts money into the account: 30 yuan.
async fn top_up(world: &World) {
    let (_, attempt) = world.checkout(world.people.linfang, world.people.phone, "top-up-30").await;
    world.pays(&attempt).await;
}

#[tokio::test]
async fn the_form_offers_credit_that_covers_the_price_and_one_click_pays() {
    let world = World::new().await;
    let mut owner = Browser::of(&world, Principal::Customer(world.people.linfang)).await;
    let path = format!("/lines/{}/renew", world.people.watch);
    owner.get(&path).await.hides(&["账户余额"]);
    top_up(&world).await;
    let asked = || world.outside.started.lock().unwrap().len();
    let before = asked();
    let form = owner.get(&format!("{path}?offering=watch-month@1")).await;
    form.says(&["账户余额（¥30.00）"]);
    let fields = [
        ("offering", "watch-month@1"),
        ("ticket", &form.field("ticket")),
        ("terms", &form.field("terms")),
        ("method", "credit"),
    ];
    let placed = owner.submit(&form, &path, &fields).await;
    assert_eq!(placed.status, StatusCode::SEE_OTHER, "{}", placed.text);
    world.settle().await;
    owner.get(placed.location()).await.says(&["已生效"]).hides(&["付款二维码"]);
    owner.get(&format!("{}/receipt", placed.location())).await.says(&["账户余额", "用余额支付", "¥9.90"]);
    assert_eq!(asked(), before, "no provider was asked");
}

#[tokio::test]
async fn a_part_is_set_aside_and_the_rest_is_asked_of_a_provider() {
    let world = World::new().await;
    top_up(&world).await;
    let mut client = Client::of(&world, Principal::Customer(world.people.linfang)).await;
    let orders = format!("/api/v1/lines/{}/orders", world.people.phone);
    let terms = &world.app.brand.terms_version;
    let body = json!({ "offering": "phone-39@1", "terms_version": terms }).to_string();
    let placed = client.send(axum::http::Method::POST, &orders, &[("idempotency-key", "k1")], &body).await;
    assert_eq!(placed.status, StatusCode::CREATED, "{}", placed.text);
    let order = placed.location().to_owned();
    // The whole was asked of a provider before.
    client.post(&format!("{order}/payments"), r#"{"method": "alipay_qr"}"#).await;
    let mut owner = Browser::of(&world, Principal::Customer(world.people.linfang)).await;
    let page = order.replace("/api/v1", "");
    let before = owner.get(&page).await;
    before.says(&["付款二维码"]).hides(&["name=\"method\" value=\"alipay_qr\""]);
    let part = client.post(&format!("{order}/payments"), r#"{"method": "credit"}"#).await;
    assert_eq!(part.status, StatusCode::CREATED, "{}", part.text);
    assert_eq!(
        (&part.json()["state"], &part.json()["payments"][1]["method"]),
        (&json!("awaiting_payment"), &json!("paid_credit"))
    );
    let again = client.post(&format!("{order}/payments"), r#"{"method": "credit"}"#).await;
    assert_eq!(
        (again.status, &again.json()["type"].as_str().unwrap().ends_with("no-credit")),
        (StatusCode::CONFLICT, &true)
    );
    for unknown in ["paid_credit", "promo_credit", "gold"] {
        let body = json!({ "method": unknown }).to_string();
        let answer = client.post(&format!("{order}/payments"), &body).await;
        assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY, "{unknown}");
    }
    // That is more than is missing now: it is shown no more, also before its provider has closed it.
    owner.get(&page).await.says(&["已用余额", "name=\"method\" value=\"alipay_qr\""]).hides(&["付款二维码"]);
    client.post(&format!("{order}/payments"), r#"{"method": "alipay_qr"}"#).await;
    let asked = world.outside.started.lock().unwrap().last().unwrap().clone();
    assert_eq!(asked.amount.decimal(), "9.00");
    owner.get(&page).await.says(&["已用余额", "¥30.00", "付款二维码"]);
    world.outside.pay(&asked.out_trade_no);
    client.post(&format!("{order}/ask"), "").await;
    world.settle().await;
    owner.get(&format!("{page}/receipt")).await.says(&["账户余额", "¥30.00", "支付宝扫码", "¥9.00", "¥39.00"]);
}

#[tokio::test]
async fn a_guest_spends_nothing_of_the_owners() {
    let world = World::new().await;
    top_up(&world).await;
    let mut guest = Browser::new(&world.router);
    let start = guest.get("/renew").await;
    let found = guest.submit(&start, "/renew", &[("number", WATCH_NUMBER)]).await;
    let link = found.location().to_owned();
    let form = guest.get(&format!("{link}?offering=watch-month@1")).await;
    form.hides(&["账户余额"]);
    let fields = |method: &'static str| {
        [
            ("offering", "watch-month@1".to_owned()),
            ("ticket", form.field("ticket")),
            ("terms", form.field("terms")),
            ("method", method.to_owned()),
        ]
    };
    let send = |method| fields(method).map(|(name, value)| (name, value));
    let tried = send("credit");
    let tried: Vec<(&str, &str)> = tried.iter().map(|(name, value)| (*name, value.as_str())).collect();
    assert_eq!(guest.submit(&form, &link, &tried).await.status, StatusCode::FORBIDDEN);
    let by_alipay = send("alipay_qr");
    let by_alipay: Vec<(&str, &str)> = by_alipay.iter().map(|(name, value)| (*name, value.as_str())).collect();
    let placed = guest.submit(&form, &link, &by_alipay).await;
    assert_eq!(placed.status, StatusCode::SEE_OTHER, "{}", placed.text);
    let page = guest.get(placed.location()).await;
    page.hides(&["账户余额"]);
    let tried = guest.submit(&page, &format!("{}/pay", placed.location()), &[("method", "credit")]).await;
    assert_eq!(tried.status, StatusCode::FORBIDDEN);
    world.settle().await;
}
