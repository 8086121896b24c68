//! The machine of renewals by themselves: every state, what time and people do to it.

use crate::fixture::{at, cny, line, month, order, zone};
use everline_core::auto_renew::{
    AutoRenew, Consent, Early, Facts, GaveUp, NoConsent, PayWith, State, Then, consent, on_due, on_refused, switch_off,
};
use everline_core::effects::Job;
use everline_core::effects::MessageKind::{
    self, AutoRenewConsent, AutoRenewFailed, AutoRenewNeedsYou, AutoRenewNotice, GraceBegan, PaidNotInEffect,
    RefundBounced, RefundDone, RefundStarted, RenewalInEffect, Suspended,
};
use everline_core::ids::{AttemptId, JobId, OrderId, PaymentMethodId, RawId};
use everline_core::ledger::{Cause, Posting, Template};
use everline_core::lifecycle::instant_cause;
use everline_core::line::{Line, LineState};
use everline_core::money::Money;
use everline_core::order::{Order, OrderState};
use everline_core::refund::{REFUNDS_MAX, Refund, RefundReason, RefundState, refund_id};
use everline_core::saved_method::SavedMethod;
use everline_core::time::{BusinessTime, DAY_US};
use std::collections::BTreeMap;

const CARD: PayWith = PayWith::Saved(PaymentMethodId(RawId::from_bytes([7; 16])));

fn agreed() -> Consent {
    Consent {
        offering: month().reference,
        price: cny("39"),
        methods: vec![PayWith::Credit, CARD],
        month_cap: cny("50"),
        lead_days: 3,
        early: Early::default(),
        terms_version: "t1".to_owned(),
        given_at: at("03-01 12:00"),
    }
}
fn ending() -> Line {
    Line { service_until: Some(end()), ..line(LineState::Active) }
}
fn end() -> BusinessTime {
    at("04-01 12:00")
}
fn setting(state: State) -> AutoRenew {
    let line = ending();
    AutoRenew { customer: line.customer, line: line.id, consent: agreed(), state, early_for: None }
}
struct About {
    line: Line,
    order: Option<Order>,
    price: Option<Money>,
    terms: &'static str,
    spent: i64,
}
fn usual() -> About {
    About { line: ending(), order: None, price: Some(cny("39")), terms: "t1", spent: 0 }
}
impl About {
    fn step(&self, state: State, now: &str) -> (State, Option<BusinessTime>, Vec<Then>) {
        let facts = Facts {
            line: &self.line,
            order: self.order.as_ref(),
            price: self.price,
            gives_less: false,
            terms_version: self.terms,
            spent: self.spent,
            data: None,
            runs_out: false,
            follows: false,
        };
        let next = on_due(&setting(state), &facts, at(now));
        (next.state, next.due, next.then)
    }
}
fn tells(kind: MessageKind) -> Vec<Then> {
    vec![Then::Tell(kind)]
}
const fn gave_up(cycle: BusinessTime, why: GaveUp) -> State {
    State::GaveUp { cycle, why }
}

#[test]
fn a_cycle_is_announced_five_days_ahead_and_ordered_in_time() {
    let (cycle, debit_at) = (end(), at("03-29 12:00"));
    let about = usual();
    assert_eq!(about.step(State::Waiting, "03-10 12:00"), (State::Waiting, Some(at("03-24 12:00")), vec![]));
    let announced = State::Announced { cycle, debit_at };
    assert_eq!(about.step(State::Waiting, "03-24 12:00"), (announced, Some(debit_at), tells(AutoRenewNotice)));
    assert_eq!(about.step(announced, "03-28 12:00"), (announced, Some(debit_at), vec![]));
    let trying = State::Trying { cycle, step: 0, asked: false };
    let placed = vec![Then::PlaceOrder { until: cycle }];
    assert_eq!(about.step(announced, "03-29 12:00"), (trying, Some(at("03-30 12:00")), placed));
    // Late: announced late is debited late, never sooner than five days after.
    let late = State::Announced { cycle, debit_at: at("03-31 12:00") };
    assert_eq!(about.step(State::Waiting, "03-26 12:00").0, late);
    let too_late = about.step(State::Waiting, "03-27 12:00");
    assert_eq!((too_late.0, too_late.2), (gave_up(cycle, GaveUp::TooLate), tells(AutoRenewFailed)));
}

