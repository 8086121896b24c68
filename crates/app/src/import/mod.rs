//! Loading what an operator has: stock, activation codes, the catalogue, and the lines of a business that moves in.
//!
//! A file is read three times at most. First every row is read and judged, by itself, against the other rows and against
//! the store: that decides which batches are good. Then the good ones are written, some hundred rows in a transaction,
//! under a batch row that says *loading*; what a batch holds cannot be used before that says *complete*. Lines are made in
//! a last pass, after every Sim of their batch was held for them, so that nothing can be refused any more.
//!
//! - A batch is loaded whole or not at all; a conflict that appears while it is written takes its rows back.
//! - The same file again changes nothing; a load that was cut off goes on where it stopped.
//! - A conflict names the row, the field and what it meets; no message repeats a secret or a whole number.
//!
//! Parsing ([`text`], [`header`], [`cell`] and the `read` of each kind) is pure: bytes in, rows or faults out.

pub mod activation_codes;
pub mod cell;
pub mod header;
pub mod lines;
mod mentions;
pub mod offerings;
mod run;
pub mod sims;
pub mod statement;
pub mod text;
mod works;

pub(crate) use works::{KEY_SETTING, key_name};

use crate::Problem;
use crate::clock::Clock;
use crate::secrets::{NotSealedHere, Secrets};
use everline_core::brand::Brand;
use everline_core::time::Zone;
use everline_store::{Stop, Store};
use std::borrow::Cow;
use std::io::{Read, Seek};
use std::sync::Arc;

/// Where rows go: a store with its brand, and the keys that seal secrets.
#[derive(Clone)]
pub struct Importer {
    /// The store.
    pub store: Store,
    /// The brand's rules.
    pub brand: Arc<Brand>,
    /// The brand's time zone.
    pub zone: Zone,
    /// Time and ids.
    pub clock: Arc<Clock>,
    /// Keys of our own.
    pub secrets: Arc<Secrets>,
}

/// What the rows of a file are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Contents {
    /// Sims for the stock.
    Sims,
    /// Activation codes of profiles.
    ActivationCodes,
    /// Lines of a business that moves in.
    Lines,
}

/// Loads a file of rows. `name` is the file's, for rows without a batch.
///
/// # Errors
/// [`ImportError`]; refused rows are told to the listener and are no error.
pub async fn load(
    importer: &Importer,
    contents: Contents,
    file: (&mut (impl Read + Seek + Send), &str),
    options: Options,
    listener: &mut dyn Listener,
) -> Result<Summary, ImportError> {
    match contents {
        Contents::Sims => run::run(importer, sims::kind(importer), file, options, listener).await,
        Contents::ActivationCodes => {
            run::run(importer, activation_codes::kind(importer), file, options, listener).await
        }
        Contents::Lines => run::run(importer, lines::kind(importer).await?, file, options, listener).await,
    }
}

/// How to load.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Options {
    /// Judge everything and write nothing.
    pub dry_run: bool,
    /// Rows in one transaction.
    pub rows_per_work: usize,
    /// Most rows in a file; the check for doubles holds about 50 octets a row (100 for lines) in memory.
    pub rows_max: u64,
}
impl Default for Options {
    fn default() -> Self {
        Self { dry_run: false, rows_per_work: 500, rows_max: 5_000_000 }
    }
}

/// What is wrong with one value of one row. Never carries the value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    /// The column, or `line` for the whole row.
    pub field: &'static str,
    /// What is wrong.
    pub reason: Cow<'static, str>,
    /// What to do about it.
    pub remedy: Cow<'static, str>,
}
impl Fault {
    /// A fault of a field.
    pub fn new(
        field: &'static str,
        reason: impl Into<Cow<'static, str>>,
        remedy: impl Into<Cow<'static, str>>,
    ) -> Self {
        Self { field, reason: reason.into(), remedy: remedy.into() }
    }
}

/// A row that is refused.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RowFault {
    /// The line of the file, counted from 1.
    pub line: u64,
    /// Its batch, if that can be told.
    pub batch: Option<String>,
    /// What is wrong.
    pub fault: Fault,
}

