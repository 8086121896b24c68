//! Buying an eSIM on pages, without scripts: by country, with the device checked, to the code that loads it.

use crate::world::World;
use crate::world::browser::{Browser, Client, Page};
use axum::http::{Method, StatusCode};
use everline_app::import::{Contents, Importer, Listener, Options, Progress, RowFault, load};
use everline_app::sign_in::Principal;
use everline_core::time::MINUTE_US;
use serde_json::json;
use std::io::Cursor;

struct Strict;
impl Listener for Strict {
    fn progress(&mut self, _: Progress) {}
    fn refused(&mut self, fault: &RowFault) -> std::io::Result<()> {
        panic!("{fault:?}")
    }
}

/// A profile with a number, and one without.
async fn stock(world: &World) {
    let app = &world.app;
    let importer = Importer {
        store: app.store.clone(),
        brand: app.brand.clone(),
        zone: app.zone.clone(),
        clock: app.clock.clone(),
        secrets: app.secrets.clone(),
    };
    let sims = "iccid,imsi,msisdn,kind,batch\n89860499000000000001,460119000000001,17100000001,esim,s\n\
        89860499000000000002,460119000000002,,esim,s\n";
    let codes = "iccid,activation_code,batch\n89860499000000000001,LPA:1$rsp.example.com$M-1,s\n\
        89860499000000000002,LPA:1$rsp.example.com$C-2,s\n";
    for (contents, text) in [(Contents::Sims, sims), (Contents::ActivationCodes, codes)] {
        let mut file = Cursor::new(text.as_bytes().to_vec());
        load(&importer, contents, (&mut file, "s.csv"), Options::default(), &mut Strict).await.unwrap();
    }
}

async fn send(browser: &mut Browser, page: &Page, more: &[(&str, &str)]) -> Page {
    let own = [("ticket", page.field("ticket")), ("offering", "thailand@1".to_owned())];
    let mut fields: Vec<(&str, &str)> = own.iter().map(|(name, value)| (*name, value.as_str())).collect();
    fields.extend(more);
    browser.submit(page, "/esim/buy", &fields).await
}

#[tokio::test]
async fn a_travel_plan_is_found_by_country_checked_bought_and_loaded() {
    let world = World::new().await;
    let mut stranger = Browser::new(&world.router);
    stranger.get("/esim?lang=en").await.says(&["Thailand 10 GB", "No eSIM is in stock", "What differs from a card"]);
    stock(&world).await;
    let shop = stranger.get("/esim?country=TH&for=travel").await;
    shop.says(&[
        "value=\"TH\" selected",
        "Begins with the first use, at the latest 180 days after payment",
        "Thailand",
    ]);
    shop.hides(&["No eSIM is in stock", "Qinghe 39"]);
    stranger.get("/esim?country=JP").await.says(&["There is no plan for this", "All of them"]);
    stranger.get("/esim?country=%3Cscript%3E&for=x").await.says(&["Thailand 10 GB"]).hides(&["<script>alert"]);
    let to = stranger.get("/esim/buy?offering=thailand@1").await;
    assert_eq!(to.status, StatusCode::SEE_OTHER);
    assert!(to.location().starts_with("/sign-in"), "{}", to.location());

    let mut owner = Browser::of(&world, Principal::Customer(world.people.linfang)).await;
    owner.get("/home").await.says(&["href=\"/esim\""]);
    let page = owner.get("/esim/buy?offering=thailand@1").await;
    page.says(&["¥39.00", "首次使用", "与实体卡有什么不同", "name=\"risk\"", "name=\"eid\""]);
    // Nothing is ordered before the device was checked and the terms accepted; what was typed stays.
    let nothing = send(&mut owner, &page, &[("terms", "2026-10")]).await;
    assert_eq!(nothing.status, StatusCode::UNPROCESSABLE_ENTITY);
    nothing.says(&["请选择设备、填写 EID，或勾选自行承担风险"]);
    let eid = "<b>8904";
    let wrong = send(&mut owner, &page, &[("eid", eid), ("risk", "yes"), ("terms", "2026-10")]).await;
    assert_eq!(wrong.status, StatusCode::UNPROCESSABLE_ENTITY);
    wrong.says(&["value=\"&#60;b&#62;8904\"", "aria-invalid"]).hides(&["<b>8904"]);
    let loads_none = [("model", "iPhone 14, 14 Pro"), ("sold", "cn"), ("terms", "2026-10")];
    send(&mut owner, &page, &loads_none).await.says(&["该型号不支持 eSIM"]);
    let no_terms = send(&mut owner, &page, &[("risk", "yes")]).await;
    assert_eq!(no_terms.status, StatusCode::UNPROCESSABLE_ENTITY);
    no_terms.says(&["id=\"terms-error\""]);

    let asked = [("model", "Pixel 4 and later"), ("sold", "hk"), ("terms", "2026-10"), ("method", "alipay_qr")];
    let ordered = send(&mut owner, &page, &asked).await;
    assert_eq!(ordered.status, StatusCode::SEE_OTHER, "{}", ordered.text);
    let path = ordered.location().to_owned();
    assert_eq!(send(&mut owner, &page, &asked).await.location(), path, "sent twice, ordered once");
    owner.get(&path).await.says(&["等待付款", "Pixel 4 and later (香港或澳门)"]).hides(&["安装 eSIM"]);
    owner.get("/home").await.says(&["尚未付款，为您保留到", "待付款"]);

    let started = world.outside.started.lock().unwrap().last().unwrap().clone();
    let notice = world.outside.pay(&started.out_trade_no);
    let mut gateway = Browser::new(&world.router);
    gateway.send(Method::POST, "/notify/alipay", &[], notice).await;
    world.settle().await;
    let paid = owner.get(&path).await;
    paid.says(&["安装 eSIM", "/esim\""]).hides(&["LPA:1"]);
    let to = paid.text.split("href=\"/lines/").find_map(|part| part.split_once("/esim\"")).unwrap().0.to_owned();
    let esim = owner.get(&format!("/lines/{to}/esim")).await;
    esim.says(&["89860499000000000001"]).hides(&["LPA:1"]);
    owner.get(&format!("/lines/{to}/esim/code")).await.says(&["LPA:1$rsp.example.com$M-1", "esimsetup.apple.com"]);
    let mut other = Browser::of(&world, Principal::Customer(world.people.wangqiang)).await;
    for path in [path.clone(), format!("/lines/{to}/esim"), format!("/lines/{to}/esim/code")] {
        assert_eq!(other.get(&path).await.status, StatusCode::NOT_FOUND, "{path}");
    }
    owner.get("/esim").await.says(&["eSIM 暂时缺货"]);
}

