//! Secrets: in files that only their owner reads, or in the environment; never in the configuration itself, and never in
//! anything that is printed.

use super::read::Table;
use std::fmt;
use std::os::unix::fs::MetadataExt;
use std::path::Path;

/// A secret that was read. Its `Debug` shows where it came from.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Secret {
    value: String,
    from: String,
}

impl Secret {
    /// The secret in a file.
    pub(crate) fn from_file(path: &Path) -> Result<Self, String> {
        read_file(path)
    }
    /// The secret itself.
    pub(crate) fn reveal(&self) -> &str {
        &self.value
    }
    /// Where it was found, for people.
    pub(crate) fn from(&self) -> &str {
        &self.from
    }
}
impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "secret from {}", self.from)
    }
}

const HOW: &str =
    "a secret does not stand in the configuration: name a file, { file = \"…\" }, or a variable, { env = \"…\" }";

/// Reads `key = { file = "…" }`, `{ env = "…" }`, or, for tests of the program, `{ inline_for_tests = "…" }`.
pub(crate) fn secret(table: &Table<'_>, key: &'static str) -> Option<Secret> {
    if table.has(key) && !table.is_table(key) {
        table.wrong(key, HOW);
        return None;
    }
    table.within(key, |source| {
        let (file, env, inline) = (source.path("file"), source.text("env"), source.text("inline_for_tests"));
        if !source.is_there() {
            return None;
        }
        let found = match (file, env, inline) {
            (Some(file), None, None) => read_file(&file).map_err(|what| source.wrong("file", what)),
            (None, Some(name), None) => read_env(name).map_err(|what| source.wrong("env", what)),
            (None, None, Some(value)) => {
                Ok(Secret { value: value.to_owned(), from: "the configuration, for tests".to_owned() })
            }
            _ => {
                table.wrong(key, HOW);
                return None;
            }
        };
        let secret = found.ok()?;
        if secret.value.is_empty() {
            table.wrong(key, format_args!("{} is empty", secret.from));
            return None;
        }
        Some(secret)
    })
}

/// [`secret`], which must be there.
pub(crate) fn required_secret(table: &Table<'_>, key: &'static str, what: &str) -> Option<Secret> {
    if !table.has(key) {
        table.missing(key, what);
    }
    secret(table, key)
}

fn read_env(name: &str) -> Result<Secret, String> {
    let value = std::env::var(name).map_err(|_| format!("the environment has no variable {name} of text"))?;
    Ok(Secret { value: value.trim().to_owned(), from: format!("the variable {name}") })
}

/// Reads a file that nobody but its owner and its group may read.
fn read_file(path: &Path) -> Result<Secret, String> {
    let shown = path.display();
    let read = |error: std::io::Error| format!("cannot read {shown}: {error}");
    let mode = std::fs::metadata(path).map_err(read)?.mode();
    if mode & 0o007 != 0 {
        return Err(format!("everybody can read or change {shown}: `chmod o-rwx {shown}` first"));
    }
    let value = std::fs::read_to_string(path).map_err(read)?;
    Ok(Secret { value: value.trim().to_owned(), from: shown.to_string() })
}
