//! The whole life of a line: every command in every state, every age by its rule, and time that passes late.

use crate::fixture::{
    allowance, at, balances, brand, line, month, order, plan, raw, same, session, shown, told, waiting_for_use, zone,
};
use everline_core::brand::{Brand, FamilyRules};
use everline_core::charging::{Allowance, Period, Service, Window};
use everline_core::effects::{Effects, Job};
use everline_core::ids::OrderId;
use everline_core::ledger::{Balances, Template};
use everline_core::lifecycle::{
    Because, HandOver, LifecycleCommand as Do, LifecycleRefusal as No, Situation, begin, command, next_due, on_due,
    what_if,
};
use everline_core::line::{Line, LineState as Is, SuspendCause};
use everline_core::offering::{Family, OfferingKind};
use everline_core::order::{Order, OrderState};
use everline_core::time::{BusinessTime, DAY_US, HOUR_US, Validity, Zone};
use proptest::prelude::*;
use std::collections::BTreeMap;

/// Three days of grace, then each age its own number of days.
fn rules() -> FamilyRules {
    FamilyRules {
        grace_days: 3,
        test_days: Some(10),
        test_octets: 500,
        silent_days: Some(20),
        suspended_days: Some(30),
        keep_number_days: Some(90),
        terminated_days: Some(5),
        quarantine_days: Some(60),
    }
}
fn with(rules: FamilyRules) -> Brand {
    Brand { families: BTreeMap::from([(Family::Phone, rules)]), ..brand() }
}
fn held() -> Balances {
    balances(&[(Template::Paid, 1_000_000_000), (Template::Delivered, 1_000_000_000)])
}
const NOW: &str = "03-10 12:00";

fn suspended(until: Option<BusinessTime>) -> Is {
    Is::Suspended(SuspendCause::NotRenewed { until })
}
const LOST: Is = Is::Suspended(SuspendCause::Lost);
const BARRED: Is = Is::Suspended(SuspendCause::Barred);

fn is(line: &Line, had: &Allowance, orders: &[Order]) -> Situation {
    Situation { line: line.clone(), allowance: had.clone(), balances: held(), orders: orders.to_vec() }
}
fn commanded(line: &Line, had: &Allowance, orders: &[Order], asked: Do) -> Result<Effects, No> {
    command(&is(line, had, orders), asked, &with(rules()), &zone(), at(NOW)).unwrap()
}

/// What every command does to a line without plans whose last one ended long ago.
#[rustfmt::skip]
fn table() -> Vec<(Is, [Result<&'static str, No>; 10])> {
    use No::{Barred, InStock, InTest, Kept, Lost, NeedsPlan, NotBarred, NotInStock, NotInTest, NotKept, NotLost, Over};
    let until = Some(at("12-31 00:00"));
    let owned = |no_kept: Result<&'static str, No>, back: No| [
        Err(NotInStock), Err(NotInStock), Err(NotInTest), Ok("suspended_lost"), Err(NotLost), Ok("suspended_barred"),
        Err(NotBarred), no_kept, Err(back), Ok("terminated 03-15 12:00"),
    ];
    let over = [Err(Over); 10];
    let kept = Ok("number_kept 06-08 12:00");
    let end = Ok("terminated 03-15 12:00");
    vec![
        // for test, for sale, end test, lost, found, bar, lift, keep number, bring back, terminate
        (Is::Stock, [Ok("test 03-20 12:00"), Ok("silent 03-30 12:00"), Err(NotInTest), Err(InStock), Err(NotLost), Err(InStock), Err(NotBarred), Err(InStock), Err(NotKept), end]),
        (Is::Test { until }, [Err(NotInStock), Err(NotInStock), Ok("silent 03-30 12:00"), Err(InTest), Err(NotLost), Err(InTest), Err(NotBarred), Err(InTest), Err(NotKept), end]),
        (Is::Silent { until }, owned(kept, NotKept)),
        (Is::Active, owned(kept, NotKept)),
        (Is::Grace { until: at("03-11 00:00") }, owned(kept, NotKept)),
        (suspended(until), owned(kept, NotKept)),
        (Is::NumberKept { until }, owned(Err(Kept), NeedsPlan)),
        (LOST, [Err(NotInStock), Err(NotInStock), Err(NotInTest), Err(Lost), Ok("suspended 04-09 12:00"), Err(Lost), Err(NotBarred), Err(Lost), Err(NotKept), end]),
        (BARRED, [Err(NotInStock), Err(NotInStock), Err(NotInTest), Err(Barred), Err(NotLost), Err(Barred), Ok("suspended 04-09 12:00"), Err(Barred), Err(NotKept), end]),
        (Is::Terminated { until }, over),
        (Is::HandedOver, over),
        (Is::Quarantined { until }, over),
        (Is::Closed, over),
    ]
}

