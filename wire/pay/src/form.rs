//! `application/x-www-form-urlencoded`, read strictly and decoded exactly once.

use crate::{BODY_BYTES_MAX, Error, PARAMS_MAX};
use std::collections::HashSet;

/// Reads a form or a query string (without its `?`) into names and values, in order.
///
/// # Errors
/// [`Error::TooLarge`], [`Error::TooManyParams`], [`Error::BadEscape`], [`Error::NotUtf8`], [`Error::Duplicate`].
pub(crate) fn parse(body: &[u8]) -> Result<Vec<(String, String)>, Error> {
    if body.len() > BODY_BYTES_MAX {
        return Err(Error::TooLarge { limit_bytes: BODY_BYTES_MAX, actual_bytes: body.len() });
    }
    let mut pairs: Vec<(String, String)> = Vec::new();
    let mut seen = HashSet::new();
    for part in body.split(|b| *b == b'&').filter(|part| !part.is_empty()) {
        if pairs.len() == PARAMS_MAX {
            return Err(Error::TooManyParams { limit: PARAMS_MAX });
        }
        let mut halves = part.splitn(2, |b| *b == b'=');
        let name = decode(halves.next().unwrap_or_default())?;
        let value = decode(halves.next().unwrap_or_default())?;
        if !seen.insert(name.clone()) {
            return Err(Error::Duplicate { name });
        }
        pairs.push((name, value));
    }
    Ok(pairs)
}

fn decode(text: &[u8]) -> Result<String, Error> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.iter();
    while let Some(&byte) = rest.next() {
        bytes.push(match byte {
            b'+' => b' ',
            b'%' => match (rest.next().and_then(hex_digit), rest.next().and_then(hex_digit)) {
                (Some(high), Some(low)) => high * 16 + low,
                _ => return Err(Error::BadEscape),
            },
            other => other,
        });
    }
    String::from_utf8(bytes).map_err(|_| Error::NotUtf8)
}

fn hex_digit(byte: &u8) -> Option<u8> {
    match byte {
        b'0'..=b'9' => Some(byte - b'0'),
        b'a'..=b'f' => Some(byte - b'a' + 10),
        b'A'..=b'F' => Some(byte - b'A' + 10),
        _ => None,
    }
}

/// Appends `text` with everything but RFC 3986's unreserved characters percent-encoded: a form and a query string read
/// it alike.
pub(crate) fn encode_into(out: &mut String, text: &str) {
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~') {
            out.push(char::from(byte));
        } else {
            out.push_str(&format!("%{byte:02X}"));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pairs(list: &[(&str, &str)]) -> Vec<(String, String)> {
        list.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
    }

    #[test]
    fn decodes_exactly_once() {
        assert_eq!(
            parse(b"passback_params=a%253D1&subject=%E6%B5%81%E9%87%8F+10%2BGB&empty=&bare&x=a=b"),
            Ok(pairs(&[
                ("passback_params", "a%3D1"),
                ("subject", "流量 10+GB"),
                ("empty", ""),
                ("bare", ""),
                ("x", "a=b")
            ]))
        );
        assert_eq!(parse(b"&&a=1&&"), Ok(pairs(&[("a", "1")])));
        assert_eq!(parse(b""), Ok(Vec::new()));
    }

    #[test]
    fn refuses_what_is_ambiguous_or_broken() {
        for body in [&b"a=%"[..], b"a=%4", b"a=%zz", b"%=1", b"a=%+1"] {
            assert_eq!(parse(body), Err(Error::BadEscape), "{body:?}");
        }
        assert_eq!(parse(b"a=%ff"), Err(Error::NotUtf8));
        assert_eq!(parse(b"a=\xff"), Err(Error::NotUtf8));
        assert_eq!(parse(b"a=1&%61=2"), Err(Error::Duplicate { name: "a".into() }));
        let many: String = (0..=PARAMS_MAX).map(|n| format!("p{n}=1&")).collect();
        assert_eq!(parse(many.as_bytes()), Err(Error::TooManyParams { limit: PARAMS_MAX }));
        let large = vec![b'a'; BODY_BYTES_MAX + 1];
        assert!(matches!(parse(&large), Err(Error::TooLarge { .. })));
    }

    #[test]
    fn encodes_what_decodes_to_the_same() {
        let text = "a b+c&d=e%f/é流量🎉~-._*'()\"\n";
        let mut encoded = String::new();
        encode_into(&mut encoded, text);
        assert!(encoded.bytes().all(|b| b.is_ascii_alphanumeric() || b"-._~%".contains(&b)), "{encoded}");
        assert_eq!(parse(format!("k={encoded}").as_bytes()), Ok(pairs(&[("k", text)])));
    }
}
