use super::{certificates, private_key, public_key};
use crate::{load, text};
use wire_pay::alipay::{
    BillDownloadUrl, BillType, Error, Fen, Notification, Params, RefusalKind, Reply, RequestHead, TradeClosed,
    TradePrecreated, TradeQueried, TradeRefund, TradeRefunded, TradeStatus, format_time, method, parse_time,
    sign_error_response, sign_response, unverified_out_trade_no, verify_request, verify_response,
};

const REQUESTS: &str = include_str!("../../../vectors/alipay/requests.json");
const RESPONSES: &str = include_str!("../../../vectors/alipay/responses.json");
const NOTIFICATIONS: &str = include_str!("../../../vectors/alipay/notifications.json");

#[test]
fn requests_are_signed_as_the_sdk_signs_them() {
    let cases = load(REQUESTS);
    let mut methods: Vec<&str> = Vec::new();
    for case in cases.as_array().unwrap() {
        let name = text(case, "name");
        let unix_s = case["timestamp_unix_s"].as_i64().unwrap();
        assert_eq!(format_time(unix_s), text(case, "timestamp"));
        let mut params = Params::request(
            &RequestHead {
                app_id: "2021000000000001",
                method: text(case, "method"),
                timestamp_unix_s: unix_s,
                notify_url: case["notify_url"].as_str(),
                return_url: case["return_url"].as_str(),
            },
            text(case, "biz_content"),
        );
        if case["certificates"].as_bool().unwrap() {
            params.name_certificates(&certificates::merchant());
        }
        if let Some(sdk) = case["alipay_sdk"].as_str() {
            params.set("alipay_sdk", sdk);
        }
        for empty in case["empty"].as_array().unwrap() {
            params.set(empty.as_str().unwrap(), "");
        }
        params.sign(&private_key("merchant")).unwrap();
        assert_eq!(params.get("sign"), case["sign"].as_str(), "{name}");
        methods.push(text(case, "method"));

        // What we send and what the SDK sent read the same.
        let (query, body) = params.to_post();
        let ours = verify_request(query.as_bytes(), body.as_bytes(), &public_key("merchant")).unwrap();
        let sent = (text(case, "sent_query"), text(case, "sent_body"));
        let theirs = verify_request(sent.0.as_bytes(), sent.1.as_bytes(), &public_key("merchant")).unwrap();
        assert_eq!(ours.sign_content(), theirs.sign_content(), "{name}");
        let whole = Params::parse(params.to_query().as_bytes()).unwrap();
        assert_eq!(whole.sign_content(), theirs.sign_content(), "{name}");
    }
    for method in [
        method::PRECREATE,
        method::WAP_PAY,
        method::PAGE_PAY,
        method::QUERY,
        method::CLOSE,
        method::REFUND,
        method::REFUND_QUERY,
        method::BILL_DOWNLOAD_URL,
    ] {
        assert!(methods.contains(&method), "no vector for {method}");
    }
}

#[test]
fn a_bill_is_asked_for_as_the_sdk_asks_for_it() {
    let cases = load(REQUESTS);
    let asked = cases.as_array().unwrap().iter().filter(|case| case["method"] == method::BILL_DOWNLOAD_URL);
    let contents: Vec<&str> = asked.map(|case| text(case, "biz_content")).collect();
    let day_unix_s = parse_time("2026-02-28 12:00:00").unwrap();
    assert_eq!(contents, [BillType::Trade.content(day_unix_s), BillType::SignCustomer.content(day_unix_s)]);
}

