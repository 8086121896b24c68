//! What a line of the bank's statement does: it becomes an attempt of the order whose reference it names, money in the
//! operator's own bank account. A reference may be named by several lines, of any amount: what each does is decided by
//! [`everline_core::transfer`], and carried out like a provider's evidence.

use crate::audit::{Act, Stamp};
use crate::ports::{
    BillAnswer, ClosedAnswer, DayOfBill, NoticeRefusal, Payable, PaymentNotice, PaymentProvider, PaymentRef,
    PaymentRequest, PaymentStatus, Probed, RawNotice, RefundRequest, RefundStatus, Started,
};
use crate::refund_payment::RefundAnswered;
use crate::save::carry_out;
use crate::staff::active_member;
use crate::{App, Problem, timers};
use async_trait::async_trait;
use everline_core::audit::{Actor, AuditAction};
use everline_core::brand::Brand;
use everline_core::ids::{AttemptId, CustomerId, OrderId, RefundId};
use everline_core::money::Money;
use everline_core::payment::{Evidence, Method, Provider};
use everline_core::refund::{Refund, RefundState};
use everline_core::renewal::Outcome;
use everline_core::staff::Permission;
use everline_core::time::{BusinessTime, Now, Zone};
use everline_core::transfer::on_transfer;
use everline_store::tables::renewal::{self, Locked};
use everline_store::tables::{bank, customer, directory, order as orders, payment};
use everline_store::{Stop, Tx, Work};
use std::sync::Arc;

/// The operator's own bank account: nobody can be asked there. Money comes with a statement, and goes back by hand.
pub struct OwnAccount;

#[async_trait]
impl PaymentProvider for OwnAccount {
    fn takes(&self, method: Method) -> bool {
        method == Method::BankTransfer
    }
    async fn start(&self, request: &PaymentRequest) -> Started {
        // What the payer needs stands on the order's page: the account, and the number as the reference.
        Started::Pay(Payable::at(request.out_trade_no.clone()))
    }
    async fn query(&self, _: &PaymentRef) -> PaymentStatus {
        PaymentStatus::Waiting
    }
    async fn close(&self, _: &PaymentRef) -> ClosedAnswer {
        // What comes under its reference afterwards becomes credit.
        ClosedAnswer::Closed
    }
    async fn bill(&self, _: &DayOfBill) -> BillAnswer {
        BillAnswer::NotYet
    }
    async fn refund(&self, _: &RefundRequest) -> RefundStatus {
        // By hand: staff note when it is done.
        RefundStatus::Unknown
    }
    fn read_notice(&self, _: &RawNotice<'_>) -> Result<PaymentNotice, NoticeRefusal> {
        Err(NoticeRefusal::Unreadable)
    }
    async fn probe(&self) -> Probed {
        Probed::NotOffered
    }
}

/// Takes a line that names a reference, or that `by` says belongs to it; the line is kept already.
pub(crate) async fn take(app: &App, evidence: Evidence, by: Option<String>) -> Result<Outcome, Problem> {
    let now = app.clock.now();
    let by = match by {
        Some(by) => Some((by, Stamp::new(app)?)),
        None => None,
    };
    let work = || TransferCame {
        evidence: evidence.clone(),
        attempt: AttemptId(app.clock.id()),
        by: by.clone(),
        brand: app.brand.clone(),
        zone: app.zone.clone(),
        now,
    };
    let outcome = timers::in_due_order(app, now, work).await?;
    if outcome != Outcome::AlreadyKnown {
        app.wake.notify_one();
    }
    Ok(outcome)
}

/// One line of a statement. Run again after a lost answer it finds the line matched and changes nothing.
struct TransferCame {
    evidence: Evidence,
    attempt: AttemptId,
    by: Option<(String, Stamp)>,
    brand: Arc<Brand>,
    zone: Zone,
    now: Now,
}
impl Work for TransferCame {
    const NAME: &'static str = "transfer_came";
    type Out = Outcome;
    type Refusal = Problem;

    async fn run(&self, tx: &mut Tx) -> Result<Outcome, Stop<Problem>> {
        let refused = |problem| Err(Stop::Refused(problem));
        let Evidence { out_trade_no, trade_no, amount, .. } = &self.evidence;
        let found = renewal::lock_by_trade(tx, out_trade_no).await?;
        let Some(Locked { facts, due_at }) = found.filter(|found| found.facts.attempt.method == Method::BankTransfer)
        else {
            return refused(Problem::NotFound("attempt"));
        };
        let line = bank::get(tx, trade_no).await?.ok_or(Stop::Refused(Problem::NotFound("bank line")))?;
        if line.became.is_some() {
            return Ok(Outcome::AlreadyKnown);
        }
        if line.amount != *amount {
            return refused(Problem::ExistsDifferently("bank line"));
        }
        let (customer, line) = (facts.line.customer, facts.line.id);
        if let Some(due_at) = due_at.filter(|due_at| *due_at <= self.now.business) {
            return refused(Problem::DueFirst { customer, line, due_at });
        }
        let decided = on_transfer(&facts, &self.evidence, self.attempt, &self.brand, &self.zone, self.now);
        let (outcome, effects) = decided.map_err(|refusal| Stop::Refused(refusal.into()))?;
        let Some(transfer) = effects.attempts.iter().find(|attempt| attempt.id == self.attempt) else {
            return Ok(outcome);
        };
        if !bank::matched(tx, trade_no, (customer, self.attempt), self.by.as_ref().map(|(by, _)| by.as_str())).await? {
            return Ok(Outcome::AlreadyKnown);
        }
        payment::add(tx, transfer);
        directory::add(tx, directory::Name::OutTradeNo, &transfer.out_trade_no, customer, self.attempt.0);
        carry_out(tx, (customer, line), &effects, &self.zone, self.now).await?;
        if let Some((by, stamp)) = &self.by {
            let act = Act::new(Actor::CommandLine, AuditAction::TransferMatched, ("bank_line", trade_no)).of(customer);
            stamp.append(tx, act.at(line).with("named", by.as_str()).with("our_number", out_trade_no.as_str())).await?;
        }
        Ok(outcome)
    }
}

