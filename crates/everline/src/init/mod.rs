//! `everline init`: from an empty folder to a store that can be served. Asks what it must know, or takes it from the
//! command line; makes what is missing and overwrites nothing, so it is safe to run again.

mod answers;
mod template;

pub(crate) use answers::Options;

use crate::config::{self, Migrate, Place, StoreConfig};
use crate::staff::{Ask, answer};
use crate::wire;
use answers::Answers;
use everline_app::clock::Clock;
use everline_app::secrets::hex;
use everline_app::staff;
use everline_providers::alipay::PrivateKey;
use everline_providers::push::PushKey;
use everline_store::{PostgresOptions, SqliteOptions};
use std::error::Error;
use std::fs::{self, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;

type Failed = Box<dyn Error>;

/// Makes what is missing.
pub(crate) async fn run(options: Options) -> Result<ExitCode, Failed> {
    let folder = options.folder.clone();
    let file = folder.join("everline.toml");
    if file.exists() {
        println!("{} exists and stays as it is", file.display());
        return continue_with(&file, &options).await;
    }
    let answers = answers::ask(&options)?;
    directory(&folder, 0o755)?;
    directory(&folder.join("secrets"), 0o700)?;
    let clock = Arc::new(Clock::machine());
    let master = make_secrets(&folder, &answers, &clock)?;
    new_file(&file, &template::filled(&answers), 0o644)?;
    let store = StoreConfig {
        place: answers.place(&folder).map_err(|what| format!("store: {what}"))?,
        sqlite: SqliteOptions::default(),
        postgres: PostgresOptions::default(),
        migrate: Migrate::OnStart,
    };
    if let Place::Sqlite(path) = &store.place
        && let Some(parent) = path.parent()
    {
        directory(parent, 0o750)?;
    }
    let opened = wire::ready_store(&store, &answers.brand, &clock).await?;
    println!("set up    {}", store.name());
    let app = wire::app_alone(opened, clock, answers.brand.clone(), &master)?;
    let done = first_member(&app, &answers.public_url, &options).await;
    app.store.close().await;
    done?;
    what_remains(&file);
    Ok(ExitCode::SUCCESS)
}

/// The configuration is there already: the store is set up and the first member added if that is still to do.
async fn continue_with(file: &Path, options: &Options) -> Result<ExitCode, Failed> {
    let config = match config::load(file) {
        Ok(config) => config,
        Err(refused) => {
            println!("what remains to be done:\n{refused}");
            return Ok(ExitCode::from(1));
        }
    };
    let clock = Arc::new(Clock::machine());
    let store = wire::ready_store(&config.store, &config.brand, &clock).await?;
    let app = wire::app_alone(store, clock, config.brand.clone(), &config::master_key(&config.master_key)?)?;
    let done = first_member(&app, &config.public_url, options).await;
    app.store.close().await;
    done?;
    what_remains(file);
    Ok(ExitCode::SUCCESS)
}

/// Adds the first member, unless there is one.
async fn first_member(app: &everline_app::App, public_url: &str, options: &Options) -> Result<(), Failed> {
    if !staff::list(app).await?.is_empty() {
        println!("staff     there are members already; `everline staff link LOGIN` makes a new link");
        return Ok(());
    }
    let (login, name) = (options.staff_login.clone(), options.staff_name.clone());
    let added = answer(app, public_url, Ask::Add { login: login.clone(), name, role: "operator".to_owned() }).await;
    if !added.fine {
        return Err(added.text.into());
    }
    println!("staff     {login}: set the password at\n          {}", added.text.replace('\n', "\n          "));
    Ok(())
}

fn what_remains(file: &Path) {
    match config::load(file) {
        Ok(_) => println!("next      everline serve --config {}", file.display()),
        Err(refused) => {
            println!("what remains to be done before `everline serve --config {}`:\n{refused}", file.display())
        }
    }
}

/// Keys of our own: the master key, the secret of network elements, the key for notices in browsers, the pair for Alipay.
fn make_secrets(folder: &Path, answers: &Answers, clock: &Clock) -> Result<[u8; 32], Failed> {
    let secrets = folder.join("secrets");
    let (mut master, mut device) = ([0; 32], [0; 32]);
    if !clock.fill(&mut master) || !clock.fill(&mut device) {
        return Err("the system has no randomness to give".into());
    }
    let path = secrets.join("master.key");
    if !keep_or_make(&path, &format!("{}\n", hex(&master)), 0o600)? {
        let kept = fs::read_to_string(&path)?;
        master = config::parse_master_key(kept.trim()).ok_or("secrets/master.key holds no 64 hexadecimal digits")?;
    }
    keep_or_make(&secrets.join("device.token"), &format!("{}\n", hex(&device)), 0o600)?;
    keep_or_make(&secrets.join("push.key"), &format!("{}\n", push_key(clock)?), 0o600)?;
    if let Some(postgres) = &answers.postgres {
        keep_or_make(&secrets.join("postgres"), &format!("{postgres}\n"), 0o600)?;
    }
    let merchant = secrets.join("alipay-merchant.key");
    if !merchant.exists() {
        let key = PrivateKey::generate()?;
        new_file(&merchant, &key.to_pem()?, 0o600)?;
        let public = folder.join("alipay-merchant.pub");
        keep_or_make(&public, &key.public_key()?.to_pem()?, 0o644)?;
        println!("          enter {} at Alipay as the application's public key", public.display());
    }
    Ok(master)
}

/// The key under which browsers are sent notices.
fn push_key(clock: &Clock) -> Result<String, Failed> {
    loop {
        let mut key = [0; 32];
        if !clock.fill(&mut key) {
            return Err("the system has no randomness to give".into());
        }
        // Not every number is a key.
        if let Ok(text) = PushKey::write(&key) {
            return Ok(text);
        }
    }
}

fn directory(path: &Path, mode: u32) -> Result<(), Failed> {
    if path.as_os_str().is_empty() || path.is_dir() {
        return Ok(());
    }
    let made = fs::DirBuilder::new().recursive(true).mode(mode).create(path);
    made.map_err(|error| format!("{}: {error}", path.display()).into())
}

/// Makes a file unless it is there. True if it was made.
fn keep_or_make(path: &Path, text: &str, mode: u32) -> Result<bool, Failed> {
    if path.exists() {
        println!("kept      {}", path.display());
        return Ok(false);
    }
    new_file(path, text, mode)?;
    Ok(true)
}

/// Makes a file; one that exists is never touched.
fn new_file(path: &Path, text: &str, mode: u32) -> Result<(), Failed> {
    let wrong = |error: io::Error| format!("{}: {error}", path.display());
    let mut file = OpenOptions::new().write(true).create_new(true).mode(mode).open(path).map_err(wrong)?;
    file.write_all(text.as_bytes()).and_then(|()| file.sync_all()).map_err(wrong)?;
    println!("made      {}", path.display());
    Ok(())
}

/// A path as the configuration has it: beside the file unless it is absolute.
fn beside(folder: &Path, path: &str) -> PathBuf {
    folder.join(path)
}
