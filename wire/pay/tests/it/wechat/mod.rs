mod bill;
mod calls;
mod messages;
mod oauth;
mod tampering;

use crate::{load, text};
use serde_json::Value;
use wire_pay::{
    Certificate,
    rsa::{PrivateKey, PublicKey},
    wechat::{ApiV3Key, Merchant, PlatformKeys, PlatformSigner},
};

/// When everything in the vectors was signed.
const NOW: i64 = 1_772_327_107;

fn key_file() -> Value {
    load(include_str!("../../../vectors/wechat/keys.json"))
}

fn messages() -> Vec<Value> {
    load(include_str!("../../../vectors/wechat/messages.json")).as_array().unwrap().clone()
}

fn message(name: &str) -> Value {
    messages().into_iter().find(|case| case["name"] == name).unwrap()
}

fn private_key(owner: &str) -> PrivateKey {
    PrivateKey::parse(text(&key_file()[owner], "private_pkcs8")).unwrap()
}

fn merchant() -> Merchant {
    let file = key_file();
    Merchant::new(text(&file, "mchid"), text(&file, "serial_no"), private_key("merchant")).unwrap()
}

fn api_key() -> ApiV3Key {
    ApiV3Key::new(text(&key_file(), "api_v3_key")).unwrap()
}

fn certificate(owner: &str) -> Certificate {
    Certificate::parse(text(&key_file()[owner], "certificate_pem")).unwrap()
}

/// Both certificates and the public key, as while the gateway changes from one to the next.
fn platform_keys() -> PlatformKeys {
    let file = key_file();
    let mut keys = PlatformKeys::new();
    keys.add_certificate(&certificate("certificate_old")).unwrap();
    keys.add_certificate(&certificate("certificate_new")).unwrap();
    let public = PublicKey::parse(text(&file["public_key"], "public_spki")).unwrap();
    keys.add_public_key(text(&file["public_key"], "serial"), public).unwrap();
    keys
}

/// Who signs as the gateway under this serial number.
fn signer(serial: &str) -> PlatformSigner {
    let file = key_file();
    let owners = ["certificate_old", "certificate_new", "public_key"];
    let owner = owners.into_iter().find(|owner| file[owner]["serial"] == serial).unwrap();
    PlatformSigner::new(serial, private_key(owner)).unwrap()
}

fn headers(case: &Value) -> Vec<(String, String)> {
    let headers = case["headers"].as_object().unwrap();
    headers.iter().map(|(name, value)| (name.clone(), value.as_str().unwrap().to_owned())).collect()
}

fn borrowed(headers: &[(String, String)]) -> impl Iterator<Item = (&str, &str)> {
    headers.iter().map(|(name, value)| (name.as_str(), value.as_str()))
}
