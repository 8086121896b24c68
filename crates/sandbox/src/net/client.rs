//! Calls to the platform. Plain HTTP: everything is on this machine.

use bytes::Bytes;
use http_body_util::{BodyExt as _, Full, Limited};
use hyper_util::{
    client::legacy::{Client, connect::HttpConnector},
    rt::TokioExecutor,
};
use std::time::Duration;

/// The most of an answer that is read, in bytes.
const ANSWER_BYTES_MAX: usize = 64 * 1024;

/// A client with a pool of connections.
#[derive(Clone)]
pub(crate) struct Http(Client<HttpConnector, Full<Bytes>>);

/// One call.
pub(crate) struct Call<'a> {
    pub(crate) method: http::Method,
    pub(crate) url: &'a str,
    pub(crate) bearer: Option<&'a str>,
    pub(crate) content: Content,
    pub(crate) time_max: Duration,
}

/// What a call carries.
pub(crate) enum Content {
    None,
    Form(String),
    Json(serde_json::Value),
    /// JSON that was signed as it is, and what proves it.
    Signed {
        headers: Vec<(&'static str, String)>,
        json: String,
    },
}

/// An answer, whatever its status.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) body: String,
}

impl Answer {
    /// The body as JSON; null if it is none.
    pub(crate) fn json(&self) -> serde_json::Value {
        serde_json::from_str(&self.body).unwrap_or_default()
    }
}

/// Why there is no answer. What the other side did is unknown in all cases but the first.
#[derive(Debug, thiserror::Error)]
pub(crate) enum NoAnswer {
    #[error("not an http URL")]
    Url,
    #[error("no answer in time")]
    Timeout,
    #[error("no connection, or closed without an answer")]
    Closed,
    #[error("an answer that is too long or broken")]
    Broken,
}

impl Http {
    pub(crate) fn new() -> Self {
        let mut connector = HttpConnector::new();
        connector.set_nodelay(true);
        Self(Client::builder(TokioExecutor::new()).build(connector))
    }

    pub(crate) async fn call(&self, call: Call<'_>) -> Result<Answer, NoAnswer> {
        let mut request = http::Request::builder().method(call.method).uri(call.url);
        if let Some(token) = call.bearer {
            request = request.header(http::header::AUTHORIZATION, format!("Bearer {token}"));
        }
        let body = match call.content {
            Content::None => Bytes::new(),
            Content::Form(form) => {
                request =
                    request.header(http::header::CONTENT_TYPE, "application/x-www-form-urlencoded; charset=utf-8");
                form.into()
            }
            Content::Json(value) => {
                request = request.header(http::header::CONTENT_TYPE, "application/json");
                value.to_string().into()
            }
            Content::Signed { headers, json } => {
                request = request.header(http::header::CONTENT_TYPE, "application/json");
                for (name, value) in headers {
                    request = request.header(name, value);
                }
                json.into()
            }
        };
        let request = request.body(Full::new(body)).map_err(|_| NoAnswer::Url)?;
        if request.uri().scheme_str() != Some("http") || request.uri().host().is_none() {
            return Err(NoAnswer::Url);
        }
        let answer = async {
            let response = self.0.request(request).await.map_err(|_| NoAnswer::Closed)?;
            let status = response.status().as_u16();
            let body = Limited::new(response.into_body(), ANSWER_BYTES_MAX)
                .collect()
                .await
                .map_err(|_| NoAnswer::Broken)?
                .to_bytes();
            Ok(Answer { status, body: String::from_utf8_lossy(&body).into_owned() })
        };
        tokio::time::timeout(call.time_max, answer).await.map_err(|_| NoAnswer::Timeout)?
    }
}
