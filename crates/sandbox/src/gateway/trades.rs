//! The trades of the payment gateway as plain state: what a payer and a merchant can do to them, and what is refused.
//!
//! Owns numbers, amounts, states and refunds. Knows no HTTP, no keys and no clock: the time comes in with every call.

use serde::Serialize;
use std::collections::{BTreeMap, HashMap};
use wire_pay::alipay::{Fen, format_time};

/// The most trades kept; beyond it the oldest that nobody can pay any more are forgotten.
const TRADES_MAX: usize = 5_000;

/// How a trade was asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Product {
    /// A QR code.
    Precreate,
    /// The cashier page on a phone.
    Wap,
    /// The cashier page on a desktop.
    Page,
}

/// What the merchant asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct OrderRequest {
    pub(crate) out_trade_no: String,
    pub(crate) amount: Fen,
    pub(crate) subject: String,
    pub(crate) notify_url: Option<String>,
    pub(crate) return_url: Option<String>,
    pub(crate) passback_params: Option<String>,
    pub(crate) product: Product,
    /// Until when it can be paid (unless the payer is made to pay late).
    pub(crate) deadline_us: i64,
}

/// Where an order stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum State {
    /// A code or link was handed out and nobody opened it: **there is no trade**.
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

/// A business refusal (code 40004).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Refused {
    pub(crate) sub_code: &'static str,
    pub(crate) sub_msg: &'static str,
}

const fn refused(sub_code: &'static str, sub_msg: &'static str) -> Refused {
    Refused { sub_code, sub_msg }
}

pub(crate) const TRADE_NOT_EXIST: Refused = refused("ACQ.TRADE_NOT_EXIST", "交易不存在");
pub(crate) const TRADE_STATUS_ERROR: Refused = refused("ACQ.TRADE_STATUS_ERROR", "交易状态不合法");
pub(crate) const TRADE_HAS_SUCCESS: Refused = refused("ACQ.TRADE_HAS_SUCCESS", "交易已被支付");
pub(crate) const TRADE_HAS_CLOSE: Refused = refused("ACQ.TRADE_HAS_CLOSE", "交易已经关闭");
pub(crate) const CONTEXT_INCONSISTENT: Refused = refused("ACQ.CONTEXT_INCONSISTENT", "交易信息被篡改");
pub(crate) const REPEAT_INCONSISTENT: Refused = refused("ACQ.DISCORDANT_REPEAT_REQUEST", "请求信息不一致");
pub(crate) const REFUND_TOO_LARGE: Refused = refused("ACQ.REFUND_AMT_NOT_EQUAL_TOTAL", "退款金额超限");
pub(crate) const INVALID_PARAMETER: Refused = refused("ACQ.INVALID_PARAMETER", "参数无效");

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
#[derive(Debug, Clone, Default)]
pub(crate) struct TradeKey {
    pub(crate) out_trade_no: Option<String>,
    pub(crate) trade_no: Option<String>,
}

