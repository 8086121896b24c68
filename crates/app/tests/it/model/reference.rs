//! The model: one line of one customer, in plain numbers. It shares nothing with core but the words for its answers.

use crate::world::outside::{Fate, TradeState};
use crate::world::stock::{GB, YUAN};
use everline_app::Problem;
use everline_core::charging::Service;
use everline_core::lifecycle::LifecycleCommand;
use everline_core::line::{LineState, SuspendCause};
use everline_core::order::OrderState;
use everline_core::payment::{Method, Settlement};
use everline_core::quote::NotSellable;
use everline_core::refund::RefundState;
use everline_core::time::BusinessTime;

/// What can be bought: a plan of 30 days, a pack of 7, a plan of 7 days from the first use, money.
pub const CODES: [&str; 4] = ["days", "pack", "trip", "topup"];
const PRICES: [i64; 4] = [99 * YUAN / 10, 5 * YUAN, 29 * YUAN, 50 * YUAN];
const OCTETS: [i64; 4] = [GB, GB, 2 * GB, 0];
const DAYS: usize = 0;
const PACK: usize = 1;
const TRIP: usize = 2;
const TOPUP: usize = 3;
const DAY: i64 = 86_400_000_000;
const MINUTE: i64 = 60_000_000;
/// Most plans that may wait.
const QUEUE: usize = 3;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Money {
    pub receivable: i64,
    pub funds: i64,
    pub credit: i64,
    pub suspense: i64,
    pub in_flight: i64,
    /// Deferred revenue and revenue.
    pub sold: i64,
}

pub struct ModelOrder {
    code: usize,
    pub state: OrderState,
    pub funds: i64,
    expires: i64,
}
pub struct ModelAttempt {
    pub order: usize,
    method: Method,
    pub trade: TradeState,
    pub settlement: Option<Settlement>,
    /// Whether we believe that it can be paid, and until when it can (system time).
    open: bool,
    expires: i64,
    /// Whether a job still asks about it.
    watched: bool,
}
struct ModelRefund {
    amount: i64,
    state: RefundState,
    tried: bool,
}
struct ModelPeriod {
    order: usize,
    /// None before the first use; then `starts` is when it begins by itself.
    ends: Option<i64>,
    starts: i64,
    left: i64,
}
pub struct ModelSession {
    pub service: Service,
    /// What the network is still to be told: full service or not, and whether it was told in vain.
    tell: Vec<(bool, bool)>,
}

impl ModelSession {
    /// Something new is to be told: what was told in vain is tried again first.
    fn will_tell(&mut self, full: bool) {
        self.tell.iter_mut().for_each(|tell| tell.1 = false);
        self.tell.push((full, false));
    }
}

/// How many days each state lasts; `None`: it has no end by itself.
#[derive(Debug, Clone, Copy)]
pub struct Ages {
    pub grace: i64,
    pub suspended: Option<i64>,
    pub kept: Option<i64>,
    pub terminated: Option<i64>,
    pub quarantined: Option<i64>,
}

/// What people do to the line.
pub const COMMANDS: [LifecycleCommand; 7] = [
    LifecycleCommand::ReportLost,
    LifecycleCommand::LiftLost,
    LifecycleCommand::Bar,
    LifecycleCommand::LiftBar,
    LifecycleCommand::KeepNumber,
    LifecycleCommand::BringBack,
    LifecycleCommand::Terminate,
];

pub struct Model {
    pub now: i64,
    system: i64,
    ages: Ages,
    pub state: LineState,
    pub service_until: Option<i64>,
    periods: Vec<ModelPeriod>,
    pub session: Option<ModelSession>,
    pub orders: Vec<ModelOrder>,
    pub attempts: Vec<ModelAttempt>,
    refunds: Vec<ModelRefund>,
    pub radio_works: bool,
    pub refunds_end: Fate,
}

impl Model {
    pub fn new(now: i64, ages: Ages) -> Self {
        Self {
            now,
            system: now,
            state: Self::silent(now, &ages),
            ages,
            service_until: None,
            periods: Vec::new(),
            session: None,
            orders: Vec::new(),
            attempts: Vec::new(),
            refunds: Vec::new(),
            radio_works: true,
            refunds_end: Fate::Works,
        }
    }

