//! The owner's mailbox and browsers on both stores: proved, told of at every known address, limited, and kept as the number is.

use crate::messages::{Told3, mailbox, refused, subscription};
use crate::world::{World, on_both};
use everline_app::own_address::{
    BROWSERS_MAX, add_browser, ask_mailbox, browsers, mailboxes, remove_browser, remove_mailbox, set_mailbox,
};
use everline_app::ports::Handed;
use everline_app::privacy::erase;
use everline_app::sessions::{Principal, SessionInfo, open_session, open_session_on};
use everline_app::sign_in::{Newcomer, request_code, session, sign_in};
use everline_app::{Problem, account, sim_replaced};
use everline_core::account::{AccountNews, Proof};
use everline_core::ids::RawId;
use everline_core::message::{Channel, Fate};
use everline_core::time::{DAY_US, HOUR_US, MINUTE_US};
use everline_store::tables::message;

const NEW: &str = "fang@example.org";

impl Told3 {
    async fn entered(&self) -> SessionInfo {
        let signed_in = open_session(&self.world.app, Principal::Customer(self.kit.customer)).await.unwrap();
        self.again(&signed_in.token).await
    }
    async fn again(&self, token: &str) -> SessionInfo {
        session(&self.world.app, token).await.unwrap().unwrap()
    }
    /// The code that went to a mailbox last.
    fn code(&self, to: &str) -> String {
        let sent = self.email.sent();
        let code = sent.iter().rev().find(|mail| mail.to.to_string() == to && mail.template == "mailbox_code").unwrap();
        code.parameters.iter().find(|(name, _)| *name == "code").unwrap().1.clone()
    }
    /// To whom mails of a template went.
    fn mailed(&self, template: &str) -> Vec<String> {
        let mut to: Vec<_> =
            self.email.sent().iter().filter(|mail| mail.template == template).map(|mail| mail.to.to_string()).collect();
        to.sort();
        to
    }
    /// How many short messages and notices of a template went out.
    fn count(&self, template: &str) -> [usize; 2] {
        [&self.sms, &self.push].map(|way| way.sent().iter().filter(|message| message.template == template).count())
    }
    async fn sets(&self, owner: &SessionInfo, mailbox: &str) -> SessionInfo {
        let request = ask_mailbox(&self.world.app, owner, mailbox).await.unwrap();
        let set = set_mailbox(&self.world.app, owner, request, &self.code(mailbox)).await.unwrap();
        self.world.jobs().await;
        self.again(&set.token).await
    }
}

