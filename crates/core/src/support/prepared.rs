//! Prepared answers: texts with parameters, `{order}`, that are filled in with what a case is about.

use crate::words::words;

/// Most characters of the title by which one is chosen.
pub const TITLE_MAX: usize = 60;
/// Most prepared answers that are kept.
pub const KEPT_MAX: usize = 100;

/// What can be filled in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Parameter {
    /// The number of the case.
    Case,
    /// The number of its order.
    Order,
    /// The number of its line, masked.
    Line,
    /// What the brand is called.
    Brand,
    /// The hotline's number.
    Hotline,
    /// The hotline's hours.
    Hours,
}
words!(Parameter {
    Case = "case",
    Order = "order",
    Line = "line",
    Brand = "brand",
    Hotline = "hotline",
    Hours = "hours",
});

/// A piece of a text.
#[derive(Clone, Copy)]
enum Part<'a> {
    Words(&'a str),
    /// What stands in braces.
    Named(&'a str),
    /// What follows a brace that is never closed.
    Open(&'a str),
}

/// A text cut at its braces.
fn parts(text: &str) -> impl Iterator<Item = Part<'_>> {
    text.split('{').enumerate().flat_map(|(place, rest)| {
        let pair = match (place, rest.split_once('}')) {
            (0, _) => [Some(Part::Words(rest)), None],
            (_, Some((name, after))) => [Some(Part::Named(name)), Some(Part::Words(after))],
            (_, None) => [Some(Part::Open(rest)), None],
        };
        pair.into_iter().flatten()
    })
}

/// Whether everything in braces can be filled in.
#[must_use]
pub fn fits(text: &str) -> bool {
    parts(text).all(|part| match part {
        Part::Words(_) => true,
        Part::Named(name) => Parameter::from_word(name).is_some(),
        Part::Open(_) => false,
    })
}

/// Whether a parameter was left without a value.
#[must_use]
pub fn unfilled(text: &str) -> bool {
    parts(text).any(|part| matches!(part, Part::Named(name) if Parameter::from_word(name).is_some()))
}

/// The text with what is known filled in; what is not known stays as it is, so that whoever answers sees it.
#[must_use]
pub fn fill(text: &str, value: impl Fn(Parameter) -> Option<String>) -> String {
    parts(text).fold(String::new(), |filled, part| match part {
        Part::Words(words) => filled + words,
        Part::Open(rest) => filled + "{" + rest,
        Part::Named(name) => match Parameter::from_word(name).and_then(&value) {
            Some(value) => filled + &value,
            None => filled + "{" + name + "}",
        },
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_known_is_filled_in_and_the_rest_is_seen() {
        let value = |parameter| (parameter == Parameter::Case).then(|| "12 34".to_owned());
        assert_eq!(fill("工单 {case}：订单 {order} 。", value), "工单 12 34：订单 {order} 。");
        assert_eq!(fill("", value), "");
        assert_eq!(fill("no parameter", value), "no parameter");
        assert_eq!(fill("a {case", value), "a {case");
        assert!(unfilled("{order}") && !unfilled("done") && !unfilled("{a smile}"));
    }

    #[test]
    fn only_what_can_be_filled_in_may_stand_in_braces() {
        for text in ["", "你好", "{case}{order} {line} {brand}{hotline}{hours}", "a } b"] {
            assert!(fits(text), "{text}");
        }
        for text in ["{name}", "{", "a {case", "{}", "{{case}}", "{ case }"] {
            assert!(!fits(text), "{text}");
        }
    }
}
