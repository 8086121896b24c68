//! What somebody at the desk types into one box, and what it may be: a number, a card, an order, a payment, a person.

use crate::identifiers::{Eid, Iccid, Imei, Imsi};
use crate::identity::{DocumentRule, number as document_number};
use crate::number_plan::{NumberOf, NumberPlan};
use crate::words::words;

/// Fewest characters that are looked for; of a name two are enough.
const SHORTEST: usize = 4;
/// Most characters that are looked at.
const LONGEST: usize = 80;
/// How many digits the number of a case has.
const CASE_DIGITS: usize = 8;
/// So many of the last characters of a number or card find it.
pub const TAIL: usize = 6;

/// What a text may name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Named {
    /// A line's number.
    Msisdn,
    /// The number that its owner signs in with.
    Contact,
    /// A card or profile.
    Iccid,
    /// A subscriber identity.
    Imsi,
    /// The chip of a device that loads profiles.
    Eid,
    /// The device that a line sits in, as its owner says (3GPP TS 23.003 §6.2.1).
    Imei,
    /// An order, by the number that people read to each other.
    Order,
    /// A payment or refund, by our number or by a provider's or bank's.
    Payment,
    /// A receipt.
    Receipt,
    /// A case, by the number that people read to each other.
    Case,
    /// A person's or organisation's name.
    Name,
    /// A document, by its number.
    Document,
}

words!(Named {
    Msisdn = "msisdn",
    Contact = "contact",
    Iccid = "iccid",
    Imsi = "imsi",
    Eid = "eid",
    Imei = "imei",
    Order = "order",
    Payment = "payment",
    Receipt = "receipt",
    Case = "case",
    Name = "name",
    Document = "document",
});

/// How much of a name was typed.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Typed {
    /// All of it.
    Whole(String),
    /// Its beginning.
    Begins(String),
    /// Its end, [`TAIL`] characters or more.
    Ends(String),
}

/// One thing that a text may be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Guess {
    /// What it would name.
    pub named: Named,
    /// How much of it was typed. Of a document: its kind, a colon, its number.
    pub typed: Typed,
}

/// A text that is too short to be looked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("four characters, or two of a name")]
pub struct TooShort;

/// Everything that a text may be, the likeliest first. Spaces and hyphens inside numbers, full-width digits and letters, and
/// the calling code make no difference.
///
/// # Errors
/// [`TooShort`]
pub fn guesses(
    typed: &str,
    (plan, calling_code): (&NumberPlan, &str),
    documents: &[DocumentRule],
) -> Result<Vec<Guess>, TooShort> {
    let text: String = typed.trim().chars().take(LONGEST).map(narrow).collect();
    let plain: String = text.chars().filter(|c| !c.is_whitespace() && *c != '-').collect();
    let mut found = Vec::new();
    let mut add = |named, typed| found.push(Guess { named, typed });
    let ascii = plain.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '+' | '_' | '.'));
    let length = plain.chars().count();
    if ascii && length >= SHORTEST {
        numbers(&text, &plain, (plan, calling_code), &mut add);
        for rule in documents {
            if let Ok(number) = document_number(rule, &plain) {
                add(Named::Document, Typed::Whole(format!("{}:{number}", rule.word)));
            }
        }
    }
    let name = text.split_whitespace().collect::<Vec<_>>().join(" ");
    let letters = name.chars().filter(|c| c.is_alphabetic()).count();
    if letters >= 2 && !name.chars().any(char::is_control) {
        add(Named::Name, Typed::Whole(name.clone()));
        add(Named::Name, Typed::Begins(name));
    }
    if found.is_empty() && length < SHORTEST { Err(TooShort) } else { Ok(found) }
}

/// Whether it is the number of a device (an IMEI, 3GPP TS 23.003 §6.2.1). By it only those lines are found whose owners said
/// it; whoever typed it is told so, and what to ask for instead.
#[must_use]
pub fn names_device(typed: &str) -> bool {
    let text: String = typed.trim().chars().take(LONGEST).map(narrow).collect();
    Imei::parse(&text).is_ok()
}

fn numbers(text: &str, plain: &str, (plan, calling_code): (&NumberPlan, &str), add: &mut impl FnMut(Named, Typed)) {
    let whole = || Typed::Whole(plain.to_owned());
    let digits = plain.bytes().all(|byte| byte.is_ascii_digit());
    for (named, of) in [(Named::Msisdn, NumberOf::Line), (Named::Contact, NumberOf::Person)] {
        if let Ok(number) = plan.read(calling_code, text, of) {
            add(named, Typed::Whole(number.as_str().to_owned()));
        }
    }
    let upper = plain.to_ascii_uppercase();
    if let Ok(iccid) = Iccid::parse(&upper) {
        add(Named::Iccid, Typed::Whole(iccid.as_str().to_owned()));
    }
    if Imsi::parse(plain).is_ok() {
        add(Named::Imsi, whole());
    }
    if Imei::parse(plain).is_ok() {
        add(Named::Imei, whole());
    }
    if Eid::parse(plain).is_ok() {
        add(Named::Eid, whole());
    }
    if digits && plain.len() == 20 {
        add(Named::Order, whole());
    }
    if digits && plain.len() <= 12 {
        add(Named::Receipt, Typed::Whole(plain.trim_start_matches('0').to_owned()));
    }
    if digits && plain.len() == CASE_DIGITS {
        add(Named::Case, whole());
    }
    if plain.len() >= 8 {
        add(Named::Payment, Typed::Whole(text.split_whitespace().collect()));
    }
    // Longer than a card or an order's number, or with a letter: a provider's number, or the chip's.
    let numbered = plain.bytes().any(|byte| byte.is_ascii_digit());
    if numbered && !plain.contains(['+', '.']) && plain.len() >= 8 && (plain.len() > 20 || !digits) {
        add(Named::Payment, Typed::Begins(plain.to_owned()));
    }
    if digits && plain.len() > 20 && plain.len() < 32 {
        add(Named::Eid, Typed::Begins(plain.to_owned()));
    }
    if digits {
        for (named, longest) in [(Named::Msisdn, 15), (Named::Iccid, 20), (Named::Imsi, 15), (Named::Order, 20)] {
            if plain.len() < longest {
                add(named, Typed::Begins(plain.to_owned()));
            }
        }
    }
    // What is as long as the longest is no end of one.
    if plain.len() >= TAIL && plain.bytes().all(|byte| byte.is_ascii_alphanumeric()) {
        for (named, longest) in [(Named::Msisdn, 15), (Named::Iccid, 20)] {
            if plain.len() < longest {
                add(named, Typed::Ends(upper.clone()));
            }
        }
    }
}

