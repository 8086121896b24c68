//! What providers tell of messages by themselves: that one arrived or not, and that somebody wrote to us.
//!
//! A report is evidence. It may come late, twice, before the provider's answer to the message, or for a message of nobody's; it is
//! kept under the provider's name for the message, and acknowledged only then.

use crate::account_message;
use crate::keywords::received;
use crate::ports::{DeliveryReport, Inbound, InboundReceiver, NoticeRefusal, Told};
use crate::send_message::apply;
use crate::{App, Problem};
use everline_core::message::{Channel, Fact};
use everline_core::time::SystemTime;
use everline_store::tables::message;
use everline_store::{Stop, Tx, Work};

/// Why what came by HTTP was not kept.
#[derive(Debug, thiserror::Error)]
pub enum ReportProblem {
    /// Nobody reports by this way.
    #[error("no reports are taken there")]
    NoHook,
    /// They are not believed.
    #[error(transparent)]
    Refused(#[from] NoticeRefusal),
    /// They could not be kept.
    #[error(transparent)]
    Problem(#[from] Problem),
}

/// Keeps what a provider told by HTTP; what it wants to read then.
///
/// # Errors
/// [`ReportProblem`]; what came before the part that could not be kept is kept, and comes again.
pub async fn told_by_http(
    app: &App,
    channel: Channel,
    secret: &str,
    body: &[u8],
) -> Result<&'static str, ReportProblem> {
    let hook = app.ports.messengers.of(channel).and_then(|messenger| messenger.hook()).ok_or(ReportProblem::NoHook)?;
    for told in hook.read(secret, body)? {
        keep(app, told).await?;
    }
    Ok(hook.acknowledgement())
}

/// Keeps what a provider told, by whatever way it came.
async fn keep(app: &App, told: Told) -> Result<(), Problem> {
    match told {
        Told::Report(report) => reported(app, report).await,
        Told::Message(message) => received(app, &message).await.map(|_| ()),
    }
}

/// Keeps a report.
///
/// # Errors
/// As the store says when it does not answer.
pub async fn reported(app: &App, report: DeliveryReport) -> Result<(), Problem> {
    if app.store.transact(Keep { report, at: app.clock.now().system }).await? {
        app.wake.notify_one();
    }
    Ok(())
}

/// Takes what providers tell until none of them is there any more.
pub async fn listen(app: App, mut inbound: InboundReceiver) {
    while let Some(Inbound { told, kept }) = inbound.recv().await {
        let problem = keep(&app, told).await.err();
        if let Some(problem) = &problem {
            tracing::error!(%problem, "a delivery report or a short message could not be kept");
        }
        // Whoever told it may be gone: then it is told again.
        let _ = kept.send(problem.is_none());
    }
}

/// Whether the next way is asked.
struct Keep {
    report: DeliveryReport,
    at: SystemTime,
}
impl Work for Keep {
    const NAME: &'static str = "keep_delivery_report";
    type Out = bool;
    type Refusal = Problem;
    async fn run(&self, tx: &mut Tx) -> Result<bool, Stop<Problem>> {
        let DeliveryReport { reference, reported, reason } = &self.report;
        let known = message::report(tx, reference, *reported, reason.as_ref(), self.at).await?;
        let Some((customer, id)) = known.message else { return Ok(false) };
        let Some(message) = message::lock(tx, customer, id).await? else {
            account_message::reported(tx, (customer, id), *reported, reason.as_ref(), self.at);
            return Ok(false);
        };
        apply(tx, message, [Fact::Reported(*reported, reason.clone())], self.at).await
    }
}
