//! The configuration: one TOML file. What each key means stands in `docs/everline.example.toml`, which a test holds to
//! this module.

mod brand;
mod identity;
mod messages;
mod read;
mod secret;
mod services;
mod stripe;

pub(crate) use messages::{AliyunFile, EmailFile, Messages, PushFile, SmppFile, SmsFile};
pub(crate) use read::Refused;
pub(crate) use secret::Secret;
pub(crate) use services::{AlipayFile, Service, WechatFile, base_url};
pub(crate) use stripe::StripeFile;

use everline_app::secrets::ReceiptKey;
use everline_core::brand::{Brand, Localized};
use everline_store::{PostgresOptions, SqliteOptions};
use everline_web::{ForwardHeader, Proxies, WebConfig};
use read::{Book, Table};
use secret::{required_secret, secret};
use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::time::Duration;

/// The whole of it.
#[derive(Debug, Clone)]
pub(crate) struct Config {
    /// The base of every link that leaves the process, without a slash at its end.
    pub(crate) public_url: String,
    pub(crate) languages: Vec<String>,
    pub(crate) listen: Listen,
    pub(crate) store: StoreConfig,
    pub(crate) master_key: Secret,
    /// Under which receipts were signed before.
    pub(crate) former_receipt_keys: Vec<ReceiptKey>,
    pub(crate) alipay: AlipayFile,
    pub(crate) wechat: Option<WechatFile>,
    /// Cards, if they are taken.
    pub(crate) stripe: Option<StripeFile>,
    pub(crate) messages: Messages,
    /// Our own network, and the secret its elements show to us.
    pub(crate) built_in: Option<(Service, Secret)>,
    pub(crate) upstream: Option<Service>,
    /// Who proves documents.
    pub(crate) verifier: Option<Service>,
    pub(crate) brand: Brand,
    pub(crate) links: Vec<(Localized, String)>,
    pub(crate) terms: Option<Localized>,
    pub(crate) log: Log,
    pub(crate) jobs: Jobs,
    pub(crate) timeouts: Timeouts,
}

/// Where requests come from.
#[derive(Debug, Clone)]
pub(crate) struct Listen {
    pub(crate) address: SocketAddr,
    /// Where metrics and details of readiness are served, if anywhere.
    pub(crate) admin: Option<SocketAddr>,
    pub(crate) tls: Option<Tls>,
    pub(crate) proxies: Proxies,
    /// Most connections at once.
    pub(crate) connections_max: usize,
}

/// Files in PEM.
#[derive(Debug, Clone)]
pub(crate) struct Tls {
    pub(crate) certificate: PathBuf,
    pub(crate) key: PathBuf,
}

/// Where everything is kept.
#[derive(Debug, Clone)]
pub(crate) struct StoreConfig {
    pub(crate) place: Place,
    pub(crate) sqlite: SqliteOptions,
    pub(crate) postgres: PostgresOptions,
    pub(crate) migrate: Migrate,
}

/// Which store.
#[derive(Debug, Clone)]
pub(crate) enum Place {
    Sqlite(PathBuf),
    /// The connection string, which may hold a password.
    Postgres(Secret),
}

/// Who brings the schema up to date.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Migrate {
    OnStart,
    ByCommand,
}

/// How the program tells what it does.
#[derive(Debug, Clone)]
pub(crate) struct Log {
    pub(crate) json: bool,
    /// Directives as `tracing` knows them.
    pub(crate) level: String,
}

/// How work for later is done.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Jobs {
    pub(crate) lease: Duration,
    /// How often all orders and payments are counted for the metrics; never, if zero.
    pub(crate) survey: Duration,
}

/// How long things may take.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Timeouts {
    /// A provider's whole answer.
    pub(crate) provider: Duration,
    /// From the order to stop until the process ends whatever it does.
    pub(crate) stop: Duration,
    /// A request's head.
    pub(crate) head: Duration,
}

/// Reads the file.
///
/// # Errors
/// [`Refused`] with every mistake that was found.
pub(crate) fn load(file: &Path) -> Result<Config, Refused> {
    let text = std::fs::read_to_string(file).map_err(|error| Refused {
        file: file.to_owned(),
        mistakes: vec![read::Mistake::of_file(format!("cannot be read: {error}"))],
    })?;
    Book::new(file, &text).read(config).0
}

