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
use std::collections::BTreeMap;

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

/// One order.
#[derive(Debug, Clone, PartialEq)]
pub struct Entry {
    /// The order.
    pub order: Order,
    /// What was ordered.
    pub offering: Offering,
    /// For which line.
    pub line: Line,
    /// How it was paid, or tried to; oldest first.
    pub attempts: Vec<Attempt>,
    /// What went back, or is on its way.
    pub refunds: Vec<Refund>,
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

/// What many orders have in common, read once.
#[derive(Default)]
struct Known {
    offerings: BTreeMap<OfferingRef, Offering>,
    lines: BTreeMap<LineId, Line>,
}

impl ReadHistory {
    async fn entry(&self, tx: &mut Tx, known: &mut Known, order: Order) -> Result<Option<Entry>, Stop<Problem>> {
        let offering = match known.offerings.get(&order.offering) {
            Some(offering) => offering.clone(),
            None => catalog::offering(tx, &order.offering).await?,
        };
        known.offerings.insert(order.offering.clone(), offering.clone());
        if self.wanted.kind.is_some_and(|kind| kind != offering.kind) {
            return Ok(None);
        }
        let line = match known.lines.get(&order.line) {
            Some(line) => line.clone(),
            None => {
                let line = line::get(tx, self.customer, order.line).await?;
                line.ok_or(Stop::Refused(Problem::NotFound("line")))?
            }
        };
        known.lines.insert(line.id, line.clone());
        let attempts = payment::of_order(tx, self.customer, order.id).await?;
        let refunds = payment::refunds_of_order(tx, self.customer, order.id).await?;
        Ok(Some(Entry { order, offering, line, attempts, refunds }))
    }
}

impl Work for ReadHistory {
    const NAME: &'static str = "order_history";
    type Out = History;
    type Refusal = Problem;
    async fn run(&self, tx: &mut Tx) -> Result<History, Stop<Problem>> {
        let Wanted { line, placed, before, .. } = self.wanted;
        if let Some(id) = line {
            line::get(tx, self.customer, id).await?.ok_or(Stop::Refused(Problem::NotFound("line")))?;
        }
        let (from, to) = placed.unwrap_or((BusinessTime::from_us(i64::MIN), BusinessTime::from_us(i64::MAX)));
        let mut key = before.unwrap_or((to, OrderId::from([0; 16])));
        let (mut entries, mut known, mut read) = (Vec::new(), Known::default(), 0);
        loop {
            let page = history::orders(tx, self.customer, line, (from, key), READ).await?;
            let last = i64::try_from(page.len()).unwrap_or(0) < READ;
            for order in page {
                (key, read) = ((order.placed_at, order.id), read + 1);
                entries.extend(self.entry(tx, &mut known, order).await?);
                if entries.len() > PAGE {
                    entries.pop();
                    let next = entries.last().map(|entry| (entry.order.placed_at, entry.order.id));
                    return Ok(History { entries, next });
                }
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
