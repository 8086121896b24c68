use super::{amount, api_key, received};
use crate::{load, text};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use wire_pay::{
    BODY_BYTES_MAX, Error, PARAMS_MAX,
    alipay::Params,
    stripe::{
        API_VERSION, AmountError, ApiKey, Asked, BalanceScope, BalanceTransactionId, CancelPaymentIntent,
        CancellationReason, CheckoutSessionId, Command, CreateCheckoutSession, CreateCustomer, CreatePaymentIntent,
        CreateRefund, Currency, CustomerId, DisputeId, EvidenceField, HttpMethod, HttpRequest, IdempotencyKey,
        ListBalanceTransactions, ListPayouts, ListRefunds, Metadata, Payer, PaymentIntentId, PaymentMethodId, PayoutId,
        Query, Received, RefundId, RefundReason, Refusal, RefusalKind, Reply, RequestError, SessionPurpose,
        SubmitDisputeEvidence, TEXT_CHARS_MAX, TimeRange, read_reply,
    },
};

const NPM: &str = include_str!("../../../vectors/stripe/requests.npm.json");
const PYPI: &str = include_str!("../../../vectors/stripe/requests.pypi.json");

fn metadata(pairs: &[(&str, &str)]) -> Metadata {
    let mut metadata = Metadata::new();
    for (name, value) in pairs {
        metadata.insert(name, value).unwrap();
    }
    metadata
}

fn customer() -> CustomerId {
    CustomerId::parse("cus_T1").unwrap()
}

fn payment() -> PaymentIntentId {
    PaymentIntentId::parse("pi_3A").unwrap()
}

fn session(reference: &str, purpose: SessionPurpose) -> CreateCheckoutSession {
    CreateCheckoutSession {
        client_reference_id: reference.into(),
        purpose,
        success_url: "https://pay.example.test/a".into(),
        cancel_url: "https://pay.example.test/b".into(),
        expires_at_unix_s: 1_772_330_707,
        locale: None,
        metadata: Metadata::new(),
    }
}

fn sessions() -> [(&'static str, &'static str, CreateCheckoutSession); 4] {
    let purpose = |amount, name: &str, payer| SessionPurpose::Payment { amount, product_name: name.into(), payer };
    let guest = CreateCheckoutSession {
        success_url: "https://pay.example.test/order/1?back=yes".into(),
        cancel_url: "https://pay.example.test/order/1".into(),
        metadata: metadata(&[("out_trade_no", "EL20260301000001")]),
        ..session("EL20260301000001", purpose(amount(1_234, "EUR"), "10 GB", Payer::Guest))
    };
    let special = "10 GB 流量包 “+%&=#/\\<>'\" é🎉 \t*~()!";
    let saving = CreateCheckoutSession {
        success_url: "https://pay.example.test/order/%E6%B5%81?o=1&x=a%20b#end".into(),
        cancel_url: "http://127.0.0.1:8080/".into(),
        locale: Some("zh".into()),
        metadata: metadata(&[("a b+c&d=e%f", "1"), ("out_trade_no", "EL_2-b"), ("名", "值 & 空 白")]),
        ..session("EL_2-b", purpose(amount(5_120, "KWD"), special, Payer::SavingCard(customer())))
    };
    let known = CreateCheckoutSession {
        locale: Some("en-GB".into()),
        ..session("EL3", purpose(amount(500, "JPY"), "一日", Payer::Customer(customer())))
    };
    let setup = CreateCheckoutSession {
        metadata: metadata(&[("line", "L1")]),
        ..session("EL4", SessionPurpose::Setup { customer: customer() })
    };
    [
        ("session, guest", "EL-1/start", guest),
        ("session, saving the card, special characters", "EL-2/start", saving),
        ("session, customer", "EL-3/start", known),
        ("session, setup", "EL-4/start", setup),
    ]
}

