#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, missing_docs)]
#![allow(unreachable_pub, clippy::needless_pass_by_value)]

mod acknowledge;
mod backup;
mod migrations;
mod observe;
mod plans;
mod postgres;
mod privacy;
mod schema;
mod semantics;
mod sqlite;
mod works;
