//! What Stripe says: answers, and events that somebody with the endpoint's secret signed.
#![no_main]

use libfuzzer_sys::fuzz_target;
use std::fmt::Debug;
use std::sync::LazyLock;
use wire_pay::stripe::{
    BalanceTransaction, Charge, CheckoutSession, Customer, Dispute, EndpointSecret, Event, Object, Page, PaymentIntent,
    PaymentMethod, Payout, Refund, Reply, SetupIntent, read_reply,
};

/// Signs nothing that matters.
static SECRET: LazyLock<EndpointSecret> =
    LazyLock::new(|| EndpointSecret::parse("whsec_fuzz0123456789abcdef").unwrap());
const NOW: i64 = 1_800_000_000;

/// What was read is written and read again.
fn again<T: Object + Debug + PartialEq>(body: &[u8]) {
    if let Ok(Reply::Done(read)) = read_reply::<T>(200, body) {
        assert_eq!(T::from_json(&read.to_json()).as_ref(), Ok(&read));
    }
}

fuzz_target!(|body: &[u8]| {
    again::<CheckoutSession>(body);
    again::<PaymentIntent>(body);
    again::<SetupIntent>(body);
    again::<Charge>(body);
    again::<Refund>(body);
    again::<Dispute>(body);
    again::<BalanceTransaction>(body);
    again::<Payout>(body);
    again::<Customer>(body);
    again::<PaymentMethod>(body);
    let _ = Page::<BalanceTransaction>::read_reply(200, body);
    if let Ok(Reply::Refused(refusal)) = read_reply::<Refund>(402, body) {
        let _ = (refusal.kind(), refusal.to_json());
    }
    let secrets = std::slice::from_ref(&*SECRET);
    // A header that the fuzzer made up, and one that fits.
    if let Ok(header) = std::str::from_utf8(body) {
        assert!(Event::verify(b"{}", header, secrets, NOW).is_err());
    }
    if let Ok(event) = Event::verify(body, &SECRET.sign(body, NOW), secrets, NOW) {
        let written = event.to_body();
        let read = Event::verify(written.as_bytes(), &SECRET.sign(written.as_bytes(), NOW), secrets, NOW).unwrap();
        assert_eq!((&read.id, &read.kind, &read.object), (&event.id, &event.kind, &event.object));
    }
});
