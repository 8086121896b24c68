//! `/desk/sign-in/second`: the second factor of a staff member, after the password. `/desk/sign-in/set-up` and
//! `/desk/me/generator`: setting a code generator, by whoever has none yet and by whoever wants another.

use super::sign_in::{arrive, to_step};
use crate::fault::{Answer, Fault};
use crate::frame::{Frame, page, page_with};
use crate::guard::{forget_step, keep_session, waiting_step};
use crate::portal::passkeys::{asked, key_that_answered, options, taken};
use crate::portal::qr::{Qr, qr};
use crate::portal::sign_in::own_path;
use crate::visit::Visit;
use crate::web::Web;
use askama::Template;
use axum::extract::{Query, State};
use axum::http::{HeaderMap, StatusCode};
use everline_app::Problem;
use everline_app::sign_in::{SignedIn, sign_out};
use everline_app::staff_access::{another_generator, passkeys};
use everline_app::staff_sign_in::{Generator, UsedPasskey, enter_by_code, enter_by_passkey, second, set_up, to_set_up};
use everline_app::steps::Waits;

#[derive(Template)]
#[template(path = "desk_second.html")]
struct DeskSecond {
    p: Frame,
    next: String,
    /// Whether there are passkeys, and this site has any.
    passkeys: bool,
    error: bool,
    passkey_error: bool,
}

#[derive(Template)]
#[template(path = "desk_generator.html")]
struct DeskGenerator {
    p: Frame,
    action: &'static str,
    next: String,
    secret: String,
    qr: Option<Qr>,
    /// The address that a generator on the same device opens.
    address: String,
    error: bool,
}

#[derive(Template)]
#[template(path = "desk_codes.html")]
pub(super) struct DeskCodes {
    pub(super) p: Frame,
    pub(super) codes: Vec<String>,
    pub(super) next: String,
}

type Way = Query<super::sign_in::Way>;

fn step_of(web: &Web, headers: &HeaderMap) -> Result<String, Fault> {
    Ok(waiting_step(web, headers).ok_or(Problem::SignInFirst)?)
}

/// What is wrong with what was given.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Wrong {
    Nothing,
    Code,
    Passkey,
}

/// `GET /desk/sign-in/second`
pub(crate) async fn ask(State(web): State<Web>, visit: Visit, headers: HeaderMap, Query(way): Way) -> Answer {
    second_page(&web, &visit, &step_of(&web, &headers)?, own_path(way.next()), Wrong::Nothing).await
}

async fn second_page(web: &Web, visit: &Visit, step: &str, next: &str, wrong: Wrong) -> Answer {
    let waits = second(&web.app, step).await?.ok_or(Problem::SignInFirst)?;
    let status = if wrong == Wrong::Nothing { StatusCode::OK } else { StatusCode::UNPROCESSABLE_ENTITY };
    let shown = DeskSecond {
        p: visit.frame(web, visit.lang.get("desk-second-title")).passkeys(),
        next: next.to_owned(),
        passkeys: waits.passkeys > 0 && web.passkeys.is_some(),
        error: wrong == Wrong::Code,
        passkey_error: wrong == Wrong::Passkey,
    };
    page_with(status, &shown)
}

/// `POST /desk/sign-in/second`
pub(crate) async fn enter(State(web): State<Web>, visit: Visit, headers: HeaderMap) -> Answer {
    let (step, next, network) = (step_of(&web, &headers)?, own_path(visit.fields.get("next")), visit.network());
    let entered = enter_by_code(&web.app, &step, visit.fields.get("code"), visit.from(&network)).await;
    entered_by(&web, &visit, &step, next, entered).await
}

/// `POST /desk/sign-in/second/ask`: a challenge for one of the keys of whoever proved the password.
pub(crate) async fn ask_passkey(State(web): State<Web>, headers: HeaderMap) -> Answer {
    let site = options(&web)?;
    let waits = second(&web.app, &step_of(&web, &headers)?).await?.ok_or(Problem::SignInFirst)?;
    let texts: Vec<String> = passkeys(&web.app, waits.id).await?.into_iter().map(|key| key.key).collect();
    asked(&web, Waits::StaffPasskey, Some(waits.id), site.ask_for(&texts)).await
}

/// `POST /desk/sign-in/second/passkey`: the answer to it.
pub(crate) async fn enter_passkey(State(web): State<Web>, visit: Visit, headers: HeaderMap) -> Answer {
    options(&web)?;
    let (step, next, network) = (step_of(&web, &headers)?, own_path(visit.fields.get("next")), visit.network());
    let entered = match used_passkey(&web, &visit).await {
        Ok(used) => enter_by_passkey(&web.app, &step, used, visit.from(&network)).await,
        Err(problem) => Err(problem),
    };
    entered_by(&web, &visit, &step, next, entered).await
}

