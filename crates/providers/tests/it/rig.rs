//! An outside world, and clients of it.

use everline_app::clock::Clock;
use everline_app::ports::{DeliveryReport, OutgoingMessage, Told};
use everline_core::identifiers::Msisdn;
use everline_core::ids::{MessageId, RawId};
use everline_core::message::Address;
use everline_core::money::{Currency, Money};
use everline_providers::Http;
use everline_providers::alipay::{Alipay, AlipayConfig, Trust};
use everline_providers::texts::Texts;
use everline_providers::wechat::{ApiV3Key, OfficialAccount, Wechat, WechatConfig};
use everline_sandbox::{Sandbox, SandboxConfig};
use serde_json::Value;
use std::sync::Arc;
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

pub struct Rig {
    pub sandbox: Sandbox,
    pub clock: Arc<Clock>,
    control: reqwest::Client,
}

impl Rig {
    pub async fn start() -> Self {
        Self::start_at(Clock::machine(), |_| {}).await
    }

    pub async fn start_with(change: impl FnOnce(&mut SandboxConfig)) -> Self {
        Self::start_at(Clock::machine(), change).await
    }

    pub async fn start_at(clock: Clock, change: impl FnOnce(&mut SandboxConfig)) -> Self {
        let clock = Arc::new(clock);
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
            trust: Trust::Key(access.alipay_gateway_key.clone()),
            notify_url: "http://127.0.0.1:9/notify".to_owned(),
        };
        change(&mut config);
        Alipay::new(config, http(), self.clock.clone())
    }

    pub fn wechat(&self) -> Wechat {
        self.wechat_with(|_| {})
    }

    pub fn wechat_with(&self, change: impl FnOnce(&mut WechatConfig)) -> Wechat {
        let access = self.sandbox.access();
        let mut config = WechatConfig {
            gateway_url: access.wechat_gateway_url.clone(),
            mchid: access.wechat_mchid.clone(),
            appid: access.wechat_appid.clone(),
            merchant_key: access.wechat_merchant_key.clone().unwrap(),
            merchant_serial: access.wechat_merchant_serial.clone(),
            api_v3_key: ApiV3Key::new(&access.wechat_api_v3_key).unwrap(),
            public_keys: vec![(access.wechat_public_key_id.clone(), access.wechat_public_key.clone())],
            notify_url: "http://127.0.0.1:9/notify".to_owned(),
            account: Some(OfficialAccount {
                secret: access.wechat_app_secret.clone(),
                authorize_url: access.wechat_gateway_url.clone(),
                api_url: access.wechat_gateway_url.clone(),
            }),
        };
        change(&mut config);
        Wechat::new(config, http(), self.clock.clone()).unwrap()
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

/// A notice as it arrived: headers, names in lower case, and body.
pub struct Arrived {
    pub headers: Vec<(String, String)>,
    pub body: Vec<u8>,
}

impl Arrived {
    pub fn headers(&self) -> Vec<(&str, &str)> {
        self.headers.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect()
    }
}

/// Takes one notice and acknowledges it with `answer`.
pub async fn receive(listener: &TcpListener, answer: &str) -> Arrived {
    let (mut stream, _) = listener.accept().await.unwrap();
    let mut bytes = Vec::new();
    loop {
        assert!(stream.read_buf(&mut bytes).await.unwrap() > 0, "the gateway hung up");
        let Some(end) = bytes.windows(4).position(|four| four == b"\r\n\r\n") else { continue };
        let head = String::from_utf8(bytes[..end].to_vec()).unwrap();
        let headers: Vec<(String, String)> = head
            .lines()
            .skip(1)
            .map(|line| line.split_once(": ").unwrap())
            .map(|(name, value)| (name.to_lowercase(), value.to_owned()))
            .collect();
        let length = headers.iter().find(|(name, _)| name == "content-length").unwrap().1.parse::<usize>().unwrap();
        if bytes.len() == end + 4 + length {
            let answer = format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n{answer}", answer.len());
            stream.write_all(answer.as_bytes()).await.unwrap();
            return Arrived { headers, body: bytes.split_off(end + 4) };
        }
    }
}

pub fn http() -> Http {
    Http::new(Duration::from_secs(2)).unwrap()
}

pub fn cny(text: &str) -> Money {
    Money::parse(text, Currency::CNY).unwrap()
}

/// The texts of messages.
pub fn texts() -> Arc<Texts> {
    Arc::new(Texts::load("https://my.example", &[]).unwrap())
}

/// A message about a line.
pub fn message(template: &'static str, language: &str) -> OutgoingMessage {
    let parameters = [
        ("brand", "青禾通信"),
        ("code", "123456"),
        ("hotline", "400-800-1234"),
        ("kept_until", "2026-12-22"),
        ("line", if language == "en" { "Duoduo's watch" } else { "朵朵的手表" }),
        ("line_id", "abc"),
        ("until", "2026-11-22"),
    ];
    OutgoingMessage {
        id: MessageId(RawId::new_v7(1, [1; 10])),
        to: Address::Sms(Msisdn::parse("13800138001").unwrap()),
        template,
        parameters: parameters.into_iter().map(|(name, value)| (name, value.to_owned())).collect(),
        language: language.to_owned(),
        repeated: false,
        reported: true,
    }
}

/// The reports among what a provider told.
pub fn reports(told: Vec<Told>) -> Vec<DeliveryReport> {
    let report = |told| if let Told::Report(report) = told { Some(report) } else { None };
    told.into_iter().filter_map(report).collect()
}
