//! A bill of WeChat Pay, unpacked and packed.
#![no_main]

use libfuzzer_sys::fuzz_target;
use wire_pay::wechat::{BillAnnouncement, Packing, TradeBill, pack_bill};

fuzz_target!(|bytes: &[u8]| {
    if let Ok(bill) = TradeBill::parse(bytes) {
        let again = TradeBill::parse(bill.to_csv().as_bytes()).unwrap();
        assert_eq!(again.totals(), bill.totals());
        assert_eq!(again.rows().len(), bill.rows().len());
    }
    let announced = BillAnnouncement::of(bytes, "https://api.mch.weixin.qq.com/v3/billdownload/file?token=t");
    // Packed bytes that are none, and whatever was packed here.
    let _ = announced.open(bytes, Packing::Gzip);
    let packed = pack_bill(bytes, Packing::Gzip).unwrap();
    assert_eq!(announced.open(&packed, Packing::Gzip).as_deref(), Ok(bytes));
});
