//! The outside, as the use cases see it. Every call can fail, hang, answer twice or lie: an answer that is not surely one
//! of the others is *unknown*, and unknown is never treated as failed.

mod messages;
mod own_browser;
mod watch;

pub use messages::{
    Browsers, DeliveryReport, Handed, Inbound, InboundReceiver, InboundSender, Messenger, Messengers, OutgoingMessage,
    Preview, ReceivedMessage, ReportHook, Told,
};
pub use own_browser::{OwnBrowser, PayerAnswer, PayerName};
pub use watch::{Health, KeyFor, KnownKey, MINUTES, NO_PAYMENT, Outside, Probed, Watch};

use async_trait::async_trait;
use everline_core::dispute::DisputeSaid;
use everline_core::effects::NetworkAction;
use everline_core::identifiers::{Iccid, Msisdn};
use everline_core::identity::{Person, Verdict};
use everline_core::ids::{CustomerId, SessionId};
use everline_core::money::Money;
use everline_core::payment::{Evidence, Method, Provider};
use everline_core::reconciliation::{BillDay, BillLine};
use everline_core::time::SystemTime;
use std::collections::BTreeMap;
use std::net::IpAddr;
use std::sync::Arc;

/// All ports of an [`App`](crate::App).
#[derive(Clone)]
pub struct Ports {
    /// Where customers pay.
    pub payments: Payments,
    /// Our own network.
    pub built_in: Arc<dyn Network>,
    /// Another operator's network.
    pub upstream: Arc<dyn Network>,
    /// How people are told.
    pub messengers: Messengers,
    /// Who proves that a name and a document belong together; people do where there is nobody.
    pub identity: Option<Arc<dyn IdentityVerifier>>,
    /// What came of calls to them lately, and the keys in use.
    pub watch: Arc<Watch>,
}

/// Whoever knows which name belongs to which document.
#[async_trait]
pub trait IdentityVerifier: Send + Sync {
    /// What it is called where it is written down who verified somebody.
    fn name(&self) -> &str;
    /// Whether they belong together; `None` if there was no answer. Asked again, it costs again and changes nothing.
    async fn verify(&self, person: &Person) -> Option<Verdict>;
}

/// The payment providers of a brand.
#[derive(Clone, Default)]
pub struct Payments(BTreeMap<Provider, Arc<dyn PaymentProvider>>);

impl Payments {
    /// With one more provider.
    #[must_use]
    pub fn with(mut self, provider: Provider, port: Arc<dyn PaymentProvider>) -> Self {
        self.0.insert(provider, port);
        self
    }
    /// The port to a provider; `None` where the brand has no account with it (any more).
    #[must_use]
    pub fn of(&self, provider: Provider) -> Option<&dyn PaymentProvider> {
        self.0.get(&provider).map(AsRef::as_ref)
    }
    /// The port that takes money by a method.
    #[must_use]
    pub fn by(&self, method: Method) -> Option<&dyn PaymentProvider> {
        self.of(method.provider()?)
    }
    /// The providers there are.
    pub fn providers(&self) -> impl Iterator<Item = Provider> + '_ {
        self.0.keys().copied()
    }
    /// The methods that can be offered, in the order in which people are offered them.
    pub fn methods(&self) -> impl Iterator<Item = Method> + '_ {
        let offered = |method: &Method| self.by(*method).is_some_and(|port| port.takes(*method));
        Method::ALL.iter().copied().filter(offered)
    }
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
    /// Until when it can be paid.
    pub expires_at: SystemTime,
    /// Where the payer's browser goes afterwards; tells nothing about payment.
    pub return_url: String,
    /// The payer's address on the network, which some providers want to compare.
    pub payer_ip: Option<IpAddr>,
    /// For whom the card is to be kept, if its owner wants that.
    pub keep_for: Option<Holder>,
    /// The provider's name for the payer, where one person alone can pay it.
    pub payer: Option<PayerName>,
}

/// For whom a provider keeps methods.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Holder {
    /// Our customer.
    pub customer: CustomerId,
    /// The provider's name for them; it is asked for one if there is none yet.
    pub reference: Option<String>,
}

