//! The stored body of an allowance: a version byte, then postcard. Only this module reads and writes it.
//!
//! Any change to a stored type is a new version: the old types stay here, readable, and the golden bytes of each version
//! stay in the tests.

use super::allowance::Allowance;
use super::period::Period;
use super::session::Session;
use serde::Deserialize;

const VERSION: u8 = 2;

/// Version 1: before lines under test had an allowance.
#[derive(Deserialize)]
struct V1 {
    periods: Vec<Period>,
    sessions: Vec<Session>,
}
impl From<V1> for Allowance {
    fn from(V1 { periods, sessions }: V1) -> Self {
        Allowance { periods, sessions, trial: None }
    }
}

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
        match *version {
            1 => whole::<V1>(rest).map(Allowance::from),
            VERSION => whole(rest),
            unknown => Err(BodyError::UnknownVersion(unknown)),
        }
    }
}

fn whole<'a, T: Deserialize<'a>>(bytes: &'a [u8]) -> Result<T, BodyError> {
    match postcard::take_from_bytes(bytes) {
        Ok((value, [])) => Ok(value),
        _ => Err(BodyError::Damaged),
    }
}
