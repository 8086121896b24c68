//! `/renew`: anyone may renew a line by its number. A guest sees the number, what can be bought for such a line, and
//! prices. The number travels sealed, never in an address.

use crate::fault::{Answer, Fault};
use crate::frame::{Frame, go, page, page_with};
use crate::portal::in_wechat::ask_who;
use crate::portal::line_shown::number as grouped;
use crate::portal::offering_shown::{ChosenShown, RenewForm, contents, groups, guest_terms, reference};
use crate::portal::pay::{Offered, PayBy, methods, pay_by};
use crate::portal::renew::{Asked, Sent, sent};
use crate::portal::returning::{Left, go_to_guest_order, left};
use crate::seal::{guest_link, guest_number, guest_order_token, order_ticket};
use crate::visit::Visit;
use crate::web::Web;
use askama::Template;
use axum::extract::{Path, Query, State};
use axum::http::{HeaderMap, StatusCode};
use everline_app::Problem;
use everline_app::guest_renewal::{GuestChoices, guest_choices, guest_number_of_session, read_number};
use everline_app::pay_link::{self, Leads};
use everline_app::place_order::{NewOrder, place_order};
use everline_app::reminders::link::follow;
use everline_core::identifiers::Msisdn;
use everline_core::ids::SessionId;
use everline_core::offering::{Offering, OfferingKind, OfferingRef};
use everline_core::order::PlacedBy;

#[derive(Template)]
#[template(path = "number.html")]
struct NumberPage {
    p: Frame,
    number: String,
    error: Option<String>,
    /// An order that was left.
    left: Option<Left>,
}

#[derive(Template)]
#[template(path = "guest_renew.html")]
struct GuestRenewPage {
    p: Frame,
    f: RenewForm,
    left: Option<Left>,
}

fn number_page(web: &Web, visit: &Visit, status: StatusCode, number: String, error: Option<&str>) -> Answer {
    let p = visit.frame(web, visit.lang.get("guest-title"));
    page_with(status, &NumberPage { p, number, error: error.map(|key| visit.lang.get(key)), left: None })
}

/// `GET /renew`
pub(crate) async fn number(State(web): State<Web>, visit: Visit, headers: HeaderMap) -> Answer {
    let left = left(&web, &visit, &headers).await;
    let p = visit.frame(&web, visit.lang.get("guest-title"));
    page(&NumberPage { p, number: String::new(), error: None, left })
}

/// `POST /renew`: one answer for a number that does not exist and for one whose owner does not want this.
pub(crate) async fn find(State(web): State<Web>, visit: Visit) -> Answer {
    let typed = visit.fields.get("number");
    let choices = match read_number(&web.app, typed) {
        Ok(number) => guest_choices(&web.app, &number).await,
        Err(problem) => Err(problem),
    };
    let error = match choices {
        Ok(choices) => {
            let link = guest_link(&web.app, choices.msisdn.as_str()).ok_or(Problem::Busy)?;
            return Ok(go(&format!("/renew/{link}")));
        }
        Err(Problem::NotFound(_)) => "guest-not-here",
        Err(Problem::Invalid { .. }) => "guest-not-a-number",
        Err(problem) => return Err(problem.into()),
    };
    number_page(&web, &visit, StatusCode::UNPROCESSABLE_ENTITY, typed.to_owned(), Some(error))
}

/// `GET /d/{session}`: where the network sends a device that is cut off. Whoever sits behind it is a guest.
pub(crate) async fn from_device(State(web): State<Web>, visit: Visit, Path(session): Path<String>) -> Answer {
    let session: Option<SessionId> = session.parse().ok();
    let found = match session {
        Some(session) => guest_number_of_session(&web.app, session).await,
        None => Err(Problem::NotFound("session")),
    };
    match found {
        Ok(msisdn) => Ok(go(&format!("/renew/{}", guest_link(&web.app, msisdn.as_str()).ok_or(Problem::Busy)?))),
        Err(Problem::NotFound(_)) => {
            number_page(&web, &visit, StatusCode::NOT_FOUND, String::new(), Some("guest-not-here"))
        }
        Err(problem) => Err(problem.into()),
    }
}

/// `GET /r/{link}`: where a message leads that is not to the owner. Who is signed in as the owner has the owner's page.
pub(crate) async fn from_message(State(web): State<Web>, visit: Visit, Path(link): Path<String>) -> Answer {
    let line = match follow(&web.app, &link).await {
        Ok(line) => line,
        Err(Problem::NotFound(_)) => {
            return number_page(&web, &visit, StatusCode::NOT_FOUND, String::new(), Some("guest-not-here"));
        }
        Err(problem) => return Err(problem.into()),
    };
    // The owner sees more than a guest. Where no guest may renew it, the owner alone can, and signs in for that.
    if visit.customer().is_ok_and(|customer| customer == line.customer) || !line.guest_renewal {
        return Ok(go(&format!("/lines/{}/renew", line.id)));
    }
    Ok(go(&format!("/renew/{}", guest_link(&web.app, line.msisdn.as_str()).ok_or(Problem::Busy)?)))
}

