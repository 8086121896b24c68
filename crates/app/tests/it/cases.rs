//! Cases: who opens, reads and writes them, their limits, their files, and what staff do.

use crate::world::{Kit, World, on_both};
use everline_app::Problem;
use everline_app::place_order::find_by_token;
use everline_app::privacy::export;
use everline_app::retention::enforce;
use everline_app::support::{
    About, Act, CaseView, NewCase, Reader, Sent, Wanted, act, act_once, cases, file, for_guest, for_owner, for_staff,
    open, queue, solved, write,
};
use everline_core::attachment::{FILE_MAX, FileKind};
use everline_core::ids::{CaseId, CustomerId, RawId};
use everline_core::offering::Family;
use everline_core::retention::Retention;
use everline_core::support::{CaseFor, CaseState, EntryKind, NotTaken, OPEN_MAX, Side};
use everline_core::time::DAY_US;
use everline_store::tables::staff;

fn sent(name: &str, content: &[u8]) -> Sent {
    Sent { name: name.to_owned(), content: content.to_vec() }
}
fn ask(world: &World, about: About, files: Vec<Sent>) -> NewCase {
    NewCase {
        id: CaseId(world.app.clock.id()),
        for_whom: CaseFor::Owner,
        about,
        subject: "没有生效".to_owned(),
        text: "付款了\r\n没有网".to_owned(),
        files,
        follows: None,
    }
}
async fn agent(world: &World) -> RawId {
    let id = world.app.clock.id();
    world
        .change(move |tx| {
            staff::add(tx, id, "周航", "agent");
            Box::pin(async { Ok(()) })
        })
        .await;
    id
}
fn said(view: &CaseView) -> Vec<(EntryKind, &str)> {
    view.entries.iter().map(|(entry, _)| (entry.kind, entry.text.as_str())).collect()
}

