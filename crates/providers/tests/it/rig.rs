//! An outside world, and clients of it.

use everline_app::clock::Clock;
use everline_core::money::{Currency, Money};
use everline_providers::Http;
use everline_providers::alipay::{Alipay, AlipayConfig};
use everline_sandbox::{Sandbox, SandboxConfig};
use serde_json::Value;
use std::sync::Arc;
use std::time::Duration;

pub struct Rig {
    pub sandbox: Sandbox,
    pub clock: Arc<Clock>,
    control: reqwest::Client,
}

impl Rig {
    pub async fn start() -> Self {
        Self::start_with(|_| {}).await
    }

    pub async fn start_with(change: impl FnOnce(&mut SandboxConfig)) -> Self {
        let clock = Arc::new(Clock::machine());
        let time = clock.clone();
        let mut config = SandboxConfig::new(Arc::new(move || time.now().system.us()));
        change(&mut config);
        let _ = http(); // installs the crypto library before anything asks for it
        let sandbox = everline_sandbox::start(config).await.unwrap();
        Self { sandbox, clock, control: reqwest::Client::builder().no_proxy().build().unwrap() }
    }

    pub fn alipay(&self) -> Alipay {
        self.alipay_with(|_| {})
    }

    pub fn alipay_with(&self, change: impl FnOnce(&mut AlipayConfig)) -> Alipay {
        let access = self.sandbox.access();
        let mut config = AlipayConfig {
            gateway_url: access.alipay_gateway_url.clone(),
            app_id: access.alipay_app_id.clone(),
            seller_id: access.alipay_seller_id.clone(),
            merchant_key: access.alipay_merchant_key.clone().unwrap(),
            gateway_key: access.alipay_gateway_key.clone(),
            notify_url: "http://127.0.0.1:9/notify".to_owned(),
        };
        change(&mut config);
        Alipay::new(config, http(), self.clock.clone())
    }

    pub async fn control(&self, method: &str, path: &str, body: Option<Value>) -> Value {
        let url = format!("{}/control/{path}", self.sandbox.access().view_url.trim_end_matches('/'));
        let mut request = self.control.request(method.parse().unwrap(), url);
        if let Some(body) = body {
            request = request.json(&body);
        }
        let response = request.send().await.unwrap();
        let (status, text) = (response.status(), response.text().await.unwrap());
        assert!(status.is_success(), "{path}: {status} {text}");
        serde_json::from_str(&text).unwrap_or(Value::Null)
    }

    /// The next answer to `method` is spoilt in this way.
    pub async fn spoil(&self, method: &str, kind: Value) {
        let faults = serde_json::json!({ "answers": [{ "method": method, "kind": kind, "times": 1 }] });
        self.control("PUT", "gateway/faults", Some(faults)).await;
    }
}

pub fn http() -> Http {
    Http::new(Duration::from_secs(2)).unwrap()
}

pub fn cny(text: &str) -> Money {
    Money::parse(text, Currency::CNY).unwrap()
}
