//! The transactions of an import: judging, writing, making, taking back, and the steps of a batch.

use super::mentions::At;
use super::run::{Fate, Kind, Numbered};
use super::{Fault, ImportError, Importer};
use crate::Problem;
use crate::secrets::{Secrets, hex};
use everline_core::time::BusinessTime;
use everline_store::tables::catalog;
use everline_store::tables::stock::{self, BatchKind, BatchState};
use everline_store::{Stop, Tx, Work};
use std::sync::Arc;

/// Rows that met something else.
pub(super) type Conflicts = Vec<(At, Fault)>;

/// Rows that one step of taking back looks at.
const UNDO_ROWS: i64 = 5_000;

pub(super) struct Content<K: Kind> {
    pub(super) rows: Vec<Numbered<K::Row>>,
    pub(super) ready: Vec<K::Ready>,
}

pub(super) struct Judge<K: Kind> {
    pub(super) kind: Arc<K>,
    pub(super) rows: Arc<Vec<Numbered<K::Row>>>,
}
impl<K: Kind> Work for Judge<K> {
    const NAME: &'static str = "import_judge";
    type Out = Vec<Fate>;
    type Refusal = Problem;
    async fn run(&self, tx: &mut Tx) -> Result<Self::Out, Stop<Problem>> {
        Ok(self.kind.judge(tx, &self.rows).await?)
    }
}

/// Writes rows. One that met something else refuses all of them.
pub(super) struct Write<K: Kind> {
    pub(super) kind: Arc<K>,
    pub(super) content: Arc<Content<K>>,
}
impl<K: Kind> Work for Write<K> {
    const NAME: &'static str = "import_write";
    type Out = ();
    type Refusal = Conflicts;
    async fn run(&self, tx: &mut Tx) -> Result<(), Stop<Conflicts>> {
        if self.kind.write(tx, &self.content.ready).await? {
            return Ok(());
        }
        let fates = self.kind.judge(tx, &self.content.rows).await?;
        let conflicts: Conflicts = (self.content.rows.iter().zip(fates))
            .filter_map(|(row, fate)| if let Fate::Refused(fault) = fate { Some((row.at, fault)) } else { None })
            .collect();
        if conflicts.is_empty() { Ok(()) } else { Err(Stop::Refused(conflicts)) }
    }
}

pub(super) struct Apply<K: Kind> {
    pub(super) kind: Arc<K>,
    pub(super) content: Arc<Content<K>>,
}
impl<K: Kind> Work for Apply<K> {
    const NAME: &'static str = "import_apply";
    type Out = ();
    type Refusal = Conflicts;
    async fn run(&self, tx: &mut Tx) -> Result<(), Stop<Conflicts>> {
        Ok(self.kind.apply(tx, &self.content.ready).await?)
    }
}

pub(super) struct GetBatch {
    pub(super) kind: BatchKind,
    pub(super) name: String,
}
impl Work for GetBatch {
    const NAME: &'static str = "import_batch";
    type Out = Option<BatchState>;
    type Refusal = Problem;
    async fn run(&self, tx: &mut Tx) -> Result<Self::Out, Stop<Problem>> {
        Ok(stock::batch(tx, self.kind, &self.name).await?.map(|(state, _)| state))
    }
}

pub(super) struct Begin {
    pub(super) kind: BatchKind,
    pub(super) names: Vec<(Arc<str>, bool)>,
    pub(super) at: BusinessTime,
}
impl Work for Begin {
    const NAME: &'static str = "import_begin";
    type Out = ();
    type Refusal = Problem;
    async fn run(&self, tx: &mut Tx) -> Result<(), Stop<Problem>> {
        for (name, named) in &self.names {
            stock::begin_batch(tx, self.kind, name, *named, self.at);
        }
        Ok(())
    }
}

pub(super) struct Turn {
    pub(super) kind: BatchKind,
    pub(super) name: Arc<str>,
    pub(super) from: BatchState,
    pub(super) to: BatchState,
    pub(super) rows: i64,
    pub(super) at: BusinessTime,
}
impl Work for Turn {
    const NAME: &'static str = "import_turn";
    type Out = bool;
    type Refusal = Problem;
    async fn run(&self, tx: &mut Tx) -> Result<bool, Stop<Problem>> {
        if stock::turn_batch(tx, (self.kind, &self.name), (self.from, self.to), self.rows, self.at).await? {
            return Ok(true);
        }
        // A first run whose answer was lost, or another import of the same file.
        Ok(stock::batch(tx, self.kind, &self.name).await? == Some((self.to, self.rows)))
    }
}

pub(super) struct UndoStep<K> {
    pub(super) kind: std::marker::PhantomData<fn() -> K>,
    pub(super) after: String,
    pub(super) batch: String,
}
impl<K: Kind> Work for UndoStep<K> {
    const NAME: &'static str = "import_undo";
    type Out = Option<String>;
    type Refusal = Problem;
    async fn run(&self, tx: &mut Tx) -> Result<Self::Out, Stop<Problem>> {
        let end = K::undo_end(tx, &self.after, UNDO_ROWS).await?;
        match &end {
            Some(end) => K::undo(tx, (&self.after, end), &self.batch),
            None => stock::drop_batch(tx, K::KIND, &self.batch),
        }
        Ok(end)
    }
}

/// The name of the setting that tells which key seals the store's secrets.
pub(crate) const KEY_SETTING: &str = "sealed_with";

/// What tells one key from another and nothing about it.
pub(crate) fn key_name(secrets: &Secrets) -> String {
    hex(&secrets.name("key check", &[]))
}

/// Refuses a key that is not the one that the store's secrets are sealed with.
pub(super) async fn check_key(importer: &Importer, read_only: bool) -> Result<(), ImportError> {
    let mine = key_name(&importer.secrets);
    let kept = match importer.store.read(KeptKey).await? {
        None if !read_only => importer.store.transact(KeepKey(mine.clone())).await?,
        None => mine.clone(),
        Some(kept) => kept,
    };
    if kept == mine { Ok(()) } else { Err(ImportError::OtherKey) }
}
struct KeptKey;
impl Work for KeptKey {
    const NAME: &'static str = "import_kept_key";
    type Out = Option<String>;
    type Refusal = Problem;
    async fn run(&self, tx: &mut Tx) -> Result<Self::Out, Stop<Problem>> {
        Ok(catalog::setting(tx, KEY_SETTING).await?)
    }
}
struct KeepKey(String);
impl Work for KeepKey {
    const NAME: &'static str = "import_keep_key";
    type Out = String;
    type Refusal = Problem;
    async fn run(&self, tx: &mut Tx) -> Result<String, Stop<Problem>> {
        if let Some(kept) = catalog::setting(tx, KEY_SETTING).await? {
            return Ok(kept);
        }
        catalog::set_setting(tx, KEY_SETTING, &self.0);
        Ok(self.0.clone())
    }
}