#[tokio::test]
async fn a_case_knows_what_it_is_about_and_both_sides_write_in_it() {
    on_both(async |world: World| {
        let kit = world.line(Family::Watch).await;
        let (order, attempt) = world.checkout(&kit, "days").await;
        let about = About { order: Some(order.id), line: None, step: Some("order") };
        let new = ask(&world, about, vec![sent("../截图.exe", b"\x89PNG\r\n\x1a\n1")]);
        let id = open(&world.app, kit.customer, new.clone()).await.unwrap();
        assert_eq!(open(&world.app, kit.customer, new).await, Ok(id), "sent twice, opened once");
        let case = (kit.customer, id);
        let view = for_owner(&world.app, kit.customer, id).await.unwrap();
        assert_eq!(
            (view.case.order, view.case.line, view.case.attempt),
            (Some(order.id), Some(kit.line), Some(attempt.id))
        );
        assert_eq!((view.case.side, view.case.state), (Some(Side::You), CaseState::Open));
        assert_eq!(said(&view), [(EntryKind::Asker, "付款了\n没有网")]);
        let info = &view.files[0];
        assert_eq!((info.name.as_str(), info.kind, info.octets), ("截图.png", FileKind::Png, 9));
        let content = file(&world.app, case, info.id, Reader::Owner).await.unwrap();
        assert_eq!(content.2, b"\x89PNG\r\n\x1a\n1");
        // The page of the order does not say that the system found something.
        assert!(world.cases(&order).await.is_empty());

        // Nobody else's.
        let stranger = world.person().await;
        let none = Problem::NotFound("case");
        assert_eq!(for_owner(&world.app, stranger, id).await.unwrap_err(), none);
        assert_eq!(file(&world.app, (stranger, id), info.id, Reader::Owner).await.unwrap_err(), none);
        assert_eq!(
            write(&world.app, (stranger, id), Reader::Owner, world.app.clock.id(), "x", Vec::new()).await.unwrap_err(),
            none
        );
        assert_eq!(file(&world.app, case, info.id, Reader::Guest(order.id)).await.unwrap_err(), none);
        let theirs = ask(&world, About { order: Some(order.id), ..About::default() }, Vec::new());
        assert_eq!(open(&world.app, stranger, theirs).await.unwrap_err(), Problem::NotFound("order"));
        assert_eq!(for_staff(&world.app, kit.customer.0, kit.customer, id).await.unwrap_err(), Problem::NotAllowed);

        // Staff: a note that nobody else reads, an answer of which the owner is told, and a page that is stale.
        let by = agent(&world).await;
        assert_eq!(queue(&world.app, by, Wanted::default()).await.unwrap().cases[0].0.id, id);
        world.app.clock.pass_us(1_000);
        act(&world.app, case, (by, 0), Act::Note("内部".to_owned())).await.unwrap();
        let answer = || Act::Answer("请重启".to_owned(), CaseState::Waiting, Vec::new());
        let stale = act(&world.app, case, (by, 0), answer()).await;
        assert_eq!(stale.unwrap_err(), Problem::NotTaken(NotTaken::Stale));
        world.app.clock.pass_us(1_000);
        act(&world.app, case, (by, 1), answer()).await.unwrap();
        world.settle().await;
        assert_eq!(world.told(&kit).await.last(), Some(&"case_answered"));
        assert_eq!(world.said(&kit, "path").await.as_deref(), Some("/cases"));
        let view = for_owner(&world.app, kit.customer, id).await.unwrap();
        assert_eq!(view.case.state, CaseState::Waiting);
        assert_eq!(said(&view)[1..], [(EntryKind::Answer, "请重启")]);
        assert_eq!(view.entries[1].1, None, "the owner is not told by whom");
        let seen = for_staff(&world.app, by, kit.customer, id).await.unwrap();
        assert_eq!((seen.entries.len(), seen.entries[1].1.as_deref()), (3, Some("周航")));

        // Solved, and open again by a word; after 30 days a new one is clearer.
        solved(&world.app, case, Reader::Owner).await.unwrap();
        write(&world.app, case, Reader::Owner, world.app.clock.id(), "还是不行", Vec::new()).await.unwrap();
        let state = async || for_owner(&world.app, kit.customer, id).await.unwrap().case.state;
        assert_eq!(state().await, CaseState::Reopened);
        let version = for_staff(&world.app, by, kit.customer, id).await.unwrap().case.version;
        act(&world.app, case, (by, version), Act::Set(CaseState::Solved)).await.unwrap();
        let again = act(&world.app, case, (by, version + 1), Act::Set(CaseState::Solved)).await;
        assert_eq!(again.unwrap_err(), Problem::NotTaken(NotTaken::Already));
        world.sound().await;
        world.app.clock.pass_us(31 * DAY_US);
        let late = write(&world.app, case, Reader::Owner, world.app.clock.id(), "x", Vec::new()).await;
        assert_eq!(late.unwrap_err(), Problem::NotTaken(NotTaken::Over));

        // All of it is handed out, and goes when its time is over.
        let all = export(&world.app.store, kit.customer, &world.app.zone).await.unwrap();
        assert_eq!(all["records"]["support_case"][0]["subject"], "没有生效");
        assert_eq!(all["records"]["case_entry"].as_array().unwrap().len(), 4);
        assert_eq!(all["records"]["case_attachment"][0]["name"], "截图.png");
        let (rules, now) = (Retention::default(), world.app.clock.now().system);
        let removed = enforce(&world.app.store, &rules, now.plus_us(380 * DAY_US)).await.unwrap();
        assert_eq!((removed["case_entry"], removed["case_file"], removed["case"]), (4, 1, 1));
        assert_eq!(for_owner(&world.app, kit.customer, id).await.unwrap_err(), none);
    })
    .await;
}

