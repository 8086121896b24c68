//! The panels of the page, each rendered on its own so that it can be kept fresh. The payer's is in [`super::payer`].

use super::Texts;
use crate::{
    World, cards,
    devices::state::{Device, DeviceKind, Link, Misbehaviour},
    gateway::{
        faults::{AnswerFaultKind, NotifyFaults},
        notify::{Delivery, DeliveryState, Outcome},
        wechat,
    },
    net::lock,
    sms::{Fault, Sms},
    time as clock,
    upstream::{Activation, Mode, Status},
};
use askama::Template;
use wire_pay::alipay::{format_time, method};

/// Up to so many devices are shown open.
const OPEN_DEVICES_MAX: usize = 12;
/// The ways a device can behave.
const MISBEHAVIOURS: [&str; 5] = ["none", "withhold_answer503", "withhold_hang", "vanished", "vanished_hang"];
/// A group with more devices than this is folded, unless it is cut off.
const OPEN_GROUP_MAX: usize = 24;

pub(super) fn rendered(template: &impl Template) -> String {
    template.render().unwrap_or_default()
}

/// One option of a choice.
struct Choice {
    value: &'static str,
    chosen: bool,
}

fn choices(all: &[&'static str], now: &str) -> Vec<Choice> {
    all.iter().map(|&value| Choice { value, chosen: value == now }).collect()
}

pub(super) fn when(us: i64) -> String {
    format_time(us / 1_000_000)
}

#[derive(Template)]
#[template(path = "time.html")]
struct Time<'a> {
    t: &'a Texts,
    now: Option<String>,
}

pub(super) async fn time(world: &World, t: &Texts) -> String {
    let now = clock::read(world).await.ok().map(when);
    rendered(&Time { t, now })
}

struct Bubble {
    to: String,
    at: String,
    template: String,
    parts: Vec<Part>,
}

/// A piece of a message; a link if `url`.
#[derive(Debug, PartialEq, Eq)]
struct Part {
    text: String,
    url: bool,
}

#[derive(Template)]
#[template(path = "inbox.html")]
struct Inbox<'a> {
    t: &'a Texts,
    recent: Vec<Bubble>,
    older: Vec<Bubble>,
}

pub(super) fn inbox(world: &World, t: &Texts) -> String {
    let inbox = lock(&world.sms.inbox);
    let mut bubbles = inbox.newest_first(None).take(200).map(bubble);
    let recent = bubbles.by_ref().take(20).collect();
    rendered(&Inbox { t, recent, older: bubbles.collect() })
}

/// The numbers that messages went to, the newest first.
pub(super) fn numbers(world: &World) -> Vec<String> {
    let inbox = lock(&world.sms.inbox);
    let mut numbers: Vec<String> = Vec::new();
    for to in inbox.newest_first(None).map(|sms| &sms.to).filter(|to| to.bytes().all(|byte| byte.is_ascii_digit())) {
        if !numbers.contains(to) {
            numbers.push(to.clone());
        }
    }
    numbers
}

fn bubble(sms: &Sms) -> Bubble {
    Bubble { to: sms.to.clone(), at: when(sms.at_us), template: sms.template.clone(), parts: parts(&sms.text) }
}

/// Cuts a text into links and what is between them. A link ends at a space, at anything outside of ASCII, and before
/// closing punctuation.
fn parts(text: &str) -> Vec<Part> {
    let mut parts = Vec::new();
    let mut rest = text;
    while let Some(at) = ["http://", "https://"].iter().filter_map(|scheme| rest.find(scheme)).min() {
        let (before, link) = rest.split_at(at);
        let ends = |c: char| c.is_whitespace() || !c.is_ascii() || matches!(c, '"' | '\'' | '<' | '>');
        let (link, after) = link.split_at(link.find(ends).unwrap_or(link.len()));
        let url = link.trim_end_matches(['.', ',', ';', ':', '!', '?', ')', ']']);
        if !before.is_empty() {
            parts.push(Part { text: before.to_owned(), url: false });
        }
        parts.push(Part { text: url.to_owned(), url: true });
        let tail = link.get(url.len()..).unwrap_or_default();
        if !tail.is_empty() {
            parts.push(Part { text: tail.to_owned(), url: false });
        }
        rest = after;
    }
    if !rest.is_empty() {
        parts.push(Part { text: rest.to_owned(), url: false });
    }
    parts
}

