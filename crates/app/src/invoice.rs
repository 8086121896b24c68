//! Invoices: a customer asks for one, once an order; staff make it in the system that their law names and write its number
//! here, or refuse it with a reason. Between the two it waits in the desk's queue.

use crate::audit::{Act, Stamp};
use crate::first::{First, one_more};
use crate::order_page::find_order;
use crate::order_seen::{self, OrderSeen, Part};
use crate::staff::{permit, see_queue};
use crate::{App, Problem};
use everline_core::audit::AuditAction;
use everline_core::ids::{CustomerId, OrderId, RawId};
use everline_core::invoice::{self, InvoiceRequest, Particulars, Settled, Settlement};
use everline_core::staff::Permission;
use everline_core::time::BusinessTime;
use everline_store::tables::{invoice as table, order};
use everline_store::{Stop, Tx, Work};

/// A request that waits for staff.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Waiting {
    /// The order's number.
    pub order: String,
    /// Since when.
    pub asked_at: BusinessTime,
}

/// The request for an order's invoice, if there is one.
pub async fn invoice(app: &App, customer: CustomerId, order: OrderId) -> Result<Option<InvoiceRequest>, Problem> {
    Ok(app.store.read(Read { customer, order }).await?)
}

/// Asks for the invoice of an order. Asking for the same again changes nothing.
///
/// # Errors
/// [`Problem::NoInvoice`]
pub async fn ask_invoice(
    app: &App,
    customer: CustomerId,
    order: OrderId,
    wanted: Particulars,
) -> Result<InvoiceRequest, Problem> {
    let now = app.clock.now().business;
    Ok(app.store.transact(Ask { customer, order, wanted, now }).await?)
}

/// Settles the request for the invoice of an order, named by the number people read to each other.
///
/// # Errors
/// [`Problem::NotFound`] if none is asked for, [`Problem::NoInvoice`] if it was settled otherwise, [`Problem::NotAllowed`];
/// [`Problem::Stale`] if another one is asked for than the page showed, or the order is otherwise.
pub async fn settle_invoice(
    app: &App,
    number: &str,
    (with, seen): (Settlement, Option<OrderSeen>),
    by: RawId,
) -> Result<InvoiceRequest, Problem> {
    let (customer, order) = find_order(app, number).await?.ok_or(Problem::NotFound("order"))?;
    let settled = Settled { at: app.clock.now().business, by };
    let (number, stamp) = (number.to_owned(), Stamp::new(app)?);
    Ok(app.store.transact(Settle { customer, order, number, with, seen, settled, stamp }).await?)
}

/// How many requests that wait the desk shows.
const SHOWN: usize = 50;

/// The oldest requests that wait for staff.
///
/// # Errors
/// [`Problem::NotAllowed`]
pub async fn waiting_invoices(app: &App, by: RawId) -> Result<First<Waiting>, Problem> {
    let all = app.store.read(Queue { by }).await?;
    see_queue(app, by, Permission::SettleInvoice, ("invoices", all.rows.len())).await?;
    Ok(all)
}

struct Read {
    customer: CustomerId,
    order: OrderId,
}
impl Work for Read {
    const NAME: &'static str = "invoice";
    type Out = Option<InvoiceRequest>;
    type Refusal = Problem;
    async fn run(&self, tx: &mut Tx) -> Result<Self::Out, Stop<Problem>> {
        Ok(table::get(tx, self.customer, self.order).await?)
    }
}

struct Ask {
    customer: CustomerId,
    order: OrderId,
    wanted: Particulars,
    now: BusinessTime,
}
impl Work for Ask {
    const NAME: &'static str = "ask_invoice";
    type Out = InvoiceRequest;
    type Refusal = Problem;
    async fn run(&self, tx: &mut Tx) -> Result<InvoiceRequest, Stop<Problem>> {
        let order = order::lock(tx, self.customer, self.order).await?;
        let before = table::get(tx, self.customer, self.order).await?;
        let asked = invoice::ask(&order, before.as_ref(), self.wanted.clone(), self.now)
            .map_err(|why| Stop::Refused(why.into()))?;
        if before.as_ref() != Some(&asked) {
            table::save(tx, &asked);
        }
        Ok(asked)
    }
}

struct Settle {
    customer: CustomerId,
    order: OrderId,
    number: String,
    with: Settlement,
    seen: Option<OrderSeen>,
    settled: Settled,
    stamp: Stamp,
}
impl Work for Settle {
    const NAME: &'static str = "settle_invoice";
    type Out = InvoiceRequest;
    type Refusal = Problem;
    async fn run(&self, tx: &mut Tx) -> Result<InvoiceRequest, Stop<Problem>> {
        let asked = table::lock(tx, self.customer, self.order).await?;
        permit(tx, self.settled.by, Permission::SettleInvoice).await?;
        let asked = asked.ok_or(Stop::Refused(Problem::NotFound("invoice")))?;
        let settled =
            invoice::settle(asked.clone(), self.with.clone(), self.settled).map_err(|why| Stop::Refused(why.into()))?;
        if settled != asked {
            let parts = [Part::State, Part::Refunds, Part::Invoice];
            order_seen::check(tx, (self.customer, self.order), self.seen.as_ref(), &parts).await?;
            table::save(tx, &settled);
            let line = order::get(tx, self.customer, self.order).await?.map(|order| order.line);
            let act = Act::by(self.settled.by, AuditAction::InvoiceSettled, ("order", &self.number)).of(self.customer);
            self.stamp.append(tx, told(act.at(line), &self.with)).await?;
        }
        Ok(settled)
    }
}

struct Queue {
    by: RawId,
}
impl Work for Queue {
    const NAME: &'static str = "waiting_invoices";
    type Out = First<Waiting>;
    type Refusal = Problem;
    async fn run(&self, tx: &mut Tx) -> Result<Self::Out, Stop<Problem>> {
        permit(tx, self.by, Permission::SettleInvoice).await?;
        let waiting = table::waiting(tx, one_more(SHOWN)).await?;
        let waiting = waiting.into_iter().map(|(order, asked_at)| Waiting { order, asked_at });
        Ok(First::of(waiting.collect(), SHOWN))
    }
}

/// What the log tells of how a request was settled.
fn told(act: Act, with: &Settlement) -> Act {
    match with {
        Settlement::Issue(_) => act.with("made", true),
        Settlement::Refuse(reason) => act.with("made", false).because(reason),
    }
}
