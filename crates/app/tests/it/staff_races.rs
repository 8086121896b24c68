//! Staff and customers act on the same thing at the same moment, on two nodes. Whatever happens, the books and the records are
//! sound; where two exclude each other exactly one wins; and who loses is told why.
//!
//! CI runs a few; `EVERLINE_RACES=1000 cargo nextest run -p everline-app -E 'test(staff_races)'` runs as many on each store.

use crate::refunds::{returnable, wanted};
use crate::world::loading::{HEADER, iccid, imsi, load_sims};
use crate::world::outside::Fate;
use crate::world::stock::YUAN;
use crate::world::{Kit, World, on_both};
use everline_app::ask_again::{Provisioned, provision_again};
use everline_app::caller::{ask_caller, prove_caller};
use everline_app::credit_change::{NewChange, adjust_credit, decide_adjustment, give_goodwill};
use everline_app::lifecycle_command::{Seen, command_at_desk};
use everline_app::refund_order::refund_by_staff;
use everline_app::replace_sim::replace_for_caller;
use everline_app::sessions::{Principal, SessionInfo, open_session};
use everline_app::sign_in::session;
use everline_app::{Problem, identity, ownership};
use everline_core::credit_change::{ChangeKind, NotChanged};
use everline_core::identity::Typed;
use everline_core::ids::{CustomerId, RawId};
use everline_core::ledger::LedgerAccount;
use everline_core::lifecycle::{LifecycleCommand, NoHandOver};
use everline_core::line::{LineState, SuspendCause};
use everline_core::money::{Currency, Money};
use everline_core::offering::Family;
use everline_core::order::OrderState;
use everline_core::payment::Method;
use everline_core::refund_request::{NotDecided, RequestState, Verdict};
use std::sync::Arc;

/// Races on each store, all kinds together.
fn races() -> u32 {
    std::env::var("EVERLINE_RACES").ok().and_then(|text| text.parse().ok()).unwrap_or(40)
}

type Outcome = Result<(), Problem>;

/// Whoever lost has a word for why; nothing broke, and nobody wonders whether it was done.
fn told(outcome: &Outcome) {
    use Problem as P;
    let named = match outcome {
        Ok(()) => true,
        Err(problem) => matches!(
            problem,
            P::NoRefund(_)
                | P::Stale
                | P::NotChanged(_)
                | P::NotDecided(_)
                | P::NotCommanded(_)
                | P::NotHandedOver(_)
                | P::NotSellable(_)
                | P::Invalid { field: "line", .. }
                | P::NotFound("request" | "line")
                | P::OfferOver
        ),
    };
    assert!(named, "{outcome:?}");
}

struct Ring {
    world: World,
    node: World,
    agent: RawId,
    operators: [RawId; 2],
    finance: RawId,
}

async fn entered(world: &World, customer: CustomerId) -> SessionInfo {
    let signed_in = open_session(&world.app, Principal::Customer(customer)).await.unwrap();
    session(&world.app, &signed_in.token).await.unwrap().unwrap()
}
async fn seen(world: &World, kit: &Kit) -> Seen {
    let line = world.line_now(kit).await;
    (line.state.word().to_owned(), line.state_since)
}
async fn contact(world: &World, customer: CustomerId) -> String {
    let found = everline_app::profile::profile(&world.app, customer).await.unwrap().contact;
    found.unwrap().as_str().to_owned()
}

impl Ring {
    async fn over(world: World) -> Self {
        let (agent, finance) = (world.member("agent").await, world.member("finance").await);
        let operators = [world.member("operator").await, world.member("operator").await];
        let mut node = world.another_node();
        // Ids of its own.
        node.app.clock = Arc::new(everline_app::clock::Clock::manual(world.app.clock.now().system, 77));
        Self { world, node, agent, operators, finance }
    }
    /// The nodes' clocks say the same.
    fn together(&self) {
        let behind = self.world.app.clock.now().system.since_us(self.node.app.clock.now().system);
        self.node.app.clock.pass_us(behind.max(0));
        self.node.app.clock.set_business_offset_us(self.world.app.clock.business_offset_us());
    }
    fn change(&self, kind: ChangeKind, yuan: i64) -> NewChange {
        let amount = Money::from_micros(yuan * YUAN, Currency::CNY);
        NewChange { id: self.world.app.clock.id(), kind, amount, reason: "断网".to_owned(), seen: None }
    }

