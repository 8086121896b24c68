//! Money that its provider refused to give back waits in suspense until people give it another way: as credit of the account,
//! or from the operator's bank account. Each once, whoever presses and however often.

use crate::audit::{Act, Stamp};
use crate::bank_transfer::{bank_id, note};
use crate::order_page::find_order;
use crate::order_seen::{self, OrderSeen, Part};
use crate::save::carry_out;
use crate::staff::permit;
use crate::{App, Problem};
use everline_core::audit::AuditAction;
use everline_core::dispute::holds_back;
use everline_core::ids::{CustomerId, OrderId, RawId, RefundId};
use everline_core::refund::{NoOtherWay, OtherWay, Refund};
use everline_core::renewal::on_other_way;
use everline_core::staff::Permission;
use everline_core::time::{Now, Zone};
use everline_store::tables::{bank, customer, dispute, order, payment, staff};
use everline_store::{Stop, Tx, Work};

/// Gives the money of a refused refund another way; of one that went from the bank account, with the bank's id of it.
///
/// # Errors
/// [`Problem::NoOtherWay`] says why not; [`Problem::Invalid`] if the bank's id is none; [`Problem::ExistsDifferently`] if it
/// stands for another refund; [`Problem::NotAllowed`]; [`Problem::Stale`]
pub async fn refund_other_way(
    app: &App,
    number: &str,
    (refund, seen): (RawId, Option<OrderSeen>),
    (way, bank): (OtherWay, &str),
    by: RawId,
) -> Result<(), Problem> {
    let bank_id = match way {
        OtherWay::Bank => Some(bank_id(bank)?),
        OtherWay::Credit => None,
    };
    let (customer, order) = find_order(app, number).await?.ok_or(Problem::NotFound("order"))?;
    let (zone, stamp, now) = (app.zone.clone(), Stamp::new(app)?, app.clock.now());
    let work = GiveOtherwise { customer, order, refund: RefundId(refund), seen, way, bank_id, by, zone, stamp, now };
    app.store.transact(work).await?;
    app.wake.notify_one();
    tracing::info!(%refund, by = %by, way = way.word(), "a refused refund was settled another way");
    Ok(())
}

struct GiveOtherwise {
    customer: CustomerId,
    order: OrderId,
    refund: RefundId,
    seen: Option<OrderSeen>,
    way: OtherWay,
    bank_id: Option<String>,
    by: RawId,
    zone: Zone,
    stamp: Stamp,
    now: Now,
}
impl Work for GiveOtherwise {
    const NAME: &'static str = "refund_other_way";
    type Out = ();
    type Refusal = Problem;
    async fn run(&self, tx: &mut Tx) -> Result<(), Stop<Problem>> {
        let balances = customer::lock_account(tx, self.customer).await?;
        let order = order::lock(tx, self.customer, self.order).await?;
        permit(tx, self.by, Permission::RefundOtherWay).await?;
        let refunds = payment::refunds_of_order(tx, self.customer, self.order).await?;
        let refund = refunds.iter().find(|refund| refund.id == self.refund);
        let refund = refund.ok_or(Stop::Refused(Problem::NotFound("refund")))?;
        if self.done_before(tx, refund).await? {
            return Ok(());
        }
        order_seen::check(tx, (self.customer, self.order), self.seen.as_ref(), &[Part::Refunds]).await?;
        let attempt = payment::get(tx, self.customer, refund.attempt).await?;
        let attempt = attempt.ok_or(Stop::Refused(Problem::NotFound("attempt")))?;
        let disputes = dispute::of_order(tx, self.customer, self.order).await?;
        let disputed = holds_back(refund, &attempt, &refunds, &disputes).is_some();
        let decided = on_other_way(balances, &order, refund, (&refunds, disputed), self.way, self.now);
        let effects = decided
            .map_err(|refusal| Stop::Refused(refusal.into()))?
            .map_err(|why| Stop::Refused(Problem::NoOtherWay(why)))?;
        if let Some(bank_id) = &self.bank_id {
            let by = staff::signature(tx, self.by).await?;
            note(tx, (self.customer, refund.id), bank_id, (self.now.business, &by)).await?;
        }
        carry_out(tx, (self.customer, order.line), &effects, &self.zone, self.now).await?;
        let act = Act::by(self.by, AuditAction::RefundOtherWay, ("order", &order.number)).of(self.customer);
        let act = act.at(order.line);
        let act = act.with("refund", refund.id.to_string()).with("amount", refund.amount.decimal());
        self.stamp.append(tx, act.with("way", self.way.word())).await
    }
}
impl GiveOtherwise {
    /// Whether just this was done: the page was sent twice.
    async fn done_before(&self, tx: &mut Tx, refund: &Refund) -> Result<bool, Stop<Problem>> {
        if refund.state != self.way.state() {
            return Ok(false);
        }
        let noted = bank::refund(tx, self.customer, refund.id).await?;
        if noted == self.bank_id { Ok(true) } else { Err(Stop::Refused(Problem::NoOtherWay(NoOtherWay::NotWaiting))) }
    }
}
