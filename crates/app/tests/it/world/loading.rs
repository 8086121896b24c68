//! Files of Sims, codes and lines, and loading them.

use super::World;
use everline_app::import::{
    ImportError, Importer, Listener, Options, Progress, RowFault, Step, Summary, activation_codes, lines, sims,
};
use std::fmt::Write as _;
use std::io::Cursor;

pub fn importer(world: &World) -> Importer {
    let app = &world.app;
    Importer {
        store: app.store.clone(),
        brand: app.brand.clone(),
        zone: app.zone.clone(),
        clock: app.clock.clone(),
        secrets: app.secrets.clone(),
    }
}

/// Keeps what it hears, and does something at the first progress of a step.
#[derive(Default)]
pub struct Heard {
    pub faults: Vec<RowFault>,
    pub at: Option<(Step, Box<dyn FnMut() + Send>)>,
}
impl Listener for Heard {
    fn progress(&mut self, progress: Progress) {
        if let Some((_, mut act)) = self.at.take_if(|(step, _)| *step == progress.step) {
            act();
        }
    }
    fn refused(&mut self, fault: &RowFault) -> std::io::Result<()> {
        self.faults.push(fault.clone());
        Ok(())
    }
}

pub const SMALL: Options = Options { dry_run: false, rows_per_work: 7, rows_max: 5_000_000 };

pub type Loaded = (Summary, Vec<RowFault>);

pub async fn load_sims(world: &World, file: impl AsRef<[u8]>) -> Result<Loaded, ImportError> {
    let mut heard = Heard::default();
    let mut reader = Cursor::new(file.as_ref().to_vec());
    let summary = sims::import(&importer(world), (&mut reader, "stock.csv"), SMALL, &mut heard).await?;
    Ok((summary, heard.faults))
}
pub async fn load_codes(world: &World, file: &str) -> Result<Loaded, ImportError> {
    let mut heard = Heard::default();
    let mut reader = Cursor::new(file.as_bytes().to_vec());
    let summary = activation_codes::import(&importer(world), (&mut reader, "codes.csv"), SMALL, &mut heard).await?;
    Ok((summary, heard.faults))
}
pub async fn load_lines(world: &World, file: &str) -> Result<Loaded, ImportError> {
    let mut heard = Heard::default();
    let mut reader = Cursor::new(file.as_bytes().to_vec());
    let summary = lines::import(&importer(world), (&mut reader, "lines.csv"), SMALL, &mut heard).await?;
    Ok((summary, heard.faults))
}

pub const HEADER: &str = "iccid,imsi,msisdn,kind,pin1,puk1,pin2,puk2,registration_code,batch\n";

pub fn iccid(n: u64) -> String {
    format!("898604{n:013}7")
}
pub fn imsi(n: u64) -> String {
    format!("46004{n:010}")
}
/// So many sound rows of a batch, from a number on.
pub fn rows(from: u64, count: u64, batch: &str) -> String {
    (from..from + count).fold(String::new(), |mut text, n| {
        let _ = writeln!(
            text,
            "{},{},14400{n:08},physical,1234,{:08},5678,{:08},REG{n:06},{batch}",
            iccid(n),
            imsi(n),
            10_000_000 + n,
            20_000_000 + n
        );
        text
    })
}

pub const LINES: &str = "number,iccid,imsi,owner,owner_kind,owner_name,owner_contact,language,device_name,device_kind,family,network,plan,plan_ends,batch\n";

/// Lines of every sort: running, silent, suspended, unclaimed; a fleet of one owner.
pub fn moving(count: u64) -> String {
    let mut text = LINES.to_owned();
    for n in 1..=count {
        let (owner, plan) = match n % 5 {
            0 => (",,,,en".to_owned(), "days,2026-03-20"),
            1 => ("fleet,organisation,=cmd,13900000000,zh-CN".to_owned(), "month,2026-04-01"),
            2 => (format!("c-{n},person,林芳,1391111{n:04},zh-CN"), "days@1,2026-03-25T18:00:00+08:00"),
            3 => (format!("c-{n},person,'quoted,,en"), ","),
            _ => (format!("c-{n},person,+86 name,,en"), ",2026-03-01"),
        };
        let _ =
            writeln!(text, "1441{n:09},{},{},{owner},-device {n},tracker,iot,built_in,{plan},move", iccid(n), imsi(n));
    }
    text
}
