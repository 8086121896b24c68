//! `/orders/{order}/invoice`: asking for a tax invoice, once an order, and what became of it. Staff make it; until then it
//! waits with them.

use crate::fault::{Answer, Fault, no_invoice};
use crate::frame::{Frame, go, page_with};
use crate::portal::offering_shown::Term;
use crate::portal::order::order_id;
use crate::portal::order_shown::{Audience, order_number};
use crate::show::Show;
use crate::visit::Visit;
use crate::web::Web;
use askama::Template;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use everline_app::Problem;
use everline_app::invoice::{ask_invoice, invoice as invoice_of};
use everline_app::order_page::{OrderView, order_page};
use everline_core::ids::{CustomerId, OrderId};
use everline_core::invoice::{
    Buyer, InvoiceRequest, InvoiceState, NoInvoice, Particulars, Unusable, WrongField, may_ask,
};
use everline_core::order::PlacedBy;

/// What was typed.
#[derive(Default)]
struct Typed {
    buyer: String,
    title: String,
    tax_number: String,
    email: String,
}

#[derive(Template)]
#[template(path = "invoice.html")]
struct InvoicePage {
    p: Frame,
    /// The address of the order's page.
    base: String,
    order: String,
    amount: String,
    /// Where a request is.
    status: Option<String>,
    terms: Vec<Term>,
    link: Option<String>,
    /// The form, while one can ask.
    form: Option<Typed>,
    /// The field that cannot be used, and why.
    wrong: Option<(&'static str, String)>,
    /// What else kept the request from being taken.
    error: Option<String>,
}

impl InvoicePage {
    /// Why a field cannot be used.
    fn wrong(&self, field: &str) -> Option<&str> {
        self.wrong.as_ref().filter(|(wrong, _)| *wrong == field).map(|(_, why)| why.as_str())
    }
}

/// `GET /orders/{order}/invoice`
pub(crate) async fn invoice(State(web): State<Web>, visit: Visit, Path(id): Path<String>) -> Answer {
    let (customer, id) = (visit.customer()?, order_id(&id)?);
    show_invoice(&web, &visit, (customer, id), Audience::Owner, format!("/orders/{id}")).await
}

/// `POST /orders/{order}/invoice`
pub(crate) async fn ask(State(web): State<Web>, visit: Visit, Path(id): Path<String>) -> Answer {
    let (customer, id) = (visit.customer()?, order_id(&id)?);
    ask_for(&web, &visit, (customer, id), Audience::Owner, format!("/orders/{id}")).await
}

/// The order, if it is this reader's to ask about: what a guest paid is the guest's, and the owner's own is the owner's.
async fn order(web: &Web, (customer, id): (CustomerId, OrderId), audience: Audience) -> Result<OrderView, Fault> {
    let view = order_page(&web.app, customer, id).await?;
    let by_guest = view.order.placed_by == PlacedBy::Guest;
    if by_guest == (audience == Audience::Guest) { Ok(view) } else { Err(Problem::NotFound("order").into()) }
}

/// The page, for the owner or a guest.
pub(crate) async fn show_invoice(
    web: &Web,
    visit: &Visit,
    of: (CustomerId, OrderId),
    audience: Audience,
    base: String,
) -> Answer {
    let view = order(web, of, audience).await?;
    let request = invoice_of(&web.app, of.0, of.1).await?;
    if request.is_none() {
        may_ask(&view.order).map_err(Problem::from)?;
    }
    page_with(StatusCode::OK, &shown(web, visit, &view, request.as_ref(), base))
}

/// Takes a request, for the owner or a guest.
pub(crate) async fn ask_for(
    web: &Web,
    visit: &Visit,
    of: (CustomerId, OrderId),
    audience: Audience,
    base: String,
) -> Answer {
    let view = order(web, of, audience).await?;
    let field = |name| visit.fields.get(name).to_owned();
    let typed =
        Typed { buyer: field("buyer"), title: field("title"), tax_number: field("tax_number"), email: field("email") };
    let currency = web.app.brand.currency;
    let read = Particulars::read(&typed.buyer, &typed.title, &typed.tax_number, &typed.email, currency);
    let (wrong, error) = match read {
        Err(WrongField { field, why }) => (Some((field, visit.lang.get(unusable(why)))), None),
        Ok(wanted) => match ask_invoice(&web.app, of.0, of.1, wanted).await {
            Ok(_) => return Ok(go(&format!("{base}/invoice"))),
            Err(Problem::NoInvoice(why @ (NoInvoice::AskedOtherwise | NoInvoice::IssuedAlready))) => {
                (None, Some(visit.lang.get(no_invoice(why))))
            }
            Err(problem) => return Err(problem.into()),
        },
    };
    let request = invoice_of(&web.app, of.0, of.1).await?;
    let status = if error.is_some() { StatusCode::CONFLICT } else { StatusCode::UNPROCESSABLE_ENTITY };
    let page = shown(web, visit, &view, request.as_ref(), base);
    let form = page.form.is_some().then_some(typed);
    page_with(status, &InvoicePage { form, wrong, error, ..page })
}

fn shown(web: &Web, visit: &Visit, view: &OrderView, request: Option<&InvoiceRequest>, base: String) -> InvoicePage {
    let (show, lang) = (visit.show(web), visit.lang);
    let refused = request.is_some_and(|request| matches!(request.state, InvoiceState::Refused(..)));
    let again = |request: &InvoiceRequest| Typed {
        buyer: request.buyer.word().to_owned(),
        title: request.title.clone(),
        tax_number: request.buyer.tax_number().unwrap_or_default().to_owned(),
        email: String::new(),
    };
    let form = match request {
        None => Some(Typed::default()),
        Some(request) => refused.then(|| again(request)),
    };
    InvoicePage {
        order: order_number(&view.order.number),
        amount: show.money(view.order.price),
        status: request.map(|request| lang.get(state(request))),
        terms: request.map(|request| terms(&show, request)).unwrap_or_default(),
        link: request.and_then(link),
        form: form.filter(|_| may_ask(&view.order).is_ok()),
        wrong: None,
        error: None,
        p: visit.frame(web, lang.get("invoice-title")),
        base,
    }
}

/// The key of where a request is.
pub(crate) const fn state(request: &InvoiceRequest) -> &'static str {
    match request.state {
        InvoiceState::Requested { .. } => "invoice-requested",
        InvoiceState::Issued(..) => "invoice-issued",
        InvoiceState::Refused(..) => "invoice-refused",
    }
}

