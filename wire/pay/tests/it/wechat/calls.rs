//! What the SDKs send, we send; what they sign, we sign; and the gateway's side reads it.

use super::{NOW, key_file, merchant, private_key};
use crate::{load, text};
use serde_json::Value;
use wire_pay::{
    Error as Shared, Fen,
    wechat::{
        Authorization, BillDate, Call, ClientParameters, Error, FundAccount, Packing, Prepay, RefundOf, RefundRequest,
        Request, TradeKind,
    },
};

const NODE: &str = include_str!("../../../vectors/wechat/requests_node.json");
const PYTHON: &str = include_str!("../../../vectors/wechat/requests_python.json");

fn prepay(kind: TradeKind) -> Prepay {
    let file = key_file();
    Prepay {
        appid: text(&file, "appid").into(),
        mchid: text(&file, "mchid").into(),
        description: "一月 10 GB “+%&=#/\\<>'\" é🎉".into(),
        out_trade_no: "EL20260301000001".into(),
        time_expire_unix_s: Some(NOW + 1800),
        attach: Some("a=1&b\n2".into()),
        notify_url: "https://pay.example.test/notify/wechat".into(),
        total: Fen::new(8_888).unwrap(),
        kind,
    }
}

fn refund(of: RefundOf, number: &str, refund: i64) -> RefundRequest {
    RefundRequest {
        of,
        out_refund_no: number.into(),
        reason: None,
        notify_url: None,
        refund: Fen::new(refund).unwrap(),
        total: Fen::new(8_888).unwrap(),
    }
}

/// The call that a case of this name makes.
fn expected(name: &str) -> Call {
    let (mchid, out_trade_no) = ("1900000001".to_owned(), "EL20260301000001".to_owned());
    let transaction_id = "4200002030202603010000000001".to_owned();
    let notify_url = Some("https://pay.example.test/notify/wechat".to_owned());
    let bill_date: BillDate = "2026-02-28".parse().unwrap();
    match name {
        "native" => Call::Prepay(prepay(TradeKind::Native)),
        "native, nothing optional" => Call::Prepay(Prepay {
            description: "流量".into(),
            out_trade_no: "EL20260301000002".into(),
            time_expire_unix_s: None,
            attach: None,
            total: Fen::new(1).unwrap(),
            ..prepay(TradeKind::Native)
        }),
        "jsapi" => Call::Prepay(prepay(TradeKind::Jsapi { openid: "oUpF8uMuAJO_M2pxb1Q9zNjWeS6o".into() })),
        "h5" => Call::Prepay(prepay(TradeKind::H5 { payer_client_ip: "14.23.150.211".into(), h5_type: "Wap".into() })),
        "query by out_trade_no" => Call::QueryByOutTradeNo { mchid, out_trade_no },
        "query by transaction_id" => Call::QueryByTransactionId { mchid, transaction_id },
        "close" => Call::Close { mchid, out_trade_no },
        "refund by out_trade_no" => Call::Refund(RefundRequest {
            reason: Some("未生效，退款 100%".into()),
            notify_url,
            ..refund(RefundOf::OutTradeNo(out_trade_no), "ELR1", 1_050)
        }),
        "refund by transaction_id" => Call::Refund(refund(RefundOf::TransactionId(transaction_id), "ELR2", 1)),
        "refund by transaction_id, with notices" => {
            Call::Refund(RefundRequest { notify_url, ..refund(RefundOf::TransactionId(transaction_id), "ELR2", 1) })
        }
        "refund query" => Call::QueryRefund { out_refund_no: "ELR1".into() },
        "trade bill" => Call::TradeBill { bill_date, packing: Packing::Plain },
        "trade bill, packed" => Call::TradeBill { bill_date, packing: Packing::Gzip },
        "fund flow bill" => Call::FundFlowBill { bill_date, account: FundAccount::Operation, packing: Packing::Plain },
        "fund flow bill, packed" => {
            Call::FundFlowBill { bill_date, account: FundAccount::Basic, packing: Packing::Gzip }
        }
        "bill download" => {
            Call::DownloadBill { target: "/v3/billdownload/file?token=6XIv5TUPto7pByrT_Cv%2Bisg&tartype=gzip".into() }
        }
        "certificates" => Call::Certificates,
        other => panic!("an unknown case: {other}"),
    }
}

/// A header split into its attributes, whose order differs between the SDKs.
fn attributes(header: &str) -> Vec<&str> {
    let mut parts: Vec<_> = header.split_once(' ').unwrap().1.split(',').collect();
    parts.sort_unstable();
    parts
}

fn nonce(header: &str) -> &str {
    let attribute = attributes(header).into_iter().find_map(|part| part.strip_prefix("nonce_str=\"")).unwrap();
    attribute.strip_suffix('"').unwrap()
}

