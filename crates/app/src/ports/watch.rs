//! Whoever is outside, looked at: what came of our calls lately, whether somebody is there when asked, and the keys by which
//! both sides know each other. Kept in the memory of this process alone: each node sees for itself.

use super::{
    BillAnswer, Browsers, ClosedAnswer, DayOfBill, FloatAnswer, Handed, Messenger, MethodKeeper, Network,
    NetworkChange, NetworkReply, NoticeRefusal, OutgoingMessage, OwnBrowser, PaymentNotice, PaymentProvider,
    PaymentRef, PaymentRequest, PaymentStatus, Ports, RawNotice, RefundRequest, RefundStatus, ReportHook, Started,
};
use crate::clock::Clock;
use async_trait::async_trait;
use everline_core::message::{Channel, Reason};
use everline_core::payment::{Method, Provider};
use everline_core::time::{MINUTE_US, SystemTime};
use std::collections::{BTreeMap, VecDeque};
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

/// Somebody outside.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Outside {
    /// Who takes money.
    Payment(Provider),
    /// Who tells people.
    Message(Channel),
    /// Our own network.
    BuiltIn,
    /// Another operator's network.
    Upstream,
}

impl Outside {
    /// The stable word for it.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Outside::Payment(provider) => provider.word(),
            Outside::Message(channel) => channel.word(),
            Outside::BuiltIn => "built_in",
            Outside::Upstream => "upstream",
        }
    }
    /// Whoever a stable word stands for.
    #[must_use]
    pub fn from_word(word: &str) -> Option<Self> {
        match word {
            "built_in" => Some(Outside::BuiltIn),
            "upstream" => Some(Outside::Upstream),
            word => Provider::from_word(word)
                .map(Outside::Payment)
                .or_else(|| Channel::from_word(word).map(Outside::Message)),
        }
    }
}

/// What came of asking somebody outside whether they are there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Probed {
    /// They answered, and know us.
    Fine,
    /// They did not, or do not know us: a short code for why.
    Failed(Reason),
    /// There is no harmless question that they would answer.
    NotOffered,
}

impl Probed {
    /// A failure with its code.
    #[must_use]
    pub fn failed(why: &str) -> Self {
        Probed::Failed(Reason::of(why))
    }
    /// What the status of an answer over HTTP means to a question about something that is not there.
    #[must_use]
    pub fn of_status(status: u16) -> Self {
        match status {
            200..=299 | 404 | 410 => Probed::Fine,
            401 | 403 => Probed::failed("not_let_in"),
            status => Probed::failed(&format!("http_{status}")),
        }
    }
}

/// A number that is none of ours: asking about it changes nothing anywhere.
pub const NO_PAYMENT: &str = "00000000000000000000000000000000";

/// What a key or certificate is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum KeyFor {
    /// Our pages, by TLS.
    Tls,
    /// Our application at Alipay.
    AlipayOurs,
    /// Alipay's own.
    AlipayTheirs,
    /// Alipay's roots.
    AlipayRoot,
    /// Our merchant's at WeChat Pay.
    WechatOurs,
    /// WeChat Pay's own.
    WechatTheirs,
    /// What browsers know us by when they get notices.
    Push,
    /// What receipts are signed with.
    Receipts,
}

impl KeyFor {
    /// Who answers to a question only if this key is right.
    #[must_use]
    pub const fn tested_by(self) -> Option<Outside> {
        match self {
            KeyFor::AlipayOurs | KeyFor::AlipayTheirs | KeyFor::AlipayRoot => Some(Outside::Payment(Provider::Alipay)),
            KeyFor::WechatOurs | KeyFor::WechatTheirs => Some(Outside::Payment(Provider::Wechat)),
            KeyFor::Tls | KeyFor::Push | KeyFor::Receipts => None,
        }
    }
}

/// A key or certificate in use. Never the key itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KnownKey {
    /// What for.
    pub key_for: KeyFor,
    /// What both sides call it, such as a serial number; or the beginning of a fingerprint of what is no secret of it.
    pub name: String,
    /// The last instant at which it is valid, where it has one.
    pub valid_until: Option<SystemTime>,
}

/// How many of the last minutes are counted.
pub const MINUTES: i64 = 15;

/// What came of the calls to somebody outside, as far as this process made them.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Health {
    /// When they answered last.
    pub last_success: Option<SystemTime>,
    /// When they did not last, and why.
    pub last_failure: Option<(SystemTime, Reason)>,
    /// Calls of the last [`MINUTES`] minutes, and how many of them failed.
    pub lately: (i64, i64),
}

#[derive(Default)]
struct Calls {
    last_success: Option<SystemTime>,
    last_failure: Option<(SystemTime, Reason)>,
    /// By minute: calls, and failures.
    minutes: VecDeque<(i64, i64, i64)>,
}

