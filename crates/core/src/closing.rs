//! Closing an account: what was paid in and not spent is paid out to its owner's bank account, promotional credit lapses, and
//! what names the customer is removed.
//!
//! Sending money by hand is nothing that a transaction can hold, so it has a state of its own: what is being sent is set aside
//! in the ledger before anybody touches the bank, and nobody can spend it or take the closing back until it is known whether
//! it went.

use crate::identity;
use crate::words::words;

/// Where a closing is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ClosingState {
    /// The owner asked, and may take it back.
    Asked,
    /// An operator is sending the money, which is set aside.
    Sending,
    /// The money went out; what names the customer is about to be removed.
    PaidOut,
    /// It is closed.
    Closed,
    /// The owner took it back.
    Withdrawn,
    /// The money did not go out. The owner's wish goes on in another closing.
    NotSent,
    /// The money went out, and something stood against closing by then. The owner's wish goes on in another closing.
    SentOnly,
}
words!(ClosingState {
    Asked = "asked",
    Sending = "sending",
    PaidOut = "paid_out",
    Closed = "closed",
    Withdrawn = "withdrawn",
    NotSent = "not_sent",
    SentOnly = "sent_only",
});

/// Where the money goes.
#[derive(Clone, PartialEq, Eq)]
pub struct BankDetails {
    /// Whose bank account it is.
    pub holder: String,
    /// The bank and its branch.
    pub bank: String,
    /// The number of the bank account.
    pub number: String,
}
impl std::fmt::Debug for BankDetails {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("BankDetails").finish_non_exhaustive()
    }
}

/// The field of [`BankDetails`] that cannot be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("{0} cannot be used")]
pub struct WrongDetails(pub &'static str);

impl BankDetails {
    /// Reads what somebody typed. A number has 8 to 34 digits and letters (ISO 13616 allows 34 for an IBAN).
    ///
    /// # Errors
    /// [`WrongDetails`] names the field.
    pub fn read(holder: &str, bank: &str, number: &str) -> Result<Self, WrongDetails> {
        let holder = identity::name(holder).map_err(|_| WrongDetails("holder"))?;
        let bank = bank.split_whitespace().collect::<Vec<_>>().join(" ");
        if bank.is_empty() || bank.chars().count() > 80 || bank.chars().any(char::is_control) {
            return Err(WrongDetails("bank"));
        }
        let plain = |c: &char| !c.is_whitespace() && *c != '-';
        let number: String = number.chars().filter(plain).map(|c| c.to_ascii_uppercase()).collect();
        let fits = (8..=34).contains(&number.len()) && number.bytes().all(|byte| byte.is_ascii_alphanumeric());
        if fits { Ok(Self { holder, bank, number }) } else { Err(WrongDetails("number")) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn details_are_read_or_named() {
        let read = BankDetails::read(" 林 芳", "建设银行  福州", "6217 0018-2000 1234").unwrap();
        assert_eq!(
            (read.holder.as_str(), read.bank.as_str(), read.number.as_str()),
            ("林 芳", "建设银行 福州", "6217001820001234")
        );
        for (holder, bank, number, field) in [
            ("", "b", "62170018", "holder"),
            ("1", "b", "62170018", "holder"),
            ("x", " ", "62170018", "bank"),
            ("x", &"b".repeat(81), "62170018", "bank"),
            ("x", "b", "621700", "number"),
            ("x", "b", "62170018=1", "number"),
            ("x", "b", &"1".repeat(35), "number"),
        ] {
            assert_eq!(BankDetails::read(holder, bank, number), Err(WrongDetails(field)), "{number}");
        }
        assert_eq!(format!("{read:?}"), "BankDetails { .. }");
    }
}
