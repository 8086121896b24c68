//! Answers and events, written out here as Stripe documents them, members that nobody reads included.

use super::{amount, keys};
use crate::text;
use serde_json::{Value, json};
use wire_pay::{
    Error,
    stripe::{
        BalanceTransaction, BalanceTransactionType, Card, Charge, ChargeStatus, CheckoutSession, Customer, Dispute,
        DisputeStatus, EndpointSecret, Event, EventId, EventObject, EventType, Expandable, Metadata, Object, Page,
        PaymentIntent, PaymentIntentStatus, PaymentMethod, Payout, PayoutStatus, REPLY_BYTES_MAX, Refund, RefundStatus,
        Reply, SessionMode, SessionPaymentStatus, SessionStatus, SetupIntent, SetupIntentStatus, read_reply,
    },
};

const NOW: i64 = 1_772_327_107;

fn charge() -> Value {
    json!({ "id": "ch_3A", "object": "charge", "amount": 1234, "amount_captured": 1234, "amount_refunded": 500,
        "balance_transaction": "txn_3A", "billing_details": { "email": "jia@example.test" }, "captured": true,
        "created": NOW, "currency": "eur", "customer": null, "disputed": false, "failure_code": null, "livemode": false,
        "metadata": { "out_trade_no": "EL1" }, "outcome": { "risk_level": "normal" }, "paid": true,
        "payment_intent": "pi_3A", "payment_method": "pm_1A",
        "payment_method_details": { "type": "card", "card": { "brand": "visa", "checks": { "cvc_check": "pass" },
            "exp_month": 8, "exp_year": 2030, "fingerprint": "AOB934RVNwzk6xtn", "last4": "4242", "three_d_secure": null } },
        "refunded": false, "status": "succeeded" })
}

fn payment_intent() -> Value {
    json!({ "id": "pi_3A", "object": "payment_intent", "amount": 1234, "amount_capturable": 0, "amount_received": 1234,
        "automatic_payment_methods": null, "canceled_at": null, "client_secret": "pi_3A_secret_x", "created": NOW,
        "currency": "eur", "customer": { "id": "cus_T1", "object": "customer", "created": NOW, "metadata": {} },
        "last_payment_error": null, "latest_charge": charge(), "livemode": false, "metadata": { "out_trade_no": "EL1" },
        "next_action": null, "payment_method": "pm_1A", "payment_method_types": ["card"], "status": "succeeded" })
}

fn setup_intent() -> Value {
    json!({ "id": "seti_1A", "object": "setup_intent", "created": NOW, "customer": "cus_T1", "last_setup_error":
        { "type": "card_error", "code": "setup_intent_authentication_failure" }, "livemode": false, "metadata": {},
        "next_action": { "type": "redirect_to_url", "redirect_to_url": { "url": "https://hooks.example.test/3ds",
        "return_url": null } }, "payment_method": "pm_1A", "status": "requires_action", "usage": "off_session" })
}

fn checkout_session() -> Value {
    json!({ "id": "cs_test_a1B2", "object": "checkout.session", "adaptive_pricing": { "enabled": false },
        "amount_subtotal": 1234, "amount_total": 1234, "client_reference_id": "EL1", "created": NOW, "currency": "eur",
        "customer": null, "customer_details": { "email": "jia@example.test" }, "expires_at": NOW + 1800,
        "livemode": false, "metadata": {}, "mode": "payment", "payment_intent": payment_intent(),
        "payment_status": "paid", "setup_intent": null, "status": "complete", "ui_mode": "hosted_page", "url": null })
}

fn payment_method() -> Value {
    json!({ "id": "pm_1A", "object": "payment_method", "billing_details": {}, "card": { "brand": "visa",
        "checks": null, "country": "US", "exp_month": 8, "exp_year": 2030, "fingerprint": "AOB934RVNwzk6xtn",
        "funding": "credit", "last4": "4242", "wallet": null }, "created": NOW, "customer": "cus_T1",
        "livemode": false, "metadata": {}, "type": "card" })
}

fn refund() -> Value {
    json!({ "id": "re_3A", "object": "refund", "amount": 500, "balance_transaction": "txn_3B", "charge": "ch_3A",
        "created": NOW, "currency": "eur", "destination_details": { "type": "card" }, "failure_reason": "unknown",
        "metadata": { "out_request_no": "ELR1" }, "payment_intent": "pi_3A", "reason": null, "status": "failed" })
}

