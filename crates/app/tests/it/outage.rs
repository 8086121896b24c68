//! A provider or a network that cannot be reached for half a minute, in every state of a payment: it does nothing, or
//! it does what it is asked and its answers are lost. Soon after it is back the payment is where it should be, charged
//! once, and at every second before somebody knows of money whose service is not there.

use crate::auto_renew::{agrees, renewals, watch_with_card};
use crate::world::outside::{Fate, TradeState};
use crate::world::{Kit, World, on_both};
use everline_app::Problem;
use everline_core::effects::Job;
use everline_core::offering::Family;
use everline_core::order::{Order, OrderState};
use everline_core::payment::{AttemptState, Method};
use everline_core::refund::RefundState;
use everline_core::time::{MINUTE_US, SECOND_US};
use everline_store::Sql;
use everline_store::tables::job;

/// Where a payment is when the outage comes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Moment {
    /// The customer has ordered and now starts to pay.
    Starting,
    /// The payment is started; the customer pays when the provider is back.
    Waiting,
    /// The customer pays while we cannot reach the provider, and its notice is lost.
    BeingPaid,
    /// It was paid, its notice was lost, and the first question meets the outage.
    Asking,
    /// The time to pay ends meanwhile, and nobody has paid.
    Closing,
    /// The same, but the customer paid in the last seconds, and the notice is lost.
    ClosingPaid,
    /// The customer takes another method while the first cannot be closed, and pays both when the provider is back.
    Switching,
    /// The network refuses what was paid, and the refund meets the outage.
    RefundAsked,
    /// The answer to the refund was lost just before.
    RefundUnderWay,
    /// A saved card is to be debited.
    Debit,
    /// A card was debited, the answer was lost, and the first repetition meets the outage.
    Debited,
    /// Our own network is to let a device in again.
    Network,
    /// Another operator's network is to activate a plan.
    Upstream,
}

const MOMENTS: [Moment; 13] = [
    Moment::Starting,
    Moment::Waiting,
    Moment::BeingPaid,
    Moment::Asking,
    Moment::Closing,
    Moment::ClosingPaid,
    Moment::Switching,
    Moment::RefundAsked,
    Moment::RefundUnderWay,
    Moment::Debit,
    Moment::Debited,
    Moment::Network,
    Moment::Upstream,
];

impl Moment {
    /// Where the order must end.
    const fn ending(self) -> OrderState {
        match self {
            Moment::Closing => OrderState::Closed,
            Moment::RefundAsked | Moment::RefundUnderWay => OrderState::Refunded,
            Moment::Debit | Moment::Debited => OrderState::Queued,
            _ => OrderState::InEffect,
        }
    }
    /// How many payments the providers take for it, and how many of them go back.
    fn charges_and_refunds(self, fate: Fate) -> (usize, usize) {
        match self {
            Moment::Closing => (0, 0),
            // What was closed although nobody heard of it could not be paid any more.
            Moment::Switching if fate == Fate::Silent => (2, 1),
            Moment::RefundAsked | Moment::RefundUnderWay => (1, 1),
            _ => (1, 0),
        }
    }
}

const OUTAGE_S: i64 = 30;
const ENDS_WITHIN_US: i64 = 15 * MINUTE_US;

/// Everything outside answers so from now on: the providers, or the networks.
fn outside(world: &World, moment: Moment, fate: Fate) {
    if matches!(moment, Moment::Network | Moment::Upstream) {
        world.radio.always("apply", fate);
        world.upstream.always("apply", fate);
        return;
    }
    for call in ["start", "query", "close", "refund", "debit", "kept", "forget"] {
        world.provider.always(call, fate);
        world.cards.always(call, fate);
    }
}

