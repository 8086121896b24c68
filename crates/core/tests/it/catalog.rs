//! The catalog: what can be done with a version, what is planned with it, and what is tried out before.

use crate::fixture::{at, brand, cny, first_use, month, pack, shown, topup, zone};
use everline_core::catalog::{
    Done, Happened, Happening, NotDone, Standing, Version, edit, first_due, margin, next_version, plan, publish,
    retire, unplan, wrong,
};
use everline_core::ids::RawId;
use everline_core::line::LineState;
use everline_core::offering::{
    Eligibility, Family, Included, Offering, OfferingKind, OfferingRef, RefundRule, SaleState, StartPolicy, Unit,
};
use everline_core::quote::{Change, NotSellable, Placement, Taker, quote};
use everline_core::refund_rule::NoRefund;
use everline_core::time::{BusinessTime, Validity};
use everline_core::trial::{Has, Later, Trial, refund, told};

const BY: Option<RawId> = Some(RawId::from_bytes([5; 16]));

fn done(text: &str) -> Done {
    Done { at: at(text), by: BY }
}
fn version(number: u32, sale: SaleState) -> Version {
    let reference = OfferingRef { code: "month".to_owned(), version: number };
    let draft = Version::draft(Offering { reference, ..month() }, None);
    Version { offering: Offering { sale, ..draft.offering.clone() }, ..draft }
}

#[test]
fn publishing_a_version_retires_the_one_before_it_at_the_same_instant() {
    use SaleState::{Draft, Published, Retired};
    let all = [version(1, Retired), version(2, Published), version(3, Draft)];
    let changed = publish(&all, &all[2], done("03-10 12:00")).unwrap();
    let states: Vec<_> = changed.iter().map(|one| (one.reference().version, one.offering.sale, one.revision)).collect();
    assert_eq!(states, [(3, Published, 2), (2, Retired, 2)]);
    assert_eq!((changed[0].published, changed[1].retired), (Some(done("03-10 12:00")), Some(done("03-10 12:00"))));
    // Only the content of drafts changes, and what is published carries the content it had.
    assert_eq!(changed[1].offering, Offering { sale: Retired, ..all[1].offering.clone() });
    // Back on sale, if no newer version is.
    assert_eq!(publish(&all, &all[0], done("03-10 12:00")), Err(NotDone::NewerOnSale));
    assert_eq!(publish(&all, &all[1], done("03-10 12:00")), Err(NotDone::OnSale));
    let gone = [version(1, Retired), version(2, Retired)];
    assert_eq!(publish(&gone, &gone[0], done("03-10 12:00")).unwrap().len(), 1);
    assert_eq!(retire(&all[1], done("03-10 12:00")).unwrap().standing(), Standing::Retired);
    assert_eq!(retire(&all[2], done("03-10 12:00")), Err(NotDone::NotOnSale));
    assert_eq!(retire(&all[0], done("03-10 12:00")), Err(NotDone::NotOnSale));
}

#[test]
fn only_drafts_are_edited_and_one_is_written_at_a_time() {
    let content = Offering { price: cny("49"), ..pack() };
    let edited = edit(&version(3, SaleState::Draft), content.clone(), Some(1)).unwrap();
    assert_eq!(*edited.reference(), *version(3, SaleState::Draft).reference());
    assert_eq!((edited.offering.price, edited.upstream_cost, edited.revision), (cny("49"), Some(1), 2));
    for sold in [SaleState::Published, SaleState::Retired] {
        assert_eq!(edit(&version(1, sold), content.clone(), None), Err(NotDone::NotADraft));
    }
    let all = [version(1, SaleState::Retired), version(7, SaleState::Published)];
    let next = next_version(&all, month(), None).unwrap();
    assert_eq!((next.reference().version, next.standing(), next.revision), (8, Standing::Draft, 1));
    assert_eq!(next_version(&[version(1, SaleState::Draft)], month(), None), Err(NotDone::AnotherDraft));
}

