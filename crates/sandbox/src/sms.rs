//! An SMS provider: takes messages for an inbox that people and tests read, and passes on what they write.
//!
//! Owns the inbox and the provider's faults. Idempotent by `message_id`.

use crate::{
    World, authorized,
    net::{Call, Content, NoAnswer, hang_up, lock},
};
use axum::{
    Json, Router,
    body::Bytes,
    extract::{DefaultBodyLimit, Query, State},
    http::{HeaderMap, StatusCode},
    response::{IntoResponse, Response},
    routing::{get, post},
};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use std::{
    collections::{HashMap, VecDeque},
    sync::{Arc, Mutex},
    time::Duration,
};

/// The most messages kept in the inbox.
const INBOX_MAX: usize = 500;
/// The most message numbers remembered.
const SEEN_MAX: usize = 20_000;

/// What the provider does instead of delivering.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Fault {
    /// Delivers.
    #[default]
    None,
    /// Answers that it does not take the message.
    Refuse,
    /// Takes the message, and it never arrives.
    Drop,
    /// Delivers, then closes the connection instead of answering.
    LoseAnswer,
    /// HTTP status 503.
    Unavailable,
    /// Delivers and answers after so many milliseconds.
    Slow(u64),
}

/// One message.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Sms {
    pub(crate) message_id: String,
    pub(crate) to: String,
    pub(crate) template: String,
    pub(crate) language: String,
    pub(crate) text: String,
    #[serde(default)]
    pub(crate) parameters: Value,
    /// When it arrived, unix µs.
    #[serde(default)]
    pub(crate) at_us: i64,
}

/// What becomes of a message.
#[derive(Debug, PartialEq, Eq)]
enum Taken {
    Accepted,
    Refused,
    Conflict,
}

/// The messages that arrived, oldest first.
#[derive(Debug, Default)]
pub(crate) struct Inbox {
    messages: VecDeque<Sms>,
    seen: HashMap<String, Sms>,
    order: VecDeque<String>,
}

impl Inbox {
    /// Newest first, for one number or for all.
    pub(crate) fn newest_first<'a>(&'a self, to: Option<&'a str>) -> impl Iterator<Item = &'a Sms> {
        self.messages.iter().rev().filter(move |sms| to.is_none_or(|to| sms.to == to))
    }

    /// Empties the inbox; numbers stay used.
    pub(crate) fn clear(&mut self) {
        self.messages.clear();
    }

    fn take(&mut self, sms: Sms, fault: Fault) -> Taken {
        if let Some(known) = self.seen.get(&sms.message_id) {
            let same = Sms { at_us: known.at_us, ..sms } == *known;
            return if same { Taken::Accepted } else { Taken::Conflict };
        }
        if fault == Fault::Refuse {
            return Taken::Refused;
        }
        if self.order.len() == SEEN_MAX
            && let Some(oldest) = self.order.pop_front()
        {
            self.seen.remove(&oldest);
        }
        self.order.push_back(sms.message_id.clone());
        self.seen.insert(sms.message_id.clone(), sms.clone());
        if fault != Fault::Drop {
            if self.messages.len() == INBOX_MAX {
                self.messages.pop_front();
            }
            self.messages.push_back(sms);
        }
        Taken::Accepted
    }
}

/// The provider's state.
pub(crate) struct SmsProvider {
    pub(crate) token: String,
    pub(crate) inbox: Mutex<Inbox>,
    pub(crate) fault: Mutex<Fault>,
}

/// The provider's routes.
pub(crate) fn router(world: Arc<World>) -> Router {
    Router::new()
        .route("/sms", post(take))
        .route("/inbox", get(inbox))
        .layer(DefaultBodyLimit::max(16 * 1024))
        .with_state(world)
}

fn refusal(status: StatusCode, reason: &str) -> Response {
    (status, Json(json!({ "accepted": false, "reason": reason }))).into_response()
}

async fn take(State(world): State<Arc<World>>, headers: HeaderMap, body: Bytes) -> Response {
    if !authorized(&headers, &world.sms.token) {
        return refusal(StatusCode::UNAUTHORIZED, "unauthorized");
    }
    let mut sms: Sms = match serde_json::from_slice(&body) {
        Ok(sms) => sms,
        Err(error) => return refusal(StatusCode::BAD_REQUEST, &error.to_string()),
    };
    if sms.message_id.is_empty() || sms.message_id.len() > 128 || sms.to.is_empty() || sms.text.is_empty() {
        return refusal(StatusCode::BAD_REQUEST, "empty message_id, to or text");
    }
    sms.at_us = (world.clock)();
    let fault = *lock(&world.sms.fault);
    if fault == Fault::Unavailable {
        return refusal(StatusCode::SERVICE_UNAVAILABLE, "unavailable");
    }
    let taken = lock(&world.sms.inbox).take(sms, fault);
    match fault {
        Fault::LoseAnswer => return hang_up(),
        Fault::Slow(ms) => drop(world.stop.during(Duration::from_millis(ms)).await),
        _ => {}
    }
    match taken {
        Taken::Accepted => Json(json!({ "accepted": true })).into_response(),
        Taken::Refused => refusal(StatusCode::UNPROCESSABLE_ENTITY, "refused"),
        Taken::Conflict => refusal(StatusCode::CONFLICT, "message_id was used with other content"),
    }
}

