//! Cards that are kept, against the sandbox's card gateway: remembered, charged while their owner is away, forgotten.

use crate::rig::{Rig, cny};
use everline_app::ports::{
    ClosedAnswer, DebitRequest, Debited, Forgot, Holder, Kept, KeptMethod, PaymentProvider, PaymentRef, PaymentRequest,
    PaymentStatus, Started,
};
use everline_core::ids::CustomerId;
use everline_core::payment::Method;
use serde_json::json;

/// A card that its owner let us remember.
async fn remembered(rig: &Rig, out_trade_no: &str) -> KeptMethod {
    let stripe = rig.stripe();
    let holder = Holder { customer: CustomerId::from([7; 16]), reference: None };
    let request = PaymentRequest { method: Method::CardKept, keep_for: Some(holder), ..rig.card(out_trade_no) };
    let first = stripe.start(&request).await;
    assert_eq!(stripe.start(&request).await, first, "the same customer, the same page");
    let Started::Pay(payable) = first else { panic!("{first:?}") };
    let holder = payable.holder.unwrap();
    assert!(holder.starts_with("cus_"));
    rig.payer(out_trade_no, "pay").await;
    let payment = PaymentRef { out_trade_no: out_trade_no.to_owned(), reference: payable.reference };
    let PaymentStatus::Paid(evidence) = stripe.query(&payment).await else { panic!("not paid") };
    let Kept::Method(method) = stripe.keeper().unwrap().kept(&evidence.trade_no).await else { panic!("not kept") };
    assert_eq!((method.holder.as_str(), method.last4.as_str()), (holder.as_str(), "4242"));
    method
}

fn debit(method: &KeptMethod, out_trade_no: &str) -> DebitRequest {
    DebitRequest {
        out_trade_no: out_trade_no.to_owned(),
        amount: cny("9.90"),
        subject: "手表畅联月包".to_owned(),
        token: method.token.clone(),
        holder: method.holder.clone(),
    }
}

#[tokio::test]
async fn a_kept_card_is_charged_once_under_its_number_whatever_becomes_of_the_answer() {
    let rig = Rig::start().await;
    let (stripe, method) = (rig.stripe(), remembered(&rig, "k1").await);
    let keeper = stripe.keeper().unwrap();
    let request = debit(&method, "d1");
    let Debited::Paid(evidence) = keeper.debit(&request).await else { panic!("not paid") };
    assert_eq!((evidence.out_trade_no.as_str(), evidence.amount), ("d1", cny("9.90")));
    assert_eq!(keeper.debit(&request).await, Debited::Paid(evidence), "the same debit");
    for kind in ["close_after", "bad_signature", "http_500", "close_before"] {
        rig.spoil("stripe.payment_intent.create", json!(kind)).await;
        let lost = debit(&method, &format!("l-{kind}").replace('_', "-"));
        assert_eq!(keeper.debit(&lost).await, Debited::Unknown, "{kind}");
        assert!(matches!(keeper.debit(&lost).await, Debited::Paid(_)), "{kind}");
    }
    let listed = rig.control("GET", "cards", None).await;
    assert_eq!(listed["sessions"].as_array().unwrap().len(), 6, "one each: {listed}");
    let dearer = DebitRequest { amount: cny("9.91"), ..request };
    assert_eq!(keeper.debit(&dearer).await, Debited::Unknown, "other content under the same number");
}

#[tokio::test]
async fn a_bank_that_declines_or_asks_took_nothing_and_what_is_left_is_given_up() {
    let rig = Rig::start().await;
    let (stripe, method) = (rig.stripe(), remembered(&rig, "k2").await);
    let keeper = stripe.keeper().unwrap();
    for (end, asks) in [("declined", false), ("authentication", true)] {
        rig.control("PUT", "cards/debits-end", Some(json!(end))).await;
        let Debited::Refused { authentication, reference } = keeper.debit(&debit(&method, end)).await else {
            panic!("{end}")
        };
        assert_eq!(authentication, asks, "{end}");
        let left = PaymentRef { out_trade_no: end.to_owned(), reference };
        assert_eq!(stripe.query(&left).await, PaymentStatus::Waiting, "{end}");
        assert_eq!(stripe.close(&left).await, ClosedAnswer::Closed, "{end}");
        assert_eq!(stripe.close(&left).await, ClosedAnswer::Closed, "{end}");
        assert_eq!(stripe.query(&left).await, PaymentStatus::Closed, "{end}");
    }
}

#[tokio::test]
async fn a_card_that_was_forgotten_or_never_kept_is_not_charged() {
    let rig = Rig::start().await;
    let (stripe, method) = (rig.stripe(), remembered(&rig, "k3").await);
    let keeper = stripe.keeper().unwrap();
    assert_eq!(keeper.forget(&method.token).await, Forgot::Done);
    assert_eq!(keeper.forget(&method.token).await, Forgot::Done);
    let refused = keeper.debit(&debit(&method, "f1")).await;
    assert!(matches!(refused, Debited::Refused { authentication: false, .. }), "{refused:?}");
    let Started::Pay(payable) = stripe.start(&rig.card("k4")).await else { panic!() };
    rig.payer("k4", "pay").await;
    let payment = PaymentRef { out_trade_no: "k4".to_owned(), reference: payable.reference };
    let PaymentStatus::Paid(evidence) = stripe.query(&payment).await else { panic!("not paid") };
    assert_eq!(keeper.kept(&evidence.trade_no).await, Kept::No);
    let stray = PaymentRequest { method: Method::CardKept, ..rig.card("k5") };
    assert!(matches!(stripe.start(&stray).await, Started::Refused(_)), "kept for nobody");
}
