//! Closing the days of the books ([`everline_core::day_close`]): every node looks each minute whether the open day is over, and
//! whichever comes first closes it.
//!
//! 1. The horizon moves to the day's end, in a transaction that waits for everybody who is just writing a transfer and lets
//!    nobody begin meanwhile. From then on nothing is booked on that day: what comes late is booked on the next.
//! 2. So its transfers are a set that does not change. They are summed without any lock, and the sums are written down once.
//!
//! Cut off between the two, the next round does the second step. Run twice or by several nodes, it ends the same.

use crate::{App, Problem};
use everline_core::calendar::Day;
use everline_core::day_close::{
    AccountDay, ByMethod, ClosedDay, MethodSum, TemplateSum, accounts, by_method, closes, ending_at, start_of_day,
};
use everline_core::ledger::Template;
use everline_core::time::{BusinessTime, Zone};
use everline_store::tables::ledger_day as table;
use everline_store::{Stop, Tx, Work};
use std::time::Duration;

/// How often a node looks.
const EVERY: Duration = Duration::from_secs(60);
/// Most days that are closed in one round: a store that moves in with years of books takes some rounds.
const DAYS_MAX: usize = 400;

/// Closes every day that is over; how many were. None is while the machine's clock is in doubt.
///
/// # Errors
/// As the store says; a day is closed by the next round then.
pub async fn close_days(app: &App) -> Result<usize, Problem> {
    let mut closed = 0;
    if app.clock.doubt().is_some() {
        return Ok(0);
    }
    while closed < DAYS_MAX {
        let (zone, now) = (app.zone.clone(), app.clock.now().business);
        match app.store.read(Next { zone: zone.clone(), now }).await? {
            Step::Nothing => break,
            Step::Move { from, to } => app.store.transact(MoveHorizon { zone, from, to }).await?,
            Step::Sum(bounds) => {
                let last = bounds.0;
                let day = app.store.read(SumDay { zone, bounds, now }).await?;
                tracing::info!(day = %day.day.day, transfers = day.day.transfers, from = last.us(), "a day of the books is closed");
                closed += usize::from(app.store.transact(day).await?);
            }
        }
    }
    Ok(closed)
}

/// Closes days until the store is closed.
pub async fn run_forever(app: App) {
    loop {
        if let Err(problem) = close_days(&app).await {
            tracing::error!(%problem, "the books of a day cannot be closed; tried again in a minute");
        }
        tokio::time::sleep(EVERY).await;
    }
}

/// What is to be done next.
enum Step {
    Nothing,
    /// The open day is over.
    Move {
        from: BusinessTime,
        to: BusinessTime,
    },
    /// A closed day has no sums yet.
    Sum((BusinessTime, BusinessTime)),
}

struct Next {
    zone: Zone,
    now: BusinessTime,
}
impl Work for Next {
    const NAME: &'static str = "next_day_to_close";
    type Out = Step;
    type Refusal = Problem;
    async fn run(&self, tx: &mut Tx) -> Result<Step, Stop<Problem>> {
        let (open_from, last) = (table::horizon(tx).await?, table::last(tx).await?);
        let begins = match last {
            Some(last) => last.ended_at,
            // The books begin with the day of their first transfer.
            None => match table::first(tx).await? {
                Some(first) => start_of_day(&self.zone, first),
                None => return Ok(Step::Nothing),
            },
        };
        if open_from < begins {
            return Ok(Step::Move { from: open_from, to: begins });
        }
        if open_from > begins {
            return Ok(Step::Sum((begins, open_from)));
        }
        let end = closes(&self.zone, last.map(|last| last.day), open_from, self.now);
        Ok(end.map_or(Step::Nothing, |to| Step::Move { from: open_from, to }))
    }
}

