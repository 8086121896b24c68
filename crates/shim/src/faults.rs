//! What is to fail, as the environment tells the preload library.

use std::str::FromStr;

/// The folder whose files are watched, without symbolic links in its path. Without it nothing is.
pub const FOLDER: &str = "EVERLINE_SHIM_FOLDER";
/// The journal, outside that folder.
pub const JOURNAL: &str = "EVERLINE_SHIM_JOURNAL";
/// A folder on the same file system, outside of the watched one, for files whose names were removed.
pub const KEPT: &str = "EVERLINE_SHIM_KEPT";
/// A [`Fault`].
pub const FAULT: &str = "EVERLINE_SHIM_FAULT";
/// While there is a file of this name, no watched file can grow: `ENOSPC`.
pub const FULL: &str = "EVERLINE_SHIM_FULL";
/// How many seconds the wall clock is ahead (or, with a minus, behind). The other clocks stay.
pub const CLOCK: &str = "EVERLINE_SHIM_CLOCK";
/// A file with such a number, read again at each look at the clock, so that it can jump while the program runs.
pub const CLOCK_FILE: &str = "EVERLINE_SHIM_CLOCK_FILE";
/// Set to anything, an fsync of a watched file does not wait for the disk: it survives a kill, and a cut is only played.
pub const FAST: &str = "EVERLINE_SHIM_FAST";

/// What happens instead of a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Instead {
    /// `EIO`.
    Broken,
    /// `ENOSPC`.
    NoSpace,
    /// The process is killed.
    Kill,
}

/// Which calls count.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Calls {
    /// Writes and changes of size.
    Writes,
    /// fsync and fdatasync.
    Syncs,
    /// Both.
    All,
}

/// A planned failure: `eio once all 17`, `enospc on syncs 3`, `kill once writes 1`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Fault {
    /// What happens.
    pub instead: Instead,
    /// From the n-th on, not only at it.
    pub on: bool,
    /// To which calls.
    pub calls: Calls,
    /// To which of them, from 1.
    pub nth: u64,
}

impl Fault {
    /// Whether it happens to the `nth` of the calls that count.
    #[must_use]
    pub const fn hits(&self, nth: u64) -> bool {
        nth == self.nth || (self.on && nth > self.nth)
    }

    /// Whether a call counts.
    #[must_use]
    pub const fn counts(&self, sync: bool) -> bool {
        matches!((self.calls, sync), (Calls::All, _) | (Calls::Writes, false) | (Calls::Syncs, true))
    }
}

impl std::fmt::Display for Fault {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let instead = match self.instead {
            Instead::Broken => "eio",
            Instead::NoSpace => "enospc",
            Instead::Kill => "kill",
        };
        let calls = match self.calls {
            Calls::Writes => "writes",
            Calls::Syncs => "syncs",
            Calls::All => "all",
        };
        write!(f, "{instead} {} {calls} {}", if self.on { "on" } else { "once" }, self.nth)
    }
}

/// Not a fault.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NoFault;

impl FromStr for Fault {
    type Err = NoFault;
    fn from_str(text: &str) -> Result<Self, NoFault> {
        let words: Vec<&str> = text.split(' ').collect();
        let [instead, on, calls, nth] = words.as_slice() else { return Err(NoFault) };
        let instead = match *instead {
            "eio" => Instead::Broken,
            "enospc" => Instead::NoSpace,
            "kill" => Instead::Kill,
            _ => return Err(NoFault),
        };
        let on = match *on {
            "on" => true,
            "once" => false,
            _ => return Err(NoFault),
        };
        let calls = match *calls {
            "writes" => Calls::Writes,
            "syncs" => Calls::Syncs,
            "all" => Calls::All,
            _ => return Err(NoFault),
        };
        Ok(Self { instead, on, calls, nth: nth.parse().map_err(|_| NoFault)? })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fault_survives_its_text() {
        for text in ["eio once all 17", "enospc on syncs 3", "kill once writes 1"] {
            assert_eq!(text.parse::<Fault>().map(|fault| fault.to_string()), Ok(text.to_owned()));
        }
        for text in ["", "eio", "eio once all x", "eio twice all 1", "none once all 1", "eio once some 1"] {
            assert_eq!(text.parse::<Fault>(), Err(NoFault), "{text}");
        }
    }

    #[test]
    fn once_is_once_and_on_goes_on() {
        let once: Fault = "eio once syncs 3".parse().unwrap();
        let on: Fault = "eio on all 3".parse().unwrap();
        assert_eq!([2, 3, 4].map(|n| once.hits(n)), [false, true, false]);
        assert_eq!([2, 3, 4].map(|n| on.hits(n)), [false, true, true]);
        assert_eq!((once.counts(true), once.counts(false), on.counts(false)), (true, false, true));
    }
}
