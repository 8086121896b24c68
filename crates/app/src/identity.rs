//! Who a customer is: said by the customer, proved by a verifier, or by people where there is none or it cannot tell; and
//! corrected one field at a time.
//!
//! Name, number and birthday are sealed for their customer; a keyed hash of the document finds it again. What a verifier is
//! asked and answers is not kept, only who answered and when.

use crate::account_news::happened;
use crate::audit::{Act, Stamp};
use crate::first::{First, HowMany, one_more};
use crate::jobs::Done;
use crate::secrets::Secrets;
use crate::sessions::{MayChange, SessionInfo, may_change};
use crate::sign_in::check_tries;
use crate::staff::{permit, permitted, see_each};
use crate::support::{About, NewCase, Open, Sent, opening, over};
use crate::{App, Problem};
use everline_core::account::{AccountNews, Change};
use everline_core::audit::AuditAction;
use everline_core::customer::{Customer, CustomerKind, Identity};
use everline_core::effects::{CaseReason, Job};
use everline_core::identity::{
    self as core, AnotherPerson, ConsentKind, CorrectionState, Field, Person, REASON_CHARS_MAX, Said, Typed, Verdict,
    WrongIdentity,
};
use everline_core::ids::{CaseId, CustomerId, RawId};
use everline_core::staff::Permission;
use everline_core::support::CaseFor;
use everline_core::time::{Now, SystemTime};
use everline_store::tables::identity::{self, Correction, Stored};
use everline_store::tables::{case, customer, job};
use everline_store::{Stop, Tx, Work};
use serde::{Deserialize, Serialize};

/// How often a verifier is asked before people look.
const RUNS_MAX: i64 = 20;
/// How many the desk shows.
const SHOWN: usize = 50;
/// Most accounts of one document, and most lines of one account, that are counted.
const COUNTED: i64 = 100;
/// How staff who decided are written down.
const STAFF: &str = "staff";
/// Where the case of a correction's papers says that its asker was.
const STEP: &str = "account";

/// What is sealed.
#[derive(Serialize, Deserialize)]
struct Sealed {
    name: String,
    number: String,
    born: String,
}

fn place(customer: CustomerId) -> String {
    format!("identity/{customer}")
}
fn seal(app: &App, whose: CustomerId, person: &Person) -> Result<Vec<u8>, Problem> {
    let (name, number, born) = (person.name.clone(), person.number.clone(), person.born.to_string());
    let text = serde_json::to_string(&Sealed { name, number, born });
    let text = text.map_err(|_| Problem::Internal("an identity has no JSON".to_owned()))?;
    app.secrets.seal(&place(whose), &text).map_err(|_| Problem::Internal("an identity cannot be sealed".to_owned()))
}
fn open(app: &App, whose: CustomerId, kind: &str, sealed: &[u8]) -> Result<Person, Problem> {
    let opened = opened(&app.secrets, whose, kind, sealed);
    opened.ok_or_else(|| Problem::Internal("an identity cannot be opened".to_owned()))
}
/// What was sealed for a customer; `None` if it was not, or under another key.
pub(crate) fn opened(secrets: &Secrets, whose: CustomerId, kind: &str, sealed: &[u8]) -> Option<Person> {
    let text = secrets.open(&place(whose), sealed).ok()?;
    let Sealed { name, number, born } = serde_json::from_str(&text).ok()?;
    Some(Person { name, kind: kind.to_owned(), number, born: core::day(&born)? })
}
/// The keyed hash by which a document is found again.
pub(crate) fn document_hash(secrets: &Secrets, person: &Person) -> [u8; 16] {
    document_name_hash(secrets, &person.kind, &person.number)
}
/// The same of its kind and number.
pub(crate) fn document_name_hash(secrets: &Secrets, kind: &str, number: &str) -> [u8; 16] {
    secrets.name("document", &[kind, number])
}

/// A correction, for its customer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CorrectionView {
    /// The correction.
    pub correction: Correction,
    /// When it was settled.
    pub settled_at: Option<SystemTime>,
    /// What staff said.
    pub note: Option<String>,
    /// The case that has its papers.
    pub papers: Option<CaseId>,
}

