//! A disk that loses what it may lose, and fails when it is told to.
//!
//! `kill -9` keeps the page cache, so it says nothing about a power cut. The preload library (`examples/preload.rs`, a
//! `cdylib`) stands between one process and libc. For files under one folder it keeps a [`journal`] of everything that is
//! not durable yet: what each write since the last fsync of its file overwrote, and what each name since the last fsync of
//! its folder was before. The journal lies outside that folder, and each record is there before the write it is about, so
//! that it survives the kill. When the process is dead, [`rewind`] takes the folder back to a state that the disk could
//! have been in: of the writes that were not synced, any 512 bytes may be there or not.
//!
//! The same library can make the n-th write or fsync fail ([`faults`]), refuse room while a file says that the disk is
//! full, kill the process at the n-th write, and move the wall clock.
//!
//! What it does not see: writes through `mmap` (SQLite maps only `-shm`, which it makes anew after a crash; [`rewind`]
//! treats it as lost), `copy_file_range`, `sendfile`, and io_uring. `sync_file_range`, `sync` and `syncfs` make nothing
//! durable here. A relative path counts from the current folder; symbolic links inside the folder are not followed.

pub mod faults;
pub mod journal;
#[allow(
    unsafe_code,
    reason = "talks to the kernel and takes C's pointers; nothing of it runs outside the preload library"
)]
pub mod recorder;
pub mod rewind;
