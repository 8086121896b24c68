//! `/lines/{line}/plans`: everything that is on sale, filtered and sorted by the address, two of it side by side, and which
//! plan fits what the line really used.

use crate::fault::Answer;
use crate::frame::{Frame, page};
use crate::portal::line::line_id;
use crate::portal::line_shown::line_name;
use crate::portal::offering_shown::{Term, contents, guest_terms, owner_terms, why_not};
use crate::portal::plans_fit::{FitShown, fit_shown};
use crate::portal::sign_in::encoded;
use crate::show::Show;
use crate::texts::Arg;
use crate::visit::Visit;
use crate::web::Web;
use askama::Template;
use axum::extract::{Path, Query, State};
use everline_app::choose::{Considered, choosing};
use everline_core::choose::{Lasts, Sort, Wanted, days, per_day, per_gigabyte, sort_of};
use everline_core::contribution::Rating;
use everline_core::money::Money;
use everline_core::offering::OfferingKind;
use everline_core::quote::{Change, NotSellable};
use serde::Deserialize;

/// What the address asks for. A word that means nothing asks for nothing.
#[derive(Deserialize, Default)]
pub(crate) struct Asked {
    #[serde(default)]
    kind: String,
    #[serde(default)]
    lasts: String,
    #[serde(default)]
    price: String,
    #[serde(default)]
    sort: String,
    #[serde(default)]
    compare: String,
}

/// Orders that a list can be in.
const ORDERS: [(&str, &str); 5] = [
    ("price", "choose-order-price"),
    ("day", "choose-order-day"),
    ("gigabyte", "choose-order-gigabyte"),
    ("rating", "choose-order-rating"),
    ("longest", "choose-order-longest"),
];
/// What can be chosen among, and what it is called.
const KINDS: [(&str, &str); 5] = [
    (Sort::Data.word(), "choose-kind-data"),
    (Sort::Voice.word(), "choose-kind-voice"),
    (Sort::Sms.word(), "choose-kind-sms"),
    (Sort::Combined.word(), "choose-kind-combined"),
    (Sort::TopUp.word(), "choose-kind-top-up"),
];
const LASTS: [(&str, &str); 3] = [
    (Lasts::Week.word(), "choose-lasts-week"),
    (Lasts::Month.word(), "choose-lasts-month"),
    (Lasts::Longer.word(), "choose-lasts-longer"),
];

impl Asked {
    /// The address of the same list with others to compare.
    fn href(&self, path: &str, compare: &[&str]) -> String {
        let compare = compare.join(",");
        let fields = [
            ("kind", self.kind.as_str()),
            ("lasts", self.lasts.as_str()),
            ("price", self.price.as_str()),
            ("sort", self.sort.as_str()),
            ("compare", compare.as_str()),
        ];
        let fields = fields.iter().filter(|(_, value)| !value.is_empty());
        let query: Vec<String> = fields.map(|(name, value)| format!("{name}={}", encoded(value))).collect();
        if query.is_empty() { path.to_owned() } else { format!("{path}?{}", query.join("&")) }
    }
}

/// One choice of a list of choices.
struct Choice {
    word: &'static str,
    label: String,
    selected: bool,
}

/// An offering in the list.
struct Entry {
    reference: String,
    href: String,
    name: String,
    summary: String,
    contents: String,
    price: String,
    /// By the day, by the gigabyte.
    prices: Vec<String>,
    rating: Option<RatingShown>,
    fits: bool,
    why_not: Option<String>,
    terms: Vec<Term>,
    /// What comparing it is called, and where that leads.
    compare: (String, String),
}

/// What reviews say: for eyes, and in words.
pub(crate) struct RatingShown {
    pub(crate) stars: String,
    pub(crate) words: String,
}

/// The mean of reviews, with one decimal.
pub(crate) fn rating_shown(show: &Show, rating: &Rating) -> Option<RatingShown> {
    let tenths = rating.tenths()?;
    let mean = format!("{}.{}", tenths / 10, tenths % 10);
    let args = [("mean", Arg::Text(&mean)), ("count", rating.count().into())];
    Some(RatingShown {
        stars: format!("★ {mean} ({})", rating.count()), words: show.lang.with("choose-rating", &args)
    })
}

/// Two offerings side by side.
struct Compared {
    names: Vec<(String, String)>,
    rows: Vec<ComparedRow>,
    stop: String,
}
struct ComparedRow {
    label: String,
    values: Vec<String>,
    differs: bool,
}

