//! The journal: what is not durable yet, one record after the other.
//!
//! A record is a length (u32) and that many bytes: a tag and its fields, integers little-endian, texts with their length
//! (u32) before them. A record that a kill cut off at the end is no record: what it would have told did not happen.

/// One thing that happened to the folder.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Record {
    /// A file was opened for writing; later records name it by its number.
    Known {
        /// Its number.
        file: u32,
        /// Where it is.
        path: Vec<u8>,
        /// The call made it: its name is not durable before its folder is synced.
        created: bool,
    },
    /// Bytes of a file are about to change.
    Changed {
        /// The file.
        file: u32,
        /// The first byte that may change.
        offset: u64,
        /// How many bytes may change.
        length: u64,
        /// The size of the file before.
        size_before: u64,
        /// The size of the file if all of it happens.
        size_after: u64,
        /// What was there; shorter than `length` where the file ended.
        old: Vec<u8>,
    },
    /// All changes of the file up to this number are durable.
    Synced {
        /// The file.
        file: u32,
        /// The number of records when the fsync began.
        upto: u64,
    },
    /// The fsync of the file failed: what it should have made durable is dropped, and no later fsync saves it.
    Dropped {
        /// The file.
        file: u32,
        /// The number of records when the fsync began.
        upto: u64,
    },
    /// The names in a folder up to this number are durable.
    FolderSynced {
        /// The folder.
        path: Vec<u8>,
        /// The number of records when the fsync began.
        upto: u64,
    },
    /// A name was removed.
    Removed {
        /// The name.
        path: Vec<u8>,
        /// Where the file still is.
        kept: Vec<u8>,
    },
    /// A name was given.
    Linked {
        /// The name.
        path: Vec<u8>,
    },
    /// A name was changed.
    Renamed {
        /// The old name.
        from: Vec<u8>,
        /// The new name.
        to: Vec<u8>,
        /// Where the file is that had the new name; empty if there was none.
        kept: Vec<u8>,
    },
    /// A folder was made.
    MadeFolder {
        /// Its name.
        path: Vec<u8>,
    },
    /// A call was made to fail.
    Failed {
        /// It was an fsync, not a write.
        sync: bool,
        /// The file.
        file: u32,
        /// Which write or fsync it was, from 1.
        call: u64,
    },
}

fn number(out: &mut Vec<u8>, number: u64) {
    out.extend_from_slice(&number.to_le_bytes());
}

fn numbers(out: &mut Vec<u8>, all: &[u64]) {
    all.iter().for_each(|one| number(out, *one));
}

fn text(out: &mut Vec<u8>, text: &[u8]) {
    out.extend_from_slice(&u32::try_from(text.len()).unwrap_or(u32::MAX).to_le_bytes());
    out.extend_from_slice(text);
}

