//! What SQLite itself can do: the rows of a renewal, written by prepared statements in groups, without a line of ours in
//! between. It reads nothing, decides nothing and verifies no signature.

use super::report::Rate;
use crate::lines::Awaiting;
use crate::stopwatch::Stopwatch;
use crate::Failure;
use rusqlite::{Connection, Statement, params};
use std::path::Path;

/// The notice a provider posts has about this many bytes.
const NOTICE_BYTES: usize = 1_100;
/// An allowance of a plan and a pack with three buckets each.
const BODY_BYTES: usize = 170;

/// A copy of a store, open to the script.
pub(super) struct Script {
    connection: Connection,
    /// Renewals written so far: the ids of new rows follow from it.
    written: u64,
}

impl Script {
    /// Opens the copy with the settings that the store itself uses.
    pub(super) fn open(file: &Path) -> Result<Self, Failure> {
        let connection = Connection::open(file)?;
        connection.execute_batch(
            "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA cache_size = -65536; PRAGMA temp_store = MEMORY;
             PRAGMA mmap_size = 0; PRAGMA wal_autocheckpoint = 16384;",
        )?;
        Ok(Self { connection, written: 0 })
    }

    /// Writes the rows of renewals of the `targets`, again from the first when they are through, in transactions of
    /// `group`, for `seconds`.
    pub(super) fn run(&mut self, targets: &[Awaiting], group: usize, seconds: u64) -> Result<Rate, Failure> {
        let mut rows = Rows::prepare(&self.connection)?;
        let (mut begin, mut commit) = (self.connection.prepare("BEGIN IMMEDIATE")?, self.connection.prepare("COMMIT")?);
        let (clock, mut count) = (Stopwatch::start(), 0);
        let mut next = targets.iter().cycle();
        while clock.us() < seconds.saturating_mul(1_000_000) {
            begin.execute([])?;
            for target in next.by_ref().take(group) {
                self.written += 1;
                count += 1;
                rows.write(target, self.written)?;
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
}

impl<'c> Rows<'c> {
    fn prepare(c: &'c Connection) -> Result<Self, Failure> {
        Ok(Self {
            account: c.prepare(
                "UPDATE account SET version = version + 1, psp_receivable = psp_receivable + ?2, \
                 deferred_revenue = deferred_revenue + ?2 WHERE customer_id = ?1",
            )?,
            transfer: c.prepare("INSERT INTO transfer VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, 19000000, ?9)")?,
            attempt: c.prepare(
                "UPDATE attempt SET state = 'paid', trade_no = ?3, received = amount, settlement = 'order', paid_at = ?4 \
                 WHERE customer_id = ?1 AND id = ?2",
            )?,
            directory: c.prepare("INSERT INTO directory VALUES ('trade_no', ?1, ?2, ?3) ON CONFLICT (kind, name) DO NOTHING")?,
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
            notice: c.prepare("INSERT INTO notice VALUES ('alipay', ?1, ?2, 'processed', ?3) ON CONFLICT DO NOTHING")?,
            body: vec![b'b'; BODY_BYTES],
            text: "n".repeat(NOTICE_BYTES),
        })
    }

    fn write(&mut self, target: &Awaiting, n: u64) -> Result<(), Failure> {
        let (customer, line, order) = (target.customer.bytes(), target.line.bytes(), target.order.bytes());
        let at = i64::try_from(n).unwrap_or(i64::MAX).saturating_add(1_790_000_000_000_000);
        let (paid, delivered, receipt, job) = (id(1, n), id(2, n), id(3, n), id(4, n));
        let attempt = target.out_trade_no.parse::<everline_core::ids::AttemptId>();
        let attempt = attempt.map_err(|error| Failure::unusable("a number", &error))?.bytes();
        let (trade_no, name) = (format!("20261122220014{n:014}"), format!("2026112200222{n:024}"));
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

/// An id in UUIDv7 form for the n-th row of a kind: new rows land beside each other, as ids that follow from orders
/// placed a while ago do not quite.
fn id(kind: u8, n: u64) -> [u8; 16] {
    let [_, _, a, b, c, d, e, f] = (1_790_000_000_000 + n / 20).to_be_bytes();
    let [g, h, i, j, k, l, m, o] = n.wrapping_mul(0x9e37_79b9_7f4a_7c15).to_be_bytes();
    [a, b, c, d, e, f, 0x70, kind, g, h, i, j, k, l, m, o]
}
