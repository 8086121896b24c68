//! `/account/identity`: who somebody is to us, how far that is proved, and how it is corrected.

use super::account::moment;
use super::case_shown::said as case_said;
use crate::fault::{Answer, Fault};
use crate::frame::{Frame, go, page, page_with};
use crate::texts::Arg;
use crate::visit::Visit;
use crate::web::Web;
use askama::Template;
use axum::extract::State;
use everline_app::Problem;
use everline_app::identity::{self as app, IdentityView, Papers};
use everline_app::sessions::may_change;
use everline_core::account::Change;
use everline_core::customer::{Identity, masked_name};
use everline_core::identity::{CorrectionState, Said, Typed};

struct Kind {
    word: String,
    label: String,
    chosen: bool,
}

#[derive(Template)]
#[template(path = "identity.html")]
struct IdentityPage {
    p: Frame,
    state: String,
    hint: String,
    tone: &'static str,
    /// Name and document as we have them, masked.
    known: Option<(String, String)>,
    correction: Option<String>,
    /// Where its papers are.
    papers: Option<String>,
    /// Whether anything can be said now, whether it corrects something that was verified, and whether the way there leads
    /// over a proof of who is there.
    form: bool,
    corrects: bool,
    correct_first: bool,
    kinds: Vec<Kind>,
    name: String,
    number: String,
    born: String,
    reason: String,
    error: Option<(&'static str, String)>,
}
impl IdentityPage {
    fn wrong(&self, field: &str) -> Option<&str> {
        self.error.as_ref().filter(|(wrong, _)| *wrong == field).map(|(_, why)| why.as_str())
    }
}

/// The key of how far somebody's identity is proved.
pub(crate) const fn state_key(state: Identity) -> &'static str {
    match state {
        Identity::None => "identity-none",
        Identity::FormatChecked => "identity-format-checked",
        Identity::Verified => "identity-verified",
        Identity::Failed => "identity-failed",
    }
}
const fn hint_key(state: Identity) -> &'static str {
    match state {
        Identity::None => "identity-none-hint",
        Identity::FormatChecked => "identity-format-checked-hint",
        Identity::Verified => "identity-verified-hint",
        Identity::Failed => "identity-failed-hint",
    }
}

/// A number with nothing but its ends.
pub(crate) fn masked_number(number: &str) -> String {
    let count = number.chars().count();
    let kept = if count >= 15 { 4 } else { 2 };
    let (head, tail) = (if count >= 15 { 3 } else { 1 }, kept);
    let hidden = count.saturating_sub(head + tail);
    let shown = |(place, c): (usize, char)| if place < head || place >= head + hidden { c } else { '*' };
    number.chars().enumerate().map(shown).collect()
}

/// What people call a kind of document.
pub(crate) fn kind_name(web: &Web, visit: &Visit, word: &str) -> String {
    let rules = &web.app.brand.identity.documents;
    let rule = rules.iter().find(|rule| rule.word == word);
    rule.map_or_else(|| word.to_owned(), |rule| rule.name.get(visit.lang.tag()).to_owned())
}

fn correction(web: &Web, visit: &Visit, view: &IdentityView) -> Option<String> {
    let found = view.correction.as_ref()?;
    let when = moment(web, visit, found.settled_at.unwrap_or(found.correction.asked_at));
    let key = match found.correction.state {
        CorrectionState::Checking => "identity-correction-checking",
        CorrectionState::Waiting => "identity-correction-waiting",
        CorrectionState::Done => "identity-correction-done",
        CorrectionState::Refused => "identity-correction-refused",
    };
    let note = found.note.as_deref().unwrap_or("");
    Some(visit.say(key, &[("when", Arg::Text(&when)), ("note", Arg::Text(note))]))
}

