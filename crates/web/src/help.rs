//! Help pages: files built in, one for each article and language, and the search over them.
//!
//! A file has its title, then words that people search by, then paragraphs, lists, `**strong**` and links to pages of ours.
//! Nothing else of what is written there reaches a page as markup.

use crate::texts::Lang;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::LazyLock;

/// One article in one language.
pub(crate) struct Article {
    pub(crate) slug: &'static str,
    pub(crate) title: String,
    /// Its text as markup of ours.
    pub(crate) html: String,
    /// Its first words.
    pub(crate) begin: String,
    /// What it is found by, and how much each counts.
    words: BTreeMap<String, u32>,
}

macro_rules! articles {
    ($tag:literal: $($slug:literal)+) => {
        vec![$(Article::read($slug, include_str!(concat!("../help/", $tag, "/", $slug, ".md")))),+]
    };
}
macro_rules! all {
    ($($slug:literal)+) => {
        /// What they are called in addresses, in the order in which they are shown.
        #[cfg(test)]
        const SLUGS: &[&str] = &[$($slug),+];
        /// The articles of a language.
        pub(crate) fn articles(lang: Lang) -> &'static [Article] {
            static ZH_CN: LazyLock<Vec<Article>> = LazyLock::new(|| articles!("zh-CN": $($slug)+));
            static EN: LazyLock<Vec<Article>> = LazyLock::new(|| articles!("en": $($slug)+));
            match lang {
                Lang::ZhCn => &ZH_CN,
                Lang::En => &EN,
            }
        }
    };
}
all! {
    "renew" "paid-not-in-effect" "payment-problems" "refunds" "after-expiry" "renewal-by-itself" "receipt" "password" "change-number"
    "stolen-or-lost" "own-lines" "identity" "reminders" "esim" "watch-esim" "apn" "sms-keywords" "guests" "cases"
}

/// An article by the word in its address.
pub(crate) fn article(lang: Lang, slug: &str) -> Option<&'static Article> {
    articles(lang).iter().find(|article| article.slug == slug)
}

/// The article that fits a page, by its address.
pub(crate) fn topic(here: &str) -> Option<&'static str> {
    let path = here.split('?').next().unwrap_or_default();
    let parts: Vec<&str> = path.split('/').filter(|part| !part.is_empty()).collect();
    let slug = match parts.as_slice() {
        ["lines", _, "renew" | "plans", ..] => "renew",
        ["lines", _, "auto-renew", ..] | ["cards", ..] => "renewal-by-itself",
        ["lines", _, "reminders", ..] | ["account", "mailbox" | "browsers", ..] => "reminders",
        ["lines", _, "lost" | "found" | "card", ..] => "stolen-or-lost",
        ["lines", _, "settings" | "owner" | "give-up", ..] => "own-lines",
        ["claim" | "take-over", ..] | ["account", "close", ..] => "own-lines",
        ["lines", _, "esim" | "devices", ..] | ["esim", ..] => "esim",
        ["lines", _] => "after-expiry",
        ["cases", ..] | ["o", _, "case", ..] => "cases",
        ["renew" | "d" | "r" | "p", ..] => "guests",
        ["orders" | "o", _, "receipt" | "invoice", ..] | ["v" | "history" | "statement", ..] => "receipt",
        ["orders" | "o", _, "refund", ..] => "refunds",
        ["orders" | "o", ..] => "paid-not-in-effect",
        ["pay" | "voucher", ..] => "payment-problems",
        ["account", "contact", ..] => "change-number",
        ["account", "identity", ..] => "identity",
        ["account", "data", ..] => return None,
        ["account" | "sign-in" | "recover", ..] => "password",
        _ => return None,
    };
    Some(slug)
}

const TITLE: u32 = 8;
const KEYWORD: u32 = 6;
const BODY: u32 = 1;

impl Article {
    fn read(slug: &'static str, file: &str) -> Self {
        let (head, body) = file.split_once("\n\n").unwrap_or((file, ""));
        let (title, keywords) = head.split_once('\n').unwrap_or((head, ""));
        let title = title.trim_start_matches("# ").to_owned();
        let mut words = BTreeMap::new();
        for (text, weight) in [(body, BODY), (keywords.trim_start_matches("keywords:"), KEYWORD), (&title, TITLE)] {
            for token in tokens(text) {
                let known = words.entry(token).or_default();
                *known = weight.max(*known);
            }
        }
        let begin = body.split("\n\n").find(|block| !block.starts_with(['1', '-'])).unwrap_or_default();
        let begin = begin.replace("**", "").chars().take_while(|c| *c != '[').collect();
        Self { slug, title, html: render(body), begin, words }
    }
}

