//! What a transition asks the outside to do: rows to write, money to move, jobs to queue. Data, decided purely, carried
//! out by the use case in one transaction.

use crate::charging::Allowance;
use crate::dispute::{Dispute, DisputeSaid};
use crate::ids::{
    AttemptId, CustomerId, DisputeId, JobId, LineId, MessageId, OrderId, PaymentMethodId, RawId, ReceiptId, RefundId,
    SessionId,
};
use crate::ledger::{Balances, Posting};
use crate::lifecycle::LineEvent;
use crate::line::Line;
use crate::message::{Beside, Channel};
use crate::order::Order;
use crate::payment::{Attempt, Provider};
use crate::reconciliation::BillDay;
use crate::refund::Refund;
use crate::time::BusinessTime;
use crate::words::words;
use serde::{Deserialize, Serialize};

/// Everything that must become true at once. What is `None` or empty stays as it was.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Effects {
    /// The account's balances after all postings.
    pub balances: Option<Balances>,
    /// The line as it becomes.
    pub line: Option<Line>,
    /// Changes of the line's state, for its history.
    pub events: Vec<LineEvent>,
    /// The order as it becomes.
    pub orders: Vec<Order>,
    /// The attempts as they become.
    pub attempts: Vec<Attempt>,
    /// The allowance as it becomes.
    pub allowance: Option<Allowance>,
    /// Money to move.
    pub postings: Vec<Posting>,
    /// A receipt to issue.
    pub receipt: Option<Receipt>,
    /// Refunds to write down, new or settled.
    pub refunds: Vec<Refund>,
    /// Disputes as they become.
    pub disputes: Vec<Dispute>,
    /// Cases to open.
    pub cases: Vec<CaseOpened>,
    /// Work to queue.
    pub jobs: Vec<Job>,
}

/// The proof of an order. Its number is given later, by the numberer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Receipt {
    /// Follows from the order.
    pub id: ReceiptId,
    /// The order it proves.
    pub order: OrderId,
    /// When it was issued.
    pub issued_at: BusinessTime,
}

impl Receipt {
    /// The receipt of an order; the same at every call.
    #[must_use]
    pub fn of(order: &Order, issued_at: BusinessTime) -> Self {
        Self { id: ReceiptId(order.id.0.derive(0x70, 0)), order: order.id, issued_at }
    }
}

/// Why support must look at something. New ones stand at the end: the ids of cases follow from their places.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CaseReason {
    /// A provider reports another amount than was asked.
    AmountMismatch,
    /// A provider reports a payment for another merchant or application.
    MerchantMismatch,
    /// Two different payments are reported for one attempt.
    ConflictingEvidence,
    /// A provider refused a refund.
    RefundFailed,
    /// A job gave up, or fails again and again.
    JobFailed,
    /// A payer asks the bank for the money back: evidence can be given.
    Disputed,
    /// Somebody renewed the wrong line, and it was used since.
    WrongNumber,
    /// One card paid, or was tried, more often than people use one.
    CardTooOften,
    /// A customer or guest asks, or somebody called. What about stands in the case.
    Asked,
    /// An order is paid, and not in effect for too long.
    PaidNotInEffect,
    /// No message reaches a customer.
    MessageFailed,
    /// Something in a provider's bill needs work.
    Reconciliation,
    /// Papers of a correction of who somebody is: only for whoever decides about that.
    Papers,
}

words!(CaseReason {
    AmountMismatch = "amount_mismatch",
    MerchantMismatch = "merchant_mismatch",
    ConflictingEvidence = "conflicting_evidence",
    RefundFailed = "refund_failed",
    JobFailed = "job_failed",
    Disputed = "disputed",
    WrongNumber = "wrong_number",
    CardTooOften = "card_too_often",
    Asked = "asked",
    PaidNotInEffect = "paid_not_in_effect",
    MessageFailed = "message_failed",
    Reconciliation = "reconciliation",
    Papers = "papers",
});

