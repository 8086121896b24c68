//! Credit that staff give to make up for something, and correct. Goodwill has limits by member and by customer that count
//! together over a day; corrections above what a member may make alone wait for a second person. Each is carried out once under
//! the id of the page on which it was asked for, with its posting, in one transaction that holds the account's lock.

use crate::audit::{Act, Stamp};
use crate::counted::Counted;
use crate::first::{First, one_more};
use crate::lifecycle_command::read_reason;
use crate::staff::{apart, permit, see_queue};
use crate::{App, Problem};
use everline_core::audit::AuditAction;
use everline_core::credit_change::{ChangeKind, CreditChange, CreditLimits, NotChanged};
use everline_core::customer::CustomerKind;
use everline_core::ids::{CustomerId, RawId};
use everline_core::ledger::{Balances, LedgerAccount};
use everline_core::money::{Currency, Money};
use everline_core::refund_request::{Decided, NotDecided, RequestState, Verdict};
use everline_core::staff::Permission;
use everline_core::time::BusinessTime;
use everline_store::tables::{credit_change as table, customer, ledger, privacy, staff};
use everline_store::{LostCommit, Stop, Tx, Work};
use std::collections::BTreeMap;

/// Changes that a page shows of a customer.
const SHOWN: i64 = 20;
/// Corrections that wait, as many as a page shows.
const WAITING_SHOWN: usize = 50;

/// What a page showed of an account's credit: paid and promotional, in millionths.
pub type CreditSeen = [i64; 2];

/// What a member asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewChange {
    /// Chosen before the page is shown, so that sending it twice does it once.
    pub id: RawId,
    /// What is done.
    pub kind: ChangeKind,
    /// How much.
    pub amount: Money,
    /// Why.
    pub reason: String,
    /// What the page showed.
    pub seen: Option<CreditSeen>,
}

/// Gives promotional credit, to make up for something.
///
/// # Errors
/// [`Problem::NotAllowed`]; [`Problem::Invalid`]: `kind`, `amount`, `reason`; [`Problem::NotFound`] for an account that is
/// nobody's or closed; [`Problem::NotChanged`] over a limit, with what is left; [`Problem::Stale`]; [`Problem::ExistsDifferently`]
pub async fn give_goodwill(
    app: &App,
    customer: CustomerId,
    new: NewChange,
    by: RawId,
) -> Result<CreditChange, Problem> {
    if new.kind != ChangeKind::Goodwill {
        return Err(Problem::Invalid { field: "kind", rule: "goodwill" });
    }
    Ok(app.store.transact(Change::new(app, customer, new, by)?).await?)
}

/// Corrects credit up or down: at once within what the member may correct alone in a day, above it when another approves.
///
/// # Errors
/// As [`give_goodwill`]; [`Problem::NotChanged`] if the account holds less than is to go.
pub async fn adjust_credit(
    app: &App,
    customer: CustomerId,
    new: NewChange,
    by: RawId,
) -> Result<CreditChange, Problem> {
    if new.kind == ChangeKind::Goodwill {
        return Err(Problem::Invalid { field: "kind", rule: "raised, lowered or promo_lowered" });
    }
    Ok(app.store.transact(Change::new(app, customer, new, by)?).await?)
}

/// A second person decides about a correction that a colleague asked for; or who asked withdraws it.
///
/// # Errors
/// [`Problem::NotAllowed`]; [`Problem::NotFound`]; [`Problem::NotDecided`]; [`Problem::NotChanged`] if the account holds less by
/// now, [`Problem::Stale`] if it is approved and the account holds something else than the page showed: the request waits on then.
pub async fn decide_adjustment(
    app: &App,
    customer: CustomerId,
    (change, seen): (RawId, Option<CreditSeen>),
    verdict: Verdict,
    by: RawId,
) -> Result<CreditChange, Problem> {
    let (stamp, now) = (Stamp::new(app)?, app.clock.now().business);
    Ok(app.store.transact(Decide { customer, change, seen, verdict, by, stamp, now }).await?)
}

/// What was given and corrected of a customer's credit, newest first, and what is left of today's goodwill.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CreditDesk {
    /// The newest changes.
    pub changes: Vec<CreditChange>,
    /// How much goodwill whoever looks may still give this customer today.
    pub goodwill_left: Money,
    /// How much whoever looks may still correct alone today.
    pub alone_left: Money,
    /// How those are named who asked and decided, also if they left.
    pub names: BTreeMap<RawId, String>,
}

/// What the page of a customer shows of credit that staff changed.
///
/// # Errors
/// [`Problem::NotAllowed`]
pub async fn credit_desk(app: &App, customer: CustomerId, by: RawId) -> Result<CreditDesk, Problem> {
    let limits = Limited::of(app, customer, by);
    Ok(app.store.read(Look { customer, by, limits, currency: app.brand.currency }).await?)
}