struct DeviceCard {
    imsi: String,
    name: String,
    kind_name: &'static str,
    kind: &'static str,
    link: &'static str,
    tone: &'static str,
    vanished: bool,
    online: bool,
    attached: bool,
    used: String,
    granted: String,
    reason: Option<String>,
    redirect_url: Option<String>,
    misbehaviours: Vec<Choice>,
}

struct Count {
    key: &'static str,
    tone: &'static str,
    devices: usize,
}

struct Group {
    key: &'static str,
    tone: &'static str,
    open: bool,
    devices: Vec<DeviceCard>,
}

#[derive(Template)]
#[template(path = "devices.html")]
struct Devices<'a> {
    t: &'a Texts,
    /// How many there are of each group.
    counts: Vec<Count>,
    groups: Vec<Group>,
    open_cards: bool,
}

pub(super) fn devices(world: &World, t: &Texts) -> String {
    let devices = world.devices.snapshot();
    let open_cards = devices.len() <= OPEN_DEVICES_MAX;
    let mut groups: Vec<Group> =
        [("group-cut-off", "bad"), ("group-vanished", "warn"), ("group-online", "good"), ("group-detached", "quiet")]
            .into_iter()
            .map(|(key, tone)| Group { key, tone, open: false, devices: Vec::new() })
            .collect();
    for device in &devices {
        let key = group_key(device);
        if let Some(group) = groups.iter_mut().find(|group| group.key == key) {
            group.devices.push(device_card(device));
        }
    }
    for group in &mut groups {
        group.open = group.key == "group-cut-off" || group.devices.len() <= OPEN_GROUP_MAX;
    }
    groups.retain(|group| !group.devices.is_empty());
    let count = |group: &Group| Count { key: group.key, tone: group.tone, devices: group.devices.len() };
    let counts = groups.iter().map(count).collect();
    if open_cards {
        // A few devices need no groups, only the order.
        let devices = groups.drain(..).flat_map(|group| group.devices).collect::<Vec<_>>();
        if !devices.is_empty() {
            groups.push(Group { key: "group-all", tone: "quiet", open: true, devices });
        }
    }
    rendered(&Devices { t, counts, groups, open_cards })
}

fn group_key(device: &Device) -> &'static str {
    match device.link {
        _ if device.misbehaviour.is_vanished() => "group-vanished",
        link if link.is_cut_off() => "group-cut-off",
        _ if device.misbehaviour != Misbehaviour::None => "group-vanished",
        Link::Online => "group-online",
        _ => "group-detached",
    }
}

fn device_card(device: &Device) -> DeviceCard {
    let (kind_name, kind) = match device.seed.kind {
        DeviceKind::Watch => ("watch", "device-kind-watch"),
        DeviceKind::Phone => ("phone", "device-kind-phone"),
        DeviceKind::Router => ("router", "device-kind-router"),
        DeviceKind::Tracker => ("tracker", "device-kind-tracker"),
    };
    let vanished = device.misbehaviour.is_vanished();
    let (link, tone) = match device.link {
        _ if vanished => ("link-vanished", "warn"),
        Link::Detached => ("link-detached", "quiet"),
        Link::Online => ("link-online", "good"),
        Link::Redirected => ("link-redirected", "bad"),
        Link::Refused => ("link-refused", "bad"),
        Link::Ended => ("link-ended", "bad"),
    };
    let misbehaviour = match device.misbehaviour {
        Misbehaviour::None => "none",
        Misbehaviour::WithholdAnswer503 => "withhold_answer503",
        Misbehaviour::WithholdHang => "withhold_hang",
        Misbehaviour::Vanished => "vanished",
        Misbehaviour::VanishedHang => "vanished_hang",
    };
    let session = device.session.as_ref();
    DeviceCard {
        imsi: device.seed.imsi.clone(),
        name: device.seed.name.clone(),
        kind_name,
        kind,
        link,
        tone,
        vanished,
        online: device.link == Link::Online,
        attached: session.is_some(),
        used: size(session.map_or(0, |session| session.used_octets)),
        granted: session.and_then(|session| session.granted_octets).map_or_else(|| "–".to_owned(), size),
        reason: device.reason.clone(),
        redirect_url: device.redirect_url.clone().filter(|url| url.starts_with("http")),
        misbehaviours: choices(&MISBEHAVIOURS, misbehaviour),
    }
}

