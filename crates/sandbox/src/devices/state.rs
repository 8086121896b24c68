//! One simulated device as plain state: what answers and notices do to it.
//!
//! A device has at most one session. It reports usage under growing numbers and repeats a report that got no answer
//! word for word before it makes a new one. It carries out each notice once.

use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::collections::VecDeque;

/// How many notices a device remembers.
const HANDLED_MAX: usize = 64;

/// What a device is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DeviceKind {
    /// A watch, often a child's.
    Watch,
    /// A phone.
    Phone,
    /// A router with devices behind it.
    Router,
    /// A tracker without a screen.
    Tracker,
}

/// A device to begin with.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DeviceSeed {
    /// The identity of the SIM in it: 6 to 15 digits.
    pub imsi: String,
    /// What people call it.
    pub name: String,
    /// What it is.
    pub kind: DeviceKind,
    /// The access point it asks for; without one, `internet`.
    #[serde(default)]
    pub apn: Option<String>,
}

/// How a device is connected.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Link {
    /// Not attached: never was, or was switched off.
    Detached,
    /// Online.
    Online,
    /// Attached, but every page leads to the renewal page.
    Redirected,
    /// The network let it not in.
    Refused,
    /// The network ended its session.
    Ended,
}

impl Link {
    /// Whether the network keeps it from working.
    pub(crate) fn is_cut_off(self) -> bool {
        matches!(self, Self::Redirected | Self::Refused | Self::Ended)
    }
}

/// What a device does with notices instead of acknowledging them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Misbehaviour {
    /// Behaves.
    #[default]
    None,
    /// Changes nothing and answers 503.
    WithholdAnswer503,
    /// Changes nothing and never answers.
    WithholdHang,
    /// Gone: connections are closed.
    Vanished,
    /// Gone: nothing answers.
    VanishedHang,
}

impl Misbehaviour {
    /// Whether the device is out of reach, and reaches nobody.
    pub(crate) fn is_vanished(self) -> bool {
        matches!(self, Self::Vanished | Self::VanishedHang)
    }
}

/// A report of usage that is to be sent, or sent again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Report {
    pub(crate) sequence: u64,
    /// Since the report before, in octets.
    pub(crate) used_octets: u64,
}

/// A report with where it belongs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct NextReport {
    pub(crate) session_id: String,
    pub(crate) report: Report,
    /// Sent before, without an answer.
    pub(crate) again: bool,
}

/// An open session.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct Session {
    pub(crate) session_id: String,
    /// The last number used.
    sequence: u64,
    /// A report that got no answer yet.
    #[serde(skip)]
    pending: Option<Report>,
    pub(crate) granted_octets: Option<u64>,
    pub(crate) used_octets: u64,
}

/// A device.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Device {
    #[serde(flatten)]
    pub(crate) seed: DeviceSeed,
    pub(crate) link: Link,
    pub(crate) session: Option<Session>,
    pub(crate) redirect_url: Option<String>,
    /// Why it was refused, or what went wrong last.
    pub(crate) reason: Option<String>,
    pub(crate) misbehaviour: Misbehaviour,
    /// Notices carried out so far.
    pub(crate) notices: u64,
    #[serde(skip)]
    handled: VecDeque<String>,
}

/// What the network tells a device.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub(crate) struct Notice {
    pub(crate) request_id: String,
    pub(crate) session_id: String,
    pub(crate) action: Action,
    #[serde(default)]
    pub(crate) redirect_url: Option<String>,
}

/// What a device is told to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Action {
    /// Lift what held it and ask for quota again.
    Reauthorize,
    /// Let every page lead to the renewal page.
    Redirect,
    /// End the session.
    End,
}

/// What became of a notice.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Carried {
    /// Done. If `report`, the device now asks for quota with an empty report.
    Done {
        /// Whether a report follows.
        report: bool,
    },
    /// Done before.
    Again,
    /// It has no such session.
    NoSession,
}

