use crate::rig::{Got, Rig};
use serde_json::{Value, json};

fn sms(id: &str, to: &str, text: &str) -> Value {
    json!({ "message_id": id, "to": to, "template": "code", "language": "zh-CN", "text": text, "parameters": { "code": "123456" } })
}

async fn send(rig: &Rig, body: &Value) -> Got {
    rig.bearer("POST", &rig.access.sms_url, &rig.access.sms_token, body).await
}

async fn inbox(rig: &Rig, to: &str) -> Vec<String> {
    let url = rig.access.sms_url.replace("/sms", "/inbox");
    let found = rig.get(&format!("{url}?to={to}")).await.json();
    found["messages"].as_array().unwrap().iter().map(|sms| sms["text"].as_str().unwrap().to_owned()).collect()
}

async fn fault(rig: &Rig, fault: Value) {
    assert_eq!(rig.control("PUT", "sms/fault", &fault).await.status, 200);
}

#[tokio::test]
async fn messages_arrive_once_and_can_be_read_by_number() {
    let rig = Rig::start().await;
    for _ in 0..2 {
        let taken = send(&rig, &sms("m1", "138", "一")).await;
        assert_eq!((taken.status, taken.json()), (200, json!({ "accepted": true })));
    }
    send(&rig, &sms("m2", "139", "二")).await;
    send(&rig, &sms("m3", "138", "三")).await;
    assert_eq!(inbox(&rig, "138").await, ["三", "一"]);
    assert_eq!(send(&rig, &sms("m1", "138", "other")).await.status, 409);
    let first = &rig.look("sms/inbox").await["messages"][0];
    assert_eq!((&first["parameters"]["code"], &first["at_us"]), (&json!("123456"), &json!(crate::rig::START_US)));
    assert_eq!(rig.control("DELETE", "sms/inbox", &Value::Null).await.status, 204);
    assert_eq!(inbox(&rig, "138").await, Vec::<String>::new());
}

#[tokio::test]
async fn bad_messages_and_tokens_are_refused() {
    let rig = Rig::start().await;
    assert_eq!(rig.bearer("POST", &rig.access.sms_url, "wrong", &sms("m1", "138", "x")).await.status, 401);
    assert_eq!(send(&rig, &json!({ "message_id": "m1" })).await.status, 400);
    assert_eq!(send(&rig, &sms("", "138", "x")).await.status, 400);
    assert_eq!(send(&rig, &sms("m1", "138", &"x".repeat(20_000))).await.status, 413);
}

#[tokio::test]
async fn the_provider_fails_in_every_way() {
    let rig = Rig::start().await;
    fault(&rig, "refuse".into()).await;
    let refused = send(&rig, &sms("m1", "138", "1")).await;
    assert_eq!((refused.status, &refused.json()["accepted"]), (422, &json!(false)));
    fault(&rig, "unavailable".into()).await;
    assert_eq!(send(&rig, &sms("m1", "138", "1")).await.status, 503);
    fault(&rig, "drop".into()).await;
    assert_eq!(send(&rig, &sms("m2", "138", "2")).await.status, 200);
    fault(&rig, "lose_answer".into()).await;
    let token = format!("Bearer {}", rig.access.sms_token);
    let body = sms("m3", "138", "3").to_string();
    assert!(rig.send("POST", &rig.access.sms_url, &[("authorization", &token)], &body).await.is_err());
    fault(&rig, json!({ "slow": 1 })).await;
    assert_eq!(send(&rig, &sms("m1", "138", "1")).await.status, 200);
    fault(&rig, "none".into()).await;
    assert_eq!(inbox(&rig, "138").await, ["1", "3"]);
}
