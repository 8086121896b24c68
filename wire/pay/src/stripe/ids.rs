//! Names of Stripe's objects, and the two texts that travel in a request's head: the secret key and the idempotency key.

use crate::Error;
use aws_lc_rs::constant_time::verify_slices_are_equal;
use std::fmt;

/// Longest id accepted, in bytes. Stripe says to allow for 255.
pub const ID_BYTES_MAX: usize = 255;
/// Longest idempotency key, in bytes.
pub const IDEMPOTENCY_KEY_BYTES_MAX: usize = 255;

/// An id goes into paths, so that its alphabet matters more than its form: prefixes such as `pi_` are not checked, since
/// Stripe reserves the right to change them.
fn is_id(text: &str) -> bool {
    (1..=ID_BYTES_MAX).contains(&text.len())
        && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-'))
}

macro_rules! ids {
    ($($(#[$doc:meta])* $name:ident = $what:literal,)+) => {$(
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(String);

        impl $name {
            /// Reads an id: 1 to 255 letters, digits, `_` and `-`.
            ///
            /// # Errors
            /// [`Error::BadField`].
            pub fn parse(text: &str) -> Result<Self, Error> {
                if is_id(text) { Ok(Self(text.to_owned())) } else { Err(Error::BadField { name: $what }) }
            }

            /// The id as text.
            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }
    )+};
}

ids! {
    /// The id of a Checkout Session, `cs_…`.
    CheckoutSessionId = "checkout session id",
    /// The id of a PaymentIntent, `pi_…`.
    PaymentIntentId = "payment intent id",
    /// The id of a SetupIntent, `seti_…`.
    SetupIntentId = "setup intent id",
    /// The id of a saved payment method, `pm_…`.
    PaymentMethodId = "payment method id",
    /// The id of a charge, `ch_…` or `py_…`.
    ChargeId = "charge id",
    /// The id of a customer, `cus_…`.
    CustomerId = "customer id",
    /// The id of a refund, `re_…` or `pyr_…`.
    RefundId = "refund id",
    /// The id of a dispute, `du_…` or `dp_…`.
    DisputeId = "dispute id",
    /// The id of a balance transaction, `txn_…`.
    BalanceTransactionId = "balance transaction id",
    /// The id of what a balance transaction is about: a charge, refund, dispute, payout or another object.
    BalanceSourceId = "balance source id",
    /// The id of a payout, `po_…`.
    PayoutId = "payout id",
    /// The id of an event, `evt_…`, the same in every delivery.
    EventId = "event id",
}

/// The secret key of a Stripe account, or a restricted key. Its `Debug` shows nothing of it.
#[derive(Clone)]
pub struct ApiKey(String);

impl ApiKey {
    /// Reads a key. White space around it is dropped.
    ///
    /// # Errors
    /// [`Error::BadField`] if it is empty, longer than 255 bytes or could not stand in a header.
    pub fn parse(text: &str) -> Result<Self, Error> {
        let text = text.trim();
        if (1..=255).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_graphic()) {
            Ok(Self(text.to_owned()))
        } else {
            Err(Error::BadField { name: "api key" })
        }
    }

    /// The value of the `Authorization` header. A secret.
    #[must_use]
    pub fn authorization(&self) -> String {
        format!("Bearer {}", self.0)
    }

    /// Whether an `Authorization` header carries this key. Takes as long whatever is wrong with it.
    pub(super) fn authorizes(&self, header: &str) -> bool {
        verify_slices_are_equal(self.authorization().as_bytes(), header.as_bytes()).is_ok()
    }
}

impl fmt::Debug for ApiKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ApiKey")
    }
}

/// What makes a request that is sent again the same request. Stripe keeps it for at least 24 hours, with the answer it
/// gave: the same key with the same parameters brings the same answer, an error too, and the same key with other
/// parameters is refused.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct IdempotencyKey(String);

impl IdempotencyKey {
    /// Reads a key: 1 to 255 visible ASCII characters.
    ///
    /// # Errors
    /// [`Error::BadField`].
    pub fn parse(text: &str) -> Result<Self, Error> {
        let fits = (1..=IDEMPOTENCY_KEY_BYTES_MAX).contains(&text.len());
        if fits && text.bytes().all(|byte| byte.is_ascii_graphic()) {
            Ok(Self(text.to_owned()))
        } else {
            Err(Error::BadField { name: "idempotency key" })
        }
    }

    /// The key as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_cannot_leave_their_place_in_a_path() {
        for good in ["pi_1PgafyB7WZ01zgkWSjxsAJo3", "cs_test_a1-b", "x"] {
            assert_eq!(PaymentIntentId::parse(good).unwrap().as_str(), good);
        }
        let long = "x".repeat(256);
        for bad in ["", "pi_/../refunds", "pi 1", "pi_1?x=1", "pi_\u{e9}", "pi_1\n", "pi_%2e", &long] {
            let refused = Err(Error::BadField { name: "payment intent id" });
            assert_eq!(PaymentIntentId::parse(bad), refused, "{bad:?}");
        }
        assert!(PaymentIntentId::parse(&long[1..]).is_ok());
    }

    #[test]
    fn keys_fit_headers_and_stay_secret() {
        let key = ApiKey::parse(" not_a_real_key_0001\n").unwrap();
        assert_eq!(key.authorization(), "Bearer not_a_real_key_0001");
        assert_eq!(format!("{key:?}"), "ApiKey");
        assert!(key.authorizes("Bearer not_a_real_key_0001"));
        for other in ["Bearer not_a_real_key_0002", "bearer not_a_real_key_0001", "not_a_real_key_0001", ""] {
            assert!(!key.authorizes(other), "{other:?}");
        }
        let long = "k".repeat(256);
        for bad in ["", " ", "a b", "a\nb", "\u{e9}", &long] {
            assert!(matches!(ApiKey::parse(bad), Err(Error::BadField { name: "api key" })), "{bad:?}");
        }
        for bad in ["", "a b", "a\r\nx: y", "\u{e9}", &long] {
            let refused = Err(Error::BadField { name: "idempotency key" });
            assert_eq!(IdempotencyKey::parse(bad), refused, "{bad:?}");
        }
        assert_eq!(IdempotencyKey::parse("EL1/refund#2").unwrap().as_str(), "EL1/refund#2");
    }
}
