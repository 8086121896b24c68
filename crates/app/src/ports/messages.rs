//! How people are told, and what providers tell of it.

use super::{NoticeRefusal, Probed};
use async_trait::async_trait;
use everline_core::identifiers::Msisdn;
use everline_core::ids::MessageId;
use everline_core::message::{Address, Channel, PushSubscription, Reason, Reported};
use std::collections::BTreeMap;
use std::sync::Arc;
use tokio::sync::{mpsc, oneshot};

/// The ways to people that a brand has.
#[derive(Clone, Default)]
pub struct Messengers(pub(super) BTreeMap<Channel, Arc<dyn Messenger>>);

impl Messengers {
    /// With one more way.
    #[must_use]
    pub fn with(mut self, channel: Channel, port: Arc<dyn Messenger>) -> Self {
        self.0.insert(channel, port);
        self
    }
    /// The port of a way.
    #[must_use]
    pub fn of(&self, channel: Channel) -> Option<&dyn Messenger> {
        self.0.get(&channel).map(AsRef::as_ref)
    }
    /// The ways there are, in the order in which they are tried.
    pub fn channels(&self) -> impl Iterator<Item = Channel> + '_ {
        self.0.keys().copied()
    }
}

/// A message to a person: a template and its parameters, never free text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OutgoingMessage {
    /// The same at every repetition.
    pub id: MessageId,
    /// Where to.
    pub to: Address,
    /// The template's name.
    pub template: &'static str,
    /// Its parameters.
    pub parameters: Vec<(&'static str, String)>,
    /// BCP 47.
    pub language: String,
    /// Whether it may have been handed over before.
    pub repeated: bool,
    /// Whether its provider is to report what becomes of it.
    pub reported: bool,
}

/// What became of handing a message over.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Handed {
    /// The provider took it, and may report under this name: the provider's word, a colon, and its number.
    Accepted(Option<String>),
    /// The provider will not take it.
    Refused(Reason),
    /// The address is no more: nothing is to be sent there again.
    Gone,
    /// Surely not taken: there is no connection, or the provider wants us to be slower. Try later.
    NotYet,
    /// Not known. Handed over again as *repeated* it does not arrive twice: the provider sees that it is the same, or the
    /// adapter asks first.
    Unknown,
    /// Not known, and nobody can be asked: it is not handed over again.
    Lost,
}

/// What a provider reports of a message that it took.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeliveryReport {
    /// The name that [`Handed::Accepted`] gave.
    pub reference: String,
    /// What became of it.
    pub reported: Reported,
    /// Its code for why.
    pub reason: Option<Reason>,
}

/// A short message that somebody sent to us.
#[derive(Clone, PartialEq, Eq)]
pub struct ReceivedMessage {
    /// From whom; nobody proved it.
    pub from: Msisdn,
    /// Our number that it was sent to.
    pub to: String,
    /// What it says.
    pub text: String,
}

/// What a provider tells us by itself.
pub enum Told {
    /// What became of a message.
    Report(DeliveryReport),
    /// Somebody wrote to us.
    Message(ReceivedMessage),
}

/// Something that a provider with a standing connection told us. It is acknowledged once it is kept.
pub struct Inbound {
    /// What it says.
    pub told: Told,
    /// Takes whether it is kept; dropped without a word, it is not.
    pub kept: oneshot::Sender<bool>,
}

/// Where adapters put what they are told.
pub type InboundSender = mpsc::Sender<Inbound>;
/// Where it comes out.
pub type InboundReceiver = mpsc::Receiver<Inbound>;

/// The side of a messenger that takes by HTTP what its provider tells by itself.
pub trait ReportHook: Send + Sync {
    /// Reads what it tells, if the secret in the address is the one that the provider was given.
    ///
    /// # Errors
    /// [`NoticeRefusal::Forged`] if it is another one, [`NoticeRefusal::Unreadable`].
    fn read(&self, secret: &str, body: &[u8]) -> Result<Vec<Told>, NoticeRefusal>;
    /// What the provider wants to read when that is kept.
    fn acknowledgement(&self) -> &'static str;
}

/// The side of a messenger that browsers are told of when they subscribe.
pub trait Browsers: Send + Sync {
    /// Its public key, in base64url: what a browser subscribes with.
    fn key(&self) -> String;
    /// Whether the push service of a browser is one that may be called.
    fn takes(&self, browser: &PushSubscription) -> bool;
}

/// What people will read of a message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Preview {
    /// Its title, where the way has one.
    pub title: Option<String>,
    /// Its text.
    pub text: String,
    /// What the provider calls its own template, where it writes the text itself from ours.
    pub template: Option<String>,
}

/// Who tells people, by one way.
#[async_trait]
pub trait Messenger: Send + Sync {
    /// Hands a message over.
    async fn send(&self, message: &OutgoingMessage) -> Handed;
    /// The side of it that takes by HTTP what its provider tells, if it has one.
    fn hook(&self) -> Option<&dyn ReportHook> {
        None
    }
    /// The side of it that browsers subscribe at, if it has one.
    fn browsers(&self) -> Option<&dyn Browsers> {
        None
    }
    /// What people will read of a message; `None` if it cannot be sent by this way.
    fn preview(&self, _message: &OutgoingMessage) -> Option<Preview> {
        None
    }
    /// Whether its provider is there and knows us, without sending anything.
    async fn probe(&self) -> Probed {
        Probed::NotOffered
    }
}
