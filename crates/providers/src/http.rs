//! One HTTP client for all providers: bounded time, bounded answers, no redirects.

use std::time::Duration;

/// The longest answer that is read.
const ANSWER_BYTES_MAX: usize = 256 * 1024;

/// A shared client.
#[derive(Clone)]
pub struct Http(reqwest::Client);

/// What kept a call from an answer. Whether it was carried out is unknown.
#[derive(Debug, thiserror::Error)]
pub enum HttpError {
    /// No connection, no answer in time, or one that broke off.
    #[error("no answer")]
    NoAnswer,
    /// An answer longer than the limit.
    #[error("answer too long")]
    TooLong,
    /// The client cannot be built.
    #[error("client: {0}")]
    Client(String),
}

/// An answer.
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) body: Vec<u8>,
}

impl Http {
    /// A client that waits at most `timeout` for a whole answer.
    pub fn new(timeout: Duration) -> Result<Self, HttpError> {
        // One crypto library for everything; a provider that is installed already is the same one.
        let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
        let builder = reqwest::Client::builder().timeout(timeout).connect_timeout(timeout).no_proxy();
        let client = builder.redirect(reqwest::redirect::Policy::none()).build();
        client.map(Self).map_err(|error| HttpError::Client(error.to_string()))
    }
    pub(crate) async fn post_form(&self, url: &str, body: String) -> Result<Answer, HttpError> {
        let kind = "application/x-www-form-urlencoded;charset=utf-8";
        read(self.0.post(url).header("content-type", kind).body(body)).await
    }
    pub(crate) async fn post_json(
        &self,
        url: &str,
        token: &str,
        body: &serde_json::Value,
    ) -> Result<Answer, HttpError> {
        read(self.0.post(url).bearer_auth(token).json(body)).await
    }
    /// A request of Stripe's API, which brings its own headers.
    pub(crate) async fn stripe(
        &self,
        api_url: &str,
        request: &wire_pay::stripe::HttpRequest,
    ) -> Result<Answer, HttpError> {
        let url = format!("{api_url}{}", request.target());
        let mut building = match request.method() {
            wire_pay::stripe::HttpMethod::Get => self.0.get(url),
            wire_pay::stripe::HttpMethod::Post => self.0.post(url).body(request.body().to_owned()),
        };
        for (name, value) in request.headers() {
            building = building.header(name, value);
        }
        read(building).await
    }
    pub(crate) async fn get(&self, url: &str, token: &str) -> Result<Answer, HttpError> {
        read(self.0.get(url).bearer_auth(token)).await
    }
}

async fn read(request: reqwest::RequestBuilder) -> Result<Answer, HttpError> {
    let mut response = request.send().await.map_err(|_| HttpError::NoAnswer)?;
    let status = response.status().as_u16();
    let mut body = Vec::new();
    while let Some(chunk) = response.chunk().await.map_err(|_| HttpError::NoAnswer)? {
        if body.len() + chunk.len() > ANSWER_BYTES_MAX {
            return Err(HttpError::TooLong);
        }
        body.extend_from_slice(&chunk);
    }
    Ok(Answer { status, body })
}
