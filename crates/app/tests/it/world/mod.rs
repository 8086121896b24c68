//! A whole Everline over one store, with an outside that does what it is told: a payment provider, two networks and a
//! messenger whose every call can work, refuse, stay silent, or work and stay silent.
//!
//! Time stands until the test moves it: [`World::pass`] lets both clocks run (and timers and jobs with them),
//! [`World::skip_days`] moves business time alone.
#![allow(dead_code, reason = "the outside can do more than the tests of today ask of it")]

pub mod cast;
pub mod loading;
pub mod outside;
pub mod stock;

use everline_app::bank_transfer::OwnAccount;
use everline_app::clock::Clock;
use everline_app::place_order::NewOrder;
use everline_app::ports::{Messengers, Payments, Ports};
use everline_app::secrets::Secrets;
use everline_app::timeline::{Kind, Wanted, What, timeline};
use everline_app::verify::{Known, Limits, Report, verify_known, verify_within};
use everline_app::{App, Problem, jobs, timers};
use everline_app::{add_line, device, payment_confirmed, place_order, set_up, start_payment};
use everline_core::charging::Allowance;
use everline_core::customer::{Customer, CustomerKind, Identity};
use everline_core::identifiers::{Iccid, Imsi, Msisdn};
use everline_core::ids::{CustomerId, LineId, OrderId, SessionId};
use everline_core::ledger::{Balances, LedgerAccount};
use everline_core::lifecycle::HandOver;
use everline_core::line::{DeviceKind, Line, NetworkKind};
use everline_core::message::Channel;
use everline_core::offering::{Family, OfferingRef, SaleState};
use everline_core::order::{Order, PlacedBy};
use everline_core::payment::{Attempt, Method, Provider as Who};
use everline_core::refund::Refund;
use everline_core::time::{DAY_US, SystemTime};
use everline_store::tables::{self, allowance, catalog, customer, line, order, payment};
use everline_store::{PostgresOptions, Sql, SqliteOptions, Stop, Store, Synchronous, Tx, Value, Work, migrate};
use everline_testing::each_store_with;
use outside::{Messenger, Provider, Radio, Upstream};
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering::Relaxed};

/// 2026-03-10 12:00 in Shanghai.
pub const START_US: i64 = 1_773_115_200_000_000;

/// Everline and everything around it.
#[derive(Clone)]
pub struct World {
    pub app: App,
    pub provider: Arc<Provider>,
    /// Who takes and keeps cards.
    pub cards: Arc<Provider>,
    pub radio: Arc<Radio>,
    pub upstream: Arc<Upstream>,
    pub messenger: Arc<Messenger>,
    numbers: Arc<AtomicU32>,
}

/// A line and what its device knows.
#[derive(Debug, Clone)]
pub struct Kit {
    pub customer: CustomerId,
    pub line: LineId,
    pub msisdn: Msisdn,
    pub imsi: Imsi,
}

/// Runs a test on a new world over SQLite, and then over PostgreSQL if there is one.
pub async fn on_both(test: impl AsyncFn(World)) {
    each_store_with(quick(), PostgresOptions::default(), async |store| test(World::over(store, 1).await).await).await;
}

/// A SQLite file that does not wait for the disk.
pub fn quick() -> SqliteOptions {
    SqliteOptions { synchronous: Synchronous::Off, readers: 2, cache_kib: 2_048, ..SqliteOptions::default() }
}

/// Where staff of tests come from.
pub const FROM: everline_app::staff_sign_in::From<'static> =
    everline_app::staff_sign_in::From { device: "firefox linux", network: "192.0.2.0/24" };

impl World {
    /// A new world over an empty store; what is random follows from the seed.
    pub async fn over(store: Store, seed: u64) -> Self {
        migrate(&store, tables::MIGRATIONS).await.unwrap();
        let (provider, radio) = (Arc::new(Provider::default()), Arc::new(Radio::default()));
        let cards = Arc::new(Provider::of(Who::Stripe));
        let (upstream, messenger) = (Arc::new(Upstream::default()), Arc::new(Messenger::default()));
        let brand = stock::brand();
        let app = App {
            zone: brand.zone().unwrap(),
            store,
            clock: Arc::new(Clock::manual(SystemTime::from_us(START_US), seed)),
            ports: Ports {
                payments: Payments::default()
                    .with(Who::Alipay, provider.clone())
                    .with(Who::Stripe, cards.clone())
                    .with(Who::Bank, Arc::new(OwnAccount)),
                built_in: radio.clone(),
                upstream: upstream.clone(),
                messengers: Messengers::default().with(Channel::Sms, messenger.clone()),
                identity: None,
                watch: Arc::default(),
            },
            secrets: Arc::new(Secrets::new(&[7; 32])),
            wake: Arc::default(),
            brand: Arc::new(brand.clone()),
        };
        let at = app.clock.now().business;
        let offerings = stock::offerings();
        app.store.transact(set_up::SetUp { brand, offerings, staff: Vec::new(), at }).await.unwrap();
        Self { app, provider, cards, radio, upstream, messenger, numbers: Arc::new(AtomicU32::new(1)) }
    }

