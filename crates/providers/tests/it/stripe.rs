use crate::rig::{Rig, cny, http};
use everline_app::ports::{
    ClosedAnswer, NoticeRefusal, NoticeSays, PaymentProvider, PaymentRef, PaymentRequest, PaymentStatus, RawNotice,
    RefundRequest, RefundStatus, Started,
};
use everline_core::money::{Currency, Money};
use everline_core::payment::{Evidence, Method, Provider};
use everline_core::time::{MINUTE_US, SystemTime};
use everline_providers::stripe::{ApiKey, EndpointSecret, Stripe, StripeConfig};
use serde_json::{Value, json};
use std::collections::VecDeque;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

impl Rig {
    pub fn stripe(&self) -> Stripe {
        self.stripe_with(|_| {})
    }

    fn stripe_with(&self, change: impl FnOnce(&mut StripeConfig)) -> Stripe {
        let access = self.sandbox.access();
        let mut config = StripeConfig {
            api_url: access.cards_api_url.clone(),
            api_key: ApiKey::parse(&access.cards_api_key).unwrap(),
            webhook_secrets: vec![EndpointSecret::parse(&access.cards_webhook_secret).unwrap()],
            livemode: false,
            return_url: "http://portal.test".to_owned(),
        };
        change(&mut config);
        Stripe::new(config, http())
    }

    /// An attempt that ends in a quarter of an hour, as most do: sooner than a session may.
    pub fn card(&self, out_trade_no: &str) -> PaymentRequest {
        PaymentRequest {
            method: Method::Card,
            out_trade_no: out_trade_no.to_owned(),
            amount: cny("9.90"),
            subject: "手表畅联月包 & more".to_owned(),
            expires_at: self.clock.now().system.plus_us(15 * MINUTE_US),
            payer_ip: None,
            keep_for: None,
            payer: None,
            return_url: "http://localhost:8800/orders/1".to_owned(),
        }
    }

    pub async fn payer(&self, out_trade_no: &str, action: &str) {
        self.control("POST", &format!("cards/{out_trade_no}/{action}"), None).await;
    }
}

async fn started(rig: &Rig, out_trade_no: &str) -> PaymentRef {
    match rig.stripe().start(&rig.card(out_trade_no)).await {
        Started::Pay(payable) => {
            assert_eq!(payable.url_until, None);
            PaymentRef { out_trade_no: out_trade_no.to_owned(), reference: payable.reference }
        }
        other => panic!("{other:?}"),
    }
}

async fn paid(rig: &Rig, out_trade_no: &str) -> (PaymentRef, Evidence) {
    let payment = started(rig, out_trade_no).await;
    rig.payer(out_trade_no, "pay").await;
    let PaymentStatus::Paid(evidence) = rig.stripe().query(&payment).await else { panic!("not paid") };
    (payment, evidence)
}

fn back(evidence: &Evidence, out_request_no: &str, amount: &str) -> RefundRequest {
    RefundRequest {
        out_trade_no: evidence.out_trade_no.clone(),
        trade_no: evidence.trade_no.clone(),
        out_request_no: out_request_no.to_owned(),
        amount: cny(amount),
        received: cny("9.90"),
    }
}

#[tokio::test]
async fn a_payer_goes_to_the_page_is_declined_asked_by_the_bank_and_pays() {
    let rig = Rig::start().await;
    let stripe = rig.stripe();
    let payment = started(&rig, "t1").await;
    assert_eq!(stripe.query(&payment).await, PaymentStatus::Waiting, "nobody sent a card");
    rig.payer("t1", "decline").await;
    assert_eq!(stripe.query(&payment).await, PaymentStatus::Waiting, "declined: another card may follow");
    rig.payer("t1", "challenge").await;
    assert_eq!(stripe.query(&payment).await, PaymentStatus::Waiting, "the bank asks");
    rig.payer("t1", "pay").await;
    let PaymentStatus::Paid(evidence) = stripe.query(&payment).await else { panic!("not paid") };
    assert_eq!((evidence.provider, evidence.out_trade_no.as_str()), (Provider::Stripe, "t1"));
    assert_eq!(evidence.amount, cny("9.90"));
    assert!(evidence.trade_no.starts_with("pi_"), "{}", evidence.trade_no);
    assert_eq!(stripe.close(&payment).await, ClosedAnswer::AlreadyPaid);
}

