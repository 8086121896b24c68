//! The profile of a line that is served by an eSIM, and its activation code: for the line's owner alone, once something was
//! paid for the line, and with a proof of the last minutes: whoever loads the profile has the number.
//!
//! The code is sealed in the store and opened for the page that shows it; it is logged and kept nowhere else.

use crate::import::activation_codes::{ActivationCode, FIELD};
use crate::import::sims::place;
use crate::sessions::{MayChange, SessionInfo};
use crate::{App, Problem};
use everline_core::account::Change;
use everline_core::identifiers::Iccid;
use everline_core::ids::{CustomerId, LineId};
use everline_core::line::Line;
use everline_store::tables::sim::{self, SimKind};
use everline_store::tables::{line, order, stock};
use everline_store::{Stop, Tx, Work};

/// How many of a line's orders are looked at for one that was delivered.
const ORDERS: i64 = 20;

/// The profile that serves a line.
#[derive(Debug, Clone, PartialEq)]
pub struct Profile {
    /// The line.
    pub line: Line,
    /// The profile's number.
    pub iccid: Iccid,
    /// Whether something was bought and delivered for the line: before that there is no code to show.
    pub bought: bool,
    /// Whether there is a code in stock for it.
    pub has_code: bool,
}

/// The profile that serves a line; `None` if a card does.
///
/// # Errors
/// [`Problem::NotFound`] for another's line.
pub async fn profile(app: &App, customer: CustomerId, line: LineId) -> Result<Option<Profile>, Problem> {
    Ok(app.store.read(Look { customer, line }).await?)
}

/// The activation code of a line's profile.
///
/// # Errors
/// [`Problem::ProveFirst`] without a fresh proof, [`Problem::HeldBack`] for a day after the Sim of the contact number was
/// replaced; [`Problem::NotFound`] if a card serves the line, nothing was delivered for it, or there is no code.
pub async fn activation_code(app: &App, session: &SessionInfo, line: LineId) -> Result<ActivationCode, Problem> {
    let may = MayChange::new(session, Change::Access, app.clock.now())?;
    let customer = session.customer()?;
    opened(app, app.store.read(Open { may, customer, line }).await?)
}

/// A profile, and its code as it is sealed in the store.
pub(crate) type Opened = (Iccid, Vec<u8>);

/// Opens a code.
pub(crate) fn opened(app: &App, (iccid, sealed): Opened) -> Result<ActivationCode, Problem> {
    let place = place(iccid.as_str(), FIELD);
    let text = app.secrets.open(&place, &sealed);
    let text = text.map_err(|_| Problem::Internal("an activation code does not open".to_owned()))?;
    ActivationCode::parse(&text, false).map_err(|_| Problem::Internal("an activation code is none".to_owned()))
}

async fn found(tx: &mut Tx, customer: CustomerId, id: LineId) -> Result<Option<Profile>, Stop<Problem>> {
    let line = line::get(tx, customer, id).await?.ok_or(Stop::Refused(Problem::NotFound("line")))?;
    let Some(iccid) = sim::primary_of(tx, id).await? else { return Ok(None) };
    let held = sim::find(tx, &iccid).await?;
    if held.is_none_or(|held| held.kind != SimKind::Esim) {
        return Ok(None);
    }
    let orders = order::of_line(tx, customer, id, ORDERS).await?;
    let bought = orders.iter().any(|order| order.state.delivered());
    let has_code = stock::sealed_code(tx, iccid.as_str()).await?.is_some();
    Ok(Some(Profile { line, iccid, bought, has_code }))
}

struct Look {
    customer: CustomerId,
    line: LineId,
}
impl Work for Look {
    const NAME: &'static str = "esim_profile";
    type Out = Option<Profile>;
    type Refusal = Problem;
    async fn run(&self, tx: &mut Tx) -> Result<Self::Out, Stop<Problem>> {
        found(tx, self.customer, self.line).await
    }
}

struct Open {
    may: MayChange,
    customer: CustomerId,
    line: LineId,
}
impl Work for Open {
    const NAME: &'static str = "esim_activation_code";
    type Out = Opened;
    type Refusal = Problem;
    async fn run(&self, tx: &mut Tx) -> Result<Self::Out, Stop<Problem>> {
        let profile = found(tx, self.customer, self.line).await?;
        self.may.look(tx).await?;
        let none = Stop::Refused(Problem::NotFound("profile"));
        // A line that is over has no profile of its owner's any more.
        let profile = profile.filter(|profile| profile.bought && !profile.line.state.over());
        let Some(profile) = profile else { return Err(none) };
        let sealed = stock::sealed_code(tx, profile.iccid.as_str()).await?.ok_or(none)?;
        Ok((profile.iccid, sealed))
    }
}
