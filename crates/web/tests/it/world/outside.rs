//! The outside as the tests command it.

use async_trait::async_trait;
use everline_app::ports::{
    BillAnswer, Browsers, ClosedAnswer, DayOfBill, DeliveryReport, FloatAnswer, Handed, Messenger, Network,
    NetworkChange, NetworkReply, NoticeRefusal, NoticeSays, OutgoingMessage, Payable, PaymentNotice, PaymentProvider,
    PaymentRef, PaymentRequest, PaymentStatus, Preview, RawNotice, ReceivedMessage, RefundRequest, RefundStatus,
    ReportHook, Started, Told,
};
use everline_core::identifiers::Msisdn;
use everline_core::message::{PushSubscription, Reported};
use everline_core::money::{Currency, Money};
use everline_core::payment::{Evidence, Method, Provider};
use everline_core::reconciliation::BillLine;
use std::collections::BTreeMap;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};

/// How the provider answers when a payment is started.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Mood {
    #[default]
    Fine,
    Refuses,
    Silent,
}

/// Everything outside: one provider, both networks, one messenger.
#[derive(Default)]
pub struct Outside {
    pub mood: Mutex<Mood>,
    /// What the networks say; `None` is yes.
    pub network: Mutex<Option<NetworkReply>>,
    pub messages: Mutex<Vec<OutgoingMessage>>,
    pub started: Mutex<Vec<PaymentRequest>>,
    paid: Mutex<BTreeMap<String, Money>>,
    /// The lines of every bill.
    pub lines: Mutex<Vec<BillLine>>,
    /// Whether refunds are done at once; otherwise nothing is heard of them.
    pub gives_back: AtomicBool,
    /// Whether refunds are refused for good.
    pub keeps_it: AtomicBool,
    /// Whether it also takes money on its page for desktops.
    pub has_page: AtomicBool,
}

impl Outside {
    pub fn set(&self, mood: Mood) {
        *self.mood.lock().unwrap() = mood;
    }
    pub fn set_network(&self, reply: Option<NetworkReply>) {
        *self.network.lock().unwrap() = reply;
    }
    /// The payer pays what was asked; the notice about it.
    pub fn pay(&self, out_trade_no: &str) -> Vec<u8> {
        let started = self.started.lock().unwrap();
        let asked = started.iter().find(|asked| asked.out_trade_no == out_trade_no).unwrap();
        self.paid.lock().unwrap().insert(out_trade_no.to_owned(), asked.amount);
        format!("out_trade_no={out_trade_no}&amount={}&sign=good", asked.amount.decimal()).into_bytes()
    }
    /// How many payments were started.
    pub fn starts(&self) -> usize {
        self.started.lock().unwrap().len()
    }
    /// The code in the newest message.
    pub fn last_code(&self) -> String {
        self.last_code_of("one_time_code")
    }
    /// The code in the newest message of a template.
    pub fn last_code_of(&self, template: &str) -> String {
        let messages = self.messages.lock().unwrap();
        let message = messages.iter().rfind(|message| message.template == template).unwrap();
        message.parameters.iter().find(|(name, _)| *name == "code").unwrap().1.clone()
    }
}

fn evidence(out_trade_no: &str, amount: Money) -> Evidence {
    let trade_no = format!("2026112222001{}", out_trade_no.get(20..).unwrap_or_default());
    Evidence { provider: Provider::Alipay, out_trade_no: out_trade_no.to_owned(), trade_no, amount }
}

