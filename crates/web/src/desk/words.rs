//! Names of methods and states of payments, refunds and disputes, as staff read them.

use everline_core::dispute::DisputeState;
use everline_core::payment::{AttemptState, Method, Settlement};
use everline_core::refund::{RefundReason, RefundState};

pub(super) const fn method_key(method: Method) -> &'static str {
    match method {
        Method::AlipayQr => "figures-method-alipay-qr",
        Method::AlipayWap => "figures-method-alipay-wap",
        Method::AlipayPage => "figures-method-alipay-page",
        Method::WechatQr => "figures-method-wechat-qr",
        Method::WechatH5 => "figures-method-wechat-web",
        Method::WechatJsapi => "figures-method-wechat-inside",
        Method::Card => "figures-method-card",
        Method::BankTransfer => "figures-method-bank",
        Method::CardKept => "figures-method-card-kept",
        Method::SavedCard => "figures-method-saved-card",
        Method::PaidCredit => "figures-method-paid-credit",
        Method::PromoCredit => "figures-method-promo-credit",
    }
}

pub(super) const fn attempt_key(state: AttemptState) -> &'static str {
    match state {
        AttemptState::Created => "desk-attempt-created",
        AttemptState::Pending => "desk-attempt-pending",
        AttemptState::Unknown => "desk-attempt-unknown",
        AttemptState::Failed => "desk-attempt-failed",
        AttemptState::Closed => "desk-attempt-closed",
        AttemptState::Paid => "desk-attempt-paid",
    }
}

pub(super) const fn settlement_key(settlement: Settlement) -> &'static str {
    match settlement {
        Settlement::Order => "desk-settlement-order",
        Settlement::Refund => "desk-settlement-refund",
        Settlement::Suspense => "desk-settlement-suspense",
        Settlement::Returned => "desk-settlement-returned",
        Settlement::Credited => "desk-settlement-credited",
    }
}

pub(super) const fn refund_reason_key(reason: RefundReason) -> &'static str {
    match reason {
        RefundReason::Late => "desk-refund-late",
        RefundReason::Undeliverable => "desk-refund-undeliverable",
        RefundReason::Surplus => "desk-refund-surplus",
        RefundReason::NetworkRefused => "desk-refund-network-refused",
        RefundReason::NotNeeded => "desk-refund-not-needed",
        RefundReason::ByRule => "desk-refund-by-rule",
        RefundReason::WrongNumber => "desk-refund-wrong-number",
        RefundReason::ByStaff => "desk-refund-by-staff",
    }
}

pub(super) const fn refund_state_key(state: RefundState) -> &'static str {
    match state {
        RefundState::InFlight => "desk-refund-state-in-flight",
        RefundState::Done => "desk-refund-state-done",
        RefundState::Failed => "desk-refund-state-failed",
        RefundState::Credited => "desk-refund-state-credited",
        RefundState::PaidOut => "desk-refund-state-paid-out",
        RefundState::MadeGood => "desk-refund-state-made-good",
    }
}

pub(super) const fn dispute_state_key(state: DisputeState) -> &'static str {
    match state {
        DisputeState::Inquiry => "desk-dispute-inquiry",
        DisputeState::Open => "desk-dispute-open",
        DisputeState::Ended => "desk-dispute-ended",
        DisputeState::Won => "desk-dispute-won",
        DisputeState::Lost => "desk-dispute-lost",
    }
}
