//! Identifiers that come from outside: numbers of lines, cards, subscribers and devices. A value of these types is
//! well-formed; nothing else is said about it.

use serde::{Deserialize, Serialize};
use std::fmt;

/// What is wrong with an identifier. Never carries the text: it may be personal.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum IdentifierError {
    /// Too short or too long.
    #[error("{what}: {min} to {max} characters expected")]
    Length {
        /// The kind of identifier.
        what: &'static str,
        /// Fewest characters.
        min: usize,
        /// Most characters.
        max: usize,
    },
    /// A character that cannot stand in it.
    #[error("{what}: unexpected character")]
    Character {
        /// The kind of identifier.
        what: &'static str,
    },
    /// The check digit does not match.
    #[error("{what}: check digit does not match")]
    CheckDigit {
        /// The kind of identifier.
        what: &'static str,
    },
}

macro_rules! identifier {
    ($(#[$doc:meta])* $name:ident, $what:literal, $min:literal..=$max:literal, $allowed:expr, $check:expr) => {
        $(#[$doc])*
        #[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(into = "String", try_from = "String")]
        pub struct $name(String);

        impl $name {
            /// Reads the identifier; spaces and hyphens between its characters are dropped.
            pub fn parse(text: &str) -> Result<Self, IdentifierError> {
                let text: String = text.chars().filter(|c| !matches!(c, ' ' | '-')).collect();
                let allowed: fn(char) -> bool = $allowed;
                if !text.chars().all(allowed) {
                    return Err(IdentifierError::Character { what: $what });
                }
                if !($min..=$max).contains(&text.len()) {
                    return Err(IdentifierError::Length { what: $what, min: $min, max: $max });
                }
                let check: fn(&str) -> bool = $check;
                if check(&text) { Ok(Self(text)) } else { Err(IdentifierError::CheckDigit { what: $what }) }
            }
            /// The characters.
            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }
        impl TryFrom<String> for $name {
            type Error = IdentifierError;
            fn try_from(text: String) -> Result<Self, IdentifierError> {
                Self::parse(&text)
            }
        }
        impl From<$name> for String {
            fn from(value: $name) -> String {
                value.0
            }
        }
        impl fmt::Debug for $name {
            /// Masked: identifiers are personal data and debug output ends in logs.
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "{}({})", $what, self.masked())
            }
        }
        impl $name {
            /// The first three and last four characters, the rest as stars: `138****1234`.
            #[must_use]
            pub fn masked(&self) -> String {
                let (head, tail) = (self.0.get(..3).unwrap_or(""), self.0.len().checked_sub(4).and_then(|at| self.0.get(at..)));
                format!("{head}****{}", tail.unwrap_or(""))
            }
        }
    };
}

fn digit(c: char) -> bool {
    c.is_ascii_digit()
}

/// ISO/IEC 7812-1 annex B: the sum of the digits, every second from the right doubled, is a multiple of ten.
fn luhn(text: &str) -> bool {
    let sum: u32 = (text.chars().rev().filter_map(|c| c.to_digit(10)).enumerate())
        .map(|(place, digit)| if place % 2 == 0 { digit } else { digit * 2 % 10 + digit / 5 })
        .sum();
    sum.is_multiple_of(10)
}

/// GSMA SGP.02 §2.2.2 / SGP.29: an EID is 32 digits whose value modulo 97 is 1.
fn eid_check(text: &str) -> bool {
    text.chars().filter_map(|c| c.to_digit(10)).fold(0, |rest, digit| (rest * 10 + digit) % 97) == 1
}

identifier! {
    /// A line's number as the network knows it: digits without `+` (E.164 §6.2; 13-digit IoT numbers included).
    Msisdn, "msisdn", 5..=15, digit, |_| true
}
identifier! {
    /// A card or profile number (ITU-T E.118); China's IoT cards have 20 characters and may hold letters.
    Iccid, "iccid", 18..=20, |c| c.is_ascii_digit() || c.is_ascii_uppercase(), |_| true
}
identifier! {
    /// An international mobile subscriber identity (3GPP TS 23.003 §2.2).
    Imsi, "imsi", 14..=15, digit, |_| true
}
identifier! {
    /// A device's IMEI with its check digit (3GPP TS 23.003 §6.2.1).
    Imei, "imei", 15..=15, digit, luhn
}
identifier! {
    /// An eUICC identifier (GSMA SGP.29).
    Eid, "eid", 32..=32, digit, eid_check
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn well_formed_ones_are_read() {
        assert_eq!(Msisdn::parse("138 0013-8000").unwrap().as_str(), "13800138000");
        assert_eq!(Msisdn::parse("1440012345678").unwrap().masked(), "144****5678");
        assert_eq!(Iccid::parse("898604A1192280001234").unwrap().as_str().len(), 20);
        assert!(Imei::parse("490154203237518").is_ok());
        assert!(Eid::parse("89049032123451234512345678901235").is_ok());
    }

    #[test]
    fn each_fault_has_its_name() {
        assert_eq!(Msisdn::parse("1234"), Err(IdentifierError::Length { what: "msisdn", min: 5, max: 15 }));
        assert_eq!(Msisdn::parse("１３８００１３８０００"), Err(IdentifierError::Character { what: "msisdn" }));
        assert_eq!(Iccid::parse("8.98604E+19"), Err(IdentifierError::Character { what: "iccid" }));
        assert_eq!(Imei::parse("490154203237519"), Err(IdentifierError::CheckDigit { what: "imei" }));
        assert_eq!(Eid::parse("89049032123451234512345678901234"), Err(IdentifierError::CheckDigit { what: "eid" }));
    }

    #[test]
    fn debug_output_is_masked() {
        assert_eq!(format!("{:?}", Msisdn::parse("13800138000").unwrap()), "msisdn(138****8000)");
    }
}
