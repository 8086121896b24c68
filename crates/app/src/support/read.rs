//! Reading cases: an owner's, a guest's, the staff's, and their files.

use super::prepared::ROWS_MAX as PREPARED;
use super::{AtDesk, CaseView, Reader, SHOWN, seen};
use crate::staff::see;
use crate::{App, Problem};
use everline_core::attachment::FileKind;
use everline_core::audit::AuditAction;
use everline_core::ids::{CaseId, CustomerId, LineId, OrderId, RawId};
use everline_core::staff::{Permission, Role};
use everline_core::support::EntryKind;
use everline_store::tables::case::{self, Case};
use everline_store::tables::{customer, line, order, prepared, staff as staff_table};
use everline_store::{Stop, Tx, Work};

/// Cases into which one can go that a page lists.
const OTHERS: i64 = 50;

/// The cases of an owner, those that changed last first.
pub async fn cases(app: &App, customer: CustomerId) -> Result<Vec<Case>, Problem> {
    Ok(app.store.read(OfOwner { customer }).await?)
}
/// A case as its owner reads it.
///
/// # Errors
/// [`Problem::NotFound`] if it is not for this customer to read.
pub async fn for_owner(app: &App, customer: CustomerId, id: CaseId) -> Result<CaseView, Problem> {
    Ok(app.store.read(Read { customer, id, reader: Reader::Owner }).await?)
}
/// The case of a guest about their order, if they opened one.
pub async fn for_guest(app: &App, customer: CustomerId, order: OrderId) -> Result<Option<CaseView>, Problem> {
    match app.store.read(FindOfGuest { customer, order }).await? {
        Some(id) => Ok(Some(app.store.read(Read { customer, id, reader: Reader::Guest(order) }).await?)),
        None => Ok(None),
    }
}
/// A file of a case: name, kind and content.
///
/// # Errors
/// [`Problem::NotFound`] unless case and file are for this reader.
pub async fn file(
    app: &App,
    (customer, id): (CustomerId, CaseId),
    file: RawId,
    reader: Reader,
) -> Result<(String, FileKind, Vec<u8>), Problem> {
    let (found, line) = app.store.read(ReadFile { customer, id, file, reader }).await?;
    if let Reader::Staff(by) = reader {
        let act = seen(AuditAction::CaseFileSeen, by, (customer, id)).at(line).with("file", file.to_string());
        see(app, by, Permission::SeeCustomer, act).await?;
    }
    Ok(found)
}
/// A case as staff read it.
///
/// # Errors
/// [`Problem::NotAllowed`]
pub async fn for_staff(app: &App, by: RawId, customer: CustomerId, id: CaseId) -> Result<CaseView, Problem> {
    let view = app.store.read(Read { customer, id, reader: Reader::Staff(by) }).await?;
    see(app, by, Permission::SeeCustomer, seen(AuditAction::CaseSeen, by, (customer, id)).at(view.case.line)).await?;
    Ok(view)
}

struct OfOwner {
    customer: CustomerId,
}
impl Work for OfOwner {
    const NAME: &'static str = "cases_of_owner";
    type Out = Vec<Case>;
    type Refusal = Problem;
    async fn run(&self, tx: &mut Tx) -> Result<Vec<Case>, Stop<Problem>> {
        Ok(case::of_owner(tx, self.customer, SHOWN).await?)
    }
}

struct FindOfGuest {
    customer: CustomerId,
    order: OrderId,
}
impl Work for FindOfGuest {
    const NAME: &'static str = "case_of_guest";
    type Out = Option<CaseId>;
    type Refusal = Problem;
    async fn run(&self, tx: &mut Tx) -> Result<Option<CaseId>, Stop<Problem>> {
        Ok(case::of_guest(tx, self.customer, self.order).await?.map(|case| case.id))
    }
}

struct Read {
    customer: CustomerId,
    id: CaseId,
    reader: Reader,
}
impl Work for Read {
    const NAME: &'static str = "read_case";
    type Out = CaseView;
    type Refusal = Problem;
    async fn run(&self, tx: &mut Tx) -> Result<CaseView, Stop<Problem>> {
        let (customer, staff) = (self.customer, matches!(self.reader, Reader::Staff(_)));
        let found = case::get(tx, customer, self.id).await?;
        let case = self.reader.may(tx, found).await?;
        let mut entries = Vec::new();
        for mut entry in case::entries(tx, customer, case.id).await? {
            if !staff && entry.kind == EntryKind::Note {
                continue;
            }
            // Who of the staff wrote is for the staff to know.
            let by = entry.staff.take().filter(|_| staff);
            let name = match by {
                Some(by) => Some(staff_table::signature(tx, by).await?),
                None => None,
            };
            entry.staff = by;
            entries.push((entry, name));
        }
        let files = case::files(tx, customer, case.id).await?;
        let order_number = match case.order {
            Some(id) => order::get(tx, customer, id).await?.map(|order| order.number),
            None => None,
        };
        let line = match case.line {
            Some(id) => line::get(tx, customer, id).await?,
            None => None,
        };
        let desk = if staff { Some(at_desk(tx, &case).await?) } else { None };
        Ok(CaseView { case, entries, files, order_number, line, desk })
    }
}

/// What the staff see besides.
async fn at_desk(tx: &mut Tx, case: &Case) -> Result<AtDesk, Stop<Problem>> {
    let goes_on = case.merged_into.is_none();
    let mut named = Vec::new();
    for member in [case.owner, case.changed_by] {
        named.push(match member {
            Some(id) => Some(staff_table::signature(tx, id).await?),
            None => None,
        });
    }
    let changed_by = named.pop().flatten();
    let works = |row: &staff_table::StaffRow| {
        row.active && Role::from_word(&row.role).is_some_and(|role| role.may(Permission::WorkCases))
    };
    let members = staff_table::list(tx).await?.into_iter().filter(|row| goes_on && works(row));
    Ok(AtDesk {
        owner: named.pop().flatten(),
        changed_by,
        colleagues: members.filter(|row| Some(row.id) != case.owner).map(|row| (row.id, row.name)).collect(),
        others: if goes_on { case::others(tx, case.customer, case.id, OTHERS).await? } else { Vec::new() },
        prepared: prepared::all(tx, PREPARED).await?,
        language: customer::get(tx, case.customer).await?.language,
    })
}

struct ReadFile {
    customer: CustomerId,
    id: CaseId,
    file: RawId,
    reader: Reader,
}
impl Work for ReadFile {
    const NAME: &'static str = "read_case_file";
    type Out = ((String, FileKind, Vec<u8>), Option<LineId>);
    type Refusal = Problem;
    async fn run(&self, tx: &mut Tx) -> Result<Self::Out, Stop<Problem>> {
        let found = case::get(tx, self.customer, self.id).await?;
        let line = self.reader.may(tx, found).await?.line;
        let file = case::file(tx, self.customer, self.id, self.file).await?;
        Ok((file.ok_or(Stop::Refused(Problem::NotFound("file")))?, line))
    }
}