#[tokio::test]
async fn the_same_attempt_started_again_is_the_same_page() {
    let rig = Rig::start().await;
    let stripe = rig.stripe();
    let request = rig.card("t2");
    let first = stripe.start(&request).await;
    assert!(matches!(first, Started::Pay(_)));
    assert_eq!(stripe.start(&request).await, first);
    let other = PaymentRequest { amount: cny("9.91"), ..request.clone() };
    assert_eq!(stripe.start(&other).await, Started::Unknown, "other content under the same number");
    rig.spoil("stripe.checkout.create", json!("close_after")).await;
    let lost = rig.card("t3");
    assert_eq!(stripe.start(&lost).await, Started::Unknown);
    assert!(matches!(stripe.start(&lost).await, Started::Pay(_)));
    let listed = rig.control("GET", "cards", None).await;
    assert_eq!(listed["sessions"].as_array().unwrap().len(), 2, "{listed}");
}

#[tokio::test]
async fn what_stripe_cannot_take_is_refused_before_it_is_asked() {
    let rig = Rig::start().await;
    let stripe = rig.stripe();
    let half_a_fen = Money::from_micros(9_905_000, Currency::CNY);
    let usd = Money::parse("9.90", "USD".parse().unwrap()).unwrap();
    for (request, refused) in [
        (PaymentRequest { method: Method::AlipayQr, ..rig.card("x1") }, "method"),
        (PaymentRequest { amount: half_a_fen, ..rig.card("x2") }, "amount"),
        (PaymentRequest { amount: cny("0.00"), ..rig.card("x3") }, "amount"),
        (PaymentRequest { return_url: "/orders".to_owned(), ..rig.card("x4") }, "success_url is malformed"),
        (PaymentRequest { subject: String::new(), ..rig.card("x5") }, "is empty"),
        (PaymentRequest { out_trade_no: "x/6".to_owned(), ..rig.card("") }, "client_reference_id is malformed"),
    ] {
        let Started::Refused(why) = stripe.start(&request).await else { panic!("{request:?}") };
        assert!(why.contains(refused), "{why}");
    }
    let long_ago = PaymentRequest { expires_at: SystemTime::from_us(0), ..rig.card("x7") };
    assert!(matches!(stripe.start(&long_ago).await, Started::Refused(_)), "an end that the gateway refuses");
    let stranger = rig.stripe_with(|config| config.api_key = ApiKey::parse("sk_test_other").unwrap());
    assert!(matches!(stranger.start(&rig.card("x8")).await, Started::Refused(_)), "a key that is not known");
    assert!(matches!(stripe.start(&PaymentRequest { amount: usd, ..rig.card("u1") }).await, Started::Pay(_)));
    let listed = rig.control("GET", "cards", None).await;
    assert_eq!(listed["sessions"][0]["amount_minor"], 990);
    assert_eq!(listed["sessions"].as_array().unwrap().len(), 1, "{listed}");
}

#[tokio::test]
async fn a_closed_session_says_so_and_one_without_address_is_none() {
    let rig = Rig::start().await;
    let stripe = rig.stripe();
    let payment = started(&rig, "t4").await;
    assert_eq!(stripe.close(&payment).await, ClosedAnswer::Closed);
    assert_eq!(stripe.close(&payment).await, ClosedAnswer::Closed, "again");
    assert_eq!(stripe.query(&payment).await, PaymentStatus::Closed);
    let no_address = PaymentRef { out_trade_no: "t5".to_owned(), reference: None };
    assert_eq!(stripe.query(&no_address).await, PaymentStatus::NotExist);
    assert_eq!(stripe.close(&no_address).await, ClosedAnswer::NotExist);
    let another = PaymentRef { out_trade_no: "t5".to_owned(), ..payment };
    assert_eq!(stripe.query(&another).await, PaymentStatus::Unknown, "a session of another attempt");
    let nowhere = PaymentRef { reference: Some("cs_test_none".to_owned()), ..no_address };
    assert_eq!(stripe.query(&nowhere).await, PaymentStatus::Unknown);
    assert_eq!(stripe.close(&nowhere).await, ClosedAnswer::Unknown);
}

