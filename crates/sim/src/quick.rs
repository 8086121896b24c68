//! Customers, lines and waiting orders by the hundred in one transaction, for stores that must hold very many of them
//! soon. Customers, lines and payments are the use cases' own Works; orders and attempts are written here, the rows that
//! `place_order` and `start_payment` write: a test compares both ways row by row.

use crate::Failure;
use crate::lines::{Awaiting, customer, line};
use crate::world::{PACK, PLAN, reference};
use everline_app::add_line::AddCustomer;
use everline_app::payment_confirmed::PaymentConfirmed;
use everline_app::place_order::order_numbers;
use everline_app::{App, Problem};
use everline_core::effects::Job;
use everline_core::ids::{AttemptId, CustomerId, LineId, OrderId, RawId};
use everline_core::lifecycle::HandOver;
use everline_core::order::{Order, OrderState, PlacedBy};
use everline_core::payment::{Attempt, AttemptState, Evidence, Method, Provider, next_query};
use everline_core::quote::{Taker, quote};
use everline_core::time::{MINUTE_US, Now, Zone};
use everline_store::tables::{allowance, catalog, directory, job, order, payment, timer};
use everline_store::{Stop, Tx, Work};
use futures_util::stream::{StreamExt as _, TryStreamExt as _, iter};
use std::sync::Arc;

/// Lines or orders in one transaction.
const BATCH: usize = 250;
/// Transactions at once.
const AT_ONCE: usize = 4;

/// Makes `count` lines numbered from 0, each with a customer of its own and a plan that was paid and runs.
pub async fn make_lines(app: &App, count: u64) -> Result<Vec<(CustomerId, LineId)>, Failure> {
    let mut batches = Vec::new();
    let numbers: Vec<u64> = (0..count).collect();
    for chunk in numbers.chunks(BATCH) {
        let mut new = Vec::new();
        for n in chunk {
            let (owner, id) = (CustomerId(app.clock.id()), LineId(app.clock.id()));
            new.push(NewLine { n: *n, customer: owner, line: id, first: NewOrder::of(app, owner, id, PLAN) });
        }
        batches.push(Lines { app: Context::of(app), new: Arc::new(new) });
    }
    let made = batches.into_iter().map(|batch| async {
        let lines: Vec<_> = batch.new.iter().map(|line| (line.customer, line.line)).collect();
        app.store.transact(batch).await?;
        Ok::<_, Failure>(lines)
    });
    let made: Vec<Vec<_>> = iter(made).buffered(AT_ONCE).try_collect().await?;
    Ok(made.concat())
}

/// Makes one waiting order of the pack for each line.
pub async fn make_orders(app: &App, lines: &[(CustomerId, LineId)]) -> Result<Vec<Awaiting>, Failure> {
    let batch = |chunk: &[(CustomerId, LineId)]| {
        let new = chunk.iter().map(|(customer, line)| NewOrder::of(app, *customer, *line, PACK)).collect();
        app.store.transact(Orders { app: Context::of(app), new })
    };
    let batches: Vec<_> = lines.chunks(BATCH).map(batch).collect();
    let made: Vec<Vec<_>> = iter(batches).buffered(AT_ONCE).try_collect().await?;
    Ok(made.concat())
}

/// Buys the pack for each line, and has it paid: a renewal in effect.
pub async fn renew(app: &App, lines: &[(CustomerId, LineId)]) -> Result<(), Failure> {
    let batch = |chunk: &[(CustomerId, LineId)]| {
        let new = chunk.iter().map(|(customer, line)| NewOrder::of(app, *customer, *line, PACK)).collect();
        app.store.transact(Renewals { app: Context::of(app), new })
    };
    let batches: Vec<_> = lines.chunks(BATCH).map(batch).collect();
    let () = iter(batches).buffered(AT_ONCE).try_collect().await?;
    Ok(())
}

/// What the Works need of the platform.
#[derive(Clone)]
struct Context {
    brand: Arc<everline_core::brand::Brand>,
    zone: Zone,
    now: Now,
}

