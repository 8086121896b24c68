//! The log of who saw or did what, and why. An entry is written in the transaction of what it tells of, and names the entry
//! before it by its hash: a change, a gap, another order or a missing end is found by `verify`.
//!
//! Never holds personal data: things and people are named by id. Why somebody did something is in their own words, which go
//! when the customer is erased.

use crate::secrets::hex;
use crate::staff::{permit, see};
use crate::{App, Problem};
use aws_lc_rs::digest::{SHA256, digest};
use everline_core::audit::{Actor, AuditAction, Hash, Hashed, NO_HASH, reason_bytes};
use everline_core::ids::{CustomerId, LineId, RawId};
use everline_core::staff::Permission;
use everline_core::time::SystemTime;
use everline_store::tables::audit as table;
pub use everline_store::tables::audit::{Filter, Head, Stored};
use everline_store::tables::staff;
use everline_store::{Stop, Store, Tx, Work};
use serde::Deserialize;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::fmt::Display;

const SALT_BYTES: usize = 16;
/// Entries on a page.
pub const PAGE: i64 = 50;
/// Entries that are read at once where all are.
const AT_ONCE: i64 = 500;

/// The detail that says the line of a thing which is none itself.
const LINE: &str = "line";

/// What something is done to: the word of its kind, and which one.
#[derive(Debug, Clone)]
pub(crate) struct Subject(&'static str, String);

impl<T: Display> From<(&'static str, T)> for Subject {
    fn from((kind, id): (&'static str, T)) -> Self {
        Self(kind, id.to_string())
    }
}

/// What an entry tells.
#[derive(Debug, Clone)]
pub(crate) struct Act {
    actor: Actor,
    action: AuditAction,
    subject: Subject,
    customer: Option<CustomerId>,
    reason: Option<String>,
    details: BTreeMap<&'static str, Value>,
}

impl Act {
    /// Something done by somebody to a thing.
    pub(crate) fn new(actor: Actor, action: AuditAction, subject: impl Into<Subject>) -> Self {
        let subject = subject.into();
        Self { actor, action, subject, customer: None, reason: None, details: BTreeMap::new() }
    }
    /// By a member of the staff.
    pub(crate) fn by(member: RawId, action: AuditAction, subject: impl Into<Subject>) -> Self {
        Self::new(Actor::Staff(member), action, subject)
    }
    /// Whose the thing is.
    pub(crate) fn of(self, customer: CustomerId) -> Self {
        Self { customer: Some(customer), ..self }
    }
    /// The line of the thing, which is none itself: it stands in the line's timeline too.
    pub(crate) fn at(self, line: impl Into<Option<LineId>>) -> Self {
        match line.into() {
            Some(line) => self.with(LINE, line.to_string()),
            None => self,
        }
    }
    /// Why; no words are no reason.
    pub(crate) fn because(self, reason: &str) -> Self {
        Self { reason: Some(reason.to_owned()).filter(|reason| !reason.is_empty()), ..self }
    }
    /// More of it: a word, a number or an id, never what names a person.
    pub(crate) fn with(mut self, name: &'static str, value: impl Into<Value>) -> Self {
        self.details.insert(name, value.into());
        self
    }
}

/// When an entry is written, and what its reason is salted with: time and randomness of a Work that writes one.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Stamp {
    at: SystemTime,
    salt: [u8; SALT_BYTES],
}

impl Stamp {
    pub(crate) fn new(app: &App) -> Result<Self, Problem> {
        let mut salt = [0; SALT_BYTES];
        if app.clock.fill(&mut salt) { Ok(Self { at: app.clock.now().system, salt }) } else { Err(Problem::Busy) }
    }

    /// When the entry is written.
    pub(crate) const fn at(&self) -> SystemTime {
        self.at
    }

    /// Appends an entry: after the transaction's other locks and reads, because it locks the end of the chain.
    pub(crate) async fn append(&self, tx: &mut Tx, act: Act) -> Result<(), Stop<Problem>> {
        self.append_all(tx, vec![act]).await
    }

    /// [`append`](Self::append) of several, one behind the other.
    pub(crate) async fn append_all(&self, tx: &mut Tx, acts: Vec<Act>) -> Result<(), Stop<Problem>> {
        let mut head = table::lock_head(tx).await?;
        for act in acts {
            let entry = self.entry(head, act)?;
            head = Head { entries: entry.seq, hash: hash_of(&entry).unwrap_or(NO_HASH) };
            table::add(tx, &entry);
        }
        Ok(())
    }

    /// The entry of an act behind an end of the chain.
    fn entry(&self, head: Head, act: Act) -> Result<Stored, Stop<Problem>> {
        let details =
            serde_json::to_string(&act.details).map_err(|e| Stop::Refused(Problem::Internal(e.to_string())))?;
        let salted = act.reason.as_ref().map(|reason| sha256(&reason_bytes(&self.salt, reason)));
        let mut entry = Stored {
            seq: head.entries.saturating_add(1),
            at: self.at,
            actor: act.actor.word().to_owned(),
            staff: act.actor.staff(),
            action: act.action.word().to_owned(),
            subject_kind: act.subject.0.to_owned(),
            subject_id: act.subject.1,
            customer: act.customer.map(|customer| customer.0),
            reason_salt: act.reason.as_ref().map(|_| self.salt.to_vec()),
            reason: act.reason,
            reason_hash: salted.map(|hash| hash.to_vec()),
            details,
            previous: head.hash.to_vec(),
            hash: Vec::new(),
            line: None,
        };
        entry.line = line_in(&entry.details);
        entry.hash = hash_of(&entry).unwrap_or(NO_HASH).to_vec();
        Ok(entry)
    }
}

/// The line that an entry's details say: hashed with them, and a column of its own to be found by.
fn line_in(details: &str) -> Option<RawId> {
    let details: Value = serde_json::from_str(details).ok()?;
    details.get(LINE)?.as_str()?.parse().ok()
}

fn sha256(bytes: &[u8]) -> Hash {
    digest(&SHA256, bytes).as_ref().first_chunk().copied().unwrap_or(NO_HASH)
}

/// The hash that an entry has to have; `None` if a hash in it is none.
fn hash_of(entry: &Stored) -> Option<Hash> {
    entry.hashed().map(|entry: Hashed<'_>| sha256(&entry.bytes()))
}

/// What is wrong with an entry.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Broken {
    /// The place before it is empty: something was deleted, or put elsewhere.
    #[error("entry {0} is missing")]
    Missing(i64),
    /// It does not name the entry before it: something was changed, deleted or put elsewhere.
    #[error("it does not follow the entry before it")]
    NotFollowing,
    /// It is not what was hashed.
    #[error("it was changed")]
    Changed,
    /// It stands with another line than its details say, or with none.
    #[error("its line was changed")]
    Elsewhere,
    /// Its reason is not what was hashed.
    #[error("its reason was changed")]
    ReasonChanged,
    /// Its reason was removed.
    #[error("its reason was removed")]
    ReasonRemoved,
}

/// A walk along the chain, from its first entry.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Walk {
    /// Where it is: how many entries, and the hash of the last.
    pub head: Head,
}
impl Default for Walk {
    fn default() -> Self {
        Self { head: Head { entries: 0, hash: NO_HASH } }
    }
}