/// What proves a correction where the verifier cannot: files, for the people who decide. They are kept as a case's are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Papers {
    /// What the case is called.
    pub subject: String,
    /// The files.
    pub files: Vec<Sent>,
}

/// The case that has the papers of a correction.
fn case_of(correction: RawId) -> CaseId {
    CaseId(correction.derive(0x76, 0))
}
/// The same, if there is one.
async fn papers_of(tx: &mut Tx, customer: CustomerId, correction: RawId) -> Result<Option<CaseId>, Stop<Problem>> {
    Ok(case::get(tx, customer, case_of(correction)).await?.map(|case| case.merged_into.unwrap_or(case.id)))
}

/// Who a customer is, for the customer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IdentityView {
    /// How far it is proved.
    pub state: Identity,
    /// What was said last.
    pub said: Option<(Person, SystemTime)>,
    /// The newest correction.
    pub correction: Option<CorrectionView>,
}

/// Who somebody is who is signed in.
pub async fn view(app: &App, session: &SessionInfo) -> Result<IdentityView, Problem> {
    let customer = session.customer()?;
    let (state, stored, correction) = app.store.read(ReadIdentity { customer }).await?;
    let said = match stored {
        Some(stored) => Some((open(app, customer, &stored.kind, &stored.sealed)?, stored.said_at)),
        None => None,
    };
    Ok(IdentityView { state, said, correction })
}

/// A customer says who they are, or corrects it.
///
/// # Errors
/// [`Problem::Invalid`] names the field; [`Problem::TooMany`]; [`Problem::AnotherPerson`]; [`Problem::CorrectionOpen`] while one
/// waits; where something was verified, [`Problem::ProveFirst`] and [`Problem::HeldBack`]; of papers, as a new case.
pub async fn say(
    app: &App,
    session: &SessionInfo,
    typed: Typed<'_>,
    agreed: bool,
    reason: &str,
    papers: Option<Papers>,
) -> Result<Said, Problem> {
    let whose = session.customer()?;
    let wrong = |wrong: WrongIdentity| Problem::Invalid { field: wrong.field(), rule: wrong.word() };
    let rules = &app.brand.identity;
    let now = app.clock.now();
    let person = core::read(&rules.documents, typed, rules.guardian_below, app.zone.date(now.business));
    let person = person.map_err(wrong)?;
    if !agreed {
        return Err(wrong(WrongIdentity::Consent));
    }
    let reason = reason.trim();
    let plain = |c: char| !c.is_control() || c == '\n' || c == '\r';
    if reason.chars().count() > REASON_CHARS_MAX || !reason.chars().all(plain) {
        return Err(Problem::Invalid { field: "reason", rule: "up-to-500" });
    }
    let before = view(app, session).await?;
    // What the answer tells of a name or document is told to whoever proved who they are, and not as often as one likes.
    if before.state == Identity::Verified {
        may_change(app, session, Change::Access).await?;
    }
    check_tries(app, "identity", &whose.to_string()).await?;
    let said = core::compare(before.state, before.said.as_ref().map(|said| &said.0), &person);
    let said = said.map_err(|AnotherPerson| Problem::AnotherPerson)?;
    if said == Said::Same {
        return Ok(said);
    }
    let stored = Stored {
        kind: person.kind.clone(),
        sealed: seal(app, whose, &person)?,
        hash: document_hash(&app.secrets, &person),
        said_at: now.system,
        settled_by: None,
    };
    let (id, corrects) = (app.clock.id(), matches!(said, Said::Corrected(_)));
    let papers = match papers.filter(|papers| corrects && !papers.files.is_empty()) {
        Some(Papers { subject, files }) => {
            let text = if reason.is_empty() { subject.clone() } else { reason.to_owned() };
            let about = About { step: Some(STEP), ..About::default() };
            let id = case_of(id);
            let new = NewCase { id, for_whom: CaseFor::Owner, about, subject, text, files, follows: None };
            Some(opening(app, whose, new, CaseReason::Papers)?)
        }
        None => None,
    };
    let work = Say {
        may: MayChange::new(session, Change::Access, now)?,
        before: before.state,
        said,
        name: person.name,
        stored,
        reason: Some(reason.to_owned()).filter(|reason| !reason.is_empty()),
        // It is asked whether name and number belong together: of a date of birth alone it cannot tell.
        asks: app.ports.identity.is_some() && said != Said::Corrected(Field::Born),
        id,
        papers,
        consent: app.clock.id(),
        terms_version: app.brand.terms_version.clone(),
        now,
    };
    app.store.transact(work).await?;
    app.wake.notify_one();
    Ok(said)
}

