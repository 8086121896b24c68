//! How the staff work on cases: who has one, merges, prepared answers, the queue, and what opens cases by itself.

use crate::refunds::wanted;
use crate::world::outside::Fate;
use crate::world::{Kit, World, on_both};
use everline_app::Problem;
use everline_app::desk_search::{Place, find};
use everline_app::jobs;
use everline_app::ports::BillAnswer;
use everline_app::privacy::{erase, export};
use everline_app::refund_order::refund_by_staff;
use everline_app::set_up::HOUSE;
use everline_app::support::prepared::{self, Kept};
use everline_app::support::{
    About, Act, Due, NewCall, NewCase, Reader, Sent, Wanted, act, counts, file, for_guest, for_owner, for_staff,
    look_after, merge, open, open_for_caller, queue, solved, waiting, write,
};
use everline_app::timeline::{self, What, timeline};
use everline_core::effects::{CaseReason, Job};
use everline_core::ids::{CaseId, CustomerId, OrderId, RawId};
use everline_core::money::{Currency, Money};
use everline_core::offering::Family;
use everline_core::payment::Provider;
use everline_core::reconciliation::BillLine;
use everline_core::support::{CaseFor, CaseState, CaseStep, EntryKind, NotTaken, PHONE, Priority, number};
use everline_core::time::{DAY_US, HOUR_US, MINUTE_US};
use everline_store::tables::case::{self, Case, Owner, Which};
use everline_store::tables::{job, support};

const fn refused(why: NotTaken) -> Problem {
    Problem::NotTaken(why)
}

async fn ask_about(world: &World, kit: &Kit, subject: &str, order: Option<OrderId>) -> CaseId {
    world.app.clock.pass_us(1_000);
    let new = NewCase {
        id: CaseId(world.app.clock.id()),
        for_whom: CaseFor::Owner,
        about: About { order, line: Some(kit.line), step: Some("line") },
        subject: subject.to_owned(),
        text: subject.to_owned(),
        files: vec![Sent { name: "a.txt".to_owned(), content: b"a".to_vec() }],
        follows: None,
    };
    open(&world.app, kit.customer, new).await.unwrap()
}
async fn ask(world: &World, kit: &Kit, subject: &str) -> CaseId {
    ask_about(world, kit, subject, None).await
}
async fn seen(world: &World, by: RawId, customer: CustomerId, id: CaseId) -> Case {
    for_staff(&world.app, by, customer, id).await.unwrap().case
}
async fn member(world: &World) -> RawId {
    world.member("agent").await
}
fn answer(text: &str) -> Act {
    Act::Answer(text.to_owned(), CaseState::Waiting, Vec::new())
}

#[tokio::test]
async fn of_two_who_take_a_case_one_has_it_and_the_other_is_told_who() {
    on_both(async |world: World| {
        let kit = world.line(Family::Watch).await;
        let id = ask(&world, &kit, "没有网").await;
        let (one, two, node) = (member(&world).await, member(&world).await, world.another_node());
        let case = (kit.customer, id);
        let (first, second) =
            tokio::join!(act(&world.app, case, (one, 0), Act::Take), act(&node.app, case, (two, 0), Act::Take));
        let winner = if first.is_ok() { one } else { two };
        assert!(first.is_ok() != second.is_ok(), "{first:?} {second:?}");
        assert_eq!(first.and(second), Err(refused(NotTaken::Stale)));
        let loser = if winner == one { two } else { one };
        let view = for_staff(&world.app, loser, kit.customer, id).await.unwrap();
        assert_eq!((view.case.owner, view.case.changed_by), (Some(winner), Some(winner)));
        assert_eq!((view.case.changed_how, view.case.version), (CaseStep::Taken, 1));
        let desk = view.desk.unwrap();
        assert_eq!(desk.owner, desk.changed_by);
        assert!(
            desk.colleagues.iter().any(|(id, _)| *id == loser) && desk.colleagues.iter().all(|(id, _)| *id != winner)
        );

        // Handed on to whoever works on cases, let go, and prioritised; what is so already is refused.
        let auditor = world.member("auditor").await;
        let to = |to| act(&world.app, case, (winner, 1), Act::HandOn(to));
        assert_eq!(to(auditor).await, Err(Problem::Invalid { field: "to", rule: "no member who works on cases" }));
        assert_eq!(to(winner).await, Err(refused(NotTaken::Already)));
        to(loser).await.unwrap();
        act(&world.app, case, (one, 2), Act::LetGo).await.unwrap();
        assert_eq!(act(&world.app, case, (one, 3), Act::LetGo).await, Err(refused(NotTaken::Already)));
        let before = seen(&world, one, kit.customer, id).await;
        assert_eq!((before.priority, before.due_at), (Priority::Normal, before.opened_at.plus_us(DAY_US)));
        act(&world.app, case, (one, 3), Act::Prioritize(Priority::Urgent)).await.unwrap();
        let after = seen(&world, one, kit.customer, id).await;
        assert_eq!(after.due_at, after.changed_at.plus_us(HOUR_US));
        // Whoever answers what nobody has, has it; the asker is waited for longer.
        act(&world.app, case, (two, 4), answer("请重启")).await.unwrap();
        let answered = seen(&world, one, kit.customer, id).await;
        assert_eq!((answered.owner, answered.due_at), (Some(two), answered.changed_at.plus_us(7 * DAY_US)));
        // Their word makes it ours again.
        world.app.clock.pass_us(DAY_US);
        write(&world.app, case, Reader::Owner, world.app.clock.id(), "还是不行", Vec::new()).await.unwrap();
        let ours = seen(&world, one, kit.customer, id).await;
        assert_eq!(
            (ours.state, ours.due_at, ours.changed_by),
            (CaseState::Open, ours.changed_at.plus_us(HOUR_US), None)
        );
        world.sound().await;
    })
    .await;
}