fn sent(case: &Value) -> Request {
    let method = if case["method"] == "GET" { "GET" } else { "POST" };
    assert_eq!(case["method"], method);
    Request { method, target: text(case, "target").into(), body: text(case, "body").into() }
}

#[test]
fn both_sdks_sign_as_we_do() {
    let key = merchant().key().public_key().unwrap();
    for (sdk, file) in [("node", load(NODE)), ("python", load(PYTHON))] {
        for case in file["requests"].as_array().unwrap() {
            let name = format!("{sdk}: {}", text(case, "name"));
            let (theirs, header) = (sent(case), text(case, "authorization"));
            let ours = merchant().authorize(&theirs, NOW, nonce(header)).unwrap();
            // Every attribute, the signature among them, is the same; Node's has them in our order too.
            assert_eq!(attributes(&ours), attributes(header), "{name}");
            if sdk == "node" {
                assert_eq!(ours, header, "{name}");
            }

            // The gateway's side: who asks, that they signed it, and what they ask.
            let read = Authorization::parse(header).unwrap();
            assert_eq!(read.mchid, "1900000001");
            let verdict = read.verify(theirs.method, &theirs.target, theirs.body.as_bytes(), &key, NOW);
            assert_eq!(verdict, Ok(()), "{name}");
            let call = Call::parse(theirs.method, &theirs.target, theirs.body.as_bytes()).unwrap();
            assert_eq!(call, expected(text(case, "name")), "{name}");
        }
    }
}

#[test]
fn what_we_send_is_what_the_sdks_send() {
    for case in load(NODE)["requests"].as_array().unwrap() {
        let (name, theirs) = (text(case, "name"), sent(case));
        let ours = expected(name).request().unwrap();
        if name.starts_with("fund flow bill") {
            // That SDK sorts the query; the order of a query means nothing, but it is signed as it is sent.
            assert_eq!(Call::parse("GET", &ours.target, b""), Call::parse("GET", &theirs.target, b""));
        } else {
            assert_eq!(ours, theirs, "{name}");
        }
    }
    for case in load(PYTHON)["requests"].as_array().unwrap() {
        let (name, theirs) = (text(case, "name"), sent(case));
        let ours = expected(name).request().unwrap();
        assert_eq!((ours.method, &ours.target), (theirs.method, &theirs.target), "{name}");
        // Its JSON has other white space and another order.
        assert_eq!(ours.body.is_empty(), theirs.body.is_empty(), "{name}");
        if !ours.body.is_empty() {
            assert_eq!(load(&ours.body), load(&theirs.body), "{name}");
        }
    }
}

#[test]
fn every_kind_of_call_has_a_vector_of_both_sdks() {
    for file in [load(NODE), load(PYTHON)] {
        let cases = file["requests"].as_array().unwrap();
        for name in [
            "native",
            "jsapi",
            "h5",
            "query by out_trade_no",
            "query by transaction_id",
            "close",
            "refund by out_trade_no",
            "refund query",
            "trade bill, packed",
            "fund flow bill, packed",
            "bill download",
            "certificates",
        ] {
            assert!(cases.iter().any(|case| case["name"] == name), "no vector for {name}");
        }
    }
}

#[test]
fn client_parameters_are_signed_as_the_sdks_sign_them() {
    for file in [load(NODE), load(PYTHON)] {
        let theirs = &file["client"];
        let prepay_id = text(theirs, "package").strip_prefix("prepay_id=").unwrap();
        let (app_id, nonce) = (text(theirs, "appId"), text(theirs, "nonceStr"));
        let ours = ClientParameters::sign(app_id, prepay_id, NOW, nonce, &private_key("merchant")).unwrap();
        assert_eq!(load(&ours.to_json()), *theirs);
        let public = merchant().key().public_key().unwrap();
        assert_eq!(ClientParameters::verify(theirs.to_string().as_bytes(), &public), Ok(ours));
    }
}

