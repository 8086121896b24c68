//! Cards that are kept: customers, debits while they are away, and disputes of what was taken.
//!
//! A debit is a session without a page. A card is called after the session that kept it.

use super::book::{Book, Happened, Session, State};
use super::{Answer, Told, broken, done, not_found, objects, refusal, refused, state, token, trouble};
use crate::{gateway::trade::Intent, random_hex};
use serde::{Deserialize, Serialize};
use wire_pay::stripe::{
    CancelPaymentIntent, CreateCheckoutSession, CreateCustomer, CreatePaymentIntent, Customer, CustomerId, ErrorType,
    Object as _, Payer, PaymentMethodId, Refusal, SessionPurpose,
};

/// How debits of kept cards end.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum DebitEnd {
    /// The money is taken.
    #[default]
    Succeeded,
    /// The bank declines.
    Declined,
    /// The bank wants to ask the card's owner.
    Authentication,
}

/// How a dispute stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum DisputeStand {
    Open,
    Won,
    Lost,
}

/// The payer's bank wants the money back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct CardDispute {
    pub(crate) at_us: i64,
    pub(crate) stand: DisputeStand,
}

/// How long a debit that was refused waits for another card, in seconds: as good as for ever.
const WAITS_S: i64 = 10 * 365 * 86_400;

pub(super) fn create_customer(
    book: &mut Book,
    create: &CreateCustomer,
    now_us: i64,
) -> Result<(Answer, Told), Box<Refusal>> {
    let token = random_hex(12).map_err(|_| trouble())?;
    let customer = Customer {
        id: CustomerId::parse(&format!("{}{token}", objects::CUSTOMER)).map_err(broken)?,
        created_unix_s: now_us / 1_000_000,
        metadata: create.metadata.clone(),
    };
    book.customers.insert(customer.id.as_str().to_owned());
    Ok((done(&customer.to_json()), None))
}

/// Whoever a session names must be there.
pub(super) fn known_payer(book: &Book, payer: &Payer) -> Result<(), Box<Refusal>> {
    match payer {
        Payer::Customer(customer) | Payer::SavingCard(customer) if !book.customers.contains(customer.as_str()) => {
            Err(missing("customer"))
        }
        _ => Ok(()),
    }
}

fn missing(param: &str) -> Box<Refusal> {
    Box::new(Refusal {
        param: Some(param.to_owned()),
        ..*refused(400, Some("resource_missing"), Some("no such object"))
    })
}

/// Takes money from a kept card, or refuses as the bank would.
pub(super) fn debit(
    book: &mut Book,
    create: &CreatePaymentIntent,
    now_us: i64,
) -> Result<(Answer, Told), Box<Refusal>> {
    let customer = create.customer.as_str();
    let kept = token(create.payment_method.as_str(), objects::METHOD).and_then(|token| book.by_token(token));
    let kept = kept.filter(|kept| kept.keeps_for() == Some(customer) && !kept.detached);
    let pays_with = kept.map(|kept| kept.token.clone()).ok_or_else(|| missing("payment_method"))?;
    let end = book.debits_end;
    let number = create.metadata.get("out_trade_no").unwrap_or_default().to_owned();
    let session = Session {
        request: CreateCheckoutSession {
            client_reference_id: number,
            purpose: SessionPurpose::Payment {
                amount: create.amount,
                product_name: create.description.clone().unwrap_or_default(),
                payer: Payer::Customer(create.customer.clone()),
            },
            success_url: create.return_url.clone(),
            cancel_url: create.return_url.clone(),
            expires_at_unix_s: now_us / 1_000_000 + WAITS_S,
            locale: None,
            metadata: create.metadata.clone(),
        },
        amount: create.amount,
        subject: create.description.clone().unwrap_or_default(),
        token: random_hex(16).map_err(|_| trouble())?,
        created_us: now_us,
        state: if end == DebitEnd::Succeeded { State::Paid { at_us: now_us } } else { State::Open },
        intent: Intent::Undecided,
        declined: u32::from(end != DebitEnd::Succeeded),
        refunds: Vec::new(),
        pays_with: Some(pays_with),
        detached: false,
        dispute: None,
    };
    let session = book.open(session).clone();
    let intent = objects::intent(&session).map_err(broken)?;
    let (code, decline_code) = match end {
        DebitEnd::Succeeded => return Ok((done(&intent.to_json()), Some((session, vec![Happened::Paid])))),
        DebitEnd::Declined => ("card_declined", "generic_decline"),
        DebitEnd::Authentication => ("authentication_required", "authentication_required"),
    };
    let no = Refusal {
        status: 402,
        error_type: ErrorType::Card,
        code: Some(code.to_owned()),
        decline_code: Some(decline_code.to_owned()),
        param: None,
        message: Some("the card was not charged".to_owned()),
        payment_intent: Some(Box::new(intent)),
    };
    Ok((refusal(&no), Some((session, vec![Happened::Declined]))))
}

/// Gives a debit up that was refused.
pub(super) fn cancel(book: &mut Book, cancel: &CancelPaymentIntent) -> Result<(Answer, Told), Box<Refusal>> {
    let session = token(cancel.payment_intent.as_str(), objects::INTENT).and_then(|token| book.by_token_mut(token));
    let session = session.filter(|session| session.pays_with.is_some()).ok_or_else(not_found)?;
    session.expire().map_err(|_| {
        Box::new(Refusal { ..*refused(400, Some("payment_intent_unexpected_state"), Some("it is over")) })
    })?;
    Ok((done(&objects::intent(session).map_err(broken)?.to_json()), None))
}

/// Forgets a card.
pub(super) fn detach(book: &mut Book, id: &PaymentMethodId) -> Result<(Answer, Told), Box<Refusal>> {
    let session = token(id.as_str(), objects::METHOD).and_then(|token| book.by_token_mut(token));
    let session = session.filter(|session| session.keeps_for().is_some()).ok_or_else(not_found)?;
    if session.detached {
        return Err(state(super::book::Refused::NotOpen));
    }
    session.detached = true;
    Ok((done(&objects::method(session).map_err(broken)?.to_json()), None))
}
