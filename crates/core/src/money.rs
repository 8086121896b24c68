//! Money: whole millionths of a currency unit. No floats, no rounding that is not asked for.

use serde::{Deserialize, Serialize};
use std::fmt;
use std::str::FromStr;

/// Millionths in one unit of a currency.
pub const UNIT: i64 = 1_000_000;

/// An ISO 4217 currency: its code and the number of decimals of its minor unit.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(into = "String", try_from = "String")]
pub struct Currency {
    code: [u8; 3],
    minor_digits: u8,
}

/// What is wrong with an amount or a currency.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum MoneyError {
    /// Not one of the currencies we know the minor unit of.
    #[error("unknown currency {0:?}: use an ISO 4217 code such as CNY")]
    UnknownCurrency(String),
    /// The text is not a decimal amount with at most six decimals.
    #[error("not an amount: digits, and at most six decimals after a point, expected")]
    NotAnAmount,
    /// The amount has a part smaller than the currency's minor unit.
    #[error("{micros} millionths are not a whole number of minor units")]
    NotExact {
        /// The amount that could not be expressed.
        micros: i64,
    },
    /// The result does not fit.
    #[error("amount out of range")]
    Overflow,
}

impl Currency {
    /// Renminbi.
    pub const CNY: Currency = Currency { code: *b"CNY", minor_digits: 2 };
    /// Currencies a brand can use, with their minor units (ISO 4217, list one).
    const KNOWN: [Currency; 8] = [
        Self::CNY,
        Currency { code: *b"EUR", minor_digits: 2 },
        Currency { code: *b"GBP", minor_digits: 2 },
        Currency { code: *b"HKD", minor_digits: 2 },
        Currency { code: *b"JPY", minor_digits: 0 },
        Currency { code: *b"KWD", minor_digits: 3 },
        Currency { code: *b"SGD", minor_digits: 2 },
        Currency { code: *b"USD", minor_digits: 2 },
    ];
    /// The three-letter code.
    #[must_use]
    pub fn code(&self) -> &str {
        std::str::from_utf8(&self.code).unwrap_or("XXX")
    }
    /// Decimals of the minor unit: 2 for fen and cents, 0 for yen.
    #[must_use]
    pub const fn minor_digits(&self) -> u8 {
        self.minor_digits
    }
    /// Millionths in one minor unit.
    const fn micros_per_minor(self) -> i64 {
        UNIT / 10i64.pow(self.minor_digits as u32)
    }
}
impl FromStr for Currency {
    type Err = MoneyError;
    fn from_str(code: &str) -> Result<Self, MoneyError> {
        let known = Self::KNOWN.into_iter().find(|currency| currency.code() == code);
        known.ok_or_else(|| MoneyError::UnknownCurrency(code.to_owned()))
    }
}
impl TryFrom<String> for Currency {
    type Error = MoneyError;
    fn try_from(code: String) -> Result<Self, MoneyError> {
        code.parse()
    }
}
impl From<Currency> for String {
    fn from(currency: Currency) -> String {
        currency.code().to_owned()
    }
}
impl fmt::Debug for Currency {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.code())
    }
}

/// An amount in one currency. Signed: a balance can be described, but no operation of ours makes one negative.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Money {
    micros: i64,
    currency: Currency,
}

impl Money {
    /// An amount in millionths of the unit.
    #[must_use]
    pub const fn from_micros(micros: i64, currency: Currency) -> Self {
        Self { micros, currency }
    }
    /// An amount in minor units (fen, cents).
    pub const fn from_minor(minor: i64, currency: Currency) -> Result<Self, MoneyError> {
        match minor.checked_mul(currency.micros_per_minor()) {
            Some(micros) => Ok(Self { micros, currency }),
            None => Err(MoneyError::Overflow),
        }
    }
    /// The amount in a provider's minor units: exact or refused.
    pub const fn to_minor(self) -> Result<i64, MoneyError> {
        if self.micros % self.currency.micros_per_minor() != 0 {
            return Err(MoneyError::NotExact { micros: self.micros });
        }
        Ok(self.micros / self.currency.micros_per_minor())
    }
    /// Millionths of the unit.
    #[must_use]
    pub const fn micros(self) -> i64 {
        self.micros
    }
    /// The currency.
    #[must_use]
    pub const fn currency(self) -> Currency {
        self.currency
    }
    /// A decimal text such as `9.9` in a currency.
    pub fn parse(text: &str, currency: Currency) -> Result<Self, MoneyError> {
        let (whole, fraction) = text.split_once('.').unwrap_or((text, "0"));
        let digits = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
        if !digits(whole) || !digits(fraction) || fraction.len() > 6 {
            return Err(MoneyError::NotAnAmount);
        }
        let number = |text: &str| text.parse::<i64>().map_err(|_| MoneyError::Overflow);
        let micros = number(whole)?.checked_mul(UNIT).zip(number(&format!("{fraction:0<6}")).ok());
        let micros = micros.and_then(|(whole, fraction)| whole.checked_add(fraction)).ok_or(MoneyError::Overflow)?;
        Ok(Self { micros, currency })
    }
    /// `¥1,234.50`: the amount as people read it, the same in all languages; the sign of its currency comes first.
    #[must_use]
    pub fn signed(self) -> String {
        let sign = match self.currency.code() {
            "CNY" => "¥",
            "EUR" => "€",
            "GBP" => "£",
            "HKD" => "HK$",
            "JPY" => "JP¥",
            "SGD" => "S$",
            "USD" => "US$",
            other => return format!("{other} {}", grouped(&self.decimal())),
        };
        let decimal = self.decimal();
        match decimal.strip_prefix('-') {
            Some(positive) => format!("-{sign}{}", grouped(positive)),
            None => format!("{sign}{}", grouped(&decimal)),
        }
    }
    /// The amount with at least the currency's decimals, without its code: `9.90`, `0.000001`.
    #[must_use]
    pub fn decimal(self) -> String {
        let (sign, micros) = (if self.micros < 0 { "-" } else { "" }, self.micros.unsigned_abs());
        let unit = UNIT.unsigned_abs();
        let mut fraction = format!("{:06}", micros % unit);
        let keep = usize::from(self.currency.minor_digits);
        while fraction.len() > keep && fraction.ends_with('0') {
            fraction.pop();
        }
        let point = if fraction.is_empty() { "" } else { "." };
        format!("{sign}{}{point}{fraction}", micros / unit)
    }
}

