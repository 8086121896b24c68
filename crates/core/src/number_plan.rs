//! Which numbers a brand's lines and customers have (ITU-T E.164 §6.2): a country calling code, and the national numbers
//! behind it. Data of the brand: nothing here knows a country.
//!
//! Numbers are kept in national form, without the calling code; people and files also write them with it.

use crate::identifiers::{IdentifierError, Msisdn};
use serde::{Deserialize, Serialize};
use std::fmt;

/// Numbers of one length that begin alike: digits as they are, `x` for any, like `1xxxxxxxxxx`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(into = "String", try_from = "String")]
pub struct NumberPattern(String);

/// A text that is no pattern.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("no pattern of numbers: 5 to 15 digits, with x for any digit, like 1xxxxxxxxxx")]
pub struct NotAPattern;

impl NumberPattern {
    fn matches(&self, number: &str) -> bool {
        number.len() == self.0.len() && self.0.bytes().zip(number.bytes()).all(|(of, digit)| of == b'x' || of == digit)
    }
}
impl std::str::FromStr for NumberPattern {
    type Err = NotAPattern;
    fn from_str(text: &str) -> Result<Self, NotAPattern> {
        let fits = (5..=15).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit() || byte == b'x');
        if fits { Ok(Self(text.to_owned())) } else { Err(NotAPattern) }
    }
}
impl TryFrom<String> for NumberPattern {
    type Error = NotAPattern;
    fn try_from(text: String) -> Result<Self, NotAPattern> {
        text.parse()
    }
}
impl From<NumberPattern> for String {
    fn from(pattern: NumberPattern) -> String {
        pattern.0
    }
}
impl fmt::Display for NumberPattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// The numbers of a brand. Empty: any of 5 to 15 digits.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct NumberPlan {
    /// Of people: numbers of phones, which also receive messages.
    #[serde(default)]
    pub subscriber: Vec<NumberPattern>,
    /// Of things.
    #[serde(default)]
    pub iot: Vec<NumberPattern>,
}

/// Who has a number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum NumberOf {
    /// A line, of a person or a thing.
    Line,
    /// A person, who receives messages there.
    Person,
}

/// Why a text is no number of a brand. Never carries the text: it may be personal.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NumberFault {
    /// It is no number at all.
    #[error(transparent)]
    Identifier(#[from] IdentifierError),
    /// It begins with `+` and another country's calling code.
    #[error("a number of another country")]
    Foreign,
    /// The plan has no number of this form.
    #[error("no number of the brand's plan")]
    NotInPlan,
}

impl NumberPlan {
    /// Reads a number as people write it: with or without the calling code (behind `+`, `00` or nothing), spaces and
    /// hyphens. In national form.
    ///
    /// # Errors
    /// [`NumberFault`]
    pub fn read(&self, calling_code: &str, text: &str, of: NumberOf) -> Result<Msisdn, NumberFault> {
        let text: String = text.chars().filter(|c| !matches!(c, ' ' | '-')).collect();
        if let Some(rest) = text.strip_prefix('+') {
            return match rest.strip_prefix(calling_code) {
                Some(national) => self.known(national, of),
                None if self.is_empty(of) => Ok(Msisdn::parse(rest)?),
                None => Err(NumberFault::Foreign),
            };
        }
        let known = self.known(&text, of);
        let rest = text.strip_prefix("00").unwrap_or(&text).strip_prefix(calling_code);
        match (&known, rest) {
            // Without a plan only `00` tells a calling code from a number that begins with the same digits.
            (Err(_), Some(national)) => self.known(national, of).or(known),
            (Ok(_), Some(national)) if self.is_empty(of) && text.starts_with("00") => self.known(national, of),
            _ => known,
        }
    }

    /// A national number of the plan.
    fn known(&self, number: &str, of: NumberOf) -> Result<Msisdn, NumberFault> {
        let number = Msisdn::parse(number)?;
        let fits = self.is_empty(of) || self.patterns(of).any(|pattern| pattern.matches(number.as_str()));
        if fits { Ok(number) } else { Err(NumberFault::NotInPlan) }
    }