fn debit() -> CreatePaymentIntent {
    CreatePaymentIntent {
        amount: amount(999, "USD"),
        customer: customer(),
        payment_method: PaymentMethodId::parse("pm_1A").unwrap(),
        description: Some("一月 renewal".into()),
        return_url: "https://pay.example.test/order/5".into(),
        metadata: metadata(&[("out_trade_no", "EL5")]),
    }
}

fn refund(amount_minor: i64, reason: Option<RefundReason>, texts: &[(&str, &str)]) -> CreateRefund {
    CreateRefund { payment_intent: payment(), amount_minor, reason, metadata: metadata(texts) }
}

fn evidence(texts: &[(EvidenceField, &str)], submit: bool) -> SubmitDisputeEvidence {
    let evidence: BTreeMap<_, _> = texts.iter().map(|(field, text)| (*field, (*text).to_owned())).collect();
    SubmitDisputeEvidence { dispute: DisputeId::parse("du_1A").unwrap(), evidence, submit }
}

/// Every command that has a vector: name, idempotency key, content.
fn commands() -> Vec<(&'static str, &'static str, Command)> {
    let session_id = CheckoutSessionId::parse("cs_test_a1B2").unwrap();
    let card = PaymentMethodId::parse("pm_1A").unwrap();
    let someone =
        CreateCustomer { email: Some("jia+1@example.test".into()), metadata: metadata(&[("customer", "C1")]) };
    let nobody = CreateCustomer { email: None, metadata: Metadata::new() };
    let cancel = CancelPaymentIntent { payment_intent: payment(), reason: CancellationReason::Abandoned };
    let part = refund(500, Some(RefundReason::RequestedByCustomer), &[("out_request_no", "ELR1")]);
    let given = [
        (EvidenceField::AccessActivityLog, "2026-03-01 09:06 session of +86 130****0001\n3,000 MB used"),
        (EvidenceField::CustomerName, "贾 & Co"),
        (EvidenceField::ProductDescription, "Data for 30 days, 100%"),
        (EvidenceField::ServiceDate, "1 March 2026"),
        (EvidenceField::UncategorizedText, "a=b"),
    ];
    let ready = evidence(&[(EvidenceField::UncategorizedText, "x")], false);
    let mut all: Vec<_> =
        sessions().into_iter().map(|(name, key, create)| (name, key, Command::CreateCheckoutSession(create))).collect();
    all.extend([
        ("expire session", "EL-1/close", Command::ExpireCheckoutSession(session_id)),
        ("customer", "C1/card", Command::CreateCustomer(someone)),
        ("customer without anything", "C2/card", Command::CreateCustomer(nobody)),
        ("payment from a saved card", "EL-5/debit", Command::CreatePaymentIntent(debit())),
        ("cancel payment", "EL-5/close", Command::CancelPaymentIntent(cancel)),
        ("detach card", "C1/forget", Command::DetachPaymentMethod(card)),
        ("refund in part", "ELR1", Command::CreateRefund(part)),
        ("refund without a reason", "ELR2", Command::CreateRefund(refund(734, None, &[]))),
        ("evidence", "D1/evidence", Command::SubmitDisputeEvidence(evidence(&given, true))),
        ("evidence laid ready", "D1/evidence/0", Command::SubmitDisputeEvidence(ready)),
    ]);
    all
}

/// Every query that has a vector.
fn queries() -> Vec<(&'static str, Query)> {
    let day = TimeRange { from_unix_s: 1_772_323_200, until_unix_s: 1_772_409_600 };
    let payout = || PayoutId::parse("po_1A").unwrap();
    let re = || RefundId::parse("re_3A").unwrap();
    let refunds = |starting_after| Query::Refunds(ListRefunds { payment_intent: payment(), starting_after });
    let movements =
        |scope, starting_after| Query::BalanceTransactions(ListBalanceTransactions { scope, starting_after });
    vec![
        ("get session", Query::CheckoutSession(CheckoutSessionId::parse("cs_test_a1B2").unwrap())),
        ("get payment", Query::PaymentIntent(payment())),
        ("get card", Query::PaymentMethod(PaymentMethodId::parse("pm_1A").unwrap())),
        ("get refund", Query::Refund(re())),
        ("refunds", refunds(None)),
        ("refunds, next page", refunds(Some(re()))),
        ("get dispute", Query::Dispute(DisputeId::parse("du_1A").unwrap())),
        ("movements of a day", movements(BalanceScope::Created(day), None)),
        (
            "movements of a payout, next page",
            movements(BalanceScope::Payout(payout()), Some(BalanceTransactionId::parse("txn_1A").unwrap())),
        ),
        ("get payout", Query::Payout(payout())),
        ("payouts of a day, next page", Query::Payouts(ListPayouts { arrival: day, starting_after: Some(payout()) })),
    ]
}

