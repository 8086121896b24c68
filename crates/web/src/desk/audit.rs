//! `/desk/audit`: the log of what the staff saw and did, page by page, and as files.

use super::queue::{me, staff};
use crate::fault::{Answer, Fault};
use crate::file::{csv_file, download};
use crate::frame::{Frame, page};
use crate::portal::account::moment;
use crate::visit::Visit;
use crate::web::Web;
use askama::Template;
use axum::extract::{Query, State};
use everline_app::Problem;
use everline_app::audit::{self as app, Filter, Stored};
use everline_app::csv::Csv;
use everline_core::audit::AuditAction;
use everline_core::ids::RawId;
use everline_core::time::{BusinessTime, SystemTime};
use futures_util::{Stream, StreamExt as _, stream};
use serde::Deserialize;

/// Which entries are asked for; what is empty asks for all.
#[derive(Deserialize, Default)]
#[serde(default)]
pub(crate) struct Asked {
    staff: String,
    action: String,
    /// `order`, `case` and so on.
    kind: String,
    subject: String,
    /// Days of the brand's zone, like 2026-03-01.
    from: String,
    to: String,
    before: Option<i64>,
}

struct Choice {
    value: String,
    label: String,
    here: bool,
}

struct Row {
    seq: i64,
    when: String,
    who: String,
    action: String,
    subject: String,
    /// The order's page, where it is about one.
    href: Option<String>,
    reason: String,
    details: String,
}

#[derive(Template)]
#[template(path = "desk_audit.html")]
struct DeskAudit {
    p: Frame,
    rows: Vec<Row>,
    members: Vec<Choice>,
    actions: Vec<Choice>,
    kind: String,
    subject: String,
    from: String,
    to: String,
    next: Option<String>,
}

impl Asked {
    fn filter(&self, web: &Web) -> Result<Filter, Problem> {
        let wrong = |field| Problem::Invalid { field, rule: "unknown" };
        let named = |text: &str| Some(text.trim().to_owned()).filter(|text| !text.is_empty());
        let staff = named(&self.staff).map(|id| id.parse::<RawId>().map_err(|_| wrong("staff"))).transpose()?;
        let action =
            named(&self.action).map(|word| AuditAction::from_word(&word).ok_or(wrong("action"))).transpose()?;
        let day = |text: String, field| {
            let day = text.parse::<jiff::civil::Date>().ok();
            day.and_then(|day| web.app.zone.bounds_us(day)).ok_or(wrong(field))
        };
        let until = named(&self.to).map(|text| day(text, "to")).transpose()?;
        let since = named(&self.from).map(|text| day(text, "from")).transpose()?;
        Ok(Filter {
            staff,
            action,
            subject: named(&self.kind).zip(named(&self.subject)),
            since: since.map(|(begins, _)| SystemTime::from_us(begins)),
            until: until.map(|(_, ends)| SystemTime::from_us(ends)),
        })
    }
    fn address(&self, before: i64) -> String {
        let mut query = url::form_urlencoded::Serializer::new(String::new());
        let all = [
            ("staff", &self.staff),
            ("action", &self.action),
            ("kind", &self.kind),
            ("subject", &self.subject),
            ("from", &self.from),
            ("to", &self.to),
        ];
        all.into_iter().filter(|(_, value)| !value.is_empty()).for_each(|(name, value)| {
            query.append_pair(name, value);
        });
        format!("/desk/audit?{}", query.append_pair("before", &before.to_string()).finish())
    }
}

/// The key of something that was seen or done.
pub(crate) fn action_key(word: &str) -> String {
    format!("act-{}", word.replace(['.', '_'], "-"))
}

