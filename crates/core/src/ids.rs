//! Identifiers of our own rows: sixteen bytes in UUIDv7 form (RFC 9562 §5.7), time first, so that new rows land beside
//! each other in the tables.
//!
//! An id that follows from another (the posting of an attempt, the job of an order) is *derived*: it keeps the parent's
//! time and randomness and differs in the last two bytes. The same cause therefore always has the same id, and writing it
//! twice is a primary-key conflict instead of a second effect.

use serde::{Deserialize, Serialize};
use std::fmt;
use std::str::FromStr;

/// Sixteen bytes in UUIDv7 form.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RawId([u8; 16]);

/// A text that is not an id.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("not an id: 32 hexadecimal digits expected, hyphens allowed")]
pub struct NotAnId;

impl RawId {
    /// A UUIDv7 from unix milliseconds and ten random bytes (of which 74 bits are used).
    #[must_use]
    pub const fn new_v7(unix_ms: u64, random: [u8; 10]) -> Self {
        let [_, _, t0, t1, t2, t3, t4, t5] = unix_ms.to_be_bytes();
        let [r0, r1, r2, r3, r4, r5, r6, r7, r8, r9] = random;
        Self([t0, t1, t2, t3, t4, t5, 0x70 | (r0 & 0x0f), r1, 0x80 | (r2 & 0x3f), r3, r4, r5, r6, r7, r8, r9])
    }
    /// The bytes as stored.
    #[must_use]
    pub const fn bytes(self) -> [u8; 16] {
        self.0
    }
    /// From stored bytes.
    #[must_use]
    pub const fn from_bytes(bytes: [u8; 16]) -> Self {
        Self(bytes)
    }
    /// The child of this id with the given tag and number.
    #[must_use]
    pub const fn derive(self, tag: u8, number: u8) -> Self {
        let mut bytes = self.0;
        let [.., tag_byte, number_byte] = &mut bytes;
        *tag_byte ^= tag;
        *number_byte ^= number;
        Self(bytes)
    }
    /// An id that follows from this one and another, with the time of this one: of one id, others make others.
    #[must_use]
    pub fn with(self, other: RawId) -> Self {
        let mut bytes = self.0;
        // The first six octets are the time.
        bytes.iter_mut().zip(other.0).skip(6).for_each(|(byte, more)| *byte ^= more);
        Self(bytes)
    }
    /// The `n`-th branch of this id, from 1: nothing that is derived from a branch meets what is derived from another, or from
    /// this id.
    #[must_use]
    pub const fn branch(self, n: u8) -> Self {
        let mut bytes = self.0;
        let [.., branch_byte, _, _] = &mut bytes;
        *branch_byte ^= n;
        Self(bytes)
    }
}

impl fmt::Display for RawId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}
impl fmt::Debug for RawId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}
impl FromStr for RawId {
    type Err = NotAnId;
    fn from_str(text: &str) -> Result<Self, NotAnId> {
        let mut digits = text.bytes().filter(|byte| *byte != b'-');
        let mut bytes = [0u8; 16];
        for byte in &mut bytes {
            let (high, low) = (digits.next().ok_or(NotAnId)?, digits.next().ok_or(NotAnId)?);
            let digit = |d: u8| char::from(d).to_digit(16).and_then(|d| u8::try_from(d).ok()).ok_or(NotAnId);
            *byte = digit(high)? << 4 | digit(low)?;
        }
        if digits.next().is_some() { Err(NotAnId) } else { Ok(Self(bytes)) }
    }
}
impl Serialize for RawId {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if serializer.is_human_readable() { serializer.collect_str(self) } else { self.0.serialize(serializer) }
    }
}
impl<'de> Deserialize<'de> for RawId {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        if deserializer.is_human_readable() {
            String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
        } else {
            <[u8; 16]>::deserialize(deserializer).map(Self)
        }
    }
}

macro_rules! ids {
    ($($(#[$doc:meta])* $name:ident)+) => {$(
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(pub RawId);

        impl $name {
            /// The bytes as stored.
            #[must_use]
            pub const fn bytes(self) -> [u8; 16] {
                self.0.bytes()
            }
        }
        impl From<[u8; 16]> for $name {
            fn from(bytes: [u8; 16]) -> Self {
                Self(RawId::from_bytes(bytes))
            }
        }
        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }
        impl FromStr for $name {
            type Err = NotAnId;
            fn from_str(text: &str) -> Result<Self, NotAnId> {
                text.parse().map(Self)
            }
        }
    )+};
}
ids! {
    /// A customer; also the owner of an account.
    CustomerId
    /// One line record. A change of ownership opens a new one.
    LineId
    /// One purchase of an offering for a line.
    OrderId
    /// One try to pay an order.
    AttemptId
    /// One return of money to a provider.
    RefundId
    /// A named, complete set of transfers.
    PostingId
    /// One double-entry movement.
    TransferId
    /// The proof of an order.
    ReceiptId
    /// One piece of queued work.
    JobId
    /// One message to a person.
    MessageId
    /// What support works on.
    CaseId
    /// One session of a device on the built-in network.
    SessionId
    /// One voucher: the keyed hash of its code, not in the form of a UUID.
    VoucherId
    /// One line of a provider's bill.
    BillLineId
    /// One item of the reconciliation queue.
    ItemId
    /// One method that a customer saved.
    PaymentMethodId
    /// A payer's demand to get money back through the bank.
    DisputeId
    /// A review, a question or an answer.
    ContributionId
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_version_7_time_first_and_survive_text() {
        let id = RawId::new_v7(0x0192_0000_1234, [0xff; 10]);
        assert_eq!(id.to_string(), "0192000012347fffbfffffffffffffff");
        assert_eq!(id.to_string().parse::<RawId>(), Ok(id));
        assert_eq!("01920000-1234-7fff-bfff-ffffffffffff".parse::<RawId>(), Ok(id));
        assert!(RawId::new_v7(0x0192_0000_1235, [0; 10]) > id);
    }

    #[test]
    fn nonsense_is_no_id() {
        for text in ["", "0192", "zz920000123470000000000000000000", "0192000012347fffbfffffffffffffff00"] {
            assert_eq!(text.parse::<RawId>(), Err(NotAnId), "{text}");
        }
    }

    #[test]
    fn derived_ids_differ_by_tag_and_number_and_are_stable() {
        let id = RawId::new_v7(1, [7; 10]);
        assert_eq!(id.derive(1, 2), id.derive(1, 2));
        assert_ne!(id.derive(1, 2), id.derive(2, 1));
        assert_ne!(id.derive(1, 0), id);
        let (one, two) = (RawId::new_v7(2, [1; 10]), RawId::new_v7(3, [2; 10]));
        assert!(id.with(one) == id.with(one) && id.with(one) != id.with(two) && id.with(one) != one.with(two));
        assert_eq!(id.with(one).bytes()[..6], id.bytes()[..6]);
    }
}