/// Names and values of a form or query string, decoded and sorted: their order means nothing.
fn pairs(form: &str) -> Vec<(String, String)> {
    let params = Params::parse(form.as_bytes()).unwrap();
    let mut pairs: Vec<_> = params.iter().map(|(name, value)| (name.to_owned(), value.to_owned())).collect();
    pairs.sort_unstable();
    pairs
}

fn header(request: &HttpRequest, name: &str) -> Option<String> {
    request.headers().into_iter().find(|(known, _)| *known == name).map(|(_, value)| value)
}

/// Our request and an SDK's are the same one.
fn assert_same(ours: &HttpRequest, sent: &Value) {
    let name = text(sent, "name");
    assert_eq!(ours.method().as_str(), text(sent, "method"), "{name}");
    let (our_target, target) = (ours.target(), text(sent, "target"));
    let (our_path, our_query) = our_target.split_once('?').unwrap_or((&our_target, ""));
    let (path, query) = target.split_once('?').unwrap_or((target, ""));
    assert_eq!(our_path, path, "{name}");
    assert_eq!(pairs(our_query), pairs(query), "{name}");
    assert_eq!(pairs(ours.body()), pairs(text(sent, "body")), "{name}");
    for header_name in ["authorization", "stripe-version", "idempotency-key"] {
        let expected = sent["headers"][header_name].as_str().map(str::to_owned);
        assert_eq!(header(ours, header_name), expected, "{name}: {header_name}");
    }
    if ours.method() == HttpMethod::Post {
        assert_eq!(header(ours, "content-type").as_deref(), sent["headers"]["content-type"].as_str(), "{name}");
    }
}

/// The request as it arrives when we send it.
fn arrive(request: &HttpRequest) -> Result<Asked, RequestError> {
    let (target, headers) = (request.target(), request.headers());
    let header = |name: &str| headers.iter().find(|(known, _)| *known == name).map(|(_, value)| value.as_str());
    Received {
        method: request.method().as_str(),
        target: &target,
        authorization: header("authorization"),
        version: header("stripe-version"),
        idempotency_key: header("idempotency-key"),
        body: request.body().as_bytes(),
    }
    .read(&api_key())
}

#[test]
fn requests_are_what_both_sdks_send_and_read_as_what_was_meant() {
    let (commands, queries) = (commands(), queries());
    for (sdk, file) in [("npm", NPM), ("pypi", PYPI)] {
        let cases = load(file);
        let mut names: Vec<&str> = Vec::new();
        for sent in cases.as_array().unwrap() {
            let name = text(sent, "name");
            names.push(name);
            let (asked, ours) = match commands.iter().find(|(known, ..)| *known == name) {
                Some((_, key, command)) => {
                    let key = IdempotencyKey::parse(key).unwrap();
                    let ours = command.to_http(&api_key(), &key).unwrap();
                    (Asked::Command { command: command.clone(), idempotency_key: key }, ours)
                }
                None => {
                    let (_, query) = queries.iter().find(|(known, _)| *known == name).unwrap();
                    (Asked::Query(query.clone()), query.to_http(&api_key()).unwrap())
                }
            };
            assert_same(&ours, sent);
            assert_eq!(received(sent).read(&api_key()), Ok(asked.clone()), "{sdk}: {name}");
            assert_eq!(arrive(&ours), Ok(asked), "{name}");
        }
        assert_eq!(names.len(), commands.len() + queries.len(), "{sdk}");
    }
}

