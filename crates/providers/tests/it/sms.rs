use crate::rig::{Rig, http, message, texts};
use everline_app::ports::{Handed, Messenger, OutgoingMessage};
use everline_core::ids::{MessageId, RawId};
use everline_core::message::Reason;
use everline_providers::sms::http::HttpSms;
use serde_json::json;

#[tokio::test]
async fn a_message_arrives_once_whatever_happens_to_the_answer() {
    let rig = Rig::start().await;
    let access = rig.sandbox.access();
    let sms = HttpSms::new(http(), access.sms_url.clone(), access.sms_token.clone(), texts());
    let message = message("suspended", "zh-CN");
    rig.control("PUT", "sms/fault", Some(json!("lose_answer"))).await;
    assert_eq!(sms.send(&message).await, Handed::Unknown);
    rig.control("PUT", "sms/fault", Some(json!("none"))).await;
    let again = OutgoingMessage { repeated: true, ..message.clone() };
    assert_eq!(sms.send(&again).await, Handed::Accepted(None));
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
    assert_eq!(sms.send(&other).await, Handed::Refused(Reason::of("422")));
}
