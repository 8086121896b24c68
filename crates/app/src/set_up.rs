//! Setting up a store: the brand, its offerings, its staff, and the house customer. Safe to run again.

use crate::Problem;
use everline_core::brand::Brand;
use everline_core::customer::{Customer, CustomerKind, Identity};
use everline_core::ids::{CustomerId, RawId};
use everline_core::offering::Offering;
use everline_core::staff::Role;
use everline_core::time::BusinessTime;
use everline_store::tables::{catalog, customer, receipt, staff};
use everline_store::{Stop, Store, Tx, Work};

const BRAND_SETTING: &str = "brand";

/// The owner of money nobody can be named for.
pub const HOUSE: CustomerId = CustomerId(RawId::from_bytes([0; 16]));

/// What a store begins with.
#[derive(Debug, Clone)]
pub struct SetUp {
    /// The brand.
    pub brand: Brand,
    /// What it sells.
    pub offerings: Vec<Offering>,
    /// Its staff: id, name, role.
    pub staff: Vec<(RawId, String, Role)>,
    /// Now.
    pub at: BusinessTime,
}

impl Work for SetUp {
    const NAME: &'static str = "set_up";
    type Out = ();
    type Refusal = Problem;
    async fn run(&self, tx: &mut Tx) -> Result<(), Stop<Problem>> {
        let before = catalog::setting(tx, BRAND_SETTING).await?;
        let first = before.is_none();
        let before: Option<Brand> = before.and_then(|text| serde_json::from_str(&text).ok());
        if let Some(payee) = before.map(|before| before.payee()).filter(|payee| *payee != self.brand.payee()) {
            receipt::add_former_payee(tx, self.at, &payee);
        }
        let brand =
            serde_json::to_string(&self.brand).map_err(|error| Stop::Refused(Problem::Internal(error.to_string())))?;
        catalog::set_setting(tx, BRAND_SETTING, &brand);
        for offering in &self.offerings {
            catalog::set_offering(tx, offering)?;
        }
        if !first {
            return Ok(());
        }
        catalog::set_setting(tx, "receipt_number", "0");
        let house = Customer {
            id: HOUSE,
            kind: CustomerKind::House,
            name: self.brand.name.get("en").to_owned(),
            contact: None,
            language: "en".to_owned(),
            identity: Identity::None,
        };
        customer::add(tx, &house, self.brand.currency, self.at);
        for (id, name, role) in &self.staff {
            staff::add(tx, *id, name, role.word());
        }
        Ok(())
    }
}

/// The brand of a store that was set up; `None` for an empty one.
pub async fn brand(store: &Store) -> Result<Option<Brand>, Problem> {
    let text = store.read(GetBrand).await?;
    text.map(|text| serde_json::from_str(&text).map_err(|error| Problem::Internal(error.to_string()))).transpose()
}

struct GetBrand;
impl Work for GetBrand {
    const NAME: &'static str = "get_brand";
    type Out = Option<String>;
    type Refusal = Problem;
    async fn run(&self, tx: &mut Tx) -> Result<Self::Out, Stop<Problem>> {
        Ok(catalog::setting(tx, BRAND_SETTING).await?)
    }
}