#[derive(Template)]
#[template(path = "plans.html")]
struct PlansPage {
    p: Frame,
    path: String,
    renew: String,
    line: String,
    fit: FitShown,
    kinds: Vec<Choice>,
    lasts: Vec<Choice>,
    orders: Vec<Choice>,
    price: String,
    price_error: Option<String>,
    currency: String,
    compare: String,
    /// The one that waits for another to be compared with, and where stopping that leads.
    first: Option<(String, String)>,
    compared: Option<Compared>,
    entries: Vec<Entry>,
    others: Vec<Entry>,
    filtered: bool,
    all: String,
}

/// `GET /lines/{line}/plans`
pub(crate) async fn plans(
    State(web): State<Web>,
    visit: Visit,
    Path(id): Path<String>,
    Query(asked): Query<Asked>,
) -> Answer {
    let (customer, line) = (visit.customer()?, line_id(&id)?);
    let found = choosing(&web.app, customer, line).await?;
    let (show, path) = (visit.show(&web), format!("/lines/{}/plans", found.line.id));
    let currency = web.app.brand.currency;
    let typed = asked.price.trim();
    let price_max = Money::parse(typed, currency).map(Money::micros);
    let price_error = (!typed.is_empty() && price_max.is_err()).then(|| visit.lang.get("choose-price-wrong"));
    let wanted =
        Wanted { sort: Sort::from_word(&asked.kind), lasts: Lasts::from_word(&asked.lasts), price_max: price_max.ok() };
    let mut listed: Vec<&Considered> = found.offerings.iter().filter(|one| wanted.fits(&one.choice.offering)).collect();
    sort(&mut listed, &asked.sort);
    let picked: Vec<&Considered> =
        asked.compare.split(',').take(2).filter_map(|reference| find(&found.offerings, reference)).collect();
    let fit = fit_shown(&show, &path, &found);
    let entry =
        |one: &&Considered| entry(&show, &path, &asked, (&found.offerings, &picked), one, fit.answer.as_deref());
    let other_family = |one: &&&Considered| one.choice.quote == Err(NotSellable::WrongFamily);
    let entries = listed.iter().filter(|one| !other_family(one)).map(entry).collect();
    let others = listed.iter().filter(other_family).map(entry).collect();
    let name = |one: &Considered| one.choice.offering.name.get(visit.lang.tag()).to_owned();
    let template = PlansPage {
        p: visit.frame(&web, visit.lang.get("choose-title")),
        renew: format!("/lines/{}/renew", found.line.id),
        line: line_name(&found.line),
        kinds: choices(&show, &KINDS, &asked.kind),
        lasts: choices(&show, &LASTS, &asked.lasts),
        orders: choices(&show, &ORDERS, if asked.sort.is_empty() { "price" } else { &asked.sort }),
        price: typed.to_owned(),
        price_error,
        currency: currency.code().to_owned(),
        compare: asked.compare.clone(),
        first: match picked.as_slice() {
            [one] => Some((name(one), asked.href(&path, &[]))),
            _ => None,
        },
        compared: match picked.as_slice() {
            [one, other] => Some(compared(&show, &path, &asked, &found.offerings, [one, other])),
            _ => None,
        },
        entries,
        others,
        filtered: wanted != Wanted::default(),
        all: Asked { compare: String::new(), ..Asked::default() }.href(&path, &[&asked.compare]),
        fit,
        path,
    };
    page(&template)
}

