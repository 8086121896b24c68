use crate::rig::{Got, Rig, seed};
use everline_sandbox::{DeviceKind, Error};
use serde_json::{Value, json};

const IMSI: &str = "460001234567890";

async fn rig() -> Rig {
    Rig::start_with(|config| config.devices = vec![seed(IMSI, DeviceKind::Watch)]).await
}

async fn act(rig: &Rig, action: &str, body: Value) -> Got {
    rig.control("POST", &format!("devices/{IMSI}/{action}"), &body).await
}

async fn behave(rig: &Rig, how: &str) {
    let path = format!("devices/{IMSI}/misbehaviour");
    assert_eq!(rig.control("PUT", &path, &how.into()).await.status, 200);
}

/// Attaches the device; returns where its notices go.
async fn attached(rig: &Rig) -> String {
    assert_eq!(act(rig, "attach", Value::Null).await.json()["link"], "online");
    let asked = rig.asked().await;
    assert_eq!((asked.method.as_str(), asked.path.as_str()), ("POST", "/sessions"));
    assert_eq!(asked.bearer.as_deref(), Some(rig.access.device_token.as_str()));
    assert_eq!((&asked.json()["imsi"], &asked.json()["apn"]), (&json!(IMSI), &json!("internet")));
    asked.json()["notify_url"].as_str().unwrap().to_owned()
}

async fn notice(rig: &Rig, url: &str, id: &str, action: &str) -> u16 {
    let body = json!({ "request_id": id, "session_id": "s1", "action": action });
    rig.bearer("POST", url, "", &body).await.status
}

async fn link(rig: &Rig) -> Value {
    rig.look("devices").await["devices"][0]["link"].clone()
}

#[tokio::test]
async fn a_device_attaches_uses_data_and_leaves() {
    let rig = rig().await;
    attached(&rig).await;
    // A second attach is nothing new.
    act(&rig, "attach", Value::Null).await;
    let device = act(&rig, "use", json!({ "octets": 10_000_000 })).await.json();
    assert_eq!(
        (&device["session"]["used_octets"], &device["session"]["granted_octets"]),
        (&json!(10_000_000), &json!(40_000_000))
    );
    let asked = rig.asked().await;
    assert_eq!(asked.path, "/sessions/s1/usage");
    assert_eq!(asked.json(), json!({ "sequence": 1, "used_octets": 10_000_000 }));
    act(&rig, "use", json!({ "octets": 5 })).await;
    assert_eq!(rig.asked().await.json(), json!({ "sequence": 2, "used_octets": 5 }));
    assert_eq!(act(&rig, "detach", Value::Null).await.json()["link"], "detached");
    let asked = rig.asked().await;
    assert_eq!((asked.method.as_str(), asked.path.as_str()), ("DELETE", "/sessions/s1"));
    assert_eq!(act(&rig, "use", json!({ "octets": 5 })).await.status, 409);
    assert_eq!(act(&rig, "use", Value::Null).await.status, 400);
    assert_eq!(rig.control("POST", "devices/460009/attach", &Value::Null).await.status, 404);
}

#[tokio::test]
async fn a_report_that_failed_is_repeated_before_the_next() {
    let rig = rig().await;
    attached(&rig).await;
    rig.script(503, "");
    let device = act(&rig, "use", json!({ "octets": 7 })).await.json();
    assert_eq!((&device["reason"], &device["session"]["used_octets"]), (&json!("HTTP 503"), &json!(0)));
    act(&rig, "use", json!({ "octets": 7 })).await;
    for (sequence, octets) in [(1, 7), (1, 7), (2, 7)] {
        assert_eq!(rig.asked().await.json(), json!({ "sequence": sequence, "used_octets": octets }));
    }
}

