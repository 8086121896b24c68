//! One order at a payment gateway and, once it exists, its trade: what it is, where it stands, and what its gateway calls
//! that.

use serde::Serialize;
use wire_pay::Fen;
use wire_pay::alipay::format_time;

/// Whose gateway it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Wallet {
    Alipay,
    Wechat,
}

/// How a trade was asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Product {
    /// Alipay: a QR code.
    Precreate,
    /// Alipay: the cashier page on a phone.
    Wap,
    /// Alipay: the cashier page on a desktop.
    Page,
    /// WeChat Pay: a QR code.
    Native,
    /// WeChat Pay: a link on a phone.
    H5,
    /// WeChat Pay: inside WeChat, for one person.
    Jsapi,
}

impl Product {
    /// Whose it is.
    pub(crate) const fn wallet(self) -> Wallet {
        match self {
            Self::Precreate | Self::Wap | Self::Page => Wallet::Alipay,
            Self::Native | Self::H5 | Self::Jsapi => Wallet::Wechat,
        }
    }

    /// Whether the payer scans it.
    pub(crate) const fn is_code(self) -> bool {
        matches!(self, Self::Precreate | Self::Native)
    }
}

/// What the merchant asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct OrderRequest {
    pub(crate) out_trade_no: String,
    pub(crate) amount: Fen,
    pub(crate) subject: String,
    pub(crate) notify_url: Option<String>,
    pub(crate) return_url: Option<String>,
    /// Comes back in notifications (`passback_params`, `attach`).
    pub(crate) passback: Option<String>,
    pub(crate) product: Product,
    /// Who alone can pay it, as the application knows them.
    pub(crate) openid: Option<String>,
    /// Until when it can be paid (unless the payer is made to pay late).
    pub(crate) deadline_us: i64,
}

/// Where an order stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum State {
    /// A code or link was handed out and nobody opened it: at Alipay **there is no trade**, at WeChat Pay there is.
    Offered,
    /// Scanned or opened, not paid.
    Waiting,
    /// Paid.
    Paid {
        /// When, unix µs.
        at_us: i64,
    },
    /// Never paid and no longer payable.
    Closed {
        /// When, unix µs.
        at_us: i64,
        /// Whether the deadline closed it; otherwise the merchant did.
        by_deadline: bool,
    },
}

/// What the payer means to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Intent {
    /// Nothing said yet.
    Undecided,
    /// Pays as soon as the deadline has passed.
    Late,
    /// Does not pay.
    Never,
}

/// Money given back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Refund {
    pub(crate) request_no: String,
    pub(crate) amount: Fen,
    pub(crate) at_us: i64,
}

/// One order and, once it exists, its trade.
#[derive(Debug, Clone)]
pub(crate) struct Trade {
    pub(crate) request: OrderRequest,
    /// Names the payer's page; not guessable.
    pub(crate) token: String,
    /// The gateway's number, from the moment the trade exists.
    pub(crate) trade_no: Option<String>,
    pub(crate) created_us: i64,
    pub(crate) state: State,
    pub(crate) intent: Intent,
    /// How often a payment was declined.
    pub(crate) declined: u32,
    pub(crate) refunds: Vec<Refund>,
}

/// Something the merchant is notified of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Event {
    /// The trade was paid.
    Paid,
    /// The trade was closed without a payment.
    Closed,
    /// Money was given back.
    Refunded(Refund),
}

/// Why a payer cannot pay.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, thiserror::Error)]
#[serde(rename_all = "snake_case")]
pub(crate) enum CannotPay {
    #[error("no such order")]
    Unknown,
    #[error("already paid")]
    AlreadyPaid,
    #[error("closed by the merchant")]
    Closed,
    #[error("past its deadline")]
    Expired,
}

/// Names a trade as the merchant does: by either number or both.
#[derive(Debug, Clone)]
pub(crate) struct TradeKey {
    pub(crate) wallet: Wallet,
    pub(crate) out_trade_no: Option<String>,
    pub(crate) trade_no: Option<String>,
}

/// Why a merchant is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Refused {
    /// There is no such trade.
    NotExist,
    /// The trade's state does not allow it.
    WrongState,
    /// The order that is asked for again is paid.
    HasSuccess,
    /// The order that is asked for again is closed.
    HasClose,
    /// The number belongs to an order with other content.
    OtherOrder,
    /// The number belongs to a refund of another amount.
    OtherRefund,
    /// More than was paid.
    RefundTooLarge,
    /// A parameter is missing or wrong.
    Invalid,
    /// The gateway's own trouble.
    System,
}

impl Trade {
    /// Whose gateway it is at.
    pub(crate) const fn wallet(&self) -> Wallet {
        self.request.product.wallet()
    }

    /// The state's name on the wire; nothing while there is no trade.
    pub(crate) fn status(&self) -> Option<&'static str> {
        match (self.wallet(), self.state) {
            (Wallet::Alipay, State::Offered) => None,
            (Wallet::Alipay, State::Waiting) => Some("WAIT_BUYER_PAY"),
            // A trade that was refunded in full counts as closed.
            (Wallet::Alipay, State::Paid { .. }) if self.refunded() == self.request.amount => Some("TRADE_CLOSED"),
            (Wallet::Alipay, State::Paid { .. }) => Some("TRADE_SUCCESS"),
            (Wallet::Alipay, State::Closed { .. }) => Some("TRADE_CLOSED"),
            (Wallet::Wechat, State::Offered | State::Waiting) => Some("NOTPAY"),
            (Wallet::Wechat, State::Paid { .. }) if self.refunds.is_empty() => Some("SUCCESS"),
            (Wallet::Wechat, State::Paid { .. }) => Some("REFUND"),
            (Wallet::Wechat, State::Closed { .. }) => Some("CLOSED"),
        }
    }

    /// What was given back so far.
    pub(crate) fn refunded(&self) -> Fen {
        self.refunds.iter().fold(Fen::ZERO, |sum, refund| sum.checked_add(refund.amount).unwrap_or(Fen::MAX))
    }

    /// When it was paid, unix µs.
    pub(crate) fn paid_us(&self) -> Option<i64> {
        match self.state {
            State::Paid { at_us } => Some(at_us),
            _ => None,
        }
    }

    /// The fee of an amount of it: 0.6 %, rounded to the fen; at least one.
    pub(crate) fn fee(amount: Fen) -> i64 {
        ((amount.get() * 6 + 500) / 1_000).max(1)
    }

    /// Whether a person could still do something about it.
    pub(crate) fn is_open(&self) -> bool {
        matches!(self.state, State::Offered | State::Waiting) && self.intent != Intent::Never
    }

    /// Whether the merchant is told that there is one.
    pub(super) fn exists(&self) -> bool {
        self.state != State::Offered || self.wallet() == Wallet::Wechat
    }

    pub(super) fn same_order(&self, request: &OrderRequest) -> bool {
        let known = &self.request;
        let same_payer = known.product == request.product && known.openid == request.openid;
        same_payer && known.amount == request.amount && known.subject == request.subject
    }

    /// From now on somebody has opened it. `at` is its place among all trades.
    pub(super) fn begin(&mut self, at: u64, now_us: i64) {
        let day: String = format_time(now_us / 1_000_000).chars().take(10).filter(char::is_ascii_digit).collect();
        self.trade_no = Some(match self.wallet() {
            Wallet::Alipay => format!("{day}22001400{:012}", at + 1),
            Wallet::Wechat => format!("4200001234{day}{:010}", at + 1),
        });
        self.state = State::Waiting;
    }
}
