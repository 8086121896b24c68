//! The words people read, by language: Fluent files under `locales/`, built in. A language is a folder of files and a row
//! in this one.

use fluent_bundle::concurrent::FluentBundle;
use fluent_bundle::{FluentArgs, FluentResource, FluentValue};
use std::sync::LazyLock;

/// A language of the pages.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Lang {
    /// Chinese in simplified characters; the default.
    ZhCn,
    /// English.
    En,
}

impl Lang {
    pub(crate) const ALL: [Lang; 2] = [Lang::ZhCn, Lang::En];
    /// BCP 47.
    pub(crate) const fn tag(self) -> &'static str {
        match self {
            Lang::ZhCn => "zh-CN",
            Lang::En => "en",
        }
    }
    /// What its speakers call it.
    pub(crate) const fn own_name(self) -> &'static str {
        match self {
            Lang::ZhCn => "简体中文",
            Lang::En => "English",
        }
    }
    /// A language by its tag, exactly.
    pub(crate) fn from_tag(tag: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|lang| lang.tag() == tag)
    }
    /// The best of a browser's wishes (RFC 9110 §12.5.4) among those `offered`, by primary language; the first of them
    /// if none fits.
    pub(crate) fn from_accept_language(header: &str, offered: &[Lang]) -> Self {
        let mut best: Option<(u32, Lang)> = None;
        for wish in header.split(',').take(20) {
            let (tag, weight) = wish.split_once(";q=").unwrap_or((wish, "1"));
            let primary = tag.trim().split('-').next().unwrap_or("").to_ascii_lowercase();
            let found = offered.iter().copied().find(|lang| lang.tag().split('-').next() == Some(primary.as_str()));
            let weight = thousandths(weight.trim());
            if let Some(lang) = found.filter(|_| weight > best.map_or(0, |(weight, _)| weight)) {
                best = Some((weight, lang));
            }
        }
        best.map(|(_, lang)| lang).or_else(|| offered.first().copied()).unwrap_or(Lang::ZhCn)
    }
    fn bundle(self) -> &'static FluentBundle<FluentResource> {
        static ZH_CN: LazyLock<FluentBundle<FluentResource>> = LazyLock::new(|| bundle(Lang::ZhCn));
        static EN: LazyLock<FluentBundle<FluentResource>> = LazyLock::new(|| bundle(Lang::En));
        match self {
            Lang::ZhCn => &ZH_CN,
            Lang::En => &EN,
        }
    }
    /// Whether there is a text of a key.
    pub(crate) fn knows(self, key: &str) -> bool {
        self.bundle().has_message(key)
    }
    /// The text of a key.
    pub(crate) fn get(self, key: &str) -> String {
        self.with(key, &[])
    }
    /// The text of a key, with its variables filled in. A key that does not exist is shown as it is, and logged: a test
    /// sees to it that there is none.
    pub(crate) fn with(self, key: &str, args: &[(&str, Arg<'_>)]) -> String {
        let Some(pattern) = self.bundle().get_message(key).and_then(|message| message.value()) else {
            tracing::error!(key, lang = self.tag(), "no such text");
            return key.to_owned();
        };
        let mut values = FluentArgs::new();
        for (name, value) in args {
            values.set(*name, FluentValue::from(value));
        }
        let mut errors = Vec::new();
        let text = self.bundle().format_pattern(pattern, Some(&values), &mut errors).into_owned();
        if !errors.is_empty() {
            tracing::error!(key, lang = self.tag(), ?errors, "a text lacks a variable");
        }
        text
    }
}

/// `0.8` as 800; what is no weight counts as none.
fn thousandths(weight: &str) -> u32 {
    let (whole, fraction) = weight.split_once('.').unwrap_or((weight, "0"));
    match (whole.parse::<u32>(), format!("{fraction:0<3}").parse::<u32>()) {
        (Ok(whole), Ok(fraction)) if whole <= 1 && fraction < 1_000 => whole * 1_000 + fraction,
        _ => 0,
    }
}

/// A variable of a text.
pub(crate) enum Arg<'a> {
    /// Something formatted already, or a word to choose by.
    Text(&'a str),
    /// A count, which may choose the form of a word.
    Count(i64),
}
impl<'a> From<&'a Arg<'a>> for FluentValue<'a> {
    fn from(arg: &'a Arg<'a>) -> Self {
        match arg {
            Arg::Text(text) => FluentValue::from(*text),
            Arg::Count(count) => FluentValue::from(*count),
        }
    }
}
impl<'a> From<&'a str> for Arg<'a> {
    fn from(text: &'a str) -> Self {
        Arg::Text(text)
    }
}
impl<'a> From<&'a String> for Arg<'a> {
    fn from(text: &'a String) -> Self {
        Arg::Text(text)
    }
}
impl From<i64> for Arg<'_> {
    fn from(count: i64) -> Self {
        Arg::Count(count)
    }
}

