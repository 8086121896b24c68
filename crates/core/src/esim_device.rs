//! Whether a device loads eSIM profiles: by a small table of models and where they were sold, or for certain by its EID,
//! which only a device with an eUICC has.

use crate::identifiers::{Eid, IdentifierError};
use crate::words::words;

const TABLE: &str = include_str!("../data/esim_models.tsv");

/// Where a device was sold: variants of one model differ.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Sold {
    /// The mainland of China.
    Mainland,
    /// Hong Kong and Macao.
    HongKong,
    /// Elsewhere.
    Elsewhere,
}

words!(Sold { Mainland = "cn", HongKong = "hk", Elsewhere = "other" });

/// Whether it does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Loads {
    /// It does.
    Yes,
    /// It does not.
    No,
    /// Nobody can say from the model: the device itself tells.
    Ask,
}

words!(Loads { Yes = "yes", No = "no", Ask = "ask" });

/// A row of the table.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Model {
    /// Who made it.
    pub maker: &'static str,
    /// What it is called; several that are alike stand together.
    pub name: &'static str,
    /// Where it was sold; `None`: wherever.
    pub sold: Option<Sold>,
    /// Whether it loads profiles.
    pub loads: Loads,
}

/// The rows of the table.
pub fn models() -> impl Iterator<Item = Model> {
    TABLE.lines().filter(|line| !line.starts_with('#')).filter_map(|line| {
        let mut cells = line.split('\t');
        let (maker, name, sold) = (cells.next()?, cells.next()?, cells.next()?);
        Some(Model { maker, name, sold: Sold::from_word(sold), loads: Loads::from_word(cells.next()?)? })
    })
}

/// The models to choose from, each once, in the order of the table: maker and name.
#[must_use]
pub fn choices() -> Vec<(&'static str, &'static str)> {
    let mut all: Vec<(&str, &str)> = models().map(|model| (model.maker, model.name)).collect();
    all.dedup();
    all
}

/// Whether a model that was sold there loads profiles. What is not in the table has to be asked.
#[must_use]
pub fn loads(name: &str, sold: Sold) -> Loads {
    let there = models().find(|model| model.name == name && model.sold.is_none_or(|known| known == sold));
    there.map_or(Loads::Ask, |model| model.loads)
}

/// Reads an EID as people copy it: in groups, with spaces or hyphens between them.
///
/// # Errors
/// What is wrong with it.
pub fn eid(typed: &str) -> Result<Eid, IdentifierError> {
    let digits: String = typed.chars().filter(|c| !c.is_whitespace() && *c != '-').collect();
    Eid::parse(&digits)
}

/// What a device check rests on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Basis {
    /// The table says that the model loads profiles.
    Model,
    /// The device has an EID.
    Eid,
    /// Nobody knows, and the owner takes the risk that it does not.
    Risk,
}

words!(Basis { Model = "model", Eid = "eid", Risk = "risk" });

/// What was said of the device that is to load a profile, before it was paid for. It is kept with what was bought.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeviceCheck {
    /// What it rests on.
    pub basis: Basis,
    /// A model of the table.
    pub model: Option<String>,
    /// Where it was sold.
    pub sold: Option<Sold>,
    /// Its EID.
    pub eid: Option<Eid>,
}

/// Why a device is not taken as checked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NotChecked {
    /// Nothing was said of it.
    #[error("neither a model nor an EID, and no risk taken")]
    Nothing,
    /// It does not load profiles.
    #[error("the model loads no profiles")]
    LoadsNone,
    /// Nobody can say.
    #[error("nobody knows whether the model loads profiles")]
    Unknown,
    /// This is no EID.
    #[error(transparent)]
    Eid(IdentifierError),
}

