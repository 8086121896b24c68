use crate::rig::{Asked, Rig};
use serde_json::{Value, json};
use wire_pay::alipay::{Error as WireError, Fen, Notification, TradeStatus};

fn read(asked: &Asked, rig: &Rig) -> Result<Notification, WireError> {
    assert_eq!((asked.method.as_str(), asked.path.as_str()), ("POST", "/notify"));
    Notification::verify(asked.body.as_bytes(), &rig.access.alipay_gateway_key)
}

async fn paid(rig: &Rig) {
    rig.precreate("E1", "88.88").await;
    assert_eq!(rig.payer("E1", "pay").await.status, 200);
}

async fn set(rig: &Rig, notify: Value) {
    assert_eq!(rig.control("PUT", "gateway/faults", &json!({ "notify": notify })).await.status, 200);
}

#[tokio::test]
async fn a_payment_is_told_once_it_is_acknowledged() {
    let rig = Rig::start().await;
    paid(&rig).await;
    let told = read(&rig.asked().await, &rig).unwrap();
    assert_eq!(told.out_trade_no(), Ok("E1"));
    assert_eq!(told.app_id(), Ok(rig.access.alipay_app_id.as_str()));
    assert_eq!(told.seller_id(), Ok(rig.access.alipay_seller_id.as_str()));
    assert_eq!(told.trade_status(), Ok(TradeStatus::Success));
    assert_eq!(told.total_amount(), Ok(Fen::new(8_888).unwrap()));
    assert_eq!(told.gmt_payment(), Ok(Some(1_772_327_107)));
    assert_eq!(told.passback_params(), Some("a%3D1"));
    let log = rig.until("notifications", |log| log["notifications"][0]["state"] == "acknowledged").await;
    assert_eq!(log["notifications"][0]["notify_id"], told.notify_id().unwrap());
    assert_eq!(log["notifications"][0]["attempts"].as_array().unwrap().len(), 1);
    assert!(rig.asked_nothing().await);
}

#[tokio::test]
async fn it_is_sent_until_the_body_is_success_with_the_same_number() {
    let rig = Rig::start().await;
    rig.script(500, "no");
    rig.script(200, "fail");
    rig.script(200, "<html>success</html>");
    rig.script(200, " success\n");
    paid(&rig).await;
    let mut ids = Vec::new();
    for _ in 0..4 {
        ids.push(read(&rig.asked().await, &rig).unwrap().notify_id().unwrap().to_owned());
    }
    ids.dedup();
    assert_eq!(ids.len(), 1);
    let log = rig.until("notifications", |log| log["notifications"][0]["state"] == "acknowledged").await;
    let attempts = log["notifications"][0]["attempts"].as_array().unwrap();
    let numbers: Vec<_> = attempts.iter().map(|attempt| attempt["number"].as_u64().unwrap()).collect();
    assert_eq!(numbers, [1, 2, 3, 4]);
    assert_eq!(attempts[0]["outcome"], json!({ "answered": { "status": 500, "body": "no" } }));
    assert_eq!(attempts[3]["outcome"], "acknowledged");
}

#[tokio::test]
async fn it_is_given_up_after_eight_tries_and_can_be_sent_by_hand() {
    let rig = Rig::start().await;
    for _ in 0..8 {
        rig.script(200, "fail");
    }
    paid(&rig).await;
    let log = rig.until("notifications", |log| log["notifications"][0]["state"] == "given_up").await;
    assert_eq!(log["notifications"][0]["attempts"].as_array().unwrap().len(), 8);
    let id = log["notifications"][0]["notify_id"].as_str().unwrap();
    assert_eq!(rig.control("POST", &format!("notifications/{id}/send"), &Value::Null).await.status, 200);
    let log = rig.look("notifications").await;
    assert_eq!(log["notifications"][0]["state"], "acknowledged");
    assert_eq!(rig.control("POST", "notifications/none/send", &Value::Null).await.status, 404);
}

