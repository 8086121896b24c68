//! Random sequences of what customers, payers, devices, providers and time do, against a small model of what must come of
//! it. `cargo test` runs few; `PROPTEST_CASES=10000 cargo test --release -p everline-app --test it model::` runs many.

mod reference;

use crate::world::outside::{Fate, TradeState};
use crate::world::{Kit, World, quick};
use everline_app::lifecycle_command::lifecycle_command;
use everline_app::{Problem, ask_provider, device, place_order, start_payment};
use everline_core::ids::{OrderId, SessionId};
use everline_core::ledger::LedgerAccount;
use everline_core::offering::{Family, Unit};
use everline_core::order::Order;
use everline_core::payment::{Attempt, Method};
use everline_core::time::{HOUR_US, MINUTE_US};
use everline_store::tables::MIGRATIONS;
use everline_store::{PostgresOptions, Store, migrate};
use everline_testing::{SqliteFile, postgres_store};
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::test_runner::{Config, RngSeed, TestError, TestRunner};
use reference::{Ages, CODES, COMMANDS, Model, Money};

/// Something that happens. Numbers choose among what there is.
#[derive(Debug, Clone, Copy)]
enum Op {
    Place(u8),
    Start(u8, Method),
    Scan(u8),
    Pay(u8),
    Notice(u8),
    Decline(u8),
    Ask(u8),
    /// Business time moves on.
    SkipHours(u16),
    /// Both clocks run; every job that waits to be tried again is.
    WaitMinutes(u8),
    Attach,
    Report(u8),
    Detach,
    /// Whether the built-in network acknowledges.
    Radio(bool),
    /// What becomes of refunds.
    Refunds(Fate),
    /// Somebody wants something of the line.
    Command(u8),
}

fn op() -> impl Strategy<Value = Op> {
    let method = prop_oneof![Just(Method::AlipayQr), Just(Method::AlipayWap)];
    let refunds = prop_oneof![Just(Fate::Works), Just(Fate::Silent), Just(Fate::Refuses)];
    // The newest order and attempt are chosen more often than the others.
    let newest = prop_oneof![3 => Just(u8::MAX), 2 => any::<u8>()];
    prop_oneof![
        6 => any::<u8>().prop_map(Op::Place),
        6 => (newest.clone(), method).prop_map(|(order, method)| Op::Start(order, method)),
        1 => newest.clone().prop_map(Op::Scan),
        6 => newest.clone().prop_map(Op::Pay),
        6 => newest.clone().prop_map(Op::Notice),
        1 => newest.clone().prop_map(Op::Decline),
        1 => newest.prop_map(Op::Ask),
        2 => (1u16..72).prop_map(Op::SkipHours),
        2 => (72u16..1_000).prop_map(Op::SkipHours),
        1 => (1_000u16..2_500).prop_map(Op::SkipHours),
        2 => (6u8..50).prop_map(Op::WaitMinutes),
        3 => Just(Op::Attach),
        3 => (1u8..25).prop_map(Op::Report),
        1 => Just(Op::Detach),
        2 => any::<bool>().prop_map(Op::Radio),
        1 => refunds.prop_map(Op::Refunds),
        2 => (0u8..6).prop_map(Op::Command),
        1 => (0u8..28).prop_map(Op::Command),
    ]
}

/// A world and its model, side by side.
struct Pair {
    world: World,
    model: Model,
    kit: Kit,
    orders: Vec<Order>,
    attempts: Vec<Attempt>,
    session: Option<(SessionId, u64)>,
}

/// The element a number chooses; the last one for the greatest.
fn chosen<T>(list: &[T], number: u8) -> Option<usize> {
    match number {
        u8::MAX => list.len().checked_sub(1),
        _ => (!list.is_empty()).then(|| usize::from(number) % list.len()),
    }
}