#[test]
fn errors_mean_what_the_sdks_raise_for_them() {
    let kinds = |class: &str| match class.trim_start_matches("Stripe") {
        "CardError" => vec![RefusalKind::Declined, RefusalKind::NeedsAuthentication],
        "IdempotencyError" => vec![RefusalKind::IdempotencyConflict],
        "InvalidRequestError" => vec![RefusalKind::NotFound, RefusalKind::Request, RefusalKind::State],
        "AuthenticationError" | "PermissionError" => vec![RefusalKind::Request],
        "RateLimitError" | "APIError" => vec![RefusalKind::Unknown],
        other => panic!("{other}"),
    };
    let cases = [
        include_str!("../../../vectors/stripe/errors.npm.json"),
        include_str!("../../../vectors/stripe/errors.pypi.json"),
    ];
    let mut seen = Vec::new();
    for case in cases.iter().flat_map(|file| load(file).as_array().unwrap().clone()) {
        let status = u16::try_from(case["status"].as_u64().unwrap()).unwrap();
        let read = read_reply::<wire_pay::stripe::PaymentIntent>(status, text(&case, "body").as_bytes());
        let Ok(Reply::Refused(refusal)) = read else { panic!("{case}: {read:?}") };
        assert!(kinds(text(&case, "raised")).contains(&refusal.kind()), "{case}: {:?}", refusal.kind());
        // The other direction writes what was read.
        let again = read_reply::<wire_pay::stripe::PaymentIntent>(status, refusal.to_json().to_string().as_bytes());
        assert_eq!(again, Ok(Reply::Refused(refusal.clone())));
        seen.push((text(&case, "name").to_owned(), refusal));
    }
    let kind = |name: &str| seen.iter().find(|(known, _)| known == name).map(|(_, refusal)| refusal.kind());
    assert_eq!(kind("declined"), Some(RefusalKind::Declined));
    assert_eq!(kind("the bank wants to ask"), Some(RefusalKind::NeedsAuthentication));
    assert_eq!(kind("no such payment"), Some(RefusalKind::NotFound));
    assert_eq!(kind("already refunded"), Some(RefusalKind::State));
    assert_eq!(kind("parameter missing"), Some(RefusalKind::Request));
    let (_, declined) = seen.iter().find(|(name, _)| name == "declined").unwrap();
    assert_eq!(declined.decline_code.as_deref(), Some("insufficient_funds"));
    assert_eq!(declined.payment_intent.as_ref().unwrap().id, payment());
}

#[test]
fn keys_and_people_are_not_shown() {
    let (_, key, command) = commands().into_iter().find(|(name, ..)| *name == "customer").unwrap();
    let request = command.to_http(&api_key(), &IdempotencyKey::parse(key).unwrap()).unwrap();
    assert!(request.body().contains("jia"));
    assert!(header(&request, "authorization").unwrap().starts_with("Bearer data_"));
    assert_eq!(format!("{request:?} {:?}", api_key()), "POST /v1/customers ApiKey");
    let list = Query::Refunds(ListRefunds { payment_intent: payment(), starting_after: None });
    assert_eq!(format!("{:?}", list.to_http(&api_key()).unwrap()), "GET /v1/refunds");
    let cases = load(NPM);
    assert_eq!(format!("{:?}", received(&cases[0])), "POST /v1/checkout/sessions");
}

fn post<'a>(target: &'a str, body: &'a str) -> Received<'a> {
    Received {
        method: "POST",
        target,
        authorization: Some("Bearer data_behind_golden_vectors_no_key_of_any_account"),
        version: Some(API_VERSION),
        idempotency_key: Some("k"),
        body: body.as_bytes(),
    }
}

