//! Notices for browsers, opened by a library that we did not write.

use crate::rig::{http, message, texts};
use everline_app::clock::Clock;
use everline_app::ports::{Handed, Messenger, OutgoingMessage};
use everline_core::message::{Address, PushSubscription, Reason};
use everline_core::time::SystemTime;
use everline_providers::push::{Push, PushConfig, PushKey, SERVICES};
use serde_json::{Value, json};
use std::process::Command;
use std::sync::Arc;

/// A browser's private key and secret; its public key is the sender's whose private key it is.
const PRIVATE: &str = "q1dXpw3UpT5VOmu_cf_v6ih07Aems3njxI-JWgLcM94";
const AUTH: &str = "BTBZMqHH6r4Tts7J_aSIgg";

fn push() -> Push {
    let key = PushKey::parse(&PushKey::write(&[7; 32]).unwrap()).unwrap();
    let services = SERVICES.map(str::to_owned).to_vec();
    let contact = "mailto:ops@example.com".to_owned();
    let clock = Arc::new(Clock::manual(SystemTime::from_us(1_773_115_200_000_000), 1));
    Push::new(PushConfig { key, contact, services }, http(), clock, texts())
}

fn to(endpoint: &str, key: &str) -> OutgoingMessage {
    let subscription = PushSubscription::new(endpoint, key, AUTH).unwrap();
    OutgoingMessage { to: Address::Push(subscription), ..message("suspended", "zh-CN") }
}

#[tokio::test]
async fn nobody_but_a_push_service_is_called_and_a_key_that_is_none_is_forgotten() {
    let key = PushKey::parse(PRIVATE).unwrap().public_key();
    for endpoint in ["https://127.0.0.1/x", "https://fcm.googleapis.com.example/x", "https://localhost:1/x"] {
        assert_eq!(push().send(&to(endpoint, &key)).await, Handed::Refused(Reason::of("unknown_service")));
    }
    assert_eq!(push().send(&to("https://fcm.googleapis.com/x", &"B".repeat(87))).await, Handed::Gone);
}

#[test]
fn a_page_is_told_our_key_and_only_browsers_of_known_services_are_taken() {
    let push = push();
    let site = push.browsers().unwrap();
    assert_eq!(site.key(), PushKey::parse(&PushKey::write(&[7; 32]).unwrap()).unwrap().public_key());
    let key = PushKey::parse(PRIVATE).unwrap().public_key();
    let takes = |endpoint: &str, key: &str| site.takes(&PushSubscription::new(endpoint, key, AUTH).unwrap());
    for service in
        ["fcm.googleapis.com", "updates.push.services.mozilla.com", "wns2.notify.windows.com", "web.push.apple.com"]
    {
        assert!(takes(&format!("https://{service}/x"), &key), "{service}");
    }
    for endpoint in [
        "https://127.0.0.1/x",
        "https://[::1]/x",
        "https://169.254.169.254/x",
        "https://fcm.googleapis.com.example/x",
        "https://fcm.googleapis.com@10.0.0.1/x",
        "https://fcm.googleapis.com:444/x",
        "https://push.apple.com/x",
    ] {
        assert!(!takes(endpoint, &key), "{endpoint}");
    }
}

#[test]
#[ignore = "needs PyPI http-ece and py-vapid: bash xtask/scripts/messages.sh"]
fn strangers_library_opens_our_notice_and_believes_who_sent_it() {
    let key = PushKey::parse(PRIVATE).unwrap().public_key();
    let message = to("https://fcm.googleapis.com/fcm/send/x", &key);
    let Ok(request) = push().request(&message) else { panic!("a request") };
    let header = |name: &str| request.headers.iter().find(|(other, _)| *other == name).unwrap().1.clone();
    assert_eq!((header("content-encoding"), header("ttl")), ("aes128gcm".to_owned(), "86400".to_owned()));
    assert!(header("topic").len() <= 32, "RFC 8030 5.4");
    let body: String = request.body.iter().map(|octet| format!("{octet:02x}")).collect();
    let told = json!({ "private": PRIVATE, "auth": AUTH, "body": body, "authorization": header("authorization") });
    let script = format!("{}/tests/strangers/push.py", env!("CARGO_MANIFEST_DIR"));
    let python = std::env::var("EVERLINE_PYTHON").unwrap_or_else(|_| "python3".to_owned());
    let output = Command::new(python).arg(script).arg(told.to_string()).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let opened: Value = serde_json::from_slice(&output.stdout).unwrap();
    let composed = texts().compose(&message).unwrap();
    assert_eq!(opened["notice"]["title"], composed.title);
    assert_eq!(opened["notice"]["body"], composed.text);
    let fields: Vec<&String> = opened["notice"].as_object().unwrap().keys().collect();
    assert_eq!(fields, ["body", "lang", "link", "tag", "title"], "and nothing else of anybody");
    assert_eq!(opened["notice"]["link"], "https://my.example/lines/abc/renew");
    assert_eq!(opened["claims"]["aud"], "https://fcm.googleapis.com");
    assert_eq!(opened["claims"]["exp"], 1_773_115_200 + 12 * 3_600);
}