impl CaseReason {
    /// Whether each time it is given tells of something new; else it may tell of what is still as it was, or of what is
    /// decided where it is given.
    #[must_use]
    pub const fn happens_anew(self) -> bool {
        matches!(
            self,
            CaseReason::AmountMismatch
                | CaseReason::MerchantMismatch
                | CaseReason::ConflictingEvidence
                | CaseReason::RefundFailed
                | CaseReason::WrongNumber
                | CaseReason::CardTooOften
        )
    }
}

/// A case to open about an order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CaseOpened {
    /// The order's customer.
    pub customer: CustomerId,
    /// The order.
    pub order: OrderId,
    /// Why.
    pub reason: CaseReason,
}

/// What the network is to do with a session.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum NetworkAction {
    /// Serve it in full again.
    Reauthorize,
    /// Redirect it to the renewal page.
    Redirect,
}

/// A message that a person gets. The text is the brand's and the language's; this is its cause.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum MessageKind {
    /// Paid, delivered and in effect, queued or waiting for first use.
    RenewalInEffect,
    /// Paid, and the network has not confirmed yet.
    PaidNotInEffect,
    /// The last plan ended; service is kept for a while.
    GraceBegan,
    /// Service stopped.
    Suspended,
    /// Money is on its way back.
    RefundStarted,
    /// Money went back.
    RefundDone,
    /// It was reported lost: service stopped.
    ReportedLost,
    /// It was stopped by people or a rule.
    Barred,
    /// What stopped it was lifted.
    ServiceRestored,
    /// Only its number is kept.
    NumberKept,
    /// The number is given up soon, unless something is bought.
    NumberEnds,
    /// The line is over.
    Terminated,
    /// It will be renewed by itself: what is taken, when and how, and how to stop it.
    AutoRenewNotice,
    /// It would be renewed by itself, but its price or the terms changed: agree again, or nothing is taken.
    AutoRenewConsent,
    /// It was not renewed by itself; how to do it by hand.
    AutoRenewFailed,
    /// It is being renewed by itself, and a bank wants to ask its owner.
    AutoRenewNeedsYou,
    /// Money that had gone back came back: people look at it.
    RefundBounced,
    /// Money that could not go back the way it came went another.
    RefundOtherWay,
    /// The last plan ends soon.
    ReminderExpiry,
    /// So much of the data is used.
    ReminderThreshold,
    /// The data will not last.
    ReminderForecast,
    /// What is left, and until when: somebody asked for it by a short message.
    KeywordBalance,
    /// Where the line is renewed: somebody asked for it.
    KeywordRenew,
    /// Which words can be sent, and where people help.
    KeywordHelp,
    /// No data is left: a device of it is cut off, although its plan runs.
    DataUsedUp,
    /// What to buy for it and where to pay, sent by staff on the owner's wish.
    PayLink,
}

// The stable word of a kind is also the name of its template.
words!(MessageKind {
    RenewalInEffect = "renewal_in_effect",
    PaidNotInEffect = "paid_not_in_effect",
    GraceBegan = "grace_began",
    Suspended = "suspended",
    RefundStarted = "refund_started",
    RefundDone = "refund_done",
    ReportedLost = "reported_lost",
    Barred = "barred",
    ServiceRestored = "service_restored",
    NumberKept = "number_kept",
    NumberEnds = "number_ends",
    Terminated = "terminated",
    AutoRenewNotice = "auto_renew_notice",
    AutoRenewConsent = "auto_renew_consent",
    AutoRenewFailed = "auto_renew_failed",
    AutoRenewNeedsYou = "auto_renew_needs_you",
    RefundBounced = "refund_bounced",
    RefundOtherWay = "refund_other_way",
    ReminderExpiry = "reminder_expiry",
    ReminderThreshold = "reminder_threshold",
    ReminderForecast = "reminder_forecast",
    KeywordBalance = "keyword_balance",
    KeywordRenew = "keyword_renew",
    KeywordHelp = "keyword_help",
    DataUsedUp = "data_used_up",
    PayLink = "pay_link",
});

