//! Disputes: a payer asks the bank for the money back, and it is taken from us until the bank has decided.
//!
//! The provider tells where a dispute is; it tells it twice, late and out of order. What it says moves a dispute on and never
//! back: inquiry → open → won or lost. Each station is posted once, also when a later one is told first.
//!
//! While it is open, what the disputed payment bought and was not spent is frozen in suspense: of a top-up the paid credit
//! that is left, of a plan or pack the revenue that time has not earned yet. The line keeps its service: the bank may decide
//! for us, and whoever uses the line may not be who paid. What was frozen earns nothing meanwhile; won, it is as if it had
//! never been frozen; lost, it makes good what the bank took, and the rest is written off.

use crate::charging::Allowance;
use crate::effects::{CaseOpened, CaseReason, Effects};
use crate::ids::{AttemptId, CustomerId, DisputeId, OrderId};
use crate::ledger::{Cause, LedgerAccount, LedgerRefusal, Posting, Template};
use crate::money::Money;
use crate::offering::OfferingKind;
use crate::payment::{Attempt, Settlement};
use crate::refund::{Refund, RefundState};
use crate::refund_rule::left_of_price;
use crate::renewal::{Facts, post};
use crate::time::{BusinessTime, Now, SystemTime};
use crate::words::words;
use serde::{Deserialize, Serialize};

/// Where a dispute is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DisputeState {
    /// The bank asks; no money was taken.
    Inquiry,
    /// The money was taken from us, and the bank decides.
    Open,
    /// The bank asked, and it became no dispute.
    Ended,
    /// The money came back.
    Won,
    /// The money is gone.
    Lost,
}

words!(DisputeState { Inquiry = "inquiry", Open = "open", Ended = "ended", Won = "won", Lost = "lost" });

impl DisputeState {
    /// Whether it is over.
    #[must_use]
    pub const fn over(self) -> bool {
        matches!(self, DisputeState::Ended | DisputeState::Won | DisputeState::Lost)
    }
    /// Whether money that is disputed so must not be given back too. While a bank only asks, giving it back answers it.
    #[must_use]
    pub const fn stops_refunds(self) -> bool {
        matches!(self, DisputeState::Open | DisputeState::Lost)
    }
    const fn rank(self) -> u8 {
        match self {
            DisputeState::Inquiry => 0,
            DisputeState::Open => 1,
            DisputeState::Ended | DisputeState::Won | DisputeState::Lost => 2,
        }
    }
}

/// One dispute.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Dispute {
    /// Follows from the provider's name for it.
    pub id: DisputeId,
    /// The attempt's customer.
    pub customer: CustomerId,
    /// The attempt whose money is asked back.
    pub attempt: AttemptId,
    /// Its order.
    pub order: OrderId,
    /// The provider's name for it.
    pub reference: String,
    /// The payer's reason, as the bank gave it.
    pub reason: String,
    /// How much is asked back.
    pub amount: Money,
    /// Where it is.
    pub state: DisputeState,
    /// Paid credit that was frozen, in millionths.
    pub frozen_credit: i64,
    /// Revenue not earned yet that was frozen, in millionths.
    pub frozen_deferred: i64,
    /// Lost after money of the attempt could not go back to the payer: so much of that money, in millionths, makes good what
    /// the bank took. The payer has it already.
    pub from_refunds: i64,
    /// When we heard of it.
    pub opened_at: BusinessTime,
    /// Until when evidence can be given.
    pub due_by: Option<SystemTime>,
    /// When it was over.
    pub closed_at: Option<BusinessTime>,
}

/// What a provider says of a dispute, now.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DisputeSaid {
    /// Its name for it.
    pub reference: String,
    /// Its number of the payment.
    pub trade_no: String,
    /// The payer's reason, as the bank gave it.
    pub reason: String,
    /// How much is asked back.
    pub amount: Money,
    /// Where it is.
    pub state: DisputeState,
    /// Until when evidence can be given.
    pub due_by: Option<SystemTime>,
    /// When it was made.
    pub made_at: SystemTime,
}

/// What can be frozen: paid credit, and revenue that is not earned.
///
/// Only what this payment bought, only what is left of it, and never more than is asked back.
#[must_use]
pub fn freezable(facts: &Facts, refunds: &[Refund], amount: i64) -> (i64, i64) {
    if facts.attempt.settlement != Some(Settlement::Order) || !facts.order.state.delivered() {
        return (0, 0);
    }
    if facts.offering.kind == OfferingKind::TopUp {
        let held = facts.balances.get(LedgerAccount::PaidCredit).min(left_of_price(&facts.order, refunds));
        return (held.min(amount).max(0), 0);
    }
    let period = facts.allowance.periods.iter().find(|period| period.order == facts.order.id);
    let left = period.map_or(0, |period| period.deferred.saturating_sub(period.recognised));
    (0, left.min(amount).max(0))
}

