//! `/desk/customers/{customer}`: a customer or one of their lines, with everything that happened, newest first. Who it is stays
//! masked.

use super::audit::action_key;
use super::credit::{CreditCard, credit_card};
use super::hand::{LineCard, line_card};
use super::order::Wrong;
use super::queue::{me, staff};
use super::words::{attempt_key, method_key, refund_state_key};
use crate::fault::{Answer, Fault};
use crate::frame::{Frame, go, page, page_with};
use crate::portal::account::event_key;
use crate::portal::case_shown::{case_number, reason_key, state_key as case_state_key};
use crate::portal::device_form::Choice;
use crate::portal::line::line_id;
use crate::portal::line_shown::state_key;
use crate::portal::offering_shown::Term;
use crate::portal::order_shown::{headline, order_number};
use crate::portal::reminders::{fate_words, why_words};
use crate::portal::statement::words as posting_key;
use crate::show::Show;
use crate::texts::Arg;
use crate::visit::Visit;
use crate::web::Web;
use askama::Template;
use axum::extract::{Path, Query, State};
use axum::http::StatusCode;
use everline_app::Problem;
use everline_app::caller::{ask_caller as ask, prove_caller as prove};
use everline_app::lifecycle_command::command_at_desk;
use everline_app::timeline::{Entry, Key, Kind, Ordered, Revealed, Subject, Wanted, What, reveal, timeline};
use everline_core::account::AccountNews;
use everline_core::customer::{CustomerKind, Identity};
use everline_core::ids::{CaseId, CustomerId, LineId};
use everline_core::lifecycle::LifecycleCommand;
use everline_core::line::{LineState, SuspendCause};
use everline_core::money::{Currency, Money};
use everline_core::staff::Permission;
use everline_core::time::BusinessTime;
use everline_store::tables::timeline::Changed;
use serde::Deserialize;

/// What the address asks for. A word that means nothing asks for nothing.
#[derive(Deserialize, Default)]
pub(crate) struct Asked {
    #[serde(default)]
    line: String,
    #[serde(default)]
    kind: String,
    #[serde(default)]
    before: String,
    /// What was done before coming here.
    #[serde(default)]
    done: String,
}

struct Chip {
    href: String,
    label: String,
    here: bool,
}
struct LineRow {
    href: String,
    number: String,
    state: String,
}
struct EntryShown {
    when: String,
    what: String,
    title: String,
    /// Why, in what way, by whom.
    facts: Vec<String>,
    href: Option<String>,
}

#[derive(Template)]
#[template(path = "desk_customer.html")]
struct CustomerPage {
    p: Frame,
    /// The line that is looked at, and the reason that was typed.
    line: String,
    reason: String,
    facts: Vec<Term>,
    lines: Vec<LineRow>,
    more_lines: bool,
    /// The way back to the account, from one of its lines.
    account: Option<String>,
    chips: Vec<Chip>,
    entries: Vec<EntryShown>,
    next: Option<String>,
    /// Where what is masked is asked for, by those who may.
    reveal: Option<String>,
    /// Where a caller is sent a code, by those who act for customers.
    caller: Option<String>,
    /// That the caller proved to be the customer.
    proved: Option<String>,
    did: Did,
    /// What was done before coming here.
    done: Option<String>,
    commands: Option<Commands>,
    credit: Option<CreditCard>,
    hand: Option<LineCard>,
    /// Where a case is opened for a caller.
    new_case: Option<String>,
}

/// The key of a kind of entry.
const fn kind_key(kind: Kind) -> &'static str {
    match kind {
        Kind::Orders => "timeline-orders",
        Kind::Money => "timeline-money",
        Kind::Life => "timeline-life",
        Kind::Usage => "timeline-usage",
        Kind::Messages => "timeline-messages",
        Kind::Account => "timeline-account",
        Kind::Cases => "timeline-cases",
        Kind::Staff => "timeline-staff",
    }
}

/// The place of an entry in an address.
fn read_key(text: &str) -> Option<Key> {
    let (at, id) = text.split_once('.')?;
    Some((at.parse().ok()?, id.parse().ok()?))
}

/// `GET /desk/customers/{customer}`
pub(crate) async fn customer(
    State(web): State<Web>,
    visit: Visit,
    Path(id): Path<String>,
    Query(asked): Query<Asked>,
) -> Answer {
    page(&show_customer(&web, &visit, &id, &asked, Did::default()).await?)
}