#[tokio::test]
async fn a_device_is_refused_redirected_and_let_back_in() {
    let rig = rig().await;
    rig.script(403, r#"{"reason":"suspended"}"#);
    let device = act(&rig, "attach", Value::Null).await.json();
    assert_eq!((&device["link"], &device["reason"]), (&json!("refused"), &json!("suspended")));
    rig.asked().await;
    let url = attached(&rig).await;
    rig.script(200, r#"{"state":"redirected","redirect_url":"http://renew.test/x"}"#);
    let device = act(&rig, "use", json!({ "octets": 1 })).await.json();
    assert_eq!((&device["link"], &device["redirect_url"]), (&json!("redirected"), &json!("http://renew.test/x")));
    rig.asked().await;
    assert_eq!(act(&rig, "use", json!({ "octets": 1 })).await.status, 409);
    assert_eq!(notice(&rig, &url, "n1", "reauthorize").await, 204);
    // It asks for quota at once, with an empty report.
    assert_eq!(rig.asked().await.json(), json!({ "sequence": 2, "used_octets": 0 }));
    rig.until("devices", |found| found["devices"][0]["session"]["granted_octets"] == 40_000_000).await;
    assert_eq!(link(&rig).await, "online");
    // A repeated notice is acknowledged and changes nothing.
    assert_eq!(notice(&rig, &url, "n2", "redirect").await, 204);
    assert_eq!(link(&rig).await, "redirected");
    assert_eq!(notice(&rig, &url, "n1", "reauthorize").await, 204);
    assert_eq!(link(&rig).await, "redirected");
    assert_eq!(notice(&rig, &url, "n3", "end").await, 204);
    assert_eq!(link(&rig).await, "ended");
    assert_eq!(notice(&rig, &url, "n4", "end").await, 404);
    assert!(rig.asked_nothing().await);
}

#[tokio::test]
async fn a_device_withholds_and_vanishes() {
    let rig = rig().await;
    let url = attached(&rig).await;
    behave(&rig, "withhold_answer503").await;
    assert_eq!(notice(&rig, &url, "n1", "redirect").await, 503);
    assert_eq!(link(&rig).await, "online");
    behave(&rig, "vanished").await;
    let body = json!({ "request_id": "n1", "session_id": "s1", "action": "redirect" }).to_string();
    assert!(rig.send("POST", &url, &[], &body).await.is_err());
    for action in ["attach", "detach", "use"] {
        assert_eq!(act(&rig, action, json!({ "octets": 1 })).await.status, 409, "{action}");
    }
    for how in ["withhold_hang", "vanished_hang"] {
        behave(&rig, how).await;
        let silence = std::time::Duration::from_millis(100);
        assert!(tokio::time::timeout(silence, rig.send("POST", &url, &[], &body)).await.is_err(), "{how}");
    }
    assert_eq!(link(&rig).await, "online");
    behave(&rig, "none").await;
    assert_eq!(notice(&rig, &url, "n1", "redirect").await, 204);
    assert_eq!(link(&rig).await, "redirected");
}

#[tokio::test]
async fn notices_go_to_the_right_place_only() {
    let rig = rig().await;
    let url = attached(&rig).await;
    let (base, _) = url.rsplit_once('/').unwrap();
    assert_eq!(notice(&rig, &format!("{base}/guess"), "n1", "end").await, 404);
    assert_eq!(notice(&rig, &url, "n1", "explode").await, 400);
    assert_eq!(link(&rig).await, "online");
}

#[tokio::test]
async fn a_fleet_attaches_at_once() {
    let rig = rig().await;
    let fleet: Vec<_> = (0..200).map(|n| seed(&format!("46000{n:010}"), DeviceKind::Tracker)).collect();
    rig.sandbox().add_devices(fleet).unwrap();
    behave(&rig, "vanished").await;
    assert_eq!(rig.sandbox().attach_all().await, 200);
    assert_eq!(rig.control("POST", "devices/attach-all", &Value::Null).await.json(), json!({ "online": 200 }));
    let mut seen = std::collections::HashSet::new();
    for _ in 0..200 {
        seen.insert(rig.asked().await.json()["imsi"].as_str().unwrap().to_owned());
    }
    assert_eq!(seen.len(), 200);
    assert!(rig.asked_nothing().await);
}

#[tokio::test]
async fn bad_devices_are_refused_all_together() {
    let rig = rig().await;
    let good = seed("460001", DeviceKind::Phone);
    for bad in [seed("12", DeviceKind::Phone), seed(IMSI, DeviceKind::Phone), good.clone()] {
        let refused = rig.sandbox().add_devices(vec![good.clone(), bad]);
        assert!(matches!(refused, Err(Error::Device(_))));
    }
    assert_eq!(rig.look("devices").await["devices"].as_array().unwrap().len(), 1);
    let added = rig.control("POST", "devices", &json!([{ "imsi": "460002", "name": "车 1", "kind": "router" }])).await;
    assert_eq!(added.json(), json!({ "added": 1 }));
}

#[tokio::test]
async fn without_a_platform_devices_say_so() {
    let rig = Rig::start_with(|config| {
        config.devices = vec![seed(IMSI, DeviceKind::Router)];
        config.platform = everline_sandbox::Platform::default();
    })
    .await;
    let refused = act(&rig, "attach", Value::Null).await;
    assert_eq!(refused.status, 409);
    assert!(refused.json()["error"].as_str().unwrap().contains("not connected"));
    let platform = json!({ "device_url": format!("{}/", rig.platform_url), "clock_url": null });
    assert_eq!(rig.control("PUT", "platform", &platform).await.status, 204);
    attached(&rig).await;
}
