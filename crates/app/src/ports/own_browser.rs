//! A provider's own browser: who uses it, and what it is handed to pay.

use async_trait::async_trait;
use std::fmt;

/// A provider's name for the person who uses its own browser. It is personal data: its `Debug` shows nothing of it.
#[derive(Clone, PartialEq, Eq)]
pub struct PayerName(String);

impl PayerName {
    /// A name of 1 to 128 letters, digits, `-` and `_`.
    #[must_use]
    pub fn new(text: &str) -> Option<Self> {
        let fits = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_');
        ((1..=128).contains(&text.len()) && text.bytes().all(fits)).then(|| Self(text.to_owned()))
    }
    /// The name itself: for the provider, and for what is sealed.
    #[must_use]
    pub fn reveal(&self) -> &str {
        &self.0
    }
}
impl fmt::Debug for PayerName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PayerName")
    }
}

/// Who uses a provider's own browser.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PayerAnswer {
    /// This person.
    Payer(PayerName),
    /// The code was used before: the browser opened the address twice, or somebody else did.
    CodeUsed,
    /// The code is too old, or none.
    CodeGone,
    /// Somebody who only looks at a snapshot of the page, and so cannot pay.
    Snapshot,
    /// The provider does not answer us: our account with it is not set up as it must be.
    NotSetUp,
    /// Not known.
    Unknown,
}

/// A provider that has a browser of its own, in which people pay on our pages.
#[async_trait]
pub trait OwnBrowser: Send + Sync {
    /// Where its browser is sent to learn who uses it. It comes back to `return_url` with a `code` and this `state`, which
    /// is letters and digits.
    fn ask_payer(&self, return_url: &str, state: &str) -> Option<String>;
    /// Who a code names. It can be asked once.
    async fn payer(&self, code: &str) -> PayerAnswer;
    /// What the page hands to the browser to pay at a [`Payable`](super::Payable)'s place, signed as of now: JSON. `None`: it could not be signed.
    async fn hand_over(&self, place: &str) -> Option<String>;
}
