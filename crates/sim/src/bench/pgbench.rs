//! What PostgreSQL itself can do: a renewal of seven statements by PostgreSQL's own load generator, on the same server.

use super::report::Rate;
use crate::Failure;
use std::io::Write as _;
use std::path::PathBuf;
use std::process::{Command, Stdio};

const TABLES: &str = include_str!("tables.sql");
const RENEWALS: &str = include_str!("renewals.sql");

/// PostgreSQL's programs and a database for them.
pub(super) struct Pgbench {
    bin: PathBuf,
    config: String,
    lines: u64,
    script: tempfile::NamedTempFile,
}

impl Pgbench {
    /// Makes tables for `lines` lines in a database.
    pub(super) fn prepare(config: &str, lines: u64) -> Result<Self, Failure> {
        let mut script = tempfile::NamedTempFile::new().map_err(Failure::io("a file"))?;
        script.write_all(RENEWALS.as_bytes()).map_err(Failure::io("a file"))?;
        let this = Self { bin: programs()?, config: config.to_owned(), lines, script };
        let mut psql = Command::new(this.bin.join("psql"));
        psql.args(["--quiet", "--no-psqlrc", "--set=ON_ERROR_STOP=1"]).arg(format!("--set=n={lines}")).arg(config);
        let mut psql = psql
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .map_err(Failure::io("psql"))?;
        let piped = psql.stdin.take().ok_or_else(|| Failure::Unusable("psql without a pipe".to_owned()))?;
        { piped }.write_all(TABLES.as_bytes()).map_err(Failure::io("psql"))?;
        let ended = psql.wait().map_err(Failure::io("psql"))?;
        if ended.success() { Ok(this) } else { Err(Failure::Unusable("psql cannot make the tables".to_owned())) }
    }

    /// Runs `clients` at once for `seconds`.
    pub(super) fn run(&self, clients: u32, seconds: u64) -> Result<Rate, Failure> {
        let mut pgbench = Command::new(self.bin.join("pgbench"));
        pgbench.args(["--no-vacuum", "--protocol=prepared", "--jobs=2"]);
        pgbench.arg(format!("--client={clients}")).arg(format!("--time={}", seconds.max(1)));
        pgbench.arg(format!("--define=lines={}", self.lines)).arg("--file").arg(self.script.path()).arg(&self.config);
        let out = pgbench.stdin(Stdio::null()).output().map_err(Failure::io("pgbench"))?;
        let text = String::from_utf8_lossy(&out.stdout);
        let count = text.lines().find_map(|line| line.strip_prefix("number of transactions actually processed: "));
        let tps = text.lines().find_map(|line| line.strip_prefix("tps = ")?.split(' ').next());
        let both = count.and_then(|n| n.trim().parse::<u64>().ok()).zip(tps.and_then(micro));
        let (count, tps_micro) = both.filter(|(_, tps)| *tps > 0).ok_or_else(|| {
            Failure::Unusable(format!("pgbench says {text:?} {:?}", String::from_utf8_lossy(&out.stderr)))
        })?;
        let us = u128::from(count) * 1_000_000_000_000 / u128::from(tps_micro);
        Ok(Rate { count, us: u64::try_from(us).unwrap_or(u64::MAX) })
    }
}

/// A decimal number in millionths.
fn micro(text: &str) -> Option<u64> {
    let (whole, part) = text.split_once('.').unwrap_or((text, ""));
    let part = part.get(..6.min(part.len()))?;
    let scale = 10u64.checked_pow(6u32.checked_sub(u32::try_from(part.len()).ok()?)?)?;
    let part = if part.is_empty() { 0 } else { part.parse::<u64>().ok()? };
    whole.parse::<u64>().ok()?.checked_mul(1_000_000)?.checked_add(part.checked_mul(scale)?)
}

/// The newest installed version's programs, or those that `EVERLINE_POSTGRES_BIN` names.
pub(super) fn programs() -> Result<PathBuf, Failure> {
    if let Some(bin) = std::env::var_os("EVERLINE_POSTGRES_BIN") {
        return Ok(bin.into());
    }
    let versions = std::fs::read_dir("/usr/lib/postgresql").map_err(Failure::io("PostgreSQL"))?.flatten();
    let version = |path: &PathBuf| path.file_name().and_then(|name| name.to_str()?.parse::<u32>().ok());
    let newest =
        versions.map(|entry| entry.path()).filter(|path| path.join("bin/pgbench").exists()).max_by_key(version);
    newest.map(|path| path.join("bin")).ok_or_else(|| Failure::Unusable("no pgbench is installed".to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn decimal_numbers_are_read_exactly() {
        assert_eq!(micro("3123.456789"), Some(3_123_456_789));
        assert_eq!(micro("3123.4567891"), Some(3_123_456_789));
        assert_eq!(micro("7.5"), Some(7_500_000));
        assert_eq!(micro("7"), Some(7_000_000));
        assert_eq!(micro("x"), None);
    }
}
