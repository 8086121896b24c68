//! The steps, in the order in which people take them. Each asks, checks what it got, and prints one line.

use super::client::{Client, failed};
use super::{Failed, Running};
use everline_app::place_order::{NewOrder, place_order};
use everline_app::start_payment::{Payer, start_payment};
use everline_core::ids::OrderId;
use everline_core::offering::OfferingRef;
use everline_core::order::PlacedBy;
use everline_core::payment::Method;
use serde_json::{Value, json};
use std::error::Error;

pub(super) const LINFANG: &str = "13800138001";
pub(super) const WANGQIANG: &str = "13700137002";
const NEWCOMER: &str = "13612345678";
const DAY_US: i64 = 86_400_000_000;

pub(super) fn done(what: &str) {
    println!("✓ {what}");
}

/// A part of an answer; null where there is none.
pub(super) fn at<'a>(body: &'a Value, pointer: &str) -> &'a Value {
    body.pointer(pointer).unwrap_or(&Value::Null)
}

/// A word of an answer.
pub(super) fn word<'a>(body: &'a Value, name: &str) -> &'a str {
    body.get(name).and_then(Value::as_str).unwrap_or_default()
}

pub(super) fn check(step: &str, holds: bool, found: &Value) -> Result<(), Failed> {
    if holds { Ok(()) } else { Err(failed(step, format!("unexpected: {found}"))) }
}

/// Signs in with the code that arrives in the sandbox's inbox.
pub(super) async fn sign_in(client: &Client, phone: &str) -> Result<String, Failed> {
    let asked = client.ask("POST", "/sign-in/code", None, Some(json!({ "phone": phone }))).await?;
    let request = word(&asked, "request_id").to_owned();
    let path = format!("sms/inbox?to={phone}");
    let is_code = |message: &&Value| word(message, "message_id") == request;
    let found = |inbox: &Value| {
        at(inbox, "/messages").as_array().is_some_and(|list| list.iter().any(|message| is_code(&message)))
    };
    let inbox = client.until_outside("the code arrives", &path, found).await?;
    let message = at(&inbox, "/messages").as_array().and_then(|list| list.iter().find(is_code));
    let code = message.map(|message| word(at(message, "/parameters"), "code").to_owned()).unwrap_or_default();
    let entered = client.ask("POST", "/sign-in", None, Some(json!({ "request_id": request, "code": code }))).await?;
    let again =
        client.api("POST", "/sign-in", None, None, Some(json!({ "request_id": request, "code": code }))).await?;
    check("a code works once", again.status >= 400, &again.body)?;
    Ok(word(&entered, "token").to_owned())
}

/// Anyone can register with a number and a code.
pub(super) async fn registers(client: &Client) -> Result<(), Failed> {
    let token = sign_in(client, NEWCOMER).await?;
    let home = client.ask("GET", "/home", Some(&token), None).await?;
    check("a new customer has no lines", at(&home, "/lines").as_array().is_some_and(Vec::is_empty), &home)?;
    let stranger = client.api("GET", "/home", None, None, None).await?;
    check("nobody sees anything without signing in", stranger.status == 401, &stranger.body)?;
    done("a newcomer registers with a phone number and a one-time code");
    Ok(())
}

/// A line of a customer by its name.
pub(super) async fn line(client: &Client, token: &str, name: &str) -> Result<Value, Failed> {
    let lines = client.ask("GET", "/lines", Some(token), None).await?;
    let found = at(&lines, "/lines").as_array().and_then(|lines| lines.iter().find(|line| word(line, "name") == name));
    found.cloned().ok_or_else(|| failed("find the line", format!("no line {name} in {lines}")))
}

