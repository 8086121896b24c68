//! Checkpoints in the background, so that the writer rarely has to.

use super::stop;
use crate::engine::error::{self, Error};
use rusqlite::Connection;
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

/// Copies the write-ahead log into the file whenever the writer asks, without ever making it wait.
///
/// A full disk is no reason to stop: nothing is lost, and the next one may find space. A failed fsync or write is: the
/// kernel may have dropped what it could not write, and a later fsync would not say so.
pub(super) fn run(c: &Connection, woken: &Receiver<()>, stopped: &AtomicBool) {
    while let Ok(()) = woken.recv() {
        let done = c.query_row("PRAGMA wal_checkpoint(PASSIVE)", [], |_| Ok(()));
        if let Err(Error::Io { .. }) = done.map_err(error::sqlite) {
            stop(stopped);
        }
    }
}
