//! Notices in browsers: encrypted for the one that subscribed, by the push service that it named (RFC 8030, 8291, 8292).
//!
//! A repetition replaces what waits under the same topic (RFC 8030 §5.4). Only push services that the configuration names are called: a
//! subscription comes from a stranger, and could name anything.

use crate::Http;
use crate::texts::Texts;
use async_trait::async_trait;
use everline_app::clock::Clock;
use everline_app::ports::{Browsers, Handed, Messenger, OutgoingMessage, Preview};
use everline_core::message::{Address, PushSubscription, Reason};
use serde_json::json;
use std::sync::Arc;
use wire_messages::push::{Browser, Error, Fresh, seal};

pub use wire_messages::push::{Error as PushError, Sender as PushKey};

/// The push services of the browsers there are: of Chrome and what is made of it, Firefox, Edge, and Safari. A star stands for one or more
/// names.
pub const SERVICES: [&str; 4] =
    ["fcm.googleapis.com", "*.push.services.mozilla.com", "*.notify.windows.com", "*.push.apple.com"];
/// How long a push service keeps a notice for a browser that is away, in seconds.
const TTL_S: &str = "86400";
/// How long a proof of who we are is good, in seconds.
const PROOF_S: i64 = 12 * 3_600;

/// Who sends, and to whom it may go.
pub struct PushConfig {
    /// The key that browsers were told.
    pub key: PushKey,
    /// Whom a push service can write to about us: `mailto:` or `https:`.
    pub contact: String,
    /// Hosts of push services that may be called.
    pub services: Vec<String>,
}

/// A request to a push service: a `POST`.
pub struct PushRequest {
    /// Where to.
    pub url: String,
    /// Names in lower case, and values.
    pub headers: Vec<(&'static str, String)>,
    /// The notice, for the browser alone.
    pub body: Vec<u8>,
}

/// The client.
pub struct Push {
    config: PushConfig,
    http: Http,
    clock: Arc<Clock>,
    texts: Arc<Texts>,
}

impl Push {
    /// A client.
    #[must_use]
    pub fn new(config: PushConfig, http: Http, clock: Arc<Clock>, texts: Arc<Texts>) -> Self {
        Self { config, http, clock, texts }
    }

    /// What a push service is to be sent for a message.
    ///
    /// # Errors
    /// What becomes of a message that cannot be sent.
    pub fn request(&self, message: &OutgoingMessage) -> Result<PushRequest, Handed> {
        let Address::Push(to) = &message.to else { return Err(Handed::Refused(Reason::of("no_browser"))) };
        let origin = origin(to.endpoint(), &self.config.services);
        let origin = origin.ok_or_else(|| Handed::Refused(Reason::of("unknown_service")))?;
        let Some(composed) = self.texts.compose(message) else {
            tracing::error!(template = message.template, "no such template, or a parameter is missing");
            return Err(Handed::Refused(Reason::of("no_text")));
        };
        let tag = message.id.to_string();
        let notice = json!({
            "title": composed.title,
            "body": composed.text,
            "link": composed.link,
            "lang": message.language,
            "tag": tag,
        });
        let body = self.sealed(to, notice.to_string().as_bytes()).map_err(|error| match error {
            Error::Browser => Handed::Gone,
            Error::TooLong(_) => Handed::Refused(Reason::of("too_long")),
            Error::PrivateKey | Error::Crypto => Handed::NotYet,
        })?;
        let expires_at_s = self.clock.now().system.us() / 1_000_000 + PROOF_S;
        let proof = self.config.key.authorization(origin, &self.config.contact, expires_at_s);
        let headers = vec![
            ("authorization", proof.map_err(|_| Handed::NotYet)?),
            ("content-encoding", "aes128gcm".to_owned()),
            ("content-type", "application/octet-stream".to_owned()),
            ("ttl", TTL_S.to_owned()),
            ("topic", tag),
        ];
        Ok(PushRequest { url: to.endpoint().to_owned(), headers, body })
    }

    fn sealed(&self, to: &PushSubscription, notice: &[u8]) -> Result<Vec<u8>, Error> {
        let browser = Browser::parse(to.p256dh(), to.auth())?;
        loop {
            let mut fresh = Fresh { key: [0; 32], salt: [0; 16] };
            if !self.clock.fill(&mut fresh.key) || !self.clock.fill(&mut fresh.salt) {
                return Err(Error::Crypto);
            }
            match seal(&browser, &fresh, notice) {
                // Not every number is a key.
                Err(Error::PrivateKey) => {}
                sealed => return sealed,
            }
        }
    }
}

/// The origin of an address, if its host is one of `services`.
fn origin<'e>(endpoint: &'e str, services: &[String]) -> Option<&'e str> {
    let rest = endpoint.strip_prefix("https://")?;
    let authority = rest.get(..rest.find('/')?)?;
    // Neither a port nor a name before it: those are not needed, and confuse.
    let plain = authority.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '.' | '-'));
    let host = authority.to_ascii_lowercase();
    let fits = |service: &String| match service.strip_prefix('*') {
        Some(end) => host.len() > end.len() && host.ends_with(end),
        None => host == *service,
    };
    (plain && services.iter().any(fits)).then(|| endpoint.get(.."https://".len() + authority.len()))?
}

#[async_trait]
impl Messenger for Push {
    async fn send(&self, message: &OutgoingMessage) -> Handed {
        let request = match self.request(message) {
            Ok(request) => request,
            Err(handed) => return handed,
        };
        let headers: Vec<(&str, &str)> = request.headers.iter().map(|(name, value)| (*name, value.as_str())).collect();
        let answer = self.http.send("POST", &request.url, &headers, request.body).await;
        match answer.map(|answer| answer.status) {
            // No push service reports what became of it.
            Ok(200..=299) => Handed::Accepted(None),
            Ok(404 | 410) => Handed::Gone,
            Ok(429) => Handed::NotYet,
            Ok(status @ 400..=499) => Handed::Refused(Reason::of(&status.to_string())),
            _ => Handed::Unknown,
        }
    }
    fn preview(&self, message: &OutgoingMessage) -> Option<Preview> {
        self.texts.preview(message, true)
    }
    fn browsers(&self) -> Option<&dyn Browsers> {
        Some(self)
    }
}

impl Browsers for Push {
    fn key(&self) -> String {
        self.config.key.public_key()
    }
    fn takes(&self, browser: &PushSubscription) -> bool {
        let sound = Browser::parse(browser.p256dh(), browser.auth()).is_ok();
        sound && origin(browser.endpoint(), &self.config.services).is_some()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_push_services_are_called() {
        let services = SERVICES.map(str::to_owned);
        for (endpoint, expected) in [
            ("https://fcm.googleapis.com/fcm/send/x", Some("https://fcm.googleapis.com")),
            ("https://updates.push.services.mozilla.com/wpush/v2/x", Some("https://updates.push.services.mozilla.com")),
            ("https://WEB.push.apple.com/x", Some("https://WEB.push.apple.com")),
            ("https://push.services.mozilla.com.evil.example/x", None),
            ("https://evilpush.apple.com/x", None),
            ("https://fcm.googleapis.com@127.0.0.1/x", None),
            ("https://fcm.googleapis.com:8443/x", None),
            ("https://127.0.0.1/x", None),
            ("https://[::1]/x", None),
            ("https://fcm.googleapis.com", None),
            ("http://fcm.googleapis.com/x", None),
        ] {
            assert_eq!(origin(endpoint, &services), expected, "{endpoint}");
        }
    }
}
