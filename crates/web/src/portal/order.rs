//! `/orders/{order}`: one order, live, with what its customer can do about it.

use crate::fault::{Answer, Fault};
use crate::frame::{Frame, go, page_with};
use crate::guard::{Kept, keep_in_wechat};
use crate::portal::in_wechat::{ask_who, handed, own_browser};
use crate::portal::line_shown::line_name;
use crate::portal::order_shown::{Audience, Elsewhere, Here, OrderShown, open_attempt, shown};
use crate::portal::pay::{PayBy, pay_by, provider_key, remembers, ways};
use crate::portal::transfer::transfer;
use crate::portal::voucher::{Entered, pay_with_voucher};
use crate::texts::Arg;
use crate::visit::Visit;
use crate::web::Web;
use askama::Template;
use axum::extract::{Path, Query, State};
use axum::http::StatusCode;
use axum::response::Response;
use everline_app::Problem;
use everline_app::ask_provider::ask_provider;
use everline_app::order_page::{OrderView, ask_network, order_page};
use everline_core::ids::{CustomerId, OrderId};
use everline_core::order::OrderState;
use everline_core::payment::{Method, Way};
use serde::Deserialize;

/// Whether the page comes after a question to the provider or the network, or after a voucher's code.
#[derive(Deserialize, Default)]
pub(crate) struct After {
    #[serde(default)]
    asked: String,
    #[serde(skip)]
    entered: Entered,
}

impl After {
    /// After a voucher's code.
    pub(crate) fn with(entered: Entered) -> Self {
        Self { asked: String::new(), entered }
    }
}

#[derive(Template)]
#[template(path = "order.html")]
struct OrderPage {
    p: Frame,
    o: OrderShown,
    /// Where one came from, and what that is called.
    back: (String, String),
    /// What a voucher would do, where one can pay.
    voucher: Option<String>,
    typed: String,
    error: Option<String>,
    done: Option<String>,
}

/// The order an address names; what is no id is an order that does not exist.
pub(crate) fn order_id(text: &str) -> Result<OrderId, Fault> {
    text.parse().map_err(|_| Problem::NotFound("order").into())
}

/// `GET /orders/{order}`
pub(crate) async fn order(
    State(web): State<Web>,
    visit: Visit,
    Path(id): Path<String>,
    Query(after): Query<After>,
) -> Answer {
    let (customer, id) = (visit.customer()?, order_id(&id)?);
    let view = order_page(&web.app, customer, id).await?;
    let back = back(&visit, &view, Audience::Owner);
    show_order(&web, &visit, &view, Audience::Owner, format!("/orders/{id}"), back, &after).await
}

/// Where one came from, and what that is called.
pub(crate) fn back(visit: &Visit, view: &OrderView, audience: Audience) -> (String, String) {
    match audience {
        Audience::Owner => (format!("/lines/{}", view.line.id), line_name(&view.line)),
        Audience::Guest => ("/".to_owned(), visit.lang.get("frame-start")),
    }
}

/// The page of an order, for its owner or a guest.
pub(crate) async fn show_order(
    web: &Web,
    visit: &Visit,
    view: &OrderView,
    audience: Audience,
    base: String,
    back: (String, String),
    after: &After,
) -> Answer {
    let (show, now) = (visit.show(web), web.app.clock.now());
    let mut ways = ways(web, visit, view.transfers && audience == Audience::Owner);
    if visit.in_wechat {
        ways.retain(|method| method.way() != Way::OpenOnPhone);
    }
    let handed = handed(web, visit, open_attempt(view, now)).await;
    let mut o = shown(&show, view, audience, base, Here { ways, handed }, now);
    o.transfer = transfer(&show, web.app.brand.bank.as_ref(), view, now);
    if visit.in_wechat {
        out_of_wechat(web, visit, view, &mut o);
    }
    o.remembers = audience == Audience::Owner && remembers(web);
    let time = show.time(now.business);
    let asked = match (after.asked.as_str(), view.order.state) {
        ("provider", OrderState::AwaitingPayment) => Some("order-asked-provider"),
        ("network", state) if state.paid_not_in_effect() => Some("order-asked-network"),
        _ => None,
    };
    let provider = view.attempts.last().and_then(|attempt| attempt.method.provider());
    let provider = visit.lang.get(provider_key(provider));
    o.asked = asked.map(|key| visit.say(key, &[("time", Arg::Text(&time)), ("provider", Arg::Text(&provider))]));
    let p = visit.frame(web, o.headline.clone());
    let p = if o.live.is_some() { p.live() } else { p };
    let Entered { typed, error, done } = &after.entered;
    let voucher = o.takes_voucher.then(|| {
        visit.lang.get(match audience {
            Audience::Owner => "voucher-pay-owner",
            Audience::Guest => "voucher-pay-guest",
        })
    });
    let (status, error) = error.clone().map_or((StatusCode::OK, None), |(status, error)| (status, Some(error)));
    page_with(status, &OrderPage { p, o, back, voucher, typed: typed.clone(), error, done: done.clone() })
}

