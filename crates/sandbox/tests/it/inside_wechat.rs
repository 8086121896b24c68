//! Inside WeChat: who holds the phone, and the cashier that its browser opens.

use crate::rig::{Got, MERCHANT, Rig, START_US};
use crate::wechat::{answer, native, state};
use serde_json::json;
use wire_pay::Fen;
use wire_pay::rsa::PrivateKey;
use wire_pay::wechat::{
    Authorize, BillAnnouncement, BillDate, Call, ClientParameters, CodeAnswer, CodeExchange, Packing, Prepay,
    PrepayAnswer, TradeBill, TradeKind,
};

const MINUTE_US: i64 = 60_000_000;
const INSIDE: (&str, &str) = ("user-agent", "Mozilla/5.0 MicroMessenger/8.0.50");
const NOW_S: i64 = START_US / 1_000_000;

fn authorize(rig: &Rig) -> Authorize {
    let redirect_uri = "http://shop.test/back?a=1".to_owned();
    Authorize { appid: rig.access.wechat_appid.clone(), redirect_uri, state: "5a7e".to_owned() }
}

async fn ask(rig: &Rig, target: &str, headers: &[(&str, &str)]) -> Got {
    let target = target.split('#').next().unwrap();
    rig.send("GET", &format!("{}{target}", rig.access.wechat_gateway_url), headers, "").await.unwrap()
}

async fn code(rig: &Rig) -> String {
    let sent = ask(rig, &authorize(rig).target().unwrap(), &[INSIDE]).await;
    assert_eq!(sent.status, 302);
    let back = sent.location().strip_prefix("http://shop.test/back?a=1&code=").unwrap().to_owned();
    back.strip_suffix("&state=5a7e").unwrap().to_owned()
}

fn exchange(rig: &Rig, code: &str) -> CodeExchange {
    let (appid, secret) = (rig.access.wechat_appid.clone(), rig.access.wechat_app_secret.clone());
    CodeExchange { appid, secret, code: code.to_owned() }
}

async fn answered(rig: &Rig, exchange: &CodeExchange) -> Result<String, i64> {
    let got = ask(rig, &exchange.target(), &[]).await;
    assert_eq!((got.status, got.headers["content-type"].to_str().unwrap()), (200, "text/plain"), "refusals too");
    match CodeAnswer::parse(got.body.as_bytes()).unwrap() {
        CodeAnswer::Granted { openid, snapshot } => {
            assert_eq!(snapshot, openid.contains("Snapshot"));
            Ok(openid)
        }
        CodeAnswer::Refused(refusal) => Err(refusal.errcode),
    }
}

#[tokio::test]
async fn a_code_is_exchanged_once_within_five_minutes_and_with_the_secret() {
    let rig = Rig::start().await;
    let first = code(&rig).await;
    for (wrong, errcode) in [
        (CodeExchange { appid: "wx0".to_owned(), ..exchange(&rig, &first) }, 40_013),
        (CodeExchange { secret: "0".to_owned(), ..exchange(&rig, &first) }, 40_125),
        (CodeExchange { secret: String::new(), ..exchange(&rig, &first) }, 41_004),
        (exchange(&rig, ""), 41_008),
        (exchange(&rig, "none"), 40_029),
    ] {
        assert_eq!(answered(&rig, &wrong).await, Err(errcode));
    }
    let openid = answered(&rig, &exchange(&rig, &first)).await.unwrap();
    assert_eq!(answered(&rig, &exchange(&rig, &first)).await, Err(40_163));
    let late = code(&rig).await;
    rig.pass(5 * MINUTE_US + 1_000_000);
    assert_eq!(answered(&rig, &exchange(&rig, &late)).await, Err(42_003));
    assert_eq!(rig.look("wechat/holder").await, json!("first"));
    for holder in ["second", "snapshot"] {
        rig.control("PUT", "wechat/holder", &json!(holder)).await;
        let other = answered(&rig, &exchange(&rig, &code(&rig).await)).await.unwrap();
        assert_ne!(other, openid);
    }
    assert_eq!(rig.control("PUT", "wechat/holder", &json!("nobody")).await.status, 422);
    let faults = json!({ "answers": [{ "method": "wechat.oauth", "kind": "system_error", "times": 1 }] });
    rig.control("PUT", "gateway/faults", &faults).await;
    assert_eq!(answered(&rig, &exchange(&rig, &code(&rig).await)).await, Err(-1));
}

#[tokio::test]
async fn only_wechats_browser_is_sent_back_and_only_by_a_known_application() {
    let rig = Rig::start().await;
    let target = authorize(&rig).target().unwrap();
    let elsewhere = ask(&rig, &target, &[("user-agent", "Mozilla/5.0 Chrome/141")]).await;
    assert_eq!(elsewhere.status, 200);
    assert!(elsewhere.body.contains("请在微信客户端打开链接"));
    for (from, to) in [
        (rig.access.wechat_appid.as_str(), "wx0"),
        ("http%3A%2F%2F", "javascript%3A"),
        ("response_type=code", "response_type=token"),
        ("snsapi_base", "everything"),
    ] {
        let refused = ask(&rig, &target.replacen(from, to, 1), &[INSIDE]).await;
        assert_eq!(refused.status, 200, "{to}");
        assert!(refused.body.contains("微信不认识这个应用或回调地址"), "{to}");
    }
}

