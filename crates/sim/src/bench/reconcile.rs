//! How long the reconciliation of a large day takes, beside reading and parsing the same bill alone.
//!
//! The store holds that many customers with a paid attempt each. The bill is Alipay's own format and has a line for each, but
//! for one in a hundred that is spoilt: missing, of another amount, under another number of the provider's, twice, or of a
//! payment that nobody made. Every one of these must be in the queue, under its name, and nothing else.
//!
//! Without fees a line that agrees moves nothing: that is parsing, keeping and comparing. With fees each of them is a posting
//! in the books of another customer, in a transaction of its own.

use super::load::Spent;
use super::report::ReconcileFigure;
use crate::Failure;
use crate::ground::{Ground, Wanted};
use crate::quick;
use crate::random::Random;
use crate::stopwatch::Stopwatch;
use crate::world::{self, Place, app_at, set_up};
use async_trait::async_trait;
use everline_app::clock::Clock;
use everline_app::ports::{
    BillAnswer, ClosedAnswer, DayOfBill, NoticeRefusal, PaymentNotice, PaymentProvider, PaymentRef, PaymentRequest,
    PaymentStatus, Payments, RawNotice, RefundRequest, RefundStatus, Started,
};
use everline_app::reconciliation::{Reconciled, reconcile as run};
use everline_app::{App, Problem};
use everline_core::ids::{AttemptId, CustomerId, ItemId};
use everline_core::payment::{Attempt, Method, Provider};
use everline_core::reconciliation::{BillDay, Item, ItemKind, zone_of};
use everline_core::time::{DAY_US, SECOND_US, SystemTime};
use everline_providers::alipay::lines_of;
use everline_store::tables::{payment, reconciliation as table};
use everline_store::{SqliteOptions, Stop, Tx, Work};
use everline_testing::Fsync;
use std::collections::BTreeSet;
use std::sync::Arc;
use wire_pay::SignedFen;
use wire_pay::alipay::{BillHead, TradeBill, TradeBillKind, TradeBillRow};

/// One line in so many is spoilt.
const SPOILT_EACH: usize = 100;
/// 2026-03-10 12:00 in UTC+8.
const NOON: SystemTime = SystemTime::from_us(1_773_115_200_000_000);

/// What to measure.
#[derive(Debug, Clone)]
pub struct Options {
    /// On which store.
    pub wanted: Wanted,
    /// Lines of the bill.
    pub lines: u64,
    /// Whether every line has a fee.
    pub fees: bool,
    /// Whether the whole store is verified at the end.
    pub verify: bool,
}

/// Measures, telling people how far it is; the figure comes back.
///
/// # Errors
/// Whatever keeps it from measuring; [`Failure::Broken`] if a spoilt line is not in the queue, or anything else is.
pub async fn reconcile(options: &Options) -> Result<ReconcileFigure, Failure> {
    let ground = Ground::new(&options.wanted, Fsync::On).await?;
    let provider = world::Provider::new()?;
    let clock = Arc::new(Clock::manual(NOON, 1));
    let store = match &ground.place {
        place @ Place::Sqlite(_) => place.open_with(SqliteOptions::default()).await?,
        place @ Place::Postgres(_) => place.open().await?,
    };
    let mut app = app_at(store, provider.trust(), clock)?;
    set_up(&app).await?;
    quick::make_lines(&app, options.lines).await?;
    let attempts = paid(&app).await?;
    println!("{} paid attempts", attempts.len());
    let (bill, expected) = spoilt_bill(&attempts, options.fees)?;
    println!("a bill of {} bytes, {} lines of it spoilt", bill.len(), expected.len());
    let parse = Stopwatch::start();
    let parsed = parse_bill(&bill)?;
    let parse_us = parse.us();
    app.ports.payments = Payments::default().with(Provider::Alipay, Arc::new(Bills(bill)));
    let day = BillDay::of(NOON, &zone_of(Provider::Alipay, &app.zone));
    app.clock.pass_us(DAY_US);
    let (before, watch) = (Spent::now()?, Stopwatch::start());
    let outcome = run(&app, Provider::Alipay, day).await?;
    let (us, spent) = (watch.us(), Spent::now()?.since(before));
    let Reconciled::Done(summary) = outcome else { return Err(Failure::Broken(format!("{outcome:?}"))) };
    println!("{summary:?}; {} ms of processor time", spent.cpu_us / 1_000);
    let flagged = queue(&app).await?;
    let (lost, stray): (Vec<_>, Vec<_>) =
        (expected.difference(&flagged).take(5).collect(), flagged.difference(&expected).take(5).collect());
    if !lost.is_empty() || !stray.is_empty() {
        return Err(Failure::Broken(format!("not in the queue: {lost:?}; in the queue for nothing: {stray:?}")));
    }
    if options.verify {
        let report = everline_app::verify::verify(&app.store, &app.brand, &app.zone, app.clock.now()).await?;
        if !report.clean() {
            return Err(Failure::Broken(format!("verify: {report}")));
        }
    }
    app.store.close().await;
    let store = options.wanted.store.word();
    Ok(ReconcileFigure::new(store, parsed, flagged.len(), options.fees, us, parse_us))
}

fn parse_bill(bill: &[u8]) -> Result<usize, Failure> {
    let bill = TradeBill::read_zip(bill).map_err(|error| Failure::unusable("the bill", &error))?;
    Ok(lines_of(&bill).len())
}

/// The bill and, by kind and by our number, what must be in the queue.
type Flagged = BTreeSet<(ItemKind, String)>;

