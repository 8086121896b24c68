use crate::rig::{Rig, cny, http, receive};
use everline_app::ports::{
    ClosedAnswer, NoticeRefusal, NoticeSays, PaymentProvider, PaymentRef, PaymentRequest, PaymentStatus, RawNotice,
    RefundRequest, RefundStatus, Started,
};
use everline_core::payment::Method;
use everline_core::time::{MINUTE_US, SystemTime};
use everline_providers::alipay::{Alipay, AlipayConfig, Certificate, PrivateKey, Trust};
use everline_sandbox::AlipayCertificates;
use serde_json::{Value, json};
use tokio::net::TcpListener;

fn request(rig: &Rig, out_trade_no: &str, method: Method) -> PaymentRequest {
    PaymentRequest {
        method,
        out_trade_no: out_trade_no.to_owned(),
        amount: cny("9.90"),
        subject: "手表畅联月包 & more".to_owned(),
        expires_at: rig.clock.now().system.plus_us(15 * MINUTE_US),
        payer_ip: None,
        keep_for: None,
        payer: None,
        return_url: "http://localhost:8800/orders/1".to_owned(),
    }
}

fn known(out_trade_no: &str) -> PaymentRef {
    PaymentRef { out_trade_no: out_trade_no.to_owned(), reference: None }
}

fn arrived(body: &[u8]) -> RawNotice<'_> {
    RawNotice { body, headers: &[], at: SystemTime::from_us(0) }
}

fn back(out_trade_no: &str, out_request_no: &str, amount: &str) -> RefundRequest {
    RefundRequest {
        out_trade_no: out_trade_no.to_owned(),
        trade_no: String::new(),
        out_request_no: out_request_no.to_owned(),
        amount: cny(amount),
        received: cny("9.90"),
    }
}

