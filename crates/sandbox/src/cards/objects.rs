//! The objects of a session as the API writes them. All ids of a session contain its token, so that they lead back to it.

use super::book::{Happened, RefundEnd, Session, State};
use super::kept::{CardDispute, DisputeStand};
use wire_pay::{
    Error,
    stripe::{
        API_VERSION, Amount, BalanceSource, BalanceSourceId, BalanceTransaction, BalanceTransactionId,
        BalanceTransactionType, Card, Charge, ChargeId, ChargeStatus, CheckoutSession, CheckoutSessionId, CustomerId,
        Dispute, DisputeId, DisputeStatus, Event, EventId, EventObject, EventType, Expandable, Payer, PaymentError,
        PaymentIntent, PaymentIntentId, PaymentIntentStatus, PaymentMethod, PaymentMethodId, Refund, RefundId,
        RefundStatus, SessionMode, SessionPaymentStatus, SessionPurpose, SessionStatus,
    },
};

const SECOND_US: i64 = 1_000_000;
/// When taken money can be paid out, in seconds after it was taken.
const AVAILABLE_AFTER_S: i64 = 2 * 86_400;

pub(super) const SESSION: &str = "cs_test_";
pub(super) const INTENT: &str = "pi_";
pub(super) const REFUND: &str = "re_";
pub(super) const CUSTOMER: &str = "cus_";
pub(super) const METHOD: &str = "pm_";
pub(super) const DISPUTE: &str = "du_";

/// The session; with its payment, if that is asked for.
pub(super) fn session(session: &Session, page_url: String, whole: bool) -> Result<CheckoutSession, Error> {
    let status = match session.state {
        State::Open | State::Challenged => SessionStatus::Open,
        State::Paid { .. } => SessionStatus::Complete,
        State::Expired { .. } => SessionStatus::Expired,
    };
    let paid = session.paid_us().is_some();
    // There is no payment before the first card.
    let tried = paid || session.state == State::Challenged || session.declined > 0;
    let payment_intent = match (tried, whole) {
        (false, _) => None,
        (true, false) => Some(Expandable::Id(PaymentIntentId::parse(&format!("{INTENT}{}", session.token))?)),
        (true, true) => Some(Expandable::Object(Box::new(intent(session)?))),
    };
    Ok(CheckoutSession {
        id: CheckoutSessionId::parse(&format!("{SESSION}{}", session.token))?,
        mode: SessionMode::Payment,
        url: (status == SessionStatus::Open).then_some(page_url),
        status,
        payment_status: if paid { SessionPaymentStatus::Paid } else { SessionPaymentStatus::Unpaid },
        amount_total: Some(session.amount),
        client_reference_id: Some(session.out_trade_no().to_owned()),
        customer: customer(session),
        payment_intent,
        setup_intent: None,
        created_unix_s: session.created_us / SECOND_US,
        expires_at_unix_s: session.request.expires_at_unix_s,
        metadata: wire_pay::stripe::Metadata::new(),
    })
}

/// The payment of a session.
pub(super) fn intent(session: &Session) -> Result<PaymentIntent, Error> {
    let paid = session.paid_us().is_some();
    let status = match session.state {
        State::Paid { .. } => PaymentIntentStatus::Succeeded,
        State::Challenged => PaymentIntentStatus::RequiresAction,
        State::Open => PaymentIntentStatus::RequiresPaymentMethod,
        State::Expired { .. } => PaymentIntentStatus::Canceled,
    };
    let declined =
        PaymentError { code: Some("card_declined".to_owned()), decline_code: Some("generic_decline".to_owned()) };
    let nothing = Amount::new(0, session.amount.currency()).map_err(|_| Error::BadField { name: "amount" })?;
    Ok(PaymentIntent {
        id: PaymentIntentId::parse(&format!("{INTENT}{}", session.token))?,
        last_payment_error: (status == PaymentIntentStatus::RequiresPaymentMethod).then_some(declined),
        status,
        amount: session.amount,
        amount_received: if paid { session.amount } else { nothing },
        latest_charge: if paid { Some(Expandable::Id(charge_id(session)?)) } else { None },
        payment_method: if paid { method_id(session)? } else { None },
        customer: customer(session),
        redirect_url: None,
        created_unix_s: session.created_us / SECOND_US,
        metadata: session.request.metadata.clone(),
    })
}

/// Who pays, if that is a customer.
fn customer(session: &Session) -> Option<CustomerId> {
    match &session.request.purpose {
        SessionPurpose::Payment { payer: Payer::Customer(customer) | Payer::SavingCard(customer), .. } => {
            Some(customer.clone())
        }
        _ => None,
    }
}

