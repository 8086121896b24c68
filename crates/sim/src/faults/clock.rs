//! The wall clock of the process jumps: by a day and by ten years, forward and back, around 29 February and ends of months.
//!
//! A child runs under a wall clock of its own (the monotonic one stays) and does what it is told: run the timers, place an
//! order, take a notice, accept the time. Whatever the clock says, each renewal is there once and no two ids meet; no line
//! ends while nobody has said that the clock is right; and it does end then, not a second before.

use super::shim::Shim;
use crate::Failure;
use crate::crash::look::LookAtAll;
use crate::crash::protocol::Seen;
use crate::lines;
use crate::world::{PLAN, Place, Provider, Trust, app, app_at, set_up, take_notice};
use everline_app::App;
use everline_app::clock::Clock;
use everline_app::timers;
use everline_app::verify::verify;
use everline_core::ids::{CustomerId, LineId, RawId};
use everline_core::line::{Line, LineState};
use everline_core::time::{BusinessTime, DAY_US, MINUTE_US, SECOND_US, SystemTime};
use everline_store::{Stop, Tx, Work, tables};
use everline_testing::SqliteFile;
use std::convert::Infallible;
use std::fmt;
use std::io::{BufRead as _, BufReader, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::sync::Arc;
use tempfile::TempDir;

/// Whose preload library moves the clock.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum Library {
    /// Ours, which leaves everything else alone.
    Ours,
    /// Debian's libfaketime, which nobody here wrote.
    Faketime,
}

/// What was done; everything held, or there is none.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Summary {
    library: Library,
    starts: u64,
    jumps: u64,
    renewals: u64,
}

impl fmt::Display for Summary {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { library, starts, jumps, renewals } = self;
        let by = if *library == Library::Ours { "clock" } else { "clock by faketime" };
        write!(
            f,
            "{by} sqlite: {jumps} jumps from {starts} starting points (29 February, ends of months, today), by a second, a \
             day and ten years: {renewals} renewals, none lost, none doubled, no line ended early, none late, verify clean"
        )
    }
}

/// Where the clock begins: seconds since 1970.
const STARTS: &[(&str, i64)] = &[
    ("2028-02-28T23:59:50+08:00", 1_835_366_390),
    ("2028-02-29T12:00:00+08:00", 1_835_409_600),
    ("2027-01-31T23:59:58+08:00", 1_801_411_198),
    ("2027-02-28T23:59:58+08:00", 1_803_830_398),
    ("2026-12-31T23:59:58+08:00", 1_798_732_798),
    ("2026-11-22T12:00:00+08:00", 1_795_320_000),
];

const DAY_S: i64 = DAY_US / SECOND_US;
const TEN_YEARS_S: i64 = 3_653 * DAY_S;

/// Runs the jumps from every starting point.
///
/// # Errors
/// [`Failure::Broken`] if a line ends early or late, or a renewal is not there once.
pub async fn run(program: &Path, library: Library) -> Result<Summary, Failure> {
    let mut summary = Summary { library, starts: 0, jumps: 0, renewals: 0 };
    for (name, start_s) in STARTS {
        let mut scene = Scene::new(program, library, *start_s).await?;
        scene.play().await.map_err(|failure| match failure {
            Failure::Broken(text) => Failure::Broken(format!("from {name}: {text}")),
            other => other,
        })?;
        summary.starts += 1;
        summary.jumps += scene.jumps;
        summary.renewals += scene.renewals;
    }
    Ok(summary)
}

/// A store, its lines, and the clock that the child will see.
struct Scene {
    file: SqliteFile,
    provider: Provider,
    program: PathBuf,
    library: Library,
    start_s: i64,
    lines: Vec<(CustomerId, LineId)>,
    jumps: u64,
    renewals: u64,
}

impl Scene {
    async fn new(program: &Path, library: Library, start_s: i64) -> Result<Self, Failure> {
        let (file, provider) = (SqliteFile::new(), Provider::new()?);
        let app = at(&file, &provider, start_s - 3_600).await?;
        set_up(&app).await?;
        let mut lines = Vec::new();
        for n in 0..4 {
            let (customer, line) = (CustomerId(app.clock.id()), LineId(app.clock.id()));
            lines::add(&app, customer, line, n).await?;
            lines.push((customer, line));
        }
        app.store.close().await;
        Ok(Self { file, provider, program: program.to_owned(), library, start_s, lines, jumps: 0, renewals: 0 })
    }