/// Orders an offering for a line; twice under one key is once.
pub(super) async fn order(
    client: &Client,
    token: &str,
    line: &Value,
    offering: &str,
    key: &str,
) -> Result<Value, Failed> {
    let path = format!("/lines/{}/quotes", word(line, "id"));
    let quote = client.ask("POST", &path, Some(token), Some(json!({ "offering": offering }))).await?;
    let body = json!({ "offering": offering, "terms_version": word(&quote, "terms_version") });
    let path = format!("/lines/{}/orders", word(line, "id"));
    let first = client.api("POST", &path, Some(token), Some(key), Some(body.clone())).await?;
    check("order", matches!(first.status, 200 | 201), &first.body)?;
    let again = client.api("POST", &path, Some(token), Some(key), Some(body)).await?;
    check(
        "ordering again under the same key orders nothing",
        word(&again.body, "id") == word(&first.body, "id"),
        &again.body,
    )?;
    Ok(first.body)
}

/// Starts a payment; our number at the provider, and what the payer opens.
pub(super) async fn start(
    client: &Client,
    token: &str,
    order: &Value,
    method: &str,
) -> Result<(String, String), Failed> {
    let path = format!("/orders/{}/payments", word(order, "id"));
    let order = client.ask("POST", &path, Some(token), Some(json!({ "method": method }))).await?;
    let mut payments = at(&order, "/payments").as_array().into_iter().flatten();
    let payment = payments.find(|payment| word(payment, "method") == method && word(payment, "state") == "pending");
    let payment = payment.ok_or_else(|| failed("start a payment", format!("no pending {method} in {order}")))?;
    Ok((word(payment, "out_trade_no").to_owned(), word(payment, "pay_url").to_owned()))
}

pub(super) async fn payer(client: &Client, out_trade_no: &str, action: &str) -> Result<(), Failed> {
    client.control("POST", &format!("trades/{out_trade_no}/{action}"), None).await.map(drop)
}

/// Somebody with an old phone asks by short message.
pub(super) async fn writes_a_word(client: &Client) -> Result<(), Failed> {
    let path = format!("sms/inbox?to={LINFANG}");
    for (text, template) in [("余额", "keyword_balance"), ("RENEW", "keyword_renew"), ("help", "keyword_help")] {
        client.control("POST", "sms/write", Some(json!({ "from": LINFANG, "text": text }))).await?;
        let answered = |inbox: &Value| {
            let mut all = at(inbox, "/messages").as_array().into_iter().flatten();
            all.any(|message| word(message, "template") == template)
        };
        client.until_outside(&format!("{text} is answered"), &path, answered).await?;
    }
    done("her phone sends BAL, RENEW and HELP, and each is answered at its own number");
    Ok(())
}

pub(super) fn order_path(order: &Value) -> String {
    format!("/orders/{}", word(order, "id"))
}

pub(super) async fn until_state(client: &Client, token: &str, order: &Value, state: &str) -> Result<Value, Failed> {
    client
        .until(&format!("the order becomes {state}"), &order_path(order), token, |order| word(order, "state") == state)
        .await
}

