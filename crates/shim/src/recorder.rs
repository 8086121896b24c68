//! What the preload library does with each call: writes down what it is about to change, fails it if that is planned, and
//! makes it, by the system call itself, so that it never meets its own hooks.
//!
//! Every function takes what libc's of the same name takes, with the same demands on pointers, and answers as that one
//! does: −1 and `errno`. Changes of watched files are made one at a time, so that the journal has their order; an fsync
//! is not held up by them, and covers those that were made before it began.

use crate::faults::{self, Fault, Instead};
use crate::journal::Record;
use libc::{c_char, c_int, c_long, c_uint, c_void, iovec, mode_t, off64_t, size_t, ssize_t, stat, timespec};
use std::collections::HashMap;
use std::ffi::{CStr, CString};
use std::mem::MaybeUninit;
use std::sync::{Mutex, MutexGuard, OnceLock, PoisonError};

/// What is known of the watched folder.
struct State {
    folder: Vec<u8>,
    kept: Vec<u8>,
    journal: c_int,
    fault: Option<Fault>,
    full: Option<CString>,
    fast: bool,
    /// Records in the journal.
    records: u64,
    /// Calls that count for the planned fault.
    calls: u64,
    /// Files with a removed name that are kept.
    removed: u64,
    /// The number of each watched file, by device and inode. An inode does not come back as another file: what loses its
    /// last name is kept under another one.
    files: HashMap<(u64, u64), u32>,
}

fn variable(name: &str) -> Option<CString> {
    let name = CString::new(name).ok()?;
    // SAFETY: the name ends in a zero; nobody changes the environment before the first call of a hook, and the value is
    // copied at once.
    let value = unsafe { libc::getenv(name.as_ptr()) };
    // SAFETY: not null, so it points to a text that ends in a zero.
    (!value.is_null()).then(|| unsafe { CStr::from_ptr(value) }.to_owned())
}

fn state() -> Option<&'static Mutex<State>> {
    static STATE: OnceLock<Option<Mutex<State>>> = OnceLock::new();
    STATE.get_or_init(|| State::from_environment().map(Mutex::new)).as_ref()
}

fn locked(state: &Mutex<State>) -> MutexGuard<'_, State> {
    state.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A harness that cannot keep its promise must not go on.
fn give_up(why: &str) -> ! {
    let text = format!("everline-shim: {why}\n");
    // SAFETY: the buffer is as long as we say; the call ends without touching it.
    unsafe { libc::syscall(libc::SYS_write, libc::STDERR_FILENO, text.as_ptr(), text.len()) };
    std::process::abort()
}

fn fail(errno: c_int) -> c_long {
    // SAFETY: the place of this thread's own errno.
    unsafe { *libc::__errno_location() = errno };
    -1
}

fn int(result: c_long) -> c_int {
    c_int::try_from(result).unwrap_or(-1)
}

fn long(result: c_long) -> ssize_t {
    ssize_t::try_from(result).unwrap_or(-1)
}

fn size_of(stat: &stat) -> u64 {
    u64::try_from(stat.st_size).unwrap_or(0)
}

fn regular(stat: &stat) -> bool {
    stat.st_mode & libc::S_IFMT == libc::S_IFREG
}

fn fstat(fd: c_int) -> Option<stat> {
    let mut stat = MaybeUninit::uninit();
    // SAFETY: libc fills the whole struct when it answers 0; it is read only then.
    (unsafe { libc::fstat(fd, stat.as_mut_ptr()) } == 0).then(|| unsafe { stat.assume_init() })
}

/// The path a descriptor was opened under.
fn path_of(fd: c_int) -> Option<Vec<u8>> {
    read_link(&CString::new(format!("/proc/self/fd/{fd}")).ok()?)
}

fn read_link(link: &CStr) -> Option<Vec<u8>> {
    let mut path = vec![0; 4096];
    // SAFETY: both pointers are good for the lengths given.
    let length =
        unsafe { libc::syscall(libc::SYS_readlinkat, libc::AT_FDCWD, link.as_ptr(), path.as_mut_ptr(), path.len()) };
    path.truncate(usize::try_from(length).ok()?);
    Some(path)
}

