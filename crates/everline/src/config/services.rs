//! The sections about the outside: who is called where, and with which secret.

use super::read::Table;
use super::secret::{Secret, required_secret, secret};
use crate::keys;
use everline_app::ports::{KeyFor, KnownKey};
use everline_providers::alipay::{Certificate, CertificateError, PrivateKey, PublicKey, Trust};
use everline_providers::wechat::{ApiV3Key, OfficialAccount};
use std::net::IpAddr;
use std::path::Path;

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
    pub(crate) trust: Trust,
    /// The certificates of both sides, as they are shown.
    pub(crate) certificates: Vec<KnownKey>,
    pub(crate) notify_url: String,
}

/// WeChat Pay, with its keys as they stand in their files.
#[derive(Debug, Clone)]
pub(crate) struct WechatFile {
    pub(crate) gateway_url: String,
    pub(crate) mchid: String,
    pub(crate) appid: String,
    pub(crate) merchant_key: Secret,
    pub(crate) merchant_serial: String,
    pub(crate) api_v3_key: Secret,
    /// Ids, and keys in PEM.
    pub(crate) public_keys: Vec<(String, String)>,
    pub(crate) notify_url: String,
    /// The official account's secret, for payers inside WeChat.
    pub(crate) app_secret: Option<Secret>,
    /// Where WeChat's browser is asked who uses it, and where we ask whom it named.
    pub(crate) authorize_url: String,
    pub(crate) token_url: String,
    /// The name and the text of the file by which WeChat sees that the domain is ours.
    pub(crate) domain_proof: Option<(String, String)>,
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
    match url.strip_prefix("http://").map(host) {
        Some(host) if !host_is_near(host) => Err(format!("{text:?}: https:// expected outside of private networks")),
        _ => Ok(url),
    }
}

