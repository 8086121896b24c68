//! The account's use cases on both stores: what is written together, what is refused, and what verify, export and erasure
//! say of it.

use crate::world::{World, on_both};
use everline_app::privacy::{erase, export};
use everline_app::recovery;
use everline_app::retention::enforce;
use everline_app::sessions::{self, Principal, SessionInfo, end_other_sessions};
use everline_app::sign_in::{Entered, Newcomer, request_code, session, sign_in, sign_in_by_password};
use everline_app::{Problem, account, passkeys, sim_replaced};
use everline_core::account::{AccountNews, Change, NotRecovered, PASSWORD_CHARS_MIN, RecoveryState};
use everline_core::ids::{CustomerId, RawId};
use everline_core::offering::Family;
use everline_core::retention::Retention;
use everline_core::time::{DAY_US, HOUR_US, MINUTE_US};
use everline_store::tables::recovery as requests;

const NEWCOMER: Newcomer<'_> = Newcomer { language: "zh-CN", agrees: true };
const PASSWORD: &str = "four words nobody knows";

async fn contact(world: &World, customer: CustomerId) -> String {
    everline_app::profile::profile(&world.app, customer).await.unwrap().contact.unwrap().as_str().to_owned()
}

async fn code(world: &World, number: &str) -> (RawId, String) {
    let request = request_code(&world.app, number, "zh-CN").await.unwrap();
    (request, world.messenger.parameter(number, "code").unwrap())
}

/// Signs in with a code.
async fn signed_in(world: &World, number: &str) -> SessionInfo {
    let (request, code) = code(world, number).await;
    match sign_in(&world.app, request, &code, NEWCOMER, "chrome android").await.unwrap() {
        Entered::In(signed_in) => session(&world.app, &signed_in.token).await.unwrap().unwrap(),
        Entered::SecondFactor { .. } => panic!("a second factor"),
    }
}

async fn info(world: &World, token: &str) -> SessionInfo {
    session(&world.app, token).await.unwrap().unwrap()
}

#[tokio::test]
async fn whoever_opens_an_account_agrees_to_the_terms_in_their_version_once() {
    on_both(async |world: World| {
        let mut who = None;
        for _ in 0..2 {
            let signed_in = signed_in(&world, "13712340042").await;
            let Principal::Customer(customer) = signed_in.principal else { panic!("no customer") };
            assert_eq!(*who.get_or_insert(customer), customer);
            let all = export(&world.app.store, customer, &world.app.zone).await.unwrap();
            let rows = all["records"]["consent"].as_array().unwrap();
            let [row] = rows.as_slice() else { panic!("{rows:?}") };
            let version = world.app.brand.terms_version.as_str();
            assert_eq!((row["kind"].as_str(), row["version"].as_str()), (Some("terms"), Some(version)));
        }
        world.sound().await;
    })
    .await;
}

fn key(n: u8) -> passkeys::NewPasskey {
    passkeys::NewPasskey { credential_id: vec![n; 16], key: format!("key {n}"), name: format!("key {n}") }
}

#[tokio::test]
async fn a_change_is_whole_and_told_once() {
    on_both(async |world: World| {
        let kit = world.line(Family::Phone).await;
        let number = contact(&world, kit.customer).await;
        let (one, other) = (signed_in(&world, &number).await, signed_in(&world, &number).await);
        let set = account::set_password(&world.app, &one, PASSWORD, true).await.unwrap();
        assert_eq!(account::account(&world.app, &one).await.unwrap().sessions.len(), 1, "the others ended");
        // The former token is worth nothing, nor is what was read with it.
        let gone = account::set_password(&world.app, &one, "another four words", false).await;
        assert_eq!(gone.map(|_| ()), Err(Problem::SignInFirst));
        assert_eq!(passkeys::add(&world.app, &other, key(1)).await.map(|_| ()), Err(Problem::SignInFirst));
        world.jobs().await;
        world.jobs().await;
        let told: Vec<_> = world.messenger.told(&number).into_iter().filter(|t| *t != "one_time_code").collect();
        assert_eq!(told, ["password_set"]);

        let mut now = info(&world, &set.token).await;
        for (n, expected) in [(1, "passkey_added"), (2, "passkey_added")] {
            // Events stand in the order of their times.
            world.pass(1_000).await;
            let added = passkeys::add(&world.app, &now, key(n)).await.unwrap();
            now = info(&world, &added.token).await;
            world.jobs().await;
            assert_eq!(world.messenger.told(&number).last(), Some(&expected));
        }
        let twice = passkeys::add(&world.app, &now, key(1)).await.map(|_| ());
        assert_eq!(twice, Err(Problem::Invalid { field: "passkey", rule: "known" }));
        let events = account::account(&world.app, &now).await.unwrap().events;
        let kinds: Vec<AccountNews> = events.iter().map(|event| event.kind).collect();
        assert_eq!(kinds, [AccountNews::PasskeyAdded, AccountNews::PasskeyAdded, AccountNews::PasswordSet]);
        assert!(events.iter().all(|event| event.device == "chrome android"));
        end_other_sessions(&world.app, &now).await.unwrap();
        world.sound().await;
    })
    .await;
}

