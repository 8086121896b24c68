//! What is asked of a device that is to load an eSIM profile, wherever that is asked; and `/esim/check`, where nothing is kept.

use crate::bodies::Fields;
use crate::fault::Answer;
use crate::frame::{Frame, page, page_with};
use crate::texts::Lang;
use crate::visit::Visit;
use crate::web::Web;
use askama::Template;
use axum::extract::State;
use axum::http::StatusCode;
use everline_core::esim_device::{Basis, DeviceCheck, NotChecked, Sold, check as check_device, choices};
use everline_core::identifiers::IdentifierError;

/// One choice of a list of choices.
pub(crate) struct Choice {
    pub(crate) value: String,
    pub(crate) label: String,
    pub(crate) selected: bool,
}

/// The fields about a device, as they were sent.
pub(crate) struct DeviceForm {
    pub(crate) models: Vec<Choice>,
    pub(crate) sold: Vec<Choice>,
    pub(crate) eid: String,
    pub(crate) error: Option<String>,
    /// Whether the risk may be taken, and was.
    pub(crate) risk: Option<bool>,
}

/// The name of a place where devices are sold.
const fn sold_key(place: Sold) -> &'static str {
    match place {
        Sold::Mainland => "esim-sold-cn",
        Sold::HongKong => "esim-sold-hk",
        Sold::Elsewhere => "esim-sold-other",
    }
}

impl DeviceForm {
    /// The form as it was sent; with the risk to be taken where something is bought.
    pub(crate) fn of(visit: &Visit, buys: bool, error: Option<String>) -> Self {
        let (model, sold) = (visit.fields.get("model"), visit.fields.get("sold"));
        let of_model = |(maker, name): (&str, &str)| Choice {
            value: name.to_owned(),
            label: format!("{maker} {name}"),
            selected: name == model,
        };
        let of_place = |place: Sold| Choice {
            value: place.word().to_owned(),
            label: visit.lang.get(sold_key(place)),
            selected: place.word() == sold,
        };
        Self {
            models: choices().into_iter().map(of_model).collect(),
            sold: Sold::ALL.into_iter().map(of_place).collect(),
            eid: visit.fields.get("eid").to_owned(),
            error,
            risk: buys.then(|| takes_risk(&visit.fields)),
        }
    }
}

fn takes_risk(fields: &Fields) -> bool {
    fields.get("risk") == "yes"
}

/// Checks the device of a form that was sent.
pub(crate) fn sent_device(fields: &Fields) -> Result<DeviceCheck, NotChecked> {
    check_device(fields.get("model"), Sold::from_word(fields.get("sold")), fields.get("eid"), takes_risk(fields))
}

/// Why a device is not taken, where it is about to be paid for.
pub(crate) const fn not_checked(why: NotChecked) -> &'static str {
    match why {
        NotChecked::Nothing => "esim-buy-nothing",
        NotChecked::LoadsNone => "esim-buy-no",
        NotChecked::Unknown => "esim-buy-ask",
        NotChecked::Eid(error) => wrong_eid(error),
    }
}
const fn wrong_eid(error: IdentifierError) -> &'static str {
    match error {
        IdentifierError::Length { .. } => "esim-eid-length",
        IdentifierError::Character { .. } => "esim-eid-character",
        IdentifierError::CheckDigit { .. } => "esim-eid-check",
    }
}

/// What is kept of a device, in words.
pub(crate) fn device_words(lang: Lang, check: &DeviceCheck) -> String {
    let model = check.model.as_ref().map(|model| match check.sold {
        Some(sold) => format!("{model} ({})", lang.get(sold_key(sold))),
        None => model.clone(),
    });
    let eid = check.eid.as_ref().map(|eid| format!("EID {}", eid.as_str()));
    let risk = (check.basis == Basis::Risk).then(|| lang.get("esim-risk-taken"));
    [model, eid, risk].into_iter().flatten().collect::<Vec<_>>().join(" · ")
}

#[derive(Template)]
#[template(path = "esim_check.html")]
struct CheckPage {
    p: Frame,
    d: DeviceForm,
    /// What was found: its tone, and the words.
    said: Option<(&'static str, String)>,
}

/// `GET /esim/check`
pub(crate) async fn to_check(State(web): State<Web>, visit: Visit) -> Answer {
    page(&check_page(&web, &visit, None, None))
}

fn check_page(web: &Web, visit: &Visit, error: Option<&str>, said: Option<(&'static str, &str)>) -> CheckPage {
    CheckPage {
        p: visit.frame(web, visit.lang.get("esim-check-title")),
        d: DeviceForm::of(visit, false, error.map(|key| visit.lang.get(key))),
        said: said.map(|(tone, key)| (tone, visit.lang.get(key))),
    }
}

/// `POST /esim/check`: says whether; nothing of it is kept. An EID says more than a model.
pub(crate) async fn check(State(web): State<Web>, visit: Visit) -> Answer {
    let fields = &visit.fields;
    let checked = check_device(fields.get("model"), Sold::from_word(fields.get("sold")), fields.get("eid"), false);
    let (error, said) = match checked.map(|check| check.basis) {
        Ok(Basis::Eid) => (None, Some(("fine", "esim-says-eid"))),
        Ok(_) => (None, Some(("fine", "esim-says-yes"))),
        Err(NotChecked::LoadsNone) => (None, Some(("stopped", "esim-says-no"))),
        Err(NotChecked::Unknown) => (None, Some(("soon", "esim-says-ask"))),
        Err(NotChecked::Nothing) => (Some("esim-check-nothing"), None),
        Err(NotChecked::Eid(error)) => (Some(wrong_eid(error)), None),
    };
    let shown = check_page(&web, &visit, error, said);
    if error.is_some() { page_with(StatusCode::UNPROCESSABLE_ENTITY, &shown) } else { page(&shown) }
}
