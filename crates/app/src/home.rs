//! What a customer sees first: lines, money, what is left, when it ends and what happens then.

use crate::{App, Problem};
use everline_core::auto_renew::State;
use everline_core::brand::Brand;
use everline_core::charging::{Allowance, Period, Service, Window};
use everline_core::customer::Customer;
use everline_core::ids::{CustomerId, LineId};
use everline_core::ledger::LedgerAccount;
use everline_core::line::{Line, LineState, SuspendCause};
use everline_core::money::Money;
use everline_core::offering::{Offering, Unit};
use everline_core::order::Order;
use everline_core::reminder::{DataNow, Usage, will_not_last};
use everline_core::time::{BusinessTime, Now, Zone};
use everline_store::tables::{allowance, auto_renew, catalog, customer, line, order, reminder};
use everline_store::{Stop, Tx, Work};
use std::collections::BTreeMap;
use std::sync::Arc;

/// Most lines on one page.
const LINES_MAX: i64 = 500;

/// Everything on the first page.
#[derive(Debug, Clone, PartialEq)]
pub struct Home {
    /// Who is signed in.
    pub customer: Customer,
    /// Paid credit.
    pub paid_credit: Money,
    /// Promotional credit.
    pub promo_credit: Money,
    /// The lines, those that need something first.
    pub lines: Vec<LineView>,
}

/// One line as its owner sees it.
#[derive(Debug, Clone, PartialEq)]
pub struct LineView {
    /// The line.
    pub line: Line,
    /// Whether to renew now, and why.
    pub advice: Advice,
    /// What is left, per unit that some plan or pack includes.
    pub left: Vec<Left>,
    /// The plan that runs.
    pub current: Option<PlanView>,
    /// Plans that follow, in order.
    pub queued: Vec<PlanView>,
    /// Packs that run.
    pub packs: Vec<PlanView>,
    /// What the network lets its device do; `None` while no session is open.
    pub service: Option<Service>,
    /// How fast its data goes; `None` while nothing was used, or it was counted for less than a day.
    pub pace: Option<Pace>,
}

/// How fast data goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Pace {
    /// Octets in a day, at the rate of the last days.
    pub a_day: i64,
    /// When all is used up at this rate; `None` if it lasts until what runs ends.
    pub runs_out_at: Option<BusinessTime>,
}

/// How much of a unit is left.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Left {
    /// What is counted.
    pub unit: Unit,
    /// What is left.
    pub left: i64,
    /// What there was.
    pub granted: i64,
}

/// A bought plan or pack.
#[derive(Debug, Clone, PartialEq)]
pub struct PlanView {
    /// What was bought.
    pub offering: Offering,
    /// When it runs.
    pub window: Window,
}

/// Whether a line must be renewed, in one sentence.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Advice {
    /// No service since then: renew now.
    CutOff {
        /// Since when.
        since: BusinessTime,
    },
    /// The plan ended; service is kept until then: renew now.
    Grace {
        /// Until when.
        until: BusinessTime,
    },
    /// The data is used up; a pack or the next plan brings it back.
    UsedUp,
    /// It ends soon and nothing follows: renew now.
    EndsSoon {
        /// When.
        at: BusinessTime,
        /// Calendar days until then; 0 is today.
        days: i64,
    },
    /// Ends soon, and is renewed by itself.
    RenewsItself {
        /// When what runs ends.
        at: BusinessTime,
        /// Calendar days until then; 0 is today.
        days: i64,
    },
    /// Used up within the week at the rate of the last days, before it ends.
    RunsOut {
        /// When.
        at: BusinessTime,
        /// When what runs ends.
        until: BusinessTime,
    },
    /// Fine until then.
    Fine {
        /// Until when, queued plans included.
        until: BusinessTime,
        /// Calendar days until then.
        days: i64,
    },
    /// Starts on first use.
    WaitsForFirstUse {
        /// When it begins by itself.
        begins_by: BusinessTime,
    },
    /// Kept for its order, which is not paid yet.
    Reserved {
        /// Until when.
        until: BusinessTime,
    },
    /// Nothing was bought yet.
    NothingYet,
    /// Lost, barred or over; paying does not bring it back.
    OutOfService,
}