/// Whether a refund must wait, and for what: disputes of its attempt that are open or lost leave so little of the payment that
/// giving it back too would give it back twice. `refunds` and `disputes` are all of the order's.
#[must_use]
pub fn holds_back(
    refund: &Refund,
    attempt: &Attempt,
    refunds: &[Refund],
    disputes: &[Dispute],
) -> Option<DisputeState> {
    let stops = |other: &&Dispute| other.attempt == attempt.id && other.state.stops_refunds();
    let taken = disputes.iter().filter(stops).fold(0i64, |sum, other| sum.saturating_add(other.amount.micros()));
    // What went back already, or was asked for before.
    let before = |other: &&Refund| {
        other.attempt == attempt.id
            && other.id != refund.id
            && match other.state {
                RefundState::Done | RefundState::Credited | RefundState::PaidOut => true,
                RefundState::InFlight => other.id < refund.id,
                // It waits here, or it is a part of what the bank took.
                RefundState::Failed | RefundState::MadeGood => false,
            }
    };
    let back = refunds.iter().filter(before).fold(0i64, |sum, other| sum.saturating_add(other.amount.micros()));
    let left = attempt.received.saturating_sub(taken).saturating_sub(back);
    if taken == 0 || refund.amount.micros() <= left {
        return None;
    }
    let open = disputes.iter().filter(stops).any(|other| other.state == DisputeState::Open);
    Some(if open { DisputeState::Open } else { DisputeState::Lost })
}

/// What a refused refund may make good: what is still lost of its attempt by disputes, written off and not made good since, if
/// its payer has the money from the bank already. `refunds` and `disputes` are all of the order's.
#[must_use]
pub fn still_lost(refund: &Refund, attempt: &Attempt, refunds: &[Refund], disputes: &[Dispute]) -> i64 {
    if holds_back(refund, attempt, refunds, disputes).is_none() {
        return 0;
    }
    let attempt = attempt.id;
    let of_attempt = |other: &&Dispute| other.attempt == attempt && other.state == DisputeState::Lost;
    let lost = disputes.iter().filter(of_attempt).fold(0i64, |sum, one| {
        let good = one.frozen_credit.saturating_add(one.frozen_deferred).saturating_add(one.from_refunds);
        sum.saturating_add(one.amount.micros().saturating_sub(good))
    });
    let made_good = |one: &&Refund| one.attempt == attempt && one.state == RefundState::MadeGood;
    refunds.iter().filter(made_good).fold(lost, |left, one| left.saturating_sub(one.amount.micros())).max(0)
}

/// What a provider's word means for a dispute, known or new. `refunds` and `disputes` are all of the order's.
///
/// # Errors
/// If the ledger refuses what is to be posted.
pub fn on_said(
    known: Option<&Dispute>,
    id: DisputeId,
    facts: &Facts,
    (refunds, disputes): (&[Refund], &[Dispute]),
    said: &DisputeSaid,
    now: Now,
) -> Result<Effects, LedgerRefusal> {
    let mut effects = Effects::default();
    let mut dispute = known.cloned().unwrap_or_else(|| Dispute {
        id,
        customer: facts.order.customer,
        attempt: facts.attempt.id,
        order: facts.order.id,
        reference: said.reference.clone(),
        reason: said.reason.clone(),
        amount: said.amount,
        state: DisputeState::Inquiry,
        frozen_credit: 0,
        frozen_deferred: 0,
        from_refunds: 0,
        opened_at: now.business,
        due_by: said.due_by,
        closed_at: None,
    });
    let was = dispute.state;
    let conflicting = was.over() && said.state.over() && was != said.state;
    if known.is_some() && (conflicting || said.amount != dispute.amount) {
        effects.cases.push(case(&dispute, CaseReason::ConflictingEvidence));
    }
    if known.is_some() && said.state.rank() <= was.rank() {
        if !was.over() && said.due_by.is_some() && said.due_by != dispute.due_by {
            dispute.due_by = said.due_by;
            effects.disputes.push(dispute);
        }
        return Ok(effects);
    }
    effects.cases.push(case(&dispute, CaseReason::Disputed));
    let mut allowance = facts.allowance.clone();
    let posted = matches!(said.state, DisputeState::Open | DisputeState::Won | DisputeState::Lost);
    if posted && was == DisputeState::Inquiry {
        open(&mut effects, &mut dispute, (facts, refunds), &mut allowance, now)?;
    }
    match said.state {
        DisputeState::Won => won(&mut effects, &dispute, facts, &mut allowance, now)?,
        DisputeState::Lost => lost(&mut effects, &mut dispute, facts, (refunds, disputes), now)?,
        // It was taken for a dispute before: then the money came back.
        DisputeState::Ended if was == DisputeState::Open => won(&mut effects, &dispute, facts, &mut allowance, now)?,
        _ => {}
    }
    dispute.state =
        if said.state == DisputeState::Ended && was == DisputeState::Open { DisputeState::Won } else { said.state };
    dispute.closed_at = dispute.state.over().then_some(now.business);
    if allowance != facts.allowance {
        effects.line = Some(facts.line.clone());
        effects.allowance = Some(allowance);
    }
    effects.disputes.push(dispute);
    Ok(effects)
}

