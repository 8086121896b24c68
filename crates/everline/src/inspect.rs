//! Commands that look at a store.

use everline_app::{set_up, verify};
use everline_core::time::{BusinessTime, Now, SystemTime};
use everline_store::{PostgresOptions, SqliteOptions, Store};
use std::error::Error;
use std::path::PathBuf;
use std::process::ExitCode;

/// Checks a store; success only if nothing was found.
pub(crate) async fn verify(sqlite: Option<PathBuf>, postgres: Option<String>) -> Result<ExitCode, Box<dyn Error>> {
    let store = match (sqlite, postgres) {
        (Some(path), _) if !path.exists() => return Err(format!("there is no file {}", path.display()).into()),
        (Some(path), _) => Store::open_sqlite(path, SqliteOptions::default())?,
        (None, Some(config)) => Store::open_postgres(&config, PostgresOptions::default()).await?,
        (None, None) => return Err("name a store: --sqlite FILE or --postgres CONNECTION".into()),
    };
    let brand = set_up::brand(&store).await?.ok_or("the store holds no brand: it was never set up")?;
    let clock = everline_app::clock::Clock::machine().now();
    let _ = (BusinessTime::from_us(0), SystemTime::from_us(0));
    let now: Now = clock;
    let report = verify::verify(&store, &brand, &brand.zone()?, now).await?;
    print!("{report}");
    store.close().await;
    Ok(if report.findings.is_empty() { ExitCode::SUCCESS } else { ExitCode::from(1) })
}
