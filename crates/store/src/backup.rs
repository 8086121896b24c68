//! Copies of a SQLite store: made while it is used, proven by hashes, put back as a whole.
//!
//! A backup is a folder with the copy and its manifest. The manifest has the hash of the file and, for every table, the
//! number of rows and a hash of their contents in key order, so that a restored store can be compared with what was saved
//! whatever became of its pages. PostgreSQL has its own tools for this; see the operating guide.
//!
//! Everything here blocks: call it off the async threads.

use crate::engine::error::{self, Error, Result};
use crate::engine::sqlite::copy_source;
use aws_lc_rs::digest::{Context, SHA256};
use rusqlite::backup::Backup;
use rusqlite::types::ValueRef;
use rusqlite::{Connection, OpenFlags};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::Read;
use std::path::{Path, PathBuf};

/// The copy's name in its folder.
pub const COPY: &str = "everline.sqlite";
/// The manifest's name in the folder.
pub const MANIFEST: &str = "manifest.json";
/// The shape of manifests that this program writes and reads.
const FORMAT: u32 = 1;
/// Pages copied at a time; between them a progress report.
const PAGES: i32 = 2048;

/// What one table held.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TableSum {
    /// How many rows.
    pub rows: u64,
    /// SHA-256 over all rows in key order, in hexadecimal.
    pub sha256: String,
}

/// What a backup says about itself.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Manifest {
    /// The shape of this manifest.
    pub format: u32,
    /// Version of the program that made it.
    pub program: String,
    /// Newest migration in the copy.
    pub schema: i64,
    /// When the copy was begun, in microseconds since 1970; what was committed later is not in it.
    pub begun_at_us: i64,
    /// Size of the copy.
    pub bytes: u64,
    /// SHA-256 of the copy, in hexadecimal.
    pub sha256: String,
    /// What each table held.
    pub tables: BTreeMap<String, TableSum>,
}

