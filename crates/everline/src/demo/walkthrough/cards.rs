//! The step that pays by bank card.

use super::Failed;
use super::client::Client;
use super::steps::{LINFANG, WANGQIANG, at, check, done, line, order, order_path, sign_in, start, until_state, word};
use serde_json::{Value, json};

/// 王强 tops up by a card whose bank asks first (3-D Secure), after it declined once.
pub(super) async fn pays_by_card(client: &Client) -> Result<(), Failed> {
    let token = sign_in(client, WANGQIANG).await?;
    let router = line(client, &token, "门店路由器").await?;
    let placed = order(client, &token, &router, "top-up-30@1", "walkthrough-card").await?;
    let (out_trade_no, url) = start(client, &token, &placed, "card").await?;
    let opened = client.open(&url).await?;
    check("the card page opens", opened == 200, &opened.into())?;
    for action in ["decline", "challenge"] {
        client.control("POST", &format!("cards/{out_trade_no}/{action}"), None).await?;
        client.ask("POST", &format!("{}/ask", order_path(&placed)), Some(&token), None).await?;
        let seen = client.ask("GET", &order_path(&placed), Some(&token), None).await?;
        check("nothing is paid while the bank declines or asks", word(&seen, "state") == "awaiting_payment", &seen)?;
    }
    client.control("POST", &format!("cards/{out_trade_no}/pay"), None).await?;
    until_state(client, &token, &placed, "in_effect").await?;
    let path = format!("{}/receipt", order_path(&placed));
    let receipt =
        client.until("the receipt has its number", &path, &token, |receipt| receipt.get("number").is_some()).await?;
    let mut payments = at(&receipt, "/order/payments").as_array().into_iter().flatten();
    let by_card = |payment: &Value| {
        word(payment, "method") == "card"
            && word(payment, "state") == "paid"
            && word(payment, "out_trade_no") == out_trade_no
            && word(payment, "trade_no").starts_with("pi_")
    };
    check("the receipt names the card payment by the provider's number", payments.any(by_card), &receipt)?;
    done("a bank card: declined once, then confirmed at the bank (3-D Secure), in effect, with its receipt");
    Ok(())
}

/// 林芳 tops up by a card that is to be remembered, and has her phone renew by itself with it.
pub(super) async fn agrees_to_renew(client: &Client, token: &str) -> Result<(), Failed> {
    let phone = line(client, token, "我的手机").await?;
    let placed = order(client, token, &phone, "top-up-30@1", "walkthrough-kept").await?;
    let (out_trade_no, _) = start(client, token, &placed, "card_kept").await?;
    client.control("POST", &format!("cards/{out_trade_no}/pay"), None).await?;
    until_state(client, token, &placed, "in_effect").await?;
    let kept = |list: &Value| at(list, "/payment_methods").as_array().is_some_and(|list| !list.is_empty());
    let methods = client.until("the card is remembered", "/payment-methods", token, kept).await?;
    let card = format!("saved:{}", word(at(&methods, "/payment_methods/0"), "id"));
    let path = format!("/lines/{}/auto-renew", word(&phone, "id"));
    let off = client.ask("GET", &path, Some(token), None).await?;
    check("it is off by default", word(&off, "state") == "off", &off)?;
    let consent = json!({
        "offering": "phone-39@1", "methods": [card], "month_cap": "100", "lead_days": 3,
        "terms_version": word(&placed, "terms_version"),
    });
    let on = client.ask("POST", &path, Some(token), Some(consent)).await?;
    check("it waits for the day of the notice", word(&on, "state") == "waiting", &on)?;
    done("a card is remembered, and its owner agrees that her phone renews by itself with it");
    Ok(())
}

/// Forty days later her phone was announced, renewed by the remembered card, and never without service.
pub(super) async fn was_renewed(client: &Client, token: &str) -> Result<(), Failed> {
    let phone = line(client, token, "我的手机").await?;
    check("the phone is in service", word(&phone, "state") == "active", &phone)?;
    let inbox = format!("sms/inbox?to={LINFANG}");
    let told = |inbox: &Value| {
        let mut messages = at(inbox, "/messages").as_array().into_iter().flatten();
        messages.any(|message| word(message, "template") == "auto_renew_notice")
    };
    client.until_outside("she was told before", &inbox, told).await?;
    done("her phone was announced five days ahead and renewed by itself: it was never without service");
    Ok(())
}
