//! Closing an account, on both stores: what stands against it, what is paid out and under which id, and what is left.

use crate::world::stock::YUAN;
use crate::world::{World, on_both};
use everline_app::close_account::{Asked, ask, not_sent, paid_out, queue, take_up, view, waiting, withdraw};
use everline_app::sessions::{Principal, SessionInfo, open_session};
use everline_app::sign_in::session;
use everline_app::{Problem, own_line, privacy};
use everline_core::closing::ClosingState;
use everline_core::ids::{CustomerId, RawId};
use everline_core::ledger::LedgerAccount;
use everline_core::line::NetworkKind;
use everline_core::money::{Currency, Money};
use everline_core::offering::Family;
use everline_core::time::MINUTE_US;

const DETAILS: [&str; 3] = ["林芳", "建设银行福州城东支行", "6217 0018 2000 1234"];

async fn entered(world: &World, customer: CustomerId) -> SessionInfo {
    let signed_in = open_session(&world.app, Principal::Customer(customer)).await.unwrap();
    session(&world.app, &signed_in.token).await.unwrap().unwrap()
}
async fn operator(world: &World, role: &str) -> RawId {
    let id = world.app.clock.id();
    let login = format!("{role}-{id}");
    let add = "INSERT INTO staff (id, name, role, login, active) VALUES ($1, 'x', $2, $3, 1)";
    world.sql(add, vec![id.into(), role.into(), login.into()]).await;
    id
}
fn yuan(amount: i64) -> Money {
    Money::from_micros(amount * YUAN, Currency::CNY)
}

#[tokio::test]
async fn what_was_paid_in_is_paid_out_once_and_then_nothing_names_them() {
    on_both(async |world: World| {
        let kit = world.line(Family::Phone).await;
        world.buys(&kit, "topup").await;
        let who = entered(&world, kit.customer).await;
        let before = view(&world.app, &who).await.unwrap();
        assert_eq!((before.lines, before.free(), before.paid), (1, false, yuan(50)));
        assert_eq!(ask(&world.app, &who, DETAILS).await, Err(Problem::CloseFirst));
        own_line::give_up(&world.app, &who, kit.line).await.unwrap();
        let wrong = ask(&world.app, &who, ["林芳", "x", "1"]).await;
        assert_eq!(wrong, Err(Problem::Invalid { field: "number", rule: "cannot-be-used" }));
        assert_eq!(ask(&world.app, &who, DETAILS).await, Ok(Asked::Waits));
        withdraw(&world.app, &who).await.unwrap();
        assert_eq!(withdraw(&world.app, &who).await, Err(Problem::NotFound("closing")));
        world.app.clock.pass_us(1_000);
        ask(&world.app, &who, DETAILS).await.unwrap();
        world.settle().await;
        assert_eq!(world.told(&kit).await.iter().filter(|told| **told == "closing_asked").count(), 2, "each time");

        let (agent, by) = (operator(&world, "agent").await, operator(&world, "operator").await);
        assert_eq!(queue(&world.app, agent).await, Err(Problem::NotAllowed));
        let waiting = queue(&world.app, by).await.unwrap().rows;
        assert_eq!(waiting[0].details.as_ref().unwrap().number, "6217001820001234");
        let which = (kit.customer, waiting[0].closing.id);
        let pays = async |bank_id: &str, by| paid_out(&world.app, which, bank_id, by).await;
        assert_eq!(take_up(&world.app, which, yuan(50), agent).await, Err(Problem::NotAllowed));
        let stale = take_up(&world.app, which, yuan(49), by).await;
        assert_eq!(stale, Err(Problem::Invalid { field: "amount", rule: "what the account holds" }));
        assert_eq!(pays("B1", by).await, Err(Problem::NotFound("closing")), "nobody took it up");
        assert_eq!(take_up(&world.app, which, yuan(50), by).await, Ok(Asked::Waits));
        assert_eq!(pays("B1", agent).await, Err(Problem::NotAllowed));
        assert_eq!(
            pays(" ", by).await,
            Err(Problem::Invalid { field: "bank_id", rule: "the bank's id of the payment" })
        );
        pays("B1", by).await.unwrap();
        assert_eq!(pays("B2", by).await, Err(Problem::NotFound("closing")));
        world.settle().await;
        world.sound().await;
        let held = [LedgerAccount::PaidCredit, LedgerAccount::Bank].map(|account| world.balance(kit.customer, account));
        let [paid, bank] = held;
        assert_eq!((paid.await, bank.await), (0, -50 * YUAN));
        assert_eq!(view(&world.app, &who).await.map(|_| ()), Ok(()), "an account that is empty");
        let out = privacy::export(&world.app.store, kit.customer, &world.app.zone).await.unwrap();
        assert_eq!(out["records"]["customer"][0]["name"], "");
        assert!(!out.to_string().contains("6217") && !out.to_string().contains("林芳"));

        // The same id of the bank pays nobody else.
        let other = world.line(Family::Phone).await;
        world.buys(&other, "topup").await;
        let second = entered(&world, other.customer).await;
        own_line::give_up(&world.app, &second, other.line).await.unwrap();
        ask(&world.app, &second, DETAILS).await.unwrap();
        let waiting = queue(&world.app, by).await.unwrap().rows;
        let which = (other.customer, waiting[0].closing.id);
        take_up(&world.app, which, yuan(50), by).await.unwrap();
        let again = paid_out(&world.app, which, "B1", by).await;
        assert_eq!(again, Err(Problem::Invalid { field: "bank_id", rule: "noted before" }));
        world.sound().await;
    })
    .await;
}

