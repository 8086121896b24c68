//! A card gateway that speaks Stripe's API, with a payer who does what a person or a test tells.
//!
//! Owns the merchant's Checkout Sessions, the hosted page, and the answers its idempotency keys are remembered with.
//! Notifications and what is made to go wrong are those of the payment gateway beside it. It checks requests as the real
//! one does, and knows what a merchant needs to take payments, keep cards, give money back, answer disputes and reconcile;
//! payouts it does not have.

mod balance;
pub(crate) mod book;
pub(crate) mod kept;
mod objects;
pub(crate) mod page;

use crate::{
    World,
    gateway::{
        faults::{AnswerFaultKind, BillFaults},
        notify,
        trade::{CannotPay, Intent},
    },
    net::{hang_up, lock},
    random_hex,
};
use axum::{
    Router,
    body::Bytes,
    extract::{DefaultBodyLimit, State as Shared},
    http::{HeaderMap, Method, StatusCode, Uri, header},
    response::{IntoResponse, Response},
    routing::any,
};
use book::{Book, CardAction, Happened, Refused, Session, State};
use std::{
    sync::{Arc, Mutex},
    time::Duration,
};
use wire_pay::{
    Error as WireError,
    stripe::{
        ApiKey, Asked, BalanceScope, BalanceTransaction, Command, EndpointSecret, ErrorType, Expandable, Object, Page,
        Payout, Query, Received, Refund, Refusal, RequestError, SessionPurpose,
    },
};

/// The gateway's state.
pub(crate) struct Cards {
    pub(crate) api_key: ApiKey,
    /// What events are signed with.
    pub(crate) secret: EndpointSecret,
    /// Where events are sent; a property of the account, not of a request.
    pub(crate) webhook_url: Option<String>,
    pub(crate) book: Mutex<Book>,
    /// `http://host:port`.
    pub(crate) base_url: String,
    /// Divides the waiting times between tries of an event.
    pub(crate) retry_divisor: u32,
}

/// What answers are named by in the faults: opening a session.
pub(crate) const CREATE: &str = "stripe.checkout.create";
/// Asking for a session.
pub(crate) const GET: &str = "stripe.checkout.get";
/// Ending a session.
pub(crate) const EXPIRE: &str = "stripe.checkout.expire";
/// Giving money back.
pub(crate) const REFUND: &str = "stripe.refund.create";
/// Asking for refunds.
pub(crate) const REFUNDS: &str = "stripe.refund.list";
/// Taking money from a kept card.
pub(crate) const DEBIT: &str = "stripe.payment_intent.create";
/// Everything else.
const OTHER: &str = "stripe.other";

/// The gateway's routes.
pub(crate) fn router(world: Arc<World>) -> Router {
    Router::new()
        .route("/v1/{*path}", any(api))
        .merge(page::router())
        .layer(DefaultBodyLimit::max(wire_pay::stripe::EVENT_BYTES_MAX))
        .with_state(world)
}

type Answer = (u16, String);

async fn api(Shared(world): Shared<Arc<World>>, method: Method, uri: Uri, headers: HeaderMap, body: Bytes) -> Response {
    let header = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
    let received = Received {
        method: method.as_str(),
        target: uri.path_and_query().map_or("", |target| target.as_str()),
        authorization: header("authorization"),
        version: header("stripe-version"),
        idempotency_key: header("idempotency-key"),
        body: &body,
    };
    let asked = match received.read(&world.cards.api_key) {
        Ok(asked) => asked,
        Err(error) => return json(refusal(&error.to_refusal())),
    };
    let fault = lock(&world.payments.faults).take(name_of(&asked));
    match fault {
        Some(AnswerFaultKind::Http500) => return StatusCode::INTERNAL_SERVER_ERROR.into_response(),
        Some(AnswerFaultKind::CloseBefore) => return hang_up(),
        _ => {}
    }
    let (answer, told) = answer(&world, asked, fault == Some(AnswerFaultKind::SystemError));
    if let Some((session, happened)) = told {
        announce(&world, &session, &happened);
    }
    match fault {
        Some(AnswerFaultKind::CloseAfter) => return hang_up(),
        Some(AnswerFaultKind::Slow(ms)) => drop(world.stop.during(Duration::from_millis(ms)).await),
        // Nothing is signed here; an answer of somebody else is one that is no JSON.
        Some(AnswerFaultKind::BadSignature) => return "something else".into_response(),
        _ => {}
    }
    json(answer)
}

