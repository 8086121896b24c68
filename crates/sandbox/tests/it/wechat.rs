//! WeChat Pay, as the merchant, the payer's browser and a test see it.

use crate::rig::{Asked, Got, MERCHANT, Rig, START_US};
use axum::http::HeaderMap;
use serde_json::{Value, json};
use std::sync::atomic::Ordering;
use wire_pay::{
    Error as Shared, Fen,
    wechat::{
        ApiV3Key, BillAnnouncement, BillDate, Call, Error, Event, Merchant, Notice, Packing, PlatformKeys, Prepay,
        PrepayAnswer, Refund, RefundOf, RefundRequest, RefundStatus, Reply, Request, Signature, TradeBill, TradeKind,
        TradeState, Transaction, header, verify_response,
    },
};

const MINUTE_US: i64 = 60_000_000;

fn texts(headers: &HeaderMap) -> impl Iterator<Item = (&str, &str)> {
    headers.iter().map(|(name, value)| (name.as_str(), value.to_str().unwrap()))
}

fn now_s(rig: &Rig) -> i64 {
    rig.clock.load(Ordering::SeqCst) / 1_000_000
}

fn api_key(rig: &Rig) -> ApiV3Key {
    ApiV3Key::new(&rig.access.wechat_api_v3_key).unwrap()
}

/// The public key alone.
fn pinned(rig: &Rig) -> PlatformKeys {
    let mut keys = PlatformKeys::new();
    keys.add_public_key(&rig.access.wechat_public_key_id, rig.access.wechat_public_key.clone()).unwrap();
    keys
}

pub(crate) fn native(rig: &Rig, number: &str, fen: i64) -> Prepay {
    Prepay {
        appid: rig.access.wechat_appid.clone(),
        mchid: rig.access.wechat_mchid.clone(),
        description: "10 GB <b>".into(),
        out_trade_no: number.into(),
        time_expire_unix_s: Some(now_s(rig) + 1_800),
        attach: Some("a=1".into()),
        notify_url: format!("{}/notify", rig.platform_url),
        total: Fen::new(fen).unwrap(),
        kind: TradeKind::Native,
    }
}

fn h5() -> TradeKind {
    TradeKind::H5 { payer_client_ip: "127.0.0.1".into(), h5_type: "Wap".into() }
}

fn query(rig: &Rig, number: &str) -> Call {
    Call::QueryByOutTradeNo { mchid: rig.access.wechat_mchid.clone(), out_trade_no: number.into() }
}

fn close(rig: &Rig, number: &str) -> Call {
    Call::Close { mchid: rig.access.wechat_mchid.clone(), out_trade_no: number.into() }
}

fn refund(number: &str, request: &str, refund: i64, total: i64, notify_url: Option<String>) -> Call {
    Call::Refund(RefundRequest {
        of: RefundOf::OutTradeNo(number.into()),
        out_refund_no: request.into(),
        reason: None,
        notify_url,
        refund: Fen::new(refund).unwrap(),
        total: Fen::new(total).unwrap(),
    })
}

fn authorized(rig: &Rig, request: &Request) -> String {
    let merchant = Merchant::new(&rig.access.wechat_mchid, &rig.access.wechat_merchant_serial, MERCHANT.clone());
    merchant.unwrap().authorize(request, now_s(rig), "N0nce").unwrap()
}

async fn send(rig: &Rig, request: &Request, headers: &[(&str, &str)]) -> Got {
    let url = format!("{}{}", rig.access.wechat_gateway_url, request.target);
    rig.send(request.method, &url, headers, &request.body).await.unwrap()
}

pub(crate) async fn ask(rig: &Rig, call: &Call) -> Got {
    let request = call.request().unwrap();
    let authorization = authorized(rig, &request);
    send(rig, &request, &[("authorization", &authorization), ("user-agent", "test")]).await
}

/// Status, and code of a refusal or body of an answer; verified.
pub(crate) async fn answer(rig: &Rig, call: &Call) -> Result<String, (u16, String)> {
    let got = ask(rig, call).await;
    match verify_response(got.status, texts(&got.headers), got.body.as_bytes(), &pinned(rig), now_s(rig)).unwrap() {
        Reply::Done(body) => Ok(String::from_utf8(body.to_vec()).unwrap()),
        Reply::Refused(refusal) => Err((refusal.status, refusal.code)),
    }
}

