use crate::rig::{Rig, http, message, texts};
use everline_app::ports::{Handed, Messenger, NoticeRefusal, OutgoingMessage, Told};
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

#[test]
fn what_people_write_is_believed_by_the_secret_in_the_address() {
    let sms = |secret: Option<&str>| {
        let new = HttpSms::new(http(), "http://127.0.0.1:1/sms".to_owned(), "token".to_owned(), texts());
        new.told_with(secret.map(str::to_owned))
    };
    assert!(sms(None).hook().is_none(), "nobody writes there");
    let sms = sms(Some("sesame-sesame-sesame"));
    let hook = sms.hook().unwrap();
    let body = |from: &str, to: &str, text: &str| json!({ "from": from, "to": to, "text": text }).to_string();
    let read = |body: &str| hook.read("sesame-sesame-sesame", body.as_bytes());
    let told = read(&body("13800138001", "10690000", "余额")).unwrap();
    let [Told::Message(message)] = told.as_slice() else { panic!("one message") };
    assert_eq!(
        (message.from.as_str(), message.to.as_str(), message.text.as_str()),
        ("13800138001", "10690000", "余额")
    );
    for secret in ["", "sesame", "sesame-sesame-sesamf"] {
        let refused = hook.read(secret, body("13800138001", "10690000", "BAL").as_bytes());
        assert_eq!(refused.err(), Some(NoticeRefusal::Forged), "{secret}");
    }
    for bad in [
        body("", "1", "BAL"),
        body("<script>", "1", "BAL"),
        body("13800138001", &"1".repeat(21), "BAL"),
        body("13800138001", "1", &"x".repeat(1_531)),
        "{}".to_owned(),
        "BAL".to_owned(),
    ] {
        assert_eq!(read(&bad).err(), Some(NoticeRefusal::Unreadable), "{bad}");
    }
}
