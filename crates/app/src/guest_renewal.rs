//! What a guest sees of a line: its number and what could be bought for its kind of line. What the line has now plays no
//! part in it, so that it tells nothing; whether something can be bought is answered when it is ordered.

use crate::catalog::{GuestLine, find_guest_line};
use crate::{App, Problem};
use everline_core::identifiers::Msisdn;
use everline_core::ids::{CustomerId, LineId, SessionId};
use everline_core::line::Line;
use everline_core::number_plan::NumberOf;
use everline_core::offering::Offering;
use everline_store::tables::{catalog, directory, line};
use everline_store::{Stop, Tx, Work};

/// A line and the offerings of its family.
#[derive(Debug, Clone, PartialEq)]
pub struct GuestChoices {
    /// The line, for the server only.
    pub guest: GuestLine,
    /// The number the guest asked for.
    pub msisdn: Msisdn,
    /// Everything on sale for its family, in the catalog's order.
    pub offerings: Vec<Offering>,
}

/// A number as a guest writes it.
///
/// # Errors
/// [`Problem::Invalid`] if it is none of the brand's.
pub fn read_number(app: &App, typed: &str) -> Result<Msisdn, Problem> {
    let number = app.brand.number(typed, NumberOf::Line);
    number.map_err(|_| Problem::Invalid { field: "number", rule: "not-a-number" })
}

/// The offerings of the family of a line that anyone may renew.
///
/// # Errors
/// [`Problem::NotFound`], the same for a number that does not exist and one whose owner switched this off.
pub async fn guest_choices(app: &App, msisdn: &Msisdn) -> Result<GuestChoices, Problem> {
    let guest = find_guest_line(app, msisdn).await?;
    app.store.read(FamilyOfferings { guest }).await.map_err(Problem::from)
}

/// The number behind a session of the built-in network: a redirected device, or whoever is tethered to it, is a guest.
///
/// # Errors
/// [`Problem::NotFound`] for a session that does not exist and for a line whose owner switched guests off.
pub async fn guest_number_of_session(app: &App, session: SessionId) -> Result<Msisdn, Problem> {
    app.store.read(NumberOfSession { session }).await.map_err(Problem::from)
}

struct FamilyOfferings {
    guest: GuestLine,
}
impl Work for FamilyOfferings {
    const NAME: &'static str = "guest_offerings";
    type Out = GuestChoices;
    type Refusal = Problem;
    async fn run(&self, tx: &mut Tx) -> Result<GuestChoices, Stop<Problem>> {
        let found = open_line(tx, self.guest.customer, self.guest.line).await?;
        let mut offerings = catalog::on_sale(tx).await?;
        offerings.retain(|one| one.families.contains(&found.family) && one.eligibility.is_open());
        offerings.sort_by_key(|offering| (offering.kind as u8, offering.price.micros()));
        Ok(GuestChoices { guest: self.guest.clone(), msisdn: found.msisdn, offerings })
    }
}

struct NumberOfSession {
    session: SessionId,
}
impl Work for NumberOfSession {
    const NAME: &'static str = "guest_number_of_session";
    type Out = Msisdn;
    type Refusal = Problem;
    async fn run(&self, tx: &mut Tx) -> Result<Msisdn, Stop<Problem>> {
        let found = directory::find(tx, directory::Name::Session, &self.session.to_string()).await?;
        let (customer, id) = found.ok_or(Stop::Refused(Problem::NotFound("line")))?;
        Ok(open_line(tx, customer, LineId(id)).await?.msisdn)
    }
}

/// A line whose owner lets guests renew it.
async fn open_line(tx: &mut Tx, customer: CustomerId, id: LineId) -> Result<Line, Stop<Problem>> {
    let found = line::get(tx, customer, id).await?;
    found.filter(|line| line.guest_renewal).ok_or(Stop::Refused(Problem::NotFound("line")))
}
