//! `/desk/me`: how a member of the staff signs in: their second factors, recovery codes, sessions, and the log of
//! sign-ins.

use super::queue::staff;
use super::second::DeskCodes;
use crate::device_words;
use crate::fault::Answer;
use crate::frame::{Frame, go, page, page_with};
use crate::portal::account::moment;
use crate::portal::passkeys::{asked, options, taken};
use crate::texts::Arg;
use crate::visit::Visit;
use crate::web::Web;
use askama::Template;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use everline_app::Problem;
use everline_app::passkeys::{NewPasskey, PASSKEYS_MAX};
use everline_app::sessions::{SessionInfo, SessionShown};
use everline_app::staff_access as app;
use everline_app::steps::Waits;
use everline_core::staff::StaffNews;
use everline_store::tables::staff::StaffEvent;

struct SessionRow {
    device: String,
    since: String,
    this: bool,
    end: String,
}

struct PasskeyRow {
    name: String,
    added: String,
    remove: String,
}

/// One line of the log of sign-ins.
pub(super) struct EventRow {
    pub(super) what: String,
    pub(super) refused: bool,
    pub(super) when: String,
}

/// An event as its member, and whoever manages them, read it.
pub(super) fn event_row(web: &Web, visit: &Visit, event: &StaffEvent) -> EventRow {
    let device = device_words::shown(visit.lang, &event.device);
    EventRow {
        what: visit.lang.get(event_key(event.kind)),
        refused: event.kind.refused(),
        when: format!("{} · {device} · {}", moment(web, visit, event.at), event.network),
    }
}

#[derive(Template)]
#[template(path = "desk_me.html")]
struct DeskMe {
    p: Frame,
    generator: bool,
    /// Whether this site has passkeys at all.
    site: bool,
    passkeys: Vec<PasskeyRow>,
    more: bool,
    /// What the next passkey could be called.
    name: String,
    codes: String,
    error: Option<String>,
    sessions: Vec<SessionRow>,
    events: Vec<EventRow>,
}

/// The key of what a member reads about an event.
const fn event_key(kind: StaffNews) -> &'static str {
    match kind {
        StaffNews::InByCode => "desk-event-in-by-code",
        StaffNews::InByPasskey => "desk-event-in-by-passkey",
        StaffNews::InByRecoveryCode => "desk-event-in-by-recovery-code",
        StaffNews::PasswordWrong => "desk-event-password-wrong",
        StaffNews::SecondWrong => "desk-event-second-wrong",
        StaffNews::PasswordSet => "desk-event-password-set",
        StaffNews::GeneratorSet => "desk-event-generator-set",
    }
}

fn session(visit: &Visit) -> Result<&SessionInfo, Problem> {
    visit.who.as_ref().ok_or(Problem::SignInFirst)
}

/// `GET /desk/me`
pub(crate) async fn me(State(web): State<Web>, visit: Visit) -> Answer {
    staff(&web, &visit).await?;
    page(&me_page(&web, &visit, None).await?)
}

async fn me_page(web: &Web, visit: &Visit, error: Option<&str>) -> Result<DeskMe, Problem> {
    let access = app::access(&web.app, session(visit)?).await?;
    let since = |shown: &SessionShown| {
        visit.say("account-session-since", &[("when", Arg::Text(&moment(web, visit, shown.since)))])
    };
    let sessions = access.sessions.iter().map(|shown| SessionRow {
        device: device_words::shown(visit.lang, &shown.device),
        since: since(shown),
        this: shown.this,
        end: format!("/desk/me/sessions/{}/end", shown.id),
    });
    let events = access.events.iter().map(|event| event_row(web, visit, event));
    let passkeys = access.passkeys.iter().map(|key| PasskeyRow {
        name: key.name.clone(),
        added: visit.say("passkeys-added", &[("when", Arg::Text(&moment(web, visit, key.added_at)))]),
        remove: format!("/desk/me/passkeys/{}/remove", key.id),
    });
    Ok(DeskMe {
        generator: access.factors.totp.is_some(),
        site: web.passkeys.is_some(),
        more: access.passkeys.len() < PASSKEYS_MAX,
        passkeys: passkeys.collect(),
        name: device_words::shown(visit.lang, &visit.device),
        codes: visit.say("desk-me-codes-left", &[("count", access.factors.codes.into())]),
        error: error.map(|key| visit.lang.get(key)),
        sessions: sessions.collect(),
        events: events.collect(),
        p: visit.frame(web, visit.lang.get("desk-me-title")).passkeys(),
    })
}

