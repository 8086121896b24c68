//! The outside world of an operator, simulated: two payment gateways with their payer, another operator, devices, an SMS
//! provider, and a page on which a person plays all of them.
//!
//! Everything here is on the far side of a wire and knows nothing of the platform but the protocols it speaks: the
//! payment gateways speak Alipay v2, WeChat Pay v3 and Stripe's API as the real ones do, the others speak small JSON
//! interfaces. Everything listens on the loopback interface. Each part can be made to misbehave in the ways its real
//! counterpart does.
//!
//! - `gateway`: Alipay and WeChat Pay: trades, the payer's page, notifications
//! - `cards`: the card gateway's sessions and its hosted page
//! - `upstream`: activations at another operator
//! - `devices`: devices of the built-in network
//! - `sms`: the SMS provider and its inbox
//! - `registry`: which name belongs to which document
//! - `view`: the page for people; `control`: the same for tests, as JSON
//!
//! The interfaces are described in the README beside this crate.
//!
//! Nothing is kept: what happened here is gone when the sandbox stops.

mod cards;
mod control;
mod devices;
mod gateway;
mod net;
mod registry;
mod sms;
mod time;
mod upstream;
mod view;

pub use devices::state::{DeviceKind, DeviceSeed};

use net::{Http, Stop, lock};
use std::{
    net::{IpAddr, Ipv4Addr, SocketAddr},
    sync::{Arc, Mutex},
    time::Duration,
};
use tokio::{sync::watch, task::JoinHandle};
use wire_pay::alipay::{PrivateKey, PublicKey};
use wire_pay::stripe::{ApiKey, EndpointSecret};
use wire_pay::wechat::{ApiV3Key, Error as WechatError};

/// Gives the time: unix µs. The gateway compares time stamps of requests with it, so it is the time the platform stamps
/// its requests with.
pub type Clock = Arc<dyn Fn() -> i64 + Send + Sync>;

/// How to start. [`SandboxConfig::new`] fills in what is usual.
pub struct SandboxConfig {
    /// The time.
    pub clock: Clock,
    /// Where everything listens; a loopback address.
    pub ip: IpAddr,
    /// On which ports.
    pub ports: Ports,
    /// The payment gateway that speaks Alipay v2.
    pub alipay: AlipayConfig,
    /// The one that speaks WeChat Pay v3.
    pub wechat: WechatConfig,
    /// The card gateway.
    pub cards: CardsConfig,
    /// Bearer token of the other operator's interface; generated if absent.
    pub upstream_token: Option<String>,
    /// Bearer token of the SMS provider's interface; generated if absent.
    pub sms_token: Option<String>,
    /// Bearer token the devices show to the platform; generated if absent.
    pub device_token: Option<String>,
    /// Bearer token the time slider shows to the platform; generated if absent.
    pub clock_token: Option<String>,
    /// Where the platform is, as far as it is known yet; see [`Sandbox::connect`].
    pub platform: Platform,
    /// Devices to begin with.
    pub devices: Vec<DeviceSeed>,
    /// How often deadlines of trades are looked at.
    pub tick: Duration,
}

/// Ports to listen on; 0 takes any free one.
#[derive(Debug, Clone, Copy, Default)]
pub struct Ports {
    /// The page for people and the control interface.
    pub view: u16,
    /// Alipay and its payer's pages.
    pub gateway: u16,
    /// WeChat Pay and its payer's pages.
    pub wechat: u16,
    /// The card gateway and its hosted pages.
    pub cards: u16,
    /// The other operator.
    pub upstream: u16,
    /// The devices.
    pub devices: u16,
    /// The SMS provider.
    pub sms: u16,
}

/// Alipay.
#[derive(Debug)]
pub struct AlipayConfig {
    /// The application's number.
    pub app_id: String,
    /// The merchant's account.
    pub seller_id: String,
    /// The merchant's name as the payer sees it, at both gateways.
    pub seller_name: String,
    /// What the merchant's requests are checked with. If absent, a pair is generated and handed out in [`Access`].
    pub merchant_key: Option<PublicKey>,
    /// What the gateway signs with; generated if absent.
    pub gateway_key: Option<PrivateKey>,
    /// The certificates of both keys, in certificate mode.
    pub certificates: Option<AlipayCertificates>,
    /// The most a request's time stamp may differ from the clock, in seconds.
    pub timestamp_skew_s_max: i64,
    /// Divides the waiting times of notifications (4 minutes to 15 hours): 240 makes 4 minutes a second.
    pub notify_retry_divisor: u32,
}

