//! Lines that renew by themselves: announced, ordered once, paid by one method, within what was agreed to.

use crate::world::outside::Fate;
use crate::world::stock::GB;
use crate::world::{Kit, World, on_both};
use everline_app::auto_renew::{Wanted, off, set, view};
use everline_app::home::Advice;
use everline_app::payment_confirmed::payment_notice;
use everline_app::saved_methods::{remove, saved_methods};
use everline_app::{Problem, timers};
use everline_core::auto_renew::{Early, GaveUp, PayWith, State};
use everline_core::ids::{PaymentMethodId, SessionId};
use everline_core::ledger::LedgerAccount::PaidCredit;
use everline_core::line::LineState;
use everline_core::money::{Currency, Money};
use everline_core::offering::{Family, OfferingKind, OfferingRef, SaleState};
use everline_core::order::{Order, OrderState, PlacedBy};
use everline_core::payment::{Attempt, AttemptState, Method, Provider};
use everline_core::refund::RefundReason;
use everline_core::time::{DAY_US, HOUR_US, Validity};
use everline_store::tables::{catalog, order};
use std::sync::Arc;

fn cny(text: &str) -> Money {
    Money::parse(text, Currency::CNY).unwrap()
}

fn wanted(methods: &[PayWith]) -> Wanted {
    Wanted {
        offering: OfferingRef { code: "days".to_owned(), version: 1 },
        methods: methods.to_vec(),
        month_cap: cny("30"),
        lead_days: 3,
        early: Early::default(),
        terms_version: "2026-01".to_owned(),
    }
}

pub async fn agrees(world: &World, kit: &Kit, methods: &[PayWith]) {
    set(&world.app, kit.customer, kit.line, wanted(methods)).await.unwrap();
}

async fn state(world: &World, kit: &Kit) -> State {
    view(&world.app, kit.customer, kit.line).await.unwrap().setting.unwrap().state
}

/// A watch whose plan of 30 days just began, and whose owner holds 50.00.
async fn watch(world: &World) -> Kit {
    let kit = world.line(Family::Watch).await;
    world.buys(&kit, "topup").await;
    world.buys(&kit, "days").await;
    kit
}

/// The same with a card that was remembered, and no credit.
pub async fn watch_with_card(world: &World) -> (Kit, PayWith) {
    let kit = world.line(Family::Watch).await;
    (kit.clone(), remembers(world, &kit, "days").await)
}

/// Buys something by a card that is remembered.
async fn remembers(world: &World, kit: &Kit, code: &str) -> PayWith {
    let order = world.order(kit, code).await.unwrap();
    let attempt = world.start(&order, Method::CardKept).await.unwrap();
    pays_by_card(world, &attempt).await;
    world.settle().await;
    PayWith::Saved(saved_methods(&world.app, kit.customer).await.unwrap().last().unwrap().id)
}

/// The payer pays, and we are told.
async fn pays_by_card(world: &World, attempt: &Attempt) {
    let notice = world.cards.pay(&attempt.out_trade_no);
    payment_notice(&world.app, Provider::Stripe, &[], &notice).await.unwrap();
}

/// The orders that nobody placed by hand.
pub async fn renewals(world: &World, kit: &Kit) -> Vec<Order> {
    let (customer, line) = (kit.customer, kit.line);
    let all = world.look(move |tx| Box::pin(async move { order::of_line(tx, customer, line, 100).await })).await;
    all.into_iter().filter(|order| order.placed_by == PlacedBy::AutoRenew).collect()
}

async fn told(world: &World, kit: &Kit, template: &str) -> usize {
    let customer = kit.customer;
    let owner =
        world.look(move |tx| Box::pin(async move { everline_store::tables::customer::get(tx, customer).await })).await;
    world.messenger.told(owner.contact.unwrap().as_str()).iter().filter(|one| **one == template).count()
}

