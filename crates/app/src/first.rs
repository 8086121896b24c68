//! The first of what waits for people at the desk: as much as a page shows, and whether more waits.

/// The first of what waits.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct First<T> {
    /// In their order.
    pub rows: Vec<T>,
    /// Whether more waits.
    pub more: bool,
}

/// How much waits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct HowMany {
    /// As many as were looked at.
    pub count: usize,
    /// Whether there is more.
    pub more: bool,
}

/// How many rows are read to show so many: one more, which says that there is more.
pub(crate) fn one_more(shown: usize) -> i64 {
    i64::try_from(shown.saturating_add(1)).unwrap_or(i64::MAX)
}

impl<T> First<T> {
    /// What is shown of the rows that were read.
    pub(crate) fn of(mut rows: Vec<T>, shown: usize) -> Self {
        let more = rows.len() > shown;
        rows.truncate(shown);
        Self { rows, more }
    }
    /// How much it is.
    pub(crate) fn how_many(&self) -> HowMany {
        HowMany { count: self.rows.len(), more: self.more }
    }
}
