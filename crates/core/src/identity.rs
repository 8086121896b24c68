//! Who a customer is: the document they name, whether its number can be one, and how far it is proved (实名).
//!
//! Which documents there are is the brand's data. A number that has the right form is *format-checked*; that it belongs to the
//! name is *verified* by somebody else, or *failed*. What was verified is corrected one field at a time, and verified again;
//! two fields at once are another person, and that is a change of ownership.

use crate::brand::Localized;
use crate::customer::Identity;
use crate::words::words;
use jiff::civil::Date;
use serde::{Deserialize, Serialize};

/// Most characters of a name.
pub const NAME_CHARS_MAX: usize = 60;
/// Most characters of why somebody asks for a correction, or of what staff say to it.
pub const REASON_CHARS_MAX: usize = 500;

/// How the last character of a document's number follows from those before it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CheckDigit {
    /// It does not.
    #[default]
    None,
    /// ISO/IEC 7064 MOD 11-2 over digits, as in GB 11643-1999 §4.2 (18-digit citizen numbers): 0 to 9 or X.
    Mod11Dash2,
}

/// A kind of document that a brand takes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DocumentRule {
    /// Its stable word.
    pub word: String,
    /// What people call it.
    pub name: Localized,
    /// What its numbers look like: `9` any digit, `A` any letter, `*` either, all else as it stands; one of them must fit.
    pub patterns: Vec<String>,
    /// Its check digit.
    #[serde(default)]
    pub check: CheckDigit,
    /// Where in the number the date of birth stands as year, month and day: how many characters are before it.
    #[serde(default)]
    pub birth_after: Option<u8>,
}

/// What is wrong with what somebody said of themselves.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, thiserror::Error)]
pub enum WrongIdentity {
    /// No name, one that is too long, or with characters that no name has.
    #[error("not a name")]
    Name,
    /// The brand takes no such document.
    #[error("not a kind of document")]
    Kind,
    /// The number has another form.
    #[error("not a number of such a document")]
    Form,
    /// The check digit does not fit: a digit is wrong, or two are exchanged.
    #[error("its check digit does not fit")]
    CheckDigit,
    /// No date of birth, or one that is none.
    #[error("not a date of birth")]
    Birth,
    /// Too young to own a line: a guardian does, and the child uses it.
    #[error("a guardian has to own the line")]
    NeedsGuardian,
    /// The customer did not agree.
    #[error("agree first")]
    Consent,
}
impl WrongIdentity {
    /// The field to blame.
    #[must_use]
    pub const fn field(self) -> &'static str {
        match self {
            WrongIdentity::Name => "name",
            WrongIdentity::Kind => "document_kind",
            WrongIdentity::Form | WrongIdentity::CheckDigit => "document_number",
            WrongIdentity::Birth | WrongIdentity::NeedsGuardian => "born",
            WrongIdentity::Consent => "agree",
        }
    }
}
words!(WrongIdentity {
    Name = "not-a-name",
    Kind = "one-of-the-list",
    Form = "not-such-a-number",
    CheckDigit = "wrong-digit",
    Birth = "not-a-date",
    NeedsGuardian = "needs-guardian",
    Consent = "agree-first",
});

/// Who somebody says to be, in a form that can be checked.
#[derive(Clone, PartialEq, Eq)]
pub struct Person {
    /// The name on the document.
    pub name: String,
    /// The document's kind, by its stable word.
    pub kind: String,
    /// The number, in capitals and without spaces.
    pub number: String,
    /// The date of birth.
    pub born: Date,
}
impl std::fmt::Debug for Person {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Person").field("kind", &self.kind).finish_non_exhaustive()
    }
}

/// What somebody typed about themselves.
#[derive(Clone, Copy)]
pub struct Typed<'a> {
    /// The name.
    pub name: &'a str,
    /// The document's kind.
    pub kind: &'a str,
    /// Its number.
    pub number: &'a str,
    /// The date of birth, where the number does not say it: `1990-01-31`.
    pub born: &'a str,
}

