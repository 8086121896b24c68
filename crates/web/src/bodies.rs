//! Bodies of requests: the fields of our own forms, and strict JSON.

use crate::fault::Fault;
use serde::de::DeserializeOwned;

/// The fields of a form, as the browser sent them.
#[derive(Debug, Clone, Default)]
pub(crate) struct Fields(Vec<(String, String)>);

impl Fields {
    /// Reads `application/x-www-form-urlencoded`.
    pub(crate) fn parse(body: &[u8]) -> Self {
        Self(url::form_urlencoded::parse(body).into_owned().collect())
    }
    /// A field without white space around it; empty if it is not there.
    pub(crate) fn get(&self, name: &str) -> &str {
        self.0.iter().find(|(known, _)| known == name).map_or("", |(_, value)| value.trim())
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
