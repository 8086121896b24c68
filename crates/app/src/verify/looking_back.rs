//! What customers look back on: the days of usage are the sums of its rows; entries and files belong to a case, and a case to
//! what it is about.

use super::{Collected, Context, sql};
use everline_core::calendar::Day;
use everline_core::effects::CaseReason;
use everline_core::ids::{CaseId, CustomerId, LineId, OrderId, RawId};
use everline_core::retention::Record;
use everline_core::support::{CaseFor, CaseState, PHONE, number};
use everline_core::time::BusinessTime;
use everline_store::{FromRow, Result, Row, Tx, args};
use std::collections::BTreeMap;

/// Days behind the newest usage that was read, after which a day is compared: reports are written down in their order but for
/// those that ran at the same time.
const WINDOW_DAYS: i64 = 2;

type Sums = (i64, i64);
type Key = (Day, CustomerId, LineId, String);
type DayRow = (CustomerId, LineId, i64, String, i64, i64);
type UsageRow = (RawId, CustomerId, LineId, String, i64, i64, BusinessTime);

pub(super) async fn check(tx: &mut Tx, context: &Context<'_>, out: &mut Collected) -> Result<()> {
    usage(tx, context, out).await?;
    cases(tx, context, out).await?;
    parts(tx, context, out).await
}

/// Compares days with rows: line by line, and the totals of each day, so that a day without rows is seen too. In memory are the
/// lines that were used in the last days that were read.
async fn usage(tx: &mut Tx, context: &Context<'_>, out: &mut Collected) -> Result<()> {
    let mut totals: BTreeMap<Day, (i128, i128)> = BTreeMap::new();
    let mut after = (CustomerId::from([0; 16]), LineId::from([0; 16]), i64::MIN, String::new());
    loop {
        let args = args![after.0, after.1, after.2, after.3.as_str(), context.limits.page_rows];
        let page: Vec<DayRow> = tx.all(&sql::USAGE_DAYS, args).await?;
        let Some(last) = page.last() else { break };
        after = (last.0, last.1, last.2, last.3.clone());
        out.checked("days of usage", page.len());
        for (_, _, day, _, charged, overrun) in page {
            let total = totals.entry(Day::from_number(day)).or_default();
            *total = (total.0 + i128::from(charged), total.1 + i128::from(overrun));
        }
    }
    // The first day may have begun before days were kept, or lost rows whose time was over; nothing before it is compared.
    let over = context.brand.retention.over_before(Record::Usage, context.now.system);
    let kept_from = Day::of(context.zone, BusinessTime::from_us(over.us())).plus(1);
    let Some(first) = totals.keys().next().map(|first| first.plus(1).max(kept_from)) else { return Ok(()) };
    let mut open: BTreeMap<Key, Sums> = BTreeMap::new();
    let mut after = (RawId::from_bytes([0; 16]), CustomerId::from([0; 16]));
    loop {
        let page: Vec<UsageRow> = tx.all(&sql::USAGES, args![after.0, after.1, context.limits.page_rows]).await?;
        let Some(last) = page.last() else { break };
        after = (last.0, last.1);
        out.checked("usage", page.len());
        let mut newest = Day::from_number(i64::MIN);
        for (_, customer, line, unit, charged, overrun, at) in page {
            let day = Day::of(context.zone, at);
            newest = newest.max(day);
            if day < first {
                continue;
            }
            let total = totals.entry(day).or_default();
            *total = (total.0 - i128::from(charged), total.1 - i128::from(overrun));
            let sums = open.entry((day, customer, line, unit)).or_default();
            *sums = (sums.0.saturating_add(charged), sums.1.saturating_add(overrun));
        }
        let later = open.split_off(&(
            newest.plus(-WINDOW_DAYS),
            CustomerId::from([0; 16]),
            LineId::from([0; 16]),
            String::new(),
        ));
        compare(tx, std::mem::replace(&mut open, later), out).await?;
    }
    compare(tx, open, out).await?;
    for (day, left) in totals.range(first..).filter(|(_, left)| **left != (0, 0)) {
        let detail = format!("{} charged and {} overrun more than the rows of the day", left.0, left.1);
        out.found("usage_day", format!("usage_day({day})"), detail);
    }
    Ok(())
}

async fn compare(tx: &mut Tx, rows: BTreeMap<Key, Sums>, out: &mut Collected) -> Result<()> {
    for ((day, customer, line, unit), sums) in rows {
        let stored: Option<Sums> =
            tx.maybe(&sql::USAGE_DAY, args![customer, line, day.number(), unit.as_str()]).await?;
        if stored != Some(sums) {
            let row = format!("usage_day({customer}, {line}, {day}, {unit})");
            out.found("usage_day", row, format!("{stored:?}, its rows make {sums:?}"));
        }
    }
    Ok(())
}

