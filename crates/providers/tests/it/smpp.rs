//! SMPP against a message centre that does what a test says, octet by octet; and against one that we did not write.

use crate::rig::{message, texts};
use everline_app::ports::{Handed, Inbound, InboundReceiver, Messenger, OutgoingMessage, Probed, Told};
use everline_core::identifiers::Msisdn;
use everline_core::ids::{MessageId, RawId};
use everline_core::message::{Address, Reason, Reported};
use everline_providers::sms::smpp::{IdForm, Smpp, SmppConfig, Source};
use serde_json::Value;
use std::path::PathBuf;
use std::process::Stdio;
use std::sync::Arc;
use std::time::Duration;
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader, Lines};
use tokio::net::{TcpListener, TcpStream};
use tokio::process::{Child, ChildStdout, Command};
use tokio::sync::mpsc;
use tokio::task::JoinHandle;

const SUBMIT: u32 = 4;
const DELIVER: u32 = 5;
const BIND: u32 = 9;
const ENQUIRE: u32 = 0x15;
const RESPONSE: u32 = 0x8000_0000;

fn config(port: u16) -> SmppConfig {
    SmppConfig {
        host: "127.0.0.1".to_owned(),
        port,
        tls: None,
        system_id: "everline".to_owned(),
        password: "secret08".to_owned(),
        system_type: String::new(),
        source: Source::parse("10690000").unwrap(),
        calling_code: "86".to_owned(),
        receipt_ids: IdForm::Same,
        window: 10,
        per_second: 0,
        enquire: Duration::from_secs(20),
        timeout: Duration::from_secs(10),
    }
}

/// A messenger with its connection running, and what is told over it.
struct Ours {
    smpp: Arc<Smpp>,
    inbound: InboundReceiver,
    link: JoinHandle<()>,
}
impl Drop for Ours {
    fn drop(&mut self) {
        self.link.abort();
    }
}

fn ours(config: SmppConfig) -> Ours {
    let (sender, inbound) = mpsc::channel(8);
    let (smpp, link) = Smpp::new(config, texts(), sender).unwrap();
    Ours { smpp: Arc::new(smpp), inbound, link: tokio::spawn(link.run()) }
}

impl Ours {
    fn send(&self, message: OutgoingMessage) -> JoinHandle<Handed> {
        let smpp = self.smpp.clone();
        tokio::spawn(async move { smpp.send(&message).await })
    }
}

fn numbered(n: u64) -> OutgoingMessage {
    OutgoingMessage { id: MessageId(RawId::new_v7(n, [1; 10])), ..message("one_time_code", "zh-CN") }
}

/// The message centre's end of a connection.
struct Centre {
    stream: TcpStream,
}

/// A PDU: command, status, sequence, body.
type Pdu = (u32, u32, u32, Vec<u8>);

impl Centre {
    async fn bound(listener: &TcpListener) -> Self {
        let (stream, _) = listener.accept().await.unwrap();
        let mut centre = Self { stream };
        let (command, _, sequence, body) = centre.read().await;
        assert_eq!(command, BIND);
        assert!(body.starts_with(b"everline\0secret08\0"));
        centre.write(BIND | RESPONSE, 0, sequence, b"centre\0").await;
        centre
    }
    async fn read(&mut self) -> Pdu {
        let length = self.stream.read_u32().await.unwrap();
        let (command, status, sequence) = (
            self.stream.read_u32().await.unwrap(),
            self.stream.read_u32().await.unwrap(),
            self.stream.read_u32().await.unwrap(),
        );
        let mut body = vec![0; length as usize - 16];
        self.stream.read_exact(&mut body).await.unwrap();
        (command, status, sequence, body)
    }
    async fn submit(&mut self) -> (u32, Vec<u8>) {
        let (command, _, sequence, body) = self.read().await;
        assert_eq!(command, SUBMIT);
        (sequence, body)
    }
    async fn write(&mut self, command: u32, status: u32, sequence: u32, body: &[u8]) {
        let length = u32::try_from(body.len()).unwrap() + 16;
        let head = [length, command, status, sequence].map(u32::to_be_bytes).concat();
        self.stream.write_all(&[&head, body].concat()).await.unwrap();
    }
    async fn taken(&mut self, sequence: u32, id: &str) {
        self.write(SUBMIT | RESPONSE, 0, sequence, format!("{id}\0").as_bytes()).await;
    }
    async fn deliver(&mut self, sequence: u32, esm_class: u8, text: &str) {
        let mut body = b"\0\x01\x018613800138001\0\x03\0".to_vec();
        body.extend(b"10690000\0");
        body.extend([esm_class, 0, 0, 0, 0, 0, 0, 0, 0, u8::try_from(text.len()).unwrap()]);
        body.extend(text.as_bytes());
        self.write(DELIVER, 0, sequence, &body).await;
    }
}

