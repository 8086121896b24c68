//! Orders (TMF622 `ProductOrder`): one purchase of an offering for a line, and its stations paid → delivered → in effect.

use crate::ids::{CustomerId, LineId, OrderId};
use crate::money::Money;
use crate::offering::OfferingRef;
use crate::time::BusinessTime;
use crate::words::words;
use serde::{Deserialize, Serialize};

/// Where an order is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OrderState {
    /// Placed; the money is not there.
    AwaitingPayment,
    /// Not paid in time, or given up by its customer. Late money opens it again if it can still be fulfilled.
    Closed,
    /// The money is there; another operator's network has not confirmed.
    Paid,
    /// The bucket is committed; the network has not acknowledged for a session that is cut off.
    Delivered,
    /// Delivered; begins when the plans before it end.
    Queued,
    /// Delivered; begins with the first use.
    StartsOnFirstUse,
    /// The network side confirmed it.
    InEffect,
    /// The network refused it; the money is on its way back.
    Refunding,
    /// The money went back.
    Refunded,
}

words!(OrderState {
    AwaitingPayment = "awaiting_payment",
    Closed = "closed",
    Paid = "paid",
    Delivered = "delivered",
    Queued = "queued",
    StartsOnFirstUse = "starts_on_first_use",
    InEffect = "in_effect",
    Refunding = "refunding",
    Refunded = "refunded",
});

impl OrderState {
    /// Whether money for it was taken and what it bought is not yet confirmed: *paid, not yet in effect*.
    #[must_use]
    pub const fn paid_not_in_effect(self) -> bool {
        matches!(self, OrderState::Paid | OrderState::Delivered)
    }
    /// Whether it was delivered.
    #[must_use]
    pub const fn delivered(self) -> bool {
        matches!(self, OrderState::Delivered | OrderState::Queued | OrderState::StartsOnFirstUse | OrderState::InEffect)
    }
}

/// Who placed an order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PlacedBy {
    /// The line's owner, signed in.
    Owner,
    /// Anyone, by the line's number.
    Guest,
    /// Nobody here: the plan was bought in the books that the line comes from, and its money stayed there. Such an order is in
    /// effect from the start, with no payment, no receipt and nothing deferred.
    MovedIn,
    /// Nobody here and now: the owner agreed before that the line renews by itself.
    AutoRenew,
}

/// One purchase.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Order {
    /// Given by the caller before the order is placed, so that placing it twice is placing it once.
    pub id: OrderId,
    /// The line's owner when it was placed.
    pub customer: CustomerId,
    /// The line.
    pub line: LineId,
    /// The number people read to each other.
    pub number: String,
    /// What was bought.
    pub offering: OfferingRef,
    /// What it costs.
    pub price: Money,
    /// What attempts brought so far, in millionths; it is paid when this reaches the price.
    pub funds: i64,
    /// Where it is.
    pub state: OrderState,
    /// Who placed it.
    pub placed_by: PlacedBy,
    /// The version of the terms that was accepted with it.
    pub terms_version: String,
    /// When it was placed.
    pub placed_at: BusinessTime,
    /// Until when it may be paid.
    pub expires_at: BusinessTime,
    /// When the money was there.
    pub paid_at: Option<BusinessTime>,
    /// When it was delivered.
    pub delivered_at: Option<BusinessTime>,
    /// When the network side confirmed it.
    pub in_effect_at: Option<BusinessTime>,
    /// When it was closed, or its money went back.
    pub closed_at: Option<BusinessTime>,
    /// When what it bought begins, once known.
    pub starts_at: Option<BusinessTime>,
    /// When what it bought ends, once known.
    pub ends_at: Option<BusinessTime>,
}
