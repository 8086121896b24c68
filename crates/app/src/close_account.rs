//! Closing an account: its owner asks, what was paid in and not spent is sent to the owner's bank account by hand and noted
//! under the bank's id, promotional credit lapses, and what names the customer is removed ([`crate::privacy::erase`]).
//!
//! An operator takes a closing up before anything is sent: from then on the money is set aside, and the owner cannot take the
//! closing back. Then it was sent, or it was not. Where there is nothing to pay out, nobody has to look: it is closed at once.

use crate::account_news::happened;
use crate::audit::{Act, Stamp};
use crate::first::{First, HowMany, one_more};
use crate::privacy::{NotErasable, erase};
use crate::secrets::Secrets;
use crate::sessions::{MayChange, SessionInfo, may_change};
use crate::staff::{permit, see_each};
use crate::{App, Problem};
use everline_core::account::{AccountNews, Change};
use everline_core::audit::AuditAction;
use everline_core::closing::{BankDetails, ClosingState};
use everline_core::customer::Customer;
use everline_core::ids::{CustomerId, RawId};
use everline_core::ledger::{Balances, Cause, LedgerAccount, Posting, Template};
use everline_core::money::{Currency, Money};
use everline_core::order::OrderState;
use everline_core::staff::Permission;
use everline_core::time::Now;
use everline_store::tables::closing::{self, Closing};
use everline_store::tables::{customer, directory, invoice, ledger, line, order, staff};
use everline_store::{Stop, Tx, Work};
use serde::{Deserialize, Serialize};

/// How many the desk shows.
const SHOWN: usize = 50;
/// The longest id of a bank's.
const BANK_ID_CHARS_MAX: usize = 64;

/// What stands against closing an account, and what it holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CloseView {
    /// Lines that are not over.
    pub lines: usize,
    /// Orders that wait for money, for the network or for a refund.
    pub orders: usize,
    /// Invoices that were asked for and are not made.
    pub invoices: i64,
    /// Money that is somewhere between the customer and us, in millionths.
    pub between: i64,
    /// Paid credit, which is paid out.
    pub paid: Money,
    /// Promotional credit, which lapses.
    pub promo: Money,
    /// The open closing.
    pub open: Option<Closing>,
}
impl CloseView {
    /// Whether nothing stands against it.
    #[must_use]
    pub const fn free(&self) -> bool {
        self.lines == 0 && self.orders == 0 && self.invoices == 0 && self.between == 0
    }
}

/// What became of asking for it, and of taking it up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Asked {
    /// People pay out first.
    Waits,
    /// There was nothing to pay out: it is closed.
    Closed,
}

#[derive(Serialize, Deserialize)]
struct Sealed {
    holder: String,
    bank: String,
    number: String,
}
fn place(customer: CustomerId) -> String {
    format!("closing/{customer}")
}
fn seal(secrets: &Secrets, customer: CustomerId, details: &BankDetails) -> Result<Vec<u8>, Problem> {
    let BankDetails { holder, bank, number } = details.clone();
    let text = serde_json::to_string(&Sealed { holder, bank, number });
    let text = text.map_err(|_| Problem::Internal("bank details have no JSON".to_owned()))?;
    secrets.seal(&place(customer), &text).map_err(|_| Problem::Internal("bank details cannot be sealed".to_owned()))
}
fn open(secrets: &Secrets, customer: CustomerId, sealed: &[u8]) -> Option<BankDetails> {
    let Sealed { holder, bank, number } = serde_json::from_str(&secrets.open(&place(customer), sealed).ok()?).ok()?;
    Some(BankDetails { holder, bank, number })
}

/// What closing the account of whoever is signed in would mean.
pub async fn view(app: &App, session: &SessionInfo) -> Result<CloseView, Problem> {
    Ok(app.store.read(Look { customer: session.customer()?, currency: app.brand.currency }).await?)
}

/// Asks for it. `details` are needed where there is something to pay out, and not looked at otherwise.
///
/// # Errors
/// [`Problem::ProveFirst`], [`Problem::HeldBack`]; [`Problem::CloseFirst`] while something stands against it;
/// [`Problem::Invalid`] names a field of the details.
pub async fn ask(app: &App, session: &SessionInfo, details: [&str; 3]) -> Result<Asked, Problem> {
    may_change(app, session, Change::Contact).await?;
    let customer = session.customer()?;
    let is = view(app, session).await?;
    if !is.free() {
        return Err(Problem::CloseFirst);
    }
    let now = app.clock.now();
    let may = MayChange::new(session, Change::Contact, now)?;
    let sealed = if is.paid.micros() > 0 {
        let [holder, bank, number] = details;
        let details = BankDetails::read(holder, bank, number);
        let details = details.map_err(|wrong| Problem::Invalid { field: wrong.0, rule: "cannot-be-used" })?;
        Some(seal(&app.secrets, customer, &details)?)
    } else {
        None
    };
    let waits = sealed.is_some();
    let id = app.clock.id();
    let closed = app.store.transact(Ask { may, id, sealed, now }).await?;
    if waits {
        return Ok(Asked::Waits);
    }
    finish(app, &closed).await?;
    Ok(Asked::Closed)
}

