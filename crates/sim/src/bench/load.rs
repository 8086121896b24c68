//! Load: notices as fast as so many senders can, and notices at times that were fixed before.

use super::report::Rate;
use crate::Failure;
use crate::stopwatch::Stopwatch;
use crate::world::take_notice;
use everline_app::App;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::time::Duration;
use tokio::task::JoinSet;

/// What a run of load did.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Done {
    /// Acknowledged notices, and how long the run took.
    pub(super) rate: Rate,
    /// Microseconds of each.
    pub(super) latencies_us: Vec<u64>,
    /// Processor time of this process meanwhile.
    pub(super) cpu_us: u64,
    /// What this process had the disk write meanwhile.
    pub(super) bytes: u64,
    /// Processor time of the machine's PostgreSQL servers meanwhile.
    pub(super) server_us: u64,
}

/// What this process has used so far, and the database server beside it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Spent {
    /// Processor time of all its threads, in microseconds.
    pub(super) cpu_us: u64,
    /// Bytes that it had the disk write.
    pub(super) bytes: u64,
    /// Processor time of every PostgreSQL process of the machine that lives, in microseconds.
    pub(super) server_us: u64,
}

impl Spent {
    pub(super) fn now() -> Result<Self, Failure> {
        Ok(Self { cpu_us: cpu_us("/proc/self/stat")?, bytes: written_bytes()?, server_us: server_us() })
    }
    /// What was used since.
    pub(super) fn since(self, before: Self) -> Self {
        Self {
            cpu_us: self.cpu_us.saturating_sub(before.cpu_us),
            bytes: self.bytes.saturating_sub(before.bytes),
            server_us: self.server_us.saturating_sub(before.server_us),
        }
    }
}

/// `senders` tasks that each send the next notice when the last one is acknowledged, for `seconds` or until there are no
/// more.
pub(super) async fn closed(app: &App, notices: Vec<Vec<u8>>, senders: usize, seconds: u64) -> Result<Done, Failure> {
    let (notices, next) = (Arc::new(notices), Arc::new(AtomicUsize::new(0)));
    let (clock, before) = (Stopwatch::start(), Spent::now()?);
    let end_us = seconds.saturating_mul(1_000_000);
    let mut tasks = JoinSet::new();
    for _ in 0..senders {
        let (app, notices, next) = (app.clone(), notices.clone(), next.clone());
        tasks.spawn(async move {
            let mut latencies = Vec::new();
            while clock.us() < end_us
                && let Some(notice) = notices.get(next.fetch_add(1, Relaxed))
            {
                let sent = Stopwatch::start();
                take_notice(&app, notice).await.map_err(|problem| problem.to_string())?;
                latencies.push(sent.us());
            }
            Ok(latencies)
        });
    }
    finish(tasks, clock, before).await
}

/// One notice every `1/per_second`, whether or not the earlier ones are acknowledged; the latency of each is counted from
/// when it was due.
pub(super) async fn open(app: &App, notices: Vec<Vec<u8>>, per_second: u64) -> Result<Done, Failure> {
    let (clock, before) = (Stopwatch::start(), Spent::now()?);
    let mut tasks = JoinSet::new();
    for (notice, number) in notices.into_iter().zip(0u64..) {
        let due_us = number.saturating_mul(1_000_000) / per_second.max(1);
        while let Some(early_us) = due_us.checked_sub(clock.us()).filter(|us| *us > 0) {
            tokio::time::sleep(Duration::from_micros(early_us)).await;
        }
        let app = app.clone();
        tasks.spawn(async move {
            take_notice(&app, &notice).await.map_err(|problem| problem.to_string())?;
            Ok(vec![clock.us().saturating_sub(due_us)])
        });
    }
    finish(tasks, clock, before).await
}

async fn finish(
    mut tasks: JoinSet<Result<Vec<u64>, String>>,
    clock: Stopwatch,
    before: Spent,
) -> Result<Done, Failure> {
    let mut latencies_us = Vec::new();
    while let Some(ended) = tasks.join_next().await {
        let latencies = ended.map_err(|error| Failure::unusable("a sender", &error))?;
        latencies_us.extend(latencies.map_err(|problem| Failure::unusable("a notice is not acknowledged", &problem))?);
    }
    let us = clock.us();
    let count = u64::try_from(latencies_us.len()).unwrap_or(u64::MAX);
    let Spent { cpu_us, bytes, server_us } = Spent::now()?.since(before);
    Ok(Done { rate: Rate { count, us }, latencies_us, cpu_us, bytes, server_us })
}

/// Processor time that a process has used, all its threads, ended ones too (proc(5): `utime` and `stime` of `stat`, in
/// hundredths of a second).
fn cpu_us(path: impl AsRef<std::path::Path>) -> Result<u64, Failure> {
    let stat = std::fs::read_to_string(path).map_err(Failure::io("a process's stat"))?;
    // The name of the program, in parentheses, may hold blanks; `state` is the first field behind it.
    let fields = stat.rsplit_once(')').map_or("", |(_, rest)| rest).split_ascii_whitespace();
    let ticks: u64 = fields.skip(11).take(2).filter_map(|field| field.parse::<u64>().ok()).sum();
    Ok(ticks.saturating_mul(10_000))
}

/// What all PostgreSQL processes together have used; 0 where there are none.
fn server_us() -> u64 {
    let processes = std::fs::read_dir("/proc").into_iter().flatten().flatten().map(|entry| entry.path());
    let servers = processes.filter(|process| {
        std::fs::read_to_string(process.join("comm")).is_ok_and(|name| name.trim_end() == "postgres")
    });
    servers.filter_map(|process| cpu_us(process.join("stat")).ok()).sum()
}

/// Bytes that this process had the disk write (proc(5): `write_bytes` of `/proc/self/io`); 0 where the kernel does not
/// count them.
fn written_bytes() -> Result<u64, Failure> {
    let io = std::fs::read_to_string("/proc/self/io").map_err(Failure::io("/proc/self/io"))?;
    let bytes = io.lines().find_map(|line| line.strip_prefix("write_bytes: "));
    Ok(bytes.and_then(|bytes| bytes.trim().parse().ok()).unwrap_or(0))
}
