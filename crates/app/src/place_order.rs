//! Placing an order: the terms are accepted, the price is fixed, nothing is taken.

use crate::catalog::taker;
use crate::secrets::hex;
use crate::velocity::Counter;
use crate::{App, Problem};
use everline_core::brand::Brand;
use everline_core::ids::{CustomerId, LineId, OrderId, RawId};
use everline_core::line::LineState;
use everline_core::offering::OfferingRef;
use everline_core::order::{Order, OrderState, PlacedBy};
use everline_core::quote::{NotSellable, quote};
use everline_core::time::{BusinessTime, MINUTE_US, Now, Zone};
use everline_core::velocity::Counted;
use everline_store::tables::{allowance, catalog, directory, line, order, stock, timer};
use everline_store::{Error, Stop, Tx, Work};
use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;
use std::sync::Arc;

/// What is ordered. The id is chosen before the page is shown, so that sending the page twice orders once.
#[derive(Debug, Clone, PartialEq)]
pub struct NewOrder {
    /// The order's id.
    pub id: OrderId,
    /// The line's owner.
    pub customer: CustomerId,
    /// The line.
    pub line: LineId,
    /// What is bought.
    pub offering: OfferingRef,
    /// The version of the terms that was accepted.
    pub terms_version: String,
    /// Who orders.
    pub placed_by: PlacedBy,
    /// The secret under which a guest finds the order again; we keep only its hash.
    pub token: Option<String>,
    /// The network address it comes from, if it comes from a browser.
    pub from: Option<IpAddr>,
}

/// Places an order, or returns the one that was placed under this id.
///
/// # Errors
/// [`Problem::TooMany`] if its payer, its line or its address ordered too often; and why it cannot be bought.
pub async fn place_order(app: &App, new: NewOrder) -> Result<Order, Problem> {
    let token_name = new.token.as_deref().map(|token| token_name(app, token));
    let now = app.clock.now();
    let place = || {
        let (new, token_name, brand, zone) = (new.clone(), token_name.clone(), app.brand.clone(), app.zone.clone());
        let counter = Some(Counter::new(app, Counted::Order, new.from));
        app.store.transact(PlaceOrder { new, token_name, until: None, brand, zone, counter, now })
    };
    match place().await {
        // Another order took the number, or this one was placed, between the look and the commit: look again.
        Err(Stop::Store(Error::Conflict { .. })) => Ok(place().await?),
        done => Ok(done?),
    }
}

/// The order behind a guest's secret link.
pub async fn find_by_token(app: &App, token: &str) -> Result<(CustomerId, OrderId), Problem> {
    Ok(app.store.read(FindByToken { name: token_name(app, token) }).await?)
}

/// The name under which the directory keeps a guest's secret: its keyed hash.
fn token_name(app: &App, token: &str) -> String {
    hex(&app.secrets.token_hash(token))
}

struct FindByToken {
    name: String,
}
impl Work for FindByToken {
    const NAME: &'static str = "find_order_by_token";
    type Out = (CustomerId, OrderId);
    type Refusal = Problem;
    async fn run(&self, tx: &mut Tx) -> Result<Self::Out, Stop<Problem>> {
        let found = directory::find(tx, directory::Name::OrderToken, &self.name).await?;
        let (customer, order) = found.ok_or(Stop::Refused(Problem::NotFound("order")))?;
        Ok((customer, OrderId(order)))
    }
}

/// Places an order in the caller's transaction.
pub(crate) struct PlaceOrder {
    pub(crate) new: NewOrder,
    pub(crate) token_name: Option<String>,
    /// Until when it can be paid, if not for the brand's time to pay.
    pub(crate) until: Option<BusinessTime>,
    pub(crate) brand: Arc<Brand>,
    pub(crate) zone: Zone,
    /// Counts it against whoever asks; nobody asks for what renews by itself.
    pub(crate) counter: Option<Counter>,
    pub(crate) now: Now,
}

impl Work for PlaceOrder {
    const NAME: &'static str = "place_order";
    type Out = Order;
    type Refusal = Problem;