async fn guest_order(world: &World, kit: &Kit) -> (CustomerId, everline_core::ids::OrderId) {
    let token = "c0ffee".repeat(11);
    let mut new = world.new_order(kit, "days", everline_core::ids::OrderId(world.app.clock.id()));
    (new.placed_by, new.token) = (everline_core::order::PlacedBy::Guest, Some(token.clone()));
    everline_app::place_order::place_order(&world.app, new).await.unwrap();
    find_by_token(&world.app, &token).await.unwrap()
}

#[tokio::test]
async fn a_guests_case_is_the_guests_alone() {
    on_both(async |world: World| {
        let kit = world.line(Family::Watch).await;
        let (customer, order) = guest_order(&world, &kit).await;
        assert_eq!(for_guest(&world.app, customer, order).await.unwrap(), None);
        let new = || NewCase {
            for_whom: CaseFor::Guest,
            ..ask(&world, About { order: Some(order), ..About::default() }, vec![sent("a.txt", "号码 123".as_bytes())])
        };
        let id = open(&world.app, customer, new()).await.unwrap();
        assert_eq!(open(&world.app, customer, new()).await.unwrap_err(), Problem::NotTaken(NotTaken::TooManyOpen));
        assert_eq!(for_owner(&world.app, customer, id).await.unwrap_err(), Problem::NotFound("case"));
        assert!(cases(&world.app, customer).await.unwrap().is_empty());
        let by = agent(&world).await;
        world.app.clock.pass_us(1_000);
        act(&world.app, (customer, id), (by, 0), Act::Answer("好的".to_owned(), CaseState::Waiting, Vec::new()))
            .await
            .unwrap();
        world.settle().await;
        assert!(!world.told(&kit).await.contains(&"case_answered"), "the owner is not told");
        let view = for_guest(&world.app, customer, order).await.unwrap().unwrap();
        assert_eq!(said(&view).last(), Some(&(EntryKind::Answer, "好的")));
        let all = export(&world.app.store, customer, &world.app.zone).await.unwrap();
        for table in ["support_case", "case_entry", "case_attachment"] {
            assert!(all["records"][table].as_array().unwrap().is_empty(), "{table}");
        }
        world.sound().await;
    })
    .await;
}

#[tokio::test]
async fn what_strangers_can_send_has_limits() {
    on_both(async |world: World| {
        let kit = world.line(Family::Watch).await;
        let invalid = |field, rule| Problem::Invalid { field, rule };
        let with = |files: Vec<Sent>| ask(&world, About::default(), files);
        let large = vec![b'a'; FILE_MAX + 1];
        for (new, problem) in [
            (NewCase { subject: String::new(), ..with(Vec::new()) }, invalid("subject", "1-to-100")),
            (NewCase { subject: "两\n行".to_owned(), ..with(Vec::new()) }, invalid("subject", "1-to-100")),
            (NewCase { subject: "长".repeat(101), ..with(Vec::new()) }, invalid("subject", "1-to-100")),
            (NewCase { text: "\u{7}".to_owned(), ..with(Vec::new()) }, invalid("text", "1-to-4000")),
            (NewCase { text: "长".repeat(4_001), ..with(Vec::new()) }, invalid("text", "1-to-4000")),
            (with(vec![sent("a.png", b"<svg onload=alert(1)>")]), invalid("files", "kind")),
            (with(vec![sent("a.txt", &large)]), invalid("files", "too-large")),
            (with(vec![sent("a.txt", b"a"); 4]), invalid("files", "too-many")),
        ] {
            assert_eq!(open(&world.app, kit.customer, new).await.unwrap_err(), problem);
        }
        let file = || vec![sent("a.txt", b"a"); 3];
        let id = open(&world.app, kit.customer, with(file())).await.unwrap();
        for _ in 0..3 {
            write(&world.app, (kit.customer, id), Reader::Owner, world.app.clock.id(), "x", file()).await.unwrap();
        }
        let full = write(&world.app, (kit.customer, id), Reader::Owner, world.app.clock.id(), "x", file()).await;
        assert_eq!(full.unwrap_err(), invalid("files", "too-many-of-case"));
        for _ in 1..OPEN_MAX {
            open(&world.app, kit.customer, with(Vec::new())).await.unwrap();
        }
        let many = open(&world.app, kit.customer, with(Vec::new())).await;
        assert_eq!(many.unwrap_err(), Problem::NotTaken(NotTaken::TooManyOpen));
        world.sound().await;
        let found = async |sql: &str| {
            world.sql(sql, vec![kit.customer.into()]).await;
            world.verify().await.findings.into_iter().map(|finding| finding.invariant).collect::<Vec<_>>()
        };
        assert!(found("UPDATE case_attachment SET octets = 2 WHERE customer_id = $1").await.contains(&"file_octets"));
        assert!(found("UPDATE support_case SET state = 'solved' WHERE customer_id = $1").await.contains(&"case_state"));
        assert!(
            found("UPDATE support_case SET for_whom = 'staff' WHERE customer_id = $1").await.contains(&"case_reader")
        );
        assert!(found("DELETE FROM support_case WHERE customer_id = $1").await.contains(&"part_of_case"));
    })
    .await;
}

