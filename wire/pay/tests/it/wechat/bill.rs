//! Bills as Python packs and hashes them, and the layout of the trade bill.

use super::{NOW, key_file};
use crate::{load, text};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use serde_json::Value;
use wire_pay::{
    Error as Shared, Fen, SignedFen,
    wechat::{
        BILL_BYTES_MAX, BillAnnouncement, BillDate, BillError, BillRefund, BillRow, Error, Packing, TradeBill,
        pack_bill,
    },
};

const URL: &str = "https://api.mch.weixin.qq.com/v3/billdownload/file?token=6XIv5";

fn file() -> Value {
    load(include_str!("../../../vectors/wechat/bill.json"))
}

fn csv() -> String {
    text(&file(), "csv").to_owned()
}

fn announced(hash: &str) -> BillAnnouncement {
    let body = format!(r#"{{"hash_type":"SHA1","hash_value":"{hash}","download_url":"{URL}"}}"#);
    BillAnnouncement::parse(body.as_bytes()).unwrap()
}

#[test]
fn the_hash_is_of_the_bill_before_it_is_packed() {
    let (file, csv) = (file(), csv());
    let announced = announced(text(&file, "sha1"));
    assert_eq!(announced, BillAnnouncement::of(csv.as_bytes(), URL));
    let packed = STANDARD.decode(text(&file, "gzip")).unwrap();
    assert_eq!(announced.open(&packed, Packing::Gzip).unwrap(), csv.as_bytes());
    assert_eq!(announced.open(csv.as_bytes(), Packing::Plain).unwrap(), csv.as_bytes());
    // Ours, packed by another library and harder.
    let ours = pack_bill(csv.as_bytes(), Packing::Gzip).unwrap();
    assert!(ours.len() < packed.len());
    assert_eq!(announced.open(&ours, Packing::Gzip).unwrap(), csv.as_bytes());
    assert_eq!(pack_bill(csv.as_bytes(), Packing::Plain).unwrap(), csv.as_bytes());
}

#[test]
fn downloads_are_refused_by_name() {
    let (file, csv) = (file(), csv());
    let announced = announced(text(&file, "sha1"));
    let packed = STANDARD.decode(text(&file, "gzip")).unwrap();
    let open = |file: &[u8], packing| announced.open(file, packing);
    assert!(matches!(open(&packed, Packing::Plain), Err(Error::BillHash { .. })));
    assert!(matches!(open(format!("{csv} ").as_bytes(), Packing::Plain), Err(Error::BillHash { .. })));
    assert_eq!(open(csv.as_bytes(), Packing::Gzip), Err(Error::Gzip));
    assert_eq!(open(&packed[..packed.len() - 1], Packing::Gzip), Err(Error::Gzip));
    assert_eq!(open(b"", Packing::Gzip), Err(Error::Gzip));
    assert_eq!(open(&[packed.clone(), b"x".to_vec()].concat(), Packing::Gzip), Err(Error::Gzip));
    assert_eq!(open(&[packed.clone(), packed].concat(), Packing::Gzip), Err(Error::Gzip));
    let bomb = pack_bill(&vec![b'`'; BILL_BYTES_MAX + 1], Packing::Gzip).unwrap();
    assert!(bomb.len() < 100_000);
    assert_eq!(open(&bomb, Packing::Gzip), Err(Error::BillTooLarge));
    assert_eq!(open(&vec![b'`'; BILL_BYTES_MAX + 1], Packing::Plain), Err(Error::BillTooLarge));
}

#[test]
fn announcements_are_read_and_written() {
    let announced = announced("79BB0F45FC4C42234A918000B2668D689E2BDE04");
    let json = announced.to_json();
    assert!(json.contains("\"79bb0f45fc4c42234a918000b2668d689e2bde04\""));
    assert_eq!(BillAnnouncement::parse(json.as_bytes()), Ok(announced));
    let other = BillAnnouncement::parse(json.replace("SHA1", "SM3").as_bytes());
    assert_eq!(other, Err(Error::BillHashType { found: "SM3".into() }));
    let without = BillAnnouncement::parse(json.replace("download_url", "url").as_bytes());
    assert_eq!(without, Err(Shared::MissingField { name: "download_url" }.into()));
}

#[test]
fn a_downloads_url_is_taken_apart_or_refused() {
    for (url, parts) in [
        (URL, Some(("https://api.mch.weixin.qq.com", "/v3/billdownload/file?token=6XIv5"))),
        (
            "http://127.0.0.1:8080/v3/billdownload/file?token=%2B",
            Some(("http://127.0.0.1:8080", "/v3/billdownload/file?token=%2B")),
        ),
        ("https://host/", Some(("https://host", "/"))),
        ("https://host", None),
        ("https:///file", None),
        ("ftp://host/file", None),
        ("//host/file", None),
        ("/file", None),
        ("https://host/a b", None),
        ("https://host/a\r\nHost: x", None),
        ("https://host/流", None),
        ("", None),
    ] {
        let announced = BillAnnouncement::of(b"", url);
        let bad = Error::from(Shared::BadField { name: "download_url" });
        assert_eq!(announced.download(), parts.ok_or(bad), "{url:?}");
    }
}

#[test]
fn a_bills_day_is_beijings() {
    for (unix_s, day) in [
        (NOW, "2026-03-01"),
        (1_772_294_399, "2026-02-28"),
        (1_772_294_400, "2026-03-01"),
        (1_772_380_799, "2026-03-01"),
        (0, "1970-01-01"),
        (-28_801, "1969-12-31"),
    ] {
        assert_eq!(BillDate::of(unix_s).to_string(), day);
        assert_eq!(day.parse(), Ok(BillDate::of(unix_s)));
    }
    for text in ["", "2026-2-28", "2026-02-30", "2026-02-28 ", "20260228", "2026-02-28 00:00:00"] {
        let bad = Error::from(Shared::BadField { name: "bill_date" });
        assert_eq!(text.parse::<BillDate>(), Err(bad), "{text}");
    }
}

fn rows() -> Vec<BillRow> {
    let (keys, fen) = (key_file(), |fen| Fen::new(fen).unwrap());
    let paid = BillRow {
        time_unix_s: NOW - 86_407,
        appid: text(&keys, "appid").into(),
        mchid: text(&keys, "mchid").into(),
        transaction_id: "4200002030202603010000000001".into(),
        out_trade_no: "EL20260301000001".into(),
        openid: "oUpF8uMuAJO_M2pxb1Q9zNjWeS6o".into(),
        trade_type: "NATIVE".into(),
        description: "一月, 10 GB".into(),
        attach: "a=1&b".into(),
        total: fen(8_888),
        settlement: fen(8_788),
        coupon: fen(100),
        fee: SignedFen::new(53).unwrap(),
        fee_rate: "0.60%".into(),
        refund: None,
    };
    let refund = BillRefund {
        revoked: false,
        refund_id: "50300802262026030100000000001".into(),
        out_refund_no: "ELR1".into(),
        applied: fen(1_050),
        refund: fen(1_038),
        coupon_refund: fen(12),
        channel: "ORIGINAL".into(),
        status: "PROCESSING".into(),
    };
    let refunded = BillRow {
        time_unix_s: paid.time_unix_s + 3_300,
        total: fen(0),
        settlement: fen(0),
        coupon: fen(0),
        fee: SignedFen::new(-6).unwrap(),
        refund: Some(refund),
        ..paid.clone()
    };
    vec![paid, refunded]
}

#[test]
fn a_trade_bill_is_read_and_written_byte_for_byte() {
    let bill = TradeBill::parse(csv().as_bytes()).unwrap();
    assert_eq!(bill.rows(), rows());
    assert_eq!(bill, TradeBill::of(rows()));
    assert_eq!(bill.to_csv(), csv());
    let totals = bill.totals();
    assert_eq!((totals.rows, totals.total_fen, totals.applied_fen), (2, 8_888, 1_050));
    assert_eq!((totals.settlement_fen, totals.refund_fen, totals.coupon_refund_fen), (8_788, 1_038, 12));
    assert_eq!(totals.fee_fen, 47);
    let empty = TradeBill::of(Vec::new());
    assert_eq!(TradeBill::parse(empty.to_csv().as_bytes()), Ok(empty));
}

#[test]
fn what_the_gateway_may_write_otherwise_reads_alike() {
    let bill = TradeBill::of(rows());
    let csv = csv();
    for other in [
        csv.replace("\r\n", "\n"),
        csv.trim_start_matches('\u{feff}').to_owned(),
        csv.trim_end().to_owned(),
        csv.replace("`2,`87.88", "`2.0,`87.88"),
        csv.replace("`0.53000", "`0.53").replace("`0.47000", "`0.470"),
        csv.replace("`0.00,", "`0,").replace("`88.88", "`88.880"),
        // Another column in front, and one behind.
        csv.replace("\u{feff}交易时间", "序号,交易时间").replace("`2026-02-28", "`1,`2026-02-28"),
        csv.replace("费率备注", "费率备注,备用").replace("`\r\n", "`,`x\r\n"),
    ] {
        assert_eq!(TradeBill::parse(other.as_bytes()), Ok(bill.clone()), "{other}");
    }
}

#[test]
fn trade_bills_are_refused_by_name() {
    let parse = |from: &str, to: &str| {
        assert!(csv().contains(from), "{from}");
        TradeBill::parse(csv().replacen(from, to, 1).as_bytes()).unwrap_err()
    };
    let bad = |line, column| BillError::BadCell { line, column };
    for (from, to, error) in [
        ("商户订单号", "商户单号", BillError::MissingColumn { line: 1, name: "商户订单号" }),
        ("设备号", "商户号", BillError::DuplicateColumn { line: 1, name: "商户号" }),
        ("手续费总金额", "x", BillError::MissingColumn { line: 4, name: "手续费总金额" }),
        ("`NATIVE,", "", BillError::Cells { line: 2, expected: 27, actual: 26 }),
        ("`NATIVE,", "`NATIVE,`NATIVE,", BillError::Cells { line: 2, expected: 27, actual: 28 }),
        ("`2026-02-28 09", "2026-02-28 09", BillError::MissingColumn { line: 2, name: "总交易单数" }),
        ("`2,`87.88", "2,`87.88", BillError::Cells { line: 5, expected: 7, actual: 0 }),
        ("`2,`87.88", "`2.5,`87.88", bad(5, "总交易单数")),
        ("`2,`87.88", "`,`87.88", bad(5, "总交易单数")),
        ("2026-02-28 09:05:00", "2026-02-30 09:05:00", bad(2, "交易时间")),
        ("`CNY", "`HKD", bad(2, "货币种类")),
        ("`SUCCESS", "`UNHEARD", bad(2, "交易状态")),
        ("`87.88", "`-87.88", bad(2, "应结订单金额")),
        ("`87.88", "`87,88", bad(2, "应结订单金额")),
        ("`87.88", "`", bad(2, "应结订单金额")),
        ("`87.88", "`87.", bad(2, "应结订单金额")),
        ("`87.88", "`100000000.01", bad(2, "应结订单金额")),
        ("`88.88", "`99999999999999999999", bad(2, "订单金额")),
        ("`0.53000", "`--0.53000", bad(2, "手续费")),
        ("`0.53000", "`0.530000", bad(2, "手续费")),
        ("`0.53000", "`10000000000000.01", bad(2, "手续费")),
        ("`0.53000", "`0.53001", BillError::FractionOfFen { line: 2, column: "手续费" }),
        ("`10.50", "`10.505", BillError::FractionOfFen { line: 3, column: "申请退款金额" }),
        ("`2,`87.88", "`3,`87.88", mismatch("总交易单数", 3, 2)),
        ("`2,`87.88", "`2,`87.89", mismatch("应结订单总金额", 8_789, 8_788)),
        ("`88.88,`0.00", "`88.89,`0.00", mismatch("订单总金额", 8_888, 8_889)),
        ("`-0.06000", "`0.06000", mismatch("手续费总金额", 47, 59)),
        ("`10.38", "`10.37", mismatch("退款总金额", 1_038, 1_037)),
        ("`0.12", "`0.11", mismatch("充值券退款总金额", 12, 11)),
        ("`10.50", "`10.49", mismatch("申请退款总金额", 1_050, 1_049)),
    ] {
        assert_eq!(parse(from, to), error, "{from} -> {to}");
    }
    let csv = csv();
    let lines: Vec<_> = csv.split_inclusive('\n').collect();
    assert_eq!(TradeBill::parse(b""), Err(BillError::MissingColumn { line: 1, name: "交易时间" }));
    assert_eq!(TradeBill::parse(lines[..3].concat().as_bytes()), Err(BillError::NoTotals));
    assert_eq!(TradeBill::parse(lines[..4].concat().as_bytes()), Err(BillError::NoTotals));
    for trailing in ["\n", "x", "`x\n"] {
        let bill = format!("{csv}{trailing}");
        assert_eq!(TradeBill::parse(bill.as_bytes()), Err(BillError::Trailing { line: 6 }), "{trailing:?}");
    }
    assert_eq!(TradeBill::parse(b"\xff"), Err(BillError::NotUtf8));
    let huge = vec![b'`'; BILL_BYTES_MAX + 1];
    assert_eq!(TradeBill::parse(&huge), Err(BillError::TooLarge { actual_bytes: BILL_BYTES_MAX + 1 }));
}

fn mismatch(name: &'static str, stated: i64, counted: i64) -> BillError {
    BillError::TotalMismatch { name, stated, counted }
}

#[test]
fn a_text_never_breaks_the_layout() {
    let mut rows = rows();
    rows[0].description = "a,`b\r\nc`,d".into();
    rows[1].refund.as_mut().unwrap().revoked = true;
    let read = TradeBill::parse(TradeBill::of(rows.clone()).to_csv().as_bytes()).unwrap();
    rows[0].description = "a, b  c ,d".into();
    assert_eq!(read.rows(), rows);
}

#[test]
fn a_bill_of_another_type_is_refused_by_its_columns() {
    let success = "交易时间,公众账号ID,商户号,特约商户号,设备号,微信订单号,商户订单号,用户标识,交易类型,交易状态,付款银行,货币种类,应结订单金额,代金券金额,商品名称,商户数据包,手续费,费率,订单金额,费率备注\r\n总交易单数,应结订单总金额,手续费总金额,订单总金额\r\n`0,`0.00,`0.00000,`0.00\r\n";
    let missing = BillError::MissingColumn { line: 1, name: "微信退款单号" };
    assert_eq!(TradeBill::parse(success.as_bytes()), Err(missing));
    // A bill of refunds has all columns and two more.
    let refunds = TradeBill::of(rows().split_off(1)).to_csv();
    let refunds = refunds
        .replace("微信退款单号", "退款申请时间,退款成功时间,微信退款单号")
        .replace("`50300802262026030100000000001", "`2026-02-28 10:00:00,`,`50300802262026030100000000001");
    assert_eq!(TradeBill::parse(refunds.as_bytes()).map(|bill| bill.totals().applied_fen), Ok(1_050));
}