/// Whether what goes to a host stays on this machine or in a private network.
pub(super) fn host_is_near(host: &str) -> bool {
    is_this_machine(host) || address(host).is_some_and(|address| is_private(&address))
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

/// Our private key, which every payment provider wants one of.
fn merchant_key(table: &Table<'_>) -> Option<Secret> {
    let key = required_secret(table, "merchant_key", "our private key")?;
    if PrivateKey::parse(key.reveal()).is_err() {
        table.wrong("merchant_key", format_args!("{} holds no private RSA key", key.from()));
    }
    Some(key)
}

/// A provider's key, as it stands in its file.
fn public_key(path: &Path) -> Result<String, String> {
    let text = std::fs::read_to_string(path).map_err(|error| format!("cannot read {}: {error}", path.display()))?;
    match PublicKey::parse(&text) {
        Ok(_) => Ok(text),
        Err(_) => Err(format!("{} holds no public RSA key", path.display())),
    }
}

/// Alipay's public key, or the certificates of both sides.
fn alipay_trust(table: &Table<'_>, merchant_key: Option<&Secret>) -> Option<(Trust, Vec<KnownKey>)> {
    const APP: &str = "app_cert_file";
    const ROOTS: &str = "root_cert_file";
    const GATEWAY: &str = "gateway_cert_files";
    const KEY: &str = "gateway_key_file";
    let read = |key| {
        let read = certificates(&table.path(key)?);
        read.map_err(|what| table.wrong(key, what)).ok()
    };
    let (app, roots) = (read(APP), read(ROOTS));
    // What follows the first is its chain.
    let first = |file: &str| Ok::<_, String>(certificates(&table.beside(file))?.into_iter().next());
    let gateway: Vec<Certificate> = table.list(GATEWAY, first).into_iter().flatten().collect();
    if ![APP, ROOTS, GATEWAY].into_iter().any(|key| table.has(key)) {
        table.required(KEY, "Alipay's public key")?;
        let key = public_key(&table.path(KEY)?).map_err(|what| table.wrong(KEY, what)).ok()?;
        return PublicKey::parse(&key).ok().map(|key| (Trust::Key(key), Vec::new()));
    }
    if table.has(KEY) {
        table.wrong(KEY, "either Alipay's key, or certificates");
    }
    for (key, what) in [
        (APP, "our application's certificate"),
        (ROOTS, "Alipay's bundle of roots"),
        (GATEWAY, "Alipay's certificates"),
    ] {
        if !table.has(key) {
            table.missing(key, what);
        }
    }
    let (app, roots) = (app?.into_iter().next()?, roots?);
    let ours = PrivateKey::parse(merchant_key?.reveal()).ok()?.public_key().ok()?;
    if app.public_key().ok() != Some(&ours) {
        table.wrong(APP, "it certifies another key than merchant_key");
        return None;
    }
    if gateway.is_empty() {
        return None;
    }
    let trust = Trust::certificates(&app, &roots, &gateway);
    let about = |error: &CertificateError| if matches!(error, CertificateError::NoRsaRoot) { ROOTS } else { GATEWAY };
    let trust = trust.map_err(|error| table.wrong(about(&error), error)).ok()?;
    let shown = |key_for| move |certificate| keys::certificate(key_for, certificate);
    let mut all = vec![keys::certificate(KeyFor::AlipayOurs, &app)];
    all.extend(gateway.iter().map(shown(KeyFor::AlipayTheirs)));
    all.extend(roots.iter().map(shown(KeyFor::AlipayRoot)));
    Some((trust, all))
}

/// The certificates of a file.
fn certificates(path: &Path) -> Result<Vec<Certificate>, String> {
    let text = std::fs::read_to_string(path).map_err(|error| format!("cannot read {}: {error}", path.display()))?;
    Certificate::parse_bundle(&text).map_err(|error| format!("{}: {error}", path.display()))
}

pub(super) fn alipay(table: &Table<'_>, public_url: Option<&str>) -> Option<AlipayFile> {
    let gateway_url = table.required_parsed("gateway_url", "https://openapi.alipay.com/gateway.do", protected);
    let app_id = table.required("app_id", "the application's number").map(str::to_owned);
    let seller_id = table.required("seller_id", "the merchant's account, 2088…").map(str::to_owned);
    let merchant_key = merchant_key(table);
    let trusted = alipay_trust(table, merchant_key.as_ref());
    let notify_url = table.parsed("notify_url", base_url);
    let notify_url = notify_url.or_else(|| public_url.map(|url| format!("{url}/notify/alipay")));
    let (trust, certificates) = trusted?;
    Some(AlipayFile {
        gateway_url: gateway_url?,
        app_id: app_id?,
        seller_id: seller_id?,
        merchant_key: merchant_key?,
        trust,
        certificates,
        notify_url: notify_url?,
    })
}

/// The file that WeChat's console gives to be put at the root of the domain: a word in its name, and the same word in it.
fn domain_file(path: &Path) -> Result<(String, String), String> {
    const BYTES_MAX: usize = 1_024;
    let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
    let word = name.strip_prefix("MP_verify_").and_then(|rest| rest.strip_suffix(".txt")).unwrap_or_default();
    if word.is_empty() || !word.bytes().all(|byte| byte.is_ascii_alphanumeric()) {
        return Err(format!("{name:?}: MP_verify_….txt expected, as WeChat's console gives it"));
    }
    let text = std::fs::read_to_string(path).map_err(|error| format!("cannot read {}: {error}", path.display()))?;
    if text.len() > BYTES_MAX {
        return Err(format!("{} is longer than {BYTES_MAX} bytes", path.display()));
    }
    Ok((name.to_owned(), text))
}

pub(super) fn wechat(table: &Table<'_>, public_url: Option<&str>) -> Option<WechatFile> {
    let gateway_url = table.required_parsed("gateway_url", "https://api.mch.weixin.qq.com", protected);
    let mchid = table.required("mchid", "the merchant's number").map(str::to_owned);
    let appid = table.required("appid", "the application that is bound to it, wx…").map(str::to_owned);
    let merchant_key = merchant_key(table);
    let serial = table.required("merchant_serial", "the serial number of our API certificate").map(str::to_owned);
    let api_v3_key = required_secret(table, "api_v3_key", "what notices and certificates are sealed with");
    if let Some(key) = &api_v3_key
        && ApiV3Key::new(key.reveal()).is_err()
    {
        table.wrong("api_v3_key", format_args!("{} holds no 32 characters", key.from()));
    }
    let public_keys = table.list("public_keys", |entry| match entry.split_once('=') {
        Some((id, file)) if id.starts_with("PUB_KEY_ID_") => Ok((id.to_owned(), public_key(&table.beside(file))?)),
        _ => Err(format!("{entry:?}: an id and a file, PUB_KEY_ID_…=wechat.pub, expected")),
    });
    let notify_url = table.parsed("notify_url", base_url);
    let notify_url = notify_url.or_else(|| public_url.map(|url| format!("{url}/notify/wechat")));
    let app_secret = secret(table, "app_secret");
    if let Some(secret) = &app_secret
        && !(secret.reveal().len() == 32 && secret.reveal().bytes().all(|byte| byte.is_ascii_alphanumeric()))
    {
        table.wrong("app_secret", format_args!("{} holds no AppSecret: 32 letters and digits", secret.from()));
    }
    let authorize_url = table.parsed("authorize_url", base_url);
    let authorize_url = authorize_url.unwrap_or_else(|| OfficialAccount::AUTHORIZE_URL.to_owned());
    let token_url = table.parsed("token_url", protected).unwrap_or_else(|| OfficialAccount::API_URL.to_owned());
    let domain_proof = table.parsed("domain_file", |path| domain_file(&table.beside(path)));
    Some(WechatFile {
        domain_proof,
        app_secret,
        authorize_url,
        token_url,
        gateway_url: gateway_url?,
        mchid: mchid?,
        appid: appid?,
        merchant_key: merchant_key?,
        merchant_serial: serial?,
        api_v3_key: api_v3_key?,
        public_keys,
        notify_url: notify_url?,
    })
}
