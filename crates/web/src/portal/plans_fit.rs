//! Which plan fits what a line really used, in words and as a table with everything that led to the answer.

use crate::show::Show;
use crate::texts::Arg;
use everline_app::choose::{Choosing, Considered};
use everline_core::calendar::Day;
use everline_core::fit::{DAYS_MAX, DAYS_MIN, Fit, MARGIN_PERCENT, TooLittle};
use everline_core::offering::OfferingRef;
use everline_core::time::BusinessTime;

/// What is said about which plan fits.
pub(crate) struct FitShown {
    /// The reference of the plan that does.
    pub(crate) answer: Option<String>,
    /// The answer in words, or why there is none.
    pub(crate) sentence: String,
    /// Where the plan's page is.
    pub(crate) href: String,
    /// What was looked at, and how it is reckoned; empty if there was too little.
    pub(crate) how: Vec<String>,
    pub(crate) rows: Vec<FitRow>,
}

/// One plan against what was used.
pub(crate) struct FitRow {
    pub(crate) href: String,
    pub(crate) name: String,
    /// What would be used while it runs, and what of it it includes.
    pub(crate) needs: Vec<String>,
    /// The packs that fill what it lacks; or that nothing does.
    pub(crate) lacks: String,
    pub(crate) cost: String,
    pub(crate) by_month: String,
    pub(crate) answer: bool,
}

fn name<'a>(show: &Show, all: &'a [Considered], reference: &OfferingRef) -> &'a str {
    let found = all.iter().find(|one| one.choice.offering.reference == *reference);
    found.map_or("", |one| one.choice.offering.name.get(show.lang.tag()))
}

/// What is said about which plan fits.
pub(crate) fn fit_shown(show: &Show, path: &str, found: &Choosing) -> FitShown {
    let lang = show.lang;
    let nothing =
        |sentence| FitShown { answer: None, sentence, href: String::new(), how: Vec::new(), rows: Vec::new() };
    let fitting = match &found.fitting {
        Ok(fitting) => fitting,
        Err(TooLittle::Days { days }) => {
            let args = [("days", (*days).into()), ("least", DAYS_MIN.into())];
            return nothing(lang.with("fit-few-days", &args));
        }
        Err(TooLittle::Nothing) => return nothing(lang.get("fit-nothing")),
    };
    let observed = &fitting.observed;
    let used: Vec<String> = fitting.used.iter().map(|(unit, amount)| used_words(show, *unit, *amount)).collect();
    let used = used.join(" · ");
    let day = |day: Day| show.zone.bounds_us(day.date()).map(|(start, _)| show.day(BusinessTime::from_us(start)));
    let (from, to) = (day(observed.from).unwrap_or_default(), day(observed.to).unwrap_or_default());
    let seen = [
        ("from", Arg::Text(&from)),
        ("to", Arg::Text(&to)),
        ("days", observed.days.into()),
        ("used", Arg::Text(&used)),
    ];
    let seen = lang.with(if observed.days < DAYS_MAX { "fit-seen-since" } else { "fit-seen" }, &seen);
    let how = lang.with("fit-how", &[("margin", MARGIN_PERCENT.into())]);
    let answer = fitting.fits.first().filter(|fit| fit.covers);
    let sentence = match answer {
        Some(fit) => {
            let (plan, cost) = (name(show, &found.offerings, &fit.plan), show.money(fit.cost_30_days));
            let args = [("name", Arg::Text(plan)), ("price", Arg::Text(&cost))];
            lang.with(if fit.packs.is_empty() { "fit-answer" } else { "fit-answer-with-packs" }, &args)
        }
        None => lang.get("fit-none"),
    };
    let row = |fit: &Fit| {
        let need = |need: &everline_core::fit::Need| {
            let (needs, holds) = (show.amount(need.unit, need.needs), show.amount(need.unit, need.included));
            lang.with("fit-need", &[("needs", Arg::Text(&needs)), ("holds", Arg::Text(&holds))])
        };
        let pack = |(pack, count): &(OfferingRef, i64)| format!("{count} × {}", name(show, &found.offerings, pack));
        let packs: Vec<String> = fit.packs.iter().map(pack).collect();
        FitRow {
            href: format!("{path}/{}", fit.plan),
            name: name(show, &found.offerings, &fit.plan).to_owned(),
            needs: fit.needs.iter().map(need).collect(),
            lacks: match (fit.covers, packs.is_empty()) {
                (true, true) => lang.get("fit-covers"),
                (true, false) => packs.join("、"),
                (false, _) => lang.get("fit-does-not"),
            },
            cost: show.money(fit.cost),
            by_month: show.money(fit.cost_30_days),
            answer: answer.is_some_and(|answer| answer.plan == fit.plan),
        }
    };
    FitShown {
        href: answer.map(|fit| format!("{path}/{}", fit.plan)).unwrap_or_default(),
        answer: answer.map(|fit| fit.plan.to_string()),
        sentence,
        how: vec![seen, how],
        rows: fitting.fits.iter().map(row).collect(),
    }
}

fn used_words(show: &Show, unit: everline_core::offering::Unit, amount: i64) -> String {
    let (what, amount) = (show.unit(unit), show.amount(unit, amount));
    show.lang.with("fit-used", &[("what", Arg::Text(&what)), ("amount", Arg::Text(&amount))])
}
