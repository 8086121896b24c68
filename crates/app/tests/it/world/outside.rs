//! The outside: it works unless told otherwise, remembers what it was asked, and notices what must never be asked of it.

use async_trait::async_trait;
use everline_app::ports::{
    self, BillAnswer, ClosedAnswer, DayOfBill, FloatAnswer, Handed, NetworkChange, NetworkReply, NetworkWhat,
    NoticeRefusal,
};
use everline_app::ports::{DebitRequest, Debited, Forgot, Kept, KeptMethod};
use everline_app::ports::{
    NoticeSays, OutgoingMessage, Payable, PaymentNotice, PaymentRef, PaymentRequest, PaymentStatus, RawNotice,
    RefundRequest, RefundStatus, Started,
};
use everline_core::dispute::{DisputeSaid, DisputeState};
use everline_core::effects::NetworkAction;
use everline_core::ids::SessionId;
use everline_core::message::Reason;
use everline_core::money::{Currency, Money};
use everline_core::payment::{self, Evidence, Method};
use everline_core::reconciliation::{BillDay, BillLine, LineKind};
use everline_core::time::SystemTime;
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::Mutex;

/// What becomes of a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fate {
    /// It does what was asked and says so.
    Works,
    /// It does nothing and says so.
    Refuses,
    /// It does nothing and does not answer.
    Silent,
    /// It does what was asked, and its answer is lost.
    WorksSilently,
    /// It says that it will (upstream), and has done nothing yet.
    Submits,
    /// The session ended meanwhile (built-in network).
    Gone,
    /// The bank wants to ask the owner of the card (debits).
    Asks,
    /// It refuses, once it is let go on (debits).
    RefusesLater,
}

/// The fates of coming calls, by kind of call: the next ones in order, then the standing one.
#[derive(Debug, Default)]
struct Script {
    next: BTreeMap<&'static str, VecDeque<Fate>>,
    standing: BTreeMap<&'static str, Fate>,
}
impl Script {
    fn take(&mut self, call: &'static str) -> Fate {
        let next = self.next.get_mut(call).and_then(VecDeque::pop_front);
        next.or_else(|| self.standing.get(call).copied()).unwrap_or(Fate::Works)
    }
}

macro_rules! scripted {
    ($($type:ty),+) => {$(
        impl $type {
            /// The next calls of a kind end so; those after them as before.
            pub fn next(&self, call: &'static str, fates: &[Fate]) {
                self.locked().script.next.entry(call).or_default().extend(fates);
            }
            /// All calls of a kind end so from now on.
            pub fn always(&self, call: &'static str, fate: Fate) {
                self.locked().script.standing.insert(call, fate);
            }
        }
    )+};
}
scripted!(Provider, Radio, Upstream, Messenger);

/// Lets others run, so that whoever gives up on a call can do so before and after it took effect.
pub async fn hesitate() {
    tokio::task::yield_now().await;
}

/// A payment provider. Calls: `start`, `query`, `close`, `refund`, and where it keeps cards `debit`, `kept`, `forget`.
pub struct Provider {
    who: payment::Provider,
    books: Mutex<Books>,
    goes_on: tokio::sync::Notify,
}
impl Default for Provider {
    fn default() -> Self {
        Self::of(payment::Provider::Alipay)
    }
}

#[derive(Default)]
struct Books {
    script: Script,
    trades: BTreeMap<String, Trade>,
    mistakes: Vec<String>,
    notices: u64,
    bills: BTreeMap<BillDay, BillAnswer>,
    debits: u64,
    forgotten: Vec<String>,
    /// The token of every card, where it is one for all.
    token: Option<String>,
    /// Refunds that it could not give to their payer after all.
    bounced: BTreeSet<String>,
}

/// Where a payment is at the provider.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TradeState {
    /// A QR code that nobody scanned.
    Absent,
    Waiting,
    Paid,
    Closed,
}

#[derive(Debug, Clone)]
pub struct Trade {
    pub amount: Money,
    pub state: TradeState,
    pub trade_no: String,
    /// By our number of the refund.
    pub refunds: BTreeMap<String, Money>,
}

