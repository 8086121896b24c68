//! The disk's own speed: append a record, wait until it is on the disk, again.

use super::report::Rate;
use crate::Failure;
use crate::stopwatch::Stopwatch;
use std::fs::File;
use std::io::Write as _;
use std::path::Path;

/// About what one renewal writes, counted in the columns of its rows: the notice (1,100), the job (300), what changes of
/// order, attempt, line, account and allowance (900), transfers, receipt, names and timers (700).
const RECORD_BYTES: usize = 3_000;

/// Appends records to a file in `dir`, each with an `fdatasync`, for `seconds`.
pub(super) fn fdatasync(dir: &Path, seconds: u64) -> Result<Rate, Failure> {
    let path = dir.join("fdatasync");
    let mut file = File::create(&path).map_err(Failure::io("a file"))?;
    let record = vec![b'r'; RECORD_BYTES];
    let (clock, mut count) = (Stopwatch::start(), 0);
    while clock.us() < seconds.saturating_mul(1_000_000) {
        file.write_all(&record).and_then(|()| file.sync_data()).map_err(Failure::io("fdatasync"))?;
        count += 1;
    }
    let us = clock.us();
    std::fs::remove_file(&path).map_err(Failure::io("a file"))?;
    Ok(Rate { count, us })
}