#[test]
fn what_was_not_agreed_to_is_not_taken() {
    let (cycle, debit_at) = (end(), at("03-29 12:00"));
    let asks = State::AsksConsent { cycle, debit_at };
    for about in [About { price: Some(cny("39.01")), ..usual() }, About { terms: "t2", ..usual() }] {
        assert_eq!(about.step(State::Waiting, "03-24 12:00"), (asks, Some(debit_at), tells(AutoRenewConsent)));
        let announced = State::Announced { cycle, debit_at };
        assert!(matches!(about.step(announced, "03-29 12:00").0, State::AsksConsent { .. }), "rose after the notice");
    }
    let cheaper = About { price: Some(cny("38")), ..usual() };
    assert!(matches!(cheaper.step(State::Waiting, "03-24 12:00").0, State::Announced { .. }));
    let announced = State::Announced { cycle, debit_at };
    let full = About { spent: cny("11.01").micros(), ..usual() };
    assert_eq!(full.step(announced, "03-29 12:00").0, gave_up(cycle, GaveUp::OverCap));
    let just = About { spent: cny("11").micros(), ..usual() };
    assert!(matches!(just.step(announced, "03-29 12:00").0, State::Trying { .. }));
    let gone = About { price: None, ..usual() };
    assert_eq!(gone.step(announced, "03-29 12:00").0, gave_up(cycle, GaveUp::NotSellable));
}

#[test]
fn a_moved_end_ends_the_cycle_and_closes_its_order() {
    let cycle = end();
    let mut about = usual();
    about.line.service_until = Some(at("05-01 12:00"));
    about.order = Some(order(9, &month(), OrderState::AwaitingPayment));
    let now = "03-30 12:00";
    for state in [
        State::Trying { cycle, step: 1, asked: false },
        State::NeedsCustomer { cycle },
        gave_up(cycle, GaveUp::Methods),
    ] {
        assert_eq!(about.step(state, now), (State::Waiting, Some(at(now)), vec![Then::CloseOrder]), "{state:?}");
    }
    about.order = Some(order(9, &month(), OrderState::Queued));
    let trying = State::Trying { cycle, step: 1, asked: false };
    assert_eq!(about.step(trying, now), (State::Waiting, Some(at(now)), vec![]), "it is what moved the end");
    about.line.state = LineState::HandedOver;
    assert_eq!(about.step(trying, now), (State::Off, None, vec![]));
}

#[test]
fn an_order_that_ends_ends_the_cycle() {
    let cycle = end();
    for (state, expected) in [
        (OrderState::Closed, gave_up(cycle, GaveUp::Unpaid)),
        (OrderState::Refunded, gave_up(cycle, GaveUp::Refused)),
        (OrderState::Paid, State::NeedsCustomer { cycle }),
    ] {
        let about = About { order: Some(order(9, &month(), state)), ..usual() };
        assert_eq!(about.step(State::NeedsCustomer { cycle }, "03-30 12:00").0, expected, "{state:?}");
        let again = about.step(State::Waiting, "03-24 12:00").0;
        let waits = if state == OrderState::Paid { State::Waiting } else { expected };
        assert_eq!(again, waits, "a cycle is ordered once: {state:?}");
    }
    let open = Order { expires_at: end(), ..order(9, &month(), OrderState::AwaitingPayment) };
    let about = About { order: Some(open), ..usual() };
    let reminded = about.step(State::NeedsCustomer { cycle }, "03-30 12:00");
    assert_eq!((reminded.1, reminded.2), (Some(at("03-31 12:00")), tells(AutoRenewNeedsYou)));
    let silent = usual().step(gave_up(cycle, GaveUp::Methods), "04-01 12:00");
    assert_eq!(silent.2, vec![], "the plan is over");
}

