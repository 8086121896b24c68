//! `everline import statement`, `everline statement` and `everline refund`: what comes to the bank account, and what went back
//! from it by hand.

use crate::ConfigFile;
use crate::command::{self, Answer, Channel};
use crate::config;
use everline_app::App;
use everline_app::bank_statement::{
    Fate, OnItsWay, StatementLine, match_by_hand, payouts_missing, take_line, unmatched,
};
use everline_app::bank_transfer::refund_done;
use everline_app::import::RowFault;
use everline_app::import::statement::{Statement, read};
use everline_core::money::Money;
use everline_core::renewal::Outcome;
use serde::{Deserialize, Serialize};
use std::error::Error;
use std::fmt::Write as _;
use std::fs::File;
use std::path::PathBuf;
use std::process::ExitCode;

/// A bank's file to read.
#[derive(clap::Args)]
pub(crate) struct FromBank {
    #[command(flatten)]
    config: ConfigFile,
    /// Columns: date, amount, payer, remark, bank_id
    #[arg(value_name = "FILE")]
    statement: PathBuf,
    /// Say what would become of each line, and write nothing
    #[arg(long)]
    dry_run: bool,
}

/// What to do with lines that are kept.
#[derive(clap::Subcommand)]
pub(crate) enum StatementCommand {
    /// List the lines that no order was found for
    Unmatched {
        #[command(flatten)]
        config: ConfigFile,
    },
    /// List the payouts of providers that no statement has
    Payouts {
        #[command(flatten)]
        config: ConfigFile,
    },
    /// Say for which order a line came
    Match {
        #[command(flatten)]
        config: ConfigFile,
        /// The bank's id of the line
        bank_id: String,
        /// The order's number
        #[arg(long)]
        order: String,
        /// Your login
        #[arg(long, value_name = "LOGIN")]
        by: String,
    },
}

/// What to do with refunds.
#[derive(clap::Subcommand)]
pub(crate) enum RefundCommand {
    /// Note that a refund was made from the bank account
    Done {
        #[command(flatten)]
        config: ConfigFile,
        /// The order's number
        order: String,
        /// How much went back
        #[arg(long)]
        amount: String,
        /// The bank's id of the transfer back
        #[arg(long)]
        bank_id: String,
        /// Your login
        #[arg(long, value_name = "LOGIN")]
        by: String,
    },
}

/// A command as it goes to the server that has the store.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Ask {
    Take { lines: Vec<Line>, dry_run: bool },
    Unmatched,
    Payouts,
    Match { bank_id: String, order: String, by: String },
    RefundDone { order: String, amount: String, bank_id: String, by: String },
}

/// A line on its way.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Line {
    bank_id: String,
    booked_on: String,
    micros: i64,
    payer: String,
    remark: String,
}

/// What became of lines, as counted by whoever has the store.
#[derive(Debug, Clone, Copy, Default, Serialize, Deserialize)]
struct Counts {
    matched: u64,
    payouts: u64,
    unmatched: u64,
    known: u64,
    outgoing: u64,
    differs: u64,
}

/// Lines per request: what a server reads is bounded.
const AT_ONCE: usize = 10;
/// Most lines of a list.
const LISTED_MAX: i64 = 200;

/// Takes the lines of a file.
pub(crate) async fn import(from: FromBank) -> Result<ExitCode, Box<dyn Error>> {
    let config = config::load(&from.config.file)?;
    let mut file = File::open(&from.statement).map_err(|error| format!("{}: {error}", from.statement.display()))?;
    let Statement { lines, refused } = read(&mut file, config.brand.currency, &config.brand.zone()?)?;
    for RowFault { line, fault, .. } in refused.iter().take(20) {
        eprintln!("line {line}, {}: {}; {}", fault.field, fault.reason, fault.remedy);
    }
    let channel = Channel::open(&config).await?;
    let taken = take(&channel, &lines, from.dry_run).await;
    channel.close().await;
    let Counts { matched, payouts, unmatched, known, outgoing, differs } = taken?;
    let would = if from.dry_run { "would be " } else { "" };
    println!(
        "{} lines: {matched} {would}matched, {payouts} payouts, {unmatched} {would}unmatched, {known} known already, {outgoing} went out, {} refused",
        lines.len().saturating_add(refused.len()),
        refused.len(),
    );
    if differs > 0 {
        println!("{differs} have an id that is known for another amount: nothing was done with them");
    }
    Ok(if refused.is_empty() && differs == 0 { ExitCode::SUCCESS } else { ExitCode::from(1) })
}