/// What was asked on the page before it is shown again.
#[derive(Default)]
pub(super) struct Did {
    revealed: Vec<Term>,
    reveal_error: Option<String>,
    /// The code that a caller was sent.
    request: Option<String>,
    code_error: Option<String>,
    /// Why the line was not commanded.
    command_error: Option<String>,
    /// What of another form cannot be used.
    wrong: Option<Wrong>,
}

impl Did {
    /// What of a form cannot be used; the field is `stale` if the page is.
    pub(super) fn wrong(form: &'static str, field: &'static str, why: String) -> Self {
        Self { wrong: Some(Wrong { form, field, why }), ..Self::default() }
    }
}

/// What can be commanded about the line that is looked at.
struct Commands {
    action: String,
    /// What the page shows of it, so that nobody commands what is otherwise by now.
    state: &'static str,
    since: i64,
    choices: Vec<Choice>,
    /// The reason that was typed.
    reason: String,
}

pub(super) fn id_of(text: &str) -> Result<CustomerId, Problem> {
    text.parse().map(CustomerId).map_err(|_| Problem::NotFound("customer"))
}

/// The page again, with what became of something that was asked on it.
pub(super) async fn again(web: &Web, visit: &Visit, id: &str, status: StatusCode, did: Did) -> Answer {
    let asked = Asked { line: visit.fields.get("line").to_owned(), ..Asked::default() };
    page_with(status, &show_customer(web, visit, id, &asked, did).await?)
}

/// `POST /desk/customers/{customer}/reveal`: what is masked, in the clear, for this one answer.
pub(crate) async fn show_masked(State(web): State<Web>, visit: Visit, Path(id): Path<String>) -> Answer {
    staff(&web, &visit).await?;
    let (status, did) = match reveal(&web.app, me(&visit)?, id_of(&id)?, visit.fields.get("reason")).await {
        Ok(found) => (StatusCode::OK, Did { revealed: revealed(&visit.show(&web), &found), ..Did::default() }),
        Err(problem @ Problem::Invalid { .. }) => {
            let reveal_error = Some(visit.lang.get("desk-reveal-wrong"));
            (Fault::from(problem).status(), Did { reveal_error, ..Did::default() })
        }
        Err(problem) => return Err(problem.into()),
    };
    again(&web, &visit, &id, status, did).await
}

/// `POST /desk/customers/{customer}/caller`: sends a code to whom the caller says to be.
pub(crate) async fn ask_caller(State(web): State<Web>, visit: Visit, Path(id): Path<String>) -> Answer {
    staff(&web, &visit).await?;
    let request = ask(&web.app, me(&visit)?, id_of(&id)?).await?.to_string();
    again(&web, &visit, &id, StatusCode::OK, Did { request: Some(request), ..Did::default() }).await
}

/// `POST /desk/customers/{customer}/caller/code`: what the caller read.
pub(crate) async fn prove_caller(State(web): State<Web>, visit: Visit, Path(id): Path<String>) -> Answer {
    staff(&web, &visit).await?;
    let request = visit.fields.get("request").to_owned();
    let typed = (request.parse().map_err(|_| Problem::CodeGone)?, visit.fields.get("code"));
    let problem = match prove(&web.app, me(&visit)?, id_of(&id)?, typed).await {
        Ok(()) => return Ok(go(&format!("/desk/customers/{id}"))),
        Err(problem) => problem,
    };
    let error = match &problem {
        Problem::Invalid { .. } => "desk-caller-six-digits",
        Problem::CodeWrong { .. } => "desk-caller-wrong",
        Problem::CodeGone => "desk-caller-gone",
        _ => return Err(problem.into()),
    };
    let request = Some(request).filter(|_| problem != Problem::CodeGone);
    let did = Did { request, code_error: Some(visit.lang.get(error)), ..Did::default() };
    again(&web, &visit, &id, Fault::from(problem).status(), did).await
}

fn revealed(show: &Show, found: &Revealed) -> Vec<Term> {
    let term = |key: &str, value: String| Term { label: show.lang.get(key), value };
    let contact = found.contact.as_ref().map(|contact| contact.as_str().to_owned()).unwrap_or_default();
    let mut terms = vec![term("find-name", found.name.clone()), term("desk-contact", contact)];
    terms.extend(found.mailboxes.iter().map(|address| term("desk-mailbox", address.clone())));
    for (number, card) in &found.lines {
        let card = card.as_ref().map(|card| format!(" · {}", card.as_str())).unwrap_or_default();
        terms.push(term("line-number", format!("{}{card}", number.as_str())));
    }
    terms.retain(|term| !term.value.is_empty());
    terms
}

