//! The customers' API.

use crate::world::browser::Client;
use crate::world::{CLOSED_NUMBER, World};
use axum::http::{Method, StatusCode};
use everline_app::Problem;
use everline_app::idempotency::order_for_key;
use everline_app::sign_in::Principal;
use everline_testing::each_store;
use everline_web::{Access, routes};
use serde_json::{Value, json};
use std::collections::BTreeSet;

#[tokio::test]
async fn a_line_is_renewed_over_the_api() {
    let world = World::new().await;
    let mut client = Client::new(&world.router, None);
    let asked = client.post("/api/v1/sign-in/code", r#"{"phone": "13800138001"}"#).await;
    assert_eq!(asked.status, StatusCode::ACCEPTED);
    let code = world.outside.last_code();
    let body = json!({"request_id": asked.json()["request_id"], "code": code}).to_string();
    let token = client.post("/api/v1/sign-in", &body).await.json()["token"].as_str().unwrap().to_owned();
    let mut client = Client::new(&world.router, Some(&token));

    let lines = client.get("/api/v1/lines").await.json();
    let watch = lines["lines"].as_array().unwrap().iter().find(|line| line["msisdn"] == "17280001234").unwrap().clone();
    assert_eq!(
        (&watch["advice"], &watch["state"], &watch["renew_now"]),
        (&json!("cut_off"), &json!("suspended"), &json!(true))
    );
    let line = format!("/api/v1/lines/{}", watch["id"].as_str().unwrap());
    assert_eq!(client.get(&line).await.json(), watch);
    assert_eq!(client.get("/api/v1/home").await.json()["paid_credit"], json!({"amount": "0.00", "currency": "CNY"}));

    let offerings = client.get(&format!("{line}/offerings")).await.json();
    let pack = offerings["offerings"].as_array().unwrap().iter().find(|one| one["id"] == "data-1g@1").unwrap().clone();
    assert_eq!((&pack["sellable"], &pack["not_sellable"]), (&json!(false), &json!("needs_plan")));
    let quote = client.post(&format!("{line}/quotes"), r#"{"offering": "watch-month@1"}"#).await.json();
    assert_eq!(quote["price"], json!({"amount": "9.90", "currency": "CNY"}));
    assert_eq!(
        (&quote["starts_at"], &quote["ends_at"]),
        (&json!("2026-11-22T10:30:00Z"), &json!("2026-12-22T10:30:00Z"))
    );
    assert_eq!(
        (&quote["placement"], &quote["change"], &quote["used_up"]),
        (&json!("now"), &json!("begins"), &json!("stop"))
    );

    let body = r#"{"offering": "watch-month@1", "terms_version": "2026-10"}"#;
    let placed = client.send(Method::POST, &format!("{line}/orders"), &[("idempotency-key", "k1")], body).await;
    assert_eq!(placed.status, StatusCode::CREATED);
    let order = placed.location().to_owned();
    assert_eq!(order, format!("/api/v1/orders/{}", placed.json()["id"].as_str().unwrap()));
    let paying = client.post(&format!("{order}/payments"), r#"{"method": "alipay_qr"}"#).await;
    assert_eq!(paying.status, StatusCode::CREATED);
    let out_trade_no = paying.json()["payments"][0]["out_trade_no"].as_str().unwrap().to_owned();
    assert_eq!(paying.json()["payments"][0]["pay_url"], format!("https://qr.pay.test/{out_trade_no}"));
    assert_eq!(client.get(&format!("{order}/receipt")).await.status, StatusCode::NOT_FOUND);

    world.outside.pay(&out_trade_no);
    let known = client.post(&format!("{order}/ask"), "").await.json();
    assert_eq!((&known["state"], &known["payments"][0]["state"]), (&json!("in_effect"), &json!("paid")));
    world.settle().await;
    let receipt = client.get(&format!("{order}/receipt")).await.json();
    assert_eq!((&receipt["amount_in_words"], &receipt["msisdn"]), (&json!("玖元玖角整"), &json!("172****1234")));
    assert_eq!(receipt["postings"][0]["template"], "PAID");
    assert!(receipt["number"].is_i64());
}

#[tokio::test]
async fn what_becomes_of_a_line_if_nobody_pays() {
    let world = World::new().await;
    let mut client = Client::of(&world, Principal::Customer(world.people.linfang)).await;
    let line = format!("/api/v1/lines/{}/what-if", world.people.phone);
    let ahead = client.get(&format!("{line}?until=2027-01-31")).await;
    assert_eq!(ahead.status, StatusCode::OK, "{}", ahead.text);
    let ahead = ahead.json();
    let steps = ahead["steps"].as_array().unwrap();
    assert_eq!((&ahead["state"], steps.len()), (&json!("active"), 2), "{ahead}");
    let states: Vec<_> = steps.iter().map(|step| (step["state"].clone(), step["in_service"].clone())).collect();
    assert_eq!(states, [(json!("grace"), json!(true)), (json!("suspended"), json!(false))]);
    assert_eq!(steps[0]["ends"].as_array().unwrap().len(), 1, "the plan that runs ends");
    assert_eq!((&steps[0]["begins"], &steps[1]["ends"]), (&json!([]), &json!([])));
    let first = steps[0]["at"].as_str().unwrap();
    let to_then = client.get(&format!("{line}?until={first}")).await.json();
    assert_eq!(to_then["steps"].as_array().unwrap().len(), 1, "up to that instant");
    assert_eq!(client.get(&format!("{line}?until={first}")).await.json(), to_then, "looking changes nothing");
    for wrong in ["", "?until=", "?until=soon", "?until=2020-01-01", "?until=2999-01-01", "?until=2027-01-31&more=1"] {
        let refused = client.get(&format!("{line}{wrong}")).await;
        assert_eq!(
            (refused.status, &refused.json()["field"]),
            (StatusCode::UNPROCESSABLE_ENTITY, &json!("until")),
            "{wrong}"
        );
    }
}

#[tokio::test]
async fn a_repeated_request_is_the_same_order_and_another_body_is_refused() {
    let world = World::new().await;
    let mut client = Client::of(&world, Principal::Customer(world.people.linfang)).await;
    let watch = format!("/api/v1/lines/{}/orders", world.people.watch);
    let phone = format!("/api/v1/lines/{}/orders", world.people.phone);
    let body = r#"{"offering": "watch-month@1", "terms_version": "2026-10"}"#;
    let key = [("idempotency-key", "k1")];
    let first = client.send(Method::POST, &watch, &key, body).await.json();
    for _ in 0..3 {
        assert_eq!(client.send(Method::POST, &watch, &key, body).await.json(), first);
    }
    let again = r#"{ "terms_version": "2026-10", "offering": "watch-month@1" }"#;
    assert_eq!(
        client.send(Method::POST, &watch, &key, again).await.json()["id"],
        first["id"],
        "spaces and order do not matter"
    );
    let second = client.send(Method::POST, &watch, &[("idempotency-key", "k2")], body).await.json();
    assert_ne!(second["id"], first["id"]);

    let year = r#"{"offering": "watch-year@1", "terms_version": "2026-10"}"#;
    let terms = r#"{"offering": "watch-month@1", "terms_version": "2026-11"}"#;
    for (path, body) in [(&watch, year), (&watch, terms), (&phone, body)] {
        let refused = client.send(Method::POST, path, &key, body).await;
        assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY);
        assert_eq!(refused.json()["type"], "/api#problem-exists-differently");
    }
    let mut other = Client::of(&world, Principal::Customer(world.people.shunda)).await;
    assert_eq!(
        other.send(Method::POST, &watch, &key, body).await.status,
        StatusCode::NOT_FOUND,
        "keys are the customer's own"
    );

    for headers in [vec![], vec![("idempotency-key", "")], vec![("idempotency-key", " ")]] {
        let refused = client.send(Method::POST, &watch, &headers, body).await;
        assert_eq!((refused.status, &refused.json()["field"]), (StatusCode::BAD_REQUEST, &json!("Idempotency-Key")));
    }
}

#[tokio::test]
async fn keys_are_bound_once_on_both_engines() {
    each_store(async |store| {
        let app = World::over(store, "http://portal.test").await.app;
        let (first, second) = tokio::join!(order_for_key(&app, "a", b"1"), order_for_key(&app, "a", b"1"));
        assert_eq!(first, second);
        let refused = order_for_key(&app, "a", b"2").await;
        assert_eq!(refused, Err(Problem::ExistsDifferently("order")));
        assert_ne!(order_for_key(&app, "b", b"2").await, first);
        assert_eq!(order_for_key(&app, "a", b"1").await, first);
    })
    .await;
}

#[tokio::test]
async fn problems_are_documents_that_name_what_is_wrong() {
    let world = World::new().await;
    let mut client = Client::of(&world, Principal::Customer(world.people.linfang)).await;
    let watch = format!("/api/v1/lines/{}", world.people.watch);
    let mut check = async |method: Method, path: &str, body: &str, status: u16, word: &str, field: Value| {
        let answer = client.send(method, path, &[], body).await;
        assert_eq!(answer.headers["content-type"], "application/problem+json", "{path}");
        let problem = answer.json();
        assert_eq!(
            (answer.status.as_u16(), problem["status"].as_u64().unwrap()),
            (status, u64::from(status)),
            "{path} {body}"
        );
        assert_eq!(problem["type"], format!("/api#problem-{word}"));
        assert_eq!(problem["field"], field, "{path} {body}");
        assert!(!problem["title"].as_str().unwrap().is_empty() && !problem["detail"].as_str().unwrap().is_empty());
    };
    let (get, post) = (Method::GET, Method::POST);
    check(get.clone(), "/api/v1/nothing", "", 404, "not-found", Value::Null).await;
    check(get.clone(), "/api/v2/home", "", 404, "not-found", Value::Null).await;
    check(post.clone(), "/api/v1/home", "", 405, "method-not-allowed", Value::Null).await;
    check(get.clone(), "/api/v1/lines/nonsense", "", 404, "not-found", Value::Null).await;
    check(get.clone(), &format!("/api/v1/orders/{}", "0".repeat(32)), "", 404, "not-found", Value::Null).await;
    let quotes = format!("{watch}/quotes");
    check(post.clone(), &quotes, "", 400, "invalid", json!("body")).await;
    check(post.clone(), &quotes, "{}", 400, "invalid", json!("offering")).await;
    check(post.clone(), &quotes, r#"{"offering": "watch-month@1", "price": "0"}"#, 400, "invalid", json!("price"))
        .await;
    check(post.clone(), &quotes, r#"{"offering": "watch-month"}"#, 422, "invalid", json!("offering")).await;
    check(post.clone(), &quotes, r#"{"offering": "nothing@1"}"#, 404, "not-found", Value::Null).await;
    check(post.clone(), &quotes, r#"{"offering": "data-1g@1"}"#, 422, "not-sellable", json!("offering")).await;
    check(post.clone(), &quotes, r#"{"offering": "phone-39@1"}"#, 422, "not-sellable", json!("offering")).await;
    check(post.clone(), "/api/v1/sign-in/code", r#"{"phone": "x"}"#, 422, "invalid", json!("phone")).await;
    check(post, "/api/v1/sign-in", r#"{"request_id": "x", "code": "1"}"#, 422, "code-gone", json!("code")).await;
}

#[tokio::test]
async fn terms_must_be_the_ones_in_force() {
    let world = World::new().await;
    let mut client = Client::of(&world, Principal::Customer(world.people.linfang)).await;
    let path = format!("/api/v1/lines/{}/orders", world.people.watch);
    let body = r#"{"offering": "watch-month@1", "terms_version": "2025-01"}"#;
    let refused = client.send(Method::POST, &path, &[("idempotency-key", "k")], body).await;
    assert_eq!((refused.status, &refused.json()["field"]), (StatusCode::CONFLICT, &json!("terms_version")));
}

#[tokio::test]
async fn the_document_and_the_routes_agree() {
    let world = World::new().await;
    let document = Client::new(&world.router, None).get("/api/openapi.json").await.json();
    let mut described = BTreeSet::new();
    for (path, item) in document["paths"].as_object().unwrap() {
        described.extend(item.as_object().unwrap().keys().map(|method| format!("{} {path}", method.to_uppercase())));
    }
    let routes = routes().into_iter().filter(|route| matches!(route.access, Access::ApiOpen | Access::ApiCustomer));
    let listed: BTreeSet<String> = routes.map(|route| format!("{} {}", route.method, route.path)).collect();
    assert_eq!(described, listed);
    assert_eq!(document["components"]["securitySchemes"]["session"]["scheme"], "bearer");
    assert!(!document.to_string().contains(CLOSED_NUMBER));
}
