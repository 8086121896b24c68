//! Renewal by itself, as the line's owner sets it up, looks at it and switches it off; and what every change of a setting
//! does in its transaction.
//!
//! Time moves a setting on in [`due`]; the methods are tried in [`crate::auto_renew_try`].

use crate::catalog::{Choice, offerings};
use crate::place_order::{NewOrder, PlaceOrder};
use crate::reminders::look_later;
use crate::timers::close_order;
use crate::{App, Problem};
use everline_core::auto_renew::{
    AutoRenew, Consent, Early, Facts, Next, NoConsent, PayWith, State, Then, consent, lasts_us_min, on_due, switch_off,
};
use everline_core::brand::Brand;
use everline_core::effects::{Job, MessageKind};
use everline_core::ids::{CustomerId, LineId, OrderId, RawId};
use everline_core::lifecycle::instant_cause;
use everline_core::line::Line;
use everline_core::money::Money;
use everline_core::offering::{Offering, OfferingKind, OfferingRef, StartPolicy};
use everline_core::order::{Order, OrderState, PlacedBy};
use everline_core::quote::{NotSellable, Taker, quote};
use everline_core::reminder::{DataNow, will_not_last};
use everline_core::saved_method::SavedMethod;
use everline_core::time::{BusinessTime, DAY_US, Now, Zone};
use everline_store::tables::timer::{self, TimerKind};
use everline_store::tables::{allowance, auto_renew, catalog, customer, job, line, order, payment_method, reminder};
use everline_store::{Stop, Tx, Work};
use std::sync::Arc;

/// The setting of a line, and what can be chosen.
#[derive(Debug, Clone, PartialEq)]
pub struct AutoRenewView {
    /// The line.
    pub line: Line,
    /// Its setting, if it ever had one.
    pub setting: Option<AutoRenew>,
    /// What the setting's plan is called, in the version that was agreed to.
    pub plan: Option<Offering>,
    /// Plans that can be renewed by themselves.
    pub plans: Vec<Offering>,
    /// Saved methods.
    pub saved: Vec<SavedMethod>,
    /// What the account holds.
    pub credit: Money,
    /// What was taken in this calendar month.
    pub spent: Money,
    /// The order that is being paid, or waits for its owner.
    pub order: Option<OrderId>,
    /// The price of the next renewal, if the plan can be bought now.
    pub price: Option<Money>,
}

/// Whether a plan can be renewed by itself: one that begins when the one before ends, and lasts longer than the notice.
#[must_use]
pub fn renews_by_itself(offering: &Offering) -> bool {
    let notice_us = i64::from(everline_core::auto_renew::NOTICE_DAYS) * DAY_US;
    offering.kind == OfferingKind::Plan
        && offering.start == StartPolicy::Immediate
        && offering.eligibility.is_open()
        && lasts_us_min(offering.validity) > notice_us
}

/// The setting of a line and what can be chosen.
pub async fn view(app: &App, customer: CustomerId, line: LineId) -> Result<AutoRenewView, Problem> {
    let choices = offerings(app, customer, line).await?;
    let sold = |choice: &Choice| !matches!(choice.quote, Err(NotSellable::NotOnSale | NotSellable::WrongFamily));
    let plans = choices.choices.into_iter().filter(|choice| sold(choice) && renews_by_itself(&choice.offering));
    let (currency, since) = (app.brand.currency, app.zone.month_start(app.clock.now().business));
    let read = ReadSetting { customer, line, since };
    let Read { setting, plan, saved, spent, order, latest } = app.store.read(read).await?;
    Ok(AutoRenewView {
        line: choices.line,
        plan,
        plans: plans.map(|choice| choice.offering).collect(),
        saved,
        credit: choices.credit,
        spent: Money::from_micros(spent, currency),
        order: order.filter(|order| order.state == OrderState::AwaitingPayment).map(|order| order.id),
        price: latest.map(|offering| offering.price),
        setting,
    })
}

struct Read {
    setting: Option<AutoRenew>,
    plan: Option<Offering>,
    saved: Vec<SavedMethod>,
    spent: i64,
    order: Option<Order>,
    latest: Option<Offering>,
}
struct ReadSetting {
    customer: CustomerId,
    line: LineId,
    since: BusinessTime,
}
impl Work for ReadSetting {
    const NAME: &'static str = "read_auto_renew";
    type Out = Read;
    type Refusal = Problem;
    async fn run(&self, tx: &mut Tx) -> Result<Read, Stop<Problem>> {
        let setting = auto_renew::get(tx, self.customer, self.line).await?;
        let (mut plan, mut latest, mut order) = (None, None, None);
        if let Some(setting) = &setting {
            plan = Some(catalog::offering(tx, &setting.consent.offering).await?);
            latest = catalog::latest_on_sale(tx, &setting.consent.offering.code).await?;
            if let Some(cycle) = setting.state.cycle() {
                order = order::get(tx, self.customer, AutoRenew::order_of(self.line, cycle)).await?;
            }
        }
        let saved = payment_method::active(tx, self.customer).await?;
        let spent = auto_renew::spent_since(tx, self.customer, self.line, self.since).await?;
        Ok(Read { setting, plan, saved, spent, order, latest })
    }
}

