//! Reviews, questions and answers: who may write, what staff decide, what is reported, and what stays of an author who is
//! erased.

use crate::world::{Kit, World, on_both};
use everline_app::choose::{Before, OfferingPage, choosing, offering_page};
use everline_app::contribution::{
    Page, answer, answer_as_staff, ask, decide, open_contributions, report, review, withdraw,
};
use everline_app::{Problem, privacy, retention};
use everline_core::contribution::{ContributionState, ContributionStep, NotContributed};
use everline_core::fit::TooLittle;
use everline_core::ids::{ContributionId, RawId};
use everline_core::offering::{Family, OfferingRef, Unit};
use everline_core::retention::Retention;
use everline_core::time::{DAY_US, HOUR_US};
use everline_store::tables::contribution::Contribution;
use everline_store::tables::staff;

const NOT_USED: Result<(), Problem> = Err(Problem::NotContributed(NotContributed::NotUsed));
const NOT_SHOWN: Result<(), Problem> = Err(Problem::NotContributed(NotContributed::NotShown));
const CHANGED: Result<(), Problem> = Err(Problem::NotContributed(NotContributed::Changed));

fn on<'a>(kit: &Kit, offering: &'a str) -> Page<'a> {
    Page { customer: kit.customer, line: kit.line, offering }
}
async fn page(world: &World, kit: &Kit, code: &str) -> OfferingPage {
    let offering = OfferingRef { code: code.to_owned(), version: 1 };
    offering_page(&world.app, (kit.customer, kit.line), offering, Before::default()).await.unwrap()
}
fn id(world: &World) -> ContributionId {
    ContributionId(world.app.clock.id())
}
/// A line that has used `days` for two days.
async fn user(world: &World) -> Kit {
    let kit = world.line(Family::Watch).await;
    world.buys(&kit, "days").await;
    world.pass(2 * DAY_US).await;
    kit
}
async fn agent(world: &World) -> RawId {
    let id = world.app.clock.id();
    world
        .change(move |tx| {
            staff::add(tx, id, "何静", "agent");
            Box::pin(async { Ok(()) })
        })
        .await;
    id
}
/// What waits for staff: its only contribution.
async fn waiting(world: &World, by: RawId) -> Contribution {
    let open = open_contributions(&world.app, by).await.unwrap().open.rows;
    assert_eq!(open.len(), 1, "{open:?}");
    open.into_iter().next().unwrap().0
}
async fn publish(world: &World, by: RawId) -> ContributionId {
    let found = waiting(world, by).await;
    decide(&world.app, (found.id, found.version), ContributionStep::Publish, "", by).await.unwrap();
    found.id
}

#[tokio::test]
async fn only_whoever_used_it_for_a_day_reviews_it() {
    on_both(async |world: World| {
        let kit = world.line(Family::Watch).await;
        let write = async |code| review(&world.app, on(&kit, code), "4", "好用", "").await;
        assert_eq!(write("days").await, NOT_USED, "nothing was bought");
        world.buys(&kit, "days").await;
        assert_eq!(write("days").await, NOT_USED, "bought just now");
        world.pass(DAY_US - HOUR_US).await;
        assert_eq!(write("days").await, NOT_USED, "not a day yet");
        // A second one waits behind the first: it is paid and not used.
        world.buys(&kit, "month").await;
        world.pass(2 * HOUR_US).await;
        assert_eq!(write("days").await, Ok(()));
        assert_eq!(write("month").await, NOT_USED, "it waits behind the other");
        assert_eq!(write("pack").await, NOT_USED);
        assert_eq!(write("nothing").await, Err(Problem::NotFound("offering")));
        // What starts on first use is used when it was begun, not when it was bought.
        let trip = world.line(Family::Travel).await;
        world.buys(&trip, "trip").await;
        world.pass(3 * DAY_US).await;
        assert_eq!(review(&world.app, on(&trip, "trip"), "5", "", "").await, NOT_USED);
        let session = world.attach(&trip).await.session;
        world.report(session, 1, 1_000).await;
        world.pass(DAY_US + HOUR_US).await;
        assert_eq!(review(&world.app, on(&trip, "trip"), "5", "", "").await, Ok(()));
        // Another customer's line is no line of theirs.
        let stolen = Page { customer: trip.customer, ..on(&kit, "days") };
        assert_eq!(review(&world.app, stolen, "1", "", "").await, Err(Problem::NotFound("line")));
        world.sound().await;
    })
    .await;
}