impl Provider {
    /// The one that is called so.
    pub fn of(who: payment::Provider) -> Self {
        Self { who, books: Mutex::default(), goes_on: tokio::sync::Notify::new() }
    }
    fn locked(&self) -> std::sync::MutexGuard<'_, Books> {
        self.books.lock().unwrap()
    }
    /// The numbers of the payments that took money.
    pub fn took(&self) -> Vec<String> {
        let books = self.locked();
        let paid = books.trades.iter().filter(|(_, trade)| trade.state == TradeState::Paid);
        paid.map(|(number, _)| number.clone()).collect()
    }
    /// How often it was asked for debits.
    pub fn debits(&self) -> u64 {
        self.locked().debits
    }
    /// Lets a call that waits go on.
    pub fn go_on(&self) {
        self.goes_on.notify_one();
    }
    /// Every card has this token from now on.
    pub fn one_token(&self, token: &str) {
        self.locked().token = Some(token.to_owned());
    }
    /// The tokens it was told to forget.
    pub fn forgotten(&self) -> Vec<String> {
        self.locked().forgotten.clone()
    }
    /// What it must never see: a number used for two amounts, more refunded than paid.
    pub fn mistakes(&self) -> Vec<String> {
        self.locked().mistakes.clone()
    }
    pub fn trade(&self, out_trade_no: &str) -> Trade {
        self.locked().trades[out_trade_no].clone()
    }
    /// What it holds for us: paid less refunded, in millionths.
    pub fn holds(&self) -> i64 {
        let books = self.locked();
        let paid = books.trades.values().filter(|trade| trade.state == TradeState::Paid);
        paid.map(|t| t.amount.micros() - t.refunds.values().map(|m| m.micros()).sum::<i64>()).sum()
    }
    /// What it answers when asked for the bill of a day.
    pub fn set_bill(&self, day: BillDay, answer: BillAnswer) {
        self.locked().bills.insert(day, answer);
    }
    /// The line of a payment as a bill has it, with a fee of 0.6 %.
    pub fn payment_line(&self, out_trade_no: &str, at: SystemTime) -> BillLine {
        let trade = self.trade(out_trade_no);
        BillLine {
            kind: LineKind::Payment,
            number: trade.trade_no.clone(),
            out_trade_no: Some(out_trade_no.to_owned()),
            request_no: None,
            trade_no: Some(trade.trade_no),
            amount: trade.amount,
            fee: trade.amount.micros() * 6 / 1_000,
            at,
            said: "a payment".to_owned(),
        }
    }
    /// The lines of a payment's refunds; the fee comes back with them.
    pub fn refund_lines(&self, out_trade_no: &str, at: SystemTime) -> Vec<BillLine> {
        let trade = self.trade(out_trade_no);
        let line = |(number, amount): (&String, &Money)| BillLine {
            kind: LineKind::Refund,
            number: format!("{}/{number}", trade.trade_no),
            out_trade_no: Some(out_trade_no.to_owned()),
            request_no: Some(number.clone()),
            trade_no: Some(trade.trade_no.clone()),
            amount: *amount,
            fee: -(amount.micros() * 6 / 1_000),
            at,
            said: "a refund".to_owned(),
        };
        trade.refunds.iter().map(line).collect()
    }
    /// The payer scans the code.
    pub fn scan(&self, out_trade_no: &str) {
        let mut books = self.locked();
        let trade = books.trades.get_mut(out_trade_no).unwrap();
        if trade.state == TradeState::Absent {
            trade.state = TradeState::Waiting;
        }
    }
    /// The payer pays, and the notice of it.
    pub fn pay(&self, out_trade_no: &str) -> Vec<u8> {
        let mut books = self.locked();
        let trade = books.trades.get_mut(out_trade_no).unwrap();
        assert_ne!(trade.state, TradeState::Closed, "nobody can pay a closed trade");
        trade.state = TradeState::Paid;
        drop(books);
        self.notice(out_trade_no, |_| {})
    }
    /// The payer pays another amount than was asked, and the notice of it.
    pub fn pay_amount(&self, out_trade_no: &str, micros: i64) -> Vec<u8> {
        let mut books = self.locked();
        let trade = books.trades.get_mut(out_trade_no).unwrap();
        trade.amount = Money::from_micros(micros, trade.amount.currency());
        drop(books);
        self.pay(out_trade_no)
    }
    /// The payer's payment fails; the provider closes the trade.
    pub fn decline(&self, out_trade_no: &str) {
        self.locked().trades.get_mut(out_trade_no).unwrap().state = TradeState::Closed;
    }
    /// A refund that was done comes back: it holds the money again.
    pub fn bounce(&self, out_request_no: &str) {
        let mut books = self.locked();
        let found = books.trades.values_mut().find_map(|trade| trade.refunds.remove(out_request_no));
        assert!(found.is_some(), "no such refund");
        books.bounced.insert(out_request_no.to_owned());
    }
    /// Whether it gave a refund of ours back.
    pub fn has_refund(&self, out_request_no: &str) -> bool {
        self.locked().trades.values().any(|trade| trade.refunds.contains_key(out_request_no))
    }
    /// A notice that a refund went on.
    pub fn refund_moved(&self, out_request_no: &str) -> Vec<u8> {
        let mut books = self.locked();
        books.notices += 1;
        let name = format!("n{}", books.notices);
        let moved = json!({ "name": name, "merchant": "ours", "says": "refund", "sign": "right", "out_request_no": out_request_no });
        moved.to_string().into_bytes()
    }
    /// A notice about a trade, changed before it is signed.
    pub fn notice(&self, out_trade_no: &str, change: impl FnOnce(&mut Value)) -> Vec<u8> {
        let mut books = self.locked();
        books.notices += 1;
        let trade = &books.trades[out_trade_no];
        let mut notice = json!({
            "name": format!("n{}", books.notices), "merchant": "ours", "says": "paid", "sign": "right",
            "out_trade_no": out_trade_no, "trade_no": trade.trade_no, "micros": trade.amount.micros(),
        });
        change(&mut notice);
        notice.to_string().into_bytes()
    }
}