    /// As `world::stock::whole_life` has it; other families have no end.
    fn silent(at: i64, ages: &Ages) -> LineState {
        LineState::Silent { until: ages.suspended.map(|_| BusinessTime::from_us(at + 20 * DAY)) }
    }

    // What is there

    fn is_plan(&self, period: &ModelPeriod) -> bool {
        self.orders[period.order].code != PACK
    }
    fn runs(period: &ModelPeriod, at: i64) -> bool {
        period.ends.is_some_and(|end| period.starts <= at && at < end)
    }
    fn usable(period: &ModelPeriod, at: i64) -> bool {
        period.ends.is_none() || Self::runs(period, at)
    }
    fn plan_runs(&self) -> bool {
        self.periods.iter().any(|period| self.is_plan(period) && Self::runs(period, self.now))
    }
    fn has_service(&self, at: i64) -> bool {
        self.periods.iter().any(|period| self.is_plan(period) && Self::usable(period, at))
    }
    fn lost_or_barred(&self) -> bool {
        matches!(self.state, LineState::Suspended(SuspendCause::Lost | SuspendCause::Barred))
    }
    pub fn over(&self) -> bool {
        matches!(self.state, LineState::Terminated { .. } | LineState::Quarantined { .. } | LineState::Closed)
    }
    fn for_sale(&self) -> bool {
        !self.over() && !self.lost_or_barred()
    }
    fn in_service(&self) -> bool {
        matches!(self.state, LineState::Silent { .. } | LineState::Active | LineState::Grace { .. })
    }
    pub fn left(&self) -> i64 {
        self.periods.iter().filter(|period| Self::usable(period, self.now)).map(|period| period.left).sum()
    }
    fn know_the_end(&mut self) {
        let ends = self.periods.iter().filter(|period| self.is_plan(period)).filter_map(|period| period.ends);
        self.service_until = ends.max().or(self.service_until);
    }
    pub fn money(&self) -> Money {
        let came: i64 =
            self.attempts.iter().filter(|a| a.settlement.is_some()).map(|a| PRICES[self.orders[a.order].code]).sum();
        let back = |state| self.refunds.iter().filter(|r| r.state == state).map(|r| r.amount).sum::<i64>();
        let sold = |topup: bool| {
            let delivered =
                self.orders.iter().filter(|order| order.state.delivered() && (order.code == TOPUP) == topup);
            delivered.map(|order| PRICES[order.code]).sum()
        };
        Money {
            receivable: came - back(RefundState::Done),
            funds: 0,
            credit: sold(true),
            suspense: back(RefundState::Failed),
            in_flight: back(RefundState::InFlight),
            sold: sold(false),
        }
    }
    pub fn went_back(&self) -> i64 {
        self.refunds.iter().filter(|refund| refund.state == RefundState::Done).map(|refund| refund.amount).sum()
    }
    /// The prices of what is over.
    pub fn surely_earned(&self) -> i64 {
        let open = |n: usize| self.periods.iter().any(|period| period.order == n);
        let over = self.orders.iter().enumerate().filter(|(n, o)| o.state.delivered() && o.code != TOPUP && !open(*n));
        over.map(|(_, order)| PRICES[order.code]).sum()
    }

    // Buying

