//! Bills against archives that another program wrote, and every refusal.

use super::*;
use crate::{SignedFen, ZipError, time::parse_time, zip};
use encoding_rs::GBK;

const TRADE_ZIP: &[u8] = include_bytes!("../../../vectors/alipay/bill-trade.zip");
const ACCOUNT_ZIP: &[u8] = include_bytes!("../../../vectors/alipay/bill-signcustomer.zip");
const EXPORTED_UNIX_S: i64 = 1_772_315_209;

fn head() -> BillHead {
    BillHead {
        account: "20886219000000010156".into(),
        begin_unix_s: parse_time("2026-02-28 00:00:00").unwrap(),
        end_unix_s: parse_time("2026-03-01 00:00:00").unwrap(),
    }
}

fn fen(text: &str) -> SignedFen {
    text.parse().unwrap()
}

fn trade_row(kind: TradeBillKind, received: &str) -> TradeBillRow {
    TradeBillRow {
        trade_no: "2026022822001400000001".into(),
        out_trade_no: "EL20260228000001".into(),
        kind,
        subject: "流量 10 GB".into(),
        created_unix_s: parse_time("2026-02-28 09:05:59").unwrap(),
        completed_unix_s: parse_time("2026-02-28 09:06:10").unwrap(),
        order_amount: fen(received),
        received: fen(received),
        out_request_no: None,
        fee: SignedFen::ZERO,
    }
}

/// The text of the first file of an archive.
fn first_text(archive: &[u8]) -> String {
    let limits = zip::Limits { archive_bytes: 1 << 20, files: 9, unpacked_bytes: 1 << 20 };
    GBK.decode(&zip::read(archive, limits).unwrap().first().unwrap().data).0.into_owned()
}

/// An archive of `texts` in GBK.
fn zipped(texts: &[&str]) -> Vec<u8> {
    let encoded: Vec<_> = texts.iter().map(|text| GBK.encode(text).0).collect();
    let name = GBK.encode("明细.csv").0;
    zip::write(&encoded.iter().map(|text| (&*name, &**text)).collect::<Vec<_>>()).unwrap()
}

#[test]
fn a_bill_of_trades_is_read() {
    let bill = TradeBill::read_zip(TRADE_ZIP).unwrap();
    assert_eq!(bill.head, head());
    let [paid, quoted, refund] = bill.rows.as_slice() else { panic!("{bill:?}") };
    let expected = TradeBillRow { fee: fen("-0.53"), ..trade_row(TradeBillKind::Trade, "88.88") };
    assert_eq!(*paid, expected);
    assert_eq!(quoted.subject, "全年套餐, 含通话");
    assert_eq!((quoted.order_amount, quoted.received), (fen("365.00"), fen("360.00")));
    let expected = TradeBillRow {
        completed_unix_s: parse_time("2026-02-28 18:30:00").unwrap(),
        out_request_no: Some("ELR1".into()),
        fee: fen("0.06"),
        ..trade_row(TradeBillKind::Refund, "-10.50")
    };
    assert_eq!(*refund, expected);
}

#[test]
fn a_bill_of_the_account_is_read_from_several_files() {
    let bill = AccountBill::read_zip(ACCOUNT_ZIP).unwrap();
    assert_eq!(bill.head, head());
    let seen: Vec<_> =
        bill.rows.iter().map(|row| (row.amount.get(), row.balance.get(), row.business_type.as_str())).collect();
    assert_eq!(
        seen,
        [
            (8_888, 108_888, "在线支付"),
            (-53, 108_835, "收费"),
            (-1_050, 107_785, "交易退款"),
            (-100_000, 7_785, "提现")
        ]
    );
    let fee = bill.rows.get(1).unwrap();
    assert_eq!((fee.log_no.as_str(), fee.business_no.as_str()), ("54632446537372", "2026022822001400000001"));
    assert_eq!(fee.remark, "服务费[2026022822001400000001]");
    let payout = bill.rows.get(3).unwrap();
    assert_eq!((payout.out_trade_no.as_deref(), payout.remark.as_str()), (None, ""));
    assert_eq!(payout.occurred_unix_s, parse_time("2026-02-28 23:00:00").unwrap());
}

