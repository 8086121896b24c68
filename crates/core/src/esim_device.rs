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

#[cfg(test)]
mod tests {
    use super::*;

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
