use crate::rig::{Got, Rig, START_US};
use serde_json::{Value, json};
use wire_pay::stripe::{
    Amount, ApiKey, BalanceScope, BalanceTransaction, CheckoutSession, CheckoutSessionId, Command,
    CreateCheckoutSession, CreateCustomer, CreateRefund, Currency, Customer, CustomerId, EndpointSecret, Event,
    EventType, HttpRequest, IdempotencyKey, ListBalanceTransactions, Metadata, Object, Page, Payer, PaymentIntentId,
    PaymentIntentStatus, PaymentMethod, Payout, Query, Refund, RefusalKind, Reply, SessionPurpose, SessionStatus,
    TimeRange, read_reply,
};

const HOUR_US: i64 = 3_600_000_000;
const START_S: i64 = START_US / 1_000_000;

async fn start() -> Rig {
    Rig::start_with(|config| {
        let platform = config.platform.device_url.clone().unwrap();
        config.cards.webhook_url = Some(format!("{platform}/hook"));
        config.cards.webhook_retry_divisor = 1_000_000;
    })
    .await
}

fn create(number: &str, minor: i64) -> CreateCheckoutSession {
    let amount = Amount::new(minor, Currency::parse("cny").unwrap()).unwrap();
    let mut metadata = Metadata::new();
    metadata.insert("out_trade_no", number).unwrap();
    CreateCheckoutSession {
        client_reference_id: number.into(),
        purpose: SessionPurpose::Payment { amount, product_name: "10 GB <b>".into(), payer: Payer::Guest },
        success_url: "http://shop.test/done".into(),
        cancel_url: "http://shop.test/back".into(),
        expires_at_unix_s: START_S + 3_600,
        locale: None,
        metadata,
    }
}

impl Rig {
    fn card_key(&self) -> ApiKey {
        ApiKey::parse(&self.access.cards_api_key).unwrap()
    }

    async fn card(&self, request: HttpRequest) -> Result<Got, hyper_util::client::legacy::Error> {
        let headers = request.headers();
        let headers: Vec<_> = headers.iter().map(|(name, value)| (*name, value.as_str())).collect();
        let url = format!("{}{}", self.access.cards_api_url, request.target());
        self.send(request.method().as_str(), &url, &headers, request.body()).await
    }

    async fn command(&self, command: Command, key: &str) -> Got {
        self.card(command.to_http(&self.card_key(), &IdempotencyKey::parse(key).unwrap()).unwrap()).await.unwrap()
    }

    async fn query(&self, query: Query) -> Got {
        self.card(query.to_http(&self.card_key()).unwrap()).await.unwrap()
    }

    async fn session(&self, number: &str, minor: i64) -> CheckoutSession {
        done(&self.command(Command::CreateCheckoutSession(create(number, minor)), number).await)
    }

    async fn session_now(&self, id: &CheckoutSessionId) -> CheckoutSession {
        done(&self.query(Query::CheckoutSession(id.clone())).await)
    }

    async fn holder(&self, number: &str, action: &str) -> Got {
        self.control("POST", &format!("cards/{number}/{action}"), &Value::Null).await
    }

    async fn event(&self) -> Event {
        let asked = self.asked().await;
        assert_eq!((asked.method.as_str(), asked.path.as_str()), ("POST", "/hook"));
        // The signature's own tests are beside it; here the body is what counts.
        let secret = EndpointSecret::parse(&self.access.cards_webhook_secret).unwrap();
        let signed = secret.sign(asked.body.as_bytes(), START_S);
        Event::verify(asked.body.as_bytes(), &signed, &[secret], START_S).unwrap()
    }
}

fn done<T: Object>(got: &Got) -> T {
    match read_reply(got.status, got.body.as_bytes()).unwrap() {
        Reply::Done(object) => object,
        Reply::Refused(refusal) => panic!("{refusal:?}"),
    }
}

fn kind(got: &Got) -> RefusalKind {
    match read_reply::<CheckoutSession>(got.status, got.body.as_bytes()).unwrap() {
        Reply::Done(session) => panic!("{session:?}"),
        Reply::Refused(refusal) => refusal.kind(),
    }
}

/// The next events, as they come.
async fn events(rig: &Rig, count: usize) -> Vec<Event> {
    let mut said = Vec::new();
    for _ in 0..count {
        said.push(rig.event().await);
    }
    said
}
/// Their kinds, in order of their words.
async fn kinds(rig: &Rig, count: usize) -> Vec<EventType> {
    let mut kinds: Vec<_> = events(rig, count).await.into_iter().map(|event| event.kind).collect();
    kinds.sort_by_key(|kind| kind.as_str().to_owned());
    kinds
}

