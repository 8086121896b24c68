//! Webhooks: what an event says of a payment or a refund of ours.

use super::{OUT_REQUEST_NO, OUT_TRADE_NO, StripeConfig, evidence_of, from_wire};
use everline_app::ports::{NoticeRefusal, NoticeSays, PaymentNotice, RawNotice};
use everline_core::dispute::{DisputeSaid, DisputeState};
use everline_core::payment::{Evidence, Provider};
use everline_core::time::{SECOND_US, SystemTime};
use wire_pay::stripe::{CheckoutSession, Dispute, DisputeStatus, Event, EventObject, EventType, WebhookError};

pub(super) fn read(config: &StripeConfig, notice: &RawNotice<'_>) -> Result<PaymentNotice, NoticeRefusal> {
    let signature = notice.header("stripe-signature").ok_or(NoticeRefusal::Forged)?;
    let now_unix_s = notice.at.us().div_euclid(SECOND_US);
    let event = Event::verify(notice.body, signature, &config.webhook_secrets, now_unix_s);
    let event = event.map_err(|error| refused(&error))?;
    Ok(PaymentNotice { name: event.id.to_string(), says: says(&event, config.livemode) })
}

fn refused(error: &WebhookError) -> NoticeRefusal {
    match error {
        WebhookError::TooOld { .. } | WebhookError::TooEarly { .. } => NoticeRefusal::Stale,
        WebhookError::TooLarge { .. } | WebhookError::Event(_) => NoticeRefusal::Unreadable,
        WebhookError::NoTimestamp
        | WebhookError::NoSignature
        | WebhookError::TooManySignatures { .. }
        | WebhookError::BadSignature => NoticeRefusal::Forged,
    }
}

/// What a genuine event means. An account has events about much that is none of ours, and each event about a payment
/// says where it was when the event was made: only that money was taken cannot be overtaken.
fn says(event: &Event, livemode: bool) -> NoticeSays {
    let (kind, object) = (&event.kind, &event.object);
    let says = match (kind, object) {
        (
            EventType::CheckoutSessionCompleted | EventType::CheckoutSessionAsyncPaymentSucceeded,
            EventObject::CheckoutSession(session),
        ) if session.is_paid() => by_session(session).map(NoticeSays::Paid),
        (EventType::PaymentIntentSucceeded, EventObject::PaymentIntent(intent)) if intent.is_paid() => {
            let ours = intent.metadata.get(OUT_TRADE_NO);
            ours.and_then(|out_trade_no| evidence_of(intent, out_trade_no)).map(NoticeSays::Paid)
        }
        (EventType::ChargeSucceeded | EventType::ChargeFailed, EventObject::Charge(charge)) => {
            let ours = charge.metadata.get(OUT_TRADE_NO).map(str::to_owned);
            let used = ours.zip(charge.card_fingerprint.clone());
            used.map(|(out_trade_no, fingerprint)| NoticeSays::CardUsed { out_trade_no, fingerprint })
        }
        (EventType::RefundUpdated | EventType::RefundFailed, EventObject::Refund(refund)) => {
            let ours = refund.metadata.get(OUT_REQUEST_NO).map(str::to_owned);
            ours.map(|out_request_no| NoticeSays::RefundMoved { out_request_no })
        }
        (
            EventType::DisputeCreated
            | EventType::DisputeUpdated
            | EventType::DisputeClosed
            | EventType::DisputeFundsWithdrawn
            | EventType::DisputeFundsReinstated,
            EventObject::Dispute(dispute),
        ) => by_dispute(dispute).map(NoticeSays::Dispute),
        _ => None,
    };
    let Some(says) = says else {
        tracing::info!(kind = kind.as_str(), "an event of stripe that changes nothing here");
        return NoticeSays::Nothing;
    };
    if event.livemode == livemode {
        return says;
    }
    match says {
        NoticeSays::Paid(evidence) => NoticeSays::OtherMerchant { out_trade_no: evidence.out_trade_no },
        _ => NoticeSays::Nothing,
    }
}

/// The session says what was asked in all, which is what was taken: no other currency is offered, and no tip or tax is
/// added.
fn by_session(session: &CheckoutSession) -> Option<Evidence> {
    Some(Evidence {
        provider: Provider::Stripe,
        out_trade_no: session.client_reference_id.clone()?,
        trade_no: session.payment_intent.as_ref()?.id().to_string(),
        amount: from_wire(session.amount_total?)?,
    })
}

/// Where a dispute is says its status, whichever event brought it: events come in any order, and each has the dispute as it was.
fn by_dispute(dispute: &Dispute) -> Option<DisputeSaid> {
    let state = match dispute.status {
        DisputeStatus::WarningNeedsResponse | DisputeStatus::WarningUnderReview => DisputeState::Inquiry,
        DisputeStatus::WarningClosed | DisputeStatus::Prevented => DisputeState::Ended,
        // An appeal is of a dispute that was lost; should it be won, people must look.
        DisputeStatus::AppealNeedsResponse | DisputeStatus::AppealUnderReview | DisputeStatus::Lost => {
            DisputeState::Lost
        }
        DisputeStatus::NeedsResponse | DisputeStatus::UnderReview => DisputeState::Open,
        DisputeStatus::Won => DisputeState::Won,
        DisputeStatus::Other(_) => return None,
    };
    let time = |unix_s: i64| SystemTime::from_us(unix_s.saturating_mul(SECOND_US));
    Some(DisputeSaid {
        reference: dispute.id.to_string(),
        trade_no: dispute.payment_intent.as_ref()?.to_string(),
        reason: dispute.reason.clone(),
        amount: from_wire(dispute.amount)?,
        state,
        due_by: dispute.evidence_due_by_unix_s.map(time),
        made_at: time(dispute.created_unix_s),
    })
}