fn config(root: &Table<'_>) -> Option<Config> {
    let public_url = root.required_parsed("public_url", "the address customers open, https://…", services::base_url);
    let known = WebConfig::known_languages();
    let language = |tag: &str| {
        let found = known.iter().find(|known| **known == tag).map(|tag| (*tag).to_owned());
        found.ok_or_else(|| format!("{tag:?} is no language of this program: {}", known.join(", ")))
    };
    let languages = root.list("languages", language);
    let listen = root.within("listen", listen);
    let store = root.within("store", store);
    let keys = root.within("keys", |keys| {
        let former = keys.list("former_receipt_keys", |text| {
            parse_master_key(text).map(ReceiptKey).ok_or_else(|| format!("{text:?} is no key of 64 hexadecimal digits"))
        });
        let key = required_secret(keys, "master_key", "a file with 64 hexadecimal digits; `everline init` makes one")?;
        if let Err(what) = master_key(&key) {
            keys.wrong("master_key", what);
            return None;
        }
        Some((key, former))
    });
    let alipay = root.within("alipay", |table| services::alipay(table, public_url.as_deref()));
    let wechat =
        root.has("wechat").then(|| root.within("wechat", |table| services::wechat(table, public_url.as_deref())));
    let stripe = root.has("stripe").then(|| root.within("stripe", stripe::stripe));
    let messages = messages::messages(root);
    let built_in = root.has("built_in_network").then(|| root.within("built_in_network", services::built_in));
    let upstream = root
        .has("upstream_network")
        .then(|| root.within("upstream_network", |table| services::service(table, "base_url")));
    if built_in.is_none() && upstream.is_none() {
        root.missing("built_in_network", "or [upstream_network]: who serves the lines");
    }
    let (brand, links, terms) = root.within("brand", brand::brand)?;
    let bank = root.has("bank").then(|| root.within("bank", brand::bank));
    let brand = Brand { bank: bank.map_or(Some(None), |found| found.map(Some))?, ..brand };
    let identity = root.has("identity").then(|| root.within("identity", identity::identity));
    if stripe.is_some() {
        stripe::check_time(root, &brand);
    }
    let log = root.within("log", log);
    let timeouts = root.within("timeouts", timeouts);
    let jobs = root.within("jobs", |table| jobs(table, &timeouts));
    let listen = checked(root, listen?, public_url.as_deref())?;
    let (master_key, former_receipt_keys) = keys?;
    let (identity, verifier) = identity.unwrap_or_else(|| Some(Default::default()))?;
    let brand = Brand { identity, ..brand };
    Some(Config {
        public_url: public_url?,
        languages,
        listen,
        store: store?,
        master_key,
        former_receipt_keys,
        alipay: alipay?,
        wechat: wechat.map_or(Some(None), |found| found.map(Some))?,
        stripe: stripe.map_or(Some(None), |found| found.map(Some))?,
        messages: messages?,
        built_in: built_in.map_or(Some(None), |found| found.map(Some))?,
        upstream: upstream.map_or(Some(None), |found| found.map(Some))?,
        verifier,
        brand,
        links,
        terms,
        log,
        jobs,
        timeouts,
    })
}

fn address(text: &str) -> Result<SocketAddr, String> {
    text.parse().map_err(|_| format!("{text:?} is no address with a port, like 0.0.0.0:443 or [::1]:8800"))
}

fn listen(table: &Table<'_>) -> Option<Listen> {
    let address = table.required_parsed("address", "address and port, like 0.0.0.0:443", address);
    let admin = if table.text("admin_address") == Some("off") {
        None
    } else {
        let usual = SocketAddr::from((Ipv4Addr::LOCALHOST, 8801));
        let named = table.has("admin_address");
        table.parsed("admin_address", self::address).or((!named).then_some(usual))
    };
    let headers = [("x-forwarded-for", ForwardHeader::XForwardedFor), ("forwarded", ForwardHeader::Forwarded)];
    let header = table.word("proxy_header", &headers).unwrap_or_default();
    let one = |text: &str| Proxies::parse([text], header).map(|_| text.to_owned());
    let networks = table.list("behind_proxy", one);
    let proxies = Proxies::parse(networks.iter().map(String::as_str), header).unwrap_or_default();
    let tls = table.within("tls", |tls| {
        if !tls.is_there() {
            // Asked for all the same, so that they are known.
            let _ = (tls.has("certificate_file"), tls.has("key_file"));
            return Some(None);
        }
        let certificate = tls.required("certificate_file", "the certificate and its chain, in PEM");
        let key = tls.required("key_file", "the certificate's private key, in PEM");
        let (certificate, key) = (tls.beside(certificate?), tls.beside(key?));
        Some(Some(Tls { certificate, key }))
    });
    let connections_max = usize::try_from(table.number("connections_max", 1..=1_000_000, 10_000)).unwrap_or(10_000);
    Some(Listen { address: address?, admin, tls: tls?, proxies, connections_max })
}

