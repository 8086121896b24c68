//! What an owner says of a line: what it is called, what it sits in, whether others may renew it; that it is lost, and that
//! it was found.

use crate::lifecycle_command::lifecycle_command;
use crate::sessions::{SessionInfo, may_change};
use crate::{App, Problem};
use everline_core::account::Change;
use everline_core::identifiers::Imei;
use everline_core::ids::{CustomerId, LineId};
use everline_core::lifecycle::LifecycleCommand;
use everline_core::line::{DeviceKind, Line};
use everline_core::ownership;
use everline_store::tables::{customer, line, line_device};
use everline_store::{Stop, Tx, Work};

/// What an owner says of a line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Described {
    /// What it is called.
    pub name: String,
    /// What it sits in, by its stable word.
    pub device: String,
    /// The number of the device (IMEI), if they know it; spaces and hyphens make no difference.
    pub imei: String,
    /// Whether anyone may renew it by its number.
    pub guest_renewal: bool,
}

/// Describes a line anew.
///
/// # Errors
/// [`Problem::Invalid`]: `name`, `device`, `imei`; [`Problem::NotFound`] if the customer has no such line.
pub async fn describe(app: &App, session: &SessionInfo, line: LineId, said: &Described) -> Result<(), Problem> {
    let name = ownership::line_name(&said.name).map_err(|_| Problem::Invalid { field: "name", rule: "up-to-40" })?;
    let device = DeviceKind::from_word(&said.device);
    let device = device.ok_or(Problem::Invalid { field: "device", rule: "one-of-the-list" })?;
    let imei: String = said.imei.chars().filter(|c| !c.is_whitespace() && *c != '-').collect();
    let imei = Some(imei).filter(|imei| !imei.is_empty()).map(|imei| Imei::parse(&imei)).transpose();
    let imei = imei.map_err(|_| Problem::Invalid { field: "imei", rule: "fifteen-digits" })?;
    let customer = session.customer()?;
    Ok(app.store.transact(Describe { customer, line, name, device, imei, guest_renewal: said.guest_renewal }).await?)
}

/// The number of the device that a line sits in, as its owner said it; empty if they did not.
///
/// # Errors
/// Only the store's.
pub async fn device_number(app: &App, session: &SessionInfo, line: LineId) -> Result<String, Problem> {
    Ok(app.store.read(DeviceNumber { customer: session.customer()?, line }).await?)
}

struct DeviceNumber {
    customer: CustomerId,
    line: LineId,
}
impl Work for DeviceNumber {
    const NAME: &'static str = "device_number";
    type Out = String;
    type Refusal = Problem;
    async fn run(&self, tx: &mut Tx) -> Result<String, Stop<Problem>> {
        Ok(tx.together(line_device::of(self.customer, self.line)).await?.pop().unwrap_or_default())
    }
}

/// Reports a line lost: its service stops. One that is reported already stays so.
///
/// # Errors
/// [`Problem::NotCommanded`], [`Problem::NotFound`]
pub async fn report_lost(app: &App, session: &SessionInfo, line: LineId) -> Result<(), Problem> {
    command(app, session.customer()?, line, LifecycleCommand::ReportLost).await
}

/// It was found: its service comes back as far as it is paid for. Whoever found it may not be its owner, so the owner is
/// proved first.
///
/// # Errors
/// [`Problem::ProveFirst`], [`Problem::HeldBack`], [`Problem::NotCommanded`], [`Problem::NotFound`]
pub async fn found(app: &App, session: &SessionInfo, line: LineId) -> Result<(), Problem> {
    may_change(app, session, Change::Access).await?;
    command(app, session.customer()?, line, LifecycleCommand::LiftLost).await
}

/// Gives a line up: it ends at once, and its number is nobody's address any more. What was paid and not used can be paid out.
///
/// # Errors
/// [`Problem::ProveFirst`], [`Problem::HeldBack`], [`Problem::NotCommanded`], [`Problem::NotFound`]
pub async fn give_up(app: &App, session: &SessionInfo, line: LineId) -> Result<(), Problem> {
    may_change(app, session, Change::Contact).await?;
    command(app, session.customer()?, line, LifecycleCommand::Terminate).await
}

async fn command(app: &App, customer: CustomerId, line: LineId, asked: LifecycleCommand) -> Result<(), Problem> {
    use everline_core::lifecycle::LifecycleRefusal as No;
    match lifecycle_command(app, customer, line, asked).await? {
        Ok(_) => Ok(()),
        Err(No::Lost) if asked == LifecycleCommand::ReportLost => Ok(()),
        Err(No::NotLost) if asked == LifecycleCommand::LiftLost => Ok(()),
        Err(refusal) => Err(Problem::NotCommanded(refusal)),
    }
}

struct Describe {
    customer: CustomerId,
    line: LineId,
    name: String,
    device: DeviceKind,
    imei: Option<Imei>,
    guest_renewal: bool,
}
impl Work for Describe {
    const NAME: &'static str = "describe_line";
    type Out = ();
    type Refusal = Problem;
    async fn run(&self, tx: &mut Tx) -> Result<(), Stop<Problem>> {
        customer::lock_account(tx, self.customer).await?;
        let is = line::lock(tx, self.customer, self.line).await?;
        if is.state.over() {
            return Err(Stop::Refused(Problem::NotFound("line")));
        }
        let (name, device) = (self.name.clone(), self.device);
        line::describe(tx, &Line { name, device, guest_renewal: self.guest_renewal, ..is });
        line_device::set(tx, (self.customer, self.line), self.imei.as_ref());
        Ok(())
    }
}
