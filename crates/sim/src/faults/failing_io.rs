//! The n-th write or fsync of a child fails, for one n after the other, and at last the disk is full.
//!
//! Each n has a store of its own, copied from one that was prepared; a child that is sent notices; and a disk on which one
//! call fails, once or from then on. Then nothing that was acknowledged may be missing, neither for the child that goes on
//! reading nor after a power cut; after a failed fsync nothing may be acknowledged any more; and the store, opened again,
//! takes what was refused and is in order.

use super::shim::Shim;
use crate::Failure;
use crate::crash::look::LookAtAll;
use crate::crash::process::{Running, Setting};
use crate::crash::protocol::{Ask, Say, Seen};
use crate::lines;
use crate::random::Random;
use crate::world::{Place, Provider, app, set_up, take_notice};
use everline_app::verify::verify;
use everline_core::ids::OrderId;
use everline_core::time::SECOND_US;
use everline_shim::faults::{Calls, Fault, Instead};
use everline_shim::rewind::Rewound;
use everline_testing::SqliteFile;
use futures_util::stream::{StreamExt as _, TryStreamExt as _, iter};
use std::collections::{HashMap, HashSet};
use std::fmt;
use std::fs::File;
use std::path::PathBuf;

/// What to run.
#[derive(Debug, Clone)]
pub struct Options {
    /// Renewals that are sent to each child: about fourteen writes and fsyncs each.
    pub renewals: u64,
    /// Every so manieth write and fsync; 1 for all of them.
    pub stride: u64,
    /// Every so manieth fsync, in a sweep of their own: there are few among the calls.
    pub sync_stride: u64,
    /// Which of the first `stride` calls is the first that fails, and what a cut loses.
    pub seed: u64,
    /// The program whose `crash-child` is run: this one.
    pub program: PathBuf,
}

/// What was done; everything held, or there is none.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Summary {
    calls: u64,
    syncs: u64,
    stride: u64,
    sync_stride: u64,
    runs: u64,
    failed_writes: u64,
    failed_syncs: u64,
    acknowledged: u64,
    refused: u64,
    went_on: u64,
}

impl fmt::Display for Summary {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            calls,
            syncs,
            stride,
            sync_stride,
            runs,
            failed_writes,
            failed_syncs,
            acknowledged,
            refused,
            went_on,
        } = self;
        write!(
            f,
            "faults sqlite: {runs} runs, every {stride}. of {calls} writes and fsyncs and every {sync_stride}. of {syncs} fsyncs failing, EIO and ENOSPC, once and for \
             good ({failed_writes} runs with a failed write, {failed_syncs} with a failed fsync); {acknowledged} \
             acknowledged, {refused} refused, none lost, none doubled; {went_on} children went on after the failure; a full \
             disk refused, read on and recovered"
        )
    }
}

/// How a call fails in a run.
const WAYS: [(Instead, bool); 4] =
    [(Instead::Broken, false), (Instead::Broken, true), (Instead::NoSpace, false), (Instead::NoSpace, true)];

/// Checkpoints in the background only.
const BACKGROUND: &[&str] = &["--checkpoint-rows", "200"];
/// Checkpoints by the writer only.
const WRITER: &[&str] = &["--checkpoint-rows", "1000000000", "--wal-pages", "100"];

/// Notices under way at once.
const IN_FLIGHT: usize = 8;

