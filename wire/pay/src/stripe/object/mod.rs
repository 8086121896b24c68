//! Objects of the API: what answers and events are made of.
//!
//! An object is read strictly in what this crate uses of it and not at all in the rest, so that a new member changes
//! nothing. It is written with what it was read from and no more: a stand-in's object is a small one, never in live
//! mode.

mod cards;
mod checkout_session;
mod dispute;
mod fields;
mod funds;
mod intents;
mod refund;

pub use cards::{Card, Charge, ChargeStatus, Customer, PaymentMethod};
pub use checkout_session::{CheckoutSession, SessionMode, SessionPaymentStatus, SessionStatus};
pub use dispute::{Dispute, DisputeStatus};
pub use funds::{BalanceSource, BalanceTransaction, BalanceTransactionType, Payout, PayoutStatus};
pub use intents::{PaymentError, PaymentIntent, PaymentIntentStatus, SetupIntent, SetupIntentStatus};
pub use refund::{Refund, RefundStatus};

use super::{REPLY_BYTES_MAX, Refusal, RequestError};
use crate::Error;
use fields::Fields;
use serde_json::{Map, Value, json};
use std::{collections::BTreeMap, fmt::Debug};

/// A kind of object.
pub trait Object: Sized {
    /// Its id.
    type Id: Clone + Debug + PartialEq + Eq;
    /// What its member `object` says.
    const NAME: &'static str;

    /// Its id.
    fn id(&self) -> &Self::Id;

    /// Reads an id.
    ///
    /// # Errors
    /// [`Error::BadField`].
    fn parse_id(text: &str) -> Result<Self::Id, Error>;

    /// Reads the object.
    ///
    /// # Errors
    /// [`Error::MissingField`], [`Error::BadField`]; the latter also for an object of another kind.
    fn from_json(value: &Value) -> Result<Self, Error>;

    /// Writes the object, for stand-ins.
    fn to_json(&self) -> Value;
}

/// The id of an object, or the object itself where the request asked for it (`expand`).
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Expandable<T: Object> {
    /// Its id.
    Id(T::Id),
    /// The object.
    Object(Box<T>),
}

impl<T: Object> Expandable<T> {
    /// The object's id.
    #[must_use]
    pub fn id(&self) -> &T::Id {
        match self {
            Self::Id(id) => id,
            Self::Object(object) => object.id(),
        }
    }

    /// The object, if it came along.
    #[must_use]
    pub fn object(&self) -> Option<&T> {
        match self {
            Self::Id(_) => None,
            Self::Object(object) => Some(object),
        }
    }
}

/// One page of a list, newest first.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Page<T: Object> {
    /// The objects.
    pub data: Vec<T>,
    /// Whether older ones follow.
    pub has_more: bool,
}

impl<T: Object> Page<T> {
    /// What the next request of the list starts after; `None` at its end.
    #[must_use]
    pub fn next_starting_after(&self) -> Option<&T::Id> {
        if self.has_more { self.data.last().map(T::id) } else { None }
    }

    /// Reads the answer to a request for a list.
    ///
    /// # Errors
    /// As [`read_reply`]. [`Error::BadField`] also if more should follow after nothing, which would never end.
    pub fn read_reply(status: u16, body: &[u8]) -> Result<Reply<Self>, Error> {
        read_with(status, body, |value| {
            let fields = Fields::of(value, "list")?;
            let data = fields.values("data")?.iter().map(T::from_json).collect::<Result<Vec<_>, _>>()?;
            let has_more = fields.flag("has_more")?;
            if has_more && data.is_empty() {
                return Err(Error::BadField { name: "has_more" });
            }
            Ok(Self { data, has_more })
        })
    }

    /// Writes the page of the list at `path`, such as `/v1/refunds`. For stand-ins.
    #[must_use]
    pub fn to_json(&self, path: &str) -> Value {
        let data: Vec<_> = self.data.iter().map(T::to_json).collect();
        json!({ "object": "list", "data": data, "has_more": self.has_more, "url": path })
    }
}

/// Texts that a merchant hangs on an object and gets back with it: at most 50, names of up to 40 characters without
/// square brackets, values of up to 500. Not for secrets, card numbers or anything about a person.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Metadata(BTreeMap<String, String>);

impl Metadata {
    /// Most texts on one object.
    pub const PAIRS_MAX: usize = 50;
    /// Longest name, in characters.
    pub const NAME_CHARS_MAX: usize = 40;
    /// Longest text, in characters.
    pub const VALUE_CHARS_MAX: usize = 500;