/// Octets in kB or MB (powers of ten), rounded down.
fn size(octets: u64) -> String {
    match octets {
        0..1_000 => format!("{octets} B"),
        1_000..1_000_000 => format!("{} kB", octets / 1_000),
        _ => format!("{}.{} MB", octets / 1_000_000, octets / 100_000 % 10),
    }
}

#[derive(Template)]
#[template(path = "faults.html")]
struct Faults<'a> {
    t: &'a Texts,
    notify: NotifyFaults,
    methods: Vec<Choice>,
    answers: Vec<Choice>,
    mode: &'static str,
    modes: Vec<Choice>,
    next_modes: Vec<&'static str>,
    sms: Vec<Choice>,
}

pub(super) fn faults(world: &World, t: &Texts) -> String {
    let gateway = lock(&world.payments.faults).clone();
    let modes = lock(&world.upstream.modes).clone();
    let sms = match *lock(&world.sms.fault) {
        Fault::None => "none",
        Fault::Refuse => "refuse",
        Fault::Drop => "drop",
        Fault::LoseAnswer => "lose_answer",
        Fault::Unavailable => "unavailable",
        Fault::Slow(_) => "slow",
    };
    let rule = gateway.answers.first();
    let mode = mode_name(&modes.standing);
    rendered(&Faults {
        t,
        notify: gateway.notify.clone(),
        methods: choices(&METHODS, rule.map_or("*", |rule| rule.method.as_str())),
        answers: choices(&ANSWERS, rule.map_or("none", |rule| answer_name(rule.kind))),
        mode,
        modes: choices(&MODES, mode),
        next_modes: modes.next.iter().map(mode_name).collect(),
        sms: choices(&SMS_FAULTS, sms),
    })
}

const METHODS: [&str; 21] = [
    method::PRECREATE,
    method::WAP_PAY,
    method::PAGE_PAY,
    method::QUERY,
    method::CLOSE,
    method::REFUND,
    method::REFUND_QUERY,
    method::BILL_DOWNLOAD_URL,
    wechat::PREPAY,
    wechat::QUERY,
    wechat::CLOSE,
    wechat::REFUND,
    wechat::REFUND_QUERY,
    wechat::CERTIFICATES,
    wechat::jsapi::OAUTH,
    cards::CREATE,
    cards::GET,
    cards::EXPIRE,
    cards::REFUND,
    cards::REFUNDS,
    cards::DEBIT,
];
const ANSWERS: [&str; 7] = ["none", "slow", "close_after", "close_before", "bad_signature", "http_500", "system_error"];
const MODES: [&str; 6] = ["accept", "delay", "refuse", "lose_answer", "submitted", "unavailable"];
const SMS_FAULTS: [&str; 6] = ["none", "refuse", "drop", "lose_answer", "unavailable", "slow"];

fn answer_name(kind: AnswerFaultKind) -> &'static str {
    match kind {
        AnswerFaultKind::Slow(_) => "slow",
        AnswerFaultKind::CloseAfter => "close_after",
        AnswerFaultKind::CloseBefore => "close_before",
        AnswerFaultKind::BadSignature => "bad_signature",
        AnswerFaultKind::Http500 => "http_500",
        AnswerFaultKind::SystemError => "system_error",
    }
}

fn mode_name(mode: &Mode) -> &'static str {
    match mode {
        Mode::Accept => "accept",
        Mode::Delay(_) => "delay",
        Mode::Refuse(_) => "refuse",
        Mode::LoseAnswer => "lose_answer",
        Mode::Submitted => "submitted",
        Mode::Unavailable => "unavailable",
    }
}

struct ActivationRow {
    request_id: String,
    number: String,
    plan: String,
    status: &'static str,
    tone: &'static str,
    open: bool,
}

