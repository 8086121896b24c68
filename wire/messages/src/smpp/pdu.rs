//! PDUs: a header of four numbers and a body of fields, some of them ended by a zero octet (§3.1, §4).

/// The longest PDU that is taken: a payload of 64 KiB with everything around it.
pub const PDU_BYTES_MAX: usize = 70_000;
const HEADER_BYTES: usize = 16;
/// Optional parameters of one PDU; real ones have fewer than 10.
const TLVS_MAX: usize = 64;

const GENERIC_NACK: u32 = 0x8000_0000;
const SUBMIT_SM: u32 = 0x0000_0004;
const DELIVER_SM: u32 = 0x0000_0005;
const UNBIND: u32 = 0x0000_0006;
const BIND_TRANSCEIVER: u32 = 0x0000_0009;
const ENQUIRE_LINK: u32 = 0x0000_0015;
/// Set in the id of every response.
const RESPONSE: u32 = 0x8000_0000;

const RECEIPTED_MESSAGE_ID: u16 = 0x001e;
const NETWORK_ERROR_CODE: u16 = 0x0423;
const MESSAGE_PAYLOAD: u16 = 0x0424;
const MESSAGE_STATE: u16 = 0x0427;

/// The status of a response (§5.1.3).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Status(pub u32);

impl Status {
    /// No error.
    pub const OK: Self = Self(0);
    /// The command is not known.
    pub const UNKNOWN_COMMAND: Self = Self(0x03);
    /// A system error of the message centre.
    pub const SYSTEM_ERROR: Self = Self(0x08);
    /// Its queue is full.
    pub const QUEUE_FULL: Self = Self(0x14);
    /// We are too fast.
    pub const THROTTLED: Self = Self(0x58);
    /// The receiver may take it later.
    pub const TEMPORARY: Self = Self(0x64);
    /// The receiver will not take it.
    pub const REJECTED: Self = Self(0x66);

    /// Whether the same request may succeed a moment later.
    #[must_use]
    pub const fn slow_down(self) -> bool {
        matches!(self, Self::THROTTLED | Self::QUEUE_FULL)
    }
    /// Whether it says nothing about the request itself.
    #[must_use]
    pub const fn temporary(self) -> bool {
        matches!(self, Self::SYSTEM_ERROR | Self::TEMPORARY)
    }
}

/// Bytes that are no PDU: where the next one begins is not known, so the session is over.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a PDU of {0} bytes")]
pub struct FrameError(pub u32);

/// A text that does not fit into its field.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("{field}: at most {max} characters of ASCII")]
pub struct TooLong {
    /// The field.
    pub field: &'static str,
    /// Most characters.
    pub max: usize,
}

/// A PDU that was received.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pdu {
    /// Its command.
    pub command: u32,
    /// Its status; zero in requests.
    pub status: Status,
    /// Its number, which the response repeats.
    pub sequence: u32,
    /// What it says.
    pub body: Body,
}

/// What a PDU says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Body {
    /// We are bound, or not: see the status.
    Bound,
    /// A message was taken, or not; its id, which may be missing in a refusal.
    Submitted(String),
    /// A message for us, or a receipt.
    Deliver(Box<Deliver>),
    /// Are we there?
    EnquireLink,
    /// It is there.
    EnquireLinkResponse,
    /// It ends the session.
    Unbind,
    /// It ended the session.
    UnbindResponse,
    /// It did not understand us.
    GenericNack,
    /// Something else.
    Other,
    /// Fields that cannot be read.
    Unreadable,
}

impl Pdu {
    /// Whether it is to be answered.
    #[must_use]
    pub const fn is_request(&self) -> bool {
        self.command & RESPONSE == 0
    }
}

