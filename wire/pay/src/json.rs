//! Finds the members of a JSON object as the exact text they were sent in.
//!
//! A signature covers bytes, so a response is never parsed and written again: `\/`, spaces and the order of members
//! would be lost. This scanner checks structure, strings and nesting; what a number is worth is left to the parser that
//! reads a member afterwards.

use crate::{BODY_BYTES_MAX, DEPTH_MAX, Error};
use serde_json::Value;
use std::collections::HashSet;

/// One member of the outermost object.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Member<'a> {
    /// Its name as written, without quotes, escapes not resolved.
    pub(crate) name: &'a str,
    /// Its value as written.
    pub(crate) raw: &'a str,
}

/// The members of the object that `text` consists of, in order.
///
/// # Errors
/// [`Error::TooLarge`], [`Error::Json`] (trailing bytes included), [`Error::TooDeep`], [`Error::Duplicate`].
pub(crate) fn members(text: &str) -> Result<Vec<Member<'_>>, Error> {
    if text.len() > BODY_BYTES_MAX {
        return Err(Error::TooLarge { limit_bytes: BODY_BYTES_MAX, actual_bytes: text.len() });
    }
    let mut scanner = Scanner { text, at: 0 };
    let (mut found, mut seen) = (Vec::new(), HashSet::new());
    scanner.skip_space();
    scanner.expect(b'{')?;
    scanner.skip_space();
    if !scanner.take(b'}') {
        loop {
            scanner.skip_space();
            let name = scanner.string()?;
            scanner.skip_space();
            scanner.expect(b':')?;
            scanner.skip_space();
            let start = scanner.at;
            scanner.value(1)?;
            let raw = text.get(start..scanner.at).ok_or(Error::Json { at: start })?;
            if !seen.insert(name) {
                return Err(Error::Duplicate { name: name.to_owned() });
            }
            found.push(Member { name, raw });
            scanner.skip_space();
            if scanner.take(b'}') {
                break;
            }
            scanner.expect(b',')?;
        }
    }
    scanner.skip_space();
    if scanner.at == text.len() { Ok(found) } else { Err(scanner.error()) }
}

/// A name or string value as written, if it has no escapes: then it is its own value.
pub(crate) fn plain_string(raw: &str) -> Option<&str> {
    raw.strip_prefix('"')?.strip_suffix('"').filter(|inner| !inner.contains('\\'))
}

/// The text fields of a JSON object, for texts whose signature was checked.
pub(crate) struct Fields(serde_json::Map<String, Value>);

impl Fields {
    pub(crate) fn parse(raw: &str) -> Result<Self, Error> {
        match serde_json::from_str(raw) {
            Ok(Value::Object(map)) => Ok(Self(map)),
            _ => Err(Error::Json { at: 0 }),
        }
    }

    /// A text, or `None` if it is absent, null or empty.
    pub(crate) fn optional(&self, name: &'static str) -> Result<Option<String>, Error> {
        match self.0.get(name) {
            None | Some(Value::Null) => Ok(None),
            Some(Value::String(text)) if text.is_empty() => Ok(None),
            Some(Value::String(text)) => Ok(Some(text.clone())),
            Some(_) => Err(Error::BadField { name }),
        }
    }

    pub(crate) fn required(&self, name: &'static str) -> Result<String, Error> {
        self.optional(name)?.ok_or(Error::MissingField { name })
    }
}

struct Scanner<'a> {
    text: &'a str,
    at: usize,
}

impl<'a> Scanner<'a> {
    fn error(&self) -> Error {
        Error::Json { at: self.at }
    }

    fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    fn take(&mut self, byte: u8) -> bool {
        let found = self.peek() == Some(byte);
        self.at += usize::from(found);
        found
    }

    fn expect(&mut self, byte: u8) -> Result<(), Error> {
        if self.take(byte) { Ok(()) } else { Err(self.error()) }
    }

    fn skip_space(&mut self) {
        while matches!(self.peek(), Some(b' ' | b'\t' | b'\n' | b'\r')) {
            self.at += 1;
        }
    }

