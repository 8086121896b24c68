//! What can go wrong, named after what is wrong; and the translation from both drivers.
//!
//! No message ever contains a parameter or a stored value: errors reach logs, values are personal data.

use std::convert::Infallible;
use tokio_postgres::error::{DbError, Severity};

/// The result of an operation on the store.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// Why a [`Work`](crate::Work) did not commit, or may not have.
///
/// Unless a variant says otherwise nothing was committed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A row that had to exist does not; `what` is the word for it. Does not poison the [`Tx`](crate::Tx).
    #[error("{what} not found")]
    NotFound {
        /// The kind of row, for example `"line"`.
        what: &'static str,
    },
    /// A primary key or unique key is taken.
    #[error("unique key taken: {}", constraint.as_deref().unwrap_or("unknown"))]
    Conflict {
        /// The constraint's name (PostgreSQL) or its columns (SQLite). For logs: the engines differ.
        constraint: Option<String>,
    },
    /// A NOT NULL, CHECK or foreign key constraint refused a row.
    #[error("constraint violated: {}", constraint.as_deref().unwrap_or("unknown"))]
    Constraint {
        /// The constraint's name or column, as the engine tells it.
        constraint: Option<String>,
    },
    /// At most one row was expected, more came or were changed.
    #[error("{rows} rows where at most one was expected")]
    TooManyRows {
        /// How many rows there were.
        rows: u64,
    },
    /// Deadlocks or serialization failures in every run: the engine gave up.
    #[error("gave up after repeated deadlocks")]
    Retry,
    /// Too much waits already: the queue is full or no connection became free in time.
    #[error("the store is overloaded")]
    Busy,
    /// A statement took longer than the statement timeout.
    #[error("a statement took too long")]
    Timeout,
    /// A column holds another type than the reader asked for.
    #[error("column {column}: expected {expected}, found {found}")]
    Decode {
        /// The column's name in the query.
        column: String,
        /// The Rust type that was asked for.
        expected: &'static str,
        /// The kind of value that was there; never the value.
        found: &'static str,
    },
    /// A parameter's kind does not fit the statement, or there are too many or too few.
    #[error("parameter {position}: {found} given, the statement takes {expected}")]
    Parameter {
        /// The parameter's number, from 1; 0 where SQLite does not tell.
        position: usize,
        /// What the statement takes.
        expected: String,
        /// The kind of value given; never the value.
        found: &'static str,
    },
    /// **Perhaps committed.** The COMMIT was sent, or its fsync failed, and nobody can tell the outcome.
    #[error("the outcome of the commit is unknown; sent again under the same id it is done once")]
    CommitUnknown,
    /// No space is left. Reads go on; writes work again once there is space.
    #[error("the disk is full: free some space, and writing goes on by itself")]
    DiskFull,
    /// A write inside [`Store::read`](crate::Store::read), or a database that does not accept writes.
    #[error("the store is read-only here")]
    ReadOnly,
    /// Reading or writing the file failed.
    #[error("I/O error {code}: look at the disk and at the kernel's log, then start again")]
    Io {
        /// SQLite's extended result code.
        code: i32,
    },
    /// The database cannot be reached, or the store stopped after a failed commit and has to be opened again.
    #[error(
        "the store is unavailable: the database does not answer, or a write to the disk failed; look at it, then start again"
    )]
    Unavailable,
    /// The store was closed.
    #[error("the store is closed")]
    Closed,
    /// Another process, or another store of this one, has the file open.
    #[error("the database file is in use by another process")]
    InUse,
    /// The database was written by a newer version of this program.
    #[error("the schema is version {found}, this program knows {known}")]
    SchemaNewer {
        /// The version in the database.
        found: i64,
        /// The newest version this program knows.
        known: i64,
    },
    /// The database has a migration of this number, but it is another one.
    #[error("migration {version} in the database is another one than this program's")]
    SchemaDiffers {
        /// The migration's number.
        version: i64,
    },
    /// A [`Work`](crate::Work) waited for something other than its [`Tx`](crate::Tx).
    #[error("{work} awaited something other than its transaction")]
    AwaitedOther {
        /// The Work's name.
        work: &'static str,
    },
    /// A [`Work`](crate::Work) panicked.
    #[error("{work} panicked")]
    Panicked {
        /// The Work's name.
        work: &'static str,
    },
    /// The [`Tx`](crate::Tx) was used after an error, or one of its calls was abandoned half way.
    #[error("the transaction already failed")]
    Poisoned,
    /// The options or the server's settings are not safe or not understood.
    #[error("configuration: {0}")]
    Configuration(String),
    /// Anything else the database says, without values.
    #[error("database: {0}")]
    Database(String),
}

/// Why a [`Work`](crate::Work) ended without a commit: its own refusal, or the store's error.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Stop<R> {
    /// The Work refused; what it wrote is rolled back. The refusal is given out only after the commit of everything
    /// it may have been based on.
    #[error("refused: {0}")]
    Refused(R),
    /// The store failed.
    #[error(transparent)]
    Store(#[from] Error),
}