impl Advice {
    /// Whether to renew now.
    #[must_use]
    pub const fn renew_now(self) -> bool {
        matches!(
            self,
            Advice::CutOff { .. }
                | Advice::Grace { .. }
                | Advice::UsedUp
                | Advice::EndsSoon { .. }
                | Advice::RunsOut { .. }
                | Advice::NothingYet
        )
    }
    const fn urgency(self) -> u8 {
        match self {
            Advice::CutOff { .. } => 0,
            Advice::Grace { .. } => 1,
            Advice::UsedUp => 2,
            Advice::EndsSoon { .. } | Advice::RunsOut { .. } => 3,
            Advice::NothingYet | Advice::Reserved { .. } => 4,
            Advice::WaitsForFirstUse { .. } => 5,
            Advice::Fine { .. } | Advice::RenewsItself { .. } => 6,
            Advice::OutOfService => 7,
        }
    }
}

/// Days before the end from which on a customer is told to renew.
pub const SOON_DAYS: i64 = 7;

/// Whether to renew a line now, and why.
#[must_use]
pub fn advise(line: &Line, beside: &Beside, zone: &Zone, now: BusinessTime) -> Advice {
    let allowance = &beside.allowance;
    match line.state {
        LineState::Suspended(SuspendCause::NotRenewed { .. }) | LineState::NumberKept { .. } => {
            return Advice::CutOff { since: line.state_since };
        }
        LineState::Grace { until } => return Advice::Grace { until },
        LineState::Reserved { until } => return Advice::Reserved { until },
        state if !state.renewable() => return Advice::OutOfService,
        _ => {}
    }
    let first_use = allowance.periods.iter().find_map(|period| match period.window {
        Window::FirstUse { begins_by, .. } => Some(begins_by),
        Window::Fixed { .. } => None,
    });
    let Some(current) = allowance.current_plan(now) else {
        return first_use.map_or(Advice::NothingYet, |begins_by| Advice::WaitsForFirstUse { begins_by });
    };
    let has_data = current.buckets.iter().any(|bucket| bucket.unit == Unit::Octets);
    if has_data && allowance.left(Unit::Octets, now) == 0 {
        return Advice::UsedUp;
    }
    let until = allowance.service_until().or(current.ends_at()).unwrap_or(now);
    let days = zone.days_between(now, until);
    let nothing_follows = allowance.queued_plans(now).next().is_none();
    let runs_out = DataNow::of(allowance, now).and_then(|data| will_not_last(&data, &beside.usage, now));
    if days <= SOON_DAYS && nothing_follows && !beside.renews_itself() {
        Advice::EndsSoon { at: until, days }
    } else if let Some(at) = runs_out {
        Advice::RunsOut { at, until }
    } else if days <= SOON_DAYS && nothing_follows {
        Advice::RenewsItself { at: until, days }
    } else {
        Advice::Fine { until, days }
    }
}

/// What is known of a line beside itself.
#[derive(Debug, Clone, Default)]
pub struct Beside {
    /// What it can use.
    pub allowance: Allowance,
    /// Counts of used data.
    pub usage: Usage,
    /// Where its renewal by itself is, if that is on.
    pub renewal: Option<State>,
}

impl Beside {
    /// Whether it will be renewed with nobody doing anything.
    fn renews_itself(&self) -> bool {
        self.renewal.is_some_and(|state| state.renews_itself())
    }
    fn pace(&self, now: BusinessTime) -> Option<Pace> {
        let data = DataNow::of(&self.allowance, now)?;
        let runs_out_at = data.runs_out_at(&self.usage, now).filter(|at| *at < data.ends);
        Some(Pace { a_day: data.used_a_day(&self.usage, now)?, runs_out_at })
    }
}

/// The first page of a customer.
pub async fn home(app: &App, customer: CustomerId) -> Result<Home, Problem> {
    let (brand, zone, now) = (app.brand.clone(), app.zone.clone(), app.clock.now());
    Ok(app.store.read(ReadHome { customer, brand, zone, now }).await?)
}

/// One line and its newest orders.
pub async fn line_page(app: &App, customer: CustomerId, line: LineId) -> Result<(LineView, Vec<Order>), Problem> {
    Ok(app.store.read(ReadLine { customer, line, zone: app.zone.clone(), now: app.clock.now() }).await?)
}

