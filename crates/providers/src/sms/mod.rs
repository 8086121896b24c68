//! SMS through a provider with an HTTP interface: a template's name and its parameters, and the text they make in the
//! customer's language.

use crate::Http;
use async_trait::async_trait;
use everline_app::ports::{MessageFate, Messenger, OutgoingMessage};
use fluent_bundle::concurrent::FluentBundle;
use fluent_bundle::{FluentArgs, FluentResource};
use serde_json::json;
use unic_langid::LanguageIdentifier;

/// The client.
pub struct Sms {
    http: Http,
    url: String,
    token: String,
    public_url: String,
    templates: Templates,
}

/// The texts of all templates.
pub struct Templates(Vec<(&'static str, FluentBundle<FluentResource>)>);

/// A locale file of ours that cannot be used.
#[derive(Debug, thiserror::Error)]
#[error("SMS templates for {0} are damaged")]
pub struct DamagedTemplates(&'static str);

const LOCALES: [(&str, &str); 2] =
    [("zh-CN", include_str!("../../locales/sms.zh-CN.ftl")), ("en", include_str!("../../locales/sms.en.ftl"))];

impl Templates {
    /// The templates this program carries.
    pub fn load() -> Result<Self, DamagedTemplates> {
        LOCALES
            .into_iter()
            .map(|(tag, source)| bundle(tag, source).ok_or(DamagedTemplates(tag)))
            .collect::<Result<_, _>>()
            .map(Self)
    }
    /// The text of a template; `None` when no language has it.
    #[must_use]
    pub fn text(&self, language: &str, template: &str, parameters: &[(&'static str, String)]) -> Option<String> {
        let (_, bundle) = self.0.iter().find(|(tag, _)| *tag == language).or_else(|| self.0.first())?;
        let message = bundle.get_message(&template.replace('_', "-"))?;
        let args: FluentArgs<'_> = parameters.iter().map(|(name, value)| (*name, value.as_str())).collect();
        let mut errors = Vec::new();
        let text = bundle.format_pattern(message.value()?, Some(&args), &mut errors);
        errors.is_empty().then(|| text.into_owned())
    }
}

fn bundle(tag: &'static str, source: &str) -> Option<(&'static str, FluentBundle<FluentResource>)> {
    let language: LanguageIdentifier = tag.parse().ok()?;
    let mut bundle = FluentBundle::new_concurrent(vec![language]);
    bundle.set_use_isolating(false);
    bundle.add_resource(FluentResource::try_new(source.to_owned()).ok()?).ok()?;
    Some((tag, bundle))
}

impl Sms {
    /// A client that posts to `url`; links in messages begin with `public_url`.
    #[must_use]
    pub fn new(http: Http, url: String, token: String, public_url: String, templates: Templates) -> Self {
        Self { http, url, token, public_url, templates }
    }
    /// Where a message leads: its order, the setting that it is about, the renewal of its line, or a path that it names.
    fn link(&self, message: &OutgoingMessage) -> String {
        let value = |name| message.parameters.iter().find(|(key, _)| *key == name).map(|(_, value)| value);
        match (value("order_id"), value("line_id")) {
            (Some(order), _) => format!("{}/orders/{order}", self.public_url),
            (None, Some(line)) if matches!(message.template, "auto_renew_notice" | "auto_renew_consent") => {
                format!("{}/lines/{line}/auto-renew", self.public_url)
            }
            (None, Some(line)) => {
                let chosen = value("offering_ref").map(|offering| format!("?offering={offering}")).unwrap_or_default();
                format!("{}/lines/{line}/renew{chosen}", self.public_url)
            }
            (None, None) => format!("{}{}", self.public_url, value("path").map_or("", String::as_str)),
        }
    }
}

#[async_trait]
impl Messenger for Sms {
    async fn send(&self, message: &OutgoingMessage) -> MessageFate {
        let mut parameters = message.parameters.clone();
        parameters.push(("link", self.link(message)));
        let Some(text) = self.templates.text(&message.language, message.template, &parameters) else {
            tracing::error!(template = message.template, "no such SMS template, or a parameter is missing");
            return MessageFate::Refused;
        };
        let parameters: serde_json::Map<_, _> =
            parameters.into_iter().map(|(name, value)| (name.to_owned(), serde_json::Value::String(value))).collect();
        let body = json!({
            "message_id": message.id.to_string(),
            "to": message.to.as_str(),
            "template": message.template,
            "language": message.language,
            "text": text,
            "parameters": parameters,
        });
        match self.http.post_json(&self.url, &self.token, &body).await {
            Ok(answer) if answer.status == 200 => MessageFate::Accepted,
            Ok(answer) if matches!(answer.status, 400..=499) && answer.status != 429 => MessageFate::Refused,
            _ => MessageFate::Unknown,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use everline_core::account::AccountNews;

    #[test]
    fn every_language_has_every_template_with_the_parameters_it_gets() {
        let templates = Templates::load().unwrap();
        let order = ["brand", "line", "line_id", "until", "offering", "amount", "ends", "order", "order_id", "link"];
        let line = ["brand", "hotline", "line", "line_id", "until", "kept_until", "link"];
        let with = |names: &[&'static str]| names.iter().map(|name| (*name, format!("<{name}>"))).collect::<Vec<_>>();
        for (tag, _) in LOCALES {
            for template in
                ["renewal_in_effect", "paid_not_in_effect", "refund_started", "refund_done", "refund_bounced"]
            {
                assert!(templates.text(tag, template, &with(&order)).is_some(), "{tag} {template}");
            }
            for template in [
                "grace_began",
                "suspended",
                "reported_lost",
                "barred",
                "service_restored",
                "number_kept",
                "number_ends",
                "terminated",
            ] {
                assert!(templates.text(tag, template, &with(&line)).is_some(), "{tag} {template}");
            }
            let renewal = [
                "brand",
                "line",
                "line_id",
                "until",
                "renewal",
                "price",
                "agreed",
                "debit_on",
                "first_method",
                "more_methods",
                "offering_ref",
                "link",
            ];
            for template in ["auto_renew_notice", "auto_renew_consent", "auto_renew_failed"] {
                assert!(templates.text(tag, template, &with(&renewal)).is_some(), "{tag} {template}");
            }
            assert!(templates.text(tag, "auto_renew_needs_you", &with(&order)).is_some(), "{tag}");
            let mut open = with(&line);
            open.iter_mut().filter(|(name, _)| *name == "kept_until").for_each(|(_, value)| *value = "open".to_owned());
            let text = templates.text(tag, "number_kept", &open).unwrap();
            assert!(!text.contains("open"), "{text}");
            assert!(templates.text(tag, "number_kept", &with(&line)).unwrap().contains("<kept_until>"));
            for news in AccountNews::ALL {
                let account = with(&["brand", "hotline", "at", "until", "path", "link"]);
                assert!(templates.text(tag, news.word(), &account).is_some(), "{tag} {news:?}");
            }
            let code = templates.text(tag, "one_time_code", &with(&["brand", "code"])).unwrap();
            assert!(code.contains("<code>"));
            assert!(templates.text(tag, "no_such", &[]).is_none());
            assert!(templates.text(tag, "suspended", &[]).is_none(), "a missing parameter is no message");
        }
    }
}
