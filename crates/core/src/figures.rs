//! What the staff see in numbers: renewals by the day on which their order was begun, reminders by the day on which the plan
//! ended that they were about, lines as they were counted last.
//!
//! A day is counted from its orders as they are then, so that counting it again gives what is true by now. This module adds up
//! and says which day is to be counted next; it reads nothing. Sums only, nothing about a person.

use crate::calendar::Day;
use crate::order::{OrderState, PlacedBy};
use crate::payment::{AttemptState, Method, Settlement};
use crate::time::{BusinessTime, DAY_US, HOUR_US, MINUTE_US, SECOND_US, SystemTime};
use crate::words::words;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// For how many days after its end a day is counted again: what comes later changes it no more.
pub const COUNTED_AGAIN_DAYS: i64 = 10;
/// How far back the figures of a store that never had any are made.
pub const DAYS_BACK: i64 = 90;
/// How long figures are kept, in days.
pub const KEPT_DAYS: i64 = 800;
/// How long after a reminder an order counts as the renewal that it brought about.
pub const RENEWED_WITHIN_US: i64 = 7 * DAY_US;
/// Within how many days lines are counted that end soon.
pub const ENDING_DAYS: [i64; 4] = [1, 3, 7, 30];

/// An order, as far as it is counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct OrderFacts {
    /// Where it is.
    pub state: OrderState,
    /// Who placed it.
    pub placed_by: PlacedBy,
    /// When the money was there.
    pub paid_at: Option<BusinessTime>,
    /// When it was delivered.
    pub delivered_at: Option<BusinessTime>,
    /// When the network side confirmed it.
    pub in_effect_at: Option<BusinessTime>,
    /// When what it bought begins.
    pub starts_at: Option<BusinessTime>,
}

/// An attempt of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AttemptFacts {
    /// How.
    pub method: Method,
    /// Where it is.
    pub state: AttemptState,
    /// What became of its money.
    pub settlement: Option<Settlement>,
}

/// Why an order is not in effect.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Cause {
    /// There is time left to pay it.
    Waiting,
    /// It is paid, and the network has not confirmed yet.
    OnItsWay,
    /// Nobody began to pay it.
    NotTried,
    /// A payment was begun, and nobody finished it.
    NotFinished,
    /// The last payment was refused by its provider.
    Declined,
    /// What the provider did is not known.
    NoAnswer,
    /// Money came when it could not be used any more, and went back.
    CameLate,
    /// Another amount came than was asked.
    OtherAmount,
    /// The network refused it.
    NetworkRefused,
}
words!(Cause {
    Waiting = "waiting",
    OnItsWay = "on_its_way",
    NotTried = "not_tried",
    NotFinished = "not_finished",
    Declined = "declined",
    NoAnswer = "no_answer",
    CameLate = "came_late",
    OtherAmount = "other_amount",
    NetworkRefused = "network_refused",
});

impl Cause {
    /// Whether it may still come into effect by itself.
    #[must_use]
    pub const fn open(self) -> bool {
        matches!(self, Cause::Waiting | Cause::OnItsWay)
    }
}