/// # Safety
/// `path` is null or ends in a zero.
unsafe fn absolute(dir: c_int, path: *const c_char) -> Option<Vec<u8>> {
    if path.is_null() {
        return None;
    }
    // SAFETY: not null, and the caller vouches for its end.
    let path = unsafe { CStr::from_ptr(path) }.to_bytes();
    if path.starts_with(b"/") {
        return Some(path.to_vec());
    }
    let mut from = if dir == libc::AT_FDCWD { read_link(c"/proc/self/cwd")? } else { path_of(dir)? };
    from.push(b'/');
    from.extend_from_slice(path);
    Some(from)
}

impl State {
    fn from_environment() -> Option<Self> {
        let folder = variable(faults::FOLDER)?.into_bytes();
        let (journal, kept) = (variable(faults::JOURNAL), variable(faults::KEPT));
        let (Some(journal), Some(kept)) = (journal, kept) else { give_up("no journal or no folder for removed files") };
        let flags = libc::O_WRONLY | libc::O_CREAT | libc::O_APPEND | libc::O_CLOEXEC;
        // SAFETY: the path ends in a zero.
        let journal = unsafe { libc::syscall(libc::SYS_openat, libc::AT_FDCWD, journal.as_ptr(), flags, 0o600) };
        if journal < 0 {
            give_up("the journal cannot be opened");
        }
        let fault = variable(faults::FAULT).map(|text| match text.to_str().unwrap_or_default().parse() {
            Ok(fault) => fault,
            Err(_) => give_up("the fault makes no sense"),
        });
        Some(Self {
            folder,
            kept: kept.into_bytes(),
            journal: int(journal),
            fault,
            full: variable(faults::FULL),
            fast: variable(faults::FAST).is_some(),
            records: 0,
            calls: 0,
            removed: 0,
            files: HashMap::new(),
        })
    }

    fn watches(&self, path: &[u8]) -> bool {
        path.strip_prefix(self.folder.as_slice()).is_some_and(|rest| rest.starts_with(b"/"))
    }

    fn record(&mut self, record: &Record) {
        let bytes = record.encode();
        // SAFETY: the buffer is as long as we say.
        let written = unsafe { libc::syscall(libc::SYS_write, self.journal, bytes.as_ptr(), bytes.len()) };
        if usize::try_from(written) != Ok(bytes.len()) {
            give_up("the journal cannot be written");
        }
        self.records += 1;
    }

    fn file(&self, stat: &stat) -> Option<u32> {
        self.files.get(&(stat.st_dev, stat.st_ino)).copied()
    }

    /// The error this call is to end with, if one is planned.
    fn planned(&mut self, sync: bool, file: u32, grows: bool) -> Option<c_int> {
        let errno = self.fault.filter(|fault| fault.counts(sync)).and_then(|fault| {
            self.calls += 1;
            fault.hits(self.calls).then(|| match fault.instead {
                Instead::Broken => libc::EIO,
                Instead::NoSpace => libc::ENOSPC,
                // SAFETY: no pointers; it does not return.
                Instead::Kill => unsafe { libc::kill(libc::getpid(), libc::SIGKILL) },
            })
        });
        // SAFETY: the path ends in a zero.
        let there = |path: &CString| unsafe {
            libc::syscall(libc::SYS_faccessat, libc::AT_FDCWD, path.as_ptr(), libc::F_OK) == 0
        };
        let full = grows && self.full.as_ref().is_some_and(there);
        let errno = errno.or(full.then_some(libc::ENOSPC));
        if errno.is_some() {
            self.record(&Record::Failed { sync, file, call: self.calls });
        }
        errno
    }

    /// Writes down what a change of `length` bytes from `offset` on takes away.
    fn changes(&mut self, fd: c_int, file: u32, offset: u64, length: u64, sizes: (u64, u64)) {
        let (size_before, size_after) = sizes;
        let old = read(fd, offset, length.min(size_before.saturating_sub(offset)));
        self.record(&Record::Changed { file, offset, length, size_before, size_after, old });
    }

