//! What WeChat Pay tells the merchant unasked. A notice is sealed and signed anew at every try, under the same id.

use super::{Gateway, Identity, keys::nonce, refund_of, transaction};
use crate::{
    gateway::{
        faults::NotifyFaults,
        trade::{Event, Trade},
    },
    net::Content,
    random_hex,
};
use wire_pay::{
    Fen,
    wechat::{Error, Event as Told, Notice, RefundNotice, RefundStatus},
};

/// The notice about `event`, and its event type; `None` about a close, which is not told.
pub(crate) fn of(
    identity: &Identity,
    trade: &Trade,
    event: &Event,
    notify_id: &str,
    now_us: i64,
) -> Option<(Notice, &'static str)> {
    let (summary, event_type, event) = match event {
        Event::Paid => ("支付成功", "TRANSACTION.SUCCESS", Told::Paid(transaction(identity, trade))),
        Event::Refunded(refund) => {
            let place = trade.refunds.iter().position(|known| known == refund)?;
            let refund = refund_of(trade, place, RefundStatus::Success)?;
            ("退款成功", "REFUND.SUCCESS", Told::Refund(RefundNotice { mchid: identity.mchid.clone(), refund }))
        }
        Event::Closed => return None,
    };
    let notice =
        Notice { id: notify_id.to_owned(), create_unix_s: now_us / 1_000_000, summary: summary.to_owned(), event };
    Some((notice, event_type))
}

/// `notice` as it is sent: with the faults, sealed and signed.
///
/// # Errors
/// [`wire_pay::Error::Crypto`].
pub(crate) fn signed(gateway: &Gateway, notice: &Notice, faults: &NotifyFaults, now_us: i64) -> Result<Content, Error> {
    let mut notice = notice.clone();
    spoil(&mut notice.event, faults);
    let json = notice.seal(&nonce()?, &gateway.keys.api_key)?;
    let (signer, now_s, text) = (gateway.keys.now(), now_us / 1_000_000, random_hex(16)?);
    let headers = if faults.probe {
        signer.probe(json.as_bytes(), now_s, &text)?.into()
    } else {
        let signed = if faults.forge { b"something else" } else { json.as_bytes() };
        let signature = signer.sign(signed, now_s, &text)?;
        signature.headers().map(|(name, value)| (name, value.to_owned())).into()
    };
    Ok(Content::Signed { headers, json })
}

fn spoil(event: &mut Told, faults: &NotifyFaults) {
    let other = |amount: Fen| Fen::new(1).and_then(|one| amount.checked_add(one)).unwrap_or(Fen::ZERO);
    match event {
        Told::Paid(paid) => {
            if faults.wrong_amount {
                paid.total = paid.total.map(other);
                paid.payer_total = paid.total;
            }
            if faults.wrong_seller {
                paid.mchid = "1900000000".to_owned();
            }
            if faults.wrong_app {
                paid.appid = "wx0000000000000000".to_owned();
            }
        }
        Told::Refund(told) => {
            if faults.wrong_amount {
                told.refund.refund = other(told.refund.refund);
            }
            if faults.wrong_seller {
                told.mchid = "1900000000".to_owned();
            }
        }
        Told::Other { .. } => {}
    }
}
