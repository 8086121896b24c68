//! What WeChat Pay says: the bodies of answers and notices, sealed or opened, and the headers around them.
#![no_main]

use libfuzzer_sys::fuzz_target;
use std::sync::LazyLock;
use wire_pay::wechat::{
    ApiV3Key, Authorization, Authorize, BillAnnouncement, Call, CodeAnswer, CodeExchange, PrepayAnswer, Refund,
    RefundNotice, Refusal, Signature, TradeKind, Transaction, open_certificates, parse_rfc3339,
    unverified_out_trade_no,
};

/// Seals nothing that matters.
static KEY: LazyLock<ApiV3Key> = LazyLock::new(|| ApiV3Key::new(&"k".repeat(32)).unwrap());

/// What was read is written and read again.
macro_rules! again {
    ($type:ident, $body:ident) => {
        if let Ok(read) = $type::parse($body) {
            assert_eq!($type::parse(read.to_json().as_bytes()).as_ref(), Ok(&read));
        }
    };
}

fuzz_target!(|body: &[u8]| {
    again!(Transaction, body);
    again!(Refund, body);
    again!(RefundNotice, body);
    again!(BillAnnouncement, body);
    again!(CodeAnswer, body);
    if let Ok(answer) = PrepayAnswer::parse(&TradeKind::Native, body) {
        assert_eq!(PrepayAnswer::parse(&TradeKind::Native, answer.to_json().as_bytes()), Ok(answer));
    }
    let refusal = Refusal::parse(400, body);
    let _ = refusal.kind();
    assert_eq!(Refusal::parse(400, refusal.to_json().as_bytes()), refusal);
    // Nobody without the key sealed this.
    assert!(open_certificates(body, &KEY).map_or(true, |certificates| certificates.is_empty()));
    assert_eq!(unverified_out_trade_no(body, &KEY), None);
    let Ok(text) = std::str::from_utf8(body) else { return };
    let _ = (Authorization::parse(text), parse_rfc3339(text));
    if let Ok(asked) = Authorize::parse(text) {
        let target = asked.target().expect("its state was read");
        let query = target.split_once('?').map_or("", |(_, rest)| rest);
        assert_eq!(Authorize::parse(query.split('#').next().unwrap_or("")).as_ref(), Ok(&asked));
    }
    if let Ok(exchange) = CodeExchange::parse(text) {
        let target = exchange.target();
        assert_eq!(CodeExchange::parse(target.split_once('?').map_or("", |(_, query)| query)).as_ref(), Ok(&exchange));
    }
    let headers = text.lines().filter_map(|line| line.split_once(": "));
    let _ = Signature::read(headers);
    // A request: its method, its target, its body.
    let (line, body) = text.split_once('\n').unwrap_or((text, ""));
    let (method, target) = line.split_once(' ').unwrap_or((line, ""));
    if let Ok(call) = Call::parse(method, target, body.as_bytes())
        && let Ok(request) = call.request()
    {
        assert_eq!(Call::parse(request.method, &request.target, request.body.as_bytes()), Ok(call));
    }
});