/// What depends on each other: nobody's password travels in the clear.
fn checked(root: &Table<'_>, listen: Listen, public_url: Option<&str>) -> Option<Listen> {
    let loopback = listen.address.ip().is_loopback();
    if listen.tls.is_some() && !listen.proxies.is_empty() {
        root.wrong("listen", "either tls or behind_proxy: a proxy ends TLS, or this program does");
    }
    if listen.tls.is_none() && listen.proxies.is_empty() && !loopback {
        root.wrong("listen", "without tls or behind_proxy only a loopback address may be listened on");
    }
    let clear_host = public_url.and_then(|url| url.strip_prefix("http://")).map(services::host);
    if clear_host.is_some_and(|host| !services::is_this_machine(host)) {
        root.wrong("public_url", "http:// works for this machine alone (localhost); customers need https://");
    }
    Some(listen)
}

fn store(table: &Table<'_>) -> Option<StoreConfig> {
    let sqlite = table.path("sqlite");
    let postgres = secret(table, "postgres");
    let usual = PostgresOptions::default();
    let size = |key, usual: usize| {
        usize::try_from(table.number(key, 1..=1_000, i64::try_from(usual).unwrap_or(4))).unwrap_or(usual)
    };
    let postgres_options = PostgresOptions {
        writers: size("postgres_writers", usual.writers),
        readers: size("postgres_readers", usual.readers),
        ..usual
    };
    let cache = table.number("sqlite_cache_mb", 1..=65_536, 64);
    let sqlite_options =
        SqliteOptions { cache_kib: u32::try_from(cache * 1024).unwrap_or(64 * 1024), ..SqliteOptions::default() };
    let words = [("on_start", Migrate::OnStart), ("by_command", Migrate::ByCommand)];
    let migrate = table.word("migrate", &words).unwrap_or(Migrate::OnStart);
    let place = match (sqlite, postgres) {
        (Some(path), None) if !table.has("postgres") => Place::Sqlite(path),
        (None, Some(config)) => Place::Postgres(config),
        (None, None) if table.has("postgres") => return None,
        (None, None) => {
            table.missing("sqlite", "or postgres: where everything is kept");
            return None;
        }
        (Some(_), _) => {
            table.wrong("sqlite", "either sqlite or postgres, not both");
            return None;
        }
    };
    Some(StoreConfig { place, sqlite: sqlite_options, postgres: postgres_options, migrate })
}

fn log(table: &Table<'_>) -> Log {
    let json = table.word("format", &[("text", false), ("json", true)]).unwrap_or(false);
    let level = table.parsed("level", |level| {
        let directives = if level.contains('=') || level.contains(',') { level.to_owned() } else { usual_level(level) };
        match tracing_subscriber::EnvFilter::try_new(&directives) {
            Ok(_) => Ok(directives),
            Err(_) => Err(format!("{level:?} is no level: error, warn, info, debug, or directives of tracing")),
        }
    });
    Log { json, level: level.unwrap_or_else(|| usual_level("info")) }
}

/// The level of this program's own words; libraries tell what went wrong only.
pub(crate) fn usual_level(level: &str) -> String {
    format!("warn,everline={level}")
}

fn seconds(table: &Table<'_>, key: &'static str, max: i64, default: i64) -> Duration {
    Duration::from_secs(table.number(key, 1..=max, default).unsigned_abs())
}

fn timeouts(table: &Table<'_>) -> Timeouts {
    Timeouts {
        provider: seconds(table, "provider_s", 60, 10),
        stop: seconds(table, "stop_s", 600, 40),
        head: seconds(table, "request_head_s", 120, 15),
    }
}

fn jobs(table: &Table<'_>, timeouts: &Timeouts) -> Jobs {
    let lease = seconds(table, "lease_s", 3_600, 120);
    // A job asks a provider at most twice; then its answer must be written.
    if lease < timeouts.provider * 3 {
        table.wrong("lease_s", "at least three times timeouts.provider_s: another node would repeat work under way");
    }
    let survey = Duration::from_secs(table.number("survey_s", 0..=86_400, 600).unsigned_abs());
    Jobs { lease, survey }
}

/// The key that all others follow from.
pub(crate) fn master_key(secret: &Secret) -> Result<[u8; 32], String> {
    parse_master_key(secret.reveal()).ok_or_else(|| format!("{} holds no 64 hexadecimal digits", secret.from()))
}

/// 32 bytes in hexadecimal digits.
pub(crate) fn parse_master_key(text: &str) -> Option<[u8; 32]> {
    if text.len() != 64 || !text.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        return None;
    }
    let mut key = [0; 32];
    for (byte, place) in key.iter_mut().zip((0..64).step_by(2)) {
        *byte = u8::from_str_radix(text.get(place..place + 2)?, 16).ok()?;
    }
    Some(key)
}

#[cfg(test)]
mod tests;