    async fn play(&mut self) -> Result<(), Failure> {
        let start_s = self.start_s;
        let mut life = Life::start(self, start_s)?;
        for at in 0..self.lines.len() {
            self.renew(&mut life, at, start_s)?;
        }
        life.end()?;
        let ends = self.ends(start_s).await?;
        // A day and ten years away and back, while it runs: a line is renewed there, and none ends.
        for (at, by_s) in [(0, DAY_S), (1, -DAY_S), (0, TEN_YEARS_S), (1, -TEN_YEARS_S)] {
            let mut life = Life::start(self, start_s)?;
            life.jump(start_s + by_s)?;
            life.due()?;
            self.renew(&mut life, at, start_s + by_s)?;
            life.jump(start_s)?;
            life.due()?;
            life.end()?;
            self.jumps += 2;
            self.none_earlier(&ends, start_s, by_s).await?;
        }
        // The same, found when it starts.
        for by_s in [-DAY_S, -TEN_YEARS_S, TEN_YEARS_S] {
            let mut life = Life::start(self, start_s + by_s)?;
            life.due()?;
            life.end()?;
            self.jumps += 1;
            self.none_earlier(&ends, start_s, by_s).await?;
        }
        self.audit(start_s + 60, true).await?;
        // People say that the clock is right: a minute before the end of the two lines that were renewed once all serve (the clock
        // goes on, and a busy machine takes its time), a second after it these two have ended.
        let end_us = ends.iter().skip(2).map(|end| end.us()).max().unwrap_or(0);
        for (after_us, serves) in [(-MINUTE_US, true), (SECOND_US, false)] {
            let at_s = (end_us + after_us).div_euclid(SECOND_US);
            let mut life = Life::start(self, start_s)?;
            life.jump(at_s)?;
            life.accept()?;
            life.due()?;
            life.end()?;
            self.jumps += 1;
            for (n, line) in self.read(at_s).await?.iter().enumerate() {
                // The first two were renewed again.
                let expected = serves || n < 2;
                if (line.state == LineState::Active) != expected {
                    let (state, until) = (line.state, line.service_until.map(BusinessTime::us));
                    let text = format!("line {n} at {at_s} s, the service ends at {until:?} µs: {state:?}");
                    return Err(Failure::Broken(text));
                }
            }
        }
        // Ten years on everything has ended.
        let last_s = start_s + TEN_YEARS_S;
        let mut life = Life::start(self, start_s)?;
        life.jump(last_s)?;
        life.accept()?;
        life.due()?;
        life.end()?;
        self.jumps += 1;
        if self.read(last_s).await?.iter().any(|line| line.state == LineState::Active) {
            return Err(Failure::Broken("a line serves for ten years".to_owned()));
        }
        // Periods that are over are forgotten, and not counted.
        self.audit(last_s, false).await
    }

    /// Orders, pays, and is told of the payment twice.
    fn renew(&mut self, life: &mut Life, at: usize, now_s: i64) -> Result<(), Failure> {
        let Some((customer, line)) = self.lines.get(at) else { return Ok(()) };
        let out_trade_no = life.ask("placed", &format!("place {customer} {line}"))?;
        let notice = self.provider.notice(&out_trade_no, crate::world::PRICE, now_s)?;
        let notice = String::from_utf8(notice).map_err(|error| Failure::unusable("a notice", &error))?;
        for _ in 0..2 {
            life.ask("acknowledged", &format!("take {notice}"))?;
        }
        life.due()?;
        self.renewals += 1;
        Ok(())
    }

    async fn read(&self, now_s: i64) -> Result<Vec<Line>, Failure> {
        let app = at(&self.file, &self.provider, now_s).await?;
        let lines = app.store.read(Lines(self.lines.clone())).await;
        app.store.close().await;
        lines.map_err(|stop| Failure::Store(stop.into()))
    }

    /// When the service of each line ends. All must serve.
    async fn ends(&self, now_s: i64) -> Result<Vec<BusinessTime>, Failure> {
        let lines = self.read(now_s).await?;
        if let Some((n, line)) = lines.iter().enumerate().find(|(_, line)| line.state != LineState::Active) {
            return Err(Failure::Broken(format!("line {n} is paid for and does not serve: {:?}", line.state)));
        }
        Ok(lines.iter().filter_map(|line| line.service_until).collect())
    }

