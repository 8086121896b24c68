//! Sessions of devices on the built-in network.

use crate::ids::{OrderId, SessionId};
use serde::{Deserialize, Serialize};

/// What the network lets a session do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Service {
    /// Everything the buckets hold.
    Full,
    /// Redirected to the renewal page; the network has confirmed nothing else since.
    Redirected,
    /// The allowance allows full service again; the network was told and has not yet acknowledged.
    Restoring,
}

/// One session.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Session {
    /// Its id.
    pub id: SessionId,
    /// The subscriber identity it was opened with; a new session of the same one ends it.
    pub imsi: String,
    /// Where the network takes notices about it.
    pub notify_url: String,
    /// What it may do.
    pub service: Service,
    /// Number of the last usage report that was charged; a lower or equal one is answered without charging again.
    pub sequence: u64,
    /// The order that asked for the restoration under way.
    pub restoring_for: Option<OrderId>,
}
