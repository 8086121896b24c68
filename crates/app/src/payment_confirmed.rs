//! What happens when a renewal is paid.
//!
//! 1. A provider tells us that money was taken: by a notice ([`payment_notice`]), or in answer to a question
//!    ([`crate::query_payment`]). A notice is believed only if its signature, application and merchant are right; one that
//!    is not is a hint to ask, nothing more.
//! 2. [`PaymentConfirmed`] takes the evidence in one transaction: it locks account, line, order, attempt and allowance;
//!    core decides what the evidence means ([`everline_core::renewal::on_evidence`]); money is posted, the bucket added,
//!    the receipt issued, the calls to the outside queued, the notice itself kept. Then, and only then, the notice is
//!    acknowledged.
//! 3. The jobs carry it on to *in effect* ([`crate::provision`]): the built-in network is told of every session that was
//!    cut off and must acknowledge; an upstream network must confirm. Until then the order is *paid, not yet in effect*.
//! 4. Money that the order cannot take goes back by itself ([`crate::refund_payment`]).
//!
//! What fell due on the line before the evidence came, happens before it. Evidence that comes twice, late, out of order or from two nodes at once ends in the same rows: the locks put the
//! decisions in a row, a paid attempt takes no more evidence, and a posting's id follows from its cause.

use crate::card_used::card_used;
use crate::dispute::take_dispute;
use crate::ports::{NoticeRefusal, NoticeSays, PaymentNotice, RawNotice};
use crate::save::carry_out;
use crate::support::open_about;
use crate::{App, Problem, timers};
use everline_core::brand::Brand;
use everline_core::effects::{CaseOpened, CaseReason, Job};
use everline_core::ids::{AttemptId, CustomerId};
use everline_core::payment::{Evidence, Provider};
use everline_core::refund::{Refund, RefundState};
use everline_core::renewal::{Outcome, on_evidence};
use everline_core::time::{Now, Zone};
use everline_store::tables::notice::Notice;
use everline_store::tables::renewal::Locked;
use everline_store::tables::{directory, job, notice, payment, renewal};
use everline_store::{Stop, Tx, Work};
use std::sync::Arc;

