//! The configuration that `everline init` writes: the documented example with the answers in their places, so that both
//! have the same shape and the same comments.

use super::answers::Answers;
use everline_core::brand::Localized;
use everline_core::number_plan::NumberPattern;

const EXAMPLE: &str = include_str!("../../../../docs/everline.example.toml");

/// A value for a key, or that the key shall only stand there as a comment.
type Place = (&'static str, Option<String>);

/// The example with the answers.
pub(super) fn filled(answers: &Answers) -> String {
    let brand = &answers.brand;
    let languages: Vec<String> = answers.languages.iter().map(|tag| quoted(tag)).collect();
    let loopback = answers.public_url.starts_with("http://");
    let terms: Vec<String> =
        answers.terms_files.iter().map(|(tag, file)| format!("{tag} = {}", quoted(file))).collect();
    let patterns = |patterns: &[NumberPattern]| {
        let quoted: Vec<String> = patterns.iter().map(|pattern| quoted(&pattern.to_string())).collect();
        format!("[{}]", quoted.join(", "))
    };
    let links: Vec<String> = (answers.links.iter())
        .map(|(name, url)| format!("{{ name = {{ zh-CN = {0}, en = {0} }}, url = {1} }}", quoted(name), quoted(url)))
        .collect();
    let is_postgres = answers.postgres.is_some();
    let mut places: Vec<Place> = vec![
        ("public_url", Some(quoted(&answers.public_url))),
        ("languages", Some(format!("[{}]", languages.join(", ")))),
        ("store.sqlite", (!is_postgres).then(|| quoted(&answers.sqlite))),
        ("store.postgres", is_postgres.then(|| "{ file = \"secrets/postgres\" }".to_owned())),
        ("brand.name", Some(localized(&brand.name))),
        ("brand.legal_name", Some(localized(&brand.legal_name))),
        ("brand.credit_code", Some(quoted(&brand.credit_code))),
        ("brand.time_zone", Some(quoted(&brand.time_zone))),
        ("brand.currency", Some(quoted(brand.currency.code()))),
        ("brand.calling_code", Some(quoted(&brand.calling_code))),
        ("brand.hotline", Some(quoted(&brand.hotline))),
        ("brand.hotline_hours", Some(localized(&brand.hotline_hours))),
        ("brand.terms_version", Some(quoted(&brand.terms_version))),
        ("brand.terms_files", (!terms.is_empty()).then(|| format!("{{ {} }}", terms.join(", ")))),
        ("brand.numbers.subscriber", Some(patterns(&brand.numbers.subscriber))),
        ("brand.numbers.iot", Some(patterns(&brand.numbers.iot))),
        // Cards and transfers are taken by those who have an account for them, and say so later.
        ("stripe", None),
        ("stripe.api_key", None),
        ("stripe.webhook_secrets", None),
        ("bank", None),
        ("bank.holder", None),
        ("bank.bank", None),
        ("bank.number", None),
        ("brand.links", (!links.is_empty()).then(|| format!("[{}]", links.join(", ")))),
    ];
    if loopback {
        places.push(("listen.behind_proxy", None));
    }
    fill(EXAMPLE, &places)
}

fn quoted(text: &str) -> String {
    // Basic strings of TOML take the escapes that `Debug` writes for quotes, backslashes and control characters.
    let escaped: String = (text.chars())
        .map(|c| match c {
            '"' => "\\\"".to_owned(),
            '\\' => "\\\\".to_owned(),
            c if c.is_control() => format!("\\u{:04X}", u32::from(c)),
            c => c.to_string(),
        })
        .collect();
    format!("\"{escaped}\"")
}

fn localized(text: &Localized) -> String {
    format!("{{ zh-CN = {}, en = {} }}", quoted(text.get("zh-CN")), quoted(text.get("en")))
}

/// Puts values into the lines of their keys, whether those stand as comments or not. A section's head is a line too.
fn fill(example: &str, places: &[Place]) -> String {
    let (mut section, mut out) = (String::new(), String::new());
    for line in example.lines() {
        let plain = line.strip_prefix("# ").unwrap_or(line);
        if let Some(name) = plain.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) {
            section = format!("{name}.");
            let left_out = places.iter().any(|(path, value)| *path == name && value.is_none());
            out.push_str(&if left_out { format!("# {plain}\n") } else { format!("{line}\n") });
            continue;
        }
        let key = plain.split_once(" = ").map(|(key, _)| key);
        let place = key.and_then(|key| places.iter().find(|(path, _)| *path == format!("{section}{key}")));
        match (key, place) {
            (Some(key), Some((_, Some(value)))) => out.push_str(&format!("{key} = {value}")),
            (Some(_), Some((_, None))) => out.push_str(&format!("# {plain}")),
            _ => out.push_str(line),
        }
        out.push('\n');
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_go_where_their_keys_are() {
        let example = "# About it.\na = 1\n# [in]\n# b = 2\nc = 3\n";
        let places = [("a", Some("10".to_owned())), ("in.b", Some("20".to_owned())), ("in.c", None)];
        assert_eq!(fill(example, &places), "# About it.\na = 10\n# [in]\nb = 20\n# c = 3\n");
        let left_out = [("out", None), ("out.a", None)];
        assert_eq!(fill("[out]\na = 1\n# b = 2\n[in]\na = 1\n", &left_out), "# [out]\n# a = 1\n# b = 2\n[in]\na = 1\n");
        assert_eq!(quoted("a\"b\\c\u{7}"), "\"a\\\"b\\\\c\\u0007\"");
    }
}