#[tokio::test]
async fn a_session_goes_through_decline_and_challenge_to_paid_and_is_told() {
    let rig = start().await;
    let session = rig.session("E1", 990).await;
    assert_eq!((&session.status, &session.payment_intent), (&SessionStatus::Open, &None));
    assert_eq!(rig.holder("E1", "decline").await.json()["declined"], 1);
    assert_eq!(kinds(&rig, 2).await, [EventType::ChargeFailed, EventType::PaymentIntentPaymentFailed]);
    assert_eq!(rig.holder("E1", "challenge").await.json()["state"], "challenged");
    let asking = rig.session_now(&session.id).await;
    let status = |session: &CheckoutSession| session.payment_intent.as_ref().unwrap().object().unwrap().status.clone();
    assert_eq!(status(&asking), PaymentIntentStatus::RequiresAction);
    assert!(!asking.is_paid() && asking.url.is_some());
    assert_eq!(rig.holder("E1", "pay").await.json()["state"], "paid");
    let paid = rig.session_now(&session.id).await;
    assert_eq!((paid.is_paid(), status(&paid), paid.url.is_none()), (true, PaymentIntentStatus::Succeeded, true));
    let told = [EventType::ChargeSucceeded, EventType::CheckoutSessionCompleted, EventType::PaymentIntentSucceeded];
    assert_eq!(kinds(&rig, 3).await, told);
    assert_eq!(rig.holder("E1", "pay").await.status, 409);
    assert_eq!(rig.holder("E2", "pay").await.status, 404);
    let close = Command::ExpireCheckoutSession(session.id);
    assert_eq!(kind(&rig.command(close, "close").await), RefusalKind::Request);
}

#[tokio::test]
async fn a_key_brings_the_same_answer_again_and_other_parameters_a_conflict() {
    let rig = start().await;
    let first = rig.session("E1", 990).await;
    assert_eq!(rig.session("E1", 990).await, first);
    let other = Command::CreateCheckoutSession(create("E1", 991));
    assert_eq!(kind(&rig.command(other.clone(), "E1").await), RefusalKind::IdempotencyConflict);
    rig.holder("E1", "pay").await;
    assert_eq!(rig.session("E1", 990).await, first, "as it was answered, not as it is");
    let faults = json!({ "answers": [{ "method": "stripe.checkout.create", "kind": "system_error", "times": 1 }] });
    rig.control("PUT", "gateway/faults", &faults).await;
    for _ in 0..2 {
        assert_eq!(kind(&rig.command(other.clone(), "E9").await), RefusalKind::Unknown, "trouble is remembered too");
    }
    rig.pass(24 * HOUR_US);
    let late = CreateCheckoutSession { expires_at_unix_s: START_S + 90_000, ..create("E1", 992) };
    let again: CheckoutSession = done(&rig.command(Command::CreateCheckoutSession(late), "E1").await);
    assert_ne!(again.id, first.id, "a day later the key is free");
}

#[tokio::test]
async fn only_the_merchant_with_requests_the_api_takes_is_served() {
    let rig = start().await;
    let stranger = ApiKey::parse("sk_test_other").unwrap();
    let key = IdempotencyKey::parse("k").unwrap();
    let command = Command::CreateCheckoutSession(create("E1", 990));
    let got = rig.card(command.to_http(&stranger, &key).unwrap()).await.unwrap();
    assert_eq!((got.status, kind(&got)), (401, RefusalKind::Request));
    let soon = CreateCheckoutSession { expires_at_unix_s: START_S + 1_799, ..create("E1", 990) };
    assert_eq!(kind(&rig.command(Command::CreateCheckoutSession(soon), "E1").await), RefusalKind::Request);
    let nobody = CheckoutSessionId::parse("cs_test_nobody").unwrap();
    assert_eq!(kind(&rig.query(Query::CheckoutSession(nobody)).await), RefusalKind::NotFound);
    assert_eq!(rig.look("cards").await["sessions"], json!([]));
}

