//! QR codes as SVG paths, made here: no image leaves the page, and no other party learns what it says.

use fast_qr::qr::QRBuilder;

/// Light modules around the code (ISO/IEC 18004 §9.1 asks for four).
const QUIET: usize = 4;

/// A QR code.
pub(crate) struct Qr {
    /// The `d` of the path of its dark modules.
    pub(crate) path: String,
    /// Side of the whole, in modules.
    pub(crate) side: usize,
}

/// The code of a text; `None` if the text is too long for one.
pub(crate) fn qr(text: &str) -> Option<Qr> {
    let code = QRBuilder::new(text).build().ok()?;
    let mut path = String::new();
    for (at, module) in code.data.iter().take(code.size * code.size).enumerate() {
        if module.value() {
            let (x, y) = (at % code.size + QUIET, at / code.size + QUIET);
            path.push_str(&format!("M{x} {y}h1v1h-1z"));
        }
    }
    Some(Qr { path, side: code.size + 2 * QUIET })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_has_its_corner_and_its_quiet_zone() {
        let qr = qr("https://pay.example/abc").unwrap();
        assert_eq!((qr.side - 2 * QUIET - 17) % 4, 0, "a size that exists");
        assert!(qr.path.starts_with("M4 4h1v1h-1z"), "the finder pattern begins at the quiet zone's corner");
        assert!(super::qr(&"x".repeat(4_000)).is_none());
    }
}