impl OrderFacts {
    /// Whether the network has nothing more to do for it: in effect, queued, or waiting for first use; also if it was given back
    /// since.
    #[must_use]
    pub fn fulfilled(&self) -> bool {
        self.delivered_at.is_some() && self.state != OrderState::Delivered
    }
    /// How long its payer waited from paying until there was nothing more to wait for, in microseconds. What begins later, after
    /// another plan or with the first use, was waited for until it was delivered.
    #[must_use]
    pub fn waited_us(&self) -> Option<i64> {
        let (paid, delivered) = (self.paid_at?, self.delivered_at.filter(|_| self.fulfilled())?);
        let later = self.starts_at.is_some_and(|starts| starts > delivered);
        let done = self.in_effect_at.filter(|_| !later).unwrap_or(delivered);
        Some(done.since_us(paid).max(0))
    }
    /// Why it is not in effect; `None` if it is, or was. The attempts stand in the order in which they were begun.
    #[must_use]
    pub fn cause(&self, attempts: &[AttemptFacts]) -> Option<Cause> {
        if self.fulfilled() {
            return None;
        }
        let settled = |settlement| attempts.iter().any(|attempt| attempt.settlement == Some(settlement));
        Some(match self.state {
            OrderState::Paid | OrderState::Delivered => Cause::OnItsWay,
            OrderState::Refunding | OrderState::Refunded => Cause::NetworkRefused,
            _ if settled(Settlement::Suspense) => Cause::OtherAmount,
            OrderState::AwaitingPayment => Cause::Waiting,
            _ if settled(Settlement::Refund) || settled(Settlement::Credited) => Cause::CameLate,
            _ if attempts.iter().any(|attempt| attempt.state == AttemptState::Unknown) => Cause::NoAnswer,
            _ => match attempts.last().map(|attempt| attempt.state) {
                None => Cause::NotTried,
                Some(AttemptState::Failed) => Cause::Declined,
                Some(_) => Cause::NotFinished,
            },
        })
    }
}

/// The upper bounds of the classes in which times are shown, in microseconds; what is longer is in one more class.
pub const CLASSES_US: [i64; 7] = [SECOND_US, 5 * SECOND_US, 15 * SECOND_US, MINUTE_US, 5 * MINUTE_US, HOUR_US, DAY_US];

/// Many times, none of them kept: counts in steps of a thirty-second part, from which any share is found.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Times {
    /// How many.
    pub count: i64,
    /// The longest, in microseconds.
    pub worst_us: i64,
    /// By class of [`CLASSES_US`].
    pub classes: [i64; CLASSES_US.len() + 1],
    /// By step.
    steps: BTreeMap<u16, i64>,
}

impl Times {
    /// Steps to one doubling.
    const STEPS: u32 = 32;

    /// The step of a time: below 32 milliseconds each is a step; from there 32 to each doubling.
    fn step(us: i64) -> u16 {
        let ms = u64::try_from(us.max(0) / 1_000).unwrap_or(0);
        if ms < u64::from(Self::STEPS) {
            return u16::try_from(ms).unwrap_or(u16::MAX);
        }
        let doublings = ms.ilog2().saturating_sub(5);
        let within = (ms >> doublings).saturating_sub(u64::from(Self::STEPS));
        let step = u64::from(doublings.saturating_add(1)) * u64::from(Self::STEPS) + within;
        u16::try_from(step).unwrap_or(u16::MAX)
    }
    /// The longest time of a step, in microseconds.
    fn longest_us(step: u16) -> i64 {
        let (octave, within) = (u32::from(step) / Self::STEPS, u64::from(u32::from(step) % Self::STEPS));
        let ms = match octave.checked_sub(1) {
            None => within.saturating_add(1),
            Some(doublings) => (within + u64::from(Self::STEPS) + 1).checked_shl(doublings).unwrap_or(u64::MAX),
        };
        i64::try_from(ms.saturating_mul(1_000)).unwrap_or(i64::MAX).saturating_sub(1)
    }
    /// One more, in microseconds.
    pub fn add(&mut self, us: i64) {
        self.count += 1;
        self.worst_us = self.worst_us.max(us);
        let class = CLASSES_US.iter().position(|bound| us <= *bound).unwrap_or(CLASSES_US.len());
        if let Some(count) = self.classes.get_mut(class) {
            *count += 1;
        }
        *self.steps.entry(Self::step(us)).or_default() += 1;
    }
    /// Those of another span too.
    pub fn merge(&mut self, other: &Self) {
        self.count += other.count;
        self.worst_us = self.worst_us.max(other.worst_us);
        for (count, more) in self.classes.iter_mut().zip(other.classes) {
            *count += more;
        }
        for (step, more) in &other.steps {
            *self.steps.entry(*step).or_default() += more;
        }
    }
    /// A time that so many of a thousand do not exceed, in microseconds: never too short, and too long by a thirty-second part
    /// at most (below 32 milliseconds by one). `None` if there is none.
    #[must_use]
    pub fn share_us(&self, per_mille: i64) -> Option<i64> {
        if self.count <= 0 {
            return None;
        }
        let wanted = (self.count.saturating_mul(per_mille).saturating_add(999) / 1_000).clamp(1, self.count);
        let mut seen = 0;
        for (step, count) in &self.steps {
            seen += count;
            if seen >= wanted {
                return Some(Self::longest_us(*step).min(self.worst_us));
            }
        }
        Some(self.worst_us)
    }
}