    fn sellable(&self, code: usize) -> Result<(), NotSellable> {
        let waiting = self.periods.iter().filter(|p| self.is_plan(p) && (p.ends.is_none() || p.starts > self.now));
        let first_use = waiting.clone().any(|period| period.ends.is_none());
        match code {
            _ if !self.for_sale() => Err(NotSellable::LineState),
            TOPUP => Ok(()),
            PACK if self.state == LineState::Active && self.plan_runs() => Ok(()),
            PACK => Err(NotSellable::NeedsPlan),
            _ if waiting.count() >= QUEUE => Err(NotSellable::QueueFull),
            DAYS if first_use => Err(NotSellable::WaitsForFirstUse),
            _ => Ok(()),
        }
    }
    pub fn place(&mut self, code: usize) -> Result<(), NotSellable> {
        self.sellable(code)?;
        let expires = self.now + 30 * MINUTE;
        self.orders.push(ModelOrder { code, state: OrderState::AwaitingPayment, funds: 0, expires });
        Ok(())
    }
    /// A new attempt (None), or the open one it stands for.
    pub fn start(&mut self, order: usize, method: Method) -> Result<Option<usize>, Problem> {
        match self.orders[order].state {
            OrderState::AwaitingPayment if self.orders[order].expires > self.now => {}
            OrderState::AwaitingPayment | OrderState::Closed => return Err(Problem::OrderClosed),
            _ => return Err(Problem::AlreadyPaid),
        }
        let open = |a: &ModelAttempt| a.order == order && a.open && a.settlement.is_none() && a.expires > self.system;
        let (same, others): (Vec<usize>, Vec<usize>) = (0..self.attempts.len())
            .filter(|n| open(&self.attempts[*n]))
            .partition(|n| self.attempts[*n].method == method);
        others.into_iter().for_each(|n| self.close(n));
        if let Some(same) = same.last() {
            return Ok(Some(*same));
        }
        let expires = self.system + self.orders[order].expires - self.now;
        let trade = TradeState::Absent;
        self.attempts.push(ModelAttempt { order, method, trade, settlement: None, open: true, expires, watched: true });
        Ok(None)
    }
    /// The provider is asked to take nothing more.
    fn close(&mut self, n: usize) {
        match self.attempts[n].trade {
            TradeState::Absent => {}
            TradeState::Waiting | TradeState::Closed => {
                self.attempts[n].trade = TradeState::Closed;
                self.attempts[n].open = false;
            }
            TradeState::Paid => self.evidence(n),
        }
    }
    pub fn scan(&mut self, n: usize) {
        if self.attempts[n].trade == TradeState::Absent {
            self.attempts[n].trade = TradeState::Waiting;
        }
    }
    pub fn can_pay(&self, n: usize) -> bool {
        let unknown = self.attempts.iter().any(|a| a.trade == TradeState::Paid && a.settlement.is_none());
        !unknown && matches!(self.attempts[n].trade, TradeState::Absent | TradeState::Waiting)
    }
    pub fn pay(&mut self, n: usize) {
        self.attempts[n].trade = TradeState::Paid;
    }
    pub fn decline(&mut self, n: usize) -> bool {
        let open = self.attempts[n].trade != TradeState::Paid;
        if open {
            self.attempts[n].trade = TradeState::Closed;
        }
        open
    }
    /// A question about every attempt of an order.
    pub fn ask(&mut self, order: usize) {
        for n in 0..self.attempts.len() {
            if self.attempts[n].order == order && self.attempts[n].settlement.is_none() {
                self.query(n);
            }
        }
    }
    fn query(&mut self, n: usize) {
        let over = self.system >= self.attempts[n].expires + 10 * MINUTE;
        match self.attempts[n].trade {
            TradeState::Paid => self.evidence(n),
            TradeState::Closed => self.attempts[n].open = false,
            TradeState::Absent | TradeState::Waiting if over => self.attempts[n].open = false,
            TradeState::Absent | TradeState::Waiting => {}
        }
    }

    // Being paid

