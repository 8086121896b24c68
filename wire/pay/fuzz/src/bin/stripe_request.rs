//! A request to Stripe, as the stand-in of its gateway reads it.
#![no_main]

use libfuzzer_sys::fuzz_target;
use std::sync::LazyLock;
use wire_pay::stripe::{API_VERSION, ApiKey, Asked, Received};

/// Opens nothing.
static KEY: LazyLock<ApiKey> = LazyLock::new(|| ApiKey::parse("sk_test_fuzz0123456789").unwrap());

fuzz_target!(|bytes: &[u8]| {
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    let (line, body) = text.split_once('\n').unwrap_or((text, ""));
    let (method, target) = line.split_once(' ').unwrap_or((line, ""));
    let authorization = KEY.authorization();
    let received = Received {
        method,
        target,
        authorization: Some(&authorization),
        version: Some(API_VERSION),
        idempotency_key: Some("fuzz"),
        body: body.as_bytes(),
    };
    // A command that was understood is written and understood again.
    let Ok(Asked::Command { command, idempotency_key }) = received.read(&KEY) else { return };
    let Ok(request) = command.to_http(&KEY, &idempotency_key) else { return };
    let target = request.target();
    let again =
        Received { method: request.method().as_str(), target: &target, body: request.body().as_bytes(), ..received };
    assert_eq!(again.read(&KEY), Ok(Asked::Command { command, idempotency_key }));
});