#[test]
fn a_request_is_refused_by_name_before_its_parameters() {
    let good = post("/v1/payment_methods/pm_1/detach", "");
    let key = api_key();
    assert!(good.read(&key).is_ok());
    let route = |method: &str, path: &str| RequestError::Route { method: method.into(), path: path.into() };
    let long = "k".repeat(256);
    for (request, refused) in [
        (Received { authorization: None, ..good }, RequestError::Unauthorized),
        (Received { authorization: Some("Bearer other"), ..good }, RequestError::Unauthorized),
        (Received { version: None, ..good }, RequestError::Version { found: None }),
        (
            Received { version: Some("2026-03-25.dahlia"), ..good },
            RequestError::Version { found: Some("2026-03-25.dahlia".into()) },
        ),
        (Received { idempotency_key: None, ..good }, RequestError::NoIdempotencyKey),
        (Received { idempotency_key: Some(""), ..good }, RequestError::BadIdempotencyKey),
        (Received { idempotency_key: Some(&long), ..good }, RequestError::BadIdempotencyKey),
        (Received { method: "DELETE", ..good }, route("DELETE", "/v1/payment_methods/pm_1/detach")),
        (Received { method: "GET", ..good }, route("GET", "/v1/payment_methods/pm_1/detach")),
        (
            Received { target: "/v2/payment_methods/pm_1/detach", ..good },
            route("POST", "/v2/payment_methods/pm_1/detach"),
        ),
        (Received { target: "/v1/tokens?x=1", ..good }, route("POST", "/v1/tokens")),
        (Received { target: "", ..good }, route("POST", "")),
        (
            Received { target: "/v1/payment_methods/pm%5f1/detach", ..good },
            RequestError::Invalid { param: "id".into() },
        ),
        (Received { target: "/v1/payment_methods//detach", ..good }, RequestError::Invalid { param: "id".into() }),
        (Received { body: b"a=%", ..good }, RequestError::Form(Error::BadEscape)),
        (Received { body: b"a=1&a=2", ..good }, RequestError::Form(Error::Duplicate { name: "a".into() })),
        (Received { body: b"customer=cus_1", ..good }, RequestError::UnknownParam { param: "customer".into() }),
    ] {
        assert_eq!(request.read(&key), Err(refused), "{request:?}");
    }
    let large = "x".repeat(BODY_BYTES_MAX + 1);
    assert!(matches!(
        Received { body: large.as_bytes(), ..good }.read(&key),
        Err(RequestError::Form(Error::TooLarge { .. }))
    ));
    let many: String = (0..=PARAMS_MAX).map(|n| format!("metadata[{n}]=1&")).collect();
    assert_eq!(
        post("/v1/customers", &many).read(&key),
        Err(RequestError::Form(Error::TooManyParams { limit: PARAMS_MAX }))
    );
}

/// A good body of each command with parameters.
fn good_bodies() -> Vec<(String, String)> {
    let key = IdempotencyKey::parse("k").unwrap();
    let requests = commands().into_iter().map(|(_, _, command)| command.to_http(&api_key(), &key).unwrap());
    requests.map(|request| (request.target(), request.body().to_owned())).collect()
}

#[test]
fn a_parameter_that_is_missing_empty_or_new_is_named() {
    let optional = ["locale", "customer", "description", "reason", "email"];
    let mut missing = 0;
    for (target, body) in good_bodies() {
        let all = pairs(&body);
        let encode = |list: &[(String, String)]| list.iter().cloned().collect::<Params>().to_form_body();
        for (at, (name, _)) in all.iter().enumerate() {
            let mut rest = all.clone();
            rest.remove(at);
            let read = post(&target, &encode(&rest)).read(&api_key());
            let free = optional.contains(&name.as_str()) || name.contains("metadata") || name.contains("evidence[");
            if free || name.contains("setup_future_usage") {
                continue;
            }
            missing += 1;
            assert_eq!(read, Err(RequestError::Missing { param: name.clone() }), "{target} without {name}");
        }
        for (name, _) in &all {
            let rest: Vec<_> = all.iter().filter(|(other, _)| other != name).cloned().collect();
            let escaped = name.replace('%', "%25").replace('&', "%26").replace('+', "%2B").replace('=', "%3D");
            let read = post(&target, &format!("{}&{escaped}=", encode(&rest))).read(&api_key());
            assert!(matches!(read, Err(RequestError::Empty { .. })), "{target} with empty {name}: {read:?}");
        }
        let more = format!("{}&zz[0][new]=1", encode(&all));
        let read = post(&target, &more).read(&api_key());
        assert_eq!(read, Err(RequestError::UnknownParam { param: "zz[0][new]".into() }), "{target}");
    }
    assert!(missing > 40, "{missing}");
}

