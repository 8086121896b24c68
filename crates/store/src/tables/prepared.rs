//! Prepared answers of the desk, in each language in which they were written.

use crate::{FromRow, Result, Row, Tx, args};
use everline_core::ids::RawId;
use everline_core::time::SystemTime;

crate::queries! { ALL;
    ALL_OF_THEM = "SELECT id, language, title, text, version, changed_by, changed_at FROM prepared_answer ORDER BY id, language LIMIT $1";
    ONE = "SELECT id, language, title, text, version, changed_by, changed_at FROM prepared_answer WHERE id = $1 ORDER BY language";
    LOCK = "SELECT id, language, title, text, version, changed_by, changed_at FROM prepared_answer WHERE id = $1 ORDER BY language FOR UPDATE";
    ADD = "INSERT INTO prepared_answer (id, language, title, text, version, changed_by, changed_at) VALUES ($1, $2, $3, $4, $5, $6, $7)";
    REMOVE = "DELETE FROM prepared_answer WHERE id = $1";
}

/// A prepared answer in one language. All languages of one are written at once.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Prepared {
    /// Its id, the same in all languages.
    pub id: RawId,
    /// The language's tag.
    pub language: String,
    /// By what it is chosen.
    pub title: String,
    /// The text, with its parameters in braces.
    pub text: String,
    /// Counts changes; the same in all languages.
    pub version: i64,
    /// Who wrote it so.
    pub changed_by: RawId,
    /// When.
    pub changed_at: SystemTime,
}
impl FromRow for Prepared {
    fn from_row(row: &Row<'_>) -> Result<Self> {
        let (id, language, title, text, version, changed_by, changed_at) = FromRow::from_row(row)?;
        Ok(Prepared { id, language, title, text, version, changed_by, changed_at })
    }
}

/// All of them, by id and language.
pub async fn all(tx: &mut Tx, limit: i64) -> Result<Vec<Prepared>> {
    tx.all(&ALL_OF_THEM, args![limit]).await
}
/// One in all its languages.
pub async fn one(tx: &mut Tx, id: RawId) -> Result<Vec<Prepared>> {
    tx.all(&ONE, args![id]).await
}
/// [`one`], locked.
pub async fn lock(tx: &mut Tx, id: RawId) -> Result<Vec<Prepared>> {
    tx.all(&LOCK, args![id]).await
}
/// Adds it in one language.
pub fn add(tx: &mut Tx, p: &Prepared) {
    let (language, title, text) = (p.language.as_str(), p.title.as_str(), p.text.as_str());
    tx.put(&ADD, args![p.id, language, title, text, p.version, p.changed_by, p.changed_at]);
}
/// Removes it in all languages.
pub fn remove(tx: &mut Tx, id: RawId) {
    tx.put(&REMOVE, args![id]);
}
