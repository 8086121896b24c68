//! The one font, Noto Sans SC: which characters it has, how wide they are, and where a text may be broken.
//!
//! Texts are set character by character: Chinese and Latin need no shaping, and what does would look wrong here.

use krilla::text::{Font, GlyphId, KrillaGlyph};
use skrifa::charmap::{Charmap, MapVariant};
use skrifa::instance::{LocationRef, Size};
use skrifa::metrics::GlyphMetrics;
use skrifa::{FontRef, MetadataProvider};
use std::io::Read;
use std::iter::Peekable;
use std::str::Chars;
use std::sync::LazyLock;

/// The font as it is published, compressed; unpacked on first use and then kept.
static PACKED: &[u8] = include_bytes!("../fonts/NotoSansSC-Regular.ttf.zst");
static BYTES: LazyLock<Vec<u8>> = LazyLock::new(|| {
    let mut bytes = Vec::new();
    let read = ruzstd::decoding::StreamingDecoder::new(PACKED).ok().map(|mut packed| packed.read_to_end(&mut bytes));
    if matches!(read, Some(Ok(_))) { bytes } else { Vec::new() }
});
static FACE: LazyLock<Option<Face>> = LazyLock::new(Face::read);

/// The font; `None` if what is built in cannot be read.
pub(crate) fn face() -> Option<&'static Face> {
    FACE.as_ref()
}

/// The font, read.
pub(crate) struct Face {
    pub(crate) font: Font,
    characters: Charmap<'static>,
    widths: GlyphMetrics<'static>,
    units_per_em: f32,
}

/// A line of text, set.
#[derive(Debug, Clone)]
pub(crate) struct Line {
    /// What it says; a word at its end keeps the space after it.
    pub(crate) text: String,
    pub(crate) glyphs: Vec<KrillaGlyph>,
    /// In ems, without the space at its end.
    pub(crate) width: f32,
}

/// A character that is drawn.
#[derive(Debug, Clone, Copy)]
struct Sign {
    character: char,
    glyph: u32,
    /// In ems.
    advance: f32,
}

const NO_BREAK_SPACE: char = '\u{a0}';
/// What does not stand at the beginning of a line, and what does not stand at its end (GB/T 15834).
const NEVER_FIRST: &str = "，。、；：？！）】》」』”’…—·,.;:!?)]}%";
const NEVER_LAST: &str = "（【《「『“‘([{";

impl Face {
    fn read() -> Option<Self> {
        let bytes: &'static [u8] = BYTES.as_slice();
        let font = FontRef::new(bytes).ok()?;
        Some(Self {
            characters: font.charmap(),
            widths: font.glyph_metrics(Size::unscaled(), LocationRef::default()),
            font: Font::new(bytes.into(), 0)?,
            units_per_em: f32::from(font.metrics(Size::unscaled(), LocationRef::default()).units_per_em),
        })
    }

    /// A text in one line, however long.
    pub(crate) fn line(&self, text: &str) -> Line {
        Self::set(&self.signs(text))
    }

    /// A text in lines that are no wider than so many ems.
    pub(crate) fn lines(&self, text: &str, width: f32) -> Vec<Line> {
        let signs = self.signs(text);
        let (mut lines, mut rest) = (Vec::new(), signs.as_slice());
        while !rest.is_empty() {
            let (line, after) = rest.split_at(fitting(rest, width));
            lines.push(Self::set(line));
            rest = after;
        }
        lines
    }

    fn set(signs: &[Sign]) -> Line {
        let (mut text, mut glyphs, mut width, mut inked) = (String::new(), Vec::with_capacity(signs.len()), 0.0, 0.0);
        for sign in signs {
            let start = text.len();
            // Both spaces are one glyph, which stands for one character only.
            text.push(if sign.character == NO_BREAK_SPACE { ' ' } else { sign.character });
            let (glyph, range) = (GlyphId::new(sign.glyph), start..text.len());
            glyphs.push(KrillaGlyph::new(glyph, sign.advance, 0.0, 0.0, 0.0, range, None));
            width += sign.advance;
            if sign.character != ' ' {
                inked = width;
            }
        }
        Line { text, glyphs, width: inked }
    }

    /// The characters of a text; what the font lacks as its code point in brackets.
    fn signs(&self, text: &str) -> Vec<Sign> {
        let (mut signs, mut characters) = (Vec::with_capacity(text.len()), text.chars().peekable());
        while let Some(character) = characters.next() {
            let plain = if character.is_whitespace() && character != NO_BREAK_SPACE { ' ' } else { character };
            match self.sign(plain, &mut characters) {
                Some(sign) => signs.push(sign),
                None => {
                    let code = format!("[U+{:04X}]", u32::from(character));
                    signs.extend(code.chars().filter_map(|c| self.sign(c, &mut "".chars().peekable())));
                }
            }
        }
        signs
    }

