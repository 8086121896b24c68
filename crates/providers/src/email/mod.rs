//! Mail, by SMTP (RFC 5321) with TLS: one connection a message.
//!
//! A message has the same `Message-ID` at every repetition. If the answer to its text was lost, it may arrive twice, which SMTP leaves
//! to the receiver (§4.5.3.2.6); most show one. A refusal says why by its enhanced status code (RFC 3463); what bounces later is
//! reported to us by HTTP, as the report of RFC 3464 that the mail server got.

use crate::texts::Texts;
use async_trait::async_trait;
use aws_lc_rs::constant_time::verify_slices_are_equal;
use everline_app::clock::Clock;
use everline_app::ports::{
    DeliveryReport, Handed, Messenger, NoticeRefusal, OutgoingMessage, Preview, Probed, ReportHook, Told,
};
use everline_core::ids::RawId;
use everline_core::message::{Address, EmailAddress, Reason, Reported};
use lettre::message::header::{ContentType, Header, HeaderName, HeaderValue};
use lettre::message::{Mailbox, Message};
use lettre::transport::smtp::Error;
use lettre::transport::smtp::authentication::Credentials;
use lettre::transport::smtp::client::{Certificate, CertificateStore, Tls, TlsParameters};
use lettre::transport::smtp::extension::ClientId;
use lettre::{AsyncSmtpTransport, AsyncTransport, Tokio1Executor};
use std::sync::Arc;
use std::time::{Duration, UNIX_EPOCH};
use wire_messages::bounce::{self, Action};

/// How a mail server is spoken to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MailTls {
    /// In the clear until `STARTTLS`, and never without it (RFC 3207).
    StartTls,
    /// By TLS from the beginning (RFC 8314).
    Implicit,
    /// In the clear; for a server on the same machine.
    None,
}

/// A mail server, and who writes.
#[derive(Clone)]
pub struct EmailConfig {
    /// Its host.
    pub host: String,
    /// Its port.
    pub port: u16,
    /// How it is spoken to.
    pub tls: MailTls,
    /// Roots that are believed instead of the machine's, in PEM.
    pub roots: Option<String>,
    /// Name and password.
    pub login: Option<(String, String)>,
    /// From whom mail is.
    pub from: EmailAddress,
    /// What that is called, by language: the brand's name.
    pub from_name: Vec<(String, String)>,
    /// How long the server may take.
    pub timeout: Duration,
    /// The secret in the address that bounces are reported to, if they are.
    pub report_secret: Option<String>,
}

/// What keeps mail from being set up.
#[derive(Debug, thiserror::Error)]
#[error("TLS towards the mail server: {0}")]
pub struct EmailError(String);

/// The client.
pub struct Email {
    transport: AsyncSmtpTransport<Tokio1Executor>,
    config: EmailConfig,
    clock: Arc<Clock>,
    texts: Arc<Texts>,
}

impl Email {
    /// A client.
    ///
    /// # Errors
    /// [`EmailError`].
    pub fn new(config: EmailConfig, clock: Arc<Clock>, texts: Arc<Texts>) -> Result<Self, EmailError> {
        let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
        let parameters = || tls(&config).map_err(|error| EmailError(error.to_string()));
        let tls = match config.tls {
            MailTls::StartTls => Tls::Required(parameters()?),
            MailTls::Implicit => Tls::Wrapper(parameters()?),
            MailTls::None => Tls::None,
        };
        let builder = AsyncSmtpTransport::<Tokio1Executor>::builder_dangerous(config.host.clone());
        let builder = builder.port(config.port).tls(tls).timeout(Some(config.timeout));
        let mut builder = builder.hello_name(ClientId::Domain(config.from.domain().to_owned()));
        if let Some((name, password)) = &config.login {
            builder = builder.credentials(Credentials::new(name.clone(), password.clone()));
        }
        Ok(Self { transport: builder.build(), config, clock, texts })
    }

    fn message_id(&self, id: RawId) -> String {
        format!("{id}@{}", self.config.from.domain())
    }

    /// The whole mail; `None` if it has no text or cannot be written.
    fn mail(&self, message: &OutgoingMessage, to: &EmailAddress) -> Option<Message> {
        let composed = self.texts.compose(message)?;
        let name = self.config.from_name.iter().find(|(tag, _)| *tag == message.language);
        let name = name.or_else(|| self.config.from_name.first()).map(|(_, name)| name.clone());
        let now = UNIX_EPOCH + Duration::from_micros(self.clock.now().system.us().unsigned_abs());
        let builder = Message::builder()
            .from(Mailbox::new(name, self.config.from.as_str().parse().ok()?))
            .to(Mailbox::new(None, to.as_str().parse().ok()?))
            .subject(composed.title)
            .date(now)
            .message_id(Some(format!("<{}>", self.message_id(message.id.0))))
            .header(AutoSubmitted)
            .header(ContentType::TEXT_PLAIN);
        builder.body(composed.text).ok()
    }
}