#[tokio::test]
async fn a_review_is_seen_once_staff_published_it_and_again_after_each_change() {
    on_both(async |world: World| {
        let (kit, reader, by) = (user(&world).await, world.line(Family::Watch).await, agent(&world).await);
        review(&world.app, on(&kit, "days"), "4", " 信号好\r\n<script>alert(1)</script> ", "CN-SH").await.unwrap();
        let mine = page(&world, &kit, "days").await;
        assert!(mine.used && mine.reviews.is_empty() && mine.rating.count() == 0);
        assert_eq!(
            (mine.mine[0].state, mine.mine[0].words.as_str()),
            (ContributionState::Waiting, "信号好\n<script>alert(1)</script>")
        );
        let id = publish(&world, by).await;
        let seen = page(&world, &reader, "days").await;
        assert!(!seen.used && seen.mine.is_empty());
        let [one] = seen.reviews.as_slice() else { panic!("{:?}", seen.reviews) };
        assert_eq!((one.author.as_str(), one.region.as_deref(), one.reports), ("林*", Some("CN-SH"), 0));
        assert_eq!(seen.rating.tenths(), Some(40));
        // One review of an offering by a customer: writing again changes it, and staff look again.
        review(&world.app, on(&kit, "days"), "1", "又断了", "").await.unwrap();
        assert!(page(&world, &reader, "days").await.reviews.is_empty());
        let again = waiting(&world, by).await;
        assert_eq!((again.id, again.region), (id, None));
        let refuse = |reason| decide(&world.app, (id, again.version), ContributionStep::Refuse, reason, by);
        assert!(matches!(refuse(" ").await, Err(Problem::Invalid { field: "reason", .. })));
        let long = "x".repeat(201);
        assert!(matches!(refuse(&long).await, Err(Problem::Invalid { field: "reason", .. })));
        refuse("请写套餐本身").await.unwrap();
        let mine = page(&world, &kit, "days").await.mine;
        assert_eq!((mine[0].state, mine[0].reason.as_deref()), (ContributionState::Refused, Some("请写套餐本身")));
        withdraw(&world.app, kit.customer, id).await.unwrap();
        withdraw(&world.app, kit.customer, id).await.unwrap();
        assert!(page(&world, &kit, "days").await.mine.is_empty());
        assert_eq!(withdraw(&world.app, reader.customer, id).await, Err(Problem::NotFound("contribution")));
        // Whoever took it back may write again.
        review(&world.app, on(&kit, "days"), "3", "", "").await.unwrap();
        assert_eq!(publish(&world, by).await, id);
        world.sound().await;
    })
    .await;
}

#[tokio::test]
async fn nobody_decides_about_what_they_did_not_read() {
    on_both(async |world: World| {
        let (kit, by) = (user(&world).await, agent(&world).await);
        review(&world.app, on(&kit, "days"), "5", "好", "").await.unwrap();
        let read = waiting(&world, by).await;
        review(&world.app, on(&kit, "days"), "5", "广告", "").await.unwrap();
        let decide = |version, step, why| decide(&world.app, (read.id, version), step, why, by);
        assert_eq!(decide(read.version, ContributionStep::Publish, "").await, CHANGED);
        let now = waiting(&world, by).await;
        assert_eq!(decide(now.version, ContributionStep::Keep, "").await, CHANGED, "nothing to keep");
        decide(now.version, ContributionStep::Publish, "").await.unwrap();
        // The same decision again, as after a lost answer, is no second one; another one is too late.
        decide(now.version, ContributionStep::Publish, "").await.unwrap();
        assert_eq!(decide(now.version, ContributionStep::Refuse, "不行").await, CHANGED);
        assert_eq!(decide(now.version, ContributionStep::Withdraw, "").await, Err(Problem::NotAllowed));
        let stranger = RawId::from_bytes([9; 16]);
        let refused =
            everline_app::contribution::decide(&world.app, (read.id, 9), ContributionStep::Publish, "", stranger);
        assert_eq!(refused.await, Err(Problem::NotAllowed));
        assert_eq!(open_contributions(&world.app, stranger).await, Err(Problem::NotAllowed));
        world.sound().await;
    })
    .await;
}

