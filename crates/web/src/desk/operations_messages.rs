//! `/desk/operations/messages`: templates as people read them, test messages, and how messages arrive.

use super::customer::told_key;
use super::operations::channel_key;
use super::queue::staff;
use crate::fault::{Answer, Fault};
use crate::frame::{Frame, go, page, page_with};
use crate::portal::account::moment;
use crate::portal::reminders::why_words;
use crate::texts::{Arg, Lang};
use crate::visit::Visit;
use crate::web::Web;
use askama::Template;
use axum::extract::{Query, State};
use everline_app::Problem;
use everline_app::operations::{self as app, HOURS, NewTest};
use everline_app::send_message::templates;
use everline_core::ids::RawId;
use everline_core::message::{Channel, Fate};
use everline_core::staff::Permission;
use serde::Deserialize;

/// Which template is looked at.
#[derive(Deserialize, Default)]
#[serde(default)]
pub(crate) struct Asked {
    template: String,
}

struct Choice {
    value: String,
    label: String,
    here: bool,
}

struct PreviewRow {
    way: String,
    title: Option<String>,
    text: Option<String>,
    /// What the provider calls its own template.
    theirs: Option<String>,
}

struct LanguageRow {
    tag: String,
    name: String,
    ways: Vec<PreviewRow>,
}

struct LogRow {
    way: String,
    /// Each span, with how many were sent, delivered, failed, and not known.
    spans: Vec<(String, [i64; 4])>,
}

struct TestRow {
    way: String,
    to: String,
    template: String,
    state: String,
    who: String,
    when: String,
}

#[derive(Template)]
#[template(path = "desk_operations_messages.html")]
struct Messages {
    p: Frame,
    acts: bool,
    error: Option<String>,
    /// The field that is wrong.
    wrong: &'static str,
    templates: Vec<Choice>,
    template: String,
    template_word: String,
    languages: Vec<LanguageRow>,
    ticket: String,
    to: String,
    ways: Vec<Choice>,
    tags: Vec<Choice>,
    log: Vec<LogRow>,
    uncounted: bool,
    tests: Vec<TestRow>,
}

async fn view(
    web: &Web,
    visit: &Visit,
    template: &str,
    refused: Option<(String, &'static str)>,
) -> Result<Messages, Fault> {
    let member = staff(web, visit).await?;
    let seen = app::messages_view(&web.app, member.id).await?;
    let template = templates().find(|known| *known == template).or_else(|| templates().next()).unwrap_or_default();
    let tags: Vec<&str> = web.languages.iter().map(|lang| lang.tag()).collect();
    let shown = app::template_view(&web.app, member.id, template, &tags).await?;
    let say = |key: &str| visit.lang.get(key);
    let lang_name = |tag: &str| Lang::from_tag(tag).map_or_else(|| tag.to_owned(), |lang| lang.own_name().to_owned());
    let languages = shown.into_iter().map(|language| LanguageRow {
        name: lang_name(&language.language),
        tag: language.language,
        ways: (language.ways.into_iter())
            .map(|(channel, preview)| {
                let (title, text, theirs) = match preview {
                    Some(preview) => (preview.title, Some(preview.text), preview.template),
                    None => (None, None, None),
                };
                PreviewRow { way: say(channel_key(channel)), title, text, theirs }
            })
            .collect(),
    });
    let typed = |name: &str| visit.fields.get(name).to_owned();
    let choice =
        |value: &str, label: String, typed: &str| Choice { value: value.to_owned(), label, here: value == typed };
    let ways = app::channel_ways(&web.app);
    let ticket = Some(typed("ticket")).filter(|ticket| refused.is_some() && ticket.parse::<RawId>().is_ok());
    let (error, wrong) = refused.map_or((None, ""), |(error, wrong)| (Some(error), wrong));
    Ok(Messages {
        acts: member.may(Permission::Operate),
        error,
        wrong,
        templates: templates().map(|name| choice(name, called(visit, name), template)).collect(),
        template: called(visit, template),
        template_word: template.to_owned(),
        languages: languages.collect(),
        ticket: ticket.unwrap_or_else(|| web.app.clock.id().to_string()),
        to: typed("to"),
        ways: ways.iter().map(|way| choice(way.word(), say(channel_key(*way)), &typed("channel"))).collect(),
        tags: tags.iter().map(|tag| choice(tag, lang_name(tag), &typed("language"))).collect(),
        log: (seen.log.iter())
            .map(|(channel, spans)| LogRow {
                way: say(channel_key(*channel)),
                spans: HOURS
                    .iter()
                    .zip(spans)
                    .map(|(hours, fates)| {
                        let of = |fate: Fate| fates.get(&fate).copied().unwrap_or(0);
                        let counts = [fates.values().sum(), of(Fate::Delivered), of(Fate::Failed), of(Fate::Unknown)];
                        (visit.say("ops-last-hours", &[("hours", (*hours).into())]), counts)
                    })
                    .collect(),
            })
            .collect(),
        uncounted: seen.uncounted,
        tests: (seen.tests.iter())
            .map(|(test, who)| {
                let why = test.reason.as_ref().map(|why| format!(" · {}", why_words(visit.lang, why.as_str())));
                let why = why.unwrap_or_default();
                TestRow {
                    way: say(channel_key(test.channel)),
                    to: test.masked.clone(),
                    template: format!("{} · {}", called(visit, &test.template), lang_name(&test.language)),
                    state: format!("{}{why}", say(fate_key(test.fate))),
                    who: who.clone(),
                    when: moment(web, visit, test.sent_at),
                }
            })
            .collect(),
        p: visit.frame(web, say("ops-messages-title")),
    })
}

/// What a template says, and what it is called in files.
fn called(visit: &Visit, template: &str) -> String {
    let key = told_key(template);
    if visit.lang.knows(&key) { format!("{} ({template})", visit.lang.get(&key)) } else { template.to_owned() }
}

const fn fate_key(fate: Fate) -> &'static str {
    match fate {
        Fate::Queued | Fate::Unknown => "ops-fate-unknown",
        Fate::Accepted => "ops-fate-accepted",
        Fate::Delivered => "ops-fate-delivered",
        Fate::Failed => "ops-fate-failed",
    }
}