#[tokio::test]
async fn guesses_at_one_moment_from_everywhere_are_no_more_than_one_after_another() {
    on_both(async |world: World| {
        let kit = world.line(Family::Phone).await;
        let number = contact(&world, kit.customer).await;
        let owner = signed_in(&world, &number).await;
        account::set_password(&world.app, &owner, PASSWORD, true).await.unwrap();
        world.pass(HOUR_US).await;
        let nodes = [world.clone(), world.another_node()];
        let mut tasks = tokio::task::JoinSet::new();
        for n in 0..40 {
            let (app, number) = (nodes[n % 2].app.clone(), number.clone());
            tasks.spawn(async move { sign_in_by_password(&app, &number, "not the password", "").await.unwrap_err() });
        }
        let tried = tasks.join_all().await;
        let wrong = tried.iter().filter(|problem| **problem == Problem::PasswordWrong).count();
        assert_eq!(wrong, 10, "{tried:?}");
        assert!(tried.iter().all(|problem| matches!(problem, Problem::PasswordWrong | Problem::TooMany { .. })));
        // Whoever guesses at codes asks for as many as there are, at once, and tries each as often as it can be tried.
        for hour in 0..3 {
            let mut tasks = tokio::task::JoinSet::new();
            for n in 0..20 {
                let (app, number) = (nodes[n % 2].app.clone(), number.clone());
                tasks.spawn(async move { request_code(&app, &number, "zh-CN").await });
            }
            let asked = tasks.join_all().await;
            let requests: Vec<RawId> = asked.into_iter().filter_map(Result::ok).collect();
            assert_eq!(requests.len(), 5, "in hour {hour}");
            let right = world.messenger.parameter(&number, "code").unwrap();
            let mut tasks = tokio::task::JoinSet::new();
            for (n, request) in requests.iter().cycle().take(60).enumerate() {
                let (app, request) = (nodes[n % 2].app.clone(), *request);
                let guess = format!("{:06}", (right.parse::<usize>().unwrap() + 1 + n) % 1_000_000);
                tasks.spawn(async move { sign_in(&app, request, &guess, NEWCOMER, "").await.unwrap_err() });
            }
            let tried = tasks.join_all().await;
            let compared = tried.iter().filter(|problem| matches!(problem, Problem::CodeWrong { .. })).count();
            assert_eq!(compared, 25, "in hour {hour}");
            // Nothing is left of the last one, even for who has it.
            for request in requests {
                assert_eq!(sign_in(&world.app, request, &right, NEWCOMER, "").await, Err(Problem::CodeGone));
            }
            world.pass(HOUR_US).await;
        }
        world.sound().await;
    })
    .await;
}

#[tokio::test]
async fn passwords_are_refused_alike_and_counted() {
    on_both(async |world: World| {
        let kit = world.line(Family::Phone).await;
        let number = contact(&world, kit.customer).await;
        let owner = signed_in(&world, &number).await;
        let short = "x".repeat(PASSWORD_CHARS_MIN - 1);
        let refused = account::set_password(&world.app, &owner, &short, true).await.map(|_| ());
        assert_eq!(refused, Err(Problem::Invalid { field: "password", rule: "too-short" }));
        account::set_password(&world.app, &owner, PASSWORD, true).await.unwrap();
        let without = contact(&world, world.person().await).await;
        for number in [number.as_str(), without.as_str(), "13099999999"] {
            for _ in 0..10 {
                let tried = sign_in_by_password(&world.app, number, "not the password", "").await;
                assert_eq!(tried, Err(Problem::PasswordWrong));
            }
            let tried = sign_in_by_password(&world.app, number, PASSWORD, "").await;
            assert!(matches!(tried, Err(Problem::TooMany { .. })), "{number}: {tried:?}");
        }
        world.pass(HOUR_US).await;
        let entered = sign_in_by_password(&world.app, &number, PASSWORD, "").await.unwrap();
        assert!(matches!(entered, Entered::In(s) if s.principal == Principal::Customer(kit.customer)));
        world.sound().await;
    })
    .await;
}