/// Fields of a submit_sm after the addresses: esm_class, registered_delivery, data_coding, and the text.
fn fields(body: &[u8]) -> (u8, u8, u8, Vec<u8>) {
    let rest = body.strip_prefix(b"\0\x03\x0010690000\0\x01\x018613800138001\0").unwrap();
    (rest[0], rest[5], rest[7], rest[10..].to_vec())
}

async fn listen() -> (TcpListener, u16) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    (listener, port)
}

#[tokio::test]
async fn a_long_message_goes_part_by_part_and_the_last_asks_for_the_receipt() {
    let (listener, port) = listen().await;
    let ours = ours(config(port));
    let mut centre = Centre::bound(&listener).await;
    let text = message("auto_renew_consent", "zh-CN");
    let long = OutgoingMessage {
        parameters: [
            text.parameters.clone(),
            ["renewal", "price", "agreed"].map(|name| (name, "一".repeat(20))).to_vec(),
        ]
        .concat(),
        ..text
    };
    let sending = ours.send(long);
    let mut said = String::new();
    for (number, id) in [(1, "A1"), (2, "A2"), (3, "A3")] {
        let (sequence, body) = centre.submit().await;
        let (esm_class, receipt, coding, octets) = fields(&body);
        assert_eq!((esm_class, receipt, coding), (0x40, u8::from(number == 3), 8));
        assert_eq!((&octets[..3], &octets[4..6]), (&[5, 0, 3][..], &[3, number][..]));
        let units: Vec<u16> = octets[6..].chunks(2).map(|pair| u16::from_be_bytes([pair[0], pair[1]])).collect();
        said.push_str(&String::from_utf16(&units).unwrap());
        centre.taken(sequence, id).await;
    }
    assert_eq!(sending.await.unwrap(), Handed::Accepted(Some("smpp:a3".to_owned())));
    assert!(said.starts_with("【青禾通信】朵朵的手表的“一一"), "{said}");
}

#[tokio::test]
async fn a_message_whose_answer_is_lost_is_not_sent_again_and_the_connection_comes_back() {
    let (listener, port) = listen().await;
    let ours = ours(config(port));
    let mut centre = Centre::bound(&listener).await;
    let (lost, other) = (ours.send(numbered(1)), ours.send(numbered(2)));
    centre.submit().await;
    let (sequence, _) = centre.submit().await;
    centre.write(SUBMIT | RESPONSE, 0x0b, sequence, b"").await;
    drop(centre);
    let handed = [lost.await.unwrap(), other.await.unwrap()];
    assert!(handed.contains(&Handed::Lost), "{handed:?}");
    assert!(handed.contains(&Handed::Refused(Reason::of("smpp:0xb"))), "{handed:?}");
    let mut centre = Centre::bound(&listener).await;
    // A node that died cannot say what it sent.
    let repeated = OutgoingMessage { repeated: true, ..numbered(3) };
    assert_eq!(ours.smpp.send(&repeated).await, Handed::Lost);
    let sending = ours.send(numbered(4));
    let (sequence, _) = centre.submit().await;
    centre.taken(sequence, "7").await;
    assert_eq!(sending.await.unwrap(), Handed::Accepted(Some("smpp:7".to_owned())));
}

#[tokio::test]
async fn without_a_connection_nothing_is_taken() {
    let (listener, port) = listen().await;
    drop(listener);
    let ours = ours(config(port));
    assert_eq!(ours.smpp.send(&numbered(1)).await, Handed::NotYet);
    let (listener, port) = listen().await;
    let stranger = self::ours(config(port));
    let (mut stream, _) = listener.accept().await.unwrap();
    let sending = stranger.send(numbered(1));
    // ESME_RINVPASWD.
    stream.write_all(&[0, 0, 0, 16, 0x80, 0, 0, 9, 0, 0, 0, 0x0e, 0, 0, 0, 1]).await.unwrap();
    assert_eq!(sending.await.unwrap(), Handed::NotYet);
}