/// `POST /desk/me/passkeys/ask`: a challenge for a new key.
pub(crate) async fn ask_passkey(State(web): State<Web>, visit: Visit) -> Answer {
    let (site, member) = (options(&web)?, staff(&web, &visit).await?);
    let known = app::to_add_passkey(&web.app, session(&visit)?).await?;
    let known = known.into_iter().map(|key| key.credential_id).collect();
    let challenge = site.ask_new(member.id.bytes(), &member.name, known);
    asked(&web, Waits::StaffAddPasskey, Some(member.id), challenge).await
}

/// `POST /desk/me/passkeys`: the answer to it.
pub(crate) async fn add_passkey(State(web): State<Web>, visit: Visit) -> Answer {
    let (site, member, fields) = (options(&web)?, staff(&web, &visit).await?, &visit.fields);
    let made = match taken(&web, Waits::StaffAddPasskey, fields).await {
        Ok((whose, state)) if whose == member.id => {
            site.made(&state, fields.get("answer")).map_err(|_| Problem::PasskeyRefused)
        }
        Ok(_) => Err(Problem::PasskeyRefused),
        Err(problem) => Err(problem),
    };
    let added = match made {
        Ok(made) => {
            let name = fields.get("name").to_owned();
            let new = NewPasskey { credential_id: made.credential_id, key: made.key, name };
            app::add_passkey(&web.app, session(&visit)?, new).await
        }
        Err(problem) => Err(problem),
    };
    after(&web, &visit, added).await
}

/// `POST /desk/me/passkeys/{passkey}/remove`
pub(crate) async fn remove_passkey(State(web): State<Web>, visit: Visit, Path(id): Path<String>) -> Answer {
    options(&web)?;
    staff(&web, &visit).await?;
    let id = id.parse().map_err(|_| Problem::NotFound("passkey"))?;
    let removed = app::remove_passkey(&web.app, session(&visit)?, id).await;
    after(&web, &visit, removed).await
}

/// The page again, with what was wrong.
async fn after(web: &Web, visit: &Visit, changed: Result<(), Problem>) -> Answer {
    let error = match changed {
        Ok(()) => return Ok(go("/desk/me")),
        Err(Problem::Invalid { field: "name", .. }) => "passkeys-name-wrong",
        Err(Problem::Invalid { rule: "last", .. }) => "desk-me-last",
        Err(Problem::Invalid { rule: "too-many", .. }) => "passkeys-too-many",
        Err(Problem::Invalid { .. } | Problem::PasskeyRefused) => "passkeys-not-added",
        Err(problem) => return Err(problem.into()),
    };
    page_with(StatusCode::UNPROCESSABLE_ENTITY, &me_page(web, visit, Some(error)).await?)
}

/// `POST /desk/me/codes`
pub(crate) async fn codes(State(web): State<Web>, visit: Visit) -> Answer {
    staff(&web, &visit).await?;
    let codes = app::another_codes(&web.app, session(&visit)?).await?;
    let p = visit.frame(&web, visit.lang.get("desk-codes-title"));
    page(&DeskCodes { p, codes, next: "/desk/me".to_owned() })
}

/// `POST /desk/me/sessions/{session}/end`
pub(crate) async fn end_session(State(web): State<Web>, visit: Visit, Path(name): Path<String>) -> Answer {
    staff(&web, &visit).await?;
    app::end_session(&web.app, session(&visit)?, &name).await?;
    Ok(go("/desk/me"))
}

/// `POST /desk/me/sessions/end-others`
pub(crate) async fn end_others(State(web): State<Web>, visit: Visit) -> Answer {
    staff(&web, &visit).await?;
    app::end_other_sessions(&web.app, session(&visit)?).await?;
    Ok(go("/desk/me"))
}
