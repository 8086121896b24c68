//! The section about cards: the account at Stripe.

use super::read::Table;
use super::secret::{Secret, required_secret};
use super::services::protected;
use everline_core::brand::Brand;
use everline_providers::stripe::{API_BASE, ApiKey, EndpointSecret};

/// Longest time to pay that leaves room for the end of a session: Stripe takes one up to 24 hours ahead, and ours ends
/// half an hour after its attempt.
const ORDER_MINUTES_MAX: u16 = 24 * 60 - 30;

/// An account at Stripe, with its secrets as they were found.
#[derive(Debug, Clone)]
pub(crate) struct StripeFile {
    pub(crate) api_url: String,
    pub(crate) api_key: Secret,
    /// Secrets of the webhook endpoint, between white space.
    webhook_secrets: Secret,
    pub(crate) livemode: bool,
}

impl StripeFile {
    /// The secrets of the webhook endpoint; none that is malformed is taken when the file is read.
    pub(crate) fn webhook_secrets(&self) -> Vec<EndpointSecret> {
        self.webhook_secrets.reveal().split_whitespace().filter_map(|text| EndpointSecret::parse(text).ok()).collect()
    }
}

pub(super) fn stripe(table: &Table<'_>) -> Option<StripeFile> {
    let api_url = table.parsed("api_url", protected);
    let api_url = api_url.or_else(|| (!table.has("api_url")).then(|| API_BASE.to_owned()));
    let livemode = table.word("mode", &[("live", true), ("test", false)]).unwrap_or(true);
    let api_key = required_secret(table, "api_key", "the account's secret key, or a restricted one");
    if let Some(key) = &api_key {
        let other_mode = if livemode { "_test_" } else { "_live_" };
        if ApiKey::parse(key.reveal()).is_err() {
            table.wrong("api_key", format_args!("{} holds no key", key.from()));
        } else if key.reveal().contains(other_mode) {
            table.wrong("api_key", format_args!("{} holds a key of the other mode: see mode", key.from()));
        }
    }
    let webhook_secrets = required_secret(table, "webhook_secrets", "the endpoint's signing secret, whsec_…");
    if let Some(secrets) = &webhook_secrets
        && secrets.reveal().split_whitespace().any(|text| EndpointSecret::parse(text).is_err())
    {
        table.wrong("webhook_secrets", format_args!("{} holds something that is no secret", secrets.from()));
    }
    Some(StripeFile { api_url: api_url?, api_key: api_key?, webhook_secrets: webhook_secrets?, livemode })
}

/// Whether an order can be paid by card all the time it can be paid.
pub(super) fn check_time(root: &Table<'_>, brand: &Brand) {
    if brand.order_minutes > ORDER_MINUTES_MAX {
        root.wrong("stripe", format_args!("brand.order_minutes: at most {ORDER_MINUTES_MAX} where cards are taken"));
    }
}