    // Who and what there is

    /// A new person without lines.
    pub async fn person(&self) -> CustomerId {
        self.customer(CustomerKind::Person).await
    }

    /// A new customer without lines.
    pub async fn customer(&self, kind: CustomerKind) -> CustomerId {
        let number = self.numbers.fetch_add(1, Relaxed);
        let id = CustomerId(self.app.clock.id());
        let customer = Customer {
            id,
            kind,
            name: "林芳".to_owned(),
            contact: Some(Msisdn::parse(&format!("139{number:08}")).unwrap()),
            language: "zh-CN".to_owned(),
            identity: Identity::FormatChecked,
        };
        let at = self.app.clock.now().business;
        let currency = self.app.brand.currency;
        self.app.store.transact(add_line::AddCustomer { customer, currency, at }).await.unwrap();
        id
    }

    /// A new silent line of a customer.
    pub async fn line_of(&self, customer: CustomerId, family: Family, network: NetworkKind) -> Kit {
        let number = self.numbers.fetch_add(1, Relaxed);
        let line = LineId(self.app.clock.id());
        let kit = Kit {
            customer,
            line,
            msisdn: Msisdn::parse(&format!("138{number:08}")).unwrap(),
            imsi: Imsi::parse(&format!("46011{number:010}")).unwrap(),
        };
        let new = add_line::NewLine {
            id: line,
            customer,
            msisdn: kit.msisdn.clone(),
            name: "手表".to_owned(),
            device: DeviceKind::Watch,
            family,
            network,
            guest_renewal: true,
            iccid: Iccid::parse(&format!("898603{number:014}")).unwrap(),
            imsi: kit.imsi.clone(),
            esim: false,
        };
        self.add_line(new).await.unwrap();
        kit
    }

    /// Sells a line.
    pub async fn add_line(&self, new: add_line::NewLine) -> Result<(), Stop<Problem>> {
        let at = self.app.clock.now().business;
        let add = new.begins(HandOver::Sale, &self.app.brand, &self.app.zone, at).map_err(Stop::Refused)?;
        self.app.store.transact(add).await
    }

    /// A new line of a new person, on the built-in network.
    pub async fn line(&self, family: Family) -> Kit {
        let customer = self.person().await;
        self.line_of(customer, family, NetworkKind::BuiltIn).await
    }

    /// A new line of a new person, on the upstream network.
    pub async fn upstream_line(&self) -> Kit {
        let customer = self.person().await;
        self.line_of(customer, Family::Iot, NetworkKind::Upstream).await
    }

    // What customers do

    /// Places an order for version 1 of an offering.
    pub async fn order(&self, kit: &Kit, code: &str) -> Result<Order, Problem> {
        place_order::place_order(&self.app, self.new_order(kit, code, OrderId(self.app.clock.id()))).await
    }

    /// What ordering version 1 of an offering under an id would send.
    pub fn new_order(&self, kit: &Kit, code: &str, id: OrderId) -> NewOrder {
        NewOrder {
            id,
            customer: kit.customer,
            line: kit.line,
            offering: OfferingRef { code: code.to_owned(), version: 1 },
            terms_version: self.app.brand.terms_version.clone(),
            placed_by: PlacedBy::Owner,
            token: None,
            from: None,
        }
    }

    /// Starts to pay an order, a millisecond after whatever was before: attempts stand in the order of their starts.
    pub async fn start(&self, order: &Order, method: Method) -> Result<Attempt, Problem> {
        self.app.clock.pass_us(1_000);
        start_payment::start_payment(&self.app, order.customer, order.id, method, start_payment::Payer::default()).await
    }

    /// Orders an offering and opens the payment; nothing is paid yet.
    pub async fn checkout(&self, kit: &Kit, code: &str) -> (Order, Attempt) {
        let order = self.order(kit, code).await.unwrap();
        let attempt = self.start(&order, Method::AlipayQr).await.unwrap();
        (order, attempt)
    }

    /// The payer pays and the notice arrives; the jobs it queued have not run.
    pub async fn pays(&self, attempt: &Attempt) {
        let notice = self.provider.pay(&attempt.out_trade_no);
        self.notice(&notice).await.unwrap();
    }

