//! Parsers never panic, and nothing that was changed is taken for what was signed. Seeded: every run tries the same.

use super::{api_key, keys, objects, received};
use crate::{load, seeded::Seeded, text};
use serde_json::Value;
use wire_pay::stripe::{
    Asked, BalanceTransaction, Charge, CheckoutSession, Currency, Customer, Dispute, EndpointSecret, Event, Object,
    Page, PaymentIntent, PaymentMethod, Payout, Received, Refund, Reply, SetupIntent, WebhookError, read_reply,
};

#[test]
fn a_changed_webhook_never_verifies() {
    let secret = [EndpointSecret::parse(text(&keys(), "endpoint_secret")).unwrap()];
    let cases = load(include_str!("../../../vectors/stripe/webhooks.json"));
    let mut seeded = Seeded(0x5eed_0101);
    let mut refused = 0;
    for case in cases.as_array().unwrap().iter().filter(|case| case["name"] == "paid" || case["name"] == "one line") {
        let (body, header, now) = (text(case, "body"), text(case, "header"), case["now_unix_s"].as_i64().unwrap());
        let original = Event::verify(body.as_bytes(), header, &secret, now).unwrap();
        for _ in 0..4_000 {
            let changed = seeded.mutate(body.as_bytes());
            match Event::verify(&changed, header, &secret, now) {
                Ok(_) => assert_eq!(changed, body.as_bytes()),
                Err(error) => {
                    refused += 1;
                    assert_eq!(error, WebhookError::BadSignature);
                }
            }
            let changed = String::from_utf8_lossy(&seeded.mutate(header.as_bytes())).into_owned();
            if let Ok(event) = Event::verify(body.as_bytes(), &changed, &secret, now) {
                assert_eq!(event, original);
            } else {
                refused += 1;
            }
        }
    }
    assert!(refused > 12_000, "{refused}");
}

#[test]
fn a_signed_event_of_any_form_is_read_or_refused() {
    let secret = [EndpointSecret::parse(text(&keys(), "endpoint_secret")).unwrap()];
    let mut seeded = Seeded(0x5eed_0102);
    let mut accepted = 0;
    for event in objects::events() {
        let body = event.to_body();
        for _ in 0..500 {
            let changed = seeded.mutate(body.as_bytes());
            let header = secret[0].sign(&changed, 1_772_327_107);
            accepted += usize::from(Event::verify(&changed, &header, &secret, 1_772_327_107).is_ok());
        }
    }
    assert!(accepted > 100, "{accepted}");
}

/// Reads mutated texts of an object; whatever is accepted reads the same after it was written.
fn shake<T: Object + PartialEq + std::fmt::Debug>(seeded: &mut Seeded, object: &Value) -> usize {
    let body = object.to_string();
    let mut accepted = 0;
    for _ in 0..400 {
        let changed = seeded.mutate(body.as_bytes());
        if let Ok(Reply::Done(read)) = read_reply::<T>(200, &changed) {
            accepted += 1;
            let written = read.to_json().to_string();
            assert_eq!(read_reply::<T>(200, written.as_bytes()), Ok(Reply::Done(read)));
        }
        let list =
            format!("{{\"object\":\"list\",\"has_more\":true,\"data\":[{}]}}", String::from_utf8_lossy(&changed));
        let _ = Page::<T>::read_reply(200, list.as_bytes());
        let error =
            format!("{{\"error\":{{\"type\":\"x\",\"payment_intent\":{}}}}}", String::from_utf8_lossy(&changed));
        let _ = read_reply::<T>(402, error.as_bytes());
    }
    accepted
}

#[test]
fn readers_of_answers_never_panic() {
    let mut seeded = Seeded(0x5eed_0103);
    let mut read = |kind: &str, object: &Value| match kind {
        "checkout.session" => shake::<CheckoutSession>(&mut seeded, object),
        "payment_intent" => shake::<PaymentIntent>(&mut seeded, object),
        "setup_intent" => shake::<SetupIntent>(&mut seeded, object),
        "payment_method" => shake::<PaymentMethod>(&mut seeded, object),
        "charge" => shake::<Charge>(&mut seeded, object),
        "refund" => shake::<Refund>(&mut seeded, object),
        "dispute" => shake::<Dispute>(&mut seeded, object),
        "balance_transaction" => shake::<BalanceTransaction>(&mut seeded, object),
        "payout" => shake::<Payout>(&mut seeded, object),
        "customer" => shake::<Customer>(&mut seeded, object),
        other => panic!("{other}"),
    };
    for object in objects::answers() {
        let accepted = read(text(&object, "object"), &object);
        assert!(accepted > 0, "{object}");
    }
}

#[test]
fn readers_of_requests_never_panic_and_what_they_accept_is_sent_the_same() {
    let (cases, key) = (load(include_str!("../../../vectors/stripe/requests.npm.json")), api_key());
    let mut seeded = Seeded(0x5eed_0104);
    let (mut accepted, mut refused) = (0, 0);
    for sent in cases.as_array().unwrap() {
        let original = received(sent);
        for _ in 0..600 {
            let target = seeded.mutate(original.target.as_bytes());
            let target = String::from_utf8_lossy(&target);
            let body = seeded.mutate(original.body);
            let target: &str = if seeded.below(2) == 0 { &target } else { original.target };
            let Ok(asked) = Received { target, body: &body, ..original }.read(&key) else {
                refused += 1;
                continue;
            };
            accepted += 1;
            let again = match &asked {
                Asked::Command { command, idempotency_key } => command.to_http(&key, idempotency_key).unwrap(),
                Asked::Query(query) => query.to_http(&key).unwrap(),
            };
            let target = again.target();
            let read = Received { target: &target, body: again.body().as_bytes(), ..original }.read(&key);
            assert_eq!(read, Ok(asked));
        }
    }
    assert!(accepted > 1_000 && refused > 2_000, "{accepted} {refused}");
}

#[test]
fn currencies_never_panic() {
    let mut seeded = Seeded(0x5eed_0105);
    for _ in 0..5_000 {
        let changed = seeded.mutate(b"usd");
        if let Ok(currency) = Currency::parse(&String::from_utf8_lossy(&changed)) {
            assert_eq!(currency.as_str().as_bytes(), changed);
        }
    }
}
