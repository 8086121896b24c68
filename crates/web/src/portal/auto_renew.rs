//! `/lines/{line}/auto-renew`: renewal by itself. What is agreed to is said before it is agreed to; switching it off is one
//! button, here and on the line's page.

use crate::fault::{Answer, Fault};
use crate::frame::{Frame, go, page_with};
use crate::portal::line::line_id;
use crate::portal::line_shown::line_name;
use crate::show::Show;
use crate::texts::Arg;
use crate::visit::Visit;
use crate::web::Web;
use askama::Template;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use everline_app::Problem;
use everline_app::auto_renew::{AutoRenewView, Wanted, off, set, view};
use everline_core::auto_renew::{Early, GaveUp, LEAD_DAYS, METHODS_MAX, NOTICE_DAYS, PayWith, State as At};
use everline_core::ids::{CustomerId, LineId};
use everline_core::money::Money;
use everline_core::offering::OfferingRef;
use everline_core::time::DAY_US;

use super::offering_shown::reference;

/// The fields that put methods in order.
const METHODS: [&str; METHODS_MAX] = ["method1", "method2", "method3", "method4"];

struct Plan {
    word: String,
    name: String,
    price: String,
    checked: bool,
}
struct MethodChoice {
    word: String,
    label: String,
    selected: bool,
}

#[derive(Template)]
#[template(path = "auto_renew.html")]
struct AutoRenewPage {
    p: Frame,
    line: String,
    base: String,
    /// Where it is, in one sentence.
    state: String,
    on: bool,
    /// The order that waits for its owner, or is being paid.
    order: Option<String>,
    plans: Vec<Plan>,
    /// What can be chosen first, second and so on.
    methods: Vec<Vec<MethodChoice>>,
    has_cards: bool,
    cap: String,
    currency: String,
    lead: String,
    /// What can be left when it is renewed early: word, label, and whether it is chosen.
    early: Vec<MethodChoice>,
    forecast: bool,
    spent: Option<String>,
    /// What agreeing means.
    agree: String,
    terms_version: String,
    wrong: Option<(&'static str, String)>,
    error: Option<String>,
}

impl AutoRenewPage {
    fn wrong(&self, field: &str) -> Option<&str> {
        self.wrong.as_ref().filter(|(wrong, _)| *wrong == field).map(|(_, why)| why.as_str())
    }
}

/// `GET /lines/{line}/auto-renew`
pub(crate) async fn auto_renew(State(web): State<Web>, visit: Visit, Path(id): Path<String>) -> Answer {
    let (customer, line) = (visit.customer()?, line_id(&id)?);
    show_page(&web, &visit, (customer, line), StatusCode::OK, None, None).await
}

/// `POST /lines/{line}/auto-renew`: agree, for the first time or again.
pub(crate) async fn agree(State(web): State<Web>, visit: Visit, Path(id): Path<String>) -> Answer {
    let (customer, line) = (visit.customer()?, line_id(&id)?);
    let of = (customer, line);
    let wanted = match sent(&web, &visit) {
        Ok(wanted) => wanted,
        Err(field) => {
            // Another customer's line is none, whatever the form says.
            let status = StatusCode::UNPROCESSABLE_ENTITY;
            return show_page(&web, &visit, of, status, Some(field), None).await;
        }
    };
    match set(&web.app, customer, line, wanted).await {
        Ok(_) => Ok(go(&format!("/lines/{line}/auto-renew"))),
        Err(Problem::Invalid { field, .. }) => {
            show_page(&web, &visit, of, StatusCode::UNPROCESSABLE_ENTITY, Some(field), None).await
        }
        Err(problem @ (Problem::TermsChanged | Problem::RenewalUnderWay | Problem::NotSellable(_))) => {
            let key = match problem {
                Problem::TermsChanged => "renew-terms-changed",
                Problem::RenewalUnderWay => "problem-renewal-under-way-do",
                _ => "renew-line-state",
            };
            let status = Fault::from(problem).status();
            show_page(&web, &visit, of, status, None, Some(key)).await
        }
        Err(problem) => Err(problem.into()),
    }
}

/// `POST /lines/{line}/auto-renew/off`
pub(crate) async fn switch_off(State(web): State<Web>, visit: Visit, Path(id): Path<String>) -> Answer {
    let (customer, line) = (visit.customer()?, line_id(&id)?);
    off(&web.app, customer, line).await?;
    Ok(go(&format!("/lines/{line}/auto-renew")))
}

/// Reads the form; the field that cannot be used.
fn sent(web: &Web, visit: &Visit) -> Result<Wanted, &'static str> {
    let fields = &visit.fields;
    let offering: OfferingRef = reference(fields.get("offering")).ok_or("offering")?;
    let mut methods = Vec::new();
    for name in METHODS {
        let word = fields.get(name);
        if !word.is_empty() {
            methods.push(PayWith::from_word(word).ok_or("methods")?);
        }
    }
    let month_cap = Money::parse(fields.get("month_cap"), web.app.brand.currency).map_err(|_| "month_cap")?;
    let lead_days = fields.get("lead_days").parse().map_err(|_| "lead_days")?;
    let left_percent = match fields.get("left_percent") {
        "" => None,
        text => Some(text.parse().map_err(|_| "left_percent")?),
    };
    let early = Early { left_percent, forecast: !fields.get("by_forecast").is_empty() };
    let terms_version = fields.get("terms").to_owned();
    if terms_version.is_empty() {
        return Err("terms");
    }
    Ok(Wanted { offering, methods, month_cap, lead_days, early, terms_version })
}