/// `deliver_sm` (§4.6.1), as far as it matters.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Deliver {
    /// From whom.
    pub source: String,
    /// To which of our numbers.
    pub destination: String,
    /// What kind of message it is.
    pub esm_class: u8,
    /// In which alphabet.
    pub data_coding: u8,
    /// Its text as it came.
    pub text: Vec<u8>,
    /// Of a receipt: which message.
    pub receipted_message_id: Option<String>,
    /// Of a receipt: its state.
    pub message_state: Option<u8>,
    /// Of a receipt: the network's error, after a digit for the kind of network.
    pub network_error: Option<u16>,
}

impl Deliver {
    /// Whether it is a delivery receipt (§5.2.12: bits 5 to 2).
    #[must_use]
    pub const fn is_receipt(&self) -> bool {
        self.esm_class & 0b0011_1100 == 0b0000_0100
    }
    /// Whether a person wrote it: no receipt, acknowledgement or notification.
    #[must_use]
    pub const fn is_message(&self) -> bool {
        self.esm_class & 0b0011_1100 == 0
    }
    /// Whether its text begins with a header.
    #[must_use]
    pub const fn has_header(&self) -> bool {
        self.esm_class & 0b0100_0000 != 0
    }
}

/// How long the first PDU of some bytes is; `None` if that cannot be told yet.
///
/// # Errors
/// [`FrameError`] for a length that no PDU has.
pub fn frame(bytes: &[u8]) -> Result<Option<usize>, FrameError> {
    let Some(length) = bytes.first_chunk::<4>().map(|four| u32::from_be_bytes(*four)) else { return Ok(None) };
    match usize::try_from(length) {
        Ok(bytes) if (HEADER_BYTES..=PDU_BYTES_MAX).contains(&bytes) => Ok(Some(bytes)),
        _ => Err(FrameError(length)),
    }
}

/// Reads one whole PDU, as long as [`frame`] said. A body that cannot be read is [`Body::Unreadable`].
///
/// # Errors
/// [`FrameError`] if it is not as long as it says.
pub fn read(bytes: &[u8]) -> Result<Pdu, FrameError> {
    let whole = frame(bytes)?.is_some_and(|length| length == bytes.len());
    let mut header = Reader(bytes);
    let (length, command) = (header.u32().unwrap_or(0), header.u32().unwrap_or(0));
    let (status, sequence) = (header.u32().unwrap_or(0), header.u32().unwrap_or(0));
    if !whole {
        return Err(FrameError(length));
    }
    let rest = header;
    let body = match command {
        id if id == BIND_TRANSCEIVER | RESPONSE => Body::Bound,
        id if id == SUBMIT_SM | RESPONSE => submitted(rest).map_or(Body::Unreadable, Body::Submitted),
        DELIVER_SM => deliver(rest).map_or(Body::Unreadable, |deliver| Body::Deliver(Box::new(deliver))),
        ENQUIRE_LINK => Body::EnquireLink,
        id if id == ENQUIRE_LINK | RESPONSE => Body::EnquireLinkResponse,
        UNBIND => Body::Unbind,
        id if id == UNBIND | RESPONSE => Body::UnbindResponse,
        GENERIC_NACK => Body::GenericNack,
        _ => Body::Other,
    };
    Ok(Pdu { command, status: Status(status), sequence, body })
}

/// The id, without which a refusal may come (§4.4.2).
fn submitted(mut body: Reader<'_>) -> Option<String> {
    if body.0.is_empty() { Some(String::new()) } else { body.c_string(65) }
}

