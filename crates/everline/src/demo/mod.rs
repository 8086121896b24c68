//! `everline demo`: a sample brand on an embedded store, and a simulated outside world, all on this machine.

mod catalog;
mod drafts;
mod goodwill;
mod opinions;
mod people;
mod questions;
mod stock;
mod walkthrough;

use everline_app::bank_transfer::OwnAccount;
use everline_app::clock::Clock;
use everline_app::ports::{KeyFor, KnownKey, Messengers, Payments, Ports};
use everline_app::secrets::Secrets;
use everline_app::sign_in::Principal;
use everline_app::voucher_batch::{NewBatch, make_batch};
use everline_app::{App, day_close, figures, jobs, reconciliation, stock_count, support, timers};
use everline_core::brand::Localized;
use everline_core::ids::OrderId;
use everline_core::line::DeviceKind;
use everline_core::message::Channel;
use everline_core::money::Money;
use everline_core::payment::Provider;
use everline_core::time::DAY_US;
use everline_core::voucher::{Code, VoucherKind};
use everline_providers::Http;
use everline_providers::alipay::{Alipay, AlipayConfig, Trust};
use everline_providers::identity::HttpVerifier;
use everline_providers::network::{BuiltIn, Upstream};
use everline_providers::push::{Push, PushConfig, PushKey, SERVICES};
use everline_providers::sms::http::HttpSms;
use everline_providers::stripe::{ApiKey, EndpointSecret, Stripe, StripeConfig};
use everline_providers::texts::Texts;
use everline_providers::wechat::{ApiV3Key, OfficialAccount, Wechat, WechatConfig};
use everline_sandbox::{Access, DeviceSeed, Platform, Sandbox, SandboxConfig};
use everline_store::tables::MIGRATIONS;
use everline_store::{SqliteOptions, Store, migrate};
use everline_web::{Demo, DemoPerson, WebConfig};
use people::People;
use std::error::Error;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;
use tokio::net::TcpListener;

/// What the command line asked for.
pub(crate) struct Options {
    pub(crate) port: u16,
    pub(crate) data: Option<PathBuf>,
    pub(crate) walkthrough: bool,
}

/// A demo that runs.
struct Running {
    app: App,
    sandbox: Sandbox,
    people: People,
    /// Codes of vouchers that a person can try.
    vouchers: Vec<String>,
    /// 王强's order, which the upstream network has only *submitted*.
    unconfirmed: Option<OrderId>,
    /// Base of the portal and the API.
    url: String,
    store_file: PathBuf,
    /// Removed when dropped, if the folder was ours to make.
    _folder: Option<tempfile::TempDir>,
}

/// Starts the demo, and stays until it is interrupted or the walkthrough is over.
pub(crate) async fn run(options: Options) -> Result<ExitCode, Box<dyn Error>> {
    let walkthrough = options.walkthrough;
    let running = start(options).await?;
    if walkthrough {
        let result = walkthrough::walk(&running).await;
        let verified = walkthrough::verify(&running.app).await;
        stop(running).await;
        result?;
        verified?;
        println!("every step was checked");
        return Ok(ExitCode::SUCCESS);
    }
    println!("{}", greeting(&running));
    tokio::signal::ctrl_c().await?;
    stop(running).await;
    Ok(ExitCode::SUCCESS)
}

fn greeting(running: &Running) -> String {
    let file = running.store_file.display();
    format!(
        "青禾通信 is open.\n\n  Portal   {}\n  Sandbox  {}  (the payer's phone, SMS, devices, time)\n  API      {}/api\n  Store    {file}\n\n\
         Enter as 林芳, renew the watch that was cut off today, and pay on the sandbox's phone.\n\n\
         Vouchers of ¥20 to try, under \"Add a voucher\" of the balance or on the page of an order, each once:\n  {}\n\nCtrl-C ends it.",
        running.url,
        running.sandbox.access().view_url,
        running.url,
        running.vouchers.join("\n  "),
    )
}

