//! The section about who customers are: the documents that are taken, and who proves them.

use super::brand::localized;
use super::read::Table;
use super::services::{Service, service};
use everline_core::identity::{CheckDigit, DocumentRule, IdentityRules, china};

const YES_NO: &[(&str, bool)] = &[("yes", true), ("no", false)];

/// The rules, and the verifier if there is one.
pub(super) fn identity(table: &Table<'_>) -> Option<(IdentityRules, Option<Service>)> {
    let usual = IdentityRules::default();
    let mut documents = match table.word("documents", &[("china", true), ("own", false)]) {
        Some(true) => china(),
        _ => Vec::new(),
    };
    documents.extend(table.tables("document", document));
    if documents.is_empty() {
        table.wrong("documents", "\"china\", or \"own\" and each in `document`: which documents are taken");
    }
    let age = table.number("guardian_below", 0..=30, i64::from(usual.guardian_below));
    let lines = table.number("lines_per_document", 0..=200, i64::from(usual.lines_per_document));
    let verifier = table.has("verifier_url").then(|| service(table, "verifier_url"));
    let rules = IdentityRules {
        documents,
        required: table.word("required", YES_NO).unwrap_or(usual.required),
        guardian_below: u8::try_from(age).unwrap_or(usual.guardian_below),
        lines_per_document: u8::try_from(lines).unwrap_or(usual.lines_per_document),
    };
    Some((rules, verifier.map_or(Some(None), |found| found.map(Some))?))
}

fn document(table: &Table<'_>) -> Option<DocumentRule> {
    let word = table.required("word", "its stable word, like passport").map(str::to_owned);
    let name = localized(table, "name", "what people call it");
    let pattern = |text: &str| {
        let fits = (1..=40).contains(&text.chars().count());
        if fits { Ok(text.to_owned()) } else { Err(format!("{text:?} has not 1 to 40 characters")) }
    };
    let patterns = table.list("patterns", pattern);
    if patterns.is_empty() {
        table.missing("patterns", "what its numbers look like: 9 a digit, A a letter, * either");
    }
    let check = table.word("check", &[("none", CheckDigit::None), ("mod11_2", CheckDigit::Mod11Dash2)]);
    let birth_after = table.maybe_number("birth_after", 0..=30).and_then(|before| u8::try_from(before).ok());
    Some(DocumentRule { word: word?, name: name?, patterns, check: check.unwrap_or_default(), birth_after })
}