    /// Money goes back while it is delivered.
    async fn refund_against_delivery(&self, n: u32) -> [Outcome; 2] {
        let Self { world, node, agent, .. } = self;
        let (kit, code) = match n % 2 {
            0 => (world.line(Family::Watch).await, "days"),
            _ => (world.upstream_line().await, "month"),
        };
        let (order, attempt) = world.checkout(&kit, code).await;
        if n % 4 > 1 {
            world.pays(&attempt).await;
        }
        let delivered = async {
            if n % 4 > 1 {
                world.pays_again(&attempt).await
            } else {
                world.pays(&attempt).await
            }
            world.jobs().await;
            Ok(())
        };
        let given = async {
            let new = wanted(node, None, n.is_multiple_of(3));
            refund_by_staff(&node.app, &order.number, new, *agent).await.map(drop)
        };
        let (a, b) = tokio::join!(delivered, given);
        world.settle().await;
        let received: i64 = world.attempts(&order).await.iter().map(|attempt| attempt.received).sum();
        let back: i64 = world.refunds(&order).await.iter().map(|refund| refund.amount.micros()).sum();
        assert!(back <= received && (b.is_ok() || back == 0), "{back} of {received}, {b:?}");
        [a, b]
    }

    /// A line is barred while its owner renews it.
    async fn suspend_against_renew(&self, n: u32) -> [Outcome; 2] {
        let Self { world, node, agent, .. } = self;
        let kit = world.line(Family::Phone).await;
        if n.is_multiple_of(2) {
            world.buys(&kit, "days").await;
        }
        let was = seen(world, &kit).await;
        let ordered = if n % 4 < 2 { Some(world.checkout(&kit, "days").await.1) } else { None };
        let bars = async {
            let asked = (LifecycleCommand::Bar, was);
            command_at_desk(&node.app, *agent, (kit.customer, kit.line), asked, "查实").await.map(drop)
        };
        // Who comes to order after the bar is told that nothing is sold for the line; who ordered before it can pay.
        let pays = async {
            let attempt = match ordered.clone() {
                Some(attempt) => attempt,
                None => {
                    let order = world.order(&kit, "days").await?;
                    world.start(&order, Method::AlipayQr).await?
                }
            };
            world.pays(&attempt).await;
            Ok(())
        };
        let (a, b) = tokio::join!(bars, pays);
        world.settle().await;
        let barred = world.line_now(&kit).await.state == LineState::Suspended(SuspendCause::Barred);
        assert_eq!(barred, a.is_ok(), "barred, or told that it is otherwise: {a:?}");
        [a, b]
    }