    async fn run(&self, tx: &mut Tx) -> Result<Order, Stop<Problem>> {
        let new = &self.new;
        // The line's lock also puts two requests with one order id in a row.
        let line = line::lock(tx, new.customer, new.line).await?;
        if let Some(existing) = order::get(tx, new.customer, new.id).await? {
            let same = existing.line == new.line && existing.offering == new.offering;
            return if same { Ok(existing) } else { Err(Stop::Refused(Problem::ExistsDifferently("order"))) };
        }
        if new.terms_version != self.brand.terms_version {
            return Err(Stop::Refused(Problem::TermsChanged));
        }
        // What a line is reserved for is the order that took its profile.
        let reserved = matches!(line.state, LineState::Reserved { .. });
        if reserved && !order::of_line(tx, new.customer, new.line, 1).await?.is_empty() {
            return Err(Stop::Refused(Problem::NotSellable(NotSellable::LineState)));
        }
        if new.placed_by == PlacedBy::Guest && !line.guest_renewal {
            return Err(Stop::Refused(Problem::NotFound("line")));
        }
        let offering = catalog::offering(tx, &new.offering).await?;
        let allowance = allowance::get(tx, new.customer, new.line).await?;
        if new.placed_by == PlacedBy::Guest && !offering.eligibility.is_open() {
            return Err(Stop::Refused(Problem::NotSellable(NotSellable::NotOnSale)));
        }
        let taker = taker(tx, &line, &allowance, &offering).await?;
        let quoted = quote(&taker, &offering, &self.brand, &self.zone, self.now.business);
        let quoted = quoted.map_err(|reason| Stop::Refused(Problem::NotSellable(reason)))?;
        if let Some(counter) = &self.counter {
            counter.pass(tx, (new.customer, new.line), new.placed_by).await?;
        }
        let to_pay = || self.now.business.plus_us(i64::from(self.brand.order_minutes) * MINUTE_US);
        let number = order_numbers(tx, &[new.id], &self.zone).await?.pop().unwrap_or_default();
        let order = Order {
            id: new.id,
            customer: new.customer,
            line: new.line,
            number,
            offering: quoted.offering,
            price: quoted.price,
            funds: 0,
            state: OrderState::AwaitingPayment,
            placed_by: new.placed_by,
            terms_version: quoted.terms_version,
            placed_at: self.now.business,
            expires_at: self.until.unwrap_or_else(to_pay),
            paid_at: None,
            delivered_at: None,
            in_effect_at: None,
            closed_at: None,
            starts_at: quoted.placement.bounds().0,
            ends_at: quoted.placement.bounds().1,
        };
        order::add(tx, &order);
        directory::add(tx, directory::Name::OrderNumber, &order.number, order.customer, order.id.0);
        if let Some(name) = &self.token_name {
            directory::add(tx, directory::Name::OrderToken, name, order.customer, order.id.0);
        }
        timer::set(tx, order.id.0, order.customer, timer::TimerKind::Order, order.expires_at);
        Ok(order)
    }
}

/// How many numbers an order may try. With a million orders a day one in a million finds its first taken.
const CANDIDATES: u8 = 4;

/// The numbers of new orders, in their order: for each the first of its candidates that no other order has. They follow from
/// the ids and from what is in the directory; all of them are looked up at once.
///
/// # Errors
/// [`Problem::ExistsDifferently`] if an id has a number already, which is then another customer's order.
pub async fn order_numbers(tx: &mut Tx, ids: &[OrderId], zone: &Zone) -> Result<Vec<String>, Stop<Problem>> {
    let mut numbers: BTreeMap<OrderId, String> = BTreeMap::new();
    let mut given = BTreeSet::new();
    for n in 0..CANDIDATES {
        let open = ids.iter().filter(|id| !numbers.contains_key(id));
        let tried: Vec<(OrderId, String)> = open.map(|id| (*id, candidate(*id, n, zone))).collect();
        if tried.is_empty() {
            break;
        }
        let taken = taken(tx, &tried).await?;
        for (id, name) in tried {
            match taken.get(&name) {
                Some(order) if *order == id.0 => return Err(Stop::Refused(Problem::ExistsDifferently("order"))),
                None if given.insert(name.clone()) => _ = numbers.insert(id, name),
                _ => {}
            }
        }
    }
    let number = |id| numbers.get(id).cloned();
    let none = Problem::Internal("every number of an order is taken".to_owned());
    ids.iter().map(number).collect::<Option<_>>().ok_or(Stop::Refused(none))
}

/// Which of these numbers lead to an order.
async fn taken(tx: &mut Tx, tried: &[(OrderId, String)]) -> Result<BTreeMap<String, RawId>, Error> {
    if let [(_, name)] = tried {
        let found = directory::find(tx, directory::Name::OrderNumber, name).await?;
        return Ok(found.map(|(_, order)| (name.clone(), order)).into_iter().collect());
    }
    let names = tried.iter().map(|(_, name)| name.clone()).collect();
    let found = stock::names(tx, directory::Name::OrderNumber, names).await?;
    Ok(found.into_iter().map(|(name, _, order)| (name, order)).collect())
}

/// The day and twelve digits of the id: short enough to read aloud. Candidates of one id are as far apart as those of two.
fn candidate(id: OrderId, n: u8, zone: &Zone) -> String {
    let [a, b, c, d, e, f, _, _, random @ ..] = id.bytes();
    let ms = i64::from_be_bytes([0, 0, a, b, c, d, e, f]);
    let day = zone.date(BusinessTime::from_us(ms.saturating_mul(1_000)));
    let digits = u64::from_be_bytes(random).rotate_left(u32::from(n) * 17) % 1_000_000_000_000;
    format!("{:04}{:02}{:02}{digits:012}", day.year(), day.month(), day.day())
}