fn word(state: Is) -> String {
    match state.until() {
        Some(until) => format!("{} {}", state.word(), shown(until)),
        None => state.word().to_owned(),
    }
}

#[test]
fn every_command_in_every_state() {
    let table = table();
    assert_eq!(table.len(), 13, "a row for each state");
    for (state, expected) in table {
        for (asked, expected) in Do::ALL.into_iter().zip(expected) {
            let line = Line { service_until: Some(at("01-20 00:00")), ..line(state) };
            let done = commanded(&line, &Allowance::default(), &[], asked);
            let found = done.as_ref().map(|effects| word(effects.line.as_ref().unwrap().state)).map_err(|no| *no);
            let expected = expected.map(str::to_owned);
            assert_eq!(found, expected, "{state:?} {asked:?}");
            let Ok(effects) = done else { continue };
            let event = effects.events[0];
            let after = effects.line.unwrap();
            assert_eq!((effects.events.len(), event.state, event.at), (1, after.state, at(NOW)));
            assert_eq!((event.because, after.state_since), (Because::Command(asked), at(NOW)));
        }
    }
    for asked in Do::ALL {
        assert_eq!(Do::from_word(asked.word()), Some(asked));
    }
}

#[test]
fn a_line_that_is_lost_is_cut_off_and_comes_back_when_it_is_found() {
    let plans = vec![plan(1, "03-01 00:00", "04-01 00:00")];
    let had = allowance(plans, vec![session(7, Service::Full)]);
    let lost = commanded(&line(Is::Active), &had, &[], Do::ReportLost).unwrap();
    same(
        &told(&lost),
        "line suspended_lost until nothing
        session 7 Redirected
        tell reported_lost
        network Redirect 7",
    );
    let found = commanded(&lost.line.unwrap(), &lost.allowance.unwrap(), &[], Do::LiftLost).unwrap();
    same(
        &told(&found),
        "line active until nothing
        session 7 Restoring
        tell service_restored
        network Reauthorize 7",
    );
}

#[test]
fn a_lost_line_whose_grace_is_not_over_is_in_grace_when_it_is_found() {
    let lost = Line { service_until: Some(at("03-09 00:00")), ..line(LOST) };
    let had = allowance(vec![], vec![session(7, Service::Redirected)]);
    let found = commanded(&lost, &had, &[], Do::LiftLost).unwrap();
    assert_eq!(found.line.unwrap().state, Is::Grace { until: at("03-12 00:00") });
    assert!(matches!(found.jobs[1], Job::TellNetwork { .. }), "the session is restored");
    let never = commanded(&line(LOST), &had, &[], Do::LiftLost).unwrap();
    assert_eq!(never.line.unwrap().state, Is::Silent { until: Some(at("03-30 12:00")) });
    assert_eq!(never.jobs.len(), 1, "there is nothing it could use, and only its owner is told");
}

#[test]
fn an_order_that_waits_for_a_line_that_is_stopped_is_a_case() {
    let had = allowance(vec![plan(1, "03-01 00:00", "04-01 00:00")], vec![session(7, Service::Restoring)]);
    let barred = commanded(&line(Is::Active), &had, &[order(1, &month(), OrderState::Delivered)], Do::Bar).unwrap();
    same(
        &told(&barred),
        "line suspended_barred until nothing
        session 7 Redirected
        case job_failed
        tell barred
        network Redirect 7",
    );
}