async fn take(channel: &Channel, lines: &[StatementLine], dry_run: bool) -> Result<Counts, Box<dyn Error>> {
    let mut all = Counts::default();
    for some in lines.chunks(AT_ONCE) {
        let lines = some.iter().map(|line| Line {
            bank_id: line.bank_id.clone(),
            booked_on: line.booked_on.clone(),
            micros: line.amount.micros(),
            payer: line.payer.clone(),
            remark: line.remark.clone(),
        });
        let answer = channel.ask(command::Ask::Statement(Ask::Take { lines: lines.collect(), dry_run })).await?;
        if !answer.fine {
            return Err(format!("{}; the same file again goes on", answer.text).into());
        }
        let some: Counts = serde_json::from_str(&answer.text)?;
        all.matched += some.matched;
        all.payouts += some.payouts;
        all.unmatched += some.unmatched;
        all.known += some.known;
        all.outgoing += some.outgoing;
        all.differs += some.differs;
    }
    Ok(all)
}

/// Carries a command out, on the store or through its server.
pub(crate) async fn run(command: StatementCommand) -> Result<ExitCode, Box<dyn Error>> {
    let (config, ask) = match command {
        StatementCommand::Unmatched { config } => (config, Ask::Unmatched),
        StatementCommand::Payouts { config } => (config, Ask::Payouts),
        StatementCommand::Match { config, bank_id, order, by } => (config, Ask::Match { bank_id, order, by }),
    };
    command::run(&config.file, command::Ask::Statement(ask)).await
}

/// The same for refunds.
pub(crate) async fn refund(command: RefundCommand) -> Result<ExitCode, Box<dyn Error>> {
    let RefundCommand::Done { config, order, amount, bank_id, by } = command;
    command::run(&config.file, command::Ask::Statement(Ask::RefundDone { order, amount, bank_id, by })).await
}

/// Carries a command out on a store.
pub(crate) async fn answer(app: &App, ask: Ask) -> Answer {
    let done = match ask {
        Ask::Take { lines, dry_run } => take_all(app, lines, dry_run).await,
        Ask::Unmatched => unmatched(app, "", LISTED_MAX).await.map(|lines| {
            let mut text = String::from("date        amount        bank id               payer, remark");
            for line in lines {
                let (amount, id) = (line.amount.decimal(), &line.bank_id);
                let _ = write!(text, "\n{}  {amount:<12}  {id:<20}  {}, {}", line.booked_on, line.payer, line.remark);
            }
            text
        }),
        Ask::Payouts => payouts_missing(app, LISTED_MAX).await.map(|payouts| {
            let mut text = String::from("date        amount        provider    number");
            for OnItsWay { provider, day, number, amount } in payouts {
                let _ = write!(text, "\n{day}  {:<12}  {provider:<10}  {number}", amount.decimal());
            }
            text
        }),
        Ask::Match { bank_id, order, by } => match_by_hand(app, &bank_id, &order, &by).await.map(said),
        Ask::RefundDone { order, amount, bank_id, by } => refund_done(app, &order, &amount, &bank_id, &by)
            .await
            .map(|amount| format!("noted: {} went back", amount.decimal())),
    };
    Answer::of(done)
}

async fn take_all(app: &App, lines: Vec<Line>, dry_run: bool) -> Result<String, everline_app::Problem> {
    let mut counts = Counts::default();
    for Line { bank_id, booked_on, micros, payer, remark } in lines {
        let amount = Money::from_micros(micros, app.brand.currency);
        let line = StatementLine { bank_id, booked_on, amount, payer, remark };
        let count = match take_line(app, &line, dry_run).await? {
            Fate::Matched(_) => &mut counts.matched,
            Fate::Payout => &mut counts.payouts,
            Fate::Unmatched => &mut counts.unmatched,
            Fate::Known => &mut counts.known,
            Fate::Outgoing => &mut counts.outgoing,
            Fate::Differs => &mut counts.differs,
        };
        *count += 1;
    }
    serde_json::to_string(&counts).map_err(|error| everline_app::Problem::Internal(error.to_string()))
}

fn said(outcome: Outcome) -> String {
    let what = match outcome {
        Outcome::PartlyPaid => "a part of the order's price is there",
        Outcome::Credited => "the order could not use it: it is the customer's credit",
        Outcome::AlreadyKnown => "this line was taken before",
        _ => "the order is paid",
    };
    format!("matched: {what}")
}
