//! What the staff see in numbers, and how it is counted: beside the work, by one node at a time, page by page through the pool
//! of reads, each page a short read of its own along keys that there are. Nothing waits for it, and a page of figures reads
//! only what was counted.
//!
//! A day is counted from its orders as they are then: again every few minutes while it runs, once a day for ten days after its
//! end, and whenever somebody asks. What happens while a page is read is in it or in the next count. The number of an order
//! begins with the day on which it was begun (system time in the brand's zone), and the id of a reminder with the end that it
//! is about: a day is a range of either, and needs no index of its own.

use crate::staff::permit;
use crate::{App, Problem};
use everline_core::calendar::Day;
use everline_core::figures::{
    AttemptFacts, Counted, DAYS_BACK, KEPT_DAYS, LINES_REST_US, LineFigures, OrderFigures, RENEWED_WITHIN_US,
    ReminderFigures, next_day,
};
use everline_core::ids::{CustomerId, LineId, RawId};
use everline_core::offering::OfferingKind;
use everline_core::staff::Permission;
use everline_core::time::{BusinessTime, MINUTE_US, SystemTime, Zone};
use everline_store::tables::catalog;
use everline_store::tables::figure::{
    self, AttemptOfDay, Figure, Kind, LineNow, OrderOfDay, ReminderKey, ReminderOfDay,
};
use everline_store::{Stop, Tx, Work};
use serde::Serialize;
use serde::de::DeserializeOwned;
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

/// Rows of one read.
const PAGE: i64 = 500;
/// How long a turn to count lasts unless it is kept.
const TURN_US: i64 = 5 * MINUTE_US;
/// How often a node looks whether something is to be counted.
const EVERY: Duration = Duration::from_secs(30);
/// The most days on a page.
pub const DAYS_MAX: i64 = DAYS_BACK;

/// The figures of a day; what was not counted is missing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DayFigures {
    /// The day.
    pub day: Day,
    /// Orders that were begun on it.
    pub orders: Option<OrderFigures>,
    /// Reminders of plans that ended on it.
    pub reminders: Option<ReminderFigures>,
}

/// What a page of figures shows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct View {
    /// Its days in order, the running one last.
    pub days: Vec<DayFigures>,
    /// All orders together.
    pub orders: OrderFigures,
    /// All reminders together.
    pub reminders: ReminderFigures,
    /// As of when the running day is; `None` before it was counted.
    pub as_of: Option<SystemTime>,
    /// All lines, and as of when.
    pub lines: Option<(LineFigures, SystemTime)>,
}

/// The figures of the last days, today included.
///
/// # Errors
/// [`Problem::NotAllowed`]; [`Problem::Invalid`]: `days`.
pub async fn figures(app: &App, by: RawId, days: i64) -> Result<View, Problem> {
    if !(1..=DAYS_MAX).contains(&days) {
        return Err(Problem::Invalid { field: "days", rule: "1 to 90" });
    }
    let today = today(app).0;
    let from = today.plus(1 - days);
    let (orders, reminders, lines) = app.store.read(Look { by, from, to: today }).await?;
    let as_of = orders.last().map(|figure| figure.counted).filter(|counted| counted.day == today);
    let (mut orders, mut reminders) = (by_day::<OrderFigures>(&orders), by_day::<ReminderFigures>(&reminders));
    let all = (0..days).map(|n| from.plus(n));
    let all: Vec<DayFigures> = all
        .map(|day| DayFigures { day, orders: orders.remove(&day.number()), reminders: reminders.remove(&day.number()) })
        .collect();
    let (mut sum, mut told) = (OrderFigures::default(), ReminderFigures::default());
    all.iter().filter_map(|day| day.orders.as_ref()).for_each(|orders| sum.merge(orders));
    all.iter().filter_map(|day| day.reminders.as_ref()).for_each(|reminders| told.merge(reminders));
    let lines = lines.and_then(|figure| Some((decode::<LineFigures>(&figure)?, figure.counted.at)));
    Ok(View { days: all, orders: sum, reminders: told, as_of: as_of.map(|counted| counted.at), lines })
}

fn by_day<T: DeserializeOwned>(figures: &[Figure]) -> BTreeMap<i64, T> {
    figures.iter().filter_map(|figure| Some((figure.counted.day.number(), decode(figure)?))).collect()
}
/// What cannot be read was not counted: it will be again.
fn decode<T: DeserializeOwned>(figure: &Figure) -> Option<T> {
    serde_json::from_str(&figure.body).ok()
}

