//! Alibaba Cloud SMS: templates that were approved there, by their codes, with the parameters that each of them takes.
//!
//! The service has no idempotency: a message whose answer was lost is looked for under our number before it is sent again.

use crate::Http;
use crate::texts::Texts;
use async_trait::async_trait;
use aws_lc_rs::constant_time::verify_slices_are_equal;
use everline_app::clock::Clock;
use everline_app::ports::{
    DeliveryReport, Handed, Messenger, NoticeRefusal, OutgoingMessage, Preview, Probed, ReportHook, Told,
};
use everline_core::message::{Address, Reason, Reported};
use everline_core::time::{BusinessTime, DAY_US, Zone};
use std::collections::BTreeMap;
use std::sync::Arc;
pub use wire_messages::aliyun::AccessKey;
use wire_messages::aliyun::{self, Call, Detail, Outcome};

/// Where the service is outside of tests.
pub const ENDPOINT: &str = "https://dysmsapi.aliyuncs.com";

/// A template as the service knows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AliyunTemplate {
    /// Its code, `SMS_…`.
    pub code: String,
    /// Our names of the parameters that it takes.
    pub parameters: Vec<String>,
}

/// An account and what was approved for it.
#[derive(Clone)]
pub struct AliyunConfig {
    /// Where it is called.
    pub endpoint: String,
    /// The access key.
    pub key: AccessKey,
    /// Whom messages are from, by language.
    pub sign_names: BTreeMap<String, String>,
    /// Templates by language and our name.
    pub templates: BTreeMap<(String, String), AliyunTemplate>,
    /// Put before the numbers of customers, unless it is China's.
    pub calling_code: String,
    /// The secret in the address that reports are sent to, if they are.
    pub report_secret: Option<String>,
}

/// The client.
pub struct Aliyun {
    config: AliyunConfig,
    http: Http,
    clock: Arc<Clock>,
    texts: Arc<Texts>,
}

impl Aliyun {
    /// A client.
    #[must_use]
    pub fn new(config: AliyunConfig, http: Http, clock: Arc<Clock>, texts: Arc<Texts>) -> Self {
        Self { config, http, clock, texts }
    }

    async fn call(&self, action: &str, parameters: &[(&str, &str)]) -> Option<Vec<u8>> {
        let mut nonce = [0; 16];
        if !self.clock.fill(&mut nonce) {
            return None;
        }
        let nonce: String = nonce.iter().map(|byte| format!("{byte:02x}")).collect();
        let now = Zone::utc().rfc3339(BusinessTime::from_us(self.clock.now().system.us()));
        let date = format!("{}Z", now.get(..19)?);
        let endpoint = &self.config.endpoint;
        let host = endpoint.split_once("://").map_or(endpoint.as_str(), |(_, host)| host);
        let signed = aliyun::sign(&Call { host, action, parameters, date: &date, nonce: &nonce }, &self.config.key);
        let headers: Vec<(&str, &str)> = signed.headers.iter().map(|(name, value)| (*name, value.as_str())).collect();
        let url = format!("{endpoint}/?{}", signed.query);
        // A refusal comes with another status and the same body.
        self.http.send("POST", &url, &headers, String::new()).await.ok().map(|answer| answer.body)
    }

    /// The service's template of a message, and who signs it.
    fn template(&self, message: &OutgoingMessage) -> Option<(&AliyunTemplate, &str)> {
        let of = |language: &str| {
            let template = self.config.templates.get(&(language.to_owned(), message.template.to_owned()))?;
            Some((template, self.config.sign_names.get(language)?.as_str()))
        };
        // A language without templates there is written to in the first one that has them.
        of(&message.language).or_else(|| of(self.config.sign_names.keys().next_back()?))
    }

    /// What became of a message that may have been sent: today, or yesterday before midnight.
    async fn look_for(&self, number: &str, out_id: &str) -> Option<Option<Detail>> {
        let now = self.clock.now().system.us();
        for at in [now, now - DAY_US] {
            let day: String = Zone::ahead_of_utc(8)
                .date(BusinessTime::from_us(at))
                .to_string()
                .chars()
                .filter(|c| *c != '-')
                .collect();
            let parameters =
                [("PhoneNumber", number), ("SendDate", day.as_str()), ("PageSize", "50"), ("CurrentPage", "1")];
            let details = aliyun::details(&self.call("QuerySendDetails", &parameters).await?).ok()?;
            if let Some(found) = details.into_iter().find(|detail| detail.out_id == out_id) {
                return Some(Some(found));
            }
        }
        Some(None)
    }
}

fn reference(out_id: &str) -> String {
    format!("aliyun:{out_id}")
}