fn spoilt_bill(attempts: &[Attempt], fees: bool) -> Result<(Vec<u8>, Flagged), Failure> {
    let mut order: Vec<usize> = (0..attempts.len()).collect();
    Random::new(7).shuffle(&mut order);
    let spoilt: Vec<usize> = order.into_iter().take(attempts.len() / SPOILT_EACH).collect();
    let mut kinds = vec![None; attempts.len()];
    for (n, at) in spoilt.iter().enumerate() {
        if let Some(kind) = kinds.get_mut(*at) {
            *kind = Some(n % 5);
        }
    }
    let (mut rows, mut expected) = (Vec::with_capacity(attempts.len()), Flagged::new());
    for (attempt, spoilt) in attempts.iter().zip(kinds) {
        let mut row = row_of(attempt, fees)?;
        let number = attempt.out_trade_no.clone();
        let kind = match spoilt {
            None => None,
            Some(0) => {
                expected.insert((ItemKind::OursOnly, number));
                continue;
            }
            Some(1) => {
                let stranger = TradeBillRow {
                    trade_no: format!("{}9", row.trade_no),
                    out_trade_no: format!("NOBODY{}", &row.out_trade_no.get(12..).unwrap_or_default()),
                    ..row.clone()
                };
                expected.insert((ItemKind::TheirsOnly, stranger.out_trade_no.clone()));
                rows.push(stranger);
                None
            }
            Some(2) => {
                let other = SignedFen::new(row.received.get() + 1).unwrap_or_default();
                (row.received, row.order_amount) = (other, other);
                Some(ItemKind::AmountDiffers)
            }
            Some(3) => {
                row.trade_no.push('X');
                Some(ItemKind::NumberDiffers)
            }
            Some(_) => {
                rows.push(row.clone());
                Some(ItemKind::Doubled)
            }
        };
        expected.extend(kind.map(|kind| (kind, number)));
        rows.push(row);
    }
    let (begin_unix_s, day_s) = (NOON.us() / SECOND_US - 12 * 3_600, DAY_US / SECOND_US);
    let account = "20880000000000010156".to_owned();
    let bill = TradeBill { head: BillHead { account, begin_unix_s, end_unix_s: begin_unix_s + day_s }, rows };
    let file = bill.to_zip(begin_unix_s + day_s).map_err(|error| Failure::unusable("the bill", &error))?;
    Ok((file, expected))
}

fn row_of(attempt: &Attempt, fees: bool) -> Result<TradeBillRow, Failure> {
    let none = || Failure::Unusable("an attempt that is not paid".to_owned());
    let at = attempt.paid_at.ok_or_else(none)?.us() / SECOND_US;
    let fen = SignedFen::new(attempt.received / 10_000).ok_or_else(none)?;
    Ok(TradeBillRow {
        trade_no: attempt.trade_no.clone().ok_or_else(none)?,
        out_trade_no: attempt.out_trade_no.clone(),
        kind: TradeBillKind::Trade,
        subject: "流量包".to_owned(),
        created_unix_s: at,
        completed_unix_s: at,
        order_amount: fen,
        received: fen,
        out_request_no: None,
        fee: SignedFen::new(if fees { -(fen.get() * 6 / 1_000) } else { 0 }).ok_or_else(none)?,
    })
}

async fn paid(app: &App) -> Result<Vec<Attempt>, Failure> {
    let zero = [0; 16];
    let (mut all, mut after) = (Vec::new(), (CustomerId::from(zero), AttemptId::from(zero)));
    loop {
        let page = app.store.read(Attempts(after)).await?;
        let Some(last) = page.last() else { return Ok(all) };
        after = (last.customer, last.id);
        all.extend(page);
    }
}

async fn queue(app: &App) -> Result<Flagged, Failure> {
    let (mut all, mut after) = (Flagged::new(), ItemId::from([0; 16]));
    loop {
        let page = app.store.read(Items(after)).await?;
        let Some(last) = page.last() else { return Ok(all) };
        after = last.id;
        all.extend(page.into_iter().map(|item| (item.kind, item.out_trade_no.unwrap_or_default())));
    }
}

struct Attempts((CustomerId, AttemptId));
impl Work for Attempts {
    const NAME: &'static str = "sim_attempts";
    type Out = Vec<Attempt>;
    type Refusal = Problem;
    async fn run(&self, tx: &mut Tx) -> Result<Self::Out, Stop<Problem>> {
        Ok(payment::page(tx, self.0, 2_000).await?)
    }
}

struct Items(ItemId);
impl Work for Items {
    const NAME: &'static str = "sim_items";
    type Out = Vec<Item>;
    type Refusal = Problem;
    async fn run(&self, tx: &mut Tx) -> Result<Self::Out, Stop<Problem>> {
        Ok(table::item_page(tx, self.0, 2_000).await?)
    }
}

/// A provider that has one bill, and nothing else.
struct Bills(Vec<u8>);

#[async_trait]
impl PaymentProvider for Bills {
    fn takes(&self, _: Method) -> bool {
        false
    }
    async fn start(&self, _: &PaymentRequest) -> Started {
        Started::Unknown
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
        TradeBill::read_zip(&self.0).map_or(BillAnswer::Unknown, |bill| BillAnswer::Bill(lines_of(&bill)))
    }
    fn read_notice(&self, _: &RawNotice<'_>) -> Result<PaymentNotice, NoticeRefusal> {
        Err(NoticeRefusal::Unreadable)
    }
}
