//! How a case is shown to whoever writes in it, and to staff.

use crate::fault::Answer;
use crate::portal::line_shown::{line_name, number};
use crate::portal::offering_shown::Term;
use crate::portal::order_shown::order_number;
use crate::show::Show;
use crate::visit::Visit;
use crate::web::Web;
use axum::http::{HeaderName, header};
use axum::response::IntoResponse;
use everline_app::Problem;
use everline_app::support::CaseView;
use everline_core::attachment::FileKind;
use everline_core::effects::CaseReason;
use everline_core::ids::CaseId;
use everline_core::support::{CaseFor, CaseState, CaseStep, EntryKind, PHONE, Priority, Side, number as number_of};
use everline_core::time::BusinessTime;
use everline_store::tables::case::Entry;

/// Something written.
pub(crate) struct EntryShown {
    pub(crate) who: String,
    pub(crate) when: String,
    pub(crate) text: String,
    /// A note among the staff.
    pub(crate) note: bool,
    /// Address, name and size.
    pub(crate) files: Vec<(String, String, String)>,
}

/// A case.
pub(crate) struct CaseShown {
    pub(crate) subject: String,
    pub(crate) state: String,
    pub(crate) tone: &'static str,
    pub(crate) facts: Vec<Term>,
    pub(crate) entries: Vec<EntryShown>,
    pub(crate) solved: bool,
    pub(crate) version: i64,
}

/// The key of a state: the asker's words, or the staff's.
pub(crate) const fn state_key(state: CaseState, staff: bool) -> &'static str {
    match (state, staff) {
        (CaseState::Open, false) => "case-state-open",
        (CaseState::Waiting, false) => "case-state-waiting",
        (CaseState::Solved, false) => "case-state-solved",
        (CaseState::Reopened, false) => "case-state-reopened",
        (CaseState::Open, true) => "case-desk-open",
        (CaseState::Waiting, true) => "case-desk-waiting",
        (CaseState::Solved, true) => "case-desk-solved",
        (CaseState::Reopened, true) => "case-desk-reopened",
    }
}

/// The colour and symbol of a state.
pub(crate) const fn tone(state: CaseState) -> &'static str {
    match state {
        CaseState::Open | CaseState::Reopened => "wait",
        CaseState::Waiting => "soon",
        CaseState::Solved => "fine",
    }
}

/// The key of whose turn it is.
pub(crate) const fn side_key(side: Side) -> &'static str {
    match side {
        Side::You => "case-side-you",
        Side::Provider => "case-side-provider",
        Side::Network => "case-side-network",
        Side::Us => "case-side-us",
    }
}

/// The key of why a case was opened.
pub(crate) fn reason_key(reason: &str) -> &'static str {
    match reason {
        "amount_mismatch" => "case-reason-amount-mismatch",
        "merchant_mismatch" => "case-reason-merchant-mismatch",
        "conflicting_evidence" => "case-reason-conflicting-evidence",
        "refund_failed" => "case-reason-refund-failed",
        "job_failed" => "case-reason-job-failed",
        "disputed" => "case-reason-disputed",
        "wrong_number" => "case-reason-wrong-number",
        "card_too_often" => "case-reason-card-too-often",
        "paid_not_in_effect" => "case-reason-paid-not-in-effect",
        "message_failed" => "case-reason-message-failed",
        "reconciliation" => "case-reason-reconciliation",
        "papers" => "case-reason-papers",
        _ => "case-reason-asked",
    }
}

/// The key of a priority.
pub(crate) const fn priority_key(priority: Priority) -> &'static str {
    match priority {
        Priority::Low => "case-priority-low",
        Priority::Normal => "case-priority-normal",
        Priority::High => "case-priority-high",
        Priority::Urgent => "case-priority-urgent",
    }
}

/// The key of what was done last.
pub(crate) const fn how_key(how: CaseStep) -> &'static str {
    match how {
        CaseStep::Opened => "case-how-opened",
        CaseStep::AskerWrote => "case-how-asker-wrote",
        CaseStep::AskerSolved => "case-how-asker-solved",
        CaseStep::Answered => "case-how-answered",
        CaseStep::Noted => "case-how-noted",
        CaseStep::StateSet => "case-how-state-set",
        CaseStep::Taken => "case-how-taken",
        CaseStep::HandedOn => "case-how-handed-on",
        CaseStep::LetGo => "case-how-let-go",
        CaseStep::PrioritySet => "case-how-priority-set",
        CaseStep::Merged => "case-how-merged",
        CaseStep::TookIn => "case-how-took-in",
        CaseStep::CameBack => "case-how-came-back",
        CaseStep::CauseOver => "case-how-cause-over",
    }
}

/// The key of where somebody was, of a word of a page.
pub(crate) fn step_key(step: &str) -> String {
    format!("case-step-{}", step.replace('_', "-"))
}

