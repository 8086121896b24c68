//! Stripe's part.

mod objects;
mod requests;
mod tampering;
mod webhooks;

use crate::{load, text};
use serde_json::Value;
use wire_pay::stripe::{Amount, ApiKey, Currency, Received};

fn keys() -> Value {
    load(include_str!("../../../vectors/stripe/keys.json"))
}

fn api_key() -> ApiKey {
    ApiKey::parse(text(&keys(), "api_key")).unwrap()
}

fn amount(minor: i64, iso: &str) -> Amount {
    Amount::new(minor, Currency::from_iso(iso).unwrap()).unwrap()
}

/// A request as an SDK sent it.
fn received(sent: &Value) -> Received<'_> {
    Received {
        method: text(sent, "method"),
        target: text(sent, "target"),
        authorization: sent["headers"]["authorization"].as_str(),
        version: sent["headers"]["stripe-version"].as_str(),
        idempotency_key: sent["headers"]["idempotency-key"].as_str(),
        body: text(sent, "body").as_bytes(),
    }
}