/// How often a way to pay was chosen.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct MethodFigures {
    /// Attempts that were begun.
    pub begun: i64,
    /// Attempts whose money went into the order.
    pub paid: i64,
}

/// Orders that were begun on a day, or over several.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct OrderFigures {
    /// Orders.
    pub placed: i64,
    /// Of those: paid in full.
    pub paid: i64,
    /// Of those: in effect, queued or waiting for first use.
    pub in_effect: i64,
    /// Of those: given back since.
    pub given_back: i64,
    /// From payment to being in effect.
    pub times: Times,
    /// Why the others are not in effect, by the word of [`Cause`].
    pub causes: BTreeMap<String, i64>,
    /// Ways to pay, by the word of [`Method`].
    pub methods: BTreeMap<String, MethodFigures>,
}

impl OrderFigures {
    /// One more order. What was bought elsewhere and moved in is none.
    pub fn take(&mut self, order: &OrderFacts, attempts: &[AttemptFacts]) {
        if order.placed_by == PlacedBy::MovedIn {
            return;
        }
        self.placed += 1;
        self.paid += i64::from(order.paid_at.is_some());
        match order.cause(attempts) {
            Some(cause) => *self.causes.entry(cause.word().to_owned()).or_default() += 1,
            None => {
                self.in_effect += 1;
                self.given_back += i64::from(matches!(order.state, OrderState::Refunding | OrderState::Refunded));
            }
        }
        if let Some(us) = order.waited_us() {
            self.times.add(us);
        }
        for attempt in attempts {
            let method = self.methods.entry(attempt.method.word().to_owned()).or_default();
            method.begun += 1;
            method.paid += i64::from(attempt.settlement == Some(Settlement::Order));
        }
    }
    /// Those of another day too.
    pub fn merge(&mut self, other: &Self) {
        self.placed += other.placed;
        self.paid += other.paid;
        self.in_effect += other.in_effect;
        self.given_back += other.given_back;
        self.times.merge(&other.times);
        for (cause, more) in &other.causes {
            *self.causes.entry(cause.clone()).or_default() += more;
        }
        for (method, more) in &other.methods {
            let sum = self.methods.entry(method.clone()).or_default();
            sum.begun += more.begun;
            sum.paid += more.paid;
        }
    }
    /// How many are neither in effect nor may still come into effect by themselves.
    #[must_use]
    pub fn failed(&self) -> i64 {
        let open = |word: &str| Cause::from_word(word).is_some_and(Cause::open);
        self.causes.iter().filter(|(word, _)| !open(word)).map(|(_, count)| *count).sum()
    }
}

/// A part of a whole in thousandths, rounded down; `None` of nothing.
#[must_use]
pub fn per_mille(part: i64, whole: i64) -> Option<i64> {
    (whole > 0).then(|| i64::try_from(i128::from(part) * 1_000 / i128::from(whole)).unwrap_or(0))
}

/// How far a reminder came, by the message that came furthest.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Came {
    /// It was reported as delivered.
    Delivered,
    /// Its provider took it, and says no more.
    Taken,
    /// Nobody knows, or it failed.
    NotKnown,
}

/// Reminders that came so far.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Told {
    /// How many.
    pub told: i64,
    /// Of those: an order followed that was delivered.
    pub renewed: i64,
}

