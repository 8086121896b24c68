//! Asking the upstream network what it holds of our money, from time to time; and from when on that is too little.

use crate::audit::{Act, Stamp};
use crate::ports::FloatAnswer;
use crate::staff::{permit, permitted};
use crate::{App, Problem};
use everline_core::audit::AuditAction;
use everline_core::calendar::Day;
use everline_core::ids::RawId;
use everline_core::money::Money;
use everline_core::staff::Permission;
use everline_core::time::{MINUTE_US, Now, SECOND_US, SystemTime, Zone};
use everline_core::upstream_float::{UpstreamFloat, used_a_day};
use everline_store::tables::{staff, upstream_float as table};
use everline_store::{Stop, Tx, Work};

/// How old an answer becomes before the next question.
const ASKED_FOR_US: i64 = 10 * MINUTE_US;
/// How young one may be when people ask for another.
const YOUNG_US: i64 = 10 * SECOND_US;
/// Days from which is told how long it lasts.
const DAYS: i64 = 7;
/// Days that are kept.
const KEPT_DAYS: i64 = 400;
/// The highest threshold, in millionths.
const LEAST_MAX: i64 = 1_000_000_000_000_000_000;

/// What a page shows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FloatView {
    /// The last report, and the threshold.
    pub float: UpstreamFloat,
    /// What one of the last days used up, where that is known.
    pub used_a_day: Option<Money>,
    /// How many whole days it lasts so.
    pub lasts_days: Option<i64>,
}

/// What is known; `None` before the first report: an upstream network need not tell.
pub(crate) async fn look(tx: &mut Tx, today: Day) -> Result<Option<FloatView>, Stop<Problem>> {
    let float = table::get(tx).await?;
    let Some((left, _)) = float.reported else { return Ok(None) };
    let used = used_a_day(&table::days(tx, today.plus(-DAYS)).await?);
    Ok(Some(FloatView {
        used_a_day: used.map(|used| Money::from_micros(used, left.currency())),
        lasts_days: used.and_then(|used| float.lasts_days(used)),
        float,
    }))
}

/// Asks if it is time.
///
/// # Errors
/// As the store says; the next round does it then.
pub(crate) async fn round(app: &App) -> Result<(), Problem> {
    ask_unless(app, ASKED_FOR_US).await
}

/// Asks now, because somebody wants to know.
pub(crate) async fn ask_now(app: &App) -> Result<(), Problem> {
    ask_unless(app, YOUNG_US).await
}

/// Asks unless some node did so a short time ago.
async fn ask_unless(app: &App, younger_than_us: i64) -> Result<(), Problem> {
    let now = app.clock.now().system;
    if !app.store.transact(TakeTurn { now, younger_than_us }).await? {
        return Ok(());
    }
    match app.ports.upstream.float().await {
        FloatAnswer::Left(left) => {
            let (zone, now) = (app.zone.clone(), app.clock.now());
            app.store.transact(Reported { left, zone, now }).await?;
        }
        FloatAnswer::NotOffered => {}
        FloatAnswer::Unknown => tracing::warn!("the upstream network does not say what it holds of our money"),
    }
    Ok(())
}

struct TakeTurn {
    now: SystemTime,
    younger_than_us: i64,
}
impl Work for TakeTurn {
    const NAME: &'static str = "turn_to_ask_for_float";
    type Out = bool;
    type Refusal = Problem;
    async fn run(&self, tx: &mut Tx) -> Result<bool, Stop<Problem>> {
        Ok(table::take_turn(tx, self.now, self.now.plus_us(-self.younger_than_us)).await?)
    }
}

struct Reported {
    left: Money,
    zone: Zone,
    now: Now,
}
impl Work for Reported {
    const NAME: &'static str = "float_reported";
    type Out = ();
    type Refusal = Problem;
    async fn run(&self, tx: &mut Tx) -> Result<(), Stop<Problem>> {
        let float = table::lock(tx).await?.report(self.left, self.now.system);
        let today = Day::of(&self.zone, self.now.business);
        table::save_report(tx, &float, today);
        table::forget_days(tx, today.plus(-KEPT_DAYS));
        Ok(())
    }
}

/// Sets from when on there is too little, as somebody typed it; nothing takes the threshold away.
///
/// # Errors
/// [`Problem::Invalid`]: `least`; [`Problem::Stale`] if it was set, or the currency changed, since `seen`;
/// [`Problem::NotFound`] before the first report; [`Problem::NotAllowed`]
pub async fn set_least(app: &App, typed: &str, seen: i64, by: RawId) -> Result<(), Problem> {
    permitted(app, by, Permission::ManageStock).await?;
    let (stamp, now) = (Stamp::new(app)?, app.clock.now().system);
    app.store.transact(SetLeast { typed: typed.trim().to_owned(), seen, by, stamp, now }).await?;
    Ok(())
}

struct SetLeast {
    typed: String,
    seen: i64,
    by: RawId,
    stamp: Stamp,
    now: SystemTime,
}
impl Work for SetLeast {
    const NAME: &'static str = "set_float_threshold";
    type Out = ();
    type Refusal = Problem;
    async fn run(&self, tx: &mut Tx) -> Result<(), Stop<Problem>> {
        permit(tx, self.by, Permission::ManageStock).await?;
        let float = table::lock(tx).await?;
        let (left, _) = float.reported.ok_or(Stop::Refused(Problem::NotFound("float")))?;
        let least = match self.typed.as_str() {
            "" => None,
            typed => {
                let amount = Money::parse(typed, left.currency()).ok().map(Money::micros);
                let invalid = Stop::Refused(Problem::Invalid { field: "least", rule: "an amount above zero" });
                Some(amount.filter(|amount| (1..=LEAST_MAX).contains(amount)).ok_or(invalid)?)
            }
        };
        // Sent again.
        if least == float.least && self.seen != float.version {
            return Ok(());
        }
        if self.seen != float.version {
            return Err(Stop::Refused(Problem::Stale));
        }
        let float = float.set_least(least, self.now);
        let by = staff::signature(tx, self.by).await?;
        table::save_least(tx, &float, self.now, &by);
        let act = Act::by(self.by, AuditAction::FloatThresholdSet, ("stock", "upstream_float"));
        let said = least.map(|least| Money::from_micros(least, left.currency()).decimal());
        self.stamp.append(tx, act.with("least", said.unwrap_or_default())).await
    }
}
