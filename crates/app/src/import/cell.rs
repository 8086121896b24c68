//! Values of cells, and what spreadsheets do to them: numbers in scientific notation, digits cut after the fifteenth, lost
//! zeros, full-width digits. Each damage is named with its remedy; none is guessed away.

use super::Fault;
use everline_core::brand::Brand;
use everline_core::identifiers::{Iccid, IdentifierError, Imsi, Msisdn};
use everline_core::number_plan::{NumberFault, NumberOf};

/// The longest text in a cell, in characters.
const TEXT_MAX: usize = 200;

const AS_TEXT: &str =
    "the spreadsheet made it a number: format the column as text, load the original file into it again, and export";

/// What happened to a value that should be digits and letters, if something did.
fn damage(field: &'static str, value: &str) -> Option<Fault> {
    let number = value.strip_suffix(".0").is_some_and(|rest| rest.bytes().all(|byte| byte.is_ascii_digit()));
    if scientific(value) || number {
        return Some(Fault::new(field, "a number in scientific or decimal notation: digits are lost", AS_TEXT));
    }
    let wide = |c: char| matches!(c, '\u{ff10}'..='\u{ff19}' | '\u{ff21}'..='\u{ff3a}' | '\u{ff41}'..='\u{ff5a}');
    if value.contains(wide) {
        let remedy = "write digits and letters in half width (半角)";
        return Some(Fault::new(field, "full-width digits or letters", remedy));
    }
    None
}

/// `8.98604E+19`
fn scientific(value: &str) -> bool {
    let Some((mantissa, exponent)) = value.split_once(['e', 'E']) else { return false };
    let exponent = exponent.strip_prefix(['+', '-']).unwrap_or(exponent);
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    digits(exponent) && exponent.len() <= 3 && mantissa.contains('.') && digits(&mantissa.replacen('.', "", 1))
        || digits(exponent) && mantissa.len() == 1 && digits(mantissa) && exponent.len() <= 2
}

fn identifier<T>(
    field: &'static str,
    value: &str,
    parse: impl Fn(&str) -> Result<T, IdentifierError>,
) -> Result<T, Fault> {
    if let Some(damage) = damage(field, value) {
        return Err(damage);
    }
    // Some files mark text in a cell as a spreadsheet shows it.
    let value = value.strip_prefix('\'').unwrap_or(value);
    parse(value).map_err(|error| {
        let remedy = match error {
            IdentifierError::Length { .. } => "look for lost leading zeros, digits cut off, or a shifted column",
            _ => "only the digits (and for an ICCID capital letters) of the number itself",
        };
        Fault::new(field, error.to_string(), remedy)
    })
}

/// A card or profile number; letters may be small.
pub fn iccid(field: &'static str, value: &str) -> Result<Iccid, Fault> {
    let upper =
        if value.bytes().any(|byte| byte.is_ascii_lowercase()) { value.to_ascii_uppercase() } else { value.to_owned() };
    identifier(field, &upper, Iccid::parse)
}
/// A subscriber identity.
pub fn imsi(field: &'static str, value: &str) -> Result<Imsi, Fault> {
    identifier(field, value, Imsi::parse)
}
/// A number of the brand's, with or without its calling code.
pub fn msisdn(field: &'static str, value: &str, brand: &Brand, of: NumberOf) -> Result<Msisdn, Fault> {
    match identifier(field, value, |value| match brand.number(value, of) {
        Err(NumberFault::Identifier(error)) => Err(error),
        read => Ok(read),
    })? {
        Ok(number) => Ok(number),
        Err(fault) => {
            let remedy = format!("the brand has {}; see [brand.numbers]", brand.numbers.shown(of));
            Err(Fault::new(field, fault.to_string(), remedy))
        }
    }
}

/// Whether a card number looks cut to fifteen digits: that is what a spreadsheet keeps of a number. One such number may be
/// real; a column of them is not.
#[must_use]
pub fn rounded(iccid: &Iccid) -> bool {
    let text = iccid.as_str();
    let tail = text.len().saturating_sub(15);
    tail >= 4
        && text.bytes().all(|byte| byte.is_ascii_digit())
        && text.bytes().rev().take(tail).all(|byte| byte == b'0')
}

/// A PIN: 4 to 8 digits (ETSI TS 102 221 §9.5.1), or a PUK: 8.
pub fn digits(field: &'static str, value: &str, (min, max): (usize, usize)) -> Result<String, Fault> {
    if let Some(damage) = damage(field, value) {
        return Err(damage);
    }
    let value = value.strip_prefix('\'').unwrap_or(value);
    if !value.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(Fault::new(field, "something other than digits", "only digits"));
    }
    if value.len() < min {
        let remedy = "leading zeros were lost: format the column as text and load the original file into it again";
        return Err(Fault::new(field, format!("fewer than {min} digits"), remedy));
    }
    if value.len() > max {
        return Err(Fault::new(field, format!("more than {max} digits"), "look for a shifted column"));
    }
    Ok(value.to_owned())
}

