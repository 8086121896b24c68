//! `everline voucher`: batches of vouchers. Codes are made here, written to one file, and forgotten; what goes to the store,
//! or to the server that has it, are their keyed hashes.

use crate::ConfigFile;
use crate::command::{self, Answer, Channel};
use crate::config::{self, Config};
use crate::import::private;
use everline_app::App;
use everline_app::clock::Clock;
use everline_app::redeem_voucher::voucher_id;
use everline_app::secrets::Secrets;
use everline_app::voucher_batch::{self, BatchView, NewBatch, VOUCHERS_MAX};
use everline_core::ids::VoucherId;
use everline_core::money::Money;
use everline_core::time::BusinessTime;
use everline_core::voucher::{Code, RANDOM_BYTES, VoucherKind};
use serde::{Deserialize, Serialize};
use std::error::Error;
use std::fmt::Write as _;
use std::io::{BufWriter, IntoInnerError, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

/// What to do.
#[derive(clap::Subcommand)]
pub(crate) enum VoucherCommand {
    /// Make a batch and write its codes to a new file, once
    Make(Box<Make>),
    /// Stop a batch for good: nothing more of it can be redeemed
    Stop {
        #[command(flatten)]
        config: ConfigFile,
        /// The batch's name
        batch: String,
        /// Your login
        #[arg(long, value_name = "LOGIN")]
        by: String,
    },
    /// List all batches
    List {
        #[command(flatten)]
        config: ConfigFile,
    },
}

/// A batch to be made.
#[derive(clap::Args)]
pub(crate) struct Make {
    #[command(flatten)]
    config: ConfigFile,
    /// What the batch is called; no other has this name
    #[arg(long)]
    batch: String,
    /// Whether the vouchers are sold or given away
    #[arg(long, value_enum)]
    kind: Kind,
    /// What each brings, in the brand's currency: 50 or 9.90
    #[arg(long)]
    amount: String,
    /// How many, up to 1000000
    #[arg(long)]
    count: i64,
    /// The last day on which they can be redeemed, in the brand's time zone: 2027-12-31
    #[arg(long)]
    expires: String,
    /// A file that does not exist yet; whoever reads it can redeem the vouchers
    #[arg(long, value_name = "FILE.csv")]
    out: PathBuf,
    /// Your login
    #[arg(long, value_name = "LOGIN")]
    by: String,
}

/// What a voucher brings.
#[derive(Debug, Clone, Copy, clap::ValueEnum)]
pub(crate) enum Kind {
    /// Paid credit: they are sold
    Paid,
    /// Promotional credit: they are given away
    Promo,
}

/// A command as it goes to the server that has the store.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Ask {
    Begin { batch: String, kind: String, amount: String, count: i64, expires_at: BusinessTime, by: String },
    Add { batch: String, vouchers: Vec<VoucherId> },
    Activate { batch: String },
    Stop { batch: String, by: String },
    List,
}

/// Vouchers per request: what a server reads is bounded.
const AT_ONCE: usize = 400;

/// Carries a command out, on the store or through its server.
pub(crate) async fn run(command: VoucherCommand) -> Result<ExitCode, Box<dyn Error>> {
    let (config, ask) = match command {
        VoucherCommand::Make(make) => return self::make(*make).await,
        VoucherCommand::Stop { config, batch, by } => (config, Ask::Stop { batch, by }),
        VoucherCommand::List { config } => (config, Ask::List),
    };
    command::run(&config.file, command::Ask::Voucher(ask)).await
}

async fn make(make: Make) -> Result<ExitCode, Box<dyn Error>> {
    let config = config::load(&make.config.file)?;
    let expires_at =
        config.brand.zone()?.end_of_day(&make.expires).ok_or("--expires is no day: write it as 2027-12-31")?;
    let amount = Money::parse(&make.amount, config.brand.currency).map_err(|error| format!("--amount: {error}"))?;
    if !(1..=VOUCHERS_MAX).contains(&make.count) {
        return Err("--count: 1 to 1000000".into());
    }
    let channel = Channel::open(&config).await?;
    let made = write(&make, &config, &channel, (amount, expires_at)).await;
    channel.close().await;
    match made {
        Ok(()) => {
            println!("{} vouchers of {} in {}", make.count, amount.decimal(), make.out.display());
            Ok(ExitCode::SUCCESS)
        }
        Err(Unmade::NotBegun(error)) => Err(error),
        Err(Unmade::HalfWay(error)) => {
            // Half a file looks like a whole one.
            let _ = std::fs::remove_file(&make.out);
            Err(format!("{error}; nothing of the batch can be redeemed: make another with another name").into())
        }
    }
}

/// How far making a batch came before it failed.
enum Unmade {
    NotBegun(Box<dyn Error>),
    HalfWay(Box<dyn Error>),
}

