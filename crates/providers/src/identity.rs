//! Whoever proves that a name and a document belong together, over a small JSON interface that an operator puts in front of
//! the service it has a contract with:
//!
//! `POST {url}` with a bearer token and `{"name", "document_kind", "document_number", "born"}`; the answer is 200 with
//! `{"result": "matches" | "differs" | "unknown"}`. Anything else is no answer.

use crate::Http;
use async_trait::async_trait;
use everline_app::ports::IdentityVerifier;
use everline_core::identity::{Person, Verdict};
use serde::Deserialize;
use serde_json::json;

/// The client.
pub struct HttpVerifier {
    http: Http,
    url: String,
    token: String,
}

impl HttpVerifier {
    /// A client that posts to `url`.
    #[must_use]
    pub fn new(http: Http, url: String, token: String) -> Self {
        Self { http, url, token }
    }
}

#[derive(Deserialize)]
struct Said {
    result: String,
}

#[async_trait]
impl IdentityVerifier for HttpVerifier {
    fn name(&self) -> &'static str {
        "verifier"
    }
    async fn verify(&self, person: &Person) -> Option<Verdict> {
        let body = json!({
            "name": person.name,
            "document_kind": person.kind,
            "document_number": person.number,
            "born": person.born.to_string(),
        });
        let answer = self.http.post_json(&self.url, &self.token, &body).await.ok()?;
        if answer.status != 200 {
            tracing::warn!(status = answer.status, "the verifier gave no verdict");
            return None;
        }
        let said: Said = serde_json::from_slice(&answer.body).ok()?;
        Verdict::from_word(&said.result)
    }
}
