//! `/desk/catalog/{offering}/try`: what a line in some state would be told about a version at some moment, also about a draft,
//! and what would go back of it later. The words are those that customers read.

use super::catalog::{Moment, named, path};
use super::catalog_words::family_key;
use super::queue::me;
use crate::fault::{Answer, no_refund};
use crate::frame::{Frame, page, page_with};
use crate::portal::offering_shown::{Term, owner_terms, why_not};
use crate::show::Show;
use crate::texts::{Arg, Lang};
use crate::visit::Visit;
use crate::web::Web;
use askama::Template;
use axum::extract::{Path, Query, State};
use axum::http::StatusCode;
use everline_app::Problem;
use everline_app::catalog_desk::version;
use everline_core::offering::{Family, Offering};
use everline_core::quote::Placement;
use everline_core::time::{BusinessTime, DAY_US, Zone};
use everline_core::trial::{Has, Later, Told, Trial, refund, told};
use serde::Deserialize;

/// What was asked; empty before anything was.
#[derive(Deserialize, Default)]
#[serde(default)]
pub(crate) struct Asked {
    day: String,
    time: String,
    family: String,
    has: String,
    ends_day: String,
    ends_time: String,
    anchor: String,
    taken: String,
    after: String,
    used: String,
}

struct Choice {
    word: &'static str,
    label: String,
    chosen: bool,
}

/// What would be told, or why it cannot be bought; and what would go back.
struct Answered {
    refused: Option<String>,
    price: String,
    terms: Vec<Term>,
    then: Option<String>,
    back: Option<String>,
}

#[derive(Template)]
#[template(path = "desk_catalog_try.html")]
struct TryPage {
    p: Frame,
    action: String,
    back: String,
    name: String,
    zone: String,
    asked: Asked,
    families: Vec<Choice>,
    has: Vec<Choice>,
    used: bool,
    wrong: Option<(&'static str, String)>,
    answered: Option<Answered>,
}
impl TryPage {
    fn wrong(&self, field: &str) -> Option<&str> {
        self.wrong.as_ref().filter(|(of, _)| *of == field).map(|(_, why)| why.as_str())
    }
}

const fn has_key(has: Has) -> &'static str {
    match has {
        Has::New => "catalog-has-new",
        Has::SamePlan => "catalog-has-same",
        Has::OtherPlan => "catalog-has-other",
        Has::FirstUse => "catalog-has-first-use",
        Has::Grace => "catalog-has-grace",
        Has::Suspended => "catalog-has-suspended",
        Has::Lost => "catalog-has-lost",
    }
}

impl Asked {
    /// What stands in the form before anybody typed: a line that was just sold, now.
    fn fresh(offering: &Offering, zone: &Zone, now: BusinessTime) -> Self {
        let (at, ends) = (Moment::of(zone, now), Moment::of(zone, now.plus_us(10 * DAY_US)));
        Self {
            day: at.day,
            time: at.time,
            family: offering.families.first().map(|family| family.word()).unwrap_or_default().to_owned(),
            has: Has::New.word().to_owned(),
            ends_day: ends.day,
            ends_time: ends.time,
            taken: "0".to_owned(),
            after: "3".to_owned(),
            ..Self::default()
        }
    }
    /// Reads it; the field that cannot be used, and the key of why.
    fn read(&self, zone: &Zone) -> Result<(Trial, Later), (&'static str, &'static str)> {
        let moment = |day: &str, time: &str| Moment { day: day.to_owned(), time: time.to_owned() }.read(zone);
        let number = |text: &str, max: u16| match text.trim() {
            "" => Some(0),
            text => text.parse::<u16>().ok().filter(|number| *number <= max),
        };
        let at = moment(&self.day, &self.time).ok_or(("at", "catalog-try-wrong-moment"))?;
        let family = Family::from_word(&self.family).ok_or(("family", "catalog-wrong-families"))?;
        let has = Has::from_word(&self.has).ok_or(("has", "catalog-try-wrong-has"))?;
        let ends_at = has.ends().then(|| moment(&self.ends_day, &self.ends_time).filter(|ends| *ends > at));
        let ends_at = ends_at.map(|ends| ends.ok_or(("ends", "catalog-try-wrong-ends"))).transpose()?;
        let anchor = number(&self.anchor, 31).ok_or(("anchor", "catalog-try-wrong-anchor"))?;
        let anchor_day = i8::try_from(anchor).ok().filter(|day| *day > 0);
        let taken = u32::from(number(&self.taken, 1_000).ok_or(("taken", "catalog-try-wrong-count"))?);
        let days = number(&self.after, 3_660).ok_or(("after", "catalog-try-wrong-count"))?;
        let later = Later { days, used: !self.used.is_empty() };
        Ok((Trial { at, family, has, ends_at, anchor_day, taken }, later))
    }
}

