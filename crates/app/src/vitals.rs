//! What tells whoever watches whether all is well: waiting jobs, late timers, orders on their way. Counts only, nothing
//! about a person.

use crate::{App, Problem};
use everline_core::effects::Job;
use everline_core::message::{Channel, Fate};
use everline_store::tables::{MIGRATIONS, account_message, message, vitals};
use everline_store::{Stop, Tx, Work, migrate};
use std::collections::BTreeMap;

/// Jobs of one kind.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct JobsOfKind {
    /// The kind's stable word.
    pub kind: &'static str,
    /// Whether they gave up.
    pub dead: bool,
    /// How many.
    pub count: i64,
    /// Microseconds since the oldest was queued.
    pub oldest_us: i64,
    /// Microseconds since the first was due; 0 if none is. One that waits behind another about the same session may be
    /// due and not run.
    pub late_us: i64,
}

/// The state of the whole store, as the metrics show it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Vitals {
    /// Waiting and dead jobs.
    pub jobs: Vec<JobsOfKind>,
    /// Timers that are due.
    pub timers_due: i64,
    /// Microseconds since the first of them was due.
    pub timers_late_us: i64,
    /// Orders that are paid and not in effect.
    pub orders_on_their_way: i64,
    /// Microseconds since the oldest of them was paid.
    pub oldest_paid_us: i64,
}

/// How many rows there are in which state. Reading it takes as long as the tables are large.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Survey {
    /// Payment attempts.
    pub attempts: Vec<(String, i64)>,
    /// Orders.
    pub orders: Vec<(String, i64)>,
    /// Messages, by way and fate.
    pub messages: Vec<(Channel, Fate, i64)>,
}

/// The kind whose word begins with these stored letters.
pub(crate) fn kind(letters: &str) -> &'static str {
    let letters = letters.split('"').next().unwrap_or(letters);
    Job::WORDS.into_iter().find(|kind| kind.starts_with(letters) && !letters.is_empty()).unwrap_or("other")
}

/// Counts, on one snapshot.
///
/// # Errors
/// As the store says when it does not answer.
pub async fn vitals(app: &App) -> Result<Vitals, Problem> {
    Ok(app.store.read(Count { now: app.clock.now() }).await?)
}

/// Counts everything.
///
/// # Errors
/// As [`vitals`].
pub async fn survey(app: &App) -> Result<Survey, Problem> {
    Ok(app.store.read(CountAll).await?)
}

/// Whether the store has every migration this program knows. It may have more: then a newer program runs beside it.
///
/// # Errors
/// As [`vitals`].
pub async fn schema_matches(app: &App) -> Result<bool, Problem> {
    let applied = migrate::applied(&app.store).await.map_err(|error| Problem::from(Stop::Store(error)))?;
    Ok(MIGRATIONS.iter().all(|migration| applied.contains(&migration.version)))
}

struct Count {
    now: everline_core::time::Now,
}
impl Work for Count {
    const NAME: &'static str = "vitals";
    type Out = Vitals;
    type Refusal = Problem;
    async fn run(&self, tx: &mut Tx) -> Result<Vitals, Stop<Problem>> {
        let now = self.now;
        let jobs = vitals::jobs(tx).await?.into_iter().map(|(letters, state, count, queued_at, due_at)| {
            let (kind, dead) = (kind(&letters), state == "dead");
            let late_us = if dead { 0 } else { now.system.since_us(due_at).max(0) };
            JobsOfKind { kind, dead, count, oldest_us: now.system.since_us(queued_at).max(0), late_us }
        });
        let jobs = jobs.collect();
        let (timers_due, first_due) = vitals::timers_overdue(tx, now.business).await?;
        let (orders_on_their_way, oldest_paid) = vitals::on_their_way(tx).await?;
        let since = |at: Option<_>| at.map_or(0, |at| now.business.since_us(at).max(0));
        let (timers_late_us, oldest_paid_us) = (since(first_due), since(oldest_paid));
        Ok(Vitals { jobs, timers_due, timers_late_us, orders_on_their_way, oldest_paid_us })
    }
}

struct CountAll;
impl Work for CountAll {
    const NAME: &'static str = "survey";
    type Out = Survey;
    type Refusal = Problem;
    async fn run(&self, tx: &mut Tx) -> Result<Survey, Stop<Problem>> {
        let attempts = vitals::attempts_by_state(tx).await?;
        let orders = vitals::orders_by_state(tx).await?;
        let mut messages = BTreeMap::new();
        for (channel, fate, count) in message::by_fate(tx).await?.into_iter().chain(account_message::by_fate(tx).await?)
        {
            *messages.entry((channel, fate)).or_insert(0) += count;
        }
        let messages = messages.into_iter().map(|((channel, fate), count)| (channel, fate, count)).collect();
        Ok(Survey { attempts, orders, messages })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use everline_core::ids::{CustomerId, OrderId, RawId, RefundId};

    #[test]
    fn stored_letters_lead_to_the_kind() {
        let id = RawId::from_bytes([1; 16]);
        for (job, word) in [
            (Job::Refund { customer: CustomerId(id), refund: RefundId(id) }, "refund"),
            (Job::ActivateUpstream { customer: CustomerId(id), order: OrderId(id) }, "activate_upstream"),
        ] {
            let payload = serde_json::to_string(&job).unwrap();
            assert_eq!(kind(&payload[8..16]), word, "{payload}");
            assert_eq!(job.word(), word);
        }
        for unknown in ["", "\"", "new_kind"] {
            assert_eq!(kind(unknown), "other");
        }
    }
}
