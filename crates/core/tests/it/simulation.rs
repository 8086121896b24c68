//! A seeded simulation of paying: customers, providers, networks and crashes, in any order, from one number.
//!
//! Providers take money whenever the payer likes, also after the order closed, and for two attempts; they tell it twice,
//! late, out of order, never, or in another amount. A crash forgets a decision before it was committed; whoever was not
//! answered comes again. At the end everything that is under way is asked until nothing changes. The same seed is the same
//! history.

use crate::fixture::*;
use everline_core::charging::Allowance;
use everline_core::credit;
use everline_core::effects::{Effects, Job};
use everline_core::ids::{AttemptId, OrderId, PostingId, RawId, ReceiptId, RefundId};
use everline_core::ledger::{Balances, LedgerAccount, Posting, Template};
use everline_core::line::{Line, LineState, NetworkKind};
use everline_core::money::{Currency, Money};
use everline_core::offering::Offering;
use everline_core::order::{Order, OrderState};
use everline_core::payment::{Attempt, AttemptState, Evidence, Method, Settlement};
use everline_core::refund::{Refund, RefundState};
use everline_core::renewal::{self, Facts, UpstreamAnswer};
use everline_core::time::{MINUTE_US, Now, SystemTime, Zone};
use std::collections::{BTreeMap, BTreeSet};

const SEEDS: u64 = 10_000;
const STEPS: usize = 60;
const ORDERS_MAX: usize = 4;
const METHODS: [Method; 3] = [Method::AlipayQr, Method::WechatQr, Method::Card];

/// SplitMix64 (Steele, Lea and Flood 2014): enough to draw a history from.
struct Random(u64);
impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }
    fn below(&mut self, n: usize) -> usize {
        usize::try_from(self.next() % u64::try_from(n.max(1)).unwrap()).unwrap()
    }
    fn percent(&mut self, n: usize) -> bool {
        self.below(100) < n
    }
    fn of<T: Clone>(&mut self, all: &[T]) -> Option<T> {
        if all.is_empty() { None } else { Some(all[self.below(all.len())].clone()) }
    }
}

/// What a provider did, whatever we know of it.
#[derive(Default)]
struct AtProvider {
    taken: i64,
    closed: bool,
    /// By our number of the refund; the provider does each once.
    refunds: BTreeMap<String, i64>,
}

struct World {
    random: Random,
    zone: Zone,
    now: Now,
    made: u64,
    balances: Balances,
    line: Line,
    allowance: Allowance,
    offerings: [Offering; 3],
    orders: BTreeMap<OrderId, Order>,
    attempts: BTreeMap<AttemptId, Attempt>,
    refunds: BTreeMap<RefundId, Refund>,
    receipts: BTreeSet<ReceiptId>,
    postings: BTreeMap<PostingId, Posting>,
    providers: BTreeMap<AttemptId, AtProvider>,
    /// Notices on their way.
    notices: Vec<Evidence>,
    /// Orders an upstream network is asked about.
    upstream: BTreeSet<OrderId>,
    history: u64,
}

impl World {
    fn new(seed: u64) -> Self {
        let mut random = Random(seed);
        let network = if random.percent(50) { NetworkKind::BuiltIn } else { NetworkKind::Upstream };
        let mut this = Self {
            random,
            zone: zone(),
            now: now("03-10 11:30"),
            made: 0,
            balances: Balances::default(),
            line: Line { network, ..line(LineState::Active) },
            allowance: Allowance::default(),
            offerings: [month(), pack(), topup()],
            orders: BTreeMap::new(),
            attempts: BTreeMap::new(),
            refunds: BTreeMap::new(),
            receipts: BTreeSet::new(),
            postings: BTreeMap::new(),
            providers: BTreeMap::new(),
            notices: Vec::new(),
            upstream: BTreeSet::new(),
            history: 0xcbf2_9ce4_8422_2325,
        };
        // Most customers hold some credit.
        let credit = i64::try_from(this.random.below(4)).unwrap() * 20_000_000;
        if credit > 0 {
            this.balances = balances(&[(Template::Paid, credit), (Template::ToppedUp, credit)]);
        }
        this
    }

    fn id(&mut self) -> RawId {
        self.made += 1;
        let mut random = [0; 10];
        random[..8].copy_from_slice(&self.made.to_be_bytes());
        RawId::new_v7(1_772_000_000_000 + self.made, random)
    }

