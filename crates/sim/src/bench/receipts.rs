//! How many receipts a second become PDF files, beside the signatures that every receipt needs too. No store is involved:
//! what reading an order costs is measured with renewals.
//!
//! Each file is of another receipt: numbers, times and amounts differ, words do not. First as many threads as asked make
//! files as fast as they can: the peak. Then files are asked for at half that rate at fixed times, and the latency of each
//! counts from when it was due.

use super::load::Spent;
use super::report::{Figure, Measured, Rate, quantile};
use super::{load_average, per_second};
use crate::Failure;
use crate::stopwatch::Stopwatch;
use everline_app::secrets::Secrets;
use everline_documents::{Check, ReceiptDocument, Row, Section, pdf};
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::Duration;

/// What to measure.
#[derive(Debug, Clone)]
pub struct Options {
    /// Seconds of each run.
    pub seconds: u64,
    /// Threads that make files at once, one peak for each.
    pub concurrency: Vec<usize>,
}

/// Measures, telling people how far it is; the figures come back.
///
/// # Errors
/// [`Failure::Unusable`] if a receipt cannot be made.
pub fn receipts(options: &Options) -> Result<Vec<Figure>, Failure> {
    let first = Stopwatch::start();
    let bytes = made(0)?;
    println!("the first in {} ms, unpacking the font; {bytes} bytes", first.us() / 1_000);
    options.concurrency.iter().map(|threads| measure(*threads, options.seconds)).collect()
}

fn measure(threads: usize, seconds: u64) -> Result<Figure, Failure> {
    let (load_before, base) = (load_average(), signatures(seconds.div_ceil(5))?);
    let before = Spent::now()?;
    let (peak, mut latencies) = run(threads, seconds, None)?;
    let spent = Spent::now()?.since(before);
    let half = (per_second(peak) / 2).max(1);
    let (_, mut steady) = run(threads, seconds, Some(half))?;
    let of = Measured { concurrency: threads, peak, cpu_us: spent.cpu_us, p99_us: quantile(&mut steady, 990) };
    println!(
        "{threads} at once: peak {}/s (p50 {} µs, p99 {} µs); at half of it p50 {} µs, p99 {} µs; signatures {}/s; \
         load average {load_before} before, {} after",
        per_second(peak),
        quantile(&mut latencies, 500),
        quantile(&mut latencies, 990),
        quantile(&mut steady, 500),
        of.p99_us,
        per_second(base),
        load_average()
    );
    Ok(Figure::new("receipts", "none", of, "signatures", base))
}

/// Makes files on so many threads, at most so many a second if asked; how many, and the microseconds of each.
fn run(threads: usize, seconds: u64, a_second: Option<u64>) -> Result<(Rate, Vec<u64>), Failure> {
    let (next, clock, end_us) = (AtomicU64::new(0), Stopwatch::start(), seconds.saturating_mul(1_000_000));
    let thread = || -> Result<Vec<u64>, Failure> {
        let mut latencies = Vec::new();
        loop {
            let number = next.fetch_add(1, Relaxed);
            let due_us = a_second.map(|rate| number.saturating_mul(1_000_000) / rate);
            if due_us.unwrap_or_else(|| clock.us()) >= end_us {
                return Ok(latencies);
            }
            let wait_us = due_us.map_or(0, |due| due.saturating_sub(clock.us()));
            std::thread::sleep(Duration::from_micros(wait_us));
            let from_us = due_us.unwrap_or_else(|| clock.us());
            made(number)?;
            latencies.push(clock.us().saturating_sub(from_us));
        }
    };
    let latencies = std::thread::scope(|scope| {
        let running: Vec<_> = (0..threads).map(|_| scope.spawn(thread)).collect();
        let mut all = Vec::new();
        for one in running {
            all.extend(one.join().map_err(|_| Failure::Unusable("a thread panicked".to_owned()))??);
        }
        Ok::<_, Failure>(all)
    })?;
    let count = u64::try_from(latencies.len()).unwrap_or(u64::MAX);
    Ok((Rate { count, us: clock.us() }, latencies))
}

/// Signatures of as many receipts, one after the other.
fn signatures(seconds: u64) -> Result<Rate, Failure> {
    let (secrets, clock) = (Secrets::new(&[7; 32]), Stopwatch::start());
    let (mut count, end_us) = (0_u64, seconds.saturating_mul(1_000_000));
    while clock.us() < end_us {
        let text = format!("everline receipt 1\nnumber {count}\n{}", "amount 9.90 CNY\n".repeat(30));
        secrets.sign_receipt(&text).map_err(|error| Failure::unusable("a signature", &error))?;
        count += 1;
    }
    Ok(Rate { count, us: clock.us() })
}

/// Makes the file of a receipt; how large it is.
fn made(number: u64) -> Result<usize, Failure> {
    pdf(&receipt(number)).map(|bytes| bytes.len()).map_err(|error| Failure::unusable("a receipt", &error))
}

/// A receipt as a brand in China writes it.
fn receipt(number: u64) -> ReceiptDocument {
    let (minute, yuan) = (number % 60, 10 + number % 90);
    let at = format!("2026年11月22日 18:{minute:02}");
    let trade = format!("01a202ce3c42792fa04b{number:012x}");
    let section = |heading: &str, rows: &[(&str, &str)]| Section {
        heading: heading.to_owned(),
        rows: rows.iter().map(|(label, value)| row(label, value)).collect(),
    };
    ReceiptDocument {
        language: "zh-CN".to_owned(),
        issuer: "青禾通信".to_owned(),
        title: "收据".to_owned(),
        number: format!("编号 {number:010}"),
        issued: format!("开具时间 {at}"),
        issued_at: jiff::civil::date(2026, 11, 22).at(10, 30, 0, 0),
        amount: row("金额", &format!("¥{yuan}.00")),
        amount_in_words: Some("大写：玖拾玖元整".to_owned()),
        sections: vec![
            section(
                "双方",
                &[
                    ("付款人", &format!("138****{:04}", number % 10_000)),
                    ("收款方", "青禾通信科技有限公司"),
                    ("统一社会信用代码", "91310000MA1K000000"),
                ],
            ),
            section(
                "购买内容",
                &[
                    ("商品", "手表畅联月包"),
                    ("内容", "1 GB · 30 分钟 · 1 个月"),
                    ("号码", "172****1234"),
                    ("卡号（ICCID）", "898****0002"),
                    ("订单号", &format!("20261122 4760 6572 {:04}", number % 10_000)),
                    ("有效期", &format!("{at} 至 2026年12月22日 18:30")),
                ],
            ),
            section(
                "付款",
                &[
                    ("付款方式", "支付宝扫码"),
                    ("实收", &format!("¥{yuan}.00")),
                    ("付款时间", &at),
                    ("商户订单号", &trade),
                    ("支付宝交易号", &format!("2026112222001{number:015}")),
                ],
            ),
            section("入账", &[("收到货款 PAID", &at), ("交付套餐 DELIVERED", &at)]),
            section("开通", &[("结果", "已生效"), ("开通时间", &at), ("网络确认时间", &at)]),
        ],
        check: Some(Check {
            text: "扫描二维码，或打开链接，可以核对本收据的每一项内容，以及开具之后的变化。".to_owned(),
            link: format!("https://my.example.com/v/{}", trade.repeat(5)),
            described: "通往本收据核对页面的二维码".to_owned(),
        }),
        notes: vec!["本收据是付款凭证，不是税务发票。".to_owned()],
    }
}

fn row(label: &str, value: &str) -> Row {
    Row { label: label.to_owned(), value: value.to_owned() }
}