/// What the owner is told by a command or at an instant.
fn messages(effects: &Effects) -> Vec<&'static str> {
    let told = effects.jobs.iter().filter_map(|job| match job {
        Job::SendMessage { kind, .. } => Some(kind.word()),
        _ => None,
    });
    told.collect()
}

#[test]
fn the_owner_is_told_what_people_do_to_the_line() {
    let runs = allowance(vec![plan(1, "03-01 00:00", "04-01 00:00")], vec![]);
    let kept = Is::NumberKept { until: Some(at("08-01 00:00")) };
    let (grace, none) = (Is::Grace { until: at("03-11 00:00") }, Allowance::default());
    for (state, had, asked, expected) in [
        (Is::Stock, &none, Do::HandOver(HandOver::Test), None),
        (Is::Stock, &none, Do::HandOver(HandOver::Sale), None),
        (Is::Test { until: None }, &none, Do::EndTest, None),
        (Is::Active, &runs, Do::ReportLost, Some("reported_lost")),
        (LOST, &runs, Do::LiftLost, Some("service_restored")),
        (LOST, &none, Do::LiftLost, Some("suspended")),
        (grace, &none, Do::Bar, Some("barred")),
        (BARRED, &runs, Do::LiftBar, Some("service_restored")),
        (Is::Active, &runs, Do::KeepNumber, Some("number_kept")),
        (kept, &runs, Do::BringBack, Some("service_restored")),
        (kept, &none, Do::Terminate, Some("terminated")),
    ] {
        let line = Line { service_until: Some(at("01-20 00:00")), ..line(state) };
        let done = commanded(&line, had, &[], asked).unwrap();
        assert_eq!(messages(&done), expected.into_iter().collect::<Vec<_>>(), "{state:?} {asked:?}");
    }
}

#[test]
fn the_owner_is_told_what_time_does_and_once_before_the_number_is_given_up() {
    let until = at("06-08 12:00");
    let kept = Line { state_since: at(NOW), ..line(Is::NumberKept { until: Some(until) }) };
    let none = Allowance::default();
    let reminder = next_due(&kept, &none, at(NOW), &zone()).unwrap();
    assert_eq!(shown(reminder), "06-01 12:00", "a week before");
    let instant = |line: &Line, due| on_due(&is(line, &none, &[]), &with(rules()), &zone(), due).unwrap();
    let reminded = instant(&kept, reminder);
    assert_eq!((messages(&reminded), reminded.events.len()), (vec!["number_ends"], 0));
    let after = reminded.line.unwrap();
    assert_eq!((after.state, after.state_since), (kept.state, kept.state_since));
    assert_eq!(next_due(&after, &none, reminder, &zone()), Some(until), "once");
    assert_eq!(messages(&instant(&after, until)), ["terminated"]);
    // Where nothing is kept for longer than a week, and where there is no end, nobody is reminded.
    let short = Line { state_since: at("06-01 12:00"), ..kept.clone() };
    assert_eq!(next_due(&short, &none, at("06-01 12:00"), &zone()), Some(until));
    let lasting = line(Is::NumberKept { until: None });
    assert_eq!(next_due(&lasting, &none, at(NOW), &zone()), None);
    let suspended = line(suspended(Some(at("04-09 12:00"))));
    assert_eq!(messages(&instant(&suspended, at("04-09 12:00"))), ["number_kept"]);
    // A plan that begins while the number is kept is no reminder.
    let other = instant(&kept, at("05-01 00:00"));
    assert_eq!(messages(&other), Vec::<&str>::new());
    // Straight to rest, where the rules know no time to pay out.
    let strict = with(FamilyRules { terminated_days: Some(0), ..rules() });
    let rests = on_due(&is(&kept, &none, &[]), &strict, &zone(), until).unwrap();
    assert_eq!((messages(&rests), rests.line.unwrap().state.word()), (vec!["terminated"], "quarantined"));
}

