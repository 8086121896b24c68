//! Attempts: one try to pay an order. Verified evidence dominates every belief of ours: an attempt that we gave up is
//! paid all the same when its provider says so.

use crate::ids::{AttemptId, CustomerId, OrderId};
use crate::ledger::Template;
use crate::money::Money;
use crate::time::{MINUTE_US, SECOND_US, SystemTime};
use crate::words::words;
use serde::{Deserialize, Serialize};

/// Who takes the money.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Provider {
    /// Alipay.
    Alipay,
    /// WeChat Pay.
    Wechat,
    /// Cards, by Stripe.
    Stripe,
    /// The operator's own bank account, known by its statements.
    Bank,
}
words!(Provider { Alipay = "alipay", Wechat = "wechat", Stripe = "stripe", Bank = "bank" });

/// How the customer pays.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Method {
    /// Alipay: a QR code on this screen, scanned with a phone (`alipay.trade.precreate`).
    AlipayQr,
    /// Alipay on this phone (`alipay.trade.wap.pay`).
    AlipayWap,
    /// Alipay's cashier page on a desktop (`alipay.trade.page.pay`).
    AlipayPage,
    /// WeChat Pay: a QR code on this screen (Native).
    WechatQr,
    /// WeChat Pay on this phone, from an ordinary browser (H5).
    WechatH5,
    /// WeChat Pay inside WeChat's own browser, which knows who its user is (JSAPI).
    WechatJsapi,
    /// A bank card, on the card provider's page.
    Card,
    /// An organisation's transfer to the operator's bank account, with a reference.
    BankTransfer,
    /// A bank card, on the card provider's page, to be remembered for renewals.
    CardKept,
    /// A saved bank card, while its owner is away.
    SavedCard,
    /// The account's paid credit.
    PaidCredit,
    /// The account's promotional credit.
    PromoCredit,
}
words!(Method {
    AlipayQr = "alipay_qr",
    AlipayWap = "alipay_wap",
    AlipayPage = "alipay_page",
    WechatQr = "wechat_qr",
    WechatH5 = "wechat_h5",
    WechatJsapi = "wechat_jsapi",
    Card = "card",
    BankTransfer = "bank_transfer",
    CardKept = "card_kept",
    SavedCard = "saved_card",
    PaidCredit = "paid_credit",
    PromoCredit = "promo_credit",
});

impl Method {
    /// Who takes the money; `None` for credit, which is in our ledger already.
    #[must_use]
    pub const fn provider(self) -> Option<Provider> {
        match self {
            Method::AlipayQr | Method::AlipayWap | Method::AlipayPage => Some(Provider::Alipay),
            Method::WechatQr | Method::WechatH5 | Method::WechatJsapi => Some(Provider::Wechat),
            Method::Card | Method::CardKept | Method::SavedCard => Some(Provider::Stripe),
            Method::BankTransfer => Some(Provider::Bank),
            Method::PaidCredit | Method::PromoCredit => None,
        }
    }
    /// The posting by which its money goes into an order.
    #[must_use]
    pub const fn brings(self) -> Template {
        match self {
            Method::PaidCredit => Template::CreditSpent,
            Method::PromoCredit => Template::PromoSpent,
            Method::BankTransfer => Template::PaidByBank,
            _ => Template::Paid,
        }
    }
    /// The posting by which a refund of its money is done.
    #[must_use]
    pub const fn refunded(self) -> Template {
        match self {
            Method::BankTransfer => Template::RefundDoneByBank,
            _ => Template::RefundDone,
        }
    }
    /// How the payer gets there.
    #[must_use]
    pub const fn way(self) -> Way {
        match self {
            Method::AlipayQr | Method::WechatQr => Way::Scan,
            Method::AlipayWap | Method::WechatH5 => Way::OpenOnPhone,
            Method::WechatJsapi => Way::InWechat,
            Method::AlipayPage | Method::Card | Method::CardKept => Way::Open,
            Method::BankTransfer => Way::Transfer,
            Method::PaidCredit | Method::PromoCredit | Method::SavedCard => Way::AtOnce,
        }
    }
}

/// How a payer gets to where the money is taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Way {
    /// By scanning a code on this screen with a phone.
    Scan,
    /// By a link that opens the provider's application on this phone.
    OpenOnPhone,
    /// On our page, inside WeChat's own browser and nowhere else; only the person for whom it was begun can pay it.
    InWechat,
    /// By a link to the provider's page, on any screen.
    Open,
    /// By a transfer from the payer's own bank.
    Transfer,
    /// Not at all: the money is here.
    AtOnce,
}

/// Where an attempt is. *Failed*, *closed* and *unknown* are beliefs; *paid* is evidence.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AttemptState {
    /// Written down; the provider was not asked yet.
    Created,
    /// The provider answered; the customer can pay.
    Pending,
    /// The provider was asked and what it did is not known.
    Unknown,
    /// The provider refused it; surely nothing was taken.
    Failed,
    /// Closed at the provider.
    Closed,
    /// Paid, by verified evidence.
    Paid,
}

words!(AttemptState {
    Created = "created",
    Pending = "pending",
    Unknown = "unknown",
    Failed = "failed",
    Closed = "closed",
    Paid = "paid",
});

