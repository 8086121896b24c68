//! Alphabets, and texts that are longer than one message.
//!
//! A text goes in the GSM 7 bit default alphabet (3GPP TS 23.038 §6.2.1, one septet in an octet, as SMPP carries it) if all of it
//! fits in there, else in UCS-2, which since emoji is UTF-16. A long one is cut into parts that a header of user data joins again
//! (3GPP TS 23.040 §9.2.3.24.1): every message centre hands such a header on, while not all know the optional parameters `sar_*`.

/// Parts of the longest text.
pub const PARTS_MAX: usize = 10;

/// The default alphabet (table 6.2.1.1); the escape stands for itself.
const ALPHABET: [char; 128] = [
    '@', '£', '$', '¥', 'è', 'é', 'ù', 'ì', 'ò', 'Ç', '\n', 'Ø', 'ø', '\r', 'Å', 'å', 'Δ', '_', 'Φ', 'Γ', 'Λ', 'Ω',
    'Π', 'Ψ', 'Σ', 'Θ', 'Ξ', ESCAPE, 'Æ', 'æ', 'ß', 'É', ' ', '!', '"', '#', '¤', '%', '&', '\'', '(', ')', '*', '+',
    ',', '-', '.', '/', '0', '1', '2', '3', '4', '5', '6', '7', '8', '9', ':', ';', '<', '=', '>', '?', '¡', 'A', 'B',
    'C', 'D', 'E', 'F', 'G', 'H', 'I', 'J', 'K', 'L', 'M', 'N', 'O', 'P', 'Q', 'R', 'S', 'T', 'U', 'V', 'W', 'X', 'Y',
    'Z', 'Ä', 'Ö', 'Ñ', 'Ü', '§', '¿', 'a', 'b', 'c', 'd', 'e', 'f', 'g', 'h', 'i', 'j', 'k', 'l', 'm', 'n', 'o', 'p',
    'q', 'r', 's', 't', 'u', 'v', 'w', 'x', 'y', 'z', 'ä', 'ö', 'ñ', 'ü', 'à',
];
const ESCAPE: char = '\u{1b}';
const ESCAPE_SEPTET: u8 = 0x1b;
/// What follows an escape (table 6.2.1.2).
const EXTENSION: [(u8, char); 10] = [
    (0x0a, '\u{c}'),
    (0x14, '^'),
    (0x28, '{'),
    (0x29, '}'),
    (0x2f, '\\'),
    (0x3c, '['),
    (0x3d, '~'),
    (0x3e, ']'),
    (0x40, '|'),
    (0x65, '€'),
];

/// The default alphabet, and UCS-2 (§5.2.19).
const DEFAULT_ALPHABET: u8 = 0;
const UCS2: u8 = 8;

/// One message's worth of a text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Part {
    /// The header, if there is one, and the text.
    pub octets: Vec<u8>,
    /// In which alphabet.
    pub data_coding: u8,
    /// Whether it begins with a header.
    pub has_header: bool,
}

/// A text that would need too many messages.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a text of {0} messages; at most {PARTS_MAX}")]
pub struct TooManyParts(pub usize);

/// Cuts a text into parts. `reference` tells the parts of one text from those of another to the same number; a text is the same in
/// every part and at every repetition.
///
/// # Errors
/// [`TooManyParts`].
pub fn split(text: &str, reference: u8) -> Result<Vec<Part>, TooManyParts> {
    let septets: Option<Vec<Vec<u8>>> = text.chars().map(septets_of).collect();
    // Characters are never cut, so that an escape stays with what it escapes, and both halves of an emoji stay together.
    let (data_coding, characters, alone_max, joined_max) = match septets {
        Some(characters) => (DEFAULT_ALPHABET, characters, 160, 153),
        None => {
            let octets = |c: char| c.encode_utf16(&mut [0; 2]).iter().flat_map(|unit| unit.to_be_bytes()).collect();
            (UCS2, text.chars().map(octets).collect(), 140, 134)
        }
    };
    let length: usize = characters.iter().map(Vec::len).sum();
    if length <= alone_max {
        return Ok(vec![Part { octets: characters.concat(), data_coding, has_header: false }]);
    }
    let mut texts = vec![Vec::new()];
    for character in characters {
        match texts.last_mut() {
            Some(last) if last.len() + character.len() <= joined_max => last.extend(character),
            _ => texts.push(character),
        }
    }
    let count = u8::try_from(texts.len()).ok().filter(|count| usize::from(*count) <= PARTS_MAX);
    let count = count.ok_or(TooManyParts(texts.len()))?;
    let part = |(text, number): (Vec<u8>, u8)| {
        let mut octets = vec![5, 0, 3, reference, count, number];
        octets.extend(text);
        Part { octets, data_coding, has_header: true }
    };
    Ok(texts.into_iter().zip(1..).map(part).collect())
}

