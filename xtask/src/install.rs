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
    /// Poppler, which reads PDF files.
    Poppler,
    /// Python with venv, for packages of PyPI in a scratch folder.
    Python,
    /// A C++ compiler, for libFuzzer.
    Cxx,
}

impl Need {
    fn present(self) -> bool {
        match self {
            Need::Postgres => postgres_bin().is_some(),
            Need::Chromium => {
                Path::new("/usr/bin/chromium").exists() && Path::new("/usr/share/fonts/opentype/noto").exists()
            }
            Need::Node => runs("node") && runs("npm"),
            Need::Poppler => Path::new("/usr/bin/pdftotext").exists(),
            Need::Python => succeeds("python3", &["-c", "import venv, ensurepip"]),
            Need::Cxx => runs("c++"),
        }
    }
    const fn packages(self) -> &'static [&'static str] {
        match self {
            Need::Postgres => &["postgresql"],
            Need::Chromium => &["chromium", "fonts-noto-cjk"],
            Need::Node => &["nodejs", "npm"],
            Need::Poppler => &["poppler-utils"],
            Need::Python => &["python3", "python3-venv"],
            Need::Cxx => &["g++"],
        }
    }
}

fn runs(program: &str) -> bool {
    succeeds(program, &["--version"])
}

fn succeeds(program: &str, args: &[&str]) -> bool {
    Command::new(program).args(args).output().is_ok_and(|output| output.status.success())
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
