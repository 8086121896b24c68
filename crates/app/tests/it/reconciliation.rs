//! Days reconciled: bills that agree, that differ in every way, that come late, twice, changed or not at all.

use crate::world::{World, on_both};
use everline_app::ports::BillAnswer;
use everline_app::reconciliation::queue::{self, AskedAgain};
use everline_app::reconciliation::{Reconciled, Summary, reconcile, schedule};
use everline_app::{Problem, set_up};
use everline_core::ids::{CustomerId, RawId};
use everline_core::ledger::LedgerAccount::{Bank, PspFees, PspReceivable, Suspense, WriteOff};
use everline_core::money::{Currency, Money};
use everline_core::offering::Family;
use everline_core::order::Order;
use everline_core::payment::{Attempt, AttemptState, Provider};
use everline_core::reconciliation::{Action, BillDay, BillLine, Item, ItemKind, LineKind, NotClosed};
use everline_core::time::{DAY_US, HOUR_US, MINUTE_US};
use everline_store::PostgresOptions;
use everline_store::args;
use everline_store::tables::staff;
use everline_testing::each_store_with;

const HOUSE: CustomerId = set_up::HOUSE;

fn day(text: &str) -> BillDay {
    text.parse().unwrap()
}

impl World {
    /// An order that is paid, its attempt, and its line in the bill.
    pub async fn paid(&self) -> (Order, Attempt, BillLine) {
        let order = self.buys(&self.line(Family::Watch).await, "days").await;
        let attempt = self.attempts(&order).await.remove(0);
        let line = self.provider.payment_line(&attempt.out_trade_no, self.app.clock.now().system);
        (order, attempt, line)
    }
    pub fn bill(&self, on: &str, lines: &[&BillLine]) {
        let lines = lines.iter().map(|line| (*line).clone()).collect();
        self.provider.set_bill(day(on), BillAnswer::Bill(lines));
    }
    /// To 10:30 of the day after the first.
    pub async fn next_morning(&self) {
        self.pass(22 * HOUR_US + 30 * MINUTE_US).await;
    }
    pub async fn reconciled(&self, on: &str) -> Summary {
        let outcome = reconcile(&self.app, Provider::Alipay, day(on)).await.unwrap();
        self.settle().await;
        let Reconciled::Done(summary) = outcome else { panic!("{outcome:?}") };
        summary
    }
    async fn queue(&self) -> Vec<Item> {
        queue::open_items(&self.app, self.member("auditor").await).await.unwrap().rows
    }
    async fn kinds(&self) -> Vec<ItemKind> {
        let mut kinds: Vec<ItemKind> = self.queue().await.iter().map(|item| item.kind).collect();
        kinds.sort_unstable();
        kinds
    }
    pub async fn member(&self, role: &'static str) -> RawId {
        let id = self.app.clock.id();
        self.change(move |tx| {
            staff::add(tx, id, "何静", role);
            Box::pin(async { Ok(()) })
        })
        .await;
        id
    }
}

fn house_line(kind: LineKind, number: &str, amount: i64, fee: i64, like: &BillLine) -> BillLine {
    BillLine {
        kind,
        number: number.to_owned(),
        out_trade_no: None,
        trade_no: None,
        amount: Money::from_micros(amount, Currency::CNY),
        fee,
        ..like.clone()
    }
}

/// A payment that is nobody's of ours.
pub fn stranger(like: &BillLine) -> BillLine {
    let (number, nobody) = (Some("S1".to_owned()), Some("NOBODY".to_owned()));
    BillLine { number: "S1".to_owned(), out_trade_no: nobody, trade_no: number, ..like.clone() }
}

