//! Who customers are, on both stores: said, verified, refused, corrected one field at a time, decided by people, limited.

use crate::world::{World, on_both};
use async_trait::async_trait;
use everline_app::identity::{Papers, decide, queue, say, view};
use everline_app::ports::IdentityVerifier;
use everline_app::privacy::{erase, export};
use everline_app::profile::profile;
use everline_app::sessions::{Principal, SessionInfo, open_session};
use everline_app::sign_in::session;
use everline_app::support::{self, Reader, Sent, for_staff};
use everline_app::{Problem, claim_line, ownership};
use everline_core::customer::{CustomerKind, Identity};
use everline_core::identity::{CorrectionState, Field, IdentityRules, Person, Said, Typed, Verdict, china};
use everline_core::ids::{CustomerId, RawId};
use everline_core::lifecycle::NoHandOver;
use everline_core::line::NetworkKind;
use everline_core::offering::Family;
use everline_core::support::CaseState;
use everline_core::time::{HOUR_US, MINUTE_US};
use std::collections::VecDeque;
use std::sync::{Arc, Mutex};

const NUMBER: &str = "11010519491231002X";
const OTHER: &str = "E1234567";

/// Says what it is told, in order; then nothing.
#[derive(Default)]
struct Registry {
    says: Mutex<VecDeque<Option<Verdict>>>,
    asked: Mutex<Vec<Person>>,
}
impl Registry {
    fn next(&self, says: &[Option<Verdict>]) {
        self.says.lock().unwrap().extend(says);
    }
    fn asked(&self) -> usize {
        self.asked.lock().unwrap().len()
    }
}
#[async_trait]
impl IdentityVerifier for Registry {
    fn name(&self) -> &'static str {
        "registry"
    }
    async fn verify(&self, person: &Person) -> Option<Verdict> {
        self.asked.lock().unwrap().push(person.clone());
        self.says.lock().unwrap().pop_front().flatten()
    }
}

fn with_registry(world: &World) -> (World, Arc<Registry>) {
    let (mut world, registry) = (world.clone(), Arc::new(Registry::default()));
    world.app.ports.identity = Some(registry.clone());
    (world, registry)
}
async fn entered(world: &World, customer: CustomerId) -> SessionInfo {
    let signed_in = open_session(&world.app, Principal::Customer(customer)).await.unwrap();
    session(&world.app, &signed_in.token).await.unwrap().unwrap()
}
async fn newcomer(world: &World) -> (CustomerId, SessionInfo) {
    let customer = world.person().await;
    world.sql("UPDATE customer SET identity = 'none' WHERE customer_id = $1", vec![customer.into()]).await;
    (customer, entered(world, customer).await)
}
fn citizen<'a>(name: &'a str, number: &'a str) -> Typed<'a> {
    Typed { name, kind: "cn_id", number, born: "" }
}
fn passport<'a>(name: &'a str, number: &'a str) -> Typed<'a> {
    Typed { name, kind: "passport", number, born: "1949-12-31" }
}
async fn operator(world: &World) -> RawId {
    member(world, "operator").await
}
async fn member(world: &World, role: &str) -> RawId {
    let id = world.app.clock.id();
    world
        .sql(
            "INSERT INTO staff (id, name, role, login, active) VALUES ($1, 'x', $2, $3, 1)",
            vec![id.into(), role.into(), format!("{role}-{id}").into()],
        )
        .await;
    id
}

/// What a customer agreed to, in the version of the terms that is in force.
async fn consents(world: &World, customer: CustomerId) -> Vec<String> {
    let all = export(&world.app.store, customer, &world.app.zone).await.unwrap();
    let rows = all["records"]["consent"].as_array().unwrap().clone();
    assert!(rows.iter().all(|row| row["version"] == *world.app.brand.terms_version && row["given"] == 1), "{rows:?}");
    let mut kinds: Vec<_> = rows.iter().map(|row| row["kind"].as_str().unwrap().to_owned()).collect();
    kinds.sort();
    kinds
}