    /// The notice of a payment comes once more.
    pub async fn pays_again(&self, attempt: &Attempt) {
        let notice = self.provider.notice(&attempt.out_trade_no, |_| {});
        self.notice(&notice).await.unwrap();
    }

    /// Another node on the same store, with a clock of its own that says the same.
    pub fn another_node(&self) -> Self {
        let mut node = self.clone();
        let clock = Clock::manual(self.app.clock.now().system, 2);
        clock.set_business_offset_us(self.app.clock.business_offset_us());
        node.app.clock = Arc::new(clock);
        node
    }

    /// A notice arrives.
    pub async fn notice(&self, body: &[u8]) -> Result<(), payment_confirmed::NoticeProblem> {
        payment_confirmed::payment_notice(&self.app, Who::Alipay, &[], body).await
    }

    /// Orders, pays, and waits until nothing is left to do.
    pub async fn buys(&self, kit: &Kit, code: &str) -> Order {
        let (order, attempt) = self.checkout(kit, code).await;
        self.pays(&attempt).await;
        self.settle().await;
        self.order_now(&order).await
    }

    /// The line's device opens a session.
    pub async fn attach(&self, kit: &Kit) -> device::Granted {
        device::attach(&self.app, kit.imsi.as_str(), "http://radio/notify").await.unwrap()
    }

    /// A session reports what it used since its last report.
    pub async fn report(&self, session: SessionId, sequence: u64, octets: i64) -> device::Granted {
        device::report(&self.app, session, sequence, octets).await.unwrap()
    }

    // Time

    /// Runs the jobs that are due until none is.
    pub async fn jobs(&self) {
        while jobs::run_due(&self.app).await.unwrap() > 0 {}
    }

    /// Runs due jobs and numbers receipts.
    pub async fn settle(&self) {
        self.jobs().await;
        while jobs::number_receipts(&self.app).await.unwrap() > 0 {}
    }

    /// Both clocks run; then whatever fell due happens.
    pub async fn pass(&self, us: i64) {
        self.app.clock.pass_us(us);
        timers::run_due(&self.app, self.app.clock.now()).await.unwrap();
        self.settle().await;
    }

    /// Business time moves on by days of 24 hours; whatever falls due on the way happens at its time.
    pub async fn skip_days(&self, days: i64) {
        timers::advance_business_time(&self.app, days * DAY_US).await.unwrap();
        self.settle().await;
    }

    // What is there now