#[tokio::test]
async fn credit_renews_a_line_month_after_month() {
    on_both(async |world: World| {
        let kit = watch(&world).await;
        let end = world.line_now(&kit).await.service_until.unwrap();
        agrees(&world, &kit, &[PayWith::Credit]).await;
        assert_eq!(state(&world, &kit).await, State::Waiting);
        world.skip_days(21).await;
        assert_eq!(told(&world, &kit, "auto_renew_notice").await, 0);
        world.skip_days(1).await;
        let debit_at = end.plus_us(-3 * DAY_US);
        assert_eq!(state(&world, &kit).await, State::Announced { cycle: end, debit_at });
        assert_eq!((told(&world, &kit, "auto_renew_notice").await, renewals(&world, &kit).await.len()), (1, 0));
        world.sound().await;
        // A week before its end its owner reads that nothing is to be done.
        world.skip_days(1).await;
        let seen = everline_app::home::home(&world.app, kit.customer).await.unwrap().lines.remove(0);
        assert_eq!(seen.advice, Advice::RenewsItself { at: end, days: 7 });
        world.skip_days(4).await;
        let [first] = renewals(&world, &kit).await.try_into().unwrap();
        assert_eq!((first.state, first.placed_at), (OrderState::Queued, debit_at));
        assert_eq!(state(&world, &kit).await, State::Waiting);
        assert_eq!(world.balance(kit.customer, PaidCredit).await, cny("40.10").micros());
        world.sound().await;
        world.skip_days(60).await;
        assert_eq!(renewals(&world, &kit).await.len(), 3);
        assert_eq!(world.line_now(&kit).await.state, LineState::Active);
        assert_eq!(told(&world, &kit, "auto_renew_notice").await, 3);
        world.sound().await;
    })
    .await;
}

#[tokio::test]
async fn two_nodes_renew_once_and_a_crash_between_order_and_debit_loses_nothing() {
    on_both(async |world: World| {
        let (kit, card) = watch_with_card(&world).await;
        agrees(&world, &kit, &[card]).await;
        world.skip_days(26).await;
        // Both nodes find the timer due at once; the job that would pay is left to whoever comes next.
        world.app.clock.pass_us(DAY_US + HOUR_US);
        let node = world.another_node();
        let (one, two) = tokio::join!(
            timers::run_due(&world.app, world.app.clock.now()),
            timers::run_due(&node.app, node.app.clock.now())
        );
        one.unwrap();
        two.unwrap();
        let [placed] = renewals(&world, &kit).await.try_into().unwrap();
        assert_eq!((placed.state, world.cards.debits()), (OrderState::AwaitingPayment, 0));
        world.sound().await;
        tokio::join!(node.settle(), world.settle());
        assert_eq!(world.order_now(&placed).await.state, OrderState::Queued);
        assert_eq!(world.attempts(&placed).await.len(), 1);
        assert_eq!(world.cards.took().len(), 2, "the plan bought by hand, and its renewal");
        world.sound().await;
    })
    .await;
}

#[tokio::test]
async fn what_is_not_known_is_asked_again_and_nothing_else_is_tried() {
    on_both(async |world: World| {
        for fate in [Fate::Silent, Fate::WorksSilently] {
            let kit = watch(&world).await;
            let card = remembers(&world, &kit, "pack").await;
            agrees(&world, &kit, &[card, PayWith::Credit]).await;
            world.cards.always("debit", fate);
            world.cards.always("query", Fate::Silent);
            world.skip_days(27).await;
            let [placed] = renewals(&world, &kit).await.try_into().unwrap();
            assert_eq!(placed.state, OrderState::AwaitingPayment, "{fate:?}");
            assert!(matches!(state(&world, &kit).await, State::Trying { step: 0, .. }));
            assert_eq!(world.attempts(&placed).await[0].state, AttemptState::Unknown);
            assert_eq!(world.balance(kit.customer, PaidCredit).await, cny("50").micros(), "{fate:?}");
            world.sound().await;
            world.cards.always("debit", Fate::Works);
            world.cards.always("query", Fate::Works);
            world.pass(HOUR_US).await;
            assert_eq!(world.order_now(&placed).await.state, OrderState::Queued, "{fate:?}");
            assert_eq!(world.attempts(&placed).await.len(), 1);
            assert_eq!(world.balance(kit.customer, PaidCredit).await, cny("50").micros(), "{fate:?}");
            world.sound().await;
        }
    })
    .await;
}

