//! `/o/{token}`: a guest's order under its secret link. It shows what was paid and whether it worked; nothing of the
//! owner's.

use crate::fault::Answer;
use crate::frame::go;
use crate::portal::invoice::{ask_for, show_invoice};
use crate::portal::order::{After, back, show_order, start};
use crate::portal::order_shown::Audience;
use crate::portal::receipt::show_receipt;
use crate::portal::receipt_pdf::receipt_file;
use crate::portal::refund::{ask_back, show_refund};
use crate::portal::returning::go_to_guest_order;
use crate::visit::Visit;
use crate::web::Web;
use axum::extract::{Path, Query, State};
use everline_app::ask_provider::ask_provider;
use everline_app::order_page::{ask_network, order_page};
use everline_app::place_order::find_by_token;

/// `GET /o/{token}`
pub(crate) async fn order(
    State(web): State<Web>,
    visit: Visit,
    Path(token): Path<String>,
    Query(after): Query<After>,
) -> Answer {
    let (customer, id) = find_by_token(&web.app, &token).await?;
    let view = order_page(&web.app, customer, id).await?;
    let back = back(&visit, &view, Audience::Guest);
    show_order(&web, &visit, &view, Audience::Guest, format!("/o/{token}"), back, &after).await
}

/// `POST /o/{token}/pay`
pub(crate) async fn pay(State(web): State<Web>, visit: Visit, Path(token): Path<String>) -> Answer {
    let (customer, id) = find_by_token(&web.app, &token).await?;
    let back = || go_to_guest_order(&web, &token);
    start(&web, &visit, (customer, id), Audience::Guest, (&format!("/o/{token}"), back)).await
}

/// `POST /o/{token}/ask`
pub(crate) async fn ask(State(web): State<Web>, Path(token): Path<String>) -> Answer {
    let (customer, id) = find_by_token(&web.app, &token).await?;
    ask_provider(&web.app, customer, id).await?;
    Ok(go(&format!("/o/{token}?asked=provider")))
}

/// `POST /o/{token}/network`
pub(crate) async fn network(State(web): State<Web>, Path(token): Path<String>) -> Answer {
    let (customer, id) = find_by_token(&web.app, &token).await?;
    ask_network(&web.app, customer, id).await?;
    Ok(go(&format!("/o/{token}?asked=network")))
}

/// `GET /o/{token}/receipt`
pub(crate) async fn receipt(State(web): State<Web>, visit: Visit, Path(token): Path<String>) -> Answer {
    let (customer, id) = find_by_token(&web.app, &token).await?;
    let view = order_page(&web.app, customer, id).await?;
    show_receipt(&web, &visit, &view, Audience::Guest, None, format!("/o/{token}"))
}

/// `GET /o/{token}/receipt.pdf`
pub(crate) async fn receipt_pdf(State(web): State<Web>, visit: Visit, Path(token): Path<String>) -> Answer {
    let (customer, id) = find_by_token(&web.app, &token).await?;
    let view = order_page(&web.app, customer, id).await?;
    receipt_file(&web, &visit.show(&web), &view, Audience::Guest, None).await
}

/// `GET /o/{token}/invoice`
pub(crate) async fn invoice(State(web): State<Web>, visit: Visit, Path(token): Path<String>) -> Answer {
    let (customer, id) = find_by_token(&web.app, &token).await?;
    show_invoice(&web, &visit, (customer, id), Audience::Guest, format!("/o/{token}")).await
}

/// `POST /o/{token}/invoice`
pub(crate) async fn ask_invoice(State(web): State<Web>, visit: Visit, Path(token): Path<String>) -> Answer {
    let (customer, id) = find_by_token(&web.app, &token).await?;
    ask_for(&web, &visit, (customer, id), Audience::Guest, format!("/o/{token}")).await
}

/// `GET /o/{token}/refund`
pub(crate) async fn refund(State(web): State<Web>, visit: Visit, Path(token): Path<String>) -> Answer {
    let (customer, id) = find_by_token(&web.app, &token).await?;
    show_refund(&web, &visit, (customer, id), Audience::Guest, format!("/o/{token}"), None).await
}

/// `POST /o/{token}/refund`
pub(crate) async fn ask_refund(State(web): State<Web>, visit: Visit, Path(token): Path<String>) -> Answer {
    let (customer, id) = find_by_token(&web.app, &token).await?;
    ask_back(&web, &visit, (customer, id), Audience::Guest, format!("/o/{token}")).await
}