#[tokio::test]
async fn what_a_customer_says_is_sealed_and_verified() {
    on_both(async |world: World| {
        let (world, registry) = with_registry(&world);
        let (customer, who) = newcomer(&world).await;
        assert_eq!(view(&world.app, &who).await.unwrap().state, Identity::None);
        let refused = say(&world.app, &who, citizen("张三", NUMBER), false, "", None).await;
        assert_eq!(refused, Err(Problem::Invalid { field: "agree", rule: "agree-first" }));
        let refused = say(&world.app, &who, citizen("张三", "110105194912310021"), true, "", None).await;
        assert_eq!(refused, Err(Problem::Invalid { field: "document_number", rule: "wrong-digit" }));
        registry.next(&[None, None, Some(Verdict::Matches)]);
        assert_eq!(consents(&world, customer).await, [""; 0], "what was refused was not agreed to");
        assert_eq!(say(&world.app, &who, citizen("张三", NUMBER), true, "", None).await, Ok(Said::Anew));
        assert_eq!(consents(&world, customer).await, ["identity_check", "terms"]);
        assert_eq!(view(&world.app, &who).await.unwrap().state, Identity::FormatChecked);
        world.jobs().await;
        assert_eq!(view(&world.app, &who).await.unwrap().state, Identity::FormatChecked, "no answer yet");
        world.pass(HOUR_US).await;
        world.pass(HOUR_US).await;
        let now = view(&world.app, &who).await.unwrap();
        assert_eq!((now.state, registry.asked()), (Identity::Verified, 3));
        assert_eq!(now.said.unwrap().0.number, NUMBER);
        // Whether a name or document is theirs is told to nobody who has not just proved who they are.
        for guess in [citizen("张三", NUMBER), citizen("李四", NUMBER)] {
            assert_eq!(say(&world.app, &who, guess, true, "", None).await, Err(Problem::ProveFirst));
        }
        world.sound().await;

        // Nothing of it stands in the clear, and nobody is handed the number of a document.
        let out = export(&world.app.store, customer, &world.app.zone).await.unwrap().to_string();
        assert!(out.contains("identity_check") && out.contains("cn_id") && !out.contains(NUMBER), "{out}");
        let sealed = world.look(move |tx| {
            Box::pin(async move { Ok(everline_store::tables::identity::get(tx, customer).await?.unwrap().sealed) })
        });
        let sealed = sealed.await;
        assert!(
            !sealed.windows(8).any(|part| part == b"19491231")
                && !sealed.windows(6).any(|part| part == "张三".as_bytes())
        );
    })
    .await;
}

#[tokio::test]
async fn what_differs_is_said_again_and_what_nobody_knows_is_for_people() {
    on_both(async |world: World| {
        let (world, registry) = with_registry(&world);
        let (_, who) = newcomer(&world).await;
        registry.next(&[Some(Verdict::Differs), Some(Verdict::Unknown)]);
        say(&world.app, &who, citizen("张三", NUMBER), true, "", None).await.unwrap();
        world.jobs().await;
        assert_eq!(view(&world.app, &who).await.unwrap().state, Identity::Failed);
        world.app.clock.pass_us(1_000);
        // Not verified, so all of it may change.
        say(&world.app, &who, passport("Zhang San", OTHER), true, "", None).await.unwrap();
        world.jobs().await;
        assert_eq!(view(&world.app, &who).await.unwrap().state, Identity::FormatChecked);
        let (agent, operator) = (member(&world, "agent").await, operator(&world).await);
        assert_eq!(queue(&world.app, agent).await, Err(Problem::NotAllowed));
        let waiting = queue(&world.app, operator).await.unwrap().rows;
        assert_eq!((waiting.len(), waiting[0].person.number.as_str()), (1, OTHER));
        let at = waiting[0].asked_at;
        let customer = waiting[0].customer.id;
        assert_eq!(world.noted(customer).await, ["identity.seen"]);
        assert_eq!(world.noted(world.person().await).await, Vec::<String>::new());
        let decided =
            async |by, said_at, note: &str| decide(&world.app, (customer, None), said_at, true, note, by).await;
        assert_eq!(decided(agent, at, "seen").await, Err(Problem::NotAllowed));
        assert_eq!(decided(operator, at, " ").await, Err(Problem::Invalid { field: "note", rule: "1-to-500" }));
        assert_eq!(decided(operator, at.plus_us(1), "seen").await, Err(Problem::NotFound("request")), "another saying");
        decided(operator, at, "seen").await.unwrap();
        assert_eq!(view(&world.app, &who).await.unwrap().state, Identity::Verified);
        assert!(queue(&world.app, operator).await.unwrap().rows.is_empty());
        world.sound().await;
    })
    .await;
}

