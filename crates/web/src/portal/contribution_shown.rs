//! How reviews, questions and answers are shown: as text, under the first character of a name.

use crate::show::Show;
use crate::texts::Arg;
use crate::web::Web;
use everline_core::contribution::{ContributionKind, ContributionState};
use everline_core::line::DeviceKind;
use everline_store::tables::contribution::Contribution;

/// A review as everybody sees it.
pub(crate) struct ReviewShown {
    pub(crate) id: String,
    pub(crate) stars: String,
    pub(crate) stars_words: String,
    /// Who, with what, where, when.
    pub(crate) by: String,
    pub(crate) words: String,
}

/// A question with its answers.
pub(crate) struct QuestionShown {
    pub(crate) id: String,
    pub(crate) by: String,
    pub(crate) words: String,
    pub(crate) answers: Vec<AnswerShown>,
    /// The id of a new answer.
    pub(crate) ticket: String,
}

/// An answer as everybody sees it.
pub(crate) struct AnswerShown {
    pub(crate) id: String,
    pub(crate) by: String,
    pub(crate) words: String,
    /// Whether staff gave it: nobody reports that.
    pub(crate) staff: bool,
}

/// What its author sees of something they wrote.
pub(crate) struct MineShown {
    pub(crate) id: String,
    pub(crate) what: String,
    pub(crate) state: String,
    pub(crate) stars: String,
    pub(crate) words: String,
}

/// What a kind of device is called.
pub(crate) const fn device_key(device: DeviceKind) -> &'static str {
    match device {
        DeviceKind::Phone => "choose-device-phone",
        DeviceKind::Watch => "choose-device-watch",
        DeviceKind::Router => "choose-device-router",
        DeviceKind::Tracker => "choose-device-tracker",
        DeviceKind::Meter => "choose-device-meter",
        DeviceKind::Other => "choose-device-other",
    }
}

/// Who wrote it, with what, where and when: `林* · 手表 · 上海 · 3 天前`.
pub(crate) fn by(web: &Web, show: &Show, one: &Contribution) -> String {
    let author = match (one.staff, one.author.as_str()) {
        (Some(_), _) => show.lang.get("choose-by-staff"),
        (None, "") => show.lang.get("choose-by-nobody"),
        (None, author) => author.to_owned(),
    };
    let region = one.region.as_ref().and_then(|key| web.app.brand.regions.get(key));
    let age = show.lang.with("choose-ago", &[("age", Arg::Text(&show.age(one.written_at)))]);
    let parts = [
        Some(author),
        one.device.map(|device| show.lang.get(device_key(device))),
        region.map(|region| region.get(show.lang.tag()).to_owned()),
        Some(age),
    ];
    parts.into_iter().flatten().collect::<Vec<_>>().join(" · ")
}

/// Stars for eyes: `★★★★☆`; empty where there are none.
pub(crate) fn stars(one: &Contribution) -> String {
    one.stars.map_or_else(String::new, |stars| {
        let full = usize::from(stars.get());
        "★".repeat(full) + &"☆".repeat(5_usize.saturating_sub(full))
    })
}

/// A review as everybody sees it.
pub(crate) fn review(web: &Web, show: &Show, one: &Contribution) -> ReviewShown {
    let count = one.stars.map_or(0, |stars| i64::from(stars.get()));
    ReviewShown {
        id: one.id.to_string(),
        stars: stars(one),
        stars_words: show.lang.with("choose-stars", &[("stars", count.into())]),
        by: by(web, show, one),
        words: one.words.clone(),
    }
}

/// A question with its answers, and the ticket by which it is answered.
pub(crate) fn question(
    web: &Web,
    show: &Show,
    (one, ticket): (&Contribution, String),
    answers: &[Contribution],
) -> QuestionShown {
    let answer = |answer: &Contribution| AnswerShown {
        id: answer.id.to_string(),
        by: by(web, show, answer),
        words: answer.words.clone(),
        staff: answer.staff.is_some(),
    };
    QuestionShown {
        id: one.id.to_string(),
        by: by(web, show, one),
        words: one.words.clone(),
        answers: answers.iter().map(answer).collect(),
        ticket,
    }
}

/// What its author sees of something they wrote.
pub(crate) fn mine(show: &Show, one: &Contribution) -> MineShown {
    let what = match one.kind {
        ContributionKind::Review => "choose-mine-review",
        ContributionKind::Question => "choose-mine-question",
        ContributionKind::Answer => "choose-mine-answer",
    };
    let reason = one.reason.as_deref().unwrap_or_default();
    let state = match one.state {
        ContributionState::Waiting => show.lang.get("choose-state-waiting"),
        // Its author is not told who dislikes it: staff decide.
        ContributionState::Published | ContributionState::Reported => show.lang.get("choose-state-published"),
        ContributionState::Refused => show.lang.with("choose-state-refused", &[("reason", Arg::Text(reason))]),
        ContributionState::Hidden => show.lang.with("choose-state-hidden", &[("reason", Arg::Text(reason))]),
        ContributionState::Withdrawn => show.lang.get("choose-sent-withdrawn"),
    };
    MineShown { id: one.id.to_string(), what: show.lang.get(what), state, stars: stars(one), words: one.words.clone() }
}