/// Why a whole file is refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum FileFault {
    /// Two octets a character.
    #[error("the file is UTF-16: save it as CSV UTF-8")]
    Utf16,
    /// Not even a header.
    #[error("the file is empty: the first line names the columns")]
    Empty,
    /// The first line cannot be read.
    #[error("line 1: {0}")]
    Unreadable(String),
    /// A column nobody knows.
    #[error("unknown column {name:?}: did you mean {nearest:?}? The first line names the columns")]
    UnknownColumn {
        /// As it stands in the file.
        name: String,
        /// The known one that is nearest.
        nearest: &'static str,
    },
    /// A column twice.
    #[error("column {name:?} is there twice")]
    ColumnTwice {
        /// As it stands in the file.
        name: String,
    },
    /// A column that has to be there.
    #[error("column {name:?} is missing")]
    MissingColumn {
        /// Its name.
        name: &'static str,
    },
    /// More rows than one file may have.
    #[error("more than {rows_max} rows: split the file")]
    TooManyRows {
        /// How many it may have.
        rows_max: u64,
    },
    /// More batches than one file may have.
    #[error("more than {batches_max} batches: split the file, or use fewer")]
    TooManyBatches {
        /// How many it may have.
        batches_max: usize,
    },
    /// The catalogue is not as it should be.
    #[error("{0}")]
    Catalogue(String),
}

/// Why an import ended.
#[derive(Debug, thiserror::Error)]
pub enum ImportError {
    /// The file cannot be read, or a result cannot be written.
    #[error("reading or writing a file: {0}")]
    Io(#[from] std::io::Error),
    /// The file is refused as a whole; nothing was written.
    #[error(transparent)]
    File(#[from] FileFault),
    /// The store failed. What was committed stays; running the import again goes on.
    #[error("{0}; run the import again to go on")]
    Problem(#[from] Problem),
    /// Sealed values cannot be made or opened with this key.
    #[error(transparent)]
    Key(#[from] NotSealedHere),
    /// The store's secrets are sealed with another key.
    #[error("this store's secrets are sealed with another key: give the key that the server uses")]
    OtherKey,
    /// A batch was changed by somebody else meanwhile.
    #[error("batch {0:?} was changed by another import meanwhile: run the import again")]
    Disturbed(String),
}
impl From<Stop<Problem>> for ImportError {
    fn from(stop: Stop<Problem>) -> Self {
        Self::Problem(stop.into())
    }
}

/// What an import is doing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step {
    /// Reading and judging every row.
    Checking,
    /// Writing the rows of good batches.
    Loading,
    /// Making what they stand for.
    Applying,
}
/// How far it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Progress {
    /// Doing what.
    pub step: Step,
    /// Bytes of the file that this step has read.
    pub bytes: u64,
    /// Bytes of the file.
    pub of_bytes: u64,
    /// Rows that this step has settled.
    pub rows: u64,
}

/// Hears how an import goes.
pub trait Listener: Send {
    /// It got further.
    fn progress(&mut self, progress: Progress);
    /// A row is refused. Rows come about in the order of the file; doubles come last.
    ///
    /// # Errors
    /// Ends the import.
    fn refused(&mut self, fault: &RowFault) -> std::io::Result<()>;
}

/// What became of a batch.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// All of it is there now.
    Complete,
    /// All of it was there before.
    AlreadyThere,
    /// Nothing of it was added: some row of it is refused.
    Refused,
    /// It would be loaded.
    WouldLoad,
    /// It was begun before and cannot be finished with this file: give it the file with which it began.
    HalfWay,
}

/// A batch of the file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BatchResult {
    /// Its name.
    pub name: String,
    /// Rows of it in the file.
    pub rows: u64,
    /// What became of it.
    pub outcome: Outcome,
}

/// What became of a file.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Summary {
    /// Rows in the file.
    pub rows: u64,
    /// Rows that were added, or would be.
    pub added: u64,
    /// Rows that were there before.
    pub already_there: u64,
    /// Rows that are refused by themselves.
    pub refused: u64,
    /// Rows that are sound, but whose batch is refused.
    pub held_back: u64,
    /// The batches, in the order of the file.
    pub batches: Vec<BatchResult>,
    /// What a person should look at although nothing is refused for it.
    pub warnings: Vec<String>,
}

/// Batches in one file, at most.
pub const BATCHES_MAX: usize = 10_000;

/// The first three and last four characters of a number.
pub(crate) fn masked(number: &str) -> String {
    let head = number.get(..3).unwrap_or_default();
    let tail = number.len().checked_sub(4).and_then(|at| number.get(at..)).unwrap_or_default();
    format!("{head}****{tail}")
}