fn dispute() -> Value {
    json!({ "id": "du_1A", "object": "dispute", "amount": 1234, "balance_transactions": [], "charge": "ch_3A",
        "created": NOW, "currency": "eur", "evidence": { "uncategorized_text": null }, "evidence_details": {
        "due_by": NOW + 604_800, "has_evidence": false, "past_due": false, "submission_count": 0 },
        "is_charge_refundable": true, "livemode": false, "metadata": {}, "payment_intent": "pi_3A",
        "reason": "fraudulent", "status": "needs_response" })
}

fn balance_transaction() -> Value {
    json!({ "id": "txn_3A", "object": "balance_transaction", "amount": 1334, "available_on": NOW + 172_800,
        "created": NOW, "currency": "usd", "description": null, "exchange_rate": 1.08104, "fee": 69,
        "fee_details": [{ "amount": 69, "type": "stripe_fee" }], "net": 1265, "reporting_category": "charge",
        "source": charge(), "status": "pending", "type": "charge" })
}

fn payout() -> Value {
    json!({ "id": "po_1A", "object": "payout", "amount": 1265, "arrival_date": NOW + 259_200, "automatic": true,
        "balance_transaction": "txn_3C", "created": NOW, "currency": "usd", "failure_code": null, "livemode": false,
        "metadata": {}, "method": "standard", "status": "in_transit", "type": "bank_account" })
}

fn customer() -> Value {
    json!({ "id": "cus_T1", "object": "customer", "created": NOW, "email": null, "livemode": false,
        "metadata": { "customer": "C1" } })
}

/// One object of each kind.
pub(super) fn answers() -> Vec<Value> {
    vec![
        checkout_session(),
        payment_intent(),
        setup_intent(),
        payment_method(),
        charge(),
        refund(),
        dispute(),
        balance_transaction(),
        payout(),
        customer(),
    ]
}

/// Reads an object and checks that it reads the same after it was written.
fn read<T: Object + Clone + PartialEq + std::fmt::Debug>(value: &Value) -> T {
    let Ok(Reply::Done(object)) = read_reply::<T>(200, value.to_string().as_bytes()) else { panic!("{value}") };
    let written = object.to_json();
    assert_eq!(written["object"], T::NAME);
    assert_eq!(read_reply::<T>(200, written.to_string().as_bytes()), Ok(Reply::Done(object.clone())));
    object
}

#[test]
fn a_paid_session_is_read_with_its_payment_and_charge() {
    let session: CheckoutSession = read(&checkout_session());
    assert_eq!((session.id.as_str(), session.client_reference_id.as_deref()), ("cs_test_a1B2", Some("EL1")));
    assert_eq!((&session.mode, &session.status), (&SessionMode::Payment, &SessionStatus::Complete));
    assert!(session.is_paid());
    assert_eq!(session.amount_total, Some(amount(1_234, "EUR")));
    assert_eq!((session.created_unix_s, session.expires_at_unix_s), (NOW, NOW + 1_800));
    assert_eq!((session.url, session.customer, session.setup_intent), (None, None, None));
    let intent = session.payment_intent.as_ref().and_then(Expandable::object).unwrap();
    assert!(intent.is_paid());
    assert_eq!((intent.amount, intent.amount_received), (amount(1_234, "EUR"), amount(1_234, "EUR")));
    assert_eq!(intent.customer.as_ref().unwrap().as_str(), "cus_T1");
    assert_eq!(intent.payment_method.as_ref().unwrap().as_str(), "pm_1A");
    assert_eq!(intent.metadata.get("out_trade_no"), Some("EL1"));
    let charge = intent.latest_charge.as_ref().and_then(Expandable::object).unwrap();
    assert_eq!(charge.card_fingerprint.as_deref(), Some("AOB934RVNwzk6xtn"));
    assert_eq!((charge.amount_refunded, charge.captured), (amount(500, "EUR"), true));
    assert_eq!((&charge.status, charge.refunded, charge.disputed), (&ChargeStatus::Succeeded, false, false));
}