#[test]
fn what_is_written_reads_back_and_is_the_same_bytes() {
    let mut rows = TradeBill::read_zip(TRADE_ZIP).unwrap().rows;
    rows.push(TradeBillRow {
        subject: "\"引号\", 逗号 ".into(),
        out_trade_no: "#1,2".into(),
        kind: TradeBillKind::Other("冻结".into()),
        ..trade_row(TradeBillKind::Trade, "-1.00")
    });
    for rows in [rows, Vec::new()] {
        let bill = TradeBill { head: head(), rows };
        let archive = bill.to_zip(EXPORTED_UNIX_S).unwrap();
        assert_eq!(TradeBill::read_zip(&archive).as_ref(), Ok(&bill));
        assert_eq!(bill.to_zip(EXPORTED_UNIX_S).unwrap(), archive);
    }
    let mut bill = AccountBill::read_zip(ACCOUNT_ZIP).unwrap();
    let nothing = AccountBillRow { amount: SignedFen::ZERO, ..bill.rows.first().unwrap().clone() };
    bill.rows.push(nothing);
    let archive = bill.to_zip(EXPORTED_UNIX_S).unwrap();
    assert_eq!(AccountBill::read_zip(&archive).as_ref(), Ok(&bill));
    assert_eq!(bill.to_zip(EXPORTED_UNIX_S).unwrap(), archive);
}

#[test]
fn what_is_written_looks_like_the_gateways() {
    let bill = TradeBill { rows: vec![trade_row(TradeBillKind::Trade, "88.88")], head: head() };
    let text = first_text(&bill.to_zip(EXPORTED_UNIX_S).unwrap());
    let theirs = first_text(TRADE_ZIP);
    let (ours, theirs): (Vec<_>, Vec<_>) = (text.lines().collect(), theirs.lines().collect());
    assert_eq!(ours.get(..5), theirs.get(..5));
    assert_eq!(ours.get(5).unwrap().split(',').count(), theirs.get(5).unwrap().split(',').count());
    assert_eq!(ours.get(6), theirs.get(8));
    assert_eq!(*ours.get(7).unwrap(), "#交易合计：1笔，商家实收共88.88元，商家优惠共0.00元");
    assert_eq!(*ours.get(8).unwrap(), "#退款合计：0笔，商家实收退款共0.00元，商家优惠退款共0.00元");
    assert_eq!(ours.get(9), theirs.get(11));
    // What GBK does not have, and what would break a line, does not come through.
    let row = TradeBillRow { subject: "🎉\n流量".into(), ..trade_row(TradeBillKind::Trade, "1.00") };
    let archive = TradeBill { rows: vec![row], head: head() }.to_zip(EXPORTED_UNIX_S).unwrap();
    assert_eq!(TradeBill::read_zip(&archive).unwrap().rows.first().unwrap().subject, "? 流量");
}

/// What reading the bill of trades says after `from` became `to` in it.
fn trades_with(from: &str, to: &str) -> BillError {
    let text = first_text(TRADE_ZIP);
    assert!(text.contains(from), "{from}");
    TradeBill::read_zip(&zipped(&[&text.replacen(from, to, 1)])).unwrap_err()
}

