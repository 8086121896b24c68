//! The step that pays by bank card.

use super::Failed;
use super::client::Client;
use super::steps::{WANGQIANG, at, check, done, line, order, order_path, sign_in, start, until_state, word};
use serde_json::Value;

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