    fn name_for_removed(&mut self) -> Vec<u8> {
        self.removed += 1;
        // SAFETY: no pointers.
        let process = unsafe { libc::getpid() };
        [&self.kept, format!("/{process}-{}", self.removed).as_bytes()].concat()
    }

    /// Gives the file of that name another one, outside the folder, so that it can come back.
    fn keep(&mut self, path: &CStr) -> Option<Vec<u8>> {
        let kept = CString::new(self.name_for_removed()).ok()?;
        // SAFETY: both paths end in a zero.
        let done = unsafe {
            let (here, old, new) = (libc::AT_FDCWD, path.as_ptr(), kept.as_ptr());
            libc::syscall(libc::SYS_linkat, here, old, here, new, 0)
        };
        (done == 0).then(|| kept.into_bytes())
    }
}

/// Reads from a descriptor that may be open for writing only.
fn read(fd: c_int, offset: u64, length: u64) -> Vec<u8> {
    let mut old = vec![0; usize::try_from(length).unwrap_or(0)];
    if old.is_empty() {
        return old;
    }
    let Ok(path) = CString::new(format!("/proc/self/fd/{fd}")) else { give_up("no path") };
    // SAFETY: the path ends in a zero.
    let flags = unsafe { libc::syscall(libc::SYS_fcntl, fd, libc::F_GETFL) };
    let own = int(flags) & libc::O_ACCMODE == libc::O_WRONLY;
    let from = if own {
        // SAFETY: as above.
        unsafe { libc::syscall(libc::SYS_openat, libc::AT_FDCWD, path.as_ptr(), libc::O_RDONLY | libc::O_CLOEXEC) }
    } else {
        c_long::from(fd)
    };
    let mut done = 0;
    while let Some(rest) = old.get_mut(done..).filter(|rest| !rest.is_empty()) {
        let at = offset + u64::try_from(done).unwrap_or(0);
        // SAFETY: the buffer is as long as we say.
        let n = unsafe { libc::syscall(libc::SYS_pread64, from, rest.as_mut_ptr(), rest.len(), at) };
        match usize::try_from(n) {
            Ok(0) => break,
            Ok(n) => done += n,
            Err(_) => give_up("a watched file cannot be read"),
        }
    }
    if own {
        // SAFETY: it is ours, and nobody uses it any more.
        unsafe { libc::syscall(libc::SYS_close, from) };
    }
    old.truncate(done);
    old
}

/// # Safety
/// As `openat`.
pub unsafe fn open(dir: c_int, path: *const c_char, flags: c_int, mode: mode_t) -> c_int {
    // SAFETY: the caller's own pointer, with its own demands.
    let call = |flags: c_int| unsafe { libc::syscall(libc::SYS_openat, dir, path, flags | libc::O_LARGEFILE, mode) };
    let writes = flags & libc::O_ACCMODE != libc::O_RDONLY || flags & (libc::O_CREAT | libc::O_TRUNC) != 0;
    let Some(state) = state().filter(|_| writes) else { return int(call(flags)) };
    // SAFETY: the caller's path ends in a zero.
    let full = unsafe { absolute(dir, path) };
    let mut state = locked(state);
    let Some(full) = full.filter(|full| state.watches(full)) else {
        drop(state);
        return int(call(flags));
    };
    // SAFETY: as above.
    let existed = unsafe { libc::syscall(libc::SYS_faccessat, dir, path, libc::F_OK) } == 0;
    let fd = int(call(flags & !libc::O_TRUNC));
    let Some(stat) = fstat(fd).filter(|stat| fd >= 0 && regular(stat)) else { return fd };
    let next = u32::try_from(state.files.len() + 1).unwrap_or(u32::MAX);
    let file = *state.files.entry((stat.st_dev, stat.st_ino)).or_insert(next);
    if file == next || !existed {
        state.record(&Record::Known { file, path: full, created: !existed });
    }
    if flags & libc::O_TRUNC != 0 && stat.st_size > 0 {
        let size = size_of(&stat);
        state.changes(fd, file, 0, size, (size, 0));
        // SAFETY: no pointers.
        unsafe { libc::syscall(libc::SYS_ftruncate, fd, 0) };
    }
    fd
}

