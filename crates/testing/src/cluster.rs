//! A PostgreSQL server that lives as long as this process.

use std::fs::{File, create_dir_all, metadata, rename};
use std::io::{BufRead, BufReader, Write};
use std::os::unix::fs::{MetadataExt, PermissionsExt, chown};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::sync::{Mutex, MutexGuard, PoisonError};
use tempfile::TempDir;
use tokio_postgres::NoTls;

/// Whether the server waits for the disk.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fsync {
    /// As in service.
    On,
    /// Much faster; survives everything but a crash of the machine.
    Off,
}

/// A running PostgreSQL server, stopped and removed when this is dropped or the process ends.
pub struct Cluster {
    bin: PathBuf,
    dir: PathBuf,
    databases: AtomicU64,
    guardian: Mutex<Guardian>,
}

/// The shell script that starts and stops the server.
struct Guardian {
    process: Child,
    /// Closing it, by whatever means, ends the guardian and the server.
    commands: Option<ChildStdin>,
    answers: BufReader<ChildStdout>,
}

/// Who runs the server.
struct Account {
    uid: u32,
    /// The test process is root and has to become somebody else.
    change: bool,
}

impl Account {
    fn of_server(temporary: &Path) -> Self {
        // A file of ours tells who we are, without a call into libc.
        let probe = tempfile::tempfile_in(temporary).and_then(|f| f.metadata()).expect("a temporary file");
        match probe.uid() {
            0 => Self { uid: metadata_of_nobody(), change: true },
            uid => Self { uid, change: false },
        }
    }

    fn command(&self, program: &Path) -> Command {
        if !self.change {
            return Command::new(program);
        }
        let mut command = Command::new("setpriv");
        let (uid, gid) = (format!("--reuid={}", self.uid), format!("--regid={}", self.uid));
        command.args([&uid, &gid, "--clear-groups", "--inh-caps=-all", "--"]).arg(program);
        command
    }

    /// A folder that belongs to the account, and to nobody else.
    fn own(&self, dir: &Path) {
        if self.change {
            chown(dir, Some(self.uid), Some(self.uid)).expect("the folder can be given away");
        }
        std::fs::set_permissions(dir, std::fs::Permissions::from_mode(0o700)).expect("the folder is ours");
    }
}

fn metadata_of_nobody() -> u32 {
    let passwd = std::fs::read_to_string("/etc/passwd").unwrap_or_default();
    let nobody = passwd.lines().find_map(|line| line.strip_prefix("nobody:"));
    nobody.and_then(|line| line.split(':').nth(1)?.parse().ok()).unwrap_or(65534)
}

/// The newest installed version's programs. `EVERLINE_POSTGRES_BIN` names others; empty, it says that there are none.
fn programs() -> Option<PathBuf> {
    if let Some(bin) = std::env::var_os("EVERLINE_POSTGRES_BIN") {
        return Some(bin.into()).filter(|bin: &PathBuf| !bin.as_os_str().is_empty());
    }
    let versions = std::fs::read_dir("/usr/lib/postgresql").ok()?.flatten();
    let number = |path: &PathBuf| path.file_name().and_then(|n| n.to_str()?.parse::<u32>().ok());
    let newest = versions.map(|v| v.path()).filter(|v| v.join("bin/initdb").exists()).max_by_key(number)?;
    Some(newest.join("bin"))
}

/// The data folder that every cluster starts from; made by the first process that needs it, under a file lock.
fn template(bin: &Path, temporary: &Path, account: &Account) -> PathBuf {
    let version = Command::new(bin.join("postgres")).arg("--version").output().expect("postgres --version runs").stdout;
    // "postgres (PostgreSQL) 15.14 (Debian …)"
    let version = String::from_utf8_lossy(&version);
    let version = version.split_whitespace().nth(2).expect("a version");
    let home = temporary.join(format!("everline-postgres-{version}-{}", account.uid));
    create_dir_all(&home).expect("a folder for the template");
    account.own(&home);
    assert!(metadata(&home).is_ok_and(|m| m.uid() == account.uid), "{} belongs to somebody else", home.display());
    let lock = File::create(temporary.join(format!("everline-postgres-{version}-{}.lock", account.uid)));
    let lock = lock.expect("a lock file");
    lock.lock().expect("the lock file can be locked");
    let (made, template) = (home.join("making"), home.join("template"));
    if !template.exists() {
        let _ = std::fs::remove_dir_all(&made);
        let mut initdb = account.command(&bin.join("initdb"));
        initdb.args(["--username=everline", "--auth=trust", "--encoding=UTF8", "--locale=C", "--no-sync"]);
        let done = initdb.args(["--wal-segsize=1", "-D"]).arg(&made).current_dir("/").output().expect("initdb runs");
        assert!(done.status.success(), "initdb: {}", String::from_utf8_lossy(&done.stderr));
        rename(&made, &template).expect("the template can be named");
    }
    template
}