#[tokio::test]
async fn a_declined_card_leaves_it_to_the_next_method_and_a_removed_one_too() {
    on_both(async |world: World| {
        let kit = watch(&world).await;
        let card = remembers(&world, &kit, "pack").await;
        agrees(&world, &kit, &[card, PayWith::Credit]).await;
        world.cards.next("debit", &[Fate::Refuses]);
        world.skip_days(27).await;
        let [placed] = renewals(&world, &kit).await.try_into().unwrap();
        assert_eq!(placed.state, OrderState::Queued);
        let methods: Vec<_> = world.attempts(&placed).await.iter().map(|one| (one.method, one.state)).collect();
        assert!(methods.contains(&(Method::SavedCard, AttemptState::Failed)), "{methods:?}");
        assert!(methods.contains(&(Method::PaidCredit, AttemptState::Paid)), "{methods:?}");
        world.sound().await;
        // Removed after the notice: it is not asked any more.
        world.skip_days(25).await;
        assert!(matches!(state(&world, &kit).await, State::Announced { .. }));
        let PayWith::Saved(id) = card else { panic!() };
        let before = world.cards.debits();
        remove(&world.app, kit.customer, id).await.unwrap();
        world.settle().await;
        assert_eq!(world.cards.forgotten().len(), 1);
        world.skip_days(5).await;
        assert_eq!((world.cards.debits(), renewals(&world, &kit).await.len()), (before, 2));
        assert_eq!(saved_methods(&world.app, kit.customer).await.unwrap(), []);
        world.sound().await;
    })
    .await;
}

#[tokio::test]
async fn a_removed_card_is_not_asked_again_although_nobody_knows_what_its_debit_did() {
    on_both(async |world: World| {
        let (kit, card) = watch_with_card(&world).await;
        agrees(&world, &kit, &[card]).await;
        world.cards.always("debit", Fate::Silent);
        world.cards.always("forget", Fate::Silent);
        world.skip_days(27).await;
        let [placed] = renewals(&world, &kit).await.try_into().unwrap();
        assert_eq!(world.attempts(&placed).await[0].state, AttemptState::Unknown);
        let PayWith::Saved(id) = card else { panic!() };
        remove(&world.app, kit.customer, id).await.unwrap();
        let before = world.cards.debits();
        world.cards.always("debit", Fate::Works);
        world.pass(HOUR_US).await;
        assert_eq!((world.cards.debits(), world.order_now(&placed).await.state), (before, OrderState::AwaitingPayment));
        // The order ends with its time.
        world.skip_days(4).await;
        assert_eq!((world.cards.debits(), world.order_now(&placed).await.state), (before, OrderState::Closed));
        world.sound().await;
    })
    .await;
}

#[tokio::test]
async fn paid_by_hand_while_a_card_is_declined_nobody_is_told_that_it_failed() {
    on_both(async |world: World| {
        let (kit, card) = watch_with_card(&world).await;
        agrees(&world, &kit, &[card]).await;
        world.skip_days(26).await;
        world.cards.next("debit", &[Fate::RefusesLater]);
        let by_hand = async {
            while world.cards.debits() == 0 {
                tokio::task::yield_now().await;
            }
            let [placed] = renewals(&world, &kit).await.try_into().unwrap();
            let attempt = world.start(&placed, Method::Card).await.unwrap();
            pays_by_card(&world, &attempt).await;
            assert_ne!(world.order_now(&placed).await.state, OrderState::AwaitingPayment);
            world.cards.go_on();
            placed
        };
        let ((), placed) = tokio::join!(world.skip_days(1), by_hand);
        world.pass(HOUR_US).await;
        assert_eq!(world.order_now(&placed).await.state, OrderState::Queued);
        assert_eq!((state(&world, &kit).await, world.cards.debits()), (State::Waiting, 1));
        assert_eq!(told(&world, &kit, "auto_renew_failed").await, 0);
        world.sound().await;
    })
    .await;
}