/// Reminders of ends of plans, by the day of the end.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct ReminderFigures {
    /// Reported as delivered.
    pub delivered: Told,
    /// Taken by their provider.
    pub taken: Told,
    /// All others.
    pub other: Told,
}

impl ReminderFigures {
    /// One more.
    pub fn take(&mut self, came: Came, renewed: bool) {
        let sum = match came {
            Came::Delivered => &mut self.delivered,
            Came::Taken => &mut self.taken,
            Came::NotKnown => &mut self.other,
        };
        sum.told += 1;
        sum.renewed += i64::from(renewed);
    }
    /// Those of another day too.
    pub fn merge(&mut self, other: &Self) {
        for (sum, more) in
            [(&mut self.delivered, other.delivered), (&mut self.taken, other.taken), (&mut self.other, other.other)]
        {
            sum.told += more.told;
            sum.renewed += more.renewed;
        }
    }
    /// All of them.
    #[must_use]
    pub const fn told(&self) -> i64 {
        self.delivered.told + self.taken.told + self.other.told
    }
}

/// All lines, as they were when they were counted.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct LineFigures {
    /// How many in each state, by its stored word.
    pub states: BTreeMap<String, i64>,
    /// How many of those in service end within each of [`ENDING_DAYS`].
    pub ending: [i64; ENDING_DAYS.len()],
}

impl LineFigures {
    /// One more line: its stored state, and when its last plan ends.
    pub fn take(&mut self, state: &str, service_until: Option<BusinessTime>, now: BusinessTime) {
        *self.states.entry(state.to_owned()).or_default() += 1;
        let Some(left_us) = service_until.filter(|_| state == "active").map(|until| until.since_us(now)) else {
            return;
        };
        for (count, days) in self.ending.iter_mut().zip(ENDING_DAYS) {
            *count += i64::from(left_us > 0 && left_us <= days * DAY_US);
        }
    }
}

/// When something was counted, and how long that took.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Counted {
    /// The day.
    pub day: Day,
    /// When counting began: what happened later is not in it.
    pub at: SystemTime,
    /// How long it took, in microseconds.
    pub took_us: i64,
}

impl Counted {
    /// Whether it is time to count the same again: after `rest_us`, and after so long that counting takes at most a twentieth of
    /// the time.
    #[must_use]
    pub fn old(&self, rest_us: i64, now: SystemTime) -> bool {
        now < self.at || now.since_us(self.at) >= rest_us.max(self.took_us.saturating_mul(20))
    }
}

/// How old the figures of the running day may become.
pub const TODAY_REST_US: i64 = 5 * MINUTE_US;
/// How old the figures of the lines may become.
pub const LINES_REST_US: i64 = HOUR_US;

