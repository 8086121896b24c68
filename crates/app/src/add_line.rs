//! Adding customers and lines: a line gets its Sim, its empty allowance, and its names in the directory.

use crate::Problem;
use everline_core::charging::Allowance;
use everline_core::customer::Customer;
use everline_core::identifiers::{Iccid, Imsi};
use everline_core::line::Line;
use everline_core::money::Currency;
use everline_core::time::BusinessTime;
use everline_store::tables::{allowance, customer, directory, line, sim};
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

/// A new line with its primary Sim.
#[derive(Debug, Clone)]
pub struct AddLine {
    /// The line.
    pub line: Line,
    /// The card or profile.
    pub iccid: Iccid,
    /// Its subscriber identity.
    pub imsi: Imsi,
    /// Whether it is a profile.
    pub esim: bool,
}
impl Work for AddLine {
    const NAME: &'static str = "add_line";
    type Out = ();
    type Refusal = Problem;
    async fn run(&self, tx: &mut Tx) -> Result<(), Stop<Problem>> {
        let l = &self.line;
        line::add(tx, l);
        allowance::add(tx, l.customer, l.id, &Allowance::default());
        sim::add_primary(tx, &self.iccid, &self.imsi, self.esim, (l.customer, l.id));
        directory::add(tx, directory::Name::Msisdn, l.msisdn.as_str(), l.customer, l.id.0);
        directory::add(tx, directory::Name::Iccid, self.iccid.as_str(), l.customer, l.id.0);
        directory::add(tx, directory::Name::Imsi, self.imsi.as_str(), l.customer, l.id.0);
        Ok(())
    }
}