macro_rules! locale {
    ($tag:literal: $($file:literal)+) => {
        &[$(($file, include_str!(concat!("../locales/", $tag, "/", $file, ".ftl")))),+]
    };
}

/// The files of a language: name without its ending, and text.
pub(crate) fn files(lang: Lang) -> &'static [(&'static str, &'static str)] {
    match lang {
        Lang::ZhCn => {
            locale!("zh-CN": "frame" "format" "sign_in" "account" "recover" "device" "home" "reminders" "own_line" "identity" "history" "case" "help" "close" "offline" "renew" "choose" "esim" "countries" "order" "auto_renew" "receipt" "check" "invoice" "voucher" "transfer" "desk" "desk_find" "desk_actions" "desk_money" "desk_stock" "catalog" "case_work" "figures" "operations" "audit" "reconciliation" "problem")
        }
        Lang::En => {
            locale!("en": "frame" "format" "sign_in" "account" "recover" "device" "home" "reminders" "own_line" "identity" "history" "case" "help" "close" "offline" "renew" "choose" "esim" "countries" "order" "auto_renew" "receipt" "check" "invoice" "voucher" "transfer" "desk" "desk_find" "desk_actions" "desk_money" "desk_stock" "catalog" "case_work" "figures" "operations" "audit" "reconciliation" "problem")
        }
    }
}

fn bundle(lang: Lang) -> FluentBundle<FluentResource> {
    let mut bundle = FluentBundle::new_concurrent(lang.tag().parse().into_iter().collect());
    bundle.set_use_isolating(false);
    for (name, text) in files(lang) {
        let resource = FluentResource::try_new((*text).to_owned()).unwrap_or_else(|(partial, errors)| {
            tracing::error!(file = name, lang = lang.tag(), ?errors, "a locale file has mistakes");
            partial
        });
        if let Err(errors) = bundle.add_resource(resource) {
            tracing::error!(file = name, lang = lang.tag(), ?errors, "a text is defined twice");
        }
    }
    bundle
}

#[cfg(test)]
mod tests {
    use super::*;
    use everline_core::audit::AuditAction;
    use everline_core::effects::MessageKind;
    use everline_core::ledger::{LedgerAccount, Template};
    use everline_core::stock::{StockKind, StockState};
    use std::collections::{BTreeMap, BTreeSet};

    #[test]
    fn browsers_wishes_are_weighed() {
        for (header, lang) in [
            ("", Lang::ZhCn),
            ("en", Lang::En),
            ("en-GB,en;q=0.9", Lang::En),
            ("zh-TW,en;q=0.5", Lang::ZhCn),
            ("fr,en;q=0.4,zh;q=0.3", Lang::En),
            ("en;q=0.1,zh;q=0.9", Lang::ZhCn),
            ("en;q=0", Lang::ZhCn),
            ("de,fr", Lang::ZhCn),
        ] {
            assert_eq!(Lang::from_accept_language(header, &Lang::ALL), lang, "{header}");
        }
    }

    /// Keys and the variables of each, as the files have them.
    fn keys(lang: Lang) -> BTreeMap<String, BTreeSet<String>> {
        let mut keys = BTreeMap::new();
        for (file, text) in files(lang) {
            let resource = FluentResource::try_new((*text).to_owned());
            resource.unwrap_or_else(|(_, errors)| panic!("{file} in {}: {errors:?}", lang.tag()));
            let mut key = String::new();
            for line in text.lines().filter(|line| !line.starts_with('#')) {
                if let Some((name, _)) =
                    line.split_once(" =").filter(|_| line.starts_with(|c: char| c.is_ascii_lowercase()))
                {
                    key = name.to_owned();
                    assert!(keys.insert(key.clone(), BTreeSet::new()).is_none(), "{name} twice in {}", lang.tag());
                }
                let variables = line.split('$').skip(1);
                let variables =
                    variables.map(|rest| rest.chars().take_while(|c| c.is_ascii_alphanumeric() || *c == '_').collect());
                keys.entry(key.clone()).or_default().extend(variables);
            }
        }
        keys.remove("");
        keys
    }

