//! The `everline` program: its command line, and the wiring of store, ports and pages.

mod audit;
mod backup;
mod command;
mod config;
mod config_check;
mod contact;
mod customer;
mod demo;
mod import;
mod init;
mod inspect;
mod keys;
mod line;
mod migrate;
mod reconcile;
mod serve;
mod staff;
mod statement;
mod voucher;
mod what_if;
mod wire;

use clap::{Parser, Subcommand};
use std::path::PathBuf;
use std::process::ExitCode;

/// Keeps prepaid lines alive.
#[derive(Parser)]
#[command(name = "everline", version)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Start a sample brand with a simulated outside world, on this machine only
    Demo {
        /// Port of the portal; the sandbox takes the five that follow
        #[arg(long, default_value_t = 8800)]
        port: u16,
        /// Folder for the store; without it, a fresh one that is removed at the end
        #[arg(long)]
        data: Option<PathBuf>,
        /// Perform the whole journey by HTTP, print each step, and stop
        #[arg(long)]
        walkthrough: bool,
    },
    /// Make a configuration, a key, a store and the first staff account
    Init(Box<init::Options>),
    /// Serve customers, until SIGTERM or SIGINT
    Serve {
        #[command(flatten)]
        config: ConfigFile,
    },
    /// Look at a configuration
    Config {
        #[command(subcommand)]
        command: ConfigCommand,
    },
    /// Bring a store's schema up to date
    Migrate {
        #[command(flatten)]
        config: ConfigFile,
    },
    /// Mailboxes of customers: who cannot be reached by short message is told there
    Contact {
        #[command(flatten)]
        config: ConfigFile,
        #[command(subcommand)]
        command: contact::Ask,
    },
    /// Say who may sign in at the desk
    Staff {
        #[command(flatten)]
        config: ConfigFile,
        #[command(subcommand)]
        command: staff::Ask,
    },
    /// Say that the machine's clock is right after it jumped, so that timers run again
    AcceptTime {
        #[command(flatten)]
        config: ConfigFile,
    },
    /// Load stock, activation codes, the catalogue, or the lines of a business that moves in
    Import {
        #[command(subcommand)]
        command: import::ImportCommand,
    },
    /// Write them to files of the same shape
    Export {
        #[command(subcommand)]
        command: import::ExportCommand,
    },
    /// Save a SQLite store to a folder, also while it is served
    Backup(backup::BackupArgs),
    /// Put a backup back, and ask again about everything that was under way
    Restore(backup::RestoreArgs),
    /// Hand out or erase one customer's data
    Customer {
        #[command(subcommand)]
        command: customer::CustomerCommand,
    },
    /// Remove records whose time is over, as a served store does every day
    Retention {
        #[command(flatten)]
        place: inspect::Place,
    },
    /// Compare a provider's bill of a day with the books, as a served store does every day
    Reconcile(reconcile::About),
    /// Recompute every balance and check every invariant of a store; with --config also that what is sealed opens
    Verify {
        #[command(flatten)]
        place: inspect::Place,
        /// An end of the audit log that was noted before, as `everline audit head` printed it
        #[arg(long, value_name = "COUNT:HASH")]
        audit_head: Option<String>,
    },
    /// The log of what the staff saw and did: where it ends, as a file, and whether a file of it is whole
    Audit {
        #[command(subcommand)]
        command: audit::AuditCommand,
    },
    /// See and match lines of bank statements
    Statement {
        #[command(subcommand)]
        command: statement::StatementCommand,
    },
    /// Note what was refunded by hand
    Refund {
        #[command(subcommand)]
        command: statement::RefundCommand,
    },
    /// Make, list and stop vouchers
    Voucher {
        #[command(subcommand)]
        command: voucher::VoucherCommand,
    },
    /// Look at a line, or change its state
    Line {
        #[command(subcommand)]
        command: LineCommand,
    },
}

/// Where the configuration is.
#[derive(clap::Args)]
pub(crate) struct ConfigFile {
    /// The configuration file
    #[arg(long = "config", default_value = "/etc/everline/everline.toml")]
    pub(crate) file: PathBuf,
}

#[derive(Subcommand)]
enum ConfigCommand {
    /// Read it and tell every mistake, or what it says; never a secret
    Check {
        #[command(flatten)]
        config: ConfigFile,
    },
}

#[derive(Subcommand)]
enum LineCommand {
    /// Print a line with its plans, buckets and sessions
    Show {
        #[command(flatten)]
        place: inspect::Place,
        /// The line's number
        msisdn: String,
    },
    /// Print what becomes of a line if nobody pays
    WhatIf {
        #[command(flatten)]
        place: inspect::Place,
        /// The line's number
        msisdn: String,
        /// The last day, in the brand's time zone: 2027-03-01
        #[arg(long)]
        until: String,
    },
    #[command(flatten)]
    Change(line::Change),
}

fn main() -> ExitCode {
    let command = Cli::parse().command;
    // A node in service logs as its configuration says.
    if !matches!(command, Command::Serve { .. }) {
        let filter = tracing_subscriber::EnvFilter::try_from_env("EVERLINE_LOG").unwrap_or_else(|_| "warn".into());
        tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr).init();
    }
    let runtime = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => return failed(&error),
    };
    let result = runtime.block_on(run(command));
    match result {
        Ok(code) => code,
        Err(error) => failed(&*error),
    }
}

async fn run(command: Command) -> Result<ExitCode, Box<dyn std::error::Error>> {
    match command {
        Command::Demo { port, data, walkthrough } => demo::run(demo::Options { port, data, walkthrough }).await,
        Command::Init(options) => init::run(*options).await,
        Command::Serve { config } => serve::serve(&config.file).await,
        Command::Config { command: ConfigCommand::Check { config } } => config_check::check(&config.file),
        Command::Migrate { config } => migrate::run(&config.file).await,
        Command::Contact { config, command } => command::run(&config.file, command::Ask::Contact(command)).await,
        Command::Staff { config, command } => command::run(&config.file, command::Ask::Staff(command)).await,
        Command::AcceptTime { config } => command::run(&config.file, command::Ask::AcceptTime).await,
        Command::Import { command } => import::run_import(command).await,
        Command::Export { command } => import::run_export(command).await,
        Command::Backup(args) => backup::back_up(args).await,
        Command::Restore(args) => backup::restore(args).await,
        Command::Customer { command } => customer::run(command).await,
        Command::Retention { place } => customer::enforce_retention(place).await,
        Command::Reconcile(about) => reconcile::run(about).await,
        Command::Verify { place, audit_head } => inspect::verify(place, audit_head).await,
        Command::Audit { command } => audit::run(command).await,
        Command::Voucher { command } => voucher::run(command).await,
        Command::Statement { command } => statement::run(command).await,
        Command::Refund { command } => statement::refund(command).await,
        Command::Line { command: LineCommand::Show { place, msisdn } } => inspect::show_line(place, msisdn).await,
        Command::Line { command: LineCommand::Change(change) } => line::run(change).await,
        Command::Line { command: LineCommand::WhatIf { place, msisdn, until } } => {
            what_if::what_if(place, msisdn, until).await
        }
    }
}

fn failed(error: &dyn std::error::Error) -> ExitCode {
    eprintln!("everline: {error}");
    let mut source = error.source();
    while let Some(cause) = source {
        eprintln!("  because: {cause}");
        source = cause.source();
    }
    ExitCode::from(2)
}
