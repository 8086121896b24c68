//! What happened to a customer and to a line, back from an instant: each kind from an index that has it in that order.

use super::columns::Columns;
use super::history::{Moved, moves_money};
use super::usage::{UsageDay, day};
use crate::{FromRow, Query, Result, Row, args};
use everline_core::account::AccountNews;
use everline_core::calendar::Day;
use everline_core::effects::MessageKind;
use everline_core::ids::{CaseId, CustomerId, LineId, MessageId, OrderId, RawId, TransferId};
use everline_core::message::{Channel, Fate};
use everline_core::support::CaseState;
use everline_core::time::{BusinessTime, SystemTime};

crate::queries! { ALL;
    MOVES = concat!("SELECT t.id, t.template, t.order_id, o.number, t.debit, t.credit, t.amount, t.posted_at FROM transfer t \
        LEFT JOIN orders o ON o.customer_id = t.customer_id AND o.id = t.order_id \
        WHERE t.customer_id = $1 AND (t.posted_at, t.id) < ($2, $3) AND ", moves_money!(), " ORDER BY t.posted_at DESC, t.id DESC LIMIT $4");
    EVENTS = "SELECT id, state, cause, at, commanded_by, reason FROM line_event \
        WHERE customer_id = $1 AND line_id = $2 AND id < $3 ORDER BY id DESC LIMIT $4";
    MESSAGES = "SELECT id, kind, channel, fate, reason, order_id, sent_at FROM message \
        WHERE customer_id = $1 AND line_id = $2 AND id < $3 ORDER BY id DESC LIMIT $4";
    USED = "SELECT line_id, day, unit, charged, overrun FROM usage_day \
        WHERE customer_id = $1 AND line_id = $2 AND day <= $3 ORDER BY day DESC, unit DESC LIMIT $4";
    NEWS = "SELECT id, kind, device, at FROM account_event WHERE customer_id = $1 AND id < $2 ORDER BY id DESC LIMIT $3";
    CASES = "SELECT customer_id, id, reason, subject, order_id, line_id, state, opened_at FROM support_case \
        WHERE customer_id = $1 AND (opened_at, id) < ($2, $3) ORDER BY opened_at DESC, id DESC LIMIT $4";
    CASES_OF_LINE = "SELECT customer_id, id, reason, subject, order_id, line_id, state, opened_at FROM support_case \
        WHERE customer_id = $1 AND line_id = $5 AND (opened_at, id) < ($2, $3) ORDER BY opened_at DESC, id DESC LIMIT $4";
}

/// A change of a line's state.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Changed {
    /// Its id.
    pub id: RawId,
    /// The word of the state that the line came into.
    pub state: String,
    /// The word for why.
    pub cause: String,
    /// When.
    pub at: BusinessTime,
    /// The login of the staff member who commanded it.
    pub commanded_by: Option<String>,
    /// Why they did, in their words.
    pub reason: Option<String>,
}
impl FromRow for Changed {
    fn from_row(row: &Row<'_>) -> Result<Self> {
        let (id, state, cause, at, commanded_by, reason) = FromRow::from_row(row)?;
        Ok(Changed { id, state, cause, at, commanded_by, reason })
    }
}

/// A message that was sent, or tried to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Told {
    /// Its id.
    pub id: MessageId,
    /// What it said.
    pub kind: MessageKind,
    /// By which way.
    pub channel: Channel,
    /// What became of it.
    pub fate: Fate,
    /// The provider's code for why.
    pub reason: Option<String>,
    /// The order it was about.
    pub order: Option<OrderId>,
    /// When.
    pub sent_at: SystemTime,
}
impl FromRow for Told {
    fn from_row(row: &Row<'_>) -> Result<Self> {
        let (id, kind, channel, fate, reason, order, sent_at) = FromRow::from_row(row)?;
        Ok(Told { id, kind, channel, fate, reason, order, sent_at })
    }
}

/// What happened to how an account is signed in to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct News {
    /// Its id.
    pub id: RawId,
    /// What.
    pub kind: AccountNews,
    /// Browser and system in two words.
    pub device: String,
    /// When.
    pub at: BusinessTime,
}
impl FromRow for News {
    fn from_row(row: &Row<'_>) -> Result<Self> {
        let (id, kind, device, at) = FromRow::from_row(row)?;
        Ok(News { id, kind, device, at })
    }
}

/// A case.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Opened {
    /// Whose.
    pub customer: CustomerId,
    /// Its id.
    pub id: CaseId,
    /// The word of why it was opened.
    pub reason: String,
    /// What it is about, in its asker's words.
    pub subject: Option<String>,
    /// The order it is about.
    pub order: Option<OrderId>,
    /// The line it is about.
    pub line: Option<LineId>,
    /// Where it is.
    pub state: CaseState,
    /// When it was opened.
    pub at: BusinessTime,
}
impl FromRow for Opened {
    fn from_row(row: &Row<'_>) -> Result<Self> {
        let mut c = Columns::new(row);
        Ok(Opened {
            customer: c.next()?,
            id: c.next()?,
            reason: c.next()?,
            subject: c.next()?,
            order: c.next()?,
            line: c.next()?,
            state: c.next()?,
            at: c.next()?,
        })
    }
}

/// What moved a customer's money before a key, newest first.
#[must_use]
pub fn moved(customer: CustomerId, before: (BusinessTime, TransferId), limit: i64) -> Query<Moved> {
    Query::new(&MOVES, args![customer, before.0, before.1, limit])
}
/// Changes of a line's state with ids below one, newest first.
#[must_use]
pub fn changed(customer: CustomerId, line: LineId, below: RawId, limit: i64) -> Query<Changed> {
    Query::new(&EVENTS, args![customer, line, below, limit])
}
/// Messages about a line with ids below one, newest first.
#[must_use]
pub fn told(customer: CustomerId, line: LineId, below: RawId, limit: i64) -> Query<Told> {
    Query::new(&MESSAGES, args![customer, line, below, limit])
}
/// What a line used up to a day, the newest days first.
#[must_use]
pub fn used(customer: CustomerId, line: LineId, to: Day, limit: i64) -> Query<UsageDay> {
    Query::new(&USED, args![customer, line, to.number(), limit]).map(day)
}
/// What happened to an account with ids below one, newest first.
#[must_use]
pub fn news(customer: CustomerId, below: RawId, limit: i64) -> Query<News> {
    Query::new(&NEWS, args![customer, below, limit])
}
/// Cases about a customer's rows, or about one line, that were opened before a key, newest first.
#[must_use]
pub fn cases(customer: CustomerId, line: Option<LineId>, before: (BusinessTime, CaseId), limit: i64) -> Query<Opened> {
    match line {
        Some(line) => Query::new(&CASES_OF_LINE, args![customer, before.0, before.1, limit, line]),
        None => Query::new(&CASES, args![customer, before.0, before.1, limit]),
    }
}
