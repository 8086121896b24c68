//! Vouchers on pages and in the API: added to the balance, given for an order by its owner or a guest.

use crate::world::browser::{Browser, Client};
use crate::world::{WATCH_NUMBER, World};
use axum::http::{Method, StatusCode};
use everline_app::sign_in::Principal;
use everline_app::voucher_batch::{NewBatch, make_batch};
use everline_core::money::{Currency, Money};
use everline_core::time::DAY_US;
use everline_core::voucher::{Code, VoucherKind};
use serde_json::json;

async fn codes(world: &World, amount: &str, count: i64) -> Vec<String> {
    let batch = NewBatch {
        name: format!("of {amount}"),
        kind: VoucherKind::Paid,
        amount: Money::parse(amount, Currency::CNY).unwrap(),
        count,
        expires_at: world.app.clock.now().business.plus_us(30 * DAY_US),
        by: "he.jing".to_owned(),
    };
    make_batch(&world.app, batch).await.unwrap().iter().map(Code::printed).collect()
}
fn made_up(n: u8) -> String {
    Code::from_random([n; 12]).printed()
}

#[tokio::test]
async fn a_voucher_is_added_on_its_page_and_what_was_typed_stays() {
    let world = World::new().await;
    let codes = codes(&world, "20", 1).await;
    let mut owner = Browser::of(&world, Principal::Customer(world.people.linfang)).await;
    owner.get("/home").await.says(&["href=\"/voucher\""]);
    let page = owner.get("/voucher").await;
    let mistyped = owner.submit(&page, "/voucher", &[("voucher", "1234 <b>")]).await;
    assert_eq!(mistyped.status, StatusCode::UNPROCESSABLE_ENTITY);
    mistyped.says(&["券码不完整", "aria-invalid", "value=\"1234 &#60;b&#62;\""]);
    let added = owner.submit(&page, "/voucher", &[("voucher", &codes[0].to_lowercase())]).await;
    assert_eq!(added.status, StatusCode::OK);
    added.says(&["¥20.00 已存入余额"]).hides(&[&codes[0], "aria-invalid"]);
    world.app.clock.pass_us(1_000);
    owner.submit(&page, "/voucher", &[("voucher", &codes[0])]).await.says(&["不会重复存入", "今天 18:30"]);
    owner.get("/home").await.says(&["¥20.00"]);

    let mut other = Browser::of(&world, Principal::Customer(world.people.wangqiang)).await;
    let page = other.get("/voucher?lang=en").await;
    let refused = other.submit(&page, "/voucher", &[("voucher", &codes[0])]).await;
    refused.says(&["There is no voucher with this code for you"]);
    let unknown = other.submit(&page, "/voucher", &[("voucher", &made_up(1))]).await;
    let without = |page: &str, code: &str| page.replace(code, "");
    assert_eq!(without(&refused.text, &codes[0]), without(&unknown.text, &made_up(1)), "the two look alike");
    for n in 2..5 {
        other.submit(&page, "/voucher", &[("voucher", &made_up(n))]).await;
    }
    let wait = other.submit(&page, "/voucher", &[("voucher", &made_up(9))]).await;
    assert_eq!(wait.status, StatusCode::TOO_MANY_REQUESTS);
    wait.says(&["Too many wrong codes. Please try again today 18:31"]);
}

#[tokio::test]
async fn an_order_is_paid_with_a_voucher_on_its_page() {
    let world = World::new().await;
    let codes = codes(&world, "5", 2).await;
    let mut owner = Browser::of(&world, Principal::Customer(world.people.linfang)).await;
    let path = format!("/lines/{}/renew", world.people.watch);
    let form = owner.get(&format!("{path}?offering=watch-month@1")).await;
    form.says(&["代金券", "在下一页输入券码"]);
    let fields = [
        ("offering", "watch-month@1"),
        ("ticket", &form.field("ticket")),
        ("terms", &form.field("terms")),
        ("method", "voucher"),
    ];
    let asked = world.outside.started.lock().unwrap().len();
    let placed = owner.submit(&form, &path, &fields).await;
    assert_eq!(placed.status, StatusCode::SEE_OTHER, "{}", placed.text);
    assert_eq!(world.outside.started.lock().unwrap().len(), asked, "no provider was asked");
    let (order, pay) = (placed.location().to_owned(), format!("{}/pay", placed.location()));
    let page = owner.get(&order).await;
    page.says(&["用代金券付款", "多出的部分存入您的余额"]);
    let wrong = owner.submit(&page, &pay, &[("method", "voucher"), ("voucher", &made_up(3))]).await;
    assert_eq!(wrong.status, StatusCode::UNPROCESSABLE_ENTITY);
    wrong.says(&["没有您可以使用的这张券", &made_up(3), "aria-invalid"]);
    let empty = owner.submit(&page, &pay, &[("method", "voucher"), ("voucher", "")]).await;
    assert_eq!(empty.location(), format!("{order}#voucher"));
    let part = owner.submit(&page, &pay, &[("method", "voucher"), ("voucher", &codes[0])]).await;
    assert_eq!(part.location(), order);
    owner.get(&order).await.says(&["已用余额", "¥5.00"]);
    world.app.clock.pass_us(1_000);
    owner.submit(&page, &pay, &[("method", "voucher"), ("voucher", &codes[0])]).await.says(&["用过"]);
    owner.submit(&page, &pay, &[("method", "voucher"), ("voucher", &codes[1])]).await;
    world.settle().await;
    owner.get(&order).await.says(&["已生效"]).hides(&["用代金券付款"]);
    owner.get("/home").await.says(&["¥0.10"]);
    owner.get(&format!("{order}/receipt")).await.says(&["代金券", "¥5.00", "¥4.90"]).hides(&["账户余额"]);
}