    /// Who an owner is is corrected while the line goes to another.
    async fn correction_against_ownership(&self, n: u32) -> [Outcome; 2] {
        let Self { world, node, operators, .. } = self;
        let kit = world.line(Family::Phone).await;
        let (giver, taker) = (entered(world, kit.customer).await, world.person().await);
        let number = format!("E{:08}", 10_000_000 + n);
        let says = async |name: &str| {
            let typed = Typed { name, kind: "passport", number: &number, born: "1980-01-31" };
            identity::say(&world.app, &giver, typed, true, "", None).await.unwrap();
            let waiting = identity::queue(&world.app, operators[0]).await.unwrap().rows;
            let found = waiting.into_iter().find(|one| one.customer.id == kit.customer).unwrap();
            (found.correction.map(|(_, correction)| correction.id), found.asked_at)
        };
        let (said, at) = says("LIN FANG").await;
        identity::decide(&world.app, (kit.customer, said), at, true, "原件一致", operators[0]).await.unwrap();
        let contact = contact(world, taker).await;
        ownership::offer(&world.app, &giver, kit.line, &contact).await.unwrap();
        world.jobs().await;
        let link = world.messenger.parameter(&contact, "path").unwrap();
        let link = link.trim_start_matches("/take-over/").to_owned();
        world.app.clock.pass_us(1_000);
        self.together();
        let (correction, at) = says("LIN FANGFANG").await;
        let new = entered(world, taker).await;
        let takes = async { ownership::accept(&node.app, &new, &link).await.map(drop) };
        let one = async {
            identity::decide(&world.app, (kit.customer, correction), at, true, "原件一致", operators[0]).await
        };
        let other = async {
            identity::decide(&node.app, (kit.customer, correction), at, false, "原件不符", operators[1]).await
        };
        let (a, b, taken) = tokio::join!(one, other, takes);
        assert_eq!(u32::from(a.is_ok()) + u32::from(b.is_ok()), 1, "decided once: {a:?} {b:?}");
        // The line goes after the decision or not at all, and then its taker is told to come again.
        let waits = Err(Problem::NotHandedOver(NoHandOver::CorrectionOpen));
        assert!(taken.is_ok() || taken == waits, "{taken:?}");
        if taken.is_err() {
            ownership::accept(&node.app, &new, &link).await.unwrap();
        }
        world.settle().await;
        [a, b]
    }

    /// Two members give a customer goodwill, of which only one fits into the day.
    async fn goodwill_against_goodwill(&self) -> [Outcome; 2] {
        let Self { world, node, .. } = self;
        let customer = world.person().await;
        let (one, two) = (world.member("agent").await, world.member("agent").await);
        let [first, second] = [(); 2].map(|()| self.change(ChangeKind::Goodwill, 15));
        let (a, b) = tokio::join!(
            give_goodwill(&world.app, customer, first, one),
            give_goodwill(&node.app, customer, second, two)
        );
        let left = Problem::NotChanged(NotChanged::CustomerDay(Money::from_micros(5 * YUAN, Currency::CNY)));
        let both = [a.map(drop), b.map(drop)];
        assert_eq!(both.iter().filter(|done| **done == Err(left.clone())).count(), 1, "{both:?}");
        assert_eq!(world.balance(customer, LedgerAccount::PromoCredit).await, 15 * YUAN);
        both
    }

    /// A correction of credit is approved and declined.
    async fn approve_against_decline(&self) -> [Outcome; 2] {
        let Self { world, node, operators, finance, .. } = self;
        let customer = world.person().await;
        let asked = adjust_credit(&world.app, customer, self.change(ChangeKind::Raised, 60), *finance).await.unwrap();
        assert_eq!(asked.state, RequestState::Requested);
        let (a, b) = tokio::join!(
            decide_adjustment(&world.app, customer, (asked.id, None), Verdict::Approve, operators[0]),
            decide_adjustment(&node.app, customer, (asked.id, None), Verdict::Decline, operators[1])
        );
        let both = [a.map(drop), b.map(drop)];
        let late = Err(Problem::NotDecided(NotDecided::NotWaiting));
        assert_eq!(both.iter().filter(|done| **done == late).count(), 1, "{both:?}");
        let paid = world.balance(customer, LedgerAccount::PaidCredit).await;
        assert_eq!(paid, if both[0].is_ok() { 60 * YUAN } else { 0 });
        both
    }