impl Record {
    /// Its bytes, with the length before them.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        let mut out = vec![0; 4];
        match self {
            Record::Known { file, path, created } => {
                out.push(1);
                number(&mut out, u64::from(*file));
                text(&mut out, path);
                number(&mut out, u64::from(*created));
            }
            Record::Changed { file, offset, length, size_before, size_after, old } => {
                out.push(2);
                numbers(&mut out, &[u64::from(*file), *offset, *length, *size_before, *size_after]);
                text(&mut out, old);
            }
            Record::Synced { file, upto } => {
                out.push(3);
                numbers(&mut out, &[u64::from(*file), *upto]);
            }
            Record::Dropped { file, upto } => {
                out.push(4);
                numbers(&mut out, &[u64::from(*file), *upto]);
            }
            Record::FolderSynced { path, upto } => {
                out.push(5);
                text(&mut out, path);
                number(&mut out, *upto);
            }
            Record::Removed { path, kept } => {
                out.push(6);
                [path, kept].into_iter().for_each(|t| text(&mut out, t));
            }
            Record::Linked { path } => {
                out.push(7);
                text(&mut out, path);
            }
            Record::Renamed { from, to, kept } => {
                out.push(8);
                [from, to, kept].into_iter().for_each(|t| text(&mut out, t));
            }
            Record::MadeFolder { path } => {
                out.push(9);
                text(&mut out, path);
            }
            Record::Failed { sync, file, call } => {
                out.push(10);
                numbers(&mut out, &[u64::from(*sync), u64::from(*file), *call]);
            }
        }
        let length = u32::try_from(out.len() - 4).unwrap_or(u32::MAX).to_le_bytes();
        out.splice(..4, length);
        out
    }

    fn decode(mut from: &[u8]) -> Option<Self> {
        let from = &mut from;
        let record = match take(from, 1)?.first()? {
            1 => Record::Known { file: read_file(from)?, path: read_text(from)?, created: read(from)? == 1 },
            2 => Record::Changed {
                file: read_file(from)?,
                offset: read(from)?,
                length: read(from)?,
                size_before: read(from)?,
                size_after: read(from)?,
                old: read_text(from)?,
            },
            3 => Record::Synced { file: read_file(from)?, upto: read(from)? },
            4 => Record::Dropped { file: read_file(from)?, upto: read(from)? },
            5 => Record::FolderSynced { path: read_text(from)?, upto: read(from)? },
            6 => Record::Removed { path: read_text(from)?, kept: read_text(from)? },
            7 => Record::Linked { path: read_text(from)? },
            8 => Record::Renamed { from: read_text(from)?, to: read_text(from)?, kept: read_text(from)? },
            9 => Record::MadeFolder { path: read_text(from)? },
            10 => Record::Failed { sync: read(from)? == 1, file: read_file(from)?, call: read(from)? },
            _ => return None,
        };
        from.is_empty().then_some(record)
    }
}

fn take<'a>(from: &mut &'a [u8], length: usize) -> Option<&'a [u8]> {
    let (taken, rest) = from.split_at_checked(length)?;
    *from = rest;
    Some(taken)
}

fn read(from: &mut &[u8]) -> Option<u64> {
    Some(u64::from_le_bytes(take(from, 8)?.try_into().ok()?))
}

fn read_file(from: &mut &[u8]) -> Option<u32> {
    u32::try_from(read(from)?).ok()
}

fn read_length(from: &mut &[u8]) -> Option<usize> {
    usize::try_from(u32::from_le_bytes(take(from, 4)?.try_into().ok()?)).ok()
}

fn read_text(from: &mut &[u8]) -> Option<Vec<u8>> {
    let length = read_length(from)?;
    take(from, length).map(<[u8]>::to_vec)
}

/// Reads a journal; its end may be cut off.
///
/// # Errors
/// The number of the record that makes no sense.
pub fn records(mut journal: &[u8]) -> Result<Vec<Record>, usize> {
    let mut records = Vec::new();
    let from = &mut journal;
    while let Some(length) = read_length(from)
        && let Some(body) = take(from, length)
    {
        records.push(Record::decode(body).ok_or(records.len())?);
    }
    Ok(records)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn one_of_each() -> Vec<Record> {
        let path = || b"/a/b".to_vec();
        vec![
            Record::Known { file: 1, path: path(), created: true },
            Record::Changed { file: 1, offset: 2, length: 9, size_before: 3, size_after: 11, old: vec![7] },
            Record::Synced { file: 1, upto: 2 },
            Record::Dropped { file: 1, upto: 3 },
            Record::FolderSynced { path: path(), upto: 4 },
            Record::Removed { path: path(), kept: b"/k/0".to_vec() },
            Record::Linked { path: path() },
            Record::Renamed { from: path(), to: b"/a/c".to_vec(), kept: Vec::new() },
            Record::MadeFolder { path: path() },
            Record::Failed { sync: true, file: 1, call: 17 },
        ]
    }

    #[test]
    fn what_was_written_is_read() {
        let written: Vec<u8> = one_of_each().iter().flat_map(Record::encode).collect();
        assert_eq!(records(&written), Ok(one_of_each()));
    }

    #[test]
    fn a_cut_end_is_no_record() {
        let mut written: Vec<u8> = one_of_each().iter().flat_map(Record::encode).collect();
        written.truncate(written.len() - 3);
        assert_eq!(records(&written).unwrap().len(), one_of_each().len() - 1);
        assert_eq!(records(&[2, 0, 0, 0, 99, 0]), Err(0));
    }
}
