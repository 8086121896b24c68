//! Reading a TOML file key by key, with every mistake named by file and line: unknown keys with the nearest known one,
//! wrong types with what was expected, missing keys. All of a file's mistakes are found before it is refused.

use std::cell::RefCell;
use std::fmt;
use std::ops::{Range, RangeInclusive};
use std::path::{Path, PathBuf};
use toml::Spanned;
use toml::de::{DeTable, DeValue};

/// One mistake.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Mistake {
    /// From 1; 0 stands for the whole file.
    line: usize,
    what: String,
}

impl Mistake {
    /// One about the file as a whole.
    pub(crate) fn of_file(what: String) -> Self {
        Self { line: 0, what }
    }
}

/// A file that cannot be used, and why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Refused {
    pub(crate) file: PathBuf,
    pub(crate) mistakes: Vec<Mistake>,
}

impl fmt::Display for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let file = self.file.display();
        for (place, Mistake { line, what }) in self.mistakes.iter().enumerate() {
            let end = if place == 0 { "" } else { "\n" };
            match line {
                0 => write!(f, "{end}{file}: {what}")?,
                line => write!(f, "{end}{file}:{line}: {what}")?,
            }
        }
        Ok(())
    }
}
impl std::error::Error for Refused {}

/// What is noted while a file is read.
pub(crate) struct Book<'a> {
    file: &'a Path,
    text: &'a str,
    mistakes: RefCell<Vec<Mistake>>,
    known: RefCell<Vec<String>>,
}

impl<'a> Book<'a> {
    pub(crate) fn new(file: &'a Path, text: &'a str) -> Self {
        Self { file, text, mistakes: RefCell::default(), known: RefCell::default() }
    }

    /// Reads the text with `read`, and gives what it made if there was no mistake.
    pub(crate) fn read<T>(self, read: impl FnOnce(&Table<'_>) -> Option<T>) -> (Result<T, Refused>, Vec<String>) {
        let (root, errors) = DeTable::parse_recoverable(self.text);
        for error in errors {
            self.note(error.span().unwrap_or(0..0), format!("not TOML: {}", error.message()));
        }
        let table = Table {
            book: &self,
            path: String::new(),
            table: Some(root.get_ref()),
            at: 0..0,
            asked: RefCell::default(),
        };
        let made = read(&table);
        table.end();
        let mut mistakes = self.mistakes.into_inner();
        mistakes.sort();
        mistakes.dedup();
        let known = self.known.into_inner();
        match made {
            Some(made) if mistakes.is_empty() => (Ok(made), known),
            _ => (Err(Refused { file: self.file.to_owned(), mistakes }), known),
        }
    }

    fn note(&self, at: Range<usize>, what: String) {
        let before = self.text.as_bytes().get(..at.start).unwrap_or_default();
        let lines = before.iter().filter(|byte| **byte == b'\n').count() + 1;
        // What is missing stands nowhere.
        let line = if at == (0..0) { 0 } else { lines };
        self.mistakes.borrow_mut().push(Mistake { line, what });
    }
}

/// A table of the file. One that is missing is empty.
pub(crate) struct Table<'a> {
    book: &'a Book<'a>,
    path: String,
    table: Option<&'a DeTable<'a>>,
    at: Range<usize>,
    asked: RefCell<Vec<&'static str>>,
}

impl<'a> Table<'a> {
    /// Whether the table is there at all.
    pub(crate) fn is_there(&self) -> bool {
        self.table.is_some()
    }

    /// The whole name of a key.
    fn name(&self, key: &str) -> String {
        if self.path.is_empty() { key.to_owned() } else { format!("{}.{key}", self.path) }
    }

    fn find(&self, key: &'static str) -> Option<&'a Spanned<DeValue<'a>>> {
        if !self.asked.borrow().contains(&key) {
            self.asked.borrow_mut().push(key);
            self.book.known.borrow_mut().push(self.name(key));
        }
        self.entry(key)
    }

