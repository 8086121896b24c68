//! The body of a response, and the readers of what a signature covers.
#![no_main]

use libfuzzer_sys::fuzz_target;
use wire_pay::alipay::{
    BillDownloadUrl, Refusal, TradeClosed, TradePrecreated, TradeQueried, TradeRefund, TradeRefunded, verify_response,
};
use wire_pay_fuzz::GATEWAY;

fuzz_target!(|body: &[u8]| {
    if let Ok(raw) = verify_response(body, "alipay.trade.query", &*GATEWAY) {
        assert!(std::str::from_utf8(body).unwrap().contains(raw));
    }
    let Ok(raw) = std::str::from_utf8(body) else { return };
    // A refusal to one type is a refusal to all of them.
    let refused = matches!(Refusal::parse(raw), Ok(Some(_)));
    let done = [
        TradeQueried::parse(raw).map(drop),
        TradePrecreated::parse(raw).map(drop),
        TradeClosed::parse(raw).map(drop),
        TradeRefunded::parse(raw).map(drop),
        TradeRefund::parse(raw).map(drop),
        BillDownloadUrl::parse(raw).map(drop),
    ];
    assert!(!refused || done.iter().all(Result::is_ok));
    if let Ok(Some(refusal)) = Refusal::parse(raw) {
        let _ = refusal.kind();
    }
});
