//! How many payment notices a second are verified and kept, beside the verification of their signatures alone, by the
//! same machine in the same run; and receipts as PDF files, which follow the payments.
//!
//! Notices are made and signed before the clock runs, with a real RSA key, as the provider posts them. Kept means: the
//! whole transaction of [`everline_app::payment_confirmed`] is durable and the notice is acknowledged; each pays a pack
//! of another line. The baseline reads the same bytes and checks the same signatures, on as many threads as there are
//! notices at once, and no more than processors. How receipts are measured, [`super::receipts`] says.

use super::load::Spent;
use super::report::{Figure, Measured, Rate, quantile};
use super::{Signing, audit, each, load, load_average, per_second, receipts};
use crate::Failure;
use crate::ground::{Ground, Wanted};
use crate::quick;
use crate::random::Random;
use crate::stopwatch::Stopwatch;
use crate::world::{Provider, app, set_up};
use everline_app::App;
use everline_testing::Fsync;
use std::sync::Arc;
use wire_pay::alipay::{Notification, PublicKey};

/// What to measure.
#[derive(Debug, Clone)]
pub struct Options {
    /// On which store.
    pub wanted: Wanted,
    /// Lines in the store.
    pub lines: u64,
    /// Seconds of each run.
    pub seconds: u64,
    /// Notices under way at once, one peak for each.
    pub concurrency: Vec<usize>,
    /// Threads that make receipts at once, one peak for each.
    pub receipt_threads: Vec<usize>,
    /// Whether the whole store is verified at the end.
    pub verify: bool,
}

/// Measures, telling people how far it is; the figures come back.
///
/// # Errors
/// Whatever keeps it from measuring; [`Failure::Broken`] if a figure counts what is not in effect.
pub async fn payments(options: &Options) -> Result<Vec<Figure>, Failure> {
    let ground = Ground::new(&options.wanted, Fsync::On).await?;
    let provider = Arc::new(Provider::new()?);
    let app = app(ground.place.open().await?, provider.trust())?;
    set_up(&app).await?;
    let lines = quick::make_lines(&app, options.lines).await?;
    println!("{} lines with a running plan", lines.len());
    let mut signing = Signing { provider, lines, random: Random::new(1) };
    let (mut figures, mut taken) = (Vec::new(), 0_u64);
    for concurrency in &options.concurrency {
        let (figure, count) = measure(&app, &mut signing, options, *concurrency).await?;
        figures.push(figure);
        taken = taken.saturating_add(count);
    }
    audit(&app, signing.lines.len(), taken, options.verify).await?;
    let of_receipts = receipts::Options { seconds: options.seconds, concurrency: options.receipt_threads.clone() };
    figures.extend(tokio::task::block_in_place(|| receipts::receipts(&of_receipts))?);
    Ok(figures)
}

/// One peak and half of it, after the verification of the same notices alone; how many were taken, too.
async fn measure(
    app: &App,
    signing: &mut Signing,
    options: &Options,
    concurrency: usize,
) -> Result<(Figure, u64), Failure> {
    let seconds = options.seconds;
    let notices = signing.notices(app, super::notices_max(concurrency).saturating_mul(seconds)).await?;
    let load_before = load_average();
    let threads = concurrency.min(std::thread::available_parallelism().map_or(1, usize::from));
    let gateway = signing.provider.trust().gateway.clone();
    let base = tokio::task::block_in_place(|| verification(&gateway, &notices, threads, seconds.div_ceil(3)))?;
    let mut peak = load::closed(app, notices, concurrency, seconds).await?;
    let half = per_second(peak.rate) / 2;
    let notices = signing.notices(app, half.saturating_mul(seconds)).await?;
    let mut steady = load::open(app, notices, half).await?;
    let p99_us = quantile(&mut steady.latencies_us, 990);
    let of = Measured { concurrency, peak: peak.rate, cpu_us: peak.cpu_us, p99_us };
    let figure = Figure::new("payments", options.wanted.store.word(), of, "verification", base);
    let spent = Spent { cpu_us: peak.cpu_us, bytes: peak.bytes, server_us: peak.server_us };
    println!(
        "{concurrency} at once: {}/s verified and kept (p50 {} µs, p99 {} µs), {}; at half of it p50 {} µs, \
         p99 {p99_us} µs; verified alone {}/s on {threads} threads: {} of ours for one of those; \
         load average {load_before} before, {} after",
        per_second(peak.rate),
        quantile(&mut peak.latencies_us, 500),
        quantile(&mut peak.latencies_us, 990),
        each(spent, peak.rate),
        quantile(&mut steady.latencies_us, 500),
        per_second(base),
        figure.ratio,
        load_average()
    );
    Ok((figure, peak.rate.count.saturating_add(steady.rate.count)))
}

/// Reads notices and checks their signatures, one after the other on each thread, over and over.
fn verification(gateway: &PublicKey, notices: &[Vec<u8>], threads: usize, seconds: u64) -> Result<Rate, Failure> {
    let (clock, end_us) = (Stopwatch::start(), seconds.saturating_mul(1_000_000));
    let thread = || -> Result<u64, Failure> {
        let mut count = 0_u64;
        for notice in notices.iter().cycle() {
            if clock.us() >= end_us {
                break;
            }
            Notification::verify(notice, gateway)?;
            count = count.saturating_add(1);
        }
        Ok(count)
    };
    let count = std::thread::scope(|scope| {
        let running: Vec<_> = (0..threads).map(|_| scope.spawn(thread)).collect();
        running.into_iter().try_fold(0_u64, |sum, one| {
            let count = one.join().map_err(|_| Failure::Unusable("a thread panicked".to_owned()))??;
            Ok::<_, Failure>(sum.saturating_add(count))
        })
    })?;
    Ok(Rate { count, us: clock.us() })
}