impl Device {
    pub(crate) fn new(seed: DeviceSeed) -> Self {
        Self {
            seed,
            link: Link::Detached,
            session: None,
            redirect_url: None,
            reason: None,
            misbehaviour: Misbehaviour::None,
            notices: 0,
            handled: VecDeque::new(),
        }
    }

    /// Takes the answer to an attach. Anything that is neither a session nor a refusal changes nothing but the reason.
    pub(crate) fn attached(&mut self, status: u16, answer: &Value) {
        let text = |name: &str| answer.get(name).and_then(Value::as_str).map(str::to_owned);
        match (status, text("session_id")) {
            (200 | 201, Some(session_id)) => {
                self.session =
                    Some(Session { session_id, sequence: 0, pending: None, granted_octets: None, used_octets: 0 });
                self.apply(answer);
            }
            (403, _) => {
                self.session = None;
                self.link = Link::Refused;
                self.reason = Some(text("reason").unwrap_or_else(|| "refused".to_owned()));
            }
            _ => self.reason = Some(format!("HTTP {status}")),
        }
    }

    /// State, quota and redirection as an answer says.
    fn apply(&mut self, answer: &Value) {
        self.reason = None;
        let redirected = answer.get("state").and_then(Value::as_str) == Some("redirected");
        self.link = if redirected { Link::Redirected } else { Link::Online };
        let url = answer.get("redirect_url").and_then(Value::as_str).map(str::to_owned);
        self.redirect_url = if redirected { url.or_else(|| self.redirect_url.take()) } else { None };
        if let Some(session) = self.session.as_mut() {
            session.granted_octets = answer.get("granted_octets").and_then(Value::as_u64);
        }
    }

    /// The next report of the open session: the one that got no answer, else a new one about `used_octets`.
    pub(crate) fn next_report(&mut self, used_octets: u64) -> Option<NextReport> {
        let session = self.session.as_mut()?;
        let session_id = session.session_id.clone();
        if let Some(report) = session.pending {
            return Some(NextReport { session_id, report, again: true });
        }
        session.sequence += 1;
        let report = Report { sequence: session.sequence, used_octets };
        session.pending = Some(report);
        Some(NextReport { session_id, report, again: false })
    }

    /// Takes the answer to a report of the session `session_id`; an answer that comes after that session is ignored.
    pub(crate) fn reported(&mut self, session_id: &str, report: Report, status: u16, answer: &Value) {
        let Some(session) = self.session.as_mut().filter(|session| session.session_id == session_id) else { return };
        match status {
            200 => {
                session.pending = None;
                session.used_octets += report.used_octets;
                self.apply(answer);
            }
            404 | 410 => self.end(),
            _ => self.reason = Some(format!("HTTP {status}")),
        }
    }

    fn end(&mut self) {
        self.session = None;
        self.redirect_url = None;
        self.link = Link::Ended;
    }

    /// Switches the device off; returns the session to give back.
    pub(crate) fn detach(&mut self) -> Option<String> {
        self.link = Link::Detached;
        self.redirect_url = None;
        self.reason = None;
        self.session.take().map(|session| session.session_id)
    }