    /// No texts.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a text, or replaces the one of this name.
    ///
    /// # Errors
    /// [`RequestError::MetadataName`], [`RequestError::Empty`] (an empty value would delete the text),
    /// [`RequestError::TooLong`], [`RequestError::TooManyMetadata`].
    pub fn insert(&mut self, name: &str, value: &str) -> Result<(), RequestError> {
        let name_fits = (1..=Self::NAME_CHARS_MAX).contains(&name.chars().count());
        if !name_fits || name.contains(['[', ']']) {
            return Err(RequestError::MetadataName { name: name.to_owned() });
        }
        let param = || format!("metadata[{name}]");
        if value.is_empty() {
            return Err(RequestError::Empty { param: param() });
        }
        let actual_chars = value.chars().count();
        if actual_chars > Self::VALUE_CHARS_MAX {
            return Err(RequestError::TooLong { param: param(), limit_chars: Self::VALUE_CHARS_MAX, actual_chars });
        }
        if self.0.len() == Self::PAIRS_MAX && !self.0.contains_key(name) {
            return Err(RequestError::TooManyMetadata { limit: Self::PAIRS_MAX });
        }
        self.0.insert(name.to_owned(), value.to_owned());
        Ok(())
    }

    /// The text of a name.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(String::as_str)
    }

    /// Names and texts, by name.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().map(|(name, value)| (name.as_str(), value.as_str()))
    }

    fn to_json(&self) -> Value {
        Value::Object(self.iter().map(|(name, value)| (name.to_owned(), value.into())).collect())
    }
}

/// An answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reply<T> {
    /// Carried out: the object as it is now.
    Done(T),
    /// Not carried out, or not known to be: see [`Refusal::kind`].
    Refused(Refusal),
}

/// Reads the answer to a request for one object.
///
/// # Errors
/// [`Error::TooLarge`], [`Error::NotUtf8`], [`Error::Json`] (trailing bytes and too deep nesting included),
/// [`Error::MissingField`], [`Error::BadField`] (also for a status that is neither success nor error). Whether the
/// request was carried out is then **unknown**.
pub fn read_reply<T: Object>(status: u16, body: &[u8]) -> Result<Reply<T>, Error> {
    read_with(status, body, T::from_json)
}

fn read_with<T>(status: u16, body: &[u8], done: impl FnOnce(&Value) -> Result<T, Error>) -> Result<Reply<T>, Error> {
    let value = parse(body)?;
    match status {
        200..=299 => done(&value).map(Reply::Done),
        400..=599 => Refusal::from_json(status, &value).map(Reply::Refused),
        _ => Err(Error::BadField { name: "status" }),
    }
}

/// Reads one JSON text, bounded in size here and in depth by the parser, which goes 127 levels deep. Nothing is signed
/// piece by piece, so that the exact text of a member is not needed.
pub(super) fn parse(body: &[u8]) -> Result<Value, Error> {
    if body.len() > REPLY_BYTES_MAX {
        return Err(Error::TooLarge { limit_bytes: REPLY_BYTES_MAX, actual_bytes: body.len() });
    }
    let text = std::str::from_utf8(body).map_err(|_| Error::NotUtf8)?;
    serde_json::from_str(text).map_err(|error| {
        let lines = text.split_inclusive('\n').take(error.line().saturating_sub(1));
        Error::Json { at: lines.map(str::len).sum::<usize>() + error.column().saturating_sub(1) }
    })
}

/// An object of this kind with `members`, never in live mode.
fn written(name: &str, members: Value) -> Value {
    let mut map = Map::new();
    map.insert("object".to_owned(), name.into());
    map.insert("livemode".to_owned(), false.into());
    if let Value::Object(members) = members {
        map.extend(members);
    }
    Value::Object(map)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn metadata_keeps_to_its_limits() {
        let mut metadata = Metadata::new();
        metadata.insert("order", "EL1").unwrap();
        metadata.insert("order", "EL2").unwrap();
        assert_eq!(metadata.iter().collect::<Vec<_>>(), [("order", "EL2")]);
        for name in ["", "a[b", "a]b", &"n".repeat(41)] {
            assert_eq!(metadata.insert(name, "x"), Err(RequestError::MetadataName { name: name.into() }));
        }
        assert_eq!(metadata.insert("a", ""), Err(RequestError::Empty { param: "metadata[a]".into() }));
        assert_eq!(
            metadata.insert("a", &"流".repeat(501)),
            Err(RequestError::TooLong { param: "metadata[a]".into(), limit_chars: 500, actual_chars: 501 })
        );
        metadata.insert(&"n".repeat(40), &"流".repeat(500)).unwrap();
        for n in 2..Metadata::PAIRS_MAX {
            metadata.insert(&format!("n{n}"), "x").unwrap();
        }
        assert_eq!(metadata.insert("more", "x"), Err(RequestError::TooManyMetadata { limit: 50 }));
        metadata.insert("order", "EL3").unwrap();
    }
}
