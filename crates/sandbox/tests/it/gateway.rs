use crate::rig::{Rig, START_US};
use serde_json::{Value, json};
use wire_pay::alipay::{Error as WireError, Params, verify_response, verify_signed_form};

const MINUTE_US: i64 = 60_000_000;

fn number(number: &str) -> Value {
    json!({ "out_trade_no": number })
}

#[tokio::test]
async fn a_qr_code_becomes_a_trade_when_it_is_scanned() {
    let rig = Rig::start().await;
    let created = rig.precreate("E1", "88.88").await;
    assert_eq!((&created["code"], &created["out_trade_no"]), (&json!("10000"), &json!("E1")));
    for method in ["alipay.trade.query", "alipay.trade.close"] {
        let answer = rig.alipay(method, number("E1")).await;
        assert_eq!(
            (&answer["code"], &answer["sub_code"]),
            (&json!("40004"), &json!("ACQ.TRADE_NOT_EXIST")),
            "{method}"
        );
    }
    let scanned = rig.get(created["qr_code"].as_str().unwrap()).await;
    assert_eq!(scanned.status, 303);
    let answer = rig.alipay("alipay.trade.query", number("E1")).await;
    assert_eq!(answer["trade_status"], "WAIT_BUYER_PAY");
    assert_eq!(answer["total_amount"], "88.88");
    let by_trade_no = rig.alipay("alipay.trade.query", json!({ "trade_no": answer["trade_no"] })).await;
    assert_eq!(by_trade_no["out_trade_no"], "E1");

    assert_eq!(rig.payer("E1", "pay").await.json()["state"], "paid");
    let answer = rig.alipay("alipay.trade.query", number("E1")).await;
    assert_eq!(
        (&answer["trade_status"], &answer["send_pay_date"]),
        (&json!("TRADE_SUCCESS"), &json!("2026-03-01 09:05:07"))
    );
    let answer = rig.alipay("alipay.trade.close", number("E1")).await;
    assert_eq!(answer["sub_code"], "ACQ.TRADE_STATUS_ERROR");
    let again = rig.precreate("E1", "88.88").await;
    assert_eq!(again["sub_code"], "ACQ.TRADE_HAS_SUCCESS");
    assert_eq!(rig.payer("E1", "pay").await.status, 409);
    assert_eq!(rig.payer("E9", "pay").await.status, 404);
}

#[tokio::test]
async fn a_waiting_trade_can_be_closed_and_then_not_paid() {
    let rig = Rig::start().await;
    rig.precreate("E1", "1.00").await;
    rig.payer("E1", "decline").await;
    let trades = rig.look("trades").await;
    assert_eq!((&trades["trades"][0]["state"], &trades["trades"][0]["declined"]), (&json!("waiting"), &json!(1)));
    let closed = rig.alipay("alipay.trade.close", number("E1")).await;
    assert_eq!((&closed["code"], &closed["out_trade_no"]), (&json!("10000"), &json!("E1")));
    let answer = rig.alipay("alipay.trade.query", number("E1")).await;
    assert_eq!(answer["trade_status"], "TRADE_CLOSED");
    assert_eq!(rig.payer("E1", "pay-late").await.status, 409);
}

#[tokio::test]
async fn refunds_are_partial_idempotent_and_bounded() {
    let rig = Rig::start().await;
    rig.precreate("E1", "10.00").await;
    rig.payer("E1", "pay").await;
    let refund = |request: &'static str, yuan: &'static str| {
        let biz = json!({ "out_trade_no": "E1", "refund_amount": yuan, "out_request_no": request });
        rig.alipay("alipay.trade.refund", biz)
    };
    let first = refund("R1", "3.00").await;
    assert_eq!((&first["fund_change"], &first["refund_fee"]), (&json!("Y"), &json!("3.00")));
    let again = refund("R1", "3.00").await;
    assert_eq!((&again["fund_change"], &again["refund_fee"]), (&json!("N"), &json!("3.00")));
    assert_eq!(refund("R1", "4.00").await["sub_code"], "ACQ.DISCORDANT_REPEAT_REQUEST");
    assert_eq!(refund("R2", "7.01").await["sub_code"], "ACQ.REFUND_AMT_NOT_EQUAL_TOTAL");
    let asked = json!({ "out_trade_no": "E1", "out_request_no": "R2" });
    let unknown = rig.alipay("alipay.trade.fastpay.refund.query", asked.clone()).await;
    assert_eq!((&unknown["code"], unknown.get("refund_status")), (&json!("10000"), None));
    assert_eq!(refund("R2", "7.00").await["refund_fee"], "10.00");
    let known = rig.alipay("alipay.trade.fastpay.refund.query", asked).await;
    assert_eq!((&known["refund_status"], &known["refund_amount"]), (&json!("REFUND_SUCCESS"), &json!("7.00")));
    let answer = rig.alipay("alipay.trade.query", number("E1")).await;
    assert_eq!(answer["trade_status"], "TRADE_CLOSED");
    let missing = rig.alipay("alipay.trade.refund", json!({ "out_trade_no": "E2", "refund_amount": "1" })).await;
    assert_eq!(missing["sub_code"], "ACQ.TRADE_NOT_EXIST");
}

