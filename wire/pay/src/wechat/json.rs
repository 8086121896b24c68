//! JSON as this protocol uses it: objects of texts, whole numbers and other objects.

use super::Error;
use crate::{Error as Shared, Fen, json::members};
use serde_json::{Map, Value};

/// A JSON object to be read. Members are named by their path (`amount.total`), so that a complaint says which.
pub(super) struct Reader(Map<String, Value>);

impl Reader {
    /// Reads `body`, bounded in size and depth and to its end.
    pub(super) fn parse(body: &[u8]) -> Result<Self, Error> {
        let text = std::str::from_utf8(body).map_err(|_| Shared::NotUtf8)?;
        members(text)?;
        match serde_json::from_str(text) {
            Ok(Value::Object(map)) => Ok(Self(map)),
            _ => Err(Shared::Json { at: 0 }.into()),
        }
    }

    /// The value at `path`; `None` if it, or an object on the way to it, is absent or null.
    fn find(&self, path: &'static str) -> Result<Option<&Value>, Error> {
        let mut names = path.split('.');
        let mut found = names.next().and_then(|name| self.0.get(name));
        for name in names {
            found = match found {
                None | Some(Value::Null) => None,
                Some(Value::Object(map)) => map.get(name),
                Some(_) => return Err(bad(path)),
            };
        }
        Ok(found.filter(|value| !value.is_null()))
    }

    /// A text, or `None` if it is absent, null or empty.
    pub(super) fn optional_text(&self, path: &'static str) -> Result<Option<String>, Error> {
        match self.find(path)? {
            None => Ok(None),
            Some(Value::String(text)) if text.is_empty() => Ok(None),
            Some(Value::String(text)) => Ok(Some(text.clone())),
            Some(_) => Err(bad(path)),
        }
    }

    pub(super) fn text(&self, path: &'static str) -> Result<String, Error> {
        self.optional_text(path)?.ok_or_else(|| missing(path))
    }

    /// A whole number, or `None` if it is absent or null.
    pub(super) fn optional_integer(&self, path: &'static str) -> Result<Option<i64>, Error> {
        self.find(path)?.map(|value| value.as_i64().ok_or_else(|| bad(path))).transpose()
    }

    /// A whole number of fen, or `None` if it is absent or null.
    pub(super) fn optional_fen(&self, path: &'static str) -> Result<Option<Fen>, Error> {
        match self.find(path)? {
            None => Ok(None),
            Some(value) => value.as_i64().and_then(Fen::new).map(Some).ok_or_else(|| bad(path)),
        }
    }

    pub(super) fn fen(&self, path: &'static str) -> Result<Fen, Error> {
        self.optional_fen(path)?.ok_or_else(|| missing(path))
    }

    /// An RFC 3339 time as unix seconds, or `None` if it is absent, null or empty.
    pub(super) fn optional_time(&self, path: &'static str) -> Result<Option<i64>, Error> {
        self.optional_text(path)?.map(|text| super::parse_rfc3339(&text).map_err(|_| bad(path))).transpose()
    }

    pub(super) fn time(&self, path: &'static str) -> Result<i64, Error> {
        self.optional_time(path)?.ok_or_else(|| missing(path))
    }

    /// `CNY` or nothing: amounts in another currency are never taken for fen.
    pub(super) fn only_cny(&self, path: &'static str) -> Result<(), Error> {
        match self.optional_text(path)?.as_deref() {
            None | Some("CNY") => Ok(()),
            Some(_) => Err(bad(path)),
        }
    }

    /// The objects of a list.
    pub(super) fn objects(self, name: &'static str) -> Result<Vec<Self>, Error> {
        match self.0.into_iter().find(|(known, _)| known == name) {
            None | Some((_, Value::Null)) => Err(missing(name)),
            Some((_, Value::Array(list))) => list
                .into_iter()
                .map(|value| match value {
                    Value::Object(map) => Ok(Self(map)),
                    _ => Err(bad(name)),
                })
                .collect(),
            Some(_) => Err(bad(name)),
        }
    }
}

pub(super) fn bad(name: &'static str) -> Error {
    Shared::BadField { name }.into()
}

pub(super) fn missing(name: &'static str) -> Error {
    Shared::MissingField { name }.into()
}

/// A JSON object being written, its members in the order in which they are given.
pub(super) struct Writer(String);

impl Writer {
    pub(super) fn new() -> Self {
        Self("{".to_owned())
    }

    fn name(&mut self, name: &str) {
        if !self.0.ends_with('{') {
            self.0.push(',');
        }
        self.0.push_str(&quoted(name));
        self.0.push(':');
    }

    pub(super) fn text(mut self, name: &str, value: &str) -> Self {
        self.name(name);
        self.0.push_str(&quoted(value));
        self
    }

