//! The edge to the network: listening, calling, and the ways in which an answer can fail to come.

mod client;
mod serve;

pub(crate) use client::{Answer, Call, Content, Http, NoAnswer};
pub(crate) use serve::{Stop, bind, hang_up, refuse_other_sites, serve};

use std::sync::{Mutex, MutexGuard, PoisonError};

/// Locks `mutex`, also after a panic of another holder: every change here is complete before the lock is let go.
pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
