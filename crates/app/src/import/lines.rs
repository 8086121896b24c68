//! Lines of a running business that moves in: customers, lines, Sims and the plans that run.
//!
//! What moves in is what a line is and until when it is paid. Money, receipts and used allowances stay in the old books: a
//! plan that moves in is an order placed by `moved_in`, with its whole allowance, in effect and without money. Where the
//! stock knows the Sim the line takes it, secrets and all: load the Sims first.

mod around;
pub(crate) mod columns;

use around::Around;
use columns::{COLUMNS, DEVICES, FAMILIES, NETWORKS, OWNER_KINDS};

use super::header::{Cells, Column};
use super::mentions::{Mentions, meaning};
use super::run::{Fate, Kind, Numbered, run};
use super::sims::Found;
use super::{Fault, ImportError, Importer, Listener, Options, Summary, cell};
use crate::Problem;
use crate::add_line::write_line;
use crate::clock::Clock;
use crate::place_order::order_numbers;
use crate::secrets::{NotSealedHere, Secrets};
use everline_core::brand::Brand;
use everline_core::charging::{Allowance, Bucket, Period, Window};
use everline_core::customer::{Customer, CustomerKind, Identity};
use everline_core::identifiers::{Iccid, Imsi, Msisdn};
use everline_core::ids::{CustomerId, LineId, OrderId};
use everline_core::lifecycle;
use everline_core::line::{DeviceKind, Line, LineState, NetworkKind};
use everline_core::number_plan::NumberOf;
use everline_core::offering::{Family, Offering, OfferingKind, OfferingRef};
use everline_core::order::{Order, OrderState, PlacedBy};
use everline_core::time::{BusinessTime, Validity, Zone};
use everline_store::tables::directory::Name;
use everline_store::tables::sim::{self, Held, SimKind, SimState, StockSim};
use everline_store::tables::stock::{self, BatchKind, Record};
use everline_store::tables::{catalog, customer, directory, order, timer};
use everline_store::{Error, Stop, Tx, Work};
use std::collections::{HashMap, HashSet};
use std::io::{Read, Seek};
use std::sync::Arc;

/// An owner as a row names them.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
struct Owner {
    key: String,
    organisation: bool,
    name: String,
    contact: Option<Msisdn>,
}

/// One row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LineRow {
    iccid: Iccid,
    imsi: Imsi,
    number: Msisdn,
    /// Nobody yet, if absent: the line is unclaimed.
    owner: Option<Owner>,
    language: Option<String>,
    device_name: Option<String>,
    device: Option<DeviceKind>,
    family: Family,
    network: NetworkKind,
    plan: Option<OfferingRef>,
    plan_ends: Option<BusinessTime>,
}

/// A row with the ids of what it makes.
struct LineReady {
    row: LineRow,
    hash: [u8; 16],
    batch: Arc<str>,
    line: LineId,
    customer: CustomerId,
    order: OrderId,
}

struct Lines {
    brand: Arc<Brand>,
    zone: Zone,
    clock: Arc<Clock>,
    secrets: Arc<Secrets>,
    offerings: HashMap<OfferingRef, Offering>,
    latest: HashMap<String, u32>,
    now: BusinessTime,
}

