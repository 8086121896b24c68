//! A small brand with people, lines and a past, over one store, with an outside that does what it is told; and a browser
//! that keeps cookies. The gallery shows the same world.
#![allow(dead_code, unreachable_pub, reason = "tests and the gallery each use a part")]

pub mod authenticator;
pub mod browser;
pub mod outside;
pub mod stock;
pub mod wechat;

use everline_app::add_line::{AddCustomer, NewLine};
use everline_app::bank_transfer::OwnAccount;
use everline_app::clock::Clock;
use everline_app::ports::{KnownKey, Messengers, Payments, Ports};
use everline_app::secrets::Secrets;
use everline_app::set_up::SetUp;
use everline_app::sign_in::{Principal, SignedIn, open_session};
use everline_app::{App, Problem, device, jobs, payment_confirmed, place_order, start_payment, timers};
use everline_core::brand::Localized;
use everline_core::customer::{Customer, CustomerKind, Identity};
use everline_core::identifiers::{Iccid, Imsi, Msisdn};
use everline_core::ids::{CustomerId, LineId, OrderId, RawId};
use everline_core::lifecycle::HandOver;
use everline_core::line::{DeviceKind, NetworkKind};
use everline_core::message::Channel;
use everline_core::offering::{Family, OfferingRef};
use everline_core::order::{Order, PlacedBy};
use everline_core::payment::{Attempt, Method, Provider};
use everline_core::staff::Role;
use everline_core::time::{DAY_US, HOUR_US, MINUTE_US, SystemTime};
use everline_store::tables::{MIGRATIONS, staff};
use everline_store::{SqliteOptions, Stop, Store, Synchronous, Tx, Work, migrate};
use everline_testing::SqliteFile;
use everline_web::{Demo, DemoPerson, WebConfig};
use outside::Outside;
use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;
use wechat::InWechat;

/// 2026-11-22 18:30 in Shanghai: when tests begin. The people's past lies before it.
pub const NOW_US: i64 = 1_795_343_400_000_000;
pub const DEVICE_SECRET: &str = "device-secret";
pub const CLOCK_SECRET: &str = "clock-secret";

/// The brand and everything around it.
#[derive(Clone)]
pub struct World {
    pub app: App,
    pub outside: Arc<Outside>,
    pub wechat: Arc<InWechat>,
    pub people: People,
    pub router: axum::Router,
    _file: Option<Arc<SqliteFile>>,
}

/// Who is there.
#[derive(Debug, Clone, Copy)]
pub struct People {
    pub linfang: CustomerId,
    /// Bought `phone-39` eleven days ago.
    pub phone: LineId,
    /// Bought `watch-month` a month and an hour ago: cut off.
    pub watch: LineId,
    /// Bought `thailand` two days ago: waits for its first use.
    pub travel: LineId,
    pub wangqiang: CustomerId,
    /// On the upstream network; nothing bought yet.
    pub router: LineId,
    pub shunda: CustomerId,
    pub hejing: RawId,
}

/// The IMSI of 林芳's watch.
pub const WATCH_IMSI: &str = "460110000000002";
pub const WATCH_NUMBER: &str = "17280001234";
/// Its owner does not let guests renew it.
pub const CLOSED_NUMBER: &str = "17280005678";

struct Seed {
    customer: CustomerId,
    id: LineId,
    number: String,
    name: String,
    device: DeviceKind,
    family: Family,
    network: NetworkKind,
    guests: bool,
    bought: Option<(&'static str, i64)>,
}

impl World {
    /// A new world on a SQLite file of its own.
    pub async fn new() -> Self {
        let file = SqliteFile::new();
        let options =
            SqliteOptions { synchronous: Synchronous::Off, readers: 2, cache_kib: 2_048, ..SqliteOptions::default() };
        let store = file.open(options).await;
        Self { _file: Some(Arc::new(file)), ..Self::over(store, "http://portal.test").await }
    }

