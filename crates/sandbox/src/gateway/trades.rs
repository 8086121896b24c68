//! All trades of both payment gateways as plain state: what a payer and a merchant can do to them, and what is refused.
//!
//! Owns numbers, amounts, states and refunds. Knows no HTTP, no keys and no clock: the time comes in with every call.

use super::trade::{CannotPay, Event, Intent, OrderRequest, Refund, Refused, State, Trade, TradeKey, Wallet};
use std::collections::{BTreeMap, HashMap};
use wire_pay::Fen;

/// The most trades kept; beyond it the oldest that nobody can pay any more are forgotten.
const TRADES_MAX: usize = 5_000;

/// All trades of one merchant.
#[derive(Debug, Default)]
pub(crate) struct Book {
    trades: BTreeMap<u64, Trade>,
    by_number: HashMap<(Wallet, String), u64>,
    by_token: HashMap<String, u64>,
    next: u64,
}

impl Book {
    /// Hands out a code or link for an order. The same order again gets the same one.
    pub(crate) fn offer(&mut self, request: OrderRequest, token: String, now_us: i64) -> Result<&Trade, Refused> {
        let number = (request.product.wallet(), request.out_trade_no.clone());
        if let Some(&at) = self.by_number.get(&number) {
            let trade = self.trades.get(&at).ok_or(Refused::NotExist)?;
            return match trade.state {
                State::Paid { .. } => Err(Refused::HasSuccess),
                State::Closed { .. } => Err(Refused::HasClose),
                _ if !trade.same_order(&request) => Err(Refused::OtherOrder),
                _ => Ok(trade),
            };
        }
        self.forget_oldest(now_us);
        let at = self.next;
        self.next += 1;
        self.by_number.insert(number, at);
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
            self.by_number.remove(&(trade.wallet(), trade.request.out_trade_no));
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

    /// The token of an order by the merchant's number, at whichever gateway.
    pub(crate) fn token_of(&self, out_trade_no: &str) -> Option<String> {
        let numbers = [Wallet::Alipay, Wallet::Wechat].map(|wallet| (wallet, out_trade_no.to_owned()));
        let at = numbers.iter().find_map(|number| self.by_number.get(number))?;
        self.trades.get(at).map(|trade| trade.token.clone())
    }

    fn by_token_mut(&mut self, token: &str) -> Result<&mut Trade, CannotPay> {
        self.by_token.get(token).and_then(|at| self.trades.get_mut(at)).ok_or(CannotPay::Unknown)
    }

    /// The trade a merchant names. At Alipay, an order that nobody opened is none.
    pub(crate) fn find(&self, key: &TradeKey) -> Result<&Trade, Refused> {
        let at = self.position(key)?;
        self.trades.get(&at).ok_or(Refused::NotExist)
    }

    fn find_mut(&mut self, key: &TradeKey) -> Result<&mut Trade, Refused> {
        let at = self.position(key)?;
        self.trades.get_mut(&at).ok_or(Refused::NotExist)
    }

    fn position(&self, key: &TradeKey) -> Result<u64, Refused> {
        let found = match (&key.trade_no, &key.out_trade_no) {
            (None, None) => return Err(Refused::Invalid),
            (None, Some(number)) => {
                self.by_number.get(&(key.wallet, number.clone())).and_then(|at| self.trades.get_key_value(at))
            }
            (Some(trade_no), number) => self.trades.iter().find(|(_, trade)| {
                trade.trade_no.as_ref() == Some(trade_no)
                    && trade.wallet() == key.wallet
                    && number.as_ref().is_none_or(|number| *number == trade.request.out_trade_no)
            }),
        };
        found.filter(|(_, trade)| trade.exists()).map(|(at, _)| *at).ok_or(Refused::NotExist)
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
            State::Paid { .. } => Err(Refused::WrongState),
            State::Closed { .. } => Ok((trade, None)),
            State::Offered | State::Waiting => {
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
            return Err(Refused::WrongState);
        }
        let request_no = match request_no {
            Some(number) => number.to_owned(),
            None if amount == trade.request.amount => trade.request.out_trade_no.clone(),
            None => return Err(Refused::Invalid),
        };
        if let Some(known) = trade.refunds.iter().find(|refund| refund.request_no == request_no) {
            return if known.amount == amount { Ok((trade, None)) } else { Err(Refused::OtherRefund) };
        }
        if amount == Fen::ZERO {
            return Err(Refused::Invalid);
        }
        if trade.refunded().checked_add(amount).is_none_or(|sum| sum > trade.request.amount) {
            return Err(Refused::RefundTooLarge);
        }
        let refund = Refund { request_no, amount, at_us: now_us };
        trade.refunds.push(refund.clone());
        Ok((trade, Some(Event::Refunded(refund))))
    }

    /// A refund at WeChat Pay by the merchant's number, with its trade and its place among the refunds of that.
    pub(crate) fn refund_called(&self, request_no: &str) -> Option<(&Trade, usize)> {
        self.trades.values().filter(|trade| trade.wallet() == Wallet::Wechat).find_map(|trade| {
            let place = trade.refunds.iter().position(|refund| refund.request_no == request_no)?;
            Some((trade, place))
        })
    }

    /// Where the payer's browser goes once it is done, if that is told only when it comes.
    pub(crate) fn returns_to(&mut self, token: &str, url: String) {
        if let Ok(trade) = self.by_token_mut(token) {
            trade.request.return_url = Some(url);
        }
    }

    /// What the passing of time does: late payers pay, and trades of Alipay past their deadline are closed. An order
    /// that nobody opened just stays unopened. Returns what the merchant is notified of.
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
                // WeChat Pay leaves it to the merchant.
                (State::Waiting, _) if trade.wallet() == Wallet::Alipay => {
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::gateway::trade::Product;

    const MINUTE_US: i64 = 60_000_000;
    const NOW: i64 = 1_772_327_107_000_000;

    fn order(number: &str, yuan: &str) -> OrderRequest {
        OrderRequest {
            out_trade_no: number.into(),
            amount: yuan.parse().unwrap(),
            subject: "10 GB".into(),
            notify_url: None,
            return_url: None,
            passback: None,
            product: Product::Precreate,
            openid: None,
            deadline_us: NOW + 30 * MINUTE_US,
        }
    }

    fn key(number: &str) -> TradeKey {
        TradeKey { wallet: Wallet::Alipay, out_trade_no: Some(number.into()), trade_no: None }
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
        assert_eq!(book.find(&key("E1")).unwrap_err(), Refused::NotExist);
        assert_eq!(book.close(&key("E1"), NOW).unwrap_err(), Refused::NotExist);
        assert_eq!(book.refund(&key("E1"), Some("R"), Fen::MAX, NOW).unwrap_err(), Refused::NotExist);
        let trade_no = book.scan("t1", NOW + 1).unwrap().trade_no.clone();
        assert_eq!(trade_no.as_deref(), Some("2026030122001400000000000001"));
        assert_eq!(book.find(&key("E1")).unwrap().status(), Some("WAIT_BUYER_PAY"));
        assert_eq!(book.scan("t1", NOW + 2).unwrap().trade_no, trade_no);
        let by_both = TradeKey { wallet: Wallet::Alipay, trade_no: trade_no.clone(), out_trade_no: Some("E1".into()) };
        assert!(book.find(&by_both).is_ok());
        let mismatch = TradeKey { wallet: Wallet::Alipay, trade_no, out_trade_no: Some("E2".into()) };
        assert_eq!(book.find(&mismatch).unwrap_err(), Refused::NotExist);
        assert_eq!(
            book.find(&TradeKey { wallet: Wallet::Alipay, out_trade_no: None, trade_no: None }).unwrap_err(),
            Refused::Invalid
        );
        assert_eq!(book.scan("t2", NOW).unwrap_err(), CannotPay::Unknown);
    }

    #[test]
    fn the_same_order_gets_the_same_code_and_another_is_refused() {
        let mut book = offered();
        assert_eq!(book.offer(order("E1", "88.88"), "t2".into(), NOW).unwrap().token, "t1");
        assert_eq!(book.offer(order("E1", "88.89"), "t2".into(), NOW).unwrap_err(), Refused::OtherOrder);
        book.scan("t1", NOW).unwrap();
        book.close(&key("E1"), NOW).unwrap();
        assert_eq!(book.offer(order("E1", "88.88"), "t2".into(), NOW).unwrap_err(), Refused::HasClose);
        let mut book = paid();
        assert_eq!(book.offer(order("E1", "88.88"), "t2".into(), NOW).unwrap_err(), Refused::HasSuccess);
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
        assert_eq!(book.close(&key("E1"), NOW + 2).unwrap_err(), Refused::WrongState);
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
        assert_eq!(book.refund(&key("E1"), Some("R"), "1".parse().unwrap(), NOW).unwrap_err(), Refused::WrongState);
    }

    #[test]
    fn the_deadline_ends_a_trade_unless_the_payer_is_late_on_purpose() {
        let late_us = NOW + 31 * MINUTE_US;
        // Never scanned: expired, but still payable late, and never closed.
        let mut book = offered();
        assert_eq!(book.sweep(late_us).len(), 0);
        assert_eq!(book.scan("t1", late_us).unwrap_err(), CannotPay::Expired);
        assert_eq!(book.pay("t1", late_us, false), Err(CannotPay::Expired));
        assert_eq!(book.close(&key("E1"), late_us).unwrap_err(), Refused::NotExist);
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
        assert_eq!(refund(&mut book, Some("R1"), "31"), Err(Refused::OtherRefund));
        assert_eq!(refund(&mut book, Some("R2"), "58.89"), Err(Refused::RefundTooLarge));
        assert_eq!(refund(&mut book, Some("R2"), "0"), Err(Refused::Invalid));
        assert_eq!(refund(&mut book, None, "1"), Err(Refused::Invalid));
        assert_eq!(book.find(&key("E1")).unwrap().status(), Some("TRADE_SUCCESS"));
        assert_eq!(refund(&mut book, Some("R2"), "58.88"), Ok(("88.88".into(), true)));
        assert_eq!(book.find(&key("E1")).unwrap().status(), Some("TRADE_CLOSED"));
        assert_eq!(refund(&mut book, Some("R1"), "30"), Ok(("88.88".into(), false)));
        assert_eq!(refund(&mut book, Some("R3"), "0.01"), Err(Refused::RefundTooLarge));
        let mut book = paid();
        assert_eq!(refund(&mut book, None, "88.88"), Ok(("88.88".into(), true)));
        assert_eq!(refund(&mut book, None, "88.88"), Ok(("88.88".into(), false)));
    }

    #[test]
    fn at_wechat_a_trade_exists_at_once_and_only_the_merchant_closes_it() {
        let mut book = Book::default();
        let native = |number: &str| OrderRequest { product: Product::Native, ..order(number, "1") };
        let key = |number: &str| TradeKey { wallet: Wallet::Wechat, ..key(number) };
        for (number, token) in [("E1", "w1"), ("E2", "w2"), ("E3", "w3")] {
            book.offer(native(number), token.into(), NOW).unwrap();
        }
        assert_eq!(book.find(&key("E1")).unwrap().status(), Some("NOTPAY"));
        // The numbers of the two gateways have nothing to do with each other.
        assert_eq!(book.find(&super::tests::key("E1")).unwrap_err(), Refused::NotExist);
        assert_eq!(book.offer(order("E1", "2"), "a1".into(), NOW).unwrap().token, "a1");
        assert_eq!(book.close(&key("E1"), NOW).unwrap().1, Some(Event::Closed));
        assert_eq!(book.find(&key("E1")).unwrap().status(), Some("CLOSED"));
        assert_eq!(book.pay("w1", NOW, true), Err(CannotPay::Closed));
        assert_eq!(book.pay("w2", NOW, false), Ok(Event::Paid));
        let trade_no = book.find(&key("E2")).unwrap().trade_no.clone();
        assert_eq!(trade_no.as_deref(), Some("4200001234202603010000000002"));
        book.scan("w3", NOW).unwrap();
        assert_eq!(book.sweep(NOW + 31 * MINUTE_US).len(), 0);
        assert_eq!(book.find(&key("E3")).unwrap().status(), Some("NOTPAY"));
        assert_eq!(book.pay("w3", NOW + 31 * MINUTE_US, false), Err(CannotPay::Expired));
        book.refund(&key("E2"), Some("R1"), "1".parse().unwrap(), NOW + 1).unwrap();
        assert_eq!(book.refund_called("R1").map(|(trade, place)| (trade.status(), place)), Some((Some("REFUND"), 0)));
        assert!(book.refund_called("R2").is_none());
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
