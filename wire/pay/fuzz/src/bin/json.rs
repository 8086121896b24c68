//! The scanner that finds a response's members, beside serde_json: what that takes as an object is not malformed here.
#![no_main]

use libfuzzer_sys::fuzz_target;
use wire_pay::{Error, alipay::verify_response};
use wire_pay_fuzz::GATEWAY;

fuzz_target!(|body: &[u8]| {
    let verdict = verify_response(body, "alipay.trade.query", &*GATEWAY);
    if let Ok(serde_json::Value::Object(_)) = serde_json::from_slice(body) {
        assert!(!matches!(verdict, Err(Error::Json { .. } | Error::NotUtf8)), "{verdict:?}");
    }
    if let Err(Error::Json { at }) = verdict {
        assert!(at <= body.len());
    }
});