#[test]
fn a_number_is_kept_at_least_as_long_as_is_paid() {
    let had = allowance(vec![plan(1, "03-01 00:00", "04-01 00:00"), waiting_for_use(2, "05-01 00:00")], vec![]);
    let kept = commanded(&line(Is::Active), &had, &[], Do::KeepNumber).unwrap();
    // Begun by itself on 1 May at the latest, it runs to 1 June; ninety days from there.
    assert_eq!(kept.line.as_ref().unwrap().state, Is::NumberKept { until: Some(at("08-30 00:00")) });
    let back = commanded(&kept.line.unwrap(), &kept.allowance.unwrap(), &[], Do::BringBack).unwrap();
    assert_eq!(back.line.unwrap().state, Is::Active);
    let none = with(FamilyRules { keep_number_days: Some(0), ..rules() });
    let refused = command(&is(&line(Is::Active), &had, &[]), Do::KeepNumber, &none, &zone(), at(NOW)).unwrap();
    assert_eq!(refused.map(|_| ()), Err(No::NoKeeping));
}

#[test]
fn what_a_kept_line_has_runs_on_and_does_not_bring_it_back() {
    let plans = vec![plan(1, "03-01 00:00", "04-01 00:00"), plan(2, "04-01 00:00", "05-01 00:00")];
    let kept = line(Is::NumberKept { until: Some(at("08-01 00:00")) });
    let had = allowance(plans, vec![session(7, Service::Redirected)]);
    let orders = [order(2, &month(), OrderState::Queued)];
    let effects = on_due(&is(&kept, &had, &orders), &with(rules()), &zone(), at("04-01 00:00")).unwrap();
    same(
        &told(&effects),
        "PACK_RECOGNISED 39.00
        order 2 in_effect 04-01 00:00 to 05-01 00:00
        line number_kept until 05-01 00:00
        session 7 Redirected",
    );
}

#[test]
fn a_line_under_test_has_its_trial_and_loses_it() {
    let brand = with(rules());
    let (state, had) = begin(HandOver::Test, Family::Phone, &brand, &zone(), at(NOW));
    assert_eq!((word(state).as_str(), had.trial.unwrap().granted), ("test 03-20 12:00", 500));
    let (sold, nothing) = begin(HandOver::Sale, Family::Phone, &brand, &zone(), at(NOW));
    assert_eq!((word(sold).as_str(), nothing.trial), ("silent 03-30 12:00", None));
    let from_stock = commanded(&line(Is::Stock), &Allowance::default(), &[], Do::HandOver(HandOver::Test)).unwrap();
    assert_eq!(from_stock.allowance, Some(had.clone()));

    let had = Allowance { sessions: vec![session(7, Service::Full)], ..had };
    let over = on_due(&is(&line(state), &had, &[]), &brand, &zone(), at("03-20 12:00")).unwrap();
    same(
        &told(&over),
        "line silent until nothing
        session 7 Redirected
        network Redirect 7",
    );
    assert_eq!(over.allowance.unwrap().trial, None);
    let ended = commanded(&line(state), &had, &[], Do::EndTest).unwrap();
    assert_eq!((ended.allowance.unwrap().trial, ended.jobs.len()), (None, 1));
}

