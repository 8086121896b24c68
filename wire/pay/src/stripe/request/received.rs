//! A request as the other side receives it: for stand-ins.

use super::{
    CancelPaymentIntent, Command, CreateCheckoutSession, CreateCustomer, CreatePaymentIntent, CreateRefund,
    EXPAND_CHECKOUT_SESSION, EXPAND_PAYMENT_INTENT, ListBalanceTransactions, ListPayouts, ListRefunds, Query,
    RequestError, SubmitDisputeEvidence, params::Reader,
};
use crate::{
    Error,
    stripe::{
        API_VERSION, ApiKey, CheckoutSessionId, DisputeId, IdempotencyKey, PaymentIntentId, PaymentMethodId, PayoutId,
        RefundId,
    },
};
use std::fmt;

/// What came over the wire. Headers are given as they came, without their names. Its `Debug` shows the method and the
/// path.
#[derive(Clone, Copy)]
pub struct Received<'a> {
    /// The method, such as `POST`.
    pub method: &'a str,
    /// Path and query string.
    pub target: &'a str,
    /// `Authorization`.
    pub authorization: Option<&'a str>,
    /// `Stripe-Version`.
    pub version: Option<&'a str>,
    /// `Idempotency-Key`.
    pub idempotency_key: Option<&'a str>,
    /// The body.
    pub body: &'a [u8],
}

/// What was asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Asked {
    /// To change something. The same key with an equal command is the same request; with another it is a conflict.
    Command {
        /// What to do.
        command: Command,
        /// What makes it one request.
        idempotency_key: IdempotencyKey,
    },
    /// To be told something.
    Query(Query),
}

impl fmt::Debug for Received<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.method, self.path())
    }
}

impl Received<'_> {
    fn path(&self) -> &str {
        self.target.split_once('?').map_or(self.target, |(path, _)| path)
    }

    /// Reads and checks the request: who asks, for what, and whether every parameter is known, complete and within
    /// Stripe's limits. The end of a session is left to [`CreateCheckoutSession::check_expiry`], which needs the time.
    ///
    /// # Errors
    /// [`RequestError`]; answer with [`RequestError::to_refusal`].
    pub fn read(&self, api_key: &ApiKey) -> Result<Asked, RequestError> {
        if !self.authorization.is_some_and(|header| api_key.authorizes(header)) {
            return Err(RequestError::Unauthorized);
        }
        if self.version != Some(API_VERSION) {
            return Err(RequestError::Version { found: self.version.map(str::to_owned) });
        }
        let path = self.path();
        let route = path.strip_prefix("/v1/").unwrap_or_default();
        let segments: Vec<&str> = route.split('/').collect();
        let no_route = || RequestError::Route { method: self.method.to_owned(), path: path.to_owned() };
        match self.method {
            "POST" => {
                let mut params = Reader::parse(self.body)?;
                let command = read_command(&segments, &mut params)?.ok_or_else(no_route)?;
                params.end()?;
                let key = self.idempotency_key.ok_or(RequestError::NoIdempotencyKey)?;
                let idempotency_key = IdempotencyKey::parse(key).map_err(|_| RequestError::BadIdempotencyKey)?;
                Ok(Asked::Command { command, idempotency_key })
            }
            "GET" => {
                let query = self.target.split_once('?').map_or("", |(_, query)| query);
                let mut params = Reader::parse(query.as_bytes())?;
                let query = read_query(&segments, &mut params)?.ok_or_else(no_route)?;
                params.end()?;
                Ok(Asked::Query(query))
            }
            _ => Err(no_route()),
        }
    }
}

/// An id in a path. What is none names nothing.
fn id<I>(text: &str, parse: impl FnOnce(&str) -> Result<I, Error>) -> Result<I, RequestError> {
    parse(text).map_err(|_| RequestError::Invalid { param: "id".to_owned() })
}

fn read_command(segments: &[&str], params: &mut Reader) -> Result<Option<Command>, RequestError> {
    Ok(Some(match segments {
        ["checkout", "sessions"] => Command::CreateCheckoutSession(CreateCheckoutSession::read(params)?),
        ["checkout", "sessions", session, "expire"] => {
            Command::ExpireCheckoutSession(id(session, CheckoutSessionId::parse)?)
        }
        ["customers"] => Command::CreateCustomer(CreateCustomer::read(params)?),
        ["payment_intents"] => Command::CreatePaymentIntent(CreatePaymentIntent::read(params)?),
        ["payment_intents", intent, "cancel"] => {
            Command::CancelPaymentIntent(CancelPaymentIntent::read(id(intent, PaymentIntentId::parse)?, params)?)
        }
        ["payment_methods", method, "detach"] => Command::DetachPaymentMethod(id(method, PaymentMethodId::parse)?),
        ["refunds"] => Command::CreateRefund(CreateRefund::read(params)?),
        ["disputes", dispute] => {
            Command::SubmitDisputeEvidence(SubmitDisputeEvidence::read(id(dispute, DisputeId::parse)?, params)?)
        }
        _ => return Ok(None),
    }))
}

fn read_query(segments: &[&str], params: &mut Reader) -> Result<Option<Query>, RequestError> {
    Ok(Some(match segments {
        ["checkout", "sessions", session] => {
            take_expand(params, EXPAND_CHECKOUT_SESSION)?;
            Query::CheckoutSession(id(session, CheckoutSessionId::parse)?)
        }
        ["payment_intents", intent] => {
            take_expand(params, EXPAND_PAYMENT_INTENT)?;
            Query::PaymentIntent(id(intent, PaymentIntentId::parse)?)
        }
        ["payment_methods", method] => Query::PaymentMethod(id(method, PaymentMethodId::parse)?),
        ["refunds"] => Query::Refunds(ListRefunds::read(params)?),
        ["refunds", refund] => Query::Refund(id(refund, RefundId::parse)?),
        ["disputes", dispute] => Query::Dispute(id(dispute, DisputeId::parse)?),
        ["balance_transactions"] => Query::BalanceTransactions(ListBalanceTransactions::read(params)?),
        ["payouts"] => Query::Payouts(ListPayouts::read(params)?),
        ["payouts", payout] => Query::Payout(id(payout, PayoutId::parse)?),
        _ => return Ok(None),
    }))
}

/// The members that a request of this kind asks to be given whole, in this order.
fn take_expand(params: &mut Reader, members: &[&str]) -> Result<(), RequestError> {
    members.iter().enumerate().try_for_each(|(at, member)| params.fixed(&format!("expand[{at}]"), member))
}