#[tokio::test]
async fn a_day_agrees_by_itself_and_its_fees_and_payout_are_posted_once() {
    on_both(async |world: World| {
        let (first, _, line) = world.paid().await;
        let (second, _, other) = world.paid().await;
        let fee = house_line(LineKind::Fee, "F1", 0, 70_000, &line);
        let payout = house_line(LineKind::Payout, "P1", 8_000_000, 0, &line);
        world.bill("2026-03-10", &[&line, &other, &fee, &payout]);
        assert_eq!(
            schedule(&world.app).await.unwrap(),
            2,
            "the day before is asked for at once, of both who make bills"
        );
        world.next_morning().await;
        assert_eq!(schedule(&world.app).await.unwrap(), 2);
        assert_eq!(schedule(&world.app).await.unwrap(), 0, "once a day");
        world.settle().await;
        for order in [&first, &second] {
            assert_eq!(world.balance(order.customer, PspFees).await, line.fee);
            assert_eq!(world.balance(order.customer, PspReceivable).await, line.amount.micros() - line.fee);
        }
        let house = world.balances(HOUSE).await;
        assert_eq!((house.get(PspFees), house.get(Bank), house.get(PspReceivable)), (70_000, 8_000_000, -8_070_000));
        assert_eq!(world.kinds().await, []);
        world.sound().await;
        // The same bill again, and once more two days later by itself.
        assert_eq!(world.reconciled("2026-03-10").await.agreed, 0, "all agreed before");
        world.pass(3 * DAY_US).await;
        assert_eq!(world.balances(HOUSE).await, house);
        assert_eq!(world.balance(first.customer, PspFees).await, line.fee);
        assert_eq!(world.kinds().await, []);
        world.sound().await;
    })
    .await;
}

#[tokio::test]
async fn every_difference_waits_for_people_once() {
    on_both(async |world: World| {
        let (_, _, fine) = world.paid().await;
        let (missing, ..) = world.paid().await;
        let (_, _, mut amount) = world.paid().await;
        let (_, _, mut number) = world.paid().await;
        let (_, _, twice) = world.paid().await;
        amount.amount = Money::from_micros(amount.amount.micros() - 10_000, Currency::CNY);
        number.number.push('X');
        let strange = stranger(&fine);
        let other = house_line(LineKind::Other, "O1", 5_000_000, 0, &fine);
        world.bill("2026-03-10", &[&fine, &amount, &number, &twice, &strange, &other, &twice]);
        world.next_morning().await;
        let summary = world.reconciled("2026-03-10").await;
        assert_eq!((summary.lines, summary.agreed, summary.evidence, summary.open), (7, 2, 0, 6));
        use ItemKind::{AmountDiffers, Doubled, NotUnderstood, NumberDiffers, OursOnly, TheirsOnly};
        let kinds = [OursOnly, TheirsOnly, AmountDiffers, NumberDiffers, Doubled, NotUnderstood];
        assert_eq!(world.kinds().await, kinds);
        let lost = world.queue().await.into_iter().find(|item| item.kind == OursOnly).unwrap();
        assert_eq!((lost.ours, lost.theirs), (Some(missing.price.micros()), None));
        world.reconciled("2026-03-10").await;
        assert_eq!(world.kinds().await, kinds, "the same bill twice");
        world.sound().await;
        // A bill that is mended settles what it can by itself.
        amount.amount = fine.amount;
        world.bill("2026-03-10", &[&fine, &amount, &number, &twice, &strange, &other]);
        world.reconciled("2026-03-10").await;
        assert_eq!(world.kinds().await.len(), 7, "the line that changed is shown, and nothing is taken back");
        world.sound().await;
    })
    .await;
}

