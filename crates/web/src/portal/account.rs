//! `/account`: who somebody is to us, how they sign in, where they are signed in, and what happened.

use crate::device_words;
use crate::fault::Answer;
use crate::frame::{Frame, go, page};
use crate::portal::identity::state_key;
use crate::show::Show;
use crate::texts::{Arg, Lang};
use crate::visit::Visit;
use crate::web::Web;
use askama::Template;
use axum::extract::{Path, Query, State};
use everline_app::Problem;
use everline_app::account as app;
use everline_app::{own_address, sessions};
use everline_core::account::AccountNews;
use everline_core::customer::masked_name;
use everline_core::message::EmailAddress;
use everline_core::time::{BusinessTime, SystemTime};
use serde::Deserialize;

struct SessionRow {
    device: String,
    since: String,
    this: bool,
    end: String,
}

struct EventRow {
    what: String,
    when: String,
}

#[derive(Template)]
#[template(path = "account.html")]
struct AccountPage {
    p: Frame,
    done: Option<String>,
    name: String,
    contact: Option<String>,
    /// How far it is proved who somebody is, where the brand asks.
    identity: Option<String>,
    languages: Vec<(Lang, bool)>,
    password: String,
    passkeys: Option<String>,
    /// Where mail goes, where there is mail.
    mailbox: Option<String>,
    /// How many browsers get notices, where browsers can.
    browsers: Option<String>,
    sessions: Vec<SessionRow>,
    events: Vec<EventRow>,
}

/// What was done before coming here.
#[derive(Deserialize, Default)]
pub(crate) struct Came {
    #[serde(default)]
    done: String,
}

/// An instant of the machine as people read it: the sandbox's moved clock is not what sessions go by.
pub(crate) fn moment(web: &Web, visit: &Visit, at: SystemTime) -> String {
    let now = BusinessTime::from_us(web.app.clock.now().system.us());
    Show { now, ..visit.show(web) }.moment(BusinessTime::from_us(at.us()))
}

/// The key of what an owner reads about an event.
pub(crate) const fn event_key(kind: AccountNews) -> &'static str {
    match kind {
        AccountNews::PasswordSet => "account-event-password-set",
        AccountNews::PasswordChanged => "account-event-password-changed",
        AccountNews::PasskeyAdded => "account-event-passkey-added",
        AccountNews::PasskeyRemoved => "account-event-passkey-removed",
        AccountNews::SecondFactorOn => "account-event-second-factor-on",
        AccountNews::SecondFactorOff => "account-event-second-factor-off",
        AccountNews::ContactChanged => "account-event-contact-changed",
        AccountNews::SimReplaced => "account-event-sim-replaced",
        AccountNews::LineTaken => "account-event-line-taken",
        AccountNews::LineGiven => "account-event-line-given",
        AccountNews::LineOfferMade => "account-event-line-offer-made",
        AccountNews::CompanionAdded => "account-event-companion-added",
        AccountNews::CompanionRemoved => "account-event-companion-removed",
        AccountNews::RecoveryAsked => "account-event-recovery-asked",
        AccountNews::CaseAnswered => "account-event-case-answered",
        AccountNews::RecoveryDone => "account-event-recovery-done",
        AccountNews::MailboxSet => "account-event-mailbox-set",
        AccountNews::MailboxRemoved => "account-event-mailbox-removed",
        AccountNews::BrowserAdded => "account-event-browser-added",
        AccountNews::BrowserRemoved => "account-event-browser-removed",
        AccountNews::ClosingAsked => "account-event-closing-asked",
        AccountNews::IdentityCorrected => "account-event-identity-corrected",
    }
}

fn done_key(done: &str) -> Option<&'static str> {
    Some(match done {
        "language" => "account-done-language",
        "session" => "account-done-session",
        "others" => "account-done-others",
        "password" => "account-done-password",
        "contact" => "account-done-contact",
        "mailbox" => "account-done-mailbox",
        "no-mailbox" => "account-done-no-mailbox",
        _ => return None,
    })
}

/// What the owner has of a way, where there is that way.
fn if_there_is<T>(found: Result<T, Problem>) -> Result<Option<T>, Problem> {
    match found {
        Ok(found) => Ok(Some(found)),
        Err(Problem::NotFound(_)) => Ok(None),
        Err(problem) => Err(problem),
    }
}