/// Takes it back, as long as nobody sends the money.
///
/// # Errors
/// [`Problem::NotFound`] if there is none that can be taken back.
pub async fn withdraw(app: &App, session: &SessionInfo) -> Result<(), Problem> {
    Ok(app.store.transact(Withdraw { customer: session.customer()? }).await?)
}

/// A closing that waits for people.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ToPayOut {
    /// The closing.
    pub closing: Closing,
    /// Whose account.
    pub customer: Customer,
    /// Where the money goes.
    pub details: Option<BankDetails>,
    /// What there is to pay out, or what is being sent.
    pub paid: Money,
}

/// The oldest closings that wait. That each was looked at is written down before it is shown.
///
/// # Errors
/// [`Problem::NotAllowed`]
pub async fn queue(app: &App, by: RawId) -> Result<First<ToPayOut>, Problem> {
    let First { rows, more } = app.store.read(Queue { by, currency: app.brand.currency }).await?;
    let row = |(closing, customer, paid): (Closing, Customer, Money)| {
        let details = closing.sealed.as_ref().and_then(|sealed| open(&app.secrets, customer.id, sealed));
        ToPayOut { closing, customer, details, paid }
    };
    let rows: Vec<ToPayOut> = rows.into_iter().map(row).collect();
    let seen = rows.iter().map(|row| told(&row.closing, (by, AuditAction::ClosingSeen)));
    see_each(app, by, Permission::CloseAccounts, seen.collect()).await?;
    Ok(First { rows, more })
}

/// How many wait.
///
/// # Errors
/// [`Problem::NotAllowed`]
pub async fn waiting(app: &App, by: RawId) -> Result<HowMany, Problem> {
    Ok(app.store.read(Queue { by, currency: app.brand.currency }).await?.how_many())
}

/// An operator takes it up, and sends `amount` next. It is set aside; the owner cannot take the closing back. With nothing to
/// send, the account is closed.
///
/// # Errors
/// [`Problem::NotAllowed`]; [`Problem::Invalid`]: `amount` is not what the account holds now;
/// [`Problem::NotFound`] if somebody took it up or back before; [`Problem::CloseFirst`] if something stands against it by now.
pub async fn take_up(app: &App, which: (CustomerId, RawId), amount: Money, by: RawId) -> Result<Asked, Problem> {
    let (stamp, now) = (Stamp::new(app)?, app.clock.now());
    let closing = app.store.transact(TakeUp { which, amount, by, stamp, now }).await?;
    if closing.state == ClosingState::Sending {
        return Ok(Asked::Waits);
    }
    finish(app, &closing).await?;
    Ok(Asked::Closed)
}

/// An operator says that the money did not go out: the account has it again, and the closing waits as it did before.
///
/// # Errors
/// [`Problem::NotAllowed`]; [`Problem::NotFound`] unless it is being sent.
pub async fn not_sent(app: &App, which: (CustomerId, RawId), by: RawId) -> Result<(), Problem> {
    let (next, stamp, now) = (app.clock.id(), Stamp::new(app)?, app.clock.now());
    Ok(app.store.transact(NotSent { which, next, by, stamp, now }).await?)
}

/// An operator notes under which id the bank sent the money; then the account is closed, unless something stands against it by
/// now: then the money is noted all the same, and a new closing waits. Noted again under the same id, what is left to do is
/// done.
///
/// # Errors
/// [`Problem::NotAllowed`]; [`Problem::Invalid`]: `bank_id`; [`Problem::NotFound`] unless it is
/// being sent; [`Problem::CloseFirst`] if the account stays for now.
pub async fn paid_out(app: &App, which: (CustomerId, RawId), bank_id: &str, by: RawId) -> Result<(), Problem> {
    let bank_id = bank_id.trim();
    let fits = (1..=BANK_ID_CHARS_MAX).contains(&bank_id.len()) && bank_id.bytes().all(|byte| byte.is_ascii_graphic());
    if !fits {
        return Err(Problem::Invalid { field: "bank_id", rule: "the bank's id of the payment" });
    }
    let (bank_id, next, now) = (bank_id.to_owned(), app.clock.id(), app.clock.now());
    let closing = app.store.transact(PayOut { which, bank_id, next, by, stamp: Stamp::new(app)?, now }).await?;
    if closing.state == ClosingState::SentOnly {
        return Err(Problem::CloseFirst);
    }
    finish(app, &closing).await
}