#[tokio::test]
async fn an_empty_account_is_closed_at_once_by_whoever_is_proved() {
    on_both(async |world: World| {
        let customer = world.person().await;
        let who = entered(&world, customer).await;
        world.pass(11 * MINUTE_US).await;
        assert_eq!(ask(&world.app, &who, ["", "", ""]).await, Err(Problem::ProveFirst));
        let who = entered(&world, customer).await;
        assert_eq!(ask(&world.app, &who, ["", "", ""]).await, Ok(Asked::Closed));
        assert!(everline_app::profile::profile(&world.app, customer).await.unwrap().contact.is_none());
        world.sound().await;
    })
    .await;
}

/// An account with 50 yuan and no line, whose owner wants to leave.
async fn leaving(world: &World) -> (CustomerId, SessionInfo) {
    let kit = world.line(Family::Phone).await;
    world.buys(&kit, "topup").await;
    let who = entered(world, kit.customer).await;
    own_line::give_up(&world.app, &who, kit.line).await.unwrap();
    ask(&world.app, &who, DETAILS).await.unwrap();
    (kit.customer, who)
}

#[tokio::test]
async fn what_is_being_sent_is_neither_spent_nor_taken_back_until_it_is_known_not_to_have_gone() {
    on_both(async |world: World| {
        let (customer, who) = leaving(&world).await;
        let by = operator(&world, "operator").await;
        let first = (customer, queue(&world.app, by).await.unwrap().rows[0].closing.id);
        take_up(&world.app, first, yuan(50), by).await.unwrap();
        let taken = take_up(&world.app, first, yuan(50), by).await;
        assert_eq!(taken, Err(Problem::NotFound("closing")), "somebody sends it");
        assert_eq!(withdraw(&world.app, &who).await, Err(Problem::NotFound("closing")));
        assert_eq!(world.balance(customer, LedgerAccount::PaidCredit).await, 0, "nothing to spend");
        let waiting = queue(&world.app, by).await.unwrap().rows;
        assert_eq!((waiting[0].paid, waiting[0].closing.state), (yuan(50), ClosingState::Sending));
        world.sound().await;

        // It did not go: whoever wrote it down before is refused, and the owner may stay.
        not_sent(&world.app, first, by).await.unwrap();
        assert_eq!(not_sent(&world.app, first, by).await, Err(Problem::NotFound("closing")));
        assert_eq!(paid_out(&world.app, first, "B1", by).await, Err(Problem::NotFound("closing")));
        assert_eq!(world.balance(customer, LedgerAccount::PaidCredit).await, 50 * YUAN);
        let waiting = queue(&world.app, by).await.unwrap().rows;
        assert_eq!(waiting[0].details.as_ref().unwrap().number, "6217001820001234");
        let second = (customer, waiting[0].closing.id);
        assert_ne!(first, second);
        withdraw(&world.app, &who).await.unwrap();
        assert_eq!(take_up(&world.app, second, yuan(50), by).await, Err(Problem::NotFound("closing")));
        world.sound().await;
    })
    .await;
}

