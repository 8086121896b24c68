//! Customers: who owns lines, and how far their identity is proved.

use crate::identifiers::Msisdn;
use crate::ids::CustomerId;
use serde::{Deserialize, Serialize};

/// What a customer is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CustomerKind {
    /// A person.
    Person,
    /// An organisation with a fleet.
    Organisation,
    /// Stands for nobody yet: the owner of one unclaimed line.
    Anonymous,
    /// The brand itself: money that nobody can be named for.
    House,
}

/// How far the identity of a customer is proved.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Identity {
    /// Nothing recorded.
    None,
    /// The document is well-formed; nobody checked it.
    FormatChecked,
    /// A verifier confirmed it.
    Verified,
    /// A verifier refused it.
    Failed,
}

/// A customer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Customer {
    /// The id; also the account's.
    pub id: CustomerId,
    /// What it is.
    pub kind: CustomerKind,
    /// The name shown to itself.
    pub name: String,
    /// Where messages go: the login number, absent for anonymous and house customers.
    pub contact: Option<Msisdn>,
    /// Language of messages and pages (BCP 47).
    pub language: String,
    /// How far the identity is proved.
    pub identity: Identity,
}

/// The first character of a name and stars for the rest, for guests whose owner allows it.
#[must_use]
pub fn masked_name(name: &str) -> String {
    let mut characters = name.chars();
    let first: String = characters.next().into_iter().collect();
    first + &"*".repeat(characters.count().min(3))
}

#[cfg(test)]
mod tests {
    #[test]
    fn names_are_masked_to_one_character() {
        assert_eq!(super::masked_name("林芳"), "林*");
        assert_eq!(super::masked_name(""), "");
        assert_eq!(super::masked_name("Alexandra"), "A***");
    }
}