async fn show_page(
    web: &Web,
    visit: &Visit,
    (customer, line): (CustomerId, LineId),
    status: StatusCode,
    wrong: Option<&'static str>,
    error: Option<&'static str>,
) -> Answer {
    let view = view(&web.app, customer, line).await?;
    let (show, lang) = (visit.show(web), visit.lang);
    let wrong = wrong.map(|field| {
        let key = match field {
            "offering" => "auto-renew-wrong-offering",
            "methods" => "auto-renew-wrong-methods",
            "month_cap" => "auto-renew-wrong-cap",
            "lead_days" => "auto-renew-wrong-lead",
            "left_percent" => "auto-renew-wrong-early",
            _ => "renew-terms-needed",
        };
        (field, lang.get(key))
    });
    let consent = view.setting.as_ref().map(|setting| &setting.consent);
    // What was typed is kept; what was not typed is what was agreed to last.
    let typed = |name: &str, otherwise: String| match visit.fields.get(name) {
        "" => otherwise,
        text => text.to_owned(),
    };
    let chosen = typed("offering", consent.map(|consent| consent.offering.to_string()).unwrap_or_default());
    let known = view.plans.iter().position(|plan| plan.reference.to_string() == chosen);
    let same = || {
        let code = consent.map(|consent| consent.offering.code.as_str());
        view.plans.iter().position(|plan| Some(plan.reference.code.as_str()) == code)
    };
    let at = known.or_else(same).unwrap_or(0);
    let plans = view.plans.iter().enumerate().map(|(place, plan)| Plan {
        word: plan.reference.to_string(),
        name: plan.name.get(lang.tag()).to_owned(),
        price: show.money(plan.price),
        checked: place == at,
    });
    let price = view.plans.get(at).map(|plan| plan.price);
    let cap = consent.map(|consent| consent.month_cap).or(price).map(Money::decimal).unwrap_or_default();
    let lead = consent.map_or(LEAD_DAYS, |consent| consent.lead_days);
    let sent = !visit.fields.get("offering").is_empty();
    let agreed_early = consent.map(|consent| consent.early).unwrap_or_default();
    let left = match (sent, agreed_early.left_percent) {
        (true, _) => visit.fields.get("left_percent").to_owned(),
        (false, left) => left.map(|left| left.to_string()).unwrap_or_default(),
    };
    let forecast = if sent { !visit.fields.get("by_forecast").is_empty() } else { agreed_early.forecast };
    let brand = web.app.brand.name.get(lang.tag());
    let agree = [("brand", Arg::Text(brand)), ("notice", Arg::Count(i64::from(NOTICE_DAYS)))];
    let status_line = sentence(&show, &view);
    let page = AutoRenewPage {
        line: line_name(&view.line),
        base: format!("/lines/{line}/auto-renew"),
        state: status_line,
        on: is_on(&view),
        order: view.order.map(|order| format!("/orders/{order}")),
        methods: (0..METHODS.len()).map(|place| choices(&show, visit, &view, place)).collect(),
        has_cards: !view.saved.is_empty(),
        cap: typed("month_cap", cap),
        currency: web.app.brand.currency.code().to_owned(),
        lead: typed("lead_days", lead.to_string()),
        early: early_choices(visit, &left),
        forecast,
        spent: (view.spent.micros() > 0).then(|| show.money(view.spent)),
        agree: lang.with("auto-renew-agree", &agree),
        terms_version: web.app.brand.terms_version.clone(),
        wrong,
        error: error.map(|key| lang.get(key)),
        plans: plans.collect(),
        p: visit.frame(web, lang.get("auto-renew-title")),
    };
    page_with(status, &page)
}