/// Refuses to let a line come to a customer of whom too little is known, or whose document has as many lines as it may.
///
/// # Errors
/// [`Problem::IdentityFirst`], [`Problem::TooManyLines`]
pub(crate) async fn may_have_another_line(app: &App, customer: CustomerId) -> Result<(), Problem> {
    let rules = &app.brand.identity;
    if rules.documents.is_empty() {
        return Ok(());
    }
    let (state, stored, _) = app.store.read(ReadIdentity { customer }).await?;
    if rules.required && !matches!(state, Identity::FormatChecked | Identity::Verified) {
        return Err(Problem::IdentityFirst);
    }
    let Some(stored) = stored.filter(|_| rules.lines_per_document > 0) else { return Ok(()) };
    // Every account is another customer's, and so read by itself.
    let mut lines = 0_usize;
    for customer in app.store.read(OfDocument { hash: stored.hash }).await? {
        lines = lines.saturating_add(app.store.read(LinesOf { customer }).await?);
    }
    if lines >= usize::from(rules.lines_per_document) { Err(Problem::TooManyLines) } else { Ok(()) }
}

/// Asks the verifier about what a customer said, or about a correction of it.
pub(crate) async fn verify(
    app: &App,
    customer: CustomerId,
    correction: Option<RawId>,
    run: i64,
) -> Result<Done, Problem> {
    let Some((kind, sealed, said_at)) = app.store.read(ToVerify { customer, correction }).await? else {
        return Ok(Done::Finished);
    };
    let Some(verifier) = &app.ports.identity else { return Ok(Done::GaveUp("nobody verifies documents")) };
    let person = open(app, customer, &kind, &sealed)?;
    let verdict = match verifier.verify(&person).await {
        Some(verdict) => verdict,
        None if run < RUNS_MAX => return Ok(Done::retry(app, run, "the verifier gave no answer")),
        // People look at it then.
        None => Verdict::Unknown,
    };
    let by = verifier.name().to_owned();
    let work = Verified { customer, correction, said_at, verdict, name: person.name, by, now: app.clock.now() };
    app.store.transact(work).await?;
    Ok(Done::Finished)
}

/// What people at the desk have to look at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ToDecide {
    /// Who.
    pub customer: Customer,
    /// What they say now.
    pub person: Person,
    /// What was verified before, and the correction of it that they ask for.
    pub correction: Option<(Person, Correction)>,
    /// The case that has its papers.
    pub papers: Option<CaseId>,
    /// When it was said.
    pub asked_at: SystemTime,
}

/// The first of what waits for people: corrections, then what nobody could verify. That each was looked at is written down
/// before it is shown.
///
/// # Errors
/// [`Problem::NotAllowed`]: documents are few people's business.
pub async fn queue(app: &App, by: RawId) -> Result<First<ToDecide>, Problem> {
    let mut all = Vec::new();
    let First { rows, more } = app.store.read(Queue { by }).await?;
    for (customer, stored, correction, papers) in rows {
        let id = customer.id;
        let before = open(app, id, &stored.kind, &stored.sealed)?;
        let (person, correction, asked_at) = match correction {
            Some(correction) => {
                let now = open(app, id, &correction.kind, &correction.sealed)?;
                let asked_at = correction.asked_at;
                (now, Some((before, correction)), asked_at)
            }
            None => (before, None, stored.said_at),
        };
        all.push(ToDecide { customer, person, correction, papers, asked_at });
    }
    let seen = all.iter().map(|row| match &row.correction {
        Some((_, correction)) => {
            Act::by(by, AuditAction::IdentitySeen, ("correction", correction.id)).of(row.customer.id)
        }
        None => Act::by(by, AuditAction::IdentitySeen, ("customer", row.customer.id)).of(row.customer.id),
    });
    see_each(app, by, Permission::DecideIdentity, seen.collect()).await?;
    Ok(First { rows: all, more })
}

