//! Amounts: whole minor units on the wire, in units that Stripe defines and ISO 4217 does not.

use std::fmt;

/// A currency as Stripe writes it: three small letters. That it is one is all this type says; what one minor unit of it
/// is worth, and whether Stripe takes it, is asked when an amount is converted.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Currency([u8; 3]);

/// An amount in minor units of a currency. Negative in what Stripe books against its merchant, never in what is asked
/// of a payer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Amount {
    minor: i64,
    currency: Currency,
}

/// Why an amount cannot be written in Stripe's units, or read from them.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum AmountError {
    /// Not three letters.
    #[error("not a currency: three letters expected")]
    NotACurrency,
    /// Stripe takes no payments in it.
    #[error("{currency} is not a currency that Stripe takes")]
    UnknownCurrency {
        /// The currency.
        currency: Currency,
    },
    /// Stripe documents UGX both as a currency without decimals and as one whose amounts have two. A guess would be
    /// wrong by a factor of 100.
    #[error("the unit of {currency} is not certain")]
    UncertainUnit {
        /// The currency.
        currency: Currency,
    },
    /// The amount has a part smaller than a minor unit.
    #[error("{millionths} millionths of {currency} are not a whole number of minor units")]
    NotExact {
        /// The currency.
        currency: Currency,
        /// The amount.
        millionths: i64,
    },
    /// The card networks take this currency in larger steps than its minor unit: three-decimal currencies in tens,
    /// krónur in hundreds.
    #[error("{minor} minor units of {currency} are not a multiple of {step}")]
    NotAStep {
        /// The currency.
        currency: Currency,
        /// The amount in minor units.
        minor: i64,
        /// What it must be a multiple of.
        step: i64,
    },
    /// Nothing, or less than nothing, where something is asked for.
    #[error("{minor} minor units are no amount to ask for")]
    NotPositive {
        /// The amount in minor units.
        minor: i64,
    },
    /// More than [`Amount::MINOR_MAX`], in either direction.
    #[error("an amount beyond {} minor units", Amount::MINOR_MAX)]
    OutOfRange,
}

/// Millionths in one unit of a currency.
const UNIT: i64 = 1_000_000;

/// Without decimals. MGA is among them although ISO 4217 gives it two.
const NO_DECIMALS: &[u8] = b"bifclpdjfgnfjpykmfkrwmgapygrwfvndvuvxafxofxpf";
/// With three decimals; the last digit must be 0.
const THREE_DECIMALS: &[u8] = b"bhdjodkwdomrtnd";
/// With two decimals, which must be 00: kept by Stripe for compatibility although the króna has none.
const TWO_DECIMALS_ZERO: &[u8] = b"isk";
/// With two decimals.
const TWO_DECIMALS: &[u8] = b"aedafnallamdangaoaarsaudawgaznbambbdbdtbgnbmdbndbobbrlbsdbwpbynbzdcadcdfchfcnycopcrccve\
czkdkkdopdzdegpetbeurfjdfkpgbpgelgipgmdgtqgydhkdhnlhtghufidrilsinrjmdkeskgskhrkydkztlaklbplkrlrdlslmadmdlmkdmmkmntmop\
murmvrmwkmxnmyrmznnadngnnionoknprnzdpabpenpgkphppkrplnqarronrsdrubsarsbdscrseksgdshpslesossrdstdszlthbtjstoptryttdtwd\
tzsuahusduyuuzswstxcdyerzarzmw";

impl Currency {
    /// The currency of an ISO 4217 code as the rest of the world writes it, such as `USD`.
    ///
    /// # Errors
    /// [`AmountError::NotACurrency`].
    pub fn from_iso(code: &str) -> Result<Self, AmountError> {
        Self::letters(code, u8::is_ascii_uppercase)
    }

    /// The currency of a word on the wire, such as `usd`.
    ///
    /// # Errors
    /// [`AmountError::NotACurrency`].
    pub fn parse(word: &str) -> Result<Self, AmountError> {
        Self::letters(word, u8::is_ascii_lowercase)
    }

    fn letters(text: &str, fits: impl Fn(&u8) -> bool) -> Result<Self, AmountError> {
        let bytes: [u8; 3] = text.as_bytes().try_into().map_err(|_| AmountError::NotACurrency)?;
        if !bytes.iter().all(fits) {
            return Err(AmountError::NotACurrency);
        }
        Ok(Self(bytes.map(|byte| byte.to_ascii_lowercase())))
    }