    #[test]
    fn every_language_has_the_same_keys_and_variables() {
        let zh = keys(Lang::ZhCn);
        assert!(zh.len() > 200, "the files are read");
        for lang in Lang::ALL {
            let other = keys(lang);
            let differ: Vec<&String> =
                zh.keys().chain(other.keys()).filter(|key| zh.get(*key) != other.get(*key)).collect();
            assert!(differ.is_empty(), "{}: {differ:?}", lang.tag());
        }
    }

    /// The files of a folder, and of those in it, up to their tests.
    fn sources(folder: &str) -> Vec<String> {
        fn walk(dir: &std::path::Path, found: &mut Vec<String>) {
            for entry in std::fs::read_dir(dir).unwrap() {
                let path = entry.unwrap().path();
                if path.is_dir() {
                    walk(&path, found);
                } else {
                    let text = std::fs::read_to_string(&path).unwrap();
                    found.push(text.split("#[cfg(test)]").next().unwrap().to_owned());
                }
            }
        }
        let mut found = Vec::new();
        walk(&std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join(folder), &mut found);
        found
    }

    /// What looks like a key: in templates the first argument of `t` and `named`, in sources every literal that begins
    /// like a key.
    fn used(keys: &BTreeMap<String, BTreeSet<String>>) -> BTreeSet<String> {
        let mut used = BTreeSet::new();
        for text in sources("templates") {
            for call in ["p.t(\"", "p.named(\""] {
                let names = text.split(call).skip(1).filter_map(|rest| rest.split('"').next());
                used.extend(names.map(str::to_owned));
            }
        }
        let prefixes: BTreeSet<&str> =
            keys.keys().filter_map(|key| key.split_once('-')).map(|(prefix, _)| prefix).collect();
        let key_like = |text: &&str| {
            let letter = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
            text.split_once('-').is_some_and(|(prefix, rest)| prefixes.contains(prefix) && !rest.is_empty())
                && text.chars().all(letter)
        };
        for text in sources("src") {
            used.extend(text.split('"').filter(key_like).map(str::to_owned));
        }
        used.extend(MessageKind::ALL.into_iter().map(|kind| crate::desk::customer::told_key(kind.word())));
        used.insert(crate::desk::customer::told_key(everline_app::ownership::LINE_OFFERED));
        used.extend(AuditAction::ALL.into_iter().map(|action| crate::desk::audit::action_key(action.word())));
        used.extend(Template::ALL.into_iter().map(crate::desk::money::posting_key));
        used.extend(LedgerAccount::ALL.into_iter().map(crate::desk::money::account_key));
        used.extend(StockKind::ALL.into_iter().map(crate::desk::stock::kind_key));
        used.extend(StockState::ALL.into_iter().map(crate::desk::stock::state_key));
        let steps = crate::context::STEPS.into_iter().chain([everline_core::support::PHONE]);
        used.extend(steps.map(crate::portal::case_shown::step_key));
        used.extend(crate::portal::case_shown::CAUSES.into_iter().map(crate::portal::case_shown::cause_key));
        used.extend(everline_core::country::Country::all().map(|country| format!("country-{country}")));
        used
    }

    #[test]
    fn every_key_that_is_used_exists_and_every_key_is_used() {
        let keys = keys(Lang::ZhCn);
        let used = used(&keys);
        let missing: Vec<&String> = used.iter().filter(|key| !keys.contains_key(*key)).collect();
        assert!(missing.is_empty(), "used and not defined: {missing:?}");
        let dead: Vec<&String> = keys.keys().filter(|key| !used.contains(*key)).collect();
        assert!(dead.is_empty(), "defined and not used: {dead:?}");
    }

    #[test]
    fn texts_take_their_variables() {
        assert_eq!(Lang::En.with("format-days", &[("days", 1.into())]), "1 day");
        assert_eq!(Lang::En.with("format-days", &[("days", 3.into())]), "3 days");
        assert_eq!(Lang::ZhCn.with("format-days", &[("days", 3.into())]), "3 天");
    }
}
