//! The demo's people and lines, and the history they have: made by the same use cases as everybody's, at past times.

use super::{catalog, drafts, goodwill, opinions, questions};
use async_trait::async_trait;
use everline_app::add_line::{AddCustomer, NewLine};
use everline_app::clock::Clock;
use everline_app::payment_confirmed::take_evidence;
use everline_app::place_order::{NewOrder, place_order};
use everline_app::ports::{
    BillAnswer, ClosedAnswer, DayOfBill, Handed, Messenger, Messengers, Network, NetworkChange, NetworkReply,
    NoticeRefusal, OutgoingMessage, Payable, PaymentNotice, PaymentProvider, PaymentRef, PaymentRequest, PaymentStatus,
    Payments, Ports, RawNotice, RefundRequest, RefundStatus, Started,
};
use everline_app::set_up::SetUp;
use everline_app::start_payment::{Payer, start_payment};
use everline_app::{App, Problem, device, jobs, timers};
use everline_core::customer::{Customer, CustomerKind, Identity};
use everline_core::identifiers::{Iccid, Imsi, Msisdn};
use everline_core::ids::{CustomerId, LineId, OrderId, RawId, SessionId};
use everline_core::lifecycle::HandOver;
use everline_core::line::{DeviceKind, NetworkKind};
use everline_core::message::Channel;
use everline_core::offering::{Family, OfferingRef};
use everline_core::order::PlacedBy;
use everline_core::payment::{Evidence, Method, Provider};
use everline_core::staff::Role;
use everline_core::time::{BusinessTime, DAY_US, HOUR_US, SystemTime};
use everline_store::Stop;
use futures_util::future::try_join_all;
use std::sync::Arc;

/// Who is in the demo.
#[derive(Debug, Clone)]
pub(super) struct People {
    pub(super) linfang: CustomerId,
    pub(super) linfang_watch: LineId,
    pub(super) linfang_travel: LineId,
    pub(super) shunda: CustomerId,
    pub(super) wangqiang: CustomerId,
    pub(super) wangqiang_router: LineId,
    pub(super) hejing: RawId,
    pub(super) operator: RawId,
    /// Devices of the built-in network: identity, name, what it is.
    pub(super) devices: Vec<(Imsi, String, DeviceKind)>,
}

