//! Reviews, questions and answers under an offering: customers write, staff let everybody see it or say why not, anybody
//! reports. A review and a customer's answer need a line that really used the offering.
//!
//! Nobody decides about what they did not read: staff name the version that they saw.

use crate::audit::{Act, Stamp};
use crate::first::{First, HowMany, one_more};
use crate::staff::{permit, see_queue};
use crate::{App, Problem};
use everline_core::audit::AuditAction;
use everline_core::contribution::{
    ContributionKind, ContributionState, ContributionStep, NotContributed, Stars, TextFault, really_used, step, text,
};
use everline_core::customer::masked_name;
use everline_core::ids::{ContributionId, CustomerId, LineId, RawId};
use everline_core::line::Line;
use everline_core::offering::Offering;
use everline_core::staff::Permission;
use everline_core::time::{BusinessTime, DAY_US, HOUR_US};
use everline_store::tables::contribution::{self, Contribution};
use everline_store::tables::{catalog, customer, line, order};
use everline_store::{Stop, Tx, Work};

/// How much a customer may write in 24 hours, whatever becomes of it.
const A_DAY: i64 = 10;
/// How many contributions a customer may report in 24 hours.
const REPORTS_A_DAY: i64 = 20;
/// Most characters of why staff refuse or hide something.
pub const REASON_MAX: usize = 200;
/// How many contributions the desk shows of each kind of waiting.
const QUEUE: usize = 50;
/// How many of a line's orders for one offering are looked at.
const ORDERS: i64 = 20;

/// Whose page somebody writes on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Page<'a> {
    /// Who writes.
    pub customer: CustomerId,
    /// The line.
    pub line: LineId,
    /// The offering's code.
    pub offering: &'a str,
}

fn checked(kind: ContributionKind, typed: &str) -> Result<String, Problem> {
    text(kind, typed).map_err(|fault: TextFault| Problem::Invalid { field: "text", rule: fault.word() })
}

/// Writes a review, or writes the one there is anew. `region` is a key of the brand's, or empty.
///
/// # Errors
/// [`Problem::Invalid`] names the field; [`Problem::NotContributed`] if the line did not use the offering;
/// [`Problem::TooMany`].
pub async fn review(app: &App, page: Page<'_>, stars: &str, words: &str, region: &str) -> Result<(), Problem> {
    let stars = stars.parse().ok().and_then(Stars::new);
    let stars = stars.ok_or(Problem::Invalid { field: "stars", rule: "1-to-5" })?;
    let region = Some(region).filter(|region| !region.is_empty()).map(str::to_owned);
    if region.as_ref().is_some_and(|region| !app.brand.regions.contains_key(region)) {
        return Err(Problem::Invalid { field: "region", rule: "unknown" });
    }
    let words = checked(ContributionKind::Review, words)?;
    // There is one of a customer's for an offering: sent twice, it is written anew.
    let id = ContributionId(app.clock.id());
    let kind = ContributionKind::Review;
    write(app, page, id, Written { kind, question: None, stars: Some(stars), words, region }).await
}

/// Asks a question. Its id is chosen with the page, so that sending it twice asks once.
///
/// # Errors
/// [`Problem::Invalid`]; [`Problem::TooMany`]; [`Problem::ExistsDifferently`] if something else was written under this id.
pub async fn ask(app: &App, page: Page<'_>, id: ContributionId, words: &str) -> Result<(), Problem> {
    let words = checked(ContributionKind::Question, words)?;
    let kind = ContributionKind::Question;
    write(app, page, id, Written { kind, question: None, stars: None, words, region: None }).await
}

/// Answers a question that everybody sees, under an id as [`ask`] takes it.
///
/// # Errors
/// As [`ask`]; [`Problem::NotContributed`].
pub async fn answer(
    app: &App,
    page: Page<'_>,
    (id, question): (ContributionId, ContributionId),
    words: &str,
) -> Result<(), Problem> {
    let words = checked(ContributionKind::Answer, words)?;
    let kind = ContributionKind::Answer;
    write(app, page, id, Written { kind, question: Some(question), stars: None, words, region: None }).await
}

async fn write(app: &App, page: Page<'_>, id: ContributionId, written: Written) -> Result<(), Problem> {
    let now = app.clock.now().business;
    let (customer, line, offering) = (page.customer, page.line, page.offering.to_owned());
    Ok(app.store.transact(Write { customer, line, offering, id, written, now }).await?)
}

/// Says that a contribution should not be there. A second time by the same customer changes nothing.
///
/// # Errors
/// [`Problem::NotContributed`] if nobody sees it; [`Problem::TooMany`].
pub async fn report(app: &App, by: CustomerId, id: ContributionId) -> Result<(), Problem> {
    Ok(app.store.transact(Report { by, id, now: app.clock.now().business }).await?)
}

