//! An order as the staff see it, with everything that belongs to it. That somebody saw it is written down before it is shown.

use crate::audit::Act;
use crate::evidence_bundle::disputes_of;
use crate::invoice::invoice;
use crate::order_page::{OrderView, find_order, order_page};
use crate::profile::profile;
use crate::refund_order::{RefundOffer, refund_offer, refund_requests};
use crate::staff::{permitted, see};
use crate::{App, Problem};
use everline_core::audit::AuditAction;
use everline_core::customer::Customer;
use everline_core::dispute::Dispute;
use everline_core::ids::RawId;
use everline_core::invoice::InvoiceRequest;
use everline_core::refund_request::RefundRequest;
use everline_core::staff::Permission;
use everline_store::tables::audit::{self, Noted};
use everline_store::tables::staff;
use everline_store::{Stop, Tx, Work};
use std::collections::BTreeMap;

/// An order with what belongs to it.
#[derive(Debug, Clone, PartialEq)]
pub struct StaffOrder {
    /// The order, its line, payments and refunds.
    pub view: OrderView,
    /// Whose it is.
    pub owner: Customer,
    /// The invoice that was asked for.
    pub invoice: Option<InvoiceRequest>,
    /// What payers asked their banks.
    pub disputes: Vec<Dispute>,
    /// What can go back of it.
    pub offer: RefundOffer,
    /// What the staff asked to give back.
    pub requests: Vec<RefundRequest>,
    /// How those are named who asked and decided, also if they left.
    pub names: BTreeMap<RawId, String>,
    /// What the staff did of it, newest first, but for looking at it; at most [`ACTS_MAX`].
    pub acts: Vec<Noted>,
}

/// So many of the newest entries of the audit log stand with an order.
pub const ACTS_MAX: i64 = 20;

/// An order by the number that people read to each other.
///
/// # Errors
/// [`Problem::NotAllowed`]; [`Problem::NotFound`]
pub async fn staff_order(app: &App, number: &str, by: RawId) -> Result<StaffOrder, Problem> {
    permitted(app, by, Permission::SeeCustomer).await?;
    let (customer, id) = find_order(app, number).await?.ok_or(Problem::NotFound("order"))?;
    let view = order_page(app, customer, id).await?;
    let act = Act::by(by, AuditAction::OrderSeen, ("order", number)).of(customer).at(view.order.line);
    see(app, by, Permission::SeeCustomer, act).await?;
    let requests = refund_requests(app, customer, id).await?;
    let of = |asked: &RefundRequest| [Some(asked.asked_by), asked.state.decided().map(|decided| decided.by)];
    let members = requests.iter().flat_map(of).flatten().collect();
    let (acts, names) = app.store.read(Acts { number: number.to_owned(), members }).await?;
    Ok(StaffOrder {
        owner: profile(app, customer).await?,
        invoice: invoice(app, customer, id).await?,
        disputes: disputes_of(app, &view.order).await?,
        offer: refund_offer(app, customer, id).await?,
        requests,
        names,
        acts,
        view,
    })
}

struct Acts {
    number: String,
    /// Whose names are wanted.
    members: Vec<RawId>,
}
impl Work for Acts {
    const NAME: &'static str = "acts_on_order";
    type Out = (Vec<Noted>, BTreeMap<RawId, String>);
    type Refusal = Problem;
    async fn run(&self, tx: &mut Tx) -> Result<Self::Out, Stop<Problem>> {
        let names = staff::signatures(tx, self.members.iter().copied()).await?;
        Ok((tx.together(audit::done_to(("order", &self.number), AuditAction::OrderSeen, ACTS_MAX)).await?, names))
    }
}