#[tokio::test]
async fn what_is_reported_stays_until_staff_decide() {
    on_both(async |world: World| {
        let (kit, reader, by) = (user(&world).await, world.line(Family::Watch).await, agent(&world).await);
        review(&world.app, on(&kit, "days"), "2", "一般", "").await.unwrap();
        let id = waiting(&world, by).await.id;
        assert_eq!(report(&world.app, reader.customer, id).await, NOT_SHOWN);
        assert_eq!(report(&world.app, reader.customer, ContributionId(RawId::from_bytes([9; 16]))).await, NOT_SHOWN);
        publish(&world, by).await;
        for _ in 0..2 {
            report(&world.app, reader.customer, id).await.unwrap();
        }
        let seen = page(&world, &reader, "days").await;
        assert_eq!((seen.reviews.len(), seen.rating.count()), (1, 1), "one report silences nobody");
        let reported = waiting(&world, by).await;
        assert_eq!((reported.state, reported.reports), (ContributionState::Reported, 1));
        let decide = |found: &Contribution, step, why| decide(&world.app, (found.id, found.version), step, why, by);
        decide(&reported, ContributionStep::Keep, "").await.unwrap();
        // The same customer reports once, whatever staff decided; another one is heard.
        report(&world.app, reader.customer, id).await.unwrap();
        assert!(open_contributions(&world.app, by).await.unwrap().open.rows.is_empty());
        report(&world.app, world.person().await, id).await.unwrap();
        let reported = waiting(&world, by).await;
        decide(&reported, ContributionStep::Hide, "有电话号码").await.unwrap();
        assert!(page(&world, &reader, "days").await.reviews.is_empty());
        assert_eq!(page(&world, &kit, "days").await.mine[0].reason.as_deref(), Some("有电话号码"));
        world.sound().await;
    })
    .await;
}

#[tokio::test]
async fn questions_are_answered_by_staff_and_by_who_used_it() {
    on_both(async |world: World| {
        let (kit, asker, by) = (user(&world).await, world.line(Family::Watch).await, agent(&world).await);
        ask(&world.app, on(&asker, "days"), id(&world), "在地铁里能用吗？").await.unwrap();
        let question = waiting(&world, by).await.id;
        assert_eq!(answer(&world.app, on(&kit, "days"), (id(&world), question), "能").await, NOT_SHOWN);
        publish(&world, by).await;
        assert_eq!(open_contributions(&world.app, by).await.unwrap().unanswered.rows.len(), 1);
        assert_eq!(answer(&world.app, on(&asker, "days"), (id(&world), question), "不知道").await, NOT_USED);
        assert_eq!(answer(&world.app, on(&kit, "month"), (id(&world), question), "能").await, NOT_USED);
        assert!(matches!(
            answer(&world.app, on(&kit, "days"), (id(&world), question), " ").await,
            Err(Problem::Invalid { .. })
        ));
        answer(&world.app, on(&kit, "days"), (id(&world), question), "2 号线可以").await.unwrap();
        let open = open_contributions(&world.app, by).await.unwrap();
        assert_eq!(open.open.rows[0].1.as_ref().map(|question| question.words.as_str()), Some("在地铁里能用吗？"));
        publish(&world, by).await;
        // Sent twice it is there once; and a colleague whose page is older than it is told so.
        let (colleague, node) = (world.member("agent").await, world.another_node());
        let (one, two) = tokio::join!(
            answer_as_staff(&world.app, question, "全线覆盖", by),
            answer_as_staff(&node.app, question, "全线覆盖", by)
        );
        assert_eq!((one, two), (Ok(()), Ok(())));
        assert_eq!(answer_as_staff(&world.app, question, "也许", colleague).await, Err(Problem::Stale));
        assert!(open_contributions(&world.app, by).await.unwrap().unanswered.rows.is_empty());
        let seen = page(&world, &asker, "days").await.questions;
        let [(asked, answers)] = seen.as_slice() else { panic!("{seen:?}") };
        assert_eq!((asked.author.as_str(), answers.len()), ("林*", 2));
        // Given in the same millisecond: either comes first.
        assert_eq!(answers.iter().filter_map(|answer| answer.staff).collect::<Vec<_>>(), [by]);
        // With the question gone its answers are not shown, and cannot be given.
        withdraw(&world.app, asker.customer, question).await.unwrap();
        assert!(page(&world, &kit, "days").await.questions.is_empty());
        assert_eq!(answer_as_staff(&world.app, question, "再答", by).await, NOT_SHOWN);
        world.sound().await;
    })
    .await;
}

