//! What the gateway signs and seals, judged as both SDKs judge it.

use super::{NOW, api_key, borrowed, certificate, headers, key_file, message, messages, platform_keys, signer};
use crate::{load, text};
use serde_json::Value;
use wire_pay::{
    Error as Shared, Fen,
    wechat::{
        ApiV3Key, Error, Event, Notice, PlatformKeys, RefundStatus, Refusal, RefusalKind, Reply, Sealed, Signature,
        TradeState, Transaction, header, open_certificates, seal_certificates, unverified_out_trade_no,
        verify_response,
    },
};

fn open(case: &Value, keys: &PlatformKeys, now_unix_s: i64) -> Result<Notice, Error> {
    Notice::open(borrowed(&headers(case)), text(case, "body").as_bytes(), keys, &api_key(), now_unix_s)
}

/// The error that a case must end with.
fn refusal(case: &Value) -> Error {
    match text(case, "refused") {
        "signature" => Shared::BadSignature.into(),
        "serial" => Error::UnknownSerial { serial: text(&case["headers"], header::SERIAL).into() },
        "probe" => Error::SignatureProbe,
        "sealed" => Error::Sealed,
        other => panic!("an unknown refusal: {other}"),
    }
}

#[test]
fn notices_are_accepted_exactly_when_the_sdks_accept_them() {
    let (mut accepted, mut refused) = (0, 0);
    for case in messages().iter().filter(|case| case["kind"] == "notice") {
        let verdict = open(case, &platform_keys(), NOW);
        if case["refused"].is_null() {
            accepted += 1;
            assert!(verdict.is_ok(), "{}: {verdict:?}", text(case, "name"));
        } else {
            refused += 1;
            assert_eq!(verdict, Err(refusal(case)), "{}", text(case, "name"));
        }
    }
    assert_eq!((accepted, refused), (8, 10));
}

#[test]
fn responses_are_accepted_as_the_sdks_accept_them() {
    let body = |name: &str, status| {
        let case = message(name);
        let body = text(&case, "body").as_bytes().to_vec();
        match verify_response(status, borrowed(&headers(&case)), &body, &platform_keys(), NOW) {
            Ok(Reply::Done(body)) => Ok(body.to_vec()),
            Ok(Reply::Refused(refusal)) => Err(refusal),
            Err(error) => panic!("{name}: {error}"),
        }
    };
    assert_eq!(body("close", 204), Ok(Vec::new()));
    let trade = Transaction::parse(&body("query", 200).unwrap()).unwrap();
    assert_eq!((trade.trade_state, trade.total), (TradeState::Success, Fen::new(8_888)));
    let refused = Refusal { status: 404, code: "ORDER_NOT_EXIST".into(), message: "订单不存在".into() };
    assert_eq!(refused.kind(), RefusalKind::NotExist);
    assert_eq!(body("not exist", 404), Err(refused));
}

#[test]
fn the_other_direction_writes_the_same_bytes() {
    for case in messages().iter().filter(|case| case["refused"].is_null()) {
        let (body, nonce) = (text(case, "body"), text(&case["headers"], header::NONCE));
        let ours = signer(text(&case["headers"], header::SERIAL)).sign(body.as_bytes(), NOW, nonce).unwrap();
        for (name, value) in ours.headers() {
            assert_eq!(case["headers"][name], value, "{}", text(case, "name"));
        }
        let Some(plain) = case["plain"].as_str() else { continue };
        let resource = &load(body)["resource"];
        let sealed = api_key().seal(plain, text(resource, "nonce"), text(resource, "associated_data")).unwrap();
        assert_eq!(sealed.ciphertext, text(resource, "ciphertext"), "{}", text(case, "name"));
        assert_eq!(api_key().open(&sealed).as_deref(), Ok(plain));
    }
}