#[tokio::test]
async fn a_refund_is_made_once_under_one_number_and_followed_to_its_end() {
    let rig = Rig::start().await;
    let stripe = rig.stripe();
    let (_, evidence) = paid(&rig, "t6").await;
    assert_eq!(stripe.find_refund(&back(&evidence, "r1", "1.90")).await, None, "looking makes none");
    assert_eq!(stripe.refund(&back(&evidence, "r1", "1.90")).await, RefundStatus::Done);
    assert_eq!(stripe.find_refund(&back(&evidence, "r1", "1.90")).await, Some(RefundStatus::Done));
    assert_eq!(stripe.refund(&back(&evidence, "r1", "1.90")).await, RefundStatus::Done, "asked again: it was done");
    rig.spoil("stripe.refund.create", json!("close_after")).await;
    assert_eq!(stripe.refund(&back(&evidence, "r2", "1.00")).await, RefundStatus::Unknown);
    assert_eq!(stripe.refund(&back(&evidence, "r2", "1.00")).await, RefundStatus::Done, "found");
    rig.control("PUT", "cards/refunds-end", Some(json!("pending"))).await;
    assert_eq!(stripe.refund(&back(&evidence, "r3", "2.00")).await, RefundStatus::Unknown);
    assert_eq!(stripe.refund(&back(&evidence, "r3", "2.00")).await, RefundStatus::Unknown, "still under way");
    rig.payer("t6", "settle-refunds").await;
    assert_eq!(stripe.refund(&back(&evidence, "r3", "2.00")).await, RefundStatus::Done);
    rig.control("PUT", "cards/refunds-end", Some(json!("failed"))).await;
    assert_eq!(stripe.refund(&back(&evidence, "r4", "5.00")).await, RefundStatus::Refused, "it came back");
    assert_eq!(stripe.refund(&back(&evidence, "r5", "5.01")).await, RefundStatus::Refused, "more than is left");
    let nothing = RefundRequest { trade_no: "pi_none".to_owned(), ..back(&evidence, "r6", "1.00") };
    assert_eq!(stripe.refund(&nothing).await, RefundStatus::Unknown, "no such payment in this account");
    let stranger = rig.stripe_with(|config| config.api_key = ApiKey::parse("sk_test_other").unwrap());
    assert_eq!(stranger.refund(&back(&evidence, "r7", "1.00")).await, RefundStatus::Unknown, "a key can be replaced");
    let listed = rig.control("GET", "cards", None).await;
    let amounts = listed["sessions"][0]["refunds"].as_array().unwrap().iter().map(|one| one["amount_minor"].as_i64());
    assert_eq!(amounts.flatten().collect::<Vec<_>>(), [190, 100, 200, 500]);
}