#[tokio::test]
async fn who_is_told_to_be_slower_is_and_the_window_is_kept() {
    let (listener, port) = listen().await;
    let ours = ours(SmppConfig { window: 2, ..config(port) });
    let mut centre = Centre::bound(&listener).await;
    let sending: Vec<_> = (0..3).map(|n| ours.send(numbered(n))).collect();
    let (first, _) = centre.submit().await;
    let (second, _) = centre.submit().await;
    // No third one until one of them is answered: the next thing to come is the answer to our own question.
    centre.write(ENQUIRE, 0, 77, b"").await;
    let (command, _, sequence, _) = centre.read().await;
    assert_eq!((command, sequence), (ENQUIRE | RESPONSE, 77));
    centre.write(SUBMIT | RESPONSE, 0x58, first, b"").await;
    centre.taken(second, "2").await;
    for id in ["1", "3"] {
        let (sequence, _) = centre.submit().await;
        centre.taken(sequence, id).await;
    }
    for sending in sending {
        assert!(matches!(sending.await.unwrap(), Handed::Accepted(Some(_)) | Handed::NotYet));
    }
}

#[tokio::test]
async fn receipts_are_acknowledged_once_they_are_kept() {
    let (listener, port) = listen().await;
    let mut ours = ours(SmppConfig { receipt_ids: IdForm::DecimalReceipt, ..config(port) });
    let mut centre = Centre::bound(&listener).await;
    for (sequence, keep, status) in [(5, false, 0x64), (6, true, 0)] {
        centre.deliver(sequence, 4, "id:6699 sub:001 dlvrd:000 stat:UNDELIV err:027 text:x").await;
        let Inbound { told, kept } = ours.inbound.recv().await.unwrap();
        let Told::Report(report) = told else { panic!("a receipt") };
        assert_eq!((report.reference.as_str(), report.reported), ("smpp:1a2b", Reported::Failed));
        assert_eq!(report.reason, Some(Reason::of("UNDELIV:027")));
        kept.send(keep).unwrap();
        assert_eq!(centre.read().await, (DELIVER | RESPONSE, status, sequence, vec![0]));
    }
    // What is not final, and what cannot be read, is acknowledged and forgotten.
    for text in ["id:1 stat:ENROUTE", "nonsense"] {
        centre.deliver(7, 4, text).await;
        assert_eq!(centre.read().await, (DELIVER | RESPONSE, 0, 7, vec![0]));
    }
    centre.deliver(8, 0, "BAL").await;
    let Inbound { told, kept } = ours.inbound.recv().await.unwrap();
    let Told::Message(message) = told else { panic!("a message") };
    assert_eq!((message.from.as_str(), message.to.as_str(), message.text.as_str()), ("13800138001", "10690000", "BAL"));
    drop(kept);
    assert_eq!(centre.read().await, (DELIVER | RESPONSE, 0x64, 8, vec![0]));
}

#[tokio::test]
async fn one_damaged_message_ends_nothing_and_what_is_no_pdu_ends_the_session() {
    let (listener, port) = listen().await;
    let ours = ours(config(port));
    let mut centre = Centre::bound(&listener).await;
    centre.write(DELIVER, 0, 9, b"\0\x01").await;
    assert_eq!(centre.read().await, (DELIVER | RESPONSE, 0x66, 9, vec![0]));
    centre.write(0x103, 0, 10, b"data_sm").await;
    assert_eq!(centre.read().await, (RESPONSE, 3, 10, Vec::new()));
    let sending = ours.send(numbered(1));
    let (sequence, _) = centre.submit().await;
    centre.taken(sequence + 1_000, "of nobody").await;
    centre.stream.write_all(&[0xff; 16]).await.unwrap();
    assert_eq!(sending.await.unwrap(), Handed::Lost);
    Centre::bound(&listener).await;
}

#[tokio::test]
async fn a_centre_that_falls_silent_is_left() {
    let (listener, port) = listen().await;
    let (enquire, timeout) = (Duration::from_millis(20), Duration::from_millis(200));
    let ours = ours(SmppConfig { enquire, timeout, ..config(port) });
    let mut centre = Centre::bound(&listener).await;
    let (command, _, sequence, _) = centre.read().await;
    assert_eq!(command, ENQUIRE);
    centre.write(ENQUIRE | RESPONSE, 0, sequence, b"").await;
    assert_eq!(centre.read().await.0, ENQUIRE, "and again; this one is not answered");
    let next = Centre::bound(&listener).await;
    drop((next, ours));
}

/// A message centre made of npm `smpp`.
struct Stranger {
    said: Lines<BufReader<ChildStdout>>,
    port: u16,
    _child: Child,
}

