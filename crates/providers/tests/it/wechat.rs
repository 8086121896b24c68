use crate::rig::{Arrived, Rig, cny, receive};
use everline_app::clock::Clock;
use everline_app::ports::{
    ClosedAnswer, NoticeRefusal, NoticeSays, PaymentNotice, PaymentProvider, PaymentRef, PaymentRequest, PaymentStatus,
    RawNotice, RefundRequest, RefundStatus, Started,
};
use everline_core::payment::{Method, Provider};
use everline_core::time::{MINUTE_US, SECOND_US, SystemTime};
use everline_providers::wechat::{ApiV3Key, PrivateKey, Wechat};
use serde_json::{Value, json};
use std::net::{IpAddr, Ipv4Addr};
use tokio::net::TcpListener;

/// 2026-03-01 09:05:07 in Beijing.
const START: SystemTime = SystemTime::from_us(1_772_327_107_000_000);
const HERE: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);

pub async fn rig() -> Rig {
    Rig::start_at(Clock::manual(START, 7), |_| {}).await
}

pub fn request(rig: &Rig, out_trade_no: &str, method: Method) -> PaymentRequest {
    PaymentRequest {
        method,
        out_trade_no: out_trade_no.to_owned(),
        amount: cny("9.90"),
        subject: "手表畅联月包".to_owned(),
        expires_at: rig.clock.now().system.plus_us(15 * MINUTE_US),
        payer_ip: Some(HERE),
        keep_for: None,
        payer: None,
        return_url: "http://localhost:8800/orders/1?a=b&c".to_owned(),
    }
}