#[tokio::test]
async fn an_answer_that_cannot_be_believed_is_unknown() {
    let rig = Rig::start().await;
    let stripe = rig.stripe();
    let (payment, evidence) = paid(&rig, "u").await;
    for (n, kind) in
        ["bad_signature", "http_500", "close_after", "close_before", "system_error"].into_iter().enumerate()
    {
        rig.spoil("stripe.checkout.create", json!(kind)).await;
        assert_eq!(stripe.start(&rig.card(&format!("u{n}"))).await, Started::Unknown, "start, {kind}");
        rig.spoil("stripe.checkout.get", json!(kind)).await;
        assert_eq!(stripe.query(&payment).await, PaymentStatus::Unknown, "query, {kind}");
        rig.spoil("stripe.refund.list", json!(kind)).await;
        let asked = stripe.refund(&back(&evidence, "r1", "1.00")).await;
        assert_eq!(asked, RefundStatus::Unknown, "refunds cannot be seen: none is made, {kind}");
        rig.spoil("stripe.refund.list", json!(kind)).await;
        let found = stripe.find_refund(&back(&evidence, "r1", "1.00")).await;
        assert_eq!(found, Some(RefundStatus::Unknown), "{kind}");
    }
    let listed = rig.control("GET", "cards", None).await;
    let of = |list: &Value, n: usize| list["sessions"][n]["refunds"].as_array().unwrap().len();
    let sessions = listed["sessions"].as_array().unwrap().len();
    assert_eq!(of(&listed, sessions - 1), 0, "{listed}");
    rig.spoil("stripe.checkout.get", json!({ "slow": 5_000 })).await;
    assert_eq!(stripe.query(&payment).await, PaymentStatus::Unknown, "no answer in time");
    for kind in ["http_500", "close_before"] {
        rig.spoil("stripe.checkout.expire", json!(kind)).await;
        let open = started(&rig, &format!("c-{kind}").replace('_', "-")).await;
        assert_eq!(stripe.close(&open).await, ClosedAnswer::Unknown, "close, {kind}");
        assert_eq!(stripe.close(&open).await, ClosedAnswer::Closed);
    }
}

/// A webhook as it arrived.
pub struct Hook {
    pub signature: String,
    pub body: Vec<u8>,
}

async fn hook(stream: &mut TcpStream) -> Hook {
    let mut bytes = Vec::new();
    loop {
        assert!(stream.read_buf(&mut bytes).await.unwrap() > 0, "the gateway hung up");
        let text = String::from_utf8_lossy(&bytes).into_owned();
        let Some((head, _)) = text.split_once("\r\n\r\n") else { continue };
        let header = |name: &str| {
            let found = head.lines().filter_map(|line| line.split_once(':'));
            found.into_iter().find(|(known, _)| known.eq_ignore_ascii_case(name)).unwrap().1.trim().to_owned()
        };
        if bytes.len() == head.len() + 4 + header("content-length").parse::<usize>().unwrap() {
            stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n").await.unwrap();
            return Hook { signature: header("stripe-signature"), body: bytes.split_off(head.len() + 4) };
        }
    }
}

/// Takes webhooks until each of these types came, and gives them in this order.
pub async fn hooks(listener: &TcpListener, kinds: &[&str]) -> Vec<Hook> {
    let mut found: Vec<Option<Hook>> = kinds.iter().map(|_| None).collect();
    let mut streams = VecDeque::new();
    while found.iter().any(Option::is_none) {
        let (mut stream, _) = listener.accept().await.unwrap();
        let hook = hook(&mut stream).await;
        streams.push_back(stream);
        let event: Value = serde_json::from_slice(&hook.body).unwrap();
        if let Some(at) = kinds.iter().position(|kind| event["type"] == *kind) {
            found[at] = Some(hook);
        }
    }
    found.into_iter().flatten().collect()
}

