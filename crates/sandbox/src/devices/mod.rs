//! The devices of the built-in network: clients of the platform's device interface, and servers for its notices.
//!
//! Owns every device's state ([`state`]) and talks for it. A device that has vanished neither calls nor answers.

pub(crate) mod state;

use crate::{
    World,
    net::{Answer, Call, Content, NoAnswer, hang_up, lock},
    random_hex,
};
use axum::{
    Router,
    body::Bytes,
    extract::{DefaultBodyLimit, Path, State as Shared},
    http::StatusCode,
    response::{IntoResponse, Response},
    routing::post,
};
use serde_json::{Value, json};
use state::{Carried, Device, DeviceSeed, Link, Misbehaviour, NextReport, Notice};
use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex},
    time::Duration,
};
use tokio::{sync::Semaphore, task::JoinSet};

/// The most devices.
const DEVICES_MAX: usize = 5_000;
/// How long the platform may take to answer a device.
const ANSWER_TIME_MAX: Duration = Duration::from_secs(10);
/// How long a device that hangs keeps a connection.
const HANG_MAX: Duration = Duration::from_secs(60);
/// How many devices attach at the same time.
const ATTACH_AT_ONCE: usize = 16;

/// A device with what is needed to talk for it.
pub(crate) struct Unit {
    device: Mutex<Device>,
    /// Part of its notice URL; not guessable.
    secret: String,
    /// One conversation with the platform at a time.
    talking: tokio::sync::Mutex<()>,
}

/// All devices.
pub(crate) struct Devices {
    units: Mutex<BTreeMap<String, Arc<Unit>>>,
    /// `http://host:port` of the devices.
    pub(crate) base_url: String,
}

/// Why a device could not do what it was told.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum DeviceError {
    #[error("no such device")]
    Unknown,
    #[error("{0} is not an IMSI of 6 to 15 digits, or its name is empty")]
    BadSeed(String),
    #[error("{0} is there already")]
    Exists(String),
    #[error("more than {DEVICES_MAX} devices")]
    TooMany,
    #[error("the device has vanished")]
    Vanished,
    #[error("the device is not online")]
    NotOnline,
    #[error("the platform's device interface is not connected")]
    NotConnected,
    #[error("the platform did not answer: {0}")]
    NoAnswer(String),
}

impl From<NoAnswer> for DeviceError {
    fn from(reason: NoAnswer) -> Self {
        Self::NoAnswer(reason.to_string())
    }
}

impl Devices {
    pub(crate) fn new(base_url: String) -> Self {
        Self { units: Mutex::new(BTreeMap::new()), base_url }
    }

    /// Adds devices: all or none.
    pub(crate) fn add(&self, seeds: Vec<DeviceSeed>) -> Result<(), DeviceError> {
        let mut units = lock(&self.units);
        if units.len() + seeds.len() > DEVICES_MAX {
            return Err(DeviceError::TooMany);
        }
        let mut added = BTreeMap::new();
        for seed in seeds {
            let digits = (6..=15).contains(&seed.imsi.len()) && seed.imsi.bytes().all(|b| b.is_ascii_digit());
            if !digits || seed.name.is_empty() {
                return Err(DeviceError::BadSeed(seed.imsi));
            }
            let secret = random_hex(8).map_err(|_| DeviceError::NotConnected)?;
            let imsi = seed.imsi.clone();
            let device = Mutex::new(Device::new(seed));
            let unit = Arc::new(Unit { device, secret, talking: tokio::sync::Mutex::new(()) });
            if units.contains_key(&imsi) || added.insert(imsi.clone(), unit).is_some() {
                return Err(DeviceError::Exists(imsi));
            }
        }
        units.append(&mut added);
        Ok(())
    }

    /// All devices as they are now, by IMSI.
    pub(crate) fn snapshot(&self) -> Vec<Device> {
        lock(&self.units).values().map(|unit| lock(&unit.device).clone()).collect()
    }

    fn unit(&self, imsi: &str) -> Result<Arc<Unit>, DeviceError> {
        lock(&self.units).get(imsi).cloned().ok_or(DeviceError::Unknown)
    }

    /// Makes a device behave or misbehave.
    pub(crate) fn set_misbehaviour(&self, imsi: &str, misbehaviour: Misbehaviour) -> Result<Device, DeviceError> {
        let unit = self.unit(imsi)?;
        let mut device = lock(&unit.device);
        device.misbehaviour = misbehaviour;
        Ok(device.clone())
    }
}

/// Calls the platform's device interface for a device.
async fn call(world: &World, method: http::Method, path: &str, content: Content) -> Result<Answer, DeviceError> {
    let links = lock(&world.links).clone();
    let base = links.device_url.ok_or(DeviceError::NotConnected)?;
    let url = format!("{}{path}", base.trim_end_matches('/'));
    let bearer = Some(links.device_token.as_str());
    Ok(world.http.call(Call { method, url: &url, bearer, content, time_max: ANSWER_TIME_MAX }).await?)
}

/// Attaches a device. One that has a session keeps it.
pub(crate) async fn attach(world: &World, imsi: &str) -> Result<Device, DeviceError> {
    let unit = world.devices.unit(imsi)?;
    let _talking = unit.talking.lock().await;
    let apn = {
        let device = lock(&unit.device);
        if device.misbehaviour.is_vanished() {
            return Err(DeviceError::Vanished);
        }
        if device.session.is_some() {
            return Ok(device.clone());
        }
        device.seed.apn.clone().unwrap_or_else(|| "internet".to_owned())
    };
    let notify_url = format!("{}/devices/{imsi}/{}", world.devices.base_url, unit.secret);
    let content = Content::Json(json!({ "imsi": imsi, "apn": apn, "notify_url": notify_url }));
    let answer = call(world, http::Method::POST, "/sessions", content).await;
    let mut device = lock(&unit.device);
    match answer {
        Ok(answer) => device.attached(answer.status, &answer.json()),
        Err(error) => {
            device.reason = Some(error.to_string());
            return Err(error);
        }
    }
    Ok(device.clone())
}