#[tokio::test]
async fn a_mailbox_is_proved_and_every_known_address_is_told_of_each_change() {
    on_both(async |world: World| {
        let told = Told3::new(world).await;
        let (app, owner) = (&told.world.app, told.entered().await);
        for typed in ["", "fang", "fang@", "fang@例子.cn", "fang@localhost", "<script>@example.org", "a b@example.org"]
        {
            let asked = ask_mailbox(app, &owner, typed).await;
            assert_eq!(asked, Err(Problem::Invalid { field: "email", rule: "no-mailbox" }), "{typed}");
        }
        let same = ask_mailbox(app, &owner, "lin@example.com").await;
        assert_eq!(same, Err(Problem::Invalid { field: "email", rule: "already-so" }));
        let request = ask_mailbox(app, &owner, NEW).await.unwrap();
        let code = told.code(NEW);
        // The code signs nobody in, and one that does proves no mailbox.
        assert!(matches!(
            sign_in(app, request, &code, Newcomer { language: "en", agrees: false }, "").await,
            Err(Problem::CodeGone)
        ));
        let number = everline_app::profile::profile(app, told.kit.customer).await.unwrap().contact.unwrap();
        let theirs = request_code(app, number.as_str(), "en").await.unwrap();
        let last = told.sms.sent().last().unwrap().parameters.iter().find(|p| p.0 == "code").unwrap().1.clone();
        assert_eq!(set_mailbox(app, &owner, theirs, &last).await.map(|_| ()), Err(Problem::CodeGone));

        let request = ask_mailbox(app, &owner, NEW).await.unwrap();
        let code = told.code(NEW);
        let wrong = if code == "000000" { "000001" } else { "000000" };
        let tried = set_mailbox(app, &owner, request, wrong).await.map(|_| ());
        assert_eq!(tried, Err(Problem::CodeWrong { tries_left: 4 }));
        assert_eq!(mailboxes(app, &owner).await.unwrap()[0].address, mailbox(), "nothing changed yet");
        let set = set_mailbox(app, &owner, request, &code).await.unwrap();
        let used = set_mailbox(app, &told.again(&set.token).await, request, &code).await.map(|_| ());
        assert_eq!(used, Err(Problem::CodeGone), "once");
        assert_eq!(remove_mailbox(app, &owner).await.map(|_| ()), Err(Problem::SignInFirst), "the former token");
        told.world.jobs().await;
        told.world.jobs().await;
        let owner = told.again(&set.token).await;
        let now: Vec<String> = mailboxes(app, &owner).await.unwrap().iter().map(|c| c.address.to_string()).collect();
        assert_eq!(now, [NEW]);
        assert_eq!(told.mailed("mailbox_set"), [NEW, "lin@example.com"]);
        assert_eq!(told.count("mailbox_set"), [1, 1]);

        told.world.pass(1_000).await;
        let removed = remove_mailbox(app, &owner).await.unwrap();
        told.world.jobs().await;
        let owner = told.again(&removed.token).await;
        assert!(mailboxes(app, &owner).await.unwrap().is_empty());
        assert_eq!(told.mailed("mailbox_removed"), [NEW]);
        assert_eq!(told.count("mailbox_removed"), [1, 1]);
        assert_eq!(remove_mailbox(app, &owner).await.map(|_| ()), Err(Problem::NotFound("mailbox")));
        let events = account::account(app, &owner).await.unwrap().events;
        let kinds: Vec<AccountNews> = events.iter().map(|event| event.kind).collect();
        assert_eq!(kinds, [AccountNews::MailboxRemoved, AccountNews::MailboxSet]);
        assert_eq!(told.dead().await, 0);
        told.world.sound().await;
    })
    .await;
}

#[tokio::test]
async fn the_former_mailbox_is_told_also_when_its_server_is_away_for_a_while() {
    on_both(async |world: World| {
        let told = Told3::new(world).await;
        let owner = told.entered().await;
        let request = ask_mailbox(&told.world.app, &owner, NEW).await.unwrap();
        told.email.answers(std::iter::repeat_n(Handed::NotYet, 3));
        set_mailbox(&told.world.app, &owner, request, &told.code(NEW)).await.unwrap();
        told.world.jobs().await;
        for _ in 0..5 {
            told.world.pass(MINUTE_US).await;
        }
        assert!(told.mailed("mailbox_set").contains(&"lin@example.com".to_owned()));
        let answered = told.email.sent().len();
        told.world.pass(HOUR_US).await;
        assert_eq!(told.email.sent().len(), answered, "and then no more");
        assert_eq!(told.dead().await, 0);
    })
    .await;
}