pub(crate) async fn state(rig: &Rig, number: &str) -> Transaction {
    Transaction::parse(answer(rig, &query(rig, number)).await.unwrap().as_bytes()).unwrap()
}

fn refused(status: u16, code: &str) -> Result<String, (u16, String)> {
    Err((status, code.to_owned()))
}

#[tokio::test]
async fn a_code_is_a_trade_at_once_and_is_paid_once() {
    let rig = Rig::start().await;
    let order = Call::Prepay(native(&rig, "WX0001", 8_888));
    let body = answer(&rig, &order).await.unwrap();
    let PrepayAnswer::CodeUrl(code) = PrepayAnswer::parse(&TradeKind::Native, body.as_bytes()).unwrap() else {
        panic!("{body}")
    };
    assert!(code.starts_with("weixin://wxpay/bizpayurl?pr="), "{code}");
    assert_eq!(answer(&rig, &order).await.unwrap(), body, "the same order, the same code");
    let other = Call::Prepay(native(&rig, "WX0001", 8_889));
    assert_eq!(answer(&rig, &other).await, refused(403, "OUT_TRADE_NO_USED"));
    let told = state(&rig, "WX0001").await;
    assert_eq!((told.trade_state, told.transaction_id, told.total), (TradeState::NotPay, None, None));

    rig.payer("WX0001", "decline").await;
    assert_eq!(rig.payer("WX0001", "pay").await.json()["state"], "paid");
    let told = state(&rig, "WX0001").await;
    assert_eq!(
        (told.trade_state, told.total, told.payer_total),
        (TradeState::Success, Fen::new(8_888), Fen::new(8_888))
    );
    assert_eq!((told.trade_type.as_deref(), told.success_unix_s), (Some("NATIVE"), Some(START_US / 1_000_000)));
    let by_theirs =
        Call::QueryByTransactionId { mchid: told.mchid, transaction_id: told.transaction_id.clone().unwrap() };
    assert!(answer(&rig, &by_theirs).await.unwrap().contains("WX0001"));
    assert_eq!(answer(&rig, &close(&rig, "WX0001")).await, refused(400, "ORDERPAID"));
    assert_eq!(answer(&rig, &order).await, refused(400, "ORDERPAID"));
    assert_eq!(rig.payer("WX0001", "pay").await.status, 409);
    // Alipay knows nothing of it.
    let there = rig.alipay("alipay.trade.query", json!({ "out_trade_no": "WX0001" })).await;
    assert_eq!(there["sub_code"], "ACQ.TRADE_NOT_EXIST");
}

#[tokio::test]
async fn a_close_is_answered_alike_whether_there_was_a_trade_or_not() {
    let rig = Rig::start().await;
    answer(&rig, &Call::Prepay(native(&rig, "WX0001", 100))).await.unwrap();
    for number in ["WX0001", "WX0001", "WX0002"] {
        assert_eq!(answer(&rig, &close(&rig, number)).await.as_deref(), Ok(""), "{number}");
    }
    assert_eq!(state(&rig, "WX0001").await.trade_state, TradeState::Closed);
    assert_eq!(answer(&rig, &query(&rig, "WX0002")).await, refused(404, "ORDER_NOT_EXIST"));
    assert_eq!(answer(&rig, &Call::Prepay(native(&rig, "WX0001", 100))).await, refused(400, "ORDER_CLOSED"));
    assert_eq!(rig.payer("WX0001", "pay-late").await.status, 409);
    assert!(rig.asked_nothing().await, "nobody is told of a close");
}

#[tokio::test]
async fn deadlines_pass_and_only_late_payers_pay_after_them() {
    let rig = Rig::start().await;
    for number in ["WX0001", "WX0002"] {
        answer(&rig, &Call::Prepay(native(&rig, number, 100))).await.unwrap();
    }
    rig.payer("WX0002", "pay-late").await;
    rig.pass(31 * MINUTE_US);
    rig.until("trades", |found| found["trades"][0]["state"] == "paid").await;
    assert_eq!(state(&rig, "WX0001").await.trade_state, TradeState::NotPay);
    assert_eq!(rig.payer("WX0001", "pay").await.status, 409);
    assert_eq!(rig.payer("WX0001", "pay-late").await.json()["state"], "paid");
}

