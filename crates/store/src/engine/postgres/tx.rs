//! One transaction on one connection: BEGIN leaves with the first query, the last writes leave with the COMMIT.

use super::merge::{Merger, Statement as Merged};
use super::pipeline::{Answer, Pipeline, Request};
use crate::engine::error::{self, Error, Result};
use crate::engine::sql::Sql;
use crate::engine::tx::Write;
use crate::engine::value::Value;
use deadpool_postgres::Object;
use std::future::{Future, poll_fn};
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use tokio_postgres::types::{ToSql, Type};
use tokio_postgres::{Row, Statement};

/// A transaction that begins with its first statement.
pub(crate) struct PgTx {
    conn: Option<Object>,
    /// The BEGIN that has not been sent yet.
    begin: Option<&'static str>,
    /// The connection is not known to be outside of a transaction and healthy: it must not go back to the pool.
    dirty: bool,
    merger: Arc<Merger>,
    pub(crate) waits: Arc<AtomicBool>,
}

/// A prepared statement and its parameters.
type Ready<'a> = (Statement, Vec<&'a Value>);

/// Marks the time in which a call to the database waits.
async fn watched<F: Future>(waits: &AtomicBool, call: F) -> F::Output {
    let mut call = pin!(call);
    poll_fn(|cx| {
        let poll = call.as_mut().poll(cx);
        if poll.is_pending() {
            waits.store(true, Relaxed);
        }
        poll
    })
    .await
}

fn refs<'a>(args: &[&'a Value]) -> Vec<&'a (dyn ToSql + Sync)> {
    let erased = |arg: &&'a Value| {
        let erased: &'a (dyn ToSql + Sync) = *arg;
        erased
    };
    args.iter().map(erased).collect()
}

/// Refuses parameters that could not be encoded. A failed encoding is seen by the client only: the statements around
/// it, and the COMMIT, would still go out.
fn check_args(statement: &Statement, args: &[&Value]) -> Result<()> {
    let types = statement.params();
    if types.len() != args.len() {
        let expected = format!("{} parameters", types.len());
        return Err(Error::Parameter { position: args.len(), expected, found: "another number" });
    }
    let wrong = |(_, (ty, arg)): &(usize, (&Type, &&Value))| !arg.fits(ty);
    match types.iter().zip(args).enumerate().find(wrong) {
        Some((at, (ty, arg))) => {
            Err(Error::Parameter { position: at + 1, expected: ty.to_string(), found: arg.kind() })
        }
        None => Ok(()),
    }
}

impl PgTx {
    pub(crate) fn new(conn: Object, begin: &'static str, merger: Arc<Merger>) -> Self {
        Self { conn: Some(conn), begin: Some(begin), dirty: false, merger, waits: Arc::default() }
    }

    fn conn(&self) -> Result<&Object> {
        self.conn.as_ref().ok_or(Error::Poisoned)
    }

    /// Translates an error. A statement whose plan a migration has made stale calls for a fresh connection.
    fn failed(&mut self, error: tokio_postgres::Error) -> Error {
        if error::is_stale_plan(&error) {
            if let Some(conn) = self.conn.take() {
                drop(Object::take(conn));
            }
            return Error::Retry;
        }
        error::postgres(error)
    }

