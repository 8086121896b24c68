//! Renewal by itself on pages and in the API: off by default, said before it is agreed to, off again in two taps.

use crate::world::World;
use crate::world::browser::{Browser, Client};
use axum::http::{Method, StatusCode};
use everline_app::sign_in::Principal;
use serde_json::json;

#[tokio::test]
async fn an_owner_switches_it_on_and_off() {
    let world = World::new().await;
    let mut owner = Browser::of(&world, Principal::Customer(world.people.linfang)).await;
    let line = format!("/lines/{}", world.people.watch);
    let path = format!("{line}/auto-renew");
    owner.get(&line).await.says(&["未开启自动续费", "开启自动续费"]);
    let form = owner.get(&path).await;
    form.says(&["自动续费", "扣款前 5 天通知我", "每月上限"]).hides(&["关闭自动续费"]);
    let fields = [
        ("offering", "watch-month@1"),
        ("method1", "credit"),
        ("month_cap", "20"),
        ("lead_days", "4"),
        ("terms", "2026-10"),
    ];
    // Each field that cannot be used is named, and what was typed is kept.
    for (name, value, says) in [
        ("terms", "", "请先勾选同意以上内容"),
        ("month_cap", "ten", "不低于套餐价格"),
        ("month_cap", "1", "不低于套餐价格"),
        ("lead_days", "99", "1 到 14"),
        ("method1", "", "一至四种不同的支付方式"),
        ("offering", "watch-month@9", "可以自动续费的套餐"),
    ] {
        let wrong: Vec<(&str, &str)> =
            fields.iter().map(|(known, kept)| (*known, if *known == name { value } else { *kept })).collect();
        let page = owner.submit(&form, &path, &wrong).await;
        assert_eq!(page.status, StatusCode::UNPROCESSABLE_ENTITY, "{name}");
        page.says(&[says]);
        if name == "lead_days" {
            page.says(&["value=\"99\"", "value=\"20\""]);
        }
    }
    let set = owner.submit(&form, &path, &fields).await;
    assert_eq!((set.status, set.location()), (StatusCode::SEE_OTHER, path.as_str()), "{}", set.text);
    owner.get(&path).await.says(&["关闭自动续费", "value=\"4\""]);
    let page = owner.get(&line).await;
    page.says(&["关闭自动续费"]).hides(&["未开启自动续费"]);
    let off = owner.submit(&page, &format!("{path}/off"), &[]).await;
    assert_eq!(off.status, StatusCode::SEE_OTHER);
    owner.get(&line).await.says(&["未开启自动续费"]);
    owner.get("/cards").await.says(&["已保存的银行卡", "没有保存银行卡"]);
    owner.get("/home").await.says(&["/cards"]);
}

#[tokio::test]
async fn the_api_says_what_is_wrong_and_sets_it() {
    let world = World::new().await;
    let mut client = Client::of(&world, Principal::Customer(world.people.linfang)).await;
    let path = format!("/api/v1/lines/{}/auto-renew", world.people.watch);
    assert_eq!(client.get(&path).await.json()["state"], "off");
    let right = json!({ "offering": "watch-month@1", "methods": ["credit"], "month_cap": "20.00", "lead_days": 3,
        "terms_version": "2026-10" });
    for (field, value) in
        [("methods", json!(["cash"])), ("methods", json!([])), ("month_cap", json!("1")), ("lead_days", json!(0))]
    {
        let mut wrong = right.clone();
        wrong[field] = value;
        let answer = client.post(&path, &wrong.to_string()).await;
        assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY, "{}", answer.text);
        assert_eq!(answer.json()["field"], field);
    }
    for _ in 0..2 {
        let set = client.post(&path, &right.to_string()).await;
        assert_eq!(set.status, StatusCode::OK, "{}", set.text);
        assert_eq!(set.json()["consent"]["methods"], json!(["credit"]));
    }
    assert_ne!(client.get(&path).await.json()["state"], "off");
    // What was chosen here stays chosen where its owner only looks.
    let mut other = right.clone();
    other["left_percent"] = json!(25);
    assert_eq!(client.post(&path, &other.to_string()).await.status, StatusCode::OK);
    let mut owner = Browser::of(&world, Principal::Customer(world.people.linfang)).await;
    let form = owner.get(&format!("/lines/{}/auto-renew", world.people.watch)).await;
    form.says(&["<option value=\"25\" selected>", "name=\"method4\""]);
    let off = client.send(Method::DELETE, &path, &[], "").await;
    assert_eq!(off.status, StatusCode::NO_CONTENT);
    assert_eq!(client.get(&path).await.json()["state"], "off");
    assert_eq!(client.get("/api/v1/payment-methods").await.json(), json!({ "payment_methods": [] }));
}
