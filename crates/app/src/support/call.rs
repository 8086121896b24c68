//! Cases that the staff open: for somebody who calls, and about an item of reconciliation.

use super::write::Written;
use super::{invalid, refused, seen, text_of};
use crate::audit::Stamp;
use crate::reconciliation::queue::owner_of_item;
use crate::set_up::HOUSE;
use crate::staff::{permit, permitted};
use crate::{App, Problem};
use everline_core::audit::AuditAction;
use everline_core::effects::CaseReason;
use everline_core::ids::{CaseId, CustomerId, ItemId, LineId, OrderId, RawId};
use everline_core::staff::Permission;
use everline_core::support::{CaseFor, CaseState, EntryKind, NotTaken, PHONE, Priority, SUBJECT_MAX, due, readable};
use everline_store::tables::case::{self, Case};
use everline_store::tables::{customer, line, order};
use everline_store::{Stop, Tx, Work};

/// A case for somebody who calls. The id is chosen with the page, so that sending it twice opens one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewCall {
    /// Its id.
    pub id: CaseId,
    /// The line it is about.
    pub line: Option<LineId>,
    /// The order it is about.
    pub order: Option<OrderId>,
    /// In a few words.
    pub subject: String,
    /// What was said.
    pub text: String,
    /// Whether the customer reads it on their pages; else it is a note among the staff.
    pub owner_reads: bool,
    /// How much depends on it.
    pub priority: Priority,
}

/// Opens a case for a customer who calls; whoever takes the call has it.
///
/// # Errors
/// [`Problem::Invalid`] names the field; [`Problem::NotFound`] if line or order are not the customer's.
pub async fn open_for_caller(app: &App, by: RawId, customer: CustomerId, call: NewCall) -> Result<CaseId, Problem> {
    permitted(app, by, Permission::WorkCases).await?;
    let subject = readable(&call.subject, SUBJECT_MAX).filter(|subject| !subject.contains('\n'));
    let subject = subject.ok_or(invalid("subject", "1-to-100"))?;
    let kind = if call.owner_reads { EntryKind::Asker } else { EntryKind::Note };
    let (text, now) = (text_of(&call.text)?, app.clock.now());
    let written = Written { entry: app.clock.id(), kind, staff: Some(by), text, files: Vec::new(), now };
    let call = NewCall { subject, text: String::new(), ..call };
    Ok(app.store.transact(OpenForCaller { by, customer, call, written, stamp: Stamp::new(app)? }).await?)
}

struct OpenForCaller {
    by: RawId,
    customer: CustomerId,
    call: NewCall,
    written: Written,
    stamp: Stamp,
}
impl Work for OpenForCaller {
    const NAME: &'static str = "open_case_for_caller";
    type Out = CaseId;
    type Refusal = Problem;
    async fn run(&self, tx: &mut Tx) -> Result<CaseId, Stop<Problem>> {
        let (customer, call) = (self.customer, &self.call);
        permit(tx, self.by, Permission::WorkCases).await?;
        customer::lock_account(tx, customer).await?;
        if let Some(there) = case::get(tx, customer, call.id).await? {
            let same = there.step.as_deref() == Some(PHONE) && there.subject == call.subject;
            return if same { Ok(there.id) } else { Err(Stop::Refused(Problem::ExistsDifferently("id"))) };
        }
        let of_order = match call.order {
            Some(id) => Some(order::get(tx, customer, id).await?.ok_or(Stop::Refused(Problem::NotFound("order")))?),
            None => None,
        };
        let line = of_order.map(|order| order.line).or(call.line);
        if let Some(id) = line {
            line::get(tx, customer, id).await?.ok_or(Stop::Refused(Problem::NotFound("line")))?;
        }
        let at = self.written.now.business;
        case::add(
            tx,
            &Case {
                for_whom: if call.owner_reads { CaseFor::Owner } else { CaseFor::Staff },
                subject: call.subject.clone(),
                order: call.order,
                line,
                step: Some(PHONE.to_owned()),
                priority: call.priority,
                due_at: due(call.priority, CaseState::Open, at),
                owner: Some(self.by),
                changed_by: Some(self.by),
                ..Case::opened(customer, call.id, CaseReason::Asked, at)
            },
        );
        self.written.put(tx, (customer, call.id)).await?;
        let told = seen(AuditAction::CaseOpened, self.by, (customer, call.id));
        self.stamp.append(tx, told.at(line).with("for_owner", call.owner_reads)).await?;
        Ok(call.id)
    }
}

/// The case about an item; the same at every call.
fn case_of(item: ItemId) -> CaseId {
    CaseId(item.0.derive(0x73, 0))
}

/// Opens the case about an item of reconciliation, with what is to be found out; where there is one that is solved, opens that
/// again.
///
/// # Errors
/// [`Problem::Invalid`] names the field; [`Problem::NotFound`]; [`Problem::NotAllowed`]; [`Problem::NotTaken`] if one is open.
pub async fn open_for_item(app: &App, by: RawId, item: ItemId, text: &str) -> Result<(CustomerId, CaseId), Problem> {
    permitted(app, by, Permission::SettleReconciliation).await?;
    let (entry, now) = (app.clock.id(), app.clock.now());
    let text = text_of(text)?;
    let written = Written { entry, kind: EntryKind::Note, staff: Some(by), text, files: Vec::new(), now };
    Ok(app.store.transact(OpenForItem { by, item, written, stamp: Stamp::new(app)? }).await?)
}

struct OpenForItem {
    by: RawId,
    item: ItemId,
    written: Written,
    stamp: Stamp,
}
impl Work for OpenForItem {
    const NAME: &'static str = "open_case_for_item";
    type Out = (CustomerId, CaseId);
    type Refusal = Problem;
    async fn run(&self, tx: &mut Tx) -> Result<Self::Out, Stop<Problem>> {
        permit(tx, self.by, Permission::SettleReconciliation).await?;
        let (id, at) = (case_of(self.item), self.written.now.business);
        let owner = owner_of_item(tx, self.item).await?.unwrap_or(HOUSE);
        // Whose the item is may be known better by now: the case stays where it was opened.
        let there = case::of_cause(tx, self.item.0).await?;
        let customer = there.map_or(owner, |(customer, _)| customer);
        customer::lock_account(tx, customer).await?;
        match case::lock(tx, customer, id).await? {
            Some(_) if self.written.is_there(tx, (customer, id)).await? => return Ok((customer, id)),
            Some(case) if case.state != CaseState::Solved || case.merged_into.is_some() => {
                return Err(refused(NotTaken::Already));
            }
            Some(case) => {
                let step = (Some(self.by), everline_core::support::CaseStep::StateSet);
                case::save(tx, &super::changed(case, CaseState::Open, step, at));
            }
            None => case::add(
                tx,
                &Case {
                    cause: Some("item".to_owned()),
                    cause_id: Some(self.item.0),
                    changed_by: Some(self.by),
                    ..Case::opened(customer, id, CaseReason::Reconciliation, at)
                },
            ),
        }
        self.written.put(tx, (customer, id)).await?;
        let told = seen(AuditAction::CaseOpened, self.by, (customer, id)).with("item", self.item.to_string());
        self.stamp.append(tx, told).await?;
        Ok((customer, id))
    }
}
