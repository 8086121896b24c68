//! Checkpoints in the background, so that the writer rarely has to.
//!
//! SQLite's own automatic checkpoint is not used: it says nothing of a failed fsync.

use super::stop;
use crate::engine::error::{self, Error};
use rusqlite::Connection;
use std::cell::Cell;
use std::sync::atomic::AtomicBool;
use std::sync::mpsc::{Receiver, SyncSender};
use std::thread::JoinHandle;

/// The writer's end of the checkpoint thread.
pub(super) struct Checkpoints {
    wake: SyncSender<()>,
    thread: JoinHandle<()>,
}

impl Checkpoints {
    /// `wake` has room for one message: who is awake already need not be woken again.
    pub(super) fn new(wake: SyncSender<()>, thread: JoinHandle<()>) -> Self {
        Self { wake, thread }
    }

    /// Asks for a checkpoint.
    pub(super) fn wake(&self) {
        let _ = self.wake.try_send(());
    }

    /// Waits until the thread has closed its connection.
    pub(super) fn end(self) {
        drop(self.wake);
        let _ = self.thread.join();
    }
}

thread_local! {
    /// Pages in the write-ahead log after the last commit of this thread's connection.
    static PAGES: Cell<u32> = const { Cell::new(0) };
}

/// Has a connection count the pages of its log, for [`pages`].
pub(super) fn measure(c: &Connection) {
    c.wal_hook(Some(|_, pages| {
        PAGES.set(u32::try_from(pages).unwrap_or(0));
        Ok(())
    }));
}

/// Pages in the log after the last commit of the connection that this thread has.
pub(super) fn pages() -> u32 {
    PAGES.get()
}

/// Copies what nobody reads any more from the log into the file, and syncs it.
///
/// # Errors
/// [`Error::Io`] if a write or an fsync failed; a full disk is none.
pub(super) fn passive(c: &Connection) -> Result<(), Error> {
    let done = c.query_row("PRAGMA wal_checkpoint(PASSIVE)", [], |_| Ok(()));
    match done.map_err(error::sqlite) {
        Err(error @ Error::Io { .. }) => Err(error),
        _ => Ok(()),
    }
}

/// Copies the write-ahead log into the file whenever the writer asks, without ever making it wait.
///
/// A full disk is no reason to stop: nothing is lost, and the next one may find space. A failed fsync or write is: the
/// kernel may have dropped what it could not write, and a later fsync would not say so.
pub(super) fn run(c: &Connection, woken: &Receiver<()>, stopped: &AtomicBool) {
    while let Ok(()) = woken.recv() {
        if passive(c).is_err() {
            stop(stopped);
        }
    }
}