/// One line to be made, with the purchases of its past: what, and how long ago.
struct LineSeed {
    customer: CustomerId,
    id: LineId,
    msisdn: String,
    name: String,
    device: DeviceKind,
    family: Family,
    network: NetworkKind,
    bought: Vec<(&'static str, i64)>,
}

/// Makes brand, people, lines and their history up to now in an empty store.
pub(super) async fn seed(app: &App) -> Result<People, SeedError> {
    let now = app.clock.now();
    let ids = || app.clock.id();
    let people = People {
        linfang: CustomerId(ids()),
        linfang_watch: LineId(ids()),
        linfang_travel: LineId(ids()),
        shunda: CustomerId(ids()),
        wangqiang: CustomerId(ids()),
        wangqiang_router: LineId(ids()),
        hejing: ids(),
        operator: ids(),
        devices: Vec::new(),
    };
    let staff =
        vec![(people.hejing, "何静".to_owned(), Role::Agent), (people.operator, "周航".to_owned(), Role::Operator)];
    let long_ago = now.business.plus_us(-400 * DAY_US);
    let set_up = SetUp { brand: catalog::brand(), offerings: catalog::offerings(), staff, at: long_ago };
    app.store.transact(set_up).await?;
    for (id, kind, name, contact) in [
        (people.linfang, CustomerKind::Person, "林芳", "13800138001"),
        (people.shunda, CustomerKind::Organisation, "顺达冷链", "13900139000"),
        (people.wangqiang, CustomerKind::Person, "王强", "13700137002"),
    ] {
        let contact = Some(Msisdn::parse(contact).map_err(|_| SeedError::Identifier)?);
        let customer = Customer {
            id,
            kind,
            name: name.to_owned(),
            contact,
            language: "zh-CN".to_owned(),
            identity: Identity::Verified,
        };
        app.store.transact(AddCustomer { customer, currency: app.brand.currency, at: long_ago }).await?;
    }
    let lines = lines(app, &people, now.business);
    let mut people = people;
    people.devices = add_lines(app, &lines, now.business).await?;
    history(app, &lines, &people.devices).await?;
    // The plan of the first tracker ran for a month.
    let tracker = lines.iter().find(|line| line.family == Family::Iot);
    if let Some(tracker) = tracker {
        opinions::write(app, &people, tracker.id).await?;
    }
    goodwill::give(app, &people).await?;
    drafts::write(app, &people).await?;
    questions::ask(app, &people).await?;
    Ok(people)
}

/// What can go wrong while seeding.
#[derive(Debug, thiserror::Error)]
pub(super) enum SeedError {
    #[error(transparent)]
    Problem(#[from] Problem),
    #[error("a number of the demo is malformed")]
    Identifier,
    #[error("the clock cannot be read")]
    Clock,
}
impl From<Stop<Problem>> for SeedError {
    fn from(stop: Stop<Problem>) -> Self {
        SeedError::Problem(stop.into())
    }
}

fn lines(app: &App, people: &People, now: BusinessTime) -> Vec<LineSeed> {
    let id = || LineId(app.clock.id());
    let family_of = |customer, id, msisdn: &str, name: &str, device, family, bought: Vec<(&'static str, i64)>| {
        let network = NetworkKind::BuiltIn;
        LineSeed { customer, id, msisdn: msisdn.to_owned(), name: name.to_owned(), device, family, network, bought }
    };
    let mut lines = vec![
        family_of(
            people.linfang,
            id(),
            "13800138001",
            "我的手机",
            DeviceKind::Phone,
            Family::Phone,
            vec![("phone-39", 11 * DAY_US + 5 * HOUR_US)],
        ),
        family_of(
            people.linfang,
            people.linfang_watch,
            "17280001234",
            "朵朵的手表",
            DeviceKind::Watch,
            Family::Watch,
            vec![("watch-month", month_that_ends(app, now, -HOUR_US))],
        ),
        family_of(
            people.linfang,
            people.linfang_travel,
            "17280005678",
            "泰国旅行卡",
            DeviceKind::Phone,
            Family::Travel,
            vec![("thailand-10g-7d", 2 * DAY_US)],
        ),
        family_of(
            people.wangqiang,
            people.wangqiang_router,
            "17280009012",
            "门店路由器",
            DeviceKind::Router,
            Family::Router,
            vec![],
        ),
    ];
    for line in &mut lines {
        if [people.linfang_travel, people.wangqiang_router].contains(&line.id) {
            line.network = NetworkKind::Upstream;
        }
    }
    lines.extend((0..120u16).map(|n| tracker(app, now, id(), people.shunda, n)));
    lines
}

/// How long ago a monthly plan was bought that ends `in_us` from now (or up to an hour earlier).
fn month_that_ends(app: &App, now: BusinessTime, in_us: i64) -> i64 {
    use everline_core::time::Validity;
    let end = now.plus_us(in_us);
    let mut start = end.plus_us(-28 * DAY_US);
    while Validity::Months(1).end(start, None, &app.zone) > end {
        start = start.plus_us(-HOUR_US);
    }
    now.since_us(start)
}

/// Trackers of the fleet: 6 cut off, 37 whose plan ends this week, the rest later.
fn tracker(app: &App, now: BusinessTime, id: LineId, customer: CustomerId, n: u16) -> LineSeed {
    const LETTERS: [char; 6] = ['A', 'B', 'D', 'E', 'F', 'K'];
    let letter = LETTERS.into_iter().cycle().nth(usize::from(n)).unwrap_or('A');
    let plate = format!("沪{letter}·{:05}", 10_007 + u32::from(n) * 613);
    let number = i64::from(n);
    let ends_in = match n {
        0..6 => -(3 + number) * DAY_US,
        6..43 => (1 + number % 6) * DAY_US,
        _ => (9 + number % 18) * DAY_US,
    };
    let ends_in = ends_in + number % 7 * HOUR_US;
    LineSeed {
        customer,
        id,
        msisdn: format!("14400{:08}", 20_260_000 + u32::from(n)),
        name: plate,
        device: DeviceKind::Tracker,
        family: Family::Iot,
        network: NetworkKind::BuiltIn,
        bought: vec![("iot-30m-month", month_that_ends(app, now, ends_in))],
    }
}

/// Each line was sold some days before its first purchase: a line that nobody buys anything for does not stay silent for ever.
async fn add_lines(
    app: &App,
    lines: &[LineSeed],
    now: BusinessTime,
) -> Result<Vec<(Imsi, String, DeviceKind)>, SeedError> {
    let mut devices = Vec::new();
    let mut adding = Vec::new();
    for (n, seed) in lines.iter().enumerate() {
        let imsi = Imsi::parse(&format!("46011{n:010}")).map_err(|_| SeedError::Identifier)?;
        let iccid = Iccid::parse(&format!("898611260000{n:08}")).map_err(|_| SeedError::Identifier)?;
        if seed.network == NetworkKind::BuiltIn {
            devices.push((imsi.clone(), seed.name.clone(), seed.device));
        }
        let new = NewLine {
            id: seed.id,
            customer: seed.customer,
            msisdn: Msisdn::parse(&seed.msisdn).map_err(|_| SeedError::Identifier)?,
            name: seed.name.clone(),
            device: seed.device,
            family: seed.family,
            network: seed.network,
            guest_renewal: true,
            iccid,
            imsi,
            esim: seed.family == Family::Travel,
        };
        let first = seed.bought.iter().map(|(_, ago)| *ago).max().unwrap_or(0);
        let sold = now.plus_us(-first - 10 * DAY_US);
        adding.push(app.store.transact(new.begins(HandOver::Sale, &app.brand, &app.zone, sold)?));
    }
    try_join_all(adding).await?;
    Ok(devices)
}

/// The app so long ago, on a clock that stands there.
pub(super) fn past(app: &App, ago_us: i64) -> Result<App, SeedError> {
    let mut seed = [0; 8];
    if !app.clock.fill(&mut seed) {
        return Err(SeedError::Clock);
    }
    let at = app.clock.now().system.plus_us(-ago_us);
    let clock = Arc::new(Clock::manual(at, u64::from_be_bytes(seed)));
    Ok(App { clock, ports: quiet_ports(), ..app.clone() })
}

/// Makes the purchases of the past in the order of their times, on a clock that stands at each of them; and lets the first
/// device, a phone, use data every day since its own.
async fn history(app: &App, lines: &[LineSeed], devices: &[(Imsi, String, DeviceKind)]) -> Result<(), SeedError> {
    let now = app.clock.now().system;
    let mut purchases: Vec<(i64, &LineSeed, &str)> =
        lines.iter().flat_map(|line| line.bought.iter().map(move |(code, ago)| (*ago, line, *code))).collect();
    purchases.sort_by_key(|(ago, ..)| -ago);
    let Some(&(first, ..)) = purchases.first() else { return Ok(()) };
    let past = past(app, first)?;
    let clock = past.clock.clone();
    let phone = devices.first().zip(lines.first().and_then(|line| line.bought.first()));
    let mut phone =
        phone.map(|((imsi, ..), (_, ago))| Phone { imsi, used_at: now.plus_us(-*ago), session: None, reports: 0 });
    for same_time in purchases.chunk_by(|one, other| one.0 == other.0) {
        let at = now.us() - same_time.first().map_or(0, |(ago, ..)| *ago);
        if let Some(phone) = &mut phone {
            phone.uses(&past, SystemTime::from_us(at)).await?;
        }
        clock.pass_us(at - clock.now().system.us());
        timers::run_due(&past, clock.now()).await?;
        try_join_all(same_time.iter().map(|(_, line, code)| buy(&past, line, code))).await?;
    }
    if let Some(phone) = &mut phone {
        phone.uses(&past, now).await?;
        if let Some(session) = phone.session {
            device::detach(&past, session).await?;
        }
    }
    clock.pass_us(now.us() - clock.now().system.us());
    timers::run_due(&past, clock.now()).await?;
    while jobs::run_due(&past).await? > 0 {}
    while jobs::number_receipts(&past).await? > 0 {}
    Ok(())
}

/// A phone that uses some hundred megabytes a day.
struct Phone<'a> {
    imsi: &'a Imsi,
    used_at: SystemTime,
    session: Option<SessionId>,
    reports: u64,
}
impl Phone<'_> {
    /// Lets time pass until shortly before `until`, day by day, with what is used on each.
    async fn uses(&mut self, past: &App, until: SystemTime) -> Result<(), SeedError> {
        while self.used_at.plus_us(DAY_US) < until {
            self.used_at = self.used_at.plus_us(DAY_US);
            past.clock.pass_us(self.used_at.since_us(past.clock.now().system).max(0));
            let session = match self.session {
                Some(session) => session,
                None => device::attach(past, self.imsi.as_str(), "").await?.session,
            };
            self.session = Some(session);
            self.reports += 1;
            let octets = 180_000_000 + i64::try_from(self.reports * 7 % 5).unwrap_or(0) * 35_000_000;
            device::report(past, session, self.reports, octets).await?;
        }
        Ok(())
    }
}