async fn start(options: Options) -> Result<Running, Box<dyn Error>> {
    let folder = if options.data.is_none() { Some(tempfile::tempdir()?) } else { None };
    let data =
        options.data.clone().or_else(|| folder.as_ref().map(|folder| folder.path().to_owned())).unwrap_or_default();
    std::fs::create_dir_all(&data)?;
    let store_file = data.join("everline.sqlite");
    if store_file.exists() {
        return Err(format!("{} exists: the demo begins with an empty folder", store_file.display()).into());
    }
    let store = Store::open_sqlite(&store_file, SqliteOptions::default()).await?;
    migrate(&store, MIGRATIONS).await?;

    let port = if options.walkthrough { 0 } else { options.port };
    let listener =
        TcpListener::bind((Ipv4Addr::LOCALHOST, port)).await.map_err(|error| format!("port {port}: {error}"))?;
    let port = listener.local_addr()?.port();
    let url = format!("http://localhost:{port}");
    let clock = Arc::new(Clock::machine());
    let secret = random(&clock)?.iter().map(|byte| format!("{byte:02x}")).collect::<String>();
    let sandbox = start_sandbox(&clock, if options.walkthrough { 0 } else { port }, port, &secret).await?;
    let app = wire(store, clock, &sandbox, (port, &url), secret)?;
    let people = people::seed(&app).await?;
    stock::load_stock(&app).await?;
    stock::watch_stock(&app, people.operator).await?;
    let vouchers = vouchers(&app).await?;
    sandbox.add_devices(people.devices.iter().map(device).collect())?;

    let config = web_config(&people, sandbox.access(), &url);
    let router = everline_web::router(app.clone(), config);
    let service = router.into_make_service_with_connect_info::<SocketAddr>();
    tokio::spawn(async move { axum::serve(listener, service).await });
    tokio::spawn(jobs::run_forever(app.clone()));
    tokio::spawn(timers::run_forever(app.clone()));
    tokio::spawn(reconciliation::run_forever(app.clone()));
    tokio::spawn(day_close::run_forever(app.clone()));
    tokio::spawn(stock_count::run_forever(app.clone()));
    tokio::spawn(support::run_forever(app.clone()));
    tokio::spawn(figures::run_forever(app.clone()));
    sandbox.attach_all().await;
    let mut running = Running { app, sandbox, people, vouchers, unconfirmed: None, url, store_file, _folder: folder };
    running.unconfirmed = Some(walkthrough::leave_one_unconfirmed(&running).await?);
    Ok(running)
}

/// A few vouchers to try.
async fn vouchers(app: &App) -> Result<Vec<String>, Box<dyn Error>> {
    let batch = NewBatch {
        name: "demo".to_owned(),
        kind: VoucherKind::Paid,
        amount: Money::from_minor(20_00, app.brand.currency)?,
        count: 5,
        expires_at: app.clock.now().business.plus_us(365 * DAY_US),
        by: "operator".to_owned(),
    };
    Ok(make_batch(app, batch).await?.iter().map(Code::printed).collect())
}

async fn stop(running: Running) {
    running.sandbox.shutdown().await;
    running.app.store.close().await;
}

/// The outside world, on the ports after the portal's (any free ones for port 0).
async fn start_sandbox(clock: &Arc<Clock>, first: u16, platform: u16, secret: &str) -> Result<Sandbox, Box<dyn Error>> {
    let time = clock.clone();
    let mut config = SandboxConfig::new(Arc::new(move || time.now().system.us()));
    config.alipay.seller_name = "青禾通信".to_owned();
    if first != 0 {
        config.ports.view = first.saturating_add(1);
        config.ports.gateway = first.saturating_add(2);
        config.ports.upstream = first.saturating_add(3);
        config.ports.devices = first.saturating_add(4);
        config.ports.sms = first.saturating_add(5);
        config.ports.wechat = first.saturating_add(6);
        config.ports.cards = first.saturating_add(7);
    }
    config.cards.webhook_url = Some(format!("http://127.0.0.1:{platform}/notify/stripe"));
    config.platform = Platform {
        device_url: Some(format!("http://127.0.0.1:{platform}/device")),
        clock_url: Some(format!("http://127.0.0.1:{platform}/demo/clock")),
        messages_url: Some(format!("http://127.0.0.1:{platform}/notify/messages/sms/{secret}")),
    };
    Ok(everline_sandbox::start(config).await?)
}

