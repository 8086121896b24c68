//! The library for `LD_PRELOAD`: libc's names, handed to [`everline_shim::recorder`]. For one child of a harness, never
//! for a program that serves anybody.
#![allow(unsafe_code, missing_docs, reason = "takes the place of libc's functions, whose documentation is libc's")]
#![allow(clippy::missing_safety_doc, reason = "each demands what libc's of the same name demands")]

use everline_shim::recorder;
use libc::{
    AT_FDCWD, O_CREAT, O_TRUNC, O_WRONLY, c_char, c_int, c_uint, c_void, clockid_t, iovec, mode_t, off64_t, size_t,
    ssize_t, time_t, timespec, timeval,
};

// `open` takes its mode as a variable argument. Where these libraries run, that arrives where a third argument would; it is
// looked at only if the flags ask for it.

#[unsafe(no_mangle)]
pub unsafe extern "C" fn open(path: *const c_char, flags: c_int, mode: mode_t) -> c_int {
    unsafe { recorder::open(AT_FDCWD, path, flags, mode) }
}
#[unsafe(no_mangle)]
pub unsafe extern "C" fn open64(path: *const c_char, flags: c_int, mode: mode_t) -> c_int {
    unsafe { recorder::open(AT_FDCWD, path, flags, mode) }
}
#[unsafe(no_mangle)]
pub unsafe extern "C" fn openat(dir: c_int, path: *const c_char, flags: c_int, mode: mode_t) -> c_int {
    unsafe { recorder::open(dir, path, flags, mode) }
}
#[unsafe(no_mangle)]
pub unsafe extern "C" fn openat64(dir: c_int, path: *const c_char, flags: c_int, mode: mode_t) -> c_int {
    unsafe { recorder::open(dir, path, flags, mode) }
}
#[unsafe(no_mangle)]
pub unsafe extern "C" fn creat(path: *const c_char, mode: mode_t) -> c_int {
    unsafe { recorder::open(AT_FDCWD, path, O_CREAT | O_WRONLY | O_TRUNC, mode) }
}
#[unsafe(no_mangle)]
pub unsafe extern "C" fn creat64(path: *const c_char, mode: mode_t) -> c_int {
    unsafe { recorder::open(AT_FDCWD, path, O_CREAT | O_WRONLY | O_TRUNC, mode) }
}

#[unsafe(no_mangle)]
pub unsafe extern "C" fn write(fd: c_int, bytes: *const c_void, length: size_t) -> ssize_t {
    unsafe { recorder::write(fd, bytes, length) }
}
#[unsafe(no_mangle)]
pub unsafe extern "C" fn pwrite(fd: c_int, bytes: *const c_void, length: size_t, offset: off64_t) -> ssize_t {
    unsafe { recorder::pwrite(fd, bytes, length, offset) }
}
#[unsafe(no_mangle)]
pub unsafe extern "C" fn pwrite64(fd: c_int, bytes: *const c_void, length: size_t, offset: off64_t) -> ssize_t {
    unsafe { recorder::pwrite(fd, bytes, length, offset) }
}
#[unsafe(no_mangle)]
pub unsafe extern "C" fn writev(fd: c_int, parts: *const iovec, count: c_int) -> ssize_t {
    unsafe { recorder::writev(fd, parts, count) }
}
#[unsafe(no_mangle)]
pub unsafe extern "C" fn pwritev(fd: c_int, parts: *const iovec, count: c_int, offset: off64_t) -> ssize_t {
    unsafe { recorder::pwritev(fd, parts, count, offset) }
}
#[unsafe(no_mangle)]
pub unsafe extern "C" fn pwritev64(fd: c_int, parts: *const iovec, count: c_int, offset: off64_t) -> ssize_t {
    unsafe { recorder::pwritev(fd, parts, count, offset) }
}