impl Walk {
    /// The next entry: everything that is wrong with it. The walk goes on from it as it is.
    pub fn step(&mut self, entry: &Stored) -> Vec<Broken> {
        let mut broken = Vec::new();
        let expected = self.head.entries.saturating_add(1);
        if entry.seq != expected {
            broken.push(Broken::Missing(expected));
        } else if entry.previous != self.head.hash {
            broken.push(Broken::NotFollowing);
        }
        if hash_of(entry).is_none_or(|hash| entry.hash != hash) {
            broken.push(Broken::Changed);
        }
        if entry.line != line_in(&entry.details) {
            broken.push(Broken::Elsewhere);
        }
        broken.extend(reason_fault(entry));
        self.head = Head { entries: entry.seq, hash: entry.hash.clone().try_into().unwrap_or(NO_HASH) };
        broken
    }
}

fn reason_fault(entry: &Stored) -> Option<Broken> {
    match (&entry.reason, &entry.reason_salt, &entry.reason_hash) {
        (None, None, None) => None,
        (None, None, Some(_)) => Some(Broken::ReasonRemoved),
        (Some(reason), Some(salt), Some(hash)) if sha256(&reason_bytes(salt, reason)) == hash.as_slice() => None,
        _ => Some(Broken::ReasonChanged),
    }
}

/// An end of the chain as people note it: how many entries, a colon, the hash of the last.
#[must_use]
pub fn head_text(head: Head) -> String {
    format!("{}:{}", head.entries, hex(&head.hash))
}

/// The end that was noted so.
#[must_use]
pub fn head_from_text(text: &str) -> Option<Head> {
    let (entries, hash) = text.trim().split_once(':')?;
    Some(Head { entries: entries.parse().ok().filter(|count| *count >= 0)?, hash: unhex(hash)?.try_into().ok()? })
}

/// The bytes of hexadecimal digits.
pub(crate) fn unhex(text: &str) -> Option<Vec<u8>> {
    let digits = text.as_bytes().chunks(2);
    digits
        .map(|pair| u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok().filter(|_| pair.len() == 2))
        .collect()
}