/// Makes a call that changes a file. `range` says from its size and its current offset what may change and which size
/// results.
fn change(fd: c_int, range: impl FnOnce(u64, u64) -> (u64, u64, u64), call: impl FnOnce() -> c_long) -> c_long {
    let Some(state) = state() else { return call() };
    if !fstat(fd).is_some_and(|stat| regular(&stat)) {
        return call();
    }
    let mut state = locked(state);
    let Some((stat, file)) = fstat(fd).and_then(|stat| Some((stat, state.file(&stat)?))) else {
        drop(state);
        return call();
    };
    let size = size_of(&stat);
    // SAFETY: no pointers.
    let (flags, at) = unsafe {
        (libc::syscall(libc::SYS_fcntl, fd, libc::F_GETFL), libc::syscall(libc::SYS_lseek, fd, 0, libc::SEEK_CUR))
    };
    let at = if int(flags) & libc::O_APPEND != 0 { size } else { u64::try_from(at).unwrap_or(0) };
    let (offset, length, size_after) = range(size, at);
    if let Some(errno) = state.planned(false, file, size_after > size) {
        return fail(errno);
    }
    state.changes(fd, file, offset, length, (size, size_after));
    call()
}

fn written(offset: u64, length: size_t, size: u64) -> (u64, u64, u64) {
    let length = u64::try_from(length).unwrap_or(u64::MAX);
    (offset, length, size.max(offset.saturating_add(length)))
}

fn unsigned(offset: off64_t) -> u64 {
    u64::try_from(offset).unwrap_or(0)
}

/// # Safety
/// As `write`.
pub unsafe fn write(fd: c_int, bytes: *const c_void, length: size_t) -> ssize_t {
    // SAFETY: the caller's own pointer, with its own demands.
    let call = || unsafe { libc::syscall(libc::SYS_write, fd, bytes, length) };
    long(change(fd, |size, at| written(at, length, size), call))
}

/// # Safety
/// As `pwrite`.
pub unsafe fn pwrite(fd: c_int, bytes: *const c_void, length: size_t, offset: off64_t) -> ssize_t {
    // SAFETY: the caller's own pointer, with its own demands.
    let call = || unsafe { libc::syscall(libc::SYS_pwrite64, fd, bytes, length, offset) };
    long(change(fd, |size, _| written(unsigned(offset), length, size), call))
}

/// # Safety
/// `parts` are `count` buffers.
unsafe fn total(parts: *const iovec, count: c_int) -> size_t {
    let count = usize::try_from(count).unwrap_or(0);
    if parts.is_null() || count == 0 {
        return 0;
    }
    // SAFETY: the caller vouches for the array.
    unsafe { std::slice::from_raw_parts(parts, count) }.iter().map(|part| part.iov_len).sum()
}

/// # Safety
/// As `writev`.
pub unsafe fn writev(fd: c_int, parts: *const iovec, count: c_int) -> ssize_t {
    // SAFETY: the caller's own pointers, with their own demands.
    let (length, call) = unsafe { (total(parts, count), || libc::syscall(libc::SYS_writev, fd, parts, count)) };
    long(change(fd, |size, at| written(at, length, size), call))
}

/// # Safety
/// As `pwritev`.
pub unsafe fn pwritev(fd: c_int, parts: *const iovec, count: c_int, offset: off64_t) -> ssize_t {
    // SAFETY: the caller's own pointers, with their own demands. The kernel takes the offset in two halves, and on 64
    // bits only looks at the first.
    let (length, call) =
        unsafe { (total(parts, count), || libc::syscall(libc::SYS_pwritev, fd, parts, count, offset, 0)) };
    long(change(fd, |size, _| written(unsigned(offset), length, size), call))
}