#[test]
fn responses_are_accepted_exactly_when_the_sdk_accepts_them() {
    let cases = load(RESPONSES);
    for case in cases.as_array().unwrap() {
        let (name, method) = (text(case, "name"), text(case, "method"));
        let verdict = verify_response(text(case, "body").as_bytes(), method, &public_key("gateway"));
        if case["valid"].as_bool().unwrap() {
            assert_eq!(verdict, Ok(text(case, "raw")), "{name}");
            // The other direction writes the same bytes.
            let body = sign_response(method, text(case, "raw"), &private_key("gateway")).unwrap();
            assert_eq!(body, text(case, "body"), "{name}");
        } else {
            assert_eq!(verdict, Err(Error::BadSignature), "{name}");
        }
        assert_eq!(
            verify_response(text(case, "body").as_bytes(), method, &public_key("merchant")),
            Err(Error::BadSignature)
        );
        let trailing = format!("{}x", text(case, "body"));
        assert_eq!(
            verify_response(trailing.as_bytes(), method, &public_key("gateway")),
            Err(Error::Json { at: trailing.len() - 1 })
        );
    }
}

fn raw(name: &str) -> String {
    let cases = load(RESPONSES);
    let case = cases.as_array().unwrap().iter().find(|case| case["name"] == name).unwrap();
    text(case, "raw").to_owned()
}

#[test]
fn verified_responses_are_read() {
    let Ok(Reply::Done(trade)) = TradeQueried::parse(&raw("query")) else { panic!() };
    assert_eq!((trade.out_trade_no.as_str(), trade.total_amount), ("EL20260301000001", Fen::new(8_888).unwrap()));
    assert_eq!((trade.trade_status, trade.send_pay_unix_s), (TradeStatus::Success, Some(1_772_327_170)));

    let Ok(Reply::Done(precreated)) = TradePrecreated::parse(&raw("precreate with escaped slashes")) else { panic!() };
    assert_eq!(precreated.qr_code, "https://qr.alipay.com/bavh4wjlxf12tper3a");

    let Ok(Reply::Refused(refusal)) = TradeClosed::parse(&raw("close refused")) else { panic!() };
    assert_eq!((refusal.kind(), refusal.sub_msg.as_str()), (RefusalKind::TradeNotExist, "交易不存在"));

    let Ok(Reply::Done(refunded)) = TradeRefunded::parse(&raw("refund")) else { panic!() };
    assert_eq!((refunded.fund_change, refunded.refunded_total), (true, Fen::new(1_050).unwrap()));

    let Ok(Reply::Done(refund)) = TradeRefund::parse(&raw("refund query")) else { panic!() };
    assert_eq!((refund.refunded, refund.refund_amount), (true, Fen::new(1_050)));

    let Ok(Reply::Done(bill)) = BillDownloadUrl::parse(&raw("bill address")) else { panic!() };
    assert!(
        bill.bill_download_url.starts_with("http://dwbillcenter.alipay.com/downloadBillFile.resource?bizType=trade&")
    );

    let Ok(Reply::Done(trade)) = TradeQueried::parse(&raw("braces, quotes and escapes in a text")) else { panic!() };
    assert_eq!((trade.trade_status, trade.total_amount), (TradeStatus::WaitBuyerPay, Fen::new(150).unwrap()));
}

#[test]
fn a_signed_error_response_is_a_verified_refusal() {
    let value = r#"{"code":"40002","msg":"Invalid Arguments","sub_code":"isv.invalid-signature","sub_msg":"验签出错"}"#;
    let body = sign_error_response(value, &private_key("gateway")).unwrap();
    let opened = verify_response(body.as_bytes(), "alipay.trade.query", &public_key("gateway")).unwrap();
    let Ok(Reply::Refused(refusal)) = TradeQueried::parse(opened) else { panic!() };
    assert_eq!(refusal.kind(), RefusalKind::Request);
}

#[test]
fn the_order_and_escaping_of_the_signature_do_not_matter() {
    let (value, key) = (raw("query"), private_key("gateway"));
    let sign = key.sign(value.as_bytes()).unwrap().replace('/', "\\/");
    let body = format!(" {{\"sign\" : \"{sign}\" , \"alipay_trade_query_response\" :\n{value} }} \r\n");
    assert_eq!(verify_response(body.as_bytes(), "alipay.trade.query", &public_key("gateway")), Ok(value.as_str()));
    let twice =
        format!("{{\"alipay_trade_query_response\":{{}},\"alipay_trade_query_response\":{value},\"sign\":\"{sign}\"}}");
    assert!(matches!(
        verify_response(twice.as_bytes(), "alipay.trade.query", &public_key("gateway")),
        Err(Error::Duplicate { .. })
    ));
}