    /// The word on the wire, such as `usd`.
    #[must_use]
    pub fn as_str(&self) -> &str {
        std::str::from_utf8(&self.0).unwrap_or("xxx")
    }

    /// The ISO 4217 code, such as `USD`.
    #[must_use]
    pub fn iso(self) -> String {
        self.as_str().to_ascii_uppercase()
    }

    /// Millionths in a minor unit, and the number of minor units that amounts must be multiples of.
    fn unit(self) -> Result<(i64, i64), AmountError> {
        let in_list = |list: &[u8]| list.chunks_exact(3).any(|code| code == self.0);
        if in_list(TWO_DECIMALS) {
            Ok((UNIT / 100, 1))
        } else if in_list(NO_DECIMALS) {
            Ok((UNIT, 1))
        } else if in_list(THREE_DECIMALS) {
            Ok((UNIT / 1_000, 10))
        } else if in_list(TWO_DECIMALS_ZERO) {
            Ok((UNIT / 100, 100))
        } else if &self.0 == b"ugx" {
            Err(AmountError::UncertainUnit { currency: self })
        } else {
            Err(AmountError::UnknownCurrency { currency: self })
        }
    }
}

impl fmt::Display for Currency {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl fmt::Debug for Currency {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl Amount {
    /// The most minor units this crate carries: twelve digits, the most Stripe takes in any currency. In most it takes
    /// eight digits, and says so itself (`amount_too_large`).
    pub const MINOR_MAX: i64 = 999_999_999_999;

    /// An amount as it is on the wire, whatever its unit is worth.
    ///
    /// # Errors
    /// [`AmountError::OutOfRange`].
    pub const fn new(minor: i64, currency: Currency) -> Result<Self, AmountError> {
        if minor > Self::MINOR_MAX || minor < -Self::MINOR_MAX {
            return Err(AmountError::OutOfRange);
        }
        Ok(Self { minor, currency })
    }

    /// The amount of so many millionths of the currency's unit: exactly, or not at all.
    ///
    /// # Errors
    /// [`AmountError::UnknownCurrency`], [`AmountError::UncertainUnit`], [`AmountError::NotExact`],
    /// [`AmountError::NotAStep`], [`AmountError::OutOfRange`].
    pub fn from_millionths(millionths: i64, currency: Currency) -> Result<Self, AmountError> {
        let (per_minor, step) = currency.unit()?;
        if millionths % per_minor != 0 {
            return Err(AmountError::NotExact { currency, millionths });
        }
        let minor = millionths / per_minor;
        if minor % step != 0 {
            return Err(AmountError::NotAStep { currency, minor, step });
        }
        Self::new(minor, currency)
    }

    /// The amount in millionths of the currency's unit. Steps do not matter here: Stripe may book what it does not let
    /// its merchant ask for.
    ///
    /// # Errors
    /// [`AmountError::UnknownCurrency`], [`AmountError::UncertainUnit`].
    pub fn millionths(self) -> Result<i64, AmountError> {
        let (per_minor, _) = self.currency.unit()?;
        // At most 10^12 units of 10^6: far below the end of the type.
        self.minor.checked_mul(per_minor).ok_or(AmountError::OutOfRange)
    }

    /// Whether a payer can be asked for this amount.
    ///
    /// # Errors
    /// [`AmountError::NotPositive`], [`AmountError::UnknownCurrency`], [`AmountError::UncertainUnit`],
    /// [`AmountError::NotAStep`].
    pub fn check_chargeable(self) -> Result<(), AmountError> {
        let Self { minor, currency } = self;
        if minor <= 0 {
            return Err(AmountError::NotPositive { minor });
        }
        let (_, step) = currency.unit()?;
        if minor % step == 0 { Ok(()) } else { Err(AmountError::NotAStep { currency, minor, step }) }
    }

    /// The amount in minor units.
    #[must_use]
    pub const fn minor(self) -> i64 {
        self.minor
    }