/// Today, and when it began.
fn today(app: &App) -> (Day, SystemTime) {
    let day = Day::of(&app.zone, BusinessTime::from_us(app.clock.now().system.us()));
    (day, SystemTime::from_us(bounds_us(&app.zone, day).0))
}
fn bounds_us(zone: &Zone, day: Day) -> (i64, i64) {
    zone.bounds_us(day.date()).unwrap_or_default()
}

/// Counts what is to be counted now, unless somebody else does; how many days.
///
/// # Errors
/// What the store says.
pub async fn count_due(app: &App) -> Result<usize, Problem> {
    // A clock that jumped would count days that did not come.
    if app.clock.doubt().is_some() {
        return Ok(0);
    }
    let Some(mut turn) = Turn::take(app).await? else { return Ok(0) };
    let mut count = 0;
    while let Some((kind, day)) = next(app).await? {
        if !count_one(&mut turn, kind, day).await? {
            return Ok(count);
        }
        count += 1;
    }
    turn.give_back().await?;
    Ok(count)
}

/// Counts a day again, whatever was counted before. False if somebody else is counting.
///
/// # Errors
/// What the store says.
pub async fn recount(app: &App, day: Day) -> Result<bool, Problem> {
    let Some(mut turn) = Turn::take(app).await? else { return Ok(false) };
    let counted = count_one(&mut turn, Kind::Orders, day).await? && count_one(&mut turn, Kind::Reminders, day).await?;
    turn.give_back().await?;
    Ok(counted)
}

/// Counts until the store is closed.
pub async fn run_forever(app: App) {
    loop {
        match count_due(&app).await {
            Ok(0) => {}
            Ok(days) => tracing::debug!(days, "figures were counted"),
            Err(problem) => tracing::error!(%problem, "figures cannot be counted"),
        }
        tokio::time::sleep(EVERY).await;
    }
}

/// What is to be counted next.
async fn next(app: &App) -> Result<Option<(Kind, Day)>, Problem> {
    let (today, now) = (today(app), app.clock.now().system);
    let [orders, reminders, lines] = app.store.read(AllCounted { from: today.0.plus(-DAYS_BACK) }).await?;
    if let Some(day) = next_day(today, &orders, now) {
        return Ok(Some((Kind::Orders, day)));
    }
    if let Some(day) = next_day(today, &reminders, now) {
        return Ok(Some((Kind::Reminders, day)));
    }
    let fresh = lines.last().is_some_and(|last| last.day == today.0 && !last.old(LINES_REST_US, now));
    Ok((!fresh).then_some((Kind::Lines, today.0)))
}

/// Counts one day; false if the turn was lost, and nothing was written down.
async fn count_one(turn: &mut Turn<'_>, kind: Kind, day: Day) -> Result<bool, Problem> {
    let at = turn.app.clock.now().system;
    let body = match kind {
        Kind::Orders => count_orders(turn, day).await?.map(|sums| encode(&sums)),
        Kind::Reminders => count_reminders(turn, day).await?.map(|sums| encode(&sums)),
        Kind::Lines => count_lines(turn).await?.map(|sums| encode(&sums)),
    };
    let Some(body) = body.transpose()? else { return Ok(false) };
    let took_us = turn.app.clock.now().system.since_us(at).max(0);
    let figure = Figure { counted: Counted { day, at, took_us }, body };
    turn.save(kind, figure).await
}

fn encode(sums: &impl Serialize) -> Result<String, Problem> {
    serde_json::to_string(sums).map_err(|_| Problem::Internal("figures have no JSON".to_owned()))
}

/// Every function that counts gives `None` when the turn was lost.
async fn count_orders(turn: &mut Turn<'_>, day: Day) -> Result<Option<OrderFigures>, Problem> {
    let prefix = |day: Day| {
        let date = day.date();
        format!("{:04}{:02}{:02}", date.year(), date.month(), date.day())
    };
    let (mut after, before, mut sums) = (prefix(day), prefix(day.plus(1)), OrderFigures::default());
    loop {
        let page = OrdersPage { after: after.clone(), before: before.clone() };
        let (orders, attempts) = turn.app.store.read(page).await?;
        let Some(OrderOfDay(last, _)) = orders.last() else { return Ok(Some(sums)) };
        after = last.clone();
        let mut of: BTreeMap<String, Vec<(RawId, AttemptFacts)>> = BTreeMap::new();
        for AttemptOfDay(number, id, attempt) in attempts {
            of.entry(number).or_default().push((id, attempt));
        }
        for OrderOfDay(number, order) in &orders {
            let mut attempts = of.remove(number).unwrap_or_default();
            attempts.sort_by_key(|(id, _)| *id);
            let attempts: Vec<AttemptFacts> = attempts.into_iter().map(|(_, attempt)| attempt).collect();
            sums.take(order, &attempts);
        }
        if !turn.keep().await? {
            return Ok(None);
        }
    }
}