impl Trade {
    /// The state's name on the wire; nothing while there is no trade.
    pub(crate) fn status(&self) -> Option<&'static str> {
        match self.state {
            State::Offered => None,
            State::Waiting => Some("WAIT_BUYER_PAY"),
            // A trade that was refunded in full counts as closed.
            State::Paid { .. } if self.refunded() == self.request.amount => Some("TRADE_CLOSED"),
            State::Paid { .. } => Some("TRADE_SUCCESS"),
            State::Closed { .. } => Some("TRADE_CLOSED"),
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

    /// Whether a person could still do something about it.
    pub(crate) fn is_open(&self) -> bool {
        matches!(self.state, State::Offered | State::Waiting) && self.intent != Intent::Never
    }

    fn exists(&self) -> bool {
        self.state != State::Offered
    }

    fn same_order(&self, request: &OrderRequest) -> bool {
        let known = &self.request;
        known.amount == request.amount && known.subject == request.subject && known.product == request.product
    }
}

/// All trades of one merchant.
#[derive(Debug, Default)]
pub(crate) struct Book {
    trades: BTreeMap<u64, Trade>,
    by_number: HashMap<String, u64>,
    by_token: HashMap<String, u64>,
    next: u64,
}

impl Book {
    /// Hands out a code or link for an order. The same order again gets the same one.
    pub(crate) fn offer(&mut self, request: OrderRequest, token: String, now_us: i64) -> Result<&Trade, Refused> {
        if let Some(&at) = self.by_number.get(&request.out_trade_no) {
            let trade = self.trades.get(&at).ok_or(TRADE_NOT_EXIST)?;
            return match trade.state {
                State::Paid { .. } => Err(TRADE_HAS_SUCCESS),
                State::Closed { .. } => Err(TRADE_HAS_CLOSE),
                _ if !trade.same_order(&request) => Err(CONTEXT_INCONSISTENT),
                _ => Ok(trade),
            };
        }
        self.forget_oldest(now_us);
        let at = self.next;
        self.next += 1;
        self.by_number.insert(request.out_trade_no.clone(), at);
        self.by_token.insert(token.clone(), at);
        Ok(self.trades.entry(at).or_insert(Trade {
            request,
            token,
            trade_no: None,
            created_us: now_us,
            state: State::Offered,
            intent: Intent::Undecided,
            declined: 0,
            refunds: Vec::new(),
        }))
    }

    fn forget_oldest(&mut self, now_us: i64) {
        if self.trades.len() < TRADES_MAX {
            return;
        }
        let dead = |trade: &Trade| match trade.state {
            State::Offered => trade.request.deadline_us < now_us,
            State::Waiting => false,
            State::Paid { .. } | State::Closed { .. } => true,
        };
        let oldest = self.trades.iter().find(|(_, trade)| dead(trade)).map(|(at, _)| *at);
        if let Some(trade) = oldest.and_then(|at| self.trades.remove(&at)) {
            self.by_number.remove(&trade.request.out_trade_no);
            self.by_token.remove(&trade.token);
        }
    }

    /// All orders, newest first.
    pub(crate) fn newest_first(&self) -> impl Iterator<Item = &Trade> {
        self.trades.values().rev()
    }

    /// The order behind a payer's page.
    pub(crate) fn by_token(&self, token: &str) -> Option<&Trade> {
        self.by_token.get(token).and_then(|at| self.trades.get(at))
    }

    /// The token of an order by the merchant's number.
    pub(crate) fn token_of(&self, out_trade_no: &str) -> Option<String> {
        self.by_number.get(out_trade_no).and_then(|at| self.trades.get(at)).map(|trade| trade.token.clone())
    }

    fn by_token_mut(&mut self, token: &str) -> Result<&mut Trade, CannotPay> {
        self.by_token.get(token).and_then(|at| self.trades.get_mut(at)).ok_or(CannotPay::Unknown)
    }

    /// The trade a merchant names. An order that nobody opened is none.
    pub(crate) fn find(&self, key: &TradeKey) -> Result<&Trade, Refused> {
        let at = self.position(key)?;
        self.trades.get(&at).ok_or(TRADE_NOT_EXIST)
    }

    fn find_mut(&mut self, key: &TradeKey) -> Result<&mut Trade, Refused> {
        let at = self.position(key)?;
        self.trades.get_mut(&at).ok_or(TRADE_NOT_EXIST)
    }

    fn position(&self, key: &TradeKey) -> Result<u64, Refused> {
        let found = match (&key.trade_no, &key.out_trade_no) {
            (None, None) => return Err(INVALID_PARAMETER),
            (None, Some(number)) => self.by_number.get(number).and_then(|at| self.trades.get_key_value(at)),
            (Some(trade_no), number) => self.trades.iter().find(|(_, trade)| {
                trade.trade_no.as_ref() == Some(trade_no)
                    && number.as_ref().is_none_or(|number| *number == trade.request.out_trade_no)
            }),
        };
        found.filter(|(_, trade)| trade.exists()).map(|(at, _)| *at).ok_or(TRADE_NOT_EXIST)
    }

