//! Bills of providers, their lines, and the queue of what people must decide about them.

use super::columns::{Columns, undecodable};
use super::directory;
use crate::{FromRow, Result, Row, Tx, args};
use everline_core::ids::{AttemptId, BillLineId, CustomerId, ItemId, OrderId, RefundId};
use everline_core::money::Money;
use everline_core::payment::{Method, Provider};
use everline_core::reconciliation::{
    Action, BillDay, BillLine, Closed, Item, ItemState, LineKind, LineState, OurAttempt, OurRefund, Ours,
};
use everline_core::refund::RefundState;
use everline_core::time::SystemTime;

macro_rules! line_columns {
    () => {
        "b.id, b.state, b.kind, b.number, b.out_trade_no, b.request_no, b.trade_no, b.currency, b.amount, b.fee, b.at, b.said"
    };
}
macro_rules! with_ours {
    () => {
        concat!(
            "SELECT ",
            line_columns!(),
            ", t.customer_id, t.order_id, t.method, t.state, t.trade_no, t.received, t.id, r.state, r.amount, r.id, b.provider, b.day, n.state \
             FROM bill_line b \
             LEFT JOIN bill n ON n.provider = b.provider AND n.day = b.day \
             LEFT JOIN directory d ON d.kind = 'out_trade_no' AND d.name = b.out_trade_no \
             LEFT JOIN directory e ON e.kind = b.provider || '_trade_no' AND e.name = b.trade_no \
             LEFT JOIN attempt t ON t.customer_id = COALESCE(d.customer_id, e.customer_id) AND t.id = COALESCE(d.subject_id, e.subject_id) \
             LEFT JOIN refund r ON b.kind = 'refund' AND r.customer_id = t.customer_id AND r.order_id = t.order_id \
             AND r.attempt_id = t.id AND r.out_request_no = b.request_no "
        )
    };
}
macro_rules! item_columns {
    () => {
        "i.id, i.provider, i.day, i.kind, i.about, i.out_trade_no, i.request_no, i.number, i.ours, i.theirs, i.currency, i.opened_at, \
         i.state, i.closed_at, i.closed_by, i.action, i.reason"
    };
}