#[async_trait]
impl ports::PaymentProvider for Provider {
    fn takes(&self, method: Method) -> bool {
        match self.who {
            payment::Provider::Stripe => matches!(method, Method::Card | Method::CardKept),
            payment::Provider::Wechat => method == Method::WechatJsapi,
            _ => matches!(method, Method::AlipayQr | Method::AlipayWap),
        }
    }
    fn keeper(&self) -> Option<&dyn ports::MethodKeeper> {
        (self.who == payment::Provider::Stripe).then_some(self as &dyn ports::MethodKeeper)
    }
    async fn start(&self, request: &PaymentRequest) -> Started {
        hesitate().await;
        let fate = {
            let mut books = self.locked();
            let fate = books.script.take("start");
            if matches!(fate, Fate::Works | Fate::WorksSilently) {
                let trade_no = format!("T{}", request.out_trade_no);
                let (amount, state) = (request.amount, TradeState::Absent);
                let new = Trade { amount, state, trade_no, refunds: BTreeMap::new() };
                let trade = books.trades.entry(request.out_trade_no.clone()).or_insert(new);
                if trade.amount != request.amount {
                    books.mistakes.push(format!("{} asked for two amounts", request.out_trade_no));
                }
            }
            fate
        };
        hesitate().await;
        match fate {
            Fate::Works => Started::Pay(Payable::at(format!("https://pay/{}", request.out_trade_no))),
            Fate::Refuses => Started::Refused("refused".to_owned()),
            _ => Started::Unknown,
        }
    }
    async fn query(&self, payment: &PaymentRef) -> PaymentStatus {
        let out_trade_no = payment.out_trade_no.as_str();
        hesitate().await;
        let status = {
            let mut books = self.locked();
            let fate = books.script.take("query");
            let trade = books.trades.get(out_trade_no);
            match (fate, trade) {
                (Fate::Works, None) => PaymentStatus::NotExist,
                (Fate::Works, Some(trade)) => match trade.state {
                    TradeState::Absent => PaymentStatus::NotExist,
                    TradeState::Waiting => PaymentStatus::Waiting,
                    TradeState::Closed => PaymentStatus::Closed,
                    TradeState::Paid => PaymentStatus::Paid(Evidence {
                        provider: self.who,
                        out_trade_no: out_trade_no.to_owned(),
                        trade_no: trade.trade_no.clone(),
                        amount: trade.amount,
                    }),
                },
                _ => PaymentStatus::Unknown,
            }
        };
        hesitate().await;
        status
    }
    async fn close(&self, payment: &PaymentRef) -> ClosedAnswer {
        let out_trade_no = payment.out_trade_no.as_str();
        hesitate().await;
        let answer = {
            let mut books = self.locked();
            let fate = books.script.take("close");
            let works = matches!(fate, Fate::Works | Fate::WorksSilently);
            let answer = match books.trades.get_mut(out_trade_no) {
                None => ClosedAnswer::NotExist,
                Some(trade) => match trade.state {
                    TradeState::Absent => ClosedAnswer::NotExist,
                    TradeState::Waiting | TradeState::Closed => {
                        if works {
                            trade.state = TradeState::Closed;
                        }
                        ClosedAnswer::Closed
                    }
                    TradeState::Paid => ClosedAnswer::AlreadyPaid,
                },
            };
            if fate == Fate::Works { answer } else { ClosedAnswer::Unknown }
        };
        hesitate().await;
        answer
    }
    async fn refund(&self, request: &RefundRequest) -> RefundStatus {
        let (out_trade_no, amount) = (request.out_trade_no.as_str(), request.amount);
        hesitate().await;
        let fate = {
            let mut books = self.locked();
            let fate = books.script.take("refund");
            let bounced = books.bounced.contains(&request.out_request_no);
            let fate = if bounced && fate == Fate::Works { Fate::Refuses } else { fate };
            if matches!(fate, Fate::Works | Fate::WorksSilently) {
                let trade = books.trades.get_mut(out_trade_no).unwrap();
                trade.refunds.insert(request.out_request_no.clone(), amount);
                let back: i64 = trade.refunds.values().map(|m| m.micros()).sum();
                if trade.state != TradeState::Paid || back > trade.amount.micros() {
                    books.mistakes.push(format!("{out_trade_no} refunded beyond what was paid"));
                }
            }
            fate
        };
        hesitate().await;
        match fate {
            Fate::Works => RefundStatus::Done,
            Fate::Refuses => RefundStatus::Refused,
            _ => RefundStatus::Unknown,
        }
    }
    async fn find_refund(&self, request: &RefundRequest) -> Option<RefundStatus> {
        let fate = self.locked().script.take("find_refund");
        match fate {
            Fate::Works => self.has_refund(&request.out_request_no).then_some(RefundStatus::Done),
            _ => Some(RefundStatus::Unknown),
        }
    }
    async fn bill(&self, day: &DayOfBill) -> BillAnswer {
        self.locked().bills.get(&day.day).cloned().unwrap_or(BillAnswer::NotYet)
    }
    fn read_notice(&self, notice: &RawNotice<'_>) -> Result<PaymentNotice, NoticeRefusal> {
        let notice: Value = serde_json::from_slice(notice.body).map_err(|_| NoticeRefusal::Unreadable)?;
        if notice["sign"] != "right" {
            return Err(NoticeRefusal::Forged);
        }
        let text = |field: &str| notice[field].as_str().unwrap().to_owned();
        let currency: Currency = notice["currency"].as_str().unwrap_or("CNY").parse().unwrap();
        let says = match (notice["merchant"].as_str(), notice["says"].as_str()) {
            (Some("ours"), Some("paid")) => NoticeSays::Paid(Evidence {
                provider: self.who,
                out_trade_no: text("out_trade_no"),
                trade_no: text("trade_no"),
                amount: Money::from_micros(notice["micros"].as_i64().unwrap(), currency),
            }),
            (Some("ours"), Some("dispute")) => NoticeSays::Dispute(DisputeSaid {
                reference: text("reference"),
                trade_no: text("trade_no"),
                reason: "fraudulent".to_owned(),
                amount: Money::from_micros(notice["micros"].as_i64().unwrap(), currency),
                state: DisputeState::from_word(&text("state")).unwrap(),
                due_by: None,
                made_at: SystemTime::from_us(1_773_115_200_000_000),
            }),
            (Some("ours"), Some("card")) => {
                NoticeSays::CardUsed { out_trade_no: text("out_trade_no"), fingerprint: text("card") }
            }
            (Some("ours"), Some("refund")) => NoticeSays::RefundMoved { out_request_no: text("out_request_no") },
            (Some("ours"), _) => NoticeSays::Nothing,
            _ => NoticeSays::OtherMerchant { out_trade_no: text("out_trade_no") },
        };
        Ok(PaymentNotice { name: text("name"), says })
    }
}