#[tokio::test]
async fn people_close_items_and_the_books_follow() {
    on_both(async |world: World| {
        let (agent, operator) = (world.member("agent").await, world.member("operator").await);
        let (lost, _, fine) = world.paid().await;
        let (short, _, mut less) = world.paid().await;
        less.amount = Money::from_micros(less.amount.micros() - 10_000, Currency::CNY);
        let strange = stranger(&fine);
        world.bill("2026-03-10", &[&less, &strange]);
        // A notice of the stranger's payment came before.
        let notice = world.provider.notice(fine.out_trade_no.as_deref().unwrap(), |notice| {
            notice["out_trade_no"] = "NOBODY".into();
        });
        world.notice(&notice).await.unwrap();
        world.next_morning().await;
        world.reconciled("2026-03-10").await;
        let item = async |kind| world.queue().await.into_iter().find(|item| item.kind == kind).unwrap();
        let close =
            async |item: &Item, action, reason: &str, by| queue::close(&world.app, item.id, action, reason, by).await;
        let (ours, theirs, differs) =
            (item(ItemKind::OursOnly).await, item(ItemKind::TheirsOnly).await, item(ItemKind::AmountDiffers).await);
        assert_eq!(close(&ours, Action::WriteOff, "gone", agent).await, Err(Problem::NotAllowed));
        let refused = |why| Err(Problem::NotClosed(why));
        assert_eq!(close(&ours, Action::WriteOff, " ", operator).await, refused(NotClosed::Reason));
        assert_eq!(close(&ours, Action::Suspense, "why", operator).await, refused(NotClosed::DoesNotFit));
        let asked = queue::ask_again(&world.app, theirs.id, operator).await;
        assert_eq!(asked, Err(Problem::NotClosed(NotClosed::DoesNotFit)), "it names nothing of ours");
        assert_eq!(queue::ask_again(&world.app, ours.id, operator).await, Ok(AskedAgain::Paid));
        world.sound().await;

        close(&ours, Action::WriteOff, "the provider never had it", operator).await.unwrap();
        assert_eq!(close(&ours, Action::Accept, "late", operator).await, refused(NotClosed::ClosedAlready));
        assert_eq!(world.balance(lost.customer, WriteOff).await, lost.price.micros());
        assert_eq!(world.balance(lost.customer, PspReceivable).await, 0);

        close(&differs, Action::WriteOff, "a fen", operator).await.unwrap();
        assert_eq!(world.balance(short.customer, WriteOff).await, 10_000);
        assert_eq!(world.balance(short.customer, PspFees).await, less.fee, "the fee of a line that is decided");

        close(&theirs, Action::Suspense, "whose is it?", operator).await.unwrap();
        let house = world.balances(HOUSE).await;
        assert_eq!((house.get(Suspense), house.get(PspFees)), (strange.amount.micros(), strange.fee));
        let again = world.sql("UPDATE notice SET state = 'resolved' WHERE state = 'resolved'", args![]).await;
        assert_eq!(again, 1, "the notice that waited is resolved");
        assert_eq!(world.kinds().await, []);
        // Who closed it is known also after they left.
        world.sql("UPDATE staff SET active = 0 WHERE id = $1", args![operator]).await;
        let agent = world.member("agent").await;
        let view = queue::item(&world.app, theirs.id, agent).await.unwrap();
        assert_eq!((view.closed_by.as_deref(), view.actions.len()), (Some("何静"), 0));
        // Who looked at an item stands with whose payment it is about, and with nobody else.
        assert_eq!(world.noted(lost.customer).await, ["reconciliation.closed", "reconciliation.asked"]);
        queue::item(&world.app, ours.id, agent).await.unwrap();
        assert_eq!(
            world.noted(lost.customer).await,
            ["reconciliation.item_seen", "reconciliation.closed", "reconciliation.asked"]
        );
        assert_eq!(world.noted(short.customer).await, ["reconciliation.closed"]);
        world.sound().await;
        world.reconciled("2026-03-10").await;
        assert_eq!(world.kinds().await, [], "what is decided stays decided");
        assert_eq!(world.balances(HOUSE).await, house);
        world.sound().await;
    })
    .await;
}

#[tokio::test]
async fn a_payment_that_nobody_told_us_of_is_delivered_by_the_bill() {
    on_both(async |world: World| {
        let (_, _, fine) = world.paid().await;
        let (order, attempt) = world.checkout(&world.line(Family::Watch).await, "days").await;
        world.provider.always("query", crate::world::outside::Fate::Silent);
        world.provider.always("close", crate::world::outside::Fate::Silent);
        let _lost = world.provider.pay(&attempt.out_trade_no);
        let line = world.provider.payment_line(&attempt.out_trade_no, world.app.clock.now().system);
        world.bill("2026-03-10", &[&fine, &line]);
        world.next_morning().await;
        assert_ne!(world.attempts(&order).await[0].state, AttemptState::Paid);
        let summary = world.reconciled("2026-03-10").await;
        assert_eq!((summary.agreed, summary.evidence, summary.open), (2, 1, 0));
        let state = world.order_now(&order).await.state;
        assert!(state.delivered(), "{state:?}");
        assert_eq!(world.balance(order.customer, PspFees).await, line.fee);
        world.sound().await;
    })
    .await;
}