#[test]
fn parameters_out_of_their_form_are_named() {
    let invalid = |param: &str| RequestError::Invalid { param: param.to_owned() };
    let price = "line_items[0][price_data]";
    let amount_param = "line_items[0][price_data][unit_amount]";
    for (name, replace, refused) in [
        ("session, guest", ("mode", "subscription".to_owned()), invalid("mode")),
        ("session, guest", ("expires_at", "soon".into()), invalid("expires_at")),
        ("session, guest", ("expires_at", "0".into()), invalid("expires_at")),
        ("session, guest", ("expires_at", "99999999999999999999".into()), invalid("expires_at")),
        ("session, guest", ("client_reference_id", "a b".into()), invalid("client_reference_id")),
        ("session, guest", ("success_url", "javascript:alert(1)".into()), invalid("success_url")),
        ("session, guest", ("success_url", "https://".into()), invalid("success_url")),
        ("session, guest", ("cancel_url", "https://pay.example.test/流".into()), invalid("cancel_url")),
        ("session, customer", ("locale", "zh_CN".into()), invalid("locale")),
        ("session, customer", ("customer", "cus/1".into()), invalid("customer")),
        ("session, guest", ("adaptive_pricing[enabled]", "true".into()), invalid("adaptive_pricing[enabled]")),
        (
            "session, guest",
            ("allowed_payment_method_types[0]", "klarna".into()),
            invalid("allowed_payment_method_types[0]"),
        ),
        ("session, guest", ("line_items[0][quantity]", "2".into()), invalid("line_items[0][quantity]")),
        ("session, guest", (&format!("{price}[currency]"), "EUR".into()), invalid(&format!("{price}[currency]"))),
        ("session, guest", (amount_param, "12.34".into()), invalid(amount_param)),
        ("session, guest", (amount_param, "-1234".into()), invalid(amount_param)),
        ("session, guest", (amount_param, "01234".into()), invalid(amount_param)),
        (
            "session, guest",
            (amount_param, "0".into()),
            RequestError::Amount { param: amount_param, error: AmountError::NotPositive { minor: 0 } },
        ),
        (
            "session, guest",
            (amount_param, "1000000000000".into()),
            RequestError::Amount { param: amount_param, error: AmountError::OutOfRange },
        ),
        (
            "session, saving the card, special characters",
            (amount_param, "5124".into()),
            RequestError::Amount {
                param: amount_param,
                error: AmountError::NotAStep { currency: Currency::from_iso("KWD").unwrap(), minor: 5_124, step: 10 },
            },
        ),
        (
            "session, guest",
            ("client_reference_id", "x".repeat(201)),
            RequestError::TooLong { param: "client_reference_id".into(), limit_chars: 200, actual_chars: 201 },
        ),
        (
            "session, guest",
            ("client_reference_id", " ".into()),
            RequestError::Empty { param: "client_reference_id".into() },
        ),
        ("customer", ("email", "jia".into()), invalid("email")),
        ("customer", ("email", "jia@ x".into()), invalid("email")),
        ("payment from a saved card", ("off_session", "false".into()), invalid("off_session")),
        ("payment from a saved card", ("confirm", "1".into()), invalid("confirm")),
        ("payment from a saved card", ("payment_method", "pm 1".into()), invalid("payment_method")),
        (
            "payment from a saved card",
            ("description", "x".repeat(TEXT_CHARS_MAX + 1)),
            RequestError::TooLong { param: "description".into(), limit_chars: 5_000, actual_chars: 5_001 },
        ),
        ("cancel payment", ("cancellation_reason", "bored".into()), invalid("cancellation_reason")),
        ("refund in part", ("reason", "bored".into()), invalid("reason")),
        (
            "refund in part",
            ("amount", "0".into()),
            RequestError::Amount { param: "amount", error: AmountError::NotPositive { minor: 0 } },
        ),
        ("evidence", ("submit", "yes".into()), invalid("submit")),
    ] {
        let (_, key, command) = commands().into_iter().find(|(known, ..)| *known == name).unwrap();
        let request = command.to_http(&api_key(), &IdempotencyKey::parse(key).unwrap()).unwrap();
        let mut params: Params = pairs(request.body()).into_iter().collect();
        assert!(params.get(replace.0).is_some(), "{name} has no {}", replace.0);
        params.set(replace.0, &replace.1);
        let target = request.target();
        assert_eq!(post(&target, &params.to_form_body()).read(&api_key()), Err(refused), "{name}: {replace:?}");
    }
}