/// `GET /desk/catalog/{offering}/try`
pub(crate) async fn ask(
    State(web): State<Web>,
    visit: Visit,
    Path(id): Path<String>,
    Query(asked): Query<Asked>,
) -> Answer {
    let view = version(&web.app, named(&id)?, me(&visit)?).await?;
    let (offering, zone) = (&view.version.offering, &web.app.zone);
    let fresh = asked.has.is_empty() && asked.day.is_empty();
    let asked = if fresh { Asked::fresh(offering, zone, web.app.clock.now().business) } else { asked };
    let (answered, wrong) = match asked.read(zone) {
        _ if fresh => (None, None),
        Ok((trial, later)) => (Some(answer(&web, &visit, offering, &trial, later)?), None),
        Err((field, key)) => (None, Some((field, visit.lang.get(key)))),
    };
    let status = if wrong.is_some() { StatusCode::UNPROCESSABLE_ENTITY } else { StatusCode::OK };
    let family = |one: Family| Choice {
        word: one.word(),
        label: visit.lang.get(family_key(one)),
        chosen: one.word() == asked.family,
    };
    let has =
        |one: Has| Choice { word: one.word(), label: visit.lang.get(has_key(one)), chosen: one.word() == asked.has };
    let shown = TryPage {
        action: format!("{}/try", path(view.version.reference())),
        back: path(view.version.reference()),
        name: format!("{} · {}", offering.name.get(visit.lang.tag()), view.version.reference()),
        zone: web.app.brand.time_zone.clone(),
        families: Family::ALL.into_iter().map(family).collect(),
        has: Has::ALL.into_iter().map(has).collect(),
        used: !asked.used.is_empty(),
        asked,
        wrong,
        answered,
        p: visit.frame(&web, visit.lang.get("catalog-try")),
    };
    if status == StatusCode::OK { page(&shown) } else { page_with(status, &shown) }
}

fn answer(web: &Web, visit: &Visit, offering: &Offering, trial: &Trial, later: Later) -> Result<Answered, Problem> {
    let (brand, zone) = (&web.app.brand, &web.app.zone);
    // As the customer reads it in that moment.
    let show = Show { now: trial.at, ..visit.show(web) };
    let none = || Problem::Internal("no line can be made up".to_owned());
    let Told { quote, then } = told(offering, trial, brand, zone).ok_or_else(none)?;
    let price = show.money(offering.price);
    let quote = match quote {
        Ok(quote) => quote,
        Err(why) => {
            let refused = Some(visit.lang.get(why_not(why)));
            return Ok(Answered { refused, price, terms: Vec::new(), then: None, back: None });
        }
    };
    let mut terms = owner_terms(&show, offering, &quote, None);
    if let Placement::Now { starts_at, .. } = quote.placement
        && let Some(term) = terms.first_mut()
    {
        term.value = format!("{} · {}", term.value, show.moment_in_full(starts_at));
    }
    let bounds = then.map(Placement::bounds).and_then(|(starts, ends)| starts.zip(ends));
    let then = bounds.map(|(starts, ends)| {
        let (starts, ends) = (show.moment_in_full(starts), show.moment_in_full(ends));
        visit.say("catalog-try-then", &[("from", Arg::Text(&starts)), ("to", Arg::Text(&ends))])
    });
    let back = refund(offering, trial, later, zone).ok_or_else(none)?;
    let back = match back {
        Ok(back) => {
            let (amount, until) = (show.money(back.amount), show.moment_in_full(back.until));
            visit.say("catalog-try-back", &[("amount", Arg::Text(&amount)), ("until", Arg::Text(&until))])
        }
        Err(why) => nothing_back(visit.lang, no_refund(why)),
    };
    Ok(Answered { refused: None, price, terms, then, back: Some(back) })
}

fn nothing_back(lang: Lang, key: &str) -> String {
    lang.with("catalog-try-nothing-back", &[("why", Arg::Text(&lang.get(key)))])
}