impl Pair {
    async fn apply(&mut self, op: Op) {
        let attempt = |number| chosen(&self.attempts, number);
        match op {
            Op::Place(number) => self.place(usize::from(number) % CODES.len()).await,
            Op::Start(number, method) => {
                if let Some(order) = chosen(&self.orders, number) {
                    self.start(order, method).await;
                }
            }
            Op::Scan(number) => {
                if let Some(n) = attempt(number) {
                    self.world.provider.scan(&self.attempts[n].out_trade_no);
                    self.model.scan(n);
                }
            }
            Op::Pay(number) => {
                // Which of two orders is found paid first is nobody's to say: one at a time.
                if let Some(n) = attempt(number).filter(|n| self.model.can_pay(*n)) {
                    self.world.provider.pay(&self.attempts[n].out_trade_no);
                    self.model.pay(n);
                }
            }
            Op::Notice(number) => {
                if let Some(n) = attempt(number).filter(|n| self.model.attempts[*n].trade == TradeState::Paid) {
                    let notice = self.world.provider.notice(&self.attempts[n].out_trade_no, |_| {});
                    self.world.notice(&notice).await.unwrap();
                    self.model.evidence(n);
                }
            }
            Op::Decline(number) => {
                if let Some(n) = attempt(number).filter(|n| self.model.decline(*n)) {
                    self.world.provider.decline(&self.attempts[n].out_trade_no);
                }
            }
            Op::Ask(number) => {
                if let Some(n) = chosen(&self.orders, number) {
                    let Order { customer, id, .. } = self.orders[n];
                    ask_provider::ask_provider(&self.world.app, customer, id).await.unwrap();
                    self.model.ask(n);
                }
            }
            Op::SkipHours(hours) => {
                let by = i64::from(hours) * HOUR_US;
                everline_app::timers::advance_business_time(&self.world.app, by).await.unwrap();
                self.model.skip(by);
            }
            Op::WaitMinutes(minutes) => {
                self.world.pass(i64::from(minutes) * MINUTE_US).await;
                self.model.wait(i64::from(minutes) * MINUTE_US);
            }
            Op::Attach => {
                let attached = device::attach(&self.world.app, self.kit.imsi.as_str(), "http://radio/notify").await;
                if self.model.over() {
                    assert_eq!(attached, Err(Problem::NotFound("subscriber")));
                } else {
                    self.session = Some((attached.unwrap().session, 0));
                    self.model.attach();
                }
            }
            Op::Report(tenths) => {
                if let Some((session, sequence)) = &mut self.session {
                    *sequence += 1;
                    let octets = i64::from(tenths) * 100_000_000;
                    self.world.report(*session, *sequence, octets).await;
                    if sequence.is_multiple_of(3) {
                        self.world.report(*session, *sequence, octets).await; // the answer was lost
                    }
                    self.model.report(octets);
                }
            }
            Op::Detach => {
                if let Some((session, _)) = self.session.take() {
                    device::detach(&self.world.app, session).await.unwrap();
                    self.model.detach();
                }
            }
            Op::Radio(works) => {
                self.world.radio.always("apply", if works { Fate::Works } else { Fate::Silent });
                self.model.radio_works = works;
            }
            Op::Command(number) => {
                let command = COMMANDS[usize::from(number).min(COMMANDS.len() - 1)];
                let done = lifecycle_command(&self.world.app, self.kit.customer, self.kit.line, command).await.unwrap();
                assert_eq!(done.is_ok(), self.model.command(command), "{command:?}: {done:?}");
            }
            Op::Refunds(fate) => {
                self.world.provider.always("refund", fate);
                self.model.refunds_end = fate;
            }
        }
        self.world.settle().await;
        self.model.settle();
        if self.model.session.is_none() {
            self.session = None; // ended by its device, or with the line
        }
    }

    async fn place(&mut self, code: usize) {
        let new = self.world.new_order(&self.kit, CODES[code], OrderId(self.world.app.clock.id()));
        let placed = place_order::place_order(&self.world.app, new).await;
        match self.model.place(code) {
            Ok(()) => self.orders.push(placed.unwrap()),
            Err(reason) => assert_eq!(placed, Err(Problem::NotSellable(reason))),
        }
    }

    async fn start(&mut self, order: usize, method: Method) {
        self.world.pass(1_000).await;
        self.model.pass(1_000);
        let Order { customer, id, .. } = self.orders[order];
        let payer = start_payment::Payer::default();
        let started = start_payment::start_payment(&self.world.app, customer, id, method, payer).await;
        match self.model.start(order, method) {
            Ok(Some(known)) => assert_eq!(started.unwrap().id, self.attempts[known].id),
            Ok(None) => self.attempts.push(started.unwrap()),
            Err(problem) => assert_eq!(started, Err(problem)),
        }
    }

