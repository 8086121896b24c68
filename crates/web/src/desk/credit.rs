//! `/desk/customers/{customer}/credit`: staff give goodwill, correct credit, and decide what a colleague corrects above the limit.

use super::customer::{Did, again, id_of};
use super::order::Wrong;
use super::queue::{me, staff};
use crate::fault::{Answer, Fault, not_decided};
use crate::frame::go;
use crate::portal::offering_shown::Term;
use crate::show::Show;
use crate::texts::Arg;
use crate::visit::Visit;
use crate::web::Web;
use axum::extract::{Path, State};
use everline_app::Problem;
use everline_app::credit_change::{
    CreditDesk, CreditSeen, NewChange, adjust_credit, credit_desk, decide_adjustment, give_goodwill,
};
use everline_app::staff::StaffMember;
use everline_core::credit_change::{ChangeKind, CreditChange, NotChanged};
use everline_core::ids::{CustomerId, RawId};
use everline_core::money::Money;
use everline_core::refund_request::{RequestState, Verdict};
use everline_core::staff::Permission;
use std::collections::BTreeMap;

/// What the page of a customer has of their credit.
pub(super) struct CreditCard {
    /// Where the forms go.
    pub(super) base: String,
    /// What the page shows, so that nobody changes what is otherwise by now.
    pub(super) seen: String,
    pub(super) goodwill: Option<ChangeForm>,
    pub(super) adjust: Option<ChangeForm>,
    /// Why something was not decided.
    pub(super) undecided: Option<String>,
    pub(super) changes: Vec<ChangeShown>,
}

/// A form that changes credit, with what was typed.
pub(super) struct ChangeForm {
    pub(super) id: String,
    pub(super) hint: String,
    pub(super) amount: String,
    pub(super) reason: String,
    pub(super) kind: String,
    pub(super) wrong: Option<Wrong>,
}
impl ChangeForm {
    /// Why a field cannot be used.
    pub(super) fn wrong(&self, field: &str) -> Option<&str> {
        self.wrong.as_ref().filter(|wrong| wrong.field == field).map(|wrong| wrong.why.as_str())
    }
}

/// A change that was made or asked for.
pub(super) struct ChangeShown {
    pub(super) title: String,
    pub(super) terms: Vec<Term>,
    /// Where the decision goes, while it waits.
    pub(super) decide: Option<String>,
    /// Whether whoever looks may approve it, and not only withdraw.
    pub(super) approves: bool,
}

/// The card of a customer's credit.
pub(super) async fn credit_card(
    web: &Web,
    visit: &Visit,
    who: &StaffMember,
    (customer, credit): (CustomerId, [Money; 2]),
    wrong: Option<&Wrong>,
) -> Result<CreditCard, Fault> {
    let CreditDesk { changes, goodwill_left, alone_left, names } = credit_desk(&web.app, customer, who.id).await?;
    let show = visit.show(web);
    let base = format!("/desk/customers/{customer}/credit");
    let form = |name: &str, what, hint: &str, left: Money| {
        let wrong = wrong.filter(|wrong| wrong.form == name);
        let typed = |field| wrong.map(|_| visit.fields.get(field).to_owned()).unwrap_or_default();
        who.may(what).then(|| ChangeForm {
            id: web.app.clock.id().to_string(),
            hint: visit.say(hint, &[("amount", Arg::Text(&show.money(left)))]),
            amount: typed("amount"),
            reason: typed("reason"),
            kind: typed("kind"),
            wrong: wrong.map(Wrong::copy),
        })
    };
    let [paid, promo] = credit.map(Money::micros);
    let shown = changes.iter().map(|change| change_shown(&show, &base, change, (who, &names)));
    Ok(CreditCard {
        seen: format!("{paid}.{promo}"),
        goodwill: form("goodwill", Permission::Goodwill, "desk-goodwill-left", goodwill_left),
        adjust: form("adjust", Permission::AdjustCredit, "desk-adjust-alone", alone_left),
        undecided: wrong.filter(|wrong| wrong.form == "credit").map(|wrong| wrong.why.clone()),
        changes: shown.collect(),
        base,
    })
}

