//! What becomes of a line when nobody does anything: the same transitions, computed ahead and written nowhere.

use super::{Situation, next_due, on_due};
use crate::brand::Brand;
use crate::effects::{Effects, Job, MessageKind};
use crate::ids::OrderId;
use crate::ledger::LedgerRefusal;
use crate::line::LineState;
use crate::order::{Order, OrderState};
use crate::time::{BusinessTime, Zone};

/// One instant at which something happens by itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Step {
    /// When.
    pub at: BusinessTime,
    /// The line's state from then on.
    pub state: LineState,
    /// Whether that is another state than before.
    pub changes: bool,
    /// Orders whose plan or pack begins.
    pub begins: Vec<OrderId>,
    /// Orders whose plan or pack ends.
    pub ends: Vec<OrderId>,
    /// Revenue that becomes earned, in millionths.
    pub earned: i64,
    /// What the owner is told.
    pub told: Vec<MessageKind>,
}

/// Most instants that are computed: eighty years of month starts.
const STEPS_MAX: usize = 1_000;

/// Everything that time does to a line after `now` and up to `until`, if nobody does anything. What is due at or before
/// `now` and has not happened yet is among it: `now` is then the instant before it.
///
/// # Errors
/// As [`on_due`].
pub fn what_if(
    mut is: Situation,
    brand: &Brand,
    zone: &Zone,
    now: BusinessTime,
    until: BusinessTime,
) -> Result<Vec<Step>, LedgerRefusal> {
    let (mut steps, mut last) = (Vec::new(), now);
    while let Some(due) = next_due(&is.line, &is.allowance, last, zone).filter(|due| *due <= until) {
        if steps.len() >= STEPS_MAX {
            break;
        }
        let effects = on_due(&is, brand, zone, due)?;
        steps.push(is.take(effects, due));
        last = due;
    }
    Ok(steps)
}

impl Situation {
    /// The situation after the effects of one instant, and what they were.
    fn take(&mut self, effects: Effects, at: BusinessTime) -> Step {
        let was = self.line.state;
        let running = |orders: &[Order]| -> Vec<OrderId> {
            let begun = orders.iter().filter(|order| {
                matches!(order.state, OrderState::InEffect | OrderState::Delivered) && order.starts_at == Some(at)
            });
            begun.map(|order| order.id).collect()
        };
        let begins = running(&effects.orders);
        for changed in effects.orders {
            match self.orders.iter_mut().find(|order| order.id == changed.id) {
                Some(order) => *order = changed,
                None => self.orders.push(changed),
            }
        }
        self.line = effects.line.unwrap_or_else(|| self.line.clone());
        let after = effects.allowance.unwrap_or_else(|| self.allowance.clone());
        let stays = |order: OrderId| after.periods.iter().any(|period| period.order == order);
        let ended = self.allowance.periods.iter().map(|period| period.order).filter(|order| !stays(*order));
        let ends = ended.collect();
        self.allowance = after;
        self.balances = effects.balances.unwrap_or(self.balances);
        let told = effects.jobs.iter().filter_map(|job| match job {
            Job::SendMessage { kind, .. } => Some(*kind),
            _ => None,
        });
        Step {
            at,
            state: self.line.state,
            changes: self.line.state != was,
            begins,
            ends,
            earned: effects.postings.iter().fold(0, |sum, posting| posting.amount.saturating_add(sum)),
            told: told.collect(),
        }
    }
}
