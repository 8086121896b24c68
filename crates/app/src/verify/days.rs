//! Days of the books: every transfer counts when it says, closed days follow each other without a gap, and the sums of each are
//! those of its transfers.

use super::{Collected, Context, ledger, sql};
use everline_core::calendar::Day;
use everline_core::day_close::by_method;
use everline_core::ledger::{LedgerAccount, Template};
use everline_core::time::BusinessTime;
use everline_store::tables::ledger::StoredTransfer;
use everline_store::{FromRow, Result, Row, Tx, args};
use std::collections::BTreeMap;

/// A transfer with when it counts.
pub(super) struct Booked {
    pub(super) transfer: StoredTransfer,
    booked_at: Option<BusinessTime>,
}
impl FromRow for Booked {
    fn from_row(row: &Row<'_>) -> Result<Self> {
        Ok(Self { transfer: StoredTransfer::from_row(row)?, booked_at: row.get(10)? })
    }
}

/// A closed day: its number, bounds, and how many transfers it says it has.
type DayRow = (i64, BusinessTime, BusinessTime, i64);
/// A template's leg, as stored: the posting's word, debit and credit.
type Leg = (String, i64, i64);
type Sum = (i64, i128);

/// The closed days of a store, and what its transfers make of them.
#[derive(Default)]
pub(super) struct Days {
    days: Vec<DayRow>,
    horizon: Option<BusinessTime>,
    folded: BTreeMap<(i64, Leg), Sum>,
}

fn row_of(day: i64) -> String {
    format!("ledger_day({})", Day::from_number(day))
}

impl Days {
    pub(super) async fn read(tx: &mut Tx, out: &mut Collected) -> Result<Self> {
        let days: Vec<DayRow> = tx.all(&sql::LEDGER_DAYS, args![]).await?;
        let horizon: Option<(BusinessTime,)> = tx.maybe(&sql::LEDGER_HORIZON, args![]).await?;
        let days = Self { days, horizon: horizon.map(|row| row.0), folded: BTreeMap::new() };
        if !days.days.is_empty() {
            out.checked("closed days", days.days.len());
        }
        days.chain(out);
        Ok(days)
    }

    /// Days follow each other, and the horizon is not before the last one's end.
    fn chain(&self, out: &mut Collected) {
        let mut before: Option<&DayRow> = None;
        for day in &self.days {
            let follows = before.is_none_or(|before| before.0 < day.0 && before.2 == day.1);
            if !follows || day.1 >= day.2 {
                out.found("day_chain", row_of(day.0), "it does not begin where the day before it ended");
            }
            before = Some(day);
        }
        match (self.horizon, before) {
            (None, _) => out.found("day_chain", "ledger_horizon".to_owned(), "it is not there"),
            (Some(horizon), Some(last)) if horizon < last.2 => {
                out.found("day_chain", "ledger_horizon".to_owned(), "before the end of the last closed day");
            }
            _ => {}
        }
    }

    /// Adds a transfer to the day on which it counts.
    pub(super) fn fold(&mut self, booked: &Booked, out: &mut Collected) {
        let transfer = &booked.transfer;
        let name = || ledger::transfer_row(transfer);
        let Some(at) = booked.booked_at.filter(|at| *at >= transfer.posted_at) else {
            let detail = format!("counts at {:?}, and was posted at {}", booked.booked_at, transfer.posted_at.us());
            return out.found("transfer_booked", name(), detail);
        };
        let place = self.days.partition_point(|day| day.1 <= at);
        let day = place.checked_sub(1).and_then(|place| self.days.get(place)).filter(|day| at < day.2);
        match (day, self.days.first()) {
            (Some(day), _) => {
                let leg = (transfer.template.clone(), transfer.debit, transfer.credit);
                let sum = self.folded.entry((day.0, leg)).or_default();
                *sum = (sum.0 + 1, sum.1 + i128::from(transfer.amount));
            }
            (None, Some(first)) if at < first.1 => {
                out.found("transfer_booked", name(), "counts before the first day of the books");
            }
            _ => {}
        }
    }