/// What a text is found by: words of letters, and pairs of neighbouring Chinese characters.
fn tokens(text: &str) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    let (mut word, mut before) = (String::new(), None);
    for c in text.chars().flat_map(char::to_lowercase).chain([' ']) {
        let wide = ('\u{2e80}'..='\u{9fff}').contains(&c);
        if wide {
            found.extend(before.map(|before: char| [before, c].iter().collect::<String>()));
        }
        before = wide.then_some(c);
        if c.is_alphanumeric() && !wide {
            word.push(c);
        } else if !word.is_empty() {
            found.insert(std::mem::take(&mut word));
        }
    }
    found
}

/// Most characters of a question that are looked at.
const QUESTION_MAX: usize = 100;

/// The articles that a question finds, the best first.
pub(crate) fn search(lang: Lang, question: &str) -> Vec<&'static Article> {
    let question: String = question.chars().take(QUESTION_MAX).collect();
    let asked = tokens(&question);
    let score = |article: &Article| -> u32 {
        asked
            .iter()
            .map(|token| {
                let whole = article.words.get(token).copied().unwrap_or(0) * 2;
                // The beginning of a word counts less than all of it.
                let long = token.is_ascii() && token.len() >= 3;
                let begins = article
                    .words
                    .range(token.clone()..)
                    .take_while(|(word, _)| long && word.starts_with(token.as_str()));
                whole.max(begins.map(|(_, weight)| *weight).max().unwrap_or(0))
            })
            .sum()
    };
    let mut found: Vec<(u32, &Article)> = articles(lang).iter().map(|article| (score(article), article)).collect();
    found.retain(|(score, _)| *score > 0);
    found.sort_by_key(|(score, _)| std::cmp::Reverse(*score));
    found.into_iter().map(|(_, article)| article).collect()
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;").replace('\'', "&#39;")
}

/// A line: text, `**strong**`, and `[words](/path)`.
fn inline(text: &str) -> String {
    let mut html = String::new();
    for (place, part) in text.split("**").enumerate() {
        let mut rest = part;
        let mut of_part = String::new();
        while let Some((before, (words, (path, after)))) = rest
            .split_once('[')
            .and_then(|(before, link)| {
                Some((before, link.split_once("](").and_then(|(words, to)| Some((words, to.split_once(')')?)))?))
            })
            .filter(|(_, (_, (path, _)))| path.starts_with('/') && !path.starts_with("//"))
        {
            of_part += &format!("{}<a href=\"{}\">{}</a>", escaped(before), escaped(path), escaped(words));
            rest = after;
        }
        of_part += &escaped(rest);
        html += &if place % 2 == 1 { format!("<strong>{of_part}</strong>") } else { of_part };
    }
    html
}