/// 林芳 renews the watch that was cut off: by QR code, with a device that withholds its acknowledgement for a while.
pub(super) async fn renews_the_watch(client: &Client, running: &Running) -> Result<(), Failed> {
    let token = sign_in(client, LINFANG).await?;
    let watch = line(client, &token, "朵朵的手表").await?;
    check("the watch is cut off", word(&watch, "advice") == "cut_off" && at(&watch, "/renew_now") == true, &watch)?;
    done("林芳 signs in and sees that her daughter's watch is cut off");

    let offerings = client.ask("GET", &format!("/lines/{}/offerings", word(&watch, "id")), Some(&token), None).await?;
    let all = at(&offerings, "/offerings").as_array().cloned().unwrap_or_default();
    check(
        "the watch plan is offered",
        all.iter().any(|one| word(one, "id") == "watch-month@1" && at(one, "/sellable") == true),
        &offerings,
    )?;
    check("phone plans are not", all.iter().all(|one| !word(one, "id").starts_with("phone")), &offerings)?;
    done("she is offered what this line can take, and nothing else");

    let imsi = running
        .people
        .devices
        .iter()
        .find(|device| device.1 == "朵朵的手表")
        .map(|device| device.0.as_str().to_owned());
    let imsi = imsi.ok_or_else(|| failed("the watch", "has no device"))?;
    let misbehaviour = format!("devices/{imsi}/misbehaviour");
    client.control("PUT", &misbehaviour, Some(json!("withhold_answer503"))).await?;

    let placed = order(client, &token, &watch, "watch-month@1", "walkthrough-watch").await?;
    check("it costs ¥9.90", at(&placed, "/price/amount") == "9.90", &placed)?;
    let (out_trade_no, _) = start(client, &token, &placed, "alipay_qr").await?;
    payer(client, &out_trade_no, "decline").await?;
    let declined = client.ask("GET", &order_path(&placed), Some(&token), None).await?;
    check("declining pays nothing", word(&declined, "state") == "awaiting_payment", &declined)?;
    done("she orders once (twice under one key), and her payment is declined");
    payer(client, &out_trade_no, "pay").await?;
    until_state(client, &token, &placed, "delivered").await?;
    for _ in 0..10 {
        tokio::time::sleep(std::time::Duration::from_millis(150)).await;
        let seen = client.ask("GET", &order_path(&placed), Some(&token), None).await?;
        let holds = word(&seen, "state") == "delivered" && seen.get("in_effect_at").is_none();
        check("paid, not yet in effect, while the watch withholds its acknowledgement", holds, &seen)?;
    }
    done("paid and delivered; while the watch withholds its acknowledgement the order is not in effect");

    client.control("PUT", &misbehaviour, Some(json!("none"))).await?;
    client.ask("POST", &format!("{}/ask", order_path(&placed)), Some(&token), None).await?;
    let in_effect = until_state(client, &token, &placed, "in_effect").await?;
    check("the time of effect is told", in_effect.get("in_effect_at").is_some(), &in_effect)?;
    let devices = client.until_outside("the watch is online", "devices", |devices| {
        let mut all = at(devices, "/devices").as_array().into_iter().flatten();
        all.any(|device| word(device, "imsi") == imsi && word(device, "link") == "online")
    });
    devices.await?;
    done("the watch acknowledges, is online, and only now the order is in effect");

    let inbox = format!("sms/inbox?to={LINFANG}");
    let told = |inbox: &Value| {
        let mut messages = at(inbox, "/messages").as_array().into_iter().flatten();
        messages.any(|message| word(message, "template") == "renewal_in_effect")
    };
    client.until_outside("she is told", &inbox, told).await?;
    let path = format!("{}/receipt", order_path(&placed));
    let receipt =
        client.until("the receipt has its number", &path, &token, |receipt| receipt.get("number").is_some()).await?;
    let postings: Vec<&str> =
        at(&receipt, "/postings").as_array().into_iter().flatten().map(|posting| word(posting, "template")).collect();
    check("the receipt shows both postings", postings == ["PAID", "DELIVERED"], &receipt)?;
    done("she gets an SMS and a numbered receipt:");
    print_receipt(&receipt);
    proves_itself(client, &token, &receipt).await
}

/// Whoever holds the receipt can check it; and it is a file.
async fn proves_itself(client: &Client, token: &str, receipt: &Value) -> Result<(), Failed> {
    let proof = word(receipt, "check").rsplit('/').next().unwrap_or_default();
    let path = format!("/receipts/{proof}");
    let checked = client.ask("GET", &path, None, None).await?;
    check("the receipt is found genuine", at(&checked, "/number") == at(receipt, "/number"), &checked)?;
    let forged = client.api("GET", &format!("{path}A"), None, None, None).await?;
    check("one that was changed is not", forged.status == 404, &forged.body)?;
    let file = client.file(word(receipt, "pdf"), token).await?;
    check("the receipt is a PDF file", file.starts_with(b"%PDF-"), &json!({ "bytes": file.len() }))?;
    done(&format!("anybody finds it genuine by its QR code; as a PDF file it has {} bytes", file.len()));
    Ok(())
}