#[tokio::test]
async fn texts_and_how_many_are_limited() {
    on_both(async |world: World| {
        let kit = user(&world).await;
        for (stars, text, region, field) in [
            ("0", "", "", "stars"),
            ("6", "", "", "stars"),
            ("", "", "", "stars"),
            ("5", "\u{7}", "", "text"),
            ("5", &"字".repeat(501), "", "text"),
            ("5", "", "US-CA", "region"),
        ] {
            let refused = review(&world.app, on(&kit, "days"), stars, text, region).await;
            assert!(matches!(refused, Err(Problem::Invalid { field: wrong, .. }) if wrong == field), "{refused:?}");
        }
        for n in 0..10 {
            ask(&world.app, on(&kit, "days"), id(&world), &format!("问题 {n}")).await.unwrap();
        }
        let too_many = ask(&world.app, on(&kit, "days"), id(&world), "又一个").await;
        assert!(matches!(too_many, Err(Problem::TooMany { .. })), "{too_many:?}");
        assert!(ask(&world.app, on(&user(&world).await, "days"), id(&world), "别人的").await.is_ok());
        world.pass(DAY_US).await;
        assert!(ask(&world.app, on(&kit, "days"), id(&world), "明天的").await.is_ok());
        world.sound().await;
    })
    .await;
}

#[tokio::test]
async fn an_erased_author_is_nobody_and_what_nobody_sees_has_an_end() {
    on_both(async |world: World| {
        let (kit, reader, by) = (user(&world).await, world.line(Family::Watch).await, agent(&world).await);
        review(&world.app, on(&kit, "days"), "5", "很好", "CN-SH").await.unwrap();
        let shown = publish(&world, by).await;
        ask(&world.app, on(&kit, "month"), id(&world), "多少钱？").await.unwrap();
        let waits = waiting(&world, by).await.id;
        report(&world.app, reader.customer, shown).await.unwrap();
        let exported = privacy::export(&world.app.store, kit.customer, &world.app.zone).await.unwrap();
        assert_eq!(exported["records"]["contribution"].as_array().map(Vec::len), Some(2));
        assert_eq!(exported["records"]["contribution"][0]["words"], "很好");
        let over = "UPDATE line SET state = 'handed_over', state_until = NULL WHERE customer_id = $1";
        world.sql(over, vec![kit.customer.into()]).await;
        let now = world.app.clock.now();
        privacy::erase(&world.app.store, kit.customer, now.business).await.unwrap();
        let seen = page(&world, &reader, "days").await.reviews;
        assert_eq!((seen[0].author.as_str(), seen[0].customer, seen[0].line), ("", None, None));
        let gone = world.look(move |tx| Box::pin(everline_store::tables::contribution::get(tx, waits))).await.unwrap();
        assert_eq!((gone.state, gone.words.as_str(), gone.customer), (ContributionState::Withdrawn, "", None));
        // Withdrawn, refused and hidden ones go when their time is over, and so do reports.
        let later = now.system.plus_us(401 * DAY_US);
        let removed = retention::enforce(&world.app.store, &Retention::default(), later).await.unwrap();
        assert_eq!((removed["contribution"], removed["contribution_report"]), (1, 1));
        assert_eq!(page(&world, &reader, "days").await.reviews.len(), 1);
    })
    .await;
}

#[tokio::test]
async fn verify_finds_contributions_that_contradict_themselves() {
    on_both(async |world: World| {
        let (kit, asker, by) = (user(&world).await, world.line(Family::Watch).await, agent(&world).await);
        review(&world.app, on(&kit, "days"), "5", "好", "").await.unwrap();
        publish(&world, by).await;
        ask(&world.app, on(&asker, "days"), id(&world), "好吗？").await.unwrap();
        let question = publish(&world, by).await;
        answer_as_staff(&world.app, question, "好", by).await.unwrap();
        world.sound().await;
        for (damage, repair, invariant) in [
            ("stars = 6", "stars = 5", "contribution_whole"),
            ("state = 'withdrawn'", "state = 'published'", "contribution_whole"),
            ("state = 'reported'", "state = 'published'", "contribution_whole"),
            ("state = 'good'", "state = 'published'", "stored_word"),
            ("offering_code = 'nothing'", "offering_code = 'days'", "contribution_whole"),
            ("staff_id = id", "staff_id = NULL", "contribution_whole"),
        ] {
            let change = |set: &str| format!("UPDATE contribution SET {set} WHERE kind = 'review'");
            world.sql(&change(damage), Vec::new()).await;
            let report = world.verify().await;
            assert!(report.findings.iter().any(|found| found.invariant == invariant), "{damage}: {report}");
            world.sql(&change(repair), Vec::new()).await;
            world.sound().await;
        }
        for damage in ["answered_at = NULL", "offering_code = 'month'"] {
            world.sql(&format!("UPDATE contribution SET {damage} WHERE kind = 'question'"), Vec::new()).await;
            let report = world.verify().await;
            assert!(
                report.findings.iter().any(|found| found.invariant == "contribution_question"),
                "{damage}: {report}"
            );
        }
    })
    .await;
}

