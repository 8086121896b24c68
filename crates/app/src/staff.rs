//! What staff see. For now: the queue of orders that are paid and not in effect, read only.

use crate::order_page::{OrderView, order_page};
use crate::{App, Problem};
use everline_core::ids::{CustomerId, OrderId, RawId};
use everline_store::tables::support;
use everline_store::{Stop, Tx, Work};

/// A staff member.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StaffMember {
    /// The name colleagues see.
    pub name: String,
    /// What they may do.
    pub role: String,
}

/// A staff member by id.
pub async fn member(app: &App, id: RawId) -> Result<StaffMember, Problem> {
    Ok(app.store.read(GetStaff { id }).await?)
}

/// The oldest orders that are paid and not in effect.
pub async fn paid_not_in_effect(app: &App) -> Result<Vec<OrderView>, Problem> {
    let mut views = Vec::new();
    for (customer, order) in app.store.read(Queue).await? {
        views.push(order_page(app, customer, order).await?);
    }
    Ok(views)
}

struct GetStaff {
    id: RawId,
}
impl Work for GetStaff {
    const NAME: &'static str = "get_staff";
    type Out = StaffMember;
    type Refusal = Problem;
    async fn run(&self, tx: &mut Tx) -> Result<StaffMember, Stop<Problem>> {
        let found = support::staff(tx, self.id).await?.ok_or(Stop::Refused(Problem::NotAllowed))?;
        Ok(StaffMember { name: found.0, role: found.1 })
    }
}

struct Queue;
impl Work for Queue {
    const NAME: &'static str = "paid_not_in_effect";
    type Out = Vec<(CustomerId, OrderId)>;
    type Refusal = Problem;
    async fn run(&self, tx: &mut Tx) -> Result<Self::Out, Stop<Problem>> {
        Ok(support::paid_not_in_effect(tx, 50).await?)
    }
}
