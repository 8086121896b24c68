//! Links to pay: a member of the staff chooses what fits a caller's line, and its owner, or a contact person of the line, gets a
//! short message with a link to it. Whoever opens it has a guest's rights, as behind any link in a message; no member of the staff
//! ever types what somebody pays with. It leads anywhere for a day, and no further than to what can be bought then.

use crate::audit::{Act, Stamp};
use crate::catalog::taker;
use crate::lifecycle_command::Seen;
use crate::secrets::Secrets;
use crate::staff::permit;
use crate::{App, Problem, pair_link};
use everline_core::audit::AuditAction;
use everline_core::brand::Brand;
use everline_core::effects::{Job, MessageKind};
use everline_core::ids::{CustomerId, JobId, LineId, OrderId, RawId};
use everline_core::line::Line;
use everline_core::message::{Address, Beside};
use everline_core::offering::{Offering, OfferingRef};
use everline_core::order::OrderState;
use everline_core::pay_link::{PAY_LINKS_PER_DAY, PayLink};
use everline_core::quote::{NotSellable, quote};
use everline_core::staff::Permission;
use everline_core::time::{BusinessTime, DAY_US, Now, SECOND_US, SystemTime, Zone};
use everline_core::velocity::Window;
use everline_store::tables::{allowance, catalog, customer, job, line, order, pay_link as table, reminder};
use everline_store::{Stop, Tx, Work};
use std::sync::Arc;

/// What keeps these links apart from others.
const PAY_LINKS: &str = "pay link";

/// A link that is to be sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewLink {
    /// Chosen before the page is shown, so that sending it twice sends one.
    pub id: RawId,
    /// What it leads to.
    pub offering: OfferingRef,
    /// The order that its owner had begun to pay, by its number, if it is sent for one.
    pub order: Option<String>,
    /// The contact person whom it goes to; else the owner.
    pub contact: Option<RawId>,
    /// What the page showed of the line.
    pub seen: Option<Seen>,
}

/// Has a link to pay sent.
///
/// # Errors
/// [`Problem::NotAllowed`]; [`Problem::NotFound`]: `line`, `order`, `contact` who has no number; [`Problem::NotSellable`];
/// [`Problem::OrderClosed`], [`Problem::AlreadyPaid`]; [`Problem::Stale`]; [`Problem::TooMany`]; [`Problem::ExistsDifferently`]
pub async fn send_pay_link(
    app: &App,
    by: RawId,
    (customer, line): (CustomerId, LineId),
    new: NewLink,
) -> Result<PayLink, Problem> {
    let (brand, zone, stamp, now) = (app.brand.clone(), app.zone.clone(), Stamp::new(app)?, app.clock.now());
    let link = app.store.transact(Send { customer, line, new, by, brand, zone, stamp, now }).await?;
    app.wake.notify_one();
    Ok(link)
}

/// Where a link leads.
#[derive(Debug, Clone, PartialEq)]
pub struct Leads {
    /// The line.
    pub line: Line,
    /// What was chosen.
    pub offering: OfferingRef,
    /// The order that its owner had begun, while it can be paid.
    pub order: Option<OrderId>,
}

/// The line and offering of a link; nothing once its day is over.
///
/// # Errors
/// [`Problem::NotFound`] for a text that is no link of ours, and for a line that is over or another's.
pub async fn follow(app: &App, token: &str) -> Result<Option<Leads>, Problem> {
    let (customer, id) = pair_link::read(&app.secrets, PAY_LINKS, token).ok_or(Problem::NotFound("link"))?;
    Ok(app.store.read(Follow { customer, id, now: app.clock.now() }).await?)
}

/// What can be sent for a line, and to whom.
#[derive(Debug, Clone, PartialEq)]
pub struct Sendable {
    /// What can be bought for it now.
    pub offerings: Vec<Offering>,
    /// Its contact persons who have a number, masked.
    pub contacts: Vec<(RawId, String)>,
    /// The number of its owner, masked.
    pub owner: Option<String>,
}

/// What a page offers to send for a line.
///
/// # Errors
/// [`Problem::NotAllowed`]; [`Problem::NotFound`]
pub async fn sendable(app: &App, by: RawId, of: (CustomerId, LineId)) -> Result<Sendable, Problem> {
    let (brand, zone, now) = (app.brand.clone(), app.zone.clone(), app.clock.now().business);
    Ok(app.store.read(Look { by, of, brand, zone, now }).await?)
}

