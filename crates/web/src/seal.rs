//! Small secrets that travel through the browser and back: encrypted and authenticated with a key that follows from the
//! application's, bound to a purpose and a context. Used where a page must carry a number that no address bar and no log
//! may show, and where a form carries an id that only we may choose.

use aws_lc_rs::aead::{AES_256_GCM, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use everline_app::App;
use everline_app::secrets::hex;
use everline_core::ids::{CustomerId, LineId, OrderId};
use everline_core::time::{DAY_US, SystemTime};

/// How long a guest's link to a number works.
const GUEST_LINK_LIFE_US: i64 = DAY_US;

/// The text in a guest's address that stands for a number, for a day.
pub(crate) fn guest_link(app: &App, msisdn: &str) -> Option<String> {
    let until = app.clock.now().system.plus_us(GUEST_LINK_LIFE_US).us();
    seal(app, "guest number", "", &[&until.to_be_bytes()[..], msisdn.as_bytes()].concat())
}

/// The number that a guest's link stands for; `None` if it is too old or not ours.
pub(crate) fn guest_number(app: &App, link: &str) -> Option<String> {
    let plain = open(app, "guest number", "", link)?;
    let (until, msisdn) = plain.split_first_chunk::<8>()?;
    let fresh = SystemTime::from_us(i64::from_be_bytes(*until)) > app.clock.now().system;
    fresh.then(|| String::from_utf8(msisdn.to_vec()).ok()).flatten()
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

/// The secret link of a guest's order. It follows from the order, so that a repeated form leads to the same page.
pub(crate) fn guest_order_token(app: &App, order: OrderId) -> String {
    hex(&app.secrets.token_hash(&format!("guest order {order}")))
}

fn key(app: &App, purpose: &str) -> Option<LessSafeKey> {
    let key = app.secrets.token_hash(&format!("sealing key: {purpose}"));
    Some(LessSafeKey::new(UnboundKey::new(&AES_256_GCM, &key).ok()?))
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
