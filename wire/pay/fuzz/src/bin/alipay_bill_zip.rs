//! The archive of a bill.
#![no_main]

use libfuzzer_sys::fuzz_target;
use wire_pay::alipay::{AccountBill, TradeBill};

fuzz_target!(|archive: &[u8]| {
    let _ = (TradeBill::read_zip(archive), AccountBill::read_zip(archive));
});