/// The card that paid, where it is a kept one.
fn method_id(session: &Session) -> Result<Option<PaymentMethodId>, Error> {
    let of = session.pays_with.as_ref().or_else(|| session.keeps_for().map(|_| &session.token));
    of.map(|token| PaymentMethodId::parse(&format!("{METHOD}{token}"))).transpose()
}

/// The card that a session keeps.
pub(super) fn method(session: &Session) -> Result<PaymentMethod, Error> {
    let card = Card {
        brand: "visa".to_owned(),
        last4: "4242".to_owned(),
        exp_month: 12,
        exp_year: 2039,
        fingerprint: Some("sandbox".to_owned()),
    };
    Ok(PaymentMethod {
        id: PaymentMethodId::parse(&format!("{METHOD}{}", session.token))?,
        kind: "card".to_owned(),
        card: Some(card),
        customer: customer(session).filter(|_| !session.detached),
        created_unix_s: session.paid_us().unwrap_or(session.created_us) / SECOND_US,
    })
}

/// How long evidence can be given, in seconds.
const EVIDENCE_S: i64 = 14 * 86_400;

/// The dispute of a session's charge.
pub(super) fn dispute(session: &Session, dispute: CardDispute) -> Result<Dispute, Error> {
    Ok(Dispute {
        id: DisputeId::parse(&format!("{DISPUTE}{}", session.token))?,
        status: match dispute.stand {
            DisputeStand::Open => DisputeStatus::NeedsResponse,
            DisputeStand::Won => DisputeStatus::Won,
            DisputeStand::Lost => DisputeStatus::Lost,
        },
        reason: "fraudulent".to_owned(),
        amount: session.amount,
        charge: charge_id(session)?,
        payment_intent: Some(PaymentIntentId::parse(&format!("{INTENT}{}", session.token))?),
        evidence_due_by_unix_s: Some(dispute.at_us / SECOND_US + EVIDENCE_S),
        has_evidence: false,
        submission_count: 0,
        is_charge_refundable: false,
        created_unix_s: dispute.at_us / SECOND_US,
        metadata: wire_pay::stripe::Metadata::new(),
    })
}

fn charge_id(session: &Session) -> Result<ChargeId, Error> {
    ChargeId::parse(&format!("ch_{}", session.token))
}

/// The last try that a card's bank declined.
fn declined(session: &Session) -> Result<Charge, Error> {
    Ok(Charge {
        id: ChargeId::parse(&format!("ch_{}_{}", session.token, session.declined))?,
        status: ChargeStatus::Failed,
        captured: false,
        failure_code: Some("card_declined".to_owned()),
        ..charge(session)?
    })
}

pub(super) fn charge(session: &Session) -> Result<Charge, Error> {
    let refunded = session.refunded_minor();
    Ok(Charge {
        id: charge_id(session)?,
        status: ChargeStatus::Succeeded,
        amount: session.amount,
        amount_refunded: Amount::new(refunded, session.amount.currency())
            .map_err(|_| Error::BadField { name: "amount_refunded" })?,
        captured: true,
        refunded: refunded == session.amount.minor(),
        disputed: session.dispute.is_some(),
        payment_intent: Some(PaymentIntentId::parse(&format!("{INTENT}{}", session.token))?),
        card_fingerprint: Some("sandbox".to_owned()),
        failure_code: None,
        created_unix_s: session.paid_us().unwrap_or(session.created_us) / SECOND_US,
        metadata: session.request.metadata.clone(),
    })
}

/// The refund at a place.
pub(super) fn refund(session: &Session, at: usize) -> Result<Refund, Error> {
    let known = session.refunds.get(at).ok_or(Error::BadField { name: "refund" })?;
    let (status, failure_reason) = match known.end {
        RefundEnd::Pending => (RefundStatus::Pending, None),
        RefundEnd::Succeeded => (RefundStatus::Succeeded, None),
        RefundEnd::Failed => (RefundStatus::Failed, Some("lost_or_stolen_card".to_owned())),
    };
    Ok(Refund {
        id: RefundId::parse(&format!("{REFUND}{}_{at}", session.token))?,
        status: Some(status),
        amount: known.amount,
        charge: Some(charge_id(session)?),
        payment_intent: Some(PaymentIntentId::parse(&format!("{INTENT}{}", session.token))?),
        failure_reason,
        created_unix_s: known.at_us / SECOND_US,
        metadata: known.metadata.clone(),
    })
}

/// The refunds of a session, newest first.
pub(super) fn refunds(session: &Session) -> Result<Vec<Refund>, Error> {
    (0..session.refunds.len()).rev().map(|at| refund(session, at)).collect()
}

