//! Alibaba Cloud SMS, played by a server that answers what a test says.

use crate::rig::{http, message, texts};
use everline_app::clock::Clock;
use everline_app::ports::{Handed, Messenger, NoticeRefusal, OutgoingMessage, Probed};
use everline_core::message::{Reason, Reported};
use everline_core::time::SystemTime;
use everline_providers::sms::aliyun::{AccessKey, Aliyun, AliyunConfig, AliyunTemplate};
use std::collections::BTreeMap;
use std::sync::Arc;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

const SECRET: &str = "sesame-sesame-sesame";

async fn service() -> (TcpListener, Aliyun) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let template =
        AliyunTemplate { code: "SMS_100000001".to_owned(), parameters: ["line", "link"].map(str::to_owned).to_vec() };
    let config = AliyunConfig {
        endpoint: format!("http://{}", listener.local_addr().unwrap()),
        key: AccessKey { id: "LTAI".to_owned(), secret: "secret".to_owned() },
        sign_names: BTreeMap::from([("zh-CN".to_owned(), "青禾通信".to_owned())]),
        templates: BTreeMap::from([(("zh-CN".to_owned(), "suspended".to_owned()), template)]),
        calling_code: "86".to_owned(),
        report_secret: Some(SECRET.to_owned()),
    };
    let clock = Arc::new(Clock::manual(SystemTime::from_us(1_773_115_200_000_000), 1));
    (listener, Aliyun::new(config, http(), clock, texts()))
}

/// Takes one call and answers it; its query.
async fn answer(listener: &TcpListener, status: u16, body: &str) -> BTreeMap<String, String> {
    let (mut stream, _) = listener.accept().await.unwrap();
    let mut bytes = Vec::new();
    while !bytes.windows(4).any(|four| four == b"\r\n\r\n") {
        assert!(stream.read_buf(&mut bytes).await.unwrap() > 0);
    }
    let head = String::from_utf8(bytes).unwrap();
    let target = head.split(' ').nth(1).unwrap();
    let url = reqwest::Url::parse(&format!("http://x{target}")).unwrap();
    let answer = format!("HTTP/1.1 {status} X\r\ncontent-length: {}\r\nconnection: close\r\n\r\n{body}", body.len());
    stream.write_all(answer.as_bytes()).await.unwrap();
    url.query_pairs().map(|(name, value)| (name.into_owned(), value.into_owned())).collect()
}

#[tokio::test]
async fn a_message_is_a_template_with_the_parameters_it_takes() {
    let (listener, aliyun) = service().await;
    let message = message("suspended", "zh-CN");
    let accepted = r#"{"Code":"OK","Message":"OK","BizId":"9^0","RequestId":"1"}"#;
    let (handed, query) = tokio::join!(aliyun.send(&message), answer(&listener, 200, accepted));
    assert_eq!(handed, Handed::Accepted(Some(format!("aliyun:{}", message.id))));
    let get = |name: &str| query[name].as_str();
    assert_eq!((get("PhoneNumbers"), get("SignName")), ("13800138001", "青禾通信"));
    assert_eq!((get("TemplateCode"), get("OutId")), ("SMS_100000001", message.id.to_string().as_str()));
    let filled: serde_json::Value = serde_json::from_str(get("TemplateParam")).unwrap();
    assert_eq!(filled, serde_json::json!({ "line": "朵朵的手表", "link": "https://my.example/lines/abc/renew" }));
    // A language without templates is written to in one that has them; a template that is not there is refused.
    let english = OutgoingMessage { language: "en".to_owned(), ..message.clone() };
    let (handed, _) = tokio::join!(aliyun.send(&english), answer(&listener, 200, accepted));
    assert!(matches!(handed, Handed::Accepted(_)));
    assert_eq!(aliyun.send(&self::message("barred", "zh-CN")).await, Handed::Refused(Reason::of("no_template")));
}