#[async_trait]
impl ports::MethodKeeper for Provider {
    async fn debit(&self, request: &DebitRequest) -> Debited {
        hesitate().await;
        let fate = {
            let mut books = self.locked();
            books.debits += 1;
            let fate = books.script.take("debit");
            if books.forgotten.contains(&request.token) {
                books.mistakes.push(format!("{} asked of a card that was forgotten", request.out_trade_no));
            }
            let known = books.trades.get(&request.out_trade_no).map(|trade| (trade.amount, trade.state));
            if known.is_some_and(|(amount, _)| amount != request.amount) {
                books.mistakes.push(format!("{} asked for two amounts", request.out_trade_no));
            }
            // The same number is the same debit: what it did, it did.
            let done = known.is_some_and(|(_, state)| state == TradeState::Paid);
            if !done && matches!(fate, Fate::Works | Fate::WorksSilently) {
                let trade_no = format!("T{}", request.out_trade_no);
                let (amount, state) = (request.amount, TradeState::Paid);
                let trade = Trade { amount, state, trade_no, refunds: BTreeMap::new() };
                books.trades.insert(request.out_trade_no.clone(), trade);
            }
            if done && fate == Fate::Refuses { Fate::Works } else { fate }
        };
        hesitate().await;
        if fate == Fate::RefusesLater {
            self.goes_on.notified().await;
        }
        match fate {
            Fate::Works => Debited::Paid(Evidence {
                provider: self.who,
                out_trade_no: request.out_trade_no.clone(),
                trade_no: format!("T{}", request.out_trade_no),
                amount: request.amount,
            }),
            Fate::Refuses | Fate::RefusesLater => Debited::Refused { authentication: false, reference: None },
            Fate::Asks => Debited::Refused { authentication: true, reference: Some("left".to_owned()) },
            _ => Debited::Unknown,
        }
    }
    async fn kept(&self, trade_no: &str) -> Kept {
        hesitate().await;
        let mut books = self.locked();
        match books.script.take("kept") {
            Fate::Works => Kept::Method(KeptMethod {
                token: books.token.clone().unwrap_or_else(|| format!("pm_{trade_no}")),
                holder: "cus_1".to_owned(),
                brand: "visa".to_owned(),
                last4: "4242".to_owned(),
                good_until: (2030, 12),
                fingerprint: Some("f1".to_owned()),
            }),
            Fate::Refuses => Kept::No,
            _ => Kept::Unknown,
        }
    }
    async fn forget(&self, token: &str) -> Forgot {
        hesitate().await;
        let mut books = self.locked();
        let fate = books.script.take("forget");
        if matches!(fate, Fate::Works | Fate::WorksSilently) {
            books.forgotten.push(token.to_owned());
        }
        if fate == Fate::Works { Forgot::Done } else { Forgot::Unknown }
    }
}