#[tokio::test]
async fn an_order_whose_time_is_over_waits_for_its_timer() {
    on_both(async |world: World| {
        let kit = watch(&world).await;
        agrees(&world, &kit, &[PayWith::Credit]).await;
        world.skip_days(26).await;
        world.app.clock.pass_us(DAY_US + HOUR_US);
        timers::run_due(&world.app, world.app.clock.now()).await.unwrap();
        let [placed] = renewals(&world, &kit).await.try_into().unwrap();
        // Jobs run before the timer that closes it.
        world.app.clock.pass_us(5 * DAY_US);
        tokio::time::timeout(std::time::Duration::from_secs(60), world.jobs()).await.expect("it waits");
        assert_eq!(world.order_now(&placed).await.state, OrderState::AwaitingPayment);
        assert_eq!(world.balance(kit.customer, PaidCredit).await, cny("50").micros());
        world.pass(HOUR_US).await;
        assert_eq!(world.order_now(&placed).await.state, OrderState::Closed);
        world.sound().await;
    })
    .await;
}

#[tokio::test]
async fn a_card_that_is_kept_twice_under_one_name_is_not_forgotten() {
    on_both(async |world: World| {
        let kit = world.line(Family::Watch).await;
        world.cards.one_token("pm_1");
        let card = remembers(&world, &kit, "days").await;
        assert_eq!(remembers(&world, &kit, "pack").await, card, "the same card is one");
        assert_eq!(world.cards.forgotten(), Vec::<String>::new());
        let PayWith::Saved(id) = card else { panic!() };
        remove(&world.app, kit.customer, id).await.unwrap();
        world.settle().await;
        assert_eq!(world.cards.forgotten(), ["pm_1"]);
        world.sound().await;
    })
    .await;
}

#[tokio::test]
async fn a_bank_that_wants_to_ask_waits_for_the_owner() {
    on_both(async |world: World| {
        let (kit, card) = watch_with_card(&world).await;
        agrees(&world, &kit, &[PayWith::Credit, card]).await;
        world.cards.next("debit", &[Fate::Asks]);
        world.skip_days(27).await;
        assert!(matches!(state(&world, &kit).await, State::NeedsCustomer { .. }));
        assert_eq!(told(&world, &kit, "auto_renew_needs_you").await, 1);
        world.skip_days(1).await;
        assert_eq!(told(&world, &kit, "auto_renew_needs_you").await, 2, "once a day");
        world.sound().await;
        let [placed] = renewals(&world, &kit).await.try_into().unwrap();
        let attempt = world.start(&placed, Method::Card).await.unwrap();
        pays_by_card(&world, &attempt).await;
        world.pass(HOUR_US).await;
        assert_eq!(world.order_now(&placed).await.state, OrderState::Queued);
        assert_eq!(state(&world, &kit).await, State::Waiting);
        world.sound().await;
    })
    .await;
}

#[tokio::test]
async fn when_nothing_works_the_owner_is_told_daily_until_the_end() {
    on_both(async |world: World| {
        let (kit, card) = watch_with_card(&world).await;
        agrees(&world, &kit, &[PayWith::Credit, card]).await;
        world.cards.next("debit", &[Fate::Refuses]);
        world.skip_days(35).await;
        assert!(matches!(state(&world, &kit).await, State::GaveUp { why: GaveUp::Methods, .. }));
        assert_eq!(told(&world, &kit, "auto_renew_failed").await, 3);
        assert_eq!(world.cards.debits(), 1);
        world.sound().await;
        // Renewed by hand, it goes on with the next end.
        world.buys(&kit, "days").await;
        world.pass(HOUR_US).await;
        assert_eq!(state(&world, &kit).await, State::Waiting);
        world.sound().await;
    })
    .await;
}

