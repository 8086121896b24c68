//! A configuration made into a store, ports and an application.

use crate::config::{
    AlipayFile, AliyunFile, Config, EmailFile, Migrate, Place, PushFile, Service, SmppFile, SmsFile, StoreConfig,
    StripeFile, WechatFile, master_key,
};
use crate::keys;
use async_trait::async_trait;
use everline_app::App;
use everline_app::bank_transfer::OwnAccount;
use everline_app::clock::Clock;
use everline_app::ports::{
    IdentityVerifier, InboundReceiver, InboundSender, Messenger, Messengers, Network, NetworkChange, NetworkReply,
    Payments, Ports,
};
use everline_app::secrets::Secrets;
use everline_app::set_up::{self, SetUp};
use everline_core::brand::Brand;
use everline_core::message::Channel;
use everline_core::payment::Provider;
use everline_providers::Http;
use everline_providers::alipay::{Alipay, AlipayConfig, PrivateKey, PublicKey};
use everline_providers::email::{Email, EmailConfig};
use everline_providers::identity::HttpVerifier;
use everline_providers::network::{BuiltIn, Upstream};
use everline_providers::push::{Push, PushConfig, PushKey};
use everline_providers::sms::aliyun::{AccessKey, Aliyun, AliyunConfig};
use everline_providers::sms::http::HttpSms;
use everline_providers::sms::smpp::{Link, Smpp, SmppConfig};
use everline_providers::stripe::{ApiKey, Stripe, StripeConfig};
use everline_providers::texts::Texts;
use everline_providers::wechat::{ApiV3Key, OfficialAccount, Wechat, WechatConfig};
use everline_store::tables::MIGRATIONS;
use everline_store::{Error as StoreError, Store, migrate};
use std::error::Error;
use std::fs::OpenOptions;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::mpsc;

/// What keeps a command from its store or its application.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Unwired {
    /// The SQLite file belongs to a process that runs.
    #[error("{} is in use by another everline process", .0.display())]
    InUse(PathBuf),
    /// It cannot be opened.
    #[error("the store {0} cannot be opened: {1}")]
    Store(String, StoreError),
    /// A newer program was here.
    #[error(
        "the store's schema is version {found}, this program knows {known}: a newer everline was here; run that one, or restore a backup"
    )]
    Newer {
        /// The version in the store.
        found: i64,
        /// The newest version this program knows.
        known: i64,
    },
    /// Somebody has to say so first.
    #[error("the store lacks the migrations {0}: run `everline migrate`, or set store.migrate = \"on_start\"")]
    Behind(String),
    /// Money does not change its currency.
    #[error("brand.currency is {wanted}, but the store keeps its accounts in {kept}: use another store for it")]
    Currency {
        /// In the configuration.
        wanted: String,
        /// In the store.
        kept: String,
    },
    /// Anything else.
    #[error(transparent)]
    Other(#[from] Box<dyn Error + Send + Sync>),
}

fn other(error: impl Into<Box<dyn Error + Send + Sync>>) -> Unwired {
    Unwired::Other(error.into())
}

impl StoreConfig {
    /// The store's name for people; a connection string is a secret.
    pub(crate) fn name(&self) -> String {
        match &self.place {
            Place::Sqlite(path) => path.display().to_string(),
            Place::Postgres(config) => format!("PostgreSQL ({config:?})"),
        }
    }
}

/// Opens the store as it is.
pub(crate) async fn open(config: &StoreConfig) -> Result<Store, Unwired> {
    let opened = match &config.place {
        Place::Sqlite(path) => {
            private(path).map_err(|error| other(format!("{}: {error}", path.display())))?;
            Store::open_sqlite(path, config.sqlite.clone()).await
        }
        Place::Postgres(place) => Store::open_postgres(place.reveal(), config.postgres.clone()).await,
    };
    opened.map_err(|error| match (&config.place, error) {
        (Place::Sqlite(path), StoreError::InUse) => Unwired::InUse(path.clone()),
        (_, error) => Unwired::Store(config.name(), error),
    })
}