#[tokio::test]
async fn the_plan_that_fits_follows_from_what_was_really_used() {
    on_both(async |world: World| {
        let kit = world.line(Family::Watch).await;
        world.buys(&kit, "month").await;
        let session = world.attach(&kit).await.session;
        let fitting = async || choosing(&world.app, kit.customer, kit.line).await.unwrap().fitting;
        for day in 0..3 {
            assert_eq!(fitting().await, Err(TooLittle::Days { days: day }));
            world.report(session, day.unsigned_abs() + 1, 30_000_000).await;
            world.pass(DAY_US).await;
        }
        // Today counts for nothing yet.
        world.report(session, 9, 900_000_000).await;
        let found = fitting().await.unwrap();
        assert_eq!((found.observed.days, found.used.as_slice()), (3, &[(Unit::Octets, 90_000_000)][..]));
        // 30 MB a day: 0.99 GB in 30 days with the margin, which `days` holds.
        let first = &found.fits[0];
        assert_eq!((first.plan.code.as_str(), first.covers, first.needs[0].needs), ("days", true, 990_000_000));
        assert_eq!((first.packs.len(), first.cost_30_days.micros()), (0, 9_900_000));
        world.sound().await;
    })
    .await;
}

#[tokio::test]
async fn everything_on_sale_is_there_with_the_reason_if_it_cannot_be_taken() {
    on_both(async |world: World| {
        let kit = world.line(Family::Watch).await;
        let found = choosing(&world.app, kit.customer, kit.line).await.unwrap();
        assert_eq!(found.offerings.len(), 6);
        let quote = |code: &str| {
            let one = found.offerings.iter().find(|one| one.choice.offering.reference.code == code).unwrap();
            one.choice.quote.clone().map(|quote| quote.price.micros())
        };
        assert_eq!(quote("days"), Ok(9_900_000));
        assert_eq!(quote("pack"), Err(everline_core::quote::NotSellable::NeedsPlan));
        assert!(found.fitting.is_err(), "nothing was used");
        let stranger = world.person().await;
        assert_eq!(choosing(&world.app, stranger, kit.line).await, Err(Problem::NotFound("line")));
        world.set_sale("days", everline_core::offering::SaleState::Draft).await;
        let days = OfferingRef { code: "days".to_owned(), version: 1 };
        let draft = offering_page(&world.app, (kit.customer, kit.line), days, Before::default()).await;
        assert_eq!(draft.map(|_| ()), Err(Problem::NotFound("offering")));
    })
    .await;
}

#[tokio::test]
async fn what_is_sent_twice_is_there_once_and_under_nobody_elses_id() {
    on_both(async |world: World| {
        let kit = user(&world).await;
        let (asks, other) = (id(&world), user(&world).await);
        for _ in 0..2 {
            ask(&world.app, on(&kit, "days"), asks, "在地铁里能用吗？").await.unwrap();
        }
        let differs = Err(Problem::ExistsDifferently("contribution"));
        assert_eq!(ask(&world.app, on(&kit, "days"), asks, "在山里能用吗？").await, differs);
        assert_eq!(ask(&world.app, on(&kit, "month"), asks, "在地铁里能用吗？").await, differs);
        assert_eq!(ask(&world.app, on(&other, "days"), asks, "在地铁里能用吗？").await, differs);
        let by = agent(&world).await;
        let open = open_contributions(&world.app, by).await.unwrap().open;
        assert_eq!(open.rows.iter().map(|(found, _)| found.id).collect::<Vec<_>>(), [asks]);
        decide(&world.app, (asks, 0), ContributionStep::Publish, "", by).await.unwrap();
        let answers = id(&world);
        for _ in 0..2 {
            answer(&world.app, on(&kit, "days"), (answers, asks), "2 号线可以").await.unwrap();
        }
        assert_eq!(answer(&world.app, on(&other, "days"), (answers, asks), "2 号线可以").await, differs);
        withdraw(&world.app, kit.customer, answers).await.unwrap();
        assert_eq!(
            answer(&world.app, on(&kit, "days"), (answers, asks), "2 号线可以").await,
            Ok(()),
            "stays taken back"
        );
        assert!(open_contributions(&world.app, by).await.unwrap().open.rows.is_empty());
        world.sound().await;
    })
    .await;
}
