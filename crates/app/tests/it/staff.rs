//! Every use case of the staff × every role; a new one without a row fails. And what is written down of them at once.

use crate::world::stock::offerings;
use crate::world::{FROM, World, on_both};
use everline_app::audit::{self, Filter, entries};
use everline_app::credit_change::NewChange;
use everline_app::money::{Behind, WhichDay};
use everline_app::pay_link::NewLink;
use everline_app::ports::Outside;
use everline_app::sign_in::Principal;
use everline_app::staff_sign_in::{self, Entered};
use everline_app::steps::Waits;
use everline_app::stock_count::NewThreshold;
use everline_app::stock_hold::NewHold;
use everline_app::support::{self, Act, Reader, prepared};
use everline_app::{Problem, contribution, dispute, evidence_bundle, identity, invoice, recovery, staff, staff_order};
use everline_app::{
    ask_again, caller, catalog_desk, catalog_draft, catalog_sale, close_account, credit_change, desk_search, figures,
    lifecycle_command, operations, ownership, pay_link, replace_sim, timeline,
};
use everline_app::{money, stock, stock_count, stock_hold, totp, upstream_float, voucher_batch};
use everline_app::{reconciliation::queue, refund_order, refund_other_way::refund_other_way};
use everline_core::audit::Actor;
use everline_core::contribution::ContributionStep;
use everline_core::credit_change::ChangeKind;
use everline_core::ids::{CaseId, ContributionId, ItemId, JobId, LineId, RawId};
use everline_core::invoice::Settlement;
use everline_core::ledger::Template;
use everline_core::lifecycle::LifecycleCommand;
use everline_core::message::Channel;
use everline_core::money::{Currency, Money};
use everline_core::offering::{Family, OfferingRef};
use everline_core::order::Order;
use everline_core::reconciliation::Action;
use everline_core::refund::OtherWay;
use everline_core::refund_request::Verdict;
use everline_core::staff::{Permission as May, Role};
use everline_core::stock::{HoldKind, StockKind};
use everline_core::support::Priority;
use everline_core::time::{BusinessTime, MINUTE_US, SystemTime};
use everline_store::args;
use everline_store::tables::stock::BatchKind;
use std::collections::BTreeSet;
use std::path::Path;
use std::pin::Pin;

/// Of a change of a member whom nobody changed since.
const GROUNDS: Option<staff::Grounds<'static>> = Some(staff::Grounds { seen: "agent.active", reason: "调岗" });