fn septets_of(c: char) -> Option<Vec<u8>> {
    if c == ESCAPE {
        return None;
    }
    if let Some(at) = ALPHABET.iter().position(|known| *known == c) {
        return u8::try_from(at).ok().map(|septet| vec![septet]);
    }
    EXTENSION.iter().find(|(_, known)| *known == c).map(|(septet, _)| vec![ESCAPE_SEPTET, *septet])
}

/// A text that was received, without its header; `None` if it is in an alphabet that is not known.
#[must_use]
pub fn decode(octets: &[u8], data_coding: u8, has_header: bool) -> Option<String> {
    let octets = match (has_header, octets.split_first()) {
        (true, Some((length, rest))) => rest.get(usize::from(*length)..)?,
        _ => octets,
    };
    match data_coding {
        DEFAULT_ALPHABET => Some(from_septets(octets)),
        // ASCII and Latin-1.
        1 | 3 => Some(octets.iter().copied().map(char::from).collect()),
        UCS2 => {
            let units =
                octets.chunks_exact(2).filter_map(|pair| pair.first_chunk().map(|pair| u16::from_be_bytes(*pair)));
            Some(char::decode_utf16(units).map(|unit| unit.unwrap_or(char::REPLACEMENT_CHARACTER)).collect())
        }
        _ => None,
    }
}

fn from_septets(octets: &[u8]) -> String {
    let (mut text, mut escaped) = (String::new(), false);
    for octet in octets {
        if std::mem::take(&mut escaped) {
            // What is not defined after an escape is shown as without it (§6.2.1.1, note 1).
            let plain = ALPHABET.get(usize::from(*octet)).copied();
            let found = EXTENSION.iter().find(|(septet, _)| septet == octet).map(|(_, c)| *c).or(plain);
            text.push(found.filter(|c| *c != ESCAPE).unwrap_or(' '));
        } else if *octet == ESCAPE_SEPTET {
            escaped = true;
        } else {
            text.push(ALPHABET.get(usize::from(*octet)).copied().unwrap_or(char::REPLACEMENT_CHARACTER));
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn joined(parts: &[Part]) -> String {
        parts.iter().map(|part| decode(&part.octets, part.data_coding, part.has_header).unwrap()).collect()
    }

    #[test]
    fn lengths_at_which_a_text_needs_another_message() {
        for (text, parts, coding) in [
            ("a".repeat(160), 1, 0),
            ("a".repeat(161), 2, 0),
            ("a".repeat(306), 2, 0),
            ("a".repeat(307), 3, 0),
            // An escape counts, and is not parted from what it escapes.
            (format!("{}€", "a".repeat(158)), 1, 0),
            (format!("{}€", "a".repeat(159)), 2, 0),
            (format!("{}€{}", "a".repeat(152), "a".repeat(152)), 3, 0),
            ("续".repeat(70), 1, 8),
            ("续".repeat(71), 2, 8),
            ("续".repeat(134), 2, 8),
            (format!("{}😀{}", "续".repeat(66), "续".repeat(60)), 2, 8),
            (String::new(), 1, 0),
        ] {
            let cut = split(&text, 9).unwrap();
            assert_eq!((cut.len(), cut[0].data_coding), (parts, coding), "{text}");
            assert!(cut.iter().all(|part| part.octets.len() <= if coding == 0 { 160 } else { 140 }));
            assert_eq!(joined(&cut), text);
        }
        assert_eq!(split(&"续".repeat(671), 9), Err(TooManyParts(11)));
        let cut = split(&"a".repeat(200), 9).unwrap();
        assert_eq!([&cut[0].octets[..6], &cut[1].octets[..6]], [[5, 0, 3, 9, 2, 1], [5, 0, 3, 9, 2, 2]]);
    }

    #[test]
    fn the_alphabet_is_the_specifications() {
        assert_eq!(split("@ÅÜ[€]", 0).unwrap()[0].octets, [0x00, 0x0e, 0x5e, 0x1b, 0x3c, 0x1b, 0x65, 0x1b, 0x3e]);
        assert_eq!(split("`", 0).unwrap()[0].data_coding, 8, "no accent alone in it");
        assert_eq!(decode(&[0x1b, 0x41, 0x1b], 0, false).unwrap(), "A");
        assert_eq!(decode(&[1, 2], 4, false), None);
        assert_eq!(decode(&[9, 1], 0, true), None, "a header longer than the text");
    }

    proptest! {
        #[test]
        fn every_text_comes_back(text in "\\PC{0,400}", reference in any::<u8>()) {
            let text: String = text.chars().filter(|c| *c != ESCAPE).collect();
            if let Ok(parts) = split(&text, reference) {
                prop_assert_eq!(joined(&parts), text);
            }
        }

        #[test]
        fn strangers_texts_never_panic(octets in prop::collection::vec(any::<u8>(), 0..200), coding in 0..10_u8, header in any::<bool>()) {
            let _ = decode(&octets, coding, header);
        }
    }
}