#[test]
fn a_bill_of_trades_that_is_not_in_order_is_refused_whole() {
    let cell = |line, column, found: &str| BillError::Cell { line, column, found: found.into() };
    for (from, to, expected) in [
        ("#账号：[", "#账户：[", BillError::MissingLine { what: "账号" }),
        ("#起始日期：[2026年02月28日", "#起始日期：[2026年02月30日", BillError::MissingLine { what: "起始日期" }),
        ("-业务明细列表-", "-业务列表-", BillError::MissingLine { what: "业务明细列表" }),
        ("列表结束", "列表", BillError::Cells { line: 9, expected: 25, found: 1 }),
        ("服务费（元）", "手续费（元）", BillError::MissingColumn { name: "服务费（元）" }),
        (",渠道 7", "", BillError::Cells { line: 7, expected: 25, found: 24 }),
        ("渠道 7", "渠道,7", BillError::Cells { line: 7, expected: 25, found: 26 }),
        ("渠道 7", &",".repeat(100), BillError::Cells { line: 7, expected: 25, found: 65 }),
        ("渠道 7", &"长".repeat(3_000), BillError::LineTooLong { line: 7, limit_bytes: 8_192 }),
        ("2026022822001400000002\t", "\t", cell(7, "支付宝交易号", "")),
        ("EL20260228000002", "", cell(7, "商户订单号", "")),
        ("2026-02-28 10:00:09", "2026-02-28", cell(7, "完成时间", "2026-02-28")),
        ("2026-02-28 10:00:00", "", cell(7, "创建时间", "")),
        ("365.00", "365.001", cell(7, "订单金额（元）", "365.001")),
        ("360.00", "1e2", cell(7, "商家实收（元）", "1e2")),
        ("360.00", "", cell(7, "商家实收（元）", "")),
        ("-2.16", "--2.16", cell(7, "服务费（元）", "--2.16")),
        ("365.00", "-365.00", BillError::Sign { line: 7, column: "订单金额（元）", amount: fen("-365.00") }),
        ("-10.50,-10.50", "-10.50,10.50", BillError::Sign { line: 8, column: "商家实收（元）", amount: fen("10.50") }),
        ("#交易合计：2笔", "#交易合计：3笔", BillError::CountDiffers { what: "交易合计", stated: 3, counted: 2 }),
        ("#退款合计：1笔", "#退款合计：0笔", BillError::CountDiffers { what: "退款合计", stated: 0, counted: 1 }),
        (
            "商家实收共448.88元",
            "商家实收共448.89元",
            BillError::SumDiffers { what: "交易合计", stated_fen: 44_889, counted_fen: 44_888 },
        ),
        (
            "商家实收退款共-10.50元",
            "商家实收退款共10.50元",
            BillError::SumDiffers { what: "退款合计", stated_fen: 1_050, counted_fen: -1_050 },
        ),
        ("\t,退款\t,", "\t,撤销\t,", BillError::CountDiffers { what: "退款合计", stated: 1, counted: 0 }),
        ("#交易合计", "#合计", BillError::MissingLine { what: "交易合计" }),
        ("商家实收共", "实收共", cell(10, "交易合计", "：2笔，实收共448.88元，商家优惠共5.00元")),
        ("#导出时间", "导出时间", BillError::AfterEnd { line: 12 }),
    ] {
        assert_eq!(trades_with(from, to), expected, "{from} → {to}");
    }
    let text = first_text(TRADE_ZIP);
    let cut = text.split_once("#-----------------------------------------业务明细列表结束").unwrap().0;
    assert_eq!(TradeBill::read_zip(&zipped(&[cut])), Err(BillError::MissingLine { what: "结束" }));
}

#[test]
fn an_archive_without_the_bill_is_refused() {
    assert_eq!(TradeBill::read_zip(b""), Err(BillError::Zip(ZipError::NotZip)));
    let title = |title, file: &str| Err(BillError::NoTable { title, files: vec![file.into()] });
    assert_eq!(TradeBill::read_zip(&zipped(&["下载超时，请重新下载"])), title("#支付宝业务明细查询", "明细.csv"));
    assert_eq!(
        AccountBill::read_zip(&zipped(&[&first_text(TRADE_ZIP)])).err(),
        title("#支付宝账务明细查询", "明细.csv").err()
    );
    let utf_8 = zip::write(&[(b"a.csv", "#支付宝业务明细查询。".as_bytes())]).unwrap();
    assert_eq!(TradeBill::read_zip(&utf_8), Err(BillError::NotGbk { file: "a.csv".into() }));
}

#[test]
fn files_of_one_bill_agree_and_are_counted_together() {
    let text = first_text(TRADE_ZIP);
    let twice = TradeBill::read_zip(&zipped(&[&text, &text])).unwrap();
    assert_eq!(twice.rows.len(), 6);
    let another = text.replace("#账号：[20886219000000010156]", "#账号：[20886219000000020156]");
    assert_eq!(TradeBill::read_zip(&zipped(&[&text, &another])), Err(BillError::FilesDisagree { what: "账号" }));
    let later = text.replace("2026年03月01日 00:00:00", "2026年03月02日 00:00:00");
    assert_eq!(TradeBill::read_zip(&zipped(&[&text, &later])), Err(BillError::FilesDisagree { what: "起始日期" }));
}

