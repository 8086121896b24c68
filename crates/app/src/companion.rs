//! One number on several devices (一号多终端): profiles of the stock that bear no number of their own serve a line beside its
//! primary Sim. All of them use what the line has.

use crate::account_news::happened;
use crate::esim::{Opened, opened};
use crate::import::activation_codes::ActivationCode;
use crate::save::{self, carry_out};
use crate::sessions::{MayChange, SessionInfo};
use crate::{App, Problem};
use everline_core::account::{AccountNews, Change};
use everline_core::effects::Effects;
use everline_core::esim_device::DeviceCheck;
use everline_core::identifiers::{Iccid, Imsi};
use everline_core::ids::{CustomerId, LineId, RawId};
use everline_core::lifecycle::{NoHandOver, Situation};
use everline_core::line::{Line, LineState, NetworkKind};
use everline_core::time::{Now, Zone};
use everline_store::tables::{device_check, directory, job, line, sim, stock};
use everline_store::{Stop, Tx, Work};

/// The devices of a line.
#[derive(Debug, Clone, PartialEq)]
pub struct Companions {
    /// The line.
    pub line: Line,
    /// The profiles beside its own Sim, and whether there is a code for each.
    pub beside: Vec<(Iccid, bool)>,
    /// Whether another can be added.
    pub room: bool,
}

/// The devices of a line.
///
/// # Errors
/// [`Problem::NotFound`] for another's line.
pub async fn companions(app: &App, customer: CustomerId, line: LineId) -> Result<Companions, Problem> {
    Ok(app.store.read(Look { customer, line, most: app.brand.companions_max }).await?)
}

/// Whether a line can have another device: it has service, and it is ours to serve.
const fn takes_companions(line: &Line) -> bool {
    matches!(line.state, LineState::Active | LineState::Grace { .. }) && matches!(line.network, NetworkKind::BuiltIn)
}

/// Gives a line's number to another device, by a profile of the stock. Under one `id` this happens once.
///
/// # Errors
/// [`Problem::ProveFirst`], [`Problem::HeldBack`]; [`Problem::NotFound`] for another's line; [`Problem::Invalid`]: `line`
/// without service or of another network, or with as many as it may have; [`Problem::SoldOut`].
pub async fn add_companion(
    app: &App,
    session: &SessionInfo,
    (line, id): (LineId, RawId),
    check: DeviceCheck,
) -> Result<(), Problem> {
    let now = app.clock.now();
    let may = MayChange::new(session, Change::Access, now)?;
    let (event, most) = (app.clock.id(), app.brand.companions_max);
    Ok(app.store.transact(Add { may, line, id, check, event, most, now }).await?)
}

/// Takes a line's number from a device; its profile is given out no more.
///
/// # Errors
/// [`Problem::ProveFirst`], [`Problem::HeldBack`]; [`Problem::NotFound`] for another's line, or a profile that does not serve
/// it; [`Problem::NotHandedOver`] while the network is being told about it.
pub async fn remove_companion(app: &App, session: &SessionInfo, line: LineId, iccid: &str) -> Result<(), Problem> {
    let now = app.clock.now();
    let may = MayChange::new(session, Change::Access, now)?;
    let (event, zone) = (app.clock.id(), app.zone.clone());
    Ok(app.store.transact(Remove { may, line, iccid: iccid.to_owned(), event, zone, now }).await?)
}

/// The activation code of a profile beside a line's own, for its owner with a fresh proof.
///
/// # Errors
/// As [`crate::esim::activation_code`].
pub async fn companion_code(
    app: &App,
    session: &SessionInfo,
    line: LineId,
    iccid: &str,
) -> Result<ActivationCode, Problem> {
    let may = MayChange::new(session, Change::Access, app.clock.now())?;
    opened(app, app.store.read(Open { may, line, iccid: iccid.to_owned() }).await?)
}

/// Takes every device from a line that goes to another owner: the former one keeps none.
pub(crate) async fn drop_all(tx: &mut Tx, is: &mut Situation) -> Result<(), Stop<Problem>> {
    for companion in sim::companions_of(tx, is.line.id).await? {
        drop_one(tx, is, &companion).await?;
    }
    Ok(())
}

/// Takes a line's number from a profile. Its sessions end: the network hears so when it next reports.
async fn drop_one(tx: &mut Tx, is: &mut Situation, (iccid, imsi): &(Iccid, Imsi)) -> Result<(), Stop<Problem>> {
    use directory::Name;
    let (customer, line) = (is.line.customer, is.line.id);
    let theirs = is.allowance.sessions.extract_if(.., |session| session.imsi == imsi.as_str());
    for session in theirs.collect::<Vec<_>>() {
        if !job::of_session(tx, session.id).await?.is_empty() {
            return Err(Stop::Refused(Problem::NotHandedOver(NoHandOver::Underway)));
        }
        directory::remove_of(tx, Name::Session, &session.id.to_string(), customer, line.0);
    }
    directory::remove_of(tx, Name::Iccid, iccid.as_str(), customer, line.0);
    directory::remove_of(tx, Name::Imsi, imsi.as_str(), customer, line.0);
    sim::retire(tx, iccid, line).await?;
    Ok(())
}