#[unsafe(no_mangle)]
pub extern "C" fn ftruncate(fd: c_int, length: off64_t) -> c_int {
    recorder::ftruncate(fd, length)
}
#[unsafe(no_mangle)]
pub extern "C" fn ftruncate64(fd: c_int, length: off64_t) -> c_int {
    recorder::ftruncate(fd, length)
}
#[unsafe(no_mangle)]
pub extern "C" fn fallocate(fd: c_int, mode: c_int, offset: off64_t, length: off64_t) -> c_int {
    recorder::fallocate(fd, mode, offset, length)
}
#[unsafe(no_mangle)]
pub extern "C" fn fallocate64(fd: c_int, mode: c_int, offset: off64_t, length: off64_t) -> c_int {
    recorder::fallocate(fd, mode, offset, length)
}
/// Answers the error itself.
#[unsafe(no_mangle)]
pub extern "C" fn posix_fallocate(fd: c_int, offset: off64_t, length: off64_t) -> c_int {
    if recorder::fallocate(fd, 0, offset, length) == 0 { 0 } else { unsafe { *libc::__errno_location() } }
}
/// Answers the error itself.
#[unsafe(no_mangle)]
pub extern "C" fn posix_fallocate64(fd: c_int, offset: off64_t, length: off64_t) -> c_int {
    posix_fallocate(fd, offset, length)
}

#[unsafe(no_mangle)]
pub extern "C" fn fsync(fd: c_int) -> c_int {
    recorder::sync(fd, false)
}
#[unsafe(no_mangle)]
pub extern "C" fn fdatasync(fd: c_int) -> c_int {
    recorder::sync(fd, true)
}

#[unsafe(no_mangle)]
pub unsafe extern "C" fn unlink(path: *const c_char) -> c_int {
    unsafe { recorder::unlink(AT_FDCWD, path, 0) }
}
#[unsafe(no_mangle)]
pub unsafe extern "C" fn unlinkat(dir: c_int, path: *const c_char, flags: c_int) -> c_int {
    unsafe { recorder::unlink(dir, path, flags) }
}
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rename(from: *const c_char, to: *const c_char) -> c_int {
    unsafe { recorder::rename((AT_FDCWD, from), (AT_FDCWD, to), 0) }
}
#[unsafe(no_mangle)]
pub unsafe extern "C" fn renameat(old: c_int, from: *const c_char, new: c_int, to: *const c_char) -> c_int {
    unsafe { recorder::rename((old, from), (new, to), 0) }
}
#[unsafe(no_mangle)]
pub unsafe extern "C" fn renameat2(
    old: c_int,
    from: *const c_char,
    new: c_int,
    to: *const c_char,
    flags: c_uint,
) -> c_int {
    unsafe { recorder::rename((old, from), (new, to), flags) }
}
#[unsafe(no_mangle)]
pub unsafe extern "C" fn link(from: *const c_char, to: *const c_char) -> c_int {
    unsafe { recorder::link((AT_FDCWD, from), (AT_FDCWD, to), 0) }
}
#[unsafe(no_mangle)]
pub unsafe extern "C" fn linkat(old: c_int, from: *const c_char, new: c_int, to: *const c_char, flags: c_int) -> c_int {
    unsafe { recorder::link((old, from), (new, to), flags) }
}
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mkdir(path: *const c_char, mode: mode_t) -> c_int {
    unsafe { recorder::mkdir(AT_FDCWD, path, mode) }
}
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mkdirat(dir: c_int, path: *const c_char, mode: mode_t) -> c_int {
    unsafe { recorder::mkdir(dir, path, mode) }
}

#[unsafe(no_mangle)]
pub unsafe extern "C" fn clock_gettime(clock: clockid_t, time: *mut timespec) -> c_int {
    unsafe { recorder::clock_gettime(clock, time) }
}

fn wall() -> timespec {
    let mut now = timespec { tv_sec: 0, tv_nsec: 0 };
    // SAFETY: the struct is ours.
    unsafe { recorder::clock_gettime(libc::CLOCK_REALTIME, &raw mut now) };
    now
}
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gettimeofday(time: *mut timeval, _: *mut c_void) -> c_int {
    let now = wall();
    if !time.is_null() {
        unsafe { *time = timeval { tv_sec: now.tv_sec, tv_usec: now.tv_nsec / 1000 } };
    }
    0
}
#[unsafe(no_mangle)]
pub unsafe extern "C" fn time(time: *mut time_t) -> time_t {
    let now = wall().tv_sec;
    if !time.is_null() {
        unsafe { *time = now };
    }
    now
}
