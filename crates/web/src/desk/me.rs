//! `/desk/me`: how a member of the staff signs in: their second factor, recovery codes, sessions, and the log of sign-ins.

use super::queue::staff;
use super::second::DeskCodes;
use crate::device_words;
use crate::fault::Answer;
use crate::frame::{Frame, go, page};
use crate::portal::account::moment;
use crate::texts::Arg;
use crate::visit::Visit;
use crate::web::Web;
use askama::Template;
use axum::extract::{Path, State};
use everline_app::Problem;
use everline_app::sessions::{SessionInfo, SessionShown};
use everline_app::staff_access as app;
use everline_core::staff::StaffNews;

struct SessionRow {
    device: String,
    since: String,
    this: bool,
    end: String,
}

struct EventRow {
    what: String,
    refused: bool,
    when: String,
}

#[derive(Template)]
#[template(path = "desk_me.html")]
struct DeskMe {
    p: Frame,
    generator: bool,
    codes: String,
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
    let access = app::access(&web.app, session(&visit)?).await?;
    let since = |shown: &SessionShown| {
        visit.say("account-session-since", &[("when", Arg::Text(&moment(&web, &visit, shown.since)))])
    };
    let sessions = access.sessions.iter().map(|shown| SessionRow {
        device: device_words::shown(visit.lang, &shown.device),
        since: since(shown),
        this: shown.this,
        end: format!("/desk/me/sessions/{}/end", shown.id),
    });
    let events = access.events.iter().map(|event| EventRow {
        what: visit.lang.get(event_key(event.kind)),
        refused: event.kind.refused(),
        when: format!(
            "{} · {} · {}",
            moment(&web, &visit, event.at),
            device_words::shown(visit.lang, &event.device),
            event.network
        ),
    });
    page(&DeskMe {
        generator: access.factors.totp.is_some(),
        codes: visit.say("desk-me-codes-left", &[("count", access.factors.codes.into())]),
        sessions: sessions.collect(),
        events: events.collect(),
        p: visit.frame(&web, visit.lang.get("desk-me-title")),
    })
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