/// How many wait.
///
/// # Errors
/// [`Problem::NotAllowed`]
pub async fn waiting(app: &App, by: RawId) -> Result<HowMany, Problem> {
    Ok(app.store.read(Queue { by }).await?.how_many())
}

/// Somebody of the staff decides: about a correction, or, without one, about what the customer said at `said_at`.
///
/// # Errors
/// [`Problem::NotAllowed`]; [`Problem::Invalid`] without a note; [`Problem::NotFound`] if it
/// does not wait any more, or the customer says something else by now.
pub async fn decide(
    app: &App,
    (customer, correction): (CustomerId, Option<RawId>),
    said_at: SystemTime,
    accept: bool,
    note: &str,
    by: RawId,
) -> Result<(), Problem> {
    let note = note.trim();
    let plain = |c: char| !c.is_control() || c == '\n' || c == '\r';
    if note.is_empty() || note.chars().count() > REASON_CHARS_MAX || !note.chars().all(plain) {
        return Err(Problem::Invalid { field: "note", rule: "1-to-500" });
    }
    permitted(app, by, Permission::DecideIdentity).await?;
    let found = app.store.read(ToVerify { customer, correction }).await?;
    let (kind, sealed, asked_at) = found.ok_or(Problem::NotFound("request"))?;
    if asked_at != said_at {
        return Err(Problem::NotFound("request"));
    }
    let name = open(app, customer, &kind, &sealed)?.name;
    let note = note.to_owned();
    let (stamp, now) = (Stamp::new(app)?, app.clock.now());
    Ok(app.store.transact(Decide { customer, correction, said_at, accept, note, name, by, stamp, now }).await?)
}

struct ReadIdentity {
    customer: CustomerId,
}
impl Work for ReadIdentity {
    const NAME: &'static str = "read_identity";
    type Out = (Identity, Option<Stored>, Option<CorrectionView>);
    type Refusal = Problem;
    async fn run(&self, tx: &mut Tx) -> Result<Self::Out, Stop<Problem>> {
        let state = customer::get(tx, self.customer).await?.identity;
        let stored = identity::get(tx, self.customer).await?;
        let last = identity::last_correction(tx, self.customer).await?;
        let last = match last {
            Some((correction, settled_at, note)) => {
                let papers = papers_of(tx, self.customer, correction.id).await?;
                Some(CorrectionView { correction, settled_at, note, papers })
            }
            None => None,
        };
        Ok((state, stored, last))
    }
}

struct Say {
    may: MayChange,
    /// The state that decided what this is.
    before: Identity,
    said: Said,
    name: String,
    stored: Stored,
    reason: Option<String>,
    /// Whether there is a verifier.
    asks: bool,
    id: RawId,
    papers: Option<Open>,
    consent: RawId,
    terms_version: String,
    now: Now,
}
impl Work for Say {
    const NAME: &'static str = "say_identity";
    type Out = ();
    type Refusal = Problem;
    async fn run(&self, tx: &mut Tx) -> Result<(), Stop<Problem>> {
        let whose = self.may.customer;
        customer::lock_account(tx, whose).await?;
        let found = customer::get(tx, whose).await?;
        if !matches!(found.kind, CustomerKind::Person | CustomerKind::Organisation) {
            return Err(Stop::Refused(Problem::NotAllowed));
        }
        if found.identity != self.before {
            return Err(Stop::Refused(Problem::Busy)); // settled just now: look again
        }
        let (at, correction) = (self.now.system, matches!(self.said, Said::Corrected(_)).then_some(self.id));
        if let Said::Corrected(field) = self.said {
            self.may.check(tx).await?;
            match identity::open_correction(tx, whose).await? {
                Some(open) if open.id == self.id => return Ok(()), // run again after a lost answer
                Some(_) => return Err(Stop::Refused(Problem::CorrectionOpen)),
                None => {}
            }
            let state = if self.asks { CorrectionState::Checking } else { CorrectionState::Waiting };
            let Stored { kind, sealed, hash, .. } = self.stored.clone();
            let (id, reason) = (self.id, self.reason.clone());
            let new = Correction { customer: whose, id, field, kind, sealed, hash, reason, state, asked_at: at };
            identity::add_correction(tx, &new);
            if let Some(papers) = &self.papers {
                papers.run(tx).await?;
            }
        } else {
            identity::save(tx, whose, &self.stored, None);
            identity::set_state(tx, whose, Identity::FormatChecked);
            identity::set_name(tx, whose, &self.name);
        }
        for (id, kind) in [(self.consent, ConsentKind::IdentityCheck), (self.consent.derive(1, 0), ConsentKind::Terms)]
        {
            identity::add_consent(tx, (whose, id), (kind, &self.terms_version), true, self.now.business);
        }
        if self.asks {
            let ask = Job::VerifyIdentity { customer: whose, correction, said: self.id };
            job::add(tx, whose, &ask, at, at)?;
        }
        Ok(())
    }
}