/// What opened a case of the system's: words of jobs, and others.
pub(crate) const CAUSES: [&str; 20] = [
    "item",
    "unread",
    "tell_network",
    "activate_upstream",
    "query_payment",
    "close_payment",
    "refund",
    "send_message",
    "tell_beside",
    "message_unreported",
    "tell_account",
    "recovery_due",
    "take_over",
    "verify_identity",
    "tell_offer",
    "reconcile",
    "auto_renew",
    "keep_method",
    "forget_method",
    "take_dispute",
];

/// The key of one of [`CAUSES`].
pub(crate) fn cause_key(cause: &str) -> String {
    format!("case-cause-{}", cause.replace('_', "-"))
}

/// The number that people read to each other, in two halves.
pub(crate) fn case_number(id: CaseId) -> String {
    let digits = number_of(id).to_string();
    match digits.split_at_checked(4) {
        Some((first, last)) => format!("{first}\u{a0}{last}"),
        None => digits,
    }
}

/// Who changed a case last, how and when, for the staff.
pub(crate) fn last_change(show: &Show, view: &CaseView) -> String {
    let case = &view.case;
    let by = view.desk.as_ref().and_then(|desk| desk.changed_by.clone());
    let by = by.unwrap_or_else(|| {
        let asker = matches!(case.changed_how, CaseStep::AskerWrote | CaseStep::AskerSolved);
        let asked = case.changed_how == CaseStep::Opened && case.for_whom != CaseFor::Staff;
        show.lang.get(if asker || asked { "case-by-asker" } else { "case-by-system" })
    });
    let (how, when) = (show.lang.get(how_key(case.changed_how)), show.moment(case.changed_at));
    show.lang.with("case-last-change", &[("name", (&by).into()), ("how", (&how).into()), ("when", (&when).into())])
}

/// What a case is called: its subject, or why the system opened it.
pub(crate) fn subject(show: &Show, subject: &str, reason: &str) -> String {
    if subject.is_empty() { show.lang.get(reason_key(reason)) } else { subject.to_owned() }
}

/// A case for its reader; files are under `base`.
pub(crate) fn shown(show: &Show, view: &CaseView, base: &str, staff: bool) -> CaseShown {
    let (lang, case) = (show.lang, &view.case);
    let mut facts = Vec::new();
    let mut fact = |key: &str, value: String| facts.push(Term { label: lang.get(key), value });
    fact("case-number", case_number(case.id));
    if let Some(number) = &view.order_number {
        fact("order-fact-number", order_number(number));
    }
    if let Some(line) = view.line.as_ref().filter(|_| case.for_whom != CaseFor::Guest || staff) {
        let name = if line.name.is_empty() {
            number(&line.msisdn)
        } else {
            format!("{} · {}", line_name(line), number(&line.msisdn))
        };
        fact("order-fact-line", name);
    }
    if staff && !case.subject.is_empty() && case.reason != CaseReason::Asked.word() {
        fact("case-reason", lang.get(reason_key(&case.reason)));
    }
    if let Some(step) = case.step.as_ref().filter(|_| staff) {
        fact("case-step", lang.get(&step_key(step)));
    }
    if let Some(cause) = case.cause.as_ref().filter(|_| staff) {
        let known = CAUSES.contains(&cause.as_str());
        fact("case-cause", if known { lang.get(&cause_key(cause)) } else { cause.clone() });
    }
    if let Some(side) = case.side {
        fact("case-side", lang.get(side_key(side)));
    }
    fact("case-opened", show.moment(case.opened_at));
    if staff {
        fact("case-priority", lang.get(priority_key(case.priority)));
        let nobody = || lang.get("case-owner-nobody");
        fact("case-owner", view.desk.as_ref().and_then(|desk| desk.owner.clone()).unwrap_or_else(nobody));
        if case.solved_at.is_none() {
            fact("case-due", due_words(show, case.due_at));
        }
        fact("case-changed", last_change(show, view));
        let read_by = match case.for_whom {
            CaseFor::Staff => "case-read-by-staff",
            CaseFor::Owner => "case-read-by-owner",
            CaseFor::Guest => "case-read-by-guest",
        };
        fact("case-read-by", lang.get(read_by));
    } else {
        fact("case-changed", show.moment(case.changed_at));
    }
    let entries = view.entries.iter().map(|(entry, by)| EntryShown {
        who: match (entry.kind, by) {
            (EntryKind::Asker, Some(by)) => lang.with("case-by-phone", &[("name", by.into())]),
            (EntryKind::Asker, None) if staff => lang.get("case-by-asker"),
            // What was said by phone and written down for them.
            (EntryKind::Asker, None) if case.step.as_deref() == Some(PHONE) && written_down(view, entry) => {
                lang.get("case-by-you-called")
            }
            (EntryKind::Asker, None) => lang.get("case-by-you"),
            (_, Some(by)) => by.clone(),
            (_, None) => lang.get("case-by-us"),
        },
        when: show.moment(entry.at),
        text: entry.text.clone(),
        note: entry.kind == EntryKind::Note,
        files: view
            .files
            .iter()
            .filter(|file| file.entry == entry.id)
            .map(|file| (format!("{base}/files/{}", file.id), file.name.clone(), show.octets(file.octets)))
            .collect(),
    });
    CaseShown {
        subject: subject(show, &case.subject, &case.reason),
        state: lang.get(state_key(case.state, staff)),
        tone: tone(case.state),
        entries: entries.collect(),
        facts,
        solved: case.state == CaseState::Solved,
        version: case.version,
    }
}

