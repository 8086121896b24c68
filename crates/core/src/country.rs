//! Countries and territories, by their ISO 3166-1 alpha-2 codes. Their names are texts, like everything that people read.

use serde::{Deserialize, Serialize};
use std::fmt;

/// Every code that is assigned, in the order of the alphabet (ISO 3166-1, of 2024).
const CODES: &str = "ADAEAFAGAIALAMAOAQARASATAUAWAXAZBABBBDBEBFBGBHBIBJBLBMBNBOBQBRBSBTBVBWBYBZCACCCDCFCGCHCICKCLCMCNCOCRCUCVCWCXCYCZ\
DEDJDKDMDODZECEEEGEHERESETFIFJFKFMFOFRGAGBGDGEGFGGGHGIGLGMGNGPGQGRGSGTGUGWGYHKHMHNHRHTHUIDIEILIMINIOIQIRISITJEJMJOJPKEKGKHKIKMKNKPKRKWKYKZ\
LALBLCLILKLRLSLTLULVLYMAMCMDMEMFMGMHMKMLMMMNMOMPMQMRMSMTMUMVMWMXMYMZNANCNENFNGNINLNONPNRNUNZOMPAPEPFPGPHPKPLPMPNPRPSPTPWPYQARERORSRURW\
SASBSCSDSESGSHSISJSKSLSMSNSOSRSSSTSVSXSYSZTCTDTFTGTHTJTKTLTMTNTOTRTTTVTWTZUAUGUMUSUYUZVAVCVEVGVIVNVUWFWSYEYTZAZMZW";

/// A country or territory.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Country([u8; 2]);

/// A text that is no assigned code.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not an ISO 3166-1 code of two capital letters")]
pub struct NotACountry;

impl Country {
    /// All of them.
    pub fn all() -> impl Iterator<Item = Country> {
        CODES.as_bytes().chunks_exact(2).filter_map(|code| Some(Country(code.try_into().ok()?)))
    }
    /// The country of a code.
    ///
    /// # Errors
    /// [`NotACountry`]
    pub fn parse(code: &str) -> Result<Self, NotACountry> {
        Self::all().find(|country| country.code() == code).ok_or(NotACountry)
    }
    /// Its code.
    #[must_use]
    pub fn code(&self) -> &str {
        std::str::from_utf8(&self.0).unwrap_or_default()
    }
}
impl TryFrom<String> for Country {
    type Error = NotACountry;
    fn try_from(code: String) -> Result<Self, NotACountry> {
        Self::parse(&code)
    }
}
impl From<Country> for String {
    fn from(country: Country) -> String {
        country.code().to_owned()
    }
}
impl fmt::Display for Country {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.code())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_in_order_and_each_is_read_again() {
        let all: Vec<Country> = Country::all().collect();
        assert_eq!(all.len(), 249);
        assert!(all.is_sorted() && all.windows(2).all(|pair| pair[0] != pair[1]));
        assert!(all.iter().all(|country| Country::parse(country.code()) == Ok(*country)));
        for no in ["", "J", "jp", "XX", "JPN", "日"] {
            assert_eq!(Country::parse(no), Err(NotACountry), "{no}");
        }
    }
}
