//! `/desk/cases`: what people asked and what the system opened. What is asked for stands in the address, so that each view is a
//! link; what waits is sorted by when it is due.

use super::queue::{me, staff};
use crate::fault::Answer;
use crate::frame::{Frame, counted, page};
use crate::portal::case_shown::{case_number, due_words, priority_key, reason_key, state_key, subject, tone};
use crate::portal::device_form::Choice;
use crate::visit::Visit;
use crate::web::Web;
use askama::Template;
use axum::extract::{Query, State};
use everline_app::support::{Counts, Due, Wanted, counts, queue};
use everline_core::effects::CaseReason;
use everline_core::ids::RawId;
use everline_core::support::{CaseState, Priority};
use everline_core::time::BusinessTime;
use everline_store::tables::case::{Case, Owner, Place, Which};
use serde::Deserialize;

/// Which cases. A word that means nothing asks for nothing.
#[derive(Deserialize, Default, Clone)]
pub(crate) struct Filter {
    #[serde(default)]
    state: String,
    #[serde(default)]
    owner: String,
    #[serde(default)]
    priority: String,
    #[serde(default)]
    due: String,
    #[serde(default)]
    reason: String,
    #[serde(default)]
    after: String,
}

impl Filter {
    fn wanted(&self, me: RawId) -> Wanted {
        let state = CaseState::from_word(&self.state);
        let owner = match self.owner.as_str() {
            "me" => Owner::Member(me),
            "none" => Owner::Nobody,
            other => other.parse().map_or(Owner::Any, Owner::Member),
        };
        Wanted {
            which: Which {
                state: state.filter(|state| *state != CaseState::Solved),
                owner,
                priority: Priority::from_word(&self.priority),
                reason: CaseReason::from_word(&self.reason),
            },
            due: match self.due.as_str() {
                "over" => Some(Due::Over),
                "today" => Some(Due::Today),
                _ => None,
            },
            solved: state == Some(CaseState::Solved),
            after: read_place(&self.after),
        }
    }
    /// The address of these cases, behind a place.
    fn href(&self, after: Option<Place>) -> String {
        let mut query = url::form_urlencoded::Serializer::new(String::new());
        for (name, value) in [
            ("state", &self.state),
            ("owner", &self.owner),
            ("priority", &self.priority),
            ("due", &self.due),
            ("reason", &self.reason),
        ] {
            if !value.is_empty() {
                query.append_pair(name, value);
            }
        }
        if let Some((at, customer, id)) = after {
            query.append_pair("after", &format!("{}.{customer}.{id}", at.us()));
        }
        let query = query.finish();
        if query.is_empty() { "/desk/cases".to_owned() } else { format!("/desk/cases?{query}") }
    }
}

fn read_place(text: &str) -> Option<Place> {
    let mut parts = text.split('.');
    let (at, customer, id) = (parts.next()?, parts.next()?, parts.next()?);
    Some((BusinessTime::from_us(at.parse().ok()?), customer.parse().ok()?, id.parse().ok()?))
}

struct View {
    href: String,
    label: String,
    count: Option<String>,
    here: bool,
}
struct Select {
    name: &'static str,
    label: String,
    choices: Vec<Choice>,
}
struct Row {
    href: String,
    subject: String,
    state: String,
    tone: &'static str,
    /// When it is due, or was solved.
    when: String,
    over: bool,
    facts: String,
}

#[derive(Template)]
#[template(path = "desk_cases.html")]
struct CasesPage {
    p: Frame,
    views: Vec<View>,
    selects: Vec<Select>,
    rows: Vec<Row>,
    next: Option<String>,
    /// Where those who may write the prepared answers.
    prepared: bool,
}