/// Takes back what its author wrote.
///
/// # Errors
/// [`Problem::NotFound`] if it is not theirs.
pub async fn withdraw(app: &App, author: CustomerId, id: ContributionId) -> Result<(), Problem> {
    Ok(app.store.transact(Withdraw { author, id, now: app.clock.now().business }).await?)
}

/// What waits for staff.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OpenContributions {
    /// New, or reported, with the question that an answer is for; oldest first.
    pub open: First<(Contribution, Option<Contribution>)>,
    /// Questions that everybody sees and nobody answered, oldest first.
    pub unanswered: First<Contribution>,
    /// What each offering among them is called: its newest version.
    pub offerings: Vec<Offering>,
}

/// What waits for staff.
///
/// # Errors
/// [`Problem::NotAllowed`]
pub async fn open_contributions(app: &App, by: RawId) -> Result<OpenContributions, Problem> {
    let all = app.store.read(Queue { by }).await?;
    see_queue(app, by, Permission::Moderate, ("contributions", all.open.rows.len() + all.unanswered.rows.len()))
        .await?;
    Ok(all)
}

/// How much of it there is.
///
/// # Errors
/// [`Problem::NotAllowed`]
pub async fn waiting(app: &App, by: RawId) -> Result<HowMany, Problem> {
    let all = app.store.read(Queue { by }).await?;
    Ok(HowMany { count: all.open.rows.len() + all.unanswered.rows.len(), more: all.open.more || all.unanswered.more })
}

/// A member of the staff decides about a contribution in the version that they saw: publishes or refuses what waits, keeps
/// or hides what everybody sees.
///
/// # Errors
/// [`Problem::Invalid`] without a reason for refusing or hiding; [`Problem::NotContributed`] if it changed meanwhile.
pub async fn decide(
    app: &App,
    (id, version): (ContributionId, i64),
    step: ContributionStep,
    reason: &str,
    by: RawId,
) -> Result<(), Problem> {
    let reason = match step {
        ContributionStep::Publish | ContributionStep::Keep => None,
        ContributionStep::Refuse | ContributionStep::Hide => Some(reason_of(reason)?),
        ContributionStep::Report | ContributionStep::Rewrite | ContributionStep::Withdraw => {
            return Err(Problem::NotAllowed);
        }
    };
    let (stamp, now) = (Stamp::new(app)?, app.clock.now().business);
    Ok(app.store.transact(Decide { id, version, step, reason, by, stamp, now }).await?)
}

fn reason_of(typed: &str) -> Result<String, Problem> {
    let wrong = Problem::Invalid { field: "reason", rule: "1-to-200" };
    let reason = text(ContributionKind::Answer, typed).map_err(|_| wrong.clone())?;
    if reason.chars().count() > REASON_MAX { Err(wrong) } else { Ok(reason) }
}

/// A member of the staff answers a question, for everybody to see at once. Sent twice, it is answered once.
///
/// # Errors
/// [`Problem::Invalid`]; [`Problem::NotContributed`] if nobody sees the question; [`Problem::Stale`] if the staff answered it
/// already.
pub async fn answer_as_staff(app: &App, question: ContributionId, words: &str, by: RawId) -> Result<(), Problem> {
    let words = checked(ContributionKind::Answer, words)?;
    let (id, now) = (ContributionId(app.clock.id()), app.clock.now().business);
    let stamp = Stamp::new(app)?;
    Ok(app.store.transact(StaffAnswer { question, id, words, by, stamp, now }).await?)
}

/// Whether a line really used an offering.
pub(crate) async fn used(tx: &mut Tx, line: &Line, offering: &str, now: BusinessTime) -> Result<bool, Stop<Problem>> {
    let orders = order::in_effect(tx, line.customer, line.id, offering, ORDERS).await?;
    Ok(orders.iter().any(|order| really_used(order, now)))
}

const fn not(why: NotContributed) -> Stop<Problem> {
    Stop::Refused(Problem::NotContributed(why))
}
const fn too_many() -> Stop<Problem> {
    Stop::Refused(Problem::TooMany { retry_after_s: HOUR_US / 1_000_000 })
}

struct Written {
    kind: ContributionKind,
    question: Option<ContributionId>,
    stars: Option<Stars>,
    words: String,
    region: Option<String>,
}