/// Money to take from a kept method while its owner is away.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DebitRequest {
    /// Our number for it; sent again under the same number with the same content it is the same debit.
    pub out_trade_no: String,
    /// How much.
    pub amount: Money,
    /// What it is for.
    pub subject: String,
    /// The provider's name for the method.
    pub token: String,
    /// The provider's name for its owner.
    pub holder: String,
}

/// What became of a debit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Debited {
    /// The money was taken.
    Paid(Evidence),
    /// Refused: surely nothing was taken, and nothing will be.
    Refused {
        /// Whether the bank wants to ask the owner: they can pay by the same card if they come.
        authentication: bool,
        /// The provider's name for what is left of it.
        reference: Option<String>,
    },
    /// The provider works on it.
    UnderWay {
        /// Its name for it.
        reference: String,
    },
    /// Not known.
    Unknown,
}

/// A method as its provider keeps it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeptMethod {
    /// The provider's name for it.
    pub token: String,
    /// The provider's name for its owner.
    pub holder: String,
    /// The card's brand, such as `visa`.
    pub brand: String,
    /// Its last four digits.
    pub last4: String,
    /// The last month in which it can be used: year and month.
    pub good_until: (i16, i8),
    /// The same for the same card, whoever uses it.
    pub fingerprint: Option<String>,
}

/// What became of keeping a method.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Kept {
    /// It is kept.
    Method(KeptMethod),
    /// It is not, and will not be.
    No,
    /// Not known.
    Unknown,
}

/// What became of forgetting a method.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Forgot {
    /// It cannot be used any more.
    Done,
    /// Not known.
    Unknown,
}

/// A provider that keeps methods for us, and takes money from them while their owners are away.
#[async_trait]
pub trait MethodKeeper: Send + Sync {
    /// Asks it to take money.
    async fn debit(&self, request: &DebitRequest) -> Debited;
    /// Asks which method paid, and whether it is kept; by the provider's number of the payment.
    async fn kept(&self, trade_no: &str) -> Kept;
    /// Asks it to forget a method.
    async fn forget(&self, token: &str) -> Forgot;
}

/// An attempt as its provider knows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PaymentRef {
    /// Our number for it.
    pub out_trade_no: String,
    /// The provider's name for it, where it gave one when the attempt was started.
    pub reference: Option<String>,
}

/// Money to return.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RefundRequest {
    /// Our number of the attempt.
    pub out_trade_no: String,
    /// The provider's number of it.
    pub trade_no: String,
    /// The same number is the same refund.
    pub out_request_no: String,
    /// How much of it.
    pub amount: Money,
    /// What the attempt brought.
    pub received: Money,
}

/// What became of starting a payment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Started {
    /// The customer can pay.
    Pay(Payable),
    /// Refused: surely nothing will be taken.
    Refused(String),
    /// Not known.
    Unknown,
}

/// Where a customer can pay.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Payable {
    /// A link, the text of a QR code, or what [`OwnBrowser::hand_over`] takes.
    pub url: String,
    /// Until when it can be opened, if not as long as the payment can be paid.
    pub url_until: Option<SystemTime>,
    /// The provider's name for the payment, where it must be asked by that.
    pub reference: Option<String>,
    /// The provider's name for the payer, if it keeps the method.
    pub holder: Option<String>,
}

impl Payable {
    /// A place that works as long as the payment does, of a payment that goes by our number.
    #[must_use]
    pub const fn at(url: String) -> Self {
        Self { url, url_until: None, reference: None, holder: None }
    }
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

/// A day whose bill is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DayOfBill {
    /// The day.
    pub day: BillDay,
    /// Its first instant.
    pub from: SystemTime,
    /// The first instant after it.
    pub until: SystemTime,
}