/// Attaches every device that has no session and has not vanished; returns how many are online now.
pub(crate) async fn attach_all(world: &Arc<World>) -> usize {
    let waiting = world.devices.snapshot().into_iter();
    let waiting = waiting.filter(|device| device.session.is_none() && !device.misbehaviour.is_vanished());
    let places = Arc::new(Semaphore::new(ATTACH_AT_ONCE));
    let mut attaching = JoinSet::new();
    for device in waiting {
        let (world, places) = (world.clone(), places.clone());
        attaching.spawn(async move {
            let _place = places.acquire_owned().await;
            let _ = attach(&world, &device.seed.imsi).await;
        });
    }
    while attaching.join_next().await.is_some() {}
    world.devices.snapshot().iter().filter(|device| device.link == Link::Online).count()
}

/// Switches a device off.
pub(crate) async fn detach(world: &World, imsi: &str) -> Result<Device, DeviceError> {
    let unit = world.devices.unit(imsi)?;
    let _talking = unit.talking.lock().await;
    let session = {
        let mut device = lock(&unit.device);
        if device.misbehaviour.is_vanished() {
            return Err(DeviceError::Vanished);
        }
        device.detach()
    };
    if let Some(session) = session {
        // Switched off is switched off, whatever the platform says.
        let told = call(world, http::Method::DELETE, &format!("/sessions/{session}"), Content::None).await;
        if let Err(error) = told {
            lock(&unit.device).reason = Some(error.to_string());
        }
    }
    Ok(lock(&unit.device).clone())
}

/// Lets a device use data and report it. A report that got no answer goes first.
pub(crate) async fn use_data(world: &World, imsi: &str, octets: u64) -> Result<Device, DeviceError> {
    let unit = world.devices.unit(imsi)?;
    let _talking = unit.talking.lock().await;
    let online = {
        let device = lock(&unit.device);
        if device.misbehaviour.is_vanished() {
            return Err(DeviceError::Vanished);
        }
        device.link == Link::Online
    };
    if !online {
        return Err(DeviceError::NotOnline);
    }
    report(world, &unit, octets).await
}

/// Reports `octets` (after a report that got no answer, if there is one).
async fn report(world: &World, unit: &Unit, octets: u64) -> Result<Device, DeviceError> {
    loop {
        let next = lock(&unit.device).next_report(octets).ok_or(DeviceError::NotOnline)?;
        let NextReport { session_id: session, report, again } = next;
        let content = json!({ "sequence": report.sequence, "used_octets": report.used_octets });
        let path = format!("/sessions/{session}/usage");
        let answer = call(world, http::Method::POST, &path, Content::Json(content)).await;
        let mut device = lock(&unit.device);
        match answer {
            Ok(answer) => device.reported(&session, report, answer.status, &answer.json()),
            Err(error) => {
                device.reason = Some(error.to_string());
                return Err(error);
            }
        }
        if !again || device.link != Link::Online || device.reason.is_some() {
            return Ok(device.clone());
        }
    }
}

/// The devices' routes: where the platform sends its notices.
pub(crate) fn router(world: Arc<World>) -> Router {
    Router::new()
        .route("/devices/{imsi}/{secret}", post(take_notice))
        .layer(DefaultBodyLimit::max(16 * 1024))
        .with_state(world)
}

async fn take_notice(
    Shared(world): Shared<Arc<World>>,
    Path((imsi, secret)): Path<(String, String)>,
    body: Bytes,
) -> Response {
    let Some(unit) = world.devices.unit(&imsi).ok().filter(|unit| unit.secret == secret) else {
        return StatusCode::NOT_FOUND.into_response();
    };
    let misbehaviour = lock(&unit.device).misbehaviour;
    match misbehaviour {
        Misbehaviour::None => {}
        Misbehaviour::WithholdAnswer503 => return StatusCode::SERVICE_UNAVAILABLE.into_response(),
        Misbehaviour::Vanished => return hang_up(),
        Misbehaviour::WithholdHang | Misbehaviour::VanishedHang => {
            let _ = world.stop.during(HANG_MAX).await;
            return hang_up();
        }
    }
    let notice: Notice = match serde_json::from_slice(&body) {
        Ok(notice) => notice,
        Err(error) => return (StatusCode::BAD_REQUEST, error.to_string()).into_response(),
    };
    let carried = lock(&unit.device).notice(&notice);
    match carried {
        Carried::NoSession => return (StatusCode::NOT_FOUND, "no such session").into_response(),
        Carried::Again | Carried::Done { report: false } => {}
        // The acknowledgement does not wait for the report: the platform may be waiting for the former.
        Carried::Done { report: true } => drop(tokio::spawn(async move {
            let _talking = unit.talking.lock().await;
            let _ = report(&world, &unit, 0).await;
        })),
    }
    StatusCode::NO_CONTENT.into_response()
}

/// A device as the control interface shows it.
pub(crate) fn to_json(device: &Device) -> Value {
    serde_json::to_value(device).unwrap_or_default()
}