fn link(request: &InvoiceRequest) -> Option<String> {
    match &request.state {
        InvoiceState::Issued(_, issue) => issue.link.clone(),
        _ => None,
    }
}

/// What was asked for and what became of it.
pub(crate) fn terms(show: &Show, request: &InvoiceRequest) -> Vec<Term> {
    let lang = show.lang;
    let term = |key, value: String| Term { label: lang.get(key), value };
    let buyer = match &request.buyer {
        Buyer::Person => "invoice-person",
        Buyer::Organisation(_) => "invoice-organisation",
    };
    let mut terms = vec![term("invoice-buyer", lang.get(buyer)), term("invoice-name", request.title.clone())];
    terms.extend(request.buyer.tax_number().map(|number| term("invoice-tax-number", number.to_owned())));
    terms.push(term("invoice-asked", show.moment_in_full(request.asked_at)));
    match &request.state {
        InvoiceState::Requested { email } => terms.push(term("invoice-email", email.as_str().to_owned())),
        InvoiceState::Issued(settled, issue) => {
            terms.push(term("invoice-number", issue.number.clone()));
            terms.push(term("invoice-issued-at", show.moment_in_full(settled.at)));
        }
        InvoiceState::Refused(settled, reason) => {
            terms.push(term("invoice-reason", reason.clone()));
            terms.push(term("invoice-refused-at", show.moment_in_full(settled.at)));
        }
    }
    terms
}

/// The key of why a field cannot be used.
pub(crate) const fn unusable(why: Unusable) -> &'static str {
    match why {
        Unusable::Missing => "invoice-wrong-missing",
        Unusable::TooLong { .. } => "invoice-wrong-too-long",
        Unusable::Character => "invoice-wrong-character",
        Unusable::Length { .. } => "invoice-wrong-length",
        Unusable::CheckCharacter => "invoice-wrong-check",
        Unusable::NotForPerson => "invoice-wrong-person",
        Unusable::Malformed => "invoice-wrong-malformed",
    }
}
