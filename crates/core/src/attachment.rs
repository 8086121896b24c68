//! Files that are sent with a case: known by what they contain, never by what they are called or said to be.

use crate::words::words;

/// What a file is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum FileKind {
    /// A PNG picture.
    Png,
    /// A JPEG picture.
    Jpeg,
    /// A WebP picture.
    Webp,
    /// A PDF document.
    Pdf,
    /// Plain text in UTF-8.
    Text,
}
words!(FileKind { Png = "png", Jpeg = "jpeg", Webp = "webp", Pdf = "pdf", Text = "text" });

/// Most octets of one file: a photo as telephones make it.
pub const FILE_MAX: usize = 6 * 1024 * 1024;
/// Most files sent with one message.
pub const FILES_MAX: usize = 3;
/// Most files of one case.
pub const FILES_OF_CASE_MAX: i64 = 12;
/// Most octets of all files of one customer.
pub const OCTETS_OF_CUSTOMER_MAX: i64 = 40 * 1024 * 1024;
/// Most characters of a name.
const NAME_MAX: usize = 80;

impl FileKind {
    /// What its content is; `None` for what is not taken.
    #[must_use]
    pub fn of(content: &[u8]) -> Option<Self> {
        match content {
            [0x89, b'P', b'N', b'G', 0x0d, 0x0a, 0x1a, 0x0a, ..] => Some(FileKind::Png),
            [0xff, 0xd8, 0xff, ..] => Some(FileKind::Jpeg),
            [b'R', b'I', b'F', b'F', _, _, _, _, b'W', b'E', b'B', b'P', ..] => Some(FileKind::Webp),
            [b'%', b'P', b'D', b'F', b'-', ..] => Some(FileKind::Pdf),
            _ => is_plain_text(content).then_some(FileKind::Text),
        }
    }
    /// Its media type, as it is sent out.
    #[must_use]
    pub const fn media_type(self) -> &'static str {
        match self {
            FileKind::Png => "image/png",
            FileKind::Jpeg => "image/jpeg",
            FileKind::Webp => "image/webp",
            FileKind::Pdf => "application/pdf",
            FileKind::Text => "text/plain; charset=utf-8",
        }
    }
    const fn ending(self) -> &'static str {
        match self {
            FileKind::Png => "png",
            FileKind::Jpeg => "jpg",
            FileKind::Webp => "webp",
            FileKind::Pdf => "pdf",
            FileKind::Text => "txt",
        }
    }
}

/// UTF-8 without control characters. What begins like markup is none: a browser might be talked into reading it.
fn is_plain_text(content: &[u8]) -> bool {
    let Ok(text) = std::str::from_utf8(content) else { return false };
    let plain = |c: char| !c.is_control() || matches!(c, '\n' | '\r' | '\t');
    let begins = text.trim_start_matches(|c: char| c.is_whitespace() || c == '\u{feff}');
    !begins.is_empty() && !begins.starts_with('<') && text.chars().all(plain)
}

/// A name that can be shown and saved anywhere: no folders, no control or direction characters, not too long, and with the
/// ending of what the file is.
#[must_use]
pub fn safe_name(name: &str, kind: FileKind) -> String {
    let last = name.rsplit(['/', '\\']).next().unwrap_or_default();
    let stem = last.rsplit_once('.').map_or(last, |(stem, _)| stem);
    let turns =
        |c: char| matches!(c, '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{2069}' | '\u{feff}');
    let kept = stem.chars().filter(|c| !c.is_control() && !turns(*c));
    let kept = kept
        .map(|c| if matches!(c, '<' | '>' | ':' | '"' | '|' | '?' | '*' | '%' | ';' | '\'' | '`') { '_' } else { c });
    let stem: String = kept.take(NAME_MAX).collect();
    let stem = stem.trim_matches(|c: char| c == '.' || c.is_whitespace());
    let stem = if stem.is_empty() { "file" } else { stem };
    format!("{stem}.{}", kind.ending())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_are_known_by_their_content() {
        for (content, kind) in [
            (&b"\x89PNG\r\n\x1a\nrest"[..], Some(FileKind::Png)),
            (b"\xff\xd8\xff\xe0rest", Some(FileKind::Jpeg)),
            (b"RIFF\x01\x02\x03\x04WEBPVP8 ", Some(FileKind::Webp)),
            (b"%PDF-1.7\n", Some(FileKind::Pdf)),
            ("你好\n".as_bytes(), Some(FileKind::Text)),
            (b"", None),
            (b" \n", None),
            (b"<html><script>alert(1)</script>", None),
            (b"\xef\xbb\xbf  <svg onload=alert(1)>", None),
            (b"GIF89a", None),
            (b"MZ\x90\x00", None),
            (b"PK\x03\x04", None),
            (b"\xff\xfe<\x00", None),
            (b"RIFF\x01\x02\x03\x04WAVE", None),
        ] {
            // A GIF's head is text; the rest of one is not.
            let content = if content == b"GIF89a" { &b"GIF89a\x01\x00"[..] } else { content };
            assert_eq!(FileKind::of(content), kind, "{content:?}");
        }
    }

    #[test]
    fn names_are_harmless() {
        for (name, kind, safe) in [
            ("截图.PNG", FileKind::Png, "截图.png"),
            ("../../etc/passwd", FileKind::Text, "passwd.txt"),
            ("C:\\x\\evil.html", FileKind::Text, "evil.txt"),
            ("\u{202e}gpj.exe", FileKind::Jpeg, "gpj.jpg"),
            ("a\r\nSet-Cookie: x", FileKind::Pdf, "aSet-Cookie_ x.pdf"),
            ("\"><script>alert(1)</script>", FileKind::Text, "script_.txt"),
            ("...", FileKind::Webp, "file.webp"),
            ("", FileKind::Webp, "file.webp"),
        ] {
            assert_eq!(safe_name(name, kind), safe, "{name}");
        }
        assert_eq!(safe_name(&"长".repeat(500), FileKind::Text).chars().count(), NAME_MAX + 4);
    }
}
