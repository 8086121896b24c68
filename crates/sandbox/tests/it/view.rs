use crate::rig::{Asked, Rig, START_US, seed};
use everline_sandbox::{DeviceKind, Error, SandboxConfig, start};
use serde_json::json;
use std::sync::Arc;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

async fn page(rig: &Rig, path: &str) -> String {
    let got = rig.get(&format!("{}{path}", rig.access.view_url)).await;
    assert_eq!(got.status, 200, "{path}");
    got.body
}

/// Presses a button; returns what the page says then.
async fn press(rig: &Rig, action: &str, form: &str) -> String {
    let got = rig.form(&format!("{}act/{action}", rig.access.view_url), &format!("{form}&lang=en")).await;
    assert_eq!(got.status, 303, "{action}: {}", got.body);
    let path = got.location().trim_start_matches('/').to_owned();
    let page = page(rig, path.split('#').next().unwrap()).await;
    page.split("<p class=\"said\">").nth(1).and_then(|rest| rest.split('<').next()).unwrap_or_default().to_owned()
}

#[tokio::test]
async fn the_page_speaks_two_languages_and_runs_no_inline_script() {
    let rig = Rig::start().await;
    let got = rig.get(&rig.access.view_url).await;
    assert_eq!(got.headers["content-type"], "text/html; charset=utf-8");
    let policy = got.headers["content-security-policy"].to_str().unwrap();
    assert!(policy.contains("script-src 'self'") && !policy.contains("unsafe"));
    assert!(got.body.contains("付款人的手机") && got.body.contains("lang=\"zh-CN\""));
    assert!(page(&rig, "?lang=en").await.contains("The payer&#39;s phone"));
    for id in ["payer", "inbox", "devices", "time", "faults"] {
        assert!(got.body.contains(&format!("<section id=\"{id}\"")), "{id}");
    }
    assert!(!got.body.contains("onclick") && !got.body.contains("style="));
    assert_eq!(got.body.matches("<script").count(), 1);
    // Only known texts are repeated.
    assert!(!page(&rig, "?said=%3Cb%3Ehello").await.contains("hello"));
    for fragment in ["payer", "inbox", "devices", "time", "faults", "events"] {
        assert!(!page(&rig, &format!("fragments/{fragment}?lang=en")).await.contains("<html"), "{fragment}");
    }
    assert_eq!(rig.get(&format!("{}fragments/none", rig.access.view_url)).await.status, 404);
    assert!(page(&rig, "assets/sandbox.js").await.contains("use strict"));
    assert!(page(&rig, "assets/sandbox.css").await.contains(":root"));
}

#[tokio::test]
async fn a_person_pays_on_the_page() {
    let rig = Rig::start().await;
    let created = rig.precreate("E1", "88.88").await;
    let shown = page(&rig, "?lang=en").await;
    assert!(shown.contains("88.88") && shown.contains("10 GB &#60;b&#62;") && shown.contains("<svg"));
    let qr = created["qr_code"].as_str().unwrap();
    let link: String = qr.bytes().map(|byte| format!("%{byte:02X}")).collect();
    let scanned = rig.form(&format!("{}act/scan", rig.access.view_url), &format!("link={link}&lang=en")).await;
    assert_eq!(scanned.location(), format!("{qr}?lang=en"));
    assert_eq!(press(&rig, "scan", "link=http%3A%2F%2Fevil.test%2Fx").await, "There is no such order");
    assert_eq!(
        press(&rig, "trade", "out_trade_no=E1&action=decline").await,
        "The payment was declined; it can be tried again"
    );
    assert_eq!(press(&rig, "trade", "out_trade_no=E1&action=pay").await, "Paid");
    assert_eq!(press(&rig, "trade", "out_trade_no=E1&action=pay").await, "This order is already paid");
    assert!(page(&rig, "?lang=en").await.contains("Finished orders"));
    rig.until("notifications", |log| log["notifications"][0]["state"] == "acknowledged").await;
    assert!(page(&rig, "fragments/events?lang=en").await.contains("Acknowledged"));
}

#[tokio::test]
async fn another_site_cannot_press_buttons() {
    let rig = Rig::start().await;
    for path in ["act/clock", "control/clock"] {
        let headers = [("content-type", "application/x-www-form-urlencoded"), ("sec-fetch-site", "cross-site")];
        let got =
            rig.send("POST", &format!("{}{path}", rig.access.view_url), &headers, "hours=1&lang=en").await.unwrap();
        assert_eq!(got.status, 403, "{path}");
    }
    // A page of another site can send a form without telling so in an old browser, but no JSON.
    let got = rig.form(&format!("{}control/clock", rig.access.view_url), "{\"advance_us\":1}").await;
    assert_eq!(got.status, 415);
}

