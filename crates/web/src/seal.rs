//! Small secrets that travel through the browser and back: encrypted and authenticated with a key that follows from the
//! application's, bound to a purpose and a context. Used where a page must carry a number that no address bar and no log
//! may show, and where a form carries an id that only we may choose.

use aws_lc_rs::aead::{AES_256_GCM, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use everline_app::App;
use everline_app::ports::PayerName;
use everline_app::secrets::hex;
use everline_core::ids::{ContributionId, CustomerId, LineId, OrderId, RawId};
use everline_core::time::{DAY_US, HOUR_US, MINUTE_US, SystemTime};

/// How long a guest's link to a number works.
const GUEST_LINK_LIFE_US: i64 = DAY_US;
/// How long WeChat's browser may take to come back.
pub(crate) const WECHAT_ASKED_LIFE_US: i64 = 10 * MINUTE_US;
/// How long a browser keeps who uses it: as long as what was begun for them can be paid.
pub(crate) const WECHAT_PAYER_LIFE_US: i64 = 2 * HOUR_US;

/// The text in a guest's address that stands for a number, for a day.
pub(crate) fn guest_link(app: &App, msisdn: &str) -> Option<String> {
    seal_for(app, "guest number", GUEST_LINK_LIFE_US, msisdn)
}

/// The number that a guest's link stands for; `None` if it is too old or not ours.
pub(crate) fn guest_number(app: &App, link: &str) -> Option<String> {
    open_fresh(app, "guest number", link)
}

/// What WeChat's browser is sent away with to be asked who uses it, and what it keeps meanwhile.
pub(crate) struct Asked {
    /// What it must come back with: 32 hexadecimal digits.
    pub(crate) state: String,
    /// The page of the order that goes on then.
    pub(crate) path: String,
}

/// A new question about the order of a page, and how the browser keeps it.
pub(crate) fn wechat_ask(app: &App, path: &str) -> Option<(Asked, String)> {
    let mut random = [0; STATE_DIGITS / 2];
    let state = app.clock.fill(&mut random).then(|| hex(&random))?;
    let kept = seal_for(app, "wechat asked", WECHAT_ASKED_LIFE_US, &format!("{state}{path}"))?;
    Some((Asked { state, path: path.to_owned() }, kept))
}

/// The question that a browser keeps; `None` if it is too old or not ours.
pub(crate) fn wechat_asked(app: &App, kept: &str) -> Option<Asked> {
    let text = open_fresh(app, "wechat asked", kept)?;
    let (state, path) = text.split_at_checked(STATE_DIGITS)?;
    Some(Asked { state: state.to_owned(), path: path.to_owned() })
}

/// Digits of a state.
const STATE_DIGITS: usize = 32;

/// How WeChat's browser keeps who uses it.
pub(crate) fn wechat_payer(app: &App, payer: &PayerName) -> Option<String> {
    seal_for(app, "wechat payer", WECHAT_PAYER_LIFE_US, payer.reveal())
}

/// Who uses WeChat's browser; `None` if that was told too long ago, or not by us.
pub(crate) fn wechat_payer_kept(app: &App, kept: &str) -> Option<PayerName> {
    PayerName::new(&open_fresh(app, "wechat payer", kept)?)
}

/// A new order id for a form: sending the form twice places one order, and only an id of ours is accepted.
pub(crate) fn order_ticket(app: &App, customer: CustomerId, line: LineId) -> Option<String> {
    seal(app, "order", &format!("{customer}{line}"), &app.clock.id().bytes())
}

/// The order id in a form's ticket.
pub(crate) fn ticket_order(app: &App, customer: CustomerId, line: LineId, ticket: &str) -> Option<OrderId> {
    let plain = open(app, "order", &format!("{customer}{line}"), ticket)?;
    Some(OrderId::from(<[u8; 16]>::try_from(plain).ok()?))
}

/// A new order id for a form that buys an eSIM, whose line is not there yet.
pub(crate) fn esim_ticket(app: &App, customer: CustomerId) -> Option<String> {
    seal(app, "esim order", &customer.to_string(), &app.clock.id().bytes())
}

/// The order id in the ticket of a form that buys an eSIM.
pub(crate) fn ticket_esim(app: &App, customer: CustomerId, ticket: &str) -> Option<OrderId> {
    let plain = open(app, "esim order", &customer.to_string(), ticket)?;
    Some(OrderId::from(<[u8; 16]>::try_from(plain).ok()?))
}

/// A new id for a form that adds a device to a line: sending it twice adds one.
pub(crate) fn companion_ticket(app: &App, line: LineId) -> Option<String> {
    seal(app, "companion", &line.to_string(), &app.clock.id().bytes())
}

/// The id in the ticket of a form that adds a device.
pub(crate) fn ticket_companion(app: &App, line: LineId, ticket: &str) -> Option<RawId> {
    let plain = open(app, "companion", &line.to_string(), ticket)?;
    Some(RawId::from_bytes(<[u8; 16]>::try_from(plain).ok()?))
}

/// A new id for a form by which somebody asks or answers under an offering: sending it twice writes once. `about` is the offering,
/// or the question.
pub(crate) fn contribution_ticket(app: &App, customer: CustomerId, about: &str) -> Option<String> {
    seal(app, "contribution", &format!("{customer}{about}"), &app.clock.id().bytes())
}

/// The id in the ticket of such a form.
pub(crate) fn ticket_contribution(
    app: &App,
    customer: CustomerId,
    about: &str,
    ticket: &str,
) -> Option<ContributionId> {
    let plain = open(app, "contribution", &format!("{customer}{about}"), ticket)?;
    Some(ContributionId(RawId::from_bytes(<[u8; 16]>::try_from(plain).ok()?)))
}

/// The secret link of a guest's order. It follows from the order, so that a repeated form leads to the same page.
pub(crate) fn guest_order_token(app: &App, order: OrderId) -> String {
    hex(&app.secrets.token_hash(&format!("guest order {order}")))
}

fn key(app: &App, purpose: &str) -> Option<LessSafeKey> {
    let key = app.secrets.token_hash(&format!("sealing key: {purpose}"));
    Some(LessSafeKey::new(UnboundKey::new(&AES_256_GCM, &key).ok()?))
}

/// Seals a text that is good for a time.
fn seal_for(app: &App, purpose: &str, life_us: i64, text: &str) -> Option<String> {
    let until = app.clock.now().system.plus_us(life_us).us();
    seal(app, purpose, "", &[&until.to_be_bytes()[..], text.as_bytes()].concat())
}

/// The text, while it is good.
fn open_fresh(app: &App, purpose: &str, sealed: &str) -> Option<String> {
    let plain = open(app, purpose, "", sealed)?;
    let (until, text) = plain.split_first_chunk::<8>()?;
    let fresh = SystemTime::from_us(i64::from_be_bytes(*until)) > app.clock.now().system;
    fresh.then(|| String::from_utf8(text.to_vec()).ok()).flatten()
}

fn seal(app: &App, purpose: &str, context: &str, plain: &[u8]) -> Option<String> {
    let mut nonce = [0; NONCE_LEN];
    if !app.clock.fill(&mut nonce) {
        return None;
    }
    let mut body = plain.to_vec();
    let aad = Aad::from(context.as_bytes());
    key(app, purpose)?.seal_in_place_append_tag(Nonce::assume_unique_for_key(nonce), aad, &mut body).ok()?;
    Some(URL_SAFE_NO_PAD.encode([&nonce[..], &body].concat()))
}

fn open(app: &App, purpose: &str, context: &str, sealed: &str) -> Option<Vec<u8>> {
    let bytes = URL_SAFE_NO_PAD.decode(sealed).ok()?;
    let (nonce, body) = bytes.split_first_chunk::<NONCE_LEN>()?;
    let mut body = body.to_vec();
    let aad = Aad::from(context.as_bytes());
    let plain = key(app, purpose)?.open_in_place(Nonce::assume_unique_for_key(*nonce), aad, &mut body).ok()?;
    Some(plain.to_vec())
}
