//! One session: bound, with messages out and receipts in, until something ends it.

use super::{Request, SmppConfig, Wanted};
use everline_app::ports::{DeliveryReport, Handed, Inbound, InboundSender, Probed, ReceivedMessage, Told};
use everline_core::identifiers::Msisdn;
use everline_core::message::{Reason, Reported};
use std::collections::{HashMap, VecDeque};
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, ReadHalf, WriteHalf};
use tokio::sync::{mpsc, oneshot};
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep_until, timeout};
use wire_messages::smpp::{
    Bind, Body, Deliver, Pdu, Receipt, State, Status, Submit, bind_transceiver, decode, enquire_link, frame,
    generic_nack, read, respond, submit_sm, unbind,
};

/// Most messages for us that are being kept; more are not read from the connection until then.
const KEEPING_MAX: usize = 64;
/// How long we are silent after being told to be slower, first and at most.
const SLOWER_MIN: Duration = Duration::from_millis(500);
const SLOWER_MAX: Duration = Duration::from_secs(16);
/// Numbers of PDUs end here (§3.2.4).
const SEQUENCE_MAX: u32 = 0x7fff_ffff;

/// How a session ended.
pub(super) enum Ended {
    /// Nobody has messages any more.
    Idle,
    /// It was not bound, with this status.
    NotBound(u32),
    /// The connection is of no use any more.
    Lost(&'static str),
}

/// A message whose parts go out one after the other.
struct Sending {
    request: Request,
    /// Whether a part was taken: then the message is not as if it had never been.
    begun: bool,
    /// Until when its next part may wait.
    until: Instant,
}

impl Sending {
    fn answer(self, handed: Handed) {
        // Whoever asked may be gone.
        let _ = self.request.answer.send(handed);
    }
    /// It is given up before its next part went out.
    fn give_up(self) {
        let handed = if self.begun { Handed::Lost } else { Handed::NotYet };
        self.answer(handed);
    }
}

struct Session<'a, S> {
    config: &'a SmppConfig,
    writer: WriteHalf<S>,
    sequence: u32,
    /// Messages with a part to go out.
    ready: VecDeque<Sending>,
    /// Messages with a part that was not answered, and until when it must be.
    waiting: HashMap<u32, (Sending, Instant)>,
    heard_at: Instant,
    /// Until when the question whether it is there must be answered.
    enquired: Option<Instant>,
    /// Who wants to know whether it is there: told with the next that it sends.
    probing: Vec<oneshot::Sender<Probed>>,
    /// Nothing goes out before.
    not_before: Instant,
    slower: Duration,
    keeping: JoinSet<(Pdu, bool)>,
    inbound: InboundSender,
}

/// Binds over a connection, and stays until it ends. What was not answered by then may have been taken.
pub(super) async fn run<S: AsyncRead + AsyncWrite + Send>(
    stream: S,
    config: &SmppConfig,
    requests: &mut mpsc::Receiver<Wanted>,
    inbound: &InboundSender,
) -> Ended {
    let (mut reader, writer) = tokio::io::split(stream);
    let now = Instant::now();
    let mut session = Session {
        config,
        writer,
        sequence: 0,
        ready: VecDeque::new(),
        waiting: HashMap::new(),
        heard_at: now,
        enquired: None,
        probing: Vec::new(),
        not_before: now,
        slower: SLOWER_MIN,
        keeping: JoinSet::new(),
        inbound: inbound.clone(),
    };
    let mut buffer = Vec::new();
    let ended = match session.bind(&mut reader, &mut buffer).await {
        Ok(()) => {
            tracing::info!("bound to the message centre");
            session.serve(&mut reader, &mut buffer, requests).await
        }
        Err(ended) => ended,
    };
    if matches!(ended, Ended::Idle) {
        let sequence = session.next_sequence();
        // We leave, whether it hears that or not.
        let _ = session.write(&unbind(sequence)).await;
    }
    session.waiting.into_values().for_each(|(sending, _)| sending.answer(Handed::Lost));
    session.ready.into_iter().for_each(Sending::give_up);
    ended
}

/// The number of the next PDU.
const fn following(sequence: u32) -> u32 {
    if sequence >= SEQUENCE_MAX { 1 } else { sequence + 1 }
}

/// The first whole PDU of what was read, and what remains.
fn take(buffer: &mut Vec<u8>) -> Result<Option<Pdu>, Ended> {
    const NO_PDU: Ended = Ended::Lost("it sent what is no PDU");
    let Some(length) = frame(buffer).map_err(|_| NO_PDU)?.filter(|length| buffer.len() >= *length) else {
        return Ok(None);
    };
    let rest = buffer.split_off(length);
    let pdu = read(&std::mem::replace(buffer, rest)).map_err(|_| NO_PDU)?;
    Ok(Some(pdu))
}

