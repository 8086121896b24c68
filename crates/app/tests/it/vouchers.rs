//! Vouchers: redeemed once, added to an account or put into an order, refused without telling more than is safe.

use crate::world::{Kit, World, on_both};
use everline_app::Problem;
use everline_app::pay_with_credit::pay_with_credit;
use everline_app::redeem_voucher::{Added, Given, redeem_voucher, voucher_id};
use everline_app::voucher_batch::{
    NewBatch, activate_batch, add_vouchers, batches, begin_batch, make_batch, stop_batch,
};
use everline_core::audit::Actor;
use everline_core::ids::CustomerId;
use everline_core::ledger::LedgerAccount::{
    OrderFunds, PaidCredit, PromoCredit, PromotionCost, PspReceivable, VoucherReceivable,
};
use everline_core::money::{Currency, Money};
use everline_core::offering::Family;
use everline_core::order::{Order, OrderState};
use everline_core::payment::Method;
use everline_core::renewal::Outcome;
use everline_core::time::{DAY_US, MINUTE_US};
use everline_core::voucher::{Code, FREE_OF_MANY, FREE_OF_PERSON, NoVoucher, Redeemer, VoucherKind};
use std::net::IpAddr;

fn cny(text: &str) -> Money {
    Money::parse(text, Currency::CNY).unwrap()
}
fn new_batch(world: &World, name: &str, kind: VoucherKind, amount: &str, count: i64) -> NewBatch {
    NewBatch {
        name: name.to_owned(),
        kind,
        amount: cny(amount),
        count,
        expires_at: world.app.clock.now().business.plus_us(30 * DAY_US),
        by: "he.jing".to_owned(),
    }
}
async fn made(world: &World, kind: VoucherKind, amount: &str, count: i64) -> Vec<String> {
    let name = format!("{} {amount}", kind.word());
    let codes = make_batch(&world.app, new_batch(world, &name, kind, amount, count)).await.unwrap();
    codes.iter().map(Code::printed).collect()
}
async fn add(world: &World, customer: CustomerId, code: &str) -> Result<Added, Problem> {
    world.app.clock.pass_us(1_000);
    let given = Given { customer, order: None, by: Redeemer::Owner, address: None };
    redeem_voucher(&world.app, given, code).await
}
async fn pay(world: &World, order: &Order, by: Redeemer, code: &str) -> Result<Added, Problem> {
    world.app.clock.pass_us(1_000);
    let given = Given { customer: order.customer, order: Some(order.id), by, address: None };
    redeem_voucher(&world.app, given, code).await
}
fn no(why: NoVoucher) -> Problem {
    Problem::NoVoucher(why)
}
/// A code that fits its check character and that nobody made.
fn made_up(n: u8) -> String {
    Code::from_random([n; 12]).printed()
}

#[tokio::test]
async fn a_voucher_is_added_once_and_tells_others_nothing() {
    on_both(async |world: World| {
        let codes = made(&world, VoucherKind::Paid, "20", 2).await;
        let promo = made(&world, VoucherKind::Promo, "5", 1).await;
        let (me, other) = (world.person().await, world.person().await);
        let first = add(&world, me, &codes[0].to_lowercase().replace('-', " ")).await.unwrap();
        assert_eq!((first.amount, first.already, first.into_order), (cny("20"), false, None));
        world.pass(MINUTE_US).await;
        let again = add(&world, me, &codes[0]).await.unwrap();
        assert_eq!((again.amount, again.already, again.at), (cny("20"), true, first.at));
        assert_eq!(add(&world, other, &codes[0]).await, Err(no(NoVoucher::Unknown)));
        assert_eq!(add(&world, other, &made_up(1)).await, Err(no(NoVoucher::Unknown)));
        add(&world, me, &promo[0]).await.unwrap();
        let balances = world.balances(me).await;
        let held = [PaidCredit, VoucherReceivable, PromoCredit, PromotionCost].map(|account| balances.get(account));
        assert_eq!(held, [20_000_000, 20_000_000, 5_000_000, 5_000_000]);
        assert_eq!(world.balance(other, PaidCredit).await, 0);
        let all = batches(&world.app).await.unwrap();
        let counts: Vec<_> = all.iter().map(|view| (view.made, view.redeemed)).collect();
        assert_eq!(counts, [(2, 1), (1, 1)]);
        world.sound().await;
    })
    .await;
}