struct OfDocument {
    hash: [u8; 16],
}
impl Work for OfDocument {
    const NAME: &'static str = "customers_of_document";
    type Out = Vec<CustomerId>;
    type Refusal = Problem;
    async fn run(&self, tx: &mut Tx) -> Result<Self::Out, Stop<Problem>> {
        Ok(tx.together(identity::of_document(self.hash, COUNTED)).await?)
    }
}

struct LinesOf {
    customer: CustomerId,
}
impl Work for LinesOf {
    const NAME: &'static str = "count_lines_of_customer";
    type Out = usize;
    type Refusal = Problem;
    async fn run(&self, tx: &mut Tx) -> Result<usize, Stop<Problem>> {
        Ok(identity::lines_of(tx, self.customer, COUNTED).await?)
    }
}

/// What waits to be proved: the document's kind, what is sealed, and when it was said.
struct ToVerify {
    customer: CustomerId,
    correction: Option<RawId>,
}
impl Work for ToVerify {
    const NAME: &'static str = "identity_to_verify";
    type Out = Option<(String, Vec<u8>, SystemTime)>;
    type Refusal = Problem;
    async fn run(&self, tx: &mut Tx) -> Result<Self::Out, Stop<Problem>> {
        if let Some(id) = self.correction {
            let open = |c: &Correction| matches!(c.state, CorrectionState::Checking | CorrectionState::Waiting);
            let found = identity::get_correction(tx, self.customer, id).await?.filter(open);
            return Ok(found.map(|found| (found.kind, found.sealed, found.asked_at)));
        }
        let waits = customer::get(tx, self.customer).await?.identity == Identity::FormatChecked;
        let found = identity::get(tx, self.customer).await?.filter(|_| waits);
        Ok(found.map(|found| (found.kind, found.sealed, found.said_at)))
    }
}

/// Makes a correction what the customer is.
fn correct(tx: &mut Tx, made: &Correction, name: &str, at: SystemTime, by: &str) {
    let (kind, sealed, hash) = (made.kind.clone(), made.sealed.clone(), made.hash);
    let stored = Stored { kind, sealed, hash, said_at: made.asked_at, settled_by: Some(by.to_owned()) };
    identity::save(tx, made.customer, &stored, Some(at));
    identity::set_state(tx, made.customer, Identity::Verified);
    identity::set_name(tx, made.customer, name);
}

struct Verified {
    customer: CustomerId,
    correction: Option<RawId>,
    said_at: SystemTime,
    verdict: Verdict,
    name: String,
    by: String,
    now: Now,
}
impl Work for Verified {
    const NAME: &'static str = "identity_verified";
    type Out = ();
    type Refusal = Problem;
    async fn run(&self, tx: &mut Tx) -> Result<(), Stop<Problem>> {
        customer::lock_account(tx, self.customer).await?;
        if let Some(id) = self.correction {
            let found = identity::get_correction(tx, self.customer, id).await?;
            let Some(found) = found.filter(|found| found.state == CorrectionState::Checking) else { return Ok(()) };
            if self.verdict == Verdict::Matches {
                correct(tx, &found, &self.name, self.now.system, &self.by);
                let by = Some((self.by.as_str(), None));
                identity::settle_correction(tx, (self.customer, id), CorrectionState::Done, Some(self.now.system), by);
                over(tx, (self.customer, case_of(id)), None, self.now.business).await?;
                happened(tx, self.customer, (id, AccountNews::IdentityCorrected), ("", None), self.now)?;
            } else {
                identity::settle_correction(tx, (self.customer, id), CorrectionState::Waiting, None, None);
            }
            return Ok(());
        }
        let waits = customer::get(tx, self.customer).await?.identity == Identity::FormatChecked;
        let said = identity::get(tx, self.customer).await?;
        // Said anew since: that is asked about by itself.
        if !waits || said.is_none_or(|said| said.said_at != self.said_at) {
            return Ok(());
        }
        let state = core::after(self.verdict);
        if state != Identity::FormatChecked {
            identity::set_state(tx, self.customer, state);
            identity::settle(tx, self.customer, self.now.system, &self.by);
        }
        Ok(())
    }
}

