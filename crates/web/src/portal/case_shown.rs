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
use everline_core::support::{CaseState, EntryKind, Side};

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
        _ => "case-reason-asked",
    }
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
    if let Some(number) = &view.order_number {
        fact("order-fact-number", order_number(number));
    }
    if let Some(line) = view.line.as_ref().filter(|_| case.for_whom != everline_core::support::CaseFor::Guest || staff)
    {
        let name = if line.name.is_empty() {
            number(&line.msisdn)
        } else {
            format!("{} · {}", line_name(line), number(&line.msisdn))
        };
        fact("order-fact-line", name);
    }
    if let Some(side) = case.side {
        fact("case-side", lang.get(side_key(side)));
    }
    fact("case-opened", show.moment(case.opened_at));
    fact("case-changed", show.moment(case.changed_at));
    let entries = view.entries.iter().map(|(entry, by)| EntryShown {
        who: match (entry.kind, by) {
            (EntryKind::Asker, _) if staff => lang.get("case-by-asker"),
            (EntryKind::Asker, _) => lang.get("case-by-you"),
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
        Problem::Invalid { field: "text", .. } => ("text", "case-wrong-text"),
        Problem::Invalid { field: "files", rule: "kind" } => ("files", "case-wrong-kind"),
        Problem::Invalid { field: "files", rule: "too-large" } => ("files", "case-wrong-large"),
        Problem::Invalid { field: "files", rule: "too-many" } => ("files", "case-wrong-many"),
        Problem::Invalid { field: "files", .. } => ("files", "case-wrong-full"),
        Problem::NotTaken(why) => ("text", crate::fault::not_taken(*why)),
        _ => return None,
    };
    Some((field, visit.say(key, &[("hotline", hotline.into())])))
}
