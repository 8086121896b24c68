//! The writer thread: Works under savepoints, one COMMIT for all that wait.

use super::checkpoint::{self, Checkpoints};
use super::job::{Answer, Job, Ran, connection, statement};
use super::{Opener, stop};
use crate::engine::error::{Error, Result};
use crate::engine::tx::{Driver, Tx};
use rusqlite::Connection;
use rusqlite::config::DbConfig;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::SeqCst};
use std::sync::mpsc::Receiver;

/// Owns the only connection that writes.
pub(super) struct Writer {
    opener: Opener,
    tx: Tx,
    checkpoints: Checkpoints,
    /// Set once a COMMIT or an fsync failed, here or in a checkpoint: nothing is acknowledged any more.
    stopped: Arc<AtomicBool>,
    /// Changed rows at the last checkpoint.
    checkpointed: u64,
}

/// Why a group did not commit.
enum Broken {
    /// The transaction is gone, committed is nothing: because of one Work, so the others may succeed without it.
    Rerun(Error),
    /// Nothing is committed, and running again would not help.
    Failed(Error),
    /// Nobody knows whether it is committed.
    Unknown,
}

type Group = Vec<Box<dyn Job>>;

impl Writer {
    pub(super) fn new(opener: Opener, c: Connection, checkpoints: Checkpoints, stopped: Arc<AtomicBool>) -> Self {
        let checkpointed = c.total_changes();
        Self { opener, tx: Tx::new(Driver::Sqlite(c), false), checkpoints, stopped, checkpointed }
    }