fn print_receipt(receipt: &Value) {
    let order = at(receipt, "/order");
    let payment =
        at(order, "/payments").as_array().and_then(|all| all.iter().find(|payment| word(payment, "state") == "paid"));
    let payment = payment.cloned().unwrap_or_default();
    let row = |name: &str, value: &str| println!("    {name:<12} {value}");
    println!("    ──────────────────────────────────────────────");
    row("收据", &at(receipt, "/number").to_string());
    row("收款方", word(at(receipt, "/payee"), "zh-CN"));
    row("号码", word(receipt, "msisdn"));
    row("项目", word(order, "offering"));
    row("金额", &format!("¥{} {}", word(at(receipt, "/amount"), "amount"), word(receipt, "amount_in_words")));
    row("订单", word(order, "number"));
    row("商户单号", word(&payment, "out_trade_no"));
    row("支付宝单号", word(&payment, "trade_no"));
    row("支付时间", word(order, "paid_at"));
    for posting in at(receipt, "/postings").as_array().into_iter().flatten() {
        row("入账", &format!("{} ¥{}", word(posting, "template"), word(at(posting, "/amount"), "amount")));
    }
    row("生效时间", word(order, "in_effect_at"));
    row("有效期", &format!("{} – {}", word(order, "starts_at"), word(order, "ends_at")));
    println!("    ──────────────────────────────────────────────");
}

/// 林芳 buys a data pack for her phone and pays on the phone itself. Her session goes on: codes are counted.
pub(super) async fn pays_on_the_phone(client: &Client) -> Result<String, Failed> {
    let token = sign_in(client, LINFANG).await?;
    let phone = line(client, &token, "我的手机").await?;
    let placed = order(client, &token, &phone, "data-1g-7d@1", "walkthrough-pack").await?;
    let (out_trade_no, url) = start(client, &token, &placed, "alipay_wap").await?;
    let opened = client.open(&url).await?;
    check("the payment page opens", opened == 200, &json!({ "status": opened }))?;
    payer(client, &out_trade_no, "pay").await?;
    until_state(client, &token, &placed, "in_effect").await?;
    done("a data pack for the phone, paid on the phone itself, in effect at once");
    Ok(token)
}

