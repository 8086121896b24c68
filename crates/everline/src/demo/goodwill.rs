//! What the staff of the demo gave to make up for something, and a correction that waits for a second person.

use super::people::{People, SeedError, past};
use everline_app::App;
use everline_app::credit_change::{NewChange, adjust_credit, give_goodwill};
use everline_core::credit_change::ChangeKind;
use everline_core::money::Money;
use everline_core::time::{DAY_US, HOUR_US};

/// Gives and asks for all of it.
pub(super) async fn give(app: &App, people: &People) -> Result<(), SeedError> {
    let change = |kind, yuan: i64, reason: &str| NewChange {
        id: app.clock.id(),
        kind,
        amount: Money::from_micros(yuan * 1_000_000, app.brand.currency),
        reason: reason.to_owned(),
        seen: None,
    };
    let then = past(app, 4 * DAY_US)?;
    let gift = change(ChangeKind::Goodwill, 5, "基站检修，断网半天");
    give_goodwill(&then, people.wangqiang, gift, people.hejing).await?;
    let then = past(app, 5 * HOUR_US)?;
    let raised = change(ChangeKind::Raised, 88, "线下门店收款，未入账");
    adjust_credit(&then, people.shunda, raised, people.operator).await?;
    Ok(())
}
