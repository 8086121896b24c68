//! What our books have and no bill has. It is missing only once every bill that could hold it is there: the provider's clock
//! and ours differ, and what was paid near midnight stands in the bill of the day before or after.

use super::settle::Enqueue;
use crate::{App, Problem};
use everline_core::ids::{AttemptId, CustomerId, RawId, RefundId};
use everline_core::payment::Provider;
use everline_core::reconciliation::{BillDay, Item, ItemKind, ItemState, LineKind, margin_us, zone_of};
use everline_core::time::{SystemTime, Zone};
use everline_store::tables::reconciliation::{self as table, WithoutLine};
use everline_store::{Stop, Tx, Work};
use std::collections::BTreeSet;

/// Rows read at a time.
const PAGE: i64 = 1_000;

/// Whether our books have any payment of this time that no bill has.
pub(super) async fn any(app: &App, provider: Provider, between: (SystemTime, SystemTime)) -> Result<bool, Problem> {
    let mut after = first();
    loop {
        let page = app.store.read(Attempts { provider, after: (after.0, AttemptId(after.1)), between }).await?;
        let Some(last) = page.last() else { return Ok(false) };
        after = (last.customer, last.id.0);
        if page.iter().any(|row| row.provider == Some(provider)) {
            return Ok(true);
        }
    }
}

/// Puts into the queue what the bill of this day was the last that could have held.
pub(super) async fn find(
    app: &App,
    (provider, _): (Provider, BillDay),
    (from, until): (SystemTime, SystemTime),
) -> Result<(), Problem> {
    let zone = zone_of(provider, &app.zone);
    let days = app.store.read(Days(provider)).await?;
    let between = (from.plus_us(-margin_us()), until.plus_us(margin_us()));
    let look = Look { app, provider, zone: &zone, days: &days };
    let mut after = first();
    loop {
        let page = app.store.read(Attempts { provider, after: (after.0, AttemptId(after.1)), between }).await?;
        let Some(last) = page.last() else { break };
        after = (last.customer, last.id.0);
        look.queue(page, LineKind::Payment, ItemKind::of_attempt).await?;
    }
    let mut after = first();
    loop {
        let page = app.store.read(Refunds { provider, after: (after.0, RefundId(after.1)), between }).await?;
        let Some(last) = page.last() else { return Ok(()) };
        after = (last.customer, last.id.0);
        look.queue(page, LineKind::Refund, ItemKind::of_refund).await?;
    }
}

const fn first() -> (CustomerId, RawId) {
    let zero = RawId::from_bytes([0; 16]);
    (CustomerId(zero), zero)
}

/// Whether every bill that could hold it is there.
pub(crate) fn is_missing<Id>(row: &WithoutLine<Id>, zone: &Zone, days: &BTreeSet<BillDay>) -> bool {
    BillDay::span(row.from.min(row.until), row.until, zone).iter().all(|day| days.contains(day))
}

struct Look<'a> {
    app: &'a App,
    provider: Provider,
    zone: &'a Zone,
    days: &'a BTreeSet<BillDay>,
}
impl Look<'_> {
    async fn queue<Id: Copy>(
        &self,
        page: Vec<WithoutLine<Id>>,
        about: LineKind,
        id: impl Fn(Id) -> everline_core::ids::ItemId,
    ) -> Result<(), Problem> {
        let missing =
            page.into_iter().filter(|row| row.provider == Some(self.provider) && is_missing(row, self.zone, self.days));
        let now = self.app.clock.now().system;
        let items: Vec<Item> = missing
            .map(|row| {
                let (request_no, number) =
                    if about == LineKind::Refund { (row.number, None) } else { (None, row.number) };
                Item {
                    id: id(row.id),
                    provider: self.provider,
                    day: BillDay::of(row.until, self.zone),
                    kind: ItemKind::OursOnly,
                    about,
                    out_trade_no: Some(row.out_trade_no),
                    request_no,
                    number,
                    ours: Some(row.amount.micros()),
                    theirs: None,
                    currency: row.amount.currency(),
                    opened_at: now,
                    state: ItemState::Open,
                }
            })
            .collect();
        if !items.is_empty() {
            self.app.store.transact(Enqueue { items }).await?;
        }
        Ok(())
    }
}

struct Days(Provider);
impl Work for Days {
    const NAME: &'static str = "days_of_bills";
    type Out = BTreeSet<BillDay>;
    type Refusal = Problem;
    async fn run(&self, tx: &mut Tx) -> Result<Self::Out, Stop<Problem>> {
        Ok(table::days(tx, self.0).await?.into_iter().collect())
    }
}

struct Attempts {
    provider: Provider,
    after: (CustomerId, AttemptId),
    between: (SystemTime, SystemTime),
}
impl Work for Attempts {
    const NAME: &'static str = "attempts_without_line";
    type Out = Vec<WithoutLine<AttemptId>>;
    type Refusal = Problem;
    async fn run(&self, tx: &mut Tx) -> Result<Self::Out, Stop<Problem>> {
        Ok(table::attempts_without_line(tx, self.provider, self.after, self.between, PAGE).await?)
    }
}

struct Refunds {
    provider: Provider,
    after: (CustomerId, RefundId),
    between: (SystemTime, SystemTime),
}
impl Work for Refunds {
    const NAME: &'static str = "refunds_without_line";
    type Out = Vec<WithoutLine<RefundId>>;
    type Refusal = Problem;
    async fn run(&self, tx: &mut Tx) -> Result<Self::Out, Stop<Problem>> {
        Ok(table::refunds_without_line(tx, self.provider, self.after, self.between, PAGE).await?)
    }
}