#[tokio::test]
async fn events_are_believed_only_when_they_are_genuine_fresh_and_ours() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/notify/stripe", listener.local_addr().unwrap());
    let rig = Rig::start_with(|config| config.cards.webhook_url = Some(url)).await;
    let stripe = rig.stripe();
    started(&rig, "n1").await;
    rig.payer("n1", "pay").await;
    let paid = hooks(&listener, &["checkout.session.completed", "payment_intent.succeeded"]).await;
    let now = rig.clock.now().system;
    let read = |stripe: &Stripe, hook: &Hook, at: SystemTime| {
        let headers = [("stripe-signature", hook.signature.as_str())];
        stripe.read_notice(&RawNotice { body: &hook.body, headers: &headers, at })
    };
    let mut told = Vec::new();
    for hook in &paid {
        let notice = read(&stripe, hook, now).unwrap();
        let NoticeSays::Paid(evidence) = notice.says else { panic!("{notice:?}") };
        assert_eq!((evidence.out_trade_no.as_str(), evidence.amount), ("n1", cny("9.90")));
        told.push(evidence);
    }
    assert_eq!(told[0], told[1], "the session and the payment say the same");

    let hook = &paid[0];
    let twice = rig.stripe_with(|config| {
        config.webhook_secrets.insert(0, EndpointSecret::parse("whsec_the_new_one").unwrap());
    });
    assert!(matches!(read(&twice, hook, now).unwrap().says, NoticeSays::Paid(_)), "one of two secrets");
    let other = rig.stripe_with(|config| config.webhook_secrets = vec![EndpointSecret::parse("whsec_other").unwrap()]);
    assert_eq!(read(&other, hook, now), Err(NoticeRefusal::Forged));
    assert_eq!(read(&stripe, hook, now.plus_us(6 * MINUTE_US)), Err(NoticeRefusal::Stale));
    let unsigned = RawNotice { body: &hook.body, headers: &[], at: now };
    assert_eq!(stripe.read_notice(&unsigned), Err(NoticeRefusal::Forged));
    let tampered = String::from_utf8(hook.body.clone()).unwrap().replace("990", "1").into_bytes();
    let tampered = Hook { signature: hook.signature.clone(), body: tampered };
    assert_eq!(read(&stripe, &tampered, now), Err(NoticeRefusal::Forged));
    let secret = EndpointSecret::parse(&rig.sandbox.access().cards_webhook_secret).unwrap();
    let signed = |body: Value| {
        let body = body.to_string().into_bytes();
        Hook { signature: secret.sign(&body, now.us() / 1_000_000), body }
    };
    assert_eq!(read(&stripe, &signed(json!({ "type": 1 })), now), Err(NoticeRefusal::Unreadable));
    let dispute = json!({ "id": "evt_1", "object": "event", "type": "customer.created", "created": 1,
        "livemode": false, "data": { "object": {} } });
    assert_eq!(read(&stripe, &signed(dispute), now).unwrap().says, NoticeSays::Nothing);

    // Which card was used, taken or declined.
    started(&rig, "n2").await;
    rig.payer("n2", "decline").await;
    rig.payer("n2", "pay").await;
    let used = hooks(&listener, &["charge.failed", "charge.succeeded"]).await;
    for hook in &used {
        let NoticeSays::CardUsed { out_trade_no, fingerprint } = read(&stripe, hook, now).unwrap().says else {
            panic!("no use of a card")
        };
        assert_eq!((out_trade_no.as_str(), fingerprint.as_str()), ("n2", "sandbox"));
    }
    let unnamed = String::from_utf8(used[0].body.clone()).unwrap().replace("out_trade_no", "theirs");
    let unnamed = signed(serde_json::from_str(&unnamed).unwrap());
    assert_eq!(read(&stripe, &unnamed, now).unwrap().says, NoticeSays::Nothing, "none of ours");

    let live = rig.stripe_with(|config| config.livemode = true);
    assert_eq!(read(&live, &used[0], now).unwrap().says, NoticeSays::Nothing);
    let says = read(&live, hook, now).unwrap().says;
    assert_eq!(says, NoticeSays::OtherMerchant { out_trade_no: "n1".to_owned() });

    rig.control("PUT", "cards/refunds-end", Some(json!("pending"))).await;
    assert_eq!(stripe.refund(&back(&told[0], "r1", "9.90")).await, RefundStatus::Unknown);
    rig.payer("n1", "settle-refunds").await;
    let moved = hooks(&listener, &["charge.refunded", "refund.updated"]).await;
    assert_eq!(read(&stripe, &moved[0], now).unwrap().says, NoticeSays::Nothing);
    let says = read(&stripe, &moved[1], now).unwrap().says;
    assert_eq!(says, NoticeSays::RefundMoved { out_request_no: "r1".to_owned() });
}