#[test]
fn methods_are_tried_in_order_and_never_twice() {
    let (cycle, now) = (end(), at("03-29 12:00"));
    let trying = |step, asked| State::Trying { cycle, step, asked };
    let refused = |state, asks| on_refused(&setting(state), asks, now).map(|next| (next.state, next.then));
    assert_eq!(refused(trying(0, false), false), Some((trying(1, false), vec![])));
    assert_eq!(refused(trying(1, false), false), Some((gave_up(cycle, GaveUp::Methods), tells(AutoRenewFailed))));
    let needs = Some((State::NeedsCustomer { cycle }, tells(AutoRenewNeedsYou)));
    assert_eq!(refused(trying(1, false), true), needs);
    assert_eq!(refused(trying(1, true), false), needs, "the one before wanted to ask");
    for state in [State::Off, State::Waiting, State::NeedsCustomer { cycle }, gave_up(cycle, GaveUp::Methods)] {
        assert_eq!(refused(state, false), None, "{state:?}");
    }
}

#[test]
fn consent_is_taken_whole_or_refused_by_name() {
    let (of, now) = ((ending().customer, ending().id), at("03-29 12:00"));
    let long = 28 * DAY_US;
    let give = |before: State, change: &dyn Fn(&mut Consent), lasts| {
        let mut wanted = agreed();
        change(&mut wanted);
        consent(Some(&setting(before)), of, wanted, lasts, now).map(|(setting, due)| (setting.state, due))
    };
    for (change, refusal) in [
        (&(|wanted: &mut Consent| wanted.methods.clear()) as &dyn Fn(&mut Consent), NoConsent::Methods),
        (&|wanted| wanted.methods = vec![CARD, CARD], NoConsent::Methods),
        (&|wanted| wanted.month_cap = cny("38.99"), NoConsent::CapBelowPrice),
        (&|wanted| wanted.lead_days = 0, NoConsent::LeadDays),
        (&|wanted| wanted.lead_days = 15, NoConsent::LeadDays),
    ] {
        assert_eq!(give(State::Off, change, long), Err(refusal));
    }
    let same = &|_: &mut Consent| {};
    assert_eq!(give(State::Off, same, 5 * DAY_US), Err(NoConsent::TooShort));
    let cycle = end();
    assert_eq!(give(State::Trying { cycle, step: 0, asked: false }, same, long), Err(NoConsent::UnderWay));
    assert_eq!(give(State::Off, same, long), Ok((State::Waiting, now)));
    let asks = State::AsksConsent { cycle, debit_at: at("03-28 12:00") };
    assert_eq!(give(asks, same, long), Ok((State::Announced { cycle, debit_at: now }, now)));
    let tried = gave_up(cycle, GaveUp::Methods);
    assert_eq!(give(tried, same, long).map(|(state, _)| state), Ok(tried), "a cycle is tried once");
    // Given up before anything was ordered, it is announced anew, if there is time for that.
    for why in [GaveUp::OverCap, GaveUp::NotSellable] {
        let again = |lead_days, now: &str| {
            let low = AutoRenew { early_for: Some(at("03-01 12:00")), ..setting(gave_up(cycle, why)) };
            let (setting, due) = consent(Some(&low), of, Consent { lead_days, ..agreed() }, long, at(now)).unwrap();
            (setting.state, due, setting.early_for)
        };
        assert_eq!(again(3, "03-20 12:00"), (State::Waiting, at("03-20 12:00"), None));
        let announced = |debit_at| (State::Announced { cycle, debit_at }, debit_at, None);
        assert_eq!(again(3, "03-30 12:00"), announced(at("03-30 12:00")));
        assert_eq!(again(1, "03-30 12:00"), announced(at("03-31 12:00")), "not sooner than agreed");
        assert_eq!(again(3, "04-01 12:00").0, gave_up(cycle, why), "the plan is over");
    }
    let open = order(9, &month(), OrderState::AwaitingPayment);
    let next = switch_off(&setting(State::NeedsCustomer { cycle }), Some(&open));
    assert_eq!((next.state, next.due, next.then), (State::Off, None, vec![Then::CloseOrder]));
}

