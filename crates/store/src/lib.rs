//! The store: what is durable, and the one way to read and write it.
//!
//! This crate owns the executor ([`Store`], [`Tx`], [`Work`]) that runs the same units of work on SQLite and on
//! PostgreSQL, the migrations, and the tables. It never calls a provider, never asks for the time (times arrive as
//! parameters) and never decides a business question: a [`Work`] does that with what it read.
//!
//! The contract in short:
//!
//! - A [`Work`] commits whole or not at all, may be run several times, and touches nothing but its [`Tx`].
//! - An answer is given only after the commit is durable, whatever the answer says.
//! - The first database error ends a [`Tx`]: a [`Work`] that swallows it is not acknowledged.
//! - A commit happens even if the caller stopped waiting for it.

pub mod backup;
pub mod engine;
pub mod migrate;
pub mod tables;

pub use engine::error::{Error, Result, Stop};
pub use engine::postgres::PostgresOptions;
pub use engine::query::{Asked, Query, Together};
pub use engine::row::{Cell, Column, FromRow, Row};
pub use engine::sql::Sql;
pub use engine::sqlite::{SqliteOptions, Synchronous};
pub use engine::tx::Tx;
pub use engine::value::Value;
pub use engine::watch::{Ended, Outcome, Watch};
pub use engine::work::{LostCommit, Work};
pub use engine::{Engine, Store};
pub use migrate::{Migration, migrate};