struct ReadHome {
    customer: CustomerId,
    brand: Arc<Brand>,
    zone: Zone,
    now: Now,
}
impl Work for ReadHome {
    const NAME: &'static str = "home";
    type Out = Home;
    type Refusal = Problem;
    async fn run(&self, tx: &mut Tx) -> Result<Home, Stop<Problem>> {
        let id = self.customer;
        let account = (customer::by_id(id), customer::account_of(id));
        let lines = (line::all_of(id, LINES_MAX), allowance::of_customer(id));
        let beside = (reminder::usage_of(id), auto_renew::of_customer(id));
        let ((customers, balances), (all, allowances), (usage, renewals)) =
            tx.together((account, lines, beside)).await?;
        let gone = |what| Stop::Refused(Problem::NotFound(what));
        let customer = customers.into_iter().next().ok_or(gone("customer"))?;
        let balances = balances.into_iter().next().ok_or(gone("account"))?;
        let mut known: BTreeMap<LineId, Beside> = BTreeMap::new();
        for (line, allowance) in allowances {
            known.entry(line).or_default().allowance = allowance;
        }
        for (line, usage) in usage {
            known.entry(line).or_default().usage = usage;
        }
        for setting in renewals {
            known.entry(setting.line).or_default().renewal = Some(setting.state);
        }
        let mut offerings = Known::default();
        let mut lines = Vec::new();
        for line in all {
            let beside = known.remove(&line.id).unwrap_or_default();
            lines.push(view(tx, line, &beside, &mut offerings, &self.zone, self.now.business).await?);
        }
        lines.sort_by_key(|view| (view.advice.urgency(), view.line.service_until));
        let money = |account| Money::from_micros(balances.get(account), self.brand.currency);
        let (paid_credit, promo_credit) = (money(LedgerAccount::PaidCredit), money(LedgerAccount::PromoCredit));
        Ok(Home { customer, paid_credit, promo_credit, lines })
    }
}

struct ReadLine {
    customer: CustomerId,
    line: LineId,
    zone: Zone,
    now: Now,
}
impl Work for ReadLine {
    const NAME: &'static str = "line_page";
    type Out = (LineView, Vec<Order>);
    type Refusal = Problem;
    async fn run(&self, tx: &mut Tx) -> Result<Self::Out, Stop<Problem>> {
        let line = line::get(tx, self.customer, self.line).await?.ok_or(Stop::Refused(Problem::NotFound("line")))?;
        let allowance = allowance::get(tx, self.customer, self.line).await?;
        let usage = reminder::get(tx, self.customer, self.line).await?.usage;
        let renewal = auto_renew::get(tx, self.customer, self.line).await?.map(|setting| setting.state);
        let beside = Beside { allowance, usage, renewal };
        let orders = order::of_line(tx, self.customer, self.line, 20).await?;
        let view = view(tx, line, &beside, &mut Known::default(), &self.zone, self.now.business).await?;
        Ok((view, orders))
    }
}

/// Offerings read once per page.
#[derive(Default)]
struct Known(BTreeMap<(String, u32), Offering>);
impl Known {
    async fn get(&mut self, tx: &mut Tx, period: &Period) -> Result<Offering, everline_store::Error> {
        let key = (period.offering.code.clone(), period.offering.version);
        if let Some(known) = self.0.get(&key) {
            return Ok(known.clone());
        }
        let offering = catalog::offering(tx, &period.offering).await?;
        self.0.insert(key, offering.clone());
        Ok(offering)
    }
}

async fn view(
    tx: &mut Tx,
    line: Line,
    beside: &Beside,
    known: &mut Known,
    zone: &Zone,
    now: BusinessTime,
) -> Result<LineView, everline_store::Error> {
    use everline_core::offering::OfferingKind;
    let allowance = &beside.allowance;
    let mut queued_periods: Vec<&Period> = allowance.queued_plans(now).collect();
    queued_periods.sort_by_key(|period| period.ends_at());
    let mut queued = Vec::new();
    for period in queued_periods {
        queued.push(PlanView { offering: known.get(tx, period).await?, window: period.window });
    }
    let mut packs = Vec::new();
    for period in allowance.periods.iter().filter(|period| period.kind == OfferingKind::Pack && period.running(now)) {
        packs.push(PlanView { offering: known.get(tx, period).await?, window: period.window });
    }
    let current = match allowance.current_plan(now) {
        Some(period) => Some(PlanView { offering: known.get(tx, period).await?, window: period.window }),
        None => None,
    };
    let usable = || allowance.periods.iter().filter(|period| period.usable(now)).flat_map(|period| &period.buckets);
    let left = [Unit::Octets, Unit::Seconds, Unit::Messages].into_iter().filter_map(|unit| {
        let granted: i64 = usable().filter(|bucket| bucket.unit == unit).map(|bucket| bucket.granted).sum();
        (granted > 0).then(|| Left { unit, left: allowance.left(unit, now), granted })
    });
    let service = allowance.sessions.iter().map(|session| session.service).next();
    let (advice, pace) = (advise(&line, beside, zone, now), beside.pace(now));
    Ok(LineView { advice, left: left.collect(), current, queued, packs, service, pace, line })
}
