//! Certificate mode against what the SDK does with the same certificates.

use super::{private_key, public_key};
use crate::{load, text};
use wire_pay::{
    Certificate, Error,
    alipay::{
        GatewayCertificates, MerchantCertificates, Notification, Params, RequestHead, cert_sn, root_cert_sn,
        sign_response_with_certificate, verify_response, verify_signed_form,
    },
};

const VECTORS: &str = include_str!("../../../vectors/alipay/certificates.json");
const FILES: [(&str, &str); 4] = [
    ("app.pem", include_str!("../../../vectors/alipay/app.pem")),
    ("gateway.pem", include_str!("../../../vectors/alipay/gateway.pem")),
    ("gateway-next.pem", include_str!("../../../vectors/alipay/gateway-next.pem")),
    ("roots.pem", include_str!("../../../vectors/alipay/roots.pem")),
];

fn bundle(file: &str) -> Vec<Certificate> {
    let (_, text) = FILES.iter().find(|(name, _)| *name == file).unwrap();
    Certificate::parse_bundle(text).unwrap()
}

fn known(files: &[&str]) -> GatewayCertificates {
    GatewayCertificates::new(files.iter().flat_map(|file| bundle(file)).collect::<Vec<_>>().iter()).unwrap()
}

pub(super) fn merchant() -> MerchantCertificates {
    MerchantCertificates::new(bundle("app.pem").first().unwrap(), &bundle("roots.pem")).unwrap()
}

#[test]
fn certificates_are_called_as_the_sdk_calls_them() {
    let names = &load(VECTORS)["names"];
    for (file, _) in FILES {
        let bundle = bundle(file);
        let name = if file == "roots.pem" { root_cert_sn(&bundle) } else { cert_sn(bundle.first().unwrap()) };
        assert_eq!(name.as_deref(), Ok(text(names, file)), "{file}");
    }
}

#[test]
fn a_bundle_without_an_rsa_root_is_refused() {
    let roots = bundle("roots.pem");
    assert_eq!(root_cert_sn(&[]), Err(Error::NoRsaRoot));
    assert_eq!(root_cert_sn(roots.get(..1).unwrap()), Err(Error::NoRsaRoot));
    assert_eq!(GatewayCertificates::new(&roots), Err(Error::CertificateKey));
}

#[test]
fn a_response_is_accepted_with_the_certificate_it_names() {
    for case in load(VECTORS)["responses"].as_array().unwrap() {
        let (name, body, method) = (text(case, "name"), text(case, "body").as_bytes(), text(case, "method"));
        let accepted: Vec<&str> =
            case["accepted_with"].as_array().unwrap().iter().map(|f| f.as_str().unwrap()).collect();
        let both = verify_response(body, method, &known(&["gateway.pem", "gateway-next.pem"]));
        // The SDK knows one certificate and checks with it whatever the response names. We take the named one.
        if name == "the next certificate is named, the old one signed" {
            assert_eq!((both, accepted), (Err(Error::BadSignature), vec!["gateway.pem"]));
            continue;
        }
        match accepted.as_slice() {
            [] => assert_eq!(both, Err(Error::BadSignature), "{name}"),
            [one] => {
                assert_eq!(both, Ok(text(case, "raw")), "{name}");
                assert_eq!(verify_response(body, method, &known(&[one])), Ok(text(case, "raw")), "{name}");
                let other = if *one == "gateway.pem" { "gateway-next.pem" } else { "gateway.pem" };
                let sn = cert_sn(bundle(one).first().unwrap()).unwrap();
                assert_eq!(
                    verify_response(body, method, &known(&[other])),
                    Err(Error::UnknownCertificate { sn }),
                    "{name}"
                );
            }
            _ => panic!("{name}"),
        }
    }
}

#[test]
fn a_name_that_is_no_text_is_not_known() {
    let value = r#"{"code":"10000"}"#;
    let sign = private_key("gateway").sign(value.as_bytes()).unwrap();
    for sn in ["null", "\"\"", "{}", "\"\\u0041\""] {
        let body = format!(r#"{{"alipay_trade_query_response":{value},"alipay_cert_sn":{sn},"sign":"{sign}"}}"#);
        let verdict = verify_response(body.as_bytes(), "alipay.trade.query", &known(&["gateway.pem"]));
        assert_eq!(verdict, Err(Error::UnknownCertificate { sn: String::new() }), "{sn}");
        // In public-key mode the name says nothing.
        assert_eq!(verify_response(body.as_bytes(), "alipay.trade.query", &public_key("gateway")), Ok(value), "{sn}");
    }
}

#[test]
fn the_stand_in_names_its_certificate() {
    let sn = cert_sn(bundle("gateway-next.pem").first().unwrap()).unwrap();
    let value = r#"{"code":"10000"}"#;
    let body = sign_response_with_certificate("alipay.trade.close", value, &private_key("gateway_next"), &sn).unwrap();
    let both = known(&["gateway.pem", "gateway-next.pem"]);
    assert_eq!(verify_response(body.as_bytes(), "alipay.trade.close", &both), Ok(value));
    assert_eq!(both.key(&sn), Ok(&public_key("gateway_next")));
}

#[test]
fn a_notification_is_accepted_with_any_known_certificate_or_the_named_one() {
    let both = known(&["gateway.pem", "gateway-next.pem"]);
    for case in load(VECTORS)["notifications"].as_array().unwrap() {
        let (name, body) = (text(case, "name"), text(case, "body").as_bytes());
        let accepted = case["accepted_with"].as_array().unwrap();
        let verdict = Notification::verify(body, &both);
        assert_eq!(verdict.is_ok(), !accepted.is_empty(), "{name}: {verdict:?}");
        for file in ["gateway.pem", "gateway-next.pem"] {
            let alone = verify_signed_form(body, &known(&[file]));
            assert_eq!(alone.is_ok(), accepted.iter().any(|one| one == file), "{name}, {file}: {alone:?}");
        }
    }
    let mut params: Params = [("notify_id", "1"), ("alipay_cert_sn", "0")].into_iter().collect();
    params.sign_notification(&private_key("gateway")).unwrap();
    let verdict = Notification::verify(params.to_form_body().as_bytes(), &both);
    assert_eq!(verdict, Err(Error::UnknownCertificate { sn: "0".into() }));
}

#[test]
fn both_names_are_signed() {
    let head = RequestHead {
        app_id: "2021000000000001",
        method: "alipay.trade.query",
        timestamp_unix_s: 0,
        notify_url: None,
        return_url: None,
    };
    let mut params = Params::request(&head, "{}");
    params.name_certificates(&merchant());
    params.sign(&private_key("merchant")).unwrap();
    assert_eq!(params.verify_request(&public_key("merchant")), Ok(()));
    for name in ["app_cert_sn", "alipay_root_cert_sn"] {
        let mut changed = params.clone();
        changed.set(name, "0");
        assert_eq!(changed.verify_request(&public_key("merchant")), Err(Error::BadSignature), "{name}");
    }
}