fn deliver(mut body: Reader<'_>) -> Option<Deliver> {
    let _service_type = body.c_string(6)?;
    let _source_kind = (body.u8()?, body.u8()?);
    let source = body.c_string(21)?;
    let _destination_kind = (body.u8()?, body.u8()?);
    let destination = body.c_string(21)?;
    let esm_class = body.u8()?;
    let _protocol_and_priority = (body.u8()?, body.u8()?);
    let _times = (body.c_string(17)?, body.c_string(17)?);
    let _registered_and_replace = (body.u8()?, body.u8()?);
    let data_coding = body.u8()?;
    let _canned = body.u8()?;
    let length = usize::from(body.u8()?);
    let text = body.take(length)?.to_vec();
    let mut deliver = Deliver { source, destination, esm_class, data_coding, text, ..Deliver::default() };
    for _ in 0..TLVS_MAX {
        if body.0.is_empty() {
            return Some(deliver);
        }
        let (tag, length) = (body.u16()?, usize::from(body.u16()?));
        let mut value = Reader(body.take(length)?);
        match tag {
            RECEIPTED_MESSAGE_ID => deliver.receipted_message_id = Some(value.loose_string()?),
            MESSAGE_STATE => deliver.message_state = Some(value.u8()?),
            NETWORK_ERROR_CODE => {
                value.u8()?;
                deliver.network_error = Some(value.u16()?);
            }
            MESSAGE_PAYLOAD => deliver.text = value.0.to_vec(),
            _ => {}
        }
    }
    None
}

struct Reader<'a>(&'a [u8]);

impl<'a> Reader<'a> {
    fn take(&mut self, count: usize) -> Option<&'a [u8]> {
        let (taken, rest) = self.0.split_at_checked(count)?;
        self.0 = rest;
        Some(taken)
    }
    fn u8(&mut self) -> Option<u8> {
        self.take(1)?.first().copied()
    }
    fn u16(&mut self) -> Option<u16> {
        Some(u16::from_be_bytes(*self.take(2)?.first_chunk()?))
    }
    fn u32(&mut self) -> Option<u32> {
        Some(u32::from_be_bytes(*self.take(4)?.first_chunk()?))
    }
    /// Up to a zero octet, in at most `max` octets with it.
    fn c_string(&mut self, max: usize) -> Option<String> {
        let length = self.0.iter().take(max).position(|octet| *octet == 0)?;
        let text = ascii(self.take(length)?)?;
        self.take(1)?;
        Some(text)
    }
    /// A text that some end with a zero octet, and some do not.
    fn loose_string(&mut self) -> Option<String> {
        let octets = self.0;
        let end = octets.iter().position(|octet| *octet == 0).unwrap_or(octets.len());
        ascii(octets.get(..end)?)
    }
}

fn ascii(octets: &[u8]) -> Option<String> {
    octets.iter().all(|octet| (0x20..0x7f).contains(octet)).then(|| octets.iter().copied().map(char::from).collect())
}

struct Writer(Vec<u8>);

impl Writer {
    fn new(command: u32, status: Status, sequence: u32) -> Self {
        let mut writer = Writer(vec![0; 4]);
        [command, status.0, sequence].into_iter().for_each(|number| writer.0.extend(number.to_be_bytes()));
        writer
    }
    /// A text and a zero octet, in at most `octets` with it.
    fn c_string(&mut self, field: &'static str, text: &str, octets: usize) -> Result<(), TooLong> {
        let max = octets - 1;
        if text.len() > max || !text.bytes().all(|octet| (0x20..0x7f).contains(&octet)) {
            return Err(TooLong { field, max });
        }
        self.0.extend(text.as_bytes());
        self.0.push(0);
        Ok(())
    }
    fn end(mut self) -> Vec<u8> {
        // Everything we write is far shorter.
        let length = u32::try_from(self.0.len()).unwrap_or(0).to_be_bytes();
        for (octet, written) in self.0.iter_mut().zip(length) {
            *octet = written;
        }
        self.0
    }
}

/// `bind_transceiver` (§4.1.5).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Bind<'a> {
    /// Who we are.
    pub system_id: &'a str,
    /// How we prove it.
    pub password: &'a str,
    /// What we are.
    pub system_type: &'a str,
}