struct MoveHorizon {
    zone: Zone,
    from: BusinessTime,
    to: BusinessTime,
}
impl Work for MoveHorizon {
    const NAME: &'static str = "move_ledger_horizon";
    type Out = ();
    type Refusal = Problem;
    async fn run(&self, tx: &mut Tx) -> Result<(), Stop<Problem>> {
        // Another node was first.
        if table::lock_horizon(tx).await? != self.from {
            return Ok(());
        }
        let mut to = self.to;
        if table::last(tx).await?.is_none() {
            // Nobody writes a transfer now. One that counts earlier may have been on its way when the first was looked for.
            let first = table::first(tx).await?.map(|first| start_of_day(&self.zone, first));
            to = first.filter(|first| self.from < *first).map_or(to, |first| to.min(first));
        }
        table::set_horizon(tx, to);
        Ok(())
    }
}

/// The sums of some time: of a closed day, or of what is open so far.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Sums {
    pub(crate) transfers: i64,
    pub(crate) templates: Vec<TemplateSum>,
    pub(crate) accounts: Vec<AccountDay>,
    pub(crate) methods: Vec<MethodSum>,
}

/// Sums the transfers that count from an instant to another; reads those, by their index, and no others.
pub(crate) async fn sums(
    tx: &mut Tx,
    opening: &[AccountDay],
    bounds: (BusinessTime, BusinessTime),
) -> Result<Sums, Stop<Problem>> {
    let (mut templates, mut methods, mut transfers) = (Vec::new(), Vec::new(), 0_i64);
    for template in Template::ALL {
        let before = templates.len();
        for leg in template.legs() {
            let (count, amount) = table::sum(tx, (template, *leg), bounds).await?;
            if count > 0 {
                templates.push(TemplateSum { template, leg: *leg, transfers: count, amount });
                transfers = transfers.saturating_add(count);
            }
        }
        let Some(by) = by_method(template).filter(|_| templates.len() > before) else { continue };
        let mut found = table::sum_by_method(tx, template, by == ByMethod::Refund, bounds).await?;
        found.sort_unstable_by_key(|(method, ..)| method.word());
        let sum = |(method, transfers, amount)| MethodSum { template, method, transfers, amount };
        methods.extend(found.into_iter().map(sum));
    }
    let accounts = accounts(opening, &templates);
    let accounts = accounts.map_err(|too_much| Stop::Refused(Problem::Internal(too_much.to_string())))?;
    Ok(Sums { transfers, templates, accounts, methods })
}

/// What stood on every ledger account when the open day began: what stood there at the end of the last closed one.
pub(crate) async fn opening(tx: &mut Tx, last: Option<Day>) -> Result<Vec<AccountDay>, Stop<Problem>> {
    match last {
        Some(last) => Ok(table::accounts(tx, last).await?),
        None => Ok(Vec::new()),
    }
}

struct SumDay {
    zone: Zone,
    bounds: (BusinessTime, BusinessTime),
    now: BusinessTime,
}
impl Work for SumDay {
    const NAME: &'static str = "sum_day";
    type Out = AddDay;
    type Refusal = Problem;
    async fn run(&self, tx: &mut Tx) -> Result<AddDay, Stop<Problem>> {
        let (began_at, ended_at) = self.bounds;
        let last = table::last(tx).await?.filter(|last| last.ended_at <= began_at);
        let opening = opening(tx, last.map(|last| last.day)).await?;
        let sums = sums(tx, &opening, self.bounds).await?;
        let day = ending_at(&self.zone, ended_at);
        Ok(AddDay { day: ClosedDay { day, began_at, ended_at, transfers: sums.transfers, closed_at: self.now }, sums })
    }
}

struct AddDay {
    day: ClosedDay,
    sums: Sums,
}
impl Work for AddDay {
    const NAME: &'static str = "add_closed_day";
    type Out = bool;
    type Refusal = Problem;
    async fn run(&self, tx: &mut Tx) -> Result<bool, Stop<Problem>> {
        // Another node was first, with the same sums.
        let added = table::add_day(tx, &self.day).await?;
        if added {
            table::add_sums(tx, self.day.day, (&self.sums.templates, &self.sums.accounts, &self.sums.methods));
        }
        Ok(added)
    }
}