fn json((status, body): Answer) -> Response {
    let status = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    (status, [(header::CONTENT_TYPE, "application/json")], body).into_response()
}

fn name_of(asked: &Asked) -> &'static str {
    match asked {
        Asked::Command { command: Command::CreateCheckoutSession(_), .. } => CREATE,
        Asked::Command { command: Command::ExpireCheckoutSession(_), .. } => EXPIRE,
        Asked::Command { command: Command::CreateRefund(_), .. } => REFUND,
        Asked::Command { command: Command::CreatePaymentIntent(_), .. } => DEBIT,
        Asked::Query(Query::CheckoutSession(_)) => GET,
        Asked::Query(Query::Refunds(_) | Query::Refund(_)) => REFUNDS,
        Asked::Command { .. } | Asked::Query(_) => OTHER,
    }
}

/// What happened to whom, still to be told.
type Told = Option<(Session, Vec<Happened>)>;

/// The answer, replayed if the key was used for the same before. `broken` is the gateway's own trouble: nothing is
/// carried out, and that is remembered like any other answer.
fn answer(world: &World, asked: Asked, broken: bool) -> (Answer, Told) {
    let now_us = (world.clock)();
    let mut book = lock(&world.cards.book);
    let (command, key) = match asked {
        _ if broken && matches!(asked, Asked::Query(_)) => return (refusal(&trouble()), None),
        Asked::Query(query) => {
            let bills = lock(&world.payments.faults).bills;
            return (look(&world.cards, &book, &query, bills).unwrap_or_else(|no| refusal(&no)), None);
        }
        Asked::Command { command, idempotency_key } => (command, idempotency_key),
    };
    if let Some(known) = book.remembered(&key, now_us) {
        if known.command == command {
            return ((known.status, known.body.clone()), None);
        }
        return (refusal(&Refusal { error_type: ErrorType::Idempotency, ..*refused(400, None, None) }), None);
    }
    let (answer, told) = match carry_out(&world.cards, &mut book, &command, now_us) {
        _ if broken => (refusal(&trouble()), None),
        Ok((answer, told)) => (answer, told),
        Err(no) => (refusal(&no), None),
    };
    book.remember(key, command, answer.clone(), now_us);
    (answer, told)
}

fn carry_out(cards: &Cards, book: &mut Book, command: &Command, now_us: i64) -> Result<(Answer, Told), Box<Refusal>> {
    match command {
        Command::CreateCheckoutSession(create) => {
            create.check_expiry(now_us / 1_000_000).map_err(|error| Box::new(error.to_refusal()))?;
            let SessionPurpose::Payment { amount, product_name, payer } = &create.purpose else {
                return Err(unknown_here("/v1/checkout/sessions"));
            };
            kept::known_payer(book, payer)?;
            let session = Session {
                request: create.clone(),
                amount: *amount,
                subject: product_name.clone(),
                token: random_hex(16).map_err(|_| trouble())?,
                created_us: now_us,
                state: State::Open,
                intent: Intent::Undecided,
                declined: 0,
                refunds: Vec::new(),
                pays_with: None,
                detached: false,
                dispute: None,
            };
            Ok((cards.session(book.open(session))?, None))
        }
        Command::ExpireCheckoutSession(id) => {
            let session = token(id.as_str(), objects::SESSION).and_then(|token| book.by_token_mut(token));
            let session = session.ok_or_else(not_found)?;
            let happened = session.expire().map_err(state)?;
            Ok((cards.session(session)?, Some((session.clone(), vec![happened]))))
        }
        Command::CreateRefund(create) => {
            let end = book.refunds_end;
            let token = token(create.payment_intent.as_str(), objects::INTENT);
            let session = token.and_then(|token| book.by_token_mut(token)).ok_or_else(not_found)?;
            let at = session.refund(create, end, now_us).map_err(state)?;
            let refund = objects::refund(session, at).map_err(broken)?;
            Ok((done(&refund.to_json()), Some((session.clone(), vec![Happened::Refunded(at)]))))
        }
        Command::CreateCustomer(create) => kept::create_customer(book, create, now_us),
        Command::CreatePaymentIntent(create) => kept::debit(book, create, now_us),
        Command::CancelPaymentIntent(cancel) => kept::cancel(book, cancel),
        Command::DetachPaymentMethod(id) => kept::detach(book, id),
        Command::SubmitDisputeEvidence(_) => Err(unknown_here("this command")),
    }
}