    pub(super) fn optional_text(self, name: &str, value: Option<&str>) -> Self {
        match value {
            Some(value) => self.text(name, value),
            None => self,
        }
    }

    pub(super) fn optional_time(self, name: &str, unix_s: Option<i64>) -> Self {
        self.optional_text(name, unix_s.map(super::format_rfc3339).as_deref())
    }

    pub(super) fn fen(self, name: &str, amount: Fen) -> Self {
        self.integer(name, amount.get())
    }

    pub(super) fn integer(mut self, name: &str, value: i64) -> Self {
        self.name(name);
        self.0.push_str(&value.to_string());
        self
    }

    pub(super) fn optional_fen(self, name: &str, amount: Option<Fen>) -> Self {
        match amount {
            Some(amount) => self.fen(name, amount),
            None => self,
        }
    }

    pub(super) fn object(self, name: &str, inner: Writer) -> Self {
        self.raw(name, &inner.end())
    }

    /// `json` must be JSON.
    pub(super) fn raw(mut self, name: &str, json: &str) -> Self {
        self.name(name);
        self.0.push_str(json);
        self
    }

    pub(super) fn end(mut self) -> String {
        self.0.push('}');
        self.0
    }
}

fn quoted(text: &str) -> String {
    Value::from(text).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_reads_back() {
        let text = Writer::new()
            .text("a", "流 \"\\\n\u{1}")
            .optional_text("none", None)
            .object("amount", Writer::new().fen("total", Fen::MAX).optional_fen("none", None))
            .object("empty", Writer::new())
            .optional_time("at", Some(0))
            .end();
        assert_eq!(
            text,
            r#"{"a":"流 \"\\\n\u0001","amount":{"total":10000000000},"empty":{},"at":"1970-01-01T08:00:00+08:00"}"#
        );
        let reader = Reader::parse(text.as_bytes()).unwrap();
        assert_eq!(reader.text("a").unwrap(), "流 \"\\\n\u{1}");
        assert_eq!(reader.fen("amount.total"), Ok(Fen::MAX));
        assert_eq!(reader.optional_fen("empty.total"), Ok(None));
        assert_eq!(reader.optional_fen("absent.total"), Ok(None));
        assert_eq!(reader.time("at"), Ok(0));
    }

    #[test]
    fn refusals_name_the_member() {
        let reader = Reader::parse(
            br#"{"n":1,"t":"x","e":"","z":null,"o":{"f":1.5,"m":-1,"big":10000000001,"s":"1"},"c":"USD","l":[1]}"#,
        )
        .unwrap();
        assert_eq!(reader.text("n"), Err(bad("n")));
        assert_eq!(reader.text("absent"), Err(missing("absent")));
        assert_eq!(reader.text("e"), Err(missing("e")));
        assert_eq!(reader.text("z"), Err(missing("z")));
        assert_eq!(reader.text("t.x"), Err(bad("t.x")));
        assert_eq!(reader.fen("o.absent"), Err(missing("o.absent")));
        for path in ["o.f", "o.m", "o.big", "o.s"] {
            assert_eq!(reader.fen(path), Err(bad(path)), "{path}");
        }
        assert_eq!(reader.time("t"), Err(bad("t")));
        assert_eq!(reader.time("absent"), Err(missing("absent")));
        assert_eq!(reader.only_cny("c"), Err(bad("c")));
        assert_eq!(reader.only_cny("absent"), Ok(()));
        assert_eq!(reader.objects("l").err(), Some(bad("l")));
        for (body, name) in [("{}", missing("l")), (r#"{"l":null}"#, missing("l")), (r#"{"l":{}}"#, bad("l"))] {
            assert_eq!(Reader::parse(body.as_bytes()).unwrap().objects("l").err(), Some(name));
        }
    }

    #[test]
    fn bodies_are_bounded_and_read_to_their_end() {
        let deep = format!("{{\"a\":{}{}}}", "[".repeat(33), "]".repeat(33));
        for (body, error) in [
            (b"{}x".to_vec(), Shared::Json { at: 2 }),
            (b"[]".to_vec(), Shared::Json { at: 0 }),
            (b"\xff".to_vec(), Shared::NotUtf8),
            (br#"{"a":1,"a":2}"#.to_vec(), Shared::Duplicate { name: "a".into() }),
            (deep.into_bytes(), Shared::TooDeep { limit: crate::DEPTH_MAX }),
            (
                vec![b' '; crate::BODY_BYTES_MAX + 1],
                Shared::TooLarge { limit_bytes: crate::BODY_BYTES_MAX, actual_bytes: crate::BODY_BYTES_MAX + 1 },
            ),
            // The scanner lets any run of digits and signs pass; the parser behind it does not.
            (br#"{"a":1-2}"#.to_vec(), Shared::Json { at: 0 }),
        ] {
            assert_eq!(Reader::parse(&body).err(), Some(error.into()));
        }
    }
}