#[tokio::test]
async fn time_is_the_platforms() {
    let rig = Rig::start().await;
    assert!(page(&rig, "fragments/time?lang=en").await.contains("2026-03-01 09:05:07"));
    let asked = rig.asked().await;
    assert_eq!((asked.method.as_str(), asked.bearer.as_deref()), ("GET", Some(rig.access.clock_token.as_str())));
    assert_eq!(press(&rig, "clock", "hours=24").await, "Time has moved");
    let asked = rig.asked().await;
    assert_eq!(asked.bearer.as_deref(), Some(rig.access.clock_token.as_str()));
    assert_eq!(asked.json(), json!({ "advance_us": 86_400_000_000_i64 }));
    assert_eq!(press(&rig, "clock", "hours=-1").await, "The platform did not move its time");
    let moved = rig.control("POST", "clock", &json!({ "advance_us": 1 })).await;
    assert_eq!(moved.json(), json!({ "business_time_us": START_US + 3_600_000_000_i64, "events": 3 }));
    assert_eq!(rig.look("clock").await, json!({ "business_time_us": START_US }));
    for bad in [0, -1, i64::MAX] {
        assert_eq!(rig.control("POST", "clock", &json!({ "advance_us": bad })).await.status, 400);
    }
    rig.script(500, "broken");
    assert_eq!(rig.control("POST", "clock", &json!({ "advance_us": 1 })).await.status, 502);
}

#[tokio::test]
async fn links_in_messages_can_be_clicked_and_nothing_else_is_markup() {
    let rig = Rig::start().await;
    let sms = json!({
        "message_id": "m1", "to": "138", "template": "renew", "language": "zh-CN",
        "text": "<img src=x>续费 http://127.0.0.1:1/r/a?b=1&c=2。",
    });
    rig.bearer("POST", &rig.access.sms_url, &rig.access.sms_token, &sms).await;
    let shown = page(&rig, "fragments/inbox").await;
    assert!(shown.contains("<a href=\"http://127.0.0.1:1/r/a?b=1&#38;c=2\""), "{shown}");
    assert!(shown.contains("&#60;img") && !shown.contains("<img"));
    assert_eq!(press(&rig, "inbox", "x=1").await, "The inbox is empty now");
}