/// Takes a new line to the moment; the outage begins at its end.
async fn until(world: &World, moment: Moment, fate: Fate) -> (Kit, Order) {
    let kit = match moment {
        Moment::Upstream | Moment::RefundAsked | Moment::RefundUnderWay => world.upstream_line().await,
        Moment::Debit | Moment::Debited => return until_debit(world, moment, fate).await,
        _ => world.line(Family::Watch).await,
    };
    if moment == Moment::Starting {
        let order = world.order(&kit, "days").await.unwrap();
        outside(world, moment, fate);
        assert_eq!(world.start(&order, Method::AlipayQr).await, Err(Problem::ProviderSilent));
        return (kit, order);
    }
    if moment == Moment::Network {
        world.attach(&kit).await;
    }
    let (order, attempt) = world.checkout(&kit, "days").await;
    world.provider.scan(&attempt.out_trade_no);
    match moment {
        Moment::Asking => drop(world.provider.pay(&attempt.out_trade_no)),
        Moment::Closing | Moment::ClosingPaid => {
            world.pass(29 * MINUTE_US).await;
            world.pass(50 * SECOND_US).await;
        }
        Moment::RefundAsked | Moment::RefundUnderWay => {
            world.upstream.next("apply", &[Fate::Refuses]);
            world.pays(&attempt).await;
            if moment == Moment::RefundUnderWay {
                world.provider.next("refund", &[Fate::WorksSilently]);
                world.settle().await;
            }
        }
        _ => {}
    }
    outside(world, moment, fate);
    match moment {
        Moment::Network | Moment::Upstream => world.pays(&attempt).await,
        Moment::RefundAsked => world.settle().await,
        Moment::Switching => {
            assert_eq!(world.start(&order, Method::AlipayWap).await, Err(Problem::ProviderSilent));
        }
        _ => {}
    }
    (kit, order)
}

/// Takes a line that renews by itself to the debit of its card.
async fn until_debit(world: &World, moment: Moment, fate: Fate) -> (Kit, Order) {
    let (kit, card) = watch_with_card(world).await;
    agrees(world, &kit, &[card]).await;
    world.skip_days(26).await;
    if moment == Moment::Debited {
        world.cards.next("debit", &[Fate::WorksSilently]);
    } else {
        outside(world, moment, fate);
    }
    world.skip_days(1).await;
    outside(world, moment, fate);
    let [order] = renewals(world, &kit).await.try_into().unwrap();
    (kit, order)
}

/// What the customer does in a second of the outage.
async fn meanwhile(world: &World, moment: Moment, order: &Order, second: i64) {
    if second == 5 && matches!(moment, Moment::BeingPaid | Moment::ClosingPaid) {
        let [attempt] = world.attempts(order).await.try_into().unwrap();
        drop(world.provider.pay(&attempt.out_trade_no));
    }
}

/// What the customer does when everybody can be reached again.
async fn afterwards(world: &World, moment: Moment, order: &Order) {
    match moment {
        Moment::Starting => {
            let before = world.attempts(order).await;
            let attempt = world.start(order, Method::AlipayQr).await.unwrap();
            assert_eq!(before.iter().map(|one| one.id).collect::<Vec<_>>(), [attempt.id], "a new number");
            world.pays(&attempt).await;
        }
        Moment::Waiting => world.pays(&world.attempts(order).await[0]).await,
        Moment::Switching => {
            let first = world.attempts(order).await.remove(0);
            let second = world.start(order, Method::AlipayWap).await.unwrap();
            // What was closed meanwhile cannot be paid any more.
            if world.provider.trade(&first.out_trade_no).state != TradeState::Closed {
                world.pays(&first).await;
            }
            world.pays(&second).await;
        }
        _ => {}
    }
}

/// The payments of an order that took money, at all providers.
async fn charged(world: &World, order: &Order) -> Vec<String> {
    let took = [world.provider.took(), world.cards.took()].concat();
    let numbers: Vec<_> = world.attempts(order).await.into_iter().map(|attempt| attempt.out_trade_no).collect();
    took.into_iter().filter(|number| numbers.contains(number)).collect()
}

/// Whether an order is where nobody has to do anything for it any more.
fn at_rest(order: &Order) -> bool {
    matches!(order.state, OrderState::InEffect | OrderState::Queued | OrderState::Refunded)
}

/// Money that was taken has its effect, or a job works on it, or support has a case.
async fn nobody_is_forgotten(world: &World, order: &Order) {
    let (now, paid) = (world.order_now(order).await, charged(world, order).await);
    if paid.is_empty() || at_rest(&now) {
        return;
    }
    let jobs = world.look(|tx| Box::pin(async { job::list(tx, 10_000).await })).await;
    let works = |job: &Job| match job {
        Job::QueryPayment { customer, .. }
        | Job::ClosePayment { customer, .. }
        | Job::Refund { customer, .. }
        | Job::AutoRenew { customer, .. }
        | Job::TellNetwork { customer, .. }
        | Job::ActivateUpstream { customer, .. } => *customer == order.customer,
        _ => false,
    };
    let on_its_way = jobs.iter().any(|listed| !listed.dead && works(&listed.job));
    assert!(on_its_way || !world.cases(order).await.is_empty(), "{:?} and {paid:?} of nobody", now.state);
}

