//! The tables of a bill, unpacked.
#![no_main]

use libfuzzer_sys::fuzz_target;
use wire_pay::alipay::{AccountBill, TradeBill};
use wire_pay_fuzz::zip;

fuzz_target!(|table: &[u8]| {
    let archive = zip(b"a.csv", table);
    let (trades, account) = (TradeBill::read_zip(&archive), AccountBill::read_zip(&archive));
    // Writing takes twenty times as long as reading: one table in sixteen.
    if !crc32fast::hash(table).is_multiple_of(16) {
        return;
    }
    // What was read can be written, and is the same again but for characters that GBK does not have.
    if let Ok(bill) = trades {
        let again = TradeBill::read_zip(&bill.to_zip(0).unwrap()).unwrap();
        let figures = |bill: &TradeBill| -> Vec<_> {
            let rows = bill.rows.iter();
            rows.map(|row| (row.order_amount, row.received, row.fee, row.created_unix_s, row.completed_unix_s))
                .collect()
        };
        assert_eq!(figures(&again), figures(&bill));
    }
    if let Ok(bill) = account {
        let again = AccountBill::read_zip(&bill.to_zip(0).unwrap()).unwrap();
        let figures = |bill: &AccountBill| -> Vec<_> {
            bill.rows.iter().map(|row| (row.amount, row.balance, row.occurred_unix_s)).collect()
        };
        assert_eq!(figures(&again), figures(&bill));
    }
});