/// Answers a question.
fn look(cards: &Cards, book: &Book, query: &Query, bills: BillFaults) -> Result<Answer, Box<Refusal>> {
    let by = |id: &str, prefix| token(id, prefix).and_then(|token| book.by_token(token)).ok_or_else(not_found);
    match query {
        Query::CheckoutSession(id) => cards.session(by(id.as_str(), objects::SESSION)?),
        Query::PaymentIntent(id) => {
            let session = by(id.as_str(), objects::INTENT)?;
            let mut intent = objects::intent(session).map_err(broken)?;
            if intent.latest_charge.is_some() {
                let charge = objects::charge(session).map_err(broken)?;
                intent.latest_charge = Some(Expandable::Object(Box::new(charge)));
            }
            Ok(done(&intent.to_json()))
        }
        Query::Refund(id) => {
            let (of, at) = id.as_str().rsplit_once('_').ok_or_else(not_found)?;
            let session = by(of, objects::REFUND)?;
            let at = at.parse().map_err(|_| not_found())?;
            Ok(done(&objects::refund(session, at).map_err(|_| not_found())?.to_json()))
        }
        Query::Refunds(list) => {
            let session = by(list.payment_intent.as_str(), objects::INTENT)?;
            let all = objects::refunds(session).map_err(broken)?;
            Ok(page_of(all, list.starting_after.as_ref(), 100, "/v1/refunds", |one: &Refund| &one.id))
        }
        Query::BalanceTransactions(list) => {
            let BalanceScope::Created(range) = list.scope else { return Err(not_found()) };
            if bills.not_ready {
                return Err(trouble());
            }
            if bills.broken {
                return Ok((200, "{".to_owned()));
            }
            let sessions: Vec<_> = book.newest_first().collect();
            let all = balance::movements(&sessions, range, bills).map_err(broken)?;
            let after = list.starting_after.as_ref();
            Ok(page_of(all, after, 50, "/v1/balance_transactions", |one: &BalanceTransaction| &one.id))
        }
        // What is paid out is among the movements alone.
        Query::Payouts(_) => Ok(done(&Page::<Payout> { data: Vec::new(), has_more: false }.to_json("/v1/payouts"))),
        Query::PaymentMethod(id) => {
            let session = by(id.as_str(), objects::METHOD)?;
            let kept = session.keeps_for().is_some() && session.paid_us().is_some();
            if kept { Ok(done(&objects::method(session).map_err(broken)?.to_json())) } else { Err(not_found()) }
        }
        Query::Dispute(id) => {
            let session = by(id.as_str(), objects::DISPUTE)?;
            let dispute = session.dispute.ok_or_else(not_found)?;
            Ok(done(&objects::dispute(session, dispute).map_err(broken)?.to_json()))
        }
        Query::Payout(_) => Err(not_found()),
    }
}