/// The page, with what became of what was asked on it.
async fn show_customer(web: &Web, visit: &Visit, id: &str, asked: &Asked, mut did: Did) -> Result<CustomerPage, Fault> {
    let member = staff(web, visit).await?;
    let id = id_of(id)?;
    let line: Option<LineId> = asked.line.parse().ok();
    let (kind, before) = (Kind::from_word(&asked.kind), read_key(&asked.before));
    let wanted = Wanted { customer: id, line, kind, before };
    let subject = timeline(&web.app, me(visit)?, wanted).await?;
    let show = visit.show(web);
    let base = format!("/desk/customers/{id}");
    let href = |line: Option<LineId>, kind: Option<Kind>, before: Option<Key>| {
        let line = line.map(|line| format!("line={line}"));
        let kind = kind.map(|kind| format!("kind={}", kind.word()));
        let before = before.map(|(at, id)| format!("before={at}.{id}"));
        let query: Vec<String> = [line, kind, before].into_iter().flatten().collect();
        if query.is_empty() { base.clone() } else { format!("{base}?{}", query.join("&")) }
    };
    let there = |kind: &Kind| match kind {
        Kind::Money | Kind::Account => line.is_none(),
        Kind::Life | Kind::Usage | Kind::Messages => subject.with_lines,
        Kind::Orders | Kind::Cases | Kind::Staff => true,
    };
    let all = Chip { href: href(line, None, None), label: show.lang.get("timeline-all"), here: kind.is_none() };
    let one = |of: Kind| Chip {
        href: href(line, Some(of), None),
        label: show.lang.get(kind_key(of)),
        here: kind == Some(of),
    };
    let lines = subject.lines.iter().filter(|_| line.is_none()).map(|one| LineRow {
        href: href(Some(one.id), None, None),
        number: one.msisdn.masked(),
        state: show.lang.get(state_key(one.state)),
    });
    let title = match (line, subject.lines.first()) {
        (Some(_), Some(line)) => visit.say("desk-line-title", &[("name", Arg::Text(&line.msisdn.masked()))]),
        _ => visit.lang.get("desk-customer-title"),
    };
    let acts = member.may(Permission::ActOnLine);
    say_stale(&show, &subject, &mut did);
    let (credit, hand) = match (line, subject.lines.first()) {
        (None, _) => {
            let of = (id, subject.credit);
            (Some(credit_card(web, visit, &member, of, did.wrong.as_ref()).await?), None)
        }
        (Some(_), Some(line)) if acts => {
            let proved = subject.proved_at.is_some();
            (None, line_card(web, visit, (id, line), proved, did.wrong.as_ref()).await?)
        }
        _ => (None, None),
    };
    let proved = subject.proved_at.map(|at| {
        let at = show.moment(BusinessTime::from_us(at.us()));
        visit.say("desk-caller-proved", &[("when", Arg::Text(&at))])
    });
    Ok(CustomerPage {
        reveal: member.may(Permission::Reveal).then(|| format!("{base}/reveal")),
        caller: acts.then(|| format!("{base}/caller")),
        proved,
        commands: commands(visit, &show, &subject, (base.as_str(), &did)).filter(|_| acts && line.is_some()),
        reason: did.reveal_error.as_ref().map(|_| visit.fields.get("reason").to_owned()).unwrap_or_default(),
        done: done_key(&asked.done).map(|key| visit.lang.get(key)),
        credit,
        hand,
        new_case: member.may(Permission::WorkCases).then(|| match line {
            Some(line) => format!("{base}/case?line={line}"),
            None => format!("{base}/case"),
        }),
        did,
        line: asked.line.clone(),
        facts: facts(&show, &subject, line.is_some()),
        lines: lines.collect(),
        more_lines: subject.more_lines,
        account: line.map(|_| base.clone()),
        chips: std::iter::once(all).chain(Kind::ALL.into_iter().filter(there).map(one)).collect(),
        entries: subject
            .entries
            .iter()
            .map(|entry| entry_shown(&show, (web.app.brand.currency, &subject), entry))
            .collect(),
        next: subject.next.map(|key| href(line, kind, Some(key))),
        p: visit.frame(web, title),
    })
}