/// Removes what names the customer.
async fn finish(app: &App, closing: &Closing) -> Result<(), Problem> {
    match erase(&app.store, closing.customer, app.clock.now().business).await {
        Ok(()) => {}
        Err(NotErasable::Store(error)) => return Err(error.into()),
        // Something came in between: the closing stays, and people see it.
        Err(why) => {
            tracing::warn!(%why, "an account that is to be closed cannot be erased yet");
            return Err(Problem::CloseFirst);
        }
    }
    Ok(app.store.transact(End { customer: closing.customer, id: closing.id }).await?)
}

async fn against(
    tx: &mut Tx,
    customer: CustomerId,
    balances: &Balances,
) -> Result<(usize, usize, i64, i64), Stop<Problem>> {
    let lines = line::of_customer(tx, customer, i64::MAX).await?;
    let alive = lines.iter().filter(|line| !line.state.over()).count();
    let orders = order::of_customer(tx, customer, i64::MAX).await?;
    let moves = |state| matches!(state, OrderState::AwaitingPayment | OrderState::Paid | OrderState::Refunding);
    let open = orders.iter().filter(|order| moves(order.state)).count();
    let invoices = invoice::waiting_of(tx, customer).await?;
    let theirs = [LedgerAccount::OrderFunds, LedgerAccount::Suspense, LedgerAccount::RefundInFlight];
    let between = theirs.iter().fold(0_i64, |sum, account| sum.saturating_add(balances.get(*account)));
    Ok((alive, open, invoices, between))
}

/// Refuses while something stands against it.
async fn free(tx: &mut Tx, customer: CustomerId, balances: &Balances) -> Result<(), Stop<Problem>> {
    match against(tx, customer, balances).await? {
        (0, 0, 0, 0) => Ok(()),
        _ => Err(Stop::Refused(Problem::CloseFirst)),
    }
}

struct Look {
    customer: CustomerId,
    currency: Currency,
}
impl Work for Look {
    const NAME: &'static str = "look_at_closing";
    type Out = CloseView;
    type Refusal = Problem;
    async fn run(&self, tx: &mut Tx) -> Result<CloseView, Stop<Problem>> {
        let balances = customer::account(tx, self.customer).await?;
        let (lines, orders, invoices, between) = against(tx, self.customer, &balances).await?;
        let money = |account| Money::from_micros(balances.get(account), self.currency);
        Ok(CloseView {
            lines,
            orders,
            invoices,
            between,
            paid: money(LedgerAccount::PaidCredit),
            promo: money(LedgerAccount::PromoCredit),
            open: closing::open_of(tx, self.customer).await?,
        })
    }
}

struct Ask {
    may: MayChange,
    id: RawId,
    sealed: Option<Vec<u8>>,
    now: Now,
}
impl Work for Ask {
    const NAME: &'static str = "ask_closing";
    type Out = Closing;
    type Refusal = Problem;
    async fn run(&self, tx: &mut Tx) -> Result<Closing, Stop<Problem>> {
        let customer = self.may.customer;
        self.may.check(tx).await?;
        let balances = customer::lock_account(tx, customer).await?;
        free(tx, customer, &balances).await?;
        if let Some(open) = closing::open_of(tx, customer).await? {
            return Ok(open); // asked before
        }
        // Money came in since the page was shown: it needs to go somewhere.
        if balances.get(LedgerAccount::PaidCredit) > 0 && self.sealed.is_none() {
            return Err(Stop::Refused(Problem::Invalid { field: "number", rule: "needed" }));
        }
        let mut new = Closing {
            customer,
            id: self.id,
            sealed: self.sealed.clone(),
            state: ClosingState::Asked,
            paid_out: 0,
            lapsed: 0,
            bank_id: None,
            asked_at: self.now.system,
            taken_by: None,
        };
        closing::add(tx, &new);
        if new.sealed.is_none() {
            lapse(tx, &mut new, balances, self.now)?;
            closing::settle(tx, &new, self.now.system, "owner");
        } else {
            // Money is to go where whoever asked says: an owner who did not ask can take it back.
            happened(tx, customer, (self.id, AccountNews::ClosingAsked), ("", None), self.now)?;
        }
        Ok(new)
    }
}

