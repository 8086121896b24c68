//! A provider with an HTTP interface: a template's name and its parameters, and the text they make in the customer's language.
//! The same number is the same message there, however often it is sent. What people write, it posts to us, if it was given an
//! address for that.

use crate::Http;
use crate::texts::Texts;
use async_trait::async_trait;
use aws_lc_rs::constant_time::verify_slices_are_equal;
use everline_app::ports::{
    Handed, Messenger, NoticeRefusal, OutgoingMessage, Preview, ReceivedMessage, ReportHook, Told,
};
use everline_core::identifiers::Msisdn;
use everline_core::message::{Address, Reason};
use serde::Deserialize;
use serde_json::json;
use std::sync::Arc;

/// The longest text that somebody can have written: a long message of ten parts.
const TEXT_CHARS_MAX: usize = 1_530;

/// The client.
pub struct HttpSms {
    http: Http,
    url: String,
    token: String,
    texts: Arc<Texts>,
    report_secret: Option<String>,
}

impl HttpSms {
    /// A client that posts to `url`.
    #[must_use]
    pub fn new(http: Http, url: String, token: String, texts: Arc<Texts>) -> Self {
        Self { http, url, token, texts, report_secret: None }
    }
    /// One that is told what people write, at an address with this secret.
    #[must_use]
    pub fn told_with(self, report_secret: Option<String>) -> Self {
        Self { report_secret, ..self }
    }
}

#[async_trait]
impl Messenger for HttpSms {
    async fn send(&self, message: &OutgoingMessage) -> Handed {
        // The sandbox shows mail in the same inbox.
        let (Address::Sms(_) | Address::Email(_)) = &message.to else {
            return Handed::Refused(Reason::of("no_number"));
        };
        let Some(composed) = self.texts.compose(message) else {
            tracing::error!(template = message.template, "no such template, or a parameter is missing");
            return Handed::Refused(Reason::of("no_text"));
        };
        let parameters: serde_json::Map<_, _> = composed
            .parameters
            .into_iter()
            .map(|(name, value)| (name.to_owned(), serde_json::Value::String(value)))
            .collect();
        let body = json!({
            "message_id": message.id.to_string(),
            "to": message.to.to_string(),
            "template": message.template,
            "language": message.language,
            "text": composed.text,
            "parameters": parameters,
        });
        match self.http.post_json(&self.url, &self.token, &body).await {
            Ok(answer) if answer.status == 200 => Handed::Accepted(None),
            Ok(answer) if answer.status == 429 => Handed::NotYet,
            Ok(answer) if matches!(answer.status, 400..=499) => Handed::Refused(Reason::of(&answer.status.to_string())),
            _ => Handed::Unknown,
        }
    }
    fn preview(&self, message: &OutgoingMessage) -> Option<Preview> {
        self.texts.preview(message, false)
    }
    fn hook(&self) -> Option<&dyn ReportHook> {
        self.report_secret.as_ref().map(|_| self as &dyn ReportHook)
    }
}

/// A short message that somebody wrote.
#[derive(Deserialize)]
struct Written {
    from: String,
    to: String,
    text: String,
}

impl ReportHook for HttpSms {
    fn read(&self, secret: &str, body: &[u8]) -> Result<Vec<Told>, NoticeRefusal> {
        let ours = self.report_secret.as_deref().unwrap_or_default();
        if ours.is_empty() || verify_slices_are_equal(ours.as_bytes(), secret.as_bytes()).is_err() {
            return Err(NoticeRefusal::Forged);
        }
        let Written { from, to, text } = serde_json::from_slice(body).map_err(|_| NoticeRefusal::Unreadable)?;
        let from = Msisdn::parse(&from).map_err(|_| NoticeRefusal::Unreadable)?;
        if to.len() > 20 || text.chars().count() > TEXT_CHARS_MAX {
            return Err(NoticeRefusal::Unreadable);
        }
        Ok(vec![Told::Message(ReceivedMessage { from, to, text })])
    }
    fn acknowledgement(&self) -> &'static str {
        r#"{"accepted":true}"#
    }
}