#[tokio::test]
async fn one_field_is_corrected_at_a_time() {
    on_both(async |world: World| {
        let (world, registry) = with_registry(&world);
        let (customer, who) = newcomer(&world).await;
        registry.next(&[Some(Verdict::Matches), Some(Verdict::Matches), Some(Verdict::Differs)]);
        say(&world.app, &who, citizen("张三", NUMBER), true, "", None).await.unwrap();
        world.jobs().await;
        assert_eq!(say(&world.app, &who, passport("李四", OTHER), true, "", None).await, Err(Problem::AnotherPerson));
        // The verifier knows the other name: corrected at once.
        let said = say(&world.app, &who, citizen("张叁", NUMBER), true, "登记时写错", None).await;
        assert_eq!(said, Ok(Said::Corrected(Field::Name)));
        world.jobs().await;
        let now = view(&world.app, &who).await.unwrap();
        assert_eq!((now.state, now.said.unwrap().0.name.as_str()), (Identity::Verified, "张叁"));
        assert_eq!(now.correction.unwrap().correction.state, CorrectionState::Done);

        // It does not know the other document: people decide, and until then nothing changes.
        world.app.clock.pass_us(1_000);
        say(&world.app, &who, passport("张叁", OTHER), true, "换了护照", None).await.unwrap();
        world.jobs().await;
        let again = say(&world.app, &who, citizen("张三", NUMBER), true, "", None).await;
        assert_eq!(again, Err(Problem::CorrectionOpen));
        let by = operator(&world).await;
        let waiting = queue(&world.app, by).await.unwrap().rows;
        let (before, correction) = waiting[0].correction.clone().unwrap();
        assert_eq!(world.noted(customer).await, ["identity.seen"]);
        assert_eq!((before.number.as_str(), waiting[0].person.number.as_str()), (NUMBER, OTHER));
        let which = (customer, Some(correction.id));
        assert_eq!(waiting[0].papers, None);
        decide(&world.app, which, correction.asked_at, false, "没有收到照片", by).await.unwrap();
        let late = decide(&world.app, which, correction.asked_at, true, "x", by).await;
        assert_eq!(late, Err(Problem::NotFound("request")));
        let now = view(&world.app, &who).await.unwrap();
        assert_eq!(now.said.unwrap().0.number, NUMBER);
        assert_eq!(now.correction.unwrap().note.as_deref(), Some("没有收到照片"));

        world.app.clock.pass_us(1_000);
        registry.next(&[Some(Verdict::Unknown)]);
        // With a picture, for the people who decide; one that is none is refused, and nothing is asked for.
        let papers = |content: &[u8]| {
            let file = Sent { name: "护照.png".to_owned(), content: content.to_vec() };
            Some(Papers { subject: "Papers".to_owned(), files: vec![file] })
        };
        let refused = say(&world.app, &who, passport("张叁", OTHER), true, "", papers(b"MZ\x90\0")).await;
        assert_eq!(refused, Err(Problem::Invalid { field: "files", rule: "kind" }));
        say(&world.app, &who, passport("张叁", OTHER), true, "", papers(b"\x89PNG\r\n\x1a\n....")).await.unwrap();
        world.jobs().await;
        let waiting = queue(&world.app, by).await.unwrap().rows;
        let correction = waiting[0].correction.clone().unwrap().1;
        let case = waiting[0].papers.unwrap();
        assert_eq!(view(&world.app, &who).await.unwrap().correction.unwrap().papers, Some(case));
        let seen = for_staff(&world.app, by, customer, case).await.unwrap();
        assert_eq!((seen.files.len(), seen.case.state), (1, CaseState::Open));
        // Documents are few people's business.
        for role in ["agent", "senior_agent", "finance", "auditor"] {
            let other = world.member(role).await;
            let refused = for_staff(&world.app, other, customer, case).await.map(|_| ());
            assert_eq!(refused, Err(Problem::NotAllowed), "{role}");
            let reader = Reader::Staff(other);
            let refused = support::file(&world.app, (customer, case), seen.files[0].id, reader).await.map(|_| ());
            assert_eq!(refused, Err(Problem::NotAllowed), "{role}");
        }
        decide(&world.app, (customer, Some(correction.id)), correction.asked_at, true, "照片一致", by).await.unwrap();
        let seen = for_staff(&world.app, by, customer, case).await.unwrap();
        assert_eq!(seen.case.state, CaseState::Solved, "with what it was about");
        let now = view(&world.app, &who).await.unwrap();
        assert_eq!((now.state, now.said.unwrap().0.number.as_str()), (Identity::Verified, OTHER));
        world.settle().await;
        let owner = everline_app::profile::profile(&world.app, customer).await.unwrap().contact.unwrap();
        let told = world.messenger.told(owner.as_str());
        assert_eq!(
            told.iter().filter(|told| **told == "identity_corrected").count(),
            2,
            "by the registry and by people"
        );
        // Whoever holds an old session corrects nothing.
        world.pass(11 * MINUTE_US).await;
        let old = say(&world.app, &who, citizen("张叁", NUMBER), true, "", None).await;
        assert_eq!(old, Err(Problem::ProveFirst));
        world.sound().await;
    })
    .await;
}