/// Moves `amount` in the account of whoever closes it.
fn post(
    tx: &mut Tx,
    closing: &Closing,
    balances: Balances,
    (template, amount): (Template, i64),
    now: Now,
) -> Result<Balances, Stop<Problem>> {
    if amount == 0 {
        return Ok(balances);
    }
    let posting = Posting::new(template, Cause::Closing(closing.id), None, amount, now.business);
    let after = balances.after(&posting).map_err(|refusal| Stop::Refused(refusal.into()))?;
    ledger::post(tx, closing.customer, &posting);
    customer::save_account(tx, closing.customer, &after);
    Ok(after)
}

/// Nothing is left to pay out: what was given lapses.
fn lapse(tx: &mut Tx, closing: &mut Closing, balances: Balances, now: Now) -> Result<(), Stop<Problem>> {
    let given = balances.get(LedgerAccount::PromoCredit);
    post(tx, closing, balances, (Template::PromoLapsed, given), now)?;
    (closing.state, closing.lapsed) = (ClosingState::PaidOut, given);
    Ok(())
}

/// What an owner wished goes on in a closing of its own, so that each sends money at most once.
fn go_on(tx: &mut Tx, ended: &Closing, next: RawId) {
    let sealed = ended.sealed.clone();
    closing::end(tx, ended.customer, ended.id, ended.state);
    let Closing { customer, asked_at, .. } = *ended;
    let state = ClosingState::Asked;
    let (bank_id, taken_by) = (None, None);
    closing::add(
        tx,
        &Closing { customer, id: next, sealed, state, paid_out: 0, lapsed: 0, bank_id, asked_at, taken_by },
    );
}

/// A closing that a member of the staff acts upon, with the account locked.
async fn acted_upon(
    tx: &mut Tx,
    (customer, id): (CustomerId, RawId),
    by: RawId,
) -> Result<(Balances, Closing), Stop<Problem>> {
    let balances = customer::lock_account(tx, customer).await?;
    permit(tx, by, Permission::CloseAccounts).await?;
    Ok((balances, closing::get(tx, customer, id).await?.ok_or_else(gone)?))
}
/// What the log tells of a closing.
fn told(closing: &Closing, (by, action): (RawId, AuditAction)) -> Act {
    Act::by(by, action, ("closing", closing.id)).of(closing.customer)
}
const fn gone() -> Stop<Problem> {
    Stop::Refused(Problem::NotFound("closing"))
}

struct Withdraw {
    customer: CustomerId,
}
impl Work for Withdraw {
    const NAME: &'static str = "withdraw_closing";
    type Out = ();
    type Refusal = Problem;
    async fn run(&self, tx: &mut Tx) -> Result<(), Stop<Problem>> {
        customer::lock_account(tx, self.customer).await?;
        let open = closing::open_of(tx, self.customer).await?.filter(|open| open.state == ClosingState::Asked);
        let open = open.ok_or_else(gone)?;
        closing::end(tx, self.customer, open.id, ClosingState::Withdrawn);
        Ok(())
    }
}

struct Queue {
    by: RawId,
    currency: Currency,
}
impl Work for Queue {
    const NAME: &'static str = "closing_queue";
    type Out = First<(Closing, Customer, Money)>;
    type Refusal = Problem;
    async fn run(&self, tx: &mut Tx) -> Result<Self::Out, Stop<Problem>> {
        permit(tx, self.by, Permission::CloseAccounts).await?;
        let mut all = Vec::new();
        for closing in closing::queue(tx, one_more(SHOWN)).await? {
            let paid = match closing.state {
                ClosingState::Asked => customer::account(tx, closing.customer).await?.get(LedgerAccount::PaidCredit),
                _ => closing.paid_out,
            };
            let owner = customer::get(tx, closing.customer).await?;
            all.push((closing, owner, Money::from_micros(paid, self.currency)));
        }
        Ok(First::of(all, SHOWN))
    }
}

