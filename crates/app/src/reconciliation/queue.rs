//! The queue at the desk: what waits, what both sides say, and what people do about it. Operators act, agents read.

use super::compare::{OneLine, judged};
use super::settle::{self, JUDGED};
use crate::audit::{Act, Stamp};
use crate::first::{First, HowMany, one_more};
use crate::payment_confirmed::take_evidence;
use crate::ports::PaymentStatus;
use crate::query_payment::known_as;
use crate::set_up::HOUSE;
use crate::staff::{permit, permitted, see, see_queue};
use crate::{App, Problem};
use everline_core::audit::AuditAction;
use everline_core::effects::Job;
use everline_core::ids::{CaseId, CustomerId, ItemId, RawId};
use everline_core::money::Currency;
use everline_core::order::Order;
use everline_core::payment::{Attempt, AttemptState};
use everline_core::reconciliation::{Action, Item, LineKind, LineState, NotClosed, posting_of};
use everline_core::refund::Refund;
use everline_core::staff::Permission;
use everline_core::time::Now;
use everline_store::tables::reconciliation::{self as table, LineWithOurs, StoredLine};
use everline_store::tables::{case, customer, job, ledger, notice, order, payment, staff};
use everline_store::{Stop, Tx, Work};

/// Most items on a page, oldest first.
const SHOWN: usize = 200;

/// An item with what both sides say.
#[derive(Debug, Clone, PartialEq)]
pub struct ItemView {
    /// The item.
    pub item: Item,
    /// What the bill says.
    pub line: Option<StoredLine>,
    /// Our payment and its order.
    pub payment: Option<(Attempt, Order)>,
    /// Our refund.
    pub refund: Option<Refund>,
    /// Who closed it, if people did.
    pub closed_by: Option<String>,
    /// What can be done to close it.
    pub actions: Vec<Action>,
    /// The case that was opened about it.
    pub case: Option<(CustomerId, CaseId)>,
}
impl ItemView {
    /// What the log tells of it: it stands with the customer and line whose payment it is about.
    fn act(&self, (by, action): (RawId, AuditAction)) -> Act {
        let act = Act::by(by, action, ("item", self.item.id));
        match &self.payment {
            Some((_, order)) => act.of(order.customer).at(order.line),
            None => act,
        }
    }
}

/// What a provider said when it was asked again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AskedAgain {
    /// Both sides say the same now; the item is closed.
    Agreed,
    /// The provider says that it was paid.
    Paid,
    /// The provider says that it was not.
    NotPaid,
    /// The provider is asked about the refund.
    RefundAsked,
    /// The provider gave no answer.
    Unknown,
}

impl AskedAgain {
    /// The stable word for it.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            AskedAgain::Agreed => "agreed",
            AskedAgain::Paid => "paid",
            AskedAgain::NotPaid => "not-paid",
            AskedAgain::RefundAsked => "asked-of-refund",
            AskedAgain::Unknown => "unknown",
        }
    }
}

/// The oldest items that wait.
///
/// # Errors
/// [`Problem::NotAllowed`]
pub async fn open_items(app: &App, by: RawId) -> Result<First<Item>, Problem> {
    permitted(app, by, Permission::SeeReconciliation).await?;
    let all = app.store.read(OpenItems).await?;
    see_queue(app, by, Permission::SeeReconciliation, ("reconciliation", all.rows.len())).await?;
    Ok(all)
}

/// How many wait.
///
/// # Errors
/// [`Problem::NotAllowed`]
pub async fn open_count(app: &App, by: RawId) -> Result<HowMany, Problem> {
    permitted(app, by, Permission::SeeReconciliation).await?;
    Ok(app.store.read(OpenItems).await?.how_many())
}

/// One item with what both sides say.
///
/// # Errors
/// [`Problem::NotFound`]; [`Problem::NotAllowed`]
pub async fn item(app: &App, id: ItemId, by: RawId) -> Result<ItemView, Problem> {
    permitted(app, by, Permission::SeeReconciliation).await?;
    let view = view(app, id).await?;
    see(app, by, Permission::SeeReconciliation, view.act((by, AuditAction::ItemSeen))).await?;
    Ok(view)
}

async fn view(app: &App, id: ItemId) -> Result<ItemView, Problem> {
    Ok(app.store.read(View { id, currency: app.brand.currency }).await?)
}

/// Closes an item.
///
/// # Errors
/// [`Problem::NotAllowed`]; [`Problem::NotClosed`] if it is closed, if the action does not fit or
/// needs a reason; [`Problem::NotFound`].
pub async fn close(app: &App, id: ItemId, action: Action, reason: &str, by: RawId) -> Result<(), Problem> {
    let (reason, currency, stamp) = (reason.to_owned(), app.brand.currency, Stamp::new(app)?);
    Ok(app.store.transact(Close { id, action, reason, by, currency, stamp, now: app.clock.now() }).await?)
}

