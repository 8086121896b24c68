//! Closing an account, on both stores: what stands against it, what is paid out and under which id, and what is left.

use crate::world::stock::YUAN;
use crate::world::{World, on_both};
use everline_app::close_account::{Asked, ask, paid_out, queue, view, withdraw};
use everline_app::sessions::{Principal, SessionInfo, open_session};
use everline_app::sign_in::session;
use everline_app::{Problem, own_line, privacy};
use everline_core::ids::{CustomerId, RawId};
use everline_core::ledger::LedgerAccount;
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

        let (agent, by) = (operator(&world, "agent").await, operator(&world, "operator").await);
        assert_eq!(queue(&world.app, agent).await, Err(Problem::NotAllowed));
        let waiting = queue(&world.app, by).await.unwrap();
        assert_eq!(waiting[0].details.as_ref().unwrap().number, "6217001820001234");
        let which = (kit.customer, waiting[0].closing.id);
        let pays = async |bank_id: &str, amount, by| paid_out(&world.app, which, bank_id, amount, by).await;
        assert_eq!(pays("B1", yuan(50), agent).await, Err(Problem::NotAllowed));
        assert_eq!(
            pays(" ", yuan(50), by).await,
            Err(Problem::Invalid { field: "bank_id", rule: "the bank's id of the payment" })
        );
        assert_eq!(
            pays("B1", yuan(49), by).await,
            Err(Problem::Invalid { field: "amount", rule: "what the account holds" })
        );
        pays("B1", yuan(50), by).await.unwrap();
        assert_eq!(pays("B2", yuan(50), by).await, Err(Problem::NotFound("closing")));
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
        let waiting = queue(&world.app, by).await.unwrap();
        let again = paid_out(&world.app, (other.customer, waiting[0].closing.id), "B1", yuan(50), by).await;
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
