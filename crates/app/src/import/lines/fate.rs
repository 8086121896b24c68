//! What the store says to a row: it is there, something else is, or nothing.

use super::super::Fault;
use super::super::run::{Fate, Numbered};
use super::around::Around;
use super::{LineRow, Lines};
use everline_core::customer::CustomerKind;
use everline_store::tables::sim::SimState;
use everline_store::tables::stock::{self, Record};
use everline_store::{Error, Tx};

impl Lines {
    pub(super) fn hash(&self, row: &LineRow) -> [u8; 16] {
        let owner = row.owner.as_ref();
        let text = |value: &Option<String>| value.clone().unwrap_or_default();
        let parts = [
            row.iccid.as_str().to_owned(),
            row.imsi.as_str().to_owned(),
            row.number.as_str().to_owned(),
            owner.map(|owner| format!("{}|{}", owner.organisation, owner.key)).unwrap_or_default(),
            owner.map(|owner| owner.name.clone()).unwrap_or_default(),
            owner
                .and_then(|owner| owner.contact.as_ref())
                .map(|contact| contact.as_str().to_owned())
                .unwrap_or_default(),
            text(&row.language),
            text(&row.device_name),
            format!("{:?}|{:?}|{:?}", row.device, row.family, row.network),
            row.plan.as_ref().map(ToString::to_string).unwrap_or_default(),
            row.plan_ends.map(|at| at.us().to_string()).unwrap_or_default(),
        ];
        let parts: Vec<&str> = parts.iter().map(String::as_str).collect();
        self.secrets.name("row of lines", &parts)
    }

    /// What of a row is not as the line has it; a row that says nothing of something agrees with it.
    fn differs(&self, row: &LineRow, record: &Record) -> Option<&'static str> {
        let line = &record.line;
        let owner = match &row.owner {
            None => record.owner_kind == CustomerKind::Anonymous,
            Some(owner) => record.owner_key.as_ref() == Some(&owner.key) || line.customer.to_string() == owner.key,
        };
        let current = record.allowance.current_plan(self.now);
        let plan = match (&row.plan, row.plan_ends.filter(|ends| *ends > self.now)) {
            (Some(plan), Some(ends)) => {
                current.is_some_and(|period| period.offering == *plan && period.ends_at() == Some(ends))
            }
            _ => current.is_none(),
        };
        let said = |same: Option<bool>| same.unwrap_or(true);
        [
            ("imsi", record.imsi == row.imsi.as_str()),
            ("number", line.msisdn == row.number),
            ("owner", owner),
            ("family", line.family == row.family),
            ("network", line.network == row.network),
            ("device_kind", said(row.device.map(|device| device == line.device))),
            ("device_name", said(row.device_name.as_ref().map(|name| *name == line.name))),
            ("plan", plan),
        ]
        .into_iter()
        .find_map(|(field, same)| (!same).then_some(field))
    }

    /// What the store says to a row.
    pub(super) async fn fate(&self, tx: &mut Tx, row: &Numbered<LineRow>, store: &Around<'_>) -> Result<Fate, Error> {
        let Numbered { row, batch, .. } = row;
        let held = store.sims.iccid.get(row.iccid.as_str()).copied();
        let refused =
            |field, reason: String, remedy: &'static str| Ok(Fate::Refused(Fault::new(field, reason, remedy)));
        let masked = row.iccid.masked();
        if let Some(held) = held {
            let here = Fate::Same { here: held.line_batch.as_ref().is_some_and(|(name, _)| **name == **batch) };
            match (held.state, &held.line_batch) {
                (SimState::InUse, _) if held.line_hash == Some(self.hash(row)) => return Ok(here),
                (SimState::InUse, _) => {
                    let differs = match stock::record(tx, row.iccid.as_str()).await? {
                        Some(record) => self.differs(row, &record),
                        None => Some("line"),
                    };
                    let Some(field) = differs else { return Ok(here) };
                    let reason = format!("the Sim {masked} serves a line already, with another {field}");
                    return refused(field, reason, "correct the row, or take it out of the file");
                }
                (SimState::Quarantined, _) => {
                    return refused(
                        "iccid",
                        format!("the Sim {masked} rests after its last line"),
                        "wait until it is given back to the stock",
                    );
                }
                (SimState::Retired, _) => {
                    return refused(
                        "iccid",
                        format!("the Sim {masked} was lost or broken, and is given out no more"),
                        "take it out of the file",
                    );
                }
                (SimState::InStock, Some((name, false))) if **name == **batch => {
                    let same = held.line_hash == Some(self.hash(row));
                    return if same {
                        Ok(Fate::Begun)
                    } else {
                        refused(
                            "line",
                            "the batch was begun with another row for this Sim".to_owned(),
                            "finish it with the file with which it began",
                        )
                    };
                }
                (SimState::InStock, _) if !held.free() => {
                    let other = held.line_batch.as_ref().filter(|batch| !batch.1).or(held.batch.as_ref());
                    let name = other.map_or("", |(name, _)| name);
                    return refused(
                        "iccid",
                        format!("the Sim {masked} is in batch {name:?}, which is not complete"),
                        "run the import of that batch again first",
                    );
                }
                (SimState::InStock, _) => {
                    if held.imsi != row.imsi.as_str() {
                        return refused(
                            "imsi",
                            format!("the Sim {masked} is in stock with another imsi"),
                            "correct the row, or the stock",
                        );
                    }
                    if held.msisdn.as_deref().is_some_and(|number| number != row.number.as_str()) {
                        return refused(
                            "number",
                            format!("the Sim {masked} is in stock with another number"),
                            "correct the row, or the stock",
                        );
                    }
                }
            }
        }
        Ok(store.taken(row, held).or_else(|| store.owner(row)).map_or(Fate::New, Fate::Refused))
    }
}
