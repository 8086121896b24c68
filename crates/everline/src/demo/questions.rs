//! What customers of the demo asked support, what staff do with it, and the answers that are prepared: by the same use cases
//! as everybody's, at past times.

use super::people::{People, SeedError, past};
use everline_app::App;
use everline_app::support::prepared::{Kept, keep};
use everline_app::support::{About, Act, NewCall, NewCase, act, open, open_for_caller};
use everline_core::ids::{CaseId, CustomerId, LineId};
use everline_core::support::{CaseFor, CaseState, Priority};
use everline_core::time::{DAY_US, HOUR_US};

/// Asks and works on all of it.
pub(super) async fn ask(app: &App, people: &People) -> Result<(), SeedError> {
    prepare(&past(app, 20 * DAY_US)?, people).await?;
    let then = past(app, 2 * DAY_US)?;
    let late = asked(
        &then,
        (people.wangqiang, people.wangqiang_router),
        "晚上网速很慢",
        "每天八点到十点看视频会卡，白天正常。",
    );
    let late = late.await?;
    let then = past(app, 30 * HOUR_US)?;
    act(&then, (people.wangqiang, late), (people.hejing, 0), Act::Take).await?;
    let then = past(app, 5 * HOUR_US)?;
    let watch = asked(
        &then,
        (people.linfang, people.linfang_watch),
        "手表能换号码吗？",
        "想把孩子手表的号码换成尾号好记的，套餐能保留吗？",
    );
    let watch = watch.await?;
    let then = past(app, 4 * HOUR_US)?;
    let words = "可以换号，套餐和余额都会保留。请告诉我们希望的尾号。";
    let answer = Act::Answer(words.to_owned(), CaseState::Waiting, Vec::new());
    act(&then, (people.linfang, watch), (people.hejing, 0), answer).await?;
    let call = NewCall {
        id: CaseId(app.clock.id()),
        line: None,
        order: None,
        subject: "120 台定位器的发票抬头要改".to_owned(),
        text: "来电要求以后的发票改为分公司抬头，已请对方发邮件确认。".to_owned(),
        owner_reads: false,
        priority: Priority::Low,
    };
    open_for_caller(&past(app, 3 * HOUR_US)?, people.hejing, people.shunda, call).await?;
    Ok(())
}

async fn asked(
    app: &App,
    (customer, line): (CustomerId, LineId),
    subject: &str,
    text: &str,
) -> Result<CaseId, SeedError> {
    let new = NewCase {
        id: CaseId(app.clock.id()),
        for_whom: CaseFor::Owner,
        about: About { order: None, line: Some(line), step: Some("line") },
        subject: subject.to_owned(),
        text: text.to_owned(),
        files: Vec::new(),
        follows: None,
    };
    Ok(open(app, customer, new).await?)
}

async fn prepare(app: &App, people: &People) -> Result<(), SeedError> {
    for (zh, en) in [
        (
            (
                "重启后再试",
                "您好，请把设备关机一分钟后重新开机，再看 {line} 是否有信号。若仍没有，请直接回复，或致电 {hotline}。",
            ),
            (
                "Restart and try again",
                "Please switch the device off for a minute and on again, and see whether {line} has signal. If not, answer here or call {hotline}.",
            ),
        ),
        (
            ("退款进度", "您好，订单 {order} 的退款已提交，按原付款方式退回，一般三个工作日内到账。工单号 {case}。"),
            (
                "Where a refund is",
                "The refund of order {order} is on its way back by the method you paid with, usually within three working days. Your case is {case}.",
            ),
        ),
    ] {
        let text =
            |language: &str, (title, text): (&str, &str)| (language.to_owned(), title.to_owned(), text.to_owned());
        let texts = vec![text("zh-CN", zh), text("en", en)];
        keep(app, people.operator, Kept { id: app.clock.id(), version: 0, texts }).await?;
    }
    Ok(())
}