/// The part of `total` that straight-line recognition has reached after `elapsed` of `whole`.
///
/// Rounds down, so that parts taken in order never exceed the total and the last one (`elapsed >= whole`) is the exact
/// remainder.
#[must_use]
pub fn straight_line(total_micros: i64, elapsed_us: i64, whole_us: i64) -> i64 {
    if elapsed_us <= 0 || total_micros <= 0 {
        return 0;
    }
    if elapsed_us >= whole_us {
        return total_micros;
    }
    let part = i128::from(total_micros) * i128::from(elapsed_us) / i128::from(whole_us);
    i64::try_from(part).unwrap_or(total_micros)
}

/// Commas between groups of three digits.
fn grouped(decimal: &str) -> String {
    let (whole, fraction) = decimal.split_at(decimal.find('.').unwrap_or(decimal.len()));
    let mut text = String::with_capacity(decimal.len() + 4);
    for (place, digit) in whole.chars().enumerate() {
        if place > 0 && (whole.len() - place).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text + fraction
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cny(text: &str) -> Money {
        Money::parse(text, Currency::CNY).unwrap()
    }

    #[test]
    fn amounts_are_read_and_written_exactly() {
        for (text, micros, shown) in [
            ("9.9", 9_900_000, "9.90"),
            ("0.000001", 1, "0.000001"),
            ("39", 39_000_000, "39.00"),
            ("0.125", 125_000, "0.125"),
        ] {
            assert_eq!(cny(text).micros(), micros);
            assert_eq!(cny(text).decimal(), shown);
        }
        assert_eq!(Money::parse("100", "JPY".parse().unwrap()).unwrap().decimal(), "100");
        for text in ["", ".", "1.", ".5", "-1", "1.0000001", "1e3", "９", "99999999999999999999"] {
            assert!(Money::parse(text, Currency::CNY).is_err(), "{text}");
        }
    }

    #[test]
    fn people_read_the_sign_of_the_currency() {
        let signed = |text: &str, code: &str| Money::parse(text, code.parse().unwrap()).unwrap().signed();
        assert_eq!(signed("9.9", "CNY"), "¥9.90");
        assert_eq!(signed("1234567.5", "CNY"), "¥1,234,567.50");
        assert_eq!(signed("9.9", "EUR"), "€9.90");
        assert_eq!(signed("100", "JPY"), "JP¥100");
        assert_eq!(signed("1", "KWD"), "KWD 1.000");
        assert_eq!(Money::from_micros(-1_000_000, Currency::CNY).signed(), "-¥1.00");
    }

    #[test]
    fn minor_units_are_exact_or_refused() {
        assert_eq!(cny("9.9").to_minor(), Ok(990));
        assert_eq!(cny("0.001").to_minor(), Err(MoneyError::NotExact { micros: 1_000 }));
        assert_eq!(Money::from_minor(990, Currency::CNY), Ok(cny("9.90")));
        assert_eq!(Money::from_minor(i64::MAX, Currency::CNY), Err(MoneyError::Overflow));
    }

    #[test]
    fn parts_make_the_whole() {
        let (total, whole) = (9_900_001, 30 * 86_400_000_000);
        let mut before = 0;
        for day in 0..=30 {
            let reached = straight_line(total, day * 86_400_000_000, whole);
            assert!(reached >= before && reached <= total);
            before = reached;
        }
        assert_eq!(before, total);
        assert_eq!(straight_line(i64::MAX, i64::MAX / 2, i64::MAX), i64::MAX / 2);
    }
}