/// Asks the provider again about what an item names. What it says goes the way of all evidence.
///
/// # Errors
/// [`Problem::NotAllowed`]; [`Problem::NotClosed`] if the item is closed or names nothing of ours;
/// [`Problem::NotFound`].
pub async fn ask_again(app: &App, id: ItemId, by: RawId) -> Result<AskedAgain, Problem> {
    permitted(app, by, Permission::SettleReconciliation).await?;
    let view = view(app, id).await?;
    if view.actions.is_empty() {
        return Err(NotClosed::ClosedAlready.into());
    }
    see(app, by, Permission::SettleReconciliation, view.act((by, AuditAction::ItemAsked))).await?;
    if let Some(refund) = &view.refund {
        let refund = Job::Refund { customer: refund.customer, refund: refund.id };
        app.store.transact(WakeRefund { refund, now: app.clock.now() }).await?;
        app.wake.notify_one();
        return Ok(AskedAgain::RefundAsked);
    }
    let Some((attempt, _)) = &view.payment else { return Err(NotClosed::DoesNotFit.into()) };
    let port = app.ports.payments.by(attempt.method).ok_or(Problem::NotFound("provider"))?;
    let said = match port.query(&known_as(attempt)).await {
        PaymentStatus::Paid(evidence) => {
            take_evidence(app, evidence, None).await?;
            AskedAgain::Paid
        }
        PaymentStatus::Waiting | PaymentStatus::NotExist | PaymentStatus::Closed => AskedAgain::NotPaid,
        PaymentStatus::Unknown => AskedAgain::Unknown,
    };
    Ok(if agrees_now(app, &view).await? { AskedAgain::Agreed } else { said })
}

/// Compares the item's line again; whether the item is closed by that.
async fn agrees_now(app: &App, view: &ItemView) -> Result<bool, Problem> {
    let Some(line) = &view.line else { return Ok(false) };
    let Some(line) = app.store.read(OneLine(line.id)).await? else { return Ok(false) };
    if !matches!(line.stored.state, LineState::New | LineState::Queued) {
        return Ok(false);
    }
    let of = (line.provider, line.day);
    settle::settle(app, of, vec![judged(app, line)]).await?;
    Ok(self::view(app, view.item.id).await?.actions.is_empty())
}

struct OpenItems;
impl Work for OpenItems {
    const NAME: &'static str = "reconciliation_queue";
    type Out = First<Item>;
    type Refusal = Problem;
    async fn run(&self, tx: &mut Tx) -> Result<Self::Out, Stop<Problem>> {
        Ok(First::of(table::open_items(tx, one_more(SHOWN)).await?, SHOWN))
    }
}

struct View {
    id: ItemId,
    currency: Currency,
}
impl Work for View {
    const NAME: &'static str = "reconciliation_item";
    type Out = ItemView;
    type Refusal = Problem;
    async fn run(&self, tx: &mut Tx) -> Result<ItemView, Stop<Problem>> {
        let item = table::item(tx, self.id).await?.ok_or(Stop::Refused(Problem::NotFound("item")))?;
        let line = line_of(tx, &item).await?;
        let with_ours = match &line {
            Some(line) => table::line_with_ours(tx, line.id).await?,
            None => None,
        };
        let named = owner_of(tx, &item, with_ours.as_ref()).await?;
        let mut payment = None;
        let mut refund = None;
        if let Some((customer, attempt)) = named
            && let Some(attempt) = payment::get(tx, customer, attempt).await?
        {
            if let Some(request_no) = &item.request_no {
                let refunds = payment::refunds_of_order(tx, customer, attempt.order).await?;
                refund = refunds.into_iter().find(|refund| refund.out_request_no == *request_no);
            }
            let order = order::get(tx, customer, attempt.order).await?;
            payment = order.map(|order| (attempt, order));
        }
        let closed_by = match &item.state {
            everline_core::reconciliation::ItemState::Closed(closed) => match closed.by {
                Some(by) => Some(staff::signature(tx, by).await?),
                None => None,
            },
            everline_core::reconciliation::ItemState::Open => None,
        };
        let actions = item.actions(self.currency);
        let case = case::of_cause(tx, self.id.0).await?;
        Ok(ItemView { item, line, payment, refund, closed_by, actions, case })
    }
}

