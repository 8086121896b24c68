//! Members of a JSON object, read by name and kind.

use super::{Expandable, Metadata, Object};
use crate::{
    Error,
    stripe::{Amount, Currency},
};
use serde_json::{Map, Value};

/// The members of one object. A member that is absent and one that is `null` are the same.
pub(super) struct Fields<'a>(&'a Map<String, Value>);

impl<'a> Fields<'a> {
    /// The members of `value`, if it is an object of this kind.
    pub(super) fn of(value: &'a Value, kind: &str) -> Result<Self, Error> {
        let fields = Self(value.as_object().ok_or(Error::BadField { name: "object" })?);
        if fields.text("object")? == kind { Ok(fields) } else { Err(Error::BadField { name: "object" }) }
    }

    fn get(&self, name: &str) -> Option<&'a Value> {
        self.0.get(name).filter(|value| !value.is_null())
    }

    /// What `read` makes of a member; `None` if there is none.
    fn optional<T>(&self, name: &'static str, read: impl FnOnce(&'a Value) -> Option<T>) -> Result<Option<T>, Error> {
        self.get(name).map(|value| read(value).ok_or(Error::BadField { name })).transpose()
    }

    pub(super) fn optional_text(&self, name: &'static str) -> Result<Option<&'a str>, Error> {
        self.optional(name, Value::as_str)
    }

    pub(super) fn text(&self, name: &'static str) -> Result<&'a str, Error> {
        self.optional_text(name)?.ok_or(Error::MissingField { name })
    }

    pub(super) fn optional_string(&self, name: &'static str) -> Result<Option<String>, Error> {
        Ok(self.optional_text(name)?.map(str::to_owned))
    }

    pub(super) fn optional_integer(&self, name: &'static str) -> Result<Option<i64>, Error> {
        self.optional(name, Value::as_i64)
    }

    pub(super) fn integer(&self, name: &'static str) -> Result<i64, Error> {
        self.optional_integer(name)?.ok_or(Error::MissingField { name })
    }

    pub(super) fn flag(&self, name: &'static str) -> Result<bool, Error> {
        self.optional(name, Value::as_bool)?.ok_or(Error::MissingField { name })
    }

    pub(super) fn values(&self, name: &'static str) -> Result<&'a [Value], Error> {
        self.optional(name, Value::as_array)?.map(Vec::as_slice).ok_or(Error::MissingField { name })
    }

    /// The members of a member.
    pub(super) fn inner(&self, name: &'static str) -> Result<Option<Self>, Error> {
        Ok(self.optional(name, Value::as_object)?.map(Self))
    }

    /// A member as it is.
    pub(super) fn value(&self, name: &str) -> Option<&'a Value> {
        self.get(name)
    }

    /// The currency of the object.
    pub(super) fn optional_currency(&self) -> Result<Option<Currency>, Error> {
        self.optional("currency", |value| Currency::parse(value.as_str()?).ok())
    }

    /// The amount in the member `name`, in the object's currency.
    pub(super) fn optional_amount(&self, name: &'static str) -> Result<Option<Amount>, Error> {
        let Some(minor) = self.optional_integer(name)? else { return Ok(None) };
        let currency = self.optional_currency()?.ok_or(Error::MissingField { name: "currency" })?;
        Amount::new(minor, currency).map(Some).map_err(|_| Error::BadField { name })
    }

    pub(super) fn amount(&self, name: &'static str) -> Result<Amount, Error> {
        self.optional_amount(name)?.ok_or(Error::MissingField { name })
    }

    /// The id in a member, whether Stripe wrote the id or the whole object.
    pub(super) fn optional_id<I>(
        &self,
        name: &'static str,
        parse: impl FnOnce(&str) -> Result<I, Error>,
    ) -> Result<Option<I>, Error> {
        self.optional(name, |value| {
            let text = value.as_str().or_else(|| value.get("id")?.as_str())?;
            parse(text).ok()
        })
    }

    pub(super) fn id<I>(&self, name: &'static str, parse: impl FnOnce(&str) -> Result<I, Error>) -> Result<I, Error> {
        self.optional_id(name, parse)?.ok_or(Error::MissingField { name })
    }

    /// An object or its id.
    pub(super) fn expandable<T: Object>(&self, name: &'static str) -> Result<Option<Expandable<T>>, Error> {
        match self.get(name) {
            None => Ok(None),
            Some(Value::String(id)) => {
                T::parse_id(id).map(|id| Some(Expandable::Id(id))).map_err(|_| Error::BadField { name })
            }
            Some(value) => T::from_json(value).map(|object| Some(Expandable::Object(Box::new(object)))),
        }
    }

    /// The object's metadata, as it came: limits are for those who write.
    pub(super) fn metadata(&self) -> Result<Metadata, Error> {
        let name = "metadata";
        let Some(inner) = self.inner(name)? else { return Ok(Metadata::new()) };
        let pairs = inner.0.iter().map(|(key, value)| Some((key.clone(), value.as_str()?.to_owned())));
        pairs.collect::<Option<_>>().map(Metadata).ok_or(Error::BadField { name })
    }
}

impl<T: Object> Expandable<T> {
    pub(super) fn to_json(&self, id: impl Fn(&T::Id) -> &str) -> Value {
        match self {
            Self::Id(known) => id(known).into(),
            Self::Object(object) => object.to_json(),
        }
    }
}