#[test]
fn verified_notices_are_read() {
    let notice = open(&message("paid"), &platform_keys(), NOW).unwrap();
    assert_eq!((notice.id.as_str(), notice.create_unix_s), ("EV-2018022511223320873", NOW - 6));
    let Event::Paid(paid) = notice.event else { panic!("not paid") };
    let file = key_file();
    assert_eq!((paid.mchid.as_str(), paid.appid.as_str()), (text(&file, "mchid"), text(&file, "appid")));
    assert_eq!((paid.out_trade_no.as_str(), paid.total), ("EL20260301000001", Fen::new(8_888)));
    assert_eq!((paid.payer_total, paid.success_unix_s), (Fen::new(8_788), Some(NOW - 7)));
    assert_eq!(paid.attach.as_deref(), Some("a=1&b\n2"));

    for (name, status) in
        [("SUCCESS", RefundStatus::Success), ("ABNORMAL", RefundStatus::Abnormal), ("CLOSED", RefundStatus::Closed)]
    {
        let notice = open(&message(&format!("refund {name}")), &platform_keys(), NOW).unwrap();
        let Event::Refund(notice) = notice.event else { panic!("no refund") };
        assert_eq!((notice.mchid.as_str(), &notice.refund.status), (text(&file, "mchid"), &status));
        assert_eq!((notice.refund.refund.get(), notice.refund.total.get()), (1_050, 8_888));
        assert_eq!(notice.refund.success_unix_s.is_some(), status == RefundStatus::Success);
    }

    let notice = open(&message("an event nobody knows yet"), &platform_keys(), NOW).unwrap();
    let kept = Event::Other { event_type: "MERCHANT.NEWS".into(), resource: "{\"news\":[1,{\"a\":\"流\"}]}".into() };
    assert_eq!(notice.event, kept);
}

#[test]
fn what_the_gateway_seals_the_merchant_opens() {
    for name in ["paid", "refund SUCCESS", "refund ABNORMAL", "refund CLOSED", "an event nobody knows yet"] {
        let notice = open(&message(name), &platform_keys(), NOW).unwrap();
        let body = notice.seal("anothernonce", &api_key()).unwrap();
        let serial = platform_keys().wanted_serial().unwrap().to_owned();
        let signed = signer(&serial).sign(body.as_bytes(), NOW, "n").unwrap();
        let again = Notice::open(signed.headers(), body.as_bytes(), &platform_keys(), &api_key(), NOW);
        assert_eq!(again, Ok(notice), "{name}");
    }
}

#[test]
fn an_event_and_its_state_must_agree() {
    let seal_as = |name: &str, event_type: &str, from: &str, to: &str| {
        let case = message(name);
        let resource = load(text(&case, "body"))["resource"].clone();
        let plain = text(&case, "plain").replace(from, to);
        let sealed = api_key().seal(&plain, "anothernonce", "x").unwrap();
        let mut body = load(text(&case, "body"));
        body["event_type"] = event_type.into();
        body["resource"]["ciphertext"] = sealed.ciphertext.into();
        body["resource"]["nonce"] = sealed.nonce.into();
        body["resource"]["associated_data"] = sealed.associated_data.into();
        assert_ne!(body["resource"], resource);
        let body = body.to_string();
        let serial = platform_keys().wanted_serial().unwrap().to_owned();
        let signed = signer(&serial).sign(body.as_bytes(), NOW, "n").unwrap();
        Notice::open(signed.headers(), body.as_bytes(), &platform_keys(), &api_key(), NOW)
    };
    let mismatch = |event_type: &str, state: &str| {
        Err(Error::EventMismatch { event_type: event_type.into(), state: state.into() })
    };
    let unpaid = seal_as("paid", "TRANSACTION.SUCCESS", "\"SUCCESS\"", "\"NOTPAY\"");
    assert_eq!(unpaid, mismatch("TRANSACTION.SUCCESS", "NOTPAY"));
    let failed = seal_as("refund SUCCESS", "REFUND.SUCCESS", "\"SUCCESS\"", "\"ABNORMAL\"");
    assert_eq!(failed, mismatch("REFUND.SUCCESS", "ABNORMAL"));
    let closed = seal_as("refund CLOSED", "REFUND.ABNORMAL", "x", "x");
    assert_eq!(closed, mismatch("REFUND.ABNORMAL", "CLOSED"));
    // Another event about a trade is no payment.
    let other = seal_as("paid", "TRANSACTION.PAY_BACK", "x", "x").unwrap();
    assert!(matches!(other.event, Event::Other { event_type, .. } if event_type == "TRANSACTION.PAY_BACK"));
    let Event::Refund(mut pending) = open(&message("refund SUCCESS"), &platform_keys(), NOW).unwrap().event else {
        panic!("no refund")
    };
    pending.refund.status = RefundStatus::Processing;
    let notice = Notice { id: "1".into(), create_unix_s: NOW, summary: String::new(), event: Event::Refund(pending) };
    let none = Error::NoEvent { state: "PROCESSING".into() };
    assert_eq!(notice.seal("anothernonce", &api_key()), Err(none));
}