    /// The payer scans the code or opens the link: from now on there is a trade. Again is nothing new.
    pub(crate) fn scan(&mut self, token: &str, now_us: i64) -> Result<&Trade, CannotPay> {
        let at = *self.by_token.get(token).ok_or(CannotPay::Unknown)?;
        let trade = self.by_token_mut(token)?;
        if trade.state == State::Offered {
            if now_us >= trade.request.deadline_us {
                return Err(CannotPay::Expired);
            }
            trade.begin(at, now_us);
        }
        Ok(trade)
    }

    /// The payer pays now. `late` lets it succeed past the deadline, as a payment that was under way does.
    pub(crate) fn pay(&mut self, token: &str, now_us: i64, late: bool) -> Result<Event, CannotPay> {
        let at = *self.by_token.get(token).ok_or(CannotPay::Unknown)?;
        let trade = self.by_token_mut(token)?;
        match trade.state {
            State::Paid { .. } => return Err(CannotPay::AlreadyPaid),
            State::Closed { by_deadline: false, .. } => return Err(CannotPay::Closed),
            State::Closed { .. } if !late => return Err(CannotPay::Expired),
            State::Offered | State::Waiting if !late && now_us >= trade.request.deadline_us => {
                return Err(CannotPay::Expired);
            }
            State::Offered => trade.begin(at, now_us),
            State::Waiting | State::Closed { .. } => {}
        }
        trade.state = State::Paid { at_us: now_us };
        trade.intent = Intent::Undecided;
        Ok(Event::Paid)
    }

    /// The payer pays after the deadline: at once if it has passed, else as soon as it has ([`Book::sweep`]).
    pub(crate) fn pay_late(&mut self, token: &str, now_us: i64) -> Result<Option<Event>, CannotPay> {
        let trade = self.by_token_mut(token)?;
        if now_us >= trade.request.deadline_us {
            return self.pay(token, now_us, true).map(Some);
        }
        match trade.state {
            State::Paid { .. } => Err(CannotPay::AlreadyPaid),
            State::Closed { .. } => Err(CannotPay::Closed),
            State::Offered | State::Waiting => {
                trade.intent = Intent::Late;
                Ok(None)
            }
        }
    }

    /// The payer's money is refused. The trade stays payable.
    pub(crate) fn decline(&mut self, token: &str, now_us: i64) -> Result<(), CannotPay> {
        self.scan(token, now_us)?;
        let trade = self.by_token_mut(token)?;
        match trade.state {
            State::Paid { .. } => Err(CannotPay::AlreadyPaid),
            State::Closed { .. } => Err(CannotPay::Closed),
            State::Offered | State::Waiting => {
                trade.declined += 1;
                Ok(())
            }
        }
    }

    /// The payer walks away. Nobody is told; paying after all stays possible until the deadline.
    pub(crate) fn never(&mut self, token: &str) -> Result<(), CannotPay> {
        let trade = self.by_token_mut(token)?;
        trade.intent = Intent::Never;
        Ok(())
    }

    /// The merchant closes a trade that waits. Closing a closed one is nothing new.
    pub(crate) fn close(&mut self, key: &TradeKey, now_us: i64) -> Result<(&Trade, Option<Event>), Refused> {
        let trade = self.find_mut(key)?;
        match trade.state {
            State::Offered => Err(TRADE_NOT_EXIST),
            State::Paid { .. } => Err(TRADE_STATUS_ERROR),
            State::Closed { .. } => Ok((trade, None)),
            State::Waiting => {
                trade.state = State::Closed { at_us: now_us, by_deadline: false };
                Ok((trade, Some(Event::Closed)))
            }
        }
    }