    fn entry(&self, key: &str) -> Option<&'a Spanned<DeValue<'a>>> {
        self.table?.iter().find(|(name, _)| name.get_ref() == key).map(|(_, value)| value)
    }

    /// Whether a key is there.
    pub(crate) fn has(&self, key: &'static str) -> bool {
        self.find(key).is_some()
    }

    /// Whether a key is there and is a table.
    pub(crate) fn is_table(&self, key: &'static str) -> bool {
        self.find(key).is_some_and(|found| found.get_ref().is_table())
    }

    /// Notes a mistake about a key, at its value if it has one.
    pub(crate) fn wrong(&self, key: &'static str, what: impl fmt::Display) {
        let at = self.entry(key).map_or(self.at.clone(), Spanned::span);
        self.book.note(at, format!("{}: {what}", self.name(key)));
    }

    /// Notes that a key is missing.
    pub(crate) fn missing(&self, key: &'static str, what: &str) {
        self.wrong(key, format_args!("missing: {what}"));
    }

    fn other_type(&self, key: &'static str, expected: &str, found: &DeValue<'_>) {
        self.wrong(key, format_args!("{expected} expected, found {}", type_of(found)));
    }

    /// A text, if there is one.
    pub(crate) fn text(&self, key: &'static str) -> Option<&'a str> {
        match self.find(key)?.get_ref() {
            DeValue::String(text) => Some(text),
            other => {
                self.other_type(key, "a text", other);
                None
            }
        }
    }

    /// A text that must be there and not be empty.
    pub(crate) fn required(&self, key: &'static str, what: &str) -> Option<&'a str> {
        if !self.has(key) {
            self.missing(key, what);
            return None;
        }
        let text = self.text(key)?;
        if text.trim().is_empty() {
            self.wrong(key, format_args!("empty: {what}"));
            return None;
        }
        Some(text)
    }

    /// A text that is read into something; `None` if it is missing or wrong.
    pub(crate) fn parsed<T, E: fmt::Display>(
        &self,
        key: &'static str,
        parse: impl FnOnce(&str) -> Result<T, E>,
    ) -> Option<T> {
        match parse(self.text(key)?) {
            Ok(value) => Some(value),
            Err(error) => {
                self.wrong(key, error);
                None
            }
        }
    }

    /// [`parsed`](Self::parsed), which must be there.
    pub(crate) fn required_parsed<T, E: fmt::Display>(
        &self,
        key: &'static str,
        what: &str,
        parse: impl FnOnce(&str) -> Result<T, E>,
    ) -> Option<T> {
        self.required(key, what)?;
        self.parsed(key, parse)
    }

    /// One of some words; the first if it is missing.
    pub(crate) fn word<T: Copy>(&self, key: &'static str, words: &[(&'static str, T)]) -> Option<T> {
        let first = words.first().map(|(_, value)| *value);
        let Some(found) = self.find(key) else { return first };
        let DeValue::String(text) = found.get_ref() else {
            self.other_type(key, "a text", found.get_ref());
            return first;
        };
        let value = words.iter().find(|(word, _)| word == text).map(|(_, value)| *value);
        if value.is_none() {
            let words: Vec<&str> = words.iter().map(|(word, _)| *word).collect();
            self.wrong(key, format_args!("{text:?} is none of {}", words.join(", ")));
        }
        value.or(first)
    }

    /// A whole number within bounds, if there is one.
    pub(crate) fn maybe_number(&self, key: &'static str, bounds: RangeInclusive<i64>) -> Option<i64> {
        let found = self.find(key)?.get_ref();
        let number = found.as_integer().and_then(|integer| {
            let digits = integer.as_str().replace('_', "");
            i64::from_str_radix(&digits, integer.radix()).ok()
        });
        match number.filter(|number| bounds.contains(number)) {
            Some(number) => Some(number),
            None => {
                let expected = format!("a whole number from {} to {}", bounds.start(), bounds.end());
                match found {
                    DeValue::Integer(integer) => {
                        self.wrong(key, format_args!("{expected} expected, found {}", integer.as_str()));
                    }
                    other => self.other_type(key, &expected, other),
                }
                None
            }
        }
    }