#[test]
fn plans_are_for_the_future_and_fit_the_version() {
    let (draft, sold) = (version(2, SaleState::Draft), version(1, SaleState::Published));
    let all = [sold.clone(), draft.clone()];
    let now = done("03-10 12:00");
    let planned = |version: &Version, begins: Option<&str>, ends: Option<&str>| {
        plan(&all, version, (begins.map(at), ends.map(at)), now)
    };
    let both = planned(&draft, Some("03-11 00:00"), Some("03-20 00:00")).unwrap();
    assert_eq!((both.standing(), both.next_due(), both.planned_by), (Standing::Scheduled, Some(at("03-11 00:00")), BY));
    assert_eq!(planned(&sold, None, Some("03-20 00:00")).unwrap().standing(), Standing::Published);
    for (version, begins, ends, why) in [
        (&draft, None, None, NotDone::Time),
        (&draft, Some("03-10 12:00"), None, NotDone::Time),
        (&draft, Some("03-11 00:00"), Some("03-11 00:00"), NotDone::Time),
        (&draft, None, Some("03-11 00:00"), NotDone::NotOnSale),
        (&sold, Some("03-11 00:00"), None, NotDone::OnSale),
        (&version(1, SaleState::Retired), None, Some("03-11 00:00"), NotDone::NotOnSale),
    ] {
        assert_eq!(planned(version, begins, ends), Err(why), "{begins:?} {ends:?}");
    }
    let far = Some(at("03-10 12:00").plus_us(everline_core::catalog::AHEAD_US_MAX + 1));
    assert_eq!(plan(&all, &draft, (far, None), now), Err(NotDone::Time));
    assert_eq!(planned(&version(0, SaleState::Retired), Some("03-11 00:00"), None), Err(NotDone::NewerOnSale));
    assert_eq!(unplan(&both).unwrap().standing(), Standing::Draft);
    assert_eq!(unplan(&draft), Err(NotDone::NothingPlanned));
    // An end that was planned for what goes on sale stays.
    let early = publish(&all, &both, now).unwrap();
    assert_eq!((early[0].publish_at, early[0].retire_at, early[0].planned_by), (None, Some(at("03-20 00:00")), BY));
    let late = publish(&all, &both, done("03-21 00:00")).unwrap();
    assert_eq!((late[0].retire_at, late[0].planned_by), (None, None));
}

/// What is due up to a time, as text, one after the other.
fn happens(mut all: Vec<Version>, now: &str) -> Vec<String> {
    let mut told = Vec::new();
    while let Some(Happened { at, what }) = first_due(&all, at(now)) {
        let names: Vec<String> = what.changed().iter().map(|one| one.reference().to_string()).collect();
        let word = match &what {
            Happening::Published(_) => "on sale".to_owned(),
            Happening::Retired(_) => "retired".to_owned(),
            Happening::Dropped(_, why) => format!("dropped, {}", why.word()),
        };
        told.push(format!("{} {word}: {}", shown(at), names.join(" ")));
        for changed in what.changed() {
            *all.iter_mut().find(|one| one.reference() == changed.reference()).unwrap() = changed.clone();
        }
        assert!(told.len() < 20, "it comes to an end: {told:?}");
    }
    told
}

#[test]
fn what_is_late_happens_in_the_order_of_its_time() {
    let with = |version: Version, begins: Option<&str>, ends: Option<&str>| Version {
        publish_at: begins.map(at),
        retire_at: ends.map(at),
        planned_by: BY,
        ..version
    };
    let of = |code: &str, version: Version| {
        let reference = OfferingRef { code: code.to_owned(), version: version.reference().version };
        Version { offering: Offering { reference, ..version.offering.clone() }, ..version }
    };
    let all = vec![
        with(of("a", version(1, SaleState::Published)), None, Some("03-12 00:00")),
        with(of("a", version(2, SaleState::Draft)), Some("03-12 00:00"), Some("03-14 00:00")),
        with(of("b", version(1, SaleState::Draft)), Some("03-11 00:00"), None),
        with(of("c", version(1, SaleState::Draft)), Some("03-13 00:00"), None),
        of("c", version(2, SaleState::Published)),
        with(of("d", version(1, SaleState::Draft)), Some("03-20 00:00"), None),
    ];
    assert_eq!(happens(all.clone(), "03-10 00:00"), Vec::<String>::new());
    assert_eq!(
        happens(all, "03-15 00:00"),
        [
            "03-11 00:00 on sale: b@1",
            "03-12 00:00 on sale: a@2 a@1",
            "03-13 00:00 dropped, newer-on-sale: c@1",
            "03-14 00:00 retired: a@2",
        ]
    );
}

#[test]
fn margins_are_whole_numbers_rounded_down() {
    let of = |price: &str, cost: &str| {
        let margin = margin(cny(price), cny(cost).micros());
        (margin.amount.decimal(), margin.per_mille)
    };
    assert_eq!(of("9.90", "6.90"), ("3.00".to_owned(), 303));
    assert_eq!(of("9.90", "9.90"), ("0.00".to_owned(), 0));
    assert_eq!(of("9.90", "0"), ("9.90".to_owned(), 1_000));
    assert_eq!(of("3", "4"), ("-1.00".to_owned(), -334));
    assert_eq!(margin(cny("0"), 1).per_mille, 0);
}

