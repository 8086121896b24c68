//! Lines on their way from one customer to another, and offers to hand one over.

use super::allowance::decode;
use super::columns::{Columns, undecodable};
use crate::{FromRow, Result, Row, Tx, args};
use everline_core::charging::Allowance;
use everline_core::identifiers::Msisdn;
use everline_core::ids::{CustomerId, LineId, RawId};
use everline_core::lifecycle::{Along, Given};
use everline_core::line::LineState;
use everline_core::ownership::Offered;
use everline_core::time::{BusinessTime, SystemTime};

macro_rules! offer_columns {
    () => {
        "o.customer_id, o.id, o.line_id, o.contact, o.state, o.asked_at, o.due_at"
    };
}

crate::queries! { ALL;
    ADD = "INSERT INTO hand_over (line_id, customer_id, from_customer, from_line, along, state, state_since, state_until, service_until, \
        allowance, paid_credit, promo_credit, handed_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)";
    WAITING = "SELECT line_id, customer_id, from_customer, from_line, along, state, state_since, state_until, service_until, allowance, \
        paid_credit, promo_credit, handed_at FROM hand_over WHERE line_id = $1 AND taken_at IS NULL";
    TAKEN = "UPDATE hand_over SET taken_at = $2, allowance = NULL WHERE line_id = $1 AND taken_at IS NULL";
    OFFER_ADD = "INSERT INTO ownership_change (customer_id, id, line_id, contact, state, asked_at, due_at) VALUES ($1, $2, $3, $4, $5, $6, $7)";
    OFFER_GET = concat!("SELECT ", offer_columns!(), " FROM ownership_change o WHERE o.customer_id = $1 AND o.id = $2");
    OFFER_OF_LINE = concat!("SELECT ", offer_columns!(), " FROM ownership_change o WHERE o.customer_id = $1 AND o.line_id = $2 AND o.state = 'offered'");
    OFFER_SETTLE = "UPDATE ownership_change SET state = $3, settled_at = $4 WHERE customer_id = $1 AND id = $2";
}

/// A line on its way, as it left.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OnItsWay {
    /// The new record.
    pub new: LineId,
    /// Whose it becomes.
    pub taker: CustomerId,
    /// The former record.
    pub from: (CustomerId, LineId),
    /// What goes along.
    pub along: Along,
    /// The state in which it arrives, and since when it is in it.
    pub state: (LineState, BusinessTime),
    /// The end of the last plan that goes along.
    pub service_until: Option<BusinessTime>,
    /// What it may use.
    pub allowance: Allowance,
    /// Paid credit that goes along, in millionths.
    pub paid_credit: i64,
    /// Promotional credit that goes along, in millionths.
    pub promo_credit: i64,
    /// When it left.
    pub at: BusinessTime,
}
impl FromRow for OnItsWay {
    fn from_row(row: &Row<'_>) -> Result<Self> {
        let mut c = Columns::new(row);
        let (new, taker, from, along) = (c.next()?, c.next()?, (c.next()?, c.next()?), c.next()?);
        let (word, since): (String, BusinessTime) = (c.next()?, c.next()?);
        let state = LineState::from_word(&word, c.next()?);
        let state = (state.ok_or_else(|| undecodable::<LineState>("state", "another word"))?, since);
        let service_until = c.next()?;
        let allowance = decode(&c.next::<Vec<u8>>()?)?;
        let (paid_credit, promo_credit, at) = (c.next()?, c.next()?, c.next()?);
        Ok(OnItsWay { new, taker, from, along, state, service_until, allowance, paid_credit, promo_credit, at })
    }
}

/// An owner's offer to hand a line over.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Offer {
    /// The owner.
    pub customer: CustomerId,
    /// Its id.
    pub id: RawId,
    /// The line.
    pub line: LineId,
    /// The number of whoever may take it.
    pub contact: Msisdn,
    /// Where it is.
    pub state: Offered,
    /// When it was made.
    pub asked_at: SystemTime,
    /// Until when it can be taken.
    pub due_at: SystemTime,
}
impl FromRow for Offer {
    fn from_row(row: &Row<'_>) -> Result<Self> {
        let mut c = Columns::new(row);
        let (customer, id, line, contact) = (c.next()?, c.next()?, c.next()?, c.next()?);
        Ok(Offer { customer, id, line, contact, state: c.next()?, asked_at: c.next()?, due_at: c.next()? })
    }
}

/// A line leaves: what is on its way, until [`taken`].
pub fn add(tx: &mut Tx, from: (CustomerId, LineId), given: &Given) {
    let (line, state) = (&given.line, given.line.state);
    tx.put(
        &ADD,
        args![
            line.id,
            line.customer,
            from.0,
            from.1,
            given.along,
            state.word(),
            line.state_since,
            state.until(),
            line.service_until,
            given.allowance.to_body(),
            given.paid_credit,
            given.promo_credit,
            given.at
        ],
    );
}
/// What is on its way; `None` if it has arrived. The taker's lock guards it.
pub async fn waiting(tx: &mut Tx, new: LineId) -> Result<Option<OnItsWay>> {
    tx.maybe(&WAITING, args![new]).await
}
/// It has arrived.
pub fn taken(tx: &mut Tx, new: LineId, at: BusinessTime) {
    tx.put(&TAKEN, args![new, at]);
}
/// Adds an offer.
pub fn add_offer(tx: &mut Tx, offer: &Offer) {
    let Offer { customer, id, line, state, asked_at, due_at, .. } = *offer;
    tx.put(&OFFER_ADD, args![customer, id, line, offer.contact.as_str(), state, asked_at, due_at]);
}
/// An offer.
pub async fn offer(tx: &mut Tx, customer: CustomerId, id: RawId) -> Result<Option<Offer>> {
    tx.maybe(&OFFER_GET, args![customer, id]).await
}
/// The open offer of a line.
pub async fn offer_of(tx: &mut Tx, customer: CustomerId, line: LineId) -> Result<Option<Offer>> {
    tx.maybe(&OFFER_OF_LINE, args![customer, line]).await
}
/// An offer ends.
pub fn settle_offer(tx: &mut Tx, offer: &Offer, state: Offered, at: SystemTime) {
    tx.put(&OFFER_SETTLE, args![offer.customer, offer.id, state, at]);
}