/// What an owner agrees to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wanted {
    /// The plan, in the version whose price was shown.
    pub offering: OfferingRef,
    /// How it is paid, in this order.
    pub methods: Vec<PayWith>,
    /// The most in a calendar month.
    pub month_cap: Money,
    /// Days before the end.
    pub lead_days: u8,
    /// Whether before that, if the data runs out.
    pub early: Early,
    /// The terms that were shown.
    pub terms_version: String,
}

/// Switches it on, or agrees again.
///
/// # Errors
/// [`Problem::Invalid`] names the field; [`Problem::TermsChanged`]; [`Problem::RenewalUnderWay`] while a method is being
/// tried; [`Problem::NotFound`] for a line that is not this customer's.
pub async fn set(app: &App, customer: CustomerId, line: LineId, wanted: Wanted) -> Result<AutoRenew, Problem> {
    let (brand, zone, now, id) = (app.brand.clone(), app.zone.clone(), app.clock.now(), app.clock.id());
    let setting = app.store.transact(Set { customer, line, wanted, brand, zone, now, id }).await?;
    app.wake.notify_one();
    Ok(setting)
}

struct Set {
    customer: CustomerId,
    line: LineId,
    wanted: Wanted,
    brand: Arc<Brand>,
    zone: Zone,
    now: Now,
    id: RawId,
}
impl Work for Set {
    const NAME: &'static str = "set_auto_renew";
    type Out = AutoRenew;
    type Refusal = Problem;
    async fn run(&self, tx: &mut Tx) -> Result<AutoRenew, Stop<Problem>> {
        let refused = |problem| Err(Stop::Refused(problem));
        let now = self.now.business;
        customer::lock_account(tx, self.customer).await?;
        let line = line::lock(tx, self.customer, self.line).await?;
        let before = auto_renew::get(tx, self.customer, self.line).await?;
        if line.state.over() {
            return refused(Problem::NotSellable(NotSellable::LineState));
        }
        let Wanted { offering, methods, month_cap, lead_days, early, terms_version } = self.wanted.clone();
        if terms_version != self.brand.terms_version {
            return refused(Problem::TermsChanged);
        }
        let latest = catalog::latest_on_sale(tx, &offering.code).await?;
        let fits = |found: &Offering| {
            found.reference == offering && found.families.contains(&line.family) && renews_by_itself(found)
        };
        let Some(found) = latest.filter(fits) else {
            return refused(Problem::Invalid { field: "offering", rule: "does not renew by itself for this line" });
        };
        for method in &methods {
            let PayWith::Saved(id) = method else { continue };
            let saved = payment_method::get(tx, self.customer, *id).await?;
            if !saved.is_some_and(|saved| saved.usable(now)) {
                return refused(Problem::Invalid { field: "methods", rule: "not a saved method of yours" });
            }
        }
        let price = found.price;
        let agreed = Consent { offering, price, methods, month_cap, lead_days, early, terms_version, given_at: now };
        let lasts = lasts_us_min(found.validity);
        let agreed = consent(before.as_ref(), (self.customer, self.line), agreed, lasts, now);
        let (setting, due) = agreed.map_err(|why| Stop::Refused(no_consent(why)))?;
        auto_renew::save(tx, &setting);
        auto_renew::keep_consent(tx, self.id, &setting, true, now);
        // A forecast is made from counts of days.
        look_later(tx, self.customer, self.line, &self.zone, now);
        let subject = AutoRenew::id_of(self.line);
        if due > now {
            timer::set(tx, subject, self.customer, TimerKind::AutoRenew, due);
            return Ok(setting);
        }
        // What is to be told is told at once, and the page shows what comes next.
        let ground = Ground { brand: &self.brand, zone: &self.zone, now: self.now };
        let (setting, due) = step(tx, setting, line, &ground).await?;
        if let Some(due) = due {
            timer::set(tx, subject, self.customer, TimerKind::AutoRenew, due);
        }
        Ok(setting)
    }
}