/// As `ftruncate`.
#[must_use]
pub fn ftruncate(fd: c_int, length: off64_t) -> c_int {
    let to = unsigned(length);
    // SAFETY: no pointers.
    let call = || unsafe { libc::syscall(libc::SYS_ftruncate, fd, length) };
    int(change(fd, |size, _| (to.min(size), size.saturating_sub(to), to), call))
}

/// As `fallocate`.
#[must_use]
pub fn fallocate(fd: c_int, mode: c_int, offset: off64_t, length: off64_t) -> c_int {
    let end = unsigned(offset).saturating_add(unsigned(length));
    // SAFETY: no pointers.
    let call = || unsafe { libc::syscall(libc::SYS_fallocate, fd, mode, offset, length) };
    let changed = |size: u64| match mode {
        0 => (size, 0, size.max(end)),
        libc::FALLOC_FL_KEEP_SIZE => (size, 0, size),
        // Holes and the like: bytes change, the size at most grows.
        _ => (unsigned(offset), unsigned(length), size.max(end)),
    };
    int(change(fd, |size, _| changed(size), call))
}

/// As `fsync`, or, with `data`, `fdatasync`.
#[must_use]
pub fn sync(fd: c_int, data: bool) -> c_int {
    let number = if data { libc::SYS_fdatasync } else { libc::SYS_fsync };
    // SAFETY: no pointers.
    let call = || unsafe { libc::syscall(number, fd) };
    let (Some(state), Some(stat)) = (state(), fstat(fd)) else { return int(call()) };
    let folder = (stat.st_mode & libc::S_IFMT == libc::S_IFDIR).then(|| path_of(fd)).flatten();
    let mut guard = locked(state);
    let file = guard.file(&stat);
    let watched = folder.as_ref().is_some_and(|path| *path == guard.folder || guard.watches(path));
    if file.is_none() && !watched {
        drop(guard);
        return int(call());
    }
    let (upto, fast) = (guard.records, guard.fast);
    let planned = guard.planned(true, file.unwrap_or(0), false);
    drop(guard);
    // Writes of other threads go on meanwhile: they are not covered.
    let done = match planned {
        Some(errno) => fail(errno),
        None if fast => 0,
        None => call(),
    };
    let record = match (file, folder, done == 0) {
        (Some(file), _, true) => Some(Record::Synced { file, upto }),
        (Some(file), _, false) => Some(Record::Dropped { file, upto }),
        (None, Some(path), true) => Some(Record::FolderSynced { path, upto }),
        (None, ..) => None,
    };
    if let Some(record) = record {
        // SAFETY: the place of this thread's own errno, kept over the record.
        let errno = unsafe { *libc::__errno_location() };
        locked(state).record(&record);
        fail(errno);
    }
    int(done)
}

/// # Safety
/// As `unlinkat`.
pub unsafe fn unlink(dir: c_int, path: *const c_char, flags: c_int) -> c_int {
    // SAFETY: the caller's own pointer, with its own demands.
    let call = || unsafe { libc::syscall(libc::SYS_unlinkat, dir, path, flags) };
    // SAFETY: the caller's path ends in a zero.
    let (Some(state), Some(full)) = (state(), unsafe { absolute(dir, path) }) else { return int(call()) };
    let mut state = locked(state);
    let kept = if state.watches(&full) && flags & libc::AT_REMOVEDIR == 0 {
        CString::new(full.as_slice()).ok().and_then(|full| state.keep(&full))
    } else {
        None
    };
    let done = call();
    if let Some(kept) = kept.filter(|_| done == 0) {
        state.record(&Record::Removed { path: full, kept });
    }
    int(done)
}