/// What an application in certificate mode has, in PEM.
#[derive(Debug, Clone)]
pub struct AlipayCertificates {
    /// The application's, of the merchant's key.
    pub app: String,
    /// The bundle of roots.
    pub roots: String,
    /// The gateway's, of the key that it signs with.
    pub gateway: String,
}

/// WeChat Pay.
#[derive(Debug)]
pub struct WechatConfig {
    /// The merchant's number.
    pub mchid: String,
    /// The application that is bound to it.
    pub appid: String,
    /// The serial number of the merchant's API certificate.
    pub merchant_serial: String,
    /// What the merchant's requests are checked with. If absent, a pair is generated and handed out in [`Access`].
    pub merchant_key: Option<PublicKey>,
    /// 32 characters that notices and certificates are sealed with; generated if absent.
    pub api_v3_key: Option<String>,
    /// The id of the gateway's public key.
    pub public_key_id: String,
    /// What belongs to it; generated if absent.
    pub gateway_key: Option<PrivateKey>,
    /// Divides the waiting times of notices (15 seconds to 6 hours).
    pub notify_retry_divisor: u32,
}

/// The card gateway, which speaks Stripe's API in test mode.
#[derive(Debug, Default)]
pub struct CardsConfig {
    /// Where its account's webhook endpoint is; without it, nobody is told anything.
    pub webhook_url: Option<String>,
    /// Divides the waiting times of events (5 minutes to 12 hours).
    pub webhook_retry_divisor: u32,
}

/// Where the platform is.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Platform {
    /// Base URL of its device interface.
    pub device_url: Option<String>,
    /// URL of its clock control.
    pub clock_url: Option<String>,
    /// URL that takes what people write by short message; whoever knows it is believed.
    pub messages_url: Option<String>,
}

/// Addresses in use.
#[derive(Debug, Clone, Copy)]
pub struct Addresses {
    /// The page for people and the control interface.
    pub view: SocketAddr,
    /// Alipay and its payer's pages.
    pub gateway: SocketAddr,
    /// WeChat Pay and its payer's pages.
    pub wechat: SocketAddr,
    /// The card gateway and its hosted pages.
    pub cards: SocketAddr,
    /// The other operator.
    pub upstream: SocketAddr,
    /// The devices.
    pub devices: SocketAddr,
    /// The SMS provider.
    pub sms: SocketAddr,
}

/// What the platform needs to use the outside world. Holds secrets; deliberately not `Debug`.
#[derive(Clone)]
pub struct Access {
    /// `http://host:port/gateway.do`.
    pub alipay_gateway_url: String,
    /// The application's number.
    pub alipay_app_id: String,
    /// The merchant's account.
    pub alipay_seller_id: String,
    /// The merchant's key, if it was generated here.
    pub alipay_merchant_key: Option<PrivateKey>,
    /// What the gateway's answers and notifications are checked with.
    pub alipay_gateway_key: PublicKey,
    /// `http://host:port`, without `/v3`.
    pub wechat_gateway_url: String,
    /// The merchant's number.
    pub wechat_mchid: String,
    /// The application that is bound to it.
    pub wechat_appid: String,
    /// The secret of the official account that the application is.
    pub wechat_app_secret: String,
    /// The serial number of the merchant's API certificate.
    pub wechat_merchant_serial: String,
    /// The merchant's key, if it was generated here.
    pub wechat_merchant_key: Option<PrivateKey>,
    /// What notices and certificates are sealed with.
    pub wechat_api_v3_key: String,
    /// The id of the gateway's public key.
    pub wechat_public_key_id: String,
    /// The gateway's public key.
    pub wechat_public_key: PublicKey,
    /// Base URL of the card gateway's API, without `/v1`.
    pub cards_api_url: String,
    /// Its secret key.
    pub cards_api_key: String,
    /// What its events are checked with.
    pub cards_webhook_secret: String,
    /// Base URL of the other operator's interface, without `/v1`.
    pub upstream_url: String,
    /// Its bearer token.
    pub upstream_token: String,
    /// URL that takes SMS.
    pub sms_url: String,
    /// Where documents are asked about, with the token of the SMS provider.
    pub identity_url: String,
    /// Its bearer token.
    pub sms_token: String,
    /// The token devices will show.
    pub device_token: String,
    /// The token the time slider will show.
    pub clock_token: String,
    /// The page for people.
    pub view_url: String,
}

