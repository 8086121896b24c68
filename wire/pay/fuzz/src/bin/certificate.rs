//! Certificates: in PEM, and in DER where a fuzzer's changes are not hidden behind base64.
#![no_main]

use libfuzzer_sys::fuzz_target;
use wire_pay::{
    Certificate,
    alipay::{cert_sn, root_cert_sn},
};

fuzz_target!(|bytes: &[u8]| {
    let mut read: Vec<Certificate> = Certificate::from_der(bytes).into_iter().collect();
    if let Ok(text) = std::str::from_utf8(bytes) {
        read.extend(Certificate::parse_bundle(text).unwrap_or_default());
    }
    for certificate in &read {
        let (decimal, hex) = (certificate.serial_decimal(), certificate.serial_hex());
        assert!(hex.len() <= 40 && hex.len() % 2 == 0);
        if let Ok(small) = u128::from_str_radix(&hex, 16) {
            assert_eq!(decimal, small.to_string());
        }
        assert!(cert_sn(certificate).map_or(true, |sn| sn.len() == 32));
    }
    let _ = root_cert_sn(&read);
});