/// An entry as a line of an exported file: JSON, hashes and salts in hexadecimal digits.
#[must_use]
pub fn line(entry: &Stored) -> String {
    let bytes = |bytes: &Option<Vec<u8>>| bytes.as_ref().map(|bytes| hex(bytes));
    json!({
        "seq": entry.seq, "at_us": entry.at.us(), "actor": entry.actor, "staff": entry.staff.map(|id| id.to_string()),
        "action": entry.action, "subject_kind": entry.subject_kind, "subject_id": entry.subject_id,
        "customer": entry.customer.map(|id| id.to_string()), "reason": entry.reason,
        "reason_salt": bytes(&entry.reason_salt), "reason_hash": bytes(&entry.reason_hash),
        "details": entry.details, "previous": hex(&entry.previous), "hash": hex(&entry.hash),
    })
    .to_string()
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Line {
    seq: i64,
    at_us: i64,
    actor: String,
    staff: Option<String>,
    action: String,
    subject_kind: String,
    subject_id: String,
    customer: Option<String>,
    reason: Option<String>,
    reason_salt: Option<String>,
    reason_hash: Option<String>,
    details: String,
    previous: String,
    hash: String,
}

/// The entry of a line; `None` if it is none.
#[must_use]
pub fn read_line(text: &str) -> Option<Stored> {
    let line: Line = serde_json::from_str(text).ok()?;
    let id = |text: Option<String>| text.map(|text| text.parse().ok()).map_or(Some(None), |id| id.map(Some));
    let bytes = |text: Option<String>| text.map(|text| unhex(&text)).map_or(Some(None), |bytes| bytes.map(Some));
    let of = line_in(&line.details);
    Some(Stored {
        seq: line.seq,
        at: SystemTime::from_us(line.at_us),
        actor: line.actor,
        staff: id(line.staff)?,
        action: line.action,
        subject_kind: line.subject_kind,
        subject_id: line.subject_id,
        customer: id(line.customer)?,
        reason: line.reason,
        reason_salt: bytes(line.reason_salt)?,
        reason_hash: bytes(line.reason_hash)?,
        details: line.details,
        previous: unhex(&line.previous)?,
        hash: unhex(&line.hash)?,
        line: of,
    })
}

/// Where the chain of a store ends.
pub async fn head(store: &Store) -> Result<Head, Problem> {
    Ok(store.read(ReadHead).await?)
}

/// A part of the chain, from after a place on.
pub async fn entries(store: &Store, after: i64) -> Result<Vec<Stored>, Problem> {
    Ok(store.read(ReadFrom { after, limit: AT_ONCE }).await?)
}

/// A page of the log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Page {
    /// The entries, newest first.
    pub entries: Vec<Stored>,
    /// The place before which to read on, if there may be more.
    pub next: Option<i64>,
    /// Everybody who is or was a member, by id and name.
    pub members: Vec<(RawId, String)>,
}

/// Entries before a place, of which those are left that a filter lets through.
///
/// # Errors
/// [`Problem::NotAllowed`]
pub async fn page(app: &App, by: RawId, filter: Filter, before: i64) -> Result<Page, Problem> {
    Ok(app.store.read(ReadPage { by, filter, before }).await?)
}

/// Takes the log out, to be read with [`entries`]: that somebody did is the newest entry of it.
///
/// # Errors
/// [`Problem::NotAllowed`]
pub async fn export(app: &App, by: RawId) -> Result<(), Problem> {
    let act = Act::by(by, AuditAction::AuditExported, ("audit", "all"));
    see(app, by, Permission::ReadAudit, act).await
}

struct ReadPage {
    by: RawId,
    filter: Filter,
    before: i64,
}
impl Work for ReadPage {
    const NAME: &'static str = "audit_page";
    type Out = Page;
    type Refusal = Problem;
    async fn run(&self, tx: &mut Tx) -> Result<Page, Stop<Problem>> {
        permit(tx, self.by, Permission::ReadAudit).await?;
        let (entries, next) = table::page(tx, &self.filter, self.before, PAGE).await?;
        let members = staff::list(tx).await?.into_iter().map(|row| (row.id, row.name)).collect();
        Ok(Page { entries, next, members })
    }
}

struct ReadHead;
impl Work for ReadHead {
    const NAME: &'static str = "audit_head";
    type Out = Head;
    type Refusal = Problem;
    async fn run(&self, tx: &mut Tx) -> Result<Head, Stop<Problem>> {
        Ok(table::head(tx).await?)
    }
}

