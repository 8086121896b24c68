//! Mail to a server that we did not write, and the reports that come back by HTTP.

use crate::rig::{message, reports, texts};
use everline_app::clock::Clock;
use everline_app::ports::{Handed, Messenger, NoticeRefusal, OutgoingMessage, Probed};
use everline_core::ids::{MessageId, RawId};
use everline_core::message::{Address, EmailAddress, Reason, Reported};
use everline_core::time::SystemTime;
use everline_providers::email::{Email, EmailConfig, MailTls};
use serde_json::Value;
use std::process::Stdio;
use std::sync::Arc;
use std::time::Duration;
use tokio::io::{AsyncBufReadExt, BufReader, Lines};
use tokio::net::TcpListener;
use tokio::process::{Child, ChildStdout, Command};

fn config(port: u16, tls: MailTls, roots: Option<String>) -> EmailConfig {
    EmailConfig {
        host: "127.0.0.1".to_owned(),
        port,
        tls,
        roots,
        login: None,
        from: EmailAddress::parse("hello@my.example.com").unwrap(),
        from_name: vec![("zh-CN".to_owned(), "青禾通信".to_owned()), ("en".to_owned(), "Qinghe Mobile".to_owned())],
        timeout: Duration::from_secs(10),
        report_secret: Some("sesame-sesame-sesame".to_owned()),
    }
}

fn email(config: EmailConfig) -> Email {
    let clock = Arc::new(Clock::manual(SystemTime::from_us(1_773_115_200_000_000), 1));
    Email::new(config, clock, texts()).unwrap()
}

fn to(address: &str, language: &str) -> OutgoingMessage {
    let to = Address::Email(EmailAddress::parse(address).unwrap());
    OutgoingMessage { to, ..message("suspended", language) }
}

#[tokio::test]
async fn a_server_that_is_not_there_takes_nothing() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    drop(listener);
    let email = email(config(port, MailTls::None, None));
    assert!(matches!(email.send(&to("lin@example.com", "en")).await, Handed::NotYet | Handed::Unknown));
    assert_eq!(email.probe().await, Probed::failed("no_connection"));
}

#[tokio::test]
async fn a_probe_says_who_we_are_and_leaves() {
    use tokio::io::AsyncWriteExt as _;
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let server = tokio::spawn(async move {
        let (stream, _) = listener.accept().await.unwrap();
        let (reader, mut writer) = stream.into_split();
        let mut heard = Vec::new();
        writer.write_all(b"220 mail.example.com\r\n").await.unwrap();
        let mut lines = BufReader::new(reader).lines();
        while let Ok(Some(line)) = lines.next_line().await {
            heard.push(line.split(' ').next().unwrap_or_default().to_owned());
            writer.write_all(b"250 fine\r\n").await.unwrap();
        }
        heard
    });
    let email = email(config(port, MailTls::None, None));
    assert_eq!(email.probe().await, Probed::Fine);
    drop(email);
    let heard = server.await.unwrap();
    assert!(heard.contains(&"EHLO".to_owned()) && !heard.contains(&"MAIL".to_owned()), "{heard:?}");
}

#[test]
fn a_bounce_names_its_mail_by_its_message_id() {
    let email = email(config(25, MailTls::None, None));
    let hook = email.hook().unwrap();
    let id = MessageId(RawId::new_v7(1, [1; 10]));
    let bounce = |action: &str, domain: &str| {
        format!(
            "Content-Type: multipart/report; report-type=delivery-status; boundary=B\n\n--B\n\
             Content-Type: message/delivery-status\n\nReporting-MTA: dns; mx\n\nAction: {action}\nStatus: 5.2.1\n\n--B\n\
             Content-Type: message/rfc822\n\nSubject: x\nMessage-ID: <{id}@{domain}>\n\nhello\n--B--\n"
        )
    };
    let read = |text: &str| hook.read("sesame-sesame-sesame", text.as_bytes()).map(reports);
    let failed = read(&bounce("failed", "my.example.com")).unwrap();
    assert_eq!(failed.len(), 1);
    assert_eq!(failed[0].reference, format!("email:{id}@my.example.com"));
    assert_eq!((failed[0].reported, failed[0].reason.clone()), (Reported::Failed, Some(Reason::of("5.2.1"))));
    assert_eq!(read(&bounce("delivered", "my.example.com")).unwrap()[0].reported, Reported::Delivered);
    assert_eq!(read(&bounce("delayed", "my.example.com")), Ok(Vec::new()));
    assert_eq!(read(&bounce("failed", "other.example.com")), Ok(Vec::new()), "somebody else's mail");
    assert_eq!(read("hello"), Err(NoticeRefusal::Unreadable));
    for secret in ["", "sesame", "sesame-sesame-sesamf"] {
        let refused = hook.read(secret, bounce("failed", "my.example.com").as_bytes());
        assert_eq!(refused.err(), Some(NoticeRefusal::Forged));
    }
    let mut closed = config(25, MailTls::None, None);
    closed.report_secret = None;
    assert!(self::email(closed).hook().is_none());
}