/// Whether an entry is the first of its case: that of a call was written by whoever took it.
fn written_down(view: &CaseView, entry: &Entry) -> bool {
    view.entries.first().is_some_and(|(first, _)| first.id == entry.id)
}

/// When a case is due; what was due already says how long ago.
pub(crate) fn due_words(show: &Show, due_at: BusinessTime) -> String {
    let when = show.moment(due_at);
    if due_at > show.now {
        return when;
    }
    let age = show.age(due_at);
    show.lang.with("case-due-over", &[("when", (&when).into()), ("age", (&age).into())])
}

/// A file, always as a download: never shown as a page of ours, whatever it is.
pub(crate) fn download((name, kind, content): (String, FileKind, Vec<u8>)) -> Answer {
    let encoded: String = name
        .bytes()
        .map(|byte| match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'.' | b'-' | b'_' => char::from(byte).to_string(),
            other => format!("%{other:02X}"),
        })
        .collect();
    let plain: String =
        name.chars().map(|c| if c.is_ascii_alphanumeric() || ".-_ ".contains(c) { c } else { '_' }).collect();
    let headers = [
        (header::CONTENT_TYPE, kind.media_type().to_owned()),
        (header::CONTENT_DISPOSITION, format!("attachment; filename=\"{plain}\"; filename*=UTF-8''{encoded}")),
        (header::CONTENT_SECURITY_POLICY, "default-src 'none'; sandbox; frame-ancestors 'none'".to_owned()),
        (HeaderName::from_static("x-download-options"), "noopen".to_owned()),
    ];
    Ok((headers, content).into_response())
}

/// What a page says of a problem with what was sent: the field it is about, and the words. Other problems are none of it.
pub(crate) fn said(web: &Web, visit: &Visit, problem: &Problem) -> Option<(&'static str, String)> {
    let hotline = web.app.brand.hotline.as_str();
    let (field, key) = match problem {
        Problem::Invalid { field: "subject", .. } => ("subject", "case-wrong-subject"),
        Problem::Invalid { field: "text", rule: "unfilled" } => ("text", "case-wrong-unfilled"),
        Problem::Invalid { field: "text", .. } => ("text", "case-wrong-text"),
        Problem::Invalid { field: "files", rule: "note" } => ("files", "case-wrong-note"),
        Problem::Invalid { field: "files", rule: "kind" } => ("files", "case-wrong-kind"),
        Problem::Invalid { field: "files", rule: "too-large" } => ("files", "case-wrong-large"),
        Problem::Invalid { field: "files", rule: "too-many" } => ("files", "case-wrong-many"),
        Problem::Invalid { field: "files", .. } => ("files", "case-wrong-full"),
        Problem::NotTaken(why) => ("text", crate::fault::not_taken(*why)),
        Problem::ExistsDifferently("entry") => ("text", "case-sent-already"),
        _ => return None,
    };
    Some((field, visit.say(key, &[("hotline", hotline.into())])))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::texts::Lang;
    use everline_core::ids::RawId;

    #[test]
    fn every_reason_step_and_cause_has_its_text() {
        for lang in Lang::ALL {
            let reasons = CaseReason::ALL.iter().map(|reason| reason_key(reason.word()));
            let steps = CaseStep::ALL.iter().map(|step| how_key(*step));
            for key in reasons.chain(steps).chain(Priority::ALL.iter().map(|one| priority_key(*one))) {
                assert!(lang.knows(key), "{key}");
            }
            assert!(lang.knows(&step_key(PHONE)));
        }
        let asked = CaseReason::ALL.iter().filter(|reason| reason_key(reason.word()) == "case-reason-asked");
        assert_eq!(asked.collect::<Vec<_>>(), [&CaseReason::Asked], "no reason is forgotten");
    }

    #[test]
    fn numbers_are_shown_in_halves() {
        let shown = case_number(CaseId(RawId::from_bytes([7; 16])));
        assert_eq!((shown.chars().count(), shown.chars().nth(4)), (9, Some('\u{a0}')), "{shown}");
    }
}