async fn own(tx: &mut Tx, customer: CustomerId, line: LineId) -> Result<Line, Stop<Problem>> {
    line::get(tx, customer, line).await?.ok_or(Stop::Refused(Problem::NotFound("line")))
}

async fn find(tx: &mut Tx, line: LineId, iccid: &str) -> Result<(Iccid, Imsi), Stop<Problem>> {
    let mut all = sim::companions_of(tx, line).await?.into_iter();
    all.find(|(found, _)| found.as_str() == iccid).ok_or(Stop::Refused(Problem::NotFound("profile")))
}

struct Look {
    customer: CustomerId,
    line: LineId,
    most: u8,
}
impl Work for Look {
    const NAME: &'static str = "companions";
    type Out = Companions;
    type Refusal = Problem;
    async fn run(&self, tx: &mut Tx) -> Result<Companions, Stop<Problem>> {
        let line = own(tx, self.customer, self.line).await?;
        let mut beside = Vec::new();
        for (iccid, _) in sim::companions_of(tx, self.line).await? {
            let has_code = stock::sealed_code(tx, iccid.as_str()).await?.is_some();
            beside.push((iccid, has_code));
        }
        let room = takes_companions(&line) && beside.len() < usize::from(self.most);
        Ok(Companions { line, beside, room })
    }
}

struct Add {
    may: MayChange,
    line: LineId,
    id: RawId,
    check: DeviceCheck,
    event: RawId,
    most: u8,
    now: Now,
}
impl Work for Add {
    const NAME: &'static str = "add_companion";
    type Out = ();
    type Refusal = Problem;
    async fn run(&self, tx: &mut Tx) -> Result<(), Stop<Problem>> {
        let customer = self.may.customer;
        self.may.check(tx).await?;
        let line = line::lock(tx, customer, self.line).await?;
        if device_check::get(tx, customer, self.id).await?.is_some() {
            return Ok(()); // the page was sent twice
        }
        let wrong = |rule| Err(Stop::Refused(Problem::Invalid { field: "line", rule }));
        if !takes_companions(&line) {
            return wrong("no-companions");
        }
        if sim::companions_of(tx, self.line).await?.len() >= usize::from(self.most) {
            return wrong("companions-full");
        }
        let sold_out = || Stop::Refused(Problem::SoldOut);
        let profile = sim::a_companion(tx).await?.ok_or_else(sold_out)?;
        if !sim::take_beside(tx, &profile.iccid, (customer, self.line)).await? {
            return Err(sold_out());
        }
        directory::add(tx, directory::Name::Iccid, profile.iccid.as_str(), customer, self.line.0);
        directory::add(tx, directory::Name::Imsi, profile.imsi.as_str(), customer, self.line.0);
        device_check::add(tx, (customer, self.id), (self.line, &profile.iccid), &self.check, self.now.system);
        happened(tx, customer, (self.event, AccountNews::CompanionAdded), ("", None), self.now)
    }
}

struct Remove {
    may: MayChange,
    line: LineId,
    iccid: String,
    event: RawId,
    zone: Zone,
    now: Now,
}
impl Work for Remove {
    const NAME: &'static str = "remove_companion";
    type Out = ();
    type Refusal = Problem;
    async fn run(&self, tx: &mut Tx) -> Result<(), Stop<Problem>> {
        let customer = self.may.customer;
        self.may.check(tx).await?;
        let mut is = save::lock(tx, customer, self.line).await?;
        let companion = find(tx, self.line, &self.iccid).await?;
        drop_one(tx, &mut is, &companion).await?;
        let effects = Effects { line: Some(is.line), allowance: Some(is.allowance), ..Effects::default() };
        carry_out(tx, (customer, self.line), &effects, &self.zone, self.now).await?;
        happened(tx, customer, (self.event, AccountNews::CompanionRemoved), ("", None), self.now)
    }
}

struct Open {
    may: MayChange,
    line: LineId,
    iccid: String,
}
impl Work for Open {
    const NAME: &'static str = "companion_code";
    type Out = Opened;
    type Refusal = Problem;
    async fn run(&self, tx: &mut Tx) -> Result<Opened, Stop<Problem>> {
        let line = own(tx, self.may.customer, self.line).await?;
        self.may.look(tx).await?;
        let none = || Stop::Refused(Problem::NotFound("profile"));
        if line.state.over() {
            return Err(none());
        }
        let (iccid, _) = find(tx, self.line, &self.iccid).await?;
        let sealed = stock::sealed_code(tx, iccid.as_str()).await?.ok_or_else(none)?;
        Ok((iccid, sealed))
    }
}