#[tokio::test]
async fn the_page_asks_as_a_bank_does_and_sends_the_payer_back() {
    let rig = start().await;
    let url = rig.session("E1", 3_000).await.url.unwrap();
    let page = rig.get(&format!("{url}?lang=en")).await;
    assert!(page.body.contains("CNY 30.00") && page.body.contains("10 GB &#60;b&#62;"), "{}", page.body);
    let asked = rig.form(&url, "action=challenge&lang=en").await;
    assert!(asked.body.contains("Your bank asks") && asked.body.contains("Confirm at the bank"), "{}", asked.body);
    let refused = rig.form(&url, "action=decline&lang=en").await;
    assert!(refused.body.contains("The payment was declined"), "{}", refused.body);
    let paid = rig.form(&url, "action=pay&lang=en").await;
    assert_eq!((paid.status, paid.location()), (303, "http://shop.test/done"));
    assert!(rig.form(&url, "action=pay&lang=en").await.body.contains("already paid"));
    let headers = [("content-type", "application/x-www-form-urlencoded"), ("sec-fetch-site", "cross-site")];
    assert_eq!(rig.send("POST", &url, &headers, "action=pay").await.unwrap().status, 403);
    assert_eq!(rig.get(&format!("{}/card/nobody", rig.access.cards_api_url)).await.status, 404);
    let view = rig.get(&format!("{}?lang=en", rig.access.view_url)).await.body;
    assert!(view.contains("CNY 30.00") && view.contains("Finished card payments"), "the payer's phone shows it");
}

#[tokio::test]
async fn time_ends_sessions_and_late_payers_pay() {
    let rig = start().await;
    let ended = rig.session("E1", 990).await;
    let late = rig.session("E2", 990).await;
    rig.holder("E2", "pay-late").await;
    rig.pass(HOUR_US);
    rig.until("cards", |found| found["sessions"][1]["state"] == "expired").await;
    assert_eq!(rig.session_now(&ended.id).await.status, SessionStatus::Expired);
    assert!(rig.session_now(&late.id).await.is_paid());
    assert_eq!(rig.holder("E1", "pay").await.status, 409);
    assert_eq!(rig.holder("E1", "pay-late").await.json()["state"], "paid");
}

#[tokio::test]
async fn money_goes_back_and_the_balance_says_so() {
    let rig = start().await;
    let session = rig.session("E1", 9_900).await;
    rig.holder("E1", "pay").await;
    let payment_intent = rig.session_now(&session.id).await.payment_intent.unwrap().id().clone();
    let refund = |minor, number: &str| {
        let mut metadata = Metadata::new();
        metadata.insert("out_request_no", number).unwrap();
        let payment_intent = payment_intent.clone();
        Command::CreateRefund(CreateRefund { payment_intent, amount_minor: minor, reason: None, metadata })
    };
    rig.pass(HOUR_US);
    let first: Refund = done(&rig.command(refund(900, "r1"), "r1").await);
    assert_eq!(done::<Refund>(&rig.command(refund(900, "r1"), "r1").await), first, "one refund under one key");
    assert_eq!(kind(&rig.command(refund(9_001, "r2"), "r2").await), RefusalKind::Request);
    let nobody = PaymentIntentId::parse("pi_nobody").unwrap();
    let stranger = CreateRefund { payment_intent: nobody, amount_minor: 1, reason: None, metadata: Metadata::new() };
    assert_eq!(kind(&rig.command(Command::CreateRefund(stranger), "r3").await), RefusalKind::NotFound);
    assert_eq!(done::<Refund>(&rig.query(Query::Refund(first.id.clone())).await), first);

    let range = TimeRange { from_unix_s: START_S, until_unix_s: START_S + 86_400 };
    let movements = async |scope| {
        let got = rig.query(Query::BalanceTransactions(ListBalanceTransactions { scope, starting_after: None })).await;
        match Page::<BalanceTransaction>::read_reply(got.status, got.body.as_bytes()).unwrap() {
            Reply::Done(page) => page.data,
            Reply::Refused(refusal) => panic!("{refusal:?}"),
        }
    };
    let booked = movements(BalanceScope::Created(range)).await;
    let amounts: Vec<_> = booked.iter().map(|one| (one.gross.minor(), one.fee.minor(), one.net.minor())).collect();
    assert_eq!(amounts, [(-900, 0, -900), (9_900, 317, 9_583)]);
    let source = booked[1].source.as_ref().unwrap();
    assert_eq!((source.kind.as_deref(), source.metadata.get("out_trade_no")), (Some("charge"), Some("E1")));
    let before = TimeRange { from_unix_s: START_S - 10, until_unix_s: START_S };
    assert!(movements(BalanceScope::Created(before)).await.is_empty());
    let payouts = wire_pay::stripe::ListPayouts { arrival: range, starting_after: None };
    let got = rig.query(Query::Payouts(payouts)).await;
    let page = Page::<Payout>::read_reply(got.status, got.body.as_bytes()).unwrap();
    assert_eq!(page, Reply::Done(Page { data: Vec::new(), has_more: false }));
}

