//! Where a run takes place: a store, a small brand, and an outside that does as it is told. Only the payment provider is
//! real as far as it is used: its notices are signed, and the provider's own client verifies them.

use crate::Failure;
use async_trait::async_trait;
use everline_app::App;
use everline_app::clock::Clock;
use everline_app::payment_confirmed::{NoticeProblem, payment_notice};
use everline_app::ports::{
    BillAnswer, ClosedAnswer, DayOfBill, Handed, Messenger, Messengers, Network, NetworkChange, NetworkReply,
    NoticeRefusal, OutgoingMessage, Payable, PaymentNotice, PaymentProvider, PaymentRef, PaymentRequest, PaymentStatus,
    Payments, Ports, RawNotice, RefundRequest, RefundStatus, Started,
};
use everline_app::secrets::Secrets;
use everline_app::set_up::SetUp;
use everline_core::brand::{Brand, FamilyRules, Localized};
use everline_core::message::Channel;
use everline_core::money::{Currency, Money, UNIT};
use everline_core::number_plan::NumberPlan;
use everline_core::offering::{
    Eligibility, Family, Included, Offering, OfferingKind, OfferingRef, RefundRule, SaleState, StartPolicy, Unit,
    UsedUp,
};
use everline_core::payment::{Method, Provider as ProviderName};
use everline_core::time::Validity;
use everline_providers::Http;
use everline_providers::alipay::{Alipay, AlipayConfig};
use everline_store::tables::MIGRATIONS;
use everline_store::{PostgresOptions, SqliteOptions, Store, migrate};
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;
use wire_pay::alipay::{Fen, Params, PrivateKey, PublicKey, format_time};

/// A kind of store.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum Kind {
    /// One file.
    Sqlite,
    /// A server.
    Postgres,
}

impl Kind {
    /// The word for it in figures.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Kind::Sqlite => "sqlite",
            Kind::Postgres => "postgres",
        }
    }
}

/// Where a store is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Place {
    /// In this file.
    Sqlite(PathBuf),
    /// Behind this connection string.
    Postgres(String),
}

impl Place {
    /// Opens the store that is there.
    pub async fn open(&self) -> Result<Store, Failure> {
        self.open_with(SqliteOptions::default()).await
    }

    /// Opens it, with these options if it is a file.
    pub async fn open_with(&self, options: SqliteOptions) -> Result<Store, Failure> {
        Ok(match self {
            Place::Sqlite(file) => Store::open_sqlite(file, options).await?,
            Place::Postgres(config) => Store::open_postgres(config, PostgresOptions::default()).await?,
        })
    }
}

/// Makes the tables of an empty store, the brand and the offerings.
pub async fn set_up(app: &App) -> Result<(), Failure> {
    migrate(&app.store, MIGRATIONS).await?;
    let at = app.clock.now().business;
    app.store.transact(SetUp { brand: brand(), offerings: offerings(), staff: Vec::new(), at }).await?;
    Ok(())
}

/// What the platform knows of the provider.
#[derive(Clone)]
pub struct Trust {
    /// The merchant's key.
    pub merchant: PrivateKey,
    /// The provider's key.
    pub gateway: PublicKey,
}

impl Trust {
    /// The keys as a child is handed them: base64, the merchant's and the provider's.
    pub(crate) fn parse(text: &str) -> Result<Self, Failure> {
        let (merchant, gateway) = text.split_once(' ').ok_or_else(|| Failure::Unusable("no keys".to_owned()))?;
        Ok(Self { merchant: PrivateKey::parse(merchant)?, gateway: PublicKey::parse(gateway)? })
    }
}

/// Application and seller of the simulated merchant.
const APP_ID: &str = "2021000000000001";
const SELLER_ID: &str = "2088000000000001";

/// The simulated provider: signs notices.
pub struct Provider {
    key: PrivateKey,
    trust: Trust,
}

impl Provider {
    /// A provider and a merchant with new keys.
    pub fn new() -> Result<Self, Failure> {
        let (key, merchant) = (PrivateKey::generate()?, PrivateKey::generate()?);
        let gateway = key.public_key()?;
        Ok(Self { key, trust: Trust { merchant, gateway } })
    }

    /// What the merchant has of it.
    #[must_use]
    pub fn trust(&self) -> &Trust {
        &self.trust
    }