#[tokio::test]
async fn never_beyond_the_cap() {
    on_both(async |world: World| {
        let kit = watch(&world).await;
        let tight = Wanted { month_cap: cny("9.90"), ..wanted(&[PayWith::Credit]) };
        set(&world.app, kit.customer, kit.line, tight).await.unwrap();
        world.skip_days(27).await;
        let [first] = renewals(&world, &kit).await.try_into().unwrap();
        assert!(first.paid_at.is_some());
        // Paid on 6 April; the next falls on 6 May: another month. A sum of this month would be refused.
        world
            .sql("UPDATE orders SET paid_at = paid_at + $1 WHERE placed_by = 'auto_renew'", vec![(29 * DAY_US).into()])
            .await;
        world.skip_days(30).await;
        assert!(matches!(state(&world, &kit).await, State::GaveUp { why: GaveUp::OverCap, .. }));
        assert_eq!(renewals(&world, &kit).await.len(), 1);
        assert!(told(&world, &kit, "auto_renew_failed").await >= 1);
    })
    .await;
}

#[tokio::test]
async fn who_raises_the_cap_is_renewed_once_before_the_end() {
    on_both(async |world: World| {
        let kit = watch(&world).await;
        let tight = Wanted { month_cap: cny("9.90"), ..wanted(&[PayWith::Credit]) };
        set(&world.app, kit.customer, kit.line, tight.clone()).await.unwrap();
        world.skip_days(27).await;
        world
            .sql("UPDATE orders SET paid_at = paid_at + $1 WHERE placed_by = 'auto_renew'", vec![(29 * DAY_US).into()])
            .await;
        world.skip_days(30).await;
        assert!(matches!(state(&world, &kit).await, State::GaveUp { why: GaveUp::OverCap, .. }));
        let end = world.line_now(&kit).await.service_until.unwrap();
        // Agreed again as it was, it is beyond the cap as it was.
        set(&world.app, kit.customer, kit.line, tight).await.unwrap();
        world.settle().await;
        assert!(matches!(state(&world, &kit).await, State::GaveUp { why: GaveUp::OverCap, .. }));
        assert_eq!(renewals(&world, &kit).await.len(), 1);
        agrees(&world, &kit, &[PayWith::Credit]).await;
        world.settle().await;
        let failed = told(&world, &kit, "auto_renew_failed").await;
        let placed = renewals(&world, &kit).await;
        assert_eq!(placed.len(), 2);
        assert!(placed.iter().all(|order| order.paid_at.is_some_and(|at| at < end)));
        world.skip_days(4).await;
        assert_eq!((state(&world, &kit).await, renewals(&world, &kit).await.len()), (State::Waiting, 2));
        assert_eq!(world.line_now(&kit).await.state, LineState::Active);
        assert_eq!(told(&world, &kit, "auto_renew_failed").await, failed);
    })
    .await;
}