/// A code of letters, digits and a few signs, 4 to 64 characters.
pub fn code(field: &'static str, value: &str) -> Result<String, Fault> {
    if let Some(damage) = damage(field, value) {
        return Err(damage);
    }
    let value = value.strip_prefix('\'').unwrap_or(value);
    let allowed = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
    if !(4..=64).contains(&value.len()) || !value.chars().all(allowed) {
        return Err(Fault::new(field, "no code", "4 to 64 letters, digits, -, _ and . only"));
    }
    Ok(value.to_owned())
}

/// A text for people.
pub fn text(field: &'static str, value: &str) -> Result<String, Fault> {
    if value.chars().count() > TEXT_MAX {
        return Err(Fault::new(
            field,
            format!("longer than {TEXT_MAX} characters"),
            "shorten it, or look for a shifted column",
        ));
    }
    if value.chars().any(char::is_control) {
        return Err(Fault::new(field, "holds a control character", "take tabs and other invisible characters out"));
    }
    Ok(value.to_owned())
}

/// One of a few words.
pub fn word<T: Copy>(field: &'static str, value: &str, words: &[(&str, T)]) -> Result<T, Fault> {
    let wanted = value.to_lowercase().replace([' ', '-'], "_");
    let found = words.iter().find(|(word, _)| *word == wanted);
    found.map(|(_, value)| *value).ok_or_else(|| {
        let known: Vec<&str> = words.iter().map(|(word, _)| *word).collect();
        Fault::new(field, "an unknown word", format!("one of {}", known.join(", ")))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn brand() -> Brand {
        serde_json::from_value(serde_json::json!({
            "name": {}, "legal_name": {}, "credit_code": "", "time_zone": "Asia/Shanghai", "currency": "CNY",
            "calling_code": "86", "numbers": { "subscriber": ["1xxxxxxxxxx"], "iot": ["1xxxxxxxxxxxx"] },
            "hotline": "", "hotline_hours": {}, "terms_version": "1", "order_minutes": 15, "queued_plans_max": 1,
            "families": {},
        }))
        .unwrap()
    }
    fn check<T>(result: Result<T, Fault>, reason: &str) {
        let fault = result.err().unwrap_or_else(|| panic!("{reason} is not found"));
        assert!(fault.reason.contains(reason), "{}", fault.reason);
        assert!(!fault.remedy.is_empty());
    }

    #[test]
    fn damaged_numbers_are_named() {
        for value in ["8.98604E+19", "8.98604e19", "8E19", "1.38E+10", "13800138000.0"] {
            check(iccid("iccid", value), "scientific");
            check(msisdn("msisdn", value, &brand(), NumberOf::Line), "scientific");
        }
        check(iccid("iccid", "８９８６0012345678901234"), "full-width");
        check(iccid("iccid", "8986"), "18 to 20 characters");
        check(imsi("imsi", "46001123456789X"), "unexpected character");
        check(digits("puk1", "1234567", (8, 8)), "fewer than 8");
        check(digits("pin1", "123", (4, 8)), "fewer than 4");
        check(digits("pin1", "12a4", (4, 8)), "other than digits");
        check(digits("pin1", "123456789", (4, 8)), "more than 8");
        check(code("registration_code", "ab"), "no code");
        check(text("owner_name", &"x".repeat(201)), "longer than 200");
        check(text("owner_name", "a\tb"), "control");
        check(word("kind", "card", &[("physical", 1)]), "unknown word");
    }

    #[test]
    fn sound_values_are_read() {
        assert_eq!(iccid("iccid", "898604a1192280001234").unwrap().as_str(), "898604A1192280001234");
        assert_eq!(iccid("iccid", "898604E1192280001234").unwrap().as_str(), "898604E1192280001234");
        assert_eq!(iccid("iccid", "'89860412345678901234").unwrap().as_str(), "89860412345678901234");
        let number = |value, of| msisdn("msisdn", value, &brand(), of).map(|number| number.as_str().to_owned());
        for value in ["+86 138 0013 8000", "8613800138000", "'13800138000"] {
            assert_eq!(number(value, NumberOf::Person).as_deref(), Ok("13800138000"), "{value}");
        }
        assert_eq!(number("1440012345678", NumberOf::Line).as_deref(), Ok("1440012345678"));
        let fault = number("1440012345678", NumberOf::Person).unwrap_err();
        assert_eq!(fault.reason, "no number of the brand's plan");
        assert_eq!(fault.remedy, "the brand has 1xxxxxxxxxx; see [brand.numbers]");
        assert_eq!(number("+4477009001234", NumberOf::Line).unwrap_err().reason, "a number of another country");
        assert_eq!(digits("pin1", "0000", (4, 8)).unwrap(), "0000");
        assert_eq!(word("kind", "E-SIM", &[("e_sim", 2)]).unwrap(), 2);
    }

    #[test]
    fn numbers_cut_to_fifteen_digits_are_seen() {
        let of = |text: &str| rounded(&Iccid::parse(text).unwrap());
        assert!(of("89860412345678900000") && of("8986041234567890000"));
        assert!(!of("89860412345678901000") && !of("898604A2345678900000") && !of("898604123456789000"));
    }
}