fn render(body: &str) -> String {
    let item = |line: &str| {
        let numbered = line.split_once(". ").filter(|(number, _)| number.bytes().all(|byte| byte.is_ascii_digit()));
        match numbered {
            Some((_, text)) => Some(("ol", text.to_owned())),
            None => line.strip_prefix("- ").map(|text| ("ul", text.to_owned())),
        }
    };
    let blocks = body.trim().split("\n\n").map(|block| {
        let items: Option<Vec<(&str, String)>> = block.lines().map(item).collect();
        match items.filter(|items| !items.is_empty()) {
            Some(items) => {
                let tag = items.first().map_or("ul", |(tag, _)| tag);
                let items: String = items.iter().map(|(_, text)| format!("<li>{}</li>", inline(text))).collect();
                format!("<{tag} class=\"points\">{items}</{tag}>")
            }
            None => format!("<p>{}</p>", inline(&block.replace('\n', " "))),
        }
    });
    blocks.collect::<Vec<_>>().join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn articles_are_whole_in_every_language() {
        assert!(SLUGS.len() >= 12);
        for lang in Lang::ALL {
            for (article, slug) in articles(lang).iter().zip(SLUGS) {
                assert_eq!(article.slug, *slug);
                assert!(!article.title.is_empty() && article.html.len() > 200 && !article.begin.is_empty(), "{slug}");
                assert!(!article.html.contains("**") && !article.html.contains("]("), "{slug}: {}", article.html);
                assert_eq!(
                    search(lang, &article.title).first().map(|found| found.slug),
                    Some(*slug),
                    "{}",
                    article.title
                );
            }
        }
    }

    #[test]
    fn questions_find_what_they_are_about() {
        for (lang, question, slug) in [
            (Lang::En, "refund", "refunds"),
            (Lang::En, "I paid but NO internet", "paid-not-in-effect"),
            (Lang::En, "forgot my passw", "password"),
            (Lang::En, "stolen phone", "stolen-or-lost"),
            (Lang::En, "apn tracker", "apn"),
            (Lang::ZhCn, "我的钱能退款吗", "refunds"),
            (Lang::ZhCn, "收不到验证码", "password"),
            (Lang::ZhCn, "儿童手表 esim", "watch-esim"),
            (Lang::ZhCn, "怎么取消自动续费", "renewal-by-itself"),
        ] {
            assert_eq!(search(lang, question).first().map(|found| found.slug), Some(slug), "{question}");
        }
        for nothing in ["", "  ", "zzzz", "<script>"] {
            assert!(search(Lang::En, nothing).is_empty(), "{nothing}");
        }
        search(Lang::ZhCn, &"长".repeat(100_000));
    }

    #[test]
    fn nothing_of_a_file_is_markup_but_what_is_meant() {
        assert_eq!(render("a <b> & \"c\"\nd"), "<p>a &lt;b&gt; &amp; &quot;c&quot; d</p>");
        assert_eq!(render("1. x\n2. **y**"), "<ol class=\"points\"><li>x</li><li><strong>y</strong></li></ol>");
        assert_eq!(inline("[a](/b) [c](//d) [e](javascript:f)"), "<a href=\"/b\">a</a> [c](//d) [e](javascript:f)");
    }

    #[test]
    fn pages_have_the_topic_that_fits() {
        for (here, slug) in [
            ("/lines/1", Some("after-expiry")),
            ("/lines/1?done=found", Some("after-expiry")),
            ("/lines/1/renew?offering=x", Some("renew")),
            ("/lines/1/plans/x@1", Some("renew")),
            ("/lines/1/auto-renew", Some("renewal-by-itself")),
            ("/cards", Some("renewal-by-itself")),
            ("/lines/1/reminders/contacts/code", Some("reminders")),
            ("/account/mailbox", Some("reminders")),
            ("/account/browsers", Some("reminders")),
            ("/lines/1/lost", Some("stolen-or-lost")),
            ("/lines/1/found", Some("stolen-or-lost")),
            ("/lines/1/card", Some("stolen-or-lost")),
            ("/lines/1/settings", Some("own-lines")),
            ("/lines/1/owner", Some("own-lines")),
            ("/lines/1/give-up", Some("own-lines")),
            ("/claim/code", Some("own-lines")),
            ("/take-over/x", Some("own-lines")),
            ("/account/close", Some("own-lines")),
            ("/lines/1/esim", Some("esim")),
            ("/lines/1/devices", Some("esim")),
            ("/esim?country=TH", Some("esim")),
            ("/esim/buy", Some("esim")),
            ("/lines/1/usage", None),
            ("/usage", None),
            ("/cases/new?from=/auto-renew", Some("cases")),
            ("/cases/1", Some("cases")),
            ("/o/1/case", Some("cases")),
            ("/renew/x", Some("guests")),
            ("/r/x", Some("guests")),
            ("/p/x", Some("guests")),
            ("/d/x", Some("guests")),
            ("/orders/1", Some("paid-not-in-effect")),
            ("/o/1", Some("paid-not-in-effect")),
            ("/orders/1/receipt", Some("receipt")),
            ("/o/1/invoice", Some("receipt")),
            ("/v/x", Some("receipt")),
            ("/history?line=1", Some("receipt")),
            ("/statement", Some("receipt")),
            ("/orders/1/refund", Some("refunds")),
            ("/pay/return/x", Some("payment-problems")),
            ("/voucher", Some("payment-problems")),
            ("/account", Some("password")),
            ("/account/passkeys", Some("password")),
            ("/account/confirm?next=/account/contact", Some("password")),
            ("/account/contact/code", Some("change-number")),
            ("/account/identity/correct", Some("identity")),
            ("/account/data", None),
            ("/sign-in/code", Some("password")),
            ("/recover/code", Some("password")),
            ("/home", None),
            ("/", None),
        ] {
            assert_eq!(topic(here), slug, "{here}");
            assert!(slug.is_none_or(|slug| SLUGS.contains(&slug)), "{here}");
        }
    }
}
