//! Whether requests can be served: the store answers a read, and the time is known.

use crate::{App, Problem};
use everline_store::tables::catalog;
use everline_store::{Stop, Tx, Work};

/// Reads one row, and asks the clock.
///
/// # Errors
/// As the store says when it does not answer; [`Problem::Internal`] while timers wait because the machine's clock is in
/// doubt.
pub async fn ready(app: &App) -> Result<(), Problem> {
    app.store.read(ReadOneRow).await.map_err(Problem::from)?;
    match app.clock.doubt() {
        Some(_) => {
            Err(Problem::Internal("the machine's clock is in doubt: timers wait until it is accepted".to_owned()))
        }
        None => Ok(()),
    }
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