fn choices(show: &Show, all: &[(&'static str, &str)], chosen: &str) -> Vec<Choice> {
    let one =
        |(word, key): &(&'static str, &str)| Choice { word, label: show.lang.get(key), selected: *word == chosen };
    all.iter().map(one).collect()
}

fn find<'a>(all: &'a [Considered], reference: &str) -> Option<&'a Considered> {
    all.iter().find(|one| one.choice.offering.reference.to_string() == reference)
}

/// What can be bought first; then as was asked for, what has no such value last; then the cheaper.
fn sort(listed: &mut [&Considered], order: &str) {
    let last = i64::MAX;
    let by = |one: &Considered| {
        let offering = &one.choice.offering;
        match order {
            "day" => per_day(offering).map_or(last, Money::micros),
            "gigabyte" => per_gigabyte(offering).map_or(last, Money::micros),
            "rating" => one.rating.tenths().map_or(last, |tenths| -tenths),
            "longest" => offering.validity.map_or(last, |validity| -days(validity)),
            _ => 0,
        }
    };
    listed.sort_by_cached_key(|one| {
        let offering = &one.choice.offering;
        (one.choice.quote.is_err(), by(one), offering.kind as u8, offering.price.micros(), offering.reference.clone())
    });
}

/// The terms that are told before money moves: the owner's if it can be bought, else what is true for everybody.
pub(crate) fn terms(show: &Show, one: &Considered, all: &[Considered]) -> Vec<Term> {
    let offering = &one.choice.offering;
    let Ok(quote) = &one.choice.quote else { return guest_terms(show, offering) };
    let follows = match &quote.change {
        Change::Follows(before) => {
            let of_code = |other: &&Considered| other.choice.offering.reference.code == before.code;
            all.iter().find(of_code).map(|other| other.choice.offering.name.get(show.lang.tag()))
        }
        _ => None,
    };
    owner_terms(show, offering, quote, follows)
}

fn prices(show: &Show, one: &Considered) -> Vec<String> {
    let offering = &one.choice.offering;
    let say =
        |key, money: Option<Money>| money.map(|money| show.lang.with(key, &[("price", Arg::Text(&show.money(money)))]));
    [say("choose-per-day", per_day(offering)), say("choose-per-gigabyte", per_gigabyte(offering))]
        .into_iter()
        .flatten()
        .collect()
}

fn entry(
    show: &Show,
    path: &str,
    asked: &Asked,
    (all, picked): (&[Considered], &[&Considered]),
    one: &Considered,
    answer: Option<&str>,
) -> Entry {
    let offering = &one.choice.offering;
    let reference = offering.reference.to_string();
    let compare = match picked {
        [first] if first.choice.offering.reference != offering.reference => {
            let first = &first.choice.offering;
            let label = show.lang.with("choose-compare-with", &[("name", Arg::Text(first.name.get(show.lang.tag())))]);
            (label, asked.href(path, &[&first.reference.to_string(), &reference]))
        }
        _ => (show.lang.get("choose-compare"), asked.href(path, &[&reference])),
    };
    Entry {
        href: format!("{path}/{reference}"),
        name: offering.name.get(show.lang.tag()).to_owned(),
        summary: offering.summary.get(show.lang.tag()).to_owned(),
        contents: contents(show, offering),
        price: show.money(offering.price),
        prices: prices(show, one),
        rating: rating_shown(show, &one.rating),
        fits: answer == Some(reference.as_str()),
        why_not: one.choice.quote.as_ref().err().map(|reason| show.lang.get(why_not(*reason))),
        terms: terms(show, one, all),
        compare,
        reference,
    }
}

/// Every line of what is told about two offerings, side by side; where they differ it is marked.
fn compared(show: &Show, path: &str, asked: &Asked, all: &[Considered], two: [&Considered; 2]) -> Compared {
    let lang = show.lang;
    let kind = |one: &Considered| show.lang.get(&format!("choose-kind-{}", sort_of(&one.choice.offering).word()));
    let facts = two.map(|one| {
        let offering = &one.choice.offering;
        let money = |key, money: Option<Money>| money.map(|money| (lang.get(key), show.money(money)));
        let lasts = offering.validity.map(|validity| (lang.get("renew-lasts"), show.validity(validity)));
        let holds = Some(show.included(&offering.included)).filter(|text| !text.is_empty());
        let mut facts =
            vec![(lang.get("choose-price"), show.money(offering.price)), (lang.get("choose-kind"), kind(one))];
        facts.extend(holds.map(|holds| (lang.get("choose-holds"), holds)));
        facts.extend(lasts);
        facts.extend(money("choose-by-day", per_day(offering)));
        facts.extend(money("choose-by-gigabyte", per_gigabyte(offering)));
        facts.extend(rating_shown(show, &one.rating).map(|rating| (lang.get("choose-reviews"), rating.words)));
        facts.extend(terms(show, one, all).into_iter().map(|term| (term.label, term.value)));
        let why = one.choice.quote.as_ref().err().map(|reason| lang.get(why_not(*reason)));
        facts.extend(why.map(|why| (lang.get("choose-not-now"), why)));
        facts
    });
    let [left, right] = &facts;
    let mut labels: Vec<&String> = left.iter().map(|(label, _)| label).collect();
    for (label, _) in right {
        if !labels.contains(&label) {
            labels.push(label);
        }
    }
    let value = |facts: &[(String, String)], label: &str| {
        facts.iter().find(|(known, _)| known == label).map_or_else(|| "–".to_owned(), |(_, value)| value.clone())
    };
    let row = |label: &String| {
        let values = facts.each_ref().map(|facts| value(facts, label));
        let differs = values.first() != values.last();
        ComparedRow { label: label.clone(), values: values.to_vec(), differs }
    };
    let name = |one: &Considered| {
        let offering = &one.choice.offering;
        (offering.name.get(lang.tag()).to_owned(), format!("{path}/{}", offering.reference))
    };
    Compared { names: two.map(name).to_vec(), rows: labels.into_iter().map(row).collect(), stop: asked.href(path, &[]) }
}

/// Whether reviews are written about an offering at all: money is money.
pub(crate) const fn is_reviewed(kind: OfferingKind) -> bool {
    !matches!(kind, OfferingKind::TopUp)
}