/// Reads what somebody typed, today. `guardian_below`: the age below which nobody owns a line.
///
/// # Errors
/// [`WrongIdentity`], the first that is wrong.
pub fn read(
    rules: &[DocumentRule],
    typed: Typed<'_>,
    guardian_below: u8,
    today: Date,
) -> Result<Person, WrongIdentity> {
    let name = name(typed.name)?;
    let rule = rules.iter().find(|rule| rule.word == typed.kind).ok_or(WrongIdentity::Kind)?;
    let number = number(rule, typed.number)?;
    let born = match rule.birth_after {
        Some(before) => born_in(&number, usize::from(before))?,
        None => day(typed.born).ok_or(WrongIdentity::Birth)?,
    };
    let age = years(born, today).ok_or(WrongIdentity::Birth)?;
    if age < i16::from(guardian_below) {
        return Err(WrongIdentity::NeedsGuardian);
    }
    if age > 130 {
        return Err(WrongIdentity::Birth);
    }
    Ok(Person { name, kind: rule.word.clone(), number, born })
}

/// A day as it is written out: `1990-01-31`.
#[must_use]
pub fn day(text: &str) -> Option<Date> {
    text.trim().parse().ok()
}

/// A name as it stands on a document: letters of any script, spaces, and the signs that names have.
///
/// # Errors
/// [`WrongIdentity::Name`]
pub fn name(typed: &str) -> Result<String, WrongIdentity> {
    let words: Vec<&str> = typed.split_whitespace().collect();
    let name = words.join(" ");
    let part = |c: char| c.is_alphabetic() || matches!(c, ' ' | '·' | '•' | '\'' | '’' | '-' | '.');
    if name.is_empty() || name.chars().count() > NAME_CHARS_MAX || !name.chars().all(part) {
        return Err(WrongIdentity::Name);
    }
    // One sign for the dot in names of several parts, whichever a keyboard has.
    Ok(name.replace('•', "·"))
}

/// A document's number, in capitals and without spaces and hyphens.
///
/// # Errors
/// [`WrongIdentity::Form`], [`WrongIdentity::CheckDigit`]
pub fn number(rule: &DocumentRule, typed: &str) -> Result<String, WrongIdentity> {
    let plain = |c: &char| !c.is_whitespace() && *c != '-';
    let number: String = typed.chars().filter(plain).map(|c| c.to_ascii_uppercase()).collect();
    if !rule.patterns.iter().any(|pattern| fits(pattern, &number)) {
        return Err(WrongIdentity::Form);
    }
    if rule.check == CheckDigit::Mod11Dash2 && !mod_11_2(&number) {
        return Err(WrongIdentity::CheckDigit);
    }
    Ok(number)
}

fn fits(pattern: &str, number: &str) -> bool {
    let one = |(of, is): (char, char)| match of {
        '9' => is.is_ascii_digit(),
        'A' => is.is_ascii_uppercase(),
        '*' => is.is_ascii_digit() || is.is_ascii_uppercase(),
        as_it_stands => as_it_stands == is,
    };
    pattern.chars().count() == number.chars().count() && pattern.chars().zip(number.chars()).all(one)
}

/// ISO/IEC 7064 MOD 11-2: the characters weighed by powers of two leave 1 modulo 11; X is ten, in the last place only.
fn mod_11_2(number: &str) -> bool {
    let last = number.chars().count().saturating_sub(1);
    let value = |(place, c): (usize, char)| match c {
        'X' if place == last => Some(10),
        c => c.to_digit(10),
    };
    let sum = number.chars().enumerate().map(value).try_fold(0_u32, |sum, value| Some((sum * 2 + value?) % 11));
    sum == Some(1)
}

fn born_in(number: &str, before: usize) -> Result<Date, WrongIdentity> {
    let digits = number.get(before..before + 8).ok_or(WrongIdentity::Birth)?;
    let (year, rest) = digits.split_at_checked(4).ok_or(WrongIdentity::Birth)?;
    let (month, day) = rest.split_at_checked(2).ok_or(WrongIdentity::Birth)?;
    format!("{year}-{month}-{day}").parse().map_err(|_| WrongIdentity::Birth)
}

/// Whole years from one day to another; `None` if it lies ahead.
fn years(born: Date, today: Date) -> Option<i16> {
    if born > today {
        return None;
    }
    let before = (today.month(), today.day()) < (born.month(), born.day());
    Some(today.year() - born.year() - i16::from(before))
}

/// What a verifier says of a name and a number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Verdict {
    /// They belong together.
    Matches,
    /// They do not.
    Differs,
    /// It knows no such number: it may be too new, or of a kind that it does not keep.
    Unknown,
}
words!(Verdict { Matches = "matches", Differs = "differs", Unknown = "unknown" });

/// The state after a verdict; one that cannot tell leaves it to people.
#[must_use]
pub const fn after(verdict: Verdict) -> Identity {
    match verdict {
        Verdict::Matches => Identity::Verified,
        Verdict::Differs => Identity::Failed,
        Verdict::Unknown => Identity::FormatChecked,
    }
}

