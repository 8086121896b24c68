//! Receipts as PDF files.
//!
//! Owns: the page of a receipt, its font, and how both become bytes: PDF/A-2a (ISO 19005-2, level A), tagged for screen
//! readers, with the glyphs that are used and no others. The same receipt always becomes the same bytes.
//!
//! Never does: know an order, a line or a brand, find words, format an amount, read a clock, or draw an empty box for a
//! character that the font lacks: that one is written as its code point, `[U+20BB7]`.
#![expect(clippy::float_arithmetic, reason = "places on a page; no money, no quota")]

mod code;
mod face;
mod layout;
mod paint;

use jiff::civil::DateTime;

/// A receipt as it is written down: texts in one language, formatted already.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReceiptDocument {
    /// The language of all texts (BCP 47).
    pub language: String,
    /// Who issued it, above everything.
    pub issuer: String,
    /// What it is called.
    pub title: String,
    /// Its number, as people read it.
    pub number: String,
    /// When it was issued, as people read it.
    pub issued: String,
    /// The same in UTC: the file's own date.
    pub issued_at: DateTime,
    /// What was paid, shown large.
    pub amount: Row,
    /// The amount in words, where that is usual.
    pub amount_in_words: Option<String>,
    /// Everything else, in order.
    pub sections: Vec<Section>,
    /// Where it can be checked.
    pub check: Option<Check>,
    /// What is said at its end.
    pub notes: Vec<String>,
}

/// A label and what it stands before.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Row {
    /// What it is.
    pub label: String,
    /// The value.
    pub value: String,
}

/// Rows under a heading.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Section {
    /// The heading.
    pub heading: String,
    /// The rows.
    pub rows: Vec<Row>,
}

/// An address at which a receipt can be checked, shown as a QR code and as a link.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Check {
    /// What one finds there.
    pub text: String,
    /// The address.
    pub link: String,
    /// What the code is, for those who do not see it.
    pub described: String,
}

/// Why a receipt cannot be written.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum DocumentError {
    /// The font that is built in cannot be read: a mistake in how the program was built.
    #[error("the built-in font cannot be read")]
    Font,
    /// The link is too long for a QR code.
    #[error("a link of {0} bytes is too long for a QR code")]
    LinkTooLong(usize),
    /// The file would break a rule of PDF/A.
    #[error("the file would be no PDF/A-2a: {0}")]
    NotArchivable(String),
}

/// Writes a receipt as a PDF file: A4, one page unless there is more to say. It takes a few milliseconds of a processor;
/// the first one also unpacks the font.
///
/// # Errors
/// [`DocumentError`]
pub fn pdf(receipt: &ReceiptDocument) -> Result<Vec<u8>, DocumentError> {
    let face = face::face().ok_or(DocumentError::Font)?;
    let layout = layout::layout(receipt, face)?;
    paint::paint(receipt, face, &layout)
}
