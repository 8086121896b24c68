//! `/lines/{line}/esim`: the profile of a line and what differs from a card; and, for its owner who was proved just now, the
//! code that loads it.

use crate::fault::Answer;
use crate::frame::{Frame, page};
use crate::portal::line::line_id;
use crate::portal::line_shown::line_name;
use crate::portal::qr::{Qr, qr};
use crate::texts::Arg;
use crate::visit::Visit;
use crate::web::Web;
use askama::Template;
use axum::extract::{Path, State};
use everline_app::Problem;
use everline_app::esim as app;
use everline_app::import::activation_codes::ActivationCode;

/// Apple's address that loads a profile with one tap (iOS 17.5 and later).
const IPHONE: &str = "https://esimsetup.apple.com/esim_qrcode_provisioning?carddata=";

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
    code_page(&web, &visit, &line_name(&found.line), &code, format!("/lines/{}/esim", found.line.id))
}

/// The page with a code that loads a profile.
pub(crate) fn code_page(web: &Web, visit: &Visit, name: &str, code: &ActivationCode, back: String) -> Answer {
    let mut parts = code.as_str().split('$').skip(1);
    let (server, matching) = (parts.next().unwrap_or_default(), parts.next().unwrap_or_default());
    page(&CodePage {
        p: visit.frame(web, visit.say("esim-code-title", &[("name", Arg::Text(name))])),
        back,
        qr: qr(code.as_str()),
        server: server.to_owned(),
        matching: matching.to_owned(),
        confirmation: code.needs_confirmation(),
        iphone: format!("{IPHONE}{}", code.as_str()),
        code: code.as_str().to_owned(),
    })
}
