//! Buying an eSIM: a plan together with a line of its own, whose profile comes from the stock.
//!
//! The profile is set aside with the order, so that what is paid for is there. The line is *reserved* until money comes;
//! without money the profile goes back to the stock as if nobody had had it, which nobody had: its code is shown after payment
//! alone ([`crate::esim`]). Money that comes later than that finds no line, and goes back.

use crate::add_line::write_line;
use crate::identity::may_have_another_line;
use crate::place_order::{NewOrder, PlaceOrder};
use crate::velocity::Counter;
use crate::{App, Problem};
use everline_core::brand::Brand;
use everline_core::charging::Allowance;
use everline_core::esim_device::DeviceCheck;
use everline_core::identifiers::Msisdn;
use everline_core::ids::{CustomerId, LineId, OrderId};
use everline_core::line::{DeviceKind, Line, LineState, NetworkKind};
use everline_core::offering::{Family, Offering, OfferingRef, SaleState};
use everline_core::order::{Order, PlacedBy};
use everline_core::quote::{NotSellable, Quote, Taker, quote};
use everline_core::time::{BusinessTime, HOUR_US, MINUTE_US, Now, Zone};
use everline_core::velocity::Counted;
use everline_store::tables::sim::Profile;
use everline_store::tables::{catalog, customer, device_check, line, order, sim};
use everline_store::{Error, Stop, Tx, Work};
use std::net::IpAddr;
use std::sync::Arc;

/// How long after the time to pay late money is waited for.
const LATE_US: i64 = HOUR_US;
/// Most lines of one customer that are reserved at once: nobody empties the stock without paying.
const RESERVED_MAX: usize = 3;

/// What is sold with a profile.
#[derive(Debug, Clone, PartialEq)]
pub struct Shelf {
    /// The plans, cheapest first.
    pub offerings: Vec<Offering>,
    /// Whether there is a profile for whoever buys one now.
    pub in_stock: bool,
}

/// What is sold with a profile; the same for everybody.
pub async fn shelf(app: &App) -> Result<Shelf, Problem> {
    Ok(app.store.read(Look).await?)
}

/// What buying one would mean: begin and end, what it costs, its rules.
///
/// # Errors
/// [`Problem::NotSellable`] if it is not sold with a profile; [`Problem::NotFound`] if there is no such offering.
pub async fn quote_esim(app: &App, offering: OfferingRef) -> Result<(Offering, Quote), Problem> {
    let offering = app.store.read(One { offering }).await?;
    let now = app.clock.now().business;
    let unknown = Msisdn::parse("00000").map_err(|_| Problem::Internal("a number that stands for one".to_owned()))?;
    let line = new_line((CustomerId(app.clock.id()), LineId(app.clock.id())), unknown, &offering, &app.brand, now);
    let quoted = quote(&Taker::new(&line, &Allowance::default()), &offering, &app.brand, &app.zone, now);
    Ok((offering, quoted.map_err(Problem::NotSellable)?))
}

/// An eSIM that is ordered. The id is chosen before the page is shown, so that sending the page twice orders once.
#[derive(Debug, Clone)]
pub struct NewEsim {
    /// The order's id.
    pub order: OrderId,
    /// Whose it is to be.
    pub customer: CustomerId,
    /// The plan.
    pub offering: OfferingRef,
    /// The version of the terms that was accepted.
    pub terms_version: String,
    /// What was said of the device.
    pub check: DeviceCheck,
    /// The network address it comes from.
    pub from: Option<IpAddr>,
}

/// Orders an eSIM, or returns the order that was placed under this id.
///
/// # Errors
/// [`Problem::SoldOut`]; [`Problem::TooMany`] while as many of the customer's are not paid as may be;
/// [`Problem::IdentityFirst`], [`Problem::TooManyLines`]; and why the plan cannot be bought.
pub async fn order_esim(app: &App, new: NewEsim) -> Result<Order, Problem> {
    // The line of an order that was placed counts; placing it again takes no other.
    if app.store.read(Placed { customer: new.customer, order: new.order }).await?.is_none() {
        may_have_another_line(app, new.customer).await?;
    }
    let counter = Counter::new(app, Counted::Order, new.from);
    let (brand, zone, now) = (app.brand.clone(), app.zone.clone(), app.clock.now());
    let work = OrderEsim { new, counter, brand, zone, now };
    match app.store.transact(work.clone()).await {
        // Another order took the number, or this one was placed, between the look and the commit: look again.
        Err(Stop::Store(Error::Conflict { .. })) => Ok(app.store.transact(work).await?),
        done => Ok(done?),
    }
}

struct Placed {
    customer: CustomerId,
    order: OrderId,
}
impl Work for Placed {
    const NAME: &'static str = "esim_order_placed";
    type Out = Option<Order>;
    type Refusal = Problem;
    async fn run(&self, tx: &mut Tx) -> Result<Self::Out, Stop<Problem>> {
        Ok(order::get(tx, self.customer, self.order).await?)
    }
}

