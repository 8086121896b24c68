//! The child, seen from its parent.

use super::protocol::{Ask, Say};
use crate::Failure;
use crate::faults::shim::Shim;
use crate::stopwatch::Stopwatch;
use crate::world::{Place, Trust};
use std::fs::File;
use std::io::{BufRead as _, BufReader, Write as _};
use std::path::PathBuf;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::sync::atomic::{AtomicBool, Ordering::SeqCst};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// What every child of a run is started with.
pub(crate) struct Setting {
    /// The program whose `crash-child` runs.
    pub(crate) program: PathBuf,
    /// The store.
    pub(crate) place: Place,
    /// The keys.
    pub(crate) trust: Trust,
    /// Further words of its command line.
    pub(crate) words: Vec<&'static str>,
    /// The disk under it, if it is watched.
    pub(crate) shim: Option<Shim>,
}

/// A child that says nothing for so long, while it is asked or waited for, hangs. No answer takes a tenth of it on a busy
/// machine.
const SILENCE_MAX: Duration = Duration::from_secs(120);

/// A child that runs.
pub(crate) struct Running {
    process: Arc<Mutex<Child>>,
    /// Closed to let it end by itself.
    to: Option<ChildStdin>,
    from: BufReader<ChildStdout>,
    started: Stopwatch,
    watchdog: Watchdog,
}

impl Running {
    /// Starts `program crash-child` on a store.
    pub(crate) fn start(setting: &Setting) -> Result<Self, Failure> {
        Self::start_with(setting, None)
    }

    /// The same, with its complaints going into a file.
    pub(crate) fn start_with(setting: &Setting, complaints: Option<File>) -> Result<Self, Failure> {
        let started = Stopwatch::start();
        let mut command = Command::new(&setting.program);
        command.arg("crash-child").args(&setting.words);
        match &setting.place {
            Place::Sqlite(file) => command.arg("--sqlite").arg(file),
            Place::Postgres(config) => command.arg("--postgres").arg(config),
        };
        if let Some(shim) = &setting.shim {
            shim.apply(&mut command);
        }
        if let Some(complaints) = complaints {
            command.stderr(complaints);
        }
        let mut process = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().map_err(Failure::io("child"))?;
        let pipes = (process.stdin.take(), process.stdout.take());
        let (Some(to), Some(from)) = pipes else { return Err(Failure::Unusable("a child without pipes".to_owned())) };
        let process = Arc::new(Mutex::new(process));
        let watchdog = Watchdog::start(process.clone(), SILENCE_MAX)?;
        let mut this = Self { process, to: Some(to), from: BufReader::new(from), started, watchdog };
        let keys = format!("{} {}\n", setting.trust.merchant.to_base64()?, setting.trust.gateway.to_base64()?);
        this.write(&keys)?;
        Ok(this)
    }

    fn write(&mut self, line: &str) -> Result<(), Failure> {
        let Some(to) = &mut self.to else { return Err(Failure::Unusable("the child was told to end".to_owned())) };
        to.write_all(line.as_bytes()).map_err(|error| match self.watchdog.bitten() {
            true => hangs(),
            false => Failure::io("the child does not listen")(error),
        })
    }

    /// Waits until it takes notices; how long that took from its start, in microseconds.
    pub(crate) fn ready(&mut self) -> Result<u64, Failure> {
        match self.hear()? {
            Say::Ready => Ok(self.started.us()),
            Say::Damaged(said) => Err(Failure::Damaged(said)),
            other => Err(Failure::Unusable(format!("the child began with {other:?}"))),
        }
    }

    /// Asks something.
    pub(crate) fn ask(&mut self, ask: &Ask<'_>) -> Result<(), Failure> {
        self.write(&ask.to_string())
    }

    /// Waits for what it says next.
    pub(crate) fn hear(&mut self) -> Result<Say, Failure> {
        let heard = self.next()?;
        heard.ok_or_else(|| {
            if self.watchdog.bitten() { hangs() } else { Failure::Unusable("the child ended by itself".to_owned()) }
        })
    }

