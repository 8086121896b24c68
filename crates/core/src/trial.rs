//! Trying an offering out before it is sold: what a line in some state would be told, by the same code that tells it to
//! customers. Nothing here decides anything of its own; it makes a line up, and asks.

use crate::brand::Brand;
use crate::charging::{Allowance, Bucket, Period, Window};
use crate::identifiers::Msisdn;
use crate::ids::{AttemptId, CustomerId, LineId, OrderId, RawId};
use crate::ledger::{Balances, LedgerAccount};
use crate::line::{DeviceKind, Line, LineState, NetworkKind, SuspendCause};
use crate::offering::{Family, Offering, OfferingKind, OfferingRef, SaleState};
use crate::order::{Order, OrderState, PlacedBy};
use crate::payment::{Attempt, AttemptState, Method, Settlement};
use crate::quote::{NotSellable, Placement, Quote, Taker, period, place, quote};
use crate::refund_rule::{NoRefund, Refundable, Standing, by_rule};
use crate::time::{BusinessTime, DAY_US, SystemTime, Zone};
use crate::words::words;

/// What a line has when it buys.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Has {
    /// It was just sold, and bought nothing yet.
    New,
    /// The same offering runs.
    SamePlan,
    /// A plan of another offering runs.
    OtherPlan,
    /// A plan waits for its first use.
    FirstUse,
    /// Its last plan ended, and it is served on for some days.
    Grace,
    /// It is suspended because it was not renewed.
    Suspended,
    /// Its owner lost it.
    Lost,
}
words!(Has {
    New = "new",
    SamePlan = "same_plan",
    OtherPlan = "other_plan",
    FirstUse = "first_use",
    Grace = "grace",
    Suspended = "suspended",
    Lost = "lost",
});

impl Has {
    /// Whether it is said when a plan ends.
    #[must_use]
    pub const fn ends(self) -> bool {
        matches!(self, Has::SamePlan | Has::OtherPlan)
    }
}

/// Who buys, and when.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Trial {
    /// When.
    pub at: BusinessTime,
    /// What the line is for.
    pub family: Family,
    /// What it has.
    pub has: Has,
    /// When its plan ends, where it has one.
    pub ends_at: Option<BusinessTime>,
    /// The day of the month on which its chain of monthly plans began; the day on which its plan ends, if nobody says.
    pub anchor_day: Option<i8>,
    /// How often it took the offering before.
    pub taken: u32,
}

/// What it would be told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Told {
    /// What buying it would mean.
    pub quote: Result<Quote, NotSellable>,
    /// Where the next one would land, bought at the same time.
    pub then: Option<Placement>,
}

/// What happened to what was bought, for a refund.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Later {
    /// Days of 24 hours after it was paid.
    pub days: u16,
    /// Whether something of it was used by then, of a top-up: all of it.
    pub used: bool,
}

const BOUGHT: OrderId = OrderId(RawId::from_bytes([2; 16]));
const BEFORE: OrderId = OrderId(RawId::from_bytes([1; 16]));
const NOBODY: CustomerId = CustomerId(RawId::from_bytes([0; 16]));
const LINE: LineId = LineId(RawId::from_bytes([0; 16]));
const NUMBER: &str = "10000000";

/// What a line would be told about a version, also one that is not on sale yet. `None` if no line can be made up.
#[must_use]
pub fn told(offering: &Offering, trial: &Trial, brand: &Brand, zone: &Zone) -> Option<Told> {
    let offering = on_sale(offering);
    let (line, mut allowance) = (line(trial, &offering)?, allowance(trial, &offering, zone));
    let taker = Taker { line: &line, allowance: &allowance, taken: trial.taken, planned: false };
    let quote = quote(&taker, &offering, brand, zone, trial.at);
    let renews = quote.is_ok() && offering.kind == OfferingKind::Plan;
    let then = renews.then(|| {
        allowance.periods.extend(period(BOUGHT, offering.price, &allowance, &offering, zone, trial.at));
        place(&allowance, &offering, zone, trial.at)
    });
    Some(Told { quote, then: then.filter(|then| then.bounds().0.is_some()) })
}