fn put(
    effects: &mut Effects,
    template: Template,
    dispute: &Dispute,
    facts: &Facts,
    amount: i64,
    now: Now,
) -> Result<(), LedgerRefusal> {
    if amount == 0 {
        return Ok(());
    }
    let posting = Posting::new(template, Cause::Dispute(dispute.id), dispute.order, amount, now.business);
    post(effects, facts.balances, posting)
}

fn open(
    effects: &mut Effects,
    dispute: &mut Dispute,
    (facts, refunds): (&Facts, &[Refund]),
    allowance: &mut Allowance,
    now: Now,
) -> Result<(), LedgerRefusal> {
    let amount = dispute.amount.micros();
    put(effects, Template::DisputeOpened, dispute, facts, amount, now)?;
    (dispute.frozen_credit, dispute.frozen_deferred) = freezable(facts, refunds, amount);
    put(effects, Template::DisputeFrozenCredit, dispute, facts, dispute.frozen_credit, now)?;
    put(effects, Template::DisputeFrozenDeferred, dispute, facts, dispute.frozen_deferred, now)?;
    for period in allowance.periods.iter_mut().filter(|period| period.order == dispute.order) {
        period.deferred = period.deferred.saturating_sub(dispute.frozen_deferred);
    }
    Ok(())
}

fn won(
    effects: &mut Effects,
    dispute: &Dispute,
    facts: &Facts,
    allowance: &mut Allowance,
    now: Now,
) -> Result<(), LedgerRefusal> {
    put(effects, Template::DisputeWon, dispute, facts, dispute.amount.micros(), now)?;
    put(effects, Template::DisputeUnfrozenCredit, dispute, facts, dispute.frozen_credit, now)?;
    match allowance.periods.iter_mut().find(|period| period.order == dispute.order) {
        // It runs: what time earned meanwhile is earned at the next occasion.
        Some(period) => {
            period.deferred = period.deferred.saturating_add(dispute.frozen_deferred);
            put(effects, Template::DisputeUnfrozenDeferred, dispute, facts, dispute.frozen_deferred, now)
        }
        None => put(effects, Template::DisputeWonEarned, dispute, facts, dispute.frozen_deferred, now),
    }
}

/// What is frozen makes good what the bank took; so does money that could not go back to the same payer, once, as far as the
/// payer would have it twice. The rest is lost. What is on its way back is the provider's to say.
fn lost(
    effects: &mut Effects,
    dispute: &mut Dispute,
    facts: &Facts,
    (refunds, disputes): (&[Refund], &[Dispute]),
    now: Now,
) -> Result<(), LedgerRefusal> {
    let failed = |refund: &&Refund| refund.attempt == dispute.attempt && refund.state == RefundState::Failed;
    let waits = refunds.iter().filter(failed).fold(0i64, |sum, refund| sum.saturating_add(refund.amount.micros()));
    let amount = dispute.amount.micros();
    let others = || disputes.iter().filter(|other| other.attempt == dispute.attempt && other.id != dispute.id);
    let taken = others().filter(|other| other.state.stops_refunds());
    let taken = taken.fold(amount, |sum, other| sum.saturating_add(other.amount.micros()));
    let given = |refund: &&Refund| {
        refund.attempt == dispute.attempt && !matches!(refund.state, RefundState::Failed | RefundState::MadeGood)
    };
    let given = refunds.iter().filter(given).fold(0i64, |sum, refund| sum.saturating_add(refund.amount.micros()));
    let twice = taken.saturating_add(given).saturating_add(waits).saturating_sub(facts.attempt.received).max(0);
    let waits = others().fold(waits.min(twice), |waits, other| waits.saturating_sub(other.from_refunds)).max(0);
    let frozen = dispute.frozen_credit.saturating_add(dispute.frozen_deferred);
    dispute.from_refunds = waits.min(amount.saturating_sub(frozen));
    let good = frozen.saturating_add(dispute.from_refunds);
    put(effects, Template::DisputeLost, dispute, facts, good, now)?;
    put(effects, Template::DisputeWrittenOff, dispute, facts, amount.saturating_sub(good), now)
}

fn case(dispute: &Dispute, reason: CaseReason) -> CaseOpened {
    CaseOpened { customer: dispute.customer, order: dispute.order, reason }
}