/// `GET /desk/operations/messages`
pub(crate) async fn messages(State(web): State<Web>, visit: Visit, Query(asked): Query<Asked>) -> Answer {
    page(&view(&web, &visit, &asked.template, None).await?)
}

/// `POST /desk/operations/messages`: a test message goes out.
pub(crate) async fn send(State(web): State<Web>, visit: Visit) -> Answer {
    let by = staff(&web, &visit).await?.id;
    let (template, language) = (visit.fields.get("template"), visit.fields.get("language"));
    let lang = Lang::from_tag(language).unwrap_or(visit.lang);
    let mark = lang.get("ops-test-mark");
    let sent = match Channel::from_word(visit.fields.get("channel")).zip(visit.fields.get("ticket").parse().ok()) {
        Some((channel, id)) => {
            let new = NewTest { id, channel, to: visit.fields.get("to"), template, language: lang.tag(), mark: &mark };
            app::send_test(&web.app, by, new).await
        }
        // Whether somebody may is asked all the same.
        None => {
            let new = NewTest {
                id: web.app.clock.id(),
                channel: Channel::Push,
                to: "",
                template: templates().next().unwrap_or_default(),
                language: lang.tag(),
                mark: &mark,
            };
            app::send_test(&web.app, by, new).await
        }
    };
    let problem = match sent {
        Ok(_) => return Ok(go(&format!("/desk/operations/messages?template={template}#tests"))),
        Err(problem) => problem,
    };
    let refused = match &problem {
        Problem::Invalid { field: "to", .. } => (visit.lang.get("ops-test-to-wrong"), "to"),
        Problem::Invalid { field: "template", .. } => (visit.lang.get("ops-test-no-text"), "template"),
        Problem::Stale => (visit.lang.get("ops-test-stale"), ""),
        Problem::TooMany { retry_after_s } => {
            let minutes = (retry_after_s / 60 + 1).to_string();
            (visit.say("ops-test-too-many", &[("minutes", Arg::Text(&minutes))]), "")
        }
        _ => return Err(problem.into()),
    };
    let mut shown = view(&web, &visit, template, Some(refused)).await?;
    if problem == Problem::Stale {
        shown.ticket = web.app.clock.id().to_string();
    }
    page_with(Fault::from(problem).status(), &shown)
}