    /// Carries out a notice, once.
    pub(crate) fn notice(&mut self, notice: &Notice) -> Carried {
        if self.handled.contains(&notice.request_id) {
            return Carried::Again;
        }
        if self.session.as_ref().is_none_or(|session| session.session_id != notice.session_id) {
            return Carried::NoSession;
        }
        match notice.action {
            Action::Reauthorize => {
                self.link = Link::Online;
                self.redirect_url = None;
            }
            Action::Redirect => {
                self.link = Link::Redirected;
                self.redirect_url = notice.redirect_url.clone().or_else(|| self.redirect_url.take());
            }
            Action::End => self.end(),
        }
        self.notices += 1;
        if self.handled.len() == HANDLED_MAX {
            self.handled.pop_front();
        }
        self.handled.push_back(notice.request_id.clone());
        Carried::Done { report: notice.action == Action::Reauthorize }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn device() -> Device {
        Device::new(DeviceSeed { imsi: "460001".into(), name: "w".into(), kind: DeviceKind::Watch, apn: None })
    }

    fn online() -> Device {
        let mut device = device();
        device.attached(201, &json!({"session_id": "s1", "state": "online", "granted_octets": 100}));
        device
    }

    fn notice(id: &str, action: Action) -> Notice {
        Notice { request_id: id.into(), session_id: "s1".into(), action, redirect_url: None }
    }

    #[test]
    fn attaching_is_answered_online_redirected_or_refused() {
        assert_eq!(online().link, Link::Online);
        assert_eq!(online().session.unwrap().granted_octets, Some(100));
        let mut redirected = device();
        redirected.attached(200, &json!({"session_id": "s1", "state": "redirected", "redirect_url": "http://r"}));
        assert_eq!((redirected.link, redirected.redirect_url.as_deref()), (Link::Redirected, Some("http://r")));
        let mut refused = device();
        refused.attached(403, &json!({"reason": "suspended"}));
        assert_eq!((refused.link, refused.reason.as_deref()), (Link::Refused, Some("suspended")));
        assert!(refused.link.is_cut_off());
        let mut failed = device();
        failed.attached(500, &Value::Null);
        assert_eq!((failed.link, failed.reason.as_deref()), (Link::Detached, Some("HTTP 500")));
        failed.attached(200, &json!({"state": "online"}));
        assert!(failed.session.is_none());
    }

    #[test]
    fn a_report_without_an_answer_is_repeated_word_for_word() {
        let mut device = online();
        let report = Report { sequence: 1, used_octets: 10 };
        let first = NextReport { session_id: "s1".into(), report, again: false };
        assert_eq!(device.next_report(10), Some(first.clone()));
        let again = NextReport { again: true, ..first };
        assert_eq!(device.next_report(99), Some(again.clone()));
        device.reported("s1", report, 500, &Value::Null);
        assert_eq!(device.next_report(99), Some(again));
        device.reported("s1", report, 200, &json!({"state": "online", "granted_octets": 90}));
        assert_eq!(device.session.as_ref().unwrap().used_octets, 10);
        assert_eq!(device.next_report(5).unwrap().report, Report { sequence: 2, used_octets: 5 });
    }

    #[test]
    fn a_report_can_end_in_redirection_or_the_end() {
        let mut device = online();
        let NextReport { session_id: id, report, .. } = device.next_report(10).unwrap();
        device.reported(&id, report, 200, &json!({"state": "redirected", "redirect_url": "http://r"}));
        assert_eq!(device.link, Link::Redirected);
        let NextReport { session_id: id, report, .. } = device.next_report(0).unwrap();
        device.reported("another", report, 404, &Value::Null);
        assert_eq!(device.link, Link::Redirected);
        device.reported(&id, report, 404, &Value::Null);
        assert_eq!((device.link, device.session.is_none()), (Link::Ended, true));
        assert!(device.next_report(1).is_none());
    }

    #[test]
    fn notices_change_the_device_once() {
        let mut device = online();
        assert_eq!(device.notice(&notice("n1", Action::Redirect)), Carried::Done { report: false });
        assert_eq!(device.link, Link::Redirected);
        assert_eq!(device.notice(&notice("n2", Action::Reauthorize)), Carried::Done { report: true });
        assert_eq!(device.link, Link::Online);
        assert_eq!(device.notice(&notice("n1", Action::Redirect)), Carried::Again);
        assert_eq!(device.link, Link::Online);
        assert_eq!(device.notice(&notice("n3", Action::End)), Carried::Done { report: false });
        assert_eq!(device.link, Link::Ended);
        assert_eq!(device.notice(&notice("n3", Action::End)), Carried::Again);
        assert_eq!(device.notice(&notice("n4", Action::End)), Carried::NoSession);
        assert_eq!(device.notices, 3);
    }

    #[test]
    fn switching_off_gives_the_session_back() {
        let mut device = online();
        assert_eq!(device.detach().as_deref(), Some("s1"));
        assert_eq!(device.detach(), None);
        assert!(!device.link.is_cut_off());
    }
}