#[tokio::test]
async fn a_merged_case_goes_on_in_the_other_one() {
    on_both(async |world: World| {
        let kit = world.line(Family::Watch).await;
        let (a, b, c) = (ask(&world, &kit, "一").await, ask(&world, &kit, "二").await, ask(&world, &kit, "三").await);
        let by = member(&world).await;
        let case = |id| (kit.customer, id);
        act(&world.app, case(a), (by, 0), Act::Note("内部".to_owned())).await.unwrap();
        assert_eq!(merge(&world.app, case(a), (by, 0), (b, 0)).await, Err(refused(NotTaken::Stale)), "the one");
        assert_eq!(merge(&world.app, case(a), (by, 1), (b, 5)).await, Err(refused(NotTaken::OtherStale)), "the other");
        assert_eq!(merge(&world.app, case(a), (by, 1), (a, 1)).await, Err(Problem::NotFound("case")), "itself");
        let stranger = world.person().await;
        assert_eq!(merge(&world.app, (stranger, a), (by, 1), (b, 0)).await, Err(Problem::NotFound("case")));
        merge(&world.app, case(a), (by, 1), (b, 0)).await.unwrap();
        let merged = for_staff(&world.app, by, kit.customer, a).await.unwrap();
        assert_eq!((merged.case.merged_into, merged.case.state), (Some(b), CaseState::Solved));
        assert!(merged.entries.is_empty() && merged.files.is_empty());
        let target = for_staff(&world.app, by, kit.customer, b).await.unwrap();
        assert_eq!((target.entries.len(), target.files.len(), target.case.version), (3, 2, 1));
        // Its asker reads on there, and what they write from an old page goes there.
        let read = for_owner(&world.app, kit.customer, b).await.unwrap();
        assert_eq!(read.entries.len(), 2, "without the note");
        for info in &read.files {
            file(&world.app, case(b), info.id, Reader::Owner).await.unwrap();
        }
        assert_eq!(for_owner(&world.app, kit.customer, a).await.unwrap().case.merged_into, Some(b));
        world.app.clock.pass_us(1_000);
        write(&world.app, case(a), Reader::Owner, world.app.clock.id(), "从旧页面", Vec::new()).await.unwrap();
        assert_eq!(for_owner(&world.app, kit.customer, b).await.unwrap().entries.len(), 3);
        // What went into one goes along with it, and nothing is done with it any more.
        assert_eq!(act(&world.app, case(a), (by, 2), Act::Take).await, Err(refused(NotTaken::Merged)));
        assert_eq!(merge(&world.app, case(a), (by, 2), (c, 0)).await, Err(refused(NotTaken::Merged)));
        merge(&world.app, case(b), (by, 2), (c, 0)).await.unwrap();
        assert_eq!(seen(&world, by, kit.customer, a).await.merged_into, Some(c));
        let listed = everline_app::support::cases(&world.app, kit.customer).await.unwrap();
        assert_eq!(listed.iter().map(|case| case.id).collect::<Vec<_>>(), [c]);
        // Nothing goes into what is solved.
        let d = ask(&world, &kit, "四").await;
        solved(&world.app, case(c), Reader::Owner).await.unwrap();
        let version = seen(&world, by, kit.customer, c).await.version;
        assert_eq!(merge(&world.app, case(d), (by, 0), (c, version)).await, Err(refused(NotTaken::OtherSolved)));
        world.sound().await;
        let all = export(&world.app.store, kit.customer, &world.app.zone).await.unwrap();
        assert_eq!(all["records"]["support_case"].as_array().unwrap().len(), 4);
        assert_eq!(all["records"]["support_case"][0]["number"].as_i64(), Some(number(a)));
    })
    .await;
}

