//! What answers a dispute, in one piece, for staff: what was ordered and agreed to, how it was paid, when it was in effect,
//! what of it was used, and what the customer was told. Numbers of people are masked; nothing of it is kept.

use crate::audit::Act;
use crate::order_page::{find_order, order_page};
use crate::staff::{permitted, see};
use crate::{App, Problem};
use everline_core::audit::AuditAction;
use everline_core::dispute::Dispute;
use everline_core::ids::{CustomerId, LineId, OrderId, RawId};
use everline_core::money::Money;
use everline_core::order::{Order, PlacedBy};
use everline_core::staff::Permission;
use everline_core::time::{BusinessTime, SystemTime};
use everline_store::tables::{dispute, message, usage};
use everline_store::{Stop, Tx, Work};
use serde_json::{Value, json};

/// Everything about an order that a bank may ask for, for a member of the staff; that they took it is written down.
///
/// # Errors
/// [`Problem::NotFound`] if no order has this number; [`Problem::NotAllowed`]
pub async fn evidence_bundle(app: &App, number: &str, by: RawId) -> Result<Value, Problem> {
    permitted(app, by, Permission::TakeEvidence).await?;
    let (customer, id) = find_order(app, number).await?.ok_or(Problem::NotFound("order"))?;
    let view = order_page(app, customer, id).await?;
    let act = Act::by(by, AuditAction::EvidenceTaken, ("order", number)).of(customer).at(view.order.line);
    see(app, by, Permission::TakeEvidence, act).await?;
    let more = app.store.read(ReadMore { customer, line: view.order.line, order: id }).await?;
    let zone = &app.zone;
    let at = |at: Option<BusinessTime>| at.map(|at| zone.rfc3339(at));
    let system = |at: Option<SystemTime>| at.map(|at| zone.rfc3339(BusinessTime::from_us(at.us())));
    let order = &view.order;
    let placed_by = match order.placed_by {
        PlacedBy::Owner => "owner",
        PlacedBy::Guest => "guest",
        PlacedBy::MovedIn => "moved_in",
        PlacedBy::AutoRenew => "auto_renew",
    };
    let payments = view.attempts.iter().map(|attempt| {
        json!({
            "method": attempt.method.word(), "state": attempt.state.word(), "our_number": attempt.out_trade_no,
            "providers_number": attempt.trade_no, "amount": money(attempt.amount),
            "started_at": system(Some(attempt.created_at)), "paid_at": system(attempt.paid_at),
        })
    });
    let refunds = view.refunds.iter().map(|refund| {
        json!({ "amount": money(refund.amount), "reason": refund.reason.word(), "state": refund.state.word(),
            "started_at": at(Some(refund.started_at)) })
    });
    let disputes = more.disputes.iter().map(|dispute| {
        json!({ "providers_name": dispute.reference, "reason": dispute.reason, "amount": money(dispute.amount),
            "state": dispute.state.word(), "opened_at": at(Some(dispute.opened_at)),
            "evidence_until": system(dispute.due_by), "closed_at": at(dispute.closed_at) })
    });
    // What was used while what was bought ran; without an end, since it began.
    let runs = |used: &BusinessTime| {
        order.starts_at.is_some_and(|start| *used >= start) && order.ends_at.is_none_or(|end| *used < end)
    };
    let usage = more
        .usage
        .iter()
        .filter(|(_, _, used)| runs(used))
        .map(|(unit, charged, used)| json!({ "unit": unit, "charged": charged, "at": at(Some(*used)) }));
    let messages = more.messages.iter().map(|(kind, channel, fate, sent)| {
        json!({ "kind": kind.word(), "channel": channel.word(), "fate": fate.word(), "sent_at": system(Some(*sent)) })
    });
    let receipt = view.receipt.as_ref();
    Ok(json!({
        "format": 1,
        "order": {
            "number": order.number, "placed_by": placed_by, "placed_at": at(Some(order.placed_at)),
            "offering": order.offering.to_string(), "offering_name": view.offering.name.0, "price": money(order.price),
            "state": order.state.word(), "line": view.line.msisdn.masked(),
        },
        "terms": { "version": order.terms_version, "accepted_with_the_order_at": at(Some(order.placed_at)),
            "refund_rule": view.offering.refund },
        "payments": payments.collect::<Vec<_>>(),
        "receipt": receipt.map(|receipt| json!({ "number": receipt.number, "issued_at": at(Some(receipt.issued_at)) })),
        "activation": {
            "paid_at": at(order.paid_at), "delivered_at": at(order.delivered_at), "in_effect_at": at(order.in_effect_at),
            "starts_at": at(order.starts_at), "ends_at": at(order.ends_at),
        },
        "usage": usage.collect::<Vec<_>>(),
        "messages": messages.collect::<Vec<_>>(),
        "refunds": refunds.collect::<Vec<_>>(),
        "disputes": disputes.collect::<Vec<_>>(),
        "written_at": at(Some(app.clock.now().business)),
        "brand": app.brand.legal_name.0,
    }))
}

/// The same as lines of text, for a form that takes no files.
#[must_use]
pub fn as_text(bundle: &Value) -> String {
    let mut text = String::new();
    lines("", bundle, &mut text);
    text
}

fn lines(path: &str, value: &Value, text: &mut String) {
    match value {
        Value::Object(fields) => {
            for (name, value) in fields {
                let path = if path.is_empty() { name.clone() } else { format!("{path}.{name}") };
                lines(&path, value, text);
            }
        }
        Value::Array(all) => {
            for (at, value) in all.iter().enumerate() {
                lines(&format!("{path}[{}]", at + 1), value, text);
            }
        }
        Value::Null => {}
        Value::String(plain) => text.push_str(&format!("{path}: {plain}\n")),
        other => text.push_str(&format!("{path}: {other}\n")),
    }
}

fn money(amount: Money) -> Value {
    json!({ "amount": amount.decimal(), "currency": amount.currency().code() })
}

/// The disputes of an order, whatever they are.
pub async fn disputes_of(app: &App, order: &Order) -> Result<Vec<Dispute>, Problem> {
    let more = ReadMore { customer: order.customer, line: order.line, order: order.id };
    Ok(app.store.read(OnlyDisputes(more)).await?)
}

struct More {
    disputes: Vec<Dispute>,
    usage: Vec<(String, i64, BusinessTime)>,
    messages: Vec<message::Told>,
}
struct ReadMore {
    customer: CustomerId,
    line: LineId,
    order: OrderId,
}
impl Work for ReadMore {
    const NAME: &'static str = "evidence_bundle";
    type Out = More;
    type Refusal = Problem;
    async fn run(&self, tx: &mut Tx) -> Result<More, Stop<Problem>> {
        let disputes = dispute::of_order(tx, self.customer, self.order).await?;
        let usage = usage::of_line(tx, self.customer, self.line, 1_000).await?;
        let messages = message::of_line(tx, self.customer, self.line, 200).await?;
        Ok(More { disputes, usage, messages })
    }
}
struct OnlyDisputes(ReadMore);
impl Work for OnlyDisputes {
    const NAME: &'static str = "disputes_of_order";
    type Out = Vec<Dispute>;
    type Refusal = Problem;
    async fn run(&self, tx: &mut Tx) -> Result<Self::Out, Stop<Problem>> {
        Ok(dispute::of_order(tx, self.0.customer, self.0.order).await?)
    }
}