/// Notes that an amount of an order went back from the bank account: the refund of that amount is done. The same bank's id
/// again, of the same amount, changes nothing.
///
/// # Errors
/// [`Problem::NotFound`] if there is no such order, or no refund of this amount by bank is on its way;
/// [`Problem::ExistsDifferently`] if the bank's id stands for another refund; [`Problem::Invalid`] if it is
/// none, if the amount is none, or if no active member has this login.
pub async fn refund_done(
    app: &App,
    order_number: &str,
    amount: &str,
    bank_id: &str,
    by: &str,
) -> Result<Money, Problem> {
    let amount = Money::parse(amount.trim(), app.brand.currency)
        .map_err(|_| Problem::Invalid { field: "amount", rule: "a decimal number in the brand's currency" })?;
    let by = active_member(app, by, Permission::SettleReconciliation).await?;
    let bank_id = self::bank_id(bank_id)?;
    let number: String = order_number.chars().filter(|c| !c.is_whitespace()).collect();
    let (zone, stamp, now) = (app.zone.clone(), Stamp::new(app)?, app.clock.now());
    app.store.transact(NoteRefund { number, amount, bank_id, by, zone, stamp, now }).await?;
    app.wake.notify_one();
    Ok(amount)
}

/// Reads the bank's id of something that people did at the bank.
///
/// # Errors
/// [`Problem::Invalid`] if it is none.
pub(crate) fn bank_id(text: &str) -> Result<String, Problem> {
    let id = text.trim();
    if !(1..=64).contains(&id.chars().count()) || id.chars().any(char::is_control) {
        return Err(Problem::Invalid { field: "bank-id", rule: "1 to 64 characters of text" });
    }
    Ok(id.to_owned())
}

/// Notes that a refund was made from the bank account, under the bank's id of it, which stands for nothing else.
pub(crate) async fn note(
    tx: &mut Tx,
    (customer, refund): (CustomerId, RefundId),
    bank_id: &str,
    (at, by): (BusinessTime, &str),
) -> Result<(), Stop<Problem>> {
    if directory::find(tx, directory::Name::BankRefund, bank_id).await?.is_some() {
        return Err(Stop::Refused(Problem::ExistsDifferently("bank-id")));
    }
    directory::add(tx, directory::Name::BankRefund, bank_id, customer, refund.0);
    bank::add_refund(tx, (customer, refund), bank_id, (at, by));
    Ok(())
}

/// Finds the refund that went back and notes it, under the lock that keeps others from noting another.
struct NoteRefund {
    number: String,
    amount: Money,
    bank_id: String,
    by: String,
    zone: Zone,
    stamp: Stamp,
    now: Now,
}
impl Work for NoteRefund {
    const NAME: &'static str = "note_bank_refund";
    type Out = ();
    type Refusal = Problem;
    async fn run(&self, tx: &mut Tx) -> Result<(), Stop<Problem>> {
        let found = directory::find(tx, directory::Name::OrderNumber, &self.number).await?;
        let (customer, order) = found.ok_or(Stop::Refused(Problem::NotFound("order")))?;
        customer::lock_account(tx, customer).await?;
        let attempts = payment::of_order(tx, customer, OrderId(order)).await?;
        let refunds = payment::refunds_of_order(tx, customer, OrderId(order)).await?;
        let by_bank = |id| attempts.iter().any(|a| a.id == id && a.method.provider() == Some(Provider::Bank));
        if let Some((whose, noted)) = directory::find(tx, directory::Name::BankRefund, &self.bank_id).await? {
            let this = |refund: &Refund| whose == customer && refund.id.0 == noted && refund.amount == self.amount;
            let same = refunds.iter().any(this);
            return if same { Ok(()) } else { Err(Stop::Refused(Problem::ExistsDifferently("bank-id"))) };
        }
        let this = |refund: &&Refund| {
            refund.state == RefundState::InFlight && refund.amount == self.amount && by_bank(refund.attempt)
        };
        let refund = refunds.iter().find(this).ok_or(Stop::Refused(Problem::NotFound("refund")))?.id;
        let noted = Some((self.bank_id.clone(), self.by.clone()));
        let answer = RefundAnswered { customer, refund, done: true, noted, zone: self.zone.clone(), now: self.now };
        answer.run(tx).await?;
        let act = Act::new(Actor::CommandLine, AuditAction::RefundNoted, ("order", &self.number)).of(customer);
        let line = orders::get(tx, customer, OrderId(order)).await?.map(|order| order.line);
        let act = act.at(line).with("refund", refund.to_string()).with("amount", self.amount.decimal());
        self.stamp.append(tx, act.with("bank_id", self.bank_id.as_str()).with("named", self.by.as_str())).await
    }
}
