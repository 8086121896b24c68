//! A line goes on under another owner: it leaves with the giver's transaction and arrives with the taker's, under one id. What
//! is between them waits in a row of its own, and a job sees to it that it arrives.

use crate::account_news::happened;
use crate::companion;
use crate::place_order::order_numbers;
use crate::save::carry_out;
use crate::{App, Problem};
use everline_core::account::AccountNews;
use everline_core::brand::Brand;
use everline_core::effects::Job;
use everline_core::ids::{CustomerId, LineId, RawId};
use everline_core::lifecycle::{self, Along, Given, Situation, give, orders_of, take};
use everline_core::line::Line;
use everline_core::money::Money;
use everline_core::ownership::Offered;
use everline_core::time::{Now, Zone};
use everline_store::tables::hand_over::OnItsWay;
use everline_store::tables::{
    allowance, catalog, credential, customer, directory, hand_over, job, line, line_device, order, reminder, sim, timer,
};
use everline_store::{Stop, Tx, Work};
use std::sync::Arc;

/// A line that leaves its owner.
#[derive(Clone)]
pub(crate) struct Leaves {
    pub(crate) from: (CustomerId, LineId),
    pub(crate) along: Along,
    pub(crate) taker: CustomerId,
    /// Its record there.
    pub(crate) new: LineId,
    pub(crate) brand: Arc<Brand>,
    pub(crate) zone: Zone,
    pub(crate) now: Now,
}

impl Leaves {
    /// Ends the giver's record, which the caller locked, and sends what goes along on its way.
    pub(crate) async fn leave(&self, tx: &mut Tx, is: &Situation) -> Result<(), Stop<Problem>> {
        let (customer, line) = self.from;
        if let Some(due_at) = timer::get(tx, line.0).await?.filter(|due_at| *due_at <= self.now.business) {
            return Err(Stop::Refused(Problem::DueFirst { customer, line, due_at }));
        }
        // Whoever gives it keeps no device that has its number.
        let mut is = is.clone();
        companion::drop_all(tx, &mut is).await?;
        let is = &is;
        let underway = order::underway(tx, customer, line).await?;
        let (taker, at) = ((self.taker, self.new), self.now.business);
        let given = give(is, self.along, taker, underway, (&self.brand, &self.zone), at);
        let given = given.map_err(|refusal| Stop::Refused(refusal.into()))?;
        let (effects, given) = given.map_err(|why| Stop::Refused(Problem::NotHandedOver(why)))?;
        carry_out(tx, self.from, &effects, &self.zone, self.now).await?;
        // Whoever took care of it for the former owner is told nothing of the new one's.
        reminder::remove_contacts(tx, self.from.0, self.from.1);
        line_device::set(tx, self.from, None);
        hand_over::add(tx, self.from, &given);
        if let Some(offer) = hand_over::offer_of(tx, customer, line).await? {
            hand_over::settle_offer(tx, &offer, Offered::Taken, self.now.system);
        }
        let arrives = Job::TakeOver { customer: self.taker, line: self.new };
        job::add(tx, self.taker, &arrives, self.now.system, self.now.system)?;
        Ok(())
    }
}

/// Has a line arrive at its taker. Once it has, nothing happens.
pub(crate) async fn arrive(app: &App, taker: CustomerId, new: LineId) -> Result<(), Problem> {
    let Some((way, former, prices)) = app.store.read(Look { new }).await? else { return Ok(()) };
    let event = app.clock.id();
    let (brand, zone, now) = (app.brand.clone(), app.zone.clone(), app.clock.now());
    let work = Arrive { taker, way: Arc::new(way), former: Arc::new(former), prices, event, brand, zone, now };
    app.store.transact(work).await?;
    app.wake.notify_one();
    Ok(())
}