/// WeChat's browser opens no payment application, not even its own: while the order can be paid, its page says so, with the
/// address at which another browser goes on with the same order. Where WeChat has a cashier on our page, that is for
/// those who would rather pay with Alipay.
fn out_of_wechat(web: &Web, visit: &Visit, view: &OrderView, o: &mut OrderShown) {
    if o.pay.is_none() && o.methods.is_empty() {
        return;
    }
    let opens_here = view.attempts.last().is_none_or(|attempt| attempt.method.way() != Way::OpenOnPhone);
    if !opens_here && o.pay.as_mut().is_some_and(|pay| pay.link.take().is_some()) {
        // They speak of the link.
        o.lead.clear();
    }
    let beside = own_browser(web).is_some();
    let (title, how) = match beside {
        true => ("order-in-wechat-other", "order-in-wechat-other-how"),
        false => ("order-in-wechat", "order-in-wechat-how"),
    };
    let (title, how) = (visit.lang.get(title), visit.lang.get(how));
    o.elsewhere = Some(Elsewhere { title, how, link: web.link(&o.base), beside });
}

/// `POST /orders/{order}/pay`: another way to pay.
pub(crate) async fn pay(State(web): State<Web>, visit: Visit, Path(id): Path<String>) -> Answer {
    let (customer, id) = (visit.customer()?, order_id(&id)?);
    let path = format!("/orders/{id}");
    start(&web, &visit, (customer, id), Audience::Owner, (&path, || go(&path))).await
}

/// Starts a payment and goes back to the order's page, which says what became of it.
pub(crate) async fn start(
    web: &Web,
    visit: &Visit,
    (customer, id): (CustomerId, OrderId),
    audience: Audience,
    (path, go_back): (&str, impl FnOnce() -> Response),
) -> Answer {
    use Problem::{AlreadyPaid, NoCredit, OrderClosed, ProviderRefused, ProviderSilent};
    let by = PayBy::from_word(visit.fields.get("method"))?;
    let by = by.remembering(!visit.fields.get("remember").is_empty());
    // What the owner holds is the owner's to spend.
    if by == PayBy::Credit && audience == Audience::Guest {
        return Err(Problem::NotAllowed.into());
    }
    if by == PayBy::Method(Method::BankTransfer) && audience == Audience::Guest {
        return Err(Problem::Invalid { field: "method", rule: "not offered here" }.into());
    }
    if by == PayBy::Voucher {
        return pay_with_voucher(web, visit, (customer, id), audience, path.to_owned()).await;
    }
    if let Some(there) = ask_who(web, visit, by, path) {
        return Ok(there);
    }
    match pay_by(web, visit, (customer, id), by).await {
        Err(problem @ ProviderRefused) if by == PayBy::Method(Method::WechatJsapi) => {
            tracing::info!(problem = problem.word(), "a payment inside WeChat did not start");
            let mut response = go_back();
            // It may be somebody else's browser by now, or another account: the next try asks again.
            keep_in_wechat(web, &mut response, Kept::Payer, None);
            Ok(response)
        }
        Ok(()) | Err(ProviderRefused | ProviderSilent | AlreadyPaid | OrderClosed | NoCredit) => Ok(go_back()),
        Err(problem) => Err(problem.into()),
    }
}

/// `POST /orders/{order}/ask`: "I have paid".
pub(crate) async fn ask(State(web): State<Web>, visit: Visit, Path(id): Path<String>) -> Answer {
    let (customer, id) = (visit.customer()?, order_id(&id)?);
    order_page(&web.app, customer, id).await?;
    ask_provider(&web.app, customer, id).await?;
    Ok(go(&format!("/orders/{id}?asked=provider")))
}

/// `POST /orders/{order}/network`: asks the network again.
pub(crate) async fn network(State(web): State<Web>, visit: Visit, Path(id): Path<String>) -> Answer {
    let (customer, id) = (visit.customer()?, order_id(&id)?);
    ask_network(&web.app, customer, id).await?;
    Ok(go(&format!("/orders/{id}?asked=network")))
}