#[tokio::test]
async fn whoever_is_erased_leaves_no_case_that_points_nowhere() {
    on_both(async |world: World| {
        let (customer, by) = (world.person().await, member(&world).await);
        let (system, at) = (CaseId(world.app.clock.id()), world.app.clock.now().business);
        world
            .change(move |tx| {
                case::add(tx, &Case::opened(customer, system, CaseReason::MessageFailed, at));
                Box::pin(async { Ok(()) })
            })
            .await;
        let call = NewCall {
            id: CaseId(world.app.clock.id()),
            line: None,
            order: None,
            subject: "来电".to_owned(),
            text: "换号".to_owned(),
            owner_reads: false,
            priority: Priority::Normal,
        };
        let called = open_for_caller(&world.app, by, customer, call).await.unwrap();
        merge(&world.app, (customer, system), (by, 0), (called, 0)).await.unwrap();
        world.sound().await;
        erase(&world.app.store, customer, world.app.clock.now().business).await.unwrap();
        let left = seen(&world, by, customer, system).await;
        assert_eq!((left.merged_into, left.state), (None, CaseState::Solved));
        assert_eq!(for_staff(&world.app, by, customer, called).await.unwrap_err(), Problem::NotFound("case"));
        world.sound().await;
    })
    .await;
}

#[tokio::test]
async fn a_merge_against_an_answer_and_against_a_word_of_the_asker_loses_nothing() {
    on_both(async |world: World| {
        let kit = world.line(Family::Watch).await;
        let (by, node) = (member(&world).await, world.another_node());
        for round in 0..4 {
            let (a, b) = (ask(&world, &kit, "一").await, ask(&world, &kit, "二").await);
            let case = |id| (kit.customer, id);
            // A member answers the one while a colleague merges it; its asker writes in it, or opens it again.
            if round % 2 == 1 {
                solved(&world.app, case(a), Reader::Owner).await.unwrap();
            }
            let version = seen(&world, by, kit.customer, a).await.version;
            let (merged, answered, wrote) = tokio::join!(
                merge(&world.app, case(a), (by, version), (b, 0)),
                act(&node.app, case(a), (by, version), answer("好")),
                write(&node.app, case(a), Reader::Owner, node.app.clock.id(), "还有", Vec::new()),
            );
            wrote.unwrap();
            let at = if merged.is_ok() { b } else { a };
            let view = for_owner(&world.app, kit.customer, at).await.unwrap();
            let has = |text: &str| view.entries.iter().any(|(entry, _)| entry.text == text);
            assert!(has("还有"), "the asker's word is where they read on: {merged:?}");
            assert_eq!(has("好"), answered.is_ok(), "{answered:?}");
            assert!(merged.is_err() || answered.is_err(), "both saw the same version");
            for refusal in [merged, answered].into_iter().filter_map(Result::err) {
                assert_eq!(refusal, refused(NotTaken::Stale));
            }
            world.sound().await;
            for id in [a, b] {
                if seen(&world, by, kit.customer, id).await.state != CaseState::Solved {
                    solved(&world.app, case(id), Reader::Owner).await.unwrap();
                }
            }
        }
    })
    .await;
}