async fn count_reminders(turn: &mut Turn<'_>, day: Day) -> Result<Option<ReminderFigures>, Problem> {
    let (begins, ends) = bounds_us(&turn.app.zone, day);
    let nobody = CustomerId(RawId::from_bytes([0; 16]));
    let (mut after, before, mut sums) = ((first_id(begins), nobody), first_id(ends), ReminderFigures::default());
    loop {
        let (page, renewed) = turn.app.store.read(RemindersPage { after, before }).await?;
        let Some(last) = page.last() else { return Ok(Some(sums)) };
        after = last.key;
        page.iter().filter(|one| one.of_end).for_each(|one| sums.take(one.came, renewed.contains(&one.key)));
        if !turn.keep().await? {
            return Ok(None);
        }
    }
}

async fn count_lines(turn: &mut Turn<'_>) -> Result<Option<LineFigures>, Problem> {
    let zero = RawId::from_bytes([0; 16]);
    let (now, mut after) = (turn.app.clock.now().business, (CustomerId(zero), LineId(zero)));
    let mut sums = LineFigures::default();
    loop {
        let page = turn.app.store.read(LinesPage { after }).await?;
        let Some((customer, line, ..)) = page.last() else { return Ok(Some(sums)) };
        after = (*customer, *line);
        page.iter().for_each(|(_, _, state, until)| sums.take(state, *until, now));
        if !turn.keep().await? {
            return Ok(None);
        }
    }
}

/// The first id of an instant.
pub(crate) fn first_id(us: i64) -> RawId {
    let [_, _, ms @ ..] = (us.max(0) / 1_000).to_be_bytes();
    let mut bytes = [0; 16];
    bytes.iter_mut().zip(ms).for_each(|(byte, ms)| *byte = ms);
    RawId::from_bytes(bytes)
}

/// The turn to count. Whoever does not keep it loses it to the next.
struct Turn<'a> {
    app: &'a App,
    run: i64,
    until: SystemTime,
}

impl<'a> Turn<'a> {
    async fn take(app: &'a App) -> Result<Option<Self>, Problem> {
        let now = app.clock.now().system;
        let until = now.plus_us(TURN_US);
        let run = app.store.transact(TakeTurn { now, until }).await?;
        Ok(run.map(|run| Self { app, run, until }))
    }
    /// Keeps it when half of it is over; false if it is lost.
    async fn keep(&mut self) -> Result<bool, Problem> {
        let now = self.app.clock.now().system;
        if self.until.since_us(now) > TURN_US / 2 {
            return Ok(true);
        }
        self.until = now.plus_us(TURN_US);
        Ok(self.app.store.transact(KeepTurn { run: self.run, until: self.until }).await?)
    }
    async fn save(&self, kind: Kind, figure: Figure) -> Result<bool, Problem> {
        let (run, until) = (self.run, self.until);
        Ok(self.app.store.transact(Save { run, until, kind, figure }).await?)
    }
    async fn give_back(self) -> Result<(), Problem> {
        self.app.store.transact(KeepTurn { run: self.run, until: SystemTime::from_us(0) }).await?;
        Ok(())
    }
}

struct TakeTurn {
    now: SystemTime,
    until: SystemTime,
}
impl Work for TakeTurn {
    const NAME: &'static str = "take_turn";
    type Out = Option<i64>;
    type Refusal = Problem;
    async fn run(&self, tx: &mut Tx) -> Result<Self::Out, Stop<Problem>> {
        Ok(figure::take_turn(tx, self.now, self.until, self.until.plus_us(TURN_US)).await?)
    }
}