static OWED: Sql = Sql::new("SELECT CAST(SUM(psp_receivable) AS BIGINT) FROM account");

/// What the providers hold for us is what the books say that they owe us.
async fn agree(world: &World) {
    let owed = world.look(|tx| Box::pin(async { tx.one::<(i64,)>("sum", &OWED, vec![]).await })).await;
    assert_eq!(world.provider.holds() + world.cards.holds(), owed.0);
}

/// Whether the order and all its payments came to their end.
async fn ended(world: &World, moment: Moment, order: &Order) -> bool {
    let refunds = world.refunds(order).await;
    let back = refunds.iter().filter(|refund| refund.state == RefundState::Done).count();
    let open = world.attempts(order).await.iter().any(|attempt| attempt.state.open());
    let state = world.order_now(order).await.state;
    let closed = moment != Moment::Closing || !open;
    state == moment.ending() && back == refunds.len() && closed
}

/// One payment through one outage.
async fn comes_through(world: &World, moment: Moment, fate: Fate) {
    let (kit, order) = until(world, moment, fate).await;
    for second in 1..=OUTAGE_S {
        meanwhile(world, moment, &order, second).await;
        world.pass(SECOND_US).await;
        nobody_is_forgotten(world, &order).await;
    }
    assert!(!ended(world, moment, &order).await || moment == Moment::Closing, "{moment:?}: there was no outage");
    world.sound().await;
    outside(world, moment, Fate::Works);
    afterwards(world, moment, &order).await;
    let mut passed_us = 0;
    while !ended(world, moment, &order).await {
        nobody_is_forgotten(world, &order).await;
        assert!(passed_us < ENDS_WITHIN_US, "{moment:?} {fate:?}: {:?}", world.order_now(&order).await.state);
        world.pass(5 * SECOND_US).await;
        passed_us += 5 * SECOND_US;
    }
    agree(world).await;
    world.sound().await;

    // And so it stays.
    for _ in 0..4 {
        world.pass(15 * MINUTE_US).await;
    }
    assert!(ended(world, moment, &order).await, "{moment:?} {fate:?}");
    final_state(world, moment, fate, (&kit, &order)).await;
    agree(world).await;
    world.sound().await;
}

async fn final_state(world: &World, moment: Moment, fate: Fate, (kit, order): (&Kit, &Order)) {
    let (numbers, attempts) = (charged(world, order).await, world.attempts(order).await);
    let (charges, given_back) = moment.charges_and_refunds(fate);
    assert_eq!(attempts.len(), if moment == Moment::Switching { 2 } else { 1 }, "{moment:?}");
    assert_eq!(numbers.len(), charges, "{moment:?}: {numbers:?}");
    assert_eq!(world.refunds(order).await.len(), given_back, "{moment:?}");
    let trades = numbers.iter().map(|number| match moment {
        Moment::Debit | Moment::Debited => world.cards.trade(number),
        _ => world.provider.trade(number),
    });
    let trades: Vec<_> = trades.collect();
    assert!(trades.iter().all(|trade| trade.amount == order.price), "{moment:?}");
    assert_eq!(trades.iter().map(|trade| trade.refunds.len()).sum::<usize>(), given_back, "{moment:?}");
    let periods = world.allowance(kit).await.periods;
    let delivered = periods.iter().filter(|period| period.order == order.id).count();
    assert_eq!(delivered, usize::from(world.order_now(order).await.state.delivered()), "{moment:?}");
    let activated = world.upstream.activated(kit.msisdn.as_str()).len();
    assert_eq!(activated, usize::from(moment == Moment::Upstream));
    if moment == Moment::Closing {
        assert_eq!(attempts[0].state, AttemptState::Closed);
        assert_eq!(world.provider.trade(&attempts[0].out_trade_no).state, TradeState::Closed);
    }
}

#[tokio::test]
async fn every_state_of_a_payment_comes_through_an_outage() {
    on_both(async |world: World| {
        for fate in [Fate::Silent, Fate::WorksSilently] {
            for moment in MOMENTS {
                comes_through(&world, moment, fate).await;
            }
        }
    })
    .await;
}