#[tokio::test]
async fn a_guests_case_is_merged_only_into_one_of_the_systems_about_the_same_order() {
    on_both(async |world: World| {
        let kit = world.line(Family::Watch).await;
        let by = member(&world).await;
        let order = world.buys(&kit, "days").await;
        let guest = NewCase {
            id: CaseId(world.app.clock.id()),
            for_whom: CaseFor::Guest,
            about: About { order: Some(order.id), ..About::default() },
            subject: "没收到".to_owned(),
            text: "没收到".to_owned(),
            files: Vec::new(),
            follows: None,
        };
        let theirs = open(&world.app, kit.customer, guest.clone()).await.unwrap();
        let owners = ask_about(&world, &kit, "同一订单", Some(order.id)).await;
        let other = refused(NotTaken::OtherReader);
        assert_eq!(merge(&world.app, (kit.customer, theirs), (by, 0), (owners, 0)).await.unwrap_err(), other);
        assert_eq!(merge(&world.app, (kit.customer, owners), (by, 0), (theirs, 0)).await.unwrap_err(), other);
        let reason = CaseReason::WrongNumber;
        let system = CaseId(order.id.0.derive(0x72, reason as u8));
        let (customer, id, at) = (kit.customer, order.id, world.app.clock.now().business);
        world
            .change(move |tx| {
                let opened = everline_core::effects::CaseOpened { customer, order: id, reason };
                support::open_case(tx, &opened, at);
                support::open_case(tx, &opened, at);
                Box::pin(async { Ok(()) })
            })
            .await;
        let found = seen(&world, by, customer, system).await;
        assert_eq!((found.line, found.priority), (Some(kit.line), Priority::Normal), "the order's line comes along");
        merge(&world.app, (customer, theirs), (by, 0), (system, 0)).await.unwrap();
        let view = for_guest(&world.app, customer, order.id).await.unwrap().unwrap();
        assert_eq!((view.case.id, view.entries.len()), (system, 1), "the guest reads on there");
        assert_eq!(for_owner(&world.app, customer, system).await.unwrap_err(), Problem::NotFound("case"));
        // Solved long ago, the guest asks anew, and names it.
        solved(&world.app, (customer, system), Reader::Guest(order.id)).await.unwrap();
        let anew = || NewCase { id: CaseId(world.app.clock.id()), follows: Some(system), ..guest.clone() };
        assert_eq!(open(&world.app, customer, anew()).await.unwrap_err(), refused(NotTaken::TooManyOpen));
        world.app.clock.pass_us(31 * DAY_US);
        let late =
            write(&world.app, (customer, system), Reader::Guest(order.id), world.app.clock.id(), "x", Vec::new()).await;
        assert_eq!(late.unwrap_err(), refused(NotTaken::Over));
        let id = open(&world.app, customer, anew()).await.unwrap();
        let view = for_guest(&world.app, customer, order.id).await.unwrap().unwrap();
        assert_eq!((view.case.id, view.case.follows), (id, Some(system)));
        // An owner's cannot name a guest's.
        let wrong = NewCase { for_whom: CaseFor::Owner, ..anew() };
        assert_eq!(open(&world.app, customer, wrong).await.unwrap_err(), Problem::NotFound("case"));
    })
    .await;
}

#[tokio::test]
async fn whoever_calls_has_a_case_and_reads_it_only_if_the_agent_says_so() {
    on_both(async |world: World| {
        let kit = world.line(Family::Watch).await;
        let by = member(&world).await;
        let call = |owner_reads| NewCall {
            id: CaseId(world.app.clock.id()),
            line: Some(kit.line),
            order: None,
            subject: "来电".to_owned(),
            text: "手表没有信号".to_owned(),
            owner_reads,
            priority: Priority::High,
        };
        let hidden = call(false);
        let id = open_for_caller(&world.app, by, kit.customer, hidden.clone()).await.unwrap();
        assert_eq!(open_for_caller(&world.app, by, kit.customer, hidden).await, Ok(id), "sent twice, opened once");
        assert_eq!(for_owner(&world.app, kit.customer, id).await.unwrap_err(), Problem::NotFound("case"));
        let case = seen(&world, by, kit.customer, id).await;
        assert_eq!((case.owner, case.step.as_deref(), case.priority), (Some(by), Some(PHONE), Priority::High));
        // An answer is for the customer to read; what the agent noted of the call is not.
        world.app.clock.pass_us(1_000);
        act(&world.app, (kit.customer, id), (by, 0), answer("已处理")).await.unwrap();
        let read = for_owner(&world.app, kit.customer, id).await.unwrap();
        assert_eq!(read.entries.iter().map(|(entry, _)| entry.kind).collect::<Vec<_>>(), [EntryKind::Answer]);
        let id = open_for_caller(&world.app, by, kit.customer, call(true)).await.unwrap();
        let read = for_owner(&world.app, kit.customer, id).await.unwrap();
        assert_eq!((read.entries[0].0.kind, read.entries[0].0.staff), (EntryKind::Asker, None));
        let stranger = world.line(Family::Watch).await;
        let theirs = NewCall { line: Some(stranger.line), ..call(true) };
        let none = open_for_caller(&world.app, by, kit.customer, theirs).await;
        assert_eq!(none.unwrap_err(), Problem::NotFound("line"));
        world.sound().await;
    })
    .await;
}

