//! Short messages through a message centre, by SMPP 3.4: one connection, bound for both directions, that comes back by itself.
//!
//! **Doubles.** The protocol has no number of ours by which a message centre could tell a repetition. So a message is handed over at
//! most once: if the connection or its answer is lost after it went out, nobody knows, and it is not sent again (the next way is
//! tried). What was surely not taken, because there was no connection or the message centre wanted us to be slower, is tried again.
//!
//! A receipt is asked for with the last part of a long message alone: one that did not arrive whole is not *delivered*.

mod link;
mod session;

pub use link::Link;
pub use wire_messages::smpp::IdForm;

use crate::texts::Texts;
use crate::tls::{self, TlsError};
use async_trait::async_trait;
use everline_app::ports::{Handed, InboundSender, Messenger, OutgoingMessage, Preview, Probed};
use everline_core::message::{Address, Reason};
use rustls::ClientConfig;
use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{mpsc, oneshot};
use tokio::time::timeout;
use wire_messages::smpp::{Part, split};

/// Where the message centre is, who we are there, and how fast we may be.
#[derive(Debug, Clone)]
pub struct SmppConfig {
    /// Its host.
    pub host: String,
    /// Its port.
    pub port: u16,
    /// Whether it is spoken to by TLS, and the roots that are believed instead of the machine's, in PEM.
    pub tls: Option<Option<String>>,
    /// Who we are.
    pub system_id: String,
    /// How we prove it.
    pub password: String,
    /// What we are; often empty.
    pub system_type: String,
    /// From whom messages come.
    pub source: Source,
    /// Put before the national numbers of customers.
    pub calling_code: String,
    /// How receipts write the ids of messages.
    pub receipt_ids: IdForm,
    /// Most messages that wait for an answer.
    pub window: usize,
    /// Most messages in a second; 0 for as many as are taken.
    pub per_second: u32,
    /// After how much silence the message centre is asked whether it is there.
    pub enquire: Duration,
    /// How long an answer may take.
    pub timeout: Duration,
}

/// A sender: a type, a plan (§5.2.5, §5.2.6) and what the receiver sees.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Source {
    ton: u8,
    npi: u8,
    shown: String,
}

/// What is no sender.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a number like +8610690000 or 10690000, or a name of at most 11 letters and digits, expected")]
pub struct NoSource;

impl Source {
    /// An international number after a `+`, a number as the network knows it, or a name.
    ///
    /// # Errors
    /// [`NoSource`].
    pub fn parse(text: &str) -> Result<Self, NoSource> {
        let digits = |text: &str| (1..=20).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit());
        let (ton, npi, shown) = match text.strip_prefix('+') {
            Some(number) if digits(number) => (1, 1, number),
            None if digits(text) => (3, 0, text),
            None if (1..=11).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_alphanumeric()) => {
                (5, 0, text)
            }
            _ => return Err(NoSource),
        };
        Ok(Self { ton, npi, shown: shown.to_owned() })
    }
}

/// A message on its way to the session.
struct Request {
    parts: VecDeque<Part>,
    /// The international number.
    to: String,
    reported: bool,
    answer: oneshot::Sender<Handed>,
}

/// What the connection is asked for.
enum Wanted {
    /// To hand a message over.
    Message(Request),
    /// Whether the message centre is there.
    Probe(oneshot::Sender<Probed>),
}

/// Hands messages to the connection.
pub struct Smpp {
    requests: mpsc::Sender<Wanted>,
    texts: Arc<Texts>,
    calling_code: String,
    patience: Duration,
}

impl Smpp {
    /// A messenger, and the connection behind it, which lives as long as [`Link::run`] does.
    ///
    /// # Errors
    /// [`TlsError`].
    pub fn new(config: SmppConfig, texts: Arc<Texts>, inbound: InboundSender) -> Result<(Self, Link), TlsError> {
        let tls: Option<Arc<ClientConfig>> =
            config.tls.as_ref().map(|roots| tls::client(roots.as_deref())).transpose()?;
        let (requests, waiting) = mpsc::channel(config.window.max(1));
        let (calling_code, patience) = (config.calling_code.clone(), config.timeout);
        let messenger = Self { requests, texts, calling_code, patience };
        Ok((messenger, Link::new(config, tls, waiting, inbound)))
    }
}

#[async_trait]
impl Messenger for Smpp {
    async fn send(&self, message: &OutgoingMessage) -> Handed {
        if message.repeated {
            return Handed::Lost;
        }
        let Address::Sms(to) = &message.to else { return Handed::Refused(Reason::of("no_number")) };
        let Some(composed) = self.texts.compose(message) else {
            tracing::error!(template = message.template, "no such template, or a parameter is missing");
            return Handed::Refused(Reason::of("no_text"));
        };
        // Differs between the messages of one cause too.
        let reference = message.id.bytes().into_iter().fold(0, |all, byte| all ^ byte);
        let Ok(parts) = split(&composed.text, reference) else { return Handed::Refused(Reason::of("too_long")) };
        let to = format!("{}{}", self.calling_code, to.as_str());
        let (answer, answered) = oneshot::channel();
        let request = Request { parts: parts.into(), to, reported: message.reported, answer };
        // Others may be before us: who waits for too long was surely not sent.
        if !matches!(timeout(self.patience, self.requests.send(Wanted::Message(request))).await, Ok(Ok(()))) {
            return Handed::NotYet;
        }
        // A connection that ended without an answer may have sent it.
        answered.await.unwrap_or(Handed::Lost)
    }
    fn preview(&self, message: &OutgoingMessage) -> Option<Preview> {
        self.texts.preview(message, false)
    }
    /// Asks over the connection whether the message centre is there (`enquire_link`).
    async fn probe(&self) -> Probed {
        let (answer, answered) = oneshot::channel();
        if !matches!(timeout(self.patience, self.requests.send(Wanted::Probe(answer))).await, Ok(Ok(()))) {
            return Probed::failed("no_connection");
        }
        match timeout(self.patience, answered).await {
            Ok(Ok(probed)) => probed,
            _ => Probed::failed("no_answer"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn senders() {
        let source = |ton, npi, shown: &str| Ok(Source { ton, npi, shown: shown.to_owned() });
        assert_eq!(Source::parse("+8610690000"), source(1, 1, "8610690000"));
        assert_eq!(Source::parse("10690000"), source(3, 0, "10690000"));
        assert_eq!(Source::parse("Qinghe"), source(5, 0, "Qinghe"));
        for bad in ["", "+", "+86x", "name too long", "青禾", "123456789012345678901"] {
            assert_eq!(Source::parse(bad), Err(NoSource), "{bad}");
        }
    }
}
