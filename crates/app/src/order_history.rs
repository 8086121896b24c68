//! Orders with how they were paid and what came back, newest first, page by page: of all lines or of one, of one kind, of a
//! month.

use crate::{App, Problem};
use everline_core::ids::{CustomerId, LineId, OrderId};
use everline_core::line::Line;
use everline_core::offering::{Offering, OfferingKind, OfferingRef};
use everline_core::order::Order;
use everline_core::payment::Attempt;
use everline_core::refund::Refund;
use everline_core::time::BusinessTime;
use everline_store::tables::{catalog, history, line, payment};
use everline_store::{Stop, Tx, Work};
use std::collections::{BTreeMap, BTreeSet};

/// Orders on a page.
pub const PAGE: usize = 20;
/// Orders that are read at a time, and most for one page: where few match, the next page goes on behind them.
const READ: i64 = 100;
const READ_MAX: usize = 500;

/// Which orders to look at.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Wanted {
    /// Of this line.
    pub line: Option<LineId>,
    /// Of this kind.
    pub kind: Option<OfferingKind>,
    /// Placed from the first of these instants on, and before the second.
    pub placed: Option<(BusinessTime, BusinessTime)>,
    /// Behind this one.
    pub before: Option<Key>,
}

/// The place of an order in the list.
pub type Key = (BusinessTime, OrderId);

/// An order with how it was paid.
#[derive(Debug, Clone, PartialEq)]
pub struct Ordered {
    /// The order.
    pub order: Order,
    /// What was ordered.
    pub offering: Offering,
    /// How it was paid, or tried to; oldest first.
    pub attempts: Vec<Attempt>,
    /// What went back, or is on its way.
    pub refunds: Vec<Refund>,
}

/// One order.
#[derive(Debug, Clone, PartialEq)]
pub struct Entry {
    /// The order, with how it was paid.
    pub ordered: Ordered,
    /// For which line.
    pub line: Line,
}

/// A page of orders.
#[derive(Debug, Clone, PartialEq)]
pub struct History {
    /// Newest first.
    pub entries: Vec<Entry>,
    /// Where the next page begins, if there may be one.
    pub next: Option<Key>,
}

/// A page of a customer's orders.
///
/// # Errors
/// [`Problem::NotFound`] if the line is not the customer's.
pub async fn history(app: &App, customer: CustomerId, wanted: Wanted) -> Result<History, Problem> {
    Ok(app.store.read(ReadHistory { customer, wanted }).await?)
}

struct ReadHistory {
    customer: CustomerId,
    wanted: Wanted,
}

/// Orders of a customer, or of one line, each with how it was paid; they come as [`history::orders`] reads them, newest
/// first and without a gap.
pub(crate) async fn ordered(
    tx: &mut Tx,
    customer: CustomerId,
    line: Option<LineId>,
    orders: Vec<Order>,
) -> Result<Vec<Ordered>, Stop<Problem>> {
    let place = |order: &Order| (order.placed_at, order.id);
    let (Some(newest), Some(oldest)) = (orders.first().map(place), orders.last().map(place)) else {
        return Ok(Vec::new());
    };
    debug_assert!(oldest <= newest, "orders come newest first");
    let wanted: BTreeSet<&OfferingRef> = orders.iter().map(|order| &order.offering).collect();
    let offerings = wanted.iter().map(|reference| catalog::by_reference(reference)).collect::<Vec<_>>();
    let (attempts, refunds) = payment::of_orders(customer, line, (oldest, newest));
    let (offerings, attempts, refunds) = tx.together((offerings, attempts, refunds)).await?;
    let mut known = BTreeMap::new();
    for (reference, offering) in wanted.into_iter().zip(offerings) {
        let offering = offering.into_iter().next().ok_or(everline_store::Error::NotFound { what: "offering" })?;
        known.insert(reference.clone(), offering);
    }
    let mut paid: BTreeMap<OrderId, (Vec<Attempt>, Vec<Refund>)> = BTreeMap::new();
    for attempt in attempts {
        paid.entry(attempt.order).or_default().0.push(attempt);
    }
    for refund in refunds {
        paid.entry(refund.order).or_default().1.push(refund);
    }
    let with = |order: Order| {
        let offering = known.get(&order.offering)?.clone();
        let (attempts, refunds) = paid.remove(&order.id).unwrap_or_default();
        Some(Ordered { order, offering, attempts, refunds })
    };
    Ok(orders.into_iter().filter_map(with).collect())
}