    /// The provider surely has the money.
    pub fn evidence(&mut self, n: usize) {
        if self.attempts[n].settlement.is_some() {
            return;
        }
        let order = self.attempts[n].order;
        let code = self.orders[order].code;
        let takes = match self.orders[order].state {
            OrderState::AwaitingPayment => self.for_sale() && (code != PACK || (self.in_service() && self.plan_runs())),
            OrderState::Closed => self.sellable(code).is_ok(),
            _ => false,
        };
        self.attempts[n].settlement = Some(if takes { Settlement::Order } else { Settlement::Refund });
        if takes {
            self.orders[order].funds = PRICES[code];
            self.deliver(order);
        } else {
            self.refunds.push(ModelRefund { amount: PRICES[code], state: RefundState::InFlight, tried: false });
        }
    }
    fn deliver(&mut self, order: usize) {
        let code = self.orders[order].code;
        let days = if code == DAYS { 30 } else { 7 };
        let ends = self.periods.iter().filter(|period| self.is_plan(period)).filter_map(|period| period.ends);
        let behind = ends.filter(|end| *end > self.now).max().filter(|_| code == DAYS);
        let starts = if code == TRIP { self.now + 180 * DAY } else { behind.unwrap_or(self.now) };
        let ends = (code != TRIP).then_some(starts + days * DAY);
        self.orders[order].state = match code {
            TRIP => OrderState::StartsOnFirstUse,
            DAYS if behind.is_some() => OrderState::Queued,
            _ => OrderState::InEffect,
        };
        if code != TOPUP {
            self.periods.push(ModelPeriod { order, ends, starts, left: OCTETS[code] });
            self.know_the_end();
        }
        let was_out = !self.in_service();
        if self.has_service(self.now) && (code == DAYS || code == TRIP) {
            self.state = LineState::Active;
        }
        let lets_in = code != TOPUP && (behind.is_none() || was_out) && self.in_service();
        if lets_in && self.restore() && code != TRIP && behind.is_none() {
            self.orders[order].state = OrderState::Delivered;
        }
    }
    /// Cut off, the session is to be served again; whether there is such a session.
    fn restore(&mut self) -> bool {
        match &mut self.session {
            Some(session) if session.service != Service::Full => {
                session.service = Service::Restoring;
                session.will_tell(true);
                true
            }
            _ => false,
        }
    }
    fn in_effect(&mut self) {
        if self.session.as_ref().is_none_or(|session| session.service != Service::Restoring) {
            let delivered = self.orders.iter_mut().filter(|order| order.state == OrderState::Delivered);
            delivered.for_each(|order| order.state = OrderState::InEffect);
        }
    }

    // What people do to the line

    pub fn command(&mut self, command: LifecycleCommand) -> bool {
        use LifecycleCommand::{Bar, BringBack, KeepNumber, LiftBar, LiftLost, ReportLost, Terminate};
        let was_out = !self.in_service();
        let after = |from: i64, days: Option<i64>| days.map(|days| BusinessTime::from_us(from + days * DAY));
        let (lost, barred) = (SuspendCause::Lost, SuspendCause::Barred);
        let kept = matches!(self.state, LineState::NumberKept { .. });
        let next = match command {
            _ if self.over() => return false,
            Terminate => LineState::Terminated { until: after(self.now, self.ages.terminated) },
            LiftLost if self.state == LineState::Suspended(lost) => self.as_its_plans_say(),
            LiftBar if self.state == LineState::Suspended(barred) => self.as_its_plans_say(),
            BringBack if kept && self.has_service(self.now) => LineState::Active,
            _ if self.lost_or_barred() => return false,
            ReportLost => LineState::Suspended(lost),
            Bar => LineState::Suspended(barred),
            KeepNumber if !kept => {
                let plans = self.periods.iter().filter(|period| self.is_plan(period));
                let paid = plans.map(|period| period.ends.unwrap_or(period.starts + 7 * DAY)).max();
                let from = paid.map_or(self.now, |paid| paid.max(self.now));
                LineState::NumberKept { until: after(from, self.ages.kept) }
            }
            _ => return false,
        };
        self.state = next;
        if !self.in_service() {
            self.cut_off();
        } else if was_out && (self.left() > 0 || matches!(self.state, LineState::Grace { .. })) {
            self.restore();
        }
        true
    }
    fn as_its_plans_say(&self) -> LineState {
        let grace = self.service_until.map(|end| end + self.ages.grace * DAY).filter(|until| *until > self.now);
        match (self.service_until, grace) {
            _ if self.has_service(self.now) => LineState::Active,
            (None, _) => Self::silent(self.now, &self.ages),
            (_, Some(until)) => LineState::Grace { until: BusinessTime::from_us(until) },
            _ => self.suspended(self.now),
        }
    }
    fn suspended(&self, at: i64) -> LineState {
        let until = self.ages.suspended.map(|days| BusinessTime::from_us(at + days * DAY));
        LineState::Suspended(SuspendCause::NotRenewed { until })
    }
    fn cut_off(&mut self) {
        if let Some(session) = self.session.as_mut().filter(|session| session.service != Service::Redirected) {
            session.service = Service::Redirected;
            session.will_tell(false);
        }
    }

