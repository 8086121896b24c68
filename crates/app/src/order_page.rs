//! One order, with everything that happened to it; and its receipt.

use crate::{App, Problem};
use everline_core::customer::CustomerKind;
use everline_core::effects::{Job, Receipt};
use everline_core::esim_device::DeviceCheck;
use everline_core::ids::{AttemptId, CustomerId, OrderId};
use everline_core::ledger::{Cause, Posting, Template};
use everline_core::line::Line;
use everline_core::money::Money;
use everline_core::offering::Offering;
use everline_core::order::{Order, OrderState};
use everline_core::payment::{Attempt, Settlement};
use everline_core::receipt::Payee;
use everline_core::refund::Refund;
use everline_core::time::BusinessTime;
use everline_store::tables::ledger::StoredTransfer;
use everline_store::tables::{
    catalog, customer, device_check, directory, job, ledger, line, order, payment, receipt, support,
};
use everline_store::{Stop, Tx, Work};

/// An order and all that belongs to it.
#[derive(Debug, Clone, PartialEq)]
pub struct OrderView {
    /// The order.
    pub order: Order,
    /// Its line.
    pub line: Line,
    /// What was ordered.
    pub offering: Offering,
    /// Tries to pay it, oldest first.
    pub attempts: Vec<Attempt>,
    /// What the customer's account holds, while the order can be paid.
    pub credit: Option<Money>,
    /// Whether it can be paid by bank transfer: the customer is an organisation.
    pub transfers: bool,
    /// Money that went back, or is on its way.
    pub refunds: Vec<Refund>,
    /// Reasons for which support looks at it.
    pub cases: Vec<String>,
    /// The receipt, once paid.
    pub receipt: Option<ReceiptView>,
    /// What was said of the device, if it was ordered with an eSIM.
    pub device: Option<DeviceCheck>,
}

/// The proof of an order.
#[derive(Debug, Clone, PartialEq)]
pub struct ReceiptView {
    /// Its number, once the numberer gave one.
    pub number: Option<i64>,
    /// When it was issued.
    pub issued_at: BusinessTime,
    /// The attempts that paid it.
    pub paid_by: Vec<AttemptId>,
    /// The postings behind it.
    pub postings: Vec<StoredTransfer>,
    /// The card that served the line when it was numbered, masked.
    pub iccid: Option<String>,
    /// Whom it names as the payee, if the brand was called otherwise when it was issued.
    pub former_payee: Option<Payee>,
}

/// An order of a customer.
pub async fn order_page(app: &App, customer: CustomerId, id: OrderId) -> Result<OrderView, Problem> {
    Ok(app.store.read(ReadOrder { customer, id }).await?)
}

/// An order by the number that people read to each other; for staff.
pub async fn find_order(app: &App, number: &str) -> Result<Option<(CustomerId, OrderId)>, Problem> {
    Ok(app.store.read(FindOrder { number: number.to_owned() }).await?)
}

struct ReadOrder {
    customer: CustomerId,
    id: OrderId,
}
impl Work for ReadOrder {
    const NAME: &'static str = "order_page";
    type Out = OrderView;
    type Refusal = Problem;
    async fn run(&self, tx: &mut Tx) -> Result<OrderView, Stop<Problem>> {
        let order = order::get(tx, self.customer, self.id).await?.ok_or(Stop::Refused(Problem::NotFound("order")))?;
        let line = line::get(tx, self.customer, order.line).await?.ok_or(Stop::Refused(Problem::NotFound("line")))?;
        let offering = catalog::offering(tx, &order.offering).await?;
        let attempts = payment::of_order(tx, self.customer, self.id).await?;
        let refunds = payment::refunds_of_order(tx, self.customer, self.id).await?;
        let cases = support::cases_of(tx, self.customer, 50).await?;
        let cases = cases.into_iter().filter(|case| case.1 == Some(self.id)).map(|case| case.2).collect();
        let receipt = receipt_of(tx, &order, &attempts).await?;
        let credit = match order.state {
            OrderState::AwaitingPayment => {
                Some(customer::account(tx, self.customer).await?.credit(order.price.currency()))
            }
            _ => None,
        };
        let transfers = customer::get(tx, self.customer).await?.kind == CustomerKind::Organisation;
        let device = device_check::get(tx, self.customer, self.id.0).await?;
        Ok(OrderView { order, line, offering, attempts, credit, transfers, refunds, cases, receipt, device })
    }
}

async fn receipt_of(
    tx: &mut Tx,
    order: &Order,
    attempts: &[Attempt],
) -> Result<Option<ReceiptView>, everline_store::Error> {
    let Some(paid_at) = order.paid_at else { return Ok(None) };
    let id = Receipt::of(order, paid_at).id;
    let Some(receipt::Stored { issued_at, number, iccid }) = receipt::get(tx, order.customer, id).await? else {
        return Ok(None);
    };
    let former_payee = receipt::former_payee(tx, issued_at).await?;
    let paid: Vec<&Attempt> = attempts.iter().filter(|attempt| attempt.settlement == Some(Settlement::Order)).collect();
    let posting = |template, cause| Posting::new(template, cause, order.id, 1, issued_at);
    let brought = |attempt: &&Attempt| posting(attempt.method.brings(), Cause::Attempt(attempt.id));
    let mut looked_for: Vec<Posting> = paid.iter().map(brought).collect();
    looked_for.push(posting(Template::Delivered, Cause::Order(order.id)));
    looked_for.push(posting(Template::ToppedUp, Cause::Order(order.id)));
    let postings = ledger::of_postings(tx, order.customer, &looked_for).await?;
    let paid_by = paid.into_iter().map(|attempt| attempt.id).collect();
    Ok(Some(ReceiptView { number, issued_at, paid_by, postings, iccid, former_payee }))
}

struct FindOrder {
    number: String,
}
impl Work for FindOrder {
    const NAME: &'static str = "find_order";
    type Out = Option<(CustomerId, OrderId)>;
    type Refusal = Problem;
    async fn run(&self, tx: &mut Tx) -> Result<Self::Out, Stop<Problem>> {
        let found = directory::find(tx, directory::Name::OrderNumber, &self.number).await?;
        Ok(found.map(|(customer, id)| (customer, OrderId(id))))
    }
}

/// Asks the network again, now, about an order that is paid and not in effect.
pub async fn ask_network(app: &App, customer: CustomerId, id: OrderId) -> Result<(), Problem> {
    app.store.transact(AskNetwork { customer, id, now: app.clock.now().system }).await?;
    app.wake.notify_one();
    Ok(())
}

struct AskNetwork {
    customer: CustomerId,
    id: OrderId,
    now: everline_core::time::SystemTime,
}
impl Work for AskNetwork {
    const NAME: &'static str = "ask_network";
    type Out = ();
    type Refusal = Problem;
    async fn run(&self, tx: &mut Tx) -> Result<(), Stop<Problem>> {
        let order = order::get(tx, self.customer, self.id).await?.ok_or(Stop::Refused(Problem::NotFound("order")))?;
        match order.state {
            OrderState::Paid => {
                job::hurry(tx, Job::ActivateUpstream { customer: self.customer, order: self.id }.id(), self.now);
            }
            OrderState::Delivered => {
                let allowance = everline_store::tables::allowance::get(tx, self.customer, order.line).await?;
                for session in allowance.restricted() {
                    job::hurry_session(tx, session.id, self.now);
                }
            }
            _ => {}
        }
        Ok(())
    }
}