/// The refusal in an answer: its code, and whether it was signed.
fn refusal(body: &str, method: &str, rig: &Rig) -> (String, bool) {
    match verify_response(body.as_bytes(), method, &rig.access.alipay_gateway_key) {
        Ok(raw) => {
            let value: Value = serde_json::from_str(raw).unwrap();
            (value["sub_code"].as_str().unwrap().to_owned(), true)
        }
        Err(WireError::Unsigned(refusal)) => (refusal.sub_code, false),
        Err(error) => panic!("{error}: {body}"),
    }
}

#[tokio::test]
async fn requests_are_checked_as_the_real_gateway_does() {
    let rig = Rig::start().await;
    let method = "alipay.trade.query";
    let with = |change: &dyn Fn(&mut Params)| {
        let mut params = rig.signed(method, &number("E1"));
        change(&mut params);
        params
    };
    let resigned = |name: &'static str, value: &'static str| {
        with(&|params| {
            params.set(name, value);
            rig.sign_again(params);
        })
    };
    for (params, sub_code, signed) in [
        (with(&|params| params.remove("method")), "isv.missing-method", false),
        (resigned("method", "alipay.trade.fly"), "isv.invalid-method", false),
        (with(&|params| params.remove("app_id")), "isv.missing-app-id", false),
        (with(&|params| params.remove("sign")), "isv.missing-signature", false),
        (with(&|params| params.remove("timestamp")), "isv.missing-timestamp", false),
        (resigned("app_id", "2021999999999999"), "isv.invalid-app-id", false),
        (with(&|params| params.set("biz_content", "{}")), "isv.invalid-signature", true),
        (resigned("sign_type", "RSA"), "isv.invalid-signature-type", true),
        (resigned("timestamp", "2026-03-01 09:20:08"), "isv.invalid-timestamp", true),
        (resigned("timestamp", "2026-03-01 08:50:06"), "isv.invalid-timestamp", true),
        (resigned("timestamp", "yesterday"), "isv.invalid-timestamp", true),
        (resigned("biz_content", "[]"), "isv.invalid-parameter", true),
    ] {
        let got = rig.post_params(&params).await.unwrap();
        assert_eq!(got.status, 200);
        assert!(got.headers["content-type"].to_str().unwrap().starts_with("text/html"));
        assert_eq!(refusal(&got.body, method, &rig), (sub_code.to_owned(), signed));
    }
    // At the very edge of the allowed skew.
    let got = rig.post_params(&resigned("timestamp", "2026-03-01 09:20:07")).await.unwrap();
    assert_eq!(refusal(&got.body, method, &rig).0, "ACQ.TRADE_NOT_EXIST");
    // A name twice, and a body that is too large.
    let twice = format!("{}?method=a&method=b", rig.access.alipay_gateway_url);
    assert!(rig.get(&twice).await.body.contains("isv.invalid-parameter"));
    let large = "a".repeat(300_000);
    assert_eq!(rig.form(&rig.access.alipay_gateway_url, &large).await.status, 413);
}

#[tokio::test]
async fn the_cashier_page_takes_the_payer_there_and_back() {
    let rig = Rig::start().await;
    let biz = json!({ "out_trade_no": "E1", "total_amount": "30.00", "subject": "<script>alert(1)</script>" });
    for (method, number) in [("alipay.trade.wap.pay", "W1"), ("alipay.trade.page.pay", "P1")] {
        let mut biz = biz.clone();
        biz["out_trade_no"] = number.into();
        let params = rig.signed(method, &biz);
        let sent = rig.get(&format!("{}?{}", rig.access.alipay_gateway_url, params.to_query())).await;
        assert_eq!(sent.status, 303);
        let page_url = sent.location().to_owned();
        let not_yet = rig.alipay("alipay.trade.query", json!({ "out_trade_no": number })).await;
        assert_eq!(not_yet["sub_code"], "ACQ.TRADE_NOT_EXIST");
        let page = rig.get(&page_url).await;
        assert!(page.body.contains("30.00") && page.body.contains("&#60;script&#62;"), "{}", page.body);
        assert!(!page.body.contains("<script>"));
        assert!(page.headers["content-security-policy"].to_str().unwrap().contains("default-src 'none'"));
        let declined = rig.form(&page_url, "action=decline&lang=en").await;
        assert!(declined.body.contains("The payment was declined"));
        let paid = rig.form(&page_url, "action=pay&lang=en").await;
        assert_eq!(paid.status, 303);
        let (base, query) = paid.location().split_once("order=1&").unwrap();
        assert_eq!(base, "http://shop.test/back?");
        let back = verify_signed_form(query.as_bytes(), &rig.access.alipay_gateway_key).unwrap();
        assert_eq!((back.get("out_trade_no"), back.get("total_amount")), (Some(number), Some("30.00")));
        assert_eq!(back.get("method"), Some(format!("{method}.return").as_str()));
        let again = rig.form(&page_url, "action=pay&lang=en").await;
        assert!(again.body.contains("already paid"));
    }
    let host = rig.access.alipay_gateway_url.replace("/gateway.do", "");
    assert_eq!(rig.get(&format!("{host}/pay/unknown")).await.status, 404);
    assert_eq!(rig.get(&format!("{host}/qr/unknown")).await.status, 404);
    assert_eq!(rig.get(&format!("{host}/assets/sandbox.css")).await.status, 200);
}