#[tokio::test]
async fn answers_are_prepared_by_version_and_filled_in_with_what_the_case_is_about() {
    on_both(async |world: World| {
        let kit = world.line(Family::Watch).await;
        let (order, _) = world.checkout(&kit, "days").await;
        let (with, without) = (ask_about(&world, &kit, "订单", Some(order.id)).await, ask(&world, &kit, "其他").await);
        let (senior, agent) = (world.member("senior_agent").await, member(&world).await);
        let id = world.app.clock.id();
        let text = |language: &str, title: &str, text: &str| (language.to_owned(), title.to_owned(), text.to_owned());
        let kept = |version, texts| Kept { id, version, texts };
        let keep = async |kept| prepared::keep(&world.app, senior, kept).await;
        let invalid = |field, rule| Err(Problem::Invalid { field, rule });
        assert_eq!(keep(kept(0, vec![text("en", "", "")])).await, invalid("texts", "one language at least"));
        assert_eq!(keep(kept(0, vec![text("en", "a", "{name}")])).await, invalid("parameter", "unknown"));
        assert_eq!(keep(kept(0, vec![text("en", "", "x")])).await, invalid("title", "1-to-60"));
        let both = || {
            vec![text("zh-CN", "重启", "订单 {order} 请重启。工单 {case}"), text("en", "Restart", "Restart, {order}")]
        };
        keep(kept(0, both())).await.unwrap();
        keep(kept(0, both())).await.unwrap(); // sent twice
        let other = vec![text("en", "Restart", "Restart twice, {order}")];
        assert_eq!(keep(kept(0, other.clone())).await, Err(Problem::Stale));
        assert_eq!(prepared::list(&world.app, senior).await.unwrap().len(), 2);
        let fill = async |case| prepared::fill_in(&world.app, agent, (kit.customer, case), id).await.unwrap();
        assert_eq!(fill(with).await, format!("订单 {} 请重启。工单 {}", order.number, number(with)));
        let unfilled = fill(without).await;
        assert!(unfilled.contains("{order}"), "{unfilled}");
        let sent = act(&world.app, (kit.customer, without), (agent, 0), answer(&unfilled)).await;
        assert_eq!(sent, invalid("text", "unfilled"));
        // In a language that the customer does not read, rather than not at all.
        keep(kept(1, other)).await.unwrap();
        assert_eq!(fill(with).await, format!("Restart twice, {}", order.number));
        assert_eq!(prepared::remove(&world.app, senior, id, 1).await, Err(Problem::Stale));
        prepared::remove(&world.app, senior, id, 2).await.unwrap();
        prepared::remove(&world.app, senior, id, 2).await.unwrap();
        let gone = prepared::fill_in(&world.app, agent, (kit.customer, with), id).await;
        assert_eq!(gone, Err(Problem::NotFound("prepared answer")));
    })
    .await;
}

#[tokio::test]
async fn staff_send_files_with_an_answer_within_the_limits_of_all() {
    on_both(async |world: World| {
        let kit = world.line(Family::Watch).await;
        let id = ask(&world, &kit, "怎么设置").await;
        let by = member(&world).await;
        let sent = |content: &[u8]| vec![Sent { name: "说明.pdf".to_owned(), content: content.to_vec() }];
        let answer = |files| Act::Answer("见附件".to_owned(), CaseState::Waiting, files);
        let case = (kit.customer, id);
        let wrong = act(&world.app, case, (by, 0), answer(sent(b"\x00\x01"))).await;
        assert_eq!(wrong, Err(Problem::Invalid { field: "files", rule: "kind" }));
        world.app.clock.pass_us(1_000);
        act(&world.app, case, (by, 0), answer(sent(b"%PDF-1.7"))).await.unwrap();
        let view = for_owner(&world.app, kit.customer, id).await.unwrap();
        let info = view.files.iter().find(|info| info.name == "说明.pdf").unwrap();
        assert_eq!(info.entry, view.entries[1].0.id, "it stands with the answer");
        assert_eq!(file(&world.app, case, info.id, Reader::Owner).await.unwrap().2, b"%PDF-1.7");
        world.sound().await;
    })
    .await;
}

async fn listed(world: &World, by: RawId, wanted: Wanted) -> Vec<CaseId> {
    let (mut all, mut after) = (Vec::new(), wanted.after);
    loop {
        let page = queue(&world.app, by, Wanted { after, ..wanted }).await.unwrap();
        all.extend(page.cases.iter().map(|(case, _)| case.id));
        after = page.next;
        if after.is_none() {
            return all;
        }
    }
}

