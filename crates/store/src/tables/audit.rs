//! What the staff saw or did: the entries of the chain, and where it ends. Entries are added and read; of one, nothing but the
//! words of its reason is ever removed.

use super::columns::Columns;
use crate::{FromRow, Query, Result, Row, Tx, args};
use everline_core::audit::{AuditAction, Hash, Hashed, NO_HASH};
use everline_core::ids::{CustomerId, LineId, RawId};
use everline_core::time::SystemTime;

macro_rules! columns {
    () => {
        "a.seq, a.at, a.actor, a.staff_id, a.action, a.subject_kind, a.subject_id, a.customer_id, a.reason, a.reason_salt, a.reason_hash, \
         a.details, a.previous, a.hash, a.line_id"
    };
}
macro_rules! page {
    ($by:literal) => {
        concat!(
            "SELECT ",
            columns!(),
            " FROM audit a WHERE a.seq < $1",
            $by,
            " AND a.at >= $3 AND a.at < $4 ORDER BY a.seq DESC LIMIT $2"
        )
    };
}

crate::queries! { ALL;
    HEAD = "SELECT entries, hash FROM audit_head WHERE id = 1";
    HEAD_LOCK = "SELECT entries, hash FROM audit_head WHERE id = 1 FOR UPDATE";
    HEAD_SET = "UPDATE audit_head SET entries = $1, hash = $2 WHERE id = 1";
    ADD = "INSERT INTO audit (seq, at, actor, staff_id, action, subject_kind, subject_id, customer_id, reason, reason_salt, reason_hash, \
        details, previous, hash, line_id) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15)";
    FROM = concat!("SELECT ", columns!(), " FROM audit a WHERE a.seq > $1 ORDER BY a.seq LIMIT $2");
    PAGE = page!("");
    PAGE_STAFF = page!(" AND a.staff_id = $5");
    PAGE_ACTION = page!(" AND a.action = $5");
    PAGE_SUBJECT = page!(" AND a.subject_kind = $5 AND a.subject_id = $6");
    PAGE_STAFF_ACTION = page!(" AND a.staff_id = $5 AND a.action = $6");
    OF_CUSTOMER = "SELECT a.seq, a.at, a.actor, COALESCE(s.login, s.name), a.action, a.subject_kind, a.subject_id, a.reason FROM audit a \
        LEFT JOIN staff s ON s.id = a.staff_id WHERE a.customer_id = $1 AND a.at <= $2 ORDER BY a.seq DESC LIMIT $3";
    CALLER = "SELECT a.at FROM audit a WHERE a.customer_id = $1 AND a.action = 'caller.proved' AND a.staff_id = $2 AND a.at > $3 \
        ORDER BY a.at DESC LIMIT 1";
    OF_SUBJECT = "SELECT a.seq, a.at, a.actor, COALESCE(s.login, s.name), a.action, a.subject_kind, a.subject_id, a.reason FROM audit a \
        LEFT JOIN staff s ON s.id = a.staff_id WHERE a.subject_kind = $1 AND a.subject_id = $2 AND a.at <= $3 ORDER BY a.seq DESC LIMIT $4";
    BESIDE_LINE = "SELECT a.seq, a.at, a.actor, COALESCE(s.login, s.name), a.action, a.subject_kind, a.subject_id, a.reason FROM audit a \
        LEFT JOIN staff s ON s.id = a.staff_id WHERE a.line_id = $1 AND a.at <= $2 ORDER BY a.seq DESC LIMIT $3";
    DONE_TO = "SELECT a.seq, a.at, a.actor, COALESCE(s.login, s.name), a.action, a.subject_kind, a.subject_id, a.reason FROM audit a \
        LEFT JOIN staff s ON s.id = a.staff_id WHERE a.subject_kind = $1 AND a.subject_id = $2 AND a.action <> $3 ORDER BY a.seq DESC LIMIT $4";
    LET_IN = "SELECT a.staff_id FROM audit a WHERE a.subject_kind = 'staff' AND a.subject_id = $1 AND a.staff_id IS NOT NULL AND a.at > $2 \
        AND a.action IN ('staff.added', 'staff.invited', 'staff.second_factor_reset') ORDER BY a.seq DESC LIMIT 100";
    FORGET_REASONS = "UPDATE audit SET reason = NULL, reason_salt = NULL WHERE customer_id = $1 AND reason IS NOT NULL";
}

