//! What customers write under an offering, and who reported it.

use super::columns::Columns;
use crate::{FromRow, Result, Row, Tx, args};
use everline_core::contribution::{ContributionKind, ContributionState, Stars};
use everline_core::ids::{ContributionId, CustomerId, LineId, RawId};
use everline_core::line::DeviceKind;
use everline_core::time::BusinessTime;

macro_rules! columns {
    () => {
        "id, kind, offering_code, question_id, customer_id, line_id, staff_id, author, stars, words, device, region, state, version, \
         reports, written_at, answered_at, reason"
    };
}

crate::queries! { ALL;
    ADD = "INSERT INTO contribution (id, kind, offering_code, question_id, customer_id, line_id, staff_id, author, stars, words, device, \
        region, state, version, reports, written_at, answered_at) \
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, 0, 0, $14, NULL)";
    GET = concat!("SELECT ", columns!(), " FROM contribution WHERE id = $1");
    LOCK = "SELECT id FROM contribution WHERE id = $1 FOR UPDATE";
    REVIEW_OF = concat!("SELECT ", columns!(), " FROM contribution WHERE customer_id = $1 AND offering_code = $2 AND kind = 'review'");
    MINE = concat!("SELECT ", columns!(), " FROM contribution WHERE customer_id = $1 AND offering_code = $2 AND state <> 'withdrawn' \
        ORDER BY written_at DESC LIMIT $3");
    NEWEST_OF = "SELECT written_at FROM contribution WHERE customer_id = $1 ORDER BY written_at DESC LIMIT $2";
    SHOWN = concat!("SELECT ", columns!(), " FROM contribution WHERE offering_code = $1 AND kind = $2 AND state IN ('published', 'reported') \
        AND id < $3 ORDER BY id DESC LIMIT $4");
    ANSWERS = concat!("SELECT ", columns!(), " FROM contribution WHERE question_id = $1 AND state IN ('published', 'reported') \
        ORDER BY id LIMIT $2");
    STAFF_ANSWER = concat!("SELECT ", columns!(), " FROM contribution WHERE question_id = $1 AND state IN ('published', 'reported') \
        AND staff_id IS NOT NULL ORDER BY id LIMIT 1");
    STARS = "SELECT r.stars, COUNT(*) FROM (SELECT stars FROM contribution WHERE offering_code = $1 AND kind = 'review' \
        AND state IN ('published', 'reported') ORDER BY id DESC LIMIT $2) r GROUP BY r.stars";
    OPEN = concat!("SELECT ", columns!(), " FROM contribution WHERE state IN ('waiting', 'reported') ORDER BY written_at LIMIT $1");
    UNANSWERED = concat!("SELECT ", columns!(), " FROM contribution WHERE kind = 'question' AND state = 'published' AND answered_at IS NULL \
        ORDER BY written_at LIMIT $1");
    MOVE = "UPDATE contribution SET state = $4, version = version + 1, settled_at = $5, settled_by = $6, reason = $7 \
        WHERE id = $1 AND version = $2 AND state = $3";
    REPORTED = "UPDATE contribution SET state = 'reported', reports = reports + 1, version = version + 1 \
        WHERE id = $1 AND state IN ('published', 'reported')";
    REPORT_ADD = "INSERT INTO contribution_report (customer_id, contribution_id, reported_at) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING";
    REPORTS_SINCE = "SELECT COUNT(*) FROM contribution_report WHERE customer_id = $1 AND reported_at > $2";
    REWRITE = "UPDATE contribution SET line_id = $3, author = $4, stars = $5, words = $6, device = $7, region = $8, state = 'waiting', \
        version = version + 1, written_at = $9, settled_at = NULL, settled_by = NULL, reason = NULL WHERE id = $1 AND customer_id = $2";
    WITHDRAW = "UPDATE contribution SET author = '', stars = NULL, words = '', device = NULL, region = NULL, state = 'withdrawn', \
        version = version + 1, settled_at = $3, reason = NULL WHERE id = $1 AND customer_id = $2 AND state <> 'withdrawn'";
    ANSWERED = "UPDATE contribution SET answered_at = $2 WHERE id = $1 AND answered_at IS NULL";
    PAGE = concat!("SELECT ", columns!(), " FROM contribution WHERE id > $1 ORDER BY id LIMIT $2");
    WITHDRAW_ALL = "UPDATE contribution SET customer_id = NULL, line_id = NULL, author = '', stars = NULL, words = '', device = NULL, \
        region = NULL, state = 'withdrawn', version = version + 1, settled_at = $2, reason = NULL \
        WHERE customer_id = $1 AND state NOT IN ('published', 'reported')";
    UNNAME = "UPDATE contribution SET customer_id = NULL, line_id = NULL, author = '' WHERE customer_id = $1";
    FORGET_REPORTS = "DELETE FROM contribution_report WHERE customer_id = $1";
}

