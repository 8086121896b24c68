//! Contact persons of a line: a child's watch, a tracker, a router tell their user nothing. Its owner names a few numbers and
//! mailboxes; each is proved by a code that was sent there. Contact persons are told, and own nothing.
//!
//! The code has a template of its own, that says what it is for, and it signs nobody in: whoever reads it out to a stranger
//! gives away that they want to be told, and no more.

use crate::sign_in::{CodeFor, TypedCode, request_code_to};
use crate::{App, Problem};
use everline_core::ids::{CustomerId, LineId, RawId};
use everline_core::message::{Address, EmailAddress};
use everline_core::number_plan::NumberOf;
use everline_core::time::SystemTime;
use everline_store::tables::line;
use everline_store::tables::reminder::{self, LineContact};
use everline_store::{LostCommit, Stop, Tx, Work};

/// Most contact persons of one line.
pub const CONTACTS_MAX: usize = 5;

/// A number or a mailbox, as somebody wrote it.
///
/// # Errors
/// [`Problem::Invalid`] if it is neither.
pub fn read_address(app: &App, typed: &str) -> Result<Address, Problem> {
    let invalid = |_| Problem::Invalid { field: "address", rule: "neither a number nor a mailbox" };
    if typed.contains('@') {
        return EmailAddress::parse(typed).map(Address::Email).map_err(|_| invalid(()));
    }
    app.brand.number(typed, NumberOf::Person).map(Address::Sms).map_err(|_| invalid(()))
}

/// Sends a code to somebody who is to be told about a line; the id names the request in [`add`].
///
/// # Errors
/// [`Problem::Invalid`] if it is no address or there are too many; [`Problem::TooMany`]; [`Problem::ProviderSilent`];
/// [`Problem::NotFound`] for a line that is not this customer's.
pub async fn ask(app: &App, customer: CustomerId, line: LineId, typed: &str, language: &str) -> Result<RawId, Problem> {
    let address = read_address(app, typed)?;
    app.store.read(Room { customer, line }).await?;
    request_code_to(app, &address, CodeFor::LineContact, language).await
}

/// Adds whom the code went to.
///
/// # Errors
/// As [`ask`]; and [`Problem::CodeWrong`], [`Problem::CodeGone`].
pub async fn add(
    app: &App,
    customer: CustomerId,
    line: LineId,
    (request, code): (RawId, &str),
    language: &str,
) -> Result<(), Problem> {
    let code = TypedCode::new(app, request, code)?;
    let (id, now, language) = (app.clock.id(), app.clock.now().system, language.to_owned());
    app.store.transact(Add { customer, line, code, id, language, now }).await?
}

/// Removes a contact person; nothing if there is none of this id.
///
/// # Errors
/// [`Problem::NotFound`] for a line that is not this customer's.
pub async fn remove(app: &App, customer: CustomerId, line: LineId, id: RawId) -> Result<(), Problem> {
    Ok(app.store.transact(Remove { customer, line, id }).await?)
}

/// Refuses unless there is room for one more.
async fn room(tx: &mut Tx, customer: CustomerId, line: LineId) -> Result<(), Stop<Problem>> {
    let found = line::get(tx, customer, line).await?;
    found.filter(|line| !line.state.over()).ok_or(Stop::Refused(Problem::NotFound("line")))?;
    if reminder::contacts(tx, customer, line).await?.len() >= CONTACTS_MAX {
        return Err(Stop::Refused(Problem::Invalid { field: "address", rule: "too many" }));
    }
    Ok(())
}

struct Room {
    customer: CustomerId,
    line: LineId,
}
impl Work for Room {
    const NAME: &'static str = "room_for_line_contact";
    type Out = ();
    type Refusal = Problem;
    async fn run(&self, tx: &mut Tx) -> Result<(), Stop<Problem>> {
        room(tx, self.customer, self.line).await
    }
}

struct Add {
    customer: CustomerId,
    line: LineId,
    code: TypedCode,
    id: RawId,
    language: String,
    now: SystemTime,
}
impl Work for Add {
    const NAME: &'static str = "add_line_contact";
    // A second run would find the code used.
    const ON_LOST_COMMIT: LostCommit = LostCommit::Report;
    // A wrong code is counted, so it commits.
    type Out = Result<(), Problem>;
    type Refusal = Problem;
    async fn run(&self, tx: &mut Tx) -> Result<Self::Out, Stop<Problem>> {
        room(tx, self.customer, self.line).await?;
        // Locked, so that two at once do not both find room.
        line::lock(tx, self.customer, self.line).await?;
        room(tx, self.customer, self.line).await?;
        let address = match self.code.used_for(tx, CodeFor::LineContact, self.now).await? {
            Ok(address) => address,
            Err(problem) => return Ok(Err(problem)),
        };
        let contact = LineContact { id: self.id, address, language: self.language.clone(), added_at: self.now };
        reminder::add_contact(tx, self.customer, self.line, &contact);
        Ok(Ok(()))
    }
}

struct Remove {
    customer: CustomerId,
    line: LineId,
    id: RawId,
}
impl Work for Remove {
    const NAME: &'static str = "remove_line_contact";
    type Out = ();
    type Refusal = Problem;
    async fn run(&self, tx: &mut Tx) -> Result<(), Stop<Problem>> {
        let theirs = reminder::contacts(tx, self.customer, self.line).await?;
        line::get(tx, self.customer, self.line).await?.ok_or(Stop::Refused(Problem::NotFound("line")))?;
        if theirs.iter().any(|contact| contact.id == self.id) {
            reminder::remove_contact(tx, self.customer, self.id);
        }
        Ok(())
    }
}