impl Calls {
    fn add(&mut self, failed: Option<Reason>, now: SystemTime) {
        let minute = now.us() / MINUTE_US;
        self.minutes.retain(|(known, ..)| *known <= minute && minute - known < MINUTES);
        if self.minutes.back().is_none_or(|(known, ..)| *known != minute) {
            self.minutes.push_back((minute, 0, 0));
        }
        if let Some((_, calls, failures)) = self.minutes.back_mut() {
            *calls += 1;
            *failures += i64::from(failed.is_some());
        }
        match failed {
            None => self.last_success = Some(now),
            Some(why) => self.last_failure = Some((now, why)),
        }
    }
    fn health(&self, now: SystemTime) -> Health {
        let minute = now.us() / MINUTE_US;
        let lately = self.minutes.iter().filter(|(known, ..)| *known <= minute && minute - known < MINUTES);
        let lately = lately.fold((0, 0), |(calls, failures), (_, more, failed)| (calls + more, failures + failed));
        Health { last_success: self.last_success, last_failure: self.last_failure.clone(), lately }
    }
}

type Keys = dyn Fn() -> Vec<KnownKey> + Send + Sync;

/// What this process knows of whoever is outside.
#[derive(Default)]
pub struct Watch {
    calls: Mutex<BTreeMap<Outside, Calls>>,
    keys: Option<Box<Keys>>,
    /// When each was tested last.
    tested: Mutex<BTreeMap<Outside, SystemTime>>,
}

impl fmt::Debug for Watch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Watch")
    }
}

impl Watch {
    fn called(&self, whom: Outside, failed: Option<Reason>, now: SystemTime) {
        let mut calls = self.calls.lock().unwrap_or_else(PoisonError::into_inner);
        calls.entry(whom).or_default().add(failed, now);
    }
    /// What came of the calls to each that is watched.
    #[must_use]
    pub fn health(&self, now: SystemTime) -> Vec<(Outside, Health)> {
        let calls = self.calls.lock().unwrap_or_else(PoisonError::into_inner);
        calls.iter().map(|(whom, calls)| (*whom, calls.health(now))).collect()
    }
    /// The turn to test somebody; otherwise how many microseconds it is until there is one.
    pub(crate) fn turn_to_test(&self, whom: Outside, now: SystemTime, between_us: i64) -> Option<i64> {
        let mut tested = self.tested.lock().unwrap_or_else(PoisonError::into_inner);
        let wait_us = tested.get(&whom).map(|last| last.plus_us(between_us).since_us(now));
        if let Some(wait_us) = wait_us.filter(|wait_us| (1..=between_us).contains(wait_us)) {
            return Some(wait_us);
        }
        tested.insert(whom, now);
        None
    }
    /// The keys that the configuration names, as they are now.
    #[must_use]
    pub fn keys(&self) -> Vec<KnownKey> {
        self.keys.as_ref().map(|keys| keys()).unwrap_or_default()
    }
}

impl Ports {
    /// The same ports, with what comes of each call noted. `keys` says which keys are in use; networks that are not there are
    /// not watched.
    #[must_use]
    pub fn watched(mut self, clock: &Arc<Clock>, (built_in, upstream): (bool, bool), keys: Box<Keys>) -> Self {
        let watch = Arc::new(Watch { keys: Some(keys), ..Watch::default() });
        let notes = |whom| {
            watch.calls.lock().unwrap_or_else(PoisonError::into_inner).entry(whom).or_default();
            Notes { whom, watch: watch.clone(), clock: clock.clone() }
        };
        for (provider, port) in &mut self.payments.0 {
            // Nobody is asked at a bank.
            if *provider != Provider::Bank {
                *port = Arc::new(Watched { inner: port.clone(), notes: notes(Outside::Payment(*provider)) });
            }
        }
        for (channel, port) in &mut self.messengers.0 {
            *port = Arc::new(Watched { inner: port.clone(), notes: notes(Outside::Message(*channel)) });
        }
        if built_in {
            self.built_in = Arc::new(Watched { inner: self.built_in, notes: notes(Outside::BuiltIn) });
        }
        if upstream {
            self.upstream = Arc::new(Watched { inner: self.upstream, notes: notes(Outside::Upstream) });
        }
        self.watch = watch;
        self
    }
}

/// Where what came of calls is noted.
struct Notes {
    whom: Outside,
    watch: Arc<Watch>,
    clock: Arc<Clock>,
}

impl Notes {
    fn fine(&self) {
        self.watch.called(self.whom, None, self.clock.now().system);
    }
    fn failed(&self, why: Reason) {
        self.watch.called(self.whom, Some(why), self.clock.now().system);
    }
    fn answered(&self, answered: bool) {
        if answered { self.fine() } else { self.failed(Reason::of("no_answer")) }
    }
    fn probed(&self, probed: &Probed) {
        match probed {
            Probed::Fine => self.fine(),
            Probed::Failed(why) => self.failed(why.clone()),
            Probed::NotOffered => {}
        }
    }
}

/// A port whose calls are noted.
struct Watched<P: ?Sized> {
    inner: Arc<P>,
    notes: Notes,
}