impl AttemptState {
    /// Whether money may still come for it, as far as we know.
    #[must_use]
    pub const fn open(self) -> bool {
        matches!(self, AttemptState::Created | AttemptState::Pending | AttemptState::Unknown)
    }
    /// The state after a belief: anything but *paid*, which stays.
    #[must_use]
    pub const fn believed(self, belief: Self) -> Self {
        match (self, belief) {
            (AttemptState::Paid, _) => AttemptState::Paid,
            // Closed at the provider stays closed: a late answer to an earlier call does not reopen it.
            (AttemptState::Closed, AttemptState::Pending | AttemptState::Unknown) => AttemptState::Closed,
            (_, belief) => belief,
        }
    }
}

/// What became of the money of a paid attempt.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Settlement {
    /// It went into the order.
    Order,
    /// The order could not take it; it went to suspense and back to the payer.
    Refund,
    /// It is not what was asked; it waits in suspense for a person.
    Suspense,
    /// It was credit, and the order did not need it: it is credit again.
    Returned,
    /// It came to the bank account and no order can use it: it is the customer's credit.
    Credited,
}

words!(Settlement {
    Order = "order",
    Refund = "refund",
    Suspense = "suspense",
    Returned = "returned",
    Credited = "credited",
});

/// One try to pay (part of) an order by one method.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Attempt {
    /// Its id.
    pub id: AttemptId,
    /// The order's customer.
    pub customer: CustomerId,
    /// The order.
    pub order: OrderId,
    /// How.
    pub method: Method,
    /// Our number for it at the provider; fixed before the provider is first asked.
    pub out_trade_no: String,
    /// What was asked; of a bank transfer that came, what its order uses of it.
    pub amount: Money,
    /// Where it is.
    pub state: AttemptState,
    /// The provider's own name for it before it is paid, where it must be asked by that; of one that one person alone can pay,
    /// a keyed hash of the provider's name for that person; [`Attempt::BY_VOUCHER`] of credit that a voucher brought.
    pub reference: Option<String>,
    /// What the customer opens or scans to pay; inside WeChat, what is signed for the browser when the page is shown.
    pub pay_url: Option<String>,
    /// Until when that can be opened, if not as long as the attempt can be paid: then the provider is asked for another.
    pub pay_url_until: Option<SystemTime>,
    /// The provider's number, with the evidence.
    pub trade_no: Option<String>,
    /// What the evidence brought, in millionths.
    pub received: i64,
    /// What became of it.
    pub settlement: Option<Settlement>,
    /// When it was made.
    pub created_at: SystemTime,
    /// When the provider stops taking money for it.
    pub expires_at: SystemTime,
    /// When the evidence was accepted.
    pub paid_at: Option<SystemTime>,
}

impl Attempt {
    /// The reference of an attempt by credit that a voucher brought for this order.
    pub const BY_VOUCHER: &str = "voucher";
    /// Whether a voucher that was given for the order pays it.
    #[must_use]
    pub fn by_voucher(&self) -> bool {
        self.method.provider().is_none() && self.reference.as_deref() == Some(Self::BY_VOUCHER)
    }
    /// What its money brings into an order: what came, up to what was asked. Only a bank transfer brings more.
    #[must_use]
    pub fn into_order(&self) -> i64 {
        self.received.min(self.amount.micros())
    }
}

/// Verified evidence that a provider took money for us: a notification, an answer to a query, or a bill line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Evidence {
    /// Who says so.
    pub provider: Provider,
    /// Our number of the attempt.
    pub out_trade_no: String,
    /// The provider's number.
    pub trade_no: String,
    /// What was paid.
    pub amount: Money,
}

/// When to ask the provider again, after `asked` questions, counted from the attempt's creation.
///
/// 5 s, 10 s, 30 s, 1 min, then every 5 minutes until the provider stops taking money plus `GRACE`; after that only
/// the daily bill can say more. `None` means: stop asking. A bank is not asked: its attempt is only looked at when it ends.
#[must_use]
pub fn next_query(attempt: &Attempt, asked: u32, now: SystemTime) -> Option<SystemTime> {
    const GRACE_US: i64 = 10 * MINUTE_US;
    let end = attempt.expires_at.plus_us(GRACE_US);
    if attempt.method == Method::BankTransfer {
        return (now < end).then_some(end);
    }
    let wait = match asked {
        0 => 5 * SECOND_US,
        1 => 10 * SECOND_US,
        2 => 30 * SECOND_US,
        3 => MINUTE_US,
        _ => 5 * MINUTE_US,
    };
    (now < end).then(|| now.plus_us(wait))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paid_stays_paid_and_closed_stays_closed() {
        for belief in AttemptState::ALL {
            assert_eq!(AttemptState::Paid.believed(belief), AttemptState::Paid);
            assert_eq!(AttemptState::from_word(belief.word()), Some(belief));
        }
        assert_eq!(AttemptState::Closed.believed(AttemptState::Pending), AttemptState::Closed);
        assert_eq!(AttemptState::Unknown.believed(AttemptState::Pending), AttemptState::Pending);
    }
}
