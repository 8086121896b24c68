//! The connection to PostgreSQL is cut around a COMMIT: before it arrives, as it leaves, and, most often, between the
//! commit and its answer. Every renewal must be there exactly once, whoever asked again.

use crate::Failure;
use crate::crash::look::LookAtAll;
use crate::crash::protocol::Seen;
use crate::lines;
use crate::random::Random;
use crate::world::{Place, Provider, app, set_up, take_notice};
use everline_app::App;
use everline_app::verify::verify;
use everline_core::time::SECOND_US;
use everline_testing::{Cluster, Cut, Fsync, Proxy};
use std::fmt;

/// What to run.
#[derive(Debug, Clone, Copy)]
pub struct Options {
    /// How many cuts.
    pub rounds: u64,
    /// Decides where each cut is.
    pub seed: u64,
}

/// What was done; everything held, or there is none.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Summary {
    before: u64,
    with: u64,
    after: u64,
    renewals: u64,
    again: u64,
}

impl fmt::Display for Summary {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { before, with, after, renewals, again } = self;
        write!(
            f,
            "commit-cut postgres: {} cuts ({after} between the commit and its answer, {with} as it left, {before} before), \
             {renewals} renewals, none lost, none doubled, {again} notices sent again",
            before + with + after
        )
    }
}

/// How often a notice is sent again before that is a failure.
const SENT_MAX: u32 = 20;

/// Runs the rounds: in each, one of two notices that are under way at once loses its connection.
///
/// # Errors
/// [`Failure::Broken`] if a renewal is lost or there twice.
pub async fn run(options: &Options) -> Result<Summary, Failure> {
    let cluster =
        Cluster::start(Fsync::Off).ok_or_else(|| Failure::Unusable("no PostgreSQL is installed".to_owned()))?;
    let (config, provider) = (cluster.database().await, Provider::new()?);
    let direct = app(Place::Postgres(config.clone()).open().await?, provider.trust())?;
    set_up(&direct).await?;
    let made = lines::make(&direct, 0, 2 * options.rounds, 1).await?;
    let proxy = Proxy::start(&cluster);
    let cut_off = app(Place::Postgres(proxy.through(&config)).open().await?, provider.trust())?;
    let paid_at_s = direct.clock.now().system.us() / SECOND_US;
    let mut notices = Vec::new();
    for awaiting in &made {
        notices.push(provider.notice(&awaiting.out_trade_no, awaiting.amount, paid_at_s)?);
    }
    let (mut random, mut summary) = (Random::new(options.seed), Summary::default());
    for pair in notices.chunks(2) {
        let (cut, count) = match random.below(10) {
            0 => (Cut::BeforeCommit, &mut summary.before),
            1 | 2 => (Cut::WithCommit, &mut summary.with),
            _ => (Cut::AfterCommit, &mut summary.after),
        };
        *count += 1;
        proxy.cut(cut);
        let [one, other] = pair else { continue };
        let (one, other) = tokio::join!(until_acknowledged(&cut_off, one), until_acknowledged(&cut_off, other));
        summary.again += u64::from(one? + other?);
        if proxy.open_orders() > 0 {
            return Err(Failure::Unusable("nothing was cut".to_owned()));
        }
    }
    summary.renewals = u64::try_from(made.len()).unwrap_or(u64::MAX);
    cut_off.store.close().await;
    audit(&direct, summary.renewals).await?;
    Ok(summary)
}

/// Sends a notice until it is acknowledged; how often it was sent again.
async fn until_acknowledged(app: &App, notice: &[u8]) -> Result<u32, Failure> {
    let mut again = 0;
    while let Err(problem) = take_notice(app, notice).await {
        again += 1;
        if again > SENT_MAX {
            return Err(Failure::Broken(format!("sent {again} times, still not acknowledged: {problem}")));
        }
    }
    Ok(again)
}

async fn audit(app: &App, renewals: u64) -> Result<(), Failure> {
    let seen = app.store.read(LookAtAll).await?;
    if let Some((order, seen)) = seen.iter().find(|(_, seen)| **seen != Seen::ONCE) {
        return Err(Failure::Broken(format!("order {order}: the store holds {seen}")));
    }
    if u64::try_from(seen.len()) != Ok(renewals) {
        return Err(Failure::Broken(format!("{} orders where {renewals} were placed", seen.len())));
    }
    let report = verify(&app.store, &app.brand, &app.zone, app.clock.now()).await?;
    app.store.close().await;
    if report.clean() { Ok(()) } else { Err(Failure::Broken(format!("verify: {report}"))) }
}