impl<S: AsyncRead + AsyncWrite + Send> Session<'_, S> {
    fn next_sequence(&mut self) -> u32 {
        self.sequence = following(self.sequence);
        self.sequence
    }

    async fn write(&mut self, pdu: &[u8]) -> Result<(), Ended> {
        match timeout(self.config.timeout, self.writer.write_all(pdu)).await {
            Ok(Ok(())) => Ok(()),
            _ => Err(Ended::Lost("it takes nothing any more")),
        }
    }

    async fn bind(&mut self, reader: &mut ReadHalf<S>, buffer: &mut Vec<u8>) -> Result<(), Ended> {
        let SmppConfig { system_id, password, system_type, .. } = self.config;
        let sequence = self.next_sequence();
        let bind = bind_transceiver(sequence, &Bind { system_id, password, system_type });
        self.write(&bind.map_err(|_| Ended::Lost("the name or password is too long"))?).await?;
        let until = Instant::now() + self.config.timeout;
        loop {
            if let Some(pdu) = take(buffer)? {
                match pdu.body {
                    Body::Bound if pdu.status == Status::OK => return Ok(()),
                    Body::Bound | Body::GenericNack => return Err(Ended::NotBound(pdu.status.0)),
                    _ => continue,
                }
            }
            tokio::select! {
                read = reader.read_buf(buffer) => {
                    if !matches!(read, Ok(1..)) {
                        return Err(Ended::Lost("it hung up before it let us in"));
                    }
                }
                () = sleep_until(until) => return Err(Ended::Lost("it does not answer")),
            }
        }
    }

    async fn serve(
        &mut self,
        reader: &mut ReadHalf<S>,
        buffer: &mut Vec<u8>,
        requests: &mut mpsc::Receiver<Wanted>,
    ) -> Ended {
        self.heard_at = Instant::now();
        loop {
            if let Err(ended) = self.step(reader, buffer, requests).await {
                return ended;
            }
        }
    }

    /// Sends what may go out, and waits for the next thing to happen.
    async fn step(
        &mut self,
        reader: &mut ReadHalf<S>,
        buffer: &mut Vec<u8>,
        requests: &mut mpsc::Receiver<Wanted>,
    ) -> Result<(), Ended> {
        while let Some(pdu) = take(buffer)? {
            self.received(pdu).await?;
        }
        self.send_ready().await?;
        let room = self.ready.len() + self.waiting.len() < self.config.window;
        let wake_at = self.wake_at();
        tokio::select! {
            read = reader.read_buf(buffer), if self.keeping.len() < KEEPING_MAX => {
                if !matches!(read, Ok(1..)) {
                    return Err(Ended::Lost("it hung up"));
                }
                (self.heard_at, self.enquired) = (Instant::now(), None);
                // Whoever asked may be gone.
                self.probing.drain(..).for_each(|answer| drop(answer.send(Probed::Fine)));
            }
            wanted = requests.recv(), if room => {
                match wanted {
                    Some(Wanted::Message(request)) => {
                        let until = Instant::now() + self.config.timeout;
                        self.ready.push_back(Sending { request, begun: false, until });
                    }
                    Some(Wanted::Probe(answer)) => {
                        self.probing.push(answer);
                        self.enquire().await?;
                    }
                    None => return Err(Ended::Idle),
                }
            }
            Some(kept) = self.keeping.join_next(), if !self.keeping.is_empty() => {
                if let Ok((pdu, kept)) = kept {
                    // Told so, it tries again later.
                    let status = if kept { Status::OK } else { Status::TEMPORARY };
                    self.write(&respond(&pdu, status)).await?;
                }
            }
            () = sleep_until(wake_at) => self.tick().await?,
        }
        Ok(())
    }

    /// When something must happen even if nothing comes.
    fn wake_at(&self) -> Instant {
        let silence = self.enquired.unwrap_or(self.heard_at + self.config.enquire);
        let answers = self.waiting.values().map(|(_, until)| *until);
        let patience = self.ready.iter().map(|sending| sending.until);
        let pace = (!self.ready.is_empty() && self.waiting.len() < self.config.window).then_some(self.not_before);
        answers.chain(patience).chain(pace).fold(silence, Instant::min)
    }

    async fn tick(&mut self) -> Result<(), Ended> {
        let now = Instant::now();
        if self.enquired.is_some_and(|until| until <= now) || self.waiting.values().any(|(_, until)| *until <= now) {
            return Err(Ended::Lost("it does not answer any more"));
        }
        while let Some(late) = self.ready.iter().position(|sending| sending.until <= now) {
            self.ready.remove(late).into_iter().for_each(Sending::give_up);
        }
        if self.heard_at + self.config.enquire <= now {
            self.enquire().await?;
        }
        Ok(())
    }

    /// Asks whether it is there, unless that was asked and not answered yet.
    async fn enquire(&mut self) -> Result<(), Ended> {
        if self.enquired.is_none() {
            let sequence = self.next_sequence();
            self.write(&enquire_link(sequence)).await?;
            self.enquired = Some(Instant::now() + self.config.timeout);
        }
        Ok(())
    }

    async fn send_ready(&mut self) -> Result<(), Ended> {
        while self.waiting.len() < self.config.window && self.not_before <= Instant::now() {
            let Some(sending) = self.ready.pop_front() else { return Ok(()) };
            let Some(part) = sending.request.parts.front() else {
                sending.give_up();
                continue;
            };
            let last = sending.request.parts.len() == 1;
            let sequence = following(self.sequence);
            self.sequence = sequence;
            let source = &self.config.source;
            let submit = Submit {
                source: (source.ton, source.npi, &source.shown),
                destination: (1, 1, &sending.request.to),
                receipt: last && sending.request.reported,
                part,
            };
            let Ok(pdu) = submit_sm(sequence, &submit) else {
                sending.answer(Handed::Refused(Reason::of("no_number")));
                continue;
            };
            // From here on it may have been taken.
            let now = Instant::now();
            self.waiting.insert(sequence, (sending, now + self.config.timeout));
            if let Some(pace) = Duration::from_secs(1).checked_div(self.config.per_second) {
                self.not_before = now + pace;
            }
            self.write(&pdu).await?;
        }
        Ok(())
    }

    async fn received(&mut self, pdu: Pdu) -> Result<(), Ended> {
        match &pdu.body {
            Body::Submitted(id) => self.answered(pdu.sequence, pdu.status, id),
            Body::GenericNack => self.answered(pdu.sequence, pdu.status, ""),
            Body::Deliver(deliver) => match self.told(deliver) {
                Some(told) => {
                    let (kept, answer) = oneshot::channel();
                    let inbound = self.inbound.clone();
                    self.keeping.spawn(async move {
                        let handed = inbound.send(Inbound { told, kept }).await.is_ok();
                        (pdu, handed && answer.await.unwrap_or(false))
                    });
                }
                None => self.write(&respond(&pdu, Status::OK)).await?,
            },
            Body::EnquireLink => self.write(&respond(&pdu, Status::OK)).await?,
            Body::Unbind => {
                self.write(&respond(&pdu, Status::OK)).await?;
                return Err(Ended::Lost("it ended the session"));
            }
            Body::Unreadable if pdu.is_request() => {
                tracing::warn!("the message centre sent something that cannot be read; it was told so");
                self.write(&respond(&pdu, Status::REJECTED)).await?;
            }
            // A response that cannot be read is none.
            Body::Unreadable => self.answered(pdu.sequence, Status::OK, ""),
            // Notes that want no answer (§4.12) are the only requests without one.
            Body::Other if pdu.is_request() && pdu.command != 0x0000_0102 => {
                self.write(&generic_nack(pdu.sequence, Status::UNKNOWN_COMMAND)).await?;
            }
            Body::Other | Body::Bound | Body::EnquireLinkResponse | Body::UnbindResponse => {}
        }
        Ok(())
    }

    /// A part was taken, or not.
    fn answered(&mut self, sequence: u32, status: Status, id: &str) {
        let Some((mut sending, _)) = self.waiting.remove(&sequence) else { return };
        let now = Instant::now();
        if status == Status::OK {
            self.slower = SLOWER_MIN;
            sending.request.parts.pop_front();
            sending.begun = true;
            if !sending.request.parts.is_empty() {
                sending.until = now + self.config.timeout / 2;
                return self.ready.push_front(sending);
            }
            let form = self.config.receipt_ids;
            let reference = (sending.request.reported && !id.is_empty()).then(|| reference(&form.of_response(id)));
            return sending.answer(Handed::Accepted(reference));
        }
        if status.slow_down() {
            self.not_before = now + self.slower;
            self.slower = (self.slower * 2).min(SLOWER_MAX);
            return self.ready.push_front(sending);
        }
        if status.temporary() {
            return sending.give_up();
        }
        let reason = Reason::of(&format!("smpp:0x{:x}", status.0));
        sending.answer(Handed::Refused(reason));
    }

    /// What a message for us says; `None` for what needs no keeping.
    fn told(&self, deliver: &Deliver) -> Option<Told> {
        if deliver.is_receipt() {
            let Some(receipt) = Receipt::read(deliver, self.config.receipt_ids) else {
                tracing::warn!("a delivery receipt cannot be read");
                return None;
            };
            let (reported, word) = match receipt.state {
                State::Delivered => (Reported::Delivered, None),
                State::Failed(word) => (Reported::Failed, Some(word)),
                State::Underway => return None,
            };
            let reason = word.map(|word| {
                let code = receipt.error.as_deref().map(|error| format!("{word}:{error}"));
                Reason::of(&code.unwrap_or_else(|| word.to_owned()))
            });
            return Some(Told::Report(DeliveryReport { reference: reference(&receipt.id), reported, reason }));
        }
        if !deliver.is_message() {
            return None;
        }
        let text = decode(&deliver.text, deliver.data_coding, deliver.has_header())?;
        let number = deliver.source.trim_start_matches('+');
        let national = number.strip_prefix(self.config.calling_code.as_str()).unwrap_or(number);
        let from = Msisdn::parse(national).ok()?;
        Some(Told::Message(ReceivedMessage { from, to: deliver.destination.clone(), text }))
    }
}

fn reference(id: &str) -> String {
    format!("smpp:{id}")
}
