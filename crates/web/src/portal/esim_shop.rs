//! `/esim`: plans that are sold with an eSIM, by country; `/esim/buy`: what one means, what is asked of the device, and the order.

use crate::fault::{Answer, Fault};
use crate::frame::{Frame, go, page, page_with};
use crate::portal::device_form::{Choice, DeviceForm, not_checked, sent_device};
use crate::portal::in_wechat::ask_who;
use crate::portal::offering_shown::{ChosenShown, RenewForm, contents, groups, owner_terms, reference, why_not};
use crate::portal::pay::{Offered, PayBy, methods, pay_by, remembers};
use crate::portal::renew::Asked;
use crate::seal::{esim_ticket, ticket_esim};
use crate::texts::Arg;
use crate::visit::Visit;
use crate::web::Web;
use askama::Template;
use axum::extract::{Query, State};
use axum::http::StatusCode;
use everline_app::Problem;
use everline_app::buy_esim::{NewEsim, order_esim, quote_esim, shelf};
use everline_core::country::Country;
use everline_core::offering::{Family, Offering, OfferingRef, StartPolicy};
use serde::Deserialize;
use std::collections::BTreeSet;

/// What the address asks for. A word that means nothing asks for nothing.
#[derive(Deserialize, Default)]
pub(crate) struct Wanted {
    #[serde(default)]
    country: String,
    #[serde(default, rename = "for")]
    family: String,
}

/// What a plan is for, in the order in which one can choose.
const FAMILIES: [(Family, &str, &str); 5] = [
    (Family::Travel, "travel", "esim-for-travel"),
    (Family::Phone, "phone", "esim-for-phone"),
    (Family::Watch, "watch", "esim-for-watch"),
    (Family::Router, "router", "esim-for-router"),
    (Family::Iot, "iot", "esim-for-iot"),
];

/// The key of a country's name.
fn country_key(country: Country) -> String {
    format!("country-{country}")
}

struct Plan {
    href: String,
    name: String,
    contents: String,
    lasts: String,
    countries: String,
    price: String,
}

#[derive(Template)]
#[template(path = "esim_shop.html")]
struct Shop {
    p: Frame,
    in_stock: bool,
    countries: Vec<Choice>,
    families: Vec<Choice>,
    plans: Vec<Plan>,
    filtered: bool,
}

/// `GET /esim`
pub(crate) async fn shop(State(web): State<Web>, visit: Visit, Query(wanted): Query<Wanted>) -> Answer {
    let found = shelf(&web.app).await?;
    let country = Country::parse(&wanted.country).ok();
    let family = FAMILIES.iter().find(|(_, word, _)| *word == wanted.family).map(|(family, ..)| *family);
    let fits = |offering: &&Offering| {
        country.is_none_or(|country| offering.countries.contains(&country))
            && family.is_none_or(|family| offering.families.contains(&family))
    };
    let sold: BTreeSet<Country> = found.offerings.iter().flat_map(|offering| offering.countries.clone()).collect();
    let of_country = |one: Country| Choice {
        value: one.code().to_owned(),
        label: visit.lang.get(&country_key(one)),
        selected: country == Some(one),
    };
    let mut countries: Vec<Choice> = sold.into_iter().map(of_country).collect();
    countries.sort_by(|a, b| a.label.cmp(&b.label));
    let of_family = |(one, word, key): &(Family, &str, &str)| {
        let sold = found.offerings.iter().any(|offering| offering.families.contains(one));
        let (value, label) = ((*word).to_owned(), visit.lang.get(key));
        sold.then(|| Choice { value, label, selected: family == Some(*one) })
    };
    page(&Shop {
        p: visit.frame(&web, visit.lang.get("esim-shop-title")),
        in_stock: found.in_stock,
        countries,
        families: FAMILIES.iter().filter_map(of_family).collect(),
        plans: found.offerings.iter().filter(fits).map(|offering| plan(&web, &visit, offering)).collect(),
        filtered: country.is_some() || family.is_some(),
    })
}

fn plan(web: &Web, visit: &Visit, offering: &Offering) -> Plan {
    let show = visit.show(web);
    let names: Vec<String> = offering.countries.iter().map(|one| visit.lang.get(&country_key(*one))).collect();
    let lasts = match offering.start {
        StartPolicy::FirstUse { within_days } => {
            visit.say("esim-shop-first-use", &[("days", Arg::Count(i64::from(within_days)))])
        }
        StartPolicy::Immediate => visit.lang.get("esim-shop-at-once"),
    };
    Plan {
        href: format!("/esim/buy?offering={}", offering.reference),
        name: offering.name.get(visit.lang.tag()).to_owned(),
        contents: contents(&show, offering),
        lasts,
        countries: names.join(&visit.lang.get("list-comma")),
        price: show.money(offering.price),
    }
}