crate::queries! { ALL;
    BILL_ADD = "INSERT INTO bill (provider, day, state, first_line, lines, read_at) VALUES ($1, $2, 'reading', $3, 0, $4) \
        ON CONFLICT (provider, day) DO NOTHING";
    BILL_GET = "SELECT state, first_line, lines, read_at, matched_at FROM bill WHERE provider = $1 AND day = $2";
    BILL_READ = "UPDATE bill SET state = 'read', lines = (SELECT COUNT(*) FROM bill_line b WHERE b.id >= bill.first_line \
        AND b.provider = $1 AND b.day = $2), read_at = $3 WHERE provider = $1 AND day = $2";
    BILL_MATCHED = "UPDATE bill SET state = 'matched', matched_at = $3 WHERE provider = $1 AND day = $2 AND state <> 'reading'";
    BILL_DAYS = "SELECT day FROM bill WHERE provider = $1 AND state <> 'reading'";
    LINE_ADD = "INSERT INTO bill_line (id, provider, kind, number, day, out_trade_no, request_no, trade_no, currency, amount, fee, at, state, said) \
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, 'new', $13) ON CONFLICT (provider, kind, number) DO NOTHING";
    LINES_CHANGED = "ANALYZE bill_line";
    LINE_STATE = "UPDATE bill_line SET state = $2 WHERE id = $1 AND state IN ('new', 'queued')";
    LINE_BY_NAME = concat!("SELECT ", line_columns!(), " FROM bill_line b WHERE b.provider = $1 AND b.kind = $2 AND b.number = $3");
    LINES_OF_DAY = concat!("SELECT ", line_columns!(), " FROM bill_line b WHERE b.id > $1 AND b.provider = $2 AND b.day = $3 ORDER BY b.id LIMIT $4");
    OPEN_LINES = concat!(with_ours!(), "WHERE b.id > $1 AND b.provider = $2 AND b.day = $3 AND b.state IN ('new', 'queued') ORDER BY b.id LIMIT $4");
    LINE_WITH_OURS = concat!(with_ours!(), "WHERE b.id = $1");
    LINES_WITH_OURS = concat!(with_ours!(), "WHERE b.id > $1 ORDER BY b.id LIMIT $2");
    OURS_WITHOUT_LINE = "SELECT t.customer_id, t.id, t.out_trade_no, t.trade_no, t.method, t.currency, t.received, t.created_at, t.paid_at \
        FROM attempt t LEFT JOIN bill_line b ON b.provider = $1 AND b.out_trade_no = t.out_trade_no AND b.kind = 'payment' \
        WHERE (t.customer_id, t.id) > ($2, $3) AND t.state = 'paid' AND t.paid_at >= $4 AND t.created_at < $5 AND b.id IS NULL \
        ORDER BY t.customer_id, t.id LIMIT $6";
    REFUNDS_WITHOUT_LINE = "SELECT r.customer_id, r.id, t.out_trade_no, r.out_request_no, t.method, r.currency, r.amount, r.started_at, r.settled_at \
        FROM refund r JOIN attempt t ON t.customer_id = r.customer_id AND t.id = r.attempt_id \
        WHERE (r.customer_id, r.id) > ($2, $3) AND r.state = 'done' AND r.settled_at >= $4 AND (r.started_at < $5 OR r.settled_at < $5) \
        AND NOT EXISTS (SELECT 1 FROM bill_line b WHERE b.provider = $1 AND b.kind = 'refund' AND b.request_no = r.out_request_no \
        AND (b.out_trade_no = t.out_trade_no OR b.trade_no = t.trade_no)) \
        ORDER BY r.customer_id, r.id LIMIT $6";
}
crate::queries! { ITEMS;
    ITEM_ADD = "INSERT INTO reconciliation_item (id, provider, day, kind, about, out_trade_no, request_no, number, ours, theirs, currency, opened_at, state) \
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, 'open') ON CONFLICT (id) DO NOTHING";
    ITEM_GET = concat!("SELECT ", item_columns!(), " FROM reconciliation_item i WHERE i.id = $1");
    ITEM_CLOSE = "UPDATE reconciliation_item SET state = 'closed', closed_at = $2, closed_by = $3, action = $4, reason = $5 \
        WHERE id = $1 AND state = 'open'";
    OPEN_ITEMS = concat!("SELECT ", item_columns!(), " FROM reconciliation_item i WHERE i.state = 'open' ORDER BY i.opened_at, i.id LIMIT $1");
    OPEN_OF_PROVIDER = "SELECT id FROM reconciliation_item WHERE state = 'open' AND provider = $1";
    DECIDED_MISSING = "SELECT id FROM reconciliation_item WHERE kind = 'ours_only' AND provider = $1 AND action IN ('write_off', 'suspense')";
    OPEN_COUNT = "SELECT COUNT(*) FROM reconciliation_item WHERE state = 'open' AND provider = $1 AND day = $2";
    ITEM_PAGE = concat!("SELECT ", item_columns!(), " FROM reconciliation_item i WHERE i.id > $1 ORDER BY i.id LIMIT $2");
}

/// How far a bill is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BillRow {
    /// `reading`, `read` or `matched`.
    pub state: String,
    /// Before or at the first of its lines.
    pub first_line: BillLineId,
    /// How many lines are kept of it.
    pub lines: i64,
    /// When it was last read.
    pub read_at: SystemTime,
    /// When it was last compared.
    pub matched_at: Option<SystemTime>,
}
impl FromRow for BillRow {
    fn from_row(row: &Row<'_>) -> Result<Self> {
        let mut c = Columns::new(row);
        Ok(Self {
            state: c.next()?,
            first_line: c.next()?,
            lines: c.next()?,
            read_at: c.next()?,
            matched_at: c.next()?,
        })
    }
}

