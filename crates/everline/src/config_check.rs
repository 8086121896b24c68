//! `everline config check`: what a configuration says, without its secrets.

use crate::config::{self, Config, SmsFile};
use crate::wire;
use everline_app::secrets::hex;
use everline_core::number_plan::NumberOf;
use everline_providers::email::MailTls;
use everline_providers::push::PushKey;
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

/// The public key under which receipts are signed: to be kept, for when the master key is replaced.
fn receipt_key(config: &Config) -> String {
    let key = wire::secrets(config).ok().and_then(|secrets| secrets.receipt_key());
    key.map_or("nobody".to_owned(), |key| format!("key {}, {}", key.id(), hex(&key.0)))
}

/// Whether payers inside WeChat have a way of their own, and what must be entered at WeChat for it.
fn documents(config: &Config) -> String {
    let rules = &config.brand.identity;
    if rules.documents.is_empty() {
        return "none: nobody is asked who they are".to_owned();
    }
    let kinds: Vec<&str> = rules.documents.iter().map(|rule| rule.word.as_str()).collect();
    let by = config.verifier.as_ref().map_or("people at the desk", |service| service.url.as_str());
    let needed = if rules.required { "needed for a line" } else { "not needed for a line" };
    format!("{}; proved by {by}; {needed}", kinds.join(", "))
}

fn inside_wechat(config: &Config) -> String {
    let Some(secret) = config.wechat.as_ref().and_then(|wechat| wechat.app_secret.as_ref()) else {
        return "off".to_owned();
    };
    let host = config.public_url.split_once("://").map_or("", |(_, host)| host);
    format!("{secret:?}; authorised domain {host}, payment folders {0}/orders/ and {0}/o/", config.public_url)
}

fn sms(config: &Config) -> String {
    match &config.messages.sms {
        SmsFile::Http(service, report_secret) => {
            let reports = reports(config, "sms", report_secret.is_some());
            format!("{}, {:?}, {reports}", service.url, service.token)
        }
        SmsFile::Smpp(file) => {
            let tls = if file.tls.is_some() { "TLS" } else { "in the clear" };
            format!("SMPP at {}:{}, {tls}, as {}, {:?}", file.host, file.port, file.system_id, file.password)
        }
        SmsFile::Aliyun(file) => {
            let names: Vec<&str> = file.sign_names.values().map(String::as_str).collect();
            let (names, templates) = (names.join(", "), file.templates.len());
            let reports = reports(config, "sms", file.report_secret.is_some());
            format!("{}, {}, as {names}, {templates} templates, {reports}", file.endpoint, file.access_key_id)
        }
    }
}

fn email(config: &Config) -> String {
    let Some(file) = &config.messages.email else { return "none".to_owned() };
    let tls = match file.tls {
        MailTls::StartTls => "STARTTLS",
        MailTls::Implicit => "TLS",
        MailTls::None => "in the clear",
    };
    let reports = reports(config, "email", file.report_secret.is_some());
    format!("{}:{}, {tls}, from {}, {reports}", file.host, file.port, file.from.as_str())
}

/// Where reports come in; the secret at the end is not shown.
fn reports(config: &Config, channel: &str, taken: bool) -> String {
    if taken {
        format!("reports at {}/notify/messages/{channel}/…", config.public_url)
    } else {
        "no reports".to_owned()
    }
}

fn push(config: &Config) -> String {
    let Some(file) = &config.messages.push else { return "none".to_owned() };
    let key = PushKey::parse(file.private_key.reveal()).map_or("none".to_owned(), |key| key.public_key());
    format!("key {key}, {}", file.services.join(", "))
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
    let numbers = Some(config.brand.numbers.shown(NumberOf::Line)).filter(|shown| !shown.is_empty());
    let numbers = numbers.unwrap_or_else(|| "of 5 to 15 digits".to_owned());
    let terms: Vec<&str> = config.terms.iter().flat_map(|terms| terms.0.keys()).map(String::as_str).collect();
    let terms = if terms.is_empty() { "without text".to_owned() } else { format!("text in {}", terms.join(", ")) };
    let wechat = |shown: fn(&config::WechatFile) -> String| config.wechat.as_ref().map_or("none".to_owned(), shown);
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
        ("signs receipts", receipt_key(config)),
        ("alipay", format!("{}, app {}, merchant {}", alipay.gateway_url, alipay.app_id, alipay.seller_id)),
        ("alipay notices", alipay.notify_url.clone()),
        ("wechat", wechat(|file| format!("{}, app {}, merchant {}", file.gateway_url, file.appid, file.mchid))),
        ("wechat notices", wechat(|file| file.notify_url.clone())),
        ("inside wechat", inside_wechat(config)),
        ("cards", cards),
        ("sms", sms(config)),
        ("mail", email(config)),
        ("browsers", push(config)),
        ("built-in network", service(config.built_in.as_ref().map(|(service, _)| service))),
        ("upstream network", service(config.upstream.as_ref())),
        ("documents", documents(config)),
        ("time zone", format!("{}, {}", config.brand.time_zone, config.brand.currency.code())),
        ("numbers", format!("+{} {}", config.brand.calling_code, numbers)),
        ("terms", format!("{}, {terms}", config.brand.terms_version)),
        ("log", format!("{}, {}", if config.log.json { "json" } else { "text" }, config.log.level)),
    ];
    let lines: Vec<String> = lines.iter().map(|(name, value)| format!("{name:<18}{value}")).collect();
    lines.join("\n")
}