/// Full-width letters, digits and signs as the narrow ones they stand for (Unicode FF01 to FF5E), and the wide space.
const fn narrow(c: char) -> char {
    match c {
        '\u{3000}' => ' ',
        '\u{ff01}'..='\u{ff5e}' => match char::from_u32(c as u32 - 0xfee0) {
            Some(narrow) => narrow,
            None => c,
        },
        _ => c,
    }
}

/// A name of which a colleague who does not act for the customer sees the first character.
#[must_use]
pub fn masked_name(name: &str) -> String {
    let mut chars = name.chars();
    match (chars.next(), chars.next()) {
        (Some(first), Some(_)) => format!("{first}**"),
        (Some(_), None) => "*".to_owned(),
        _ => String::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::identity::china;

    fn plan() -> NumberPlan {
        NumberPlan { subscriber: vec!["1xxxxxxxxxx".parse().unwrap()], iot: vec!["1xxxxxxxxxxxx".parse().unwrap()] }
    }
    fn whole(typed: &str) -> Vec<(Named, String)> {
        let all = guesses(typed, (&plan(), "86"), &china()).unwrap();
        let whole = all.into_iter().filter_map(|guess| match guess.typed {
            Typed::Whole(text) => Some((guess.named, text)),
            _ => None,
        });
        whole.collect()
    }
    fn has(typed: &str, named: Named, text: &str) {
        assert!(whole(typed).contains(&(named, text.to_owned())), "{typed}: {:?}", whole(typed));
    }

    #[test]
    fn a_text_is_recognised_however_people_write_it() {
        for number in ["13800138001", "138 0013 8001", "+86 138-0013-8001", "１３８００１３８００１", "8613800138001"]
        {
            has(number, Named::Msisdn, "13800138001");
            has(number, Named::Contact, "13800138001");
        }
        has("1440012345678", Named::Msisdn, "1440012345678");
        has("8986 1126 0000 0000 0001", Named::Iccid, "89861126000000000001");
        has("898604293620c0000970", Named::Iccid, "898604293620C0000970");
        has("460110000000002", Named::Imsi, "460110000000002");
        has("8904 9032 1234 5123 4512 3456 7890 1235", Named::Eid, "89049032123451234512345678901235");
        has("20261129 731000123456", Named::Order, "20261129731000123456");
        has("000123", Named::Receipt, "123");
        has("1234 5678", Named::Case, "12345678");
        has("2026112922001400001234567890", Named::Payment, "2026112922001400001234567890");
        has("pi_3Oabc_DEF", Named::Payment, "pi_3Oabc_DEF");
        has("林芳", Named::Name, "林芳");
        has("  John   Smith ", Named::Name, "John Smith");
        has("11010519491231002x", Named::Document, "cn_id:11010519491231002X");
    }

    #[test]
    fn parts_are_looked_for_from_four_characters_on_and_ends_from_six() {
        let parts = |typed: &str| guesses(typed, (&plan(), "86"), &[]).unwrap();
        let begins =
            |typed: &str, named| parts(typed).contains(&Guess { named, typed: Typed::Begins(typed.to_owned()) });
        let ends = |typed: &str, named| parts(typed).contains(&Guess { named, typed: Typed::Ends(typed.to_owned()) });
        assert!(begins("1380", Named::Msisdn) && !ends("13800", Named::Msisdn));
        assert!(ends("138001", Named::Msisdn) && ends("C00970", Named::Iccid));
        assert!(begins("202611292200140000123", Named::Payment) && begins("890490321234512345123", Named::Eid));
        assert!(begins("0193ab7c", Named::Payment) && begins("pi_3Oabc", Named::Payment));
        assert!(!begins("20261129220014000012", Named::Payment) && !begins("Johnsmith", Named::Payment));
        for short in ["", " ", "138", "林", "a", "- - -"] {
            assert_eq!(guesses(short, (&plan(), "86"), &china()), Err(TooShort), "{short:?}");
        }
        assert!(guesses(&"9".repeat(10_000), (&plan(), "86"), &china()).unwrap().len() < 12);
        assert_eq!(whole("<script>alert(1)</script>").len(), 1, "a name at most");
    }

    #[test]
    fn a_masked_name_keeps_its_first_character() {
        let masked: Vec<String> = ["林芳", "欧阳小明", "X", "", "John Smith"].map(masked_name).to_vec();
        assert_eq!(masked, ["林**", "欧**", "*", "", "J**"]);
    }
}
