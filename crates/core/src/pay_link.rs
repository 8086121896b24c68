//! Links to pay that staff send for a line: they lead to what was chosen, with a guest's rights, for a day.

use crate::ids::{CustomerId, LineId, OrderId, RawId};
use crate::offering::OfferingRef;
use crate::time::{DAY_US, SystemTime};

/// How long a link leads anywhere.
pub const PAY_LINK_LIFE_US: i64 = DAY_US;
/// Most links that are sent for a line in a day of UTC, by all staff together.
pub const PAY_LINKS_PER_DAY: i64 = 3;

/// A link that was sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PayLink {
    /// Given with the page on which it was asked for, so that asking twice sends one.
    pub id: RawId,
    /// The line's owner.
    pub customer: CustomerId,
    /// The line.
    pub line: LineId,
    /// What it leads to.
    pub offering: OfferingRef,
    /// The order that its owner had begun to pay, if it was sent for one.
    pub order: Option<OrderId>,
    /// The contact person whom it went to; else its owner.
    pub contact: Option<RawId>,
    /// Who sent it.
    pub made_by: RawId,
    /// When.
    pub made_at: SystemTime,
}

impl PayLink {
    /// Until when it leads anywhere.
    #[must_use]
    pub fn expires_at(&self) -> SystemTime {
        self.made_at.plus_us(PAY_LINK_LIFE_US)
    }
}
