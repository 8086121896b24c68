//! Closing an account: its owner asks, what was paid in and not spent is sent to the owner's bank account by hand and noted
//! under the bank's id, promotional credit lapses, and what names the customer is removed ([`crate::privacy::erase`]).
//!
//! Where there is nothing to pay out, nobody has to look: it is closed at once.

use crate::privacy::{NotErasable, erase};
use crate::secrets::Secrets;
use crate::sessions::{MayChange, SessionInfo, may_change};
use crate::staff::role;
use crate::{App, Problem};
use everline_core::account::Change;
use everline_core::closing::{BankDetails, ClosingState};
use everline_core::customer::Customer;
use everline_core::ids::{CustomerId, RawId};
use everline_core::ledger::{Balances, Cause, LedgerAccount, Posting, Template};
use everline_core::money::{Currency, Money};
use everline_core::order::OrderState;
use everline_core::time::Now;
use everline_store::tables::closing::{self, Closing};
use everline_store::tables::{customer, directory, invoice, ledger, line, order};
use everline_store::{Stop, Tx, Work};
use serde::{Deserialize, Serialize};

/// How many the desk shows.
const SHOWN: i64 = 50;
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

/// What became of asking.
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
    let may = MayChange::new(session, Change::Contact, now.system)?;
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

/// Takes it back, as long as nothing was paid out.
///
/// # Errors
/// [`Problem::NotFound`] if there is none.
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
    /// What there is to pay out.
    pub paid: Money,
}

/// The closings that wait.
///
/// # Errors
/// [`Problem::NotAllowed`] unless an active operator asks.
pub async fn queue(app: &App, by: RawId) -> Result<Vec<ToPayOut>, Problem> {
    let rows = app.store.read(Queue { by, currency: app.brand.currency }).await?;
    let row = |(closing, customer, paid): (Closing, Customer, Money)| {
        let details = closing.sealed.as_ref().and_then(|sealed| open(&app.secrets, customer.id, sealed));
        ToPayOut { closing, customer, details, paid }
    };
    Ok(rows.into_iter().map(row).collect())
}

/// An operator notes under which id the bank paid an amount out; then the account is closed. Noted again under the same id,
/// what is left to do is done.
///
/// # Errors
/// [`Problem::NotAllowed`] unless an active operator does; [`Problem::Invalid`]: `bank_id`, `amount` that is not what the account
/// holds now; [`Problem::NotFound`] if it was withdrawn; [`Problem::CloseFirst`] if something stands against it by now.
pub async fn paid_out(
    app: &App,
    (customer, id): (CustomerId, RawId),
    bank_id: &str,
    amount: Money,
    by: RawId,
) -> Result<(), Problem> {
    let bank_id = bank_id.trim();
    let fits = (1..=BANK_ID_CHARS_MAX).contains(&bank_id.len()) && bank_id.bytes().all(|byte| byte.is_ascii_graphic());
    if !fits {
        return Err(Problem::Invalid { field: "bank_id", rule: "the bank's id of the payment" });
    }
    let (bank_id, now) = (bank_id.to_owned(), app.clock.now());
    let closing = app.store.transact(PayOut { customer, id, bank_id, amount, by, now }).await?;
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
        };
        closing::add(tx, &new);
        if new.sealed.is_none() {
            settle(tx, &mut new, balances, None, "owner", self.now)?;
        }
        Ok(new)
    }
}

/// Empties the account: what was paid in goes out, what was given lapses.
fn settle(
    tx: &mut Tx,
    closing: &mut Closing,
    balances: Balances,
    bank_id: Option<&str>,
    by: &str,
    now: Now,
) -> Result<(), Stop<Problem>> {
    let (paid, promo) = (balances.get(LedgerAccount::PaidCredit), balances.get(LedgerAccount::PromoCredit));
    let mut after = balances;
    for (template, amount) in [(Template::CreditPaidOut, paid), (Template::PromoLapsed, promo)] {
        if amount > 0 {
            let posting = Posting::new(template, Cause::Closing(closing.id), None, amount, now.business);
            after = after.after(&posting).map_err(|refusal| Stop::Refused(refusal.into()))?;
            ledger::post(tx, closing.customer, &posting);
        }
    }
    if after != balances {
        customer::save_account(tx, closing.customer, &after);
    }
    (closing.state, closing.paid_out, closing.lapsed) = (ClosingState::PaidOut, paid, promo);
    closing.bank_id = bank_id.map(str::to_owned);
    closing::settle(tx, closing, now.system, by);
    Ok(())
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
        let open = open.ok_or(Stop::Refused(Problem::NotFound("closing")))?;
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
    type Out = Vec<(Closing, Customer, Money)>;
    type Refusal = Problem;
    async fn run(&self, tx: &mut Tx) -> Result<Self::Out, Stop<Problem>> {
        if role(tx, self.by).await? != "operator" {
            return Err(Stop::Refused(Problem::NotAllowed));
        }
        let mut all = Vec::new();
        for closing in closing::queue(tx, SHOWN).await? {
            let paid = customer::account(tx, closing.customer).await?.get(LedgerAccount::PaidCredit);
            let owner = customer::get(tx, closing.customer).await?;
            all.push((closing, owner, Money::from_micros(paid, self.currency)));
        }
        Ok(all)
    }
}

struct PayOut {
    customer: CustomerId,
    id: RawId,
    bank_id: String,
    amount: Money,
    by: RawId,
    now: Now,
}
impl Work for PayOut {
    const NAME: &'static str = "pay_out_closing";
    type Out = Closing;
    type Refusal = Problem;
    async fn run(&self, tx: &mut Tx) -> Result<Closing, Stop<Problem>> {
        let balances = customer::lock_account(tx, self.customer).await?;
        if role(tx, self.by).await? != "operator" {
            return Err(Stop::Refused(Problem::NotAllowed));
        }
        let gone = || Stop::Refused(Problem::NotFound("closing"));
        let mut found = closing::get(tx, self.customer, self.id).await?.ok_or_else(gone)?;
        // Noted before, or nothing had to be paid out: what is left to do is done.
        let noted = found.bank_id.as_ref().is_none_or(|noted| *noted == self.bank_id);
        if found.state == ClosingState::PaidOut && noted {
            return Ok(found);
        }
        if found.state != ClosingState::Asked {
            return Err(gone());
        }
        free(tx, self.customer, &balances).await?;
        // What is noted must be what went out.
        if balances.get(LedgerAccount::PaidCredit) != self.amount.micros() {
            return Err(Stop::Refused(Problem::Invalid { field: "amount", rule: "what the account holds" }));
        }
        if directory::find(tx, directory::Name::Payout, &self.bank_id).await?.is_some() {
            return Err(Stop::Refused(Problem::Invalid { field: "bank_id", rule: "noted before" }));
        }
        directory::add(tx, directory::Name::Payout, &self.bank_id, self.customer, self.id);
        let by = format!("staff:{}", self.by);
        settle(tx, &mut found, balances, Some(&self.bank_id), &by, self.now)?;
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