async fn used_passkey(web: &Web, visit: &Visit) -> Result<UsedPasskey, Problem> {
    let (staff, state) = taken(web, Waits::StaffPasskey, &visit.fields).await?;
    let known = passkeys(&web.app, staff).await?;
    let (id, key) = key_that_answered(web, &state, &visit.fields, known)?;
    Ok(UsedPasskey { staff, id, key })
}

async fn entered_by(web: &Web, visit: &Visit, step: &str, next: &str, entered: Result<SignedIn, Problem>) -> Answer {
    let wrong = match entered {
        Ok(session) => {
            let mut response = arrive(web, visit, &session, if next.is_empty() { "/desk" } else { next }).await?;
            forget_step(web, &mut response);
            return Ok(response);
        }
        Err(Problem::PasswordWrong) => Wrong::Code,
        Err(Problem::PasskeyRefused) => Wrong::Passkey,
        Err(problem) => return Err(problem.into()),
    };
    second_page(web, visit, step, next, wrong).await
}

/// `GET /desk/sign-in/set-up`
pub(crate) async fn first(State(web): State<Web>, visit: Visit, headers: HeaderMap, Query(way): Way) -> Answer {
    let step = step_of(&web, &headers)?;
    generator(&web, &visit, (Waits::StaffSetUp, &step), own_path(way.next()), false).await
}
/// `POST /desk/sign-in/set-up`
pub(crate) async fn set_first(State(web): State<Web>, visit: Visit, headers: HeaderMap) -> Answer {
    set(&web, &visit, Waits::StaffSetUp, &step_of(&web, &headers)?).await
}
/// `POST /desk/me/generator/new`
pub(crate) async fn make(State(web): State<Web>, visit: Visit) -> Answer {
    let session = visit.who.as_ref().ok_or(Problem::SignInFirst)?;
    let step = another_generator(&web.app, session).await?;
    Ok(to_step(&web, &step, "/desk/me/generator"))
}
/// `GET /desk/me/generator`
pub(crate) async fn another(State(web): State<Web>, visit: Visit, headers: HeaderMap) -> Answer {
    let step = waiting_step(&web, &headers).unwrap_or_default();
    generator(&web, &visit, (Waits::StaffGenerator, &step), "/desk/me", false).await
}
/// `POST /desk/me/generator`
pub(crate) async fn set_another(State(web): State<Web>, visit: Visit, headers: HeaderMap) -> Answer {
    let step = waiting_step(&web, &headers).unwrap_or_default();
    set(&web, &visit, Waits::StaffGenerator, &step).await
}

async fn generator(web: &Web, visit: &Visit, (waits, step): (Waits, &str), next: &str, error: bool) -> Answer {
    let found = to_set_up(&web.app, waits, step).await?;
    let Generator { login, secret } = found.ok_or(Problem::SignInFirst)?;
    let brand = web.app.brand.name.get("en");
    let part =
        |text: &str| url::form_urlencoded::byte_serialize(text.as_bytes()).collect::<String>().replace('+', "%20");
    let address = format!(
        "otpauth://totp/{}:{}?secret={secret}&issuer={}&algorithm=SHA1&digits=6&period=30",
        part(brand),
        part(&login),
        part(brand)
    );
    let four: Vec<&str> =
        (0..secret.len()).step_by(4).filter_map(|at| secret.get(at..(at + 4).min(secret.len()))).collect();
    let shown = DeskGenerator {
        p: visit.frame(web, visit.lang.get("desk-generator-title")),
        action: if waits == Waits::StaffSetUp { "/desk/sign-in/set-up" } else { "/desk/me/generator" },
        next: next.to_owned(),
        qr: qr(&address),
        secret: four.join(" "),
        address,
        error,
    };
    page_with(if error { StatusCode::UNPROCESSABLE_ENTITY } else { StatusCode::OK }, &shown)
}

async fn set(web: &Web, visit: &Visit, waits: Waits, step: &str) -> Answer {
    let (next, network) = (own_path(visit.fields.get("next")), visit.network());
    match set_up(&web.app, waits, step, visit.fields.get("code"), visit.from(&network)).await {
        Ok((session, codes)) => {
            if let Some(old) = &visit.token {
                sign_out(&web.app, old).await?;
            }
            let p = visit.frame(web, visit.lang.get("desk-codes-title"));
            let next = if next.is_empty() { "/desk" } else { next }.to_owned();
            let mut response = page(&DeskCodes { p, codes, next })?;
            keep_session(web, &mut response, &session.token);
            forget_step(web, &mut response);
            Ok(response)
        }
        Err(Problem::PasswordWrong) => generator(web, visit, (waits, step), next, true).await,
        Err(problem) => Err(problem.into()),
    }
}
