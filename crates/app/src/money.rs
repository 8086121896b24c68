//! The business's money, as the desk sees it: days of the books with their sums, what is owed to customers, what stands in
//! suspense, and the transfers behind each sum. Nothing is changed here.

use crate::audit::Act;
use crate::day_close::{Sums, opening, sums};
use crate::staff::{permit, see, see_queue};
use crate::{App, Problem};
use everline_core::audit::AuditAction;
use everline_core::calendar::Day;
use everline_core::day_close::{AccountDay, ClosedDay, LIABILITIES, MethodSum, TemplateSum};
use everline_core::ids::{RawId, TransferId};
use everline_core::ledger::{LedgerAccount, Template};
use everline_core::staff::Permission;
use everline_core::time::BusinessTime;
use everline_store::tables::ledger_day as table;
pub use everline_store::tables::ledger_day::{Booked, InSuspense};
use everline_store::{Stop, Tx, Work};

/// Days on a page.
pub const DAYS: i64 = 31;
/// Transfers on a page.
pub const PAGE: usize = 50;
/// Most rows of what stands in suspense.
pub const SUSPENSE_MAX: i64 = 500;
/// After every instant that a page asks for.
const NEVER: BusinessTime = BusinessTime::from_us(i64::MAX);

/// What a ledger account holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Held {
    /// The account.
    pub account: LedgerAccount,
    /// What it held at the end of the last closed day, in millionths.
    pub at_close: i64,
    /// What it holds now.
    pub now: i64,
}

/// The first page.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Overview {
    /// What is owed to customers.
    pub liabilities: Vec<Held>,
    /// Closed days before the key that was asked for, newest first.
    pub days: Vec<ClosedDay>,
    /// Where the next page of days begins.
    pub next: Option<Day>,
    /// The last day that is closed.
    pub last: Option<ClosedDay>,
    /// Since when days are open; `None` before the first transfer.
    pub open_from: Option<BusinessTime>,
}

/// Which day is looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WhichDay {
    /// A closed one.
    Closed(Day),
    /// Everything that is not closed yet.
    Open,
}

/// A day with its sums.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DayView {
    /// The day; `None` for what is open.
    pub closed: Option<ClosedDay>,
    /// From when its transfers count.
    pub began_at: BusinessTime,
    /// How many there are.
    pub transfers: i64,
    /// What each posting moved.
    pub templates: Vec<TemplateSum>,
    /// Every ledger account.
    pub accounts: Vec<AccountDay>,
    /// What each method brought and took back.
    pub methods: Vec<MethodSum>,
}

/// Which transfers of a day are looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Behind {
    /// Those of a posting.
    Template(Template),
    /// Those that move a ledger account.
    Account(LedgerAccount),
}
impl Behind {
    fn templates(self) -> Vec<Template> {
        let moves = |template: &Template| match self {
            Behind::Template(one) => one == *template,
            Behind::Account(account) => template.legs().iter().any(|leg| leg.debit == account || leg.credit == account),
        };
        Template::ALL.into_iter().filter(moves).collect()
    }
}

/// Where a page of transfers begins.
pub type Key = (BusinessTime, TransferId);

/// The transfers behind a sum, oldest first.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Transfers {
    /// One page of them.
    pub rows: Vec<Booked>,
    /// Where the next begins.
    pub next: Option<Key>,
}

/// Liabilities, and the closed days before one, newest first.
///
/// # Errors
/// [`Problem::NotAllowed`]
pub async fn overview(app: &App, by: RawId, before: Option<Day>) -> Result<Overview, Problem> {
    Ok(app.store.read(Look { by, before }).await?)
}

/// A day with its sums. What is open is summed by the index of its transfers.
///
/// # Errors
/// [`Problem::NotFound`] if it is no closed day; [`Problem::NotAllowed`]
pub async fn day(app: &App, by: RawId, which: WhichDay) -> Result<DayView, Problem> {
    Ok(app.store.read(LookAtDay { by, which }).await?)
}

/// The transfers of a day behind a sum, from a key on.
///
/// # Errors
/// As [`day`].
pub async fn transfers(
    app: &App,
    by: RawId,
    which: WhichDay,
    behind: Behind,
    after: Option<Key>,
) -> Result<Transfers, Problem> {
    let found = app.store.read(LookBehind { by, which, behind, after }).await?;
    let day = match which {
        WhichDay::Closed(day) => day.date().to_string(),
        WhichDay::Open => "open".to_owned(),
    };
    let act = Act::by(by, AuditAction::TransfersSeen, ("day", day)).with("count", found.rows.len());
    see(app, by, Permission::SeeMoney, act).await?;
    Ok(found)
}

/// What stands in suspense, by customer and order, the oldest first; at most [`SUSPENSE_MAX`].
///
/// # Errors
/// [`Problem::NotAllowed`]
pub async fn suspense(app: &App, by: RawId) -> Result<Vec<InSuspense>, Problem> {
    let all = app.store.read(LookAtSuspense { by }).await?;
    see_queue(app, by, Permission::SeeMoney, ("suspense", all.len())).await?;
    Ok(all)
}