#[tokio::test]
async fn who_chooses_another_plan_than_one_that_is_not_sold_is_told_and_renewed() {
    on_both(async |world: World| {
        let kit = watch(&world).await;
        agrees(&world, &kit, &[PayWith::Credit]).await;
        world.set_sale("days", SaleState::Retired).await;
        world.skip_days(23).await;
        assert!(matches!(state(&world, &kit).await, State::GaveUp { why: GaveUp::NotSellable, .. }));
        assert_eq!(told(&world, &kit, "auto_renew_failed").await, 2);
        let other = OfferingRef { code: "month".to_owned(), version: 1 };
        let other = Wanted { offering: other, month_cap: cny("39"), ..wanted(&[PayWith::Credit]) };
        set(&world.app, kit.customer, kit.line, other).await.unwrap();
        world.settle().await;
        let end = world.line_now(&kit).await.service_until.unwrap();
        let debit_at = world.app.clock.now().business.plus_us(5 * DAY_US);
        assert_eq!(state(&world, &kit).await, State::Announced { cycle: end, debit_at });
        assert_eq!(told(&world, &kit, "auto_renew_notice").await, 1);
        world.skip_days(4).await;
        assert_eq!(renewals(&world, &kit).await.len(), 0, "never sooner than announced");
        world.skip_days(4).await;
        let [placed] = renewals(&world, &kit).await.try_into().unwrap();
        assert_eq!((placed.offering.code.as_str(), placed.price), ("month", cny("39")));
        assert_eq!((state(&world, &kit).await, world.line_now(&kit).await.state), (State::Waiting, LineState::Active));
        assert_eq!(told(&world, &kit, "auto_renew_failed").await, 2);
        world.sound().await;
    })
    .await;
}

#[tokio::test]
async fn what_is_taken_is_told_in_its_currency() {
    on_both(async |mut world: World| {
        let mut brand = (*world.app.brand).clone();
        brand.currency = "EUR".parse().unwrap();
        let euro = |text: &str| Money::parse(text, brand.currency).unwrap();
        let mut offering = crate::world::stock::offering("euro", OfferingKind::Plan, "9", GB, Some(Validity::Days(30)));
        (offering.price, offering.renewal_price) = (euro("1234.5"), euro("1234.5"));
        let reference = offering.reference.clone();
        let kit = watch(&world).await;
        world
            .change(move |tx| {
                let set = catalog::set_offering(tx, &offering);
                Box::pin(async move { set })
            })
            .await;
        let wanted = Wanted { offering: reference, month_cap: euro("2000"), ..wanted(&[PayWith::Credit]) };
        world.app.brand = Arc::new(brand);
        set(&world.app, kit.customer, kit.line, wanted).await.unwrap();
        world.skip_days(23).await;
        assert_eq!(world.said(&kit, "price").await.as_deref(), Some("€1,234.50"));
        assert_eq!(world.said(&kit, "amount").await.as_deref(), Some("¥9.90"), "of the plan that was bought");
    })
    .await;
}

#[tokio::test]
async fn a_price_that_rose_is_asked_again() {
    on_both(async |world: World| {
        let kit = watch(&world).await;
        agrees(&world, &kit, &[PayWith::Credit]).await;
        world.skip_days(10).await;
        let offering = crate::world::stock::offerings().into_iter().find(|one| one.reference.code == "days").unwrap();
        let (mut old, mut new) = (offering.clone(), offering);
        old.sale = everline_core::offering::SaleState::Retired;
        (new.reference.version, new.price) = (2, cny("12"));
        world
            .change(move |tx| {
                let set = catalog::set_offering(tx, &old).and_then(|()| catalog::set_offering(tx, &new));
                Box::pin(async move { set })
            })
            .await;
        world.skip_days(13).await;
        let State::AsksConsent { cycle, debit_at } = state(&world, &kit).await else { panic!() };
        assert_eq!(told(&world, &kit, "auto_renew_consent").await, 1);
        world.skip_days(3).await;
        assert_eq!(renewals(&world, &kit).await.len(), 0);
        assert_eq!(world.balance(kit.customer, PaidCredit).await, cny("50").micros());
        world.sound().await;
        // The version that was agreed to is not sold any more.
        let again = set(&world.app, kit.customer, kit.line, wanted(&[PayWith::Credit])).await;
        assert!(matches!(again, Err(Problem::Invalid { field: "offering", .. })), "{again:?}");
        let dearer = OfferingRef { code: "days".to_owned(), version: 2 };
        let again = Wanted { offering: dearer, ..wanted(&[PayWith::Credit]) };
        set(&world.app, kit.customer, kit.line, again).await.unwrap();
        assert_eq!(state(&world, &kit).await, State::Announced { cycle, debit_at });
        world.skip_days(1).await;
        let [placed] = renewals(&world, &kit).await.try_into().unwrap();
        assert_eq!((placed.state, placed.price), (OrderState::Queued, cny("12")));
        world.sound().await;
    })
    .await;
}