impl Stranger {
    async fn start() -> Self {
        Self::start_with(&[]).await
    }
    /// With a certificate and its key, by TLS.
    async fn start_with(files: &[PathBuf]) -> Self {
        let script = format!("{}/tests/strangers/smsc.cjs", env!("CARGO_MANIFEST_DIR"));
        let mut command = Command::new("node");
        let command = command.arg(script).args(files).stdout(Stdio::piped());
        let mut child = command.kill_on_drop(true).spawn().unwrap();
        let mut said = BufReader::new(child.stdout.take().unwrap()).lines();
        let port = said.next_line().await.unwrap().unwrap().parse().unwrap();
        Self { said, port, _child: child }
    }
    async fn next(&mut self) -> Value {
        serde_json::from_str(&self.said.next_line().await.unwrap().expect("it ended")).unwrap()
    }
    async fn says(&mut self, what: &str) -> Value {
        loop {
            let said = self.next().await;
            if said["what"] == what {
                return said;
            }
        }
    }
}

fn to(number: &str, language: &str) -> OutgoingMessage {
    let to = Address::Sms(Msisdn::parse(number).unwrap());
    let random = number.bytes().fold(0, |sum: u8, byte| sum.wrapping_mul(31).wrapping_add(byte));
    let mut message =
        OutgoingMessage { id: MessageId(RawId::new_v7(1, [random; 10])), to, ..message("suspended", language) };
    if language == "en" {
        // All of it in the default alphabet, some of it behind an escape.
        message
            .parameters
            .iter_mut()
            .filter(|(name, _)| *name == "brand")
            .for_each(|(_, brand)| *brand = "Qinghe€".to_owned());
    }
    message
}

#[tokio::test]
#[ignore = "needs npm smpp: bash xtask/scripts/messages.sh"]
async fn strangers_message_centre_takes_what_we_send_and_its_receipts_are_read() {
    let mut stranger = Stranger::start().await;
    let mut ours = ours(SmppConfig { receipt_ids: IdForm::DecimalReceipt, ..config(stranger.port) });
    stranger.says("bound").await;
    stranger.says("we are there").await;
    // GSM 7 bit in one part, and with a euro sign; UCS-2 in two.
    let text = |message: &OutgoingMessage| texts().compose(message).unwrap().text;
    for message in [to("13800138001", "en"), to("13800138001", "zh-CN")] {
        let Handed::Accepted(Some(reference)) = ours.smpp.send(&message).await else { panic!("not taken") };
        let said = stranger.says("message").await;
        assert_eq!(said["text"], text(&message), "{said}");
        assert_eq!(said["parts"], if message.language == "en" { "one" } else { "several" }, "{said}");
        assert_eq!((said["to"].as_str(), said["from"].as_str()), (Some("8613800138001"), Some("10690000")));
        let Inbound { told, kept } = ours.inbound.recv().await.unwrap();
        let Told::Report(report) = told else { panic!("a receipt") };
        assert_eq!((report.reference, report.reported, report.reason), (reference, Reported::Delivered, None));
        kept.send(true).unwrap();
        assert_eq!(stranger.says("receipt answered").await["status"], 0);
    }
    // Its receipt is a text without optional parameters, the id in decimal digits.
    let Handed::Accepted(Some(reference)) = ours.smpp.send(&to("13800138002", "en")).await else { panic!("not taken") };
    let Inbound { told: Told::Report(report), kept } = ours.inbound.recv().await.unwrap() else { panic!("a receipt") };
    assert_eq!((report.reference, report.reported), (reference, Reported::Failed));
    assert_eq!(report.reason, Some(Reason::of("UNDELIV:027")));
    kept.send(true).unwrap();
    // Throttled twice, then taken.
    assert!(matches!(ours.smpp.send(&to("13800138003", "en")).await, Handed::Accepted(Some(_))));
    let Inbound { told, kept } = ours.inbound.recv().await.unwrap();
    assert!(matches!(told, Told::Report(_)));
    kept.send(true).unwrap();
    // Not an address there.
    assert_eq!(ours.smpp.send(&to("13800138004", "en")).await, Handed::Refused(Reason::of("smpp:0xb")));
    // Somebody writes.
    assert!(matches!(ours.smpp.send(&to("13800138005", "en")).await, Handed::Accepted(_)));
    let Inbound { told: Told::Message(message), kept } = ours.inbound.recv().await.unwrap() else {
        panic!("a message")
    };
    assert_eq!((message.from.as_str(), message.text.as_str()), ("13800138005", "余额 €?"));
    kept.send(true).unwrap();
    // It hangs up instead of an answer, and we come back.
    assert_eq!(ours.smpp.send(&to("13800138006", "en")).await, Handed::Lost);
    stranger.says("bound").await;
    assert!(matches!(ours.smpp.send(&to("13800138002", "en")).await, Handed::Accepted(_)));
}

