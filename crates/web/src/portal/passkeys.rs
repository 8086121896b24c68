//! `/account/passkeys`: adding and removing passkeys, and whether one is asked for as a second factor; and how all pages
//! ask for passkeys and check what comes back.

use super::account::moment;
use crate::bodies::Fields;
use crate::fault::{Answer, Fault};
use crate::frame::{Frame, go, page, page_with};
use crate::guard::keep_session;
use crate::texts::Arg;
use crate::visit::Visit;
use crate::web::Web;
use askama::Template;
use axum::Json;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::IntoResponse;
use everline_app::Problem;
use everline_app::account as app;
use everline_app::passkeys::{self as keys, NewPasskey, Used};
use everline_app::sessions::{SignedIn, may_change};
use everline_app::steps::{self, Waits};
use everline_core::account::Change;
use everline_core::ids::{CustomerId, RawId};
use everline_passkeys::{Asked, NotBelieved, Passkeys};
use everline_store::tables::credential::Passkey;
use serde::Serialize;

struct PasskeyRow {
    name: String,
    added: String,
    used: String,
    remove: String,
}

#[derive(Template)]
#[template(path = "passkeys.html")]
struct PasskeysPage {
    p: Frame,
    keys: Vec<PasskeyRow>,
    second_factor: bool,
    more: bool,
    /// What the next one could be called.
    name: String,
    error: Option<String>,
}

/// The site's passkeys; a site without them has none of their pages.
pub(crate) fn options(web: &Web) -> Result<&Passkeys, Fault> {
    web.passkeys.as_ref().ok_or(Fault::NoRoute)
}

#[derive(Serialize)]
struct Challenge {
    options: serde_json::Value,
    step: String,
}

/// Lets a challenge wait for its answer, and gives it to the browser.
pub(crate) async fn asked(web: &Web, waits: Waits, whose: Option<RawId>, asked: Result<Asked, NotBelieved>) -> Answer {
    let Asked { options, state } = asked.map_err(|_| Problem::PasskeyRefused)?;
    let step = steps::begin(&web.app, waits, whose, state).await?;
    Ok(Json(Challenge { options, step }).into_response())
}

/// The key of a known owner that answered a challenge.
pub(super) async fn proved_key(web: &Web, waits: Waits, fields: &Fields) -> Result<Used, Problem> {
    let (customer, state) = taken(web, waits, fields).await?;
    let customer = CustomerId(customer);
    let known = keys::passkeys(&web.app, customer).await?;
    let (id, key) = key_that_answered(web, &state, fields, known)?;
    Ok(Used { customer, id, key })
}

/// The step that a challenge's answer belongs to, which is over: whose it is, and its state.
pub(crate) async fn taken(web: &Web, waits: Waits, fields: &Fields) -> Result<(RawId, String), Problem> {
    let step = steps::take(&web.app, waits, fields.get("step")).await?.ok_or(Problem::PasskeyRefused)?;
    Ok((step.whose.ok_or(Problem::PasskeyRefused)?, step.state))
}

/// Which of the known keys answered a challenge, and the key as it is now.
pub(crate) fn key_that_answered(
    web: &Web,
    state: &str,
    fields: &Fields,
    known: Vec<Passkey>,
) -> Result<(RawId, String), Problem> {
    let site = web.passkeys.as_ref().ok_or(Problem::PasskeyRefused)?;
    let texts: Vec<String> = known.iter().map(|key| key.key.clone()).collect();
    let made = site.proved(state, fields.get("answer"), &texts).map_err(|_| Problem::PasskeyRefused)?;
    let key = known.into_iter().find(|key| key.credential_id == made.credential_id).ok_or(Problem::PasskeyRefused)?;
    Ok((key.id, made.key))
}

/// Anybody's key that answered a challenge.
pub(super) async fn anybodys_key(web: &Web, fields: &Fields) -> Result<Used, Problem> {
    let site = web.passkeys.as_ref().ok_or(Problem::PasskeyRefused)?;
    let step = steps::take(&web.app, Waits::SignIn, fields.get("step")).await?.ok_or(Problem::PasskeyRefused)?;
    let answer = fields.get("answer");
    let says = site.says(answer).map_err(|_| Problem::PasskeyRefused)?;
    let customer = CustomerId(RawId::from_bytes(says.owner));
    let known = keys::passkeys(&web.app, customer).await?;
    let key = known.into_iter().find(|key| key.credential_id == says.credential_id).ok_or(Problem::PasskeyRefused)?;
    let now = site.signed_in(&step.state, answer, &key.key).map_err(|_| Problem::PasskeyRefused)?;
    Ok(Used { customer, id: key.id, key: now })
}