#[test]
fn who_waits_for_its_owner_does_not_renew_and_says_so_day_by_day() {
    let (cycle, debit_at) = (end(), at("03-29 12:00"));
    let tells = |state: State, on: &str| state.tells_owner_on_day_of(at(on), &zone());
    for state in [State::Waiting, State::Announced { cycle, debit_at }, State::Trying { cycle, step: 0, asked: false }]
    {
        assert!(state.renews_itself() && !tells(state, "03-30 09:00"), "{state:?}");
    }
    for state in [State::NeedsCustomer { cycle }, gave_up(cycle, GaveUp::Methods)] {
        assert!(!state.renews_itself() && tells(state, "03-30 09:00"), "{state:?}");
    }
    assert!(!tells(gave_up(cycle, GaveUp::OverCap), "03-18 11:00"), "early, it is told once, and daily near the end");
    let asks = State::AsksConsent { cycle, debit_at };
    let days = ["03-23 23:00", "03-24 09:00", "03-25 00:00", "03-28 23:00", "03-29 09:00", "03-31 09:00"];
    assert!(!asks.renews_itself());
    assert_eq!(days.map(|day| tells(asks, day)), [false, true, false, false, true, true]);
    for state in [State::Off, gave_up(cycle, GaveUp::Refused)] {
        assert!(!state.renews_itself() && !tells(state, "03-30 09:00"), "{state:?}");
    }
}

#[test]
fn ids_follow_from_line_and_cycle() {
    let line = ending().id;
    let order = AutoRenew::order_of(line, end());
    assert_eq!(order, AutoRenew::order_of(line, end()));
    assert_ne!(order, AutoRenew::order_of(line, end().plus_us(1_000)));
    assert_ne!(AutoRenew::attempt_of(order, 0), AutoRenew::attempt_of(order, 1));
    assert_eq!(AutoRenew::line_of(AutoRenew::id_of(line)), line);
    let methods = [CARD, PayWith::Credit];
    assert_eq!(PayWith::split(&PayWith::join(&methods)), Some(methods.to_vec()));
    assert_eq!(PayWith::split("cash"), None);
}

/// A cycle's order, its attempts and their refunds follow from one instant of a line. What follows from them must not meet,
/// in any table: the second would be taken for the first.
#[test]
fn nothing_that_follows_from_a_cycle_meets() {
    let instant = instant_cause(ending().id, end());
    let order = AutoRenew::order_of(ending().id, end());
    let attempts: Vec<_> = (0..4).map(|step| AutoRenew::attempt_of(order, step)).collect();
    let refunds: Vec<_> = attempts.iter().flat_map(|id| (0..REFUNDS_MAX).map(|n| refund_id(*id, n))).collect();

    let mut postings = Met::default();
    for template in Template::ALL {
        let causes = [Cause::Order(order)].into_iter();
        let causes = causes.chain(attempts.iter().map(|id| Cause::Attempt(*id)));
        for cause in causes.chain(refunds.iter().map(|id| Cause::Refund(*id))) {
            postings.add(Posting::new(template, cause, order, 1, end()).id.0, format!("{template:?} {cause:?}"));
        }
    }
    for n in 1..=u8::MAX {
        let cause = Cause::Recognition(order, n);
        postings.add(Posting::new(Template::PackRecognised, cause, order, 1, end()).id.0, format!("{cause:?}"));
    }

    let mut jobs = Met::default();
    let customer = ending().customer;
    let mut add = |job: Job| jobs.add(job.id().0, format!("{job:?}"));
    add(Job::ActivateUpstream { customer, order });
    add(Job::AutoRenew { customer, line: ending().id, order });
    for attempt in attempts {
        add(Job::QueryPayment { customer, attempt });
        add(Job::ClosePayment { customer, attempt });
        add(Job::KeepMethod { customer, attempt });
        add(Job::ForgetMethod { customer, method: SavedMethod::id_of(attempt) });
    }
    let message =
        |kind, cause| Job::SendMessage { customer, line: ending().id, order: Some(order), kind, cause, after: None };
    for kind in [RenewalInEffect, PaidNotInEffect, GraceBegan, Suspended, AutoRenewNotice, AutoRenewFailed] {
        add(message(kind, instant));
        add(message(kind, JobId(order.0)));
    }
    for refund in refunds {
        add(Job::Refund { customer, refund });
        let refund = Refund { id: refund, ..some_refund() };
        for kind in [RefundStarted, RefundDone, RefundBounced] {
            add(message(kind, refund.told_as(kind)));
        }
    }
}