impl Cluster {
    /// Starts a server, or returns `None` if PostgreSQL is not installed.
    #[must_use]
    pub fn start(fsync: Fsync) -> Option<Self> {
        Self::start_from(None, fsync, &[])
    }

    /// Starts a server with further settings, on an empty data folder or on a copy of one, a base backup for example. One
    /// that recovers answers reads before it takes writes.
    #[must_use]
    pub fn start_from(data: Option<&Path>, fsync: Fsync, settings: &[String]) -> Option<Self> {
        let bin = programs()?;
        let temporary = std::env::temp_dir();
        let account = Account::of_server(&temporary);
        let template = data.map_or_else(|| template(&bin, &temporary, &account), Path::to_path_buf);
        // A socket's path has little room: the name is short. The guardian removes the folder.
        let dir = tempfile::Builder::new().prefix("evpg").tempdir().expect("a temporary folder").keep();
        account.own(&dir);
        let fsync = if fsync == Fsync::On { "on" } else { "off" };
        let mut guardian = account.command(Path::new("sh"));
        guardian.args(["-c", include_str!("guardian.sh"), "guardian"]).args([&bin, &template, &dir]);
        for set in [
            "listen_addresses=",
            "max_connections=100",
            "shared_buffers=64MB",
            "min_wal_size=256MB",
            "max_wal_size=2GB",
            &format!("fsync={fsync}"),
            &format!("full_page_writes={fsync}"),
        ] {
            guardian.args(["-c", set]);
        }
        settings.iter().for_each(|set| _ = guardian.args(["-c", set]));
        // A process group of its own: what ends the test must not end the one who cleans up after it.
        guardian.process_group(0).current_dir("/").stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null());
        let mut process = guardian.spawn().expect("the guardian starts");
        let (commands, answers) = (process.stdin.take(), BufReader::new(process.stdout.take().expect("piped")));
        let guardian = Mutex::new(Guardian { process, commands, answers });
        let this = Self { bin, dir, databases: AtomicU64::new(0), guardian };
        this.wait_until_ready();
        Some(this)
    }

    /// The folder of its socket, `.s.PGSQL.5432`.
    #[must_use]
    pub fn socket_dir(&self) -> &Path {
        &self.dir
    }

    /// A folder that a server can write into, which stays when the server goes.
    #[must_use]
    pub fn folder() -> TempDir {
        let folder = tempfile::Builder::new().prefix("evpg").tempdir().expect("a temporary folder");
        Account::of_server(&std::env::temp_dir()).own(folder.path());
        folder
    }

    /// One of PostgreSQL's own programs, run by the server's account and pointed at its socket.
    #[must_use]
    pub fn tool(&self, program: &str) -> Command {
        let mut command = Account::of_server(&std::env::temp_dir()).command(&self.bin.join(program));
        command.env("PGHOST", &self.dir).env("PGUSER", "everline").env("PGDATABASE", "postgres").current_dir("/");
        command
    }

    /// The connection string of a new, empty database.
    pub async fn database(&self) -> String {
        let config = |name: &str| format!("host={} user=everline dbname={name}", self.dir.display());
        let first = config("postgres");
        let number = self.databases.fetch_add(1, Relaxed);
        if number == 0 {
            return first; // as fresh as the cluster
        }
        let (client, connection) = tokio_postgres::connect(&first, NoTls).await.expect("the server answers");
        let task = tokio::spawn(connection);
        let name = format!("test_{number}");
        client.batch_execute(&format!("CREATE DATABASE {name}")).await.expect("a new database");
        drop(client);
        let _ = task.await;
        config(&name)
    }

    /// Kills the server without warning (`kill -9`), starts it again, and returns when it answers.
    pub fn crash(&self) {
        let asked = self.guardian().commands.as_mut().map(|commands| commands.write_all(b"crash\n"));
        assert!(matches!(asked, Some(Ok(()))), "the guardian is gone");
        self.wait_until_ready();
    }

    fn wait_until_ready(&self) {
        let mut line = String::new();
        let read = self.guardian().answers.read_line(&mut line);
        assert!(read.is_ok() && line == "ready\n", "PostgreSQL did not start; see {}/log", self.dir.display());
    }

    fn guardian(&self) -> MutexGuard<'_, Guardian> {
        self.guardian.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        let mut guardian = self.guardian();
        drop(guardian.commands.take());
        let _ = guardian.process.wait();
    }
}
