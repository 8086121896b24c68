//! Parsers never panic, and nothing that was changed is taken for what was signed. Seeded: every run tries the same.

use super::{NOW, api_key, borrowed, headers, merchant, messages, platform_keys};
use crate::{load, seeded::Seeded, text};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use wire_pay::wechat::{
    Authorization, BillAnnouncement, BillDate, Call, ClientParameters, Notice, Packing, PrepayAnswer, Refund,
    RefundNotice, Refusal, Sealed, TradeBill, TradeKind, Transaction, open_certificates, parse_rfc3339,
    unverified_out_trade_no,
};

#[test]
fn a_changed_notice_never_opens() {
    let (keys, key) = (platform_keys(), api_key());
    let mut seeded = Seeded(0x5eed_1001);
    let mut refused = 0;
    for case in messages().iter().filter(|case| case["kind"] == "notice" && case["refused"].is_null()) {
        let whole = text(case, "body").as_bytes();
        for _ in 0..300 {
            let body = seeded.mutate(whole);
            let opened = Notice::open(borrowed(&headers(case)), &body, &keys, &key, NOW);
            assert_eq!(opened.is_ok(), body == whole);
            refused += usize::from(opened.is_err());
            let _ = unverified_out_trade_no(&body, &key);
        }
        for _ in 0..300 {
            let mut changed = headers(case);
            // Names and the kind of signature aside: those are not signed.
            let at = seeded.below(4);
            let before = changed[at].1.clone();
            changed[at].1 = String::from_utf8_lossy(&seeded.mutate(before.as_bytes())).into_owned();
            let same = changed[at].1 == before;
            let opened = Notice::open(borrowed(&changed), whole, &keys, &key, NOW);
            let serial = changed[at].0 == "Wechatpay-Serial" || changed[at].0 == "Wechatpay-Signature-Type";
            assert!(opened.is_err() || same || serial, "{changed:?}");
            refused += usize::from(opened.is_err());
        }
    }
    assert!(refused > 4_000, "{refused}");
}

#[test]
fn a_changed_request_is_never_taken_for_the_merchants() {
    let key = merchant().key().public_key().unwrap();
    let file = load(include_str!("../../../vectors/wechat/requests_node.json"));
    let mut seeded = Seeded(0x5eed_1002);
    for case in file["requests"].as_array().unwrap() {
        let (method, target, body) = (text(case, "method"), text(case, "target"), text(case, "body"));
        let header = text(case, "authorization");
        for _ in 0..200 {
            let changed_header = String::from_utf8_lossy(&seeded.mutate(header.as_bytes())).into_owned();
            let (changed_target, changed_body) = (seeded.mutate(target.as_bytes()), seeded.mutate(body.as_bytes()));
            let changed_target = String::from_utf8_lossy(&changed_target).into_owned();
            if let Ok(read) = Authorization::parse(&changed_header) {
                let verdict = read.verify(method, target, body.as_bytes(), &key, NOW);
                // Who claims to ask is not itself signed: the key that belongs to the claim is what proves it.
                assert!(verdict.is_err() || read.nonce() == Authorization::parse(header).unwrap().nonce());
            }
            let read = Authorization::parse(header).unwrap();
            let verdict = read.verify(method, &changed_target, &changed_body, &key, NOW);
            assert_eq!(verdict.is_ok(), changed_target == target && changed_body == body.as_bytes());
            let _ = Call::parse(method, &changed_target, &changed_body);
        }
    }
}

#[test]
fn readers_of_values_never_panic() {
    let mut seeded = Seeded(0x5eed_1003);
    let cases = messages();
    let plains: Vec<_> = cases.iter().filter_map(|case| case["plain"].as_str()).collect();
    let list = load(include_str!("../../../vectors/wechat/certificates.json"));
    let public = merchant().key().public_key().unwrap();
    let mut accepted = 0;
    for round in 0..10_000 {
        let body = seeded.mutate(plains[round % plains.len()].as_bytes());
        accepted += usize::from(Transaction::parse(&body).is_ok());
        let _ = (Refund::parse(&body), RefundNotice::parse(&body), Refusal::parse(400, &body));
        let _ = PrepayAnswer::parse(&TradeKind::Native, &body);
        let _ = ClientParameters::verify(&body, &public);
        let _ = Call::parse("POST", "/v3/pay/transactions/jsapi", &body);
        let time = seeded.mutate(b"2026-03-01T09:06:10+08:00");
        let _ = parse_rfc3339(&String::from_utf8_lossy(&time));
        let date = seeded.mutate(b"2026-03-01");
        let _ = String::from_utf8_lossy(&date).parse::<BillDate>();
        if round % 20 == 0 {
            let _ = open_certificates(&seeded.mutate(text(&list, "body").as_bytes()), &api_key());
        }
    }
    assert!(accepted > 100, "{accepted}");
}

#[test]
fn a_changed_resource_never_opens() {
    let mut seeded = Seeded(0x5eed_1004);
    let sealed = api_key().seal("{\"a\":1}", "61f9c719728a", "transaction").unwrap();
    for _ in 0..5_000 {
        let change =
            |text: &str, seeded: &mut Seeded| String::from_utf8_lossy(&seeded.mutate(text.as_bytes())).into_owned();
        let mut changed = sealed.clone();
        match seeded.below(3) {
            0 => changed.ciphertext = change(&sealed.ciphertext, &mut seeded),
            1 => changed.nonce = change(&sealed.nonce, &mut seeded),
            _ => changed.associated_data = change(&sealed.associated_data, &mut seeded),
        }
        assert_eq!(api_key().open(&changed).is_ok(), changed == sealed);
        let bytes = seeded.mutate(&STANDARD.decode(&sealed.ciphertext).unwrap());
        let changed = Sealed { ciphertext: STANDARD.encode(bytes), ..sealed.clone() };
        assert_eq!(api_key().open(&changed).is_ok(), changed == sealed);
    }
}

#[test]
fn a_changed_bill_never_counts() {
    let file = load(include_str!("../../../vectors/wechat/bill.json"));
    let csv = text(&file, "csv");
    let announced = BillAnnouncement::of(csv.as_bytes(), "https://pay.example.test/v3/billdownload/file?token=1");
    let packed = STANDARD.decode(text(&file, "gzip")).unwrap();
    let whole = TradeBill::parse(csv.as_bytes()).unwrap();
    let mut seeded = Seeded(0x5eed_1005);
    for _ in 0..5_000 {
        let changed = seeded.mutate(csv.as_bytes());
        assert_eq!(announced.open(&changed, Packing::Plain).is_ok(), changed == csv.as_bytes());
        // Without the hash, a change of a text may pass; one of an amount does not.
        if let Ok(read) = TradeBill::parse(&changed) {
            assert_eq!(read.totals(), whole.totals());
        }
        if let Ok(opened) = announced.open(&seeded.mutate(&packed), Packing::Gzip) {
            assert_eq!(opened, csv.as_bytes());
        }
    }
}
