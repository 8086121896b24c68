//! Refunds: money back to the method it came from. One request number per refund, the same at every retry.

use crate::ids::{AttemptId, CustomerId, OrderId, RefundId};
use crate::money::Money;
use crate::time::{BusinessTime, SystemTime};
use serde::{Deserialize, Serialize};

/// Why money goes back.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RefundReason {
    /// It came after the order closed and the offering cannot be delivered any more.
    Late,
    /// The line was lost, barred or handed over, or a pack's plan ended, between ordering and paying.
    Undeliverable,
    /// The order was already paid by another attempt.
    Surplus,
    /// The network refused what was paid for.
    NetworkRefused,
    /// Credit that was set aside for an order that closed unpaid, or was paid without it.
    NotNeeded,
}

/// Where a refund is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RefundState {
    /// Asked for, or about to be.
    InFlight,
    /// The provider confirmed it.
    Done,
    /// The provider refused it; the money is in suspense and a case is open.
    Failed,
}

macro_rules! words {
    ($type:ident { $($variant:ident = $word:literal),+ $(,)? }) => {
        impl $type {
            /// The stable word for it.
            #[must_use]
            pub const fn word(self) -> &'static str {
                match self { $($type::$variant => $word),+ }
            }
            /// The value of a stored word.
            #[must_use]
            pub fn from_word(word: &str) -> Option<Self> {
                match word { $($word => Some($type::$variant),)+ _ => None }
            }
        }
    };
}
words!(RefundReason { Late = "late", Undeliverable = "undeliverable", Surplus = "surplus", NetworkRefused = "network_refused", NotNeeded = "not_needed" });
words!(RefundState { InFlight = "in_flight", Done = "done", Failed = "failed" });

/// One return of money.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refund {
    /// Follows from the attempt, so that one cause refunds once.
    pub id: RefundId,
    /// The attempt's customer.
    pub customer: CustomerId,
    /// The attempt whose money goes back.
    pub attempt: AttemptId,
    /// The attempt's order.
    pub order: OrderId,
    /// Our number for it at the provider (`out_request_no`); the same at every retry.
    pub out_request_no: String,
    /// How much.
    pub amount: Money,
    /// Why.
    pub reason: RefundReason,
    /// Where it is.
    pub state: RefundState,
    /// When it was decided.
    pub started_at: BusinessTime,
    /// When the provider last answered for good.
    pub settled_at: Option<SystemTime>,
}