/// An entry as stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stored {
    /// Its place.
    pub seq: i64,
    /// When.
    pub at: SystemTime,
    /// The word of who did it.
    pub actor: String,
    /// Which member.
    pub staff: Option<RawId>,
    /// The word of what was done.
    pub action: String,
    /// What it was done to: the word of its kind.
    pub subject_kind: String,
    /// Which one.
    pub subject_id: String,
    /// Whose it is.
    pub customer: Option<RawId>,
    /// Why; gone if the customer was erased.
    pub reason: Option<String>,
    /// What was hashed with it.
    pub reason_salt: Option<Vec<u8>>,
    /// The hash of both.
    pub reason_hash: Option<Vec<u8>>,
    /// More, as canonical JSON.
    pub details: String,
    /// The hash of the entry before it.
    pub previous: Vec<u8>,
    /// Its own.
    pub hash: Vec<u8>,
    /// The line of what it was done to, if that is no line itself: what its details say, so that it is found by it.
    pub line: Option<RawId>,
}
impl FromRow for Stored {
    fn from_row(row: &Row<'_>) -> Result<Self> {
        let mut c = Columns::new(row);
        Ok(Stored {
            seq: c.next()?,
            at: c.next()?,
            actor: c.next()?,
            staff: c.next()?,
            action: c.next()?,
            subject_kind: c.next()?,
            subject_id: c.next()?,
            customer: c.next()?,
            reason: c.next()?,
            reason_salt: c.next()?,
            reason_hash: c.next()?,
            details: c.next()?,
            previous: c.next()?,
            hash: c.next()?,
            line: c.next()?,
        })
    }
}

impl Stored {
    /// What is hashed of it; `None` if a hash in it is none.
    #[must_use]
    pub fn hashed(&self) -> Option<Hashed<'_>> {
        let reason_hash = match &self.reason_hash {
            Some(hash) => Some(Hash::try_from(hash.as_slice()).ok()?),
            None => None,
        };
        Some(Hashed {
            seq: self.seq,
            at: self.at,
            actor: &self.actor,
            staff: self.staff,
            action: &self.action,
            subject_kind: &self.subject_kind,
            subject_id: &self.subject_id,
            customer: self.customer,
            reason_hash,
            details: &self.details,
            previous: Hash::try_from(self.previous.as_slice()).ok()?,
        })
    }
}

/// An entry as a timeline shows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Noted {
    /// Its place.
    pub seq: i64,
    /// When.
    pub at: SystemTime,
    /// The word of who did it.
    pub actor: String,
    /// The member's login.
    pub login: Option<String>,
    /// The word of what was done.
    pub action: String,
    /// What it was done to: the word of its kind.
    pub subject_kind: String,
    /// Which one.
    pub subject_id: String,
    /// Why.
    pub reason: Option<String>,
}
impl FromRow for Noted {
    fn from_row(row: &Row<'_>) -> Result<Self> {
        let mut c = Columns::new(row);
        Ok(Noted {
            seq: c.next()?,
            at: c.next()?,
            actor: c.next()?,
            login: c.next()?,
            action: c.next()?,
            subject_kind: c.next()?,
            subject_id: c.next()?,
            reason: c.next()?,
        })
    }
}
/// When a customer last proved to a member of the staff who calls, after an instant.
#[must_use]
pub fn caller_proved(customer: CustomerId, to: RawId, after: SystemTime) -> Query<SystemTime> {
    Query::<(SystemTime,)>::new(&CALLER, args![customer, to, after]).map(|row| row.0)
}
/// From which other members a member got their link, or by whom they lost their second factor, after an instant.
#[must_use]
pub fn let_in(member: RawId, after: SystemTime) -> Query<RawId> {
    Query::<(RawId,)>::new(&LET_IN, args![member.to_string(), after]).map(|row| row.0)
}
/// What the staff saw and did of a customer's up to an instant, newest first.
#[must_use]
pub fn of_customer(customer: CustomerId, to: SystemTime, limit: i64) -> Query<Noted> {
    Query::new(&OF_CUSTOMER, args![customer, to, limit])
}

/// What the staff saw and did of a line's orders, payments and cases up to an instant, newest first. What they did of the
/// line itself is what [`of_subject`] has.
#[must_use]
pub fn beside_line(line: LineId, to: SystemTime, limit: i64) -> Query<Noted> {
    Query::new(&BESIDE_LINE, args![line, to, limit])
}
/// What the staff did of one thing, but for looking at it (`seen`), newest first.
#[must_use]
pub fn done_to((kind, name): (&str, &str), seen: AuditAction, limit: i64) -> Query<Noted> {
    Query::new(&DONE_TO, args![kind, name, seen.word(), limit])
}
/// What the staff saw and did of one thing, by the word of its kind and its name, up to an instant, newest first.
#[must_use]
pub fn of_subject((kind, name): (&str, &str), to: SystemTime, limit: i64) -> Query<Noted> {
    Query::new(&OF_SUBJECT, args![kind, name, to, limit])
}