/// `GET /desk/audit`
pub(crate) async fn list(State(web): State<Web>, visit: Visit, Query(asked): Query<Asked>) -> Answer {
    staff(&web, &visit).await?;
    let filter = asked.filter(&web)?;
    let found = app::page(&web.app, me(&visit)?, filter, asked.before.unwrap_or(i64::MAX)).await?;
    let name = |entry: &Stored| match entry.staff {
        Some(id) => found
            .members
            .iter()
            .find(|(known, _)| *known == id)
            .map_or_else(|| id.to_string(), |(_, name)| name.clone()),
        None => entry.actor.clone(),
    };
    let rows = found.entries.iter().map(|entry| Row {
        seq: entry.seq,
        when: moment(&web, &visit, entry.at),
        who: name(entry),
        action: visit.lang.get(&action_key(&entry.action)),
        subject: format!("{} {}", entry.subject_kind, entry.subject_id),
        href: (entry.subject_kind == "order").then(|| format!("/desk/orders/{}", entry.subject_id)),
        reason: entry.reason.clone().unwrap_or_default(),
        details: if entry.details == "{}" { String::new() } else { entry.details.clone() },
    });
    let members = found.members.iter().map(|(id, name)| Choice {
        value: id.to_string(),
        label: name.clone(),
        here: asked.staff == id.to_string(),
    });
    let actions = AuditAction::ALL.iter().map(|action| Choice {
        value: action.word().to_owned(),
        label: visit.lang.get(&action_key(action.word())),
        here: asked.action == action.word(),
    });
    page(&DeskAudit {
        rows: rows.collect(),
        members: members.collect(),
        actions: actions.collect(),
        next: found.next.map(|before| asked.address(before)),
        kind: asked.kind.clone(),
        subject: asked.subject.clone(),
        from: asked.from.clone(),
        to: asked.to.clone(),
        p: visit.frame(&web, visit.lang.get("desk-audit-title")),
    })
}

/// All entries in their order, a part at a time, each written by `write`.
fn parts(web: Web, write: fn(&[Stored]) -> String) -> impl Stream<Item = Result<String, Fault>> + Send + 'static {
    stream::unfold((web, Some(0)), move |(web, after)| async move {
        Some(match app::entries(&web.app.store, after?).await {
            Ok(entries) => {
                let next = entries.last()?.seq;
                (Ok(write(&entries)), (web, Some(next)))
            }
            Err(problem) => (Err(problem.into()), (web, None)),
        })
    })
}

/// `GET /desk/audit.jsonl`: the whole log, as `everline audit check` reads it.
pub(crate) async fn lines(State(web): State<Web>, visit: Visit) -> Answer {
    app::export(&web.app, me(&visit)?).await?;
    let write = |entries: &[Stored]| entries.iter().map(|entry| app::line(entry) + "\n").collect();
    download("application/jsonl", "audit.jsonl", parts(web, write))
}

/// `GET /desk/audit.csv`: the whole log, for a spreadsheet.
pub(crate) async fn csv(State(web): State<Web>, visit: Visit) -> Answer {
    app::export(&web.app, me(&visit)?).await?;
    let columns = ["seq", "at", "actor", "staff", "action", "subject_kind", "subject", "customer", "reason", "details"];
    let head = Csv::new(&columns).into_text();
    csv_file("audit.csv", stream::iter([Ok(head)]).chain(parts(web, rows)))
}

fn rows(entries: &[Stored]) -> String {
    let mut csv = Csv::rows();
    for entry in entries {
        csv.number(entry.seq);
        csv.cell(&everline_core::time::Zone::utc().rfc3339(BusinessTime::from_us(entry.at.us())));
        csv.cell(&entry.actor);
        csv.cell(&entry.staff.map(|id| id.to_string()).unwrap_or_default());
        csv.cell(&entry.action);
        csv.cell(&entry.subject_kind);
        csv.cell(&entry.subject_id);
        csv.cell(&entry.customer.map(|id| id.to_string()).unwrap_or_default());
        csv.cell(entry.reason.as_deref().unwrap_or_default());
        csv.cell(&entry.details);
        csv.end();
    }
    csv.into_text()
}