/// Our own network. Calls: `apply`. What it withholds (`Silent`) can be acknowledged later.
#[derive(Default)]
pub struct Radio(Mutex<Air>);

#[derive(Default)]
struct Air {
    script: Script,
    sessions: BTreeMap<SessionId, NetworkAction>,
    asked: u32,
}

impl Radio {
    fn locked(&self) -> std::sync::MutexGuard<'_, Air> {
        self.0.lock().unwrap()
    }
    /// What it last did with a session.
    pub fn did(&self, session: SessionId) -> Option<NetworkAction> {
        self.locked().sessions.get(&session).copied()
    }
    /// How often it was asked for anything.
    pub fn asked(&self) -> u32 {
        self.locked().asked
    }
}

#[async_trait]
impl ports::Network for Radio {
    async fn apply(&self, change: &NetworkChange) -> NetworkReply {
        hesitate().await;
        let fate = {
            let mut air = self.locked();
            air.asked += 1;
            let fate = air.script.take("apply");
            if let (NetworkWhat::Session { session, action, .. }, Fate::Works | Fate::WorksSilently) =
                (&change.what, fate)
            {
                air.sessions.insert(*session, *action);
            }
            fate
        };
        hesitate().await;
        match fate {
            Fate::Works => NetworkReply::Done,
            Fate::Refuses => NetworkReply::Refused,
            Fate::Gone => NetworkReply::Gone,
            Fate::Submits => NetworkReply::Submitted,
            Fate::Silent | Fate::WorksSilently | Fate::Asks | Fate::RefusesLater => NetworkReply::Unknown,
        }
    }
}

/// Another operator's network. Calls: `apply`.
#[derive(Default)]
pub struct Upstream(Mutex<Wholesale>);

#[derive(Default)]
struct Wholesale {
    script: Script,
    /// What it did, by request.
    done: BTreeMap<String, (String, String)>,
    /// The requests it refused; it does not change its mind.
    refused: BTreeSet<String>,
    mistakes: Vec<String>,
    /// What it says that it holds, and how often it was asked.
    float: Option<FloatAnswer>,
    asked_for_float: usize,
    /// How often it was asked to do something.
    asked: usize,
}