#[test]
fn what_is_not_earned_when_the_number_begins_to_rest_is_earned_then() {
    let mut had = allowance(
        vec![
            plan(1, "03-01 00:00", "04-01 00:00"),
            plan(2, "04-01 00:00", "05-01 00:00"),
            waiting_for_use(3, "09-01 00:00"),
        ],
        vec![session(7, Service::Full)],
    );
    had.periods[0].recognise(at("03-03 00:00"));
    let earned = had.periods[0].recognised;
    let line = Line { service_until: Some(at("05-01 00:00")), ..line(Is::Active) };
    let orders = [
        order(1, &month(), OrderState::InEffect),
        order(2, &month(), OrderState::Queued),
        order(3, &month(), OrderState::StartsOnFirstUse),
    ];
    let ended = commanded(&line, &had, &orders, Do::Terminate).unwrap();
    same(
        &told(&ended),
        "line terminated until 05-01 00:00
        session 7 Redirected
        tell terminated
        network Redirect 7",
    );
    let (line, had) = (ended.line.unwrap(), ended.allowance.unwrap());
    assert_eq!(next_due(&line, &had, at(NOW), &zone()).map(shown).as_deref(), Some("03-15 12:00"));
    let rest = on_due(&is(&line, &had, &orders), &with(rules()), &zone(), at("03-15 12:00")).unwrap();
    let amounts: i64 = rest.postings.iter().map(|posting| posting.amount).sum();
    assert_eq!(amounts, 3 * 39_000_000 - earned);
    assert!(rest.postings.iter().all(|posting| posting.template == Template::PackRecognised));
    let times: Vec<_> =
        rest.orders.iter().map(|order| (order.id, order.state, order.starts_at, order.ends_at)).collect();
    let end = Some(at("03-15 12:00"));
    let expected = |n| (OrderId(raw(n)), OrderState::InEffect, end, end);
    assert_eq!(times, [expected(1), expected(2), expected(3)]);
    assert_eq!(rest.allowance.as_ref().unwrap().periods, vec![]);
    let rests = rest.line.as_ref().unwrap();
    assert_eq!((word(rests.state).as_str(), rests.service_until), ("quarantined 05-14 12:00", end));
    let closed = on_due(&is(rests, &rest.allowance.unwrap(), &[]), &with(rules()), &zone(), at("05-14 12:00")).unwrap();
    assert_eq!((closed.line.unwrap().state, closed.allowance.unwrap()), (Is::Closed, Allowance::default()));
}

#[test]
fn ages_without_days_are_passed_over_and_without_a_rule_do_not_end() {
    let ends = |rules: FamilyRules| {
        let had = allowance(vec![plan(1, "03-01 00:00", "04-01 00:00")], vec![]);
        let orders = [order(1, &month(), OrderState::InEffect)];
        let effects = on_due(&is(&line(Is::Active), &had, &orders), &with(rules), &zone(), at("04-01 00:00")).unwrap();
        assert_eq!(effects.events.len(), 1);
        word(effects.line.unwrap().state)
    };
    let none = FamilyRules { grace_days: 0, ..FamilyRules::default() };
    assert_eq!(ends(none), "suspended");
    assert_eq!(ends(FamilyRules { suspended_days: Some(0), ..none }), "number_kept");
    let no_number = FamilyRules { suspended_days: Some(0), keep_number_days: Some(0), ..none };
    assert_eq!(ends(no_number), "terminated");
    let at_once = FamilyRules { terminated_days: Some(0), ..no_number };
    assert_eq!(ends(at_once), "quarantined");
    assert_eq!(ends(FamilyRules { quarantine_days: Some(0), ..at_once }), "closed");
}

/// The life of a line that is sold, renewed once, and left alone.
fn life(line: Line, had: Allowance, zone: &Zone, from: BusinessTime, until: BusinessTime) -> Vec<String> {
    let is =
        Situation { line, allowance: had, balances: held(), orders: vec![order(1, &month(), OrderState::InEffect)] };
    let steps = what_if(is, &with(rules()), zone, from, until).unwrap();
    let local = |at: BusinessTime| zone.local(at).strftime("%Y-%m-%d %H:%M %:z").to_string();
    steps.iter().filter(|step| step.changes).map(|step| format!("{} {}", local(step.at), step.state.word())).collect()
}

fn instant(zone: &Zone, text: &str) -> BusinessTime {
    // The wall clock only goes back where no test looks: found by ever smaller steps.
    let mut low = BusinessTime::from_us(0);
    for step in [400 * DAY_US, 30 * DAY_US, DAY_US, HOUR_US, HOUR_US / 60] {
        while zone.local(low.plus_us(step)).strftime("%Y-%m-%d %H:%M").to_string().as_str() <= text {
            low = low.plus_us(step);
        }
    }
    assert_eq!(zone.local(low).strftime("%Y-%m-%d %H:%M").to_string(), text);
    low
}