/// A line as it is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredLine {
    /// Its id, from which postings and items follow.
    pub id: BillLineId,
    /// How far it is.
    pub state: LineState,
    /// What it says.
    pub line: BillLine,
}
fn stored_line(c: &mut Columns<'_, '_>) -> Result<StoredLine> {
    let (id, state, kind, number) = (c.next()?, c.next()?, c.next()?, c.next()?);
    let (out_trade_no, request_no, trade_no, currency) = (c.next()?, c.next()?, c.next()?, c.next()?);
    let amount = Money::from_micros(c.next()?, currency);
    let (fee, at, said) = (c.next()?, c.next()?, c.next()?);
    Ok(StoredLine {
        id,
        state,
        line: BillLine { kind, number, out_trade_no, request_no, trade_no, amount, fee, at, said },
    })
}
impl FromRow for StoredLine {
    fn from_row(row: &Row<'_>) -> Result<Self> {
        stored_line(&mut Columns::new(row))
    }
}

/// A line beside what our books say.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LineWithOurs {
    /// The line.
    pub stored: StoredLine,
    /// Our books.
    pub ours: Ours,
    /// Our attempt, if the line names one.
    pub attempt: Option<AttemptId>,
    /// Our refund, if the line names one.
    pub refund: Option<RefundId>,
    /// Whose bill it stands in.
    pub provider: Provider,
    /// Of which day.
    pub day: BillDay,
    /// How far that bill is, if there is one.
    pub bill: Option<String>,
}
impl FromRow for LineWithOurs {
    fn from_row(row: &Row<'_>) -> Result<Self> {
        let mut c = Columns::new(row);
        let stored = stored_line(&mut c)?;
        let (customer, order, method): (Option<CustomerId>, Option<OrderId>, Option<Method>) =
            (c.next()?, c.next()?, c.next()?);
        let (state, trade_no, received): (Option<_>, Option<String>, Option<i64>) = (c.next()?, c.next()?, c.next()?);
        let attempt_id = c.next()?;
        let attempt = match (customer, order, method, state) {
            (Some(customer), Some(order), Some(method), Some(state)) => Some(OurAttempt {
                customer,
                order,
                provider: method.provider(),
                state,
                trade_no,
                received: received.unwrap_or(0),
            }),
            _ => None,
        };
        let (state, amount): (Option<RefundState>, Option<i64>) = (c.next()?, c.next()?);
        let refund = state.zip(amount).map(|(state, amount)| OurRefund { state, amount });
        let refund_id = c.next()?;
        let (provider, day, bill) = (c.next()?, c.next()?, c.next()?);
        Ok(Self { stored, ours: Ours { attempt, refund }, attempt: attempt_id, refund: refund_id, provider, day, bill })
    }
}

/// An attempt or refund of ours that no bill has a line of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WithoutLine<Id> {
    /// Whose it is.
    pub customer: CustomerId,
    /// The attempt or refund.
    pub id: Id,
    /// Our number of the payment.
    pub out_trade_no: String,
    /// Of a payment the provider's number, of a refund ours.
    pub number: Option<String>,
    /// Who took the money, or gave it back.
    pub provider: Option<Provider>,
    /// What our books say.
    pub amount: Money,
    /// When it began.
    pub from: SystemTime,
    /// When our books took it for done.
    pub until: SystemTime,
}
impl<Id: crate::Column> FromRow for WithoutLine<Id> {
    fn from_row(row: &Row<'_>) -> Result<Self> {
        let mut c = Columns::new(row);
        let (customer, id, out_trade_no, number) = (c.next()?, c.next()?, c.next()?, c.next()?);
        let (method, currency): (Method, _) = (c.next()?, c.next()?);
        let amount = Money::from_micros(c.next()?, currency);
        let (from, until) = (c.next()?, c.next()?);
        Ok(Self { customer, id, out_trade_no, number, provider: method.provider(), amount, from, until })
    }
}

struct ItemRow(Item);
impl FromRow for ItemRow {
    fn from_row(row: &Row<'_>) -> Result<Self> {
        let mut c = Columns::new(row);
        let (id, provider, day, kind, about) = (c.next()?, c.next()?, c.next()?, c.next()?, c.next()?);
        let (out_trade_no, request_no, number) = (c.next()?, c.next()?, c.next()?);
        let (ours, theirs, currency, opened_at) = (c.next()?, c.next()?, c.next()?, c.next()?);
        let state: String = c.next()?;
        let (at, by, action): (Option<SystemTime>, _, Option<Action>) = (c.next()?, c.next()?, c.next()?);
        let reason: Option<String> = c.next()?;
        let state = match (state.as_str(), at, action, reason) {
            ("open", None, None, None) => ItemState::Open,
            ("closed", Some(at), Some(action), Some(reason)) => ItemState::Closed(Closed { at, by, action, reason }),
            _ => return Err(undecodable::<ItemState>("state", "another word, or columns of another state")),
        };
        Ok(ItemRow(Item {
            id,
            provider,
            day,
            kind,
            about,
            out_trade_no,
            request_no,
            number,
            ours,
            theirs,
            currency,
            opened_at,
            state,
        }))
    }
}