/// Why the sandbox did not start, or did not take a device.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// It would be reachable from outside of this machine.
    #[error("{0} is not a loopback address")]
    NotLoopback(IpAddr),
    /// A port is taken, or the system refuses.
    #[error("cannot listen: {0}")]
    Listen(#[from] std::io::Error),
    /// No randomness, or no key.
    #[error("no key: {0}")]
    Key(#[from] wire_pay::alipay::Error),
    /// A number, a name or a key of WeChat Pay that cannot be one.
    #[error("wechat: {0}")]
    Wechat(#[from] WechatError),
    /// A device is malformed, there twice, or one too many.
    #[error("device: {0}")]
    Device(String),
}

/// Everything there is, shared by all servers.
pub(crate) struct World {
    pub(crate) clock: Clock,
    pub(crate) http: Http,
    pub(crate) stop: Stop,
    pub(crate) payments: gateway::Payments,
    pub(crate) alipay: gateway::alipay::Gateway,
    pub(crate) wechat: gateway::wechat::Gateway,
    /// The merchant's name as the payer sees it.
    pub(crate) seller_name: String,
    pub(crate) cards: cards::Cards,
    pub(crate) upstream: upstream::Upstream,
    pub(crate) devices: devices::Devices,
    pub(crate) sms: sms::SmsProvider,
    pub(crate) registry: registry::Registry,
    pub(crate) links: Mutex<Links>,
}

/// The platform with the tokens to show it.
#[derive(Clone)]
pub(crate) struct Links {
    pub(crate) device_url: Option<String>,
    pub(crate) device_token: String,
    pub(crate) clock_url: Option<String>,
    pub(crate) clock_token: String,
    pub(crate) messages_url: Option<String>,
}

/// A running sandbox. Dropping it stops it too, without waiting.
pub struct Sandbox {
    addresses: Addresses,
    access: Access,
    world: Arc<World>,
    stop: watch::Sender<bool>,
    tasks: Vec<JoinHandle<()>>,
}

impl SandboxConfig {
    /// Any free ports of 127.0.0.1, generated keys and tokens, real waiting times, no devices.
    #[must_use]
    pub fn new(clock: Clock) -> Self {
        Self {
            clock,
            ip: IpAddr::V4(Ipv4Addr::LOCALHOST),
            ports: Ports::default(),
            alipay: AlipayConfig {
                app_id: "2021000000000001".to_owned(),
                seller_id: "2088621900000001".to_owned(),
                seller_name: "Everline".to_owned(),
                merchant_key: None,
                gateway_key: None,
                certificates: None,
                timestamp_skew_s_max: 15 * 60,
                notify_retry_divisor: 1,
            },
            wechat: WechatConfig {
                mchid: "1900000109".to_owned(),
                appid: "wxd678efh567hg6787".to_owned(),
                merchant_serial: "3775B6A45ACD588826D15E583A95F5DD00000001".to_owned(),
                merchant_key: None,
                api_v3_key: None,
                public_key_id: "PUB_KEY_ID_0119000001092026030100000000000001".to_owned(),
                gateway_key: None,
                notify_retry_divisor: 1,
            },
            cards: CardsConfig { webhook_url: None, webhook_retry_divisor: 1 },
            upstream_token: None,
            sms_token: None,
            device_token: None,
            clock_token: None,
            platform: Platform::default(),
            devices: Vec::new(),
            tick: Duration::from_secs(1),
        }
    }
}

/// Starts everything.
///
/// # Errors
/// [`Error::NotLoopback`], [`Error::Listen`], [`Error::Key`], [`Error::Device`].
pub async fn start(config: SandboxConfig) -> Result<Sandbox, Error> {
    if !config.ip.is_loopback() {
        return Err(Error::NotLoopback(config.ip));
    }
    let (view, view_addr) = net::bind(config.ip, config.ports.view).await?;
    let (gateway, gateway_addr) = net::bind(config.ip, config.ports.gateway).await?;
    let (wechat, wechat_addr) = net::bind(config.ip, config.ports.wechat).await?;
    let (cards, cards_addr) = net::bind(config.ip, config.ports.cards).await?;
    let (upstream, upstream_addr) = net::bind(config.ip, config.ports.upstream).await?;
    let (devices, devices_addr) = net::bind(config.ip, config.ports.devices).await?;
    let (sms, sms_addr) = net::bind(config.ip, config.ports.sms).await?;
    let addresses = Addresses {
        view: view_addr,
        gateway: gateway_addr,
        wechat: wechat_addr,
        cards: cards_addr,
        upstream: upstream_addr,
        devices: devices_addr,
        sms: sms_addr,
    };
    let (stop, stopped) = watch::channel(false);
    let tick = config.tick;
    let (world, access) = build(config, addresses, Stop(stopped)).await?;
    let stop_signal = world.stop.clone();
    let tasks = vec![
        net::serve(view, view::router(world.clone()).merge(control::router(world.clone())), stop_signal.clone()),
        net::serve(gateway, gateway::alipay::router(world.clone()), stop_signal.clone()),
        net::serve(wechat, gateway::wechat::router(world.clone()), stop_signal.clone()),
        net::serve(cards, cards::router(world.clone()), stop_signal.clone()),
        net::serve(upstream, upstream::router(world.clone()), stop_signal.clone()),
        net::serve(devices, devices::router(world.clone()), stop_signal.clone()),
        net::serve(sms, sms::router(world.clone()).merge(registry::router(world.clone())), stop_signal.clone()),
        tokio::spawn(gateway::watch_deadlines(world.clone(), tick, stop_signal)),
    ];
    Ok(Sandbox { addresses, access, world, stop, tasks })
}

/// A merchant's and a gateway's keys.
struct KeyPairs {
    merchant: PublicKey,
    /// Ours to hand out, if it was made here.
    merchant_pair: Option<PrivateKey>,
    gateway: PrivateKey,
}

/// The keys that are given, and those that are not, made.
async fn key_pairs(merchant: Option<PublicKey>, gateway: Option<PrivateKey>) -> Result<KeyPairs, Error> {
    // Finding primes takes a while.
    let made = tokio::task::spawn_blocking(move || -> Result<_, wire_pay::alipay::Error> {
        let gateway = gateway.map_or_else(PrivateKey::generate, Ok)?;
        let (merchant, merchant_pair) = match merchant {
            Some(merchant) => (merchant, None),
            None => {
                let pair = PrivateKey::generate()?;
                (pair.public_key()?, Some(pair))
            }
        };
        Ok(KeyPairs { merchant, merchant_pair, gateway })
    });
    Ok(made.await.map_err(|_| wire_pay::alipay::Error::Crypto)??)
}

async fn build(config: SandboxConfig, addresses: Addresses, stop: Stop) -> Result<(Arc<World>, Access), Error> {
    let (alipay, wechat) = (config.alipay, config.wechat);
    let (alipay_keys, wechat_keys) = tokio::try_join!(
        key_pairs(alipay.merchant_key, alipay.gateway_key),
        key_pairs(wechat.merchant_key, wechat.gateway_key),
    )?;
    let token = |given: Option<String>| given.map_or_else(|| random_hex(16), Ok);
    let access = Access {
        alipay_gateway_url: format!("http://{}/gateway.do", addresses.gateway),
        alipay_app_id: alipay.app_id.clone(),
        alipay_seller_id: alipay.seller_id.clone(),
        alipay_merchant_key: alipay_keys.merchant_pair,
        alipay_gateway_key: alipay_keys.gateway.public_key()?,
        wechat_gateway_url: format!("http://{}", addresses.wechat),
        wechat_mchid: wechat.mchid.clone(),
        wechat_appid: wechat.appid.clone(),
        wechat_app_secret: random_hex(16)?,
        wechat_merchant_serial: wechat.merchant_serial.clone(),
        wechat_merchant_key: wechat_keys.merchant_pair,
        wechat_api_v3_key: token(wechat.api_v3_key)?,
        wechat_public_key_id: wechat.public_key_id.clone(),
        wechat_public_key: wechat_keys.gateway.public_key()?,
        cards_api_url: format!("http://{}", addresses.cards),
        cards_api_key: format!("sk_test_{}", random_hex(16)?),
        cards_webhook_secret: format!("whsec_{}", random_hex(16)?),
        upstream_url: format!("http://{}", addresses.upstream),
        upstream_token: token(config.upstream_token)?,
        sms_url: format!("http://{}/sms", addresses.sms),
        identity_url: format!("http://{}/identity", addresses.sms),
        sms_token: token(config.sms_token)?,
        device_token: token(config.device_token)?,
        clock_token: token(config.clock_token)?,
        view_url: format!("http://{}/", addresses.view),
    };
    let api_v3_key = ApiV3Key::new(&access.wechat_api_v3_key)?;
    let world = World {
        clock: config.clock,
        http: Http::new(),
        stop,
        payments: gateway::Payments::default(),
        alipay: gateway::alipay::Gateway {
            identity: gateway::alipay::Identity {
                app_id: alipay.app_id,
                seller_id: alipay.seller_id,
                merchant_key: alipay_keys.merchant,
                gateway_key: alipay_keys.gateway,
                certificates: alipay.certificates.as_ref().map(gateway::alipay::Names::of).transpose()?,
            },
            base_url: format!("http://{}", addresses.gateway),
            skew_s_max: alipay.timestamp_skew_s_max,
            retry_divisor: alipay.notify_retry_divisor,
        },
        wechat: gateway::wechat::Gateway {
            identity: gateway::wechat::Identity {
                mchid: wechat.mchid,
                appid: wechat.appid,
                merchant_serial: wechat.merchant_serial,
                merchant_key: wechat_keys.merchant,
            },
            keys: gateway::wechat::keys::Keys::new(api_v3_key, &wechat.public_key_id, wechat_keys.gateway)?,
            account: gateway::wechat::jsapi::Account::new(access.wechat_app_secret.clone()),
            base_url: access.wechat_gateway_url.clone(),
            retry_divisor: wechat.notify_retry_divisor,
        },
        seller_name: alipay.seller_name,
        cards: cards::Cards {
            api_key: ApiKey::parse(&access.cards_api_key)?,
            secret: EndpointSecret::parse(&access.cards_webhook_secret)?,
            webhook_url: config.cards.webhook_url,
            book: Mutex::default(),
            base_url: access.cards_api_url.clone(),
            retry_divisor: config.cards.webhook_retry_divisor,
        },
        upstream: upstream::Upstream {
            token: access.upstream_token.clone(),
            balance: Mutex::default(),
            modes: Mutex::default(),
            activations: Mutex::default(),
        },
        devices: devices::Devices::new(format!("http://{}", addresses.devices)),
        sms: sms::SmsProvider { token: access.sms_token.clone(), inbox: Mutex::default(), fault: Mutex::default() },
        registry: registry::Registry::default(),
        links: Mutex::new(Links {
            device_url: config.platform.device_url,
            device_token: access.device_token.clone(),
            clock_url: config.platform.clock_url,
            clock_token: access.clock_token.clone(),
            messages_url: config.platform.messages_url,
        }),
    };
    world.devices.add(config.devices).map_err(|error| Error::Device(error.to_string()))?;
    Ok((Arc::new(world), access))
}

impl Sandbox {
    /// Where everything listens.
    #[must_use]
    pub fn addresses(&self) -> Addresses {
        self.addresses
    }

    /// What the platform needs to use it.
    #[must_use]
    pub fn access(&self) -> &Access {
        &self.access
    }

    /// Tells the devices and the time slider where the platform is, once it is known.
    pub fn connect(&self, platform: Platform) {
        let mut links = lock(&self.world.links);
        links.device_url = platform.device_url;
        links.clock_url = platform.clock_url;
        links.messages_url = platform.messages_url;
    }

    /// Adds devices: all or none.
    ///
    /// # Errors
    /// [`Error::Device`].
    pub fn add_devices(&self, devices: Vec<DeviceSeed>) -> Result<(), Error> {
        self.world.devices.add(devices).map_err(|error| Error::Device(error.to_string()))
    }

    /// Attaches every device that is not attached; returns how many are online then. Takes as long as the platform.
    pub async fn attach_all(&self) -> usize {
        devices::attach_all(&self.world).await
    }

    /// Stops listening, lets answers under way be given (for half a second), and returns.
    pub async fn shutdown(self) {
        let _ = self.stop.send(true);
        for task in self.tasks {
            let _ = task.await;
        }
    }
}

/// `bytes` random bytes in hexadecimal.
pub(crate) fn random_hex(bytes: usize) -> Result<String, wire_pay::alipay::Error> {
    Ok(random(bytes)?.iter().map(|byte| format!("{byte:02x}")).collect())
}

/// `count` random decimal digits.
pub(crate) fn random_digits(count: usize) -> Result<String, wire_pay::alipay::Error> {
    Ok(random(count)?.iter().map(|byte| char::from(b'0' + byte % 10)).collect())
}

pub(crate) fn random(count: usize) -> Result<Vec<u8>, wire_pay::alipay::Error> {
    let mut bytes = vec![0; count];
    aws_lc_rs::rand::fill(&mut bytes).map_err(|_| wire_pay::alipay::Error::Crypto)?;
    Ok(bytes)
}

/// Whether a request shows `token`.
pub(crate) fn authorized(headers: &http::HeaderMap, token: &str) -> bool {
    let shown = headers.get(http::header::AUTHORIZATION).and_then(|value| value.to_str().ok());
    shown.and_then(|value| value.strip_prefix("Bearer ")) == Some(token)
}
