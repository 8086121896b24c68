//! The child, seen from its parent.

use super::protocol::{Ask, Say};
use crate::Failure;
use crate::stopwatch::Stopwatch;
use crate::world::{Place, Trust};
use std::io::{BufRead as _, BufReader, Write as _};
use std::path::Path;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

/// A child that runs.
pub(super) struct Running {
    process: Child,
    to: ChildStdin,
    from: BufReader<ChildStdout>,
    started: Stopwatch,
}

impl Running {
    /// Starts `program crash-child` on a store.
    pub(super) fn start(program: &Path, place: &Place, trust: &Trust) -> Result<Self, Failure> {
        let started = Stopwatch::start();
        let mut command = Command::new(program);
        command.arg("crash-child");
        match place {
            Place::Sqlite(file) => command.arg("--sqlite").arg(file),
            Place::Postgres(config) => command.arg("--postgres").arg(config),
        };
        let mut process = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().map_err(Failure::io("child"))?;
        let pipes = (process.stdin.take(), process.stdout.take());
        let (Some(to), Some(from)) = pipes else { return Err(Failure::Unusable("a child without pipes".to_owned())) };
        let mut this = Self { process, to, from: BufReader::new(from), started };
        let keys = format!("{} {}\n", trust.merchant.to_base64()?, trust.gateway.to_base64()?);
        this.write(&keys)?;
        Ok(this)
    }

    fn write(&mut self, line: &str) -> Result<(), Failure> {
        self.to.write_all(line.as_bytes()).map_err(Failure::io("the child does not listen"))
    }

    /// Waits until it takes notices; how long that took from its start, in microseconds.
    pub(super) fn ready(&mut self) -> Result<u64, Failure> {
        match self.hear()? {
            Say::Ready => Ok(self.started.us()),
            other => Err(Failure::Unusable(format!("the child began with {other:?}"))),
        }
    }

    /// Asks something.
    pub(super) fn ask(&mut self, ask: &Ask<'_>) -> Result<(), Failure> {
        self.write(&ask.to_string())
    }

    /// Waits for what it says next.
    pub(super) fn hear(&mut self) -> Result<Say, Failure> {
        self.next()?.ok_or_else(|| Failure::Unusable("the child ended by itself".to_owned()))
    }

    fn next(&mut self) -> Result<Option<Say>, Failure> {
        let mut line = String::new();
        self.from.read_line(&mut line).map_err(Failure::io("the child"))?;
        if line.is_empty() {
            return Ok(None);
        }
        let said = line.trim_end().parse();
        said.map(Some).map_err(|_| Failure::Unusable(format!("the child said {line:?}")))
    }

    /// Kills it without warning (`SIGKILL`), waits until it is gone, and returns what it had said by then: whatever
    /// stands in the pipe was acknowledged, whether or not anybody had read it.
    pub(super) fn kill(mut self) -> Result<Vec<Say>, Failure> {
        self.process.kill().map_err(Failure::io("kill"))?;
        self.process.wait().map_err(Failure::io("wait"))?;
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
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}
