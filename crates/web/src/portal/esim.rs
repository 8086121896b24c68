//! `/esim/check`: whether a device loads eSIM profiles; `/lines/{line}/esim`: the profile of a line and what differs from a
//! card; and, for its owner who was proved just now, the code that loads it.

use crate::fault::Answer;
use crate::frame::{Frame, page, page_with};
use crate::portal::line::line_id;
use crate::portal::line_shown::line_name;
use crate::portal::qr::{Qr, qr};
use crate::texts::Arg;
use crate::visit::Visit;
use crate::web::Web;
use askama::Template;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use everline_app::Problem;
use everline_app::esim as app;
use everline_core::esim_device::{Loads, Sold, choices, eid, loads};
use everline_core::identifiers::IdentifierError;

/// Apple's address that loads a profile with one tap (iOS 17.5 and later).
const IPHONE: &str = "https://esimsetup.apple.com/esim_qrcode_provisioning?carddata=";

/// One choice of a list of choices.
struct Choice {
    value: String,
    label: String,
    selected: bool,
}

#[derive(Template)]
#[template(path = "esim_check.html")]
struct CheckPage {
    p: Frame,
    models: Vec<Choice>,
    sold: Vec<Choice>,
    eid: String,
    error: Option<String>,
    /// What was found: its tone, and the words.
    said: Option<(&'static str, String)>,
}

fn check_page(web: &Web, visit: &Visit, error: Option<String>, said: Option<(&'static str, String)>) -> CheckPage {
    let (model, sold) = (visit.fields.get("model"), visit.fields.get("sold"));
    let of_model = |(maker, name): (&str, &str)| Choice {
        value: name.to_owned(),
        label: format!("{maker} {name}"),
        selected: name == model,
    };
    let of_place = |place: Sold| Choice {
        value: place.word().to_owned(),
        label: visit.lang.get(match place {
            Sold::Mainland => "esim-sold-cn",
            Sold::HongKong => "esim-sold-hk",
            Sold::Elsewhere => "esim-sold-other",
        }),
        selected: place.word() == sold,
    };
    CheckPage {
        p: visit.frame(web, visit.lang.get("esim-check-title")),
        models: choices().into_iter().map(of_model).collect(),
        sold: Sold::ALL.into_iter().map(of_place).collect(),
        eid: visit.fields.get("eid").to_owned(),
        error,
        said,
    }
}

/// `GET /esim/check`
pub(crate) async fn to_check(State(web): State<Web>, visit: Visit) -> Answer {
    page(&check_page(&web, &visit, None, None))
}

/// `POST /esim/check`: says whether; nothing of it is kept. An EID says more than a model.
pub(crate) async fn check(State(web): State<Web>, visit: Visit) -> Answer {
    let (model, typed) = (visit.fields.get("model"), visit.fields.get("eid"));
    let wrong = |key: &str| {
        page_with(StatusCode::UNPROCESSABLE_ENTITY, &check_page(&web, &visit, Some(visit.lang.get(key)), None))
    };
    if !typed.is_empty() {
        return match eid(typed) {
            Ok(_) => page(&check_page(&web, &visit, None, Some(("fine", visit.lang.get("esim-says-eid"))))),
            Err(IdentifierError::Length { .. }) => wrong("esim-eid-length"),
            Err(IdentifierError::Character { .. }) => wrong("esim-eid-character"),
            Err(IdentifierError::CheckDigit { .. }) => wrong("esim-eid-check"),
        };
    }
    if model.is_empty() {
        return wrong("esim-check-nothing");
    }
    let sold = Sold::from_word(visit.fields.get("sold"));
    let said = match sold.map_or(Loads::Ask, |sold| loads(model, sold)) {
        Loads::Yes => ("fine", "esim-says-yes"),
        Loads::No => ("stopped", "esim-says-no"),
        Loads::Ask => ("soon", "esim-says-ask"),
    };
    page(&check_page(&web, &visit, None, Some((said.0, visit.lang.get(said.1)))))
}

#[derive(Template)]
#[template(path = "esim.html")]
struct EsimPage {
    p: Frame,
    back: String,
    line: String,
    iccid: String,
    /// Where the code is shown, if there is one and it may be.
    code: Option<String>,
    why_not: Option<String>,
    renew: String,
}

/// `GET /lines/{line}/esim`
pub(crate) async fn esim(State(web): State<Web>, visit: Visit, Path(id): Path<String>) -> Answer {
    let (customer, line) = (visit.customer()?, line_id(&id)?);
    let found = app::profile(&web.app, customer, line).await?.ok_or(Problem::NotFound("profile"))?;
    let back = format!("/lines/{}", found.line.id);
    let why_not = match (found.bought, found.has_code) {
        (true, true) => None,
        (false, _) => Some("esim-not-bought"),
        (true, false) => Some("esim-no-code"),
    };
    page(&EsimPage {
        p: visit.frame(&web, visit.lang.get("esim-title")),
        line: line_name(&found.line),
        iccid: found.iccid.as_str().to_owned(),
        code: why_not.is_none().then(|| format!("{back}/esim/code")),
        why_not: why_not.map(|key| visit.lang.get(key)),
        renew: format!("{back}/renew"),
        back,
    })
}

#[derive(Template)]
#[template(path = "esim_code.html")]
struct CodePage {
    p: Frame,
    back: String,
    qr: Option<Qr>,
    code: String,
    server: String,
    matching: String,
    confirmation: bool,
    iphone: String,
}

/// `GET /lines/{line}/esim/code`: for its owner who was proved just now; answers of pages are stored nowhere.
pub(crate) async fn code(State(web): State<Web>, visit: Visit, Path(id): Path<String>) -> Answer {
    let (customer, line) = (visit.customer()?, line_id(&id)?);
    let found = app::profile(&web.app, customer, line).await?.ok_or(Problem::NotFound("profile"))?;
    let code = app::activation_code(&web.app, visit.session()?, line).await?;
    let mut parts = code.as_str().split('$').skip(1);
    let (server, matching) = (parts.next().unwrap_or_default(), parts.next().unwrap_or_default());
    let name = line_name(&found.line);
    page(&CodePage {
        p: visit.frame(&web, visit.say("esim-code-title", &[("name", Arg::Text(&name))])),
        back: format!("/lines/{}/esim", found.line.id),
        qr: qr(code.as_str()),
        server: server.to_owned(),
        matching: matching.to_owned(),
        confirmation: code.needs_confirmation(),
        iphone: format!("{IPHONE}{}", code.as_str()),
        code: code.as_str().to_owned(),
    })
}