#[tokio::test]
async fn renewed_by_hand_or_switched_off_nothing_is_taken() {
    on_both(async |world: World| {
        let kit = watch(&world).await;
        agrees(&world, &kit, &[PayWith::Credit]).await;
        world.skip_days(24).await;
        assert!(matches!(state(&world, &kit).await, State::Announced { .. }));
        world.buys(&kit, "days").await;
        world.skip_days(10).await;
        assert_eq!((state(&world, &kit).await, renewals(&world, &kit).await.len()), (State::Waiting, 0));
        world.sound().await;
        off(&world.app, kit.customer, kit.line).await.unwrap();
        off(&world.app, kit.customer, kit.line).await.unwrap();
        world.skip_days(60).await;
        assert_eq!((state(&world, &kit).await, renewals(&world, &kit).await.len()), (State::Off, 0));
        world.sound().await;

        // Switched off while nobody knows what a debit did: the order closes, and money that was taken goes back.
        let (kit, card) = watch_with_card(&world).await;
        agrees(&world, &kit, &[card]).await;
        world.cards.always("debit", Fate::WorksSilently);
        world.cards.always("query", Fate::Silent);
        world.cards.always("close", Fate::Silent);
        world.skip_days(27).await;
        let busy = set(&world.app, kit.customer, kit.line, wanted(&[card])).await;
        assert_eq!(busy, Err(Problem::RenewalUnderWay));
        off(&world.app, kit.customer, kit.line).await.unwrap();
        world.settle().await;
        let [placed] = renewals(&world, &kit).await.try_into().unwrap();
        assert_eq!(placed.state, OrderState::Closed);
        for call in ["query", "close", "debit"] {
            world.cards.always(call, Fate::Works);
        }
        world.pass(HOUR_US).await;
        let refunds: Vec<_> = world.refunds(&placed).await.iter().map(|refund| refund.reason).collect();
        assert_eq!((refunds, world.order_now(&placed).await.state), (vec![RefundReason::Late], OrderState::Closed));
        world.sound().await;
    })
    .await;
}

#[tokio::test]
async fn what_cannot_be_agreed_to_is_refused_by_name() {
    on_both(async |world: World| {
        let kit = watch(&world).await;
        let other = watch(&world).await;
        let set = async |wanted: Wanted| match set(&world.app, kit.customer, kit.line, wanted).await {
            Err(Problem::Invalid { field, .. }) => field,
            other => panic!("{other:?}"),
        };
        let credit = [PayWith::Credit];
        let short = OfferingRef { code: "short".to_owned(), version: 1 };
        let none = PayWith::Saved(PaymentMethodId::from([9; 16]));
        assert_eq!(set(wanted(&[])).await, "methods");
        assert_eq!(set(wanted(&[PayWith::Credit, PayWith::Credit])).await, "methods");
        assert_eq!(set(wanted(&[none])).await, "methods");
        assert_eq!(set(Wanted { month_cap: cny("9.89"), ..wanted(&credit) }).await, "month_cap");
        assert_eq!(set(Wanted { lead_days: 0, ..wanted(&credit) }).await, "lead_days");
        assert_eq!(set(Wanted { lead_days: 15, ..wanted(&credit) }).await, "lead_days");
        assert_eq!(set(Wanted { offering: short, ..wanted(&credit) }).await, "offering");
        let anothers = everline_app::auto_renew::set(&world.app, kit.customer, other.line, wanted(&credit)).await;
        assert_eq!(anothers, Err(Problem::NotFound("line")));
        let old = Wanted { terms_version: "2025".to_owned(), ..wanted(&credit) };
        let old = everline_app::auto_renew::set(&world.app, kit.customer, kit.line, old).await;
        assert_eq!(old, Err(Problem::TermsChanged));
    })
    .await;
}

