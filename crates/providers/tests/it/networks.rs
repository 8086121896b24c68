use crate::rig::{Rig, http};
use everline_app::ports::{
    FloatAnswer, KeyFor, Network, NetworkChange, NetworkReply, NetworkWhat, PaymentProvider, Probed,
};
use everline_core::effects::NetworkAction;
use everline_core::identifiers::{Iccid, Msisdn};
use everline_core::ids::{RawId, SessionId};
use everline_core::money::{Currency, Money};
use everline_providers::network::{BuiltIn, Upstream};
use serde_json::json;

fn activation(request_id: &str, repeated: bool) -> NetworkChange {
    NetworkChange {
        request_id: request_id.to_owned(),
        repeated,
        msisdn: Msisdn::parse("17280005678").unwrap(),
        what: NetworkWhat::Activate {
            iccid: Iccid::parse("89861126000000000001").unwrap(),
            plan_code: "TH-10G-7D".to_owned(),
        },
    }
}

fn upstream(rig: &Rig) -> Upstream {
    Upstream::new(http(), rig.sandbox.access().upstream_url.clone(), rig.sandbox.access().upstream_token.clone())
}

#[tokio::test]
async fn what_the_other_operator_holds_is_what_it_says() {
    let rig = Rig::start().await;
    let upstream = upstream(&rig);
    let says = async |balance: serde_json::Value| {
        rig.control("PUT", "upstream/balance", Some(balance)).await;
        upstream.float().await
    };
    let cny = |micros| FloatAnswer::Left(Money::from_micros(micros, Currency::CNY));
    assert_eq!(says(json!({"balance": "1234.5", "currency": "CNY"})).await, cny(1_234_500_000));
    assert_eq!(says(json!({"balance": "-0.01", "currency": "CNY"})).await, cny(-10_000));
    assert_eq!(says(json!({"balance": null, "currency": "CNY"})).await, FloatAnswer::NotOffered);
    for (balance, currency) in
        [("1e3", "CNY"), ("--1", "CNY"), ("", "CNY"), ("1", "XYZ"), ("99999999999999999999", "CNY")]
    {
        let answer = says(json!({"balance": balance, "currency": currency})).await;
        assert_eq!(answer, FloatAnswer::Unknown, "{balance} {currency}");
    }
    rig.control("PUT", "upstream/modes", Some(json!({"next": [], "standing": "unavailable"}))).await;
    assert_eq!(upstream.float().await, FloatAnswer::Unknown);
    let stranger = Upstream::new(http(), rig.sandbox.access().upstream_url.clone(), "another".to_owned());
    assert_eq!(stranger.float().await, FloatAnswer::Unknown);
}

#[tokio::test]
async fn an_activation_is_asked_for_once_and_asked_about_after() {
    let rig = Rig::start().await;
    let upstream = upstream(&rig);
    let modes = json!({ "next": ["accept", { "refuse": "no such plan" }, "submitted", "lose_answer", "unavailable"], "standing": "accept" });
    rig.control("PUT", "upstream/modes", Some(modes)).await;
    assert_eq!(upstream.apply(&activation("a1", false)).await, NetworkReply::Done);
    assert_eq!(upstream.apply(&activation("a2", false)).await, NetworkReply::Refused);
    assert_eq!(upstream.apply(&activation("a3", false)).await, NetworkReply::Submitted);
    assert_eq!(upstream.apply(&activation("a3", true)).await, NetworkReply::Submitted, "submitted is not done");
    rig.control("POST", "upstream/activations/a3/confirm", None).await;
    assert_eq!(upstream.apply(&activation("a3", true)).await, NetworkReply::Done);
    assert_eq!(upstream.apply(&activation("a4", false)).await, NetworkReply::Unknown, "the answer was lost");
    assert_eq!(upstream.apply(&activation("a4", true)).await, NetworkReply::Done, "and found by asking");
    assert_eq!(upstream.apply(&activation("a5", false)).await, NetworkReply::Unknown);
    assert_eq!(upstream.apply(&activation("a5", true)).await, NetworkReply::Done, "unknown there: asked for again");
    let listed = rig.control("GET", "upstream/activations", None).await;
    assert_eq!(listed["activations"].as_array().unwrap().len(), 5, "each was carried out once: {listed}");
}

#[tokio::test]
async fn only_addresses_of_the_network_are_called() {
    let built_in = BuiltIn::new(http(), "http://127.0.0.1:4000".to_owned(), String::new());
    for url in ["http://127.0.0.1:4000", "http://127.0.0.1:4000/devices/1"] {
        assert!(built_in.may_call(url), "{url}");
    }
    for url in [
        "http://127.0.0.1:40001/",
        "http://127.0.0.1:4000@evil.example/",
        "http://10.0.0.1/",
        "https://127.0.0.1:4000/",
        "",
    ] {
        assert!(!built_in.may_call(url), "{url}");
    }
    let session = SessionId(RawId::new_v7(1, [1; 10]));
    let what =
        NetworkWhat::Session { session, notify_url: "http://127.0.0.1:9/".to_owned(), action: NetworkAction::Redirect };
    let change = NetworkChange {
        request_id: "r".to_owned(),
        repeated: false,
        msisdn: Msisdn::parse("17280005678").unwrap(),
        what,
    };
    assert_eq!(built_in.apply(&change).await, NetworkReply::Unknown);
}

#[tokio::test]
async fn networks_say_that_they_are_there_and_change_nothing() {
    let rig = Rig::start().await;
    let access = rig.sandbox.access();
    assert_eq!(upstream(&rig).probe().await, Probed::Fine);
    let listed = rig.control("GET", "upstream/activations", None).await;
    assert_eq!(listed["activations"].as_array().unwrap().len(), 0, "nothing was asked for");
    let stranger = Upstream::new(http(), access.upstream_url.clone(), "another".to_owned());
    assert_eq!(stranger.probe().await, Probed::failed("not_let_in"));
    let devices = format!("http://{}", rig.sandbox.addresses().devices);
    let built_in = BuiltIn::new(http(), devices.clone(), access.device_token.clone());
    assert_eq!(built_in.probe().await, Probed::Fine);
    let nowhere = BuiltIn::new(http(), "http://127.0.0.1:1".to_owned(), String::new());
    assert_eq!(nowhere.probe().await, Probed::failed("no_answer"));
}

#[tokio::test]
async fn payment_providers_say_that_they_are_there_and_who_they_do_not_know() {
    let rig = Rig::start().await;
    assert_eq!(rig.alipay().probe().await, Probed::Fine);
    assert_eq!(rig.stripe().probe().await, Probed::Fine);
    let wechat = rig.wechat();
    assert_eq!(wechat.probe().await, Probed::Fine);
    let keys = wechat.keys();
    assert!(!keys.is_empty() && keys.iter().all(|key| key.key_for == KeyFor::WechatTheirs), "{keys:?}");
    let stranger = rig.alipay_with(|config| config.app_id = "2021000000000000".to_owned());
    assert_eq!(stranger.probe().await, Probed::failed("no_answer"), "what it says is not believed");
}