    pub async fn order_now(&self, order: &Order) -> Order {
        let (customer, id) = (order.customer, order.id);
        self.look(move |tx| Box::pin(async move { order::get(tx, customer, id).await.map(Option::unwrap) })).await
    }
    pub async fn attempts(&self, order: &Order) -> Vec<Attempt> {
        let (customer, id) = (order.customer, order.id);
        self.look(move |tx| Box::pin(async move { payment::of_order(tx, customer, id).await })).await
    }
    pub async fn refunds(&self, order: &Order) -> Vec<Refund> {
        let (customer, id) = (order.customer, order.id);
        self.look(move |tx| Box::pin(async move { payment::refunds_of_order(tx, customer, id).await })).await
    }
    pub async fn line_now(&self, kit: &Kit) -> Line {
        let (customer, id) = (kit.customer, kit.line);
        self.look(move |tx| Box::pin(async move { line::get(tx, customer, id).await.map(Option::unwrap) })).await
    }
    pub async fn allowance(&self, kit: &Kit) -> Allowance {
        let (customer, id) = (kit.customer, kit.line);
        self.look(move |tx| Box::pin(async move { allowance::get(tx, customer, id).await })).await
    }
    pub async fn balances(&self, customer: CustomerId) -> Balances {
        self.look(move |tx| Box::pin(async move { customer::account(tx, customer).await })).await
    }
    /// The messages that the owner of a line was sent.
    pub async fn told(&self, kit: &Kit) -> Vec<&'static str> {
        self.messenger.told(self.contact(kit).await.as_str())
    }
    /// A parameter of the newest message to them that has it.
    pub async fn said(&self, kit: &Kit, name: &str) -> Option<String> {
        self.messenger.parameter(self.contact(kit).await.as_str(), name)
    }
    async fn contact(&self, kit: &Kit) -> Msisdn {
        let id = kit.customer;
        self.look(move |tx| Box::pin(async move { Ok(customer::get(tx, id).await?.contact) })).await.unwrap()
    }
    /// What one ledger account of a customer holds, in millionths.
    pub async fn balance(&self, customer: CustomerId, account: LedgerAccount) -> i64 {
        self.balances(customer).await.get(account)
    }
    /// The reasons of the cases of an order.
    pub async fn cases(&self, order: &Order) -> Vec<String> {
        everline_app::order_page::order_page(&self.app, order.customer, order.id).await.unwrap().cases
    }

    /// Changes whether version 1 of an offering is for sale.
    pub async fn set_sale(&self, code: &str, sale: SaleState) {
        let mut offering = stock::offerings().into_iter().find(|o| o.reference.code == code).unwrap();
        offering.sale = sale;
        self.change(move |tx| {
            let set = catalog::set_offering(tx, &offering);
            Box::pin(async move { set })
        })
        .await;
    }

    /// Reads through a closure.
    pub async fn look<T: Send + 'static>(
        &self,
        read: impl for<'a> Fn(&'a mut Tx) -> Looked<'a, T> + Send + Sync + 'static,
    ) -> T {
        self.app.store.read(Look(Box::new(read))).await.unwrap()
    }
    /// Writes through a closure.
    pub async fn change(&self, write: impl for<'a> Fn(&'a mut Tx) -> Looked<'a, ()> + Send + Sync + 'static) {
        self.app.store.transact(Look(Box::new(write))).await.unwrap();
    }
    /// Runs a statement as it stands; how many rows it changed.
    pub async fn sql(&self, text: &str, args: Vec<Value>) -> u64 {
        let sql: &'static Sql = Box::leak(Box::new(Sql::new(Box::leak(text.to_owned().into_boxed_str()))));
        self.app.store.transact(RawSql { sql, args }).await.unwrap()
    }

    /// What the staff saw and did of a customer's, as their timeline tells it: the newest first.
    pub async fn noted(&self, customer: CustomerId) -> Vec<String> {
        let wanted = Wanted { customer, line: None, kind: Some(Kind::Staff), before: None };
        let seen = timeline(&self.app, self.member("agent").await, wanted).await.unwrap();
        let noted = seen.entries.into_iter().filter_map(|entry| match entry.what {
            What::Staff(noted) => Some(noted.action),
            _ => None,
        });
        noted.filter(|action| action != "customer.seen").collect()
    }
    /// What `verify` says.
    pub async fn verify(&self) -> Report {
        let App { store, brand, zone, secrets, .. } = &self.app;
        let known = Known { secrets: Some(secrets.clone()), ..Known::default() };
        verify_known(store, brand, zone, self.app.clock.now(), known).await.unwrap()
    }
    /// What `verify` says when it may hold next to nothing in memory.
    pub async fn verify_in_small_parts(&self) -> Report {
        let limits = Limits { page_rows: 2, orders_at_once: 1, customers_at_once: 1, findings_max: 1_000 };
        verify_within(&self.app.store, &self.app.brand, &self.app.zone, self.app.clock.now(), limits).await.unwrap()
    }
    /// Fails unless `verify` finds nothing and the outside saw nothing that must not be.
    pub async fn sound(&self) {
        let report = self.verify().await;
        assert!(report.clean(), "{report}");
        let mistakes = [self.provider.mistakes(), self.cards.mistakes(), self.upstream.mistakes()].concat();
        assert_eq!(mistakes, Vec::<String>::new());
        // What the staff saw or did of an order stands in its line's timeline. An update that changes nothing tells how many
        // entries do not.
        let elsewhere = "UPDATE audit SET at = at WHERE subject_kind = 'order' AND EXISTS (SELECT 1 FROM orders o \
            WHERE o.number = subject_id AND (audit.line_id IS NULL OR audit.line_id <> o.line_id))";
        assert_eq!(self.sql(elsewhere, vec![]).await, 0, "entries of orders that name no line");
    }
}

/// What a closure over a transaction makes.
pub type Looked<'a, T> = Pin<Box<dyn Future<Output = everline_store::Result<T>> + Send + 'a>>;

type Closure<T> = dyn for<'a> Fn(&'a mut Tx) -> Looked<'a, T> + Send + Sync;
struct Look<T>(Box<Closure<T>>);
impl<T: Send + 'static> Work for Look<T> {
    const NAME: &'static str = "look";
    type Out = T;
    type Refusal = Problem;
    async fn run(&self, tx: &mut Tx) -> Result<T, Stop<Problem>> {
        Ok((self.0)(tx).await?)
    }
}

struct RawSql {
    sql: &'static Sql,
    args: Vec<Value>,
}
impl Work for RawSql {
    const NAME: &'static str = "raw_sql";
    type Out = u64;
    type Refusal = Problem;
    async fn run(&self, tx: &mut Tx) -> Result<u64, Stop<Problem>> {
        Ok(tx.exec(self.sql, self.args.clone()).await?)
    }
}
