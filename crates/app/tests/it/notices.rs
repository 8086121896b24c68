//! Ten thousand payment notices about a few hundred orders: genuine, repeated, reordered, two days late, forged, with
//! another amount, currency, merchant or number, and bytes that are no notice at all, to two nodes at once. What is
//! credited is what was genuinely paid, once, and nothing else.

use crate::refund_races::Dice;
use crate::world::outside::Fate;
use crate::world::{Kit, World, on_both};
use everline_app::Problem;
use everline_app::payment_confirmed::NoticeProblem;
use everline_app::ports::NoticeRefusal;
use everline_core::ids::CustomerId;
use everline_core::ledger::LedgerAccount;
use everline_core::offering::{Family, SaleState};
use everline_core::order::{Order, OrderState};
use everline_core::payment::{Attempt, Settlement};
use everline_core::refund::{RefundReason, RefundState};
use everline_core::time::{HOUR_US, MINUTE_US};
use everline_store::Sql;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use tokio::task::JoinSet;

/// What becomes of an order's payment.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Story {
    /// Paid, and its notices come while it is open.
    InTime,
    /// Another amount is paid than was asked.
    OtherAmount,
    /// Paid, and its notices come two days later; the offering is still sold.
    LateAndSold,
    /// Paid, and its notices come two days later; the offering is not sold any more.
    LateAndGone,
    /// Nobody pays.
    NeverPaid,
}

impl Story {
    /// The story of an order by its number: every kind once in a dozen at least, and most are paid in time.
    const fn of(number: usize) -> Self {
        match number % 12 {
            0..=6 => Self::InTime,
            7 => Self::OtherAmount,
            8 => Self::LateAndSold,
            9 => Self::LateAndGone,
            _ => Self::NeverPaid,
        }
    }
    const fn late(self) -> bool {
        matches!(self, Self::LateAndSold | Self::LateAndGone)
    }
    const fn delivered(self) -> bool {
        matches!(self, Self::InTime | Self::LateAndSold)
    }
}

/// An order, and where it leads.
struct Play {
    story: Story,
    kit: Kit,
    order: Order,
    attempt: Attempt,
}

/// What a notice is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Kind {
    /// The provider tells of a payment for the first time.
    Genuine,
    /// The same bytes again.
    SameBytes,
    /// The same payment under another name.
    OtherName,
    /// A signature that is not the provider's.
    Forged,
    /// Signed, of a payment in another currency.
    OtherCurrency,
    /// Signed, of another amount than the payment that we know already.
    Contradiction,
    /// Signed, for another merchant.
    OtherMerchant,
    /// Signed, with a number that is none of ours.
    UnknownNumber,
    /// No notice at all.
    Unreadable,
}

/// A notice on its way.
struct Letter {
    kind: Kind,
    body: Vec<u8>,
}

/// All orders, what was sent about them so far, and what that should leave.
struct Stage<'a> {
    world: &'a World,
    plays: Vec<Play>,
    dice: Dice,
    /// The genuine notices.
    genuine: Vec<(usize, Vec<u8>)>,
    /// How many of them have certainly arrived.
    arrived: usize,
    sent: BTreeMap<Kind, usize>,
    /// How many different notices should be kept, by what became of them.
    kept: BTreeMap<&'static str, i64>,
    /// The orders about which a case says that a payment is not as it should be.
    doubted: BTreeSet<usize>,
    /// The orders about which a case names another merchant.
    foreign: BTreeSet<usize>,
}

const ORDERS: usize = 600;
const IN_TIME: usize = 8_000;
const LATE: usize = 2_000;
/// What is paid where another amount was asked: one unit.
const OTHER_MICROS: i64 = 1_000_000;

impl<'a> Stage<'a> {
    /// Two open orders on each of many lines.
    async fn open(world: &'a World) -> Self {
        let mut plays = Vec::new();
        for number in 0..ORDERS {
            let story = Story::of(number);
            let kit = match plays.last() {
                Some(Play { kit, .. }) if number % 2 == 1 => Kit::clone(kit),
                _ => world.line(Family::Watch).await,
            };
            let code = if story == Story::LateAndGone { "short" } else { "days" };
            let (order, attempt) = world.checkout(&kit, code).await;
            plays.push(Play { story, kit, order, attempt });
        }
        let (kept, sent) = (BTreeMap::new(), BTreeMap::new());
        let (doubted, foreign) = (BTreeSet::new(), BTreeSet::new());
        Self {
            world,
            plays,
            dice: Dice(0x00c0_ffee_1234_5678),
            genuine: Vec::new(),
            arrived: 0,
            sent,
            kept,
            doubted,
            foreign,
        }
    }