#[test]
fn old_and_early_notices_are_refused_by_name() {
    let paid = message("paid");
    for (now, skew_s) in [(NOW + 301, 301), (NOW - 301, -301), (NOW + 86_400, 86_400)] {
        assert_eq!(open(&paid, &platform_keys(), now), Err(Error::Skew { skew_s }));
    }
    assert!(open(&paid, &platform_keys(), NOW + 300).is_ok());
}

#[test]
fn a_certificate_counts_while_it_is_valid() {
    let body = b"{}";
    let old = signer(&certificate("certificate_old").serial_hex());
    let end = certificate("certificate_old").not_after_unix_s();
    let verdict = |now| {
        let signature = old.sign(body, now, "n").unwrap();
        platform_keys().verify(&signature, body, now)
    };
    assert_eq!((verdict(NOW), verdict(end)), (Ok(()), Ok(())));
    let serial = certificate("certificate_old").serial_hex();
    let not_now = Err(Error::CertificateNotValidNow { serial });
    assert_eq!(verdict(end + 1), not_now);
    assert_eq!(verdict(certificate("certificate_old").not_before_unix_s() - 1), not_now);
}

#[test]
fn serial_numbers_are_numbers() {
    // The new one begins with two zeros; some write it so and some do not.
    let paid = message("paid, by the new certificate");
    let listed = text(&paid["headers"], header::SERIAL).to_owned();
    assert!(listed.starts_with("00"));
    for serial in [listed.trim_start_matches('0').to_owned(), listed.to_lowercase(), format!("0{listed}")] {
        let changed: Vec<_> = headers(&paid)
            .into_iter()
            .map(|(name, value)| if name == header::SERIAL { (name, serial.clone()) } else { (name, value) })
            .collect();
        let opened =
            Notice::open(borrowed(&changed), text(&paid, "body").as_bytes(), &platform_keys(), &api_key(), NOW);
        assert!(opened.is_ok(), "{serial}: {opened:?}");
    }
}

#[test]
fn the_gateway_is_asked_for_its_newest_key() {
    let mut keys = PlatformKeys::new();
    assert_eq!(keys.wanted_serial(), None);
    keys.add_certificate(&certificate("certificate_new")).unwrap();
    keys.add_certificate(&certificate("certificate_old")).unwrap();
    let newest = certificate("certificate_new").serial_hex();
    assert_eq!(keys.wanted_serial(), Some(newest.as_str()));
    assert_eq!(platform_keys().wanted_serial(), key_file()["public_key"]["serial"].as_str());
}

fn list() -> (Vec<(String, String)>, String) {
    let file = load(include_str!("../../../vectors/wechat/certificates.json"));
    (headers(&file), text(&file, "body").to_owned())
}

#[test]
fn the_list_of_certificates_opens_and_vouches_for_itself() {
    let (headers, body) = list();
    let signature = Signature::read(borrowed(&headers)).unwrap();
    let opened = open_certificates(body.as_bytes(), &api_key()).unwrap();
    assert_eq!(opened, [certificate("certificate_old"), certificate("certificate_new")]);
    let keys = PlatformKeys::from_list(&signature, body.as_bytes(), &api_key(), NOW).unwrap();
    assert_eq!(keys.serials().count(), 2);
    for name in ["paid, by the old certificate", "paid, by the new certificate"] {
        assert!(open(&message(name), &keys, NOW).is_ok());
    }
    assert!(matches!(open(&message("paid"), &keys, NOW), Err(Error::UnknownSerial { .. })));

    let spaced = format!("{body} ");
    let forged = PlatformKeys::from_list(&signature, spaced.as_bytes(), &api_key(), NOW);
    assert_eq!(forged.err(), Some(Shared::BadSignature.into()));
    let other = ApiV3Key::new("an APIv3 key of another merchant").unwrap();
    assert_eq!(open_certificates(body.as_bytes(), &other), Err(Error::Sealed));
    let late = PlatformKeys::from_list(&signature, body.as_bytes(), &api_key(), NOW + 301);
    assert_eq!(late.err(), Some(Error::Skew { skew_s: 301 }));
}

