//! One HTTP client for all providers: bounded time, bounded answers, no redirects.

use reqwest::Method;
use reqwest::header::HeaderMap;
use std::time::Duration;

/// The longest answer that is read.
const ANSWER_BYTES_MAX: usize = 256 * 1024;
/// How long a file may take.
const FILE_TIMEOUT: Duration = Duration::from_secs(60);

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
    headers: HeaderMap,
}

impl Answer {
    /// Names and values of its headers; those that are no text are left out.
    pub(crate) fn headers(&self) -> impl Iterator<Item = (&str, &str)> {
        self.headers.iter().filter_map(|(name, value)| Some((name.as_str(), value.to_str().ok()?)))
    }
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
    pub(crate) async fn get(&self, url: &str, token: &str) -> Result<Answer, HttpError> {
        read(self.0.get(url).bearer_auth(token)).await
    }
    /// A request with headers of its own.
    pub(crate) async fn send(
        &self,
        method: &str,
        url: &str,
        headers: &[(&str, &str)],
        body: impl Into<reqwest::Body>,
    ) -> Result<Answer, HttpError> {
        read(self.request(method, url, headers)?.body(body)).await
    }
    /// Fetches a file of at most so many bytes.
    pub(crate) async fn file(
        &self,
        url: &str,
        headers: &[(&str, &str)],
        bytes_max: usize,
    ) -> Result<Answer, HttpError> {
        read_within(self.request("GET", url, headers)?.timeout(FILE_TIMEOUT), bytes_max).await
    }
    fn request(&self, method: &str, url: &str, headers: &[(&str, &str)]) -> Result<reqwest::RequestBuilder, HttpError> {
        let method = Method::from_bytes(method.as_bytes()).map_err(|error| HttpError::Client(error.to_string()))?;
        let request = self.0.request(method, url);
        Ok(headers.iter().fold(request, |request, (name, value)| request.header(*name, *value)))
    }
}

async fn read(request: reqwest::RequestBuilder) -> Result<Answer, HttpError> {
    read_within(request, ANSWER_BYTES_MAX).await
}

async fn read_within(request: reqwest::RequestBuilder, bytes_max: usize) -> Result<Answer, HttpError> {
    let mut response = request.send().await.map_err(|_| HttpError::NoAnswer)?;
    let status = response.status().as_u16();
    let headers = std::mem::take(response.headers_mut());
    let mut body = Vec::new();
    while let Some(chunk) = response.chunk().await.map_err(|_| HttpError::NoAnswer)? {
        if body.len() + chunk.len() > bytes_max {
            return Err(HttpError::TooLong);
        }
        body.extend_from_slice(&chunk);
    }
    Ok(Answer { status, body, headers })
}