/// `GET /p/{link}`: where a link to pay leads that staff sent, for a day. Whoever has it is a guest; its owner, signed in, has the
/// own page, and the order that was begun.
pub(crate) async fn from_staff(State(web): State<Web>, visit: Visit, Path(link): Path<String>) -> Answer {
    let Leads { line, offering, order } = match pay_link::follow(&web.app, &link).await {
        Ok(Some(leads)) => leads,
        Ok(None) => return number_page(&web, &visit, StatusCode::GONE, String::new(), Some("guest-link-over")),
        Err(Problem::NotFound(_)) => {
            return number_page(&web, &visit, StatusCode::NOT_FOUND, String::new(), Some("guest-not-here"));
        }
        Err(problem) => return Err(problem.into()),
    };
    let owner = visit.customer().is_ok_and(|customer| customer == line.customer);
    match order.filter(|_| owner) {
        Some(order) => Ok(go(&format!("/orders/{order}"))),
        None if owner || !line.guest_renewal => Ok(go(&format!("/lines/{}/renew?offering={offering}", line.id))),
        None => {
            let number = guest_link(&web.app, line.msisdn.as_str()).ok_or(Problem::Busy)?;
            Ok(go(&format!("/renew/{number}?offering={offering}")))
        }
    }
}

async fn linked(web: &Web, link: &str) -> Result<GuestChoices, Fault> {
    let number = guest_number(&web.app, link).ok_or(Problem::NotFound("link"))?;
    let number = Msisdn::parse(&number).map_err(|_| Problem::NotFound("link"))?;
    Ok(guest_choices(&web.app, &number).await?)
}

/// `GET /renew/{link}`
pub(crate) async fn guest_renew(
    State(web): State<Web>,
    visit: Visit,
    headers: HeaderMap,
    Path(link): Path<String>,
    Query(asked): Query<Asked>,
) -> Answer {
    let choices = linked(&web, &link).await?;
    let asked = reference(&asked.offering);
    let f = form(&web, &visit, &link, &choices, asked.as_ref(), (None, None))?;
    let left = left(&web, &visit, &headers).await;
    page(&GuestRenewPage { p: visit.frame(&web, visit.lang.get("guest-title")), f, left })
}

type Trouble = (Option<&'static str>, Option<&'static str>);

fn form(
    web: &Web,
    visit: &Visit,
    link: &str,
    choices: &GuestChoices,
    asked: Option<&OfferingRef>,
    (error, terms_error): Trouble,
) -> Result<RenewForm, Fault> {
    let show = visit.show(web);
    let path = format!("/renew/{link}");
    let offerings = &choices.offerings;
    let found = asked.map(|asked| offerings.iter().find(|offering| offering.reference == *asked));
    let chosen = match found {
        Some(found) => found,
        None => offerings.iter().find(|offering| offering.kind == OfferingKind::Plan),
    };
    // What somebody was sent here for is sold no more: nothing else is slipped in.
    let error = error.or(matches!(found, Some(None)).then_some("renew-asked-gone"));
    let groups = groups(&show, &path, chosen.map(|one| &one.reference), offerings.iter().map(|one| (one, None)));
    let ticket = order_ticket(&web.app, choices.guest.customer, choices.guest.line).ok_or(Problem::Busy)?;
    Ok(RenewForm {
        action: path,
        line: grouped(&choices.msisdn),
        number: grouped(&choices.msisdn),
        groups,
        chosen: chosen.map(|offering| chosen_shown(web, visit, offering, ticket)),
        error: error.map(|key| visit.lang.get(key)),
        terms_error: terms_error.map(|key| visit.lang.get(key)),
        remembers: false,
        device: None,
    })
}

fn chosen_shown(web: &Web, visit: &Visit, offering: &Offering, ticket: String) -> ChosenShown {
    let (show, tag) = (visit.show(web), visit.lang.tag());
    let terms_version = web.app.brand.terms_version.clone();
    ChosenShown {
        reference: offering.reference.to_string(),
        name: offering.name.get(tag).to_owned(),
        contents: contents(&show, offering),
        price: show.money(offering.price),
        terms: guest_terms(&show, offering),
        terms_accepted: visit.fields.get("terms") == terms_version,
        terms_version,
        methods: methods(web, visit, Offered { vouchers: offering.kind != OfferingKind::TopUp, ..Offered::default() }),
        ticket,
    }
}

/// `POST /renew/{link}`: a guest's order; its page has a secret address. A refusal does not say what the line has.
pub(crate) async fn place(State(web): State<Web>, visit: Visit, Path(link): Path<String>) -> Answer {
    let choices = linked(&web, &link).await?;
    let (customer, line) = (choices.guest.customer, choices.guest.line);
    let Sent { offering, by, terms, order } = sent(&web, &visit, customer, line)?;
    if by == PayBy::Credit {
        return Err(Problem::NotAllowed.into());
    }
    let again = |status, trouble| {
        let f = form(&web, &visit, &link, &choices, Some(&offering), trouble)?;
        let p = visit.frame(&web, visit.lang.get("guest-title"));
        page_with(status, &GuestRenewPage { p, f, left: None })
    };
    if terms.is_empty() {
        return again(StatusCode::UNPROCESSABLE_ENTITY, (None, Some("renew-terms-needed")));
    }
    let token = guest_order_token(&web.app, order);
    let new = NewOrder {
        id: order,
        customer,
        line,
        offering: offering.clone(),
        terms_version: terms,
        placed_by: PlacedBy::Guest,
        token: Some(token.clone()),
        from: Some(visit.address),
    };
    match place_order(&web.app, new).await {
        Ok(order) => {
            if let Some(there) = ask_who(&web, &visit, by, &format!("/o/{token}")) {
                return Ok(there);
            }
            let started = pay_by(&web, &visit, (customer, order.id), by).await;
            if let Err(problem) = started {
                tracing::info!(problem = problem.word(), "a payment did not start at once");
            }
            Ok(go_to_guest_order(&web, &token))
        }
        Err(Problem::NotSellable(_)) => again(StatusCode::UNPROCESSABLE_ENTITY, (Some("guest-not-sellable"), None)),
        Err(Problem::TermsChanged) => again(StatusCode::CONFLICT, (Some("renew-terms-changed"), None)),
        Err(problem) => Err(problem.into()),
    }
}