/// Store, clock and ports made into an app.
fn wire(
    store: Store,
    clock: Arc<Clock>,
    sandbox: &Sandbox,
    (port, url): (u16, &str),
    secret: String,
) -> Result<App, Box<dyn Error>> {
    let access = sandbox.access();
    let http = Http::new(Duration::from_secs(5))?;
    let merchant_key = access.alipay_merchant_key.clone().ok_or("the sandbox made no merchant key")?;
    let alipay = AlipayConfig {
        gateway_url: access.alipay_gateway_url.clone(),
        app_id: access.alipay_app_id.clone(),
        seller_id: access.alipay_seller_id.clone(),
        merchant_key,
        trust: Trust::Key(access.alipay_gateway_key.clone()),
        notify_url: format!("http://127.0.0.1:{port}/notify/alipay"),
    };
    let stripe = StripeConfig {
        api_url: access.cards_api_url.clone(),
        api_key: ApiKey::parse(&access.cards_api_key)?,
        webhook_secrets: vec![EndpointSecret::parse(&access.cards_webhook_secret)?],
        livemode: false,
        return_url: url.to_owned(),
    };
    let devices = format!("http://{}", sandbox.addresses().devices);
    let texts = Texts::load(url, &[]).map_err(|mistakes| format!("{mistakes:?}"))?;
    let messengers = messengers(access, &http, &clock, (Arc::new(texts), secret))?;
    let verifier = HttpVerifier::new(http.clone(), access.identity_url.clone(), access.sms_token.clone());
    let ports = Ports {
        payments: Payments::default()
            .with(Provider::Alipay, Arc::new(Alipay::new(alipay, http.clone(), clock.clone())))
            .with(Provider::Wechat, Arc::new(wechat(access, port, &http, &clock)?))
            .with(Provider::Stripe, Arc::new(Stripe::new(stripe, http.clone())))
            .with(Provider::Bank, Arc::new(OwnAccount)),
        built_in: Arc::new(BuiltIn::new(http.clone(), devices, access.device_token.clone())),
        upstream: Arc::new(Upstream::new(http, access.upstream_url.clone(), access.upstream_token.clone())),
        messengers,
        identity: Some(Arc::new(verifier)),
        watch: Arc::default(),
    };
    // A certificate that somebody has to see to, as there always is one.
    let until = clock.now().system.plus_us(21 * DAY_US);
    let tls = KnownKey { key_for: KeyFor::Tls, name: "04A7C31D9E5B2210".to_owned(), valid_until: Some(until) };
    let ports = ports.watched(&clock, (true, true), Box::new(move || vec![tls.clone()]));
    let master = random(&clock)?;
    let brand = catalog::brand();
    let zone = brand.zone()?;
    let (secrets, wake) = (Arc::new(Secrets::new(&master)), Arc::new(tokio::sync::Notify::new()));
    Ok(App { store, clock, brand: Arc::new(brand), zone, ports, secrets, wake })
}

/// Random bytes.
fn random(clock: &Clock) -> Result<[u8; 32], Box<dyn Error>> {
    let mut bytes = [0; 32];
    if clock.fill(&mut bytes) { Ok(bytes) } else { Err("the system has no randomness to give".into()) }
}

/// The ways to people: short messages and mail end in the sandbox's inbox; a browser that somebody turns notices on in gets
/// them from its maker's push service.
fn messengers(
    access: &Access,
    http: &Http,
    clock: &Arc<Clock>,
    (texts, secret): (Arc<Texts>, String),
) -> Result<Messengers, Box<dyn Error>> {
    let inbox = HttpSms::new(http.clone(), access.sms_url.clone(), access.sms_token.clone(), texts.clone());
    let inbox = Arc::new(inbox.told_with(Some(secret)));
    let push = PushConfig {
        key: PushKey::parse(&PushKey::write(&random(clock)?)?)?,
        contact: "mailto:demo@example.com".to_owned(),
        services: SERVICES.map(str::to_owned).to_vec(),
    };
    Ok(Messengers::default()
        .with(Channel::Sms, inbox.clone())
        .with(Channel::Email, inbox)
        .with(Channel::Push, Arc::new(Push::new(push, http.clone(), clock.clone(), texts))))
}

