//! The body of a notification, and of what is appended to a return address.
#![no_main]

use libfuzzer_sys::fuzz_target;
use wire_pay::alipay::{Notification, Params, unverified_out_trade_no};
use wire_pay_fuzz::GATEWAY;

fuzz_target!(|body: &[u8]| {
    let Ok(params) = Params::parse(body) else {
        assert_eq!(unverified_out_trade_no(body), None);
        assert!(Notification::verify(body, &*GATEWAY).is_err());
        return;
    };
    // What is written again is what was signed, empty values aside.
    let again = Params::parse(params.to_form_body().as_bytes()).unwrap();
    assert_eq!(again.sign_content(), params.sign_content());
    if let Ok(notification) = Notification::verify(body, &*GATEWAY) {
        assert_eq!(*notification.params(), params);
        let _ = (notification.total_amount(), notification.refund_fee(), notification.gmt_payment());
        let _ = (notification.trade_status(), notification.out_trade_no(), notification.notify_id());
    }
});