impl Context {
    fn of(app: &App) -> Self {
        Self { brand: app.brand.clone(), zone: app.zone.clone(), now: app.clock.now() }
    }

    /// An order is paid, as a notice would say.
    async fn pay(&self, tx: &mut Tx, order: Awaiting) -> Result<(), Stop<Problem>> {
        let trade_no = trade_no(&order.out_trade_no);
        let evidence =
            Evidence { provider: Provider::Alipay, out_trade_no: order.out_trade_no, trade_no, amount: order.amount };
        let (brand, zone) = (self.brand.clone(), self.zone.clone());
        PaymentConfirmed { evidence, notice: None, brand, zone, now: self.now }.run(tx).await?;
        Ok(())
    }
}

/// An order to be written with its attempt; the ids are chosen in the order in which the use cases choose them.
struct NewOrder {
    customer: CustomerId,
    line: LineId,
    order: OrderId,
    attempt: AttemptId,
    code: &'static str,
}

impl NewOrder {
    fn of(app: &App, customer: CustomerId, line: LineId, code: &'static str) -> Self {
        let (order, attempt) = (OrderId(app.clock.id()), AttemptId(app.clock.id()));
        Self { customer, line, order, attempt, code }
    }

    async fn write(&self, tx: &mut Tx, app: &Context, number: String) -> Result<Awaiting, Stop<Problem>> {
        let now = app.now;
        let line = everline_store::tables::line::lock(tx, self.customer, self.line).await?;
        let offering = catalog::offering(tx, &reference(self.code)).await?;
        let allowance = allowance::get(tx, self.customer, self.line).await?;
        let quoted = quote(&Taker::new(&line, &allowance), &offering, &app.brand, &app.zone, now.business);
        let quoted = quoted.map_err(|reason| Stop::Refused(Problem::NotSellable(reason)))?;
        let order = Order {
            id: self.order,
            customer: self.customer,
            line: self.line,
            number,
            offering: quoted.offering,
            price: quoted.price,
            funds: 0,
            state: OrderState::AwaitingPayment,
            placed_by: PlacedBy::Owner,
            terms_version: quoted.terms_version,
            placed_at: now.business,
            expires_at: now.business.plus_us(i64::from(app.brand.order_minutes) * MINUTE_US),
            paid_at: None,
            delivered_at: None,
            in_effect_at: None,
            closed_at: None,
            starts_at: quoted.placement.bounds().0,
            ends_at: quoted.placement.bounds().1,
        };
        order::add(tx, &order);
        directory::add(tx, directory::Name::OrderNumber, &order.number, order.customer, order.id.0);
        timer::set(tx, order.id.0, order.customer, timer::TimerKind::Order, order.expires_at);
        Ok(self.start(tx, &order, now)?)
    }

    fn start(&self, tx: &mut Tx, order: &Order, now: Now) -> Result<Awaiting, everline_store::Error> {
        let out_trade_no = self.attempt.to_string();
        let tail = out_trade_no.get(12..).unwrap_or_default();
        let attempt = Attempt {
            id: self.attempt,
            customer: order.customer,
            order: order.id,
            method: Method::AlipayQr,
            out_trade_no: out_trade_no.clone(),
            amount: order.price,
            state: AttemptState::Pending,
            reference: None,
            pay_url: Some(format!("https://qr.alipay.com/bax{tail}")),
            pay_url_until: None,
            trade_no: None,
            received: 0,
            settlement: None,
            created_at: now.system,
            expires_at: now.system.plus_us(order.expires_at.since_us(now.business)),
            paid_at: None,
        };
        payment::add(tx, &attempt);
        directory::add(tx, directory::Name::OutTradeNo, &out_trade_no, order.customer, attempt.id.0);
        let question = Job::QueryPayment { customer: order.customer, attempt: attempt.id };
        if let Some(first) = next_query(&attempt, 0, now.system) {
            job::add(tx, order.customer, &question, now.system, first)?;
        }
        Ok(Awaiting { customer: order.customer, line: order.line, order: order.id, out_trade_no, amount: order.price })
    }
}