#[tokio::test]
async fn money_that_went_is_in_the_books_whatever_came_in_meanwhile() {
    on_both(async |world: World| {
        let (customer, who) = leaving(&world).await;
        let by = operator(&world, "operator").await;
        let first = (customer, queue(&world.app, by).await.unwrap().rows[0].closing.id);
        take_up(&world.app, first, yuan(50), by).await.unwrap();
        // Another line of theirs, with money of its own.
        let kit = world.line_of(customer, Family::Phone, NetworkKind::BuiltIn).await;
        world.buys(&kit, "topup").await;
        for _ in 0..2 {
            assert_eq!(paid_out(&world.app, first, "B7", by).await, Err(Problem::CloseFirst));
        }
        assert_eq!(world.balance(customer, LedgerAccount::Bank).await, -50 * YUAN);
        world.sound().await;
        let second = (customer, queue(&world.app, by).await.unwrap().rows[0].closing.id);
        assert_eq!(take_up(&world.app, second, yuan(50), by).await, Err(Problem::CloseFirst), "the line");
        own_line::give_up(&world.app, &who, kit.line).await.unwrap();
        take_up(&world.app, second, yuan(50), by).await.unwrap();
        paid_out(&world.app, second, "B8", by).await.unwrap();
        assert_eq!(world.balance(customer, LedgerAccount::Bank).await, -100 * YUAN);
        assert_eq!(queue(&world.app, by).await.unwrap().rows, vec![]);
        world.settle().await;
        world.sound().await;
    })
    .await;
}

#[tokio::test]
async fn a_closing_cut_off_after_the_money_went_is_finished_by_the_same_id() {
    on_both(async |world: World| {
        let (customer, who) = leaving(&world).await;
        let by = operator(&world, "operator").await;
        let which = (customer, queue(&world.app, by).await.unwrap().rows[0].closing.id);
        take_up(&world.app, which, yuan(50), by).await.unwrap();
        // The money is noted, and then names cannot be removed: here because the store says that there is nobody to forget.
        let kind = async |kind: &str| {
            let set = "UPDATE customer SET kind = $2 WHERE customer_id = $1";
            assert_eq!(world.sql(set, vec![customer.into(), kind.into()]).await, 1);
        };
        kind("house").await;
        assert_eq!(paid_out(&world.app, which, "B9", by).await, Err(Problem::CloseFirst));
        let waiting = queue(&world.app, by).await.unwrap().rows;
        assert_eq!((waiting[0].closing.state, waiting[0].paid), (ClosingState::PaidOut, yuan(50)));
        assert_eq!(world.balance(customer, LedgerAccount::Bank).await, -50 * YUAN);
        assert_eq!(withdraw(&world.app, &who).await, Err(Problem::NotFound("closing")));
        kind("person").await;
        assert_eq!(paid_out(&world.app, which, "B10", by).await, Err(Problem::NotFound("closing")), "another id");
        paid_out(&world.app, which, "B9", by).await.unwrap();
        assert_eq!(world.balance(customer, LedgerAccount::Bank).await, -50 * YUAN, "once");
        assert_eq!(queue(&world.app, by).await.unwrap().rows, vec![]);
        let name = everline_app::profile::profile(&world.app, customer).await.unwrap();
        assert!(name.contact.is_none());
        world.sound().await;
    })
    .await;
}

#[tokio::test]
async fn whoever_looks_at_where_money_goes_stands_with_each_whose_it_is() {
    on_both(async |world: World| {
        let (one, _) = leaving(&world).await;
        let (other, _) = leaving(&world).await;
        let nobody = world.person().await;
        let by = operator(&world, "operator").await;
        assert_eq!(waiting(&world.app, by).await.unwrap().count, 2);
        assert_eq!(world.noted(one).await, Vec::<String>::new(), "counting shows nobody");
        for times in 1..=2 {
            assert_eq!(queue(&world.app, by).await.unwrap().rows.len(), 2);
            for customer in [one, other] {
                assert_eq!(world.noted(customer).await, vec!["closing.seen"; times]);
            }
        }
        assert_eq!(world.noted(nobody).await, Vec::<String>::new());
        world.sound().await;
    })
    .await;
}