#[test]
fn each_rule_names_its_field() {
    assert_eq!(
        wrong(&month()).iter().map(|(field, _)| *field).collect::<Vec<_>>(),
        ["name"],
        "the fixture has no name"
    );
    let check = |change: fn(&mut Offering), field: &str| {
        let mut offering = month();
        change(&mut offering);
        assert!(wrong(&offering).iter().any(|(found, _)| *found == field), "{field}: {:?}", wrong(&offering));
    };
    check(|o| o.reference.code = "Month".to_owned(), "code");
    check(|o| o.families.clear(), "families");
    check(|o| o.price = cny("0"), "price");
    check(|o| o.renewal_price = cny("0"), "renewal_price");
    check(|o| o.validity = None, "validity");
    check(|o| o.validity = Some(Validity::Days(0)), "validity");
    check(|o| o.validity = Some(Validity::Months(121)), "validity");
    check(|o| o.kind = OfferingKind::TopUp, "included");
    check(|o| o.included = vec![Included { unit: Unit::Octets, amount: 0 }], "included");
    check(|o| o.included = vec![Included { unit: Unit::Octets, amount: 1 }; 2], "included");
    check(|o| o.start = StartPolicy::FirstUse { within_days: 0 }, "start");
    check(|o| o.refund = RefundRule::UnusedWithin { days: 0 }, "refund");
    check(|o| (o.kind, o.with_esim) = (OfferingKind::Pack, true), "with_esim");
    check(|o| (o.kind, o.eligibility.new_lines_only) = (OfferingKind::Pack, true), "new_lines_only");
    check(|o| o.eligibility.per_line_max = Some(0), "per_line_max");
}

#[test]
fn a_version_gives_no_less_only_if_nothing_of_it_is_less() {
    let old = month();
    assert!(old.gives_no_less_than(&old));
    let more = |change: fn(&mut Offering), no_less: bool| {
        let mut new = month();
        change(&mut new);
        assert_eq!(new.gives_no_less_than(&old), no_less, "{new:?}");
    };
    more(|o| o.price = cny("99"), true);
    more(|o| o.included[0].amount = 11, true);
    more(|o| o.included.push(Included { unit: Unit::Messages, amount: 1 }), true);
    more(|o| o.included[0].amount = 9, false);
    more(|o| o.included.clear(), false);
    more(|o| o.validity = Some(Validity::Days(30)), false);
    more(|o| o.start = StartPolicy::FirstUse { within_days: 9 }, false);
    more(|o| o.refund = RefundRule::UnusedWithin { days: 1 }, false);
    more(|o| o.kind = OfferingKind::Pack, false);
}

#[test]
fn what_is_limited_is_refused_by_its_name() {
    let offering = |new_lines_only, per_line_max| Offering {
        eligibility: Eligibility { new_lines_only, per_line_max },
        ..month()
    };
    let quoted = |state, periods, taken, offering: &Offering| {
        let (line, allowance) = (crate::fixture::line(state), crate::fixture::allowance(periods, vec![]));
        let taker = Taker { line: &line, allowance: &allowance, taken, planned: false };
        quote(&taker, offering, &brand(), &zone(), at("03-10 12:00")).map(|quote| quote.change)
    };
    let silent = LineState::Silent { until: None };
    assert_eq!(quoted(silent, vec![], 0, &offering(true, None)), Ok(Change::Begins));
    assert_eq!(quoted(LineState::Active, vec![], 0, &offering(true, None)), Err(NotSellable::NewLinesOnly));
    let waits = vec![crate::fixture::waiting_for_use(1, "09-01 00:00")];
    assert_eq!(quoted(silent, waits, 0, &offering(true, None)), Err(NotSellable::NewLinesOnly));
    assert_eq!(quoted(LineState::Active, vec![], 1, &offering(false, Some(2))), Ok(Change::Begins));
    assert_eq!(quoted(LineState::Active, vec![], 2, &offering(false, Some(2))), Err(NotSellable::LimitReached));
    // Where nobody counted, what is limited cannot be taken, and what is not can.
    let (line, allowance) = (crate::fixture::line(LineState::Active), crate::fixture::allowance(vec![], vec![]));
    let uncounted = Taker::uncounted(&line, &allowance);
    let quote = |offering: &Offering| quote(&uncounted, offering, &brand(), &zone(), at("03-10 12:00"));
    assert_eq!(quote(&offering(false, Some(2))), Err(NotSellable::LimitReached));
    assert!(quote(&month()).is_ok());
}