/// A piece of work for later, outside the transaction that asks for it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "job")]
pub enum Job {
    /// Tell the built-in network about a session and wait for its acknowledgement.
    TellNetwork {
        /// The line's customer.
        customer: CustomerId,
        /// The line.
        line: LineId,
        /// The session.
        session: SessionId,
        /// What it is to do.
        action: NetworkAction,
        /// Tells one telling of a session from the next: the order, or the line at the instant it was cut off.
        cause: JobId,
    },
    /// Ask the upstream network to activate an order, or how far it is.
    ActivateUpstream {
        /// The order's customer.
        customer: CustomerId,
        /// The order.
        order: OrderId,
    },
    /// Ask the provider what became of an attempt.
    QueryPayment {
        /// The attempt's customer.
        customer: CustomerId,
        /// The attempt.
        attempt: AttemptId,
    },
    /// Ask the provider to take no more money for an attempt.
    ClosePayment {
        /// The attempt's customer.
        customer: CustomerId,
        /// The attempt.
        attempt: AttemptId,
    },
    /// Ask the provider to return money, or how far it is.
    Refund {
        /// The refund's customer.
        customer: CustomerId,
        /// The refund.
        refund: RefundId,
    },
    /// Send a message to a line's owner.
    SendMessage {
        /// The customer.
        customer: CustomerId,
        /// The line it is about.
        line: LineId,
        /// The order it is about, if any.
        order: Option<OrderId>,
        /// What it says.
        kind: MessageKind,
        /// Tells one message from the next of the same kind.
        cause: JobId,
        /// The way that did not lead to them; none was tried yet if there is none.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        after: Option<Channel>,
    },
    /// Send a message about a line to somebody beside its owner.
    TellBeside {
        /// The line's owner.
        customer: CustomerId,
        /// The line.
        line: LineId,
        /// To whom.
        to: Beside,
        /// What it says.
        kind: MessageKind,
        /// As in [`Job::SendMessage`].
        cause: JobId,
    },
    /// The time is over in which a provider should have reported what became of a message that it took.
    MessageUnreported {
        /// Whose.
        customer: CustomerId,
        /// The message.
        message: MessageId,
    },
    /// Tell a customer what happened to the account.
    TellAccount {
        /// The customer.
        customer: CustomerId,
        /// What happened.
        event: RawId,
        /// Whether the contact number from before the event is to be told.
        former: bool,
    },
    /// Have a line that was handed over arrive at whoever takes it.
    TakeOver {
        /// The taker.
        customer: CustomerId,
        /// The line's new record.
        line: LineId,
    },
    /// Ask a verifier whether a customer's name and document belong together.
    VerifyIdentity {
        /// The customer.
        customer: CustomerId,
        /// The correction that is asked about, if it is one.
        correction: Option<RawId>,
        /// Tells one saying from the next.
        said: RawId,
    },
    /// Tell somebody that a line is offered to them.
    TellOffer {
        /// Who offers it.
        customer: CustomerId,
        /// The offer.
        offer: RawId,
    },
    /// The time is over in which an owner alone can stop a request to be let in by people.
    RecoveryDue {
        /// Whose account it is about.
        customer: CustomerId,
        /// The request.
        request: RawId,
    },
    /// Compare a provider's bill of a day with our books.
    Reconcile {
        /// The house customer: a bill is about many.
        customer: CustomerId,
        /// The provider.
        provider: Provider,
        /// The day.
        day: BillDay,
    },
    /// Try the methods of an automatic renewal, one after the other.
    AutoRenew {
        /// The line's customer.
        customer: CustomerId,
        /// The line.
        line: LineId,
        /// The order of the cycle.
        order: OrderId,
    },
    /// Learn from the provider which card a payer wants to be remembered.
    KeepMethod {
        /// The attempt's customer.
        customer: CustomerId,
        /// The attempt that it paid.
        attempt: AttemptId,
    },
    /// Ask the provider to forget a saved method.
    ForgetMethod {
        /// The method's customer.
        customer: CustomerId,
        /// The method.
        method: PaymentMethodId,
    },
    /// Take what a provider said of a dispute before its payment was known here.
    TakeDispute {
        /// The house customer, until the payment is known.
        customer: CustomerId,
        /// The dispute.
        dispute: DisputeId,
        /// Who said it.
        provider: Provider,
        /// What.
        said: Box<DisputeSaid>,
    },
}

