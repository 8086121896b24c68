//! What a store holds of its renewals: of one, by the keys its rows must have; of all, by reading every row and counting,
//! so that a row too many is seen too.

use super::protocol::Seen;
use everline_app::Problem;
use everline_core::charging::Allowance;
use everline_core::effects::Receipt;
use everline_core::ids::{AttemptId, CustomerId, LineId, OrderId, RawId, ReceiptId, TransferId};
use everline_core::ledger::{Cause, Posting, Template};
use everline_core::order::Order;
use everline_core::payment::{Attempt, AttemptState};
use everline_store::tables::{allowance, directory, ledger, order, payment, receipt};
use everline_store::{Error, Stop, Tx, Work};
use std::collections::HashMap;

/// Buckets of every offering of the simulated brand.
const BUCKETS: usize = 3;

fn is_paid(attempt: &Attempt) -> bool {
    attempt.state == AttemptState::Paid && attempt.received == attempt.amount.micros()
}

fn is_delivered(order: &Order) -> bool {
    order.paid_at.is_some() && order.delivered_at.is_some()
}

/// The orders that have a period with all its buckets.
fn periods(allowance: &Allowance) -> impl Iterator<Item = OrderId> {
    allowance.periods.iter().filter(|period| period.buckets.len() == BUCKETS).map(|period| period.order)
}

fn number(length: usize) -> u32 {
    u32::try_from(length).unwrap_or(u32::MAX)
}

/// Reads the rows of the payment that has this number at its provider.
pub(crate) struct Look {
    pub(crate) out_trade_no: String,
}

impl Work for Look {
    const NAME: &'static str = "sim_look";
    type Out = Seen;
    type Refusal = Problem;
    async fn run(&self, tx: &mut Tx) -> Result<Seen, Stop<Problem>> {
        let found = directory::find(tx, directory::Name::OutTradeNo, &self.out_trade_no).await?;
        let Some((customer, attempt)) = found else { return Ok(Seen::NOTHING) };
        let Some(attempt) = payment::get(tx, customer, AttemptId(attempt)).await? else { return Ok(Seen::NOTHING) };
        let Some(order) = order::get(tx, customer, attempt.order).await? else { return Ok(Seen::NOTHING) };
        let allowance = allowance::get(tx, customer, order.line).await?;
        let posting = |template, cause| Posting::new(template, cause, order.id, order.price.micros(), order.placed_at);
        let paid = posting(Template::Paid, Cause::Attempt(attempt.id));
        let delivered = posting(Template::Delivered, Cause::Order(order.id));
        let receipt = Receipt::of(&order, order.placed_at).id;
        Ok(Seen {
            paid: u32::from(is_paid(&attempt)),
            delivered: u32::from(is_delivered(&order)),
            paid_postings: number(ledger::of_postings(tx, customer, &[paid]).await?.len()),
            delivered_postings: number(ledger::of_postings(tx, customer, &[delivered]).await?.len()),
            periods: number(periods(&allowance).filter(|id| *id == order.id).count()),
            receipts: u32::from(receipt::get(tx, customer, receipt).await?.is_some()),
        })
    }
}

/// Reads every row and counts what belongs to each order.
pub(crate) struct LookAtAll;

/// Rows read at once.
const PAGE: i64 = 2_000;
const FIRST: RawId = RawId::from_bytes([0; 16]);

type Counts = HashMap<OrderId, Seen>;

impl Work for LookAtAll {
    const NAME: &'static str = "sim_look_at_all";
    type Out = Counts;
    type Refusal = Problem;
    async fn run(&self, tx: &mut Tx) -> Result<Counts, Stop<Problem>> {
        let mut all = Counts::new();
        orders(tx, &mut all).await?;
        attempts(tx, &mut all).await?;
        transfers(tx, &mut all).await?;
        allowances(tx, &mut all).await?;
        receipts(tx, &mut all).await?;
        Ok(all)
    }
}

async fn orders(tx: &mut Tx, all: &mut Counts) -> Result<(), Error> {
    let mut after = (CustomerId(FIRST), OrderId(FIRST));
    loop {
        let page = order::page(tx, after, PAGE).await?;
        for order in &page {
            all.entry(order.id).or_default().delivered += u32::from(is_delivered(order));
        }
        let Some(last) = page.last() else { return Ok(()) };
        after = (last.customer, last.id);
    }
}

async fn attempts(tx: &mut Tx, all: &mut Counts) -> Result<(), Error> {
    let mut after = (CustomerId(FIRST), AttemptId(FIRST));
    loop {
        let page = payment::page(tx, after, PAGE).await?;
        for attempt in &page {
            all.entry(attempt.order).or_default().paid += u32::from(is_paid(attempt));
        }
        let Some(last) = page.last() else { return Ok(()) };
        after = (last.customer, last.id);
    }
}

async fn transfers(tx: &mut Tx, all: &mut Counts) -> Result<(), Error> {
    let mut after = (TransferId(FIRST), CustomerId(FIRST));
    loop {
        let page = ledger::page(tx, after, PAGE).await?;
        for transfer in &page {
            let Some(order) = transfer.order else { continue };
            let counts = all.entry(order).or_default();
            counts.paid_postings += u32::from(transfer.template == Template::Paid.word());
            counts.delivered_postings += u32::from(transfer.template == Template::Delivered.word());
        }
        let Some(last) = page.last() else { return Ok(()) };
        after = (last.id, last.customer);
    }
}

async fn allowances(tx: &mut Tx, all: &mut Counts) -> Result<(), Error> {
    let mut after = (CustomerId(FIRST), LineId(FIRST));
    loop {
        let page = allowance::page(tx, after, PAGE).await?;
        for (_, _, body) in &page {
            // A body that cannot be read has no periods: the orders that miss theirs say so.
            let allowance = Allowance::from_body(body).unwrap_or_default();
            periods(&allowance).for_each(|order| all.entry(order).or_default().periods += 1);
        }
        let Some(last) = page.last() else { return Ok(()) };
        after = (last.0, last.1);
    }
}

async fn receipts(tx: &mut Tx, all: &mut Counts) -> Result<(), Error> {
    let mut after = (ReceiptId(FIRST), CustomerId(FIRST));
    loop {
        let page = receipt::page(tx, after, PAGE).await?;
        for (_, _, order, _) in &page {
            all.entry(*order).or_default().receipts += 1;
        }
        let Some(last) = page.last() else { return Ok(()) };
        after = (last.0, last.1);
    }
}