#[tokio::test]
async fn a_code_after_a_new_sim_and_a_proof_that_is_old_change_nothing() {
    on_both(async |world: World| {
        let kit = world.line(Family::Phone).await;
        // The owner's contact number is the number of a line of theirs.
        world.sql("DELETE FROM directory WHERE kind = 'login' AND customer_id = $1", vec![kit.customer.into()]).await;
        let login = "INSERT INTO directory (kind, name, customer_id, subject_id) VALUES ('login', $2, $1, $1)";
        world.sql(login, vec![kit.customer.into(), kit.msisdn.as_str().into()]).await;
        let own = "UPDATE customer SET contact = $2 WHERE customer_id = $1";
        world.sql(own, vec![kit.customer.into(), kit.msisdn.as_str().into()]).await;
        let number = kit.msisdn.as_str();
        let owner = signed_in(&world, number).await;
        assert_eq!(sessions::may_change(&world.app, &owner, Change::Contact).await, Ok(()));
        sim_replaced::sim_replaced(&world.app, kit.customer, kit.line).await.unwrap();
        let held = sessions::may_change(&world.app, &owner, Change::Access).await;
        assert!(matches!(held, Err(Problem::HeldBack { .. })), "{held:?}");
        let set = account::set_password(&world.app, &owner, PASSWORD, true).await;
        assert!(matches!(set, Err(Problem::HeldBack { .. })), "{set:?}");
        world.pass(11 * MINUTE_US).await;
        assert_eq!(sessions::may_change(&world.app, &owner, Change::Access).await, Err(Problem::ProveFirst));
        world.pass(DAY_US).await;
        let owner = signed_in(&world, number).await;
        account::set_password(&world.app, &owner, PASSWORD, true).await.unwrap();
        let nobody = sim_replaced::sim_replaced_by_staff(&world.app, number, "nobody").await;
        assert!(matches!(nobody, Err(Problem::Invalid { field: "by", .. })));
        world.sound().await;
    })
    .await;
}

async fn asks(world: &World, of: &str, contact: &str) -> Result<(), Problem> {
    let (request, step) = recovery::begin(&world.app, of, contact, "lost", "zh-CN").await?;
    let code = world.messenger.parameter(contact, "code").unwrap();
    recovery::ask(&world.app, request, &code, &step).await
}

async fn open(world: &World, customer: CustomerId) -> Vec<requests::Recovery> {
    world.look(move |tx| Box::pin(requests::open_of(tx, customer))).await
}

#[tokio::test]
async fn a_request_to_be_let_in_waits_and_is_decided_by_an_operator() {
    on_both(async |world: World| {
        let kit = world.line(Family::Phone).await;
        let number = contact(&world, kit.customer).await;
        let (agent, operator) = (world.member("agent").await, world.member("operator").await);
        for n in 0..5 {
            asks(&world, &number, &format!("1301234567{n}")).await.unwrap();
        }
        let all = open(&world, kit.customer).await;
        assert_eq!(all.len(), 3, "a stranger fills nothing without end");
        asks(&world, "13099999999", "13012345679").await.unwrap();
        let first = (kit.customer, all[0].id);
        let decide = async |complete, by| recovery::decide(&world.app, first, complete, "called them", by).await;
        let early = Err(Problem::NotRecovered(NotRecovered::TooEarly));
        assert_eq!(decide(true, operator).await, early);
        world.pass(48 * HOUR_US - 1).await;
        assert_eq!(decide(true, operator).await, early);
        world.pass(1).await;
        assert!(open(&world, kit.customer).await.iter().all(|r| r.state == RecoveryState::Ready));
        for not_allowed in [agent, RawId::from_bytes([9; 16])] {
            assert_eq!(decide(true, not_allowed).await, Err(Problem::NotAllowed));
            assert_eq!(decide(false, not_allowed).await, Err(Problem::NotAllowed));
        }
        assert!(recovery::open_recoveries(&world.app, RawId::from_bytes([9; 16])).await.is_err());
        assert_eq!(recovery::open_recoveries(&world.app, agent).await.unwrap().rows.len(), 3);
        assert_eq!(world.noted(kit.customer).await, ["recovery.seen"; 3], "each of them");
        assert_eq!(world.noted(world.person().await).await, Vec::<String>::new());
        for _ in 0..2 {
            assert_eq!(decide(true, operator).await, Ok(()));
        }
        assert_eq!(decide(false, operator).await, Err(Problem::NotRecovered(NotRecovered::Over)));
        assert!(open(&world, kit.customer).await.is_empty(), "the others are over too");
        assert_eq!(contact(&world, kit.customer).await, all[0].contact.as_str());
        world.jobs().await;
        assert_eq!(world.messenger.told(&number).last(), Some(&"recovery_done"));
        world.sound().await;
    })
    .await;
}

