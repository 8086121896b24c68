//! A request as a stand-in for the gateway takes it: query string, a line feed, body.
#![no_main]

use libfuzzer_sys::fuzz_target;
use wire_pay::alipay::{Params, verify_request};
use wire_pay_fuzz::MERCHANT;

fuzz_target!(|request: &[u8]| {
    let mut halves = request.splitn(2, |byte| *byte == b'\n');
    let (query, body) = (halves.next().unwrap_or_default(), halves.next().unwrap_or_default());
    let verdict = verify_request(query, body, &MERCHANT);
    if let Ok(params) = Params::parse_request(query, body) {
        // However it is sent, it is the same request with the same verdict.
        let (query, body) = params.to_post();
        let again = Params::parse_request(query.as_bytes(), body.as_bytes()).unwrap();
        assert_eq!(again.sign_content(), params.sign_content());
        assert_eq!(verify_request(query.as_bytes(), body.as_bytes(), &MERCHANT).is_ok(), verdict.is_ok());
    } else {
        assert!(verdict.is_err());
    }
});