#[tokio::test]
async fn two_at_once_on_two_nodes_redeem_it_once() {
    on_both(async |world: World| {
        let codes = made(&world, VoucherKind::Paid, "20", 1).await;
        let (one, two, node) = (world.person().await, world.person().await, world.another_node());
        let (first, second) = tokio::join!(add(&world, one, &codes[0]), add(&node, two, &codes[0]));
        let won = [first.is_ok(), second.is_ok()].into_iter().filter(|ok| *ok).count();
        assert_eq!(won, 1, "{first:?} {second:?}");
        let lost = first.err().or(second.err());
        assert_eq!(lost, Some(no(NoVoucher::Unknown)));
        let held = world.balance(one, PaidCredit).await + world.balance(two, PaidCredit).await;
        assert_eq!(held, 20_000_000);

        // The same customer, twice at once: one adds it, the other is told.
        let codes = make_batch(&world.app, new_batch(&world, "more", VoucherKind::Paid, "7", 1)).await.unwrap();
        let code = codes[0].printed();
        node.app.clock.pass_us(7);
        let (first, second) = tokio::join!(add(&world, one, &code), add(&node, one, &code));
        let already = [first.unwrap().already, second.unwrap().already];
        assert_eq!(already.into_iter().filter(|already| *already).count(), 1);
        world.sound().await;
    })
    .await;
}

#[tokio::test]
async fn a_voucher_pays_an_order_and_the_rest_is_credit() {
    on_both(async |world: World| {
        let codes = made(&world, VoucherKind::Paid, "20", 1).await;
        let kit = world.line(Family::Watch).await;
        let order = world.order(&kit, "days").await.unwrap();
        let added = pay(&world, &order, Redeemer::Owner, &codes[0]).await.unwrap();
        assert_eq!(added.into_order, Some((cny("9.90"), Outcome::Fulfilled)));
        world.settle().await;
        assert_eq!(world.order_now(&order).await.state, OrderState::InEffect);
        assert_eq!(world.balance(kit.customer, PaidCredit).await, cny("10.10").micros());
        let attempts = world.attempts(&order).await;
        assert_eq!((attempts.len(), attempts[0].method, attempts[0].received), (1, Method::PaidCredit, 9_900_000));
        let again = pay(&world, &order, Redeemer::Owner, &codes[0]).await.unwrap();
        assert!(again.already && again.into_order.is_none());
        world.sound().await;
    })
    .await;
}

#[tokio::test]
async fn a_voucher_and_other_methods_pay_together() {
    on_both(async |world: World| {
        let paid = made(&world, VoucherKind::Paid, "20", 1).await;
        let promo = made(&world, VoucherKind::Promo, "5", 1).await;
        let kit = world.line(Family::Phone).await;
        let (order, whole) = world.checkout(&kit, "month").await;
        world.provider.scan(&whole.out_trade_no);
        for code in [&paid[0], &promo[0]] {
            let added = pay(&world, &order, Redeemer::Owner, code).await.unwrap();
            assert_eq!(added.into_order, Some((added.amount, Outcome::PartlyPaid)));
        }
        assert_eq!(world.balance(kit.customer, OrderFunds).await, cny("25").micros());
        let rest = world.start(&order, Method::AlipayQr).await.unwrap();
        assert_eq!(rest.amount.micros(), order.price.micros() - cny("25").micros());
        world.sound().await;
        world.pays(&rest).await;
        world.settle().await;
        assert_eq!(world.order_now(&order).await.state, OrderState::InEffect);
        let balances = world.balances(kit.customer).await;
        assert_eq!([PaidCredit, PromoCredit, OrderFunds].map(|account| balances.get(account)), [0; 3]);
        assert_eq!(balances.get(PspReceivable), rest.amount.micros());
        world.sound().await;
    })
    .await;
}