    /// The merchant gives money back. The same number again changes nothing; without a number, only the whole amount
    /// can be given back.
    pub(crate) fn refund(
        &mut self,
        key: &TradeKey,
        request_no: Option<&str>,
        amount: Fen,
        now_us: i64,
    ) -> Result<(&Trade, Option<Event>), Refused> {
        let trade = self.find_mut(key)?;
        if trade.paid_us().is_none() {
            return Err(TRADE_STATUS_ERROR);
        }
        let request_no = match request_no {
            Some(number) => number.to_owned(),
            None if amount == trade.request.amount => trade.request.out_trade_no.clone(),
            None => return Err(INVALID_PARAMETER),
        };
        if let Some(known) = trade.refunds.iter().find(|refund| refund.request_no == request_no) {
            return if known.amount == amount { Ok((trade, None)) } else { Err(REPEAT_INCONSISTENT) };
        }
        if amount == Fen::ZERO {
            return Err(INVALID_PARAMETER);
        }
        if trade.refunded().checked_add(amount).is_none_or(|sum| sum > trade.request.amount) {
            return Err(REFUND_TOO_LARGE);
        }
        let refund = Refund { request_no, amount, at_us: now_us };
        trade.refunds.push(refund.clone());
        Ok((trade, Some(Event::Refunded(refund))))
    }