    /// Everything that people can see is what the model says.
    async fn compare(&self) {
        let (world, model) = (&self.world, &self.model);
        let now = world.app.clock.now().business;
        assert_eq!(now.us(), model.now, "the clocks");
        let (line, allowance) = (world.line_now(&self.kit).await, world.allowance(&self.kit).await);
        let sessions: Vec<_> = allowance.sessions.iter().map(|session| session.service).collect();
        let shown = (line.state, line.service_until.map(|at| at.us()), allowance.left(Unit::Octets, now), sessions);
        let session: Vec<_> = model.session.iter().map(|session| session.service).collect();
        assert_eq!(shown, (model.state, model.service_until, model.left(), session));
        let (mut owed_back, mut went_back) = (0, 0);
        for (n, order) in self.orders.iter().enumerate() {
            let found = world.order_now(order).await;
            assert_eq!((found.state, found.funds), (model.orders[n].state, model.orders[n].funds), "order {n}");
            let of = |list: Vec<Option<everline_core::payment::Settlement>>| {
                let mut words: Vec<_> = list.into_iter().map(|s| s.map(|s| s.word())).collect();
                words.sort_unstable();
                words
            };
            let settled = of(world.attempts(order).await.into_iter().map(|attempt| attempt.settlement).collect());
            let expected = model.attempts.iter().filter(|attempt| attempt.order == n);
            assert_eq!(settled, of(expected.map(|attempt| attempt.settlement).collect()), "attempts of order {n}");
            for refund in world.refunds(order).await {
                match refund.state {
                    everline_core::refund::RefundState::InFlight => owed_back += refund.amount.micros(),
                    everline_core::refund::RefundState::Done => went_back += refund.amount.micros(),
                    _ => {}
                }
            }
        }
        let balances = world.balances(self.kit.customer).await;
        let held = |account| balances.get(account);
        let money = Money {
            receivable: held(LedgerAccount::PspReceivable),
            funds: held(LedgerAccount::OrderFunds),
            credit: held(LedgerAccount::PaidCredit),
            suspense: held(LedgerAccount::Suspense),
            in_flight: held(LedgerAccount::RefundInFlight),
            sold: held(LedgerAccount::DeferredRevenue) + held(LedgerAccount::Revenue),
        };
        assert_eq!(money, model.money());
        assert_eq!((owed_back, went_back), (money.in_flight, model.went_back()));
        assert!(held(LedgerAccount::Revenue) >= model.surely_earned(), "what is over is earned");
    }
}

/// Plays one sequence on a new store.
async fn play(store: Store, seed: u64, family: Family, ops: Vec<Op>) {
    let world = World::over(store, seed).await;
    let kit = world.line(family).await;
    let rules = world.app.brand.rules(family);
    let days = |days: Option<u16>| days.map(i64::from);
    let ages = Ages {
        grace: i64::from(rules.grace_days),
        suspended: days(rules.suspended_days),
        kept: days(rules.keep_number_days),
        terminated: days(rules.terminated_days),
        quarantined: days(rules.quarantine_days),
    };
    let model = Model::new(world.app.clock.now().business.us(), ages);
    let mut pair = Pair { world, model, kit, orders: Vec::new(), attempts: Vec::new(), session: None };
    for op in ops {
        pair.apply(op).await;
        pair.compare().await;
    }
    pair.world.sound().await;
    pair.world.app.store.close().await;
}

/// Plays that many sequences, and shows the smallest one that fails. `part` tells one part from another that runs beside it,
/// where the sequences are the same in each run.
fn check(cases: u32, part: u64, play: impl Fn(u64, Family, Vec<Op>)) {
    let mut config = Config { cases, failure_persistence: None, max_shrink_iters: 2_000, ..Config::default() };
    if let RngSeed::Fixed(seed) = config.rng_seed {
        config.rng_seed = RngSeed::Fixed(seed.wrapping_add(part));
    }
    let family = prop_oneof![Just(Family::Watch), Just(Family::Phone), Just(Family::Travel)];
    let done = TestRunner::new(config).run(&(any::<u64>(), family, vec(op(), 1..50)), |(seed, family, ops)| {
        play(seed, family, ops);
        Ok(())
    });
    match done {
        Ok(()) => {}
        Err(TestError::Fail(why, sequence)) => panic!("{why}\nsmallest sequence: {sequence:?}"),
        Err(TestError::Abort(why)) => panic!("{why}"),
    }
}

fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap()
}

/// Plays half of the sequences on new SQLite files.
fn check_half(part: u64) {
    let cases: u32 = std::env::var("PROPTEST_CASES").ok().and_then(|text| text.parse().ok()).unwrap_or(48);
    let runtime = runtime();
    // Copied for each sequence: to migrate a new file takes longer than to live in it.
    let empty = SqliteFile::new();
    runtime.block_on(async {
        let store = empty.open(quick()).await;
        migrate(&store, MIGRATIONS).await.unwrap();
        store.close().await;
    });
    check(cases.div_ceil(2), part, |seed, family, ops| {
        runtime.block_on(async {
            let file = SqliteFile::new();
            std::fs::copy(empty.path(), file.path()).unwrap();
            play(file.open(quick()).await, seed, family, ops).await;
        });
    });
}

#[test]
fn every_sequence_ends_where_the_model_says() {
    check_half(0);
}

#[test]
fn every_other_sequence_ends_where_the_model_says() {
    check_half(1);
}

#[test]
fn and_so_it_does_on_postgresql() {
    let runtime = runtime();
    check(4, 0, |seed, family, ops| {
        runtime.block_on(async {
            if let Some(store) = postgres_store(PostgresOptions::default()).await {
                play(store, seed, family, ops).await;
            }
        });
    });
}