/// Makes a new store's file one that only its owner reads; the files beside it follow.
fn private(path: &Path) -> std::io::Result<()> {
    match OpenOptions::new().write(true).create_new(true).mode(0o600).open(path) {
        Err(error) if error.kind() != std::io::ErrorKind::AlreadyExists => Err(error),
        _ => Ok(()),
    }
}

/// Brings the schema up to date.
pub(crate) async fn migrated(store: &Store) -> Result<(), Unwired> {
    migrate(store, MIGRATIONS).await.map_err(schema)
}

fn schema(error: StoreError) -> Unwired {
    match error {
        StoreError::SchemaNewer { found, known } => Unwired::Newer { found, known },
        error => other(error),
    }
}

/// The store, opened, with the schema this program knows and the brand of the configuration.
pub(crate) async fn ready_store(config: &StoreConfig, brand: &Brand, clock: &Clock) -> Result<Store, Unwired> {
    let store = open(config).await?;
    match config.migrate {
        Migrate::OnStart => migrated(&store).await?,
        Migrate::ByCommand => {
            let missing = migrate::pending(&store, MIGRATIONS).await.map_err(schema)?;
            if !missing.is_empty() {
                return Err(Unwired::Behind(missing.join(", ")));
            }
        }
    }
    let stored = set_up::brand(&store).await.map_err(other)?;
    if let Some(stored) = &stored
        && stored.currency != brand.currency
    {
        let (wanted, kept) = (brand.currency.code().to_owned(), stored.currency.code().to_owned());
        return Err(Unwired::Currency { wanted, kept });
    }
    if stored.as_ref() != Some(brand) {
        let (offerings, staff) = (Vec::new(), Vec::new());
        let set_up = SetUp { brand: brand.clone(), offerings, staff, at: clock.now().business };
        store.transact(set_up).await.map_err(|stop| other(everline_app::Problem::from(stop)))?;
        tracing::info!("the brand's rules were written to the store");
    }
    Ok(store)
}

/// What a node has running beside its application.
pub(crate) struct Standing {
    /// The connection to a message centre.
    pub(crate) link: Option<Link>,
    /// What is told by those who stand connected.
    pub(crate) inbound: InboundReceiver,
}

/// The application over a store, with what must run beside it so that messages go out and reports come in.
pub(crate) fn node(config: &Config, store: Store, clock: Arc<Clock>) -> Result<(App, Standing), Unwired> {
    let (sender, inbound) = mpsc::channel(INBOUND_MAX);
    let (ports, link) = ports(config, &clock, sender)?;
    let app = assemble(store, clock, config.brand.clone(), secrets(config)?, ports)?;
    Ok((app, Standing { link, inbound }))
}

/// The application over a store, for a command that sends no messages.
pub(crate) fn app(config: &Config, store: Store, clock: Arc<Clock>) -> Result<App, Unwired> {
    node(config, store, clock).map(|(app, _)| app)
}

/// What is told and waits to be kept.
const INBOUND_MAX: usize = 64;

/// The keys of a configuration.
pub(crate) fn secrets(config: &Config) -> Result<Secrets, Unwired> {
    let master = master_key(&config.master_key).map_err(other)?;
    Ok(Secrets::new(&master).knowing(config.former_receipt_keys.iter().copied()))
}

/// An application that reaches nobody: for commands that only touch the store.
pub(crate) fn app_alone(store: Store, clock: Arc<Clock>, brand: Brand, master: &[u8; 32]) -> Result<App, Unwired> {
    let nobody = Arc::new(Nobody);
    let (payments, messengers) = (Payments::default(), Messengers::default());
    let ports = Ports {
        payments,
        built_in: nobody.clone(),
        upstream: nobody,
        messengers,
        identity: None,
        watch: Arc::default(),
    };
    assemble(store, clock, brand, Secrets::new(master), ports)
}

fn assemble(store: Store, clock: Arc<Clock>, brand: Brand, secrets: Secrets, ports: Ports) -> Result<App, Unwired> {
    let zone = brand.zone().map_err(other)?;
    let (secrets, wake) = (Arc::new(secrets), Arc::default());
    Ok(App { store, clock, brand: Arc::new(brand), zone, ports, secrets, wake })
}