    /// The first genuine notice of every order that `tells` chooses, and others until there are `count`, shuffled.
    fn letters(&mut self, count: usize, tells: impl Fn(Story) -> bool, kinds: &[Kind]) -> Vec<Letter> {
        let mut letters = Vec::new();
        for number in 0..self.plays.len() {
            if tells(self.plays[number].story) {
                letters.push(self.letter(Kind::Genuine, number));
            }
        }
        while letters.len() < count {
            let kind = *self.dice.of(kinds);
            let number = self.any_play();
            letters.push(self.letter(kind, number));
        }
        for last in (1..letters.len()).rev() {
            let other = usize::try_from(self.dice.roll(u64::try_from(last + 1).unwrap())).unwrap();
            letters.swap(last, other);
        }
        letters
    }

    fn any_play(&mut self) -> usize {
        usize::try_from(self.dice.roll(u64::try_from(self.plays.len()).unwrap())).unwrap()
    }

    fn any_genuine(&mut self) -> (usize, Vec<u8>) {
        self.dice.of(&self.genuine).clone()
    }

    fn letter(&mut self, kind: Kind, number: usize) -> Letter {
        *self.sent.entry(kind).or_default() += 1;
        let provider = self.world.provider.clone();
        let out_trade_no = self.plays[number].attempt.out_trade_no.clone();
        let (body, kept) = match kind {
            Kind::Genuine => {
                let body = match self.plays[number].story {
                    Story::OtherAmount => provider.pay_amount(&out_trade_no, OTHER_MICROS),
                    _ => provider.pay(&out_trade_no),
                };
                self.genuine.push((number, body.clone()));
                (body, Some("processed"))
            }
            Kind::SameBytes => (self.any_genuine().1, None),
            Kind::OtherName | Kind::Contradiction => {
                let contradicts = kind == Kind::Contradiction;
                let paid = match contradicts {
                    true => self.dice.of(&self.genuine[..self.arrived]).0,
                    false => self.any_genuine().0,
                };
                if contradicts {
                    self.doubted.insert(paid);
                }
                let change = |notice: &mut serde_json::Value| {
                    if contradicts {
                        notice["micros"] = (OTHER_MICROS + 1).into();
                    }
                };
                (provider.notice(&self.plays[paid].attempt.out_trade_no, change), Some("processed"))
            }
            Kind::Forged => (provider.notice(&out_trade_no, |notice| notice["sign"] = "mine".into()), None),
            Kind::OtherCurrency => {
                self.doubted.insert(number);
                let usd = provider.notice(&out_trade_no, |notice| notice["currency"] = "USD".into());
                (usd, Some("processed"))
            }
            Kind::OtherMerchant => {
                self.foreign.insert(number);
                let theirs = provider.notice(&out_trade_no, |notice| notice["merchant"] = "theirs".into());
                (theirs, Some("refused"))
            }
            Kind::UnknownNumber => {
                let elsewhere = format!("elsewhere-{}", self.dice.roll(1_000));
                let strange = provider.notice(&out_trade_no, |notice| notice["out_trade_no"] = elsewhere.into());
                (strange, Some("unmatched"))
            }
            Kind::Unreadable => {
                let mut body = provider.notice(&out_trade_no, |_| {});
                let end = usize::try_from(self.dice.roll(u64::try_from(body.len()).unwrap())).unwrap();
                body.truncate(end);
                if self.dice.roll(2) == 0 {
                    body.extend(b"\xff\x00{");
                }
                (body, None)
            }
        };
        if let Some(state) = kept {
            *self.kept.entry(state).or_default() += 1;
        }
        Letter { kind, body }
    }
}