/// 林芳 tops up, scanning WeChat Pay's code; a notice that only looks like WeChat's changes nothing.
pub(super) async fn pays_by_wechat(client: &Client, token: &str) -> Result<(), Failed> {
    let phone = line(client, token, "我的手机").await?;
    let placed = order(client, token, &phone, "top-up-30@1", "walkthrough-wechat").await?;
    let (out_trade_no, code) = start(client, token, &placed, "wechat_qr").await?;
    check("it is a code for WeChat's scanner", code.starts_with("weixin://"), &json!({ "code": code }))?;
    let status = client.post_form("/notify/wechat", r#"{"event_type":"TRANSACTION.SUCCESS"}"#.to_owned()).await?;
    check("an unsigned notice is refused", (400..500).contains(&status), &json!({ "status": status }))?;
    payer(client, &out_trade_no, "scan").await?;
    payer(client, &out_trade_no, "pay").await?;
    until_state(client, token, &placed, "in_effect").await?;
    let path = format!("{}/receipt", order_path(&placed));
    let receipt =
        client.until("the receipt has its number", &path, token, |receipt| receipt.get("number").is_some()).await?;
    let payment = at(&receipt, "/order/payments/0");
    let by_wechat = word(payment, "method") == "wechat_qr"
        && word(payment, "out_trade_no") == out_trade_no
        && word(payment, "trade_no").starts_with("4200");
    check("the receipt names the payment and WeChat's number", by_wechat, &receipt)?;
    check("it says ¥30.00", at(&receipt, "/amount/amount") == "30.00", &receipt)?;
    done("a top-up, paid by WeChat Pay's code; the receipt names its number there");
    Ok(())
}

/// Leaves 王强's order paid and *submitted* upstream.
pub(super) async fn leave_one_submitted(client: &Client, running: &Running) -> Result<OrderId, Box<dyn Error>> {
    let (app, people) = (&running.app, &running.people);
    let new = NewOrder {
        id: OrderId(app.clock.id()),
        customer: people.wangqiang,
        line: people.wangqiang_router,
        offering: OfferingRef { code: "router-100g".to_owned(), version: 1 },
        terms_version: app.brand.terms_version.clone(),
        placed_by: PlacedBy::Owner,
        token: None,
        from: None,
    };
    let order = place_order(app, new).await?;
    let attempt = start_payment(
        app,
        people.wangqiang,
        order.id,
        Method::AlipayQr,
        Payer { return_base: format!("{}/pay/return", running.url), ip: None, name: None },
    )
    .await?;
    client.control("PUT", "upstream/modes", Some(json!({ "next": ["submitted"], "standing": "accept" }))).await?;
    payer(client, &attempt.out_trade_no, "pay").await?;
    let asked = |list: &Value| at(list, "/activations").as_array().is_some_and(|list| !list.is_empty());
    client.until_outside("the upstream network is asked", "upstream/activations", asked).await?;
    Ok(order.id)
}

/// 王强's order stays *paid, not yet in effect* for as long as the upstream network only says *submitted*.
pub(super) async fn waits_for_the_upstream_network(client: &Client, running: &Running) -> Result<(), Failed> {
    let token = sign_in(client, WANGQIANG).await?;
    let id = running.unconfirmed.map(|id| id.to_string()).unwrap_or_default();
    let order = json!({ "id": id });
    for _ in 0..10 {
        let seen = client.ask("GET", &order_path(&order), Some(&token), None).await?;
        let holds =
            word(&seen, "state") == "paid" && seen.get("delivered_at").is_none() && seen.get("in_effect_at").is_none();
        check("paid, not yet in effect, while the upstream network says submitted", holds, &seen)?;
        client.ask("POST", &format!("{}/ask", order_path(&order)), Some(&token), None).await?;
        tokio::time::sleep(std::time::Duration::from_millis(100)).await;
    }
    done("an upstream network that only says submitted: paid, not delivered, not in effect, however often it is asked");
    client.control("POST", &format!("upstream/activations/{id}/confirm"), None).await?;
    client.ask("POST", &format!("{}/ask", order_path(&order)), Some(&token), None).await?;
    until_state(client, &token, &order, "in_effect").await?;
    done("it confirms when asked: delivered and in effect");
    Ok(())
}

/// The upstream network refuses what was paid for: the money goes back.
pub(super) async fn is_refused_by_the_upstream_network(client: &Client) -> Result<(), Failed> {
    let token = sign_in(client, WANGQIANG).await?;
    let router = line(client, &token, "门店路由器").await?;
    client
        .control("PUT", "upstream/modes", Some(json!({ "next": [{ "refuse": "no capacity" }], "standing": "accept" })))
        .await?;
    let placed = order(client, &token, &router, "router-100g@1", "walkthrough-refused").await?;
    let (out_trade_no, _) = start(client, &token, &placed, "alipay_qr").await?;
    payer(client, &out_trade_no, "pay").await?;
    let refunded = until_state(client, &token, &placed, "refunded").await?;
    check("the refund is done", word(at(&refunded, "/refunds/0"), "state") == "done", &refunded)?;
    let trades = client.control("GET", "trades", None).await?;
    let trade = at(&trades, "/trades")
        .as_array()
        .into_iter()
        .flatten()
        .find(|trade| word(trade, "out_trade_no") == out_trade_no);
    let returned =
        trade.is_some_and(|trade| at(trade, "/refunds").as_array().is_some_and(|refunds| refunds.len() == 1));
    check("the gateway returned it once", returned, &trades)?;
    done("an upstream network that refuses: the money goes back where it came from, once");
    Ok(())
}

/// The notice is lost; the question finds the payment.
pub(super) async fn loses_the_notice(client: &Client) -> Result<(), Failed> {
    let token = sign_in(client, LINFANG).await?;
    let phone = line(client, &token, "我的手机").await?;
    client.control("PUT", "gateway/faults", Some(json!({ "notify": { "drop": true } }))).await?;
    let placed = order(client, &token, &phone, "sms-50@1", "walkthrough-lost").await?;
    let (out_trade_no, _) = start(client, &token, &placed, "alipay_qr").await?;
    payer(client, &out_trade_no, "pay").await?;
    client.ask("POST", &format!("{}/ask", order_path(&placed)), Some(&token), None).await?;
    until_state(client, &token, &placed, "in_effect").await?;
    client.control("PUT", "gateway/faults", Some(json!({}))).await?;
    done("the notice is lost; \"I have paid\" asks the provider and finds the payment");
    Ok(())
}

/// A forged notice changes nothing.
pub(super) async fn believes_no_forged_notice(client: &Client) -> Result<(), Failed> {
    let token = sign_in(client, WANGQIANG).await?;
    let router = line(client, &token, "门店路由器").await?;
    let placed = order(client, &token, &router, "top-up-30@1", "walkthrough-forged").await?;
    let (out_trade_no, _) = start(client, &token, &placed, "alipay_qr").await?;
    let forged = format!(
        "out_trade_no={out_trade_no}&trade_status=TRADE_SUCCESS&total_amount=30.00&trade_no=1&notify_id=1&app_id=1&seller_id=1&sign_type=RSA2&sign=AAAA"
    );
    let status = client.post_form("/notify/alipay", forged).await?;
    let seen = client.ask("GET", &order_path(&placed), Some(&token), None).await?;
    check(
        "a forged notice is refused",
        (400..500).contains(&status) && word(&seen, "state") == "awaiting_payment",
        &seen,
    )?;
    payer(client, &out_trade_no, "pay").await?;
    until_state(client, &token, &placed, "in_effect").await?;
    let home = client.ask("GET", "/home", Some(&token), None).await?;
    check("the credit is there once", at(&home, "/paid_credit/amount") == "30.00", &home)?;
    done("a forged notice changes nothing; the real one tops up ¥30");
    Ok(())
}

/// Two payments of one order both succeed: one is used, the other goes back.
pub(super) async fn pays_twice(client: &Client) -> Result<(), Failed> {
    let token = sign_in(client, LINFANG).await?;
    let phone = line(client, &token, "我的手机").await?;
    let placed = order(client, &token, &phone, "voice-60m@1", "walkthrough-twice").await?;
    let (first, _) = start(client, &token, &placed, "alipay_qr").await?;
    let (second, url) = start(client, &token, &placed, "alipay_wap").await?;
    client.open(&url).await?;
    payer(client, &second, "pay").await?;
    until_state(client, &token, &placed, "in_effect").await?;
    payer(client, &first, "pay").await?;
    let surplus = |order: &Value| {
        word(at(order, "/refunds/0"), "state") == "done" && word(at(order, "/refunds/0"), "reason") == "surplus"
    };
    let seen = client.until("the surplus goes back", &order_path(&placed), &token, surplus).await?;
    check("the order stays in effect", word(&seen, "state") == "in_effect", &seen)?;
    done("two payments of one order: delivered once, the surplus goes back by itself");
    Ok(())
}

/// Paid after the order closed: still on sale, so it is fulfilled, behind the plan that runs.
pub(super) async fn pays_late(client: &Client) -> Result<(), Failed> {
    let token = sign_in(client, WANGQIANG).await?;
    let router = line(client, &token, "门店路由器").await?;
    let placed = order(client, &token, &router, "top-up-100@1", "walkthrough-late").await?;
    let (out_trade_no, _) = start(client, &token, &placed, "alipay_qr").await?;
    client.control("POST", "clock", Some(json!({ "advance_us": 3_600_000_000_i64 }))).await?;
    until_state(client, &token, &placed, "closed").await?;
    payer(client, &out_trade_no, "pay").await?;
    until_state(client, &token, &placed, "in_effect").await?;
    done("paid an hour late, after the order closed: fulfilled all the same");
    Ok(())
}

/// Time moves by forty days, event by event: the watch passes its plan's end and is cut off again.
pub(super) async fn moves_time(client: &Client) -> Result<String, Failed> {
    client.control("POST", "clock", Some(json!({ "advance_us": 40 * DAY_US }))).await?;
    let token = sign_in(client, LINFANG).await?;
    let watch = line(client, &token, "朵朵的手表").await?;
    check("the watch is cut off again", word(&watch, "state") == "suspended", &watch)?;
    done("forty days later the watch is cut off again, as its owner was told");
    Ok(token)
}
