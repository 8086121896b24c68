//! Amounts: yuan with a point on the wire, integer fen here.

use crate::Error;
use std::{fmt, str::FromStr};

/// An amount in fen (hundredths of a yuan), never negative.
///
/// On the wire it is written in yuan. Read strictly: digits, optionally a point and one or two digits; no sign, space,
/// exponent or separator. Written with exactly two decimals.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Fen(i64);

impl Fen {
    /// Nothing.
    pub const ZERO: Fen = Fen(0);
    /// The most that a provider takes for one trade: 100,000,000 yuan (Alipay).
    pub const MAX: Fen = Fen(10_000_000_000);

    /// An amount of `fen` hundredths of a yuan, or `None` below zero or above [`Fen::MAX`].
    #[must_use]
    pub const fn new(fen: i64) -> Option<Self> {
        if fen < 0 || fen > Self::MAX.0 { None } else { Some(Self(fen)) }
    }

    /// The amount in fen.
    #[must_use]
    pub const fn get(self) -> i64 {
        self.0
    }

    /// The sum, or `None` above [`Fen::MAX`].
    #[must_use]
    pub const fn checked_add(self, other: Self) -> Option<Self> {
        Self::new(self.0 + other.0)
    }

    /// The difference, or `None` if `other` is larger.
    #[must_use]
    pub const fn checked_sub(self, other: Self) -> Option<Self> {
        Self::new(self.0 - other.0)
    }
}

impl fmt::Display for Fen {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{:02}", self.0 / 100, self.0 % 100)
    }
}

impl FromStr for Fen {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        let (yuan, decimals) = match text.split_once('.') {
            None => (text, "00"),
            Some((_, decimals)) if decimals.is_empty() || decimals.len() > 2 => return Err(Error::Amount),
            Some(parts) => parts,
        };
        if yuan.is_empty() || !yuan.bytes().chain(decimals.bytes()).all(|b| b.is_ascii_digit()) {
            return Err(Error::Amount);
        }
        let yuan: i64 = yuan.parse().map_err(|_| Error::AmountTooLarge)?;
        let hundredths: i64 = decimals.parse().map_err(|_| Error::Amount)?;
        let hundredths = if decimals.len() == 1 { hundredths * 10 } else { hundredths };
        let fen = yuan.checked_mul(100).and_then(|fen| fen.checked_add(hundredths)).ok_or(Error::AmountTooLarge)?;
        Self::new(fen).ok_or(Error::AmountTooLarge)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_yuan_strictly() {
        for (text, fen) in [
            ("0", 0),
            ("0.01", 1),
            ("0.1", 10),
            ("0.10", 10),
            ("9.9", 990),
            ("88.88", 8_888),
            ("007.05", 705),
            ("100000000", 10_000_000_000),
            ("100000000.00", 10_000_000_000),
        ] {
            assert_eq!(text.parse::<Fen>().map(Fen::get), Ok(fen), "{text}");
        }
        for text in [
            "",
            ".",
            "1.",
            ".5",
            "1.234",
            "-1",
            "+1",
            "1e2",
            " 1",
            "1 ",
            "1,000",
            "1.0.0",
            "\u{ff11}",
            "1.\u{661}",
            "0x1",
            "NaN",
        ] {
            assert_eq!(text.parse::<Fen>(), Err(Error::Amount), "{text:?}");
        }
        for text in ["100000000.01", "92233720368547758.07", "99999999999999999999999"] {
            assert_eq!(text.parse::<Fen>(), Err(Error::AmountTooLarge), "{text}");
        }
    }

    #[test]
    fn writes_two_decimals_that_read_back() {
        for (fen, text) in [(0, "0.00"), (1, "0.01"), (10, "0.10"), (8_888, "88.88"), (10_000_000_000, "100000000.00")]
        {
            let amount = Fen::new(fen).unwrap();
            assert_eq!(amount.to_string(), text);
            assert_eq!(text.parse(), Ok(amount));
        }
        assert_eq!(Fen::new(-1), None);
        assert_eq!(Fen::new(10_000_000_001), None);
    }

    #[test]
    fn sums_stay_in_range() {
        assert_eq!(Fen::MAX.checked_add(Fen(1)), None);
        assert_eq!(Fen(1).checked_sub(Fen(2)), None);
        assert_eq!(Fen(5).checked_sub(Fen(2)), Some(Fen(3)));
        assert_eq!(Fen(5).checked_add(Fen(2)), Some(Fen(7)));
    }
}