/// The key of what was done to credit.
pub(super) const fn kind_key(kind: ChangeKind) -> &'static str {
    match kind {
        ChangeKind::Goodwill => "desk-credit-goodwill",
        ChangeKind::Raised => "desk-credit-raised",
        ChangeKind::Lowered => "desk-credit-lowered",
        ChangeKind::PromoLowered => "desk-credit-promo-lowered",
    }
}

fn change_shown(
    show: &Show,
    base: &str,
    change: &CreditChange,
    (who, names): (&StaffMember, &BTreeMap<RawId, String>),
) -> ChangeShown {
    let name = |id: RawId| names.get(&id).cloned().unwrap_or_default();
    let state = match change.state {
        RequestState::Requested => "desk-refund-requested",
        RequestState::Approved(_) => "desk-refund-approved",
        RequestState::Declined(_) => "desk-refund-declined",
        RequestState::Done => "desk-refund-done",
    };
    let term = |key: &str, value: String| Term { label: show.lang.get(key), value };
    let mut terms = vec![
        term("desk-state", show.lang.get(state)),
        term("desk-reason", change.reason.clone().unwrap_or_default()),
        term("desk-refund-asked-by", name(change.asked_by)),
        term("desk-created", show.moment_in_full(change.asked_at)),
    ];
    if let Some(decided) = change.state.decided() {
        terms.push(term("desk-refund-decided-by", name(decided.by)));
        terms.push(term("desk-settled", show.moment_in_full(decided.at)));
    }
    terms.retain(|term| !term.value.is_empty());
    let waits = change.state == RequestState::Requested && who.may(Permission::AdjustCredit);
    ChangeShown {
        title: format!("{} · {}", show.lang.get(kind_key(change.kind)), show.money(change.amount)),
        terms,
        decide: waits.then(|| format!("{base}/{}/decide", change.id)),
        approves: change.asked_by != who.id,
    }
}

/// `POST /desk/customers/{customer}/credit/goodwill`
pub(crate) async fn goodwill(State(web): State<Web>, visit: Visit, Path(id): Path<String>) -> Answer {
    let who = staff(&web, &visit).await?;
    if !who.may(Permission::Goodwill) {
        return Err(Problem::NotAllowed.into());
    }
    let customer = id_of(&id)?;
    let done = match read(&web, &visit, ChangeKind::Goodwill) {
        Ok(new) => give_goodwill(&web.app, customer, new, who.id).await,
        Err(problem) => Err(problem),
    };
    changed(&web, &visit, &id, ("goodwill", "goodwill"), done).await
}

/// `POST /desk/customers/{customer}/credit/adjust`
pub(crate) async fn adjust(State(web): State<Web>, visit: Visit, Path(id): Path<String>) -> Answer {
    let who = staff(&web, &visit).await?;
    if !who.may(Permission::AdjustCredit) {
        return Err(Problem::NotAllowed.into());
    }
    let customer = id_of(&id)?;
    let kind = ChangeKind::from_word(visit.fields.get("kind")).filter(|kind| *kind != ChangeKind::Goodwill);
    let new = kind.ok_or(Problem::Invalid { field: "kind", rule: "one of those that the page shows" });
    let done = match new.and_then(|kind| read(&web, &visit, kind)) {
        Ok(new) => adjust_credit(&web.app, customer, new, who.id).await,
        Err(problem) => Err(problem),
    };
    let word = match &done {
        Ok(change) if change.state == RequestState::Requested => "asked",
        _ => "adjusted",
    };
    changed(&web, &visit, &id, ("adjust", word), done).await
}

