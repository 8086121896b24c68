//! What a page is about, read from its address: the order or line, and where somebody is. It goes along with them to help and
//! to people. Ids of ours go along; secrets in addresses do not.

use everline_core::ids::RawId;

/// Where one can come from, as cases keep it. Each has a text of its own at the desk.
pub(crate) const STEPS: [&str; 19] = [
    "order",
    "receipt",
    "refund",
    "payment",
    "line",
    "help",
    "error",
    "home",
    "renew",
    "auto_renew",
    "plans",
    "usage",
    "reminders",
    "owner",
    "esim",
    "invoice",
    "history",
    "account",
    "voucher",
];

/// What a page is about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Context {
    /// The order.
    pub(crate) order: Option<String>,
    /// The line.
    pub(crate) line: Option<String>,
    /// Where somebody is: one of [`STEPS`].
    pub(crate) step: &'static str,
    /// Where whoever paid as a guest asks: their order's secret link is their way.
    pub(crate) guest: Option<String>,
}

impl Context {
    /// Of the page of an address, with its query.
    pub(crate) fn of(here: &str) -> Self {
        let (path, query) = here.split_once('?').unwrap_or((here, ""));
        let parts: Vec<&str> = path.split('/').filter(|part| !part.is_empty()).collect();
        let id = |text: &str| text.parse::<RawId>().ok().map(|_| text.to_owned());
        let asked = |name: &str| {
            let mut pairs = url::form_urlencoded::parse(query.as_bytes());
            pairs.find(|(known, _)| known == name).and_then(|(_, value)| id(&value))
        };
        let (mut order, mut line) = (asked("order"), asked("line"));
        match parts.as_slice() {
            ["orders", of, ..] => order = id(of),
            ["lines", of, ..] => line = id(of),
            _ => {}
        }
        let guest = match parts.as_slice() {
            ["o", token, ..] => Some(format!("/o/{token}/case")),
            _ => None,
        };
        let words: Vec<String> = parts.iter().map(|part| part.replace('-', "_")).collect();
        let words: Vec<&str> = words.iter().map(String::as_str).collect();
        Self { order, line, step: step(&words), guest }
    }
    /// The query by which a page opens with this.
    fn query(&self, first: &[(&str, &str)]) -> String {
        let mut query = url::form_urlencoded::Serializer::new(String::new());
        query.extend_pairs(first);
        for (name, value) in [("order", &self.order), ("line", &self.line)] {
            query.extend_pairs(value.iter().map(|value| (name, value)));
        }
        query.append_pair("from", self.step).finish()
    }
    /// Help with what the page is about.
    pub(crate) fn help(&self, topic: Option<&'static str>) -> String {
        match topic {
            Some(topic) => format!("/help?{}", self.query(&[("about", topic)])),
            None => format!("/help?{}", self.query(&[])),
        }
    }
    /// Where a customer opens a case that knows this.
    pub(crate) fn case(&self) -> String {
        format!("/cases/new?{}", self.query(&[]))
    }
    /// Where a customer opens a case about what went wrong: the word of a text that says what.
    pub(crate) fn case_about(&self, problem: &str) -> String {
        format!("/cases/new?{}", Self { step: "error", ..self.clone() }.query(&[("problem", problem)]))
    }
}

/// The word for where somebody is, by the words of an address, with hyphens as underlines.
fn step(parts: &[&str]) -> &'static str {
    match parts {
        ["orders" | "o", _, "receipt" | "receipt.pdf", ..] | ["v", ..] => "receipt",
        ["orders" | "o", _, "refund", ..] => "refund",
        ["orders" | "o", _, "invoice", ..] => "invoice",
        ["orders" | "o", _, "pay" | "ask" | "network", ..] | ["pay", ..] => "payment",
        ["orders" | "o", ..] => "order",
        ["lines", _, "renew", ..] | ["renew", ..] => "renew",
        ["lines", _, "auto_renew", ..] | ["cards", ..] => "auto_renew",
        ["lines", _, "plans", ..] => "plans",
        ["lines", _, "usage", ..] | ["usage" | "usage.csv", ..] => "usage",
        ["lines", _, "reminders", ..] => "reminders",
        ["lines", _, "owner" | "give_up", ..] | ["claim" | "take_over", ..] => "owner",
        ["lines", _, "esim" | "devices", ..] | ["esim", ..] => "esim",
        ["lines", ..] => "line",
        ["home", ..] => "home",
        ["history" | "statement", ..] => "history",
        ["account" | "recover" | "sign_in", ..] => "account",
        ["voucher", ..] => "voucher",
        _ => "help",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ID: &str = "0192000012347fffbfffffffffffffff";

    #[test]
    fn ids_and_places_go_along_and_secrets_do_not() {
        let case = |here: &str| Context::of(&here.replace("ID", ID)).case().replace(ID, "ID");
        for (here, expected) in [
            ("/orders/ID", "/cases/new?order=ID&from=order"),
            ("/orders/ID/refund?x=1", "/cases/new?order=ID&from=refund"),
            ("/orders/ID/receipt", "/cases/new?order=ID&from=receipt"),
            ("/lines/ID/auto-renew", "/cases/new?line=ID&from=auto_renew"),
            ("/lines/ID", "/cases/new?line=ID&from=line"),
            ("/history?line=ID&month=2026-11", "/cases/new?line=ID&from=history"),
            ("/history?line=<script>", "/cases/new?from=history"),
            ("/orders/none", "/cases/new?from=order"),
            ("/home", "/cases/new?from=home"),
            ("/r/c0ffee", "/cases/new?from=help"),
            ("/o/c0ffee", "/cases/new?from=order"),
            ("/take-over/c0ffee", "/cases/new?from=owner"),
            ("/", "/cases/new?from=help"),
        ] {
            assert_eq!(case(here), expected, "{here}");
        }
        assert_eq!(Context::of("/o/c0ffee/refund").guest.as_deref(), Some("/o/c0ffee/case"));
        assert_eq!(Context::of("/o").guest, None);
    }
}
