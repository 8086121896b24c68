//! A browser without scripts: it keeps cookies, sends forms with the fields their page had, and follows nothing by itself.

use super::World;
use axum::body::Body;
use axum::http::{HeaderMap, Method, Request, StatusCode, header};
use everline_app::sign_in::Principal;
use std::collections::BTreeMap;
use tower::ServiceExt;

/// What came back.
#[derive(Debug)]
pub struct Page {
    pub status: StatusCode,
    pub headers: HeaderMap,
    pub text: String,
    /// The body of a file; the text is empty then.
    pub file: Vec<u8>,
}

impl Page {
    /// Where a redirect leads.
    pub fn location(&self) -> &str {
        self.headers.get(header::LOCATION).map_or("", |value| value.to_str().unwrap())
    }
    /// The value of a hidden field of the page's forms; empty if there is none.
    pub fn field(&self, name: &str) -> String {
        let start = format!("name=\"{name}\" value=\"");
        let rest = self.text.split(&start).nth(1).unwrap_or_default();
        rest.split('"').next().unwrap_or_default().to_owned()
    }
    /// The body as JSON.
    pub fn json(&self) -> serde_json::Value {
        serde_json::from_str(&self.text).unwrap_or_else(|_| panic!("no JSON: {} {}", self.status, self.text))
    }
    /// Fails unless the page says all of this.
    pub fn says(&self, texts: &[&str]) -> &Self {
        for text in texts {
            assert!(self.text.contains(text), "{} without {text:?}:\n{}", self.status, self.text);
        }
        self
    }
    /// Fails if the page says any of this.
    pub fn hides(&self, texts: &[&str]) -> &Self {
        for text in texts {
            assert!(!self.text.contains(text), "shows {text:?}:\n{}", self.text);
        }
        self
    }
}

/// A browser on a router.
pub struct Browser {
    router: axum::Router,
    pub cookies: BTreeMap<String, String>,
    pub headers: Vec<(String, String)>,
}

impl Browser {
    pub fn new(router: &axum::Router) -> Self {
        Self { router: router.clone(), cookies: BTreeMap::new(), headers: Vec::new() }
    }

    /// A browser that is signed in by a session of its owner's.
    pub fn with_token(mut self, token: &str) -> Self {
        self.cookies.insert("everline_demo".to_owned(), token.to_owned());
        self
    }
    /// The token of its session.
    pub fn token(&self) -> String {
        self.cookies.get("everline_demo").cloned().unwrap_or_default()
    }

    /// A browser that is signed in.
    pub async fn of(world: &World, principal: Principal) -> Self {
        let mut browser = Self::new(&world.router);
        browser.cookies.insert("everline_demo".to_owned(), world.session(principal).await.token);
        browser
    }

    /// Sends a header with every request.
    pub fn with(mut self, name: &str, value: &str) -> Self {
        self.headers.push((name.to_owned(), value.to_owned()));
        self
    }

    pub async fn get(&mut self, path: &str) -> Page {
        self.send(Method::GET, path, &[], Vec::new()).await
    }

    /// Sends a form, with these fields only.
    pub async fn post(&mut self, path: &str, fields: &[(&str, &str)]) -> Page {
        let mut form = url::form_urlencoded::Serializer::new(String::new());
        form.extend_pairs(fields);
        let kind = ("content-type", "application/x-www-form-urlencoded");
        self.send(Method::POST, path, &[kind], form.finish().into_bytes()).await
    }

    /// Sends a form of a page: its secret, and these fields.
    pub async fn submit(&mut self, page: &Page, path: &str, fields: &[(&str, &str)]) -> Page {
        let csrf = page.field("_csrf");
        let mut all = vec![("_csrf", csrf.as_str())];
        all.extend_from_slice(fields);
        self.post(path, &all).await
    }

    pub async fn send(&mut self, method: Method, path: &str, extra: &[(&str, &str)], body: Vec<u8>) -> Page {
        let mut request = Request::builder().method(method).uri(path).header(header::HOST, "portal.test");
        if !self.cookies.is_empty() {
            let pairs: Vec<String> = self.cookies.iter().map(|(name, value)| format!("{name}={value}")).collect();
            request = request.header(header::COOKIE, pairs.join("; "));
        }
        for (name, value) in &self.headers {
            request = request.header(name, value);
        }
        for (name, value) in extra {
            request = request.header(*name, *value);
        }
        let response = self.router.clone().oneshot(request.body(Body::from(body)).unwrap()).await.unwrap();
        let (parts, body) = response.into_parts();
        for cookie in parts.headers.get_all(header::SET_COOKIE) {
            let (name, rest) = cookie.to_str().unwrap().split_once('=').unwrap();
            let value = rest.split(';').next().unwrap();
            if value.is_empty() {
                self.cookies.remove(name);
            } else {
                self.cookies.insert(name.to_owned(), value.to_owned());
            }
        }
        let kind = parts.headers.get(header::CONTENT_TYPE).map_or("", |kind| kind.to_str().unwrap()).to_owned();
        let bytes = match kind.as_str() {
            "text/event-stream" => Vec::new(),
            _ => axum::body::to_bytes(body, 4 << 20).await.unwrap().to_vec(),
        };
        let (text, file) = match kind.as_str() {
            "application/pdf" | "image/png" => (String::new(), bytes),
            _ => (String::from_utf8(bytes).unwrap(), Vec::new()),
        };
        Page { status: parts.status, headers: parts.headers, text, file }
    }
}

/// A program with a bearer token.
pub struct Client {
    browser: Browser,
    token: Option<String>,
}

impl Client {
    pub fn new(router: &axum::Router, token: Option<&str>) -> Self {
        Self { browser: Browser::new(router), token: token.map(str::to_owned) }
    }
    pub async fn of(world: &World, principal: Principal) -> Self {
        Self::new(&world.router, Some(&world.session(principal).await.token))
    }
    pub async fn get(&mut self, path: &str) -> Page {
        self.send(Method::GET, path, &[], "").await
    }
    pub async fn post(&mut self, path: &str, body: &str) -> Page {
        self.send(Method::POST, path, &[], body).await
    }
    pub async fn send(&mut self, method: Method, path: &str, extra: &[(&str, &str)], body: &str) -> Page {
        let bearer = self.token.as_ref().map(|token| format!("Bearer {token}"));
        let mut headers = vec![("content-type", "application/json"), ("accept-language", "en")];
        headers.extend(bearer.as_deref().map(|bearer| ("authorization", bearer)));
        headers.extend_from_slice(extra);
        self.browser.send(method, path, &headers, body.as_bytes().to_vec()).await
    }
}