/// Why a notice is not acknowledged; its provider will send it again.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum NoticeProblem {
    /// It is not believed.
    #[error(transparent)]
    Refused(#[from] NoticeRefusal),
    /// The brand has no account with this provider.
    #[error("no such provider here")]
    NoProvider,
    /// It could not be kept.
    #[error(transparent)]
    Problem(#[from] Problem),
}

/// Takes a payment provider's notice: verified, kept and carried out in one transaction before it is acknowledged.
///
/// # Errors
/// [`NoticeProblem`]; nothing was changed then, but for a question to the provider where the notice named an attempt of
/// ours.
pub async fn payment_notice(
    app: &App,
    provider: Provider,
    headers: &[(&str, &str)],
    body: &[u8],
) -> Result<(), NoticeProblem> {
    let now = app.clock.now();
    let port = app.ports.payments.of(provider).ok_or(NoticeProblem::NoProvider)?;
    let PaymentNotice { name, says } = port.read_notice(&RawNotice { body, headers, at: now.system })?;
    let raw = |state| Notice {
        provider: provider.word(),
        name: name.clone(),
        received_at: now.system,
        state,
        body: String::from_utf8_lossy(body).into_owned(),
    };
    match says {
        NoticeSays::Paid(evidence) => {
            let unmatched = raw("unmatched");
            let out_trade_no = evidence.out_trade_no.clone();
            match take_evidence(app, evidence, Some(Notice { state: "processed", ..unmatched.clone() })).await {
                // Another system may share the application. It is kept, and reconciliation tells whose money it is.
                Err(Problem::NotFound(_)) => {
                    tracing::warn!("a payment notice names no attempt of ours; it is kept as unmatched");
                    let keep = KeepUnmatched { notice: unmatched, out_trade_no };
                    app.store.transact(keep).await.map_err(Problem::from)?;
                }
                other => {
                    other?;
                }
            }
        }
        NoticeSays::Nothing => {
            app.store.transact(KeepNotice { notice: raw("processed") }).await.map_err(Problem::from)?
        }
        NoticeSays::Dispute(said) => take_dispute(app, provider, said, raw("processed")).await?,
        NoticeSays::CardUsed { out_trade_no, fingerprint } => {
            card_used(app, provider, (out_trade_no, &fingerprint), raw("processed")).await?;
        }
        NoticeSays::RefundMoved { out_request_no } => {
            let work = RefundMoved { out_request_no, notice: raw("processed"), now };
            app.store.transact(work).await.map_err(Problem::from)?;
            app.wake.notify_one();
        }
        NoticeSays::OtherMerchant { out_trade_no } => {
            tracing::warn!("a payment notice names another merchant or application");
            let work = OtherMerchant { out_trade_no, notice: raw("refused"), now };
            app.store.transact(work).await.map_err(Problem::from)?;
            app.wake.notify_one();
        }
    }
    Ok(())
}

/// Takes verified evidence, from wherever it came, and wakes the jobs it queued.
pub async fn take_evidence(app: &App, evidence: Evidence, notice: Option<Notice>) -> Result<Outcome, Problem> {
    let now = app.clock.now();
    let work = || {
        let (brand, zone) = (app.brand.clone(), app.zone.clone());
        PaymentConfirmed { evidence: evidence.clone(), notice: notice.clone(), brand, zone, now }
    };
    let outcome = timers::in_due_order(app, now, work).await?;
    if outcome != Outcome::AlreadyKnown {
        app.wake.notify_one();
    }
    Ok(outcome)
}

/// Verified evidence of one payment. Run again after a lost answer it finds the attempt paid and changes nothing.
pub struct PaymentConfirmed {
    /// The evidence.
    pub evidence: Evidence,
    /// The notice that brought it, to be kept in the same transaction.
    pub notice: Option<Notice>,
    /// The brand's rules.
    pub brand: Arc<Brand>,
    /// The brand's time zone.
    pub zone: Zone,
    /// When it is taken.
    pub now: Now,
}

impl Work for PaymentConfirmed {
    const NAME: &'static str = "payment_confirmed";
    type Out = Outcome;
    type Refusal = Problem;

    async fn run(&self, tx: &mut Tx) -> Result<Outcome, Stop<Problem>> {
        let facts = renewal::lock_by_trade(tx, &self.evidence.out_trade_no).await?;
        if let Some(notice) = &self.notice {
            notice::keep(tx, notice);
        }
        let Some(Locked { facts, due_at }) = facts else { return Err(Stop::Refused(Problem::NotFound("attempt"))) };
        if let Some(due_at) = due_at.filter(|due_at| *due_at <= self.now.business) {
            let (customer, line) = (facts.line.customer, facts.line.id);
            return Err(Stop::Refused(Problem::DueFirst { customer, line, due_at }));
        }
        let decided = on_evidence(&facts, &self.evidence, &self.brand, &self.zone, self.now);
        let (outcome, effects) = decided.map_err(|refusal| Stop::Refused(refusal.into()))?;
        carry_out(tx, (facts.line.customer, facts.line.id), &effects, &self.zone, self.now).await?;
        Ok(outcome)
    }
}

/// A verified notice that changes nothing.
struct KeepNotice {
    notice: Notice,
}
impl Work for KeepNotice {
    const NAME: &'static str = "keep_notice";
    type Out = ();
    type Refusal = Problem;
    async fn run(&self, tx: &mut Tx) -> Result<(), Stop<Problem>> {
        notice::keep(tx, &self.notice);
        Ok(())
    }
}

/// A verified notice about a payment that is nobody's of ours; the bill will tell whose it is.
struct KeepUnmatched {
    notice: Notice,
    out_trade_no: String,
}
impl Work for KeepUnmatched {
    const NAME: &'static str = "keep_unmatched_notice";
    type Out = ();
    type Refusal = Problem;
    async fn run(&self, tx: &mut Tx) -> Result<(), Stop<Problem>> {
        notice::keep_unmatched(tx, &self.notice, &self.out_trade_no);
        Ok(())
    }
}

/// A notice that a refund went on: its job asks the provider at once. So it does about a refund that was done: it may have
/// come back. One that is none of ours wakes nothing.
struct RefundMoved {
    out_request_no: String,
    notice: Notice,
    now: Now,
}
impl Work for RefundMoved {
    const NAME: &'static str = "notice_of_a_refund";
    type Out = ();
    type Refusal = Problem;
    async fn run(&self, tx: &mut Tx) -> Result<(), Stop<Problem>> {
        let refund = tx.together(payment::refund_by_number(&self.out_request_no)).await?.pop();
        notice::keep(tx, &self.notice);
        let moves = |refund: &Refund| matches!(refund.state, RefundState::InFlight | RefundState::Done);
        let Some(refund) = refund.filter(moves) else { return Ok(()) };
        let ask = Job::Refund { customer: refund.customer, refund: refund.id };
        if refund.state == RefundState::Done {
            job::add(tx, refund.customer, &ask, self.now.system, self.now.system)?;
        }
        job::awake(tx, ask.id(), self.now.system);
        Ok(())
    }
}

/// A notice that is signed by the provider and speaks of another merchant. The money is not ours, so nothing is posted;
/// the attempt it names is asked about, and support looks at it.
struct OtherMerchant {
    out_trade_no: String,
    notice: Notice,
    now: Now,
}
impl Work for OtherMerchant {
    const NAME: &'static str = "notice_of_another_merchant";
    type Out = ();
    type Refusal = Problem;
    async fn run(&self, tx: &mut Tx) -> Result<(), Stop<Problem>> {
        let found = directory::find(tx, directory::Name::OutTradeNo, &self.out_trade_no).await?;
        notice::keep(tx, &self.notice);
        let Some((customer, attempt)) = found else { return Ok(()) };
        let attempt = AttemptId(attempt);
        if let Some(attempt) = payment::get(tx, customer, attempt).await? {
            let reason = CaseReason::MerchantMismatch;
            open_about(tx, &CaseOpened { customer, order: attempt.order, reason }, self.now.business).await?;
        }
        ask_now(tx, customer, attempt, self.now)?;
        Ok(())
    }
}

/// Makes the question about an attempt due at once.
pub(crate) fn ask_now(
    tx: &mut Tx,
    customer: CustomerId,
    attempt: AttemptId,
    now: Now,
) -> Result<(), everline_store::Error> {
    let question = Job::QueryPayment { customer, attempt };
    job::add(tx, customer, &question, now.system, now.system)?;
    job::awake(tx, question.id(), now.system);
    Ok(())
}
