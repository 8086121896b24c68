//! Removing what is kept for some time only, once that time is over: at a gentle pace, beside the work.

use crate::{App, Problem};
use everline_core::retention::{Record, Retention};
use everline_core::time::SystemTime;
use everline_store::tables::retention::{self, Dated, Key};
use everline_store::{Stop, Store, Tx, Work};
use std::collections::BTreeMap;
use std::time::Duration;

/// Records read, and at most removed, at a time.
const BATCH: i64 = 500;
/// How often it runs.
const EVERY: Duration = Duration::from_secs(24 * 3_600);

/// How many records of each kind were removed.
pub type Removed = BTreeMap<&'static str, u64>;

/// Removes everything that is over at `now`. Several nodes may do so at once; each record goes once.
pub async fn enforce(store: &Store, rules: &Retention, now: SystemTime) -> Result<Removed, Problem> {
    let mut removed = Removed::new();
    for record in Record::ALL {
        removed.insert(record.word(), enforce_one(store, record, rules.over_before(record, now)).await?);
    }
    Ok(removed)
}

async fn enforce_one(store: &Store, record: Record, before: SystemTime) -> Result<u64, Problem> {
    let (mut after, mut removed) = (Key::first(record), 0_u64);
    loop {
        let page = store.read(Page { record, after: after.clone() }).await.map_err(Problem::from)?;
        let Some(last) = page.last() else { return Ok(removed) };
        after = last.key.clone();
        let keys: Vec<Key> = page.into_iter().filter(|dated| dated.at < before).map(|dated| dated.key).collect();
        if !keys.is_empty() {
            removed = removed.saturating_add(u64::try_from(keys.len()).unwrap_or(0));
            store.transact(Remove { record, keys, before }).await.map_err(Problem::from)?;
        }
    }
}

/// Enforces the brand's rules now and every day until the store is closed.
pub async fn run_forever(app: App) {
    loop {
        // A clock that jumped ahead would remove what is young.
        if app.clock.doubt().is_some() {
            tracing::warn!("no records are removed while the machine's time is in doubt");
            tokio::time::sleep(EVERY).await;
            continue;
        }
        match enforce(&app.store, &app.brand.retention, app.clock.now().system).await {
            Ok(removed) => tracing::info!(?removed, "records whose time is over were removed"),
            Err(problem) => tracing::error!(%problem, "records whose time is over could not be removed"),
        }
        tokio::time::sleep(EVERY).await;
    }
}

struct Page {
    record: Record,
    after: Key,
}
impl Work for Page {
    const NAME: &'static str = "retention_page";
    type Out = Vec<Dated>;
    type Refusal = Problem;
    async fn run(&self, tx: &mut Tx) -> Result<Self::Out, Stop<Problem>> {
        Ok(retention::page(tx, self.record, &self.after, BATCH).await?)
    }
}

struct Remove {
    record: Record,
    keys: Vec<Key>,
    before: SystemTime,
}
impl Work for Remove {
    const NAME: &'static str = "retention_remove";
    type Out = ();
    type Refusal = Problem;
    async fn run(&self, tx: &mut Tx) -> Result<(), Stop<Problem>> {
        retention::remove(tx, self.record, &self.keys, self.before);
        Ok(())
    }
}