fn page_of<T: Object>(
    all: Vec<T>,
    after: Option<&T::Id>,
    size: usize,
    path: &str,
    id: impl Fn(&T) -> &T::Id,
) -> Answer {
    let start = after.and_then(|after| all.iter().position(|one| id(one) == after)).map_or(0, |at| at + 1);
    let has_more = all.len() > start + size;
    done(&Page { data: all.into_iter().skip(start).take(size).collect(), has_more }.to_json(path))
}

fn token<'a>(id: &'a str, prefix: &str) -> Option<&'a str> {
    id.strip_prefix(prefix)
}

fn done(object: &serde_json::Value) -> Answer {
    (200, object.to_string())
}

fn refusal(refusal: &Refusal) -> Answer {
    (refusal.status, refusal.to_json().to_string())
}

fn refused(status: u16, code: Option<&str>, message: Option<&str>) -> Box<Refusal> {
    Box::new(Refusal {
        status,
        error_type: ErrorType::InvalidRequest,
        code: code.map(str::to_owned),
        decline_code: None,
        param: None,
        message: message.map(str::to_owned),
        payment_intent: None,
    })
}

fn trouble() -> Box<Refusal> {
    Box::new(Refusal { error_type: ErrorType::Api, ..*refused(500, None, Some("the gateway's own trouble")) })
}

fn broken(_: WireError) -> Box<Refusal> {
    trouble()
}

fn not_found() -> Box<Refusal> {
    refused(404, Some("resource_missing"), Some("no such object"))
}

fn unknown_here(path: &str) -> Box<Refusal> {
    Box::new(RequestError::Route { method: "POST".to_owned(), path: path.to_owned() }.to_refusal())
}

/// As the real one refuses: often with a sentence only.
fn state(why: Refused) -> Box<Refusal> {
    match why {
        Refused::NotOpen => refused(400, None, Some("only an open session can be expired")),
        Refused::NotPaid => refused(400, Some("payment_intent_unexpected_state"), Some("nothing was taken")),
        Refused::TooMuch => refused(400, None, Some("more than is left of the charge")),
        Refused::Amount => refused(400, Some("parameter_invalid_integer"), Some("not an amount")),
    }
}

impl Cards {
    fn session(&self, session: &Session) -> Result<Answer, Box<Refusal>> {
        Ok(done(&objects::session(session, self.page_url(session), true).map_err(broken)?.to_json()))
    }

    /// The hosted page of a session.
    pub(crate) fn page_url(&self, session: &Session) -> String {
        format!("{}/card/{}", self.base_url, session.token)
    }
}

/// Does what the payer or the bank does, and tells the merchant what there is to tell.
pub(crate) fn act(world: &Arc<World>, token: &str, action: CardAction) -> Result<Session, CannotPay> {
    let (session, happened) = {
        let mut book = lock(&world.cards.book);
        let session = book.by_token_mut(token).ok_or(CannotPay::Unknown)?;
        let happened = session.act(action, (world.clock)())?;
        (session.clone(), happened)
    };
    announce(world, &session, &happened);
    Ok(session)
}

/// Lets time pass for the sessions: late payers pay, deadlines end them.
pub(crate) fn sweep(world: &Arc<World>) {
    let ended = lock(&world.cards.book).sweep((world.clock)());
    for (session, happened) in ended {
        announce(world, &session, &[happened]);
    }
}

/// Starts telling the merchant, if the account has an endpoint.
fn announce(world: &Arc<World>, session: &Session, happened: &[Happened]) {
    let Some(url) = &world.cards.webhook_url else { return };
    for &one in happened {
        let (Ok(first), Ok(second), Ok(third)) = (random_hex(12), random_hex(12), random_hex(12)) else { return };
        let Ok(events) = objects::events(session, one, [first, second, third], (world.clock)()) else { return };
        for event in events {
            notify::tell(world, url, session.out_trade_no(), event);
        }
    }
}