/// What is not closed yet: since when, and its sums so far.
async fn open(tx: &mut Tx, last: Option<ClosedDay>) -> Result<(BusinessTime, Sums), Stop<Problem>> {
    // A day whose sums are being made counts as open until they are there.
    let from = match last {
        Some(last) => last.ended_at,
        None => table::first(tx).await?.unwrap_or(BusinessTime::from_us(0)),
    };
    let opening = opening(tx, last.map(|last| last.day)).await?;
    Ok((from, sums(tx, &opening, (from, NEVER)).await?))
}

struct Look {
    by: RawId,
    before: Option<Day>,
}
impl Work for Look {
    const NAME: &'static str = "money_overview";
    type Out = Overview;
    type Refusal = Problem;
    async fn run(&self, tx: &mut Tx) -> Result<Overview, Stop<Problem>> {
        permit(tx, self.by, Permission::SeeMoney).await?;
        let last = table::last(tx).await?;
        let (from, sums) = open(tx, last).await?;
        let held = |account| {
            let day = sums.accounts.iter().find(|day| day.account == account);
            day.map(|day| Held { account, at_close: day.opening(), now: day.closing })
        };
        let before = self.before.unwrap_or(Day::from_number(i64::MAX));
        let mut days = table::before(tx, before, DAYS.saturating_add(1)).await?;
        let more = i64::try_from(days.len()).unwrap_or(i64::MAX) > DAYS;
        if more {
            days.pop();
        }
        Ok(Overview {
            liabilities: LIABILITIES.into_iter().filter_map(held).collect(),
            next: days.last().filter(|_| more).map(|day| day.day),
            days,
            last,
            open_from: (last.is_some() || sums.transfers > 0).then_some(from),
        })
    }
}

struct LookAtDay {
    by: RawId,
    which: WhichDay,
}
impl Work for LookAtDay {
    const NAME: &'static str = "money_of_a_day";
    type Out = DayView;
    type Refusal = Problem;
    async fn run(&self, tx: &mut Tx) -> Result<DayView, Stop<Problem>> {
        permit(tx, self.by, Permission::SeeMoney).await?;
        let (closed, began_at, sums) = match self.which {
            WhichDay::Closed(day) => {
                let closed = closed(tx, day).await?;
                let (templates, accounts) = (table::templates(tx, day).await?, table::accounts(tx, day).await?);
                let methods = table::methods(tx, day).await?;
                let sums = Sums { transfers: closed.transfers, templates, accounts, methods };
                (Some(closed), closed.began_at, sums)
            }
            WhichDay::Open => {
                let last = table::last(tx).await?;
                let (from, sums) = open(tx, last).await?;
                (None, from, sums)
            }
        };
        let Sums { transfers, templates, accounts, methods } = sums;
        Ok(DayView { closed, began_at, transfers, templates, accounts, methods })
    }
}

async fn closed(tx: &mut Tx, day: Day) -> Result<ClosedDay, Stop<Problem>> {
    table::day(tx, day).await?.ok_or(Stop::Refused(Problem::NotFound("day")))
}

struct LookBehind {
    by: RawId,
    which: WhichDay,
    behind: Behind,
    after: Option<Key>,
}
impl Work for LookBehind {
    const NAME: &'static str = "transfers_of_a_day";
    type Out = Transfers;
    type Refusal = Problem;
    async fn run(&self, tx: &mut Tx) -> Result<Transfers, Stop<Problem>> {
        permit(tx, self.by, Permission::SeeMoney).await?;
        let (from, to) = match self.which {
            WhichDay::Closed(day) => closed(tx, day).await.map(|day| (day.began_at, day.ended_at))?,
            WhichDay::Open => (table::last(tx).await?.map_or(BusinessTime::from_us(0), |last| last.ended_at), NEVER),
        };
        // The key of a day's first instant stands before every transfer of it.
        let after = self.after.filter(|after| after.0 >= from).unwrap_or((from, TransferId::from([0; 16])));
        let limit = i64::try_from(PAGE.saturating_add(1)).unwrap_or(i64::MAX);
        let mut rows = Vec::new();
        for template in self.behind.templates() {
            rows.extend(table::booked(tx, template, after, to, limit).await?);
        }
        rows.sort_unstable_by_key(|row| (row.booked_at, row.id));
        let more = rows.len() > PAGE;
        rows.truncate(PAGE);
        let next = rows.last().filter(|_| more).map(|row| (row.booked_at, row.id));
        Ok(Transfers { rows, next })
    }
}

struct LookAtSuspense {
    by: RawId,
}
impl Work for LookAtSuspense {
    const NAME: &'static str = "in_suspense";
    type Out = Vec<InSuspense>;
    type Refusal = Problem;
    async fn run(&self, tx: &mut Tx) -> Result<Self::Out, Stop<Problem>> {
        permit(tx, self.by, Permission::SeeMoney).await?;
        Ok(table::suspense(tx, SUSPENSE_MAX).await?)
    }
}