#[test]
fn what_is_not_paid_does_not_read_as_paid() {
    for (mode, payment_status, paid) in [
        ("payment", "paid", true),
        ("payment", "unpaid", false),
        ("payment", "no_payment_required", false),
        ("payment", "a_new_word", false),
        ("setup", "no_payment_required", false),
        ("setup", "paid", false),
    ] {
        let mut value = checkout_session();
        value["mode"] = mode.into();
        value["payment_status"] = payment_status.into();
        assert_eq!(read::<CheckoutSession>(&value).is_paid(), paid, "{mode} {payment_status}");
    }
    for status in ["requires_payment_method", "requires_action", "processing", "requires_capture", "canceled", "new"] {
        let mut value = payment_intent();
        value["status"] = status.into();
        assert!(!read::<PaymentIntent>(&value).is_paid(), "{status}");
    }
}

#[test]
fn an_open_session_names_its_page_and_has_no_payment_yet() {
    let mut value = checkout_session();
    value["status"] = "open".into();
    value["payment_status"] = "unpaid".into();
    value["payment_intent"] = Value::Null;
    value["url"] = "https://checkout.example.test/c/pay/cs_test_a1B2#x".into();
    let session: CheckoutSession = read(&value);
    assert_eq!((session.status, session.payment_status), (SessionStatus::Open, SessionPaymentStatus::Unpaid));
    assert_eq!((session.payment_intent, session.url.is_some()), (None, true));
}

#[test]
fn a_setup_session_names_the_saved_card() {
    let mut value = checkout_session();
    value["mode"] = "setup".into();
    value["payment_intent"] = Value::Null;
    value["amount_total"] = Value::Null;
    value["currency"] = Value::Null;
    value["setup_intent"] = setup_intent();
    let session: CheckoutSession = read(&value);
    assert_eq!((session.mode, session.amount_total), (SessionMode::Setup, None));
    let setup = session.setup_intent.unwrap();
    assert_eq!(setup.id().as_str(), "seti_1A");
    let setup: &SetupIntent = setup.object().unwrap();
    assert_eq!(setup.status, SetupIntentStatus::RequiresAction);
    assert_eq!(setup.payment_method.as_ref().unwrap().as_str(), "pm_1A");
    assert_eq!(setup.redirect_url.as_deref(), Some("https://hooks.example.test/3ds"));
    let error = setup.last_setup_error.as_ref().unwrap();
    assert_eq!((error.code.as_deref(), &error.decline_code), (Some("setup_intent_authentication_failure"), &None));
    assert_eq!(read::<SetupIntent>(&setup_intent()), *setup);
}

#[test]
fn a_declined_payment_says_why() {
    let mut value = payment_intent();
    value["status"] = "requires_payment_method".into();
    value["amount_received"] = 0.into();
    value["payment_method"] = Value::Null;
    value["latest_charge"] = "ch_3A".into();
    value["last_payment_error"] =
        json!({ "type": "card_error", "code": "card_declined", "decline_code": "do_not_honor" });
    let intent: PaymentIntent = read(&value);
    assert_eq!(intent.status, PaymentIntentStatus::RequiresPaymentMethod);
    let error = intent.last_payment_error.unwrap();
    assert_eq!((error.code.as_deref(), error.decline_code.as_deref()), (Some("card_declined"), Some("do_not_honor")));
    let charge = intent.latest_charge.unwrap();
    assert_eq!((charge.id().as_str(), charge.object()), ("ch_3A", None));
}

#[test]
fn cards_customers_refunds_and_disputes_are_read() {
    let method: PaymentMethod = read(&payment_method());
    let expected = Card {
        brand: "visa".into(),
        last4: "4242".into(),
        exp_month: 8,
        exp_year: 2030,
        fingerprint: Some("AOB934RVNwzk6xtn".into()),
    };
    assert_eq!((method.card, method.kind.as_str()), (Some(expected), "card"));
    assert_eq!(method.customer.unwrap().as_str(), "cus_T1");
    let customer: Customer = read(&customer());
    assert_eq!((customer.id.as_str(), customer.metadata.get("customer")), ("cus_T1", Some("C1")));

    let failed: Refund = read(&refund());
    assert_eq!((failed.status, failed.failure_reason.as_deref()), (Some(RefundStatus::Failed), Some("unknown")));
    assert_eq!((failed.amount, failed.metadata.get("out_request_no")), (amount(500, "EUR"), Some("ELR1")));
    assert_eq!(failed.payment_intent.unwrap().as_str(), "pi_3A");

    let open: Dispute = read(&dispute());
    assert_eq!((&open.status, open.reason.as_str()), (&DisputeStatus::NeedsResponse, "fraudulent"));
    assert_eq!((open.evidence_due_by_unix_s, open.is_charge_refundable), (Some(NOW + 604_800), true));
    assert_eq!((open.charge.as_str(), open.submission_count, open.has_evidence), ("ch_3A", 0, false));
    for none in [json!(0), Value::Null] {
        let mut value = dispute();
        value["evidence_details"]["due_by"] = none;
        assert_eq!(read::<Dispute>(&value).evidence_due_by_unix_s, None);
    }
}