#[tokio::test]
async fn who_was_not_proved_just_now_changes_nothing() {
    on_both(async |world: World| {
        let told = Told3::new(world).await;
        let app = &told.world.app;
        let id = browsers(app, &told.entered().await).await.unwrap()[0].id;
        let other = subscription("https://push.example/2");
        // By a password: not the mailbox.
        let by_password = open_session_on(app, Principal::Customer(told.kit.customer), "", Proof::Password).await;
        let owner = told.again(&by_password.unwrap().token).await;
        assert_eq!(ask_mailbox(app, &owner, NEW).await, Err(Problem::ProveFirst));
        assert_eq!(remove_mailbox(app, &owner).await.map(|_| ()), Err(Problem::ProveFirst));
        let owner = told.again(&add_browser(app, &owner, other.clone()).await.unwrap().token).await;
        // A while later, a code that was asked for in time too.
        let asked = told.entered().await;
        let request = ask_mailbox(app, &asked, NEW).await.unwrap();
        told.world.pass(11 * MINUTE_US).await;
        for owner in [&owner, &asked] {
            assert_eq!(ask_mailbox(app, owner, NEW).await, Err(Problem::ProveFirst));
            let set = set_mailbox(app, owner, request, &told.code(NEW)).await.map(|_| ());
            assert_eq!(set, Err(Problem::ProveFirst));
            assert_eq!(remove_mailbox(app, owner).await.map(|_| ()), Err(Problem::ProveFirst));
            assert_eq!(add_browser(app, owner, other.clone()).await.map(|_| ()), Err(Problem::ProveFirst));
            assert_eq!(remove_browser(app, owner, id).await.map(|_| ()), Err(Problem::ProveFirst));
        }
        // Another's browser is none.
        let stranger = told.world.person().await;
        let signed_in = open_session(app, Principal::Customer(stranger)).await.unwrap();
        let stranger = told.again(&signed_in.token).await;
        assert_eq!(remove_browser(app, &stranger, id).await.map(|_| ()), Err(Problem::NotFound("browser")));
        assert!(browsers(app, &stranger).await.unwrap().is_empty());
    })
    .await;
}

#[tokio::test]
async fn a_code_to_a_replaced_sim_changes_no_mailbox() {
    on_both(async |world: World| {
        let told = Told3::new(world).await;
        let (app, kit) = (&told.world.app, &told.kit);
        let own = "UPDATE customer SET contact = $2 WHERE customer_id = $1";
        told.world.sql(own, vec![kit.customer.into(), kit.msisdn.as_str().into()]).await;
        let owner = told.entered().await;
        sim_replaced::sim_replaced(app, kit.customer, kit.line).await.unwrap();
        assert!(matches!(ask_mailbox(app, &owner, NEW).await, Err(Problem::HeldBack { .. })));
        assert!(matches!(remove_mailbox(app, &owner).await, Err(Problem::HeldBack { .. })));
        let added = add_browser(app, &owner, subscription("https://push.example/2")).await;
        assert!(matches!(added, Err(Problem::HeldBack { .. })));
        told.world.pass(DAY_US).await;
        told.sets(&told.entered().await, NEW).await;
    })
    .await;
}

#[tokio::test]
async fn strangers_mailboxes_are_not_flooded() {
    on_both(async |world: World| {
        let told = Told3::new(world).await;
        let app = &told.world.app;
        let owner = told.entered().await;
        for n in 0..6 {
            let asked = ask_mailbox(app, &owner, NEW).await;
            assert_eq!(matches!(asked, Err(Problem::TooMany { .. })), n == 5, "{n}: {asked:?}");
        }
        for n in 6..11 {
            let asked = ask_mailbox(app, &owner, &format!("stranger{n}@example.org")).await;
            assert_eq!(matches!(asked, Err(Problem::TooMany { .. })), n == 10, "{n}: {asked:?}");
        }
        assert_eq!(told.mailed("mailbox_code").len(), 9);
    })
    .await;
}