/// What a provider says when asked for its bill of a day.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum BillAnswer {
    /// It is not made yet.
    NotYet,
    /// Not known: no answer, or none that can be believed.
    Unknown,
    /// The whole bill, its lines in its order.
    Bill(Vec<BillLine>),
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
    /// A refund went on: its provider is to be asked how far it is.
    RefundMoved {
        /// The refund's number.
        out_request_no: String,
    },
    /// A payer asks the bank for the money back, or that went on.
    Dispute(DisputeSaid),
    /// A card was used, with success or without.
    CardUsed {
        /// Our number of the payment.
        out_trade_no: String,
        /// The same for the same card, whoever uses it.
        fingerprint: String,
    },
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
    /// It is too old or too new to be believed.
    #[error("the notice's time is too far from ours")]
    Stale,
    /// It is signed with a key that we do not know: a new one, perhaps.
    #[error("the notice is signed with a key that is not known")]
    UnknownKey,
}

/// A notice as it arrived.
#[derive(Debug, Clone, Copy)]
pub struct RawNotice<'a> {
    /// Its body.
    pub body: &'a [u8],
    /// Its headers: names in lower case, values as text.
    pub headers: &'a [(&'a str, &'a str)],
    /// When it arrived.
    pub at: SystemTime,
}

impl<'a> RawNotice<'a> {
    /// The value of a header, by its name in lower case.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&'a str> {
        self.headers.iter().find(|(other, _)| *other == name).map(|(_, value)| *value)
    }
}

/// A payment provider.
#[async_trait]
pub trait PaymentProvider: Send + Sync {
    /// Whether it takes money by a method.
    fn takes(&self, method: Method) -> bool;
    /// Asks it to take money. The same number is the same payment: asked again, it gives a place to pay again.
    async fn start(&self, request: &PaymentRequest) -> Started;
    /// Asks what became of a payment.
    async fn query(&self, payment: &PaymentRef) -> PaymentStatus;
    /// Asks it to take no more money for a payment.
    async fn close(&self, payment: &PaymentRef) -> ClosedAnswer;
    /// Asks it to return money, or how far it is; the same number is the same refund.
    async fn refund(&self, request: &RefundRequest) -> RefundStatus;
    /// How far a refund is, without asking for one; `None` if it surely was never asked for. Of a provider that does not
    /// dispute payments nobody needs to know.
    async fn find_refund(&self, _request: &RefundRequest) -> Option<RefundStatus> {
        Some(RefundStatus::Unknown)
    }
    /// Asks for its bill of a day: every payment, refund, fee and payout. A bill comes whole or not at all.
    async fn bill(&self, day: &DayOfBill) -> BillAnswer;
    /// The side of it that keeps methods, if it has one.
    fn keeper(&self) -> Option<&dyn MethodKeeper> {
        None
    }
    /// The side of it that has a browser, if there is one and it may be asked who uses it.
    fn own_browser(&self) -> Option<&dyn OwnBrowser> {
        None
    }
    /// Reads a notice and checks that it is from the provider.
    fn read_notice(&self, notice: &RawNotice<'_>) -> Result<PaymentNotice, NoticeRefusal>;
    /// Whether it is there and knows us: asks about a payment that nobody made.
    async fn probe(&self) -> Probed {
        let nothing = PaymentRef { out_trade_no: NO_PAYMENT.to_owned(), reference: None };
        match self.query(&nothing).await {
            PaymentStatus::Unknown => Probed::failed("no_answer"),
            _ => Probed::Fine,
        }
    }
    /// The keys that it learned from the provider itself.
    fn keys(&self) -> Vec<KnownKey> {
        Vec::new()
    }
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

/// What a network says of the money that it holds for us, paid ahead.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FloatAnswer {
    /// So much is left.
    Left(Money),
    /// It holds none, or does not say.
    NotOffered,
    /// Not known.
    Unknown,
}

/// A network that serves lines.
#[async_trait]
pub trait Network: Send + Sync {
    /// Makes a change so, or says how far it is. Asked again with the same request until it answers for good.
    async fn apply(&self, change: &NetworkChange) -> NetworkReply;
    /// What it holds of our money (upstream network).
    async fn float(&self) -> FloatAnswer {
        FloatAnswer::NotOffered
    }
    /// Whether it is there and knows us.
    async fn probe(&self) -> Probed {
        Probed::NotOffered
    }
}
