//! SMPP 3.4 (Short Message Peer to Peer Protocol Specification v3.4, issue 1.2), the side of an ESME.
//!
//! Reads leniently where message centres are known to be sloppy (an empty body of a refusal, a body that cannot be read), so that
//! one damaged message ends no session: its header is read all the same and can be answered.

mod pdu;
mod receipt;
mod text;

pub use pdu::{
    Bind, Body, Deliver, FrameError, PDU_BYTES_MAX, Pdu, Status, Submit, TooLong, bind_transceiver, enquire_link,
    frame, generic_nack, read, respond, submit_sm, unbind,
};
pub use receipt::{IdForm, Receipt, State};
pub use text::{PARTS_MAX, Part, TooManyParts, decode, split};