async fn passkeys_page(web: &Web, visit: &Visit, error: Option<&str>) -> Result<PasskeysPage, Fault> {
    options(web)?;
    let view = app::account(&web.app, visit.session()?).await?;
    let when = |at| moment(web, visit, at);
    let rows = view.passkeys.iter().map(|key| PasskeyRow {
        name: key.name.clone(),
        added: visit.say("passkeys-added", &[("when", Arg::Text(&when(key.added_at)))]),
        used: match key.used_at {
            Some(at) => visit.say("passkeys-used", &[("when", Arg::Text(&when(at)))]),
            None => visit.lang.get("passkeys-not-used"),
        },
        remove: format!("/account/passkeys/{}/remove", key.id),
    });
    Ok(PasskeysPage {
        keys: rows.collect(),
        second_factor: view.second_factor,
        more: view.passkeys.len() < keys::PASSKEYS_MAX,
        name: crate::device_words::shown(visit.lang, &visit.device),
        error: error.map(|key| visit.lang.get(key)),
        p: visit.frame(web, visit.lang.get("passkeys-title")).passkeys(),
    })
}

/// `GET /account/passkeys`
pub(crate) async fn passkeys(State(web): State<Web>, visit: Visit) -> Answer {
    may_change(&web.app, visit.session()?, Change::Access).await?;
    page(&passkeys_page(&web, &visit, None).await?)
}

/// `POST /account/passkeys/ask`: a challenge for a new key.
pub(crate) async fn ask(State(web): State<Web>, visit: Visit) -> Answer {
    let (site, session, customer) = (options(&web)?, visit.session()?, visit.customer()?);
    may_change(&web.app, session, Change::Access).await?;
    let view = app::account(&web.app, session).await?;
    let known = keys::passkeys(&web.app, customer).await?.into_iter().map(|key| key.credential_id).collect();
    // What the authenticator shows beside the site's name: enough for its owner, and no more.
    let name = view.customer.contact.map_or(view.customer.name, |contact| contact.masked());
    asked(&web, Waits::AddPasskey, Some(customer.0), site.ask_new(customer.bytes(), &name, known)).await
}

/// `POST /account/passkeys`: the answer to it.
pub(crate) async fn add(State(web): State<Web>, visit: Visit) -> Answer {
    let (site, session, fields) = (options(&web)?, visit.session()?, &visit.fields);
    let step = steps::take(&web.app, Waits::AddPasskey, fields.get("step")).await?;
    let step = step.filter(|step| step.customer() == visit.customer().ok());
    let made = step.ok_or(NotBelieved).and_then(|step| site.made(&step.state, fields.get("answer")));
    let added = match made {
        Ok(made) => {
            let new =
                NewPasskey { credential_id: made.credential_id, key: made.key, name: fields.get("name").to_owned() };
            keys::add(&web.app, session, new).await
        }
        Err(NotBelieved) => Err(Problem::PasskeyRefused),
    };
    after(&web, &visit, added).await
}

/// `POST /account/passkeys/{passkey}/remove`
pub(crate) async fn remove(State(web): State<Web>, visit: Visit, Path(id): Path<String>) -> Answer {
    options(&web)?;
    let id = id.parse().map_err(|_| Problem::NotFound("passkey"))?;
    let removed = keys::remove(&web.app, visit.session()?, id).await;
    after(&web, &visit, removed).await
}

/// `POST /account/passkeys/second-factor`
pub(crate) async fn second_factor(State(web): State<Web>, visit: Visit) -> Answer {
    options(&web)?;
    let set = keys::set_second_factor(&web.app, visit.session()?, visit.fields.get("ask") == "on").await;
    after(&web, &visit, set).await
}

/// The page again, with the session's new token or what was wrong.
async fn after(web: &Web, visit: &Visit, changed: Result<SignedIn, Problem>) -> Answer {
    let error = match changed {
        Ok(session) => {
            let mut response = go("/account/passkeys");
            keep_session(web, &mut response, &session.token);
            return Ok(response);
        }
        Err(Problem::Invalid { field: "name", .. }) => "passkeys-name-wrong",
        Err(Problem::Invalid { rule: "last", .. }) => "passkeys-last",
        Err(Problem::Invalid { rule: "too-many", .. }) => "passkeys-too-many",
        Err(Problem::Invalid { rule: "no-passkey", .. }) => "passkeys-second-needs-one",
        Err(Problem::Invalid { .. } | Problem::PasskeyRefused) => "passkeys-not-added",
        Err(problem) => return Err(problem.into()),
    };
    page_with(StatusCode::UNPROCESSABLE_ENTITY, &passkeys_page(web, visit, Some(error)).await?)
}