/// A mail server made of PyPI `aiosmtpd`.
struct Stranger {
    said: Lines<BufReader<ChildStdout>>,
    /// With TLS, and without.
    ports: [u16; 2],
    roots: String,
    _folder: tempfile::TempDir,
    _child: Child,
}

impl Stranger {
    async fn start() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let script = format!("{}/tests/strangers/mail.py", env!("CARGO_MANIFEST_DIR"));
        let python = std::env::var("EVERLINE_PYTHON").unwrap_or_else(|_| "python3".to_owned());
        let mut command = Command::new(python);
        let command = command.arg(script).arg(folder.path()).stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut child = command.kill_on_drop(true).spawn().unwrap();
        let mut said = BufReader::new(child.stdout.take().unwrap()).lines();
        let ports = serde_json::from_str(&said.next_line().await.unwrap().expect("it ended")).unwrap();
        let roots = std::fs::read_to_string(folder.path().join("root.pem")).unwrap();
        Self { said, ports, roots, _folder: folder, _child: child }
    }
    async fn mail(&mut self) -> Value {
        serde_json::from_str(&self.said.next_line().await.unwrap().expect("it ended")).unwrap()
    }
    fn config(&self) -> EmailConfig {
        let login = Some(("everline".to_owned(), "geheim ü".to_owned()));
        EmailConfig { login, ..config(self.ports[0], MailTls::StartTls, Some(self.roots.clone())) }
    }
}

#[tokio::test]
#[ignore = "needs PyPI aiosmtpd: bash xtask/scripts/messages.sh"]
async fn strangers_mail_server_takes_what_we_write_and_its_refusals_are_read() {
    let mut stranger = Stranger::start().await;
    let email = self::email(stranger.config());
    let message = to("lin@example.com", "zh-CN");
    let id = format!("{}@my.example.com", message.id);
    for repeated in [false, true] {
        let message = OutgoingMessage { repeated, ..message.clone() };
        assert_eq!(email.send(&message).await, Handed::Accepted(Some(format!("email:{id}"))));
        let mail = stranger.mail().await;
        let composed = texts().compose(&message).unwrap();
        assert_eq!(mail["tls"], true);
        assert_eq!((mail["sender"].as_str(), mail["user"].as_str()), (Some("hello@my.example.com"), Some("everline")));
        assert_eq!(mail["to"], serde_json::json!(["lin@example.com"]));
        assert_eq!(mail["hello"], "my.example.com");
        assert_eq!(mail["text"].as_str().unwrap().trim_end(), composed.text);
        let headers = &mail["headers"];
        assert_eq!(headers["subject"], composed.title);
        assert_eq!(headers["from"], "青禾通信 <hello@my.example.com>");
        assert_eq!(headers["message-id"], format!("<{id}>"), "the same at every repetition");
        assert_eq!(headers["auto-submitted"], "auto-generated");
        assert_eq!(headers["date"], "Tue, 10 Mar 2026 04:00:00 +0000");
        assert!(mail["longest"].as_u64().unwrap() <= 998, "RFC 5321 4.5.3.1.6");
    }
    for (address, handed) in [
        ("nobody@example.com", Handed::Refused(Reason::of("5.1.1"))),
        ("spam@example.com", Handed::Refused(Reason::of("5.7.1"))),
        ("full@example.com", Handed::NotYet),
        ("slow@example.com", Handed::NotYet),
    ] {
        assert_eq!(email.send(&to(address, "en")).await, handed, "{address}");
    }
    // Who we are is refused, and not the mail.
    let wrong = Some(("everline".to_owned(), "wrong".to_owned()));
    let denied = self::email(EmailConfig { login: wrong, ..stranger.config() });
    assert_eq!(denied.send(&message).await, Handed::NotYet);
    // No TLS, or one that nobody vouches for: nothing is sent.
    let bare = self::email(config(stranger.ports[1], MailTls::StartTls, Some(stranger.roots.clone())));
    assert_eq!(bare.send(&message).await, Handed::NotYet);
    let unknown = self::email(EmailConfig { roots: None, ..stranger.config() });
    assert!(matches!(unknown.send(&message).await, Handed::NotYet | Handed::Unknown));
    let clear = self::email(config(stranger.ports[1], MailTls::None, None));
    assert!(matches!(clear.send(&to("lin@example.com", "en")).await, Handed::Accepted(_)));
    let mail = stranger.mail().await;
    assert_eq!(
        (mail["tls"].as_bool(), mail["headers"]["subject"].as_str()),
        (Some(false), Some("Duoduo's watch has no service"))
    );
}