/// Says of a stale page what it shows otherwise now.
fn say_stale(show: &Show, subject: &Subject, did: &mut Did) {
    let Some(wrong) = did.wrong.as_mut().filter(|wrong| wrong.field == "stale") else { return };
    let line = subject.lines.first().filter(|_| !matches!(wrong.form, "goodwill" | "adjust" | "credit"));
    wrong.why = match line {
        Some(line) => {
            let (state, since) = (show.lang.get(state_key(line.state)), show.moment_in_full(line.state_since));
            show.lang.with("desk-stale-line", &[("name", Arg::Text(&state)), ("when", Arg::Text(&since))])
        }
        None => {
            let [paid, promo] = subject.credit.map(|credit| show.money(credit));
            show.lang.with("desk-stale-credit", &[("paid", Arg::Text(&paid)), ("promo", Arg::Text(&promo))])
        }
    };
    if wrong.form == "command" {
        did.command_error = did.wrong.take().map(|wrong| wrong.why);
    }
}

/// The key of what was done before coming here.
fn done_key(done: &str) -> Option<&'static str> {
    Some(match done {
        "goodwill" => "desk-done-goodwill",
        "adjusted" => "desk-done-adjusted",
        "asked" => "desk-done-asked",
        "decided" => "desk-done-decided",
        "link" => "desk-done-link",
        "card" => "desk-done-card",
        "offered" => "desk-done-offered",
        "withdrawn" => "desk-done-withdrawn",
        _ => return None,
    })
}

/// What fits the state of a line; what ends it is its owner's to ask for.
fn commands(visit: &Visit, show: &Show, subject: &Subject, (base, did): (&str, &Did)) -> Option<Commands> {
    use LifecycleCommand as Ask;
    let line = subject.lines.first()?;
    let fit: &[LifecycleCommand] = match line.state {
        LineState::Suspended(SuspendCause::Lost) => &[Ask::LiftLost],
        LineState::Suspended(SuspendCause::Barred) => &[Ask::LiftBar],
        LineState::Stock | LineState::Reserved { .. } | LineState::Test { .. } => &[],
        state if state.over() => &[],
        _ => &[Ask::ReportLost, Ask::Bar],
    };
    let key = |ask: LifecycleCommand| match ask {
        Ask::LiftLost => "desk-command-lift-lost",
        Ask::LiftBar => "desk-command-lift-bar",
        Ask::Bar => "desk-command-bar",
        _ => "desk-command-report-lost",
    };
    let choices = fit.iter().map(|ask| Choice {
        value: ask.word().to_owned(),
        label: show.lang.get(key(*ask)),
        selected: fit.len() == 1 || (did.command_error.is_some() && visit.fields.get("do") == ask.word()),
    });
    let choices: Vec<Choice> = choices.collect();
    (!choices.is_empty()).then(|| Commands {
        action: format!("{base}/lines/{}/command", line.id),
        state: line.state.word(),
        since: line.state_since.us(),
        choices,
        reason: did.command_error.as_ref().map(|_| visit.fields.get("reason").to_owned()).unwrap_or_default(),
    })
}

/// `POST /desk/customers/{customer}/lines/{line}/command`
pub(crate) async fn command(State(web): State<Web>, visit: Visit, Path((id, line)): Path<(String, String)>) -> Answer {
    staff(&web, &visit).await?;
    let fields = &visit.fields;
    let (customer, line_id) = (id_of(&id)?, line_id(&line)?);
    let since = BusinessTime::from_us(fields.get("since").parse().unwrap_or(0));
    let seen = (fields.get("state").to_owned(), since);
    let asked = LifecycleCommand::from_word(fields.get("do")).filter(|ask| AT_DESK.contains(ask));
    let problem = match asked {
        None => Problem::Invalid { field: "do", rule: "one of those that the page shows" },
        Some(asked) => {
            let subject = (customer, line_id);
            match command_at_desk(&web.app, me(&visit)?, subject, (asked, seen), fields.get("reason")).await {
                Ok(_) => return Ok(go(&format!("/desk/customers/{id}?line={line}"))),
                Err(problem) => problem,
            }
        }
    };
    let error = match &problem {
        Problem::Invalid { field: "do", .. } => "desk-command-which",
        Problem::Invalid { .. } => "desk-command-reason-needed",
        Problem::NotCommanded(_) => "problem-not-commanded-do",
        Problem::Stale => {
            let status = Fault::from(problem).status();
            return again(&web, &visit, &id, status, Did::wrong("command", "stale", String::new())).await;
        }
        _ => return Err(problem.into()),
    };
    let did = Did { command_error: Some(visit.lang.get(error)), ..Did::default() };
    again(&web, &visit, &id, Fault::from(problem).status(), did).await
}