/// What somebody may do about who they said to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Said {
    /// Everything is taken as new: nothing was verified.
    Anew,
    /// One field of what was verified is corrected.
    Corrected(Field),
    /// Nothing changed.
    Same,
}

/// A field of who somebody is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Field {
    /// The name.
    Name,
    /// Kind and number of the document, with the date of birth that goes with it.
    Document,
    /// The date of birth alone, where the document's number does not contain it.
    Born,
}
words!(Field { Name = "name", Document = "document", Born = "born" });

/// Two fields differ from what was verified: another person.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("another person: that is a change of ownership")]
pub struct AnotherPerson;

/// How far what somebody says now differs from what they said before.
///
/// # Errors
/// [`AnotherPerson`]
pub fn compare(state: Identity, before: Option<&Person>, now: &Person) -> Result<Said, AnotherPerson> {
    let Some(before) = before.filter(|_| state == Identity::Verified) else { return Ok(Said::Anew) };
    let same_document = (&before.kind, &before.number) == (&now.kind, &now.number);
    match (before.name == now.name, same_document, before.born == now.born) {
        (true, true, true) => Ok(Said::Same),
        (false, true, true) => Ok(Said::Corrected(Field::Name)),
        (true, false, _) => Ok(Said::Corrected(Field::Document)),
        (true, true, false) => Ok(Said::Corrected(Field::Born)),
        (false, true, false) | (false, false, _) => Err(AnotherPerson),
    }
}

/// What a customer can agree to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ConsentKind {
    /// The terms of service.
    Terms,
    /// That name and document are kept and checked (in China a consent of its own, PIPL art. 29).
    IdentityCheck,
}
words!(ConsentKind { Terms = "terms", IdentityCheck = "identity_check" });

/// A brand's rules about who its customers are.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct IdentityRules {
    /// The documents it takes; it asks nobody who they are if there are none.
    #[serde(default)]
    pub documents: Vec<DocumentRule>,
    /// Whether a line can be claimed or taken over only by who said who they are, and was not refused.
    #[serde(default)]
    pub required: bool,
    /// The age below which a guardian owns the line.
    #[serde(default = "fourteen")]
    pub guardian_below: u8,
    /// Most lines of one document, over all its accounts; 0 for no limit.
    #[serde(default = "five")]
    pub lines_per_document: u8,
}
impl Default for IdentityRules {
    fn default() -> Self {
        Self { documents: Vec::new(), required: false, guardian_below: fourteen(), lines_per_document: five() }
    }
}
const fn fourteen() -> u8 {
    14
}
const fn five() -> u8 {
    5
}

/// Where a correction is that people decide about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum CorrectionState {
    /// A verifier is asked.
    Checking,
    /// It could not tell, or said no: people decide.
    Waiting,
    /// It was made.
    Done,
    /// It was not.
    Refused,
}
words!(CorrectionState { Checking = "checking", Waiting = "waiting", Done = "done", Refused = "refused" });

