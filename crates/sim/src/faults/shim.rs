//! The disk under a child: a folder watched by the preload library, what is to fail there, and the power cut.

use crate::Failure;
use crate::random::Random;
use everline_shim::faults::{self, Fault};
use everline_shim::journal::{Record, records};
use everline_shim::rewind::{Rewound, rewind};
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::Command;
use tempfile::TempDir;

/// A watched folder.
pub(crate) struct Shim {
    library: PathBuf,
    folder: PathBuf,
    /// The journal, the files whose names were removed, the sign that the disk is full, the clock.
    beside: TempDir,
    settings: Vec<(&'static str, OsString)>,
}

impl Shim {
    /// Watches `folder`, which exists. `program` is the program that is run under it: the library lies beside it.
    pub(crate) fn new(program: &Path, folder: &Path) -> Result<Self, Failure> {
        let library = program.parent().unwrap_or(Path::new(".")).join("examples/libpreload.so");
        if !library.exists() {
            return Err(Failure::Unusable(format!(
                "{} is not there: build it with `cargo build -p everline-shim --example preload`, and with --release for \
                 a release build",
                library.display()
            )));
        }
        let folder = folder.canonicalize().map_err(Failure::io("the folder"))?;
        // On the same file system, so that a removed file can be kept by another name.
        let home = folder.parent().unwrap_or(Path::new("/"));
        let beside = tempfile::Builder::new().prefix("everline-shim-").tempdir_in(home);
        let beside = beside.map_err(Failure::io("a folder"))?;
        let this = Self { library, folder, beside, settings: Vec::new() };
        std::fs::create_dir(this.kept()).map_err(Failure::io("a folder"))?;
        Ok(this)
    }

    /// Plays the fsyncs only: nothing waits for the disk.
    pub(crate) fn fast(mut self) -> Self {
        self.settings.push((faults::FAST, "1".into()));
        self
    }

    /// Makes calls fail.
    pub(crate) fn failing(mut self, fault: Fault) -> Self {
        self.settings.push((faults::FAULT, fault.to_string().into()));
        self
    }

    /// Lets the disk be full while [`full`](Self::full) says so.
    pub(crate) fn limited(mut self) -> Self {
        self.settings.push((faults::FULL, self.sign().into()));
        self
    }

    /// Lets the wall clock run as [`clock`](Self::clock) says.
    pub(crate) fn with_clock(mut self) -> Self {
        self.settings.push((faults::CLOCK_FILE, self.clock_file().into()));
        self
    }

    /// Puts a program under it.
    pub(crate) fn apply(&self, command: &mut Command) {
        command.env("LD_PRELOAD", &self.library).env(faults::FOLDER, &self.folder);
        command.env(faults::JOURNAL, self.journal()).env(faults::KEPT, self.kept());
        command.envs(self.settings.iter().map(|(name, value)| (name, value)));
    }

    /// The power goes: takes the folder back to what the disk may hold, as `random` decides. The program is dead.
    pub(crate) fn cut(&self, random: &mut Random) -> Result<Rewound, Failure> {
        let rewound = rewind(&self.journal(), &mut |end| random.below(end)).map_err(Failure::io("the power cut"))?;
        match std::fs::remove_file(self.journal()) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                return Err(Failure::io("the journal")(error));
            }
            _ => {}
        }
        std::fs::remove_dir_all(self.kept()).map_err(Failure::io("a folder"))?;
        std::fs::create_dir(self.kept()).map_err(Failure::io("a folder"))?;
        Ok(rewound)
    }

    /// Whether the fsync of a file was made to fail by now.
    pub(crate) fn sync_failed(&self) -> Result<bool, Failure> {
        let journal = std::fs::read(self.journal()).map_err(Failure::io("the journal"))?;
        let records = records(&journal).map_err(|n| Failure::Unusable(format!("record {n} of the journal")))?;
        Ok(records.iter().any(|record| matches!(record, Record::Failed { sync: true, file: 1.., .. })))
    }

    /// Fills the disk, or makes room.
    pub(crate) fn full(&self, full: bool) -> Result<(), Failure> {
        let done = if full { std::fs::write(self.sign(), "") } else { std::fs::remove_file(self.sign()) };
        done.map_err(Failure::io("the sign of a full disk"))
    }

    /// Sets the wall clock this many seconds ahead.
    pub(crate) fn clock(&self, ahead_s: i64) -> Result<(), Failure> {
        // Whole at once: the clock may be looked at in the same moment.
        let new = self.beside.path().join("clock.new");
        let written = std::fs::write(&new, ahead_s.to_string()).and_then(|()| std::fs::rename(new, self.clock_file()));
        written.map_err(Failure::io("the clock"))
    }

    /// A path beside the watched folder, for a file of the harness.
    pub(crate) fn beside(&self, name: &str) -> PathBuf {
        self.beside.path().join(name)
    }

    fn journal(&self) -> PathBuf {
        self.beside.path().join("journal")
    }

    fn kept(&self) -> PathBuf {
        self.beside.path().join("kept")
    }

    fn sign(&self) -> PathBuf {
        self.beside.path().join("full")
    }

    fn clock_file(&self) -> PathBuf {
        self.beside.path().join("clock")
    }
}
