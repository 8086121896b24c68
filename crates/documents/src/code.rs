//! A QR code as rectangles (ISO/IEC 18004).

use fast_qr::ECL;
use fast_qr::qr::QRBuilder;

/// A QR code: its side in modules, and its dark modules in runs from left to right.
#[derive(Debug, Clone)]
pub(crate) struct Code {
    pub(crate) side: usize,
    /// Column, row, and how many beside each other.
    pub(crate) runs: Vec<(usize, usize, usize)>,
}

/// The code of a text; `None` if the text is too long for one. A quarter of it may be damaged: paper is folded.
pub(crate) fn code(text: &str) -> Option<Code> {
    let code = QRBuilder::new(text).ecl(ECL::M).build().ok()?;
    let mut runs: Vec<(usize, usize, usize)> = Vec::new();
    for (at, module) in code.data.iter().take(code.size * code.size).enumerate() {
        let (column, row) = (at % code.size, at / code.size);
        match runs.last_mut() {
            Some((first, same, length)) if module.value() && *same == row && *first + *length == column => *length += 1,
            _ if module.value() => runs.push((column, row, 1)),
            _ => {}
        }
    }
    Some(Code { side: code.size, runs })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_begins_with_its_finder() {
        let code = code("https://my.example.com/v/abc").unwrap();
        assert_eq!((code.side - 17) % 4, 0, "a size that exists");
        assert_eq!(code.runs.first(), Some(&(0, 0, 7)), "the upper edge of the finder is seven modules wide");
        assert!(super::code(&"x".repeat(4_000)).is_none());
    }
}
