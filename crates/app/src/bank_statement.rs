//! The operator's bank statements: each line is kept once, by the bank's id, and matched by the reference in its remark.
//! What names no reference is a provider's payout if exactly one of that amount was told of in those days, which our books
//! have since then; what is neither, or names two references, waits for people.

use crate::bank_transfer;
use crate::staff::active_member;
use crate::{App, Problem};
use everline_core::ids::{AttemptId, OrderId};
use everline_core::money::Money;
use everline_core::payment::{Evidence, Method, Provider};
use everline_core::reconciliation::BillDay;
use everline_core::renewal::Outcome;
use everline_core::staff::Permission;
use everline_core::time::{BusinessTime, DAY_US, SystemTime};
use everline_core::transfer::references_in;
use everline_store::tables::bank::{self, BankLine};
use everline_store::tables::{directory, payment};
use everline_store::{Stop, Tx, Work};

/// A line of a statement, as it was read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StatementLine {
    /// The bank's own id of it.
    pub bank_id: String,
    /// The day on which the bank booked it: `2026-11-22`.
    pub booked_on: String,
    /// How much came; below zero if it went.
    pub amount: Money,
    /// Who sent it.
    pub payer: String,
    /// What the payer wrote.
    pub remark: String,
}

/// What became of a line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fate {
    /// It was taken before.
    Known,
    /// It names a reference; what came of its money.
    Matched(Outcome),
    /// It is the payout that a provider's bill told of.
    Payout,
    /// It waits for people.
    Unmatched,
    /// Money that went, which is kept and nothing more.
    Outgoing,
    /// The bank's id is known for another amount: nothing was done.
    Differs,
}

/// Keeps a line and matches it, or says what would become of it.
///
/// # Errors
/// As the store says when it does not answer. The same line again goes on where this one stopped.
pub async fn take_line(app: &App, line: &StatementLine, dry_run: bool) -> Result<Fate, Problem> {
    let kept = match dry_run {
        true => app.store.read(Look { line: line.clone() }).await?,
        false => app.store.transact(Keep { line: line.clone(), at: app.clock.now().business }).await?,
    };
    if kept.amount != line.amount {
        return Ok(Fate::Differs);
    }
    match (kept.state.as_str(), app.store.read(FindReference { remark: kept.remark.clone() }).await?) {
        ("outgoing", _) => Ok(Fate::Outgoing),
        ("matched" | "payout", _) => Ok(Fate::Known),
        (_, None) => arrives(app, kept, dry_run).await,
        (_, Some(_)) if dry_run => Ok(Fate::Matched(Outcome::AlreadyKnown)),
        (_, Some(out_trade_no)) => {
            let evidence = evidence(kept, out_trade_no);
            Ok(Fate::Matched(bank_transfer::take(app, evidence, None).await?))
        }
    }
}

/// How long before its booking a payout may have been told of, and how long after.
const PAYOUT_BEFORE_DAYS: i64 = 14;
const PAYOUT_AFTER_DAYS: i64 = 2;

async fn arrives(app: &App, line: BankLine, dry_run: bool) -> Result<Fate, Problem> {
    let Ok(day) = line.booked_on.parse::<BillDay>() else { return Ok(Fate::Unmatched) };
    let (from, until) = day.bounds(&app.zone);
    let within = (from.plus_us(-PAYOUT_BEFORE_DAYS * DAY_US), until.plus_us(PAYOUT_AFTER_DAYS * DAY_US));
    let arrives = Arrives { line, within, dry_run };
    let arrived = if dry_run { app.store.read(arrives).await? } else { app.store.transact(arrives).await? };
    Ok(if arrived { Fate::Payout } else { Fate::Unmatched })
}

/// A line that may be a payout.
struct Arrives {
    line: BankLine,
    within: (SystemTime, SystemTime),
    dry_run: bool,
}
impl Work for Arrives {
    const NAME: &'static str = "payout_arrives";
    type Out = bool;
    type Refusal = Problem;
    async fn run(&self, tx: &mut Tx) -> Result<bool, Stop<Problem>> {
        let (from, until) = self.within;
        match bank::payouts_of(tx, self.line.amount, from, until).await?.as_slice() {
            [_] if self.dry_run => Ok(true),
            [payout] => Ok(bank::arrived(tx, &self.line.bank_id, *payout).await?),
            _ => Ok(false),
        }
    }
}

/// A payout that a bill told of and no statement has.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OnItsWay {
    /// The provider's word.
    pub provider: String,
    /// The bill's day.
    pub day: String,
    /// The provider's number of it.
    pub number: String,
    /// How much.
    pub amount: Money,
}

/// The oldest payouts that no statement has.
pub async fn payouts_missing(app: &App, limit: i64) -> Result<Vec<OnItsWay>, Problem> {
    Ok(app.store.read(Missing { limit }).await?)
}
struct Missing {
    limit: i64,
}
impl Work for Missing {
    const NAME: &'static str = "payouts_missing";
    type Out = Vec<OnItsWay>;
    type Refusal = Problem;
    async fn run(&self, tx: &mut Tx) -> Result<Self::Out, Stop<Problem>> {
        let rows = bank::payouts_missing(tx, self.limit).await?;
        let read = |(provider, day, number, currency, micros)| OnItsWay {
            provider,
            day,
            number,
            amount: Money::from_micros(micros, currency),
        };
        Ok(rows.into_iter().map(read).collect())
    }
}

