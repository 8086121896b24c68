//! A sandbox, a stand-in for the platform, and a client for both.

use axum::{
    Router,
    body::{Body, Bytes},
    extract::State,
    http::{HeaderMap, Method, StatusCode, Uri},
    response::{IntoResponse, Response},
};
use everline_sandbox::{Access, DeviceKind, DeviceSeed, Platform, Sandbox, SandboxConfig, start};
use http_body_util::{BodyExt as _, Full};
use hyper_util::{client::legacy::Client, rt::TokioExecutor};
use serde_json::{Value, json};
use std::{
    collections::VecDeque,
    sync::{
        Arc, LazyLock, Mutex,
        atomic::{AtomicI64, Ordering},
    },
    time::Duration,
};
use tokio::sync::{Mutex as AsyncMutex, mpsc};
use wire_pay::alipay::{Params, PrivateKey, RequestHead, verify_response};

/// 2026-03-01 09:05:07 in Beijing.
pub(crate) const START_US: i64 = 1_772_327_107_000_000;
const PATIENCE: Duration = Duration::from_secs(20);

pub(crate) static MERCHANT: LazyLock<PrivateKey> = LazyLock::new(|| PrivateKey::generate().unwrap());
static GATEWAY: LazyLock<PrivateKey> = LazyLock::new(|| PrivateKey::generate().unwrap());

/// What the platform was asked.
#[derive(Debug, Clone)]
pub(crate) struct Asked {
    pub(crate) method: String,
    pub(crate) path: String,
    pub(crate) bearer: Option<String>,
    pub(crate) headers: HeaderMap,
    pub(crate) body: String,
}

impl Asked {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap()
    }
}

type Script = Arc<Mutex<VecDeque<(u16, String)>>>;

#[derive(Clone)]
struct PlatformState {
    asked: mpsc::UnboundedSender<Asked>,
    script: Script,
}

pub(crate) struct Rig {
    sandbox: Option<Sandbox>,
    pub(crate) access: Access,
    pub(crate) clock: Arc<AtomicI64>,
    pub(crate) platform_url: String,
    script: Script,
    asked: AsyncMutex<mpsc::UnboundedReceiver<Asked>>,
    client: Client<hyper_util::client::legacy::connect::HttpConnector, Full<Bytes>>,
}

pub(crate) struct Got {
    pub(crate) status: u16,
    pub(crate) headers: HeaderMap,
    pub(crate) body: String,
}

impl Got {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_else(|_| panic!("no JSON: {} {}", self.status, self.body))
    }

    pub(crate) fn location(&self) -> &str {
        self.headers["location"].to_str().unwrap()
    }
}

pub(crate) fn seed(imsi: &str, kind: DeviceKind) -> DeviceSeed {
    DeviceSeed { imsi: imsi.into(), name: format!("device {imsi}"), kind, apn: None }
}

/// Answers what is scripted, else what a platform that works would.
async fn platform(
    State(state): State<PlatformState>,
    method: Method,
    uri: Uri,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let bearer = headers.get("authorization").map(|value| value.to_str().unwrap().replace("Bearer ", ""));
    let path = uri.path().to_owned();
    let body = String::from_utf8(body.to_vec()).unwrap();
    let _ = state.asked.send(Asked { method: method.to_string(), path: path.clone(), bearer, headers, body });
    let scripted = state.script.lock().unwrap().pop_front();
    let (status, answer) = scripted.unwrap_or_else(|| match (method.as_str(), path.as_str()) {
        ("DELETE", _) => (204, String::new()),
        (_, "/sessions") => {
            (201, json!({"session_id": "s1", "state": "online", "granted_octets": 50_000_000}).to_string())
        }
        (_, path) if path.ends_with("/usage") => {
            (200, json!({"state": "online", "granted_octets": 40_000_000}).to_string())
        }
        ("GET", "/clock") => (200, json!({"business_time_us": START_US}).to_string()),
        ("POST", "/clock") => (200, json!({"business_time_us": START_US + 3_600_000_000_i64, "events": 3}).to_string()),
        _ => (200, "success".to_owned()),
    });
    (StatusCode::from_u16(status).unwrap(), answer).into_response()
}

impl Rig {
    pub(crate) async fn start() -> Self {
        Self::start_with(|_| {}).await
    }

    pub(crate) async fn start_with(change: impl FnOnce(&mut SandboxConfig)) -> Self {
        let (sender, asked) = mpsc::unbounded_channel();
        let script = Script::default();
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let platform_url = format!("http://{}", listener.local_addr().unwrap());
        let state = PlatformState { asked: sender, script: script.clone() };
        let router = Router::new().fallback(platform).with_state(state);
        tokio::spawn(async move { axum::serve(listener, router).await });

        let clock = Arc::new(AtomicI64::new(START_US));
        let read = clock.clone();
        let mut config = SandboxConfig::new(Arc::new(move || read.load(Ordering::SeqCst)));
        config.alipay.merchant_key = Some(MERCHANT.public_key().unwrap());
        config.alipay.gateway_key = Some(GATEWAY.clone());
        // The longest waiting time, 15 hours, passes in 54 ms.
        config.alipay.notify_retry_divisor = 1_000_000;
        config.wechat.merchant_key = Some(MERCHANT.public_key().unwrap());
        config.wechat.gateway_key = Some(GATEWAY.clone());
        config.wechat.notify_retry_divisor = 1_000_000;
        config.tick = Duration::from_millis(2);
        config.platform = Platform {
            device_url: Some(platform_url.clone()),
            clock_url: Some(format!("{platform_url}/clock")),
            messages_url: Some(format!("{platform_url}/messages/sesame")),
        };
        change(&mut config);
        let sandbox = start(config).await.unwrap();
        let access = sandbox.access().clone();
        let client = Client::builder(TokioExecutor::new()).build_http();
        Self { sandbox: Some(sandbox), access, clock, platform_url, script, asked: AsyncMutex::new(asked), client }
    }