/// What is on its way, the record that it left, and what the plans that go along cost.
struct Look {
    new: LineId,
}
impl Work for Look {
    const NAME: &'static str = "look_at_hand_over";
    type Out = Option<(OnItsWay, Line, Vec<Money>)>;
    type Refusal = Problem;
    async fn run(&self, tx: &mut Tx) -> Result<Self::Out, Stop<Problem>> {
        let Some(way) = hand_over::waiting(tx, self.new).await? else { return Ok(None) };
        let former = line::get(tx, way.from.0, way.from.1).await?;
        let former = former.ok_or(Stop::Refused(Problem::NotFound("line")))?;
        let mut prices = Vec::with_capacity(way.allowance.periods.len());
        for period in &way.allowance.periods {
            prices.push(catalog::offering(tx, &period.offering).await?.price);
        }
        Ok(Some((way, former, prices)))
    }
}

struct Arrive {
    taker: CustomerId,
    way: Arc<OnItsWay>,
    /// As it left: nothing changes it any more.
    former: Arc<Line>,
    prices: Vec<Money>,
    event: RawId,
    brand: Arc<Brand>,
    zone: Zone,
    now: Now,
}
impl Arrive {
    fn given(&self) -> Given {
        let (way, (state, state_since)) = (&self.way, self.way.state);
        let name = if way.along == Along::Everything { self.former.name.clone() } else { String::new() };
        let (id, service_until) = (way.new, way.service_until);
        let line = Line {
            id,
            customer: self.taker,
            version: 0,
            name,
            state,
            state_since,
            service_until,
            main_balance_consent: false,
            ..self.former.as_ref().clone()
        };
        let (allowance, along, at) = (way.allowance.clone(), way.along, way.at);
        Given { line, allowance, along, paid_credit: way.paid_credit, promo_credit: way.promo_credit, at }
    }
    /// Every name of the line leads to its new record.
    async fn rename(&self, tx: &mut Tx, given: &Given) -> Result<(), Stop<Problem>> {
        use directory::Name::{Iccid, Imsi, Msisdn, Session};
        let from = (self.way.from.0, self.way.from.1.0);
        let to = (self.taker, given.line.id.0);
        directory::move_on(tx, (Msisdn, given.line.msisdn.as_str()), from, to);
        for (iccid, imsi) in sim::numbers_of(tx, self.way.from.1).await? {
            directory::move_on(tx, (Iccid, &iccid), from, to);
            directory::move_on(tx, (Imsi, &imsi), from, to);
        }
        for session in &given.allowance.sessions {
            directory::move_on(tx, (Session, &session.id.to_string()), from, to);
        }
        sim::move_on(tx, self.way.from.1, (self.taker, given.line.id));
        Ok(())
    }
}
impl Work for Arrive {
    const NAME: &'static str = "take_over_line";
    type Out = ();
    type Refusal = Problem;
    async fn run(&self, tx: &mut Tx) -> Result<(), Stop<Problem>> {
        let balances = customer::lock_account(tx, self.taker).await?;
        if hand_over::waiting(tx, self.way.new).await?.is_none() {
            return Ok(()); // it has arrived
        }
        let given = self.given();
        let numbers = order_numbers(tx, &orders_of(&given), &self.zone).await?;
        let priced: Vec<_> = numbers.into_iter().zip(self.prices.iter().copied()).collect();
        let effects = take(&given, balances, &priced, &self.brand.terms_version, self.now.business);
        let mut effects = effects.map_err(|refusal| Stop::Refused(refusal.into()))?;
        line::add(tx, &given.line);
        credential::hold_goes_along(tx, (self.taker, given.line.id), self.way.from);
        allowance::add(tx, self.taker, given.line.id, &given.allowance);
        if let Some(due) = lifecycle::next_due(&given.line, &given.allowance, given.at, &self.zone) {
            timer::set(tx, given.line.id.0, self.taker, timer::TimerKind::Line, due);
        }
        for new in std::mem::take(&mut effects.orders) {
            order::add(tx, &new);
            directory::add(tx, directory::Name::OrderNumber, &new.number, self.taker, new.id.0);
        }
        self.rename(tx, &given).await?;
        carry_out(tx, (self.taker, given.line.id), &effects, &self.zone, self.now).await?;
        hand_over::taken(tx, given.line.id, self.now.business);
        happened(tx, self.taker, (self.event, AccountNews::LineTaken), ("", None), self.now)
    }
}