/// A contribution as stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Contribution {
    /// Its id.
    pub id: ContributionId,
    /// Review, question or answer.
    pub kind: ContributionKind,
    /// The offering it is about, in whatever version.
    pub offering: String,
    /// The question that an answer is for.
    pub question: Option<ContributionId>,
    /// Who wrote it; nobody if staff did, or if its author was erased.
    pub customer: Option<CustomerId>,
    /// The line of the author's that used the offering, or from whose page it was asked.
    pub line: Option<LineId>,
    /// The member of the staff who wrote it.
    pub staff: Option<RawId>,
    /// How its author is shown: the first character and stars; empty if nobody is shown.
    pub author: String,
    /// A review's stars.
    pub stars: Option<Stars>,
    /// What was written.
    pub words: String,
    /// What the line sat in.
    pub device: Option<DeviceKind>,
    /// Where it is used, by the brand's key for it.
    pub region: Option<String>,
    /// Where it is.
    pub state: ContributionState,
    /// Counts changes, so that nobody decides about what they did not read.
    pub version: i64,
    /// How many customers reported it.
    pub reports: i64,
    /// When it was written, or last written anew.
    pub written_at: BusinessTime,
    /// When a question was first answered.
    pub answered_at: Option<BusinessTime>,
    /// Why staff refused or hid it.
    pub reason: Option<String>,
}
impl FromRow for Contribution {
    fn from_row(row: &Row<'_>) -> Result<Self> {
        let mut c = Columns::new(row);
        Ok(Contribution {
            id: c.next()?,
            kind: c.next()?,
            offering: c.next()?,
            question: c.next()?,
            customer: c.next()?,
            line: c.next()?,
            staff: c.next()?,
            author: c.next()?,
            stars: c.next()?,
            words: c.next()?,
            device: c.next()?,
            region: c.next()?,
            state: c.next()?,
            version: c.next()?,
            reports: c.next()?,
            written_at: c.next()?,
            answered_at: c.next()?,
            reason: c.next()?,
        })
    }
}