async fn identity_page(
    web: &Web,
    visit: &Visit,
    proved: bool,
    error: Option<(&'static str, String)>,
) -> Result<IdentityPage, Fault> {
    let rules = &web.app.brand.identity.documents;
    if rules.is_empty() {
        return Err(Problem::NotFound("page").into());
    }
    let view = app::view(&web.app, visit.session()?).await?;
    let waits = view
        .correction
        .as_ref()
        .is_some_and(|found| matches!(found.correction.state, CorrectionState::Checking | CorrectionState::Waiting));
    let known = view.said.as_ref().map(|(person, _)| {
        let document = format!("{} · {}", kind_name(web, visit, &person.kind), masked_number(&person.number));
        (masked_name(&person.name), document)
    });
    let chosen = visit.fields.get("document_kind");
    let chosen = if chosen.is_empty() { view.said.as_ref().map_or("", |said| said.0.kind.as_str()) } else { chosen };
    let kinds = rules.iter().enumerate().map(|(place, rule)| Kind {
        word: rule.word.clone(),
        label: rule.name.get(visit.lang.tag()).to_owned(),
        chosen: rule.word == chosen || (chosen.is_empty() && place == 0),
    });
    let typed = |name: &str| visit.fields.get(name).to_owned();
    Ok(IdentityPage {
        state: visit.lang.get(state_key(view.state)),
        hint: visit.lang.get(hint_key(view.state)),
        tone: match view.state {
            Identity::Verified => "fine",
            Identity::Failed => "stopped",
            Identity::FormatChecked => "soon",
            Identity::None => "quiet",
        },
        known,
        correction: correction(web, visit, &view),
        papers: view.correction.as_ref().and_then(|found| found.papers).map(|case| format!("/cases/{case}")),
        form: !waits && (proved || view.state != Identity::Verified),
        corrects: view.state == Identity::Verified,
        correct_first: !waits && !proved && view.state == Identity::Verified,
        kinds: kinds.collect(),
        name: typed("name"),
        number: typed("document_number"),
        born: typed("born"),
        reason: typed("reason"),
        error,
        p: visit.frame(web, visit.lang.get("identity-title")),
    })
}

/// `GET /account/identity`
pub(crate) async fn identity(State(web): State<Web>, visit: Visit) -> Answer {
    page(&identity_page(&web, &visit, false, None).await?)
}

/// `GET /account/identity/correct`: asks who is there first.
pub(crate) async fn correct(State(web): State<Web>, visit: Visit) -> Answer {
    may_change(&web.app, visit.session()?, Change::Access).await?;
    page(&identity_page(&web, &visit, true, None).await?)
}

/// `POST /account/identity`
pub(crate) async fn say(State(web): State<Web>, visit: Visit) -> Answer {
    let fields = &visit.fields;
    let typed = Typed {
        name: fields.get("name"),
        kind: fields.get("document_kind"),
        number: fields.get("document_number"),
        born: fields.get("born"),
    };
    let agreed = fields.get("agree") == "yes";
    let papers = Papers { subject: visit.lang.get("identity-papers-subject"), files: fields.files() };
    let said = app::say(&web.app, visit.session()?, typed, agreed, fields.get("reason"), Some(papers)).await;
    let problem = match said {
        Ok(Said::Same | Said::Anew | Said::Corrected(_)) => return Ok(go("/account/identity")),
        Err(problem) => problem,
    };
    let (field, key) = match &problem {
        Problem::Invalid { field: "name", .. } => ("name", "identity-wrong-name"),
        Problem::Invalid { field: "document_kind", .. } => ("document_kind", "identity-wrong-kind"),
        Problem::Invalid { rule: "wrong-digit", .. } => ("document_number", "identity-wrong-digit"),
        Problem::Invalid { field: "document_number", .. } => ("document_number", "identity-wrong-number"),
        Problem::Invalid { rule: "needs-guardian", .. } => ("born", "identity-needs-guardian"),
        Problem::Invalid { field: "born", .. } => ("born", "identity-wrong-born"),
        Problem::Invalid { field: "agree", .. } => ("agree", "identity-agree-needed"),
        Problem::Invalid { field: "reason", .. } => ("reason", "identity-wrong-reason"),
        Problem::AnotherPerson => ("name", "identity-another-person"),
        Problem::CorrectionOpen => ("name", "identity-correction-open"),
        Problem::TooMany { .. } => ("name", "claim-too-many"),
        _ => match case_said(&web, &visit, &problem) {
            // Of the case that has the papers.
            Some((_, why)) => return wrong(&web, &visit, problem, ("files", why)).await,
            None => return Err(problem.into()),
        },
    };
    let error = (field, visit.lang.get(key));
    wrong(&web, &visit, problem, error).await
}

/// The form once more, with what is wrong with it.
async fn wrong(web: &Web, visit: &Visit, problem: Problem, error: (&'static str, String)) -> Answer {
    page_with(Fault::from(problem).status(), &identity_page(web, visit, true, Some(error)).await?)
}

#[cfg(test)]
mod tests {
    #[test]
    fn numbers_of_documents_are_masked() {
        assert_eq!(super::masked_number("11010519491231002X"), "110***********002X");
        assert_eq!(super::masked_number("E1234567"), "E*****67");
        assert_eq!(super::masked_number("ABC"), "ABC");
    }
}
