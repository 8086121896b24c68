//! What can end a run.

use everline_app::Problem;
use everline_store::{Error, Stop};

/// Why a run ended early.
#[derive(Debug, thiserror::Error)]
pub enum Failure {
    /// The promise under test does not hold.
    #[error("BROKEN: {0}")]
    Broken(String),
    /// The database of a child says that it cannot use what it finds.
    #[error("the database says: {0}")]
    Damaged(String),
    /// The store failed where nothing was done to it.
    #[error("the store: {0}")]
    Store(#[from] Error),
    /// A use case refused where it should not.
    #[error("a use case: {0}")]
    Problem(#[from] Problem),
    /// The machine refused.
    #[error("{what}: {source}")]
    Io {
        /// What was tried.
        what: &'static str,
        /// What it said.
        source: std::io::Error,
    },
    /// Something this needs is missing or unusable.
    #[error("{0}")]
    Unusable(String),
}

impl Failure {
    /// Makes a failure of an I/O error.
    pub(crate) fn io(what: &'static str) -> impl Fn(std::io::Error) -> Self {
        move |source| Self::Io { what, source }
    }

    /// Makes a failure of any error of a tool.
    pub(crate) fn unusable(what: &str, error: &dyn std::fmt::Display) -> Self {
        Self::Unusable(format!("{what}: {error}"))
    }
}

impl From<Stop<Problem>> for Failure {
    fn from(stop: Stop<Problem>) -> Self {
        Self::Problem(stop.into())
    }
}

impl From<wire_pay::alipay::Error> for Failure {
    fn from(error: wire_pay::alipay::Error) -> Self {
        Self::unusable("a key or a notice", &error)
    }
}

impl From<rusqlite::Error> for Failure {
    fn from(error: rusqlite::Error) -> Self {
        Self::unusable("the raw script", &error)
    }
}