/// The lines that wait for people, by the bank's id.
pub async fn unmatched(app: &App, after: &str, limit: i64) -> Result<Vec<BankLine>, Problem> {
    Ok(app.store.read(Unmatched { after: after.to_owned(), limit }).await?)
}

/// Says for which order a line came whose remark does not.
///
/// # Errors
/// [`Problem::NotFound`] if there is no such line or order, or the order was never to be paid by transfer;
/// [`Problem::Invalid`] if the line was taken before, or no active member has this login.
pub async fn match_by_hand(app: &App, bank_id: &str, order_number: &str, by: &str) -> Result<Outcome, Problem> {
    let by = active_member(app, by, Permission::SettleReconciliation).await?;
    let number: String = order_number.chars().filter(|c| !c.is_whitespace()).collect();
    let (line, out_trade_no) = app.store.read(FindByHand { bank_id: bank_id.trim().to_owned(), number }).await?;
    bank_transfer::take(app, evidence(line, out_trade_no), Some(by)).await
}

fn evidence(line: BankLine, out_trade_no: String) -> Evidence {
    Evidence { provider: Provider::Bank, out_trade_no, trade_no: line.bank_id, amount: line.amount }
}

fn new_line(line: &StatementLine) -> BankLine {
    let StatementLine { bank_id, booked_on, amount, payer, remark } = line.clone();
    let state = if amount.micros() > 0 { "unmatched" } else { "outgoing" }.to_owned();
    BankLine { bank_id, booked_on, amount, payer, remark, state, became: None }
}

struct Keep {
    line: StatementLine,
    at: BusinessTime,
}
impl Work for Keep {
    const NAME: &'static str = "keep_bank_line";
    type Out = BankLine;
    type Refusal = Problem;
    async fn run(&self, tx: &mut Tx) -> Result<BankLine, Stop<Problem>> {
        Ok(bank::keep(tx, &new_line(&self.line), self.at).await?)
    }
}

/// The line as it is kept, or as it would be.
struct Look {
    line: StatementLine,
}
impl Work for Look {
    const NAME: &'static str = "look_at_bank_line";
    type Out = BankLine;
    type Refusal = Problem;
    async fn run(&self, tx: &mut Tx) -> Result<BankLine, Stop<Problem>> {
        Ok(bank::get(tx, &self.line.bank_id).await?.unwrap_or_else(|| new_line(&self.line)))
    }
}

/// The one attempt by transfer whose reference a remark names.
struct FindReference {
    remark: String,
}
impl Work for FindReference {
    const NAME: &'static str = "find_bank_reference";
    type Out = Option<String>;
    type Refusal = Problem;
    async fn run(&self, tx: &mut Tx) -> Result<Option<String>, Stop<Problem>> {
        let mut named = None;
        for reference in references_in(&self.remark) {
            let Some((customer, id)) = directory::find(tx, directory::Name::OutTradeNo, &reference).await? else {
                continue;
            };
            let attempt = payment::get(tx, customer, AttemptId(id)).await?;
            if attempt.is_some_and(|attempt| attempt.method == Method::BankTransfer)
                && named.replace(reference).is_some()
            {
                return Ok(None); // two: people decide
            }
        }
        Ok(named)
    }
}

struct Unmatched {
    after: String,
    limit: i64,
}
impl Work for Unmatched {
    const NAME: &'static str = "unmatched_bank_lines";
    type Out = Vec<BankLine>;
    type Refusal = Problem;
    async fn run(&self, tx: &mut Tx) -> Result<Self::Out, Stop<Problem>> {
        Ok(bank::unmatched(tx, &self.after, self.limit).await?)
    }
}

struct FindByHand {
    bank_id: String,
    number: String,
}
impl Work for FindByHand {
    const NAME: &'static str = "find_order_of_bank_line";
    type Out = (BankLine, String);
    type Refusal = Problem;
    async fn run(&self, tx: &mut Tx) -> Result<Self::Out, Stop<Problem>> {
        let refused = |problem| Stop::Refused(problem);
        let line = bank::get(tx, &self.bank_id).await?.ok_or(refused(Problem::NotFound("bank line")))?;
        if line.state != "unmatched" {
            return Err(refused(Problem::Invalid {
                field: "bank-id",
                rule: "this line was taken before, or is no money that came",
            }));
        }
        let found = directory::find(tx, directory::Name::OrderNumber, &self.number).await?;
        let (customer, order) = found.ok_or(refused(Problem::NotFound("order")))?;
        let attempts = payment::of_order(tx, customer, OrderId(order)).await?;
        let waits = attempts.iter().rfind(|a| a.method == Method::BankTransfer && a.trade_no.is_none());
        let reference = waits.ok_or(refused(Problem::NotFound("attempt by bank transfer")))?.out_trade_no.clone();
        Ok((line, reference))
    }
}
