//! The gateway against the provider's own SDK as a client, if it is installed.

use crate::rig::Rig;
use serde_json::json;
use std::process::Command;
use wire_pay::alipay::PrivateKey;

/// Runs `tests/sdk/client.mjs`. Needs `node` and, resolvable for it (for example by `NODE_PATH`), npm `alipay-sdk`.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_sdk_gets_along_with_the_gateway() {
    let found = Command::new("node").args(["-e", "require.resolve('alipay-sdk')"]).output();
    if !found.is_ok_and(|output| output.status.success()) {
        println!("skipped: node or npm alipay-sdk is not installed");
        return;
    }
    let key = PrivateKey::generate().unwrap();
    let public = key.public_key().unwrap();
    // The SDK stamps its requests with the machine's time, which a test has no business to read.
    let rig = Rig::start_with(|config| {
        config.alipay.merchant_key = Some(public);
        config.alipay.timestamp_skew_s_max = i64::MAX;
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
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/sdk/client.mjs");
    let run = move || Command::new("node").arg(script).arg(config.to_string()).output().unwrap();
    let output = tokio::task::spawn_blocking(run).await.unwrap();
    let (out, err) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "{out}\n{err}");
    assert!(out.trim_end().ends_with("all checks passed"), "{out}");
}
