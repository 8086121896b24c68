//! The first line: which column is what, in English or Chinese.

use super::FileFault;
use super::text::{cells, value};
use std::borrow::Cow;

/// One column that a kind of file can have.
#[derive(Debug, Clone, Copy)]
pub struct Column {
    /// Its name, and the one it is exported under.
    pub name: &'static str,
    /// Other names for it, in lower case.
    pub also: &'static [&'static str],
    /// Whether a file without it is refused.
    pub required: bool,
}

/// Where the columns stand.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Header {
    /// What stands between cells.
    pub separator: char,
    /// For each known column its place in the file.
    places: Vec<Option<usize>>,
    /// How many cells a row has.
    pub width: usize,
}

/// Lower case, and one way to write a space.
fn plain(name: &str) -> String {
    value(name).trim_matches('*').to_lowercase().replace([' ', '-'], "_")
}

fn find(name: &str, columns: &[Column]) -> Option<usize> {
    let name = plain(name);
    columns.iter().position(|column| column.name == name || column.also.contains(&name.as_str()))
}

/// Reads the first line: the separator is the one that makes the most known columns.
///
/// # Errors
/// A [`FileFault`] for a column that is unknown, there twice or missing.
pub fn header(line: &str, columns: &[Column]) -> Result<Header, FileFault> {
    let cut = |separator| {
        let mut out = Vec::new();
        match cells(line, separator, &mut out) {
            Ok(()) => out.into_iter().map(Cow::into_owned).collect(),
            Err(_) => Vec::new(),
        }
    };
    let known = |names: &Vec<String>| names.iter().filter(|name| find(name, columns).is_some()).count();
    let tries = [',', ';', '\t'].map(|separator| (separator, cut(separator)));
    let best = tries.into_iter().rev().max_by_key(|(_, names)| known(names));
    let (separator, names) = best.unwrap_or((',', Vec::new()));
    let mut places = vec![None; columns.len()];
    for (at, name) in names.iter().enumerate() {
        let Some(column) = find(name, columns) else {
            return Err(FileFault::UnknownColumn { name: shown(name), nearest: nearest(name, columns) });
        };
        if let Some(place) = places.get_mut(column) {
            if place.is_some() {
                return Err(FileFault::ColumnTwice { name: shown(name) });
            }
            *place = Some(at);
        }
    }
    let missing = columns.iter().zip(&places).find(|(column, place)| column.required && place.is_none());
    match missing {
        Some((column, _)) => Err(FileFault::MissingColumn { name: column.name }),
        None => Ok(Header { separator, places, width: names.len() }),
    }
}

/// A header may be a row of data in a file without one: nothing long of it is repeated.
fn shown(name: &str) -> String {
    let digits = name.chars().filter(char::is_ascii_digit).count();
    if digits > 4 { "****".to_owned() } else { value(name).chars().take(30).collect() }
}

fn nearest(name: &str, columns: &[Column]) -> &'static str {
    let name = plain(name);
    let near = |column: &&Column| {
        std::iter::once(&column.name).chain(column.also).map(|known| distance(&name, known)).min().unwrap_or(usize::MAX)
    };
    columns.iter().min_by_key(near).map_or("", |column| column.name)
}

/// How many characters to add, drop or change.
fn distance(a: &str, b: &str) -> usize {
    let b: Vec<char> = b.chars().collect();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, x) in a.chars().enumerate() {
        let mut diagonal = i;
        let mut left = i + 1;
        for (cell, y) in row.iter_mut().skip(1).zip(&b) {
            let changed = diagonal + usize::from(x != *y);
            diagonal = *cell;
            left = changed.min(left + 1).min(*cell + 1);
            *cell = left;
        }
        if let Some(first) = row.first_mut() {
            *first = i + 1;
        }
    }
    row.last().copied().unwrap_or(0)
}

/// The cells of one row.
pub struct Cells<'a> {
    header: &'a Header,
    cells: &'a [Cow<'a, str>],
}
impl<'a> Cells<'a> {
    /// The cells of a row under its header.
    #[must_use]
    pub fn new(header: &'a Header, cells: &'a [Cow<'a, str>]) -> Self {
        Self { header, cells }
    }
    /// The value in a column, by the column's place in its list; `None` if it is empty or not there.
    #[must_use]
    pub fn get(&self, column: usize) -> Option<&'a str> {
        let place = self.header.places.get(column).copied().flatten()?;
        self.cells.get(place).map(|cell| value(cell)).filter(|value| !value.is_empty())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const COLUMNS: &[Column] = &[
        Column { name: "iccid", also: &["卡号"], required: true },
        Column { name: "imsi", also: &[], required: true },
        Column { name: "registration_code", also: &["注册码"], required: false },
    ];

    #[test]
    fn columns_are_found_by_any_name_and_separator() {
        for line in [
            "iccid,IMSI,registration code",
            "卡号;imsi;注册码",
            "ICCID\tImsi\tRegistration-Code",
            "\"iccid\",imsi,注册码",
        ] {
            let header = header(line, COLUMNS).unwrap();
            assert_eq!((header.width, header.places.as_slice()), (3, [Some(0), Some(1), Some(2)].as_slice()), "{line}");
        }
    }

    #[test]
    fn each_fault_has_its_name() {
        let check = |line: &str, fault: FileFault| assert_eq!(header(line, COLUMNS), Err(fault), "{line}");
        check("iccid", FileFault::MissingColumn { name: "imsi" });
        check("iccid,imsi,Iccid", FileFault::ColumnTwice { name: "Iccid".into() });
        check("iccid,imis", FileFault::UnknownColumn { name: "imis".into(), nearest: "imsi" });
        check("iccid,imsi,注册号", FileFault::UnknownColumn { name: "注册号".into(), nearest: "registration_code" });
        check("89860012345678901234,4600", FileFault::UnknownColumn { name: "****".into(), nearest: "iccid" });
    }
}
