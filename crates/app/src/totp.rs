//! One-time codes by time (RFC 6238): HMAC-SHA-1 over steps of thirty seconds, six digits, as every code generator makes them.

use aws_lc_rs::hmac;
use everline_core::time::{SECOND_US, SystemTime};

/// Bytes of a secret: as many as the hash has (RFC 4226 §4).
pub(crate) const SECRET_BYTES: usize = 20;
const STEP_US: i64 = 30 * SECOND_US;
/// How many steps a generator's clock may be off, either way.
const OFF_MAX: i64 = 1;
const DIGITS: usize = 6;

/// The step of an instant.
const fn step(at: SystemTime) -> i64 {
    at.us().div_euclid(STEP_US)
}

/// The code of a step (RFC 4226 §5.3).
fn code(secret: &[u8], step: i64) -> u32 {
    let key = hmac::Key::new(hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY, secret);
    let mac = hmac::sign(&key, &step.to_be_bytes());
    let mac = mac.as_ref();
    let offset = usize::from(mac.last().copied().unwrap_or(0) & 0x0f);
    let four = mac.get(offset..).and_then(|rest| rest.first_chunk()).copied().unwrap_or_default();
    u32::from_be_bytes(four) & 0x7fff_ffff
}

fn digits(code: u32) -> String {
    format!("{:06}", code % 1_000_000)
}

/// The step whose code was typed, if it is one of now and none that was used: `last` is the last step accepted.
pub(crate) fn accepted(secret: &[u8], typed: &str, last: Option<i64>, now: SystemTime) -> Option<i64> {
    let typed: String = typed.chars().filter(|c| !c.is_whitespace()).collect();
    if typed.len() != DIGITS {
        return None;
    }
    let is = step(now);
    let same = |step: &i64| {
        let right = digits(code(secret, *step));
        aws_lc_rs::constant_time::verify_slices_are_equal(right.as_bytes(), typed.as_bytes()).is_ok()
    };
    let steps: Vec<i64> = (is - OFF_MAX..=is + OFF_MAX).filter(same).collect();
    steps.into_iter().find(|step| last.is_none_or(|last| *step > last))
}

/// The code that a generator shows now; for tests and the demo's hub.
#[must_use]
pub fn shown(secret: &[u8], now: SystemTime) -> String {
    digits(code(secret, step(now)))
}

const BASE32: &[u8; 32] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";

/// Bytes as people type them into a generator (RFC 4648 §6), without padding.
pub(crate) fn base32(bytes: &[u8]) -> String {
    let mut text = String::new();
    let (mut bits, mut count) = (0_u32, 0);
    for byte in bytes {
        bits = bits << 8 | u32::from(*byte);
        count += 8;
        while count >= 5 {
            count -= 5;
            text.push(letter(bits >> count));
        }
        bits &= (1 << count) - 1;
    }
    if count > 0 {
        text.push(letter(bits << (5 - count)));
    }
    text
}

fn letter(value: u32) -> char {
    let at = usize::try_from(value & 31).unwrap_or(0);
    BASE32.get(at).copied().map_or('A', char::from)
}

/// The bytes of such a text.
#[must_use]
pub fn from_base32(text: &str) -> Option<Vec<u8>> {
    let (mut bytes, mut bits, mut count) = (Vec::new(), 0_u32, 0);
    for letter in text.bytes().filter(|byte| *byte != b' ') {
        let value = BASE32.iter().position(|known| *known == letter.to_ascii_uppercase())?;
        bits = bits << 5 | u32::try_from(value).ok()?;
        count += 5;
        if count >= 8 {
            count -= 8;
            bytes.push(u8::try_from(bits >> count & 0xff).ok()?);
        }
        bits &= (1 << count) - 1;
    }
    Some(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECRET: &[u8] = b"12345678901234567890";

    fn at(seconds: i64) -> SystemTime {
        SystemTime::from_us(seconds * SECOND_US)
    }

    /// RFC 6238, appendix B, SHA-1: eight digits there, of which the last six are shown here.
    #[test]
    fn the_vectors_of_the_rfc_hold() {
        for (seconds, eight) in [
            (59, "94287082"),
            (1_111_111_109, "07081804"),
            (1_111_111_111, "14050471"),
            (1_234_567_890, "89005924"),
            (2_000_000_000, "69279037"),
            (20_000_000_000, "65353130"),
        ] {
            assert_eq!(format!("{:08}", code(SECRET, step(at(seconds))) % 100_000_000), eight, "{seconds}");
            assert_eq!(shown(SECRET, at(seconds)), eight[2..], "{seconds}");
        }
    }

    #[test]
    fn a_code_is_taken_once_and_near_its_time() {
        let (now, is) = (at(1_111_111_109), step(at(1_111_111_109)));
        let of = |step: i64| digits(code(SECRET, step));
        assert_eq!(accepted(SECRET, &of(is), None, now), Some(is));
        assert_eq!(accepted(SECRET, " 081 804 ", None, now), Some(is));
        assert_eq!(accepted(SECRET, &of(is - 1), None, now), Some(is - 1));
        assert_eq!(accepted(SECRET, &of(is + 1), None, now), Some(is + 1));
        assert_eq!(accepted(SECRET, &of(is - 2), None, now), None);
        assert_eq!(accepted(SECRET, &of(is + 2), None, now), None);
        assert_eq!(accepted(SECRET, &of(is), Some(is), now), None, "used");
        assert_eq!(accepted(SECRET, &of(is - 1), Some(is), now), None, "older than what was used");
        assert_eq!(accepted(SECRET, &of(is + 1), Some(is), now), Some(is + 1));
        for wrong in ["", "08180", "0818040", "a81804"] {
            assert_eq!(accepted(SECRET, wrong, None, now), None, "{wrong}");
        }
    }

    /// RFC 4648, section 10, without the padding.
    #[test]
    fn base32_is_read_as_written() {
        for (bytes, text) in [
            ("", ""),
            ("f", "MY"),
            ("fo", "MZXQ"),
            ("foo", "MZXW6"),
            ("foob", "MZXW6YQ"),
            ("fooba", "MZXW6YTB"),
            ("foobar", "MZXW6YTBOI"),
        ] {
            assert_eq!(base32(bytes.as_bytes()), text);
            assert_eq!(from_base32(&text.to_lowercase()).as_deref(), Some(bytes.as_bytes()));
        }
        assert_eq!(base32(SECRET), "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ");
        assert_eq!(from_base32("1"), None);
    }
}