fn tls(config: &EmailConfig) -> Result<TlsParameters, Error> {
    let mut builder = TlsParameters::builder(config.host.clone());
    if let Some(roots) = &config.roots {
        builder = builder.certificate_store(CertificateStore::None);
        builder = builder.add_root_certificate(Certificate::from_pem(roots.as_bytes())?);
    }
    builder.build_rustls()
}

/// What an error of the server, or of the way to it, means for a mail.
fn failed(error: &Error) -> Handed {
    let Some(status) = error.status() else {
        tracing::warn!(timeout = error.is_timeout(), tls = error.is_tls(), "the mail server could not be used");
        return if error.is_client() || error.is_tls() { Handed::NotYet } else { Handed::Unknown };
    };
    let (status, said) = (status.to_string(), error.to_string());
    let enhanced = said.split_whitespace().find(|word| bounce::is_status(word));
    let reason = Reason::of(enhanced.unwrap_or(&status));
    match status.as_str() {
        // Who we are is refused, not the mail: that can be mended.
        "530" | "534" | "535" | "538" => {
            tracing::error!(code = reason.as_str(), "the mail server does not let us in");
            Handed::NotYet
        }
        _ if error.is_permanent() => Handed::Refused(reason),
        _ => Handed::NotYet,
    }
}

/// What an error says when nothing was to be sent.
fn probed(error: &Error) -> Probed {
    match error.status() {
        Some(status) => Probed::failed(&status.to_string()),
        None if error.is_timeout() => Probed::failed("timeout"),
        None if error.is_tls() => Probed::failed("tls"),
        None => Probed::failed("no_connection"),
    }
}

fn reference(message_id: &str) -> String {
    format!("email:{message_id}")
}

/// Nobody's machine is to answer (RFC 3834 §5).
#[derive(Clone)]
struct AutoSubmitted;
impl Header for AutoSubmitted {
    fn name() -> HeaderName {
        HeaderName::new_from_ascii_str("Auto-Submitted")
    }
    fn parse(_: &str) -> Result<Self, Box<dyn std::error::Error + Send + Sync>> {
        Ok(Self)
    }
    fn display(&self) -> HeaderValue {
        HeaderValue::new(Self::name(), "auto-generated".to_owned())
    }
}

#[async_trait]
impl Messenger for Email {
    async fn send(&self, message: &OutgoingMessage) -> Handed {
        let Address::Email(to) = &message.to else { return Handed::Refused(Reason::of("no_mailbox")) };
        let Some(mail) = self.mail(message, to) else {
            tracing::error!(template = message.template, "no such template, or a parameter is missing");
            return Handed::Refused(Reason::of("no_text"));
        };
        match self.transport.send(mail).await {
            Ok(_) => {
                let reference = || reference(&self.message_id(message.id.0));
                Handed::Accepted(message.reported.then(reference))
            }
            Err(error) => failed(&error),
        }
    }
    fn preview(&self, message: &OutgoingMessage) -> Option<Preview> {
        self.texts.preview(message, true)
    }
    /// Connects, says who we are, and leaves.
    async fn probe(&self) -> Probed {
        match self.transport.test_connection().await {
            Ok(true) => Probed::Fine,
            Ok(false) => Probed::failed("not_ready"),
            Err(error) => probed(&error),
        }
    }
    fn hook(&self) -> Option<&dyn ReportHook> {
        self.config.report_secret.as_ref().map(|_| self as &dyn ReportHook)
    }
}

impl ReportHook for Email {
    fn read(&self, secret: &str, body: &[u8]) -> Result<Vec<Told>, NoticeRefusal> {
        let ours = self.config.report_secret.as_deref().unwrap_or_default();
        if ours.is_empty() || verify_slices_are_equal(ours.as_bytes(), secret.as_bytes()).is_err() {
            return Err(NoticeRefusal::Forged);
        }
        let bounce = bounce::read(body).map_err(|_| NoticeRefusal::Unreadable)?;
        // A report about somebody else's mail would be kept for nothing.
        let ours = bounce.message_id.ends_with(&format!("@{}", self.config.from.domain()));
        let reported = match bounce.action {
            Action::Delivered if ours => Reported::Delivered,
            Action::Failed if ours => Reported::Failed,
            _ => return Ok(Vec::new()),
        };
        let reason = bounce.status.filter(|_| reported == Reported::Failed).map(|status| Reason::of(&status));
        Ok(vec![Told::Report(DeliveryReport { reference: reference(&bounce.message_id), reported, reason })])
    }
    fn acknowledgement(&self) -> &'static str {
        ""
    }
}