impl Upstream {
    /// What it says that it holds from now on.
    pub fn holds(&self, float: FloatAnswer) {
        self.locked().float = Some(float);
    }
    /// How often it was asked what it holds.
    pub fn asked_for_float(&self) -> usize {
        self.locked().asked_for_float
    }
    /// How often it was asked to do something.
    pub fn asked(&self) -> usize {
        self.locked().asked
    }
    fn locked(&self) -> std::sync::MutexGuard<'_, Wholesale> {
        self.0.lock().unwrap()
    }
    pub fn mistakes(&self) -> Vec<String> {
        self.locked().mistakes.clone()
    }
    /// The plan codes it activated for a number, one per request.
    pub fn activated(&self, msisdn: &str) -> Vec<String> {
        let wholesale = self.locked();
        let mine = wholesale.done.values().filter(|(number, _)| number == msisdn);
        mine.map(|(_, code)| code.clone()).collect()
    }
}

#[async_trait]
impl ports::Network for Upstream {
    async fn float(&self) -> FloatAnswer {
        let mut wholesale = self.locked();
        wholesale.asked_for_float += 1;
        wholesale.float.unwrap_or(FloatAnswer::NotOffered)
    }
    async fn apply(&self, change: &NetworkChange) -> NetworkReply {
        hesitate().await;
        let (fate, done) = {
            let mut wholesale = self.locked();
            wholesale.asked += 1;
            let fate = wholesale.script.take("apply");
            let NetworkWhat::Activate { plan_code, .. } = &change.what else {
                wholesale.mistakes.push("asked for a session".to_owned());
                return NetworkReply::Refused;
            };
            let what = (change.msisdn.as_str().to_owned(), plan_code.clone());
            if fate == Fate::Refuses {
                wholesale.refused.insert(change.request_id.clone());
            }
            let fate = if wholesale.refused.contains(&change.request_id) { Fate::Refuses } else { fate };
            if matches!(fate, Fate::Works | Fate::WorksSilently) {
                let before = wholesale.done.insert(change.request_id.clone(), what.clone());
                if before.is_some_and(|before| before != what) {
                    wholesale.mistakes.push(format!("{} asks for two things", change.request_id));
                }
            }
            (fate, wholesale.done.contains_key(&change.request_id))
        };
        hesitate().await;
        match fate {
            Fate::Works => NetworkReply::Done,
            Fate::Refuses if done => NetworkReply::Done,
            Fate::Refuses => NetworkReply::Refused,
            Fate::Submits => NetworkReply::Submitted,
            Fate::Gone | Fate::Silent | Fate::WorksSilently | Fate::Asks | Fate::RefusesLater => NetworkReply::Unknown,
        }
    }
}

/// Who tells people. Calls: `send`.
#[derive(Default)]
pub struct Messenger(Mutex<Sent>);

#[derive(Default)]
struct Sent {
    script: Script,
    messages: Vec<OutgoingMessage>,
}

impl Messenger {
    fn locked(&self) -> std::sync::MutexGuard<'_, Sent> {
        self.0.lock().unwrap()
    }
    /// A parameter of the newest message to a number that has it.
    pub fn parameter(&self, number: &str, name: &str) -> Option<String> {
        let sent = self.locked();
        let of =
            |m: &OutgoingMessage| m.parameters.iter().find(|(key, _)| *key == name).map(|(_, value)| value.clone());
        sent.messages.iter().rev().filter(|m| m.to.to_string() == number).find_map(of)
    }
    /// The templates sent to a number, in order; the same message twice is one.
    pub fn told(&self, number: &str) -> Vec<&'static str> {
        let sent = self.locked();
        sent.messages.iter().filter(|m| m.to.to_string() == number).map(|m| m.template).collect()
    }
}

#[async_trait]
impl ports::Messenger for Messenger {
    async fn send(&self, message: &OutgoingMessage) -> Handed {
        hesitate().await;
        let fate = {
            let mut sent = self.locked();
            let fate = sent.script.take("send");
            let new = !sent.messages.iter().any(|m| m.id == message.id);
            if new && matches!(fate, Fate::Works | Fate::WorksSilently) {
                sent.messages.push(message.clone());
            }
            fate
        };
        hesitate().await;
        match fate {
            Fate::Works => Handed::Accepted(None),
            Fate::Refuses => Handed::Refused(Reason::of("refused")),
            _ => Handed::Unknown,
        }
    }
}