#[test]
fn notifications_are_accepted_exactly_when_the_sdk_accepts_them() {
    let cases = load(NOTIFICATIONS);
    for case in cases.as_array().unwrap() {
        let (name, body) = (text(case, "name"), text(case, "body").as_bytes());
        let verdict = Notification::verify(body, &public_key("gateway"));
        assert_eq!(verdict.is_ok(), case["valid"].as_bool().unwrap(), "{name}: {verdict:?}");
        if let Ok(notification) = verdict {
            assert_eq!(notification.params().notification_content(), text(case, "content"), "{name}");
        }
        assert_eq!(unverified_out_trade_no(body).as_deref(), Some("EL20260301000001"), "{name}");
    }
}

fn notification(name: &str) -> Result<Notification, Error> {
    let cases = load(NOTIFICATIONS);
    let case = cases.as_array().unwrap().iter().find(|case| case["name"] == name).unwrap();
    Notification::verify(text(case, "body").as_bytes(), &public_key("gateway"))
}

#[test]
fn a_payment_notification_is_read() {
    let paid = notification("paid").unwrap();
    assert_eq!(paid.notify_id(), Ok("2026030100222090610055611000000001"));
    assert_eq!(paid.notify_type(), Ok("trade_status_sync"));
    assert_eq!(paid.app_id(), Ok("2021000000000001"));
    assert_eq!(paid.seller_id(), Ok("2088621900000001"));
    assert_eq!(paid.out_trade_no(), Ok("EL20260301000001"));
    assert_eq!(paid.trade_no(), Ok("2026030122001400000001"));
    assert_eq!(paid.trade_status(), Ok(TradeStatus::Success));
    assert_eq!(paid.total_amount(), Ok(Fen::new(8_888).unwrap()));
    assert_eq!(paid.receipt_amount(), Ok(Fen::new(8_888)));
    assert_eq!(paid.refund_fee(), Ok(None));
    assert_eq!(paid.out_biz_no(), None);
    assert_eq!(paid.gmt_payment(), Ok(Some(1_772_327_170)));
    assert_eq!(paid.notify_time(), Ok(Some(1_772_327_171)));
    assert_eq!(paid.buyer_logon_id(), Some("159****5620"));
    assert_eq!(paid.passback_params(), Some("a%3D1"));

    let refund = notification("refund").unwrap();
    assert_eq!((refund.out_biz_no(), refund.refund_fee()), (Some("ELR1"), Ok(Fen::new(1_050))));
    let unknown = notification("a field nobody knows yet").unwrap();
    assert_eq!(unknown.params().get("zz_new_field"), Some("新 & 旧=1"));
    assert_eq!(notification("closed").unwrap().trade_status(), Ok(TradeStatus::Closed));
}

#[test]
fn refused_notifications_say_why() {
    assert_eq!(notification("another amount"), Err(Error::BadSignature));
    assert_eq!(notification("passback decoded twice"), Err(Error::BadSignature));
    assert_eq!(notification("no signature"), Err(Error::MissingSignature));
    assert_eq!(notification("sign_type RSA over the same content"), Err(Error::SignType { found: Some("RSA".into()) }));
}

#[test]
fn a_notification_without_a_field_names_it() {
    let mut params: Params = [("total_amount", "1.005"), ("gmt_payment", "yesterday")].into_iter().collect();
    params.sign_notification(&private_key("gateway")).unwrap();
    let read = Notification::verify(params.to_form_body().as_bytes(), &public_key("gateway")).unwrap();
    assert_eq!(read.notify_id(), Err(Error::MissingField { name: "notify_id" }));
    assert_eq!(read.total_amount(), Err(Error::BadField { name: "total_amount" }));
    assert_eq!(read.gmt_payment(), Err(Error::BadField { name: "gmt_payment" }));
}