#[tokio::test]
async fn a_fleet_stays_readable_and_shows_first_who_is_cut_off() {
    let rig = Rig::start_with(|config| {
        config.devices = (0..200).map(|n| seed(&format!("46000{n:010}"), DeviceKind::Tracker)).collect();
    })
    .await;
    assert_eq!(press(&rig, "attach-all", "x=1").await, "Tried to attach every device");
    let shown = page(&rig, "fragments/devices?lang=en").await;
    assert!(shown.contains("Online 200"), "{}", &shown[..600]);
    assert_eq!(press(&rig, "device", "imsi=460000000000007&action=detach").await, "Done");
    rig.script(403, r#"{"reason":"suspended"}"#);
    press(&rig, "device", "imsi=460000000000007&action=attach").await;
    let shown = page(&rig, "fragments/devices?lang=en").await;
    assert!(shown.contains("Cut off 1") && shown.contains("suspended"));
    let cut_off = shown.find("id=\"group-cut-off\" class=\"fold group\" open").unwrap();
    let online = shown.find("id=\"group-online\" class=\"fold group\">").unwrap();
    assert!(cut_off < online);
    assert_eq!(press(&rig, "misbehaviour", "imsi=460000000000008&misbehaviour=vanished").await, "Done");
    assert!(page(&rig, "fragments/devices?lang=en").await.contains("Vanished or withholding 1"));
    assert_eq!(
        press(&rig, "device", "imsi=460000000000008&action=use").await,
        "The device could not do it; see its card"
    );
}

#[tokio::test]
async fn faults_are_set_on_the_page() {
    let rig = Rig::start().await;
    assert_eq!(press(&rig, "notify-faults", "drop=1&wrong_app=1&probe=1&duplicate=3&delay_ms=5").await, "Set");
    assert_eq!(press(&rig, "answer-fault", "method=alipay.trade.close&kind=close_after&scope=next").await, "Set");
    assert_eq!(
        rig.look("gateway/faults").await,
        json!({
            "bills": { "add": 0, "broken": false, "double": 0, "leave_out": 0, "not_ready": false, "other_amount": 0 },
            "notify": { "drop": true, "duplicate": 3, "delay_ms": 5, "forge": false, "wrong_amount": false, "wrong_seller": false, "wrong_app": true, "probe": true },
            "answers": [{ "method": "alipay.trade.close", "kind": "close_after", "times": 1 }],
        })
    );
    press(&rig, "answer-fault", "method=*&kind=none&scope=standing").await;
    assert_eq!(rig.look("gateway/faults").await["answers"], json!([]));
    press(&rig, "upstream", "mode=submitted&scope=standing").await;
    press(&rig, "upstream", "mode=lose_answer&scope=next").await;
    assert_eq!(rig.look("upstream/modes").await, json!({ "next": ["lose_answer"], "standing": "submitted" }));
    assert!(page(&rig, "fragments/faults?lang=en").await.contains("Hangs up after carrying out → Takes it"));
    press(&rig, "sms", "fault=slow").await;
    assert_eq!(rig.look("sms/fault").await, json!({ "slow": 5_000 }));
    rig.control("PUT", "upstream/modes", &json!({ "standing": "submitted" })).await;
    let request =
        json!({ "request_id": "r1", "msisdn": "8613800138000", "iccid": "89860012345678901234", "plan_code": "P30" });
    let url = format!("{}/v1/activations", rig.access.upstream_url);
    rig.bearer("POST", &url, &rig.access.upstream_token, &request).await;
    assert!(page(&rig, "fragments/events?lang=en").await.contains("To be confirmed"));
    assert_eq!(press(&rig, "activation", "request_id=r1&decision=confirm").await, "Decided");
    assert_eq!(press(&rig, "activation", "request_id=r1&decision=refuse").await, "Decided before");
}

#[tokio::test]
async fn it_stops_even_while_something_hangs() {
    // An address of its own: on 127.0.0.1 a neighbour may be given a port
    // as soon as it is free.
    let mut rig = Rig::start_with(|config| {
        config.ip = "127.0.0.99".parse().unwrap();
        config.devices = vec![seed("460001", DeviceKind::Phone)];
    })
    .await;
    rig.control("POST", "devices/460001/attach", &json!(null)).await;
    let url = rig.asked().await.json()["notify_url"].as_str().unwrap().to_owned();
    rig.control("PUT", "devices/460001/misbehaviour", &"vanished_hang".into()).await;
    let addresses = rig.sandbox().addresses();
    let mut hanging = tokio::net::TcpStream::connect(addresses.devices).await.unwrap();
    let path = url.split(&addresses.devices.to_string()).nth(1).unwrap();
    let head = format!("POST {path} HTTP/1.1\r\nhost: x\r\ncontent-length: 2\r\n\r\n{{}}");
    hanging.write_all(head.as_bytes()).await.unwrap();
    // Another connection is answered meanwhile, after the first was accepted.
    assert_eq!(rig.get(&format!("http://{}/", addresses.devices)).await.status, 404);
    rig.shut_down().await;
    let mut answer = Vec::new();
    hanging.read_to_end(&mut answer).await.unwrap();
    assert_eq!(answer, b"");
    for address in [addresses.view, addresses.gateway, addresses.upstream, addresses.devices, addresses.sms] {
        assert!(tokio::net::TcpStream::connect(address).await.is_err(), "{address}");
    }
}

#[tokio::test]
async fn it_listens_on_this_machine_only() {
    let mut config = SandboxConfig::new(Arc::new(|| START_US));
    config.ip = "0.0.0.0".parse().unwrap();
    assert!(matches!(start(config).await, Err(Error::NotLoopback(_))));
}

#[tokio::test]
async fn keys_and_tokens_are_generated_if_none_are_given() {
    let rig = Rig::start_with(|config| {
        config.alipay.merchant_key = None;
        config.sms_token = Some("given".into());
    })
    .await;
    assert!(rig.access.alipay_merchant_key.is_some());
    assert_eq!(rig.access.sms_token, "given");
    let tokens = [&rig.access.upstream_token, &rig.access.device_token, &rig.access.clock_token];
    assert!(tokens.iter().all(|token| token.len() == 32) && tokens[0] != tokens[1]);
}

/// What the platform was told that somebody wrote; pages ask it for its time besides.
async fn written(rig: &Rig) -> Asked {
    loop {
        let asked = rig.asked().await;
        if asked.path == "/messages/sesame" {
            return asked;
        }
    }
}

#[tokio::test]
async fn somebody_writes_to_the_operator_from_a_phone() {
    let rig = Rig::start().await;
    let said = press(&rig, "write", "from=138+0013+8001&text=+BAL+").await;
    assert_eq!(said, "Sent to the operator; an answer appears below");
    let asked = written(&rig).await;
    assert_eq!(asked.method, "POST");
    assert_eq!(asked.json(), json!({ "from": "13800138001", "to": "10690000", "text": "BAL" }));
    let long = format!("from=13800138001&text={}", "x".repeat(161));
    for form in ["from=&text=BAL", "from=138x&text=BAL", "from=13800138001&text=+", &long] {
        assert_eq!(
            press(&rig, "write", form).await,
            "That is no number, or the message is empty or too long",
            "{form}"
        );
    }
    rig.script(503, "away");
    assert_eq!(press(&rig, "write", "from=13800138001&text=BAL").await, "The operator did not take the message");
    written(&rig).await;
    let markup = json!({ "from": "13800138001", "text": "<script>alert(1)</script>" });
    assert_eq!(rig.control("POST", "sms/write", &markup).await.status, 204);
    assert_eq!(written(&rig).await.json()["text"], "<script>alert(1)</script>");
    assert!(!page(&rig, "?lang=en").await.contains("alert(1)"));
    assert_eq!(rig.control("POST", "sms/write", &json!({ "from": "x", "text": "BAL" })).await.status, 400);
    rig.control("PUT", "platform", &json!({ "device_url": null, "clock_url": null })).await;
    assert_eq!(rig.control("POST", "sms/write", &json!({ "from": "13800138001", "text": "BAL" })).await.status, 409);
}
