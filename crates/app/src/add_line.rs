//! Adding customers and lines: a line begins by the brand's rules, with its Sim, its allowance, and its names in the
//! directory.

use crate::Problem;
use everline_core::brand::Brand;
use everline_core::charging::Allowance;
use everline_core::customer::Customer;
use everline_core::identifiers::{Iccid, Imsi, Msisdn};
use everline_core::ids::{CustomerId, LineId};
use everline_core::lifecycle::{self, HandOver};
use everline_core::line::{DeviceKind, Line, NetworkKind};
use everline_core::money::Currency;
use everline_core::offering::Family;
use everline_core::time::{BusinessTime, Zone};
use everline_store::tables::{allowance, customer, directory, line, sim, timer};
use everline_store::{Stop, Tx, Work};

/// A new customer, who can sign in with the contact number.
#[derive(Debug, Clone)]
pub struct AddCustomer {
    /// The customer.
    pub customer: Customer,
    /// The account's currency.
    pub currency: Currency,
    /// Now.
    pub at: BusinessTime,
}
impl Work for AddCustomer {
    const NAME: &'static str = "add_customer";
    type Out = ();
    type Refusal = Problem;
    async fn run(&self, tx: &mut Tx) -> Result<(), Stop<Problem>> {
        customer::add(tx, &self.customer, self.currency, self.at);
        if let Some(contact) = &self.customer.contact {
            directory::add(tx, directory::Name::Login, contact.as_str(), self.customer.id, self.customer.id.0);
        }
        Ok(())
    }
}

/// A line that leaves stock: who gets which number on which Sim.
#[derive(Debug, Clone)]
pub struct NewLine {
    /// Its id.
    pub id: LineId,
    /// Its owner.
    pub customer: CustomerId,
    /// The number.
    pub msisdn: Msisdn,
    /// What the owner calls it.
    pub name: String,
    /// What it sits in.
    pub device: DeviceKind,
    /// What it is for.
    pub family: Family,
    /// Which network serves it.
    pub network: NetworkKind,
    /// Whether anyone may renew it by its number.
    pub guest_renewal: bool,
    /// The card or profile.
    pub iccid: Iccid,
    /// Its subscriber identity.
    pub imsi: Imsi,
    /// Whether it is a profile.
    pub esim: bool,
}
impl NewLine {
    /// The line as it begins at `at`: the brand's rules say in which state, until when, and what a test may use.
    ///
    /// # Errors
    /// [`Problem::Invalid`] if the rules pass over every state in which a line of this family could be used.
    pub fn begins(self, to: HandOver, brand: &Brand, zone: &Zone, at: BusinessTime) -> Result<AddLine, Problem> {
        let (state, allowance) = lifecycle::begin(to, self.family, brand, zone, at);
        if state.over() {
            return Err(Problem::Invalid { field: "family", rule: "the brand's rules end its lines as they begin" });
        }
        let line = Line {
            id: self.id,
            customer: self.customer,
            version: 0,
            msisdn: self.msisdn,
            name: self.name,
            device: self.device,
            family: self.family,
            network: self.network,
            state,
            state_since: at,
            service_until: None,
            guest_renewal: self.guest_renewal,
            main_balance_consent: false,
        };
        Ok(AddLine { line, allowance, iccid: self.iccid, imsi: self.imsi, esim: self.esim })
    }
}

/// Adds a new line ([`NewLine::begins`]) with its primary Sim: one of the stock that nothing holds, or one that the stock
/// does not know.
#[derive(Debug, Clone)]
pub struct AddLine {
    line: Line,
    allowance: Allowance,
    iccid: Iccid,
    imsi: Imsi,
    esim: bool,
}
impl Work for AddLine {
    const NAME: &'static str = "add_line";
    type Out = ();
    type Refusal = Problem;
    async fn run(&self, tx: &mut Tx) -> Result<(), Stop<Problem>> {
        self.take_sim(tx).await?;
        write_line(tx, &self.line, &self.allowance, (&self.iccid, &self.imsi));
        Ok(())
    }
}

/// Writes a new line but for its Sim: the row, its allowance, its names, and a timer if its state ends by itself.
pub(crate) fn write_line(tx: &mut Tx, l: &Line, allowance: &Allowance, (iccid, imsi): (&Iccid, &Imsi)) {
    line::add(tx, l);
    self::allowance::add(tx, l.customer, l.id, allowance);
    directory::add(tx, directory::Name::Msisdn, l.msisdn.as_str(), l.customer, l.id.0);
    directory::add(tx, directory::Name::Iccid, iccid.as_str(), l.customer, l.id.0);
    directory::add(tx, directory::Name::Imsi, imsi.as_str(), l.customer, l.id.0);
    if let Some(until) = l.state.until() {
        timer::set(tx, l.id.0, l.customer, timer::TimerKind::Line, until);
    }
}

impl AddLine {
    /// Takes the Sim out of stock; one that stock does not know comes with the line.
    async fn take_sim(&self, tx: &mut Tx) -> Result<(), Stop<Problem>> {
        let (l, owner) = (&self.line, (self.line.customer, self.line.id));
        let Some(held) = sim::find(tx, &self.iccid).await? else {
            sim::add_primary(tx, &self.iccid, &self.imsi, self.esim, &l.msisdn, owner);
            return Ok(());
        };
        let fits =
            held.imsi == self.imsi.as_str() && held.msisdn.as_deref().is_none_or(|number| number == l.msisdn.as_str());
        if fits && held.free() && sim::take(tx, &self.iccid, &l.msisdn, owner).await? {
            return Ok(());
        }
        Err(Stop::Refused(Problem::ExistsDifferently("sim")))
    }
}