/// What would go back of it so many days later, by the offering's own rule. `None` if no line can be made up.
#[must_use]
pub fn refund(offering: &Offering, trial: &Trial, later: Later, zone: &Zone) -> Option<Result<Refundable, NoRefund>> {
    let offering = on_sale(offering);
    let (line, mut allowance) = (line(trial, &offering)?, allowance(trial, &offering, zone));
    let mut bought = period(BOUGHT, offering.price, &allowance, &offering, zone, trial.at);
    for bucket in bought.iter_mut().filter(|_| later.used).flat_map(|period| &mut period.buckets) {
        bucket.used = bucket.granted;
    }
    allowance.periods.extend(bought);
    let then = trial.at.plus_us(i64::from(later.days) * DAY_US);
    allowance.advance(trial.at, then, zone);
    let order = order(&offering, trial.at);
    let attempts = [attempt(&order)];
    let mut columns = Balances::default().columns();
    for (account, held) in LedgerAccount::ALL.into_iter().zip(&mut columns) {
        if account == LedgerAccount::PaidCredit && offering.kind == OfferingKind::TopUp && !later.used {
            *held = offering.price.micros();
        }
    }
    let standing = Standing {
        order: &order,
        line: &line,
        offering: &offering,
        allowance: &allowance,
        balances: &Balances::from_columns(columns),
        attempts: &attempts,
        refunds: &[],
        disputed: false,
    };
    Some(by_rule(&standing, then))
}

/// A draft is tried as if it were on sale.
fn on_sale(offering: &Offering) -> Offering {
    Offering { sale: SaleState::Published, ..offering.clone() }
}

fn line(trial: &Trial, offering: &Offering) -> Option<Line> {
    let upstream = offering.upstream_code.is_some();
    Some(Line {
        id: LINE,
        customer: NOBODY,
        version: 0,
        msisdn: Msisdn::parse(NUMBER).ok()?,
        name: String::new(),
        device: DeviceKind::Other,
        family: trial.family,
        network: if upstream { NetworkKind::Upstream } else { NetworkKind::BuiltIn },
        state: match trial.has {
            Has::New => LineState::Silent { until: None },
            Has::SamePlan | Has::OtherPlan | Has::FirstUse => LineState::Active,
            Has::Grace => LineState::Grace { until: trial.at.plus_us(DAY_US) },
            Has::Suspended => LineState::Suspended(SuspendCause::NotRenewed { until: None }),
            Has::Lost => LineState::Suspended(SuspendCause::Lost),
        },
        state_since: trial.at,
        service_until: trial.ends_at.filter(|_| trial.has.ends()),
        guest_renewal: true,
        main_balance_consent: false,
    })
}

fn allowance(trial: &Trial, offering: &Offering, zone: &Zone) -> Allowance {
    let another = OfferingRef { code: String::new(), version: 1 };
    let before = match trial.has {
        Has::SamePlan => Some((offering.reference.clone(), trial.ends_at)),
        Has::OtherPlan => Some((another, trial.ends_at)),
        Has::FirstUse => Some((another, None)),
        Has::New | Has::Grace | Has::Suspended | Has::Lost => None,
    };
    let period = before.map(|(offering_ref, ends_at)| {
        let window = match ends_at {
            Some(ends_at) => Window::Fixed { starts_at: trial.at.plus_us(-1).min(ends_at.plus_us(-1)), ends_at },
            None => Window::FirstUse {
                begins_by: trial.at.plus_us(180 * DAY_US),
                validity: crate::time::Validity::Days(30),
            },
        };
        let day = trial.anchor_day.or_else(|| ends_at.map(|end| zone.date(end).day()));
        Period {
            order: BEFORE,
            offering: offering_ref,
            kind: OfferingKind::Plan,
            window,
            anchor_day: day,
            deferred: 0,
            recognised: 0,
            recognitions: 0,
            buckets: Vec::<Bucket>::new(),
        }
    });
    Allowance { periods: period.into_iter().collect(), ..Allowance::default() }
}

fn order(offering: &Offering, at: BusinessTime) -> Order {
    Order {
        id: BOUGHT,
        customer: NOBODY,
        line: LINE,
        number: String::new(),
        offering: offering.reference.clone(),
        price: offering.price,
        funds: offering.price.micros(),
        state: OrderState::InEffect,
        placed_by: PlacedBy::Owner,
        terms_version: String::new(),
        placed_at: at,
        expires_at: at,
        paid_at: Some(at),
        delivered_at: Some(at),
        in_effect_at: Some(at),
        closed_at: None,
        starts_at: None,
        ends_at: None,
    }
}

fn attempt(order: &Order) -> Attempt {
    let at = SystemTime::from_us(order.placed_at.us());
    Attempt {
        id: AttemptId(RawId::from_bytes([3; 16])),
        customer: order.customer,
        order: order.id,
        method: Method::AlipayQr,
        out_trade_no: String::new(),
        amount: order.price,
        state: AttemptState::Paid,
        reference: None,
        pay_url: None,
        pay_url_until: None,
        trade_no: None,
        received: order.price.micros(),
        settlement: Some(Settlement::Order),
        created_at: at,
        expires_at: at,
        paid_at: Some(at),
    }
}