#[tokio::test]
async fn a_document_has_so_many_lines_and_no_more() {
    on_both(async |world: World| {
        let mut world = world;
        let mut brand = (*world.app.brand).clone();
        brand.identity =
            IdentityRules { documents: china(), required: true, lines_per_document: 2, guardian_below: 14 };
        world.app.brand = Arc::new(brand);
        let (_, who) = newcomer(&world).await;
        let claims = async |who: &SessionInfo| {
            let nobody = world.customer(CustomerKind::Anonymous).await;
            let kit = world.line_of(nobody, Family::Watch, NetworkKind::BuiltIn).await;
            let request = claim_line::request_line_code(&world.app, kit.msisdn.as_str(), "zh-CN").await.unwrap();
            let code = world.messenger.parameter(kit.msisdn.as_str(), "code").unwrap();
            claim_line::claim_by_code(&world.app, who, request, &code).await.map(|_| ())
        };
        assert_eq!(claims(&who).await, Err(Problem::IdentityFirst));
        say(&world.app, &who, citizen("张三", NUMBER), true, "", None).await.unwrap();
        assert_eq!(claims(&who).await, Ok(()));
        // The same person under another account.
        let (_, second) = newcomer(&world).await;
        say(&world.app, &second, citizen("张三", NUMBER), true, "", None).await.unwrap();
        assert_eq!(claims(&second).await, Ok(()));
        assert_eq!(claims(&second).await, Err(Problem::TooManyLines));
        assert_eq!(claims(&who).await, Err(Problem::TooManyLines));
        world.settle().await;
        world.sound().await;
    })
    .await;
}