    /// Runs until the queue closes, or until a commit's outcome is unknown: then the connection is closed, and every
    /// Work that waits or comes later is answered [`Error::Unavailable`]. Only opening the file again, which recovers
    /// what is durable, helps.
    pub(super) fn run(mut self, jobs: &Receiver<Box<dyn Job>>) {
        self.work(jobs);
        self.checkpoints.end();
        // The connection goes last. If a commit failed, closing it must not checkpoint as if nothing had happened.
        if self.stopped.load(SeqCst)
            && let Ok(c) = connection(&self.tx)
        {
            let _ = c.set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, true);
        }
    }

    fn work(&mut self, jobs: &Receiver<Box<dyn Job>>) {
        let mut group = Group::new();
        while let Ok(first) = jobs.recv() {
            if self.stopped.load(SeqCst) {
                return first.answer(Answer::Instead(Error::Unavailable));
            }
            match self.group(first, jobs, &mut group) {
                Ok(()) => answer(&mut group, None),
                Err(Broken::Failed(error)) => answer(&mut group, Some(&error)),
                Err(Broken::Unknown) => answer(&mut group, Some(&Error::CommitUnknown)),
                Err(Broken::Rerun(_)) => group.drain(..).for_each(|job| self.alone(job)),
            }
            self.checkpoint();
            if self.stopped.load(SeqCst) {
                return;
            }
        }
    }

    /// Runs `first` and what has come meanwhile, and commits it all. The Works are in `group` afterwards.
    fn group(&mut self, first: Box<dyn Job>, jobs: &Receiver<Box<dyn Job>>, group: &mut Group) -> Result<(), Broken> {
        let mut next = Some(first);
        let begun = self.begin();
        if begun.is_err() {
            group.extend(next.take());
        }
        begun?;
        while let Some(mut job) = next.take() {
            let ran = self.one(&mut *job);
            group.push(job);
            ran?;
            if group.len() < self.opener.options.group_max {
                next = jobs.try_recv().ok();
            }
        }
        self.commit()
    }

    /// A Work of a group that broke, in a transaction of its own.
    fn alone(&mut self, mut job: Box<dyn Job>) {
        if self.stopped.load(SeqCst) {
            return job.answer(Answer::Instead(Error::Unavailable));
        }
        let done = self.begin().and_then(|()| self.one(&mut *job)).and_then(|()| self.commit());
        job.answer(match done {
            Ok(()) => Answer::Own,
            Err(Broken::Rerun(error) | Broken::Failed(error)) => Answer::Instead(error),
            Err(Broken::Unknown) => Answer::Instead(Error::CommitUnknown),
        });
    }

    fn begin(&mut self) -> Result<(), Broken> {
        statement(&self.tx, "BEGIN IMMEDIATE").map_err(Broken::Failed)
    }

    /// One Work under a savepoint.
    fn one(&mut self, job: &mut dyn Job) -> Result<(), Broken> {
        let mut ran = Ran::Done;
        let mut ended = statement(&self.tx, "SAVEPOINT work");
        if ended.is_ok() {
            ran = job.run(&mut self.tx);
            if !matches!(ran, Ran::Done) && !self.is_rolled_back() {
                ended = statement(&self.tx, "ROLLBACK TO work");
            }
            if ended.is_ok() && !self.is_rolled_back() {
                ended = statement(&self.tx, "RELEASE work");
            }
        }
        if matches!(&ran, Ran::Failed(error) if error.is_failed_fsync()) {
            self.give_up();
            return Err(Broken::Failed(Error::Unavailable));
        }
        // A full disk or an I/O error rolls back *everything*, Works whose savepoint is released too.
        if ended.is_ok() && !self.is_rolled_back() {
            return Ok(());
        }
        let _ = statement(&self.tx, "ROLLBACK");
        Err(Broken::Rerun(match (ran, ended) {
            (Ran::Failed(error), _) | (_, Err(error)) => error,
            _ => Error::Database("a Work ended the transaction".to_owned()),
        }))
    }

    fn is_rolled_back(&self) -> bool {
        connection(&self.tx).is_ok_and(Connection::is_autocommit)
    }

    /// Commits. Two failures leave no doubt that nothing was committed, and let the store go on: a deferred constraint,
    /// and a full disk (the half-written log is overwritten later, by a new connection). All others stop it.
    fn commit(&mut self) -> Result<(), Broken> {
        let done = statement(&self.tx, "COMMIT");
        match done {
            // A checkpoint whose fsync failed says that this one's may have lied.
            Ok(()) if self.stopped.load(SeqCst) => Err(Broken::Unknown),
            Ok(()) => Ok(()),
            Err(error @ (Error::Conflict { .. } | Error::Constraint { .. })) => {
                let _ = statement(&self.tx, "ROLLBACK");
                Err(Broken::Rerun(error))
            }
            Err(Error::DiskFull) => {
                let _ = statement(&self.tx, "ROLLBACK");
                self.reopen();
                Err(Broken::Failed(Error::DiskFull))
            }
            Err(_) => {
                self.give_up();
                Err(Broken::Unknown)
            }
        }
    }

    fn reopen(&mut self) {
        match self.opener.writer() {
            Ok(c) => {
                self.checkpointed = c.total_changes();
                self.tx = Tx::new(Driver::Sqlite(c), false);
            }
            Err(_) => self.give_up(),
        }
    }

    /// Nothing is acknowledged from here on; the thread ends, and closes the connection with it.
    fn give_up(&mut self) {
        stop(&self.stopped);
    }

    /// Wakes the checkpoint thread if enough has changed; checkpoints itself if that one is left behind.
    fn checkpoint(&mut self) {
        if !self.stopped.load(SeqCst)
            && checkpoint::pages() >= self.opener.options.wal_pages
            && connection(&self.tx).is_ok_and(|c| checkpoint::passive(c).is_err())
        {
            return self.give_up();
        }
        let changed = connection(&self.tx).map_or(0, Connection::total_changes);
        if changed.saturating_sub(self.checkpointed) >= self.opener.options.checkpoint_rows {
            self.checkpointed = changed;
            self.checkpoints.wake();
        }
    }
}

/// Answers all: with their own outcomes, or all with `instead`.
fn answer(group: &mut Group, instead: Option<&Error>) {
    for job in group.drain(..) {
        job.answer(instead.map_or(Answer::Own, |error| Answer::Instead(error.clone())));
    }
}