pub fn known(out_trade_no: &str) -> PaymentRef {
    PaymentRef { out_trade_no: out_trade_no.to_owned(), reference: None }
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

async fn started(rig: &Rig, wechat: &Wechat, out_trade_no: &str) -> String {
    match wechat.start(&request(rig, out_trade_no, Method::WechatQr)).await {
        Started::Pay(payable) => payable.url,
        other => panic!("{other:?}"),
    }
}

async fn trade(rig: &Rig, out_trade_no: &str) -> Value {
    let trades = rig.control("GET", "trades", None).await;
    trades["trades"].as_array().unwrap().iter().find(|trade| trade["out_trade_no"] == out_trade_no).unwrap().clone()
}

#[tokio::test]
async fn a_code_is_paid_and_the_query_brings_the_evidence() {
    let rig = rig().await;
    let wechat = rig.wechat();
    assert_eq!(wechat.query(&known("wx0001")).await, PaymentStatus::NotExist);
    assert!(started(&rig, &wechat, "wx0001").await.starts_with("weixin://wxpay/"));
    assert_eq!(wechat.query(&known("wx0001")).await, PaymentStatus::Waiting);
    assert_eq!(trade(&rig, "wx0001").await["deadline_us"], START.plus_us(15 * MINUTE_US).us());
    rig.control("POST", "trades/wx0001/pay", None).await;
    let PaymentStatus::Paid(evidence) = wechat.query(&known("wx0001")).await else { panic!("not paid") };
    assert_eq!((evidence.provider, evidence.amount), (Provider::Wechat, cny("9.90")));
    assert_eq!(json!(evidence.trade_no), trade(&rig, "wx0001").await["trade_no"]);
    assert_eq!(wechat.close(&known("wx0001")).await, ClosedAnswer::AlreadyPaid);
    let again = wechat.start(&request(&rig, "wx0001", Method::WechatQr)).await;
    assert_eq!(again, Started::Unknown, "it is paid: surely not refused");
}

#[tokio::test]
async fn a_close_claims_no_more_than_the_query_after_it() {
    let rig = rig().await;
    let wechat = rig.wechat();
    assert_eq!(wechat.close(&known("wx0001")).await, ClosedAnswer::NotExist, "answered 204 all the same");
    started(&rig, &wechat, "wx0001").await;
    rig.spoil("wechat.query", json!("http_500")).await;
    assert_eq!(wechat.close(&known("wx0001")).await, ClosedAnswer::Unknown, "closed, but nothing said so");
    assert_eq!(wechat.close(&known("wx0001")).await, ClosedAnswer::Closed);
    assert_eq!(wechat.query(&known("wx0001")).await, PaymentStatus::Closed);
    let again = wechat.start(&request(&rig, "wx0001", Method::WechatQr)).await;
    assert_eq!(again, Started::Refused("ORDER_CLOSED".to_owned()));
}

#[tokio::test]
async fn an_h5_link_brings_the_payer_back_and_is_given_anew() {
    let rig = rig().await;
    let wechat = rig.wechat();
    let h5 = request(&rig, "wx0001", Method::WechatH5);
    let Started::Pay(first) = wechat.start(&h5).await else { panic!("no link") };
    assert_eq!(first.url_until, Some(START.plus_us(5 * MINUTE_US)));
    assert!(
        first.url.ends_with("&redirect_url=http%3A%2F%2Flocalhost%3A8800%2Forders%2F1%3Fa%3Db%26c"),
        "{}",
        first.url
    );
    let browser = reqwest::Client::builder().no_proxy().build().unwrap();
    let page = browser.get(&first.url).send().await.unwrap();
    assert_eq!(page.status(), 200);
    assert!(page.text().await.unwrap().contains("9.90"));
    rig.clock.pass_us(5 * MINUTE_US + SECOND_US);
    assert_eq!(browser.get(&first.url).send().await.unwrap().status(), 410);
    let Started::Pay(second) = wechat.start(&h5).await else { panic!("no link") };
    assert_eq!(browser.get(&second.url).send().await.unwrap().status(), 200);
    let nowhere = PaymentRequest { payer_ip: None, out_trade_no: "wx0002".to_owned(), ..h5 };
    assert_eq!(wechat.start(&nowhere).await, Started::Refused("payer_ip".to_owned()));
    let trades = rig.control("GET", "trades", None).await;
    assert_eq!(trades["trades"].as_array().unwrap().len(), 1, "nothing was sent");
}

#[tokio::test]
async fn a_refused_order_is_refused_only_if_there_is_none() {
    let rig = rig().await;
    let stranger = rig.wechat_with(|config| config.appid = "wx0000000000000000".to_owned());
    let refused = stranger.start(&request(&rig, "wx0001", Method::WechatQr)).await;
    assert_eq!(refused, Started::Refused("APPID_MCHID_NOT_MATCH".to_owned()));
    started(&rig, &rig.wechat(), "wx0001").await;
    let other = stranger.start(&request(&rig, "wx0001", Method::WechatQr)).await;
    assert_eq!(other, Started::Unknown, "there is one with this number, which can be paid");
    let dearer = PaymentRequest { amount: cny("9.91"), ..request(&rig, "wx0001", Method::WechatQr) };
    assert_eq!(rig.wechat().start(&dearer).await, Started::Unknown);
    for (field, wrong) in [
        ("amount", PaymentRequest { amount: cny("0"), ..request(&rig, "wx0009", Method::WechatQr) }),
        ("method", request(&rig, "wx0009", Method::AlipayQr)),
    ] {
        assert_eq!(rig.wechat().start(&wrong).await, Started::Refused(field.to_owned()));
    }
    let long = PaymentRequest { subject: "流".repeat(300), ..request(&rig, "wx0003", Method::WechatQr) };
    assert!(matches!(rig.wechat().start(&long).await, Started::Pay(_)));
    assert_eq!(trade(&rig, "wx0003").await["subject"], "流".repeat(127));
}

#[tokio::test]
async fn a_refund_is_done_once_under_one_number() {
    let rig = rig().await;
    let wechat = rig.wechat();
    started(&rig, &wechat, "wx0001").await;
    assert_eq!(wechat.refund(&back("wx0001", "r1", "9.90")).await, RefundStatus::Refused, "it is not paid");
    rig.control("POST", "trades/wx0001/pay", None).await;
    rig.spoil("wechat.refund", json!("close_after")).await;
    assert_eq!(wechat.refund(&back("wx0001", "r1", "9.80")).await, RefundStatus::Unknown, "the answer is lost");
    assert_eq!(wechat.refund(&back("wx0001", "r1", "9.80")).await, RefundStatus::Done, "asked again: it was done");
    let by_theirs = RefundRequest {
        trade_no: trade(&rig, "wx0001").await["trade_no"].as_str().unwrap().to_owned(),
        ..back("wx0001", "r2", "0.05")
    };
    assert_eq!(wechat.refund(&by_theirs).await, RefundStatus::Unknown, "accepted, on its way");
    assert_eq!(wechat.refund(&by_theirs).await, RefundStatus::Done);
    assert_eq!(wechat.refund(&back("wx0001", "r3", "0.06")).await, RefundStatus::Refused, "more than was paid");
    // Refused, but under a number that gave money back before.
    assert_eq!(wechat.refund(&back("wx0001", "r2", "0.06")).await, RefundStatus::Done);
    assert_eq!(wechat.refund(&back("wx0009", "r9", "1.00")).await, RefundStatus::Unknown, "no such trade (yet)");
    assert_eq!(trade(&rig, "wx0001").await["refunds"].as_array().unwrap().len(), 2);
}

#[tokio::test]
async fn an_answer_that_cannot_be_believed_is_unknown() {
    let rig = rig().await;
    let wechat = rig.wechat();
    for (n, kind) in
        ["bad_signature", "http_500", "close_after", "close_before", "system_error"].into_iter().enumerate()
    {
        let number = format!("wx000{n}");
        rig.spoil("wechat.prepay", json!(kind)).await;
        let started = wechat.start(&request(&rig, &number, Method::WechatQr)).await;
        assert_eq!(started, Started::Unknown, "prepay, {kind}");
        rig.spoil("wechat.query", json!(kind)).await;
        assert_eq!(wechat.query(&known("wx9999")).await, PaymentStatus::Unknown, "query, {kind}");
        rig.spoil("wechat.close", json!(kind)).await;
        assert_eq!(wechat.close(&known("wx9999")).await, ClosedAnswer::Unknown, "close, {kind}");
        rig.spoil("wechat.refund", json!(kind)).await;
        assert_eq!(wechat.refund(&back("wx9999", "r1", "1.00")).await, RefundStatus::Unknown, "refund, {kind}");
    }
    let other_key = PrivateKey::generate().unwrap();
    let impostor = rig.wechat_with(|config| config.merchant_key = other_key);
    let unsigned = impostor.start(&request(&rig, "wx0010", Method::WechatQr)).await;
    assert_eq!(unsigned, Started::Unknown, "anybody could have written that refusal");
    let deaf = rig.wechat_with(|config| config.gateway_url = "http://127.0.0.1:9".to_owned());
    assert_eq!(deaf.query(&known("wx0001")).await, PaymentStatus::Unknown);
}

#[tokio::test]
async fn certificates_are_fetched_when_they_are_wanted_and_not_more_often() {
    let rig = rig().await;
    rig.control("PUT", "wechat/keys", Some(json!("certificate"))).await;
    let wechat = rig.wechat_with(|config| config.public_keys.clear());
    assert_eq!(wechat.query(&known("wx0001")).await, PaymentStatus::NotExist, "with the first list");
    // It names the key it knows, and is answered with that; the list is not needed.
    rig.control("PUT", "wechat/keys", Some(json!("new_certificate"))).await;
    rig.spoil("wechat.certificates", json!("http_500")).await;
    assert_eq!(wechat.query(&known("wx0001")).await, PaymentStatus::NotExist);

    let unlocked = rig.wechat_with(|config| {
        config.public_keys.clear();
        config.api_v3_key = ApiV3Key::new(&"x".repeat(32)).unwrap();
    });
    rig.control("PUT", "gateway/faults", Some(json!({}))).await;
    assert_eq!(unlocked.query(&known("wx0001")).await, PaymentStatus::Unknown, "the list does not open");
}

/// Pays a trade and returns the notice that the gateway sends.
async fn notice(rig: &Rig, out_trade_no: &str) -> Arrived {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let notify_url = format!("http://{}/notify", listener.local_addr().unwrap());
    let wechat = rig.wechat_with(|config| config.notify_url = notify_url);
    started(rig, &wechat, out_trade_no).await;
    rig.control("POST", &format!("trades/{out_trade_no}/pay"), None).await;
    receive(&listener, "").await
}

fn read(rig: &Rig, wechat: &Wechat, arrived: &Arrived) -> Result<PaymentNotice, NoticeRefusal> {
    let headers = arrived.headers();
    wechat.read_notice(&RawNotice { body: &arrived.body, headers: &headers, at: rig.clock.now().system })
}

#[tokio::test]
async fn notices_are_believed_only_when_they_are_genuine_fresh_and_ours() {
    let rig = rig().await;
    let mut arrived = notice(&rig, "wx0001").await;
    let told = read(&rig, &rig.wechat(), &arrived).unwrap();
    let NoticeSays::Paid(evidence) = told.says else { panic!("{told:?}") };
    assert_eq!((evidence.out_trade_no.as_str(), evidence.amount), ("wx0001", cny("9.90")));
    assert_eq!(evidence.provider, Provider::Wechat);

    for other in [
        rig.wechat_with(|config| config.appid = "wx0".to_owned()),
        rig.wechat_with(|config| config.mchid = "19".to_owned()),
    ] {
        let says = read(&rig, &other, &arrived).unwrap().says;
        assert_eq!(says, NoticeSays::OtherMerchant { out_trade_no: "wx0001".to_owned() });
    }
    let unlocked = rig.wechat_with(|config| config.api_v3_key = ApiV3Key::new(&"x".repeat(32)).unwrap());
    assert_eq!(read(&rig, &unlocked, &arrived), Err(NoticeRefusal::Unreadable));
    let keyless = rig.wechat_with(|config| config.public_keys.clear());
    assert_eq!(read(&rig, &keyless, &arrived), Err(NoticeRefusal::UnknownKey));
    rig.clock.pass_us(301 * SECOND_US);
    assert_eq!(read(&rig, &rig.wechat(), &arrived), Err(NoticeRefusal::Stale));
    rig.clock.jump_us(-602 * SECOND_US);
    assert_eq!(read(&rig, &rig.wechat(), &arrived), Err(NoticeRefusal::Stale));
    rig.clock.jump_us(301 * SECOND_US);
    assert!(read(&rig, &rig.wechat(), &arrived).is_ok());

    // Every byte of the body and every header that counts.
    for at in (0..arrived.body.len()).step_by(37) {
        arrived.body[at] ^= 1;
        assert_eq!(read(&rig, &rig.wechat(), &arrived), Err(NoticeRefusal::Forged), "byte {at}");
        arrived.body[at] ^= 1;
    }
    for (name, wrong, refusal) in [
        ("wechatpay-timestamp", "1772327108", NoticeRefusal::Forged),
        ("wechatpay-timestamp", "soon", NoticeRefusal::Forged),
        ("wechatpay-nonce", "other", NoticeRefusal::Forged),
        ("wechatpay-signature", "AAAA", NoticeRefusal::Forged),
        ("wechatpay-signature", "WECHATPAY/SIGNTEST/AAAA", NoticeRefusal::Forged),
        ("wechatpay-signature", "", NoticeRefusal::Forged),
        ("wechatpay-signature-type", "WECHATPAY2-SM2-WITH-SM3", NoticeRefusal::Forged),
        ("wechatpay-serial", "PUB_KEY_ID_0", NoticeRefusal::UnknownKey),
        ("wechatpay-serial", "5F", NoticeRefusal::UnknownKey),
    ] {
        let mut headers = arrived.headers();
        let header = headers.iter_mut().find(|(known, _)| *known == name).unwrap();
        header.1 = wrong;
        let raw = RawNotice { body: &arrived.body, headers: &headers, at: rig.clock.now().system };
        assert_eq!(rig.wechat().read_notice(&raw), Err(refusal), "{name}: {wrong}");
    }
    let bare = RawNotice { body: &arrived.body, headers: &[], at: rig.clock.now().system };
    assert_eq!(rig.wechat().read_notice(&bare), Err(NoticeRefusal::Forged));
}

#[tokio::test]
async fn a_notice_by_a_new_certificate_is_believed_once_the_gateway_was_asked() {
    let rig = rig().await;
    rig.control("PUT", "wechat/keys", Some(json!("certificate"))).await;
    let wechat = rig.wechat();
    assert_eq!(wechat.query(&known("wx0001")).await, PaymentStatus::NotExist);
    let first = notice(&rig, "wx0001").await;
    assert_eq!(read(&rig, &wechat, &first), Err(NoticeRefusal::UnknownKey));
    assert!(matches!(wechat.query(&known("wx0001")).await, PaymentStatus::Paid(_)));
    assert!(read(&rig, &wechat, &first).is_ok(), "the question brought the list");

    rig.control("PUT", "wechat/keys", Some(json!("new_certificate"))).await;
    let second = notice(&rig, "wx0002").await;
    assert_eq!(read(&rig, &wechat, &second), Err(NoticeRefusal::UnknownKey));
    wechat.query(&known("wx0002")).await;
    assert_eq!(read(&rig, &wechat, &second), Err(NoticeRefusal::UnknownKey), "the last list is too young");
    rig.clock.pass_us(3 * MINUTE_US);
    wechat.query(&known("wx0002")).await;
    assert!(read(&rig, &wechat, &second).is_ok());
    rig.clock.jump_us(-3 * MINUTE_US);
    assert!(read(&rig, &wechat, &first).is_ok(), "the older certificate is still in the list");
}

#[tokio::test]
async fn a_refunds_notice_names_it() {
    let rig = rig().await;
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let notify_url = format!("http://{}/notify", listener.local_addr().unwrap());
    let wechat = rig.wechat_with(|config| config.notify_url = notify_url);
    started(&rig, &wechat, "wx0001").await;
    rig.control("POST", "trades/wx0001/pay", None).await;
    receive(&listener, "").await;
    wechat.refund(&back("wx0001", "r1", "1.00")).await;
    let arrived = receive(&listener, "").await;
    let says = read(&rig, &wechat, &arrived).unwrap().says;
    assert_eq!(says, NoticeSays::RefundMoved { out_request_no: "r1".to_owned() });
    let other = rig.wechat_with(|config| config.mchid = "19".to_owned());
    assert_eq!(read(&rig, &other, &arrived).unwrap().says, NoticeSays::Nothing);
}