struct TakeUp {
    which: (CustomerId, RawId),
    amount: Money,
    by: RawId,
    stamp: Stamp,
    now: Now,
}
impl Work for TakeUp {
    const NAME: &'static str = "take_up_closing";
    type Out = Closing;
    type Refusal = Problem;
    async fn run(&self, tx: &mut Tx) -> Result<Closing, Stop<Problem>> {
        let (balances, mut found) = acted_upon(tx, self.which, self.by).await?;
        if found.state != ClosingState::Asked {
            return Err(gone());
        }
        free(tx, found.customer, &balances).await?;
        // What is sent must be what the page said.
        let paid = balances.get(LedgerAccount::PaidCredit);
        if paid != self.amount.micros() {
            return Err(Stop::Refused(Problem::Invalid { field: "amount", rule: "what the account holds" }));
        }
        let by = staff::signature(tx, self.by).await?;
        if paid == 0 {
            lapse(tx, &mut found, balances, self.now)?;
            closing::settle(tx, &found, self.now.system, &by);
        } else {
            post(tx, &found, balances, (Template::CreditSetAside, paid), self.now)?;
            (found.state, found.paid_out, found.taken_by) = (ClosingState::Sending, paid, Some(by));
            closing::take(tx, &found, self.now.system);
        }
        let act = told(&found, (self.by, AuditAction::ClosingTaken)).with("amount", self.amount.decimal());
        self.stamp.append(tx, act).await?;
        Ok(found)
    }
}

struct NotSent {
    which: (CustomerId, RawId),
    next: RawId,
    by: RawId,
    stamp: Stamp,
    now: Now,
}
impl Work for NotSent {
    const NAME: &'static str = "closing_not_sent";
    type Out = ();
    type Refusal = Problem;
    async fn run(&self, tx: &mut Tx) -> Result<(), Stop<Problem>> {
        let (balances, mut found) = acted_upon(tx, self.which, self.by).await?;
        if found.state != ClosingState::Sending {
            return Err(gone());
        }
        post(tx, &found, balances, (Template::CreditSetBack, found.paid_out), self.now)?;
        (found.state, found.paid_out) = (ClosingState::NotSent, 0);
        let by = staff::signature(tx, self.by).await?;
        closing::settle(tx, &found, self.now.system, &by);
        go_on(tx, &found, self.next);
        self.stamp.append(tx, told(&found, (self.by, AuditAction::ClosingNotSent))).await
    }
}

struct PayOut {
    which: (CustomerId, RawId),
    bank_id: String,
    next: RawId,
    by: RawId,
    stamp: Stamp,
    now: Now,
}
impl Work for PayOut {
    const NAME: &'static str = "pay_out_closing";
    type Out = Closing;
    type Refusal = Problem;
    async fn run(&self, tx: &mut Tx) -> Result<Closing, Stop<Problem>> {
        let (balances, mut found) = acted_upon(tx, self.which, self.by).await?;
        // Noted before, or nothing had to be paid out: what is left to do is done.
        let noted = found.bank_id.as_ref().is_none_or(|noted| *noted == self.bank_id);
        if matches!(found.state, ClosingState::PaidOut | ClosingState::SentOnly) && noted {
            return Ok(found);
        }
        if found.state != ClosingState::Sending {
            return Err(gone());
        }
        let (customer, id) = self.which;
        if directory::find(tx, directory::Name::Payout, &self.bank_id).await?.is_some() {
            return Err(Stop::Refused(Problem::Invalid { field: "bank_id", rule: "noted before" }));
        }
        directory::add(tx, directory::Name::Payout, &self.bank_id, customer, id);
        found.bank_id = Some(self.bank_id.clone());
        let balances = post(tx, &found, balances, (Template::CreditPaidOut, found.paid_out), self.now)?;
        let empty = balances.get(LedgerAccount::PaidCredit) == 0;
        let by = staff::signature(tx, self.by).await?;
        if empty && against(tx, customer, &balances).await? == (0, 0, 0, 0) {
            lapse(tx, &mut found, balances, self.now)?;
            closing::settle(tx, &found, self.now.system, &by);
        } else {
            // More came in, or a line: the money went all the same, and that is what the books must say.
            found.state = ClosingState::SentOnly;
            closing::settle(tx, &found, self.now.system, &by);
            go_on(tx, &found, self.next);
        }
        let act = told(&found, (self.by, AuditAction::ClosingSent)).with("bank_id", self.bank_id.as_str());
        self.stamp.append(tx, act).await?;
        Ok(found)
    }
}

struct End {
    customer: CustomerId,
    id: RawId,
}
impl Work for End {
    const NAME: &'static str = "end_closing";
    type Out = ();
    type Refusal = Problem;
    async fn run(&self, tx: &mut Tx) -> Result<(), Stop<Problem>> {
        customer::lock_account(tx, self.customer).await?;
        closing::end(tx, self.customer, self.id, ClosingState::Closed);
        Ok(())
    }
}