    /// A character in the form that a variation selector behind it asks for; the selector itself is not shown.
    fn sign(&self, character: char, behind: &mut Peekable<Chars<'_>>) -> Option<Sign> {
        let drawn = !character.is_control() && !is_private(character);
        let mut glyph = self.characters.map(character).filter(|glyph| drawn && glyph.to_u32() != 0)?;
        if let Some(selector) = behind.next_if(|next| is_selector(*next))
            && let Some(MapVariant::Variant(form)) = self.characters.map_variant(character, selector)
        {
            glyph = form;
        }
        let advance = self.widths.advance_width(glyph)? / self.units_per_em;
        Some(Sign { character, glyph: glyph.to_u32(), advance })
    }
}

/// How many of the signs stand in a line so wide: as many as fit up to where the line may be broken, at least one.
fn fitting(signs: &[Sign], width: f32) -> usize {
    let (mut used, mut last_break) = (0.0, None);
    for (place, pair) in signs.windows(2).enumerate() {
        let [sign, next] = pair else { continue };
        used += sign.advance;
        if used > width && sign.character != ' ' {
            return last_break.unwrap_or(place).max(1);
        }
        if may_break(sign.character, next.character) {
            last_break = Some(place + 1);
        }
    }
    let last = signs.last().map_or(0.0, |sign| sign.advance);
    if used + last > width && signs.len() > 1 { last_break.unwrap_or(signs.len() - 1) } else { signs.len() }
}

/// Whether a line may end between two characters: after a space, beside a Chinese character, behind a hyphen.
fn may_break(before: char, after: char) -> bool {
    if after == ' ' || before == NO_BREAK_SPACE || after == NO_BREAK_SPACE {
        return false;
    }
    if NEVER_FIRST.contains(after) || NEVER_LAST.contains(before) {
        return false;
    }
    let wide = |c: char| u32::from(c) >= 0x2e80;
    matches!(before, ' ' | '-') || wide(before) || wide(after)
}

/// A selector of a form of the character before it (Unicode chapter 23.4).
const fn is_selector(character: char) -> bool {
    matches!(character, '\u{fe00}'..='\u{fe0f}' | '\u{e0100}'..='\u{e01ef}')
}

/// What means nothing outside of the font it was made for, or is no character: PDF/A forbids it.
const fn is_private(character: char) -> bool {
    matches!(character, '\u{e000}'..='\u{f8ff}' | '\u{f0000}'.. | '\u{feff}' | '\u{fffe}' | '\u{ffff}')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(text: &str) -> String {
        face().unwrap().line(text).text
    }

    #[test]
    fn rare_characters_of_names_are_drawn() {
        for name in ["龘", "䶮", "㛃", "𠅤", "𫖯", "𬱖", "㵘", "王䶮𠅤"] {
            assert_eq!(shown(name), name);
            let line = face().unwrap().line(name);
            assert!(line.glyphs.iter().all(|glyph| glyph.glyph_id.to_u32() != 0));
        }
    }

    #[test]
    fn what_the_font_lacks_is_written_as_its_code_point() {
        for (text, expected) in [
            ("李𠮷", "李[U+20BB7]"),
            ("😀", "[U+1F600]"),
            ("ᠮ", "[U+182E]"),
            ("\u{e000}", "[U+E000]"),
            ("\u{0}", "[U+0000]"),
            ("\u{202e}abc", "[U+202E]abc"),
            ("\u{feff}", "[U+FEFF]"),
        ] {
            assert_eq!(shown(text), expected);
        }
    }

    #[test]
    fn spaces_are_spaces_and_selectors_are_not_shown() {
        assert_eq!(shown("1\u{a0}GB\tand\nmore"), "1 GB and more");
        assert_eq!(shown("葛\u{e0100}\u{fe00}"), "葛[U+FE00]", "one selector belongs to one character");
    }

    fn broken(text: &str, width: f32) -> Vec<String> {
        face().unwrap().lines(text, width).into_iter().map(|line| line.text).collect()
    }

    #[test]
    fn lines_break_where_they_may() {
        assert_eq!(broken("一二三四五", 2.0), ["一二", "三四", "五"]);
        assert_eq!(broken("一二，三四", 2.5), ["一", "二，", "三四"], "no comma begins a line");
        assert_eq!(broken("一（二）三", 3.0), ["一", "（二）", "三"], "brackets stay with what is in them");
        assert_eq!(broken("one two", 2.5), ["one ", "two"]);
        assert_eq!(broken("1\u{a0}GB 套餐", 2.5), ["1 GB ", "套餐"]);
        assert_eq!(broken("abcdefgh", 2.0).concat(), "abcdefgh");
        assert!(broken("abcdefgh", 2.0).len() > 1, "a word that is too long is cut");
        assert_eq!(broken("", 2.0), Vec::<String>::new());
        assert_eq!(broken("一", 0.5), ["一"]);
    }
}