fn ports(config: &Config, clock: &Arc<Clock>, inbound: InboundSender) -> Result<(Ports, Option<Link>), Unwired> {
    let http = Http::new(config.timeouts.provider).map_err(other)?;
    let token = |service: &Service| service.token.reveal().to_owned();
    let (messengers, link) = messengers(config, &http, clock, inbound)?;
    let built_in: Arc<dyn Network> = match &config.built_in {
        Some((service, _)) => Arc::new(BuiltIn::new(http.clone(), service.url.clone(), token(service))),
        None => Arc::new(Nobody),
    };
    let upstream: Arc<dyn Network> = match &config.upstream {
        Some(service) => Arc::new(Upstream::new(http.clone(), service.url.clone(), token(service))),
        None => Arc::new(Nobody),
    };
    let mut payments = Payments::default().with(Provider::Alipay, Arc::new(alipay(&config.alipay, &http, clock)?));
    if let Some(file) = &config.wechat {
        payments = payments.with(Provider::Wechat, Arc::new(wechat(file, &http, clock)?));
    }
    if let Some(file) = &config.stripe {
        payments = payments.with(Provider::Stripe, Arc::new(stripe(file, &http, &config.public_url)?));
    }
    if config.brand.bank.is_some() {
        payments = payments.with(Provider::Bank, Arc::new(OwnAccount));
    }
    let verifier = config.verifier.as_ref();
    let identity: Option<Arc<dyn IdentityVerifier>> = verifier.map(|service| {
        Arc::new(HttpVerifier::new(http.clone(), service.url.clone(), token(service))) as Arc<dyn IdentityVerifier>
    });
    let ports = Ports { payments, built_in, upstream, messengers, identity, watch: Arc::default() };
    let networks = (config.built_in.is_some(), config.upstream.is_some());
    let config = config.clone();
    Ok((ports.watched(clock, networks, Box::new(move || keys::known(&config))), link))
}

/// The ways to people.
fn messengers(
    config: &Config,
    http: &Http,
    clock: &Arc<Clock>,
    inbound: InboundSender,
) -> Result<(Messengers, Option<Link>), Unwired> {
    let texts = Texts::load(&config.public_url, &config.messages.texts);
    // They were read with the configuration.
    let texts =
        Arc::new(texts.map_err(|mistakes| other(mistakes.iter().map(ToString::to_string).collect::<String>()))?);
    let (sms, link): (Arc<dyn Messenger>, _) = match &config.messages.sms {
        SmsFile::Http(service, report_secret) => {
            let (url, token) = (service.url.clone(), service.token.reveal().to_owned());
            let secret = report_secret.as_ref().map(|secret| secret.reveal().to_owned());
            (Arc::new(HttpSms::new(http.clone(), url, token, texts.clone()).told_with(secret)), None)
        }
        SmsFile::Smpp(file) => {
            let (smpp, link) = Smpp::new(smpp(file, config), texts.clone(), inbound).map_err(other)?;
            (Arc::new(smpp), Some(link))
        }
        SmsFile::Aliyun(file) => {
            (Arc::new(Aliyun::new(aliyun(file, config), http.clone(), clock.clone(), texts.clone())), None)
        }
    };
    let mut messengers = Messengers::default().with(Channel::Sms, sms);
    if let Some(file) = &config.messages.email {
        let email = Email::new(email(file, config), clock.clone(), texts.clone()).map_err(other)?;
        messengers = messengers.with(Channel::Email, Arc::new(email));
    }
    if let Some(file) = &config.messages.push {
        let push = Push::new(push(file)?, http.clone(), clock.clone(), texts);
        messengers = messengers.with(Channel::Push, Arc::new(push));
    }
    Ok((messengers, link))
}

fn smpp(file: &SmppFile, config: &Config) -> SmppConfig {
    SmppConfig {
        host: file.host.clone(),
        port: file.port,
        tls: file.tls.clone(),
        system_id: file.system_id.clone(),
        password: file.password.reveal().to_owned(),
        system_type: file.system_type.clone(),
        source: file.source.clone(),
        calling_code: config.brand.calling_code.clone(),
        receipt_ids: file.receipt_ids,
        window: file.window,
        per_second: file.per_second,
        enquire: Duration::from_secs(file.enquire_s),
        timeout: config.timeouts.provider,
    }
}

