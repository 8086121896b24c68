//! A platform certificate made on the spot: X.509 (RFC 5280 section 4.1), signed by its own key, in PEM.
//!
//! Writes the few shapes of DER (X.690) that such a certificate needs; reads none.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use wire_pay::{
    Error,
    alipay::{PrivateKey, format_time},
};

const INTEGER: u8 = 0x02;
const BIT_STRING: u8 = 0x03;
const UTF8_STRING: u8 = 0x0c;
const UTC_TIME: u8 = 0x17;
const SEQUENCE: u8 = 0x30;
const SET: u8 = 0x31;
const VERSION: u8 = 0xa0;
/// sha256WithRSAEncryption, 1.2.840.113549.1.1.11, with its NULL.
const ALGORITHM: &[u8] = &[0x06, 0x09, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x0b, 0x05, 0x00];
/// id-at-commonName, 2.5.4.3.
const COMMON_NAME: &[u8] = &[0x06, 0x03, 0x55, 0x04, 0x03];

/// A certificate for `key`, valid from `from_unix_s` to `until_unix_s` (before 2050). `serial` is a positive number.
///
/// # Errors
/// [`Error::Crypto`].
pub(super) fn certificate(
    key: &PrivateKey,
    serial: &[u8],
    from_unix_s: i64,
    until_unix_s: i64,
) -> Result<String, Error> {
    let decoded = |text: String| STANDARD.decode(text).map_err(|_| Error::Crypto);
    let name =
        &der(SEQUENCE, &[&der(SET, &[&der(SEQUENCE, &[COMMON_NAME, &der(UTF8_STRING, &[b"Tenpay.com sandbox"])])])]);
    let algorithm = &der(SEQUENCE, &[ALGORITHM]);
    let to_be_signed = der(
        SEQUENCE,
        &[
            &der(VERSION, &[&der(INTEGER, &[&[2]])]),
            &der(INTEGER, &[serial]),
            algorithm,
            name,
            &der(SEQUENCE, &[&time(from_unix_s), &time(until_unix_s)]),
            name,
            &decoded(key.public_key()?.to_base64()?)?,
        ],
    );
    let signature = decoded(key.sign(&to_be_signed)?)?;
    let whole = der(SEQUENCE, &[&to_be_signed, algorithm, &der(BIT_STRING, &[&[0], &signature])]);
    let mut pem = String::from("-----BEGIN CERTIFICATE-----\n");
    for line in STANDARD.encode(whole).as_bytes().chunks(64) {
        pem.push_str(&String::from_utf8_lossy(line));
        pem.push('\n');
    }
    pem.push_str("-----END CERTIFICATE-----\n");
    Ok(pem)
}

/// Tag, length and contents.
fn der(tag: u8, contents: &[&[u8]]) -> Vec<u8> {
    let contents = contents.concat();
    let mut out = vec![tag];
    match u8::try_from(contents.len()) {
        Ok(short @ 0..0x80) => out.push(short),
        _ => {
            let length = contents.len().to_be_bytes();
            let digits: Vec<u8> = length.iter().copied().skip_while(|byte| *byte == 0).collect();
            out.push(0x80 | u8::try_from(digits.len()).unwrap_or_default());
            out.extend(digits);
        }
    }
    out.extend(contents);
    out
}

/// `yyMMddHHmmssZ` in UTC.
fn time(unix_s: i64) -> Vec<u8> {
    // That writes UTC+8.
    let digits = format_time(unix_s - 8 * 3_600).into_bytes().into_iter().filter(u8::is_ascii_digit).skip(2);
    der(UTC_TIME, &[&digits.chain([b'Z']).collect::<Vec<_>>()])
}

#[cfg(test)]
mod tests {
    use super::*;
    use wire_pay::Certificate;

    #[test]
    fn it_is_one() {
        let key = PrivateKey::generate().unwrap();
        let pem = certificate(&key, &[0x5a, 0x01, 0xff], 1_772_327_107, 1_930_007_107).unwrap();
        let read = Certificate::parse(&pem).unwrap();
        assert_eq!(read.serial_hex(), "5A01FF");
        assert_eq!((read.not_before_unix_s(), read.not_after_unix_s()), (1_772_327_107, 1_930_007_107));
        assert!(read.is_signed_with_rsa());
        let signature = key.sign(b"x").unwrap();
        assert_eq!(read.public_key().unwrap().verify(b"x", &signature), Ok(()));
    }
}
