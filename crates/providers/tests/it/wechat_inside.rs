//! WeChat's own browser, with the sandbox as WeChat.

use crate::rig::{Rig, cny};
use crate::wechat::{known, request, rig};
use everline_app::ports::{
    ClosedAnswer, OwnBrowser, PayerAnswer, PayerName, PaymentProvider, PaymentRequest, PaymentStatus, Started,
};
use everline_core::payment::Method;
use everline_core::time::{HOUR_US, MINUTE_US, SECOND_US};
use everline_providers::wechat::Wechat;
use serde_json::{Value, json};

const INSIDE: &str = "Mozilla/5.0 (iPhone) MicroMessenger/8.0.50";
const BACK: &str = "http://portal.test/pay/wechat";
const STATE: &str = "5a7e5a7e";

/// Sends WeChat's browser away; what it comes back with.
async fn comes_back(wechat: &Wechat) -> String {
    let asked = wechat.ask_payer(BACK, STATE).unwrap();
    let browser = reqwest::Client::builder().no_proxy().redirect(reqwest::redirect::Policy::none()).build().unwrap();
    let sent = browser.get(&asked).header("user-agent", INSIDE).send().await.unwrap();
    assert_eq!(sent.status(), 302, "{asked}");
    let there = sent.headers()["location"].to_str().unwrap().to_owned();
    let code =
        there.strip_prefix(&format!("{BACK}?code=")).and_then(|rest| rest.strip_suffix(&format!("&state={STATE}")));
    code.unwrap_or_else(|| panic!("{there}")).to_owned()
}

async fn payer(wechat: &Wechat) -> PayerName {
    match wechat.payer(&comes_back(wechat).await).await {
        PayerAnswer::Payer(payer) => payer,
        other => panic!("{other:?}"),
    }
}

fn inside(rig: &Rig, out_trade_no: &str, payer: Option<PayerName>) -> PaymentRequest {
    PaymentRequest { payer, ..request(rig, out_trade_no, Method::WechatJsapi) }
}

/// The cashier inside WeChat opens with what the page handed over.
async fn cashier(rig: &Rig, handed: &str) -> (u16, Value) {
    let url = format!("{}/jsapi/open", rig.sandbox.access().wechat_gateway_url);
    let client = reqwest::Client::builder().no_proxy().build().unwrap();
    let opened = client.post(url).body(handed.to_owned()).send().await.unwrap();
    (opened.status().as_u16(), serde_json::from_str(&opened.text().await.unwrap()).unwrap())
}

#[tokio::test]
async fn the_person_in_wechats_browser_pays_what_was_begun_for_them() {
    let rig = rig().await;
    let wechat = rig.wechat();
    assert!(wechat.takes(Method::WechatJsapi));
    let payer = payer(&wechat).await;
    let started = wechat.start(&inside(&rig, "wx0001", Some(payer.clone()))).await;
    let Started::Pay(place) = started else { panic!("{started:?}") };
    assert_eq!(place.url_until, Some(rig.clock.now().system.plus_us(2 * HOUR_US)));
    assert_eq!(place.reference, None);
    let handed = wechat.hand_over(&place.url).await.unwrap();
    let parameters: Value = serde_json::from_str(&handed).unwrap();
    assert_eq!(parameters["package"], format!("prepay_id={}", place.url));
    assert_eq!((&parameters["signType"], &parameters["timeStamp"]), (&json!("RSA"), &json!("1772327107")));
    assert_eq!(wechat.query(&known("wx0001")).await, PaymentStatus::Waiting);

    // Signed again when the page is shown again, for the same trade.
    rig.clock.pass_us(MINUTE_US);
    let again = wechat.hand_over(&place.url).await.unwrap();
    assert_ne!(again, handed);
    for handed in [&handed, &again] {
        let (status, opened) = cashier(&rig, handed).await;
        assert_eq!((status, opened["page_url"].as_str().is_some()), (200, true), "{opened}");
    }
    rig.control("POST", "trades/wx0001/pay", None).await;
    let PaymentStatus::Paid(evidence) = wechat.query(&known("wx0001")).await else { panic!("not paid") };
    assert_eq!(evidence.amount, cny("9.90"));
    assert_eq!(wechat.close(&known("wx0001")).await, ClosedAnswer::AlreadyPaid);

    // The same number for another person is another order.
    let started = wechat.start(&inside(&rig, "wx0002", Some(payer.clone()))).await;
    assert!(matches!(started, Started::Pay(_)));
    rig.control("PUT", "wechat/holder", Some(json!("second"))).await;
    let other = self::payer(&wechat).await;
    assert_ne!(other, payer);
    assert_eq!(
        wechat.start(&inside(&rig, "wx0002", Some(other))).await,
        Started::Unknown,
        "there is one with this number"
    );
    assert_eq!(wechat.close(&known("wx0002")).await, ClosedAnswer::Closed);
}

#[tokio::test]
async fn a_person_that_the_application_does_not_know_is_refused() {
    let rig = rig().await;
    let wechat = rig.wechat();
    let stranger = PayerName::new("oAnotherApplications00000000");
    let refused = wechat.start(&inside(&rig, "wx0001", stranger)).await;
    assert_eq!(refused, Started::Refused("PARAM_ERROR".to_owned()));
    assert_eq!(wechat.start(&inside(&rig, "wx0001", None)).await, Started::Refused("payer".to_owned()));
    let trades = rig.control("GET", "trades", None).await;
    assert_eq!(trades["trades"], json!([]));
}

