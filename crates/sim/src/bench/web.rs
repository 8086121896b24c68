//! Pages a second: home, plans and renewal as signed-in customers see them, beside a page that needs no store on the same server;
//! and whether a page costs more in a store of a million lines than in one of a thousand.
//!
//! Server and callers share the machine and the process. A caller keeps one connection and asks again as soon as it has the
//! whole answer, each time as another of the customers drawn at random. The pages are taken in turns, several rounds each, so
//! that what disturbs the machine disturbs all of them. Two stores are measured one after the other: what disturbs the machine in
//! between shows in the page that needs no store, so costs are compared beside that page too.

use crate::Failure;
use crate::ground::{Ground, Wanted};
use crate::mass::multiply;
use crate::quick;
use crate::random::Random;
use crate::stopwatch::Stopwatch;
use crate::world::{Provider, app, set_up};
use everline_app::App;
use everline_app::sign_in::{Principal, open_session};
use everline_core::ids::{CustomerId, LineId};
use everline_testing::Fsync;
use everline_web::{WebConfig, router};
use serde::Serialize;
use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::Arc;
use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::{TcpListener, TcpStream};

/// What to measure.
#[derive(Debug, Clone)]
pub struct Options {
    /// On which store.
    pub wanted: Wanted,
    /// Lines in the store, one run for each.
    pub lines: Vec<u64>,
    /// Seconds of each page in each round.
    pub seconds: u64,
    /// Rounds.
    pub rounds: u64,
    /// Callers at once.
    pub concurrency: usize,
}

/// One page in one store, as JSON.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Figure {
    /// `web`.
    pub name: &'static str,
    /// On which store.
    pub store: &'static str,
    /// Lines in it.
    pub lines: u64,
    /// The page.
    pub page: &'static str,
    /// Pages a second, over all rounds.
    pub per_second: u64,
    /// The median and the 99th percentile of an answer, in microseconds.
    pub p50_us: u64,
    /// The 99th percentile.
    pub p99_us: u64,
    /// Thousandths of the page that needs no store, in the same run.
    pub to_empty_permille: u64,
    /// Octets of an answer.
    pub octets: u64,
}

/// The page that needs no store.
const EMPTY: &str = "empty";
/// Lines that are really made; the others are copies of them under other ids ([`crate::mass`]).
const MADE: u64 = 10_000;
/// Customers who are signed in.
const SIGNED_IN: usize = 200;

/// Somebody who is signed in, and a line of theirs.
#[derive(Clone)]
struct Visitor {
    token: String,
    line: LineId,
}

/// The path of a page for a line.
type Path = fn(LineId) -> String;

/// The pages, and their paths for a line.
fn pages() -> [(&'static str, Path); 5] {
    [
        (EMPTY, |_| "/offline".to_owned()),
        ("home", |_| "/home".to_owned()),
        ("line", |line| format!("/lines/{line}")),
        ("plans", |line| format!("/lines/{line}/plans")),
        ("renewal", |line| format!("/lines/{line}/renew")),
    ]
}

/// Measures, telling people how far it is.
///
/// # Errors
/// Whatever keeps it from measuring; [`Failure::Broken`] if a page is not answered with 200.
pub async fn web(options: &Options) -> Result<Vec<Figure>, Failure> {
    let mut figures = Vec::new();
    for lines in &options.lines {
        figures.extend(one(options, *lines).await?);
    }
    for (page, small, large) in compared(&figures) {
        println!(
            "{page}: a page costs {} % with {} lines of what it costs with {}; beside the page that needs no store, {} %",
            small.per_second * 100 / large.per_second.max(1),
            large.lines,
            small.lines,
            cost_percent(small, large)
        );
    }
    Ok(figures)
}

/// What a page may cost in the largest store of what it costs in the smallest, both beside the page that needs no store.
pub const LIMIT_PERCENT: u64 = 130;

/// The pages that cost more than [`LIMIT_PERCENT`].
#[must_use]
pub fn too_dear(figures: &[Figure]) -> Vec<&'static str> {
    let dear =
        |(page, small, large): (_, &Figure, &Figure)| (cost_percent(small, large) > LIMIT_PERCENT).then_some(page);
    compared(figures).into_iter().filter_map(dear).collect()
}

