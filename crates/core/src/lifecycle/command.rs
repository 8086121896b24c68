//! What people do to a line.

use super::stages::Stages;
use super::{Because, Situation, change, settle, settle_sessions, tell};
use crate::brand::Brand;
use crate::charging::Allowance;
use crate::effects::Effects;
use crate::ledger::LedgerRefusal;
use crate::line::{Line, LineState, SuspendCause};
use crate::time::{BusinessTime, Zone};

/// What a line leaves stock for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum HandOver {
    /// To be tested.
    Test,
    /// To be used.
    Sale,
}

/// What people do to a line. Who may do it is decided where they ask.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum LifecycleCommand {
    /// It leaves stock.
    HandOver(HandOver),
    /// Its test is over; it can be sold.
    EndTest,
    /// It is lost: service stops at once.
    ReportLost,
    /// It was found.
    LiftLost,
    /// It is stopped.
    Bar,
    /// It need not be stopped any more.
    LiftBar,
    /// Its owner wants no service for a while and keeps the number. What is paid for runs on.
    KeepNumber,
    /// Its owner wants the service again for which is paid.
    BringBack,
    /// It is given up.
    Terminate,
}

impl LifecycleCommand {
    /// All of them.
    pub const ALL: [LifecycleCommand; 10] = [
        LifecycleCommand::HandOver(HandOver::Test),
        LifecycleCommand::HandOver(HandOver::Sale),
        LifecycleCommand::EndTest,
        LifecycleCommand::ReportLost,
        LifecycleCommand::LiftLost,
        LifecycleCommand::Bar,
        LifecycleCommand::LiftBar,
        LifecycleCommand::KeepNumber,
        LifecycleCommand::BringBack,
        LifecycleCommand::Terminate,
    ];
    /// The stable word for it.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            LifecycleCommand::HandOver(HandOver::Test) => "hand_over_for_test",
            LifecycleCommand::HandOver(HandOver::Sale) => "hand_over_for_sale",
            LifecycleCommand::EndTest => "end_test",
            LifecycleCommand::ReportLost => "report_lost",
            LifecycleCommand::LiftLost => "lift_lost",
            LifecycleCommand::Bar => "bar",
            LifecycleCommand::LiftBar => "lift_bar",
            LifecycleCommand::KeepNumber => "keep_number",
            LifecycleCommand::BringBack => "bring_back",
            LifecycleCommand::Terminate => "terminate",
        }
    }
    /// The command of a word.
    #[must_use]
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|command| command.word() == word)
    }
}

/// Why a command is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, thiserror::Error)]
pub enum LifecycleRefusal {
    /// It was not handed to anybody yet.
    #[error("the line is in stock")]
    InStock,
    /// It left stock before.
    #[error("the line is not in stock")]
    NotInStock,
    /// It is being tested.
    #[error("the line is under test")]
    InTest,
    /// It is not being tested.
    #[error("the line is not under test")]
    NotInTest,
    /// It is reported lost.
    #[error("the line is reported lost")]
    Lost,
    /// It is not reported lost.
    #[error("the line is not reported lost")]
    NotLost,
    /// It is barred.
    #[error("the line is barred")]
    Barred,
    /// It is not barred.
    #[error("the line is not barred")]
    NotBarred,
    /// Its number is kept already.
    #[error("the number is kept already")]
    Kept,
    /// It is not out of service at its owner's wish.
    #[error("the line's number is not kept")]
    NotKept,
    /// The brand keeps no numbers of this family.
    #[error("numbers of this family are not kept")]
    NoKeeping,
    /// No plan runs: buying one brings it back.
    #[error("the line has no plan: renew it")]
    NeedsPlan,
    /// It is over.
    #[error("the line is over")]
    Over,
}

impl LifecycleRefusal {
    /// The stable word for it.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            LifecycleRefusal::InStock => "in-stock",
            LifecycleRefusal::NotInStock => "not-in-stock",
            LifecycleRefusal::InTest => "in-test",
            LifecycleRefusal::NotInTest => "not-in-test",
            LifecycleRefusal::Lost => "lost",
            LifecycleRefusal::NotLost => "not-lost",
            LifecycleRefusal::Barred => "barred",
            LifecycleRefusal::NotBarred => "not-barred",
            LifecycleRefusal::Kept => "kept",
            LifecycleRefusal::NotKept => "not-kept",
            LifecycleRefusal::NoKeeping => "no-keeping",
            LifecycleRefusal::NeedsPlan => "needs-plan",
            LifecycleRefusal::Over => "over",
        }
    }
}