struct Send {
    customer: CustomerId,
    line: LineId,
    new: NewLink,
    by: RawId,
    brand: Arc<Brand>,
    zone: Zone,
    stamp: Stamp,
    now: Now,
}
impl Send {
    /// The order it is for, if it is for one that can be paid.
    async fn order(&self, tx: &mut Tx) -> Result<Option<OrderId>, Stop<Problem>> {
        let Some(number) = &self.new.order else { return Ok(None) };
        let refused = |problem| Err(Stop::Refused(problem));
        let open = order::of_line(tx, self.customer, self.line, ORDERS_LOOKED_AT).await?;
        let Some(found) = open.into_iter().find(|order| order.number == *number) else {
            return refused(Problem::NotFound("order"));
        };
        match found.state {
            OrderState::AwaitingPayment if found.expires_at > self.now.business => {}
            OrderState::AwaitingPayment | OrderState::Closed => return refused(Problem::OrderClosed),
            _ => return refused(Problem::AlreadyPaid),
        }
        if found.offering != self.new.offering {
            return refused(Problem::Stale);
        }
        Ok(Some(found.id))
    }
    /// Refuses what cannot be told: nobody is there who has a number.
    async fn reader(&self, tx: &mut Tx) -> Result<(), Stop<Problem>> {
        let there = match self.new.contact {
            None => customer::get(tx, self.customer).await?.contact.is_some(),
            Some(id) => numbers(tx, (self.customer, self.line)).await?.iter().any(|contact| contact.0 == id),
        };
        if there { Ok(()) } else { Err(Stop::Refused(Problem::NotFound("contact"))) }
    }
}
/// Among so many newest orders of a line one is looked for.
const ORDERS_LOOKED_AT: i64 = 100;

impl Work for Send {
    const NAME: &'static str = "send_pay_link";
    type Out = PayLink;
    type Refusal = Problem;
    async fn run(&self, tx: &mut Tx) -> Result<PayLink, Stop<Problem>> {
        let (new, customer, at) = (&self.new, self.customer, self.now.system);
        permit(tx, self.by, Permission::ActOnLine).await?;
        // The line's lock puts those who send for it in a row.
        let line = line::lock(tx, customer, self.line).await?;
        if let Some(sent) = table::get(tx, customer, new.id).await? {
            let same = (sent.line, &sent.offering, sent.contact) == (self.line, &new.offering, new.contact);
            return if same { Ok(sent) } else { Err(Stop::Refused(Problem::ExistsDifferently("link"))) };
        }
        if new.seen.as_ref().is_some_and(|(state, since)| (line.state.word(), line.state_since) != (state, *since)) {
            return Err(Stop::Refused(Problem::Stale));
        }
        let order = self.order(tx).await?;
        let offering = catalog::offering(tx, &new.offering).await?;
        let not_sold = |why| Stop::Refused(Problem::NotSellable(why));
        if (order.is_none() || new.contact.is_some()) && !offering.eligibility.is_open() {
            // Whoever follows it may be a guest, to whom it is not sold.
            return Err(not_sold(NotSellable::NotByLink));
        }
        // What was ordered can be paid, whatever could be ordered now.
        if order.is_none() {
            let allowance = allowance::get(tx, customer, self.line).await?;
            let taker = taker(tx, &line, &allowance, &offering).await?;
            quote(&taker, &offering, &self.brand, &self.zone, self.now.business).map_err(not_sold)?;
        }
        if new.contact.is_some() && !line.guest_renewal {
            return Err(Stop::Refused(Problem::NotFound("contact")));
        }
        self.reader(tx).await?;
        let end = Window::Day.end(at);
        if table::count(tx, customer, self.line, end.plus_us(-DAY_US)).await? >= PAY_LINKS_PER_DAY {
            let retry_after_s = (end.since_us(at) / SECOND_US).saturating_add(1);
            return Err(Stop::Refused(Problem::TooMany { retry_after_s }));
        }
        let link = PayLink {
            id: new.id,
            customer,
            line: self.line,
            offering: new.offering.clone(),
            order,
            contact: new.contact,
            made_by: self.by,
            made_at: at,
        };
        table::add(tx, &link);
        job::add(tx, customer, &tell(&link), at, at)?;
        let act = Act::by(self.by, AuditAction::PayLinkSent, ("line", self.line)).of(customer);
        let act = act.with("offering", link.offering.to_string()).with("to_contact", link.contact.is_some());
        self.stamp.append(tx, act).await?;
        Ok(link)
    }
}