fn lives(zone_name: &str, starts: &str, validity: Validity, expected: &[&str]) {
    let zone = Zone::named(zone_name).unwrap();
    let start = instant(&zone, starts);
    let window = Window::Fixed { starts_at: start, ends_at: validity.end(start, None, &zone) };
    let period = Period { window, ..plan(1, "01-01 00:00", "01-02 00:00") };
    let found = life(line(Is::Active), allowance(vec![period], vec![]), &zone, start, start.plus_us(3_000 * DAY_US));
    assert_eq!(found, expected, "{zone_name} {starts}");
}

#[test]
fn ages_end_at_the_same_time_of_day_in_the_brands_zone() {
    // 31 January, a month: 28 February; in a leap year the 29th.
    lives(
        "Asia/Shanghai",
        "2026-01-31 23:30",
        Validity::Months(1),
        &[
            "2026-02-28 23:30 +08:00 grace",
            "2026-03-03 23:30 +08:00 suspended",
            "2026-04-02 23:30 +08:00 number_kept",
            "2026-07-01 23:30 +08:00 terminated",
            "2026-07-06 23:30 +08:00 quarantined",
            "2026-09-04 23:30 +08:00 closed",
        ],
    );
    lives(
        "Asia/Shanghai",
        "2028-01-31 00:00",
        Validity::Months(1),
        &[
            "2028-02-29 00:00 +08:00 grace",
            "2028-03-03 00:00 +08:00 suspended",
            "2028-04-02 00:00 +08:00 number_kept",
            "2028-07-01 00:00 +08:00 terminated",
            "2028-07-06 00:00 +08:00 quarantined",
            "2028-09-04 00:00 +08:00 closed",
        ],
    );
    // From 29 February, a year: 28 February.
    lives(
        "Asia/Shanghai",
        "2028-02-29 12:00",
        Validity::Months(12),
        &[
            "2029-02-28 12:00 +08:00 grace",
            "2029-03-03 12:00 +08:00 suspended",
            "2029-04-02 12:00 +08:00 number_kept",
            "2029-07-01 12:00 +08:00 terminated",
            "2029-07-06 12:00 +08:00 quarantined",
            "2029-09-04 12:00 +08:00 closed",
        ],
    );
    // Clocks go forward on 8 March, at two: what would end at 02:30 that day ends at 03:30; later ends keep that reading.
    lives(
        "America/New_York",
        "2026-02-05 02:30",
        Validity::Months(1),
        &[
            "2026-03-05 02:30 -05:00 grace",
            "2026-03-08 03:30 -04:00 suspended",
            "2026-04-07 03:30 -04:00 number_kept",
            "2026-07-06 03:30 -04:00 terminated",
            "2026-07-11 03:30 -04:00 quarantined",
            "2026-09-09 03:30 -04:00 closed",
        ],
    );
    // And back on 1 November: to the month's end is to local midnight on both sides.
    lives(
        "America/New_York",
        "2026-10-15 09:00",
        Validity::MonthEnd,
        &[
            "2026-11-01 00:00 -04:00 grace",
            "2026-11-04 00:00 -05:00 suspended",
            "2026-12-04 00:00 -05:00 number_kept",
            "2027-03-04 00:00 -05:00 terminated",
            "2027-03-09 00:00 -05:00 quarantined",
            "2027-05-08 00:00 -04:00 closed",
        ],
    );
    // Samoa had no 30 December 2011: what would end on it ends a day later.
    lives(
        "Pacific/Apia",
        "2011-11-27 10:00",
        Validity::Months(1),
        &[
            "2011-12-27 10:00 -10:00 grace",
            "2011-12-31 10:00 +14:00 suspended",
            "2012-01-30 10:00 +14:00 number_kept",
            "2012-04-29 10:00 +13:00 terminated",
            "2012-05-04 10:00 +13:00 quarantined",
            "2012-07-03 10:00 +13:00 closed",
        ],
    );
}