/// The provider's number of a first payment.
#[must_use]
pub fn trade_no(out_trade_no: &str) -> String {
    format!("20261122{}", out_trade_no.get(12..).unwrap_or_default())
}

struct NewLine {
    n: u64,
    customer: CustomerId,
    line: LineId,
    first: NewOrder,
}

/// Customers with a line each, and its first plan, paid.
struct Lines {
    app: Context,
    new: Arc<Vec<NewLine>>,
}

impl Work for Lines {
    const NAME: &'static str = "sim_lines";
    type Out = ();
    type Refusal = Problem;
    async fn run(&self, tx: &mut Tx) -> Result<(), Stop<Problem>> {
        let Context { brand, zone, now } = &self.app;
        let malformed = |_| Stop::Refused(Problem::Internal("a malformed number".to_owned()));
        let orders: Vec<OrderId> = self.new.iter().map(|new| new.first.order).collect();
        let numbers = order_numbers(tx, &orders, zone).await?;
        for (new, number) in self.new.iter().zip(numbers) {
            let (currency, at) = (brand.currency, now.business);
            let customer = customer(new.customer, new.n).map_err(malformed)?;
            AddCustomer { customer, currency, at }.run(tx).await?;
            let sold = line(new.customer, new.line, new.n).map_err(malformed)?;
            sold.begins(HandOver::Sale, brand, zone, at).map_err(Stop::Refused)?.run(tx).await?;
            let order = new.first.write(tx, &self.app, number).await?;
            self.app.pay(tx, order).await?;
        }
        Ok(())
    }
}

/// Waiting orders of many lines.
struct Orders {
    app: Context,
    new: Vec<NewOrder>,
}

impl Work for Orders {
    const NAME: &'static str = "sim_orders";
    type Out = Vec<Awaiting>;
    type Refusal = Problem;
    async fn run(&self, tx: &mut Tx) -> Result<Self::Out, Stop<Problem>> {
        let mut made = Vec::with_capacity(self.new.len());
        let orders: Vec<OrderId> = self.new.iter().map(|new| new.order).collect();
        let numbers = order_numbers(tx, &orders, &self.app.zone).await?;
        for (new, number) in self.new.iter().zip(numbers) {
            made.push(new.write(tx, &self.app, number).await?);
        }
        Ok(made)
    }
}

/// Orders of many lines, each paid at once.
struct Renewals {
    app: Context,
    new: Vec<NewOrder>,
}

impl Work for Renewals {
    const NAME: &'static str = "sim_renewals";
    type Out = ();
    type Refusal = Problem;
    async fn run(&self, tx: &mut Tx) -> Result<(), Stop<Problem>> {
        let orders: Vec<OrderId> = self.new.iter().map(|new| new.order).collect();
        let numbers = order_numbers(tx, &orders, &self.app.zone).await?;
        for (new, number) in self.new.iter().zip(numbers) {
            let order = new.write(tx, &self.app, number).await?;
            self.app.pay(tx, order).await?;
        }
        Ok(())
    }
}

/// How many orders are in effect.
pub(crate) struct InEffect;

impl Work for InEffect {
    const NAME: &'static str = "sim_in_effect";
    type Out = u64;
    type Refusal = Problem;
    async fn run(&self, tx: &mut Tx) -> Result<u64, Stop<Problem>> {
        let (first, mut count) = (RawId::from_bytes([0; 16]), 0);
        let mut after = (CustomerId(first), OrderId(first));
        loop {
            let page = order::page(tx, after, 2_000).await?;
            let in_effect = page.iter().filter(|order| order.state == OrderState::InEffect).count();
            count += u64::try_from(in_effect).unwrap_or(u64::MAX);
            let Some(last) = page.last() else { return Ok(count) };
            after = (last.customer, last.id);
        }
    }
}
