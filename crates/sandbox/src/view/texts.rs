//! What the page says, in the languages it speaks.

use serde::Deserialize;
use std::{collections::BTreeMap, sync::LazyLock};

static CHINESE: LazyLock<Texts> = LazyLock::new(|| Texts::parse("zh-CN", include_str!("../../locales/zh-CN.txt")));
static ENGLISH: LazyLock<Texts> = LazyLock::new(|| Texts::parse("en", include_str!("../../locales/en.txt")));

/// A language of the page.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum Lang {
    /// The first.
    #[default]
    Chinese,
    /// Also.
    English,
}

/// The language in a query string.
#[derive(Debug, Default, Deserialize)]
pub(crate) struct LangQuery {
    #[serde(default)]
    lang: String,
    /// Key of a text to show on top.
    #[serde(default)]
    pub(crate) said: String,
}

impl LangQuery {
    pub(crate) fn lang(&self) -> Lang {
        Lang::parse(&self.lang)
    }
}

impl Lang {
    /// Anything but `en` is Chinese.
    pub(crate) fn parse(code: &str) -> Self {
        if code == "en" { Self::English } else { Self::Chinese }
    }

    /// The code in URLs and `lang` attributes.
    pub(crate) fn code(self) -> &'static str {
        self.texts().lang
    }

    pub(crate) fn texts(self) -> &'static Texts {
        match self {
            Self::Chinese => &CHINESE,
            Self::English => &ENGLISH,
        }
    }
}

/// The texts of one language.
pub(crate) struct Texts {
    /// Its code.
    pub(crate) lang: &'static str,
    texts: BTreeMap<&'static str, &'static str>,
}

impl Texts {
    fn parse(lang: &'static str, file: &'static str) -> Self {
        let texts = file.lines().filter_map(|line| line.split_once(" = ")).collect();
        Self { lang, texts }
    }

    /// The text of a key; the key itself if it has none.
    pub(crate) fn get<'a>(&self, key: &'a str) -> &'a str {
        self.texts.get(key).copied().unwrap_or(key)
    }

    /// The text of `prefix-name`.
    pub(crate) fn named(&self, prefix: &str, name: &str) -> String {
        let key = format!("{prefix}-{name}");
        self.get(&key).to_owned()
    }

    /// The text of a key from outside, if it is one.
    pub(crate) fn known(&self, key: &str) -> Option<&'static str> {
        self.texts.get(key).copied()
    }

    /// The code of the other language.
    pub(crate) fn other(&self) -> &'static str {
        if self.lang == "en" { "zh-CN" } else { "en" }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_languages_say_everything() {
        let keys = |texts: &Texts| texts.texts.keys().copied().collect::<Vec<_>>();
        assert_eq!(keys(&CHINESE), keys(&ENGLISH));
        assert!(CHINESE.texts.len() > 100);
        assert!(CHINESE.texts.values().chain(ENGLISH.texts.values()).all(|text| !text.trim().is_empty()));
    }

    /// The keys that templates and code ask for literally all exist.
    #[test]
    fn every_key_that_is_asked_for_exists() {
        let sources = [
            include_str!("../../templates/index.html"),
            include_str!("../../templates/payer.html"),
            include_str!("../../templates/inbox.html"),
            include_str!("../../templates/devices.html"),
            include_str!("../../templates/time.html"),
            include_str!("../../templates/events.html"),
            include_str!("../../templates/faults.html"),
            include_str!("../../templates/pay_page.html"),
            include_str!("../../templates/card_page.html"),
            include_str!("../../templates/message.html"),
        ];
        let mut asked = 0;
        for source in sources {
            for rest in source.split("t.get(\"").skip(1) {
                let key = rest.split('"').next().unwrap();
                assert!(CHINESE.known(key).is_some(), "{key}");
                asked += 1;
            }
        }
        assert!(asked > 50, "{asked}");
    }

    #[test]
    fn languages_are_chosen_by_code() {
        assert_eq!(Lang::parse("en").code(), "en");
        assert_eq!(Lang::parse("fr").code(), "zh-CN");
        assert_eq!(Lang::English.texts().other(), "zh-CN");
        assert_eq!(Lang::English.texts().get("no-such-key"), "no-such-key");
    }
}
