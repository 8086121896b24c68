//! `quote`: what a purchase would mean, and every reason for which there is none.

use crate::fixture::{allowance, at, brand, first_use, line, month, pack, plan, shown, topup, waiting_for_use, zone};
use everline_core::charging::{Allowance, Period};
use everline_core::line::{Line, LineState, SuspendCause};
use everline_core::offering::{Eligibility, Family, Offering, OfferingRef, SaleState};
use everline_core::quote::{Change, NotSellable, Placement, Quote, Taker, deliverable, quote};
use everline_core::time::Validity;

fn quoted(state: LineState, periods: Vec<Period>, offering: &Offering) -> Result<Quote, NotSellable> {
    let allowance: Allowance = allowance(periods, vec![]);
    quote(&Taker::new(&line(state), &allowance), offering, &brand(), &zone(), at("03-10 12:00"))
}
fn refused(state: LineState, periods: Vec<Period>, offering: &Offering, expected: NotSellable) {
    assert_eq!(quoted(state, periods, offering), Err(expected));
}
fn check(periods: Vec<Period>, offering: &Offering, change: Change, placement: &str) {
    let quote = quoted(LineState::Active, periods, offering).unwrap();
    let placed = match quote.placement {
        Placement::Now { starts_at, ends_at } => format!("now {} to {}", shown(starts_at), shown(ends_at)),
        Placement::After { starts_at, ends_at } => format!("after {} to {}", shown(starts_at), shown(ends_at)),
        Placement::FirstUse { begins_by, validity } => format!("first use by {} for {validity:?}", shown(begins_by)),
        Placement::Credit => "credit".to_owned(),
    };
    assert_eq!((quote.change, placed.as_str()), (change, placement));
    assert_eq!((quote.price, quote.terms_version.as_str()), (offering.price, "t1"));
}
fn running() -> Period {
    plan(1, "03-01 00:00", "04-01 00:00")
}

#[test]
fn each_refusal_has_its_name_and_the_first_one_answers() {
    let unsold = |sale| Offering { sale, ..month() };
    let lost = LineState::Suspended(SuspendCause::Lost);
    refused(lost, vec![], &unsold(SaleState::Draft), NotSellable::NotOnSale);
    refused(LineState::Active, vec![], &unsold(SaleState::Retired), NotSellable::NotOnSale);
    let other = Offering { families: vec![Family::Watch], ..month() };
    refused(lost, vec![], &other, NotSellable::WrongFamily);
    for state in [
        LineState::Stock,
        LineState::Test { until: None },
        LineState::Closed,
        LineState::Terminated { until: None },
        LineState::HandedOver,
        LineState::Quarantined { until: None },
        LineState::Suspended(SuspendCause::Barred),
    ] {
        refused(state, vec![], &month(), NotSellable::LineState);
    }
    refused(LineState::Active, vec![], &other, NotSellable::WrongFamily);
    refused(LineState::Active, vec![], &pack(), NotSellable::NeedsPlan);
    refused(LineState::Grace { until: at("03-12 00:00") }, vec![], &pack(), NotSellable::NeedsPlan);
    refused(LineState::Active, vec![plan(1, "03-11 00:00", "04-11 00:00")], &pack(), NotSellable::NeedsPlan);
    refused(LineState::Active, vec![waiting_for_use(1, "09-01 00:00")], &pack(), NotSellable::NeedsPlan);
    refused(LineState::Active, vec![waiting_for_use(1, "09-01 00:00")], &month(), NotSellable::WaitsForFirstUse);
    let full = vec![running(), plan(2, "04-01 00:00", "05-01 00:00"), plan(3, "05-01 00:00", "06-01 00:00")];
    refused(LineState::Active, full, &month(), NotSellable::QueueFull);
    let both = vec![waiting_for_use(1, "09-01 00:00"), waiting_for_use(2, "09-01 00:00")];
    refused(LineState::Active, both, &month(), NotSellable::QueueFull);
}

#[test]
fn what_a_line_can_never_take_is_said_before_its_state() {
    let barred = LineState::Suspended(SuspendCause::Barred);
    let silent = LineState::Silent { until: None };
    let welcome = Offering { eligibility: Eligibility { new_lines_only: true, per_line_max: None }, ..month() };
    assert!(quoted(silent, vec![], &welcome).is_ok());
    refused(barred, vec![], &welcome, NotSellable::LineState);
    for state in [LineState::Active, barred] {
        refused(state, vec![running()], &welcome, NotSellable::NewLinesOnly);
    }
    let used = Line { service_until: Some(at("03-01 00:00")), ..line(barred) };
    let allowance = allowance(vec![], vec![]);
    let over = quote(&Taker::new(&used, &allowance), &welcome, &brand(), &zone(), at("03-10 12:00"));
    assert_eq!(over, Err(NotSellable::NewLinesOnly), "its plans are over");
    let once = Offering { eligibility: Eligibility { new_lines_only: false, per_line_max: Some(1) }, ..month() };
    let took = Taker { taken: 1, ..Taker::new(&used, &allowance) };
    let again = quote(&took, &once, &brand(), &zone(), at("03-10 12:00"));
    assert_eq!(again, Err(NotSellable::LimitReached));
    for why in [NotSellable::WrongFamily, NotSellable::NewLinesOnly, NotSellable::LimitReached] {
        assert!(why.for_good());
    }
    assert!(!NotSellable::LineState.for_good() && !NotSellable::QueueFull.for_good());
}