#[tokio::test]
#[ignore = "needs npm smpp and PyPI cryptography: bash xtask/scripts/messages.sh"]
async fn strangers_message_centre_is_bound_by_tls_and_by_its_own_certificate_alone() {
    let folder = tempfile::tempdir().unwrap();
    let script = format!("{}/tests/strangers/certificates.py", env!("CARGO_MANIFEST_DIR"));
    let python = std::env::var("EVERLINE_PYTHON").unwrap_or_else(|_| "python3".to_owned());
    let made = Command::new(python).arg(script).arg(folder.path()).status().await.unwrap();
    assert!(made.success());
    let pem = |name: &str| std::fs::read_to_string(folder.path().join(name)).unwrap();
    let files = |name: &str| ["pem", "key"].map(|end| folder.path().join(format!("{name}.{end}")));
    let by = |port: u16, host: &str, roots: Option<String>| {
        let timeout = Duration::from_secs(3);
        ours(SmppConfig { host: host.to_owned(), tls: Some(roots), timeout, ..config(port) })
    };

    for host in ["localhost", "127.0.0.1"] {
        let mut stranger = Stranger::start_with(&files("leaf")).await;
        let mut ours = by(stranger.port, host, Some(pem("root.pem")));
        assert_eq!(stranger.next().await["what"], "bound", "{host}");
        assert!(matches!(ours.smpp.send(&to("13800138001", "en")).await, Handed::Accepted(Some(_))));
        stranger.says("message").await;
        let Inbound { told: Told::Report(report), kept } = ours.inbound.recv().await.unwrap() else {
            panic!("a receipt")
        };
        assert_eq!(report.reported, Reported::Delivered);
        kept.send(true).unwrap();
        assert_eq!(stranger.says("receipt answered").await["status"], 0);
    }
    // A root that certified it not, the machine's roots, a certificate for another name: no password goes there.
    for (what, leaf, roots, why) in [
        ("another root", "leaf", Some(pem("other.pem")), "ALERT_UNKNOWN_CA"),
        ("the machine's roots", "leaf", None, "ALERT_UNKNOWN_CA"),
        ("another name", "elsewhere", Some(pem("root.pem")), "ALERT_BAD_CERTIFICATE"),
    ] {
        let mut stranger = Stranger::start_with(&files(leaf)).await;
        let ours = by(stranger.port, "localhost", roots);
        assert_eq!(ours.smpp.send(&to("13800138001", "en")).await, Handed::NotYet, "{what}");
        let said = stranger.next().await;
        assert_eq!(said["what"], "tls refused", "{what}: {said}");
        assert!(said["why"].as_str().unwrap().ends_with(why), "{what}: {said}");
    }
    // A centre that does not speak TLS is not spoken to without.
    let mut stranger = Stranger::start().await;
    let refused = by(stranger.port, "localhost", Some(pem("root.pem")));
    assert_eq!(refused.smpp.send(&to("13800138001", "en")).await, Handed::NotYet);
    drop(refused);
    let _clear = ours(config(stranger.port));
    assert_eq!(stranger.next().await["what"], "bound", "the first thing that it hears");
}

#[tokio::test]
async fn a_probe_asks_over_the_connection_and_sends_nothing() {
    let (listener, port) = listen().await;
    let ours = ours(config(port));
    let mut centre = Centre::bound(&listener).await;
    let smpp = ours.smpp.clone();
    let probing = tokio::spawn(async move { smpp.probe().await });
    let (command, _, sequence, body) = centre.read().await;
    assert_eq!((command, body.len()), (ENQUIRE, 0));
    centre.write(ENQUIRE | RESPONSE, 0, sequence, b"").await;
    assert_eq!(probing.await.unwrap(), Probed::Fine);
    // The connection ends while somebody waits to hear of it; then there is none.
    let smpp = ours.smpp.clone();
    let probing = tokio::spawn(async move { smpp.probe().await });
    assert_eq!(centre.read().await.0, ENQUIRE);
    drop((centre, listener));
    assert_eq!(probing.await.unwrap(), Probed::failed("no_answer"));
    assert_eq!(ours.smpp.probe().await, Probed::failed("not_connected"));
}
