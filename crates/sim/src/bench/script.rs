//! What SQLite itself can do: the rows of a renewal, written by prepared statements in groups, without a line of ours in
//! between. It reads nothing, decides nothing and verifies no signature.

use super::report::Rate;
use crate::Failure;
use crate::lines::Awaiting;
use crate::random::Random;
use crate::stopwatch::Stopwatch;
use everline_core::ids::{AttemptId, RawId};
use everline_store::SqliteOptions;
use rusqlite::{Connection, Statement, params};
use std::path::Path;

/// The notice a provider posts has about this many bytes.
const NOTICE_BYTES: usize = 1_100;
/// An allowance of a plan and a pack with three buckets each.
const BODY_BYTES: usize = 170;

/// A copy of a store, open to the script.
pub(super) struct Script {
    connection: Connection,
    /// Renewals written so far.
    written: usize,
}

impl Script {
    /// Opens the copy with the settings that the store itself uses.
    pub(super) fn open(file: &Path, options: &SqliteOptions) -> Result<Self, Failure> {
        let connection = Connection::open(file)?;
        connection.execute_batch(&format!(
            "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA cache_size = -{}; PRAGMA temp_store = MEMORY;
             PRAGMA mmap_size = 0; PRAGMA wal_autocheckpoint = {};",
            options.cache_kib, options.wal_pages
        ))?;
        Ok(Self { connection, written: 0 })
    }

    /// Writes the rows of renewals of the `targets`, again from the first when they are through, in transactions of
    /// `group`, for `seconds`.
    pub(super) fn run(&mut self, targets: &[Awaiting], group: usize, seconds: u64) -> Result<Rate, Failure> {
        let mut rows = Rows::prepare(&self.connection)?;
        let (mut begin, mut commit) = (self.connection.prepare("BEGIN IMMEDIATE")?, self.connection.prepare("COMMIT")?);
        let (clock, mut count) = (Stopwatch::start(), 0);
        while clock.us() < seconds.saturating_mul(1_000_000) {
            begin.execute([])?;
            for _ in 0..group {
                // Where the last run stopped this one goes on: no row is written twice with one id.
                let Some(target) = targets.get(self.written % targets.len().max(1)) else { break };
                rows.round = u8::try_from(self.written / targets.len().max(1) % 256).unwrap_or(0);
                rows.write(target, self.written)?;
                self.written += 1;
                count += 1;
            }
            commit.execute([])?;
        }
        Ok(Rate { count, us: clock.us() })
    }
}

/// The statements of one renewal.
struct Rows<'c> {
    account: Statement<'c>,
    transfer: Statement<'c>,
    attempt: Statement<'c>,
    directory: Statement<'c>,
    order: Statement<'c>,
    timer_clear: Statement<'c>,
    line: Statement<'c>,
    allowance: Statement<'c>,
    timer_set: Statement<'c>,
    receipt: Statement<'c>,
    unnumbered: Statement<'c>,
    job: Statement<'c>,
    notice: Statement<'c>,
    body: Vec<u8>,
    text: String,
    /// How often the targets are through.
    round: u8,
}