struct KeepTurn {
    run: i64,
    until: SystemTime,
}
impl Work for KeepTurn {
    const NAME: &'static str = "keep_turn";
    type Out = bool;
    type Refusal = Problem;
    async fn run(&self, tx: &mut Tx) -> Result<bool, Stop<Problem>> {
        Ok(figure::keep_turn(tx, self.run, self.until).await?)
    }
}

/// Writes figures down, if the turn is still whose it was.
struct Save {
    run: i64,
    until: SystemTime,
    kind: Kind,
    figure: Figure,
}
impl Work for Save {
    const NAME: &'static str = "save_figures";
    type Out = bool;
    type Refusal = Problem;
    async fn run(&self, tx: &mut Tx) -> Result<bool, Stop<Problem>> {
        if !figure::keep_turn(tx, self.run, self.until).await? {
            return Ok(false);
        }
        figure::save(tx, self.kind, &self.figure);
        figure::remove_before(tx, self.kind, self.figure.counted.day.plus(-KEPT_DAYS));
        Ok(true)
    }
}

struct Look {
    by: RawId,
    from: Day,
    to: Day,
}
impl Work for Look {
    const NAME: &'static str = "figures";
    type Out = (Vec<Figure>, Vec<Figure>, Option<Figure>);
    type Refusal = Problem;
    async fn run(&self, tx: &mut Tx) -> Result<Self::Out, Stop<Problem>> {
        permit(tx, self.by, Permission::SeeFigures).await?;
        let orders = figure::span(tx, Kind::Orders, self.from, self.to).await?;
        let reminders = figure::span(tx, Kind::Reminders, self.from, self.to).await?;
        Ok((orders, reminders, figure::last(tx, Kind::Lines).await?))
    }
}

struct AllCounted {
    from: Day,
}
impl Work for AllCounted {
    const NAME: &'static str = "figures_counted";
    type Out = [Vec<Counted>; Kind::ALL.len()];
    type Refusal = Problem;
    async fn run(&self, tx: &mut Tx) -> Result<Self::Out, Stop<Problem>> {
        let [orders, reminders, lines] = Kind::ALL;
        Ok([
            figure::counted(tx, orders, self.from).await?,
            figure::counted(tx, reminders, self.from).await?,
            figure::counted(tx, lines, self.from).await?,
        ])
    }
}

struct OrdersPage {
    after: String,
    before: String,
}
impl Work for OrdersPage {
    const NAME: &'static str = "figures_orders";
    type Out = (Vec<OrderOfDay>, Vec<AttemptOfDay>);
    type Refusal = Problem;
    async fn run(&self, tx: &mut Tx) -> Result<Self::Out, Stop<Problem>> {
        let orders = figure::orders(tx, &self.after, &self.before, PAGE).await?;
        let attempts = match orders.last() {
            Some(OrderOfDay(last, _)) => figure::attempts(tx, &self.after, last).await?,
            None => Vec::new(),
        };
        Ok((orders, attempts))
    }
}

struct RemindersPage {
    after: ReminderKey,
    before: RawId,
}
impl Work for RemindersPage {
    const NAME: &'static str = "figures_reminders";
    /// Reminders, and which of them a renewal followed: a plan that was delivered and not given back.
    type Out = (Vec<ReminderOfDay>, BTreeSet<ReminderKey>);
    type Refusal = Problem;
    async fn run(&self, tx: &mut Tx) -> Result<Self::Out, Stop<Problem>> {
        let page = figure::reminders(tx, self.after, self.before, PAGE).await?;
        let Some(last) = page.last() else { return Ok((page, BTreeSet::new())) };
        let (mut renewed, mut plans) = (BTreeSet::new(), BTreeMap::new());
        for (key, offering) in figure::bought_after(tx, (self.after, last.key), RENEWED_WITHIN_US).await? {
            let is_plan = match plans.get(&offering) {
                Some(known) => *known,
                None => {
                    let is_plan = catalog::offering(tx, &offering).await?.kind == OfferingKind::Plan;
                    plans.insert(offering, is_plan);
                    is_plan
                }
            };
            if is_plan {
                renewed.insert(key);
            }
        }
        Ok((page, renewed))
    }
}

struct LinesPage {
    after: (CustomerId, LineId),
}
impl Work for LinesPage {
    const NAME: &'static str = "figures_lines";
    type Out = Vec<LineNow>;
    type Refusal = Problem;
    async fn run(&self, tx: &mut Tx) -> Result<Self::Out, Stop<Problem>> {
        Ok(figure::lines(tx, self.after, PAGE).await?)
    }
}