impl Job {
    /// The stable words of all kinds.
    pub const WORDS: [&str; 18] = [
        "tell_network",
        "activate_upstream",
        "query_payment",
        "close_payment",
        "refund",
        "send_message",
        "tell_beside",
        "message_unreported",
        "tell_account",
        "recovery_due",
        "take_over",
        "tell_offer",
        "verify_identity",
        "reconcile",
        "auto_renew",
        "keep_method",
        "forget_method",
        "take_dispute",
    ];
    /// How often a job failed when people are to look at it: about twenty minutes after the first time.
    pub const FAILURES_MAX: i64 = 12;
    /// Whether people may give it up: nobody's money or service waits for it, nothing of anybody's is left behind, and what was
    /// to be told is only not told.
    #[must_use]
    pub const fn may_be_given_up(&self) -> bool {
        matches!(
            self,
            Job::SendMessage { .. }
                | Job::TellBeside { .. }
                | Job::MessageUnreported { .. }
                | Job::TellAccount { .. }
                | Job::TellOffer { .. }
                | Job::KeepMethod { .. }
        )
    }
    /// Whose it is, and the order and the line that it is about, where it names them.
    #[must_use]
    pub const fn about(&self) -> (CustomerId, Option<OrderId>, Option<LineId>) {
        match *self {
            Job::TellNetwork { customer, line, .. }
            | Job::TellBeside { customer, line, .. }
            | Job::TakeOver { customer, line } => (customer, None, Some(line)),
            Job::SendMessage { customer, line, order, .. } => (customer, order, Some(line)),
            Job::AutoRenew { customer, line, order } => (customer, Some(order), Some(line)),
            Job::ActivateUpstream { customer, order } => (customer, Some(order), None),
            Job::QueryPayment { customer, .. }
            | Job::ClosePayment { customer, .. }
            | Job::Refund { customer, .. }
            | Job::MessageUnreported { customer, .. }
            | Job::TellAccount { customer, .. }
            | Job::RecoveryDue { customer, .. }
            | Job::TellOffer { customer, .. }
            | Job::VerifyIdentity { customer, .. }
            | Job::Reconcile { customer, .. }
            | Job::KeepMethod { customer, .. }
            | Job::ForgetMethod { customer, .. }
            | Job::TakeDispute { customer, .. } => (customer, None, None),
        }
    }
    /// The id of the job: it follows from what it is about, so that one cause queues one job.
    #[must_use]
    pub fn id(&self) -> JobId {
        let id = match self {
            Job::TellNetwork { cause, action: NetworkAction::Reauthorize, session, .. } => mix(cause, &session.0, 1),
            Job::TellNetwork { cause, action: NetworkAction::Redirect, session, .. } => mix(cause, &session.0, 2),
            Job::ActivateUpstream { order, .. } => order.0.derive(3, 0),
            Job::QueryPayment { attempt, .. } => attempt.0.derive(4, 0),
            Job::ClosePayment { attempt, .. } => attempt.0.derive(5, 0),
            Job::Refund { refund, .. } => return Job::refund_id(*refund),
            Job::SendMessage { cause, kind, after, .. } => {
                let first = cause.0.derive(7, *kind as u8);
                after.map_or(first, |channel| first.branch(channel as u8 + 1))
            }
            // Two contact persons of one line differ where the line's other jobs do not.
            Job::TellBeside { cause, to: Beside::Contact(id), kind, .. } => mix(cause, id, 15).derive(0, *kind as u8),
            Job::TellBeside { cause, to: Beside::Number, kind, .. } => cause.0.derive(16, *kind as u8),
            Job::MessageUnreported { message, .. } => message.0.derive(17, 0),
            Job::TellAccount { event, former, .. } => event.derive(13, u8::from(*former)),
            Job::RecoveryDue { request, .. } => request.derive(14, 0),
            Job::TakeOver { line, .. } => line.0.derive(21, 0),
            Job::TellOffer { offer, .. } => offer.derive(22, 0),
            Job::VerifyIdentity { said, .. } => said.derive(23, 0),
            Job::Reconcile { provider, day, .. } => day.raw_id().derive(8, *provider as u8),
            Job::AutoRenew { order, .. } => order.0.derive(11, 0),
            Job::KeepMethod { attempt, .. } => attempt.0.derive(9, 0),
            Job::ForgetMethod { method, .. } => method.0.derive(10, 0),
            Job::TakeDispute { dispute, said, .. } => dispute.0.derive(12, said.state as u8),
        };
        JobId(id)
    }
    /// The id of the job that brings a refund about.
    #[must_use]
    pub const fn refund_id(refund: RefundId) -> JobId {
        JobId(refund.0.derive(6, 0))
    }
    /// The stable word for its kind.
    #[must_use]
    pub const fn word(&self) -> &'static str {
        match self {
            Job::TellNetwork { .. } => "tell_network",
            Job::ActivateUpstream { .. } => "activate_upstream",
            Job::QueryPayment { .. } => "query_payment",
            Job::ClosePayment { .. } => "close_payment",
            Job::Refund { .. } => "refund",
            Job::SendMessage { .. } => "send_message",
            Job::TellBeside { .. } => "tell_beside",
            Job::MessageUnreported { .. } => "message_unreported",
            Job::TellAccount { .. } => "tell_account",
            Job::RecoveryDue { .. } => "recovery_due",
            Job::TakeOver { .. } => "take_over",
            Job::TellOffer { .. } => "tell_offer",
            Job::VerifyIdentity { .. } => "verify_identity",
            Job::Reconcile { .. } => "reconcile",
            Job::AutoRenew { .. } => "auto_renew",
            Job::KeepMethod { .. } => "keep_method",
            Job::ForgetMethod { .. } => "forget_method",
            Job::TakeDispute { .. } => "take_dispute",
        }
    }
    /// Whose it is; the house's where it is about nobody or many.
    #[must_use]
    pub const fn customer(&self) -> CustomerId {
        match self {
            Job::TellNetwork { customer, .. }
            | Job::ActivateUpstream { customer, .. }
            | Job::QueryPayment { customer, .. }
            | Job::ClosePayment { customer, .. }
            | Job::Refund { customer, .. }
            | Job::SendMessage { customer, .. }
            | Job::TellBeside { customer, .. }
            | Job::MessageUnreported { customer, .. }
            | Job::TellAccount { customer, .. }
            | Job::RecoveryDue { customer, .. }
            | Job::TakeOver { customer, .. }
            | Job::TellOffer { customer, .. }
            | Job::VerifyIdentity { customer, .. }
            | Job::Reconcile { customer, .. }
            | Job::AutoRenew { customer, .. }
            | Job::KeepMethod { customer, .. }
            | Job::ForgetMethod { customer, .. }
            | Job::TakeDispute { customer, .. } => *customer,
        }
    }
    /// Whether all that it does is to tell somebody something.
    #[must_use]
    pub const fn tells(&self) -> bool {
        matches!(
            self,
            Job::SendMessage { .. } | Job::TellBeside { .. } | Job::TellAccount { .. } | Job::TellOffer { .. }
        )
    }
    /// The session whose jobs must run one after the other, where order matters: what the network is told about it.
    #[must_use]
    pub const fn ordered_by(&self) -> Option<SessionId> {
        match self {
            Job::TellNetwork { session, .. } => Some(*session),
            _ => None,
        }
    }
}

/// One telling of one session, or of one person: the cause's time, the other's randomness.
fn mix(cause: &JobId, other: &RawId, tag: u8) -> RawId {
    let mut bytes = cause.0.bytes();
    for (byte, other) in bytes.iter_mut().zip(other.bytes()).skip(9) {
        *byte ^= other;
    }
    RawId::from_bytes(bytes).derive(tag, 0)
}
