//! Opening a case: from a page of the customer's, or from a guest's order.

use super::write::Written;
use super::{About, NewCase, SHOWN, invalid, take, text_of};
use crate::{App, Problem};
use everline_core::effects::CaseReason;
use everline_core::ids::{AttemptId, CaseId, CustomerId, LineId};
use everline_core::payment::AttemptState;
use everline_core::support::{CaseFor, EntryKind, NotTaken, OPEN_MAX, SUBJECT_MAX, Side, over, readable};
use everline_store::tables::case::{self, Case};
use everline_store::tables::{customer, line, order, payment, support};
use everline_store::{Stop, Tx, Work};

/// Opens a case, or finds the one that was opened under this id.
///
/// # Errors
/// [`Problem::Invalid`] names the field; [`Problem::NotFound`] if order or line are not the customer's;
/// [`Problem::NotTaken`] if there are too many open ones.
pub async fn open(app: &App, customer: CustomerId, new: NewCase) -> Result<CaseId, Problem> {
    Ok(app.store.transact(opening(app, customer, new, CaseReason::Asked)?).await?)
}

/// The Work that opens a case: alone, or within another that the case belongs to.
pub(crate) fn opening(app: &App, customer: CustomerId, new: NewCase, reason: CaseReason) -> Result<Open, Problem> {
    let subject = readable(&new.subject, SUBJECT_MAX).filter(|subject| !subject.contains('\n'));
    let subject = subject.ok_or(invalid("subject", "1-to-100"))?;
    let (text, files) = (text_of(&new.text)?, take(app, new.files)?);
    let NewCase { id, for_whom, about, follows, .. } = new;
    let written =
        Written { entry: app.clock.id(), kind: EntryKind::Asker, staff: None, text, files, now: app.clock.now() };
    Ok(Open { customer, id, for_whom, reason, about, subject, follows, written })
}

pub(crate) struct Open {
    customer: CustomerId,
    id: CaseId,
    for_whom: CaseFor,
    reason: CaseReason,
    about: About,
    subject: String,
    follows: Option<CaseId>,
    written: Written,
}
impl Work for Open {
    const NAME: &'static str = "open_case";
    type Out = CaseId;
    type Refusal = Problem;
    async fn run(&self, tx: &mut Tx) -> Result<CaseId, Stop<Problem>> {
        let customer = self.customer;
        // What counts together is counted under the account's lock.
        customer::lock_account(tx, customer).await?;
        if let Some(there) = case::get(tx, customer, self.id).await? {
            return if there.for_whom == self.for_whom {
                Ok(there.id)
            } else {
                Err(Stop::Refused(Problem::ExistsDifferently("id")))
            };
        }
        match (self.for_whom, self.about.order) {
            (CaseFor::Owner, _) => {
                let open = usize::try_from(case::open_count(tx, customer).await?).unwrap_or(usize::MAX);
                if open >= OPEN_MAX {
                    return Err(Stop::Refused(NotTaken::TooManyOpen.into()));
                }
            }
            // One case an order: they go on writing in it, unless it was solved long ago.
            (CaseFor::Guest, Some(order)) => {
                let now = self.written.now.business;
                if case::of_guest(tx, customer, order).await?.is_some_and(|there| !over(there.solved_at, now)) {
                    return Err(Stop::Refused(NotTaken::TooManyOpen.into()));
                }
            }
            (CaseFor::Guest, None) | (CaseFor::Staff, _) => return Err(Stop::Refused(Problem::NotAllowed)),
        }
        let (line, attempt, side) = self.context(tx).await?;
        let at = self.written.now.business;
        if let Some(older) = self.follows {
            let older = case::get(tx, customer, older).await?;
            let theirs = |older: &Case| older.for_whom == self.for_whom && older.solved_at.is_some();
            let same = |older: &Case| self.for_whom == CaseFor::Owner || older.order == self.about.order;
            older.filter(|older| theirs(older) && same(older)).ok_or(Stop::Refused(Problem::NotFound("case")))?;
        }
        case::add(
            tx,
            &Case {
                for_whom: self.for_whom,
                subject: self.subject.clone(),
                order: self.about.order,
                line,
                attempt,
                step: self.about.step.map(str::to_owned),
                side,
                follows: self.follows,
                ..Case::opened(customer, self.id, self.reason, at)
            },
        );
        self.written.put(tx, (customer, self.id)).await?;
        Ok(self.id)
    }
}
impl Open {
    /// What else is known: line, newest attempt, whose turn it is.
    async fn context(&self, tx: &mut Tx) -> Result<(Option<LineId>, Option<AttemptId>, Option<Side>), Stop<Problem>> {
        let customer = self.customer;
        let of_order = match self.about.order {
            Some(id) => Some(order::get(tx, customer, id).await?.ok_or(Stop::Refused(Problem::NotFound("order")))?),
            None => None,
        };
        let Some(id) = of_order.as_ref().map(|order| order.line).or(self.about.line) else {
            return Ok((None, None, None));
        };
        let line = line::get(tx, customer, id).await?.ok_or(Stop::Refused(Problem::NotFound("line")))?;
        let Some(order) = of_order else { return Ok((Some(line.id), None, None)) };
        let attempts = payment::of_order(tx, customer, order.id).await?;
        let newest = attempts.last();
        let silent = newest.is_some_and(|attempt| attempt.state == AttemptState::Unknown);
        let cases = support::cases_of(tx, customer, SHOWN).await?;
        let looked_at = cases.iter().any(|case| case.1 == Some(order.id));
        let side = Side::of(order.state, line.network, silent, looked_at);
        Ok((Some(line.id), newest.map(|attempt| attempt.id), side))
    }
}