#[tokio::test]
async fn what_a_refusal_means_depends_on_its_code() {
    let (listener, aliyun) = service().await;
    let message = message("suspended", "zh-CN");
    for (status, body, expected) in [
        (200, r#"{"Code":"isv.BUSINESS_LIMIT_CONTROL","Message":"x"}"#, Handed::NotYet),
        (200, r#"{"Code":"isv.MOBILE_NUMBER_ILLEGAL"}"#, Handed::Refused(Reason::of("isv.MOBILE_NUMBER_ILLEGAL"))),
        (400, r#"{"Code":"SignatureDoesNotMatch"}"#, Handed::NotYet),
        (403, r#"{"Code":"Throttling.User"}"#, Handed::NotYet),
        (503, r#"{"Code":"ServiceUnavailable"}"#, Handed::Unknown),
        (502, "<html>", Handed::Unknown),
    ] {
        let (handed, _) = tokio::join!(aliyun.send(&message), answer(&listener, status, body));
        assert_eq!(handed, expected, "{body}");
    }
}

#[tokio::test]
async fn what_may_have_been_sent_is_looked_for_before_it_is_sent_again() {
    let (listener, aliyun) = service().await;
    let message = OutgoingMessage { repeated: true, ..message("suspended", "zh-CN") };
    let details = |entries: &str| {
        format!(r#"{{"Code":"OK","TotalCount":1,"SmsSendDetailDTOs":{{"SmsSendDetailDTO":[{entries}]}}}}"#)
    };
    let entry =
        |status: i64| details(&format!(r#"{{"OutId":"{}","SendStatus":{status},"ErrCode":"MK:1"}}"#, message.id));
    let (waits, failed) = (entry(1), entry(2));
    let (handed, query) = tokio::join!(aliyun.send(&message), answer(&listener, 200, &waits));
    assert_eq!(handed, Handed::Accepted(Some(format!("aliyun:{}", message.id))));
    assert_eq!((query["PhoneNumber"].as_str(), query["SendDate"].as_str()), ("13800138001", "20260310"));
    let (handed, _) = tokio::join!(aliyun.send(&message), answer(&listener, 200, &failed));
    assert_eq!(handed, Handed::Refused(Reason::of("MK:1")));
    let (handed, _) = tokio::join!(aliyun.send(&message), answer(&listener, 503, ""));
    assert_eq!(handed, Handed::Unknown, "nobody says: it is not sent");
    let asked = async {
        let today = answer(&listener, 200, &details(r#"{"OutId":"other","SendStatus":3}"#)).await;
        let yesterday = answer(&listener, 200, &details("")).await;
        let sent = answer(&listener, 200, r#"{"Code":"OK"}"#).await;
        (today["SendDate"].clone(), yesterday["SendDate"].clone(), sent["OutId"].clone())
    };
    let (handed, asked) = tokio::join!(aliyun.send(&message), asked);
    assert!(matches!(handed, Handed::Accepted(_)));
    assert_eq!(asked, ("20260310".to_owned(), "20260309".to_owned(), message.id.to_string()));
}

#[tokio::test]
async fn reports_are_believed_by_the_secret_in_their_address() {
    let (_listener, aliyun) = service().await;
    let hook = aliyun.hook().unwrap();
    let id = message("suspended", "zh-CN").id;
    let body = format!(
        r#"[{{"success":false,"err_code":"MK:0001","out_id":"{id}"}},{{"success":true,"out_id":"{id}","err_code":"DELIVERED"}},
            {{"success":true,"out_id":"not ours"}}]"#
    );
    let reports = crate::rig::reports(hook.read(SECRET, body.as_bytes()).unwrap());
    let told: Vec<_> = reports.iter().map(|report| (report.reported, report.reason.clone())).collect();
    assert_eq!(told, [(Reported::Failed, Some(Reason::of("MK:0001"))), (Reported::Delivered, None)]);
    assert!(reports.iter().all(|report| report.reference == format!("aliyun:{id}")));
    assert_eq!(hook.read("sesame", body.as_bytes()).err(), Some(NoticeRefusal::Forged));
    assert_eq!(hook.read(SECRET, b"{}").err(), Some(NoticeRefusal::Unreadable));
}

#[tokio::test]
async fn a_probe_asks_about_nobody_and_a_preview_names_the_services_template() {
    for (body, probed) in [
        (r#"{"Code":"OK","Message":"OK","SmsSendDetailDTOs":{"SmsSendDetailDTO":[]},"TotalCount":"0"}"#, Probed::Fine),
        (r#"{"Code":"isv.MOBILE_NUMBER_ILLEGAL","Message":"x"}"#, Probed::Fine),
        (r#"{"Code":"InvalidAccessKeyId.NotFound","Message":"x"}"#, Probed::failed("InvalidAccessKeyId.NotFound")),
        ("no JSON", Probed::failed("unreadable")),
    ] {
        let (listener, aliyun) = service().await;
        let (said, query) = tokio::join!(aliyun.probe(), answer(&listener, 200, body));
        assert_eq!((said, query["PhoneNumber"].as_str()), (probed, "10000000000"), "{body}");
    }
    let (_, aliyun) = service().await;
    let preview = aliyun.preview(&message("suspended", "en")).unwrap();
    assert_eq!(preview.template.as_deref(), Some("SMS_100000001"));
    assert_eq!(aliyun.preview(&message("one_time_code", "zh-CN")), None, "the service has no such template");
}
