//! The gateways with SDKs that we did not write as their clients; `xtask/scripts/sdk_clients.sh` installs and names them.

use crate::rig::Rig;
use everline_sandbox::AlipayCertificates;
use serde_json::{Value, json};
use std::process::Command;
use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};
use wire_pay::alipay::PrivateKey;

/// SDKs stamp their requests with the machine's time, and so the sandbox's must be that.
#[allow(clippy::disallowed_methods)]
fn machine_time() -> everline_sandbox::Clock {
    Arc::new(|| {
        let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
        i64::try_from(since.as_micros()).unwrap()
    })
}

/// Runs a script of `tests/sdk` with what it must know; it says so if all its checks passed.
async fn passes(program: String, script: &'static str, config: Value) {
    let path = format!("{}/tests/sdk/{script}", env!("CARGO_MANIFEST_DIR"));
    // Alipay's SDK writes times as the machine's zone has them, and the gateway reads them as Beijing's.
    let run =
        move || Command::new(program).arg(path).arg(config.to_string()).env("TZ", "Asia/Shanghai").output().unwrap();
    let output = tokio::task::spawn_blocking(run).await.unwrap();
    let (out, err) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success() && out.trim_end().ends_with("all checks passed"), "{script}: {out}\n{err}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs npm alipay-sdk: bash xtask/scripts/sdk_clients.sh"]
async fn alipays_sdk_gets_along_with_the_gateway() {
    let key = PrivateKey::generate().unwrap();
    let public = key.public_key().unwrap();
    let rig = Rig::start_with(|config| {
        config.clock = machine_time();
        config.alipay.merchant_key = Some(public);
    })
    .await;
    let config = json!({
        "gateway": rig.access.alipay_gateway_url,
        "control": format!("{}control", rig.access.view_url),
        "app_id": rig.access.alipay_app_id,
        "seller_id": rig.access.alipay_seller_id,
        "private_key": key.to_base64().unwrap(),
        "alipay_public_key": rig.access.alipay_gateway_key.to_base64().unwrap(),
    });
    passes("node".to_owned(), "alipay.mjs", config).await;
}

/// Fixed keys and certificates: data behind the golden vectors of `wire-pay`.
const APP: &str = include_str!("../../../../wire/pay/vectors/alipay/app.pem");
const ROOTS: &str = include_str!("../../../../wire/pay/vectors/alipay/roots.pem");
const ALIPAY: &str = include_str!("../../../../wire/pay/vectors/alipay/gateway.pem");
const KEYS: &str = include_str!("../../../../wire/pay/vectors/alipay/keys.json");

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs npm alipay-sdk: bash xtask/scripts/sdk_clients.sh"]
async fn alipays_sdk_gets_along_with_the_gateway_in_certificate_mode() {
    let keys: Value = serde_json::from_str(KEYS).unwrap();
    let key = |owner: &str| PrivateKey::parse(keys[owner]["private_pkcs8"].as_str().unwrap()).unwrap();
    let rig = Rig::start_with(|config| {
        config.clock = machine_time();
        config.alipay.merchant_key = Some(key("merchant").public_key().unwrap());
        config.alipay.gateway_key = Some(key("gateway"));
        let (app, roots, gateway) = (APP.to_owned(), ROOTS.to_owned(), ALIPAY.to_owned());
        config.alipay.certificates = Some(AlipayCertificates { app, roots, gateway });
    })
    .await;
    let config = json!({
        "gateway": rig.access.alipay_gateway_url,
        "control": format!("{}control", rig.access.view_url),
        "app_id": rig.access.alipay_app_id,
        "seller_id": rig.access.alipay_seller_id,
        "private_key": key("merchant").to_base64().unwrap(),
        "certificates": { "app": APP, "roots": ROOTS, "gateway": ALIPAY },
    });
    passes("node".to_owned(), "alipay.mjs", config).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs npm stripe: bash xtask/scripts/sdk_clients.sh"]
async fn stripes_sdk_gets_along_with_the_card_gateway() {
    let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let rig = Rig::start_with(|config| {
        config.clock = machine_time();
        config.cards.webhook_url = Some(format!("http://127.0.0.1:{port}/hook"));
        config.cards.webhook_retry_divisor = 1_000_000;
    })
    .await;
    let config = json!({
        "api": rig.access.cards_api_url,
        "control": format!("{}control", rig.access.view_url),
        "key": rig.access.cards_api_key,
        "secret": rig.access.cards_webhook_secret,
        "webhook_port": port,
    });
    passes("node".to_owned(), "stripe.mjs", config).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs PyPI wechatpayv3 and wechatpy: bash xtask/scripts/sdk_clients.sh"]
async fn an_sdk_gets_along_with_wechat_pay() {
    let (key, other) = (PrivateKey::generate().unwrap(), PrivateKey::generate().unwrap());
    let public = key.public_key().unwrap();
    let rig = Rig::start_with(|config| {
        config.clock = machine_time();
        config.wechat.merchant_key = Some(public);
    })
    .await;
    let config = json!({
        "gateway": rig.access.wechat_gateway_url,
        "control": format!("{}control", rig.access.view_url),
        "mchid": rig.access.wechat_mchid,
        "appid": rig.access.wechat_appid,
        "app_secret": rig.access.wechat_app_secret,
        "serial": rig.access.wechat_merchant_serial,
        "private_key": key.to_pem().unwrap(),
        "other_key": other.to_pem().unwrap(),
        "api_v3_key": rig.access.wechat_api_v3_key,
        "public_key": rig.access.wechat_public_key.to_pem().unwrap(),
        "public_key_id": rig.access.wechat_public_key_id,
    });
    let python =
        std::env::var("EVERLINE_PYTHON").expect("EVERLINE_PYTHON is a Python that has wechatpayv3 and wechatpy");
    passes(python, "wechat.py", config).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs npm wechatpay-node-v3: bash xtask/scripts/sdk_clients.sh"]
async fn what_another_sdk_signs_opens_the_cashier_inside_wechat() {
    let key = PrivateKey::generate().unwrap();
    let public = key.public_key().unwrap();
    let rig = Rig::start_with(|config| {
        config.clock = machine_time();
        config.wechat.merchant_key = Some(public);
    })
    .await;
    let config = json!({
        "gateway": rig.access.wechat_gateway_url,
        "control": format!("{}control", rig.access.view_url),
        "mchid": rig.access.wechat_mchid,
        "appid": rig.access.wechat_appid,
        "app_secret": rig.access.wechat_app_secret,
        "serial": rig.access.wechat_merchant_serial,
        "private_key": key.to_pem().unwrap(),
        "merchant_public_key": key.public_key().unwrap().to_pem().unwrap(),
        "api_v3_key": rig.access.wechat_api_v3_key,
    });
    passes("node".to_owned(), "wechat_inside.mjs", config).await;
}
