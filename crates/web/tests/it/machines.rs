//! Notices, the device interface, the demo's clock, health.

use crate::world::browser::{Browser, Client};
use crate::world::{CLOCK_SECRET, DEVICE_SECRET, WATCH_IMSI, WATCH_NUMBER, World};
use axum::http::{Method, StatusCode};
use everline_app::sign_in::Principal;
use everline_core::time::{DAY_US, HOUR_US};

async fn notify(world: &World, body: &[u8]) -> (StatusCode, String) {
    let mut gateway = Browser::new(&world.router);
    let answer = gateway.send(Method::POST, "/notify/alipay", &[], body.to_vec()).await;
    (answer.status, answer.text)
}

#[tokio::test]
async fn notices_are_acknowledged_once_kept_and_refused_otherwise() {
    let world = World::new().await;
    let (_, attempt) = world.checkout(world.people.linfang, world.people.watch, "watch-month").await;
    let good = world.outside.pay(&attempt.out_trade_no);
    let text = String::from_utf8(good.clone()).unwrap();

    let forged = text.replace("sign=good", "sign=bad");
    assert_eq!(notify(&world, forged.as_bytes()).await, (StatusCode::BAD_REQUEST, "failure".to_owned()));
    assert_eq!(notify(&world, b"\xff\xfe").await, (StatusCode::BAD_REQUEST, "failure".to_owned()));
    let unknown = text.replace(&attempt.out_trade_no, &"0".repeat(32));
    let kept = (StatusCode::OK, "success".to_owned());
    assert_eq!(notify(&world, unknown.as_bytes()).await, kept, "another system's, perhaps: kept for reconciliation");
    let mut gateway = Browser::new(&world.router);
    let large = gateway.send(Method::POST, "/notify/alipay", &[], vec![b'a'; 1024 * 1024 + 1]).await;
    assert_eq!(large.status, StatusCode::PAYLOAD_TOO_LARGE);
    for nobody in ["/notify/wechat", "/notify/bank"] {
        let answer = gateway.send(Method::POST, nobody, &[], good.clone()).await;
        assert_eq!(answer.status, StatusCode::NOT_FOUND, "{nobody}: the brand has no account there");
    }

    for _ in 0..2 {
        assert_eq!(notify(&world, &good).await, (StatusCode::OK, "success".to_owned()), "a repetition too");
    }
    let mut owner = Browser::of(&world, Principal::Customer(world.people.linfang)).await;
    world.settle().await;
    owner.get(&format!("/orders/{}", attempt.order)).await.says(&["已生效"]);

    world.app.store.close().await;
    assert_eq!(notify(&world, &good).await, (StatusCode::SERVICE_UNAVAILABLE, "failure".to_owned()));
}

