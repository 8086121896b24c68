//! The steps that pay without a provider: a voucher, and an organisation's transfer.

use super::client::{Client, failed};
use super::steps::{WANGQIANG, at, check, done, order, order_path, sign_in, word};
use super::{Failed, Running};
use everline_app::bank_statement::{Fate, StatementLine, take_line};
use everline_core::money::Money;
use serde_json::json;

const SHUNDA: &str = "13900139000";

/// 王强 adds a voucher to the balance: once, however often it is given.
pub(super) async fn adds_a_voucher(client: &Client, running: &Running) -> Result<(), Failed> {
    let token = sign_in(client, WANGQIANG).await?;
    let code = running.vouchers.first().ok_or_else(|| failed("a voucher", "the demo made none"))?;
    let body = || Some(json!({ "voucher": code.to_lowercase() }));
    let mistyped = Some(json!({ "voucher": code.replacen('-', "-0", 1) }));
    let wrong = client.api("POST", "/vouchers", Some(&token), Some("walkthrough-wrong"), mistyped).await?;
    check("a code that is mistyped says so", word(&wrong.body, "rule") == "mistyped", &wrong.body)?;
    let added = client.api("POST", "/vouchers", Some(&token), Some("walkthrough-voucher"), body()).await?;
    check("the voucher is added", at(&added.body, "/already") == false && added.status == 200, &added.body)?;
    let again = client.api("POST", "/vouchers", Some(&token), Some("walkthrough-again"), body()).await?;
    check("it is added once", at(&again.body, "/already") == true, &again.body)?;
    done("a voucher becomes balance once, and a mistyped code is told at once");
    Ok(())
}

/// 顺达冷链 transfers in two parts, of which the second is too much; the statement is read twice.
pub(super) async fn transfers(client: &Client, running: &Running) -> Result<(), Failed> {
    let token = sign_in(client, SHUNDA).await?;
    let lines = client.ask("GET", "/lines", Some(&token), None).await?;
    let tracker = at(&lines, "/lines/0").clone();
    let placed = order(client, &token, &tracker, "iot-month@1", "walkthrough-transfer").await?;
    let path = format!("{}/payments", order_path(&placed));
    let waiting = client.ask("POST", &path, Some(&token), Some(json!({ "method": "bank_transfer" }))).await?;
    let reference = word(at(&waiting, "/payments/0"), "out_trade_no").to_owned();
    check("the reference has twelve digits", reference.len() == 12, &waiting)?;
    let currency = running.app.brand.currency;
    for (bank_id, minor, known) in [("walk-1", 100, false), ("walk-2", 10_000, false), ("walk-2", 10_000, true)] {
        let line = StatementLine {
            bank_id: bank_id.to_owned(),
            booked_on: "2026-11-22".to_owned(),
            amount: Money::from_minor(minor, currency).map_err(|error| failed("transfer", error.to_string()))?,
            payer: "顺达冷链".to_owned(),
            remark: format!("套餐费 {reference}"),
        };
        let fate =
            take_line(&running.app, &line, false).await.map_err(|problem| failed("transfer", problem.to_string()))?;
        let as_expected = if known { fate == Fate::Known } else { matches!(fate, Fate::Matched(_)) };
        check("the line is matched once", as_expected, &format!("{fate:?}").into())?;
    }
    let paid = client.ask("GET", &order_path(&placed), Some(&token), None).await?;
    check("the order is paid", paid.get("paid_at").is_some(), &paid)?;
    done("an organisation transfers in two parts under one reference; what is too much is its balance");
    Ok(())
}