#[tokio::test]
async fn the_queue_is_asked_for_in_any_way_and_paged_by_key() {
    on_both(async |world: World| {
        let by = member(&world).await;
        let mut ids = Vec::new();
        for _ in 0..6 {
            let kit = world.line(Family::Watch).await;
            for _ in 0..10 {
                ids.push(ask(&world, &kit, "问题").await);
            }
        }
        let all = listed(&world, by, Wanted::default()).await;
        assert_eq!(all.len(), 60, "over two pages");
        let sorted = |mut ids: Vec<CaseId>| {
            ids.sort();
            ids
        };
        assert_eq!(sorted(all.clone()), sorted(ids.clone()), "each once");
        assert_eq!(all, ids, "those due first at the top");
        let customer = async |id: CaseId| {
            let found = find(&world.app, by, &number(id).to_string()).await.unwrap().found;
            let found = found.into_iter().find(|found| found.place == Place::Case(id)).unwrap();
            found.customer
        };
        let (first, second, third) = (ids[0], ids[1], ids[2]);
        let whose = customer(first).await;
        act(&world.app, (whose, first), (by, 0), Act::Take).await.unwrap();
        act(&world.app, (whose, second), (by, 0), Act::Prioritize(Priority::Urgent)).await.unwrap();
        act(&world.app, (whose, third), (by, 0), Act::Set(CaseState::Waiting)).await.unwrap();
        let of = |which| Wanted { which, ..Wanted::default() };
        let any = Which::default();
        for (which, expected) in [
            (Which { owner: Owner::Member(by), ..any }, vec![first]),
            (Which { owner: Owner::Member(by), priority: Some(Priority::Urgent), ..any }, vec![]),
            (Which { priority: Some(Priority::Urgent), ..any }, vec![second]),
            (Which { owner: Owner::Nobody, priority: Some(Priority::Urgent), ..any }, vec![second]),
            (Which { state: Some(CaseState::Waiting), ..any }, vec![third]),
            (Which { state: Some(CaseState::Waiting), reason: Some(CaseReason::Asked), ..any }, vec![third]),
            (Which { reason: Some(CaseReason::Disputed), ..any }, vec![]),
        ] {
            assert_eq!(listed(&world, by, of(which)).await, expected, "{which:?}");
        }
        assert_eq!(listed(&world, by, of(Which { owner: Owner::Nobody, ..any })).await.len(), 59);
        assert_eq!(listed(&world, by, of(Which { reason: Some(CaseReason::Asked), ..any })).await.len(), 60);
        // Due: nothing yet; the urgent one in an hour; all but the one that waits a day later.
        let due = |due| Wanted { due: Some(due), ..Wanted::default() };
        assert_eq!(listed(&world, by, due(Due::Over)).await, []);
        assert_eq!(listed(&world, by, due(Due::Today)).await, [second]);
        world.app.clock.pass_us(2 * HOUR_US);
        assert_eq!(listed(&world, by, due(Due::Over)).await, [second]);
        assert_eq!(listed(&world, by, due(Due::Today)).await, []);
        let counted = counts(&world.app, by).await.unwrap();
        assert_eq!((counted.mine, counted.nobodys, counted.over, counted.disputed), (1, 59, 1, 0));
        world.app.clock.pass_us(DAY_US);
        assert_eq!(counts(&world.app, by).await.unwrap().over, 59);
        // What is solved, the newest first.
        for id in [first, second] {
            world.app.clock.pass_us(1_000);
            solved(&world.app, (whose, id), Reader::Owner).await.unwrap();
        }
        let done = Wanted { solved: true, ..Wanted::default() };
        assert_eq!(listed(&world, by, done).await, [second, first]);
        let mine = Which { owner: Owner::Member(by), ..any };
        assert_eq!(listed(&world, by, Wanted { which: mine, ..done }).await, [first]);
        assert_eq!(listed(&world, by, Wanted::default()).await.len(), 58);
    })
    .await;
}

#[tokio::test]
async fn a_timeline_goes_through_all_cases_by_key() {
    on_both(async |world: World| {
        let kit = world.line(Family::Watch).await;
        let by = member(&world).await;
        let mut ids = Vec::new();
        for round in 0..130 {
            let id = ask(&world, &kit, "问题").await;
            if round % 2 == 0 {
                world.sql("UPDATE support_case SET line_id = NULL WHERE id = $1", vec![id.into()]).await;
            }
            solved(&world.app, (kit.customer, id), Reader::Owner).await.unwrap();
            ids.push(id);
        }
        for (line, expected) in [(None, 130), (Some(kit.line), 65)] {
            let (mut found, mut before) = (Vec::new(), None);
            loop {
                let kind = Some(timeline::Kind::Cases);
                let wanted = timeline::Wanted { customer: kit.customer, line, kind, before };
                let page = timeline(&world.app, by, wanted).await.unwrap();
                found.extend(page.entries.iter().filter_map(|entry| match &entry.what {
                    What::Case(case) => Some(case.id),
                    _ => None,
                }));
                before = page.next;
                if before.is_none() {
                    break;
                }
            }
            assert_eq!(found.len(), expected);
            let newest_first: Vec<CaseId> = ids.iter().rev().copied().filter(|id| found.contains(id)).collect();
            assert_eq!(found, newest_first);
        }
    })
    .await;
}