    /// What there is, for people: `1xxxxxxxxxx, 1xxxxxxxxxxxx`.
    #[must_use]
    pub fn shown(&self, of: NumberOf) -> String {
        self.patterns(of).map(NumberPattern::to_string).collect::<Vec<_>>().join(", ")
    }

    fn is_empty(&self, of: NumberOf) -> bool {
        self.patterns(of).next().is_none()
    }
    fn patterns(&self, of: NumberOf) -> impl Iterator<Item = &NumberPattern> {
        self.subscriber.iter().chain(self.iot.iter().filter(move |_| of == NumberOf::Line))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plan(subscriber: &[&str], iot: &[&str]) -> NumberPlan {
        let patterns = |texts: &[&str]| texts.iter().map(|text| text.parse().unwrap()).collect();
        NumberPlan { subscriber: patterns(subscriber), iot: patterns(iot) }
    }
    fn check(plan: &NumberPlan, text: &str, line: Result<&str, NumberFault>, person: Result<&str, NumberFault>) {
        for (of, expected) in [(NumberOf::Line, line), (NumberOf::Person, person)] {
            let read = plan.read("86", text, of);
            assert_eq!(read.as_ref().map(Msisdn::as_str).map_err(|fault| *fault), expected, "{text:?} {of:?}");
        }
    }

    #[test]
    fn numbers_are_read_as_people_write_them() {
        let china = plan(&["1xxxxxxxxxx"], &["1xxxxxxxxxxxx"]);
        for text in
            ["13800138000", "138 0013 8000", "138-0013-8000", "+86 13800138000", "+8613800138000", "008613800138000"]
        {
            check(&china, text, Ok("13800138000"), Ok("13800138000"));
        }
        check(&china, "8613800138000", Ok("13800138000"), Ok("13800138000"));
        let not = Err(NumberFault::NotInPlan);
        for text in ["1440012345678", "+861440012345678", "861440012345678"] {
            check(&china, text, Ok("1440012345678"), not);
        }
        for text in ["1380013800", "138001380001", "23800138000", "8623800138000", "+8623800138000"] {
            check(&china, text, not, not);
        }
        check(&china, "+447700900123", Err(NumberFault::Foreign), Err(NumberFault::Foreign));
        let length = Err(NumberFault::Identifier(IdentifierError::Length { what: "msisdn", min: 5, max: 15 }));
        let character = Err(NumberFault::Identifier(IdentifierError::Character { what: "msisdn" }));
        check(&china, "138", length, length);
        check(&china, "１３８００１３８０００", character, character);
        check(&china, "13800138000x", character, character);
        check(&china, "", length, length);
        assert_eq!(china.shown(NumberOf::Line), "1xxxxxxxxxx, 1xxxxxxxxxxxx");
        assert_eq!(china.shown(NumberOf::Person), "1xxxxxxxxxx");
    }

    #[test]
    fn without_a_plan_any_number_is_one() {
        let any = NumberPlan::default();
        for (text, read) in [
            ("13800138000", "13800138000"),
            ("8613800138000", "8613800138000"),
            ("+8613800138000", "13800138000"),
            ("008613800138000", "13800138000"),
            ("+447700900123", "447700900123"),
            ("00123456", "00123456"),
        ] {
            check(&any, text, Ok(read), Ok(read));
        }
    }

    #[test]
    fn a_plan_for_things_alone_leaves_people_free() {
        let things = plan(&[], &["1xxxxxxxxxxxx"]);
        check(&things, "13800138000", Err(NumberFault::NotInPlan), Ok("13800138000"));
    }

    #[test]
    fn patterns_are_digits_and_x() {
        for text in ["1xxx", "1xxxxxxxxxxxxxxx", "1xxxxX", "+1xxxxx", ""] {
            assert_eq!(text.parse::<NumberPattern>(), Err(NotAPattern), "{text}");
        }
        let kept: NumberPlan = serde_json::from_str(r#"{"subscriber":["1xxxxxxxxxx"]}"#).unwrap();
        assert_eq!(kept, plan(&["1xxxxxxxxxx"], &[]));
        assert_eq!(serde_json::to_string(&kept).unwrap(), r#"{"subscriber":["1xxxxxxxxxx"],"iot":[]}"#);
        assert!(serde_json::from_str::<NumberPlan>(r#"{"iot":["1"]}"#).is_err());
    }
}
