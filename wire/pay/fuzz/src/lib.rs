//! What several fuzz targets need.

use std::sync::LazyLock;
use wire_pay::{Certificate, alipay::GatewayCertificates, rsa::PublicKey};

/// The certificates of the gateway behind the golden vectors.
pub static GATEWAY: LazyLock<GatewayCertificates> = LazyLock::new(|| {
    let read = |text| Certificate::parse(text).unwrap();
    GatewayCertificates::new(&[
        read(include_str!("../../vectors/alipay/gateway.pem")),
        read(include_str!("../../vectors/alipay/gateway-next.pem")),
    ])
    .unwrap()
});

/// The merchant's key behind the golden vectors.
pub static MERCHANT: LazyLock<PublicKey> = LazyLock::new(|| {
    Certificate::parse(include_str!("../../vectors/alipay/app.pem")).unwrap().public_key().unwrap().clone()
});

/// A ZIP archive of one file that is not compressed, so that a fuzzer's changes reach what reads the file.
pub fn zip(name: &[u8], data: &[u8]) -> Vec<u8> {
    let long = |number: usize| u32::try_from(number).unwrap().to_le_bytes();
    let short = |number: usize| u16::try_from(number).unwrap().to_le_bytes();
    let common = [
        // Version, flags, method, time.
        &[10, 0, 0, 0, 0, 0, 0, 0, 0x21, 0][..],
        &crc32fast::hash(data).to_le_bytes(),
        &long(data.len()),
        &long(data.len()),
        &short(name.len()),
        &[0, 0],
    ]
    .concat();
    let file = [b"PK\x03\x04", &common[..], name, data].concat();
    let directory = [b"PK\x01\x02\x0a\0", &common[..], &[0; 14], name].concat();
    let end = [&b"PK\x05\x06\0\0\0\0\x01\0\x01\0"[..], &long(directory.len()), &long(file.len()), &[0, 0]].concat();
    [file, directory, end].concat()
}
