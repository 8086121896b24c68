//! `/desk/operations`: jobs that do not end, whoever is outside as this node sees them, and the keys in use. Operators act;
//! auditors look.

use super::queue::staff;
use crate::fault::{Answer, Fault};
use crate::frame::{Frame, go, page, page_with};
use crate::portal::account::moment;
use crate::show::Show;
use crate::texts::Arg;
use crate::visit::Visit;
use crate::web::Web;
use askama::Template;
use axum::extract::{Path, State};
use everline_app::Problem;
use everline_app::operations::{self as app, Backlog, ShownKey, StuckJob};
use everline_app::ports::{Health, KeyFor, MINUTES, Outside, Probed};
use everline_core::ids::JobId;
use everline_core::message::Channel;
use everline_core::payment::Provider;
use everline_core::staff::Permission;
use everline_core::time::{BusinessTime, SystemTime};

struct JobRow {
    id: String,
    kind: String,
    customer: Option<String>,
    order: Option<String>,
    state: String,
    why: Option<String>,
    tries: String,
    queued: String,
    runs: i64,
    may_retry: bool,
    may_give_up: bool,
}

struct BacklogRow {
    kind: String,
    waiting: String,
    due: String,
    oldest: String,
}

/// A kind of which jobs are stuck.
struct KindRow {
    word: &'static str,
    name: String,
}

struct OutsideRow {
    word: &'static str,
    name: String,
    lately: String,
    last_success: String,
    last_failure: String,
    /// Whether most calls fail.
    bad: bool,
}

struct KeyRow {
    name: String,
    mark: String,
    until: String,
    soon: bool,
    tested_by: Option<&'static str>,
}

/// What came of a test or a command.
struct Said {
    text: String,
    bad: bool,
}

#[derive(Template)]
#[template(path = "desk_operations.html")]
struct Operations {
    p: Frame,
    acts: bool,
    said: Option<Said>,
    warnings: Vec<String>,
    stuck: Vec<JobRow>,
    more: bool,
    kinds: Vec<KindRow>,
    backlog: Vec<BacklogRow>,
    uncounted: bool,
    outside: Vec<OutsideRow>,
    minutes: String,
    keys: Vec<KeyRow>,
    /// What was typed as the reason, and for which job.
    typed: (String, String),
    /// Whether that could not be used.
    reason_wrong: bool,
}

async fn view(web: &Web, visit: &Visit, said: Option<Said>) -> Result<Operations, Fault> {
    let member = staff(web, visit).await?;
    let by = member.id;
    let (jobs, outside) = (app::jobs_view(&web.app, by).await?, app::outside(&web.app, by).await?);
    let acts = member.may(Permission::Operate);
    let drawing = Drawing { web, visit };
    let mut kinds: Vec<&'static str> = jobs.stuck.iter().filter_map(|job| job.kind).collect();
    kinds.sort_unstable();
    kinds.dedup();
    Ok(Operations {
        acts,
        reason_wrong: said.as_ref().is_some_and(|said| said.bad),
        said,
        warnings: outside.keys.iter().filter(|key| key.ends_soon()).map(|key| drawing.warning(key)).collect(),
        stuck: jobs.stuck.iter().map(|job| drawing.job(job, acts)).collect(),
        more: jobs.more,
        kinds: kinds.into_iter().map(|word| KindRow { word, name: visit.lang.get(kind_key(word)) }).collect(),
        backlog: jobs.backlog.iter().map(|backlog| drawing.backlog(backlog)).collect(),
        uncounted: jobs.uncounted,
        outside: outside.health.iter().map(|(whom, health)| drawing.outside(*whom, health)).collect(),
        minutes: MINUTES.to_string(),
        keys: outside.keys.iter().map(|key| drawing.key(key)).collect(),
        typed: (visit.fields.get("job").to_owned(), visit.fields.get("reason").to_owned()),
        p: visit.frame(web, visit.lang.get("ops-title")),
    })
}

struct Drawing<'a> {
    web: &'a Web,
    visit: &'a Visit,
}