#[test]
fn movements_tell_gross_fee_and_net_and_whose_they_are() {
    let movement: BalanceTransaction = read(&balance_transaction());
    assert_eq!(movement.kind, BalanceTransactionType::Charge);
    let usd = |minor| amount(minor, "USD");
    assert_eq!((movement.gross, movement.fee, movement.net), (usd(1_334), usd(69), usd(1_265)));
    assert_eq!((movement.created_unix_s, movement.available_on_unix_s), (NOW, NOW + 172_800));
    let source = movement.source.unwrap();
    assert_eq!((source.id.as_str(), source.kind.as_deref()), ("ch_3A", Some("charge")));
    assert_eq!(source.payment_intent.unwrap().as_str(), "pi_3A");
    assert_eq!(source.metadata.get("out_trade_no"), Some("EL1"));

    for (kind, source, gross, fee, net) in [
        ("refund", json!("re_3A"), -500, 0, -500),
        ("refund", refund(), -500, 0, -500),
        ("adjustment", dispute(), -1_234, 1_500, -2_734),
        ("payout", json!("po_1A"), -1_265, 0, -1_265),
        ("stripe_fee", Value::Null, -10, 0, -10),
        ("a_new_kind", Value::Null, 0, 0, 0),
    ] {
        let mut value = balance_transaction();
        (value["type"], value["source"]) = (kind.into(), source.clone());
        (value["amount"], value["fee"], value["net"]) = (gross.into(), fee.into(), net.into());
        let movement: BalanceTransaction = read(&value);
        assert_eq!((movement.kind.as_str(), movement.net), (kind, usd(net)));
        let expected = source.as_str().or(source["id"].as_str());
        assert_eq!(movement.source.as_ref().map(|source| source.id.as_str()), expected, "{kind}");
    }
    let mut value = balance_transaction();
    value["net"] = 1_266.into();
    let refused = read_reply::<BalanceTransaction>(200, value.to_string().as_bytes());
    assert_eq!(refused, Err(Error::BadField { name: "net" }));

    let sent: Payout = read(&payout());
    assert_eq!((&sent.status, sent.amount, sent.automatic), (&PayoutStatus::InTransit, usd(1_265), true));
    assert_eq!(sent.arrival_date_unix_s, NOW + 259_200);
}

#[test]
fn pages_lead_to_the_next() {
    let body = |has_more: bool, data: Vec<Value>| {
        json!({ "object": "list", "data": data, "has_more": has_more, "url": "/v1/refunds" }).to_string()
    };
    let mut older = refund();
    older["id"] = "re_3Z".into();
    let Ok(Reply::Done(page)) = Page::<Refund>::read_reply(200, body(true, vec![refund(), older]).as_bytes()) else {
        panic!()
    };
    assert_eq!(page.next_starting_after().unwrap().as_str(), "re_3Z");
    let written = page.to_json("/v1/refunds").to_string();
    assert_eq!(Page::read_reply(200, written.as_bytes()), Ok(Reply::Done(page)));
    let Ok(Reply::Done(last)) = Page::<Refund>::read_reply(200, body(false, vec![refund()]).as_bytes()) else {
        panic!()
    };
    assert_eq!(last.next_starting_after(), None);
    let endless = Page::<Refund>::read_reply(200, body(true, vec![]).as_bytes());
    assert_eq!(endless, Err(Error::BadField { name: "has_more" }));
    let other = Page::<Payout>::read_reply(200, body(false, vec![refund()]).as_bytes());
    assert_eq!(other, Err(Error::BadField { name: "object" }));
    let one = Page::<Refund>::read_reply(200, refund().to_string().as_bytes());
    assert_eq!(one, Err(Error::BadField { name: "object" }));
}