/// Asks to be bound for both directions.
///
/// # Errors
/// [`TooLong`].
pub fn bind_transceiver(sequence: u32, bind: &Bind<'_>) -> Result<Vec<u8>, TooLong> {
    let mut writer = Writer::new(BIND_TRANSCEIVER, Status::OK, sequence);
    writer.c_string("system_id", bind.system_id, 16)?;
    writer.c_string("password", bind.password, 9)?;
    writer.c_string("system_type", bind.system_type, 13)?;
    // Version 3.4; all addresses that the message centre has for us.
    writer.0.extend([0x34, 0, 0, 0]);
    Ok(writer.end())
}

/// `submit_sm` (§4.4.1).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Submit<'a> {
    /// Type and plan of the sender's number (§5.2.5, §5.2.6), and the number.
    pub source: (u8, u8, &'a str),
    /// Type and plan of the receiver's number, and the number.
    pub destination: (u8, u8, &'a str),
    /// Whether a receipt of its final state is wanted.
    pub receipt: bool,
    /// What it says.
    pub part: &'a super::Part,
}

/// Hands a message over.
///
/// # Errors
/// [`TooLong`].
pub fn submit_sm(sequence: u32, submit: &Submit<'_>) -> Result<Vec<u8>, TooLong> {
    let mut writer = Writer::new(SUBMIT_SM, Status::OK, sequence);
    writer.c_string("service_type", "", 6)?;
    for (field, (ton, npi, number)) in [("source_addr", submit.source), ("destination_addr", submit.destination)] {
        writer.0.extend([ton, npi]);
        writer.c_string(field, number, 21)?;
    }
    let esm_class = if submit.part.has_header { 0b0100_0000 } else { 0 };
    // No protocol id, no priority, at once, as long as the message centre keeps messages.
    writer.0.extend([esm_class, 0, 0, 0, 0]);
    writer.0.extend([u8::from(submit.receipt), 0, submit.part.data_coding, 0]);
    let text = &submit.part.octets;
    let length = u8::try_from(text.len()).map_err(|_| TooLong { field: "short_message", max: 254 })?;
    writer.0.push(length);
    writer.0.extend(text);
    Ok(writer.end())
}

/// Asks whether the other side is there (§4.11.1).
#[must_use]
pub fn enquire_link(sequence: u32) -> Vec<u8> {
    Writer::new(ENQUIRE_LINK, Status::OK, sequence).end()
}

/// Ends the session (§4.2.1).
#[must_use]
pub fn unbind(sequence: u32) -> Vec<u8> {
    Writer::new(UNBIND, Status::OK, sequence).end()
}

/// Answers a request. The response to `deliver_sm` has an id, which is empty (§4.6.2).
#[must_use]
pub fn respond(request: &Pdu, status: Status) -> Vec<u8> {
    let mut writer = Writer::new(request.command | RESPONSE, status, request.sequence);
    if request.command == DELIVER_SM {
        writer.0.push(0);
    }
    writer.end()
}

/// Answers what is not understood (§4.3.1).
#[must_use]
pub fn generic_nack(sequence: u32, status: Status) -> Vec<u8> {
    Writer::new(GENERIC_NACK, status, sequence).end()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// The example of §3.2.2, as a transceiver's.
    #[test]
    fn a_bind_is_written_as_the_specification_shows() {
        let bind = Bind { system_id: "SMPP3TEST", password: "secret08", system_type: "SUBMIT1" };
        let written = bind_transceiver(1, &bind).unwrap();
        let mut expected = vec![0, 0, 0, 0x2f, 0, 0, 0, 9, 0, 0, 0, 0, 0, 0, 0, 1];
        expected.extend(b"SMPP3TEST\0secret08\0SUBMIT1\0\x34\0\0\0");
        assert_eq!(written, expected);
        let long = Bind { password: "nine char", ..bind };
        assert_eq!(bind_transceiver(1, &long), Err(TooLong { field: "password", max: 8 }));
    }

    fn deliver_with(tlvs: &[u8]) -> Vec<u8> {
        let mut writer = Writer::new(DELIVER_SM, Status::OK, 7);
        writer.0.extend(b"\0\x01\x01447700900001\0\x01\x0110690000\0\x04\0\0\0\0\0\0\0\0\x05hello");
        writer.0.extend(tlvs);
        writer.end()
    }

    #[test]
    fn a_receipt_is_read_with_what_is_optional() {
        let tlvs = b"\x00\x1e\x00\x05ab12\0\x04\x27\x00\x01\x02\x04\x23\x00\x03\x03\x00\x05\x12\x34\x00\x00";
        let pdu = read(&deliver_with(tlvs)).unwrap();
        let Body::Deliver(deliver) = &pdu.body else { panic!("{pdu:?}") };
        assert!(deliver.is_receipt() && !deliver.is_message() && pdu.is_request());
        assert_eq!((deliver.source.as_str(), deliver.text.as_slice()), ("447700900001", b"hello".as_slice()));
        assert_eq!(deliver.receipted_message_id.as_deref(), Some("ab12"));
        assert_eq!((deliver.message_state, deliver.network_error), (Some(2), Some(5)));
        assert_eq!(respond(&pdu, Status::OK), [0, 0, 0, 17, 0x80, 0, 0, 5, 0, 0, 0, 0, 0, 0, 0, 7, 0]);
    }

    #[test]
    fn what_cannot_be_read_can_be_answered() {
        for tlvs in [b"\x00\x1e\x00\x50ab".as_slice(), b"\x00", b"\x04\x27\x00\x00"] {
            let pdu = read(&deliver_with(tlvs)).unwrap();
            assert_eq!((&pdu.body, pdu.sequence), (&Body::Unreadable, 7));
        }
    }

    #[test]
    fn a_refusal_without_a_body_is_a_refusal() {
        let pdu = read(&[0, 0, 0, 16, 0x80, 0, 0, 4, 0, 0, 0, 0x58, 0, 0, 0, 9]).unwrap();
        assert_eq!(pdu.body, Body::Submitted(String::new()));
        assert!(pdu.status.slow_down());
    }

    #[test]
    fn lengths_that_no_pdu_has_end_a_session() {
        assert_eq!(frame(&[0, 0, 0]), Ok(None));
        assert_eq!(frame(&[0, 0, 0, 15]), Err(FrameError(15)));
        assert_eq!(frame(&[0xff; 4]), Err(FrameError(u32::MAX)));
        assert_eq!(read(&[0, 0, 0, 16, 0, 0]), Err(FrameError(16)));
    }

    proptest! {
        #[test]
        fn strangers_bytes_never_panic(mut bytes in prop::collection::vec(any::<u8>(), 16..400), command in 0..12_usize) {
            let length = u32::try_from(bytes.len()).unwrap().to_be_bytes();
            bytes[..4].copy_from_slice(&length);
            let commands =
                [SUBMIT_SM, DELIVER_SM, UNBIND, BIND_TRANSCEIVER, ENQUIRE_LINK, GENERIC_NACK].map(|id| [id, id | RESPONSE]);
            bytes[4..8].copy_from_slice(&commands.as_flattened()[command].to_be_bytes());
            prop_assert!(read(&bytes).is_ok());
        }

        #[test]
        fn damaged_receipts_never_panic(at in 16..80_usize, octet in any::<u8>(), cut in 0..30_usize) {
            let mut bytes = deliver_with(b"\x00\x1e\x00\x05ab12\0\x04\x27\x00\x01\x02\x04\x23\x00\x03\x03\x00\x05");
            let at = at.min(bytes.len() - 1);
            bytes[at] = octet;
            bytes.truncate(bytes.len() - cut);
            let length = u32::try_from(bytes.len()).unwrap().to_be_bytes();
            bytes[..4].copy_from_slice(&length);
            prop_assert!(read(&bytes).is_ok());
        }
    }
}
