//! `everline audit`: where the log of the staff ends, the log as a file, and whether a file of it is whole.

use crate::inspect::{self, Place};
use everline_app::audit::{self, Head, Walk, head_from_text, head_text};
use std::error::Error;
use std::fs::File;
use std::io::{BufRead, BufReader, BufWriter, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

/// What to do.
#[derive(clap::Subcommand)]
pub(crate) enum AuditCommand {
    /// Print how many entries there are and the hash of the last: note it outside, so that a log that is cut off is found
    Head {
        #[command(flatten)]
        place: Place,
    },
    /// Write all entries to a file, one JSON object a line
    Export {
        #[command(flatten)]
        place: Place,
        /// The file
        #[arg(long)]
        to: PathBuf,
    },
    /// Say whether a file that was exported is whole and as it was written
    Check {
        /// The file
        file: PathBuf,
        /// An end that was noted before: it must be part of the file
        #[arg(long, value_name = "COUNT:HASH")]
        head: Option<String>,
    },
}

/// Carries a command out.
pub(crate) async fn run(command: AuditCommand) -> Result<ExitCode, Box<dyn Error>> {
    match command {
        AuditCommand::Head { place } => {
            let (store, _) = inspect::open(place).await?;
            println!("{}", head_text(audit::head(&store).await?));
            store.close().await;
            Ok(ExitCode::SUCCESS)
        }
        AuditCommand::Export { place, to } => export(place, &to).await,
        AuditCommand::Check { file, head } => check(&file, head.as_deref().map(noted).transpose()?),
    }
}

/// An end of the log as it was noted.
pub(crate) fn noted(text: &str) -> Result<Head, String> {
    head_from_text(text).ok_or_else(|| format!("{text}: not an end of the log as `everline audit head` prints it"))
}

async fn export(place: Place, to: &Path) -> Result<ExitCode, Box<dyn Error>> {
    let (store, _) = inspect::open(place).await?;
    let file = File::options().write(true).create_new(true).open(to);
    let mut file = BufWriter::new(file.map_err(|error| format!("{}: {error}", to.display()))?);
    let mut last = Walk::default().head;
    loop {
        let page = audit::entries(&store, last.entries).await?;
        for entry in &page {
            writeln!(file, "{}", audit::line(entry))?;
        }
        let Some(end) = page.last() else { break };
        last = Head { entries: end.seq, hash: end.hash.clone().try_into().unwrap_or(last.hash) };
    }
    file.into_inner().map_err(|error| error.to_string())?.sync_all()?;
    store.close().await;
    println!("{} entries, end {}", last.entries, head_text(last));
    Ok(ExitCode::SUCCESS)
}

fn check(path: &Path, head: Option<Head>) -> Result<ExitCode, Box<dyn Error>> {
    let file = File::open(path).map_err(|error| format!("{}: {error}", path.display()))?;
    let (mut walk, mut wrong, mut found) = (Walk::default(), 0_u64, head.is_none_or(|head| head.entries == 0));
    for (number, line) in BufReader::new(file).lines().enumerate() {
        let Some(entry) = audit::read_line(&line?) else {
            wrong += 1;
            println!("line {}: no entry", number + 1);
            continue;
        };
        for broken in walk.step(&entry) {
            if broken == audit::Broken::ReasonRemoved {
                // Its customer was erased before the file was written, or somebody removed it: the file cannot tell.
                println!("entry {}: {broken}; `everline verify` says whether it had to be", entry.seq);
                continue;
            }
            wrong += 1;
            println!("entry {}: {broken}", entry.seq);
        }
        found = found || head == Some(walk.head);
    }
    if let (Some(head), false) = (head, found) {
        wrong += 1;
        println!("the noted end {} is not part of it", head_text(head));
    }
    println!("{} entries, end {}", walk.head.entries, head_text(walk.head));
    if wrong == 0 {
        println!("nothing is wrong");
        return Ok(ExitCode::SUCCESS);
    }
    println!("{wrong} findings");
    Ok(ExitCode::from(1))
}