#[test]
fn a_line_without_a_plan_begins_one() {
    check(vec![], &month(), Change::Begins, "now 03-10 12:00 to 04-10 12:00");
    check(vec![plan(1, "02-01 00:00", "03-10 12:00")], &month(), Change::Begins, "now 03-10 12:00 to 04-10 12:00");
    for state in [
        LineState::Silent { until: None },
        LineState::Grace { until: at("03-12 00:00") },
        LineState::Suspended(SuspendCause::NotRenewed { until: None }),
        LineState::NumberKept { until: None },
    ] {
        assert!(quoted(state, vec![], &month()).is_ok());
    }
}

#[test]
fn the_same_plan_extends_and_another_follows() {
    check(vec![running()], &month(), Change::Extends, "after 04-01 00:00 to 05-01 00:00");
    let mut other = running();
    other.offering = OfferingRef { code: "other".into(), version: 3 };
    let follows = Change::Follows(other.offering.clone());
    check(vec![other], &month(), follows, "after 04-01 00:00 to 05-01 00:00");
    let newer = Offering { reference: OfferingRef { code: "month".into(), version: 2 }, ..month() };
    check(vec![running()], &newer, Change::Extends, "after 04-01 00:00 to 05-01 00:00");
    let queued = vec![running(), plan(2, "04-01 00:00", "05-01 00:00")];
    check(queued, &month(), Change::Extends, "after 05-01 00:00 to 06-01 00:00");
}

#[test]
fn packs_add_at_once_and_money_has_no_time() {
    check(vec![running()], &pack(), Change::Adds, "now 03-10 12:00 to 03-17 12:00");
    check(vec![], &topup(), Change::AddsMoney, "credit");
    assert!(quoted(LineState::Suspended(SuspendCause::NotRenewed { until: None }), vec![], &topup()).is_ok());
}

#[test]
fn what_starts_on_first_use_says_by_when() {
    check(vec![], &first_use(), Change::Begins, "first use by 09-06 12:00 for Months(1)");
}

#[test]
fn the_day_of_the_month_is_the_first_plans() {
    let mut february = plan(1, "01-31 10:00", "02-28 10:00");
    february.anchor_day = Some(31);
    let ends = |periods: Vec<Period>, at_text: &str| {
        let (line, allowance) = (line(LineState::Active), allowance(periods, vec![]));
        let quote = quote(&Taker::new(&line, &allowance), &month(), &brand(), &zone(), at(at_text));
        quote.unwrap().placement.bounds().1.map(shown).unwrap()
    };
    assert_eq!(ends(vec![february.clone()], "02-01 00:00"), "03-31 10:00");
    assert_eq!(ends(vec![february], "02-28 10:00"), "03-28 10:00", "over: a new chain begins");
    assert_eq!(ends(vec![], "01-31 10:00"), "02-28 10:00");
    // A chain that a plan of days began has the day on which that one ends.
    let days = plan(1, "01-01 10:00", "01-31 10:00");
    assert_eq!(ends(vec![days], "01-05 00:00"), "02-28 10:00");
    let yearly = Offering { validity: Some(Validity::Days(7)), ..month() };
    check(vec![running()], &yearly, Change::Extends, "after 04-01 00:00 to 04-08 00:00");
}

#[test]
fn what_was_ordered_earlier_is_deliverable_unless_it_would_be_for_nothing() {
    let check = |state, periods: Vec<Period>, offering: &Offering, expected| {
        let found = deliverable(&line(state), &allowance(periods, vec![]), offering, at("03-10 12:00"));
        assert_eq!(found, expected, "{state:?} {}", offering.reference);
    };
    let retired = Offering { sale: SaleState::Retired, ..month() };
    check(LineState::Active, vec![], &retired, true);
    check(LineState::Silent { until: None }, vec![], &month(), true);
    check(LineState::Active, vec![running()], &pack(), true);
    check(LineState::Active, vec![], &pack(), false);
    check(LineState::Suspended(SuspendCause::NotRenewed { until: None }), vec![], &month(), true);
    check(LineState::Suspended(SuspendCause::Lost), vec![running()], &month(), false);
    check(LineState::HandedOver, vec![], &topup(), false);
}