#[tokio::test]
async fn another_site_cannot_press_the_payers_buttons() {
    let rig = Rig::start().await;
    let created = rig.precreate("E1", "1.00").await;
    let page = created["qr_code"].as_str().unwrap().replace("/qr/", "/pay/");
    let headers = [("content-type", "application/x-www-form-urlencoded"), ("sec-fetch-site", "cross-site")];
    let got = rig.send("POST", &page, &headers, "action=pay").await.unwrap();
    assert_eq!(got.status, 403);
    // The merchant's page may send a browser to the cashier, though.
    let params =
        rig.signed("alipay.trade.wap.pay", &json!({"out_trade_no": "W1", "total_amount": "1", "subject": "x"}));
    let got = rig.send("POST", &rig.access.alipay_gateway_url, &headers, &params.to_form_body()).await.unwrap();
    assert_eq!(got.status, 303);
}

#[tokio::test]
async fn answers_can_fail_in_every_way() {
    let rig = Rig::start().await;
    rig.precreate("E1", "10.00").await;
    rig.payer("E1", "pay").await;
    let refund = |request: &'static str| {
        let biz = json!({ "out_trade_no": "E1", "refund_amount": "1.00", "out_request_no": request });
        let params = rig.signed("alipay.trade.refund", &biz);
        let rig = &rig;
        async move { rig.post_params(&params).await }
    };
    let refunds = || async { rig.look("trades").await["trades"][0]["refunds"].as_array().unwrap().len() };
    let set = |kind: Value| {
        let faults = json!({ "answers": [{ "method": "alipay.trade.refund", "kind": kind, "times": 1 }] });
        let rig = &rig;
        async move { assert_eq!(rig.control("PUT", "gateway/faults", &faults).await.status, 200) }
    };
    set("close_after".into()).await;
    assert!(refund("R1").await.is_err());
    assert_eq!(refunds().await, 1);
    set("close_before".into()).await;
    assert!(refund("R2").await.is_err());
    assert_eq!(refunds().await, 1);
    set("http_500".into()).await;
    assert_eq!(refund("R2").await.unwrap().status, 500);
    assert_eq!(refunds().await, 1);
    set("system_error".into()).await;
    let body = refund("R2").await.unwrap().body;
    assert_eq!(refusal(&body, "alipay.trade.refund", &rig), ("aop.unknow-error".to_owned(), true));
    set("bad_signature".into()).await;
    let body = refund("R2").await.unwrap().body;
    let verdict = verify_response(body.as_bytes(), "alipay.trade.refund", &rig.access.alipay_gateway_key);
    assert_eq!(verdict, Err(WireError::BadSignature));
    assert_eq!(refunds().await, 2);
    set(json!({ "slow": 1 })).await;
    assert_eq!(refund("R3").await.unwrap().status, 200);
    assert_eq!(refunds().await, 3);
    // Each was for one call only.
    assert_eq!(rig.look("gateway/faults").await["answers"], json!([]));
    let wrong = rig.control("PUT", "gateway/faults", &json!({ "answers": [{ "kind": "explode" }] })).await;
    assert_eq!(wrong.status, 422);
}

#[tokio::test]
async fn deadlines_pass_and_late_payers_pay_after_them() {
    let rig = Rig::start().await;
    for number in ["E1", "E2", "E3", "E4"] {
        rig.precreate(number, "1.00").await;
    }
    rig.payer("E1", "scan").await;
    rig.payer("E2", "pay-late").await;
    rig.payer("E4", "never").await;
    assert!(rig.asked_nothing().await);
    rig.pass(31 * MINUTE_US);
    let trades = rig.until("trades", |found| found["trades"][3]["state"] == "closed").await;
    // Newest first: never, untouched, late, scanned.
    let states: Vec<_> = trades["trades"].as_array().unwrap().iter().map(|trade| trade["state"].clone()).collect();
    assert_eq!(states, ["offered", "offered", "paid", "closed"]);
    assert_eq!(trades["trades"][2]["paid_us"], START_US + 31 * MINUTE_US);
    assert_eq!(rig.payer("E3", "pay").await.status, 409);
    assert_eq!(rig.payer("E3", "pay-late").await.json()["state"], "paid");
    let answer = rig.alipay("alipay.trade.query", number("E3")).await;
    assert_eq!(answer["trade_status"], "TRADE_SUCCESS");
    assert_eq!(rig.payer("E1", "pay-late").await.json()["state"], "paid");
}