/// A line with 1 GB for 30 days whose owner agreed to be renewed early, and the session of its device.
async fn agrees_early(world: &World, early: Early) -> (Kit, SessionId) {
    let kit = world.line(Family::Watch).await;
    world.buys(&kit, "topup").await;
    world.buys(&kit, "days").await;
    let wanted = Wanted { early, ..wanted(&[PayWith::Credit]) };
    set(&world.app, kit.customer, kit.line, wanted).await.unwrap();
    let session = world.attach(&kit).await.session;
    (kit, session)
}

#[tokio::test]
async fn little_data_left_renews_at_once_and_once_for_the_same_data() {
    on_both(async |world: World| {
        let early = Early { left_percent: Some(20), forecast: false };
        let (kit, session) = agrees_early(&world, early).await;
        world.report(session, 1, 700_000_000).await;
        world.pass(1_000_000).await;
        assert_eq!(plans(&world, &kit).await, 1, "30 % are left");
        world.report(session, 2, 100_000_000).await;
        world.pass(1_000_000).await;
        assert_eq!(plans(&world, &kit).await, 2, "the next plan waits for the end of this one");
        world.report(session, 3, 150_000_000).await;
        world.pass(1_000_000).await;
        assert_eq!(state(&world, &kit).await, State::Waiting);
        world.skip_days(2).await;
        assert_eq!(plans(&world, &kit).await, 2, "once for the same data");
        // The next plan is another's data.
        world.skip_days(28).await;
        assert_eq!(plans(&world, &kit).await, 1);
        let session = world.attach(&kit).await.session;
        world.report(session, 1, 850_000_000).await;
        world.pass(1_000_000).await;
        assert_eq!(plans(&world, &kit).await, 2);
        world.sound().await;
    })
    .await;
}

#[tokio::test]
async fn an_early_renewal_keeps_to_price_and_cap_and_a_step_of_data() {
    on_both(async |world: World| {
        let early = Early { left_percent: Some(50), forecast: false };
        let (kit, session) = agrees_early(&world, early).await;
        let tight = Wanted { month_cap: cny("9.90"), early, ..wanted(&[PayWith::Credit]) };
        set(&world.app, kit.customer, kit.line, tight).await.unwrap();
        world.report(session, 1, 600_000_000).await;
        world.pass(1_000_000).await;
        assert_eq!(plans(&world, &kit).await, 2);
        // In the same month the cap allows no other.
        let pack = world.buys(&kit, "pack").await;
        assert_eq!(pack.customer, kit.customer);
        for left_percent in [0, 3, 55, 100] {
            let early = Early { left_percent: Some(left_percent), forecast: false };
            let wrong = set(&world.app, kit.customer, kit.line, Wanted { early, ..wanted(&[PayWith::Credit]) }).await;
            assert!(matches!(wrong, Err(Problem::Invalid { field: "left_percent", .. })), "{left_percent}");
        }
        world.sound().await;
    })
    .await;
}

#[tokio::test]
async fn a_forecast_renews_at_the_daily_look() {
    on_both(async |world: World| {
        let (kit, session) = agrees_early(&world, Early { left_percent: None, forecast: true }).await;
        for sequence in 1..=2 {
            world.pass(DAY_US).await;
            world.report(session, sequence, 120_000_000).await;
        }
        assert_eq!(plans(&world, &kit).await, 1);
        world.pass(DAY_US).await;
        assert_eq!(plans(&world, &kit).await, 2);
        world.pass(2 * DAY_US).await;
        assert_eq!(plans(&world, &kit).await, 2, "once");
        world.sound().await;
    })
    .await;
}

/// How many plans the line has, those that wait too.
async fn plans(world: &World, kit: &Kit) -> usize {
    world.allowance(kit).await.periods.iter().filter(|period| period.kind == OfferingKind::Plan).count()
}