fn no_consent(why: NoConsent) -> Problem {
    match why {
        NoConsent::Methods => Problem::Invalid { field: "methods", rule: "one to four different methods" },
        NoConsent::CapBelowPrice => Problem::Invalid { field: "month_cap", rule: "not below the price" },
        NoConsent::Early => Problem::Invalid { field: "left_percent", rule: "5, 10 … 50" },
        NoConsent::LeadDays => Problem::Invalid { field: "lead_days", rule: "1 to 14" },
        NoConsent::TooShort => Problem::Invalid { field: "offering", rule: "does not renew by itself for this line" },
        NoConsent::UnderWay => Problem::RenewalUnderWay,
    }
}

/// Switches it off; nothing happens if it is. An order that waits for money is closed.
///
/// # Errors
/// [`Problem::NotFound`] for a line that is not this customer's.
pub async fn off(app: &App, customer: CustomerId, line: LineId) -> Result<(), Problem> {
    let (zone, now, id) = (app.zone.clone(), app.clock.now(), app.clock.id());
    app.store.transact(Off { customer, line, zone, brand: app.brand.clone(), now, id }).await?;
    app.wake.notify_one();
    Ok(())
}

struct Off {
    customer: CustomerId,
    line: LineId,
    brand: Arc<Brand>,
    zone: Zone,
    now: Now,
    id: RawId,
}
impl Work for Off {
    const NAME: &'static str = "switch_auto_renew_off";
    type Out = ();
    type Refusal = Problem;
    async fn run(&self, tx: &mut Tx) -> Result<(), Stop<Problem>> {
        customer::lock_account(tx, self.customer).await?;
        let line = line::lock(tx, self.customer, self.line).await?;
        let Some(setting) = auto_renew::get(tx, self.customer, self.line).await? else { return Ok(()) };
        if setting.state == State::Off {
            return Ok(());
        }
        let order = order_of(tx, &setting, &line).await?;
        let next = switch_off(&setting, order.as_ref());
        auto_renew::keep_consent(tx, self.id, &setting, false, self.now.business);
        timer::remove(tx, AutoRenew::id_of(self.line), self.customer);
        let ground = Ground { brand: &self.brand, zone: &self.zone, now: self.now };
        apply(tx, setting, &next, order.as_ref(), None, &ground).await?;
        Ok(())
    }
}

/// What a change of a setting needs to know.
pub(crate) struct Ground<'a> {
    pub(crate) brand: &'a Brand,
    pub(crate) zone: &'a Zone,
    pub(crate) now: Now,
}

/// The order of the setting's cycle, or of the line's end.
async fn order_of(tx: &mut Tx, setting: &AutoRenew, line: &Line) -> Result<Option<Order>, Stop<Problem>> {
    let Some(cycle) = setting.state.cycle().or(line.service_until) else { return Ok(None) };
    Ok(order::get(tx, line.customer, AutoRenew::order_of(line.id, cycle)).await?)
}

/// Lets what is due of a line's setting happen; nothing if it is not due any more.
pub(crate) async fn due(app: &App, subject: RawId, customer: CustomerId, due_at: BusinessTime) -> Result<(), Problem> {
    let line = AutoRenew::line_of(subject);
    let (brand, zone, now) = (app.brand.clone(), app.zone.clone(), app.clock.now());
    Ok(app.store.transact(Due { customer, line, due_at, brand, zone, now }).await?)
}

struct Due {
    customer: CustomerId,
    line: LineId,
    due_at: BusinessTime,
    brand: Arc<Brand>,
    zone: Zone,
    now: Now,
}
impl Work for Due {
    const NAME: &'static str = "auto_renew_due";
    type Out = ();
    type Refusal = Problem;
    async fn run(&self, tx: &mut Tx) -> Result<(), Stop<Problem>> {
        customer::lock_account(tx, self.customer).await?;
        let line = line::lock(tx, self.customer, self.line).await?;
        let subject = AutoRenew::id_of(self.line);
        if timer::get(tx, subject).await? != Some(self.due_at) {
            return Ok(()); // it ran, or the setting changed since
        }
        timer::remove(tx, subject, self.customer);
        let Some(setting) = auto_renew::get(tx, self.customer, self.line).await? else { return Ok(()) };
        let ground = Ground { brand: &self.brand, zone: &self.zone, now: self.now };
        let (_, due) = step(tx, setting, line, &ground).await?;
        if let Some(due) = due {
            timer::set(tx, subject, self.customer, TimerKind::AutoRenew, due);
        }
        Ok(())
    }
}

