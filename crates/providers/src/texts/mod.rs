//! What people read: the template of a message in the language of whoever gets it, with its parameters.
//!
//! The texts are ours, in Fluent files like those of the pages; a brand can have its own instead, for any of them. They are looked
//! at when the program starts, so that no message finds out that its text lacks something.

mod own;

pub use own::TextMistake;

use everline_app::ports::{OutgoingMessage, Preview};
use everline_app::send_message;
use fluent_bundle::concurrent::FluentBundle;
use fluent_bundle::{FluentArgs, FluentResource};
use unic_langid::LanguageIdentifier;

/// A parameter that every template has: where the message leads.
pub const LINK: &str = "link";

const LOCALES: [(&str, &str); 2] = [
    (
        "zh-CN",
        concat!(
            include_str!("../../locales/messages.zh-CN.ftl"),
            "\n",
            include_str!("../../locales/reminders.zh-CN.ftl")
        ),
    ),
    (
        "en",
        concat!(include_str!("../../locales/messages.en.ftl"), "\n", include_str!("../../locales/reminders.en.ftl")),
    ),
];

/// The texts of all templates in all languages.
pub struct Texts {
    public_url: String,
    languages: Vec<Language>,
}

struct Language {
    tag: &'static str,
    ours: FluentBundle<FluentResource>,
    /// The brand's own, which come first.
    own: Option<FluentBundle<FluentResource>>,
}

/// A message as its reader sees it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Composed {
    /// The subject, for ways that have one.
    pub title: String,
    /// The whole text.
    pub text: String,
    /// Where it leads.
    pub link: String,
    /// What the template was filled with.
    pub parameters: Vec<(&'static str, String)>,
}

impl Texts {
    /// The texts of this program, and a brand's own: the language's tag, and the text of a Fluent file. Links in messages begin with
    /// `public_url`.
    ///
    /// # Errors
    /// Every mistake that was found.
    pub fn load(public_url: &str, own: &[(String, String)]) -> Result<Self, Vec<TextMistake>> {
        let (mut languages, mut mistakes) = (Vec::new(), Vec::new());
        for (tag, source) in LOCALES {
            let bundle = FluentResource::try_new(source.to_owned()).ok().and_then(|ours| bundle(tag, ours));
            match bundle {
                Some(ours) => languages.push(Language { tag, ours, own: None }),
                None => mistakes.push(TextMistake::Damaged { language: tag.to_owned() }),
            }
        }
        for (tag, source) in own {
            let Some(language) = languages.iter_mut().find(|language| language.tag == tag) else {
                mistakes.push(TextMistake::NoLanguage { language: tag.clone() });
                continue;
            };
            match own::read(tag, source) {
                Ok(resource) => language.own = bundle(language.tag, resource),
                Err(more) => mistakes.extend(more),
            }
        }
        if mistakes.is_empty() { Ok(Self { public_url: public_url.to_owned(), languages }) } else { Err(mistakes) }
    }
    /// The languages that there are.
    pub fn languages() -> impl Iterator<Item = &'static str> {
        LOCALES.into_iter().map(|(tag, _)| tag)
    }
    /// A message in the language of whoever gets it, or in the first one; `None` if there is no such template, or if it lacks a
    /// parameter.
    #[must_use]
    pub fn compose(&self, message: &OutgoingMessage) -> Option<Composed> {
        let link = self.link(message);
        let mut parameters = message.parameters.clone();
        parameters.push((LINK, link.clone()));
        let found = self.languages.iter().find(|language| language.tag == message.language);
        let language = found.or_else(|| self.languages.first())?;
        let id = message.template.replace('_', "-");
        let own = language.own.as_ref();
        let text = own.and_then(|own| format(own, &id, None, &parameters));
        let text = text.or_else(|| format(&language.ours, &id, None, &parameters))?;
        let title = own.and_then(|own| format(own, &id, Some("title"), &parameters));
        let title = title.or_else(|| format(&language.ours, &id, Some("title"), &parameters))?;
        Some(Composed { title, text, link, parameters })
    }
    /// What people will read of a message, with its title where the way has one.
    #[must_use]
    pub fn preview(&self, message: &OutgoingMessage, titled: bool) -> Option<Preview> {
        let Composed { title, text, .. } = self.compose(message)?;
        Some(Preview { title: titled.then_some(title), text, template: None })
    }
    /// Where a message leads: a path that it names, its order, the setting that it is about, or the renewal of its line.
    fn link(&self, message: &OutgoingMessage) -> String {
        let value = |name| message.parameters.iter().find(|(key, _)| *key == name).map(|(_, value)| value);
        if let Some(path) = value("path") {
            return format!("{}{path}", self.public_url);
        }
        match (value("order_id"), value("line_id")) {
            (Some(order), _) => format!("{}/orders/{order}", self.public_url),
            (None, Some(line)) if matches!(message.template, "auto_renew_notice" | "auto_renew_consent") => {
                format!("{}/lines/{line}/auto-renew", self.public_url)
            }
            (None, Some(line)) => {
                let chosen = value("offering_ref").map(|offering| format!("?offering={offering}")).unwrap_or_default();
                format!("{}/lines/{line}/renew{chosen}", self.public_url)
            }
            (None, None) => self.public_url.clone(),
        }
    }
}