/// The operator's number, as people see it.
const OPERATOR: &str = "10690000";
/// The longest message that can be written.
const WRITTEN_CHARS_MAX: usize = 160;
const WRITE_TIME_MAX: Duration = Duration::from_secs(10);

/// Why what somebody wrote did not go to the platform.
#[derive(Debug, thiserror::Error)]
pub(crate) enum WriteError {
    #[error("the platform takes no messages")]
    NotConnected,
    #[error("a number and 1 to 160 characters expected")]
    Malformed,
    #[error("the platform did not answer: {0}")]
    NoAnswer(#[from] NoAnswer),
    #[error("the platform answered {0}")]
    Refused(u16),
}

/// Somebody writes to the operator from a phone.
pub(crate) async fn write(world: &World, from: &str, text: &str) -> Result<(), WriteError> {
    let from: String = from.chars().filter(|c| !c.is_whitespace()).collect();
    let (text, chars) = (text.trim(), text.trim().chars().count());
    let is_number = (3..=15).contains(&from.len()) && from.bytes().all(|byte| byte.is_ascii_digit());
    if !is_number || !(1..=WRITTEN_CHARS_MAX).contains(&chars) {
        return Err(WriteError::Malformed);
    }
    let url = lock(&world.links).messages_url.clone().ok_or(WriteError::NotConnected)?;
    let content = Content::Json(json!({ "from": from, "to": OPERATOR, "text": text }));
    let call = Call { method: http::Method::POST, url: &url, bearer: None, content, time_max: WRITE_TIME_MAX };
    let answer = world.http.call(call).await?;
    if answer.status == 200 { Ok(()) } else { Err(WriteError::Refused(answer.status)) }
}

#[derive(Deserialize)]
pub(crate) struct InboxQuery {
    to: Option<String>,
}

/// The inbox as JSON, newest first.
pub(crate) async fn inbox(State(world): State<Arc<World>>, Query(query): Query<InboxQuery>) -> Response {
    let inbox = lock(&world.sms.inbox);
    let messages: Vec<&Sms> = inbox.newest_first(query.to.as_deref()).collect();
    Json(json!({ "messages": messages })).into_response()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sms(id: &str, to: &str, text: &str) -> Sms {
        Sms {
            message_id: id.into(),
            to: to.into(),
            template: "code".into(),
            language: "zh-CN".into(),
            text: text.into(),
            parameters: json!({}),
            at_us: 1,
        }
    }

    #[test]
    fn a_message_arrives_once() {
        let mut inbox = Inbox::default();
        assert_eq!(inbox.take(sms("m1", "138", "a"), Fault::None), Taken::Accepted);
        let later = Sms { at_us: 2, ..sms("m1", "138", "a") };
        assert_eq!(inbox.take(later, Fault::Refuse), Taken::Accepted);
        assert_eq!(inbox.take(sms("m1", "138", "b"), Fault::None), Taken::Conflict);
        assert_eq!(inbox.newest_first(None).count(), 1);
        inbox.take(sms("m2", "139", "c"), Fault::None);
        assert_eq!(inbox.newest_first(Some("139")).map(|sms| sms.text.as_str()).collect::<Vec<_>>(), ["c"]);
        assert_eq!(inbox.newest_first(None).map(|sms| sms.text.as_str()).collect::<Vec<_>>(), ["c", "a"]);
    }

    #[test]
    fn a_refused_message_can_be_sent_again_and_a_dropped_one_never_arrives() {
        let mut inbox = Inbox::default();
        assert_eq!(inbox.take(sms("m1", "138", "a"), Fault::Refuse), Taken::Refused);
        assert_eq!(inbox.take(sms("m1", "138", "a"), Fault::None), Taken::Accepted);
        assert_eq!(inbox.take(sms("m2", "138", "b"), Fault::Drop), Taken::Accepted);
        assert_eq!(inbox.take(sms("m2", "138", "b"), Fault::None), Taken::Accepted);
        assert_eq!(inbox.newest_first(None).count(), 1);
    }

    #[test]
    fn the_inbox_keeps_the_last_messages() {
        let mut inbox = Inbox::default();
        for n in 0..INBOX_MAX + 3 {
            inbox.take(sms(&format!("m{n}"), "138", &n.to_string()), Fault::None);
        }
        assert_eq!(inbox.newest_first(None).count(), INBOX_MAX);
        assert_eq!(inbox.newest_first(None).next().unwrap().text, "502");
        inbox.clear();
        assert_eq!(inbox.newest_first(None).count(), 0);
        assert_eq!(inbox.take(sms("m1", "138", "other"), Fault::None), Taken::Conflict);
    }
}