    /// A new world whose brand has an account with WeChat Pay too, with an official account.
    pub async fn with_wechat() -> Self {
        let mut world = Self::new().await;
        world.wechat.on.store(true, Relaxed);
        world.app.ports.payments = world.app.ports.payments.clone().with(Provider::Wechat, world.wechat.clone());
        world.router = everline_web::router(world.app.clone(), config(&world.people, "http://portal.test"));
        world
    }

    /// The same world, with whoever is outside watched, and with these keys.
    pub fn watched(mut self, keys: Vec<KnownKey>) -> Self {
        let ports = self.app.ports.clone();
        self.app.ports = ports.watched(&self.app.clock, (true, true), Box::new(move || keys.clone()));
        self.router = everline_web::router(self.app.clone(), config(&self.people, "http://portal.test"));
        self
    }

    /// A new world over an empty store.
    pub async fn over(store: Store, public_url: &str) -> Self {
        migrate(&store, MIGRATIONS).await.unwrap();
        let (outside, wechat) = (Arc::new(Outside::default()), Arc::new(InWechat::default()));
        let brand = stock::brand();
        let app = App {
            zone: brand.zone().unwrap(),
            store,
            clock: Arc::new(Clock::manual(SystemTime::from_us(NOW_US - 45 * DAY_US), 1)),
            ports: Ports {
                payments: Payments::default()
                    .with(Provider::Alipay, outside.clone())
                    .with(Provider::Bank, Arc::new(OwnAccount)),
                built_in: outside.clone(),
                upstream: outside.clone(),
                messengers: Channel::ALL
                    .into_iter()
                    .fold(Messengers::default(), |ways, way| ways.with(way, outside.clone())),
                identity: None,
                watch: Arc::default(),
            },
            secrets: Arc::new(Secrets::new(&[7; 32])),
            wake: Arc::default(),
            brand: Arc::new(brand),
        };
        let people = seed(&app, &outside).await;
        let router = everline_web::router(app.clone(), config(&people, public_url));
        Self { app, outside, wechat, people, router, _file: None }
    }

    /// A router with another configuration over the same app.
    pub fn router_with(&self, change: impl FnOnce(&mut WebConfig)) -> axum::Router {
        let mut config = WebConfig::new("https://portal.test".to_owned());
        change(&mut config);
        everline_web::router(self.app.clone(), config)
    }

    /// A session of somebody.
    pub async fn session(&self, principal: Principal) -> SignedIn {
        open_session(&self.app, principal).await.unwrap()
    }

    /// Lets time pass, and what falls due with it.
    pub async fn pass(&self, us: i64) {
        pass(&self.app, us).await;
    }

    /// Runs what is due now.
    pub async fn settle(&self) {
        settle(&self.app).await;
    }

    /// Orders something and opens the payment.
    pub async fn checkout(&self, customer: CustomerId, line: LineId, code: &str) -> (Order, Attempt) {
        checkout(&self.app, (customer, line), code, None).await
    }

    /// The payer pays, the notice arrives, and jobs run.
    pub async fn pays(&self, attempt: &Attempt) {
        let body = self.outside.pay(&attempt.out_trade_no);
        payment_confirmed::payment_notice(&self.app, Provider::Alipay, &[], &body).await.unwrap();
        self.settle().await;
    }

