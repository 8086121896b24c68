//! Refunds: money back to the method it came from. One request number per refund, the same at every retry.

use crate::effects::MessageKind;
use crate::ids::{AttemptId, CustomerId, JobId, OrderId, RefundId};
use crate::money::Money;
use crate::time::{BusinessTime, SystemTime};
use crate::words::words;
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
    /// Its customer asked, and the offering's rule allows it.
    ByRule,
    /// It was bought for another line than was meant, and not used.
    WrongNumber,
    /// Staff decided it.
    ByStaff,
}

impl RefundReason {
    /// Whether it gives back (a part of) the price of an order that was paid, and not money that the order could not take.
    #[must_use]
    pub const fn of_price(self) -> bool {
        matches!(self, Self::NetworkRefused) || self.after_delivery()
    }
    /// Whether it gives back (a part of) the price of what was delivered.
    #[must_use]
    pub const fn after_delivery(self) -> bool {
        matches!(self, Self::ByRule | Self::WrongNumber | Self::ByStaff)
    }
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
    /// The provider refused it, and people made it credit of the account.
    Credited,
    /// The provider refused it, and people sent it from the operator's bank account.
    PaidOut,
    /// The provider refused it, and the payer has it from a dispute that was lost: it makes good a part of that loss.
    MadeGood,
}

impl RefundState {
    /// Whether its payer has the money, one way or another.
    #[must_use]
    pub const fn settled(self) -> bool {
        matches!(self, Self::Done | Self::Credited | Self::PaidOut | Self::MadeGood)
    }
}

/// Another way for money that could not go back the way it came.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum OtherWay {
    /// Paid credit of the account. Not for a guest's payment: the account is somebody else's.
    Credit,
    /// From the operator's bank account, by hand.
    Bank,
}
words!(OtherWay { Credit = "credit", Bank = "bank" });

impl OtherWay {
    /// What a refund is that went this way.
    #[must_use]
    pub const fn state(self) -> RefundState {
        match self {
            OtherWay::Credit => RefundState::Credited,
            OtherWay::Bank => RefundState::PaidOut,
        }
    }
    /// The way that a refund went, if it went another than back.
    #[must_use]
    pub fn of(state: RefundState) -> Option<Self> {
        Self::ALL.into_iter().find(|way| way.state() == state)
    }
}

/// Why a refund is not settled another way.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, thiserror::Error)]
pub enum NoOtherWay {
    /// Its provider did not refuse it, or it is settled.
    #[error("it does not wait for people")]
    NotWaiting,
    /// A guest paid.
    #[error("a guest paid, and the account is another's")]
    NotTheirAccount,
    /// A bank has taken so much of the payment back, or decides about it: the payer has the money, or may get it.
    #[error("the payment is disputed")]
    Disputed,
}
words!(NoOtherWay { NotWaiting = "not-waiting", NotTheirAccount = "not-their-account", Disputed = "disputed" });

words!(RefundReason { Late = "late", Undeliverable = "undeliverable", Surplus = "surplus", NetworkRefused = "network_refused", NotNeeded = "not_needed", ByRule = "by_rule", WrongNumber = "wrong_number", ByStaff = "by_staff" });
words!(RefundState { InFlight = "in_flight", Done = "done", Failed = "failed", Credited = "credited", PaidOut = "paid_out", MadeGood = "made_good" });

/// Most refunds of one attempt: their numbers are four bits of their ids.
pub const REFUNDS_MAX: u8 = 16;

/// The id of the `n`-th refund of an attempt, from 0. It follows from the two, so that one cause refunds once. Numbers go
/// into the upper half of the last byte: what is derived from a refund by a small number never meets what is derived from
/// another refund of the attempt.
#[must_use]
pub const fn refund_id(attempt: AttemptId, n: u8) -> RefundId {
    RefundId(attempt.0.derive(0x71, n << 4))
}

/// One return of money.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refund {
    /// Follows from the attempt and its place among the attempt's refunds ([`refund_id`]).
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

impl Refund {
    /// The cause of a message about it; by this whoever writes the message finds the refund again. A refund that came back
    /// is told under a cause of its own.
    #[must_use]
    pub const fn told_as(&self, kind: MessageKind) -> JobId {
        JobId(if matches!(kind, MessageKind::RefundBounced) { self.id.0.derive(0x40, 0) } else { self.id.0 })
    }
}