struct CaseRow {
    customer: CustomerId,
    id: CaseId,
    reason: String,
    for_whom: String,
    state: String,
    solved_at: Option<BusinessTime>,
    /// As it says, and as it was found.
    order: (Option<OrderId>, Option<OrderId>),
    line: (Option<LineId>, Option<LineId>),
    step: Option<String>,
    number: i64,
    /// The case into which it went, and the one into which that went.
    merged: (Option<CaseId>, Option<CaseId>),
}
impl FromRow for CaseRow {
    fn from_row(row: &Row<'_>) -> Result<Self> {
        Ok(Self {
            customer: row.get(0)?,
            id: row.get(1)?,
            reason: row.get(2)?,
            for_whom: row.get(3)?,
            state: row.get(4)?,
            solved_at: row.get(5)?,
            order: (row.get(6)?, row.get(7)?),
            line: (row.get(8)?, row.get(9)?),
            step: row.get(10)?,
            number: row.get(11)?,
            merged: (row.get(12)?, row.get(13)?),
        })
    }
}

async fn cases(tx: &mut Tx, context: &Context<'_>, out: &mut Collected) -> Result<()> {
    let mut after = (CustomerId::from([0; 16]), CaseId::from([0; 16]));
    loop {
        let page: Vec<CaseRow> = tx.all(&sql::CASES_WHOLE, args![after.0, after.1, context.limits.page_rows]).await?;
        let Some(last) = page.last() else { return Ok(()) };
        after = (last.customer, last.id);
        page.iter().for_each(|row| case(row, out));
    }
}

fn case(row: &CaseRow, out: &mut Collected) {
    let name = || format!("support_case({}, {})", row.customer, row.id);
    let solved = row.solved_at.is_some();
    if CaseState::from_word(&row.state).is_none_or(|state| (state == CaseState::Solved) != solved) {
        out.found("case_state", name(), format!("{:?}, solved at {:?}", row.state, row.solved_at));
    }
    let (reader, asked) = (CaseFor::from_word(&row.for_whom), row.reason == CaseReason::Asked.word());
    let called = row.step.as_deref() == Some(PHONE);
    let nobody = reader.is_none() || (asked && !called && reader == Some(CaseFor::Staff));
    if nobody || (reader == Some(CaseFor::Guest) && row.order.0.is_none()) {
        out.found("case_reader", name(), format!("{}, for {:?}, order {:?}", row.reason, row.for_whom, row.order.0));
    }
    // Those from before there were numbers have none until they change.
    if row.number != 0 && row.number != number(row.id) {
        out.found("case_number", name(), format!("{} instead of {}", row.number, number(row.id)));
    }
    if row.merged.0.is_some() && (!solved || row.merged.1.is_some()) {
        out.found("case_merged", name(), format!("into {:?}, which went into {:?}", row.merged.0, row.merged.1));
    }
    // A case of the system's is looked at with its order.
    if asked && row.order.0 != row.order.1 {
        out.found("case_of_order", name(), format!("no order {:?}", row.order.0));
    }
    if row.line.0 != row.line.1 {
        out.found("case_of_line", name(), format!("no line {:?}", row.line.0));
    }
}

async fn parts(tx: &mut Tx, context: &Context<'_>, out: &mut Collected) -> Result<()> {
    for (sql, table, what) in [
        (&sql::CASE_ENTRIES, "case_entry", "entries of cases"),
        (&sql::CASE_FILES, "case_attachment", "files of cases"),
    ] {
        let mut after = (RawId::from_bytes([0; 16]), CustomerId::from([0; 16]));
        loop {
            let page: Vec<(RawId, CustomerId, CaseId, Option<CaseId>, i64, i64)> =
                tx.all(sql, args![after.0, after.1, context.limits.page_rows]).await?;
            let Some(last) = page.last() else { break };
            after = (last.0, last.1);
            out.checked(what, page.len());
            for (id, customer, case, found, said, there) in page {
                if found.is_none() {
                    out.found("part_of_case", format!("{table}({id}, {customer})"), format!("no case {case}"));
                }
                if said != there {
                    out.found(
                        "file_octets",
                        format!("{table}({id}, {customer})"),
                        format!("{said}, and {there} are there"),
                    );
                }
            }
        }
    }
    Ok(())
}