/// Checks a device by what its owner says: its EID, else its model and where it was sold, else that the risk is theirs.
///
/// # Errors
/// [`NotChecked`]
pub fn check(model: &str, sold: Option<Sold>, typed: &str, risk: bool) -> Result<DeviceCheck, NotChecked> {
    let known = choices().into_iter().map(|(_, name)| name).find(|name| *name == model);
    let check = |basis, eid| DeviceCheck { basis, model: known.map(str::to_owned), sold: known.and(sold), eid };
    if !typed.trim().is_empty() {
        return eid(typed).map(|eid| check(Basis::Eid, Some(eid))).map_err(NotChecked::Eid);
    }
    match (known, known.and(sold).map_or(Loads::Ask, |sold| loads(model, sold))) {
        (Some(_), Loads::Yes) => Ok(check(Basis::Model, None)),
        _ if risk => Ok(check(Basis::Risk, None)),
        (None, _) => Err(NotChecked::Nothing),
        (Some(_), Loads::No) => Err(NotChecked::LoadsNone),
        (Some(_), Loads::Ask) => Err(NotChecked::Unknown),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_device_is_checked_by_what_is_known_of_it_or_at_its_owners_risk() {
        let (loads, not) = ("Pixel 4 and later", "iPhone 14, 14 Pro");
        let is = |model, sold, eid, risk| check(model, sold, eid, risk).map(|check| check.basis);
        let whole = "8904 9032 1234 5123 4512 3456 7890 1235";
        assert_eq!(is(loads, Some(Sold::Mainland), "", false), Ok(Basis::Model));
        assert_eq!(is(not, Some(Sold::Mainland), "", false), Err(NotChecked::LoadsNone));
        assert_eq!(is(not, Some(Sold::Mainland), "", true), Ok(Basis::Risk));
        assert_eq!(is(not, None, "", false), Err(NotChecked::Unknown));
        assert_eq!(is("", None, " ", false), Err(NotChecked::Nothing));
        assert_eq!(is("", None, "", true), Ok(Basis::Risk));
        assert_eq!(is("<b>", Some(Sold::Elsewhere), "", false), Err(NotChecked::Nothing), "no model of the table");
        // What the device itself says outweighs the table, and a risk taken hides no mistyped EID.
        assert_eq!(is(not, Some(Sold::Mainland), whole, false), Ok(Basis::Eid));
        assert!(matches!(is(loads, Some(Sold::Mainland), "8904", true), Err(NotChecked::Eid(_))));
        let kept = check(loads, Some(Sold::Mainland), whole, true).unwrap();
        assert_eq!((kept.model.as_deref(), kept.sold), (Some(loads), Some(Sold::Mainland)));
    }

    #[test]
    fn every_row_of_the_table_is_read_and_no_model_is_told_twice() {
        let rows = TABLE.lines().filter(|line| !line.starts_with('#')).count();
        let all: Vec<Model> = models().collect();
        assert_eq!((all.len(), all.len() > 20), (rows, true));
        for line in TABLE.lines().filter(|line| !line.starts_with('#')) {
            let cells: Vec<&str> = line.split('\t').collect();
            assert!(cells.len() == 4 && (cells[2] == "any" || Sold::from_word(cells[2]).is_some()), "{line}");
        }
        let mut known: Vec<(&str, Option<Sold>)> = all.iter().map(|model| (model.name, model.sold)).collect();
        known.sort_by_key(|(name, sold)| (*name, sold.map(Sold::word)));
        known.dedup();
        assert_eq!(known.len(), all.len());
        let mut choices = choices();
        let count = choices.len();
        choices.sort_unstable();
        choices.dedup();
        assert_eq!(choices.len(), count, "the rows of one model stand together");
    }

    #[test]
    fn the_same_model_differs_by_where_it_was_sold() {
        assert_eq!(loads("iPhone 14, 14 Pro", Sold::Mainland), Loads::No);
        assert_eq!(loads("iPhone 14, 14 Pro", Sold::Elsewhere), Loads::Yes);
        assert_eq!(loads("iPhone 12 mini, 13 mini", Sold::HongKong), Loads::Yes);
        assert_eq!(loads("Pixel 4 and later", Sold::Mainland), Loads::Yes);
        assert_eq!(loads("a telephone", Sold::Elsewhere), Loads::Ask);
    }

    #[test]
    fn an_eid_is_read_as_it_is_copied() {
        let whole = "89049032123451234512345678901235";
        assert_eq!(eid("8904 9032 1234 5123 4512 3456 7890 1235").map(|eid| eid.as_str() == whole), Ok(true));
        assert_eq!(eid("89049032-12345123-45123456-78901235").map(|eid| eid.as_str() == whole), Ok(true));
        assert_eq!(eid("8904 9032 1234 5123 4512 3456 7890 1236"), Err(IdentifierError::CheckDigit { what: "eid" }));
        assert!(matches!(eid("8904"), Err(IdentifierError::Length { .. })));
        assert_eq!(eid("８9049032123451234512345678901235"), Err(IdentifierError::Character { what: "eid" }));
    }
}
