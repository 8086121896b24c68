//! Reading certificates: those behind Alipay's vectors, as OpenSSL describes them.

use crate::alipay::public_key;
use wire_pay::{BODY_BYTES_MAX, Certificate, Error, certificate::CERTIFICATES_MAX};

const APP: &str = include_str!("../../vectors/alipay/app.pem");
const GATEWAY_NEXT: &str = include_str!("../../vectors/alipay/gateway-next.pem");
const ROOTS: &str = include_str!("../../vectors/alipay/roots.pem");

fn issuer(certificate: &Certificate) -> String {
    let parts = certificate.issuer().iter();
    parts.map(|part| format!("{}={}", part.short_name().unwrap(), part.value)).collect::<Vec<_>>().join("/")
}

#[test]
fn a_certificate_says_whose_key_it_is() {
    let app = Certificate::parse(APP).unwrap();
    assert_eq!(app.public_key(), Ok(&public_key("merchant")));
    assert_eq!(app.serial_hex(), "202601040B7F39A1C0DE0123456789AB");
    assert_eq!(app.serial_decimal(), "42732623748622025937372478960195570091");
    assert_eq!(issuer(&app), "C=CN/O=Everline Vectors/OU=Certification Authority/CN=Everline Vectors Class 1 R1");
    assert!(app.is_signed_with_rsa());
    assert_eq!((app.not_before_unix_s(), app.not_after_unix_s()), (1_795_892_710, 2_426_612_710));
    let next = Certificate::parse(GATEWAY_NEXT).unwrap();
    assert_eq!((next.serial_hex(), next.serial_decimal()), ("07".into(), "7".into()));
    assert_eq!(next.public_key(), Ok(&public_key("gateway_next")));
}

#[test]
fn a_bundle_is_read_in_order_whatever_signed_it() {
    let roots = Certificate::parse_bundle(ROOTS).unwrap();
    let seen: Vec<_> = roots.iter().map(|root| (root.is_signed_with_rsa(), root.public_key().is_ok())).collect();
    // SM2, RSA, P-256, RSA; and a P-256 key that RSA signed.
    assert_eq!(seen, [(false, false), (true, true), (false, false), (true, true), (true, false)]);
    let second = roots.get(3).unwrap();
    assert_eq!(issuer(second), "C=CN/ST=浙江/L=杭州/O=流量 Vectors, Ltd./OU=认证/CN=Everline Vectors R2");
    // 20 octets whose first bit is set: DER has a zero before it, neither text has.
    assert_eq!(second.serial_hex(), "F0E1D2C3B4A5968778695A4B3C2D1E0F01234567");
    assert_eq!(second.serial_decimal(), "1375193812842618916575047389307893526453664564583");
    assert_eq!(roots.first().unwrap().public_key(), Err(Error::CertificateKey));
    assert_eq!(Certificate::parse(ROOTS).as_ref(), Ok(roots.first().unwrap()));
}

#[test]
fn text_around_a_certificate_is_passed_over() {
    let around =
        format!("issuer: somebody\r\n{}\n-----BEGIN X-----\nAAEC\n-----END X-----\n", APP.replace('\n', "\r\n"));
    assert_eq!(Certificate::parse(&around), Certificate::parse(APP));
}

#[test]
fn what_is_no_certificate_is_refused() {
    for text in
        ["", "AAEC", "-----BEGIN CERTIFICATE-----\nAAEC\n", "-----BEGIN CERTIFICATE-----\n!\n-----END CERTIFICATE-----"]
    {
        assert_eq!(Certificate::parse(text), Err(Error::CertificateEncoding), "{text}");
    }
    let key = public_key("merchant").to_pem().unwrap().replace("PUBLIC KEY", "CERTIFICATE");
    assert_eq!(Certificate::parse(&key), Err(Error::CertificateRejected));
    assert_eq!(
        Certificate::parse_bundle(&APP.repeat(CERTIFICATES_MAX + 1)),
        Err(Error::TooManyCertificates { limit: CERTIFICATES_MAX })
    );
    assert!(Certificate::parse_bundle(&APP.repeat(CERTIFICATES_MAX)).is_ok());
    assert!(matches!(Certificate::parse(&" ".repeat(BODY_BYTES_MAX + 1)), Err(Error::TooLarge { .. })));
}