#[tokio::test]
async fn a_watch_gets_the_number_of_a_phone_and_loses_it() {
    let world = World::new().await;
    stock(&world).await;
    let (order, attempt) = world.checkout(world.people.linfang, world.people.watch, "watch-month").await;
    world.pays(&attempt).await;
    world.settle().await;
    let base = format!("/lines/{}/devices", order.line);
    let mut owner = Browser::of(&world, Principal::Customer(world.people.linfang)).await;
    owner.get(&format!("/lines/{}", order.line)).await.says(&[&base]);
    let page = owner.get(&base).await;
    page.says(&["一号多终端", "添加设备"]);
    let ticket = page.field("ticket");
    let nothing = owner.submit(&page, &base, &[("ticket", &ticket)]).await;
    assert_eq!(nothing.status, StatusCode::UNPROCESSABLE_ENTITY);
    for _ in 0..2 {
        let added = owner.submit(&page, &base, &[("ticket", &ticket), ("risk", "yes")]).await;
        assert_eq!(added.location(), format!("{base}?done=added"));
    }
    let added = owner.get(&format!("{base}?done=added")).await;
    added.says(&["已开通", "89860499000000000002", "设备 1"]).hides(&["LPA:1", "设备 2"]);
    owner.get(&format!("{base}/89860499000000000002/code")).await.says(&["LPA:1$rsp.example.com$C-2"]);
    let more = owner.get(&base).await;
    let ticket = more.field("ticket");
    let sold_out = owner.submit(&more, &base, &[("ticket", &ticket), ("risk", "yes")]).await;
    assert_eq!(sold_out.status, StatusCode::CONFLICT);
    sold_out.says(&["eSIM 暂时缺货"]);
    let removed = owner.submit(&more, &format!("{base}/89860499000000000002/remove"), &[]).await;
    assert_eq!(removed.location(), format!("{base}?done=removed"));
    owner.get(&format!("{base}?done=removed&lang=en")).await.says(&["has lost the number"]).hides(&["Device 1"]);
}