/// Delivers the notices by sixteen at once to two nodes, which run their jobs meanwhile; one that is not acknowledged
/// although it should be comes again, as its provider would send it.
async fn deliver(world: &World, letters: Vec<Letter>) {
    let nodes = [world.clone(), world.another_node()];
    let (letters, next) = (Arc::new(letters), Arc::new(AtomicUsize::new(0)));
    let mut senders = JoinSet::new();
    for sender in 0..16 {
        let (node, letters, next) = (nodes[sender % 2].clone(), letters.clone(), next.clone());
        senders.spawn(async move {
            while let Some(letter) = letters.get(next.fetch_add(1, Relaxed)) {
                let mut answer = node.notice(&letter.body).await;
                while answer == Err(NoticeProblem::Problem(Problem::Busy)) {
                    answer = node.notice(&letter.body).await;
                }
                let expected = match letter.kind {
                    Kind::Forged => Err(NoticeProblem::Refused(NoticeRefusal::Forged)),
                    Kind::Unreadable => Err(NoticeProblem::Refused(NoticeRefusal::Unreadable)),
                    _ => Ok(()),
                };
                assert_eq!(answer, expected, "{:?} {}", letter.kind, String::from_utf8_lossy(&letter.body));
                if next.load(Relaxed).is_multiple_of(50) {
                    node.jobs().await;
                }
            }
        });
    }
    while let Some(ended) = senders.join_next().await {
        ended.unwrap();
    }
}

static POSTED: Sql = Sql::new("SELECT template, COUNT(DISTINCT posting_id) FROM transfer GROUP BY template");
static CASES: Sql = Sql::new("SELECT reason, COUNT(*) FROM support_case GROUP BY reason");
static DOUBTED: Sql = Sql::new(
    "SELECT COUNT(DISTINCT order_id) FROM support_case WHERE reason IN ('amount_mismatch', 'conflicting_evidence')",
);
static KEPT: Sql = Sql::new("SELECT state, COUNT(*) FROM notice GROUP BY state");

async fn counted(world: &World, sql: &'static Sql) -> BTreeMap<String, i64> {
    let rows = world.look(move |tx| Box::pin(async move { tx.all::<(String, i64)>(sql, vec![]).await })).await;
    rows.into_iter().collect()
}

impl Stage<'_> {
    /// One order and its payment ended as their story says.
    async fn ended(&self, play: &Play) {
        let (world, story) = (self.world, play.story);
        let order = world.order_now(&play.order).await;
        let [attempt] = world.attempts(&order).await.try_into().unwrap();
        let refunds: Vec<_> = world.refunds(&order).await.iter().map(|refund| (refund.reason, refund.state)).collect();
        let periods = world.allowance(&play.kit).await.periods;
        let times = periods.iter().filter(|period| period.order == order.id).count();
        assert_eq!(times, usize::from(story.delivered()), "{story:?} {}", order.number);
        assert_eq!(order.state.delivered(), story.delivered(), "{story:?} {:?}", order.state);
        let (settlement, received) = match story {
            Story::InTime | Story::LateAndSold => (Some(Settlement::Order), order.price.micros()),
            Story::LateAndGone => (Some(Settlement::Refund), order.price.micros()),
            Story::OtherAmount => (Some(Settlement::Suspense), OTHER_MICROS),
            Story::NeverPaid => (None, 0),
        };
        assert_eq!((attempt.settlement, attempt.received), (settlement, received), "{story:?} {}", order.number);
        if !story.delivered() {
            assert_eq!(order.state, OrderState::Closed, "{story:?}");
        }
        let back = [(RefundReason::Late, RefundState::Done)];
        assert_eq!(refunds, if story == Story::LateAndGone { &back[..] } else { &[] }, "{story:?}");
        let given_back = world.provider.trade(&attempt.out_trade_no).refunds.len();
        assert_eq!(given_back, refunds.len(), "{story:?}");
    }

    /// What each customer's books must hold: what was delivered is owed in service, another amount waits, nothing else.
    async fn balanced(&self) {
        let mut due: BTreeMap<CustomerId, (i64, i64)> = BTreeMap::new();
        for play in &self.plays {
            let (deferred, suspense) = due.entry(play.kit.customer).or_default();
            match play.story {
                Story::InTime | Story::LateAndSold => *deferred += play.order.price.micros(),
                Story::OtherAmount => *suspense += OTHER_MICROS,
                Story::LateAndGone | Story::NeverPaid => {}
            }
        }
        for (customer, (deferred, suspense)) in &due {
            let balances = self.world.balances(*customer).await;
            for account in LedgerAccount::ALL {
                let expected = match account {
                    LedgerAccount::PspReceivable => deferred + suspense,
                    LedgerAccount::DeferredRevenue => *deferred,
                    LedgerAccount::Suspense => *suspense,
                    _ => 0,
                };
                assert_eq!(balances.get(account), expected, "{account:?} of {customer}");
            }
        }
        let held: i64 = due.values().map(|(deferred, suspense)| deferred + suspense).sum();
        assert_eq!(self.world.provider.holds(), held);
    }

    fn count(&self, of: impl Fn(Story) -> bool) -> i64 {
        i64::try_from(self.plays.iter().filter(|play| of(play.story)).count()).unwrap()
    }

    async fn all_ended(&self) {
        for play in &self.plays {
            self.ended(play).await;
        }
        self.balanced().await;
        let gone = self.count(|story| story == Story::LateAndGone);
        let postings = [
            ("PAID", self.count(Story::delivered)),
            ("DELIVERED", self.count(Story::delivered)),
            ("PAID_TO_SUSPENSE", self.count(|story| story == Story::OtherAmount) + gone),
            ("REFUND_STARTED_SUSPENSE", gone),
            ("REFUND_DONE", gone),
        ];
        let owned = |rows: &[(&str, i64)]| rows.iter().map(|(word, n)| ((*word).to_owned(), *n)).collect();
        assert_eq!(counted(self.world, &POSTED).await, owned(&postings));
        assert_eq!(counted(self.world, &KEPT).await, self.kept.iter().map(|(k, n)| ((*k).to_owned(), *n)).collect());
        let foreign = i64::try_from(self.foreign.len()).unwrap();
        assert_eq!(counted(self.world, &CASES).await.get("merchant_mismatch"), Some(&foreign));
        let read = self.world.look(|tx| Box::pin(async { tx.one::<(i64,)>("cases", &DOUBTED, vec![]).await })).await;
        assert_eq!(read.0, i64::try_from(self.doubted.len()).unwrap());
    }
}