    /// Waits for what it says next; nothing, if it has ended.
    pub(crate) fn next(&mut self) -> Result<Option<Say>, Failure> {
        let mut line = String::new();
        self.from.read_line(&mut line).map_err(Failure::io("the child"))?;
        if line.is_empty() {
            return Ok(None);
        }
        self.watchdog.pat();
        let said = line.trim_end().parse();
        said.map(Some).map_err(|_| Failure::Unusable(format!("the child said {line:?}")))
    }

    /// Kills it without warning (`SIGKILL`), waits until it is gone, and returns what it had said by then: whatever
    /// stands in the pipe was acknowledged, whether or not anybody had read it.
    pub(crate) fn kill(mut self) -> Result<Vec<Say>, Failure> {
        let mut process = locked(&self.process);
        process.kill().map_err(Failure::io("kill"))?;
        process.wait().map_err(Failure::io("wait"))?;
        drop(process);
        let mut said = Vec::new();
        while let Some(next) = self.next()? {
            said.push(next);
        }
        Ok(said)
    }
}

impl Drop for Running {
    /// A run that ends early leaves no process behind.
    fn drop(&mut self) {
        let mut process = locked(&self.process);
        let _ = process.kill();
        let _ = process.wait();
    }
}

fn locked(process: &Mutex<Child>) -> MutexGuard<'_, Child> {
    process.lock().unwrap_or_else(PoisonError::into_inner)
}

fn hangs() -> Failure {
    Failure::Broken(format!("HANGS: the child said nothing for {} s, and was killed", SILENCE_MAX.as_secs()))
}

/// Kills a process that makes no progress.
struct Watchdog {
    pats: Sender<()>,
    bitten: Arc<AtomicBool>,
}

impl Watchdog {
    fn start(process: Arc<Mutex<Child>>, silence_max: Duration) -> Result<Self, Failure> {
        let (pats, heard) = channel();
        let bitten = Arc::new(AtomicBool::new(false));
        let biting = bitten.clone();
        let watch = move || watch(&process, &heard, silence_max, &biting);
        std::thread::Builder::new().name("watchdog".to_owned()).spawn(watch).map_err(Failure::io("a thread"))?;
        Ok(Self { pats, bitten })
    }

    /// There was progress.
    fn pat(&self) {
        let _ = self.pats.send(());
    }

    /// Whether it killed the process.
    fn bitten(&self) -> bool {
        self.bitten.load(SeqCst)
    }
}

/// Ends when the other end of `heard` is gone.
fn watch(process: &Mutex<Child>, heard: &Receiver<()>, silence_max: Duration, bitten: &AtomicBool) {
    loop {
        match heard.recv_timeout(silence_max) {
            Ok(()) => {}
            Err(RecvTimeoutError::Disconnected) => return,
            Err(RecvTimeoutError::Timeout) => {
                bitten.store(true, SeqCst);
                let _ = locked(process).kill();
                return;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_silent_process_is_killed_and_a_talking_one_is_not() {
        let cat = || Command::new("cat").stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
        let mut silent = cat();
        let mut out = silent.stdout.take().unwrap();
        let silent = Arc::new(Mutex::new(silent));
        let watchdog = Watchdog::start(silent.clone(), Duration::from_millis(1)).unwrap();
        assert_eq!(std::io::copy(&mut out, &mut std::io::sink()).unwrap(), 0, "the pipe ends with the process");
        assert!(watchdog.bitten());
        assert!(!locked(&silent).wait().unwrap().success());

        let talking = Arc::new(Mutex::new(cat()));
        let watchdog = Watchdog::start(talking.clone(), SILENCE_MAX).unwrap();
        watchdog.pat();
        let bitten = watchdog.bitten.clone();
        drop(watchdog);
        drop(locked(&talking).stdin.take());
        assert!(locked(&talking).wait().unwrap().success());
        assert!(!bitten.load(SeqCst));
    }
}
