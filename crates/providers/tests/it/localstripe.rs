//! The card client against a stand-in that we did not write; `xtask/scripts/card_client.sh` starts it.

use crate::rig::{cny, http};
use crate::stripe::hooks;
use everline_app::clock::Clock;
use everline_app::ports::{
    NoticeRefusal, NoticeSays, PaymentProvider, PaymentRequest, RawNotice, RefundRequest, RefundStatus, Started,
};
use everline_core::payment::Method;
use everline_core::time::MINUTE_US;
use everline_providers::stripe::{ApiKey, EndpointSecret, Stripe, StripeConfig};
use serde_json::Value;
use tokio::net::TcpListener;

const KEY: &str = "sk_test_local";
const SECRET: &str = "whsec_local";

struct Local {
    url: String,
    http: reqwest::Client,
}

impl Local {
    async fn call(&self, path: &str, form: Option<&str>) -> Value {
        let url = format!("{}{path}", self.url);
        let request = match form {
            Some(form) => {
                let kind = "application/x-www-form-urlencoded";
                self.http.post(url).header("content-type", kind).body(form.to_owned())
            }
            None => self.http.get(url),
        };
        let response = request.bearer_auth(KEY).send().await.unwrap();
        let (status, text) = (response.status(), response.text().await.unwrap());
        assert!(status.is_success(), "{path}: {status} {text}");
        serde_json::from_str(&text).unwrap_or_default()
    }

    /// A payment of 9.90 that succeeded; its id.
    async fn paid(&self) -> String {
        let card = "type=card&card[number]=4242424242424242&card[exp_month]=12&card[exp_year]=2040&card[cvc]=123";
        let card = self.call("/v1/payment_methods", Some(card)).await;
        let card = card["id"].as_str().unwrap();
        let pay = format!("amount=990&currency=cny&confirm=true&metadata[out_trade_no]=t1&payment_method={card}");
        let intent = self.call("/v1/payment_intents", Some(&pay)).await;
        assert_eq!(intent["status"], "succeeded", "{intent}");
        intent["id"].as_str().unwrap().to_owned()
    }
}

#[tokio::test]
#[ignore = "needs localstripe: bash xtask/scripts/card_client.sh"]
async fn refunds_and_signed_events_of_localstripe_are_understood() {
    let url = std::env::var("EVERLINE_LOCALSTRIPE").expect("EVERLINE_LOCALSTRIPE says where localstripe is");
    let config = StripeConfig {
        api_url: url.clone(),
        api_key: ApiKey::parse(KEY).unwrap(),
        webhook_secrets: vec![EndpointSecret::parse(SECRET).unwrap()],
        livemode: false,
        return_url: "http://portal.test".to_owned(),
    };
    let (stripe, clock) = (Stripe::new(config.clone(), http()), Clock::machine());
    let local = Local { url, http: reqwest::Client::builder().no_proxy().build().unwrap() };
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let endpoint = format!("url=http://{}/notify/stripe&secret={SECRET}", listener.local_addr().unwrap());
    local.call("/_config/webhooks/everline", Some(&endpoint)).await;

    local.call("/v1/customers", Some("email=a@example.com")).await;
    let trade_no = local.paid().await;
    let told = hooks(&listener, &["customer.created", "payment_intent.succeeded"]).await;
    let read = |stripe: &Stripe, n: usize| {
        let headers = [("stripe-signature", told[n].signature.as_str())];
        stripe.read_notice(&RawNotice { body: &told[n].body, headers: &headers, at: clock.now().system })
    };
    assert_eq!(read(&stripe, 0).unwrap().says, NoticeSays::Nothing, "signed by another hand, and none of ours");
    assert_eq!(read(&stripe, 1), Err(NoticeRefusal::Unreadable), "what was received is missing in it");
    let other = StripeConfig { webhook_secrets: vec![EndpointSecret::parse("whsec_other").unwrap()], ..config };
    assert_eq!(read(&Stripe::new(other, http()), 0), Err(NoticeRefusal::Forged));

    let back = |out_request_no: &str, trade_no: &str, amount: &str| RefundRequest {
        out_trade_no: "t1".to_owned(),
        trade_no: trade_no.to_owned(),
        out_request_no: out_request_no.to_owned(),
        amount: cny(amount),
        received: cny("9.90"),
    };
    for _ in 0..3 {
        // No key is heeded here, as by Stripe after a day: what makes it one refund is that it is looked for.
        assert_eq!(stripe.refund(&back("r1", &trade_no, "4.00")).await, RefundStatus::Done);
    }
    assert_eq!(stripe.refund(&back("r2", &trade_no, "5.90")).await, RefundStatus::Done);
    assert_eq!(stripe.refund(&back("r3", "pi_none", "1.00")).await, RefundStatus::Unknown);
    let listed = local.call(&format!("/v1/refunds?payment_intent={trade_no}"), None).await;
    let mut amounts: Vec<_> = listed["data"].as_array().unwrap().iter().map(|one| one["amount"].as_i64()).collect();
    amounts.sort_unstable();
    assert_eq!(amounts, [Some(400), Some(590)], "{listed}");

    let request = PaymentRequest {
        method: Method::Card,
        out_trade_no: "t2".to_owned(),
        amount: cny("9.90"),
        subject: "x".to_owned(),
        expires_at: clock.now().system.plus_us(15 * MINUTE_US),
        payer_ip: None,
        keep_for: None,
        payer: None,
        return_url: "http://localhost:8800/orders/1".to_owned(),
    };
    assert_eq!(
        stripe.start(&request).await,
        Started::Unknown,
        "it has no sessions, and says so in no words of the API"
    );
}