/// The oldest corrections that wait for a second person.
///
/// # Errors
/// [`Problem::NotAllowed`]
pub async fn waiting_adjustments(app: &App, by: RawId) -> Result<First<CreditChange>, Problem> {
    let all = app.store.read(Queue { by }).await?;
    see_queue(app, by, Permission::AdjustCredit, ("adjustments", all.rows.len())).await?;
    Ok(all)
}

/// What counts together, and how much of it there may be.
#[derive(Clone, Copy)]
struct Limited {
    limits: CreditLimits,
    member: Counted,
    customer: Counted,
    alone: Counted,
}
impl Limited {
    fn of(app: &App, customer: CustomerId, by: RawId) -> Self {
        Self {
            limits: app.brand.credit,
            member: Counted::in_day(app, "goodwill by", &by.to_string()),
            customer: Counted::in_day(app, "goodwill to", &customer.to_string()),
            alone: Counted::in_day(app, "corrected by", &by.to_string()),
        }
    }
}

struct Change {
    customer: CustomerId,
    new: NewChange,
    by: RawId,
    limits: Limited,
    stamp: Stamp,
    now: BusinessTime,
}
impl Change {
    fn new(app: &App, customer: CustomerId, mut new: NewChange, by: RawId) -> Result<Self, Problem> {
        new.reason = read_reason(&new.reason)?;
        if new.amount.micros() <= 0 || new.amount.currency() != app.brand.currency {
            return Err(Problem::Invalid { field: "amount", rule: "more than nothing" });
        }
        let (limits, now) = (Limited::of(app, customer, by), app.clock.now().business);
        Ok(Self { customer, new, by, limits, stamp: Stamp::new(app)?, now })
    }
    const fn permission(&self) -> Permission {
        match self.new.kind {
            ChangeKind::Goodwill => Permission::Goodwill,
            _ => Permission::AdjustCredit,
        }
    }
    fn money(&self, micros: i64) -> Money {
        Money::from_micros(micros, self.new.amount.currency())
    }
    /// Counts it: whether it may be carried out at once, or waits for a second person.
    async fn count(&self, tx: &mut Tx) -> Result<RequestState, Stop<Problem>> {
        let (limits, amount) = (self.limits.limits, self.new.amount.micros());
        let over = |why| Err(Stop::Refused(Problem::NotChanged(why)));
        if self.new.kind != ChangeKind::Goodwill {
            let alone = self.limits.alone.add(tx, amount, limits.alone_day).await?;
            return Ok(if alone.is_ok() { RequestState::Done } else { RequestState::Requested });
        }
        // The customer's count first, which the account's lock guards; then the member's, which all their sessions share.
        if let Err(left) = self.limits.customer.add(tx, amount, limits.customer_day).await? {
            return over(NotChanged::CustomerDay(self.money(left)));
        }
        match self.limits.member.add(tx, amount, limits.member_day).await? {
            Ok(()) => Ok(RequestState::Done),
            Err(left) => over(NotChanged::MemberDay(self.money(left))),
        }
    }
}
impl Work for Change {
    const NAME: &'static str = "change_credit";
    type Out = CreditChange;
    type Refusal = Problem;
    async fn run(&self, tx: &mut Tx) -> Result<CreditChange, Stop<Problem>> {
        let new = &self.new;
        let balances = customer::lock_account(tx, self.customer).await?;
        permit(tx, self.by, self.permission()).await?;
        somebodys(tx, self.customer).await?;
        if let Some(before) = table::get(tx, self.customer, new.id).await? {
            let same = (before.asked_by, before.kind, before.amount) == (self.by, new.kind, new.amount);
            return if same { Ok(before) } else { Err(Stop::Refused(Problem::ExistsDifferently("credit"))) };
        }
        if new.seen.is_some_and(|seen| seen != credit_of(&balances)) {
            return Err(Stop::Refused(Problem::Stale));
        }
        let change = CreditChange {
            id: new.id,
            customer: self.customer,
            kind: new.kind,
            amount: new.amount,
            reason: Some(new.reason.clone()),
            asked_by: self.by,
            asked_at: self.now,
            state: self.count(tx).await?,
        };
        // What cannot be done is not asked for either.
        let (after, posting) = carried_out(&change, balances, self.now)?;
        if change.state.carried_out() {
            customer::save_account(tx, self.customer, &after);
            ledger::post(tx, self.customer, &posting);
        }
        table::add(tx, &change);
        let action = match (change.kind, change.state) {
            (ChangeKind::Goodwill, _) => AuditAction::GoodwillGiven,
            (_, RequestState::Requested) => AuditAction::CreditAsked,
            _ => AuditAction::CreditAdjusted,
        };
        self.stamp.append(tx, told(&change, (self.by, action)).because(&new.reason)).await?;
        Ok(change)
    }
}