#[tokio::test]
async fn reports_about_messages_are_believed_by_the_secret_in_their_address() {
    let world = World::new().await;
    let (_, attempt) = world.checkout(world.people.linfang, world.people.watch, "watch-month").await;
    world.pays(&attempt).await;
    world.settle().await;
    let id = world.outside.messages.lock().unwrap().last().unwrap().id;
    let mut provider = Browser::new(&world.router);
    let mut send = async |path: &str, body: Vec<u8>| {
        let answer = provider.send(Method::POST, &format!("/notify/messages/{path}"), &[], body).await;
        (answer.status, answer.text)
    };
    let report = format!("test:{id}").into_bytes();
    for nobody in ["sms/guessed", "email/guessed", "pigeon/sesame"] {
        assert_eq!(send(nobody, report.clone()).await.0, StatusCode::NOT_FOUND, "{nobody}");
    }
    assert_eq!(send("sms/sesame", vec![0xff]).await.0, StatusCode::BAD_REQUEST);
    assert_eq!(send("sms/sesame", vec![b'a'; 512 * 1024 + 1]).await.0, StatusCode::PAYLOAD_TOO_LARGE);
    for _ in 0..2 {
        assert_eq!(send("sms/sesame", report.clone()).await, (StatusCode::OK, "thanks".to_owned()), "a repetition too");
    }
    let export = everline_app::privacy::export(&world.app.store, world.people.linfang, &world.app.zone).await.unwrap();
    let fates: Vec<&str> =
        export["records"]["message"].as_array().unwrap().iter().filter_map(|row| row["fate"].as_str()).collect();
    assert!(fates.contains(&"delivered"), "{fates:?}");
    // What somebody writes comes the same way, and is answered at the line's own number.
    let written = format!("from {WATCH_NUMBER}: 余额").into_bytes();
    assert_eq!(send("sms/guessed", written.clone()).await.0, StatusCode::NOT_FOUND);
    for _ in 0..2 {
        assert_eq!(send("sms/sesame", written.clone()).await.0, StatusCode::OK);
    }
    world.settle().await;
    let answers = {
        let messages = world.outside.messages.lock().unwrap();
        let answers = messages.iter().filter(|message| message.template == "keyword_balance");
        answers.map(|message| message.to.to_string()).collect::<Vec<_>>()
    };
    assert_eq!(answers, [WATCH_NUMBER]);
    world.app.store.close().await;
    assert_eq!(send("sms/sesame", report).await.0, StatusCode::SERVICE_UNAVAILABLE);
}