#[tokio::test]
async fn an_order_that_is_not_paid_in_time_gives_the_voucher_back_as_credit() {
    on_both(async |world: World| {
        let codes = made(&world, VoucherKind::Paid, "20", 2).await;
        let kit = world.line(Family::Phone).await;
        let order = world.order(&kit, "month").await.unwrap();
        pay(&world, &order, Redeemer::Owner, &codes[0]).await.unwrap();
        world.pass(order.expires_at.since_us(order.placed_at) + MINUTE_US).await;
        assert_eq!(world.order_now(&order).await.state, OrderState::Closed);
        assert_eq!(world.balance(kit.customer, PaidCredit).await, cny("20").micros());
        assert_eq!(pay(&world, &order, Redeemer::Owner, &codes[1]).await, Err(Problem::OrderClosed));
        let other = world.order(&kit, "topup").await.unwrap();
        assert_eq!(pay(&world, &other, Redeemer::Owner, &codes[1]).await, Err(no(NoVoucher::NotForTopUps)));
        // The voucher stayed as it was.
        assert!(!add(&world, kit.customer, &codes[1]).await.unwrap().already);
        world.sound().await;
    })
    .await;
}

#[tokio::test]
async fn a_guest_pays_with_a_voucher_and_learns_and_spends_nothing_of_the_owners() {
    on_both(async |world: World| {
        let codes = made(&world, VoucherKind::Paid, "5", 3).await;
        let kit = world.line(Family::Watch).await;
        add(&world, kit.customer, &codes[0]).await.unwrap();
        let held = world.balance(kit.customer, PaidCredit).await;
        let order = world.order(&kit, "days").await.unwrap();
        // The owner redeemed it: to a guest it is a code like any other that does not exist.
        assert_eq!(pay(&world, &order, Redeemer::Guest, &codes[0]).await, Err(no(NoVoucher::Unknown)));
        let added = pay(&world, &order, Redeemer::Guest, &codes[1]).await.unwrap();
        assert_eq!(added.into_order, Some((cny("5"), Outcome::PartlyPaid)));
        assert_eq!(world.balance(kit.customer, PaidCredit).await, held, "nothing of the owner's");
        assert!(pay(&world, &order, Redeemer::Guest, &codes[1]).await.unwrap().already);
        let done = pay(&world, &order, Redeemer::Guest, &codes[2]).await.unwrap();
        assert_eq!(done.into_order, Some((cny("4.90"), Outcome::Fulfilled)));
        assert_eq!(world.balance(kit.customer, PaidCredit).await, held + cny("0.10").micros());
        world.settle().await;
        world.sound().await;
    })
    .await;
}

#[tokio::test]
async fn what_cannot_be_redeemed_says_why_where_that_gives_nothing_away() {
    on_both(async |world: World| {
        let codes = made(&world, VoucherKind::Paid, "20", 3).await;
        let (me, other) = (world.person().await, world.person().await);
        add(&world, other, &codes[2]).await.unwrap();
        // A batch whose making broke off.
        begin_batch(&world.app, new_batch(&world, "half", VoucherKind::Paid, "9", 2)).await.unwrap();
        let half = Code::from_random([7; 12]);
        add_vouchers(&world.app, "half", vec![voucher_id(&world.app.secrets, &half)]).await.unwrap();
        assert_eq!(add(&world, me, &half.printed()).await, Err(no(NoVoucher::Unknown)));
        let missing = Problem::Invalid { field: "batch", rule: "some of its vouchers are missing" };
        assert_eq!(activate_batch(&world.app, "half").await, Err(missing));
        let taken = begin_batch(&world.app, new_batch(&world, "half", VoucherKind::Promo, "9", 2)).await;
        assert!(matches!(taken, Err(Problem::Invalid { field: "batch", .. })), "{taken:?}");
        world.sound().await;

        for _ in 0..20 {
            assert_eq!(add(&world, me, &codes[0].replacen('-', "-1", 1)).await, Err(no(NoVoucher::Mistyped)));
        }
        staff_member(&world).await;
        let stopped = stop_batch(&world.app, "paid 20", "he.jing").await.unwrap();
        assert_eq!((stopped.made, stopped.redeemed), (3, 1));
        for _ in 0..20 {
            assert_eq!(add(&world, me, &codes[0]).await, Err(no(NoVoucher::Stopped)), "costs no guess");
        }
        assert!(add(&world, other, &codes[2]).await.unwrap().already);
        let short = make_batch(&world.app, new_batch(&world, "short", VoucherKind::Paid, "1", 1)).await.unwrap();
        world.skip_days(30).await;
        assert_eq!(add(&world, me, &short[0].printed()).await, Err(no(NoVoucher::Expired)));
        assert_eq!(world.balance(me, PaidCredit).await, 0);
        world.sound().await;
    })
    .await;
}