    /// A string; returns what is between its quotes.
    fn string(&mut self) -> Result<&'a str, Error> {
        self.expect(b'"')?;
        let start = self.at;
        loop {
            match self.peek() {
                Some(b'"') => break,
                Some(b'\\') => {
                    self.at += 1;
                    match self.peek() {
                        Some(b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't') => self.at += 1,
                        Some(b'u') => {
                            let digits = self.text.as_bytes().get(self.at + 1..self.at + 5).ok_or(self.error())?;
                            if !digits.iter().all(u8::is_ascii_hexdigit) {
                                return Err(self.error());
                            }
                            self.at += 5;
                        }
                        _ => return Err(self.error()),
                    }
                }
                None | Some(0..=0x1f) => return Err(self.error()),
                Some(_) => self.at += 1,
            }
        }
        let inner = self.text.get(start..self.at).ok_or(self.error())?;
        self.at += 1;
        Ok(inner)
    }

    fn value(&mut self, depth: usize) -> Result<(), Error> {
        if depth > DEPTH_MAX {
            return Err(Error::TooDeep { limit: DEPTH_MAX });
        }
        match self.peek() {
            Some(b'"') => self.string().map(drop),
            Some(b'{') => self.list(b'}', depth, true),
            Some(b'[') => self.list(b']', depth, false),
            Some(b'-' | b'0'..=b'9') => {
                while matches!(self.peek(), Some(b'-' | b'+' | b'.' | b'e' | b'E' | b'0'..=b'9')) {
                    self.at += 1;
                }
                Ok(())
            }
            _ => {
                let rest = self.text.get(self.at..).unwrap_or_default();
                let word = ["true", "false", "null"].into_iter().find(|word| rest.starts_with(word));
                self.at += word.ok_or(self.error())?.len();
                Ok(())
            }
        }
    }

    /// The members of an object (`named`) or the elements of an array, from its opening to its closing bracket.
    fn list(&mut self, close: u8, depth: usize, named: bool) -> Result<(), Error> {
        self.at += 1;
        self.skip_space();
        if self.take(close) {
            return Ok(());
        }
        loop {
            self.skip_space();
            if named {
                self.string()?;
                self.skip_space();
                self.expect(b':')?;
                self.skip_space();
            }
            self.value(depth + 1)?;
            self.skip_space();
            if self.take(close) {
                return Ok(());
            }
            self.expect(b',')?;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn members_keep_their_exact_text() {
        let text = " {\n \"a\" : { \"url\":\"https:\\/\\/x\", \"n\":[1,-2.5e3,true,null,{}] } ,\"sign\":\"q==\"}\t";
        let found = members(text).unwrap();
        assert_eq!(
            found,
            [
                Member { name: "a", raw: "{ \"url\":\"https:\\/\\/x\", \"n\":[1,-2.5e3,true,null,{}] }" },
                Member { name: "sign", raw: "\"q==\"" },
            ]
        );
        assert_eq!(members("{}").unwrap(), []);
        assert_eq!(members("{\"流\":\"}\\\"]\"}").unwrap(), [Member { name: "流", raw: "\"}\\\"]\"" }]);
    }

    #[test]
    fn broken_text_is_refused_where_it_breaks() {
        for (text, at) in [
            ("", 0),
            ("[]", 0),
            ("{", 1),
            ("{\"a\"", 4),
            ("{\"a\":", 5),
            ("{\"a\":1", 6),
            ("{\"a\":1,}", 7),
            ("{\"a\":1}x", 7),
            ("{\"a\":1}{\"b\":2}", 7),
            ("{\"a\":tru}", 5),
            ("{\"a\":[1,]}", 8),
            ("{\"a\":{\"b\"}}", 9),
            ("{\"a\":\"\\x\"}", 7),
            ("{\"a\":\"\\u12g4\"}", 7),
            ("{\"a\":\"\n\"}", 6),
            ("{a:1}", 1),
        ] {
            assert_eq!(members(text), Err(Error::Json { at }), "{text:?}");
        }
        assert_eq!(members("{\"a\":1,\"a\":2}"), Err(Error::Duplicate { name: "a".into() }));
    }

    #[test]
    fn depth_and_size_are_bounded() {
        let nested = |depth: usize| format!("{{\"a\":{}{}}}", "[".repeat(depth), "]".repeat(depth));
        assert!(members(&nested(DEPTH_MAX)).is_ok());
        assert_eq!(members(&nested(DEPTH_MAX + 1)), Err(Error::TooDeep { limit: DEPTH_MAX }));
        assert_eq!(members(&"[".repeat(BODY_BYTES_MAX)), Err(Error::Json { at: 0 }));
        assert!(matches!(members(&" ".repeat(BODY_BYTES_MAX + 1)), Err(Error::TooLarge { .. })));
    }
}