#[tokio::test]
async fn what_is_paid_near_midnight_is_missing_only_when_both_bills_are_there() {
    on_both(async |world: World| {
        world.pass(11 * HOUR_US + 54 * MINUTE_US).await;
        let (_, _, shifted) = world.paid().await;
        let (lost, ..) = world.paid().await;
        world.bill("2026-03-10", &[]);
        world.bill("2026-03-11", &[&shifted]);
        world.pass(37 * HOUR_US).await;
        world.reconciled("2026-03-10").await;
        assert_eq!(world.kinds().await, [], "the next day's bill may have both");
        world.sound().await;
        world.reconciled("2026-03-11").await;
        let queue = world.queue().await;
        assert_eq!(queue.len(), 1, "{queue:?}");
        assert_eq!((queue[0].kind, queue[0].ours), (ItemKind::OursOnly, Some(lost.price.micros())));
        world.sound().await;
    })
    .await;
}

#[tokio::test]
async fn a_bill_that_is_late_changed_or_never_made_does_no_harm() {
    on_both(async |world: World| {
        let (_, _, line) = world.paid().await;
        let (_, _, gone) = world.paid().await;
        let outcome = async || reconcile(&world.app, Provider::Alipay, day("2026-03-10")).await.unwrap();
        world.bill("2026-03-10", &[&line, &gone]);
        assert_eq!(outcome().await, Reconciled::NotYet, "the day is not over");
        world.provider.set_bill(day("2026-03-10"), BillAnswer::NotYet);
        world.next_morning().await;
        schedule(&world.app).await.unwrap();
        world.settle().await;
        assert_eq!(world.kinds().await, []);
        world.bill("2026-03-10", &[]);
        assert_eq!(outcome().await, Reconciled::NotYet, "an empty bill is not believed yet: we have payments");
        world.provider.set_bill(day("2026-03-10"), BillAnswer::Unknown);
        assert_eq!(outcome().await, Reconciled::Unknown);
        world.bill("2026-03-10", &[&line, &gone]);
        world.pass(HOUR_US).await;
        assert_eq!(world.reconciled("2026-03-10").await.agreed, 0, "the job asked again and read it");
        world.sound().await;
        // Another version of the bill, read once more two days later.
        let mut changed = line.clone();
        changed.fee += 10_000;
        world.bill("2026-03-10", &[&changed]);
        world.pass(3 * DAY_US).await;
        assert_eq!(world.kinds().await, [ItemKind::LineChanged, ItemKind::LineGone]);
        world.sound().await;
        assert_eq!(
            reconcile(&world.app, Provider::Wechat, day("2026-03-10")).await,
            Err(Problem::NotFound("provider"))
        );
        // A day on which nothing happened has no bill.
        let outcome = reconcile(&world.app, Provider::Alipay, day("2026-03-09")).await.unwrap();
        assert!(matches!(outcome, Reconciled::Done(Summary { lines: 0, open: 0, .. })), "{outcome:?}");
        world.sound().await;
    })
    .await;
}

