//! How often somebody may order and start to pay: counted in the store, so that all nodes count together, in the transaction
//! of what is counted. What is refused is not counted. As many as run at the same moment may pass a limit together: it stops
//! those who try hundreds, and need not be exact.
//!
//! A card is known only once it was used: its provider tells by a notice, also of what a bank declined. Whoever used a card too
//! often pays by card no more until the hour or day is over; what was taken is delivered all the same.
//!
//! Who it was is kept as a keyed hash for a day.

use crate::secrets::Secrets;
use crate::{App, Problem};
use everline_core::ids::{CustomerId, LineId};
use everline_core::order::PlacedBy;
use everline_core::time::SystemTime;
use everline_core::velocity::{Counted, Velocity, Whose, Window, allow};
use everline_store::tables::velocity;
use everline_store::{Stop, Tx};
use std::net::IpAddr;
use std::sync::Arc;

/// Counts one kind of doing.
#[derive(Clone)]
pub(crate) struct Counter {
    counted: Counted,
    limits: Velocity,
    secrets: Arc<Secrets>,
    from: Option<IpAddr>,
    now: SystemTime,
}

impl Counter {
    pub(crate) fn new(app: &App, counted: Counted, from: Option<IpAddr>) -> Self {
        let (limits, secrets) = (app.brand.velocity, app.secrets.clone());
        Self { counted, limits, secrets, from: from.map(site), now: app.clock.now().system }
    }

    /// Counts one more of a customer's, for a line; what is refused here must not be done. A guest is known by the address;
    /// what guests do for a line is counted apart, so that no stranger can keep its owner from paying.
    pub(crate) async fn pass(
        &self,
        tx: &mut Tx,
        (customer, line): (CustomerId, LineId),
        placed_by: PlacedBy,
    ) -> Result<(), Stop<Problem>> {
        let from = self.from.map(|from| from.to_string());
        let (payer, line) = match placed_by {
            PlacedBy::Guest => (from.clone(), guests_of(line)),
            _ => (Some(customer.to_string()), line.to_string()),
        };
        let dimensions = [(Whose::Payer, payer), (Whose::Line, Some(line)), (Whose::Address, from)];
        let mut names = Vec::new();
        for (whose, value) in dimensions {
            let Some(value) = value else { continue };
            for window in Window::ALL {
                let Some(most) = self.limits.most(whose, window) else { continue };
                let (name, end) = self.name(self.counted, whose, &value, window);
                let count = velocity::count(tx, &name).await?;
                allow(count, most, end, self.now)
                    .map_err(|retry_after_s| Stop::Refused(Problem::TooMany { retry_after_s }))?;
                names.push((name, end));
            }
        }
        count_all(tx, names);
        Ok(())
    }

    /// Refuses whoever used a card too often.
    pub(crate) async fn pass_by_card(
        &self,
        tx: &mut Tx,
        whom: (CustomerId, LineId),
        placed_by: PlacedBy,
    ) -> Result<(), Stop<Problem>> {
        let payer = card_payer(whom, placed_by);
        for window in Window::ALL {
            let (name, end) = self.name(Counted::Stop, Whose::Payer, &payer, window);
            allow(velocity::count(tx, &name).await?, 1, end, self.now)
                .map_err(|retry_after_s| Stop::Refused(Problem::CardTooOften { retry_after_s }))?;
        }
        Ok(())
    }

    /// Counts one more use of a card, known by the keyed hash of its fingerprint. Whether it was one too many: whoever used it
    /// is stopped then.
    pub(crate) async fn card_used(
        &self,
        tx: &mut Tx,
        card: &str,
        whom: (CustomerId, LineId),
        placed_by: PlacedBy,
    ) -> Result<bool, everline_store::Error> {
        let (payer, mut names, mut stopped) = (card_payer(whom, placed_by), Vec::new(), false);
        for window in Window::ALL {
            let Some(most) = self.limits.most(Whose::Card, window) else { continue };
            let (name, end) = self.name(Counted::Use, Whose::Card, card, window);
            let count = velocity::count(tx, &name).await?.saturating_add(1);
            names.push((name, end));
            if allow(count, most, end, self.now).is_err() {
                stopped = true;
                names.push(self.name(Counted::Stop, Whose::Payer, &payer, window));
            }
        }
        count_all(tx, names);
        Ok(stopped)
    }

    /// What is counted under, and until when.
    fn name(&self, counted: Counted, whose: Whose, value: &str, window: Window) -> ([u8; 16], SystemTime) {
        let end = window.end(self.now);
        let parts = [counted.word(), whose.word(), value, &end.us().to_string(), window_word(window)];
        (self.secrets.name("velocity", &parts), end)
    }
}

/// In one order, whoever counts: two that count each other's names never wait for each other.
fn count_all(tx: &mut Tx, mut names: Vec<([u8; 16], SystemTime)>) {
    names.sort();
    names.iter().for_each(|(name, end)| velocity::add(tx, name, *end));
}

fn guests_of(line: LineId) -> String {
    format!("guests of {line}")
}

/// Whoever pays by card: guests are known by the line, because a notice does not tell from where they paid.
fn card_payer((customer, line): (CustomerId, LineId), placed_by: PlacedBy) -> String {
    match placed_by {
        PlacedBy::Guest => guests_of(line),
        _ => customer.to_string(),
    }
}

const fn window_word(window: Window) -> &'static str {
    match window {
        Window::Hour => "hour",
        Window::Day => "day",
    }
}

/// One home or site: an IPv4 address, or the first 64 bits of an IPv6 address.
fn site(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(v6) => {
            let [a, b, c, d, ..] = v6.segments();
            IpAddr::from([a, b, c, d, 0, 0, 0, 0])
        }
        v4 => v4,
    }
}