/// The job that sends a link.
fn tell(link: &PayLink) -> Job {
    let (customer, line, kind, cause) = (link.customer, link.line, MessageKind::PayLink, JobId(link.id));
    match link.contact {
        None => Job::SendMessage { customer, line, order: None, kind, cause, after: None },
        Some(id) => Job::TellBeside { customer, line, to: Beside::Contact(id), kind, cause },
    }
}

/// Contact persons of a line who have a number, masked.
async fn numbers(tx: &mut Tx, of: (CustomerId, LineId)) -> Result<Vec<(RawId, String)>, everline_store::Error> {
    let all = reminder::contacts(tx, of.0, of.1).await?.into_iter();
    let numbered = all.filter_map(|contact| match contact.address {
        Address::Sms(number) => Some((contact.id, number.masked())),
        _ => None,
    });
    Ok(numbered.collect())
}

/// What a message about a link says; `None` once it leads nowhere.
pub(crate) async fn said(
    tx: &mut Tx,
    (customer, cause): (CustomerId, JobId),
    (secrets, zone): (&Secrets, &Zone),
    language: &str,
    now: SystemTime,
) -> Result<Option<Vec<(&'static str, String)>>, Stop<Problem>> {
    let Some(link) = table::get(tx, customer, cause.0).await?.filter(|link| link.expires_at() > now) else {
        return Ok(None);
    };
    let offering = catalog::offering(tx, &link.offering).await?;
    let until = BusinessTime::from_us(link.expires_at().us());
    let local = zone.local(until);
    Ok(Some(vec![
        ("offering", offering.name.get(language).to_owned()),
        ("amount", offering.price.signed()),
        ("good_until", format!("{} {:02}:{:02}", zone.date(until), local.hour(), local.minute())),
        ("path", path(secrets, &link)),
    ]))
}

/// The path of a link.
fn path(secrets: &Secrets, link: &PayLink) -> String {
    format!("/p/{}", pair_link::token(secrets, PAY_LINKS, link.customer, link.id))
}

struct Follow {
    customer: CustomerId,
    id: RawId,
    now: Now,
}
impl Work for Follow {
    const NAME: &'static str = "follow_pay_link";
    type Out = Option<Leads>;
    type Refusal = Problem;
    async fn run(&self, tx: &mut Tx) -> Result<Self::Out, Stop<Problem>> {
        let none = || Stop::Refused(Problem::NotFound("link"));
        let link = table::get(tx, self.customer, self.id).await?.ok_or_else(none)?;
        let line = line::get(tx, self.customer, link.line).await?;
        let line = line.filter(|line| !line.state.over()).ok_or_else(none)?;
        if link.expires_at() <= self.now.system {
            return Ok(None);
        }
        let open = match link.order {
            Some(id) => order::get(tx, self.customer, id).await?,
            None => None,
        };
        let open =
            open.filter(|order| order.state == OrderState::AwaitingPayment && order.expires_at > self.now.business);
        Ok(Some(Leads { line, offering: link.offering, order: open.map(|order| order.id) }))
    }
}

struct Look {
    by: RawId,
    of: (CustomerId, LineId),
    brand: Arc<Brand>,
    zone: Zone,
    now: BusinessTime,
}
impl Work for Look {
    const NAME: &'static str = "pay_link_choices";
    type Out = Sendable;
    type Refusal = Problem;
    async fn run(&self, tx: &mut Tx) -> Result<Sendable, Stop<Problem>> {
        permit(tx, self.by, Permission::ActOnLine).await?;
        let line = line::get(tx, self.of.0, self.of.1).await?.ok_or(Stop::Refused(Problem::NotFound("line")))?;
        let allowance = allowance::get(tx, self.of.0, self.of.1).await?;
        let mut offerings = Vec::new();
        for one in catalog::on_sale(tx).await? {
            let taker = taker(tx, &line, &allowance, &one).await?;
            let sold = quote(&taker, &one, &self.brand, &self.zone, self.now).is_ok();
            if sold && one.eligibility.is_open() {
                offerings.push(one);
            }
        }
        offerings.sort_by_key(|one| (one.kind as u8, one.price.micros()));
        let owner = customer::get(tx, self.of.0).await?.contact.map(|number| number.masked());
        // A contact person comes as a guest does.
        let contacts = if line.guest_renewal { numbers(tx, self.of).await? } else { Vec::new() };
        Ok(Sendable { offerings, contacts, owner })
    }
}
