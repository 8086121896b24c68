//! The queue: what people must decide.

use super::{BillDay, LineKind};
use crate::ids::{AttemptId, BillLineId, ItemId, RawId, RefundId};
use crate::ledger::{Cause, Posting, Template};
use crate::money::{Currency, Money};
use crate::payment::Provider;
use crate::time::{Now, SystemTime};
use crate::words::words;

/// Why people must look.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ItemKind {
    /// Our books have it, and every bill that could hold it is there without it.
    OursOnly,
    /// The provider has it, and it is nobody's of ours.
    TheirsOnly,
    /// Another amount.
    AmountDiffers,
    /// The provider has another number for it.
    NumberDiffers,
    /// A refund that is not done in our books.
    StateDiffers,
    /// The bill has the line twice.
    Doubled,
    /// A later bill says something else of a line.
    LineChanged,
    /// A later bill has the line no more.
    LineGone,
    /// A kind of line, or a currency, that no rule knows.
    NotUnderstood,
    /// A bill has it after all, and people had decided that no bill would.
    CameAfterAll,
}
words!(ItemKind {
    OursOnly = "ours_only",
    TheirsOnly = "theirs_only",
    AmountDiffers = "amount_differs",
    NumberDiffers = "number_differs",
    StateDiffers = "state_differs",
    Doubled = "doubled",
    LineChanged = "line_changed",
    LineGone = "line_gone",
    NotUnderstood = "not_understood",
    CameAfterAll = "came_after_all",
});

/// What core derives an item's id with.
const ITEM_TAG: u8 = 0x74;

impl ItemKind {
    /// The item of this kind about a line of a bill: one, however often the bill is read.
    #[must_use]
    pub const fn of_line(self, line: BillLineId) -> ItemId {
        ItemId(line.0.derive(ITEM_TAG, self as u8))
    }
    /// The item about an attempt that no bill has.
    #[must_use]
    pub const fn of_attempt(attempt: AttemptId) -> ItemId {
        ItemId(attempt.0.derive(ITEM_TAG, 0))
    }
    /// The item about a refund that no bill has.
    #[must_use]
    pub const fn of_refund(refund: RefundId) -> ItemId {
        ItemId(refund.0.derive(ITEM_TAG, 0))
    }
}

/// How an item was closed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Action {
    /// By itself: both sides say the same now.
    Agreed,
    /// It is right as it is; nothing is posted.
    Accept,
    /// What the provider does not owe is lost: posted.
    WriteOff,
    /// What the provider owes beyond our books waits in suspense: posted.
    Suspense,
}
words!(Action { Agreed = "agreed", Accept = "accept", WriteOff = "write_off", Suspense = "suspense" });

/// Who closed an item, when, how and why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Closed {
    /// When.
    pub at: SystemTime,
    /// The staff member; `None` if it closed by itself.
    pub by: Option<RawId>,
    /// How.
    pub action: Action,
    /// Why, in the member's words; empty if it closed by itself.
    pub reason: String,
}

/// Where an item is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ItemState {
    /// It waits for people.
    Open,
    /// It is decided.
    Closed(Closed),
}

/// One item of the queue.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Item {
    /// Follows from the line, attempt or refund that it is about.
    pub id: ItemId,
    /// The provider.
    pub provider: Provider,
    /// The bill's day; of what no bill has the day it was paid.
    pub day: BillDay,
    /// Why people must look.
    pub kind: ItemKind,
    /// What it is about.
    pub about: LineKind,
    /// Our number of the payment.
    pub out_trade_no: Option<String>,
    /// Our number of the refund.
    pub request_no: Option<String>,
    /// The provider's number of the line, or of the payment or refund in our books.
    pub number: Option<String>,
    /// What our books say, in millionths.
    pub ours: Option<i64>,
    /// What the bill says, in millionths.
    pub theirs: Option<i64>,
    /// In which currency.
    pub currency: Currency,
    /// Since when it waits.
    pub opened_at: SystemTime,
    /// Where it is.
    pub state: ItemState,
}

/// Most characters of a reason.
pub const REASON_CHARS_MAX: usize = 200;

/// Why an item cannot be closed so.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NotClosed {
    /// It is closed: the page was stale.
    #[error("it is closed already")]
    ClosedAlready,
    /// There is nothing to post that way round.
    #[error("this does not fit the item")]
    DoesNotFit,
    /// A reason is needed, of at most [`REASON_CHARS_MAX`] characters.
    #[error("a reason is needed")]
    Reason,
}

/// A reason that can be kept.
///
/// # Errors
/// [`NotClosed::Reason`]
pub fn sure_reason(text: &str) -> Result<String, NotClosed> {
    let text = text.trim();
    let fits = !text.is_empty() && text.chars().count() <= REASON_CHARS_MAX && !text.chars().any(char::is_control);
    if fits { Ok(text.to_owned()) } else { Err(NotClosed::Reason) }
}

impl Item {
    /// What people see first: the bill's amount, or ours where no bill has it.
    #[must_use]
    pub fn amount(&self) -> Money {
        Money::from_micros(self.theirs.or(self.ours).unwrap_or(0), self.currency)
    }
    /// By how much the provider owes more than our books say, in millionths; negative if less; 0 where that is not the
    /// question.
    #[must_use]
    pub fn surplus(&self) -> i64 {
        let counts = matches!(
            self.kind,
            ItemKind::OursOnly | ItemKind::TheirsOnly | ItemKind::AmountDiffers | ItemKind::CameAfterAll
        );
        let more = self.theirs.unwrap_or(0).saturating_sub(self.ours.unwrap_or(0));
        match self.about {
            LineKind::Payment if counts => more,
            LineKind::Refund if counts => more.saturating_neg(),
            _ => 0,
        }
    }
    /// What people can do to close it, in the brand's currency.
    #[must_use]
    pub fn actions(&self, currency: Currency) -> Vec<Action> {
        if self.state != ItemState::Open {
            return Vec::new();
        }
        let mut fits = vec![Action::Accept];
        match self.surplus() {
            _ if self.currency != currency => {}
            less if less < 0 => fits.push(Action::WriteOff),
            more if more > 0 => fits.push(Action::Suspense),
            _ => {}
        }
        fits
    }
    /// Closes it: the item as it becomes, and what is posted, in the books of the payment's customer; of the house where there
    /// is none.
    ///
    /// # Errors
    /// [`NotClosed`]; nothing changes.
    pub fn close(
        mut self,
        action: Action,
        reason: &str,
        by: RawId,
        currency: Currency,
        now: Now,
    ) -> Result<(Self, Option<Posting>), NotClosed> {
        if self.state != ItemState::Open {
            return Err(NotClosed::ClosedAlready);
        }
        if !self.actions(currency).contains(&action) {
            return Err(NotClosed::DoesNotFit);
        }
        let reason = sure_reason(reason)?;
        let template = match action {
            Action::WriteOff => Some(Template::WrittenOff),
            Action::Suspense => Some(Template::BookedToSuspense),
            Action::Agreed | Action::Accept => None,
        };
        let amount = self.surplus().saturating_abs();
        let posting = template.map(|template| Posting::new(template, Cause::Item(self.id), None, amount, now.business));
        self.state = ItemState::Closed(Closed { at: now.system, by: Some(by), action, reason });
        Ok((self, posting))
    }
}
