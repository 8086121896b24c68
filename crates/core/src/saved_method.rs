//! Methods that a customer saved: what is kept of a card, so that renewals can be paid while its owner is away.
//!
//! The card itself never reaches us: the provider keeps it, and gives us a token that only our account can use.

use crate::ids::{AttemptId, CustomerId, PaymentMethodId};
use crate::payment::Provider;
use crate::time::BusinessTime;
use crate::words::words;

/// Where a saved method is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum SavedState {
    /// It can be used.
    Active,
    /// Its owner removed it; the provider is being asked to forget it. Nothing is taken from it any more.
    Removed,
    /// The provider forgot it; here its row alone is left.
    Forgotten,
}

words!(SavedState { Active = "active", Removed = "removed", Forgotten = "forgotten" });

/// One saved method. All of them are cards today.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SavedMethod {
    /// Follows from the attempt that it paid when it was saved.
    pub id: PaymentMethodId,
    /// Whose it is.
    pub customer: CustomerId,
    /// Who keeps it.
    pub provider: Provider,
    /// The provider's name for it.
    pub token: String,
    /// The provider's name for the customer whose it is there.
    pub holder: String,
    /// What its owner knows it by: brand and last four digits.
    pub label: String,
    /// The end of the month after which it cannot be used.
    pub good_until: BusinessTime,
    /// Keyed hash of the provider's fingerprint: the same for the same card, whoever saved it.
    pub fingerprint: Option<Vec<u8>>,
    /// Where it is.
    pub state: SavedState,
    /// When it was saved.
    pub added_at: BusinessTime,
    /// When its owner removed it.
    pub removed_at: Option<BusinessTime>,
}

impl SavedMethod {
    /// The method that an attempt saves.
    #[must_use]
    pub const fn id_of(attempt: AttemptId) -> PaymentMethodId {
        PaymentMethodId(attempt.0.derive(0x78, 0))
    }
    /// Whether money may be asked from it.
    #[must_use]
    pub fn usable(&self, now: BusinessTime) -> bool {
        self.state == SavedState::Active && self.good_until > now
    }
}