async fn buy(app: &App, line: &LineSeed, code: &str) -> Result<(), SeedError> {
    let new = NewOrder {
        id: OrderId(app.clock.id()),
        customer: line.customer,
        line: line.id,
        offering: OfferingRef { code: code.to_owned(), version: 1 },
        terms_version: app.brand.terms_version.clone(),
        placed_by: PlacedBy::Owner,
        token: None,
        from: None,
    };
    let order = place_order(app, new).await?;
    let attempt = start_payment(app, line.customer, order.id, Method::AlipayQr, Payer::default()).await?;
    let trade_no = format!("{}{}", order.number, attempt.id.to_string().get(20..).unwrap_or_default());
    take_evidence(
        app,
        Evidence { provider: Provider::Alipay, out_trade_no: attempt.out_trade_no, trade_no, amount: attempt.amount },
        None,
    )
    .await?;
    Ok(())
}

/// Ports for the past: payments are taken by hand, networks do as told, nobody gets a message.
fn quiet_ports() -> Ports {
    Ports {
        payments: Payments::default().with(Provider::Alipay, Arc::new(Quiet)),
        built_in: Arc::new(Quiet),
        upstream: Arc::new(Quiet),
        messengers: Messengers::default().with(Channel::Sms, Arc::new(Quiet)),
        identity: None,
        watch: Arc::default(),
    }
}

struct Quiet;
#[async_trait]
impl PaymentProvider for Quiet {
    fn takes(&self, _: Method) -> bool {
        true
    }
    async fn start(&self, _: &PaymentRequest) -> Started {
        Started::Pay(Payable::at(String::new()))
    }
    async fn query(&self, _: &PaymentRef) -> PaymentStatus {
        PaymentStatus::Unknown
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
    fn read_notice(&self, _: &RawNotice<'_>) -> Result<PaymentNotice, NoticeRefusal> {
        Err(NoticeRefusal::Unreadable)
    }
}
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