    /// No service ends earlier than it did.
    async fn none_earlier(&self, ends: &[BusinessTime], now_s: i64, by_s: i64) -> Result<(), Failure> {
        let later = self.ends(now_s).await.map_err(|failure| match failure {
            Failure::Broken(text) => Failure::Broken(format!("a jump by {by_s} s: {text}")),
            other => other,
        })?;
        if later.len() != ends.len() || later.iter().zip(ends).any(|(later, end)| later < end) {
            return Err(Failure::Broken(format!("after a jump by {by_s} s a service ends earlier than was paid for")));
        }
        Ok(())
    }

    async fn audit(&self, now_s: i64, count: bool) -> Result<(), Failure> {
        let app = at(&self.file, &self.provider, now_s).await?;
        let seen = app.store.read(LookAtAll).await?;
        if let Some((order, seen)) = seen.iter().find(|(_, seen)| count && **seen != Seen::ONCE) {
            return Err(Failure::Broken(format!("order {order}: the store holds {seen}")));
        }
        if u64::try_from(seen.len()) != Ok(self.renewals) {
            return Err(Failure::Broken(format!("{} orders where {} were placed", seen.len(), self.renewals)));
        }
        let report = verify(&app.store, &app.brand, &app.zone, app.clock.now()).await?;
        app.store.close().await;
        if report.clean() { Ok(()) } else { Err(Failure::Broken(format!("verify: {report}"))) }
    }
}

/// The platform at a time that stands still.
async fn at(file: &SqliteFile, provider: &Provider, now_s: i64) -> Result<App, Failure> {
    let clock = Clock::manual(SystemTime::from_us(now_s.saturating_mul(SECOND_US)), now_s.unsigned_abs());
    app_at(Place::Sqlite(file.path()).open().await?, provider.trust(), Arc::new(clock))
}

/// Reads lines.
struct Lines(Vec<(CustomerId, LineId)>);

impl Work for Lines {
    const NAME: &'static str = "sim_lines";
    type Out = Vec<Line>;
    type Refusal = Infallible;
    async fn run(&self, tx: &mut Tx) -> Result<Vec<Line>, Stop<Infallible>> {
        let mut lines = Vec::new();
        for (customer, line) in &self.0 {
            lines.extend(tables::line::get(tx, *customer, *line).await?);
        }
        Ok(lines)
    }
}

/// The wall clock of a child. The other clocks stay.
enum Wall {
    Ours(Shim),
    Faketime { library: PathBuf, folder: TempDir },
}

impl Wall {
    fn new(scene: &Scene) -> Result<Self, Failure> {
        if scene.library == Library::Ours {
            return Ok(Wall::Ours(Shim::new(&scene.program, scene.file.dir())?.fast().with_clock()));
        }
        // Debian has a folder for each architecture.
        let architectures = std::fs::read_dir("/usr/lib").map_err(Failure::io("/usr/lib"))?.flatten();
        let mut libraries = architectures.map(|folder| folder.path().join("faketime/libfaketimeMT.so.1"));
        let library = libraries.find(|library| library.exists());
        let library = library.ok_or_else(|| Failure::Unusable("no libfaketime is installed".to_owned()))?;
        let folder = tempfile::Builder::new().prefix("everline-clock-").tempdir().map_err(Failure::io("a folder"))?;
        Ok(Wall::Faketime { library, folder })
    }

    /// Sets it this many seconds ahead.
    fn set(&self, ahead_s: i64) -> Result<(), Failure> {
        match self {
            Wall::Ours(shim) => shim.clock(ahead_s),
            Wall::Faketime { folder, .. } => {
                // Whole at once: the clock may be looked at in the same moment.
                let (new, file) = (folder.path().join("new"), folder.path().join("time"));
                let written = std::fs::write(&new, format!("{ahead_s:+}")).and_then(|()| std::fs::rename(new, file));
                written.map_err(Failure::io("the clock"))
            }
        }
    }

    fn apply(&self, command: &mut Command) {
        match self {
            Wall::Ours(shim) => shim.apply(command),
            Wall::Faketime { library, folder } => {
                command.env("LD_PRELOAD", library).env("FAKETIME_TIMESTAMP_FILE", folder.path().join("time"));
                command.env("FAKETIME_NO_CACHE", "1").env("FAKETIME_DONT_FAKE_MONOTONIC", "1");
            }
        }
    }
}