/// The balances after a change, with its posting.
fn carried_out(
    change: &CreditChange,
    balances: Balances,
    at: BusinessTime,
) -> Result<(Balances, everline_core::ledger::Posting), Stop<Problem>> {
    let done = change.carry_out(balances, at).map_err(|refusal| Stop::Refused(refusal.into()))?;
    done.map_err(|why| Stop::Refused(Problem::NotChanged(why)))
}

/// Refuses accounts that are nobody's, and those whose owner was forgotten.
async fn somebodys(tx: &mut Tx, id: CustomerId) -> Result<(), Stop<Problem>> {
    let owned = matches!(customer::get(tx, id).await?.kind, CustomerKind::Person | CustomerKind::Organisation);
    if owned && privacy::restricted_at(tx, id).await?.0.is_none() {
        return Ok(());
    }
    Err(Stop::Refused(Problem::NotFound("customer")))
}

/// What a page shows of an account's credit.
#[must_use]
pub fn credit_of(balances: &Balances) -> CreditSeen {
    [balances.get(LedgerAccount::PaidCredit), balances.get(LedgerAccount::PromoCredit)]
}

fn told(change: &CreditChange, (by, action): (RawId, AuditAction)) -> Act {
    Act::by(by, action, ("customer", change.customer))
        .of(change.customer)
        .with("change", change.id.to_string())
        .with("kind", change.kind.word())
        .with("amount", change.amount.decimal())
}

struct Decide {
    customer: CustomerId,
    change: RawId,
    seen: Option<CreditSeen>,
    verdict: Verdict,
    by: RawId,
    stamp: Stamp,
    now: BusinessTime,
}
impl Work for Decide {
    const NAME: &'static str = "decide_credit_change";
    const ON_LOST_COMMIT: LostCommit = LostCommit::Report;
    type Out = CreditChange;
    type Refusal = Problem;
    async fn run(&self, tx: &mut Tx) -> Result<CreditChange, Stop<Problem>> {
        let balances = customer::lock_account(tx, self.customer).await?;
        permit(tx, self.by, Permission::AdjustCredit).await?;
        let asked = table::get(tx, self.customer, self.change).await?;
        let asked = asked.filter(|asked| asked.kind != ChangeKind::Goodwill);
        let asked = asked.ok_or(Stop::Refused(Problem::NotFound("credit")))?;
        let decided = Decided { by: self.by, at: self.now.max(asked.asked_at) };
        let undecided = |why| Stop::Refused(Problem::NotDecided(why));
        let state = asked.state.after(asked.asked_by, self.verdict, decided, true).map_err(undecided)?;
        if self.verdict == Verdict::Approve {
            apart(tx, asked.asked_by, self.by, self.stamp.at()).await?;
            if self.seen.is_some_and(|seen| seen != credit_of(&balances)) {
                return Err(Stop::Refused(Problem::Stale));
            }
        }
        let change = CreditChange { state, ..asked };
        // Decided once, whoever else decides at this moment.
        if !table::decide(tx, &change).await? {
            return Err(undecided(NotDecided::NotWaiting));
        }
        let action = if self.verdict == Verdict::Approve {
            somebodys(tx, self.customer).await?;
            let (after, posting) = carried_out(&change, balances, decided.at)?;
            customer::save_account(tx, self.customer, &after);
            ledger::post(tx, self.customer, &posting);
            AuditAction::CreditApproved
        } else {
            AuditAction::CreditDeclined
        };
        self.stamp.append(tx, told(&change, (self.by, action))).await?;
        Ok(change)
    }
}

struct Look {
    customer: CustomerId,
    by: RawId,
    limits: Limited,
    currency: Currency,
}
impl Work for Look {
    const NAME: &'static str = "credit_desk";
    type Out = CreditDesk;
    type Refusal = Problem;
    async fn run(&self, tx: &mut Tx) -> Result<CreditDesk, Stop<Problem>> {
        permit(tx, self.by, Permission::SeeCustomer).await?;
        let Limited { limits, member, customer, alone } = self.limits;
        let left = member.left(tx, limits.member_day).await?.min(customer.left(tx, limits.customer_day).await?);
        let alone = alone.left(tx, limits.alone_day).await?;
        let money = |micros| Money::from_micros(micros, self.currency);
        let changes = table::newest(tx, self.customer, SHOWN).await?;
        let of = |change: &CreditChange| [Some(change.asked_by), change.state.decided().map(|decided| decided.by)];
        let names = staff::signatures(tx, changes.iter().flat_map(of).flatten()).await?;
        Ok(CreditDesk { changes, goodwill_left: money(left), alone_left: money(alone), names })
    }
}

struct Queue {
    by: RawId,
}
impl Work for Queue {
    const NAME: &'static str = "waiting_adjustments";
    type Out = First<CreditChange>;
    type Refusal = Problem;
    async fn run(&self, tx: &mut Tx) -> Result<Self::Out, Stop<Problem>> {
        permit(tx, self.by, Permission::AdjustCredit).await?;
        Ok(First::of(table::waiting(tx, one_more(WAITING_SHOWN)).await?, WAITING_SHOWN))
    }
}
