//! Parsers never panic, and nothing that was changed is taken for what was signed. Seeded: every run tries the same.

use super::public_key;
use crate::{load, seeded::Seeded, text};
use wire_pay::alipay::{
    Fen, Notification, Params, Refusal, TradeQueried, TradeRefund, parse_time, verify_request, verify_response,
};

#[test]
fn a_changed_response_never_verifies() {
    let key = public_key("gateway");
    let cases = load(include_str!("../../../vectors/alipay/responses.json"));
    let mut seeded = Seeded(0x5eed_0001);
    for case in cases.as_array().unwrap().iter().filter(|case| case["valid"] == true) {
        for _ in 0..2_000 {
            let body = seeded.mutate(text(case, "body").as_bytes());
            // White space outside of the signed text may change; the signed text may not.
            if let Ok(raw) = verify_response(&body, text(case, "method"), &key) {
                assert_eq!(raw, text(case, "raw"));
            }
        }
    }
}

#[test]
fn a_changed_notification_never_verifies() {
    let key = public_key("gateway");
    let cases = load(include_str!("../../../vectors/alipay/notifications.json"));
    let mut seeded = Seeded(0x5eed_0002);
    let mut refused = 0;
    for case in cases.as_array().unwrap().iter().filter(|case| case["valid"] == true) {
        for _ in 0..2_000 {
            let body = seeded.mutate(text(case, "body").as_bytes());
            match Notification::verify(&body, &key) {
                Ok(read) => assert_eq!(read.params().notification_content(), text(case, "content")),
                Err(_) => refused += 1,
            }
        }
    }
    assert!(refused > 10_000, "{refused}");
}

#[test]
fn a_changed_request_never_verifies() {
    let key = public_key("merchant");
    let cases = load(include_str!("../../../vectors/alipay/requests.json"));
    let mut seeded = Seeded(0x5eed_0003);
    for case in cases.as_array().unwrap() {
        let (query, body) = (text(case, "sent_query"), text(case, "sent_body"));
        let expected = Params::parse_request(query.as_bytes(), body.as_bytes()).unwrap().sign_content();
        for _ in 0..500 {
            let (query, body) = (seeded.mutate(query.as_bytes()), seeded.mutate(body.as_bytes()));
            if let Ok(read) = verify_request(&query, &body, &key) {
                assert_eq!(read.sign_content(), expected);
            }
        }
    }
}

#[test]
fn readers_of_values_never_panic() {
    let mut seeded = Seeded(0x5eed_0004);
    let raw = r#"{"code":"40004","msg":"x","sub_code":"ACQ.X","out_trade_no":"E1","trade_no":"2","trade_status":"S","total_amount":"1.5","send_pay_date":"2026-03-01 09:06:10"}"#;
    let mut accepted = 0;
    for _ in 0..20_000 {
        let changed = seeded.mutate(raw.as_bytes());
        let changed = String::from_utf8_lossy(&changed);
        accepted += usize::from(Refusal::parse(&changed).is_ok());
        let done = changed.replace("40004", "10000");
        let _ = (TradeQueried::parse(&done), TradeRefund::parse(&done));
        let time = seeded.mutate("2026-03-01 09:06:10".as_bytes());
        let _ = parse_time(&String::from_utf8_lossy(&time));
        let amount = seeded.mutate("123456.78".as_bytes());
        if let Ok(fen) = String::from_utf8_lossy(&amount).parse::<Fen>() {
            assert!(fen.get() >= 0);
        }
    }
    assert!(accepted > 0);
}
