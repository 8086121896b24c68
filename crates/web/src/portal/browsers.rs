//! `/account/browsers`: which browsers get the owner's notices, and whether this one does. Only a script can ask a browser
//! for its subscription; what it sends is a form like any other.

use super::account::moment;
use crate::device_words;
use crate::fault::{Answer, Fault};
use crate::frame::{Frame, go, page, page_with};
use crate::guard::keep_session;
use crate::texts::Arg;
use crate::visit::Visit;
use crate::web::Web;
use askama::Template;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use everline_app::Problem;
use everline_app::own_address::{self, add_browser, browser_key, remove_browser};
use everline_app::sessions::{SignedIn, may_change};
use everline_core::account::Change;
use everline_core::message::{ContactPoint, PushSubscription};

struct BrowserRow {
    device: String,
    since: String,
    /// By which a browser knows itself.
    mark: String,
    remove: String,
}

#[derive(Template)]
#[template(path = "browsers.html")]
struct Browsers {
    p: Frame,
    /// What a browser subscribes with.
    key: String,
    rows: Vec<BrowserRow>,
    error: Option<String>,
}

/// The hash of a subscription's address, which is a secret of the browser and its push service.
fn mark(browser: &PushSubscription) -> String {
    let digest = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, browser.endpoint().as_bytes());
    URL_SAFE_NO_PAD.encode(digest.as_ref())
}

async fn browsers_page(web: &Web, visit: &Visit, error: Option<&str>) -> Result<Browsers, Fault> {
    let row = |contact: &ContactPoint| BrowserRow {
        device: device_words::shown(visit.lang, &contact.device),
        since: visit.say("browsers-since", &[("when", Arg::Text(&moment(web, visit, contact.added_at)))]),
        mark: contact.address.browser().map(mark).unwrap_or_default(),
        remove: format!("/account/browsers/{}/remove", contact.id),
    };
    Ok(Browsers {
        key: browser_key(&web.app)?,
        rows: own_address::browsers(&web.app, visit.session()?).await?.iter().map(row).collect(),
        error: error.map(|key| visit.lang.get(key)),
        p: visit.frame(web, visit.lang.get("browsers-title")).notices(),
    })
}

/// `GET /account/browsers`
pub(crate) async fn browsers(State(web): State<Web>, visit: Visit) -> Answer {
    let shown = browsers_page(&web, &visit, None).await?;
    may_change(&web.app, visit.session()?, Change::Access).await?;
    page(&shown)
}

/// `POST /account/browsers`: this browser's subscription.
pub(crate) async fn add(State(web): State<Web>, visit: Visit) -> Answer {
    let field = |name| visit.fields.get(name);
    let browser = PushSubscription::new(field("endpoint"), field("p256dh"), field("auth"));
    let added = match browser {
        Ok(browser) => add_browser(&web.app, visit.session()?, browser).await,
        Err(_) => Err(Problem::Invalid { field: "browser", rule: "no-subscription" }),
    };
    after(&web, &visit, added).await
}

/// `POST /account/browsers/{browser}/remove`
pub(crate) async fn remove(State(web): State<Web>, visit: Visit, Path(id): Path<String>) -> Answer {
    let id = id.parse().map_err(|_| Problem::NotFound("browser"))?;
    let removed = remove_browser(&web.app, visit.session()?, id).await;
    after(&web, &visit, removed).await
}

/// The page again, with the session's new token or what was wrong.
async fn after(web: &Web, visit: &Visit, changed: Result<SignedIn, Problem>) -> Answer {
    let error = match changed {
        Ok(session) => {
            let mut response = go("/account/browsers");
            keep_session(web, &mut response, &session.token);
            return Ok(response);
        }
        Err(Problem::Invalid { rule: "too-many", .. }) => "browsers-too-many",
        Err(Problem::Invalid { rule: "unknown-service", .. }) => "browsers-unknown-service",
        Err(Problem::Invalid { .. }) => "browsers-not-worked",
        Err(problem) => return Err(problem.into()),
    };
    page_with(StatusCode::UNPROCESSABLE_ENTITY, &browsers_page(web, visit, Some(error)).await?)
}