struct Write {
    customer: CustomerId,
    line: LineId,
    offering: String,
    id: ContributionId,
    written: Written,
    now: BusinessTime,
}
impl Work for Write {
    const NAME: &'static str = "write_contribution";
    type Out = ();
    type Refusal = Problem;
    async fn run(&self, tx: &mut Tx) -> Result<(), Stop<Problem>> {
        let Written { kind, question, stars, words, region } = &self.written;
        customer::lock_account(tx, self.customer).await?;
        if let Some(there) = contribution::get(tx, self.id).await? {
            return self.is(&there);
        }
        let line = line::get(tx, self.customer, self.line).await?.ok_or(Stop::Refused(Problem::NotFound("line")))?;
        catalog::latest_sold(tx, &self.offering).await?.ok_or(Stop::Refused(Problem::NotFound("offering")))?;
        if *kind != ContributionKind::Question && !used(tx, &line, &self.offering, self.now).await? {
            return Err(not(NotContributed::NotUsed));
        }
        if let Some(question) = question {
            shown_question(tx, *question, Some(&self.offering)).await?;
        }
        let newest = contribution::newest_of(tx, self.customer, A_DAY).await?;
        let today = newest.iter().filter(|at| at.plus_us(DAY_US) > self.now).count();
        if i64::try_from(today).unwrap_or(A_DAY) >= A_DAY {
            return Err(too_many());
        }
        let author = masked_name(&customer::get(tx, self.customer).await?.name);
        let new = Contribution {
            id: self.id,
            kind: *kind,
            offering: self.offering.clone(),
            question: *question,
            customer: Some(self.customer),
            line: Some(line.id),
            staff: None,
            author,
            stars: *stars,
            words: words.clone(),
            device: Some(line.device),
            region: region.clone(),
            state: ContributionState::Waiting,
            version: 0,
            reports: 0,
            written_at: self.now,
            answered_at: None,
            reason: None,
        };
        let before = match kind {
            ContributionKind::Review => contribution::review_of(tx, self.customer, &self.offering).await?,
            ContributionKind::Question | ContributionKind::Answer => None,
        };
        match before {
            Some(before) => {
                step(before.state, ContributionStep::Rewrite).map_err(not)?;
                contribution::rewrite(tx, &Contribution { id: before.id, ..new });
            }
            None => contribution::add(tx, &new),
        }
        Ok(())
    }
}

impl Write {
    /// Whether what was written under this id is this: it was sent twice, or the Work runs again after a lost answer.
    fn is(&self, there: &Contribution) -> Result<(), Stop<Problem>> {
        let Written { kind, question, words, .. } = &self.written;
        let place = (there.customer, there.kind, there.question, there.offering.as_str());
        let mine = place == (Some(self.customer), *kind, *question, self.offering.as_str());
        let same = there.words == *words || there.state == ContributionState::Withdrawn;
        if mine && same { Ok(()) } else { Err(Stop::Refused(Problem::ExistsDifferently("contribution"))) }
    }
}

/// A question that everybody sees, under this offering if one is named.
async fn shown_question(
    tx: &mut Tx,
    id: ContributionId,
    offering: Option<&str>,
) -> Result<Contribution, Stop<Problem>> {
    let found = contribution::get(tx, id).await?;
    let found = found.filter(|found| found.kind == ContributionKind::Question && found.state.shown());
    found
        .filter(|found| offering.is_none_or(|offering| offering == found.offering))
        .ok_or(not(NotContributed::NotShown))
}

struct Report {
    by: CustomerId,
    id: ContributionId,
    now: BusinessTime,
}
impl Work for Report {
    const NAME: &'static str = "report_contribution";
    type Out = ();
    type Refusal = Problem;
    async fn run(&self, tx: &mut Tx) -> Result<(), Stop<Problem>> {
        customer::lock_account(tx, self.by).await?;
        if contribution::reports_since(tx, self.by, self.now.plus_us(-DAY_US)).await? >= REPORTS_A_DAY {
            return Err(too_many());
        }
        // Of a contribution that does not exist nothing is said: it is not shown.
        let found = contribution::get(tx, self.id).await?.ok_or(not(NotContributed::NotShown))?;
        step(found.state, ContributionStep::Report).map_err(not)?;
        if !contribution::add_report(tx, self.by, self.id, self.now).await? {
            return Ok(());
        }
        if contribution::reported(tx, self.id).await? { Ok(()) } else { Err(not(NotContributed::NotShown)) }
    }
}

struct Withdraw {
    author: CustomerId,
    id: ContributionId,
    now: BusinessTime,
}
impl Work for Withdraw {
    const NAME: &'static str = "withdraw_contribution";
    type Out = ();
    type Refusal = Problem;
    async fn run(&self, tx: &mut Tx) -> Result<(), Stop<Problem>> {
        customer::lock_account(tx, self.author).await?;
        let found = contribution::get(tx, self.id).await?.filter(|found| found.customer == Some(self.author));
        let found = found.ok_or(Stop::Refused(Problem::NotFound("contribution")))?;
        if found.state == ContributionState::Withdrawn {
            return Ok(());
        }
        step(found.state, ContributionStep::Withdraw).map_err(not)?;
        let gone = contribution::withdraw(tx, self.author, self.id, self.now).await?;
        if gone { Ok(()) } else { Err(not(NotContributed::Changed)) }
    }
}

