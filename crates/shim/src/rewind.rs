//! What a power cut leaves of a folder.
//!
//! The process is dead, and the folder holds everything it ever wrote. Of each file, the changes that a successful fsync
//! followed stay. The others stay or go: none, all, those up to some moment, or, at worst, any 512 bytes of them in any
//! version since the last durable one, under any of the sizes the file had since. Of the names in a folder that were made,
//! removed or changed since its last fsync, likewise (a folder in which one was changed keeps the order of events, as
//! journalling file systems do).

use crate::journal::{self, Record};
use std::collections::{BTreeMap, BTreeSet};
use std::ffi::OsStr;
use std::fs::{File, OpenOptions};
use std::io::{Error, ErrorKind, Result};
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::fs::FileExt as _;
use std::path::Path;

/// What a disk writes whole or not at all.
const SECTOR: u64 = 512;

/// What became of what was not durable.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Rewound {
    /// Sectors that could have been lost.
    pub sectors: u64,
    /// Those that were, in part or whole.
    pub sectors_lost: u64,
    /// Names that were taken back.
    pub names_lost: u64,
    /// Writes, changes of size and fsyncs of the process.
    pub calls: u64,
    /// The fsyncs among them.
    pub syncs: u64,
    /// Calls that were made to fail: writes, fsyncs.
    pub failed: (u64, u64),
    /// Those of the fsyncs that were of files, not of folders.
    pub failed_files_synced: u64,
}

/// How a file's changes that are not durable fare.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Fate {
    None,
    All,
    Some(u64),
    Scattered,
}

/// A change of a file.
struct Change<'a> {
    offset: u64,
    length: u64,
    size_before: u64,
    size_after: u64,
    old: &'a [u8],
    durable: bool,
}

/// A change of a name.
enum Named<'a> {
    Made(&'a [u8]),
    MadeFolder(&'a [u8]),
    Removed(&'a [u8], &'a [u8]),
    Renamed(&'a [u8], &'a [u8], &'a [u8]),
}

impl<'a> Named<'a> {
    fn name(&self) -> &'a [u8] {
        match self {
            Named::Made(path) | Named::MadeFolder(path) | Named::Removed(path, _) | Named::Renamed(_, path, _) => path,
        }
    }
}

/// Takes the folder back to what the disk could hold. `choose(n)` draws a number below `n`, which is never 0: the same
/// draws make the same disk. An absent journal says that nothing happened.
///
/// # Errors
/// What reading and writing the files meets, and a journal that makes no sense.
pub fn rewind(journal: &Path, choose: &mut dyn FnMut(u64) -> u64) -> Result<Rewound> {
    let bytes = match std::fs::read(journal) {
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Rewound::default()),
        read => read?,
    };
    let records = journal::records(&bytes)
        .map_err(|n| Error::new(ErrorKind::InvalidData, format!("record {n} of the journal makes no sense")))?;
    let mut rewound = count(&records);
    let paths = paths(&records);
    for (file, changes) in changes(&records) {
        let Some(path) = paths.get(&file).map(|path| Path::new(OsStr::from_bytes(path))) else { continue };
        if path.as_os_str().as_bytes().ends_with(b"-shm") {
            lose_shared_memory(path, choose)?;
            continue;
        }
        rewind_file(path, &changes, choose, &mut rewound)?;
    }
    for (_, named) in names(&records) {
        rewind_names(&named, choose, &mut rewound)?;
    }
    Ok(rewound)
}

fn count(records: &[Record]) -> Rewound {
    let mut rewound = Rewound::default();
    for record in records {
        match record {
            Record::Changed { .. } => rewound.calls += 1,
            Record::Synced { .. } | Record::FolderSynced { .. } => {
                rewound.calls += 1;
                rewound.syncs += 1;
            }
            Record::Failed { sync, file, .. } => {
                rewound.calls += 1;
                rewound.syncs += u64::from(*sync);
                rewound.failed_files_synced += u64::from(*sync && *file > 0);
                *(if *sync { &mut rewound.failed.1 } else { &mut rewound.failed.0 }) += 1;
            }
            _ => {}
        }
    }
    rewound
}

/// Where each file is now.
fn paths(records: &[Record]) -> BTreeMap<u32, &[u8]> {
    let mut paths: BTreeMap<u32, &[u8]> = BTreeMap::new();
    for record in records {
        let (from, to) = match record {
            Record::Known { file, path, .. } => {
                paths.insert(*file, path);
                continue;
            }
            Record::Removed { path, kept } => (path, kept),
            Record::Renamed { from, to, kept } => {
                for path in paths.values_mut().filter(|path| **path == to.as_slice()) {
                    *path = kept;
                }
                (from, to)
            }
            _ => continue,
        };
        for path in paths.values_mut().filter(|path| **path == from.as_slice()) {
            *path = to;
        }
    }
    paths
}

