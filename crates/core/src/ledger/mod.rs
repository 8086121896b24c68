//! The ledger: double entry, whole millionths, every transaction sums to zero. `README.md` beside this file says what the
//! ledger accounts mean and which postings exist.

mod accounts;
mod postings;

pub use accounts::{Balances, LedgerAccount, LedgerRefusal};
pub use postings::{Cause, Leg, Posting, Template, Transfer};