#[test]
fn what_is_told_of_the_future_is_what_then_happens() {
    let sold = line(Is::Silent { until: Some(at("03-30 12:00")) });
    let found = life(sold, Allowance::default(), &zone(), at(NOW), at("05-20 00:00"));
    assert_eq!(found, ["2026-03-30 12:00 +08:00 suspended", "2026-04-29 12:00 +08:00 number_kept"]);
    for lasting in [LOST, BARRED, Is::Stock, Is::HandedOver, Is::Closed, suspended(None)] {
        assert_eq!(
            life(line(lasting), Allowance::default(), &zone(), at(NOW), at("12-30 00:00")),
            Vec::<String>::new()
        );
    }
}

#[test]
fn nothing_ends_early() {
    for state in [
        Is::Test { until: Some(at("04-01 00:00")) },
        suspended(Some(at("04-01 00:00"))),
        Is::Quarantined { until: Some(at("04-01 00:00")) },
    ] {
        let early = BusinessTime::from_us(at("04-01 00:00").us() - 1);
        let effects = on_due(&is(&line(state), &Allowance::default(), &[]), &with(rules()), &zone(), early).unwrap();
        assert_eq!((effects.line.unwrap().state, effects.events), (state, vec![]));
    }
}

// Time that passes late.

fn days() -> impl Strategy<Value = Option<u16>> {
    prop_oneof![1 => Just(None), 1 => Just(Some(0)), 4 => (1u16..120).prop_map(Some)]
}
fn any_rules() -> impl Strategy<Value = FamilyRules> {
    (0u16..10, days(), days(), days(), days(), days(), days()).prop_map(
        |(grace_days, test_days, silent_days, suspended_days, keep_number_days, terminated_days, quarantine_days)| {
            FamilyRules {
                grace_days,
                test_days,
                test_octets: 100,
                silent_days,
                suspended_days,
                keep_number_days,
                terminated_days,
                quarantine_days,
            }
        },
    )
}
fn any_state() -> impl Strategy<Value = Is> {
    let until = (0i64..100 * 24).prop_map(|hours| Some(at(NOW).plus_us(hours * HOUR_US + 1)));
    let timed = (0usize..6, until).prop_map(|(which, until)| match which {
        0 => Is::Test { until },
        1 => Is::Silent { until },
        2 => suspended(until),
        3 => Is::NumberKept { until },
        4 => Is::Terminated { until },
        _ => Is::Quarantined { until },
    });
    prop_oneof![4 => Just(Is::Active), 2 => timed, 1 => Just(LOST)]
}
/// Plans one after the other, packs, one for its first use; and their orders.
fn any_plans() -> impl Strategy<Value = Vec<(Period, Order)>> {
    let one = (0u8..4, 1i64..2_000, 0i64..500, 1i64..200_000_000);
    proptest::collection::vec(one, 0..4).prop_map(|list| {
        let mut end = at(NOW);
        let made = list.into_iter().enumerate().map(|(n, (kind, hours, gap, deferred))| {
            let n = u8::try_from(n + 1).unwrap();
            let base = Period { deferred, ..plan(n, "01-01 00:00", "01-02 00:00") };
            let (period, state) = match kind {
                0 => {
                    let window =
                        Window::FirstUse { begins_by: at(NOW).plus_us(gap * HOUR_US), validity: Validity::Months(1) };
                    (Period { window, ..base }, OrderState::StartsOnFirstUse)
                }
                1 => {
                    let window = Window::Fixed { starts_at: at(NOW), ends_at: at(NOW).plus_us(hours * HOUR_US) };
                    (Period { window, kind: OfferingKind::Pack, ..base }, OrderState::InEffect)
                }
                _ => {
                    let starts_at = end;
                    end = end.plus_us(hours * HOUR_US);
                    let state = if starts_at == at(NOW) { OrderState::InEffect } else { OrderState::Queued };
                    (Period { window: Window::Fixed { starts_at, ends_at: end }, ..base }, state)
                }
            };
            (period, order(n, &month(), state))
        });
        made.collect()
    })
}

