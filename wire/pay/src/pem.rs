//! PEM (RFC 7468): base64 between two lines that name what it is.

use base64::{Engine as _, engine::general_purpose::STANDARD};

/// The bytes of every block with `label`, in order. Text between blocks is passed over (RFC 7468, clause 2), and so are
/// blocks with another label. `None` if a block has no end or is not base64.
pub(crate) fn blocks(text: &str, label: &str) -> Option<Vec<Vec<u8>>> {
    let (begin, end) = (format!("-----BEGIN {label}-----"), format!("-----END {label}-----"));
    let mut found = Vec::new();
    let mut rest = text;
    while let Some((_, after)) = rest.split_once(&begin) {
        let (body, after) = after.split_once(&end)?;
        found.push(unwrapped(body)?);
        rest = after;
    }
    Some(found)
}

/// The bytes behind base64 that may be spread over lines; `None` for none at all and for anything else.
pub(crate) fn unwrapped(body: &str) -> Option<Vec<u8>> {
    let compact: String = body.chars().filter(|c| !c.is_ascii_whitespace()).collect();
    if compact.is_empty() {
        return None;
    }
    STANDARD.decode(compact).ok()
}

/// `base64` in lines of 64 characters, as a block with `label`.
pub(crate) fn armor(label: &str, base64: &str) -> String {
    let mut pem = format!("-----BEGIN {label}-----\n");
    for (at, character) in base64.chars().enumerate() {
        if at > 0 && at % 64 == 0 {
            pem.push('\n');
        }
        pem.push(character);
    }
    pem.push_str(&format!("\n-----END {label}-----\n"));
    pem
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blocks_are_found_between_other_text() {
        let text = format!(
            "subject: x\n{}\r\n-----BEGIN Y-----\n!\n-----END Y-----\n\n{}tail",
            armor("X", "AAEC").replace('\n', "\r\n"),
            armor("X", &"A".repeat(68))
        );
        assert_eq!(blocks(&text, "X"), Some(vec![vec![0, 1, 2], vec![0; 51]]));
        assert_eq!(blocks("no block", "X"), Some(Vec::new()));
    }

    #[test]
    fn a_broken_block_is_refused() {
        for text in [
            "-----BEGIN X-----\nAAEC\n",
            "-----BEGIN X-----\nAAEC\n-----END Y-----",
            "-----BEGIN X----------END X-----",
            "-----BEGIN X-----\nA\n-----END X-----",
            "-----BEGIN X-----\n流量\n-----END X-----",
            "-----BEGIN X-----\nAAEC\n-----BEGIN X-----\nAAEC\n-----END X-----",
        ] {
            assert_eq!(blocks(text, "X"), None, "{text}");
        }
    }
}