#[tokio::test]
async fn events_are_repeated_lost_spoilt_and_given_up() {
    let rig = start().await;
    rig.script(500, "");
    rig.script(500, "");
    rig.session("E1", 990).await;
    rig.holder("E1", "decline").await;
    // Each of the two is sent again until it is acknowledged.
    let twice = async || {
        let said = events(&rig, 4).await;
        assert!(said.iter().all(|one| said.iter().filter(|other| other.id == one.id).count() == 2), "{said:?}");
        said
    };
    assert!(twice().await.iter().all(|event| !event.livemode));
    rig.until("notifications", |log| {
        log["notifications"].as_array().unwrap().iter().all(|one| one["state"] == "acknowledged")
    })
    .await;
    let set = async |notify: Value| {
        assert_eq!(rig.control("PUT", "gateway/faults", &json!({ "notify": notify })).await.status, 200);
    };
    set(json!({ "duplicate": 1, "wrong_seller": true })).await;
    rig.holder("E1", "decline").await;
    assert!(twice().await.iter().all(|event| event.livemode));
    set(json!({ "drop": true })).await;
    rig.holder("E1", "decline").await;
    let log = rig.until("notifications", |log| log["notifications"][0]["state"] == "given_up").await;
    assert_eq!(log["notifications"][0]["attempts"].as_array().unwrap().len(), 10);
    assert!(rig.asked_nothing().await);
    set(json!({ "wrong_amount": true })).await;
    rig.holder("E1", "pay").await;
    for said in events(&rig, 3).await {
        let amount = match said.object {
            wire_pay::stripe::EventObject::PaymentIntent(intent) => intent.amount_received,
            wire_pay::stripe::EventObject::CheckoutSession(session) => session.amount_total.unwrap(),
            // It tells which card was used, and not how much came.
            wire_pay::stripe::EventObject::Charge(_) => continue,
            other => panic!("{other:?}"),
        };
        assert_eq!(amount.minor(), 991);
    }
}

#[tokio::test]
async fn a_payment_is_disputed_and_decided_and_each_is_told() {
    let rig = start().await;
    rig.session("E1", 990).await;
    assert_eq!(rig.holder("E1", "dispute").await.status, 409, "nothing was paid");
    rig.holder("E1", "pay").await;
    events(&rig, 3).await;
    for (action, told) in [
        ("dispute", [EventType::DisputeCreated, EventType::DisputeFundsWithdrawn]),
        ("dispute-won", [EventType::DisputeClosed, EventType::DisputeFundsReinstated]),
    ] {
        assert_eq!(rig.holder("E1", action).await.status, 200, "{action}");
        assert_eq!(kinds(&rig, 2).await, told, "{action}");
        assert_eq!(rig.holder("E1", action).await.status, 409, "{action} once");
    }
}

#[tokio::test]
async fn cards_are_kept_for_customers_that_are_there() {
    let rig = start().await;
    let metadata = Metadata::new();
    let customer: Customer =
        done(&rig.command(Command::CreateCustomer(CreateCustomer { email: None, metadata }), "c1").await);
    let saving = |number: &str, customer: &CustomerId| {
        let mut create = create(number, 990);
        if let SessionPurpose::Payment { payer, .. } = &mut create.purpose {
            *payer = Payer::SavingCard(customer.clone());
        }
        Command::CreateCheckoutSession(create)
    };
    let nobody = CustomerId::parse("cus_nobody").unwrap();
    assert_eq!(kind(&rig.command(saving("E1", &nobody), "E1").await), RefusalKind::NotFound);
    let session: CheckoutSession = done(&rig.command(saving("E2", &customer.id), "E2").await);
    assert_eq!(session.customer, Some(customer.id.clone()));
    rig.holder("E2", "pay").await;
    let paid = rig.session_now(&session.id).await;
    let card = paid.payment_intent.unwrap().object().unwrap().payment_method.clone().unwrap();
    let method: PaymentMethod = done(&rig.query(Query::PaymentMethod(card.clone())).await);
    assert_eq!(method.customer, Some(customer.id));
    let gone: PaymentMethod = done(&rig.command(Command::DetachPaymentMethod(card), "detach").await);
    assert_eq!(gone.customer, None);
}