/// Ten thousand notices about 600 orders on 300 lines, on each store.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn ten_thousand_notices_credit_what_was_paid_and_nothing_else() {
    on_both(async |world: World| {
        let mut stage = Stage::open(&world).await;
        for (number, play) in stage.plays.iter().enumerate() {
            if play.story == Story::OtherAmount {
                stage.doubted.insert(number);
            }
        }
        let often = [Kind::SameBytes, Kind::SameBytes, Kind::OtherName, Kind::Forged];
        let seldom = [Kind::OtherCurrency, Kind::OtherMerchant, Kind::UnknownNumber, Kind::Unreadable];
        let kinds = [&often[..], &seldom[..]].concat();
        let in_time = |story| matches!(story, Story::InTime | Story::OtherAmount);
        let letters = stage.letters(IN_TIME, in_time, &kinds);
        deliver(&world, letters).await;
        stage.arrived = stage.genuine.len();
        world.settle().await;
        for play in stage.plays.iter().filter(|play| play.story.late() || play.story == Story::NeverPaid) {
            assert_eq!(world.order_now(&play.order).await.state, OrderState::AwaitingPayment, "{:?}", play.story);
        }

        // The rest is paid now, and nobody tells us for two days.
        let kinds = [&kinds[..], &[Kind::Contradiction]].concat();
        let letters = stage.letters(LATE, Story::late, &kinds);
        world.provider.always("query", Fate::Silent);
        world.provider.always("close", Fate::Silent);
        world.pass(31 * MINUTE_US).await;
        world.pass(48 * HOUR_US).await;
        for play in stage.plays.iter().filter(|play| play.story.late()) {
            assert_eq!(world.order_now(&play.order).await.state, OrderState::Closed);
        }
        world.set_sale("short", SaleState::Retired).await;
        world.provider.always("query", Fate::Works);
        world.provider.always("close", Fate::Works);
        deliver(&world, letters).await;
        world.settle().await;
        world.pass(10 * MINUTE_US).await;

        assert_eq!(stage.sent.values().sum::<usize>(), IN_TIME + LATE);
        assert_eq!((stage.sent.len(), stage.sent[&Kind::Genuine]), (9, 500));
        assert!(stage.sent.values().all(|count| *count >= 200), "{:?}", stage.sent);
        stage.all_ended().await;
        world.sound().await;
    })
    .await;
}