    /// Its currency.
    #[must_use]
    pub const fn currency(self) -> Currency {
        self.currency
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn iso(code: &str) -> Currency {
        Currency::from_iso(code).unwrap()
    }

    #[test]
    fn every_kind_of_unit_converts_both_ways() {
        for (code, millionths, minor) in [
            ("USD", 12_340_000, 1_234),
            ("CNY", 10_000, 1),
            ("JPY", 500_000_000, 500),
            ("MGA", 5_000_000, 5),
            ("KWD", 5_120_000, 5_120),
            ("ISK", 5_000_000, 500),
            ("HUF", 10_450_000, 1_045),
            ("TWD", 800_450_000, 80_045),
            ("EUR", 0, 0),
            ("EUR", -70_000, -7),
            ("IDR", 9_999_999_999_990_000, 999_999_999_999),
        ] {
            let amount = Amount::from_millionths(millionths, iso(code)).unwrap();
            assert_eq!((amount.minor(), amount.currency().iso().as_str()), (minor, code));
            assert_eq!(amount.millionths(), Ok(millionths));
        }
    }

    #[test]
    fn refusals_have_names() {
        for (code, millionths, refused) in [
            ("USD", 1, AmountError::NotExact { currency: iso("USD"), millionths: 1 }),
            ("USD", 12_345_000, AmountError::NotExact { currency: iso("USD"), millionths: 12_345_000 }),
            ("JPY", 500_500_000, AmountError::NotExact { currency: iso("JPY"), millionths: 500_500_000 }),
            ("KWD", 5_124_500, AmountError::NotExact { currency: iso("KWD"), millionths: 5_124_500 }),
            ("KWD", 5_124_000, AmountError::NotAStep { currency: iso("KWD"), minor: 5_124, step: 10 }),
            ("ISK", 5_500_000, AmountError::NotAStep { currency: iso("ISK"), minor: 550, step: 100 }),
            ("UGX", 5_000_000, AmountError::UncertainUnit { currency: iso("UGX") }),
            ("XYZ", 5_000_000, AmountError::UnknownCurrency { currency: iso("XYZ") }),
            ("USD", 10_000_000_000_000_000, AmountError::OutOfRange),
            ("JPY", i64::MAX - i64::MAX % UNIT, AmountError::OutOfRange),
        ] {
            assert_eq!(Amount::from_millionths(millionths, iso(code)), Err(refused), "{millionths} {code}");
        }
        assert_eq!(Amount::new(-Amount::MINOR_MAX - 1, iso("USD")), Err(AmountError::OutOfRange));
        for (code, minor, refused) in [
            ("USD", 0, AmountError::NotPositive { minor: 0 }),
            ("USD", -5, AmountError::NotPositive { minor: -5 }),
            ("KWD", 5_124, AmountError::NotAStep { currency: iso("KWD"), minor: 5_124, step: 10 }),
            ("UGX", 500, AmountError::UncertainUnit { currency: iso("UGX") }),
            ("XYZ", 500, AmountError::UnknownCurrency { currency: iso("XYZ") }),
        ] {
            assert_eq!(Amount::new(minor, iso(code)).unwrap().check_chargeable(), Err(refused), "{minor} {code}");
        }
        assert_eq!(Amount::new(5_120, iso("KWD")).unwrap().check_chargeable(), Ok(()));
        let unknown = Amount::new(7, iso("XYZ")).unwrap();
        assert_eq!(unknown.millionths(), Err(AmountError::UnknownCurrency { currency: iso("XYZ") }));
    }

    #[test]
    fn currencies_are_three_letters_of_the_right_case() {
        for bad in ["", "us", "usdd", "USD", "us1", "u\u{e9}", "u d"] {
            assert_eq!(Currency::parse(bad), Err(AmountError::NotACurrency), "{bad:?}");
        }
        assert_eq!(Currency::from_iso("usd"), Err(AmountError::NotACurrency));
        assert_eq!(Currency::parse("usd"), Currency::from_iso("USD"));
    }

    #[test]
    fn no_currency_is_in_two_lists() {
        let all: Vec<&[u8]> = [NO_DECIMALS, THREE_DECIMALS, TWO_DECIMALS_ZERO, TWO_DECIMALS]
            .into_iter()
            .flat_map(|list| {
                assert_eq!(list.len() % 3, 0);
                list.chunks_exact(3)
            })
            .collect();
        let distinct: std::collections::BTreeSet<_> = all.iter().collect();
        assert_eq!(distinct.len(), all.len());
        assert!(all.len() > 130, "{}", all.len());
    }
}