#[test]
fn a_list_that_lies_is_refused_by_name() {
    let (_, body) = list();
    let changed = |from: &str, to: &str| open_certificates(body.replacen(from, to, 1).as_bytes(), &api_key());
    let (listed, actual) = ("5157F09EFDC096DE15EBE81A47057A7232F1B8E2", "5157F09EFDC096DE15EBE81A47057A7232F1B8E1");
    let mismatch = Error::SerialMismatch { listed: listed.into(), actual: actual.into() };
    assert_eq!(changed(actual, listed), Err(mismatch));
    let algorithm = Error::Algorithm { found: "AEAD_SM4_GCM".into() };
    assert_eq!(changed("AEAD_AES_256_GCM", "AEAD_SM4_GCM"), Err(algorithm));
    assert_eq!(changed("61f9c719728a", "61f9c719728"), Err(Error::ResourceNonce { actual_bytes: 11 }));
    let missing = |name| Err(Shared::MissingField { name }.into());
    assert_eq!(changed("\"serial_no\"", "\"x\""), missing("serial_no"));
    assert_eq!(changed("\"encrypt_certificate\"", "\"x\""), missing("encrypt_certificate.algorithm"));
    assert_eq!(open_certificates(b"{}", &api_key()), missing("data"));
    assert_eq!(open_certificates(b"{\"data\":[1]}", &api_key()), Err(Shared::BadField { name: "data" }.into()));
    let many = format!("{{\"data\":[{}]}}", vec!["{}"; 33].join(","));
    let limit = Shared::TooManyCertificates { limit: 32 };
    assert_eq!(open_certificates(many.as_bytes(), &api_key()), Err(limit.into()));
    let no_certificate = api_key().seal("no certificate", "61f9c719728a", "certificate").unwrap();
    let Sealed { ciphertext, nonce, associated_data } = no_certificate;
    let body = format!(
        r#"{{"data":[{{"serial_no":"1","encrypt_certificate":{{"algorithm":"AEAD_AES_256_GCM","nonce":"{nonce}","associated_data":"{associated_data}","ciphertext":"{ciphertext}"}}}}]}}"#
    );
    assert_eq!(open_certificates(body.as_bytes(), &api_key()), Err(Shared::CertificateEncoding.into()));
}

#[test]
fn the_stand_ins_list_is_read_like_the_real_one() {
    let file = key_file();
    let pem = |owner: &str| text(&file[owner], "certificate_pem").to_owned();
    let (old, new) = (pem("certificate_old"), pem("certificate_new"));
    let body = seal_certificates(&[(&old, "61f9c719728a"), (&new, "35f9c719727b")], &api_key()).unwrap();
    let signed = signer(text(&file["certificate_new"], "serial")).sign(body.as_bytes(), NOW, "n").unwrap();
    let keys = PlatformKeys::from_list(&signed, body.as_bytes(), &api_key(), NOW).unwrap();
    assert_eq!(keys.serials().count(), 2);
    // Member for member what the vector has, but for the zeros before a serial number.
    let (ours, theirs) = (load(&body), load(&list().1.replace("\"00", "\"")));
    assert_eq!(ours, theirs);
}

#[test]
fn a_notice_by_an_unknown_key_is_a_hint() {
    let body = message("paid");
    let body = text(&body, "body").as_bytes();
    assert_eq!(unverified_out_trade_no(body, &api_key()).as_deref(), Some("EL20260301000001"));
    let other = ApiV3Key::new("an APIv3 key of another merchant").unwrap();
    assert_eq!(unverified_out_trade_no(body, &other), None);
    for body in [&b""[..], b"{}", b"\xff"] {
        assert_eq!(unverified_out_trade_no(body, &api_key()), None);
    }
}
