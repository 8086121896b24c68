//! Notices: the gateway's word that something happened.

use super::{
    ApiV3Key, Error, PlatformKeys, RefundNotice, RefundStatus, Signature, TradeState, Transaction,
    json::{Reader, Writer},
    resource::Sealed,
};

/// What the resource of every notice is.
const RESOURCE_TYPE: &str = "encrypt-resource";
const TRANSACTION_SUCCESS: &str = "TRANSACTION.SUCCESS";
const REFUND_SUCCESS: &str = "REFUND.SUCCESS";
const REFUND_ABNORMAL: &str = "REFUND.ABNORMAL";
const REFUND_CLOSED: &str = "REFUND.CLOSED";

/// A notice whose signature was checked and whose resource was opened.
///
/// It is to be answered with 200 or 204 within five seconds, once it is stored, and with 4xx or 5xx otherwise; the
/// gateway repeats it then, with the same `id`. It may come twice in any case, and late.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Notice {
    /// The number of this notice, the same in every repetition.
    pub id: String,
    /// When it was made, unix seconds.
    pub create_unix_s: i64,
    /// In words, for support.
    pub summary: String,
    /// What happened.
    pub event: Event,
}

/// What a notice is about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Event {
    /// `TRANSACTION.SUCCESS`: paid.
    Paid(Transaction),
    /// `REFUND.SUCCESS`, `REFUND.ABNORMAL` or `REFUND.CLOSED`: which one, its state tells.
    Refund(RefundNotice),
    /// An event that this crate does not know.
    Other {
        /// Its type.
        event_type: String,
        /// The opened resource, as it was sealed.
        resource: String,
    },
}

impl Event {
    fn read(event_type: String, resource: String) -> Result<Self, Error> {
        let body = resource.as_bytes();
        let (event, agrees, state) = match event_type.as_str() {
            TRANSACTION_SUCCESS => {
                let paid = Transaction::parse(body)?;
                let state = paid.trade_state.as_str().to_owned();
                // A refund may have been asked for between the payment and a late repetition of this notice.
                (Self::Paid(paid), TradeState::parse(&state).is_paid(), state)
            }
            REFUND_SUCCESS | REFUND_ABNORMAL | REFUND_CLOSED => {
                let notice = RefundNotice::parse(body)?;
                let expected = match event_type.as_str() {
                    REFUND_SUCCESS => RefundStatus::Success,
                    REFUND_ABNORMAL => RefundStatus::Abnormal,
                    _ => RefundStatus::Closed,
                };
                let state = notice.refund.status.as_str().to_owned();
                let agrees = notice.refund.status == expected;
                (Self::Refund(notice), agrees, state)
            }
            _ => return Ok(Self::Other { event_type, resource }),
        };
        if agrees { Ok(event) } else { Err(Error::EventMismatch { event_type, state }) }
    }

    /// Event type, kind of resource and resource, as the gateway writes them.
    fn write(&self) -> Result<(&str, &'static str, String), Error> {
        Ok(match self {
            Self::Paid(transaction) => (TRANSACTION_SUCCESS, "transaction", transaction.to_json()),
            Self::Refund(notice) => {
                let event_type = match notice.refund.status {
                    RefundStatus::Success => REFUND_SUCCESS,
                    RefundStatus::Abnormal => REFUND_ABNORMAL,
                    RefundStatus::Closed => REFUND_CLOSED,
                    RefundStatus::Processing | RefundStatus::Other(_) => {
                        return Err(Error::NoEvent { state: notice.refund.status.as_str().to_owned() });
                    }
                };
                (event_type, "refund", notice.to_json())
            }
            Self::Other { event_type, resource } => (event_type, "other", resource.clone()),
        })
    }
}

impl Notice {
    /// Checks the signature of a POST over its raw body, opens the resource and reads it.
    ///
    /// # Errors
    /// As [`Signature::read`], [`PlatformKeys::verify`] and [`ApiV3Key::open`]; for every body;
    /// [`crate::Error::MissingField`], [`crate::Error::BadField`]; [`Error::Algorithm`], [`Error::EventMismatch`].
    pub fn open<'h>(
        headers: impl IntoIterator<Item = (&'h str, &'h str)>,
        body: &[u8],
        keys: &PlatformKeys,
        key: &ApiV3Key,
        now_unix_s: i64,
    ) -> Result<Self, Error> {
        keys.verify(&Signature::read(headers)?, body, now_unix_s)?;
        let reader = Reader::parse(body)?;
        Ok(Self {
            id: reader.text("id")?,
            create_unix_s: reader.time("create_time")?,
            summary: reader.optional_text("summary")?.unwrap_or_default(),
            event: Event::read(reader.text("event_type")?, key.open(&resource(&reader)?)?)?,
        })
    }

    /// The body of the POST, as a stand-in of the gateway makes it. `nonce` seals the resource: 12 bytes that never
    /// repeat.
    ///
    /// # Errors
    /// [`Error::NoEvent`]; as [`ApiV3Key::seal`].
    pub fn seal(&self, nonce: &str, key: &ApiV3Key) -> Result<String, Error> {
        let (event_type, original_type, plain) = self.event.write()?;
        let sealed = key.seal(&plain, nonce, original_type)?;
        let resource = sealed
            .members()
            .into_iter()
            .fold(Writer::new().text("original_type", original_type), |writer, (name, value)| writer.text(name, value));
        Ok(Writer::new()
            .text("id", &self.id)
            .text("create_time", &super::format_rfc3339(self.create_unix_s))
            .text("resource_type", RESOURCE_TYPE)
            .text("event_type", event_type)
            .text("summary", &self.summary)
            .object("resource", resource)
            .end())
    }
}

fn resource(reader: &Reader) -> Result<Sealed, Error> {
    Sealed::read(reader, ["resource.algorithm", "resource.ciphertext", "resource.nonce", "resource.associated_data"])
}

/// The `out_trade_no` in a notice whose signature could not be checked, for lack of the key, say. Whoever sealed it has
/// the APIv3 key; even so, it is no more than a hint which trade to query.
#[must_use]
pub fn unverified_out_trade_no(body: &[u8], key: &ApiV3Key) -> Option<String> {
    let opened = key.open(&resource(&Reader::parse(body).ok()?).ok()?).ok()?;
    Reader::parse(opened.as_bytes()).ok()?.optional_text("out_trade_no").ok()?
}
