//! SQLite: one writer thread with group commit, reader threads with snapshots, checkpoints beside them.

mod checkpoint;
mod job;
mod writer;

use crate::engine::error::{self, Error, Result, Stop};
use crate::engine::tx::{Driver, Tx};
use crate::engine::work::Work;
use job::{Answer, Job, Pending};
use rusqlite::config::DbConfig;
use rusqlite::{Connection, OpenFlags};
use std::fs::{File, TryLockError};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering::SeqCst};
use std::sync::mpsc::{Receiver, SyncSender, TrySendError, sync_channel};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock};
use std::thread::JoinHandle;
use tokio::sync::oneshot;

/// Whether a COMMIT waits for the disk.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Synchronous {
    /// It does: acknowledged is durable.
    Full,
    /// It does not. For tests that prove that they notice, and for throw-away files.
    Off,
}

/// Sizes and limits for SQLite.
#[derive(Debug, Clone)]
pub struct SqliteOptions {
    /// Bytes per page of a new file: 1024 for many small rows in random order, else 4096. An existing file keeps its own.
    pub page_size: u32,
    /// Whether commits wait for the disk.
    pub synchronous: Synchronous,
    /// Reader threads, each with a connection.
    pub readers: usize,
    /// Works that may wait, each for the writer and the readers; more are answered [`Error::Busy`].
    pub queue: usize,
    /// Works in one group commit, at most.
    pub group_max: usize,
    /// Page cache of the writer, in KiB; a reader has a quarter of it.
    pub cache_kib: u32,
    /// Changed rows after which a background checkpoint starts.
    pub checkpoint_rows: u64,
    /// Pages in the write-ahead log at which the writer itself checkpoints what the background left over, so that the
    /// log starts again from its beginning: a safety valve.
    pub wal_pages: u32,
    /// Pages the file may have, at most: as if the disk were that small.
    pub pages_max: Option<u32>,
}

impl Default for SqliteOptions {
    fn default() -> Self {
        Self {
            page_size: 4096,
            synchronous: Synchronous::Full,
            readers: 4,
            queue: 4096,
            group_max: 512,
            cache_kib: 64 * 1024,
            checkpoint_rows: 2048,
            wal_pages: 16_384,
            pages_max: None,
        }
    }
}

/// Prepared statements kept per connection: more than the program has.
const STATEMENTS_MAX: usize = 2048;

/// How to open another connection to the same file.
#[derive(Clone)]
struct Opener {
    path: PathBuf,
    options: SqliteOptions,
}

impl Opener {
    fn connect(&self) -> Result<Connection> {
        let c = Connection::open(&self.path).map_err(error::sqlite)?;
        c.set_prepared_statement_cache_capacity(STATEMENTS_MAX);
        let o = &self.options;
        let synchronous = if o.synchronous == Synchronous::Full { "FULL" } else { "OFF" };
        // The page size must come before the first write, and switching to WAL is one.
        c.execute_batch(&format!(
            "PRAGMA busy_timeout = 5000; PRAGMA page_size = {}; PRAGMA synchronous = {synchronous};
             PRAGMA fullfsync = ON; PRAGMA checkpoint_fullfsync = ON; PRAGMA foreign_keys = ON;
             PRAGMA cache_size = -{}; PRAGMA temp_store = MEMORY; PRAGMA mmap_size = 0; PRAGMA wal_autocheckpoint = 0;
             PRAGMA analysis_limit = 1000;",
            o.page_size, o.cache_kib
        ))
        .map_err(error::sqlite)?;
        let mode: String = c.query_row("PRAGMA journal_mode = WAL", [], |row| row.get(0)).map_err(error::sqlite)?;
        if mode != "wal" {
            return Err(Error::Configuration(format!("the file system allows no write-ahead log (mode {mode})")));
        }
        Ok(c)
    }

    /// A connection that writes.
    fn writer(&self) -> Result<Connection> {
        let c = self.connect()?;
        let pages_max = self.options.pages_max.map_or_else(String::new, |n| format!("PRAGMA max_page_count = {n};"));
        // A log that grew under a long reader is cut to four times its usual size when it starts again.
        let limit = 4 * u64::from(self.options.wal_pages) * u64::from(self.options.page_size);
        c.execute_batch(&format!("{pages_max} PRAGMA journal_size_limit = {limit};")).map_err(error::sqlite)?;
        checkpoint::measure(&c);
        Ok(c)
    }

