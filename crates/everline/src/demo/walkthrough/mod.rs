//! The whole journey, by HTTP against a running demo: every step is asked for, checked, and printed.

mod cards;
mod client;
mod refunds;
mod steps;
mod vouchers;

use super::Running;
use client::Client;
use everline_app::App;
use everline_core::ids::OrderId;
use std::error::Error;

/// What was expected and did not come.
#[derive(Debug, thiserror::Error)]
#[error("{step}: {found}")]
pub(super) struct Failed {
    step: String,
    found: String,
}

/// Performs the journey and prints a line a step.
pub(super) async fn walk(running: &Running) -> Result<(), Box<dyn Error>> {
    let client = Client::new(&running.url, &running.sandbox.access().view_url)?;
    steps::registers(&client).await?;
    steps::renews_the_watch(&client, running).await?;
    steps::writes_a_word(&client).await?;
    let token = steps::pays_on_the_phone(&client).await?;
    steps::pays_by_wechat(&client, &token).await?;
    refunds::takes_a_wrong_number_back(&client, &token).await?;
    steps::waits_for_the_upstream_network(&client, running).await?;
    steps::is_refused_by_the_upstream_network(&client).await?;
    steps::loses_the_notice(&client).await?;
    steps::believes_no_forged_notice(&client).await?;
    steps::pays_twice(&client).await?;
    steps::pays_late(&client).await?;
    cards::pays_by_card(&client).await?;
    vouchers::adds_a_voucher(&client, running).await?;
    vouchers::transfers(&client, running).await?;
    cards::agrees_to_renew(&client, &token).await?;
    let token = steps::moves_time(&client).await?;
    cards::was_renewed(&client, &token).await?;
    Ok(())
}

/// Leaves an order of 王强 that is paid and that the upstream network has only *submitted*: what 何静 looks at.
pub(super) async fn leave_one_unconfirmed(running: &Running) -> Result<OrderId, Box<dyn Error>> {
    let client = Client::new(&running.url, &running.sandbox.access().view_url)?;
    steps::leave_one_submitted(&client, running).await
}

/// Recomputes everything the journey wrote.
pub(super) async fn verify(app: &App) -> Result<(), Box<dyn Error>> {
    let report = everline_app::verify::verify(&app.store, &app.brand, &app.zone, app.clock.now()).await?;
    if let Some(finding) = report.findings.first() {
        return Err(format!("verify found {} things, the first: {finding:?}", report.findings.len()).into());
    }
    println!("✓ verify recomputed everything and found nothing");
    Ok(())
}