    /// A whole number within bounds, or a default.
    pub(crate) fn number(&self, key: &'static str, bounds: RangeInclusive<i64>, default: i64) -> i64 {
        self.maybe_number(key, bounds).unwrap_or(default)
    }

    /// A list of texts, each read into something; empty if it is missing.
    pub(crate) fn list<T, E: fmt::Display>(&self, key: &'static str, parse: impl Fn(&str) -> Result<T, E>) -> Vec<T> {
        let Some(found) = self.find(key) else { return Vec::new() };
        let Some(array) = found.get_ref().as_array() else {
            self.other_type(key, "a list of texts", found.get_ref());
            return Vec::new();
        };
        let mut all = Vec::new();
        for item in array.iter() {
            match item.get_ref() {
                DeValue::String(text) => match parse(text) {
                    Ok(value) => all.push(value),
                    Err(error) => self.book.note(item.span(), format!("{}: {error}", self.name(key))),
                },
                other => {
                    let what = format!("{}: a text expected, found {}", self.name(key), type_of(other));
                    self.book.note(item.span(), what);
                }
            }
        }
        all
    }

    /// A table within this one; read it with `read`, which leaves no unknown key behind.
    pub(crate) fn within<T>(&self, key: &'static str, read: impl FnOnce(&Table<'a>) -> T) -> T {
        let found = self.find(key);
        let table = found.and_then(|found| {
            let table = found.get_ref().as_table();
            if table.is_none() {
                self.other_type(key, "a table", found.get_ref());
            }
            table
        });
        let at = found.map_or(self.at.clone(), Spanned::span);
        let no_table = found.is_some() && table.is_none();
        let table = Table { book: self.book, path: self.name(key), table, at, asked: RefCell::default() };
        let before = self.book.mistakes.borrow().len();
        let made = read(&table);
        table.end();
        if no_table {
            // What is no table lacks every key, which goes without saying.
            self.book.mistakes.borrow_mut().truncate(before);
        }
        made
    }

    /// A list of tables.
    pub(crate) fn tables<T>(&self, key: &'static str, read: impl Fn(&Table<'a>) -> Option<T>) -> Vec<T> {
        let Some(found) = self.find(key) else { return Vec::new() };
        let Some(array) = found.get_ref().as_array() else {
            self.other_type(key, "a list of tables", found.get_ref());
            return Vec::new();
        };
        let mut all = Vec::new();
        for item in array.iter() {
            let Some(table) = item.get_ref().as_table() else {
                let what = format!("{}: a table expected, found {}", self.name(key), type_of(item.get_ref()));
                self.book.note(item.span(), what);
                continue;
            };
            let table = Table {
                book: self.book,
                path: self.name(key),
                table: Some(table),
                at: item.span(),
                asked: RefCell::default(),
            };
            all.extend(read(&table));
            table.end();
        }
        all
    }

    /// A path, relative to the folder of the file that names it.
    pub(crate) fn path(&self, key: &'static str) -> Option<PathBuf> {
        let path = self.text(key)?;
        Some(self.beside(path))
    }

    /// A path, relative to the folder of the file.
    pub(crate) fn beside(&self, path: &str) -> PathBuf {
        self.book.file.parent().unwrap_or(Path::new("")).join(path)
    }

    /// Notes the keys that nobody asked for.
    fn end(&self) {
        let asked = self.asked.borrow();
        for (key, _) in self.table.into_iter().flat_map(|table| table.iter()) {
            let name: &str = key.get_ref();
            if asked.contains(&name) {
                continue;
            }
            let near = nearest(name, &asked).map(|near| format!("; did you mean {near:?}?")).unwrap_or_default();
            let place = if self.path.is_empty() { String::new() } else { format!(" in [{}]", self.path) };
            self.book.note(key.span(), format!("unknown key {name:?}{place}{near}"));
        }
    }
}