#[tokio::test]
async fn an_order_that_waits_too_long_opens_one_case_that_ends_with_it() {
    on_both(async |world: World| {
        let kit = world.line(Family::Watch).await;
        let by = member(&world).await;
        world.attach(&kit).await;
        world.radio.always("apply", Fate::Silent);
        let order = world.buys(&kit, "days").await;
        let now = waiting(&world.app, by).await.unwrap();
        assert_eq!((now.count, now.oldest), (1, world.order_now(&order).await.paid_at));
        assert_eq!(look_after(&world.app).await, Ok(0), "not yet");
        world.app.clock.pass_us(31 * MINUTE_US);
        let node = world.another_node();
        let (one, two) = tokio::join!(look_after(&world.app), look_after(&node.app));
        assert!(one.is_ok() && two.is_ok());
        assert_eq!(look_after(&world.app).await, Ok(0), "once");
        let reason = Which { reason: Some(CaseReason::PaidNotInEffect), ..Which::default() };
        let late = Wanted { which: reason, ..Wanted::default() };
        let found = queue(&world.app, by, late).await.unwrap().cases;
        assert_eq!(found.len(), 1);
        let case = &found[0].0;
        assert_eq!((case.order, case.line, case.priority), (Some(order.id), Some(kit.line), Priority::High));
        assert_eq!(counts(&world.app, by).await.unwrap().paid_not_in_effect, 1);
        world.sound().await;
        // The network acknowledges after all: nobody has to look.
        world.radio.always("apply", Fate::Works);
        world.pass(10 * MINUTE_US).await;
        assert_eq!(waiting(&world.app, by).await.unwrap().count, 0);
        assert_eq!(look_after(&world.app).await, Ok(1));
        let over = seen(&world, by, kit.customer, case.id).await;
        assert_eq!((over.state, over.changed_how), (CaseState::Solved, CaseStep::CauseOver));
        assert_eq!(look_after(&world.app).await, Ok(0));
        world.sound().await;
    })
    .await;
}

#[tokio::test]
async fn what_happens_anew_opens_a_solved_case_again_also_the_one_it_went_into() {
    on_both(async |world: World| {
        let kit = world.line(Family::Watch).await;
        let (by, operator) = (member(&world).await, world.member("operator").await);
        let order = world.buys(&kit, "days").await;
        let refused = async || {
            world.provider.next("refund", &[Fate::Refuses]);
            let refund = wanted(&world, Some("1.00"), true);
            refund_by_staff(&world.app, &order.number, refund, operator).await.unwrap();
            world.settle().await;
        };
        refused().await;
        let id = support::case_about(order.id, CaseReason::RefundFailed);
        let case = |id| (kit.customer, id);
        let solves = async |id, version| act(&world.app, case(id), (by, version), Act::Set(CaseState::Solved)).await;
        solves(id, 0).await.unwrap();
        refused().await;
        let again = seen(&world, by, kit.customer, id).await;
        assert_eq!((again.state, again.changed_how), (CaseState::Reopened, CaseStep::CameBack));
        // It goes into another, and that into a third: there it is heard of.
        let (second, third) = (ask(&world, &kit, "一").await, ask(&world, &kit, "二").await);
        merge(&world.app, case(id), (by, again.version), (second, 0)).await.unwrap();
        let between = seen(&world, by, kit.customer, second).await;
        merge(&world.app, case(second), (by, between.version), (third, 0)).await.unwrap();
        let open = seen(&world, by, kit.customer, third).await;
        refused().await;
        assert_eq!(seen(&world, by, kit.customer, third).await.version, open.version, "it is open");
        solves(third, open.version).await.unwrap();
        refused().await;
        let heard = seen(&world, by, kit.customer, third).await;
        assert_eq!((heard.state, heard.changed_how), (CaseState::Reopened, CaseStep::CameBack));
        assert_eq!(seen(&world, by, kit.customer, id).await.state, CaseState::Solved);
        world.sound().await;
    })
    .await;
}