/// What a session moved the balance by: the charge less a fee of 2.9 % and 30 minor units, and every refund that went.
pub(super) fn movements(session: &Session) -> Result<Vec<BalanceTransaction>, Error> {
    let Some(paid_us) = session.paid_us() else { return Ok(Vec::new()) };
    let out_of_range = |_| Error::BadField { name: "amount" };
    let amount = |minor| Amount::new(minor, session.amount.currency()).map_err(out_of_range);
    let payment_intent = Some(PaymentIntentId::parse(&format!("{INTENT}{}", session.token))?);
    let movement = |id: String, kind, minor: i64, fee: i64, at_us: i64, source| {
        Ok::<_, Error>(BalanceTransaction {
            id: BalanceTransactionId::parse(&id)?,
            kind,
            gross: amount(minor)?,
            fee: amount(fee)?,
            net: amount(minor - fee)?,
            source: Some(source),
            created_unix_s: at_us / SECOND_US,
            available_on_unix_s: at_us / SECOND_US + AVAILABLE_AFTER_S,
        })
    };
    let source = |id: &str, kind: &str, charge, metadata| {
        let (id, kind) = (BalanceSourceId::parse(id)?, Some(kind.to_owned()));
        Ok::<_, Error>(BalanceSource { id, kind, payment_intent: payment_intent.clone(), charge, metadata })
    };
    let minor = session.amount.minor();
    let fee = (minor.saturating_mul(29) / 1_000 + 30).min(minor);
    let charged = source(charge_id(session)?.as_str(), "charge", None, session.request.metadata.clone())?;
    let charged =
        movement(format!("txn_{}", session.token), BalanceTransactionType::Charge, minor, fee, paid_us, charged)?;
    let mut all = vec![charged];
    for (at, known) in session.refunds.iter().enumerate().filter(|(_, known)| known.end == RefundEnd::Succeeded) {
        let id = format!("{REFUND}{}_{at}", session.token);
        let source = source(&id, "refund", Some(charge_id(session)?), known.metadata.clone())?;
        let (id, minor) = (format!("txn_{}_{at}", session.token), -known.amount.minor());
        all.push(movement(id, BalanceTransactionType::Refund, minor, 0, known.at_us, source)?);
    }
    Ok(all)
}

/// The events that tell what happened, in the order in which they come about.
pub(super) fn events(
    session_now: &Session,
    happened: Happened,
    ids: [String; 3],
    now_us: i64,
) -> Result<Vec<Event>, Error> {
    let of_session = |kind| {
        let object = session(session_now, String::new(), false)?;
        Ok::<_, Error>((kind, EventObject::CheckoutSession(Box::new(object))))
    };
    let of_intent = |kind| Ok::<_, Error>((kind, EventObject::PaymentIntent(Box::new(intent(session_now)?))));
    let of_charge = |kind, charge| (kind, EventObject::Charge(Box::new(charge)));
    let told = match happened {
        Happened::Paid if session_now.pays_with.is_some() => vec![
            of_charge(EventType::ChargeSucceeded, charge(session_now)?),
            of_intent(EventType::PaymentIntentSucceeded)?,
        ],
        Happened::Disputed | Happened::DisputeEnded => {
            let Some(known) = session_now.dispute else { return Ok(Vec::new()) };
            let kinds = match known.stand {
                DisputeStand::Open => vec![EventType::DisputeCreated, EventType::DisputeFundsWithdrawn],
                DisputeStand::Won => vec![EventType::DisputeClosed, EventType::DisputeFundsReinstated],
                DisputeStand::Lost => vec![EventType::DisputeClosed],
            };
            let object = dispute(session_now, known)?;
            kinds.into_iter().map(|kind| (kind, EventObject::Dispute(Box::new(object.clone())))).collect()
        }
        Happened::Paid => vec![
            of_charge(EventType::ChargeSucceeded, charge(session_now)?),
            of_intent(EventType::PaymentIntentSucceeded)?,
            of_session(EventType::CheckoutSessionCompleted)?,
        ],
        Happened::Declined => vec![
            of_charge(EventType::ChargeFailed, declined(session_now)?),
            of_intent(EventType::PaymentIntentPaymentFailed)?,
        ],
        Happened::Expired => vec![of_session(EventType::CheckoutSessionExpired)?],
        Happened::Refunded(_) => vec![of_charge(EventType::ChargeRefunded, charge(session_now)?)],
        Happened::RefundEnded(at) => {
            vec![(EventType::RefundUpdated, EventObject::Refund(Box::new(refund(session_now, at)?)))]
        }
    };
    let event = |((kind, object), id): ((EventType, EventObject), String)| {
        Ok(Event {
            id: EventId::parse(&format!("evt_{id}"))?,
            kind,
            created_unix_s: now_us / SECOND_US,
            livemode: false,
            api_version: Some(API_VERSION.to_owned()),
            object,
        })
    };
    told.into_iter().zip(ids).map(event).collect()
}