#[tokio::test]
async fn refunds_are_compared_too() {
    on_both(async |world: World| {
        // Paid after it closed, when it is sold no more: the money goes back.
        let (_, attempt) = world.checkout(&world.line(Family::Watch).await, "short").await;
        world.pass(40 * MINUTE_US).await;
        world.set_sale("short", everline_core::offering::SaleState::Retired).await;
        world.pays(&attempt).await;
        world.settle().await;
        let now = world.app.clock.now().system;
        let paid = world.provider.payment_line(&attempt.out_trade_no, now);
        let back = world.provider.refund_lines(&attempt.out_trade_no, now).remove(0);
        let console =
            BillLine { request_no: Some("CONSOLE".to_owned()), number: "T/CONSOLE".to_owned(), ..back.clone() };
        world.bill("2026-03-10", &[&paid]);
        world.next_morning().await;
        world.reconciled("2026-03-10").await;
        assert_eq!(world.kinds().await, [ItemKind::OursOnly], "the refund is in no bill");
        world.sound().await;
        world.bill("2026-03-10", &[&paid, &back, &console]);
        world.reconciled("2026-03-10").await;
        assert_eq!(world.kinds().await, [ItemKind::TheirsOnly], "now it is, and one that we did not ask for");
        let customer = attempt.customer;
        assert_eq!(world.balance(customer, PspFees).await, 0, "the fee came back with the refund");
        let operator = world.member("operator").await;
        let item = world.queue().await.remove(0);
        queue::close(&world.app, item.id, Action::WriteOff, "made in the console", operator).await.unwrap();
        assert_eq!(world.balance(customer, WriteOff).await, console.amount.micros());
        world.sound().await;
    })
    .await;
}

#[tokio::test]
async fn what_was_written_off_and_comes_after_all_waits_for_people_again() {
    on_both(async |world: World| {
        let operator = world.member("operator").await;
        let (_, _, fine) = world.paid().await;
        let (late, _, line) = world.paid().await;
        world.bill("2026-03-10", &[&fine]);
        world.next_morning().await;
        world.reconciled("2026-03-10").await;
        let missing = world.queue().await.remove(0);
        queue::close(&world.app, missing.id, Action::WriteOff, "gone", operator).await.unwrap();
        assert_eq!(world.balance(late.customer, PspReceivable).await, 0);
        world.bill("2026-03-10", &[&fine, &line]);
        world.reconciled("2026-03-10").await;
        let [after] = world.queue().await.try_into().unwrap();
        assert_eq!((after.kind, after.theirs), (ItemKind::CameAfterAll, Some(line.amount.micros())));
        world.sound().await;
        world.reconciled("2026-03-10").await;
        assert_eq!(world.kinds().await, [ItemKind::CameAfterAll], "once");
        queue::close(&world.app, after.id, Action::Suspense, "it came", operator).await.unwrap();
        let owed = line.amount.micros() - line.fee;
        assert_eq!(world.balance(late.customer, PspReceivable).await, owed, "the provider owes it again");
        world.sound().await;
    })
    .await;
}

#[tokio::test]
async fn what_was_written_off_and_comes_with_another_amount_is_two_differences() {
    on_both(async |world: World| {
        let operator = world.member("operator").await;
        let (_, _, fine) = world.paid().await;
        let (late, _, mut line) = world.paid().await;
        world.bill("2026-03-10", &[&fine]);
        world.next_morning().await;
        world.reconciled("2026-03-10").await;
        let missing = world.queue().await.remove(0);
        queue::close(&world.app, missing.id, Action::WriteOff, "gone", operator).await.unwrap();
        line.amount = Money::from_micros(line.amount.micros() + 3_000_000, Currency::CNY);
        world.bill("2026-03-10", &[&fine, &line]);
        world.reconciled("2026-03-10").await;
        assert_eq!(world.kinds().await, [ItemKind::AmountDiffers, ItemKind::CameAfterAll]);
        for item in world.queue().await {
            queue::close(&world.app, item.id, Action::Suspense, "it came", operator).await.unwrap();
        }
        let owed = line.amount.micros() - line.fee;
        assert_eq!(world.balance(late.customer, PspReceivable).await, owed, "what the bill says, once");
        world.sound().await;
    })
    .await;
}

#[tokio::test]
async fn a_bill_that_cannot_be_had_again_takes_nothing_back() {
    on_both(async |world: World| {
        let (_, _, line) = world.paid().await;
        world.bill("2026-03-10", &[&line]);
        world.next_morning().await;
        schedule(&world.app).await.unwrap();
        world.settle().await;
        world.provider.set_bill(day("2026-03-10"), BillAnswer::NotYet);
        world.pass(3 * DAY_US).await;
        assert_eq!(world.kinds().await, []);
        // Nobody is asked for ever for the second reading.
        world.pass(12 * DAY_US).await;
        let notes = world.verify().await.notes;
        assert!(notes.iter().all(|note| note.detail != "no bill came for two weeks"), "{notes:?}");
        world.sound().await;
    })
    .await;
}