#[tokio::test]
async fn a_guest_pays_with_a_voucher_and_sees_nothing_of_the_owners() {
    let world = World::new().await;
    let (codes, owners) = (codes(&world, "20", 1).await, codes(&world, "7", 1).await);
    let mut owner = Browser::of(&world, Principal::Customer(world.people.linfang)).await;
    let page = owner.get("/voucher").await;
    owner.submit(&page, "/voucher", &[("voucher", &owners[0])]).await;
    let mut guest = Browser::new(&world.router);
    let start = guest.get("/renew").await;
    let found = guest.submit(&start, "/renew", &[("number", WATCH_NUMBER)]).await;
    let link = found.location().to_owned();
    let form = guest.get(&format!("{link}?offering=watch-month@1")).await;
    let fields = [
        ("offering", "watch-month@1"),
        ("ticket", &form.field("ticket")),
        ("terms", &form.field("terms")),
        ("method", "voucher"),
    ];
    let placed = guest.submit(&form, &link, &fields).await;
    let order = placed.location().to_owned();
    let page = guest.get(&order).await;
    page.says(&["用代金券付款", "归机主的余额"]).hides(&["¥7.00"]);
    let pay = format!("{order}/pay");
    let theirs = guest.submit(&page, &pay, &[("method", "voucher"), ("voucher", &owners[0])]).await;
    theirs.says(&["没有您可以使用的这张券"]).hides(&["¥7.00"]);
    assert_eq!(guest.submit(&page, &pay, &[("method", "credit")]).await.status, StatusCode::FORBIDDEN);
    let paid = guest.submit(&page, &pay, &[("method", "voucher"), ("voucher", &codes[0])]).await;
    assert_eq!(paid.location(), order);
    world.settle().await;
    guest.get(&order).await.says(&["已付款"]).hides(&["¥7.00", "¥17.10", "用代金券付款"]);
    owner.get("/home").await.says(&["¥17.10"]);
}

#[tokio::test]
async fn the_api_takes_vouchers_with_a_key() {
    let world = World::new().await;
    let codes = codes(&world, "50", 2).await;
    let mut client = Client::of(&world, Principal::Customer(world.people.linfang)).await;
    let body = |code: &str| json!({ "voucher": code }).to_string();
    let keyless = client.post("/api/v1/vouchers", &body(&codes[0])).await;
    assert_eq!((keyless.status, &keyless.json()["field"]), (StatusCode::BAD_REQUEST, &json!("Idempotency-Key")));
    let add = ("/api/v1/vouchers", [("idempotency-key", "v1")]);
    let added = client.send(Method::POST, add.0, &add.1, &body(&codes[0])).await;
    assert_eq!((added.status, &added.json()["already"]), (StatusCode::OK, &json!(false)), "{}", added.text);
    assert_eq!(added.json()["amount"], json!({"amount": "50.00", "currency": "CNY"}));
    world.app.clock.pass_us(1_000);
    let again = client.send(Method::POST, add.0, &add.1, &body(&codes[0])).await.json();
    assert_eq!((&again["already"], &again["added_at"]), (&json!(true), &added.json()["added_at"]));
    let other = client.send(Method::POST, add.0, &add.1, &body(&codes[1])).await;
    assert_eq!(other.status, StatusCode::UNPROCESSABLE_ENTITY, "one key for two codes");
    assert!(other.json()["type"].as_str().unwrap().ends_with("exists-differently"));
    for (code, rule) in [(made_up(4), "unknown"), ("123".to_owned(), "mistyped")] {
        let refused = client.send(Method::POST, add.0, &[("idempotency-key", rule)], &body(&code)).await;
        assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY);
        let said = refused.json();
        assert!(said["type"].as_str().unwrap().ends_with("no-voucher"), "{said}");
        assert_eq!((&said["field"], &said["rule"]), (&json!("voucher"), &json!(rule)));
    }

    let orders = format!("/api/v1/lines/{}/orders", world.people.watch);
    let terms = json!({ "offering": "watch-month@1", "terms_version": world.app.brand.terms_version }).to_string();
    let placed = client.send(Method::POST, &orders, &[("idempotency-key", "k1")], &terms).await;
    let order = placed.location().to_owned();
    assert_eq!(
        client.post(&format!("{order}/payments"), r#"{"method": "voucher"}"#).await.status,
        StatusCode::UNPROCESSABLE_ENTITY
    );
    let paid =
        client.send(Method::POST, &format!("{order}/vouchers"), &[("idempotency-key", "v2")], &body(&codes[1])).await;
    assert_eq!(paid.status, StatusCode::OK, "{}", paid.text);
    assert_eq!(paid.json()["into_order"], json!({"amount": "9.90", "currency": "CNY"}));
    assert_ne!(paid.json()["order"]["state"], json!("awaiting_payment"));
    let balance = client.get("/api/v1/home").await.json();
    assert_eq!(balance["paid_credit"], json!({"amount": "90.10", "currency": "CNY"}));
    world.settle().await;
}
