//! Another operator's network, over its wholesale interface: an activation has our number, is asked for once, and is
//! asked about until it is completed or refused.

use crate::Http;
use crate::http::Answer;
use async_trait::async_trait;
use everline_app::ports::{FloatAnswer, NO_PAYMENT, Network, NetworkChange, NetworkReply, NetworkWhat, Probed};
use everline_core::money::{Currency, Money};
use serde::Deserialize;
use serde_json::json;

/// The client.
pub struct Upstream {
    http: Http,
    base: String,
    token: String,
}

#[derive(Deserialize)]
struct Activation {
    request_id: String,
    status: String,
}

impl Upstream {
    /// A client of the interface at `base`.
    #[must_use]
    pub fn new(http: Http, base: String, token: String) -> Self {
        Self { http, base, token }
    }
    /// How far an activation is; `None` when the other side does not know it.
    async fn look(&self, request_id: &str) -> Option<NetworkReply> {
        match self.http.get(&format!("{}/v1/activations/{request_id}", self.base), &self.token).await {
            Ok(answer) if answer.status == 404 => None,
            Ok(answer) => Some(read(&answer, request_id)),
            Err(_) => Some(NetworkReply::Unknown),
        }
    }
}

fn read(answer: &Answer, request_id: &str) -> NetworkReply {
    if !matches!(answer.status, 200..=202) {
        return NetworkReply::Unknown;
    }
    match serde_json::from_slice::<Activation>(&answer.body) {
        Ok(activation) if activation.request_id != request_id => NetworkReply::Unknown,
        Ok(activation) => match activation.status.as_str() {
            "completed" => NetworkReply::Done,
            "submitted" => NetworkReply::Submitted,
            "refused" => NetworkReply::Refused,
            _ => NetworkReply::Unknown,
        },
        Err(_) => NetworkReply::Unknown,
    }
}

/// What is left of what was paid ahead: a decimal text, below zero where the operator gives credit, and an ISO 4217 code.
#[derive(Deserialize)]
struct Balance {
    balance: String,
    currency: Currency,
}
impl Balance {
    fn money(&self) -> Option<Money> {
        let (sign, digits) = match self.balance.strip_prefix('-') {
            Some(digits) => (-1, digits),
            None => (1, self.balance.as_str()),
        };
        let amount = Money::parse(digits, self.currency).ok()?;
        Some(Money::from_micros(sign * amount.micros(), self.currency))
    }
}

#[async_trait]
impl Network for Upstream {
    async fn apply(&self, change: &NetworkChange) -> NetworkReply {
        let NetworkWhat::Activate { iccid, plan_code } = &change.what else { return NetworkReply::Refused };
        if change.repeated
            && let Some(known) = self.look(&change.request_id).await
        {
            return known;
        }
        let body = json!({
            "request_id": change.request_id,
            "msisdn": change.msisdn.as_str(),
            "iccid": iccid.as_str(),
            "plan_code": plan_code,
        });
        match self.http.post_json(&format!("{}/v1/activations", self.base), &self.token, &body).await {
            Ok(answer) => read(&answer, &change.request_id),
            Err(_) => NetworkReply::Unknown,
        }
    }
    async fn float(&self) -> FloatAnswer {
        let answer = match self.http.get(&format!("{}/v1/balance", self.base), &self.token).await {
            Ok(answer) if answer.status == 404 => return FloatAnswer::NotOffered,
            Ok(answer) if answer.status == 200 => answer,
            Ok(_) | Err(_) => return FloatAnswer::Unknown,
        };
        let balance = serde_json::from_slice::<Balance>(&answer.body).ok();
        balance.and_then(|balance| balance.money()).map_or(FloatAnswer::Unknown, FloatAnswer::Left)
    }
    /// Asks about an activation that nobody asked for.
    async fn probe(&self) -> Probed {
        match self.http.get(&format!("{}/v1/activations/{NO_PAYMENT}", self.base), &self.token).await {
            Ok(answer) => Probed::of_status(answer.status),
            Err(_) => Probed::failed("no_answer"),
        }
    }
}