    async fn prepare<'a>(&mut self, text: &str, args: Vec<&'a Value>) -> Result<Ready<'a>> {
        let prepared = watched(&self.waits, self.conn()?.prepare_cached(text)).await;
        let statement = prepared.map_err(|e| self.failed(e))?;
        check_args(&statement, &args)?;
        Ok((statement, args))
    }

    /// Sends BEGIN and waits for it. Only a query that changes nothing may leave together with BEGIN: should BEGIN
    /// fail (a cancel request can hit it), a write behind it would commit by itself.
    async fn begin(&mut self) -> Result<()> {
        let Some(begin) = self.begin.take() else { return Ok(()) };
        self.dirty = true;
        let begun = watched(&self.waits, self.conn()?.batch_execute(begin)).await;
        begun.map_err(|e| self.failed(e))
    }

    /// Sends all `queries` in one go; returns the rows of each, or the first error.
    pub(crate) async fn query(&mut self, queries: &[(&'static Sql, &[Value])]) -> Result<Vec<Vec<Row>>> {
        let mut statements = Vec::with_capacity(queries.len());
        for (sql, args) in queries {
            statements.push(self.prepare(sql.text(), args.iter().collect()).await?);
        }
        if !queries.iter().all(|(sql, _)| sql.only_reads()) {
            self.begin().await?;
        }
        let begin = self.begin.take();
        self.dirty = true;
        let conn = self.conn()?;
        let begun = async { if let Some(begin) = begin { conn.batch_execute(begin).await } else { Ok(()) } };
        let mut requests: Vec<Request<'_, Vec<Row>>> = Vec::with_capacity(statements.len());
        for (statement, args) in &statements {
            requests.push(Box::pin(async move { conn.query(statement, &refs(args)).await }));
        }
        // `join` polls in this order, and the driver sends at the first poll.
        let both = futures_util::future::join(begun, Pipeline::new(requests));
        let (begun, answers) = watched(&self.waits, both).await;
        begun.map_err(|e| self.failed(e))?;
        answers.into_iter().collect::<Result<_, _>>().map_err(|e| self.failed(e))
    }

    pub(crate) async fn script(&mut self, text: &str) -> Result<()> {
        self.begin().await?;
        let done = watched(&self.waits, self.conn()?.batch_execute(text)).await;
        done.map_err(|e| self.failed(e))
    }

    /// Sends `batch` in one go; returns how many rows each of its statements changed (the last write's is the last), or the
    /// first error.
    pub(crate) async fn send(&mut self, batch: &[Write]) -> Result<Vec<u64>> {
        if batch.is_empty() {
            return Ok(Vec::new());
        }
        let statements = self.prepare_all(batch).await?;
        self.begin().await?;
        let answers = self.pipeline(&statements, false).await?;
        answers.into_iter().collect::<Result<_, _>>().map_err(|e| self.failed(e))
    }

    /// Sends what is left and the COMMIT in one go.
    ///
    /// A failed statement turns COMMIT into ROLLBACK without an error of its own; so the answers of *all* statements
    /// are looked at. [`Error::CommitUnknown`] if the connection died and no answer says that it failed.
    pub(crate) async fn commit(&mut self, batch: &[Write]) -> Result<()> {
        if batch.is_empty() && self.begin.is_some() {
            return Ok(());
        }
        let statements = self.prepare_all(batch).await?;
        self.begin().await?;
        let answers = self.pipeline(&statements, true).await?;
        self.dirty = answers.iter().any(|answer| answer.as_ref().is_err_and(|e| !error::is_plain_refusal(e)));
        let mut unknown = false;
        for failure in answers.into_iter().filter_map(Result::err) {
            if error::is_plain_refusal(&failure) {
                return Err(self.failed(failure));
            }
            unknown = true;
        }
        if unknown { Err(Error::CommitUnknown) } else { Ok(()) }
    }

    /// Ends the transaction without a commit; a connection that cannot do that is dropped with the transaction.
    pub(crate) async fn rollback(&mut self) {
        if self.dirty
            && let Ok(conn) = self.conn()
        {
            self.dirty = conn.batch_execute("ROLLBACK").await.is_err();
        }
    }

    async fn prepare_all<'a>(&mut self, batch: &'a [Write]) -> Result<Vec<Ready<'a>>> {
        let merger = self.merger.clone();
        let mut statements = Vec::with_capacity(batch.len());
        for statement in merger.merge(batch) {
            statements.push(match statement {
                Merged::One((sql, args)) => self.prepare(sql.text(), args.iter().collect()).await?,
                Merged::Many(text, args) => self.prepare(&text, args).await?,
            });
        }
        Ok(statements)
    }

    async fn pipeline(&mut self, statements: &[Ready<'_>], commit: bool) -> Result<Vec<Answer<u64>>> {
        let conn = self.conn()?;
        let mut requests: Vec<Request<'_, u64>> = Vec::with_capacity(statements.len() + 1);
        for (statement, args) in statements {
            requests.push(Box::pin(async move { conn.execute(statement, &refs(args)).await }));
        }
        if commit {
            requests.push(Box::pin(async move { conn.batch_execute("COMMIT").await.map(|()| 0) }));
        }
        Ok(watched(&self.waits, Pipeline::new(requests)).await)
    }
}

impl Drop for PgTx {
    /// In the middle of a transaction, or after a lost answer, the connection is closed instead of pooled.
    fn drop(&mut self) {
        if self.dirty
            && let Some(conn) = self.conn.take()
        {
            drop(Object::take(conn));
        }
    }
}