impl Drawing<'_> {
    fn age(&self, since: SystemTime) -> String {
        let now = BusinessTime::from_us(self.web.app.clock.now().system.us());
        Show { now, ..self.visit.show(self.web) }.age(BusinessTime::from_us(since.us()))
    }
    fn moment(&self, at: SystemTime) -> String {
        moment(self.web, self.visit, at)
    }
    fn job(&self, job: &StuckJob, acts: bool) -> JobRow {
        let say = |key: &str| self.visit.lang.get(key);
        let next = self.moment(job.next);
        let state = match job {
            StuckJob { dead: true, .. } => say("ops-job-gave-up"),
            StuckJob { running: true, .. } => say("ops-job-running"),
            _ => self.visit.say("ops-job-next", &[("at", Arg::Text(&next))]),
        };
        let why = job.why.as_ref().map(|why| why_key(why).map_or_else(|| why.clone(), say));
        JobRow {
            id: job.id.to_string(),
            kind: say(job.kind.map_or("ops-kind-unknown", kind_key)),
            customer: job.customer.map(|customer| format!("/desk/customers/{customer}")),
            order: job.order.clone(),
            state,
            why,
            tries: self.visit.say("ops-job-tries", &[("runs", job.runs.into()), ("failures", job.failures.into())]),
            queued: self.age(job.queued_at),
            runs: job.runs,
            may_retry: acts && !job.running && job.kind.is_some(),
            may_give_up: acts && !job.running && job.may_be_given_up,
        }
    }
    fn backlog(&self, backlog: &Backlog) -> BacklogRow {
        BacklogRow {
            kind: self.visit.lang.get(kind_key(backlog.kind)),
            waiting: backlog.waiting.to_string(),
            due: backlog.due.to_string(),
            oldest: self.age(backlog.oldest),
        }
    }
    fn outside(&self, whom: Outside, health: &Health) -> OutsideRow {
        let (calls, failures) = health.lately;
        let none = || self.visit.lang.get("ops-none");
        let failure = health.last_failure.as_ref().map(|(at, why)| format!("{} · {}", self.moment(*at), why.as_str()));
        OutsideRow {
            word: whom.word(),
            name: self.visit.lang.get(outside_key(whom)),
            lately: if calls == 0 {
                self.visit.lang.get("ops-no-calls")
            } else {
                self.visit.say("ops-calls", &[("calls", calls.into()), ("failures", failures.into())])
            },
            last_success: health.last_success.map_or_else(none, |at| self.moment(at)),
            last_failure: failure.unwrap_or_else(none),
            bad: failures > 0 && failures.saturating_mul(2) >= calls,
        }
    }
    fn until(&self, shown: &ShownKey) -> String {
        let Some((until, days)) = shown.key.valid_until.zip(shown.days_left) else {
            return self.visit.lang.get("ops-key-endless");
        };
        let day = self.visit.show(self.web).day(BusinessTime::from_us(until.us()));
        let args = [("day", Arg::Text(&day)), ("days", days.into())];
        self.visit.say(if days < 0 { "ops-key-over" } else { "ops-key-until" }, &args)
    }
    fn warning(&self, shown: &ShownKey) -> String {
        format!("{} {}: {}", self.visit.lang.get(key_key(shown.key.key_for)), shown.key.name, self.until(shown))
    }
    fn key(&self, shown: &ShownKey) -> KeyRow {
        let watched =
            |whom: &Outside| matches!(whom, Outside::Payment(who) if self.web.app.ports.payments.of(*who).is_some());
        KeyRow {
            name: self.visit.lang.get(key_key(shown.key.key_for)),
            mark: shown.key.name.clone(),
            until: self.until(shown),
            soon: shown.ends_soon(),
            tested_by: shown.key.key_for.tested_by().filter(watched).map(Outside::word),
        }
    }
}

/// `GET /desk/operations`
pub(crate) async fn operations(State(web): State<Web>, visit: Visit) -> Answer {
    page(&view(&web, &visit, None).await?)
}

/// `POST /desk/operations/jobs/{job}`: one job is to run now, or never again.
pub(crate) async fn job(State(web): State<Web>, visit: Visit, Path(id): Path<String>) -> Answer {
    let by = staff(&web, &visit).await?.id;
    let id: JobId = id.parse().map_err(|_| Problem::NotFound("job"))?;
    // What is no number is no run of any job.
    let runs: i64 = visit.fields.get("runs").parse().unwrap_or(-1);
    let done = match visit.fields.get("do") {
        "give_up" => app::give_up_job(&web.app, by, (id, runs), visit.fields.get("reason")).await,
        "retry" => app::retry_job(&web.app, by, (id, runs)).await,
        // What is no act is none on any job; who may do nothing is told so first.
        _ => app::retry_job(&web.app, by, (id, -1)).await,
    };
    match done {
        Ok(()) => Ok(go("/desk/operations#jobs")),
        Err(problem) => refused(&web, &visit, problem).await,
    }
}

/// `POST /desk/operations/jobs`: the stuck jobs of a kind are to run now.
pub(crate) async fn jobs(State(web): State<Web>, visit: Visit) -> Answer {
    let by = staff(&web, &visit).await?.id;
    match app::retry_kind(&web.app, by, visit.fields.get("kind")).await {
        Ok(count) => {
            let count = i64::try_from(count).unwrap_or(i64::MAX);
            let text = visit.say("ops-jobs-retried", &[("count", count.into())]);
            page(&view(&web, &visit, Some(Said { text, bad: false })).await?)
        }
        Err(problem) => refused(&web, &visit, problem).await,
    }
}

