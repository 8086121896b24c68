//! Making the lines whose Sims are held: where each stands, what it may use, and the order that stands for its plan.

use super::super::sims::Found;
use super::{LineReady, LineRow, Lines};
use crate::add_line::write_line;
use crate::place_order::order_numbers;
use crate::reminders::look_later;
use everline_core::charging::{Allowance, Bucket, Period, Window};
use everline_core::customer::{Customer, CustomerKind, Identity};
use everline_core::ids::{CustomerId, OrderId};
use everline_core::lifecycle;
use everline_core::line::{DeviceKind, Line, LineState};
use everline_core::offering::{Family, Offering, OfferingKind};
use everline_core::order::{Order, OrderState, PlacedBy};
use everline_core::time::{BusinessTime, Validity};
use everline_store::tables::directory::Name;
use everline_store::tables::sim::{self, Held, SimState};
use everline_store::tables::{customer, directory, order, stock, timer};
use everline_store::{Error, Stop, Tx};
use std::collections::{HashMap, HashSet};

impl Lines {
    /// Makes the lines whose Sims are held.
    pub(super) async fn make_all(&self, tx: &mut Tx, ready: &[LineReady]) -> Result<(), Error> {
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
            let waits = |held: &Held| held.state == SimState::InStock && held.line_hash == Some(ready.hash);
            let mine = |held: &&&Held| held.state == SimState::InUse || waits(held);
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
            if !sim::take(tx, &row.iccid, &row.number, (owner, line.id)).await? {
                return Err(Error::NotFound { what: "Sim held for the line" });
            }
            if let Some(order) = order {
                order::add(tx, &order);
                directory::add(tx, Name::OrderNumber, &order.number, owner, order.id.0);
                if let Some(due) = lifecycle::next_due(&line, &allowance, self.now, &self.zone) {
                    timer::set(tx, line.id.0, owner, timer::TimerKind::Line, due);
                }
                look_later(tx, owner, line.id, &self.zone, self.now);
            }
        }
        Ok(())
    }

    /// Where a line stands for which nothing is paid any more.
    pub(super) fn without_plan(&self, family: Family, ended: Option<BusinessTime>) -> LineState {
        lifecycle::without_plan(ended, family, &self.brand, &self.zone, self.now)
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