struct Queue {
    by: RawId,
}
impl Work for Queue {
    const NAME: &'static str = "open_contributions";
    type Out = OpenContributions;
    type Refusal = Problem;
    async fn run(&self, tx: &mut Tx) -> Result<Self::Out, Stop<Problem>> {
        permit(tx, self.by, Permission::Moderate).await?;
        let mut open = Vec::new();
        for found in contribution::open(tx, one_more(QUEUE)).await? {
            let question = match found.question {
                Some(question) => contribution::get(tx, question).await?,
                None => None,
            };
            open.push((found, question));
        }
        let open = First::of(open, QUEUE);
        let unanswered = First::of(contribution::unanswered(tx, one_more(QUEUE)).await?, QUEUE);
        let asked = unanswered.rows.iter().map(|found| &found.offering);
        let codes = open.rows.iter().map(|(found, _)| &found.offering).chain(asked);
        let codes: std::collections::BTreeSet<String> = codes.cloned().collect();
        let mut offerings = Vec::new();
        for code in codes {
            offerings.extend(catalog::latest_sold(tx, &code).await?);
        }
        Ok(OpenContributions { open, unanswered, offerings })
    }
}

struct Decide {
    id: ContributionId,
    version: i64,
    step: ContributionStep,
    reason: Option<String>,
    by: RawId,
    stamp: Stamp,
    now: BusinessTime,
}
impl Work for Decide {
    const NAME: &'static str = "decide_contribution";
    type Out = ();
    type Refusal = Problem;
    async fn run(&self, tx: &mut Tx) -> Result<(), Stop<Problem>> {
        permit(tx, self.by, Permission::Moderate).await?;
        let found = contribution::get(tx, self.id).await?.ok_or(Stop::Refused(Problem::NotFound("contribution")))?;
        let to = match self.step {
            ContributionStep::Refuse => ContributionState::Refused,
            ContributionStep::Hide => ContributionState::Hidden,
            _ => ContributionState::Published,
        };
        if found.version == self.version.saturating_add(1) && found.state == to {
            return Ok(()); // run again after a lost answer, or decided alike by two at once
        }
        if found.version != self.version {
            return Err(not(NotContributed::Changed));
        }
        let to = step(found.state, self.step).map_err(not)?;
        if !contribution::settle(tx, &found, to, (self.by, self.reason.as_deref()), self.now).await? {
            return Err(not(NotContributed::Changed));
        }
        if let Some(question) = found.question.filter(|_| to.shown()) {
            contribution::answered(tx, question, self.now);
        }
        let mut act = Act::by(self.by, AuditAction::ContributionDecided, ("contribution", self.id));
        act = act.with("to", to.word()).because(self.reason.as_deref().unwrap_or_default());
        if let Some(author) = found.customer {
            act = act.of(author);
        }
        self.stamp.append(tx, act).await
    }
}

struct StaffAnswer {
    question: ContributionId,
    id: ContributionId,
    words: String,
    by: RawId,
    stamp: Stamp,
    now: BusinessTime,
}
impl Work for StaffAnswer {
    const NAME: &'static str = "answer_as_staff";
    type Out = ();
    type Refusal = Problem;
    async fn run(&self, tx: &mut Tx) -> Result<(), Stop<Problem>> {
        permit(tx, self.by, Permission::Moderate).await?;
        // The question's lock puts those who answer it in a row.
        contribution::lock(tx, self.question).await?;
        let question = shown_question(tx, self.question, None).await?;
        if let Some(given) = contribution::staff_answer(tx, question.id).await? {
            // Sent twice, or run again after a lost answer; else a colleague was first.
            let same = given.staff == Some(self.by) && given.words == self.words;
            return if same { Ok(()) } else { Err(Stop::Refused(Problem::Stale)) };
        }
        let answer = Contribution {
            id: self.id,
            kind: ContributionKind::Answer,
            offering: question.offering,
            question: Some(question.id),
            customer: None,
            line: None,
            staff: Some(self.by),
            author: String::new(),
            stars: None,
            words: self.words.clone(),
            device: None,
            region: None,
            state: ContributionState::Published,
            version: 0,
            reports: 0,
            written_at: self.now,
            answered_at: None,
            reason: None,
        };
        contribution::add(tx, &answer);
        contribution::answered(tx, question.id, self.now);
        let act = Act::by(self.by, AuditAction::QuestionAnswered, ("contribution", question.id));
        self.stamp.append(tx, act.with("answer", self.id.to_string())).await
    }
}