#[async_trait]
impl PaymentProvider for Outside {
    fn takes(&self, method: Method) -> bool {
        matches!(method, Method::AlipayQr | Method::AlipayWap)
            || (method == Method::AlipayPage && self.has_page.load(Relaxed))
    }
    async fn start(&self, request: &PaymentRequest) -> Started {
        self.started.lock().unwrap().push(request.clone());
        match (*self.mood.lock().unwrap(), request.method) {
            (Mood::Refuses, _) => Started::Refused("no".to_owned()),
            (Mood::Silent, _) => Started::Unknown,
            (Mood::Fine, Method::AlipayWap) => {
                Started::Pay(Payable::at(format!("https://wap.pay.test/?n={}&a=1", request.out_trade_no)))
            }
            (Mood::Fine, _) => Started::Pay(Payable::at(format!("https://qr.pay.test/{}", request.out_trade_no))),
        }
    }
    async fn query(&self, payment: &PaymentRef) -> PaymentStatus {
        let out_trade_no = payment.out_trade_no.as_str();
        match self.paid.lock().unwrap().get(out_trade_no) {
            Some(amount) => PaymentStatus::Paid(evidence(out_trade_no, *amount)),
            None if *self.mood.lock().unwrap() == Mood::Silent => PaymentStatus::Unknown,
            None => PaymentStatus::Waiting,
        }
    }
    async fn close(&self, payment: &PaymentRef) -> ClosedAnswer {
        if self.paid.lock().unwrap().contains_key(&payment.out_trade_no) {
            ClosedAnswer::AlreadyPaid
        } else {
            ClosedAnswer::Closed
        }
    }
    async fn refund(&self, _: &RefundRequest) -> RefundStatus {
        match (self.keeps_it.load(Relaxed), self.gives_back.load(Relaxed)) {
            (true, _) => RefundStatus::Refused,
            (false, true) => RefundStatus::Done,
            (false, false) => RefundStatus::Unknown,
        }
    }
    async fn bill(&self, _: &DayOfBill) -> BillAnswer {
        BillAnswer::Bill(self.lines.lock().unwrap().clone())
    }
    fn read_notice(&self, notice: &RawNotice<'_>) -> Result<PaymentNotice, NoticeRefusal> {
        let text = std::str::from_utf8(notice.body).map_err(|_| NoticeRefusal::Unreadable)?;
        let field = |name: &str| text.split('&').find_map(|pair| pair.strip_prefix(&format!("{name}=")));
        let out_trade_no = field("out_trade_no").ok_or(NoticeRefusal::Unreadable)?;
        if field("sign") != Some("good") {
            return Err(NoticeRefusal::Forged);
        }
        let amount = Money::parse(field("amount").unwrap_or_default(), Currency::CNY);
        let amount = amount.map_err(|_| NoticeRefusal::Unreadable)?;
        let says = NoticeSays::Paid(evidence(out_trade_no, amount));
        Ok(PaymentNotice { name: format!("notice {out_trade_no}"), says })
    }
}

#[async_trait]
impl Network for Outside {
    async fn apply(&self, _: &NetworkChange) -> NetworkReply {
        self.network.lock().unwrap().unwrap_or(NetworkReply::Done)
    }
    async fn float(&self) -> FloatAnswer {
        FloatAnswer::Left(Money::from_micros(2_500_000_000, Currency::CNY))
    }
}

#[async_trait]
impl Messenger for Outside {
    async fn send(&self, message: &OutgoingMessage) -> Handed {
        self.messages.lock().unwrap().push(message.clone());
        Handed::Accepted(message.reported.then(|| format!("test:{}", message.id)))
    }
    fn hook(&self) -> Option<&dyn ReportHook> {
        Some(self)
    }
    fn browsers(&self) -> Option<&dyn Browsers> {
        Some(self)
    }
    fn preview(&self, message: &OutgoingMessage) -> Option<Preview> {
        let brand = message.parameters.iter().find(|(name, _)| *name == "brand")?;
        Some(Preview { title: None, text: format!("<{}> {}", message.template, brand.1), template: None })
    }
}

impl Browsers for Outside {
    fn key(&self) -> String {
        "B".repeat(87)
    }
    fn takes(&self, browser: &PushSubscription) -> bool {
        browser.endpoint().starts_with("https://push.test/")
    }
}

impl ReportHook for Outside {
    fn read(&self, secret: &str, body: &[u8]) -> Result<Vec<Told>, NoticeRefusal> {
        if secret != "sesame" {
            return Err(NoticeRefusal::Forged);
        }
        let reference = std::str::from_utf8(body).map_err(|_| NoticeRefusal::Unreadable)?.to_owned();
        let from = reference.strip_prefix("from ").and_then(|written| written.split_once(": "));
        let Some((from, text)) = from else {
            return Ok(vec![Told::Report(DeliveryReport { reference, reported: Reported::Delivered, reason: None })]);
        };
        let from = Msisdn::parse(from).map_err(|_| NoticeRefusal::Unreadable)?;
        Ok(vec![Told::Message(ReceivedMessage { from, to: "10690000".to_owned(), text: text.to_owned() })])
    }
    fn acknowledgement(&self) -> &'static str {
        "thanks"
    }
}