/// Every required member of every object, taken out and made something else.
#[test]
fn a_member_that_is_missing_or_malformed_is_named() {
    let mut tried = 0;
    let mut check = |kind: &str, names: &[&'static str], judge: &dyn Fn(&Value) -> Result<(), Error>| {
        let object = answers().into_iter().find(|object| object["object"] == kind).unwrap();
        for &name in names {
            let mut without = object.clone();
            without[name] = Value::Null;
            assert_eq!(judge(&without), Err(Error::MissingField { name }), "{kind} without {name}");
            for wrong in [json!([]), json!(1.5)] {
                let mut malformed = object.clone();
                malformed[name] = wrong.clone();
                assert_eq!(judge(&malformed), Err(Error::BadField { name }), "{kind} with {name} = {wrong}");
            }
            tried += 1;
        }
    };
    fn judge<T: Object>(value: &Value) -> Result<(), Error> {
        T::from_json(value).map(|_| ())
    }
    check(
        "checkout.session",
        &["object", "id", "mode", "status", "payment_status", "created", "expires_at"],
        &judge::<CheckoutSession>,
    );
    check(
        "payment_intent",
        &["object", "id", "status", "amount", "amount_received", "currency", "created"],
        &judge::<PaymentIntent>,
    );
    check("setup_intent", &["object", "id", "status", "created"], &judge::<SetupIntent>);
    check("payment_method", &["object", "id", "type", "created"], &judge::<PaymentMethod>);
    check(
        "charge",
        &["object", "id", "status", "amount", "amount_refunded", "captured", "refunded", "disputed", "created"],
        &judge::<Charge>,
    );
    check("refund", &["object", "id", "amount", "currency", "created"], &judge::<Refund>);
    check(
        "dispute",
        &[
            "object",
            "id",
            "status",
            "reason",
            "amount",
            "charge",
            "is_charge_refundable",
            "evidence_details",
            "created",
        ],
        &judge::<Dispute>,
    );
    check(
        "balance_transaction",
        &["object", "id", "type", "amount", "fee", "net", "created", "available_on"],
        &judge::<BalanceTransaction>,
    );
    check("payout", &["object", "id", "status", "amount", "arrival_date", "automatic", "created"], &judge::<Payout>);
    check("customer", &["object", "id", "created"], &judge::<Customer>);
    assert_eq!(tried, 63);
}

#[test]
fn inner_members_out_of_their_form_are_named() {
    let judge = |value: Value| PaymentMethod::from_json(&value).map(|_| ());
    for (name, wrong) in [
        ("last4", json!("4242424242424242")),
        ("last4", json!("42a2")),
        ("exp_month", json!(13)),
        ("exp_month", json!(0)),
        ("exp_year", json!(30)),
        ("exp_year", json!(-1)),
        ("brand", json!(1)),
        ("fingerprint", json!(1)),
    ] {
        let mut value = payment_method();
        value["card"][name] = wrong.clone();
        assert_eq!(judge(value), Err(Error::BadField { name }), "{name} {wrong}");
    }
    let with = |name: &str, wrong: Value| {
        let mut value = payment_intent();
        value[name] = wrong;
        PaymentIntent::from_json(&value).map(|_| ())
    };
    for (name, wrong) in [
        ("currency", json!("EUR")),
        ("amount", json!(1_000_000_000_000_i64)),
        ("metadata", json!({ "a": 1 })),
        ("metadata", json!([])),
        ("latest_charge", json!("ch/1")),
        ("customer", json!({ "id": 1 })),
        ("next_action", json!("redirect")),
        ("last_payment_error", json!("declined")),
    ] {
        assert_eq!(with(name, wrong.clone()), Err(Error::BadField { name }), "{name} {wrong}");
    }
    // An object in place of an id must be of its kind.
    assert_eq!(with("latest_charge", refund()), Err(Error::BadField { name: "object" }));
}