#[tokio::test]
async fn an_h5_link_leads_to_the_payers_page_for_five_minutes() {
    let rig = Rig::start().await;
    let order = Call::Prepay(Prepay { kind: h5(), ..native(&rig, "WX0001", 3_000) });
    let link = |body: String| match PrepayAnswer::parse(&h5(), body.as_bytes()).unwrap() {
        PrepayAnswer::H5Url(url) => format!("{url}&redirect_url=http%3A%2F%2Fshop.test%2Forders%2F1%3Fa%3Db"),
        other => panic!("{other:?}"),
    };
    let first = link(answer(&rig, &order).await.unwrap());
    rig.pass(5 * MINUTE_US + 1_000_000);
    let late = rig.get(&format!("{first}&lang=en")).await;
    assert_eq!((late.status, late.body.contains("This link has expired")), (410, true));
    let sent = rig.get(&link(answer(&rig, &order).await.unwrap())).await;
    assert_eq!(sent.status, 303);
    let page_url = format!("{}{}", rig.access.wechat_gateway_url, sent.location());
    let page = rig.get(&page_url).await;
    assert!(page.body.contains("30.00") && page.body.contains("10 GB &#60;b&#62;"));
    let paid = rig.form(&page_url, "action=pay&lang=en").await;
    assert_eq!((paid.status, paid.location()), (303, "http://shop.test/orders/1?a=b"));
    assert_eq!(state(&rig, "WX0001").await.trade_type.as_deref(), Some("MWEB"));
}

#[tokio::test]
async fn a_person_scans_the_code_by_its_text() {
    let rig = Rig::start().await;
    let body = answer(&rig, &Call::Prepay(native(&rig, "WX0001", 100))).await.unwrap();
    let token = body.rsplit("?pr=").next().unwrap().trim_end_matches("\"}").to_owned();
    let link = format!("link=weixin%3A%2F%2Fwxpay%2Fbizpayurl%3Fpr%3D{token}&lang=en");
    let scanned = rig.form(&format!("{}act/scan", rig.access.view_url), &link).await;
    assert_eq!(scanned.location(), format!("{}/qr/{token}?lang=en", rig.access.wechat_gateway_url));
    let shown = rig.get(&format!("{}?lang=en", rig.access.view_url)).await.body;
    assert!(shown.contains("Everline · WeChat Pay") && shown.contains("<svg"));
}

#[tokio::test]
async fn who_does_not_prove_who_asks_is_refused_without_a_signature() {
    let rig = Rig::start().await;
    let request = query(&rig, "WX0001").request().unwrap();
    let whole = authorized(&rig, &request);
    let other_text = Request { target: request.target.replace("WX0001", "WX0002"), ..request.clone() };
    let old = {
        rig.pass(-301_000_000);
        let old = authorized(&rig, &request);
        rig.pass(301_000_000);
        old
    };
    let mchid = whole.replace(&rig.access.wechat_mchid, "1900000000");
    let serial = whole.replace(&rig.access.wechat_merchant_serial, "5F");
    for (headers, status) in [
        (vec![("authorization", whole.as_str())], 403),
        (vec![("user-agent", "test")], 401),
        (vec![("user-agent", "test"), ("authorization", "Basic x")], 401),
        (vec![("user-agent", "test"), ("authorization", &mchid)], 401),
        (vec![("user-agent", "test"), ("authorization", &serial)], 401),
        (vec![("user-agent", "test"), ("authorization", &old)], 401),
        (vec![("user-agent", "test"), ("authorization", &authorized(&rig, &other_text))], 401),
    ] {
        let got = send(&rig, &request, &headers).await;
        assert_eq!(got.status, status, "{headers:?}");
        let verdict = verify_response(got.status, texts(&got.headers), got.body.as_bytes(), &pinned(&rig), now_s(&rig));
        assert!(matches!(verdict, Err(Error::Unsigned(_))), "{verdict:?}");
    }
}

