//! A brand's own texts, looked at before one of them is needed.

use super::{LOCALES, parameters};
use everline_app::send_message;
use fluent_bundle::FluentResource;
use fluent_syntax::ast::{Entry, Expression, InlineExpression, Pattern, PatternElement};
use std::collections::BTreeSet;
use std::fmt;

/// A mistake in the texts of messages.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TextMistake {
    /// A file of ours cannot be used.
    Damaged {
        /// Its language.
        language: String,
    },
    /// There are no messages in this language.
    NoLanguage {
        /// Its tag.
        language: String,
    },
    /// It is not in Fluent's syntax.
    Syntax {
        /// The file's language.
        language: String,
        /// From 1.
        line: usize,
    },
    /// No template has this name.
    NoTemplate {
        /// The file's language.
        language: String,
        /// The name.
        name: String,
    },
    /// A template's text is wrong.
    Template {
        /// The file's language.
        language: String,
        /// The template.
        name: String,
        /// What is wrong with it.
        what: String,
    },
}

impl fmt::Display for TextMistake {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Damaged { language } => write!(f, "{language}: the texts of this program are damaged"),
            Self::NoLanguage { language } => {
                write!(f, "{language:?} is no language of messages: {}", LOCALES.map(|(tag, _)| tag).join(", "))
            }
            Self::Syntax { language, line } => write!(f, "{language}: line {line} is no Fluent"),
            Self::NoTemplate { language, name } => {
                write!(f, "{language}: {name:?} is no template")?;
                nearest(name).map_or(Ok(()), |near| write!(f, "; did you mean {near:?}?"))
            }
            Self::Template { language, name, what } => write!(f, "{language}: {name}: {what}"),
        }
    }
}

/// Reads a file.
pub(super) fn read(language: &str, source: &str) -> Result<FluentResource, Vec<TextMistake>> {
    let language = language.to_owned();
    let resource = FluentResource::try_new(source.to_owned()).map_err(|(_, errors)| {
        let line = |at: usize| source.get(..at).unwrap_or(source).lines().count().max(1);
        errors
            .iter()
            .map(|error| TextMistake::Syntax { language: language.clone(), line: line(error.pos.start) })
            .collect::<Vec<_>>()
    })?;
    let (mut mistakes, mut seen) = (Vec::new(), BTreeSet::new());
    for entry in resource.entries() {
        let Entry::Message(message) = entry else { continue };
        let name = message.id.name;
        let known = parameters(&name.replace('-', "_"));
        if known.is_empty() {
            mistakes.push(TextMistake::NoTemplate { language: language.clone(), name: name.to_owned() });
            continue;
        }
        let mut wrong = |what: String| {
            mistakes.push(TextMistake::Template { language: language.clone(), name: name.to_owned(), what })
        };
        if !seen.insert(name) {
            wrong("it is there twice".to_owned());
        }
        if message.value.is_none() {
            wrong("it has no text".to_owned());
        }
        let mut used = Vec::new();
        let attributes = message.attributes.iter().map(|attribute| &attribute.value);
        message.value.iter().chain(attributes).for_each(|pattern| variables(pattern, &mut used));
        for variable in used {
            match variable {
                Some(name) if known.contains(&name) => {}
                Some(name) => wrong(format!("{{ ${name} }} is no parameter of it: {}", known.join(", "))),
                None => wrong("only parameters can stand in braces".to_owned()),
            }
        }
    }
    if mistakes.is_empty() { Ok(resource) } else { Err(mistakes) }
}

/// The variables of a pattern; `None` for what is neither one nor a literal.
fn variables<'r>(pattern: &Pattern<&'r str>, found: &mut Vec<Option<&'r str>>) {
    for element in &pattern.elements {
        if let PatternElement::Placeable { expression } = element {
            of_expression(expression, found);
        }
    }
}

fn of_expression<'r>(expression: &Expression<&'r str>, found: &mut Vec<Option<&'r str>>) {
    match expression {
        Expression::Inline(inline) => of_inline(inline, found),
        Expression::Select { selector, variants } => {
            of_inline(selector, found);
            variants.iter().for_each(|variant| variables(&variant.value, found));
        }
    }
}

fn of_inline<'r>(inline: &InlineExpression<&'r str>, found: &mut Vec<Option<&'r str>>) {
    match inline {
        InlineExpression::VariableReference { id } => found.push(Some(id.name)),
        InlineExpression::StringLiteral { .. } | InlineExpression::NumberLiteral { .. } => {}
        InlineExpression::Placeable { expression } => of_expression(expression, found),
        _ => found.push(None),
    }
}

/// The template whose name shares the most letters at its beginning and end.
fn nearest(name: &str) -> Option<String> {
    let alike = |other: &String| {
        let front = other.chars().zip(name.chars()).take_while(|(a, b)| a == b).count();
        let back = other.chars().rev().zip(name.chars().rev()).take_while(|(a, b)| a == b).count();
        (front + back).min(other.len())
    };
    let all = send_message::templates().map(|template| template.replace('_', "-"));
    all.max_by_key(alike).filter(|near| alike(near) * 2 > name.len())
}