    pub(crate) fn sandbox(&self) -> &Sandbox {
        self.sandbox.as_ref().unwrap()
    }

    pub(crate) async fn shut_down(&mut self) {
        self.sandbox.take().unwrap().shutdown().await;
    }

    pub(crate) fn pass(&self, us: i64) {
        self.clock.fetch_add(us, Ordering::SeqCst);
    }

    /// The platform's next answers, before its usual ones.
    pub(crate) fn script(&self, status: u16, body: &str) {
        self.script.lock().unwrap().push_back((status, body.to_owned()));
    }

    /// What the platform is asked next.
    pub(crate) async fn asked(&self) -> Asked {
        tokio::time::timeout(PATIENCE, self.asked.lock().await.recv())
            .await
            .expect("the platform was not asked")
            .unwrap()
    }

    /// True if the platform was asked nothing since.
    pub(crate) async fn asked_nothing(&self) -> bool {
        self.asked.lock().await.try_recv().is_err()
    }

    pub(crate) async fn send(
        &self,
        method: &str,
        url: &str,
        headers: &[(&str, &str)],
        body: &str,
    ) -> Result<Got, hyper_util::client::legacy::Error> {
        let mut request = axum::http::Request::builder().method(method).uri(url);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let request = request.body(Full::new(Bytes::from(body.to_owned()))).unwrap();
        let response = tokio::time::timeout(PATIENCE, self.client.request(request)).await.expect("no answer")?;
        let (parts, body) = response.into_parts();
        let body = Body::new(body).collect().await.unwrap().to_bytes();
        let body = String::from_utf8(body.to_vec()).unwrap();
        Ok(Got { status: parts.status.as_u16(), headers: parts.headers, body })
    }

    pub(crate) async fn get(&self, url: &str) -> Got {
        self.send("GET", url, &[], "").await.unwrap()
    }

    /// A JSON request with a bearer token to one of the sandbox's interfaces.
    pub(crate) async fn bearer(&self, method: &str, url: &str, token: &str, body: &Value) -> Got {
        let token = format!("Bearer {token}");
        let headers = [("authorization", token.as_str()), ("content-type", "application/json")];
        self.send(method, url, &headers, &body.to_string()).await.unwrap()
    }

    pub(crate) async fn form(&self, url: &str, body: &str) -> Got {
        let headers = [("content-type", "application/x-www-form-urlencoded")];
        self.send("POST", url, &headers, body).await.unwrap()
    }

    fn control_url(&self, path: &str) -> String {
        format!("{}control/{path}", self.access.view_url)
    }

    pub(crate) async fn control(&self, method: &str, path: &str, body: &Value) -> Got {
        let headers = [("content-type", "application/json")];
        self.send(method, &self.control_url(path), &headers, &body.to_string()).await.unwrap()
    }

    pub(crate) async fn look(&self, path: &str) -> Value {
        self.get(&self.control_url(path)).await.json()
    }

    /// Asks the control interface until `good` says so.
    pub(crate) async fn until(&self, path: &str, good: impl Fn(&Value) -> bool) -> Value {
        let looking = async {
            loop {
                let found = self.look(path).await;
                if good(&found) {
                    return found;
                }
            }
        };
        tokio::time::timeout(PATIENCE, looking).await.expect("never happened")
    }

    /// A signed request to the gateway.
    pub(crate) fn signed(&self, method: &str, biz: &Value) -> Params {
        let notify_url = format!("{}/notify", self.platform_url);
        let mut params = Params::request(
            &RequestHead {
                app_id: &self.access.alipay_app_id,
                method,
                timestamp_unix_s: self.clock.load(Ordering::SeqCst) / 1_000_000,
                notify_url: Some(&notify_url),
                return_url: Some("http://shop.test/back?order=1"),
            },
            &biz.to_string(),
        );
        params.sign(&MERCHANT).unwrap();
        params
    }

    pub(crate) fn sign_again(&self, params: &mut Params) {
        params.sign(&MERCHANT).unwrap();
    }

    pub(crate) async fn post_params(&self, params: &Params) -> Result<Got, hyper_util::client::legacy::Error> {
        let (query, body) = params.to_post();
        let headers = [("content-type", "application/x-www-form-urlencoded")];
        self.send("POST", &format!("{}?{query}", self.access.alipay_gateway_url), &headers, &body).await
    }

    /// A call of the gateway; the verified answer.
    pub(crate) async fn alipay(&self, method: &str, biz: Value) -> Value {
        let got = self.post_params(&self.signed(method, &biz)).await.unwrap();
        assert_eq!(got.status, 200);
        let raw = verify_response(got.body.as_bytes(), method, &self.access.alipay_gateway_key)
            .unwrap_or_else(|error| panic!("{error}: {}", got.body));
        serde_json::from_str(raw).unwrap()
    }

    pub(crate) async fn precreate(&self, number: &str, yuan: &str) -> Value {
        let biz = json!({
            "out_trade_no": number, "total_amount": yuan, "subject": "10 GB <b>", "timeout_express": "30m",
            "passback_params": "a%3D1",
        });
        self.alipay("alipay.trade.precreate", biz).await
    }

    /// What the payer does.
    pub(crate) async fn payer(&self, number: &str, action: &str) -> Got {
        self.control("POST", &format!("trades/{number}/{action}"), &Value::Null).await
    }
}