#[test]
fn a_card_is_saved_for_someone_or_not_at_all() {
    let (_, _, saving) = sessions().into_iter().find(|(_, key, _)| *key == "EL-2/start").unwrap();
    let key = IdempotencyKey::parse("k").unwrap();
    let request = Command::CreateCheckoutSession(saving).to_http(&api_key(), &key).unwrap();
    let mut params: Params = pairs(request.body()).into_iter().collect();
    params.remove("customer");
    let body = params.to_form_body();
    let refused = Err(RequestError::Missing { param: "customer".into() });
    assert_eq!(post("/v1/checkout/sessions", &body).read(&api_key()), refused);
}

#[test]
fn a_query_out_of_its_form_is_named() {
    let get = |target: &str| Received { method: "GET", idempotency_key: None, ..post(target, "") }.read(&api_key());
    let invalid = |param: &str| Err(RequestError::Invalid { param: param.into() });
    let missing = |param: &str| Err(RequestError::Missing { param: param.into() });
    let range = "created[gte]=10&created[lt]=20";
    for (target, refused) in [
        ("/v1/payment_intents/pi_1", missing("expand[0]")),
        ("/v1/payment_intents/pi_1?expand[0]=customer", invalid("expand[0]")),
        ("/v1/refunds", missing("payment_intent")),
        ("/v1/refunds?payment_intent=pi_1&limit=101", invalid("limit")),
        ("/v1/refunds?payment_intent=pi_1&limit=100&starting_after=a/b", invalid("starting_after")),
        ("/v1/balance_transactions?limit=50&expand[0]=data.source", missing("created[gte]")),
        ("/v1/balance_transactions?limit=50&expand[0]=data.source&created[gte]=20&created[lt]=20", invalid("created")),
        (&format!("/v1/balance_transactions?{range}&limit=50"), missing("expand[0]")),
        (
            &format!("/v1/balance_transactions?{range}&payout=po_1&limit=50&expand[0]=data.source"),
            Err(RequestError::UnknownParam { param: "created[gte]".into() }),
        ),
        ("/v1/payouts?limit=100&arrival_date[gte]=-1&arrival_date[lt]=5", invalid("arrival_date[gte]")),
        ("/v1/payouts/po_1?expand[0]=x", Err(RequestError::UnknownParam { param: "expand[0]".into() })),
        ("/v1/payouts/po_1?a=%zz", Err(RequestError::Form(Error::BadEscape))),
    ] {
        assert_eq!(get(target), refused, "{target}");
    }
}