impl ReadHistory {
    /// With their lines, those of the wanted kind.
    async fn entries(&self, tx: &mut Tx, orders: Vec<Order>) -> Result<Vec<Entry>, Stop<Problem>> {
        let mut all = ordered(tx, self.customer, self.wanted.line, orders).await?;
        all.retain(|one| self.wanted.kind.is_none_or(|kind| kind == one.offering.kind));
        all.truncate(PAGE + 1);
        let ids: BTreeSet<LineId> = all.iter().map(|one| one.order.line).collect();
        let lines = ids.into_iter().map(|id| line::by_id(self.customer, id)).collect::<Vec<_>>();
        let lines = tx.together(lines).await?.into_iter().flatten();
        let lines: BTreeMap<LineId, Line> = lines.map(|line| (line.id, line)).collect();
        let mut entries = Vec::new();
        for ordered in all {
            let line = lines.get(&ordered.order.line).cloned().ok_or(Stop::Refused(Problem::NotFound("line")))?;
            entries.push(Entry { ordered, line });
        }
        Ok(entries)
    }
}

impl Work for ReadHistory {
    const NAME: &'static str = "order_history";
    type Out = History;
    type Refusal = Problem;
    async fn run(&self, tx: &mut Tx) -> Result<History, Stop<Problem>> {
        let Wanted { line, kind, placed, before } = self.wanted;
        if let Some(id) = line {
            line::get(tx, self.customer, id).await?.ok_or(Stop::Refused(Problem::NotFound("line")))?;
        }
        let (from, to) = placed.unwrap_or((BusinessTime::from_us(i64::MIN), BusinessTime::from_us(i64::MAX)));
        let mut key = before.unwrap_or((to, OrderId::from([0; 16])));
        // Of one kind there may be few among many.
        let limit = if kind.is_some() { READ } else { i64::try_from(PAGE + 1).unwrap_or(READ) };
        let (mut entries, mut read): (Vec<Entry>, usize) = (Vec::new(), 0);
        loop {
            let page = tx.together(history::orders(self.customer, line, (from, key), limit)).await?;
            let last = i64::try_from(page.len()).unwrap_or(0) < limit;
            read += page.len();
            key = page.last().map_or(key, |order| (order.placed_at, order.id));
            entries.extend(self.entries(tx, page).await?);
            if entries.len() > PAGE {
                entries.truncate(PAGE);
                let place = |entry: &Entry| (entry.ordered.order.placed_at, entry.ordered.order.id);
                let next = entries.last().map(place);
                return Ok(History { entries, next });
            }
            if last {
                return Ok(History { entries, next: None });
            }
            if read >= READ_MAX {
                return Ok(History { entries, next: Some(key) });
            }
        }
    }
}

/// The lines of a customer, to choose from; the first `limit`.
pub async fn lines(app: &App, customer: CustomerId, limit: i64) -> Result<Vec<Line>, Problem> {
    Ok(app.store.read(ReadLines { customer, limit }).await?)
}

struct ReadLines {
    customer: CustomerId,
    limit: i64,
}
impl Work for ReadLines {
    const NAME: &'static str = "lines_to_choose";
    type Out = Vec<Line>;
    type Refusal = Problem;
    async fn run(&self, tx: &mut Tx) -> Result<Vec<Line>, Stop<Problem>> {
        Ok(line::of_customer(tx, self.customer, self.limit).await?)
    }
}