impl Lines {
    fn offering(&self, row: &LineRow) -> Option<&Offering> {
        row.plan.as_ref().and_then(|plan| self.offerings.get(plan))
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

    /// Where a line stands for which nothing is paid any more.
    fn without_plan(&self, family: Family, ended: Option<BusinessTime>) -> LineState {
        lifecycle::without_plan(ended, family, &self.brand, &self.zone, self.now)
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

    fn hash(&self, row: &LineRow) -> [u8; 16] {
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

    async fn fate(&self, tx: &mut Tx, row: &Numbered<LineRow>, store: &Around<'_>) -> Result<Fate, Error> {
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

    /// The plan that runs, and until when it is paid.
    fn running(&self, row: &LineRow) -> Option<(&Offering, BusinessTime)> {
        self.offering(row).zip(row.plan_ends).filter(|(_, ends)| *ends > self.now)
    }

    /// The line as it begins here, with its allowance and the order that stands for its plan.
    fn make(
        &self,
        ready: &LineReady,
        customer: CustomerId,
        number: Option<String>,
    ) -> (Line, Allowance, Option<Order>) {
        let (row, now) = (&ready.row, self.now);
        let mut line = Line {
            id: ready.line,
            customer,
            version: 0,
            msisdn: row.number.clone(),
            name: row.device_name.clone().unwrap_or_else(|| row.number.as_str().to_owned()),
            device: row.device.unwrap_or(usual(row.family)),
            family: row.family,
            network: row.network,
            state: self.without_plan(row.family, row.plan_ends),
            state_since: now,
            service_until: row.plan_ends,
            guest_renewal: true,
            main_balance_consent: false,
        };
        let Some(((offering, ends_at), number)) = self.running(row).zip(number) else {
            return (line, Allowance::default(), None);
        };
        line.state = LineState::Active;
        let bucket = |unit, granted| Bucket { unit, granted, used: 0 };
        let period = Period {
            order: ready.order,
            offering: offering.reference.clone(),
            kind: OfferingKind::Plan,
            window: Window::Fixed { starts_at: now, ends_at },
            // Renewals of a monthly plan go on from the day on which it ends.
            anchor_day: matches!(offering.validity, Some(Validity::Months(_))).then(|| self.zone.date(ends_at).day()),
            deferred: 0,
            recognised: 0,
            recognitions: 0,
            buckets: offering.included.iter().map(|included| bucket(included.unit, included.amount)).collect(),
        };
        let order = Order {
            id: ready.order,
            customer,
            line: ready.line,
            number,
            offering: offering.reference.clone(),
            price: offering.price,
            funds: 0,
            state: OrderState::InEffect,
            placed_by: PlacedBy::MovedIn,
            terms_version: self.brand.terms_version.clone(),
            placed_at: now,
            expires_at: now,
            paid_at: None,
            delivered_at: Some(now),
            in_effect_at: Some(now),
            closed_at: None,
            starts_at: Some(now),
            ends_at: Some(ends_at),
        };
        (line, Allowance { periods: vec![period], ..Allowance::default() }, Some(order))
    }

    fn add_owner(&self, tx: &mut Tx, ready: &LineReady) {
        let (owner, language) = (ready.row.owner.as_ref(), ready.row.language.clone());
        let kind = match owner {
            None => CustomerKind::Anonymous,
            Some(owner) if owner.organisation => CustomerKind::Organisation,
            Some(_) => CustomerKind::Person,
        };
        let new = Customer {
            id: ready.customer,
            kind,
            name: owner.map_or_else(String::new, |owner| owner.name.clone()),
            contact: owner.and_then(|owner| owner.contact.clone()),
            language: language.or_else(|| self.brand.name.0.keys().next().cloned()).unwrap_or_else(|| "en".to_owned()),
            identity: Identity::None,
        };
        customer::add(tx, &new, self.brand.currency, self.now);
        if let Some(contact) = &new.contact {
            directory::add_if_new(tx, Name::Login, contact.as_str(), new.id, new.id.0);
        }
        if let Some(owner) = owner {
            stock::set_owner_key(tx, new.id, &owner.key);
        }
    }
}

/// What a line of a family sits in, where nothing is said.
const fn usual(family: Family) -> DeviceKind {
    match family {
        Family::Phone | Family::Travel => DeviceKind::Phone,
        Family::Watch => DeviceKind::Watch,
        Family::Router => DeviceKind::Router,
        Family::Iot => DeviceKind::Other,
    }
}

impl Kind for Lines {
    const KIND: BatchKind = BatchKind::Lines;
    const COLUMNS: &'static [Column] = COLUMNS;
    const BATCH: usize = 14;
    const APPLIES: bool = true;
    type Row = LineRow;
    type Ready = LineReady;

    fn read(&self, cells: &Cells<'_>) -> Result<LineRow, Vec<Fault>> {
        let mut faults = Vec::new();
        let iccid = super::sims::needed(cells, 0, cell::iccid, &mut faults);
        let imsi = super::sims::needed(cells, 1, cell::imsi, &mut faults);
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
    fn mention(&self, row: &LineRow, out: &mut Mentions) {
        out.once("iccid", row.iccid.as_str());
        out.once("imsi", row.imsi.as_str());
        out.once("number", row.number.as_str());
        if let Some(owner) = &row.owner {
            out.agreed("owner", &owner.key, meaning(&(owner, &row.language)));
            if let Some(contact) = &owner.contact {
                out.agreed("owner_contact", contact.as_str(), meaning(&owner.key));
            }
        }
        if cell::rounded(&row.iccid) {
            out.rounded();
        }
    }
    fn prepare(&self, row: &Numbered<LineRow>) -> Result<LineReady, NotSealedHere> {
        Ok(LineReady {
            hash: self.hash(&row.row),
            row: row.row.clone(),
            batch: row.batch.clone(),
            line: LineId(self.clock.id()),
            customer: CustomerId(self.clock.id()),
            order: OrderId(self.clock.id()),
        })
    }
    async fn judge(&self, tx: &mut Tx, rows: &[Numbered<LineRow>]) -> Result<Vec<Fate>, Error> {
        let all = |of: fn(&LineRow) -> Option<&str>| {
            let mut all: Vec<String> = rows.iter().filter_map(|row| of(&row.row)).map(str::to_owned).collect();
            all.sort_unstable();
            all.dedup();
            all
        };
        let (iccids, imsis) = (all(|row| Some(row.iccid.as_str())), all(|row| Some(row.imsi.as_str())));
        let numbers = all(|row| Some(row.number.as_str()));
        let keys = all(|row| row.owner.as_ref().map(|owner| owner.key.as_str()));
        let contacts = all(|row| row.owner.as_ref().and_then(|owner| owner.contact.as_ref()).map(Msisdn::as_str));
        let held = sim::find_many(tx, iccids, imsis, numbers.clone()).await?;
        let around = Around {
            sims: Found::of(&held),
            numbers: stock::names(tx, Name::Msisdn, numbers).await?.into_iter().map(|name| name.0).collect(),
            owners: stock::owners(tx, keys).await?.into_iter().map(|owner| (owner.0.clone(), owner)).collect(),
            contacts: stock::names(tx, Name::Login, contacts).await?.into_iter().map(|name| (name.0, name.1)).collect(),
        };
        let mut fates = Vec::with_capacity(rows.len());
        for row in rows {
            fates.push(self.fate(tx, row, &around).await?);
        }
        Ok(fates)
    }
    /// Holds a Sim for every row, one of the stock or a new one.
    async fn write(&self, tx: &mut Tx, ready: &[LineReady]) -> Result<bool, Error> {
        let iccids = ready.iter().map(|ready| ready.row.iccid.as_str().to_owned()).collect();
        let held = sim::find_many(tx, iccids, Vec::new(), Vec::new()).await?;
        let found = Found::of(&held).iccid;
        let (mut new, mut sure) = (Vec::new(), true);
        for LineReady { row, hash, batch, .. } in ready {
            match found.get(row.iccid.as_str()) {
                None => new.push(StockSim {
                    iccid: row.iccid.as_str().to_owned(),
                    imsi: row.imsi.as_str().to_owned(),
                    msisdn: Some(row.number.as_str().to_owned()),
                    kind: SimKind::Physical,
                    batch: None,
                    line_batch: Some(batch.to_string()),
                    source_hash: None,
                    line_hash: Some(*hash),
                    sealed: [const { None }; 5],
                    puk_hash: None,
                    registration_hash: None,
                }),
                Some(held) if held.free() && held.imsi == row.imsi.as_str() => sim::hold(tx, &row.iccid, batch, *hash),
                Some(_) => sure = false,
            }
        }
        let added = sim::add_stock(tx, &new).await?;
        Ok(sure && usize::try_from(added) == Ok(new.len()))
    }
    /// Makes the lines whose Sims are held.
    async fn apply(&self, tx: &mut Tx, ready: &[LineReady]) -> Result<(), Error> {
        let iccids = ready.iter().map(|ready| ready.row.iccid.as_str().to_owned()).collect();
        let held = sim::find_many(tx, iccids, Vec::new(), Vec::new()).await?;
        let found = Found::of(&held).iccid;
        let keys: HashSet<String> =
            ready.iter().filter_map(|ready| ready.row.owner.as_ref()).map(|owner| owner.key.clone()).collect();
        let owners = stock::owners(tx, keys.into_iter().collect()).await?;
        let mut owners: HashMap<String, CustomerId> = owners.into_iter().map(|owner| (owner.0, owner.1)).collect();
        let free = |ready: &&LineReady| {
            found.get(ready.row.iccid.as_str()).is_some_and(|held| held.state == SimState::InStock)
        };
        let orders: Vec<OrderId> = (ready.iter().filter(free))
            .filter(|ready| self.running(&ready.row).is_some())
            .map(|ready| ready.order)
            .collect();
        let numbers = order_numbers(tx, &orders, &self.zone).await.map_err(|stop| match stop {
            Stop::Store(error) => error,
            Stop::Refused(_) => Error::Conflict { constraint: None },
        })?;
        let mut numbers: HashMap<OrderId, String> = orders.into_iter().zip(numbers).collect();
        for ready in ready {
            let row = &ready.row;
            let mine = |held: &&&Held| held.state == SimState::InUse || held.line_hash == Some(ready.hash);
            let held =
                found.get(row.iccid.as_str()).filter(mine).ok_or(Error::NotFound { what: "Sim held for the line" })?;
            if held.state == SimState::InUse {
                continue; // made before this import, or before it was cut off
            }
            let key = row.owner.as_ref().map(|owner| owner.key.clone());
            let owner = key.as_ref().and_then(|key| owners.get(key)).copied();
            let owner = owner.unwrap_or_else(|| {
                self.add_owner(tx, ready);
                owners.extend(key.map(|key| (key, ready.customer)));
                ready.customer
            });
            let (line, allowance, order) = self.make(ready, owner, numbers.remove(&ready.order));
            write_line(tx, &line, &allowance, (&row.iccid, &row.imsi));
            sim::put_take(tx, &row.iccid, &row.number, (owner, line.id));
            if let Some(order) = order {
                order::add(tx, &order);
                directory::add(tx, Name::OrderNumber, &order.number, owner, order.id.0);
                if let Some(due) = lifecycle::next_due(&line, &allowance, self.now, &self.zone) {
                    timer::set(tx, line.id.0, owner, timer::TimerKind::Line, due);
                }
            }
        }
        Ok(())
    }
    async fn undo_end(tx: &mut Tx, after: &str, rows: i64) -> Result<Option<String>, Error> {
        sim::page_end(tx, after, rows).await
    }
    fn undo(tx: &mut Tx, between: (&str, &str), batch: &str) {
        sim::undo_held(tx, between, batch);
    }
}

/// A language tag (BCP 47).
fn language(value: &str) -> Result<String, Fault> {
    let tag = (2..=35).contains(&value.len()) && value.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-');
    if tag { Ok(value.to_owned()) } else { Err(Fault::new("language", "no language tag", "a tag such as zh-CN or en")) }
}

/// Moves lines in. `name` is the file's, for rows without a batch.
///
/// # Errors
/// [`ImportError`]; refused rows are told to the listener and are no error.
pub async fn import(
    importer: &Importer,
    (reader, name): (&mut (impl Read + Seek + Send), &str),
    options: Options,
    listener: &mut dyn Listener,
) -> Result<Summary, ImportError> {
    let offerings = importer.store.read(Offerings).await?;
    let mut latest = HashMap::new();
    for offering in &offerings {
        let version = latest.entry(offering.reference.code.clone()).or_insert(0);
        *version = offering.reference.version.max(*version);
    }
    let kind = Lines {
        brand: importer.brand.clone(),
        zone: importer.zone.clone(),
        clock: importer.clock.clone(),
        secrets: importer.secrets.clone(),
        offerings: offerings.into_iter().map(|offering| (offering.reference.clone(), offering)).collect(),
        latest,
        now: importer.clock.now().business,
    };
    run(importer, kind, (reader, name), options, listener).await
}

/// Every version of every offering.
pub(crate) struct Offerings;
impl Work for Offerings {
    const NAME: &'static str = "import_offerings_read";
    type Out = Vec<Offering>;
    type Refusal = Problem;
    async fn run(&self, tx: &mut Tx) -> Result<Self::Out, Stop<Problem>> {
        Ok(catalog::all(tx).await?)
    }
}