/// Where the chain ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Head {
    /// How many entries there are.
    pub entries: i64,
    /// The hash of the last, or [`NO_HASH`].
    pub hash: Hash,
}
impl FromRow for Head {
    fn from_row(row: &Row<'_>) -> Result<Self> {
        let (entries, hash): (i64, Option<Vec<u8>>) = FromRow::from_row(row)?;
        Ok(Head { entries, hash: hash.and_then(|hash| hash.try_into().ok()).unwrap_or(NO_HASH) })
    }
}

/// Where the chain ends.
pub async fn head(tx: &mut Tx) -> Result<Head> {
    tx.one("audit head", &HEAD, args![]).await
}
/// [`head`], locked: the last lock that a Work takes, so that nothing else waits behind it for long.
pub async fn lock_head(tx: &mut Tx) -> Result<Head> {
    tx.one("audit head", &HEAD_LOCK, args![]).await
}
/// Adds an entry, and moves the head to it.
pub fn add(tx: &mut Tx, entry: &Stored) {
    let e = entry.clone();
    tx.put(&HEAD_SET, args![e.seq, e.hash.clone()]);
    tx.put(
        &ADD,
        args![
            e.seq,
            e.at,
            e.actor,
            e.staff,
            e.action,
            e.subject_kind,
            e.subject_id,
            e.customer,
            e.reason,
            e.reason_salt,
            e.reason_hash,
            e.details,
            e.previous,
            e.hash,
            e.line
        ],
    );
}
/// The entries after a place, in their order.
pub async fn from(tx: &mut Tx, after: i64, limit: i64) -> Result<Vec<Stored>> {
    tx.all(&FROM, args![after, limit]).await
}

/// Which entries a page shows.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Filter {
    /// Of one member.
    pub staff: Option<RawId>,
    /// Of one action.
    pub action: Option<AuditAction>,
    /// About one thing: its kind and which one.
    pub subject: Option<(String, String)>,
    /// From an instant.
    pub since: Option<SystemTime>,
    /// To an instant, without it.
    pub until: Option<SystemTime>,
}

impl Filter {
    /// Whether an entry of a wider page is one of these.
    fn fits(&self, entry: &Stored) -> bool {
        self.staff.is_none_or(|staff| entry.staff == Some(staff))
            && self.action.is_none_or(|action| entry.action == action.word())
            && self.subject.as_ref().is_none_or(|(kind, id)| entry.subject_kind == *kind && entry.subject_id == *id)
    }
}

/// At most `limit` entries before a place, newest first, of which those are left that a filter lets through; and the place
/// before which to read on, if there may be more.
pub async fn page(tx: &mut Tx, filter: &Filter, before: i64, limit: i64) -> Result<(Vec<Stored>, Option<i64>)> {
    let since = filter.since.map_or(i64::MIN, SystemTime::us);
    let until = filter.until.map_or(i64::MAX, SystemTime::us);
    let Filter { staff, action, subject, .. } = filter;
    // By the narrowest index; the rest of a subject's entries is little.
    let mut rows: Vec<Stored> = match (subject, *staff, action.map(AuditAction::word)) {
        (Some((kind, id)), ..) => {
            tx.all(&PAGE_SUBJECT, args![before, limit, since, until, kind.as_str(), id.as_str()]).await?
        }
        (None, Some(staff), Some(action)) => {
            tx.all(&PAGE_STAFF_ACTION, args![before, limit, since, until, staff, action]).await?
        }
        (None, Some(staff), None) => tx.all(&PAGE_STAFF, args![before, limit, since, until, staff]).await?,
        (None, None, Some(action)) => tx.all(&PAGE_ACTION, args![before, limit, since, until, action]).await?,
        (None, None, None) => tx.all(&PAGE, args![before, limit, since, until]).await?,
    };
    let full = i64::try_from(rows.len()).is_ok_and(|count| count >= limit);
    let next = rows.last().map(|row| row.seq).filter(|_| full);
    rows.retain(|row| filter.fits(row));
    Ok((rows, next))
}
/// Removes the words of the reasons that stand with a customer.
pub fn forget_reasons(tx: &mut Tx, customer: CustomerId) {
    tx.put(&FORGET_REASONS, args![customer]);
}