/// `GET /account`
pub(crate) async fn account(State(web): State<Web>, visit: Visit, Query(came): Query<Came>) -> Answer {
    let view = app::account(&web.app, visit.session()?).await?;
    let show = visit.show(&web);
    let count = i64::try_from(view.passkeys.len()).unwrap_or(i64::MAX);
    let passkeys = match (view.second_factor, count) {
        (true, _) => visit.say("account-passkeys-second", &[("count", Arg::Count(count))]),
        (false, 0) => visit.lang.get("account-passkeys-none"),
        (false, _) => visit.say("account-passkeys-count", &[("count", Arg::Count(count))]),
    };
    let password = match view.password_set_at {
        Some(at) => visit.say("account-password-since", &[("when", Arg::Text(&moment(&web, &visit, at)))]),
        None => visit.lang.get("account-password-none"),
    };
    let mailbox = if_there_is(own_address::mailboxes(&web.app, visit.session()?).await)?.map(|all| {
        let newest = all.last().and_then(|contact| contact.address.mailbox());
        newest.map_or_else(|| visit.lang.get("account-mailbox-none"), EmailAddress::masked)
    });
    let browsers = if_there_is(own_address::browsers(&web.app, visit.session()?).await)?.map(|all| {
        let count = i64::try_from(all.len()).unwrap_or(i64::MAX);
        match count {
            0 => visit.lang.get("account-browsers-none"),
            _ => visit.say("account-browsers-count", &[("count", Arg::Count(count))]),
        }
    });
    let row = |session: &sessions::SessionShown| SessionRow {
        device: device_words::shown(visit.lang, &session.device),
        since: visit.say("account-session-since", &[("when", Arg::Text(&moment(&web, &visit, session.since)))]),
        this: session.this,
        end: format!("/account/sessions/{}/end", session.id),
    };
    let event = |event: &everline_store::tables::credential::AccountEvent| EventRow {
        what: visit.lang.get(event_key(event.kind)),
        when: format!("{} · {}", show.moment(event.at), device_words::shown(visit.lang, &event.device)),
    };
    let contact = view.customer.contact.as_ref().map(everline_core::identifiers::Msisdn::masked);
    // Before there is a name, the masked number stands for it.
    let named = contact.as_ref() != Some(&view.customer.name);
    page(&AccountPage {
        done: done_key(&came.done).map(|key| visit.lang.get(key)),
        name: if named { masked_name(&view.customer.name) } else { visit.lang.get("account-no-name") },
        contact,
        identity: (!web.app.brand.identity.documents.is_empty())
            .then(|| visit.lang.get(state_key(view.customer.identity))),
        languages: web.languages.iter().map(|lang| (*lang, lang.tag() == view.customer.language)).collect(),
        password,
        passkeys: web.passkeys.is_some().then_some(passkeys),
        mailbox,
        browsers,
        sessions: view.sessions.iter().map(row).collect(),
        events: view.events.iter().map(event).collect(),
        p: visit.frame(&web, visit.lang.get("account-title")),
    })
}

/// `POST /account/language`
pub(crate) async fn set_language(State(web): State<Web>, visit: Visit) -> Answer {
    let tag = visit.fields.get("language");
    let known = Lang::from_tag(tag).filter(|lang| web.languages.contains(lang));
    let lang = known.ok_or(Problem::Invalid { field: "language", rule: "unknown" })?;
    app::set_language(&web.app, visit.session()?, lang.tag()).await?;
    // The page that follows is in it too, and remembers it.
    Ok(go(&format!("/account?done=language&lang={}", lang.tag())))
}

/// `POST /account/sessions/{session}/end`
pub(crate) async fn end_session(State(web): State<Web>, visit: Visit, Path(id): Path<String>) -> Answer {
    sessions::end_session(&web.app, visit.session()?, &id).await?;
    Ok(go("/account?done=session"))
}

/// `POST /account/sessions/end-others`
pub(crate) async fn end_others(State(web): State<Web>, visit: Visit) -> Answer {
    sessions::end_other_sessions(&web.app, visit.session()?).await?;
    Ok(go("/account?done=others"))
}