    /// A lost line gets another card while it goes to another owner.
    async fn replacement_against_hand_over(&self, n: u32) -> [Outcome; 2] {
        let Self { world, node, agent, .. } = self;
        let card = u64::from(n) + 51;
        let blank = format!(
            "{},{},,physical,1234,{:08},5678,60000001,NEW{n:06},blank{n}\n",
            iccid(card),
            imsi(card),
            50_000_000 + card
        );
        load_sims(world, format!("{HEADER}{blank}")).await.unwrap();
        let kit = world.line(Family::Phone).await;
        let (giver, taker) = (entered(world, kit.customer).await, world.person().await);
        let contact = contact(world, taker).await;
        ownership::offer(&world.app, &giver, kit.line, &contact).await.unwrap();
        world.jobs().await;
        let link = world.messenger.parameter(&contact, "path").unwrap();
        let link = link.trim_start_matches("/take-over/").to_owned();
        let of = (kit.customer, kit.line);
        let request = ask_caller(&world.app, *agent, kit.customer).await.unwrap();
        let code = world.said(&kit, "code").await.unwrap();
        prove_caller(&world.app, *agent, kit.customer, (request, &code)).await.unwrap();
        let lost = (LifecycleCommand::ReportLost, seen(world, &kit).await);
        command_at_desk(&world.app, *agent, of, lost, "丢失").await.unwrap();
        world.settle().await;
        let was = seen(world, &kit).await;
        let new = entered(world, taker).await;
        let (text, secret) = (iccid(card), format!("{:08}", 50_000_000 + card));
        let replaces =
            async { replace_for_caller(&world.app, *agent, of, (&text, &secret), (was, "丢失")).await.map(drop) };
        let takes = async { ownership::accept(&node.app, &new, &link).await.map(drop) };
        let (a, b) = tokio::join!(replaces, takes);
        world.settle().await;
        assert!(a.is_ok() || b.is_ok(), "{a:?} {b:?}");
        [a, b]
    }

    /// Staff on two nodes ask another operator's network while the runner does.
    async fn provision_against_the_runner(&self) -> [Outcome; 2] {
        let Self { world, node, agent, .. } = self;
        let kit = world.upstream_line().await;
        world.upstream.next("apply", &[Fate::Silent]);
        let order = world.buys(&kit, "month").await;
        assert_eq!(order.state, OrderState::Paid);
        world.app.clock.pass_us(2_000_000);
        self.together();
        let again = async |at: &World| {
            let said = provision_again(&at.app, &order.number, None, *agent).await?;
            assert!(matches!(said, Provisioned::Confirmed | Provisioned::Running), "{said:?}");
            Ok(())
        };
        let (a, b, ()) = tokio::join!(again(world), again(node), world.jobs());
        world.settle().await;
        assert_eq!(world.order_now(&order).await.state, OrderState::InEffect);
        assert_eq!(world.upstream.activated(kit.msisdn.as_str()).len(), 1, "activated once");
        [a, b]
    }
}

#[tokio::test]
async fn staff_and_customers_race() {
    on_both(async |world: World| {
        returnable(&world).await;
        let ring = Ring::over(world).await;
        // The member's own limit is used up, so that every correction waits.
        let nobody = ring.world.person().await;
        let first = ring.change(ChangeKind::Raised, 50);
        adjust_credit(&ring.world.app, nobody, first, ring.finance).await.unwrap();
        let (mut won, mut lost) = (0, 0);
        for n in 0..races() {
            ring.world.app.clock.pass_us(60_000_000);
            ring.together();
            let outcomes = match n % 7 {
                0 => ring.refund_against_delivery(n / 7).await,
                1 => ring.suspend_against_renew(n / 7).await,
                2 => ring.correction_against_ownership(n).await,
                3 => ring.goodwill_against_goodwill().await,
                4 => ring.approve_against_decline().await,
                5 => ring.replacement_against_hand_over(n).await,
                _ => ring.provision_against_the_runner().await,
            };
            for outcome in &outcomes {
                told(outcome);
                if outcome.is_ok() { won += 1 } else { lost += 1 }
            }
            if n % 50 == 49 {
                ring.world.sound().await;
            }
        }
        assert!(won > 0 && lost > 0, "{won} won, {lost} lost: a race that nobody can lose");
        ring.world.sound().await;
    })
    .await;
}
