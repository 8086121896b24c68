//! What a line can take, with what each would mean.

use crate::{App, Problem};
use everline_core::brand::Brand;
use everline_core::charging::Allowance;
use everline_core::customer::CustomerKind;
use everline_core::identifiers::Msisdn;
use everline_core::ids::{CustomerId, LineId};
use everline_core::line::Line;
use everline_core::money::Money;
use everline_core::offering::{Offering, OfferingKind, OfferingRef};
use everline_core::order::OrderState;
use everline_core::quote::{NotSellable, Quote, Taker, quote};
use everline_core::time::{BusinessTime, Zone};
use everline_store::tables::{allowance, catalog, customer, directory, line, order};
use everline_store::{Stop, Tx, Work};
use std::sync::Arc;

/// One offering and what it would mean for the line.
#[derive(Debug, Clone, PartialEq)]
pub struct Choice {
    /// What can be bought.
    pub offering: Offering,
    /// What it would mean, or why it cannot be bought now.
    pub quote: Result<Quote, NotSellable>,
}

/// A line and what it can take.
#[derive(Debug, Clone, PartialEq)]
pub struct Choices {
    /// The line.
    pub line: Line,
    /// Offerings made for its family, those that can be bought now first.
    pub choices: Vec<Choice>,
    /// What its customer's account holds, paid and promotional.
    pub credit: Money,
}

/// The offerings made for a line. Those for other families are left out.
pub async fn offerings(app: &App, customer: CustomerId, line: LineId) -> Result<Choices, Problem> {
    let work = Offerings {
        customer,
        line,
        only: None,
        brand: app.brand.clone(),
        zone: app.zone.clone(),
        now: app.clock.now().business,
    };
    Ok(app.store.read(work).await?)
}

/// What one offering would mean for a line.
pub async fn quote_one(
    app: &App,
    customer: CustomerId,
    line: LineId,
    offering: OfferingRef,
) -> Result<(Line, Offering, Quote), Problem> {
    let (brand, zone, now) = (app.brand.clone(), app.zone.clone(), app.clock.now().business);
    let choices = app.store.read(Offerings { customer, line, only: Some(offering), brand, zone, now }).await?;
    let choice = choices.choices.into_iter().next().ok_or(Problem::NotFound("offering"))?;
    let quote = choice.quote.map_err(Problem::NotSellable)?;
    Ok((choices.line, choice.offering, quote))
}

struct Offerings {
    customer: CustomerId,
    line: LineId,
    only: Option<OfferingRef>,
    brand: Arc<Brand>,
    zone: Zone,
    now: BusinessTime,
}
impl Work for Offerings {
    const NAME: &'static str = "offerings";
    type Out = Choices;
    type Refusal = Problem;
    async fn run(&self, tx: &mut Tx) -> Result<Choices, Stop<Problem>> {
        let line = line::get(tx, self.customer, self.line).await?.ok_or(Stop::Refused(Problem::NotFound("line")))?;
        let allowance = allowance::get(tx, self.customer, self.line).await?;
        let offerings = match &self.only {
            Some(reference) => vec![catalog::offering(tx, reference).await?],
            None => catalog::on_sale(tx).await?,
        };
        let mut choices = Vec::with_capacity(offerings.len());
        for offering in offerings {
            let taker = taker(tx, &line, &allowance, &offering).await?;
            let quote = quote(&taker, &offering, &self.brand, &self.zone, self.now);
            choices.push(Choice { offering, quote });
        }
        if self.only.is_none() {
            choices.retain(|choice| choice.quote != Err(NotSellable::WrongFamily));
            choices.sort_by_key(|choice| {
                (choice.quote.is_err(), choice.offering.kind as u8, choice.offering.price.micros())
            });
        }
        let credit = customer::account(tx, self.customer).await?.credit(self.brand.currency);
        Ok(Choices { line, choices, credit })
    }
}

/// A line as one that takes an offering. What it took is counted where the offering limits that, and only there; under the
/// line's lock nothing is added to it.
pub(crate) async fn taker<'a>(
    tx: &mut Tx,
    line: &'a Line,
    allowance: &'a Allowance,
    offering: &Offering,
) -> Result<Taker<'a>, everline_store::Error> {
    let mut taker = Taker::new(line, allowance);
    if offering.eligibility.per_line_max.is_some() {
        let taken = order::taken(tx, line.customer, line.id, &offering.reference.code).await?;
        taker.taken = u32::try_from(taken).unwrap_or(u32::MAX);
    }
    if offering.eligibility.new_lines_only {
        taker.planned = planned(tx, line).await?;
    }
    Ok(taker)
}

/// Among so many newest orders of a line a plan is looked for.
const ORDERS_LOOKED_AT: i64 = 50;

/// Whether a plan was ordered for a line that is open or paid and did not go back: each that is paid will begin.
async fn planned(tx: &mut Tx, line: &Line) -> Result<bool, everline_store::Error> {
    for order in order::of_line(tx, line.customer, line.id, ORDERS_LOOKED_AT).await? {
        let over = matches!(order.state, OrderState::Closed | OrderState::Refunding | OrderState::Refunded);
        if !over && catalog::offering(tx, &order.offering).await?.kind == OfferingKind::Plan {
            return Ok(true);
        }
    }
    Ok(false)
}

/// A line as a guest finds it by its number: the number and whose customer it is, for placing an order; nothing that
/// tells the guest about plan, balance, expiry or name.
#[derive(Debug, Clone, PartialEq)]
pub struct GuestLine {
    /// The line's owner, for the server only.
    pub customer: CustomerId,
    /// The line.
    pub line: LineId,
}

/// Finds a line that anyone may renew by its number.
///
/// # Errors
/// [`Problem::NotFound`], the same for a number that does not exist and one whose owner switched this off.
pub async fn find_guest_line(app: &App, msisdn: &Msisdn) -> Result<GuestLine, Problem> {
    Ok(app.store.read(FindGuestLine { msisdn: msisdn.as_str().to_owned() }).await?)
}

struct FindGuestLine {
    msisdn: String,
}
impl Work for FindGuestLine {
    const NAME: &'static str = "find_guest_line";
    type Out = GuestLine;
    type Refusal = Problem;
    async fn run(&self, tx: &mut Tx) -> Result<GuestLine, Stop<Problem>> {
        let found = directory::find(tx, directory::Name::Msisdn, &self.msisdn).await?;
        let (customer, id) = found.ok_or(Stop::Refused(Problem::NotFound("line")))?;
        let line = line::get(tx, customer, LineId(id)).await?;
        let open = line.filter(|line| line.guest_renewal).ok_or(Stop::Refused(Problem::NotFound("line")))?;
        let owner = customer::get(tx, customer).await?;
        if owner.kind == CustomerKind::House {
            return Err(Stop::Refused(Problem::NotFound("line")));
        }
        Ok(GuestLine { customer, line: open.id })
    }
}
