//! The parameters of a request: names with brackets (`line_items[0][price_data][currency]`), written in order and taken
//! one by one until none is left.

use super::RequestError;
use crate::{form, stripe::Metadata};

/// Parameters about to be sent.
#[derive(Default)]
pub(super) struct Writer(Vec<(String, String)>);

impl Writer {
    pub(super) fn set(&mut self, name: &str, value: &(impl ToString + ?Sized)) {
        self.0.push((name.to_owned(), value.to_string()));
    }

    pub(super) fn set_optional(&mut self, name: &str, value: Option<&(impl ToString + ?Sized)>) {
        if let Some(value) = value {
            self.set(name, value);
        }
    }

    /// Sets `prefix[name]` for each text, such as `metadata[order]`.
    pub(super) fn set_metadata(&mut self, prefix: &str, metadata: &Metadata) {
        for (name, value) in metadata.iter() {
            self.set(&format!("{prefix}[{name}]"), value);
        }
    }

    /// The parameters as a form body or query string.
    pub(super) fn encode(&self) -> String {
        let mut out = String::new();
        for (name, value) in &self.0 {
            if !out.is_empty() {
                out.push('&');
            }
            form::encode_into(&mut out, name);
            out.push('=');
            form::encode_into(&mut out, value);
        }
        out
    }
}

/// Parameters that were received and not yet taken.
pub(super) struct Reader(Vec<(String, String)>);

impl Reader {
    /// Reads a form body or query string.
    pub(super) fn parse(form: &[u8]) -> Result<Self, RequestError> {
        Ok(Self(form::parse(form)?))
    }

    /// Takes a parameter, if it is there. An empty one is refused: to Stripe it means "delete this".
    pub(super) fn optional(&mut self, name: &str) -> Result<Option<String>, RequestError> {
        let Some(at) = self.0.iter().position(|(known, _)| known == name) else { return Ok(None) };
        let (param, value) = self.0.remove(at);
        if value.is_empty() { Err(RequestError::Empty { param }) } else { Ok(Some(value)) }
    }

    pub(super) fn required(&mut self, name: &str) -> Result<String, RequestError> {
        self.optional(name)?.ok_or_else(|| RequestError::Missing { param: name.to_owned() })
    }

    /// Takes a parameter that `parse` can read.
    pub(super) fn parsed<T>(&mut self, name: &str, parse: impl FnOnce(&str) -> Option<T>) -> Result<T, RequestError> {
        let value = self.required(name)?;
        parse(&value).ok_or_else(|| RequestError::Invalid { param: name.to_owned() })
    }

    pub(super) fn optional_parsed<T>(
        &mut self,
        name: &str,
        parse: impl FnOnce(&str) -> Option<T>,
    ) -> Result<Option<T>, RequestError> {
        let Some(value) = self.optional(name)? else { return Ok(None) };
        parse(&value).map(Some).ok_or_else(|| RequestError::Invalid { param: name.to_owned() })
    }

    /// Takes a parameter that must be there with this very value.
    pub(super) fn fixed(&mut self, name: &str, value: &str) -> Result<(), RequestError> {
        self.parsed(name, |found| (found == value).then_some(()))
    }

    /// Takes every `prefix[name]`.
    pub(super) fn metadata(&mut self, prefix: &str) -> Result<Metadata, RequestError> {
        let mut metadata = Metadata::new();
        let mut rest = Vec::with_capacity(self.0.len());
        for (param, value) in self.0.drain(..) {
            match param.strip_prefix(prefix).and_then(|name| name.strip_prefix('[')?.strip_suffix(']')) {
                Some(name) => metadata.insert(name, &value)?,
                None => rest.push((param, value)),
            }
        }
        self.0 = rest;
        Ok(metadata)
    }

    /// Ends reading.
    ///
    /// # Errors
    /// [`RequestError::UnknownParam`] if anything is left.
    pub(super) fn end(self) -> Result<(), RequestError> {
        match self.0.into_iter().next() {
            None => Ok(()),
            Some((param, _)) => Err(RequestError::UnknownParam { param }),
        }
    }
}

/// A whole number in digits, as Stripe takes them: no sign, no space, no zero in front.
pub(super) fn whole_number(text: &str) -> Option<i64> {
    let canonical = text == "0" || !text.starts_with('0');
    if canonical && text.bytes().all(|byte| byte.is_ascii_digit()) { text.parse().ok() } else { None }
}