#[tokio::test]
async fn what_is_kept_of_an_account_is_handed_out_ends_and_is_erased() {
    on_both(async |world: World| {
        let customer = world.person().await;
        let number = contact(&world, customer).await;
        let owner = signed_in(&world, &number).await;
        let set = account::set_password(&world.app, &owner, PASSWORD, true).await.unwrap();
        passkeys::add(&world.app, &info(&world, &set.token).await, key(1)).await.unwrap();
        asks(&world, &number, "13012345678").await.unwrap();
        world.jobs().await;
        let all = export(&world.app.store, customer, &world.app.zone).await.unwrap();
        let records = |table: &str| all["records"][table].as_array().unwrap().len();
        assert_eq!([records("credential"), records("passkey"), records("recovery_request")], [1, 1, 1]);
        assert_eq!(records("account_event"), 3);
        assert!(all["records"]["account_event"][0]["told_at"].is_string());
        let text = all.to_string();
        for secret in ["argon2", "key 1\\", &PASSWORD[..4]] {
            assert!(!text.contains(secret), "{secret}");
        }

        let late = world.app.clock.now().system.plus_us(401 * DAY_US);
        let removed = enforce(&world.app.store, &Retention::default(), late).await.unwrap();
        assert_eq!((removed["account_event"], removed["recovery"]), (3, 0), "an open request stays");
        assert!(removed["login_step"] > 0);

        erase(&world.app.store, customer, world.app.clock.now().business).await.unwrap();
        let after = export(&world.app.store, customer, &world.app.zone).await.unwrap();
        for table in ["credential", "passkey", "account_event", "recovery_request"] {
            assert_eq!(after["records"][table].as_array().unwrap().len(), 0, "{table}");
        }
        let late = recovery_jobs(&world).await;
        assert_eq!(late, 0, "a request that is gone leaves no work behind");
    })
    .await;
}

/// Jobs that gave up or still wait once everything is due.
async fn recovery_jobs(world: &World) -> usize {
    world.pass(49 * HOUR_US).await;
    world.look(|tx| Box::pin(everline_store::tables::job::list(tx, 100))).await.len()
}

#[tokio::test]
async fn a_number_that_stands_for_a_name_changes_with_the_contact() {
    on_both(async |world: World| {
        let who = async |customer| {
            let found = everline_app::profile::profile(&world.app, customer).await.unwrap();
            (found.name, found.contact.unwrap().as_str().to_owned())
        };
        let changes = async |from: &str, to: &str| {
            let owner = signed_in(&world, from).await;
            let request = account::request_new_contact(&world.app, &owner, to).await.unwrap();
            let code = world.messenger.parameter(to, "code").unwrap();
            account::change_contact(&world.app, &owner, request, &code).await.unwrap();
        };
        let owner = signed_in(&world, "13712340042").await;
        let Principal::Customer(unnamed) = owner.principal else { panic!("no customer") };
        assert_eq!(who(unnamed).await.0, "137****0042");
        changes("13712340042", "13712340043").await;
        assert_eq!(who(unnamed).await, ("137****0043".to_owned(), "13712340043".to_owned()));
        // Let in by people, with another number once more.
        asks(&world, "13712340043", "13812340044").await.unwrap();
        world.pass(48 * HOUR_US).await;
        let request = open(&world, unnamed).await[0].id;
        let by = world.member("operator").await;
        recovery::decide(&world.app, (unnamed, request), true, "called them", by).await.unwrap();
        assert_eq!(who(unnamed).await, ("138****0044".to_owned(), "13812340044".to_owned()));

        let named = world.person().await;
        changes(&contact(&world, named).await, "13712340045").await;
        assert_eq!(who(named).await, ("林芳".to_owned(), "13712340045".to_owned()));
        world.settle().await;
        world.sound().await;
    })
    .await;
}

#[tokio::test]
async fn a_proof_changes_the_token_and_keeps_the_secret_of_forms() {
    on_both(async |world: World| {
        let kit = world.line(Family::Phone).await;
        let number = contact(&world, kit.customer).await;
        let before = signed_in(&world, &number).await;
        let request = account::request_own_code(&world.app, &before).await.unwrap();
        let code = world.messenger.parameter(&number, "code").unwrap();
        let proved = account::prove_by_code(&world.app, &before, request, &code).await.unwrap();
        let now = info(&world, &proved.token).await;
        assert_eq!((&proved.csrf, &now.csrf), (&before.csrf, &before.csrf));
        let gone = sessions::may_change(&world.app, &before, Change::Access).await;
        assert_eq!(gone, Err(Problem::SignInFirst), "the former token");
        // What changes how the account is signed in to changes both.
        let set = account::set_password(&world.app, &now, PASSWORD, true).await.unwrap();
        assert_ne!(set.csrf, now.csrf);
        assert_eq!(info(&world, &set.token).await.csrf, set.csrf);
        world.sound().await;
    })
    .await;
}
