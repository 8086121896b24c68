//! `/voucher`: a voucher becomes balance; and the same on an order's page, where it pays the order.

use crate::fault::{Answer, Fault, no_voucher};
use crate::frame::{Frame, go, page_with};
use crate::portal::offering_shown::Term;
use crate::portal::order::{After, show_order};
use crate::portal::order_shown::Audience;
use crate::texts::Arg;
use crate::visit::Visit;
use crate::web::Web;
use askama::Template;
use axum::extract::State;
use axum::http::StatusCode;
use everline_app::Problem;
use everline_app::home::home;
use everline_app::order_page::order_page;
use everline_app::redeem_voucher::{Added, Given, redeem_voucher};
use everline_core::ids::{CustomerId, OrderId};
use everline_core::time::SECOND_US;
use everline_core::voucher::Redeemer;

#[derive(Template)]
#[template(path = "voucher.html")]
struct VoucherPage {
    p: Frame,
    typed: String,
    error: Option<String>,
    done: Option<String>,
    balance: Vec<Term>,
}

/// What an order's page says of a code that was given there.
#[derive(Default)]
pub(crate) struct Entered {
    /// What was typed and brought nothing.
    pub(crate) typed: String,
    /// Why.
    pub(crate) error: Option<(StatusCode, String)>,
    /// What it brought.
    pub(crate) done: Option<String>,
}

/// `GET /voucher`
pub(crate) async fn voucher(State(web): State<Web>, visit: Visit) -> Answer {
    show(&web, &visit, Entered::default()).await
}

/// `POST /voucher`
pub(crate) async fn add(State(web): State<Web>, visit: Visit) -> Answer {
    let entered = enter(&web, &visit, (visit.customer()?, None), Redeemer::Owner).await?;
    let entered = match entered {
        Ok(Added { amount, at, already, .. }) => {
            let show = visit.show(&web);
            let (amount, when) = (show.money(amount), show.moment(at));
            let done = match already {
                true => visit.say("voucher-already", &[("amount", Arg::Text(&amount)), ("when", Arg::Text(&when))]),
                false => visit.say("voucher-added", &[("amount", Arg::Text(&amount))]),
            };
            Entered { done: Some(done), ..Entered::default() }
        }
        Err(entered) => entered,
    };
    show(&web, &visit, entered).await
}

async fn show(web: &Web, visit: &Visit, Entered { typed, error, done }: Entered) -> Answer {
    let home = home(&web.app, visit.customer()?).await?;
    let show = visit.show(web);
    let term = |key, value| Term { label: visit.lang.get(key), value };
    let mut balance = vec![term("home-paid-credit", show.money(home.paid_credit))];
    if home.promo_credit.micros() > 0 {
        balance.push(term("home-promo-credit", show.money(home.promo_credit)));
    }
    let (status, error) = error.map_or((StatusCode::OK, None), |(status, error)| (status, Some(error)));
    let p = visit.frame(web, visit.lang.get("voucher-title"));
    page_with(status, &VoucherPage { p, typed, error, done, balance })
}

/// Redeems the code that was typed. What is wrong with it is told beside the field.
async fn enter(
    web: &Web,
    visit: &Visit,
    (customer, order): (CustomerId, Option<OrderId>),
    by: Redeemer,
) -> Result<Result<Added, Entered>, Fault> {
    let typed = visit.fields.get("voucher");
    let given = Given { customer, order, by, address: Some(visit.address) };
    let problem = match redeem_voucher(&web.app, given, typed).await {
        Ok(added) => return Ok(Ok(added)),
        Err(problem) => problem,
    };
    let error = match &problem {
        Problem::NoVoucher(why) => visit.lang.get(no_voucher(*why)),
        Problem::TooMany { retry_after_s } => {
            let again = web.app.clock.now().business.plus_us(retry_after_s.saturating_mul(SECOND_US));
            visit.say("voucher-wait", &[("when", Arg::Text(&visit.show(web).moment(again)))])
        }
        _ => return Err(problem.into()),
    };
    let status = Fault::from(problem).status();
    Ok(Err(Entered { typed: typed.to_owned(), error: Some((status, error)), done: None }))
}

/// Pays an order with the voucher whose code was typed on its page, and shows the page.
pub(crate) async fn pay_with_voucher(
    web: &Web,
    visit: &Visit,
    (customer, id): (CustomerId, OrderId),
    audience: Audience,
    base: String,
) -> Answer {
    if visit.fields.get("voucher").is_empty() {
        return Ok(go(&format!("{base}#voucher")));
    }
    let by = match audience {
        Audience::Owner => Redeemer::Owner,
        Audience::Guest => Redeemer::Guest,
    };
    let entered = match enter(web, visit, (customer, Some(id)), by).await {
        Ok(Ok(Added { already: false, .. }))
        | Err(Fault::Problem(Problem::AlreadyPaid | Problem::OrderClosed | Problem::NotSellable(_))) => {
            return Ok(go(&base));
        }
        Ok(Ok(Added { at, .. })) => {
            let when = visit.show(web).moment(at);
            let done = Some(visit.say("voucher-pay-already", &[("when", Arg::Text(&when))]));
            Entered { done, ..Entered::default() }
        }
        Ok(Err(entered)) => entered,
        Err(fault) => return Err(fault),
    };
    let view = order_page(&web.app, customer, id).await?;
    let back = crate::portal::order::back(visit, &view, audience);
    show_order(web, visit, &view, audience, base, back, &After::with(entered)).await
}
