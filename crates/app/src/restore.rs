//! After a restore: the store knows nothing of what happened since, so everything that was under way is asked again.
//!
//! Money that came for an attempt the store has is found by asking its provider. Orders that were placed after the backup
//! are unknown here: their notices are kept as unmatched, and reconciliation names them.

use crate::Problem;
use crate::payment_confirmed::ask_now;
use everline_core::ids::{AttemptId, CustomerId, RawId};
use everline_core::time::Now;
use everline_store::tables::{job, payment};
use everline_store::{Stop, Store, Tx, Work};

/// Attempts in one transaction.
const BATCH: i64 = 500;

/// What will be asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Asked {
    /// Attempts that money may still come for: each provider is asked about them.
    pub attempts: u64,
    /// Jobs that waited for a later time and run at once: refunds, activations, messages.
    pub awoken: u64,
}

/// Makes everything under way due at `now`. Safe to run again.
pub async fn ask_again(store: &Store, now: Now) -> Result<Asked, Problem> {
    let awoken = store.transact(AwakeAll { now }).await.map_err(Problem::from)?;
    let mut asked = Asked { attempts: 0, awoken };
    let mut after = (CustomerId(RawId::from_bytes([0; 16])), AttemptId(RawId::from_bytes([0; 16])));
    loop {
        let batch = store.transact(AskBatch { after, now }).await.map_err(Problem::from)?;
        let Some(last) = batch.last() else { return Ok(asked) };
        after = *last;
        asked.attempts = asked.attempts.saturating_add(u64::try_from(batch.len()).unwrap_or(0));
    }
}

struct AwakeAll {
    now: Now,
}
impl Work for AwakeAll {
    const NAME: &'static str = "awake_all_jobs";
    type Out = u64;
    type Refusal = Problem;
    async fn run(&self, tx: &mut Tx) -> Result<u64, Stop<Problem>> {
        Ok(job::awake_all(tx, self.now.system).await?)
    }
}

struct AskBatch {
    after: (CustomerId, AttemptId),
    now: Now,
}
impl Work for AskBatch {
    const NAME: &'static str = "ask_after_restore";
    type Out = Vec<(CustomerId, AttemptId)>;
    type Refusal = Problem;
    async fn run(&self, tx: &mut Tx) -> Result<Self::Out, Stop<Problem>> {
        let batch = payment::open_page(tx, self.after, BATCH).await?;
        for (customer, attempt) in &batch {
            ask_now(tx, *customer, *attempt, self.now)?;
        }
        Ok(batch)
    }
}