/// The documents of a brand in mainland China.
#[must_use]
pub fn china() -> Vec<DocumentRule> {
    let rule = |word: &str, zh: &str, en: &str, patterns: &[&str], check, birth_after| DocumentRule {
        word: word.to_owned(),
        name: Localized::zh_en(zh, en),
        patterns: patterns.iter().map(|pattern| (*pattern).to_owned()).collect(),
        check,
        birth_after,
    };
    let (none, mod11) = (CheckDigit::None, CheckDigit::Mod11Dash2);
    let citizen = &["999999999999999999", "99999999999999999X"];
    vec![
        rule("cn_id", "居民身份证", "Resident identity card", citizen, mod11, Some(6)),
        rule(
            "cn_hmt_residence",
            "港澳台居民居住证",
            "Residence permit for Hong Kong, Macao and Taiwan residents",
            citizen,
            mod11,
            Some(6),
        ),
        rule(
            "cn_foreign_permanent",
            "外国人永久居留身份证",
            "Foreign permanent resident ID card",
            citizen,
            mod11,
            Some(6),
        ),
        rule(
            "cn_hm_permit",
            "港澳居民来往内地通行证",
            "Mainland travel permit for Hong Kong and Macao residents",
            &["A99999999"],
            none,
            None,
        ),
        rule(
            "cn_tw_permit",
            "台湾居民来往大陆通行证",
            "Mainland travel permit for Taiwan residents",
            &["99999999"],
            none,
            None,
        ),
        rule("passport", "护照", "Passport", &["******", "*******", "********", "*********"], none, None),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn today() -> Date {
        "2026-11-29".parse().unwrap()
    }
    fn read_cn(name: &str, number: &str) -> Result<Person, WrongIdentity> {
        read(&china(), Typed { name, kind: "cn_id", number, born: "" }, 14, today())
    }

    #[test]
    fn a_citizens_number_has_its_check_digit_and_birthday() {
        // The example of GB 11643-1999, annex A.
        let person = read_cn(" 张 三 ", "11010519491231002x").unwrap();
        assert_eq!((person.name.as_str(), person.number.as_str()), ("张 三", "11010519491231002X"));
        assert_eq!(person.born, "1949-12-31".parse().unwrap());
        assert_eq!(read_cn("张三", "440524 18800101 0014"), Err(WrongIdentity::Birth), "nobody is that old");
        assert_eq!(read_cn("张三", "110105194912310021"), Err(WrongIdentity::CheckDigit));
        assert_eq!(read_cn("张三", "110105194912310X2"), Err(WrongIdentity::Form));
        assert_eq!(read_cn("张三", "1101051949123100"), Err(WrongIdentity::Form));
        assert_eq!(read_cn("张三", "11010519491331002X"), Err(WrongIdentity::CheckDigit));
        let mut wrong = 0;
        for place in 0..17 {
            for digit in b'0'..=b'9' {
                let mut number = *b"11010519491231002X";
                if number[place] != digit {
                    number[place] = digit;
                    assert!(!mod_11_2(std::str::from_utf8(&number).unwrap()), "{place} {digit}");
                    wrong += 1;
                }
            }
        }
        assert_eq!(wrong, 17 * 9, "one wrong digit is always found");
    }

    #[test]
    fn the_young_have_a_guardian() {
        let passport =
            |born| read(&china(), Typed { name: "Wei Li", kind: "passport", number: "e1234567", born }, 14, today());
        assert_eq!(passport("2012-11-30").unwrap_err(), WrongIdentity::NeedsGuardian, "a day short of fourteen");
        assert_eq!(passport("2012-11-29").unwrap().number, "E1234567");
        for wrong in ["", "2012-13-01", "2027-01-01", "1880-01-01", "yesterday"] {
            assert_eq!(passport(wrong).unwrap_err(), WrongIdentity::Birth, "{wrong}");
        }
    }

    #[test]
    fn names_are_names() {
        for good in ["林芳", "阿卜杜拉·买买提", "Anne-Marie O'Neill", "José Ñ.", "ไทย"] {
            assert!(name(good).is_ok(), "{good}");
        }
        assert_eq!(name("阿卜杜拉•买买提"), Ok("阿卜杜拉·买买提".to_owned()));
        for bad in ["", "  ", "<b>", "a@b", "13800138000", "x\u{202e}y", &"长".repeat(61)] {
            assert_eq!(name(bad), Err(WrongIdentity::Name), "{bad:?}");
        }
    }

    #[test]
    fn one_field_at_a_time() {
        let person = |name: &str, number: &str| Person {
            name: name.to_owned(),
            kind: "passport".to_owned(),
            number: number.to_owned(),
            born: today(),
        };
        let before = person("林芳", "E1");
        let say = |state, name, number| compare(state, Some(&before), &person(name, number));
        assert_eq!(say(Identity::Verified, "林芳", "E1"), Ok(Said::Same));
        assert_eq!(say(Identity::Verified, "林方", "E1"), Ok(Said::Corrected(Field::Name)));
        assert_eq!(say(Identity::Verified, "林芳", "E2"), Ok(Said::Corrected(Field::Document)));
        assert_eq!(say(Identity::Verified, "王强", "E2"), Err(AnotherPerson));
        for state in [Identity::None, Identity::FormatChecked, Identity::Failed] {
            assert_eq!(say(state, "王强", "E2"), Ok(Said::Anew));
        }
        assert_eq!(compare(Identity::Verified, None, &before), Ok(Said::Anew));
        let elder = |name, number| Person { born: "1926-11-29".parse().unwrap(), ..person(name, number) };
        let say = |now| compare(Identity::Verified, Some(&before), &now);
        assert_eq!(say(elder("林芳", "E1")), Ok(Said::Corrected(Field::Born)));
        assert_eq!(say(elder("林芳", "E2")), Ok(Said::Corrected(Field::Document)), "it goes with the document");
        assert_eq!(say(elder("林方", "E1")), Err(AnotherPerson));
        assert!(!format!("{before:?}").contains("林芳"));
    }
}