/// The changes of each file, oldest first.
fn changes(records: &[Record]) -> BTreeMap<u32, Vec<Change<'_>>> {
    let mut changes: BTreeMap<u32, Vec<(u64, bool, Change<'_>)>> = BTreeMap::new();
    for (at, record) in (0..).zip(records) {
        match record {
            Record::Changed { file, offset, length, size_before, size_after, old } => {
                let (offset, length, size_before, size_after) = (*offset, *length, *size_before, *size_after);
                let change = Change { offset, length, size_before, size_after, old, durable: false };
                changes.entry(*file).or_default().push((at, false, change));
            }
            Record::Synced { file, upto } => {
                let of_file = changes.entry(*file).or_default().iter_mut();
                of_file.filter(|(at, dropped, _)| at < upto && !dropped).for_each(|(.., c)| c.durable = true);
            }
            // The kernel takes what it could not write for written: no later fsync writes it.
            Record::Dropped { file, upto } => {
                let of_file = changes.entry(*file).or_default().iter_mut();
                of_file.filter(|(at, _, c)| at < upto && !c.durable).for_each(|(_, dropped, _)| *dropped = true);
            }
            _ => {}
        }
    }
    changes.into_iter().map(|(file, list)| (file, list.into_iter().map(|(.., change)| change).collect())).collect()
}

/// The changes of names that are not durable, by folder, oldest first.
fn names(records: &[Record]) -> BTreeMap<&[u8], Vec<Named<'_>>> {
    let mut names: BTreeMap<&[u8], Vec<(u64, Named<'_>)>> = BTreeMap::new();
    for (at, record) in (0..).zip(records) {
        let named = match record {
            Record::Known { path, created: true, .. } | Record::Linked { path } => Named::Made(path),
            Record::MadeFolder { path } => Named::MadeFolder(path),
            Record::Removed { path, kept } => Named::Removed(path, kept),
            Record::Renamed { from, to, kept } => Named::Renamed(from, to, kept),
            Record::FolderSynced { path, upto } => {
                names.entry(path).or_default().retain(|(at, _)| at >= upto);
                continue;
            }
            _ => continue,
        };
        names.entry(parent(named.name())).or_default().push((at, named));
    }
    names.into_iter().map(|(folder, list)| (folder, list.into_iter().map(|(_, named)| named).collect())).collect()
}

fn parent(path: &[u8]) -> &[u8] {
    let end = path.iter().rposition(|byte| *byte == b'/').unwrap_or(0);
    path.get(..end).unwrap_or_default()
}

/// Memory that processes share does not survive; what stands in its file may be anything.
fn lose_shared_memory(path: &Path, choose: &mut dyn FnMut(u64) -> u64) -> Result<()> {
    match choose(3) {
        0 => gone(std::fs::remove_file(path)),
        1 => {
            let Some(file) = open(path)? else { return Ok(()) };
            let garbage = choose(u64::MAX).to_le_bytes();
            let length = usize::try_from(file.metadata()?.len()).unwrap_or(0);
            file.write_all_at(&garbage.repeat(length.div_ceil(8)), 0)?;
            file.set_len(u64::try_from(length).unwrap_or(0))
        }
        _ => Ok(()),
    }
}

fn open(path: &Path) -> Result<Option<File>> {
    match OpenOptions::new().read(true).write(true).open(path) {
        // Its name was removed and the kill came before the record of it.
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
        opened => opened.map(Some),
    }
}

fn gone(removed: Result<()>) -> Result<()> {
    removed.or_else(|error| if error.kind() == ErrorKind::NotFound { Ok(()) } else { Err(error) })
}