#[tokio::test]
async fn a_line_goes_to_nobody_while_it_is_corrected_who_its_owner_is() {
    on_both(async |world: World| {
        let by = operator(&world).await;
        let (customer, who) = newcomer(&world).await;
        let kit = world.line_of(customer, Family::Watch, NetworkKind::BuiltIn).await;
        let decided = async |accept| {
            let waiting = queue(&world.app, by).await.unwrap().rows;
            let one = waiting.into_iter().find(|one| one.customer.id == customer).unwrap();
            let correction = one.correction.map(|(_, correction)| correction.id);
            decide(&world.app, (customer, correction), one.asked_at, accept, "核对原件", by).await.unwrap();
        };
        say(&world.app, &who, passport("LIN FANG", OTHER), true, "", None).await.unwrap();
        decided(true).await;
        let who = entered(&world, customer).await;
        let taker = world.person().await;
        let contact = profile(&world.app, taker).await.unwrap().contact.unwrap();
        let offers = async || ownership::offer(&world.app, &who, kit.line, contact.as_str()).await;
        offers().await.unwrap();
        world.jobs().await;
        let link = world.messenger.parameter(contact.as_str(), "path").unwrap();
        let link = link.trim_start_matches("/take-over/").to_owned();
        let corrected = say(&world.app, &who, passport("LIN FANGFANG", OTHER), true, "", None).await;
        assert_eq!(corrected, Ok(Said::Corrected(Field::Name)));
        let waits = Problem::NotHandedOver(NoHandOver::CorrectionOpen);
        assert_eq!(offers().await, Err(waits.clone()), "the offer from before stays");
        let taker = entered(&world, taker).await;
        let takes = async || ownership::accept(&world.app, &taker, &link).await.map(|_| ());
        assert_eq!(takes().await, Err(waits));
        decided(false).await;
        assert_eq!(takes().await, Ok(()));
        world.settle().await;
        world.sound().await;
    })
    .await;
}

#[tokio::test]
async fn an_erased_customer_leaves_no_document() {
    on_both(async |world: World| {
        let (customer, who) = newcomer(&world).await;
        say(&world.app, &who, citizen("张三", NUMBER), true, "", None).await.unwrap();
        erase(&world.app.store, customer, world.app.clock.now().business).await.unwrap();
        let out = export(&world.app.store, customer, &world.app.zone).await.unwrap();
        assert_eq!(out["records"]["identity"], serde_json::json!([]));
        assert!(!out.to_string().contains("张三"));
    })
    .await;
}

#[tokio::test]
async fn a_date_of_birth_is_corrected_by_people() {
    on_both(async |world: World| {
        let (world, registry) = with_registry(&world);
        let (customer, who) = newcomer(&world).await;
        registry.next(&[Some(Verdict::Matches), Some(Verdict::Matches)]);
        say(&world.app, &who, passport("张三", OTHER), true, "", None).await.unwrap();
        world.jobs().await;
        let born = |name, born| Typed { name, kind: "passport", number: OTHER, born };
        let two = say(&world.app, &who, born("张叁", "1949-12-13"), true, "", None).await;
        assert_eq!(two, Err(Problem::AnotherPerson));
        assert_eq!(say(&world.app, &who, passport("张三", OTHER), true, "", None).await, Ok(Said::Same));
        let said = say(&world.app, &who, born("张三", "1949-12-13"), true, "登记时写错", None).await;
        assert_eq!(said, Ok(Said::Corrected(Field::Born)));
        // Whether name and number belong together says nothing about it.
        world.jobs().await;
        assert_eq!(registry.asked(), 1);
        let by = operator(&world).await;
        let waiting = queue(&world.app, by).await.unwrap();
        let (before, correction) = waiting.rows[0].correction.clone().unwrap();
        assert_eq!((before.born.to_string().as_str(), correction.field), ("1949-12-31", Field::Born));
        assert_eq!(waiting.rows[0].person.born.to_string(), "1949-12-13");
        decide(&world.app, (customer, Some(correction.id)), correction.asked_at, true, "照片一致", by).await.unwrap();
        let now = view(&world.app, &who).await.unwrap();
        assert_eq!((now.state, now.said.unwrap().0.born.to_string().as_str()), (Identity::Verified, "1949-12-13"));
        world.settle().await;
        world.sound().await;
    })
    .await;
}