#[tokio::test]
async fn an_esim_is_bought_and_a_device_added_over_the_api() {
    let world = World::new().await;
    stock(&world).await;
    let mut client = Client::of(&world, Principal::Customer(world.people.linfang)).await;
    let shelf = client.get("/api/v1/esim/offerings").await.json();
    assert_eq!(shelf["in_stock"], json!(true));
    let travel = shelf["offerings"].as_array().unwrap().iter().find(|one| one["id"] == "thailand@1").unwrap().clone();
    assert_eq!((&travel["countries"], &travel["first_use_within_days"]), (&json!(["TH"]), &json!(180)));

    let request = |device: serde_json::Value| {
        json!({"offering": "thailand@1", "terms_version": "2026-10", "device": device}).to_string()
    };
    let unusable = [
        json!({}),
        json!({"eid": "8904"}),
        json!({"model": "iPhone 14, 14 Pro", "sold": "cn"}),
        json!({"model": "nobody knows it", "sold": "cn"}),
    ];
    for device in unusable {
        let key = [("idempotency-key", "k0")];
        let refused = client.send(Method::POST, "/api/v1/esim/orders", &key, &request(device)).await;
        assert_eq!((refused.status, &refused.json()["field"]), (StatusCode::UNPROCESSABLE_ENTITY, &json!("device")));
    }
    let body = request(json!({"model": "Pixel 4 and later", "sold": "hk"}));
    let key = [("idempotency-key", "k1")];
    let placed = client.send(Method::POST, "/api/v1/esim/orders", &key, &body).await;
    assert_eq!(placed.status, StatusCode::CREATED, "{}", placed.text);
    let order = placed.location().to_owned();
    assert_eq!(client.send(Method::POST, "/api/v1/esim/orders", &key, &body).await.location(), order);
    let other = request(json!({"accept_risk": true}));
    assert_eq!(
        client.send(Method::POST, "/api/v1/esim/orders", &key, &other).await.status,
        StatusCode::UNPROCESSABLE_ENTITY
    );
    let line = format!("/api/v1/lines/{}", placed.json()["line"].as_str().unwrap());
    let profile = client.get(&format!("{line}/esim")).await.json();
    assert_eq!((&profile["iccid"], &profile["has_code"]), (&json!("89860499000000000001"), &json!(false)));
    assert_eq!(
        client.post(&format!("{line}/esim/code"), "").await.status,
        StatusCode::NOT_FOUND,
        "not before it is paid"
    );

    let paying = client.post(&format!("{order}/payments"), r#"{"method": "alipay_qr"}"#).await.json();
    let notice = world.outside.pay(paying["payments"][0]["out_trade_no"].as_str().unwrap());
    Browser::new(&world.router).send(Method::POST, "/notify/alipay", &[], notice).await;
    world.settle().await;
    let code = client.post(&format!("{line}/esim/code"), "").await.json();
    assert_eq!(code, json!({"activation_code": "LPA:1$rsp.example.com$M-1", "confirmation_code": false}));
    let mut stranger = Client::of(&world, Principal::Customer(world.people.wangqiang)).await;
    assert_eq!(stranger.post(&format!("{line}/esim/code"), "").await.status, StatusCode::NOT_FOUND);

    let (renewal, attempt) = world.checkout(world.people.linfang, world.people.watch, "watch-month").await;
    world.pays(&attempt).await;
    world.settle().await;
    let devices = format!("/api/v1/lines/{}/devices", renewal.line);
    let body = json!({"accept_risk": true}).to_string();
    for _ in 0..2 {
        let added = client.send(Method::POST, &devices, &[("idempotency-key", "d1")], &body).await;
        assert_eq!(added.status, StatusCode::CREATED, "{}", added.text);
    }
    let there = client.get(&devices).await.json();
    assert_eq!(there["devices"], json!([{"iccid": "89860499000000000002", "has_code": true}]));
    let sold_out = client.send(Method::POST, &devices, &[("idempotency-key", "d2")], &body).await;
    assert_eq!((sold_out.status, &sold_out.json()["type"]), (StatusCode::CONFLICT, &json!("/api#problem-sold-out")));
    let one = format!("{devices}/89860499000000000002");
    let code = client.post(&format!("{one}/code"), "").await.json();
    assert_eq!(code["activation_code"], "LPA:1$rsp.example.com$C-2");
    assert_eq!(client.send(Method::DELETE, &one, &[], "").await.status, StatusCode::NO_CONTENT);
    assert_eq!(client.get(&devices).await.json()["devices"], json!([]));

    // Whoever was proved too long ago reads no code.
    world.pass(11 * MINUTE_US).await;
    assert_eq!(client.post(&format!("{line}/esim/code"), "").await.status, StatusCode::FORBIDDEN);
}