#[tokio::test]
async fn browsers_are_limited_listed_and_removed() {
    on_both(async |world: World| {
        let told = Told3::new(world).await;
        let app = &told.world.app;
        let mut owner = told.entered().await;
        for endpoint in ["https://127.0.0.1/x", "https://metadata.internal/x", "https://push.example.evil.test/1"] {
            let added = add_browser(app, &owner, subscription(endpoint)).await.map(|_| ());
            assert_eq!(added, Err(Problem::Invalid { field: "browser", rule: "unknown-service" }), "{endpoint}");
        }
        for n in 2..=BROWSERS_MAX {
            told.world.pass(1_000).await;
            let added = add_browser(app, &owner, subscription(&format!("https://push.example/{n}"))).await.unwrap();
            owner = told.again(&added.token).await;
        }
        let one_more = add_browser(app, &owner, subscription("https://push.example/more")).await.map(|_| ());
        assert_eq!(one_more, Err(Problem::Invalid { field: "browser", rule: "too-many" }));
        // A browser whose keys are new is the same one.
        let same = subscription("https://push.example/2");
        owner = told.again(&add_browser(app, &owner, same).await.unwrap().token).await;
        told.world.jobs().await;
        let all = browsers(app, &owner).await.unwrap();
        assert_eq!(all.len(), BROWSERS_MAX);
        assert_eq!(told.count("browser_added")[0], BROWSERS_MAX - 1, "told once each");
        let removed = remove_browser(app, &owner, all[0].id).await.unwrap();
        told.world.jobs().await;
        owner = told.again(&removed.token).await;
        assert_eq!(browsers(app, &owner).await.unwrap().len(), BROWSERS_MAX - 1);
        assert_eq!(told.count("browser_removed"), [1, BROWSERS_MAX - 1]);
        assert_eq!(told.mailed("browser_removed"), ["lin@example.com"]);
        let twice = remove_browser(app, &owner, RawId::from_bytes([9; 16])).await.map(|_| ());
        assert_eq!(twice, Err(Problem::NotFound("browser")));
        told.world.sound().await;
    })
    .await;
}

#[tokio::test]
async fn a_browser_that_is_gone_is_forgotten_and_the_one_before_it_is_told() {
    on_both(async |world: World| {
        let told = Told3::new(world).await;
        let app = &told.world.app;
        told.world.pass(1_000).await;
        let added = add_browser(app, &told.entered().await, subscription("https://push.example/2")).await.unwrap();
        told.world.jobs().await;
        let before = told.push.sent().len();
        told.sms.answers([refused()]);
        told.email.answers([refused()]);
        told.push.answers([Handed::Gone]);
        told.world.buys(&told.kit, "days").await;
        let sent: Vec<String> = told.push.sent()[before..].iter().map(|notice| notice.to.to_string()).collect();
        assert_eq!(sent.len(), 2);
        assert!(sent[0].starts_with("https://push.example/2 ") && sent[1].starts_with("https://push.example/1 "));
        let (customer, line) = (told.kit.customer, told.kit.line);
        let rows = told.world.look(move |tx| Box::pin(message::of_line(tx, customer, line, 9))).await;
        assert!(rows.iter().any(|row| (row.1, row.2) == (Channel::Push, Fate::Accepted)), "{rows:?}");
        assert_eq!(told.dead().await, 0);
        let owner = told.again(&added.token).await;
        assert_eq!(browsers(app, &owner).await.unwrap().len(), 1);
        // What is told of the account forgets one that is gone too.
        told.push.answers([Handed::Gone]);
        told.sets(&owner, NEW).await;
        assert!(browsers(app, &told.entered().await).await.unwrap().is_empty());
        told.world.sound().await;
    })
    .await;
}

#[tokio::test]
async fn erasure_forgets_mailboxes_and_the_codes_that_went_there() {
    on_both(async |world: World| {
        let told = Told3::new(world).await;
        let app = &told.world.app;
        told.sets(&told.entered().await, NEW).await;
        told.sql("UPDATE line SET state = 'closed', state_until = NULL WHERE customer_id = $1").await;
        let now = app.clock.now();
        erase(&app.store, told.kit.customer, now.business).await.unwrap();
        let codes = "DELETE FROM login_code WHERE contact LIKE 'mailbox>%'";
        assert_eq!(told.world.sql(codes, Vec::new()).await, 0);
        assert_eq!(told.sql("DELETE FROM contact_point WHERE customer_id = $1").await, 0);
    })
    .await;
}

impl Told3 {
    async fn sql(&self, text: &str) -> u64 {
        self.world.sql(text, vec![self.kit.customer.into()]).await
    }
}