fn wechat(access: &Access, port: u16, http: &Http, clock: &Arc<Clock>) -> Result<Wechat, Box<dyn Error>> {
    let config = WechatConfig {
        gateway_url: access.wechat_gateway_url.clone(),
        mchid: access.wechat_mchid.clone(),
        appid: access.wechat_appid.clone(),
        merchant_key: access.wechat_merchant_key.clone().ok_or("the sandbox made no merchant key")?,
        merchant_serial: access.wechat_merchant_serial.clone(),
        api_v3_key: ApiV3Key::new(&access.wechat_api_v3_key)?,
        public_keys: vec![(access.wechat_public_key_id.clone(), access.wechat_public_key.clone())],
        notify_url: format!("http://127.0.0.1:{port}/notify/wechat"),
        account: Some(OfficialAccount {
            secret: access.wechat_app_secret.clone(),
            authorize_url: access.wechat_gateway_url.clone(),
            api_url: access.wechat_gateway_url.clone(),
        }),
    };
    Ok(Wechat::new(config, http.clone(), clock.clone())?)
}

fn device((imsi, name, kind): &(everline_core::identifiers::Imsi, String, DeviceKind)) -> DeviceSeed {
    let kind = match kind {
        DeviceKind::Watch => everline_sandbox::DeviceKind::Watch,
        DeviceKind::Router => everline_sandbox::DeviceKind::Router,
        DeviceKind::Tracker | DeviceKind::Meter => everline_sandbox::DeviceKind::Tracker,
        DeviceKind::Phone | DeviceKind::Other => everline_sandbox::DeviceKind::Phone,
    };
    DeviceSeed { imsi: imsi.as_str().to_owned(), name: name.clone(), kind, apn: None }
}

/// What customers of the demo agree to: short, and no contract.
fn terms() -> Localized {
    Localized::zh_en(
        "这是演示品牌的服务条款，不构成合同，也不会产生真实扣款。\n\n\
         套餐按购买时显示的价格、内容和有效期提供。到期不续费的号码先停机、后只保留号码，不会产生欠费。\n\n\
         付款后未能开通的订单自动原路退款。未使用的套餐按订单页显示的规则退款。\n\n\
         实名信息加密保存，只用于核验身份，注销账户时删除。",
        "These are the terms of a demo's brand. They are no contract, and no money is taken.\n\n\
         A plan is delivered at the price, with the contents and for the time that are shown when it is bought. A line that is \
         not renewed is cut off, and then only its number is kept; nobody runs into debt.\n\n\
         An order that is paid and cannot be fulfilled is refunded by itself. What was not used is refunded by the rule that its \
         order shows.\n\n\
         Names and documents are kept sealed, serve to verify who somebody is, and go with the account.",
    )
}

fn web_config(people: &People, access: &Access, url: &str) -> WebConfig {
    let person = |key: &str, name: Localized, what: Localized, principal| DemoPerson {
        key: key.to_owned(),
        name,
        what,
        principal,
    };
    let people = vec![
        person(
            "linfang",
            Localized::zh_en("林芳", "Lin Fang"),
            Localized::zh_en(
                "自己的手机、女儿的手表（今天停机了）、泰国旅行卡",
                "Her phone, her daughter's watch (cut off today), a travel line for Thailand",
            ),
            Principal::Customer(people.linfang),
        ),
        person(
            "shunda",
            Localized::zh_en("顺达冷链", "Shunda Cold Chain"),
            Localized::zh_en(
                "120 台车载定位器，37 台本周到期，6 台已停机",
                "120 vehicle trackers, 37 ending this week, 6 cut off",
            ),
            Principal::Customer(people.shunda),
        ),
        person(
            "hejing",
            Localized::zh_en("何静 · 客服", "He Jing · support"),
            Localized::zh_en("一笔已付款、尚未生效的订单", "An order that is paid and not yet in effect"),
            Principal::Staff(people.hejing),
        ),
        person(
            "operator",
            Localized::zh_en("周航 · 运营", "Zhou Hang · operator"),
            Localized::zh_en("查看正在等待网络确认的订单", "Orders that wait for the network"),
            Principal::Staff(people.operator),
        ),
    ];
    WebConfig {
        secure_cookies: false,
        device_secret: Some(access.device_token.clone()),
        terms: Some(terms()),
        demo: Some(Demo { people, sandbox_url: access.view_url.clone(), clock_secret: access.clock_token.clone() }),
        ..WebConfig::new(url.to_owned())
    }
}