    /// Compares what is written down of each day with what its transfers make.
    pub(super) async fn compare(mut self, tx: &mut Tx, context: &Context<'_>, out: &mut Collected) -> Result<()> {
        let mut closing: BTreeMap<i64, i128> = BTreeMap::new();
        for (day, _, ended_at, transfers) in std::mem::take(&mut self.days) {
            let mut made: BTreeMap<Leg, Sum> = BTreeMap::new();
            let later = self.folded.split_off(&(day.saturating_add(1), (String::new(), i64::MIN, i64::MIN)));
            for ((_, leg), sum) in std::mem::replace(&mut self.folded, later) {
                made.insert(leg, sum);
            }
            if ended_at > context.now.business {
                out.found("day_chain", row_of(day), "closed before its end");
            }
            if i128::from(transfers) != made.values().map(|sum| i128::from(sum.0)).sum::<i128>() {
                out.found("day_sums", row_of(day), format!("{transfers} transfers, its transfers are others"));
            }
            templates(tx, day, &made, out).await?;
            accounts(tx, day, &made, &mut closing, out).await?;
            methods(tx, day, &made, out).await?;
        }
        Ok(())
    }
}

async fn templates(tx: &mut Tx, day: i64, made: &BTreeMap<Leg, Sum>, out: &mut Collected) -> Result<()> {
    let rows: Vec<(String, i64, i64, i64, i64)> = tx.all(&sql::LEDGER_DAY_TEMPLATES, args![day]).await?;
    let mut said: BTreeMap<Leg, Sum> = BTreeMap::new();
    for (template, debit, credit, transfers, amount) in rows {
        said.insert((template, debit, credit), (transfers, i128::from(amount)));
    }
    for leg in said.keys().chain(made.keys().filter(|leg| !said.contains_key(*leg))) {
        let (says, makes) = (said.get(leg).copied(), made.get(leg).copied());
        if says != makes {
            let detail = format!("{} from {} to {}: {says:?}, its transfers make {makes:?}", leg.0, leg.1, leg.2);
            out.found("day_sums", row_of(day), detail);
        }
    }
    Ok(())
}

/// Each ledger account: what its transfers debit and credit, and what stood there before and after.
async fn accounts(
    tx: &mut Tx,
    day: i64,
    made: &BTreeMap<Leg, Sum>,
    closing: &mut BTreeMap<i64, i128>,
    out: &mut Collected,
) -> Result<()> {
    let rows: Vec<(i64, i64, i64, i64)> = tx.all(&sql::LEDGER_DAY_ACCOUNTS, args![day]).await?;
    if rows.len() != LedgerAccount::ALL.len() {
        out.found("day_accounts", row_of(day), format!("{} ledger accounts", rows.len()));
    }
    let side = |account: i64, of: fn(&Leg) -> i64| -> i128 {
        made.iter().filter(|(leg, _)| of(leg) == account).map(|(_, sum)| sum.1).sum()
    };
    for (code, debits, credits, says) in rows {
        let Some(account) = LedgerAccount::from_code(code) else {
            out.found("stored_word", row_of(day), format!("ledger account {code}"));
            continue;
        };
        let (by_debit, by_credit) = (side(code, |leg| leg.1), side(code, |leg| leg.2));
        let movement = if account.grows_by_debit() { by_debit - by_credit } else { by_credit - by_debit };
        let after = closing.get(&code).copied().unwrap_or(0) + movement;
        if (i128::from(debits), i128::from(credits), i128::from(says)) != (by_debit, by_credit, after) {
            let detail = format!(
                "{}: {debits} and {credits} to {says}, its transfers make {by_debit} and {by_credit} to {after}",
                account.word()
            );
            out.found("day_accounts", row_of(day), detail);
        }
        closing.insert(code, after);
    }
    Ok(())
}

/// What is told by method adds up to the posting.
async fn methods(tx: &mut Tx, day: i64, made: &BTreeMap<Leg, Sum>, out: &mut Collected) -> Result<()> {
    let rows: Vec<(String, i64, i64)> = tx.all(&sql::LEDGER_DAY_METHODS, args![day]).await?;
    let mut said: BTreeMap<String, Sum> = BTreeMap::new();
    for (template, transfers, amount) in rows {
        let sum = said.entry(template).or_default();
        *sum = (sum.0 + transfers, sum.1 + i128::from(amount));
    }
    for template in Template::ALL.into_iter().filter(|template| by_method(*template).is_some()) {
        let of_it = made.iter().filter(|(leg, _)| leg.0 == template.word());
        let makes = of_it.fold((0, 0), |sum, (_, more)| (sum.0 + more.0, sum.1 + more.1));
        let says = said.get(template.word()).copied().unwrap_or_default();
        if says != makes {
            let detail = format!("{} by method: {says:?}, its transfers make {makes:?}", template.word());
            out.found("day_methods", row_of(day), detail);
        }
    }
    Ok(())
}
