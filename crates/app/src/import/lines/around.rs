//! What is in the store around the rows of a file of lines.

use super::super::Fault;
use super::super::sims::Found;
use super::LineRow;
use everline_core::customer::CustomerKind;
use everline_core::identifiers::Msisdn;
use everline_core::ids::CustomerId;
use everline_store::tables::sim::Held;
use everline_store::tables::stock::Owner as Known;
use std::collections::{HashMap, HashSet};

/// What of the store rows have to do with.
pub(super) struct Around<'a> {
    pub(super) sims: Found<'a>,
    pub(super) numbers: HashSet<String>,
    pub(super) owners: HashMap<String, Known>,
    pub(super) contacts: HashMap<String, CustomerId>,
}
impl Around<'_> {
    /// Whether another Sim or line has a name of the row's.
    pub(super) fn taken(&self, row: &LineRow, held: Option<&Held>) -> Option<Fault> {
        let remedy = "one of the two is wrong: correct the row, or what is there";
        let other = |found: Option<&&Held>| {
            found.filter(|sim| held.is_none_or(|held| held.iccid != sim.iccid)).map(|sim| sim.iccid.masked())
        };
        if let Some(masked) = other(self.sims.imsi.get(row.imsi.as_str())) {
            return Some(Fault::new("imsi", format!("is that of the Sim {masked}, which is there already"), remedy));
        }
        if let Some(masked) = other(self.sims.msisdn.get(row.number.as_str())) {
            return Some(Fault::new("number", format!("is that of the Sim {masked}, which is there already"), remedy));
        }
        let reason = format!("a line has the number {} already", row.number.masked());
        self.numbers.contains(row.number.as_str()).then(|| Fault::new("number", reason, remedy))
    }
    /// Whether the owner is here as somebody else, or signs in where somebody else does.
    pub(super) fn owner(&self, row: &LineRow) -> Option<Fault> {
        let owner = row.owner.as_ref()?;
        let contact = owner.contact.as_ref().map(Msisdn::as_str);
        if let Some((_, _, kind, name, known)) = self.owners.get(&owner.key) {
            let field = if (*kind == CustomerKind::Organisation) != owner.organisation {
                "owner_kind"
            } else if *name != owner.name {
                "owner_name"
            } else if known.as_deref() != contact {
                "owner_contact"
            } else {
                return None;
            };
            let reason = "the owner of this key is there already, and this differs";
            return Some(Fault::new(field, reason, "write it as it is there, or give another owner another key"));
        }
        let masked = owner.contact.as_ref().map(Msisdn::masked).unwrap_or_default();
        let taken = contact.is_some_and(|contact| self.contacts.contains_key(contact));
        let reason = format!("{masked} signs another customer in already");
        taken.then(|| Fault::new("owner_contact", reason, "leave it empty, or use that owner's key"))
    }
}
