//! `everline config check`: what a configuration says, without its secrets.

use crate::config::{self, Config};
use std::error::Error;
use std::path::Path;
use std::process::ExitCode;

/// Reads the file and prints what it found.
pub(crate) fn check(file: &Path) -> Result<ExitCode, Box<dyn Error>> {
    match config::load(file) {
        Ok(config) => {
            println!("{}", shown(&config));
            println!("{}: nothing is wrong", file.display());
            Ok(ExitCode::SUCCESS)
        }
        Err(refused) => {
            println!("{refused}");
            let count = refused.mistakes.len();
            println!("{}: {count} {}", file.display(), if count == 1 { "mistake" } else { "mistakes" });
            Ok(ExitCode::from(1))
        }
    }
}

fn shown(config: &Config) -> String {
    let listen = &config.listen;
    let protected = match (&listen.tls, listen.proxies.is_empty()) {
        (Some(tls), _) => format!("TLS with {}", tls.certificate.display()),
        (None, false) => "behind a proxy".to_owned(),
        (None, true) => "in the clear, on this machine only".to_owned(),
    };
    let admin = listen.admin.map_or("off".to_owned(), |address| address.to_string());
    let service = |service: Option<&config::Service>| match service {
        Some(service) => format!("{}, {:?}", service.url, service.token),
        None => "none".to_owned(),
    };
    let alipay = &config.alipay;
    let cards = config.stripe.as_ref().map_or_else(
        || "none".to_owned(),
        |stripe| {
            let mode = if stripe.livemode { "live" } else { "test" };
            let secrets = stripe.webhook_secrets().len();
            format!(
                "{}, {mode} mode, {secrets} webhook secrets, events at {}/notify/stripe",
                stripe.api_url, config.public_url
            )
        },
    );
    let lines = [
        ("brand", format!("{} / {}", config.brand.name.get("zh-CN"), config.brand.name.get("en"))),
        ("public address", config.public_url.clone()),
        ("listens on", format!("{}, {protected}", listen.address)),
        ("administrators", admin),
        ("store", config.store.name()),
        ("master key", format!("{:?}", config.master_key)),
        ("alipay", format!("{}, app {}, merchant {}", alipay.gateway_url, alipay.app_id, alipay.seller_id)),
        ("alipay notices", alipay.notify_url.clone()),
        ("cards", cards),
        ("sms", service(Some(&config.sms))),
        ("built-in network", service(config.built_in.as_ref().map(|(service, _)| service))),
        ("upstream network", service(config.upstream.as_ref())),
        ("time zone", format!("{}, {}", config.brand.time_zone, config.brand.currency.code())),
        ("terms", if config.terms.is_some() { "with text" } else { "without text" }.to_owned()),
        ("log", format!("{}, {}", if config.log.json { "json" } else { "text" }, config.log.level)),
    ];
    let lines: Vec<String> = lines.iter().map(|(name, value)| format!("{name:<18}{value}")).collect();
    lines.join("\n")
}