    /// The first connection, which brings the file up to date. After a crash the log holds commits that the kernel
    /// may not have written yet; copied into the file and synced, nobody can read today what is gone tomorrow.
    fn recover(&self) -> Result<Connection> {
        let c = self.writer()?;
        match c.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(())).map_err(error::sqlite) {
            Ok(()) | Err(Error::DiskFull) => Ok(c),
            Err(error) => Err(error),
        }
    }

    /// A connection that cannot write.
    fn reader(&self) -> Result<Connection> {
        let c = self.connect()?;
        // Whatever was written since its last transaction empties a reader's cache: a large one is but a long list to clear
        // (20 rows by key after each write: 180 µs with 16 MiB, 270 µs with 64 MiB).
        let settings = format!("PRAGMA query_only = ON; PRAGMA cache_size = -{}", self.options.cache_kib / 4);
        c.execute_batch(&settings).map_err(error::sqlite)?;
        Ok(c)
    }

    /// A connection beside the process that has the file: it reads committed snapshots, and leaves everything else, the
    /// log's checkpoint at the end included, to that process.
    fn observer(&self) -> Result<Connection> {
        let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let c = Connection::open_with_flags(&self.path, flags).map_err(error::sqlite)?;
        c.set_prepared_statement_cache_capacity(STATEMENTS_MAX);
        c.set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, true).map_err(error::sqlite)?;
        let settings = format!("PRAGMA busy_timeout = 5000; PRAGMA cache_size = -{}", self.options.cache_kib);
        c.execute_batch(&settings).map_err(error::sqlite)?;
        Ok(c)
    }
}

/// A connection to copy a file from, whoever has it, in a read transaction that begins here.
pub(crate) fn copy_source(path: &Path) -> Result<Connection> {
    let opener = Opener { path: path.to_owned(), options: SqliteOptions { cache_kib: 8 * 1024, ..Default::default() } };
    let c = opener.observer()?;
    c.execute_batch("BEGIN; SELECT 1 FROM sqlite_schema LIMIT 1;").map_err(error::sqlite)?;
    Ok(c)
}

/// A queue of Works, open until the store closes.
struct Lane(RwLock<Option<SyncSender<Box<dyn Job>>>>);

impl Lane {
    fn new(sender: SyncSender<Box<dyn Job>>) -> Self {
        Lane(RwLock::new(Some(sender)))
    }

    fn send(&self, job: Box<dyn Job>) -> Result<()> {
        let lane = self.0.read().unwrap_or_else(PoisonError::into_inner);
        lane.as_ref().ok_or(Error::Closed)?.try_send(job).map_err(|e| match e {
            TrySendError::Full(_) => Error::Busy,
            TrySendError::Disconnected(_) => Error::Unavailable,
        })
    }

    /// Takes no more; what is queued is still done, once the sender is dropped.
    fn close(&self) -> Option<SyncSender<Box<dyn Job>>> {
        self.0.write().unwrap_or_else(PoisonError::into_inner).take()
    }
}

/// A SQLite file, open.
pub(crate) struct Sqlite {
    /// Nothing to write with when another process has the file.
    writer: Option<Lane>,
    readers: Lane,
    /// The readers, and last the writer.
    threads: Mutex<Vec<JoinHandle<()>>>,
    /// Every thread has it too: the file is free when the last connection is gone.
    lock: Mutex<Option<Arc<File>>>,
}

impl Sqlite {
    pub(crate) fn open(path: &Path, options: &SqliteOptions) -> Result<Self> {
        let lock = Some(Arc::new(lock(path)?));
        let opener = Opener { path: path.to_owned(), options: options.clone() };
        let stopped = Arc::new(AtomicBool::new(false));
        let (writer, jobs) = sync_channel(options.queue.max(1));
        let (readers, reads) = sync_channel(options.queue.max(1));
        let (wake, woken) = sync_channel(1);
        // From here on an early return drops the channels, which ends the threads that were started.
        let first = opener.recover()?;
        sync_folder(path)?;
        let mut threads = Vec::new();
        let reads = Arc::new(Mutex::new(reads));
        for _ in 0..options.readers.max(1) {
            let (c, reads) = (opener.reader()?, reads.clone());
            threads.push(thread("store-reader", lock.as_ref(), move || read(c, &reads))?);
        }
        let (c, stop) = (opener.connect()?, stopped.clone());
        let checkpoints = thread("store-checkpoint", lock.as_ref(), move || checkpoint::run(&c, &woken, &stop))?;
        let writing = writer::Writer::new(opener, first, checkpoint::Checkpoints::new(wake, checkpoints), stopped);
        threads.push(thread("store-writer", lock.as_ref(), move || writing.run(&jobs))?);
        Ok(Self {
            writer: Some(Lane::new(writer)),
            readers: Lane::new(readers),
            threads: Mutex::new(threads),
            lock: Mutex::new(lock),
        })
    }