fn aliyun(file: &AliyunFile, config: &Config) -> AliyunConfig {
    AliyunConfig {
        endpoint: file.endpoint.clone(),
        key: AccessKey { id: file.access_key_id.clone(), secret: file.access_key_secret.reveal().to_owned() },
        sign_names: file.sign_names.clone(),
        templates: file.templates.clone(),
        calling_code: config.brand.calling_code.clone(),
        report_secret: file.report_secret.as_ref().map(|secret| secret.reveal().to_owned()),
    }
}

fn email(file: &EmailFile, config: &Config) -> EmailConfig {
    let name = |tag: &&str| ((*tag).to_owned(), config.brand.name.get(tag).to_owned());
    EmailConfig {
        host: file.host.clone(),
        port: file.port,
        tls: file.tls,
        roots: file.roots.clone(),
        login: file.login.as_ref().map(|(user, password)| (user.clone(), password.reveal().to_owned())),
        from: file.from.clone(),
        from_name: ["zh-CN", "en"].iter().map(name).collect(),
        timeout: config.timeouts.provider,
        report_secret: file.report_secret.as_ref().map(|secret| secret.reveal().to_owned()),
    }
}

fn push(file: &PushFile) -> Result<PushConfig, Unwired> {
    let key = PushKey::parse(file.private_key.reveal()).map_err(other)?;
    Ok(PushConfig { key, contact: file.contact.clone(), services: file.services.clone() })
}

fn alipay(file: &AlipayFile, http: &Http, clock: &Arc<Clock>) -> Result<Alipay, Unwired> {
    let config = AlipayConfig {
        gateway_url: file.gateway_url.clone(),
        app_id: file.app_id.clone(),
        seller_id: file.seller_id.clone(),
        merchant_key: PrivateKey::parse(file.merchant_key.reveal()).map_err(other)?,
        trust: file.trust.clone(),
        notify_url: file.notify_url.clone(),
    };
    Ok(Alipay::new(config, http.clone(), clock.clone()))
}

fn wechat(file: &WechatFile, http: &Http, clock: &Arc<Clock>) -> Result<Wechat, Unwired> {
    let public_key = |(id, pem): &(String, String)| Ok((id.clone(), PublicKey::parse(pem).map_err(other)?));
    let config = WechatConfig {
        gateway_url: file.gateway_url.clone(),
        mchid: file.mchid.clone(),
        appid: file.appid.clone(),
        merchant_key: PrivateKey::parse(file.merchant_key.reveal()).map_err(other)?,
        merchant_serial: file.merchant_serial.clone(),
        api_v3_key: ApiV3Key::new(file.api_v3_key.reveal()).map_err(other)?,
        public_keys: file.public_keys.iter().map(public_key).collect::<Result<_, Unwired>>()?,
        notify_url: file.notify_url.clone(),
        account: file.app_secret.as_ref().map(|secret| OfficialAccount {
            secret: secret.reveal().to_owned(),
            authorize_url: file.authorize_url.clone(),
            api_url: file.token_url.clone(),
        }),
    };
    Wechat::new(config, http.clone(), clock.clone()).map_err(other)
}

fn stripe(file: &StripeFile, http: &Http, public_url: &str) -> Result<Stripe, Unwired> {
    let config = StripeConfig {
        api_url: file.api_url.clone(),
        api_key: ApiKey::parse(file.api_key.reveal()).map_err(other)?,
        webhook_secrets: file.webhook_secrets(),
        livemode: file.livemode,
        return_url: public_url.to_owned(),
    };
    Ok(Stripe::new(config, http.clone()))
}

/// A port with nobody behind it: nothing is ever known, so nothing is lost.
struct Nobody;
#[async_trait]
impl Network for Nobody {
    async fn apply(&self, _: &NetworkChange) -> NetworkReply {
        tracing::error!("a line is on a network that the configuration does not name");
        NetworkReply::Unknown
    }
}