/// Adds a contribution.
pub fn add(tx: &mut Tx, c: &Contribution) {
    tx.put(
        &ADD,
        args![
            c.id,
            c.kind,
            c.offering.as_str(),
            c.question,
            c.customer,
            c.line,
            c.staff,
            c.author.as_str(),
            c.stars,
            c.words.as_str(),
            c.device,
            c.region.clone(),
            c.state,
            c.written_at
        ],
    );
}
/// Locks a contribution.
pub async fn lock(tx: &mut Tx, id: ContributionId) -> Result<()> {
    tx.maybe::<(ContributionId,)>(&LOCK, args![id]).await.map(drop)
}
/// A contribution.
pub async fn get(tx: &mut Tx, id: ContributionId) -> Result<Option<Contribution>> {
    tx.maybe(&GET, args![id]).await
}
/// A customer's review of an offering, whatever its state.
pub async fn review_of(tx: &mut Tx, customer: CustomerId, offering: &str) -> Result<Option<Contribution>> {
    tx.maybe(&REVIEW_OF, args![customer, offering]).await
}
/// What a customer wrote under an offering and did not take back, newest first.
pub async fn mine(tx: &mut Tx, customer: CustomerId, offering: &str, limit: i64) -> Result<Vec<Contribution>> {
    tx.all(&MINE, args![customer, offering, limit]).await
}
/// When a customer wrote last, newest first.
pub async fn newest_of(tx: &mut Tx, customer: CustomerId, limit: i64) -> Result<Vec<BusinessTime>> {
    Ok(tx.all::<(BusinessTime,)>(&NEWEST_OF, args![customer, limit]).await?.into_iter().map(|row| row.0).collect())
}
/// What everybody sees under an offering, newest first, from before an id.
pub async fn shown(
    tx: &mut Tx,
    offering: &str,
    kind: ContributionKind,
    before: ContributionId,
    limit: i64,
) -> Result<Vec<Contribution>> {
    tx.all(&SHOWN, args![offering, kind, before, limit]).await
}
/// The answers to a question that everybody sees, oldest first.
pub async fn answers(tx: &mut Tx, question: ContributionId, limit: i64) -> Result<Vec<Contribution>> {
    tx.all(&ANSWERS, args![question, limit]).await
}
/// What the staff answered to a question, if everybody sees it.
pub async fn staff_answer(tx: &mut Tx, question: ContributionId) -> Result<Option<Contribution>> {
    tx.maybe(&STAFF_ANSWER, args![question]).await
}
/// How many of the newest so many reviews that everybody sees have each number of stars.
pub async fn stars(tx: &mut Tx, offering: &str, newest: i64) -> Result<Vec<(Stars, i64)>> {
    tx.all(&STARS, args![offering, newest]).await
}
/// What waits for staff: new, or reported; oldest first.
pub async fn open(tx: &mut Tx, limit: i64) -> Result<Vec<Contribution>> {
    tx.all(&OPEN, args![limit]).await
}
/// Questions that everybody sees and nobody answered, oldest first.
pub async fn unanswered(tx: &mut Tx, limit: i64) -> Result<Vec<Contribution>> {
    tx.all(&UNANSWERED, args![limit]).await
}
/// Staff take a contribution into a state, from the one it was read in. False if it changed meanwhile.
pub async fn settle(
    tx: &mut Tx,
    read: &Contribution,
    to: ContributionState,
    (by, reason): (RawId, Option<&str>),
    at: BusinessTime,
) -> Result<bool> {
    let reason = reason.map(str::to_owned);
    tx.exec_one(&MOVE, args![read.id, read.version, read.state, to, at, by, reason]).await
}
/// Writes down that a customer reported a contribution. False if they did before.
pub async fn add_report(tx: &mut Tx, by: CustomerId, id: ContributionId, at: BusinessTime) -> Result<bool> {
    tx.exec_one(&REPORT_ADD, args![by, id, at]).await
}
/// Counts a report of a contribution. False if nobody sees it.
pub async fn reported(tx: &mut Tx, id: ContributionId) -> Result<bool> {
    tx.exec_one(&REPORTED, args![id]).await
}
/// How many contributions a customer reported since an instant.
pub async fn reports_since(tx: &mut Tx, by: CustomerId, since: BusinessTime) -> Result<i64> {
    Ok(tx.one::<(i64,)>("count", &REPORTS_SINCE, args![by, since]).await?.0)
}
/// Its author writes a review anew; it waits for staff again. The account is locked.
pub fn rewrite(tx: &mut Tx, c: &Contribution) {
    let (author, words, region) = (c.author.as_str(), c.words.as_str(), c.region.clone());
    tx.put(&REWRITE, args![c.id, c.customer, c.line, author, c.stars, words, c.device, region, c.written_at]);
}
/// Its author takes a contribution back. False if it is not theirs, or was taken back before.
pub async fn withdraw(tx: &mut Tx, author: CustomerId, id: ContributionId, at: BusinessTime) -> Result<bool> {
    tx.exec_one(&WITHDRAW, args![id, author, at]).await
}
/// A question has an answer that everybody sees.
pub fn answered(tx: &mut Tx, question: ContributionId, at: BusinessTime) {
    tx.put(&ANSWERED, args![question, at]);
}
/// The next contributions after an id.
pub async fn page(tx: &mut Tx, after: ContributionId, limit: i64) -> Result<Vec<Contribution>> {
    tx.all(&PAGE, args![after, limit]).await
}
/// A customer is erased: what everybody sees stays without its author, the rest is gone.
pub fn forget_author(tx: &mut Tx, customer: CustomerId, at: BusinessTime) {
    tx.put(&WITHDRAW_ALL, args![customer, at]);
    tx.put(&UNNAME, args![customer]);
    tx.put(&FORGET_REPORTS, args![customer]);
}