#[async_trait]
impl PaymentProvider for Watched<dyn PaymentProvider> {
    fn takes(&self, method: Method) -> bool {
        self.inner.takes(method)
    }
    async fn start(&self, request: &PaymentRequest) -> Started {
        let started = self.inner.start(request).await;
        self.notes.answered(started != Started::Unknown);
        started
    }
    async fn query(&self, payment: &PaymentRef) -> PaymentStatus {
        let status = self.inner.query(payment).await;
        self.notes.answered(status != PaymentStatus::Unknown);
        status
    }
    async fn close(&self, payment: &PaymentRef) -> ClosedAnswer {
        let closed = self.inner.close(payment).await;
        self.notes.answered(closed != ClosedAnswer::Unknown);
        closed
    }
    async fn refund(&self, request: &RefundRequest) -> RefundStatus {
        // *Unknown* may be an answer here: it is under way.
        let refund = self.inner.refund(request).await;
        if refund != RefundStatus::Unknown {
            self.notes.fine();
        }
        refund
    }
    async fn find_refund(&self, request: &RefundRequest) -> Option<RefundStatus> {
        self.inner.find_refund(request).await
    }
    async fn bill(&self, day: &DayOfBill) -> BillAnswer {
        let bill = self.inner.bill(day).await;
        self.notes.answered(bill != BillAnswer::Unknown);
        bill
    }
    fn keeper(&self) -> Option<&dyn MethodKeeper> {
        self.inner.keeper()
    }
    fn own_browser(&self) -> Option<&dyn OwnBrowser> {
        self.inner.own_browser()
    }
    fn read_notice(&self, notice: &RawNotice<'_>) -> Result<PaymentNotice, NoticeRefusal> {
        self.inner.read_notice(notice)
    }
    async fn probe(&self) -> Probed {
        let probed = self.inner.probe().await;
        self.notes.probed(&probed);
        probed
    }
    fn keys(&self) -> Vec<KnownKey> {
        self.inner.keys()
    }
}

#[async_trait]
impl Messenger for Watched<dyn Messenger> {
    async fn send(&self, message: &OutgoingMessage) -> Handed {
        let handed = self.inner.send(message).await;
        match &handed {
            Handed::Accepted(_) | Handed::Gone => self.notes.fine(),
            Handed::Refused(why) => self.notes.failed(why.clone()),
            Handed::NotYet => self.notes.failed(Reason::of("not_taken")),
            Handed::Unknown | Handed::Lost => self.notes.answered(false),
        }
        handed
    }
    fn hook(&self) -> Option<&dyn ReportHook> {
        self.inner.hook()
    }
    fn browsers(&self) -> Option<&dyn Browsers> {
        self.inner.browsers()
    }
    fn preview(&self, message: &OutgoingMessage) -> Option<super::Preview> {
        self.inner.preview(message)
    }
    async fn probe(&self) -> Probed {
        let probed = self.inner.probe().await;
        self.notes.probed(&probed);
        probed
    }
}

#[async_trait]
impl Network for Watched<dyn Network> {
    async fn apply(&self, change: &NetworkChange) -> NetworkReply {
        let reply = self.inner.apply(change).await;
        self.notes.answered(reply != NetworkReply::Unknown);
        reply
    }
    async fn float(&self) -> FloatAnswer {
        let answer = self.inner.float().await;
        match answer {
            FloatAnswer::Left(_) => self.notes.fine(),
            FloatAnswer::Unknown => self.notes.answered(false),
            // Not to be known without asking whether anybody answered.
            FloatAnswer::NotOffered => {}
        }
        answer
    }
    async fn probe(&self) -> Probed {
        let probed = self.inner.probe().await;
        self.notes.probed(&probed);
        probed
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn calls_are_counted_for_some_minutes() {
        let (mut calls, at) = (Calls::default(), |minute: i64| SystemTime::from_us(minute * MINUTE_US));
        assert_eq!(calls.health(at(0)), Health::default());
        calls.add(None, at(1));
        calls.add(Some(Reason::of("no_answer")), at(1));
        calls.add(None, at(5));
        let health = calls.health(at(5));
        assert_eq!((health.lately, health.last_success), ((3, 1), Some(at(5))));
        assert_eq!(health.last_failure, Some((at(1), Reason::of("no_answer"))));
        assert_eq!(calls.health(at(MINUTES)).lately, (3, 1));
        assert_eq!(calls.health(at(MINUTES + 1)).lately, (1, 0), "a minute goes when it is too old");
        assert_eq!(calls.health(at(MINUTES + 5)).lately, (0, 0));
        assert!(calls.health(at(MINUTES + 5)).last_failure.is_some(), "what was last stays known");
        calls.add(None, at(2));
        assert_eq!(calls.health(at(2)).lately, (3, 1), "a clock that went back loses no more than it must");
    }

    #[test]
    fn words_lead_back() {
        let all = Provider::ALL.map(Outside::Payment).into_iter().chain(Channel::ALL.map(Outside::Message));
        for whom in all.chain([Outside::BuiltIn, Outside::Upstream]) {
            assert_eq!(Outside::from_word(whom.word()), Some(whom));
        }
        assert_eq!(Outside::from_word("nobody"), None);
    }
}
