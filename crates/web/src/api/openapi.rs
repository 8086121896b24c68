//! What the API says about itself: a document for machines, and a page for people.

use super::{auto_renew, esim, lines, orders, receipts, refunds, sign_in, vouchers, what_if};
use crate::fault::{Answer, Fault};
use crate::frame::{Frame, page as shown};
use crate::visit::Visit;
use crate::web::Web;
use askama::Template;
use axum::Json;
use axum::extract::State;
use axum::response::IntoResponse;
use everline_app::Problem;
use everline_core::invoice::NoInvoice;
use everline_core::quote::NotSellable;
use everline_core::refund_rule::NoRefund;
use everline_core::time::SystemTime;
use everline_core::voucher::NoVoucher;
use utoipa::openapi::security::{Http, HttpAuthScheme, SecurityScheme};
use utoipa::openapi::{ContentBuilder, Header, Ref, ResponseBuilder};
use utoipa::{Modify, OpenApi};

#[derive(OpenApi)]
#[openapi(
    info(title = "Everline", description = "The API of customers: their lines, what can be bought for them, orders, receipts."),
    paths(
        sign_in::ask_code,
        sign_in::sign_in,
        sign_in::by_password,
        lines::home,
        lines::list,
        lines::one,
        lines::offerings,
        lines::quote,
        what_if::what_if,
        auto_renew::one,
        auto_renew::agree,
        auto_renew::off,
        auto_renew::methods,
        auto_renew::remove,
        orders::place,
        orders::one,
        orders::pay,
        orders::ask,
        orders::receipt,
        receipts::pdf,
        receipts::invoice,
        receipts::ask_invoice,
        refunds::offer,
        refunds::ask,
        receipts::check,
        vouchers::add,
        vouchers::pay,
        esim::offerings,
        esim::order,
        esim::of_line,
        esim::code,
        esim::devices,
        esim::add_device,
        esim::remove_device,
        esim::device_code
    ),
    security(("session" = [])),
    modifiers(&Session, &OnOurSide)
)]
struct Document;

struct Session;
impl Modify for Session {
    fn modify(&self, openapi: &mut utoipa::openapi::OpenApi) {
        let scheme = SecurityScheme::Http(Http::new(HttpAuthScheme::Bearer));
        openapi.components.get_or_insert_default().add_security_scheme("session", scheme);
    }
}

/// What every operation may answer when the store does not.
struct OnOurSide;
impl Modify for OnOurSide {
    fn modify(&self, openapi: &mut utoipa::openapi::OpenApi) {
        let mut response = ResponseBuilder::new()
            .description("`busy`, `unavailable` or `outcome-unknown`: the same request again, after `Retry-After`, does it once.")
            .content(
                "application/problem+json",
                ContentBuilder::new().schema(Some(Ref::from_schema_name("ProblemDocument"))).build(),
            )
            .build();
        let mut seconds = Header::default();
        seconds.description = Some("Seconds to wait.".to_owned());
        response.headers.insert("Retry-After".to_owned(), seconds);
        for item in openapi.paths.paths.values_mut() {
            let all = [&mut item.get, &mut item.post, &mut item.delete];
            for operation in all.into_iter().flatten() {
                operation.responses.responses.insert("503".to_owned(), response.clone().into());
            }
        }
    }
}

/// `GET /api/openapi.json`
pub(crate) async fn document() -> Answer {
    Ok(Json(Document::openapi()).into_response())
}

struct Operation {
    method: &'static str,
    path: String,
    summary: String,
}

struct ProblemShown {
    word: &'static str,
    status: u16,
    title: String,
}

#[derive(Template)]
#[template(path = "api.html")]
struct ApiPage {
    p: Frame,
    operations: Vec<Operation>,
    problems: Vec<ProblemShown>,
}

/// `GET /api`
pub(crate) async fn page(State(web): State<Web>, visit: Visit) -> Answer {
    let document = Document::openapi();
    let operations = document.paths.paths.iter().flat_map(|(path, item)| {
        let all = [("GET", &item.get), ("POST", &item.post), ("DELETE", &item.delete)];
        all.into_iter().filter_map(|(method, operation)| {
            let operation = operation.as_ref()?;
            let summary = operation.summary.clone().unwrap_or_default();
            Some(Operation { method, path: path.clone(), summary })
        })
    });
    let mut problems: Vec<ProblemShown> = Vec::new();
    for fault in faults() {
        if problems.iter().all(|known| known.word != fault.word()) {
            let title = visit.lang.get(fault.texts().0);
            problems.push(ProblemShown { word: fault.word(), status: fault.status().as_u16(), title });
        }
    }
    shown(&ApiPage { operations: operations.collect(), problems, p: visit.frame(&web, visit.lang.get("api-title")) })
}

/// One of each, for the list.
fn faults() -> Vec<Fault> {
    let problems = [
        Problem::SignInFirst,
        Problem::NotAllowed,
        Problem::NotSellable(NotSellable::NotOnSale),
        Problem::TermsChanged,
        Problem::ExistsDifferently("order"),
        Problem::OrderClosed,
        Problem::AlreadyPaid,
        Problem::RenewalUnderWay,
        Problem::NotGenuine,
        Problem::NoInvoice(NoInvoice::NotPaid),
        Problem::NoRefund(NoRefund::NotPaid),
        Problem::NoVoucher(NoVoucher::Unknown),
        Problem::PasswordWrong,
        Problem::SecondFactor,
        Problem::ProveFirst,
        Problem::HeldBack { until: SystemTime::from_us(0) },
        Problem::NumberLost,
        Problem::SoldOut,
        Problem::TooManyLines,
        Problem::CodeWrong { tries_left: 0 },
        Problem::CodeGone,
        Problem::TooMany { retry_after_s: 1 },
        Problem::CardTooOften { retry_after_s: 1 },
        Problem::ProviderRefused,
        Problem::ProviderSilent,
        Problem::Busy,
        Problem::Unavailable,
        Problem::OutcomeUnknown,
        Problem::Internal(String::new()),
    ];
    let ours = [
        Fault::Unusable { field: String::new(), rule: "" },
        Fault::NoRoute,
        Fault::Method,
        Fault::TooLarge,
        Fault::Foreign,
        Fault::Timeout,
    ];
    ours.into_iter().chain(problems.into_iter().map(Fault::from)).collect()
}