/// The line after a command at `at`, or why it is refused. What was due before `at` must have happened.
///
/// # Errors
/// The outer one if the ledger refuses what ending the line's plans would earn.
pub fn command(
    is: &Situation,
    asked: LifecycleCommand,
    brand: &Brand,
    zone: &Zone,
    at: BusinessTime,
) -> Result<Result<Effects, LifecycleRefusal>, LedgerRefusal> {
    let stages = Stages::of(brand, is.line.family, zone);
    let state = match next(&is.line, &is.allowance, asked, &stages, at) {
        Ok(state) => state,
        Err(refusal) => return Ok(Err(refusal)),
    };
    let mut effects = Effects::default();
    let (was, mut line, mut allowance) = (is.line.state, is.line.clone(), is.allowance.clone());
    change(&mut effects, &mut line, state, Because::Command(asked), at);
    tell(&mut effects, was, &line, Because::Command(asked), at);
    settle_sessions(&mut effects, was, &line, &mut allowance, at);
    if was == LineState::Stock {
        allowance.trial = stages.trial(state);
    }
    settle(&mut effects, is, (line, allowance), &[], at)?;
    Ok(Ok(effects))
}

/// The state a command leads to.
fn next(
    line: &Line,
    allowance: &Allowance,
    asked: LifecycleCommand,
    stages: &Stages<'_>,
    at: BusinessTime,
) -> Result<LineState, LifecycleRefusal> {
    use LifecycleCommand as Asked;
    use LifecycleRefusal as No;
    use LineState as Is;
    if line.state.over() {
        return Err(No::Over);
    }
    match (asked, line.state) {
        (Asked::HandOver(HandOver::Test), Is::Stock) => Ok(stages.test(at)),
        (Asked::HandOver(HandOver::Sale), Is::Stock) => Ok(stages.silent(at)),
        (Asked::HandOver(_), _) => Err(No::NotInStock),
        (Asked::EndTest, Is::Test { .. }) => Ok(stages.silent(at)),
        (Asked::EndTest, _) => Err(No::NotInTest),
        (Asked::LiftLost, Is::Suspended(SuspendCause::Lost)) => Ok(lifted(line, allowance, stages, at)),
        (Asked::LiftLost, _) => Err(No::NotLost),
        (Asked::LiftBar, Is::Suspended(SuspendCause::Barred)) => Ok(lifted(line, allowance, stages, at)),
        (Asked::LiftBar, _) => Err(No::NotBarred),
        (Asked::BringBack, Is::NumberKept { .. }) if allowance.has_service(at) => Ok(Is::Active),
        (Asked::BringBack, Is::NumberKept { .. }) => Err(No::NeedsPlan),
        (Asked::BringBack, _) => Err(No::NotKept),
        (Asked::Terminate, Is::Reserved { .. }) => Ok(Is::Closed),
        (Asked::Terminate, _) => Ok(stages.terminated(at)),
        (_, Is::Stock | Is::Reserved { .. }) => Err(No::InStock),
        (_, Is::Test { .. }) => Err(No::InTest),
        (_, Is::Suspended(SuspendCause::Lost)) => Err(No::Lost),
        (_, Is::Suspended(SuspendCause::Barred)) => Err(No::Barred),
        (Asked::ReportLost, _) => Ok(Is::Suspended(SuspendCause::Lost)),
        (Asked::Bar, _) => Ok(Is::Suspended(SuspendCause::Barred)),
        (Asked::KeepNumber, Is::NumberKept { .. }) => Err(No::Kept),
        (Asked::KeepNumber, _) if stages.rules.keep_number_days == Some(0) => Err(No::NoKeeping),
        (Asked::KeepNumber, _) => Ok(stages.kept(at, stages.paid_until(allowance, at))),
    }
}

/// Where a line stands that was stopped: its plans say so, else the end of the last one.
fn lifted(line: &Line, allowance: &Allowance, stages: &Stages<'_>, at: BusinessTime) -> LineState {
    if allowance.has_service(at) { LineState::Active } else { stages.without_plan(line.service_until, at) }
}