#[async_trait]
impl Messenger for Aliyun {
    async fn send(&self, message: &OutgoingMessage) -> Handed {
        let Address::Sms(to) = &message.to else { return Handed::Refused(Reason::of("no_number")) };
        let Some(composed) = self.texts.compose(message) else { return Handed::Refused(Reason::of("no_text")) };
        let Some((template, sign_name)) = self.template(message) else {
            tracing::error!(template = message.template, "the service has no such template");
            return Handed::Refused(Reason::of("no_template"));
        };
        let number = match self.config.calling_code.as_str() {
            "86" => to.as_str().to_owned(),
            code => format!("{code}{}", to.as_str()),
        };
        let out_id = message.id.to_string();
        let accepted = || Handed::Accepted(message.reported.then(|| reference(&out_id)));
        if message.repeated {
            match self.look_for(&number, &out_id).await {
                None => return Handed::Unknown,
                Some(Some(Detail { arrived: Some(false), code, .. })) => {
                    return Handed::Refused(Reason::of(&code.unwrap_or_default()));
                }
                Some(Some(_)) => return accepted(),
                Some(None) => {}
            }
        }
        let filled =
            composed.parameters.into_iter().filter(|(name, _)| template.parameters.iter().any(|has| has == name));
        let filled: serde_json::Map<_, _> =
            filled.map(|(name, value)| (name.to_owned(), serde_json::Value::String(value))).collect();
        let filled = serde_json::Value::Object(filled).to_string();
        let parameters = [
            ("PhoneNumbers", number.as_str()),
            ("SignName", sign_name),
            ("TemplateCode", &template.code),
            ("TemplateParam", &filled),
            ("OutId", &out_id),
        ];
        let Some(body) = self.call("SendSms", &parameters).await else { return Handed::Unknown };
        let Ok(code) = aliyun::code(&body) else { return Handed::Unknown };
        match aliyun::outcome(&code) {
            Outcome::Accepted => accepted(),
            Outcome::Refused => Handed::Refused(Reason::of(&code)),
            Outcome::Unknown => Handed::Unknown,
            Outcome::NotYet => {
                tracing::warn!(code = Reason::of(&code).as_str(), "Alibaba Cloud takes no message now");
                Handed::NotYet
            }
        }
    }
    /// The service writes the text from a template of its own: shown is ours, which it should be like.
    fn preview(&self, message: &OutgoingMessage) -> Option<Preview> {
        let (template, _) = self.template(message)?;
        let preview = self.texts.preview(message, false)?;
        Some(Preview { template: Some(template.code.clone()), ..preview })
    }
    /// Asks what was sent today to a number that nobody has.
    async fn probe(&self) -> Probed {
        let today = Zone::ahead_of_utc(8).date(BusinessTime::from_us(self.clock.now().system.us())).to_string();
        let today: String = today.chars().filter(char::is_ascii_digit).collect();
        let parameters =
            [("PhoneNumber", "10000000000"), ("SendDate", today.as_str()), ("PageSize", "1"), ("CurrentPage", "1")];
        let Some(body) = self.call("QuerySendDetails", &parameters).await else { return Probed::failed("no_answer") };
        match aliyun::code(&body) {
            Ok(code) if code == "OK" || code == "isv.MOBILE_NUMBER_ILLEGAL" => Probed::Fine,
            Ok(code) => Probed::failed(&code),
            Err(_) => Probed::failed("unreadable"),
        }
    }
    fn hook(&self) -> Option<&dyn ReportHook> {
        self.config.report_secret.as_ref().map(|_| self as &dyn ReportHook)
    }
}

impl ReportHook for Aliyun {
    fn read(&self, secret: &str, body: &[u8]) -> Result<Vec<Told>, NoticeRefusal> {
        let ours = self.config.report_secret.as_deref().unwrap_or_default();
        if ours.is_empty() || verify_slices_are_equal(ours.as_bytes(), secret.as_bytes()).is_err() {
            return Err(NoticeRefusal::Forged);
        }
        let reports = aliyun::reports(body).map_err(|_| NoticeRefusal::Unreadable)?;
        let report = |report: aliyun::Report| DeliveryReport {
            reference: reference(&report.out_id),
            reported: if report.arrived { Reported::Delivered } else { Reported::Failed },
            reason: report.code.filter(|_| !report.arrived).map(|code| Reason::of(&code)),
        };
        // Longer ones are none of ours, and would be kept for nothing.
        Ok(reports.into_iter().filter(|report| report.out_id.len() == 32).map(report).map(Told::Report).collect())
    }
    fn acknowledgement(&self) -> &'static str {
        r#"{"code":0,"msg":"OK"}"#
    }
}