async fn write(
    make: &Make,
    config: &Config,
    channel: &Channel,
    (amount, expires_at): (Money, BusinessTime),
) -> Result<(), Unmade> {
    let batch = make.batch.trim().to_owned();
    let kind = match make.kind {
        Kind::Paid => VoucherKind::Paid,
        Kind::Promo => VoucherKind::Promo,
    };
    let not_begun = |error: String| Unmade::NotBegun(error.into());
    if make.out.exists() {
        return Err(not_begun(format!("{} exists already", make.out.display())));
    }
    let begin = Ask::Begin {
        batch: batch.clone(),
        kind: kind.word().to_owned(),
        amount: amount.decimal(),
        count: make.count,
        expires_at,
        by: make.by.clone(),
    };
    ask(channel, begin).await.map_err(Unmade::NotBegun)?;
    let secrets = Secrets::new(&config::master_key(&config.master_key).map_err(not_begun)?);
    let head = format!("{},{},{}", amount.decimal(), amount.currency().code(), make.expires);
    fill(channel, &secrets, &batch, make.count, (&make.out, &head)).await.map_err(Unmade::HalfWay)
}

/// Makes the codes, writes them to the file, and takes their hashes to the store; the last step makes them valid.
async fn fill(
    channel: &Channel,
    secrets: &Secrets,
    batch: &str,
    count: i64,
    (path, tail): (&Path, &str),
) -> Result<(), Box<dyn Error>> {
    let clock = Clock::machine();
    let file = private(path).map_err(|error| format!("{}: {error}", path.display()))?;
    let mut out = BufWriter::new(file);
    out.write_all(b"code,amount,currency,expires\n")?;
    let mut left = usize::try_from(count)?;
    while left > 0 {
        let mut vouchers = Vec::with_capacity(AT_ONCE);
        for _ in 0..left.min(AT_ONCE) {
            let mut random = [0; RANDOM_BYTES];
            if !clock.fill(&mut random) {
                return Err("the system has no randomness to give".into());
            }
            let code = Code::from_random(random);
            writeln!(out, "{},{tail}", code.printed())?;
            vouchers.push(voucher_id(secrets, &code));
        }
        left = left.saturating_sub(vouchers.len());
        ask(channel, Ask::Add { batch: batch.to_owned(), vouchers }).await?;
    }
    // Codes that are valid and written nowhere would be lost.
    out.into_inner().map_err(IntoInnerError::into_error)?.sync_all()?;
    ask(channel, Ask::Activate { batch: batch.to_owned() }).await
}

async fn ask(channel: &Channel, ask: Ask) -> Result<(), Box<dyn Error>> {
    let answer = channel.ask(command::Ask::Voucher(ask)).await?;
    if answer.fine { Ok(()) } else { Err(answer.text.into()) }
}

/// Carries a command out on a store.
pub(crate) async fn answer(app: &App, ask: Ask) -> Answer {
    let done = match ask {
        Ask::Begin { batch: name, kind, amount, count, expires_at, by } => {
            let Some((kind, amount)) =
                VoucherKind::from_word(&kind).zip(Money::parse(&amount, app.brand.currency).ok())
            else {
                return Answer { text: "kind or amount: is the server of another version?".to_owned(), fine: false };
            };
            let new = NewBatch { name, kind, amount, count, expires_at, by };
            voucher_batch::begin_batch_by_staff(app, new).await.map(|()| String::new())
        }
        Ask::Add { batch, vouchers } => {
            voucher_batch::add_vouchers(app, &batch, vouchers).await.map(|()| String::new())
        }
        Ask::Activate { batch } => voucher_batch::activate_batch(app, &batch).await.map(|()| String::new()),
        Ask::Stop { batch, by } => voucher_batch::stop_batch(app, &batch, &by).await.map(|view| {
            let left = view.made.saturating_sub(view.redeemed);
            format!("stopped: {} were redeemed, {left} cannot be any more", view.redeemed)
        }),
        Ask::List => voucher_batch::batches(app).await.map(|all| table(app, &all)),
    };
    Answer::of(done)
}

fn table(app: &App, all: &[BatchView]) -> String {
    let mut text = String::from("batch                 state    kind   each        made      redeemed  expires     by");
    for BatchView { batch, made, redeemed } in all {
        // The end of a day is the beginning of the next.
        let last = app.zone.date(batch.expires_at.plus_us(-1));
        let _ = write!(
            text,
            "\n{:<20}  {:<7}  {:<5}  {:<10}  {made:<8}  {redeemed:<8}  {last}  {}",
            batch.name,
            batch.state.word(),
            batch.kind.word(),
            batch.amount.decimal(),
            batch.made_by,
        );
    }
    text
}
