//! Reading a row of a file of lines. Pure.

use super::super::header::Cells;
use super::super::{Fault, cell, sims};
use super::columns::{DEVICES, FAMILIES, NETWORKS, OWNER_KINDS};
use super::{LineRow, Lines, Owner};
use everline_core::customer::CustomerKind;
use everline_core::number_plan::NumberOf;
use everline_core::offering::{Family, OfferingKind, OfferingRef};
use everline_core::time::BusinessTime;

impl Lines {
    /// Reads a row: every fault of it, or all of it.
    pub(super) fn row(&self, cells: &Cells<'_>) -> Result<LineRow, Vec<Fault>> {
        let mut faults = Vec::new();
        let iccid = sims::needed(cells, 0, cell::iccid, &mut faults);
        let imsi = sims::needed(cells, 1, cell::imsi, &mut faults);
        let empty = |field| move || Fault::new(field, "empty", "every line needs one");
        let number = cells
            .get(2)
            .ok_or_else(empty("number"))
            .and_then(|value| cell::msisdn("number", value, &self.brand, NumberOf::Line));
        let family = cells.get(10).ok_or_else(empty("family")).and_then(|value| cell::word("family", value, FAMILIES));
        let network =
            cells.get(11).ok_or_else(empty("network")).and_then(|value| cell::word("network", value, NETWORKS));
        let owner = self.owner(cells, &mut faults);
        let plan = self.plan(cells, family.as_ref().ok().copied());
        let mut keep = |fault: Fault| faults.push(fault);
        let language = cells.get(7).map(language).transpose().map_err(&mut keep).ok().flatten();
        let device_name =
            cells.get(8).map(|value| cell::text("device_name", value)).transpose().map_err(&mut keep).ok().flatten();
        let device = cells
            .get(9)
            .map(|value| cell::word("device_kind", value, DEVICES))
            .transpose()
            .map_err(&mut keep)
            .ok()
            .flatten();
        let (number, family) = (number.map_err(&mut keep).ok(), family.map_err(&mut keep).ok());
        let (network, plan) = (network.map_err(&mut keep).ok(), plan.map_err(&mut keep).ok());
        if let (Some(family), Some((_, ended))) = (family, &plan) {
            self.may_begin(family, *ended).unwrap_or_else(keep);
        }
        match (iccid, imsi, number, family, network, plan) {
            (Some(iccid), Some(imsi), Some(number), Some(family), Some(network), Some((plan, plan_ends)))
                if faults.is_empty() =>
            {
                Ok(LineRow {
                    iccid,
                    imsi,
                    number,
                    owner,
                    language,
                    device_name,
                    device,
                    family,
                    network,
                    plan,
                    plan_ends,
                })
            }
            _ => Err(faults),
        }
    }

    fn owner(&self, cells: &Cells<'_>, faults: &mut Vec<Fault>) -> Option<Owner> {
        let Some(key) = cells.get(3) else {
            let given = [(4, "owner_kind"), (5, "owner_name"), (6, "owner_contact")];
            if let Some((_, field)) = given.into_iter().find(|(column, _)| cells.get(*column).is_some()) {
                faults.push(Fault::new(
                    "owner",
                    format!("empty, and {field} is not"),
                    "give the owner a key, the same in every line of theirs",
                ));
            }
            return None;
        };
        let mut keep = |fault: Fault| faults.push(fault);
        let key = cell::text("owner", key).map_err(&mut keep).ok()?;
        let kind = cells
            .get(4)
            .map(|value| cell::word("owner_kind", value, OWNER_KINDS))
            .transpose()
            .map_err(&mut keep)
            .ok()?;
        let name = cells.get(5).map(|value| cell::text("owner_name", value)).transpose().map_err(&mut keep).ok()?;
        let contact = |value| cell::msisdn("owner_contact", value, &self.brand, NumberOf::Person);
        let contact = cells.get(6).map(contact).transpose().map_err(&mut keep).ok()?;
        if name.is_none() {
            keep(Fault::new("owner_name", "empty, and owner is not", "an owner has a name"));
        }
        Some(Owner { key, organisation: kind == Some(CustomerKind::Organisation), name: name?, contact })
    }

    fn plan(
        &self,
        cells: &Cells<'_>,
        family: Option<Family>,
    ) -> Result<(Option<OfferingRef>, Option<BusinessTime>), Fault> {
        let ends = cells.get(13).map(|value| self.instant(value)).transpose()?;
        let Some(text) = cells.get(12) else {
            return match ends {
                Some(ends) if ends > self.now => {
                    Err(Fault::new("plan", "empty, and plan_ends lies ahead", "name the plan that runs until then"))
                }
                ends => Ok((None, ends)),
            };
        };
        let unknown = || {
            Fault::new(
                "plan",
                "no offering of this code is in the catalogue",
                "load the catalogue first: everline import offerings",
            )
        };
        let (code, version) = match text.split_once('@') {
            Some((code, version)) => (code, version.parse().map_err(|_| unknown())?),
            None => (text, self.latest.get(text).copied().ok_or_else(unknown)?),
        };
        let reference = OfferingRef { code: code.to_owned(), version };
        let offering = self.offerings.get(&reference).ok_or_else(unknown)?;
        if offering.kind != OfferingKind::Plan {
            return Err(Fault::new(
                "plan",
                "the offering is a pack or a top-up",
                "name the plan; packs do not move in",
            ));
        }
        if family.is_some_and(|family| !offering.families.contains(&family)) {
            return Err(Fault::new("plan", "the offering is not for lines of this family", "correct plan or family"));
        }
        match ends {
            None => Err(Fault::new("plan_ends", "empty, and plan is not", "say until when the plan is paid")),
            ends => Ok((Some(reference), ends)),
        }
    }

    /// Whether a line whose plan ends or ended then is still a line by the brand's rules.
    fn may_begin(&self, family: Family, ends: Option<BusinessTime>) -> Result<(), Fault> {
        let over = ends.is_none_or(|ends| ends <= self.now) && self.without_plan(family, ends).over();
        let (reason, remedy) = ("the brand's rules end such a line at once", "change the rules, or leave the line out");
        if over { Err(Fault::new("family", reason, remedy)) } else { Ok(()) }
    }

    /// A day means its end.
    fn instant(&self, text: &str) -> Result<BusinessTime, Fault> {
        let at = self.zone.end_of_day(text).or_else(|| BusinessTime::from_rfc3339(text));
        let remedy = "a day such as 2026-12-31, which is paid to its end, or 2026-12-31T18:00:00+08:00";
        at.ok_or_else(|| Fault::new("plan_ends", "no day and no time", remedy))
    }
}

/// A language tag (BCP 47).
fn language(value: &str) -> Result<String, Fault> {
    let tag = (2..=35).contains(&value.len()) && value.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-');
    if tag { Ok(value.to_owned()) } else { Err(Fault::new("language", "no language tag", "a tag such as zh-CN or en")) }
}