/// `POST /desk/customers/{customer}/credit/{change}/decide`: a second person approves or declines; who asked withdraws.
pub(crate) async fn decide(State(web): State<Web>, visit: Visit, Path((id, change)): Path<(String, String)>) -> Answer {
    staff(&web, &visit).await?;
    let verdict = match visit.fields.get("verdict") {
        "approve" => Verdict::Approve,
        "decline" => Verdict::Decline,
        _ => return Err(Problem::Invalid { field: "verdict", rule: "approve or decline" }.into()),
    };
    let change: RawId = change.parse().map_err(|_| Problem::NotFound("credit"))?;
    // What nobody can read is as good as an old page.
    let seen = Some(seen(&visit).unwrap_or([-1, -1]));
    let problem = match decide_adjustment(&web.app, id_of(&id)?, (change, seen), verdict, me(&visit)?).await {
        Ok(_) => return Ok(go(&format!("/desk/customers/{id}?done=decided"))),
        Err(problem) => problem,
    };
    let why = match &problem {
        Problem::NotDecided(why) => visit.lang.get(not_decided(*why)),
        Problem::NotChanged(why) => not_changed(&web, &visit, *why),
        Problem::Stale => String::new(),
        _ => return Err(problem.into()),
    };
    let field = if problem == Problem::Stale { "stale" } else { "verdict" };
    let did = Did::wrong("credit", field, why);
    again(&web, &visit, &id, Fault::from(problem).status(), did).await
}

async fn changed(
    web: &Web,
    visit: &Visit,
    id: &str,
    (form, done): (&'static str, &str),
    outcome: Result<CreditChange, Problem>,
) -> Answer {
    let problem = match outcome {
        Ok(_) => return Ok(go(&format!("/desk/customers/{id}?done={done}"))),
        Err(problem) => problem,
    };
    let said = |key: &str| visit.lang.get(key);
    let (field, why) = match &problem {
        Problem::Invalid { field: "amount", .. } => ("amount", said("desk-refund-wrong-amount")),
        Problem::Invalid { field: "reason", .. } => ("reason", said("desk-command-reason-needed")),
        Problem::Invalid { field: "kind", .. } => ("kind", said("desk-command-which")),
        Problem::Invalid { field: "id", .. } | Problem::ExistsDifferently(_) => {
            ("amount", said("desk-refund-wrong-id"))
        }
        Problem::NotChanged(why) => ("amount", not_changed(web, visit, *why)),
        Problem::Stale => ("stale", String::new()),
        _ => return Err(problem.into()),
    };
    again(web, visit, id, Fault::from(problem).status(), Did::wrong(form, field, why)).await
}

/// Why credit is not changed, with what is left.
fn not_changed(web: &Web, visit: &Visit, why: NotChanged) -> String {
    let (key, left) = match why {
        NotChanged::MemberDay(left) => ("desk-credit-over-member", left),
        NotChanged::CustomerDay(left) => ("desk-credit-over-customer", left),
        NotChanged::Holds(held) => ("desk-credit-holds", held),
    };
    visit.say(key, &[("amount", Arg::Text(&visit.show(web).money(left)))])
}

/// What the page showed of the account's credit.
fn seen(visit: &Visit) -> Option<CreditSeen> {
    let (paid, promo) = visit.fields.get("seen").split_once('.')?;
    Some([paid.parse().ok()?, promo.parse().ok()?])
}

fn read(web: &Web, visit: &Visit, kind: ChangeKind) -> Result<NewChange, Problem> {
    let field = |name| visit.fields.get(name);
    let id = field("id").parse().map_err(|_| Problem::Invalid { field: "id", rule: "the page's" })?;
    let amount = Money::parse(field("amount").trim(), web.app.brand.currency).ok();
    let amount = amount.filter(|amount| amount.micros() > 0);
    let amount = amount.ok_or(Problem::Invalid { field: "amount", rule: "an amount" })?;
    let seen = Some(seen(visit).ok_or(Problem::Stale)?);
    Ok(NewChange { id, kind, amount, reason: field("reason").to_owned(), seen })
}