#[tokio::test]
async fn dropped_ones_arrive_when_dropping_ends() {
    let rig = Rig::start_with(|config| config.alipay.notify_retry_divisor = 1).await;
    set(&rig, json!({ "drop": true })).await;
    paid(&rig).await;
    let log = rig.until("notifications", |log| log["notifications"][0]["attempts"][0].is_object()).await;
    assert_eq!(log["notifications"][0]["attempts"][0]["outcome"], "dropped");
    assert_eq!(log["notifications"][0]["state"], "trying");
    assert!(rig.asked_nothing().await);
    set(&rig, json!({})).await;
    let id = log["notifications"][0]["notify_id"].as_str().unwrap();
    rig.control("POST", &format!("notifications/{id}/send"), &Value::Null).await;
    assert_eq!(read(&rig.asked().await, &rig).unwrap().notify_id(), Ok(id));
}

#[tokio::test]
async fn copies_are_the_same_message() {
    let rig = Rig::start().await;
    set(&rig, json!({ "duplicate": 2, "delay_ms": 1 })).await;
    paid(&rig).await;
    let first = read(&rig.asked().await, &rig).unwrap();
    for _ in 0..2 {
        assert_eq!(read(&rig.asked().await, &rig).unwrap(), first);
    }
    let log = rig.until("notifications", |log| log["notifications"][0]["attempts"][2].is_object()).await;
    assert_eq!(log["notifications"][0]["attempts"][0]["faults"], json!(["delay", "duplicate"]));
}

#[tokio::test]
async fn forged_and_foreign_ones_can_be_told_apart() {
    let rig = Rig::start().await;
    set(&rig, json!({ "forge": true })).await;
    paid(&rig).await;
    assert_eq!(read(&rig.asked().await, &rig), Err(WireError::BadSignature));
    let log = rig.until("notifications", |log| log["notifications"][0]["attempts"][0].is_object()).await;
    let send = format!("notifications/{}/send", log["notifications"][0]["notify_id"].as_str().unwrap());
    for (fault, check) in [
        (
            "wrong_amount",
            (|told, _| told.total_amount() == Ok(Fen::new(8_889).unwrap())) as fn(&Notification, &Rig) -> bool,
        ),
        ("wrong_seller", |told, rig| told.seller_id() != Ok(rig.access.alipay_seller_id.as_str())),
        ("wrong_app", |told, rig| told.app_id() != Ok(rig.access.alipay_app_id.as_str())),
    ] {
        set(&rig, json!({ fault: true })).await;
        rig.control("POST", &send, &Value::Null).await;
        let told = read(&rig.asked().await, &rig).unwrap();
        assert!(check(&told, &rig), "{fault}");
    }
}

#[tokio::test]
async fn refunds_and_closes_are_told_too() {
    let rig = Rig::start().await;
    paid(&rig).await;
    rig.asked().await;
    let refund =
        |request: &str, yuan: &str| json!({ "out_trade_no": "E1", "refund_amount": yuan, "out_request_no": request });
    rig.alipay("alipay.trade.refund", refund("R1", "8.88")).await;
    let told = read(&rig.asked().await, &rig).unwrap();
    assert_eq!((told.out_biz_no(), told.refund_fee()), (Some("R1"), Ok(Fen::new(888))));
    assert_eq!(told.trade_status(), Ok(TradeStatus::Success));
    rig.alipay("alipay.trade.refund", refund("R2", "80.00")).await;
    let told = read(&rig.asked().await, &rig).unwrap();
    assert_eq!((told.refund_fee(), told.trade_status()), (Ok(Fen::new(8_888)), Ok(TradeStatus::Closed)));
    rig.alipay("alipay.trade.refund", refund("R2", "80.00")).await;

    rig.precreate("E2", "1.00").await;
    rig.payer("E2", "scan").await;
    rig.alipay("alipay.trade.close", json!({ "out_trade_no": "E2" })).await;
    let told = read(&rig.asked().await, &rig).unwrap();
    assert_eq!((told.out_trade_no(), told.trade_status()), (Ok("E2"), Ok(TradeStatus::Closed)));
    assert_eq!(told.gmt_payment(), Ok(None));
}
