//! What a page at the desk showed of an order, so that nobody acts on what is otherwise by now; and what it is that changed.

use crate::Problem;
use everline_core::ids::{CustomerId, OrderId};
use everline_core::invoice::{InvoiceRequest, InvoiceState};
use everline_core::order::Order;
use everline_core::payment::Attempt;
use everline_core::refund::Refund;
use everline_core::refund_request::RefundRequest;
use everline_store::tables::{invoice, order, payment, refund_request};
use everline_store::{Stop, Tx};

/// A part of what is shown of an order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Part {
    /// Its state.
    State,
    /// What came in for it.
    Money,
    /// What went back, or is on its way.
    Refunds,
    /// What the staff asked to give back.
    Requests,
    /// Its invoice.
    Invoice,
}
impl Part {
    /// All of them, in the order in which they stand in a text.
    pub const ALL: [Part; 5] = [Part::State, Part::Money, Part::Refunds, Part::Requests, Part::Invoice];
}

/// What was shown, part by part, in stable words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OrderSeen([String; 5]);

/// Stands between the parts of a text.
const BETWEEN: char = '~';
/// No text of ours is longer.
const BYTES_MAX: usize = 4_000;

impl OrderSeen {
    /// What an order with what belongs to it shows.
    #[must_use]
    pub fn of(
        order: &Order,
        attempts: &[Attempt],
        refunds: &[Refund],
        requests: &[RefundRequest],
        invoice: Option<&InvoiceRequest>,
    ) -> Self {
        let received = attempts.iter().fold(0i64, |sum, attempt| sum.saturating_add(attempt.received));
        let list = |words: Vec<&'static str>| words.join(".");
        let invoice = invoice.map(|request| {
            let state = match request.state {
                InvoiceState::Requested { .. } => "requested",
                InvoiceState::Issued { .. } => "issued",
                InvoiceState::Refused { .. } => "refused",
            };
            format!("{state}.{}", request.asked_at.us())
        });
        Self([
            order.state.word().to_owned(),
            format!("{}.{received}", order.funds),
            list(refunds.iter().map(|refund| refund.state.word()).collect()),
            list(requests.iter().map(|request| request.state.word()).collect()),
            invoice.unwrap_or_default(),
        ])
    }
    /// As a form carries it.
    #[must_use]
    pub fn text(&self) -> String {
        self.0.join(&BETWEEN.to_string())
    }
    /// What a form carried; `None` if it is none of ours.
    #[must_use]
    pub fn read(text: &str) -> Option<Self> {
        let parts: Vec<String> = text.split(BETWEEN).map(str::to_owned).collect();
        (text.len() <= BYTES_MAX).then(|| parts.try_into().ok().map(Self)).flatten()
    }
    /// What no order ever shows: acting on it is acting on an old page.
    #[must_use]
    pub fn nothing() -> Self {
        Self(std::array::from_fn(|_| "?".to_owned()))
    }
    /// What is otherwise now.
    #[must_use]
    pub fn changed(&self, now: &Self) -> Vec<Part> {
        let pairs = Part::ALL.into_iter().zip(self.0.iter().zip(&now.0));
        pairs.filter(|(_, (was, is))| was != is).map(|(part, _)| part).collect()
    }
}

/// Refuses what was decided on a page that shows some parts of an order otherwise than they are, in the transaction of what is
/// done. Without what was seen (the command line, a program) nothing is refused.
///
/// # Errors
/// [`Problem::Stale`]
pub(crate) async fn check(
    tx: &mut Tx,
    (customer, id): (CustomerId, OrderId),
    seen: Option<&OrderSeen>,
    parts: &[Part],
) -> Result<(), Stop<Problem>> {
    let Some(seen) = seen else { return Ok(()) };
    let found = order::get(tx, customer, id).await?.ok_or(Stop::Refused(Problem::NotFound("order")))?;
    let now = OrderSeen::of(
        &found,
        &payment::of_order(tx, customer, id).await?,
        &payment::refunds_of_order(tx, customer, id).await?,
        &refund_request::of_order(tx, customer, id).await?,
        invoice::get(tx, customer, id).await?.as_ref(),
    );
    let stale = seen.changed(&now).into_iter().any(|part| parts.contains(&part));
    if stale { Err(Stop::Refused(Problem::Stale)) } else { Ok(()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_leads_back_and_says_what_changed() {
        let seen = OrderSeen(["paid", "9.9", "", "requested", ""].map(str::to_owned));
        assert_eq!(OrderSeen::read(&seen.text()).as_ref(), Some(&seen));
        let now = OrderSeen(["in_effect", "9.9", "", "approved", ""].map(str::to_owned));
        assert_eq!(seen.changed(&now), [Part::State, Part::Requests]);
        assert_eq!(seen.changed(&seen), []);
        assert_eq!((OrderSeen::read(""), OrderSeen::read("a~b")), (None, None));
        assert_eq!(OrderSeen::read(&format!("{}~~~~", "x".repeat(4_000))), None);
    }
}