#[tokio::test]
async fn a_device_is_redirected_until_its_line_is_renewed() {
    let world = World::new().await;
    let mut network = Client::new(&world.router, Some(DEVICE_SECRET));
    let attach = format!(r#"{{"imsi": "{WATCH_IMSI}", "apn": "iot", "notify_url": "http://127.0.0.1:9/n"}}"#);
    let attached = network.post("/device/sessions", &attach).await;
    assert_eq!(attached.status, StatusCode::CREATED);
    let session = attached.json()["session_id"].as_str().unwrap().to_owned();
    assert_eq!(attached.json()["state"], "redirected");
    assert_eq!(attached.json()["redirect_url"], format!("http://portal.test/d/{session}"));
    assert_eq!(attached.json()["octets_left"], 0);

    let (_, attempt) = world.checkout(world.people.linfang, world.people.watch, "watch-month").await;
    world.pays(&attempt).await;
    let usage = format!("/device/sessions/{session}/usage");
    let reported = network.post(&usage, r#"{"sequence": 1, "used_octets": 1000000}"#).await;
    assert_eq!(
        reported.json(),
        serde_json::json!({"session_id": session, "state": "online", "octets_left": 499_000_000})
    );
    let repeated = network.post(&usage, r#"{"sequence": 1, "used_octets": 1000000}"#).await;
    assert_eq!(repeated.json()["octets_left"], 499_000_000, "a report that came before changes nothing");

    let gone = network.send(Method::DELETE, &format!("/device/sessions/{session}"), &[], "").await;
    assert_eq!((gone.status, gone.text.as_str()), (StatusCode::NO_CONTENT, ""));
}

#[tokio::test]
async fn the_device_interface_refuses_by_name() {
    let world = World::new().await;
    let mut network = Client::new(&world.router, Some(DEVICE_SECRET));
    let mut check = async |path: &str, body: &str, status: u16, kind: &str| {
        let answer = network.post(path, body).await;
        assert_eq!((answer.status.as_u16(), answer.json()["type"].as_str().unwrap()), (status, kind), "{path} {body}");
    };
    let none = format!("/device/sessions/{}/usage", "0".repeat(32));
    check("/device/sessions", "{", 400, "/api#problem-invalid").await;
    check("/device/sessions", r#"{"imsi": "1", "notify_url": ""}"#, 422, "/api#problem-invalid").await;
    check("/device/sessions", r#"{"imsi": "460119999999999", "notify_url": ""}"#, 404, "/api#problem-not-found").await;
    check("/device/sessions", r#"{"imsi": "1", "notify_url": "", "admin": true}"#, 400, "/api#problem-invalid").await;
    check(&none, r#"{"sequence": 1, "used_octets": 1}"#, 404, "/api#problem-not-found").await;
    check("/device/sessions/x/usage", r#"{"sequence": 1, "used_octets": 1}"#, 404, "/api#problem-not-found").await;
    check(&none, r#"{"sequence": 1, "used_octets": -1}"#, 422, "/api#problem-invalid").await;
    for token in [None, Some("wrong"), Some(CLOCK_SECRET)] {
        let answer = Client::new(&world.router, token).post("/device/sessions", "{}").await;
        assert_eq!(answer.status, StatusCode::UNAUTHORIZED);
        assert_eq!(answer.headers["www-authenticate"], "Bearer");
    }
    let without = world.router_with(|_| {});
    let answer = Client::new(&without, Some("")).post("/device/sessions", "{}").await;
    assert_eq!(answer.status, StatusCode::UNAUTHORIZED, "no secret lets nobody in");
}

#[tokio::test]
async fn the_demos_clock_runs_what_falls_due() {
    let world = World::new().await;
    let mut sandbox = Client::new(&world.router, Some(CLOCK_SECRET));
    let now = sandbox.get("/demo/clock").await.json()["business_time_us"].as_i64().unwrap();
    assert_eq!(now, world.app.clock.now().business.us());
    let moved = sandbox.post("/demo/clock", &format!(r#"{{"advance_us": {}}}"#, 30 * DAY_US)).await.json();
    assert_eq!(moved["business_time_us"].as_i64().unwrap(), now + 30 * DAY_US);
    assert!(moved["events"].as_i64().unwrap() >= 12, "{moved}");
    assert_eq!(sandbox.post("/demo/clock", r#"{"advance_us": -1}"#).await.status, StatusCode::UNPROCESSABLE_ENTITY);

    let mut owner = Browser::of(&world, Principal::Customer(world.people.linfang)).await;
    owner.get("/home").await.says(&["演示时间：2026年12月22日 18:30", "我的手机"]);
}

#[tokio::test]
async fn a_demo_is_entered_without_typing_and_service_has_no_demo() {
    let world = World::new().await;
    let mut browser = Browser::new(&world.router);
    let page = browser.get("/").await;
    page.says(&["林芳", "顺达冷链", "何静", "http://sandbox.test"]);
    let entered = browser.submit(&page, "/demo/enter/shunda", &[]).await;
    assert_eq!(entered.location(), "/home");
    browser.get("/home").await.says(&["顺达冷链，您好"]);
    let home = browser.get("/home").await;
    assert_eq!(browser.submit(&home, "/demo/enter/hejing", &[]).await.location(), "/desk");

    let service = world.router_with(|_| {});
    let mut browser = Browser::new(&service);
    let page = browser.get("/").await;
    page.hides(&["林芳", "sandbox", "演示"]);
    assert_eq!(browser.submit(&page, "/demo/enter/shunda", &[]).await.status, StatusCode::NOT_FOUND);
    let clock = Client::new(&service, Some("")).get("/demo/clock").await;
    assert_eq!(clock.status, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn health_tells_process_and_store_apart() {
    let world = World::new().await;
    let mut watcher = Browser::new(&world.router);
    assert_eq!(watcher.get("/readyz").await.status, StatusCode::OK);
    world.pass(HOUR_US).await;
    world.app.store.close().await;
    assert_eq!(watcher.get("/healthz").await.status, StatusCode::OK);
    assert_eq!(watcher.get("/readyz").await.status, StatusCode::SERVICE_UNAVAILABLE);
    let page = watcher.get("/renew").await;
    let answer = watcher.submit(&page, "/renew", &[("number", "13800138001")]).await;
    assert_eq!(answer.status, StatusCode::SERVICE_UNAVAILABLE);
    answer.says(&["暂时无法读写数据", "问题在我们这边"]);
}