/// The day that is to be counted next: today when it is old; a day of the last [`COUNTED_AGAIN_DAYS`] that was not counted since
/// today began; a day before that was never counted. `None` if there is none.
#[must_use]
pub fn next_day(today: (Day, SystemTime), counted: &[Counted], now: SystemTime) -> Option<Day> {
    let (today, began) = today;
    let of = |day: Day| counted.iter().find(|counted| counted.day == day);
    if of(today).is_none_or(|counted| counted.old(TODAY_REST_US, now)) {
        return Some(today);
    }
    let again = (1..=COUNTED_AGAIN_DAYS).map(|back| today.plus(-back));
    let again = again.into_iter().find(|day| of(*day).is_none_or(|counted| counted.at < began || counted.at > now));
    again.or_else(|| {
        let mut before = (COUNTED_AGAIN_DAYS + 1..DAYS_BACK).map(|back| today.plus(-back));
        before.find(|day| of(*day).is_none())
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const ORDER: OrderFacts = OrderFacts {
        state: OrderState::AwaitingPayment,
        placed_by: PlacedBy::Owner,
        paid_at: None,
        delivered_at: None,
        in_effect_at: None,
        starts_at: None,
    };

    fn at(s: i64) -> Option<BusinessTime> {
        Some(BusinessTime::from_us(s * SECOND_US))
    }
    fn attempt(state: AttemptState, settlement: Option<Settlement>) -> AttemptFacts {
        AttemptFacts { method: Method::AlipayQr, state, settlement }
    }

    #[test]
    fn every_order_has_one_cause_or_is_in_effect() {
        use AttemptState as A;
        let closed = OrderFacts { state: OrderState::Closed, ..ORDER };
        let paid = OrderFacts { state: OrderState::Paid, paid_at: at(1), ..ORDER };
        let delivered = OrderFacts { state: OrderState::InEffect, delivered_at: at(2), in_effect_at: at(3), ..paid };
        for (order, attempts, cause) in [
            (ORDER, vec![], Some(Cause::Waiting)),
            (ORDER, vec![attempt(A::Failed, None)], Some(Cause::Waiting)),
            (ORDER, vec![attempt(A::Paid, Some(Settlement::Suspense))], Some(Cause::OtherAmount)),
            (closed, vec![], Some(Cause::NotTried)),
            (closed, vec![attempt(A::Failed, None), attempt(A::Closed, None)], Some(Cause::NotFinished)),
            (closed, vec![attempt(A::Closed, None), attempt(A::Failed, None)], Some(Cause::Declined)),
            (closed, vec![attempt(A::Unknown, None), attempt(A::Failed, None)], Some(Cause::NoAnswer)),
            (closed, vec![attempt(A::Paid, Some(Settlement::Refund))], Some(Cause::CameLate)),
            (closed, vec![attempt(A::Paid, Some(Settlement::Returned))], Some(Cause::NotFinished)),
            (paid, vec![attempt(A::Paid, Some(Settlement::Order))], Some(Cause::OnItsWay)),
            (OrderFacts { state: OrderState::Refunded, ..paid }, vec![], Some(Cause::NetworkRefused)),
            (OrderFacts { state: OrderState::Delivered, delivered_at: at(2), ..paid }, vec![], Some(Cause::OnItsWay)),
            (delivered, vec![], None),
            (OrderFacts { state: OrderState::Queued, delivered_at: at(2), ..paid }, vec![], None),
            (OrderFacts { state: OrderState::Refunded, ..delivered }, vec![], None),
        ] {
            assert_eq!(order.cause(&attempts), cause, "{order:?} {attempts:?}");
            let mut figures = OrderFigures::default();
            figures.take(&order, &attempts);
            assert_eq!(figures.placed, figures.in_effect + figures.causes.values().sum::<i64>());
        }
        let mut figures = OrderFigures::default();
        figures.take(&OrderFacts { placed_by: PlacedBy::MovedIn, ..delivered }, &[]);
        assert_eq!(figures, OrderFigures::default());
    }

    #[test]
    fn what_begins_later_is_waited_for_until_it_is_delivered() {
        let paid = OrderFacts { state: OrderState::InEffect, paid_at: at(10), delivered_at: at(11), ..ORDER };
        let of = |in_effect_at, starts_at| OrderFacts { in_effect_at, starts_at, ..paid }.waited_us();
        assert_eq!(of(at(15), at(11)), Some(5 * SECOND_US), "the network acknowledged");
        assert_eq!(of(at(9_000), at(9_000)), Some(SECOND_US), "queued, and begun since");
        assert_eq!(of(None, at(9_000)), Some(SECOND_US), "queued");
        assert_eq!(of(None, None), Some(SECOND_US), "waits for first use");
        assert_eq!(OrderFacts { state: OrderState::Delivered, ..paid }.waited_us(), None);
    }

    #[test]
    fn a_day_is_counted_when_it_is_old_after_its_end_and_if_it_never_was() {
        let (today, began) = (Day::from_number(100), SystemTime::from_us(100 * DAY_US));
        let now = began.plus_us(HOUR_US);
        let counted = |day: i64, at: SystemTime| Counted { day: Day::from_number(day), at, took_us: SECOND_US };
        assert_eq!(next_day((today, began), &[], now), Some(today));
        let mut all = vec![counted(100, now)];
        // First those that may have changed, then those that never were counted; each once.
        let mut order = Vec::new();
        while let Some(day) = next_day((today, began), &all, now) {
            order.push(day.number());
            all.push(counted(day.number(), now));
        }
        assert_eq!(order, (11..100).rev().collect::<Vec<_>>());
        // The next day the last ten are counted once more.
        let (tomorrow, began) = (Day::from_number(101), began.plus_us(DAY_US));
        let now = began.plus_us(1);
        all.push(counted(101, now));
        let mut order = Vec::new();
        while let Some(day) = next_day((tomorrow, began), &all, now) {
            order.push(day.number());
            all.retain(|counted| counted.day != day);
            all.push(counted(day.number(), now));
        }
        assert_eq!(order, (91..101).rev().collect::<Vec<_>>());
        // Today is counted every five minutes, or less often when that takes long.
        let next = |now| next_day((tomorrow, began), &all, now);
        assert_eq!(next(now.plus_us(TODAY_REST_US - 1)), None);
        assert_eq!(next(now.plus_us(TODAY_REST_US)), Some(tomorrow));
        let slow = Counted { took_us: MINUTE_US, ..counted(101, now) };
        assert!(!slow.old(TODAY_REST_US, now.plus_us(20 * MINUTE_US - 1)));
        assert!(slow.old(TODAY_REST_US, now.plus_us(20 * MINUTE_US)));
        assert!(slow.old(TODAY_REST_US, now.plus_us(-1)), "a clock that was ahead holds up nothing");
    }

    #[test]
    fn lines_that_end_soon_are_in_service() {
        let (now, mut lines) = (BusinessTime::from_us(0), LineFigures::default());
        for (state, days) in [("active", 1), ("active", 3), ("active", 8), ("active", 31), ("grace", 1), ("active", 0)]
        {
            lines.take(state, Some(BusinessTime::from_us(days * DAY_US)), now);
        }
        lines.take("silent", None, now);
        assert_eq!(lines.ending, [1, 2, 2, 3]);
        assert_eq!(lines.states, BTreeMap::from([("active".into(), 5), ("grace".into(), 1), ("silent".into(), 1)]));
    }

    #[test]
    fn parts_of_nothing_are_nothing() {
        assert_eq!(per_mille(1, 0), None);
        assert_eq!(per_mille(2, 3), Some(666));
        assert_eq!(per_mille(i64::MAX, i64::MAX), Some(1_000));
    }

    proptest! {
        /// A share is never too short, and too long by a thirty-second part at most; in two halves it is the same.
        #[test]
        fn shares_are_near(all in prop::collection::vec(0..200_000_000_000_i64, 1..200), per_mille in 1..=1_000_i64) {
            let (mut whole, mut half, mut rest) = (Times::default(), Times::default(), Times::default());
            for (place, us) in all.iter().enumerate() {
                whole.add(*us);
                if place % 3 == 0 { half.add(*us) } else { rest.add(*us) }
            }
            half.merge(&rest);
            prop_assert_eq!(&half, &whole);
            let mut sorted = all.clone();
            sorted.sort_unstable();
            let place = (i64::try_from(all.len()).unwrap() * per_mille + 999) / 1_000;
            let exact = sorted[usize::try_from(place).unwrap() - 1];
            let said = whole.share_us(per_mille).unwrap();
            prop_assert!(said >= exact && said <= exact + exact / 32 + 1_000, "{} {}", said, exact);
            prop_assert_eq!(whole.share_us(1_000).unwrap(), *sorted.last().unwrap());
            prop_assert_eq!(whole.classes.iter().sum::<i64>(), whole.count);
            let stored = serde_json::to_string(&whole).unwrap();
            prop_assert_eq!(serde_json::from_str::<Times>(&stored).unwrap(), whole);
        }
    }
}