/// Runs them all.
///
/// # Errors
/// [`Failure::Broken`] if a promise does not hold, with the failure that broke it.
pub async fn run(options: &Options) -> Result<Summary, Failure> {
    let bench = Bench::prepare(options).await?;
    let mut summary =
        Summary { stride: options.stride.max(1), sync_stride: options.sync_stride.max(1), ..Summary::default() };
    let whole = bench.scene(None, options.seed).await?;
    summary.calls = whole.rewound.calls;
    summary.syncs = whole.rewound.syncs;
    let sweeps = [(Calls::All, summary.calls, summary.stride), (Calls::Syncs, summary.syncs, summary.sync_stride)];
    for (calls, last, stride) in sweeps {
        let nths = (1 + options.seed % stride..=last).step_by(usize::try_from(stride).unwrap_or(1));
        for (nth, (instead, on)) in nths.flat_map(|nth| WAYS.map(|way| (nth, way))) {
            let fault = Fault { instead, on, calls, nth };
            let end = bench.scene(Some(fault), options.seed ^ nth).await.map_err(|failure| match failure {
                Failure::Broken(text) => Failure::Broken(format!("with `{fault}`: {text}")),
                other => other,
            })?;
            summary.runs += 1;
            summary.failed_writes += u64::from(end.rewound.failed.0 > 0);
            summary.failed_syncs += u64::from(end.rewound.failed.1 > 0);
            summary.acknowledged += end.acknowledged;
            summary.refused += end.refused;
            summary.went_on += u64::from(end.went_on);
        }
    }
    bench.full_disk(options.seed).await?;
    Ok(summary)
}

/// A notice and the order it pays.
struct Paid {
    order: OrderId,
    out_trade_no: String,
    notice: String,
}

/// A prepared store, from which every run starts.
struct Bench {
    file: SqliteFile,
    provider: Provider,
    program: PathBuf,
    paid: Vec<Paid>,
}

/// How a run ended.
struct End {
    rewound: Rewound,
    acknowledged: u64,
    refused: u64,
    /// Something was acknowledged that was sent after a refusal was heard, or, where nothing goes on in the background,
    /// after everything else was answered.
    went_on: bool,
}

/// A child on its own store.
struct Scene<'a> {
    bench: &'a Bench,
    setting: Setting,
    /// Removed with the scene, after the rest.
    #[expect(dead_code, reason = "only held")]
    file: SqliteFile,
    complaints: PathBuf,
    acknowledged: HashSet<usize>,
    refused: u64,
    went_on: bool,
    heard_refusal: bool,
    serial: u64,
}

impl Bench {
    async fn prepare(options: &Options) -> Result<Self, Failure> {
        let (file, provider) = (SqliteFile::new(), Provider::new()?);
        let app = app(Place::Sqlite(file.path()).open().await?, provider.trust())?;
        set_up(&app).await?;
        let made = lines::make(&app, 0, options.renewals.max(10), 1).await?;
        let paid_at_s = app.clock.now().system.us() / SECOND_US;
        let mut paid = Vec::new();
        for awaiting in made {
            let notice = provider.notice(&awaiting.out_trade_no, awaiting.amount, paid_at_s)?;
            let notice = String::from_utf8(notice).map_err(|error| Failure::unusable("a notice", &error))?;
            paid.push(Paid { order: awaiting.order, out_trade_no: awaiting.out_trade_no, notice });
        }
        app.store.close().await;
        Ok(Self { file, provider, program: options.program.clone(), paid })
    }