/// `POST /desk/operations/test`: somebody outside is asked whether they are there.
pub(crate) async fn test(State(web): State<Web>, visit: Visit) -> Answer {
    let by = staff(&web, &visit).await?.id;
    let whom = Outside::from_word(visit.fields.get("whom"));
    match app::test_outside(&web.app, by, whom).await {
        Ok((whom, probed, took_us)) => {
            let (name, ms) = (visit.lang.get(outside_key(whom)), (took_us / 1_000).to_string());
            let args = |why| [("name", Arg::Text(&name)), ("ms", Arg::Text(&ms)), ("why", Arg::Text(why))];
            let said = match &probed {
                Probed::Fine => Said { text: visit.say("ops-test-fine", &args("")), bad: false },
                Probed::Failed(why) => Said { text: visit.say("ops-test-failed", &args(why.as_str())), bad: true },
                Probed::NotOffered => Said { text: visit.say("ops-test-not-offered", &args("")), bad: false },
            };
            page(&view(&web, &visit, Some(said)).await?)
        }
        Err(problem) => refused(&web, &visit, problem).await,
    }
}

/// The page, as it is now, with what stood in the way.
async fn refused(web: &Web, visit: &Visit, problem: Problem) -> Answer {
    let text = match &problem {
        Problem::Stale => visit.lang.get("ops-job-stale"),
        Problem::TooMany { retry_after_s } => visit.say("ops-too-many", &[("seconds", (*retry_after_s).into())]),
        Problem::Invalid { field: "reason", .. } => visit.lang.get("ops-reason-needed"),
        Problem::Invalid { field: "job", .. } => visit.lang.get("ops-job-kept"),
        _ => return Err(problem.into()),
    };
    page_with(Fault::from(problem).status(), &view(web, visit, Some(Said { text, bad: true })).await?)
}

/// What whoever is outside is called.
pub(super) const fn outside_key(whom: Outside) -> &'static str {
    match whom {
        Outside::Payment(Provider::Alipay) => "provider-alipay",
        Outside::Payment(Provider::Wechat) => "provider-wechat",
        Outside::Payment(Provider::Stripe) => "ops-provider-stripe",
        Outside::Payment(Provider::Bank) => "ops-provider-bank",
        Outside::Message(channel) => channel_key(channel),
        Outside::BuiltIn => "ops-network-built-in",
        Outside::Upstream => "ops-network-upstream",
    }
}
/// What a way to people is called.
pub(super) const fn channel_key(channel: Channel) -> &'static str {
    match channel {
        Channel::Sms => "ops-way-sms",
        Channel::Email => "ops-way-email",
        Channel::Push => "ops-way-push",
    }
}

const fn key_key(key_for: KeyFor) -> &'static str {
    match key_for {
        KeyFor::Tls => "ops-key-tls",
        KeyFor::AlipayOurs => "ops-key-alipay-ours",
        KeyFor::AlipayTheirs => "ops-key-alipay-theirs",
        KeyFor::AlipayRoot => "ops-key-alipay-root",
        KeyFor::WechatOurs => "ops-key-wechat-ours",
        KeyFor::WechatTheirs => "ops-key-wechat-theirs",
        KeyFor::Push => "ops-key-push",
        KeyFor::Receipts => "ops-key-receipts",
    }
}

/// What a kind of job is called.
fn kind_key(word: &str) -> &'static str {
    match word {
        "tell_network" => "ops-kind-tell-network",
        "activate_upstream" => "ops-kind-activate-upstream",
        "query_payment" => "ops-kind-query-payment",
        "close_payment" => "ops-kind-close-payment",
        "refund" => "ops-kind-refund",
        "send_message" => "ops-kind-send-message",
        "tell_beside" => "ops-kind-tell-beside",
        "message_unreported" => "ops-kind-message-unreported",
        "tell_account" => "ops-kind-tell-account",
        "recovery_due" => "ops-kind-recovery-due",
        "take_over" => "ops-kind-take-over",
        "tell_offer" => "ops-kind-tell-offer",
        "verify_identity" => "ops-kind-verify-identity",
        "reconcile" => "ops-kind-reconcile",
        "auto_renew" => "ops-kind-auto-renew",
        "keep_method" => "ops-kind-keep-method",
        "forget_method" => "ops-kind-forget-method",
        "take_dispute" => "ops-kind-take-dispute",
        _ => "ops-kind-unknown",
    }
}

/// The usual causes in words; others are shown as the job names them.
fn why_key(why: &str) -> Option<&'static str> {
    Some(match why {
        "the network has not acknowledged" => "ops-why-not-acknowledged",
        "the network gave no answer" => "ops-why-network-silent",
        "submitted, not confirmed" => "ops-why-submitted",
        "the provider gave no answer" => "ops-why-provider-silent",
        "no account with the provider" | "no account with this provider any more" => "ops-why-no-account",
        "the message provider gave no answer" => "ops-why-messenger-silent",
        "the message provider does not take it yet" => "ops-why-messenger-slow",
        "the message reached nobody, and no other way leads to the customer" => "ops-why-no-way",
        "the message was refused" => "ops-why-refused",
        "nobody can say whether the message arrived" => "ops-why-lost",
        "the verifier gave no answer" => "ops-why-verifier-silent",
        "no bill came for two weeks" => "ops-why-no-bill",
        "it cannot be read" => "ops-why-unreadable",
        _ => return None,
    })
}
