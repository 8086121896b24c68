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
        SignedFen(self.0).fmt(f)
    }
}

impl FromStr for Fen {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        Self::new(hundredths(text)?).ok_or(Error::AmountTooLarge)
    }
}

/// Hundredths out of digits, optionally a point and one or two digits.
fn hundredths(text: &str) -> Result<i64, Error> {
    let (whole, decimals) = match text.split_once('.') {
        None => (text, "00"),
        Some((_, decimals)) if decimals.is_empty() || decimals.len() > 2 => return Err(Error::Amount),
        Some(parts) => parts,
    };
    if whole.is_empty() || !whole.bytes().chain(decimals.bytes()).all(|b| b.is_ascii_digit()) {
        return Err(Error::Amount);
    }
    let whole: i64 = whole.parse().map_err(|_| Error::AmountTooLarge)?;
    let rest: i64 = decimals.parse().map_err(|_| Error::Amount)?;
    let rest = if decimals.len() == 1 { rest * 10 } else { rest };
    whole.checked_mul(100).and_then(|hundredths| hundredths.checked_add(rest)).ok_or(Error::AmountTooLarge)
}

/// An amount in fen with a sign, as statements have them: positive came in, negative went out. Sums and balances too,
/// so up to 10^13 yuan either way.
///
/// Written and read like [`Fen`], with a `-` before it if it is negative.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct SignedFen(i64);

impl SignedFen {
    /// Nothing.
    pub const ZERO: SignedFen = SignedFen(0);
    /// The largest magnitude: 10^13 yuan.
    pub const MAX: SignedFen = SignedFen(1_000_000_000_000_000);

    /// An amount of `fen` hundredths of a yuan, or `None` beyond [`SignedFen::MAX`] either way.
    #[must_use]
    pub const fn new(fen: i64) -> Option<Self> {
        if fen < -Self::MAX.0 || fen > Self::MAX.0 { None } else { Some(Self(fen)) }
    }

    /// The amount in fen.
    #[must_use]
    pub const fn get(self) -> i64 {
        self.0
    }

    /// The amount without its sign, or `None` above [`Fen::MAX`].
    #[must_use]
    pub const fn magnitude(self) -> Option<Fen> {
        Fen::new(self.0.abs())
    }
}

impl From<Fen> for SignedFen {
    fn from(fen: Fen) -> Self {
        Self(fen.0)
    }
}

impl std::ops::Neg for SignedFen {
    type Output = Self;

    fn neg(self) -> Self {
        Self(-self.0)
    }
}

impl fmt::Display for SignedFen {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sign = if self.0 < 0 { "-" } else { "" };
        write!(f, "{sign}{}.{:02}", self.0.abs() / 100, self.0.abs() % 100)
    }
}

impl FromStr for SignedFen {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        let (sign, digits) = match text.strip_prefix('-') {
            Some(digits) => (-1, digits),
            None => (1, text),
        };
        Self::new(sign * hundredths(digits)?).ok_or(Error::AmountTooLarge)
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
    fn signs_are_read_and_written() {
        for (text, fen) in [("-0.01", -1), ("0.00", 0), ("88.88", 8_888), ("-10000000000000.00", -SignedFen::MAX.0)] {
            let amount = SignedFen::new(fen).unwrap();
            assert_eq!(text.parse(), Ok(amount));
            assert_eq!(amount.to_string(), text);
        }
        for text in ["", "-", "--1", "+1", "1-", "- 1", "1,000.00"] {
            assert_eq!(text.parse::<SignedFen>(), Err(Error::Amount), "{text}");
        }
        assert_eq!("-10000000000000.01".parse::<SignedFen>(), Err(Error::AmountTooLarge));
        assert_eq!(SignedFen(-5).magnitude(), Fen::new(5));
        assert_eq!(SignedFen::MAX.magnitude(), None);
        assert_eq!(-SignedFen::from(Fen(7)), SignedFen(-7));
    }

    #[test]
    fn sums_stay_in_range() {
        assert_eq!(Fen::MAX.checked_add(Fen(1)), None);
        assert_eq!(Fen(1).checked_sub(Fen(2)), None);
        assert_eq!(Fen(5).checked_sub(Fen(2)), Some(Fen(3)));
        assert_eq!(Fen(5).checked_add(Fen(2)), Some(Fen(7)));
    }
}