    /// A device attaches.
    pub async fn attach(&self, imsi: &str) -> device::Granted {
        device::attach(&self.app, imsi, "http://127.0.0.1:9/notice").await.unwrap()
    }
}

fn config(people: &People, public_url: &str) -> WebConfig {
    WebConfig {
        secure_cookies: false,
        device_secret: Some(DEVICE_SECRET.to_owned()),
        demo: Some(demo(people)),
        ..WebConfig::new(public_url.to_owned())
    }
}

async fn pass(app: &App, us: i64) {
    app.clock.pass_us(us);
    settle(app).await;
}

async fn settle(app: &App) {
    timers::run_due(app, app.clock.now()).await.unwrap();
    while jobs::run_due(app).await.unwrap() > 0 {}
    jobs::number_receipts(app).await.unwrap();
}

/// An order and its payment, by a guest if there is a token.
pub async fn checkout(
    app: &App,
    (customer, line): (CustomerId, LineId),
    code: &str,
    token: Option<String>,
) -> (Order, Attempt) {
    let new = place_order::NewOrder {
        id: OrderId(app.clock.id()),
        customer,
        line,
        offering: OfferingRef { code: code.to_owned(), version: 1 },
        terms_version: app.brand.terms_version.clone(),
        placed_by: if token.is_some() { PlacedBy::Guest } else { PlacedBy::Owner },
        token,
        from: None,
    };
    let order = place_order::place_order(app, new).await.unwrap();
    app.clock.pass_us(1_000);
    let started =
        start_payment::start_payment(app, customer, order.id, Method::AlipayQr, start_payment::Payer::default());
    (order, started.await.unwrap())
}

fn demo(people: &People) -> Demo {
    let person = |key: &str, name: Localized, what: Localized, principal| DemoPerson {
        key: key.to_owned(),
        name,
        what,
        principal,
    };
    Demo {
        people: vec![
            person(
                "linfang",
                Localized::zh_en("林芳", "Lin Fang"),
                Localized::zh_en(
                    "自己的手机、女儿的手表（今天停机）、旅行卡",
                    "Her phone, her daughter’s watch (cut off today), a travel line",
                ),
                Principal::Customer(people.linfang),
            ),
            person(
                "shunda",
                Localized::zh_en("顺达冷链", "Shunda Cold Chain"),
                Localized::zh_en(
                    "车队的定位器，有的快到期，有的已停机",
                    "A fleet’s trackers, some ending, some cut off",
                ),
                Principal::Customer(people.shunda),
            ),
            person(
                "hejing",
                Localized::zh_en("何静", "He Jing"),
                Localized::zh_en("客服，查看已付款未生效的订单", "Support: orders that are paid and not in effect"),
                Principal::Staff(people.hejing),
            ),
        ],
        sandbox_url: "http://sandbox.test".to_owned(),
        clock_secret: CLOCK_SECRET.to_owned(),
    }
}

/// Adds a member who has no login, as those from before logins existed.
struct AddMember(RawId, Role);
impl Work for AddMember {
    const NAME: &'static str = "add_member";
    type Out = ();
    type Refusal = Problem;
    async fn run(&self, tx: &mut Tx) -> Result<(), Stop<Problem>> {
        staff::add(tx, self.0, "周航", self.1.word());
        Ok(())
    }
}
impl World {
    /// A member of the staff with a role.
    pub async fn member(&self, role: Role) -> RawId {
        let id = self.app.clock.id();
        self.app.store.transact(AddMember(id, role)).await.unwrap();
        id
    }
}

async fn seed(app: &App, outside: &Outside) -> People {
    let id = || app.clock.id();
    let people = People {
        linfang: CustomerId(id()),
        phone: LineId(id()),
        watch: LineId(id()),
        travel: LineId(id()),
        wangqiang: CustomerId(id()),
        router: LineId(id()),
        shunda: CustomerId(id()),
        hejing: id(),
    };
    let at = app.clock.now().business;
    let staff = vec![(people.hejing, "何静".to_owned(), Role::Agent)];
    let set_up = SetUp { brand: stock::brand(), offerings: stock::offerings(), staff, at };
    app.store.transact(set_up).await.unwrap();
    for (id, kind, name, contact) in [
        (people.linfang, CustomerKind::Person, "林芳", "13800138001"),
        (people.wangqiang, CustomerKind::Person, "王强", "13700137002"),
        (people.shunda, CustomerKind::Organisation, "顺达冷链", "13900139000"),
    ] {
        let contact = Some(Msisdn::parse(contact).unwrap());
        let (name, language) = (name.to_owned(), "zh-CN".to_owned());
        let customer = Customer { id, kind, name, contact, language, identity: Identity::Verified };
        app.store.transact(AddCustomer { customer, currency: app.brand.currency, at }).await.unwrap();
    }
    let mut seeds = seeds(app, &people);
    for (place, seed) in seeds.iter().enumerate() {
        add_line(app, seed, place + 1).await;
    }
    seeds.sort_by_key(|seed| std::cmp::Reverse(seed.bought.map_or(0, |bought| bought.1)));
    for seed in &seeds {
        if let Some((code, ago_us)) = seed.bought {
            pass(app, NOW_US - ago_us - app.clock.now().system.us()).await;
            let (_, attempt) = checkout(app, (seed.customer, seed.id), code, None).await;
            payment_confirmed::payment_notice(app, Provider::Alipay, &[], &outside.pay(&attempt.out_trade_no))
                .await
                .unwrap();
            settle(app).await;
        }
    }
    pass(app, NOW_US - app.clock.now().system.us()).await;
    people
}

fn seeds(app: &App, people: &People) -> Vec<Seed> {
    let seed = |customer, id, number: &str, name: &str, device, family, bought| Seed {
        customer,
        id,
        number: number.to_owned(),
        name: name.to_owned(),
        device,
        family,
        network: NetworkKind::BuiltIn,
        guests: true,
        bought,
    };
    let month_us = 31 * DAY_US;
    let mut seeds = vec![
        seed(
            people.linfang,
            people.phone,
            "13800138001",
            "我的手机",
            DeviceKind::Phone,
            Family::Phone,
            Some(("phone-39", 11 * DAY_US)),
        ),
        seed(
            people.linfang,
            people.watch,
            WATCH_NUMBER,
            "朵朵的手表",
            DeviceKind::Watch,
            Family::Watch,
            Some(("watch-month", month_us + HOUR_US)),
        ),
        Seed {
            guests: false,
            ..seed(
                people.linfang,
                people.travel,
                CLOSED_NUMBER,
                "泰国旅行卡",
                DeviceKind::Phone,
                Family::Travel,
                Some(("thailand", 2 * DAY_US)),
            )
        },
        Seed {
            network: NetworkKind::Upstream,
            ..seed(
                people.wangqiang,
                people.router,
                "17280009012",
                "门店路由器",
                DeviceKind::Router,
                Family::Router,
                None,
            )
        },
    ];
    for n in 1..=12i64 {
        // Two are cut off, one is in grace, three end this week, the others are fine.
        let ago_us = match n {
            1 | 2 => month_us + 3 * DAY_US,
            3 => month_us + DAY_US,
            4..=6 => month_us - n * 12 * HOUR_US,
            _ => n * DAY_US,
        } + n * MINUTE_US;
        let (number, name) = (format!("14400120000{n:02}"), format!("冷链 {n:03} 号车"));
        let id = LineId(app.clock.id());
        seeds.push(seed(
            people.shunda,
            id,
            &number,
            &name,
            DeviceKind::Tracker,
            Family::Iot,
            Some(("iot-month", ago_us)),
        ));
    }
    seeds
}

async fn add_line(app: &App, seed: &Seed, place: usize) {
    let new = NewLine {
        id: seed.id,
        customer: seed.customer,
        msisdn: Msisdn::parse(&seed.number).unwrap(),
        name: seed.name.clone(),
        device: seed.device,
        family: seed.family,
        network: seed.network,
        guest_renewal: seed.guests,
        iccid: Iccid::parse(&format!("898604000000{place:08}")).unwrap(),
        imsi: Imsi::parse(&format!("46011{place:010}")).unwrap(),
        esim: false,
    };
    let add = new.begins(HandOver::Sale, &app.brand, &app.zone, app.clock.now().business).unwrap();
    app.store.transact(add).await.unwrap();
}