/// The views that people use all day, as links.
fn views(visit: &Visit, filter: &Filter, counts: Counts) -> Vec<View> {
    let none = Filter::default;
    let all = [
        ("case-view-all", none(), None),
        ("case-view-mine", Filter { owner: "me".to_owned(), ..none() }, Some(counts.mine)),
        ("case-view-nobodys", Filter { owner: "none".to_owned(), ..none() }, Some(counts.nobodys)),
        ("case-view-over", Filter { due: "over".to_owned(), ..none() }, Some(counts.over)),
        ("case-view-disputed", Filter { reason: "disputed".to_owned(), ..none() }, Some(counts.disputed)),
        (
            "case-view-paid-not-in-effect",
            Filter { reason: "paid_not_in_effect".to_owned(), ..none() },
            Some(counts.paid_not_in_effect),
        ),
    ];
    let here = Filter { after: String::new(), ..filter.clone() }.href(None);
    let view = |(key, filter, count): (&str, Filter, Option<i64>)| {
        let href = filter.href(None);
        View { here: href == here, href, label: visit.lang.get(key), count: count.map(counted) }
    };
    all.into_iter().map(view).collect()
}

fn selects(visit: &Visit, filter: &Filter) -> Vec<Select> {
    let text = |key: &str| visit.lang.get(key);
    let select = |name, key: &str, now: &str, any: &str, all: Vec<(&str, String)>| {
        let mut choices = vec![Choice { value: String::new(), label: text(any), selected: now.is_empty() }];
        choices.extend(all.into_iter().map(|(value, label)| Choice {
            selected: value == now,
            value: value.to_owned(),
            label,
        }));
        Select { name, label: text(key), choices }
    };
    let states = CaseState::ALL.map(|state| (state.word(), text(state_key(state, true))));
    let mut owners = vec![("me", text("case-owner-me")), ("none", text("case-owner-nobody"))];
    if filter.owner.parse::<RawId>().is_ok() {
        owners.push((filter.owner.as_str(), text("case-owner-colleague")));
    }
    let priorities = Priority::ALL.map(|one| (one.word(), text(priority_key(one))));
    let reasons = CaseReason::ALL.map(|one| (one.word(), text(reason_key(one.word()))));
    let dues = vec![("over", text("case-view-over")), ("today", text("case-due-today"))];
    vec![
        select("state", "line-state", &filter.state, "case-state-all", states.to_vec()),
        select("owner", "case-owner", &filter.owner, "case-any", owners),
        select("priority", "case-priority", &filter.priority, "case-any", priorities.to_vec()),
        select("due", "case-due", &filter.due, "case-any", dues),
        select("reason", "case-reason", &filter.reason, "case-any", reasons.to_vec()),
    ]
}

/// `GET /desk/cases`
pub(crate) async fn list(State(web): State<Web>, visit: Visit, Query(filter): Query<Filter>) -> Answer {
    let member = staff(&web, &visit).await?;
    let by = me(&visit)?;
    let found = queue(&web.app, by, filter.wanted(by)).await?;
    let counts = counts(&web.app, by).await?;
    let show = visit.show(&web);
    let row = |(case, owner): &(Case, Option<String>)| {
        let over = case.solved_at.is_none() && case.due_at <= show.now;
        let subject = subject(&show, &case.subject, &case.reason);
        let reason = visit.lang.get(match case.for_whom {
            everline_core::support::CaseFor::Guest => "case-desk-guest",
            _ => reason_key(&case.reason),
        });
        let owner = owner.clone().unwrap_or_else(|| visit.lang.get("case-owner-nobody"));
        let priority = visit.lang.get(priority_key(case.priority));
        Row {
            href: format!("/desk/cases/{}/{}", case.customer, case.id),
            state: visit.lang.get(if case.merged_into.is_some() {
                "case-desk-merged"
            } else {
                state_key(case.state, true)
            }),
            tone: tone(case.state),
            when: match case.solved_at {
                Some(at) => show.moment(at),
                None => due_words(&show, case.due_at),
            },
            over,
            facts: [case_number(case.id), priority, owner, reason]
                .into_iter()
                .filter(|fact| *fact != subject)
                .collect::<Vec<_>>()
                .join(" · "),
            subject,
        }
    };
    page(&CasesPage {
        views: views(&visit, &filter, counts),
        selects: selects(&visit, &filter),
        rows: found.cases.iter().map(row).collect(),
        next: found.next.map(|place| filter.href(Some(place))),
        prepared: member.may(everline_core::staff::Permission::KeepPrepared),
        p: visit.frame(&web, visit.lang.get("case-desk-title")),
    })
}
