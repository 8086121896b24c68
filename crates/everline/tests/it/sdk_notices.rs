//! A node's endpoints for notices, with messages that the providers' own SDKs take, and tampered copies that they refuse.
//! `xtask/scripts/sdk_clients.sh` installs the SDKs.

use crate::rig::{Brandland, Node, Wishes, fill, verifies};
use everline_app::clock::Clock;
use everline_core::line::NetworkKind;
use everline_core::time::Zone;
use everline_providers::alipay::PrivateKey;
use everline_sandbox::SandboxConfig;
use everline_store::{SqliteOptions, Store};
use serde_json::{Value, json};
use std::process::Command;

const METHODS: [(&str, &str); 3] = [("alipay", "alipay_qr"), ("wechat", "wechat_qr"), ("stripe", "card")];

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs npm alipay-sdk, wechatpay-node-v3, stripe: bash xtask/scripts/sdk_clients.sh"]
async fn the_credits_are_exactly_what_the_sdks_take() {
    let (alipay_key, wechat_key) = (PrivateKey::generate().unwrap(), PrivateKey::generate().unwrap());
    let (alipay, wechat) = (alipay_key.clone(), wechat_key.clone());
    let land = Brandland::with(move |config: &mut SandboxConfig| {
        (config.alipay.gateway_key, config.wechat.gateway_key) = (Some(alipay), Some(wechat));
    })
    .await;
    let store = Store::open_sqlite(&land.store_file(), SqliteOptions::default()).await.unwrap();
    let owner = fill(&store, NetworkKind::BuiltIn, "13900000007", 2 * METHODS.len()).await;
    store.close().await;
    let access = land.sandbox.access();
    let written = land.write("node", &Wishes { more: land.cards(), ..Wishes::default() });
    let mut node = Node::start(&land, &written).await;
    let token = node.sign_in(&land, &owner.phone).await;
    let mut orders = Vec::new();
    let mut told = json!({});
    for (place, (provider, method)) in METHODS.into_iter().enumerate() {
        for (which, line) in ["forged", "genuine"].into_iter().zip(&owner.lines[2 * place..]) {
            let (order, number) = node.order_by(&token, line, method).await;
            let (_, shown) = node.api("GET", &format!("/orders/{order}"), Some(&token), None).await;
            let yuan = shown["price"]["amount"].as_str().unwrap().to_owned();
            let fen: i64 = yuan.replace('.', "").parse().unwrap();
            told[provider][which] = json!({ "number": number, "yuan": yuan, "fen": fen });
            orders.push((order, which));
        }
    }
    let mut add = |provider: &str, more: Value| {
        more.as_object().unwrap().iter().for_each(|(name, value)| told[provider][name] = value.clone());
    };
    add(
        "alipay",
        json!({
            "app_id": access.alipay_app_id, "seller_id": access.alipay_seller_id,
            "private_key": access.alipay_merchant_key.as_ref().unwrap().to_base64().unwrap(),
            "public_key": access.alipay_gateway_key.to_base64().unwrap(),
            "gateway_key": alipay_key.to_pem().unwrap(),
        }),
    );
    add(
        "wechat",
        json!({
            "appid": access.wechat_appid, "mchid": access.wechat_mchid, "serial": access.wechat_merchant_serial,
            "api_v3_key": access.wechat_api_v3_key, "public_key_id": access.wechat_public_key_id,
            "public_key": access.wechat_public_key.to_pem().unwrap(), "gateway_key": wechat_key.to_pem().unwrap(),
            "merchant_key": access.wechat_merchant_key.as_ref().unwrap().to_pem().unwrap(),
        }),
    );
    add("stripe", json!({ "secret": access.cards_webhook_secret, "api_version": null }));
    told["node"] = json!(format!("http://127.0.0.1:{}", written.port));
    let beijing = Zone::named("Asia/Shanghai").unwrap();
    told["beijing_time"] =
        json!(beijing.local(Clock::machine().now().business).strftime("%Y-%m-%d %H:%M:%S").to_string());

    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/sdk/notices.mjs");
    let run = move || Command::new("node").arg(script).arg(told.to_string()).output().unwrap();
    let output = tokio::task::spawn_blocking(run).await.unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let answers: Value = serde_json::from_slice(&output.stdout).unwrap();
    for (provider, _) in METHODS {
        let statuses = |which: &str| -> Vec<i64> {
            answers[provider][which].as_array().unwrap().iter().map(|status| status.as_i64().unwrap()).collect()
        };
        assert!(statuses("genuine").iter().all(|status| [200, 204].contains(status)), "{provider}: {answers}");
        assert!(statuses("forged").iter().all(|status| (400..500).contains(status)), "{provider}: {answers}");
        assert_eq!((statuses("genuine").len(), statuses("forged").len()), (2, 4));
    }
    for (order, which) in &orders {
        match *which {
            "genuine" => node.order_becomes(&token, order, "in_effect").await,
            _ => {
                let (_, shown) = node.api("GET", &format!("/orders/{order}"), Some(&token), None).await;
                assert_eq!(shown["state"], "awaiting_payment");
            }
        }
    }
    node.signal("TERM");
    assert!(node.ends().await.success());
    verifies(&["--config", written.file.to_str().unwrap()]);
}