/// A child under a clock that jumps.
struct Life {
    process: Child,
    to: Option<ChildStdin>,
    from: BufReader<ChildStdout>,
    wall: Wall,
    /// What the machine's own clock says.
    real_s: i64,
}

impl Life {
    fn start(scene: &Scene, now_s: i64) -> Result<Self, Failure> {
        let wall = Wall::new(scene)?;
        let real_s = Clock::machine().now().system.us() / SECOND_US;
        wall.set(now_s - real_s)?;
        let mut command = Command::new(&scene.program);
        command.arg("clock-child").arg("--sqlite").arg(scene.file.path());
        wall.apply(&mut command);
        let mut process = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().map_err(Failure::io("child"))?;
        let (to, from) = (process.stdin.take(), process.stdout.take());
        let from = from.ok_or_else(|| Failure::Unusable("a child without pipes".to_owned()))?;
        let mut this = Self { process, to, from: BufReader::new(from), wall, real_s };
        let Trust { merchant, gateway } = scene.provider.trust();
        this.ask("ready", &format!("{} {}", merchant.to_base64()?, gateway.to_base64()?))?;
        Ok(this)
    }

    fn jump(&self, now_s: i64) -> Result<(), Failure> {
        self.wall.set(now_s - self.real_s)
    }

    /// Lets the timers run.
    fn due(&mut self) -> Result<(), Failure> {
        self.ask("ran", "due").map(drop)
    }

    /// Says that the clock is right.
    fn accept(&mut self) -> Result<(), Failure> {
        self.ask("accepted", "accept").map(drop)
    }

    /// Asks, and takes the rest of an answer that begins with `word`.
    fn ask(&mut self, word: &str, line: &str) -> Result<String, Failure> {
        let told = self.to.as_mut().map(|to| to.write_all(format!("{line}\n").as_bytes()));
        if !matches!(told, Some(Ok(()))) {
            return Err(Failure::Unusable("the child does not listen".to_owned()));
        }
        let mut answer = String::new();
        self.from.read_line(&mut answer).map_err(Failure::io("the child"))?;
        match answer.trim_end().strip_prefix(word) {
            Some(rest) => Ok(rest.trim_start().to_owned()),
            None => Err(Failure::Broken(format!("asked to be {word}, the child says {answer:?}"))),
        }
    }

    fn end(mut self) -> Result<(), Failure> {
        drop(self.to.take());
        let ended = self.process.wait().map_err(Failure::io("wait"))?;
        if ended.success() { Ok(()) } else { Err(Failure::Broken(format!("the child ended with {ended}"))) }
    }
}

impl Drop for Life {
    /// A run that ends early leaves no process behind.
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// The child: does what it is told, line by line, at whatever time its clock says.
///
/// # Errors
/// Whatever opening the store meets.
pub async fn child(place: &Place) -> Result<(), Failure> {
    let mut asked = std::io::stdin().lock().lines();
    let keys = asked.next().and_then(Result::ok).unwrap_or_default();
    let app = app(place.open().await?, &Trust::parse(&keys)?)?;
    timers::restore_business_time(&app).await?;
    println!("ready");
    for line in asked {
        let line = line.map_err(Failure::io("the parent"))?;
        println!("{}", answer(&app, &line).await.unwrap_or_else(|failure| format!("problem {failure}")));
    }
    app.store.close().await;
    Ok(())
}

async fn answer(app: &App, line: &str) -> Result<String, Failure> {
    let words: Vec<&str> = line.split(' ').collect();
    let id = |text: &str| text.parse::<RawId>().map_err(|_| Failure::Unusable("no id".to_owned()));
    match words.as_slice() {
        ["due"] => {
            timers::watch_time(app, &mut None).await?;
            Ok(format!("ran {}", timers::run_due(app, app.clock.now()).await?))
        }
        ["accept"] => {
            timers::accept_time(app).await?;
            Ok("accepted".to_owned())
        }
        ["place", customer, line] => {
            let (customer, line) = (CustomerId(id(customer)?), LineId(id(line)?));
            Ok(format!("placed {}", lines::place(app, customer, line, PLAN).await?.out_trade_no))
        }
        ["take", notice] => {
            let taken = take_notice(app, notice.as_bytes()).await;
            taken.map_err(|problem| Failure::unusable("a notice", &problem))?;
            Ok("acknowledged".to_owned())
        }
        _ => Err(Failure::Unusable("no such thing to do".to_owned())),
    }
}
