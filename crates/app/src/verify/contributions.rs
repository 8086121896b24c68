//! Reviews, questions and answers: each is whole for its kind and state, and fits the question that it answers.

use super::{Collected, Context, sql};
use everline_core::contribution::{ContributionKind, ContributionState, Stars};
use everline_core::ids::{ContributionId, CustomerId, RawId};
use everline_core::time::BusinessTime;
use everline_store::{FromRow, Result, Row, Tx, args};

struct Found {
    id: ContributionId,
    kind: String,
    offering: String,
    question: Option<ContributionId>,
    customer: Option<CustomerId>,
    staff: Option<RawId>,
    stars: Option<i64>,
    words: String,
    state: String,
    reports: i64,
    settled_at: Option<BusinessTime>,
    /// Of the question that it is for: kind, offering, when it was answered.
    of: (Option<String>, Option<String>, Option<BusinessTime>),
    versions: i64,
}
impl FromRow for Found {
    fn from_row(row: &Row<'_>) -> Result<Self> {
        Ok(Self {
            id: row.get(0)?,
            kind: row.get(1)?,
            offering: row.get(2)?,
            question: row.get(3)?,
            customer: row.get(4)?,
            staff: row.get(5)?,
            stars: row.get(6)?,
            words: row.get(7)?,
            state: row.get(8)?,
            reports: row.get(9)?,
            settled_at: row.get(10)?,
            of: (row.get(11)?, row.get(12)?, row.get(13)?),
            versions: row.get(14)?,
        })
    }
}

pub(super) async fn check(tx: &mut Tx, context: &Context<'_>, out: &mut Collected) -> Result<()> {
    let mut after = ContributionId(RawId::from_bytes([0; 16]));
    loop {
        let page: Vec<Found> = tx.all(&sql::CONTRIBUTIONS, args![after, context.limits.page_rows]).await?;
        let Some(last) = page.last() else { return Ok(()) };
        after = last.id;
        out.checked("contributions", page.len());
        for found in page {
            contribution(&found, out);
        }
    }
}

fn contribution(found: &Found, out: &mut Collected) {
    let row = || format!("contribution({})", found.id);
    let words = ContributionKind::from_word(&found.kind).zip(ContributionState::from_word(&found.state));
    let Some((kind, state)) = words else {
        out.found("stored_word", row(), format!("kind {:?}, state {:?}", found.kind, found.state));
        return;
    };
    let gone = state == ContributionState::Withdrawn;
    let stars = found.stars.map(Stars::new);
    let (review, answer) = (kind == ContributionKind::Review, kind == ContributionKind::Answer);
    if stars.is_some() != (review && !gone) || stars == Some(None) || (!found.words.is_empty() && gone) {
        out.found(
            "contribution_whole",
            row(),
            format!("{} in {} with {:?} stars", found.kind, found.state, found.stars),
        );
    }
    if found.staff.is_some() && (found.customer.is_some() || !answer) {
        out.found("contribution_whole", row(), "written by staff and somebody else, or no answer");
    }
    if found.versions == 0 {
        out.found(
            "contribution_whole",
            row(),
            format!("about {}, which is nothing that was ever sold", found.offering),
        );
    }
    if state == ContributionState::Reported && found.reports < 1 {
        out.found("contribution_whole", row(), "reported by nobody");
    }
    let over = matches!(state, ContributionState::Refused | ContributionState::Hidden) || gone;
    if (over && found.settled_at.is_none()) || (state == ContributionState::Waiting && found.settled_at.is_some()) {
        out.found("contribution_whole", row(), format!("{} since {:?}", found.state, found.settled_at));
    }
    let (of_kind, of_offering, answered_at) = &found.of;
    let fits =
        of_kind.as_deref() == Some(ContributionKind::Question.word()) && of_offering.as_ref() == Some(&found.offering);
    if found.question.is_some() != answer || (answer && !fits) {
        out.found("contribution_question", row(), format!("{} to {:?}", found.kind, found.question));
    } else if answer && state.shown() && answered_at.is_none() {
        out.found("contribution_question", row(), "its question says that nobody answered");
    }
}
