//! A card was used: its provider tells by a notice, of what a bank declined too. It is counted by the card's fingerprint, in
//! whatever accounts it is used; whoever uses one too often is stopped ([`crate::velocity`]), and support is told.

use crate::support::open_about;
use crate::velocity::Counter;
use crate::{App, Problem};
use everline_core::effects::{CaseOpened, CaseReason};
use everline_core::ids::AttemptId;
use everline_core::payment::{Method, Provider};
use everline_core::time::BusinessTime;
use everline_core::velocity::Counted;
use everline_store::tables::notice::Notice;
use everline_store::tables::{directory, notice, order, payment};
use everline_store::{Stop, Tx, Work};

/// Counts one use of a card, once however often it is told.
pub(crate) async fn card_used(
    app: &App,
    provider: Provider,
    (out_trade_no, fingerprint): (String, &str),
    notice: Notice,
) -> Result<(), Problem> {
    let card = app.secrets.card_hash(provider.word(), fingerprint);
    let card = crate::secrets::hex(&card);
    let (counter, now) = (Counter::new(app, Counted::Use, None), app.clock.now().business);
    Ok(app.store.transact(CardUsed { out_trade_no, card, notice, counter, now }).await?)
}

struct CardUsed {
    out_trade_no: String,
    /// Its keyed hash.
    card: String,
    notice: Notice,
    counter: Counter,
    now: BusinessTime,
}
impl Work for CardUsed {
    const NAME: &'static str = "card_used";
    type Out = ();
    type Refusal = Problem;
    async fn run(&self, tx: &mut Tx) -> Result<(), Stop<Problem>> {
        if !notice::keep_once(tx, &self.notice).await? {
            return Ok(());
        }
        let Some((customer, attempt)) = directory::find(tx, directory::Name::OutTradeNo, &self.out_trade_no).await?
        else {
            return Ok(());
        };
        let attempt = payment::get(tx, customer, AttemptId(attempt)).await?;
        // What an owner agreed to renews by itself, however many lines there are.
        let Some(attempt) = attempt.filter(|attempt| attempt.method != Method::SavedCard) else { return Ok(()) };
        let Some(order) = order::get(tx, customer, attempt.order).await? else { return Ok(()) };
        if self.counter.card_used(tx, &self.card, (customer, order.line), order.placed_by).await? {
            tracing::warn!("a card was used too often; whoever uses it is stopped for a while");
            let case = CaseOpened { customer, order: order.id, reason: CaseReason::CardTooOften };
            open_about(tx, &case, self.now).await?;
        }
        Ok(())
    }
}