async fn started(rig: &Rig, out_trade_no: &str) -> String {
    match rig.alipay().start(&request(rig, out_trade_no, Method::AlipayQr)).await {
        Started::Pay(payable) => payable.url,
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn a_qr_code_is_no_trade_until_it_is_scanned() {
    let rig = Rig::start().await;
    let alipay = rig.alipay();
    assert!(started(&rig, "t1").await.starts_with("http"));
    assert_eq!(alipay.query(&known("t1")).await, PaymentStatus::NotExist);
    assert_eq!(alipay.close(&known("t1")).await, ClosedAnswer::NotExist);
    rig.control("POST", "trades/t1/scan", None).await;
    assert_eq!(alipay.query(&known("t1")).await, PaymentStatus::Waiting);
    rig.control("POST", "trades/t1/pay", None).await;
    let PaymentStatus::Paid(evidence) = alipay.query(&known("t1")).await else { panic!("not paid") };
    assert_eq!((evidence.out_trade_no.as_str(), evidence.amount), ("t1", cny("9.90")));
    assert_eq!(alipay.close(&known("t1")).await, ClosedAnswer::AlreadyPaid);
}

#[tokio::test]
async fn a_wap_payment_is_a_signed_link() {
    let rig = Rig::start().await;
    let Started::Pay(payable) = rig.alipay().start(&request(&rig, "t2", Method::AlipayWap)).await else {
        panic!("no link")
    };
    let page = reqwest::Client::builder().no_proxy().build().unwrap().get(&payable.url).send().await.unwrap();
    assert_eq!(page.status(), 200);
    assert!(page.text().await.unwrap().contains("9.90"));
    rig.control("POST", "trades/t2/pay", None).await;
    assert!(matches!(rig.alipay().query(&known("t2")).await, PaymentStatus::Paid(_)));
}

#[tokio::test]
async fn a_closed_trade_says_so() {
    let rig = Rig::start().await;
    let alipay = rig.alipay();
    started(&rig, "t3").await;
    rig.control("POST", "trades/t3/scan", None).await;
    assert_eq!(alipay.close(&known("t3")).await, ClosedAnswer::Closed);
    assert_eq!(alipay.query(&known("t3")).await, PaymentStatus::Closed);
}

#[tokio::test]
async fn a_refund_is_done_once_under_one_number() {
    let rig = Rig::start().await;
    let alipay = rig.alipay();
    started(&rig, "t4").await;
    rig.control("POST", "trades/t4/pay", None).await;
    assert_eq!(alipay.refund(&back("t4", "r1", "9.90")).await, RefundStatus::Done);
    assert_eq!(alipay.refund(&back("t4", "r1", "9.90")).await, RefundStatus::Done, "asked again: it was done");
    assert_eq!(alipay.refund(&back("t4", "r2", "0.01")).await, RefundStatus::Refused, "more than was paid");
}

#[tokio::test]
async fn a_refund_whose_answer_is_lost_is_found() {
    let rig = Rig::start().await;
    let alipay = rig.alipay();
    started(&rig, "t5").await;
    rig.control("POST", "trades/t5/pay", None).await;
    rig.spoil("alipay.trade.refund", json!("close_after")).await;
    assert_eq!(alipay.refund(&back("t5", "r1", "9.90")).await, RefundStatus::Unknown);
    assert_eq!(alipay.refund(&back("t5", "r1", "9.90")).await, RefundStatus::Done);
}

#[tokio::test]
async fn an_answer_that_cannot_be_believed_is_unknown() {
    let rig = Rig::start().await;
    let alipay = rig.alipay();
    for (n, kind) in
        ["bad_signature", "http_500", "close_after", "close_before", "system_error"].into_iter().enumerate()
    {
        rig.spoil("alipay.trade.precreate", json!(kind)).await;
        let started = alipay.start(&request(&rig, &format!("u{n}"), Method::AlipayQr)).await;
        assert_eq!(started, Started::Unknown, "precreate, {kind}");
        rig.spoil("alipay.trade.query", json!(kind)).await;
        assert_eq!(alipay.query(&known("none")).await, PaymentStatus::Unknown, "query, {kind}");
        rig.spoil("alipay.trade.close", json!(kind)).await;
        assert_eq!(alipay.close(&known("none")).await, ClosedAnswer::Unknown, "close, {kind}");
    }
    rig.spoil("alipay.trade.query", json!({ "slow": 5_000 })).await;
    assert_eq!(alipay.query(&known("none")).await, PaymentStatus::Unknown, "no answer in time");
}

/// Pays a trade and returns the body of the notice that the gateway sends.
async fn notice(rig: &Rig, out_trade_no: &str) -> Vec<u8> {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let notify_url = format!("http://{}/notify", listener.local_addr().unwrap());
    let alipay = rig.alipay_with(|config| config.notify_url = notify_url);
    assert!(matches!(alipay.start(&request(rig, out_trade_no, Method::AlipayQr)).await, Started::Pay(_)));
    rig.control("POST", &format!("trades/{out_trade_no}/pay"), None).await;
    receive(&listener, "success").await.body
}

#[tokio::test]
async fn notices_are_believed_only_when_they_are_genuine_and_ours() {
    let rig = Rig::start().await;
    let body = notice(&rig, "n1").await;
    let read = rig.alipay().read_notice(&arrived(&body)).unwrap();
    let NoticeSays::Paid(evidence) = read.says else { panic!("{read:?}") };
    assert_eq!((evidence.out_trade_no.as_str(), evidence.amount), ("n1", cny("9.90")));

    let tampered = String::from_utf8(body.clone()).unwrap().replace("9.90", "0.01").into_bytes();
    assert_eq!(rig.alipay().read_notice(&arrived(&tampered)), Err(NoticeRefusal::Forged));
    assert_eq!(rig.alipay().read_notice(&arrived(b"%%%")), Err(NoticeRefusal::Unreadable));

    for other in [
        rig.alipay_with(|config| config.app_id = "2099".to_owned()),
        rig.alipay_with(|config| config.seller_id = "2088".to_owned()),
    ] {
        let says = other.read_notice(&arrived(&body)).unwrap().says;
        assert_eq!(says, NoticeSays::OtherMerchant { out_trade_no: "n1".to_owned() });
    }
}

/// Fixed keys and certificates: data behind the golden vectors of `wire-pay`.
mod fixed {
    pub const APP: &str = include_str!("../../../../wire/pay/vectors/alipay/app.pem");
    pub const ROOTS: &str = include_str!("../../../../wire/pay/vectors/alipay/roots.pem");
    pub const GATEWAY: &str = include_str!("../../../../wire/pay/vectors/alipay/gateway.pem");
    pub const NEXT: &str = include_str!("../../../../wire/pay/vectors/alipay/gateway-next.pem");
    pub const KEYS: &str = include_str!("../../../../wire/pay/vectors/alipay/keys.json");
}

fn fixed_key(owner: &str) -> PrivateKey {
    let keys: Value = serde_json::from_str(fixed::KEYS).unwrap();
    PrivateKey::parse(keys[owner]["private_pkcs8"].as_str().unwrap()).unwrap()
}

fn certificates(texts: &[&str]) -> Trust {
    let first = |text: &&str| Certificate::parse(text).unwrap();
    let (app, roots) = (first(&fixed::APP), Certificate::parse_bundle(fixed::ROOTS).unwrap());
    Trust::certificates(&app, &roots, &texts.iter().map(first).collect::<Vec<_>>()).unwrap()
}

/// A gateway in certificate mode that signs with the key and the certificate of `owner`.
async fn gateway_in_certificate_mode(owner: &str, gateway: &str) -> Rig {
    Rig::start_with(|config| {
        config.alipay.merchant_key = Some(fixed_key("merchant").public_key().unwrap());
        config.alipay.gateway_key = Some(fixed_key(owner));
        let (app, roots) = (fixed::APP.to_owned(), fixed::ROOTS.to_owned());
        config.alipay.certificates = Some(AlipayCertificates { app, roots, gateway: gateway.to_owned() });
    })
    .await
}

fn client(rig: &Rig, trust: Trust, notify_url: &str) -> Alipay {
    let access = rig.sandbox.access();
    let config = AlipayConfig {
        gateway_url: access.alipay_gateway_url.clone(),
        app_id: access.alipay_app_id.clone(),
        seller_id: access.alipay_seller_id.clone(),
        merchant_key: fixed_key("merchant"),
        trust,
        notify_url: notify_url.to_owned(),
    };
    Alipay::new(config, http(), rig.clock.clone())
}

#[tokio::test]
async fn in_certificate_mode_both_sides_name_their_certificates() {
    let rig = gateway_in_certificate_mode("gateway", fixed::GATEWAY).await;
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let notify_url = format!("http://{}/notify", listener.local_addr().unwrap());
    let alipay = client(&rig, certificates(&[fixed::GATEWAY]), &notify_url);
    let started = alipay.start(&request(&rig, "c1", Method::AlipayQr)).await;
    assert!(matches!(started, Started::Pay(_)), "{started:?}");
    rig.control("POST", "trades/c1/pay", None).await;
    assert!(matches!(alipay.query(&known("c1")).await, PaymentStatus::Paid(_)));
    let notice = receive(&listener, "success").await;
    let read = alipay.read_notice(&arrived(&notice.body)).unwrap();
    assert!(matches!(read.says, NoticeSays::Paid(_)), "{read:?}");
    assert_eq!(alipay.refund(&back("c1", "r1", "9.90")).await, RefundStatus::Done);
    // An application that is set to certificates must name them.
    let by_key = client(&rig, Trust::Key(rig.sandbox.access().alipay_gateway_key.clone()), &notify_url);
    assert_eq!(by_key.query(&known("c1")).await, PaymentStatus::Unknown);
}

#[tokio::test]
async fn a_new_certificate_of_the_gateway_is_believed_once_it_is_known() {
    let rig = gateway_in_certificate_mode("gateway_next", fixed::NEXT).await;
    let nowhere = "http://127.0.0.1:9/notify";
    let old = client(&rig, certificates(&[fixed::GATEWAY]), nowhere);
    assert_eq!(old.start(&request(&rig, "c2", Method::AlipayQr)).await, Started::Unknown);
    assert_eq!(old.query(&known("c2")).await, PaymentStatus::Unknown);
    let both = client(&rig, certificates(&[fixed::GATEWAY, fixed::NEXT]), nowhere);
    assert!(matches!(both.start(&request(&rig, "c2", Method::AlipayQr)).await, Started::Pay(_)));
    assert_eq!(both.query(&known("c2")).await, PaymentStatus::NotExist);
}