impl<'c> Rows<'c> {
    fn prepare(c: &'c Connection) -> Result<Self, Failure> {
        Ok(Self {
            account: c.prepare(
                "UPDATE account SET version = version + 1, psp_receivable = psp_receivable + ?2, \
                 deferred_revenue = deferred_revenue + ?2 WHERE customer_id = ?1",
            )?,
            transfer: c.prepare("INSERT INTO transfer (id, customer_id, posting_id, template, order_id, cause_id, debit, credit, amount, posted_at) \
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, 19000000, ?9)",
            )?,
            attempt: c.prepare(
                "UPDATE attempt SET state = 'paid', trade_no = ?3, received = amount, settlement = 'order', paid_at = ?4 \
                 WHERE customer_id = ?1 AND id = ?2",
            )?,
            directory: c.prepare("INSERT INTO directory VALUES ('alipay_trade_no', ?1, ?2, ?3) ON CONFLICT (kind, name) DO NOTHING")?,
            order: c.prepare(
                "UPDATE orders SET funds = price, state = 'in_effect', paid_at = ?3, delivered_at = ?3, in_effect_at = ?3, \
                 starts_at = ?3, ends_at = ?3 WHERE customer_id = ?1 AND id = ?2",
            )?,
            timer_clear: c.prepare("DELETE FROM timer WHERE id = ?1")?,
            line: c.prepare(
                "UPDATE line SET version = version + 1, state = 'active', state_since = ?3, service_until = ?3 \
                 WHERE customer_id = ?1 AND id = ?2",
            )?,
            allowance: c.prepare("UPDATE allowance SET version = version + 1, body = ?3 WHERE customer_id = ?1 AND id = ?2")?,
            timer_set: c.prepare(
                "INSERT INTO timer VALUES (?1, ?2, 'line', ?3) ON CONFLICT (id) DO UPDATE SET due_at = excluded.due_at",
            )?,
            receipt: c.prepare("INSERT INTO receipt VALUES (?1, ?2, ?3, ?4)")?,
            unnumbered: c.prepare("INSERT INTO receipt_unnumbered VALUES (?1, ?2)")?,
            job: c.prepare(
                "INSERT INTO job (id, customer_id, payload, state, queued_at, due_at, runs) VALUES (?1, ?2, ?3, 'ready', ?4, ?4, 0) \
                 ON CONFLICT (id) DO NOTHING",
            )?,
            notice: c.prepare("INSERT INTO notice (provider, name, received_at, state, body) VALUES ('alipay', ?1, ?2, 'processed', ?3) ON CONFLICT DO NOTHING")?,
            body: vec![b'b'; BODY_BYTES],
            text: "n".repeat(NOTICE_BYTES),
            round: 0,
        })
    }

    fn write(&mut self, target: &Awaiting, n: usize) -> Result<(), Failure> {
        let (customer, line, order) = (target.customer.bytes(), target.line.bytes(), target.order.bytes());
        let at = i64::try_from(n).unwrap_or(i64::MAX).saturating_add(1_790_000_000_000_000);
        let attempt_id: AttemptId =
            target.out_trade_no.parse().map_err(|error| Failure::unusable("a number", &error))?;
        // As core derives them, and others each time the targets are through.
        let round = self.round;
        let derived = |parent: RawId, tag: u8| parent.derive(tag, round).bytes();
        let (attempt, order_id) = (attempt_id.bytes(), target.order.0);
        let (paid, delivered) = (derived(attempt_id.0, 1), derived(order_id, 2));
        let (receipt, job) = (derived(order_id, 0x70), derived(order_id, 7));
        let (trade_no, name) =
            (format!("20261122220014{:014x}", Random::new(n as u64).draw() >> 8), format!("2026112200222{n:024}"));
        let payload = format!(
            r#"{{"job":"send_message","customer":"{}","line":"{}","order":"{}","kind":"renewal_in_effect","cause":"{}"}}"#,
            target.customer, target.line, target.order, target.order
        );
        self.notice.execute(params![name, at, self.text])?;
        self.account.execute(params![customer, 19_000_000])?;
        self.transfer.execute(params![paid, customer, paid, "PAID", order, attempt, 1, 4, at])?;
        self.transfer.execute(params![delivered, customer, delivered, "DELIVERED", order, order, 4, 5, at])?;
        self.attempt.execute(params![customer, attempt, trade_no, at])?;
        self.directory.execute(params![trade_no, customer, attempt])?;
        self.order.execute(params![customer, order, at])?;
        self.timer_clear.execute(params![order])?;
        self.line.execute(params![customer, line, at])?;
        self.allowance.execute(params![customer, line, self.body])?;
        self.timer_set.execute(params![line, customer, at])?;
        self.receipt.execute(params![receipt, customer, order, at])?;
        self.unnumbered.execute(params![receipt, customer])?;
        self.job.execute(params![job, customer, payload, at])?;
        Ok(())
    }
}