/// Runs everything up to `goal`, one due instant after the other, looking at the clock whenever `wakes` says.
fn run(is: Situation, brand: &Brand, zone: &Zone, wakes: &[BusinessTime]) -> (Situation, Vec<String>, i64) {
    let (mut is, mut last, mut log, mut earned) = (is, at(NOW), Vec::new(), 0);
    for wake in wakes {
        // What a timer row keeps: the next due instant, counted from the last one that happened.
        while let Some(due) = next_due(&is.line, &is.allowance, last, zone).filter(|due| due <= wake) {
            let effects = on_due(&is, brand, zone, due).unwrap();
            assert!(effects.events.iter().all(|event| event.at == due));
            log.push(format!("{} {}", due.us(), told(&effects)));
            earned += effects.postings.iter().map(|posting| posting.amount).sum::<i64>();
            is.line = effects.line.unwrap();
            is.allowance = effects.allowance.unwrap();
            is.balances = effects.balances.unwrap_or(is.balances);
            for changed in effects.orders {
                let place = is.orders.iter().position(|order| order.id == changed.id).unwrap();
                is.orders[place] = changed;
            }
            last = due;
        }
    }
    (is, log, earned)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn late_is_as_stepwise(
        rules in any_rules(),
        state in any_state(),
        plans in any_plans(),
        zone in prop_oneof![Just("Asia/Shanghai"), Just("America/New_York"), Just("Pacific/Apia"), Just("Europe/London")],
        mut wakes in proptest::collection::vec(0i64..600 * 24, 0..40),
    ) {
        let (brand, zone) = (with(rules), Zone::named(zone).unwrap());
        let (periods, orders): (Vec<Period>, Vec<Order>) = plans.into_iter().unzip();
        let sold: i64 = periods.iter().map(|period| period.deferred).sum();
        let had = allowance(periods, vec![session(7, Service::Full)]);
        let line = Line { service_until: had.service_until(), ..line(state) };
        let is = Situation { line, allowance: had, balances: held(), orders };
        wakes.sort_unstable();
        wakes.push(600 * 24);
        let wakes: Vec<BusinessTime> = wakes.into_iter().map(|hours| at(NOW).plus_us(hours * HOUR_US)).collect();
        let stepwise = run(is.clone(), &brand, &zone, &wakes);
        let late = run(is.clone(), &brand, &zone, &wakes[wakes.len() - 1..]);
        prop_assert_eq!(&late, &stepwise);
        let told = what_if(is, &brand, &zone, at(NOW), wakes[wakes.len() - 1]).unwrap();
        prop_assert_eq!(told.len(), late.1.len());
        prop_assert_eq!(told.iter().map(|step| step.earned).sum::<i64>(), late.2);
        // The parts make the whole: what is not earned is still to come.
        let to_come: i64 = late.0.allowance.periods.iter().map(|period| period.deferred - period.recognised).sum();
        prop_assert_eq!(late.2 + to_come, sold);
    }

    #[test]
    fn states_only_grow_older(rules in any_rules(), plans in any_plans()) {
        let (brand, zone) = (with(rules), zone());
        let (periods, orders): (Vec<Period>, Vec<Order>) = plans.into_iter().unzip();
        let had = allowance(periods, vec![]);
        let is = Situation { line: line(Is::Active), allowance: had.clone(), balances: held(), orders };
        let steps = what_if(is, &brand, &zone, at(NOW), at(NOW).plus_us(1_000 * DAY_US)).unwrap();
        let age = |state: Is| ["active", "grace", "suspended", "number_kept", "terminated", "quarantined", "closed"]
            .iter().position(|word| *word == state.word()).unwrap();
        let last_end = had.service_until().unwrap_or(at(NOW));
        for pair in steps.windows(2) {
            prop_assert!(pair[0].at < pair[1].at, "one instant after the other");
            // A plan that begins by itself at its latest may bring a line back; nothing else does.
            prop_assert!(age(pair[0].state) <= age(pair[1].state) || !pair[1].begins.is_empty());
        }
        for step in steps.iter().filter(|step| step.at < last_end) {
            let runs = had.periods.iter().any(|period| period.kind == OfferingKind::Plan && period.running(step.at));
            prop_assert!(!runs || step.state == Is::Active, "{:?} while a plan runs", step.state);
        }
    }
}
