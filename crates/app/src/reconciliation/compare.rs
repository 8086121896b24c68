//! Putting the lines of a bill beside our books.

use crate::{App, Problem};
use everline_core::ids::BillLineId;
use everline_core::payment::Provider;
use everline_core::reconciliation::{BillDay, Verdict, judge};
use everline_store::tables::reconciliation::{self as table, LineWithOurs};
use everline_store::{Stop, Tx, Work};

/// Lines read at a time.
const PAGE: i64 = 4_000;

/// Every line that is new or in the queue, and what it means.
pub(super) async fn compare(
    app: &App,
    (provider, day): (Provider, BillDay),
    first_line: BillLineId,
) -> Result<Vec<(LineWithOurs, Verdict)>, Problem> {
    let (mut compared, mut after) = (Vec::new(), first_line);
    loop {
        let page = app.store.read(OpenLines { provider, day, after }).await?;
        let Some(last) = page.last() else { return Ok(compared) };
        after = last.stored.id;
        compared.extend(page.into_iter().map(|line| judged(app, line)));
    }
}

/// A line with what it means.
pub(super) fn judged(app: &App, line: LineWithOurs) -> (LineWithOurs, Verdict) {
    let verdict = judge(&line.stored.line, &line.ours, line.provider, app.brand.currency);
    (line, verdict)
}

struct OpenLines {
    provider: Provider,
    day: BillDay,
    after: BillLineId,
}
impl Work for OpenLines {
    const NAME: &'static str = "lines_to_compare";
    type Out = Vec<LineWithOurs>;
    type Refusal = Problem;
    async fn run(&self, tx: &mut Tx) -> Result<Self::Out, Stop<Problem>> {
        Ok(table::open_lines(tx, self.after, self.provider, self.day, PAGE).await?)
    }
}

/// One line beside our books, as they are now.
pub(super) struct OneLine(pub(super) BillLineId);
impl Work for OneLine {
    const NAME: &'static str = "line_to_compare";
    type Out = Option<LineWithOurs>;
    type Refusal = Problem;
    async fn run(&self, tx: &mut Tx) -> Result<Self::Out, Stop<Problem>> {
        Ok(table::line_with_ours(tx, self.0).await?)
    }
}
