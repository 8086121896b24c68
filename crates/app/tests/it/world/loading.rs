//! Files of Sims, codes and lines, and loading them.

use super::World;
use everline_app::add_line::NewLine;
use everline_app::import::{
    Contents, ImportError, Importer, Listener, Options, Progress, RowFault, Step, Summary, load,
};
use everline_app::{Problem, export};
use everline_core::identifiers::{Iccid, Imsi, Msisdn};
use everline_core::ids::LineId;
use everline_core::line::{DeviceKind, NetworkKind};
use everline_core::offering::Family;
use everline_store::Stop;
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
    let summary = load(&importer(world), Contents::Sims, (&mut reader, "stock.csv"), SMALL, &mut heard).await?;
    Ok((summary, heard.faults))
}
pub async fn load_codes(world: &World, file: &str) -> Result<Loaded, ImportError> {
    let mut heard = Heard::default();
    let mut reader = Cursor::new(file.as_bytes().to_vec());
    let summary =
        load(&importer(world), Contents::ActivationCodes, (&mut reader, "codes.csv"), SMALL, &mut heard).await?;
    Ok((summary, heard.faults))
}
pub async fn load_lines(world: &World, file: &str) -> Result<Loaded, ImportError> {
    let mut heard = Heard::default();
    let mut reader = Cursor::new(file.as_bytes().to_vec());
    let summary = load(&importer(world), Contents::Lines, (&mut reader, "lines.csv"), SMALL, &mut heard).await?;
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

/// Everything of the store that imports write, as text.
pub async fn all_of(world: &World) -> String {
    let mut all = String::new();
    for bytes in [sims_out(world, true).await, codes_out(world).await, lines_out(world).await] {
        all.push_str(&bytes);
    }
    all
}
pub async fn sims_out(world: &World, secrets: bool) -> String {
    let mut out = Vec::new();
    export::sims(&importer(world), &mut out, secrets).await.unwrap();
    String::from_utf8(out).unwrap()
}
pub async fn codes_out(world: &World) -> String {
    let mut out = Vec::new();
    export::activation_codes(&importer(world), &mut out).await.unwrap();
    String::from_utf8(out).unwrap()
}
pub async fn lines_out(world: &World) -> String {
    let mut out = Vec::new();
    export::lines(&importer(world), &mut out).await.unwrap();
    String::from_utf8(out).unwrap()
}
pub async fn offerings_out(world: &World) -> String {
    let mut out = Vec::new();
    export::offerings(&importer(world), &mut out).await.unwrap();
    String::from_utf8(out).unwrap()
}

/// Begins an import and drops it at the first progress of a step.
pub async fn cut_off(world: &World, contents: Contents, file: &str, at: Step) {
    let (send, mut gone) = tokio::sync::mpsc::channel::<()>(1);
    let act = move || {
        let _ = send.try_send(());
    };
    let mut heard = Heard { faults: Vec::new(), at: Some((at, Box::new(act))) };
    let mut reader = Cursor::new(file.as_bytes().to_vec());
    let from = importer(world);
    let run = load(&from, contents, (&mut reader, "cut.csv"), SMALL, &mut heard);
    tokio::select! {
        biased;
        _ = gone.recv() => {}
        _ = run => panic!("it ended before it was cut off"),
    }
}

pub async fn new_line(world: &World, msisdn: &str, (iccid_n, imsi_n): (u64, u64)) -> NewLine {
    NewLine {
        id: LineId(world.app.clock.id()),
        customer: world.person().await,
        msisdn: Msisdn::parse(msisdn).unwrap(),
        name: "x".to_owned(),
        device: DeviceKind::Phone,
        family: Family::Phone,
        network: NetworkKind::BuiltIn,
        guest_renewal: true,
        iccid: Iccid::parse(&iccid(iccid_n)).unwrap(),
        imsi: Imsi::parse(&imsi(imsi_n)).unwrap(),
        esim: false,
    }
}

pub async fn take(world: &World, n: u64, number: &str) -> Result<(), Stop<Problem>> {
    let new = new_line(world, number, (n, n)).await;
    world.add_line(new).await
}

/// An empty SQLite store with the same keys, clock and catalogue.
pub async fn empty_like(world: &World) -> World {
    let file = Box::leak(Box::new(everline_testing::SqliteFile::new()));
    let other = World::over(file.open(crate::world::quick()).await, 2).await;
    let ahead = world.app.clock.now().business.us() - other.app.clock.now().system.us();
    other.app.clock.set_business_offset_us(ahead);
    other
}
