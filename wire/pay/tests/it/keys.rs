use crate::{
    alipay::{key_file, private_key, public_key},
    text,
};
use wire_pay::{
    Error,
    rsa::{PrivateKey, PublicKey},
};

/// `text` with a label around it, wrapped at 64 characters.
fn pem(label: &str, base64: &str) -> String {
    let lines: Vec<_> = base64.as_bytes().chunks(64).map(|line| std::str::from_utf8(line).unwrap()).collect();
    format!("-----BEGIN {label}-----\r\n{}\r\n-----END {label}-----\r\n", lines.join("\r\n"))
}

#[test]
fn every_form_of_a_private_key_signs_alike() {
    let file = key_file();
    let (pkcs8, pkcs1) = (text(&file["merchant"], "private_pkcs8"), text(&file["merchant"], "private_pkcs1"));
    let expected = private_key("merchant").sign(b"x").unwrap();
    let generated_pem = private_key("merchant").to_pem().unwrap();
    for form in [
        pkcs8.to_owned(),
        pkcs1.to_owned(),
        format!("\n {} \n{}", &pkcs8[..100], &pkcs8[100..]),
        pem("PRIVATE KEY", pkcs8),
        pem("RSA PRIVATE KEY", pkcs1),
        generated_pem,
        private_key("merchant").to_base64().unwrap(),
    ] {
        assert_eq!(PrivateKey::parse(&form).unwrap().sign(b"x").unwrap(), expected);
    }
    assert_eq!(private_key("merchant").to_base64().unwrap(), pkcs8);
}

#[test]
fn every_form_of_a_public_key_verifies_alike() {
    let spki = key_file()["gateway"]["public_spki"].as_str().unwrap().to_owned();
    let signature = private_key("gateway").sign("流量".as_bytes()).unwrap();
    let derived = private_key("gateway").public_key().unwrap();
    for form in [spki.clone(), pem("PUBLIC KEY", &spki), derived.to_base64().unwrap(), derived.to_pem().unwrap()] {
        let key = PublicKey::parse(&form).unwrap();
        assert_eq!(key.verify("流量".as_bytes(), &signature), Ok(()));
        assert_eq!(key.verify("流".as_bytes(), &signature), Err(Error::BadSignature));
        assert_eq!(key.to_base64().unwrap(), spki);
    }
    for other in ["", "=", "!!!", &signature[4..], &signature.replace('=', "")] {
        assert_eq!(derived.verify("流量".as_bytes(), other), Err(Error::BadSignature), "{other}");
    }
    assert_eq!(public_key("merchant").verify("流量".as_bytes(), &signature), Err(Error::BadSignature));
}

#[test]
fn what_is_no_such_key_is_refused() {
    let file = key_file();
    let (pkcs8, spki) = (text(&file["merchant"], "private_pkcs8"), text(&file["merchant"], "public_spki"));
    let encoding = |expected| Error::KeyEncoding { expected };
    for form in ["", " \n", "not base64!", &pem("PUBLIC KEY", spki), "-----BEGIN PRIVATE KEY-----\nAAAA"] {
        assert_eq!(PrivateKey::parse(form).unwrap_err(), encoding("private key"), "{form}");
    }
    for form in ["", "ééé", &pem("PRIVATE KEY", pkcs8), "-----BEGIN PUBLIC KEY-----", "-----"] {
        assert_eq!(PublicKey::parse(form).unwrap_err(), encoding("public key"), "{form}");
    }
    assert_eq!(PrivateKey::parse(spki).unwrap_err(), Error::KeyRejected);
    assert_eq!(PrivateKey::parse(&pkcs8[..400]).unwrap_err(), Error::KeyRejected);
    assert_eq!(PublicKey::parse(pkcs8).unwrap_err(), Error::KeyRejected);
    // 1024 bits: too short to be trusted.
    let short = "MIGfMA0GCSqGSIb3DQEBAQUAA4GNADCBiQKBgQDSHORT";
    assert_eq!(PublicKey::parse(short).unwrap_err(), Error::KeyRejected);
    assert_eq!(PublicKey::parse(SHORT_KEY).unwrap_err(), Error::KeyRejected);
}

/// A well-formed key of 1024 bits.
const SHORT_KEY: &str = "MIGfMA0GCSqGSIb3DQEBAQUAA4GNADCBiQKBgQCxnPoTxUGCtUcXeFN3lQI+bZGz8OmNzFSVEAJVKUzaJiLA3AVsaPBotBLFlStouOqTlQELFN+w5PLH/dvs1MjydY3KxwUDQgE7WDmE+45Wo3zu5/Str99QJU8Hs1B4RdsLvPviZKH4Da0q/r+lVZYQirLRSXYaq9l2CnaFP5vHPwIDAQAB";

#[test]
fn debug_shows_no_key_material() {
    let key = private_key("merchant");
    assert_eq!(format!("{key:?}"), "PrivateKey(2048 bits)");
    assert_eq!(format!("{:?}", key.public_key().unwrap()), "PublicKey(2048 bits)");
}

#[test]
fn a_generated_key_survives_export() {
    let key = PrivateKey::generate().unwrap();
    let again = PrivateKey::parse(&key.to_pem().unwrap()).unwrap();
    assert_eq!(again.sign(b"x"), key.sign(b"x"));
    assert!(key.to_pem().unwrap().lines().all(|line| line.len() <= 64));
}
