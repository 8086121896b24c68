//! Alipay's part.

mod certificates;
mod tampering;
mod vectors;

use crate::load;
use serde_json::Value;
use wire_pay::rsa::{PrivateKey, PublicKey};

pub(crate) fn key_file() -> Value {
    load(include_str!("../../../vectors/alipay/keys.json"))
}

pub(crate) fn private_key(owner: &str) -> PrivateKey {
    PrivateKey::parse(key_file()[owner]["private_pkcs8"].as_str().unwrap()).unwrap()
}

pub(crate) fn public_key(owner: &str) -> PublicKey {
    PublicKey::parse(key_file()[owner]["public_spki"].as_str().unwrap()).unwrap()
}