#[derive(Template)]
#[template(path = "esim_buy.html")]
struct Buy {
    p: Frame,
    f: RenewForm,
}

/// What was wrong with the form that was sent.
#[derive(Default)]
struct Trouble {
    status: Option<StatusCode>,
    error: Option<String>,
    device: Option<String>,
    terms: Option<String>,
}

/// `GET /esim/buy`
pub(crate) async fn buy(State(web): State<Web>, visit: Visit, Query(asked): Query<Asked>) -> Answer {
    let offering = reference(&asked.offering).ok_or(Problem::NotFound("offering"))?;
    show_form(&web, &visit, offering, Trouble::default()).await
}

async fn show_form(web: &Web, visit: &Visit, offering: OfferingRef, trouble: Trouble) -> Answer {
    let customer = visit.customer()?;
    let (offering, quote) = quote_esim(&web.app, offering).await?;
    let found = shelf(&web.app).await?;
    let show = visit.show(web);
    let all = found.offerings.iter().map(|offering| (offering, None));
    let offered = Offered { credit: None, vouchers: true, transfers: false };
    let chosen = ChosenShown {
        reference: offering.reference.to_string(),
        name: offering.name.get(visit.lang.tag()).to_owned(),
        contents: contents(&show, &offering),
        price: show.money(quote.price),
        terms: owner_terms(&show, &offering, &quote, None),
        terms_version: quote.terms_version.clone(),
        terms_accepted: visit.fields.get("terms") == quote.terms_version,
        methods: methods(web, visit, offered),
        ticket: esim_ticket(&web.app, customer).ok_or(Problem::Busy)?,
    };
    let sold_out = (!found.in_stock).then(|| visit.lang.get("problem-sold-out"));
    let f = RenewForm {
        action: "/esim/buy".to_owned(),
        line: String::new(),
        number: String::new(),
        groups: groups(&show, "/esim/buy", Some(&offering.reference), all),
        chosen: Some(chosen),
        error: trouble.error.or(sold_out),
        terms_error: trouble.terms,
        remembers: remembers(web),
        device: Some(DeviceForm::of(visit, true, trouble.device)),
    };
    let p = visit.frame(web, visit.lang.get("esim-buy-title"));
    page_with(trouble.status.unwrap_or(StatusCode::OK), &Buy { p, f })
}

/// `POST /esim/buy`: places the order, starts the payment, and goes to the order's page.
pub(crate) async fn place(State(web): State<Web>, visit: Visit) -> Answer {
    let (customer, fields) = (visit.customer()?, &visit.fields);
    let order = ticket_esim(&web.app, customer, fields.get("ticket")).ok_or(Fault::Foreign)?;
    let offering = reference(fields.get("offering")).ok_or(Problem::NotFound("offering"))?;
    let by = match fields.get("method") {
        "" => PayBy::first(&web, &visit)?,
        word => PayBy::from_word(word)?,
    };
    let by = by.remembering(!fields.get("remember").is_empty());
    let say = |key| Some(visit.lang.get(key));
    let unusable = Some(StatusCode::UNPROCESSABLE_ENTITY);
    let (check, terms) = (sent_device(fields), fields.get("terms").to_owned());
    let terms_error = terms.is_empty().then(|| say("renew-terms-needed")).flatten();
    let (Ok(check), None) = (&check, &terms_error) else {
        let device = check.err().and_then(|why| say(not_checked(why)));
        let trouble = Trouble { status: unusable, device, terms: terms_error, error: None };
        return show_form(&web, &visit, offering, trouble).await;
    };
    let from = Some(visit.address);
    let (check, terms_version) = (check.clone(), terms);
    let new = NewEsim { order, customer, offering: offering.clone(), terms_version, check, from };
    let problem = match order_esim(&web.app, new).await {
        Ok(order) => {
            let path = format!("/orders/{}", order.id);
            if let Some(there) = ask_who(&web, &visit, by, &path) {
                return Ok(there);
            }
            if let Err(problem) = pay_by(&web, &visit, (customer, order.id), by).await {
                tracing::info!(problem = problem.word(), "a payment did not start at once");
            }
            return Ok(go(&path));
        }
        Err(problem) => problem,
    };
    let error = match &problem {
        Problem::NotSellable(reason) => why_not(*reason),
        Problem::TermsChanged => "renew-terms-changed",
        Problem::SoldOut => "problem-sold-out-do",
        Problem::TooManyLines => "problem-too-many-lines-do",
        _ => return Err(problem.into()),
    };
    let trouble = Trouble { status: Some(Fault::from(problem).status()), error: say(error), ..Trouble::default() };
    show_form(&web, &visit, offering, trouble).await
}