fn cost_percent(small: &Figure, large: &Figure) -> u64 {
    small.to_empty_permille * 100 / large.to_empty_permille.max(1)
}

/// Each page in the smallest store and in the largest, if there are two.
fn compared(figures: &[Figure]) -> Vec<(&'static str, &Figure, &Figure)> {
    let (least, most) = (figures.iter().map(|of| of.lines).min(), figures.iter().map(|of| of.lines).max());
    let of = |page, lines| figures.iter().find(|figure| figure.page == page && Some(figure.lines) == lines);
    let both = |(page, _): (&'static str, _)| Some((page, of(page, least)?, of(page, most)?));
    pages().into_iter().filter_map(both).filter(|_| least != most).collect()
}

async fn one(options: &Options, lines: u64) -> Result<Vec<Figure>, Failure> {
    let ground = Ground::new(&options.wanted, Fsync::Off).await?;
    let trust = Provider::new()?;
    let app = app(ground.place.open().await?, trust.trust())?;
    set_up(&app).await?;
    let mut all = quick::make_lines(&app, lines.min(MADE)).await?;
    let copies = u32::try_from(lines / MADE).unwrap_or(u32::MAX).saturating_sub(1);
    multiply(&app, options.wanted.store, copies).await?;
    ground.settle().await?;
    let mut random = Random::new(1);
    random.shuffle(&mut all);
    let visitors = Arc::new(sign_in(&app, &all).await?);
    println!("{lines} lines with a running plan, {} customers signed in", visitors.len());

    let listener = TcpListener::bind("127.0.0.1:0").await.map_err(Failure::io("listen"))?;
    let address = listener.local_addr().map_err(Failure::io("listen"))?;
    let config = WebConfig::new(format!("http://{address}"));
    let serve = axum::serve(listener, router(app.clone(), config));
    let server = tokio::spawn(async move { serve.await });

    let mut taken: BTreeMap<&'static str, Taken> = BTreeMap::new();
    for round in 0..options.rounds + 1 {
        for (page, path) in pages() {
            let seconds = if round == 0 { 1 } else { options.seconds };
            let now = callers(address, &visitors, path, options.concurrency, seconds).await?;
            // The first round warms caches.
            if round > 0 {
                taken.entry(page).or_default().add(now);
            }
        }
    }
    server.abort();
    app.store.close().await;
    let empty = taken.get(EMPTY).map_or(1, Taken::per_second).max(1);
    let mut figures = Vec::new();
    for (page, mut of) in taken {
        of.latencies_us.sort_unstable();
        let figure = Figure {
            name: "web",
            store: options.wanted.store.word(),
            lines,
            page,
            per_second: of.per_second(),
            p50_us: of.quantile(500),
            p99_us: of.quantile(990),
            to_empty_permille: of.per_second() * 1_000 / empty,
            octets: of.octets,
        };
        println!(
            "{page}: {}/s, p50 {} µs, p99 {} µs, {} octets, {} ‰ of the page that needs no store",
            figure.per_second, figure.p50_us, figure.p99_us, figure.octets, figure.to_empty_permille
        );
        figures.push(figure);
    }
    Ok(figures)
}

async fn sign_in(app: &App, all: &[(CustomerId, LineId)]) -> Result<Vec<Visitor>, Failure> {
    let mut visitors = Vec::new();
    for (customer, line) in all.iter().take(SIGNED_IN) {
        let token = open_session(app, Principal::Customer(*customer)).await?.token;
        visitors.push(Visitor { token, line: *line });
    }
    Ok(visitors)
}

/// What callers saw.
#[derive(Default)]
struct Taken {
    us: u64,
    octets: u64,
    latencies_us: Vec<u64>,
}
impl Taken {
    fn add(&mut self, other: Taken) {
        self.us += other.us;
        self.octets = self.octets.max(other.octets);
        self.latencies_us.extend(other.latencies_us);
    }
    fn per_second(&self) -> u64 {
        u64::try_from(self.latencies_us.len()).unwrap_or(u64::MAX).saturating_mul(1_000_000) / self.us.max(1)
    }
    /// Of sorted latencies.
    fn quantile(&self, permille: usize) -> u64 {
        let place = (self.latencies_us.len() * permille / 1_000).min(self.latencies_us.len().saturating_sub(1));
        self.latencies_us.get(place).copied().unwrap_or(0)
    }
}

async fn callers(
    address: SocketAddr,
    visitors: &Arc<Vec<Visitor>>,
    path: Path,
    count: usize,
    seconds: u64,
) -> Result<Taken, Failure> {
    let clock = Stopwatch::start();
    let mut calling = Vec::new();
    for seed in 0..count {
        let visitors = visitors.clone();
        let seed = u64::try_from(seed).unwrap_or(0);
        calling.push(tokio::spawn(async move { caller(address, &visitors, path, seed, seconds).await }));
    }
    let mut taken = Taken::default();
    for call in calling {
        let one = call.await.map_err(|error| Failure::unusable("a caller", &error))??;
        taken.octets = taken.octets.max(one.octets);
        taken.latencies_us.extend(one.latencies_us);
    }
    taken.us = clock.us();
    Ok(taken)
}

async fn caller(
    address: SocketAddr,
    visitors: &[Visitor],
    path: Path,
    seed: u64,
    seconds: u64,
) -> Result<Taken, Failure> {
    let io = Failure::io("a page");
    let stream = TcpStream::connect(address).await.map_err(Failure::io("connect"))?;
    stream.set_nodelay(true).map_err(io)?;
    let (read, mut write) = stream.into_split();
    let mut read = BufReader::new(read);
    let (mut random, mut taken, clock) = (Random::new(seed + 1), Taken::default(), Stopwatch::start());
    while clock.us() < seconds.saturating_mul(1_000_000) {
        let place = usize::try_from(random.below(u64::try_from(visitors.len()).unwrap_or(1))).unwrap_or(0);
        let Some(visitor) = visitors.get(place) else { break };
        let path = path(visitor.line);
        let ask =
            format!("GET {path} HTTP/1.1\r\nhost: {address}\r\ncookie: __Host-everline={}\r\n\r\n", visitor.token);
        let one = Stopwatch::start();
        write.write_all(ask.as_bytes()).await.map_err(Failure::io("a page"))?;
        let octets = answer(&mut read).await?;
        taken.latencies_us.push(one.us());
        taken.octets = taken.octets.max(octets);
    }
    Ok(taken)
}

/// Reads one answer; how long its body is.
async fn answer(read: &mut BufReader<tokio::net::tcp::OwnedReadHalf>) -> Result<u64, Failure> {
    let (mut line, mut length, mut first) = (String::new(), None, true);
    loop {
        line.clear();
        read.read_line(&mut line).await.map_err(Failure::io("a page"))?;
        let text = line.trim_end();
        if first && !text.starts_with("HTTP/1.1 200") {
            return Err(Failure::Broken(format!("a page is answered with {text:?}")));
        }
        first = false;
        if text.is_empty() {
            break;
        }
        if let Some((name, value)) = text.split_once(':')
            && name.eq_ignore_ascii_case("content-length")
        {
            length = value.trim().parse::<usize>().ok();
        }
    }
    let length = length.ok_or_else(|| Failure::Broken("a page without its length".to_owned()))?;
    let mut body = vec![0; length];
    read.read_exact(&mut body).await.map_err(Failure::io("a page"))?;
    Ok(u64::try_from(length).unwrap_or(0))
}
