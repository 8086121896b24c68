//! The statement of an account for a month: what was there, what moved it and why, what is there after. Paid credit,
//! promotional credit and what is held for a purpose stand apart, and the sums are the ledger's own.

use crate::{App, Problem};
use everline_core::calendar::Month;
use everline_core::ids::{CustomerId, TransferId};
use everline_core::statement::Pots;
use everline_core::time::BusinessTime;
use everline_store::tables::customer;
use everline_store::tables::history::{self, Moved};
use everline_store::{Stop, Tx, Work};

/// Movements on a page; of a file, at a time.
pub const PAGE: i64 = 100;
/// Movements of a file that are read at a time.
pub const FILE_PAGE: i64 = 1_000;

/// The place of a movement in a statement.
pub type Key = (BusinessTime, TransferId);

/// A page of a statement.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Statement {
    /// What was there when the month began.
    pub opening: Pots,
    /// What is there at its end, or now if it is not over.
    pub closing: Pots,
    /// What moved it, oldest first.
    pub moves: Vec<Moved>,
    /// Where the next page begins.
    pub next: Option<Key>,
}

/// A page of a customer's statement. All of it is of one instant: opening, all movements and closing agree.
pub async fn statement(
    app: &App,
    customer: CustomerId,
    month: Month,
    after: Option<Key>,
    limit: i64,
) -> Result<Statement, Problem> {
    let bounds = month.bounds(&app.zone);
    Ok(app.store.read(ReadStatement { customer, bounds, after, limit }).await?)
}

struct ReadStatement {
    customer: CustomerId,
    bounds: (BusinessTime, BusinessTime),
    after: Option<Key>,
    limit: i64,
}
impl Work for ReadStatement {
    const NAME: &'static str = "statement";
    type Out = Statement;
    type Refusal = Problem;
    async fn run(&self, tx: &mut Tx) -> Result<Statement, Stop<Problem>> {
        let (from, to) = self.bounds;
        // Back from what is there now: a transfer of a timer that ran late is counted where it belongs.
        let now = Pots::of(&customer::account(tx, self.customer).await?);
        let opening = now - history::moved_since(tx, self.customer, from).await?;
        let closing = now - history::moved_since(tx, self.customer, to).await?;
        // The key of the month's first instant stands before every transfer of it.
        let after = self.after.filter(|after| after.0 >= from).unwrap_or((from, TransferId::from([0; 16])));
        let mut moves = history::moves(tx, self.customer, after, to, self.limit.saturating_add(1)).await?;
        let more = i64::try_from(moves.len()).unwrap_or(i64::MAX) > self.limit;
        if more {
            moves.pop();
        }
        let next = moves.last().filter(|_| more).map(|last| (last.at, last.id));
        Ok(Statement { opening, closing, moves, next })
    }
}
