//! Installing what a step lacks, saying so.

use std::path::Path;
use std::process::Command;

/// What a step can need beyond the Rust toolchain.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Need {
    /// PostgreSQL's server binaries.
    Postgres,
    /// Chromium and fonts for Chinese text.
    Chromium,
    /// Node.js with npm.
    Node,
    /// Python 3 with venv.
    Python,
}

impl Need {
    fn present(self) -> bool {
        match self {
            Need::Postgres => postgres_bin().is_some(),
            Need::Chromium => {
                Path::new("/usr/bin/chromium").exists() && Path::new("/usr/share/fonts/opentype/noto").exists()
            }
            Need::Node => runs("node") && runs("npm"),
            Need::Python => {
                let found = Command::new("python3").args(["-c", "import ensurepip, venv"]).output();
                found.is_ok_and(|output| output.status.success())
            }
        }
    }
    const fn packages(self) -> &'static [&'static str] {
        match self {
            Need::Postgres => &["postgresql"],
            Need::Chromium => &["chromium", "fonts-noto-cjk"],
            Need::Node => &["nodejs", "npm"],
            Need::Python => &["python3", "python3-venv"],
        }
    }
}

fn runs(program: &str) -> bool {
    Command::new(program).arg("--version").output().is_ok_and(|output| output.status.success())
}

/// The newest installed PostgreSQL's folder of binaries.
pub(crate) fn postgres_bin() -> Option<std::path::PathBuf> {
    let versions = std::fs::read_dir("/usr/lib/postgresql").ok()?;
    let bins =
        versions.filter_map(|entry| Some(entry.ok()?.path().join("bin"))).filter(|bin| bin.join("initdb").exists());
    bins.max()
}

/// Installs what is missing as Debian packages; false if it is missing still.
pub(crate) fn install(needs: &[Need]) -> bool {
    let missing: Vec<Need> = needs.iter().copied().filter(|need| !need.present()).collect();
    if missing.is_empty() {
        return true;
    }
    let packages: Vec<&str> = missing.iter().flat_map(|need| need.packages()).copied().collect();
    println!("installing Debian packages: {}", packages.join(" "));
    let apt = |args: &[&str]| {
        let command = Command::new("apt-get").args(args).env("DEBIAN_FRONTEND", "noninteractive").output();
        command.is_ok_and(|output| output.status.success())
    };
    let fetched = apt(&["update", "-qq"]);
    let mut args = vec!["install", "-y", "-qq", "--no-install-recommends"];
    args.extend(&packages);
    let installed = fetched && apt(&args);
    // Debian starts a cluster of its own with the server package; the tests make their own and leave it alone.
    installed && missing.iter().all(|need| need.present())
}
