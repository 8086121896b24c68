//! A provider with an HTTP interface: a template's name and its parameters, and the text they make in the customer's language.
//! The same number is the same message there, however often it is sent.

use crate::Http;
use crate::texts::Texts;
use async_trait::async_trait;
use everline_app::ports::{Handed, Messenger, OutgoingMessage};
use everline_core::message::{Address, Reason};
use serde_json::json;
use std::sync::Arc;

/// The client.
pub struct HttpSms {
    http: Http,
    url: String,
    token: String,
    texts: Arc<Texts>,
}

impl HttpSms {
    /// A client that posts to `url`.
    #[must_use]
    pub fn new(http: Http, url: String, token: String, texts: Arc<Texts>) -> Self {
        Self { http, url, token, texts }
    }
}

#[async_trait]
impl Messenger for HttpSms {
    async fn send(&self, message: &OutgoingMessage) -> Handed {
        let Address::Sms(to) = &message.to else { return Handed::Refused(Reason::of("no_number")) };
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
            "to": to.as_str(),
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
}