/// What time does to a setting now, until it waits for a later time. Account and line are locked.
///
/// Money is asked for at the time it is now, not at the time it was due: what is late because no node ran is judged by what
/// holds now.
async fn step(
    tx: &mut Tx,
    mut setting: AutoRenew,
    line: Line,
    ground: &Ground<'_>,
) -> Result<(AutoRenew, Option<BusinessTime>), Stop<Problem>> {
    let now = ground.now.business;
    let allowance = allowance::get(tx, line.customer, line.id).await?;
    let data = DataNow::of(&allowance, now);
    let usage = reminder::get(tx, line.customer, line.id).await?.usage;
    let runs_out = data.is_some_and(|data| will_not_last(&data, &usage, now).is_some());
    let follows = allowance.queued_plans(now).next().is_some();
    let latest = catalog::latest_on_sale(tx, &setting.consent.offering.code).await?;
    // What lines can take so often only does not renew by itself.
    let taker = Taker::uncounted(&line, &allowance);
    let quoted = latest.as_ref().and_then(|found| quote(&taker, found, ground.brand, ground.zone, now).ok());
    let gives_less = gives_less(tx, &setting.consent.offering, latest.as_ref()).await?;
    let spent = auto_renew::spent_since(tx, line.customer, line.id, ground.zone.month_start(now)).await?;
    loop {
        let order = order_of(tx, &setting, &line).await?;
        let facts = Facts {
            line: &line,
            order: order.as_ref(),
            price: quoted.as_ref().map(|quote| quote.price),
            gives_less,
            terms_version: &ground.brand.terms_version,
            spent,
            data,
            runs_out,
            follows,
        };
        let next = on_due(&setting, &facts, now);
        let offering = quoted.as_ref().map(|quote| &quote.offering);
        setting = apply(tx, setting, &next, order.as_ref(), offering, ground).await?;
        if next.due.is_none_or(|due| due > now) {
            return Ok((setting, next.due));
        }
    }
}

/// Whether the version on sale gives less than the one that was agreed to.
async fn gives_less(tx: &mut Tx, agreed: &OfferingRef, latest: Option<&Offering>) -> Result<bool, Stop<Problem>> {
    let Some(latest) = latest.filter(|latest| latest.reference != *agreed) else { return Ok(false) };
    Ok(!latest.gives_no_less_than(&catalog::offering(tx, agreed).await?))
}

/// Carries out what was decided about a setting, without its timer. Account and line are locked.
pub(crate) async fn apply(
    tx: &mut Tx,
    before: AutoRenew,
    next: &Next,
    order: Option<&Order>,
    offering: Option<&OfferingRef>,
    ground: &Ground<'_>,
) -> Result<AutoRenew, Stop<Problem>> {
    let (customer, line, now) = (before.customer, before.line, ground.now);
    let early_for = next.early_for.or(before.early_for);
    if before.state.renews_itself() && !next.state.renews_itself() {
        // Nobody was to be told that the plan ends; from now on somebody is.
        look_later(tx, customer, line, ground.zone, now.business);
    }
    let setting = AutoRenew { state: next.state, early_for, ..before };
    auto_renew::save(tx, &setting);
    for then in &next.then {
        match *then {
            Then::Tell(kind) => tell(tx, &setting, kind, order, now)?,
            Then::CloseOrder => {
                if let Some(order) = order {
                    close_order(tx, customer, order.id, ground.zone, now).await?;
                }
            }
            Then::PlaceOrder { until } => {
                let (Some(cycle), Some(offering)) = (next.state.cycle(), offering) else {
                    return Err(Stop::Refused(Problem::Internal("a renewal without a plan".to_owned())));
                };
                let id = AutoRenew::order_of(line, cycle);
                let new = NewOrder {
                    id,
                    customer,
                    line,
                    offering: offering.clone(),
                    terms_version: setting.consent.terms_version.clone(),
                    placed_by: PlacedBy::AutoRenew,
                    token: None,
                    from: None,
                };
                let (brand, zone) = (Arc::new(ground.brand.clone()), ground.zone.clone());
                PlaceOrder { new, token_name: None, until: Some(until), brand, zone, counter: None, now }
                    .run(tx)
                    .await?;
                let job = Job::AutoRenew { customer, line, order: id };
                job::add(tx, customer, &job, now.system, now.system)?;
            }
        }
    }
    Ok(setting)
}

fn tell(
    tx: &mut Tx,
    setting: &AutoRenew,
    kind: MessageKind,
    order: Option<&Order>,
    now: Now,
) -> Result<(), everline_store::Error> {
    // An order that can still be paid is the way on; without one it is the page on which the line is renewed.
    let open = order.filter(|order| order.state == OrderState::AwaitingPayment).map(|order| order.id);
    let order = open.filter(|_| matches!(kind, MessageKind::AutoRenewFailed | MessageKind::AutoRenewNeedsYou));
    let (customer, line) = (setting.customer, setting.line);
    let cause = instant_cause(line, now.business);
    let message = Job::SendMessage { customer, line, order, kind, cause, after: None };
    job::add(tx, customer, &message, now.system, now.system)
}