fn jsapi(openid: &str) -> TradeKind {
    TradeKind::Jsapi { openid: openid.to_owned() }
}

async fn begun(rig: &Rig, number: &str, openid: &str) -> String {
    let order = Call::Prepay(Prepay { kind: jsapi(openid), ..native(rig, number, 3_000) });
    let body = answer(rig, &order).await.unwrap();
    match PrepayAnswer::parse(&jsapi(openid), body.as_bytes()).unwrap() {
        PrepayAnswer::PrepayId(prepay_id) => prepay_id,
        other => panic!("{other:?}"),
    }
}

/// The cashier, opened with parameters that `key` signed.
async fn opened(rig: &Rig, prepay_id: &str, key: &PrivateKey) -> Result<String, String> {
    let signed = ClientParameters::sign(&rig.access.wechat_appid, prepay_id, NOW_S, "N0nce", key).unwrap();
    let url = format!("{}/jsapi/open", rig.access.wechat_gateway_url);
    let got = rig.send("POST", &url, &[], &signed.to_json()).await.unwrap();
    let said = got.json();
    match got.status {
        200 => Ok(said["page_url"].as_str().unwrap().to_owned()),
        _ => Err(said["err_desc"].as_str().unwrap().to_owned()),
    }
}

#[tokio::test]
async fn what_the_merchant_signed_opens_the_cashier_and_is_paid_as_jsapi() {
    let rig = Rig::start().await;
    let openid = answered(&rig, &exchange(&rig, &code(&rig).await)).await.unwrap();
    let prepay_id = begun(&rig, "WX0001", &openid).await;
    assert!(prepay_id.starts_with(&format!("wx{NOW_S}")), "{prepay_id}");
    let other = PrivateKey::generate().unwrap();
    assert_eq!(opened(&rig, &prepay_id, &other).await, Err("支付验证签名失败".to_owned()));
    assert_eq!(opened(&rig, "wx", &MERCHANT).await, Err("缺少参数：prepay_id".to_owned()));
    // Another kind of trade has no such number.
    let coded = answer(&rig, &Call::Prepay(native(&rig, "WX0002", 1))).await.unwrap();
    let token = coded.rsplit("?pr=").next().unwrap().trim_end_matches("\"}");
    assert_eq!(opened(&rig, &format!("wx{NOW_S}{token}"), &MERCHANT).await, Err("缺少参数：prepay_id".to_owned()));

    let page_url = opened(&rig, &prepay_id, &MERCHANT).await.unwrap();
    assert!(rig.get(&page_url).await.body.contains("30.00"));
    rig.form(page_url.split('?').next().unwrap(), "action=pay&lang=en").await;
    let told = state(&rig, "WX0001").await;
    assert_eq!(
        (told.trade_type.as_deref(), told.openid.as_ref(), told.total),
        (Some("JSAPI"), Some(&openid), Fen::new(3_000))
    );

    rig.pass(24 * 60 * MINUTE_US + 55 * MINUTE_US);
    let bill = Call::TradeBill { bill_date: BillDate::of(NOW_S), packing: Packing::Plain };
    let announced = BillAnnouncement::parse(answer(&rig, &bill).await.unwrap().as_bytes()).unwrap();
    let (_, target) = announced.download().unwrap();
    let got = crate::wechat::ask(&rig, &Call::DownloadBill { target: target.to_owned() }).await;
    let read = TradeBill::parse(&announced.open(got.body.as_bytes(), Packing::Plain).unwrap()).unwrap();
    assert_eq!((read.rows()[0].trade_type.as_str(), read.rows()[0].openid.as_str()), ("JSAPI", openid.as_str()));
}

#[tokio::test]
async fn it_opens_for_two_hours_and_for_one_person() {
    let rig = Rig::start().await;
    let openid = answered(&rig, &exchange(&rig, &code(&rig).await)).await.unwrap();
    rig.control("PUT", "wechat/holder", &json!("second")).await;
    let other = answered(&rig, &exchange(&rig, &code(&rig).await)).await.unwrap();
    let long = async |openid: &str| {
        let expire = Some(NOW_S + 86_400);
        let order = Prepay { kind: jsapi(openid), time_expire_unix_s: expire, ..native(&rig, "WX0001", 3_000) };
        answer(&rig, &Call::Prepay(order)).await
    };
    let first = long(&openid).await.unwrap();
    assert_eq!(long(&other).await, Err((403, "OUT_TRADE_NO_USED".to_owned())), "the number is another person's");
    let prepay_id = |body: String| body.split('"').nth(3).unwrap().to_owned();
    let first = prepay_id(first);
    let wrong = "下单账号与支付账号不一致，请核实后再支付";
    assert_eq!(opened(&rig, &first, &MERCHANT).await, Err(wrong.to_owned()));
    rig.control("PUT", "wechat/holder", &json!("first")).await;
    assert!(opened(&rig, &first, &MERCHANT).await.is_ok());
    rig.pass(120 * MINUTE_US + 1_000_000);
    assert_eq!(opened(&rig, &first, &MERCHANT).await, Err("该订单已过期，请重新下单".to_owned()));
    let again = prepay_id(long(&openid).await.unwrap());
    assert_ne!(again, first);
    assert!(opened(&rig, &again, &MERCHANT).await.is_ok());
}