fn some_refund() -> Refund {
    let (attempt, order) = (AttemptId(RawId::from_bytes([1; 16])), OrderId(RawId::from_bytes([2; 16])));
    Refund {
        id: refund_id(attempt, 0),
        customer: ending().customer,
        attempt,
        order,
        out_request_no: "r1".to_owned(),
        amount: cny("1"),
        reason: RefundReason::Late,
        state: RefundState::InFlight,
        started_at: end(),
        settled_at: None,
    }
}

#[derive(Default)]
struct Met(BTreeMap<RawId, String>);
impl Met {
    fn add(&mut self, id: RawId, what: String) {
        if let Some(other) = self.0.get(&id) {
            panic!("{what} meets {other}");
        }
        self.0.insert(id, what);
    }
}

#[test]
fn what_runs_out_is_renewed_early_as_agreed_and_once() {
    use crate::fixture::{allowance, plan};
    use everline_core::reminder::DataNow;
    let mut held = allowance(vec![plan(1, "03-01 12:00", "04-01 12:00")], vec![]);
    let now = "03-10 12:00";
    let octets = held.periods[0].buckets[0].granted;
    held.use_up(everline_core::offering::Unit::Octets, octets / 10 * 8, at(now), &crate::fixture::zone());
    let data = DataNow::of(&held, at(now));
    let line = ending();
    let early = |left_percent, forecast| {
        let mut is = setting(State::Waiting);
        is.consent.early = Early { left_percent, forecast };
        is
    };
    let facts = Facts {
        line: &line,
        order: None,
        price: Some(cny("39")),
        gives_less: false,
        terms_version: "t1",
        spent: 0,
        data,
        runs_out: false,
        follows: false,
    };
    let cycle = end();
    let trying = State::Trying { cycle, step: 0, asked: false };
    let next = on_due(&early(Some(20), false), &facts, at(now));
    assert_eq!((next.state, next.early_for), (trying, data.map(|data| data.cycle)));
    assert_eq!(next.then, [Then::PlaceOrder { until: at("03-13 12:00") }]);
    let quiet = |is: &AutoRenew, facts: &Facts<'_>| {
        let next = on_due(is, facts, at(now));
        assert_eq!((next.state, next.then, next.early_for), (State::Waiting, vec![], None));
    };
    quiet(&early(Some(15), false), &facts);
    quiet(&early(None, true), &facts);
    quiet(&early(Some(20), true), &Facts { follows: true, ..facts });
    quiet(&AutoRenew { early_for: next.early_for, ..early(Some(20), true) }, &Facts { runs_out: true, ..facts });
    assert_eq!(on_due(&early(None, true), &Facts { runs_out: true, ..facts }, at(now)).state, trying);
    // Announced already, it does not wait; and price and cap hold.
    let announced =
        AutoRenew { state: State::Announced { cycle, debit_at: at("03-29 12:00") }, ..early(Some(20), false) };
    assert_eq!(on_due(&announced, &facts, at(now)).state, trying);
    let dear = on_due(&early(Some(20), false), &Facts { price: Some(cny("40")), ..facts }, at(now));
    assert!(matches!(dear.state, State::AsksConsent { .. }));
    let less = on_due(&early(Some(20), false), &Facts { gives_less: true, ..facts }, at(now));
    assert_eq!(less.state, dear.state, "less for the same price is asked again too");
    assert_eq!(dear.due, Some(cycle.plus_us(-14 * DAY_US)), "asked once, and again when the end is near");
    let full = on_due(&early(Some(20), false), &Facts { spent: cny("50").micros(), ..facts }, at(now));
    assert_eq!(full.state, gave_up(cycle, GaveUp::OverCap));
}
