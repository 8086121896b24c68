//! Files that are made while they are sent: rows for spreadsheets.

use crate::fault::{Answer, Fault};
use axum::body::{Body, Bytes};
use axum::http::header;
use axum::response::IntoResponse;
use futures_util::{Stream, StreamExt, stream};

/// A file for a spreadsheet, as a download.
pub(crate) fn csv_file(name: &str, rows: impl Stream<Item = Result<String, Fault>> + Send + 'static) -> Answer {
    download("text/csv; charset=utf-8", name, rows)
}

/// A file as a download, sent while it is made.
pub(crate) fn download(
    kind: &str,
    name: &str,
    rows: impl Stream<Item = Result<String, Fault>> + Send + 'static,
) -> Answer {
    // A part that fails ends the connection: a file that is cut must not look whole.
    let parts = rows.map(|part| part.map(Bytes::from).map_err(|fault| std::io::Error::other(fault.word())));
    let headers = [
        (header::CONTENT_TYPE, kind.to_owned()),
        (header::CONTENT_DISPOSITION, format!("attachment; filename=\"{name}\"")),
    ];
    Ok((headers, Body::from_stream(parts)).into_response())
}

/// The same, of rows that are there already.
pub(crate) fn whole_csv(name: &str, text: String) -> Answer {
    csv_file(name, stream::iter([Ok(text)]))
}
