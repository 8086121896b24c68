//! An authenticator made of software: one key, made and used as WebAuthn Level 3 has it (§6.3), and lying where it is told to.

use aws_lc_rs::digest::{SHA256, digest};
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{ECDSA_P256_SHA256_ASN1_SIGNING, EcdsaKeyPair, KeyPair};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};

/// Flags of authenticator data (§6.1): somebody was there; it was their owner; a key follows.
const PRESENT: u8 = 0x01;
const VERIFIED: u8 = 0x04;
const KEY_FOLLOWS: u8 = 0x40;

pub struct Authenticator {
    pair: EcdsaKeyPair,
    id: [u8; 16],
    owner: String,
    counter: u32,
    /// The page that the browser says it is on.
    pub origin: String,
    /// Whether it checks its owner.
    pub verifies: bool,
}

fn text(bytes: &[u8]) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

impl Authenticator {
    pub fn new(origin: &str) -> Self {
        let pair = EcdsaKeyPair::generate(&ECDSA_P256_SHA256_ASN1_SIGNING).unwrap();
        let mut id = [0; 16];
        aws_lc_rs::rand::fill(&mut id).unwrap();
        Self { pair, id, owner: String::new(), counter: 0, origin: origin.to_owned(), verifies: true }
    }

    fn client_data(&self, kind: &str, options: &Value) -> Vec<u8> {
        let challenge = &options["publicKey"]["challenge"];
        json!({"type": kind, "challenge": challenge, "origin": self.origin, "crossOrigin": false})
            .to_string()
            .into_bytes()
    }

    fn data(&mut self, site: &str, flags: u8) -> Vec<u8> {
        self.counter += 1;
        let verified = if self.verifies { VERIFIED } else { 0 };
        let flags = [flags | PRESENT | verified];
        [digest(&SHA256, site.as_bytes()).as_ref(), &flags, &self.counter.to_be_bytes()].concat()
    }

    /// `navigator.credentials.create`
    pub fn make(&mut self, options: &Value) -> String {
        let public = &options["publicKey"];
        self.owner = public["user"]["id"].as_str().unwrap().to_owned();
        let client = self.client_data("webauthn.create", options);
        let point = self.pair.public_key().as_ref().to_vec();
        let (x, y) = (&point[1..33], &point[33..65]);
        // COSE (RFC 9053 §7.1.1): EC2, ES256, P-256.
        let cose = [&[0xa5, 1, 2, 3, 0x26, 0x20, 1, 0x21, 0x58, 32][..], x, &[0x22, 0x58, 32], y].concat();
        let mut data = self.data(public["rp"]["id"].as_str().unwrap(), KEY_FOLLOWS);
        data.extend([0; 16]);
        data.extend([0, 16]);
        data.extend(self.id);
        data.extend(cose);
        let length = [0x58, u8::try_from(data.len()).unwrap()];
        let object = [b"\xa3\x63fmt\x64none\x67attStmt\xa0\x68authData", &length[..], &data].concat();
        self.answer(&json!({"clientDataJSON": text(&client), "attestationObject": text(&object)}))
    }

    /// `navigator.credentials.get`
    pub fn sign(&mut self, options: &Value) -> String {
        let client = self.client_data("webauthn.get", options);
        let data = self.data(options["publicKey"]["rpId"].as_str().unwrap(), 0);
        let signed = [&data[..], digest(&SHA256, &client).as_ref()].concat();
        let signature = self.pair.sign(&SystemRandom::new(), &signed).unwrap();
        self.answer(&json!({
            "clientDataJSON": text(&client),
            "authenticatorData": text(&data),
            "signature": text(signature.as_ref()),
            "userHandle": self.owner,
        }))
    }

    fn answer(&self, response: &Value) -> String {
        json!({"id": text(&self.id), "rawId": text(&self.id), "type": "public-key", "extensions": {}, "response": response})
            .to_string()
    }

    /// Says that another customer owns its key.
    pub fn pretend(&mut self, owner: [u8; 16]) {
        self.owner = text(&owner);
    }
}
