//! `everline backup` and `everline restore`: a folder with a copy that is proven whole, and back.

use everline_app::clock::Clock;
use everline_app::{restore, set_up, timers, verify};
use everline_core::time::Zone;
use everline_store::backup::{self, Manifest};
use everline_store::tables::MIGRATIONS;
use everline_store::{PostgresOptions, SqliteOptions, Store, migrate};
use std::error::Error;
use std::io::{IsTerminal, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

/// What to save, and where.
#[derive(clap::Args)]
pub(crate) struct BackupArgs {
    /// The SQLite file; it may be in use
    #[arg(long)]
    sqlite: PathBuf,
    /// The folder that gets a folder of its own for each backup
    #[arg(long)]
    to: PathBuf,
    /// Removes the oldest complete backups beyond this many, once the new one is complete
    #[arg(long, value_parser = clap::value_parser!(u16).range(1..))]
    keep: Option<u16>,
}

/// What to put back.
#[derive(clap::Args)]
pub(crate) struct RestoreArgs {
    /// One backup: a folder that `everline backup` made
    #[arg(long, requires = "sqlite", required_unless_present = "postgres")]
    from: Option<PathBuf>,
    /// Where the SQLite file goes; nothing may be there
    #[arg(long, requires = "from", conflicts_with = "postgres")]
    sqlite: Option<PathBuf>,
    /// A PostgreSQL database that its own tools have recovered: everything under way is asked again, and verified
    #[arg(long)]
    postgres: Option<String>,
    /// Only compares the backup with its manifest
    #[arg(long, requires = "from")]
    check: bool,
}

/// How the folder of a backup is called: `everline-20261122T221000Z`.
const NAMED: &str = "everline-";

/// Saves a store.
pub(crate) async fn back_up(args: BackupArgs) -> Result<ExitCode, Box<dyn Error>> {
    let begun = Clock::machine().now().business;
    let name = format!("{NAMED}{}", Zone::utc().local(begun).strftime("%Y%m%dT%H%M%SZ"));
    let (source, folder) = (args.sqlite.clone(), args.to.join(name));
    if !source.is_file() {
        return Err(format!("there is no file {}", source.display()).into());
    }
    let target = folder.clone();
    let work = move || backup::back_up(&source, &target, begun.us(), progress());
    let manifest = tokio::task::spawn_blocking(work).await??;
    println!("{}", described(&folder, &manifest));
    if let Some(keep) = args.keep {
        for old in superseded(&args.to, usize::from(keep))? {
            std::fs::remove_dir_all(&old)?;
            println!("removed {}", old.display());
        }
    }
    Ok(ExitCode::SUCCESS)
}

/// Tells how far it is, on a terminal.
fn progress() -> impl FnMut(u64, u64) {
    let shown = std::io::stderr().is_terminal();
    move |done, all| {
        if shown {
            let _ = write!(std::io::stderr(), "\r{done} of {all} pages ");
        }
    }
}

fn described(folder: &Path, manifest: &Manifest) -> String {
    let rows: u64 = manifest.tables.values().map(|table| table.rows).sum();
    let tables = manifest.tables.len();
    format!(
        "{}: {} bytes, {rows} rows in {tables} tables, sha256 {}",
        folder.display(),
        manifest.bytes,
        manifest.sha256
    )
}

/// The complete backups in a folder beyond the newest `keep`. Names sort by time; what is not ours is left alone.
fn superseded(root: &Path, keep: usize) -> std::io::Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(root)? {
        let path = entry?.path();
        let name = path.file_name().and_then(|name| name.to_str()).unwrap_or("");
        let ours = name.strip_prefix(NAMED).is_some_and(|time| time.len() == 16 && time.ends_with('Z'));
        if ours && path.join(backup::MANIFEST).is_file() {
            found.push(path);
        }
    }
    found.sort_unstable();
    found.truncate(found.len().saturating_sub(keep));
    Ok(found)
}

/// Puts a store back, asks again about everything that was under way, and verifies it.
pub(crate) async fn restore(args: RestoreArgs) -> Result<ExitCode, Box<dyn Error>> {
    if let (Some(from), true) = (&args.from, args.check) {
        println!("{}", described(from, &backup::check(from)?));
        return Ok(ExitCode::SUCCESS);
    }
    let store = match (args.from, args.sqlite, args.postgres) {
        (Some(from), Some(to), None) => {
            let target = to.clone();
            let manifest = tokio::task::spawn_blocking(move || backup::restore(&from, &target)).await??;
            println!("{}", described(&to, &manifest));
            Store::open_sqlite(&to, SqliteOptions::default()).await?
        }
        (None, None, Some(config)) => Store::open_postgres(&config, PostgresOptions::default()).await?,
        _ => {
            return Err("name --from FOLDER with --sqlite FILE, or --postgres CONNECTION".into());
        }
    };
    migrate(&store, MIGRATIONS).await?;
    let brand = set_up::brand(&store).await?.ok_or("the store holds no brand: it was never set up")?;
    let clock = Clock::machine();
    clock.set_business_offset_us(timers::stored_offset_us(&store).await?);
    let asked = restore::ask_again(&store, clock.now()).await?;
    println!(
        "{} open payments and {} waiting jobs will be asked about as soon as the store is served",
        asked.attempts, asked.awoken
    );
    let report = verify::verify(&store, &brand, &brand.zone()?, clock.now()).await?;
    print!("{report}");
    store.close().await;
    Ok(if report.findings.is_empty() { ExitCode::SUCCESS } else { ExitCode::from(1) })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_complete_old_backups_of_ours_are_removed() {
        let root = tempfile::tempdir().unwrap();
        let complete = ["everline-20260101T000000Z", "everline-20260301T000000Z", "everline-20260201T000000Z"];
        for name in complete.into_iter().chain(["other-20250101T000000Z", "everline-notes"]) {
            std::fs::create_dir(root.path().join(name)).unwrap();
            std::fs::write(root.path().join(name).join(backup::MANIFEST), "{}").unwrap();
        }
        std::fs::create_dir(root.path().join("everline-20250101T000000Z")).unwrap(); // no manifest
        let names = |keep| {
            let old = superseded(root.path(), keep).unwrap();
            old.iter().map(|path| path.file_name().unwrap().to_owned()).collect::<Vec<_>>()
        };
        assert_eq!(names(1), ["everline-20260101T000000Z", "everline-20260201T000000Z"]);
        assert_eq!(names(3), Vec::<&str>::new());
    }
}