    /// Opens the file for reading, whoever has it.
    pub(crate) fn observe(path: &Path, options: &SqliteOptions) -> Result<Self> {
        let opener = Opener { path: path.to_owned(), options: options.clone() };
        let (readers, reads) = sync_channel(options.queue.max(1));
        let (c, reads) = (opener.observer()?, Mutex::new(reads));
        let reader = thread("store-observer", None, move || read(c, &reads))?;
        let threads = Mutex::new(vec![reader]);
        Ok(Self { writer: None, readers: Lane::new(readers), threads, lock: Mutex::new(None) })
    }

    pub(crate) async fn transact<W: Work>(&self, work: W) -> Result<W::Out, Stop<W::Refusal>> {
        match &self.writer {
            Some(writer) => self.send(writer, work).await,
            None => Err(Stop::Store(Error::ReadOnly)),
        }
    }

    pub(crate) async fn read<W: Work>(&self, work: W) -> Result<W::Out, Stop<W::Refusal>> {
        self.send(&self.readers, work).await
    }

    async fn send<W: Work>(&self, lane: &Lane, work: W) -> Result<W::Out, Stop<W::Refusal>> {
        let (reply, answer) = oneshot::channel();
        lane.send(Box::new(Pending::new(work, reply)))?;
        // Dropped unanswered only if the writer stopped before it came to this Work.
        answer.await.unwrap_or(Err(Stop::Store(Error::Unavailable)))
    }

    /// Finishes what is queued, ends the threads, checkpoints, and frees the file.
    pub(crate) fn close(&self) {
        let (writer, readers) = (self.writer.as_ref().and_then(Lane::close), self.readers.close());
        let mut threads = std::mem::take(&mut *locked(&self.threads));
        // The last handle may be dropped by a Work, on one of these threads: it cannot wait for itself.
        if threads.iter().any(|thread| thread.thread().id() == std::thread::current().id()) {
            threads.clear();
        }
        let last = threads.pop();
        drop(readers);
        for thread in threads {
            let _ = thread.join();
        }
        // SQLite checkpoints and removes the log when the last connection closes: that is to be the writer's.
        drop(writer);
        last.map(JoinHandle::join);
        locked(&self.lock).take();
    }
}

impl Drop for Sqlite {
    fn drop(&mut self) {
        self.close();
    }
}

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// One store per file: SQLite itself would let several processes in, but this program's writer, numbers and timers
/// are made for one. The lock goes with the process, however it ends; the file stays.
fn lock(path: &Path) -> Result<File> {
    let mut name = path.as_os_str().to_owned();
    name.push(".lock");
    let file = File::options().create(true).write(true).truncate(false).open(&name);
    let file = file.map_err(|e| Error::Database(format!("lock file: {e}")))?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => Err(Error::InUse),
        Err(TryLockError::Error(e)) => Err(Error::Database(format!("lock file: {e}"))),
    }
}

/// Makes the names of the file and of its log durable: without its name, a log that was synced is lost. SQLite does the
/// same at the first sync of a log, but goes on if that fails.
fn sync_folder(path: &Path) -> Result<()> {
    let folder = match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    };
    match File::open(folder).and_then(|folder| folder.sync_all()) {
        // A file system that has nothing to sync there.
        Err(e) if e.kind() == std::io::ErrorKind::InvalidInput => Ok(()),
        synced => synced.map_err(|_| Error::Io { code: error::SQLITE_IOERR_DIR_FSYNC }),
    }
}

fn thread(name: &str, lock: Option<&Arc<File>>, body: impl FnOnce() + Send + 'static) -> Result<JoinHandle<()>> {
    let lock = lock.cloned();
    let body = move || {
        body(); // and with it the connection is gone
        drop(lock);
    };
    std::thread::Builder::new().name(name.to_owned()).spawn(body).map_err(|e| Error::Database(format!("thread: {e}")))
}

/// A reader thread: each Work sees one snapshot.
fn read(c: Connection, jobs: &Mutex<Receiver<Box<dyn Job>>>) {
    let mut tx = Tx::new(Driver::Sqlite(c), true);
    loop {
        let next = locked(jobs).recv();
        let Ok(mut job) = next else { return };
        let begun = job::statement(&tx, "BEGIN");
        if begun.is_ok() {
            job.run(&mut tx);
        }
        job.answer(begun.map_or_else(Answer::Instead, |()| Answer::Own));
        let _ = job::statement(&tx, "ROLLBACK");
    }
}

/// The store can no longer be trusted to acknowledge anything.
fn stop(stopped: &AtomicBool) {
    stopped.store(true, SeqCst);
}