    /// The notice that an attempt was paid in full, as it is posted: every field a real one has, about 1 KiB.
    pub fn notice(&self, out_trade_no: &str, amount: Money, paid_at_s: i64) -> Result<Vec<u8>, Failure> {
        let fen =
            amount.to_minor().ok().and_then(Fen::new).ok_or_else(|| Failure::Unusable("no such amount".into()))?;
        let (yuan, time) = (fen.to_string(), format_time(paid_at_s));
        // The provider's numbers follow from ours, so that a notice made again is the same notice.
        let trade_no = format!("20261122220014{}", tail(out_trade_no, 14));
        let notify_id = format!("2026112200222{}", tail(out_trade_no, 24));
        let mut params: Params = [
            ("gmt_create", time.as_str()),
            ("charset", "utf-8"),
            ("seller_email", "shop@example.com"),
            ("subject", "月套餐"),
            ("buyer_id", "2088102122524333"),
            ("invoice_amount", yuan.as_str()),
            ("notify_id", notify_id.as_str()),
            ("fund_bill_list", r#"[{"amount":"19.00","fundChannel":"ALIPAYACCOUNT"}]"#),
            ("notify_type", "trade_status_sync"),
            ("trade_status", "TRADE_SUCCESS"),
            ("receipt_amount", yuan.as_str()),
            ("buyer_pay_amount", yuan.as_str()),
            ("app_id", APP_ID),
            ("seller_id", SELLER_ID),
            ("gmt_payment", time.as_str()),
            ("notify_time", time.as_str()),
            ("version", "1.0"),
            ("out_trade_no", out_trade_no),
            ("total_amount", yuan.as_str()),
            ("trade_no", trade_no.as_str()),
            ("auth_app_id", APP_ID),
            ("buyer_logon_id", "138****0000"),
            ("point_amount", "0.00"),
        ]
        .into_iter()
        .collect();
        params.sign_notification(&self.key)?;
        Ok(params.to_form_body().into_bytes())
    }
}

/// The last characters of a text of digits and letters.
fn tail(text: &str, length: usize) -> &str {
    text.get(text.len().saturating_sub(length)..).unwrap_or(text)
}

/// The platform on a store, with the machine's clock.
pub fn app(store: Store, trust: &Trust) -> Result<App, Failure> {
    app_at(store, trust, Arc::new(Clock::machine()))
}

/// The platform on a store.
pub fn app_at(store: Store, trust: &Trust, clock: Arc<Clock>) -> Result<App, Failure> {
    let http = Http::new(Duration::from_secs(1)).map_err(|error| Failure::unusable("http", &error))?;
    let config = AlipayConfig {
        gateway_url: "http://127.0.0.1:9/".to_owned(),
        app_id: APP_ID.to_owned(),
        seller_id: SELLER_ID.to_owned(),
        merchant_key: trust.merchant.clone(),
        trust: everline_providers::alipay::Trust::Key(trust.gateway.clone()),
        notify_url: "http://127.0.0.1:9/".to_owned(),
    };
    let alipay = Alipay::new(config, http, clock.clone());
    let brand = brand();
    let zone = brand.zone().map_err(|error| Failure::unusable("time zone", &error))?;
    let quiet = Arc::new(Quiet);
    let ports = Ports {
        payments: Payments::default().with(ProviderName::Alipay, Arc::new(NoticesOnly(alipay))),
        built_in: quiet.clone(),
        upstream: quiet.clone(),
        messengers: Messengers::default().with(Channel::Sms, quiet),
        identity: None,
        watch: Arc::default(),
    };
    let (secrets, wake) = (Arc::new(Secrets::new(&[7; 32])), Arc::new(tokio::sync::Notify::new()));
    Ok(App { store, clock, brand: Arc::new(brand), zone, ports, secrets, wake })
}

/// The plan every line has: data, voice and messages.
pub const PLAN: &str = "sim-plan";
/// A pack of data, voice and messages: takes effect at once while the plan runs.
pub const PACK: &str = "sim-pack";
/// What each of them costs.
pub const PRICE: Money = Money::from_micros(19 * UNIT, Currency::CNY);
/// How long each of them lasts.
pub const VALIDITY: Validity = Validity::Days(30);

/// The brand of every run.
#[must_use]
pub fn brand() -> Brand {
    Brand {
        name: Localized::zh_en("模拟", "Simulated"),
        legal_name: Localized::zh_en("模拟通信", "Simulated Mobile"),
        credit_code: "91310000MA1K000000".to_owned(),
        time_zone: "Asia/Shanghai".to_owned(),
        currency: Currency::CNY,
        calling_code: "86".to_owned(),
        numbers: NumberPlan::default(),
        hotline: "400-800-1234".to_owned(),
        hotline_hours: Localized::zh_en("每天", "daily"),
        hotline_open: Vec::new(),
        terms_version: "1".to_owned(),
        order_minutes: 7 * 24 * 60,
        regions: std::collections::BTreeMap::new(),
        queued_plans_max: 100,
        companions_max: 2,
        retention: everline_core::retention::Retention::default(),
        bank: None,
        refunds: everline_core::refund_request::RefundLimits::default(),
        credit: everline_core::credit_change::CreditLimits::default(),
        velocity: everline_core::velocity::Velocity::NONE,
        reminders: everline_core::reminder::Reminders::NONE,
        identity: everline_core::identity::IdentityRules::default(),
        families: BTreeMap::from([(Family::Phone, FamilyRules { grace_days: 3, ..FamilyRules::default() })]),
    }
}

/// A reference to an offering of the brand.
#[must_use]
pub fn reference(code: &str) -> OfferingRef {
    OfferingRef { code: code.to_owned(), version: 1 }
}

/// What the brand sells.
#[must_use]
pub fn offerings() -> Vec<Offering> {
    let included = [(Unit::Octets, 10_000_000_000), (Unit::Seconds, 6_000), (Unit::Messages, 50)];
    let offering = |code: &str, kind, zh: &str, en: &str| Offering {
        reference: reference(code),
        sale: SaleState::Published,
        kind,
        name: Localized::zh_en(zh, en),
        summary: Localized::zh_en("10 GB 流量、100 分钟、50 条短信", "10 GB, 100 minutes, 50 messages"),
        price: PRICE,
        renewal_price: PRICE,
        included: included.iter().map(|(unit, amount)| Included { unit: *unit, amount: *amount }).collect(),
        validity: Some(VALIDITY),
        start: StartPolicy::Immediate,
        families: vec![Family::Phone],
        upstream_code: None,
        used_up: UsedUp::Stop,
        refund: RefundRule::UnusedWithin { days: 7 },
        roaming: Localized::zh_en("不含漫游", "no roaming"),
        with_esim: false,
        countries: Vec::new(),
        eligibility: Eligibility::default(),
    };
    vec![
        offering(PLAN, OfferingKind::Plan, "月套餐", "Monthly plan"),
        offering(PACK, OfferingKind::Pack, "综合包", "Combined pack"),
    ]
}

/// Takes a notice of the payment provider, as it arrives.
///
/// # Errors
/// As [`payment_notice`].
pub async fn take_notice(app: &App, notice: &[u8]) -> Result<(), NoticeProblem> {
    payment_notice(app, ProviderName::Alipay, &[], notice).await
}

/// Reads notices as the real client does; every payment waits for its notice.
struct NoticesOnly(Alipay);

#[async_trait]
impl PaymentProvider for NoticesOnly {
    fn takes(&self, method: Method) -> bool {
        self.0.takes(method)
    }
    async fn start(&self, request: &PaymentRequest) -> Started {
        Started::Pay(Payable::at(format!("https://qr.alipay.com/bax{}", tail(&request.out_trade_no, 20))))
    }
    async fn query(&self, _: &PaymentRef) -> PaymentStatus {
        PaymentStatus::Waiting
    }
    async fn close(&self, _: &PaymentRef) -> ClosedAnswer {
        ClosedAnswer::Unknown
    }
    async fn refund(&self, _: &RefundRequest) -> RefundStatus {
        RefundStatus::Unknown
    }
    async fn bill(&self, _: &DayOfBill) -> BillAnswer {
        BillAnswer::Unknown
    }
    fn read_notice(&self, notice: &RawNotice<'_>) -> Result<PaymentNotice, NoticeRefusal> {
        self.0.read_notice(notice)
    }
}

/// Networks that do as told, and messages that arrive.
struct Quiet;

#[async_trait]
impl Network for Quiet {
    async fn apply(&self, _: &NetworkChange) -> NetworkReply {
        NetworkReply::Done
    }
}
#[async_trait]
impl Messenger for Quiet {
    async fn send(&self, _: &OutgoingMessage) -> Handed {
        Handed::Accepted(None)
    }
}