    // The network

    fn may_be_online(&self) -> bool {
        matches!(self.state, LineState::Grace { .. }) || (self.in_service() && self.left() > 0)
    }
    pub fn attach(&mut self) {
        let service = if self.may_be_online() { Service::Full } else { Service::Redirected };
        self.session = Some(ModelSession { service, tell: Vec::new() });
        self.in_effect();
    }
    pub fn detach(&mut self) {
        self.session = None;
        self.in_effect();
    }
    pub fn report(&mut self, octets: i64) {
        let mut rest = octets;
        let mut in_order: Vec<usize> = (0..self.periods.len()).collect();
        in_order.sort_by_key(|n| {
            (self.periods[*n].ends.is_none(), self.periods[*n].ends.unwrap_or(self.periods[*n].starts))
        });
        for n in in_order {
            let period = &mut self.periods[n];
            if rest == 0 || period.left == 0 || !Self::usable(period, self.now) {
                continue;
            }
            if period.ends.is_none() {
                (period.starts, period.ends) = (self.now, Some(self.now + 7 * DAY));
                self.orders[period.order].state = OrderState::InEffect;
            }
            let take = rest.min(period.left);
            (period.left, rest) = (period.left - take, rest - take);
        }
        self.know_the_end();
        let online = self.may_be_online();
        if let Some(session) = self.session.as_mut().filter(|session| session.service == Service::Full && !online) {
            session.service = Service::Redirected;
        }
    }

    // Time