type Call<'a> = Pin<Box<dyn Future<Output = Result<(), Problem>> + 'a>>;
/// A use case by the name of its file and function, what it takes, and how it is called about things that are not there.
type Row = (&'static str, May, for<'a> fn(&'a World, &'a Order, RawId) -> Call<'a>);

const NOTHING: RawId = RawId::from_bytes([9; 16]);

macro_rules! row {
    ($name:literal, $may:ident, |$w:ident, $o:ident, $by:ident| $call:expr) => {
        ($name, May::$may, |$w, $o, $by| {
            Box::pin(async move {
                let _ = ($w, $o);
                $call.await.map(|_| ())
            })
        })
    };
}

#[rustfmt::skip]
fn table() -> Vec<Row> {
    vec![
        row!("audit::page", ReadAudit, |w, o, by| audit::page(&w.app, by, Filter::default(), i64::MAX)),
        row!("audit::export", ReadAudit, |w, o, by| audit::export(&w.app, by)),
        row!("close_account::queue", CloseAccounts, |w, o, by| close_account::queue(&w.app, by)),
        row!("close_account::waiting", CloseAccounts, |w, o, by| close_account::waiting(&w.app, by)),
        row!("close_account::take_up", CloseAccounts, |w, o, by| close_account::take_up(&w.app, (o.customer, NOTHING), yuan(), by)),
        row!("close_account::not_sent", CloseAccounts, |w, o, by| close_account::not_sent(&w.app, (o.customer, NOTHING), by)),
        row!("close_account::paid_out", CloseAccounts, |w, o, by| close_account::paid_out(&w.app, (o.customer, NOTHING), "B1", by)),
        row!("catalog_desk::catalog", SeeCatalog, |w, o, by| catalog_desk::catalog(&w.app, by)),
        row!("catalog_desk::version", SeeCatalog, |w, o, by| catalog_desk::version(&w.app, nowhere().0, by)),
        row!("catalog_draft::create", PublishCatalog, |w, o, by| catalog_draft::create(&w.app, taken(), by)),
        row!("catalog_draft::next", PublishCatalog, |w, o, by| catalog_draft::next(&w.app, nowhere().0, taken(), by)),
        row!("catalog_draft::edit", PublishCatalog, |w, o, by| catalog_draft::edit(&w.app, nowhere(), taken(), by)),
        row!("catalog_draft::discard", PublishCatalog, |w, o, by| catalog_draft::discard(&w.app, nowhere(), by)),
        row!("catalog_draft::note_cost", PublishCatalog, |w, o, by| catalog_draft::note_cost(&w.app, nowhere(), None, by)),
        row!("catalog_sale::act", PublishCatalog, |w, o, by| catalog_sale::act(&w.app, nowhere(), catalog_sale::Act::Publish, by)),
        row!("contribution::open_contributions", Moderate, |w, o, by| contribution::open_contributions(&w.app, by)),
        row!("contribution::decide", Moderate, |w, o, by| contribution::decide(&w.app, (ContributionId(NOTHING), 0), ContributionStep::Publish, "", by)),
        row!("contribution::answer_as_staff", Moderate, |w, o, by| contribution::answer_as_staff(&w.app, ContributionId(NOTHING), "是", by)),
        row!("ask_again::ask_provider_again", AskProvider, |w, o, by| ask_again::ask_provider_again(&w.app, &o.number, by)),
        row!("ask_again::provision_again", ActOnLine, |w, o, by| ask_again::provision_again(&w.app, &o.number, None, by)),
        row!("credit_change::give_goodwill", Goodwill, |w, o, by| credit_change::give_goodwill(&w.app, o.customer, change(w, ChangeKind::Goodwill), by)),
        row!("credit_change::adjust_credit", AdjustCredit, |w, o, by| credit_change::adjust_credit(&w.app, o.customer, change(w, ChangeKind::Raised), by)),
        row!("credit_change::decide_adjustment", AdjustCredit, |w, o, by| credit_change::decide_adjustment(&w.app, o.customer, (NOTHING, None), Verdict::Approve, by)),
        row!("credit_change::credit_desk", SeeCustomer, |w, o, by| credit_change::credit_desk(&w.app, o.customer, by)),
        row!("credit_change::waiting_adjustments", AdjustCredit, |w, o, by| credit_change::waiting_adjustments(&w.app, by)),
        row!("pay_link::send_pay_link", ActOnLine, |w, o, by| pay_link::send_pay_link(&w.app, by, (o.customer, LineId(NOTHING)), new_link())),
        row!("pay_link::sendable", ActOnLine, |w, o, by| pay_link::sendable(&w.app, by, (o.customer, LineId(NOTHING)))),
        row!("replace_sim::replace_for_caller", ActOnLine, |w, o, by| replace_sim::replace_for_caller(&w.app, by, (o.customer, o.line), ("1", "1"), (("active".to_owned(), BusinessTime::from_us(0)), "x"))),
        row!("ownership::offer_for_caller", ActOnLine, |w, o, by| ownership::offer_for_caller(&w.app, by, (o.customer, o.line), (NOTHING, "13900000077"), (("active".to_owned(), BusinessTime::from_us(0)), "x"))),
        row!("ownership::withdraw_by_staff", ActOnLine, |w, o, by| ownership::withdraw_by_staff(&w.app, by, (o.customer, o.line), NOTHING)),
        row!("caller::ask_caller", ActOnLine, |w, o, by| caller::ask_caller(&w.app, by, o.customer)),
        row!("caller::prove_caller", ActOnLine, |w, o, by| caller::prove_caller(&w.app, by, o.customer, (NOTHING, "123456"))),
        row!("desk_search::find", SeeCustomer, |w, o, by| desk_search::find(&w.app, by, "13800138000")),
        row!("lifecycle_command::command_at_desk", ActOnLine, |w, o, by| lifecycle_command::command_at_desk(&w.app, by, (o.customer, LineId(NOTHING)), (LifecycleCommand::Bar, ("active".to_owned(), BusinessTime::from_us(0))), "x")),
        row!("timeline::timeline", SeeCustomer, |w, o, by| timeline::timeline(&w.app, by, timeline::Wanted { customer: o.customer, line: None, kind: None, before: None })),
        row!("timeline::reveal", Reveal, |w, o, by| timeline::reveal(&w.app, by, o.customer, "the owner calls")),
        row!("dispute::open_disputes", SeeCustomer, |w, o, by| dispute::open_disputes(&w.app, by)),
        row!("evidence_bundle::evidence_bundle", TakeEvidence, |w, o, by| evidence_bundle::evidence_bundle(&w.app, &o.number, by)),
        row!("figures::figures", SeeFigures, |w, o, by| figures::figures(&w.app, by, 30)),
        row!("outside::outside", SeeOperations, |w, o, by| operations::outside(&w.app, by)),
        row!("outside::ending_keys", SeeOperations, |w, o, by| operations::ending_keys(&w.app, by)),
        row!("outside::test_outside", Operate, |w, o, by| operations::test_outside(&w.app, by, Some(Outside::Upstream))),
        row!("stuck_jobs::jobs_view", SeeOperations, |w, o, by| operations::jobs_view(&w.app, by)),
        row!("stuck_jobs::retry_job", Operate, |w, o, by| operations::retry_job(&w.app, by, (JobId(NOTHING), 0))),
        row!("stuck_jobs::retry_kind", Operate, |w, o, by| operations::retry_kind(&w.app, by, "refund")),
        row!("stuck_jobs::give_up_job", Operate, |w, o, by| operations::give_up_job(&w.app, by, (JobId(NOTHING), 0), "x")),
        row!("test_message::template_view", SeeOperations, |w, o, by| operations::template_view(&w.app, by, "suspended", &["en"])),
        row!("test_message::messages_view", SeeOperations, |w, o, by| operations::messages_view(&w.app, by)),
        row!("test_message::send_test", Operate, |w, o, by| operations::send_test(&w.app, by, operations::NewTest { id: NOTHING, channel: Channel::Sms, to: "x", template: "suspended", language: "en", mark: "" })),
        row!("identity::queue", DecideIdentity, |w, o, by| identity::queue(&w.app, by)),
        row!("identity::waiting", DecideIdentity, |w, o, by| identity::waiting(&w.app, by)),
        row!("identity::decide", DecideIdentity, |w, o, by| identity::decide(&w.app, (o.customer, None), SystemTime::from_us(0), true, "x", by)),
        row!("invoice::waiting_invoices", SettleInvoice, |w, o, by| invoice::waiting_invoices(&w.app, by)),
        row!("invoice::settle_invoice", SettleInvoice, |w, o, by| invoice::settle_invoice(&w.app, &o.number, (Settlement::Refuse("x".to_owned()), None), by)),
        row!("queue::open_items", SeeReconciliation, |w, o, by| queue::open_items(&w.app, by)),
        row!("queue::open_count", SeeReconciliation, |w, o, by| queue::open_count(&w.app, by)),
        row!("contribution::waiting", Moderate, |w, o, by| contribution::waiting(&w.app, by)),
        row!("refund_order::waiting", SeeCustomer, |w, o, by| refund_order::waiting(&w.app, by)),
        row!("queue::item", SeeReconciliation, |w, o, by| queue::item(&w.app, ItemId(NOTHING), by)),
        row!("queue::close", SettleReconciliation, |w, o, by| queue::close(&w.app, ItemId(NOTHING), Action::Accept, "x", by)),
        row!("queue::ask_again", SettleReconciliation, |w, o, by| queue::ask_again(&w.app, ItemId(NOTHING), by)),
        row!("recovery::open_recoveries", SeeRecoveries, |w, o, by| recovery::open_recoveries(&w.app, by)),
        row!("recovery::waiting", SeeRecoveries, |w, o, by| recovery::waiting(&w.app, by)),
        row!("recovery::decide", DecideRecovery, |w, o, by| recovery::decide(&w.app, (o.customer, NOTHING), true, "x", by)),
        row!("refund_order::waiting_refunds", SeeCustomer, |w, o, by| refund_order::waiting_refunds(&w.app, by)),
        row!("refund_order::refund_by_staff", Refund, |w, o, by| refund_order::refund_by_staff(&w.app, &o.number, too_much(w), by)),
        row!("refund_order::decide_refund", Refund, |w, o, by| refund_order::decide_refund(&w.app, &o.number, (NOTHING, None), Verdict::Approve, by)),
        row!("refund_other_way::refund_other_way", RefundOtherWay, |w, o, by| refund_other_way(&w.app, &o.number, (NOTHING, None), (OtherWay::Credit, ""), by)),
        row!("money::overview", SeeMoney, |w, o, by| money::overview(&w.app, by, None)),
        row!("money::day", SeeMoney, |w, o, by| money::day(&w.app, by, WhichDay::Open)),
        row!("money::transfers", SeeMoney, |w, o, by| money::transfers(&w.app, by, WhichDay::Open, Behind::Template(Template::Paid), None)),
        row!("money::suspense", SeeMoney, |w, o, by| money::suspense(&w.app, by)),
        row!("stock::overview", SeeStock, |w, o, by| stock::overview(&w.app, by, None)),
        row!("stock::batch", SeeStock, |w, o, by| stock::batch(&w.app, by, BatchKind::Sims, "none")),
        row!("stock::resting", SeeStock, |w, o, by| stock::resting(&w.app, by, None)),
        row!("stock::holds", SeeStock, |w, o, by| stock::holds(&w.app, by, None)),
        row!("stock::vouchers", SeeStock, |w, o, by| stock::vouchers(&w.app, by, None)),
        row!("stock::low", SeeStock, |w, o, by| stock::low(&w.app, by)),
        row!("stock_count::count_now", ManageStock, |w, o, by| stock_count::count_now(&w.app, by)),
        row!("stock_count::set_threshold", ManageStock, |w, o, by| stock_count::set_threshold(&w.app, NewThreshold { kind: StockKind::Card, family: String::new(), least: Some(0), seen: 0 }, by)),
        row!("upstream_float::set_least", ManageStock, |w, o, by| upstream_float::set_least(&w.app, "1", 0, by)),
        row!("stock_hold::set_aside", ManageStock, |w, o, by| stock_hold::set_aside(&w.app, NewHold { id: NOTHING, kind: HoldKind::Batch, name: "none".to_owned(), reason: "x".to_owned() }, by)),
        row!("stock_hold::give_back", ManageStock, |w, o, by| stock_hold::give_back(&w.app, NOTHING, by)),
        row!("voucher_batch::stop_at_desk", MakeVouchers, |w, o, by| voucher_batch::stop_at_desk(&w.app, "none", "x", by)),
        row!("staff::members", ManageStaff, |w, o, by| staff::members(&w.app, by)),
        row!("staff::sign_ins", ManageStaff, |w, o, by| staff::sign_ins(&w.app, by, &[NOTHING])),
        row!("staff::add", ManageStaff, |w, o, by| staff::add(&w.app, Actor::Staff(by), "he.jing", "何静", "agent")),
        row!("staff::renew_link", ManageStaff, |w, o, by| staff::renew_link(&w.app, Actor::Staff(by), "nobody", GROUNDS)),
        row!("staff::disable", ManageStaff, |w, o, by| staff::disable(&w.app, Actor::Staff(by), "nobody", GROUNDS)),
        row!("staff::set_role", ManageStaff, |w, o, by| staff::set_role(&w.app, Actor::Staff(by), ("nobody", "agent"), GROUNDS)),
        row!("staff::reset_second_factor", ManageStaff, |w, o, by| staff::reset_second_factor(&w.app, Actor::Staff(by), "nobody", GROUNDS)),
        row!("staff::paid_not_in_effect", SeeCustomer, |w, o, by| staff::paid_not_in_effect(&w.app, by)),
        row!("staff_order::staff_order", SeeCustomer, |w, o, by| staff_order::staff_order(&w.app, &o.number, by)),
        row!("queue::queue", SeeCustomer, |w, o, by| support::queue(&w.app, by, support::Wanted::default())),
        row!("queue::counts", SeeCustomer, |w, o, by| support::counts(&w.app, by)),
        row!("queue::waiting", SeeCustomer, |w, o, by| support::waiting(&w.app, by)),
        row!("call::open_for_caller", WorkCases, |w, o, by| support::open_for_caller(&w.app, by, o.customer, call())),
        row!("call::open_for_item", SettleReconciliation, |w, o, by| support::open_for_item(&w.app, by, ItemId(NOTHING), "x")),
        row!("merge::merge", WorkCases, |w, o, by| support::merge(&w.app, (o.customer, CaseId(NOTHING)), (by, 0), (CaseId(NOTHING), 0))),
        row!("prepared::list", KeepPrepared, |w, o, by| prepared::list(&w.app, by)),
        row!("prepared::one", KeepPrepared, |w, o, by| prepared::one(&w.app, by, NOTHING)),
        row!("prepared::keep", KeepPrepared, |w, o, by| prepared::keep(&w.app, by, prepared::Kept { id: NOTHING, version: 0, texts: Vec::new() })),
        row!("prepared::remove", KeepPrepared, |w, o, by| prepared::remove(&w.app, by, NOTHING, 0)),
        row!("prepared::fill_in", WorkCases, |w, o, by| prepared::fill_in(&w.app, by, (o.customer, CaseId(NOTHING)), NOTHING)),
        row!("read::for_staff", SeeCustomer, |w, o, by| support::for_staff(&w.app, by, o.customer, CaseId(NOTHING))),
        row!("read::file", SeeCustomer, |w, o, by| support::file(&w.app, (o.customer, CaseId(NOTHING)), NOTHING, Reader::Staff(by))),
        row!("act::act_once", WorkCases, |w, o, by| support::act_once(&w.app, (o.customer, CaseId(NOTHING)), (by, 0), NOTHING, Act::Note("x".to_owned()))),
        row!("act::act", WorkCases, |w, o, by| support::act(&w.app, (o.customer, CaseId(NOTHING)), (by, 0), Act::Note("x".to_owned()))),
    ]
}

/// An offering that is there already, and one that is not.
fn taken() -> catalog_draft::Content {
    let offering = offerings().into_iter().find(|one| one.reference.code == "days").unwrap();
    catalog_draft::Content { offering, upstream_cost: None }
}
fn nowhere() -> catalog_draft::Shown {
    (OfferingRef { code: "nowhere".to_owned(), version: 1 }, 1)
}
fn call() -> support::NewCall {
    let (subject, text) = (String::new(), String::new());
    let (id, priority) = (CaseId(NOTHING), Priority::Normal);
    support::NewCall { id, line: None, order: None, subject, text, owner_reads: false, priority }
}
fn yuan() -> Money {
    Money::parse("1", Currency::CNY).unwrap()
}
fn change(world: &World, kind: ChangeKind) -> NewChange {
    NewChange { id: world.app.clock.id(), kind, amount: yuan(), reason: "x".to_owned(), seen: None }
}
fn new_link() -> NewLink {
    let offering = OfferingRef { code: "days".to_owned(), version: 1 };
    NewLink { id: NOTHING, offering, order: None, contact: None, seen: None }
}
fn too_much(world: &World) -> refund_order::NewRefund {
    let amount = Some(Money::parse("100000", Currency::CNY).unwrap());
    refund_order::NewRefund { id: world.app.clock.id(), amount, keeps: true, reason: "x".to_owned(), seen: None }
}

#[tokio::test]
async fn every_use_case_asks_for_its_permission() {
    on_both(async |world: World| {
        let order = world.buys(&world.line(Family::Watch).await, "days").await;
        let mut wrong = Vec::new();
        for role in Role::ALL {
            let member = world.member(role.word()).await;
            for (name, may, call) in table() {
                let refused = call(&world, &order, member).await == Err(Problem::NotAllowed);
                if refused == role.may(may) {
                    wrong.push(format!("{name} as {}: refused is {refused}", role.word()));
                }
            }
        }
        let nobody = world.app.clock.id();
        for (name, _, call) in table() {
            if call(&world, &order, nobody).await != Err(Problem::NotAllowed) {
                wrong.push(format!("{name} as nobody"));
            }
        }
        assert!(wrong.is_empty(), "{}", wrong.join("\n"));
        world.sound().await;
    })
    .await;
}

/// The functions of the use cases that take a member of the staff, as their sources have them.
fn in_sources(folder: &Path, found: &mut BTreeSet<String>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            in_sources(&path, found);
            continue;
        }
        let (text, file) = (std::fs::read_to_string(&path).unwrap(), path.file_stem().unwrap().to_str().unwrap());
        for rest in text.split("\npub async fn ").skip(1) {
            let signature = rest.split('{').next().unwrap();
            let takes = ["by: RawId", "by: Actor", "(by, version): (RawId", "reader: Reader"];
            if takes.iter().any(|takes| signature.contains(takes)) {
                let name = signature.split(['(', '<']).next().unwrap();
                found.insert(format!("{file}::{name}"));
            }
        }
    }
}

