//! What the demo's operator knows of the catalog and plans with it: upstream costs, a version that goes on sale next month, and
//! a plan that is still being written.

use super::people::{People, SeedError};
use everline_app::App;
use everline_app::catalog_desk::{catalog, version};
use everline_app::catalog_draft::{Content, create, next, note_cost};
use everline_app::catalog_sale::{Act, act};
use everline_core::brand::Localized;
use everline_core::money::{Money, UNIT};
use everline_core::offering::{Eligibility, Included, Offering, OfferingRef, Unit};
use everline_core::time::DAY_US;

/// Upstream costs of the travel plans, in fen.
const COSTS_FEN: [(&str, i64); 3] =
    [("thailand-10g-7d", 2_260), ("japan-korea-5g-7d", 2_790), ("europe-10g-30d", 8_950)];

/// Writes all of it.
pub(super) async fn write(app: &App, people: &People) -> Result<(), SeedError> {
    let by = people.operator;
    for (code, fen) in COSTS_FEN {
        let shown = (OfferingRef { code: code.to_owned(), version: 1 }, 1);
        note_cost(app, shown, Some(fen * (UNIT / 100)), by).await?;
    }
    let router = OfferingRef { code: "router-100g".to_owned(), version: 1 };
    let now = version(app, router.clone(), by).await?.version.offering;
    let price = Money::from_micros(4_900 * (UNIT / 100), now.price.currency());
    let included = vec![Included { unit: Unit::Octets, amount: 120_000_000_000 }];
    let summary =
        Localized::zh_en("家庭备用宽带、随身 WiFi，每月 120 GB", "Back-up broadband and hotspots, 120 GB a month");
    let cheaper = Offering { price, renewal_price: price, included, summary, ..now };
    let planned = next(app, router, Content { offering: cheaper, upstream_cost: None }, by).await?;
    let publish_at = Some(app.clock.now().business.plus_us(30 * DAY_US));
    act(app, (planned, 1), Act::Plan { publish_at, retire_at: None }, by).await?;
    let all = catalog(app, by).await?.versions;
    let monthly = all.iter().find(|one| one.reference().code == "phone-39").map(|one| one.offering.clone());
    if let Some(monthly) = monthly {
        let welcome = Offering {
            reference: OfferingRef { code: "phone-welcome".to_owned(), version: 1 },
            name: Localized::zh_en("新号码首月礼包", "Welcome month"),
            summary: Localized::zh_en("新号码首次办理，每个号码一次", "For a new line’s first month, once"),
            price: Money::from_micros(1_900 * (UNIT / 100), monthly.price.currency()),
            eligibility: Eligibility { new_lines_only: true, per_line_max: Some(1) },
            ..monthly
        };
        create(app, Content { offering: welcome, upstream_cost: None }, by).await?;
    }
    Ok(())
}