/// The bill of a day, as far as it is known.
pub async fn bill(tx: &mut Tx, provider: Provider, day: BillDay) -> Result<Option<BillRow>> {
    tx.maybe(&BILL_GET, args![provider, day]).await
}
/// Begins to read a bill; one that is known stays as it is.
pub fn begin_bill(tx: &mut Tx, provider: Provider, day: BillDay, first_line: BillLineId, now: SystemTime) {
    tx.put(&BILL_ADD, args![provider, day, first_line, now]);
}
/// All lines of a bill are kept.
pub fn bill_is_read(tx: &mut Tx, provider: Provider, day: BillDay, now: SystemTime) {
    tx.put(&BILL_READ, args![provider, day, now]);
}
/// Has the database look at the lines anew, after many came at once: it plans by what it saw last, and that was an empty table.
pub async fn many_lines_came(tx: &mut Tx) -> Result<()> {
    tx.exec(&LINES_CHANGED, args![]).await.map(|_| ())
}
/// All lines of a bill are compared.
pub fn bill_is_matched(tx: &mut Tx, provider: Provider, day: BillDay, now: SystemTime) {
    tx.put(&BILL_MATCHED, args![provider, day, now]);
}
/// The days whose bills are there, whole.
pub async fn days(tx: &mut Tx, provider: Provider) -> Result<Vec<BillDay>> {
    Ok(tx.all::<(BillDay,)>(&BILL_DAYS, args![provider]).await?.into_iter().map(|row| row.0).collect())
}
/// Keeps a line; one of that provider, kind and number stays as it is.
pub fn add_line(tx: &mut Tx, id: BillLineId, provider: Provider, day: BillDay, line: &BillLine) {
    tx.put(
        &LINE_ADD,
        args![
            id,
            provider,
            line.kind,
            line.number.as_str(),
            day,
            line.out_trade_no.as_deref(),
            line.request_no.as_deref(),
            line.trade_no.as_deref(),
            line.amount.currency(),
            line.amount.micros(),
            line.fee,
            line.at,
            line.said.as_str()
        ],
    );
}
/// Moves a line that is new or queued; whether it was.
pub async fn move_line(tx: &mut Tx, id: BillLineId, state: LineState) -> Result<bool> {
    tx.exec_one(&LINE_STATE, args![id, state]).await
}
/// Moves a line that is new or queued, where nothing hangs on whether it was.
pub fn put_line(tx: &mut Tx, id: BillLineId, state: LineState) {
    tx.put(&LINE_STATE, args![id, state]);
}
/// A line by its name.
pub async fn line(tx: &mut Tx, provider: Provider, kind: LineKind, number: &str) -> Result<Option<StoredLine>> {
    tx.maybe(&LINE_BY_NAME, args![provider, kind, number]).await
}
/// The next lines of a day's bill after an id.
pub async fn lines_of_day(
    tx: &mut Tx,
    after: BillLineId,
    provider: Provider,
    day: BillDay,
    limit: i64,
) -> Result<Vec<StoredLine>> {
    tx.all(&LINES_OF_DAY, args![after, provider, day, limit]).await
}
/// The next lines of a day's bill after an id that are new or queued, beside our books.
pub async fn open_lines(
    tx: &mut Tx,
    after: BillLineId,
    provider: Provider,
    day: BillDay,
    limit: i64,
) -> Result<Vec<LineWithOurs>> {
    tx.all(&OPEN_LINES, args![after, provider, day, limit]).await
}
/// One line beside our books.
pub async fn line_with_ours(tx: &mut Tx, id: BillLineId) -> Result<Option<LineWithOurs>> {
    tx.maybe(&LINE_WITH_OURS, args![id]).await
}
/// The next paid attempts after a key, begun before `until` and paid after `from`, that no bill of the provider has; also
/// those of other providers. Reads the whole table: for work of once a day.
pub async fn attempts_without_line(
    tx: &mut Tx,
    provider: Provider,
    after: (CustomerId, AttemptId),
    (from, until): (SystemTime, SystemTime),
    limit: i64,
) -> Result<Vec<WithoutLine<AttemptId>>> {
    tx.all(&OURS_WITHOUT_LINE, args![provider, after.0, after.1, from, until, limit]).await
}
/// The same of refunds that are done.
pub async fn refunds_without_line(
    tx: &mut Tx,
    provider: Provider,
    after: (CustomerId, RefundId),
    (from, until): (SystemTime, SystemTime),
    limit: i64,
) -> Result<Vec<WithoutLine<RefundId>>> {
    tx.all(&REFUNDS_WITHOUT_LINE, args![provider, after.0, after.1, from, until, limit]).await
}
/// Puts an item into the queue; one that was there stays as it is, open or closed.
pub fn add_item(tx: &mut Tx, i: &Item) {
    tx.put(
        &ITEM_ADD,
        args![
            i.id,
            i.provider,
            i.day,
            i.kind,
            i.about,
            i.out_trade_no.as_deref(),
            i.request_no.as_deref(),
            i.number.as_deref(),
            i.ours,
            i.theirs,
            i.currency,
            i.opened_at
        ],
    );
}
/// An item.
pub async fn item(tx: &mut Tx, id: ItemId) -> Result<Option<Item>> {
    Ok(tx.maybe::<ItemRow>(&ITEM_GET, args![id]).await?.map(|row| row.0))
}
/// Closes an item that is open; false if it is not.
pub async fn close_item(tx: &mut Tx, id: ItemId, closed: &Closed) -> Result<bool> {
    tx.exec_one(&ITEM_CLOSE, args![id, closed.at, closed.by, closed.action, closed.reason.as_str()]).await
}
/// The oldest open items.
pub async fn open_items(tx: &mut Tx, limit: i64) -> Result<Vec<Item>> {
    Ok(tx.all::<ItemRow>(&OPEN_ITEMS, args![limit]).await?.into_iter().map(|row| row.0).collect())
}
/// The ids of all open items of a provider.
pub async fn open_of_provider(tx: &mut Tx, provider: Provider) -> Result<Vec<ItemId>> {
    Ok(tx.all::<(ItemId,)>(&OPEN_OF_PROVIDER, args![provider]).await?.into_iter().map(|row| row.0).collect())
}
/// The ids of items about what no bill had, with which people moved money.
pub async fn decided_missing(tx: &mut Tx, provider: Provider) -> Result<Vec<ItemId>> {
    Ok(tx.all::<(ItemId,)>(&DECIDED_MISSING, args![provider]).await?.into_iter().map(|row| row.0).collect())
}
/// How many items of a day's bill are open.
pub async fn open_count(tx: &mut Tx, provider: Provider, day: BillDay) -> Result<i64> {
    Ok(tx.one::<(i64,)>("items", &OPEN_COUNT, args![provider, day]).await?.0)
}
/// Whose payment our number names, and which attempt.
pub async fn named(tx: &mut Tx, out_trade_no: &str) -> Result<Option<(CustomerId, AttemptId)>> {
    let found = directory::find(tx, directory::Name::OutTradeNo, out_trade_no).await?;
    Ok(found.map(|(customer, attempt)| (customer, AttemptId(attempt))))
}
/// The next items after an id, for `verify`.
pub async fn item_page(tx: &mut Tx, after: ItemId, limit: i64) -> Result<Vec<Item>> {
    Ok(tx.all::<ItemRow>(&ITEM_PAGE, args![after, limit]).await?.into_iter().map(|row| row.0).collect())
}
/// The next lines after an id, beside our books, for `verify`.
pub async fn lines_page(tx: &mut Tx, after: BillLineId, limit: i64) -> Result<Vec<LineWithOurs>> {
    tx.all(&LINES_WITH_OURS, args![after, limit]).await
}
