//! Words that an old phone can send: what is left, a link to renew, help.

use crate::words::words;

/// What somebody asks for by a short message.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Keyword {
    /// What is left, and until when.
    Balance,
    /// Where the line is renewed.
    Renew,
    /// Which words there are, and where people help.
    Help,
}
words!(Keyword { Balance = "balance", Renew = "renew", Help = "help" });

/// The words, in capitals and without spaces.
const WORDS: [(Keyword, &[&str]); 3] = [
    (Keyword::Balance, &["BAL", "BALANCE", "余额", "餘額", "查询", "CXYE"]),
    (Keyword::Renew, &["RENEW", "续费", "續費"]),
    (Keyword::Help, &["HELP", "帮助", "幫助", "?"]),
];
/// The longest word, in characters; what is longer is none.
const CHARS_MAX: usize = 16;

impl Keyword {
    /// Reads a message: capitals or not, full width or half, spaces anywhere. `None` if it is no word of ours.
    #[must_use]
    pub fn read(text: &str) -> Option<Self> {
        let half = |c: char| match c {
            // Full-width forms stand at a fixed distance behind the half-width ones.
            '\u{ff01}'..='\u{ff5e}' => char::from_u32(u32::from(c) - 0xfee0).unwrap_or(c),
            c => c,
        };
        let plain = |c: &char| !c.is_whitespace() && !matches!(c, '.' | '。' | '!' | '"' | '“' | '”');
        let word: String = text.chars().map(half).filter(plain).take(CHARS_MAX + 1).collect::<String>().to_uppercase();
        WORDS.iter().find(|(_, words)| words.contains(&word.as_str())).map(|(keyword, _)| *keyword)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn words_are_read_as_people_type_them() {
        for (text, keyword) in [
            ("BAL", Some(Keyword::Balance)),
            (" bal \r\n", Some(Keyword::Balance)),
            ("ＢＡＬ", Some(Keyword::Balance)),
            ("ｂ　ａ　ｌ", Some(Keyword::Balance)),
            ("余 额", Some(Keyword::Balance)),
            ("Renew.", Some(Keyword::Renew)),
            ("续费！", Some(Keyword::Renew)),
            ("帮助", Some(Keyword::Help)),
            ("？", Some(Keyword::Help)),
            ("help me", None),
            ("BALANCESHEET", None),
            ("", None),
            ("   ", None),
        ] {
            assert_eq!(Keyword::read(text), keyword, "{text:?}");
        }
    }

    proptest! {
        #[test]
        fn any_text_is_read(text in any::<String>()) {
            let _ = Keyword::read(&text);
        }
    }
}