fn length(slice: &[Change<'_>]) -> u64 {
    u64::try_from(slice.len()).unwrap_or(u64::MAX)
}

fn rewind_file(
    path: &Path,
    changes: &[Change<'_>],
    choose: &mut dyn FnMut(u64) -> u64,
    rewound: &mut Rewound,
) -> Result<()> {
    let Some(first) = changes.iter().position(|change| !change.durable) else { return Ok(()) };
    let Some(file) = open(path)? else { return Ok(()) };
    let open_ended = changes.get(first..).unwrap_or_default();
    let fate = match choose(5) {
        0 => Fate::None,
        1 => Fate::All,
        2 => Fate::Some(choose(length(open_ended) + 1)),
        _ => Fate::Scattered,
    };
    let size = size(changes, first, fate, choose);
    for sector in sectors(open_ended) {
        rewound.sectors += 1;
        let touching: Vec<(usize, &Change<'_>)> =
            changes.iter().enumerate().filter(|(_, change)| touches(change, sector)).collect();
        // Whatever was synced last, the disk holds that version or a later one.
        let floor = touching.iter().rposition(|(_, change)| change.durable).map_or(0, |at| at + 1);
        let pending = touching.get(floor..).unwrap_or_default();
        let kept = match fate {
            Fate::None => 0,
            Fate::All => pending.len(),
            Fate::Some(n) => {
                let end = first + usize::try_from(n).unwrap_or(usize::MAX);
                pending.iter().filter(|(at, _)| *at < end).count()
            }
            Fate::Scattered => {
                let versions = u64::try_from(pending.len()).unwrap_or(u64::MAX).saturating_add(1);
                usize::try_from(choose(versions)).unwrap_or(0)
            }
        };
        let lost = pending.get(kept..).unwrap_or_default();
        if !lost.is_empty() {
            rewound.sectors_lost += 1;
            undo(&file, sector, lost)?;
        }
    }
    file.set_len(size)
}

/// One of the sizes the file may have.
fn size(changes: &[Change<'_>], first: usize, fate: Fate, choose: &mut dyn FnMut(u64) -> u64) -> u64 {
    // The last durable change decides; what was not durable before it, in size, is decided by it too.
    let floor = changes.iter().rposition(|change| change.durable).map_or(0, |at| at + 1).max(first);
    let before = match floor.checked_sub(1).and_then(|at| changes.get(at)) {
        Some(change) => change.size_after,
        None => changes.first().map_or(0, |change| change.size_before),
    };
    let after: Vec<u64> = changes.get(floor..).unwrap_or_default().iter().map(|change| change.size_after).collect();
    let last = after.last().copied().unwrap_or(before);
    match fate {
        Fate::None => before,
        Fate::All => last,
        Fate::Some(n) => {
            let kept = (first + usize::try_from(n).unwrap_or(usize::MAX)).saturating_sub(floor);
            kept.checked_sub(1).map_or(before, |at| after.get(at).copied().unwrap_or(last))
        }
        Fate::Scattered => {
            let sizes: BTreeSet<u64> = after.iter().copied().chain([before]).collect();
            let at = usize::try_from(choose(u64::try_from(sizes.len()).unwrap_or(1))).unwrap_or(0);
            sizes.into_iter().nth(at).unwrap_or(before)
        }
    }
}

/// The sectors that changes which are not durable touch.
fn sectors(changes: &[Change<'_>]) -> BTreeSet<u64> {
    let pending = changes.iter().filter(|change| !change.durable && change.length > 0);
    pending.flat_map(|change| change.offset / SECTOR..=(change.offset + change.length - 1) / SECTOR).collect()
}

fn touches(change: &Change<'_>, sector: u64) -> bool {
    change.offset < (sector + 1) * SECTOR && sector * SECTOR < change.offset + change.length
}

/// Puts back what changes overwrote in a sector, the last first.
fn undo(file: &File, sector: u64, lost: &[(usize, &Change<'_>)]) -> Result<()> {
    let start = sector * SECTOR;
    let mut bytes = [0; 512];
    let mut read = 0;
    while let Some(rest) = bytes.get_mut(read..).filter(|rest| !rest.is_empty()) {
        match file.read_at(rest, start + u64::try_from(read).unwrap_or(0))? {
            0 => break,
            n => read += n,
        }
    }
    for (_, change) in lost.iter().rev() {
        for (byte, at) in bytes.iter_mut().zip(start..) {
            if at >= change.offset && at < change.offset + change.length {
                let old = usize::try_from(at - change.offset).ok().and_then(|at| change.old.get(at));
                *byte = old.copied().unwrap_or(0);
            }
        }
    }
    file.write_all_at(&bytes, start)
}

/// Takes back some changes of the names in one folder.
fn rewind_names(named: &[Named<'_>], choose: &mut dyn FnMut(u64) -> u64, rewound: &mut Rewound) -> Result<()> {
    let mut lost: Vec<&Named<'_>> = Vec::new();
    if named.iter().any(|named| matches!(named, Named::Renamed(..))) {
        let kept = usize::try_from(choose(u64::try_from(named.len()).unwrap_or(0) + 1)).unwrap_or(0);
        lost.extend(named.iter().skip(kept));
    } else {
        for name in named.iter().map(Named::name).collect::<BTreeSet<_>>() {
            let of_name: Vec<&Named<'_>> = named.iter().filter(|named| named.name() == name).collect();
            let kept = usize::try_from(choose(u64::try_from(of_name.len()).unwrap_or(0) + 1)).unwrap_or(0);
            lost.extend(of_name.into_iter().skip(kept));
        }
    }
    for named in lost.into_iter().rev() {
        rewound.names_lost += 1;
        take_back(named)?;
    }
    Ok(())
}

fn take_back(named: &Named<'_>) -> Result<()> {
    let path = |bytes| Path::new(OsStr::from_bytes(bytes));
    let there = |linked: Result<()>| {
        linked.or_else(|error| if error.kind() == ErrorKind::AlreadyExists { Ok(()) } else { Err(error) })
    };
    match named {
        Named::Made(name) => gone(std::fs::remove_file(path(name))),
        Named::MadeFolder(name) => gone(std::fs::remove_dir_all(path(name))),
        Named::Removed(name, kept) => there(std::fs::hard_link(path(kept), path(name))),
        Named::Renamed(from, to, kept) => {
            gone(std::fs::rename(path(to), path(from)))?;
            if kept.is_empty() { Ok(()) } else { there(std::fs::hard_link(path(kept), path(to))) }
        }
    }
}