/// The line that an item is about.
async fn line_of(tx: &mut Tx, item: &Item) -> Result<Option<StoredLine>, everline_store::Error> {
    match &item.number {
        Some(number) => table::line(tx, item.provider, item.about, number).await,
        None => Ok(None),
    }
}

/// Whose payment an item names.
async fn owner_of(
    tx: &mut Tx,
    item: &Item,
    line: Option<&LineWithOurs>,
) -> Result<Option<(CustomerId, everline_core::ids::AttemptId)>, everline_store::Error> {
    if let Some(line) = line
        && let (Some(ours), Some(attempt)) = (&line.ours.attempt, line.attempt)
    {
        return Ok(Some((ours.customer, attempt)));
    }
    match &item.out_trade_no {
        Some(out_trade_no) => table::named(tx, out_trade_no).await,
        None => Ok(None),
    }
}

/// Whose payment an item is about, if that is known.
///
/// # Errors
/// [`Problem::NotFound`]
pub(crate) async fn owner_of_item(tx: &mut Tx, id: ItemId) -> Result<Option<CustomerId>, Stop<Problem>> {
    let item = table::item(tx, id).await?.ok_or(Stop::Refused(Problem::NotFound("item")))?;
    let line = match line_of(tx, &item).await? {
        Some(line) => table::line_with_ours(tx, line.id).await?,
        None => None,
    };
    Ok(owner_of(tx, &item, line.as_ref()).await?.map(|(customer, _)| customer))
}

/// Closes an item and posts what its action says; if a comparison put it there, its line is settled with it.
struct Close {
    id: ItemId,
    action: Action,
    reason: String,
    by: RawId,
    currency: Currency,
    stamp: Stamp,
    now: Now,
}
impl Work for Close {
    const NAME: &'static str = "close_item";
    type Out = ();
    type Refusal = Problem;
    async fn run(&self, tx: &mut Tx) -> Result<(), Stop<Problem>> {
        permit(tx, self.by, Permission::SettleReconciliation).await?;
        let item = table::item(tx, self.id).await?.ok_or(Stop::Refused(Problem::NotFound("item")))?;
        let line = match line_of(tx, &item).await? {
            Some(line) => table::line_with_ours(tx, line.id).await?,
            None => None,
        };
        let owner = owner_of(tx, &item, line.as_ref()).await?.map_or(HOUSE, |(customer, _)| customer);
        let mut balances = customer::lock_account(tx, owner).await?;
        let refused = |why: NotClosed| Stop::Refused(Problem::from(why));
        let (closed, posting) =
            item.clone().close(self.action, &self.reason, self.by, self.currency, self.now).map_err(refused)?;
        let everline_core::reconciliation::ItemState::Closed(how) = &closed.state else {
            return Err(refused(NotClosed::DoesNotFit));
        };
        // The page may be stale: whoever comes first decides.
        if !table::close_item(tx, self.id, how).await? {
            return Err(refused(NotClosed::ClosedAlready));
        }
        let mut postings = Vec::from_iter(posting);
        if let Some(line) = line.filter(|line| JUDGED.iter().any(|kind| kind.of_line(line.stored.id) == self.id))
            && table::move_line(tx, line.stored.id, LineState::Settled).await?
        {
            // What the provider kept of money that is ours is our cost; of money that is nobody's, once it is taken in.
            let paid = line.ours.attempt.as_ref().is_some_and(|ours| ours.state == AttemptState::Paid);
            let ours = (paid || self.action == Action::Suspense) && item.about != LineKind::Other;
            if ours && item.currency == self.currency {
                postings.extend(posting_of(line.stored.id, &line.stored.line, self.now.business));
            }
        }
        for posting in &postings {
            balances = balances.after(posting).map_err(|refusal| Stop::Refused(refusal.into()))?;
            ledger::post(tx, owner, posting);
        }
        if !postings.is_empty() {
            customer::save_account(tx, owner, &balances);
        }
        if let Some(out_trade_no) = &item.out_trade_no {
            notice::resolve(tx, item.provider.word(), out_trade_no);
        }
        let act = Act::by(self.by, AuditAction::ItemClosed, ("item", self.id)).with("action", self.action.word());
        let act = if owner == HOUSE { act } else { act.of(owner) };
        self.stamp.append(tx, act.because(&self.reason)).await
    }
}

struct WakeRefund {
    refund: Job,
    now: Now,
}
impl Work for WakeRefund {
    const NAME: &'static str = "ask_about_refund";
    type Out = ();
    type Refusal = Problem;
    async fn run(&self, tx: &mut Tx) -> Result<(), Stop<Problem>> {
        job::awake(tx, self.refund.id(), self.now.system);
        Ok(())
    }
}