#[tokio::test]
async fn a_code_names_somebody_once_and_for_five_minutes() {
    let rig = rig().await;
    let wechat = rig.wechat();
    let code = comes_back(&wechat).await;
    assert!(matches!(wechat.payer(&code).await, PayerAnswer::Payer(_)));
    assert_eq!(wechat.payer(&code).await, PayerAnswer::CodeUsed);
    assert_eq!(wechat.payer("0123456789").await, PayerAnswer::CodeGone);
    let late = comes_back(&wechat).await;
    rig.clock.pass_us(5 * MINUTE_US + SECOND_US);
    assert_eq!(wechat.payer(&late).await, PayerAnswer::CodeGone);
    rig.control("PUT", "wechat/holder", Some(json!("snapshot"))).await;
    assert_eq!(wechat.payer(&comes_back(&wechat).await).await, PayerAnswer::Snapshot);
}

#[tokio::test]
async fn what_is_wrong_with_the_account_is_our_side() {
    let rig = rig().await;
    let code = comes_back(&rig.wechat()).await;
    let with = |change: fn(&mut everline_providers::wechat::OfficialAccount)| {
        rig.wechat_with(|config| change(config.account.as_mut().unwrap()))
    };
    assert_eq!(with(|account| account.secret = "0".repeat(32)).payer(&code).await, PayerAnswer::NotSetUp);
    let other = rig.wechat_with(|config| config.appid = "wx0".to_owned());
    assert_eq!(other.payer(&code).await, PayerAnswer::NotSetUp);
    let without = rig.wechat_with(|config| config.account = None);
    assert!(!without.takes(Method::WechatJsapi) && without.own_browser().is_none());
    assert!(without.takes(Method::WechatH5));
    assert_eq!(without.payer(&code).await, PayerAnswer::NotSetUp);
    let deaf = with(|account| account.api_url = "http://127.0.0.1:9".to_owned());
    assert_eq!(deaf.payer(&code).await, PayerAnswer::Unknown);
    // None of them spent the code.
    assert!(matches!(rig.wechat().payer(&code).await, PayerAnswer::Payer(_)));
    assert!(rig.wechat().own_browser().is_some());
}

#[tokio::test]
async fn an_answer_about_the_payer_that_cannot_be_believed_is_unknown() {
    let rig = rig().await;
    let wechat = rig.wechat();
    for kind in ["http_500", "close_before", "close_after", "system_error"] {
        let code = comes_back(&wechat).await;
        rig.spoil("wechat.oauth", json!(kind)).await;
        assert_eq!(wechat.payer(&code).await, PayerAnswer::Unknown, "{kind}");
        let again = wechat.payer(&code).await;
        match kind {
            "close_after" => assert_eq!(again, PayerAnswer::CodeUsed, "it was carried out"),
            _ => assert!(matches!(again, PayerAnswer::Payer(_)), "{kind}: {again:?}"),
        }
    }
    // Longer than the client waits.
    let code = comes_back(&wechat).await;
    rig.spoil("wechat.oauth", json!({ "slow": 10_000 })).await;
    assert_eq!(wechat.payer(&code).await, PayerAnswer::Unknown);
}

#[tokio::test]
async fn the_cashier_opens_for_the_right_person_and_for_two_hours() {
    let rig = rig().await;
    let wechat = rig.wechat();
    let payer = payer(&wechat).await;
    // Payable for longer than what is handed over.
    let long = |number: &str, payer: &PayerName| PaymentRequest {
        expires_at: rig.clock.now().system.plus_us(24 * HOUR_US),
        ..inside(&rig, number, Some(payer.clone()))
    };
    let begin = async |number: &str| match wechat.start(&long(number, &payer)).await {
        Started::Pay(place) => place.url,
        other => panic!("{other:?}"),
    };
    let request = long("wx0001", &payer);
    let place = begin("wx0001").await;
    let refused = async |handed: &str| {
        let (status, said) = cashier(&rig, handed).await;
        assert_eq!((status, &said["err_msg"]), (400, &json!("get_brand_wcpay_request:fail")));
        said["err_desc"].as_str().unwrap().to_owned()
    };
    let handed = wechat.hand_over(&place).await.unwrap();
    assert_eq!(refused(&handed.replace("prepay_id=wx1", "prepay_id=wx2")).await, "支付验证签名失败");
    let foreign_key = everline_providers::wechat::PrivateKey::generate().unwrap();
    let impostor = rig.wechat_with(|config| config.merchant_key = foreign_key);
    assert_eq!(refused(&impostor.hand_over(&place).await.unwrap()).await, "支付验证签名失败");
    let other_app = rig.wechat_with(|config| config.appid = "wx0".to_owned());
    assert_eq!(refused(&other_app.hand_over(&place).await.unwrap()).await, "商户号该产品权限未开通");
    assert_eq!(refused(&wechat.hand_over("wx1772327107ffff").await.unwrap()).await, "缺少参数：prepay_id");
    rig.control("PUT", "wechat/holder", Some(json!("second"))).await;
    assert_eq!(refused(&handed).await, "下单账号与支付账号不一致，请核实后再支付");
    rig.control("PUT", "wechat/holder", Some(json!("first"))).await;

    rig.clock.pass_us(2 * HOUR_US + SECOND_US);
    let late = wechat.hand_over(&place).await.unwrap();
    assert_eq!(refused(&late).await, "该订单已过期，请重新下单", "however freshly it is signed");
    // Asked again under the same number, there is a new one.
    let Started::Pay(again) = wechat.start(&request).await else { panic!("not given anew") };
    assert_ne!(again.url, place);
    assert_eq!(cashier(&rig, &wechat.hand_over(&again.url).await.unwrap()).await.0, 200);
    for place in ["", "a\nb"] {
        assert_eq!(wechat.hand_over(place).await, None, "what no header could carry is not signed");
    }
}
