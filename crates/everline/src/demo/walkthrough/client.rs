//! A client of the API and of the sandbox's control, for the walkthrough.

use super::Failed;
use serde_json::Value;
use std::time::Duration;

/// How often and how long the walkthrough looks for a change before it gives up.
const LOOKS: u32 = 150;
const BETWEEN_LOOKS: Duration = Duration::from_millis(100);

/// Speaks to a demo and to its outside world.
pub(super) struct Client {
    http: reqwest::Client,
    portal: String,
    sandbox: String,
}

/// An answer with its status.
pub(super) struct Answer {
    pub(super) status: u16,
    pub(super) body: Value,
}

pub(super) fn failed(step: &str, found: impl Into<String>) -> Failed {
    Failed { step: step.to_owned(), found: found.into() }
}

impl Client {
    pub(super) fn new(portal: &str, sandbox: &str) -> Result<Self, Failed> {
        let http = reqwest::Client::builder().timeout(Duration::from_secs(20)).no_proxy().build();
        let http = http.map_err(|error| failed("client", error.to_string()))?;
        Ok(Self { http, portal: portal.to_owned(), sandbox: sandbox.trim_end_matches('/').to_owned() })
    }
    /// A call of the API; `token` signs in, `key` makes it repeatable.
    pub(super) async fn api(
        &self,
        method: &str,
        path: &str,
        token: Option<&str>,
        key: Option<&str>,
        body: Option<Value>,
    ) -> Result<Answer, Failed> {
        let mut request = self.request(method, &format!("{}/api/v1{path}", self.portal), body)?;
        if let Some(token) = token {
            request = request.bearer_auth(token);
        }
        if let Some(key) = key {
            request = request.header("idempotency-key", key);
        }
        send(path, request).await
    }
    /// A call of the API that must succeed.
    pub(super) async fn ask(
        &self,
        method: &str,
        path: &str,
        token: Option<&str>,
        body: Option<Value>,
    ) -> Result<Value, Failed> {
        let answer = self.api(method, path, token, None, body).await?;
        if answer.status >= 300 {
            return Err(failed(path, format!("{} {}", answer.status, answer.body)));
        }
        Ok(answer.body)
    }
    /// A call of the sandbox's control that must succeed.
    pub(super) async fn control(&self, method: &str, path: &str, body: Option<Value>) -> Result<Value, Failed> {
        let request = self.request(method, &format!("{}/control/{path}", self.sandbox), body)?;
        let answer = send(path, request).await?;
        if answer.status >= 300 {
            return Err(failed(path, format!("{} {}", answer.status, answer.body)));
        }
        Ok(answer.body)
    }
    /// A raw post to the portal; the status of the answer.
    pub(super) async fn post_form(&self, path: &str, body: String) -> Result<u16, Failed> {
        let kind = "application/x-www-form-urlencoded";
        let request = self.http.post(format!("{}{path}", self.portal)).header("content-type", kind).body(body);
        Ok(request.send().await.map_err(|error| failed(path, error.to_string()))?.status().as_u16())
    }
    /// A file of the API.
    pub(super) async fn file(&self, path: &str, token: &str) -> Result<Vec<u8>, Failed> {
        let error = |error: reqwest::Error| failed(path, error.to_string());
        let response =
            self.http.get(format!("{}{path}", self.portal)).bearer_auth(token).send().await.map_err(error)?;
        Ok(response.error_for_status().map_err(error)?.bytes().await.map_err(error)?.to_vec())
    }
    /// Opens an address as a browser would; the status of the last answer.
    pub(super) async fn open(&self, url: &str) -> Result<u16, Failed> {
        Ok(self.http.get(url).send().await.map_err(|error| failed(url, error.to_string()))?.status().as_u16())
    }
    fn request(&self, method: &str, url: &str, body: Option<Value>) -> Result<reqwest::RequestBuilder, Failed> {
        let method = method.parse().map_err(|_| failed(url, "no such method"))?;
        let request = self.http.request(method, url);
        Ok(match body {
            Some(body) => request.json(&body),
            None => request,
        })
    }
    /// Looks until `wanted` says yes, or gives up with what was seen last.
    pub(super) async fn until(
        &self,
        step: &str,
        path: &str,
        token: &str,
        wanted: impl Fn(&Value) -> bool,
    ) -> Result<Value, Failed> {
        let mut last = Value::Null;
        for _ in 0..LOOKS {
            last = self.ask("GET", path, Some(token), None).await?;
            if wanted(&last) {
                return Ok(last);
            }
            tokio::time::sleep(BETWEEN_LOOKS).await;
        }
        Err(failed(step, format!("did not come about; last seen: {last}")))
    }
    /// Looks at the sandbox until `wanted` says yes.
    pub(super) async fn until_outside(
        &self,
        step: &str,
        path: &str,
        wanted: impl Fn(&Value) -> bool,
    ) -> Result<Value, Failed> {
        let mut last = Value::Null;
        for _ in 0..LOOKS {
            last = self.control("GET", path, None).await?;
            if wanted(&last) {
                return Ok(last);
            }
            tokio::time::sleep(BETWEEN_LOOKS).await;
        }
        Err(failed(step, format!("did not come about outside; last seen: {last}")))
    }
}

async fn send(what: &str, request: reqwest::RequestBuilder) -> Result<Answer, Failed> {
    let response = request.send().await.map_err(|error| failed(what, error.to_string()))?;
    let status = response.status().as_u16();
    let text = response.text().await.map_err(|error| failed(what, error.to_string()))?;
    Ok(Answer { status, body: serde_json::from_str(&text).unwrap_or(Value::String(text)) })
}