fn choices(show: &Show, visit: &Visit, view: &AutoRenewView, place: usize) -> Vec<MethodChoice> {
    let typed = visit.fields.get(METHODS.get(place).copied().unwrap_or_default());
    let agreed = view.setting.as_ref().and_then(|setting| setting.consent.methods.get(place)).map(PayWith::word);
    let first = (place == 0 && view.setting.is_none()).then(|| PayWith::Credit.word());
    let sent = !visit.fields.get("offering").is_empty();
    let chosen = if sent { typed.to_owned() } else { agreed.or(first).unwrap_or_default() };
    let choice = |word: String, label: String| MethodChoice { selected: word == chosen, word, label };
    let mut all = vec![choice(String::new(), show.lang.get("auto-renew-no-method"))];
    let credit = [("amount", Arg::Text(&show.money(view.credit)))];
    all.push(choice(PayWith::Credit.word(), show.lang.with("renew-credit", &credit)));
    all.extend(view.saved.iter().map(|saved| choice(PayWith::Saved(saved.id).word(), saved.label.clone())));
    all
}

/// How much can be left when it is renewed early; what was chosen elsewhere stays among it.
fn early_choices(visit: &Visit, chosen: &str) -> Vec<MethodChoice> {
    let percent = |left: u8| MethodChoice {
        word: left.to_string(),
        label: visit.say("auto-renew-early-left", &[("percent", Arg::Count(i64::from(left)))]),
        selected: left.to_string() == chosen,
    };
    let mut offered = vec![5, 10, 20, 30, 50];
    offered.extend(chosen.parse::<u8>().ok().filter(|left| (1..100).contains(left)));
    offered.sort_unstable();
    offered.dedup();
    let never = visit.lang.get("auto-renew-early-never");
    let never = MethodChoice { word: String::new(), label: never, selected: chosen.is_empty() };
    [never].into_iter().chain(offered.into_iter().map(percent)).collect()
}

/// Whether it is on.
pub(crate) fn is_on(view: &AutoRenewView) -> bool {
    view.setting.as_ref().is_some_and(|setting| setting.state != At::Off)
}

/// Where the setting of a line is, in one sentence.
pub(crate) fn sentence(show: &Show, view: &AutoRenewView) -> String {
    let Some(setting) = &view.setting else { return show.lang.get("auto-renew-is-off") };
    let plan = view.plan.as_ref().map(|plan| plan.name.get(show.lang.tag())).unwrap_or_default();
    let (price, agreed) = (view.price.unwrap_or(setting.consent.price), setting.consent.price);
    let (price, agreed) = (show.money(price), show.money(agreed));
    let lead_us = i64::from(setting.consent.lead_days) * DAY_US;
    let wanted = view.line.service_until.map(|end| end.plus_us(-lead_us)).filter(|at| *at > show.now);
    let when = match setting.state {
        At::Announced { debit_at, .. } | At::AsksConsent { debit_at, .. } => show.moment(debit_at),
        _ => wanted.map(|at| show.moment(at)).unwrap_or_default(),
    };
    let end = setting.state.cycle().map(|end| show.moment(end)).unwrap_or_default();
    let key = match setting.state {
        At::Off => "auto-renew-is-off",
        At::Waiting if when.is_empty() => "auto-renew-waits-for-plan",
        At::Waiting => "auto-renew-waits",
        At::Announced { .. } => "auto-renew-announced",
        At::AsksConsent { .. } => "auto-renew-asks-consent",
        At::Trying { .. } => "auto-renew-trying",
        At::NeedsCustomer { .. } => "auto-renew-needs-you",
        At::GaveUp { why, .. } => match why {
            GaveUp::TooLate => "auto-renew-too-late",
            GaveUp::NotSellable => "auto-renew-not-sellable",
            GaveUp::OverCap => "auto-renew-over-cap",
            GaveUp::Methods => "auto-renew-no-method-took-it",
            GaveUp::Unpaid => "auto-renew-unpaid",
            GaveUp::Refused => "auto-renew-refused",
        },
    };
    let cap = show.money(setting.consent.month_cap);
    let args = [
        ("plan", Arg::Text(plan)),
        ("price", Arg::Text(&price)),
        ("agreed", Arg::Text(&agreed)),
        ("when", Arg::Text(&when)),
        ("end", Arg::Text(&end)),
        ("cap", Arg::Text(&cap)),
    ];
    show.lang.with(key, &args)
}