#[tokio::test]
async fn bad_orders_are_refused_by_name() {
    let rig = Rig::start().await;
    let whole = native(&rig, "WX0001", 100);
    let mchid = |mchid: &str| Call::QueryByOutTradeNo { mchid: mchid.into(), out_trade_no: "WX0001".into() };
    for (call, status, code) in [
        (Call::Prepay(Prepay { appid: "wx0".into(), ..whole.clone() }), 400, "APPID_MCHID_NOT_MATCH"),
        (Call::Prepay(Prepay { mchid: "19".into(), ..whole.clone() }), 400, "APPID_MCHID_NOT_MATCH"),
        (Call::Prepay(Prepay { description: "流".repeat(128), ..whole.clone() }), 400, "PARAM_ERROR"),
        (Call::Prepay(Prepay { total: Fen::ZERO, ..whole.clone() }), 400, "PARAM_ERROR"),
        (Call::Prepay(Prepay { time_expire_unix_s: Some(now_s(&rig)), ..whole.clone() }), 400, "PARAM_ERROR"),
        (Call::Prepay(Prepay { notify_url: "http://x.test/n?a=1".into(), ..whole.clone() }), 400, "PARAM_ERROR"),
        (
            Call::Prepay(Prepay {
                kind: TradeKind::H5 { payer_client_ip: "here".into(), h5_type: "Wap".into() },
                ..whole.clone()
            }),
            400,
            "PARAM_ERROR",
        ),
        // Somebody whom another application knows by that name.
        (Call::Prepay(Prepay { kind: TradeKind::Jsapi { openid: "o".into() }, ..whole.clone() }), 400, "PARAM_ERROR"),
        (mchid("1900000000"), 400, "PARAM_ERROR"),
        (refund("WX0009", "R1", 1, 1, None), 404, "RESOURCE_NOT_EXISTS"),
        (Call::QueryRefund { out_refund_no: "R1".into() }, 404, "RESOURCE_NOT_EXISTS"),
    ] {
        assert_eq!(answer(&rig, &call).await, refused(status, code), "{call:?}");
    }
    assert_eq!(rig.look("trades").await["trades"], json!([]));
}

fn read(asked: &Asked, rig: &Rig) -> Result<Notice, Error> {
    Notice::open(texts(&asked.headers), asked.body.as_bytes(), &pinned(rig), &api_key(rig), now_s(rig))
}

async fn paid(rig: &Rig) {
    answer(rig, &Call::Prepay(native(rig, "WX0001", 8_888))).await.unwrap();
    assert_eq!(rig.payer("WX0001", "pay").await.status, 200);
}