/// Why a backup was not made, or cannot be put back.
#[derive(Debug, thiserror::Error)]
pub enum BackupError {
    /// The file system refused.
    #[error("{path}: {source}")]
    File {
        /// Which file or folder.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// The database refused.
    #[error(transparent)]
    Store(#[from] Error),
    /// The manifest is none, or of another program.
    #[error("{MANIFEST} cannot be read: {0}. Take another backup")]
    Manifest(String),
    /// The copy is not what the manifest says: it was damaged or changed. Never put back.
    #[error("the backup is damaged: {0}. Take another backup")]
    Damaged(String),
    /// A newer program made it.
    #[error("the backup has schema {found}, this program knows {known}: use the program that made it, or a newer one")]
    Newer {
        /// The backup's schema.
        found: i64,
        /// The newest this program knows.
        known: i64,
    },
    /// Something is where the store or the backup is to go.
    #[error("{0} exists, and nothing is ever overwritten: move it away or name another place")]
    Exists(PathBuf),
}

type Done<T> = std::result::Result<T, BackupError>;

fn io(path: &Path) -> impl FnOnce(std::io::Error) -> BackupError + '_ {
    move |source| BackupError::File { path: path.to_owned(), source }
}

/// Copies the store at `source`, whoever has it open, to the new folder `folder`. `progress` is told pages done and all.
///
/// The folder appears under its name only when everything in it is on the disk: until then it is called `….partial`, and
/// one that was left behind is removed.
///
/// # Errors
/// [`BackupError::Exists`] if the folder does, whatever file system and database can meet, and
/// [`BackupError::Damaged`] if the source itself is.
pub fn back_up(source: &Path, folder: &Path, begun_at_us: i64, progress: impl FnMut(u64, u64)) -> Done<Manifest> {
    if folder.exists() {
        return Err(BackupError::Exists(folder.to_owned()));
    }
    let partial = suffixed(folder, ".partial");
    if partial.exists() {
        fs::remove_dir_all(&partial).map_err(io(&partial))?;
    }
    private_folder(&partial)?;
    let copy = partial.join(COPY);
    private_file(&copy)?;
    copy_pages(source, &copy, progress)?;
    let (schema, tables) = contents(&copy)?;
    sync(&copy)?;
    let (bytes, sha256) = hash_of_file(&copy)?;
    let program = env!("CARGO_PKG_VERSION").to_owned();
    let manifest = Manifest { format: FORMAT, program, schema, begun_at_us, bytes, sha256, tables };
    let text = serde_json::to_string_pretty(&manifest).map_err(|error| BackupError::Manifest(error.to_string()))?;
    let at = partial.join(MANIFEST);
    private_file(&at)?;
    fs::write(&at, text).map_err(io(&at))?;
    sync(&at)?;
    sync(&partial)?;
    fs::rename(&partial, folder).map_err(io(folder))?;
    sync(&parent(folder))?;
    Ok(manifest)
}

/// Reads a backup whole and compares it with its manifest.
///
/// # Errors
/// [`BackupError::Damaged`] with what differs, [`BackupError::Newer`], and as [`back_up`].
pub fn check(folder: &Path) -> Done<Manifest> {
    let at = folder.join(MANIFEST);
    let text = fs::read_to_string(&at).map_err(io(&at))?;
    let manifest: Manifest = serde_json::from_str(&text).map_err(|error| BackupError::Manifest(error.to_string()))?;
    if manifest.format != FORMAT {
        return Err(BackupError::Manifest(format!("format {} is not known", manifest.format)));
    }
    let known = crate::tables::MIGRATIONS.last().map_or(0, |migration| migration.version);
    if manifest.schema > known {
        return Err(BackupError::Newer { found: manifest.schema, known });
    }
    compare_file(&folder.join(COPY), &manifest)?;
    Ok(manifest)
}

/// Puts a checked backup at `to`, where nothing may be. The store is complete there or not there at all.
///
/// # Errors
/// As [`check`], and [`BackupError::Exists`].
pub fn restore(folder: &Path, to: &Path) -> Done<Manifest> {
    for taken in ["", "-wal", "-shm", "-journal"].map(|end| suffixed(to, end)) {
        if taken.exists() {
            return Err(BackupError::Exists(taken));
        }
    }
    let manifest = check(folder)?;
    let partial = suffixed(to, ".partial");
    if partial.exists() {
        fs::remove_file(&partial).map_err(io(&partial))?;
    }
    private_file(&partial)?;
    fs::copy(folder.join(COPY), &partial).map_err(io(&partial))?;
    sync(&partial)?;
    compare_file(&partial, &manifest)?;
    let (schema, tables) = contents(&partial)?;
    if let Some(difference) = difference(&manifest, schema, &tables) {
        return Err(BackupError::Damaged(difference));
    }
    fs::rename(&partial, to).map_err(io(to))?;
    sync(&parent(to))?;
    Ok(manifest)
}

/// What every table of a store holds, for comparing two of them.
///
/// # Errors
/// As [`back_up`].
pub fn contents(path: &Path) -> Done<(i64, BTreeMap<String, TableSum>)> {
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let c = Connection::open_with_flags(path, flags).map_err(error::sqlite)?;
    c.execute_batch("BEGIN").map_err(error::sqlite)?;
    let sound: String = c.query_row("PRAGMA integrity_check(1)", [], |row| row.get(0)).map_err(error::sqlite)?;
    if sound != "ok" {
        return Err(BackupError::Damaged(format!("integrity check: {sound}")));
    }
    let schema = c.query_row("SELECT COALESCE(MAX(version), 0) FROM schema_version", [], |row| row.get(0));
    let mut tables = BTreeMap::new();
    for name in
        names(&c, "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\'", [])?
    {
        let sum = table_sum(&c, &name)?;
        tables.insert(name, sum);
    }
    Ok((schema.map_err(error::sqlite)?, tables))
}

fn names(c: &Connection, sql: &str, args: impl rusqlite::Params) -> Result<Vec<String>> {
    let mut statement = c.prepare(sql).map_err(error::sqlite)?;
    let rows = statement.query_map(args, |row| row.get(0)).map_err(error::sqlite)?;
    rows.collect::<rusqlite::Result<_>>().map_err(error::sqlite)
}

fn table_sum(c: &Connection, table: &str) -> Result<TableSum> {
    let quoted = |name: &String| format!("\"{name}\"");
    let key = names(c, "SELECT name FROM pragma_table_info(?1) WHERE pk > 0 ORDER BY pk", [table])?;
    let columns = names(c, "SELECT name FROM pragma_table_info(?1) ORDER BY name", [table])?;
    let list = |names: &[String]| names.iter().map(quoted).collect::<Vec<_>>().join(", ");
    let order = if key.is_empty() { &columns } else { &key };
    let (width, sql) = (columns.len(), format!("SELECT {} FROM \"{table}\" ORDER BY {}", list(&columns), list(order)));
    let mut statement = c.prepare(&sql).map_err(error::sqlite)?;
    let mut rows = statement.query([]).map_err(error::sqlite)?;
    let (mut count, mut hash) = (0_u64, Context::new(&SHA256));
    while let Some(row) = rows.next().map_err(error::sqlite)? {
        count = count.saturating_add(1);
        for column in 0..width {
            update(&mut hash, row.get_ref(column).map_err(error::sqlite)?);
        }
    }
    Ok(TableSum { rows: count, sha256: hex(hash.finish().as_ref()) })
}

/// A value as its kind, its length and its bytes: no two values make the same.
fn update(hash: &mut Context, value: ValueRef<'_>) {
    let mut add = |kind: u8, bytes: &[u8]| {
        hash.update(&[kind]);
        hash.update(&u64::try_from(bytes.len()).unwrap_or(u64::MAX).to_be_bytes());
        hash.update(bytes);
    };
    match value {
        ValueRef::Null => add(0, &[]),
        ValueRef::Integer(number) => add(1, &number.to_be_bytes()),
        ValueRef::Real(number) => add(2, &number.to_be_bytes()),
        ValueRef::Text(text) => add(3, text),
        ValueRef::Blob(bytes) => add(4, bytes),
    }
}

fn difference(manifest: &Manifest, schema: i64, tables: &BTreeMap<String, TableSum>) -> Option<String> {
    if schema != manifest.schema {
        return Some(format!("schema {schema}, the manifest says {}", manifest.schema));
    }
    let all = manifest.tables.keys().chain(tables.keys());
    let mut different = all.filter(|name| manifest.tables.get(*name) != tables.get(*name));
    different.next().map(|name| format!("table {name} is not what the manifest says"))
}

fn copy_pages(source: &Path, copy: &Path, mut progress: impl FnMut(u64, u64)) -> Done<()> {
    let source = copy_source(source)?;
    let mut copy = Connection::open(copy).map_err(error::sqlite)?;
    {
        let backup = Backup::new(&source, &mut copy).map_err(error::sqlite)?;
        // The source stays in one read transaction: every step copies from the same snapshot.
        while backup.step(PAGES).map_err(error::sqlite)? != rusqlite::backup::StepResult::Done {
            let at = backup.progress();
            let count = |pages: std::ffi::c_int| u64::try_from(pages).unwrap_or(0);
            progress(count(at.pagecount).saturating_sub(count(at.remaining)), count(at.pagecount));
        }
    }
    // One file that needs no log beside it.
    let mode: String = copy.query_row("PRAGMA journal_mode = DELETE", [], |row| row.get(0)).map_err(error::sqlite)?;
    if mode != "delete" {
        return Err(BackupError::Store(Error::Configuration(format!("the copy is in mode {mode}"))));
    }
    copy.close().map_err(|(_, error)| error::sqlite(error))?;
    Ok(())
}

fn compare_file(copy: &Path, manifest: &Manifest) -> Done<()> {
    let (bytes, sha256) = hash_of_file(copy)?;
    if bytes != manifest.bytes {
        return Err(BackupError::Damaged(format!("{COPY} has {bytes} bytes, the manifest says {}", manifest.bytes)));
    }
    if sha256 != manifest.sha256 {
        return Err(BackupError::Damaged(format!("{COPY} does not have the hash that the manifest says")));
    }
    Ok(())
}

fn hash_of_file(path: &Path) -> Done<(u64, String)> {
    let mut file = File::open(path).map_err(io(path))?;
    let (mut bytes, mut hash, mut buffer) = (0_u64, Context::new(&SHA256), vec![0; 1 << 20]);
    loop {
        let read = file.read(&mut buffer).map_err(io(path))?;
        let Some(part) = buffer.get(..read).filter(|part| !part.is_empty()) else { break };
        hash.update(part);
        bytes = bytes.saturating_add(u64::try_from(read).unwrap_or(0));
    }
    Ok((bytes, hex(hash.finish().as_ref())))
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn suffixed(path: &Path, end: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(end);
    PathBuf::from(name)
}

fn parent(path: &Path) -> PathBuf {
    path.parent().filter(|parent| !parent.as_os_str().is_empty()).map_or_else(|| PathBuf::from("."), Path::to_owned)
}

/// On the disk, not only in the page cache; for a folder: the names in it.
fn sync(path: &Path) -> Done<()> {
    File::open(path).and_then(|file| file.sync_all()).map_err(io(path))
}

/// What is in it is personal data: nobody else reads it.
fn private_folder(path: &Path) -> Done<()> {
    let mut builder = fs::DirBuilder::new();
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.recursive(true).create(path).map_err(io(path))
}

fn private_file(path: &Path) -> Done<()> {
    let mut options = File::options();
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.create_new(true).write(true).open(path).map_err(io(path))?;
    Ok(())
}