#[tokio::test]
async fn a_line_that_stands_in_the_bills_of_two_days_is_doubled() {
    on_both(async |world: World| {
        let (_, _, line) = world.paid().await;
        world.bill("2026-03-10", &[&line]);
        world.next_morning().await;
        world.reconciled("2026-03-10").await;
        let (_, _, other) = world.paid().await;
        world.bill("2026-03-11", &[&other, &line]);
        world.pass(DAY_US).await;
        world.reconciled("2026-03-11").await;
        let [doubled] = world.queue().await.try_into().unwrap();
        assert_eq!((doubled.kind, doubled.number), (ItemKind::Doubled, Some(line.number)));
        world.sound().await;
    })
    .await;
}

#[tokio::test]
async fn a_refund_that_comes_back_after_its_bill_agreed_is_sound() {
    on_both(async |world: World| {
        let (_, attempt) = world.checkout(&world.line(Family::Watch).await, "short").await;
        world.pass(40 * MINUTE_US).await;
        world.set_sale("short", everline_core::offering::SaleState::Retired).await;
        world.pays(&attempt).await;
        world.settle().await;
        let now = world.app.clock.now().system;
        let paid = world.provider.payment_line(&attempt.out_trade_no, now);
        let back = world.provider.refund_lines(&attempt.out_trade_no, now).remove(0);
        world.bill("2026-03-10", &[&paid, &back]);
        world.next_morning().await;
        world.reconciled("2026-03-10").await;
        world.sound().await;
        let request_no = back.request_no.unwrap();
        world.provider.bounce(&request_no);
        world.notice(&world.provider.refund_moved(&request_no)).await.unwrap();
        world.settle().await;
        assert_eq!(world.balance(attempt.customer, Suspense).await, back.amount.micros(), "it came back");
        world.sound().await;
    })
    .await;
}

#[tokio::test]
async fn a_job_gives_up_after_two_weeks_and_days_out_of_service_are_made_up_for() {
    on_both(async |world: World| {
        world.pass(DAY_US).await;
        assert_eq!(schedule(&world.app).await.unwrap(), 2);
        world.provider.set_bill(day("2026-03-10"), BillAnswer::Unknown);
        world.pass(5 * DAY_US).await;
        assert_eq!(schedule(&world.app).await.unwrap(), 10, "every day since, of both who make bills");
        world.pass(11 * DAY_US).await;
        let dead = world.verify().await.notes;
        assert_eq!(dead.len(), 1, "{dead:?}");
        assert_eq!(dead[0].detail, "no bill came for two weeks");
    })
    .await;
}

#[tokio::test]
async fn a_run_that_dies_anywhere_ends_in_the_same_rows() {
    each_store_with(crate::world::quick(), PostgresOptions::default(), async |store| {
        let world = World::over(store, 3).await;
        let (order, _, line) = world.paid().await;
        let (_, _, other) = world.paid().await;
        let strange = stranger(&line);
        world.bill("2026-03-10", &[&line, &other, &strange]);
        world.next_morning().await;
        // Dropped at every place where it waits, one after the other.
        for steps in 0..400u32 {
            let run = reconcile(&world.app, Provider::Alipay, day("2026-03-10"));
            let mut run = std::pin::pin!(run);
            let mut left = steps;
            let cut = std::future::poll_fn(|context| {
                if left == 0 {
                    return std::task::Poll::Ready(None);
                }
                left -= 1;
                run.as_mut().poll(context).map(Some)
            });
            if cut.await.is_some() {
                break;
            }
        }
        world.reconciled("2026-03-10").await;
        assert_eq!(world.kinds().await, [ItemKind::TheirsOnly]);
        assert_eq!(world.balance(order.customer, PspFees).await, line.fee);
        world.sound().await;
    })
    .await;
}
