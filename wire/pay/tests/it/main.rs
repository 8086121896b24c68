#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, missing_docs)]
//! The crate against golden vectors from the provider's own SDK, and against tampering.

mod keys;
mod tampering;
mod vectors;

use serde_json::Value;
use wire_pay::alipay::{PrivateKey, PublicKey};

fn load(text: &str) -> Value {
    serde_json::from_str(text).unwrap()
}

fn key_file() -> Value {
    load(include_str!("../../vectors/keys.json"))
}

fn private_key(owner: &str) -> PrivateKey {
    PrivateKey::parse(key_file()[owner]["private_pkcs8"].as_str().unwrap()).unwrap()
}

fn public_key(owner: &str) -> PublicKey {
    PublicKey::parse(key_file()[owner]["public_spki"].as_str().unwrap()).unwrap()
}

fn text<'a>(entry: &'a Value, name: &str) -> &'a str {
    entry[name].as_str().unwrap_or_else(|| panic!("{name} of {entry}"))
}