/// An account's bill with one row: income, expense, and the two lines of totals.
fn account_with(income: &str, expense: &str, out: &str, into: &str) -> Result<AccountBill, BillError> {
    let bill = AccountBill { head: head(), rows: vec![AccountBill::read_zip(ACCOUNT_ZIP).unwrap().rows.remove(0)] };
    let text = first_text(&bill.to_zip(EXPORTED_UNIX_S).unwrap());
    let text = text.replace(",88.88,0.00,1088.88", &format!(",{income},{expense},1088.88"));
    let text = text.replace("：0笔，共0.00元", out).replace("：1笔，共88.88元", into);
    AccountBill::read_zip(&zipped(&[&text]))
}

#[test]
fn a_bill_of_the_account_that_is_not_in_order_is_refused() {
    let amount =
        |income, expense, out, into| account_with(income, expense, out, into).map(|bill| bill.rows[0].amount.get());
    // With and without a sign, and rows of nothing, which either total may count.
    assert_eq!(amount("0.00", "-5.00", "：1笔，共-5.00元", "：0笔，共0.00元"), Ok(-500));
    assert_eq!(amount("", "5", "：1笔，共5.00元", "：0笔，共0.00元"), Ok(-500));
    assert_eq!(amount("0", "0.00", "：1笔，共0.00元", "：0笔，共0.00元"), Ok(0));
    assert_eq!(amount("0", "", "：0笔，共0.00元", "：1笔，共0.00元"), Ok(0));
    for (income, expense, out, into, expected) in [
        ("5.00", "-5.00", "：1笔，共-5.00元", "：1笔，共5.00元", BillError::BothWays { line: 6 }),
        (
            "-5.00",
            "0.00",
            "：0笔，共0.00元",
            "：1笔，共-5.00元",
            BillError::Sign { line: 6, column: "收入金额（+元）", amount: fen("-5.00") },
        ),
        (
            "5.00",
            "0.00",
            "：1笔，共0.00元",
            "：0笔，共5.00元",
            BillError::CountDiffers { what: "收入合计", stated: 0, counted: 1 },
        ),
        (
            "0.00",
            "-5.00",
            "：0笔，共-5.00元",
            "：1笔，共0.00元",
            BillError::CountDiffers { what: "支出合计", stated: 0, counted: 1 },
        ),
        (
            "5.00",
            "0.00",
            "：1笔，共0.00元",
            "：1笔，共5.00元",
            BillError::CountDiffers { what: "收入合计、支出合计", stated: 2, counted: 1 },
        ),
        (
            "5.00",
            "0.00",
            "：0笔，共0.00元",
            "：1笔，共5.01元",
            BillError::SumDiffers { what: "收入合计", stated_fen: 501, counted_fen: 500 },
        ),
        (
            "0.00",
            "-5.00",
            "：1笔，共-4.99元",
            "：0笔，共0.00元",
            BillError::SumDiffers { what: "支出合计", stated_fen: -499, counted_fen: -500 },
        ),
    ] {
        assert_eq!(account_with(income, expense, out, into), Err(expected), "{income} {expense} {out} {into}");
    }
}

#[test]
fn where_to_download_is_asked_and_read() {
    let day_unix_s = parse_time("2026-02-28 23:59:59").unwrap();
    assert_eq!(BillType::Trade.content(day_unix_s), r#"{"bill_type":"trade","bill_date":"2026-02-28"}"#);
    for kind in [BillType::Trade, BillType::SignCustomer] {
        assert_eq!(BillType::parse(kind.as_str()), Some(kind));
    }
    assert_eq!(BillType::parse("Trade"), None);
    let raw = r#"{"code":"10000","msg":"Success","bill_download_url":"http:\/\/dwbillcenter.example.test\/x?fileType=csv.zip"}"#;
    let expected = "http://dwbillcenter.example.test/x?fileType=csv.zip".into();
    assert_eq!(BillDownloadUrl::parse(raw), Ok(Reply::Done(BillDownloadUrl { bill_download_url: expected })));
    let missing = BillDownloadUrl::parse(r#"{"code":"10000","msg":"Success"}"#);
    assert_eq!(missing, Err(Error::MissingField { name: "bill_download_url" }));
}
