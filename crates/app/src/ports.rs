//! The outside, as the use cases see it. Every call can fail, hang, answer twice or lie: an answer that is not surely one
//! of the others is *unknown*, and unknown is never treated as failed.

use async_trait::async_trait;
use everline_core::effects::NetworkAction;
use everline_core::identifiers::{Iccid, Msisdn};
use everline_core::ids::{MessageId, SessionId};
use everline_core::money::Money;
use everline_core::payment::{Evidence, Method};
use std::sync::Arc;

/// All ports of an [`App`](crate::App).
#[derive(Clone)]
pub struct Ports {
    /// Where customers pay.
    pub payments: Arc<dyn PaymentProvider>,
    /// Our own network.
    pub built_in: Arc<dyn Network>,
    /// Another operator's network.
    pub upstream: Arc<dyn Network>,
    /// How people are told.
    pub messenger: Arc<dyn Messenger>,
}

/// What a provider is asked to take.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PaymentRequest {
    /// How the customer pays.
    pub method: Method,
    /// Our number for it.
    pub out_trade_no: String,
    /// How much.
    pub amount: Money,
    /// What the payer reads.
    pub subject: String,
    /// Seconds for which it can be paid.
    pub expires_in_s: i64,
    /// Where the payer's browser goes afterwards; tells nothing about payment.
    pub return_url: String,
}

/// What became of starting a payment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Started {
    /// The customer can pay here (a link, or the text of a QR code).
    Pay(String),
    /// Refused: surely nothing will be taken.
    Refused(String),
    /// Not known.
    Unknown,
}

/// What a provider says of a payment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PaymentStatus {
    /// Paid.
    Paid(Evidence),
    /// It waits for the payer.
    Waiting,
    /// The provider has no such payment (a QR code that nobody scanned).
    NotExist,
    /// Closed there without payment.
    Closed,
    /// Not known.
    Unknown,
}

/// What became of closing a payment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ClosedAnswer {
    /// No money can come any more.
    Closed,
    /// It was paid; ask for the evidence.
    AlreadyPaid,
    /// The provider has no such payment yet; one may still appear.
    NotExist,
    /// Not known.
    Unknown,
}

/// What became of a refund.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RefundStatus {
    /// The money went back.
    Done,
    /// Refused for good.
    Refused,
    /// Under way, or not known.
    Unknown,
}

/// A notice that is surely from the provider and for us.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PaymentNotice {
    /// The provider's id of it.
    pub name: String,
    /// What it says.
    pub says: NoticeSays,
}

/// What a verified notice says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum NoticeSays {
    /// Money was taken.
    Paid(Evidence),
    /// Nothing that changes anything.
    Nothing,
    /// Money was taken for another merchant or application; nothing of ours.
    OtherMerchant {
        /// Our number in it.
        out_trade_no: String,
    },
}

/// Why a notice is not believed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NoticeRefusal {
    /// It cannot be read.
    #[error("the notice cannot be read")]
    Unreadable,
    /// Its signature does not match.
    #[error("the notice's signature does not match")]
    Forged,
}

/// A payment provider.
#[async_trait]
pub trait PaymentProvider: Send + Sync {
    /// Asks it to take money.
    async fn start(&self, request: &PaymentRequest) -> Started;
    /// Asks what became of a payment.
    async fn query(&self, out_trade_no: &str) -> PaymentStatus;
    /// Asks it to take no more money for a payment.
    async fn close(&self, out_trade_no: &str) -> ClosedAnswer;
    /// Asks it to return money; the same `out_request_no` is the same refund.
    async fn refund(&self, out_trade_no: &str, out_request_no: &str, amount: Money) -> RefundStatus;
    /// Reads a notice and checks that it is from the provider.
    fn read_notice(&self, body: &[u8]) -> Result<PaymentNotice, NoticeRefusal>;
}

/// What a network is to make so.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NetworkChange {
    /// The same at every repetition: a network does it once.
    pub request_id: String,
    /// Whether it may have been asked before.
    pub repeated: bool,
    /// The line's number.
    pub msisdn: Msisdn,
    /// What to do.
    pub what: NetworkWhat,
}

/// The kinds of change.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum NetworkWhat {
    /// Change what a session may do (built-in network).
    Session {
        /// The session.
        session: SessionId,
        /// Where the network takes notices about it.
        notify_url: String,
        /// What it may do from now on.
        action: NetworkAction,
    },
    /// Activate what was bought (upstream network).
    Activate {
        /// The card or profile it is for.
        iccid: Iccid,
        /// The wholesale code of the plan.
        plan_code: String,
    },
}

/// What a network says of a change.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NetworkReply {
    /// It is so.
    Done,
    /// Accepted, not done: ask again.
    Submitted,
    /// Refused for good.
    Refused,
    /// The session ended meanwhile.
    Gone,
    /// Not known.
    Unknown,
}

/// A network that serves lines.
#[async_trait]
pub trait Network: Send + Sync {
    /// Makes a change so, or says how far it is. Asked again with the same request until it answers for good.
    async fn apply(&self, change: &NetworkChange) -> NetworkReply;
}

/// A message to a person.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OutgoingMessage {
    /// The same at every repetition.
    pub id: MessageId,
    /// Where to.
    pub to: Msisdn,
    /// The template's name.
    pub template: &'static str,
    /// Its parameters.
    pub parameters: Vec<(&'static str, String)>,
    /// BCP 47.
    pub language: String,
}

/// What became of a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MessageFate {
    /// The provider took it.
    Accepted,
    /// Refused for good.
    Refused,
    /// Not known; sending it again under the same id does no harm.
    Unknown,
}

/// Who tells people.
#[async_trait]
pub trait Messenger: Send + Sync {
    /// Sends a message.
    async fn send(&self, message: &OutgoingMessage) -> MessageFate;
}