/// # Safety
/// As `renameat2`.
pub unsafe fn rename(from: (c_int, *const c_char), to: (c_int, *const c_char), flags: c_uint) -> c_int {
    // SAFETY: the caller's own pointers, with their own demands.
    let call = || unsafe { libc::syscall(libc::SYS_renameat2, from.0, from.1, to.0, to.1, flags) };
    // SAFETY: the caller's paths end in a zero.
    let paths = unsafe { (absolute(from.0, from.1), absolute(to.0, to.1)) };
    let (Some(state), (Some(old), Some(new))) = (state(), paths) else { return int(call()) };
    let mut state = locked(state);
    if !state.watches(&old) && !state.watches(&new) {
        return int(call());
    }
    let kept = CString::new(new.as_slice()).ok().and_then(|new| state.keep(&new)).unwrap_or_default();
    let done = call();
    if done == 0 {
        state.record(&Record::Renamed { from: old, to: new, kept });
    }
    int(done)
}

/// # Safety
/// As `linkat`.
pub unsafe fn link(from: (c_int, *const c_char), to: (c_int, *const c_char), flags: c_int) -> c_int {
    // SAFETY: the caller's own pointers, with their own demands.
    let call = || unsafe { libc::syscall(libc::SYS_linkat, from.0, from.1, to.0, to.1, flags) };
    // SAFETY: the caller's path ends in a zero.
    named(unsafe { absolute(to.0, to.1) }, call, |path| Record::Linked { path })
}

/// # Safety
/// As `mkdirat`.
pub unsafe fn mkdir(dir: c_int, path: *const c_char, mode: mode_t) -> c_int {
    // SAFETY: the caller's own pointer, with its own demands.
    let call = || unsafe { libc::syscall(libc::SYS_mkdirat, dir, path, mode) };
    // SAFETY: the caller's path ends in a zero.
    named(unsafe { absolute(dir, path) }, call, |path| Record::MadeFolder { path })
}

/// Makes a call that gives a name.
fn named(path: Option<Vec<u8>>, call: impl FnOnce() -> c_long, record: impl FnOnce(Vec<u8>) -> Record) -> c_int {
    let (Some(state), Some(path)) = (state(), path) else { return int(call()) };
    let mut state = locked(state);
    let done = call();
    if done == 0 && state.watches(&path) {
        state.record(&record(path));
    }
    int(done)
}

/// # Safety
/// As `clock_gettime`.
pub unsafe fn clock_gettime(clock: libc::clockid_t, time: *mut timespec) -> c_int {
    // SAFETY: the caller's own pointer, with its own demands.
    let done = unsafe { libc::syscall(libc::SYS_clock_gettime, clock, time) };
    if done == 0 && matches!(clock, libc::CLOCK_REALTIME | libc::CLOCK_REALTIME_COARSE) && !time.is_null() {
        // SAFETY: the kernel has just filled it.
        let time = unsafe { &mut *time };
        time.tv_sec = time.tv_sec.saturating_add(ahead_s());
    }
    int(done)
}

/// How many seconds the wall clock is to be ahead.
fn ahead_s() -> i64 {
    static FIXED: OnceLock<(i64, Option<CString>)> = OnceLock::new();
    let number = |text: &[u8]| std::str::from_utf8(text).ok().and_then(|text| text.trim().parse().ok());
    let fixed = || {
        let ahead_s = variable(faults::CLOCK).and_then(|text| number(text.to_bytes())).unwrap_or(0);
        (ahead_s, variable(faults::CLOCK_FILE))
    };
    let (fixed, file) = FIXED.get_or_init(fixed);
    let Some(file) = file else { return *fixed };
    let mut text = [0; 32];
    // SAFETY: the path ends in a zero, the buffer is as long as we say, the descriptor is ours.
    let read = unsafe {
        let flags = libc::O_RDONLY | libc::O_CLOEXEC;
        let fd = libc::syscall(libc::SYS_openat, libc::AT_FDCWD, file.as_ptr(), flags);
        let read = libc::syscall(libc::SYS_read, fd, text.as_mut_ptr(), text.len());
        libc::syscall(libc::SYS_close, fd);
        read
    };
    let text = usize::try_from(read).ok().and_then(|read| text.get(..read));
    text.and_then(number).unwrap_or(*fixed)
}