struct ReadFrom {
    after: i64,
    limit: i64,
}
impl Work for ReadFrom {
    const NAME: &'static str = "audit_entries";
    type Out = Vec<Stored>;
    type Refusal = Problem;
    async fn run(&self, tx: &mut Tx) -> Result<Vec<Stored>, Stop<Problem>> {
        Ok(table::from(tx, self.after, self.limit).await?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    type Change = fn(&mut Stored);

    fn chain() -> Vec<Stored> {
        let mut all = Vec::new();
        let mut previous = NO_HASH.to_vec();
        for seq in 1..=4 {
            let salted = sha256(&reason_bytes(&[7; SALT_BYTES], "asked to"));
            let mut entry = Stored {
                seq,
                at: SystemTime::from_us(1_790_000_000_000_000 + seq),
                actor: "staff".to_owned(),
                staff: Some(RawId::from_bytes([1; 16])),
                action: AuditAction::OrderSeen.word().to_owned(),
                subject_kind: "order".to_owned(),
                subject_id: "2026112900000001".to_owned(),
                customer: Some(RawId::from_bytes([2; 16])),
                reason: Some("asked to".to_owned()),
                reason_salt: Some(vec![7; SALT_BYTES]),
                reason_hash: Some(salted.to_vec()),
                details: "{}".to_owned(),
                previous,
                hash: Vec::new(),
                line: None,
            };
            entry.hash = hash_of(&entry).unwrap().to_vec();
            previous = entry.hash.clone();
            all.push(entry);
        }
        all
    }

    fn walked(all: &[Stored]) -> Vec<(i64, Broken)> {
        let mut walk = Walk::default();
        all.iter().flat_map(|entry| walk.step(entry).into_iter().map(|why| (entry.seq, why))).collect()
    }

    #[test]
    fn a_line_of_a_file_is_the_entry_again() {
        for entry in chain() {
            assert_eq!(read_line(&line(&entry)), Some(entry.clone()));
            let details = format!("{{\"line\":\"{}\"}}", entry.customer.unwrap());
            let on_line = Stored { line: entry.customer, details, ..entry.clone() };
            assert_eq!(read_line(&line(&on_line)), Some(on_line));
            let bare = Stored { staff: None, customer: None, reason: None, reason_salt: None, ..entry };
            assert_eq!(read_line(&line(&bare)), Some(bare));
        }
        assert_eq!(read_line("{}"), None);
        let head = Head { entries: 4, hash: [0xab; 32] };
        assert_eq!(head_from_text(&head_text(head)), Some(head));
        for wrong in ["", "4", "4:ab", "-1:", "x:00"] {
            assert_eq!(head_from_text(wrong), None, "{wrong}");
        }
    }

    /// A vector that must never change: stores and files hold such hashes.
    #[test]
    fn the_hash_of_an_entry_is_this() {
        assert_eq!(hex(&chain()[0].hash), "361b6e5cc46ce0fb9ce0c3bf63a610d3b67e1169debb67798a370a549b69d1be");
    }

    #[test]
    fn a_whole_chain_has_nothing_wrong() {
        assert_eq!(walked(&chain()), []);
    }

    #[test]
    fn what_was_changed_deleted_or_put_elsewhere_is_found() {
        let sound = chain();
        let changes: [(&str, Change); 9] = [
            ("at", |entry| entry.at = entry.at.plus_us(1)),
            ("actor", |entry| entry.actor = "cli".to_owned()),
            ("staff", |entry| entry.staff = None),
            ("action", |entry| entry.action = "order.evidence_taken".to_owned()),
            ("kind", |entry| entry.subject_kind = "case".to_owned()),
            ("subject", |entry| entry.subject_id.push('1')),
            ("customer", |entry| entry.customer = None),
            ("details", |entry| entry.details = "{\"a\":1}".to_owned()),
            ("reason hash", |entry| entry.reason_hash = None),
        ];
        for (what, change) in changes {
            let mut all = sound.clone();
            change(&mut all[1]);
            assert!(walked(&all).contains(&(2, Broken::Changed)), "{what}");
            // With its hash made anew, the next one does not follow it.
            all[1].hash = hash_of(&all[1]).unwrap().to_vec();
            assert!(walked(&all).contains(&(3, Broken::NotFollowing)), "{what}");
        }
        let mut all = sound.clone();
        all[1].line = all[1].customer;
        assert_eq!(walked(&all), [(2, Broken::Elsewhere)]);
        let mut all = sound.clone();
        all[1].reason = Some("nobody asked".to_owned());
        assert_eq!(walked(&all), [(2, Broken::ReasonChanged)]);
        (all[1].reason, all[1].reason_salt) = (None, None);
        assert_eq!(walked(&all), [(2, Broken::ReasonRemoved)]);
        for at in 0..3 {
            let mut all = sound.clone();
            all.remove(at);
            let at = i64::try_from(at).unwrap();
            assert_eq!(walked(&all), [(at + 2, Broken::Missing(at + 1))], "deleted");
        }
        // Two that changed places, and the numbers with them.
        let mut all = sound.clone();
        all.swap(1, 2);
        (all[1].seq, all[2].seq) = (2, 3);
        assert!(walked(&all).iter().any(|(seq, _)| *seq == 2), "{:?}", walked(&all));
    }
}