fn type_of(value: &DeValue<'_>) -> &'static str {
    match value {
        DeValue::String(_) => "a text",
        DeValue::Integer(_) => "a whole number",
        DeValue::Float(_) => "a number with a fraction",
        DeValue::Boolean(_) => "true or false",
        DeValue::Datetime(_) => "a date",
        DeValue::Array(_) => "a list",
        DeValue::Table(_) => "a table",
    }
}

/// The known key that is most like `name`, if one is alike at all.
fn nearest<'k>(name: &str, known: &[&'k str]) -> Option<&'k str> {
    let most = (name.chars().count() / 2).max(2);
    let distances = known.iter().map(|key| (distance(name, key), *key));
    distances.filter(|(distance, _)| *distance <= most).min().map(|(_, key)| key)
}

/// How many letters must be added, removed or changed to make one text of the other (Levenshtein).
fn distance(one: &str, other: &str) -> usize {
    let other: Vec<char> = other.chars().collect();
    let mut row: Vec<usize> = (0..=other.len()).collect();
    for (above, a) in one.chars().enumerate() {
        let mut next = vec![above + 1];
        for (b, pair) in other.iter().zip(row.windows(2)) {
            let (diagonal, up) = (pair.first().copied().unwrap_or(0), pair.last().copied().unwrap_or(0));
            let left = next.last().copied().unwrap_or(0);
            next.push((diagonal + usize::from(a != *b)).min(up + 1).min(left + 1));
        }
        row = next;
    }
    row.last().copied().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mistakes(text: &str) -> Vec<String> {
        let read = |root: &Table<'_>| {
            root.text("name");
            root.number("age", 0..=150, 1);
            root.list("tags", |tag| if tag == "bad" { Err("bad is bad") } else { Ok(()) });
            root.word("mode", &[("fast", 1), ("slow", 2)]);
            root.within("inner", |inner| inner.required("must", "it is needed").map(drop));
            Some(())
        };
        match Book::new(Path::new("f.toml"), text).read(read).0 {
            Ok(()) => Vec::new(),
            Err(refused) => refused.to_string().lines().map(str::to_owned).collect(),
        }
    }

    #[test]
    fn every_mistake_is_told_with_its_line() {
        let text = "name = 7\nnmae = \"x\"\nage = \"old\"\ntags = [\"good\", 3, \"bad\"]\nmode = \"fats\"\n[inner]\nmust = \"\"\nzzzzzzzz = 1\n";
        assert_eq!(
            mistakes(text),
            [
                "f.toml:1: name: a text expected, found a whole number",
                "f.toml:2: unknown key \"nmae\"; did you mean \"name\"?",
                "f.toml:3: age: a whole number from 0 to 150 expected, found a text",
                "f.toml:4: tags: a text expected, found a whole number",
                "f.toml:4: tags: bad is bad",
                "f.toml:5: mode: \"fats\" is none of fast, slow",
                "f.toml:7: inner.must: empty: it is needed",
                "f.toml:8: unknown key \"zzzzzzzz\" in [inner]",
            ]
        );
        assert_eq!(mistakes("inner.must = \"yes\"\nage = 0x10\n"), Vec::<String>::new());
        assert_eq!(
            mistakes("age = 151\ninner.must = \"yes\""),
            ["f.toml:1: age: a whole number from 0 to 150 expected, found 151"]
        );
        assert!(mistakes("inner = 3")[0].contains("f.toml:1: inner: a table expected, found a whole number"));
        let broken = mistakes("name = \n[inner]\nmust = \"x\nage = ]");
        assert!(broken.len() > 1 && broken[0].starts_with("f.toml:1: not TOML"), "{broken:?}");
    }

    #[test]
    fn letters_apart() {
        assert_eq!((distance("", "abc"), distance("kitten", "sitting"), distance("a", "a")), (3, 3, 0));
    }
}