    /// What the passing of time does: late payers pay, and trades past their deadline are closed. An order that nobody
    /// opened just stays unopened. Returns what the merchant is notified of.
    pub(crate) fn sweep(&mut self, now_us: i64) -> Vec<(Trade, Event)> {
        let due = |trade: &Trade| now_us >= trade.request.deadline_us;
        let mut events = Vec::new();
        for (&at, trade) in self.trades.iter_mut().filter(|(_, trade)| due(trade)) {
            let event = match (trade.state, trade.intent) {
                (State::Offered | State::Waiting, Intent::Late) => {
                    if trade.state == State::Offered {
                        trade.begin(at, now_us);
                    }
                    trade.state = State::Paid { at_us: now_us };
                    trade.intent = Intent::Undecided;
                    Event::Paid
                }
                (State::Waiting, _) => {
                    trade.state = State::Closed { at_us: now_us, by_deadline: true };
                    Event::Closed
                }
                _ => continue,
            };
            events.push((trade.clone(), event));
        }
        events
    }
}

impl Trade {
    fn begin(&mut self, at: u64, now_us: i64) {
        let day: String = format_time(now_us / 1_000_000).chars().take(10).filter(char::is_ascii_digit).collect();
        self.trade_no = Some(format!("{day}22001400{:012}", at + 1));
        self.state = State::Waiting;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MINUTE_US: i64 = 60_000_000;
    const NOW: i64 = 1_772_327_107_000_000;

    fn order(number: &str, yuan: &str) -> OrderRequest {
        OrderRequest {
            out_trade_no: number.into(),
            amount: yuan.parse().unwrap(),
            subject: "10 GB".into(),
            notify_url: None,
            return_url: None,
            passback_params: None,
            product: Product::Precreate,
            deadline_us: NOW + 30 * MINUTE_US,
        }
    }

    fn key(number: &str) -> TradeKey {
        TradeKey { out_trade_no: Some(number.into()), trade_no: None }
    }

    fn offered() -> Book {
        let mut book = Book::default();
        book.offer(order("E1", "88.88"), "t1".into(), NOW).unwrap();
        book
    }

    fn paid() -> Book {
        let mut book = offered();
        assert_eq!(book.pay("t1", NOW + 1, false), Ok(Event::Paid));
        book
    }

    #[test]
    fn no_trade_exists_until_the_code_is_scanned() {
        let mut book = offered();
        assert_eq!(book.find(&key("E1")).unwrap_err(), TRADE_NOT_EXIST);
        assert_eq!(book.close(&key("E1"), NOW).unwrap_err(), TRADE_NOT_EXIST);
        assert_eq!(book.refund(&key("E1"), Some("R"), Fen::MAX, NOW).unwrap_err(), TRADE_NOT_EXIST);
        let trade_no = book.scan("t1", NOW + 1).unwrap().trade_no.clone();
        assert_eq!(trade_no.as_deref(), Some("2026030122001400000000000001"));
        assert_eq!(book.find(&key("E1")).unwrap().status(), Some("WAIT_BUYER_PAY"));
        assert_eq!(book.scan("t1", NOW + 2).unwrap().trade_no, trade_no);
        let by_both = TradeKey { trade_no: trade_no.clone(), out_trade_no: Some("E1".into()) };
        assert!(book.find(&by_both).is_ok());
        let mismatch = TradeKey { trade_no, out_trade_no: Some("E2".into()) };
        assert_eq!(book.find(&mismatch).unwrap_err(), TRADE_NOT_EXIST);
        assert_eq!(book.find(&TradeKey::default()).unwrap_err(), INVALID_PARAMETER);
        assert_eq!(book.scan("t2", NOW).unwrap_err(), CannotPay::Unknown);
    }

    #[test]
    fn the_same_order_gets_the_same_code_and_another_is_refused() {
        let mut book = offered();
        assert_eq!(book.offer(order("E1", "88.88"), "t2".into(), NOW).unwrap().token, "t1");
        assert_eq!(book.offer(order("E1", "88.89"), "t2".into(), NOW).unwrap_err(), CONTEXT_INCONSISTENT);
        book.scan("t1", NOW).unwrap();
        book.close(&key("E1"), NOW).unwrap();
        assert_eq!(book.offer(order("E1", "88.88"), "t2".into(), NOW).unwrap_err(), TRADE_HAS_CLOSE);
        let mut book = paid();
        assert_eq!(book.offer(order("E1", "88.88"), "t2".into(), NOW).unwrap_err(), TRADE_HAS_SUCCESS);
    }

    #[test]
    fn a_trade_is_paid_once() {
        let mut book = paid();
        assert_eq!(book.find(&key("E1")).unwrap().status(), Some("TRADE_SUCCESS"));
        assert_eq!(book.find(&key("E1")).unwrap().paid_us(), Some(NOW + 1));
        assert_eq!(book.pay("t1", NOW + 2, false), Err(CannotPay::AlreadyPaid));
        assert_eq!(book.pay("t1", NOW + 2, true), Err(CannotPay::AlreadyPaid));
        assert_eq!(book.pay_late("t1", NOW + 2), Err(CannotPay::AlreadyPaid));
        assert_eq!(book.decline("t1", NOW + 2), Err(CannotPay::AlreadyPaid));
        assert_eq!(book.close(&key("E1"), NOW + 2).unwrap_err(), TRADE_STATUS_ERROR);
        assert_eq!(book.sweep(NOW + 60 * MINUTE_US).len(), 0);
    }

    #[test]
    fn a_declined_payment_can_be_tried_again() {
        let mut book = offered();
        book.decline("t1", NOW + 1).unwrap();
        let trade = book.find(&key("E1")).unwrap();
        assert_eq!((trade.status(), trade.declined), (Some("WAIT_BUYER_PAY"), 1));
        assert_eq!(book.pay("t1", NOW + 2, false), Ok(Event::Paid));
    }

    #[test]
    fn a_merchants_close_is_final() {
        let mut book = offered();
        book.scan("t1", NOW).unwrap();
        assert_eq!(book.close(&key("E1"), NOW + 1).unwrap().1, Some(Event::Closed));
        assert_eq!(book.close(&key("E1"), NOW + 2).unwrap().1, None);
        assert_eq!(book.pay("t1", NOW + 3, true), Err(CannotPay::Closed));
        assert_eq!(book.pay_late("t1", NOW + 3), Err(CannotPay::Closed));
        assert_eq!(book.find(&key("E1")).unwrap().status(), Some("TRADE_CLOSED"));
        assert_eq!(book.refund(&key("E1"), Some("R"), "1".parse().unwrap(), NOW).unwrap_err(), TRADE_STATUS_ERROR);
    }

    #[test]
    fn the_deadline_ends_a_trade_unless_the_payer_is_late_on_purpose() {
        let late_us = NOW + 31 * MINUTE_US;
        // Never scanned: expired, but still payable late, and never closed.
        let mut book = offered();
        assert_eq!(book.sweep(late_us).len(), 0);
        assert_eq!(book.scan("t1", late_us).unwrap_err(), CannotPay::Expired);
        assert_eq!(book.pay("t1", late_us, false), Err(CannotPay::Expired));
        assert_eq!(book.close(&key("E1"), late_us).unwrap_err(), TRADE_NOT_EXIST);
        assert_eq!(book.pay_late("t1", late_us), Ok(Some(Event::Paid)));
        assert_eq!(book.find(&key("E1")).unwrap().status(), Some("TRADE_SUCCESS"));
        // Scanned: the deadline closes it; a late payment succeeds all the same.
        let mut book = offered();
        book.scan("t1", NOW).unwrap();
        let events = book.sweep(late_us);
        assert_eq!(events.iter().map(|(_, event)| event.clone()).collect::<Vec<_>>(), [Event::Closed]);
        assert_eq!(book.sweep(late_us).len(), 0);
        assert_eq!(book.pay("t1", late_us, false), Err(CannotPay::Expired));
        assert_eq!(book.pay_late("t1", late_us), Ok(Some(Event::Paid)));
        // Decided before the deadline: paid when it has passed, scanned or not.
        let mut book = offered();
        assert_eq!(book.pay_late("t1", NOW), Ok(None));
        assert_eq!(book.sweep(NOW + MINUTE_US).len(), 0);
        let events = book.sweep(late_us);
        assert_eq!(events.iter().map(|(_, event)| event.clone()).collect::<Vec<_>>(), [Event::Paid]);
        assert_eq!(book.find(&key("E1")).unwrap().paid_us(), Some(late_us));
    }

    #[test]
    fn refunds_are_idempotent_and_never_exceed_what_was_paid() {
        let mut book = paid();
        let fen = |text: &str| text.parse::<Fen>().unwrap();
        let refund = |book: &mut Book, number: Option<&str>, amount: &str| {
            let (trade, event) = book.refund(&key("E1"), number, fen(amount), NOW + 9)?;
            Ok::<_, Refused>((trade.refunded().to_string(), event.is_some()))
        };
        assert_eq!(refund(&mut book, Some("R1"), "30"), Ok(("30.00".into(), true)));
        assert_eq!(refund(&mut book, Some("R1"), "30"), Ok(("30.00".into(), false)));
        assert_eq!(refund(&mut book, Some("R1"), "31"), Err(REPEAT_INCONSISTENT));
        assert_eq!(refund(&mut book, Some("R2"), "58.89"), Err(REFUND_TOO_LARGE));
        assert_eq!(refund(&mut book, Some("R2"), "0"), Err(INVALID_PARAMETER));
        assert_eq!(refund(&mut book, None, "1"), Err(INVALID_PARAMETER));
        assert_eq!(book.find(&key("E1")).unwrap().status(), Some("TRADE_SUCCESS"));
        assert_eq!(refund(&mut book, Some("R2"), "58.88"), Ok(("88.88".into(), true)));
        assert_eq!(book.find(&key("E1")).unwrap().status(), Some("TRADE_CLOSED"));
        assert_eq!(refund(&mut book, Some("R1"), "30"), Ok(("88.88".into(), false)));
        assert_eq!(refund(&mut book, Some("R3"), "0.01"), Err(REFUND_TOO_LARGE));
        let mut book = paid();
        assert_eq!(refund(&mut book, None, "88.88"), Ok(("88.88".into(), true)));
        assert_eq!(refund(&mut book, None, "88.88"), Ok(("88.88".into(), false)));
    }

    #[test]
    fn walking_away_is_no_state_of_the_trade() {
        let mut book = offered();
        book.never("t1").unwrap();
        assert!(!book.by_token("t1").unwrap().is_open());
        assert_eq!(book.pay("t1", NOW + 1, false), Ok(Event::Paid));
    }

    #[test]
    fn the_book_forgets_only_what_nobody_can_pay() {
        let mut book = Book::default();
        for n in 0..TRADES_MAX + 10 {
            let number = format!("E{n}");
            book.offer(order(&number, "1"), format!("t{n}"), NOW).unwrap();
            if n > 0 {
                book.pay(&format!("t{n}"), NOW, false).unwrap();
            }
        }
        assert_eq!(book.trades.len(), TRADES_MAX);
        assert!(book.by_token("t0").is_some());
        assert!(book.by_token("t1").is_none());
        assert_eq!(book.token_of("E5009").as_deref(), Some("t5009"));
    }
}