/// The line of an order for an eSIM.
#[must_use]
pub const fn line_of(order: OrderId) -> LineId {
    LineId(order.0.branch(1))
}

/// The line as it is until its order is paid.
fn new_line(
    (customer, id): (CustomerId, LineId),
    msisdn: Msisdn,
    offering: &Offering,
    brand: &Brand,
    at: BusinessTime,
) -> Line {
    let family = offering.families.first().copied().unwrap_or(Family::Phone);
    let device = match family {
        Family::Phone | Family::Travel => DeviceKind::Phone,
        Family::Watch => DeviceKind::Watch,
        Family::Router => DeviceKind::Router,
        Family::Iot => DeviceKind::Other,
    };
    let waits_us = i64::from(brand.order_minutes) * MINUTE_US + LATE_US;
    Line {
        id,
        customer,
        version: 0,
        msisdn,
        name: String::new(),
        device,
        family,
        network: if offering.upstream_code.is_some() { NetworkKind::Upstream } else { NetworkKind::BuiltIn },
        state: LineState::Reserved { until: at.plus_us(waits_us) },
        state_since: at,
        service_until: None,
        guest_renewal: true,
        main_balance_consent: false,
    }
}

struct Look;
impl Work for Look {
    const NAME: &'static str = "esim_shelf";
    type Out = Shelf;
    type Refusal = Problem;
    async fn run(&self, tx: &mut Tx) -> Result<Shelf, Stop<Problem>> {
        let mut offerings = catalog::on_sale(tx).await?;
        offerings.retain(|offering| offering.with_esim);
        offerings.sort_by_key(|offering| offering.price.micros());
        Ok(Shelf { offerings, in_stock: sim::has_profile(tx).await? })
    }
}

struct One {
    offering: OfferingRef,
}
impl Work for One {
    const NAME: &'static str = "esim_offering";
    type Out = Offering;
    type Refusal = Problem;
    async fn run(&self, tx: &mut Tx) -> Result<Offering, Stop<Problem>> {
        sold_with_esim(tx, &self.offering).await
    }
}

async fn sold_with_esim(tx: &mut Tx, offering: &OfferingRef) -> Result<Offering, Stop<Problem>> {
    let offering = catalog::offering(tx, offering).await?;
    if !offering.with_esim || offering.sale != SaleState::Published {
        return Err(Stop::Refused(Problem::NotSellable(NotSellable::NotOnSale)));
    }
    Ok(offering)
}

#[derive(Clone)]
struct OrderEsim {
    new: NewEsim,
    counter: Counter,
    brand: Arc<Brand>,
    zone: Zone,
    now: Now,
}
impl Work for OrderEsim {
    const NAME: &'static str = "order_esim";
    type Out = Order;
    type Refusal = Problem;
    async fn run(&self, tx: &mut Tx) -> Result<Order, Stop<Problem>> {
        let (customer, id) = (self.new.customer, line_of(self.new.order));
        customer::lock_account(tx, customer).await?;
        if order::get(tx, customer, self.new.order).await?.is_none() {
            let reserved = line::of_customer(tx, customer, i64::MAX).await?;
            let reserved = reserved.iter().filter(|line| matches!(line.state, LineState::Reserved { .. })).count();
            if reserved >= RESERVED_MAX {
                let wait = i64::from(self.brand.order_minutes) * MINUTE_US + LATE_US;
                return Err(Stop::Refused(Problem::TooMany { retry_after_s: wait / 1_000_000 }));
            }
            self.take_profile(tx, id).await?;
        }
        self.place(id).run(tx).await
    }
}
impl OrderEsim {
    /// Takes a profile out of the stock for a line that is reserved.
    async fn take_profile(&self, tx: &mut Tx, id: LineId) -> Result<(), Stop<Problem>> {
        let (customer, at) = (self.new.customer, self.now.business);
        let offering = sold_with_esim(tx, &self.new.offering).await?;
        let sold_out = || Stop::Refused(Problem::SoldOut);
        let Profile { iccid, imsi, msisdn } = sim::a_profile(tx).await?.ok_or_else(sold_out)?;
        let msisdn = msisdn.ok_or_else(sold_out)?;
        let line = new_line((customer, id), msisdn, &offering, &self.brand, at);
        write_line(tx, &line, &Allowance::default(), (&iccid, &imsi));
        if !sim::take(tx, &iccid, &line.msisdn, (customer, id)).await? {
            return Err(sold_out());
        }
        device_check::add(tx, (customer, self.new.order.0), (id, &iccid), &self.new.check, self.now.system);
        Ok(())
    }
    fn place(&self, line: LineId) -> PlaceOrder {
        let new = NewOrder {
            id: self.new.order,
            customer: self.new.customer,
            line,
            offering: self.new.offering.clone(),
            terms_version: self.new.terms_version.clone(),
            placed_by: PlacedBy::Owner,
            token: None,
            from: self.new.from,
        };
        let (brand, zone, counter) = (self.brand.clone(), self.zone.clone(), Some(self.counter.clone()));
        PlaceOrder { new, token_name: None, until: None, brand, zone, counter, now: self.now }
    }
}