struct Queue {
    by: RawId,
}
impl Work for Queue {
    const NAME: &'static str = "identity_queue";
    type Out = First<(Customer, Stored, Option<Correction>, Option<CaseId>)>;
    type Refusal = Problem;
    async fn run(&self, tx: &mut Tx) -> Result<Self::Out, Stop<Problem>> {
        permit(tx, self.by, Permission::DecideIdentity).await?;
        let mut all = Vec::new();
        for correction in identity::corrections(tx, one_more(SHOWN)).await? {
            let owner = customer::get(tx, correction.customer).await?;
            if let Some(stored) = identity::get(tx, correction.customer).await? {
                let papers = papers_of(tx, correction.customer, correction.id).await?;
                all.push((owner, stored, Some(correction), papers));
            }
        }
        for id in identity::queue(tx, CustomerId::from([0; 16]), one_more(SHOWN)).await? {
            if let Some(stored) = identity::get(tx, id).await? {
                all.push((customer::get(tx, id).await?, stored, None, None));
            }
        }
        Ok(First::of(all, SHOWN))
    }
}

struct Decide {
    customer: CustomerId,
    correction: Option<RawId>,
    said_at: SystemTime,
    accept: bool,
    note: String,
    name: String,
    by: RawId,
    stamp: Stamp,
    now: Now,
}
impl Work for Decide {
    const NAME: &'static str = "decide_identity";
    type Out = ();
    type Refusal = Problem;
    async fn run(&self, tx: &mut Tx) -> Result<(), Stop<Problem>> {
        customer::lock_account(tx, self.customer).await?;
        permit(tx, self.by, Permission::DecideIdentity).await?;
        let by = format!("{STAFF}:{}", self.by);
        let gone = || Stop::Refused(Problem::NotFound("request"));
        if let Some(id) = self.correction {
            let found = identity::get_correction(tx, self.customer, id).await?.ok_or_else(gone)?;
            let state = if self.accept { CorrectionState::Done } else { CorrectionState::Refused };
            if found.state == state {
                return Ok(()); // run again after a lost answer
            }
            if !matches!(found.state, CorrectionState::Checking | CorrectionState::Waiting) {
                return Err(gone());
            }
            if self.accept {
                correct(tx, &found, &self.name, self.now.system, &by);
                happened(tx, self.customer, (id, AccountNews::IdentityCorrected), ("", None), self.now)?;
            }
            let note = Some((by.as_str(), Some(self.note.as_str())));
            identity::settle_correction(tx, (self.customer, id), state, Some(self.now.system), note);
            over(tx, (self.customer, case_of(id)), Some(self.by), self.now.business).await?;
            return self.told(tx, Act::by(self.by, AuditAction::CorrectionDecided, ("correction", id))).await;
        }
        let said = identity::get(tx, self.customer).await?.ok_or_else(gone)?;
        let state = if self.accept { Identity::Verified } else { Identity::Failed };
        let is = customer::get(tx, self.customer).await?.identity;
        if is == state && said.said_at == self.said_at {
            return Ok(()); // run again after a lost answer
        }
        if is != Identity::FormatChecked || said.said_at != self.said_at {
            return Err(gone());
        }
        identity::set_state(tx, self.customer, state);
        identity::settle(tx, self.customer, self.now.system, &by);
        self.told(tx, Act::by(self.by, AuditAction::IdentityDecided, ("customer", self.customer))).await
    }
}
impl Decide {
    async fn told(&self, tx: &mut Tx, act: Act) -> Result<(), Stop<Problem>> {
        let act = act.of(self.customer).with("accepted", self.accept);
        self.stamp.append(tx, act.because(&self.note)).await
    }
}