#[tokio::test]
async fn a_job_that_gives_up_opens_one_case_and_opens_it_again() {
    on_both(async |world: World| {
        let (by, now) = (member(&world).await, world.app.clock.now().system);
        // There is no account with this provider: the job gives up.
        let reconcile =
            |day: &str| Job::Reconcile { customer: HOUSE, provider: Provider::Wechat, day: day.parse().unwrap() };
        let queued = reconcile("2026-03-01");
        let id = CaseId(queued.id().0.derive(0x75, 0));
        let add = async |queued: &Job| {
            let queued = queued.clone();
            world
                .change(move |tx| {
                    let done = job::add(tx, HOUSE, &queued, now, now);
                    Box::pin(async move { done })
                })
                .await;
        };
        add(&queued).await;
        jobs::run_due(&world.app).await.unwrap();
        let case = seen(&world, by, HOUSE, id).await;
        assert_eq!((case.reason.as_str(), case.cause.as_deref()), ("job_failed", Some("reconcile")));
        assert_eq!((case.cause_id, case.version), (Some(queued.id().0), 0));
        jobs::run_due(&world.app).await.unwrap();
        assert_eq!(seen(&world, by, HOUSE, id).await.version, 0, "once");
        act(&world.app, (HOUSE, id), (by, 0), Act::Set(CaseState::Solved)).await.unwrap();
        world.sql("DELETE FROM job WHERE id = $1", vec![queued.id().into()]).await;
        add(&queued).await;
        jobs::run_due(&world.app).await.unwrap();
        let again = seen(&world, by, HOUSE, id).await;
        assert_eq!((again.state, again.changed_how), (CaseState::Reopened, CaseStep::CameBack));
        // One that cannot be read is one too.
        let unread = reconcile("2026-03-02");
        add(&unread).await;
        world.sql("UPDATE job SET payload = '{}' WHERE id = $1", vec![unread.id().into()]).await;
        jobs::run_due(&world.app).await.unwrap();
        let case = seen(&world, by, HOUSE, CaseId(unread.id().0.derive(0x75, 0))).await;
        assert_eq!(case.cause.as_deref(), Some("unread"));
    })
    .await;
}

#[tokio::test]
async fn a_case_about_an_item_is_one_and_both_lead_to_each_other() {
    on_both(async |world: World| {
        use everline_app::reconciliation::{queue::item, reconcile};
        use everline_app::support::open_for_item;
        let kit = world.line(Family::Watch).await;
        let (order, attempt) = world.checkout(&kit, "days").await;
        world.pays(&attempt).await;
        // The bill of the day knows of another amount than our books.
        let line = world.provider.payment_line(&attempt.out_trade_no, world.app.clock.now().system);
        let amount = Money::from_micros(line.amount.micros() - 10_000, Currency::CNY);
        let day = "2026-03-10".parse().unwrap();
        world.provider.set_bill(day, BillAnswer::Bill(vec![BillLine { amount, ..line }]));
        world.pass(2 * DAY_US).await;
        reconcile(&world.app, Provider::Alipay, day).await.unwrap();
        let finance = world.member("finance").await;
        let found = everline_app::reconciliation::queue::open_items(&world.app, finance).await.unwrap().rows;
        let about = found.first().unwrap().id;
        let (customer, id) = open_for_item(&world.app, finance, about, "问支付宝").await.unwrap();
        assert_eq!(customer, order.customer);
        let again = open_for_item(&world.app, finance, about, "又问").await;
        assert_eq!(again.unwrap_err(), refused(NotTaken::Already));
        assert_eq!(item(&world.app, about, finance).await.unwrap().case, Some((customer, id)));
        let by = member(&world).await;
        let view = for_staff(&world.app, by, customer, id).await.unwrap();
        assert_eq!((view.case.cause.as_deref(), view.case.cause_id), (Some("item"), Some(about.0)));
        assert_eq!(view.entries[0].0.kind, EntryKind::Note);
        // Solved, it is opened again by the next question.
        act(&world.app, (customer, id), (by, 0), Act::Set(CaseState::Solved)).await.unwrap();
        world.app.clock.pass_us(1_000);
        assert_eq!(open_for_item(&world.app, finance, about, "又问").await, Ok((customer, id)));
        let view = for_staff(&world.app, by, customer, id).await.unwrap();
        assert_eq!((view.case.state, view.entries.len()), (CaseState::Open, 2));
        world.sound().await;
    })
    .await;
}

#[tokio::test]
async fn messages_that_do_not_reach_a_customer_are_one_case() {
    on_both(async |world: World| {
        let kit = world.line(Family::Watch).await;
        let by = member(&world).await;
        world.messenger.always("send", Fate::Refuses);
        world.buys(&kit, "days").await;
        world.buys(&kit, "days").await;
        world.settle().await;
        let failed = Which { reason: Some(CaseReason::MessageFailed), ..Which::default() };
        let found = queue(&world.app, by, Wanted { which: failed, ..Wanted::default() }).await.unwrap().cases;
        assert_eq!(found.len(), 1, "{found:?}");
        assert_eq!((found[0].0.priority, found[0].0.line), (Priority::Low, Some(kit.line)));
        world.sound().await;
    })
    .await;
}