    fn stage(&self, words: &[&'static str], prepare: impl FnOnce(Shim) -> Shim) -> Result<Scene<'_>, Failure> {
        let file = SqliteFile::new();
        std::fs::copy(self.file.path(), file.path()).map_err(Failure::io("a copy of the store"))?;
        let shim = Shim::new(&self.program, file.dir())?;
        let complaints = shim.beside("complaints");
        let setting = Setting {
            program: self.program.clone(),
            place: Place::Sqlite(file.path()),
            trust: self.provider.trust().clone(),
            words: words.to_vec(),
            shim: Some(prepare(shim.fast())),
        };
        Ok(Scene {
            bench: self,
            file,
            setting,
            complaints,
            acknowledged: HashSet::new(),
            refused: 0,
            went_on: false,
            heard_refusal: false,
            serial: 0,
        })
    }

    /// One child, with one failure or none, to its end.
    async fn scene(&self, fault: Option<Fault>, seed: u64) -> Result<End, Failure> {
        // Checkpoints are among what fails: in the background, or, as if that had been left behind, by the writer.
        let words = if fault.is_some_and(|fault| fault.nth % 2 == 0) { WRITER } else { BACKGROUND };
        let mut scene = self.stage(words, |shim| match fault {
            Some(fault) => shim.failing(fault),
            None => shim,
        })?;
        let mut child = scene.start()?;
        // A child that cannot open its store says so and ends.
        if child.next()? == Some(Say::Ready) {
            let all: Vec<usize> = (0..self.paid.len()).collect();
            scene.send(&mut child, &all)?;
            scene.still_reads(&mut child)?;
            // Once more: whoever acknowledges this after a failed fsync has not stopped. (A checkpoint in the background may
            // be just about to say that it failed.)
            let failed = words == WRITER && scene.shim()?.sync_failed()?;
            scene.went_on |= failed && scene.still_takes(&mut child)?;
        } else if fault.is_none() {
            return Err(Failure::Unusable(format!("the child does not start: {}", scene.complained())));
        }
        child.kill()?;
        let rewound = scene.cut(seed)?;
        let (failed_writes, failed_syncs) = rewound.failed;
        let counted = |fault: Fault| if fault.calls == Calls::Syncs { rewound.syncs } else { rewound.calls };
        // A run has not always as many calls as another.
        if fault.is_some_and(|fault| counted(fault) > fault.nth + 50) && failed_writes + failed_syncs == 0 {
            return Err(Failure::Unusable("nothing failed".to_owned()));
        }
        let stops = rewound.failed_files_synced > 0;
        if stops && scene.went_on {
            return Err(Failure::Broken("the store acknowledged after a failure that had to stop it".to_owned()));
        }
        if fault.is_none() && scene.refused > 0 {
            return Err(Failure::Broken(format!("refused although nothing failed: {}", scene.complained())));
        }
        scene.settle().await?;
        let acknowledged = u64::try_from(scene.acknowledged.len()).unwrap_or(u64::MAX);
        Ok(End { rewound, acknowledged, refused: scene.refused, went_on: scene.went_on })
    }

    /// A disk that is full for a while.
    async fn full_disk(&self, seed: u64) -> Result<(), Failure> {
        let mut scene = self.stage(BACKGROUND, Shim::limited)?;
        let mut child = scene.start()?;
        child.ready()?;
        let (before, rest) = self.indexes(5);
        scene.send(&mut child, &before)?;
        if scene.refused > 0 {
            return Err(Failure::Broken(format!("refused before the disk was full: {}", scene.complained())));
        }
        scene.shim()?.full(true)?;
        scene.send(&mut child, &rest)?;
        // What fits into the room that a file has already may be taken.
        if scene.refused == 0 || scene.acknowledged.len() == self.paid.len() {
            return Err(Failure::Broken("a full disk takes everything".to_owned()));
        }
        scene.still_reads(&mut child)?;
        scene.shim()?.full(false)?;
        let again: Vec<usize> = rest.into_iter().filter(|index| !scene.acknowledged.contains(index)).collect();
        (scene.refused, scene.heard_refusal) = (0, false);
        scene.send(&mut child, &again)?;
        if scene.refused > 0 {
            return Err(Failure::Broken(format!("refused although there is room again: {}", scene.complained())));
        }
        child.kill()?;
        scene.cut(seed)?;
        scene.settle().await
    }

    /// The first notices, and the others.
    fn indexes(&self, first: usize) -> (Vec<usize>, Vec<usize>) {
        ((0..first).collect(), (first..self.paid.len()).collect())
    }
}

impl Scene<'_> {
    fn start(&self) -> Result<Running, Failure> {
        let complaints = File::create(&self.complaints).map_err(Failure::io("a file"))?;
        Running::start_with(&self.setting, Some(complaints))
    }

    fn shim(&self) -> Result<&Shim, Failure> {
        self.setting.shim.as_ref().ok_or_else(|| Failure::Unusable("the disk is not watched".to_owned()))
    }

    fn cut(&self, seed: u64) -> Result<Rewound, Failure> {
        self.shim()?.cut(&mut Random::new(seed))
    }

    /// The last thing the child complained about.
    fn complained(&self) -> String {
        let text = std::fs::read_to_string(&self.complaints).unwrap_or_default();
        text.lines().last().unwrap_or("nothing").to_owned()
    }

    /// Sends notices, some at once, until all are answered.
    fn send(&mut self, child: &mut Running, indexes: &[usize]) -> Result<(), Failure> {
        let (mut next, mut open) = (indexes.iter(), HashMap::new());
        loop {
            while open.len() < IN_FLIGHT
                && let Some(index) = next.next()
            {
                let Some(paid) = self.bench.paid.get(*index) else { continue };
                self.serial += 1;
                child.ask(&Ask::Take { serial: self.serial, notice: &paid.notice })?;
                open.insert(self.serial, (*index, self.heard_refusal));
            }
            if open.is_empty() {
                return Ok(());
            }
            match child.hear()? {
                Say::Acknowledged(serial) => {
                    if let Some((index, after_refusal)) = open.remove(&serial) {
                        self.acknowledged.insert(index);
                        self.went_on |= after_refusal;
                    }
                }
                Say::NotYet(serial) => {
                    open.remove(&serial);
                    self.refused += 1;
                    self.heard_refusal = true;
                }
                // It is refused in the next line.
                Say::Damaged(_) => {}
                other => return Err(Failure::Unusable(format!("the child said {other:?}"))),
            }
        }
    }

    /// Whether a notice that was answered before is acknowledged.
    fn still_takes(&mut self, child: &mut Running) -> Result<bool, Failure> {
        let Some(paid) = self.bench.paid.first() else { return Ok(false) };
        self.serial += 1;
        child.ask(&Ask::Take { serial: self.serial, notice: &paid.notice })?;
        match child.hear()? {
            Say::Acknowledged(_) => {
                self.acknowledged.insert(0);
                Ok(true)
            }
            _ => Ok(false),
        }
    }

    /// Whatever cannot be written, what was acknowledged can be read.
    fn still_reads(&mut self, child: &mut Running) -> Result<(), Failure> {
        for index in self.acknowledged.iter().take(IN_FLIGHT) {
            let Some(paid) = self.bench.paid.get(*index) else { continue };
            self.serial += 1;
            child.ask(&Ask::Look { serial: self.serial, out_trade_no: &paid.out_trade_no })?;
            match child.hear()? {
                Say::Seen(_, Seen::ONCE) => {}
                other => {
                    let (number, complaint) = (&paid.out_trade_no, self.complained());
                    return Err(Failure::Broken(format!(
                        "reading the renewal paid as {number}: {other:?} ({complaint})"
                    )));
                }
            }
        }
        Ok(())
    }

    /// Opens what the disk holds: what was acknowledged is there once; what was not can be sent again, and then is.
    async fn settle(&self) -> Result<(), Failure> {
        let lost = |failure: Failure| match failure {
            Failure::Broken(_) => failure,
            other => Failure::Broken(format!("LOST: opened again: {other}")),
        };
        let app = app(self.setting.place.open().await.map_err(lost)?, &self.setting.trust)?;
        let mut seen = app.store.read(LookAtAll).await.map_err(|stop| lost(stop.into()))?;
        for (index, paid) in self.bench.paid.iter().enumerate() {
            let seen = seen.remove(&paid.order).unwrap_or_default();
            let acknowledged = self.acknowledged.contains(&index);
            if !(seen == Seen::ONCE || (seen == Seen::NOTHING && !acknowledged)) {
                let what = if acknowledged { "acknowledged" } else { "not acknowledged" };
                let text = format!("LOST: the renewal paid as {} ({what}): the store holds {seen}", paid.out_trade_no);
                return Err(Failure::Broken(text));
            }
        }
        let taken = iter(&self.bench.paid).map(|paid| take_notice(&app, paid.notice.as_bytes())).buffered(64);
        let taken: Result<Vec<()>, _> = taken.try_collect().await;
        taken.map_err(|problem| Failure::Broken(format!("opened again, the store refuses: {problem}")))?;
        let seen = app.store.read(LookAtAll).await?;
        if let Some((order, seen)) = seen.iter().find(|(_, seen)| **seen != Seen::ONCE) {
            return Err(Failure::Broken(format!("after everything was sent again, order {order}: {seen}")));
        }
        let report = verify(&app.store, &app.brand, &app.zone, app.clock.now()).await?;
        app.store.close().await;
        if report.clean() { Ok(()) } else { Err(Failure::Broken(format!("verify: {report}"))) }
    }
}
