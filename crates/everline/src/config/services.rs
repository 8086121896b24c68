//! The sections about the outside: who is called where, and with which secret.

use super::read::Table;
use super::secret::{Secret, required_secret};
use std::net::IpAddr;

/// A service that is called with a bearer token.
#[derive(Debug, Clone)]
pub(crate) struct Service {
    pub(crate) url: String,
    pub(crate) token: Secret,
}

/// Alipay, with its keys as they stand in their files.
#[derive(Debug, Clone)]
pub(crate) struct AlipayFile {
    pub(crate) gateway_url: String,
    pub(crate) app_id: String,
    pub(crate) seller_id: String,
    pub(crate) merchant_key: Secret,
    pub(crate) gateway_key: String,
    pub(crate) notify_url: String,
}

/// An address that begins with `http://` or `https://` and has no slash at its end.
pub(crate) fn base_url(text: &str) -> Result<String, String> {
    let wrong = |what: &str| format!("{text:?} is no address: {what}");
    let rest = text.strip_prefix("https://").or_else(|| text.strip_prefix("http://"));
    let rest = rest.ok_or_else(|| wrong("https://… expected"))?;
    let host = rest.split('/').next().unwrap_or("");
    if host.is_empty() || text.chars().any(|c| c.is_whitespace() || c.is_control()) || text.contains(['?', '#', '@']) {
        return Err(wrong("host, port and path only"));
    }
    Ok(text.trim_end_matches('/').to_owned())
}

/// The host of what follows `http://`, without its port.
pub(super) fn host(rest: &str) -> &str {
    let host = rest.split('/').next().unwrap_or("");
    match host.rsplit_once(':') {
        Some((name, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) => name,
        _ => host,
    }
}

fn address(host: &str) -> Option<IpAddr> {
    host.trim_matches(['[', ']']).parse().ok()
}

/// Whether a host is the machine itself.
pub(super) fn is_this_machine(host: &str) -> bool {
    host == "localhost" || address(host).is_some_and(|address| address.is_loopback())
}

/// The address that carries a secret must not be overheard on its way.
pub(super) fn protected(text: &str) -> Result<String, String> {
    let url = base_url(text)?;
    let near = |host: &str| is_this_machine(host) || address(host).is_some_and(|address| is_private(&address));
    match url.strip_prefix("http://").map(host) {
        Some(host) if !near(host) => Err(format!("{text:?}: https:// expected outside of private networks")),
        _ => Ok(url),
    }
}

fn is_private(address: &IpAddr) -> bool {
    match address {
        IpAddr::V4(v4) => v4.is_private() || v4.is_loopback() || v4.is_link_local(),
        IpAddr::V6(v6) => v6.is_loopback() || v6.is_unique_local() || v6.is_unicast_link_local(),
    }
}

/// A URL under `key`, and a token.
pub(super) fn service(table: &Table<'_>, key: &'static str) -> Option<Service> {
    let url = table.required_parsed(key, "where it is called", protected);
    let token = required_secret(table, "token", "the secret it is called with");
    Some(Service { url: url?, token: token? })
}

/// Our own network.
pub(super) fn built_in(table: &Table<'_>) -> Option<(Service, Secret)> {
    let service = service(table, "base_url");
    let device_token = required_secret(table, "device_token", "the secret its elements show to us");
    Some((service?, device_token?))
}

pub(super) fn alipay(table: &Table<'_>, public_url: Option<&str>) -> Option<AlipayFile> {
    let gateway_url = table.required_parsed("gateway_url", "https://openapi.alipay.com/gateway.do", protected);
    let app_id = table.required("app_id", "the application's number").map(str::to_owned);
    let seller_id = table.required("seller_id", "the merchant's account, 2088…").map(str::to_owned);
    let merchant_key = required_secret(table, "merchant_key", "our private key");
    if let Some(key) = &merchant_key
        && everline_providers::alipay::PrivateKey::parse(key.reveal()).is_err()
    {
        table.wrong("merchant_key", format_args!("{} holds no private RSA key", key.from()));
    }
    let gateway_key = table.required("gateway_key_file", "Alipay's public key").and_then(|_| {
        let path = table.path("gateway_key_file")?;
        let parsed = std::fs::read_to_string(&path).map_err(|error| format!("cannot read {}: {error}", path.display()));
        let checked = parsed.and_then(|text| match everline_providers::alipay::PublicKey::parse(&text) {
            Ok(_) => Ok(text),
            Err(_) => Err(format!("{} holds no public RSA key", path.display())),
        });
        checked.map_err(|what| table.wrong("gateway_key_file", what)).ok()
    });
    let notify_url = table.parsed("notify_url", base_url);
    let notify_url = notify_url.or_else(|| public_url.map(|url| format!("{url}/notify/alipay")));
    Some(AlipayFile {
        gateway_url: gateway_url?,
        app_id: app_id?,
        seller_id: seller_id?,
        merchant_key: merchant_key?,
        gateway_key: gateway_key?,
        notify_url: notify_url?,
    })
}