async fn staff_member(world: &World) {
    let link = everline_app::staff::add(&world.app, Actor::CommandLine, "he.jing", "何静", "operator").await.unwrap();
    everline_app::staff_sign_in::set_password(&world.app, &link, "correct horse battery", crate::world::FROM)
        .await
        .unwrap();
}

#[tokio::test]
async fn wrong_codes_cost_time_per_person_address_and_line() {
    on_both(async |world: World| {
        let codes = made(&world, VoucherKind::Paid, "20", 3).await;
        let me = world.person().await;
        let free = u8::try_from(FREE_OF_PERSON).unwrap();
        for n in 0..free {
            assert_eq!(add(&world, me, &made_up(n)).await, Err(no(NoVoucher::Unknown)));
        }
        // Also the right one has to wait, or guessing would go on.
        let wait = add(&world, me, &codes[0]).await;
        assert!(matches!(wait, Err(Problem::TooMany { retry_after_s: 1..=60 })), "{wait:?}");
        assert!(add(&world, world.person().await, &codes[1]).await.is_ok(), "another person");
        world.pass(MINUTE_US).await;
        assert!(add(&world, me, &codes[0]).await.is_ok());
        assert_eq!(add(&world, me, &made_up(90)).await, Err(no(NoVoucher::Unknown)));
        let wait = add(&world, me, &made_up(91)).await;
        assert!(matches!(wait, Err(Problem::TooMany { retry_after_s: 61..=120 })), "{wait:?}");

        // One address, many guests' orders about many lines.
        let from: IpAddr = "203.0.113.9".parse().unwrap();
        for n in 0..u8::try_from(FREE_OF_MANY).unwrap() {
            let order = world.order(&world.line(Family::Watch).await, "days").await.unwrap();
            let given =
                Given { customer: order.customer, order: Some(order.id), by: Redeemer::Guest, address: Some(from) };
            assert_eq!(redeem_voucher(&world.app, given, &made_up(100 + n)).await, Err(no(NoVoucher::Unknown)));
        }
        let kit: Kit = world.line(Family::Watch).await;
        let order = world.order(&kit, "days").await.unwrap();
        let given = Given { customer: order.customer, order: Some(order.id), by: Redeemer::Guest, address: Some(from) };
        let wait = redeem_voucher(&world.app, given, &codes[2]).await;
        assert!(matches!(wait, Err(Problem::TooMany { .. })), "{wait:?}");
        let elsewhere = Given { address: Some("203.0.113.10".parse().unwrap()), ..given };
        assert!(redeem_voucher(&world.app, elsewhere, &codes[2]).await.is_ok());
        world.settle().await;
        world.sound().await;

        // They are forgotten, and swept.
        world.pass(2 * DAY_US).await;
        let now = world.app.clock.now().system;
        let removed =
            everline_app::retention::enforce(&world.app.store, &world.app.brand.retention, now).await.unwrap();
        assert!(removed["voucher_guess"] > 20, "{removed:?}");
        assert_eq!(add(&world, me, &made_up(92)).await, Err(no(NoVoucher::Unknown)));
    })
    .await;
}

#[tokio::test]
async fn guesses_at_one_account_at_once_are_all_counted() {
    on_both(async |world: World| {
        let me = world.person().await;
        let tries = (0..30_u8).map(|n| {
            let world = world.clone();
            async move { add(&world, me, &made_up(n)).await }
        });
        let answers = futures_util::future::join_all(tries).await;
        let looked = answers.iter().filter(|answer| **answer == Err(no(NoVoucher::Unknown))).count();
        assert_eq!(i64::try_from(looked).unwrap(), FREE_OF_PERSON, "{answers:?}");
    })
    .await;
}

#[tokio::test]
async fn credit_of_vouchers_is_spent_like_any_other() {
    on_both(async |world: World| {
        let codes = made(&world, VoucherKind::Promo, "20", 1).await;
        let kit = world.line(Family::Watch).await;
        add(&world, kit.customer, &codes[0]).await.unwrap();
        let order = world.order(&kit, "days").await.unwrap();
        world.app.clock.pass_us(1_000);
        pay_with_credit(&world.app, kit.customer, order.id).await.unwrap();
        assert_eq!(world.attempts(&order).await[0].method, Method::PromoCredit);
        world.settle().await;
        world.sound().await;
    })
    .await;
}