/// What is commanded here; what ends a line is its owner's to ask for.
const AT_DESK: [LifecycleCommand; 4] =
    [LifecycleCommand::ReportLost, LifecycleCommand::LiftLost, LifecycleCommand::Bar, LifecycleCommand::LiftBar];

fn facts(show: &Show, subject: &Subject, of_line: bool) -> Vec<Term> {
    let term = |key: &str, value: String| Term { label: show.lang.get(key), value };
    let customer = &subject.customer;
    let kind = match customer.kind {
        CustomerKind::Person => "desk-kind-person",
        CustomerKind::Organisation => "desk-kind-organisation",
        CustomerKind::Anonymous => "desk-kind-anonymous",
        CustomerKind::House => "desk-kind-house",
    };
    let identity = match customer.identity {
        Identity::None => "desk-identity-none-yet",
        Identity::FormatChecked => "desk-identity-format",
        Identity::Verified => "desk-identity-verified",
        Identity::Failed => "desk-identity-failed",
    };
    let contact = customer.contact.as_ref().map(everline_core::identifiers::Msisdn::masked).unwrap_or_default();
    let [paid, promo] = subject.credit.map(|credit| show.money(credit));
    let mut facts = vec![
        term("find-name", subject.name.clone()),
        term("desk-kind", show.lang.get(kind)),
        term("desk-contact", contact),
        term("identity-title", show.lang.get(identity)),
        term("home-paid-credit", paid),
        term("home-promo-credit", promo),
    ];
    if let Some(line) = subject.lines.first().filter(|_| of_line) {
        facts.push(term("line-number", line.msisdn.masked()));
        facts.push(term("line-state", show.lang.get(state_key(line.state))));
        facts.push(term("desk-since", show.moment_in_full(line.state_since)));
        facts.push(term("order-fact-ends", line.service_until.map(|at| show.moment_in_full(at)).unwrap_or_default()));
        facts.push(term("find-iccid", subject.card.clone().unwrap_or_default()));
    }
    facts.retain(|fact| !fact.value.is_empty());
    facts
}