#[test]
fn calls_that_are_none_are_refused_by_name() {
    for (method, target) in [
        ("GET", "/"),
        ("GET", "/v3/pay/transactions/native"),
        ("POST", "/v3/pay/transactions/app"),
        ("POST", "/v3/certificates"),
        ("PUT", "/v3/certificates"),
        ("GET", "/v3/refund/domestic/refunds"),
        ("POST", "/v3/refund/domestic/refunds/ELR1"),
        ("POST", "/v3/pay/transactions/out-trade-no/EL20260301000001"),
        ("GET", "/pay/orderquery"),
    ] {
        let unknown = Error::UnknownCall { method: method.into(), path: target.into() };
        assert_eq!(Call::parse(method, target, b"{}"), Err(unknown));
    }
    let bad = |name| Err(Error::from(Shared::BadField { name }));
    let missing = |name| Err(Error::from(Shared::MissingField { name }));
    for (method, target, error) in [
        ("GET", "/v3/pay/transactions/out-trade-no/short?mchid=1", bad("out_trade_no")),
        ("GET", "/v3/pay/transactions/out-trade-no/EL%2F0001?mchid=1", bad("out_trade_no")),
        ("GET", "/v3/pay/transactions/out-trade-no/EL+00001?mchid=1", bad("out_trade_no")),
        ("GET", "/v3/pay/transactions/out-trade-no/EL000001&x?mchid=1", bad("out_trade_no")),
        ("GET", "/v3/pay/transactions/out-trade-no/EL000001=x?mchid=1", bad("out_trade_no")),
        ("GET", "/v3/pay/transactions/out-trade-no/EL00%zz01?mchid=1", Err(Shared::BadEscape.into())),
        ("GET", "/v3/pay/transactions/out-trade-no/EL000001", missing("mchid")),
        ("GET", "/v3/pay/transactions/id/?mchid=1", bad("transaction_id")),
        ("GET", "/v3/refund/domestic/refunds/", bad("out_refund_no")),
        ("GET", "/v3/refund/domestic/refunds/EL%20R1", bad("out_refund_no")),
        ("POST", "/v3/pay/transactions/out-trade-no/EL000001/close", missing("mchid")),
        ("POST", "/v3/pay/transactions/native", missing("appid")),
        ("POST", "/v3/refund/domestic/refunds", missing("out_trade_no")),
        ("GET", "/v3/bill/tradebill", missing("bill_date")),
        ("GET", "/v3/bill/tradebill?bill_date=2026-02-29", bad("bill_date")),
        ("GET", "/v3/bill/tradebill?bill_date=20260228", bad("bill_date")),
        ("GET", "/v3/bill/tradebill?bill_date=2026-02-28&bill_type=SUCCESS", bad("bill_type")),
        ("GET", "/v3/bill/tradebill?bill_date=2026-02-28&tar_type=ZIP", bad("tar_type")),
        ("GET", "/v3/bill/fundflowbill?bill_date=2026-02-28&account_type=ALL", bad("account_type")),
    ] {
        assert_eq!(Call::parse(method, target, b"{}"), error, "{target}");
    }
    let trailing = Call::parse("POST", "/v3/pay/transactions/native", b"{}x");
    assert_eq!(trailing, Err(Shared::Json { at: 2 }.into()));
    let defaults = Call::parse("GET", "/v3/bill/fundflowbill?bill_date=2026-02-28", b"").unwrap();
    let basic = Call::FundFlowBill {
        bill_date: "2026-02-28".parse().unwrap(),
        account: FundAccount::Basic,
        packing: Packing::Plain,
    };
    assert_eq!(defaults, basic);
}

#[test]
fn numbers_of_another_form_are_never_sent() {
    let refused = |name| Err(Error::from(Shared::BadField { name }));
    let mchid = "1900000001".to_owned();
    for number in ["", "EL001", "EL/0001", "EL 0001", "EL0001?", "EL20260301000001EL20260301000001X", "流流流流流流"]
    {
        let out_trade_no = number.to_owned();
        let query = Call::QueryByOutTradeNo { mchid: mchid.clone(), out_trade_no: out_trade_no.clone() };
        assert_eq!(query.request(), refused("out_trade_no"), "{number}");
        let close = Call::Close { mchid: mchid.clone(), out_trade_no: out_trade_no.clone() };
        assert_eq!(close.request(), refused("out_trade_no"), "{number}");
        let native = Call::Prepay(Prepay { out_trade_no, ..prepay(TradeKind::Native) });
        assert_eq!(native.request(), refused("out_trade_no"), "{number}");
    }
    for number in ["", "a/b", "a b", &"x".repeat(65)] {
        let query = Call::QueryRefund { out_refund_no: number.into() };
        assert_eq!(query.request(), refused("out_refund_no"), "{number}");
        let asked = Call::Refund(refund(RefundOf::OutTradeNo("EL000001".into()), number, 1));
        assert_eq!(asked.request(), refused("out_refund_no"), "{number}");
        let query = Call::QueryByTransactionId { mchid: mchid.clone(), transaction_id: number.into() };
        assert_eq!(query.request(), refused("transaction_id"), "{number}");
    }
    for target in ["", "file", "/a b", "/a\nb", "/流"] {
        let download = Call::DownloadBill { target: target.into() };
        assert_eq!(download.request(), refused("download_url"), "{target:?}");
    }
    // What the API takes and a path does not is encoded, and reads back.
    let query = Call::QueryRefund { out_refund_no: "R-1_a|b*c@d".into() };
    let request = query.request().unwrap();
    assert_eq!(request.target, "/v3/refund/domestic/refunds/R-1_a%7Cb%2Ac%40d");
    assert_eq!(Call::parse("GET", &request.target, b""), Ok(query));
}
