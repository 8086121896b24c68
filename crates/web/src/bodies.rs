//! Bodies of requests: the fields of our own forms, and strict JSON.

use crate::fault::Fault;
use axum::body::Bytes;
use everline_app::support::Sent;
use futures_util::stream;
use serde::de::DeserializeOwned;
use std::convert::Infallible;

/// The fields of a form, as the browser sent them.
#[derive(Debug, Clone, Default)]
pub(crate) struct Fields {
    texts: Vec<(String, String)>,
    files: Vec<Sent>,
}

/// Most parts that a form with files has.
const PARTS_MAX: usize = 32;

impl Fields {
    /// Reads `application/x-www-form-urlencoded`.
    pub(crate) fn parse(body: &[u8]) -> Self {
        Self { texts: url::form_urlencoded::parse(body).into_owned().collect(), files: Vec::new() }
    }
    /// Reads `multipart/form-data` (RFC 7578), or, of another type, what [`Fields::parse`] reads.
    pub(crate) async fn read(content_type: &str, body: &Bytes) -> Result<Self, Fault> {
        let Ok(boundary) = multer::parse_boundary(content_type) else { return Ok(Self::parse(body)) };
        let unusable = |_| Fault::Unusable { field: "body".to_owned(), rule: "not a form" };
        let whole = body.clone();
        let mut parts = multer::Multipart::new(stream::once(async { Ok::<_, Infallible>(whole) }), boundary);
        let mut fields = Self::default();
        for _ in 0..PARTS_MAX {
            let Some(part) = parts.next_field().await.map_err(unusable)? else { return Ok(fields) };
            let (name, file) = (part.name().unwrap_or_default().to_owned(), part.file_name().map(str::to_owned));
            let content = part.bytes().await.map_err(unusable)?;
            match file {
                // A field for files in which none was chosen.
                Some(file) if file.is_empty() && content.is_empty() => {}
                Some(file) => fields.files.push(Sent { name: file, content: content.to_vec() }),
                None => fields.texts.push((name, String::from_utf8_lossy(&content).into_owned())),
            }
        }
        Err(Fault::TooLarge)
    }
    /// A field without white space around it; empty if it is not there.
    pub(crate) fn get(&self, name: &str) -> &str {
        self.texts.iter().find(|(known, _)| known == name).map_or("", |(_, value)| value.trim())
    }
    /// The files that were sent.
    pub(crate) fn files(&self) -> Vec<Sent> {
        self.files.clone()
    }
}

/// Reads JSON into a type that knows all its fields.
pub(crate) fn json<T: DeserializeOwned>(body: &[u8]) -> Result<T, Fault> {
    serde_json::from_slice(body).map_err(|error| {
        let unknown = error.to_string();
        let field = unknown.split('`').nth(1).filter(|_| error.is_data()).unwrap_or("body");
        let rule = if error.is_data() { "unknown, missing or of another type" } else { "not JSON" };
        Fault::Unusable { field: field.to_owned(), rule }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(serde::Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Strict {
        #[allow(dead_code)]
        number: i64,
    }

    #[test]
    fn json_is_strict_and_names_the_field() {
        let field = |text: &str| match json::<Strict>(text.as_bytes()) {
            Err(Fault::Unusable { field, .. }) => field,
            _ => "fine".to_owned(),
        };
        assert_eq!(field(r#"{"number": 1}"#), "fine");
        assert_eq!(field(r#"{"number": 1, "price": 0}"#), "price");
        assert_eq!(field("{}"), "number");
        assert_eq!(field("{"), "body");
    }

    #[test]
    fn fields_are_trimmed() {
        let fields = Fields::parse(b"phone=+13800138000+&note=a%26b");
        assert_eq!((fields.get("phone"), fields.get("note"), fields.get("other")), ("13800138000", "a&b", ""));
    }
}
