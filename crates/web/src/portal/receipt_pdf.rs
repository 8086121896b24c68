//! A receipt as a PDF file, made on a thread of its own; few at once, the others wait.

use crate::fault::Answer;
use crate::portal::offering_shown::Term;
use crate::portal::order_shown::Audience;
use crate::portal::receipt::{ReceiptShown, receipt_shown};
use crate::show::Show;
use crate::web::Web;
use axum::http::header;
use axum::response::IntoResponse;
use everline_app::Problem;
use everline_app::order_page::OrderView;
use everline_core::time::Zone;
use everline_documents::{Check, ReceiptDocument, Row, Section, pdf};

/// The file of an order's receipt. One that has no number yet does not exist yet.
pub(crate) async fn receipt_file(
    web: &Web,
    show: &Show,
    view: &OrderView,
    audience: Audience,
    payer: Option<String>,
) -> Answer {
    let shown = receipt_shown(web, show, view, audience, payer)?;
    let number = shown.number.clone().ok_or(Problem::NotFound("receipt"))?;
    let document = document(show, web.app.brand.name.get(show.lang.tag()).to_owned(), shown, &number);
    let failed = |what: String| Problem::Internal(format!("a receipt could not be made: {what}"));
    let permit = web.documents.clone().acquire_owned().await.map_err(|_| Problem::Busy)?;
    let made = tokio::task::spawn_blocking(move || {
        let made = pdf(&document);
        drop(permit); // whoever asked may be gone; the thread is busy until here
        made
    });
    let made = made.await.map_err(|error| failed(error.to_string()))?;
    let bytes = made.map_err(|error| failed(error.to_string()))?;
    let name = format!("attachment; filename=\"receipt-{number}.pdf\"");
    let headers = [(header::CONTENT_TYPE, "application/pdf".to_owned()), (header::CONTENT_DISPOSITION, name)];
    Ok((headers, bytes).into_response())
}

fn document(show: &Show, issuer: String, shown: ReceiptShown, number: &str) -> ReceiptDocument {
    let lang = show.lang;
    let section =
        |key, terms: Vec<Term>| Section { heading: lang.get(key), rows: terms.into_iter().map(row).collect() };
    let mut sections = vec![section("receipt-parties", shown.parties), section("receipt-item-heading", shown.item)];
    sections.extend(shown.payments.into_iter().map(|payment| section("receipt-payment", payment)));
    let postings = shown.postings.into_iter().map(|posting| Term {
        label: format!("{} {}", posting.name, posting.code),
        value: format!("{} · {}", posting.amount, posting.when),
    });
    sections.push(section("receipt-postings", postings.collect()));
    sections.push(section("receipt-activation", shown.activation));
    sections.push(section("receipt-refunds", shown.refunds));
    let named = |key, name: &str| lang.with(key, &[("name", name.into())]);
    ReceiptDocument {
        language: lang.tag().to_owned(),
        issuer,
        title: lang.get("receipt-title"),
        number: format!("{} {number}", lang.get("receipt-number")),
        issued: named("receipt-issued", &shown.issued),
        issued_at: Zone::utc().local(shown.issued_at).datetime(),
        amount: Row { label: lang.get("receipt-amount"), value: shown.amount },
        amount_in_words: shown.amount_in_words.map(|words| named("receipt-in-words", &words)),
        sections,
        check: shown.check.map(|link| Check {
            text: lang.get("receipt-check-text"),
            described: lang.get("receipt-check-code"),
            link,
        }),
        notes: vec![lang.get("receipt-not-tax")],
    }
}

fn row(term: Term) -> Row {
    Row { label: term.label, value: term.value }
}
