//! The step that takes an order back.

use super::Failed;
use super::client::Client;
use super::steps::{at, check, done, line, order, order_path, payer, start, until_state, word};
use serde_json::json;

/// 林芳 bought a pack for the wrong line: it is reversed while it is unused, and the money goes back by Alipay.
pub(super) async fn takes_a_wrong_number_back(client: &Client, token: &str) -> Result<(), Failed> {
    let phone = line(client, token, "我的手机").await?;
    let placed = order(client, token, &phone, "data-1g-7d@1", "walkthrough-wrong-number").await?;
    let (out_trade_no, _) = start(client, token, &placed, "alipay_qr").await?;
    payer(client, &out_trade_no, "scan").await?;
    payer(client, &out_trade_no, "pay").await?;
    until_state(client, token, &placed, "in_effect").await?;
    let path = format!("{}/refund", order_path(&placed));
    let offer = client.ask("GET", &path, Some(token), None).await?;
    let whole = at(&offer, "/wrong_number/amount") == at(&placed, "/price");
    check("all of it can go back", whole && at(&placed, "/price").is_object(), &offer)?;
    client.ask("POST", &path, Some(token), Some(json!({ "reason": "wrong_number" }))).await?;
    let back = until_state(client, token, &placed, "refunded").await?;
    let refund = at(&back, "/refunds/0");
    check("its refund is done", word(refund, "state") == "done", &back)?;
    let again = client.api("POST", &path, Some(token), None, Some(json!({ "reason": "by_rule" }))).await?;
    check("it goes back once", again.status == 409, &again.body)?;
    done("a pack for the wrong line: taken back unused, the money returned by Alipay, once");
    Ok(())
}