    pub fn skip(&mut self, by: i64) {
        let goal = self.now + by;
        while let Some(due) = self.next_due().filter(|due| *due <= goal) {
            self.now = due;
            let closed = self.happen(due);
            closed.into_iter().for_each(|order| self.close_attempts(order));
            self.settle();
        }
        self.now = goal;
    }
    /// Long enough for every job that waits to be tried again.
    pub fn wait(&mut self, by: i64) {
        if let Some(session) = &mut self.session {
            session.tell.iter_mut().for_each(|tell| tell.1 = false);
        }
        self.refunds.iter_mut().for_each(|refund| refund.tried = false);
        self.pass(by);
        for n in 0..self.attempts.len() {
            if self.attempts[n].watched {
                self.query(n);
                let over = self.system >= self.attempts[n].expires + 10 * MINUTE;
                self.attempts[n].watched = self.attempts[n].settlement.is_none() && !over;
            }
        }
        self.settle();
    }
    /// Both clocks run, for so short that nothing is tried again.
    pub fn pass(&mut self, by: i64) {
        (self.now, self.system) = (self.now + by, self.system + by);
        let mut closed = Vec::new();
        while let Some(due) = self.next_due().filter(|due| *due <= self.now) {
            closed.extend(self.happen(due));
        }
        closed.into_iter().for_each(|order| self.close_attempts(order));
        self.settle();
    }
    fn close_attempts(&mut self, order: usize) {
        for n in 0..self.attempts.len() {
            let attempt = &self.attempts[n];
            if attempt.order == order && attempt.open && attempt.settlement.is_none() {
                self.close(n);
            }
        }
    }
    fn next_due(&self) -> Option<i64> {
        let begun = |period: &ModelPeriod| self.orders[period.order].state != OrderState::Queued;
        let periods = self.periods.iter().map(|p| p.ends.filter(|_| begun(p)).unwrap_or(p.starts));
        let grace = self.state_ends();
        let open = self.orders.iter().filter(|order| order.state == OrderState::AwaitingPayment);
        periods.chain(grace).chain(open.map(|order| order.expires)).min()
    }
    fn state_ends(&self) -> Option<i64> {
        match self.state {
            LineState::Grace { until } => Some(until.us()),
            LineState::Silent { until }
            | LineState::Suspended(SuspendCause::NotRenewed { until })
            | LineState::NumberKept { until }
            | LineState::Terminated { until }
            | LineState::Quarantined { until } => until.map(BusinessTime::us),
            _ => None,
        }
    }
    /// What follows the state by itself.
    fn grow_older(&mut self, due: i64) {
        let after = |days: Option<i64>| days.map(|days| BusinessTime::from_us(due + days * DAY));
        self.state = match self.state {
            LineState::Active if self.ages.grace > 0 => {
                LineState::Grace { until: BusinessTime::from_us(due + self.ages.grace * DAY) }
            }
            LineState::Active => self.suspended(due),
            _ if self.state_ends().is_none_or(|end| end > due) => self.state,
            LineState::Silent { .. } | LineState::Grace { .. } => self.suspended(due),
            LineState::Suspended(_) => LineState::NumberKept { until: after(self.ages.kept) },
            LineState::NumberKept { .. } => LineState::Terminated { until: after(self.ages.terminated) },
            LineState::Terminated { .. } => {
                for period in std::mem::take(&mut self.periods) {
                    let order = &mut self.orders[period.order];
                    if matches!(order.state, OrderState::Queued | OrderState::StartsOnFirstUse) {
                        order.state = OrderState::InEffect;
                    }
                }
                self.service_until = self.service_until.map(|end| end.min(due));
                LineState::Quarantined { until: after(self.ages.quarantined) }
            }
            LineState::Quarantined { .. } => {
                self.session = None;
                LineState::Closed
            }
            other => other,
        };
    }
    /// Everything that is due at an instant; the orders that closed.
    fn happen(&mut self, due: i64) -> Vec<usize> {
        let mut closed = Vec::new();
        for (n, order) in self.orders.iter_mut().enumerate() {
            if order.state == OrderState::AwaitingPayment && order.expires <= due {
                order.state = OrderState::Closed;
                closed.push(n);
            }
        }
        for period in self.periods.iter_mut().filter(|period| period.ends.is_none() && period.starts <= due) {
            (period.starts, period.ends) = (due, Some(due + 7 * DAY));
        }
        let mut begun = Vec::new();
        for period in self.periods.iter().filter(|period| period.starts <= due) {
            if matches!(self.orders[period.order].state, OrderState::Queued | OrderState::StartsOnFirstUse) {
                begun.push(period.order);
            }
        }
        self.know_the_end();
        self.periods.retain(|period| period.ends.is_none_or(|end| end > due));
        let stopped = self.lost_or_barred() || self.over() || matches!(self.state, LineState::NumberKept { .. });
        if self.has_service(due) && !stopped {
            self.state = LineState::Active;
        } else {
            self.grow_older(due);
        }
        if !self.in_service() {
            self.cut_off();
        }
        begun.retain(|order| matches!(self.orders[*order].state, OrderState::Queued | OrderState::StartsOnFirstUse));
        let waits = !begun.is_empty() && self.in_service() && self.restore();
        for order in begun {
            self.orders[order].state = if waits { OrderState::Delivered } else { OrderState::InEffect };
        }
        closed
    }

    /// The jobs that are due run.
    pub fn settle(&mut self) {
        while let Some(session) = &mut self.session {
            let Some((full, in_vain)) = session.tell.first_mut() else { break };
            let wanted = session.service == if *full { Service::Restoring } else { Service::Redirected };
            if wanted && *in_vain {
                break;
            }
            if wanted && !self.radio_works {
                *in_vain = true;
                break;
            }
            if *in_vain && !wanted {
                break; // found out when it is tried again
            }
            let served = wanted && *full;
            session.tell.remove(0);
            if served {
                session.service = Service::Full;
                self.in_effect();
            }
        }
        for refund in self.refunds.iter_mut().filter(|r| r.state == RefundState::InFlight && !r.tried) {
            match self.refunds_end {
                Fate::Works => refund.state = RefundState::Done,
                Fate::Refuses => refund.state = RefundState::Failed,
                _ => refund.tried = true,
            }
        }
    }
}
