//! Our own network: notices to the network element that holds a session, over HTTP. 204 is the acknowledgement.

use crate::Http;
use async_trait::async_trait;
use everline_app::ports::{NO_PAYMENT, Network, NetworkChange, NetworkReply, NetworkWhat, Probed};
use everline_core::effects::NetworkAction;
use serde_json::json;

/// The client. It calls only addresses under one base, because a session names its own.
pub struct BuiltIn {
    http: Http,
    base: String,
    token: String,
}

impl BuiltIn {
    /// A client that calls addresses beginning with `base`.
    #[must_use]
    pub fn new(http: Http, base: String, token: String) -> Self {
        Self { http, base, token }
    }
    /// Whether an address may be called: the base itself, or below it.
    #[must_use]
    pub fn may_call(&self, url: &str) -> bool {
        url.strip_prefix(&self.base).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
    }
}

#[async_trait]
impl Network for BuiltIn {
    async fn apply(&self, change: &NetworkChange) -> NetworkReply {
        let NetworkWhat::Session { session, notify_url, action } = &change.what else { return NetworkReply::Refused };
        if !self.may_call(notify_url) {
            tracing::error!("a session names an address outside of the network; it is not called");
            return NetworkReply::Unknown;
        }
        let action = match action {
            NetworkAction::Reauthorize => "reauthorize",
            NetworkAction::Redirect => "redirect",
        };
        let body = json!({ "request_id": change.request_id, "session_id": session.to_string(), "action": action });
        match self.http.post_json(notify_url, &self.token, &body).await {
            Ok(answer) if answer.status == 204 => NetworkReply::Done,
            Ok(answer) if matches!(answer.status, 404 | 410) => NetworkReply::Gone,
            _ => NetworkReply::Unknown,
        }
    }
    /// Tells it of a session that there is not: it knows none, and does nothing.
    async fn probe(&self) -> Probed {
        let body = json!({ "request_id": NO_PAYMENT, "session_id": NO_PAYMENT, "action": "reauthorize" });
        match self.http.post_json(&format!("{}/{NO_PAYMENT}", self.base), &self.token, &body).await {
            Ok(answer) => Probed::of_status(answer.status),
            Err(_) => Probed::failed("no_answer"),
        }
    }
}
