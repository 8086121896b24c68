use crate::rig::{Rig, http};
use everline_app::ports::{MessageFate, Messenger, OutgoingMessage};
use everline_core::identifiers::Msisdn;
use everline_core::ids::{MessageId, RawId};
use everline_providers::sms::{Sms, Templates};
use serde_json::json;

#[tokio::test]
async fn a_message_arrives_once_whatever_happens_to_the_answer() {
    let rig = Rig::start().await;
    let access = rig.sandbox.access();
    let sms = Sms::new(
        http(),
        access.sms_url.clone(),
        access.sms_token.clone(),
        "https://my.example".to_owned(),
        Templates::load().unwrap(),
    );
    let message = OutgoingMessage {
        id: MessageId(RawId::new_v7(1, [1; 10])),
        to: Msisdn::parse("13800138001").unwrap(),
        template: "suspended",
        parameters: vec![
            ("brand", "青禾通信".to_owned()),
            ("line", "朵朵的手表".to_owned()),
            ("line_id", "abc".to_owned()),
            ("until", "2026-11-22".to_owned()),
        ],
        language: "zh-CN".to_owned(),
    };
    rig.control("PUT", "sms/fault", Some(json!("lose_answer"))).await;
    assert_eq!(sms.send(&message).await, MessageFate::Unknown);
    rig.control("PUT", "sms/fault", Some(json!("none"))).await;
    assert_eq!(sms.send(&message).await, MessageFate::Accepted);
    let inbox = rig.control("GET", "sms/inbox?to=13800138001", None).await;
    let messages = inbox["messages"].as_array().unwrap();
    assert_eq!(messages.len(), 1, "{inbox}");
    let text = messages[0]["text"].as_str().unwrap();
    assert!(
        text.starts_with("【青禾通信】朵朵的手表 已停机") && text.ends_with("https://my.example/lines/abc/renew"),
        "{text}"
    );
    rig.control("PUT", "sms/fault", Some(json!("refuse"))).await;
    let other = OutgoingMessage { id: MessageId(RawId::new_v7(2, [1; 10])), ..message };
    assert_eq!(sms.send(&other).await, MessageFate::Refused);
}
