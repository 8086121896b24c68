//! `everline migrate`: brings a store's schema up to date, for those who do not want `serve` to do it.

use crate::{config, wire};
use everline_store::migrate;
use everline_store::tables::MIGRATIONS;
use std::error::Error;
use std::path::Path;
use std::process::ExitCode;

/// Migrates the store of a configuration.
pub(crate) async fn run(file: &Path) -> Result<ExitCode, Box<dyn Error>> {
    let config = config::load(file)?;
    let store = wire::open(&config.store).await?;
    let missing = migrate::pending(&store, MIGRATIONS).await;
    wire::migrated(&store).await?;
    store.close().await;
    match missing?.as_slice() {
        [] => println!("{}: nothing to do", config.store.name()),
        done => println!("{}: applied {}", config.store.name(), done.join(", ")),
    }
    Ok(ExitCode::SUCCESS)
}
