//! What customers of the demo wrote under plans, what staff answered, and what waits for them: by the same use cases as
//! everybody's, at past times.

use super::people::{People, SeedError, past};
use everline_app::App;
use everline_app::contribution::{Page, answer, answer_as_staff, ask, decide, open_contributions, review};
use everline_core::contribution::ContributionStep;
use everline_core::ids::{ContributionId, CustomerId, LineId};
use everline_core::time::{DAY_US, HOUR_US};

/// Writes all of it. `tracker` is a line of the fleet that has used its plan for a while.
pub(super) async fn write(app: &App, people: &People, tracker: LineId) -> Result<(), SeedError> {
    let watch = |offering| page(people.linfang, people.linfang_watch, offering);
    let fleet = page(people.shunda, tracker, "iot-30m-month");
    let then = past(app, 9 * DAY_US)?;
    review(&then, watch("watch-month"), "4", "女儿在学校里定位和通话都正常，地下车库信号差一些。", "CN-FJ").await?;
    review(&then, fleet, "5", "120 台定位器用了一年，30 MB 每月够用，批量续费方便。", "CN-SH").await?;
    publish_all(&then, people).await?;
    let then = past(app, 6 * DAY_US)?;
    ask(&then, watch("watch-month"), new_id(app), "上课时间可以设置不响铃吗？").await?;
    let question = publish_all(&then, people).await?;
    ask(&then, fleet, new_id(app), "冷库里零下 25 度也能用吗？").await?;
    let cold = publish_all(&then, people).await?;
    let then = past(app, 5 * DAY_US)?;
    if let Some(question) = question {
        answer_as_staff(&then, question, "可以。在手表的应用里打开“上课禁用”，来电会转为未接提醒。", people.hejing)
            .await?;
    }
    if let Some(cold) = cold {
        answer(&then, fleet, (new_id(app), cold), "我们的冷藏车里一直在用，要选宽温的工业级卡。").await?;
    }
    publish_all(&then, people).await?;
    // Something for the desk to look at.
    ask(&past(app, 3 * HOUR_US)?, watch("watch-year"), new_id(app), "年包中途可以换成月包吗？").await?;
    Ok(())
}

const fn page(customer: CustomerId, line: LineId, offering: &str) -> Page<'_> {
    Page { customer, line, offering }
}

fn new_id(app: &App) -> ContributionId {
    ContributionId(app.clock.id())
}

/// Publishes what waits; the last of it.
async fn publish_all(app: &App, people: &People) -> Result<Option<ContributionId>, SeedError> {
    let mut last = None;
    for (found, _) in open_contributions(app, people.hejing).await?.open.rows {
        decide(app, (found.id, found.version), ContributionStep::Publish, "", people.hejing).await?;
        last = Some(found.id);
    }
    Ok(last)
}