    /// Everything a decision about an attempt sees.
    fn facts(&self, attempt: &Attempt) -> Facts {
        let order = self.orders[&attempt.order].clone();
        let in_order = |other: &&Attempt| {
            other.order == order.id && other.id != attempt.id && other.settlement == Some(Settlement::Order)
        };
        let offering = self.offerings.iter().find(|offering| offering.reference == order.offering).unwrap().clone();
        Facts {
            balances: self.balances,
            line: self.line.clone(),
            others: self.attempts.values().filter(in_order).cloned().collect(),
            attempt: attempt.clone(),
            allowance: self.allowance.clone(),
            offering,
            order,
        }
    }

    /// Commits a decision, or crashes before; whether it was committed.
    fn commit(&mut self, effects: &Effects, may_crash: bool) -> bool {
        if may_crash && self.random.percent(20) {
            return false;
        }
        for byte in told(effects).bytes() {
            self.history = (self.history ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
        }
        for posting in &effects.postings {
            assert!(self.postings.insert(posting.id, *posting).is_none(), "posted twice: {posting:?}");
        }
        if let Some(balances) = effects.balances {
            self.balances = balances;
        }
        assert_eq!(self.balances.sum(), 0);
        self.line = effects.line.clone().unwrap_or_else(|| self.line.clone());
        self.allowance = effects.allowance.clone().unwrap_or_else(|| self.allowance.clone());
        self.orders.extend(effects.orders.iter().map(|order| (order.id, order.clone())));
        self.attempts.extend(effects.attempts.iter().map(|attempt| (attempt.id, attempt.clone())));
        self.refunds.extend(effects.refunds.iter().map(|refund| (refund.id, refund.clone())));
        if let Some(receipt) = &effects.receipt {
            assert!(self.receipts.insert(receipt.id), "two receipts of one order");
        }
        for job in &effects.jobs {
            if let Job::ActivateUpstream { order, .. } = job {
                self.upstream.insert(*order);
            }
        }
        true
    }

    fn place(&mut self) {
        let (which, id) = (self.random.below(3), OrderId(self.id()));
        let expires_at = self.now.business.plus_us(30 * MINUTE_US);
        let open = order(10, &self.offerings[which], OrderState::AwaitingPayment);
        let placed_at = self.now.business;
        self.orders.insert(id, Order { id, number: id.to_string(), placed_at, expires_at, ..open });
    }

    fn open_orders(&self) -> Vec<Order> {
        let open = self.orders.values().filter(|order| order.state == OrderState::AwaitingPayment);
        open.cloned().collect()
    }

    /// A provider is asked for what is missing of an order.
    fn start(&mut self) {
        let Some(order) = self.random.of(&self.open_orders()) else { return };
        let (id, method) = (AttemptId(self.id()), self.random.of(&METHODS).unwrap());
        let missing = Money::from_micros(order.price.micros() - order.funds, Currency::CNY);
        let state = [AttemptState::Pending, AttemptState::Unknown][self.random.below(2)];
        let (out_trade_no, created_at) = (id.to_string(), self.now.system);
        let made = attempt(&order);
        let made = Attempt { id, method, state, amount: missing, out_trade_no, created_at, ..made };
        self.attempts.insert(id, made);
        self.providers.insert(id, AtProvider::default());
    }

    fn spend_credit(&mut self) {
        let Some(order) = self.random.of(&self.open_orders()) else { return };
        let method = [Method::PaidCredit, Method::PromoCredit][self.random.below(2)];
        let amount = credit::available(&self.balances, &order, method);
        if amount.micros() == 0 {
            return;
        }
        let made = credit::attempt(AttemptId(self.id()), &order, method, amount, self.now);
        let (_, effects) = credit::on_credit(&self.facts(&made), &self.zone, self.now).unwrap();
        self.commit(&effects, true);
    }

    /// The payer pays, early, late, or a second time by another attempt.
    fn pay(&mut self) {
        let waiting: Vec<AttemptId> =
            self.providers.iter().filter(|(_, at)| at.taken == 0 && !at.closed).map(|x| *x.0).collect();
        let Some(id) = self.random.of(&waiting) else { return };
        let asked = self.attempts[&id].amount.micros();
        let taken = if self.random.percent(5) { asked / 2 } else { asked };
        self.providers.get_mut(&id).unwrap().taken = taken;
        let evidence = self.evidence(id);
        for _ in 0..[0, 1, 1, 1, 2, 3][self.random.below(6)] {
            self.notices.push(evidence.clone());
        }
    }

    fn evidence(&self, id: AttemptId) -> Evidence {
        let attempt = &self.attempts[&id];
        Evidence {
            provider: attempt.method.provider().unwrap(),
            out_trade_no: attempt.out_trade_no.clone(),
            trade_no: format!("T{id}"),
            amount: Money::from_micros(self.providers[&id].taken, Currency::CNY),
        }
    }

    /// Evidence arrives; a crash leaves it to come again.
    fn take(&mut self, evidence: &Evidence, may_crash: bool) -> bool {
        let named =
            self.attempts.values().find(|attempt| attempt.out_trade_no == evidence.out_trade_no).unwrap().clone();
        let facts = self.facts(&named);
        let (_, effects) = renewal::on_evidence(&facts, evidence, &brand(), &self.zone, self.now).unwrap();
        self.commit(&effects, may_crash)
    }

    fn deliver_notice(&mut self) {
        if self.notices.is_empty() {
            return;
        }
        let place = self.random.below(self.notices.len());
        let evidence = self.notices.swap_remove(place);
        if self.random.percent(15) {
            return; // lost for good: a question finds the payment
        }
        if !self.take(&evidence, true) {
            self.notices.push(evidence);
        }
    }

    /// Our question to a provider, and closing there before another method is taken.
    fn ask_or_close(&mut self) {
        let ids: Vec<AttemptId> = self.providers.keys().copied().collect();
        let Some(id) = self.random.of(&ids) else { return };
        if self.providers[&id].taken > 0 {
            let evidence = self.evidence(id);
            self.take(&evidence, true);
        } else if self.random.percent(30) {
            self.providers.get_mut(&id).unwrap().closed = true;
            let attempt = self.attempts.get_mut(&id).unwrap();
            attempt.state = attempt.state.believed(AttemptState::Closed);
        }
    }

    fn expire(&mut self) {
        for order in self.open_orders() {
            let own: Vec<Attempt> =
                self.attempts.values().filter(|attempt| attempt.order == order.id).cloned().collect();
            if let Some(effects) = credit::on_unpaid(&order, &own, self.balances, self.now).unwrap() {
                self.commit(&effects, true);
            }
        }
    }

    /// The upstream network answers, perhaps, and perhaps twice.
    fn answer_upstream(&mut self, surely: bool) {
        let waiting: Vec<OrderId> = self.upstream.iter().copied().collect();
        let Some(id) = self.random.of(&waiting) else { return };
        if !surely && self.random.percent(40) {
            return;
        }
        let answer = if self.random.percent(70) { UpstreamAnswer::Completed } else { UpstreamAnswer::Refused };
        let brought = |attempt: &&Attempt| attempt.order == id && attempt.settlement == Some(Settlement::Order);
        let Some(first) = self.attempts.values().find(brought).cloned() else { return };
        let effects = renewal::on_upstream_answer(&self.facts(&first), answer, &self.zone, self.now).unwrap();
        if self.commit(&effects, !surely) {
            self.upstream.remove(&id);
        }
    }

    /// A refund is asked for: the provider does it once, refuses it, or its answer is lost.
    fn refund(&mut self, surely: bool) {
        let moving: Vec<Refund> =
            self.refunds.values().filter(|refund| refund.state == RefundState::InFlight).cloned().collect();
        let Some(refund) = self.random.of(&moving) else { return };
        let number = refund.out_request_no.clone();
        let fate = self.random.below(10);
        let at = self.providers.get_mut(&refund.attempt).unwrap();
        let known = at.refunds.contains_key(&number);
        if !known && fate == 0 {
            let effects = self.answered(&refund, false);
            self.commit(&effects, !surely);
            return;
        }
        at.refunds.insert(number, refund.amount.micros());
        if !surely && fate < 4 {
            return; // done there, and we do not know
        }
        let effects = self.answered(&refund, true);
        self.commit(&effects, !surely);
    }
    fn answered(&self, refund: &Refund, done: bool) -> Effects {
        let all: Vec<Refund> = self.refunds.values().filter(|other| other.order == refund.order).cloned().collect();
        let by = (refund, self.attempts[&refund.attempt].method);
        renewal::on_refund_answer(self.balances, &self.orders[&refund.order], by, (&all, 0), done, self.now).unwrap()
    }

    fn pass(&mut self) {
        let us = [1, 5, 20, 40][self.random.below(4)] * MINUTE_US;
        self.now =
            Now { business: self.now.business.plus_us(us), system: SystemTime::from_us(self.now.system.us() + us) };
    }

    fn step(&mut self) {
        match self.random.below(12) {
            0 if self.orders.len() < ORDERS_MAX => self.place(),
            1 | 2 => self.start(),
            3 => self.spend_credit(),
            4 | 5 => self.pay(),
            6 | 7 => self.deliver_notice(),
            8 => self.ask_or_close(),
            9 => self.answer_upstream(false),
            10 => self.refund(false),
            _ => {
                self.pass();
                self.expire();
            }
        }
    }

    /// Everybody who is under way is asked until nothing changes; the time to pay passes.
    fn settle(&mut self) {
        let late = self.now.business.plus_us(60 * MINUTE_US);
        self.now = Now { business: late, system: SystemTime::from_us(late.us()) };
        while !self.open_orders().is_empty() {
            self.expire();
        }
        let ids: Vec<AttemptId> = self.providers.keys().copied().filter(|id| self.providers[id].taken > 0).collect();
        for id in ids {
            let evidence = self.evidence(id);
            for _ in 0..2 {
                self.take(&evidence, false);
            }
        }
        while !self.upstream.is_empty() {
            self.answer_upstream(true);
        }
        while self.refunds.values().any(|refund| refund.state == RefundState::InFlight) {
            self.refund(true);
        }
    }

    fn audit(&self, seed: u64) {
        let posted = |template: Template| self.postings.values().filter(move |posting| posting.template == template);
        let sum = |template: Template| posted(template).map(|posting| posting.amount).sum::<i64>();
        for order in self.orders.values() {
            let delivered = [Template::Delivered, Template::ToppedUp].into_iter().flat_map(posted);
            let times = delivered.filter(|posting| posting.order == Some(order.id)).count();
            assert!(times <= 1, "seed {seed}: delivered {times} times");
            assert_eq!(times == 1, order.state.delivered(), "seed {seed}: {:?}", order.state);
            assert_ne!(order.state, OrderState::Paid, "seed {seed}: paid and never delivered nor returned");
        }
        let taken: i64 = self.providers.values().map(|at| at.taken).sum();
        let returned: i64 = self.providers.values().flat_map(|at| at.refunds.values()).sum();
        assert_eq!(
            sum(Template::Paid) + sum(Template::PaidToSuspense),
            taken,
            "seed {seed}: what providers took is booked"
        );
        assert_eq!(sum(Template::RefundDone), returned, "seed {seed}: what providers gave back is booked");
        for (id, at) in &self.providers {
            assert!(at.refunds.values().sum::<i64>() <= at.taken, "seed {seed}: more went back than came by {id}");
        }
        // What came in from providers and credit is delivered, went back, or waits for people.
        let spent = sum(Template::CreditSpent) + sum(Template::PromoSpent);
        let back = sum(Template::CreditReturned) + sum(Template::PromoReturned);
        let delivered = sum(Template::Delivered) + sum(Template::ToppedUp);
        let held = |account| self.balances.get(account);
        assert_eq!(taken + spent, delivered + back + returned + held(LedgerAccount::Suspense), "seed {seed}");
        assert_eq!((held(LedgerAccount::OrderFunds), held(LedgerAccount::RefundInFlight)), (0, 0), "seed {seed}");
    }
}

/// Lives a seed; what its history was.
fn live(seed: u64) -> (u64, World) {
    let mut world = World::new(seed);
    for _ in 0..STEPS {
        world.step();
    }
    world.settle();
    world.audit(seed);
    (world.history, world)
}

#[test]
fn ten_thousand_seeds_lose_no_money_and_pay_nothing_twice() {
    let (mut delivered, mut refunds, mut suspended) = (0, 0, 0);
    for seed in 0..SEEDS {
        let (_, world) = live(seed);
        delivered += world.orders.values().filter(|order| order.state.delivered()).count();
        refunds += world.refunds.values().filter(|refund| refund.state == RefundState::Done).count();
        suspended += usize::from(world.balances.get(LedgerAccount::Suspense) > 0);
    }
    // All of it was tried, many times.
    let many = usize::try_from(SEEDS).unwrap() / 10;
    assert!(delivered > many && refunds > many && suspended > many / 10, "{delivered} {refunds} {suspended}");
}

#[test]
fn the_same_seed_is_the_same_history() {
    for seed in (0..SEEDS).step_by(97) {
        assert_eq!(live(seed).0, live(seed).0, "{seed}");
    }
    let different: BTreeSet<u64> = (0..200).map(|seed| live(seed).0).collect();
    assert!(different.len() > 150, "{}", different.len());
}
