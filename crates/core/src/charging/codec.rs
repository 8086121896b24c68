//! The stored body of an allowance: a version byte, then postcard. Only this module reads and writes it.
//!
//! Any change to a stored type is a new version: the old types stay here, readable, and the golden bytes of each version
//! stay in the tests.

use super::allowance::Allowance;

const VERSION: u8 = 1;

/// A body that cannot be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum BodyError {
    /// Nothing there.
    #[error("allowance body is empty")]
    Empty,
    /// Written by a newer release.
    #[error("allowance body has version {0}, known up to {VERSION}")]
    UnknownVersion(u8),
    /// Damaged.
    #[error("allowance body is damaged")]
    Damaged,
}

impl Allowance {
    /// The bytes to store.
    #[must_use]
    pub fn to_body(&self) -> Vec<u8> {
        // Encoding plain data into a growing vector has no failing case; an empty body would be refused on reading.
        postcard::to_extend(self, vec![VERSION]).unwrap_or_default()
    }
    /// Reads stored bytes; trailing bytes are damage.
    pub fn from_body(body: &[u8]) -> Result<Self, BodyError> {
        let (version, rest) = body.split_first().ok_or(BodyError::Empty)?;
        if *version != VERSION {
            return Err(BodyError::UnknownVersion(*version));
        }
        match postcard::take_from_bytes(rest) {
            Ok((allowance, [])) => Ok(allowance),
            _ => Err(BodyError::Damaged),
        }
    }
}