#[tokio::test]
async fn a_notice_is_sent_until_its_status_is_good_sealed_anew_under_one_id() {
    let rig = Rig::start().await;
    rig.script(500, r#"{"code":"FAIL"}"#);
    rig.script(302, "success");
    rig.script(204, "");
    paid(&rig).await;
    let mut bodies = Vec::new();
    let mut ids = Vec::new();
    for _ in 0..3 {
        let asked = rig.asked().await;
        let notice = read(&asked, &rig).unwrap();
        let Event::Paid(told) = notice.event else { panic!("{notice:?}") };
        assert_eq!((told.out_trade_no.as_str(), told.total), ("WX0001", Fen::new(8_888)));
        assert_eq!((told.mchid, told.attach.as_deref()), (rig.access.wechat_mchid.clone(), Some("a=1")));
        ids.push(notice.id);
        bodies.push(asked.body);
    }
    bodies.dedup();
    ids.dedup();
    assert_eq!((bodies.len(), ids.len()), (3, 1));
    let log = rig.until("notifications", |log| log["notifications"][0]["state"] == "acknowledged").await;
    let told = &log["notifications"][0];
    assert_eq!((&told["provider"], &told["trade_status"]), (&json!("wechat"), &json!("TRANSACTION.SUCCESS")));
    assert!(rig.asked_nothing().await);
}

#[tokio::test]
async fn forged_foreign_and_probing_notices_can_be_told_apart() {
    let rig = Rig::start().await;
    rig.control("PUT", "gateway/faults", &json!({ "notify": { "forge": true } })).await;
    paid(&rig).await;
    assert_eq!(read(&rig.asked().await, &rig), Err(Shared::BadSignature.into()));
    let log = rig.until("notifications", |log| log["notifications"][0]["attempts"][0].is_object()).await;
    let send = format!("notifications/{}/send", log["notifications"][0]["notify_id"].as_str().unwrap());
    let again = async |fault: &str| {
        rig.control("PUT", "gateway/faults", &json!({ "notify": { fault: true } })).await;
        rig.control("POST", &send, &Value::Null).await;
        read(&rig.asked().await, &rig).map(|notice| match notice.event {
            Event::Paid(told) => told,
            other => panic!("{other:?}"),
        })
    };
    assert_eq!(again("probe").await, Err(Error::SignatureProbe));
    assert_eq!(again("wrong_amount").await.unwrap().total, Fen::new(8_889));
    assert_ne!(again("wrong_seller").await.unwrap().mchid, rig.access.wechat_mchid);
    assert_ne!(again("wrong_app").await.unwrap().appid, rig.access.wechat_appid);
}

#[tokio::test]
async fn refunds_are_accepted_then_done_and_told_where_they_say() {
    let rig = Rig::start().await;
    paid(&rig).await;
    rig.asked().await;
    let told = |body: String| Refund::parse(body.as_bytes()).unwrap();
    let url = || Some(format!("{}/refunds", rig.platform_url));
    let first = told(answer(&rig, &refund("WX0001", "R1", 888, 8_888, url())).await.unwrap());
    assert_eq!((first.status, first.success_unix_s), (RefundStatus::Processing, None));
    let asked = rig.asked().await;
    assert_eq!(asked.path, "/refunds");
    let notice = read(&asked, &rig).unwrap();
    let Event::Refund(notice) = notice.event else { panic!("{notice:?}") };
    assert_eq!((notice.refund.status, notice.refund.refund), (RefundStatus::Success, Fen::new(888).unwrap()));
    let again = told(answer(&rig, &refund("WX0001", "R1", 888, 8_888, url())).await.unwrap());
    assert_eq!((&again.status, &again.refund_id), (&RefundStatus::Success, &first.refund_id));
    let asked = told(answer(&rig, &Call::QueryRefund { out_refund_no: "R1".into() }).await.unwrap());
    assert_eq!(asked, again);
    for (amount, total, number) in [(889, 8_888, "R1"), (8_001, 8_888, "R2"), (1, 1, "R3")] {
        let got = answer(&rig, &refund("WX0001", number, amount, total, None)).await;
        assert_eq!(got, refused(400, "INVALID_REQUEST"), "{number}");
    }
    assert_eq!(state(&rig, "WX0001").await.trade_state, TradeState::Refund);
    answer(&rig, &refund("WX0001", "R2", 8_000, 8_888, None)).await.unwrap();
    assert!(rig.asked_nothing().await, "a refund that names no address is told nowhere");
}

#[tokio::test]
async fn the_key_changes_and_the_old_one_goes_on_for_who_asks_for_it() {
    let rig = Rig::start().await;
    let signed_by = |got: &Got| Signature::read(texts(&got.headers)).unwrap().serial().to_owned();
    let id = rig.access.wechat_public_key_id.clone();
    // A merchant that knows no key yet gets the list from a gateway that signs with a certificate.
    rig.control("PUT", "wechat/keys", &json!("certificate")).await;
    let list = ask(&rig, &Call::Certificates).await;
    let signature = Signature::read(texts(&list.headers)).unwrap();
    let keys = PlatformKeys::from_list(&signature, list.body.as_bytes(), &api_key(&rig), now_s(&rig)).unwrap();
    let old = keys.wanted_serial().unwrap().to_owned();
    assert_eq!(signed_by(&list), old);
    let view = rig.control("PUT", "wechat/keys", &json!("new_certificate")).await.json();
    let new = view["signs_with"].as_str().unwrap().to_owned();
    assert_eq!((view["certificates"][0].as_str(), view["certificates"][1].as_str()), (Some(&*old), Some(&*new)));
    let request = query(&rig, "WX0001").request().unwrap();
    let authorization = authorized(&rig, &request);
    for (wanted, expected) in [(&old, &old), (&id, &id), (&"5F".to_owned(), &new)] {
        let headers =
            [("authorization", authorization.as_str()), ("user-agent", "test"), (header::SERIAL, wanted.as_str())];
        let got = send(&rig, &request, &headers).await;
        assert_eq!(signed_by(&got), *expected);
        let mut all = keys.clone();
        all.add_public_key(&id, rig.access.wechat_public_key.clone()).unwrap();
        let verdict = verify_response(got.status, texts(&got.headers), got.body.as_bytes(), &all, now_s(&rig));
        match *expected == new {
            true => assert_eq!(verdict, Err(Error::UnknownSerial { serial: new.clone() })),
            false => assert!(matches!(verdict, Ok(Reply::Refused(_)))),
        }
    }
    rig.control("PUT", "wechat/keys", &json!("public_key")).await;
    assert_eq!(rig.look("wechat/keys").await["signs_with"], json!(id));
    assert_eq!(rig.control("PUT", "wechat/keys", &json!("none")).await.status, 422);
}

#[tokio::test]
async fn the_bill_of_a_day_is_there_on_the_next_morning() {
    let rig = Rig::start().await;
    paid(&rig).await;
    answer(&rig, &refund("WX0001", "R1", 888, 8_888, None)).await.unwrap();
    let day = BillDate::of(now_s(&rig));
    let bill = |day, packing| Call::TradeBill { bill_date: day, packing };
    assert_eq!(answer(&rig, &bill(day, Packing::Gzip)).await, refused(400, "STATEMENT_CREATING"));
    // From 9:05 to 10:00 of the next day.
    rig.pass(24 * 60 * MINUTE_US + 55 * MINUTE_US);
    let before = BillDate::of(now_s(&rig) - 2 * 86_400);
    assert_eq!(answer(&rig, &bill(before, Packing::Gzip)).await, refused(400, "NO_STATEMENT_EXIST"));
    let body = answer(&rig, &bill(day, Packing::Plain)).await.unwrap();
    let announced = BillAnnouncement::parse(body.as_bytes()).unwrap();
    let (origin, target) = announced.download().unwrap();
    assert_eq!(origin, rig.access.wechat_gateway_url);
    let got = ask(&rig, &Call::DownloadBill { target: target.to_owned() }).await;
    let file = announced.open(got.body.as_bytes(), Packing::Plain).unwrap();
    let read = TradeBill::parse(&file).unwrap();
    assert_eq!((read.totals().rows, read.totals().total_fen, read.totals().refund_fen), (2, 8_888, 888));
    assert_eq!(read.rows()[1].refund.as_ref().unwrap().out_refund_no, "R1");
}

#[tokio::test]
async fn answers_can_fail_in_every_way() {
    let rig = Rig::start().await;
    paid(&rig).await;
    let set = async |kind: Value| {
        let faults = json!({ "answers": [{ "method": "wechat.refund", "kind": kind, "times": 1 }] });
        assert_eq!(rig.control("PUT", "gateway/faults", &faults).await.status, 200);
    };
    let refunds = async || rig.look("trades").await["trades"][0]["refunds"].as_array().unwrap().len();
    let lost = async |number: &str| {
        let request = refund("WX0001", number, 1, 8_888, None).request().unwrap();
        let authorization = authorized(&rig, &request);
        let headers = [("authorization", authorization.as_str()), ("user-agent", "test")];
        let url = format!("{}{}", rig.access.wechat_gateway_url, request.target);
        rig.send(request.method, &url, &headers, &request.body).await.is_err()
    };
    set("close_before".into()).await;
    assert!(lost("R1").await);
    assert_eq!(refunds().await, 0);
    set("close_after".into()).await;
    assert!(lost("R1").await);
    assert_eq!(refunds().await, 1);
    set("system_error".into()).await;
    let call = refund("WX0001", "R2", 1, 8_888, None);
    assert_eq!(answer(&rig, &call).await, refused(500, "SYSTEM_ERROR"));
    set("http_500".into()).await;
    assert_eq!(ask(&rig, &call).await.status, 500);
    assert_eq!(refunds().await, 1);
    set("bad_signature".into()).await;
    let got = ask(&rig, &call).await;
    let verdict = verify_response(got.status, texts(&got.headers), got.body.as_bytes(), &pinned(&rig), now_s(&rig));
    assert_eq!(verdict, Err(Shared::BadSignature.into()));
    assert_eq!(refunds().await, 2);
}
