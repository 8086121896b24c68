//! The demo's stock: eSIM profiles with the codes that load them, loaded as an operator loads them.

use everline_app::import::{Contents, ImportError, Importer, Listener, Options, Progress, RowFault, load};
use everline_app::stock_count::{NewThreshold, set_threshold};
use everline_app::{App, Problem};
use everline_core::ids::RawId;
use everline_core::stock::StockKind;
use std::fmt::Write as _;
use std::io::Cursor;

/// Profiles with a number, for lines of their own.
const NUMBERED: u32 = 40;
/// Profiles without one, for other devices of a line.
const COMPANIONS: u32 = 12;

/// Loads the stock.
pub(super) async fn load_stock(app: &App) -> Result<(), ImportError> {
    let importer = Importer {
        store: app.store.clone(),
        brand: app.brand.clone(),
        zone: app.zone.clone(),
        clock: app.clock.clone(),
        secrets: app.secrets.clone(),
    };
    let (mut sims, mut codes) =
        ("iccid,imsi,msisdn,kind,batch\n".to_owned(), "iccid,activation_code,batch\n".to_owned());
    for n in 0..NUMBERED + COMPANIONS {
        let number = if n < NUMBERED { format!("1728010{n:04}") } else { String::new() };
        // Writing to a text does not fail.
        _ = writeln!(sims, "898611269900{n:08},46011{:010},{number},esim,demo-esim", 9_000_000 + n);
        _ = writeln!(codes, "898611269900{n:08},LPA:1$rsp.sandbox.example$QH-{:06}-{n:04},demo-esim", 731_000 + n * 37);
    }
    for (contents, text) in [(Contents::Sims, sims), (Contents::ActivationCodes, codes)] {
        let mut file = Cursor::new(text.into_bytes());
        load(&importer, contents, (&mut file, "demo-esim.csv"), Options::default(), &mut Strict).await?;
    }
    Ok(())
}

/// The operator wants to be told when profiles for other devices run out, which they are about to.
pub(super) async fn watch_stock(app: &App, operator: RawId) -> Result<(), Problem> {
    let thresholds = [(StockKind::Profile, 20), (StockKind::Companion, 15)];
    for (kind, least) in thresholds {
        let new = NewThreshold { kind, family: String::new(), least: Some(least), seen: 0 };
        set_threshold(app, new, operator).await?;
    }
    Ok(())
}

/// A row of ours that is refused is a mistake.
struct Strict;
impl Listener for Strict {
    fn progress(&mut self, _: Progress) {}
    fn refused(&mut self, fault: &RowFault) -> std::io::Result<()> {
        Err(std::io::Error::other(format!("{fault:?}")))
    }
}