impl From<Stop<Infallible>> for Error {
    fn from(stop: Stop<Infallible>) -> Self {
        match stop {
            Stop::Refused(never) => match never {},
            Stop::Store(error) => error,
        }
    }
}

const SQLITE_IOERR_FSYNC: i32 = 10 | (4 << 8);
/// The fsync of the folder failed; SQLite itself never says so.
pub(crate) const SQLITE_IOERR_DIR_FSYNC: i32 = 10 | (5 << 8);

impl Error {
    /// An fsync failed: what the kernel holds can no longer be trusted.
    pub(crate) fn is_failed_fsync(&self) -> bool {
        matches!(self, Error::Io { code: SQLITE_IOERR_FSYNC | SQLITE_IOERR_DIR_FSYNC })
    }
}

/// Translates SQLite's errors.
#[expect(clippy::needless_pass_by_value, reason = "the shape `map_err` wants")]
pub(crate) fn sqlite(error: rusqlite::Error) -> Error {
    use rusqlite::Error as E;
    let (code, message) = match &error {
        E::SqliteFailure(failure, message) => (failure.extended_code, message.as_deref()),
        E::SqlInputError { error, msg, .. } => (error.extended_code, Some(msg.as_str())),
        E::InvalidParameterCount(given, taken) => {
            return Error::Parameter {
                position: *given,
                expected: format!("{taken} parameters"),
                found: "another number",
            };
        }
        E::ToSqlConversionFailure(wanted) => {
            return Error::Parameter { position: 0, expected: wanted.to_string(), found: "another value" };
        }
        other => return Error::Database(other.to_string()),
    };
    // "UNIQUE constraint failed: line.customer_id, line.id": names only, never values.
    let named = || message.and_then(|m| m.split_once("failed: ")).map(|(_, name)| name.to_owned());
    match (code & 0xff, code) {
        (_, 1555 | 2067 | 2579) => Error::Conflict { constraint: named() }, // PRIMARYKEY, UNIQUE, ROWID
        (19, _) => Error::Constraint { constraint: named() },
        (13, _) => Error::DiskFull,
        (10, code) => Error::Io { code },
        (5 | 6, _) => Error::Busy,
        (8, _) => Error::ReadOnly,
        _ => Error::Database(format!("sqlite {code}: {}", message.unwrap_or("no message"))),
    }
}

/// Translates PostgreSQL's errors.
#[expect(clippy::needless_pass_by_value, reason = "the shape `map_err` wants")]
pub(crate) fn postgres(error: tokio_postgres::Error) -> Error {
    if let Some(db) = error.as_db_error() {
        return postgres_answer(db);
    }
    let broken = std::error::Error::source(&error).is_some_and(|s| s.is::<std::io::Error>());
    if broken || error.is_closed() { Error::Unavailable } else { Error::Database(error.to_string()) }
}

fn postgres_answer(db: &DbError) -> Error {
    let constraint = || db.constraint().or(db.column()).map(str::to_owned);
    let code = db.code().code();
    match (code.get(..2).unwrap_or_default(), code) {
        (_, "40001" | "40P01") => Error::Retry,
        (_, "23505") => Error::Conflict { constraint: constraint() },
        ("23", _) => Error::Constraint { constraint: constraint() },
        (_, "53100") => Error::DiskFull,
        (_, "57014") => Error::Timeout,
        (_, "25006") => Error::ReadOnly,
        (_, "25P02") => Error::Poisoned,
        // Server going down, coming up, or full: another connection may do better.
        (_, "57P01" | "57P02" | "57P03" | "53300") | ("08", _) => Error::Unavailable,
        // These quote values from the data.
        ("22" | "P0", _) => Error::Database(code.to_owned()),
        _ => Error::Database(format!("{code}: {}", db.message())),
    }
}

/// The server answered, lives on, and the transaction did not commit. FATAL and PANIC say nothing about a COMMIT that
/// was sent before them.
pub(crate) fn is_plain_refusal(error: &tokio_postgres::Error) -> bool {
    error.as_db_error().and_then(DbError::parsed_severity) == Some(Severity::Error)
}

/// The statement was prepared before a migration changed its tables: only a new connection helps.
pub(crate) fn is_stale_plan(error: &tokio_postgres::Error) -> bool {
    error.as_db_error().is_some_and(|db| {
        db.code().code() == "26000" || (db.code().code() == "0A000" && db.message().starts_with("cached plan"))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_person_has_to_put_right_says_how() {
        for (error, remedy) in [
            (Error::DiskFull, "free some space"),
            (Error::Io { code: 1034 }, "look at the disk"),
            (Error::Unavailable, "start again"),
            (Error::CommitUnknown, "sent again under the same id"),
        ] {
            assert!(error.to_string().contains(remedy), "{error}");
        }
    }

    #[test]
    fn a_failed_fsync_of_a_file_or_its_folder_is_known() {
        for (code, fsync) in [(SQLITE_IOERR_FSYNC, true), (SQLITE_IOERR_DIR_FSYNC, true), (10 | (3 << 8), false)] {
            assert_eq!(Error::Io { code }.is_failed_fsync(), fsync, "{code}");
        }
    }
}