struct DeliveryRow {
    notify_id: String,
    out_trade_no: String,
    trade_status: String,
    state: &'static str,
    tone: &'static str,
    tries: usize,
    last: String,
    faults: String,
}

#[derive(Template)]
#[template(path = "events.html")]
struct Events<'a> {
    t: &'a Texts,
    activations: Vec<ActivationRow>,
    deliveries: Vec<DeliveryRow>,
}

pub(super) fn events(world: &World, t: &Texts) -> String {
    let mut activations: Vec<ActivationRow> =
        lock(&world.upstream.activations).newest_first().take(50).map(activation_row).collect();
    // What waits for a person comes first.
    activations.sort_by_key(|row| !row.open);
    activations.truncate(20);
    let deliveries = lock(&world.payments.log).newest_first().take(20).map(delivery_row).collect();
    rendered(&Events { t, activations, deliveries })
}

fn activation_row(activation: &Activation) -> ActivationRow {
    let text =
        |name: &str| activation.request.get(name).and_then(serde_json::Value::as_str).unwrap_or_default().to_owned();
    let (status, tone) = match activation.status {
        Status::Submitted => ("status-submitted", "warn"),
        Status::Completed => ("status-completed", "good"),
        Status::Refused => ("status-refused", "bad"),
    };
    ActivationRow {
        request_id: activation.request_id.clone(),
        number: text("msisdn"),
        plan: text("plan_code"),
        status,
        tone,
        open: activation.status == Status::Submitted,
    }
}

fn delivery_row(delivery: &Delivery) -> DeliveryRow {
    let (state, tone) = match delivery.state {
        DeliveryState::Trying => ("delivery-trying", "warn"),
        DeliveryState::Acknowledged => ("delivery-acknowledged", "good"),
        DeliveryState::GivenUp => ("delivery-given_up", "bad"),
    };
    let last = delivery.attempts.last();
    DeliveryRow {
        notify_id: delivery.notify_id.clone(),
        out_trade_no: delivery.out_trade_no.clone(),
        trade_status: delivery.trade_status.clone(),
        state,
        tone,
        tries: delivery.attempts.len(),
        last: last.map_or_else(String::new, |attempt| match &attempt.outcome {
            Outcome::Acknowledged => "success".to_owned(),
            Outcome::Answered { status, body } => format!("{status} {body}").chars().take(60).collect(),
            Outcome::NoAnswer { reason } => reason.clone(),
            Outcome::Dropped => "–".to_owned(),
        }),
        faults: last.map_or_else(String::new, |attempt| attempt.faults.join(", ")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn links_in_messages_are_cut_out() {
        let part = |text: &str, url| Part { text: text.to_owned(), url };
        assert_eq!(
            parts("续费：http://127.0.0.1:8080/r/abc?x=1。验证码123456, see https://e.test/a_(b)."),
            [
                part("续费：", false),
                part("http://127.0.0.1:8080/r/abc?x=1", true),
                part("。验证码123456, see ", false),
                part("https://e.test/a_(b", true),
                part(").", false),
            ]
        );
        assert_eq!(parts("no link"), [part("no link", false)]);
        assert_eq!(parts("http://a http://b"), [part("http://a", true), part(" ", false), part("http://b", true)]);
        assert_eq!(parts(""), []);
    }

    #[test]
    fn every_choice_has_a_text() {
        let t = crate::view::Lang::Chinese.texts();
        for (prefix, names) in [
            ("misbehaviour", &MISBEHAVIOURS[..]),
            ("answer", &ANSWERS[..]),
            ("mode", &MODES[..]),
            ("sms", &SMS_FAULTS[..]),
        ] {
            for name in names {
                assert!(t.known(&format!("{prefix}-{name}")).is_some(), "{prefix}-{name}");
            }
        }
    }

    #[test]
    fn sizes_are_short() {
        assert_eq!(
            [0, 999, 1_000, 999_999, 1_000_000, 12_345_678].map(size),
            ["0 B", "999 B", "1 kB", "999 kB", "1.0 MB", "12.3 MB"]
        );
    }
}
