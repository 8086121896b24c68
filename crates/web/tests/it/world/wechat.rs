//! WeChat Pay as far as its own browser goes: who uses it, and payments for that person.

use async_trait::async_trait;
use everline_app::ports::{
    BillAnswer, ClosedAnswer, DayOfBill, NoticeRefusal, OwnBrowser, Payable, PayerAnswer, PayerName, PaymentNotice,
    PaymentProvider, PaymentRef, PaymentRequest, PaymentStatus, RawNotice, RefundRequest, RefundStatus, Started,
};
use everline_core::payment::{Evidence, Method, Provider};
use everline_core::time::SystemTime;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};

/// An account with WeChat Pay; nobody can pay inside WeChat until that is on.
#[derive(Default)]
pub struct InWechat {
    pub on: AtomicBool,
    /// Refuses every start.
    pub refuses: AtomicBool,
    /// What codes are answered with; one that names somebody is used by that.
    codes: Mutex<BTreeMap<String, PayerAnswer>>,
    used: Mutex<BTreeSet<String>>,
    /// Every code that somebody came with.
    pub asked: Mutex<Vec<String>>,
    pub started: Mutex<Vec<PaymentRequest>>,
    pub closed: Mutex<Vec<String>>,
    paid: Mutex<BTreeSet<String>>,
    /// Until when the place to pay can be opened, if not as long as the attempt can be paid.
    pub until: Mutex<Option<SystemTime>>,
}

impl InWechat {
    /// A code that names a person.
    pub fn code(&self, code: &str, openid: &str) {
        self.answer(code, PayerAnswer::Payer(PayerName::new(openid).unwrap()));
    }
    /// A code that is answered so.
    pub fn answer(&self, code: &str, answer: PayerAnswer) {
        self.codes.lock().unwrap().insert(code.to_owned(), answer);
    }
    /// How many payments were started.
    pub fn starts(&self) -> usize {
        self.started.lock().unwrap().len()
    }
    /// The payer pays what was begun last.
    pub fn pay_last(&self) -> String {
        let number = self.started.lock().unwrap().last().unwrap().out_trade_no.clone();
        self.paid.lock().unwrap().insert(number.clone());
        number
    }
}

#[async_trait]
impl PaymentProvider for InWechat {
    fn takes(&self, method: Method) -> bool {
        self.on.load(Relaxed) && method.provider() == Some(Provider::Wechat)
    }
    async fn start(&self, request: &PaymentRequest) -> Started {
        self.started.lock().unwrap().push(request.clone());
        if self.refuses.load(Relaxed) {
            return Started::Refused("PARAM_ERROR".to_owned());
        }
        let url_until = *self.until.lock().unwrap();
        let url = match request.method {
            Method::WechatJsapi => format!("wx{}", request.out_trade_no),
            _ => format!("https://h5.pay.test/{}", request.out_trade_no),
        };
        Started::Pay(Payable { url, url_until, reference: None, holder: None })
    }
    async fn query(&self, payment: &PaymentRef) -> PaymentStatus {
        let out_trade_no = payment.out_trade_no.clone();
        if !self.paid.lock().unwrap().contains(&out_trade_no) {
            return PaymentStatus::Waiting;
        }
        let started = self.started.lock().unwrap();
        let amount = started.iter().find(|asked| asked.out_trade_no == out_trade_no).unwrap().amount;
        let trade_no = format!("42{out_trade_no}");
        PaymentStatus::Paid(Evidence { provider: Provider::Wechat, out_trade_no, trade_no, amount })
    }
    async fn close(&self, payment: &PaymentRef) -> ClosedAnswer {
        self.closed.lock().unwrap().push(payment.out_trade_no.clone());
        ClosedAnswer::Closed
    }
    async fn refund(&self, _: &RefundRequest) -> RefundStatus {
        RefundStatus::Unknown
    }
    async fn bill(&self, _: &DayOfBill) -> BillAnswer {
        BillAnswer::Bill(Vec::new())
    }
    fn own_browser(&self) -> Option<&dyn OwnBrowser> {
        self.on.load(Relaxed).then_some(self)
    }
    fn read_notice(&self, _: &RawNotice<'_>) -> Result<PaymentNotice, NoticeRefusal> {
        Err(NoticeRefusal::Forged)
    }
}

#[async_trait]
impl OwnBrowser for InWechat {
    fn ask_payer(&self, return_url: &str, state: &str) -> Option<String> {
        Some(format!("https://open.wechat.test/authorize?back={return_url}&state={state}"))
    }
    async fn payer(&self, code: &str) -> PayerAnswer {
        self.asked.lock().unwrap().push(code.to_owned());
        match self.codes.lock().unwrap().get(code) {
            Some(PayerAnswer::Payer(_)) if !self.used.lock().unwrap().insert(code.to_owned()) => PayerAnswer::CodeUsed,
            Some(answer) => answer.clone(),
            None => PayerAnswer::CodeGone,
        }
    }
    async fn hand_over(&self, place: &str) -> Option<String> {
        Some(format!("{{\"package\":\"prepay_id={place}\"}}"))
    }
}