fn trial(when: &str, has: Has, ends: Option<&str>) -> Trial {
    Trial { at: at(when), family: Family::Phone, has, ends_at: ends.map(at), anchor_day: None, taken: 0 }
}
/// What would be told about a draft: change, placement, and the one after it.
fn tried(offering: &Offering, trial: &Trial) -> String {
    let draft = Offering { sale: SaleState::Draft, ..offering.clone() };
    let told = told(&draft, trial, &brand(), &zone()).unwrap();
    let span = |(from, to): (Option<BusinessTime>, Option<BusinessTime>)| match from.zip(to) {
        Some((from, to)) => format!("{} to {}", shown(from), shown(to)),
        None => "-".to_owned(),
    };
    match told.quote {
        Err(why) => format!("{why:?}"),
        Ok(quote) => {
            let change = match quote.change {
                Change::Follows(_) => "Follows".to_owned(),
                other => format!("{other:?}"),
            };
            let then = told.then.map(Placement::bounds).map(span).unwrap_or_default();
            format!("{change} {} then {then}", span(quote.placement.bounds()))
        }
    }
}

#[test]
fn an_offering_is_tried_by_the_rules_that_customers_get() {
    let new = trial("01-31 23:59", Has::New, None);
    assert_eq!(tried(&month(), &new), "Begins 01-31 23:59 to 02-28 23:59 then 02-28 23:59 to 03-31 23:59");
    let same = trial("03-10 12:00", Has::SamePlan, Some("03-20 08:00"));
    assert_eq!(tried(&month(), &same), "Extends 03-20 08:00 to 04-20 08:00 then 04-20 08:00 to 05-20 08:00");
    let chain = Trial { anchor_day: Some(31), ..trial("02-10 12:00", Has::OtherPlan, Some("02-28 10:00")) };
    assert_eq!(tried(&month(), &chain), "Follows 02-28 10:00 to 03-31 10:00 then 03-31 10:00 to 04-30 10:00");
    assert_eq!(tried(&pack(), &same), "Adds 03-10 12:00 to 03-17 12:00 then ");
    assert_eq!(tried(&topup(), &new), "AddsMoney - then ");
    assert_eq!(tried(&first_use(), &new), "Begins - then ");
    assert_eq!(tried(&pack(), &new), "NeedsPlan");
    assert_eq!(tried(&pack(), &trial("03-10 12:00", Has::Grace, None)), "NeedsPlan");
    assert_eq!(tried(&month(), &trial("03-10 12:00", Has::FirstUse, None)), "WaitsForFirstUse");
    assert_eq!(tried(&month(), &trial("03-10 12:00", Has::Lost, None)), "LineState");
    assert_eq!(tried(&month(), &Trial { family: Family::Watch, ..new.clone() }), "WrongFamily");
    let once = Offering { eligibility: Eligibility { new_lines_only: true, per_line_max: Some(1) }, ..month() };
    assert_eq!(tried(&once, &Trial { taken: 1, ..new.clone() }), "LimitReached");
    assert_eq!(tried(&once, &same), "NewLinesOnly");
    for has in [Has::Grace, Has::Suspended] {
        let came = tried(&month(), &trial("03-10 12:00", has, None));
        assert_eq!(came, "Begins 03-10 12:00 to 04-10 12:00 then 04-10 12:00 to 05-10 12:00");
    }
}

#[test]
fn a_refund_is_tried_by_the_rule_that_decides_it() {
    let within = Offering { refund: RefundRule::UnusedWithin { days: 7 }, ..month() };
    let new = trial("03-10 12:00", Has::New, None);
    let back = |offering: &Offering, trial: &Trial, days, used| {
        let found = refund(offering, trial, Later { days, used }, &zone()).unwrap();
        found.map(|back| (back.amount, shown(back.until)))
    };
    assert_eq!(back(&within, &new, 3, false), Ok((cny("39"), "03-17 12:00".to_owned())));
    assert_eq!(back(&within, &new, 3, true), Err(NoRefund::Used));
    assert_eq!(back(&within, &new, 7, false), Err(NoRefund::TooLate));
    assert_eq!(back(&month(), &new, 0, false), Err(NoRefund::NotAfterDelivery));
    let short = Offering { validity: Some(Validity::Days(2)), ..within.clone() };
    assert_eq!(back(&short, &new, 3, false), Err(NoRefund::Ended));
    let upstream = Offering { upstream_code: Some("W".to_owned()), ..within.clone() };
    assert_eq!(back(&upstream, &new, 3, false), Err(NoRefund::OtherNetwork));
    let money = Offering { refund: RefundRule::UnusedWithin { days: 7 }, ..topup() };
    assert_eq!(back(&money, &new, 3, false).map(|back| back.0), Ok(cny("39")));
    assert_eq!(back(&money, &new, 3, true), Err(NoRefund::Used));
    // What waits behind another plan was not used, also after its own time to return it has begun.
    let same = trial("03-10 12:00", Has::SamePlan, Some("03-12 08:00"));
    assert_eq!(back(&within, &same, 5, false).map(|back| back.0), Ok(cny("39")));
}
