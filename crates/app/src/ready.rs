//! Whether requests can be served: the store answers a read.

use crate::{App, Problem};
use everline_store::tables::catalog;
use everline_store::{Stop, Tx, Work};

/// Reads one row.
///
/// # Errors
/// [`Problem::Busy`] or [`Problem::Internal`] when the store does not answer.
pub async fn ready(app: &App) -> Result<(), Problem> {
    app.store.read(ReadOneRow).await.map_err(Problem::from)
}

struct ReadOneRow;
impl Work for ReadOneRow {
    const NAME: &'static str = "ready";
    type Out = ();
    type Refusal = Problem;
    async fn run(&self, tx: &mut Tx) -> Result<(), Stop<Problem>> {
        catalog::setting(tx, crate::timers::OFFSET_SETTING).await?;
        Ok(())
    }
}