fn entry_shown(show: &Show, (currency, subject): (Currency, &Subject), entry: &Entry) -> EntryShown {
    let lines = &subject.lines;
    let line = lines.iter().find(|line| Some(line.id) == entry.line).map(|line| line.msisdn.masked());
    let when = show.moment_in_full(BusinessTime::from_us(entry.key.0));
    let (kind, title, facts, href) = match &entry.what {
        What::Order(ordered) => {
            let order = &ordered.order;
            let title = format!("{} · {}", ordered.offering.name.get(show.lang.tag()), show.money(order.price));
            (Kind::Orders, title, ordered_facts(show, ordered), Some(format!("/desk/orders/{}", order.number)))
        }
        What::Moved(moved) => {
            let href = moved.order.as_ref().map(|(_, number)| format!("/desk/orders/{number}"));
            let pots = [
                ("home-paid-credit", moved.pots.paid),
                ("home-promo-credit", moved.pots.promo),
                ("statement-held", moved.pots.held),
            ];
            let change = |(key, micros): (&str, i64)| {
                let amount = show.money(Money::from_micros(micros, currency));
                (micros != 0).then(|| format!("{} {amount}", show.lang.get(key)))
            };
            (
                Kind::Money,
                show.lang.get(posting_key(moved.template)),
                pots.into_iter().filter_map(change).collect(),
                href,
            )
        }
        What::Changed(changed) => {
            let state = LineState::from_word(&changed.state, Some(changed.at));
            let title = state.map(|state| show.lang.get(state_key(state))).unwrap_or_default();
            (Kind::Life, title, changed_facts(show, changed), None)
        }
        What::Used(day) => {
            let beyond = (day.overrun > 0).then(|| {
                let amount = show.amount(day.unit, day.overrun);
                show.lang.with("timeline-overrun", &[("amount", Arg::Text(&amount))])
            });
            let title = format!("{} {}", show.unit(day.unit), show.amount(day.unit, day.charged));
            (Kind::Usage, title, beyond.into_iter().collect(), None)
        }
        What::Told(told) => {
            let fate = fate_words(show, (told.channel, told.fate, false));
            let why = told.reason.as_deref().map(|code| why_words(show.lang, code));
            let facts = std::iter::once(fate).chain(why).collect();
            (Kind::Messages, show.lang.get(&told_key(told.kind.word())), facts, None)
        }
        What::Noticed(told) => {
            let key = AccountNews::from_word(&told.template);
            let title = key.map_or_else(|| told_key(&told.template), |news| event_key(news).to_owned());
            let reason = told.reason.as_ref().map(|reason| why_words(show.lang, reason.as_str()));
            let facts = std::iter::once(fate_words(show, (told.channel, told.fate, false))).chain(reason).collect();
            (Kind::Messages, show.lang.get(&title), facts, None)
        }
        What::News(news) => {
            let device = Some(news.device.clone()).filter(|device| !device.is_empty());
            (Kind::Account, show.lang.get(event_key(news.kind)), device.into_iter().collect(), None)
        }
        What::Case(case) => {
            let subject = case.subject.clone().filter(|subject| !subject.is_empty());
            let title = subject.unwrap_or_else(|| show.lang.get(reason_key(&case.reason)));
            let facts = vec![case_number(case.id), show.lang.get(case_state_key(case.state, true))];
            (Kind::Cases, title, facts, Some(format!("/desk/cases/{}/{}", case.customer, case.id)))
        }
        What::Staff(noted) => {
            let by = noted.login.clone().unwrap_or_else(|| noted.actor.clone());
            let by = show.lang.with("life-by", &[("name", Arg::Text(&by))]);
            let of = &noted.subject_id;
            let (name, href) = match noted.subject_kind.as_str() {
                "order" => (Some(order_number(of)), Some(format!("/desk/orders/{of}"))),
                "case" => {
                    let number = of.parse().ok().map(|id| case_number(CaseId(id)));
                    (number, Some(format!("/desk/cases/{}/{of}", subject.customer.id)))
                }
                _ => (None, None),
            };
            let facts = name.into_iter().chain([by]).chain(noted.reason.clone()).collect();
            (Kind::Staff, show.lang.get(&action_key(&noted.action)), facts, href)
        }
    };
    // Of a line's, which line it is stands first, and leads there.
    let href = href.or_else(|| {
        let of = lines.iter().find(|line| Some(line.id) == entry.line)?;
        Some(format!("/desk/customers/{}?line={}", of.customer, of.id))
    });
    let facts = line.into_iter().chain(facts).collect();
    EntryShown { when, what: show.lang.get(kind_key(kind)), title, facts, href }
}

/// The key of what a message said.
pub(crate) fn told_key(word: &str) -> String {
    format!("told-{}", word.replace('_', "-"))
}

fn ordered_facts(show: &Show, ordered: &Ordered) -> Vec<String> {
    let order = &ordered.order;
    let mut facts = vec![format!("{} · {}", order_number(&order.number), show.lang.get(headline(order.state)))];
    for attempt in &ordered.attempts {
        let at = show.moment_in_full(BusinessTime::from_us(attempt.created_at.us()));
        facts.push(format!(
            "{} {} · {} · {at}",
            show.lang.get(method_key(attempt.method)),
            show.money(attempt.amount),
            show.lang.get(attempt_key(attempt.state))
        ));
    }
    for refund in &ordered.refunds {
        let (at, amount) = (show.moment_in_full(refund.started_at), show.money(refund.amount));
        facts.push(format!(
            "{} {amount} · {} · {at}",
            show.lang.get("desk-refund"),
            show.lang.get(refund_state_key(refund.state))
        ));
    }
    facts
}

fn changed_facts(show: &Show, changed: &Changed) -> Vec<String> {
    let because = show.lang.get(match changed.cause.as_str() {
        "time" => "life-because-time",
        "paid" => "life-because-paid",
        "first_use" => "life-because-first-use",
        "refunded" => "life-because-refunded",
        "handed_over" => "life-because-handed-over",
        _ => "life-because-command",
    });
    let by = changed.commanded_by.as_ref().map(|by| show.lang.with("life-by", &[("name", Arg::Text(by))]));
    [Some(because), by, changed.reason.clone()].into_iter().flatten().collect()
}