#[test]
fn answers_are_bounded_and_whole() {
    let read = |status: u16, body: &str| read_reply::<Refund>(status, body.as_bytes()).map(|_| ());
    let good = refund().to_string();
    assert_eq!(read(200, &good), Ok(()));
    assert_eq!(read(302, &good), Err(Error::BadField { name: "status" }));
    assert_eq!(read(100, &good), Err(Error::BadField { name: "status" }));
    assert_eq!(read(500, &good), Err(Error::MissingField { name: "error" }));
    assert_eq!(read(200, &format!("{good}x")), Err(Error::Json { at: good.len() }));
    assert_eq!(read(502, "<html>"), Err(Error::Json { at: 0 }));
    assert_eq!(read(200, ""), Err(Error::Json { at: 0 }));
    assert_eq!(read_reply::<Refund>(200, b"\xff").map(|_| ()), Err(Error::NotUtf8));
    assert_eq!(read(200, "{\n \"id\": 1,\n}"), Err(Error::Json { at: 12 }));
    let nested = format!("{{\"a\":{}{}}}", "[".repeat(1_000), "]".repeat(1_000));
    assert_eq!(read(200, &nested), Err(Error::Json { at: 131 }));
    let large = format!("{{\"a\":\"{}\"}}", "x".repeat(REPLY_BYTES_MAX));
    let actual_bytes = large.len();
    assert_eq!(read(200, &large), Err(Error::TooLarge { limit_bytes: REPLY_BYTES_MAX, actual_bytes }));
    // A full page of movements, one about a dispute with all the evidence there can be, stays readable.
    let mut movement = balance_transaction();
    for n in 0..40 {
        movement["source"]["padding"][format!("member_{n}")] = "x".repeat(100).into();
    }
    let mut page = json!({ "object": "list", "data": vec![movement; 49], "has_more": true });
    let mut disputed = balance_transaction();
    disputed["source"] = dispute();
    disputed["source"]["evidence"]["uncategorized_text"] = "流".repeat(150_000).into();
    page["data"].as_array_mut().unwrap().push(disputed);
    let page = page.to_string();
    assert!(page.len() > 700_000, "{}", page.len());
    assert!(Page::<BalanceTransaction>::read_reply(200, page.as_bytes()).is_ok());
}

/// An event of each kind that has a name, and one that has none.
pub(super) fn events() -> Vec<Event> {
    let session = || EventObject::CheckoutSession(Box::new(CheckoutSession::from_json(&checkout_session()).unwrap()));
    let intent = || EventObject::PaymentIntent(Box::new(PaymentIntent::from_json(&payment_intent()).unwrap()));
    let charged = || EventObject::Charge(Box::new(Charge::from_json(&charge()).unwrap()));
    let refunded = || EventObject::Refund(Box::new(Refund::from_json(&refund()).unwrap()));
    let disputed = || EventObject::Dispute(Box::new(Dispute::from_json(&dispute()).unwrap()));
    let paid_out = || EventObject::Payout(Box::new(Payout::from_json(&payout()).unwrap()));
    [
        ("checkout.session.completed", session()),
        ("checkout.session.expired", session()),
        ("checkout.session.async_payment_succeeded", session()),
        ("checkout.session.async_payment_failed", session()),
        ("payment_intent.succeeded", intent()),
        ("payment_intent.payment_failed", intent()),
        ("payment_intent.canceled", intent()),
        ("payment_intent.processing", intent()),
        ("charge.refunded", charged()),
        ("refund.updated", refunded()),
        ("refund.failed", refunded()),
        ("charge.dispute.created", disputed()),
        ("charge.dispute.updated", disputed()),
        ("charge.dispute.closed", disputed()),
        ("charge.dispute.funds_withdrawn", disputed()),
        ("charge.dispute.funds_reinstated", disputed()),
        ("payout.paid", paid_out()),
        ("customer.updated", EventObject::Other(customer())),
        // To the last digit.
        ("product.updated", EventObject::Other(json!({ "object": "product", "weight": 1.888_888_888_888_889_2e107 }))),
    ]
    .into_iter()
    .enumerate()
    .map(|(n, (kind, object))| Event {
        id: EventId::parse(&format!("evt_{n}")).unwrap(),
        kind: EventType::parse(kind),
        created_unix_s: NOW,
        livemode: false,
        api_version: Some(wire_pay::stripe::API_VERSION.into()),
        object,
    })
    .collect()
}

#[test]
fn a_stand_ins_events_verify_and_read_as_they_were_written() {
    let secret = EndpointSecret::parse(text(&keys(), "endpoint_secret")).unwrap();
    let mut unknown = 0;
    for event in events() {
        let body = event.to_body();
        let header = secret.sign(body.as_bytes(), NOW);
        assert_eq!(Event::verify(body.as_bytes(), &header, std::slice::from_ref(&secret), NOW), Ok(event.clone()));
        unknown += usize::from(matches!(event.kind, EventType::Other(_)));
    }
    assert_eq!(unknown, 2);
    assert_eq!(Metadata::new().iter().count(), 0);
}