/// The parameters that a template gets, with the link.
fn parameters(template: &str) -> Vec<&'static str> {
    let mut all = send_message::parameters(template);
    if !all.is_empty() {
        all.push(LINK);
    }
    all
}

fn bundle(tag: &str, resource: FluentResource) -> Option<FluentBundle<FluentResource>> {
    let language: LanguageIdentifier = tag.parse().ok()?;
    let mut bundle = FluentBundle::new_concurrent(vec![language]);
    bundle.set_use_isolating(false);
    bundle.add_resource(resource).ok()?;
    Some(bundle)
}

fn format(
    bundle: &FluentBundle<FluentResource>,
    id: &str,
    attribute: Option<&str>,
    parameters: &[(&'static str, String)],
) -> Option<String> {
    let message = bundle.get_message(id)?;
    let pattern = match attribute {
        Some(attribute) => message.get_attribute(attribute)?.value(),
        None => message.value()?,
    };
    let args: FluentArgs<'_> = parameters.iter().map(|(name, value)| (*name, value.as_str())).collect();
    let mut errors = Vec::new();
    let text = bundle.format_pattern(pattern, Some(&args), &mut errors);
    errors.is_empty().then(|| text.into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use everline_core::identifiers::Msisdn;
    use everline_core::ids::{MessageId, RawId};
    use everline_core::message::Address;

    fn message(template: &'static str, language: &str) -> OutgoingMessage {
        let parameters = send_message::parameters(template).into_iter().map(|name| (name, format!("<{name}>")));
        OutgoingMessage {
            id: MessageId(RawId::from_bytes([1; 16])),
            to: Address::Sms(Msisdn::parse("13800138001").unwrap()),
            template,
            parameters: parameters.collect(),
            language: language.to_owned(),
            repeated: false,
            reported: false,
        }
    }

    fn load(own: &[(&str, &str)]) -> Result<Texts, Vec<String>> {
        let own: Vec<(String, String)> =
            own.iter().map(|(tag, source)| ((*tag).to_owned(), (*source).to_owned())).collect();
        Texts::load("https://my.example", &own).map_err(|mistakes| mistakes.iter().map(ToString::to_string).collect())
    }

    #[test]
    fn every_language_has_every_template_with_the_parameters_it_gets() {
        let texts = load(&[]).unwrap();
        for (tag, source) in LOCALES {
            for template in send_message::templates() {
                let composed = texts.compose(&message(template, tag)).unwrap_or_else(|| panic!("{tag} {template}"));
                assert!(!composed.title.is_empty() && composed.text.contains("<brand>"), "{tag} {template}");
            }
            // They are held to what a brand's own texts are held to: no parameter that a template does not get.
            assert!(own::read(tag, source).is_ok());
            let mut open = message("number_kept", tag);
            open.parameters
                .iter_mut()
                .filter(|(name, _)| *name == "kept_until")
                .for_each(|(_, value)| *value = "open".to_owned());
            assert!(!texts.compose(&open).unwrap().text.contains("open"));
            assert!(texts.compose(&message("number_kept", tag)).unwrap().text.contains("<kept_until>"));
            assert!(texts.compose(&message("one_time_code", tag)).unwrap().text.contains("<code>"));
            assert_eq!(texts.compose(&message("no_such", tag)), None);
            let bare = OutgoingMessage { parameters: Vec::new(), ..message("suspended", tag) };
            assert_eq!(texts.compose(&bare), None, "a missing parameter is no message");
        }
        let other = texts.compose(&message("suspended", "fr")).unwrap();
        assert_eq!(other, texts.compose(&message("suspended", "zh-CN")).unwrap());
    }

    #[test]
    fn amounts_bring_their_currency() {
        let texts = load(&[]).unwrap();
        for (tag, _) in LOCALES {
            for template in send_message::templates() {
                let composed = texts.compose(&message(template, tag)).unwrap();
                assert!(!format!("{}{}", composed.title, composed.text).contains(['¥', '元']), "{tag} {template}");
            }
        }
        let mut paid = message("renewal_in_effect", "en");
        let amount = paid.parameters.iter_mut().find(|(name, _)| *name == "amount").unwrap();
        amount.1 = "€9.90".to_owned();
        assert!(texts.compose(&paid).unwrap().text.contains("is yours, €9.90 paid."));
    }

    #[test]
    fn a_brands_own_text_comes_first_and_its_title_if_it_has_one() {
        let texts = load(&[(
            "en",
            "suspended = { $brand }: { $line } is off. { $link }\nbarred = { $line } is off\n    .title = Off",
        )]);
        let texts = texts.unwrap();
        let suspended = texts.compose(&message("suspended", "en")).unwrap();
        assert_eq!(suspended.text, "<brand>: <line> is off. https://my.example/lines/<line_id>/renew");
        assert_eq!(suspended.title, "<line> has no service");
        assert_eq!(texts.compose(&message("barred", "en")).unwrap().title, "Off");
        assert!(texts.compose(&message("suspended", "zh-CN")).unwrap().text.contains("已停机"));
        assert!(texts.compose(&message("terminated", "en")).unwrap().text.contains("has ended"));
    }

    #[test]
    fn what_is_wrong_with_a_brands_own_text_is_named() {
        for (tag, source, mistake) in [
            ("fr", "suspended = x", "\"fr\" is no language of messages: zh-CN, en"),
            ("en", "suspnded = x", "en: \"suspnded\" is no template; did you mean \"suspended\"?"),
            (
                "en",
                "suspended = { $until } { $code }",
                "en: suspended: { $code } is no parameter of it: brand, hotline, kept_until, line, line_id, until, link",
            ),
            (
                "en",
                "suspended = { $line ->\n   *[a] { $amount }\n}",
                "en: suspended: { $amount } is no parameter of it: brand, hotline, kept_until, line, line_id, until, link",
            ),
            (
                "en",
                "suspended = x\n    .title = { $order }",
                "en: suspended: { $order } is no parameter of it: brand, hotline, kept_until, line, line_id, until, link",
            ),
            ("en", "suspended = { NUMBER($line) }", "en: suspended: only parameters can stand in braces"),
            ("en", "suspended =\n    .title = x", "en: suspended: it has no text"),
            ("en", "suspended = x\nsuspended = y", "en: suspended: it is there twice"),
            ("en", "suspended = { $line", "en: line 1 is no Fluent"),
        ] {
            assert_eq!(load(&[(tag, source)]).err().unwrap(), [mistake], "{source}");
        }
    }
}
