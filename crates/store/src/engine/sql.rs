//! Statements: one text per query, written for PostgreSQL, derived once for SQLite.

use std::sync::OnceLock;

/// One statement, as a `static` (see [`queries!`](crate::queries)).
///
/// The text is PostgreSQL's, with `$1` parameters. For SQLite, `$n` becomes `?n`, and everything from `FOR UPDATE` on
/// is cut, `SKIP LOCKED` with it: a lock clause is the last thing in a text. (SQLite has one writer; it needs no row
/// locks.)
pub struct Sql {
    text: &'static str,
    sqlite: OnceLock<String>,
}

impl Sql {
    /// A statement with this text.
    #[must_use]
    pub const fn new(text: &'static str) -> Self {
        Self { text, sqlite: OnceLock::new() }
    }

    /// The text for PostgreSQL.
    #[must_use]
    pub const fn text(&self) -> &'static str {
        self.text
    }

    /// The text for SQLite.
    #[must_use]
    pub fn sqlite_text(&self) -> &str {
        self.sqlite.get_or_init(|| sqlite_text(self.text))
    }

    /// Whether it locks rows, which a read must not.
    pub(crate) fn locks(&self) -> bool {
        lock_clause(self.text).is_some()
    }

    /// Whether it changes nothing, so that it does no harm outside of a transaction.
    pub(crate) fn only_reads(&self) -> bool {
        self.text.trim_start().get(..6).is_some_and(|word| word.eq_ignore_ascii_case("select"))
    }
}

impl std::fmt::Debug for Sql {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Sql({:?})", self.text)
    }
}

/// Where ` FOR UPDATE` begins, with the white space before it.
fn lock_clause(text: &str) -> Option<usize> {
    let at = text
        .match_indices("FOR UPDATE")
        .map(|(at, _)| at)
        .find(|at| text.get(..*at).is_some_and(|t| t.ends_with(char::is_whitespace)))?;
    text.get(..at).map(|before| before.trim_end().len())
}

fn sqlite_text(text: &str) -> String {
    let kept = lock_clause(text).and_then(|at| text.get(..at)).unwrap_or(text);
    let mut out = String::with_capacity(kept.len());
    let mut rest = kept.chars().peekable();
    while let Some(c) = rest.next() {
        let parameter = c == '$' && rest.peek().is_some_and(char::is_ascii_digit);
        out.push(if parameter { '?' } else { c });
    }
    out
}

/// Declares statements as statics, and a list of them all so that a test can prepare each on both engines.
///
/// ```
/// mod line {
///     everline_store::queries! { ALL;
///         pub LINE_LOCK = "SELECT state FROM line WHERE customer_id = $1 AND id = $2 FOR UPDATE";
///         LINE_SAVE = "UPDATE line SET state = $3 WHERE customer_id = $1 AND id = $2";
///     }
/// }
/// assert_eq!(line::ALL[0].0, "LINE_LOCK");
/// assert_eq!(line::LINE_LOCK.sqlite_text(), "SELECT state FROM line WHERE customer_id = ?1 AND id = ?2");
/// ```
#[macro_export]
macro_rules! queries {
    ($all:ident; $($(#[$meta:meta])* $vis:vis $name:ident = $text:expr;)+) => {
        $($(#[$meta])* #[allow(missing_docs)] $vis static $name: $crate::Sql = $crate::Sql::new($text);)+
        /// Every statement declared here, by name.
        pub static $all: &[(&str, &$crate::Sql)] = &[$((stringify!($name), &$name)),+];
    };
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sqlite_text_is_derived() {
        let check = |text: &'static str, expected: &str| assert_eq!(Sql::new(text).sqlite_text(), expected);
        check("SELECT a FROM t WHERE b = $2 AND c = $1", "SELECT a FROM t WHERE b = ?2 AND c = ?1");
        check("SELECT a FROM t WHERE b = $1 FOR UPDATE", "SELECT a FROM t WHERE b = ?1");
        check("SELECT a FROM t WHERE b = $12\n  FOR UPDATE OF t SKIP LOCKED", "SELECT a FROM t WHERE b = ?12");
        check("SELECT '$' || a FROM t", "SELECT '$' || a FROM t");
        check("SELECT xFOR UPDATE", "SELECT xFOR UPDATE");
    }

    #[test]
    fn kind_is_read_from_the_text() {
        assert!(Sql::new(" select 1").only_reads());
        assert!(!Sql::new("WITH x AS (DELETE FROM t RETURNING a) SELECT a FROM x").only_reads());
        assert!(!Sql::new("INSERT INTO t VALUES ($1)").only_reads());
        assert!(Sql::new("SELECT 1 FROM t FOR UPDATE SKIP LOCKED").locks());
        assert!(!Sql::new("SELECT 1 FROM t").locks());
    }
}