#[test]
fn every_use_case_has_its_row() {
    let mut found = BTreeSet::new();
    in_sources(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src"), &mut found);
    // Only their asker writes in a case and solves it so.
    for of_asker in ["write::write", "write::solved"] {
        assert!(found.remove(of_asker), "{of_asker}");
    }
    let rows: BTreeSet<String> = table().into_iter().map(|(name, ..)| name.to_owned()).collect();
    assert_eq!(found.difference(&rows).collect::<Vec<_>>(), Vec::<&String>::new(), "use cases without a row");
    assert_eq!(rows.difference(&found).collect::<Vec<_>>(), Vec::<&String>::new(), "rows without a use case");
    assert_eq!(table().len(), rows.len(), "nothing is there twice");
}

#[tokio::test]
async fn a_member_is_changed_as_they_were_seen_and_with_a_reason() {
    on_both(async |world: World| {
        let (one, other) = (world.member("operator").await, world.member("operator").await);
        staff::add(&world.app, Actor::CommandLine, "he.jing", "何静", "agent").await.unwrap();
        let seen = async || {
            let all = staff::list(&world.app).await.unwrap();
            all.iter().find(|member| member.login == "he.jing").unwrap().seen()
        };
        let of_before = seen().await;
        let grounds = |seen| Some(staff::Grounds { seen, reason: "离职" });
        let none = staff::disable(&world.app, Actor::Staff(one), "he.jing", None).await;
        assert_eq!(none, Err(Problem::Invalid { field: "reason", rule: "1 to 200 characters" }));
        staff::disable(&world.app, Actor::Staff(one), "he.jing", grounds(&of_before)).await.unwrap();
        // Whoever still reads the page of before lets nobody in again.
        let by = Actor::Staff(other);
        let link = staff::renew_link(&world.app, by, "he.jing", grounds(&of_before)).await;
        assert_eq!(link.map(|_| ()), Err(Problem::Stale));
        let role = staff::set_role(&world.app, by, ("he.jing", "finance"), grounds(&of_before)).await;
        assert_eq!(role, Err(Problem::Stale));
        let now = seen().await;
        assert_ne!(now, of_before);
        staff::renew_link(&world.app, by, "he.jing", grounds(&now)).await.unwrap();
        let all = entries(&world.app.store, 0).await.unwrap();
        let told: Vec<_> = all.iter().filter(|entry| entry.subject_kind == "staff").collect();
        let told: Vec<_> = told.iter().map(|entry| (entry.action.as_str(), entry.reason.as_deref())).collect();
        let expected = [("staff.added", None), ("staff.disabled", Some("离职")), ("staff.invited", Some("离职"))];
        assert_eq!(told, expected);
        world.sound().await;
    })
    .await;
}

#[tokio::test]
async fn what_is_done_and_seen_is_written_down_in_one_row_at_once() {
    on_both(async |world: World| {
        let by = world.member("agent").await;
        let order = world.buys(&world.line(Family::Watch).await, "days").await;
        let sees = async |world: &World| staff_order::staff_order(&world.app, &order.number, by).await.map(|_| ());
        // Two nodes at once: the chain has no gap and no fork.
        let node = world.another_node();
        for _ in 0..5 {
            let (one, two) = tokio::join!(sees(&world), sees(&node));
            one.unwrap();
            two.unwrap();
        }
        let all = entries(&world.app.store, 0).await.unwrap();
        assert_eq!(all.len(), 10);
        let first = &all[0];
        assert_eq!((first.actor.as_str(), first.staff, first.action.as_str()), ("staff", Some(by), "order.seen"));
        assert_eq!((first.subject_id.as_str(), first.customer), (order.number.as_str(), Some(order.customer.0)));
        // What is refused is not done, and not written down.
        let nobody = world.app.clock.id();
        assert_eq!(staff_order::staff_order(&world.app, &order.number, nobody).await, Err(Problem::NotAllowed));
        assert_eq!(entries(&world.app.store, 0).await.unwrap().len(), 10);
        world.sound().await;
        // Pages by filter.
        let auditor = world.member("auditor").await;
        let count = async |filter: Filter, before| {
            audit::page(&world.app, auditor, filter, before).await.unwrap().entries.len()
        };
        let subject = Some(("order".to_owned(), order.number.clone()));
        assert_eq!(count(Filter { subject: subject.clone(), ..Filter::default() }, i64::MAX).await, 10);
        assert_eq!(count(Filter { staff: Some(by), ..Filter::default() }, 5).await, 4);
        assert_eq!(count(Filter { staff: Some(auditor), ..Filter::default() }, i64::MAX).await, 0);
        assert_eq!(count(Filter { staff: Some(auditor), subject, ..Filter::default() }, i64::MAX).await, 0);
        let later = Some(world.app.clock.now().system.plus_us(1));
        assert_eq!(count(Filter { since: later, ..Filter::default() }, i64::MAX).await, 0);
        assert_eq!(count(Filter { until: later, ..Filter::default() }, i64::MAX).await, 10);
    })
    .await;
}

const PASSWORD: &str = "four words nobody knows";

/// A member with a code generator: their login's id and the generator's secret.
async fn with_generator(world: &World) -> (RawId, Vec<u8>) {
    let link = staff::add(&world.app, Actor::CommandLine, "he.jing", "何静", "agent").await.unwrap();
    let entered = staff_sign_in::set_password(&world.app, &link, PASSWORD, FROM).await.unwrap().unwrap();
    let Entered::SetUp(step) = entered else { panic!("there was no second factor yet") };
    let generator = staff_sign_in::to_set_up(&world.app, Waits::StaffSetUp, &step).await.unwrap().unwrap();
    assert_eq!(generator.login, "he.jing");
    let secret = totp::from_base32(&generator.secret).unwrap();
    let code = totp::shown(&secret, world.app.clock.now().system);
    let (session, codes) = staff_sign_in::set_up(&world.app, Waits::StaffSetUp, &step, &code, FROM).await.unwrap();
    assert_eq!(codes.len(), staff_sign_in::RECOVERY_CODES);
    let Principal::Staff(id) = session.principal else { panic!("a customer") };
    (id, secret)
}

async fn to_second(world: &World) -> String {
    let entered = staff_sign_in::sign_in(&world.app, "he.jing", PASSWORD, FROM).await.unwrap().unwrap();
    let Entered::SecondFactor(step) = entered else { panic!("the second factor is asked for") };
    step
}

#[tokio::test]
async fn a_code_signs_in_once_also_on_two_nodes_at_once() {
    on_both(async |world: World| {
        let (id, secret) = with_generator(&world).await;
        let stored = world.sql("UPDATE staff SET totp = totp WHERE totp = $1", args![secret.clone()]).await;
        assert_eq!(stored, 0, "the secret is sealed");
        world.pass(MINUTE_US).await;
        let code = totp::shown(&secret, world.app.clock.now().system);
        let (first, second, node) = (to_second(&world).await, to_second(&world).await, world.another_node());
        let (one, two) = tokio::join!(
            staff_sign_in::enter_by_code(&world.app, &first, &code, FROM),
            staff_sign_in::enter_by_code(&node.app, &second, &code, FROM)
        );
        assert_eq!([&one, &two].into_iter().filter(|entered| entered.is_ok()).count(), 1, "{one:?} {two:?}");
        let refused = if one.is_ok() { two } else { one };
        assert_eq!(refused, Err(Problem::PasswordWrong));
        // A step of setting one that was begun before opens nothing any more.
        let late = staff_sign_in::set_up(&world.app, Waits::StaffSetUp, &first, &code, FROM).await;
        assert_eq!(late.map(|_| ()), Err(Problem::SignInFirst));
        world.sound().await;
        // Disabled, nothing of it opens anything.
        let step = to_second(&world).await;
        staff::disable(&world.app, Actor::CommandLine, "he.jing", None).await.unwrap();
        world.pass(MINUTE_US).await;
        let code = totp::shown(&secret, world.app.clock.now().system);
        let entered = staff_sign_in::enter_by_code(&world.app, &step, &code, FROM).await;
        assert_eq!(entered.map(|_| ()), Err(Problem::SignInFirst));
        assert_eq!(staff_order::staff_order(&world.app, "1", id).await, Err(Problem::NotAllowed));
    })
    .await;
}

#[tokio::test]
async fn whoever_is_named_on_the_command_line_must_have_the_role() {
    on_both(async |world: World| {
        with_generator(&world).await;
        let tried = voucher_batch::stop_batch(&world.app, "spring", "he.jing").await.map(|_| ());
        assert_eq!(tried, Err(Problem::Invalid { field: "by", rule: "this staff member's role may not do that" }));
        staff::set_role(&world.app, Actor::CommandLine, ("he.jing", "finance"), None).await.unwrap();
        let tried = voucher_batch::stop_batch(&world.app, "spring", "he.jing").await.map(|_| ());
        assert_eq!(tried, Err(Problem::NotFound("batch")));
    })
    .await;
}
