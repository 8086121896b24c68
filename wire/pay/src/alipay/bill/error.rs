//! Everything that can be wrong with a bill.

use crate::{SignedFen, ZipError};

/// Why a bill was not taken. A bill is taken whole or not at all.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BillError {
    /// The archive itself is not in order.
    #[error(transparent)]
    Zip(#[from] ZipError),
    /// No file of the archive is a table of this kind.
    #[error("no file begins with {title}: {files:?}")]
    NoTable {
        /// The first line that was looked for.
        title: &'static str,
        /// The names of the files there are.
        files: Vec<String>,
    },
    /// A file is not GBK.
    #[error("{file} is not GBK")]
    NotGbk {
        /// Its name.
        file: String,
    },
    /// The files of one bill speak of different accounts or days.
    #[error("the files of the bill disagree about {what}")]
    FilesDisagree {
        /// `账号` or `起始日期`.
        what: &'static str,
    },
    /// A line that every bill has is not there, or not in its form.
    #[error("no line {what}")]
    MissingLine {
        /// What the line says.
        what: &'static str,
    },
    /// A column that is needed is not there.
    #[error("no column {name}")]
    MissingColumn {
        /// Its name.
        name: &'static str,
    },
    /// A line is longer than the limit.
    #[error("line {line} is longer than {limit_bytes} bytes")]
    LineTooLong {
        /// Its number, from 1.
        line: usize,
        /// The limit in bytes.
        limit_bytes: usize,
    },
    /// A row has another number of cells than the header has columns.
    #[error("line {line} has {found} cells for {expected} columns")]
    Cells {
        /// The row's line, from 1.
        line: usize,
        /// How many columns there are.
        expected: usize,
        /// How many cells there are.
        found: usize,
    },
    /// A cell does not have its form.
    #[error("line {line}, {column}: {found:?}")]
    Cell {
        /// The row's line, from 1.
        line: usize,
        /// The column, or what a line of totals is about.
        column: &'static str,
        /// What it holds.
        found: String,
    },
    /// A payment with a negative amount, or a refund with a positive one.
    #[error("line {line}, {column}: {amount} has the wrong sign")]
    Sign {
        /// The row's line, from 1.
        line: usize,
        /// The column.
        column: &'static str,
        /// The amount.
        amount: SignedFen,
    },
    /// An account's row that is both income and expense.
    #[error("line {line} is income and expense at once")]
    BothWays {
        /// The row's line, from 1.
        line: usize,
    },
    /// A row after the end of the list.
    #[error("line {line} comes after the end of the list")]
    AfterEnd {
        /// Its number, from 1.
        line: usize,
    },
    /// The bill says that it has another number of rows than it has.
    #[error("{what}: {stated} stated, {counted} counted")]
    CountDiffers {
        /// Which total.
        what: &'static str,
        /// What the bill says.
        stated: u64,
        /// What its rows say.
        counted: u64,
    },
    /// The bill says that its rows sum up to something else than they do.
    #[error("{what}: {stated_fen} fen stated, {counted_fen} fen counted")]
    SumDiffers {
        /// Which total.
        what: &'static str,
        /// What the bill says.
        stated_fen: i128,
        /// What its rows say.
        counted_fen: i128,
    },
}