#[test]
fn what_stripe_would_refuse_is_not_sent() {
    let key = IdempotencyKey::parse("k").unwrap();
    let (_, _, good) = sessions().into_iter().next().unwrap();
    let long = evidence(&[(EvidenceField::UncategorizedText, &"流".repeat(150_001))], true);
    let heavy = evidence(&[(EvidenceField::UncategorizedText, &"流".repeat(60_000))], true);
    for (command, refused) in [
        (
            Command::CreateCheckoutSession(CreateCheckoutSession { client_reference_id: "a/b".into(), ..good.clone() }),
            RequestError::Invalid { param: "client_reference_id".into() },
        ),
        (
            Command::CreatePaymentIntent(CreatePaymentIntent { amount: amount(-1, "USD"), ..debit() }),
            RequestError::Amount { param: "amount", error: AmountError::NotPositive { minor: -1 } },
        ),
        (
            Command::CreateRefund(refund(i64::MAX, None, &[])),
            RequestError::Amount { param: "amount", error: AmountError::OutOfRange },
        ),
        (Command::SubmitDisputeEvidence(evidence(&[], true)), RequestError::Missing { param: "evidence".into() }),
        (
            Command::SubmitDisputeEvidence(evidence(&[(EvidenceField::CustomerName, "")], true)),
            RequestError::Empty { param: "evidence[customer_name]".into() },
        ),
        (
            Command::SubmitDisputeEvidence(long),
            RequestError::TooLong { param: "evidence".into(), limit_chars: 150_000, actual_chars: 150_001 },
        ),
        (
            Command::SubmitDisputeEvidence(heavy),
            RequestError::Form(Error::TooLarge { limit_bytes: BODY_BYTES_MAX, actual_bytes: 540_045 }),
        ),
    ] {
        assert_eq!(command.to_http(&api_key(), &key).map(|_| ()), Err(refused));
    }
    let backwards = TimeRange { from_unix_s: 20, until_unix_s: 10 };
    let list = Query::Payouts(ListPayouts { arrival: backwards, starting_after: None });
    assert_eq!(list.to_http(&api_key()).map(|_| ()), Err(RequestError::Invalid { param: "arrival_date".into() }));

    let now = good.expires_at_unix_s;
    for (after_s, fits) in [(1_799, false), (1_800, true), (86_400, true), (86_401, false), (-1, false)] {
        let expected = if fits { Ok(()) } else { Err(RequestError::ExpiresAt { after_s }) };
        assert_eq!(good.check_expiry(now - after_s), expected);
    }
}

#[test]
fn a_stand_in_answers_in_stripes_form() {
    let refusal = |error: RequestError| error.to_refusal();
    let missing = refusal(RequestError::Missing { param: "line_items[0][quantity]".into() });
    assert_eq!(
        missing.to_json(),
        json!({ "error": { "type": "invalid_request_error", "code": "parameter_missing",
            "param": "line_items[0][quantity]", "message": "line_items[0][quantity] is missing" } })
    );
    for (error, status, code, kind) in [
        (RequestError::Unauthorized, 401, None, RefusalKind::Request),
        (RequestError::Route { method: "GET".into(), path: "/".into() }, 404, None, RefusalKind::NotFound),
        (RequestError::NoIdempotencyKey, 400, None, RefusalKind::Request),
        (RequestError::Form(Error::BadEscape), 400, None, RefusalKind::Request),
        (RequestError::UnknownParam { param: "x".into() }, 400, Some("parameter_unknown"), RefusalKind::Request),
        (RequestError::Empty { param: "x".into() }, 400, Some("parameter_invalid_empty"), RefusalKind::Request),
        (
            RequestError::Amount { param: "amount", error: AmountError::NotPositive { minor: 0 } },
            400,
            Some("parameter_invalid_integer"),
            RefusalKind::Request,
        ),
        (RequestError::ExpiresAt { after_s: 5 }, 400, None, RefusalKind::Request),
        (RequestError::TooManyMetadata { limit: 50 }, 400, None, RefusalKind::Request),
    ] {
        let refusal: Refusal = refusal(error);
        assert_eq!((refusal.status, refusal.code.as_deref(), refusal.kind()), (status, code, kind));
        let body = refusal.to_json().to_string();
        let read = read_reply::<wire_pay::stripe::Refund>(refusal.status, body.as_bytes());
        assert_eq!(read, Ok(Reply::Refused(refusal)));
    }
    assert!(ApiKey::parse("").is_err());
}
