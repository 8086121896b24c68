//! Links that carry an account and a row of it, and a proof that we made them. Whoever has one may do what it says.

use crate::secrets::Secrets;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use everline_core::ids::{CustomerId, RawId};

fn proof(secrets: &Secrets, purpose: &str, customer: CustomerId, id: RawId) -> [u8; 16] {
    secrets.name(purpose, &[&customer.to_string(), &id.to_string()])
}

/// The text in an address. `purpose` keeps links of different kinds apart.
pub(crate) fn token(secrets: &Secrets, purpose: &str, customer: CustomerId, id: RawId) -> String {
    URL_SAFE_NO_PAD.encode([customer.bytes(), id.bytes(), proof(secrets, purpose, customer, id)].concat())
}

/// What a text names; `None` if it is not ours, or of another kind.
pub(crate) fn read(secrets: &Secrets, purpose: &str, token: &str) -> Option<(CustomerId, RawId)> {
    let bytes = URL_SAFE_NO_PAD.decode(token).ok()?;
    let (customer, rest) = bytes.split_first_chunk::<16>()?;
    let (id, given) = rest.split_first_chunk::<16>()?;
    let (customer, id) = (CustomerId::from(*customer), RawId::from_bytes(*id));
    let ours = proof(secrets, purpose, customer, id);
    aws_lc_rs::constant_time::verify_slices_are_equal(given, &ours).is_ok().then_some((customer, id))
}