#[tokio::test]
async fn what_is_sent_twice_is_written_once_and_by_nobody_else() {
    on_both(async |world: World| {
        let kit = world.line(Family::Watch).await;
        let by = agent(&world).await;
        let mut opened = Vec::new();
        for _ in 0..2 {
            opened.push(open(&world.app, kit.customer, ask(&world, About::default(), Vec::new())).await.unwrap());
        }
        let (case, other) = ((kit.customer, opened[0]), (kit.customer, opened[1]));
        let entry = world.app.clock.id();
        let differs = Err(Problem::ExistsDifferently("entry"));
        // Typed from a page that is older than the answer.
        let answers = world.app.clock.id();
        let answer = |text: &str| Act::Answer(text.to_owned(), CaseState::Waiting, Vec::new());
        world.pass(1_000).await;
        act_once(&world.app, case, (by, 0), answers, answer("请重启")).await.unwrap();
        assert_eq!(act_once(&world.app, case, (by, 0), answers, answer("请重启")).await, Ok(()));
        let stale = Err(Problem::NotTaken(NotTaken::Stale));
        assert_eq!(act(&world.app, case, (by, 0), answer("请重启")).await, stale);
        assert_eq!(act_once(&world.app, case, (by, 1), answers, answer("另一句")).await, differs);
        let colleague = agent(&world).await;
        assert_eq!(act_once(&world.app, case, (colleague, 1), answers, answer("请重启")).await, differs);
        world.pass(1_000).await;
        let files = || vec![sent("a.txt", b"a")];
        for _ in 0..2 {
            write(&world.app, case, Reader::Owner, entry, "还是不行", files()).await.unwrap();
        }
        let writes = async |case, id, text| write(&world.app, case, Reader::Owner, id, text, Vec::new()).await;
        assert_eq!(writes(case, entry, "另一句").await, differs);
        assert_eq!(writes(other, entry, "还是不行").await, differs, "of another case");
        assert_eq!(writes(case, answers, "请重启").await, differs, "the staff's");
        let view = for_owner(&world.app, kit.customer, opened[0]).await.unwrap();
        let (asker, staff) = (EntryKind::Asker, EntryKind::Answer);
        assert_eq!(
            said(&view),
            [(asker, "付款了\n没有网"), (staff, "请重启"), (asker, "还是不行")],
            "in the order in which they were sent"
        );
        assert_eq!(view.files.len(), 1);
        // Another customer has entries of their own.
        let stranger = world.line(Family::Watch).await.customer;
        let theirs = open(&world.app, stranger, ask(&world, About::default(), Vec::new())).await.unwrap();
        assert_eq!(writes((stranger, theirs), entry, "别人的").await, Ok(()));
        world.sound().await;
    })
    .await;
}
